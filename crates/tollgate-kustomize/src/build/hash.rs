//! Content hashes at the end of the names of generated resources. Source: `api/hasher/hasher.go`.

use crate::{error::BuildError, resource::Resource};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tollgate_yaml::{Node, Scalar, Value};

/// Append the hash to the name of each resource that needs one.
pub(crate) fn add_to_names(resources: &mut [Resource]) -> Result<(), BuildError> {
    for resource in resources.iter_mut().filter(|it| it.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash(&resource.body)?);
        resource.store_previous_id();
        if let Some(node) = resource
            .body
            .get_mut("metadata")
            .and_then(|it| it.get_mut("name"))
        {
            node.value = Value::Scalar(Scalar::string(name));
        }
    }
    Ok(())
}

/// The hash of a ConfigMap or Secret: ten characters that read well.
fn hash(body: &Node) -> Result<String, BuildError> {
    let kind = body.get("kind").and_then(Node::as_str).unwrap_or_default();
    // Keys come out sorted, as Go's encoder sorts those of maps.
    let mut content = BTreeMap::from([
        // kustomize looks the name up in a way that never finds it.
        ("name", Json::from("")),
        ("kind", Json::from(kind)),
        ("data", field(body, "data")?),
    ]);
    let optional = match kind {
        "ConfigMap" => "binaryData",
        "Secret" => {
            content.insert("type", field(body, "type")?);
            "stringData"
        }
        _ => {
            return Err(BuildError::unsupported(
                body.span(),
                &format!("a content hash for a {kind}"),
            ));
        }
    };
    let more = field(body, optional)?;
    if more.is_object() {
        content.insert(optional, more);
    }
    let text = serde_json::to_string(&content)
        .map_err(|it| BuildError::new(body.span(), it.to_string()))?;
    let mut hex = String::new();
    for byte in Sha256::digest(escape_html(&text)).iter().take(5) {
        let _ = write!(hex, "{byte:02x}");
    }
    let readable = hex.chars().map(|it| match it {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    });
    Ok(readable.collect())
}

/// A field as JSON, its keys sorted; the text of a scalar; empty text where there is none.
fn field(body: &Node, name: &str) -> Result<Json, BuildError> {
    let Some(node) = body.get(name) else {
        return Ok(Json::from(""));
    };
    if let Some(scalar) = node.as_scalar() {
        return Ok(Json::from(&*scalar.text));
    }
    Ok(match node.to_json()? {
        Json::Object(map) => {
            let sorted: BTreeMap<String, Json> = map.into_iter().collect();
            Json::Object(sorted.into_iter().collect())
        }
        other => other,
    })
}

/// Go's encoder escapes what HTML would read.
fn escape_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for it in json.chars() {
        match it {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(it),
        }
    }
    out
}

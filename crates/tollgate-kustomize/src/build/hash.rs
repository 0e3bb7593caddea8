//! Content hashes at the end of the names of generated resources. Source: `api/hasher/hasher.go`.

use crate::{error::BuildError, resource::Resource};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
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
    let mut content = Map::new();
    // kustomize looks the name up in a way that never finds it.
    content.insert("name".to_owned(), Json::from(""));
    content.insert("kind".to_owned(), Json::from(kind));
    let optional = match kind {
        "ConfigMap" => "binaryData",
        "Secret" => {
            content.insert("type".to_owned(), field(body, "type")?);
            "stringData"
        }
        _ => {
            return Err(BuildError::unsupported(
                body.span(),
                &format!("a content hash for a {kind}"),
            ));
        }
    };
    content.insert("data".to_owned(), field(body, "data")?);
    let more = field(body, optional)?;
    if more.is_object() {
        content.insert(optional.to_owned(), more);
    }
    // Keys come out sorted, as Go's encoder sorts those of maps.
    let content: std::collections::BTreeMap<_, _> = content.into_iter().collect();
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

/// A field as JSON; the text of a scalar; empty text where there is none.
fn field(body: &Node, name: &str) -> Result<Json, BuildError> {
    match body.get(name) {
        None => Ok(Json::from("")),
        Some(node) => match node.as_scalar() {
            Some(scalar) => Ok(Json::from(&*scalar.text)),
            None => sorted(node.to_json()?),
        },
    }
}

/// The same value with the keys of its maps sorted.
fn sorted(value: Json) -> Result<Json, BuildError> {
    Ok(match value {
        Json::Object(map) => {
            let mut entries: Vec<(String, Json)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
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
            // serde writes these two in short, and Go's encoder does since 1.22.
            _ => out.push(it),
        }
    }
    out
}

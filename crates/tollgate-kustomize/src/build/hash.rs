//! Content hashes at the end of the names of generated resources. Source: `api/hasher/hasher.go`.

use crate::{error::BuildError, resource::Resource};
use serde_json::{Number, Value as Json};
use sha2::{Digest, Sha256};
use std::borrow::Borrow;
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
    let mut text = String::new();
    write_map(content.into_iter(), &mut text);
    let mut hex = String::new();
    for byte in Sha256::digest(&text).iter().take(5) {
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

/// A field as JSON: a map, the text of a scalar, empty text where there is none, null for a list.
fn field(body: &Node, name: &str) -> Result<Json, BuildError> {
    let Some(node) = body.get(name) else {
        return Ok(Json::from(""));
    };
    if let Some(scalar) = node.as_scalar() {
        return Ok(Json::from(&*scalar.text));
    }
    Ok(match node.to_json()? {
        map @ Json::Object(_) => map,
        _ => Json::Null,
    })
}

/// Write a value as Go's `encoding/json` does once it has read it.
fn write_value(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        Json::Number(it) => write_number(it, out),
        Json::String(it) => write_text(it, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Json::Object(map) => {
            let sorted: BTreeMap<&str, &Json> = map.iter().map(|(k, v)| (&**k, v)).collect();
            write_map(sorted.into_iter(), out);
        }
    }
}

fn write_map<'a, V: Borrow<Json>>(entries: impl Iterator<Item = (&'a str, V)>, out: &mut String) {
    out.push('{');
    for (at, (key, value)) in entries.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write_value(value.borrow(), out);
    }
    out.push('}');
}

/// Go reads every number as a double, and writes very large and very small ones with an exponent.
fn write_number(number: &Number, out: &mut String) {
    let double = number.as_f64().unwrap_or_default();
    if double == 0.0 || (1e-6..1e21).contains(&double.abs()) {
        let _ = write!(out, "{double}");
    } else {
        let text = format!("{double:e}");
        let signed = text.contains("e-");
        out.push_str(&if signed {
            text
        } else {
            text.replace('e', "e+")
        });
    }
}

/// Go escapes what HTML would read, besides what JSON must escape.
fn write_text(text: &str, out: &mut String) {
    for it in Json::from(text).to_string().chars() {
        match it {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(it),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_go_writes_them() {
        for (json, expected) in [
            (
                r#"{"b": 1, "a": [true, null]}"#,
                r#"{"a":[true,null],"b":1}"#,
            ),
            ("12345678901234567890", "12345678901234567000"),
            ("[1.5, 1000.0, 1e21, 0.0000001]", "[1.5,1000,1e+21,1e-7]"),
            (
                r#""<a & b>\u2028\u0001""#,
                r#""\u003ca \u0026 b\u003e\u2028\u0001""#,
            ),
        ] {
            let mut out = String::new();
            write_value(&serde_json::from_str(json).expect("JSON"), &mut out);
            assert_eq!(out, expected);
        }
    }
}

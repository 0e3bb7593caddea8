//! Metadata, as an API server takes it. Source: `ValidateObjectMeta` in `k8s.io/apimachinery`.

use super::{get, refuse};
use crate::policy::fields::Fault;
use serde_json::Value;
use tollgate_yaml::FieldPath;

/// Bytes of all annotations together.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Whether something else writes a part of the text before a cluster sees it (`${NAME}`).
fn is_template(text: &str) -> bool {
    text.contains("${")
}

pub(super) fn vet(metadata: &Value, at: &FieldPath) -> Result<(), Fault> {
    for (key, is_valid, what) in [
        (
            "name",
            is_subdomain as fn(&str) -> bool,
            "name of an object",
        ),
        ("namespace", is_label, "name of a namespace"),
    ] {
        match get(metadata, key) {
            Value::Null => {}
            Value::String(text) if text.is_empty() || is_valid(text) || is_template(text) => {}
            Value::String(text) => {
                return refuse(&at.key(key), format!("`{text}` is no {what}"));
            }
            _ => return refuse(&at.key(key), format!("`{at}.{key}` must be a string")),
        }
    }
    for key in ["labels", "annotations"] {
        let map = get(metadata, key);
        let at = at.key(key);
        if !map.is_null() && !map.is_object() {
            return refuse(&at, format!("`{at}` must be a map"));
        }
        let mut size = 0;
        for (name, value) in map.as_object().into_iter().flatten() {
            let here = at.key(name.as_str());
            let text = match value {
                Value::Null => "",
                Value::String(text) => text,
                _ => {
                    return refuse(
                        &here,
                        format!("`{here}` must be a string: put quotes around it"),
                    );
                }
            };
            size += name.len() + text.len();
            if is_template(name) || is_template(text) {
                continue;
            }
            // Annotations take capitals in what stands before the slash.
            let lower = if key == "annotations" {
                name.to_lowercase()
            } else {
                name.clone()
            };
            label_key(&lower, &here)?;
            if key == "labels" {
                label_value(value, &here)?;
            }
        }
        if key == "annotations" && size > MAX_ANNOTATIONS {
            return refuse(&at, "annotations must not be larger than 256 KiB together");
        }
    }
    Ok(())
}

pub(super) fn label_key(key: &str, at: &FieldPath) -> Result<(), Fault> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if is_qualified(name) && prefix.is_none_or(is_subdomain) {
        return Ok(());
    }
    refuse(at, format!("`{key}` is no key of a label or an annotation"))
}

pub(super) fn label_value(value: &Value, at: &FieldPath) -> Result<(), Fault> {
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() || is_qualified(text) {
        return Ok(());
    }
    refuse(at, format!("`{text}` is no value of a label"))
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|it| is_dns(it, 253))
}

fn is_label(text: &str) -> bool {
    is_dns(text, 63)
}

fn is_dns(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text
            .bytes()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_qualified(name: &str) -> bool {
    let edge = |it: Option<u8>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    name.len() <= 63
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'))
}

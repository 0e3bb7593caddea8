//! Wildcards in the keys of `metadata.labels` and `metadata.annotations` of a pattern. Source:
//! `pkg/engine/wildcards/wildcards.go`.

use super::anchor::{Anchor, strip_anchor};
use serde_json::{Map, Value};
use std::borrow::Cow;
use tollgate_jmespath::wildcard;

type Object = Map<String, Value>;

/// The pattern with such keys replaced by the first key of the resource that they match.
///
/// Where the resource has labels, the pattern's labels that are not strings are dropped, and the
/// same for annotations.
pub(crate) fn expand<'p>(pattern: &'p Object, resource: &Object) -> Cow<'p, Object> {
    let Some((metadata_key, Value::Object(metadata))) = find(pattern, "metadata") else {
        return Cow::Borrowed(pattern);
    };
    let Some(actual) = resource.get("metadata").and_then(Value::as_object) else {
        return Cow::Borrowed(pattern);
    };
    let mut expanded = metadata.clone();
    for tag in ["labels", "annotations"] {
        let Some((key, Value::Object(wanted))) = find(metadata, tag) else {
            continue;
        };
        let Some((_, Value::Object(there))) = find(actual, tag) else {
            continue;
        };
        expanded.insert(key.to_owned(), Value::Object(expand_keys(wanted, there)));
    }
    let mut out = pattern.clone();
    out.insert(metadata_key.to_owned(), Value::Object(expanded));
    Cow::Owned(out)
}

fn find<'a>(map: &'a Object, tag: &str) -> Option<(&'a str, &'a Value)> {
    map.iter()
        .find(|(key, _)| strip_anchor(key) == tag)
        .map(|(key, value)| (key.as_str(), value))
}

fn expand_keys(wanted: &Object, there: &Object) -> Object {
    let first = |pattern: &str| {
        there
            .iter()
            .filter(|(_, value)| value.is_string())
            .map(|(key, _)| key.as_str())
            .find(|key| wildcard::matches(pattern, key))
            .map(str::to_owned)
    };
    wanted
        .iter()
        .filter(|(_, value)| value.is_string())
        .map(|(key, value)| {
            let key = if !wildcard::has_wildcard(key) {
                key.clone()
            } else if let Some(anchor) = Anchor::parse(key) {
                anchor.with_key(first(anchor.key).as_deref().unwrap_or(anchor.key))
            } else {
                first(key).unwrap_or_else(|| key.clone())
            };
            (key, value.clone())
        })
        .collect()
}

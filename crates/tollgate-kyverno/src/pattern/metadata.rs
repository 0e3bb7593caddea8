//! Wildcards in the keys of `metadata.labels` and `metadata.annotations` of a pattern. Source:
//! `pkg/engine/wildcards/wildcards.go`.

use super::{
    anchor::{Anchor, Modifier, strip_anchor},
    scalar::scalar_matches,
};
use serde_json::{Map, Value};
use std::borrow::Cow;
use tollgate_jmespath::wildcard;

type Object = Map<String, Value>;

/// The pattern with such keys replaced by a key of the resource that they match.
///
/// Where several match, Kyverno takes one by chance. Here it is the first that the pattern refuses,
/// or, as what `(key)` and `<(key)` ask for, the first that it fits.
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
    let find = |pattern: &str, value: &Value, fitting: bool| {
        let matching = || {
            there
                .iter()
                .filter(|(key, it)| it.is_string() && wildcard::matches(pattern, key))
        };
        let severe = |(_, it): &(&String, &Value)| scalar_matches(Some(it), value) == fitting;
        let found = matching().find(severe).or_else(|| matching().next());
        found.map(|(key, _)| key.clone())
    };
    wanted
        .iter()
        .filter(|(_, value)| value.is_string())
        .map(|(key, value)| {
            let key = if !wildcard::has_wildcard(key) {
                key.clone()
            } else if let Some(anchor) = Anchor::parse(key) {
                let is_condition =
                    matches!(anchor.modifier, Modifier::Condition | Modifier::Global);
                let found = find(anchor.key, value, is_condition);
                anchor.with_key(found.as_deref().unwrap_or(anchor.key))
            } else {
                find(key, value, false).unwrap_or_else(|| key.clone())
            };
            (key, value.clone())
        })
        .collect()
}

//! Whether an object is the one that a row expects.
//!
//! Source: `cmd/cli/kubectl-kyverno/resource/compare.go`, `tidy.go`, `labels.go`: empty maps, empty
//! lists and nulls do not count, nor does what Kyverno itself writes into labels.

use serde_json::{Map, Value, json};

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Whether the two objects are the same to Kyverno's command line.
pub(super) fn same_object(actual: &Value, expected: &Value) -> bool {
    same(&normal(actual), &normal(expected))
}

fn normal(object: &Value) -> Value {
    let mut object = object.clone();
    let labels = object
        .get("metadata")
        .and_then(|it| it.get("labels"))
        .and_then(Value::as_object);
    let mut kept = Map::new();
    kept.insert(MANAGED_BY.to_owned(), Value::from("kyverno"));
    for (key, value) in labels.into_iter().flatten() {
        if !key.starts_with("generate.kyverno.io/") {
            kept.insert(key.clone(), value.clone());
        }
    }
    if let Value::Object(root) = &mut object {
        let meta = root.entry("metadata").or_insert_with(|| json!({}));
        if let Value::Object(meta) = meta {
            meta.insert("labels".to_owned(), Value::Object(kept));
        }
    }
    tidy(object).unwrap_or(Value::Null)
}

fn tidy(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let kept: Map<_, _> = map
                .into_iter()
                .filter_map(|(key, value)| Some((key, tidy(value)?)))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) => {
            let kept: Vec<_> = items.into_iter().filter_map(tidy).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        leaf => Some(leaf),
    }
}

/// Equality in which `1` and `1.0` are the same number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|it| same(value, it)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_things_and_own_labels_do_not_count() {
        let actual = json!({"metadata": {"name": "a", "labels": {
            "generate.kyverno.io/rule-name": "r", MANAGED_BY: "kyverno"}}, "spec": {"n": 1.0, "e": []}});
        let expected = json!({"metadata": {"name": "a"}, "spec": {"n": 1}, "status": {"x": null}});
        assert!(same_object(&actual, &expected));
        let other = json!({"metadata": {"name": "a"}, "spec": {"n": 2}});
        assert!(!same_object(&actual, &other));
        let managed =
            json!({"metadata": {"name": "a", "labels": {MANAGED_BY: "helm"}}, "spec": {"n": 1}});
        assert!(!same_object(&actual, &managed));
    }
}

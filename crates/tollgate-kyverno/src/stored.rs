//! Objects as a cluster has them when it asks its policies.
//!
//! Source: `cmd/cli/kubectl-kyverno/resource/resource.go`.

pub use crate::scope::is_cluster_scoped;

use serde_json::{Map, Value, json};

/// Fields that must be maps: a chart that prints `annotations:` and nothing after it means an
/// empty one.
const MAPS: [&str; 6] = [
    "annotations",
    "labels",
    "matchLabels",
    "nodeSelector",
    "data",
    "stringData",
];

/// Fill in what a manifest leaves out and a policy sees: absent maps are empty ones, and an object
/// of a namespaced kind without a namespace is in `default`. True where the namespace was filled in.
///
/// [`is_cluster_scoped`] knows the kinds of Kubernetes; what a CustomResourceDefinition says of
/// its own kind is for the caller to know.
pub fn fill_in(object: &mut Value, is_cluster_scoped: bool) -> bool {
    let Value::Object(root) = object else {
        return false;
    };
    fill_maps(root);
    let metadata = root.entry("metadata").or_insert(Value::Null);
    if metadata.is_null() {
        *metadata = json!({});
    }
    match metadata {
        Value::Object(metadata) => fill_namespace(metadata, is_cluster_scoped),
        _ => false,
    }
}

/// Whether [`fill_in`] would leave an object as it is.
pub fn is_filled_in(object: &Value, is_cluster_scoped: bool) -> bool {
    let Value::Object(root) = object else {
        return true;
    };
    let placed = match root.get("metadata") {
        None | Some(Value::Null) => false,
        Some(Value::Object(metadata)) => is_cluster_scoped || has_namespace(metadata),
        Some(_) => true,
    };
    placed && are_maps(root)
}

fn are_maps(map: &Map<String, Value>) -> bool {
    map.iter().all(|(key, value)| match value {
        Value::Null => !MAPS.contains(&&**key),
        Value::Object(inner) => are_maps(inner),
        Value::Array(items) => items.iter().filter_map(Value::as_object).all(are_maps),
        _ => true,
    })
}

fn has_namespace(metadata: &Map<String, Value>) -> bool {
    let there = metadata.get("namespace").and_then(Value::as_str);
    there.is_some_and(|it| !it.is_empty())
}

pub(crate) fn fill_maps(map: &mut Map<String, Value>) {
    for (key, value) in map.iter_mut() {
        match value {
            Value::Null if MAPS.contains(&&**key) => *value = json!({}),
            Value::Object(inner) => fill_maps(inner),
            // A list directly in a list is left alone, as upstream leaves it.
            Value::Array(items) => items
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(fill_maps),
            _ => {}
        }
    }
}

pub(crate) fn fill_namespace(metadata: &mut Map<String, Value>, is_cluster_scoped: bool) -> bool {
    if is_cluster_scoped || has_namespace(metadata) {
        return false;
    }
    metadata.insert("namespace".to_owned(), "default".into());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_a_namespace_is_in_default_unless_its_kind_has_none() {
        for (metadata, cluster_scoped, want) in [
            (json!({"name": "a"}), false, Some("default")),
            (
                json!({"name": "a", "namespace": ""}),
                false,
                Some("default"),
            ),
            (
                json!({"name": "a", "namespace": null}),
                false,
                Some("default"),
            ),
            (json!({"name": "a", "namespace": "web"}), false, Some("web")),
            (json!({"name": "a"}), true, None),
            (json!(null), false, Some("default")),
        ] {
            let mut object = json!({"kind": "Thing", "metadata": metadata});
            let filled_in = is_filled_in(&object, cluster_scoped);
            assert_eq!(filled_in, want != Some("default"), "{metadata}");
            let filled = fill_in(&mut object, cluster_scoped);
            let namespace = object["metadata"].get("namespace").and_then(Value::as_str);
            assert_eq!(namespace, want, "{metadata}");
            assert_eq!(filled, want == Some("default"), "{metadata}");
        }
        let mut without = json!({"kind": "Thing"});
        assert!(fill_in(&mut without, false));
        assert_eq!(without["metadata"], json!({"namespace": "default"}));
        for other in [json!([1]), json!({"metadata": "text"})] {
            let mut object = other.clone();
            assert!(!fill_in(&mut object, false));
            assert_eq!(object, other);
        }
    }

    #[test]
    fn maps_that_are_left_empty_are_maps_at_every_depth() {
        let mut object = json!({
            "metadata": {"namespace": "a", "labels": null, "annotations": null, "other": null},
            "data": null,
            "spec": {"list": [{"stringData": null}, [{"data": null}]], "nodeSelector": null,
                "selector": {"matchLabels": null}},
        });
        assert!(!is_filled_in(&object, false));
        fill_in(&mut object, false);
        assert!(is_filled_in(&object, false));
        assert_eq!(
            object,
            json!({
                "metadata": {"namespace": "a", "labels": {}, "annotations": {}, "other": null},
                "data": {},
                "spec": {"list": [{"stringData": {}}, [{"data": null}]], "nodeSelector": {},
                    "selector": {"matchLabels": {}}},
            })
        );
    }
}

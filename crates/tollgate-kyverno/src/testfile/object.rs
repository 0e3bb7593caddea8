//! The objects under test, as Kyverno's command line sees them after loading.
//!
//! Source: `cmd/cli/kubectl-kyverno/resource/resource.go`, `duplicate.go`.

use super::fault::SuiteError;
use crate::stored::{fill_maps, fill_namespace, is_cluster_scoped};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tollgate_yaml::Node;

/// One object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Empty for kinds without a namespace.
    pub(super) namespace: String,
    pub(super) name: String,
    /// The whole object.
    pub(super) body: Value,
}

impl Object {
    /// An object from its document: a namespace is filled in, absent maps become empty ones.
    pub(super) fn read(document: &Node) -> Result<Self, SuiteError> {
        let span = document.span();
        let wrong = |message: &str| SuiteError::new(span, message);
        let mut body = document.to_json()?;
        let Value::Object(root) = &mut body else {
            return Err(wrong("a resource is a map with `apiVersion` and `kind`"));
        };
        let text = |root: &Map<String, Value>, key: &str| {
            root.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (api_version, kind) = (text(root, "apiVersion"), text(root, "kind"));
        if kind.is_empty() {
            return Err(wrong("a resource needs a `kind`"));
        }
        fill_maps(root);
        let meta = root.entry("metadata").or_insert_with(|| json!({}));
        if meta.is_null() {
            *meta = json!({});
        }
        let Value::Object(meta) = meta else {
            return Err(wrong("`metadata` of a resource is a map"));
        };
        fill_namespace(meta, is_cluster_scoped(&api_version, &kind));
        let (namespace, name) = (text(meta, "namespace"), text(meta, "name"));
        Ok(Self {
            api_version,
            kind,
            namespace,
            name,
            body,
        })
    }

    /// An object that a rule made: it is taken as it is.
    pub(super) fn made(body: &Value) -> Self {
        let text = |at: &str| {
            body.pointer(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            body: body.clone(),
        }
    }

    /// Whether two objects are the same one to a cluster: versions of one kind are.
    fn identity(&self) -> (String, String, String, String) {
        let group = self.api_version.rsplit_once('/').map_or("", |it| it.0);
        (
            group.to_owned(),
            self.kind.clone(),
            self.namespace.clone(),
            self.name.clone(),
        )
    }
}

/// Keep the first of objects that are the same one.
pub(super) fn without_duplicates(objects: Vec<Object>) -> Vec<Object> {
    let mut seen = BTreeSet::new();
    objects
        .into_iter()
        .filter(|it| seen.insert(it.identity()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::{Dialect, Limits, Sources, parse};

    fn object(text: &str) -> Result<Object, SuiteError> {
        let file = Sources::new().add("t.yaml", text);
        let documents = parse(text, file, Dialect::Sigs, &Limits::default());
        Object::read(&documents.expect("valid YAML")[0])
    }

    #[test]
    fn objects_get_a_namespace_unless_their_kind_has_none() {
        let pod = object("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: }\n");
        let pod = pod.expect("a pod");
        assert_eq!(pod.namespace, "default");
        assert_eq!(pod.body["metadata"]["namespace"], json!("default"));
        assert_eq!(pod.body["metadata"]["labels"], json!({}));
        let node = object("apiVersion: v1\nkind: Node\nmetadata: {name: a}\n").expect("a node");
        assert_eq!(node.namespace, "");
        assert!(node.body["metadata"].get("namespace").is_none());
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for bad in ["a: 1", "[a]", "kind: Pod\nmetadata: 1"] {
            assert!(object(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_first_of_two_counts_whatever_its_version() {
        let read = |version: &str| {
            let text =
                format!("apiVersion: apps/{version}\nkind: Deployment\nmetadata: {{name: a}}");
            object(&text).expect("a deployment")
        };
        let kept = without_duplicates(vec![read("v1beta1"), read("v1")]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].api_version, "apps/v1beta1");
    }
}

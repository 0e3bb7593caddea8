//! Annotations by which a manifest can tell kustomize what it would otherwise find out by itself.
//! Source: `api/internal/utils/annotations.go`.

use crate::{
    error::BuildError,
    id::{Gvk, ResourceId},
    resource::Resource,
};
use std::sync::Arc;
use tollgate_yaml::Node;

/// A resource, with the history that its annotations claim.
pub(super) fn resource(body: Node) -> Result<Resource, BuildError> {
    let mut resource = Resource::new(body);
    let annotations = resource
        .body
        .get("metadata")
        .and_then(|it| it.get("annotations"));
    let Some(map) = annotations.and_then(Node::as_mapping) else {
        return Ok(resource);
    };
    if !map.iter().any(|it| it.key.text.starts_with(DOMAIN)) {
        return Ok(resource);
    }
    let read = |name: &str| {
        map.get(&format!("{DOMAIN}{name}"))
            .and_then(Node::as_scalar)
    };
    let list = |name: &str| -> Vec<Arc<str>> {
        let parts = read(name).map(|it| it.text.split(',').map(Arc::from).collect());
        parts.unwrap_or_default()
    };
    for name in ["allowNameChange", "allowKindChange"] {
        if let Some(entry) = map.entry(&format!("{DOMAIN}{name}")) {
            return Err(BuildError::new(
                entry.key.origin.edit_here(),
                format!("`{}` is kustomize's own annotation", entry.key.text),
            )
            .help(format!("use `options.{name}` of the patch")));
        }
    }
    let needs_hash = read("needsHashSuffix").is_some_and(|it| &*it.text == "enabled");
    let (prefixes, suffixes) = (list("prefixes"), list("suffixes"));
    let (names, namespaces) = (list("previousNames"), list("previousNamespaces"));
    let kinds = list("previousKinds");
    if names.len() != namespaces.len() || names.len() != kinds.len() {
        return Err(BuildError::new(
            annotations.map_or(resource.body.span(), Node::span),
            "the annotations that name previous ids differ in length",
        )
        .help("remove them: they are kustomize's own"));
    }
    let gvk = resource.gvk();
    let previous = names.into_iter().zip(namespaces).zip(kinds);
    resource.previous = previous
        .map(|((name, namespace), kind)| ResourceId {
            gvk: Gvk {
                kind,
                ..gvk.clone()
            },
            name,
            namespace,
        })
        .collect();
    resource.prefixes = prefixes;
    resource.suffixes = suffixes;
    resource.needs_hash = needs_hash;
    Ok(resource)
}

const DOMAIN: &str = "internal.config.kubernetes.io/";

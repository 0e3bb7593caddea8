//! The last steps of a build.

use crate::{error::BuildError, resource::Resource};
use tollgate_yaml::{Dialect, Entry, Key, Mapping, Node, Scalar, Style, Tag, Value};

/// Resources with this annotation are for tools, not for clusters.
const LOCAL: &str = "config.kubernetes.io/local-config";

/// Annotations by which kustomize and its functions talk to each other; never printed.
/// Source: `api/resource/resource.go` (`BuildAnnotations`), `krusty/kustomizer.go`.
const INTERNAL: [&str; 21] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "internal.config.kubernetes.io/helm-generated",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "alpha.config.kubernetes.io/transformations",
    "config.kubernetes.io/origin",
];

/// Drop the resources that are not meant for clusters.
pub(super) fn drop_local(resources: &mut Vec<Resource>) -> Result<(), BuildError> {
    for resource in resources.iter() {
        let kind = resource.gvk().kind;
        if kind.is_empty() || (resource.name().is_empty() && !kind.ends_with("List")) {
            let lost = if kind.is_empty() {
                "kind"
            } else {
                "metadata.name"
            };
            return Err(BuildError::new(
                resource.body.span(),
                format!("the resource has lost its `{lost}`"),
            ));
        }
    }
    resources.retain(|resource| {
        let mark = resource
            .body
            .get("metadata")
            .and_then(|it| it.get("annotations"))
            .and_then(|it| it.get(LOCAL));
        // Any value but false marks it.
        mark.is_none_or(|it| it.as_scalar().is_some_and(|it| &*it.text == "false"))
    });
    Ok(())
}

/// Take internal annotations away and make all others text, as kustomize does whenever it touches
/// annotations; it touches those of every resource at the end.
pub(super) fn clean(resources: &mut [Resource]) -> Result<(), BuildError> {
    for resource in resources {
        let origin = resource.body.origin;
        let Some(body) = resource.body.as_mapping_mut() else {
            continue;
        };
        if body.get("metadata").is_none() {
            // A list of resources needs no metadata and gets some all the same.
            body.set("metadata", Node::mapping(Mapping::new(), origin));
        }
        let Some(metadata) = body.get_mut("metadata").and_then(Node::as_mapping_mut) else {
            continue;
        };
        let Some(annotations) = metadata.get_mut("annotations") else {
            continue;
        };
        let span = annotations.span();
        match &mut annotations.value {
            Value::Mapping(map) => {
                map.retain(|it| !INTERNAL.contains(&&*it.key.text));
                map.iter_mut().for_each(make_text);
                if map.is_empty() {
                    metadata.remove("annotations");
                }
            }
            Value::Scalar(_) => {
                metadata.remove("annotations");
            }
            Value::Sequence(_) => {
                return Err(BuildError::new(
                    span,
                    "annotations must be a map, not a list",
                ));
            }
        }
    }
    Ok(())
}

/// Make an annotation text.
fn make_text(entry: &mut Entry) {
    let key = &entry.key;
    entry.key = Key::plain(key.text.clone(), Dialect::Kyaml, key.origin);
    match &mut entry.value.value {
        Value::Scalar(scalar) => {
            scalar.tag = Tag::Str;
            if scalar.style == Style::Folded {
                scalar.style = Style::Literal;
            }
        }
        other => *other = Value::Scalar(Scalar::string("")),
    }
}

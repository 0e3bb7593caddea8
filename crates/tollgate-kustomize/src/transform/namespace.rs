//! `namespace`. Semantics: kustomize `api/filters/namespace` and its `NamespaceTransformer`.

use super::leaf;
use crate::{
    error::BuildError,
    fieldspec::{FieldError, FieldSpec, Missing},
    kustomization::Text,
    resource::Resource,
};
use std::collections::HashMap;
use tollgate_yaml::{Mapping, Node, Tag};

/// What else a `NamespaceTransformer` can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamespaceOptions {
    /// Namespaces that are set already stay.
    pub(crate) unset_only: bool,
    /// Which subjects of role bindings move too.
    pub(crate) subjects: Subjects,
}

/// Which subjects of role bindings move to the namespace. Subjects that name a ServiceAccount of
/// the build are fixed later, with all other names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    /// Those with the name `default`.
    #[default]
    Default,
    /// Every ServiceAccount.
    ServiceAccounts,
    /// None.
    None,
}

/// The mark of what Helm rendered: Helm was told the namespace already.
const HELM_GENERATED: &str = "internal.config.kubernetes.io/helm-generated";

/// Move all resources to `namespace`.
///
/// # Errors
/// A namespace that is no single value, and two resources that become one.
pub(crate) fn apply(
    resources: &mut [Resource],
    namespace: &Text,
    specs: &[FieldSpec],
    options: NamespaceOptions,
) -> Result<(), BuildError> {
    for resource in resources.iter_mut() {
        if !is_helm_generated(&resource.body) {
            resource.store_previous_id();
            set_in(resource, namespace, specs, options)?;
        }
    }
    refuse_twins(resources, namespace)
}

/// Move one resource to `namespace`, whatever it becomes the twin of.
///
/// # Errors
/// A namespace that is no single value.
pub(crate) fn set_in(
    resource: &mut Resource,
    namespace: &Text,
    specs: &[FieldSpec],
    options: NamespaceOptions,
) -> Result<(), FieldError> {
    let gvk = resource.gvk();
    let body = &mut resource.body;
    let visit = |spec: &FieldSpec, body: &mut Node| {
        let set = &mut |node: &mut Node, _: &[_]| set(node, namespace, options);
        spec.visit(body, Missing::Scalar, namespace.span, set)
    };
    if !gvk.is_cluster_scoped() {
        visit(&FieldSpec::any("metadata/namespace", true), body)?;
    }
    if is_role_binding(&gvk.kind) {
        subjects(body, namespace, options)?;
    }
    // The built-in spec renames Namespaces; other kinds of that name are left alone.
    let is_core = gvk.group.is_empty() && &*gvk.version == "v1";
    let wanted = |spec: &&FieldSpec| match spec.path.as_str() {
        "metadata/namespace" => false,
        "metadata/name" => is_core,
        "subjects/namespace" => {
            !(is_role_binding(&gvk.kind) && is_role_binding(&spec.selector.kind))
        }
        _ => true,
    };
    for spec in specs.iter().filter(wanted).filter(|it| it.applies_to(&gvk)) {
        visit(spec, body)?;
    }
    resource.sync_shared();
    Ok(())
}

fn set(node: &mut Node, namespace: &Text, options: NamespaceOptions) -> Result<(), FieldError> {
    // A null that is spelled out counts as set.
    let is_set = node.as_scalar().is_some_and(|it| !it.text.is_empty());
    if options.unset_only && is_set {
        return Ok(());
    }
    leaf::write(node, &namespace.value, Tag::Str, namespace.span)
}

fn is_role_binding(kind: &str) -> bool {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding")
}

fn is_helm_generated(body: &Node) -> bool {
    let annotations = body.get("metadata").and_then(|it| it.get("annotations"));
    let mark = annotations.and_then(|it| it.get(HELM_GENERATED));
    mark.and_then(Node::as_scalar)
        .is_some_and(|it| &*it.text == "true")
}

fn subjects(
    body: &mut Node,
    namespace: &Text,
    options: NamespaceOptions,
) -> Result<(), FieldError> {
    let (key, wanted) = match options.subjects {
        Subjects::Default => ("name", "default"),
        Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        Subjects::None => return Ok(()),
    };
    let Some(subjects) = body.get_mut("subjects").filter(|it| !it.is_null()) else {
        return Ok(());
    };
    let (span, type_name) = (subjects.span(), subjects.type_name());
    let Some(items) = subjects.as_sequence_mut() else {
        let message = format!("`subjects` must be a list, not {type_name}");
        return Err(FieldError::new(span, message));
    };
    let new = FieldSpec::any("namespace", true);
    for subject in items.iter_mut().filter(|it| !it.is_null()) {
        let (span, type_name) = (subject.span(), subject.type_name());
        let Some(map) = subject.as_mapping() else {
            let message = format!("a subject must be a map, not {type_name}");
            return Err(FieldError::new(span, message));
        };
        if is(map, key, wanted)? {
            let set = &mut |node: &mut Node, _: &[_]| set(node, namespace, options);
            new.visit(subject, Missing::Scalar, namespace.span, set)?;
        }
    }
    Ok(())
}

fn is(map: &Mapping, key: &str, wanted: &str) -> Result<bool, FieldError> {
    let Some(node) = map.get(key).filter(|it| !it.is_null()) else {
        return Ok(false);
    };
    leaf::check(node)?;
    Ok(node.as_scalar().is_some_and(|it| &*it.text == wanted))
}

/// Resources of different namespaces can have one name; in one namespace they can not.
fn refuse_twins(resources: &[Resource], namespace: &Text) -> Result<(), BuildError> {
    let mut seen = HashMap::with_capacity(resources.len());
    for resource in resources {
        if let Some(other) = seen.insert(resource.id().effective(), resource) {
            let message = format!(
                "`namespace: {}` makes two resources one: {} would be there twice",
                &**namespace,
                resource.id()
            );
            return Err(BuildError::new(namespace.span, message)
                .help("rename one of them, or render them in kustomizations of their own")
                .with(other.body.span())
                .with(resource.body.span()));
        }
    }
    Ok(())
}

//! `replicas`. Semantics: kustomize `api/filters/replicacount` and its `ReplicaCountTransformer`.

use super::leaf;
use crate::{
    error::BuildError,
    fieldspec::{FieldSpec, Missing},
    kustomization::ReplicaEntry,
    resource::Resource,
};
use std::sync::Arc;
use tollgate_yaml::Tag;

/// Set the replica count of the resources that the entry names, now or by an earlier name.
///
/// # Errors
/// No resource of that name among the kinds that `specs` know, or a count that is no single value.
pub(crate) fn apply(
    resources: &mut [Resource],
    replica: &ReplicaEntry,
    specs: &[FieldSpec],
) -> Result<(), BuildError> {
    let name = replica.name.as_deref().unwrap_or_default();
    let count: Arc<str> = Arc::from(replica.count.value.to_string());
    let by = replica.count.span;
    let mut found = false;
    for spec in specs {
        for resource in resources.iter_mut() {
            if !resource.has_id(|id| &*id.name == name && spec.applies_to(&id.gvk)) {
                continue;
            }
            found = true;
            // The kind may have changed since it was the one that is meant.
            if spec.applies_to(&resource.gvk()) {
                let body = &mut resource.body;
                spec.visit(body, Missing::Scalar, by, &mut |node, _| {
                    leaf::write(node, &count, Tag::Int, by)
                })?;
                resource.sync_shared();
            }
        }
    }
    if found {
        return Ok(());
    }
    let mut kinds: Vec<&str> = specs.iter().map(|it| &*it.selector.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Err(BuildError::new(
        replica.name.as_ref().map_or(replica.span, |it| it.span),
        format!(
            "`replicas` names `{name}`, and no {} has that name",
            kinds.join(", ")
        ),
    )
    .help("use the name from before prefixes and suffixes, or remove the entry"))
}

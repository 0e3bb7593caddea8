//! `replicas`.

use crate::{
    error::BuildError, fieldspec::FieldSpec, kustomization::ReplicaEntry, resource::Resource,
};

/// Set the replica count of the resource that the entry names.
pub(crate) fn apply(
    _resources: &mut [Resource],
    replica: &ReplicaEntry,
    _specs: &[FieldSpec],
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(replica.span, "`replicas`"))
}

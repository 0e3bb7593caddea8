//! `namespace`.

use crate::{error::BuildError, fieldspec::FieldSpec, kustomization::Text, resource::Resource};

/// Move all resources to `namespace`.
pub(crate) fn apply(
    _resources: &mut [Resource],
    namespace: &Text,
    _specs: &[FieldSpec],
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(namespace.span, "`namespace`"))
}

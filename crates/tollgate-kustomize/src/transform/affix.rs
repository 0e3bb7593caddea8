//! `namePrefix` and `nameSuffix`.

use crate::{error::BuildError, fieldspec::FieldSpec, kustomization::Text, resource::Resource};

/// Put `prefix` before the names of all resources.
pub(crate) fn prefix(
    _resources: &mut [Resource],
    prefix: &Text,
    _specs: &[FieldSpec],
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(prefix.span, "`namePrefix`"))
}

/// Put `suffix` behind the names of all resources.
pub(crate) fn suffix(
    _resources: &mut [Resource],
    suffix: &Text,
    _specs: &[FieldSpec],
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(suffix.span, "`nameSuffix`"))
}

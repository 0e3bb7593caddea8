//! `commonAnnotations`.

use crate::{error::BuildError, fieldspec::FieldSpec, kustomization::TextPair, resource::Resource};

/// Set annotations in the fields that `specs` name.
pub(crate) fn apply(
    _resources: &mut [Resource],
    pairs: &[TextPair],
    _specs: &[FieldSpec],
) -> Result<(), BuildError> {
    pairs.first().map_or(Ok(()), |it| {
        Err(BuildError::unsupported(it.key.span, "`commonAnnotations`"))
    })
}

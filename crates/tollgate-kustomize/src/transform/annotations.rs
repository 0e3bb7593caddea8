//! `commonAnnotations`.

use super::pairs;
use crate::{error::BuildError, fieldspec::FieldSpec, kustomization::TextPair, resource::Resource};

/// Set annotations in the fields that `specs` name.
///
/// # Errors
/// A field that is no map.
pub(crate) fn apply(
    resources: &mut [Resource],
    annotations: &[TextPair],
    specs: &[FieldSpec],
) -> Result<(), BuildError> {
    pairs::apply(resources, annotations, specs)
}

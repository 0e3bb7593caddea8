//! `labels` and `commonLabels`.

use crate::{
    error::BuildError,
    fieldspec::{FieldSpec, TransformerConfig},
    kustomization::{LabelEntry, TextPair},
    resource::Resource,
};

/// The fields that an entry of `labels` writes to.
pub(crate) fn specs(
    entry: &LabelEntry,
    _all: &TransformerConfig,
) -> Result<Vec<FieldSpec>, BuildError> {
    Err(BuildError::unsupported(entry.span, "`labels`"))
}

/// Set labels in the fields that `specs` name.
pub(crate) fn apply(
    _resources: &mut [Resource],
    pairs: &[TextPair],
    _specs: &[FieldSpec],
) -> Result<(), BuildError> {
    pairs.first().map_or(Ok(()), |it| {
        Err(BuildError::unsupported(it.key.span, "`commonLabels`"))
    })
}

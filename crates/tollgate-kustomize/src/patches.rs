//! `patches`, `patchesStrategicMerge`, `patchesJson6902`: which patch goes to which resources.

use crate::{
    build::Scope,
    error::BuildError,
    kustomization::{Patch, Text},
    resource::Resource,
};

/// Apply `patchesStrategicMerge`.
pub(crate) fn strategic_merge(
    _resources: &mut Vec<Resource>,
    entries: &[Text],
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    entries.first().map_or(Ok(()), |it| {
        Err(BuildError::unsupported(it.span, "`patchesStrategicMerge`"))
    })
}

/// Apply an entry of `patches`.
pub(crate) fn apply(
    _resources: &mut Vec<Resource>,
    patch: &Patch,
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(patch.span, "`patches`"))
}

/// Apply an entry of `patchesJson6902`.
pub(crate) fn json6902(
    _resources: &mut Vec<Resource>,
    patch: &Patch,
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(patch.span, "`patchesJson6902`"))
}

//! `replacements`: copies values between fields.

use crate::{build::Scope, error::BuildError, kustomization::ReplacementEntry, resource::Resource};

/// Apply the entries in order. `path` entries are loaded through `scope`.
pub(crate) fn apply(
    _resources: &mut [Resource],
    entries: &[ReplacementEntry],
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    entries.first().map_or(Ok(()), |it| {
        Err(BuildError::unsupported(it.span, "`replacements`"))
    })
}

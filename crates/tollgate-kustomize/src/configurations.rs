//! Field specs from `configurations`.

use crate::{build::Scope, error::BuildError, fieldspec::TransformerConfig, kustomization::Text};

/// The field specs in the named files, merged in order.
pub(crate) fn load(entries: &[Text], _scope: &Scope<'_>) -> Result<TransformerConfig, BuildError> {
    let at = entries
        .first()
        .map_or(tollgate_yaml::Span::NONE, |it| it.span);
    Err(BuildError::unsupported(at, "`configurations`"))
}

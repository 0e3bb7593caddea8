//! Field specs from `crds`.

use crate::{build::Scope, error::BuildError, fieldspec::TransformerConfig, kustomization::Text};

/// The field specs that the OpenAPI extensions in the named files ask for.
pub(crate) fn load(entries: &[Text], _scope: &Scope<'_>) -> Result<TransformerConfig, BuildError> {
    let at = entries
        .first()
        .map_or(tollgate_yaml::Span::NONE, |it| it.span);
    Err(BuildError::unsupported(at, "`crds`"))
}

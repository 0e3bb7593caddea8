//! Plugins that `generators`, `transformers` and `validators` name: kustomize's own, by their
//! configuration objects. Plugins that run code are refused.

use crate::{build::Scope, error::BuildError, generators::Generated, resource::Resource};

/// Run the generator that `config` describes.
pub(crate) fn generate(
    config: &Resource,
    _scope: &Scope<'_>,
) -> Result<Vec<Generated>, BuildError> {
    Err(BuildError::unsupported(
        config.body.span(),
        "a generator plugin",
    ))
}

/// Run the transformer that `config` describes.
pub(crate) fn transform(
    config: &Resource,
    _resources: &mut Vec<Resource>,
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(
        config.body.span(),
        "a transformer plugin",
    ))
}

/// Run the validator that `config` describes.
pub(crate) fn validate(
    config: &Resource,
    _resources: &[Resource],
    _scope: &Scope<'_>,
) -> Result<(), BuildError> {
    Err(BuildError::unsupported(
        config.body.span(),
        "a validator plugin",
    ))
}

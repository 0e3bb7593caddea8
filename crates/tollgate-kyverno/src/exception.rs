//! `PolicyException`: which rules do not count for which resources.

use std::sync::Arc;
use tollgate_yaml::Span;

/// A `PolicyException` of `kyverno.io/v2` or `v2beta1`.
#[derive(Clone, Debug)]
pub struct PolicyException {
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace; empty when it has none.
    pub namespace: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

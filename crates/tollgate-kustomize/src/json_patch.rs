//! JSON patches (RFC 6902), as kustomize's library applies them.

use crate::error::BuildError;
use tollgate_yaml::Node;

/// A parsed patch.
#[derive(Clone, Debug)]
pub(crate) struct JsonPatch;

impl JsonPatch {
    /// Read the operations of a document: a list of maps.
    pub(crate) fn parse(document: &Node) -> Result<Self, BuildError> {
        Err(BuildError::unsupported(document.span(), "a JSON patch"))
    }

    /// Apply the operations in order.
    pub(crate) fn apply(&self, target: &mut Node) -> Result<(), BuildError> {
        Err(BuildError::unsupported(target.span(), "a JSON patch"))
    }
}

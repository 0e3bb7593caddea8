//! Strategic merge by Kubernetes' merge keys.

use crate::error::BuildError;
use tollgate_yaml::Node;

/// What is left of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    /// It was changed.
    Changed,
    /// The patch deletes it (`$patch: delete`).
    Deleted,
}

/// Merge `patch` into `target`, whose own `apiVersion` and `kind` choose the schema. Values that the
/// patch sets keep the patch's origin, with the place that they override.
pub(crate) fn strategic_merge(_target: &mut Node, patch: &Node) -> Result<Merged, BuildError> {
    Err(BuildError::unsupported(
        patch.span(),
        "a strategic merge patch",
    ))
}

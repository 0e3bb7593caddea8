//! Patterns: trees that a resource is held against, with anchors in their keys and operators in
//! their leaves.

mod anchor;
mod metadata;
mod scalar;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use anchor::{Anchor, Modifier, strip_anchor};
pub(crate) use scalar::{Operator, go_float, operator_of, scalar_matches, with_floats};
pub(crate) use walk::{Mismatch, match_pattern};

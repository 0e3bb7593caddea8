//! How far a resource may grow while it is rendered. What is read is limited by the reader; a patch
//! or a replacement that copies a part of a resource into itself doubles it each time.

use crate::error::BuildError;
use tollgate_yaml::{Node, Span, Value};

/// Nodes of one resource.
const MAX_NODES: usize = 2_000_000;
/// Levels of nesting of one resource.
const MAX_DEPTH: usize = 400;
/// Bytes of one scalar.
pub(crate) const MAX_TEXT: usize = 16 << 20;

/// Refuse a resource that has grown too large; `at` is what made it grow.
pub(crate) fn check(node: &Node, at: Span) -> Result<(), BuildError> {
    let mut left = MAX_NODES;
    match measure(node, 0, &mut left) {
        true => Ok(()),
        false => Err(BuildError::new(at, "the resource grows too large or too deep here").here()),
    }
}

fn measure(node: &Node, depth: usize, left: &mut usize) -> bool {
    if *left == 0 || depth > MAX_DEPTH {
        return false;
    }
    *left -= 1;
    match &node.value {
        Value::Scalar(_) => true,
        Value::Sequence(items) => items.iter().all(|it| measure(it, depth + 1, left)),
        Value::Mapping(map) => map.iter().all(|it| measure(&it.value, depth + 1, left)),
    }
}

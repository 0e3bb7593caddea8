//! Single values that are written over others.

use crate::fieldspec::FieldError;
use std::sync::Arc;
use tollgate_yaml::{Node, Scalar, Span, Style, Tag, Value};

/// Write `text` of type `tag` over a leaf.
///
/// # Errors
/// Where a map or a list stands.
pub(super) fn write(
    node: &mut Node,
    text: &Arc<str>,
    tag: Tag,
    by: Span,
) -> Result<(), FieldError> {
    check(node)?;
    let origin = node.origin.replaced_by(by);
    let scalar = Scalar {
        text: text.clone(),
        tag,
        style: Style::Plain,
    };
    *node = Node::new(Value::Scalar(scalar), origin);
    Ok(())
}

/// Refuse maps and lists where a leaf is to be written.
pub(super) fn check(node: &Node) -> Result<(), FieldError> {
    if node.as_scalar().is_some() {
        return Ok(());
    }
    let message = format!("expected a single value, found {}", node.type_name());
    Err(FieldError::new(node.span(), message))
}

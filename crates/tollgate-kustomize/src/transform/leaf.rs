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
    // Quotes stay, and make text of a number.
    let style = node.as_scalar().map_or(Style::Plain, |it| it.style);
    let scalar = Scalar {
        text: text.clone(),
        tag: if style == Style::Plain { tag } else { Tag::Str },
        style,
    };
    let origin = node.origin.replaced_by(by);
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

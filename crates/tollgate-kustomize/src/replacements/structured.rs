//! Values in JSON or YAML that is the text of a field: `data.config\.json.database.host`.
//! Source: `setValueInStructuredData` in `api/filters/replacement/replacement.go`.

use crate::growth::MAX_TEXT;

use super::{
    path::{self, Found, Kind},
    print,
    write::Replacement,
};
use tollgate_yaml::{Node, Span, Value};

/// Put the value into a field of the text of a field. `false`, and nothing is changed, where the path
/// does not lead into such a text, or not to anything in it.
pub(super) fn put(
    body: &mut Node,
    parts: &[String],
    value: &Replacement,
    create: Option<Kind>,
    by: Span,
) -> bool {
    changed(body, parts, value, create)
        .and_then(|(steps, text)| {
            let node = path::at_mut(body, &steps)?;
            if let Value::Scalar(scalar) = &mut node.value {
                scalar.text = text.into();
            }
            node.origin = node.origin.replaced_by(by);
            Some(())
        })
        .is_some()
}

/// The way to the field, and its new text.
fn changed(
    body: &Node,
    parts: &[String],
    value: &Replacement,
    create: Option<Kind>,
) -> Option<(Vec<tollgate_yaml::Step>, String)> {
    let (steps, text, mut inside, rest) = (1..parts.len()).find_map(|length| {
        let (steps, node) = path::lookup(body, &parts[..length]).ok()??;
        let text = &node.as_scalar()?.text;
        let inside = match &**text {
            // Nothing can be found in an empty text, and nothing behind it.
            "" => None,
            text => Some(path::structured(text, node).ok()?),
        };
        Some((steps, text.clone(), inside, &parts[length..]))
    })?;
    let inside = inside.as_mut()?;
    let mut found = Vec::new();
    path::find(inside, rest, create, &mut found).ok()?;
    if found.is_empty() {
        return None;
    }
    for place in found {
        if let Found::At { steps, fresh } = place
            && let Some(node) = path::at_mut(inside, &steps)
        {
            value.write_inside(node, fresh);
        }
    }
    let text = if text.trim_start().starts_with(['{', '[']) {
        let pretty = text.contains('\n') && text.contains("  ");
        print::json(inside, pretty)?
    } else {
        print::yaml_document(inside, &text)
    };
    (text.len() <= MAX_TEXT).then_some((steps, text))
}

//! Whether a pattern asks for as much as another.

use super::covers;
use serde_json::Value;

/// Whether what meets `new` meets `old`, and nothing is skipped that was not.
pub(super) fn is_stricter(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (a, b) if a == b => true,
        (Value::Object(new), Value::Object(old)) => {
            let kept = old.iter().all(|(key, old)| {
                new.get(key).is_some_and(|new| match is_condition(key) {
                    // Whether to look at all is decided by this.
                    true => new == old,
                    false => is_stricter(new, old),
                })
            });
            let added = new.iter().filter(|(key, _)| !old.contains_key(*key));
            kept && added
                .into_iter()
                .all(|(key, value)| !is_condition(key) && !has_condition(value))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| is_stricter(new, old))
        }
        (Value::String(new), Value::String(old)) => text(new, old),
        // Any text that is not empty.
        (Value::Number(_) | Value::Bool(_), Value::String(old)) => old == "?*" || old == "*",
        _ => false,
    }
}

/// Whether a key decides that what stands beside it is looked at.
fn is_condition(key: &str) -> bool {
    key.starts_with('(') || key.starts_with("<(")
}

fn has_condition(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| is_condition(key) || has_condition(value)),
        Value::Array(items) => items.iter().any(has_condition),
        _ => false,
    }
}

/// Each alternative asks for all that one of the others asks for.
fn text(new: &str, old: &str) -> bool {
    let read = |text: &str| -> Vec<Vec<String>> {
        let alternatives = text.split('|');
        alternatives
            .map(|it| it.split('&').map(|it| it.trim().to_owned()).collect())
            .collect()
    };
    let (new, old) = (read(new), read(old));
    new.iter().all(|new| {
        old.iter().any(|old| {
            old.iter()
                .all(|old| new.iter().any(|new| implies(new, old)))
        })
    })
}

fn implies(new: &str, old: &str) -> bool {
    let plain = |it: &str| !it.is_empty() && !it.starts_with(['!', '<', '>', '=']);
    new == old || plain(new) && plain(old) && old.contains('*') && covers::name(old, new)
}

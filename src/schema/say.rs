//! Words for what is wrong. Values are not told: they may be secrets.

use super::node::Types;
use crate::config::nearest;
use serde_json::Value;
use tollgate_yaml::FieldPath;

pub(super) fn subject(path: &FieldPath) -> String {
    if path.0.is_empty() {
        "the resource".to_owned()
    } else {
        format!("`{}`", shown(&path.to_string()))
    }
}

/// Foreign text in a message, cut after 120 characters.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(120).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    cut
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The commonest mistake of types is one of quotes.
pub(super) fn quotes(wanted: Types, value: &Value) -> Option<String> {
    match value {
        Value::Number(_) | Value::Bool(_) if wanted.has(Types::STRING) => {
            Some("put the value in quotes".to_owned())
        }
        Value::String(text) => {
            let fits = match serde_json::from_str::<Value>(text) {
                Ok(Value::Bool(_)) => wanted.has(Types::BOOLEAN),
                Ok(Value::Number(_)) => wanted.has(Types::INTEGER) || wanted.has(Types::NUMBER),
                _ => false,
            };
            fits.then(|| "remove the quotes around the value".to_owned())
        }
        Value::Null => Some("give it a value, or remove it".to_owned()),
        _ => None,
    }
}

pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", shown(text)),
        other => format!("`{}`", shown(&other.to_string())),
    }
}

pub(super) fn options(options: &[Value]) -> String {
    let all: Vec<String> = options
        .iter()
        .filter(|it| !it.is_null() && (**it != "" || options.len() == 1))
        .map(literal)
        .collect();
    if all.len() > 12 {
        format!("{} and {} others", all[..12].join(", "), all.len() - 12)
    } else {
        all.join(", ")
    }
}

/// What to do about a field that is not listed.
pub(super) fn suggestion(name: &str, missing: &[&str], known: &[&str]) -> String {
    if let Some(near) = nearest(name, missing) {
        return format!("did you mean `{near}`?");
    }
    match known.len() {
        0 => "remove it".to_owned(),
        1..=12 => format!("fields here: {}", known.join(", ")),
        _ => "look at its indentation, or remove it".to_owned(),
    }
}

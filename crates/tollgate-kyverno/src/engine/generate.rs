//! `generate` with `data`. Source: `pkg/background/generate/generator.go`, `data.go`, and
//! `pkg/engine/background.go` for what is asked before.

use super::rule::error_outcome;
use crate::{context::Context, policy::Generation, result::Outcome};
use serde_json::{Map, Value};

/// The outcome for a trigger that the rule is for, and the object that the rule writes for it.
/// A rule without `data` creates nothing, and Kyverno passes it.
pub(super) fn generate<'a>(
    generation: &'a Generation,
    context: &mut Context<'a>,
    generated: &mut Vec<Value>,
) -> Outcome {
    let pattern = match context.substitute(&generation.pattern) {
        Ok(pattern) => pattern,
        Err(error) => return error_outcome("variable substitution failed", &error),
    };
    let text = |key: &str| pattern.get(key).and_then(Value::as_str).unwrap_or_default();
    let data = match pattern.get("data") {
        None | Some(Value::Null) => return Outcome::Pass,
        Some(Value::Object(data)) => data,
        Some(_) => {
            let why = "`data` of generate is not a map".to_owned();
            return Outcome::Error { why };
        }
    };
    let mut object = data.clone();
    let metadata = object.entry("metadata").or_insert(Value::Null);
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    if let Value::Object(metadata) = metadata {
        for key in ["name", "namespace"] {
            match text(key) {
                "" => metadata.remove(key),
                there => metadata.insert(key.to_owned(), there.into()),
            };
        }
        metadata.remove("resourceVersion");
    }
    object.insert("apiVersion".to_owned(), text("apiVersion").into());
    let kind = object.entry("kind").or_insert(Value::Null);
    if kind.as_str().is_none_or(str::is_empty) {
        *kind = text("kind").into();
    }
    generated.push(Value::Object(object));
    Outcome::Pass
}

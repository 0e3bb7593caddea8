//! `generate` with `data` or `clone`. Source: `pkg/background/generate/generator.go`, `data.go`,
//! `clone.go`, and `pkg/engine/background.go` for what is asked before.

use super::rule::error_outcome;
use crate::{context::Context, policy::Generation, result::Outcome};
use serde_json::{Map, Value};

/// What the API server would set, and a copy does not carry.
const NOT_COPIED: [&str; 5] = [
    "uid",
    "selfLink",
    "creationTimestamp",
    "managedFields",
    "resourceVersion",
];

/// The outcome for a trigger that the rule is for, and the object that the rule makes for it.
/// A rule without anything to write makes an object that has no more than its names.
///
/// A source that is not among `sources` is an error. Kyverno's command line logs it and passes
/// the rule without an object.
pub(super) fn generate<'a>(
    generation: &'a Generation,
    sources: &[Value],
    context: &mut Context<'a>,
    generated: &mut Vec<Value>,
) -> Outcome {
    let pattern = match context.substitute(&generation.pattern) {
        Ok(pattern) => pattern,
        Err(error) => return error_outcome("variable substitution failed", &error),
    };
    let target = Target {
        api_version: text(&pattern, "/apiVersion"),
        kind: text(&pattern, "/kind"),
        namespace: text(&pattern, "/namespace"),
        name: text(&pattern, "/name"),
    };
    let made = match (text(&pattern, "/clone/name"), pattern.get("data")) {
        ("", None | Some(Value::Null)) => target.with(Map::new()),
        ("", Some(Value::Object(data))) => target.with(data.clone()),
        ("", Some(_)) => {
            let why = "`data` of generate is not a map".to_owned();
            return Outcome::Error { says: why.into() };
        }
        (name, _) => {
            let namespace = text(&pattern, "/clone/namespace");
            if (namespace, name) == (target.namespace, target.name) {
                // An object is not copied onto itself.
                return Outcome::Pass;
            }
            let Some(copy) = target.copy_of(sources, namespace, name) else {
                let why = format!(
                    "there is no {} `{namespace}/{name}` to clone: name its file in `cloneSourceResource`",
                    target.kind
                );
                return Outcome::Error { says: why.into() };
            };
            target.with(copy)
        }
    };
    generated.push(Value::Object(made));
    Outcome::Pass
}

/// What is to be made.
struct Target<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl Target<'_> {
    /// The source of that name, of the target's kind, without what is its own.
    fn copy_of(
        &self,
        sources: &[Value],
        namespace: &str,
        name: &str,
    ) -> Option<Map<String, Value>> {
        let source = sources.iter().find(|it| {
            text(it, "/apiVersion") == self.api_version
                && text(it, "/kind") == self.kind
                && text(it, "/metadata/namespace") == namespace
                && text(it, "/metadata/name") == name
        })?;
        let mut copy = source.as_object()?.clone();
        if let Some(Value::Object(metadata)) = copy.get_mut("metadata") {
            for key in NOT_COPIED {
                metadata.remove(key);
            }
            if namespace != self.namespace {
                metadata.remove("ownerReferences");
            }
        }
        Some(copy)
    }

    /// The object with the target's names.
    fn with(&self, mut object: Map<String, Value>) -> Map<String, Value> {
        let metadata = object.entry("metadata").or_insert(Value::Null);
        if !metadata.is_object() {
            *metadata = Value::Object(Map::new());
        }
        if let Value::Object(metadata) = metadata {
            for (key, text) in [("name", self.name), ("namespace", self.namespace)] {
                match text {
                    "" => metadata.remove(key),
                    there => metadata.insert(key.to_owned(), there.into()),
                };
            }
            metadata.remove("resourceVersion");
        }
        object.insert("apiVersion".to_owned(), self.api_version.into());
        let kind = object.entry("kind").or_insert(Value::Null);
        if kind.as_str().is_none_or(str::is_empty) {
            *kind = self.kind.into();
        }
        object
    }
}

fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value
        .pointer(at)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

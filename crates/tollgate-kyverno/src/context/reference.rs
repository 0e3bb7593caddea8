//! References `$(./../path)` of a document to itself. Source: `substituteReferencesIfAny` in
//! `pkg/engine/variables/vars.go`.

use super::VariableError;
use crate::pattern::{Operator, operator_of, strip_anchor};
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

static REFERENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\$\(.[^ ]*\)|[^\\]\$\(.[^ ]*\)").ok());
static ESCAPED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\\\$\(.[^ )]*\)").ok());

/// The references of a text.
pub(crate) fn found_in(text: &str) -> impl Iterator<Item = &str> {
    let found = REFERENCE.iter().flat_map(move |it| it.find_iter(text));
    found.filter_map(|it| it.as_str().get(it.as_str().find("$(")?..))
}

/// The text with references resolved in `document`; `path` is where the text stands.
///
/// # Errors
/// A reference that leads nowhere or to what is not text.
pub(crate) fn resolve(
    text: &str,
    document: &Value,
    path: &[String],
) -> Result<String, VariableError> {
    if !text.contains("$(") {
        return Ok(text.to_owned());
    }
    let mut out = text.to_owned();
    for reference in found_in(text) {
        let value = look_up(reference, document, path)?;
        out = out.replacen(reference, &value, 1);
    }
    if let Some(escaped) = ESCAPED.as_ref() {
        out = escaped
            .replace_all(&out, |found: &regex::Captures<'_>| found[0][1..].to_owned())
            .into_owned();
    }
    Ok(out)
}

fn look_up(reference: &str, document: &Value, path: &[String]) -> Result<String, VariableError> {
    let target = reference.trim_matches(['$', '(', ')']);
    let operator = operator_of(target);
    let target = &target[operator.as_str().len()..];
    let failed = |why: &str| {
        VariableError::new(format!(
            "failed to resolve {reference} at path /{}: {why}",
            path.join("/")
        ))
    };
    if target.is_empty() {
        return Err(failed("expected path, found empty reference"));
    }
    let steps = absolute(target, path);
    let value = steps
        .iter()
        .try_fold(document, |value, step| child(value, step))
        .filter(|it| !it.is_object() && !it.is_array() && !it.is_null())
        .ok_or_else(|| failed("there is no value at this path"))?;
    match value {
        Value::String(text) => Ok(format!("{}{text}", operator.as_str())),
        Value::Number(number) if operator != Operator::Equal => Ok(format!(
            "{}{:.6}",
            operator.as_str(),
            number.as_f64().unwrap_or_default()
        )),
        _ => Err(failed("the value is not a text")),
    }
}

fn child<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map
            .iter()
            .find(|(key, _)| strip_anchor(key) == step)
            .map(|(_, value)| value),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The steps of a path that may begin at the place of the reference. The place itself is a step, so
/// that `./../a` is a neighbour.
fn absolute(target: &str, path: &[String]) -> Vec<String> {
    let mut steps: Vec<String> = if target.starts_with('/') {
        Vec::new()
    } else {
        path.iter().map(|it| strip_anchor(it).to_owned()).collect()
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(strip_anchor(step).to_owned()),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn neighbours() {
        let document = json!({"spec": {"(limit)": "10Gi", "request": "", "n": 5}});
        let at = ["spec".to_owned(), "request".to_owned()];
        let resolve = |text: &str| resolve(text, &document, &at).ok();
        assert_eq!(resolve("$(<=./../limit)").as_deref(), Some("<=10Gi"));
        assert_eq!(resolve("a $(/spec/limit)").as_deref(), Some("a 10Gi"));
        assert_eq!(resolve("$(>./../n)").as_deref(), Some(">5.000000"));
        assert_eq!(resolve("\\$(x)").as_deref(), Some("$(x)"));
        assert_eq!(resolve("$(./../none)"), None);
        assert_eq!(resolve("$(./../n)"), None);
    }
}

//! Messages as Kyverno words them.

use super::Job;
use crate::{
    context::{Context, Template, VariableError},
    engine::join,
};
use serde_json::Value;

fn filled(template: &Template, context: &mut Context<'_>) -> Result<String, VariableError> {
    Ok(match &*context.substitute(template)? {
        Value::String(text) => text.clone(),
        _ => "the produced message didn't resolve to a string, check your policy definition."
            .to_owned(),
    })
}

/// For `deny`; `by_conditions` is what the conditions say.
pub(super) fn denied(job: &Job<'_, '_>, by_conditions: &str, context: &mut Context<'_>) -> String {
    let own = job
        .check
        .message
        .as_ref()
        .and_then(|it| it.value().as_str())
        .unwrap_or_default();
    let text = join(own, by_conditions);
    if text.is_empty() {
        return format!("validation error: rule {} failed", job.rule);
    }
    let template = Template::new(text.into());
    filled(&template, context).unwrap_or_else(|_| by_conditions.to_owned())
}

/// For a pattern; without a path it could not be judged.
pub(super) fn unmatched(
    job: &Job<'_, '_>,
    why: &str,
    path: Option<&str>,
    context: &mut Context<'_>,
) -> String {
    let rule = job.rule;
    let own = match &job.check.message {
        None => String::new(),
        Some(message) => match filled(message, context) {
            Ok(text) if text.ends_with('.') => format!("{text} "),
            Ok(text) => format!("{text}. "),
            Err(_) => {
                return format!(
                    "validation error: variables substitution error in rule {rule} execution error: {why}"
                );
            }
        },
    };
    match path {
        Some(path) => format!("validation error: {own}rule {rule} failed at path {path}"),
        None => format!("validation error: {own}rule {rule} execution error: {why}"),
    }
}

/// For `anyPattern`.
pub(super) fn none_matched(job: &Job<'_, '_>, why: &str, context: &mut Context<'_>) -> String {
    match &job.check.message {
        None => format!("validation error: {why}"),
        Some(message) => match filled(message, context) {
            Ok(text) if text.ends_with('.') => format!("validation error: {text} {why}"),
            Ok(text) => format!("validation error: {text}. {why}"),
            Err(_) => format!(
                "validation error: variables substitution error in rule {} execution error: {why}",
                job.rule
            ),
        },
    }
}

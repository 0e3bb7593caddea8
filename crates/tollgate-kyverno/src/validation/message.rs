//! What rules say: their authors' words, the engine's, and both as Kyverno words them.

use super::Job;
use crate::{
    context::{Context, Template, VariableError},
    engine::join,
    result::Says,
};
use serde_json::Value;

fn filled(template: &Template, context: &mut Context<'_>) -> Result<String, VariableError> {
    Ok(match &*context.substitute(template)? {
        Value::String(text) => text.clone(),
        _ => "the produced message didn't resolve to a string, check your policy definition."
            .to_owned(),
    })
}

/// The author's message of a pattern; an error where it cannot be filled in.
fn of_author(
    job: &Job<'_, '_>,
    context: &mut Context<'_>,
) -> Result<Option<String>, VariableError> {
    let message = job.check.message.as_ref();
    message.map(|it| filled(it, context)).transpose()
}

/// How Kyverno joins an author's message to what follows.
fn opening(author: Option<&str>) -> String {
    match author {
        None => String::new(),
        Some(text) if text.ends_with('.') => format!("{text} "),
        Some(text) => format!("{text}. "),
    }
}

/// For a message that cannot be filled in.
fn unfilled(job: &Job<'_, '_>, why: &str) -> Says {
    Says::new(
        None,
        format!("variables substitution error in its message; {why}"),
        format!(
            "validation error: variables substitution error in rule {} execution error: {why}",
            job.rule
        ),
    )
}

/// For `deny`; `by_conditions` is what the conditions say.
pub(super) fn denied(job: &Job<'_, '_>, by_conditions: &str, context: &mut Context<'_>) -> Says {
    let own = job
        .check
        .message
        .as_ref()
        .and_then(|it| it.value().as_str())
        .unwrap_or_default();
    let text = join(own, by_conditions);
    if text.is_empty() {
        let kyverno = format!("validation error: rule {} failed", job.rule);
        return Says::new(None, "", kyverno);
    }
    let template = Template::new(text.into());
    let text = filled(&template, context).unwrap_or_else(|_| by_conditions.to_owned());
    Says::new(Some(text.clone()), "", text)
}

/// For a pattern; without a path it could not be judged.
pub(super) fn unmatched(
    job: &Job<'_, '_>,
    why: &str,
    path: Option<&str>,
    context: &mut Context<'_>,
) -> Says {
    let rule = job.rule;
    let Ok(author) = of_author(job, context) else {
        return unfilled(job, why);
    };
    let own = opening(author.as_deref());
    match path {
        Some(path) => {
            let kyverno = format!("validation error: {own}rule {rule} failed at path {path}");
            Says::new(author, "", kyverno)
        }
        None => {
            let kyverno = format!("validation error: {own}rule {rule} execution error: {why}");
            Says::new(author, why, kyverno)
        }
    }
}

/// For `anyPattern`: `all` is what each pattern says, `errors` why some could not be judged.
pub(super) fn none_matched(
    job: &Job<'_, '_>,
    all: &str,
    errors: &str,
    context: &mut Context<'_>,
) -> Says {
    let Ok(author) = of_author(job, context) else {
        return unfilled(job, all);
    };
    let kyverno = format!("validation error: {}{all}", opening(author.as_deref()));
    Says::new(author, errors, kyverno)
}

//! Preconditions and the conditions of `deny`. Source: `validateConditions` and its neighbours in
//! `pkg/validation/policy/validate.go`.

use super::{folded, get, given, list, refuse};
use crate::policy::fields::Fault;
use serde_json::Value;
use tollgate_yaml::FieldPath;

/// Operators as they must be written. Source: `ConditionOperators` in `api/kyverno/v1`.
const OPERATORS: [&str; 18] = [
    "Equal",
    "Equals",
    "NotEqual",
    "NotEquals",
    "In",
    "AnyIn",
    "AllIn",
    "NotIn",
    "AnyNotIn",
    "AllNotIn",
    "GreaterThanOrEquals",
    "GreaterThan",
    "LessThanOrEquals",
    "LessThan",
    "DurationGreaterThanOrEquals",
    "DurationGreaterThan",
    "DurationLessThanOrEquals",
    "DurationLessThan",
];

/// The values that `request.operation` may have.
const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

pub(super) fn vet(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    if given(rule, "preconditions") {
        let (preconditions, at) = (get(rule, "preconditions"), at.key("preconditions"));
        form(preconditions, &at)?;
        whole(preconditions, &at)?;
    }
    let validate = get(rule, "validate");
    if given(validate, "deny") {
        denied(get(validate, "deny"), &at.key("validate").key("deny"))?;
    }
    for (part, action) in [("validate", validate), ("mutate", get(rule, "mutate"))] {
        if given(action, "foreach") {
            loops(list(action, "foreach"), &at.key(part).key("foreach"), 0)?;
        }
    }
    for (index, target) in list(get(rule, "mutate"), "targets").iter().enumerate() {
        let at = at.key("mutate").key("targets").index(index);
        form(get(target, "preconditions"), &at.key("preconditions"))?;
    }
    for (index, image) in list(rule, "verifyImages").iter().enumerate() {
        let at = at.key("verifyImages").index(index);
        for (index, attestation) in list(image, "attestations").iter().enumerate() {
            let at = at.key("attestations").index(index).key("conditions");
            for (index, conditions) in list(attestation, "conditions").iter().enumerate() {
                operators(conditions, &at.index(index))?;
            }
        }
        denied(
            get(get(image, "validate"), "deny"),
            &at.key("validate").key("deny"),
        )?;
    }
    Ok(())
}

fn denied(deny: &Value, at: &FieldPath) -> Result<(), Fault> {
    let at = at.key("conditions");
    form(get(deny, "conditions"), &at)?;
    whole(get(deny, "conditions"), &at)
}

/// A list of conditions, or a map of lists. Source: `ConditionsWrapper`.
fn form(conditions: &Value, at: &FieldPath) -> Result<(), Fault> {
    let is_condition = |it: &Value| {
        it.is_null()
            || it.is_object()
                && ["operator", "message"]
                    .iter()
                    .all(|key| matches!(folded(it, key), Value::Null | Value::String(_)))
    };
    let is_list = |it: &Value| match it {
        Value::Null => true,
        Value::Array(items) => items.iter().all(is_condition),
        _ => false,
    };
    let holds = is_list(conditions)
        || conditions.is_object()
            && is_list(folded(conditions, "any"))
            && is_list(folded(conditions, "all"));
    if holds {
        return Ok(());
    }
    refuse(
        at,
        format!("`{at}` must be a list of conditions, or a map of any and all"),
    )
}

/// The conditions with their places.
fn each<'v>(conditions: &'v Value, at: &FieldPath) -> Vec<(&'v Value, FieldPath)> {
    let listed = |items: &'v [Value], at: &FieldPath| -> Vec<(&'v Value, FieldPath)> {
        let items = items.iter().enumerate();
        items.map(|(index, it)| (it, at.index(index))).collect()
    };
    match conditions {
        Value::Array(items) => listed(items, at),
        other => ["any", "all"]
            .into_iter()
            .flat_map(|form| {
                let items = folded(other, form)
                    .as_array()
                    .map_or(&[][..], Vec::as_slice);
                listed(items, &at.key(form))
            })
            .collect(),
    }
}

/// Conditions that must be whole.
fn whole(conditions: &Value, at: &FieldPath) -> Result<(), Fault> {
    for (condition, at) in each(conditions, at) {
        for key in ["key", "operator", "value"] {
            if folded(condition, key).is_null() || folded(condition, key) == "" && key == "operator"
            {
                return refuse(&at, format!("`{at}` lacks `{key}`"));
            }
        }
        let key = folded(condition, "key").as_str().unwrap_or_default();
        if key.replace(' ', "") == "{{request.operation}}" {
            operation(folded(condition, "value"), &at.key("value"))?;
        }
    }
    operators(conditions, at)
}

fn operators(conditions: &Value, at: &FieldPath) -> Result<(), Fault> {
    for (condition, at) in each(conditions, at) {
        let operator = folded(condition, "operator").as_str().unwrap_or_default();
        if !OPERATORS.contains(&operator) {
            return refuse(
                &at.key("operator"),
                format!(
                    "`{operator}` is no operator: known are {}",
                    OPERATORS.join(", ")
                ),
            );
        }
    }
    Ok(())
}

/// Source: `validateConditionValuesKeyRequestOperation`.
fn operation(value: &Value, at: &FieldPath) -> Result<(), Fault> {
    let known = |it: &Value| it.as_str().is_some_and(|it| OPERATIONS.contains(&it));
    let holds = match value {
        Value::String(text)
            if text.len() >= 4 && text.starts_with("{{") && text.ends_with("}}") =>
        {
            true
        }
        Value::Array(items) => items.iter().all(known),
        other => known(other),
    };
    if holds {
        return Ok(());
    }
    refuse(at, format!("`{at}` must be of {}", OPERATIONS.join(", ")))
}

fn loops(all: &[Value], at: &FieldPath, depth: usize) -> Result<(), Fault> {
    for (index, it) in all.iter().enumerate() {
        let at = at.index(index);
        operators(get(it, "preconditions"), &at.key("preconditions"))?;
        let conditions = at.key("deny").key("conditions");
        form(get(get(it, "deny"), "conditions"), &conditions)?;
        operators(get(get(it, "deny"), "conditions"), &conditions)?;
        if depth < super::super::read::MAX_NESTING {
            loops(list(it, "foreach"), &at.key("foreach"), depth + 1)?;
        }
    }
    Ok(())
}

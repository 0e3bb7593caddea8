//! What every rule goes through: its context, preconditions and exceptions, then what it checks.
//! Source: `invokeRuleHandler` in `pkg/engine/engine.go`.

use super::Asked;
use crate::{
    conditions,
    context::{Context, ErrorKind, VariableError},
    policy::{Check, Policy, Rule},
    request::{Request, RuleValues},
    result::Outcome,
    validation,
};

/// Ask a rule that matches; `None` where it has nothing to say.
pub(super) fn ask<'a>(
    policy: &'a Policy,
    rule: &'a Rule,
    asked: &Asked<'_>,
    request: &Request<'_>,
    context: &mut Context<'a>,
) -> Option<Outcome> {
    context.enter(&policy.queries, &policy.namespace);
    context.checkpoint();
    let values = values_of(rule, request);
    let outcome = run(policy, rule, asked, request, values, context);
    context.restore();
    outcome
}

/// The stand-ins under the rule's own name or that of the rule it was generated from.
fn values_of<'r>(rule: &Rule, request: &Request<'r>) -> Option<&'r RuleValues> {
    let name = &*rule.name;
    [
        Some(name),
        name.strip_prefix("autogen-"),
        name.strip_prefix("autogen-cronjob-"),
    ]
    .into_iter()
    .flatten()
    .find_map(|it| request.rule_values.get(it))
}

fn run<'a>(
    policy: &'a Policy,
    rule: &'a Rule,
    asked: &Asked<'_>,
    request: &Request<'_>,
    values: Option<&RuleValues>,
    context: &mut Context<'a>,
) -> Option<Outcome> {
    let body = &*rule.body;
    if let Some(values) = values
        && let Err(error) = context.add_rule_values(values)
    {
        return Some(error_outcome("failed to load context", &error));
    }
    context.declare(&body.context);
    match conditions::judge(body.preconditions.as_ref(), context) {
        Err(error) => return Some(error_outcome("failed to evaluate preconditions", &error)),
        Ok(judged) if !judged.holds => {
            return Some(Outcome::Skip {
                why: join("preconditions not met", &judged.message),
            });
        }
        Ok(_) => {}
    }
    match exceptions_for(policy, rule, asked, request, context) {
        Err(why) => return Some(Outcome::Error { why }),
        Ok(keys) if !keys.is_empty() => {
            return Some(Outcome::Skip {
                why: format!(
                    "rule is skipped due to policy exceptions {}",
                    keys.join(", ")
                ),
            });
        }
        Ok(_) => {}
    }
    if let Some(why) = &policy.unsupported {
        return Some(Outcome::Unsupported {
            feature: why.to_string(),
        });
    }
    match &body.check {
        Check::Validate(check) => {
            let job = validation::Job {
                rule: &rule.name,
                policy_namespace: &policy.namespace,
                body,
                check,
                asked,
                values,
            };
            validation::validate(&job, context)
        }
        Check::Unsupported(feature) => Some(Outcome::Unsupported {
            feature: format!("`{feature}` is not evaluated yet"),
        }),
    }
}

/// The keys of the exceptions that let the object off. Source: `MatchesException` in
/// `pkg/engine/utils/exceptions.go`; conditions that cannot be evaluated let nothing off.
fn exceptions_for<'a>(
    policy: &Policy,
    rule: &Rule,
    asked: &Asked<'_>,
    request: &Request<'_>,
    context: &mut Context<'a>,
) -> Result<Vec<String>, String> {
    let Some(resource) = asked.resource() else {
        return Ok(Vec::new());
    };
    let mut keys = Vec::new();
    for exception in &request.fixtures.exceptions {
        let Some(says) = exception.for_rule(&policy.name, &policy.namespace, &rule.name) else {
            continue;
        };
        let target = asked.target(resource, asked.operation, asked.user_info);
        if !says.matches.excepts(&target) {
            continue;
        }
        if let Some(conditions) = &says.conditions {
            match conditions::exception_applies(conditions, context) {
                Ok(true) => {}
                Ok(false) | Err(_) => continue,
            }
        }
        keys.push(exception.key());
    }
    Ok(keys)
}

/// Two texts with `; ` between them, if both say something.
pub(crate) fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", other) | (other, "") => other.to_owned(),
        (first, second) => format!("{first}; {second}"),
    }
}

fn error_outcome(doing: &str, error: &VariableError) -> Outcome {
    if error.kind == ErrorKind::Unsupported {
        return Outcome::Unsupported {
            feature: error.message.clone(),
        };
    }
    Outcome::Error {
        why: format!("{doing}: {}", error.message),
    }
}

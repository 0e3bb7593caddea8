//! What every rule goes through: its context, preconditions and exceptions, then what it checks.
//! Source: `invokeRuleHandler` in `pkg/engine/engine.go`.

use super::{Asked, generate::generate};
use crate::{
    conditions,
    context::{Context, ErrorKind, VariableError},
    exception::{PolicyException, Rules},
    matching::Answer,
    podsecurity,
    policy::{Check, PodSecurityRule, Policy, Rule},
    request::{Operation, Request, RuleValues},
    result::Outcome,
    validation, verify_images,
};
use serde_json::Value;

/// Ask a rule that matches; `None` where it has nothing to say.
pub(super) fn ask<'a>(
    policy: &'a Policy,
    rule: &'a Rule,
    asked: &Asked<'_>,
    request: &Request<'_>,
    context: &mut Context<'a>,
    generated: &mut Vec<Value>,
) -> Option<Outcome> {
    context.enter(&policy.queries, &policy.namespace);
    context.checkpoint();
    let values = values_of(rule, request);
    let mut outcome = run(policy, rule, asked, request, values, context, generated);
    context.restore();
    if let Some(Outcome::Fail { says, .. }) = &mut outcome
        && !asked.anywhere
    {
        for it in unsure_exceptions(policy, rule, asked, request) {
            let note = format!(
                "exception `{}` asks for labels of namespace `{}`, whose manifest is not given",
                it.key(),
                asked.namespace_labels.name.unwrap_or_default()
            );
            *says = std::mem::take(says).noted(&note);
        }
    }
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
    generated: &mut Vec<Value>,
) -> Option<Outcome> {
    let body = &*rule.body;
    let mut images = None;
    if let Check::VerifyImages(entries) = &body.check {
        // Without an image that it is about, the rule is not even asked.
        let runtime = context.runtime();
        let object = asked.object.as_deref()?;
        match verify_images::images_for(entries, &body.image_extractors, object, runtime) {
            Err(error) => return Some(error_outcome("failed to extract images", &error)),
            Ok(None) => return None,
            Ok(found) => images = found,
        }
    }
    if let Some(values) = values
        && let Err(error) = context.add_rule_values(values)
    {
        return Some(error_outcome("failed to load context", &error));
    }
    if let Err(error) = context.declare(&body.context) {
        return Some(error_outcome("failed to load context", &error));
    }
    match conditions::judge(body.preconditions.as_ref(), context) {
        Err(error) => return Some(error_outcome("failed to evaluate preconditions", &error)),
        Ok(judged) if !judged.holds => {
            return Some(Outcome::Skip {
                why: join("preconditions not met", &judged.message),
            });
        }
        Ok(_) => {}
    }
    if matches!(body.check, Check::PodSecurity(_)) && asked.operation == Operation::Delete {
        return None;
    }
    let exceptions = exceptions_for(policy, rule, asked, request, context);
    let lets_off = exceptions.iter().any(|(_, says)| {
        // Those for controls are not for the rule as a whole.
        !matches!(body.check, Check::PodSecurity(_)) || says.pod_security.is_empty()
    });
    if lets_off {
        return Some(excepted(&exceptions));
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
                body,
                check,
                asked,
                values,
            };
            validation::validate(&job, context)
        }
        Check::VerifyImages(entries) => Some(verify_images::judge(
            entries,
            &images?,
            asked.object.as_deref()?,
        )),
        Check::PodSecurity(check) => pod_security(rule, check, asked, &exceptions),
        // What was generated for a trigger that goes away is cleaned up, which nobody plays here.
        Check::Generate(_) if asked.object.is_none() => Some(Outcome::Unsupported {
            feature: "`generate` for a deleted object is not evaluated yet".to_owned(),
        }),
        Check::Generate(generation) => {
            let (namespace, name) = (policy.namespace.to_string(), policy.name.to_string());
            let key = (namespace, name, rule.name.to_string());
            let sources = request.fixtures.clone_sources.get(&key);
            let sources = sources.map_or(&[][..], Vec::as_slice);
            Some(generate(generation, sources, context, generated))
        }
        Check::Unsupported(feature) => Some(Outcome::Unsupported {
            feature: format!("`{feature}` is not evaluated yet"),
        }),
    }
}

type Matched<'r> = (&'r PolicyException, &'r Rules);

fn excepted(exceptions: &[Matched<'_>]) -> Outcome {
    let keys: Vec<String> = exceptions.iter().map(|(it, _)| it.key()).collect();
    Outcome::Skip {
        why: format!(
            "rule is skipped due to policy exceptions {}",
            keys.join(", ")
        ),
    }
}

/// Source: `validate_pss.go`.
fn pod_security(
    rule: &Rule,
    check: &PodSecurityRule,
    asked: &Asked<'_>,
    exceptions: &[Matched<'_>],
) -> Option<Outcome> {
    let let_off: Vec<_> = exceptions
        .iter()
        .flat_map(|(_, says)| says.pod_security.iter().cloned())
        .collect();
    let judge = |resource: &Value| podsecurity::judge(&check.asks, &rule.name, resource, &let_off);
    Some(match judge(asked.object.as_deref()?) {
        podsecurity::Verdict::Pass => Outcome::Pass,
        podsecurity::Verdict::Excepted => excepted(exceptions),
        podsecurity::Verdict::Error(why) => Outcome::Error { says: why.into() },
        podsecurity::Verdict::Fail { says, at } => {
            let before = asked.old_object.as_deref().filter(|old| {
                check.enforce
                    && check.allow_existing
                    && asked.operation == Operation::Update
                    && validation::matched_before(&rule.body, asked, old)
            });
            match before.map(judge) {
                Some(podsecurity::Verdict::Fail { .. }) => Outcome::Skip {
                    why: validation::KEPT.to_owned(),
                },
                _ => Outcome::Fail { says, at },
            }
        }
    })
}

/// Whether it hangs on the namespace of the object that an exception lets it off.
pub(super) fn may_be_excepted(
    policy: &Policy,
    rule: &Rule,
    asked: &Asked<'_>,
    request: &Request<'_>,
) -> bool {
    let named = |answer| named_exceptions(policy, rule, asked, request, answer);
    let mut certain = named(Answer::Yes).into_iter();
    certain.any(|it| it.1.looks_at_namespace(&rule.body.context))
        || !named(Answer::Unknown).is_empty()
}

/// The exceptions that let the object off. Source: `MatchesException` in
/// `pkg/engine/utils/exceptions.go`; conditions that cannot be evaluated let nothing off, nor do those on
/// the namespace of what may be anywhere.
fn exceptions_for<'r>(
    policy: &Policy,
    rule: &Rule,
    asked: &Asked<'_>,
    request: &Request<'r>,
    context: &mut Context<'_>,
) -> Vec<Matched<'r>> {
    named_exceptions(policy, rule, asked, request, Answer::Yes)
        .into_iter()
        .filter(|(_, says)| !(asked.anywhere && says.looks_at_namespace(&rule.body.context)))
        .filter(|(_, says)| {
            says.conditions.as_ref().is_none_or(|conditions| {
                conditions::exception_applies(conditions, context).unwrap_or(false)
            })
        })
        .collect()
}

/// The exceptions of which nobody can say whether they are for the object.
fn unsure_exceptions<'r>(
    policy: &Policy,
    rule: &Rule,
    asked: &Asked<'_>,
    request: &Request<'r>,
) -> impl Iterator<Item = &'r PolicyException> {
    let unsure = named_exceptions(policy, rule, asked, request, Answer::Unknown);
    unsure.into_iter().map(|it| it.0)
}

/// The exceptions that name the rule and answer so of the object, their conditions aside.
fn named_exceptions<'r>(
    policy: &Policy,
    rule: &Rule,
    asked: &Asked<'_>,
    request: &Request<'r>,
    answer: Answer,
) -> Vec<Matched<'r>> {
    let exceptions = &request.fixtures.exceptions;
    let Some(resource) = asked.resource().filter(|_| !exceptions.is_empty()) else {
        return Vec::new();
    };
    let target = asked.target(resource, asked.operation, asked.user_info);
    exceptions
        .of(&policy.key, &rule.name)
        .filter(|(_, says)| says.matches.excepts(&target) == answer)
        .collect()
}

/// Two texts with `; ` between them, if both say something.
pub(crate) fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", other) | (other, "") => other.to_owned(),
        (first, second) => format!("{first}; {second}"),
    }
}

pub(super) fn error_outcome(doing: &str, error: &VariableError) -> Outcome {
    if error.kind == ErrorKind::Unsupported {
        return Outcome::Unsupported {
            feature: error.message.clone(),
        };
    }
    Outcome::Error {
        says: format!("{doing}: {}", error.message).into(),
    }
}

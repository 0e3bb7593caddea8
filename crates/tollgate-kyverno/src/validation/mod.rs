//! `validate` with patterns, conditions and loops. Source:
//! `pkg/engine/handlers/validation/validate_resource.go`.

mod blame;
mod message;
#[cfg(test)]
mod tests;

use crate::{
    conditions::{self, Conditions},
    context::{Context, ContextEntry, ErrorKind, VariableError},
    engine::{Asked, is_for, join},
    matching::Answer,
    pattern::{Mismatch, match_pattern},
    policy::{Body, Deny, Foreach, Test, Validation},
    request::{Operation, RuleValues, UserInfo},
    result::{Outcome, Says},
};
use blame::Place;
use serde_json::{Value, json};
use std::borrow::Cow;
use tollgate_yaml::FieldPath;

/// A rule on an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'a, 'r> {
    pub(crate) rule: &'a str,
    pub(crate) body: &'a Body,
    pub(crate) check: &'a Validation,
    pub(crate) asked: &'r Asked<'r>,
    pub(crate) values: Option<&'r RuleValues>,
}

/// What came out, before it is told.
#[derive(Debug)]
enum Verdict {
    Pass,
    Fail {
        says: Says,
        at: FieldPath,
    },
    Skip(String),
    Error {
        says: Says,
        /// Loops pass over elements whose preconditions cannot be evaluated.
        by_preconditions: bool,
    },
    /// A value would come from where this program does not ask.
    Unsupported(String),
}

impl Verdict {
    fn error(doing: &str, error: &VariableError) -> Self {
        if error.kind == ErrorKind::Unsupported {
            return Self::Unsupported(error.message.clone());
        }
        Self::Error {
            says: format!("{doing}: {}", error.message).into(),
            by_preconditions: false,
        }
    }
}

/// One level of a rule: the rule itself or one element of a loop.
#[derive(Clone, Copy)]
struct Level<'a, 'e> {
    test: &'a Test,
    entries: &'a [ContextEntry],
    preconditions: Option<&'a Conditions>,
    /// What patterns are matched against instead of the object.
    element: Option<(&'e Value, &'e Place<'e>)>,
    /// Where the element of the innermost loop stands, whether or not patterns are matched against it.
    place: &'e Place<'e>,
    nesting: usize,
}

/// Validate the object; `None` where the rule has nothing to say.
pub(crate) fn validate<'a>(job: &Job<'a, '_>, context: &mut Context<'a>) -> Option<Outcome> {
    let object = job.object(context);
    let verdict = root(job, object.as_deref(), context);
    let verdict = match verdict {
        Some(Verdict::Fail { .. }) if job.may_keep_violations() => {
            let old = job.asked.old_object.as_deref().cloned();
            match old.map(|old| violated_before(job, &old, context)) {
                Some(true) => Some(Verdict::Skip(KEPT.to_owned())),
                _ => verdict,
            }
        }
        verdict => verdict,
    };
    Some(match verdict? {
        Verdict::Pass => Outcome::Pass,
        Verdict::Fail { says, at } => Outcome::Fail { says, at },
        Verdict::Skip(why) => Outcome::Skip { why },
        Verdict::Error { says, .. } => Outcome::Error { says },
        Verdict::Unsupported(feature) => Outcome::Unsupported { feature },
    })
}

impl<'r> Job<'_, 'r> {
    /// The object that patterns are matched against. The rule's values may have changed it.
    fn object(&self, context: &Context<'_>) -> Option<Cow<'r, Value>> {
        let object = self.asked.object.as_deref()?;
        let touched = self.values.is_some_and(|it| {
            it.values
                .keys()
                .any(|key| key.starts_with("request.object"))
        });
        if touched {
            context.object("object").cloned().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(object))
        }
    }

    /// Whether an update may keep a violation that was there before.
    fn may_keep_violations(&self) -> bool {
        self.check.enforce
            && self.check.allow_existing
            && self.asked.operation == Operation::Update
            && self.asked.old_object.is_some()
    }
}

fn root<'a>(
    job: &Job<'a, '_>,
    object: Option<&Value>,
    context: &mut Context<'a>,
) -> Option<Verdict> {
    let level = Level {
        test: &job.check.test,
        entries: &[],
        // Judged already, unless the values that are set again change it.
        preconditions: job
            .body
            .preconditions
            .as_ref()
            .filter(|_| job.values.is_some()),
        element: None,
        place: &Place::Unknown,
        nesting: 0,
    };
    run(job, level, object, context)
}

/// Why a violation is let through.
pub(crate) const KEPT: &str = "skipping the rule evaluation as pre-existing violations are allowed";

/// Whether the rule was for the old object, as if it were created now. Source: `matchResource`,
/// which takes any rule with preconditions for one that does not match.
pub(crate) fn matched_before(body: &Body, asked: &Asked<'_>, old: &Value) -> bool {
    let stranger = UserInfo {
        roles: vec!["kyverno:invalidrole".to_owned()],
        cluster_roles: vec!["kyverno:invalidrole".to_owned()],
        user: json!({
            "username": "kyverno:kyverno-invalid-controller",
            "uid": "kyverno:invaliduid",
            "groups": ["kyverno:invalidgroup"],
        }),
    };
    let target = asked.target(old, Operation::Create, Some(&stranger));
    body.preconditions.is_none() && is_for(&body.matches, &body.exclude, &target) == Answer::Yes
}

/// Whether the old object, as if it were created now, fails the rule. Source: `validateOldObject`.
fn violated_before<'a>(job: &Job<'a, '_>, old: &Value, context: &mut Context<'a>) -> bool {
    if !matched_before(job.body, job.asked, old) {
        return false;
    }
    context.checkpoint();
    context.pretend_created(old.clone());
    let verdict = root(job, Some(old), context);
    context.pretend_no_more(job.asked.operation);
    context.restore();
    matches!(verdict, Some(Verdict::Fail { .. }))
}

fn run<'a>(
    job: &Job<'a, '_>,
    level: Level<'a, '_>,
    object: Option<&Value>,
    context: &mut Context<'a>,
) -> Option<Verdict> {
    if let Some(values) = job.values
        && let Err(error) = context.add_rule_values(values)
    {
        return Some(Verdict::error("failed to load context", &error));
    }
    if let Err(error) = context.declare(level.entries) {
        return Some(Verdict::error("failed to load context", &error));
    }
    match conditions::judge(level.preconditions, context) {
        Err(error) => {
            return Some(
                match Verdict::error("failed to evaluate preconditions", &error) {
                    Verdict::Error { says, .. } => Verdict::Error {
                        says,
                        by_preconditions: true,
                    },
                    other => other,
                },
            );
        }
        Ok(judged) if !judged.holds => {
            return Some(Verdict::Skip(join(
                "preconditions not met",
                &judged.message,
            )));
        }
        Ok(_) => {}
    }
    if let Some(deny) = &level.test.deny {
        return Some(denies(job, deny, &level, context));
    }
    if level.test.pattern.is_some() || level.test.any_pattern.is_some() {
        return patterns(job, &level, object, context);
    }
    loops(job, &level, object, context)
}

fn denies<'a>(
    job: &Job<'a, '_>,
    deny: &'a Deny,
    level: &Level<'a, '_>,
    context: &mut Context<'a>,
) -> Verdict {
    match conditions::judge(deny.conditions.as_ref(), context) {
        Err(error) => Verdict::error("failed to check deny conditions", &error),
        Ok(judged) if judged.holds => Verdict::Fail {
            at: blame::of_conditions(&judged.by, level.place),
            says: message::denied(job, &judged.message, context),
        },
        Ok(_) => Verdict::Pass,
    }
}

fn patterns<'a>(
    job: &Job<'a, '_>,
    level: &Level<'a, '_>,
    object: Option<&Value>,
    context: &mut Context<'a>,
) -> Option<Verdict> {
    let template = level
        .test
        .pattern
        .as_ref()
        .or(level.test.any_pattern.as_ref())?;
    let filled = match context.substitute(template) {
        Ok(filled) => filled,
        Err(error) => return Some(Verdict::error("variable substitution failed", &error)),
    };
    let (resource, base) = match level.element {
        Some((element, place)) => (element, place.path()),
        // Nothing is left of a deleted object.
        None if job.asked.operation == Operation::Delete => return None,
        None => (object?, FieldPath::root()),
    };
    if level.test.pattern.is_some() {
        return Some(match match_pattern(resource, &filled) {
            Ok(()) => Verdict::Pass,
            Err(Mismatch::Skip { message }) => Verdict::Skip(message),
            Err(Mismatch::Error { message }) => Verdict::Error {
                says: message::unmatched(job, &message, None, context),
                by_preconditions: false,
            },
            Err(Mismatch::Fail { message, path, at }) => Verdict::Fail {
                says: message::unmatched(job, &message, Some(&path), context),
                at: blame::below(&base, at),
            },
        });
    }
    let Value::Array(all) = &*filled else {
        return Some(Verdict::Error {
            says: "failed to deserialize anyPattern, expected type array".into(),
            by_preconditions: false,
        });
    };
    Some(any_of(job, all, resource, &base, context))
}

fn any_of<'a>(
    job: &Job<'a, '_>,
    patterns: &[Value],
    resource: &Value,
    base: &FieldPath,
    context: &mut Context<'a>,
) -> Verdict {
    let rule = job.rule;
    let (mut failed, mut errors, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    let mut deepest = FieldPath::root();
    for (index, pattern) in patterns.iter().enumerate() {
        match match_pattern(resource, pattern) {
            Ok(()) => return Verdict::Pass,
            Err(Mismatch::Skip { message }) => {
                skipped.push(format!("rule {rule}[{index}] skipped: {message}"));
            }
            Err(Mismatch::Error { message }) => {
                failed.push(format!("rule {rule}[{index}] failed: {message}"));
                errors.push(message);
            }
            Err(Mismatch::Fail { path, at, .. }) => {
                failed.push(format!("rule {rule}[{index}] failed at path {path}"));
                if at.0.len() > deepest.0.len() {
                    deepest = at;
                }
            }
        }
    }
    if !failed.is_empty() {
        return Verdict::Fail {
            says: message::none_matched(job, &failed.join(" "), &errors.join("; "), context),
            at: blame::below(base, deepest),
        };
    }
    if !skipped.is_empty() {
        return Verdict::Skip(skipped.join(" "));
    }
    // An empty list of patterns asks for nothing.
    Verdict::Pass
}

fn loops<'a>(
    job: &Job<'a, '_>,
    level: &Level<'a, '_>,
    object: Option<&Value>,
    context: &mut Context<'a>,
) -> Option<Verdict> {
    let mut applied = 0;
    let mut list_error = None;
    for foreach in &level.test.foreach {
        let elements = match context.query(&foreach.list) {
            Ok(Value::Array(elements)) => elements,
            Ok(single) => vec![single],
            Err(error) => {
                if let Some(error) = error.clone().unless_ignored() {
                    return Some(Verdict::error("failed to evaluate list", &error));
                }
                if error.kind != ErrorKind::UnknownKey {
                    list_error = Some(error);
                }
                continue;
            }
        };
        context.checkpoint();
        let verdict = elements_of(job, foreach, &elements, level, object, context);
        context.restore();
        match verdict {
            Ok(count) => applied += count,
            Err(verdict) => return Some(verdict),
        }
    }
    if let Some(error) = list_error
        && applied == 0
    {
        return Some(Verdict::error("failed to evaluate list", &error));
    }
    (applied > 0).then_some(Verdict::Pass)
}

/// The number of elements that passed, or the first that did not.
fn elements_of<'a>(
    job: &Job<'a, '_>,
    foreach: &'a Foreach,
    elements: &[Value],
    level: &Level<'a, '_>,
    object: Option<&Value>,
    context: &mut Context<'a>,
) -> Result<usize, Verdict> {
    let mut applied = 0;
    for (index, element) in elements.iter().enumerate() {
        if element.is_null() {
            continue;
        }
        context.reset();
        if let Err(error) = context.add_element(element, index, level.nesting) {
            return Err(Verdict::error("failed to process foreach", &error));
        }
        let place = Place::Element {
            list: &foreach.list,
            index,
            element,
            outer: level.place,
            object,
        };
        if foreach.element_scope == Some(true) && !element.is_object() {
            return Err(Verdict::Error {
                says: "failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps".into(),
                by_preconditions: false,
            });
        }
        let scoped = foreach.element_scope.unwrap_or(element.is_object());
        let inner = Level {
            test: &foreach.test,
            entries: &foreach.context,
            preconditions: foreach.preconditions.as_ref(),
            element: if scoped {
                Some((element, &place))
            } else {
                level.element
            },
            place: &place,
            nesting: level.nesting + 1,
        };
        match run(job, inner, object, context) {
            None | Some(Verdict::Skip(_)) => {}
            Some(Verdict::Pass) => applied += 1,
            Some(Verdict::Error {
                by_preconditions: true,
                ..
            }) => {}
            Some(Verdict::Unsupported(what)) => return Err(Verdict::Unsupported(what)),
            Some(Verdict::Error { says, .. }) => {
                return Err(Verdict::Error {
                    says: says.of_an_element(),
                    by_preconditions: false,
                });
            }
            Some(Verdict::Fail { says, at }) => {
                return Err(Verdict::Fail {
                    says: says.of_an_element(),
                    at,
                });
            }
        }
    }
    Ok(applied)
}

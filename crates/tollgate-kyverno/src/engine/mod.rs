//! Asks policies about objects. Source: `pkg/engine/engine.go` and `pkg/engine/validation.go`.

mod asked;
mod generate;
mod looks;
mod placement;
mod rule;
#[cfg(test)]
mod tests;

use crate::{
    context::Context,
    exception::PolicyException,
    matching::Answer,
    policy::{Policy, PolicyKind, Problem, Rule, RuleType},
    request::Request,
    result::{Doubt, Outcome, PolicyResponse, RuleResult},
};
pub(crate) use asked::{Asked, is_for};
pub(crate) use looks::conditions_at_namespace;
pub(crate) use rule::join;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Policies in the order in which they were loaded, ready for many threads.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
}

impl PolicySet {
    pub(crate) fn new(policies: Vec<Policy>) -> Self {
        Self { policies }
    }

    /// The policies.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Ask a policy, by the document that it was read from, for some of its rules no more, nor for what is
    /// generated of them.
    pub(crate) fn leave_out(&mut self, document: usize, written: &BTreeSet<Arc<str>>) {
        let policies = self.policies.iter_mut();
        for it in policies.filter(|it| it.document == document) {
            it.rules.retain(|it| !written.contains(&it.written));
        }
    }

    /// Whether a rule may say something else of an update than of the object.
    pub fn asks_of_updates(&self) -> bool {
        let mut rules = self.policies.iter().flat_map(|it| &it.rules);
        rules.any(Rule::is_about_updates)
    }

    /// What every policy says about one object. Policies without a result are absent.
    ///
    /// An object's answers do not depend on other objects, so callers may ask from many threads.
    pub fn evaluate(&self, request: &Request<'_>) -> Vec<(&Policy, PolicyResponse)> {
        let mut session = Session::new(request);
        self.policies
            .iter()
            .filter_map(|it| Some((it, session.ask(it)?)))
            .filter(|(_, it)| !(it.rules.is_empty() && it.doubts.is_empty()))
            .collect()
    }
}

/// What one policy says about one object.
///
/// `None` where Kyverno would not even record that it asked the policy; a response without rules
/// where it asked and no rule had anything to say.
pub fn evaluate_policy(policy: &Policy, request: &Request<'_>) -> Option<PolicyResponse> {
    Session::new(request).ask(policy)
}

/// What [`load`](crate::load) made of documents.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The policies.
    pub policies: PolicySet,
    /// The exceptions; hand them in with [`Fixtures`](crate::Fixtures).
    pub exceptions: Vec<PolicyException>,
    /// What could not be loaded. A caller that goes on must not take the absence of a policy for a pass.
    pub problems: Vec<Problem>,
}

/// One request; what policies need of it is made once, when the first of them needs it.
struct Session<'a> {
    request: Request<'a>,
    asked: Result<Asked<'a>, String>,
    context: Option<Context<'a>>,
}

impl<'a> Session<'a> {
    fn new(request: &Request<'a>) -> Self {
        let mut context = None;
        Self {
            asked: Asked::new(request, &mut context),
            request: *request,
            context,
        }
    }

    fn ask(&mut self, policy: &'a Policy) -> Option<PolicyResponse> {
        let mut response = PolicyResponse {
            policy: policy.name.clone(),
            at: policy.span,
            rules: Vec::new(),
            doubts: Vec::new(),
        };
        let every_rule = |outcome: &Outcome| {
            policy
                .rules
                .iter()
                .filter(|it| it.generated.is_none())
                .map(|rule| RuleResult {
                    rule: rule.name.clone(),
                    written: rule.written.clone(),
                    kind: rule.kind,
                    at: rule.span,
                    outcome: outcome.clone(),
                    generated: Vec::new(),
                    outside: false,
                })
                .collect()
        };
        let error = |why: &str| Outcome::Error { says: why.into() };
        let asked = match &self.asked {
            Ok(asked) => asked,
            Err(why) => {
                response.rules = every_rule(&error(why));
                return Some(response);
            }
        };
        let is_ours = matches!(policy.kind, PolicyKind::ClusterPolicy | PolicyKind::Policy);
        if let (Some(why), false) = (&policy.unsupported, is_ours) {
            response.rules = every_rule(&Outcome::Unsupported {
                feature: why.to_string(),
            });
            return Some(response);
        }
        let in_its_namespace = asked.is_in_namespace_of(policy);
        if !in_its_namespace && !asked.anywhere {
            return Some(response);
        }
        let kind = asked.gvk.kind.as_str();
        let generates = policy.controllers.iter().any(|it| it == kind)
            && policy.rules.iter().any(|it| it.generated.is_some());
        for rule in &policy.rules {
            let counts = match rule.generated {
                Some(_) => generates,
                // Rules that carry a generated rule's name give way to the real ones.
                None => !(generates && rule.name.starts_with("autogen-")),
            };
            let is_for = match counts {
                true => asked.matches(rule),
                false => Answer::No,
            };
            if is_for == Answer::No {
                continue;
            }
            if asked.anywhere
                && !rule.may_answer_otherwise(policy, is_for)
                && !rule::may_be_excepted(policy, rule, asked, &self.request)
            {
                continue;
            }
            let context = match &mut self.context {
                Some(context) => context,
                none => match Context::new(&self.request) {
                    Ok(context) => none.insert(context),
                    Err(fault) => {
                        response.rules = every_rule(&error(&fault.message));
                        return Some(response);
                    }
                },
            };
            let mut generated = Vec::new();
            let request = &self.request;
            let outcome = rule::ask(policy, rule, asked, request, context, &mut generated);
            response
                .doubts
                .extend(context.take_doubts().into_iter().map(|message| Doubt {
                    rule: rule.written.clone(),
                    at: rule.span,
                    message,
                }));
            let outside = context.take_outside();
            let outcome = match is_for {
                Answer::Unknown if !asked.anywhere => outcome.map(|it| unless_harmless(it, asked)),
                _ => outcome,
            };
            let applied = is_for == Answer::Yes
                && matches!(outcome, Some(Outcome::Pass | Outcome::Fail { .. }));
            response.rules.extend(outcome.map(|outcome| RuleResult {
                rule: rule.name.clone(),
                written: rule.written.clone(),
                kind: rule.kind,
                at: rule.span,
                outcome,
                generated,
                outside,
            }));
            if applied && policy.apply_one {
                break;
            }
        }
        let only_generates = policy.rules.iter().all(|it| it.kind == RuleType::Generate);
        (!(is_ours && only_generates && response.rules.is_empty())).then_some(response)
    }
}

/// What comes of a rule that nobody can say is for the object: where it would let the object go
/// anyway that is its answer, and where it would not there is none.
fn unless_harmless(outcome: Outcome, asked: &Asked<'_>) -> Outcome {
    let would = match &outcome {
        Outcome::Fail { says, .. } | Outcome::Error { says } => says.clause(),
        Outcome::Pass | Outcome::Skip { .. } | Outcome::Unsupported { .. } => return outcome,
    };
    let namespace = asked.namespace_labels.name.unwrap_or_default();
    let why = format!(
        "the rule asks for labels of namespace `{namespace}`, whose manifest is not given, and would say: {would}"
    );
    Outcome::Error { says: why.into() }
}

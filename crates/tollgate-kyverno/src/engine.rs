//! Asks policies about objects.

use crate::{
    policy::{Policy, Problem},
    request::Request,
    result::{Outcome, PolicyResponse, RuleResult},
};

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

    /// What every policy says about one object. Policies without a result are absent.
    ///
    /// An object's answers do not depend on other objects, so callers may ask from many threads.
    pub fn evaluate(&self, request: &Request<'_>) -> Vec<PolicyResponse> {
        self.policies
            .iter()
            .filter_map(|it| evaluate_policy(it, request))
            .filter(|it| !it.rules.is_empty())
            .collect()
    }
}

/// What one policy says about one object.
///
/// `None` where Kyverno would not even record that it asked the policy; a response without rules
/// where it asked and no rule had anything to say.
pub fn evaluate_policy(policy: &Policy, request: &Request<'_>) -> Option<PolicyResponse> {
    let _ = request;
    Some(PolicyResponse {
        policy: policy.name.clone(),
        at: policy.span,
        rules: policy
            .rules
            .iter()
            .map(|rule| RuleResult {
                rule: rule.name.clone(),
                at: rule.span,
                outcome: Outcome::Unsupported {
                    feature: "rules of this type are not supported yet".to_owned(),
                },
            })
            .collect(),
    })
}

/// What [`load`](crate::load) made of documents.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The policies.
    pub policies: PolicySet,
    /// The exceptions; hand them in with [`Fixtures`](crate::Fixtures).
    pub exceptions: Vec<crate::exception::PolicyException>,
    /// What could not be loaded. A caller that goes on must not take the absence of a policy for a pass.
    pub problems: Vec<Problem>,
}

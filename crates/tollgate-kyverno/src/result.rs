//! What a rule says about a resource.

use crate::policy::RuleType;
use std::sync::Arc;
use tollgate_yaml::{FieldPath, Span};

/// What one rule said about one resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The resource satisfies the rule.
    Pass,
    /// It does not.
    Fail {
        /// The rule's message with variables filled in, or Kyverno's own.
        message: String,
        /// The field that failed, where the rule knows it; the document root where it does not.
        at: FieldPath,
    },
    /// The rule matched and then decided not to judge (preconditions, anchors, an exception).
    Skip {
        /// Why.
        why: String,
    },
    /// The rule could not be evaluated, and Kyverno reports an error for it too. Never the same as
    /// a pass, but a test may expect it (`result: error`).
    Error {
        /// Why, and what to do.
        why: String,
    },
    /// The rule needs what this program does not evaluate yet: Kyverno would have an answer, and a
    /// test must not mistake the gap for one. Never the same as a pass.
    Unsupported {
        /// What is missing, and what to do.
        feature: String,
    },
}

/// The result of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleResult {
    /// The rule's name; generated rules carry `autogen-` or `autogen-cronjob-`.
    pub rule: Arc<str>,
    /// The name of the rule that its author wrote: that of the parent for a generated one.
    pub written: Arc<str>,
    /// What the rule does.
    pub kind: RuleType,
    /// Where the rule stands in the policy file.
    pub at: Span,
    /// What it said.
    pub outcome: Outcome,
    /// The objects that a `generate` rule would create, without what Kyverno writes into their labels.
    pub generated: Vec<serde_json::Value>,
    /// Whether the rule missed something that only a cluster could tell.
    pub outside: bool,
}

/// The results of one policy for one resource: rules that did not match are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyResponse {
    /// The policy's name.
    pub policy: Arc<str>,
    /// Where the policy stands.
    pub at: Span,
    /// Results of the rules that matched, in order.
    pub rules: Vec<RuleResult>,
    /// What rules took for something that it is not, whatever came of them.
    pub doubts: Vec<Doubt>,
}

/// A rule decided by something that is not what the rule takes it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The name of the rule that its author wrote.
    pub rule: Arc<str>,
    /// Where the rule stands in the policy file.
    pub at: Span,
    /// What it took for what: one clause.
    pub message: String,
}

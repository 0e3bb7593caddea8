//! What a rule says about a resource.

use crate::policy::RuleType;
use std::fmt;
use std::sync::Arc;
use tollgate_yaml::{FieldPath, Span};

/// What a rule says: the words of its author apart from those of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// The rule's message with variables filled in; `None` where it has none, or it cannot be filled in.
    pub author: Option<String>,
    /// What the engine says beside it, as a clause; empty where the field that failed says all.
    pub reason: String,
    /// Both as Kyverno words them in its own reports.
    kyverno: String,
}

impl Says {
    /// Words of an author and of the engine, and both as Kyverno has them.
    pub(crate) fn new(
        author: Option<String>,
        reason: impl Into<String>,
        kyverno: impl Into<String>,
    ) -> Self {
        Self {
            author,
            reason: reason.into(),
            kyverno: kyverno.into(),
        }
    }

    /// As Kyverno words it.
    pub fn as_kyverno(&self) -> &str {
        &self.kyverno
    }

    /// For people, as one clause: the author's words without the full stop, then the engine's. Where both are silent, the
    /// field that failed says all.
    pub fn clause(&self) -> String {
        let author = self.author.as_deref().unwrap_or_default().trim();
        let author = match author.strip_suffix('.') {
            Some(clause) if !clause.ends_with('.') => clause,
            _ => author,
        };
        match (author, self.reason.as_str()) {
            ("", "") => "the resource does not satisfy the rule".to_owned(),
            ("", only) | (only, "") => only.to_owned(),
            (author, reason) => format!("{author}: {reason}"),
        }
    }

    /// The same with what else there is to know.
    pub(crate) fn noted(mut self, note: &str) -> Self {
        self.kyverno = format!("{} ({note})", self.kyverno);
        self.reason = match self.reason.is_empty() {
            true => note.to_owned(),
            false => format!("{}; {note}", self.reason),
        };
        self
    }

    /// The same as Kyverno tells it of an element of a loop.
    pub(crate) fn of_an_element(mut self) -> Self {
        self.kyverno = format!("validation failure: {}", self.kyverno);
        self
    }
}

impl From<String> for Says {
    fn from(reason: String) -> Self {
        Self::new(None, reason.clone(), reason)
    }
}

impl From<&str> for Says {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// As Kyverno words it.
impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kyverno)
    }
}

/// What one rule said about one resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The resource satisfies the rule.
    Pass,
    /// It does not.
    Fail {
        /// Why.
        says: Says,
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
        says: Says,
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

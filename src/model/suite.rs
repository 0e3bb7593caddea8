//! Fixture suites, after they were run.

use super::place::Place;
use serde::{Deserialize, Serialize};

/// One test of a suite file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuiteRun {
    /// The suite's file, relative to the tree or the folder that was given.
    pub path: String,
    /// The test's own name.
    pub name: String,
    /// Why nothing was run.
    pub error: Option<String>,
    /// Where that error is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_place: Option<Place>,
    /// One result for each row, resource and rule.
    pub results: Vec<RowRun>,
    /// What the rows show of each rule.
    #[serde(default)]
    pub coverage: Vec<RuleCoverage>,
}

/// One row on one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowRun {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// Kind of the resource.
    pub kind: String,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its name.
    pub resource: String,
    /// What the row expects.
    pub expected: String,
    /// What the engine computed, without looking at `expected`.
    pub actual: Option<String>,
    /// How it came out.
    pub status: RowStatus,
    /// Why it is not as expected, or what the rule said.
    pub why: Option<String>,
    /// Of a mismatch, the value on which it rests. It may be secret, and leaves no worker.
    #[serde(skip)]
    pub rests_on: Option<String>,
    /// The row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// How a row came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowStatus {
    /// As expected.
    Ok,
    /// Not as expected, or never exercised.
    Mismatch,
    /// It could not be evaluated.
    Error,
    /// The peer passes it without evaluating it; only in compat mode.
    Excluded,
}

/// How many rows show a rule passing, and failing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCoverage {
    /// The policy.
    pub policy: String,
    /// The rule as its author wrote it.
    pub rule: String,
    /// Rows that show a pass.
    pub passing: usize,
    /// Rows that show a failure.
    pub failing: usize,
}

impl RowRun {
    /// `policy/rule on Kind ns/name`.
    pub fn subject(&self) -> String {
        let namespace = if self.namespace.is_empty() {
            String::new()
        } else {
            format!("{}/", self.namespace)
        };
        format!(
            "{}/{} on {} {namespace}{}",
            self.policy, self.rule, self.kind, self.resource
        )
    }

    /// Why the row does not hold, for people.
    pub fn complaint(&self) -> String {
        match (&self.why, &self.actual) {
            (Some(why), _) => why.clone(),
            (None, Some(actual)) => format!("expected {}, got {actual}", self.expected),
            (None, None) => format!("expected {}, got nothing", self.expected),
        }
    }
}

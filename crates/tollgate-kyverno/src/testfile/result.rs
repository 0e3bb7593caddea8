//! What a suite came to, as plain data, and its JSON form.

use super::fault::SuiteError;
use serde::Serialize;
use tollgate_yaml::Span;

/// How a row came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowStatus {
    /// The policy did what the row expects.
    Ok,
    /// It did something else, or the row asks about something that was never evaluated.
    Mismatch,
    /// Nobody knows what the policy does: it needs what is not supported yet.
    Error,
    /// Kyverno passes the row without evaluating it. Only in compat mode.
    Excluded,
}

/// One row for one resource and one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowResult {
    /// The policy as the row names it.
    pub policy: String,
    /// The rule that was evaluated; the rule as the row names it where none was.
    pub rule: String,
    /// Kind of the resource; as the row says where no resource was found.
    pub kind: String,
    /// Namespace of the resource; empty where it has none.
    pub namespace: String,
    /// Name of the resource.
    pub resource: String,
    /// What the row expects.
    pub expected: String,
    /// What the engine computed, without looking at `expected`: `pass`, `fail`, `warn`, `skip` or
    /// `error`; absent where there was nothing to compute.
    pub actual: Option<&'static str>,
    /// How it came out.
    pub status: RowStatus,
    /// Why it is not as expected, or what the rule said.
    pub why: Option<String>,
    /// Of a mismatch, the value on which it rests, as JSON: of the field that failed the rule, else the
    /// whole object.
    #[serde(skip)]
    pub rests_on: Option<String>,
    /// The row in the test file.
    #[serde(skip)]
    pub span: Span,
}

/// How often the rows of a suite saw a rule let something through and hold something up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The policy's name.
    pub policy: String,
    /// The rule as it is written; rows about rules that autogen made count for it.
    pub rule: String,
    /// Rows that expect `pass`, and got it.
    pub passing: usize,
    /// Rows that expect `fail` or `warn`, and got it.
    pub failing: usize,
    /// Where the rule stands.
    #[serde(skip)]
    pub span: Span,
}

/// One test: a document of a test file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuiteResult {
    /// The test file, relative to the tree.
    pub path: String,
    /// `metadata.name` of the test.
    pub name: String,
    /// Why nothing was run.
    #[serde(serialize_with = "message")]
    pub error: Option<SuiteError>,
    /// The rows in order.
    pub results: Vec<RowResult>,
    /// What the rows prove about each rule.
    #[serde(skip)]
    pub coverage: Vec<Coverage>,
}

// Serde hands the field by reference, whatever its type.
#[allow(clippy::ref_option)]
fn message<S: serde::Serializer>(
    error: &Option<SuiteError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.serialize_str(&error.message),
        None => serializer.serialize_none(),
    }
}

/// The rows of many suites, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Suites that were run.
    pub suites: usize,
    /// Suites that could not be run.
    pub suite_errors: usize,
    /// Rows that are as expected.
    pub ok: usize,
    /// Rows that are not.
    pub mismatch: usize,
    /// Rows that could not be judged.
    pub error: usize,
    /// Rows that Kyverno passes without evaluating them.
    pub excluded: usize,
}

/// Everything that `test --format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestReport {
    /// The suites, by path.
    pub suites: Vec<SuiteResult>,
    /// The counts.
    pub summary: Summary,
}

impl TestReport {
    /// A report on suites, sorted by path; tests of one file keep their order.
    pub fn new(mut suites: Vec<SuiteResult>) -> Self {
        suites.sort_by(|one, other| one.path.cmp(&other.path));
        let mut summary = Summary::default();
        for suite in &suites {
            match suite.error {
                Some(_) => summary.suite_errors += 1,
                None => summary.suites += 1,
            }
            for row in &suite.results {
                match row.status {
                    RowStatus::Ok => summary.ok += 1,
                    RowStatus::Mismatch => summary.mismatch += 1,
                    RowStatus::Error => summary.error += 1,
                    RowStatus::Excluded => summary.excluded += 1,
                }
            }
        }
        Self { suites, summary }
    }
}

impl Summary {
    /// Whether every suite ran and no row differs or is in doubt.
    pub fn holds(&self) -> bool {
        self.suite_errors == 0 && self.mismatch == 0 && self.error == 0
    }
}

//! What a search depends on besides its expression and its data.

use chrono::{DateTime, Utc};

/// Whose rules an expression follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The JMESPath specification: a missing key is null, and only the specification's functions exist.
    Standard,
    /// kyverno/go-jmespath with Kyverno's functions: a missing key in a map is an error that some positions swallow.
    Kyverno,
}

/// The impure inputs of an evaluation: the clock, the seed of `random`, and budgets.
#[derive(Clone, Copy, Debug)]
pub struct Runtime {
    /// What `time_now`, `time_now_utc` and an open-ended `time_since` take for now.
    pub now: DateTime<Utc>,
    /// What `random` derives its text from, together with its pattern and the number of calls before it.
    pub seed: u64,
    /// How much one search may take.
    pub limits: Limits,
}

impl Runtime {
    /// A runtime with default budgets.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            seed: 0,
            limits: Limits::default(),
        }
    }
}

/// How much one search may take. The defaults keep a hostile expression under a second and 200 MB.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nodes evaluated, elements collected and compared, and values printed, all together.
    pub steps: usize,
    /// Bytes of text made.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 1_000_000,
            bytes: 16 << 20,
        }
    }
}

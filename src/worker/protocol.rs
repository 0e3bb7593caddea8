//! What the child says to the parent, one JSON value a line.

use crate::model::Step;
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line<A> {
    /// A step began or ended.
    Step(Step),
    /// The answer; the last line.
    Answer(A),
    /// The child cannot work here, and why; the last line.
    Unable(String),
    /// A defect of this program; the last line.
    Panic(String),
}

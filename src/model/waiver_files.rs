//! The files with exceptions and with the baseline, beyond what they waive: what is wrong with them,
//! and what a change does to them.

use super::{place::Place, waiver::ExceptionFacts};
use serde::{Deserialize, Serialize};

/// Both files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverFiles {
    /// The file with exceptions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: ExceptionsFile,
    /// The file with the baseline.
    #[serde(default, skip_serializing_if = "is_default")]
    pub baseline: BaselineFile,
}

/// The file with exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionsFile {
    /// What is wrong with BASE's. Where anything is, none of its exceptions holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<FileMistake>,
    /// HEAD's; `None` where it is BASE's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadExceptions>,
}

/// HEAD's exceptions, where they are others than BASE's. They hold from the next change on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadExceptions {
    /// The file, by HEAD's configuration.
    pub path: String,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<FileMistake>,
    /// Its exceptions; none where something is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionFacts>,
}

/// The file with the baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineFile {
    /// What is wrong with BASE's. Where anything is, nothing in it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<FileMistake>,
    /// HEAD's; `None` where it is BASE's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadBaseline>,
}

/// HEAD's baseline, where it is another than BASE's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadBaseline {
    /// The file, by HEAD's configuration.
    pub path: String,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<FileMistake>,
    /// What BASE has to compare it with.
    pub before: BaselineBefore,
    /// The findings that BASE's does not hold, by rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<AddedFindings>,
}

/// The baseline of BASE, as something that another one is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineBefore {
    /// There is none: HEAD's is the first one.
    None,
    /// There is one that cannot be read, so nobody knows what it held.
    Unreadable,
    /// There is one.
    Known,
}

/// Findings of one rule that a baseline gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedFindings {
    /// The rule.
    pub rule: String,
    /// How many.
    pub count: usize,
    /// What the first of them is about.
    pub first: String,
    /// Where the first of them stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMistake {
    /// What.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl WaiverFiles {
    /// Whether nothing is wrong and nothing changes.
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

//! Decisions that findings do not hold a change: exceptions and the baseline of BASE, and the files
//! of a change that ask for an emergency override.

use super::{facts::Edit, place::Place};
use serde::{Deserialize, Serialize};

/// Gates of which BASE can except single findings. What does not render cannot be judged at all; who
/// must agree, what the rules are and how the forge protects them is for the configuration to say.
pub const EXCEPTABLE: &[&str] = &[
    "schemas",
    "policies",
    "secrets",
    "policy-tests",
    "argocd",
    "images",
];

/// Gates of which a baseline can know findings: those that say the same of a thing whether it is new or
/// not. A Secret's values hold the change that brings them and no other, so that one which is known
/// would only let new ones in.
pub const BASELINED: &[&str] = &["schemas", "policies", "policy-tests", "argocd", "images"];

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverFacts {
    /// The exceptions of BASE, in the order of their file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionFacts>,
    /// The findings of BASE's baseline, sorted by fingerprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline: Vec<BaselineFacts>,
    /// Every file of HEAD at the place where overrides are asked for, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<OverrideFacts>,
}

impl WaiverFacts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An exception: one rule does not hold for one subject until a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionFacts {
    /// Its name, unique in its file.
    pub id: String,
    /// The rule as findings name it: `policies/require-run-as-nonroot`.
    pub rule: String,
    /// What it is for.
    pub subject: ExceptionSubject,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The first second, since 1970, in which it does not hold any more.
    pub expires: u64,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What an exception is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionSubject {
    /// A finding's subject, to the letter.
    Exactly(String),
    /// Resources.
    Resource {
        /// The environment that would receive them; `None`: any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// Their kind.
        kind: String,
        /// Their namespace; `None`: any, or none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// Their name, in which `*` stands for any characters: generated names end with a hash.
        name: String,
    },
}

/// A finding that was there when the repository took the gate in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaselineFacts {
    /// The finding's fingerprint.
    pub fingerprint: String,
    /// Its rule.
    pub rule: String,
    /// Its subject, for people.
    pub subject: String,
    /// Its message, for people.
    pub message: String,
}

/// A file of HEAD that asks for an emergency override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideFacts {
    /// The file.
    pub path: String,
    /// What the change does to it; `None` where BASE has the same file. Only the change that brings
    /// or changes a file can be let through by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// What it asks for; `None` where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<OverrideRequest>,
    /// Every mistake in it: message, what to do, place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<OverrideMistake>,
}

/// What an override asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideRequest {
    /// The demands that it waives, by the names that `override.may_waive` has.
    pub rules: Vec<String>,
    /// The environments for which it waives them.
    pub environments: Vec<String>,
    /// The incident, by the name it has where incidents are kept.
    pub ticket: String,
    /// Why it cannot wait.
    pub reason: String,
    /// How the change is taken back.
    pub rollback: String,
    /// The first second, since 1970, in which it does not hold any more.
    pub expires: u64,
    /// Where its ticket stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Where its expiry stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_place: Option<Place>,
}

/// A mistake in a file that asks for an override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideMistake {
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

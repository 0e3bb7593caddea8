//! One thing that a reviewer should know, and the places that show it.

mod subject;

use crate::model::Place;
use serde::{Deserialize, Serialize};
pub use subject::{NO_ENVIRONMENT, Subject};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Should be mended; does not hold the change.
    Warn,
    /// Holds the change.
    Deny,
}

/// A place and what to say there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What.
    pub text: String,
}

/// Whether a finding weighs what its level says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It does.
    #[default]
    Stands,
    /// Somebody has decided that it does not hold the change. It is shown nevertheless.
    Waived(Waiver),
}

/// A decision that a finding does not hold the change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiver {
    /// What kind of decision.
    pub by: WaivedBy,
    /// Its name: the exception's id, the override's ticket; empty for the baseline.
    pub id: String,
    /// Why, in the words of those who decided.
    pub reason: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it ends, in seconds since 1970; `None` for the baseline, which ends by being mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The kinds of decision that a finding does not hold a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaivedBy {
    /// It was there when the repository took the gate in.
    Baseline,
    /// An exception of BASE.
    Exception,
    /// An emergency override.
    Override,
    /// Nobody: BASE has the same finding, so it is not this change's.
    Known,
}

/// One thing that a reviewer should know. Owned, and the first label is its primary one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// `gate/rule`: `renders/failed`, `policies/require-run-as-nonroot`. The first part is a gate's
    /// id; the second is a rule of the gate's page or, for `policies`, a policy's name.
    pub rule: String,
    /// How much it weighs.
    pub level: Level,
    /// One lower-case clause, no full stop.
    pub message: String,
    /// What it is about. Its name is part of the fingerprint; lines are not.
    #[serde(flatten)]
    pub subject: Subject,
    /// Places, the line to edit first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether it counts.
    #[serde(default, skip_serializing_if = "Disposition::stands")]
    pub disposition: Disposition,
    /// What it has in common with others that say the same in other words: reports for people tell
    /// them as one, with their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl Disposition {
    /// Whether nobody has waived the finding.
    pub fn stands(&self) -> bool {
        matches!(self, Self::Stands)
    }
}

impl Finding {
    /// A finding about a subject, without places or help yet.
    pub fn new(
        level: Level,
        rule: impl Into<String>,
        subject: impl Into<Subject>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            level,
            message: message.into(),
            subject: subject.into(),
            labels: Vec::new(),
            help: None,
            disposition: Disposition::Stands,
            cause: None,
        }
    }

    /// The same finding with one more place, if there is one.
    #[must_use]
    pub fn label(mut self, place: Option<&Place>, text: impl Into<String>) -> Self {
        if let Some(place) = place {
            self.labels.push(Label {
                place: place.clone(),
                text: text.into(),
            });
        }
        self
    }

    /// The same finding as one of many that have a cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same finding with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it holds the change.
    pub fn holds(&self) -> bool {
        self.level == Level::Deny && self.disposition.stands()
    }

    /// Who decided that it does not hold the change, and why.
    pub fn waiver(&self) -> Option<&Waiver> {
        match &self.disposition {
            Disposition::Stands => None,
            Disposition::Waived(waiver) => Some(waiver),
        }
    }

    /// Whether BASE has it too, and it does not hold the change for that.
    pub fn is_known(&self) -> bool {
        self.waiver().is_some_and(|it| it.by == WaivedBy::Known)
    }

    /// Same finding, same fingerprint, however its lines move: SHA-256 over rule and subject and
    /// message, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        crate::model::digest(
            format!("{}\0{}\0{}", self.rule, self.subject, self.message).as_bytes(),
        )
    }
}

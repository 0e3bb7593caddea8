//! Who has decided that a finding does not hold the change: an exception of BASE, or BASE's baseline.
//!
//! Pure. A waiver takes nothing out of a report: the finding stays, and says who waived it, why and
//! until when. What could not be judged is no finding, and nothing waives it.
//!
//! Source: threat row A2.

mod baseline;
mod exceptions;

pub use exceptions::covers;

use crate::{
    finding::{Disposition, Finding, Level, Waiver},
    model::{Facts, WaiverFacts},
};
use std::collections::BTreeSet;

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

/// Everybody who may waive a finding of one change.
pub struct Waivers<'a> {
    facts: &'a WaiverFacts,
    baseline: BTreeSet<&'a str>,
    now: u64,
}

impl<'a> Waivers<'a> {
    /// The waivers that hold for a change.
    pub fn new(facts: &'a Facts) -> Self {
        Self {
            facts: &facts.waivers,
            baseline: baseline::fingerprints(&facts.waivers.baseline),
            now: facts.now,
        }
    }

    /// Mark the findings that somebody has waived.
    pub fn apply(&self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|it| it.level > Level::Note) {
            if let Some(waiver) = self.waiver(finding) {
                finding.disposition = Disposition::Waived(waiver);
            }
        }
    }

    fn waiver(&self, finding: &Finding) -> Option<Waiver> {
        let (gate, _) = finding.rule.split_once('/')?;
        if !EXCEPTABLE.contains(&gate) {
            return None;
        }
        exceptions::waiver(&self.facts.exceptions, finding, self.now)
            .or_else(|| baseline::waiver(&self.baseline, finding))
    }
}

#[cfg(test)]
mod tests;

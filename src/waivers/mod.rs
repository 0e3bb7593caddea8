//! Who has decided that a finding does not hold the change: an exception of BASE, BASE's baseline, or
//! an emergency override.
//!
//! Pure. A waiver takes nothing out of a report: the finding stays, and says who waived it, why and
//! until when. What could not be judged is no finding, and nothing waives it.
//!
//! Source: threat row A2.

mod baseline;
mod emergency;
mod exceptions;

pub use crate::model::{BASELINED, EXCEPTABLE};
pub use emergency::{Override, State, overrides};
pub use exceptions::{LONGEST_DAYS, covers, is_like, is_within, latest_expiry};

use crate::{
    config::Config,
    finding::{Disposition, Finding, Level, Waiver},
    model::{Facts, WaiverFacts, utc},
};
use emergency::Emergency;
use std::collections::BTreeSet;

/// Everybody who may waive a finding of one change.
pub struct Waivers<'a> {
    facts: &'a WaiverFacts,
    baseline: BTreeSet<&'a str>,
    /// Those that are in force.
    overrides: Vec<Emergency<'a>>,
    now: u64,
}

impl<'a> Waivers<'a> {
    /// The waivers that hold for a change under BASE's configuration.
    pub fn new(facts: &'a Facts, config: &'a Config) -> Self {
        Self {
            facts: &facts.waivers,
            baseline: baseline::fingerprints(&facts.waivers.baseline),
            overrides: emergency::in_force(facts, config),
            now: facts.now,
        }
    }

    /// Mark the findings that somebody has waived.
    pub fn apply(&self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|it| it.level > Level::Note) {
            // What does not hold the change anyway needs no emergency.
            let waiver = match finding.waiver() {
                Some(_) => self.standing(finding),
                None => self.waiver(finding),
            };
            match waiver {
                Some(waiver) => finding.disposition = Disposition::Waived(waiver),
                None => self.tell_what_ran_out(finding),
            }
        }
    }

    /// Whoever relied on an exception is told that it has run out.
    fn tell_what_ran_out(&self, finding: &mut Finding) {
        let gone = exceptions::ran_out(&self.facts.exceptions, finding, self.now);
        let Some(gone) = gone else {
            return;
        };
        let told = format!(
            "exception `{}` of {} ran out on {}",
            gone.id,
            gone.owner,
            utc(gone.expires)
        );
        finding.help = Some(match finding.help.take() {
            Some(help) => format!("{told}; {help}"),
            None => told,
        });
    }

    /// The emergency is asked last: what is waived anyway does not need it.
    fn waiver(&self, finding: &Finding) -> Option<Waiver> {
        let mut overrides = self.overrides.iter();
        self.standing(finding)
            .or_else(|| overrides.find_map(|it| it.waiver(finding)))
    }

    /// What BASE waives.
    fn standing(&self, finding: &Finding) -> Option<Waiver> {
        let (gate, _) = finding.rule.split_once('/')?;
        if !EXCEPTABLE.contains(&gate) {
            return None;
        }
        let exception = exceptions::waiver(&self.facts.exceptions, finding, self.now);
        exception.or_else(|| {
            let known = baseline::waiver(&self.baseline, finding);
            known.filter(|_| BASELINED.contains(&gate))
        })
    }

    /// A note for each override that is in force and waived none of all findings.
    pub fn unneeded<'f>(
        &self,
        findings: impl Iterator<Item = &'f Finding> + Clone,
    ) -> Vec<Finding> {
        let overrides = self.overrides.iter();
        overrides
            .filter_map(|it| it.unneeded(findings.clone().filter_map(Finding::waiver)))
            .collect()
    }
}

#[cfg(test)]
mod tests;

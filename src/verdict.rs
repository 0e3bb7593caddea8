//! From what gates found to one decision. Pure: the same records give the same verdict.

use crate::{
    finding::{Finding, WaivedBy, Waiver},
    gates::{Cause, Examined, Unsure},
    model::{Change, WorkerFault},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// May the change reach the environment?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Every required gate passed.
    Admit,
    /// An emergency override waives what would hold the change, and nothing else does. The change
    /// may go on, and everybody is told why.
    Override,
    /// A gate found what holds the change.
    Refuse,
    /// A gate could not judge. Holds the change exactly as a refusal does, but says so.
    Undecided,
}

impl Decision {
    /// Whether the change may go on.
    pub fn admits(self) -> bool {
        matches!(self, Self::Admit | Self::Override)
    }
}

/// What a gate comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// It looked and found nothing that holds the change.
    Pass,
    /// There was nothing to look at, and it says why.
    Nothing,
    /// It found what holds the change.
    Fail,
    /// It could not judge.
    Unsure,
}

/// One gate's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    /// The gate's id.
    pub gate: String,
    /// The gate's promise.
    pub title: String,
    /// What it comes to.
    pub state: GateState,
    /// What it examined and found.
    pub examined: Examined,
}

/// The verdict, with everything that led to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Every gate, in the registry's order.
    pub gates: Vec<GateRecord>,
    /// Where the worker ended early.
    pub faults: Vec<WorkerFault>,
    /// What was judged.
    pub change: ChangeSummary,
}

/// What was judged, for reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSummary {
    /// BASE as the user named it, with its commit.
    pub base: String,
    /// HEAD as the user named it, with its commit.
    pub head: String,
    /// Number of files that differ.
    pub files: usize,
    /// Environments with what they would receive.
    pub environments: Vec<EnvironmentSummary>,
}

/// What one environment would receive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentSummary {
    /// Its name.
    pub name: String,
    /// `audit`, `enforce` or `strict`.
    pub enforcement: String,
    /// Overlays in HEAD.
    pub overlays: usize,
    /// Overlays of HEAD that do not render.
    #[serde(default)]
    pub failed_overlays: usize,
    /// Overlays whose output differs, as far as they render.
    pub changed_overlays: usize,
    /// Resources that are new or differ.
    pub changed_resources: usize,
    /// Resources that are gone.
    pub removed_resources: usize,
}

impl Verdict {
    /// Weigh every gate's record. What gates found comes out in one order, in whichever they found
    /// it.
    pub fn weigh(
        records: Vec<(String, String, Examined)>,
        mut faults: Vec<WorkerFault>,
        change: ChangeSummary,
    ) -> Self {
        faults.sort_by(|a, b| (&a.why, &a.on).cmp(&(&b.why, &b.on)));
        let gates: Vec<GateRecord> = records
            .into_iter()
            .map(|(gate, title, mut examined)| {
                if examined.subjects.is_empty()
                    && examined.nothing.is_none()
                    && examined.unsure.is_empty()
                {
                    examined.unsure.push(examined_nothing(&gate));
                }
                sort(&mut examined);
                let state = state(&examined);
                GateRecord {
                    gate,
                    title,
                    state,
                    examined,
                }
            })
            .collect();
        // A refusal is certain knowledge; it outranks not knowing.
        let decision = if gates.iter().any(|it| holds(&it.examined)) {
            Decision::Refuse
        } else if gates.is_empty()
            || !faults.is_empty()
            || gates.iter().any(|it| !it.examined.unsure.is_empty())
        {
            Decision::Undecided
        } else if overrides(&gates).next().is_some() {
            Decision::Override
        } else {
            Decision::Admit
        };
        Self {
            decision,
            gates,
            faults,
            change,
        }
    }

    /// The emergency overrides that waived a finding, each once.
    pub fn overrides(&self) -> BTreeSet<&Waiver> {
        overrides(&self.gates).collect()
    }

    /// Every finding, gate by gate.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.gates.iter().flat_map(|it| &it.examined.findings)
    }

    /// Everything that could not be judged, gate by gate.
    pub fn unsure(&self) -> impl Iterator<Item = &Unsure> {
        self.gates.iter().flat_map(|it| &it.examined.unsure)
    }

    /// Number of checks made.
    pub fn checks(&self) -> usize {
        let subjects = self.gates.iter().flat_map(|it| &it.examined.subjects);
        subjects.map(|it| it.checks).sum()
    }
}

impl Change {
    /// `origin/main (1a2b3c4)`.
    pub fn describe(revision: &crate::model::RevisionFacts) -> String {
        match &revision.commit {
            Some(commit) if !revision.name.starts_with(commit.as_str()) => {
                format!("{} ({})", revision.name, commit.get(..10).unwrap_or(commit))
            }
            _ => revision.name.clone(),
        }
    }
}

/// What weighs most first, then by rule and subject.
fn sort(examined: &mut Examined) {
    examined
        .findings
        .sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
    examined
        .subjects
        .sort_by(|a, b| (&a.name, a.checks).cmp(&(&b.name, b.checks)));
    examined
        .unsure
        .sort_by(|a, b| (&a.subject, &a.why, &a.needs).cmp(&(&b.subject, &b.why, &b.needs)));
}

fn state(examined: &Examined) -> GateState {
    if holds(examined) {
        GateState::Fail
    } else if !examined.unsure.is_empty() {
        GateState::Unsure
    } else if examined.subjects.is_empty() {
        GateState::Nothing
    } else {
        GateState::Pass
    }
}

fn overrides(gates: &[GateRecord]) -> impl Iterator<Item = &Waiver> {
    let findings = gates.iter().flat_map(|it| &it.examined.findings);
    let waivers = findings.filter_map(Finding::waiver);
    waivers.filter(|it| it.by == WaivedBy::Override)
}

fn holds(examined: &Examined) -> bool {
    examined.findings.iter().any(Finding::holds)
}

fn examined_nothing(gate: &str) -> Unsure {
    Unsure {
        subject: gate.to_owned(),
        why: "the gate examined nothing and does not say why".to_owned(),
        needs: "report this: it is a defect of the gate".to_owned(),
        cause: Cause::Nothing,
    }
}

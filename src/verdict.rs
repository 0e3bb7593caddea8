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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// Their paths in HEAD. Reports name those that they have something to say about.
    #[serde(skip)]
    pub paths: BTreeSet<String>,
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
        .sort_by(|a, b| (&a.subject, a.checks).cmp(&(&b.subject, b.checks)));
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
        subject: gate.into(),
        why: "the gate examined nothing and does not say why".to_owned(),
        needs: "report this: it is a defect of the gate".to_owned(),
        cause: Cause::Nothing,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        finding::{Disposition, Level},
        gates::Checked,
    };

    pub(crate) fn finding(level: Level) -> Finding {
        Finding::new(level, "policies/a", "s", "m")
    }

    pub(crate) fn waived(by: WaivedBy) -> Finding {
        let waiver = Waiver {
            by,
            id: "x".to_owned(),
            reason: "it has to be".to_owned(),
            owner: None,
            until: None,
            place: None,
        };
        Finding {
            disposition: Disposition::Waived(waiver),
            ..finding(Level::Deny)
        }
    }

    pub(crate) fn unsure(cause: Cause) -> Unsure {
        Unsure {
            subject: "s".into(),
            why: "nobody knows".to_owned(),
            needs: "somebody".to_owned(),
            cause,
        }
    }

    /// A gate that looked at something and found this.
    pub(crate) fn looked(findings: Vec<Finding>, unsure: Vec<Unsure>) -> Examined {
        Examined {
            subjects: vec![Checked {
                subject: "s".into(),
                checks: 1,
            }],
            findings,
            unsure,
            nothing: None,
        }
    }

    pub(crate) fn nothing(why: Option<&str>) -> Examined {
        Examined {
            nothing: why.map(str::to_owned),
            ..Examined::default()
        }
    }

    pub(crate) fn weigh(records: Vec<Examined>, faults: Vec<WorkerFault>) -> Verdict {
        let named = records.into_iter().enumerate();
        let named = named.map(|(at, it)| (format!("gate-{at}"), "t".to_owned(), it));
        Verdict::weigh(named.collect(), faults, ChangeSummary::default())
    }

    #[test]
    fn a_gate_that_examined_nothing_and_does_not_say_why_leaves_the_verdict_undecided() {
        let verdict = weigh(
            vec![looked(Vec::new(), Vec::new()), nothing(None)],
            Vec::new(),
        );
        assert_eq!(verdict.decision, Decision::Undecided);
        assert_eq!(verdict.gates[1].state, GateState::Unsure);
        let told: Vec<&str> = verdict.unsure().map(|it| it.why.as_str()).collect();
        assert_eq!(told, ["the gate examined nothing and does not say why"]);
    }

    #[test]
    fn what_is_waived_hides_no_refusal_beside_it() {
        let refusal = || Finding {
            subject: "z, which sorts last".into(),
            ..finding(Level::Deny)
        };
        for by in [
            WaivedBy::Exception,
            WaivedBy::Baseline,
            WaivedBy::Override,
            WaivedBy::Known,
        ] {
            let record = looked(vec![waived(by), refusal(), waived(by)], Vec::new());
            let verdict = weigh(vec![record], Vec::new());
            assert_eq!(verdict.decision, Decision::Refuse, "{by:?}");
            assert_eq!(verdict.gates[0].state, GateState::Fail, "{by:?}");
        }
    }

    #[test]
    fn what_weighs_most_comes_first_then_by_subject() {
        let of = |level, subject: &str| Finding {
            subject: subject.into(),
            ..finding(level)
        };
        let found = vec![
            of(Level::Note, "a"),
            of(Level::Deny, "b"),
            of(Level::Warn, "c"),
            of(Level::Deny, "a"),
        ];
        let verdict = weigh(vec![looked(found, Vec::new())], Vec::new());
        let order: Vec<_> = verdict
            .findings()
            .map(|it| (it.level, it.subject.name()))
            .collect();
        assert_eq!(
            order,
            [
                (Level::Deny, "a"),
                (Level::Deny, "b"),
                (Level::Warn, "c"),
                (Level::Note, "a")
            ]
        );
    }

    #[test]
    fn a_verdict_of_no_gate_or_of_a_worker_that_died_admits_nothing() {
        assert_eq!(weigh(Vec::new(), Vec::new()).decision, Decision::Undecided);
        let fault = WorkerFault {
            on: vec!["prod".to_owned()],
            why: "it died".to_owned(),
        };
        let verdict = weigh(vec![looked(Vec::new(), Vec::new())], vec![fault]);
        assert_eq!(verdict.decision, Decision::Undecided);
    }

    #[test]
    fn the_state_of_a_gate_is_the_worst_that_it_has_to_say() {
        for (record, state) in [
            (looked(Vec::new(), Vec::new()), GateState::Pass),
            (
                looked(vec![finding(Level::Warn)], Vec::new()),
                GateState::Pass,
            ),
            (nothing(Some("none")), GateState::Nothing),
            (
                looked(vec![finding(Level::Deny)], vec![unsure(Cause::Facts)]),
                GateState::Fail,
            ),
            (
                looked(Vec::new(), vec![unsure(Cause::Facts)]),
                GateState::Unsure,
            ),
            (
                looked(vec![waived(WaivedBy::Baseline)], Vec::new()),
                GateState::Pass,
            ),
        ] {
            let shown = format!("{record:?}");
            assert_eq!(
                weigh(vec![record], Vec::new()).gates[0].state,
                state,
                "{shown}"
            );
        }
    }
}

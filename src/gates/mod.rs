//! The gates: pure judgements over [`Facts`]. Nothing here can reach disk, network or clock.
//!
//! One file and one page per gate. To add one: write `my_gate.rs` and `my_gate.md`, then add its
//! two lines below.

use crate::{
    config::{Config, KnownFindings, Loaded},
    finding::{Disposition, Finding, Level, Subject, WaivedBy, Waiver},
    model::{Facts, OverlayFacts, Place, Problem, ResourceKey},
};
pub use policies::rule_of_policy;
pub use protection::{Answer, Demand, demands};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod approvals;
mod control_plane;
mod policies;
mod policy_tests;
mod protection;
mod renders;
mod schemas;
mod secrets;

/// The gate that answers for overrides.
pub const CONTROL_PLANE: &str = "control-plane";

/// Every gate, in the order in which reports show them.
pub static GATES: &[&dyn Gate] = &[
    &renders::Renders,
    &schemas::Schemas,
    &policies::Policies,
    &secrets::Secrets,
    &policy_tests::PolicyTests,
    &control_plane::ControlPlane,
    &approvals::Approvals,
    &protection::Protection,
];

/// What a gate is, apart from what it does.
#[derive(Debug)]
pub struct Meta {
    /// As users write it: kebab-case, the file's own name.
    pub id: &'static str,
    /// The promise, as a clause that is true when the gate passes.
    pub title: &'static str,
    /// The rules that its findings carry behind `id/`; each has a section of the page. A rule
    /// `<policy>` stands for the names of the repository's own policies.
    pub rules: &'static [&'static str],
    /// Its page of the manual; `explain <id>` prints it.
    pub page: &'static str,
}

/// All that a gate can see.
#[derive(Clone, Copy)]
pub struct GateContext<'a> {
    /// What was established.
    pub facts: &'a Facts,
    /// BASE's configuration.
    pub config: &'a Config,
    /// The same with the places of its settings.
    settings: &'a Loaded,
}

impl<'a> GateContext<'a> {
    /// Facts under BASE's configuration.
    pub fn new(facts: &'a Facts, settings: &'a Loaded) -> Self {
        Self {
            facts,
            config: &settings.config,
            settings,
        }
    }

    /// The overlays by their paths.
    fn overlays(&self) -> BTreeMap<&'a str, &'a OverlayFacts> {
        let overlays = self.facts.overlays.iter();
        overlays.map(|it| (it.path.as_str(), it)).collect()
    }

    /// The place of a setting of `tollgate.yaml`, or of the nearest setting around it.
    fn place(&self, setting: &str) -> Option<&'a Place> {
        self.settings.place(setting)
    }

    /// Who says that a finding does not hold because BASE has it too; `None` where it does.
    fn known(&self, overlay: &OverlayFacts) -> Option<Disposition> {
        let environment = overlay.environment.as_deref();
        let environment = environment.and_then(|it| self.config.environment(it));
        let holds = environment.is_some_and(|it| it.known == KnownFindings::Hold);
        (!holds).then(known)
    }

    /// The same of what belongs to no environment: one that lets the old hold is enough.
    fn known_anywhere(&self) -> Option<Disposition> {
        let mut environments = self.config.environments.iter();
        let holds = environments.any(|it| it.known == KnownFindings::Hold);
        (!holds).then(known)
    }

    /// The line of `tollgate.yaml` that says how strictly an environment is judged.
    fn enforcement_place(&self, environment: &str) -> Option<&'a Place> {
        self.settings
            .place(&format!("environments.{environment}.enforcement"))
    }
}

/// BASE has the same finding.
fn known() -> Disposition {
    Disposition::Waived(Waiver {
        by: WaivedBy::Known,
        id: String::new(),
        reason: "it is there already, and the change does not touch what decides it".to_owned(),
        owner: None,
        until: None,
        place: None,
    })
}

/// What a gate looked at and what it found there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Examined {
    /// What was looked at, with the number of checks made on it.
    pub subjects: Vec<Checked>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Where no judgement could be reached. Holds the change; never waved through.
    pub unsure: Vec<Unsure>,
    /// Why there was nothing to look at. A gate that examined nothing and does not say why leaves
    /// the verdict undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing: Option<String>,
}

/// Something that a gate looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What it is; findings about it have the same subject.
    #[serde(rename = "name", serialize_with = "name")]
    pub subject: Subject,
    /// Number of checks made on it; at least one.
    pub checks: usize,
}

/// Only the name: what was checked is listed in full, and findings have the parts.
fn name<S: serde::Serializer>(subject: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(subject.name())
}

/// Why a judgement could not be reached, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// There was nothing to evaluate.
    Nothing,
    /// A limit was exceeded or the worker died.
    Limit,
    /// A fact could not be established.
    Facts,
}

/// A judgement that could not be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsure {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why, as one clause.
    pub why: String,
    /// What would mend it.
    pub needs: String,
    /// Which kind of reason.
    pub cause: Cause,
}

impl Examined {
    /// Number of findings of a level that nobody has waived.
    pub fn standing(&self, level: Level) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|it| it.level == level && it.disposition.stands())
            .count()
    }

    /// Number of findings that somebody has waived.
    pub fn waived(&self) -> usize {
        let findings = self.findings.iter();
        let waived = findings.filter(|it| !it.disposition.stands() && !it.is_known());
        waived.count()
    }

    /// Number of findings that BASE has too and that do not hold the change for that.
    pub fn known(&self) -> usize {
        self.findings.iter().filter(|it| it.is_known()).count()
    }

    fn examine(&mut self, subject: impl Into<Subject>, checks: usize) {
        let subject = subject.into();
        self.subjects.push(Checked { subject, checks });
    }
}

/// A judgement over facts. It cannot fail: what it cannot judge, it says it is unsure of.
pub trait Gate: Sync {
    /// What the gate is.
    fn meta(&self) -> &'static Meta;
    /// Judge.
    fn check(&self, cx: GateContext<'_>) -> Examined;
}

/// Take in what a gate was handed as a problem of the repository: it leaves the gate unsure, unless
/// BASE has the same one and the change does not touch it. Then it is a warning under `rule`.
fn problems(cx: GateContext<'_>, gate: &str, rule: &str, examined: &mut Examined) {
    for it in cx.facts.problems.iter().filter(|it| it.gate == gate) {
        if it.before {
            examined.findings.push(standing(it, rule));
        } else {
            examined.unsure.push(open_question(it));
        }
    }
}

/// A problem that nobody knows to be old.
fn open_question(it: &Problem) -> Unsure {
    Unsure {
        subject: Subject::from(&it.subject),
        why: match &it.place {
            Some(place) => format!("{} ({place})", it.message),
            None => it.message.clone(),
        },
        needs: it
            .help
            .clone()
            .unwrap_or_else(|| "mend the file that is named".to_owned()),
        cause: Cause::Facts,
    }
}

/// What cannot be read of BASE's rules and is mended by a change that brings nothing that they would
/// judge: then those who answer for the rules can say that it may go.
fn mended(cx: GateContext<'_>) -> Vec<(&str, &Problem)> {
    let overlays = &cx.facts.overlays;
    let rides = overlays.iter().any(OverlayFacts::differs_beyond_rules)
        || cx.facts.results.iter().any(|it| it.unread && !it.gap);
    let brings = overlays
        .iter()
        .any(|it| !it.changed().is_empty() || !it.removed().is_empty());
    let problems = cx.facts.problems.iter();
    problems
        .filter(|it| it.gate == "policies" && !it.before)
        .filter(|it| !(rides || it.hides_rules && brings))
        .filter_map(|it| Some((it.mended.as_deref()?, it)))
        .collect()
}

/// What a reader should know about the forge's answers, one note each.
fn forge_notes(cx: GateContext<'_>, rule: &str) -> Vec<Finding> {
    let forge = cx.facts.forge.iter();
    let notes = forge.flat_map(|it| it.notes.iter().map(|note| (&it.forge, note)));
    notes
        .map(|(forge, note)| {
            let subject = format!("answers of {forge}");
            Finding::new(Level::Note, rule, subject, note)
        })
        .collect()
}

/// Facts about an overlay that the facts do not list can only be damaged.
fn unknown_overlay(what: &str, overlay: &str) -> Unsure {
    Unsure {
        subject: overlay.into(),
        why: format!("a {what} result names an overlay that the facts do not list"),
        needs: "gather the facts again".to_owned(),
        cause: Cause::Facts,
    }
}

/// A resource that an overlay renders.
fn subject(overlay: &OverlayFacts, resource: &ResourceKey) -> Subject {
    Subject::rendered(overlay.environment.as_deref(), &overlay.path, resource)
}

fn standing(problem: &Problem, rule: &str) -> Finding {
    let message = format!("before and after this change: {}", problem.message);
    let mut finding = Finding::new(Level::Warn, rule, &problem.subject, message)
        .label(problem.place.as_ref(), "here");
    finding.help.clone_from(&problem.help);
    finding
}

/// A gate's whole page, or the section of one of its rules. A gate whose rules are the
/// repository's own policies answers for every name with the section on them.
pub fn page(id: &str) -> Option<&'static str> {
    let (gate, rule) = id
        .split_once('/')
        .map_or((id, None), |(gate, rule)| (gate, Some(rule)));
    let meta = GATES.iter().map(|it| it.meta()).find(|it| it.id == gate)?;
    let Some(rule) = rule else {
        return Some(meta.page);
    };
    let heading = meta
        .rules
        .iter()
        .find(|it| **it == rule)
        .or_else(|| meta.rules.iter().find(|it| it.starts_with('<')))?;
    section(meta.page, &format!("### {gate}/{heading}"))
}

fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let start = page.lines().scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let mut from = None;
    for (at, line) in start {
        match from {
            None if line == heading => from = Some(at),
            Some(from) if line.starts_with("### ") || line.starts_with("## ") => {
                return page.get(from..at);
            }
            _ => {}
        }
    }
    page.get(from?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_a_finding_can_carry_has_a_page() {
        for meta in GATES.iter().map(|it| it.meta()) {
            for rule in meta.rules {
                let id = format!("{}/{rule}", meta.id);
                let text = page(&id).unwrap_or_else(|| panic!("{id} has no section"));
                assert!(text.lines().count() > 2, "{id} says nothing");
            }
        }
        assert!(
            page("policies/disallow-latest-tag").is_some(),
            "a repository's own policy"
        );
        assert!(page("renders/no-such-rule").is_none());
    }
}

//! JUnit XML: one suite per gate, one case per thing that the gate examined, passes included.

use super::{Report, Reporter, escape, gist};
use crate::{
    finding::Finding,
    gates::Examined,
    verdict::{Decision, GateRecord, GateState, Verdict},
};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Junit;

impl Reporter for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn purpose(&self) -> &'static str {
        "test tabs: a case for each thing examined"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let verdict = report.verdict;
        let texts = Texts::of(verdict);
        let mut document = quick_junit::Report::new("tollgate");
        for record in &verdict.gates {
            let mut suite = suite(&texts, record);
            suite.add_property(Property::new("decision", gist::id(verdict.decision)));
            suite.add_property(Property::new("exit code", report.exit_code.to_string()));
            // Its cases pass, and nothing else here says why.
            if verdict.decision == Decision::Override {
                let sentence = texts.line(&gist::sentence(report));
                suite.add_property(Property::new("verdict", sentence));
            }
            document.add_test_suite(suite);
        }
        if !verdict.faults.is_empty() {
            let mut cases = Cases::new(&texts, "worker");
            for fault in &verdict.faults {
                cases.error(&fault.on.join(", "), &fault.why);
            }
            document.add_test_suite(cases.suite);
        }
        let text = document.to_string().map_err(io::Error::other)?;
        out.write_all(as_jenkins_reads_it(&text).as_bytes())
    }
}

/// `<testsuites>` has no `skipped` in the schema by which Jenkins reads reports, and refuses what has
/// more than that. Source: `jenkinsci/xunit-plugin` `junit-10.xsd`. The tag stands before all foreign text.
fn as_jenkins_reads_it(text: &str) -> String {
    let cut = || {
        let start = text.find("<testsuites ")?;
        let end = start + text.get(start..)?.find('>')?;
        let from = start + text.get(start..end)?.find(" skipped=\"")?;
        let value = from + " skipped=\"".len();
        let to = value + text.get(value..end)?.find('"')? + 1;
        Some(format!("{}{}", text.get(..from)?, text.get(to..)?))
    };
    cut().unwrap_or_else(|| text.to_owned())
}

/// Foreign text made safe, and short enough that the whole file is no flood.
struct Texts {
    limit: usize,
}

impl Texts {
    fn of(verdict: &Verdict) -> Self {
        let records = verdict.gates.iter().map(|it| &it.examined);
        Self {
            limit: escape::limit(records.flat_map(lengths)),
        }
    }

    fn line(&self, text: &str) -> String {
        escape::xml(text, self.limit)
    }

    fn describe(&self, finding: &Finding) -> String {
        let mut text = format!(
            "{}: {}",
            self.line(&finding.rule),
            self.line(&finding.message)
        );
        for label in &finding.labels {
            let place = self.line(&label.place.to_string());
            text.push_str(&format!("\n  at {place} ({})", self.line(&label.text)));
        }
        if let Some(waiver) = finding.waiver() {
            let by = self.line(&gist::waived_by(waiver));
            text.push_str(&format!("\n  waived by {by}"));
        }
        if let Some(help) = &finding.help {
            text.push_str(&format!("\n  help: {}", self.line(help)));
        }
        text
    }
}

/// The lengths of all texts that a suite shows; messages are shown twice.
fn lengths(examined: &Examined) -> impl Iterator<Item = usize> {
    let subjects = examined.subjects.iter().map(|it| it.subject.name().len());
    let findings = examined.findings.iter().flat_map(|it| {
        let labels = it
            .labels
            .iter()
            .flat_map(|it| [it.place.path.len(), it.text.len()]);
        let waiver = it.waiver().map(|it| gist::waived_by(it).len());
        let help = it.help.iter().map(String::len).chain(waiver);
        let own = [
            it.rule.len(),
            it.message.len(),
            it.message.len(),
            it.subject.name().len(),
        ];
        own.into_iter().chain(labels).chain(help)
    });
    let unsure = examined.unsure.iter();
    let unsure = unsure.flat_map(|it| [it.subject.name().len(), it.why.len() + it.needs.len()]);
    subjects.chain(findings).chain(unsure)
}

fn suite(texts: &Texts, record: &GateRecord) -> TestSuite {
    let mut cases = Cases::new(texts, &record.gate);
    let mut by_subject: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for subject in &record.examined.subjects {
        by_subject.entry(subject.subject.name()).or_default();
    }
    for finding in &record.examined.findings {
        by_subject
            .entry(finding.subject.name())
            .or_default()
            .push(finding);
    }
    for (subject, findings) in by_subject {
        cases.examined(subject, &findings);
    }
    for unsure in &record.examined.unsure {
        let why = format!("{}; needed: {}", unsure.why, unsure.needs);
        cases.error(unsure.subject.name(), &why);
    }
    if record.state == GateState::Nothing {
        cases.skipped(record.examined.nothing.as_deref().unwrap_or_default());
    }
    cases.suite
}

/// The cases of one suite.
struct Cases<'a> {
    texts: &'a Texts,
    class: String,
    /// Names, each with how many more wanted it: readers keep the first of two cases that are
    /// called alike.
    taken: BTreeMap<String, usize>,
    suite: TestSuite,
}

impl<'a> Cases<'a> {
    fn new(texts: &'a Texts, gate: &str) -> Self {
        let class = texts.line(gate);
        Self {
            suite: TestSuite::new(class.as_str()),
            texts,
            class,
            taken: BTreeMap::new(),
        }
    }

    /// A subject fails where a finding holds the change; other findings are told in its output.
    fn examined(&mut self, subject: &str, findings: &[&Finding]) {
        let texts = self.texts;
        let (deny, told): (Vec<&Finding>, Vec<&Finding>) =
            findings.iter().partition(|it| it.holds());
        let all = |list: &[&Finding]| {
            let lines: Vec<String> = list.iter().map(|it| texts.describe(it)).collect();
            lines.join("\n")
        };
        let status = match deny.first() {
            None => TestCaseStatus::success(),
            Some(first) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status
                    .set_type(texts.line(&first.rule))
                    .set_message(texts.line(&first.message))
                    .set_description(all(&deny));
                status
            }
        };
        let case = self.add(subject, "", status);
        if !told.is_empty() {
            case.set_system_out(all(&told));
        }
    }

    fn error(&mut self, subject: &str, why: &str) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_message(self.texts.line(why))
            .set_type("undecided");
        self.add(subject, " (undecided)", status);
    }

    fn skipped(&mut self, why: &str) {
        let mut status = TestCaseStatus::skipped();
        status.set_message(self.texts.line(why));
        self.add("nothing to examine", "", status);
    }

    /// A case under a name that no other has.
    fn add(&mut self, subject: &str, suffix: &str, status: TestCaseStatus) -> &mut TestCase {
        let wanted = format!("{}{suffix}", self.texts.line(subject));
        let mut name = wanted.clone();
        let mut n = self.taken.get(&wanted).copied().unwrap_or_default();
        while self.taken.contains_key(&name) {
            n += 1;
            name = format!("{wanted} ({})", n + 1);
        }
        self.taken.insert(wanted, n);
        self.taken.entry(name.clone()).or_default();
        let mut case = TestCase::new(name, status);
        case.set_classname(self.class.as_str());
        self.suite.add_test_case(case);
        let last = self.suite.test_cases.len() - 1;
        &mut self.suite.test_cases[last]
    }
}

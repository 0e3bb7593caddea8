//! JUnit XML: one suite per gate, one case per thing that the gate examined, passes included.

use super::{Report, Reporter, escape::xml};
use crate::{
    finding::{Finding, Level},
    verdict::{GateRecord, GateState},
};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Junit;

impl Reporter for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut document = quick_junit::Report::new("tollgate");
        for record in &report.verdict.gates {
            document.add_test_suite(suite(record));
        }
        if !report.verdict.faults.is_empty() {
            let mut suite = TestSuite::new("worker");
            for fault in &report.verdict.faults {
                suite.add_test_case(error_case("worker", &fault.on.join(", "), &fault.why));
            }
            document.add_test_suite(suite);
        }
        document.serialize(out).map_err(io::Error::other)
    }
}

fn suite(record: &GateRecord) -> TestSuite {
    let mut suite = TestSuite::new(xml(&record.gate));
    let mut by_subject: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &record.examined.findings {
        by_subject
            .entry(&finding.subject)
            .or_default()
            .push(finding);
    }
    for subject in &record.examined.subjects {
        let findings = by_subject.remove(subject.name.as_str()).unwrap_or_default();
        suite.add_test_case(case(&record.gate, &subject.name, &findings));
    }
    for (subject, findings) in by_subject {
        suite.add_test_case(case(&record.gate, subject, &findings));
    }
    for unsure in &record.examined.unsure {
        let why = format!("{}; needed: {}", unsure.why, unsure.needs);
        suite.add_test_case(error_case(&record.gate, &unsure.subject, &why));
    }
    if record.state == GateState::Nothing {
        let why = record.examined.nothing.as_deref().unwrap_or_default();
        let mut status = TestCaseStatus::skipped();
        status.set_message(xml(why));
        suite.add_test_case(named(&record.gate, "nothing to examine", status));
    }
    suite
}

/// A subject fails where a finding holds the change; other findings are told in its output.
fn case(gate: &str, subject: &str, findings: &[&Finding]) -> TestCase {
    let deny: Vec<&&Finding> = findings
        .iter()
        .filter(|it| it.level == Level::Deny)
        .collect();
    let status = match deny.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let texts: Vec<String> = deny.iter().map(|it| describe(it)).collect();
            status
                .set_type(xml(&first.rule))
                .set_message(xml(&first.message))
                .set_description(xml(&texts.join("\n")));
            status
        }
    };
    let mut case = named(gate, subject, status);
    let told: Vec<String> = findings
        .iter()
        .filter(|it| it.level != Level::Deny)
        .map(|it| describe(it))
        .collect();
    if !told.is_empty() {
        case.set_system_out(xml(&told.join("\n")));
    }
    case
}

fn error_case(gate: &str, subject: &str, why: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(xml(why)).set_type("undecided");
    named(gate, subject, status)
}

fn named(gate: &str, subject: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(xml(subject), status);
    case.set_classname(xml(gate));
    case
}

fn describe(finding: &Finding) -> String {
    let mut text = format!("{}: {}", finding.rule, finding.message);
    for label in &finding.labels {
        text.push_str(&format!("\n  at {} ({})", label.place, label.text));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\n  help: {help}"));
    }
    text
}

//! TAP 14: one test point for the verdict and one for each thing that a gate examined, failures
//! first. Source: testanything.org, "TAP 14 specification".

use super::{Report, Reporter, escape, gist};
use crate::{
    finding::Finding,
    verdict::{GateRecord, GateState, Verdict},
};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Tap;

/// Bytes of all test points, failures first: a flood must not fill a log.
const BYTES: usize = 8 * 1024 * 1024;

struct Point {
    ok: bool,
    /// Safe text.
    name: String,
    skip: Option<String>,
    /// Lines of the YAML block, each a JSON object.
    told: Vec<String>,
}

impl Reporter for Tap {
    fn name(&self) -> &'static str {
        "tap"
    }

    fn purpose(&self) -> &'static str {
        "TAP 14 harnesses"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut points = vec![Point {
            ok: report.verdict.decision.admits(),
            name: escape::tap(&gist::sentence(report)),
            skip: None,
            told: Vec::new(),
        }];
        points.extend(faults(report.verdict));
        for record in &report.verdict.gates {
            gate(record, &mut points);
        }
        // The verdict stays first.
        points[1..].sort_by_key(|it| it.ok);
        cut(&mut points);
        writeln!(out, "TAP version 14\n1..{}", points.len())?;
        for (at, point) in points.iter().enumerate() {
            write_point(at + 1, point, out)?;
        }
        Ok(())
    }
}

/// One point for those that the report has no room for; it fails if one of them does.
fn cut(points: &mut Vec<Point>) {
    let mut bytes = 0;
    let fits = points.iter().take_while(|it| {
        bytes += it.name.len() + it.told.iter().map(String::len).sum::<usize>();
        bytes <= BYTES
    });
    let left = points.split_off(fits.count());
    if !left.is_empty() {
        points.push(Point {
            ok: left.iter().all(|it| it.ok),
            name: format!("{} more: see the report in another format", left.len()),
            skip: None,
            told: Vec::new(),
        });
    }
}

fn write_point(number: usize, point: &Point, out: &mut dyn Write) -> io::Result<()> {
    let ok = if point.ok { "ok" } else { "not ok" };
    write!(out, "{ok} {number} - {}", point.name)?;
    if let Some(why) = &point.skip {
        write!(out, " # SKIP {why}")?;
    }
    writeln!(out)?;
    if !point.told.is_empty() {
        writeln!(out, "  ---\n  findings:")?;
        for line in &point.told {
            writeln!(out, "    - {line}")?;
        }
        writeln!(out, "  ...")?;
    }
    Ok(())
}

fn faults(verdict: &Verdict) -> impl Iterator<Item = Point> {
    verdict.faults.iter().map(|fault| Point {
        ok: false,
        name: format!("worker: {}", escape::tap(&fault.on.join(", "))),
        skip: None,
        told: vec![object(&json!({ "undecided": escape::yaml(&fault.why) }))],
    })
}

fn gate(record: &GateRecord, points: &mut Vec<Point>) {
    let mut by_subject: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &record.examined.findings {
        let findings = by_subject.entry(finding.subject.name()).or_default();
        findings.push(finding);
    }
    for subject in &record.examined.subjects {
        let findings = by_subject
            .remove(subject.subject.name())
            .unwrap_or_default();
        points.push(examined(&record.gate, subject.subject.name(), &findings));
    }
    for (subject, findings) in by_subject {
        points.push(examined(&record.gate, subject, &findings));
    }
    for unsure in &record.examined.unsure {
        points.push(Point {
            ok: false,
            name: name(&record.gate, unsure.subject.name()),
            skip: None,
            told: vec![object(&json!({
                "undecided": escape::yaml(&unsure.why),
                "needed": escape::yaml(&unsure.needs),
            }))],
        });
    }
    if record.state == GateState::Nothing {
        let why = record.examined.nothing.as_deref().unwrap_or_default();
        points.push(Point {
            ok: true,
            name: escape::tap(&record.gate),
            skip: Some(escape::tap(why)),
            told: Vec::new(),
        });
    }
}

fn examined(gate: &str, subject: &str, findings: &[&Finding]) -> Point {
    Point {
        ok: !findings.iter().any(|it| it.holds()),
        name: name(gate, subject),
        skip: None,
        told: findings.iter().map(|it| told(it)).collect(),
    }
}

fn name(gate: &str, subject: &str) -> String {
    format!("{}: {}", escape::tap(gate), escape::tap(subject))
}

fn told(finding: &Finding) -> String {
    let places = finding.labels.iter();
    let at: Vec<String> = places
        .map(|it| escape::yaml(&format!("{} ({})", it.place, it.text)))
        .collect();
    let mut told = json!({
        "rule": escape::yaml(&finding.rule),
        "level": finding.level,
        "message": escape::yaml(&finding.message),
        "at": at,
        "help": finding.help.as_deref().map(escape::yaml),
    });
    if let Some(waiver) = finding.waiver() {
        told["waived by"] = escape::yaml(&gist::waived_by(waiver)).into();
    }
    object(&told)
}

/// YAML 1.2 reads JSON; on one line nothing in it can end the block.
fn object(value: &serde_json::Value) -> String {
    escape::json(&value.to_string())
}

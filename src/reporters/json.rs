//! JSON, versioned: everything that the verdict holds.

use super::{Report, Reporter, escape};
use crate::{finding::Level, gates::Examined, verdict::Verdict};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, Write};

pub(super) struct Json;

/// The document. Fields are only ever added within a version.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: &'static str,
    tool_version: &'static str,
    exit_code: u8,
    counts: Counts,
    /// Among others the decision.
    #[serde(flatten)]
    verdict: &'a Verdict,
}

/// How much there is of everything; what is waived or known is in no other count.
#[derive(Serialize)]
struct Counts {
    checks: usize,
    deny: usize,
    warn: usize,
    note: usize,
    waived: usize,
    known: usize,
    undecided: usize,
}

impl Reporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn purpose(&self) -> &'static str {
        "programs: everything, versioned"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let verdict = report.verdict;
        let gates = || verdict.gates.iter().map(|it| &it.examined);
        let level = |level| gates().map(|it| it.standing(level)).sum();
        let mut document = serde_json::to_value(Document {
            version: 1,
            tool: env!("CARGO_PKG_NAME"),
            tool_version: env!("CARGO_PKG_VERSION"),
            exit_code: report.exit_code,
            counts: Counts {
                checks: verdict.checks(),
                deny: level(Level::Deny),
                warn: level(Level::Warn),
                note: level(Level::Note),
                waived: gates().map(Examined::waived).sum(),
                known: gates().map(Examined::known).sum(),
                undecided: verdict.unsure().count() + verdict.faults.len(),
            },
            verdict,
        })
        .map_err(io::Error::other)?;
        let mut lengths = Vec::new();
        each_text(&mut document, &mut |text| lengths.push(text.len()));
        let limit = escape::limit(lengths.into_iter());
        each_text(&mut document, &mut |text| {
            if let std::borrow::Cow::Owned(cut) = escape::cut(text, limit) {
                *text = cut;
            }
        });
        add_fingerprints(&mut document, verdict);
        let text = serde_json::to_string_pretty(&document).map_err(io::Error::other)?;
        writeln!(out, "{}", escape::json(&text))
    }
}

/// Every text of the document, but for keys, which are ours. The depth is that of the verdict's
/// own types.
fn each_text(value: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|it| each_text(it, visit)),
        Value::Object(fields) => fields.values_mut().for_each(|it| each_text(it, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Findings carry their fingerprint, by which tools follow them from run to run.
fn add_fingerprints(document: &mut Value, verdict: &Verdict) {
    for (gate, record) in verdict.gates.iter().enumerate() {
        for (at, finding) in record.examined.findings.iter().enumerate() {
            document["gates"][gate]["examined"]["findings"][at]["fingerprint"] =
                finding.fingerprint().into();
        }
    }
}

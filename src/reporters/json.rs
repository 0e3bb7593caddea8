//! JSON, versioned: everything that the verdict holds.

use super::{Report, Reporter, escape};
use crate::verdict::{Decision, Verdict};
use serde::Serialize;
use std::io::{self, Write};

pub(super) struct Json;

/// The document. Fields are only ever added within a version.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: &'static str,
    tool_version: &'static str,
    decision: Decision,
    exit_code: u8,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

impl Reporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut document = serde_json::to_value(Document {
            version: 1,
            tool: env!("CARGO_PKG_NAME"),
            tool_version: env!("CARGO_PKG_VERSION"),
            decision: report.verdict.decision,
            exit_code: report.exit_code,
            verdict: report.verdict,
        })
        .map_err(io::Error::other)?;
        add_fingerprints(&mut document, report.verdict);
        let text = serde_json::to_string_pretty(&document).map_err(io::Error::other)?;
        writeln!(out, "{}", escape::json(&text))
    }
}

/// Findings carry their fingerprint, by which tools follow them from run to run.
fn add_fingerprints(document: &mut serde_json::Value, verdict: &Verdict) {
    for (gate, record) in verdict.gates.iter().enumerate() {
        for (at, finding) in record.examined.findings.iter().enumerate() {
            document["gates"][gate]["examined"]["findings"][at]["fingerprint"] =
                finding.fingerprint().into();
        }
    }
}

//! SARIF 2.1.0, as GitHub code scanning and editors read it. Rules carry the gate's page, results a
//! fingerprint that no moved line changes. Text of the repository is never an embedded link.
//!
//! Limits are GitHub's ("SARIF support for code scanning"): 10 MB compressed, 5,000 results shown.

use super::{
    Report, Reporter,
    escape::{self, sarif as safe},
    gist::{self, Item, Weight},
};
use crate::{
    config,
    finding::Label,
    gates::{self, GATES},
    model::{Place, Side},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Sarif;

/// Results, the one that counts the others apart.
const RESULTS: usize = 4_999;
/// Bytes of all results before compression.
const BYTES: usize = 8 * 1024 * 1024;
/// The rule of the result that counts those left out; no gate is called so.
const MORE: &str = "report/more";

impl Reporter for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn purpose(&self) -> &'static str {
        "code scanning and editors"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut run = Run::default();
        run.add_all(&gist::items(report.verdict));
        let sentence = gist::sentence(report);
        let document = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "Tollgate",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": run.rules,
                }},
                "invocations": [{
                    "executionSuccessful": report.verdict.faults.is_empty(),
                    "exitCode": report.exit_code,
                    "exitCodeDescription": sentence,
                }],
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": { ROOT: { "description": { "text": "the root of the repository" } } },
                "results": run.results,
            }],
        });
        let text = serde_json::to_string_pretty(&document).map_err(io::Error::other)?;
        writeln!(out, "{}", escape::json(&text))
    }
}

const ROOT: &str = "%SRCROOT%";

#[derive(Default)]
struct Run {
    rules: Vec<Value>,
    by_id: BTreeMap<String, usize>,
    results: Vec<Value>,
    bytes: usize,
}

impl Run {
    fn add_all(&mut self, items: &[Item<'_>]) {
        let fingerprints = gist::fingerprints(items);
        for (at, (item, fingerprint)) in items.iter().zip(&fingerprints).enumerate() {
            let mut result = result(item, fingerprint);
            self.bytes += result.to_string().len();
            if at == RESULTS || self.bytes > BYTES {
                let left = items.get(at..).unwrap_or_default();
                self.add_more(left);
                return;
            }
            let id = escape::line(&item.finding.rule);
            result["ruleIndex"] = self.rule(&id, item).into();
            self.results.push(result);
        }
    }

    fn rule(&mut self, id: &str, item: &Item<'_>) -> usize {
        if let Some(index) = self.by_id.get(id) {
            return *index;
        }
        self.by_id.insert(id.to_owned(), self.rules.len());
        self.rules.push(rule(id, item));
        self.rules.len() - 1
    }

    /// One result for all that are left out; they weigh no more than the first of them.
    fn add_more(&mut self, left: &[Item<'_>]) {
        let text = format!("{} more: see the report in another format", left.len());
        let weight = left.first().map_or(Weight::Notes, |it| it.weight);
        self.results.push(json!({
            "ruleId": MORE,
            "ruleIndex": self.rules.len(),
            "level": level(weight),
            "message": { "text": text },
            "locations": [{ "physicalLocation": physical(None) }],
            "partialFingerprints": { "primaryLocationLineHash": MORE },
        }));
        let what = "this report has no room for everything that was found";
        self.rules.push(json!({
            "id": MORE,
            "shortDescription": { "text": what },
            "fullDescription": { "text": what },
            "help": { "text": "Write a report in another format, for example `--report json=tollgate.json`." },
        }));
    }
}

fn level(weight: Weight) -> &'static str {
    match weight {
        Weight::Refuses | Weight::Undecided => "error",
        Weight::Warns => "warning",
        Weight::Waived | Weight::Known | Weight::Notes => "note",
    }
}

/// The page is ours; the id of a policy's rule is the only foreign text.
fn rule(id: &str, item: &Item<'_>) -> Value {
    let meta = GATES.iter().map(|it| it.meta());
    let title = meta
        .into_iter()
        .find(|it| it.id == item.gate)
        .map_or("the process that reads the repository ends well", |it| {
            it.title
        });
    let page = match item.weight {
        Weight::Undecided => gates::page(item.gate),
        _ => gates::page(&item.finding.rule).or_else(|| gates::page(item.gate)),
    };
    let help = page.unwrap_or("What could not be decided holds the change.");
    json!({
        "id": id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": format!("The gate `{}` promises: {title}.", item.gate) },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": level(item.weight) },
        "properties": { "tags": ["gitops", item.gate] },
    })
}

fn result(item: &Item<'_>, fingerprint: &str) -> Value {
    let finding = &item.finding;
    let mut text = format!(
        "{}\nin {}",
        safe(&finding.message),
        safe(finding.subject.name())
    );
    let primary = item.place();
    let mut related = Vec::new();
    for label in &finding.labels {
        let at = related.len() + 1;
        // GitHub shows a related location where the message links to it.
        let base = match label.place.side {
            Side::Base => " in the base",
            Side::Head => "",
        };
        let what = safe(&label.text);
        if Some(&label.place) == primary {
            text.push_str(&format!("\n{what}"));
        } else {
            text.push_str(&format!("\n[here]({at}){base}: {what}"));
            related.push(related_location(at, label));
        }
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {}", safe(help)));
    }
    let waived = finding.waiver().map(gist::waived_by);
    if let Some(by) = &waived {
        text.push_str(&format!("\nwaived by {}", safe(by)));
    }
    let mut result = json!({
        "ruleId": escape::line(&finding.rule),
        "level": level(item.weight),
        "message": { "text": text },
        "locations": [{ "physicalLocation": physical(primary) }],
        "relatedLocations": related,
        // GitHub follows results by the second one alone.
        "partialFingerprints": {
            "tollgate/v1": fingerprint,
            "primaryLocationLineHash": fingerprint,
        },
        "properties": { "subject": escape::line(finding.subject.name()) },
    });
    if finding.is_known() {
        result["baselineState"] = "unchanged".into();
    }
    if let Some(by) = waived {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": safe(&by),
        }]);
    }
    result
}

fn related_location(id: usize, label: &Label) -> Value {
    json!({
        "id": id,
        "physicalLocation": physical(Some(&label.place)),
        "message": { "text": safe(&label.text) },
    })
}

/// A result must have a place: where no line is to blame, it is the configuration.
fn physical(place: Option<&Place>) -> Value {
    let found = place.and_then(|it| Some((it, escape::relative_uri(&it.path)?)));
    let Some((place, uri)) = found else {
        return json!({
            "artifactLocation": { "uri": config::FILE_NAME, "uriBaseId": ROOT },
            "region": { "startLine": 1 },
        });
    };
    let mut region = json!({ "startLine": place.line.max(1) });
    if place.end_column > place.column {
        region["startColumn"] = place.column.max(1).into();
        region["endLine"] = place.end_line.max(1).into();
        region["endColumn"] = place.end_column.into();
    }
    json!({
        "artifactLocation": { "uri": uri, "uriBaseId": ROOT },
        "region": region,
    })
}

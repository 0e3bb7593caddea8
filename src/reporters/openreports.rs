//! OpenReports: a `Report` for each environment and one for what concerns no single environment.
//! Source: `openreports/reports-api` `config/crd/openreports.io_reports.yaml`.

use super::{
    Report, Reporter, escape,
    gist::{self, Item, Weight, plural},
};
use crate::{
    finding::Subject,
    model::{ResourceKey, digest},
    verdict::{Decision, GateState, Verdict},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use tollgate_yaml::{Node, Origin, emit_documents};

pub(super) struct OpenReports;

/// Bytes of all results of one object: the API server takes objects of up to 1.5 MiB.
const BYTES: usize = 1_000_000;

impl Reporter for OpenReports {
    fn name(&self) -> &'static str {
        "openreports"
    }

    fn purpose(&self) -> &'static str {
        "the cluster: a report object for each environment"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut objects = objects(report, "openreports.io/v1alpha1", "Report");
        for object in &mut objects {
            object["source"] = SOURCE.into();
        }
        write_yaml(&objects, out)
    }
}

const SOURCE: &str = "tollgate";

/// One object for each environment, after one for what concerns no single environment.
pub(super) fn objects(report: &Report<'_>, api_version: &str, kind: &str) -> Vec<Value> {
    let items = gist::items(report.verdict);
    let environments = &report.verdict.change.environments;
    let names: BTreeSet<&str> = environments.iter().map(|it| it.name.as_str()).collect();
    let places = environments.iter().map(|it| Some(it.name.as_str()));
    std::iter::once(None)
        .chain(places)
        .map(|environment| {
            let mut results = Results::default();
            results.verdict(report);
            for item in &items {
                if place(&item.finding.subject, &names) == environment {
                    results.item(item);
                }
            }
            results.passes(report.verdict, &items, |it| {
                place(it, &names) == environment
            });
            if environment.is_none() {
                results.skips(report.verdict);
            }
            json!({
                "apiVersion": api_version,
                "kind": kind,
                "metadata": {
                    "name": object_name(environment),
                    "labels": { "app.kubernetes.io/managed-by": SOURCE },
                },
                "summary": results.summary(),
                "results": results.close(),
            })
        })
        .collect()
}

/// The environment in whose object a subject stands.
fn place<'a>(subject: &'a Subject, names: &BTreeSet<&str>) -> Option<&'a str> {
    subject.environment().filter(|it| names.contains(it))
}

/// Write objects as YAML documents.
pub(super) fn write_yaml(objects: &[Value], out: &mut dyn Write) -> io::Result<()> {
    let nodes = objects
        .iter()
        .map(|it| Node::from_json(it, Origin::Builtin));
    let nodes: Vec<Node> = nodes.collect();
    let text = emit_documents(&nodes).map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

/// A DNS-1123 name that no other environment has.
fn object_name(environment: Option<&str>) -> String {
    let Some(environment) = environment else {
        return SOURCE.to_owned();
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let kept: String = environment
        .chars()
        .take(40)
        .map(|c| if plain(c) { c } else { '-' })
        .collect();
    if kept == environment && !kept.is_empty() && !kept.ends_with('-') {
        return format!("{SOURCE}-{environment}");
    }
    let digest = digest(environment.as_bytes());
    let short = digest.get(..8).unwrap_or(&digest);
    format!("{SOURCE}-{}-{short}", kept.trim_matches('-'))
}

/// An `ObjectReference` of Kubernetes' core/v1. The namespace is the one that the manifest states.
fn reference(resource: &ResourceKey) -> Value {
    let mut reference = json!({
        "apiVersion": escape::yaml(&resource.api_version),
        "kind": escape::yaml(&resource.kind),
        "name": escape::yaml(&resource.name),
    });
    if let Some(namespace) = &resource.namespace {
        reference["namespace"] = escape::yaml(namespace).into();
    }
    reference
}

#[derive(Default)]
struct Results {
    shown: Vec<Value>,
    bytes: usize,
    /// Number of results that are left out.
    more: usize,
    /// What the first of them is: results come in the order of their weight.
    worst: Option<&'static str>,
    pass: usize,
    fail: usize,
    warn: usize,
    error: usize,
    skip: usize,
}

impl Results {
    fn push(&mut self, outcome: &'static str, mut result: Value) {
        match outcome {
            "fail" => self.fail += 1,
            "error" => self.error += 1,
            "warn" => self.warn += 1,
            "skip" => self.skip += 1,
            _ => self.pass += 1,
        }
        result["source"] = SOURCE.into();
        result["result"] = outcome.into();
        let bytes = result.to_string().len();
        if self.more > 0 || self.bytes + bytes > BYTES {
            self.more += 1;
            self.worst.get_or_insert(outcome);
            return;
        }
        self.bytes += bytes;
        self.shown.push(result);
    }

    fn verdict(&mut self, report: &Report<'_>) {
        let outcome = match report.verdict.decision {
            Decision::Admit => "pass",
            Decision::Override => "warn",
            Decision::Refuse => "fail",
            Decision::Undecided => "error",
        };
        let message = gist::sentence_with(report, escape::yaml);
        self.push(
            outcome,
            json!({ "policy": "verdict", "message": message, "scored": true }),
        );
    }

    fn item(&mut self, item: &Item<'_>) {
        let (outcome, severity) = match item.weight {
            Weight::Refuses => ("fail", "high"),
            Weight::Undecided => ("error", "high"),
            Weight::Warns => ("warn", "medium"),
            Weight::Waived | Weight::Known => ("skip", "info"),
            Weight::Notes => ("warn", "info"),
        };
        let finding = &item.finding;
        let mut properties = Map::new();
        properties.insert(
            "subject".to_owned(),
            escape::yaml(finding.subject.name()).into(),
        );
        properties.insert("fingerprint".to_owned(), item.fingerprint().into());
        if let Some(waiver) = finding.waiver() {
            let by = escape::yaml(&gist::waived_by(waiver));
            properties.insert("waivedBy".to_owned(), by.into());
        }
        for (at, label) in finding.labels.iter().enumerate() {
            let text = escape::yaml(&format!("{}: {}", label.place, label.text));
            properties.insert(format!("place{}", at + 1), text.into());
        }
        if let Some(help) = &finding.help {
            properties.insert("help".to_owned(), escape::yaml(help).into());
        }
        let mut result = json!({
            "category": item.gate,
            "policy": escape::yaml(&finding.rule),
            "message": escape::yaml(&finding.message),
            "severity": severity,
            "scored": item.weight.holds(),
            "properties": properties,
        });
        if let Some(resource) = finding.subject.resource() {
            result["resources"] = json!([reference(resource)]);
        }
        self.push(outcome, result);
    }

    /// What gates examined and found nothing on.
    fn passes(&mut self, verdict: &Verdict, items: &[Item<'_>], wanted: impl Fn(&Subject) -> bool) {
        let found: BTreeSet<(&str, &Subject)> = items
            .iter()
            .map(|it| (it.gate, &it.finding.subject))
            .collect();
        for record in &verdict.gates {
            for subject in &record.examined.subjects {
                if found.contains(&(&record.gate, &subject.subject)) || !wanted(&subject.subject) {
                    continue;
                }
                let name = escape::yaml(subject.subject.name());
                self.push(
                    "pass",
                    json!({
                        "category": record.gate,
                        "policy": record.gate,
                        "message": plural(subject.checks, "check"),
                        "scored": true,
                        "properties": { "subject": name },
                    }),
                );
            }
        }
    }

    /// Gates that had nothing to examine.
    fn skips(&mut self, verdict: &Verdict) {
        let gates = verdict.gates.iter();
        for record in gates.filter(|it| it.state == GateState::Nothing) {
            let why = record.examined.nothing.as_deref().unwrap_or_default();
            self.push(
                "skip",
                json!({
                    "category": record.gate,
                    "policy": record.gate,
                    "message": escape::yaml(why),
                    "scored": false,
                }),
            );
        }
    }

    fn summary(&self) -> Value {
        json!({
            "pass": self.pass,
            "fail": self.fail,
            "warn": self.warn,
            "error": self.error,
            "skip": self.skip,
        })
    }

    fn close(mut self) -> Vec<Value> {
        if let Some(worst) = self.worst {
            let message = format!("{} more: see the report in another format", self.more);
            self.shown.push(json!({
                "policy": "more",
                "source": SOURCE,
                "result": worst,
                "message": message,
                "scored": false,
            }));
        }
        self.shown
    }
}

//! GitLab code quality: a JSON array, shown in the merge request. Source: GitLab's documentation,
//! "Code Quality report format".

use super::{
    Report, Reporter, escape,
    gist::{self, Weight},
};
use crate::{config, model::digest, verdict::Decision};
use serde_json::{Value, json};
use std::io::{self, Write};

pub(super) struct Gitlab;

/// Bytes of all entries: a flood must not fill the job's artifacts.
const BYTES: usize = 8 * 1024 * 1024;

impl Reporter for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn purpose(&self) -> &'static str {
        "code quality in a merge request"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut entries: Vec<Value> = verdict(report).into_iter().collect();
        let items = gist::items(report.verdict);
        let fingerprints = gist::fingerprints(&items);
        let mut bytes = 0;
        for (at, (item, fingerprint)) in items.iter().zip(fingerprints).enumerate() {
            let finding = &item.finding;
            let severity = match item.weight {
                Weight::Refuses | Weight::Undecided => "critical",
                Weight::Warns => "minor",
                Weight::Waived | Weight::Known | Weight::Notes => "info",
            };
            let mut description = format!("{} ({})", finding.message, finding.subject);
            if let Some(waiver) = finding.waiver() {
                description = format!("waived by {}: {description}", gist::waived_by(waiver));
            }
            let description = escape::line(&description);
            let place = item.place();
            let path = place.map_or(config::FILE_NAME, |it| &it.path);
            let line = place.map_or(1, |it| it.line);
            let entry = entry(
                &escape::line(&finding.rule),
                severity,
                &description,
                &fingerprint,
                (&safe(path), line),
            );
            bytes += entry.to_string().len();
            if bytes > BYTES {
                entries.push(more(items.len() - at, severity));
                break;
            }
            entries.push(entry);
        }
        let text = serde_json::to_string_pretty(&entries).map_err(io::Error::other)?;
        writeln!(out, "{}", escape::json(&text))
    }
}

/// GitLab shows no verdict of its own, so one that is not a plain yes is the first entry.
fn verdict(report: &Report<'_>) -> Option<Value> {
    if report.verdict.decision == Decision::Admit {
        return None;
    }
    let sentence = gist::sentence(report);
    let fingerprint = digest(format!("verdict\0{sentence}").as_bytes());
    let at = (config::FILE_NAME, 1);
    Some(entry("verdict", "blocker", &sentence, &fingerprint, at))
}

/// One entry for those left out; none of them weighs more than the first.
fn more(count: usize, severity: &str) -> Value {
    let description = format!("{count} more: see the report in another format");
    let at = (config::FILE_NAME, 1);
    entry("more", severity, &description, &digest(b"more"), at)
}

/// GitLab looks entries up by their path and shows each fingerprint once.
fn entry(
    name: &str,
    severity: &str,
    description: &str,
    fingerprint: &str,
    (path, line): (&str, u32),
) -> Value {
    json!({
        "check_name": name,
        "severity": severity,
        "description": description,
        "fingerprint": fingerprint,
        "location": { "path": path, "lines": { "begin": line } },
    })
}

/// A path below the root, or the configuration's.
fn safe(path: &str) -> String {
    match escape::relative_uri(path) {
        Some(_) => escape::line(path),
        None => config::FILE_NAME.to_owned(),
    }
}

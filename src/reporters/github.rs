//! GitHub annotations, as workflow commands on standard output.
//!
//! A step may have ten of each kind; GitHub drops the rest without a word. So one of each kind is
//! kept to count what is left out, and the last line is the verdict. Source: `actions/toolkit`
//! `docs/problem-matchers.md`, `packages/core/src/command.ts`.

use super::{
    Report, Reporter,
    escape::{command_data, command_property},
    gist::{self, Group, Weight},
};
use crate::{model::Side, verdict::Decision};
use std::io::{self, Write};

pub(super) struct Github;

/// Annotations of one kind, the one that counts the others and the verdict apart.
const SHOWN: usize = 9;

impl Reporter for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn purpose(&self) -> &'static str {
        "annotations at the lines of a pull request"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let items = gist::items(report.verdict);
        let mut groups = gist::groups(&items);
        let entries = gist::entries(&mut groups);
        // Each thing at its first place, before any at its second.
        let first = entries.iter().map(|it| it.0);
        let mut groups: Vec<&Group<'_>> = first.chain(entries.iter().flat_map(|it| it.1)).collect();
        // GitHub shows an annotation beside the code only in a file that the request changes.
        let changed = &report.verdict.change.paths;
        groups.sort_by_key(|it| {
            !gist::place(it.finding).is_some_and(|it| changed.contains(&it.path))
        });
        let (holding, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|it| it.weight.holds());
        // What BASE has too concerns nobody here; the verdict counts it.
        let (warnings, notes): (Vec<_>, Vec<_>) = others
            .into_iter()
            .filter(|it| it.weight != Weight::Known)
            .partition(|it| it.weight == Weight::Warns);
        // The verdict is the tenth error or the tenth notice, and counts what is left out there.
        let more_errors = annotations("error", &holding, out)?;
        let counted = gist::counted(warnings.iter().copied(), report);
        let mut counted = counted.into_iter();
        let (counted, warnings): (Vec<_>, Vec<_>) = warnings
            .into_iter()
            .partition(|_| counted.next() == Some(true));
        let more_warnings = annotations("warning", &warnings, out)? + counted.len();
        let more_notes = annotations("notice", &notes, out)?;
        if more_warnings > 0 {
            let text = format!("{more_warnings} more warnings: see the report in another format");
            command("warning", "title=Tollgate", &[&text], out)?;
        }
        let kind = match report.verdict.decision {
            Decision::Admit => "notice",
            Decision::Override => "warning",
            Decision::Refuse | Decision::Undecided => "error",
        };
        let sentence = gist::sentence(report);
        let mut lines = vec![sentence.as_str()];
        let errors = more("that hold this change", more_errors);
        let notes = more("notes", more_notes);
        lines.extend(errors.as_deref());
        lines.extend(notes.as_deref());
        command(kind, "title=Tollgate", &lines, out)
    }
}

fn more(what: &str, count: usize) -> Option<String> {
    (count > 0).then(|| format!("{count} more {what}: see the report in another format"))
}

/// Write the first ones; gives the number of those left out.
fn annotations(kind: &str, groups: &[&Group<'_>], out: &mut dyn Write) -> io::Result<usize> {
    for group in groups.iter().take(SHOWN) {
        annotation(kind, group, out)?;
    }
    Ok(groups.len().saturating_sub(SHOWN))
}

fn annotation(kind: &str, group: &Group<'_>, out: &mut dyn Write) -> io::Result<()> {
    let finding = group.finding;
    let mut properties = Vec::new();
    if let Some(place) = gist::place(finding) {
        properties.push(format!("file={}", command_property(&place.path)));
        properties.push(format!("line={}", place.line));
        properties.push(format!("endLine={}", place.end_line));
        if place.end_column > place.column {
            properties.push(format!("col={}", place.column));
            properties.push(format!("endColumn={}", place.end_column));
        }
    }
    properties.push(format!("title={}", command_property(&finding.rule)));
    let mut lines = vec![finding.message.clone()];
    let about = |few: &gist::Few<'_>| few.texts(str::to_owned).join(", ");
    if let Some(waiver) = finding.waiver() {
        lines.push(format!("waived by {}", gist::waived_by(waiver)));
    }
    lines.push(format!("in {}", about(&group.subjects())));
    if let Some(lighter) = group.lighter() {
        lines.push(format!("only reported in {}", about(&lighter)));
    }
    for label in &finding.labels {
        let base = match label.place.side {
            Side::Base => " in the base",
            Side::Head => "",
        };
        lines.push(format!("{}{base}: {}", label.place, label.text));
    }
    if let Some(help) = &finding.help {
        lines.push(format!("help: {help}"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    command(kind, &properties.join(","), &lines, out)
}

fn command(kind: &str, properties: &str, lines: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let data = command_data(lines.iter().copied());
    writeln!(out, "::{kind} {properties}::{data}")
}

//! Markdown for a sticky comment: a hidden marker by which the job finds its own comment again, the
//! verdict, what each environment would receive, and what was found. All foreign text is code.

use super::{
    Report, Reporter,
    escape::code,
    gist::{self, Few, Group, Weight, plural},
};
use crate::{
    finding::Level,
    model::Side,
    verdict::{Decision, GateRecord, GateState, Verdict},
};
use std::io::{self, Write};

pub(super) struct Markdown;

/// A job finds its comment by this line and by the comment's author.
const MARKER: &str = "<!-- tollgate:report -->";
/// Bytes of a comment: GitHub takes 65,536 characters.
const COMMENT_LIMIT: usize = 65_000;
/// Bytes kept for what stands behind the last entry.
const TAIL: usize = 200;

impl Reporter for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let limit = COMMENT_LIMIT - MARKER.len() - 1;
        write!(out, "{MARKER}\n{}", document(report, limit))
    }
}

/// The verdict first, then as many entries as `limit` bytes hold, what holds the change first.
pub(super) fn document(report: &Report<'_>, limit: usize) -> String {
    let verdict = report.verdict;
    let mut text = format!(
        "## {} {}\n\n",
        mark(verdict.decision),
        gist::sentence_with(report, code)
    );
    change(verdict, limit / 2, &mut text);
    gates(verdict, &mut text);
    let items = gist::items(verdict);
    let mut groups = gist::groups(&items);
    let entries = gist::entries(&mut groups);
    let mut section = None;
    for (at, (group, also)) in entries.iter().enumerate() {
        let mut block = String::new();
        if section != Some(group.weight) {
            block.push_str(heading(group.weight));
        }
        entry(group, also, &mut block);
        if text.len() + block.len() + TAIL > limit {
            text.push_str(&format!(
                "\n**And {} more**: see the report in another format.\n",
                entries.len() - at
            ));
            break;
        }
        text.push_str(&block);
        section = Some(group.weight);
    }
    text
}

fn mark(decision: Decision) -> &'static str {
    match decision {
        Decision::Admit => "✅",
        Decision::Override => "🚨",
        Decision::Refuse => "❌",
        Decision::Undecided => "⚠️",
    }
}

/// What was judged; environments as far as `limit` allows.
fn change(verdict: &Verdict, limit: usize, text: &mut String) {
    let change = &verdict.change;
    text.push_str(&format!(
        "{} ← {}, {}\n\n",
        code(&change.base),
        code(&change.head),
        plural(change.files, "changed file")
    ));
    for (at, it) in change.environments.iter().enumerate() {
        let line = format!(
            "- {} ({}): {}\n",
            code(&it.name),
            code(&it.enforcement),
            gist::receives(it)
        );
        if text.len() + line.len() > limit {
            let more = plural(change.environments.len() - at, "more environment");
            text.push_str(&format!("- and {more}\n"));
            break;
        }
        text.push_str(&line);
    }
    text.push('\n');
}

fn gates(verdict: &Verdict, text: &mut String) {
    text.push_str("| gate | | checks | failures | undecided | warnings | waived |\n");
    text.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for record in &verdict.gates {
        text.push_str(&row(record));
    }
}

fn row(record: &GateRecord) -> String {
    let count = |level| record.examined.standing(level);
    let state = match record.state {
        GateState::Fail | GateState::Unsure => format!("**{}**", gist::state(record.state)),
        GateState::Pass | GateState::Nothing => gist::state(record.state).to_owned(),
    };
    let checks: usize = record.examined.subjects.iter().map(|it| it.checks).sum();
    format!(
        "| {} | {state} | {checks} | {} | {} | {} | {} |\n",
        code(&record.gate),
        count(Level::Deny),
        record.examined.unsure.len(),
        count(Level::Warn),
        record.examined.waived()
    )
}

fn heading(weight: Weight) -> &'static str {
    match weight {
        Weight::Refuses => "\n### Holds this change\n\n",
        Weight::Undecided => "\n### Could not be decided, which holds this change\n\n",
        Weight::Warns => "\n### Warnings\n\n",
        Weight::Waived => "\n### Waived\n\n",
        Weight::Notes => "\n### Notes\n\n",
    }
}

fn entry(group: &Group<'_>, also: &[Group<'_>], text: &mut String) {
    let finding = group.finding;
    text.push_str(&format!(
        "- {}: {}\n",
        code(&finding.rule),
        code(&finding.message)
    ));
    for label in &finding.labels {
        let base = match label.place.side {
            Side::Base => " in the base",
            Side::Head => "",
        };
        text.push_str(&format!(
            "  - {}{base}: {}\n",
            code(&label.place.to_string()),
            code(&label.text)
        ));
    }
    if let Some(waiver) = finding.waiver() {
        text.push_str(&format!(
            "  - waived by {}\n",
            code(&gist::waived_by(waiver))
        ));
    }
    let about = |few: &Few<'_>| few.texts(code).join(", ");
    text.push_str(&format!("  - in {}\n", about(&group.subjects())));
    if let Some(lighter) = group.lighter() {
        text.push_str(&format!("  - only reported in {}\n", about(&lighter)));
    }
    let (shown, rest) = also.split_at(gist::shown(also.len()));
    for it in shown {
        let place = gist::place(it.finding).map(|it| format!("{} ", code(&it.to_string())));
        let subject = it.subjects().named.first().map(|it| code(it));
        text.push_str(&format!(
            "  - also {}in {}",
            place.unwrap_or_default(),
            subject.unwrap_or_default()
        ));
        match it.len() {
            0 | 1 => text.push('\n'),
            n => text.push_str(&format!(", and {} more\n", n - 1)),
        }
    }
    if !rest.is_empty() {
        text.push_str(&format!("  - and {} more\n", rest.len()));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("  - help: {}\n", code(help)));
    }
}

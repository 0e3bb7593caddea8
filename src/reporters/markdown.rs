//! Markdown for a sticky comment: a hidden marker by which the job finds its own comment again, the
//! verdict, what each environment would receive, and what was found. Sentences are plain words; what
//! of foreign text is more than that is code. What does not hold the change is folded.

use super::{
    Report, Reporter,
    escape::{code, prose},
    gist::{self, Few, Weight, plural},
};
use crate::{
    finding::Level,
    model::Side,
    verdict::{Decision, GateRecord, GateState, Verdict},
};
use std::collections::BTreeSet;
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

    fn purpose(&self) -> &'static str {
        "a comment that is kept up to date"
    }

    fn is_for_people(&self) -> bool {
        true
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
        gist::sentence_with(report, prose)
    );
    change(verdict, limit / 2, &mut text);
    gates(verdict, &mut text);
    let items = gist::items(verdict);
    let mut groups = gist::groups(&items);
    let entries = gist::entries(&mut groups);
    let counted = gist::counted(entries.iter().map(|it| it.0), report);
    let more = |weight: Weight, rule: &str| {
        let alike = entries.iter().zip(&counted).filter(|(it, counted)| {
            **counted && it.0.weight == weight && it.0.finding.rule == rule
        });
        alike.count()
    };
    let mut section = None;
    let mut told = BTreeSet::new();
    for (at, (group, also)) in entries.iter().enumerate() {
        let rule = &group.finding.rule;
        let is_counted = counted.get(at) == Some(&true);
        if is_counted && !told.insert((group.weight, rule)) {
            continue;
        }
        let mut block = String::new();
        if section != Some(group.weight) {
            let alike = entries.iter().filter(|it| it.0.weight == group.weight);
            block.push_str(section.map_or("", closing));
            block.push_str(&opening(group.weight, alike.count()));
        }
        if is_counted {
            block.push_str(&format!(
                "- {}: {} more, at no file of this change; {} lists them\n",
                code(rule),
                more(group.weight, rule),
                code("--all"),
            ));
        } else {
            self::entry(&(*group, also), &mut block);
        }
        if text.len() + block.len() + TAIL > limit {
            text.push_str(section.map_or("", closing));
            text.push_str(&format!(
                "\n**And {} more**: see the report in another format.\n",
                entries.len() - at
            ));
            return text;
        }
        text.push_str(&block);
        section = Some(group.weight);
    }
    text.push_str(section.map_or("", closing));
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

/// A column of counts: its head, and the count of a gate.
type Column = (&'static str, fn(&GateRecord) -> usize);

const COLUMNS: &[Column] = &[
    ("checks", |it| {
        it.examined.subjects.iter().map(|it| it.checks).sum()
    }),
    ("failures", |it| it.examined.standing(Level::Deny)),
    ("undecided", |it| it.examined.unsure.len()),
    ("warnings", |it| it.examined.standing(Level::Warn)),
    ("waived", |it| it.examined.waived()),
    ("known", |it| it.examined.known()),
];

/// The gates that examined something, with the columns in which there is something to count; and the
/// others with their reasons.
fn gates(verdict: &Verdict, text: &mut String) {
    let (idle, busy): (Vec<_>, Vec<_>) =
        (verdict.gates.iter()).partition(|it| it.state == GateState::Nothing);
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(_, count)| busy.iter().any(|it| count(it) > 0))
        .collect();
    if !busy.is_empty() {
        let heads: String = columns.iter().map(|it| format!(" {} |", it.0)).collect();
        let rules: String = columns.iter().map(|_| " ---: |").collect();
        text.push_str(&format!("| gate | state |{heads}\n| --- | --- |{rules}\n"));
    }
    for record in &busy {
        let state = match record.state {
            GateState::Fail | GateState::Unsure => format!("**{}**", gist::state(record.state)),
            GateState::Pass | GateState::Nothing => gist::state(record.state).to_owned(),
        };
        let counts = columns.iter().map(|it| match it.1(record) {
            0 => " |".to_owned(),
            n => format!(" {n} |"),
        });
        let counts: String = counts.collect();
        text.push_str(&format!("| {} | {state} |{counts}\n", code(&record.gate)));
    }
    let idle = idle.iter().map(|it| {
        let why = it.examined.nothing.as_deref().unwrap_or_default();
        format!("{} ({})", code(&it.gate), prose(why))
    });
    let idle: Vec<String> = idle.collect();
    if !idle.is_empty() {
        text.push_str(&format!("\nNothing to examine: {}\n", idle.join(", ")));
    }
}

/// What stands before entries of a weight; what does not hold the change has to be opened.
fn opening(weight: Weight, count: usize) -> String {
    let what = match weight {
        Weight::Refuses => return "\n### Holds this change\n\n".to_owned(),
        Weight::Undecided => {
            return "\n### Could not be decided, which holds this change\n\n".to_owned();
        }
        Weight::Warns => plural(count, "warning"),
        Weight::Waived => format!("{count} waived"),
        Weight::Known => format!("{count} known"),
        Weight::Notes => plural(count, "note"),
    };
    format!("\n<details><summary>{what}</summary>\n\n")
}

fn closing(weight: Weight) -> &'static str {
    if weight.holds() { "" } else { "\n</details>\n" }
}

fn entry(entry: &gist::Entry<'_, '_>, text: &mut String) {
    let (group, also) = *entry;
    let finding = group.finding;
    text.push_str(&format!(
        "- {}: {}\n",
        code(&finding.rule),
        prose(&gist::message(entry))
    ));
    for label in &finding.labels {
        let base = match label.place.side {
            Side::Base => " in the base",
            Side::Head => "",
        };
        text.push_str(&format!(
            "  - {}{base}: {}\n",
            code(&label.place.to_string()),
            prose(&label.text)
        ));
    }
    if let Some(waiver) = finding.waiver().filter(|_| !finding.is_known()) {
        text.push_str(&format!(
            "  - waived by {}\n",
            prose(&gist::waived_by(waiver))
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
        text.push_str(&format!("  - help: {}\n", prose(help)));
    }
}

//! For people: source excerpts with the line to edit and the line that decided, and the verdict as
//! the last line.

use super::{Look, Report, Reporter, escape};
use crate::{
    finding::{Finding, Level},
    model::Place,
    verdict::{Decision, GateState, Verdict},
};
use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Human;

/// Findings shown of each level; the rest is counted. A flood would hide the verdict.
const SHOWN: usize = 40;
/// Subjects named under one finding.
const SUBJECTS: usize = 4;

impl Reporter for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let verdict = report.verdict;
        for level in [Level::Note, Level::Warn, Level::Deny] {
            findings(verdict, level, report.look, out)?;
        }
        unsure(verdict, report.look, out)?;
        faults(verdict, report.look, out)?;
        environments(verdict, out)?;
        gates(verdict, report.look, out)?;
        verdict_line(report, out)
    }
}

/// The same thing said of many overlays is shown once.
type Key<'a> = (&'a str, &'a str, Option<(&'a str, u32, u32)>);

fn findings(verdict: &Verdict, level: Level, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
    for finding in verdict.findings().filter(|it| it.level == level) {
        let place = finding
            .labels
            .first()
            .map(|it| (it.place.path.as_str(), it.place.line, it.place.column));
        groups
            .entry((&finding.rule, &finding.message, place))
            .or_default()
            .push(finding);
    }
    for group in groups.values().take(SHOWN) {
        write!(out, "{}\n\n", excerpt(group, look))?;
    }
    let more = groups.len().saturating_sub(SHOWN);
    if more > 0 {
        let what = match level {
            Level::Deny => "findings that hold the change",
            Level::Warn => "warnings",
            Level::Note => "notes",
        };
        writeln!(
            out,
            "... and {more} more {what}: see the report in another format\n"
        )?;
    }
    Ok(())
}

fn excerpt(group: &[&Finding], look: Look) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let level = match first.level {
        Level::Deny => Title::ERROR,
        Level::Warn => Title::WARNING,
        Level::Note => Title::NOTE,
    };
    let texts: Vec<String> = first
        .labels
        .iter()
        .map(|it| escape::source(&it.place.text).into_owned())
        .collect();
    let title = level
        .primary_title(escape::line(&first.message))
        .id(escape::line(&first.rule));
    let mut element: Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> = Vec::new();
    for (at, (label, text)) in first.labels.iter().zip(&texts).enumerate() {
        let kind = if at == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let span = byte_span(&label.place, text);
        element.push(
            Snippet::source(text.as_str())
                .line_start(label.place.line as usize)
                .path(escape::line(&label.place.path))
                .annotation(kind.span(span).label(escape::line(&label.text))),
        );
    }
    let mut main = Group::with_title(title).elements(element);
    main = main.element(Title::NOTE.with_name(Some("in")).message(subjects(group)));
    if let Some(help) = &first.help {
        main = main.element(Title::HELP.message(escape::line(help)));
    }
    let renderer = if look.colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.term_width(look.width).render(&[main])
}

/// Columns count characters; the excerpt's renderer wants bytes.
fn byte_span(place: &Place, text: &str) -> std::ops::Range<usize> {
    let byte = |column: u32| {
        let chars = column.saturating_sub(1) as usize;
        text.char_indices()
            .nth(chars)
            .map_or(text.len(), |(at, _)| at)
    };
    let start = byte(place.column);
    start..byte(place.end_column).max(start)
}

fn subjects(group: &[&Finding]) -> String {
    let mut names: Vec<&str> = group.iter().map(|it| it.subject.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let shown: Vec<String> = names
        .iter()
        .take(SUBJECTS)
        .map(|it| escape::line(it))
        .collect();
    let more = names.len().saturating_sub(SUBJECTS);
    let mut text = shown.join(", ");
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    text
}

fn unsure(verdict: &Verdict, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for record in &verdict.gates {
        for it in &record.examined.unsure {
            groups
                .entry((&record.gate, &it.why, &it.needs))
                .or_default()
                .push(&it.subject);
        }
    }
    let total = groups.len();
    for ((gate, why, needs), subjects) in groups.into_iter().take(SHOWN) {
        let head = paint(look, AnsiColor::Yellow, &format!("undecided[{gate}]"));
        writeln!(out, "{head}: {}", escape::line(why))?;
        let more = subjects.len().saturating_sub(SUBJECTS);
        let mut named: Vec<String> = subjects
            .iter()
            .take(SUBJECTS)
            .map(|it| escape::line(it))
            .collect();
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        writeln!(
            out,
            "  = in: {}\n  = needed: {}\n",
            named.join(", "),
            escape::line(needs)
        )?;
    }
    if total > SHOWN {
        writeln!(
            out,
            "... and {} more that could not be decided\n",
            total - SHOWN
        )?;
    }
    Ok(())
}

fn faults(verdict: &Verdict, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for fault in &verdict.faults {
        let head = paint(look, AnsiColor::Red, "worker");
        writeln!(out, "{head}: {}", escape::line(&fault.why))?;
        for on in fault.on.iter().take(SUBJECTS) {
            writeln!(out, "  = it was on: {}", escape::line(on))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn environments(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let change = &verdict.change;
    writeln!(
        out,
        "{} <- {}, {}",
        escape::line(&change.base),
        escape::line(&change.head),
        plural(change.files, "changed file")
    )?;
    let width = change
        .environments
        .iter()
        .map(|it| it.name.chars().count())
        .max()
        .unwrap_or(0);
    for it in &change.environments {
        let name = escape::line(&it.name);
        let what = if it.changed_overlays == 0 {
            "unchanged".to_owned()
        } else {
            let removed = match it.removed_resources {
                0 => String::new(),
                n => format!(", {} removed", plural(n, "resource")),
            };
            format!(
                "{} changed in {}{removed}",
                plural(it.changed_resources, "resource"),
                plural(it.changed_overlays, "overlay")
            )
        };
        writeln!(out, "  {name:<width$}  {:<8} {what}", it.enforcement)?;
    }
    writeln!(out)
}

fn gates(verdict: &Verdict, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let width = verdict
        .gates
        .iter()
        .map(|it| it.gate.len())
        .max()
        .unwrap_or(0);
    for record in &verdict.gates {
        let (mark, colour) = match record.state {
            GateState::Pass => ("pass", AnsiColor::Green),
            GateState::Nothing => ("pass", AnsiColor::Green),
            GateState::Fail => ("FAIL", AnsiColor::Red),
            GateState::Unsure => ("????", AnsiColor::Yellow),
        };
        let checks: usize = record.examined.subjects.iter().map(|it| it.checks).sum();
        let count = |level| {
            record
                .examined
                .findings
                .iter()
                .filter(|it| it.level == level)
                .count()
        };
        let mut parts = Vec::new();
        match &record.examined.nothing {
            Some(why) if record.state == GateState::Nothing => {
                parts.push(format!("nothing to examine: {}", escape::line(why)))
            }
            _ => parts.push(plural(checks, "check")),
        }
        for (n, what) in [
            (count(Level::Deny), "failure"),
            (record.examined.unsure.len(), "undecided"),
            (count(Level::Warn), "warning"),
        ] {
            match (n, what) {
                (0, _) => {}
                (n, "undecided") => parts.push(format!("{n} undecided")),
                (n, what) => parts.push(plural(n, what)),
            }
        }
        writeln!(
            out,
            "{}  {:<width$}  {}",
            paint(look, colour, mark),
            record.gate,
            parts.join(", ")
        )?;
    }
    Ok(())
}

fn verdict_line(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report.verdict;
    let deny = verdict
        .findings()
        .filter(|it| it.level == Level::Deny)
        .count();
    let warnings = verdict
        .findings()
        .filter(|it| it.level == Level::Warn)
        .count();
    let open = verdict.unsure().count() + verdict.faults.len();
    let (word, colour, mut text) = match verdict.decision {
        Decision::Admit => (
            "ADMITTED",
            AnsiColor::Green,
            format!("every gate passed, {}", plural(verdict.checks(), "check")),
        ),
        Decision::Refuse => (
            "REFUSED",
            AnsiColor::Red,
            format!("{} this change", holds(deny)),
        ),
        Decision::Undecided => (
            "UNDECIDED",
            AnsiColor::Yellow,
            format!(
                "{} could not be decided, which holds this change",
                plural(open, "question")
            ),
        ),
    };
    if verdict.decision == Decision::Refuse && open > 0 {
        text.push_str(&format!(
            ", {} could not be decided",
            plural(open, "question")
        ));
    }
    if warnings > 0 {
        text.push_str(&format!(", {}", plural(warnings, "warning")));
    }
    writeln!(
        out,
        "\n{}: {text} (exit {})",
        paint(report.look, colour, word),
        report.exit_code
    )
}

fn holds(n: usize) -> String {
    if n == 1 {
        "1 finding holds".to_owned()
    } else {
        format!("{n} findings hold")
    }
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

fn paint(look: Look, colour: AnsiColor, text: &str) -> String {
    if !look.colour {
        return text.to_owned();
    }
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

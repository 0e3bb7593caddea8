//! For people: source excerpts with the line to edit and the line that decided; what holds the
//! change after what does not, and the verdict as the last line.

use super::{Look, Report, Reporter, escape};
use crate::{
    finding::{Finding, Label, Level},
    model::Place,
    verdict::{Decision, GateState, Verdict},
};
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level as Title, Origin, Renderer, Snippet,
};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Human;

/// Things of one kind that are shown; the rest is counted. A flood would hide the verdict.
const SHOWN: usize = 40;
/// Subjects and further places named under one finding, and rules under a count.
const NAMED: usize = 6;

impl Reporter for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let verdict = report.verdict;
        findings(verdict, Level::Note, report.look, out)?;
        findings(verdict, Level::Warn, report.look, out)?;
        unsure(verdict, report.look, out)?;
        faults(verdict, report.look, out)?;
        findings(verdict, Level::Deny, report.look, out)?;
        environments(verdict, out)?;
        gates(verdict, report.look, out)?;
        verdict_line(report, out)
    }
}

/// Path, line and column of the line to edit.
type At<'a> = Option<(&'a str, u32, u32)>;
/// The same thing said of many overlays is shown once: the findings of one rule and message, by
/// place.
type Same<'a> = BTreeMap<At<'a>, Vec<&'a Finding>>;

fn findings(verdict: &Verdict, level: Level, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<(&str, &str), Same<'_>> = BTreeMap::new();
    for finding in verdict.findings().filter(|it| it.level == level) {
        let place = finding.labels.first().map(|it| &it.place);
        let at = place.map(|it| (it.path.as_str(), it.line, it.column));
        let same = groups.entry((&finding.rule, &finding.message)).or_default();
        same.entry(at).or_default().push(finding);
    }
    for same in groups.values().take(SHOWN) {
        if let Some(text) = excerpt(same, look) {
            write!(out, "{text}\n\n")?;
        }
    }
    let mut rest: BTreeMap<&str, usize> = BTreeMap::new();
    for ((rule, _), same) in groups.iter().skip(SHOWN) {
        *rest.entry(rule).or_default() += same.values().map(Vec::len).sum::<usize>();
    }
    if rest.is_empty() {
        return Ok(());
    }
    let what = match level {
        Level::Deny => "findings that hold the change",
        Level::Warn => "warnings",
        Level::Note => "notes",
    };
    let count: usize = rest.values().sum();
    let rules = rest
        .iter()
        .map(|(rule, n)| format!("{n} of {}", escape::line(rule)));
    writeln!(
        out,
        "... and {count} more {what}: {}; a report in another format lists them\n",
        first_few(rules)
    )
}

/// The first place in full, and what else is like it.
fn excerpt(same: &Same<'_>, look: Look) -> Option<String> {
    let here = same.values().next()?;
    let first = here.first()?;
    let level = match first.level {
        Level::Deny => Title::ERROR,
        Level::Warn => Title::WARNING,
        Level::Note => Title::NOTE,
    };
    let title = level
        .primary_title(escape::line(&first.message))
        .id(escape::line(&first.rule));
    let texts: Vec<String> = first
        .labels
        .iter()
        .map(|it| escape::source(&it.place.text).into_owned())
        .collect();
    let mut main = Group::with_title(title);
    for (at, (label, text)) in first.labels.iter().zip(&texts).enumerate() {
        main = if text.is_empty() {
            // A whole file: there is no line to show.
            main.element(Origin::path(escape::path(&label.place.path)))
        } else {
            main.element(snippet(label, text, at == 0))
        };
    }
    let subjects = here.iter().map(|it| escape::line(&it.subject));
    main = main.element(
        Title::NOTE
            .with_name(Some("in"))
            .message(first_few(subjects)),
    );
    let elsewhere: Vec<(&Finding, usize)> = (same.values().skip(1))
        .filter_map(|it| Some((*it.first()?, it.len())))
        .collect();
    for (finding, count) in elsewhere.iter().take(NAMED) {
        main = main.element(
            Title::NOTE
                .with_name(Some("also"))
                .message(also(finding, *count)),
        );
    }
    if elsewhere.len() > NAMED {
        let more = format!("at {} more places", elsewhere.len() - NAMED);
        main = main.element(Title::NOTE.with_name(Some("also")).message(more));
    }
    if let Some(help) = &first.help {
        main = main.element(Title::HELP.message(escape::line(help)));
    }
    let renderer = if look.colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    Some(renderer.term_width(look.width).render(&[main]))
}

fn snippet<'a>(label: &Label, text: &'a str, primary: bool) -> Snippet<'a, Annotation<'a>> {
    let kind = if primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    Snippet::source(text)
        .line_start(label.place.line as usize)
        .path(escape::path(&label.place.path))
        .annotation(
            kind.span(byte_span(&label.place, text))
                .label(escape::line(&label.text)),
        )
}

/// `path:line:column in SUBJECT`.
fn also(finding: &Finding, count: usize) -> String {
    let subject = escape::line(&finding.subject);
    let more = match count {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    match finding.labels.first() {
        Some(label) if label.place.text.is_empty() => {
            format!("{} in {subject}{more}", escape::line(&label.place.path))
        }
        Some(label) => {
            let place = escape::line(&label.place.to_string());
            format!("{place} in {subject}{more}")
        }
        None => format!("{subject}{more}"),
    }
}

/// `a, b, and 3 more`.
fn first_few(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let mut text = all.take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    text
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
        let head = paint(
            look,
            AnsiColor::Yellow,
            &format!("undecided[{}]", escape::line(gate)),
        );
        writeln!(out, "{head}: {}", escape::line(why))?;
        writeln!(
            out,
            "  = in: {}\n  = needed: {}\n",
            first_few(subjects.iter().map(|it| escape::line(it))),
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
    for fault in verdict.faults.iter().take(SHOWN) {
        let head = paint(look, AnsiColor::Red, "worker");
        writeln!(out, "{head}: {}", escape::line(&fault.why))?;
        for on in fault.on.iter().take(NAMED) {
            writeln!(out, "  = it was on: {}", escape::line(on))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn environments(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let change = &verdict.change;
    // No name of a branch may begin a line: it could be a verdict.
    writeln!(
        out,
        "change: {} <- {}, {}",
        escape::line(&change.base),
        escape::line(&change.head),
        plural(change.files, "changed file")
    )?;
    let names: Vec<String> = change
        .environments
        .iter()
        .map(|it| escape::line(&it.name))
        .collect();
    let width = widest(&names);
    for (it, name) in change.environments.iter().zip(&names) {
        let mut what = Vec::new();
        if it.changed_overlays > 0 {
            what.push(format!(
                "{} changed in {}",
                plural(it.changed_resources, "resource"),
                plural(it.changed_overlays, "overlay")
            ));
        }
        if it.removed_resources > 0 {
            what.push(format!(
                "{} removed",
                plural(it.removed_resources, "resource")
            ));
        }
        match it.failed_overlays {
            0 => {}
            1 => what.push("1 overlay does not render".to_owned()),
            n => what.push(format!("{n} overlays do not render")),
        }
        if what.is_empty() {
            what.push("unchanged".to_owned());
        }
        let what = what.join(", ");
        let enforcement = escape::line(&it.enforcement);
        writeln!(out, "  {name:<width$}  {enforcement:<8} {what}")?;
    }
    writeln!(out)
}

fn gates(verdict: &Verdict, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = verdict
        .gates
        .iter()
        .map(|it| escape::line(&it.gate))
        .collect();
    let width = widest(&names);
    for (record, name) in verdict.gates.iter().zip(&names) {
        let (mark, colour) = match record.state {
            GateState::Pass => ("pass", AnsiColor::Green),
            GateState::Nothing => ("none", AnsiColor::BrightBlack),
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
            "{}  {name:<width$}  {}",
            paint(look, colour, mark),
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

fn widest(names: &[String]) -> usize {
    names.iter().map(|it| it.chars().count()).max().unwrap_or(0)
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

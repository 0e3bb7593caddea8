//! For people: source excerpts with the line to edit and the line that decided; what holds the
//! change after what does not, and the verdict as the last line.

use super::{
    Look, Report, Reporter, escape,
    gist::{self, Few, Group, Weight, plural},
};
use crate::{
    finding::{Label, Level},
    model::Place,
    verdict::{Decision, GateState, Verdict},
};
use annotate_snippets::{
    Annotation, AnnotationKind, Group as Excerpt, Level as Title, Origin, Renderer, Snippet,
};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Human;

/// Things of one kind that are shown; the rest is counted. A flood would hide the verdict.
const SHOWN: usize = 40;

impl Reporter for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let verdict = report.verdict;
        let items = gist::items(verdict);
        let mut groups = gist::groups(&items);
        let entries = gist::entries(&mut groups);
        let of = |weight| entries.iter().filter(move |it| it.0.weight == weight);
        for weight in [
            Weight::Notes,
            Weight::Waived,
            Weight::Warns,
            Weight::Undecided,
            Weight::Refuses,
        ] {
            for (group, also) in of(weight).take(SHOWN) {
                let text = match weight {
                    Weight::Undecided => undecided(group, report.look),
                    _ => excerpt(group, also, report.look),
                };
                write!(out, "{text}\n\n")?;
            }
            rest(weight, of(weight).skip(SHOWN), out)?;
        }
        environments(verdict, out)?;
        gates(verdict, report.look, out)?;
        verdict_line(report, out)
    }
}

/// What there is no room for, counted by rule.
fn rest<'a>(
    weight: Weight,
    entries: impl Iterator<Item = &'a gist::Entry<'a, 'a>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut rest: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, also) in entries {
        let count = also.iter().map(Group::len).sum::<usize>() + group.len();
        *rest.entry(&group.finding.rule).or_default() += count;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let what = match weight {
        Weight::Refuses => "findings that hold the change",
        Weight::Undecided => "that could not be decided",
        Weight::Warns => "warnings",
        Weight::Waived => "waived",
        Weight::Notes => "notes",
    };
    let count: usize = rest.values().sum();
    let more = rest.len().saturating_sub(RULES);
    let mut rules: Vec<String> = rest
        .iter()
        .take(RULES)
        .map(|(rule, n)| format!("{n} of {}", escape::line(rule)))
        .collect();
    if more > 0 {
        rules.push(format!("{more} more rules"));
    }
    writeln!(
        out,
        "... and {count} more {what}: {}; a report in another format lists them\n",
        rules.join(", ")
    )
}

/// Rules that are named under a count.
const RULES: usize = 6;

/// The first place in full, and what else is like it.
fn excerpt(group: &Group<'_>, also: &[Group<'_>], look: Look) -> String {
    let first = group.finding;
    let level = match group.weight {
        Weight::Refuses | Weight::Undecided => Title::ERROR,
        Weight::Warns => Title::WARNING,
        Weight::Waived => Title::WARNING.with_name(Some("waived")),
        Weight::Notes => Title::NOTE,
    };
    let title = level
        .primary_title(escape::line(&first.message))
        .id(escape::line(&first.rule));
    let texts: Vec<String> = first
        .labels
        .iter()
        .map(|it| escape::source(&it.place.text).into_owned())
        .collect();
    let mut main = Excerpt::with_title(title);
    for (at, (label, text)) in first.labels.iter().zip(&texts).enumerate() {
        main = if text.is_empty() {
            // A whole file: there is no line to show.
            main.element(Origin::path(escape::path(&label.place.path)))
        } else {
            main.element(snippet(label, text, at == 0))
        };
    }
    let mut notes: Vec<(&str, String)> = Vec::new();
    if let Some(waiver) = first.waiver() {
        notes.push(("waived by", escape::line(&gist::waived_by(waiver))));
        notes.extend(
            waiver
                .place
                .iter()
                .map(|it| ("written at", escape::line(&it.to_string()))),
        );
    }
    notes.extend(named("in", &group.subjects()));
    if let Some(lighter) = group.lighter() {
        notes.extend(named("only reported in", &lighter));
    }
    let (shown, rest) = also.split_at(gist::shown(also.len()));
    notes.extend(shown.iter().map(|it| ("also", elsewhere(it))));
    if !rest.is_empty() {
        notes.push(("also", format!("{} more", rest.len())));
    }
    for (name, text) in notes {
        main = main.element(Title::NOTE.with_name(Some(name)).message(text));
    }
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

/// A line for each.
fn named(name: &'static str, few: &Few<'_>) -> Vec<(&'static str, String)> {
    let lines = few.texts(escape::line).into_iter();
    lines.map(|it| (name, it)).collect()
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

/// `path:line:column in SUBJECT, 2 more overlays`.
fn elsewhere(group: &Group<'_>) -> String {
    let subjects = group.subjects();
    let first = subjects.named.first().copied().unwrap_or_default();
    let mut text = match group.finding.labels.first().map(|it| &it.place) {
        Some(place) if place.text.is_empty() && place.path == first => escape::line(first),
        Some(place) if place.text.is_empty() => {
            format!("{} in {}", escape::line(&place.path), escape::line(first))
        }
        Some(place) => {
            let place = escape::line(&place.to_string());
            format!("{place} in {}", escape::line(first))
        }
        None => escape::line(first),
    };
    if group.len() > 1 {
        text.push_str(&format!(", and {} more", group.len() - 1));
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

fn undecided(group: &Group<'_>, look: Look) -> String {
    let finding = group.finding;
    let gate = finding.rule.rsplit('/').next().unwrap_or_default();
    let head = paint(
        look,
        AnsiColor::Yellow,
        &format!("undecided[{}]", escape::line(gate)),
    );
    let mut text = format!("{head}: {}", escape::line(&finding.message));
    for it in group.subjects().texts(escape::line) {
        text.push_str(&format!("\n  = in: {it}"));
    }
    if let Some(needed) = &finding.help {
        text.push_str(&format!("\n  = needed: {}", escape::line(needed)));
    }
    text
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
        let what = gist::receives(it);
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
        let count = |level| record.examined.standing(level);
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
            (record.examined.waived(), "waived"),
        ] {
            match (n, what) {
                (0, _) => {}
                (n, "undecided" | "waived") => parts.push(format!("{n} {what}")),
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
    let decision = report.verdict.decision;
    let colour = match decision {
        Decision::Admit => AnsiColor::Green,
        Decision::Override => AnsiColor::Magenta,
        Decision::Refuse => AnsiColor::Red,
        Decision::Undecided => AnsiColor::Yellow,
    };
    let sentence = gist::sentence(report);
    let word = gist::word(decision);
    let rest = sentence.strip_prefix(word).unwrap_or_default();
    writeln!(out, "\n{}{rest}", paint(report.look, colour, word))
}

fn widest(names: &[String]) -> usize {
    names.iter().map(|it| it.chars().count()).max().unwrap_or(0)
}

fn paint(look: Look, colour: AnsiColor, text: &str) -> String {
    if !look.colour {
        return text.to_owned();
    }
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

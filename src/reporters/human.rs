//! For people: source excerpts with the line to edit and the line that decided; what holds the
//! change after what does not, and the verdict as the last line.

use super::{
    Detail, Look, Report, Reporter, escape,
    gist::{self, Block, Group, Weight, plural},
};
use crate::{
    finding::{Level, WaivedBy},
    verdict::{Decision, GateState, Verdict},
};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeMap;
use std::io::{self, Write};

mod excerpt;

pub(super) struct Human;

/// Lines of excerpts for what holds the change; what finds no room there has a line each.
const HOLDING_LINES: usize = 60;
/// The same for everything else, where nothing holds the change. Where something does, it has the
/// reader's eye.
const OTHER_LINES: usize = 24;
/// Blocks in full in any case.
const IN_FULL: usize = 2;
/// Blocks with a line each; the rest is counted. A flood would hide the verdict.
const SHORT: usize = 20;
/// The same of what does not hold the change.
const OTHER_SHORT: usize = 5;
/// Notes are told one by one up to here.
const NOTES: usize = 4;
/// Environments that receive nothing are named up to here.
const UNCHANGED: usize = 3;

impl Reporter for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn purpose(&self) -> &'static str {
        "people: source excerpts, the verdict last"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let items = gist::items(report.verdict);
        let mut groups = gist::groups(&items);
        let entries = gist::entries(&mut groups);
        let blocks = gist::blocks(&entries);
        let holds = blocks.iter().any(|it| weight(it).holds());
        let (mut holding, mut others) = match report.detail {
            Detail::All => (Room::ALL, Room::ALL),
            _ => (Room::HOLDING, Room::others(holds)),
        };
        let mut shown = excerpt::Shown::new();
        let of = |which: Weight| blocks.iter().filter(move |it| weight(it) == which);
        // What matters most takes its room first, and stands last.
        let mut sections = Vec::new();
        for weight in [Weight::Refuses, Weight::Undecided] {
            sections.push(section(
                weight,
                of(weight),
                report.look,
                &mut holding,
                &mut shown,
            ));
        }
        if report.detail != Detail::Quiet {
            for weight in [Weight::Warns, Weight::Waived, Weight::Known, Weight::Notes] {
                sections.push(section(
                    weight,
                    of(weight),
                    report.look,
                    &mut others,
                    &mut shown,
                ));
            }
        }
        for text in sections.iter().rev().filter(|it| !it.is_empty()) {
            writeln!(out, "{text}")?;
        }
        if report.detail != Detail::Quiet {
            environments(report, out)?;
            gates(report.verdict, report.look, out)?;
            writeln!(out)?;
        }
        verdict_line(report, out)
    }
}

fn weight(block: &Block<'_, '_>) -> Weight {
    block.first().map_or(Weight::Notes, |it| it.0.weight)
}

/// What there is room for.
#[derive(Clone, Copy)]
struct Room {
    /// Lines of excerpts that are left.
    lines: usize,
    /// Blocks in full whatever their length, of each kind.
    in_full: usize,
    /// Blocks with a line each, of each kind.
    short: usize,
    /// Whether what nobody has to look at is told one by one.
    all: bool,
}

impl Room {
    const ALL: Self = Self {
        lines: usize::MAX,
        in_full: usize::MAX,
        short: usize::MAX,
        all: true,
    };
    const HOLDING: Self = Self {
        lines: HOLDING_LINES,
        in_full: IN_FULL,
        short: SHORT,
        all: false,
    };

    fn others(holds: bool) -> Self {
        Self {
            lines: if holds { 0 } else { OTHER_LINES },
            in_full: 0,
            short: OTHER_SHORT,
            all: false,
        }
    }

    /// Whether a block is told one by one at all.
    fn lists(&self, block: &Block<'_, '_>) -> bool {
        let Some((group, _)) = block.first() else {
            return false;
        };
        let of_the_baseline = (group.finding.waiver())
            .is_some_and(|it| matches!(it.by, WaivedBy::Baseline | WaivedBy::Known));
        self.all || !of_the_baseline
    }
}

/// Everything of one weight.
fn section<'a: 'b, 'b: 'c, 'c>(
    weight: Weight,
    blocks: impl Iterator<Item = &'c Block<'a, 'b>>,
    look: Look,
    room: &mut Room,
    shown: &mut excerpt::Shown<'a>,
) -> String {
    let (listed, known): (Vec<_>, Vec<_>) = blocks.partition(|it| room.lists(it));
    let mut text = String::new();
    let mut at = 0;
    // A note is never worth an excerpt of its own.
    if weight != Weight::Notes || room.all {
        for block in &listed {
            let mut seen = shown.clone();
            let full = excerpt::full(block, look, &mut seen);
            let lines = full.lines().count() + 1;
            if lines > room.lines && at >= room.in_full {
                break;
            }
            room.lines = room.lines.saturating_sub(lines);
            *shown = seen;
            text.push_str(&full);
            text.push_str("\n\n");
            at += 1;
        }
    }
    let others = listed.get(at..).unwrap_or_default();
    let short = match weight {
        Weight::Notes if !room.all && others.len() > NOTES => 0,
        _ => room.short,
    };
    let (named, counted) = others.split_at(short.min(others.len()));
    for block in named {
        text.push_str(&excerpt::short(block, look));
        text.push('\n');
    }
    let lead = if text.is_empty() {
        Lead::Alone
    } else {
        Lead::More
    };
    text.push_str(&count(weight, counted, lead));
    // The baseline gives one reason for all.
    let by = known.first().and_then(|it| it.first());
    if weight == Weight::Known {
        text.push_str(&count(weight, &known, Lead::Alone));
    } else if let Some(waiver) = by.and_then(|it| it.0.finding.waiver()) {
        let by = escape::line(&gist::waived_by(waiver));
        text.push_str(&count(weight, &known, Lead::By(&by)));
    }
    if text.ends_with("\n\n") {
        text.pop();
    }
    text
}

/// How a count begins.
enum Lead<'a> {
    /// Nothing of the kind was listed.
    Alone,
    /// Behind what was listed.
    More,
    /// All of it is waived by this.
    By(&'a str),
}

/// What there is no room for, counted by rule.
fn count(weight: Weight, rest: &[&Block<'_, '_>], lead: Lead<'_>) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, also) in rest.iter().flat_map(|it| it.iter()) {
        let count = also.iter().map(Group::len).sum::<usize>() + group.len();
        *rules.entry(&group.finding.rule).or_default() += count;
    }
    if rules.is_empty() {
        return String::new();
    }
    let total: usize = rules.values().sum();
    let what = match (weight, total) {
        (Weight::Refuses, 1) => "finding that holds the change",
        (Weight::Refuses, _) => "findings that hold the change",
        (Weight::Undecided, 1) => "question that could not be decided",
        (Weight::Undecided, _) => "questions that could not be decided",
        (Weight::Warns, 1) => "warning",
        (Weight::Warns, _) => "warnings",
        (Weight::Waived, _) => "waived",
        (Weight::Known, _) => "known",
        (Weight::Notes, 1) => "note",
        (Weight::Notes, _) => "notes",
    };
    let more = rules.len().saturating_sub(RULES);
    let mut named: Vec<String> = rules
        .iter()
        .take(RULES)
        .map(|(rule, n)| format!("{} ({n})", escape::line(rule)))
        .collect();
    if more > 0 {
        named.push(format!("{more} more rules"));
    }
    let what = match lead {
        Lead::Alone => format!("{total} {what}"),
        Lead::More => format!("... and {total} more {what}"),
        Lead::By(by) => format!("{total} {what} by {by}"),
    };
    format!("{what}: {}; --all lists them\n", named.join(", "))
}

/// Rules that are named under a count.
const RULES: usize = 6;

fn environments(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let change = &report.verdict.change;
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
    let unchanged = change
        .environments
        .iter()
        .filter(|it| gist::is_unchanged(it));
    let unchanged = unchanged.count();
    let fold = unchanged > UNCHANGED && report.detail != Detail::All;
    for (it, name) in change.environments.iter().zip(&names) {
        if fold && gist::is_unchanged(it) {
            continue;
        }
        let what = gist::receives(it);
        let enforcement = escape::line(&it.enforcement);
        writeln!(out, "  {name:<width$}  {enforcement:<8} {what}")?;
    }
    if fold {
        writeln!(
            out,
            "  {} unchanged; --all lists them",
            plural(unchanged, "environment")
        )?;
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
            (record.examined.known(), "known"),
        ] {
            match (n, what) {
                (0, _) => {}
                (n, "undecided" | "waived" | "known") => parts.push(format!("{n} {what}")),
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
    writeln!(out, "{}{rest}", paint(report.look, colour, word))
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

//! A line for each place, as compilers and linters print it, so that editors, `grep` and people find
//! their way: `path:line:column: level rule message`, what holds the change first. The last line is
//! the verdict.

use super::{
    Detail, Report, Reporter,
    escape::{line, named_place, word},
    gist::{self, Group, Weight, plural},
};
use std::io::{self, Write};

pub(super) struct Concise;

impl Reporter for Concise {
    fn name(&self) -> &'static str {
        "concise"
    }

    fn purpose(&self) -> &'static str {
        "people, editors and grep: a line for each place"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let items = gist::items(report.verdict);
        let groups = gist::groups(&items);
        let listed = |it: &&Group<'_>| match report.detail {
            Detail::Quiet => it.weight.holds(),
            Detail::Usual => !matches!(it.weight, Weight::Known | Weight::Notes),
            Detail::All => true,
        };
        for group in groups.iter().filter(listed) {
            writeln!(out, "{}", one(group))?;
        }
        let count = |weight: Weight| {
            let groups = groups.iter().filter(move |it| it.weight == weight);
            groups.map(Group::len).sum::<usize>()
        };
        let mut counts = Vec::new();
        match count(Weight::Known) {
            0 => {}
            n => counts.push(format!("{n} known")),
        }
        match count(Weight::Notes) {
            0 => {}
            n => counts.push(plural(n, "note")),
        }
        if report.detail == Detail::Usual && !counts.is_empty() {
            writeln!(out, "{}; --all lists them", counts.join(", "))?;
        }
        writeln!(out, "{}", gist::sentence(report))
    }
}

fn one(group: &Group<'_>) -> String {
    let finding = group.finding;
    let level = match group.weight {
        Weight::Refuses | Weight::Undecided => "error",
        Weight::Warns => "warning",
        Weight::Waived | Weight::Known | Weight::Notes => "note",
    };
    let place = gist::place(finding).or_else(|| finding.labels.first().map(|it| &it.place));
    let place = place.map_or_else(
        || "-".to_owned(),
        |it| named_place(&it.path, it.line, it.column),
    );
    let mut text = format!(
        "{place}: {level} {} {}",
        word(&finding.rule),
        line(&finding.message)
    );
    let subjects = group.subjects();
    if let Some(first) = subjects.named.first() {
        text.push_str(&format!(" [{}", line(first)));
        match group.len() {
            0 | 1 => {}
            n => text.push_str(&format!(", and {} more", n - 1)),
        }
        text.push(']');
    }
    if let Some(waiver) = finding.waiver() {
        text.push_str(&format!(", waived by {}", line(&gist::waived_by(waiver))));
    }
    if let Some(needed) = finding
        .help
        .as_ref()
        .filter(|_| group.weight == Weight::Undecided)
    {
        text.push_str(&format!("; needed: {}", line(needed)));
    }
    text
}

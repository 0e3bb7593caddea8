//! `tollgate render --diff` in the formats that people and machines read. Pure: a difference and a
//! format give a text.

mod html;
mod markdown;
mod text;

use super::escape;
use crate::model::{
    ChangeKind, OverlayDiff, RenderDiff, ResourceDiff, Setting, Shown, Side, SideFailure,
};
use clap::ValueEnum;
use serde_json::Value;

/// How a difference is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    #[default]
    Text,
    /// For programs
    Json,
    /// For a comment
    Markdown,
    /// A page with both sides
    Html,
}

/// A difference as a text.
///
/// # Errors
/// Those of JSON.
pub fn write(diff: &RenderDiff, format: Format, colour: bool) -> Result<String, serde_json::Error> {
    Ok(match format {
        Format::Text => text::write(diff, colour),
        Format::Json => escape::json(&serde_json::to_string_pretty(diff)?) + "\n",
        Format::Markdown => markdown::write(diff),
        Format::Html => html::write(diff),
    })
}

/// Overlays with something to show.
fn telling(diff: &RenderDiff) -> impl Iterator<Item = &OverlayDiff> {
    diff.overlays
        .iter()
        .filter(|it| it.change != ChangeKind::Unchanged)
}

/// `1 of 2 overlays differs`.
fn result(diff: &RenderDiff) -> String {
    let failed = diff
        .overlays
        .iter()
        .filter(|it| !it.failures.is_empty())
        .count();
    let differing = telling(diff).count() - failed;
    let all = diff.overlays.len();
    let verb = if differing == 1 { "differs" } else { "differ" };
    let mut text = format!("{differing} of {all} overlays {verb}");
    if failed > 0 {
        text += &format!(", {failed} cannot be compared");
    }
    text
}

/// `new overlay, 1 added, 0 removed, 2 changed`.
fn summary(overlay: &OverlayDiff) -> String {
    if !overlay.failures.is_empty() {
        return "cannot be compared".to_owned();
    }
    let what = match overlay.change {
        ChangeKind::Added => "new overlay, ",
        ChangeKind::Removed => "overlay removed, ",
        ChangeKind::Changed | ChangeKind::Unchanged => "",
    };
    let count = |change| overlay.count(change);
    format!(
        "{what}{} added, {} removed, {} changed",
        count(ChangeKind::Added),
        count(ChangeKind::Removed),
        count(ChangeKind::Changed)
    )
}

fn side(failure: &SideFailure) -> &'static str {
    match failure.side {
        Side::Base => "the old side does not render",
        Side::Head => "the new side does not render",
    }
}

/// `Deployment prod/web`; foreign text.
fn title(resource: &ResourceDiff) -> String {
    resource.key.to_string()
}

/// Why an overlay cannot be compared: who does not render, and the lines that explain it. What is wrong
/// with both sides is said once, wherever its line went.
fn failures(overlay: &OverlayDiff) -> Vec<(&'static str, Vec<String>)> {
    let cause = |it: &SideFailure| {
        let path = it.line.as_ref().map(|it| it.path.clone());
        (it.message.clone(), it.help.clone(), path)
    };
    match &overlay.failures[..] {
        [old, new] if cause(old) == cause(new) => {
            vec![("neither side renders", explained(new))]
        }
        all => all.iter().map(|it| (side(it), explained(it))).collect(),
    }
}

/// The lines of a failure: what is wrong with its place, what to do; foreign text.
fn explained(failure: &SideFailure) -> Vec<String> {
    let place = failure.line.as_ref();
    let mut lines = vec![match place {
        Some(place) => format!("{place}: {}", failure.message),
        None => failure.message.clone(),
    }];
    lines.extend(failure.help.iter().map(|it| format!("help: {it}")));
    lines
}

/// Lines of one value that are shown.
const LINES: usize = 200;
/// Lines that both values share and that are shown around what differs.
const CONTEXT: usize = 2;

/// Both values of a field, each as lines of foreign text. What both have in common at the ends is
/// left out where it is long, so that what differs is in what is shown.
fn both(old: Option<&Setting>, new: Option<&Setting>) -> (Vec<String>, Vec<String>) {
    let (mut one, mut two) = (lines(old), lines(new));
    if let ([a], [b]) = (&one[..], &two[..]) {
        let (a, b) = without_common_start(a, b);
        return (vec![a], vec![b]);
    }
    if one.len() > 1 && two.len() > 1 {
        let least = one.len().min(two.len());
        let alike = |(a, b): &(&String, &String)| a == b;
        let before = one.iter().zip(&two).take_while(alike).count();
        let ends = one.iter().rev().zip(two.iter().rev());
        let after = ends.take_while(alike).count().min(least - before);
        for lines in [&mut one, &mut two] {
            let end = lines.len() - after;
            fold(lines, end + CONTEXT, after.saturating_sub(CONTEXT));
            fold(lines, 1, before.saturating_sub(CONTEXT + 1));
        }
    }
    for lines in [&mut one, &mut two] {
        let rest = lines.len().saturating_sub(LINES);
        fold(lines, LINES, rest);
    }
    (one, two)
}

/// Put a count in place of lines, where there are enough of them.
fn fold(lines: &mut Vec<String>, at: usize, count: usize) {
    if count > 1 && at + count <= lines.len() {
        lines.splice(at..at + count, [format!("[{count} lines not shown]")]);
    }
}

/// JSON, which tells `1` from `"1"`; text of several lines stands below a `|`.
fn lines(setting: Option<&Setting>) -> Vec<String> {
    let value = match setting.map(|it| &it.value) {
        None => return vec!["(nothing)".to_owned()],
        Some(Shown::Hidden(_)) => return vec!["(hidden)".to_owned()],
        Some(Shown::Value(value)) => value,
    };
    match value {
        Value::String(text) if text.contains('\n') && !text.contains(['\r', '\t']) => {
            let lines = text.split('\n').map(str::to_owned);
            std::iter::once("|".to_owned()).chain(lines).collect()
        }
        value => format!("{value:#}").lines().map(str::to_owned).collect(),
    }
}

/// Long texts on one line from shortly before where they part.
fn without_common_start(a: &str, b: &str) -> (String, String) {
    const LONG: usize = 200;
    const KEPT: usize = 40;
    let alike = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    if alike < LONG {
        return (a.to_owned(), b.to_owned());
    }
    let cut = alike - KEPT;
    let rest = |text: &str| {
        let rest: String = text.chars().skip(cut).collect();
        format!("[{cut} characters not shown] {rest}")
    };
    (rest(a), rest(b))
}

#[cfg(test)]
mod tests;

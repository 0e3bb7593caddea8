//! One block of the report for people: what was found at a place, with its lines of source.

use super::paint;
use crate::{
    finding::Label,
    model::Place,
    reporters::{
        Look, escape,
        gist::{self, Block, Few, Group, Weight, plural},
    },
};
use annotate_snippets::{
    Annotation, AnnotationKind, Group as Excerpt, Level as Title, Origin, Renderer, Snippet,
};
use anstyle::AnsiColor;
use std::collections::BTreeSet;

/// Places that the report has shown, each with what is said there. What decides about many findings
/// is shown with the first of them.
pub(super) type Shown<'a> = BTreeSet<&'a Label>;

/// The first place in full, and what else is like it.
pub(super) fn full<'a>(block: &Block<'a, '_>, look: Look, shown: &mut Shown<'a>) -> String {
    let Some((group, also)) = block.first() else {
        return String::new();
    };
    if group.weight == Weight::Undecided {
        return undecided(block, look);
    }
    let labels = labels(block, shown);
    let level = match group.weight {
        Weight::Refuses | Weight::Undecided => Title::ERROR,
        Weight::Warns => Title::WARNING,
        Weight::Waived => Title::WARNING.with_name(Some("waived")),
        Weight::Known => Title::NOTE.with_name(Some("known")),
        Weight::Notes => Title::NOTE,
    };
    let renderer = if look.colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(look.width);
    let title = |it: &gist::Entry<'_, '_>| {
        let finding = it.0.finding;
        level
            .clone()
            .primary_title(escape::line(&gist::message(it)))
            .id(escape::line(&finding.rule))
    };
    let (last, others) = match block.split_last() {
        Some((last, others)) => (*last, others),
        None => return String::new(),
    };
    let mut text = String::new();
    for it in others {
        text.push_str(&renderer.render(&[Excerpt::with_title(title(it))]));
        text.push('\n');
    }
    let mut main = Excerpt::with_title(title(&last));
    let lines: Vec<_> = by_line(&labels);
    let sources: Vec<String> = lines
        .iter()
        .map(|it| escape::source(&it[0].place.text).into_owned())
        .collect();
    for (at, (labels, source)) in lines.iter().zip(&sources).enumerate() {
        main = if source.is_empty() {
            // A whole file: there is no line to show.
            main.element(Origin::path(whole_file(labels)))
        } else {
            main.element(snippet(labels, source, at == 0))
        };
    }
    for (name, text) in notes(group, also) {
        main = main.element(Title::NOTE.with_name(Some(name)).message(text));
    }
    let mut helps: Vec<&str> = Vec::new();
    for help in block.iter().filter_map(|it| it.0.finding.help.as_deref()) {
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    for help in helps {
        main = main.element(Title::HELP.message(escape::line(help)));
    }
    text.push_str(&renderer.render(&[main]));
    text
}

/// The labels of all findings of a block, each once; of those that an earlier block has shown, only
/// the first place.
fn labels<'a>(block: &Block<'a, '_>, shown: &mut Shown<'a>) -> Vec<&'a Label> {
    let mut labels: Vec<&Label> = Vec::new();
    for (group, _) in block {
        for (at, label) in group.finding.labels.iter().enumerate() {
            if labels.contains(&label) || (at > 0 && shown.contains(label)) {
                continue;
            }
            labels.push(label);
        }
    }
    shown.extend(labels.iter().copied());
    labels
}

/// Labels of one line side by side, in the order of the first of each line.
fn by_line<'a>(labels: &[&'a Label]) -> Vec<Vec<&'a Label>> {
    let mut lines: Vec<Vec<&Label>> = Vec::new();
    for label in labels {
        let line = |it: &Place| (it.side, it.path.clone(), it.line, it.text.clone());
        let same = |it: &&mut Vec<&Label>| line(&it[0].place) == line(&label.place);
        match lines.iter_mut().find(same) {
            Some(found) => found.push(label),
            None => lines.push(vec![label]),
        }
    }
    lines
}

/// What is said under the lines of source.
fn notes(group: &Group<'_>, also: &[Group<'_>]) -> Vec<(&'static str, String)> {
    let mut notes: Vec<(&str, String)> = Vec::new();
    if let Some(waiver) = group
        .finding
        .waiver()
        .filter(|_| group.weight == Weight::Waived)
    {
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
    notes
}

/// A line for each.
fn named(name: &'static str, few: &Few<'_>) -> Vec<(&'static str, String)> {
    let lines = few.texts(escape::line).into_iter();
    lines.map(|it| (name, it)).collect()
}

/// `path: what the labels say`.
fn whole_file(labels: &[&Label]) -> String {
    let path = labels.first().map_or("", |it| it.place.path.as_str());
    let texts: Vec<_> = labels.iter().map(|it| escape::line(&it.text)).collect();
    format!("{}: {}", escape::path(path), texts.join(", "))
}

fn snippet<'a>(labels: &[&Label], text: &'a str, primary: bool) -> Snippet<'a, Annotation<'a>> {
    let place = &labels[0].place;
    let mut snippet = Snippet::source(text)
        .line_start(place.line as usize)
        .path(escape::path(&place.path));
    for (at, label) in labels.iter().enumerate() {
        let kind = if primary && at == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        snippet = snippet.annotation(
            kind.span(byte_span(&label.place, text))
                .label(escape::line(&label.text)),
        );
    }
    snippet
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

/// Questions that one thing would answer.
fn undecided(block: &Block<'_, '_>, look: Look) -> String {
    let Some(((group, _), others)) = block.split_first() else {
        return String::new();
    };
    let mut text = title(&(*group, &[]), look);
    for it in group.subjects().texts(escape::line) {
        text.push_str(&format!("\n  = in: {it}"));
    }
    let (shown, rest) = others.split_at(gist::shown(others.len()));
    for (it, _) in shown {
        let subjects = it.subjects();
        let first = subjects.named.first().copied().unwrap_or_default();
        let why = escape::line(&it.finding.message);
        text.push_str(&format!("\n  = also: {why}, in {}", escape::line(first)));
        if it.len() > 1 {
            text.push_str(&format!(", and {} more", it.len() - 1));
        }
    }
    if !rest.is_empty() {
        let more: usize = rest.iter().map(|it| it.0.len()).sum();
        text.push_str(&format!("\n  = also: {}", plural(more, "more question")));
    }
    if let Some(needed) = &group.finding.help {
        text.push_str(&format!("\n  = needed: {}", escape::line(needed)));
    }
    text
}

/// A block in a line: what, where first, and how often.
pub(super) fn short(block: &Block<'_, '_>, look: Look) -> String {
    let lines = block.iter().map(|entry| {
        let (group, also) = entry;
        let mut text = title(entry, look);
        let subjects = group.subjects();
        let subject = subjects.named.first().copied().unwrap_or_default();
        let place = group.finding.labels.first().map(|it| &it.place);
        let place = match place {
            Some(place) if place.text.is_empty() => escape::line(&place.path),
            Some(place) => escape::line(&place.to_string()),
            None => format!("in {}", escape::line(subject)),
        };
        text.push_str(&format!(" ({place}"));
        match group.len() + also.iter().map(Group::len).sum::<usize>() {
            0 | 1 => {}
            n => text.push_str(&format!(", and {} more", n - 1)),
        }
        text.push(')');
        if let Some(waiver) = group.finding.waiver() {
            let by = escape::line(&gist::waived_by(waiver));
            text.push_str(&format!("\n  = waived by: {by}"));
        }
        text
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `error[policies/p]: an image needs a tag`.
fn title(entry: &gist::Entry<'_, '_>, look: Look) -> String {
    let group = entry.0;
    let finding = group.finding;
    let (name, colour) = match group.weight {
        Weight::Refuses => ("error", AnsiColor::Red),
        Weight::Undecided => ("undecided", AnsiColor::Yellow),
        Weight::Warns => ("warning", AnsiColor::Yellow),
        Weight::Waived => ("waived", AnsiColor::Yellow),
        Weight::Known => ("known", AnsiColor::Green),
        Weight::Notes => ("note", AnsiColor::Green),
    };
    let id = match group.weight {
        Weight::Undecided => finding.rule.rsplit('/').next().unwrap_or_default(),
        _ => &finding.rule,
    };
    let head = paint(look, colour, &format!("{name}[{}]", escape::line(id)));
    format!("{head}: {}", escape::line(&gist::message(entry)))
}

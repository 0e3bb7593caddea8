//! For a terminal: a sign, a name, and below it each field with both values.

use super::{both, failures, result, summary, telling, title};
use crate::{
    model::{ChangeKind, FieldDiff, OverlayDiff, RenderDiff, ResourceDiff, Setting, SourceLine},
    reporters::escape::line,
};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

pub(super) fn write(diff: &RenderDiff, colour: bool) -> String {
    let mut out = format!("old: {}\nnew: {}\n", line(&diff.base), line(&diff.head));
    for it in telling(diff) {
        overlay(it, colour, &mut out);
    }
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "\n{}", result(diff));
    out
}

fn overlay(overlay: &OverlayDiff, colour: bool, out: &mut String) {
    let environment = overlay.environment.as_deref().map(line);
    let environment = environment.map_or_else(String::new, |it| format!("{it}, "));
    let path = line(&overlay.path);
    let _ = writeln!(out, "\n{environment}{path}: {}", summary(overlay));
    for (who, why) in failures(overlay) {
        let _ = writeln!(out, "  {who}");
        for it in why {
            let _ = writeln!(out, "    {}", line(&it));
        }
    }
    for it in &overlay.resources {
        resource(it, colour, out);
    }
}

fn resource(resource: &ResourceDiff, colour: bool, out: &mut String) {
    let title = line(&title(resource));
    let (sign, style) = match resource.change {
        ChangeKind::Added => ('+', green()),
        ChangeKind::Removed => ('-', red()),
        ChangeKind::Changed | ChangeKind::Unchanged => ('~', Style::new()),
    };
    let place = place(resource.line.as_ref());
    let _ = writeln!(
        out,
        "  {}",
        painted(&format!("{sign} {title}{place}"), style, colour)
    );
    for field in &resource.fields {
        field_lines(field, colour, out);
    }
}

fn field_lines(field: &FieldDiff, colour: bool, out: &mut String) {
    let _ = writeln!(out, "      {}", line(&field.path));
    let (old, new) = both(field.old.as_ref(), field.new.as_ref());
    for (sign, style, lines, setting) in [
        ('-', red(), old, field.old.as_ref()),
        ('+', green(), new, field.new.as_ref()),
    ] {
        for (at, text) in lines.iter().enumerate() {
            let place = if at == 0 {
                place_of(setting)
            } else {
                String::new()
            };
            let text = format!("{sign} {}{place}", line(text));
            let _ = writeln!(out, "        {}", painted(&text, style, colour));
        }
    }
}

fn place_of(setting: Option<&Setting>) -> String {
    place(setting.and_then(|it| it.line.as_ref()))
}

fn place(at: Option<&SourceLine>) -> String {
    at.map_or_else(String::new, |it| format!("  ({})", line(&it.to_string())))
}

fn painted(text: &str, style: Style, colour: bool) -> String {
    if colour {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

fn red() -> Style {
    AnsiColor::Red.on_default()
}

fn green() -> Style {
    AnsiColor::Green.on_default()
}

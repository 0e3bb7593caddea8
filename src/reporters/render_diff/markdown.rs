//! For a comment: CommonMark in which foreign text stands in code spans and code blocks only.

use super::{both, failures, result, summary, telling, title};
use crate::{
    model::{ChangeKind, FieldDiff, RenderDiff, ResourceDiff},
    reporters::escape::{code, line},
};
use std::fmt::Write;

/// Bytes of the whole text, so that it fits into a comment: GitHub takes 65,536 characters.
const LIMIT: usize = 60_000;

pub(super) fn write(diff: &RenderDiff) -> String {
    let mut out = format!(
        "### Rendered difference\n\nFrom {} to {}: **{}**\n",
        code(&diff.base),
        code(&diff.head),
        result(diff)
    );
    let mut left_out = 0usize;
    for overlay in telling(diff) {
        let mut head = String::from("\n#### ");
        if let Some(environment) = &overlay.environment {
            head += &format!("{}, ", code(environment));
        }
        head += &format!("{}: {}\n\n", code(&overlay.path), summary(overlay));
        for (who, why) in failures(overlay) {
            head += &format!("- {who}\n");
            for it in why {
                head += &format!("  - {}\n", code(&it));
            }
        }
        if out.len() + head.len() > LIMIT {
            left_out += overlay.resources.len().max(1);
            continue;
        }
        out += &head;
        for it in &overlay.resources {
            let text = resource(it);
            if out.len() + text.len() > LIMIT {
                left_out += 1;
            } else {
                out += &text;
            }
        }
    }
    if left_out > 0 {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "\n**{left_out} more differences are not shown here.**");
    }
    out
}

fn resource(resource: &ResourceDiff) -> String {
    let what = match resource.change {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed | ChangeKind::Unchanged => "changed",
    };
    let mut out = format!("- {what} {}", code(&title(resource)));
    if let Some(place) = &resource.line {
        let _ = write!(out, " at {}", code(&place.to_string()));
    }
    out.push('\n');
    for it in &resource.fields {
        field(it, &mut out);
    }
    out
}

fn field(field: &FieldDiff, out: &mut String) {
    let _ = writeln!(out, "  - {}\n", code(&field.path));
    let mut block = Vec::new();
    let (old, new) = both(field.old.as_ref(), field.new.as_ref());
    for (sign, lines, setting) in [('-', old, &field.old), ('+', new, &field.new)] {
        for (at, text) in lines.iter().enumerate() {
            let place = setting.as_ref().and_then(|it| it.line.as_ref());
            let place = place.filter(|_| at == 0);
            let place =
                place.map_or_else(String::new, |it| format!("  ({})", line(&it.to_string())));
            block.push(format!("{sign} {}{place}", line(text)));
        }
    }
    // Longer than any run inside, so that nothing inside can close it (CommonMark 4.5).
    let runs = block.iter().flat_map(|it| it.split(|c| c != '`'));
    let longest = runs.map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "    {fence}diff");
    for it in block {
        let _ = writeln!(out, "    {it}");
    }
    let _ = writeln!(out, "    {fence}\n");
}

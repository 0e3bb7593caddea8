//! What kustomize makes of text that was written after `>`.
//!
//! On the way to JSON kustomize prints the document with go-yaml v3 and reads it again. v3 keeps
//! the style, and its printer of folded text looks at the first line where it should look at the
//! next one, so line breaks before and after indented lines change. Source: `go.yaml.in/yaml/v3`
//! `emitterc.go` (`yaml_emitter_write_folded_scalar`), `scannerc.go` (`yaml_parser_scan_block_scalar`).

use crate::characters::{is_break, is_printable};
use std::borrow::Cow;

/// Text that was written after `>`, once kustomize has printed and read it: on its way to JSON, for
/// output and for JSON patches.
pub fn through_folded(text: &str) -> Cow<'_, str> {
    let body = text.trim_start_matches('\n');
    if !body.contains('\n') || !is_printed_folded(text) {
        return Cow::Borrowed(text);
    }
    let adds_break = !is_indented(body);
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(&text[..text.len() - body.len()]);
    let mut rest = body;
    while let Some(end) = rest.find('\n') {
        let (line, after) = rest.split_at(end);
        rest = after.trim_start_matches('\n');
        out.push_str(line);
        let breaks = after.len() - rest.len();
        let printed = breaks + usize::from(adds_break && !is_indented(line));
        if rest.is_empty() {
            // One break at the end is clipped to one, several are kept.
            let kept = if breaks == 1 { 1 } else { printed };
            out.extend(std::iter::repeat_n('\n', kept));
        } else if is_indented(line) || is_indented(rest) {
            out.extend(std::iter::repeat_n('\n', printed));
        } else if printed == 1 {
            out.push(' ');
        } else {
            out.extend(std::iter::repeat_n('\n', printed - 1));
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether v3 prints it after `>`: otherwise it stands in quotes and keeps its breaks.
fn is_printed_folded(text: &str) -> bool {
    !text.ends_with(' ')
        && !text.contains(" \n")
        && text
            .chars()
            .all(|it| it == '\t' || it == '\n' || (is_printable(it) && !is_break(it)))
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::through_folded;

    #[test]
    fn breaks_around_indented_lines_change() {
        for (text, expected) in [
            ("one two\nthree\n", "one two\nthree\n"),
            ("a [\n  1\n]", "a [\n\n  1\n]"),
            ("a\n\n\n  b\nc", "a\n\n\n\n  b\nc"),
            ("a\n\n", "a\n\n\n"),
            ("  a\n\n", "  a\n\n"),
            (" a\nb\nc\n\nd", " a\nb c\nd"),
            ("\n a\nb\nc", "\n a\nb c"),
            ("\n\n", "\n\n"),
            ("a \n  b", "a \n  b"),
            ("a\n  \u{1f600}", "a\n  \u{1f600}"),
            ("", ""),
        ] {
            assert_eq!(through_folded(text), expected, "{text:?}");
        }
    }
}

//! The one room in which foreign text is made safe for the place that it enters. Text from the
//! repository, from policies and from git is foreign: it must never become structure, a link, a
//! command or a colour.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters of a message that are shown; more is cut.
const MESSAGE_LIMIT: usize = 2_000;

/// Whether a terminal, a log viewer or a reader could take the character for something else than
/// what it shows: control characters, bidirectional controls, zero-width and tag characters, line
/// separators.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// One line of text for a terminal or a CI log: line breaks become `⏎`, other deceiving characters
/// `\u{..}`, and what CI systems read as commands (`::` at the start, `##[` and `##vso[` anywhere)
/// is broken by a backslash. Long text is cut and says so.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        if at == MESSAGE_LIMIT {
            out.push_str(" [cut]");
            break;
        }
        match c {
            '\n' => out.push('⏎'),
            '\r' | '\t' => out.push(' '),
            c if deceives(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    break_commands(out)
}

/// Runners look for `::name` at the start of a line after white space, and for `##[` anywhere.
fn break_commands(text: String) -> String {
    let text = if text.contains("##") {
        text.replace("##", "#\\#")
    } else {
        text
    };
    if text.trim_start().starts_with("::") {
        text.replacen("::", ":\\:", 1)
    } else {
        text
    }
}

/// A line of source for an excerpt: as many characters as the line has, so that columns keep their
/// meaning; deceiving ones show as U+FFFD, tabs as a space.
pub fn source(text: &str) -> Cow<'_, str> {
    if !text.chars().any(deceives) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let shown: String = text
        .chars()
        .map(|c| match c {
            '\t' => ' ',
            c if deceives(c) => '\u{FFFD}',
            c => c,
        })
        .collect();
    // Same width, and no `##[` for a runner to find.
    Cow::Owned(
        shown
            .replace("##[", "#\u{FFFD}[")
            .replace("##vso[", "#\u{FFFD}vso["),
    )
}

/// Text for XML 1.0: characters that it cannot carry, and those that deceive, become `\u{..}`.
/// The XML writer itself escapes mark-up.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(8 * 1024) {
        let illegal = matches!(c, '\u{FFFE}' | '\u{FFFF}');
        if c == '\n' {
            out.push(c);
        } else if illegal || deceives(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// JSON text in which no deceiving character stands for itself. Such characters can stand inside
/// of strings only, where `\uXXXX` means the same.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && deceives(c) {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_commands_nothing() {
        for (text, want) in [
            ("plain", "plain"),
            ("a\nb", "a⏎b"),
            ("::error::x", ":\\:error::x"),
            ("  ::set-output name=a::b", "  :\\:set-output name=a::b"),
            ("x ##[add-mask]y", "x #\\#[add-mask]y"),
            ("##vso[task.setvariable]", "#\\#vso[task.setvariable]"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(line(text), want, "{text:?}");
        }
        assert!(line(&"x".repeat(9_999)).ends_with("x [cut]"));
    }

    #[test]
    fn an_excerpt_keeps_its_columns() {
        for text in [
            "image: a",
            "a\u{1b}[0m\tb",
            "##[group]x",
            "##vso[x]",
            "a\u{202e}b",
        ] {
            assert_eq!(
                source(text).chars().count(),
                text.chars().count(),
                "{text:?}"
            );
            assert!(!source(text).contains("##["), "{text:?}");
        }
    }

    #[test]
    fn json_means_the_same_afterwards() {
        for text in ["a\u{202e}b", "\u{e0001}", "\u{9b}31m", "\u{7f}"] {
            let value = serde_json::Value::String(text.to_owned());
            let safe = json(&value.to_string());
            assert!(!safe.chars().any(deceives), "{safe:?}");
            let back: serde_json::Value = serde_json::from_str(&safe).expect("still JSON");
            assert_eq!(back, value);
        }
    }
}

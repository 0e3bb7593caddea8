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

/// Markdown that shows the text as code, on one line: nothing in it can be a link, an image, markup
/// or a mention. The fence is one backtick longer than any run in the text (CommonMark 6.1).
pub fn code(text: &str) -> String {
    let text = line(text);
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // CommonMark takes one space off each side where both have one.
    let edge = |c: Option<char>| c.is_none_or(|c| c == '`' || c == ' ');
    let pad = if edge(text.chars().next()) || edge(text.chars().next_back()) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The data of a workflow command: several lines, joined by the command's own line break. Source:
/// `toolkit/packages/core/src/command.ts`.
pub fn command_data<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines
        .into_iter()
        .map(|it| line(it).replace('%', "%25"))
        .collect();
    lines.join("%0A")
}

/// A property of a workflow command.
pub fn command_property(text: &str) -> String {
    line(text)
        .replace('%', "%25")
        .replace(':', "%3A")
        .replace(',', "%2C")
}

/// Plain text of a SARIF message: what viewers would take for an embedded link (3.11.6) or for a
/// placeholder (3.11.5) is escaped as the specification says.
pub fn sarif(text: &str) -> String {
    let mut text = line(text);
    if text.contains("](") {
        text = text
            .replace('\\', "\\\\")
            .replace('[', "\\[")
            .replace(']', "\\]");
    }
    if has_placeholder(&text) {
        text = text.replace('{', "{{").replace('}', "}}");
    }
    text
}

/// Whether `{0}` or the like stands in the text.
fn has_placeholder(text: &str) -> bool {
    text.split('{').skip(1).any(|it| {
        let rest = it.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < it.len() && rest.starts_with('}')
    })
}

/// A path of the repository as a relative URI reference, everything but unreserved characters
/// percent-encoded; `None` for what does not stay below the root.
pub fn relative_uri(path: &str) -> Option<String> {
    if path.split('/').any(|it| matches!(it, "" | "." | "..")) {
        return None;
    }
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Some(out)
}

/// A line of text for YAML: as [`line`], and code points that are no characters, which readers of
/// YAML refuse, become `\u{..}` too. YAML folds lines at spaces, so `::` behind any white space is
/// broken as at the start of a line.
pub fn yaml(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ['a', 'a'];
    for c in text.chars() {
        let value = u32::from(c);
        if value & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&value) {
            let _ = write!(out, "\\u{{{value:x}}}");
        } else {
            if c == ':' && before[1] == ':' && before[0].is_whitespace() {
                out.push('\\');
            }
            out.push(c);
        }
        before = [before[1], c];
    }
    out
}

/// The description of a TAP test point: no directive, no escape.
pub fn tap(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// The value of a Prometheus label, without its quotes.
pub fn prometheus_label(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('"', "\\\"")
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

    #[test]
    fn code_is_longer_than_its_backticks() {
        for (text, want) in [
            ("a", "`a`"),
            ("", "`  `"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``x", "``` ``x ```"),
            (" x ", "`  x  `"),
            ("a\nb", "`a⏎b`"),
        ] {
            assert_eq!(code(text), want, "{text:?}");
        }
    }

    #[test]
    fn commands_carry_text_only() {
        assert_eq!(command_data(["a%0A::b", "c\nd"]), "a%250A::b%0Ac⏎d");
        assert_eq!(command_property("a,b=c::d%"), "a%2Cb=c%3A%3Ad%25");
    }

    #[test]
    fn sarif_text_has_neither_links_nor_placeholders() {
        for (text, want) in [
            ("containers[0] is {bad}", "containers[0] is {bad}"),
            ("[a](http://x)", "\\[a\\](http://x)"),
            ("{0} and {{12}}", "{{0}} and {{{{12}}}}"),
            ("{{a}} {", "{{a}} {"),
        ] {
            assert_eq!(sarif(text), want, "{text:?}");
        }
    }

    #[test]
    fn uris_stay_below_the_root() {
        assert_eq!(
            relative_uri("a b/ö.yaml").as_deref(),
            Some("a%20b/%C3%B6.yaml")
        );
        assert_eq!(relative_uri("file:x").as_deref(), Some("file%3Ax"));
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/."] {
            assert_eq!(relative_uri(path), None, "{path:?}");
        }
    }

    #[test]
    fn tap_yaml_and_prometheus_escape_their_own() {
        assert_eq!(tap("a # SKIP \\"), "a \\# SKIP \\\\");
        assert_eq!(yaml("a\u{fffe}\u{1ffff}\n"), "a\\u{fffe}\\u{1ffff}⏎");
        assert_eq!(yaml("a ::error::b\u{3000}::"), "a :\\:error::b\u{3000}:\\:");
        assert_eq!(prometheus_label("a\"b\\c\nd"), "a\\\"b\\\\c⏎d");
    }
}

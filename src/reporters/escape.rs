//! The one room in which foreign text is made safe for the place that it enters. Text from the
//! repository, from policies and from git is foreign: it must never become structure, a link, a
//! command or a colour.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters of one text that a line shows; more is cut.
const LINE_LIMIT: usize = 2_000;
/// Characters of one text that a report for machines carries, unless there is too much of it.
const TEXT_LIMIT: usize = 8 * 1_024;
/// Characters that each text keeps in any case: names are shorter.
const TEXT_FLOOR: usize = 256;
/// Characters of all texts of one report together. Source: threat row E9.
const REPORT_BUDGET: usize = 12 << 20;
/// What stands where text was cut.
const CUT: &str = " [cut]";

/// Whether a terminal, a log viewer or a reader could take the character for something else than
/// what it shows: control characters, bidirectional controls, line separators, and whatever takes
/// no room (Unicode's `Default_Ignorable_Code_Point`).
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a runner of GitHub, Gitea or Azure takes a line of a log for a command to itself: `::name::`
/// at its start, `##[` or `##vso[` anywhere. Characters that take no room are overlooked, as .NET does
/// where it compares by culture. Source: `actions/runner` `src/Runner.Common/ActionCommand.cs`.
pub fn is_command(line: &str) -> bool {
    let plain: String = line.chars().filter(|it| !deceives(*it)).collect();
    let start = plain.trim_start().strip_prefix("::");
    start.is_some_and(|it| it.contains("::")) || plain.contains("##[") || plain.contains("##vso[")
}

/// One line of text for a terminal or a CI log: line breaks become `⏎`, other deceiving characters
/// `\u{..}`, and what CI systems read as commands (`::` at the start, `##[` and `##vso[` anywhere)
/// is broken by a backslash. Long text is cut and says so.
pub fn line(text: &str) -> String {
    one_line(text, LINE_LIMIT)
}

fn one_line(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for (at, c) in text.chars().enumerate() {
        if at == limit {
            out.push_str(CUT);
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
    let out = break_inner_commands(&out, '\\', false).unwrap_or(out);
    // Runners look for `::name` at the start of a line after white space.
    if out.trim_start().starts_with("::") {
        out.replacen("::", ":\\:", 1)
    } else {
        out
    }
}

/// The text with `##[` and `##word[` broken by `by`: put between the two signs, or in the place of
/// the second one. `None` where there is no such thing.
fn break_inner_commands(text: &str, by: char, replace: bool) -> Option<String> {
    let opens = |rest: &str| {
        rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-.".contains(c))
            .starts_with('[')
    };
    let at: Vec<usize> = (text.match_indices('#'))
        .filter(|(at, _)| text[..*at].ends_with('#') && opens(&text[at + 1..]))
        .map(|(at, _)| at)
        .collect();
    if at.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len() + at.len());
    let mut from = 0;
    for at in at {
        out.push_str(&text[from..at]);
        out.push(by);
        from = if replace { at + 1 } else { at };
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// As [`line()`], for the path of an excerpt: its line can begin with `:::`, so that no `::` may stand
/// in it, nor come of the `:` before the line's number.
pub fn path(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars().chain(text.ends_with(':').then_some('\\')) {
        if c == ':' && out.ends_with(':') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// As [`line()`], as one word: white space becomes `\u{..}` too, and an empty text a dash.
pub fn word(text: &str) -> String {
    let text = line(text);
    if text.is_empty() {
        return "-".to_owned();
    }
    spelled(&text, char::is_whitespace)
}

/// `path:line:column` in which the colons are those two: one of the path becomes `\u{3a}`. No other
/// text can then be taken for the place of a line, nor for a command to a runner.
pub fn named_place(path: &str, line: u32, column: u32) -> String {
    let path = spelled(&self::line(path), |it| it == ':');
    let path = if path.is_empty() { "-" } else { &path };
    format!("{path}:{line}:{column}")
}

/// The text with some characters as `\u{..}`.
fn spelled(text: &str, which: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if which(c) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A line of source for an excerpt: as many characters as the line has, so that columns keep their
/// meaning; deceiving ones show as U+FFFD, tabs as a space.
pub fn source(text: &str) -> Cow<'_, str> {
    if !text.contains(deceives) {
        return match break_inner_commands(text, '\u{FFFD}', true) {
            Some(broken) => Cow::Owned(broken),
            None => Cow::Borrowed(text),
        };
    }
    let shown: String = text
        .chars()
        .map(|c| match c {
            '\t' => ' ',
            c if deceives(c) => '\u{FFFD}',
            c => c,
        })
        .collect();
    Cow::Owned(break_inner_commands(&shown, '\u{FFFD}', true).unwrap_or(shown))
}

/// Characters that each of a report's texts may have, so that all of them together stay in a
/// budget. `lengths` are those of the texts, in bytes.
pub fn limit(lengths: impl Iterator<Item = usize>) -> usize {
    let (count, sum) = lengths.fold((0usize, 0usize), |(count, sum), length| {
        (count + 1, sum.saturating_add(length.min(TEXT_LIMIT)))
    });
    if sum <= REPORT_BUDGET {
        return TEXT_LIMIT;
    }
    (REPORT_BUDGET / count).clamp(TEXT_FLOOR, TEXT_LIMIT)
}

/// At most `limit` characters of a text, and a word where it was cut.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some((at, _)) => Cow::Owned(format!("{}{CUT}", &text[..at])),
    }
}

/// Foreign text on one line, as the content of an HTML element that an XML parser reads alike.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in line(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            // What XML has no place for.
            c @ ('\u{fffe}' | '\u{ffff}') => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// One line of text for XML 1.0, of at most `limit` characters: as [`line()`], and what XML cannot
/// carry becomes `\u{..}` too. The XML writer itself escapes mark-up.
pub fn xml(text: &str, limit: usize) -> String {
    let safe = one_line(text, limit);
    if !safe.contains(['\u{FFFE}', '\u{FFFF}']) {
        return safe;
    }
    safe.replace('\u{FFFE}', "\\u{fffe}")
        .replace('\u{FFFF}', "\\u{ffff}")
}

/// JSON text in which no deceiving character stands for itself and no runner finds a command. Such
/// characters can stand inside of strings only, where `\uXXXX` means the same.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        if (c != '\n' && deceives(c)) || (c == '#' && last == '#') {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
        last = c;
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
    // CommonMark takes one space off each side where both have one, unless there are spaces alone.
    let edge = |c: Option<char>| c.is_none_or(|c| c == '`' || c == ' ');
    let blank = !text.is_empty() && text.chars().all(|it| it == ' ');
    let pad = if !blank && (edge(text.chars().next()) || edge(text.chars().next_back())) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Markdown that shows a sentence: plain words stand for themselves, everything else as [`code`]. What
/// stands between backticks is code as its author wanted it. A plain word holds letters, digits and
/// single hyphens alone, and cannot be a reference that a forge would link (a commit, `GH-1`, `www.`).
pub fn prose(text: &str) -> String {
    let text = line(text);
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd number of backticks quotes nothing.
    if pieces.len().is_multiple_of(2) {
        return code(&text);
    }
    let mut out = Sentence::default();
    for (at, piece) in pieces.iter().enumerate() {
        if at % 2 == 1 {
            out.quoted(piece);
            continue;
        }
        // What stands right behind a quotation.
        let glued = at > 0 && !piece.starts_with(char::is_whitespace);
        for (nth, word) in piece.split_whitespace().enumerate() {
            out.word(word, glued && nth == 0);
        }
        out.flush();
    }
    if out.text.is_empty() {
        return code(&text);
    }
    out.text
}

/// A sentence in the making.
#[derive(Default)]
struct Sentence {
    text: String,
    /// Words that are code, not written yet.
    raw: Vec<String>,
}

impl Sentence {
    fn push(&mut self, part: &str) {
        if !self.text.is_empty() && !self.text.ends_with('(') {
            self.text.push(' ');
        }
        self.text.push_str(part);
    }

    fn flush(&mut self) {
        if !self.raw.is_empty() {
            let raw = std::mem::take(&mut self.raw).join(" ");
            self.push(&code(&raw));
        }
    }

    fn quoted(&mut self, text: &str) {
        self.flush();
        if !text.is_empty() {
            self.push(&code(text));
        }
    }

    fn word(&mut self, word: &str, glued: bool) {
        let (opening, core) = match word.strip_prefix('(') {
            Some(core) => ("(", core),
            None => ("", word),
        };
        let ends = |it: char| ",.;:?".contains(it) || (it == ')' && !core.contains('('));
        let inner = core.trim_end_matches(ends);
        let end = core.get(inner.len()..).unwrap_or_default();
        if inner.is_empty() && opening.is_empty() && glued {
            return self.text.push_str(end);
        }
        // `1.` begins a list.
        if is_plain(inner) && !(self.text.is_empty() && inner.bytes().all(|it| it.is_ascii_digit()))
        {
            self.flush();
            return self.push(word);
        }
        if !opening.is_empty() && !inner.is_empty() {
            self.flush();
            self.push(opening);
        } else if inner.is_empty() {
            return self.raw.push(word.to_owned());
        }
        self.raw.push(inner.to_owned());
        if !end.is_empty() {
            self.flush();
            self.text.push_str(end);
        }
    }
}

/// Whether a word without its punctuation means nothing to Markdown nor to a forge.
fn is_plain(word: &str) -> bool {
    let hex = word.len() >= 6 && word.bytes().all(|it| it.is_ascii_hexdigit());
    let number = !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit());
    let part = |it: &str| {
        let mut chars = it.chars();
        chars.next().is_some_and(char::is_alphabetic) && chars.all(char::is_alphanumeric)
    };
    !hex && (number || word.split('-').all(part))
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

/// A line of text for YAML: as [`line()`], and code points that are no characters, which readers of
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
            ("###[add-mask]y", "##\\#[add-mask]y"),
            ("## a title", "## a title"),
            ("##vso[task.setvariable]", "#\\#vso[task.setvariable]"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("pr\u{ad}od", "pr\\u{ad}od"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(line(text), want, "{text:?}");
        }
        assert_eq!(path("a::b:::c"), "a:\\:b:\\:\\:c");
        assert_eq!(path("a:"), "a:\\");
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
    fn much_text_is_cut_and_little_is_not() {
        assert_eq!(limit([10, 1 << 30].into_iter()), TEXT_LIMIT);
        let flood = limit(std::iter::repeat_n(1 << 20, 10_000));
        assert!((TEXT_FLOOR..2_000).contains(&flood), "{flood}");
        assert_eq!(cut("abc", 2), "ab [cut]");
        assert_eq!(xml("a\nb\u{ffff}", 9), "a⏎b\\u{ffff}");
    }

    #[test]
    fn json_means_the_same_afterwards() {
        for text in ["a\u{202e}b", "\u{e0001}", "\u{9b}31m", "\u{7f}", "###[x]"] {
            let value = serde_json::Value::String(text.to_owned());
            let safe = json(&value.to_string());
            assert!(!safe.contains(deceives) && !safe.contains("##"), "{safe:?}");
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
            (" ", "` `"),
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

//! In which form a string can be written. Source: `go.yaml.in/yaml/v2` `encode.go` (`stringv`) and
//! `emitterc.go` (`yaml_emitter_analyze_scalar`, `yaml_emitter_select_scalar_style`).

use crate::{
    characters::{is_break, is_printable},
    error::YamlError,
    source::Span,
};
use std::borrow::Cow;

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Single,
    Double,
    Literal,
}

/// What a string is after kustomize's JSON has been read as YAML: Go's `encoding/json` leaves
/// U+0085 as it is, which libyaml folds like a line break, and DEL and C1, which it refuses.
pub(super) fn through_json(text: &str, span: Span) -> Result<Cow<'_, str>, YamlError> {
    let is_refused = |it: char| matches!(it, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if let Some(bad) = text.chars().find(|it| is_refused(*it)) {
        return Err(YamlError::new(
            span,
            format!(
                "the text holds U+{:04X}, which kustomize cannot print",
                u32::from(bad)
            ),
        ));
    }
    if !text.contains('\u{85}') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split('\u{85}');
    out.push_str(lines.next().unwrap_or_default());
    let mut is_open = false;
    for line in lines {
        // Raw blanks around a fold are dropped; tabs are escaped in JSON and stay.
        if !is_open {
            out.truncate(out.trim_end_matches(' ').len());
            out.push(' ');
        } else {
            if out.ends_with(' ') {
                out.pop();
            }
            out.push('\n');
        }
        let line = line.trim_start_matches(' ');
        is_open = line.is_empty();
        out.push_str(line);
    }
    Ok(Cow::Owned(out))
}

/// The form of `text`. `reads_as_text`: without quotes it would be a string.
pub(super) fn choose(text: &str, reads_as_text: bool, is_simple_key: bool) -> Form {
    let traits = Traits::of(text);
    if text.contains('\n') && !is_simple_key && traits.allows_literal() {
        Form::Literal
    } else if text.contains('\n') || !reads_as_text {
        Form::Double
    } else if traits.allows_plain() {
        Form::Plain
    } else if traits.allows_single_quoted() {
        Form::Single
    } else {
        Form::Double
    }
}

/// What stands in a string that forbids one form or another.
#[derive(Debug, Default)]
struct Traits {
    has_indicators: bool,
    has_breaks: bool,
    has_unprintable: bool,
    /// It begins or ends with a space or a line break.
    has_blank_edge: bool,
    ends_in_space: bool,
    has_space_after_break: bool,
    has_break_after_space: bool,
}

impl Traits {
    fn of(text: &str) -> Self {
        let mut it = Self {
            has_indicators: text.starts_with("---") || text.starts_with("..."),
            ends_in_space: text.ends_with(' '),
            has_blank_edge: text.starts_with([' ', '\n'])
                || text.starts_with(is_break)
                || text.ends_with(' ')
                || text.ends_with(is_break),
            ..Self::default()
        };
        let mut before: Option<char> = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_follows = chars.peek().is_none_or(|it| matches!(it, ' ' | '\t'));
            it.has_indicators |= match c {
                '#' => {
                    before.is_none_or(|it| it == ' ' || it == '\t' || it == '\0' || is_break(it))
                }
                ':' => blank_follows,
                '?' | '-' => before.is_none() && blank_follows,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => before.is_none(),
                _ => false,
            };
            it.has_unprintable |= !is_printable(c);
            it.has_breaks |= is_break(c);
            it.has_space_after_break |= c == ' ' && before.is_some_and(is_break);
            it.has_break_after_space |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        it
    }

    fn allows_plain(&self) -> bool {
        !(self.has_indicators || self.has_breaks || self.has_blank_edge || self.has_unprintable)
    }

    fn allows_single_quoted(&self) -> bool {
        !(self.has_space_after_break || self.has_break_after_space || self.has_unprintable)
    }

    fn allows_literal(&self) -> bool {
        !(self.ends_in_space || self.has_break_after_space || self.has_unprintable)
    }
}

//! Writes tokens and scalars in libyaml's layout. Source: `go.yaml.in/yaml/v2` `emitterc.go`
//! (`yaml_emitter_write_*`).

use crate::characters::{is_break, is_printable};
use std::fmt::Write as _;

/// Scalars are folded at the first space after this column.
const WIDTH: usize = 80;

/// The text so far, and what libyaml remembers about its end.
pub(super) struct Writer {
    out: String,
    /// Characters on the current line.
    column: usize,
    /// The last token needs no space after it.
    is_after_whitespace: bool,
    /// The line holds nothing but indentation and `-`, `?`, `:`.
    is_at_indentation: bool,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            out: String::new(),
            column: 0,
            is_after_whitespace: true,
            is_at_indentation: true,
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn at_indentation(&self) -> bool {
        self.is_at_indentation
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    fn after_scalar(&mut self) {
        self.is_after_whitespace = false;
        self.is_at_indentation = false;
    }

    /// Go to column `indent`, on a new line if this one is in use.
    pub(super) fn indent(&mut self, indent: usize) {
        if !self.is_at_indentation
            || self.column > indent
            || (self.column == indent && !self.is_after_whitespace)
        {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.is_after_whitespace = true;
        self.is_at_indentation = true;
    }

    /// A token. `keeps_indentation`: a nested block may begin on the same line.
    pub(super) fn indicator(&mut self, token: &str, needs_space: bool, keeps_indentation: bool) {
        if needs_space && !self.is_after_whitespace {
            self.put(' ');
        }
        self.out.push_str(token);
        self.column += token.len();
        self.is_after_whitespace = false;
        self.is_at_indentation &= keeps_indentation;
    }

    /// A number, boolean or null.
    pub(super) fn word(&mut self, text: &str) {
        self.indicator(text, true, false);
    }

    pub(super) fn plain(&mut self, text: &str, indent: usize, may_fold: bool) {
        if !self.is_after_whitespace {
            self.put(' ');
        }
        let mut after_space = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != ' ' {
                self.put(c);
            } else if may_fold && !after_space && self.column > WIDTH && chars.peek() != Some(&' ')
            {
                self.indent(indent);
            } else {
                self.put(c);
            }
            after_space = c == ' ';
            self.is_at_indentation &= after_space;
        }
        self.after_scalar();
    }

    pub(super) fn single_quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.indicator("'", true, false);
        let mut after_space = false;
        let mut after_break = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let next = chars.peek().map(|(_, it)| *it);
                if may_fold
                    && !after_space
                    && self.column > WIDTH
                    && at > 0
                    && next.is_some_and(|it| it != ' ')
                {
                    self.indent(indent);
                } else {
                    self.put(c);
                }
                after_space = true;
                continue;
            }
            if is_break(c) {
                if !after_break && c == '\n' {
                    self.put_break('\n');
                }
                self.put_break(c);
                self.is_at_indentation = true;
                after_break = true;
                continue;
            }
            if after_break {
                self.indent(indent);
            }
            if c == '\'' {
                self.put('\'');
            }
            self.put(c);
            self.is_at_indentation = false;
            after_space = false;
            after_break = false;
        }
        self.indicator("'", false, false);
        self.after_scalar();
    }

    pub(super) fn double_quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        // go-yaml looks for a byte order mark at the start of the text at every character.
        let escapes_all = text.starts_with('\u{feff}');
        self.indicator("\"", true, false);
        let mut after_space = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((at, c)) = chars.next() {
            if escapes_all || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                self.escape(c);
                after_space = false;
            } else if c == ' ' {
                let next = chars.peek().map(|(_, it)| *it);
                if may_fold && !after_space && self.column > WIDTH && at > 0 && next.is_some() {
                    self.indent(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.indicator("\"", false, false);
        self.after_scalar();
    }

    fn escape(&mut self, c: char) {
        let before = self.out.len();
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => '\0',
        };
        let code = u32::from(c);
        // Writing to a string cannot fail.
        let _ = match (short, code) {
            ('\0', ..=0xff) => write!(self.out, "\\x{code:02X}"),
            ('\0', ..=0xffff) => write!(self.out, "\\u{code:04X}"),
            ('\0', _) => write!(self.out, "\\U{code:08X}"),
            _ => write!(self.out, "\\{short}"),
        };
        // Every escape is ASCII.
        self.column += self.out.len() - before;
    }

    pub(super) fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false);
        if text.starts_with(' ') || text.starts_with(is_break) {
            self.indicator("2", false, false);
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.indicator("-", false, false),
            (true, None) => self.indicator("+", false, false),
            (true, Some(c)) if is_break(c) => self.indicator("+", false, false),
            (true, Some(_)) => {}
        }
        self.put_break('\n');
        self.is_at_indentation = true;
        self.is_after_whitespace = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.is_at_indentation = true;
                after_break = true;
                continue;
            }
            if after_break {
                self.indent(indent);
            }
            self.put(c);
            self.is_at_indentation = false;
            after_break = false;
        }
    }
}

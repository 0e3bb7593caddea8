//! Go's regular expressions (RE2 syntax) by Rust's engine: classes like `\d` are ASCII there, some
//! escapes exist on one side only, and Rust reads set operations into classes.
//! Source of the syntax: Go `regexp/syntax`.

use regex::{Regex, RegexBuilder};
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// A compiled expression may take this many bytes.
const SIZE_LIMIT: usize = 1 << 20;
/// Go refuses to repeat anything more often.
const MAX_REPEAT: u32 = 1000;

/// Compile an expression in Go's syntax, with Go's meaning.
///
/// # Errors
/// What Go refuses, and expressions that grow too large; the text says why.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 8),
        repeated: false,
        last: 1,
        groups: vec![1],
    }
    .run()?;
    RegexBuilder::new(&translated)
        .size_limit(SIZE_LIMIT)
        .nest_limit(250)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            error => error
                .to_string()
                .lines()
                .last()
                .unwrap_or("it cannot be read")
                .trim_start_matches("error: ")
                .to_owned(),
        })
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    /// Whether the last thing was `*`, `+`, `?` or `{n}`.
    repeated: bool,
    /// How often counted repetitions inside of the last thing multiply it.
    last: u32,
    /// The largest such number in each open group.
    groups: Vec<u32>,
}

impl Translator<'_> {
    fn run(mut self) -> Result<String, String> {
        while let Some(c) = self.rest.next() {
            match c {
                '*' | '+' | '?' => self.repeat(&c.to_string())?,
                '{' => match counted(self.rest.clone()) {
                    Some((text, length)) => {
                        for _ in 0..length {
                            self.rest.next();
                        }
                        let (text, times) = text?;
                        self.repeat(&text)?;
                        self.multiply(times)?;
                    }
                    None => self.literal('{'),
                },
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    self.out.push(c);
                    self.repeated = false;
                    let inside = self.groups.pop().unwrap_or(1);
                    self.thing(inside);
                }
                '^' | '$' | '.' | '|' => {
                    self.out.push(c);
                    self.repeated = false;
                    self.thing(1);
                }
                _ => self.literal(c),
            }
        }
        Ok(self.out)
    }

    /// A thing that can be repeated, and what is repeated inside of it.
    fn thing(&mut self, inside: u32) {
        self.last = inside;
        match self.groups.last_mut() {
            Some(group) => *group = inside.max(*group),
            None => self.groups.push(inside),
        }
    }

    fn multiply(&mut self, times: u32) -> Result<(), String> {
        let product = self.last.saturating_mul(times.max(1));
        if product > MAX_REPEAT {
            return Err(format!("it repeats something {product} times"));
        }
        self.thing(product);
        Ok(())
    }

    fn literal(&mut self, c: char) {
        self.repeated = false;
        self.thing(1);
        literal(&mut self.out, c);
    }

    fn repeat(&mut self, operator: &str) -> Result<(), String> {
        if self.repeated {
            return Err(format!("`{operator}` repeats a repetition"));
        }
        self.repeated = true;
        self.out.push_str(operator);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        self.repeated = false;
        self.groups.push(1);
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        let named = matches!(self.rest.peek(), Some('P' | '<'));
        if named {
            // The rest of `?P<name>` is the same on both sides.
            return Ok(());
        }
        for c in self.rest.by_ref() {
            if !matches!(c, 'i' | 'm' | 's' | 'U' | '-' | ':' | ')') {
                return Err(format!("`(?{c}` is not supported"));
            }
            self.out.push(c);
            if c == ')' {
                // Flags alone are no group.
                self.groups.pop();
            }
            if matches!(c, ':' | ')') {
                break;
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        self.repeated = false;
        self.thing(1);
        let Some(c) = self.rest.next() else {
            return Err("it ends in a backslash".to_owned());
        };
        match c {
            'A' => self.out.push_str(r"\A"),
            'z' => self.out.push_str(r"\z"),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"(?-u:\B)"),
            'Q' => {
                while let Some(c) = self.rest.next() {
                    if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                        break;
                    }
                    literal(&mut self.out, c);
                }
            }
            _ => match self.class_escape(c)? {
                Escape::Set(set) => {
                    let _ = write!(self.out, "[{set}]");
                }
                Escape::Unicode(text) => self.out.push_str(&text),
                Escape::Char(c) => literal(&mut self.out, c),
            },
        }
        Ok(())
    }

    /// What an escape means that may also stand in a class.
    fn class_escape(&mut self, c: char) -> Result<Escape, String> {
        Ok(match c {
            'd' => Escape::Set("0-9"),
            'D' => Escape::Set(r"^0-9"),
            's' => Escape::Set(r"\t\n\x0C\r\x20"),
            'S' => Escape::Set(r"^\t\n\x0C\r\x20"),
            'w' => Escape::Set("0-9A-Za-z_"),
            'W' => Escape::Set("^0-9A-Za-z_"),
            'p' | 'P' => {
                let mut text = format!("\\{c}");
                match self.rest.next() {
                    Some('{') => {
                        // `\p{^L}` is `\P{L}`, and the other way round.
                        if self.rest.next_if_eq(&'^').is_some() {
                            text = if c == 'p' { "\\P" } else { "\\p" }.to_owned();
                        }
                        text.push('{');
                        for c in self.rest.by_ref() {
                            text.push(c);
                            if c == '}' {
                                break;
                            }
                        }
                    }
                    Some(c) => text.push(c),
                    None => return Err(format!("`{text}` lacks a class")),
                }
                Escape::Unicode(text)
            }
            'a' => Escape::Char('\x07'),
            'f' => Escape::Char('\x0C'),
            't' => Escape::Char('\t'),
            'n' => Escape::Char('\n'),
            'r' => Escape::Char('\r'),
            'v' => Escape::Char('\x0B'),
            'x' => Escape::Char(self.hex()?),
            '0'..='7' => {
                let mut value = c.to_digit(8).unwrap_or_default();
                if c != '0' && !self.rest.peek().is_some_and(|it| it.is_digit(8)) {
                    return Err(format!("`\\{c}`: there are no references to groups"));
                }
                for _ in 0..2 {
                    let Some(digit) = self.rest.peek().and_then(|it| it.to_digit(8)) else {
                        break;
                    };
                    self.rest.next();
                    value = value * 8 + digit;
                }
                Escape::Char(char::from_u32(value).ok_or("no such character")?)
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Escape::Char(c),
            c => return Err(format!("`\\{c}` is not supported")),
        })
    }

    fn hex(&mut self) -> Result<char, String> {
        let digits: String = if self.rest.next_if_eq(&'{').is_some() {
            let mut digits = String::new();
            loop {
                match self.rest.next() {
                    Some('}') => break,
                    Some(c) => digits.push(c),
                    None => return Err("`\\x{` is not closed".to_owned()),
                }
            }
            digits
        } else {
            self.rest.by_ref().take(2).collect()
        };
        let value = u32::from_str_radix(&digits, 16).ok();
        value
            .filter(|_| digits.len() >= 2 || !digits.is_empty())
            .and_then(char::from_u32)
            .ok_or_else(|| format!("`\\x` lacks a character: `{digits}`"))
    }

    fn class(&mut self) -> Result<(), String> {
        self.repeated = false;
        self.thing(1);
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.rest.next() else {
                return Err("`[` is not closed".to_owned());
            };
            if c == ']' && !first {
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if c == '['
                && self.rest.peek() == Some(&':')
                && let Some(length) = posix(self.rest.clone())?
            {
                self.out.push('[');
                self.out.extend(self.rest.by_ref().take(length));
                continue;
            }
            let low = match self.class_item(c)? {
                Ok(low) => low,
                Err(set) => {
                    self.out.push_str(&set);
                    continue;
                }
            };
            let mut ahead = self.rest.clone();
            let range = ahead.next() == Some('-') && ahead.next().is_some_and(|it| it != ']');
            code(&mut self.out, low);
            if !range {
                continue;
            }
            self.rest.next();
            let Some(c) = self.rest.next() else {
                return Err("`[` is not closed".to_owned());
            };
            let Ok(high) = self.class_item(c)? else {
                return Err("a range in a class must end in a character".to_owned());
            };
            if high < low {
                return Err(format!("the range `{low}-{high}` is reversed"));
            }
            self.out.push('-');
            code(&mut self.out, high);
        }
    }

    /// A character of a class, or (as an error of the inner kind) a set in it.
    fn class_item(&mut self, c: char) -> Result<Result<char, String>, String> {
        if c != '\\' {
            return Ok(Ok(c));
        }
        let Some(c) = self.rest.next() else {
            return Err("it ends in a backslash".to_owned());
        };
        Ok(match self.class_escape(c)? {
            Escape::Char(c) => Ok(c),
            Escape::Set(set) => Err(format!("[{set}]")),
            Escape::Unicode(text) => Err(text),
        })
    }
}

enum Escape {
    /// The inside of an ASCII class.
    Set(&'static str),
    /// `\p{..}`.
    Unicode(String),
    Char(char),
}

/// A counted repetition, and how often it repeats at most.
type Repetition = (String, u32);

/// The rest of `{n}`, `{n,}` or `{n,m}`, with its length; `None` where `{` is a plain character.
fn counted(rest: Peekable<Chars<'_>>) -> Option<(Result<Repetition, String>, usize)> {
    let inside: String = rest.clone().take_while(|it| *it != '}').take(32).collect();
    if rest.clone().nth(inside.chars().count()) != Some('}') {
        return None;
    }
    let (low, high) = match inside.split_once(',') {
        Some((low, high)) => (low, Some(high).filter(|it| !it.is_empty())),
        None => (&*inside, None),
    };
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let plain = |it: &str| digits(it) && (it == "0" || !it.starts_with('0'));
    if !plain(low) || !high.is_none_or(plain) {
        return None;
    }
    let number = |it: &str| it.parse::<u32>().ok().filter(|it| *it <= MAX_REPEAT);
    let text = match (number(low), high.map(number)) {
        (Some(low), None) => Ok((format!("{{{inside}}}"), low)),
        (Some(low), Some(Some(high))) if low <= high => Ok((format!("{{{inside}}}"), high)),
        _ => Err(format!("`{{{inside}}}` is no valid repetition")),
    };
    Some((text, inside.chars().count() + 1))
}

/// The length of `:name:]` where that is what follows.
fn posix(rest: Peekable<Chars<'_>>) -> Result<Option<usize>, String> {
    let mut text = String::new();
    for c in rest {
        text.push(c);
        if text.len() > 2 && text.ends_with(":]") {
            let name = text.trim_matches([':', ']']).trim_start_matches('^');
            let known = [
                "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
                "punct", "space", "upper", "word", "xdigit",
            ];
            return match known.contains(&name) {
                true => Ok(Some(text.len())),
                false => Err(format!("there is no class `[{text}`")),
            };
        }
    }
    Ok(None)
}

fn literal(out: &mut String, c: char) {
    let mut buffer = [0; 4];
    out.push_str(&regex::escape(c.encode_utf8(&mut buffer)));
}

fn code(out: &mut String, c: char) {
    let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
}

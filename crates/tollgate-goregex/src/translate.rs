//! From Go's pattern text to an equivalent pattern of the `regex` crate.
//! Source of the syntax: `regexp/syntax/parse.go` of Go 1.26, with the flags that `regexp.Compile` sets.

use crate::{class, unicode};

/// The most repetitions Go allows, nested ones multiplied.
const MAX_REPEAT: u32 = 1000;
/// Groups inside groups.
pub(crate) const MAX_DEPTH: usize = 200;

/// A pattern of the `regex` crate without group names, and the names that the groups had, whole match first.
pub(crate) struct Translation {
    pub(crate) pattern: String,
    pub(crate) names: Vec<String>,
}

/// Rewrite a Go pattern. The result needs no flag from outside: each part that a flag changes carries it itself.
///
/// # Errors
/// Why Go would not read the pattern.
pub(crate) fn translate(pattern: &str) -> Result<Translation, String> {
    let mut it = Translator {
        rest: pattern,
        flags: Flags::default(),
        level: Level::default(),
        outer: Vec::new(),
        repeated: false,
        names: vec![String::new()],
    };
    while let Some(c) = it.rest.chars().next() {
        it.step(c)?;
    }
    if !it.outer.is_empty() {
        return Err("a closing `)` is missing".to_owned());
    }
    Ok(Translation {
        pattern: it.level.into_text(),
        names: it.names,
    })
}

/// What `(?imsU)` switches on.
#[derive(Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    swap_greed: bool,
}

impl Flags {
    fn set(&mut self, letter: char, on: bool) -> bool {
        match letter {
            'i' => self.fold_case = on,
            'm' => self.multi_line = on,
            's' => self.dot_newline = on,
            'U' => self.swap_greed = on,
            _ => return false,
        }
        true
    }
}

/// What a repetition can apply to.
struct Atom {
    text: String,
    /// Whether an operator may follow the text as it stands.
    closed: bool,
    /// The largest product of counted repetitions in it, one inside of the other.
    repeats: u32,
}

/// The inside of a group that is being read, or the whole pattern.
#[derive(Default)]
struct Level {
    /// What stands before the last atom.
    text: String,
    last: Option<Atom>,
    /// The largest product of counted repetitions so far, one inside of the other.
    repeats: u32,
    captures: bool,
    /// The flags that hold again once the group is closed.
    flags: Flags,
}

impl Level {
    fn push(&mut self, atom: Atom) {
        self.settle();
        self.last = Some(atom);
    }

    /// Nothing can repeat the last atom any more.
    fn settle(&mut self) {
        if let Some(atom) = self.last.take() {
            self.repeats = self.repeats.max(atom.repeats);
            self.text.push_str(&atom.text);
        }
    }

    fn into_text(mut self) -> String {
        self.settle();
        self.text
    }
}

struct Translator<'a> {
    rest: &'a str,
    flags: Flags,
    level: Level,
    /// The levels around, the outermost first.
    outer: Vec<Level>,
    /// Whether what was just read is a repetition.
    repeated: bool,
    /// The names of the groups opened so far.
    names: Vec<String>,
}

impl Translator<'_> {
    fn step(&mut self, c: char) -> Result<(), String> {
        let repeated = std::mem::take(&mut self.repeated);
        match c {
            '\\' => return self.escape(),
            '[' => {
                let class = class::read(&mut self.rest)?;
                self.folded(class);
                return Ok(());
            }
            '(' => return self.open(),
            ')' => return self.close(),
            '*' | '+' | '?' => {
                self.rest = &self.rest[1..];
                return self.repeat(&c.to_string(), None, repeated);
            }
            '{' => {
                if let Some((text, count)) = bounds(self.rest) {
                    self.rest = &self.rest[text.len()..];
                    let count = count.ok_or_else(|| {
                        format!("`{text}` is no count from 0 to {MAX_REPEAT}, the lower first")
                    })?;
                    return self.repeat(text, Some(count), repeated);
                }
                self.literal(c);
            }
            '|' => {
                self.level.settle();
                self.level.text.push('|');
            }
            '.' if self.flags.dot_newline => self.open_text("(?s:.)"),
            '^' if self.flags.multi_line => self.open_text("(?m:^)"),
            '$' if self.flags.multi_line => self.open_text("(?m:$)"),
            '.' | '^' | '$' => self.open_text(&c.to_string()),
            _ => self.literal(c),
        }
        self.rest = &self.rest[c.len_utf8()..];
        Ok(())
    }

    fn atom(&mut self, text: String, closed: bool) {
        self.level.push(Atom {
            text,
            closed,
            repeats: 1,
        });
    }

    /// Text to which an operator is put by way of a group.
    fn open_text(&mut self, text: &str) {
        self.atom(text.to_owned(), false);
    }

    fn literal(&mut self, c: char) {
        if self.flags.fold_case && (c.is_alphabetic() || !c.is_ascii()) {
            self.atom(format!("(?i:{})", quoted(c)), true);
        } else {
            self.atom(quoted(c), true);
        }
    }

    /// A class, which knows upper and lower case where the flag says so.
    fn folded(&mut self, class: String) {
        if self.flags.fold_case {
            self.atom(format!("(?i:{class})"), true);
        } else {
            self.atom(class, true);
        }
    }

    fn repeat(&mut self, operator: &str, count: Option<u32>, repeated: bool) -> Result<(), String> {
        let mut lazy = self.flags.swap_greed;
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            lazy = !lazy;
        }
        if repeated {
            return Err(format!("`{operator}` repeats a repetition"));
        }
        let Some(atom) = self.level.last.take() else {
            return Err(format!("there is nothing for `{operator}` to repeat"));
        };
        let repeats = match count {
            // What is there not even once multiplies nothing.
            Some(0) => 1,
            Some(count) => atom.repeats.saturating_mul(count),
            None => atom.repeats,
        };
        if repeats > MAX_REPEAT {
            return Err(format!(
                "repetitions inside of each other multiply to more than {MAX_REPEAT}"
            ));
        }
        let (open, close) = if atom.closed { ("", "") } else { ("(?:", ")") };
        let lazy = if lazy { "?" } else { "" };
        let text = match count {
            // The `regex` crate would forget the groups in it, and number those that follow anew.
            Some(0) => format!("(?:{}{open}{}{close})?", class::NOTHING, atom.text),
            _ => format!("{open}{}{close}{operator}{lazy}", atom.text),
        };
        self.level.push(Atom {
            text,
            closed: false,
            repeats,
        });
        self.repeated = true;
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        let Some(after) = self.rest.strip_prefix("(?") else {
            self.rest = &self.rest[1..];
            return self.capture(String::new());
        };
        if let Some(named) = after.strip_prefix("P<").or_else(|| after.strip_prefix('<')) {
            let (name, rest) = named
                .split_once('>')
                .ok_or("a group's name is not closed")?;
            let letter = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(letter) {
                return Err(format!("`{name}` is not a name for a group"));
            }
            self.rest = rest;
            return self.capture(name.to_owned());
        }
        let (flags, end, rest) = self.switches(after)?;
        self.rest = rest;
        if end == ':' {
            self.enter(false)?;
        }
        self.flags = flags;
        Ok(())
    }

    /// The flags of `(?flags)` or `(?flags:`, the character that ends them, and what follows.
    fn switches<'t>(&self, text: &'t str) -> Result<(Flags, char, &'t str), String> {
        let mut flags = self.flags;
        let mut on = true;
        let mut seen = true;
        for (at, c) in text.char_indices() {
            match c {
                ':' | ')' if seen => return Ok((flags, c, &text[at + 1..])),
                '-' if on => {
                    on = false;
                    seen = false;
                }
                _ if flags.set(c, on) => seen = true,
                _ => break,
            }
        }
        Err("Go has no such group; look-around is not supported".to_owned())
    }

    fn capture(&mut self, name: String) -> Result<(), String> {
        self.names.push(name);
        self.enter(true)
    }

    fn enter(&mut self, captures: bool) -> Result<(), String> {
        if self.outer.len() == MAX_DEPTH {
            return Err(format!("groups are nested deeper than {MAX_DEPTH} levels"));
        }
        let inner = Level {
            captures,
            flags: self.flags,
            ..Level::default()
        };
        self.outer.push(std::mem::replace(&mut self.level, inner));
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let outer = self.outer.pop().ok_or("there is a `)` too much")?;
        self.rest = &self.rest[1..];
        let mut inner = std::mem::replace(&mut self.level, outer);
        inner.settle();
        self.flags = inner.flags;
        let open = if inner.captures { "(" } else { "(?:" };
        self.level.push(Atom {
            text: format!("{open}{})", inner.text),
            closed: true,
            repeats: inner.repeats.max(1),
        });
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        if let Some(after) = self.rest.strip_prefix("\\Q") {
            let (text, rest) = after.split_once("\\E").unwrap_or((after, ""));
            for c in text.chars() {
                self.literal(c);
            }
            self.rest = rest;
            return Ok(());
        }
        let place = match self.rest[1..].chars().next() {
            Some('A') => Some("\\A"),
            Some('z') => Some("\\z"),
            Some('b') => Some("(?-u:\\b)"),
            Some('B') => Some("(?-u:\\B)"),
            _ => None,
        };
        if let Some(text) = place {
            self.open_text(text);
            self.rest = &self.rest[2..];
            return Ok(());
        }
        if let Some(set) = unicode::set(&mut self.rest)? {
            self.folded(format!("[{set}]"));
            return Ok(());
        }
        match char::from_u32(class::escaped(&mut self.rest)?) {
            Some(c) => self.literal(c),
            None => self.atom(class::NOTHING.to_owned(), true),
        }
        Ok(())
    }
}

/// A character that means itself, inside and outside of classes.
pub(crate) fn quoted(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, '_' | '/' | ':' | ',' | '=' | '@')
    {
        return c.to_string();
    }
    format!("\\x{{{:x}}}", u32::from(c))
}

/// `{2}`, `{2,}` or `{2,3}` at the start of the text with the count that multiplies, zero where the atom is not there at
/// all; `None` if Go refuses it. Other braces are plain characters.
fn bounds(text: &str) -> Option<(&str, Option<u32>)> {
    let end = text.find('}')?;
    let body = &text[1..end];
    let (low, high) = body.split_once(',').unwrap_or((body, body));
    let is_number = |it: &str| {
        !it.is_empty()
            && it.bytes().all(|b| b.is_ascii_digit())
            && (it == "0" || !it.starts_with('0'))
    };
    if !is_number(low) || !(high.is_empty() || is_number(high)) {
        return None;
    }
    let number = |it: &str| it.parse::<u32>().ok().filter(|it| *it <= MAX_REPEAT);
    let least = number(low);
    let most = match high.is_empty() {
        true => least.map(|it| it.max(1)),
        false => number(high),
    };
    let valid = least.zip(most).filter(|(a, b)| a <= b).map(|(_, b)| b);
    Some((&text[..=end], valid))
}

//! From Go's pattern text to an equivalent pattern of the `regex` crate.

/// The most repetitions Go allows, nested ones multiplied.
const MAX_REPEAT: u32 = 1000;
/// Groups inside groups.
const MAX_DEPTH: usize = 100;

/// A pattern of the `regex` crate without group names, and the names that the groups had, whole match first.
pub(super) struct Translation {
    pub(super) pattern: String,
    pub(super) names: Vec<String>,
}

/// Rewrite a Go pattern.
pub(super) fn translate(pattern: &str) -> Result<Translation, String> {
    let mut it = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        groups: Vec::new(),
        inner: 1,
        last: None,
        names: vec![String::new()],
    };
    it.run()?;
    if !it.groups.is_empty() {
        return Err("a closing `)` is missing".to_owned());
    }
    Ok(Translation {
        pattern: it.out,
        names: it.names,
    })
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
    /// For every open group the weight of what precedes it at its level.
    groups: Vec<u32>,
    /// The largest product of nested repetitions at this level so far.
    inner: u32,
    /// The weight of the atom just read, if a repetition may follow it.
    last: Option<u32>,
    /// The names of the groups opened so far; Go lets two have the same.
    names: Vec<String>,
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.take(c);
                    self.out.push('|');
                    self.last = None;
                }
                '*' | '+' | '?' => {
                    self.take(c);
                    self.repeat(&c.to_string(), 1)?;
                }
                '{' => match bounds(self.rest) {
                    Some((text, max)) => {
                        self.rest = &self.rest[text.len()..];
                        let max = max.ok_or("a repetition count is larger than 1000")?;
                        self.repeat(text, max)?;
                    }
                    None => self.literal(c),
                },
                '.' | '^' | '$' => {
                    self.take(c);
                    self.atom(c.to_string());
                }
                _ => self.literal(c),
            }
        }
        Ok(())
    }

    fn take(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
    }

    fn literal(&mut self, c: char) {
        self.take(c);
        self.atom(quoted(c));
    }

    fn atom(&mut self, text: String) {
        self.out.push_str(&text);
        self.last = Some(1);
    }

    fn repeat(&mut self, operator: &str, count: u32) -> Result<(), String> {
        let Some(weight) = self.last.take() else {
            return Err(format!("there is nothing for `{operator}` to repeat"));
        };
        let weight = weight.saturating_mul(count.max(1));
        if weight > MAX_REPEAT {
            return Err("repetitions multiply to more than 1000".to_owned());
        }
        self.inner = self.inner.max(weight);
        self.out.push_str(operator);
        if self.rest.starts_with('?') {
            self.take('?');
            self.out.push('?');
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        self.take('(');
        let Some(after) = self.rest.strip_prefix('?') else {
            self.names.push(String::new());
            self.out.push('(');
            return self.enter();
        };
        if let Some(named) = after.strip_prefix("P<").or_else(|| after.strip_prefix('<')) {
            let end = named.find('>').ok_or("a group's name is not closed")?;
            let name = &named[..end];
            let starts = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
            if !starts || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                return Err(format!("`{name}` is not a name for a group"));
            }
            self.names.push(name.to_owned());
            self.out.push('(');
            self.rest = &named[end + 1..];
            return self.enter();
        }
        let end = after
            .find(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
            .unwrap_or(after.len());
        let (flags, rest) = after.split_at(end);
        let minus = flags.matches('-').count();
        let wrong = minus > 1 || flags.ends_with('-');
        match rest.chars().next() {
            Some(':') if !wrong => {
                self.out.push_str(&format!("(?{flags}:"));
                self.rest = &rest[1..];
                self.enter()
            }
            Some(')') if flags.is_empty() => {
                // Go takes it for no change of flags.
                self.rest = &rest[1..];
                self.last = None;
                Ok(())
            }
            Some(')') if !wrong => {
                self.out.push_str(&format!("(?{flags})"));
                self.rest = &rest[1..];
                self.last = None;
                Ok(())
            }
            _ => Err("Go has no such group; look-around is not supported".to_owned()),
        }
    }

    fn enter(&mut self) -> Result<(), String> {
        if self.groups.len() == MAX_DEPTH {
            return Err(format!("groups are nested deeper than {MAX_DEPTH} levels"));
        }
        self.groups.push(self.inner);
        self.inner = 1;
        self.last = None;
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        self.take(')');
        let before = self.groups.pop().ok_or("there is a `)` too much")?;
        self.out.push(')');
        self.last = Some(self.inner);
        self.inner = self.inner.max(before);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        if let Some(after) = self.rest.strip_prefix("\\Q") {
            let (text, rest) = after.split_once("\\E").unwrap_or((after, ""));
            for c in text.chars() {
                self.atom(quoted(c));
            }
            self.rest = rest;
            return Ok(());
        }
        let second = self.rest[1..].chars().next();
        let fixed = match second {
            Some('A') => Some("\\A"),
            Some('z') => Some("\\z"),
            Some('b') => Some("(?-u:\\b)"),
            Some('B') => Some("(?-u:\\B)"),
            _ => None,
        };
        if let Some(text) = fixed {
            self.rest = &self.rest[2..];
            self.atom(text.to_owned());
            return Ok(());
        }
        if let Some(set) = self.set()? {
            self.atom(format!("[{set}]"));
            return Ok(());
        }
        let c = self.escaped_char()?;
        self.atom(quoted(c));
        Ok(())
    }

    /// `\d`, `\pL` and the like as the inside of a class.
    fn set(&mut self) -> Result<Option<String>, String> {
        let mut chars = self.rest[1..].chars();
        let kind = chars.next();
        let set = match kind {
            Some('d') => "0-9",
            Some('D') => "[^0-9]",
            Some('s') => r"\t\n\x0c\r ",
            Some('S') => r"[^\t\n\x0c\r ]",
            Some('w') => "0-9A-Za-z_",
            Some('W') => "[^0-9A-Za-z_]",
            Some('p' | 'P') => return self.unicode_set().map(Some),
            _ => return Ok(None),
        };
        self.rest = &self.rest[2..];
        Ok(Some(set.to_owned()))
    }

    fn unicode_set(&mut self) -> Result<String, String> {
        let mut negated = self.rest.starts_with("\\P");
        let after = &self.rest[2..];
        let name = match after.strip_prefix('{') {
            Some(body) => {
                let end = body.find('}').ok_or("`\\p{` is not closed")?;
                self.rest = &body[end + 1..];
                &body[..end]
            }
            None => {
                let c = after.chars().next().ok_or("`\\p` has no name")?;
                self.rest = &after[c.len_utf8()..];
                &after[..c.len_utf8()]
            }
        };
        let name = match name.strip_prefix('^') {
            Some(name) => {
                negated = !negated;
                name
            }
            None => name,
        };
        // Only names: what else the `regex` crate reads here (`=`, `:`) Go does not know.
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            return Err(format!("`{name}` is not a Unicode class"));
        }
        let letter = if negated { 'P' } else { 'p' };
        Ok(format!("\\{letter}{{{name}}}"))
    }

    fn escaped_char(&mut self) -> Result<char, String> {
        let body = &self.rest[1..];
        let c = body.chars().next().ok_or("the last `\\` escapes nothing")?;
        self.rest = &body[c.len_utf8()..];
        let octal = |it: char| it.is_digit(8);
        match c {
            '1'..='7' if self.rest.starts_with(octal) => Ok(self.octal(c)),
            '0' => Ok(self.octal(c)),
            'x' => self.hexadecimal(),
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            _ => Err(format!("Go does not know the escape `\\{c}`")),
        }
    }

    fn octal(&mut self, first: char) -> char {
        let mut value = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|it| it.to_digit(8)) else {
                break;
            };
            value = value * 8 + digit;
            self.rest = &self.rest[1..];
        }
        char::from_u32(value).unwrap_or('\0')
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let wrong = "`\\x` needs two digits or `{digits}`";
        let (digits, rest) = match self.rest.strip_prefix('{') {
            Some(body) => body.split_once('}').ok_or(wrong)?,
            None => (
                self.rest.get(..2).ok_or(wrong)?,
                self.rest.get(2..).unwrap_or(""),
            ),
        };
        if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(wrong.to_owned());
        }
        self.rest = rest;
        u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| wrong.to_owned())
    }

    fn class(&mut self) -> Result<(), String> {
        self.take('[');
        let mut out = String::from("[");
        if self.rest.starts_with('^') {
            self.take('^');
            out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.rest.chars().next().ok_or("a closing `]` is missing")?;
            if c == ']' && !first {
                self.take(c);
                break;
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest[2..].find(":]")
            {
                let name = &self.rest[2..2 + end];
                if !is_posix(name.strip_prefix('^').unwrap_or(name)) {
                    return Err(format!("`[:{name}:]` is not a class"));
                }
                out.push_str(&format!("[:{name}:]"));
                self.rest = &self.rest[end + 4..];
                continue;
            }
            if c == '\\'
                && let Some(set) = self.set()?
            {
                out.push_str(&set);
                continue;
            }
            let low = self.class_char()?;
            let mut high = low;
            let mut after = self.rest.chars();
            if after.next() == Some('-') && after.next().is_some_and(|it| it != ']') {
                self.take('-');
                high = self.class_char()?;
            }
            if high < low {
                return Err(format!("the range `{low}-{high}` is the wrong way round"));
            }
            out.push_str(&quoted(low));
            if high != low {
                out.push('-');
                out.push_str(&quoted(high));
            }
        }
        out.push(']');
        self.atom(out);
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, String> {
        let c = self.rest.chars().next().ok_or("a closing `]` is missing")?;
        if c == '\\' {
            return self.escaped_char();
        }
        self.take(c);
        Ok(c)
    }
}

fn is_posix(name: &str) -> bool {
    [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
        "space", "upper", "word", "xdigit",
    ]
    .contains(&name)
}

/// A character that means itself, inside and outside of classes.
fn quoted(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, '_' | '/' | ':' | ',' | '=' | '@')
    {
        return c.to_string();
    }
    format!("\\x{{{:x}}}", u32::from(c))
}

/// `{2}`, `{2,}` or `{2,3}` at the start of the text with the largest count, which is `None` if Go refuses it.
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
    let most = if high.is_empty() { least } else { number(high) };
    let valid = least.zip(most).filter(|(a, b)| a <= b).map(|(_, b)| b);
    Some((&text[..=end], valid))
}

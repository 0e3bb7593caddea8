//! Patterns of paths. Both dialects become the same parts; matching takes time in proportion to
//! pattern times path, whatever they hold.

/// A pattern, ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    /// How many names a path has at least.
    names: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Any number of names, none too.
    Folders,
    /// Exactly one name.
    Name(Name),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// This one.
    Literal(String),
    /// Any one that the tokens match, of at least as many characters.
    Glob { tokens: Vec<Token>, shortest: usize },
}

/// A piece of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any number of characters.
    Many,
    /// One character of these.
    Set(Set),
}

/// `[a-z]`, `[!a-z]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

/// Why a text is no pattern, or one that can match nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

const fn flaw(message: &'static str, help: &'static str) -> Flaw {
    Flaw { message, help }
}

const ESCAPES_NOTHING: Flaw = flaw(
    "the pattern ends with a backslash that escapes nothing",
    "remove it, or write `\\\\` for a backslash",
);
const ESCAPED_SLASH: Flaw = flaw(
    "a `/` cannot be escaped: it always separates names",
    "write it without the backslash",
);
const MATCHES_NOTHING: Flaw = flaw(
    "the pattern `/` matches nothing",
    "write `*` for every file",
);
const EMPTY: Flaw = flaw("the pattern is empty", "write a path after the sign");
const NO_NAME: Flaw = flaw(
    "the pattern has nothing between two `/`, so it matches nothing",
    "write one `/`",
);
const DOTS: Flaw = flaw(
    "the pattern has `.` or `..` for a name, so it matches nothing",
    "write the path from the root of the repository",
);
const STARS: Flaw = flaw(
    "the pattern has three `*` in a row, which no forge defines",
    "write `*` or `**`",
);
const OPEN_SET: Flaw = flaw(
    "the pattern has a `[` without its `]`, so it matches nothing",
    "close it, or write `\\[` for the character",
);
const EMPTY_SET: Flaw = flaw(
    "the pattern has `[]`, which matches nothing",
    "write characters into it, or `\\[` for the character",
);
const SLASH_IN_SET: Flaw = flaw(
    "the pattern has a `/` between `[` and `]`",
    "a `/` separates names: write it outside",
);

impl Pattern {
    /// As GitHub reads it: as git reads a line of `.gitignore`, but for `*` as the last name, which
    /// stays on its level, and for sets of characters, which are ordinary ones.
    ///
    /// Source: GitHub's documentation, "About code owners", "CODEOWNERS syntax".
    pub(super) fn github(text: &str) -> Result<Self, Flaw> {
        if text.contains("***") {
            return Err(STARS);
        }
        let mut names = names(text, false)?;
        let anchored = names.len() > 1 && names[0].is_empty();
        if anchored {
            names.remove(0);
        }
        let folder = names.len() > 1 && names.last().is_some_and(Vec::is_empty);
        if folder {
            names.pop();
        }
        let last = checked(&names, text)?;
        let mut parts = Vec::new();
        if !anchored && last == 0 {
            parts.push(Part::Folders);
        }
        let below = || [Part::Name(Name::new(vec![Token::Many])), Part::Folders];
        for (at, name) in names.into_iter().enumerate() {
            let ends = at == last && !folder;
            match name.as_slice() {
                [Token::Many, Token::Many] if ends => parts.extend(below()),
                [Token::Many, Token::Many] => parts.push(Part::Folders),
                [Token::Many] => parts.push(Part::Name(Name::new(name))),
                _ => {
                    parts.push(Part::Name(Name::new(name)));
                    if ends {
                        parts.push(Part::Folders);
                    }
                }
            }
        }
        if folder {
            parts.extend(below());
        }
        Ok(Self::new(parts))
    }

    /// As GitLab reads it: Ruby's `File.fnmatch` with `FNM_DOTMATCH` and `FNM_PATHNAME` on
    /// [`gitlab_form`].
    ///
    /// Sources: GitLab's documentation, "Advanced CODEOWNERS configuration"; Ruby's `dir.c`.
    pub(super) fn gitlab(text: &str) -> Result<Self, Flaw> {
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text == "/" {
            return Err(MATCHES_NOTHING);
        }
        let mut names = names(&gitlab_form(text), true)?;
        names.remove(0);
        let last = checked(&names, text)?;
        let parts = names.into_iter().enumerate().map(|(at, name)| {
            let folders = at < last && matches!(name.as_slice(), [Token::Many, Token::Many]);
            if folders {
                Part::Folders
            } else {
                Part::Name(Name::new(name))
            }
        });
        Ok(Self::new(parts.collect()))
    }

    fn new(mut parts: Vec<Part>) -> Self {
        parts.dedup_by(|a, b| *a == Part::Folders && *b == Part::Folders);
        let names = parts.iter().filter(|it| **it != Part::Folders).count();
        Self { parts, names }
    }

    /// Whether it matches a path, given as its names.
    pub(super) fn matches(&self, path: &[&str]) -> bool {
        if path.len() < self.names {
            return false;
        }
        let (mut part, mut name) = (0, 0);
        // Only the last `Folders` needs to be tried again: what it takes more, an earlier one
        // could take as well.
        let mut retry = None;
        loop {
            match self.parts.get(part) {
                Some(Part::Folders) => {
                    part += 1;
                    if part == self.parts.len() {
                        return true;
                    }
                    retry = Some((part, name));
                    continue;
                }
                Some(Part::Name(wanted)) if path.get(name).is_some_and(|it| wanted.is(it)) => {
                    part += 1;
                    name += 1;
                    continue;
                }
                None if name == path.len() => return true,
                _ => {}
            }
            match retry {
                Some((from, at)) if at < path.len() => {
                    retry = Some((from, at + 1));
                    (part, name) = (from, at + 1);
                }
                _ => return false,
            }
        }
    }

    /// The names that every path has which this matches.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|it| match it {
            Part::Name(Name::Literal(text)) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// The pattern that GitLab hands to `File.fnmatch`, and by which it tells patterns apart: a `\#` at
/// the start and escaped spaces lose their backslash, what begins with no `/` matches in every
/// folder, what ends with one matches everything below.
pub(super) fn gitlab_form(text: &str) -> String {
    if text == "*" {
        return "/**/*".to_owned();
    }
    let mut form = String::with_capacity(text.len() + 8);
    let rest = match text.strip_prefix("\\#") {
        Some(_) => &text[1..],
        None => text,
    };
    if !rest.starts_with('/') {
        form.push_str("/**/");
    }
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek().copied().is_some_and(is_blank) {
            while chars.next_if(|it| is_blank(*it)).is_some() {}
            form.push(' ');
        } else {
            form.push(c);
        }
    }
    if form.ends_with('/') {
        form.push_str("**/*");
    }
    form
}

/// What separates a pattern and owners.
pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The names between the slashes; where `sets`, `[` begins a set of characters.
fn names(text: &str, sets: bool) -> Result<Vec<Vec<Token>>, Flaw> {
    let mut names = Vec::new();
    let mut name = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        name.push(match c {
            '/' => {
                names.push(std::mem::take(&mut name));
                continue;
            }
            '\\' => match chars.next() {
                None => return Err(ESCAPES_NOTHING),
                Some('/') => return Err(ESCAPED_SLASH),
                Some(c) => Token::Char(c),
            },
            '*' => Token::Many,
            '?' => Token::One,
            '[' if sets => Token::Set(Set::read(&mut chars)?),
            c => Token::Char(c),
        });
    }
    names.push(name);
    Ok(names)
}

/// The index of the last name, if all of them can be names of a path.
fn checked(names: &[Vec<Token>], text: &str) -> Result<usize, Flaw> {
    let dots = |it: &Vec<Token>| {
        matches!(
            it.as_slice(),
            [Token::Char('.')] | [Token::Char('.'), Token::Char('.')]
        )
    };
    match names {
        [only] if only.is_empty() && text == "/" => Err(MATCHES_NOTHING),
        [only] if only.is_empty() && text.is_empty() => Err(EMPTY),
        _ if names.iter().any(Vec::is_empty) => Err(NO_NAME),
        _ if names.iter().any(dots) => Err(DOTS),
        _ => Ok(names.len() - 1),
    }
}

impl Name {
    fn new(mut tokens: Vec<Token>) -> Self {
        tokens.dedup_by(|a, b| *a == Token::Many && *b == Token::Many);
        let literal: Option<String> = tokens
            .iter()
            .map(|it| match it {
                Token::Char(c) => Some(*c),
                _ => None,
            })
            .collect();
        match literal {
            Some(text) => Self::Literal(text),
            None => Self::Glob {
                shortest: tokens.iter().filter(|it| **it != Token::Many).count(),
                tokens,
            },
        }
    }

    fn is(&self, name: &str) -> bool {
        match self {
            Self::Literal(text) => text == name,
            // No name has more characters than bytes.
            Self::Glob { tokens, shortest } => name.len() >= *shortest && glob(tokens, name),
        }
    }
}

fn glob(tokens: &[Token], text: &str) -> bool {
    let next = |at: usize| text.get(at..).and_then(|it| it.chars().next());
    let (mut token, mut at) = (0, 0);
    let mut retry = None;
    loop {
        match (tokens.get(token), next(at)) {
            (Some(Token::Many), _) => {
                token += 1;
                if token == tokens.len() {
                    return true;
                }
                retry = Some((token, at));
                continue;
            }
            (Some(wanted), Some(c)) if wanted.is(c) => {
                token += 1;
                at += c.len_utf8();
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((from, start)) = retry else {
            return false;
        };
        let Some(c) = next(start) else {
            return false;
        };
        (token, at) = (from, start + c.len_utf8());
        retry = Some((token, at));
    }
}

impl Token {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::One => true,
            Self::Many => false,
            Self::Set(set) => set.has(c),
        }
    }
}

impl Set {
    /// What follows a `[`, as far as its `]`. Source: `bracket` in Ruby's `dir.c`.
    fn read(chars: &mut std::str::Chars<'_>) -> Result<Self, Flaw> {
        let mut set = Self {
            negated: false,
            ranges: Vec::new(),
        };
        if chars.as_str().starts_with(['!', '^']) {
            set.negated = true;
            chars.next();
        }
        loop {
            let from = match chars.next() {
                Some(']') if set.ranges.is_empty() && !set.negated => return Err(EMPTY_SET),
                Some(']') => return Ok(set),
                c => Self::member(c, chars)?,
            };
            let rest = chars.as_str();
            let to = if rest.starts_with('-') && !rest.starts_with("-]") {
                chars.next();
                let c = chars.next();
                Self::member(c, chars)?
            } else {
                from
            };
            set.ranges.push((from, to));
        }
    }

    fn member(c: Option<char>, chars: &mut std::str::Chars<'_>) -> Result<char, Flaw> {
        let c = match c {
            Some('\\') => chars.next(),
            c => c,
        };
        match c {
            None => Err(OPEN_SET),
            Some('/') => Err(SLASH_IN_SET),
            Some(c) => Ok(c),
        }
    }

    /// Both ends belong to a range, even where it runs backwards.
    fn has(&self, c: char) -> bool {
        let inside = |(from, to): &(char, char)| c == *from || c == *to || (*from <= c && c <= *to);
        self.ranges.iter().any(inside) != self.negated
    }
}

#[cfg(test)]
mod tests;

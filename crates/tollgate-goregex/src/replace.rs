//! Replacement of matches, and the templates of `Regexp.Expand`.

use crate::Regex;
use std::sync::LazyLock;

/// The name of a group in a template, by Go's letters and digits.
#[expect(
    clippy::expect_used,
    reason = "a constant expression, compiled by tests"
)]
static NAME: LazyLock<regex::Regex> =
    LazyLock::new(|| regex::Regex::new(r"^[\p{L}\p{Nd}_]+").expect("an expression"));

/// How far a replacement may go, or the limit that it went beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Bytes of the result.
    pub bytes: usize,
    /// Matches replaced.
    pub matches: usize,
}

/// The result of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The new text.
    pub text: String,
    /// How many matches were replaced.
    pub matches: usize,
}

/// A part of a template.
enum Part<'a> {
    Text(&'a str),
    Index(usize),
    Name(&'a str),
}

impl Regex {
    /// Every match replaced by the template, where `$1`, `$name` and `${name}` are groups and `$$` is a dollar
    /// (`Regexp.ReplaceAllString`).
    ///
    /// # Errors
    /// A result beyond the limit.
    pub fn replace_all(&self, text: &str, template: &str, limit: Limit) -> Result<Replaced, Limit> {
        let template = parse_template(template);
        self.replace(text, limit, |captures, out| {
            for part in &template {
                out.push_str(self.piece(part, captures));
                if out.len() > limit.bytes {
                    return;
                }
            }
        })
    }

    /// Every match replaced by the text as it stands (`Regexp.ReplaceAllLiteralString`).
    ///
    /// # Errors
    /// A result beyond the limit.
    pub fn replace_all_literal(
        &self,
        text: &str,
        with: &str,
        limit: Limit,
    ) -> Result<Replaced, Limit> {
        self.replace(text, limit, |_, out| out.push_str(with))
    }

    fn piece<'t>(&self, part: &Part<'t>, captures: &regex::Captures<'t>) -> &'t str {
        match part {
            Part::Text(it) => it,
            Part::Index(it) => captures.get(*it).map_or("", |it| it.as_str()),
            Part::Name(it) => self
                .names
                .iter()
                .zip(captures.iter())
                .filter(|(name, _)| name == it)
                .find_map(|(_, group)| group)
                .map_or("", |it| it.as_str()),
        }
    }

    fn replace<'t>(
        &self,
        text: &'t str,
        limit: Limit,
        mut expand: impl FnMut(&regex::Captures<'t>, &mut String),
    ) -> Result<Replaced, Limit> {
        let mut out = String::new();
        let mut end = 0;
        let mut matches = 0;
        for captures in self.inner.captures_iter(text) {
            let Some(whole) = captures.get(0) else {
                continue;
            };
            matches += 1;
            out.push_str(&text[end..whole.start()]);
            expand(&captures, &mut out);
            end = whole.end();
            if out.len() > limit.bytes || matches > limit.matches {
                return Err(limit);
            }
        }
        out.push_str(&text[end..]);
        if out.len() > limit.bytes {
            return Err(limit);
        }
        Ok(Replaced { text: out, matches })
    }
}

fn parse_template(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        if at > 0 {
            parts.push(Part::Text(&rest[..at]));
        }
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            parts.push(Part::Text("$"));
            rest = after;
            continue;
        }
        match group(rest) {
            Some((name, after)) => {
                parts.push(index(name).map_or(Part::Name(name), Part::Index));
                rest = after;
            }
            None => parts.push(Part::Text("$")),
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// The group's name after a dollar, and what follows it.
fn group(text: &str) -> Option<(&str, &str)> {
    let (braced, body) = match text.strip_prefix('{') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let end = NAME.find(body).map_or(0, |it| it.end());
    let (name, after) = body.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braced {
        return after.strip_prefix('}').map(|after| (name, after));
    }
    Some((name, after))
}

/// The group that a number means; what starts with zero or is as large as no group's number is a name.
fn index(name: &str) -> Option<usize> {
    let number = name.bytes().all(|it| it.is_ascii_digit()) && name.len() <= 9;
    let leading_zero = name.len() > 1 && name.starts_with('0');
    (number && !leading_zero).then(|| name.parse().ok())?
}

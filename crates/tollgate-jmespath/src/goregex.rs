//! Go's regular expressions (RE2 syntax, package `regexp`) on the `regex` crate: linear time, no backtracking.
//!
//! The two syntaxes differ in details that change verdicts: Go's `\d`, `\w`, `\s` and `\b` know ASCII only, `[a[b]` is a
//! plain class there, `\<` is a plain character, `a**` is refused. The pattern is read by Go's rules and written anew.
//! Source: `regexp/syntax` of Go 1.2x.

mod translate;

use std::borrow::Cow;

/// A compiled expression that matches as Go's does.
#[derive(Clone, Debug)]
pub struct Regex {
    inner: regex::Regex,
    /// The name of each group, empty for those that have none.
    names: Vec<String>,
}

/// Not an expression that Go would compile, or one that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression `{pattern}` can't be used: {why}")]
pub struct RegexError {
    /// The expression.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// Bytes of a compiled expression.
const SIZE_LIMIT: usize = 4 << 20;
/// Bytes of pattern text.
const LENGTH_LIMIT: usize = 16 << 10;

/// The pattern in the syntax of the `regex` crate.
pub(crate) fn translated(pattern: &str) -> Result<String, RegexError> {
    translate(pattern).map(|it| it.pattern)
}

fn translate(pattern: &str) -> Result<translate::Translation, RegexError> {
    if pattern.len() > LENGTH_LIMIT {
        return Err(error(
            pattern,
            format!("it is longer than {LENGTH_LIMIT} bytes"),
        ));
    }
    translate::translate(pattern).map_err(|why| error(pattern, why))
}

fn error(pattern: &str, why: String) -> RegexError {
    RegexError {
        pattern: pattern.chars().take(200).collect(),
        why,
    }
}

impl Regex {
    /// Compile a Go expression.
    ///
    /// # Errors
    /// What Go refuses, and expressions whose automaton is too large.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        Self::within(pattern, SIZE_LIMIT)
    }

    /// Compile a Go expression whose automaton may take so many bytes.
    ///
    /// # Errors
    /// What Go refuses, and expressions whose automaton is larger.
    pub fn within(pattern: &str, bytes: usize) -> Result<Self, RegexError> {
        let translated = translate(pattern)?;
        let inner = regex::RegexBuilder::new(&translated.pattern)
            .size_limit(bytes)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|it| match it {
                regex::Error::CompiledTooBig(_) => {
                    error(pattern, "it is too large when compiled".to_owned())
                }
                it => error(
                    pattern,
                    it.to_string().lines().last().unwrap_or_default().to_owned(),
                ),
            })?;
        Ok(Self {
            inner,
            names: translated.names,
        })
    }

    /// Whether Go would read the expression; nothing is compiled.
    ///
    /// # Errors
    /// What Go refuses.
    pub fn check(pattern: &str) -> Result<(), RegexError> {
        translate(pattern).map(|_| ())
    }

    /// Whether the text contains a match.
    pub fn is_match(&self, text: &str) -> bool {
        self.inner.is_match(text)
    }

    /// The groups of every match, the whole of it first; a group that took no part is empty.
    pub fn groups<'t>(&self, text: &'t str) -> Vec<Vec<&'t str>> {
        let texts = |it: regex::Captures<'t>| {
            it.iter()
                .map(|group| group.map_or("", |it| it.as_str()))
                .collect()
        };
        self.inner.captures_iter(text).map(texts).collect()
    }

    /// Every match replaced by the template, where `$1`, `$name` and `${name}` are groups and `$$` is a dollar
    /// (`Regexp.Expand`).
    ///
    /// # Errors
    /// A result beyond the limit.
    pub fn replace_all(&self, text: &str, template: &str, limit: Limit) -> Result<Replaced, Limit> {
        let template = parse_template(template);
        self.replace(text, limit, |captures, out| {
            for part in &template {
                let piece = match part {
                    Part::Text(it) => it,
                    Part::Index(it) => captures.get(*it).map_or("", |it| it.as_str()),
                    Part::Name(it) => self
                        .names
                        .iter()
                        .zip(captures.iter())
                        .filter(|(name, _)| name == it)
                        .find_map(|(_, group)| group)
                        .map_or("", |it| it.as_str()),
                };
                out.push_str(piece);
                if out.len() > limit.bytes {
                    return;
                }
            }
        })
    }

    /// Every match replaced by the text as it stands.
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

    fn replace(
        &self,
        text: &str,
        limit: Limit,
        mut expand: impl FnMut(&regex::Captures<'_>, &mut String),
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

enum Part<'a> {
    Text(Cow<'a, str>),
    Index(usize),
    Name(&'a str),
}

fn parse_template(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        if at > 0 {
            parts.push(Part::Text(Cow::Borrowed(&rest[..at])));
        }
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            parts.push(Part::Text(Cow::Borrowed("$")));
            rest = after;
            continue;
        }
        match group(rest) {
            Some((name, after)) => {
                let index = name.bytes().all(|it| it.is_ascii_digit());
                parts.push(match name.parse() {
                    Ok(index) => Part::Index(index),
                    Err(_) if index => Part::Text(Cow::Borrowed("")),
                    Err(_) => Part::Name(name),
                });
                rest = after;
            }
            None => parts.push(Part::Text(Cow::Borrowed("$"))),
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(Cow::Borrowed(rest)));
    }
    parts
}

/// The group's name after a dollar, and what follows it.
fn group(text: &str) -> Option<(&str, &str)> {
    let (braced, body) = match text.strip_prefix('{') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let end = body
        .find(|c: char| !(c == '_' || c.is_alphabetic() || c.is_numeric()))
        .unwrap_or(body.len());
    let (name, after) = body.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braced {
        return after.strip_prefix('}').map(|after| (name, after));
    }
    Some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_does() {
        for (pattern, text, want) in [
            (r"^\d+$", "42", true),
            (r"^\d+$", "\u{664}\u{662}", false),
            (r"^\w$", "é", false),
            (r"^\W$", "é", true),
            (r"^[\w-]+$", "a-b", true),
            (r"^[^\W]$", "é", false),
            (r"^\s$", "\u{b}", false),
            (r"^\s$", "\t", true),
            (r"\bfoo\b", "éfoo", true),
            (r"^[a[b]+$", "[ab", true),
            (r"^[]a]+$", "]a", true),
            (r"^[a&&b]+$", "&", true),
            (r"^[[:alpha:]_]+$", "a_b", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^\Qa.b", "a.b", true),
            (r"^a\<b\>$", "a<b>", true),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{x$", "a{x", true),
            (r"^(?i)ABC$", "abc", true),
            (r"^(?P<n>a)(?<m>b)$", "ab", true),
            (r"^\x41\x{1F600}\101$", "A\u{1F600}A", true),
            (r"^\p{Greek}\pL\p{^Lu}$", "αbc", true),
            (r"^.$", "\n", false),
            (r"(?s)^.$", "\n", true),
            (r"a$", "a\n", false),
            (r"^[a\-z]$", "-", true),
            (r"^[+--]$", ",", true),
            (r"^\.\*$", ".*", true),
            (r"^#\# $", "## ", true),
        ] {
            let regex = Regex::new(pattern).expect(pattern);
            assert_eq!(regex.is_match(text), want, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for pattern in [
            "a**",
            "*a",
            "a{1001}",
            "(a{100}){100}",
            "(?=a)",
            r"\1",
            r"\h",
            r"\Z",
            r"\C",
            "(?x)a",
            "[z-a]",
            "[a",
            "(a",
            "a)",
            r"\",
            "[[:nope:]]",
            "a{2}{3}",
            "(?<1>a)",
            r"\u0041",
            "a++",
            r"\p{Nope}",
            "(?u)a",
            "(?P=n)",
            r"[\b]",
        ] {
            assert!(Regex::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn templates() {
        let regex = Regex::new(r"(?P<key>\w+)=(\w+)").expect("valid");
        let limit = Limit {
            bytes: 100,
            matches: 10,
        };
        let show = |it: Result<Replaced, Limit>| it.map_or("too much".to_owned(), |it| it.text);
        let go = |template| show(regex.replace_all("a=1 b=2", template, limit));
        assert_eq!(go("$2=$1"), "1=a 2=b");
        assert_eq!(go("${2}x"), "1x 2x");
        assert_eq!(go("$2x"), " ");
        assert_eq!(go("$key"), "a b");
        assert_eq!(go("$$1 $"), "$1 $ $1 $");
        assert_eq!(go("${2"), "${2 ${2");
        assert_eq!(go("$99$0"), "a=1 b=2");
        assert_eq!(show(regex.replace_all_literal("a=1", "$1", limit)), "$1");
        let twice = Regex::new("(?P<n>a)|(?P<n>b)").expect("valid");
        assert_eq!(show(twice.replace_all("ab", "<$n>", limit)), "<a><b>");
        let all = Regex::new("a*").expect("valid");
        assert_eq!(show(all.replace_all("baaac", "x", limit)), "xbxcx");
        assert_eq!(
            show(all.replace_all("b", &"x".repeat(60), limit)),
            "too much"
        );
        assert_eq!(show(all.replace_all("bbbbbbbbbbb", "", limit)), "too much");
    }

    #[test]
    fn hostile_patterns_stay_linear() {
        let text = "a".repeat(100_000);
        assert!(!Regex::new("^(a*)*b$").expect("valid").is_match(&text));
        assert!(!Regex::new("(x+x+)+y").expect("valid").is_match(&text));
    }
}

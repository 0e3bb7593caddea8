#![doc = include_str!("../README.md")]

mod class;
mod replace;
mod translate;
mod unicode;

pub use replace::{Limit, Replaced};

/// A compiled expression that matches as Go's does.
#[derive(Clone, Debug)]
pub struct Regex {
    inner: regex::Regex,
    /// The name of each group, the whole match first; empty for those that have none. Go lets two have the same.
    names: Vec<String>,
}

/// Not an expression that Go would compile, or one that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression `{pattern}` can't be used: {why}")]
pub struct RegexError {
    /// The expression, its first 200 characters.
    pub pattern: String,
    /// What is wrong with it, without the expression.
    pub why: String,
}

/// Bytes of a compiled expression.
const SIZE_LIMIT: usize = 4 << 20;
/// Bytes of pattern text.
const LENGTH_LIMIT: usize = 16 << 10;
/// Nested things in the rewritten pattern: a group of Go's can be wrapped in two of ours.
const NEST_LIMIT: u32 = 3 * translate::MAX_DEPTH as u32;

/// The pattern in the syntax of the `regex` crate, with the same meaning; group names are dropped.
///
/// # Errors
/// What Go refuses, and patterns beyond the limits of this crate.
pub fn to_rust(pattern: &str) -> Result<String, RegexError> {
    read(pattern).map(|it| it.pattern)
}

fn read(pattern: &str) -> Result<translate::Translation, RegexError> {
    if pattern.len() > LENGTH_LIMIT {
        let why = format!("it is longer than {LENGTH_LIMIT} bytes");
        return Err(error(pattern, why));
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
    /// What Go refuses, and expressions whose automaton is larger than 4 MiB.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        Self::within(pattern, SIZE_LIMIT)
    }

    /// Compile a Go expression whose automaton may take so many bytes.
    ///
    /// # Errors
    /// What Go refuses, and expressions whose automaton is larger.
    pub fn within(pattern: &str, bytes: usize) -> Result<Self, RegexError> {
        let translated = read(pattern)?;
        let inner = regex::RegexBuilder::new(&translated.pattern)
            .size_limit(bytes)
            .dfa_size_limit(SIZE_LIMIT)
            .nest_limit(NEST_LIMIT)
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
        read(pattern).map(|_| ())
    }

    /// Whether the text contains a match (`Regexp.MatchString`).
    pub fn is_match(&self, text: &str) -> bool {
        self.inner.is_match(text)
    }

    /// The groups of the first match, the whole of it first, each as its range of bytes; `None` for a group that took
    /// no part (`Regexp.FindStringSubmatchIndex`).
    pub fn find(&self, text: &str) -> Option<Vec<Option<std::ops::Range<usize>>>> {
        let captures = self.inner.captures(text)?;
        Some(captures.iter().map(|it| it.map(|it| it.range())).collect())
    }

    /// The groups of every match, the whole of it first; a group that took no part is empty
    /// (`Regexp.FindAllStringSubmatch`).
    pub fn groups<'t>(&self, text: &'t str) -> Vec<Vec<&'t str>> {
        let texts = |it: regex::Captures<'t>| {
            it.iter()
                .map(|group| group.map_or("", |it| it.as_str()))
                .collect()
        };
        self.inner.captures_iter(text).map(texts).collect()
    }
}

#[cfg(test)]
mod tests;

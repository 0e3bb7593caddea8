//! From text to trees: granit-parser's events, composed under go-yaml's rules and our limits.

mod characters;
mod compose;
mod fast;
mod mapping;
mod message;
mod tags;

use crate::{
    error::YamlError,
    limits::Limits,
    node::Node,
    resolve::Dialect,
    source::{FileId, Span},
};
use std::collections::HashSet;
use std::sync::Arc;

/// Read every document of `text`. An empty document reads as null; a file without any document
/// (nothing but comments) has none.
///
/// The origin of a scalar is the place of its text with its quotes; that of a map or list the place
/// where it begins: its first key, its first item, its bracket. Values that came through an alias
/// keep the place of the anchor.
///
/// # Errors
/// What is not YAML; what go-yaml or kustomize refuse or drop without a word (duplicate keys, tags
/// that they do not know, text after `...`); what they read differently from what a person sees
/// (control, bidirectional and invisible characters); and what exceeds `limits`.
pub fn parse(
    text: &str,
    file: FileId,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Vec<Node>, YamlError> {
    check(text, file, dialect, limits)?;
    let mut reading = Reading::new(text, file, dialect, limits);
    reading.all()?;
    Ok(reading.documents)
}

/// As [`parse`], without the fast reader.
#[cfg(test)]
pub(crate) fn thoroughly(
    text: &str,
    file: FileId,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Vec<Node>, YamlError> {
    check(text, file, dialect, limits)?;
    let mut reading = Reading::new(text, file, dialect, limits);
    reading.thoroughly(0, text.len())?;
    Ok(reading.documents)
}

/// What can be said of a file before it is read.
fn check(text: &str, file: FileId, dialect: Dialect, limits: &Limits) -> Result<(), YamlError> {
    if text.len() > limits.bytes {
        let at = Span::new(file, 0, 0);
        let message = format!(
            "the file has {} bytes, the limit is {}",
            text.len(),
            limits.bytes
        );
        return Err(YamlError::over(at, message));
    }
    characters::check(text, file)?;
    check_directives(text, file)?;
    if dialect == Dialect::Kyaml {
        check_separators(text, file)?;
    }
    Ok(())
}

/// One file on its way to trees.
struct Reading<'a> {
    text: &'a str,
    file: FileId,
    dialect: Dialect,
    limits: &'a Limits,
    documents: Vec<Node>,
    /// Nodes of all documents so far.
    nodes: usize,
    /// Bytes of text that aliases repeat: what is shared here is written out by whoever prints it.
    repeated: usize,
    /// Keys repeat: every spelling is kept once.
    keys: HashSet<Arc<str>>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str, file: FileId, dialect: Dialect, limits: &'a Limits) -> Self {
        Self {
            text,
            file,
            dialect,
            limits,
            documents: Vec::new(),
            nodes: 0,
            repeated: 0,
            keys: HashSet::new(),
        }
    }

    /// Every document by the fast reader, and by granit-parser what is too unusual for that one.
    fn all(&mut self) -> Result<(), YamlError> {
        // A directive stands in front of the `---` of its document.
        if self.text.starts_with('%') || self.text.contains("\n%") {
            return self.thoroughly(0, self.text.len());
        }
        let mut from = 0;
        while from < self.text.len() {
            let to = next_separator(self.text, from).unwrap_or(self.text.len());
            match fast::read(self, from, to) {
                Some(document) => self.documents.push(document),
                None => self.thoroughly(from, to)?,
            }
            from = to;
        }
        Ok(())
    }

    fn thoroughly(&mut self, from: usize, to: usize) -> Result<(), YamlError> {
        compose::Composer::new(self, from, to).read()
    }

    fn interned(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.keys.get(text) {
            return known.clone();
        }
        let text: Arc<str> = Arc::from(text);
        self.keys.insert(text.clone());
        text
    }
}

/// Where the next line stands that is a `---`; such a line ends every kind of value.
fn next_separator(text: &str, from: usize) -> Option<usize> {
    let starts = text[from..].match_indices("\n---");
    let mut separators = starts.map(|(at, _)| from + at + 1);
    separators.find(|at| {
        let after = text.as_bytes().get(at + 3);
        after.is_none_or(|it| matches!(it, b' ' | b'\t' | b'\r' | b'\n'))
    })
}

/// go-yaml knows two directives and refuses all others.
fn check_directives(text: &str, file: FileId) -> Result<(), YamlError> {
    let starts = text.match_indices("\n%").map(|(at, _)| at + 1);
    for at in text.starts_with('%').then_some(0).into_iter().chain(starts) {
        let line = text[at..].lines().next().unwrap_or_default();
        let is_known = line.starts_with("%YAML ") || line.starts_with("%TAG ");
        if !is_known && line[1..].starts_with(|it: char| it.is_ascii_alphabetic()) {
            let span = Span::new(file, at, at + line.len());
            return Err(YamlError::new(span, "go-yaml does not know this directive")
                .help("indent the line or put it in quotes if it is text"));
        }
    }
    Ok(())
}

/// kustomize cuts files into documents by lines, and refuses separators that carry content.
/// Source: `kyaml/kio/byteio_reader.go` (`splitDocuments`).
fn check_separators(text: &str, file: FileId) -> Result<(), YamlError> {
    for (at, _) in text.match_indices("\n---") {
        let line = text[at + 1..].lines().next().unwrap_or_default();
        let content = line[3..].trim();
        if !content.is_empty() && !content.starts_with('#') {
            let span = Span::new(file, at + 1, at + 1 + line.len());
            return Err(YamlError::new(
                span,
                "a line that begins with `---` separates documents and can hold nothing else",
            )
            .help("move the content to the next line"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

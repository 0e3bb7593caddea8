//! From text to trees: granit-parser's events, composed under go-yaml's rules and our limits.

mod characters;
mod compose;
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
    if text.len() > limits.bytes {
        let at = Span::new(file, 0, 0);
        let message = format!(
            "the file has {} bytes, the limit is {}",
            text.len(),
            limits.bytes
        );
        return Err(YamlError::new(at, message));
    }
    characters::check(text, file)?;
    check_directives(text, file)?;
    if dialect == Dialect::Kyaml {
        check_separators(text, file)?;
    }
    compose::Composer::new(text, file, dialect, limits).stream()
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

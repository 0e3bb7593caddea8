//! Places in files, ready to be shown.

use serde::{Deserialize, Serialize};
use tollgate_yaml::{Sources, Span};

/// Which of the two trees a file was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The tree that the change would be merged into: rules come from here.
    Base,
    /// The tree that the change proposes: data.
    Head,
}

/// A range in a file, with the lines that show it. Lines and columns count from 1, columns in
/// characters; the end column is the one after the last character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The tree.
    pub side: Side,
    /// Path relative to the repository's root.
    pub path: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character, on `end_line`.
    pub end_column: u32,
    /// The text of the first line, cut at [`Place::LINE_LIMIT`] characters.
    pub text: String,
}

impl Place {
    /// Characters of a source line that are kept: minified files have lines of megabytes.
    pub const LINE_LIMIT: usize = 240;

    /// The place of a span; `None` for spans outside of every file.
    ///
    /// A span over several lines (a block) is cut to its first line: that is the one to look at.
    pub fn of(sources: &Sources, span: Span, side: Side) -> Option<Self> {
        let file = sources.get(span.file)?;
        let start = file.position(span.start);
        let end = file.position(span.end);
        let text = file.line(start.line);
        let end_column = if end.line == start.line {
            end.column
        } else {
            let width = text.trim_end().chars().count();
            u32::try_from(width).unwrap_or(u32::MAX).saturating_add(1)
        };
        Some(Self {
            side,
            path: file.path().to_owned(),
            line: start.line,
            column: start.column,
            end_line: start.line,
            end_column: end_column.max(start.column + 1),
            text: text.chars().take(Self::LINE_LIMIT).collect(),
        })
    }

    /// A whole file, where no line is to blame.
    pub fn file(path: impl Into<String>, side: Side) -> Self {
        Self {
            side,
            path: path.into(),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            text: String::new(),
        }
    }
}

/// `path:line:column`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_shown_by_its_first_line() {
        let sources = Sources::new();
        let file = sources.add("a.yaml", "spec:\n  x: 1\n  y: 2\n");
        let place = Place::of(&sources, Span::new(file, 0, 19), Side::Head).expect("a place");
        assert_eq!(
            (place.line, place.column, place.end_line, place.end_column),
            (1, 1, 1, 6)
        );
        assert_eq!(place.text, "spec:");
        assert_eq!(Place::of(&sources, Span::NONE, Side::Head), None);
    }
}

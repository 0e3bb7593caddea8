//! Files that a run has read, and places in them.

use crate::error::YamlError;
use std::sync::{Arc, RwLock};

/// A file the run has read: an index into [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A byte range `start..end` in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset after the last byte.
    pub end: u32,
}

/// A place as people and editors count: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file: its path as it is shown to people, its text, and where its lines begin.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    text: Arc<str>,
    line_starts: Vec<u32>,
    /// How many characters begin before each [`STRIDE`]th byte: a line may be the whole file.
    characters: Vec<u32>,
}

/// Bytes between places where characters are counted from.
const STRIDE: usize = 512;

fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

impl SourceFile {
    fn new(path: String, text: Arc<str>) -> Self {
        let mut line_starts = vec![0];
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                line_starts.push(offset(at + 1));
            }
        }
        let mut characters = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut before = 0;
        for part in text.as_bytes().chunks(STRIDE) {
            characters.push(offset(before));
            before += part.iter().filter(|it| begins_character(**it)).count();
        }
        characters.push(offset(before));
        Self {
            path,
            text,
            line_starts,
            characters,
        }
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, at: usize) -> u32 {
        let mark = at / STRIDE;
        let counted = self.characters.get(mark).copied().unwrap_or_default();
        let rest = self
            .text
            .as_bytes()
            .get(mark * STRIDE..at)
            .unwrap_or_default();
        counted + offset(rest.iter().filter(|it| begins_character(**it)).count())
    }

    /// The path, relative to the tree that was read.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Number of lines; an empty file has one.
    pub fn line_count(&self) -> u32 {
        offset(self.line_starts.len())
    }

    /// The text of a line (counted from 1) without its line break; empty past the end.
    pub fn line(&self, line: u32) -> &str {
        let index = line.saturating_sub(1) as usize;
        let Some(&start) = self.line_starts.get(index) else {
            return "";
        };
        let end = self
            .line_starts
            .get(index + 1)
            .map_or(self.text.len(), |&it| it as usize);
        self.text
            .get(start as usize..end)
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
    }

    /// The position of a byte offset; offsets past the end give the end.
    pub fn position(&self, at: u32) -> Position {
        let line = self.line_starts.partition_point(|&it| it <= at).max(1);
        let start = self.line_starts[line - 1] as usize;
        let mut end = (at as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self
            .characters_before(end)
            .saturating_sub(self.characters_before(start));
        Position {
            line: offset(line),
            column: column.saturating_add(1),
        }
    }
}

/// Every file read during a run. Shared between threads; files are only ever added.
#[derive(Debug, Default)]
pub struct Sources {
    files: RwLock<Vec<Arc<SourceFile>>>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remember a file. The same path may be added twice (base and head hold different texts).
    pub fn add(&self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let file = Arc::new(SourceFile::new(path.into(), text.into()));
        let mut files = self
            .files
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        files.push(file);
        FileId(offset(files.len() - 1))
    }

    /// Remember a file that is still bytes.
    ///
    /// # Errors
    /// Bytes that are not UTF-8, with their place; the file is remembered all the same, so that the
    /// place can be shown.
    pub fn add_bytes(&self, path: impl Into<String>, bytes: Vec<u8>) -> Result<FileId, YamlError> {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(self.add(path, text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
                let message = format!(
                    "the byte 0x{:02X} at offset {at} is not UTF-8",
                    bytes.get(at).copied().unwrap_or_default()
                );
                let file = self.add(path, String::from_utf8_lossy(&bytes));
                // What replaces the byte is three bytes long.
                let error = YamlError::new(Span::new(file, at, at + 3), message);
                Err(error.help(if is_utf16 {
                    "the file is UTF-16: save it as UTF-8"
                } else {
                    "save the file as UTF-8"
                }))
            }
        }
    }

    /// The file behind an id; `None` for [`Span::NONE`].
    pub fn get(&self, file: FileId) -> Option<Arc<SourceFile>> {
        let files = self
            .files
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        files.get(file.0 as usize).cloned()
    }

    /// Every file so far with its id, in the order in which they were added.
    pub fn all(&self) -> Vec<(FileId, Arc<SourceFile>)> {
        let files = self
            .files
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let ids = (0..files.len()).map(|it| FileId(offset(it)));
        ids.zip(files.iter().cloned()).collect()
    }

    /// `path:line:column` of the start of a span, for messages; empty for [`Span::NONE`].
    pub fn describe(&self, span: Span) -> String {
        self.get(span.file).map_or_else(String::new, |file| {
            let at = file.position(span.start);
            format!("{}:{}:{}", file.path(), at.line, at.column)
        })
    }
}

impl Span {
    /// A place outside of every file: what the program made by itself.
    pub const NONE: Self = Self {
        file: FileId(u32::MAX),
        start: 0,
        end: 0,
    };

    /// A span of `start..end` bytes.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self {
            file,
            start: offset(start),
            end: offset(end),
        }
    }

    /// Whether this points into a file.
    pub fn is_some(self) -> bool {
        self.file != Self::NONE.file
    }
}

/// Offsets are 32 bits: inputs are limited to far less than 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let sources = Sources::new();
        let id = sources.add("a.yaml", "ä: 1\nb: 2\n");
        let file = sources.get(id).expect("the file just added");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        // `ä` is two bytes and one column.
        assert_eq!(file.position(2), Position { line: 1, column: 2 });
        assert_eq!(file.position(6), Position { line: 2, column: 1 });
        assert_eq!(file.position(999).line, 3);
        assert_eq!(file.line(2), "b: 2");
        assert_eq!(file.line(9), "");
        assert_eq!(sources.describe(Span::new(id, 6, 7)), "a.yaml:2:1");
        assert_eq!(sources.describe(Span::NONE), "");
    }

    #[test]
    fn columns_of_a_long_line_count_characters() {
        let sources = Sources::new();
        // Two bytes each, so that strides end amid a character.
        let text = format!("a: b\nx{}\n", "ä".repeat(3 * STRIDE));
        let id = sources.add("a.yaml", text);
        let file = sources.get(id).expect("the file just added");
        for characters in [
            0,
            1,
            2,
            STRIDE / 2,
            STRIDE - 3,
            STRIDE,
            2 * STRIDE + 1,
            3 * STRIDE,
        ] {
            let at = offset(6 + 2 * characters);
            let column = offset(characters + 2);
            assert_eq!(
                file.position(at),
                Position { line: 2, column },
                "{characters}"
            );
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_shown() {
        let sources = Sources::new();
        let error = sources
            .add_bytes("a.yaml", b"a: 1\nb: \xff\n".to_vec())
            .expect_err("not UTF-8");
        assert_eq!(sources.describe(error.span), "a.yaml:2:4");
        assert!(error.message.contains("0xFF at offset 8"), "{error}");
        let error = sources
            .add_bytes("b.yaml", b"\xff\xfea\0".to_vec())
            .expect_err("not UTF-8");
        assert!(error.help.is_some_and(|it| it.contains("UTF-16")));
        let file = sources.add_bytes("c.yaml", b"a: \xc3\xa4".to_vec());
        assert!(file.is_ok());
    }
}

//! A reader for the YAML that most manifests are written in: block maps and lists, scalars in every
//! style, brackets on one line. It is several times as fast as the thorough way, and gives up on anything
//! else, errors among it: then granit-parser reads the document. What it does read it reads
//! exactly as the thorough way does, places included.

use super::{Reading, mapping::Builder, tags};
use crate::{
    node::{Entry, Key, Node, Origin, Scalar, Style, Tag, Value},
    resolve::Dialect,
    source::Span,
};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

/// libyaml looks for the `:` of a key within 1024 characters.
const KEY_LENGTH: usize = 1000;

/// The document in the bytes `from..to` of the file; `None` if it takes the thorough way.
pub(super) fn read(reading: &mut Reading<'_>, from: usize, to: usize) -> Option<Node> {
    let text = reading.text.get(..to)?;
    if reading.documents.len() >= reading.limits.documents
        || text[from..].starts_with('\u{feff}')
        || text.as_bytes()[from..]
            .iter()
            .any(|it| matches!(it, b'\t' | b'\r'))
    {
        return None;
    }
    let nodes = reading.nodes;
    let mut lines = Lines {
        text,
        bytes: text.as_bytes(),
        reading,
        at: from,
        indent: 0,
        is_end: false,
        line: Cell::new((usize::MAX, 0)),
    };
    let node = lines.document(from);
    if node.is_none() {
        reading.nodes = nodes;
    }
    node
}

/// The place of the reader: always the first character of a line that says something.
struct Lines<'a, 'f> {
    /// The file up to the end of the document.
    text: &'a str,
    bytes: &'a [u8],
    reading: &'f mut Reading<'a>,
    at: usize,
    /// The column of `at`.
    indent: usize,
    is_end: bool,
    /// A part of a line that was looked at last, up to its end: a long line is searched once.
    line: Cell<(usize, usize)>,
}

impl Lines<'_, '_> {
    fn document(&mut self, from: usize) -> Option<Node> {
        let mut start = from;
        if self.text[from..].starts_with("---") {
            start = self.line_end(from + 3);
            if !self.is_blank(from + 3, start) {
                return None;
            }
            start = (start + 1).min(self.bytes.len());
        }
        self.go_to_line(start);
        if self.is_end {
            return None;
        }
        let node = self.block(0)?;
        self.is_end.then_some(node)
    }

    fn line_end(&self, from: usize) -> usize {
        let (start, end) = self.line.get();
        if start <= from && from <= end {
            return end;
        }
        let found = self.text[from..].find('\n');
        let end = found.map_or(self.bytes.len(), |it| from + it);
        self.line.set((from, end));
        end
    }

    /// Whether nothing but spaces and a comment stands in `from..end`, where text may precede.
    fn is_blank(&self, from: usize, end: usize) -> bool {
        let rest = &self.bytes[from..end];
        let spaces = rest.iter().take_while(|it| **it == b' ').count();
        spaces == rest.len() || (rest[spaces] == b'#' && spaces > 0)
    }

    /// Go to the first line from `start` on that is neither empty nor a comment.
    fn go_to_line(&mut self, mut start: usize) {
        while start < self.bytes.len() {
            let mut at = start;
            while self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            match self.bytes.get(at) {
                None => break,
                Some(b'\n') => start = at + 1,
                Some(b'#') => start = self.line_end(at) + 1,
                Some(_) => {
                    self.at = at;
                    self.indent = at - start;
                    return;
                }
            }
        }
        self.at = self.bytes.len();
        self.indent = 0;
        self.is_end = true;
    }

    fn count(&mut self) -> Option<()> {
        self.reading.nodes += 1;
        (self.reading.nodes <= self.reading.limits.nodes).then_some(())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.reading.file, start, end)
    }

    /// The map or list that begins here.
    fn block(&mut self, depth: usize) -> Option<Node> {
        if self.is_dash(self.at) {
            self.sequence(depth)
        } else {
            self.mapping(depth)
        }
    }

    fn is_dash(&self, at: usize) -> bool {
        self.bytes.get(at) == Some(&b'-')
            && matches!(self.bytes.get(at + 1), None | Some(b' ' | b'\n'))
    }

    fn sequence(&mut self, depth: usize) -> Option<Node> {
        self.deeper(depth)?;
        let column = self.indent;
        let mut items = Vec::new();
        while !self.is_end && self.indent == column && self.is_dash(self.at) {
            let mut start = self.at + 1;
            while self.bytes.get(start) == Some(&b' ') {
                start += 1;
            }
            let end = self.line_end(start);
            let item = if start == end || self.bytes[start] == b'#' {
                self.go_to_line(end);
                if self.is_end || self.indent <= column {
                    return None;
                }
                self.block(depth + 1)?
            } else if self.is_dash(start) || self.key_end(start).is_some() {
                self.indent = column + start - self.at;
                self.at = start;
                self.block(depth + 1)?
            } else {
                self.scalar(start, column, depth + 1)?
            };
            items.push(item);
        }
        if !self.is_end && self.indent > column {
            return None;
        }
        items.shrink_to_fit();
        let first = items.first()?.span();
        Some(Node::sequence(items, Origin::Authored(first)))
    }

    fn mapping(&mut self, depth: usize) -> Option<Node> {
        self.deeper(depth)?;
        let column = self.indent;
        let mut map = Builder::default();
        let first = self.span(self.at, self.key_end(self.at)?);
        while !self.is_end && self.indent == column {
            let key_end = self.key_end(self.at)?;
            let key = self.key(self.at, key_end)?;
            let value = self.value(key_end, column, depth + 1)?;
            if map.add(Entry { key, value }).is_some() || map.len() > self.reading.limits.keys {
                return None;
            }
        }
        if !self.is_end && self.indent > column {
            return None;
        }
        Some(Node::mapping(map.finish(), Origin::Authored(first)))
    }

    /// A collection whose children stand one level below `depth`.
    fn deeper(&mut self, depth: usize) -> Option<()> {
        self.count()?;
        (depth < self.reading.limits.depth).then_some(())
    }

    /// The end of the key that begins at `start`, where its `:` stands.
    fn key_end(&self, start: usize) -> Option<usize> {
        let end = match *self.bytes.get(start)? {
            quote @ (b'"' | b'\'') => {
                let line = &self.bytes[start + 1..self.line_end(start)];
                let length = line.iter().position(|it| *it == quote)?;
                if quote == b'"' && line[..length].contains(&b'\\') {
                    return None;
                }
                start + 1 + length + 1
            }
            b'-' | b':' => return None,
            _ => {
                let mut end = start;
                while let Some(byte) = self.bytes.get(end)
                    && (is_word(*byte) || is_key_sign(*byte))
                    && !self.ends_key(end)
                {
                    end += 1;
                }
                end
            }
        };
        (self.ends_key(end) && start < end && end - start < KEY_LENGTH).then_some(end)
    }

    fn ends_key(&self, at: usize) -> bool {
        self.bytes.get(at) == Some(&b':')
            && matches!(self.bytes.get(at + 1), None | Some(b' ' | b'\n'))
    }

    fn key(&mut self, start: usize, end: usize) -> Option<Key> {
        self.count()?;
        let span = self.span(start, end);
        let is_quoted = matches!(self.bytes[start], b'"' | b'\'');
        let (text, tag) = if is_quoted {
            (&self.text[start + 1..end - 1], Tag::Str)
        } else {
            let text = &self.text[start..end];
            (
                text,
                tags::implied(text, Style::Plain, self.reading.dialect),
            )
        };
        let is_unusual = match self.reading.dialect {
            Dialect::Kyaml => tag == Tag::Null,
            Dialect::Sigs => tag != Tag::Str,
        };
        if is_unusual || text == "<<" {
            return None;
        }
        Some(Key {
            text: self.reading.interned(text),
            tag,
            origin: Origin::Authored(span),
        })
    }

    /// The value whose `:` stands at `colon`, in a map at `column`.
    fn value(&mut self, colon: usize, column: usize, depth: usize) -> Option<Node> {
        let end = self.line_end(colon);
        let start = colon + 1;
        if !self.is_blank(start, end) {
            let spaces = self.bytes[start..end]
                .iter()
                .take_while(|it| **it == b' ')
                .count();
            return self.scalar(start + spaces, column, depth);
        }
        self.go_to_line(end);
        let is_below = !self.is_end
            && (self.indent > column || (self.indent == column && self.is_dash(self.at)));
        if is_below {
            return self.block(depth);
        }
        self.count()?;
        Some(self.leaf("", Tag::Null, Style::Plain, colon, colon))
    }

    fn leaf(&self, text: &str, tag: Tag, style: Style, start: usize, end: usize) -> Node {
        let scalar = Scalar {
            text: Arc::from(text),
            tag,
            style,
        };
        let origin = Origin::Authored(self.span(start, end));
        Node::new(Value::Scalar(scalar), origin)
    }

    /// The scalar (or collection in brackets) at `start`, in a collection at `column`; then the
    /// next line.
    fn scalar(&mut self, start: usize, column: usize, depth: usize) -> Option<Node> {
        let (node, end) = match self.bytes[start] {
            b'{' | b'[' => self.brackets(start, depth)?,
            b'|' | b'>' => {
                self.count()?;
                return self.text_block(start, column);
            }
            b'"' | b'\'' => {
                self.count()?;
                self.quoted(start, column)?
            }
            _ => {
                self.count()?;
                self.plain(start, column)?
            }
        };
        let line_end = self.line_end(end);
        if !self.is_blank(end, line_end) {
            return None;
        }
        self.go_to_line(line_end);
        // A deeper line would continue the text.
        (self.is_end || self.indent <= column).then_some(node)
    }

    fn plain(&self, start: usize, column: usize) -> Option<(Node, usize)> {
        match (self.bytes[start], self.bytes.get(start + 1)) {
            (
                b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
                | b'"' | b'%' | b'@' | b'`',
                _,
            )
            | (b'-' | b'?' | b':', None | Some(b' ' | b'\n')) => return None,
            _ => {}
        }
        let (mut end, mut goes_on) = self.plain_line(start)?;
        let mut text = Cow::Borrowed(&self.text[start..end]);
        while goes_on && let Some(line) = self.continuation(end, column) {
            if self.bytes[line.start] == b'#' {
                break;
            }
            let from = line.start;
            (end, goes_on) = self.plain_line(from)?;
            let text = text.to_mut();
            fold(text, line.breaks);
            text.push_str(&self.text[from..end]);
        }
        let tag = tags::implied(&text, Style::Plain, self.reading.dialect);
        Some((self.leaf(&text, tag, Style::Plain, start, end), end))
    }

    /// The end of the plain text on the line of `start`, and whether the next line may continue it.
    fn plain_line(&self, start: usize) -> Option<(usize, bool)> {
        let line_end = self.line_end(start);
        let line = &self.bytes[start..line_end];
        let mut length = line.len();
        for (at, byte) in line.iter().enumerate() {
            match byte {
                b'#' if at > 0 && line[at - 1] == b' ' => {
                    length = at;
                    break;
                }
                b':' if matches!(line.get(at + 1), None | Some(b' ')) => return None,
                _ => {}
            }
        }
        let goes_on = length == line.len();
        while length > 0 && line[length - 1] == b' ' {
            length -= 1;
        }
        Some((start + length, goes_on))
    }

    /// The next line with text after `end`, if it is indented by more than `column`.
    fn continuation(&self, end: usize, column: usize) -> Option<Continuation> {
        let mut breaks = 0;
        let mut line = end;
        loop {
            line = self.line_end(line);
            if line == self.bytes.len() {
                return None;
            }
            line += 1;
            breaks += 1;
            let rest = &self.bytes[line..];
            let spaces = rest.iter().take_while(|it| **it == b' ').count();
            match rest.get(spaces) {
                None => return None,
                Some(b'\n') => {}
                Some(_) if spaces <= column => return None,
                Some(_) => {
                    return Some(Continuation {
                        start: line + spaces,
                        breaks,
                    });
                }
            }
        }
    }

    fn quoted(&self, start: usize, column: usize) -> Option<(Node, usize)> {
        let quote = self.bytes[start];
        let mut text = Cow::Borrowed("");
        let mut from = start + 1;
        loop {
            let line_end = self.line_end(from);
            let (part, end) = match quote {
                b'"' => double_quoted(&self.text[from..line_end])?,
                _ => single_quoted(&self.text[from..line_end]),
            };
            if let Some(end) = end {
                let style = match quote {
                    b'"' => Style::DoubleQuoted,
                    _ => Style::SingleQuoted,
                };
                text += part;
                let end = from + end;
                return Some((self.leaf(&text, Tag::Str, style, start, end), end));
            }
            // An escaped space before a line break would stay.
            if quote == b'"' && matches!(part, Cow::Owned(_)) && part.ends_with([' ', '\n']) {
                return None;
            }
            let line = self.continuation(line_end, column)?;
            let text = text.to_mut();
            text.push_str(part.trim_end_matches(' '));
            fold(text, line.breaks);
            from = line.start;
        }
    }

    /// `[a, "b", {c: d}]` on one line, of words and quoted text only.
    fn brackets(&mut self, start: usize, depth: usize) -> Option<(Node, usize)> {
        self.count()?;
        let origin = Origin::Authored(self.span(start, start + 1));
        let is_map = self.bytes[start] == b'{';
        let close = if is_map { b'}' } else { b']' };
        let mut map = Builder::default();
        let mut items = Vec::new();
        let mut at = self.skip_spaces(start + 1);
        while *self.bytes.get(at)? != close {
            // Both what stands in a list and the entries of a map stand one level deeper.
            if depth >= self.reading.limits.depth {
                return None;
            }
            let (value, end) = if is_map {
                let key_end = self.key_end(at)?;
                let key = self.key(at, key_end)?;
                let (value, end) = self.word(self.skip_spaces(key_end + 1), depth + 1)?;
                let entry = Entry { key, value };
                if map.add(entry).is_some() || map.len() > self.reading.limits.keys {
                    return None;
                }
                (None, end)
            } else {
                let (value, end) = self.word(at, depth + 1)?;
                (Some(value), end)
            };
            items.extend(value);
            at = self.skip_spaces(end);
            if self.bytes.get(at) == Some(&b',') {
                at = self.skip_spaces(at + 1);
                // A comma in front of the bracket is fine with YAML and rare.
                if self.bytes.get(at) == Some(&close) {
                    return None;
                }
            } else if self.bytes.get(at) != Some(&close) {
                return None;
            }
        }
        let node = if is_map {
            Node::mapping(map.finish(), origin)
        } else {
            items.shrink_to_fit();
            Node::sequence(items, origin)
        };
        Some((node, at + 1))
    }

    fn skip_spaces(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|it| **it == b' ').count()
    }

    /// A value between brackets.
    fn word(&mut self, start: usize, depth: usize) -> Option<(Node, usize)> {
        match *self.bytes.get(start)? {
            b'{' | b'[' => self.brackets(start, depth),
            quote @ (b'"' | b'\'') => {
                self.count()?;
                let line_end = self.line_end(start);
                let line = &self.text[start + 1..line_end];
                let (style, (text, end)) = match quote {
                    b'"' => (Style::DoubleQuoted, double_quoted(line)?),
                    _ => (Style::SingleQuoted, single_quoted(line)),
                };
                let end = start + 1 + end?;
                Some((self.leaf(&text, Tag::Str, style, start, end), end))
            }
            _ => {
                self.count()?;
                let rest = &self.bytes[start..];
                let length = rest.iter().take_while(|it| is_word(**it)).count();
                let end = start + length;
                if length == 0 || rest[..length] == *b"-" {
                    return None;
                }
                let text = &self.text[start..end];
                let tag = tags::implied(text, Style::Plain, self.reading.dialect);
                let after = self.bytes.get(self.skip_spaces(end));
                let is_whole = matches!(after, Some(b',' | b']' | b'}'));
                is_whole.then(|| (self.leaf(text, tag, Style::Plain, start, end), end))
            }
        }
    }

    /// A block after `|` or `>` whose first line is not blank.
    fn text_block(&mut self, start: usize, column: usize) -> Option<Node> {
        let line_end = self.line_end(start);
        let (style, chomping) = match &self.text[start..line_end] {
            "|" => (Style::Literal, Chomping::Clip),
            "|-" => (Style::Literal, Chomping::Strip),
            "|+" => (Style::Literal, Chomping::Keep),
            ">" => (Style::Folded, Chomping::Clip),
            ">-" => (Style::Folded, Chomping::Strip),
            _ => return None,
        };
        let first = line_end + 1;
        let indent = self.skip_spaces(first) - first;
        let begin = first + indent;
        if indent <= column || matches!(self.bytes.get(begin), None | Some(b'\n')) {
            return None;
        }
        let mut text = String::new();
        let mut line = first;
        // Line breaks since the last line with text, and the end of that line.
        let (mut breaks, mut end) = (0, begin);
        while line < self.bytes.len() {
            let stop = self.line_end(line);
            let spaces = self.skip_spaces(line) - line;
            if line + spaces < stop && spaces < indent {
                break;
            }
            if line + indent < stop {
                let content = &self.text[line + indent..stop];
                match style {
                    // Lines that are indented further are not folded.
                    Style::Folded if content.starts_with(' ') => return None,
                    Style::Folded if breaks > 0 => fold(&mut text, breaks),
                    _ => text.extend(std::iter::repeat_n('\n', breaks)),
                }
                text.push_str(content);
                breaks = 0;
                if line + spaces < stop {
                    end = stop;
                }
            }
            if stop == self.bytes.len() {
                line = stop;
                break;
            }
            breaks += 1;
            line = stop + 1;
        }
        let kept = match chomping {
            Chomping::Strip => 0,
            Chomping::Clip => breaks.min(1),
            Chomping::Keep => breaks,
        };
        text.extend(std::iter::repeat_n('\n', kept));
        let end = self.text[begin..end].trim_end().len() + begin;
        let style = tags::settled(style, self.reading.dialect);
        let node = self.leaf(&text, Tag::Str, style, begin, end);
        self.go_to_line(line);
        (self.is_end || self.indent <= column).then_some(node)
    }
}

/// What becomes of the line breaks at the end of a block.
#[derive(Clone, Copy)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// A line that continues a text.
struct Continuation {
    start: usize,
    /// Line breaks before it.
    breaks: usize,
}

/// Add line breaks: one is a space, of more the first is dropped.
fn fold(text: &mut String, breaks: usize) {
    if breaks == 1 {
        text.push(' ');
    } else {
        text.extend(std::iter::repeat_n('\n', breaks - 1));
    }
}

/// The text up to the closing quote, and where that ends; up to the end of the line without.
fn single_quoted(line: &str) -> (Cow<'_, str>, Option<usize>) {
    let Some(first) = line.find('\'') else {
        return (Cow::Borrowed(line), None);
    };
    if !line[first + 1..].starts_with('\'') {
        return (Cow::Borrowed(&line[..first]), Some(first + 1));
    }
    let mut text = String::new();
    let mut at = 0;
    while let Some(found) = line[at..].find('\'') {
        let quote = at + found;
        text.push_str(&line[at..quote]);
        if !line[quote + 1..].starts_with('\'') {
            return (Cow::Owned(text), Some(quote + 1));
        }
        text.push('\'');
        at = quote + 2;
    }
    text.push_str(&line[at..]);
    (Cow::Owned(text), None)
}

/// As [`single_quoted`]; `None` for escapes other than `\"`, `\\` and `\n`.
fn double_quoted(line: &str) -> Option<(Cow<'_, str>, Option<usize>)> {
    let Some(first) = line.find(['"', '\\']) else {
        return Some((Cow::Borrowed(line), None));
    };
    if line[first..].starts_with('"') {
        return Some((Cow::Borrowed(&line[..first]), Some(first + 1)));
    }
    let mut text = String::new();
    let mut at = 0;
    while let Some(found) = line[at..].find(['"', '\\']) {
        let special = at + found;
        text.push_str(&line[at..special]);
        if line[special..].starts_with('"') {
            return Some((Cow::Owned(text), Some(special + 1)));
        }
        text.push(match line.as_bytes().get(special + 1)? {
            b'n' => '\n',
            b'"' => '"',
            b'\\' => '\\',
            _ => return None,
        });
        at = special + 2;
    }
    text.push_str(&line[at..]);
    Some((Cow::Owned(text), None))
}

/// What else may stand in the keys of policies and labels.
fn is_key_sign(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'+' | b'^' | b'<' | b'=' | b':')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b'$')
}

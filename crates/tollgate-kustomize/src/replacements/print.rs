//! Prints values that stand in a text, as Go's encoders print them there.

use crate::go_json;
use std::fmt::Write as _;
use tollgate_yaml::{Dialect, Node, Scalar, Style, Tag, Value, resolve};

/// JSON as Go's `encoding/json` prints it: keys sorted, `<`, `>` and `&` escaped. `None` for what
/// cannot be JSON.
pub(super) fn json(node: &Node, pretty: bool) -> Option<String> {
    if !is_json(node) {
        return None;
    }
    let mut node = node.clone();
    name_nothing(&mut node);
    let value = node.to_json().ok()?;
    Some(if pretty {
        go_json::indented(&value)
    } else {
        go_json::compact(&value)
    })
}

/// Nulls that are written as nothing become empty text: between brackets they are printed so.
fn name_nothing(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) if scalar.tag == Tag::Null && scalar.text.is_empty() => {
            scalar.tag = Tag::Str;
        }
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter_mut().for_each(name_nothing),
        Value::Mapping(map) => map.iter_mut().for_each(|it| name_nothing(&mut it.value)),
    }
}

/// Whether every key is text and every scalar can be read back.
fn is_json(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(scalar) => super::write::is_printable(scalar),
        Value::Sequence(items) => items.iter().all(is_json),
        Value::Mapping(map) => map
            .iter()
            .all(|it| it.key.tag == Tag::Str && is_json(&it.value)),
    }
}

/// A node as kyaml prints it, block style.
pub(super) fn yaml(node: &Node) -> String {
    let mut printer = Printer::new("");
    printer.document(node);
    printer.out
}

/// The document that was read from `source` and then changed, with the flow style, the quotes and
/// the comments that it had.
pub(super) fn yaml_document(node: &Node, source: &str) -> String {
    let mut printer = Printer::new(source);
    printer.document(node);
    printer.comments_before(source.len(), 0);
    printer.out.trim().to_owned()
}

struct Printer<'s> {
    out: String,
    source: &'s str,
    /// Comments that have not been printed: where they begin, and their text.
    comments: std::collections::VecDeque<(usize, &'s str)>,
}

impl<'s> Printer<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            out: String::new(),
            source,
            comments: comments(source),
        }
    }

    fn document(&mut self, node: &Node) {
        match &node.value {
            Value::Mapping(_) | Value::Sequence(_) if self.is_block(node) => {
                self.block(node, 0, true);
            }
            _ => {
                self.inline(node, 0, false);
                self.out.push('\n');
            }
        }
    }

    /// Whether a collection is printed over several lines.
    fn is_block(&self, node: &Node) -> bool {
        match &node.value {
            Value::Mapping(map) => !map.is_empty() && !self.written(node).starts_with('{'),
            // A list in block style begins where its first element does.
            Value::Sequence(items) => items.first().is_some_and(|first| {
                first.origin == node.origin
                    || first.span().start == node.span().start
                    || !self.written(node).starts_with('[')
            }),
            Value::Scalar(_) => false,
        }
    }

    /// The source from where the node was written; empty for nodes that were made.
    fn written(&self, node: &Node) -> &'s str {
        match node.origin {
            tollgate_yaml::Origin::Authored(span) => {
                self.source.get(span.start as usize..).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// The entries of a collection. Where `begun`, the first one stands on the present line.
    fn block(&mut self, node: &Node, indent: usize, begun: bool) {
        let mut first = begun;
        match &node.value {
            Value::Mapping(map) => {
                for entry in map {
                    let at = match entry.key.origin {
                        tollgate_yaml::Origin::Authored(span) => Some(span.start as usize),
                        _ => None,
                    };
                    self.lead(indent, &mut first, at);
                    let key = Scalar {
                        text: entry.key.text.clone(),
                        tag: entry.key.tag,
                        style: self.key_style(at),
                    };
                    self.scalar(&key, indent, true);
                    self.out.push(':');
                    self.value(&entry.value, indent, false);
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    let at = match item.origin {
                        tollgate_yaml::Origin::Authored(span) => Some(span.start as usize),
                        _ => None,
                    };
                    self.lead(indent, &mut first, at);
                    self.out.push('-');
                    self.value(item, indent, true);
                }
            }
            Value::Scalar(_) => {}
        }
    }

    /// What stands before an entry: comments above it and the indentation.
    fn lead(&mut self, indent: usize, first: &mut bool, at: Option<usize>) {
        if *first && indent > 0 {
            *first = false;
            return;
        }
        *first = false;
        if let Some(at) = at {
            self.comments_before(at, indent);
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn key_style(&self, at: Option<usize>) -> Style {
        match at.and_then(|at| self.source.as_bytes().get(at)) {
            Some(b'"') => Style::DoubleQuoted,
            Some(b'\'') => Style::SingleQuoted,
            _ => Style::Plain,
        }
    }

    /// A value behind `:` or `-`, to the end of its last line.
    fn value(&mut self, node: &Node, indent: usize, in_list: bool) {
        if self.is_block(node) {
            let is_map = node.as_mapping().is_some();
            if in_list {
                self.out.push(' ');
                self.block(node, indent + 2, true);
            } else {
                self.out.push('\n');
                // Lists stand under their key without more indentation.
                self.block(node, if is_map { indent + 2 } else { indent }, false);
            }
            return;
        }
        if !node
            .as_scalar()
            .is_some_and(|it| it.text.is_empty() && it.tag == Tag::Null)
        {
            self.out.push(' ');
        }
        self.inline(node, indent, false);
        self.line_comment(node);
        self.out.push('\n');
    }

    /// A scalar or a flow collection.
    fn inline(&mut self, node: &Node, indent: usize, in_flow: bool) {
        match &node.value {
            Value::Scalar(scalar) if in_flow => self.scalar(scalar, indent, true),
            Value::Scalar(scalar) => self.scalar(scalar, indent, false),
            Value::Sequence(items) => {
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    self.inline(item, indent, true);
                }
                self.out.push(']');
            }
            Value::Mapping(map) => {
                self.out.push('{');
                for (at, entry) in map.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    let place = match entry.key.origin {
                        tollgate_yaml::Origin::Authored(span) => Some(span.start as usize),
                        _ => None,
                    };
                    let key = Scalar {
                        text: entry.key.text.clone(),
                        tag: entry.key.tag,
                        style: self.key_style(place),
                    };
                    self.scalar(&key, indent, true);
                    self.out.push(':');
                    let null = |it: &Scalar| it.text.is_empty() && it.tag == Tag::Null;
                    if !entry.value.as_scalar().is_some_and(null) {
                        self.out.push(' ');
                        self.inline(&entry.value, indent, true);
                    }
                }
                self.out.push('}');
            }
        }
    }

    /// A scalar in its own style, as far as that can hold it. `tight` is where it must stand on one
    /// line: in flow collections and as a key.
    fn scalar(&mut self, scalar: &Scalar, indent: usize, tight: bool) {
        let text = &*scalar.text;
        let is = resolve(text, Dialect::Kyaml);
        let mut style = scalar.style;
        if style == Style::Plain && text.contains('\n') {
            style = Style::Literal;
        }
        if style == Style::Plain && scalar.tag == Tag::Str && is != Tag::Str {
            style = Style::DoubleQuoted;
        }
        if scalar.tag != Tag::Str && !super::write::is_printable(scalar) {
            self.out.push_str(long_tag(scalar.tag));
            if !text.is_empty() {
                self.out.push(' ');
            }
        }
        let special = text
            .chars()
            .any(|c| c != '\n' && (c.is_control() || c == '\u{feff}'));
        if style == Style::Plain && !plain(text, tight) && scalar.tag != Tag::Null {
            style = Style::SingleQuoted;
        }
        let block = matches!(style, Style::Literal | Style::Folded);
        let broken = text.contains('\n') && style == Style::SingleQuoted;
        let ragged = text.is_empty() || text.split('\n').any(|it| it.ends_with(' '));
        if special || (block && (tight || ragged)) || broken {
            style = Style::DoubleQuoted;
        }
        match style {
            Style::Plain => self.out.push_str(text),
            Style::SingleQuoted => {
                let _ = write!(self.out, "'{}'", text.replace('\'', "''"));
            }
            Style::DoubleQuoted => double_quoted(&mut self.out, text),
            Style::Literal | Style::Folded => self.block_scalar(text, style, indent),
        }
    }

    fn block_scalar(&mut self, text: &str, style: Style, indent: usize) {
        self.out
            .push(if style == Style::Literal { '|' } else { '>' });
        if text.starts_with([' ', '\n']) {
            self.out.push('2');
        }
        if !text.ends_with('\n') {
            self.out.push('-');
        } else if text.ends_with("\n\n") {
            self.out.push('+');
        }
        // go-yaml's printer of folded text looks at the first line of the text where it should look at
        // the next one.
        let blank = |it: &str| it.starts_with([' ', '\t']);
        let folds = style == Style::Folded && !blank(text.trim_start_matches('\n'));
        let mut before: Option<&str> = None;
        let mut lines = text.split('\n').peekable();
        while let Some(line) = lines.next() {
            if before.is_some_and(|it| folds && !it.is_empty() && !blank(it)) {
                self.out.push('\n');
            }
            if before.is_some() && line.is_empty() && lines.peek().is_none() {
                break;
            }
            self.out.push('\n');
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent + 2));
                self.out.push_str(line);
            }
            before = Some(line);
        }
    }

    /// Whole-line comments that stand before `at`.
    fn comments_before(&mut self, at: usize, indent: usize) {
        while let Some((begin, comment)) = self.comments.pop_front_if(|it| it.0 < at) {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.out.push_str(comment);
            self.out.push('\n');
            // An empty line below a comment stays, all others go.
            let mut below = self
                .source
                .get(begin + comment.len()..)
                .unwrap_or_default()
                .split('\n')
                .skip(1);
            if below.next().is_some_and(|it| it.trim().is_empty()) && below.next().is_some() {
                self.out.push('\n');
            }
        }
    }

    /// The comment behind a value on its line.
    fn line_comment(&mut self, node: &Node) {
        let tollgate_yaml::Origin::Authored(span) = node.origin else {
            return;
        };
        let end = span.end as usize;
        let line_end = self
            .source
            .get(end..)
            .and_then(|it| it.find('\n'))
            .map_or(self.source.len(), |it| end + it);
        if let Some((_, comment)) = self
            .comments
            .pop_front_if(|it| it.0 >= end && it.0 < line_end)
        {
            self.out.push(' ');
            self.out.push_str(comment);
        }
    }
}

/// The comments of a text: from a `#` at the beginning of a line, or behind a blank and outside of
/// quotes that the line opens. Block scalars are passed over.
fn comments(source: &str) -> std::collections::VecDeque<(usize, &str)> {
    let mut found = std::collections::VecDeque::new();
    let mut at = 0;
    let mut block: Option<usize> = None;
    for line in source.split_inclusive('\n') {
        let bare = line.trim_end();
        let content = bare.trim_start();
        let indent = bare.len() - content.len();
        if let Some(outer) = block {
            if content.is_empty() || indent > outer {
                at += line.len();
                continue;
            }
            block = None;
        }
        if content.starts_with('#') {
            found.push_back((at + indent, content));
        } else {
            let even = |it: &str, quote| it.matches(quote).count() % 2 == 0;
            let behind = bare
                .match_indices(" #")
                .map(|it| it.0)
                .find(|it| even(&bare[..*it], '"') && even(&bare[..*it], '\''));
            if let Some(behind) = behind {
                found.push_back((at + behind + 1, &bare[behind + 1..]));
            }
            let value = behind.map_or(bare, |it| bare[..it].trim_end());
            let header = value.rsplit([' ']).next().unwrap_or_default();
            if header.starts_with(['|', '>']) {
                // A map in a list is indented by its dashes too.
                let keys = content.trim_start_matches(['-', ' ']);
                let dashes = if keys.starts_with(['|', '>']) {
                    0
                } else {
                    content.len() - keys.len()
                };
                block = Some(indent + dashes);
            }
        }
        at += line.len();
    }
    found
}

fn long_tag(tag: Tag) -> &'static str {
    match tag {
        Tag::Null => "!!null",
        Tag::Bool => "!!bool",
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Str => "!!str",
        Tag::Timestamp => "!!timestamp",
        Tag::Binary => "!!binary",
    }
}

/// Whether a text may stand without quotes. Source: go-yaml's `yaml_emitter_analyze_scalar`.
fn plain(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else {
        return !in_flow;
    };
    if text.starts_with("---") || text.starts_with("...") {
        return false;
    }
    let blank = |it: Option<char>| it.is_none_or(|it| matches!(it, ' ' | '\t' | '\n'));
    let second = text.chars().nth(1);
    if matches!(
        first,
        '#' | ','
            | '['
            | ']'
            | '{'
            | '}'
            | '&'
            | '*'
            | '!'
            | '|'
            | '>'
            | '\''
            | '"'
            | '%'
            | '@'
            | '`'
    ) || (matches!(first, '-' | '?' | ':') && blank(second))
        || (matches!(first, '?' | ':') && in_flow)
        || first == ' '
        || text.ends_with(' ')
    {
        return false;
    }
    let mut before = first;
    let mut rest = text.chars().skip(1).peekable();
    while let Some(c) = rest.next() {
        match c {
            ',' | '?' | '[' | ']' | '{' | '}' if in_flow => return false,
            ':' if in_flow || blank(rest.peek().copied()) => return false,
            '#' if matches!(before, ' ' | '\t') => return false,
            '\n' => return false,
            _ => {}
        }
        before = c;
    }
    true
}

fn double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{feff}' => out.push_str("\\uFEFF"),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

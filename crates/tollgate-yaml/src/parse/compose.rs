//! Events to trees.

use super::{
    Reading,
    mapping::{Builder, merged_maps},
    message,
    tags::{self, Explicit},
};
use crate::{
    error::YamlError,
    node::{Entry, Key, Mapping, Node, Origin, Scalar, Style, Tag, Value},
    resolve::Dialect,
    source::Span,
};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, StructureStyle};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// How a value that is missing between brackets (`{a: }`) is told apart from a written null:
/// kustomize prints it in quotes and so makes an empty text of it. See [`Scalar::is_missing_in_brackets`].
const MISSING_IN_BRACKETS: Style = Style::SingleQuoted;

/// Reads what granit-parser makes of a part of a file that holds whole documents.
pub(super) struct Composer<'a, 'f> {
    parser: Parser<'a, StrInput<'a>>,
    /// Where the part begins in the file.
    base: usize,
    reading: &'f mut Reading<'a>,
    has_tabs: bool,
    /// After the last token.
    end: usize,
    /// How many brackets are open.
    flow: usize,
    anchors: HashMap<usize, Composed>,
}

/// A node and what it costs to copy it.
#[derive(Clone)]
struct Composed {
    node: Node,
    /// Nodes in it, itself and its keys among them.
    size: usize,
    /// Levels below it.
    height: usize,
    /// Bytes of text in it; known of what has an anchor.
    text: usize,
}

impl<'a, 'f> Composer<'a, 'f> {
    /// Documents are read from the bytes `from..to` of the file.
    pub(super) fn new(reading: &'f mut Reading<'a>, from: usize, to: usize) -> Self {
        let nesting = reading.limits.depth.saturating_add(1);
        let options = granit_parser::options! {
            block_scalar_eof_without_line_feed: true,
            flow_nesting_limit: nesting,
            block_nesting_limit: nesting,
            emit_anchor_events: true,
        };
        let part = &reading.text[from..to];
        Self {
            parser: Parser::new_from_str_with_options(part, options),
            base: from,
            reading,
            has_tabs: part.contains('\t'),
            end: from,
            flow: 0,
            anchors: HashMap::new(),
        }
    }

    /// Add every document.
    pub(super) fn read(mut self) -> Result<(), YamlError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(is_explicit, version) => {
                    if version.is_some_and(|it| (it.major, it.minor) != (1, 1)) {
                        return Err(YamlError::new(span, "go-yaml reads YAML 1.1 only")
                            .help("remove the `%YAML` line"));
                    }
                    if !self.reading.documents.is_empty() && !is_explicit {
                        return Err(YamlError::new(
                            span,
                            "text follows `...`, and kustomize and kubectl would not read it",
                        )
                        .help("begin every further document with `---`"));
                    }
                    let limit = self.reading.limits.documents;
                    if self.reading.documents.len() >= limit {
                        return Err(YamlError::over(
                            span,
                            format!("more than {limit} documents in one file"),
                        ));
                    }
                    self.anchors.clear();
                    let (event, span) = self.next()?;
                    let document = self.node(event, span, 0)?.node;
                    self.check_root(&document)?;
                    self.reading.documents.push(document);
                }
                _ => {}
            }
        }
    }

    /// A document that is a text block must indent it: go-yaml reads a block that is not indented
    /// as empty and drops what follows.
    fn check_root(&self, document: &Node) -> Result<(), YamlError> {
        let is_block = document
            .as_scalar()
            .is_some_and(|it| matches!(it.style, Style::Literal | Style::Folded));
        let span = document.span();
        let before = &self.reading.text[..span.start as usize];
        if is_block && span.start < span.end && (before.is_empty() || before.ends_with('\n')) {
            return Err(YamlError::new(span, "a text block must be indented"));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let range = span.byte_range().unwrap_or(0..0);
                let span = self.span(self.base + range.start, self.base + range.end);
                if self.has_tabs {
                    self.check_gap(span)?;
                }
                Ok((event, span))
            }
            Some(Err(error)) => Err(self.not_yaml(&error)),
            None => Ok((Event::StreamEnd, self.span(self.base, self.base))),
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.reading.file, start, end)
    }

    fn not_yaml(&self, scan: &ScanError) -> YamlError {
        let text = self.reading.text;
        let at = self.base + scan.marker().byte_offset().unwrap_or(0);
        let at = at.min(text.len());
        let length = text.get(at..).and_then(|it| it.chars().next());
        let end = at + length.map_or(0, char::len_utf8);
        let (message, help) = message::explain(scan, line_around(text, at));
        let mut error = YamlError::new(self.span(at, end), message);
        error.limit = matches!(scan.kind(), ErrorKind::RecursionLimitExceeded);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Composed, YamlError> {
        if depth > self.reading.limits.depth {
            return Err(self.too_deep(span));
        }
        if self.has_tabs && self.flow == 0 {
            self.check_tabs(span)?;
        }
        let before = self.reading.nodes;
        let (anchor, node, height) = match event {
            Event::Alias(id) => return self.alias(id, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, span)?;
                self.check_anchor(anchor)?;
                let node = self.scalar(&text, style, tag.as_deref(), span)?;
                (anchor, node, 0)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.count(1, span)?;
                self.check_anchor(anchor)?;
                self.check_collection_tag(tag.as_deref(), Explicit::Seq, span)?;
                self.flow += usize::from(style == StructureStyle::Flow);
                let (items, first, height) = self.sequence(depth)?;
                self.flow -= usize::from(style == StructureStyle::Flow);
                let span = match (style, first) {
                    (StructureStyle::Block, Some(first)) => first,
                    _ => span,
                };
                let node = Node::sequence(items, Origin::Authored(span));
                (anchor, node, height)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.count(1, span)?;
                self.check_anchor(anchor)?;
                self.check_collection_tag(tag.as_deref(), Explicit::Map, span)?;
                self.flow += usize::from(style == StructureStyle::Flow);
                let (map, first, height) = self.mapping(depth)?;
                self.flow -= usize::from(style == StructureStyle::Flow);
                let span = match (style, first) {
                    (StructureStyle::Block, Some(first)) => first,
                    _ => span,
                };
                let node = Node::mapping(map, Origin::Authored(span));
                (anchor, node, height)
            }
            _ => return Err(YamlError::new(span, "a value was expected here")),
        };
        let size = self.reading.nodes - before;
        let mut composed = Composed {
            node,
            size,
            height,
            text: 0,
        };
        if anchor != 0 {
            composed.text = text_bytes(&composed.node);
            // The copy counts before it is made: anchors around anchors would copy quadratically.
            self.count(size, span)?;
            self.anchors.insert(anchor, composed.clone());
        }
        Ok(composed)
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<Composed, YamlError> {
        let Some(target) = self.anchors.get(&id) else {
            return Err(YamlError::new(
                span,
                "an alias cannot stand inside of the value that its anchor names",
            ));
        };
        let (size, height, text) = (target.size, target.height, target.text);
        self.count(size, span)?;
        self.reading.repeated = self.reading.repeated.saturating_add(text);
        if self.reading.repeated > self.reading.limits.bytes {
            let limit = self.reading.limits.bytes;
            let message = format!("aliases repeat more than {limit} bytes of text");
            return Err(YamlError::over(span, message));
        }
        if depth + height > self.reading.limits.depth {
            return Err(self.too_deep(span));
        }
        Ok(self.anchors[&id].clone())
    }

    /// Lines between two tokens may not begin with tabs, not even lines of nothing else.
    fn check_gap(&mut self, next: Span) -> Result<(), YamlError> {
        let (from, to) = (self.end, next.start as usize);
        self.end = from.max(next.end as usize);
        let Some(gap) = self.reading.text.get(from..to) else {
            return Ok(());
        };
        if self.flow > 0 || !gap.contains('\t') {
            return Ok(());
        }
        let mut at = from;
        for line in gap.split_inclusive('\n') {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let is_start = at == 0 || self.reading.text[..at].ends_with('\n');
            if is_start && line[spaces..].starts_with('\t') {
                return Err(self.misplaced_tab(at + spaces));
            }
            at += line.len();
        }
        Ok(())
    }

    fn misplaced_tab(&self, at: usize) -> YamlError {
        YamlError::new(self.span(at, at + 1), "a tab stands where only spaces may")
            .help("indent with spaces: YAML does not allow tabs there")
    }

    /// Tabs may follow a `:`, but not stand in the indentation or between `- ` and its item.
    fn check_tabs(&self, span: Span) -> Result<(), YamlError> {
        let before = &self.reading.text[..span.start as usize];
        let rest = before.trim_end_matches([' ', '\t']);
        let Some(tab) = before[rest.len()..].find('\t') else {
            return Ok(());
        };
        let is_after_indicator = rest.ends_with(['-', '?'])
            && rest[..rest.len() - 1].ends_with([' ', '\t', '\n'])
            || matches!(rest, "-" | "?");
        if is_after_indicator || rest.is_empty() || rest.ends_with('\n') {
            return Err(self.misplaced_tab(rest.len() + tab));
        }
        Ok(())
    }

    /// The name of an anchor comes right after its node. go-yaml ends it earlier than YAML 1.2 does
    /// (`&a:b` is the anchor `a` and the text `:b`).
    fn check_anchor(&mut self, anchor: usize) -> Result<(), YamlError> {
        if anchor == 0 {
            return Ok(());
        }
        let (event, span) = self.next()?;
        let Event::Anchor(_, name) = event else {
            return Err(YamlError::new(span, "a value was expected here"));
        };
        let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        if !name.chars().all(is_plain) {
            return Err(YamlError::new(
                span,
                "the name of an anchor consists of letters, digits, `_` and `-`",
            ));
        }
        Ok(())
    }

    fn too_deep(&self, span: Span) -> YamlError {
        YamlError::over(
            span,
            format!("nested deeper than {} levels", self.reading.limits.depth),
        )
    }

    fn count(&mut self, nodes: usize, at: Span) -> Result<(), YamlError> {
        self.reading.nodes = self.reading.nodes.saturating_add(nodes);
        if self.reading.nodes > self.reading.limits.nodes {
            return Err(YamlError::over(
                at,
                format!(
                    "more than {} values in one file, aliases counted in full",
                    self.reading.limits.nodes
                ),
            ));
        }
        Ok(())
    }

    fn check_collection_tag(
        &self,
        tag: Option<&granit_parser::Tag>,
        fitting: Explicit,
        span: Span,
    ) -> Result<(), YamlError> {
        match tag {
            Some(tag) if tags::explicit(tag) != Some(fitting) => Err(unknown_tag(tag, span)),
            _ => Ok(()),
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&granit_parser::Tag>,
        span: Span,
    ) -> Result<Node, YamlError> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let source = &self.reading.text[span.start as usize..span.end as usize];
        let is_missing = style == Style::Plain && source.is_empty();
        match style {
            Style::DoubleQuoted => self.check_escapes(source, span)?,
            Style::Plain if self.flow > 0 => self.check_in_brackets(source, span)?,
            _ => {}
        }
        // For a missing value granit gives `~`, go-yaml the empty text.
        let text = if is_missing { "" } else { text };
        if matches!(style, Style::Literal | Style::Folded)
            && let Some(tab) = tab_in_indentation(self.reading.text, span)
        {
            return Err(YamlError::new(
                self.span(tab, tab + 1),
                "a tab stands in the indentation of this text",
            )
            .help("indent with spaces: YAML does not allow tabs there"));
        }
        let start = span.start as usize;
        let span = match style {
            Style::Literal | Style::Folded if text.trim_matches('\n').is_empty() => {
                // granit has several places for a block without text: the end of its header is one.
                let end = match source.as_bytes().first() {
                    Some(b'|' | b'>') => start + 1,
                    _ => self.reading.text[..start].trim_end().len(),
                };
                let line = line_range(self.reading.text, end.saturating_sub(1));
                self.span(line.end, line.end)
            }
            // granit counts the white space up to the next token.
            Style::Literal | Style::Folded => self.span(start, start + source.trim_end().len()),
            _ => span,
        };
        let tag = match tag {
            None => tags::implied(text, style, self.reading.dialect),
            Some(tag) => match tags::explicit(tag) {
                Some(Explicit::Scalar(wanted)) => tags::tagged(text, wanted, self.reading.dialect)
                    .ok_or_else(|| {
                        let message = format!("`{text}` cannot be a `{}`", tags::spelled(tag));
                        YamlError::new(span, message)
                    })?,
                Some(Explicit::Merge) if text == "<<" => Tag::Str,
                _ => return Err(unknown_tag(tag, span)),
            },
        };
        let style = match tag {
            Tag::Null if is_missing && self.flow > 0 && self.reading.dialect == Dialect::Kyaml => {
                MISSING_IN_BRACKETS
            }
            Tag::Null => Style::Plain,
            _ => tags::settled(style, self.reading.dialect),
        };
        let scalar = Scalar {
            text: Arc::from(text),
            tag,
            style,
        };
        Ok(Node::new(Value::Scalar(scalar), Origin::Authored(span)))
    }

    fn check_escapes(&self, source: &str, span: Span) -> Result<(), YamlError> {
        let Some((at, length)) = refused_escape(source) else {
            return Ok(());
        };
        let start = span.start as usize + at;
        let span = self.span(start, start + length);
        Err(if length == 2 {
            YamlError::new(span, "go-yaml does not know this escape").help("write `/` as it is")
        } else {
            YamlError::new(
                span,
                "this escape is half of a character, and go-yaml refuses it",
            )
            .help("write the character itself, or `\\U` and eight digits")
        })
    }

    /// Between brackets go-yaml ends plain text at other characters than YAML 1.2 does.
    fn check_in_brackets(&self, source: &str, span: Span) -> Result<(), YamlError> {
        let after = self.reading.text[span.end as usize..].strip_prefix(':');
        let is_tight = after.is_some_and(|it| {
            !source.is_empty() && !it.is_empty() && !it.starts_with([' ', '\t', '\r', '\n'])
        });
        let message = if is_tight {
            "go-yaml takes this `:` for a part of the text"
        } else if source.starts_with(':') || source.contains('?') {
            "between brackets go-yaml does not read `:` and `?` as a part of this text"
        } else {
            return Ok(());
        };
        let error = YamlError::new(span, message);
        Err(if is_tight {
            error.help("write a space after the colon")
        } else {
            error.help("put the text in quotes")
        })
    }

    /// The items, the place of the first, and the levels below the list.
    fn sequence(&mut self, depth: usize) -> Result<(Vec<Node>, Option<Span>, usize), YamlError> {
        let mut items = Vec::new();
        let mut first = None;
        let mut height = 0;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                items.shrink_to_fit();
                return Ok((items, first, height));
            }
            let is_alias = matches!(event, Event::Alias(_));
            let item = self.node(event, span, depth + 1)?;
            first.get_or_insert(if is_alias { span } else { item.node.span() });
            height = height.max(item.height + 1);
            items.push(item.node);
        }
    }

    /// The map, the place of its first key, and the levels below it.
    fn mapping(&mut self, depth: usize) -> Result<(Mapping, Option<Span>, usize), YamlError> {
        let mut map = Builder::default();
        let mut merges: Vec<(Span, Vec<Mapping>)> = Vec::new();
        let mut first = None;
        let mut height = 0;
        loop {
            let (event, at) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            first.get_or_insert(at);
            let key = self.node(event, at, depth + 1)?.node;
            let (event, span) = self.next()?;
            let is_alias = matches!(event, Event::Alias(_));
            let value = self.node(event, span, depth + 1)?;
            height = height.max(value.height + 1);
            let Value::Scalar(scalar) = key.value else {
                return Err(self.complex_key(&key, at));
            };
            self.check_key(&scalar, at)?;
            if &*scalar.text == "<<" {
                if scalar.style == Style::Plain {
                    let maps = merged_maps(value.node, is_alias)
                        .ok_or_else(|| YamlError::new(span, "`<<` merges maps only"))?;
                    self.merge(&mut map, &mut merges, at, maps)?;
                    self.check_keys(map.len(), at)?;
                    continue;
                }
                if self.reading.dialect == Dialect::Kyaml {
                    return Err(YamlError::new(
                        at,
                        "kustomize removes the key \"<<\" without a word",
                    )
                    .help("write `<<` without quotes to merge a map, or rename the key"));
                }
            }
            let entry = Entry {
                key: self.key(&scalar, at)?,
                value: value.node,
            };
            if let Some((before, entry)) = map.add(entry)
                && (self.reading.dialect == Dialect::Kyaml
                    || !is_same_scalar(&before.value, &entry.value))
            {
                let before = before.key.origin.edit_here();
                return Err(self.duplicate(&entry.key.text, at, before));
            }
            self.check_keys(map.len(), at)?;
        }
        for (at, maps) in merges {
            for from in maps {
                map.merge(from, false);
                self.check_keys(map.len(), at)?;
            }
        }
        Ok((map.finish(), first, height))
    }

    /// go-yaml v2 merges where `<<` stands, over the keys above it; v3 at the end, below all keys,
    /// and kustomize refuses a second `<<`. In a list the first map wins in both.
    fn merge(
        &self,
        map: &mut Builder,
        merges: &mut Vec<(Span, Vec<Mapping>)>,
        at: Span,
        maps: Vec<Mapping>,
    ) -> Result<(), YamlError> {
        match (self.reading.dialect, merges.first()) {
            (Dialect::Sigs, _) => {
                for from in maps.into_iter().rev() {
                    map.merge(from, true);
                }
                Ok(())
            }
            (Dialect::Kyaml, None) => {
                merges.push((at, maps));
                Ok(())
            }
            (Dialect::Kyaml, Some((before, _))) => Err(self
                .duplicate("<<", at, *before)
                .help("merge several maps with `<<: [*first, *second]`")),
        }
    }

    fn check_key(&self, key: &Scalar, at: Span) -> Result<(), YamlError> {
        if key.tag == Tag::Null {
            return Err(YamlError::new(at, "a key cannot be null")
                .help("put the key in quotes, or write one before the colon"));
        }
        let (start, end) = (at.start as usize, at.end as usize);
        if self.flow > 0 && !self.reading.text[..start].trim_end().ends_with('?') {
            let rest = &self.reading.text[end..];
            let after = rest.trim_start();
            let breaks = self.reading.text[start..end].contains('\n')
                || rest[..rest.len() - after.len()].contains('\n');
            if breaks && after.starts_with(':') {
                return Err(YamlError::new(
                    at,
                    "a key and its `:` must stand on the same line",
                ));
            }
        }
        Ok(())
    }

    fn key(&mut self, scalar: &Scalar, at: Span) -> Result<Key, YamlError> {
        let (text, tag) = match self.reading.dialect {
            Dialect::Kyaml => (&*scalar.text, scalar.tag),
            Dialect::Sigs if scalar.tag == Tag::Str => (&*scalar.text, Tag::Str),
            Dialect::Sigs => {
                let text = tags::sigs_key(&scalar.text, scalar.tag).ok_or_else(|| {
                    YamlError::new(at, format!("`{}` cannot be a key", scalar.text))
                        .help("put the key in quotes")
                })?;
                let text = self.reading.interned(&text);
                return Ok(Key::new(text, Origin::Authored(at)));
            }
        };
        Ok(Key {
            text: self.reading.interned(text),
            tag,
            origin: Origin::Authored(at),
        })
    }

    fn check_keys(&self, keys: usize, at: Span) -> Result<(), YamlError> {
        if keys > self.reading.limits.keys {
            return Err(YamlError::over(
                at,
                format!("a map with more than {} keys", self.reading.limits.keys),
            ));
        }
        Ok(())
    }

    fn complex_key(&self, key: &Node, at: Span) -> YamlError {
        let start = at.start as usize;
        let is_template = self.reading.text[..start].ends_with('{')
            && self.reading.text[start..].starts_with('{');
        let error = YamlError::new(at, format!("a key cannot be {}", key.type_name()));
        if is_template {
            error.help("a template such as `{{ name }}` must stand in quotes to be text")
        } else {
            error.help("keys are text")
        }
    }

    fn duplicate(&self, key: &str, at: Span, before: Span) -> YamlError {
        let line = self.reading.text[..before.start as usize]
            .matches('\n')
            .count()
            + 1;
        YamlError::new(at, format!("the key `{key}` stands on line {line} already"))
            .help("remove one of the two: readers disagree on which counts")
    }
}

/// A key that stands twice with the same plain value means the same to every reader.
fn is_same_scalar(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Scalar(a), Value::Scalar(b)) => a.tag == b.tag && a.text == b.text,
        _ => false,
    }
}

/// Depth is limited by the reader.
fn text_bytes(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(scalar) => scalar.text.len(),
        Value::Sequence(items) => items.iter().map(text_bytes).sum(),
        Value::Mapping(map) => map
            .iter()
            .map(|it| it.key.text.len() + text_bytes(&it.value))
            .sum(),
    }
}

fn unknown_tag(tag: &granit_parser::Tag, span: Span) -> YamlError {
    YamlError::new(
        span,
        format!("the tag `{}` has no meaning here", tags::spelled(tag)),
    )
    .help("remove the tag; text that begins with `!` must stand in quotes")
}

/// Place and length of an escape that go-yaml refuses: `\/`, and half of a UTF-16 pair.
fn refused_escape(source: &str) -> Option<(usize, usize)> {
    let bytes = source.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..)?.iter().position(|it| *it == b'\\') {
        at += found;
        match bytes.get(at + 1..)? {
            [b'/', ..] => return Some((at, 2)),
            [
                b'u',
                b'd' | b'D',
                b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F',
                ..,
            ] => return Some((at, 6)),
            _ => at += 2,
        }
    }
    None
}

/// Where a block of text is indented by a tab, which go-yaml refuses. A block that tells its
/// indentation (`|2`) may begin with one.
fn tab_in_indentation(text: &str, block: Span) -> Option<usize> {
    let (start, end) = (block.start as usize, block.end as usize);
    if !text[start..end].contains('\t') {
        return None;
    }
    let header_end = text[..start].trim_end_matches([' ', '\r', '\n']).len();
    let header = line_around(text, header_end);
    let tells_indent = header.contains(['|', '>'])
        && header
            .rsplit(['|', '>'])
            .next()?
            .contains(|it: char| it.is_ascii_digit());
    if tells_indent {
        return None;
    }
    let mut at = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let mut indent = None;
    for line in text[at..end].split_inclusive('\n') {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let first = line.as_bytes().get(spaces).copied().unwrap_or(b'\n');
        if first == b'\t' && indent.is_none_or(|indent| spaces < indent) {
            return Some(at + spaces);
        }
        if !matches!(first, b'\n' | b'\r') {
            indent.get_or_insert(spaces);
        }
        at += line.len();
    }
    None
}

/// The line that holds byte `at`, without its line break.
fn line_around(text: &str, at: usize) -> &str {
    &text[line_range(text, at)]
}

fn line_range(text: &str, at: usize) -> Range<usize> {
    let at = (0..=at)
        .rev()
        .find(|it| text.is_char_boundary(*it))
        .unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    start..start + line.trim_end().len()
}

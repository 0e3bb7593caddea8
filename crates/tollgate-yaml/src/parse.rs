//! From text to trees: granit-parser's events, composed under go-yaml's rules and our limits.

use crate::{
    error::YamlError,
    limits::Limits,
    node::{Entry, Key, Mapping, Node, Origin, Scalar, Style, Tag, Value},
    resolve::{Dialect, resolve},
    source::{FileId, Span},
};
use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Read every document of `text`. An empty document reads as null.
///
/// # Errors
/// What is not YAML, what go-yaml reads differently from what it shows to a person (control and
/// bidirectional characters), duplicate keys, and what exceeds `limits`.
pub fn parse(
    text: &str,
    file: FileId,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Vec<Node>, YamlError> {
    let options = granit_parser::options! { block_scalar_eof_without_line_feed: true };
    let mut composer = Composer {
        parser: Parser::new_from_str_with_options(text, options),
        text,
        file,
        dialect,
        limits,
        nodes: 0,
        anchors: HashMap::new(),
    };
    if text.len() > limits.bytes {
        let at = Span::new(file, 0, 0);
        return Err(YamlError::new(
            at,
            format!("file is larger than {} bytes", limits.bytes),
        ));
    }
    composer.stream()
}

struct Composer<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    text: &'a str,
    file: FileId,
    dialect: Dialect,
    limits: &'a Limits,
    nodes: usize,
    /// What an anchor stands for, and how many nodes that is.
    anchors: HashMap<usize, (Node, usize)>,
}

impl<'a> Composer<'a> {
    fn stream(&mut self) -> Result<Vec<Node>, YamlError> {
        let mut documents = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart(..) => {
                    if documents.len() == self.limits.documents {
                        return Err(YamlError::new(span, "too many documents in one file"));
                    }
                    self.anchors.clear();
                    let (event, span) = self.next()?;
                    documents.push(self.node(event, span, 0)?);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let span = self.span(&span);
                Ok((event, span))
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                Err(YamlError::new(Span::new(self.file, at, at), error.info()))
            }
            None => Ok((
                Event::StreamEnd,
                Span::new(self.file, self.text.len(), self.text.len()),
            )),
        }
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span::new(self.file, range.start, range.end)
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        if depth > self.limits.depth {
            return Err(YamlError::new(
                span,
                format!("nested deeper than {} levels", self.limits.depth),
            ));
        }
        self.count(1, span)?;
        let before = self.nodes;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref().and_then(granit_parser::Tag::core_suffix);
                (anchor, Value::Scalar(self.scalar(&text, style, tag)))
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.node(event, span, depth + 1)?);
                }
                (anchor, Value::Sequence(items))
            }
            Event::MappingStart(_, anchor, _) => (anchor, Value::Mapping(self.mapping(depth)?)),
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(YamlError::new(
                        span,
                        "an alias cannot stand inside of its own anchor",
                    ));
                };
                self.count(size, span)?;
                return Ok(node);
            }
            _ => return Err(YamlError::new(span, "a value was expected here")),
        };
        let node = Node::new(value, Origin::Authored(span));
        if anchor != 0 {
            let size = self.nodes - before + 1;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: Span) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > self.limits.nodes {
            return Err(YamlError::new(
                at,
                format!("more than {} values in one file", self.limits.nodes),
            ));
        }
        Ok(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&str>) -> Scalar {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let tag = match tag {
            Some("str") => Tag::Str,
            Some("binary") => Tag::Binary,
            _ if style == Style::Plain => resolve(text, self.dialect),
            _ => Tag::Str,
        };
        Scalar {
            text: Arc::from(text),
            tag,
            style,
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Mapping, YamlError> {
        let mut mapping = Mapping::new();
        let mut seen = HashSet::new();
        let mut merges = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, at, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            let Value::Scalar(scalar) = key.value else {
                return Err(
                    YamlError::new(at, format!("a key cannot be {}", key.type_name()))
                        .help("quote the text if `{{` was meant to be text"),
                );
            };
            if &*scalar.text == "<<" && scalar.style == Style::Plain {
                merges.push((at, value));
                continue;
            }
            if !seen.insert(scalar.text.clone()) {
                return Err(
                    YamlError::new(at, format!("key `{}` stands here twice", scalar.text))
                        .help("remove one of them: readers disagree on which counts"),
                );
            }
            if mapping.len() == self.limits.keys {
                return Err(YamlError::new(
                    at,
                    format!("a map with more than {} keys", self.limits.keys),
                ));
            }
            let key = Key {
                text: scalar.text,
                tag: scalar.tag,
                origin: Origin::Authored(at),
            };
            mapping.push(Entry { key, value });
        }
        for (at, value) in merges {
            merge(&mut mapping, value, at)?;
        }
        Ok(mapping)
    }
}

/// `<<: *base` and `<<: [*a, *b]`: what is there already wins, then the first.
fn merge(mapping: &mut Mapping, value: Node, at: Span) -> Result<(), YamlError> {
    match value.value {
        Value::Mapping(from) => {
            for entry in from {
                if !mapping.contains_key(&entry.key.text) {
                    mapping.push(entry);
                }
            }
            Ok(())
        }
        Value::Sequence(items) => items.into_iter().try_for_each(|it| match it.value {
            Value::Mapping(_) => merge(mapping, it, at),
            _ => Err(YamlError::new(at, "`<<` merges maps only")),
        }),
        Value::Scalar(_) => Err(YamlError::new(at, "`<<` merges maps only")),
    }
}

//! Prints trees the way kustomize prints them: every document goes through JSON (Go's
//! `encoding/json`) and then through go-yaml v2's emitter.
//!
//! Sources: kustomize `api/resource/resource.go` (`AsYAML`), `sigs.k8s.io/yaml` (`JSONToYAML`),
//! `go.yaml.in/yaml/v2` `encode.go`, `emitterc.go`, `sorter.go`.

mod order;
mod scalar;
mod writer;

use crate::{
    characters::is_break,
    error::YamlError,
    json,
    node::{Entry, Key, Node, Tag, Value},
    resolve::{self, Dialect},
};
use writer::Writer;

/// A key that is longer, in bytes, is written after `? `.
const SIMPLE_KEY_LENGTH: usize = 128;

/// One document, ending in a newline, without `---`.
///
/// Keys are sorted, comments and styles are lost, numbers look as JSON holds them (`1.0` is `1`).
///
/// # Errors
/// What kustomize refuses to print: infinities and not-a-number, keys that are not strings (below
/// the top level, where kustomize takes their text), control characters that YAML does not allow.
pub fn emit(node: &Node) -> Result<String, YamlError> {
    let mut printer = Printer { out: Writer::new() };
    printer.node(node, Place::ROOT)?;
    printer.out.indent(0);
    Ok(printer.out.finish())
}

/// Documents joined by `---`.
///
/// # Errors
/// As [`emit`].
pub fn emit_documents<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Result<String, YamlError> {
    let mut out = String::new();
    for node in nodes {
        if !out.is_empty() {
            out.push_str("---\n");
        }
        out.push_str(&emit(node)?);
    }
    Ok(out)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Place {
    /// Indentation of the map or list around it; `None` for the document itself.
    indent: Option<usize>,
    /// Whether it is a key or a value of a map.
    in_mapping: bool,
}

impl Place {
    const ROOT: Self = Self {
        indent: None,
        in_mapping: false,
    };

    fn deeper(self) -> usize {
        self.indent.map_or(0, |it| it + 2)
    }

    /// The indentation of the further lines of a scalar that stands here.
    fn scalar_indent(self) -> usize {
        self.indent.unwrap_or(0) + 2
    }
}

struct Printer {
    out: Writer,
}

impl Printer {
    fn node(&mut self, node: &Node, place: Place) -> Result<(), YamlError> {
        match &node.value {
            Value::Mapping(map) if map.is_empty() => self.out.indicator("{}", true, false),
            Value::Sequence(items) if items.is_empty() => self.out.indicator("[]", true, false),
            Value::Mapping(map) => {
                let mut entries: Vec<&Entry> = map.iter().collect();
                order::sort(&mut entries, |it| &it.key.text);
                let indent = place.deeper();
                for entry in entries {
                    let is_top = place.indent.is_none();
                    self.entry(entry, indent, is_top)?;
                }
            }
            Value::Sequence(items) => {
                // The dashes of a list stand below its key, unless the key was too long for one line.
                let indent = match place.indent {
                    Some(indent) if place.in_mapping && !self.out.at_indentation() => indent,
                    _ => place.deeper(),
                };
                let place = Place {
                    indent: Some(indent),
                    in_mapping: false,
                };
                for item in items {
                    self.out.indent(indent);
                    self.out.indicator("-", true, true);
                    self.node(item, place)?;
                }
            }
            Value::Scalar(scalar) => match scalar.tag {
                Tag::Null if scalar.is_missing_in_brackets() => self.out.word("\"\""),
                Tag::Null => self.out.word("null"),
                Tag::Bool if scalar.is_true() => self.out.word("true"),
                Tag::Bool => self.out.word("false"),
                Tag::Int | Tag::Float => {
                    let number = json::number(scalar, node.span())?;
                    self.out.word(&json::go_number(&number));
                }
                Tag::Str | Tag::Timestamp | Tag::Binary => {
                    let text = json::string(scalar, node.span())?;
                    let text = scalar::through_json(&text, node.span())?;
                    self.text(&text, place.scalar_indent(), false);
                }
            },
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, indent: usize, is_top: bool) -> Result<(), YamlError> {
        let key = string_key(&entry.key, is_top)?;
        let key = scalar::through_json(key, entry.key.origin.edit_here())?;
        let place = Place {
            indent: Some(indent),
            in_mapping: true,
        };
        self.out.indent(indent);
        if key.len() <= SIMPLE_KEY_LENGTH && !key.contains(is_break) {
            self.text(&key, place.scalar_indent(), true);
            self.out.indicator(":", false, false);
        } else {
            self.out.indicator("?", true, true);
            self.text(&key, place.scalar_indent(), false);
            self.out.indent(indent);
            self.out.indicator(":", true, true);
        }
        self.node(&entry.value, place)
    }

    /// A string, quoted where go-yaml v2 would otherwise read it as something else.
    fn text(&mut self, text: &str, indent: usize, is_simple_key: bool) {
        let reads_as_text =
            resolve::resolve(text, Dialect::Sigs) == Tag::Str && !resolve::is_sexagesimal(text);
        match scalar::choose(text, reads_as_text, is_simple_key) {
            scalar::Form::Plain => self.out.plain(text, indent, !is_simple_key),
            scalar::Form::Single => self.out.single_quoted(text, indent, !is_simple_key),
            scalar::Form::Double => self.out.double_quoted(text, indent, !is_simple_key),
            scalar::Form::Literal => self.out.literal(text, indent),
        }
    }
}

/// The key as a string. go-yaml v3 decodes a document into a map of strings, where `1: a` has the
/// key `1`; further down it does not, and JSON then refuses the map.
fn string_key(key: &Key, is_top: bool) -> Result<&str, YamlError> {
    if key.text.contains('\u{85}') {
        return Err(YamlError::new(
            key.origin.edit_here(),
            "the key holds U+0085, which kustomize cannot print",
        ));
    }
    match key.tag {
        Tag::Str => Ok(&key.text),
        Tag::Bool | Tag::Int | Tag::Float | Tag::Timestamp if is_top => Ok(&key.text),
        _ => Err(YamlError::new(
            key.origin.edit_here(),
            format!(
                "the key `{}` is not a string, and kustomize refuses it",
                key.text
            ),
        )
        .help("put the key in quotes")),
    }
}

#[cfg(test)]
mod tests;

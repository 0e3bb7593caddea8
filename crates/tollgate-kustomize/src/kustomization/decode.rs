//! Reads maps into plain data as Go's `encoding/json` does: names of fields in any case, unknown
//! fields and wrong types refused, null as if the field were absent.

use super::{Spanned, Text, TextPair};
use crate::{error::BuildError, nearest::nearest};
use tollgate_yaml::{Entry, Key, Node, Span, Style, Tag};

type Result<T> = std::result::Result<T, BuildError>;

/// The fields of one map that have not been taken yet.
pub(crate) struct Fields<'a> {
    /// What the map describes, for messages: "a patch".
    what: &'static str,
    span: Span,
    entries: Vec<&'a Entry>,
    known: Vec<&'static str>,
    /// Whether a field held more than null or empty text.
    pub(crate) any: bool,
}

impl<'a> Fields<'a> {
    /// The fields of `node`; null is a map without any.
    pub(crate) fn of(node: &'a Node, what: &'static str) -> Result<Self> {
        let entries = match node.as_mapping() {
            Some(map) => map.iter().collect(),
            None if node.is_null() => Vec::new(),
            None => {
                return Err(BuildError::new(
                    node.span(),
                    format!("{what} must be a map, not {}", node.type_name()),
                ));
            }
        };
        Ok(Self {
            what,
            span: node.span(),
            entries,
            known: Vec::new(),
            any: false,
        })
    }

    /// The place of the map.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Take a field. Where it stands there in two spellings, the one that sorts last wins, since
    /// Go decodes the sorted map.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        let mut found: Option<&'a Entry> = None;
        self.entries.retain(|entry| {
            let same = entry.key.text.eq_ignore_ascii_case(name);
            if same && found.is_none_or(|it| it.key.text < entry.key.text) {
                found = Some(entry);
            }
            !same
        });
        let value = &found?.value;
        if value.is_null() {
            return None;
        }
        if value.as_str() != Some("") {
            self.any = true;
        }
        Some(value)
    }

    /// Text; absent where it is empty.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<Text>> {
        Ok(self.text_or_empty(name)?.filter(|it| !it.value.is_empty()))
    }

    /// Text that may be empty.
    pub(crate) fn text_or_empty(&mut self, name: &'static str) -> Result<Option<Text>> {
        self.take(name).map(|it| text(it, name)).transpose()
    }

    /// A boolean; false where it is absent.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool> {
        let Some(node) = self.take(name) else {
            return Ok(false);
        };
        match node.as_scalar() {
            Some(scalar) if scalar.tag == Tag::Bool => Ok(scalar.is_true()),
            _ => Err(wrong_type(node, name, "true or false")),
        }
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &'static str) -> Result<Option<Spanned<i64>>> {
        let Some(node) = self.take(name) else {
            return Ok(None);
        };
        let number = node
            .as_scalar()
            .filter(|it| matches!(it.tag, Tag::Int | Tag::Float))
            .and_then(tollgate_yaml::Scalar::number)
            .and_then(|it| it.as_i64());
        match number {
            Some(value) => Ok(Some(Spanned {
                value,
                span: node.span(),
            })),
            None => Err(wrong_type(node, name, "a whole number")),
        }
    }

    /// A list; empty where it is absent.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&'a Node) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Some(node) = self.take(name) else {
            return Ok(Vec::new());
        };
        let Some(items) = node.as_sequence() else {
            return Err(wrong_type(node, name, "a list"));
        };
        items.iter().map(parse).collect()
    }

    /// A list under an old name, whose entries count as those of the new one: an empty one counts as
    /// nothing at all.
    pub(crate) fn moved<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let before = self.any;
        let entries = read(self)?;
        self.any = before || !entries.is_empty();
        Ok(entries)
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<Text>> {
        self.list(name, |it| text(it, name))
    }

    /// A map from text to text, sorted by key.
    pub(crate) fn text_map(&mut self, name: &'static str) -> Result<Vec<TextPair>> {
        let Some(node) = self.take(name) else {
            return Ok(Vec::new());
        };
        text_map(node, name)
    }

    /// A map that is described by a type of its own.
    pub(crate) fn object<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&'a Node) -> Result<T>,
    ) -> Result<Option<T>> {
        self.take(name).map(parse).transpose()
    }

    /// Refuse what has not been taken. Another version of kustomize may know it.
    pub(crate) fn finish(self) -> Result<()> {
        self.finish_settled().map_err(BuildError::here)
    }

    /// The same of a form to which no version adds fields any more.
    pub(crate) fn finish_settled(self) -> Result<()> {
        let Some(entry) = self.entries.first() else {
            return Ok(());
        };
        let name = key_text(&entry.key);
        let error = BuildError::new(
            entry.key.origin.edit_here(),
            format!("unknown field `{name}` in {}", self.what),
        );
        let nearest = nearest(&name, self.known.iter().copied());
        Err(match nearest {
            Some(it) => error.help(format!("did you mean `{it}`?")),
            None => error.help(format!("known fields: {}", self.known.join(", "))),
        })
    }
}

/// The text of a key as Kubernetes' reader turns it into JSON: `yes:` is the key `true`.
pub(crate) fn key_text(key: &Key) -> String {
    match key.tag {
        Tag::Bool => {
            let yes = tollgate_yaml::Scalar {
                text: key.text.clone(),
                tag: Tag::Bool,
                style: Style::Plain,
            };
            yes.is_true().to_string()
        }
        Tag::Int | Tag::Float => tollgate_yaml::Scalar {
            text: key.text.clone(),
            tag: key.tag,
            style: Style::Plain,
        }
        .number()
        .map_or_else(|| key.text.to_string(), |it| it.to_string()),
        _ => key.text.to_string(),
    }
}

/// The text of a node; null is empty text.
pub(crate) fn text(node: &Node, name: &str) -> Result<Text> {
    let Some(scalar) = node.as_scalar() else {
        return Err(wrong_type(node, name, "text"));
    };
    match scalar.tag {
        Tag::Str | Tag::Timestamp | Tag::Binary => Ok(Text {
            value: scalar.text.clone(),
            style: scalar.style,
            span: node.span(),
        }),
        Tag::Null => Ok(Text {
            value: "".into(),
            style: scalar.style,
            span: node.span(),
        }),
        Tag::Bool | Tag::Int | Tag::Float => {
            Err(wrong_type(node, name, "text").help("put it in quotes"))
        }
    }
}

fn text_map(node: &Node, name: &str) -> Result<Vec<TextPair>> {
    let Some(map) = node.as_mapping() else {
        return Err(wrong_type(node, name, "a map"));
    };
    let mut pairs = map
        .iter()
        .map(|entry| {
            let key = Text {
                value: key_text(&entry.key).into(),
                style: Style::Plain,
                span: entry.key.origin.edit_here(),
            };
            let value = text(&entry.value, &key)?;
            Ok(TextPair { key, value })
        })
        .collect::<Result<Vec<_>>>()?;
    pairs.sort_by(|a, b| a.key.value.cmp(&b.key.value));
    Ok(pairs)
}

fn wrong_type(node: &Node, name: &str, wanted: &str) -> BuildError {
    BuildError::new(
        node.span(),
        format!("`{name}` must be {wanted}, not {}", node.type_name()),
    )
}

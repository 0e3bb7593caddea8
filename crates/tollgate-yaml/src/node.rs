//! The document tree.

use crate::{
    resolve::{Dialect, resolve},
    source::Span,
};
use std::sync::Arc;

/// Who wrote a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Typed by a person at this place.
    Authored(Span),
    /// Put there because the line `by` asked for it (an `images:` entry, a patch, a generator).
    /// `over` is the place of the value that it replaced.
    Derived {
        /// The line to edit.
        by: Span,
        /// The line that it overrides, if there was one.
        over: Option<Span>,
    },
    /// Made by the program itself; there is no line to edit.
    Builtin,
}

impl Origin {
    /// The place a person edits to change the value; [`Span::NONE`] for built-in values.
    pub fn edit_here(self) -> Span {
        match self {
            Self::Authored(span) | Self::Derived { by: span, .. } => span,
            Self::Builtin => Span::NONE,
        }
    }

    /// Where the value stood that this one replaced.
    pub fn overridden(self) -> Option<Span> {
        match self {
            Self::Derived { over, .. } => over,
            Self::Authored(_) | Self::Builtin => None,
        }
    }

    /// The origin of a value that `by` put in place of one with this origin.
    #[must_use]
    pub fn replaced_by(self, by: Span) -> Self {
        // An entry that writes a field in two steps overrides what was there before the first.
        if let Self::Derived { by: earlier, .. } = self
            && earlier == by
        {
            return self;
        }
        let over = Some(self.edit_here()).filter(|it| it.is_some());
        Self::Derived { by, over }
    }
}

/// A value and its origin.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Who wrote it.
    pub origin: Origin,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// A leaf.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A map.
    Mapping(Mapping),
}

/// What a scalar means to Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean; the text is as it was written (`yes` may be one, by dialect).
    Bool,
    /// An integer in any notation (`0x1F`, `0644`, `1_000`).
    Int,
    /// A number with fraction or exponent, an infinity or not-a-number.
    Float,
    /// Text.
    Str,
    /// A date or time that go-yaml v3 types as such; prints as the text that was written.
    Timestamp,
    /// `!!binary`: the text is base64.
    Binary,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`, in a file that kustomize reads: printing changes the line breaks around its
    /// indented lines. Text that others read is [`Style::Literal`] then.
    Folded,
}

/// A leaf: the text after unescaping and folding, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text: of a number as it was written (`1.0` stays `1.0`), of a string its characters.
    pub text: Arc<str>,
    /// What the text means.
    pub tag: Tag,
    /// How it was written.
    pub style: Style,
}

/// The key of a mapping entry.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key's text. Non-string keys (`1: a`) keep theirs; `tag` tells.
    pub text: Arc<str>,
    /// What the key would mean as a value.
    pub tag: Tag,
    /// Where the key was written.
    pub origin: Origin,
}

/// One entry of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A map in the order in which it was written. Keys are unique.
///
/// Look-up walks the entries: Kubernetes maps are short, and the reader limits their length.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
}

impl Mapping {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|it| &it.value)
    }

    /// The value under `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries
            .iter_mut()
            .find(|it| &*it.key.text == key)
            .map(|it| &mut it.value)
    }

    /// The entry under `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|it| &*it.key.text == key)
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Set `key` to `value`: in place (the key keeps its own origin) where it exists, at the end
    /// where it does not. Gives back what was there.
    pub fn insert(&mut self, key: Key, value: Node) -> Option<Node> {
        match self.get_mut(&key.text) {
            Some(old) => Some(std::mem::replace(old, value)),
            None => {
                self.entries.push(Entry { key, value });
                None
            }
        }
    }

    /// Set `key` to `value`; a key that is new gets the value's origin.
    pub fn set(&mut self, key: &str, value: Node) -> Option<Node> {
        let origin = value.origin;
        self.insert(Key::new(key, origin), value)
    }

    /// Append an entry that is known to be new.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Take the entry under `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|it| &*it.key.text == key)?;
        Some(self.entries.remove(at))
    }

    /// The entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The entries in order, to change.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Entry> {
        self.entries.iter_mut()
    }

    /// Keep the entries for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
    }

    /// The entries themselves.
    pub fn entries_mut(&mut self) -> &mut Vec<Entry> {
        &mut self.entries
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl IntoIterator for Mapping {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl FromIterator<Entry> for Mapping {
    fn from_iter<T: IntoIterator<Item = Entry>>(iter: T) -> Self {
        Self {
            entries: iter.into_iter().collect(),
        }
    }
}

impl Key {
    /// A string key.
    pub fn new(text: impl Into<Arc<str>>, origin: Origin) -> Self {
        Self {
            text: text.into(),
            tag: Tag::Str,
            origin,
        }
    }
}

impl Key {
    /// A key without quotes, which means what `dialect` takes it for: kustomize writes the keys
    /// that it makes this way, and so a label `2` ends in a key that is no string.
    pub fn plain(text: impl Into<Arc<str>>, dialect: Dialect, origin: Origin) -> Self {
        let text = text.into();
        let tag = resolve(&text, dialect);
        Self { text, tag, origin }
    }
}

impl Scalar {
    /// Text, as if written without quotes (the printer quotes where it must).
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            tag: Tag::Str,
            style: Style::Plain,
        }
    }

    /// Text without quotes, which means what `dialect` takes it for.
    pub fn plain(text: impl Into<Arc<str>>, dialect: Dialect) -> Self {
        let text = text.into();
        let tag = resolve(&text, dialect);
        Self {
            text,
            tag,
            style: Style::Plain,
        }
    }

    /// Whether this null is an empty text to kustomize: a value that is missing between brackets
    /// (`{a: }`). go-yaml v3 prints it as `''` on kustomize's way to JSON; for patches it is null.
    pub(crate) fn is_missing_in_brackets(&self) -> bool {
        self.tag == Tag::Null && self.style == Style::SingleQuoted
    }

    /// `null`.
    pub fn null() -> Self {
        Self {
            text: Arc::from("null"),
            tag: Tag::Null,
            style: Style::Plain,
        }
    }
}

impl Node {
    /// A node.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A string.
    pub fn string(text: impl Into<Arc<str>>, origin: Origin) -> Self {
        Self::new(Value::Scalar(Scalar::string(text)), origin)
    }

    /// `null`.
    pub fn null(origin: Origin) -> Self {
        Self::new(Value::Scalar(Scalar::null()), origin)
    }

    /// A map.
    pub fn mapping(mapping: Mapping, origin: Origin) -> Self {
        Self::new(Value::Mapping(mapping), origin)
    }

    /// A list.
    pub fn sequence(items: Vec<Self>, origin: Origin) -> Self {
        Self::new(Value::Sequence(items), origin)
    }

    /// The map, if it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(it) => Some(it),
            Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    /// The map, if it is one, to change.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            Value::Mapping(it) => Some(it),
            Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    /// The list, if it is one.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence(it) => Some(it),
            Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    /// The list, if it is one, to change.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.value {
            Value::Sequence(it) => Some(it),
            Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    /// The leaf, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(it) => Some(it),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// The text of a scalar that is a string; `None` for numbers, booleans and null.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar()
            .filter(|it| it.tag == Tag::Str)
            .map(|it| &*it.text)
    }

    /// Whether this is the scalar `null`.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|it| it.tag == Tag::Null)
    }

    /// The value under `key` of a map; `None` for anything else.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    /// The value under `key` of a map, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// The place to edit: short for `origin.edit_here()`.
    pub fn span(&self) -> Span {
        self.origin.edit_here()
    }

    /// "a map", "a list", "a string", ... for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
            Value::Scalar(it) => match it.tag {
                Tag::Null => "null",
                Tag::Bool => "a boolean",
                Tag::Int | Tag::Float => "a number",
                Tag::Str | Tag::Timestamp | Tag::Binary => "a string",
            },
        }
    }
}

//! From a document tree to typed settings: every mistake is reported, each at its place.

use super::schema::Definitions;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tollgate_yaml::{Mapping, Node, Span, Tag, YamlError};

/// A setting that can be read from a document.
///
/// `None` says that a mistake was reported; reading goes on, so that one run shows all mistakes.
pub(super) trait Read: Sized {
    /// Read `node`.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// What [`Read::read`] takes, for editors: never less than it takes.
    fn schema(definitions: &mut Definitions) -> Value;
}

/// The mistakes found so far.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<YamlError>,
}

impl Reader {
    /// Report a mistake.
    pub(super) fn report(&mut self, problem: YamlError) {
        self.problems.push(problem);
    }

    /// All mistakes, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<YamlError> {
        self.problems.sort_by_key(|it| it.span);
        self.problems
    }

    /// Report that `node` is not `expected` ("a list", "`warn` or `fail`").
    pub(super) fn expected(&mut self, expected: &str, node: &Node) {
        let mut problem = YamlError::new(
            node.span(),
            format!("{expected} was expected here, but this is {}", shown(node)),
        );
        let number_for_text = expected.starts_with("a string")
            && node.as_scalar().is_some_and(|it| it.tag != Tag::Null);
        if number_for_text {
            problem = problem.help("put the value in quotes");
        } else if expected.starts_with("a list") && node.as_scalar().is_some() {
            problem = problem.help("put the value in square brackets");
        } else if node.is_null() {
            problem = problem.help("give the key a value, or remove it");
        }
        self.report(problem);
    }

    /// The keys of a map.
    pub(super) fn fields<'a>(&mut self, node: &'a Node) -> Option<Fields<'a>> {
        let Some(mapping) = node.as_mapping() else {
            self.expected("a map", node);
            return None;
        };
        Some(Fields {
            mapping,
            at: node.span(),
            known: Vec::new(),
        })
    }

    /// A string that is not empty.
    pub(super) fn text<'a>(&mut self, node: &'a Node) -> Option<&'a str> {
        let Some(text) = node.as_str() else {
            self.expected("a string", node);
            return None;
        };
        let hidden = text.chars().find(|it| it.is_control());
        if text.is_empty() {
            self.report(YamlError::new(node.span(), "an empty string says nothing"));
        } else if let Some(hidden) = hidden {
            let message = format!("control character U+{:04X} in a setting", u32::from(hidden));
            self.report(YamlError::new(node.span(), message));
        } else {
            return Some(text);
        }
        None
    }

    /// A value that `parse` makes of a string; its error is the message.
    pub(super) fn parsed<T>(
        &mut self,
        node: &Node,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(node)?;
        parse(text)
            .map_err(|why| self.report(YamlError::new(node.span(), why)))
            .ok()
    }
}

/// The keys of one map while they are being read.
pub(super) struct Fields<'a> {
    mapping: &'a Mapping,
    at: Span,
    known: Vec<&'static str>,
}

impl Fields<'_> {
    /// The value under `key`, which is for what `about` says; `default` where the key is absent, a mistake where there
    /// is none.
    pub(super) fn take<T: Read>(
        &mut self,
        key: &'static str,
        about: &str,
        default: Option<T>,
        reader: &mut Reader,
    ) -> Option<T> {
        self.known.push(key);
        match self.mapping.get(key) {
            Some(node) => T::read(node, reader),
            None => {
                if default.is_none() {
                    let problem = YamlError::new(self.at, format!("key `{key}` is missing"));
                    reader.report(problem.help(format!("add `{key}:`, {}", clause(about))));
                }
                default
            }
        }
    }

    /// Report every key that was not asked for.
    pub(super) fn finish(self, reader: &mut Reader) {
        for entry in self.mapping {
            let key = &*entry.key.text;
            if self.known.contains(&key) {
                continue;
            }
            let at = entry.key.origin.edit_here();
            let problem = YamlError::new(at, format!("unknown key {}", quoted(key)));
            reader.report(problem.help(suggestion(key, &self.known)));
        }
    }
}

/// The first sentence of a documentation, as a clause.
fn clause(about: &str) -> String {
    let first = about.trim().split(". ").next().unwrap_or_default();
    let first = first.trim_end_matches('.');
    let mut letters = first.chars();
    match letters.next() {
        Some(letter) => format!("{}{}", letter.to_lowercase(), letters.as_str()),
        None => String::new(),
    }
}

/// "did you mean `x`?", or the list of what is known.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "nothing can stand here".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The candidate that a person probably meant: at most a third of the letters must be put in, taken out, changed or
/// swapped with their neighbour.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().take(64).count();
    let word = word
        .char_indices()
        .nth(64)
        .map_or(word, |(end, _)| &word[..end]);
    candidates
        .iter()
        .map(|it| (strsim::osa_distance(word, it), *it))
        .filter(|(distance, it)| *distance <= it.len().max(length).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

/// A word of the file in backticks: control characters escaped, cut after 80 characters.
pub(super) fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect();
    let cut = if text.chars().nth(80).is_some() {
        "..."
    } else {
        ""
    };
    format!("`{escaped}{cut}`")
}

fn shown(node: &Node) -> String {
    match node.as_scalar() {
        Some(scalar) if scalar.tag != Tag::Null => {
            format!("{} ({})", node.type_name(), quoted(&scalar.text))
        }
        Some(_) | None => node.type_name().to_owned(),
    }
}

/// `true` or `false`, in whatever way YAML lets them be written.
pub(super) fn switch(node: &Node) -> Option<bool> {
    let scalar = node.as_scalar().filter(|it| it.tag == Tag::Bool);
    scalar.map(tollgate_yaml::Scalar::is_true)
}

impl Read for bool {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let read = switch(node);
        if read.is_none() {
            reader.expected("`true` or `false`", node);
        }
        read
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "boolean"})
    }
}

impl Read for u32 {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let number = node
            .as_scalar()
            .filter(|it| it.tag == Tag::Int)
            .and_then(|it| it.text.parse().ok());
        if number.is_none() {
            reader.expected("a whole number, 0 or more,", node);
        }
        number
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
    }
}

impl Read for String {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        reader.text(node).map(str::to_owned)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({"type": "string", "minLength": 1})
    }
}

/// A list whose broken items have been reported is no list: what is left of it would mean less
/// than what was written.
impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(items) = node.as_sequence() else {
            reader.expected("a list", node);
            return None;
        };
        let read: Vec<Option<T>> = items.iter().map(|it| T::read(it, reader)).collect();
        read.into_iter().collect()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"type": "array", "items": T::schema(definitions)})
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(mapping) = node.as_mapping() else {
            reader.expected("a map", node);
            return None;
        };
        let read: Vec<Option<(String, T)>> = mapping
            .iter()
            .map(|it| Some((it.key.text.to_string(), T::read(&it.value, reader)?)))
            .collect();
        read.into_iter().collect()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"type": "object", "additionalProperties": T::schema(definitions)})
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }
}

/// A map with fixed keys, written once: type, key, default and documentation together.
///
/// `field: Type = default` may be absent, `field: Type` must be there, `field ["key"]: Type` has
/// another name in the file. In a `default struct` every field has a default.
macro_rules! section {
    ($(#[doc = $about:literal])* $vis:vis default struct $name:ident {
        $( $(#[doc = $doc:literal])* $field:ident $([$key:literal])? : $type:ty = $default:expr ),* $(,)?
    }) => {
        section! {
            $(#[doc = $about])*
            $vis struct $name {
                $( $(#[doc = $doc])* $field $([$key])? : $type = $default ),*
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default ),* }
            }
        }
    };
    ($(#[doc = $about:literal])* $vis:vis struct $name:ident {
        $( $(#[doc = $doc:literal])* $field:ident $([$key:literal])? : $type:ty $(= $default:expr)? ),* $(,)?
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        $vis struct $name {
            $( $(#[doc = $doc])* $(#[serde(rename = $key)])? $vis $field: $type ),*
        }

        impl $crate::config::read::Read for $name {
            fn read(
                node: &tollgate_yaml::Node,
                reader: &mut $crate::config::read::Reader,
            ) -> Option<Self> {
                let mut fields = reader.fields(node)?;
                $(
                    let key = [$($key,)? stringify!($field)][0];
                    let default: Option<$type> = [$({ $default })?].into_iter().next();
                    let $field = fields.take(key, concat!($($doc),*), default, reader);
                )*
                fields.finish(reader);
                Some(Self { $( $field: $field? ),* })
            }

            fn schema(definitions: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                definitions.map(stringify!($name), concat!($($about),*), |keys| {
                    $(
                        let key = [$($key,)? stringify!($field)][0];
                        let default: Option<$type> = [$({ $default })?].into_iter().next();
                        keys.add(key, concat!($($doc),*), default);
                    )*
                })
            }
        }
    };
}

/// A word out of a fixed set, written once: variant, word and documentation together. With
/// `false = Variant, true = Variant` behind it, a boolean means one of them.
macro_rules! choice {
    ($(#[doc = $about:literal])* pub enum $name:ident {
        $( $(#[doc = $doc:literal])* $variant:ident = $word:literal ),* $(,)?
    } $(false = $no:ident, true = $yes:ident)?) => {
        $(#[doc = $about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $( $(#[doc = $doc])* #[serde(rename = $word)] $variant ),*
        }

        impl $name {
            /// The word in the file.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word ),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::config::read::Read for $name {
            fn read(
                node: &tollgate_yaml::Node,
                reader: &mut $crate::config::read::Reader,
            ) -> Option<Self> {
                $(
                    if let Some(it) = $crate::config::read::switch(node) {
                        return Some(if it { Self::$yes } else { Self::$no });
                    }
                )?
                reader.parsed(node, |text| match text {
                    $( $word => Ok(Self::$variant), )*
                    _ => Err(format!(
                        "unknown value {}: {}",
                        $crate::config::read::quoted(text),
                        $crate::config::read::suggestion(text, &[$($word),*]),
                    )),
                })
            }

            fn schema(definitions: &mut $crate::config::schema::Definitions) -> serde_json::Value {
                let words = [$( ($word, concat!($($doc),*)) ),*];
                let switch: Option<[Self; 2]> = [$([Self::$no, Self::$yes])?].into_iter().next();
                let about = concat!($($about),*);
                definitions.words(stringify!($name), about, &words, switch.is_some())
            }
        }
    };
}

pub(super) use {choice, section};

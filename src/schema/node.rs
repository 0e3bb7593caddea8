//! A schema as it is asked: read once, from OpenAPI or from a custom resource definition.

use super::{formats::Format, kubernetes::Kubernetes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use tollgate_goregex::Regex;

/// Bytes that one compiled pattern may take: definitions come from the repository. The largest
/// repetition that Go allows, of a class of all letters, takes 24 MB.
const PATTERN_BYTES: usize = 48 << 20;

/// Types of JSON, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const OBJECT: Self = Self(1);
    pub(super) const ARRAY: Self = Self(2);
    pub(super) const STRING: Self = Self(4);
    pub(super) const INTEGER: Self = Self(8);
    pub(super) const NUMBER: Self = Self(16);
    pub(super) const BOOLEAN: Self = Self(32);
    pub(super) const INT_OR_STRING: Self = Self(8 | 4);

    const NAMES: [(Self, &'static str, &'static str); 6] = [
        (Self::OBJECT, "object", "a map"),
        (Self::ARRAY, "array", "a list"),
        (Self::INTEGER, "integer", "a whole number"),
        (Self::NUMBER, "number", "a number"),
        (Self::STRING, "string", "a string"),
        (Self::BOOLEAN, "boolean", "true or false"),
    ];

    /// The type that a schema names.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|it| it.1 == name).map(|it| it.0)
    }

    /// The type of a value; of null, none. Go reads a whole number beyond 64 bits as one with a fraction.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::default(),
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_i64() => Self::INTEGER,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In words: `a whole number or a string`.
    pub(super) fn words(self) -> String {
        let names: Vec<&str> = Self::NAMES
            .iter()
            .filter(|it| self.has(it.0))
            .map(|it| it.2)
            .collect();
        names.join(" or ")
    }
}

/// A schema, here or by name.
pub(super) enum Ref {
    Own(Box<Node>),
    /// A definition of Kubernetes, by its place among them.
    Named(usize),
}

impl Ref {
    pub(super) fn get<'a>(&'a self, kubernetes: &'a Kubernetes) -> &'a Node {
        match self {
            Self::Own(node) => node,
            Self::Named(index) => kubernetes.node(*index),
        }
    }
}

/// What a map may hold beside the fields that its schema lists.
#[derive(Default)]
pub(super) enum Rest {
    /// Nothing: an API server drops it.
    #[default]
    Nothing,
    /// Anything; what is in such a value no schema lists.
    Anything,
    /// What fits.
    Fitting(Ref),
}

/// What sets the items of a list apart.
#[derive(Default)]
pub(super) enum List {
    #[default]
    Atomic,
    /// Each item is there once.
    Set,
    /// Items are known by these fields, each with the value that it has where it is not given.
    Map(Vec<(String, Option<Value>)>),
}

/// Numbers that a value must keep to.
#[derive(Default)]
pub(super) struct Limits {
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) above: bool,
    pub(super) below: bool,
    pub(super) multiple: Option<f64>,
    pub(super) length: (Option<u64>, Option<u64>),
    pub(super) items: (Option<u64>, Option<u64>),
    pub(super) properties: (Option<u64>, Option<u64>),
    pub(super) unique: bool,
    /// Whole numbers of 32 bits; otherwise they have 64.
    pub(super) narrow: bool,
    /// Numbers of 32 bits.
    pub(super) single: bool,
}

/// A regular expression of Go.
pub(super) struct Pattern {
    pub(super) text: String,
    compiled: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    /// Read it; it is compiled when the first value asks.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        Regex::check(text).map_err(|it| it.to_string())?;
        Ok(Self {
            text: text.to_owned(),
            compiled: OnceLock::new(),
        })
    }

    /// Whether a text holds a match.
    pub(super) fn matches(&self, text: &str) -> Result<bool, &str> {
        let compiled = self
            .compiled
            .get_or_init(|| Regex::within(&self.text, PATTERN_BYTES).map_err(|it| it.why));
        match compiled {
            Ok(regex) => Ok(regex.is_match(text)),
            Err(why) => Err(why),
        }
    }
}

/// One schema.
#[derive(Default)]
pub(super) struct Node {
    pub(super) types: Types,
    pub(super) nullable: bool,
    pub(super) properties: BTreeMap<String, Ref>,
    pub(super) rest: Rest,
    pub(super) items: Option<Ref>,
    pub(super) required: Vec<String>,
    pub(super) options: Vec<Value>,
    pub(super) limits: Limits,
    pub(super) pattern: Option<Pattern>,
    pub(super) format: Option<Format>,
    /// The form of the keys of a map of Kubernetes.
    pub(super) keys: Option<Format>,
    pub(super) all: Vec<Node>,
    pub(super) any: Vec<Node>,
    pub(super) one: Vec<Node>,
    pub(super) not: Option<Box<Node>>,
    pub(super) default: Option<Value>,
    /// Fields that no schema lists stay.
    pub(super) keeps: bool,
    /// A whole object, with metadata of its own.
    pub(super) embedded: bool,
    pub(super) list: List,
}

impl Node {
    /// The schema of a field; `None` where none is listed.
    pub(super) fn field<'a>(&'a self, name: &str, kubernetes: &'a Kubernetes) -> Option<&'a Node> {
        match (self.properties.get(name), &self.rest) {
            (Some(it), _) | (None, Rest::Fitting(it)) => Some(it.get(kubernetes)),
            (None, Rest::Nothing | Rest::Anything) => None,
        }
    }

    /// The schema of the items.
    pub(super) fn item<'a>(&'a self, kubernetes: &'a Kubernetes) -> Option<&'a Node> {
        self.items.as_ref().map(|it| it.get(kubernetes))
    }

    /// Whether a null stands for absence here.
    pub(super) fn drops_null(&self) -> bool {
        !self.nullable && self.default.is_none()
    }
}

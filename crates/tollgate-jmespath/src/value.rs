//! Values during an evaluation: parts of the document by reference, computed values shared.

use crate::{EvalError, ast::Node, context::Context};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a computed value may nest, so that nothing that walks it overflows the stack.
const MAX_DEPTH: usize = 192;

/// A value; cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// A Go `int`, which `compare` returns: to Kyverno it is no number, and equal only to another `int`.
    Int(i64),
    Str(&'a str),
    Text(Rc<str>),
    /// An array or object of the document or of a literal.
    Document(&'a Value),
    List(Rc<List<'a>>),
    /// A Go `[]map[string]any`, which `items` returns: some functions don't take it for an array.
    Typed(Rc<List<'a>>),
    Map(Rc<Mapping<'a>>),
    /// `&expression`
    Reference(&'a Node),
}

/// A computed array.
#[derive(Debug)]
pub(crate) struct List<'a> {
    items: Vec<Val<'a>>,
    depth: usize,
}

/// A computed object.
#[derive(Debug)]
pub(crate) struct Mapping<'a> {
    entries: BTreeMap<Rc<str>, Val<'a>>,
    depth: usize,
}

/// The elements of an array, whoever owns them.
#[derive(Clone, Copy)]
pub(crate) enum Items<'v, 'a> {
    Document(&'a [Value]),
    Computed(&'v [Val<'a>]),
}

impl<'v, 'a> Items<'v, 'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Document(it) => it.len(),
            Self::Computed(it) => it.len(),
        }
    }

    pub(crate) fn get(self, index: usize) -> Option<Val<'a>> {
        match self {
            Self::Document(it) => it.get(index).map(Val::from),
            Self::Computed(it) => it.get(index).cloned(),
        }
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = Val<'a>> + use<'v, 'a> {
        // In range by construction, so that nothing is left out.
        (0..self.len()).filter_map(move |index| self.get(index))
    }
}

/// The entries of an object, whoever owns them.
#[derive(Clone, Copy)]
pub(crate) enum Entries<'v, 'a> {
    Document(&'a Map<String, Value>),
    Computed(&'v BTreeMap<Rc<str>, Val<'a>>),
}

impl<'v, 'a> Entries<'v, 'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Document(it) => it.len(),
            Self::Computed(it) => it.len(),
        }
    }

    pub(crate) fn get(self, key: &str) -> Option<Val<'a>> {
        match self {
            Self::Document(it) => it.get(key).map(Val::from),
            Self::Computed(it) => it.get(key).cloned(),
        }
    }

    /// Keys with their values, sorted by key.
    pub(crate) fn sorted(self) -> Vec<(Val<'a>, Val<'a>)> {
        match self {
            Self::Document(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                let pair =
                    |(key, value): (&'a String, &'a Value)| (Val::Str(key), Val::from(value));
                entries.into_iter().map(pair).collect()
            }
            Self::Computed(map) => map
                .iter()
                .map(|(key, value)| (Val::Text(key.clone()), value.clone()))
                .collect(),
        }
    }
}

impl<'a> From<&'a Value> for Val<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(it) => Self::Bool(*it),
            Value::Number(it) => Self::Number(it.as_f64().unwrap_or(f64::NAN)),
            Value::String(it) => Self::Str(it),
            Value::Array(_) | Value::Object(_) => Self::Document(value),
        }
    }
}

impl<'a> Val<'a> {
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(it) => Some(it),
            Self::Text(it) => Some(it),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(it) => Some(*it),
            _ => None,
        }
    }

    /// The elements, also of a typed list.
    pub(crate) fn items(&self) -> Option<Items<'_, 'a>> {
        match self {
            Self::Document(Value::Array(items)) => Some(Items::Document(items)),
            Self::List(it) | Self::Typed(it) => Some(Items::Computed(&it.items)),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> Option<Entries<'_, 'a>> {
        match self {
            Self::Document(Value::Object(map)) => Some(Entries::Document(map)),
            Self::Map(it) => Some(Entries::Computed(&it.entries)),
            _ => None,
        }
    }

    /// The specification's false values: null, false, and empty strings, arrays and objects.
    pub(crate) fn is_false(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(it) => !it,
            _ => {
                self.as_str().is_some_and(str::is_empty)
                    || self.items().is_some_and(|it| it.len() == 0)
                    || self.entries().is_some_and(|it| it.len() == 0)
            }
        }
    }

    /// The type as JMESPath names it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Int(_) => "an integer that is no number to Kyverno",
            Self::Str(_) | Self::Text(_) => "string",
            Self::Document(Value::Object(_)) | Self::Map(_) => "object",
            Self::Document(_) | Self::List(_) => "array",
            Self::Typed(_) => "the list that `items` returns (append `[]` to make it an array)",
            Self::Reference(_) => "an expression reference",
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(it) | Self::Typed(it) => it.depth,
            Self::Map(it) => it.depth,
            _ => 0,
        }
    }

    /// A computed array.
    pub(crate) fn list(items: Vec<Self>) -> Result<Self, EvalError> {
        Ok(Self::List(new_list(items)?))
    }

    /// A computed array that is a Go slice of maps.
    pub(crate) fn typed_list(items: Vec<Self>) -> Result<Self, EvalError> {
        Ok(Self::Typed(new_list(items)?))
    }

    /// A computed object.
    pub(crate) fn map(entries: BTreeMap<Rc<str>, Self>) -> Result<Self, EvalError> {
        let depth = deeper(entries.values())?;
        Ok(Self::Map(Rc::new(Mapping { entries, depth })))
    }

    /// A value that nothing else owns, such as a parsed text.
    pub(crate) fn owned(value: &Value, cx: &Context<'a>) -> Result<Self, EvalError> {
        cx.step()?;
        match value {
            Value::String(it) => {
                cx.bytes(it.len())?;
                Ok(Self::text(it.as_str()))
            }
            Value::Array(items) => {
                let items = items.iter().map(|it| Self::owned(it, cx));
                Self::list(items.collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| {
                    cx.bytes(key.len())?;
                    Ok((Rc::from(key.as_str()), Self::owned(value, cx)?))
                };
                Self::map(map.iter().map(entry).collect::<Result<_, _>>()?)
            }
            Value::Null => Ok(Self::Null),
            Value::Bool(it) => Ok(Self::Bool(*it)),
            Value::Number(it) => Ok(Self::Number(it.as_f64().unwrap_or(f64::NAN))),
        }
    }

    /// The value for the outside, by reference where it stands in the document.
    pub(crate) fn into_cow(self, cx: &Context<'a>) -> Result<Cow<'a, Value>, EvalError> {
        match self {
            Self::Document(it) => Ok(Cow::Borrowed(it)),
            it => it.to_value(cx).map(Cow::Owned),
        }
    }

    /// The value for the outside. Shared parts are copied as often as they occur, hence the budget.
    pub(crate) fn to_value(&self, cx: &Context<'a>) -> Result<Value, EvalError> {
        cx.step()?;
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            Self::Number(it) => number(*it)?,
            Self::Int(it) => Value::from(*it),
            Self::Str(it) => string(it, cx)?,
            Self::Text(it) => string(it, cx)?,
            Self::Document(it) => copy(it, cx)?,
            Self::List(it) | Self::Typed(it) => {
                let items = it.items.iter().map(|it| it.to_value(cx));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Self::Map(it) => {
                let mut out = Map::new();
                for (key, value) in &it.entries {
                    cx.bytes(key.len())?;
                    out.insert(key.to_string(), value.to_value(cx)?);
                }
                Value::Object(out)
            }
            Self::Reference(_) => {
                return Err(EvalError::Value {
                    message:
                        "an expression reference (`&`) is an argument of a function, not a value"
                            .to_owned(),
                });
            }
        })
    }

    /// Go's `reflect.DeepEqual` on JSON values.
    pub(crate) fn equals(&self, other: &Self, cx: &Context<'a>) -> Result<bool, EvalError> {
        cx.step()?;
        if let (Some(a), Some(b)) = (self.as_str(), other.as_str()) {
            cx.steps(a.len() / 256)?;
            return Ok(a == b);
        }
        if let (Some(a), Some(b)) = (self.items(), other.items()) {
            let same_type = matches!(self, Self::Typed(_)) == matches!(other, Self::Typed(_));
            if !same_type || a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !a.equals(&b, cx)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if let (Some(a), Some(b)) = (self.entries(), other.entries()) {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (key, value) in a.sorted() {
                let other = key.as_str().and_then(|key| b.get(key));
                let Some(other) = other else {
                    return Ok(false);
                };
                if !value.equals(&other, cx)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        Ok(match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            _ => false,
        })
    }
}

fn new_list<'a>(items: Vec<Val<'a>>) -> Result<Rc<List<'a>>, EvalError> {
    let depth = deeper(items.iter())?;
    Ok(Rc::new(List { items, depth }))
}

fn deeper<'v, 'a: 'v>(parts: impl Iterator<Item = &'v Val<'a>>) -> Result<usize, EvalError> {
    let depth = parts.map(Val::depth).max().unwrap_or(0) + 1;
    if depth > MAX_DEPTH {
        return Err(EvalError::Limit {
            what: "a value is nested too deeply",
        });
    }
    Ok(depth)
}

/// A float as a JSON number, a whole one as an integer.
pub(crate) fn number(value: f64) -> Result<Value, EvalError> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Ok(Value::from(value as i64));
    }
    serde_json::Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| EvalError::Value {
            message: "the result is not a number that JSON can hold".to_owned(),
        })
}

fn string(text: &str, cx: &Context<'_>) -> Result<Value, EvalError> {
    cx.bytes(text.len())?;
    Ok(Value::String(text.to_owned()))
}

fn copy(value: &Value, cx: &Context<'_>) -> Result<Value, EvalError> {
    cx.step()?;
    Ok(match value {
        Value::String(it) => string(it, cx)?,
        Value::Array(items) => {
            let items = items.iter().map(|it| copy(it, cx));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                cx.bytes(key.len())?;
                Ok((key.clone(), copy(value, cx)?))
            };
            Value::Object(map.iter().map(entry).collect::<Result<_, EvalError>>()?)
        }
        scalar => scalar.clone(),
    })
}

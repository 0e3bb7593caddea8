//! Between trees and JSON values.

use crate::{
    error::YamlError,
    node::{Key, Mapping, Node, Origin, Scalar, Style, Tag, Value},
    resolve::integer,
};
use std::sync::Arc;

impl Node {
    /// The JSON value that Kubernetes would see.
    ///
    /// # Errors
    /// Infinities and not-a-number, which JSON cannot hold.
    pub fn to_json(&self) -> Result<serde_json::Value, YamlError> {
        Ok(match &self.value {
            Value::Scalar(scalar) => match scalar.tag {
                Tag::Null => serde_json::Value::Null,
                Tag::Bool => serde_json::Value::Bool(scalar.is_true()),
                Tag::Int | Tag::Float => scalar
                    .number()
                    .map(serde_json::Value::Number)
                    .ok_or_else(|| {
                        YamlError::new(
                            self.span(),
                            format!("`{}` is not a number that JSON can hold", scalar.text),
                        )
                    })?,
                Tag::Str | Tag::Timestamp | Tag::Binary => {
                    serde_json::Value::String(scalar.text.to_string())
                }
            },
            Value::Sequence(items) => items.iter().map(Self::to_json).collect::<Result<_, _>>()?,
            Value::Mapping(map) => map
                .iter()
                .map(|it| Ok((it.key.text.to_string(), it.value.to_json()?)))
                .collect::<Result<serde_json::Map<_, _>, YamlError>>()?
                .into(),
        })
    }

    /// A tree with the given origin on every node.
    pub fn from_json(value: &serde_json::Value, origin: Origin) -> Self {
        let scalar = |text: &str, tag| {
            Value::Scalar(Scalar {
                text: Arc::from(text),
                tag,
                style: Style::Plain,
            })
        };
        let value = match value {
            serde_json::Value::Null => scalar("null", Tag::Null),
            serde_json::Value::Bool(true) => scalar("true", Tag::Bool),
            serde_json::Value::Bool(false) => scalar("false", Tag::Bool),
            serde_json::Value::Number(number) => {
                let tag = if number.is_f64() {
                    Tag::Float
                } else {
                    Tag::Int
                };
                scalar(&number.to_string(), tag)
            }
            serde_json::Value::String(text) => scalar(text, Tag::Str),
            serde_json::Value::Array(items) => {
                Value::Sequence(items.iter().map(|it| Self::from_json(it, origin)).collect())
            }
            serde_json::Value::Object(map) => {
                let mut mapping = Mapping::new();
                for (key, value) in map {
                    mapping.push(crate::node::Entry {
                        key: Key::new(key.as_str(), origin),
                        value: Self::from_json(value, origin),
                    });
                }
                Value::Mapping(mapping)
            }
        };
        Self::new(value, origin)
    }
}

impl Scalar {
    /// Whether this is one of the spellings of true.
    pub fn is_true(&self) -> bool {
        self.tag == Tag::Bool
            && matches!(
                self.text.as_bytes().first(),
                Some(b't' | b'T' | b'y' | b'Y')
            )
            || matches!(&*self.text, "on" | "On" | "ON")
    }

    /// The number, as JSON holds it: whole floats become integers (`1e3` is 1000).
    pub fn number(&self) -> Option<serde_json::Number> {
        let plain = self.text.replace('_', "");
        if self.tag == Tag::Int
            && let Some(value) = integer(&plain)
        {
            return i64::try_from(value)
                .map(serde_json::Number::from)
                .or_else(|_| u64::try_from(value).map(serde_json::Number::from))
                .ok();
        }
        let value: f64 = plain.parse().ok()?;
        if value.fract() == 0.0 && value.abs() < 1e15 {
            // The bounds make this exact.
            return Some(serde_json::Number::from(value as i64));
        }
        serde_json::Number::from_f64(value)
    }
}

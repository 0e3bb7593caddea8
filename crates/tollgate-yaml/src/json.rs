//! Between trees and JSON values.

use crate::{
    binary,
    error::YamlError,
    folded::through_folded,
    node::{Key, Mapping, Node, Origin, Scalar, Style, Tag, Value},
    resolve::{finite, integer_value, without_underscores},
    source::Span,
    timestamp::Timestamp,
};
use serde_json::Number;
use std::borrow::Cow;
use std::sync::Arc;

impl Node {
    /// The JSON value that Kubernetes would see: that of the tree as kustomize prints it. Times
    /// are written out, `!!binary` is decoded, and text after `>` has the line breaks that
    /// kustomize leaves in it ([`Style::Folded`]).
    ///
    /// # Errors
    /// Infinities and not-a-number, which JSON cannot hold; `!!binary` that is not base64; times
    /// whose offset is a day or more.
    pub fn to_json(&self) -> Result<serde_json::Value, YamlError> {
        Ok(match &self.value {
            Value::Scalar(scalar) => match scalar.tag {
                Tag::Null if scalar.is_missing_in_brackets() => "".into(),
                Tag::Null => serde_json::Value::Null,
                Tag::Bool => serde_json::Value::Bool(scalar.is_true()),
                Tag::Int | Tag::Float => serde_json::Value::Number(number(scalar, self.span())?),
                Tag::Str | Tag::Timestamp | Tag::Binary => {
                    serde_json::Value::String(string(scalar, self.span())?.into_owned())
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
                &*self.text,
                "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON"
            )
    }

    /// The number, as JSON holds it: whole floats become integers (`1e3` is 1000), integers beyond
    /// 64 bits are floats. `None` for what is not a number, and for infinities and not-a-number.
    pub fn number(&self) -> Option<Number> {
        match self.tag {
            Tag::Int => {
                let value = integer_value(&self.text)?;
                i64::try_from(value)
                    .map(Number::from)
                    .or_else(|_| u64::try_from(value).map(Number::from))
                    .ok()
            }
            Tag::Float => {
                let plain = without_underscores(&self.text);
                // `!!float 0x10` is a float written as an integer.
                #[allow(clippy::cast_precision_loss)]
                let value = match integer_value(&plain) {
                    Some(whole) => whole as f64,
                    None => finite(&plain)?,
                };
                through_go_json(value)
            }
            Tag::Null | Tag::Bool | Tag::Str | Tag::Timestamp | Tag::Binary => None,
        }
    }
}

/// What is read from the JSON text of a double. Below 1e21 Go prints whole doubles without
/// exponent, as the shortest digits that tell them apart, filled up with zeros.
fn through_go_json(value: f64) -> Option<Number> {
    if value == 0.0 {
        return Some(Number::from(0));
    }
    if value.fract() == 0.0 && value.abs() < 1e21 {
        let digits = format!("{value}");
        if let Ok(value) = digits.parse::<i64>() {
            return Some(Number::from(value));
        }
        if let Ok(value) = digits.parse::<u64>() {
            return Some(Number::from(value));
        }
    }
    Number::from_f64(value)
}

/// The number of a scalar that is one.
pub(crate) fn number(scalar: &Scalar, span: Span) -> Result<Number, YamlError> {
    scalar.number().ok_or_else(|| {
        YamlError::new(
            span,
            format!("`{}` is not a number that JSON can hold", scalar.text),
        )
    })
}

/// The text that JSON holds for a string, a time or binary data.
pub(crate) fn string(scalar: &Scalar, span: Span) -> Result<Cow<'_, str>, YamlError> {
    match scalar.tag {
        Tag::Timestamp => match Timestamp::parse(&scalar.text) {
            Some(time) if time.is_printable() => Ok(Cow::Owned(time.to_string())),
            _ => Err(YamlError::new(
                span,
                format!("`{}` is not a time that JSON can hold", scalar.text),
            )
            .help("put it in quotes if it is text")),
        },
        Tag::Binary => binary::decode(&scalar.text)
            .map(|it| Cow::Owned(binary::to_go_json(&it)))
            .ok_or_else(|| YamlError::new(span, "`!!binary` holds invalid base64")),
        _ if scalar.style == Style::Folded => Ok(through_folded(&scalar.text)),
        _ => Ok(Cow::Borrowed(&scalar.text)),
    }
}

/// The number as Go's `%g` prints it (`strconv.FormatFloat(it, 'g', -1, 64)`): shortest digits,
/// an exponent of at least two digits from 1e+06 up and 1e-05 down.
pub fn go_number(number: &Number) -> String {
    if !number.is_f64() {
        return number.to_string();
    }
    let Some(value) = number.as_f64() else {
        return number.to_string();
    };
    go_general(&format!("{value}"), &format!("{value:e}"))
}

/// Go's choice between the two notations of a number.
fn go_general(positional: &str, scientific: &str) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific.to_string();
    };
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&power) {
        return positional.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.unsigned_abs())
}

/// The key that `sigs.k8s.io/yaml` makes of a float: it prints it as a `float32`.
pub(crate) fn go_float_key(text: &str) -> String {
    let plain = without_underscores(text);
    let lower = plain.to_ascii_lowercase();
    match lower.trim_start_matches('+') {
        ".inf" | ".nan" | "-.inf" => return lower.trim_start_matches('+').to_string(),
        _ => {}
    }
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let value = match integer_value(&plain) {
        Some(whole) => whole as f32,
        None => finite(&plain).unwrap_or(f64::NAN) as f32,
    };
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_string();
    }
    go_general(&format!("{value}"), &format!("{value:e}"))
}

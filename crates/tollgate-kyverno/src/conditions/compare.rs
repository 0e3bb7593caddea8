//! `Equals`, the numeric operators and the duration operators. Source: `equal.go`, `notequal.go`,
//! `numeric.go` and `duration.go` in `pkg/engine/variables/operator`.

use super::operator::Order;
use crate::pattern::go_float;
use serde_json::Value;
use std::cmp::Ordering;
use tollgate_jmespath::{duration::Duration, quantity::Quantity, wildcard};

/// Whether `key` equals `value`; `None` where the key is null, for which neither `Equals` nor
/// `NotEquals` holds.
pub(crate) fn equals(key: &Value, value: &Value) -> Option<bool> {
    Some(match (key, value) {
        (Value::Null, _) => return None,
        (Value::Bool(key), value) => value.as_bool() == Some(*key),
        (Value::Number(key), Value::Number(value)) => key.as_f64() == value.as_f64(),
        (Value::Number(key), Value::String(value)) => {
            go_float(value).is_some_and(|it| Some(it) == key.as_f64())
        }
        (Value::String(key), value) => text_equals(key, value),
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => {
            same(key, value)
        }
        _ => false,
    })
}

fn text_equals(key: &str, value: &Value) -> bool {
    if let Some((key, value)) = durations(&Value::String(key.to_owned()), value) {
        return key.seconds() == value.seconds();
    }
    let Value::String(value) = value else {
        return false;
    };
    if let Ok(quantity) = Quantity::parse(key) {
        // Only `NotEquals` looks at an empty value first; a wildcard of nothing matches no quantity
        // either, so that both agree.
        return Quantity::parse(value).is_ok_and(|it| quantity.compare(&it).is_eq());
    }
    wildcard::matches(value, key)
}

/// Deep equality where every number is a float.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, a)| right.get(key).is_some_and(|b| same(a, b)))
        }
        (left, right) => left == right,
    }
}

/// Both as durations, if one at least is written as one (`0` alone is none); numbers are seconds.
fn durations(key: &Value, value: &Value) -> Option<(Duration, Duration)> {
    let written = |it: &Value| match it {
        Value::String(text) if text != "0" => Duration::parse(text).ok(),
        _ => None,
    };
    let (from_key, from_value) = (written(key), written(value));
    if from_key.is_none() && from_value.is_none() {
        return None;
    }
    Some((
        from_key.or_else(|| whole_seconds(key))?,
        from_value.or_else(|| whole_seconds(value))?,
    ))
}

/// A number of seconds; fractions are cut off, as `time.Duration(float)` does.
fn whole_seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64()?.trunc();
    Some(Duration((seconds as i64).saturating_mul(1_000_000_000)))
}

/// `GreaterThan` and its kin.
pub(crate) fn numeric(order: Order, key: &Value, value: &Value) -> bool {
    match key {
        Value::Number(number) => {
            number_against(order, number.as_f64().unwrap_or_default(), key, value)
        }
        Value::String(text) => text_against(order, text, key, value),
        _ => false,
    }
}

fn number_against(order: Order, number: f64, key: &Value, value: &Value) -> bool {
    let compare = |other: f64| number.partial_cmp(&other).is_some_and(|it| order.holds(it));
    match value {
        Value::Number(other) => other.as_f64().is_some_and(compare),
        Value::String(text) => match durations(key, value) {
            Some((key, value)) => order.holds(key.cmp(&value)),
            None => go_float(text).is_some_and(compare),
        },
        _ => false,
    }
}

fn text_against(order: Order, text: &str, key: &Value, value: &Value) -> bool {
    if let Some((key, value)) = durations(key, value) {
        return order.holds(key.cmp(&value));
    }
    if let Value::String(other) = value
        && let (Ok(key), Ok(value)) = (Quantity::parse(text), Quantity::parse(other))
    {
        return order.holds(key.compare(&value));
    }
    if let Some(number) = go_float(text) {
        let key = serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number);
        return number_against(order, number, &key, value);
    }
    if let Value::String(other) = value
        && let (Some(key), Some(value)) = (version(text), version(other))
    {
        return order.holds(compare_versions(&key, &value));
    }
    false
}

fn version(text: &str) -> Option<semver::Version> {
    semver::Version::parse(text).ok()
}

/// By SemVer's precedence, which leaves build metadata out.
fn compare_versions(left: &semver::Version, right: &semver::Version) -> Ordering {
    left.cmp_precedence(right)
}

/// `DurationGreaterThan` and its kin.
pub(crate) fn duration(order: Order, key: &Value, value: &Value) -> bool {
    let read = |it: &Value| match it {
        Value::String(text) => Duration::parse(text).ok(),
        Value::Number(_) => whole_seconds(it),
        _ => None,
    };
    match (read(key), read(value)) {
        (Some(key), Some(value)) => order.holds(key.cmp(&value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equality_by_type_of_key() {
        for (key, value) in [
            (json!("nginx"), json!("ngin?")),
            (json!("1h"), json!("60m")),
            (json!("1h"), json!(3600)),
            (json!("1Gi"), json!("1024Mi")),
            (json!(5), json!("5")),
            (json!(5), json!(5.0)),
            (json!(true), json!(true)),
            (json!([1, "a"]), json!([1.0, "a"])),
            (json!({"a": 1}), json!({"a": 1.0})),
        ] {
            assert_eq!(equals(&key, &value), Some(true), "{key} {value}");
        }
        for (key, value) in [
            (json!("ngin?"), json!("nginx")),
            (json!("5"), json!(5)),
            (json!("1Gi"), json!("*")),
            (json!("1Gi"), json!("")),
            (json!(true), json!("true")),
            (json!(["a", "b"]), json!(["b", "a"])),
            (json!({}), json!([])),
        ] {
            assert_eq!(equals(&key, &value), Some(false), "{key} {value}");
        }
        assert_eq!(equals(&json!(null), &json!(null)), None);
    }

    #[test]
    fn order() {
        let more = |key: Value, value: Value| numeric(Order::More, &key, &value);
        assert!(more(json!(5), json!("4.5")));
        assert!(more(json!("2h"), json!(60)));
        assert!(more(json!(7200), json!("1h")));
        assert!(more(json!("1Gi"), json!("1000Mi")));
        assert!(more(json!("5"), json!(4)));
        assert!(more(json!("1.10.0"), json!("1.9.0")));
        assert!(!more(json!("v1.10.0"), json!("v1.9.0")));
        assert!(!more(json!("word"), json!(1)));
        assert!(!more(json!(null), json!(1)));
        assert!(duration(Order::LessOrEqual, &json!("1m"), &json!(60)));
        assert!(!duration(Order::LessOrEqual, &json!("word"), &json!(60)));
    }
}

//! `In`, `AnyIn`, `AllIn` and their negations. Source: `in.go`, `notin.go`, `anyin.go`,
//! `anynotin.go`, `allin.go` and `allnotin.go` in `pkg/engine/variables/operator`.
//!
//! Everything is compared as text. `None` means that the value's type fits no operator, which then
//! does not hold, not even a negative one.

use crate::pattern;
use serde_json::Value;
use tollgate_jmespath::{gofmt, wildcard};

fn either_way(left: &str, right: &str) -> bool {
    wildcard::matches(left, right) || wildcard::matches(right, left)
}

fn text_of(scalar: &Value) -> Option<String> {
    match scalar {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(gofmt::sprint(scalar)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A JSON array of strings, where nulls count as empty strings; the text itself where it is not JSON.
fn listed(text: &str) -> Option<Vec<String>> {
    match serde_json::from_str::<Value>(text) {
        Err(_) => Some(vec![text.to_owned()]),
        Ok(value) => strings(value),
    }
}

fn strings(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => items
            .into_iter()
            .map(|it| match it {
                Value::String(text) => Some(text),
                Value::Null => Some(String::new()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn in_range(key: &str, range: &str) -> bool {
    pattern::scalar_matches(
        Some(&Value::String(key.to_owned())),
        &Value::String(range.to_owned()),
    )
}

/// Whether a single key is in the value, for `AnyIn` and `AllIn` (which agree on single keys).
fn one_in(key: &str, value: &Value) -> Option<bool> {
    match value {
        Value::Array(items) => Some(items.iter().any(|it| either_way(&gofmt::sprint(it), key))),
        Value::String(text) => {
            if wildcard::matches(text, key) {
                return Some(true);
            }
            if pattern::operator_of(text) == pattern::Operator::InRange {
                return Some(in_range(key, text));
            }
            Some(listed(text)?.iter().any(|it| it == key))
        }
        _ => None,
    }
}

enum Members {
    Range(String),
    List(Vec<String>),
    /// The only key is the value itself.
    Same,
}

fn members(keys: &[String], value: &Value, scalars: bool) -> Option<Members> {
    Some(match value {
        Value::Array(items) => Members::List(items.iter().map(gofmt::sprint).collect()),
        Value::Number(_) | Value::Bool(_) if scalars => Members::List(vec![gofmt::sprint(value)]),
        Value::String(text) => {
            if let [key] = keys
                && key == text
            {
                Members::Same
            } else if pattern::operator_of(text) == pattern::Operator::InRange {
                Members::Range(text.clone())
            } else {
                Members::List(listed(text)?)
            }
        }
        _ => return None,
    })
}

impl Members {
    fn has(&self, key: &str) -> bool {
        match self {
            Self::Same => true,
            Self::Range(range) => in_range(key, range),
            Self::List(list) => list.iter().any(|it| either_way(key, it)),
        }
    }
}

/// One of the four operators of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// `AnyIn`: some key is in the set.
    Some,
    /// `AllIn`: every key is.
    Every,
    /// `AnyNotIn`: some key is not.
    NotEvery,
    /// `AllNotIn`: no key is.
    None,
}

/// Whether `key` and `value` stand as the operator asks.
pub(crate) fn holds(set: Set, key: &Value, value: &Value) -> bool {
    let negative = matches!(set, Set::NotEvery | Set::None);
    let Value::Array(keys) = key else {
        return text_of(key)
            .and_then(|key| one_in(&key, value))
            .is_some_and(|found| found != negative);
    };
    let keys: Vec<String> = keys.iter().map(gofmt::sprint).collect();
    let scalars = matches!(set, Set::Some | Set::NotEvery);
    let Some(members) = members(&keys, value, scalars) else {
        return false;
    };
    match set {
        Set::Some => keys.iter().any(|it| members.has(it)),
        Set::Every => keys.iter().all(|it| members.has(it)),
        Set::None => !keys.iter().any(|it| members.has(it)),
        Set::NotEvery => match &members {
            // Outside of `1-5` is upstream's `1!-5`, which no word satisfies.
            Members::Range(range) => {
                let outside = range.replacen('-', "!-", 1);
                keys.iter().any(|it| in_range(it, &outside))
            }
            _ => keys.iter().any(|it| !members.has(it)),
        },
    }
}

/// The deprecated `In` (`negative` false) and `NotIn`. Lists of keys are compared without
/// wildcards; a key that is not a string, at which upstream panics, holds for neither.
pub(crate) fn deprecated(negative: bool, key: &Value, value: &Value) -> bool {
    let Value::Array(keys) = key else {
        return text_of(key)
            .and_then(|key| one_in_deprecated(&key, value))
            .is_some_and(|found| found != negative);
    };
    let Some(keys) = keys.iter().map(Value::as_str).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let set = match value {
        Value::Array(items) => items
            .iter()
            .map(|it| it.as_str().map(str::to_owned))
            .collect(),
        Value::String(text) => {
            if let [key] = keys.as_slice()
                && key == text
            {
                // Upstream's answer for both operators.
                return true;
            }
            serde_json::from_str(text).ok().and_then(strings)
        }
        _ => None,
    };
    set.is_some_and(|set: Vec<String>| {
        keys.iter().all(|key| set.iter().any(|it| it == key)) != negative
    })
}

fn one_in_deprecated(key: &str, value: &Value) -> Option<bool> {
    match value {
        Value::Array(_) => one_in(key, value),
        Value::String(text) => {
            if wildcard::matches(text, key) {
                return Some(true);
            }
            let list = strings(serde_json::from_str(text).ok()?)?;
            Some(list.iter().any(|it| it == key))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all(key: Value, value: Value) -> [bool; 4] {
        [Set::Some, Set::Every, Set::NotEvery, Set::None].map(|it| holds(it, &key, &value))
    }

    #[test]
    fn scalar_keys() {
        assert_eq!(
            all(json!("a"), json!(["a", "b"])),
            [true, true, false, false]
        );
        assert_eq!(all(json!("a*"), json!(["ab"])), [true, true, false, false]);
        assert_eq!(all(json!(5), json!("1-10")), [true, true, false, false]);
        assert_eq!(
            all(json!("a"), json!("[\"a\"]")),
            [true, true, false, false]
        );
        assert_eq!(all(json!("a"), json!("b")), [false, false, true, true]);
        // Not a set: no operator holds.
        assert_eq!(all(json!("a"), json!({})), [false; 4]);
        assert_eq!(all(json!("a"), json!("5")), [false; 4]);
        assert_eq!(all(json!(null), json!(["a"])), [false; 4]);
    }

    #[test]
    fn list_keys() {
        assert_eq!(
            all(json!(["a", "c"]), json!(["a"])),
            [true, false, true, false]
        );
        assert_eq!(all(json!([]), json!(["a"])), [false, true, false, true]);
        assert_eq!(
            all(json!([3, 30]), json!("1-10")),
            [true, false, true, false]
        );
        assert_eq!(all(json!(["a"]), json!("a")), [true, true, false, false]);
        assert_eq!(all(json!([5]), json!(5)), [true, false, false, false]);
    }

    #[test]
    fn deprecated_operators() {
        let both = |key: Value, value: Value| {
            (
                deprecated(false, &key, &value),
                deprecated(true, &key, &value),
            )
        };
        assert_eq!(both(json!("a"), json!(["a*"])), (true, false));
        assert_eq!(
            both(json!(["a", "b"]), json!(["a", "b", "c"])),
            (true, false)
        );
        assert_eq!(both(json!(["a", "d"]), json!(["a"])), (false, true));
        assert_eq!(both(json!(["a"]), json!("a")), (true, true));
        assert_eq!(both(json!("a"), json!("b")), (false, false));
    }
}

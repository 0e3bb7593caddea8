//! Leaves of patterns: operators, ranges, durations, quantities and wildcards. Source:
//! `pkg/engine/pattern/pattern.go` and `pkg/engine/operator/operator.go`.

use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;
use tollgate_jmespath::{duration::Duration, quantity::Quantity, wildcard};

/// What stands before the operand of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    MoreEqual,
    LessEqual,
    More,
    Less,
    NotEqual,
    InRange,
    NotInRange,
}

impl Operator {
    /// As it is written; empty for equality.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::MoreEqual => ">=",
            Self::LessEqual => "<=",
            Self::More => ">",
            Self::Less => "<",
            Self::NotEqual => "!",
            Self::InRange => "-",
            Self::NotInRange => "!-",
        }
    }
}

// `|` is a member of upstream's class `[-|\+]` as well.
static IN_RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| range(""));
static NOT_IN_RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| range("!"));

fn range(mark: &str) -> Option<Regex> {
    const END: &str = r"([-|+]?[0-9]+(?:\.[0-9]+)?[A-Za-z]*)";
    Regex::new(&format!("^{END}{mark}-{END}$")).ok()
}

fn ends<'a>(range: &LazyLock<Option<Regex>>, text: &'a str) -> Option<(&'a str, &'a str)> {
    let found = range.as_ref()?.captures(text)?;
    Some((found.get(1)?.as_str(), found.get(2)?.as_str()))
}

/// The operator of a term. Terms of one character have none.
pub(crate) fn operator_of(term: &str) -> Operator {
    if term.len() < 2 {
        return Operator::Equal;
    }
    for operator in [
        Operator::MoreEqual,
        Operator::LessEqual,
        Operator::More,
        Operator::Less,
        Operator::NotEqual,
    ] {
        if term.starts_with(operator.as_str()) {
            return operator;
        }
    }
    // Every range has a minus: most terms are told by that.
    if !term.contains('-') {
        Operator::Equal
    } else if ends(&NOT_IN_RANGE, term).is_some() {
        Operator::NotInRange
    } else if ends(&IN_RANGE, term).is_some() {
        Operator::InRange
    } else {
        Operator::Equal
    }
}

/// Whether a value satisfies a leaf of a pattern; `None` is a field that is not there.
pub(crate) fn scalar_matches(value: Option<&Value>, pattern: &Value) -> bool {
    match pattern {
        Value::Bool(pattern) => value.and_then(Value::as_bool) == Some(*pattern),
        Value::Number(pattern) => match value {
            Some(Value::Number(value)) => value.as_f64() == pattern.as_f64(),
            Some(Value::String(value)) => {
                // Whole numbers are whole to upstream as well: `5.0` is not `5`.
                if pattern.is_f64() {
                    go_float(value).is_some_and(|it| Some(it) == pattern.as_f64())
                } else {
                    value.parse().ok() == pattern.as_i64() && pattern.is_i64()
                }
            }
            _ => false,
        },
        Value::Null => match value {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::Number(value)) => value.as_f64() == Some(0.0),
            Some(Value::String(value)) => value.is_empty(),
            Some(_) => false,
        },
        Value::Object(_) => value.is_some_and(Value::is_object),
        Value::String(pattern) => string_pattern(value, pattern),
        Value::Array(_) => false,
    }
}

/// The pattern with every number as a float, as upstream has those of `anyPattern`: a text `5.0`
/// then equals the number 5.
pub(crate) fn with_floats(pattern: Value) -> Value {
    match pattern {
        Value::Number(number) => number
            .as_f64()
            .and_then(serde_json::Number::from_f64)
            .map_or(Value::Number(number), Value::Number),
        Value::Array(items) => items.into_iter().map(with_floats).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, with_floats(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// A number as Go's `strconv.ParseFloat` reads it, without hexadecimal floats and underscores.
pub(crate) fn go_float(text: &str) -> Option<f64> {
    // Rust also reads `infinity` and `nan` as Go does; both refuse blanks.
    text.parse().ok()
}

fn string_pattern(value: Option<&Value>, pattern: &str) -> bool {
    if value.and_then(Value::as_str) == Some(pattern) {
        return true;
    }
    pattern.split('|').any(|either| {
        either
            .trim_matches(' ')
            .split('&')
            .all(|term| term_matches(value, term.trim_matches(' ')))
    })
}

fn term_matches(value: Option<&Value>, term: &str) -> bool {
    match operator_of(term) {
        Operator::InRange => ends(&IN_RANGE, term).is_some_and(|(left, right)| {
            operand_matches(value, left, Operator::MoreEqual)
                && operand_matches(value, right, Operator::LessEqual)
        }),
        Operator::NotInRange => ends(&NOT_IN_RANGE, term).is_some_and(|(left, right)| {
            operand_matches(value, left, Operator::Less)
                || operand_matches(value, right, Operator::More)
        }),
        operator => operand_matches(value, term[operator.as_str().len()..].trim(), operator),
    }
}

fn operand_matches(value: Option<&Value>, operand: &str, operator: Operator) -> bool {
    let text = number_text(value);
    if let Some(text) = &text {
        if let (Ok(wanted), Ok(there)) = (Duration::parse(operand), Duration::parse(text)) {
            return holds(operator, there.cmp(&wanted));
        }
        if let (Ok(wanted), Ok(there)) = (Quantity::parse(operand), Quantity::parse(text)) {
            return holds(operator, there.compare(&wanted));
        }
    }
    let matched = match value {
        Some(Value::String(text)) => wildcard::matches(operand, text),
        Some(Value::Bool(it)) => wildcard::matches(operand, if *it { "true" } else { "false" }),
        Some(Value::Number(it)) => {
            wildcard::matches(operand, &exponent_text(it.as_f64().unwrap_or_default()))
        }
        // Not even `!` holds for what is not there.
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => return false,
    };
    match operator {
        Operator::Equal => matched,
        Operator::NotEqual => !matched,
        _ => false,
    }
}

fn holds(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::More => order.is_gt(),
        Operator::Less => order.is_lt(),
        Operator::MoreEqual => order.is_ge(),
        Operator::LessEqual => order.is_le(),
        Operator::InRange | Operator::NotInRange => false,
    }
}

/// The text that is compared as duration and quantity: null is `0`, floats have six digits.
fn number_text(value: Option<&Value>) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        None | Some(Value::Null) => Some("0".into()),
        Some(Value::String(text)) => Some(text.into()),
        Some(Value::Number(it)) => Some(format!("{:.6}", it.as_f64()?).into()),
        Some(_) => None,
    }
}

/// Go's `strconv.FormatFloat(value, 'E', -1, 64)`: `5E+00`, `1.5E-07`.
fn exponent_text(value: f64) -> String {
    let text = format!("{value:E}");
    let Some((digits, exponent)) = text.split_once('E') else {
        return text;
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    format!("{digits}E{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: Value, pattern: Value) -> bool {
        scalar_matches(Some(&value), &pattern)
    }

    #[test]
    fn types_of_patterns() {
        assert!(check(json!(true), json!(true)));
        assert!(!check(json!("true"), json!(true)));
        assert!(check(json!(5), json!(5.0)));
        assert!(check(json!("5"), json!(5)));
        assert!(!check(json!("5s"), json!(5)));
        assert!(!check(json!("5.0"), json!(5)));
        assert!(check(json!("5.0"), with_floats(json!(5))));
        for nothing in [json!(null), json!(""), json!(0), json!(0.0), json!(false)] {
            assert!(check(nothing, json!(null)));
        }
        assert!(scalar_matches(None, &json!(null)));
        assert!(!check(json!({}), json!(null)));
        assert!(!check(json!([]), json!(null)));
        assert!(check(json!({"a": 1}), json!({})));
        assert!(!check(json!("a"), json!(["a"])));
    }

    #[test]
    fn terms_are_or_of_and() {
        assert!(check(json!("b"), json!("a | b")));
        assert!(check(json!(6), json!(">5 & <7")));
        assert!(!check(json!(8), json!(">5 & <7 | 10")));
        assert!(check(json!(10), json!(">5 & <7 | 10")));
        // The whole pattern is first taken literally.
        assert!(check(json!("a | b"), json!("a | b")));
        // Nearly everything is one or the other.
        assert!(check(json!("a"), json!("!a | !b")));
    }

    #[test]
    fn quantities_and_durations() {
        assert!(check(json!("1024Mi"), json!("1Gi")));
        assert!(check(json!("500m"), json!("<= 1")));
        assert!(check(json!("1h"), json!(">= 3600s")));
        assert!(check(json!("90s"), json!("1m-2m")));
        assert!(check(json!(25), json!("10-30")));
        assert!(!check(json!(25), json!("10!-30")));
        assert!(check(json!(31), json!("10!-30")));
        assert!(!check(json!("word"), json!(">1")));
        assert!(scalar_matches(None, &json!("<1")));
    }

    #[test]
    fn words() {
        assert!(check(json!("nginx:1.2"), json!("nginx:*")));
        assert!(!check(json!("nginx:latest"), json!("!*:latest")));
        assert!(check(json!("nginx"), json!("!*:latest")));
        // Not even a negation holds for a field that is not there.
        assert!(!scalar_matches(None, &json!("!*:latest")));
        assert!(!scalar_matches(None, &json!("?*")));
        assert!(check(json!(true), json!("t*")));
        assert!(check(json!(5), json!("*E+00")));
        assert_eq!(exponent_text(1234.5), "1.2345E+03");
        assert_eq!(exponent_text(0.0), "0E+00");
    }
}

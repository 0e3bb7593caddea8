//! What a plain scalar means: go-yaml's tables, not YAML 1.2's.
//!
//! Sources: `go.yaml.in/yaml` v2 and v3 `resolve.go`; Go `strconv` (`ParseInt` with base 0).

use crate::{node::Tag, timestamp::Timestamp};
use std::borrow::Cow;

/// Which of Kubernetes' two readers is followed. Source: `go.yaml.in/yaml` v2 and v3 `resolve.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// kustomize's reader of resources (go-yaml v3): `yes`, `on` and `y` are strings.
    Kyaml,
    /// `sigs.k8s.io/yaml` (go-yaml v2), as kubectl, Kyverno and OPA read: `yes`, `on` and `y` are
    /// booleans, also as keys.
    Sigs,
}

/// What the plain text `text` means in `dialect`. [`Tag::Timestamp`] in both: go-yaml v2 knows
/// dates too, though its readers then keep the text.
pub fn resolve(text: &str, dialect: Dialect) -> Tag {
    let Some(first) = text.bytes().next() else {
        return Tag::Null;
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' => {
            if is_infinity(text) {
                Tag::Float
            } else if Timestamp::parse(text).is_some() {
                Tag::Timestamp
            } else {
                number(text, dialect)
            }
        }
        b'.' if is_infinity(text) || matches!(text, ".nan" | ".NaN" | ".NAN") => Tag::Float,
        b'.' if finite(text).is_some() => Tag::Float,
        b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'n' | b'N' | b'o' | b'O' | b'~' => {
            word(text, dialect)
        }
        _ => Tag::Str,
    }
}

fn word(text: &str, dialect: Dialect) -> Tag {
    match text {
        "~" | "null" | "Null" | "NULL" => Tag::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Tag::Bool,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO"
        | "off" | "Off" | "OFF"
            if dialect == Dialect::Sigs =>
        {
            Tag::Bool
        }
        _ => Tag::Str,
    }
}

fn is_infinity(text: &str) -> bool {
    matches!(
        text.strip_prefix(['-', '+']).unwrap_or(text),
        ".inf" | ".Inf" | ".INF"
    )
}

fn number(text: &str, dialect: Dialect) -> Tag {
    let plain = without_underscores(text);
    if integer(&plain).is_some() {
        return Tag::Int;
    }
    if finite(&plain).is_some() {
        return Tag::Float;
    }
    match late_integer(&plain) {
        Some((Radix::Binary, _)) => Tag::Int,
        Some((Radix::Octal, _)) if dialect == Dialect::Kyaml => Tag::Int,
        _ => Tag::Str,
    }
}

/// go-yaml allows `_` anywhere in a number.
pub(crate) fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// The value of an integer in any of go-yaml's notations (underscores already removed). Between
/// the smallest `i64` and the largest `u64`, as Go holds them.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (Some(-1), &text[1..]),
        b'+' => (Some(1), &text[1..]),
        _ => (None, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let value = magnitude(digits, radix)?;
    // With a sign Go reads an `i64`, without one also a `u64`.
    let max = if sign.is_some() {
        i128::from(i64::MAX)
    } else {
        i128::from(u64::MAX)
    };
    let value = value * sign.unwrap_or(1);
    (i128::from(i64::MIN)..=max)
        .contains(&value)
        .then_some(value)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Radix {
    Binary,
    Octal,
}

/// What go-yaml tries last: a sign *after* the prefix, `0b-11` and (v3) `0o-14`.
fn late_integer(text: &str) -> Option<(Radix, i128)> {
    let (radix, base, digits) = match text.as_bytes() {
        [b'0', b'b', ..] => (Radix::Binary, 2, &text[2..]),
        [b'0', b'o', ..] => (Radix::Octal, 8, &text[2..]),
        _ => return None,
    };
    let (sign, digits) = match digits.as_bytes().first()? {
        b'-' => (-1, &digits[1..]),
        b'+' => (1, &digits[1..]),
        _ => return None,
    };
    let value = magnitude(digits, base)? * sign;
    i64::try_from(value).ok()?;
    Some((radix, value))
}

fn magnitude(digits: &str, radix: u32) -> Option<i128> {
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return None;
    }
    i128::from_str_radix(digits, radix).ok()
}

/// The value of a scalar that was resolved to [`Tag::Int`].
pub(crate) fn integer_value(text: &str) -> Option<i128> {
    let plain = without_underscores(text);
    integer(&plain).or_else(|| late_integer(&plain).map(|(_, value)| value))
}

/// A decimal float that a double can hold (underscores already removed): go-yaml's
/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
pub(crate) fn finite(text: &str) -> Option<f64> {
    if !is_float(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|it| it.is_finite())
}

fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits(rest);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let (exponent, rest) = digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
            !exponent.is_empty() && rest.is_empty()
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|it| !it.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// YAML 1.1's base 60 (`12:30:45`), which go-yaml v2 reads as text and quotes nevertheless:
/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`.
pub(crate) fn is_sexagesimal(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let is_digit_or_underscore = |it: u8| it.is_ascii_digit() || it == b'_';
    let mut parts = rest.split(':');
    let first = parts.next().unwrap_or_default();
    if !first.starts_with(|it: char| it.is_ascii_digit())
        || !first.bytes().all(is_digit_or_underscore)
        || !fraction.bytes().all(is_digit_or_underscore)
    {
        return false;
    }
    let mut further = 0;
    for part in parts {
        further += 1;
        if !matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']) {
            return false;
        }
    }
    further > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> (Tag, Tag) {
        (resolve(text, Dialect::Kyaml), resolve(text, Dialect::Sigs))
    }

    #[test]
    fn the_dialects_differ_in_words_and_in_signed_octals() {
        for text in ["yes", "No", "ON", "off", "y", "N"] {
            assert_eq!(both(text), (Tag::Str, Tag::Bool), "{text}");
        }
        assert_eq!(both("0o-7"), (Tag::Int, Tag::Str));
        for text in [
            "oN", "yEs", "tRUE", "nULL", "<<", "=", "e1", "0x", "1e", "_1", ".", "-",
        ] {
            assert_eq!(both(text), (Tag::Str, Tag::Str), "{text}");
        }
    }

    #[test]
    fn numbers_in_every_notation() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+1", 1),
            ("1_000", 1000),
            ("0x1F", 31),
            ("0X1f", 31),
            ("-0x10", -16),
            ("0o14", 12),
            ("0644", 420),
            ("-0644", -420),
            ("0b11", 3),
            ("-0b11", -3),
            ("0b-11", -3),
            ("9223372036854775808", 1 << 63),
            ("18446744073709551615", (1 << 64) - 1),
            ("-9223372036854775808", -(1 << 63)),
        ] {
            assert_eq!(both(text), (Tag::Int, Tag::Int), "{text}");
            assert_eq!(integer_value(text), Some(value), "{text}");
        }
        for text in [
            "1.0",
            "1.",
            ".5",
            "-.5",
            "+.5",
            "1e3",
            "1E+3",
            "08",
            "0888",
            "09.5",
            "1_0.5",
            "18446744073709551616",
            "+9223372036854775808",
            ".inf",
            "-.INF",
            "+.Inf",
            ".nan",
        ] {
            assert_eq!(both(text), (Tag::Float, Tag::Float), "{text}");
        }
        for text in ["1e400", "123e4567", "+.nan", "1.2.3", "._5", "12:30", "1d"] {
            assert_eq!(both(text), (Tag::Str, Tag::Str), "{text}");
        }
    }

    #[test]
    fn base_60_is_text_that_looks_like_a_number() {
        for text in ["12:30", "190:20:30", "-1:5", "1_0:30:45.5", "1:30."] {
            assert!(is_sexagesimal(text), "{text}");
        }
        for text in [
            "12",
            "12:60",
            ":30",
            "12:",
            "12:3a",
            "12:30.5:1",
            "_1:2",
            "1.5",
        ] {
            assert!(!is_sexagesimal(text), "{text}");
        }
    }
}

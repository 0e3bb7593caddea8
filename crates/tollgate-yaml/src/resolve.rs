//! What a plain scalar means: go-yaml's tables, not YAML 1.2's.

use crate::node::Tag;

/// Which of Kubernetes' two readers is followed. Source: `go.yaml.in/yaml` v2 and v3 `resolve.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// kustomize's reader of resources (go-yaml v3): `yes`, `on` and `y` are strings.
    Kyaml,
    /// `sigs.k8s.io/yaml` (go-yaml v2), as kubectl, Kyverno and OPA read: `yes`, `on` and `y` are
    /// booleans, also as keys.
    Sigs,
}

/// What the plain text `text` means in `dialect`.
pub(crate) fn resolve(text: &str, dialect: Dialect) -> Tag {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Tag::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Tag::Bool,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO"
        | "off" | "Off" | "OFF" => {
            return match dialect {
                Dialect::Kyaml => Tag::Str,
                Dialect::Sigs => Tag::Bool,
            };
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => return Tag::Float,
        _ => {}
    }
    match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        _ => Tag::Str,
    }
}

fn number(text: &str) -> Tag {
    let plain = text.replace('_', "");
    if integer(&plain).is_some() {
        return Tag::Int;
    }
    if is_float(&plain) && plain.parse::<f64>().is_ok_and(f64::is_finite) {
        return Tag::Float;
    }
    Tag::Str
}

/// The value of an integer in any of go-yaml's notations (underscores already removed).
pub(crate) fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()? * sign;
    (i128::from(i64::MIN)..=i128::from(u64::MAX))
        .contains(&value)
        .then_some(value)
}

/// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = rest.trim_start_matches(|it: char| it.is_ascii_digit());
    let had_whole = whole.len() < rest.len();
    let rest = match whole.strip_prefix('.') {
        None => whole,
        Some(fraction) => {
            let after = fraction.trim_start_matches(|it: char| it.is_ascii_digit());
            if !had_whole && after.len() == fraction.len() {
                return false;
            }
            after
        }
    };
    if !had_whole && rest.len() == whole.len() {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit())
        }
    }
}

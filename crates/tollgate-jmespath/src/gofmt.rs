//! How Go prints values: `fmt.Sprint`, `strconv.FormatFloat` and `encoding/json`.
//!
//! Every JSON number is a float64 to Kyverno, so that its text forms follow from these functions.

use serde_json::Value;
use std::fmt::Write as _;

/// A float as `fmt.Sprint` (`%v`) prints it: exponent form below 1e-4 and from a million (`1e+06`) on.
pub fn sprint_float(value: f64) -> String {
    if let Some(text) = not_finite(value) {
        return text.to_owned();
    }
    let (negative, digits, exponent) = shortest(value);
    if !(-4..6).contains(&exponent) {
        return exponent_form(negative, &digits, exponent);
    }
    format!("{value}")
}

/// A float in plain decimal form, never with an exponent (`%f` with the shortest precision).
pub fn plain_float(value: f64) -> String {
    not_finite(value).map_or_else(|| format!("{value}"), str::to_owned)
}

/// A float printed through float32, as Kyverno turns numbers into strings (`ifaceToString` in `functions.go`).
pub fn plain_float32(value: f64) -> String {
    let value = value as f32;
    not_finite(f64::from(value)).map_or_else(|| format!("{value}"), str::to_owned)
}

/// A value as `fmt.Sprint` prints it after JSON decoding: `map[a:1 b:<nil>]`, `[1 x]`, `1e+06`.
pub fn sprint(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Number(it) => sprint_float(it.as_f64().unwrap_or(f64::NAN)),
        Value::String(it) => it.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sprint).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let items: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", sprint(value)))
                .collect();
            format!("map[{}]", items.join(" "))
        }
    }
}

/// A value as `encoding/json` writes it: no blanks, sorted keys, `<`, `>` and `&` escaped.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        Value::Number(it) => out.push_str(&json_float(it.as_f64().unwrap_or(0.0))),
        Value::String(it) => write_json_string(it, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json_string(key, out);
                out.push(':');
                write_json(value, out);
            }
            out.push('}');
        }
    }
}

/// A float as `encoding/json` writes it: exponent form below 1e-6 and from 1e21 on.
pub fn json_float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let (negative, digits, exponent) = shortest(value);
        let text = exponent_form(negative, &digits, exponent);
        return text.replace("e-0", "e-");
    }
    format!("{value}")
}

/// Append a string in `encoding/json`'s escaping.
pub fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn not_finite(value: f64) -> Option<&'static str> {
    match value {
        it if it.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// Sign, shortest digits, and the decimal exponent of the first digit.
fn shortest(value: f64) -> (bool, String, i32) {
    let text = format!("{:e}", value.abs());
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (
        value.is_sign_negative(),
        digits.replace('.', ""),
        exponent.parse().unwrap_or(0),
    )
}

fn exponent_form(negative: bool, digits: &str, exponent: i32) -> String {
    let sign = if negative { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!(
        "{sign}{first}{point}{rest}e{direction}{:02}",
        exponent.abs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn floats() {
        for (number, sprint, json) in [
            (0.0, "0", "0"),
            (1.0, "1", "1"),
            (-1.5, "-1.5", "-1.5"),
            (99_999.0, "99999", "99999"),
            (100_000.0, "100000", "100000"),
            (999_999.5, "999999.5", "999999.5"),
            (1_000_000.0, "1e+06", "1000000"),
            (123_456_789.0, "1.23456789e+08", "123456789"),
            (0.0001, "0.0001", "0.0001"),
            (0.000_01, "1e-05", "0.00001"),
            (1e-7, "1e-07", "1e-7"),
            (1e21, "1e+21", "1e+21"),
            (1.5e100, "1.5e+100", "1.5e+100"),
        ] {
            assert_eq!(sprint_float(number), sprint);
            assert_eq!(json_float(number), json);
        }
        assert_eq!(plain_float32(16_777_217.0), "16777216");
        assert_eq!(plain_float32(1.1), "1.1");
        assert_eq!(plain_float32(1e300), "+Inf");
    }

    #[test]
    fn composites() {
        let it = value!({"b": [1, "x", null], "a": "<&>\u{1}"});
        assert_eq!(
            json(&it),
            r#"{"a":"\u003c\u0026\u003e\u0001","b":[1,"x",null]}"#
        );
        assert_eq!(sprint(&it), "map[a:<&>\u{1} b:[1 x <nil>]]");
    }
}

//! JSON as Go's `encoding/json` prints it: keys sorted, `<`, `>` and `&` escaped, doubles without
//! exponent between 1e-6 and 1e21.

use serde_json::Value as Json;
use std::fmt::Write as _;

/// On one line, without blanks.
pub(crate) fn compact(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value, None);
    out
}

/// On many lines, indented by two blanks.
pub(crate) fn indented(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value, Some(0));
    out
}

/// `indent` is the depth where lines are broken.
fn write(out: &mut String, value: &Json, indent: Option<usize>) {
    let line = |out: &mut String, depth: usize| {
        if indent.is_some() {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    let depth = indent.unwrap_or(0);
    let inner = indent.map(|it| it + 1);
    match value {
        Json::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                write(out, item, inner);
            }
            line(out, depth);
            out.push(']');
        }
        Json::Object(map) if !map.is_empty() => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                write_string(out, key);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(out, value, inner);
            }
            line(out, depth);
            out.push('}');
        }
        Json::String(text) => write_string(out, text),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(double) => out.push_str(&go_double(double)),
            None => {
                let _ = write!(out, "{number}");
            }
        },
        Json::Null => out.push_str("null"),
        Json::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        Json::Array(_) => out.push_str("[]"),
        Json::Object(_) => out.push_str("{}"),
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn go_double(value: f64) -> String {
    if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => {
                format!("{mantissa}e+{exponent}")
            }
            _ => text,
        };
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_spelled_as_go_spells_them() {
        let value = json!({"b": "<\u{1}\t\u{2028}é>", "a": [1.5, 1e-7, 1e21, 1e20, {}], "c": []});
        assert_eq!(
            compact(&value),
            r#"{"a":[1.5,1e-7,1e+21,100000000000000000000,{}],"b":"\u003c\u0001\t\u2028é\u003e","c":[]}"#
        );
        assert_eq!(indented(&json!({"a": [1]})), "{\n  \"a\": [\n    1\n  ]\n}");
    }
}

//! `$(NAME)` in text. Semantics: kustomize `api/filters/refvar/expand.go`.

use super::VarValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_yaml::{Node, Origin, Scalar, Span, Tag, Value};

/// Replace the variables in a text; anything else stays.
pub(super) fn expand<'a>(
    node: &mut Node,
    values: &BTreeMap<&'a str, VarValue>,
    used: &mut BTreeSet<&'a str>,
) {
    let Some(text) = node.as_str().filter(|it| it.contains('$')) else {
        return;
    };
    let mut by = None;
    let mut look_up = |name: &str| {
        let (name, value) = values.get_key_value(name)?;
        let scalar = value.scalar.clone()?;
        used.insert(name);
        by = Some(value.span);
        Some(scalar)
    };
    let new = expanded(text, &mut look_up);
    let origin = by.map_or(node.origin, |by: Span| node.origin.replaced_by(by));
    write(node, new, origin);
}

fn write(node: &mut Node, scalar: Scalar, origin: Origin) {
    *node = Node::new(Value::Scalar(scalar), origin);
}

/// The text with variables replaced. A text that is one variable and nothing else takes the type
/// of what it stands for.
fn expanded(text: &str, look_up: &mut impl FnMut(&str) -> Option<Scalar>) -> Scalar {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Looked for once only: a text of nothing but openings must not take quadratic time.
    let last_closer = text.rfind(')');
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let Some(next) = after.chars().next() else {
            rest = "$";
            break;
        };
        let from = text.len() - after.len();
        let end = match next {
            '(' if last_closer.is_some_and(|it| it >= from) => after.find(')'),
            _ => None,
        };
        match (next, end) {
            // `$$` is a dollar sign.
            ('$', _) => {
                out.push('$');
                rest = &after[1..];
            }
            (_, Some(end)) => {
                let name = &after[1..end];
                match look_up(name) {
                    Some(scalar) if text.len() == end + 2 => return scalar,
                    Some(scalar) => out.push_str(&in_text(&scalar)),
                    None => {
                        out.push_str("$(");
                        out.push_str(name);
                        out.push(')');
                    }
                }
                rest = &after[end + 1..];
            }
            _ => {
                out.push('$');
                out.push(next);
                rest = &after[next.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    Scalar {
        text: Arc::from(out),
        tag: Tag::Str,
        style: tollgate_yaml::Style::Plain,
    }
}

/// A value in the middle of text, as Go's `%v` prints it: numbers far from 1 with an exponent.
fn in_text(scalar: &Scalar) -> Cow<'_, str> {
    let number = scalar.text.parse::<f64>().ok();
    match number.filter(|_| scalar.tag == Tag::Float) {
        Some(it) if it != 0.0 && !(1e-4..1e21).contains(&it.abs()) => {
            let text = format!("{it:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            Cow::Owned(format!("{digits}e{sign}{exponent:0>2}"))
        }
        _ => Cow::Borrowed(&scalar.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_vars(text: &str) -> (String, Tag) {
        let mut look_up = |name: &str| match name {
            "SMALL" => Some(Scalar {
                text: Arc::from("0.00000012"),
                tag: Tag::Float,
                style: tollgate_yaml::Style::Plain,
            }),
            "A" => Some(Scalar::string("a")),
            "EMPTY" => Some(Scalar::string("")),
            "N" => Some(Scalar {
                text: Arc::from("5"),
                tag: Tag::Int,
                style: tollgate_yaml::Style::Plain,
            }),
            _ => None,
        };
        let scalar = expanded(text, &mut look_up);
        (scalar.text.to_string(), scalar.tag)
    }

    #[test]
    fn variables_are_replaced_in_text() {
        for (text, expected) in [
            ("$(A)", "a"),
            ("x-$(A)-$(N)", "x-a-5"),
            ("$(EMPTY)", ""),
            ("$(UNKNOWN)", "$(UNKNOWN)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$a"),
            ("$$$$(A)", "$$(A)"),
            ("$(A", "$(A"),
            ("$(A)$", "a$"),
            ("${A}", "${A}"),
            ("$é", "$é"),
            ("x$(SMALL)", "x1.2e-07"),
            ("$(SMALL)", "0.00000012"),
            ("$($(A))", "$($(A))"),
            ("", ""),
        ] {
            assert_eq!(with_vars(text).0, expected, "{text}");
        }
    }

    #[test]
    fn a_lone_variable_keeps_its_type() {
        assert_eq!(with_vars("$(N)"), ("5".to_owned(), Tag::Int));
        assert_eq!(with_vars("$(N) "), ("5 ".to_owned(), Tag::Str));
    }
}

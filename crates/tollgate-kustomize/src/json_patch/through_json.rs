//! What becomes of a tree that is written as JSON and read back by kustomize.

use crate::{error::BuildError, kustomization::key_text};
use serde_json::Number;
use std::{borrow::Cow, sync::Arc};
use tollgate_yaml::{
    Dialect, Key, Node, Scalar, Span, Style, Tag, Value, go_number, resolve, through_folded,
};

/// Bring a tree into the form that it has after JSON: numbers are doubles as Go prints them, times
/// and binary data are text. Keys of inner maps that are no text cannot be written.
pub(super) fn normalise(node: &mut Node) -> Result<(), BuildError> {
    walk(
        node,
        &|key, depth| {
            if depth > 0 && key.tag != Tag::Str {
                return Err(BuildError::new(
                    key.origin.edit_here(),
                    format!("the key `{}` is not text", key.text),
                )
                .help("put it in quotes"));
            }
            Ok(())
        },
        0,
    )
}

/// A value of a patch in the same form. Patches are read by another reader, which turns every key
/// into text.
pub(super) fn value(node: &Node) -> Result<Node, BuildError> {
    let mut node = node.clone();
    keep_times(&mut node);
    walk(
        &mut node,
        &|key, _| {
            if key.tag != Tag::Str {
                key.text = Arc::from(key_text(key));
            }
            Ok(())
        },
        0,
    )?;
    Ok(node)
}

/// The reader of patches keeps times as they are written, and folded text as it reads.
fn keep_times(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) => {
            if scalar.tag == Tag::Timestamp {
                scalar.tag = Tag::Str;
            }
            if scalar.style == Style::Folded {
                scalar.style = Style::Literal;
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(keep_times),
        Value::Mapping(map) => map.iter_mut().for_each(|it| keep_times(&mut it.value)),
    }
}

type KeyRule<'a> = &'a dyn Fn(&mut Key, usize) -> Result<(), BuildError>;

fn walk(node: &mut Node, on_key: KeyRule<'_>, depth: usize) -> Result<(), BuildError> {
    let span = node.span();
    match &mut node.value {
        Value::Scalar(scalar) => scalar_through_json(scalar, span)?,
        Value::Sequence(items) => {
            for item in items {
                walk(item, on_key, depth + 1)?;
            }
        }
        Value::Mapping(map) => {
            for entry in map.iter_mut() {
                on_key(&mut entry.key, depth)?;
                entry.key.tag = Tag::Str;
                walk(&mut entry.value, on_key, depth + 1)?;
            }
        }
    }
    Ok(())
}

fn scalar_through_json(scalar: &mut Scalar, span: Span) -> Result<(), BuildError> {
    match scalar.tag {
        Tag::Null => *scalar = Scalar::null(),
        Tag::Bool => {
            let text = if scalar.is_true() { "true" } else { "false" };
            scalar.text = Arc::from(text);
            scalar.style = Style::Plain;
        }
        Tag::Int | Tag::Float => {
            let double = scalar
                .number()
                .and_then(|it| Number::from_f64(it.as_f64()?))
                .ok_or_else(|| {
                    BuildError::new(span, format!("`{}` does not fit into JSON", scalar.text))
                })?;
            let text = go_number(&double);
            let text = text.strip_suffix(".0").map_or(&*text, |it| it);
            if text != &*scalar.text {
                scalar.text = Arc::from(text);
            }
            scalar.tag = resolve(&scalar.text, Dialect::Kyaml);
            scalar.style = Style::Plain;
        }
        Tag::Timestamp | Tag::Binary => {
            let as_json = Node::new(
                Value::Scalar(scalar.clone()),
                tollgate_yaml::Origin::Authored(span),
            )
            .to_json()?;
            *scalar = Scalar::string(as_json.as_str().unwrap_or_default());
            scalar.style = printed_style(&scalar.text);
        }
        Tag::Str => {
            if scalar.style == Style::Folded
                && let Cow::Owned(text) = through_folded(&scalar.text)
            {
                scalar.text = Arc::from(text);
            }
            scalar.style = printed_style(&scalar.text);
        }
    }
    Ok(())
}

/// The style in which go-yaml v3 prints text; later merges keep it.
fn printed_style(text: &str) -> Style {
    if text.contains('\n') {
        Style::Literal
    } else if text.is_empty() || resolve(text, Dialect::Sigs) != Tag::Str {
        Style::DoubleQuoted
    } else {
        Style::Plain
    }
}

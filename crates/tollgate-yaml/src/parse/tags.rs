//! What a scalar means, with and without a tag. Sources: `go.yaml.in/yaml` v2 and v3 `resolve.go`
//! and `decode.go` (`scalar`).

use crate::{
    binary,
    node::{Style, Tag},
    resolve::{Dialect, integer_value, resolve},
    timestamp::Timestamp,
};
use std::borrow::Cow;

/// The tags of the YAML core types; everything else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Explicit {
    Scalar(Tag),
    Merge,
    Map,
    Seq,
}

/// The tag that was written, if go-yaml has a meaning for it.
pub(super) fn explicit(tag: &granit_parser::Tag) -> Option<Explicit> {
    let name = tag.suffix_in_namespace("tag:yaml.org,2002:")?;
    Some(match &*name {
        "null" => Explicit::Scalar(Tag::Null),
        "bool" => Explicit::Scalar(Tag::Bool),
        "int" => Explicit::Scalar(Tag::Int),
        "float" => Explicit::Scalar(Tag::Float),
        "str" => Explicit::Scalar(Tag::Str),
        "timestamp" => Explicit::Scalar(Tag::Timestamp),
        "binary" => Explicit::Scalar(Tag::Binary),
        "merge" => Explicit::Merge,
        "map" => Explicit::Map,
        "seq" => Explicit::Seq,
        _ => return None,
    })
}

/// The tag as a person writes it.
pub(super) fn spelled(tag: &granit_parser::Tag) -> String {
    let (handle, suffix) = tag.parts();
    let whole = format!("{handle}{suffix}");
    match whole.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => whole,
    }
}

/// What a scalar without a tag means.
pub(super) fn implied(text: &str, style: Style, dialect: Dialect) -> Tag {
    if style != Style::Plain {
        return Tag::Str;
    }
    match (resolve(text, dialect), dialect) {
        // go-yaml v2 knows that it is a date and hands out the text nevertheless.
        (Tag::Timestamp, Dialect::Sigs) => Tag::Str,
        (tag, _) => tag,
    }
}

/// The style that is remembered: only kustomize prints folded text in its own style.
pub(super) fn settled(style: Style, dialect: Dialect) -> Style {
    match (style, dialect) {
        (Style::Folded, Dialect::Sigs) => Style::Literal,
        _ => style,
    }
}

/// What a scalar with `wanted` as its tag means; `None` if its text is nothing of the kind.
pub(super) fn tagged(text: &str, wanted: Tag, dialect: Dialect) -> Option<Tag> {
    let is_fitting = match wanted {
        Tag::Str => true,
        Tag::Binary => binary::decode(text).is_some(),
        Tag::Timestamp => Timestamp::parse(text).is_some(),
        Tag::Float => match resolve(text, dialect) {
            Tag::Float => true,
            Tag::Int => integer_value(text).is_some_and(|it| i64::try_from(it).is_ok()),
            _ => false,
        },
        Tag::Null | Tag::Bool | Tag::Int => resolve(text, dialect) == wanted,
    };
    match (is_fitting, wanted, dialect) {
        (false, ..) => None,
        (true, Tag::Timestamp, Dialect::Sigs) => Some(Tag::Str),
        (true, ..) => Some(wanted),
    }
}

/// The text of a key once `sigs.k8s.io/yaml` has made a string of it; `None` where it refuses.
/// Source: `convertToJSONableObject` in its `yaml.go`.
pub(super) fn sigs_key(text: &str, tag: Tag) -> Option<Cow<'_, str>> {
    match tag {
        Tag::Str | Tag::Timestamp => Some(Cow::Borrowed(text)),
        Tag::Bool => Some(Cow::Borrowed(match text.as_bytes() {
            [b't' | b'T' | b'y' | b'Y', ..] => "true",
            [b'o' | b'O', b'n' | b'N'] => "true",
            _ => "false",
        })),
        // The largest integers are unsigned in Go, and it has no case for those.
        Tag::Int => {
            let value = i64::try_from(integer_value(text)?).ok()?;
            Some(Cow::Owned(value.to_string()))
        }
        Tag::Float => Some(Cow::Owned(crate::json::go_float_key(text))),
        Tag::Null | Tag::Binary => None,
    }
}

//! Holds a resource against a pattern. Source: `pkg/engine/validate/validate.go` and
//! `pkg/engine/anchor/handlers.go`.
//!
//! Upstream tells skips from failures by words in error messages. Here they are told by type, so
//! that no text of a resource can turn a failure into a skip.

use super::{
    anchor::{Anchor, Modifier},
    metadata, scalar,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tollgate_jmespath::gofmt;
use tollgate_yaml::{FieldPath, Step};

/// Why a resource does not match a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mismatch {
    /// An anchor says that the pattern is not meant for this resource.
    Skip { message: String },
    /// The resource violates the pattern.
    Fail {
        message: String,
        /// Kyverno's notation of the place: `/spec/containers/0/image/`.
        path: String,
        /// The place below what was matched.
        at: FieldPath,
    },
    /// The pattern cannot be judged on this resource.
    Error { message: String },
}

/// Match `resource` against `pattern`.
///
/// # Errors
/// What kept it from matching.
pub(crate) fn match_pattern(resource: &Value, pattern: &Value) -> Result<(), Mismatch> {
    let mut anchors = AnchorKeys::default();
    let Err(failure) = element(Some(resource), pattern, &Path::Root, &mut anchors) else {
        return Ok(());
    };
    if failure.kind.skips() {
        return Err(Mismatch::Skip {
            message: failure.message,
        });
    }
    match failure.place {
        Some((path, at)) if failure.kind == Kind::Negation || !anchors.some_are_missing() => {
            Err(Mismatch::Fail {
                message: failure.message,
                path,
                at,
            })
        }
        _ => Err(Mismatch::Error {
            message: failure.message,
        }),
    }
}

/// A place on the way down, linked to where it came from.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn steps(&self) -> Vec<Step> {
        match self {
            Self::Root => Vec::new(),
            Self::Key(parent, key) => {
                let mut steps = parent.steps();
                steps.push(Step::Key((*key).into()));
                steps
            }
            Self::Index(parent, index) => {
                let mut steps = parent.steps();
                steps.push(Step::Index(*index));
                steps
            }
        }
    }

    fn place(&self) -> (String, FieldPath) {
        let at = FieldPath(self.steps());
        (slashes(&at), at)
    }
}

fn slashes(path: &FieldPath) -> String {
    let mut text = "/".to_owned();
    for step in &path.0 {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Key(key) => write!(text, "{key}/"),
            Step::Index(index) => write!(text, "{index}/"),
        };
    }
    text
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Conditional,
    Global,
    Negation,
    /// Everything below was skipped.
    Skipped,
}

impl Kind {
    fn skips(self) -> bool {
        matches!(self, Self::Conditional | Self::Global | Self::Skipped)
    }
}

struct Failure {
    kind: Kind,
    message: String,
    /// Kyverno's text and the path; `None` where upstream loses it.
    place: Option<(String, FieldPath)>,
}

impl Failure {
    fn plain(path: &Path<'_>, message: impl FnOnce(&str) -> String) -> Self {
        let place = path.place();
        Self {
            kind: Kind::Plain,
            message: message(&place.0),
            place: Some(place),
        }
    }

    fn skipped(path: &Path<'_>, all: &[Self]) -> Self {
        let messages: Vec<_> = all.iter().map(|it| it.message.as_str()).collect();
        Self {
            kind: Kind::Skipped,
            message: messages.join("; "),
            place: Some(path.place()),
        }
    }
}

/// For each `( )`, `^( )` and `X( )` key of the pattern: whether the resource ever had it.
#[derive(Default)]
struct AnchorKeys(BTreeMap<String, bool>);

impl AnchorKeys {
    fn look(&mut self, pattern: &Map<String, Value>, resource: &Map<String, Value>) {
        for key in pattern.keys() {
            let Some(anchor) = Anchor::parse(key) else {
                continue;
            };
            if matches!(
                anchor.modifier,
                Modifier::Condition | Modifier::Existence | Modifier::Negation
            ) {
                *self.0.entry(key.clone()).or_default() |= resource.contains_key(anchor.key);
            }
        }
    }

    fn some_are_missing(&self) -> bool {
        self.0.iter().any(|(key, found)| {
            !found && Anchor::parse(key).is_none_or(|it| it.modifier != Modifier::Negation)
        })
    }
}

type Walked = Result<(), Failure>;

fn element(
    resource: Option<&Value>,
    pattern: &Value,
    path: &Path<'_>,
    anchors: &mut AnchorKeys,
) -> Walked {
    match pattern {
        Value::Object(wanted) => {
            let Some(Value::Object(there)) = resource else {
                return Err(Failure::plain(path, |place| {
                    format!(
                        "pattern and resource have different structures. Path: {place}. Expected a map, found {}",
                        type_name(resource)
                    )
                }));
            };
            anchors.look(wanted, there);
            map(there, wanted, path, anchors)
        }
        Value::Array(wanted) => {
            let Some(Value::Array(there)) = resource else {
                return Err(Failure::plain(path, |place| {
                    format!(
                        "validation rule failed at path {place}, resource does not satisfy the expected overlay pattern"
                    )
                }));
            };
            array(there, wanted, path, anchors)
        }
        leaf => {
            let matches = match resource {
                Some(Value::Array(items)) => items
                    .iter()
                    .all(|it| scalar::scalar_matches(Some(it), leaf)),
                other => scalar::scalar_matches(other, leaf),
            };
            if matches {
                return Ok(());
            }
            Err(Failure::plain(path, |place| {
                format!(
                    "resource value '{}' does not match '{}' at path {place}",
                    gofmt::sprint(resource.unwrap_or(&Value::Null)),
                    gofmt::sprint(leaf)
                )
            }))
        }
    }
}

fn map(
    there: &Map<String, Value>,
    wanted: &Map<String, Value>,
    path: &Path<'_>,
    keys: &mut AnchorKeys,
) -> Walked {
    let wanted = metadata::expand(wanted, there);
    let (mut anchored, mut plain) = (Vec::new(), Vec::new());
    for (key, value) in wanted.iter() {
        match Anchor::parse(key) {
            Some(anchor) if is_first(anchor) => anchored.push((key, anchor, value)),
            _ => plain.push((key, value)),
        }
    }
    anchored.sort_unstable_by_key(|it| it.0);
    plain.sort_unstable_by_key(|it| it.0);

    let mut skips: Vec<Failure> = Vec::new();
    let mut applied = 0;
    // An anchor of this very map said no: then other failures of its anchors don't count.
    let direct = |skips: &[Failure]| skips.iter().any(|it| it.kind != Kind::Skipped);
    for (_, anchor, value) in anchored {
        match anchored_key(there, anchor, value, path, keys) {
            Ok(()) => applied += 1,
            Err(failure) if failure.kind.skips() => skips.push(failure),
            Err(failure) if !direct(&skips) => return Err(failure),
            Err(_) => {}
        }
    }
    if !skips.is_empty() && (applied == 0 || direct(&skips)) {
        return Err(Failure::skipped(path, &skips));
    }

    // Global anchors and what holds anchors goes first, the last of them foremost.
    let (first, rest): (Vec<_>, Vec<_>) = plain
        .into_iter()
        .partition(|(key, value)| is_global(key) || has_anchors(value));
    for (key, value) in first.into_iter().rev().chain(rest) {
        match Anchor::parse(key) {
            Some(anchor) if anchor.modifier == Modifier::Global => {
                anchored_key(there, anchor, value, path, keys)?;
            }
            _ => plain_key(there, key, value, path, keys)?,
        }
    }
    Ok(())
}

fn is_first(anchor: Anchor<'_>) -> bool {
    matches!(
        anchor.modifier,
        Modifier::Condition | Modifier::Existence | Modifier::Equality | Modifier::Negation
    )
}

fn is_global(key: &str) -> bool {
    Anchor::parse(key).is_some_and(|it| it.modifier == Modifier::Global)
}

fn has_anchors(pattern: &Value) -> bool {
    match pattern {
        Value::Object(map) => {
            map.keys().any(|key| {
                Anchor::parse(key).is_some_and(|it| it.modifier != Modifier::AddIfNotPresent)
            }) || map.values().any(has_anchors)
        }
        Value::Array(items) => items.iter().any(has_anchors),
        _ => false,
    }
}

fn plain_key(
    there: &Map<String, Value>,
    key: &str,
    pattern: &Value,
    path: &Path<'_>,
    keys: &mut AnchorKeys,
) -> Walked {
    let value = there.get(key);
    let below = Path::Key(path, key);
    if pattern.as_str() == Some("*") {
        if value.is_some_and(|it| !it.is_null()) {
            return Ok(());
        }
        let (parent, _) = path.place();
        return Err(Failure {
            kind: Kind::Plain,
            message: format!("{parent}/{key} not found"),
            // The message names the map, the field is the one that is missing.
            place: Some((parent, FieldPath(below.steps()))),
        });
    }
    element(value, pattern, &below, keys)
}

fn anchored_key(
    there: &Map<String, Value>,
    anchor: Anchor<'_>,
    pattern: &Value,
    path: &Path<'_>,
    keys: &mut AnchorKeys,
) -> Walked {
    let below = Path::Key(path, anchor.key);
    let value = there.get(anchor.key);
    match anchor.modifier {
        Modifier::Negation => {
            if value.is_none() {
                return Ok(());
            }
            let place = below.place();
            Err(Failure {
                kind: Kind::Negation,
                message: format!(
                    "negation anchor matched in resource: {} is not allowed",
                    place.0
                ),
                place: Some(place),
            })
        }
        Modifier::Equality => match value {
            Some(value) => element(Some(value), pattern, &below, keys),
            None => Ok(()),
        },
        Modifier::Condition => match value {
            Some(value) => element(Some(value), pattern, &below, keys).map_err(|it| Failure {
                kind: Kind::Conditional,
                message: format!("conditional anchor mismatch: {}", it.message),
                place: it.place,
            }),
            None => Err(Failure {
                kind: Kind::Conditional,
                message: "conditional anchor mismatch: conditional anchor key doesn't exist in the resource".to_owned(),
                place: Some(below.place()),
            }),
        },
        Modifier::Global => match value {
            Some(value) => element(Some(value), pattern, &below, keys).map_err(|it| Failure {
                kind: Kind::Global,
                message: format!("global anchor mismatch: {}", it.message),
                place: it.place,
            }),
            None => Ok(()),
        },
        Modifier::Existence => existence(value, pattern, &below, keys),
        Modifier::AddIfNotPresent => Ok(()),
    }
}

fn existence(
    value: Option<&Value>,
    pattern: &Value,
    path: &Path<'_>,
    keys: &mut AnchorKeys,
) -> Walked {
    let items = match value {
        None => return Ok(()),
        Some(Value::Array(items)) => items,
        Some(other) => {
            return Err(Failure::plain(path, |_| {
                format!(
                    "invalid resource type {}: Existence ^ () anchor can be used only on list/array type resource",
                    type_name(Some(other))
                )
            }));
        }
    };
    let Value::Array(wanted) = pattern else {
        return Err(Failure::plain(path, |_| {
            format!(
                "invalid pattern type {}: Pattern has to be of list to compare against resource",
                type_name(Some(pattern))
            )
        }));
    };
    for one in wanted {
        if !one.is_object() {
            return Err(Failure::plain(path, |_| {
                format!(
                    "invalid pattern type {}: Pattern has to be of type map to compare against items in resource",
                    type_name(Some(one))
                )
            }));
        }
        let found = items
            .iter()
            .enumerate()
            .any(|(at, item)| element(Some(item), one, &Path::Index(path, at), keys).is_ok());
        if !found {
            return Err(Failure::plain(path, |place| {
                format!("existence anchor validation failed at path {place}")
            }));
        }
    }
    Ok(())
}

fn array(there: &[Value], wanted: &[Value], path: &Path<'_>, keys: &mut AnchorKeys) -> Walked {
    let Some(first) = wanted.first() else {
        return Err(Failure::plain(path, |_| "pattern Array empty".to_owned()));
    };
    match first {
        // Each element against the one pattern.
        Value::Object(_) => all_of(there.iter().map(|it| (it, first)), path, keys),
        // Lists of lists are matched pair by pair.
        Value::Array(_) if there.len() < wanted.len() => Err(Failure {
            kind: Kind::Plain,
            message: format!(
                "validate Array failed, array length mismatch, resource Array len is {} and pattern Array len is {}",
                there.len(),
                wanted.len()
            ),
            place: None,
        }),
        Value::Array(_) => all_of(there.iter().zip(wanted), path, keys),
        leaf => there.iter().enumerate().try_for_each(|(at, item)| {
            if scalar::scalar_matches(Some(item), leaf) {
                return Ok(());
            }
            let (place, _) = path.place();
            Err(Failure {
                kind: Kind::Plain,
                message: format!(
                    "resource value '{}' does not match '{}' at path {place}",
                    gofmt::sprint(item),
                    gofmt::sprint(leaf)
                ),
                // Upstream names the list; the element is known.
                place: Some((place, FieldPath(Path::Index(path, at).steps()))),
            })
        }),
    }
}

fn all_of<'v>(
    pairs: impl Iterator<Item = (&'v Value, &'v Value)>,
    path: &Path<'_>,
    keys: &mut AnchorKeys,
) -> Walked {
    let mut skips = Vec::new();
    let mut applied = false;
    for (at, (item, pattern)) in pairs.enumerate() {
        match element(Some(item), pattern, &Path::Index(path, at), keys) {
            Ok(()) => applied = true,
            Err(failure) if failure.kind.skips() => skips.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    if !applied && !skips.is_empty() {
        return Err(Failure::skipped(path, &skips));
    }
    Ok(())
}

fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Null) => "nothing",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "a map",
    }
}

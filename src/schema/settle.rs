//! An object as an API server holds it before it validates: without what no schema lists, without
//! nulls that stand for absence, with defaults.
//!
//! Source of the semantics: `apiextensions-apiserver`, packages `schema/pruning` and
//! `schema/defaulting`.

use super::{
    kubernetes::Kubernetes,
    node::{Node, Rest, Types},
    walk::At,
};
use serde_json::{Map, Value};

/// Fields that every whole object has.
const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Tell every field that an API server would drop.
pub(super) fn unlisted<'n>(
    value: &Value,
    node: Option<&'n Node>,
    keeping: bool,
    kubernetes: &'n Kubernetes,
    at: &At<'_>,
    tell: &mut impl FnMut(&At<'_>, &str, Option<&'n Node>),
) {
    let keeping = keeping || node.is_some_and(|it| it.keeps);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match fate(node, name, keeping, kubernetes) {
                    Fate::Stays => {}
                    Fate::Drops => tell(at, name, node),
                    Fate::Asks(next) => {
                        let at = At::Key(at, name);
                        unlisted(value, next, false, kubernetes, &at, tell);
                    }
                }
            }
        }
        Value::Array(items) => {
            let item = node.and_then(|it| it.item(kubernetes));
            if keeping && item.is_none() {
                return;
            }
            for (index, value) in items.iter().enumerate() {
                let at = At::Index(at, index);
                unlisted(value, item, keeping, kubernetes, &at, tell);
            }
        }
        _ => {}
    }
}

enum Fate<'n> {
    Stays,
    Drops,
    Asks(Option<&'n Node>),
}

/// What becomes of a field. A map that keeps what it does not list asks those that it does; its
/// lists keep in their items, as deep as lists go.
fn fate<'n>(
    node: Option<&'n Node>,
    name: &str,
    keeping: bool,
    kubernetes: &'n Kubernetes,
) -> Fate<'n> {
    let Some(node) = node else {
        return if keeping { Fate::Stays } else { Fate::Drops };
    };
    match (node.properties.get(name), &node.rest) {
        (Some(it), _) | (None, Rest::Fitting(it)) => Fate::Asks(Some(it.get(kubernetes))),
        _ if node.embedded && OF_EVERY_OBJECT.contains(&name) => Fate::Stays,
        (None, Rest::Anything) => Fate::Asks(None),
        (None, Rest::Nothing) if keeping => Fate::Stays,
        (None, Rest::Nothing) => Fate::Drops,
    }
}

/// Drop what no schema lists.
pub(super) fn prune(
    value: &mut Value,
    node: Option<&Node>,
    keeping: bool,
    kubernetes: &Kubernetes,
) {
    let keeping = keeping || node.is_some_and(|it| it.keeps);
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| match fate(node, name, keeping, kubernetes) {
                Fate::Stays => true,
                Fate::Drops => false,
                Fate::Asks(next) => {
                    prune(value, next, false, kubernetes);
                    true
                }
            });
        }
        Value::Array(items) => {
            let item = node.and_then(|it| it.item(kubernetes));
            if keeping && item.is_none() {
                return;
            }
            for value in items {
                prune(value, item, keeping, kubernetes);
            }
        }
        _ => {}
    }
}

/// Whether there is a null anywhere.
pub(super) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Drop fields that are null where null is no value of theirs. A null in a list stays, so that
/// places in it stay right; `typed` makes it the zero value of its type, as Go does where it reads
/// into types of its own.
pub(super) fn drop_nulls(
    value: &mut Value,
    node: Option<&Node>,
    typed: bool,
    kubernetes: &Kubernetes,
) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let child = node.and_then(|it| it.field(name, kubernetes));
            if value.is_null() && (child.is_none_or(Node::drops_null) && (typed || child.is_some()))
            {
                return false;
            }
            drop_nulls(value, child, typed, kubernetes);
            true
        }),
        Value::Array(items) => {
            let child = node.and_then(|it| it.item(kubernetes));
            for value in items {
                if value.is_null()
                    && typed
                    && let Some(zero) = child.and_then(|it| zero(it.types))
                {
                    *value = zero;
                }
                drop_nulls(value, child, typed, kubernetes);
            }
        }
        _ => {}
    }
}

fn zero(types: Types) -> Option<Value> {
    Some(match types {
        Types::OBJECT => Value::Object(Map::new()),
        Types::STRING => Value::String(String::new()),
        Types::BOOLEAN => Value::Bool(false),
        Types::INTEGER => Value::from(0),
        _ => return None,
    })
}

/// Give fields that are not there the values that their schemas have for them, at every depth.
pub(super) fn default(value: &mut Value, node: &Node, kubernetes: &Kubernetes) {
    match value {
        Value::Object(fields) => {
            for (name, child) in &node.properties {
                let child = child.get(kubernetes);
                let Some(default) = &child.default else {
                    continue;
                };
                let absent = match fields.get(name) {
                    None => true,
                    Some(it) => it.is_null() && !child.nullable,
                };
                if absent {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields {
                let Some(child) = node.field(name, kubernetes) else {
                    continue;
                };
                if value.is_null()
                    && !child.nullable
                    && let Some(default) = &child.default
                {
                    value.clone_from(default);
                }
                self::default(value, child, kubernetes);
            }
        }
        Value::Array(items) => {
            let Some(child) = node.item(kubernetes) else {
                return;
            };
            for value in items {
                if value.is_null()
                    && !child.nullable
                    && let Some(default) = &child.default
                {
                    value.clone_from(default);
                }
                self::default(value, child, kubernetes);
            }
        }
        _ => {}
    }
}

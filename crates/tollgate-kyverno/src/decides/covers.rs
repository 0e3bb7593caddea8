//! Whether what one filter, block or list of conditions lets in, another lets in too.

use crate::matching::bare_kind;
use serde_json::{Map, Value};
use tollgate_jmespath::wildcard;

/// Whether a value says anything: Kyverno reads empty ones as absent.
pub(super) fn given(value: Option<&Value>) -> Option<&Value> {
    value.filter(|it| match it {
        Value::Null => false,
        Value::String(it) => !it.is_empty(),
        Value::Array(it) => !it.is_empty(),
        Value::Object(it) => !it.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    })
}

/// Whether the name or pattern `wide` fits all that `narrow` fits.
pub(super) fn name(wide: &str, narrow: &str) -> bool {
    let has_wildcard = narrow.contains(['*', '?']);
    // A `*` of the one stands for whatever the other's wildcards stand for; a `?` does not.
    wide == narrow
        || wide == "?*" && narrow.chars().any(|it| it != '*')
        || wildcard::matches(wide, narrow) && !(has_wildcard && wide.contains('?'))
}

/// Whether the kind selector `wide` selects all that `narrow` does.
fn kind(wide: &str, narrow: &str) -> bool {
    let subresource = || narrow.split('/').count() > 1 && !narrow.ends_with(&format!("/{wide}"));
    wide == narrow
        || !wide.contains(['/', '.', '*', '?'])
            && !narrow.contains('.')
            && bare_kind(narrow) == wide
            && !subresource()
        || wide == "*" && !narrow.contains('/')
}

/// Whether each text of one list is covered by one of another; an absent list has none.
pub(super) fn list(
    wide: Option<&Value>,
    narrow: Option<&Value>,
    covers: fn(&str, &str) -> bool,
) -> bool {
    let texts = |value: Option<&Value>| -> Option<Vec<String>> {
        let items = given(value).map(|it| it.as_array().ok_or(()));
        let items = items.transpose().ok()?.into_iter().flatten();
        items.map(|it| it.as_str().map(str::to_owned)).collect()
    };
    match (texts(wide), texts(narrow)) {
        (Some(wide), Some(narrow)) => narrow
            .iter()
            .all(|narrow| wide.iter().any(|wide| covers(wide, narrow))),
        _ => wide == narrow,
    }
}

/// How filters are put together.
enum Form {
    Any,
    All,
}

fn filters(block: &Value) -> (Form, Vec<Map<String, Value>>) {
    let listed = |key: &str| given(block.get(key)).and_then(Value::as_array);
    let flat = |filter: &Value| {
        let mut out = Map::new();
        for (key, value) in filter.as_object().into_iter().flatten() {
            match value {
                Value::Object(resources) if key == "resources" => out.extend(
                    resources
                        .iter()
                        .filter(|it| given(Some(it.1)).is_some())
                        .map(|(key, value)| (key.clone(), value.clone())),
                ),
                _ if given(Some(value)).is_some() => {
                    out.insert(key.clone(), value.clone());
                }
                _ => {}
            }
        }
        out
    };
    if let Some(any) = listed("any") {
        return (Form::Any, any.iter().map(flat).collect());
    }
    if let Some(all) = listed("all") {
        return (Form::All, all.iter().map(flat).collect());
    }
    let direct = flat(block);
    let filters = (!direct.is_empty()).then_some(direct);
    (Form::Any, filters.into_iter().collect())
}

/// Whether a `match` or `exclude` block lets in all that another does.
pub(super) fn blocks(wide: &Value, narrow: &Value) -> bool {
    let ((wide_form, wide), (narrow_form, narrow)) = (filters(wide), filters(narrow));
    // A block without filters lets nothing in.
    if narrow.is_empty() || wide.is_empty() {
        return narrow.is_empty();
    }
    match (wide_form, narrow_form) {
        (Form::Any, Form::Any) => narrow
            .iter()
            .all(|narrow| wide.iter().any(|wide| filter(wide, narrow))),
        (Form::Any, Form::All) => narrow
            .iter()
            .any(|narrow| wide.iter().any(|wide| filter(wide, narrow))),
        (Form::All, Form::All) => wide
            .iter()
            .all(|wide| narrow.iter().any(|narrow| filter(wide, narrow))),
        (Form::All, Form::Any) => narrow
            .iter()
            .all(|narrow| wide.iter().all(|wide| filter(wide, narrow))),
    }
}

fn filter(wide: &Map<String, Value>, narrow: &Map<String, Value>) -> bool {
    // A filter that asks for nothing lets nothing in.
    if wide.is_empty() {
        return narrow.is_empty();
    }
    wide.iter().all(|(key, value)| {
        let Some(other) = narrow.get(key) else {
            return false;
        };
        let lists = |covers| list(Some(value), Some(other), covers);
        match key.as_str() {
            "kinds" => lists(kind),
            "names" | "namespaces" => lists(name),
            "operations" | "roles" | "clusterRoles" => lists(|a, b| a == b),
            "name" => match (value.as_str(), other.as_str()) {
                (Some(wide), Some(narrow)) => name(wide, narrow),
                _ => value == other,
            },
            "subjects" => is_part(other, value),
            "annotations" => is_within(value, other),
            "selector" | "namespaceSelector" => selector(value, other),
            _ => value == other,
        }
    })
}

/// Whether a label selector selects all that another does.
pub(super) fn selector(wide: &Value, narrow: &Value) -> bool {
    let others = super::others(wide, &["matchLabels", "matchExpressions"]);
    let part = |key: &str| {
        let none = Value::Null;
        let (wide, narrow) = (
            wide.get(key).unwrap_or(&none),
            narrow.get(key).unwrap_or(&none),
        );
        given(Some(wide)).is_none()
            || is_part(wide, narrow) && given(Some(narrow)).is_some()
            || is_within(wide, narrow)
    };
    wide == narrow || others.is_empty() && part("matchLabels") && part("matchExpressions")
}

/// Whether every entry of one map is in another.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(key, value)| whole.get(key) == Some(value)),
        _ => part == whole,
    }
}

/// Whether every item of one list is in another. An absent whole stands for everything.
pub(super) fn is_part(part: &Value, whole: &Value) -> bool {
    match (given(Some(part)), given(Some(whole))) {
        (_, None) => true,
        (Some(Value::Array(part)), Some(Value::Array(whole))) => {
            part.iter().all(|it| whole.contains(it))
        }
        (part, whole) => part == whole,
    }
}

/// `any` and `all` of a list of conditions; a plain list is `all`. `None` for another form.
fn any_all(conditions: Option<&Value>) -> Option<(Vec<Value>, Vec<Value>)> {
    let without_message = |it: &Value| {
        let mut it = it.clone();
        if let Some(map) = it.as_object_mut() {
            map.remove("message");
        }
        it
    };
    let listed = |value: Option<&Value>| -> Option<Vec<Value>> {
        match given(value) {
            None => Some(Vec::new()),
            Some(Value::Array(items)) => Some(items.iter().map(without_message).collect()),
            Some(_) => None,
        }
    };
    let conditions = given(conditions);
    match conditions {
        Some(Value::Object(map)) if map.keys().all(|it| it == "any" || it == "all") => {
            Some((listed(map.get("any"))?, listed(map.get("all"))?))
        }
        Some(Value::Array(items)) if items.iter().any(|it| it.get("key").is_none()) => None,
        None | Some(Value::Array(_)) => Some((Vec::new(), listed(conditions)?)),
        Some(_) => None,
    }
}

/// Whether conditions are met wherever others are.
pub(super) fn conditions(wide: &Value, narrow: &Value) -> bool {
    if wide == narrow || given(Some(wide)).is_none() {
        return true;
    }
    let (Some(wide), Some(narrow)) = (any_all(Some(wide)), any_all(Some(narrow))) else {
        return false;
    };
    let any =
        wide.0.is_empty() || !narrow.0.is_empty() && narrow.0.iter().all(|it| wide.0.contains(it));
    any && wide.1.iter().all(|it| narrow.1.contains(it))
}

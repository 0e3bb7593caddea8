//! The widest that the `match` and `exclude` of a rule may mean which nobody could read: what cannot be
//! understood narrows nothing.

use super::super::{fields::Fields, read};
use crate::matching::is_named;
use serde_json::{Map, Value, json};
use tollgate_yaml::FieldPath;

/// Forms of a block that go with no other.
const FORMS: [&str; 2] = ["any", "all"];
/// Who asks. Nobody knows that here.
const USERS: [&str; 3] = ["roles", "clusterRoles", "subjects"];

const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/// Kinds for which rules are written, or made, the most: however they are written they are these.
const KINDS: [&str; 8] = [
    "Pod",
    "DaemonSet",
    "Deployment",
    "Job",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "CronJob",
];

/// The rule with a `match` that is for all that its own may mean, and an `exclude` that can be
/// understood or none.
pub(super) fn rule(written: &Value) -> Value {
    let mut rule = written.as_object().cloned().unwrap_or_default();
    let matches = matches(rule.get("match"));
    let matches = matches.unwrap_or_else(|| json!({"any": [{"resources": {"kinds": ["*"]}}]}));
    rule.insert("match".to_owned(), matches);
    if !rule.get("exclude").is_some_and(is_understood) {
        rule.remove("exclude");
    }
    Value::Object(rule)
}

/// `None` where it may be for anything.
fn matches(written: Option<&Value>) -> Option<Value> {
    let block = written?.as_object()?;
    let any = filters(block, "any")?;
    let all = filters(block, "all")?;
    let mut direct = block.clone();
    direct.retain(|key, it| !FORMS.contains(&key.as_str()) && !it.is_null());
    if any.is_empty() && direct.is_empty() {
        let all: Vec<Value> = all.iter().filter_map(filter).collect();
        return (!all.is_empty()).then(|| json!({"all": all}));
    }
    // Of several forms each may be meant.
    let direct = (!direct.is_empty()).then_some(Value::Object(direct));
    let mut alternatives = Vec::new();
    for it in any.iter().chain(&direct) {
        alternatives.push(filter(it)?);
    }
    if !all.is_empty() {
        alternatives.push(all.iter().find_map(filter)?);
    }
    Some(json!({"any": alternatives}))
}

/// The filters of a form; `None` where they are no list.
fn filters(block: &Map<String, Value>, form: &str) -> Option<Vec<Value>> {
    match block.get(form) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(it) => it.as_array().cloned(),
    }
}

/// Those criteria of a filter that can be understood; `None` where there are none, so that it is for
/// anything.
fn filter(written: &Value) -> Option<Value> {
    let filter = written.as_object()?;
    let known = |key: &String| key == "resources" || USERS.contains(&key.as_str());
    let resources = filter.get("resources")?.as_object()?;
    if !filter.keys().all(known) || !resources.keys().all(|it| is_criterion(it)) {
        return None;
    }
    let understood = resources.iter().filter_map(|(key, it)| {
        let it = criterion(key, it)?;
        Some((key.clone(), it))
    });
    let kept: Map<String, Value> = understood.collect();
    (!kept.is_empty()).then(|| json!({"resources": kept}))
}

fn is_criterion(key: &str) -> bool {
    matches!(
        key,
        "kinds"
            | "name"
            | "names"
            | "namespaces"
            | "annotations"
            | "selector"
            | "namespaceSelector"
            | "operations"
    )
}

/// A criterion as it is meant; `None` where that cannot be told.
fn criterion(key: &str, written: &Value) -> Option<Value> {
    let is_text = |it: &Value| it.as_str().is_some_and(|it| !it.trim().is_empty());
    let texts = || {
        let items = written.as_array().filter(|it| !it.is_empty())?;
        items.iter().all(is_text).then_some(items)
    };
    match key {
        "kinds" => {
            let kinds: Option<Vec<String>> = texts()?.iter().map(|it| kind(it.as_str()?)).collect();
            Some(json!(kinds?))
        }
        "name" => is_text(written).then(|| written.clone()),
        "names" | "namespaces" => texts().map(|_| written.clone()),
        "operations" => {
            let known = |it: &Value| it.as_str().is_some_and(|it| OPERATIONS.contains(&it));
            texts()?.iter().all(known).then(|| written.clone())
        }
        "annotations" => {
            let map = written.as_object().filter(|it| !it.is_empty())?;
            map.values().all(Value::is_string).then(|| written.clone())
        }
        _ => is_selector(written).then(|| written.clone()),
    }
}

/// A kind as it is meant, with what may stand before it: at most four parts, none of them empty but the
/// group.
fn kind(written: &str) -> Option<String> {
    let written = written.trim();
    let parts: Vec<&str> = written.split('/').collect();
    let (last, before) = parts.split_last()?;
    if before.len() > 3 || last.is_empty() || last.matches('.').count() > 1 {
        return None;
    }
    let known = KINDS.iter().find(|it| is_named(last, it));
    Some(known.map_or(written.to_owned(), |known| {
        [before, &[*known]].concat().join("/")
    }))
}

fn is_selector(written: &Value) -> bool {
    let fields = json!({"selector": written});
    let fields = Fields::new(Some(&fields), "it", FieldPath::root());
    let read = fields
        .ok()
        .and_then(|it| read::selector(&it, "selector").ok());
    read.flatten().is_some_and(|it| it.is_valid())
}

/// Whether a block leaves no doubt about what it is for.
fn is_understood(written: &Value) -> bool {
    let Some(block) = written.as_object() else {
        return false;
    };
    let given = |key: &str| block.get(key).filter(|it| !it.is_null());
    let (any, all) = (given("any"), given("all"));
    let direct = block.keys().any(|it| !FORMS.contains(&it.as_str()));
    let listed = [any, all].into_iter().flatten();
    let is_exact = |filter: &Value| {
        let resources = filter.get("resources").and_then(Value::as_object);
        let mut criteria = resources.into_iter().flatten().filter(|it| !it.1.is_null());
        criteria.all(|(key, it)| criterion(key, it).is_some_and(|meant| meant == *it))
    };
    let filters: Vec<&Value> = match (any, all, direct) {
        (Some(_), None, false) | (None, Some(_), false) => listed
            .flat_map(|it| it.as_array().into_iter().flatten())
            .collect(),
        (None, None, true) => vec![written],
        _ => return false,
    };
    let reads = Fields::new(Some(written), "exclude", FieldPath::root());
    reads.is_ok_and(|it| read::block(&it).is_ok()) && filters.into_iter().all(is_exact)
}

//! `match` and `exclude`.

use super::{
    get, given, list,
    metadata::{label_key, label_value},
    patterns, refuse, text,
};
use crate::policy::fields::Fault;
use serde_json::Value;
use std::collections::BTreeSet;
use tollgate_jmespath::wildcard;
use tollgate_yaml::FieldPath;

/// The filters of a block with their places: those of `any`, those of `all`, then the block itself.
fn filters<'v>(block: &'v Value, at: &FieldPath) -> Vec<(&'v Value, FieldPath)> {
    let mut found = Vec::new();
    if block.is_null() {
        return found;
    }
    for form in ["any", "all"] {
        for (index, filter) in list(block, form).iter().enumerate() {
            found.push((filter, at.key(form).index(index)));
        }
    }
    found.push((block, at.clone()));
    found
}

fn resources(filter: &Value) -> &Value {
    get(filter, "resources")
}

/// Whether a description of resources says anything.
fn describes(filter: &Value) -> bool {
    resources(filter)
        .as_object()
        .is_some_and(|it| it.values().any(|it| !it.is_null() && it != ""))
}

/// Background scans know no user. Source: `hasUserMatchExclude`.
pub(super) fn no_users(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    for key in ["match", "exclude"] {
        for (filter, at) in filters(get(rule, key), &at.key(key)) {
            for who in ["roles", "clusterRoles", "subjects"] {
                if !list(filter, who).is_empty() {
                    return refuse(
                        &at.key(who),
                        format!(
                            "`{who}` is not known in background scans: set `spec.background: false`"
                        ),
                    );
                }
            }
        }
    }
    Ok(())
}

/// Source: `MatchResources.Validate` and `ValidateMatchExcludeConflict`.
pub(super) fn vet(rule: &Value, at: &FieldPath, namespaced: bool) -> Result<(), Fault> {
    if is_empty_set(rule) {
        return refuse(
            &at.key("exclude"),
            "`exclude` takes away all that `match` names",
        );
    }
    for key in ["match", "exclude"] {
        let (block, at) = (get(rule, key), at.key(key));
        if !list(block, "any").is_empty() && !list(block, "all").is_empty()
            || given(block, "any") && given(block, "all")
        {
            return refuse(&at, format!("`{at}` may have only one of any and all"));
        }
        for (filter, at) in filters(block, &at) {
            users(filter, &at)?;
            description(resources(filter), &at.key("resources"), namespaced)?;
        }
    }
    Ok(())
}

/// Source: `UserInfo.Validate`.
fn users(filter: &Value, at: &FieldPath) -> Result<(), Fault> {
    for (index, subject) in list(filter, "subjects").iter().enumerate() {
        let at = at.key("subjects").index(index);
        let kind = text(subject, "kind");
        if !matches!(kind, "User" | "Group" | "ServiceAccount") {
            return refuse(
                &at.key("kind"),
                "the kind of a subject must be User, Group or ServiceAccount",
            );
        }
        if text(subject, "name").is_empty() {
            return refuse(&at, "a subject needs a name");
        }
        if kind == "ServiceAccount" && text(subject, "namespace").is_empty() {
            return refuse(&at, "a ServiceAccount needs a namespace");
        }
    }
    for (index, role) in list(filter, "roles").iter().enumerate() {
        if role.as_str().unwrap_or_default().split(':').count() != 2 {
            return refuse(
                &at.key("roles").index(index),
                "a role is written as `namespace:name`",
            );
        }
    }
    Ok(())
}

/// Source: `ResourceDescription.Validate`.
fn description(resources: &Value, at: &FieldPath, namespaced: bool) -> Result<(), Fault> {
    if given(resources, "name") && given(resources, "names") {
        return refuse(at, format!("`{at}` may have only one of name and names"));
    }
    let selector = get(resources, "selector");
    if !selector.is_null() && !has_wildcard(selector) {
        let at = at.key("selector");
        label_selector(selector, &at)?;
        let labels = get(selector, "matchLabels").as_object();
        if labels.is_none_or(serde_json::Map::is_empty)
            && list(selector, "matchExpressions").is_empty()
        {
            return refuse(&at, format!("`{at}` asks for nothing"));
        }
    }
    if namespaced && !list(resources, "namespaces").is_empty() {
        return refuse(
            &at.key("namespaces"),
            "a Policy is for its own namespace: it must not name namespaces",
        );
    }
    Ok(())
}

/// Source: `LabelSelectorContainsWildcard`.
fn has_wildcard(selector: &Value) -> bool {
    let labels = get(selector, "matchLabels").as_object();
    labels.into_iter().flatten().any(|(key, value)| {
        key.contains(['*', '?']) || value.as_str().is_some_and(|it| it.contains(['*', '?']))
    })
}

/// Source: `LabelSelectorAsSelector` in `k8s.io/apimachinery`.
fn label_selector(selector: &Value, at: &FieldPath) -> Result<(), Fault> {
    let labels = get(selector, "matchLabels").as_object();
    for (key, value) in labels.into_iter().flatten() {
        let at = at.key("matchLabels").key(key.as_str());
        label_key(key, &at)?;
        label_value(value, &at)?;
    }
    for (index, it) in list(selector, "matchExpressions").iter().enumerate() {
        let at = at.key("matchExpressions").index(index);
        let values = list(it, "values");
        match text(it, "operator") {
            "In" | "NotIn" if values.is_empty() => {
                return refuse(&at, "In and NotIn need values");
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                return refuse(&at, "Exists and DoesNotExist have no values");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                return refuse(
                    &at.key("operator"),
                    format!("`{other}` is no operator of a selector"),
                );
            }
        }
        label_key(text(it, "key"), &at.key("key"))?;
        for value in values {
            label_value(value, &at.key("values"))?;
        }
    }
    Ok(())
}

/// Whether `exclude` takes away all that `match` names, as far as upstream sees it. Source:
/// `ValidateMatchExcludeConflict`.
fn is_empty_set(rule: &Value) -> bool {
    let (matches, exclude) = (get(rule, "match"), get(rule, "exclude"));
    let any = |block| list(block, "any");
    if exclude.is_null() || !list(exclude, "all").is_empty() || !list(matches, "all").is_empty() {
        return false;
    }
    if !any(matches).is_empty() && !any(exclude).is_empty() {
        return any(matches).iter().any(|it| any(exclude).contains(it));
    }
    let written = exclude.as_object().is_some_and(|it| {
        let beside = |it: (&String, &Value)| it.0 != "resources" && !it.1.is_null();
        it.iter().any(beside) || describes(exclude)
    });
    if !written {
        return false;
    }
    let (ours, theirs) = (resources(matches), resources(exclude));
    let covered = |ours: &[Value], theirs: &[Value]| {
        theirs.is_empty() || !ours.is_empty() && ours.iter().all(|it| theirs.contains(it))
    };
    let users = ["roles", "clusterRoles", "subjects"];
    if !users
        .iter()
        .all(|it| covered(list(matches, it), list(exclude, it)))
    {
        return false;
    }
    let excluded_name = text(theirs, "name");
    if !excluded_name.is_empty() && !wildcard::matches(excluded_name, text(ours, "name")) {
        return false;
    }
    let excluded_names = list(theirs, "names");
    if !excluded_names.is_empty() {
        return list(ours, "names").iter().any(|name| {
            let name = name.as_str().unwrap_or_default();
            let excluded = excluded_names.iter().filter_map(Value::as_str);
            excluded.into_iter().any(|it| wildcard::matches(it, name))
        });
    }
    for key in ["namespaces", "kinds"] {
        if !covered(list(ours, key), list(theirs, key)) {
            return false;
        }
    }
    for key in ["selector", "namespaceSelector"] {
        let (ours, theirs) = (get(ours, key), get(theirs, key));
        if ours.is_null() != theirs.is_null() {
            return false;
        }
        if !covered(
            list(ours, "matchExpressions"),
            list(theirs, "matchExpressions"),
        ) {
            return false;
        }
        let labels = |it| {
            get(it, "matchLabels")
                .as_object()
                .filter(|it| !it.is_empty())
        };
        if let Some(theirs) = labels(theirs)
            && labels(ours).is_none_or(|ours| {
                ours.iter()
                    .any(|(key, value)| theirs.get(key) != Some(value))
            })
        {
            return false;
        }
    }
    get(ours, "annotations") == get(theirs, "annotations")
}

/// `*` as a kind. Source: `validateWildcard`.
pub(super) fn kinds(rule: &Value, at: &FieldPath, background: bool) -> Result<(), Fault> {
    for key in ["match", "exclude"] {
        for (filter, at) in filters(get(rule, key), &at.key(key)) {
            let kinds = list(resources(filter), "kinds");
            if !kinds.iter().any(|it| it == "*") {
                continue;
            }
            let at = at.key("resources").key("kinds");
            if background {
                return refuse(
                    &at,
                    "`*` is no kind for background scans: set `spec.background: false`",
                );
            }
            if kinds.len() > 1 {
                return refuse(&at, "`*` must be the only kind");
            }
            any_kind(rule, &at)?;
        }
    }
    Ok(())
}

fn any_kind(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let validate = get(rule, "validate");
    if super::does(rule, "generate")
        || super::does(rule, "verifyImages")
        || given(validate, "foreach")
    {
        return refuse(at, "`*` is no kind for a rule of this type");
    }
    let only_metadata = || refuse(at, "a rule for `*` may look at metadata alone");
    let patterns = given(validate, "pattern") || given(validate, "anyPattern");
    if (patterns || super::does(rule, "mutate")) && !patterns::only_metadata(rule) {
        return only_metadata();
    }
    for condition in list(get(validate, "deny"), "conditions") {
        let Some(key) = get(condition, "key").as_str() else {
            return only_metadata();
        };
        if !key.contains("request.object.metadata.")
            && (!patterns::is_for_any_kind(key) || key.contains("request.object.spec"))
        {
            return only_metadata();
        }
    }
    Ok(())
}

/// Source: the first half of `validateResources`.
pub(super) fn described(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    for key in ["exclude", "match"] {
        let (block, at) = (get(rule, key), at.key(key));
        let forms = !list(block, "any").is_empty() || !list(block, "all").is_empty();
        if forms && describes(block) {
            return refuse(
                &at.key("resources"),
                format!("`{at}` may have only one of any, all and resources"),
            );
        }
    }
    let matches = get(rule, "match");
    let form = ["any", "all"]
        .into_iter()
        .find(|it| !list(matches, it).is_empty());
    let at = at.key("match");
    let described = match form {
        Some(form) => list(matches, form)
            .iter()
            .enumerate()
            .find(|it| !describes(it.1))
            .map(|(index, _)| at.key(form).index(index)),
        None => (!describes(matches)).then(|| at.clone()),
    };
    match described {
        Some(at) => refuse(&at, format!("`{at}` names no resources")),
        None => Ok(()),
    }
}

/// A rule is for some kind.
pub(super) fn some_kind(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let matches = get(rule, "match");
    let form = ["any", "all"]
        .into_iter()
        .find(|it| !list(matches, it).is_empty());
    let at = at.key("match");
    let kindless = |filter: &Value| list(resources(filter), "kinds").is_empty();
    let place = match form {
        Some(form) => list(matches, form)
            .iter()
            .enumerate()
            .find(|it| kindless(it.1))
            .map(|(index, _)| at.key(form).index(index)),
        None => kindless(matches).then(|| at.clone()),
    };
    match place {
        Some(at) => refuse(&at, format!("`{at}` names no kinds")),
        None => Ok(()),
    }
}

/// Every kind that `match` names.
pub(super) fn matched_kinds(rule: &Value) -> BTreeSet<&str> {
    let direct = list(resources(get(rule, "match")), "kinds");
    direct.iter().filter_map(Value::as_str).collect()
}

//! Policies and exceptions of `policies.kyverno.io`, whose expressions are compared to the letter.

use super::{
    Document,
    covers::{self, given},
    others,
};
use serde_json::Value;

const SPEC: &[&str] = &[
    "validationActions",
    "failurePolicy",
    "matchConstraints",
    "matchConditions",
    "validations",
    "variables",
    "auditAnnotations",
];

/// What a policy decides less of: one clause each. One that mutates or generates decides nothing but by
/// what it is for.
pub(super) fn less(kind: &str, old: &Value, new: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let of = |spec: &Value, key: &str| spec.get(key).cloned().unwrap_or_default();
    let list = |spec: &Value, key: &str| -> Vec<Value> {
        of(spec, key).as_array().cloned().unwrap_or_default()
    };
    let denies = |spec: &Value| {
        let actions = list(spec, "validationActions");
        actions.is_empty() || actions.contains(&Value::from("Deny"))
    };
    if denies(old) && !denies(new) {
        out.push("no longer denies (`validationActions`)".to_owned());
    }
    let ignores = |spec: &Value| of(spec, "failurePolicy") == "Ignore";
    if ignores(new) && !ignores(old) {
        out.push("lets through what it could not judge (`failurePolicy: Ignore`)".to_owned());
    }
    if !constraints(&of(new, "matchConstraints"), &of(old, "matchConstraints")) {
        out.push("may match less (`matchConstraints`)".to_owned());
    }
    let expressions = |spec: &Value, key: &str| -> Vec<Value> {
        let items = list(spec, key);
        items.iter().map(|it| of(it, "expression")).collect()
    };
    let (was, is) = (
        expressions(old, "matchConditions"),
        expressions(new, "matchConditions"),
    );
    if !is.iter().all(|it| was.contains(it)) {
        out.push("may match less (`matchConditions`)".to_owned());
    }
    if kind.contains("Mutating") || kind.contains("Generating") || kind.contains("Deleting") {
        return out;
    }
    let (was, is) = (
        expressions(old, "validations"),
        expressions(new, "validations"),
    );
    if !was.iter().all(|it| is.contains(it)) {
        out.push("may ask for less (`validations`)".to_owned());
    }
    if !list(new, "variables").starts_with(&list(old, "variables")) {
        out.push("may ask for less (`variables`)".to_owned());
    }
    if others(old, SPEC) != others(new, SPEC) {
        out.push("may decide less".to_owned());
    }
    out
}

fn constraints(wide: &Value, narrow: &Value) -> bool {
    let of = |it: &Value, key: &str| it.get(key).cloned().unwrap_or_default();
    let known = [
        "resourceRules",
        "excludeResourceRules",
        "namespaceSelector",
        "objectSelector",
    ];
    let rules = |it: &Value, key: &str| -> Vec<Value> {
        of(it, key).as_array().cloned().unwrap_or_default()
    };
    let selects = |key: &str| {
        let (wide, narrow) = (of(wide, key), of(narrow, key));
        given(Some(&wide)).is_none() || covers::selector(&wide, &narrow)
    };
    let covered = |by: &[Value], rule: &Value| by.iter().any(|it| resource_rule(it, rule));
    wide == narrow
        || others(wide, &known) == others(narrow, &known)
            && rules(narrow, "resourceRules")
                .iter()
                .all(|it| covered(&rules(wide, "resourceRules"), it))
            && rules(wide, "excludeResourceRules")
                .iter()
                .all(|it| covered(&rules(narrow, "excludeResourceRules"), it))
            && selects("namespaceSelector")
            && selects("objectSelector")
}

fn resource_rule(wide: &Value, narrow: &Value) -> bool {
    let lists = ["apiGroups", "apiVersions", "operations", "resources"];
    let equal_or_all = |wide: &str, narrow: &str| wide == narrow || wide == "*";
    let names = given(wide.get("resourceNames")).is_none()
        || given(narrow.get("resourceNames")).is_some()
            && covers::list(
                wide.get("resourceNames"),
                narrow.get("resourceNames"),
                |a, b| a == b,
            );
    let scope = |it: &Value| {
        it.get("scope")
            .and_then(Value::as_str)
            .unwrap_or("*")
            .to_owned()
    };
    names
        && (scope(wide) == "*" || scope(wide) == scope(narrow))
        && lists
            .iter()
            .all(|key| covers::list(wide.get(*key), narrow.get(*key), equal_or_all))
}

/// Whether an exception lets off all that another does.
pub(super) fn excepts(wide: &Document<'_>, narrow: &Document<'_>) -> bool {
    let (own, other) = (wide.spec(), narrow.spec());
    let of = |spec: &Value, key: &str| spec.get(key).cloned().unwrap_or_default();
    let parts = ["policyRefs", "matchConditions"];
    let refs = (of(own, "policyRefs"), of(other, "policyRefs"));
    let conditions = of(own, "matchConditions");
    let kept = conditions.as_array().cloned().unwrap_or_default();
    let others_conditions = of(other, "matchConditions");
    let met = others_conditions.as_array().cloned().unwrap_or_default();
    wide.namespace == narrow.namespace
        && others(own, &parts) == others(other, &parts)
        && given(Some(&refs.0)).is_some()
        && covers::is_part(&refs.1, &refs.0)
        && kept.iter().all(|it| met.contains(it))
}

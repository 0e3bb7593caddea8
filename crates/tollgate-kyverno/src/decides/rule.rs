//! Policies of `kyverno.io` and their rules.

use super::{
    Document, Less,
    covers::{self, given},
    others, pattern,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const TYPES: [&str; 4] = ["validate", "verifyImages", "mutate", "generate"];

/// What stands in a policy and decides nothing, or is looked at by itself.
const SPEC: &[&str] = &[
    "rules",
    "applyRules",
    "failurePolicy",
    "validationFailureAction",
    "validationFailureActionOverrides",
    "admission",
    "background",
    "webhookConfiguration",
    "emitWarning",
    "webhookTimeoutSeconds",
    "schemaValidation",
    "generateExisting",
    "generateExistingOnPolicyUpdate",
    "mutateExistingOnPolicyUpdate",
    "useServerSideApply",
];

const RULE: &[&str] = &[
    "name",
    "match",
    "exclude",
    "context",
    "preconditions",
    "validate",
    "verifyImages",
    "mutate",
    "generate",
    "reportProperties",
];

const VALIDATE: &[&str] = &[
    "message",
    "failureAction",
    "failureActionOverrides",
    "allowExistingViolations",
    "pattern",
    "anyPattern",
    "deny",
    "foreach",
    "podSecurity",
];

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_false(spec: &Value, key: &str) -> bool {
    spec.get(key) == Some(&Value::Bool(false))
}

/// What the policy as a whole decides less of: one clause each.
pub(super) fn of_whole(old: &Document<'_>, new: &Document<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let (before, after) = (old.spec(), new.spec());
    let scored = |it: &Document<'_>| {
        let annotations = it.json.pointer("/metadata/annotations");
        annotations.and_then(|it| it.get("policies.kyverno.io/scored"))
            != Some(&Value::from("false"))
    };
    if scored(old) && !scored(new) {
        out.push("is no longer scored: a failure becomes a warning".to_owned());
    }
    for (key, what) in [
        ("admission", "no longer judges what is admitted"),
        (
            "background",
            "no longer judges what is in the cluster already",
        ),
    ] {
        if is_false(after, key) && !is_false(before, key) {
            out.push(format!("{what} (`{key}: false`)"));
        }
    }
    let ignores = |spec: &Value| {
        let own = text(spec, "failurePolicy") == "Ignore";
        own || spec
            .get("webhookConfiguration")
            .is_some_and(|it| text(it, "failurePolicy") == "Ignore")
    };
    if ignores(after) && !ignores(before) {
        out.push("lets through what it could not judge (`failurePolicy: Ignore`)".to_owned());
    }
    let one = |spec: &Value| text(spec, "applyRules") == "One";
    if one(after) && (!one(before) || old.rules() != new.rules()) {
        out.push("asks no rule after the first that judged (`applyRules: One`)".to_owned());
    }
    let none = Value::Null;
    let overrides = |spec: &Value| spec.get("validationFailureActionOverrides").cloned();
    if given(overrides(after).as_ref()) != given(overrides(before).as_ref())
        && !stricter_overrides(
            overrides(after).as_ref().unwrap_or(&none),
            overrides(before).as_ref().unwrap_or(&none),
        )
    {
        out.push("may audit what it enforced (`validationFailureActionOverrides`)".to_owned());
    }
    let webhook = |spec: &Value| {
        let conditions = spec.get("webhookConfiguration");
        conditions.and_then(|it| it.get("matchConditions")).cloned()
    };
    let (was, is) = (webhook(before), webhook(after));
    let narrower = given(is.as_ref()).is_some_and(|is| match given(was.as_ref()) {
        None => true,
        Some(was) => !covers::is_part(is, was),
    });
    if narrower {
        out.push("is asked about less (`webhookConfiguration.matchConditions`)".to_owned());
    }
    let rest = (others(before, SPEC), others(after, SPEC));
    if rest.0 != rest.1 {
        out.push(format!(
            "may decide less: {} changed",
            keys(&rest.0, &rest.1)
        ));
    }
    out.extend(generated(old, new));
    out
}

fn stricter_overrides(new: &Value, old: &Value) -> bool {
    let list = |it: &Value| it.as_array().cloned().unwrap_or_default();
    let enforces = |it: &Value| text(it, "action").eq_ignore_ascii_case("enforce");
    let (new, old) = (list(new), list(old));
    let added = new.iter().filter(|it| !old.contains(it));
    let removed = old.iter().filter(|it| !new.contains(it));
    added.into_iter().all(enforces) && removed.into_iter().all(|it| !enforces(it))
}

fn keys(a: &Map<String, Value>, b: &Map<String, Value>) -> String {
    let all: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let changed = all.into_iter().filter(|it| a.get(*it) != b.get(*it));
    let names: Vec<String> = changed.map(|it| format!("`{it}`")).collect();
    names.join(", ")
}

/// That rules for Pods are not made for as many kinds with a Pod template as before.
fn generated(old: &Document<'_>, new: &Document<'_>) -> Option<String> {
    let (before, after) = (old.made_for()?, new.made_for()?);
    let lost = before.iter().filter(|it| !after.contains(it));
    let kinds: Vec<&str> = lost.map(String::as_str).collect();
    // Kinds that its rules name themselves are judged all the same.
    (!kinds.is_empty()).then(|| {
        format!(
            "no longer judges the Pod templates of {} (rules are not generated for them)",
            kinds.join(", ")
        )
    })
}

/// What the rules of a policy decide less of.
pub(super) fn of_rules(old: &Document<'_>, new: &Document<'_>, all: &[Document<'_>]) -> Vec<Less> {
    let mut out = Vec::new();
    let (before, after) = (old.rules(), new.rules());
    let action = "validationFailureAction";
    let same_action = text(old.spec(), action) == text(new.spec(), action);
    let mut free: BTreeSet<usize> = (0..after.len()).collect();
    let mut named: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (at, rule) in after.iter().enumerate() {
        named.entry(text(rule, "name")).or_default().insert(at);
    }
    for (own, rule) in before.iter().enumerate() {
        let name = text(rule, "name");
        // Most stand where they stood.
        let near = |free: &BTreeSet<usize>| free.get(&own).or(free.first()).copied();
        let renamed = || {
            let body = others(rule, &["name"]);
            let is_it = |at: &&usize| others(after[**at], &["name"]) == body;
            let own = free.get(&own).filter(is_it);
            own.or_else(|| free.iter().find(is_it)).copied()
        };
        let same = named.get(name).and_then(near);
        let Some(at) = same.or_else(renamed) else {
            if !is_decided_elsewhere(old, rule, all) {
                let why = format!("rule `{name}` is gone");
                out.push(new.less(Some(name), why, new.node.span(), false));
            }
            continue;
        };
        free.remove(&at);
        if let Some(named) = named.get_mut(text(after[at], "name")) {
            named.remove(&at);
        }
        if *rule == after[at] && same_action {
            continue;
        }
        let clauses = less((rule, old.spec()), (after[at], new.spec()));
        if clauses.is_empty() || is_decided_elsewhere(old, rule, all) {
            continue;
        }
        let name = text(after[at], "name");
        let place = new.rule_span(at);
        out.extend(
            clauses
                .into_iter()
                .map(|why| new.less(Some(name), format!("rule `{name}` {why}"), place, false)),
        );
    }
    out
}

/// Whether some policy of `all` asks for as much as a rule.
pub(super) fn is_decided_elsewhere(
    policy: &Document<'_>,
    rule: &Value,
    all: &[Document<'_>],
) -> bool {
    let judges = TYPES
        .iter()
        .take(2)
        .any(|it| given(rule.get(*it)).is_some());
    judges
        && all.iter().any(|other| {
            let place = other.kind == "ClusterPolicy"
                || other.kind == policy.kind && other.place() == policy.place();
            let rules = other.rules();
            let covers = |it: &&&Value| less((rule, policy.spec()), (it, other.spec())).is_empty();
            place
                && text(other.spec(), "applyRules") != "One"
                && rules.iter().any(|it| covers(&it))
                && of_whole(policy, other).is_empty()
        })
}

/// What a rule, with the spec around it, decides less of than another: one clause each.
fn less((old, old_spec): (&Value, &Value), (new, new_spec): (&Value, &Value)) -> Vec<String> {
    let mut out = Vec::new();
    let none = Value::Null;
    let of = |rule: &'_ Value, key: &str| rule.get(key).cloned().unwrap_or(Value::Null);
    let kinds = |rule: &Value| -> Vec<&str> {
        let types = TYPES.iter().filter(|it| given(rule.get(**it)).is_some());
        types.copied().collect()
    };
    if kinds(old) != kinds(new) {
        return vec!["is of another type".to_owned()];
    }
    let enforces = |rule: &Value, spec: &Value| {
        let own = rule.get("validate").map(|it| text(it, "failureAction"));
        let action = match own.filter(|it| !it.is_empty()) {
            Some(own) => own,
            None => text(spec, "validationFailureAction"),
        };
        action.eq_ignore_ascii_case("enforce")
    };
    let judges = given(old.get("validate")).is_some() || given(old.get("verifyImages")).is_some();
    if judges && enforces(old, old_spec) && !enforces(new, new_spec) {
        out.push("falls from Enforce to Audit".to_owned());
    }
    if !covers::blocks(&of(new, "match"), &of(old, "match")) {
        out.push("may match less".to_owned());
    }
    if !covers::blocks(&of(old, "exclude"), &of(new, "exclude")) {
        out.push("excludes more".to_owned());
    }
    if !covers::conditions(&of(new, "preconditions"), &of(old, "preconditions")) {
        out.push("may be skipped more often (`preconditions`)".to_owned());
    }
    let context = (of(old, "context"), of(new, "context"));
    if given(Some(&context.0)).is_some() && !adds_to(&context.1, &context.0) && judges {
        out.push("may decide less (`context`)".to_owned());
    }
    let rest = (others(old, RULE), others(new, RULE));
    if rest.0 != rest.1 {
        out.push(format!("may decide less ({})", keys(&rest.0, &rest.1)));
    }
    if old.get("verifyImages") != new.get("verifyImages") {
        out.push("may verify less (`verifyImages`)".to_owned());
    }
    if let (Some(old), Some(new)) = (given(old.get("validate")), given(new.get("validate"))) {
        out.extend(validate(old, new, &none));
    }
    out
}

/// Whether a list begins with all the items of another.
fn adds_to(whole: &Value, part: &Value) -> bool {
    match (given(Some(whole)), given(Some(part))) {
        (_, None) => true,
        (Some(Value::Array(whole)), Some(Value::Array(part))) => whole.starts_with(part),
        _ => false,
    }
}

fn validate(old: &Value, new: &Value, none: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let allows = |it: &Value| !is_false(it, "allowExistingViolations");
    if allows(new) && !allows(old) {
        out.push("allows violations that exist (`allowExistingViolations`)".to_owned());
    }
    let overrides = |it: &Value| {
        it.get("failureActionOverrides")
            .cloned()
            .unwrap_or_default()
    };
    if !stricter_overrides(&overrides(new), &overrides(old)) {
        out.push("may audit what it enforced (`failureActionOverrides`)".to_owned());
    }
    if !asks_as_much(old, new) {
        let changed: Vec<String> = ["pattern", "anyPattern", "deny", "foreach", "podSecurity"]
            .into_iter()
            .filter(|it| old.get(it).unwrap_or(none) != new.get(it).unwrap_or(none))
            .map(|it| format!("`{it}`"))
            .collect();
        out.push(format!("may ask for less ({})", changed.join(", ")));
    }
    let rest = (others(old, VALIDATE), others(new, VALIDATE));
    if rest.0 != rest.1 {
        out.push(format!("may ask for less ({})", keys(&rest.0, &rest.1)));
    }
    out
}

/// Whether a test (of a rule or of a loop in it) asks for as much as another.
fn asks_as_much(old: &Value, new: &Value) -> bool {
    let both = |key: &str, stricter: fn(&Value, &Value) -> bool| match (old.get(key), new.get(key))
    {
        (None, None) => true,
        (Some(old), Some(new)) => old == new || stricter(old, new),
        _ => false,
    };
    both("pattern", |old, new| pattern::is_stricter(new, old))
        && both("anyPattern", |old, new| {
            let (Some(old), Some(new)) = (old.as_array(), new.as_array()) else {
                return false;
            };
            let known = |new: &Value| old.iter().any(|old| pattern::is_stricter(new, old));
            !new.is_empty() && new.iter().all(known)
        })
        && both("deny", |old, new| {
            let of = |it: &Value| it.get("conditions").cloned().unwrap_or_default();
            others(old, &["conditions"]) == others(new, &["conditions"])
                && covers::conditions(&of(new), &of(old))
        })
        && both("foreach", |old, new| {
            let (Some(old), Some(new)) = (old.as_array(), new.as_array()) else {
                return false;
            };
            old.iter()
                .all(|old| new.iter().any(|new| loops_as_much(old, new)))
        })
        && both("podSecurity", |old, new| {
            let level = |it: &Value| {
                let levels = ["privileged", "baseline", "restricted"];
                levels.iter().position(|level| *level == text(it, "level"))
            };
            let of = |it: &Value| it.get("exclude").cloned().unwrap_or_default();
            let lets_off = |it: &Value| given(Some(&of(it))).is_some();
            level(new) >= level(old)
                && others(old, &["level", "exclude"]) == others(new, &["level", "exclude"])
                && (!lets_off(new) || lets_off(old) && covers::is_part(&of(new), &of(old)))
        })
}

fn loops_as_much(old: &Value, new: &Value) -> bool {
    let tests = ["pattern", "anyPattern", "deny", "foreach", "preconditions"];
    let of = |it: &Value| it.get("preconditions").cloned().unwrap_or_default();
    others(old, &tests) == others(new, &tests)
        && covers::conditions(&of(new), &of(old))
        && asks_as_much(old, new)
}

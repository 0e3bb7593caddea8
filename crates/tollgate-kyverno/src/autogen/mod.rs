//! Rules for Pods, rewritten for what makes Pods. Source: `pkg/autogen/v1`.

#[cfg(test)]
mod tests;

use crate::matching::bare_kind;
use serde_json::{Map, Value, json};

/// What a generated rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generated {
    /// Controllers with a Pod template.
    Controllers,
    /// CronJobs, whose template stands in a job template.
    CronJob,
}

/// The kinds that rules are generated for, and how rules name them.
const CONTROLLERS: [(&str, &str); 7] = [
    ("DaemonSet", "apps/v1/DaemonSet"),
    ("Deployment", "apps/v1/Deployment"),
    ("Job", "batch/v1/Job"),
    ("StatefulSet", "apps/v1/StatefulSet"),
    ("ReplicaSet", "apps/v1/ReplicaSet"),
    ("ReplicationController", "v1/ReplicationController"),
    ("CronJob", "batch/v1/CronJob"),
];

/// Whether the rules of a policy mean the same for a Pod template, and whether any is for Pods.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Applicable {
    never: bool,
    for_pods: bool,
}

impl Applicable {
    /// One rule more.
    pub(crate) fn look_at(&mut self, rule: &Value) {
        match is_for_pods(rule) {
            Some(for_pods) => self.for_pods |= for_pods,
            None => self.never = true,
        }
    }

    /// The kinds for which the policy's rules are generated. `annotation` is the value of
    /// `pod-policies.kyverno.io/autogen-controllers`.
    pub(crate) fn controllers(self, annotation: Option<&str>) -> Vec<String> {
        if self.never || !self.for_pods {
            return Vec::new();
        }
        let wanted = |kind: &str| annotation.is_none_or(|it| it.split(',').any(|it| it == kind));
        CONTROLLERS
            .iter()
            .map(|it| it.0)
            .filter(|kind| wanted(kind))
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a rule is for Pods or what makes them; `None` where it cannot be said of a Pod template.
fn is_for_pods(rule: &Value) -> Option<bool> {
    let mut for_pods = false;
    if has(rule, "generate") || rule.get("mutate").is_some_and(patches_by_path) {
        return None;
    }
    for block in ["match", "exclude"].iter().filter_map(|it| rule.get(*it)) {
        for resources in descriptions(block) {
            let kinds = kinds(resources);
            let mixed = kinds.len() > 1 && kinds.iter().any(|it| bare_kind(it) == "Pod");
            if mixed
                || ["name", "names", "selector", "annotations"]
                    .iter()
                    .any(|it| has(resources, it))
            {
                return None;
            }
            for_pods |= kinds
                .iter()
                .any(|kind| *kind == "Pod" || CONTROLLERS.iter().any(|it| it.0 == *kind));
        }
    }
    Some(for_pods)
}

fn has(value: &Value, key: &str) -> bool {
    match value.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(map)) => key != "generate" || !map.is_empty(),
        Some(_) => true,
    }
}

fn patches_by_path(mutate: &Value) -> bool {
    has(mutate, "patchesJson6902")
        || mutate
            .get("foreach")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|it| has(it, "patchesJson6902")))
}

fn filters<'a>(block: &'a Value, form: &str) -> &'a [Value] {
    block
        .get(form)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The resource descriptions of a `match` or `exclude` block in all its forms.
fn descriptions(block: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(block)
        .chain(filters(block, "any"))
        .chain(filters(block, "all"))
        .filter_map(|it| it.get("resources"))
}

fn kinds(resources: &Value) -> Vec<&str> {
    resources
        .get("kinds")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn selects_pods(block: &Value) -> bool {
    descriptions(block).any(|it| kinds(it).iter().any(|it| bare_kind(it) == "Pod"))
}

/// The rule for the given controllers; `None` where nothing can be generated from it.
pub(crate) fn generate(rule: &Value, to: Generated, controllers: &[String]) -> Option<Value> {
    let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
    let block = rule.get("match")?;
    if name.starts_with("autogen-") || !selects_pods(block) {
        return None;
    }
    if let Some(exclude) = rule.get("exclude")
        && descriptions(exclude).any(|it| !kinds(it).is_empty())
        && !selects_pods(exclude)
    {
        return None;
    }
    let kinds: Vec<Value> = CONTROLLERS
        .iter()
        .filter(|it| (it.0 == "CronJob") == (to == Generated::CronJob))
        .filter(|it| controllers.iter().any(|wanted| wanted == it.0))
        .map(|it| it.1.into())
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let (prefix, below) = match to {
        Generated::Controllers => ("autogen", "spec.template"),
        Generated::CronJob => ("autogen-cronjob", "spec.jobTemplate.spec.template"),
    };
    let mut out = Map::new();
    out.insert("name".to_owned(), short(&format!("{prefix}-{name}")).into());
    for key in ["match", "exclude"] {
        if let Some(block) = rule.get(key) {
            out.insert(key.to_owned(), for_kinds(block, &kinds, to, key == "match"));
        }
    }
    for key in ["context", "preconditions", "celPreconditions"] {
        if let Some(value) = rule.get(key).filter(|it| !it.is_null()) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    let (key, body) = body(rule, to)?;
    out.insert(key.to_owned(), body);
    let cel = rule.get("validate").is_some_and(|it| has(it, "cel"));
    Some(move_down(Value::Object(out), below, cel))
}

/// Names end after 63 bytes.
fn short(name: &str) -> &str {
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

fn for_kinds(block: &Value, kinds: &[Value], to: Generated, is_match: bool) -> Value {
    let mut block = block.clone();
    let mut in_filters = false;
    for form in ["any", "all"] {
        let Some(Value::Array(filters)) = block.get_mut(form) else {
            continue;
        };
        if filters.is_empty() || in_filters {
            continue;
        }
        in_filters = true;
        for filter in filters {
            // Every filter of a CronJob's rule is for CronJobs; elsewhere only those for Pods change.
            let changes = to == Generated::CronJob
                || filter
                    .get("resources")
                    .is_some_and(|it| self::kinds(it).iter().any(|it| bare_kind(it) == "Pod"));
            if changes {
                set_kinds(filter, kinds);
            }
        }
    }
    let direct = block.get("resources").is_some_and(|it| has(it, "kinds"));
    if !in_filters && (is_match || direct) {
        set_kinds(&mut block, kinds);
    }
    block
}

fn set_kinds(filter: &mut Value, kinds: &[Value]) {
    if let Value::Object(filter) = filter {
        let resources = filter
            .entry("resources")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(resources) = resources {
            resources.insert("kinds".to_owned(), kinds.into());
        }
    }
}

/// What the generated rule does: of several things only the first, as upstream.
fn body(rule: &Value, to: Generated) -> Option<(&'static str, Value)> {
    let wrap = |pattern: &Value| match to {
        Generated::Controllers => json!({"spec": {"template": pattern}}),
        Generated::CronJob => {
            json!({"spec": {"jobTemplate": {"spec": {"template": pattern}}}})
        }
    };
    if let Some(mutate) = rule.get("mutate").filter(|it| it.is_object()) {
        if let Some(patch) = mutate.get("patchStrategicMerge").filter(|it| !it.is_null()) {
            return Some(("mutate", json!({"patchStrategicMerge": wrap(patch)})));
        }
        if let Some(Value::Array(loops)) = mutate.get("foreach")
            && !loops.is_empty()
        {
            let loops: Vec<Value> = loops
                .iter()
                .map(|it| {
                    let mut out = keep(it, &["list", "context", "preconditions"]);
                    let patch = it.get("patchStrategicMerge").unwrap_or(&Value::Null);
                    out.insert("patchStrategicMerge".to_owned(), wrap(patch));
                    Value::Object(out)
                })
                .collect();
            return Some(("mutate", json!({"foreach": loops})));
        }
    }
    if let Some(validate) = rule.get("validate").filter(|it| it.is_object()) {
        const COMMON: [&str; 4] = [
            "message",
            "failureAction",
            "failureActionOverrides",
            "allowExistingViolations",
        ];
        for key in [
            "pattern",
            "deny",
            "podSecurity",
            "anyPattern",
            "foreach",
            "cel",
        ] {
            let Some(value) = validate.get(key).filter(|it| !it.is_null()) else {
                continue;
            };
            let value = match (key, value) {
                ("pattern", pattern) => wrap(pattern),
                ("anyPattern", Value::Array(patterns)) => {
                    Value::Array(patterns.iter().map(wrap).collect())
                }
                ("foreach", Value::Array(loops)) if loops.is_empty() => continue,
                (_, other) => other.clone(),
            };
            let mut out = keep(validate, &COMMON);
            out.insert(key.to_owned(), value);
            return Some(("validate", Value::Object(out)));
        }
    }
    rule.get("verifyImages")
        .filter(|it| !it.is_null())
        .map(|it| ("verifyImages", it.clone()))
}

fn keep(value: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter()
        .filter_map(|key| Some(((*key).to_owned(), value.get(key)?.clone())))
        .collect()
}

/// Rewrite every mention of the object's spec and metadata, in keys and values.
fn move_down(value: Value, below: &str, cel: bool) -> Value {
    let root = if cel { "" } else { "request." };
    let rewrites: Vec<(String, String)> = [
        "object.spec",
        "oldObject.spec",
        "object.metadata",
        "oldObject.metadata",
    ]
    .iter()
    .filter_map(|it| it.split_once('.'))
    .map(|(object, field)| {
        (
            format!("{root}{object}.{field}"),
            format!("{root}{object}.{below}.{field}"),
        )
    })
    .collect();
    rewrite(value, &rewrites)
}

fn rewrite(value: Value, rewrites: &[(String, String)]) -> Value {
    let change = |mut text: String| {
        for (from, to) in rewrites {
            if text.contains(from) {
                text = text.replace(from, to);
            }
        }
        text
    };
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|it| rewrite(it, rewrites)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (change(key), rewrite(value, rewrites)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

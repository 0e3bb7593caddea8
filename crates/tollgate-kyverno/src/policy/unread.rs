//! What a policy is for that cannot be loaded: nobody judges what it would have judged.

use super::{
    Body, Check, Policy, PolicyKind, Rule, RuleType,
    fields::{Fault, Fields},
    load::{annotation, base, rules},
    read,
};
use crate::{
    autogen::{self, Generated},
    context::ImageExtractors,
    engine::evaluate_policy,
    request::{Operation, Request},
    result::Outcome,
};
use serde_json::{Map, Value, json};
use std::sync::{Arc, OnceLock};
use tollgate_yaml::{FieldPath, Node};

/// The objects that a policy would judge, as far as its rules say so legibly.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Its rules by what they match; `None` where that cannot be read, so that it may be for anything.
    policy: Option<Policy>,
}

impl Unread {
    /// Of a document that could not be loaded.
    pub(super) fn new(document: &Node, kind: PolicyKind, name: &str) -> Self {
        let policy = match kind {
            PolicyKind::ClusterPolicy | PolicyKind::Policy => by_match(document, kind, name).ok(),
            _ => None,
        };
        Self { policy }
    }

    /// Whether every rule verifies images, which asks registries: nothing would be judged by it without a
    /// network if it could be read.
    pub fn only_verifies_images(&self) -> bool {
        let rules = self.policy.as_ref().map(|it| &it.rules);
        rules.is_some_and(|it| it.iter().all(|it| it.kind == RuleType::VerifyImages))
    }

    /// Whether one of its rules may refuse that something is deleted.
    pub fn judges_deletions(&self) -> bool {
        let policy = self.policy.as_ref();
        policy.is_none_or(Policy::judges_deletions)
    }

    /// Whether one of its rules may be for the object of a request. Preconditions are not asked: they
    /// may be what cannot be read. A rule that generates judges nothing.
    pub fn is_for(&self, request: &Request<'_>) -> bool {
        let Some(policy) = &self.policy else {
            return true;
        };
        let deleted = request.operation == Operation::Delete;
        let counts = |name: &str| {
            let rule = policy.rules.iter().find(|it| &*it.name == name);
            !deleted || rule.is_none_or(Rule::judges_deletions)
        };
        if deleted && !policy.judges_deletions() {
            return false;
        }
        let response = evaluate_policy(policy, request);
        let mut rules = response.iter().flat_map(|it| &it.rules);
        rules.any(|it| {
            counts(&it.rule)
                && it.kind != RuleType::Generate
                && matches!(
                    it.outcome,
                    Outcome::Unsupported { .. } | Outcome::Error { .. }
                )
        })
    }
}

fn by_match(document: &Node, kind: PolicyKind, name: &str) -> Result<Policy, Fault> {
    let mut policy = base(document, kind, name);
    policy.unsupported = Some("the policy cannot be read".into());
    let written: Vec<Value> = rules(document)
        .iter()
        .map(|it| it.to_json().map_err(|it| Fault::from(it.message)))
        .collect::<Result<_, _>>()?;
    if written.is_empty() {
        return Err("it has no rules that can be told apart".to_owned().into());
    }
    let mut autogen = autogen::Applicable::default();
    written.iter().for_each(|it| autogen.look_at(it));
    policy.controllers = autogen.controllers(annotation(
        document,
        "pod-policies.kyverno.io/autogen-controllers",
    ));
    let mut blocks = read::Blocks::default();
    for (at, written) in written.iter().enumerate() {
        let place = FieldPath::root().key("spec").key("rules").index(at);
        let short = only_match(written, &place)?;
        let mut add = |rule: &Value, generated| {
            let name = rule.get("name").and_then(Value::as_str);
            let name: Arc<str> = name.unwrap_or_default().into();
            let fields = Fields::new(Some(rule), "the rule", place.clone())?;
            policy.rules.push(Rule {
                written: name.clone(),
                name,
                kind: rule_type(written),
                span: document.span(),
                generated,
                body: Arc::new(Body {
                    matches: blocks.read(&fields, "match")?,
                    exclude: blocks.read(&fields, "exclude")?,
                    context: Vec::new(),
                    preconditions: None,
                    image_extractors: ImageExtractors::new(),
                    check: Check::Unsupported(check(written)),
                    looks: OnceLock::new(),
                }),
            });
            Ok::<(), Fault>(())
        };
        add(&short, None)?;
        for to in [Generated::Controllers, Generated::CronJob] {
            if let Some(made) = autogen::generate(&short, to, &policy.controllers) {
                add(&made, Some(to))?;
            }
        }
    }
    Ok(policy)
}

/// What the rule is for, with something that autogen can rewrite in the place of what it asks. A `match`
/// that says nothing is none that could be read.
fn only_match(rule: &Value, at: &FieldPath) -> Result<Value, Fault> {
    let blank = |it: &Value| match it {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => true,
    };
    let matches = rule.get("match").and_then(Value::as_object);
    let legible = matches.is_some_and(|it| !it.is_empty() && !it.values().any(blank));
    let Some(rule) = rule.as_object().filter(|_| legible) else {
        return Err(Fault::new(at, "its `match` cannot be read"));
    };
    let mut short = Map::new();
    for key in ["name", "match", "exclude"] {
        if let Some(value) = rule.get(key) {
            short.insert(key.to_owned(), value.clone());
        }
    }
    short.insert("validate".to_owned(), json!({"deny": {}}));
    Ok(Value::Object(short))
}

/// What a rule does that says nothing of deletions, or something that may.
fn check(rule: &Value) -> &'static str {
    let validate = rule.get("validate").and_then(Value::as_object);
    let silent = ["pattern", "anyPattern", "podSecurity", "manifests"];
    let is_silent = |key: &str| silent.contains(&key) || key == "message";
    match validate {
        Some(it) if it.keys().all(|key| is_silent(key)) => "validate.manifests",
        None if rule.get("validate").is_none() && rule.get("mutate").is_some() => "mutate",
        _ => "a policy that cannot be read",
    }
}

fn rule_type(rule: &Value) -> RuleType {
    let has = |key: &str| rule.get(key).is_some_and(|it| !it.is_null());
    let judges = ["validate", "mutate", "verifyImages"].into_iter().any(has);
    if has("generate") && !judges {
        return RuleType::Generate;
    }
    if has("verifyImages") && !has("validate") && !has("mutate") {
        return RuleType::VerifyImages;
    }
    RuleType::Validate
}

#[cfg(test)]
mod tests {
    use crate::testing::{created, load_text, resource};

    /// Whether the one policy of a text, which cannot be loaded, may be for an object.
    fn is_for(policy: &str, object: &str) -> bool {
        let loaded = load_text(policy);
        assert!(loaded.policies.policies().is_empty(), "{policy}");
        let unread = loaded.problems[0].unread.as_ref().expect("a policy");
        let object = resource(object);
        created(&object, |it| unread.is_for(it))
    }

    fn policy(rest: &str, rule: &str) -> String {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  {rest}\n  rules:\n  - name: r\n{rule}"
        )
    }

    const POD: &str = "    match: {any: [{resources: {kinds: [Pod], namespaces: [shop]}}]}\n";
    const DENY: &str = "    validate: {deny: {}}\n";

    fn object(api: &str, kind: &str, namespace: &str) -> String {
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a, namespace: {namespace}}}\nspec: {{}}\n"
        )
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_for_what_its_rules_match() {
        let refused = policy(
            "generateExistingOnPolicyUpdate: true",
            &[POD, DENY].concat(),
        );
        for (api, kind, namespace, expected) in [
            ("v1", "Pod", "shop", true),
            ("v1", "Pod", "other", false),
            // What makes Pods is judged by what autogen makes of the rule.
            ("apps/v1", "Deployment", "shop", true),
            ("batch/v1", "CronJob", "shop", true),
            ("apps/v1", "Deployment", "other", false),
            ("v1", "ConfigMap", "shop", false),
        ] {
            let object = object(api, kind, namespace);
            assert_eq!(is_for(&refused, &object), expected, "{object}");
        }
        let excluded =
            format!("{POD}    exclude: {{any: [{{resources: {{names: [a]}}}}]}}\n{DENY}");
        let excluded = policy("schemaValidation: 3", &excluded);
        assert!(!is_for(&excluded, &object("v1", "Pod", "shop")));
    }

    #[test]
    fn where_the_match_cannot_be_read_it_is_for_anything() {
        for rule in [
            "    validate: {deny: {}}\n",
            "    match: {}\n    validate: {deny: {}}\n",
            "    match: {any: []}\n    validate: {deny: {}}\n",
            "    match: {any: [{resource: {kinds: [Pod]}}]}\n    validate: {deny: {}}\n",
            "    match: {any: [{resources: {kinds: Pod}}]}\n    validate: {deny: {}}\n",
            "    match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {all: 3}\n    validate: {deny: {}}\n",
        ] {
            let text = policy("background: 3", rule);
            assert!(is_for(&text, &object("v1", "ConfigMap", "shop")), "{text}");
        }
        let no_rules = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: 3}\n";
        assert!(is_for(no_rules, &object("v1", "ConfigMap", "shop")));
    }

    #[test]
    fn a_rule_that_generates_judges_nothing() {
        let generates = policy(
            "background: 3",
            &[POD, "    generate: {kind: Role}\n"].concat(),
        );
        assert!(!is_for(&generates, &object("v1", "Pod", "shop")));
        let mutates = policy(
            "background: 3",
            &[POD, "    mutate: {patchStrategicMerge: {}}\n"].concat(),
        );
        assert!(is_for(&mutates, &object("v1", "Pod", "shop")));
    }
}

//! What a policy is for that cannot be loaded: nobody judges what it would have judged.

mod widest;

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

    /// Whether a rule of it may be for the objects of some namespaces and not for those of others.
    pub fn selects_by_namespace(&self) -> bool {
        let rules = self.policy.as_ref().map(|it| &it.rules);
        rules.is_none_or(|it| it.iter().any(Rule::selects_by_namespace))
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
    let widest: Vec<Value> = written.iter().map(widest::rule).collect();
    let mut autogen = autogen::Applicable::default();
    widest.iter().for_each(|it| autogen.look_at(it));
    policy.controllers = autogen.controllers(annotation(
        document,
        "pod-policies.kyverno.io/autogen-controllers",
    ));
    let mut blocks = read::Blocks::default();
    for (at, (written, widest)) in written.iter().zip(&widest).enumerate() {
        let place = FieldPath::root().key("spec").key("rules").index(at);
        let short = only_match(widest);
        let mut add = |rule: &Value, generated| {
            let name = rule.get("name").and_then(Value::as_str);
            let name: Arc<str> = name.unwrap_or_default().into();
            let fields = Fields::new(Some(rule), "the rule", place.clone())?;
            let matches = blocks.read(&fields, "match")?;
            policy.rules.push(Rule {
                written: name.clone(),
                name,
                kind: rule_type(written),
                span: document.span(),
                generated,
                body: Arc::new(Body {
                    matches: Arc::new(matches.loosely()),
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

/// What the rule is for, with something that autogen can rewrite in the place of what it asks.
fn only_match(rule: &Value) -> Value {
    let mut short = Map::new();
    for key in ["name", "match", "exclude"] {
        if let Some(value) = rule.get(key) {
            short.insert(key.to_owned(), value.clone());
        }
    }
    short.insert("validate".to_owned(), json!({"deny": {}}));
    Value::Object(short)
}

/// Whether there is something in a rule that is no field of one and may be an action.
fn has_other_action(rule: &Value) -> bool {
    let mut fields = rule.as_object().into_iter().flatten();
    let may_act = |it: &Value| it.is_object() || it.is_array();
    fields.any(|(key, it)| !read::FIELDS.contains(&key.as_str()) && may_act(it))
}

fn has(rule: &Value, key: &str) -> bool {
    rule.get(key).is_some_and(|it| !it.is_null())
}

/// What a rule does that says nothing of deletions, or something that may.
fn check(rule: &Value) -> &'static str {
    let silent = ["pattern", "anyPattern", "podSecurity", "manifests"];
    let beside = [
        "message",
        "failureAction",
        "failureActionOverrides",
        "allowExistingViolations",
    ];
    let validate = rule.get("validate").and_then(Value::as_object);
    let known = |key: &String| [&silent[..], &beside].concat().contains(&key.as_str());
    let says = |it: &Map<String, Value>| {
        let given = |key: &&str| it.get(*key).is_some_and(|it| !it.is_null());
        it.keys().all(known) && silent.iter().any(given)
    };
    match validate {
        _ if has_other_action(rule) => "a policy that cannot be read",
        Some(it) if says(it) => "validate.manifests",
        None if !has(rule, "validate") && has(rule, "mutate") => "mutate",
        _ => "a policy that cannot be read",
    }
}

/// A rule of which that cannot be told may validate.
fn rule_type(rule: &Value) -> RuleType {
    let judges = ["validate", "mutate", "verifyImages"];
    if has_other_action(rule) {
        return RuleType::Validate;
    }
    if has(rule, "generate") && !judges.into_iter().any(|it| has(rule, it)) {
        return RuleType::Generate;
    }
    let others = ["validate", "mutate", "generate"];
    if has(rule, "verifyImages") && !others.into_iter().any(|it| has(rule, it)) {
        return RuleType::VerifyImages;
    }
    RuleType::Validate
}

#[cfg(test)]
mod tests {
    use crate::{
        request::Operation,
        testing::{created, happens, load_text, resource},
    };

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
    fn what_cannot_be_understood_of_a_match_narrows_nothing() {
        let pod = || object("v1", "Pod", "shop");
        let map = || object("v1", "ConfigMap", "shop");
        for (blocks, of_pod, of_map) in [
            ("", true, true),
            ("match: {}", true, true),
            ("match: 3", true, true),
            ("match: {any: []}", true, true),
            ("match: {any: 3}", true, true),
            ("match: {any: [null]}", true, true),
            ("match: {any: [{}]}", true, true),
            ("match: {any: [{resource: {kinds: [Pod]}}]}", true, true),
            ("match: {any: [{resources: }]}", true, true),
            ("match: {any: [{resources: {}}]}", true, true),
            ("match: {any: [{resources: {kind: [Pod]}}]}", true, true),
            ("match: {any: [{resources: {kinds: Pod}}]}", true, true),
            ("match: {any: [{resources: {kinds: }}]}", true, true),
            ("match: {any: [{resources: {kinds: []}}]}", true, true),
            ("match: {any: [{resources: {kinds: ['']}}]}", true, true),
            ("match: {any: [{resources: {kinds: [3]}}]}", true, true),
            (
                "match: {any: [{resources: {kinds: [a/b/c/d/Pod]}}]}",
                true,
                true,
            ),
            (
                "match: {any: [{subjects: [{kind: User, name: a}]}]}",
                true,
                true,
            ),
            ("match: {resources: {}}", true, true),
            ("match: {all: [{}]}", true, true),
            // What it says beside still counts.
            (
                "match: {all: [{}, {resources: {kinds: [Pod]}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], namespaces: ['']}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], names: 3}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], name: ''}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], operations: [create]}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], annotations: {a: 3}}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: a, operator: Inn, values: [b]}]}}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: a, operator: In, values: []}]}}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabel: {a: b}}}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]}",
                true,
                false,
            ),
            // Kinds as they may be meant.
            ("match: {any: [{resources: {kinds: [pod]}}]}", true, false),
            ("match: {any: [{resources: {kinds: [Pods]}}]}", true, false),
            (
                "match: {any: [{resources: {kinds: ['Pod ']}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [configmaps]}}]}",
                false,
                true,
            ),
            (
                "match: {any: [{resources: {kinds: [core/ConfigMap]}}]}",
                false,
                true,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod/exec]}}]}",
                false,
                false,
            ),
            // Of several forms each may be meant.
            (
                "match: {any: [{resources: {kinds: [ConfigMap]}}], resources: {kinds: [Pod]}}",
                true,
                true,
            ),
            (
                "match: {any: [{resources: {kinds: [ConfigMap]}}], all: [{resources: {kinds: [Pod]}}]}",
                true,
                true,
            ),
            (
                "match: {any: [{resources: {kinds: [Secret]}}], resources: {kinds: [Service]}}",
                false,
                false,
            ),
            // An `exclude` that cannot be understood takes nothing out.
            (
                "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {all: 3}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {any: [{resources: {kinds: [Pod], namespaces: ['', '*']}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {any: [{resources: {kinds: [Pod]}}], all: [{resources: {kinds: [Pod]}}]}",
                true,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {any: [{resources: {kinds: [Pod]}}]}",
                false,
                false,
            ),
        ] {
            let text = policy("background: 3", &format!("    {blocks}\n{DENY}"));
            assert_eq!(is_for(&text, &pod()), of_pod, "{text}");
            assert_eq!(is_for(&text, &map()), of_map, "{text}");
        }
        let no_rules = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: 3}\n";
        assert!(is_for(no_rules, &map()));
    }

    #[test]
    fn kinds_as_they_may_be_meant_are_made_into_rules_for_what_makes_pods() {
        for kind in ["pod", "pods", "Pods", "Pod"] {
            let blocks = format!("    match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}\n");
            let text = policy("background: 3", &[&blocks, DENY].concat());
            assert!(
                is_for(&text, &object("apps/v1", "Deployment", "shop")),
                "{kind}"
            );
        }
    }

    fn unread(policy: &str) -> super::Unread {
        let loaded = load_text(policy);
        loaded.problems[0].unread.clone().expect("a policy")
    }

    #[test]
    fn a_rule_that_names_operations_is_for_those() {
        let object = resource(&object("v1", "ConfigMap", "shop"));
        for (operations, creation, update, deletion) in [
            ("[UPDATE]", false, true, false),
            ("[CREATE]", true, false, false),
            ("[DELETE]", false, false, true),
            ("[CREATE, update]", true, true, true),
        ] {
            let blocks = format!(
                "    match: {{any: [{{resources: {{kinds: [ConfigMap], operations: {operations}}}}}]}}\n"
            );
            let unread = unread(&policy("background: 3", &[&blocks, DENY].concat()));
            let all = [Operation::Create, Operation::Update, Operation::Delete];
            let is_for = all.map(|it| happens(it, &object, |it| unread.is_for(it)));
            assert_eq!(is_for, [creation, update, deletion], "{operations}");
            assert_eq!(unread.judges_deletions(), deletion, "{operations}");
        }
    }

    #[test]
    fn a_rule_of_which_nobody_can_tell_what_it_does_may_refuse_a_deletion() {
        for (action, judges, only_images) in [
            ("validate: {deny: {}}", true, false),
            ("validate: {message: no}", true, false),
            ("validate: {}", true, false),
            ("validate: {message: no, pattern: }", true, false),
            ("valdate: {pattern: {}}", true, false),
            ("validate: {message: no, pattern: {a: 1}}", false, false),
            (
                "validate: {failureAction: Enforce, anyPattern: [{a: 1}]}",
                false,
                false,
            ),
            ("validate: {pattern: {a: 1}, patern: {}}", true, false),
            ("mutate: {patchStrategicMerge: {}}", false, false),
            ("verifyImages: [{imageReferences: ['*']}]", true, true),
            (
                "verifyImages: [{imageReferences: ['*']}]\n    valdate: {deny: {}}",
                true,
                false,
            ),
            ("verifyImages: 3\n    Validate: {deny: {}}", true, false),
            ("verifyImage: [{imageReferences: ['*']}]", true, false),
            (
                "verifyImages: [{imageReferences: ['*']}]\n    skipBackgroundRequest: false",
                true,
                true,
            ),
        ] {
            let text = policy("background: 3", &format!("{POD}    {action}\n"));
            let unread = unread(&text);
            assert_eq!(unread.judges_deletions(), judges, "{action}");
            assert_eq!(unread.only_verifies_images(), only_images, "{action}");
        }
    }

    #[test]
    fn it_selects_by_namespace_where_a_rule_does_or_nobody_can_tell() {
        for (blocks, expected) in [
            ("match: {any: [{resources: {kinds: [Pod]}}]}", false),
            (
                "match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {a: b}}}}]}",
                true,
            ),
            (
                "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {any: [{resources: {namespaces: [shop]}}]}",
                true,
            ),
        ] {
            let text = policy("background: 3", &format!("    {blocks}\n{DENY}"));
            assert_eq!(unread(&text).selects_by_namespace(), expected, "{text}");
        }
        let no_rules = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: 3}\n";
        assert!(unread(no_rules).selects_by_namespace());
    }

    #[test]
    fn a_rule_that_generates_judges_nothing() {
        let generates = policy(
            "background: 3",
            &[POD, "    generate: {kind: Role}\n"].concat(),
        );
        assert!(!is_for(&generates, &object("v1", "Pod", "shop")));
        for other in ["valdate: {deny: {}}", "generat: {kind: Role}"] {
            let action = format!("    generate: {{kind: Role}}\n    {other}\n");
            let text = policy("background: 3", &[POD, &action].concat());
            assert!(is_for(&text, &object("v1", "Pod", "shop")), "{text}");
        }
        let mutates = policy(
            "background: 3",
            &[POD, "    mutate: {patchStrategicMerge: {}}\n"].concat(),
        );
        assert!(is_for(&mutates, &object("v1", "Pod", "shop")));
    }
}

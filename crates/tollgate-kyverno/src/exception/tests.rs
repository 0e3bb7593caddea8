//! Which rules an exception lets off, and for whom.

use crate::testing::World;
use crate::{Operation, UnlistedNamespaces, UserInfo};
use serde_json::json;
use std::collections::BTreeMap;

/// A rule that refuses every object that it is for, in policies `p` and `web/p`.
fn policies(exception: &str) -> String {
    let policy = |kind: &str, namespace: &str, rule: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: {kind}\nmetadata: {{name: p{namespace}}}\nspec: {{background: false, rules: [{{name: {rule}, match: {{any: [{{resources: {{kinds: [Pod, Thing, Namespace, ClusterRole]}}}}]}}, validate: {{message: never, deny: {{}}}}}}]}}\n---\n"
        )
    };
    format!(
        "{}{}apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e, namespace: team}}\nspec: {exception}\n",
        policy("ClusterPolicy", "", "own"),
        policy("Policy", ", namespace: web", "web-own"),
    )
}

const THING: &str =
    "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: web, labels: {l: x}}}";

/// Case, exception, object, and what comes of the rules for it. Kyverno 1.19.1 says the same.
/// Namespace `gold` has the label `tier: gold`.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str, &str)] = &[
    // Which rule.
    ("the rule of the policy", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: skip, web-own: fail"),
    ("another rule", "{exceptions: [{policyName: p, ruleNames: [web-own]}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: fail"),
    ("another policy", "{exceptions: [{policyName: q, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: fail"),
    ("the rule of a policy with a namespace", "{exceptions: [{policyName: web/p, ruleNames: [web-own]}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: skip"),
    ("every rule by a wildcard", "{exceptions: [{policyName: p, ruleNames: ['*']}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: skip, web-own: fail"),
    ("a rule by a wildcard", "{exceptions: [{policyName: web/p, ruleNames: ['web-?wn']}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: skip"),
    ("no rule by a wildcard", "{exceptions: [{policyName: p, ruleNames: ['web*']}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: fail"),
    ("two policies", "{exceptions: [{policyName: p, ruleNames: [own]}, {policyName: web/p, ruleNames: ['*']}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: skip, web-own: skip"),
    ("one policy twice", "{exceptions: [{policyName: p, ruleNames: [x]}, {policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: skip, web-own: fail"),
    ("policies by a wildcard", "{exceptions: [{policyName: '*', ruleNames: ['*']}], match: {any: [{resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: fail"),
    // For whom.
    ("another kind", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Pod]}}]}}", THING, "own: fail, web-own: fail"),
    ("one of any", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Thing]}}]}}", THING, "own: skip, web-own: fail"),
    ("one of all", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {all: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: fail"),
    ("all of all", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {all: [{resources: {names: [a]}}, {resources: {kinds: [Thing]}}]}}", THING, "own: skip, web-own: fail"),
    ("an empty filter", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {}}]}}", THING, "own: fail, web-own: fail"),
    ("an empty filter beside another", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {all: [{resources: {}}, {resources: {kinds: [Thing]}}]}}", THING, "own: fail, web-own: fail"),
    ("the namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], namespaces: [w*]}}]}}", THING, "own: skip, web-own: fail"),
    ("another namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], namespaces: [team]}}]}}", THING, "own: fail, web-own: fail"),
    ("labels", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: x}}}}]}}", THING, "own: skip, web-own: fail"),
    ("other labels", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: w}}}}]}}", THING, "own: fail, web-own: fail"),
    ("another operation counts as well", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], operations: [DELETE]}}]}}", THING, "own: skip, web-own: fail"),
    ("a role that nobody has", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}, clusterRoles: [admin]}]}}", THING, "own: fail, web-own: fail"),
    ("labels of the namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: gold}}", "own: skip"),
    ("other labels of the namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: tin}}}}]}}", "{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: gold}}", "own: fail"),
    ("a kind without namespaces", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [ClusterRole], names: ['a*']}}]}}", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: ab}}", "own: skip"),
    ("a kind without namespaces in no namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [ClusterRole], namespaces: [team]}}]}}", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: ab}}", "own: fail"),
    ("a kind without namespaces by labels of a namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [ClusterRole], namespaceSelector: {matchLabels: {tier: gold}}}}]}}", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: ab}}", "own: fail"),
    ("labels of the namespace say nothing of a Namespace", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Namespace], namespaceSelector: {matchLabels: {tier: tin}}}}]}}", "{apiVersion: v1, kind: Namespace, metadata: {name: ab}}", "own: skip"),
    // On what condition.
    ("a condition that holds", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {any: [{key: '{{ request.object.metadata.labels.l }}', operator: Equals, value: x}]}}", THING, "own: skip, web-own: fail"),
    ("one of any conditions", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {any: [{key: a, operator: Equals, value: b}, {key: a, operator: Equals, value: a}]}}", THING, "own: skip, web-own: fail"),
    ("none of any conditions", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {any: [{key: a, operator: Equals, value: b}]}}", THING, "own: fail, web-own: fail"),
    ("all conditions", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {all: [{key: a, operator: Equals, value: a}, {key: b, operator: Equals, value: b}]}}", THING, "own: skip, web-own: fail"),
    ("one of all conditions", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {all: [{key: a, operator: Equals, value: a}, {key: b, operator: Equals, value: c}]}}", THING, "own: fail, web-own: fail"),
    ("all conditions and none of any", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {all: [{key: a, operator: Equals, value: a}], any: [{key: b, operator: Equals, value: c}]}}", THING, "own: fail, web-own: fail"),
    ("a condition on what is not there", "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing]}}]}, conditions: {any: [{key: '{{ request.object.none }}', operator: NotEquals, value: x}]}}", THING, "own: fail, web-own: fail"),
];

fn world() -> World {
    let mut world = World::default();
    world.fixtures.unlisted_namespaces = UnlistedNamespaces::Unlabelled;
    let labels = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    let all = &mut world.fixtures.namespace_labels;
    all.insert("gold".to_owned(), labels);
    world
}

fn said(world: &World, exception: &str, object: &str) -> String {
    let words = world.words(&policies(exception), object);
    let short = words
        .iter()
        .map(|it| it.trim_end_matches(" at ").to_owned());
    short.collect::<Vec<_>>().join(", ")
}

#[test]
fn exceptions() {
    let world = world();
    let wrong: Vec<String> = ROWS
        .iter()
        .filter_map(|(case, exception, object, want)| {
            let said = said(&world, exception, object);
            (said != *want).then(|| format!("{case}: {said}, not {want}"))
        })
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn an_exception_can_be_for_the_one_who_asks() {
    let by = |role: &str| {
        format!(
            "{{exceptions: [{{policyName: p, ruleNames: [own]}}], match: {{any: [{{resources: {{kinds: [Thing]}}, clusterRoles: [{role}]}}]}}}}"
        )
    };
    let world = World {
        user_info: Some(UserInfo {
            roles: Vec::new(),
            cluster_roles: vec!["view".to_owned()],
            user: json!({"username": "ann"}),
        }),
        ..World::default()
    };
    assert_eq!(said(&world, &by("view"), THING), "own: skip, web-own: fail");
    assert_eq!(said(&world, &by("edit"), THING), "own: fail, web-own: fail");
}

#[test]
fn an_exception_is_for_a_deleted_object_too() {
    let exception = "{exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {kinds: [Thing], names: [a]}}]}}";
    let world = World {
        operation: Operation::Delete,
        ..World::default()
    };
    assert_eq!(said(&world, exception, THING), "own: skip, web-own: fail");
}

#[test]
fn a_rule_is_let_off_by_every_exception_that_names_it() {
    let two = policies(
        "{exceptions: [{policyName: p, ruleNames: ['*']}], match: {any: [{resources: {kinds: [Thing]}}]}}\n---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: f}\nspec: {exceptions: [{policyName: p, ruleNames: [own]}], match: {any: [{resources: {names: [a]}}]}}",
    );
    let said = World::default().judge(&two, THING);
    let why = "rule is skipped due to policy exceptions team/e, f".to_owned();
    assert_eq!(said[0], ("own".to_owned(), crate::Outcome::Skip { why }));
}

#[test]
fn an_exception_without_filters_is_for_nothing() {
    for (matched, what) in [
        ("{}", "none"),
        ("{any: []}", "empty any"),
        ("{all: []}", "empty all"),
    ] {
        let exception =
            format!("{{exceptions: [{{policyName: p, ruleNames: ['*']}}], match: {matched}}}");
        let loaded = crate::testing::load_text(&policies(&exception));
        let said = match loaded.problems.as_slice() {
            [] => said(&World::default(), &exception, THING),
            _ => "own: fail, web-own: fail".to_owned(),
        };
        assert_eq!(said, "own: fail, web-own: fail", "{what}");
    }
}

#[test]
fn exceptions_of_other_kinds_let_nothing_off() {
    let cel = "{policyRefs: [{name: p, kind: ValidatingPolicy}]}\n---\napiVersion: policies.kyverno.io/v1\nkind: PolicyException\nmetadata: {name: c, namespace: team}\nspec: {policyRefs: [{name: p, kind: ValidatingPolicy}]}";
    let text = policies(cel).replace(
        "apiVersion: kyverno.io/v2\nkind: PolicyException",
        "apiVersion: policies.kyverno.io/v1\nkind: PolicyException",
    );
    let words = World::default().words(&text, THING);
    assert_eq!(words, ["own: fail at ", "web-own: fail at "]);
}

//! Which rules are asked, and what becomes of their answers.

use crate::testing::{World, created, load_text, resource};
use crate::{Operation, UnlistedNamespaces};
use serde_json::json;

/// A rule for Things that every Thing with `spec.bad` fails; `for` is what else `match` and
/// `exclude` ask for.
fn rule(blocks: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    {blocks}\n    validate: {{message: never, pattern: {{spec: {{X(bad): \"\"}}}}}}\n"
    )
}

const BAD: &str = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a, namespace: web}\nspec: {bad: 1}\n";
const GOOD: &str = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a, namespace: web}\nspec: {fine: 1}\n";

fn labelled(namespace: &str, label: Option<(&str, &str)>) -> World {
    let mut world = World::default();
    let labels = label.map(|(key, value)| (key.to_owned(), value.to_owned()));
    world
        .fixtures
        .namespace_labels
        .insert(namespace.to_owned(), labels.into_iter().collect());
    world
}

#[test]
fn a_rule_that_asks_for_labels_that_nobody_knows_refuses_with_an_error() {
    let by_tier = "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}";
    let not_by_tier = "match: {any: [{resources: {kinds: [Thing]}}]}\n    exclude: {any: [{resources: {namespaceSelector: {matchExpressions: [{key: tier, operator: In, values: [gold]}]}}}]}";
    for (block, world, resource, want) in [
        (
            by_tier,
            labelled("web", Some(("tier", "gold"))),
            BAD,
            &["r: fail at spec.bad"][..],
        ),
        (by_tier, labelled("web", Some(("tier", "tin"))), BAD, &[]),
        (by_tier, labelled("web", None), BAD, &[]),
        (by_tier, labelled("other", None), BAD, &["r: error"]),
        (by_tier, labelled("other", None), GOOD, &["r: pass"]),
        (
            not_by_tier,
            labelled("web", Some(("tier", "gold"))),
            BAD,
            &[],
        ),
        (
            not_by_tier,
            labelled("web", None),
            BAD,
            &["r: fail at spec.bad"],
        ),
        (not_by_tier, World::default(), BAD, &["r: error"]),
        (not_by_tier, World::default(), GOOD, &["r: pass"]),
    ] {
        let said = world.words(&rule(block), resource);
        assert_eq!(said, want, "{block} {:?}", world.fixtures.namespace_labels);
    }
}

#[test]
fn every_namespace_of_a_cluster_carries_its_name_as_a_label() {
    let named = |operator: &str| {
        rule(&format!(
            "match: {{any: [{{resources: {{kinds: [Thing], namespaceSelector: {{matchExpressions: [{{key: kubernetes.io/metadata.name, operator: {operator}, values: [web]}}]}}}}}}]}}"
        ))
    };
    let unlabelled = |mut world: World| {
        world.fixtures.unlisted_namespaces = UnlistedNamespaces::Unlabelled;
        world
    };
    for (operator, world, want) in [
        ("In", World::default(), &["r: fail at spec.bad"][..]),
        ("In", labelled("web", None), &["r: fail at spec.bad"]),
        ("NotIn", World::default(), &[]),
        ("NotIn", labelled("web", None), &[]),
        // Kyverno's command line knows only what it is told.
        ("In", unlabelled(World::default()), &[]),
        ("In", unlabelled(labelled("web", None)), &[]),
        (
            "NotIn",
            unlabelled(World::default()),
            &["r: fail at spec.bad"],
        ),
    ] {
        assert_eq!(world.words(&named(operator), BAD), want, "{operator}");
    }
}

#[test]
fn what_decides_without_the_labels_is_no_error() {
    let unknown = "namespaceSelector: {matchLabels: {tier: gold}}";
    let things = "{resources: {kinds: [Thing]}}";
    for (block, want) in [
        // A wildcard may stand for a label that nobody knows.
        (
            "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {'t*': gold}}}}]}".to_owned(),
            &["r: error"][..],
        ),
        (
            "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {'kubernetes.io/*': 'w*'}}}}]}".to_owned(),
            &["r: fail at spec.bad"],
        ),
        // Another criterion of the filter says no.
        (format!("match: {{any: [{{resources: {{kinds: [Other], {unknown}}}}}]}}"), &[][..]),
        // One filter of `any` is enough, one of `all` is too.
        (
            format!("match: {{any: [{{resources: {{kinds: [Thing], {unknown}}}}}, {things}]}}"),
            &["r: fail at spec.bad"],
        ),
        (
            format!("match: {{all: [{{resources: {{kinds: [Thing], {unknown}}}}}, {{resources: {{kinds: [Other]}}}}]}}"),
            &[],
        ),
        (
            format!("match: {{all: [{{resources: {{kinds: [Thing], {unknown}}}}}, {things}]}}"),
            &["r: error"],
        ),
        // What is excluded anyway, and what nobody can exclude any more.
        (
            format!("match: {{any: [{{resources: {{kinds: [Thing], {unknown}}}}}]}}\n    exclude: {{any: [{things}]}}"),
            &[],
        ),
        (
            format!("match: {{any: [{things}]}}\n    exclude: {{any: [{{resources: {{{unknown}}}}}, {{resources: {{kinds: [\"Thin*\"]}}}}]}}"),
            &[],
        ),
        (
            format!("match: {{any: [{things}]}}\n    exclude: {{any: [{{resources: {{kinds: [Other], {unknown}}}}}]}}"),
            &["r: fail at spec.bad"],
        ),
        // Labels of the name alone decide.
        (
            "match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold, kubernetes.io/metadata.name: other}}}}]}".to_owned(),
            &[],
        ),
    ] {
        assert_eq!(World::default().words(&rule(&block), BAD), want, "{block}");
    }
}

#[test]
fn an_object_without_a_namespace_has_no_labels_of_one() {
    let cluster = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {bad: 1}\n";
    for (operator, want) in [
        ("Exists", &[][..]),
        ("DoesNotExist", &["r: fail at spec.bad"]),
    ] {
        let policy = rule(&format!(
            "match: {{any: [{{resources: {{kinds: [Thing], namespaceSelector: {{matchExpressions: [{{key: tier, operator: {operator}}}]}}}}}}]}}"
        ));
        assert_eq!(World::default().words(&policy, cluster), want, "{operator}");
    }
}

#[test]
fn an_exception_that_asks_for_labels_that_nobody_knows_lets_nothing_off_and_is_told() {
    let policy = format!(
        "{}---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e, namespace: ns}}\nspec:\n  exceptions: [{{policyName: p, ruleNames: [r]}}]\n  match: {{any: [{{resources: {{kinds: [Thing], namespaceSelector: {{matchLabels: {{tier: gold}}}}}}}}]}}\n",
        rule("match: {any: [{resources: {kinds: [Thing]}}]}")
    );
    for (world, want) in [
        (labelled("web", Some(("tier", "gold"))), "r: skip"),
        (
            labelled("web", Some(("tier", "tin"))),
            "r: fail at spec.bad",
        ),
        (World::default(), "r: fail at spec.bad"),
    ] {
        assert_eq!(world.words(&policy, BAD), [want]);
    }
    let said = World::default().judge(&policy, BAD);
    let crate::Outcome::Fail { says, .. } = &said[0].1 else {
        panic!("{said:?}");
    };
    assert!(
        says.as_kyverno().ends_with(
            "(exception `ns/e` asks for labels of namespace `web`, whose manifest is not given)"
        ),
        "{says}"
    );
    let world = labelled("web", Some(("tier", "tin")));
    let said = world.judge(&policy, BAD);
    assert!(!format!("{said:?}").contains("exception"), "{said:?}");
}

#[test]
fn after_a_rule_that_may_not_be_for_the_object_the_next_one_is_asked_all_the_same() {
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  applyRules: One\n  rules:\n  - name: gold\n    match: {any: [{resources: {kinds: [Thing], namespaceSelector: {matchLabels: {tier: gold}}}}]}\n    validate: {message: never, pattern: {spec: {fine: 1}}}\n  - name: next\n    match: {any: [{resources: {kinds: [Thing]}}]}\n    validate: {message: never, pattern: {spec: {X(fine): \"\"}}}\n";
    let gold = labelled("web", Some(("tier", "gold")));
    assert_eq!(gold.words(policy, GOOD), ["gold: pass"]);
    assert_eq!(
        World::default().words(policy, GOOD),
        ["gold: pass", "next: fail at spec.fine"]
    );
}

#[test]
fn a_rule_knows_whether_it_selects_by_namespace() {
    let things = "match: {any: [{resources: {kinds: [Thing]}}]}";
    for (blocks, want) in [
        (things.to_owned(), false),
        (
            "match: {any: [{resources: {kinds: [Thing], namespaces: [a]}}]}".to_owned(),
            true,
        ),
        (
            "match: {all: [{resources: {kinds: [Thing], namespaceSelector: {}}}]}".to_owned(),
            true,
        ),
        (
            "match: {resources: {kinds: [Thing], namespaces: [a]}}".to_owned(),
            true,
        ),
        (
            format!("{things}\n    exclude: {{any: [{{resources: {{namespaces: [a]}}}}]}}"),
            true,
        ),
        (
            format!("{things}\n    exclude: {{resources: {{names: [a]}}}}"),
            false,
        ),
    ] {
        let loaded = load_text(&rule(&blocks));
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let rule = &loaded.policies.policies()[0].rules[0];
        assert_eq!(rule.selects_by_namespace(), want, "{blocks}");
    }
}

#[test]
fn what_a_rule_takes_for_a_version_is_told_beside_its_result() {
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: [Thing]}}]}\n    preconditions: {all: [{key: \"{{ semver_compare('{{ request.object.spec.v }}', '>1.0.0') }}\", operator: Equals, value: true}]}\n    validate: {message: never, deny: {}}\n  - name: s\n    match: {any: [{resources: {kinds: [Thing]}}]}\n    validate: {message: fine, pattern: {spec: {v: '?*'}}}\n";
    let loaded = load_text(policy);
    let object = resource(
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {v: newest}\n",
    );
    let answers: Vec<_> = created(&object, |it| {
        let answers = loaded.policies.evaluate(it).into_iter();
        answers.map(|it| it.1).collect()
    });
    let [answer] = answers.as_slice() else {
        panic!("one policy answers");
    };
    let told: Vec<(&str, bool)> = answer
        .doubts
        .iter()
        .map(|it| {
            (
                &*it.rule,
                it.message.contains("`newest`, which is no version"),
            )
        })
        .collect();
    assert_eq!(told, [("r", true)]);
    assert_eq!(answer.rules.len(), 2);
}

/// A policy with these rules, each a map in flow style.
fn policy(rules: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec: {{background: false, rules: [{rules}]}}\n"
    )
}

const THINGS: &str = "match: {any: [{resources: {kinds: [Thing]}}]}";

#[test]
fn after_one_rule_that_applies_no_other_is_asked_where_one_is_to_apply() {
    let one = |name: &str, check: &str| format!("{{name: {name}, {THINGS}, {check}}}");
    let pass = one(
        "pass",
        "validate: {message: never, pattern: {spec: {bad: 1}}}",
    );
    let fail = one("fail", "validate: {message: never, deny: {}}");
    let skip = one(
        "skip",
        "preconditions: {all: [{key: a, operator: Equals, value: b}]}, validate: {message: never, deny: {}}",
    );
    let error = one(
        "error",
        "validate: {message: never, deny: {conditions: {all: [{key: '{{ request.object.none }}', operator: Equals, value: b}]}}}",
    );
    let other = one("other", "validate: {message: never, deny: {}}")
        .replace("kinds: [Thing]", "kinds: [Other]");
    let last = one("last", "validate: {message: never, deny: {}}");
    for (first, said) in [(&pass, "pass: pass"), (&fail, "fail: fail at ")] {
        let all = policy(&format!("{first}, {last}"));
        assert_eq!(World::default().words(&all, BAD), [said, "last: fail at "]);
        let one = all.replace("background: false", "background: false, applyRules: One");
        assert_eq!(World::default().words(&one, BAD), [said]);
    }
    for (first, said) in [
        (&skip, &["skip: skip", "last: fail at "][..]),
        (&error, &["error: error", "last: fail at "]),
        (&other, &["last: fail at "]),
    ] {
        let one = policy(&format!("{first}, {last}"))
            .replace("background: false", "background: false, applyRules: One");
        assert_eq!(World::default().words(&one, BAD), said);
    }
}

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: true}}";
const DEPLOYMENT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {hostPID: true}}}}";
const CRON_JOB: &str = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {hostPID: true}}}}}}";

#[test]
fn generated_rules_are_for_controllers_and_take_the_place_of_those_that_bear_their_names() {
    let for_pods = "{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: never, pattern: {spec: {hostPID: false}}}}";
    let own = "{name: autogen-r, match: {any: [{resources: {kinds: [Deployment, Pod, Thing]}}]}, validate: {message: never, deny: {}}}";
    let both = policy(&format!("{for_pods}, {own}")).replace(
        "metadata: {name: p}",
        "metadata: {name: p, annotations: {pod-policies.kyverno.io/autogen-controllers: Deployment}}",
    );
    let alone = policy(for_pods);
    for (policy, object, want) in [
        (&alone, POD, &["r: fail at spec.hostPID"][..]),
        (
            &alone,
            DEPLOYMENT,
            &["autogen-r: fail at spec.template.spec.hostPID"],
        ),
        (
            &alone,
            CRON_JOB,
            &["autogen-cronjob-r: fail at spec.jobTemplate.spec.template.spec.hostPID"],
        ),
        (&alone, BAD, &[]),
    ] {
        assert_eq!(World::default().words(policy, object), want, "{object}");
    }
    // A rule for Pods and others keeps autogen from the whole policy, so that its name is free.
    assert_eq!(
        World::default().words(&both, DEPLOYMENT),
        ["autogen-r: fail at "]
    );
    let own = own.replace("[Deployment, Pod, Thing]", "[Deployment, Thing]");
    let both = policy(&format!("{for_pods}, {own}"));
    for (object, want) in [
        (
            DEPLOYMENT,
            &["autogen-r: fail at spec.template.spec.hostPID"][..],
        ),
        (BAD, &["autogen-r: fail at "]),
        (POD, &["r: fail at spec.hostPID"]),
    ] {
        assert_eq!(World::default().words(&both, object), want, "{object}");
    }
}

#[test]
fn what_a_generated_rule_says_of_other_kinds_is_left_to_the_rule_that_it_is_made_of() {
    let rule = "{name: r, match: {any: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Thing]}}]}, validate: {message: never, deny: {}}}";
    let said = |object: &str| World::default().words(&policy(rule), object);
    assert_eq!(said(BAD), ["r: fail at "]);
    assert_eq!(said(DEPLOYMENT), ["autogen-r: fail at "]);
    // Nothing is made of a rule of such a name, and nothing takes its place.
    let own = "{name: autogen-r, match: {any: [{resources: {kinds: [Deployment]}}]}, validate: {message: never, deny: {}}}";
    let said = World::default().words(&policy(own), DEPLOYMENT);
    assert_eq!(said, ["autogen-r: fail at "]);
}

#[test]
fn a_policy_with_a_namespace_is_for_that_namespace() {
    let own = |namespace: &str| {
        policy("{name: r, match: {any: [{resources: {kinds: ['*']}}]}, validate: {message: never, deny: {}}}")
            .replace("ClusterPolicy", "Policy")
            .replace("{name: p}", &format!("{{name: p{namespace}}}"))
    };
    let thing = |namespace: &str| {
        format!("{{apiVersion: v1, kind: Thing, metadata: {{name: a{namespace}}}}}")
    };
    for (policy, object, want) in [
        (", namespace: web", ", namespace: web", &["r: fail at "][..]),
        (", namespace: web", ", namespace: api", &[]),
        (", namespace: web", "", &[]),
        // Without one it is in `default`.
        ("", ", namespace: default", &["r: fail at "]),
        ("", ", namespace: web", &[]),
    ] {
        let said = World::default().words(&own(policy), &thing(object));
        assert_eq!(said, want, "policy {policy}, object {object}");
    }
    let moved = |from: &str| World {
        operation: Operation::Update,
        old: Some(resource(&thing(from))),
        ..World::default()
    };
    let own = own(", namespace: web");
    let object = thing(", namespace: web");
    assert_eq!(
        moved(", namespace: web").words(&own, &object),
        ["r: fail at "]
    );
    assert_eq!(moved(", namespace: api").words(&own, &object), [""; 0]);
}

#[test]
fn an_object_is_asked_about_as_it_is_created_updated_or_deleted() {
    let said = |world: &World, conditions: &str| {
        let rule = format!(
            "{{name: r, {THINGS}, validate: {{message: never, deny: {{conditions: {{all: [{conditions}]}}}}}}}}"
        );
        let words = world.words(&policy(&rule), BAD);
        words
            .first()
            .map(|it| it.trim_end().to_owned())
            .unwrap_or_default()
    };
    let created = World::default();
    let updated = World {
        operation: Operation::Update,
        old: Some(resource(&BAD.replace("bad: 1", "bad: 2"))),
        ..World::default()
    };
    let deleted = World {
        operation: Operation::Delete,
        ..World::default()
    };
    let is = |key: &str, value: &str| {
        format!("{{key: '{{{{ {key} }}}}', operator: Equals, value: {value}}}")
    };
    for (conditions, of_created, of_updated, of_deleted) in [
        (
            is("request.operation", "CREATE"),
            "r: fail at",
            "r: pass",
            "r: pass",
        ),
        (
            is("request.operation", "UPDATE"),
            "r: pass",
            "r: fail at",
            "r: pass",
        ),
        (
            is("request.operation", "DELETE"),
            "r: pass",
            "r: pass",
            "r: fail at",
        ),
        (
            is("request.object.spec.bad", "1"),
            "r: fail at spec.bad",
            "r: fail at spec.bad",
            "r: fail at spec.bad",
        ),
        (
            is("request.oldObject.spec.bad", "1"),
            "r: error",
            "r: pass",
            "r: fail at",
        ),
        (
            is("request.oldObject.spec.bad", "2"),
            "r: error",
            "r: fail at",
            "r: pass",
        ),
        (
            is("request.namespace", "web"),
            "r: fail at",
            "r: fail at",
            "r: pass",
        ),
    ] {
        assert_eq!(
            [
                said(&created, &conditions),
                said(&updated, &conditions),
                said(&deleted, &conditions)
            ],
            [of_created, of_updated, of_deleted],
            "{conditions}"
        );
    }
}

#[test]
fn of_a_deleted_object_no_pattern_is_asked() {
    let deleted = World {
        operation: Operation::Delete,
        ..World::default()
    };
    let pattern = format!(
        "{{name: r, {THINGS}, validate: {{message: never, pattern: {{spec: {{X(bad): ''}}}}}}}}"
    );
    assert_eq!(deleted.words(&policy(&pattern), BAD), [""; 0]);
    let pods = "{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {podSecurity: {level: baseline, version: latest}}}";
    assert_eq!(deleted.words(&policy(pods), POD), [""; 0]);
    let excepted = format!(
        "{}---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e}}\nspec: {{exceptions: [{{policyName: p, ruleNames: [r]}}], match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}}}\n",
        policy(pods)
    );
    assert_eq!(deleted.words(&excepted, POD), [""; 0]);
    assert_eq!(World::default().words(&excepted, POD), ["r: skip"]);
    // Not even where a value stands in for the object.
    let with_value = World {
        values: [("request.object.spec.bad".to_owned(), json!(1))].into(),
        ..deleted
    };
    assert_eq!(with_value.words(&policy(&pattern), BAD), [""; 0]);
    let named = "{name: r, match: {any: [{resources: {kinds: [Thing], names: [a]}}]}, validate: {message: never, deny: {}}}";
    assert_eq!(with_value.words(&policy(named), BAD), ["r: fail at "]);
    assert_eq!(
        World::default().words(&policy(pods), POD),
        ["r: fail at spec.hostPID"]
    );
}

#[test]
fn an_update_may_keep_a_violation_of_the_pod_security_standards() {
    let rule = |more: &str, blocks: &str| {
        policy(&format!(
            "{{name: r, match: {{any: [{{resources: {{kinds: [Pod]{blocks}}}}}]}}, validate: {{{more}podSecurity: {{level: baseline, version: latest}}}}}}"
        ))
    };
    let enforced = rule("failureAction: Enforce, ", "");
    let before = |old: &str, operation: Operation| World {
        operation,
        old: Some(resource(old)),
        ..World::default()
    };
    let good = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}";
    let bad = ["r: fail at spec.hostPID"];
    assert_eq!(
        before(POD, Operation::Update).words(&enforced, POD),
        ["r: skip"]
    );
    assert_eq!(before(good, Operation::Update).words(&enforced, POD), bad);
    assert_eq!(before(POD, Operation::Create).words(&enforced, POD), bad);
    for other in [
        rule("", ""),
        rule(
            "failureAction: Enforce, allowExistingViolations: false, ",
            "",
        ),
        // As if it were created now, the old object is none of the rule's.
        rule("failureAction: Enforce, ", ", operations: [UPDATE]"),
    ] {
        assert_eq!(
            before(POD, Operation::Update).words(&other, POD),
            bad,
            "{other}"
        );
    }
}

#[test]
fn exceptions_for_controls_are_for_rules_about_pod_security() {
    let with = |check: &str, controls: &str| {
        format!(
            "{}---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e, namespace: ns}}\nspec: {{exceptions: [{{policyName: p, ruleNames: [r]}}], match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}{controls}}}\n",
            policy(&format!(
                "{{name: r, match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}, validate: {{{check}}}}}"
            ))
        )
    };
    let standards = "podSecurity: {level: baseline, version: latest}";
    let pattern = "message: never, pattern: {spec: {hostPID: false}}";
    for (check, controls, want) in [
        (standards, "", "r: skip"),
        (
            standards,
            ", podSecurity: [{controlName: Host Namespaces}]",
            "r: skip",
        ),
        (
            standards,
            ", podSecurity: [{controlName: Sysctls}]",
            "r: fail at spec.hostPID",
        ),
        (pattern, "", "r: skip"),
        (
            pattern,
            ", podSecurity: [{controlName: Sysctls}]",
            "r: skip",
        ),
    ] {
        let said = World::default().words(&with(check, controls), POD);
        assert_eq!(said, [want], "{check} {controls}");
    }
}

#[test]
fn values_stand_in_for_a_rule_and_for_those_that_are_made_of_it() {
    let rule = "{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, context: [{name: which, configMap: {name: a, namespace: b}}], validate: {message: never, deny: {conditions: {all: [{key: '{{ which.data.it }}', operator: Equals, value: this}]}}}}";
    let named = |name: &str| {
        let values = crate::RuleValues {
            values: [("which.data.it".to_owned(), "this".into())].into(),
            ..crate::RuleValues::default()
        };
        World {
            rule_values: [(name.to_owned(), values)].into(),
            ..World::default()
        }
    };
    for (name, object, want) in [
        ("r", POD, "r: fail at "),
        ("r", DEPLOYMENT, "autogen-r: fail at "),
        ("r", CRON_JOB, "autogen-cronjob-r: fail at "),
        ("autogen-r", DEPLOYMENT, "autogen-r: fail at "),
        ("autogen-cronjob-r", CRON_JOB, "autogen-cronjob-r: fail at "),
        ("autogen-r", POD, "r: error"),
        ("other", POD, "r: error"),
    ] {
        assert_eq!(named(name).words(&policy(rule), object), [want], "{name}");
    }
}

#[test]
fn values_can_change_the_object_that_is_matched() {
    let rule = "{name: r, match: {any: [{resources: {kinds: [Thing], selector: {matchLabels: {l: x}}}}]}, validate: {message: never, deny: {}}}";
    let with = |key: &str, value: serde_json::Value| World {
        values: [(key.to_owned(), value)].into(),
        ..World::default()
    };
    for (key, value, want) in [
        (
            "request.object.metadata.labels.l",
            json!("x"),
            &["r: fail at "][..],
        ),
        ("request.object.metadata.labels.l", json!("w"), &[]),
        (
            "request.object",
            json!({"metadata": {"labels": {"l": "x"}}}),
            &["r: fail at "],
        ),
        ("request.operation", json!("CREATE"), &[]),
        ("other", json!("x"), &[]),
    ] {
        assert_eq!(with(key, value).words(&policy(rule), BAD), want, "{key}");
    }
    // A path that is none is an error for every rule that is written, and for those alone.
    let broken = with("request.\"a", json!(1));
    let pods = "{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: never, deny: {}}}, {name: s, match: {any: [{resources: {kinds: [Service]}}]}, validate: {message: never, deny: {}}}";
    assert_eq!(broken.words(&policy(pods), POD), ["r: error", "s: error"]);
}

#[test]
fn a_declared_subresource_is_matched_as_one_of_its_parent() {
    let mut world = World::default();
    let parts = |group: &str, version: &str, kind: &str| {
        (group.to_owned(), version.to_owned(), kind.to_owned())
    };
    world.fixtures.subresources.push(crate::Subresource {
        kind: parts("autoscaling", "v1", "Scale"),
        name: "deployments/scale".to_owned(),
        parent: parts("apps", "v1", "Deployment"),
    });
    let scale = "{apiVersion: autoscaling/v1, kind: Scale, metadata: {name: a}}";
    for (kind, object, want) in [
        ("Deployment/scale", scale, &["r: fail at "][..]),
        ("apps/v1/Deployment/scale", scale, &["r: fail at "]),
        ("Deployment", scale, &[]),
        ("Scale", scale, &[]),
        ("Deployment/status", scale, &[]),
        ("Deployment/scale", DEPLOYMENT, &[]),
    ] {
        let rule = format!(
            "{{name: r, match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}, validate: {{message: never, deny: {{}}}}}}"
        );
        assert_eq!(world.words(&policy(&rule), object), want, "{kind}");
    }
}

#[test]
fn a_policy_that_only_generates_and_is_not_asked_leaves_no_trace() {
    let asked = |rules: &str, object: &str| {
        let loaded = load_text(&policy(rules));
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let object = resource(object);
        let policies = &loaded.policies;
        let alone = created(&object, |it| {
            crate::evaluate_policy(&policies.policies()[0], it)
        });
        let in_set = created(&object, |it| policies.evaluate(it).len());
        (alone.map(|it| it.rules.len()), in_set)
    };
    let generate = format!(
        "{{name: g, {THINGS}, generate: {{apiVersion: v1, kind: ConfigMap, name: a, namespace: b, data: {{data: {{a: b}}}}}}}}"
    );
    let validate = format!("{{name: v, {THINGS}, validate: {{message: never, deny: {{}}}}}}");
    assert_eq!(asked(&generate, BAD), (Some(1), 1));
    assert_eq!(asked(&generate, POD), (None, 0));
    assert_eq!(asked(&validate, BAD), (Some(1), 1));
    assert_eq!(asked(&validate, POD), (Some(0), 0));
    let both = format!("{generate}, {validate}");
    assert_eq!(asked(&both, POD), (Some(0), 0));
}

#[test]
fn a_value_that_nobody_can_ask_for_is_told_as_not_supported_wherever_it_is_used() {
    let context = "context: [{name: x, apiCall: {urlPath: /api}}]";
    let key = "{key: '{{ x || ''a'' }}', operator: Equals, value: a}";
    let preconditions = format!(
        "{{name: r, {THINGS}, {context}, preconditions: {{all: [{key}]}}, validate: {{message: never, pattern: {{spec: {{bad: 1}}}}}}}}"
    );
    let conditions = format!(
        "{{name: r, {THINGS}, {context}, validate: {{message: never, deny: {{conditions: {{all: [{key}]}}}}}}}}"
    );
    for rule in [preconditions, conditions] {
        let said = World::default().words(&policy(&rule), BAD);
        assert_eq!(said, ["r: unsupported"], "{rule}");
    }
}

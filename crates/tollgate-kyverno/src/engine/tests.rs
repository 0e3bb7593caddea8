//! Which rules are asked, and what becomes of their answers.

use crate::UnlistedNamespaces;
use crate::testing::{World, load_text};

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
    let crate::Outcome::Fail { message, .. } = &said[0].1 else {
        panic!("{said:?}");
    };
    assert!(
        message.ends_with(
            "(exception `ns/e` asks for labels of namespace `web`, whose manifest is not given)"
        ),
        "{message}"
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
    use crate::{Fixtures, Request, testing::resource};
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: [Thing]}}]}\n    preconditions: {all: [{key: \"{{ semver_compare('{{ request.object.spec.v }}', '>1.0.0') }}\", operator: Equals, value: true}]}\n    validate: {message: never, deny: {}}\n  - name: s\n    match: {any: [{resources: {kinds: [Thing]}}]}\n    validate: {message: fine, pattern: {spec: {v: '?*'}}}\n";
    let loaded = load_text(policy);
    let object = resource(
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {v: newest}\n",
    );
    let (values, rule_values) = Default::default();
    let request = Request {
        object: Some(&object),
        old_object: None,
        operation: crate::Operation::Create,
        user_info: None,
        values: &values,
        rule_values: &rule_values,
        fixtures: &Fixtures::default(),
        now: std::time::SystemTime::UNIX_EPOCH,
    };
    let answers = loaded.policies.evaluate(&request);
    let [(_, answer)] = answers.as_slice() else {
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

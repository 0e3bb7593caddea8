//! Where resources are: in `default` if nothing says so, under the labels that any overlay gives.

use crate::support::{Repository, Verdict, tollgate};

type Files<'a> = &'a [(&'a str, &'a str)];

const CONFIG: &str = "version: 1
environments:
  prod: {overlays: [prod, more/prod], enforcement: enforce}
  dev: {overlays: [dev], enforcement: enforce}
policies: {coverage: {min_rules: 0%}}
";
const LISTED: &str = "resources: [new.yaml]\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";

/// A policy with one rule for these kinds, what stands beside them and what it checks.
fn policy(kinds: &str, beside: &str, check: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: rule}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [{kinds}]{beside}}}}}]}}\n    {check}\n"
    )
}

const LABEL: &str =
    "validate: {message: an owner is missing, pattern: {metadata: {labels: {owner: \"?*\"}}}}";

/// The verdict on a change between two trees; what stands in the first one is in both.
fn verdict(base: Files<'_>, head: Files<'_>) -> Verdict {
    let repository = Repository::new();
    repository.write("tollgate.yaml", CONFIG);
    for (path, text) in base {
        repository.write(path, text);
    }
    let before = repository.commit("base");
    for (path, text) in head {
        repository.write(path, text);
    }
    let after = repository.commit("head");
    repository.check(&before, &after)
}

/// The verdict on a new resource in an overlay that has something else.
fn new(rules: Files<'_>, resource: &str) -> Verdict {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n";
    let mut base = vec![
        ("prod/kustomization.yaml", "resources: [other.yaml]\n"),
        ("prod/other.yaml", service),
    ];
    base.extend(rules);
    let listed = "resources: [other.yaml, new.yaml]\n";
    verdict(
        &base,
        &[
            ("prod/kustomization.yaml", listed),
            ("prod/new.yaml", resource),
        ],
    )
}

/// `level rule: message` of each finding of `policies` on it.
fn said(verdict: &Verdict) -> Vec<String> {
    let findings = verdict.findings().filter(|it| {
        let rule = it["rule"].as_str().unwrap_or_default();
        rule.starts_with("policies/") && it["level"] != "note"
    });
    let text = |it: &serde_json::Value| {
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("level"), text("rule"), text("message"))
    };
    findings.map(text).collect()
}

#[test]
fn a_resource_without_a_namespace_is_in_default() {
    let named =
        |namespace: &str| policy("ConfigMap", &format!(", namespaces: [{namespace}]"), LABEL);
    let missing = "deny policies/rule: r: an owner is missing";
    let elsewhere = "warn policies/namespace: `r` looks at namespaces, and nothing gives one to ConfigMap web (prod): judged as in `default`; in another one it may say: an owner is missing";
    let passes = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, labels: {owner: ann}}\n";
    let placed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n";
    let pattern = |value: &str| {
        policy(
            "ConfigMap",
            "",
            &format!(
                "validate: {{message: not there, pattern: {{metadata: {{namespace: {value}}}}}}}"
            ),
        )
    };
    let deny = |value: &str| {
        policy(
            "ConfigMap",
            "",
            &format!(
                "validate: {{message: not there, deny: {{conditions: {{all: [{{key: \"{{{{ request.namespace }}}}\", operator: Equals, value: {value}}}]}}}}}}"
            ),
        )
    };
    let excluded = policy(
        "ConfigMap",
        "",
        &format!("exclude: {{any: [{{resources: {{namespaces: [web]}}}}]}}\n    {LABEL}"),
    );
    let looks = "warn policies/namespace: `r` looks at namespaces, and nothing gives one to ConfigMap web (prod): judged as in `default`";
    for (case, policy, resource, want) in [
        ("for default", named("default"), MAP, vec![missing]),
        ("for another one", named("web"), MAP, vec![elsewhere]),
        ("for any", named("\"*\""), MAP, vec![missing]),
        ("for another one, and fine", named("web"), passes, vec![]),
        (
            "for another one, which it gives",
            named("web"),
            placed,
            vec![missing],
        ),
        (
            "for another one than it gives",
            named("other"),
            placed,
            vec![],
        ),
        ("not for another one", excluded.clone(), MAP, vec![missing]),
        ("not for the one that it gives", excluded, placed, vec![]),
        (
            "its pattern refuses default",
            pattern("\"!default\""),
            MAP,
            vec!["deny policies/rule: r: not there"],
        ),
        ("its pattern asks for any", pattern("\"?*\""), MAP, vec![]),
        (
            "its pattern refuses another one",
            pattern("\"!web\""),
            MAP,
            vec![looks],
        ),
        (
            "its conditions refuse default",
            deny("default"),
            MAP,
            vec!["deny policies/rule: r: not there"],
        ),
        (
            "its conditions refuse another one",
            deny("web"),
            MAP,
            vec![looks],
        ),
        (
            "a policy of another namespace",
            named("\"*\"")
                .replace(
                    "kind: ClusterPolicy\nmetadata: {name: rule}",
                    "kind: Policy\nmetadata: {name: rule, namespace: web}",
                )
                .replace(", namespaces: [\"*\"]", ""),
            MAP,
            vec![elsewhere],
        ),
    ] {
        let verdict = new(&[("policies/rule.yaml", &policy)], resource);
        assert_eq!(said(&verdict), want, "{case}");
    }
}

#[test]
fn what_an_exception_lets_off_in_default_may_be_elsewhere() {
    let policy = policy("ConfigMap", "", LABEL);
    let by = |what: &str| {
        format!(
            "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e, namespace: team}}\nspec:\n  exceptions: [{{policyName: rule, ruleNames: [r]}}]\n  match: {{any: [{{resources: {{kinds: [ConfigMap]{what}}}}}]}}\n"
        )
    };
    let condition = |namespace: &str| {
        format!(
            "{}  conditions: {{all: [{{key: \"{{{{ request.namespace }}}}\", operator: Equals, value: {namespace}}}]}}\n",
            by("")
        )
    };
    let spelled = condition("default").replace(
        "request.namespace",
        "request.object.metadata.\\\"namespace\\\"",
    );
    let missing = "deny policies/rule: r: an owner is missing";
    let elsewhere = "warn policies/namespace: `r` looks at namespaces, and nothing gives one to ConfigMap web (prod): judged as in `default`; in another one it may say: an owner is missing (in `default` it is let off by `team/e`)";
    let placed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: default}\n";
    let passes = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, labels: {owner: ann}}\n";
    for (case, exception, resource, want) in [
        (
            "for default",
            by(", namespaces: [default]"),
            MAP,
            vec![elsewhere],
        ),
        (
            "for default, which it gives",
            by(", namespaces: [default]"),
            placed,
            vec![],
        ),
        (
            "for default, and fine",
            by(", namespaces: [default]"),
            passes,
            vec![],
        ),
        ("for any", by(", namespaces: [\"*\"]"), MAP, vec![]),
        ("whatever the namespace", by(""), MAP, vec![]),
        (
            "for another one",
            by(", namespaces: [web]"),
            MAP,
            vec![missing],
        ),
        (
            "for default and another name",
            by(", namespaces: [default], names: [b]"),
            MAP,
            vec![missing],
        ),
        (
            "on condition of default",
            condition("default"),
            MAP,
            vec![elsewhere],
        ),
        (
            "on condition of default, spelled otherwise",
            spelled,
            MAP,
            vec![elsewhere],
        ),
        (
            "on condition of default, which it gives",
            condition("default"),
            placed,
            vec![],
        ),
        (
            "on condition of another one",
            condition("web"),
            MAP,
            vec![missing],
        ),
    ] {
        let rules = [
            ("policies/rule.yaml", &*policy),
            ("policies/exception.yaml", &exception),
        ];
        assert_eq!(said(&new(&rules, resource)), want, "{case}");
    }
}

#[test]
fn what_an_exception_lets_off_is_judged_again_where_its_namespace_gets_other_labels() {
    let policy = policy("ConfigMap", "", LABEL);
    let exception = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: team}\nspec:\n  exceptions: [{policyName: rule, ruleNames: [r]}]\n  match: {any: [{resources: {kinds: [ConfigMap], namespaceSelector: {matchLabels: {tier: low}}}}]}\n";
    let namespace = |tier: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: web, labels: {{tier: {tier}}}}}\n"
        )
    };
    let (low, high) = (namespace("low"), namespace("high"));
    let base = [
        ("policies/rule.yaml", &*policy),
        ("policies/exception.yaml", exception),
        ("prod/kustomization.yaml", "resources: [map.yaml]\n"),
        (
            "prod/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n",
        ),
        ("more/prod/kustomization.yaml", "resources: [web.yaml]\n"),
        ("more/prod/web.yaml", &low),
    ];
    let verdict = verdict(&base, &[("more/prod/web.yaml", &high)]);
    assert_eq!(
        said(&verdict),
        ["deny policies/rule: r: an owner is missing"]
    );
}

#[test]
fn what_nothing_places_is_told_once_a_rule_and_held_in_strict() {
    let rule = policy("ConfigMap", ", namespaces: [web]", LABEL);
    let three = [
        MAP,
        &MAP.replace("name: web", "name: b"),
        &MAP.replace("name: web", "name: c"),
    ];
    let three = three.join("---\n");
    let verdict = new(&[("policies/rule.yaml", &rule)], &three);
    assert_eq!(
        said(&verdict),
        [
            "warn policies/namespace: `r` looks at namespaces, and nothing gives one to ConfigMap b (prod) and 2 more: judged as in `default`; in another one it may say: an owner is missing"
        ]
    );
    assert_eq!(verdict.decision(), "admit");
    let strict = CONFIG.replace(
        "enforcement: enforce}\n  dev",
        "enforcement: strict}\n  dev",
    );
    let rules = [
        ("policies/rule.yaml", rule.as_str()),
        ("tollgate.yaml", &strict),
    ];
    assert_eq!(new(&rules, &three).decision(), "refuse");
    // What was there is known.
    let base = [
        rules[0],
        rules[1],
        ("prod/kustomization.yaml", LISTED),
        ("prod/new.yaml", MAP),
    ];
    let more = format!("{MAP}data: {{a: b}}\n");
    let verdict = verdict_on(&base, &more);
    let lines = verdict.lines();
    assert_eq!(lines[0], "waived policies/namespace prod/new.yaml:1");
    assert_eq!(verdict.decision(), "admit");
}

fn verdict_on(base: Files<'_>, resource: &str) -> Verdict {
    verdict(base, &[("prod/new.yaml", resource)])
}

#[test]
fn where_kinds_live_is_said_by_definitions() {
    let rule = policy("Thing", ", namespaces: [default]", LABEL);
    let thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: web}\n";
    let definition = |scope: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: things.example.com}}\nspec:\n  group: example.com\n  scope: {scope}\n  names: {{kind: Thing, plural: things}}\n  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}]\n"
        )
    };
    let (cluster, namespaced) = (definition("Cluster"), definition("Namespaced"));
    let both = format!("{cluster}---\n{thing}");
    for (case, files, resource, held) in [
        ("nobody defines it", &[][..], thing, true),
        (
            "a file defines it",
            &[("crds/thing.yaml", &*cluster)],
            thing,
            false,
        ),
        (
            "with a namespace",
            &[("crds/thing.yaml", &*namespaced)],
            thing,
            true,
        ),
        ("the change defines it", &[], &both, false),
        (
            "the change defines it against what BASE says",
            &[("crds/thing.yaml", &*namespaced)],
            &both,
            true,
        ),
        (
            "another overlay renders it",
            &[
                ("dev/kustomization.yaml", "resources: [crd.yaml]\n"),
                ("dev/crd.yaml", &*cluster),
            ],
            thing,
            false,
        ),
    ] {
        let mut rules = vec![("policies/rule.yaml", rule.as_str())];
        rules.extend(files);
        let verdict = new(&rules, resource);
        let lines = verdict.lines();
        let denied = lines.iter().any(|it| it.starts_with("deny policies/rule"));
        assert_eq!(denied, held, "{case}: {lines:?}");
    }
}

fn namespace(name: &str, labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
}

#[test]
fn labels_of_namespaces_come_from_every_overlay_of_the_environment_and_from_base() {
    let rule = policy(
        "ConfigMap",
        ", namespaceSelector: {matchLabels: {tier: gold}}",
        LABEL,
    );
    let placed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n";
    let (gold, tin) = (
        namespace("web", "tier: gold"),
        namespace("web", "tier: tin"),
    );
    let own = (
        "prod/kustomization.yaml",
        "resources: [new.yaml, space.yaml]\n",
    );
    let before = ("prod/kustomization.yaml", "resources: [space.yaml]\n");
    let more = ("more/prod/kustomization.yaml", "resources: [space.yaml]\n");
    let other = ("dev/kustomization.yaml", "resources: [space.yaml]\n");
    let one = ("prod/kustomization.yaml", LISTED);
    let map = ("prod/new.yaml", placed);
    let (refused, admitted, unknown) = (
        "deny policies/rule prod/new.yaml:3",
        "admit",
        "undecided prod: ConfigMap web/web (prod)",
    );
    for (case, base, head, want) in [
        (
            "its own overlay",
            vec![before, ("prod/space.yaml", &*gold)],
            vec![own, map],
            refused,
        ),
        (
            "other labels",
            vec![before, ("prod/space.yaml", &*tin)],
            vec![own, map],
            admitted,
        ),
        (
            "another overlay",
            vec![more, ("more/prod/space.yaml", &*gold)],
            vec![one, map],
            refused,
        ),
        (
            "another overlay, other labels",
            vec![more, ("more/prod/space.yaml", &*tin)],
            vec![one, map],
            admitted,
        ),
        (
            "another environment",
            vec![other, ("dev/space.yaml", &*gold)],
            vec![one, map],
            unknown,
        ),
        (
            "BASE alone",
            vec![more, ("more/prod/space.yaml", &*gold)],
            vec![
                one,
                map,
                (
                    "more/prod/kustomization.yaml",
                    "configMapGenerator: [{name: a, namespace: other}]\n",
                ),
            ],
            refused,
        ),
        ("nobody", vec![], vec![one, map], unknown),
        (
            "two overlays, the harmless one first",
            vec![
                more,
                ("more/prod/space.yaml", &*tin),
                before,
                ("prod/space.yaml", &*gold),
            ],
            vec![own, map],
            refused,
        ),
        (
            "two overlays, the harmless one last",
            vec![
                more,
                ("more/prod/space.yaml", &*gold),
                before,
                ("prod/space.yaml", &*tin),
            ],
            vec![own, map],
            refused,
        ),
        (
            "labels that change, in another overlay",
            vec![one, map, more, ("more/prod/space.yaml", &*tin)],
            vec![("more/prod/space.yaml", &*gold)],
            refused,
        ),
    ] {
        let mut base = base;
        base.push(("policies/rule.yaml", &rule));
        let verdict = verdict(&base, &head);
        let lines = verdict.lines();
        assert!(lines.iter().any(|it| it == want), "{case}: {lines:?}");
    }
}

/// For resources of ConfigMaps' group and kind, and more.
const OF_EXPRESSIONS: &str = "apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: rule}
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
  validations: [{expression: 'false', message: never}]
";

#[test]
fn when_labels_change_what_nobody_can_judge_by_may_be_for_what_stays_in_the_namespace() {
    let rule = |beside: &str| policy("ConfigMap", beside, LABEL);
    let unread = |beside: &str| rule(beside).replace("background: false", "background: 3");
    let selector = "namespaceSelector: {matchLabels: {tier: gold}}";
    let selects = unread(&format!(", {selector}"));
    let other = unread(", namespaceSelector: {matchLabels: {tier: lead}}");
    let of_expressions = |more: &str| {
        OF_EXPRESSIONS.replace("matchConstraints:\n", &format!("matchConstraints:\n{more}"))
    };
    // It sees to it that everything in the namespace is judged again.
    let sound = rule(", namespaceSelector: {matchLabels: {tier: copper}}")
        .replace("name: rule", "name: sound");
    let placed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n";
    for (case, policy, want) in [
        (
            "unread, and selects it now",
            selects,
            "undecided prod: rule",
        ),
        ("unread, and selects by other labels", other, "admit"),
        (
            "unread, and is for it whatever the labels are",
            unread(""),
            "admit",
        ),
        (
            "not evaluated, and has a selector",
            of_expressions(&format!("    {selector}\n")),
            "undecided prod: ConfigMap web/web (prod)",
        ),
        ("not evaluated, and has none", of_expressions(""), "admit"),
    ] {
        let config = CONFIG.replace("enforce}", "strict}");
        let base = [
            ("tollgate.yaml", &*config),
            ("policies/rule.yaml", &policy),
            ("policies/sound.yaml", &sound),
            ("prod/kustomization.yaml", LISTED),
            ("prod/new.yaml", placed),
            ("more/prod/kustomization.yaml", "resources: [space.yaml]\n"),
            ("more/prod/space.yaml", &namespace("web", "tier: tin")),
        ];
        let head = [("more/prod/space.yaml", &*namespace("web", "tier: gold"))];
        let lines = verdict(&base, &head).lines();
        assert!(lines.iter().any(|it| it == want), "{case}: {lines:?}");
    }
}

#[test]
fn apply_judges_what_gives_no_namespace_like_check() {
    let repository = Repository::new();
    let rule = policy("ConfigMap", ", namespaces: [web]", LABEL);
    let two = format!("{MAP}---\n{}", MAP.replace("name: web", "name: b"));
    repository
        .write("rule.yaml", &rule)
        .write("maps.yaml", &two);
    let output = tollgate(
        repository.path(),
        &["apply", "-p", "rule.yaml", "-r", "maps.yaml"],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("warn  maps.yaml:1:1: ConfigMap web rule/r: the rule looks at namespaces, and nothing gives one to this and 1 more: judged as in `default`; in another one it may say: an owner is missing\n"),
        "{text}"
    );
    repository.write("rule.yaml", &rule.replace("[web]", "[default]"));
    let output = tollgate(
        repository.path(),
        &["apply", "-p", "rule.yaml", "-r", "maps.yaml"],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches("fail ").count(), 2, "{text}");
}

#[test]
fn empty_maps_are_maps() {
    let rule = policy(
        "ConfigMap",
        "",
        "validate: {message: no labels, deny: {conditions: {all: [{key: \"{{ request.object.metadata.labels.owner || 'nobody' }}\", operator: Equals, value: nobody}]}}}",
    );
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: web\n  labels:\ndata:\n";
    let counted = rule
        .replace("labels.owner || 'nobody'", "labels | length(@)")
        .replace("value: nobody", "value: 0");
    for (case, policy) in [("a label", &rule), ("their number", &counted)] {
        let verdict = new(&[("policies/rule.yaml", policy)], map);
        assert_eq!(
            said(&verdict),
            ["deny policies/rule: r: no labels"],
            "{case}: {:?}",
            verdict.lines()
        );
    }
}

#[test]
fn a_kind_that_nothing_defines_is_told_as_such() {
    let rule = policy("Thing", ", namespaces: [web]", LABEL);
    let thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: web}\n";
    let verdict = new(&[("policies/rule.yaml", &rule)], thing);
    let want = "warn policies/namespace: `r` looks at namespaces, and nothing gives one to Thing web (prod), whose kind nothing defines: judged as in `default`; in another one it may say: an owner is missing";
    assert_eq!(said(&verdict), [want]);
}

//! Changes of policies, and whether each decides less: told, or not.

use super::*;
use tollgate_yaml::{Dialect, Limits, Sources};

/// A policy whose rules begin as given.
fn policy(name: &str, head: &str, rules: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: {name}}}\nspec:\n{head}  rules:\n{rules}"
    )
}

const RULE: &str = "
  - name: r
    match: {any: [{resources: {kinds: [Ingress], namespaces: ['a-*', b]}}]}
    exclude: {any: [{resources: {namespaces: [x, w]}}]}
    preconditions: {all: [{key: '{{ request.operation }}', operator: Equals, value: CREATE}]}
    validate:
      message: an owner is missing
      pattern: {metadata: {labels: {owner: '?*', team: 'a | b'}}, spec: {'=(host)': false}}
";

fn told(old: &str, new: &str) -> Vec<String> {
    let sources = Sources::new();
    let read = |name: &str, text: &str| {
        let file = sources.add(name, text);
        tollgate_yaml::parse(text, file, Dialect::Sigs, &Limits::default()).expect("YAML")
    };
    let (old, new) = (read("old", old), read("new", new));
    let told = less(&old, &new);
    told.into_iter().map(|it| it.why).collect()
}

#[test]
fn a_second_policy_of_a_name_is_told_where_it_asks_for_less_than_the_only_one() {
    let one = policy("p", "", RULE);
    let less = policy("p", "", &RULE.replace("[x, w]", "[x, w, v]"));
    let other = policy("q", "", &RULE.replace("[x, w]", "[x, w, v]"));
    let more = policy("p", "", &RULE.replace("[x, w]", "[x]"));
    let both = |a: &str, b: &str| format!("{a}---\n{b}");
    let second = "is a second ClusterPolicy `p` that asks for less: where both are applied, the cluster keeps one of them";
    assert_eq!(told(&one, &both(&one, &less)), [second]);
    assert_eq!(told(&one, &both(&less, &one)), [second], "in any order");
    assert_eq!(told(&one, &both(&one, &more)), [""; 0]);
    assert_eq!(told(&one, &both(&one, &other)), [""; 0], "of another name");
    assert_eq!(told(&one, &both(&one, &one)), [""; 0], "a copy");
    // For several clusters.
    assert_eq!(
        told(
            &both(&one, &more),
            &format!("{}---\n{less}", both(&one, &more))
        ),
        [""; 0]
    );
}

#[test]
fn among_many_rules_the_one_that_asks_for_less_is_told_wherever_it_stands() {
    // No rule asks for what another does.
    let named = |at: usize| {
        let rule = RULE.replace("name: r", &format!("name: r{at}"));
        rule.replace("owner: '?*'", &format!("owner: 'o{at}'"))
    };
    let rules: Vec<String> = (0..30).map(named).collect();
    let text = |head: &str, it: &[String]| policy("p", head, &it.concat());
    let mut less = rules.clone();
    less[11] = less[11].replace("owner: 'o11'", "owner: '*'");
    let old = text("", &rules);
    let why = ["rule `r11` may ask for less (`pattern`)"];
    assert_eq!(told(&old, &text("", &less)), why);
    less.reverse();
    assert_eq!(told(&old, &text("", &less)), why, "in another order");
    less.retain(|it| !it.contains("name: r11\n"));
    assert_eq!(told(&old, &text("", &less)), ["rule `r11` is gone"]);
    let mut renamed = rules.clone();
    renamed[11] = renamed[11].replace("name: r11", "name: other");
    renamed.reverse();
    assert_eq!(told(&old, &text("", &renamed)), [""; 0], "renamed");
    let enforce = "  validationFailureAction: Enforce\n";
    let audit = told(&text(enforce, &rules[..2]), &text("", &rules[..2]));
    let falls = |at: usize| format!("rule `r{at}` falls from Enforce to Audit");
    assert_eq!(audit, [falls(0), falls(1)]);
}

#[test]
fn the_order_of_rules_is_told_where_only_one_of_them_is_asked() {
    let named = |at: usize| RULE.replace("name: r", &format!("name: r{at}"));
    let mut rules: Vec<String> = (0..30).map(named).collect();
    let one = "  applyRules: One\n";
    let text = |head: &str, it: &[String]| policy("p", head, &it.concat());
    let (old, all) = (text(one, &rules), text("", &rules));
    rules.swap(3, 4);
    let why = ["asks no rule after the first that judged (`applyRules: One`)"];
    assert_eq!(told(&old, &text(one, &rules)), why);
    assert_eq!(told(&all, &text("", &rules)), [""; 0]);
}

/// The change of RULE by one replacement.
fn rule(from: &str, to: &str) -> Vec<String> {
    assert!(RULE.contains(from), "{from}");
    let new = RULE.replacen(from, to, 1);
    told(&policy("p", "", RULE), &policy("p", "", &new))
}

#[test]
fn what_decides_as_much_is_not_told() {
    for (from, to) in [
        ("an owner is missing", "say who owns it"),
        ("kinds: [Ingress]", "kinds: ['*']"),
        ("namespaces: ['a-*', b]", "namespaces: ['*']"),
        (", namespaces: ['a-*', b]", ""),
        (
            "]}}]}\n    exclude",
            "]}}, {resources: {kinds: [Service]}}]}\n    exclude",
        ),
        ("[x, w]", "[w]"),
        (
            "    exclude: {any: [{resources: {namespaces: [x, w]}}]}\n",
            "",
        ),
        (
            "{all: [{key: '{{ request.operation }}', operator: Equals, value: CREATE}]}",
            "{}",
        ),
        ("'?*'", "'team-?*'"),
        ("'a | b'", "b"),
        ("'a | b'", "a & !c"),
        ("labels: {", "labels: {cost: '?*', "),
        ("name: r", "name: renamed"),
        ("metadata: {labels", "kind: Pod, metadata: {labels"),
    ] {
        assert!(
            rule(from, to).is_empty(),
            "{from} -> {to}: {:?}",
            rule(from, to)
        );
    }
    let pod = |level: &str, rest: &str| {
        policy(
            "p",
            "",
            &format!(
                "  - name: r\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate: {{podSecurity: {{level: {level}, version: latest{rest}}}}}\n"
            ),
        )
    };
    let off = ", exclude: [{controlName: Capabilities}]";
    for (old, new) in [
        (
            policy("p", "  validationFailureAction: Audit\n", RULE),
            policy("p", "  validationFailureAction: Enforce\n", RULE),
        ),
        (
            policy("p", "", RULE),
            policy("p", "  webhookTimeoutSeconds: 30\n", RULE),
        ),
        (
            policy("p", "", RULE),
            policy("p", "  emitWarning: true\n", RULE),
        ),
        (
            policy("p", "", RULE),
            policy("p", "", RULE).replace(
                "{name: p}",
                "{name: p, labels: {a: b}, annotations: {policies.kyverno.io/severity: high}}",
            ),
        ),
        (policy("p", "", RULE), policy("q", "", RULE)),
        (
            policy("p", "", RULE),
            policy(
                "p",
                "",
                &format!(
                    "  - name: first\n    match: {{any: [{{resources: {{kinds: [Job]}}}}]}}\n    validate: {{deny: {{}}}}\n{RULE}"
                ),
            ),
        ),
        (pod("baseline", ""), pod("restricted", "")),
        (pod("baseline", off), pod("baseline", "")),
    ] {
        assert!(told(&old, &new).is_empty(), "{new}\n{:?}", told(&old, &new));
    }
}

#[test]
fn what_may_decide_less_is_told() {
    for (from, to, want) in [
        (
            "kinds: [Ingress]",
            "kinds: [Ingress], names: [x]",
            "rule `r` may match less",
        ),
        (
            "kinds: [Ingress]",
            "kinds: [Service]",
            "rule `r` may match less",
        ),
        ("['a-*', b]", "['a-1', b]", "rule `r` may match less"),
        ("['a-*', b]", "['a-?', b]", "rule `r` may match less"),
        (
            "kinds: [Ingress]",
            "kinds: [Ingress], selector: {matchLabels: {a: b}}",
            "rule `r` may match less",
        ),
        (
            "match: {any: [{resources",
            "match: {all: [{resources: {operations: [CREATE]}}, {resources",
            "rule `r` may match less",
        ),
        ("[x, w]", "[x, w, z]", "rule `r` excludes more"),
        ("[x, w]", "['*']", "rule `r` excludes more"),
        (
            "value: CREATE}",
            "value: CREATE}, {key: a, operator: Equals, value: b}",
            "rule `r` may be skipped more often (`preconditions`)",
        ),
        ("'?*'", "'*'", "rule `r` may ask for less (`pattern`)"),
        (
            "'a | b'",
            "'a | b | c'",
            "rule `r` may ask for less (`pattern`)",
        ),
        ("owner: '?*', ", "", "rule `r` may ask for less (`pattern`)"),
        (
            "{metadata: {labels",
            "{'(kind)': Job, metadata: {labels",
            "rule `r` may ask for less (`pattern`)",
        ),
        (
            "'=(host)': false",
            "'=(host)': '?*'",
            "rule `r` may ask for less (`pattern`)",
        ),
        (
            "pattern: {metadata",
            "anyPattern: [{metadata",
            "rule `r` may ask for less (`pattern`, `anyPattern`)",
        ),
    ] {
        let new = RULE.replacen(from, to, 1);
        let new = if to.contains("anyPattern") {
            new.replace("false}}", "false}}]")
        } else {
            new
        };
        assert!(RULE.contains(from), "{from}");
        assert_eq!(
            told(&policy("p", "", RULE), &policy("p", "", &new)),
            [want],
            "{from} -> {to}"
        );
    }
    let p = |head: &str| policy("p", head, RULE);
    for (old, new, want) in [
        (
            p("  validationFailureAction: Enforce\n"),
            p(""),
            "rule `r` falls from Enforce to Audit",
        ),
        (
            p(""),
            p("  admission: false\n"),
            "no longer judges what is admitted (`admission: false`)",
        ),
        (
            p(""),
            p("  background: false\n"),
            "no longer judges what is in the cluster already (`background: false`)",
        ),
        (
            p(""),
            p("  failurePolicy: Ignore\n"),
            "lets through what it could not judge (`failurePolicy: Ignore`)",
        ),
        (
            p(""),
            p("  applyRules: One\n"),
            "asks no rule after the first that judged (`applyRules: One`)",
        ),
        (
            p(""),
            p("  webhookConfiguration: {matchConditions: [{name: a, expression: 'false'}]}\n"),
            "is asked about less (`webhookConfiguration.matchConditions`)",
        ),
        (
            p("  validationFailureAction: Enforce\n"),
            p(
                "  validationFailureAction: Enforce\n  validationFailureActionOverrides: [{action: Audit, namespaces: ['*']}]\n",
            ),
            "may audit what it enforced (`validationFailureActionOverrides`)",
        ),
        (
            p(""),
            p("").replace(
                "{name: p}",
                "{name: p, annotations: {policies.kyverno.io/scored: 'false'}}",
            ),
            "is no longer scored: a failure becomes a warning",
        ),
        (p(""), String::new(), "ClusterPolicy `p` is gone"),
        (
            p(""),
            policy(
                "p",
                "",
                &RULE
                    .replace("name: r", "name: s")
                    .replace("owner: '?*', ", ""),
            ),
            "rule `r` is gone",
        ),
        (
            p(""),
            p("").replace("ClusterPolicy", "Policy"),
            "is of kind Policy now, for one namespace alone",
        ),
        (
            p("")
                .replace("ClusterPolicy", "Policy")
                .replace("{name: p}", "{name: p, namespace: a}"),
            p("")
                .replace("ClusterPolicy", "Policy")
                .replace("{name: p}", "{name: p, namespace: b}"),
            "moves from namespace `a` to `b`",
        ),
    ] {
        assert_eq!(told(&old, &new), [want], "{new}");
    }
}

#[test]
fn a_wider_match_that_ends_generated_rules_is_told() {
    let of = |kinds: &str, notes: &str| {
        policy("p", "", &format!("  - name: r\n    match: {{any: [{{resources: {{kinds: [{kinds}]}}}}]}}\n    validate: {{pattern: {{spec: {{hostNetwork: false}}}}}}\n"))
            .replace("{name: p}", &format!("{{name: p{notes}}}"))
    };
    let lost = "no longer judges the Pod templates of DaemonSet, Deployment, Job, StatefulSet, ReplicaSet, ReplicationController, CronJob (rules are not generated for them)";
    assert_eq!(told(&of("Pod", ""), &of("Pod, Service", "")), [lost]);
    let jobs = ", annotations: {pod-policies.kyverno.io/autogen-controllers: 'Job,CronJob'}";
    assert_eq!(
        told(
            &of("Pod", jobs),
            &of("Pod", &jobs.replace("Job,CronJob", "Job"))
        ),
        ["no longer judges the Pod templates of CronJob (rules are not generated for them)"]
    );
    assert!(told(&of("Pod", jobs), &of("Pod", "")).is_empty());
}

#[test]
fn two_policies_of_one_name_are_two() {
    let (a, b) = (
        policy("p", "", RULE),
        policy("p", "", &RULE.replace("[x, w]", "[x]")),
    );
    let both = format!("{a}---\n{b}");
    assert!(told(&both, &both).is_empty());
    assert!(told(&both, &format!("{b}---\n{a}")).is_empty());
    // The second decides all that the first did, not the other way round.
    assert_eq!(told(&both, &a), ["ClusterPolicy `p` is gone"]);
    assert!(told(&format!("{a}---\n{a}"), &a).is_empty());
}

#[test]
fn a_rule_that_moves_to_another_policy_is_not_lost() {
    let other = "  - name: other\n    match: {any: [{resources: {kinds: [Job]}}]}\n    validate: {deny: {}}\n";
    let old = format!("{}---\n{}", policy("p", "", RULE), policy("q", "", other));
    let merged = policy("all", "", &format!("{RULE}{other}"));
    assert!(told(&old, &merged).is_empty(), "{:?}", told(&old, &merged));
    let audit = merged.replace("spec:\n", "spec:\n  failurePolicy: Ignore\n");
    assert_eq!(told(&old, &audit).len(), 2);
}

#[test]
fn conditions_loops_and_denials_are_compared_by_their_parts() {
    let of = |body: &str| {
        policy(
            "p",
            "",
            &format!(
                "  - name: r\n    match: {{any: [{{resources: {{kinds: [Job]}}}}]}}\n    validate: {body}\n"
            ),
        )
    };
    let a = "{key: a, operator: Equals, value: b}";
    let c = "{key: c, operator: Equals, value: d}";
    for (old, new, as_much) in [
        (
            format!("{{deny: {{conditions: {{any: [{a}]}}}}}}"),
            format!("{{deny: {{conditions: {{any: [{a}, {c}]}}}}}}"),
            true,
        ),
        (
            format!("{{deny: {{conditions: {{any: [{a}, {c}]}}}}}}"),
            format!("{{deny: {{conditions: {{any: [{a}]}}}}}}"),
            false,
        ),
        (
            format!("{{deny: {{conditions: {{all: [{a}, {c}]}}}}}}"),
            format!("{{deny: {{conditions: {{all: [{a}]}}}}}}"),
            true,
        ),
        (
            format!("{{deny: {{conditions: {{all: [{a}]}}}}}}"),
            format!("{{deny: {{conditions: {{all: [{a}, {c}]}}}}}}"),
            false,
        ),
        (
            format!("{{deny: {{conditions: [{a}]}}}}"),
            "{deny: {}}".to_owned(),
            true,
        ),
        (
            format!(
                "{{deny: {{conditions: {{any: [{{message: m, {}]}}}}}}",
                &a[1..]
            ),
            format!("{{deny: {{conditions: {{any: [{a}]}}}}}}"),
            true,
        ),
        (
            "{anyPattern: [{a: 1}, {b: 1}]}".to_owned(),
            "{anyPattern: [{b: 1}]}".to_owned(),
            true,
        ),
        (
            "{anyPattern: [{a: 1}]}".to_owned(),
            "{anyPattern: [{a: 1}, {b: 1}]}".to_owned(),
            false,
        ),
        (
            "{foreach: [{list: l, pattern: {a: 1}}]}".to_owned(),
            "{foreach: [{list: l, pattern: {a: 1, b: 2}}, {list: m, deny: {}}]}".to_owned(),
            true,
        ),
        (
            "{foreach: [{list: l, pattern: {a: 1}}]}".to_owned(),
            "{foreach: [{list: m, pattern: {a: 1}}]}".to_owned(),
            false,
        ),
        (
            "{allowExistingViolations: false, deny: {}}".to_owned(),
            "{deny: {}}".to_owned(),
            false,
        ),
        (
            "{failureAction: Enforce, deny: {}}".to_owned(),
            "{failureAction: Audit, deny: {}}".to_owned(),
            false,
        ),
        (
            "{cel: {expressions: [{expression: a}]}}".to_owned(),
            "{cel: {expressions: [{expression: b}]}}".to_owned(),
            false,
        ),
    ] {
        let told = told(&of(&old), &of(&new));
        assert_eq!(told.is_empty(), as_much, "{old} -> {new}: {told:?}");
    }
}

fn exception(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: {name}, namespace: k}}\nspec: {spec}\n"
    )
}

#[test]
fn an_exception_that_lets_more_off_is_told() {
    let narrow = "{exceptions: [{policyName: p, ruleNames: [r]}], match: {any: [{resources: {kinds: [Pod], namespaces: [a], names: [x]}}]}}";
    let old = exception("e", narrow);
    for (from, to, want) in [
        (
            "names: [x]",
            "names: [x, w]",
            Some("exception `e` is widened: it lets resources off `p`"),
        ),
        (
            ", names: [x]",
            "",
            Some("exception `e` is widened: it lets resources off `p`"),
        ),
        (
            "[r]",
            "['*']",
            Some("exception `e` is widened: it lets resources off `p`"),
        ),
        (
            "policyName: p",
            "policyName: q",
            Some("exception `e` is widened: it lets resources off `q`"),
        ),
        (
            "namespaces: [a], ",
            "namespaces: [a], operations: [CREATE], ",
            None,
        ),
        ("{any: [", "{all: [", None),
        (
            "match:",
            "conditions: {all: [{key: a, operator: Equals, value: b}]}, match:",
            None,
        ),
        (
            "match:",
            "podSecurity: [{controlName: Capabilities}], match:",
            None,
        ),
    ] {
        assert!(narrow.contains(from), "{from}");
        let new = exception("e", &narrow.replacen(from, to, 1));
        assert_eq!(
            told(&old, &new),
            want.into_iter().collect::<Vec<_>>(),
            "{from} -> {to}"
        );
    }
    assert!(told(&old, "").is_empty());
    assert!(told(&old, &old.replace("name: e", "name: other")).is_empty());
    assert_eq!(
        told("", &old),
        ["exception `e` is added: it lets resources off `p`"]
    );
    assert_eq!(
        told(&old, &old.replace("namespace: k", "namespace: l")),
        ["exception `e` is added: it lets resources off `p`"]
    );
    let limited = exception(
        "e",
        &narrow.replace(
            "match:",
            "podSecurity: [{controlName: Capabilities}], match:",
        ),
    );
    assert_eq!(
        told(&limited, &old).len(),
        1,
        "all of the rule in place of one control"
    );
}

#[test]
fn policies_of_expressions_are_compared_to_the_letter() {
    let text = "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: v}\nspec:\n  validationActions: [Deny]\n  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]}\n  matchConditions: [{name: m, expression: c}]\n  validations: [{expression: a, message: m}]\n";
    for (from, to, want) in [
        ("message: m", "message: n", None),
        ("[Deny]", "[Deny, Audit]", None),
        (
            "[Deny]",
            "[Audit]",
            Some("no longer denies (`validationActions`)"),
        ),
        (
            "[{expression: a, message: m}]",
            "[{expression: a}, {expression: b}]",
            None,
        ),
        (
            "expression: a",
            "expression: b",
            Some("may ask for less (`validations`)"),
        ),
        ("[{name: m, expression: c}]", "[]", None),
        (
            "expression: c",
            "expression: d",
            Some("may match less (`matchConditions`)"),
        ),
        ("[CREATE, UPDATE]", "['*']", None),
        (
            "[CREATE, UPDATE]",
            "[CREATE]",
            Some("may match less (`matchConstraints`)"),
        ),
        (
            "{resourceRules",
            "{namespaceSelector: {matchLabels: {a: b}}, resourceRules",
            Some("may match less (`matchConstraints`)"),
        ),
        (
            "{resourceRules",
            "{excludeResourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}], resourceRules",
            Some("may match less (`matchConstraints`)"),
        ),
        (
            "spec:\n",
            "spec:\n  failurePolicy: Ignore\n",
            Some("lets through what it could not judge (`failurePolicy: Ignore`)"),
        ),
        (
            "spec:\n",
            "spec:\n  evaluation: {admission: {enabled: false}}\n",
            Some("may decide less"),
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let new = text.replacen(from, to, 1);
        assert_eq!(
            told(text, &new),
            want.into_iter().collect::<Vec<_>>(),
            "{from} -> {to}"
        );
    }
    assert_eq!(told(text, ""), ["ValidatingPolicy `v` is gone"]);
}

#[test]
fn mutation_and_generation_decide_nothing_but_by_what_they_are_for() {
    let of = |value: &str, kinds: &str| {
        policy(
            "p",
            "",
            &format!(
                "  - name: r\n    match: {{any: [{{resources: {{kinds: [{kinds}]}}}}]}}\n    mutate: {{patchStrategicMerge: {{metadata: {{labels: {{a: {value}}}}}}}}}\n"
            ),
        )
    };
    assert!(told(&of("b", "Job, Pod"), &of("c", "Job, Pod")).is_empty());
    assert_eq!(
        told(&of("b", "Job, Service"), &of("b", "Job")),
        ["rule `r` may match less"]
    );
}

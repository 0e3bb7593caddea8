//! Policies as wholes, and what their rules are for.

use super::{check, judged, policy};

#[test]
fn a_refusal_is_told_where_its_mistake_stands() {
    for (rule, place, message) in [
        (
            "validate: {message: '{{ element.name }}', deny: {}}",
            "'{{ element.name }}'",
            "Kyverno refuses the policy: `element.name` stands outside of a foreach: there are no elements",
        ),
        (
            "match: {any: [{resources: {kinds: ['*']}}]}, validate: {deny: {}}",
            "kinds",
            "Kyverno refuses the policy: `*` is no kind for background scans: set `spec.background: false`",
        ),
        (
            "validate: {pattern: {spec: {a: '$(./../x)'}}}",
            "'$(./../x)'",
            "Kyverno refuses the policy: `$(./../x)` leads to nothing",
        ),
        (
            "validate: {patern: {}}",
            "patern",
            "`spec.rules[0].validate` has no field `patern`",
        ),
        (
            "validate: {message: 1, deny: {}}",
            "1",
            "`spec.rules[0].validate.message` must be a string, but is a number",
        ),
    ] {
        let text = policy("", rule);
        assert_eq!(
            judged(&text),
            Some((place.to_owned(), message.to_owned())),
            "{text}"
        );
    }
}

#[test]
fn a_policy_has_a_name_and_texts_in_its_metadata() {
    let named = |metadata: &str| {
        let text = policy("", "validate: {deny: {}}");
        judged(&text.replace("metadata: {name: p}", &format!("metadata: {metadata}")))
            .map_or_else(String::new, |it| it.1)
    };
    let long = "a".repeat(63);
    for (metadata, says) in [
        ("{name: a.b-c}", ""),
        (&*format!("{{name: {long}}}"), ""),
        (
            &*format!("{{name: {long}a}}"),
            "not be longer than 63 bytes",
        ),
        ("{}", "needs a name"),
        ("{name: A}", "`A` is no name of an object"),
        ("{name: -a}", "`-a` is no name"),
        ("{name: 'a-${CLUSTER}'}", ""),
        ("{name: a, namespace: b}", "must not have a namespace"),
        ("{name: a, annotations: {a: 'false', b: null}}", ""),
        ("{name: a, annotations: {a: false}}", "put quotes around it"),
        ("{name: a, annotations: {'a b': c}}", "`a b` is no key"),
        ("{name: a, labels: {'A/b': c}}", "`A/b` is no key"),
        ("{name: a, labels: {a: b c}}", "`b c` is no value"),
        (
            "{name: a, annotations: {pod-policies.kyverno.io/autogen-controllers: all}}",
            "no longer a value",
        ),
        (
            "{name: a, annotations: {a: 'by {{ request.userInfo.username }}'}}",
            "not known in background scans",
        ),
        (
            "{name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: 'by {{ request.userInfo.username }}'}}",
            "",
        ),
    ] {
        let said = named(metadata);
        assert!(
            if says.is_empty() {
                said.is_empty()
            } else {
                said.contains(says)
            },
            "{metadata}: {said}"
        );
    }
}

#[test]
fn a_version_that_nobody_serves_is_no_policy() {
    let text = policy("", "validate: {deny: {}}");
    let of = |version: &str| judged(&text.replace("kyverno.io/v1", version)).map(|it| it.1);
    assert_eq!(of("kyverno.io/v2beta1"), None);
    for version in ["kyverno.io/v2", "kyverno.io/v1beta1"] {
        let said = of(version).expect("a problem");
        assert!(said.contains("no version of ClusterPolicy"), "{said}");
    }
    let newer = |rule: &str| {
        let text = policy("", rule).replace("kyverno.io/v1", "kyverno.io/v2beta1");
        judged(&text).map(|it| it.1).unwrap_or_default()
    };
    for (rule, says) in [
        (
            "match: {resources: {kinds: [Pod]}}, validate: {deny: {}}",
            "no field `resources`",
        ),
        (
            "preconditions: [{key: a, operator: Equals, value: b}], validate: {deny: {}}",
            "must be a map",
        ),
        (
            "validate: {deny: {conditions: {any: [{key: a, operator: In, value: [b]}]}}}",
            "In and NotIn",
        ),
        (
            "validate: {allowExistingViolations: true, deny: {}}",
            "no field `allowExistingViolations`",
        ),
        (
            "verifyImages: [{image: a, mutateDigest: false}]",
            "no field `image`",
        ),
    ] {
        assert!(newer(rule).contains(says), "{rule}: {}", newer(rule));
    }
}

#[test]
fn settings_of_a_policy() {
    let rule = "validate: {deny: {}}";
    for (spec, says) in [
        ("admission: false, ", ""),
        (
            "admission: false, background: false, ",
            "must not both be false",
        ),
        ("validationFailureAction: enforce, ", ""),
        (
            "validationFailureAction: deny, ",
            "must be one of audit, enforce",
        ),
        ("background: 'true', ", "must be true or false"),
        ("applyRules: Some, ", "must be one of All, One"),
        ("webhookTimeoutSeconds: 30, ", ""),
        ("webhookTimeoutSeconds: 31, ", "must be from 1 to 30"),
        (
            "webhookConfiguration: {timeoutSeconds: 0}, ",
            "must be from 1 to 30",
        ),
        (
            "failurePolicy: Fail, webhookConfiguration: {failurePolicy: Fail}, ",
            "must not both be given",
        ),
        ("generateExistingOnPolicyUpdate: false, ", "is gone"),
        (
            "validationFailureActionOverrides: [{namespaces: [a]}], ",
            "needs an action",
        ),
        (
            "validationFailureActionOverrides: [{action: audit, namespaces: [a]}, {action: Enforce, namespaces: [a]}], ",
            "overridden both ways",
        ),
        (
            "validationFailureActionOverrides: [{action: audit, namespaces: [a]}, {action: Enforce, namespaces: [b]}], ",
            "",
        ),
        (
            "validationFailureActionOverrides: [{action: enforce, namespaces: [ab]}, {action: audit, namespaces: ['a*']}], ",
            "the other",
        ),
        (
            "validationFailureActionOverrides: [{action: enforce, namespaces: ['a*']}, {action: audit, namespaces: ['a?']}], ",
            "the other",
        ),
    ] {
        check(spec, &[(rule, says)]);
    }
    check(
        "admission: false, ",
        &[(
            "mutate: {patchStrategicMerge: {a: b}}",
            "whose rules validate",
        )],
    );
    let namespaced = policy(
        "validationFailureActionOverrides: [{action: audit}], ",
        rule,
    )
    .replace("ClusterPolicy", "Policy");
    assert!(judged(&namespaced).is_some_and(|it| it.1.contains("for a ClusterPolicy")));
}

#[test]
fn a_rule_does_one_thing() {
    check(
        "",
        &[
            ("validate: {deny: {}}", ""),
            ("preconditions: {}", "has none of mutate"),
            (
                "validate: {deny: {}}, mutate: {patchStrategicMerge: {a: b}}",
                "only one of mutate",
            ),
            (
                "validate: {}, mutate: {patchStrategicMerge: {a: b}}",
                "only one of mutate",
            ),
            ("validate: {deny: {}}, mutate: {}", ""),
            ("validate: {message: none}", "has none of pattern"),
            (
                "validate: {deny: {}, pattern: {a: b}}",
                "only one of pattern",
            ),
            ("validate: {assert: {a: b}}", "has none of pattern"),
            ("validate: {anyPattern: {a: b}}", "must be a list"),
            ("validate: {anyPattern: []}", "have no patterns"),
            (
                "match: {any: [{resources: {kinds: [ConfigMap]}}]}, validate: {anyPattern: []}",
                "",
            ),
            (
                "validate: {deny: {}}, imageExtractors: {A: [{path: /a}]}",
                "imageExtractors only with verifyImages",
            ),
            (
                "celPreconditions: [{name: a, expression: 'true'}], validate: {deny: {}}",
                "for a rule in CEL",
            ),
            (
                "validate: {cel: {expressions: [{expression: ''}]}}",
                "is empty",
            ),
            (
                "validate: {cel: {paramKind: {apiVersion: v1, kind: A}}}",
                "belong together",
            ),
            ("validate: {cel: {expressions: [{expression: 'true'}]}}", ""),
            ("validate: {foreach: [{deny: {}}]}", "lacks `list`"),
            ("validate: {foreach: [{list: a}]}", "needs one of pattern"),
            (
                "validate: {foreach: [{list: a, deny: {}, pattern: {a: b}}]}",
                "needs one of pattern",
            ),
            (
                "validate: {foreach: [{list: a, foreach: [{list: b, deny: {}}]}]}",
                "",
            ),
        ],
    );
    let twice = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: [{name: r, match: {any: [{resources: {kinds: [A]}}]}, validate: {deny: {}}}, {name: r, match: {any: [{resources: {kinds: [A]}}]}, validate: {deny: {}}}]}\n";
    assert!(judged(twice).is_some_and(|it| it.1.contains("two rules have the name `r`")));
}

#[test]
fn what_a_rule_is_for() {
    let rule = |it: &str| format!("{it}, validate: {{deny: {{}}}}");
    for (blocks, says) in [
        ("match: {any: [{resources: {kinds: [Pod]}}]}", ""),
        ("match: {}", "names no resources"),
        (
            "match: {any: [{resources: {kinds: [Pod]}}, {resources: {namespaces: [a]}}]}",
            "names no kinds",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}}], all: [{resources: {kinds: [Pod]}}]}",
            "only one of any and all",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}}], resources: {kinds: [Pod]}}",
            "only one of any, all and resources",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], name: a, names: [b]}}]}",
            "only one of name and names",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], names: ['{{ request.name }}']}}]}",
            "`match` has no variables",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], operations: [create]}}]}",
            "must be one of CREATE",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {}}}]}",
            "asks for nothing",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {matchLabels: {'a*': b}}}}]}",
            "",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {matchLabels: {a: b c}}}}]}",
            "no value of a label",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: a, operator: In}]}}}]}",
            "need values",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}}]}",
            "have no values",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: a, operator: Is}]}}}]}",
            "no operator of a selector",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [a]}]}",
            "not known in background scans",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{subjects: [{kind: User, name: a}]}]}",
            "not known in background scans",
        ),
        // What takes all away.
        (
            "match: {any: [{resources: {kinds: [Pod]}}]}, exclude: {any: [{resources: {kinds: [Pod]}}]}",
            "takes away all",
        ),
        (
            "match: {resources: {kinds: [Pod]}}, exclude: {resources: {kinds: [Pod, Service]}}",
            "takes away all",
        ),
        (
            "match: {resources: {kinds: [Pod]}}, exclude: {resources: {namespaces: [a]}}",
            "",
        ),
        (
            "match: {resources: {kinds: [Pod], names: [a, b]}}, exclude: {resources: {names: ['b*']}}",
            "takes away all",
        ),
        (
            "match: {resources: {kinds: [Pod], selector: {matchLabels: {a: b}}}}, exclude: {resources: {kinds: [Pod], selector: {matchLabels: {a: c}}}}",
            "",
        ),
        (
            "match: {resources: {kinds: [Pod]}}, exclude: {resources: {}}",
            "",
        ),
    ] {
        check("", &[(&rule(blocks), says)]);
    }
    for (blocks, says) in [
        (
            "match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [a], roles: ['a:b']}]}",
            "",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}, roles: [a]}]}",
            "written as `namespace:name`",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}, subjects: [{kind: Robot, name: a}]}]}",
            "must be User, Group",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}, subjects: [{kind: ServiceAccount, name: a}]}]}",
            "needs a namespace",
        ),
        ("match: {any: [{resources: {kinds: ['*']}}]}", ""),
        (
            "match: {any: [{resources: {kinds: ['*', Pod]}}]}",
            "must be the only kind",
        ),
    ] {
        check("background: false, ", &[(&rule(blocks), says)]);
    }
    let namespaced = policy(
        "",
        &rule("match: {any: [{resources: {kinds: [Pod], namespaces: [a]}}]}"),
    )
    .replace("ClusterPolicy", "Policy");
    assert!(judged(&namespaced).is_some_and(|it| it.1.contains("must not name namespaces")));
}

#[test]
fn a_rule_for_any_kind_looks_at_metadata() {
    let rule = |it: &str| format!("match: {{any: [{{resources: {{kinds: ['*']}}}}]}}, {it}");
    for (action, says) in [
        ("validate: {pattern: {metadata: {labels: {a: '?*'}}}}", ""),
        ("validate: {pattern: {spec: {a: b}}}", "metadata alone"),
        (
            "validate: {anyPattern: [{metadata: {a: b}}, {spec: {a: b}}]}",
            "metadata alone",
        ),
        (
            "validate: {deny: {conditions: [{key: '{{ request.object.spec.a }}', operator: Equals, value: b}]}}",
            "metadata alone",
        ),
        (
            "validate: {deny: {conditions: [{key: '{{ request.operation }}', operator: Equals, value: CREATE}]}}",
            "",
        ),
        ("validate: {foreach: [{list: a, deny: {}}]}", "of this type"),
        (
            "generate: {apiVersion: v1, kind: Secret, name: a, namespace: b, data: {}}",
            "of this type",
        ),
        (
            "mutate: {patchStrategicMerge: {spec: {a: b}}}",
            "metadata alone",
        ),
    ] {
        check("background: false, ", &[(&rule(action), says)]);
    }
}

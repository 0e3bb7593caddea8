//! Policies that Kyverno takes, and such that it refuses: each is refused where the mistake stands.

use crate::testing::load_text;

/// Where the first problem stands and what it is; `None` where the policy loads. The place is what
/// the policy's text holds there.
fn judged(policy: &str) -> Option<(String, String)> {
    let loaded = load_text(policy);
    let problem = loaded.problems.first()?;
    let (start, end) = (problem.span.start as usize, problem.span.end as usize);
    let message = problem.message.clone();
    Some((policy[start..end].to_owned(), message))
}

fn policy(spec: &str, rule: &str) -> String {
    let pods = if rule.contains("match:") {
        ""
    } else {
        "match: {any: [{resources: {kinds: [Pod]}}]}, "
    };
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec: {{{spec}rules: [{{name: r, {pods}{rule}}}]}}\n"
    )
}

/// Check what becomes of rules: the second part is what the message says, or nothing where the policy
/// is taken. `spec` stands before the rules.
#[track_caller]
fn check(spec: &str, rules: &[(&str, &str)]) {
    for (rule, says) in rules {
        let text = policy(spec, rule);
        match judged(&text) {
            None => assert_eq!(*says, "", "{text} is taken"),
            Some((_, message)) => {
                assert!(
                    !says.is_empty() && message.contains(says),
                    "{text}: {message}"
                );
            }
        }
    }
}

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

#[test]
fn variables_that_could_have_a_value() {
    for (text, admission, background) in [
        ("{{ request.object.a }}", "", ""),
        (
            "{{ request.name }}{{ foo }}",
            "nothing defines the variable `foo`",
            "nothing defines",
        ),
        (
            "{{ foo }}",
            "nothing defines the variable `foo`",
            "nothing defines",
        ),
        (
            "{{ request }}",
            "",
            "nothing defines the variable `request`",
        ),
        (
            "{{ request.userInfo.username }}",
            "",
            "not known in background scans",
        ),
        (
            "{{ serviceAccountName }}",
            "",
            "not known in background scans",
        ),
        ("{{ request.object.spec.serviceAccountName }}", "", ""),
        ("{{ request.object. }}", "no JMESPath", "no JMESPath"),
        ("{{ }}", "is empty", "is empty"),
        ("{{ to_upper('a') }}", "", ""),
        ("{{ request.object.{{ request.name }} }}", "", ""),
        (
            "{{ request.object.a {{ request.name }} }}",
            "no JMESPath",
            "no JMESPath",
        ),
        ("{{ regex_match('^a{2}$', request.name) }}", "", ""),
        ("{{ {a: request.name} }}", "", ""),
        ("\\{{ foo }}", "", ""),
        ("{{- foo }}", "nothing defines", "nothing defines"),
        ("{{ @ }}", "", ""),
        ("{{ foo", "", ""),
        ("$(date)", "leads to nothing", "leads to nothing"),
        ("\\$(date)", "", ""),
    ] {
        let text = text.replace('\'', "''");
        let rule = format!("validate: {{message: '{text}', pattern: {{a: b}}}}");
        check("background: false, ", &[(&rule, admission)]);
        check("", &[(&rule, background)]);
    }
}

#[test]
fn what_contexts_define() {
    let rule = |entry: &str, variable: &str| {
        format!("context: [{entry}], validate: {{message: '{{{{ {variable} }}}}', deny: {{}}}}")
    };
    for (entry, variable, says) in [
        ("{name: a, variable: {value: b}}", "a.b", ""),
        ("{name: a, variable: {value: b}}", "ab", ""),
        ("{name: a, variable: {value: b}}", "b", "nothing defines"),
        (
            "{name: a, configMap: {name: b, namespace: c}}",
            "a.data.d",
            "",
        ),
        (
            "{name: a, configMap: {name: b, namespace: c}}",
            "a.d",
            "nothing defines",
        ),
        (
            "{name: a, configMap: {name: b}}",
            "a.data.d",
            "needs a namespace",
        ),
        (
            "{name: request, variable: {value: b}}",
            "request.a",
            "`request` is taken",
        ),
        (
            "{name: elements, variable: {value: b}}",
            "elements",
            "outside of a foreach",
        ),
        ("{name: a}", "a", "needs one of configMap"),
        (
            "{name: a, variable: {value: b}, configMap: {name: b, namespace: c}}",
            "a",
            "needs one of configMap",
        ),
        ("{name: a, variable: {}}", "a", "a value or a jmesPath"),
        (
            "{name: a, variable: {value: b, default: c}}",
            "a",
            "with a jmesPath",
        ),
        ("{name: a, variable: {jmesPath: 'b.'}}", "a", "no JMESPath"),
        (
            "{name: a, variable: {jmesPath: 'b.{{ request.name }}.'}}",
            "a",
            "",
        ),
        (
            "{name: a, apiCall: {urlPath: /a, service: {url: b}}}",
            "a",
            "only one of urlPath and service",
        ),
        (
            "{name: a, imageRegistry: {reference: 'b c'}}",
            "a",
            "no reference to an image",
        ),
        (
            "{name: a, imageRegistry: {reference: 'ghcr.io/b/c:1'}}",
            "a",
            "",
        ),
    ] {
        check("", &[(&rule(entry, variable), says)]);
    }
    check(
        "",
        &[
            (
                "validate: {foreach: [{list: request.object.a, context: [{name: a, variable: {value: b}}], deny: {conditions: {any: [{key: '{{ a }}', operator: Equals, value: b}]}}}]}",
                "",
            ),
            // Those of a loop in a loop are not looked for.
            (
                "validate: {foreach: [{list: request.object.a, foreach: [{list: element.b, context: [{name: a, variable: {value: b}}], deny: {conditions: {any: [{key: '{{ a }}', operator: Equals, value: b}]}}}]}]}",
                "nothing defines",
            ),
            (
                "context: [{name: a, variable: {value: b}}], validate: {cel: {expressions: [{expression: 'true'}]}}",
                "has no context",
            ),
        ],
    );
    let namespaced = policy("", &rule("{name: a, globalReference: {name: b}}", "a"))
        .replace("ClusterPolicy", "Policy");
    assert!(judged(&namespaced).is_some_and(|it| it.1.contains("must not use globalReference")));
}

#[test]
fn references_lead_to_text() {
    for (pattern, says) in [
        ("{a: '$(./../b)', b: c}", ""),
        ("{a: '<=$(./../b)', b: 5}", ""),
        ("{a: '$(./../b)', b: 5}", "what is no text"),
        ("{a: '$(<=./../b)', b: 5}", ""),
        ("{a: '$(<=./../b)', b: true}", "what is no text"),
        ("{a: '$(./../b)', b: {}}", "leads to nothing"),
        ("{a: '$(./../b)', b: [c]}", "leads to nothing"),
        ("{a: '$(/b)', b: c}", "leads to nothing"),
        ("{a: '$(/validate/pattern/b)', b: c}", ""),
        ("{a: {c: '$(./../../b)'}, b: c}", ""),
        ("{a: '$(./../b)', b: '{{ foo }}'}", "nothing defines"),
    ] {
        let rule = format!(
            "match: {{any: [{{resources: {{kinds: [ConfigMap]}}}}]}}, validate: {{pattern: {pattern}}}"
        );
        let says = if pattern.contains("'<=$(") {
            "what is no text"
        } else {
            says
        };
        check("", &[(&rule, says)]);
    }
}

#[test]
fn conditions_are_whole() {
    for (condition, says) in [
        ("{key: a, operator: Equals, value: b}", ""),
        ("{key: a, operator: Equal, value: b, other: c}", ""),
        ("{Key: a, Operator: Equals, Value: b}", ""),
        ("{operator: Equals, value: b}", "lacks `key`"),
        ("{key: a, operator: Equals}", "lacks `value`"),
        ("{key: a, value: b}", "lacks `operator`"),
        (
            "{key: a, operator: equals, value: b}",
            "`equals` is no operator",
        ),
        (
            "{key: '{{request.operation}}', operator: Equals, value: create}",
            "must be of CREATE",
        ),
        (
            "{key: '{{ request.operation }}', operator: AnyIn, value: [CREATE, 1]}",
            "must be of CREATE",
        ),
        (
            "{key: '{{ request.operation }}', operator: AnyIn, value: '{{ request.name }}'}",
            "",
        ),
        (
            "{key: a, operator: Equals, value: b, message: 1}",
            "list of conditions",
        ),
    ] {
        check(
            "",
            &[
                (
                    &format!("preconditions: [{condition}], validate: {{deny: {{}}}}"),
                    says,
                ),
                (
                    &format!("preconditions: {{all: [{condition}]}}, validate: {{deny: {{}}}}"),
                    says,
                ),
                (
                    &format!("validate: {{deny: {{conditions: {{any: [{condition}]}}}}}}"),
                    says,
                ),
            ],
        );
    }
    check(
        "",
        &[
            (
                "preconditions: text, validate: {deny: {}}",
                "list of conditions",
            ),
            (
                "validate: {foreach: [{list: a, preconditions: [{key: a, operator: Equals, value: b}], deny: {}}]}",
                "must be a map",
            ),
            // In loops they need not be whole.
            (
                "validate: {foreach: [{list: a, deny: {conditions: {any: [{operator: Equals}]}}}]}",
                "",
            ),
            (
                "validate: {foreach: [{list: a, deny: {conditions: {any: [{operator: equals}]}}}]}",
                "no operator",
            ),
            (
                "validate: {foreach: [{list: a, foreach: [{list: b, preconditions: [], deny: {}}]}]}",
                "must be a map",
            ),
        ],
    );
}

#[test]
fn anchors_and_labels_of_patterns() {
    for (pattern, says) in [
        ("{(a): b, =(c): d, X(e): f, <(g): h, ^(i): [j]}", ""),
        ("{a: [{+(b): c}]}", "no anchor for this kind of rule"),
        ("{^(a): b}", "needs a list"),
        ("{^(a): []}", "needs a list"),
        ("{metadata: {labels: {a: 1}}}", "must be text"),
        ("{metadata: {annotations: {a: null}}}", "must be text"),
        ("{metadata: {labels: {a: '1'}}}", ""),
        ("{=(metadata): {labels: {a: 1}}}", ""),
        (
            "{spec: {template: {metadata: {labels: {a: true}}}}}",
            "must be text",
        ),
    ] {
        let kind = "match: {any: [{resources: {kinds: [A]}}]}";
        check(
            "",
            &[
                (&format!("{kind}, validate: {{pattern: {pattern}}}"), says),
                (
                    &format!("{kind}, validate: {{anyPattern: [{pattern}]}}"),
                    says,
                ),
            ],
        );
    }
    check(
        "",
        &[
            (
                "generate: {apiVersion: v1, kind: Secret, name: a, namespace: b, data: {(a): b}}",
                "no anchor",
            ),
            ("mutate: {patchStrategicMerge: {+(a): b}}", ""),
            (
                "mutate: {patchStrategicMerge: {metadata: {labels: {a: 1}}}}",
                "must be text",
            ),
            (
                "validate: {foreach: [{list: a, pattern: {metadata: {labels: {a: 1}}}}]}",
                "must be text",
            ),
        ],
    );
}

#[test]
fn controls_of_pod_security() {
    for (level, exclude, says) in [
        ("baseline", "{controlName: Seccomp}", ""),
        ("baseline", "{controlName: Capabilities}", "needs images"),
        (
            "baseline",
            "{controlName: Host Namespaces, images: ['*']}",
            "has no images",
        ),
        (
            "baseline",
            "{controlName: Volume Types}",
            "no control of the baseline",
        ),
        ("restricted", "{controlName: Volume Types}", ""),
        (
            "restricted",
            "{controlName: SELinux, restrictedField: a}",
            "belong together",
        ),
        (
            "restricted",
            "{controlName: SELinux, values: [a]}",
            "belong together",
        ),
        (
            "restricted",
            "{controlName: Nothing}",
            "must be one of HostProcess",
        ),
    ] {
        let rule = format!("validate: {{podSecurity: {{level: {level}, exclude: [{exclude}]}}}}");
        check("", &[(&rule, says)]);
    }
}

#[test]
fn mutations() {
    let targets = "targets: [{apiVersion: v1, kind: Secret, name: a, namespace: b}]";
    check(
        "",
        &[
            (
                "mutate: {patchStrategicMerge: {a: b}, patchesJson6902: '[]'}",
                "only one of patchStrategicMerge",
            ),
            (
                "mutate: {foreach: [{list: a, patchStrategicMerge: {a: b}}], patchStrategicMerge: {a: b}}",
                "only one of foreach",
            ),
            (
                "mutate: {foreach: [{list: a}]}",
                "needs one of patchStrategicMerge",
            ),
            (
                "mutate: {foreach: [{list: a, context: [], foreach: [{list: b, patchStrategicMerge: {a: b}}]}]}",
                "says nothing else",
            ),
            (
                "mutate: {patchesJson6902: '[{op: add, path: /a, value: b}]'}",
                "",
            ),
            (
                "mutate: {patchesJson6902: '[{op: add, path: a, value: b}]'}",
                "must begin with a slash",
            ),
            (
                "mutate: {patchesJson6902: '[{op: add, path: /a}]'}",
                "needs a value",
            ),
            (
                "mutate: {patchesJson6902: '[{op: move, path: /a}]'}",
                "lacks `from`",
            ),
            (
                "mutate: {patchesJson6902: '[{op: put, path: /a}]'}",
                "no operation of a patch",
            ),
            ("mutate: {patchesJson6902: 'a: b'}", "no list of operations"),
            (
                "mutate: {patchesJson6902: '[{op: remove, path: \"/a/{{ request.name }}\"}]'}",
                "has no variables",
            ),
            (
                "mutate: {mutateExistingOnPolicyUpdate: true, patchStrategicMerge: {a: b}}",
                "needs `mutate.targets`",
            ),
            (
                "mutate: {patchStrategicMerge: {a: '{{ target.a }}'}}",
                "nothing defines",
            ),
            (
                &format!(
                    "match: {{any: [{{resources: {{kinds: [A]}}}}]}}, mutate: {{{targets}, patchStrategicMerge: {{a: '{{{{ target.a }}}}'}}}}"
                ),
                "",
            ),
            (
                "mutate: {targets: [{apiVersion: v1, kind: Secret, name: '{{ target.a }}'}], patchStrategicMerge: {a: b}}",
                "nothing defines",
            ),
        ],
    );
    check(
        "background: false, mutateExistingOnPolicyUpdate: true, ",
        &[
            (
                &format!(
                    "mutate: {{{targets}, patchStrategicMerge: {{a: '{{{{ request.a }}}}'}}}}"
                ),
                "",
            ),
            (
                &format!("mutate: {{{targets}, patchStrategicMerge: {{a: '{{{{ request }}}}'}}}}"),
                "nothing defines",
            ),
        ],
    );
}

#[test]
fn what_is_generated() {
    let rule = |it: &str| {
        format!("match: {{any: [{{resources: {{kinds: [ConfigMap]}}}}]}}, generate: {{{it}}}")
    };
    for (generate, says) in [
        (
            "apiVersion: v1, kind: Secret, name: a, namespace: b, data: {a: b}",
            "",
        ),
        (
            "apiVersion: v1, kind: Secret, name: a, data: {a: b}",
            "lacks `namespace`",
        ),
        ("apiVersion: v1, kind: Namespace, name: a, data: {a: b}", ""),
        (
            "apiVersion: v1, kind: Namespace, name: a, namespace: b, data: {a: b}",
            "has no namespace",
        ),
        ("kind: Secret, name: a, namespace: b", "lacks `apiVersion`"),
        (
            "apiVersion: v1, kind: Secret, name: a, namespace: b, data: {a: b}, clone: {name: a}",
            "only one of data",
        ),
        (
            "namespace: a, cloneList: {kinds: [v1/Secret]}",
            "lacks `namespace`",
        ),
        (
            "namespace: a, cloneList: {kinds: [v1/Secret], namespace: b, selector: {matchLabels: {a: '*'}}}",
            "has no wildcards",
        ),
        (
            "foreach: [{list: a, apiVersion: v1, kind: Secret, namespace: b}]",
            "lacks `name`",
        ),
    ] {
        check("", &[(&rule(generate), says)]);
    }
    check(
        "",
        &[(
            "match: {resources: {kinds: [Secret]}}, generate: {apiVersion: v1, kind: Secret, name: a, namespace: b}",
            "more of itself",
        )],
    );
    let namespaced = policy(
        "",
        &rule("apiVersion: v1, kind: Secret, name: a, namespace: b"),
    )
    .replace("{name: p}", "{name: p, namespace: own}")
    .replace("ClusterPolicy", "Policy");
    assert!(judged(&namespaced).is_some_and(|it| it.1.contains("own namespace alone")));
}

#[test]
fn images_that_are_verified() {
    let rule = |it: &str| format!("verifyImages: [{{mutateDigest: false, {it}}}]");
    for (entry, says) in [
        (
            "imageReferences: ['*'], attestors: [{entries: [{keys: {kms: a}}]}]",
            "",
        ),
        (
            "attestors: [{entries: [{keys: {kms: a}}]}]",
            "names no images",
        ),
        (
            "imageReferences: ['{{ request.name }}']",
            "have no variables",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: []}]",
            "has no entries",
        ),
        (
            "imageReferences: ['*'], attestors: [{count: 2, entries: [{keys: {kms: a}}]}]",
            "number of entries",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{}]}]",
            "needs one of keys",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{keys: {}}]}]",
            "needs publicKeys",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{keys: {publicKeys: a, signatureAlgorithm: md5}}]}]",
            "no algorithm",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{keyless: {issuer: a}}]}]",
            "needs rekor or roots",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{certificates: {}}]}]",
            "need cert or certChain",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{attestor: {entries: []}}]}]",
            "has no entries",
        ),
        (
            "imageReferences: ['*'], type: Notary, attestors: [{entries: [{keys: {kms: a}}]}]",
            "certificates alone",
        ),
        (
            "imageReferences: ['*'], validate: {message: a}",
            "needs `validate.deny`",
        ),
    ] {
        check("", &[(&rule(entry), says)]);
    }
    check(
        "",
        &[
            (
                "verifyImages: [{imageReferences: ['*']}]",
                "must be false where failures are only audited",
            ),
            (
                "verifyImages: [{imageReferences: ['*'], failureAction: Enforce}]",
                "",
            ),
            // As Kyverno has it, the action of one entry holds for those after it.
            (
                "verifyImages: [{imageReferences: ['*'], failureAction: Enforce}, {imageReferences: ['*']}]",
                "",
            ),
            (
                "verifyImages: [{imageReferences: ['*'], failureAction: Enforce}], imageExtractors: {A: [{path: /a, jmesPath: b}]}",
                "has no jmesPath",
            ),
        ],
    );
}

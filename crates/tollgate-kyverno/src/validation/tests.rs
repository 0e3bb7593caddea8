//! Rules as a whole, from YAML to outcome.

use crate::{
    ApiAnswer, Fixtures, GlobalEntry, Operation, Outcome, RuleValues, UserInfo,
    testing::{World, check},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tollgate_yaml::{Node, Origin};

/// A policy with one rule `r` on Pods; `validate` is YAML at the rule's level.
fn policy(rule: &str) -> String {
    let body: String = rule.lines().map(|it| format!("    {it}\n")).collect();
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n{body}"
    )
}

fn pod(spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: ns, labels: {{app: web}}}}\nspec: {spec}\n"
    )
}

#[test]
fn patterns_and_where_they_fail() {
    let policy = policy(
        "validate:\n  message: no root\n  pattern:\n    spec:\n      containers:\n      - securityContext: {runAsNonRoot: true}",
    );
    check(
        &policy,
        &pod("{containers: [{securityContext: {runAsNonRoot: true}}]}"),
        &["r: pass"],
    );
    check(
        &policy,
        &pod(
            "{containers: [{securityContext: {runAsNonRoot: true}}, {securityContext: {runAsNonRoot: false}}]}",
        ),
        &["r: fail at spec.containers[1].securityContext.runAsNonRoot"],
    );
    // What is missing is blamed where it should stand.
    check(
        &policy,
        &pod("{containers: [{name: a}]}"),
        &["r: fail at spec.containers[0].securityContext"],
    );
    let said = World::default().judge(&policy, &pod("{containers: [{}]}"));
    assert!(
        matches!(
            &said[0].1,
            Outcome::Fail { says, .. }
                if says.as_kyverno() == "validation error: no root. rule r failed at path /spec/containers/0/securityContext/"
        ),
        "{said:?}"
    );
    check(
        &policy,
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
        &[],
    );
}

#[test]
fn anchors() {
    let conditional = policy(
        "validate:\n  pattern:\n    spec:\n      containers:\n      - (image): '*:latest'\n        imagePullPolicy: Always",
    );
    check(
        &conditional,
        &pod("{containers: [{image: 'a:1'}]}"),
        &["r: skip"],
    );
    check(
        &conditional,
        &pod("{containers: [{image: 'a:1'}, {image: 'b:latest', imagePullPolicy: Never}]}"),
        &["r: fail at spec.containers[1].imagePullPolicy"],
    );
    let equality = policy("validate:\n  pattern:\n    spec:\n      =(hostPID): false");
    check(&equality, &pod("{}"), &["r: pass"]);
    check(
        &equality,
        &pod("{hostPID: true}"),
        &["r: fail at spec.hostPID"],
    );
    let negation = policy("validate:\n  pattern:\n    spec:\n      X(hostPath): null");
    check(&negation, &pod("{}"), &["r: pass"]);
    check(
        &negation,
        &pod("{hostPath: 1}"),
        &["r: fail at spec.hostPath"],
    );
    let existence =
        policy("validate:\n  pattern:\n    spec:\n      ^(containers):\n      - name: a");
    check(
        &existence,
        &pod("{containers: [{name: b}, {name: a}]}"),
        &["r: pass"],
    );
    check(
        &existence,
        &pod("{containers: [{name: b}]}"),
        &["r: fail at spec.containers"],
    );
    let global = policy(
        "validate:\n  pattern:\n    metadata:\n      <(name): b\n    spec:\n      hostPID: true",
    );
    check(&global, &pod("{}"), &["r: skip"]);
}

#[test]
fn text_of_a_resource_cannot_make_a_skip() {
    let policy = policy("validate:\n  pattern:\n    spec:\n      nodeName: good");
    check(
        &policy,
        &pod("{nodeName: conditional anchor mismatch}"),
        &["r: fail at spec.nodeName"],
    );
}

#[test]
fn any_of_patterns() {
    let policy = policy(
        "validate:\n  anyPattern:\n  - spec: {hostPID: false}\n  - spec: {hostIPC: false, hostPID: true}",
    );
    check(
        &policy,
        &pod("{hostPID: true, hostIPC: false}"),
        &["r: pass"],
    );
    check(
        &policy,
        &pod("{hostPID: true, hostIPC: true}"),
        &["r: fail at spec.hostPID"],
    );
}

#[test]
fn denials_point_at_what_they_name() {
    let policy = policy(
        "preconditions:\n  all:\n  - {key: '{{ request.operation }}', operator: NotEquals, value: DELETE}\nvalidate:\n  message: '{{ request.object.metadata.name }} is bad'\n  deny:\n    conditions:\n      any:\n      - {key: '{{ request.object.spec.replicas || `0` }}', operator: GreaterThan, value: 3}",
    );
    check(&policy, &pod("{replicas: 2}"), &["r: pass"]);
    let said = World::default().judge(&policy, &pod("{replicas: 4}"));
    assert!(
        matches!(
            &said[0].1,
            Outcome::Fail { says, at } if says.as_kyverno() == "a is bad" && at.to_string() == "spec.replicas"
        ),
        "{said:?}"
    );
    let gone = World {
        operation: Operation::Delete,
        ..World::default()
    };
    assert_eq!(gone.words(&policy, &pod("{replicas: 4}")), ["r: skip"]);
}

#[test]
fn an_unknown_key_is_an_error() {
    let policy = policy(
        "validate:\n  deny:\n    conditions:\n      all:\n      - {key: '{{ request.object.spec.nothing }}', operator: Equals, value: a}",
    );
    check(&policy, &pod("{}"), &["r: error"]);
    // Everything is denied without conditions.
    check(
        &super::tests::policy("validate:\n  deny: {}"),
        &pod("{}"),
        &["r: fail at "],
    );
}

#[test]
fn loops() {
    let deny = policy(
        "validate:\n  foreach:\n  - list: request.object.spec.[initContainers, containers][]\n    deny:\n      conditions:\n        any:\n        - {key: '{{ element.image }}', operator: AnyIn, value: ['*:latest']}",
    );
    check(&deny, &pod("{containers: [{image: 'a:1'}]}"), &["r: pass"]);
    check(
        &deny,
        &pod("{initContainers: [{image: 'a:1'}], containers: [{image: 'b:latest'}]}"),
        &["r: fail at spec.containers[0].image"],
    );
    // Nothing to loop over: the rule says nothing.
    check(&deny, &pod("{}"), &[]);
    let nested = policy(
        "validate:\n  foreach:\n  - list: request.object.spec.containers\n    preconditions:\n      all:\n      - {key: '{{ element.name }}', operator: NotEquals, value: skipped}\n    foreach:\n    - list: element.ports\n      deny:\n        conditions:\n          all:\n          - {key: '{{ element.hostPort }}', operator: Equals, value: '{{ element0.bad }}'}",
    );
    check(
        &nested,
        &pod(
            "{containers: [{name: skipped}, {name: a, bad: 80, ports: [{hostPort: 1}, {hostPort: 80}]}]}",
        ),
        &["r: fail at spec.containers[1].ports[1].hostPort"],
    );
    let pattern = policy(
        "validate:\n  foreach:\n  - list: request.object.spec.containers\n    pattern:\n      image: '*:{{ element.tag }}'",
    );
    check(
        &pattern,
        &pod("{containers: [{image: 'a:1', tag: '1'}, {image: 'a:1', tag: '2'}]}"),
        &["r: fail at spec.containers[1].image"],
    );
    let scope = policy(
        "validate:\n  foreach:\n  - list: request.object.spec.names\n    elementScope: true\n    pattern: {a: b}",
    );
    check(&scope, &pod("{names: [x]}"), &["r: error"]);
}

#[test]
fn contexts() {
    let chain = policy(
        "context:\n- name: limit\n  variable: {value: {max: 3}, jmesPath: max}\n- name: missing\n  variable: {jmesPath: request.object.spec.none, default: 7}\n- name: both\n  variable: {jmesPath: 'max([limit, missing])'}\nvalidate:\n  deny:\n    conditions:\n      all:\n      - {key: '{{ both }}', operator: GreaterThan, value: 6}",
    );
    check(&chain, &pod("{}"), &["r: fail at "]);
    let map = policy(
        "context:\n- name: dictionary\n  configMap: {name: allowed, namespace: ns}\nvalidate:\n  pattern:\n    metadata:\n      labels:\n        app: '{{ dictionary.data.app }}'",
    );
    check(&map, &pod("{}"), &["r: error"]);
    let stand_in = World {
        rule_values: BTreeMap::from([(
            "r".to_owned(),
            RuleValues {
                values: BTreeMap::from([("dictionary.data.app".to_owned(), json!("web"))]),
                ..RuleValues::default()
            },
        )]),
        ..World::default()
    };
    assert_eq!(stand_in.words(&map, &pod("{}")), ["r: pass"]);
    let found = World {
        fixtures: Fixtures {
            config_maps: Some(BTreeMap::from([(
                ("ns".to_owned(), "allowed".to_owned()),
                json!({"data": {"app": "other"}}),
            )])),
            ..Fixtures::default()
        },
        ..World::default()
    };
    assert_eq!(
        found.words(&map, &pod("{}")),
        ["r: fail at metadata.labels.app"]
    );
}

#[test]
fn what_is_not_asked_cannot_be_passed_over() {
    // The default would hide that the answer is not known.
    let policy = policy(
        "context:\n- name: found\n  apiCall: {urlPath: /api/v1/pods}\nvalidate:\n  deny:\n    conditions:\n      all:\n      - {key: '{{ found.items || `[]` }}', operator: Equals, value: x}",
    );
    check(&policy, &pod("{}"), &["r: unsupported"]);
    let list = super::tests::policy(
        "context:\n- name: found\n  apiCall: {urlPath: /api/v1/pods}\nvalidate:\n  foreach:\n  - list: found.items\n    deny: {}",
    );
    check(&list, &pod("{}"), &["r: unsupported"]);
    let hidden = super::tests::policy(
        "context:\n- name: found\n  apiCall: {urlPath: /api/v1/pods}\n- name: items\n  variable: {jmesPath: found.items, default: []}\nvalidate:\n  deny: {conditions: {all: [{key: '{{ items }}', operator: Equals, value: x}]}}",
    );
    check(&hidden, &pod("{}"), &["r: unsupported"]);
}

#[test]
fn fixtures_answer_calls() {
    let policy = policy(
        "context:\n- name: found\n  apiCall: {service: {url: 'https://x/{{ request.object.metadata.name }}'}, jmesPath: items}\n- name: shared\n  globalReference: {name: deployments.names}\nvalidate:\n  deny:\n    conditions:\n      any:\n      - {key: '{{ found }}', operator: AnyIn, value: '{{ shared }}'}",
    );
    let answered = |status: u16| World {
        fixtures: Fixtures {
            api_answers: vec![ApiAnswer {
                method: String::new(),
                url: "https://x/a".to_owned(),
                status,
                body: json!({"items": ["b"]}),
            }],
            global_context: BTreeMap::from([(
                "deployments".to_owned(),
                GlobalEntry {
                    data: json!([{"name": "b"}]),
                    field_path: String::new(),
                    projections: vec![("names".to_owned(), "[].name".to_owned())],
                },
            )]),
            ..Fixtures::default()
        },
        ..World::default()
    };
    assert_eq!(answered(200).words(&policy, &pod("{}")), ["r: fail at "]);
    assert_eq!(answered(500).words(&policy, &pod("{}")), ["r: error"]);
    check(&policy, &pod("{}"), &["r: error"]);
}

/// A rule's outcome, with why it is an error.
fn errors(policy: &str, object: &str) -> Vec<String> {
    let told = World::default().judge(policy, object).into_iter();
    told.map(|(rule, outcome)| match outcome {
        Outcome::Error { says } => format!("{rule}: {says}"),
        other => format!("{rule}: {other:?}"),
    })
    .collect()
}

#[test]
fn variables_bring_in_no_more_than_a_limit() {
    // Each level of a value that a variable brings in counts, and the next variable stands in the last one.
    let levels = |count: usize, leaf: &str| {
        let (open, close) = ("{a: ".repeat(count), "}".repeat(count));
        format!("{open}'{leaf}'{close}")
    };
    /// Levels of the last value with which all of them are as deep as they may be.
    const DEEPEST: usize = 54;
    let policy = policy("validate:\n  pattern:\n    spec:\n      x: '{{ request.object.spec.p }}'");
    let chain = |last: usize| {
        let (p, q) = ("{{ request.object.spec.q }}", "{{ request.object.spec.r }}");
        let (p, q, r) = (levels(100, p), levels(100, q), levels(last, "end"));
        pod(&format!("{{x: 1, p: {p}, q: {q}, r: {r}}}"))
    };
    check(&policy, &chain(DEEPEST), &["r: fail at spec.x"]);
    let said = errors(&policy, &chain(DEEPEST + 1));
    let deep = "filling variables in leads more than 256 levels deep";
    assert!(said[0].contains(deep), "{said:?}");

    let repeated = |times: usize| {
        let text = "{{ request.object.metadata.annotations.b }}".repeat(times);
        super::tests::policy(&format!(
            "validate:\n  pattern:\n    metadata:\n      name: '{text}'"
        ))
    };
    let long = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {{b: {}}}}}\n",
        "x".repeat(100_000)
    );
    check(&repeated(20), &long, &["r: fail at metadata.name"]);
    let said = errors(&repeated(21), &long);
    let large = "filling variables in makes a text of more than 2097152 bytes";
    assert!(said[0].contains(large), "{said:?}");
}

#[test]
fn loops_in_loops_count_their_elements_together() {
    let squared = super::tests::policy(
        "validate:\n  foreach:\n  - list: request.object.spec.l\n    foreach:\n    - list: request.object.spec.l\n      deny: {conditions: {any: [{key: a, operator: Equals, value: b}]}}",
    );
    let of = |count: usize| super::tests::pod(&format!("{{l: [{}]}}", "x,".repeat(count)));
    // 315 and 315 times 315 are 99,540 elements; of 316 they are 100,172.
    check(&squared, &of(315), &["r: pass"]);
    let said = errors(&squared, &of(316));
    assert!(
        said[0].contains("the loops of the rule go through more than 100000 elements"),
        "{said:?}"
    );
}

#[test]
fn generated_rules_judge_controllers() {
    let policy = policy("validate:\n  pattern:\n    spec:\n      hostPID: false");
    check(
        &policy,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {hostPID: true}}}\n",
        &["autogen-r: fail at spec.template.spec.hostPID"],
    );
    check(
        &policy,
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {template: {spec: {hostPID: false}}}}}\n",
        &["autogen-cronjob-r: pass"],
    );
}

#[test]
fn exceptions_let_off() {
    let with = |extra: &str| {
        format!(
            "{}---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: e, namespace: ns}}\nspec:\n  exceptions: [{{policyName: p, ruleNames: ['r*']}}]\n  match: {{any: [{{resources: {{kinds: [Pod], names: [a]}}}}]}}\n{extra}",
            policy("validate:\n  pattern:\n    spec:\n      hostPID: false\n")
        )
    };
    check(&with(""), &pod("{hostPID: true}"), &["r: skip"]);
    check(
        &with(
            "  conditions: {any: [{key: '{{ request.object.metadata.labels.app }}', operator: Equals, value: db}]}\n",
        ),
        &pod("{hostPID: true}"),
        &["r: fail at spec.hostPID"],
    );
    // Conditions that cannot be evaluated let nothing off.
    check(
        &with(
            "  conditions: {any: [{key: '{{ request.object.none }}', operator: NotEquals, value: db}]}\n",
        ),
        &pod("{hostPID: true}"),
        &["r: fail at spec.hostPID"],
    );
}

#[test]
fn updates_keep_violations_of_enforced_rules() {
    let policy =
        policy("validate:\n  failureAction: Enforce\n  pattern:\n    spec:\n      hostPID: false");
    let old = |spec: &str| World {
        operation: Operation::Update,
        old: Some(crate::testing::resource(&pod(spec))),
        ..World::default()
    };
    assert_eq!(
        old("{hostPID: true}").words(&policy, &pod("{hostPID: true}")),
        ["r: skip"]
    );
    assert_eq!(
        old("{hostPID: false}").words(&policy, &pod("{hostPID: true}")),
        ["r: fail at spec.hostPID"]
    );
}

#[test]
fn values_and_users() {
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]}\n    validate:\n      deny: {conditions: {all: [{key: '{{ request.object.spec.x }}', operator: Equals, value: 1}]}}\n";
    let mut world = World {
        values: BTreeMap::from([("request.object.spec.x".to_owned(), json!(1))]),
        ..World::default()
    };
    assert_eq!(world.words(policy, &pod("{}")), ["r: fail at spec.x"]);
    world.user_info = Some(UserInfo {
        cluster_roles: vec!["view".to_owned()],
        ..UserInfo::default()
    });
    assert!(world.words(policy, &pod("{}")).is_empty());
}

#[test]
fn one_rule_applies() {
    let policy = format!(
        "{}  - name: s\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate: {{deny: {{}}}}\n  applyRules: One\n",
        policy("validate:\n  pattern:\n    spec: {hostPID: false}\n")
    );
    check(&policy, &pod("{hostPID: false}"), &["r: pass"]);
}

#[test]
fn references_and_escapes() {
    let policy = policy(
        "validate:\n  pattern:\n    spec:\n      request: '<=$(./../limit)'\n      limit: '?*'\n      text: '\\{{ a }}'",
    );
    // The reference is to the pattern's own text, which is no quantity.
    check(
        &policy,
        &pod("{request: 1Gi, limit: 2Gi, text: '{{ a }}'}"),
        &["r: fail at spec.request"],
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[-{}()$\\\\@|&<>=!^+X*?.,:\"\\[\\]a1 é]{0,16}".prop_map(Value::from),
        Just(Value::from("{{ request.object.spec }}")),
        Just(Value::from("$(./../a)")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[<=X^+]?\\(?[a-c]\\)?", inner, 0..4)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics(pattern in any_value(), value in any_value(), operator in 0..14usize) {
        const OPERATORS: [&str; 14] = [
            "Equals", "NotEquals", "In", "NotIn", "AnyIn", "AllIn", "AnyNotIn", "AllNotIn",
            "GreaterThan", "LessThanOrEquals", "DurationGreaterThan", "DurationLessThan", "equal",
            "none",
        ];
        let rule = |validate: Value| json!({
            "name": "r",
            "match": {"any": [{"resources": {"kinds": ["Widget"]}}]},
            "validate": validate,
        });
        let conditions = json!({"conditions": {"any": [{
            "key": pattern, "operator": OPERATORS[operator], "value": value,
        }]}});
        let policy = json!({
            "apiVersion": "kyverno.io/v1",
            "kind": "ClusterPolicy",
            "metadata": {"name": "p"},
            "spec": {"rules": [
                rule(json!({"pattern": {"spec": pattern}})),
                rule(json!({"anyPattern": [{"spec": pattern}]})),
                rule(json!({"deny": conditions})),
                rule(json!({"foreach": [{"list": "request.object.spec", "deny": conditions}]})),
                rule(json!({"foreach": [{"list": "request.object.spec", "pattern": pattern}]})),
            ]},
        });
        let object = json!({"apiVersion": "a/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": value});
        let policy = Node::from_json(&policy, Origin::Builtin);
        let loaded = crate::load(&[policy]);
        let request = crate::Request {
            object: Some(&object),
            old_object: None,
            operation: Operation::Create,
            user_info: None,
            values: &BTreeMap::new(),
            rule_values: &BTreeMap::new(),
            fixtures: &Fixtures::default(),
            now: std::time::SystemTime::UNIX_EPOCH,
        };
        loaded.policies.evaluate(&request);
    }
}

/// What people read is what the author wrote, whatever it looks like; Kyverno's words stand apart from it.
#[test]
fn an_authors_words_are_kept_apart_from_the_engines() {
    let pattern = |message: &str, spec: &str| {
        policy(&format!(
            "validate:\n  message: {message:?}\n  pattern: {{spec: {spec}}}"
        ))
    };
    let deny = |message: &str| policy(&format!("validate:\n  message: {message:?}\n  deny: {{}}"));
    let any = |message: &str| {
        policy(&format!(
            "validate:\n  message: {message:?}\n  anyPattern: [{{spec: {{a: x}}}}, {{spec: {{b: x}}}}]"
        ))
    };
    let each = "validate:\n  message: no.\n  foreach:\n  - list: request.object.spec.l\n    pattern: {a: x}";
    let silent = "validate:\n  pattern: {spec: {a: x}}";
    let standard =
        "validate:\n  message: not said\n  podSecurity: {level: baseline, version: latest}";
    for (policy, clause, kyverno) in [
        (
            pattern("an image needs a tag.", "{a: x}"),
            "an image needs a tag",
            "validation error: an image needs a tag. rule r failed at path /spec/a/",
        ),
        (
            policy(silent),
            "the resource does not satisfy the rule",
            "validation error: rule r failed at path /spec/a/",
        ),
        (
            pattern("see rule r failed at path /x", "{a: x}"),
            "see rule r failed at path /x",
            "validation error: see rule r failed at path /x. rule r failed at path /spec/a/",
        ),
        (
            deny("validation error: rule r failed"),
            "validation error: rule r failed",
            "validation error: rule r failed",
        ),
        (deny("wait..."), "wait...", "wait..."),
        (
            any("one of both"),
            "one of both",
            "validation error: one of both. rule r[0] failed at path /spec/a/ rule r[1] failed at path /spec/b/",
        ),
        (
            policy(each),
            "no",
            "validation failure: validation error: no. rule r failed at path /a/",
        ),
        (
            policy(standard),
            "it violates PodSecurity \"baseline:latest\": (Forbidden reason: host namespaces, field error list: [spec.hostNetwork is forbidden, forbidden values found: true]), (Forbidden reason: privileged, field error list: [spec.containers[0].securityContext.privileged is forbidden, forbidden values found: true])",
            "Validation rule 'r' failed. It violates PodSecurity \"baseline:latest\": (Forbidden reason: host namespaces, field error list: [spec.hostNetwork is forbidden, forbidden values found: true])(Forbidden reason: privileged, field error list: [spec.containers[0].securityContext.privileged is forbidden, forbidden values found: true])",
        ),
    ] {
        let object = pod(
            "{a: y, b: y, l: [{a: y}], hostNetwork: true, containers: [{name: c, securityContext: {privileged: true}}]}",
        );
        let said = World::default().judge(&policy, &object);
        let Outcome::Fail { says, .. } = &said[0].1 else {
            panic!("{said:?}");
        };
        assert_eq!(says.clause(), clause);
        assert_eq!(says.as_kyverno(), kyverno);
    }
}

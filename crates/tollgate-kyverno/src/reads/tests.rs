//! What changed of that which a rule reads.

use super::Changed;
use crate::testing::{load_text, resource};

/// `nothing`, `something`, or the elements as JSON.
fn changed(validate: &str, before: &str, now: &str) -> String {
    let policy = format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate: {validate}\n"
    );
    let loaded = load_text(&policy);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let pod = |spec: &str| {
        resource(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n"
        ))
    };
    let policy = loaded.policies.policies().first().expect("a policy");
    let rule = policy.rules.first().expect("a rule");
    match rule.changed(&pod(before), &pod(now)) {
        Changed::Nothing => "nothing".to_owned(),
        Changed::Elements(it) => it["spec"]["containers"].to_string(),
        Changed::Something => "something".to_owned(),
    }
}

#[test]
fn a_rule_is_asked_only_about_what_it_reads() {
    let image = "{pattern: {spec: {containers: [{image: '!*:latest'}]}}}";
    let host = "{pattern: {spec: {=(hostPID): false, =(hostIPC): false}}}";
    let deny = "{deny: {conditions: {all: [{key: '{{ request.object.spec.containers[].image }}', operator: AnyIn, value: ['a:latest']}]}}}";
    let each = "{foreach: [{list: request.object.spec.containers, deny: {conditions: {all: [{key: '{{ element.image }}', operator: Equals, value: '*:latest'}]}}}]}";
    let everything = "{deny: {conditions: {all: [{key: '{{ request | to_string(@) }}', operator: Equals, value: a}]}}}";
    for (validate, before, now, want) in [
        // Other fields are not its business.
        (
            image,
            "{containers: [{name: a, image: 'a:latest'}]}",
            "{containers: [{name: a, image: 'a:latest', tty: true}], hostPID: true}",
            "nothing",
        ),
        // Elements move, and are told by their names.
        (
            image,
            "{containers: [{name: a, image: 'a:latest'}]}",
            "{containers: [{name: b, image: 'b:1'}, {name: a, image: 'a:latest'}]}",
            r#"[{"image":"b:1","name":"b"}]"#,
        ),
        (
            image,
            "{containers: [{name: a, image: 'a:latest'}, {name: b, image: 'b:1'}]}",
            "{containers: [{name: a, image: 'a:latest'}, {name: b, image: 'b:latest'}]}",
            r#"[{"image":"b:latest","name":"b"}]"#,
        ),
        // A second mistake behind a first one.
        (
            host,
            "{hostPID: true}",
            "{hostPID: true, hostIPC: true}",
            "something",
        ),
        (
            host,
            "{hostPID: true}",
            "{hostPID: true, hostNetwork: true}",
            "nothing",
        ),
        // What a condition reads, it reads as a whole.
        (
            deny,
            "{containers: [{name: a, image: 'a:latest'}]}",
            "{containers: [{name: a, image: 'a:latest', tty: true}]}",
            "nothing",
        ),
        (
            deny,
            "{containers: [{name: a, image: 'a:latest'}]}",
            "{containers: [{name: a, image: 'a:latest'}, {name: b, image: 'b'}]}",
            "something",
        ),
        (
            each,
            "{containers: [{name: a, image: 'a:latest'}]}",
            "{containers: [{name: a, image: 'a:latest', tty: true}, {name: b, image: 'b'}]}",
            r#"[{"image":"b","name":"b"}]"#,
        ),
        (
            everything,
            "{hostPID: true}",
            "{hostPID: true, tty: true}",
            "something",
        ),
        // An element that must be there is missed where it goes.
        (
            "{pattern: {spec: {^(containers): [{image: 'a'}]}}}",
            "{containers: [{name: a, image: a}, {name: b, image: b}]}",
            "{containers: [{name: b, image: b}]}",
            "something",
        ),
        // The standards do not read images.
        (
            "{podSecurity: {level: restricted, version: latest}}",
            "{containers: [{name: a, image: 'a:1'}]}",
            "{containers: [{name: a, image: 'a:2'}]}",
            "nothing",
        ),
        (
            "{podSecurity: {level: restricted, version: latest}}",
            "{securityContext: {runAsNonRoot: true}, containers: [{name: a, image: 'a:1'}]}",
            "{containers: [{name: a, image: 'a:1'}]}",
            "something",
        ),
        // A text of the object is filled in too.
        (
            deny,
            "{containers: [{name: a, image: '{{ request.object.spec.x }}'}]}",
            "{x: 'a:latest', containers: [{name: a, image: '{{ request.object.spec.x }}'}]}",
            "something",
        ),
    ] {
        assert_eq!(
            changed(validate, before, now),
            want,
            "{validate}: {before} -> {now}"
        );
    }
}

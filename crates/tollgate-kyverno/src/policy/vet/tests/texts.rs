//! Variables, references and conditions.

use super::{check, judged, policy};

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

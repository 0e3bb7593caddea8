//! Objects of which nobody says in which namespace they are.

use super::{PolicySet, Session, looks};
use crate::{
    matching::Answer,
    policy::{Policy, PolicyKind, Rule},
    request::Request,
    result::PolicyResponse,
};

impl PolicySet {
    /// Whether what a rule says may hang on the namespace of an object.
    pub fn asks_of_namespaces(&self) -> bool {
        self.policies.iter().any(|it| {
            it.kind == PolicyKind::Policy
                || it.selects_by_namespace()
                || it.rules.iter().any(Rule::looks_at_namespace)
        })
    }

    /// What rules say of an object that may be in any namespace, whatever it says itself: those that are
    /// for it in some namespaces alone, and those that are for it and look at the namespace. Of the first
    /// a failure, and of the others a pass, hangs on where the object is.
    pub fn evaluate_anywhere(&self, request: &Request<'_>) -> Vec<(&Policy, PolicyResponse)> {
        let mut session = Session::new(request);
        if let Ok(asked) = &mut session.asked {
            asked.anywhere = true;
        }
        let policies = self.policies.iter();
        let ours = |it: &&Policy| matches!(it.kind, PolicyKind::ClusterPolicy | PolicyKind::Policy);
        let asked = policies.filter(ours);
        asked
            .filter_map(|it| Some((it, session.ask(it)?)))
            .filter(|(_, it)| !it.rules.is_empty())
            .collect()
    }
}

impl Rule {
    pub(super) fn may_answer_otherwise(&self, policy: &Policy, is_for: Answer) -> bool {
        is_for == Answer::Unknown || policy.kind == PolicyKind::Policy || self.looks_at_namespace()
    }

    /// Whether its conditions or patterns look at the namespace; its message decides nothing.
    pub fn looks_at_namespace(&self) -> bool {
        let body = &self.body;
        *body.looks.get_or_init(|| looks::at_namespace(body))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{created, load_text, resource};

    #[test]
    fn of_what_may_be_anywhere_those_rules_are_asked_that_are_for_some_namespaces_or_look_at_it() {
        let things =
            |more: &str| format!("match: {{any: [{{resources: {{kinds: [Thing]{more}}}}}]}}");
        let fails = "validate: {message: never, pattern: {spec: {other: 1}}}";
        for (blocks, check, asks, asked) in [
            (things(""), fails, false, false),
            (things(", namespaces: [web]"), fails, true, true),
            (things(", namespaces: [\"*\"]"), fails, true, false),
            (things(", namespaceSelector: {}"), fails, true, false),
            (
                things(", namespaceSelector: {matchLabels: {a: b}}"),
                fails,
                true,
                true,
            ),
            (
                things(", names: [b], namespaces: [web]"),
                fails,
                true,
                false,
            ),
            (
                format!(
                    "{}\n    exclude: {{any: [{{resources: {{namespaces: [web]}}}}]}}",
                    things("")
                ),
                fails,
                true,
                true,
            ),
            (
                things(""),
                "validate: {message: never, pattern: {metadata: {=(namespace): \"!web\"}}}",
                true,
                true,
            ),
            (
                things(""),
                "validate: {message: never, pattern: {metadata: {namespace: \"?*\"}}}",
                false,
                false,
            ),
            (
                things(""),
                "validate: {message: never, deny: {conditions: {all: [{key: \"{{ request.namespace }}\", operator: Equals, value: web}]}}}",
                true,
                true,
            ),
            (
                things(""),
                "validate: {message: \"in {{ request.namespace }}\", deny: {}}",
                false,
                false,
            ),
        ] {
            let text = format!(
                "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  background: false\n  rules:\n  - name: r\n    {blocks}\n    {check}\n"
            );
            let loaded = load_text(&text);
            assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
            let object = resource(
                "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a, namespace: default}\nspec: {b: 1}\n",
            );
            let policies = &loaded.policies;
            assert_eq!(policies.asks_of_namespaces(), asks, "{text}");
            assert_eq!(
                !created(&object, |it| policies.evaluate_anywhere(it).is_empty()),
                asked,
                "{text}"
            );
        }
    }

    #[test]
    fn a_rule_looks_at_the_namespace_whichever_way_it_gets_there() {
        let deny = |context: &str, key: &str| {
            format!(
                "{context}validate: {{deny: {{conditions: {{all: [{{key: \"{{{{ {key} }}}}\", operator: Equals, value: web}}]}}}}}}"
            )
        };
        let entry = |source: &str| format!("context: [{{name: it, {source}}}]\n    ");
        let variable = |path: &str| entry(&format!("variable: {{jmesPath: '{path}'}}"));
        let foreach = |list: &str, test: &str| {
            format!("validate: {{foreach: [{{list: \"{list}\", {test}}}]}}")
        };
        let of_element = |key: &str| {
            format!(
                "deny: {{conditions: {{any: [{{key: '{{{{ {key} }}}}', operator: Equals, value: web}}]}}}}"
            )
        };
        for (rule, looks) in [
            (deny("", "request.object.metadata.namespace"), true),
            (deny("", "request.oldObject.metadata.namespace"), true),
            (deny("", "request . namespace"), true),
            (deny("", "request.object.metadata.\\\"namespace\\\""), true),
            (deny("", "request.object.metadata | namespace"), true),
            (deny("", "request.object.metadata.[name, namespace][1]"), true),
            (deny("", "request.object.*.namespace | [0]"), true),
            (deny("", "to_string(request.object.metadata)"), true),
            (deny("", "@.request.namespace"), true),
            (deny("", "request.object.metadata.{{ request.object.spec.key }}"), true),
            (deny("", "request.object.spec.list[?name == '{{ request.namespace }}'] | [0]"), true),
            (deny("", "request.object.metadata.name"), false),
            (deny("", "request.object.metadata.labels.namespace"), false),
            (deny("", "request.object.spec.namespace"), false),
            (deny("", "request.object.metadata.labels.{{ request.object.spec.key }}"), false),
            (deny("", "request.object.metadata.keys(@) | length(@)"), false),
            (deny("", "contains(`[\\\"request.namespace\\\"]`, request.object.spec.a)"), false),
            (deny("", "request.name"), false),
            (deny(&variable("request.object.metadata"), "it.namespace"), true),
            (deny(&variable("request.object.metadata"), "it.name"), false),
            (deny(&variable("request.namespace"), "request.object.spec.a"), false),
            (
                deny(
                    "context: [{name: a, variable: {jmesPath: request.object}}, {name: b, variable: {jmesPath: a.metadata}}]\n    ",
                    "b.namespace",
                ),
                true,
            ),
            (
                deny(
                    &entry("variable: {value: {in: \"{{ request.namespace }}\"}, jmesPath: in}"),
                    "it",
                ),
                true,
            ),
            (
                deny(&entry("configMap: {name: a, namespace: \"{{ request.namespace }}\"}"), "it.data.a"),
                true,
            ),
            (deny(&entry("configMap: {name: a, namespace: b}"), "it.data.a"), false),
            (
                deny(
                    &entry("apiCall: {urlPath: \"/api/v1/namespaces/{{ request.namespace }}/pods\", jmesPath: \"items | length(@)\"}"),
                    "it",
                ),
                true,
            ),
            (
                "preconditions: {all: [{key: \"{{ request.object.metadata | namespace }}\", operator: Equals, value: web}]}\n    validate: {deny: {}}".to_owned(),
                true,
            ),
            (foreach("request.object.metadata.[namespace]", "deny: {}"), true),
            (foreach("[request.object.metadata]", &of_element("element.namespace")), true),
            (foreach("[request.object.metadata]", &of_element("element.name")), false),
            (foreach("request.object.spec.list", &of_element("element.namespace")), false),
            (foreach("request.object.spec.list[?in == '{{ request.namespace }}']", "deny: {}"), true),
            (
                foreach(
                    "request.object.spec.list",
                    "foreach: [{list: '[request.object]', deny: {conditions: {any: [{key: '{{ element1.metadata.namespace }}', operator: Equals, value: web}]}}}]",
                ),
                true,
            ),
            (foreach("[request.object.metadata]", "pattern: {namespace: web}"), true),
            (foreach("[request.object.metadata]", "pattern: {name: web}"), false),
            (foreach("request.object.spec.list", "pattern: {namespace: web}"), false),
            ("validate: {anyPattern: [{metadata: {name: a}}, {metadata: {namespace: web}}]}".to_owned(), true),
            ("validate: {anyPattern: [{metadata: {name: a}}, {metadata: {namespace: \"?*\"}}]}".to_owned(), false),
            ("validate: {pattern: {spec: {a: \"{{ request.namespace }}\"}}}".to_owned(), true),
            ("validate: {pattern: {metadata: {name: \"{{ @ }}\"}}}".to_owned(), false),
        ] {
            let text = format!(
                "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Thing]}}}}]}}\n    {rule}\n"
            );
            let loaded = load_text(&text);
            assert!(loaded.problems.is_empty(), "{} {text}", loaded.problems[0].message);
            let policies = &loaded.policies;
            assert_eq!(policies.asks_of_namespaces(), looks, "{rule}");
        }
    }
}

//! Objects of which nobody says in which namespace they are.

use super::{PolicySet, Session};
use crate::{
    matching::Answer,
    pattern::strip_anchor,
    policy::{Body, Check, Policy, PolicyKind, Rule, Test},
    request::Request,
    result::PolicyResponse,
};
use serde_json::Value;

impl PolicySet {
    /// Whether what a rule says may hang on the namespace of an object.
    pub fn asks_of_namespaces(&self) -> bool {
        self.policies
            .iter()
            .any(|it| it.kind == PolicyKind::Policy || it.rules.iter().any(Rule::asks_of_namespace))
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
    /// Whether what it says of an object may hang on the object's namespace.
    pub fn asks_of_namespace(&self) -> bool {
        self.selects_by_namespace() || self.looks_at_namespace()
    }

    pub(super) fn may_answer_otherwise(&self, policy: &Policy, is_for: Answer) -> bool {
        is_for == Answer::Unknown || policy.kind == PolicyKind::Policy || self.looks_at_namespace()
    }

    /// Whether its conditions or patterns look at the namespace; its message decides nothing.
    pub fn looks_at_namespace(&self) -> bool {
        let body: &Body = &self.body;
        let mut looks = false;
        body.deciding(&mut |query| {
            looks |= query.contains("request.namespace") || query.contains("metadata.namespace");
        });
        looks || matches!(&body.check, Check::Validate(it) if names(&it.test))
    }
}

/// Whether a pattern asks for more of the namespace than that there is one.
fn names(test: &Test) -> bool {
    let mut patterns = test.pattern.iter().chain(&test.any_pattern);
    patterns.any(|it| match it.value() {
        Value::Array(all) => all.iter().any(in_pattern),
        one => in_pattern(one),
    })
}

fn in_pattern(pattern: &Value) -> bool {
    let below = |value: &'_ Value, key: &str| -> Vec<Value> {
        let entries = value.as_object().into_iter().flatten();
        let named = entries.filter(|it| strip_anchor(it.0) == key);
        named.map(|it| it.1.clone()).collect()
    };
    let metadata = below(pattern, "metadata");
    let mut namespaces = metadata.iter().flat_map(|it| below(it, "namespace"));
    namespaces.any(|it| !matches!(it.as_str(), Some("*" | "?*")))
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
}

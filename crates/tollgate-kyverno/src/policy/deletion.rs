//! What rules have to do with the deletion of an object. Source: `mergeWebhook` in
//! `pkg/controllers/webhook` (a rule that names no operations is asked about all of them) and the
//! handlers in `pkg/engine/handlers/validation`, of which those for patterns, pod security, images and
//! signed manifests say nothing of what goes away.

use super::{Body, Check, Policy, Rule, Test};
use crate::request::Operation;

impl Policy {
    /// Whether it may refuse the deletion of something.
    pub fn judges_deletions(&self) -> bool {
        self.at_deletion && self.rules.iter().any(Rule::judges_deletions)
    }
}

impl Rule {
    /// Whether it may refuse the deletion of something.
    pub fn judges_deletions(&self) -> bool {
        self.body.matches.may_match(Operation::Delete)
            && match &self.body.check {
                Check::Validate(it) => judges(&it.test),
                Check::Unsupported(feature) => !SILENT.contains(feature),
                Check::PodSecurity(_) | Check::VerifyImages(_) | Check::Generate(_) => false,
            }
    }

    /// Whether its author thought of deletions: it names the operation, or asks which one it is or what
    /// was there before. Another one says of a deletion what it says of the object.
    pub fn is_about_deletions(&self) -> bool {
        self.names_deletions() || asks_what_happens(&self.body)
    }

    /// Whether its author thought of what happens to an object: it names operations, or asks which one it is
    /// or what was there before. Another one says of an update what it says of the object.
    pub fn is_about_updates(&self) -> bool {
        let body = &*self.body;
        let blocks = [&body.matches, &body.exclude];
        blocks.iter().any(|it| it.names_operations()) || asks_what_happens(body)
    }

    /// Whether it names the operation, or is of a kind that is for the operations that it names.
    pub fn names_deletions(&self) -> bool {
        let body = &*self.body;
        body.matches.names(Operation::Delete)
            || body.exclude.names(Operation::Delete)
            || matches!(body.check, Check::Unsupported(_))
    }
}

/// What is not evaluated yet and says nothing of a deletion.
const SILENT: [&str; 4] = [
    "mutate",
    "generate",
    "validate.manifests",
    "validate.podSecurity without a level",
];

/// A loop goes through a list of its own, whose elements have patterns.
fn judges(test: &Test) -> bool {
    test.deny.is_some() || !test.foreach.is_empty()
}

fn asks_what_happens(body: &Body) -> bool {
    let mut asks = false;
    body.queries(&mut |query| asks |= query.contains("operation") || query.contains("oldObject"));
    asks
}

#[cfg(test)]
mod tests {
    use crate::testing::load_text;

    #[test]
    fn a_rule_is_asked_about_deletions_unless_its_operations_or_what_it_checks_leave_them_out() {
        let deny = "validate: {message: never, deny: {}}";
        let things =
            |more: &str| format!("match: {{any: [{{resources: {{kinds: [Thing]{more}}}}}]}}");
        for (blocks, check, judges, is_about) in [
            (things(""), deny, true, false),
            (things(", operations: [CREATE]"), deny, false, false),
            (things(", operations: [UPDATE, DELETE]"), deny, true, true),
            (
                "match: {all: [{resources: {kinds: [Thing]}}, {resources: {kinds: [Thing], operations: [CREATE]}}]}"
                    .to_owned(),
                deny,
                false,
                false,
            ),
            (
                "match: {any: [{resources: {kinds: [Thing], operations: [CREATE]}}, {resources: {kinds: [Thing]}}]}"
                    .to_owned(),
                deny,
                true,
                false,
            ),
            (
                "match: {resources: {kinds: [Thing], operations: [DELETE]}}".to_owned(),
                deny,
                true,
                true,
            ),
            (
                format!(
                    "{}\n    exclude: {{any: [{{resources: {{operations: [DELETE]}}}}]}}",
                    things("")
                ),
                deny,
                true,
                true,
            ),
            (things(""), "validate: {message: never, pattern: {spec: {a: 1}}}", false, false),
            (things(""), "validate: {message: never, anyPattern: [{spec: {a: 1}}]}", false, false),
            (
                things(""),
                "validate: {message: never, foreach: [{list: request.oldObject.spec.list, pattern: {a: 1}}]}",
                true,
                true,
            ),
            (
                things(""),
                "validate: {message: never, podSecurity: {level: baseline, version: latest}}",
                false,
                false,
            ),
            (
                things(""),
                "validate: {message: never, deny: {conditions: {all: [{key: \"{{ request.operation }}\", operator: Equals, value: DELETE}]}}}",
                true,
                true,
            ),
            (
                things(""),
                "validate: {message: never, deny: {conditions: {all: [{key: \"{{ request.object.spec.a }}\", operator: Equals, value: 1}]}}}",
                true,
                false,
            ),
            (
                things(""),
                "validate: {message: never, cel: {expressions: [{expression: \"true\"}]}}",
                true,
                true,
            ),
        ] {
            let text = format!(
                "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p, annotations: {{pod-policies.kyverno.io/autogen-controllers: none}}}}\nspec:\n  rules:\n  - name: r\n    {blocks}\n    {check}\n"
            );
            let loaded = load_text(&text);
            assert!(loaded.problems.is_empty(), "{:?} {text}", loaded.problems);
            let policy = &loaded.policies.policies()[0];
            assert_eq!(policy.judges_deletions(), judges, "{text}");
            assert_eq!(policy.rules[0].is_about_deletions(), is_about, "{text}");
        }
    }

    #[test]
    fn a_policy_that_is_asked_in_the_background_alone_sees_no_deletion() {
        let text = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  admission: false\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: [Thing]}}]}\n    validate: {message: never, deny: {}}\n";
        let loaded = load_text(text);
        let policy = &loaded.policies.policies()[0];
        assert!(policy.rules[0].judges_deletions());
        assert!(!policy.judges_deletions());
    }

    #[test]
    fn policies_of_other_kinds_are_asked_about_deletions_where_they_say_so() {
        for (kind, spec, judges) in [
            (
                "ValidatingPolicy",
                "matchConstraints: {resourceRules: [{operations: [DELETE]}]}",
                true,
            ),
            (
                "ValidatingPolicy",
                "matchConstraints: {resourceRules: [{operations: [CREATE]}, {operations: [\"*\"]}]}",
                true,
            ),
            (
                "ValidatingPolicy",
                "matchConstraints: {resourceRules: [{operations: [CREATE, UPDATE]}]}",
                false,
            ),
            (
                "ValidatingPolicy",
                "evaluation: {admission: {enabled: false}}, matchConstraints: {resourceRules: [{operations: [DELETE]}]}",
                false,
            ),
            (
                "ImageValidatingPolicy",
                "matchConstraints: {resourceRules: [{operations: [DELETE]}]}",
                true,
            ),
            (
                "MutatingPolicy",
                "matchConstraints: {resourceRules: [{operations: [DELETE]}]}",
                false,
            ),
        ] {
            let text = format!(
                "apiVersion: policies.kyverno.io/v1\nkind: {kind}\nmetadata: {{name: p}}\nspec: {{{spec}}}\n"
            );
            let loaded = load_text(&text);
            let policy = &loaded.policies.policies()[0];
            assert_eq!(policy.judges_deletions(), judges, "{text}");
            assert!(policy.rules[0].is_about_deletions(), "{text}");
        }
    }
}

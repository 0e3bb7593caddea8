//! What policies with expressions are for, as far as that can be said without evaluating one.

use super::{Policy, Rule};
use crate::matching::{Gvk, is_named};
use serde_json::Value;
use tollgate_yaml::Node;

/// `spec.matchConstraints`, read so that what may be meant is meant: versions, operations, selectors,
/// exclusions and conditions are not looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constraints {
    /// Groups and resources; `None` where they cannot be read.
    rules: Option<Vec<(Vec<String>, Vec<String>)>>,
    /// Whether rules for Pods are made into rules for kinds that are not among the usual.
    other_controllers: bool,
    /// Whether they are for a resource in one group alone, where the API serves it in several.
    exact: bool,
    /// Whether it may hang on the labels of the namespace what they are for.
    by_namespace: bool,
}

/// Kinds that the API serves in several groups. Source: `matchPolicy` of `admissionregistration.k8s.io`,
/// which is `Equivalent` where nobody says `Exact`.
const SEVERAL: [(&str, [&str; 2]); 7] = [
    ("DaemonSet", ["apps", "extensions"]),
    ("Deployment", ["apps", "extensions"]),
    ("ReplicaSet", ["apps", "extensions"]),
    ("Event", ["", "events.k8s.io"]),
    ("Ingress", ["networking.k8s.io", "extensions"]),
    ("NetworkPolicy", ["networking.k8s.io", "extensions"]),
    ("PodSecurityPolicy", ["policy", "extensions"]),
];

/// The groups in which the API serves the kind of a group, that one first.
fn groups_of<'g>(group: &'g str, kind: &str) -> Vec<&'g str> {
    let is_served = |it: &&(&str, [&str; 2])| it.0 == kind && it.1.contains(&group);
    let others = SEVERAL.iter().find(is_served);
    let others = others.into_iter().flat_map(|it| it.1);
    [group]
        .into_iter()
        .chain(others.filter(|it| *it != group))
        .collect()
}

/// Kinds for which Kyverno makes rules out of those for Pods.
const CONTROLLERS: [(&str, &str); 7] = [
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("", "ReplicationController"),
];

impl Constraints {
    pub(super) fn of(document: &Node) -> Self {
        let spec = document.get("spec").and_then(|it| it.to_json().ok());
        let spec = spec.unwrap_or_default();
        let texts = |rule: &Value, key: &str| -> Option<Vec<String>> {
            let items = rule.get(key)?.as_array()?.iter();
            items.map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let rule = |it: &Value| Some((texts(it, "apiGroups")?, texts(it, "resources")?));
        let rules = spec.pointer("/matchConstraints/resourceRules");
        let rules = rules.and_then(Value::as_array);
        let rules: Option<Vec<_>> = rules.and_then(|it| it.iter().map(rule).collect());
        let mode = spec.pointer("/evaluation/mode").and_then(Value::as_str);
        let of_cluster = mode.is_none_or(|it| it == "Kubernetes");
        let policy = spec.pointer("/matchConstraints/matchPolicy");
        let selector = spec.pointer("/matchConstraints/namespaceSelector");
        let is_blank = |it: &Value| it.is_null() || it.as_object().is_some_and(|it| it.is_empty());
        Self {
            rules: rules.filter(|it| of_cluster && !it.is_empty()),
            other_controllers: spec.get("autogen").is_some(),
            exact: policy.and_then(Value::as_str) == Some("Exact"),
            by_namespace: selector.is_some_and(|it| !is_blank(it))
                || spec.to_string().contains("namespaceObject"),
        }
    }

    fn may_cover(&self, gvk: &Gvk) -> bool {
        let Some(rules) = &self.rules else {
            return true;
        };
        let named = |group: &str, kind: &str| {
            rules.iter().any(|(groups, resources)| {
                groups.iter().any(|it| it == "*" || it == group)
                    && resources.iter().any(|it| may_name(it, group, kind))
            })
        };
        let (group, kind) = (&*gvk.group, &*gvk.kind);
        let groups = match self.exact {
            true => vec![group],
            false => groups_of(group, kind),
        };
        let mut each = groups.iter();
        let is_controller = groups.iter().any(|it| CONTROLLERS.contains(&(it, kind)));
        each.any(|it| named(it, kind))
            || (is_controller || self.other_controllers) && named("", "Pod")
    }
}

/// Whether a resource, as rules name it, may be that of a kind. How the plural of a kind that somebody
/// defined is written only its definition knows.
fn may_name(resource: &str, group: &str, kind: &str) -> bool {
    let resource = resource.split('/').next().unwrap_or_default();
    let own = group.is_empty() || !group.contains('.') || group.ends_with(".k8s.io");
    resource == "*" || !own || resource == resource.to_lowercase() && is_named(resource, kind)
}

impl Policy {
    /// Whether the policy may be for an object: `true` unless it is of a kind with expressions and its
    /// constraints name other resources.
    pub fn may_be_for(&self, object: &Value) -> bool {
        let constraints = self.constraints.as_ref();
        constraints.is_none_or(|it| it.may_cover(&Gvk::of(object)))
    }

    /// Whether it is of a kind with expressions, and the labels of a namespace may decide whether it is for
    /// what is in there.
    pub fn may_select_by_labels(&self) -> bool {
        self.constraints.as_ref().is_some_and(|it| it.by_namespace)
    }

    /// Whether a rule of it may be for the objects of some namespaces and not for those of others.
    pub fn selects_by_namespace(&self) -> bool {
        self.may_select_by_labels() || self.rules.iter().any(Rule::selects_by_namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::testing::{load_text, resource};

    fn constrained(spec: &str) -> Policy {
        let text = format!(
            "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {{name: p}}\nspec: {{{spec}}}\n"
        );
        load_text(&text).policies.policies()[0].clone()
    }

    #[test]
    fn a_rule_for_a_kind_of_one_group_is_for_the_same_kind_of_another_unless_it_is_exact() {
        for (group, resource, api, kind, expected) in [
            (
                "extensions",
                "ingresses",
                "networking.k8s.io/v1",
                "Ingress",
                true,
            ),
            (
                "networking.k8s.io",
                "ingresses",
                "extensions/v1beta1",
                "Ingress",
                true,
            ),
            (
                "networking.k8s.io",
                "networkpolicies",
                "extensions/v1beta1",
                "NetworkPolicy",
                true,
            ),
            ("events.k8s.io", "events", "v1", "Event", true),
            ("''", "events", "events.k8s.io/v1", "Event", true),
            (
                "apps",
                "deployments",
                "extensions/v1beta1",
                "Deployment",
                true,
            ),
            // Made of a rule for Pods.
            ("''", "pods", "extensions/v1beta1", "Deployment", true),
            (
                "extensions",
                "statefulsets",
                "apps/v1",
                "StatefulSet",
                false,
            ),
            ("extensions", "events", "v1", "Event", false),
            ("''", "ingresses", "networking.k8s.io/v1", "Ingress", false),
        ] {
            for (policy, holds) in [
                ("", true),
                ("matchPolicy: Equivalent, ", true),
                ("matchPolicy: Exact, ", false),
            ] {
                let spec = format!(
                    "matchConstraints: {{{policy}resourceRules: [{{apiGroups: [{group}], apiVersions: ['*'], operations: [CREATE], resources: [{resource}]}}]}}"
                );
                let object = resource_of(api, kind);
                assert_eq!(
                    constrained(&spec).may_be_for(&object),
                    expected && holds,
                    "{spec} {kind}"
                );
            }
        }
    }

    fn resource_of(api: &str, kind: &str) -> serde_json::Value {
        resource(&format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\n"
        ))
    }

    #[test]
    fn a_policy_with_expressions_selects_by_namespace_where_it_has_a_selector_or_asks_for_the_namespace()
     {
        for (spec, expected) in [
            (
                "matchConstraints: {namespaceSelector: {matchLabels: {a: b}}}",
                true,
            ),
            ("matchConstraints: {namespaceSelector: {}}", false),
            ("matchConstraints: {}", false),
            (
                "matchConditions: [{name: a, expression: \"namespaceObject.metadata.labels.a == 'b'\"}]",
                true,
            ),
            (
                "matchConditions: [{name: a, expression: 'object.metadata.name == \"b\"'}]",
                false,
            ),
        ] {
            assert_eq!(constrained(spec).selects_by_namespace(), expected, "{spec}");
        }
    }

    #[test]
    fn a_policy_with_expressions_may_be_for_all_that_its_constraints_may_mean() {
        let rule = |groups: &str, resources: &str| {
            format!(
                "matchConstraints: {{resourceRules: [{{apiGroups: [{groups}], apiVersions: [v1], operations: [CREATE], resources: [{resources}]}}]}}"
            )
        };
        for (spec, api, kind, expected) in [
            (rule("''", "pods"), "v1", "Pod", true),
            (rule("''", "pods/ephemeralcontainers"), "v1", "Pod", true),
            (rule("''", "pods"), "v1", "ConfigMap", false),
            (rule("'*'", "'*'"), "v1", "ConfigMap", true),
            (rule("''", "'*'"), "networking.k8s.io/v1", "Ingress", false),
            // Rules for Pods are made into rules for what makes them.
            (rule("''", "pods"), "apps/v1", "Deployment", true),
            (rule("''", "pods"), "batch/v1", "CronJob", true),
            (
                rule("''", "pods"),
                "jobset.x-k8s.io/v1alpha2",
                "JobSet",
                false,
            ),
            (
                format!(
                    "autogen: {{podControllers: {{controllers: [x]}}}}, {}",
                    rule("''", "pods")
                ),
                "jobset.x-k8s.io/v1alpha2",
                "JobSet",
                true,
            ),
            (rule("apps", "deployments"), "v1", "Pod", false),
            (
                rule("networking.k8s.io", "networkpolicies"),
                "networking.k8s.io/v1",
                "NetworkPolicy",
                true,
            ),
            (
                rule("networking.k8s.io", "ingresses"),
                "networking.k8s.io/v1",
                "Ingress",
                true,
            ),
            (
                rule("networking.k8s.io", "ingresses"),
                "networking.k8s.io/v1",
                "NetworkPolicy",
                false,
            ),
            (rule("''", "endpoints"), "v1", "Endpoints", true),
            // Nobody knows the plural of a kind that somebody defined.
            (
                rule("example.com", "indices"),
                "example.com/v1",
                "Index",
                true,
            ),
            (
                rule("example.com", "indices"),
                "example.org/v1",
                "Index",
                false,
            ),
            // What cannot be read may mean anything.
            (String::new(), "v1", "ConfigMap", true),
            (
                "matchConstraints: {resourceRules: []}".to_owned(),
                "v1",
                "ConfigMap",
                true,
            ),
            (
                "matchConstraints: {resourceRules: [{apiGroups: ['']}]}".to_owned(),
                "v1",
                "ConfigMap",
                true,
            ),
            (
                format!("evaluation: {{mode: JSON}}, {}", rule("''", "pods")),
                "v1",
                "ConfigMap",
                true,
            ),
        ] {
            let text = format!(
                "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {{name: p}}\nspec: {{{spec}}}\n"
            );
            let loaded = load_text(&text);
            let object = resource(&format!(
                "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\n"
            ));
            let policy = &loaded.policies.policies()[0];
            assert_eq!(policy.may_be_for(&object), expected, "{text}{object}");
        }
    }
}

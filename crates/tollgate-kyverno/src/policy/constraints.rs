//! What policies with expressions are for, as far as that can be said without evaluating one.

use super::Policy;
use crate::matching::Gvk;
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
        Self {
            rules: rules.filter(|it| of_cluster && !it.is_empty()),
            other_controllers: spec.get("autogen").is_some(),
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
        let is_controller = CONTROLLERS.contains(&(&*gvk.group, &*gvk.kind));
        named(&gvk.group, &gvk.kind)
            || (is_controller || self.other_controllers) && named("", "Pod")
    }
}

/// Whether a resource, as rules name it, may be that of a kind. How the plural of a kind that somebody
/// defined is written only its definition knows.
fn may_name(resource: &str, group: &str, kind: &str) -> bool {
    let resource = resource.split('/').next().unwrap_or_default();
    let own = group.is_empty() || !group.contains('.') || group.ends_with(".k8s.io");
    let kind = kind.to_lowercase();
    let ies = kind.strip_suffix('y').map(|it| format!("{it}ies"));
    let plurals = [kind.clone(), format!("{kind}s"), format!("{kind}es")];
    resource == "*"
        || !own
        || plurals.iter().any(|it| it == resource)
        || ies.is_some_and(|it| it == resource)
}

impl Policy {
    /// Whether the policy may be for an object: `true` unless it is of a kind with expressions and its
    /// constraints name other resources.
    pub fn may_be_for(&self, object: &Value) -> bool {
        let constraints = self.constraints.as_ref();
        constraints.is_none_or(|it| it.may_cover(&Gvk::of(object)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{load_text, resource};

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

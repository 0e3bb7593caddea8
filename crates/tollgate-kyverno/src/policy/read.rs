//! Documents to policies.

use super::{Policy, PolicyKind, Problem, Rule, RuleType};
use crate::{
    engine::{Loaded, PolicySet},
    exception::PolicyException,
};
use std::sync::Arc;
use tollgate_yaml::Node;

/// Read policies and exceptions. Documents of other kinds are problems: in a folder of policies
/// they would be policies that nobody enforces.
pub fn load(documents: &[Node]) -> Loaded {
    let mut policies = Vec::new();
    let mut exceptions = Vec::new();
    let mut problems = Vec::new();
    for document in documents {
        let text = |key: &str| document.get(key).and_then(Node::as_str).unwrap_or_default();
        let (api, kind) = (text("apiVersion"), text("kind"));
        let group = api.split_once('/').map_or("", |it| it.0);
        let name = metadata(document, "name");
        if (group, kind) == ("kyverno.io", "PolicyException") {
            exceptions.push(PolicyException {
                name: Arc::from(name),
                namespace: Arc::from(metadata(document, "namespace")),
                span: document.span(),
            });
        } else if let Some(kind) = policy_kind(group, kind) {
            policies.push(read(document, kind, name));
        } else {
            problems.push(Problem {
                span: document.span(),
                name: Some(Arc::from(name)).filter(|it: &Arc<str>| !it.is_empty()),
                message: format!("`{api}` `{kind}` is not a policy that Kyverno knows"),
            });
        }
    }
    Loaded {
        policies: PolicySet::new(policies),
        exceptions,
        problems,
    }
}

fn metadata<'a>(document: &'a Node, key: &str) -> &'a str {
    document
        .get("metadata")
        .and_then(|it| it.get(key))
        .and_then(Node::as_str)
        .unwrap_or_default()
}

fn policy_kind(group: &str, kind: &str) -> Option<PolicyKind> {
    let kind = kind.strip_prefix("Namespaced").unwrap_or(kind);
    match (group, kind) {
        ("kyverno.io", "ClusterPolicy") => Some(PolicyKind::ClusterPolicy),
        ("kyverno.io", "Policy") => Some(PolicyKind::Policy),
        ("policies.kyverno.io", "ValidatingPolicy") => Some(PolicyKind::ValidatingPolicy),
        ("policies.kyverno.io", "MutatingPolicy") => Some(PolicyKind::MutatingPolicy),
        ("policies.kyverno.io", "GeneratingPolicy") => Some(PolicyKind::GeneratingPolicy),
        ("policies.kyverno.io", "ImageValidatingPolicy") => Some(PolicyKind::ImageValidatingPolicy),
        ("policies.kyverno.io", "DeletingPolicy") => Some(PolicyKind::DeletingPolicy),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            Some(PolicyKind::ValidatingAdmissionPolicy)
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => {
            Some(PolicyKind::MutatingAdmissionPolicy)
        }
        _ => None,
    }
}

fn read(document: &Node, kind: PolicyKind, name: &str) -> Policy {
    let annotation = |key: &str| {
        document
            .get("metadata")?
            .get("annotations")?
            .get(key)?
            .as_str()
    };
    let action = document
        .get("spec")
        .and_then(|it| it.get("validationFailureAction"))
        .and_then(Node::as_str);
    Policy {
        name: Arc::from(name),
        namespace: Arc::from(metadata(document, "namespace")),
        kind,
        span: document.span(),
        severity: annotation("policies.kyverno.io/severity").map(Arc::from),
        category: annotation("policies.kyverno.io/category").map(Arc::from),
        scored: annotation("policies.kyverno.io/scored") != Some("false"),
        enforce: action.is_some_and(|it| it.eq_ignore_ascii_case("enforce")),
        rules: rules(document),
    }
}

fn rules(document: &Node) -> Vec<Rule> {
    let listed = document
        .get("spec")
        .and_then(|it| it.get("rules"))
        .and_then(Node::as_sequence);
    let Some(listed) = listed else {
        return vec![Rule {
            name: Arc::from(""),
            kind: RuleType::Validate,
            span: document.span(),
        }];
    };
    listed
        .iter()
        .map(|it| Rule {
            name: Arc::from(it.get("name").and_then(Node::as_str).unwrap_or_default()),
            kind: [
                ("mutate", RuleType::Mutate),
                ("generate", RuleType::Generate),
                ("verifyImages", RuleType::VerifyImages),
            ]
            .into_iter()
            .find(|(key, _)| it.get(key).is_some())
            .map_or(RuleType::Validate, |(_, kind)| kind),
            span: it.span(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::{Dialect, Limits, Sources, parse};

    #[test]
    fn other_kinds_are_problems() {
        let sources = Sources::new();
        let text = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  - {name: r, validate: {}}\n---\nkind: ConfigMap\napiVersion: v1\n";
        let file = sources.add("p.yaml", text);
        let documents =
            parse(text, file, Dialect::Sigs, &Limits::default()).expect("the text is YAML");
        let loaded = load(&documents);
        assert_eq!(&*loaded.policies.policies()[0].rules[0].name, "r");
        assert_eq!(loaded.problems.len(), 1);
    }
}

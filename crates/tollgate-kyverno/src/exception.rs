//! `PolicyException`: which rules do not count for which resources.

use crate::{
    conditions::Conditions,
    matching::Block,
    podsecurity::Exclusion,
    policy::{Fault, Fields, exception_parts},
};
use serde_json::Value;
use std::sync::Arc;
use tollgate_jmespath::wildcard;
use tollgate_yaml::{Node, Span};

/// A `PolicyException` of `kyverno.io` (`v2` or `v2beta1`) or `policies.kyverno.io`.
#[derive(Clone, Debug)]
pub struct PolicyException {
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace; empty when it has none.
    pub namespace: Arc<str>,
    /// Where it stands.
    pub span: Span,
    scope: Scope,
}

#[derive(Clone, Debug)]
enum Scope {
    /// Rules of `ClusterPolicy` and `Policy`.
    Rules(Box<Rules>),
    /// Policies of `policies.kyverno.io`, which are not evaluated yet.
    Policies,
}

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Names of policies (`namespace/name` for a `Policy`) and patterns of their rules' names.
    pub(crate) exceptions: Vec<(String, Vec<String>)>,
    pub(crate) matches: Block,
    pub(crate) conditions: Option<Conditions>,
    /// Controls that are let off `validate.podSecurity` rules.
    pub(crate) pod_security: Vec<Exclusion>,
}

pub(crate) fn read(document: &Node, value: &Value) -> Result<PolicyException, Fault> {
    let root = Fields::new(Some(value), "the exception")?;
    root.only(&["apiVersion", "kind", "metadata", "spec"])?;
    let is_cel = root
        .text("apiVersion")?
        .is_some_and(|it| it.starts_with("policies."));
    let metadata = root.fields("metadata")?;
    Ok(PolicyException {
        name: Arc::from(metadata.text("name")?.unwrap_or_default()),
        namespace: Arc::from(metadata.text("namespace")?.unwrap_or_default()),
        span: document.span(),
        scope: if is_cel {
            Scope::Policies
        } else {
            Scope::Rules(Box::new(exception_parts(&Fields::new(
                root.get("spec"),
                "spec",
            )?)?))
        },
    })
}

impl PolicyException {
    /// What it says, if it names this rule. Source: `Contains` in
    /// `api/kyverno/v2/policy_exception_types.go`.
    pub(crate) fn for_rule(&self, policy: &str, namespace: &str, rule: &str) -> Option<&Rules> {
        let Scope::Rules(rules) = &self.scope else {
            return None;
        };
        let is_policy = |named: &str| {
            if namespace.is_empty() {
                named == policy
            } else {
                named.split_once('/') == Some((namespace, policy))
            }
        };
        rules
            .exceptions
            .iter()
            .any(|(named, patterns)| {
                is_policy(named) && patterns.iter().any(|it| wildcard::matches(it, rule))
            })
            .then_some(&**rules)
    }

    /// `namespace/name`.
    pub(crate) fn key(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

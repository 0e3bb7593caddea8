//! `PolicyException`: which rules do not count for which resources.

#[cfg(test)]
mod tests;

use crate::{
    conditions::Conditions,
    matching::Block,
    podsecurity::Exclusion,
    policy::{Fault, Fields, exception_parts},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_jmespath::wildcard;
use tollgate_yaml::{FieldPath, Node, Span};

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
    /// The rules by the name of their policy (`namespace/name` for a `Policy`).
    pub(crate) exceptions: BTreeMap<String, Arc<RuleNames>>,
    pub(crate) matches: Block,
    pub(crate) conditions: Option<Conditions>,
    /// Controls that are let off `validate.podSecurity` rules.
    pub(crate) pod_security: Vec<Exclusion>,
}

/// Names of rules, of which some may be patterns. Source: `Contains` in
/// `api/kyverno/v2/policy_exception_types.go`.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleNames {
    exact: BTreeSet<String>,
    patterns: Vec<String>,
}

impl Extend<String> for RuleNames {
    fn extend<T: IntoIterator<Item = String>>(&mut self, names: T) {
        for name in names {
            if name.contains(['*', '?']) {
                self.patterns.push(name);
            } else {
                self.exact.insert(name);
            }
        }
    }
}

impl RuleNames {
    pub(crate) fn contains(&self, rule: &str) -> bool {
        self.exact.contains(rule) || self.patterns.iter().any(|it| wildcard::matches(it, rule))
    }
}

/// Exceptions in force, found by the policy that they name. A copy shares them.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    all: Arc<Vec<PolicyException>>,
    /// For each policy, where those stand that name it, and which of its rules they name.
    by_policy: Arc<BTreeMap<String, Vec<Mention>>>,
}

/// Where an exception stands, and the rules of a policy that it names.
type Mention = (usize, Arc<RuleNames>);

impl Exceptions {
    /// Those that name the policy (see `Policy::key`), what they say and for which of its rules.
    pub(crate) fn of<'a>(
        &'a self,
        policy: &str,
    ) -> impl Iterator<Item = (&'a PolicyException, &'a Rules, &'a RuleNames)> {
        let named = self.by_policy.get(policy).map_or(&[][..], Vec::as_slice);
        named.iter().filter_map(|(at, names)| {
            let exception = self.all.get(*at)?;
            Some((exception, exception.rules()?, &**names))
        })
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Extend<PolicyException> for Exceptions {
    fn extend<T: IntoIterator<Item = PolicyException>>(&mut self, exceptions: T) {
        let (all, by_policy) = (
            Arc::make_mut(&mut self.all),
            Arc::make_mut(&mut self.by_policy),
        );
        for exception in exceptions {
            let named = exception.rules().into_iter().flat_map(|it| &it.exceptions);
            for (policy, names) in named {
                let named = by_policy.entry(policy.clone()).or_default();
                named.push((all.len(), names.clone()));
            }
            all.push(exception);
        }
    }
}

impl FromIterator<PolicyException> for Exceptions {
    fn from_iter<T: IntoIterator<Item = PolicyException>>(exceptions: T) -> Self {
        let mut all = Self::default();
        all.extend(exceptions);
        all
    }
}

pub(crate) fn read(document: &Node, value: &Value) -> Result<PolicyException, Fault> {
    let root = Fields::new(Some(value), "the exception", FieldPath::root())?;
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
            let spec = Fields::new(root.get("spec"), "spec", root.path_of("spec"))?;
            Scope::Rules(Box::new(exception_parts(&spec)?))
        },
    })
}

impl PolicyException {
    fn rules(&self) -> Option<&Rules> {
        match &self.scope {
            Scope::Rules(rules) => Some(rules),
            Scope::Policies => None,
        }
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

//! `PolicyException`: which rules do not count for which resources.

#[cfg(test)]
mod tests;

use crate::{
    conditions::Conditions,
    context::ContextEntry,
    engine::conditions_at_namespace,
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
    /// Names of policies (`namespace/name` for a `Policy`) and patterns of their rules' names.
    pub(crate) exceptions: Vec<(String, Vec<String>)>,
    pub(crate) matches: Block,
    pub(crate) conditions: Option<Conditions>,
    /// Controls that are let off `validate.podSecurity` rules.
    pub(crate) pod_security: Vec<Exclusion>,
}

impl Rules {
    /// Whether its conditions look at the namespace of an object, in the context of a rule.
    pub(crate) fn looks_at_namespace(&self, context: &[ContextEntry]) -> bool {
        conditions_at_namespace(context, self.conditions.as_ref())
    }

    /// The queries in its conditions.
    fn queries(&self, found: &mut dyn FnMut(&str)) {
        for it in self.conditions.iter().flat_map(Conditions::iter) {
            it.key.queries(found);
            it.value.queries(found);
        }
    }
}

/// Exceptions in force, found by what they name. A copy shares them.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    all: Arc<Vec<PolicyException>>,
    by_policy: Arc<BTreeMap<String, Named>>,
}

/// Where exceptions stand that name rules of a policy. Source: `Contains` in
/// `api/kyverno/v2/policy_exception_types.go`.
#[derive(Clone, Debug, Default)]
struct Named {
    exact: BTreeMap<String, Vec<usize>>,
    patterns: Vec<(String, usize)>,
}

impl Named {
    fn add(&mut self, rule: &str, at: usize) {
        if rule.contains(['*', '?']) {
            self.patterns.push((rule.to_owned(), at));
        } else {
            self.exact.entry(rule.to_owned()).or_default().push(at);
        }
    }

    fn of(&self, rule: &str) -> BTreeSet<usize> {
        let exact = self.exact.get(rule).into_iter().flatten().copied();
        let patterns = self.patterns.iter();
        let matching = patterns.filter(|it| wildcard::matches(&it.0, rule));
        exact.chain(matching.map(|it| it.1)).collect()
    }
}

impl Exceptions {
    /// Those that name the rule of the policy (see `Policy::key`), and what they say.
    pub(crate) fn of<'a>(
        &'a self,
        policy: &str,
        rule: &str,
    ) -> impl Iterator<Item = (&'a PolicyException, &'a Rules)> {
        let named = self.by_policy.get(policy).map(|it| it.of(rule));
        named.into_iter().flatten().filter_map(|at| {
            let exception = self.all.get(at)?;
            Some((exception, exception.rules()?))
        })
    }

    /// Whether what one of them lets off may hang on the namespace of an object.
    pub fn ask_of_namespaces(&self) -> bool {
        let mut rules = self.all.iter().filter_map(PolicyException::rules);
        rules.any(|it| it.matches.asks_of_namespace() || it.looks_at_namespace(&[]))
    }

    /// Whether one of them may let something else off an update than off a creation.
    pub fn ask_of_updates(&self) -> bool {
        let mut asks = false;
        for it in self.all.iter().filter_map(PolicyException::rules) {
            it.queries(&mut |query| {
                asks |= query.contains("operation") || query.contains("oldObject");
            });
        }
        asks
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
            for (policy, rules) in named {
                let named = by_policy.entry(policy.clone()).or_default();
                rules.iter().for_each(|it| named.add(it, all.len()));
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

//! Policies as they are written.

mod body;
mod constraints;
mod deletion;
mod fields;
mod load;
mod maps;
mod read;
mod shape;
mod unread;
mod vet;

pub(crate) use body::{Body, Check, Deny, Foreach, Generation, PodSecurityRule, Test, Validation};
pub(crate) use fields::{Fault, Fields};
pub use load::{as_stored, load};
pub(crate) use load::{metadata, rules, without_rules};
pub(crate) use read::exception_parts;
pub use unread::Unread;

use crate::{autogen::Generated, context::Queries};

use std::sync::Arc;
use tollgate_yaml::Span;

/// What a policy document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyKind {
    /// `kyverno.io` `ClusterPolicy`.
    ClusterPolicy,
    /// `kyverno.io` `Policy`, for its own namespace.
    Policy,
    /// `policies.kyverno.io` `ValidatingPolicy` or `NamespacedValidatingPolicy`.
    ValidatingPolicy,
    /// `policies.kyverno.io` `MutatingPolicy` or `NamespacedMutatingPolicy`.
    MutatingPolicy,
    /// `policies.kyverno.io` `GeneratingPolicy` or `NamespacedGeneratingPolicy`.
    GeneratingPolicy,
    /// `policies.kyverno.io` `ImageValidatingPolicy` or `NamespacedImageValidatingPolicy`.
    ImageValidatingPolicy,
    /// `policies.kyverno.io` `DeletingPolicy` or `NamespacedDeletingPolicy`.
    DeletingPolicy,
    /// `admissionregistration.k8s.io` `ValidatingAdmissionPolicy`.
    ValidatingAdmissionPolicy,
    /// `admissionregistration.k8s.io` `MutatingAdmissionPolicy`.
    MutatingAdmissionPolicy,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleType {
    /// `validate` or `verifyImages` checks.
    Validate,
    /// `mutate`.
    Mutate,
    /// `generate`.
    Generate,
    /// `verifyImages`.
    VerifyImages,
}

/// One rule of the autogen-expanded policy.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; generated rules carry `autogen-` or `autogen-cronjob-`.
    pub name: Arc<str>,
    /// The name of the rule that its author wrote: that of the parent for a generated one.
    pub written: Arc<str>,
    /// What it does.
    pub kind: RuleType,
    /// Where it stands; a generated rule stands where its parent stands.
    pub span: Span,
    /// What autogen made it for; `None` for rules that are written in the policy.
    pub(crate) generated: Option<Generated>,
    pub(crate) body: Arc<Body>,
}

impl Rule {
    /// Whether the rule is for the objects of some namespaces and not for those of others.
    pub fn selects_by_namespace(&self) -> bool {
        self.body.matches.asks_of_namespace() || self.body.exclude.asks_of_namespace()
    }
}

/// One policy, read once and shared.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `metadata.name`.
    pub name: Arc<str>,
    /// `metadata.namespace`; empty when there is none.
    pub namespace: Arc<str>,
    /// What it is.
    pub kind: PolicyKind,
    /// Where the document stands. Variants that overlays make of one file stand at one place.
    pub span: Span,
    /// Which of the documents it is that were loaded with it, counted from 0.
    pub document: usize,
    /// The annotation `policies.kyverno.io/severity`.
    pub severity: Option<Arc<str>>,
    /// The annotation `policies.kyverno.io/category`.
    pub category: Option<Arc<str>>,
    /// False with the annotation `policies.kyverno.io/scored: "false"`: a failure is a warning.
    pub scored: bool,
    /// Whether a failure blocks (`Enforce`) for the policy as a whole; rules may say otherwise.
    pub enforce: bool,
    /// The rules with those that autogen makes, in order.
    pub rules: Vec<Rule>,
    /// How exceptions name it: `name`, or `namespace/name` for one with a namespace.
    pub(crate) key: Arc<str>,
    /// Rules after the first that passed or failed are not asked.
    pub(crate) apply_one: bool,
    /// Whether it is asked where something is deleted.
    pub(crate) at_deletion: bool,
    /// The kinds for which generated rules are asked.
    pub(crate) controllers: Vec<String>,
    /// Why no rule of it can be judged.
    pub(crate) unsupported: Option<Arc<str>>,
    /// What it is for, where it is of a kind that is not evaluated.
    pub(crate) constraints: Option<constraints::Constraints>,
    pub(crate) queries: Queries,
}

/// A document that could not be loaded.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The document.
    pub document: Span,
    /// Where in it.
    pub span: Span,
    /// The name of the policy or exception, where it has one.
    pub name: Option<Arc<str>>,
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// Whether Kyverno itself refuses the policy, in a cluster as on its command line.
    pub refused: bool,
    /// What it would judge, where it is a policy.
    pub unread: Option<Unread>,
}

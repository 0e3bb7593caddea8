//! From policies and manifests to rule results. To add an engine: write its file and add its two
//! lines below.

use crate::model::{Manifest, RuleOutcome, Unplaced};
use std::collections::BTreeMap;
use std::sync::Arc;
use tollgate_yaml::{FieldPath, Node, Span};

mod kyverno;

/// Every engine.
pub static ENGINES: &[&dyn PolicyEngine] = &[&kyverno::Kyverno];

/// One kind of policies.
pub trait PolicyEngine: Sync {
    /// The file's own name.
    fn name(&self) -> &'static str;
    /// Whether a document is a policy, or an exception, of this engine.
    fn recognises(&self, document: &Node) -> bool;
    /// Whether a document that [`PolicyEngine::recognises`] accepts can refuse a resource; one that
    /// cannot be read can.
    fn judges(&self, document: &Node) -> bool;
    /// What `new` decides less of than `old`, or may, by what they say: both are documents that
    /// [`PolicyEngine::recognises`] accepts.
    fn less(&self, old: &[&Node], new: &[&Node]) -> Vec<Less>;
    /// A document without what decides nothing; `None` where it is no JSON. Two with the same one decide
    /// the same.
    fn essence(&self, document: &Node) -> Option<serde_json::Value>;
    /// Load documents that [`PolicyEngine::recognises`] accepts.
    fn load(&self, documents: &[&Node]) -> Loaded;
    /// Load two sets of documents that are asked about the same, with the same exceptions, to see where
    /// their answers differ: rules that answer the same in both may be missing from what evaluates them.
    fn load_to_compare(&self, old: &[&Node], new: &[&Node]) -> [Loaded; 2];
}

/// Something that policies decide less of than others did, or may.
#[derive(Clone, Debug)]
pub struct Less {
    /// The policy or exception.
    pub name: String,
    /// The rule, where it is about one.
    pub rule: Option<String>,
    /// Whether an exception is it.
    pub exception: bool,
    /// One clause.
    pub why: String,
    /// Where it stands; where it is gone, where it stood.
    pub at: Span,
    /// Whether it is gone.
    pub gone: bool,
}

/// Policies, loaded.
pub struct Loaded {
    /// What evaluates them.
    pub set: Box<dyn PolicySet>,
    /// What they are.
    pub policies: Vec<LoadedPolicy>,
    /// What could not be loaded. Never to be taken for the absence of a demand.
    pub problems: Vec<LoadProblem>,
}

/// A document that could not be loaded.
pub struct LoadProblem {
    /// Its name; empty where it has none.
    pub name: String,
    /// Where the document stands.
    pub document: Span,
    /// Where in it something is wrong.
    pub at: Span,
    /// What is wrong.
    pub message: String,
    /// Whether it asks only what nobody can tell here, so that nothing would be judged by it if it could
    /// be read.
    pub outside: bool,
}

/// What a policy is.
pub struct LoadedPolicy {
    /// `ClusterPolicy`, ...
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Rules that its author wrote.
    pub rules: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// Which of the documents it is that were loaded, counted from 0.
    pub document: usize,
}

/// Loaded policies, shared by threads.
pub trait PolicySet: Send + Sync {
    /// What every rule that matches says about one manifest.
    fn evaluate(
        &self,
        manifest: &Manifest,
        around: &dyn Surroundings,
        before: Option<&Before<'_>>,
    ) -> Vec<RuleResult>;
    /// Whether what a rule says of a manifest may hang on what BASE has in its place.
    fn asks_of_updates(&self) -> bool;
    /// Whether a rule may refuse that something is removed.
    fn judges_removals(&self) -> bool;
    /// What every rule that is for the deletion of a manifest says, where BASE has it and HEAD has not;
    /// `around` is what BASE has beside it.
    fn evaluate_removal(&self, manifest: &Manifest, around: &dyn Surroundings) -> Vec<RuleResult>;
    /// Which of the documents that could not be loaded may be policies for what happens to a manifest, so
    /// that nobody judges by them: the places at which they begin.
    fn unread(&self, manifest: &Manifest, around: &dyn Surroundings, happens: Happens)
    -> Vec<Span>;
    /// Whether what a rule says may hang on the namespace of a resource.
    fn asks_of_namespaces(&self) -> bool;
    /// What evaluation needs to know of the other manifests of an overlay, of the cluster, and the time in
    /// seconds since 1970; made once an overlay.
    fn surroundings(
        &self,
        manifests: &[Manifest],
        cluster: &Cluster,
        now: u64,
    ) -> Box<dyn Surroundings>;
}

/// What a change does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happens {
    /// It is new, or another than in BASE.
    Change,
    /// It stays as it is, and its namespace gets other labels.
    Relabelling,
    /// It goes.
    Removal,
}

/// Whether objects of a kind have no namespace, by API group and kind, as definitions say.
pub type Scopes = BTreeMap<(String, String), bool>;

/// Labels.
pub type Labels = BTreeMap<String, String>;

/// What manifests say of the cluster that receives them.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// The labels that manifests give each namespace, each set of them once.
    pub namespaces: BTreeMap<String, Vec<Labels>>,
    /// What definitions say.
    pub scopes: Arc<Scopes>,
}

impl Cluster {
    /// What manifests that arrive together say.
    pub fn of(manifests: &[Manifest]) -> Self {
        let mut cluster = Self::default();
        let mut scopes = BTreeMap::new();
        for manifest in manifests {
            if let Some((name, labels)) = namespace(manifest) {
                cluster.add(name, &labels);
            }
            scopes.extend(scope(&manifest.json));
        }
        cluster.scopes = Arc::new(scopes);
        cluster
    }

    /// Take in the labels of a namespace.
    pub fn add(&mut self, name: &str, labels: &Labels) {
        let known = self.namespaces.entry(name.to_owned()).or_default();
        if !known.contains(labels) {
            known.push(labels.clone());
        }
    }
}

/// The name and the labels of a manifest that is a namespace.
pub fn namespace(manifest: &Manifest) -> Option<(&str, Labels)> {
    let key = &manifest.key;
    if (key.api_version.as_str(), key.kind.as_str()) != ("v1", "Namespace") {
        return None;
    }
    let labels = manifest.json.pointer("/metadata/labels");
    let pairs = labels.and_then(|it| it.as_object()).into_iter().flatten();
    let texts = pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Some((&key.name, texts.collect()))
}

/// API groups whose kinds are Kubernetes' own.
const OF_KUBERNETES: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Whether the kinds of an API group are Kubernetes' own, so that no definition says where they live.
pub fn is_of_kubernetes(group: &str) -> bool {
    OF_KUBERNETES.contains(&group)
}

/// The API group of a version: empty for `v1`.
pub fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |it| it.0)
}

/// Whether objects of a kind have no namespace, as definitions say, or Kubernetes.
pub fn is_cluster_scoped(api_version: &str, kind: &str, scopes: &Scopes) -> bool {
    let defined = scopes.get(&(group(api_version).to_owned(), kind.to_owned()));
    defined
        .copied()
        .unwrap_or_else(|| tollgate_kyverno::is_cluster_scoped(api_version, kind))
}

/// What a definition says of its kind: whether its objects have no namespace.
pub fn scope(definition: &serde_json::Value) -> Option<((String, String), bool)> {
    let text = |at: &str| definition.pointer(at).and_then(|it| it.as_str());
    if text("/kind") != Some("CustomResourceDefinition") {
        return None;
    }
    let names = (text("/spec/group")?, text("/spec/names/kind")?);
    let scope = text("/spec/scope")?;
    Some(((names.0.to_owned(), names.1.to_owned()), scope == "Cluster"))
}

/// BASE, as far as one resource has to do with it.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// What is there around the resource, whether BASE has it or not. From the set that is asked.
    pub around: &'a dyn Surroundings,
    /// The resource as BASE has it: several where it is there several times.
    pub same: &'a [Old<'a>],
}

/// A resource of BASE.
#[derive(Clone, Copy)]
pub struct Old<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// What is around it, from the set that is asked; `None` where it stays beside the new one, so that what
    /// is wrong with it is not what was wrong with the new one.
    pub around: Option<&'a dyn Surroundings>,
}

/// What an engine knows of the manifests around the one that it judges.
pub trait Surroundings: Send + Sync {
    /// For the engine that made it to get its own type back.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// What one rule said.
#[derive(Clone, Debug)]
pub struct RuleResult {
    /// The policy.
    pub policy: Arc<str>,
    /// The rule.
    pub rule: Arc<str>,
    /// Where the rule stands.
    pub rule_span: Span,
    /// Where its policy stands.
    pub policy_span: Span,
    /// What it said.
    pub outcome: RuleOutcome,
    /// Whether it asks for what the engine does not evaluate yet: nothing is wrong with it then.
    pub unsupported: bool,
    /// Whether it said the same before, of values that are the same now.
    pub known: bool,
    /// Whether it ended in an error for want of something that only a cluster could tell.
    pub outside: bool,
    /// Of what the engine does not evaluate, or not outside of a cluster: whether it did not evaluate it on this resource before
    /// either, if there was one.
    pub gap: bool,
    /// Where it is a warning that the rule may say something else in another namespace than `default`, in
    /// which a resource is judged that gives none.
    pub unplaced: Option<Unplaced>,
    /// The field that it is about; the root where the rule speaks of the whole resource.
    pub field: FieldPath,
}

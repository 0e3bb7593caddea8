//! The facts: everything gates may know, gathered once, before any gate runs. The same facts always
//! give the same verdict, so they can be written to a file and judged again.

use super::{
    forge::{CommitFacts, ForgeFacts, Known, Proposal},
    owners::OwnersFacts,
    place::Place,
    resource::ResourceKey,
    schema::SchemaFacts,
    suite::RuleCoverage,
    waiver::WaiverFacts,
    waiver_files::{FileMistake, WaiverFiles},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that was established about one change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Version of this format.
    pub version: u32,
    /// When they were gathered, in seconds since 1970: the only clock that anything reads.
    pub now: u64,
    /// The change itself.
    pub change: Change,
    /// Every overlay of either tree, sorted by path.
    pub overlays: Vec<OverlayFacts>,
    /// Every policy of BASE, with the built-in ones that judge beside or for them, sorted by name.
    pub base_policies: Vec<PolicyFacts>,
    /// The same of HEAD.
    pub head_policies: Vec<PolicyFacts>,
    /// What BASE's policies said about the resources of HEAD that changed. Passes are counted in
    /// `passes`, not listed.
    pub results: Vec<RuleFacts>,
    /// How many rules changed resources passed.
    pub passes: Vec<PassedFacts>,
    /// Where HEAD's policies differ from BASE's: results of HEAD's policies on all of HEAD that
    /// BASE's policies did not give.
    pub preview: Vec<RuleFacts>,
    /// What schemas said about the resources of HEAD that changed, one entry a resource.
    pub schemas: Vec<SchemaFacts>,
    /// Files of the control plane that differ.
    pub control_plane: Vec<ControlPlaneFile>,
    /// What HEAD's configuration demands less of than BASE's: one clause each.
    pub lowered: Vec<String>,
    /// What HEAD's policies and exceptions decide less of than BASE's, or may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weakened: Vec<WeakenedFacts>,
    /// Every manifest of HEAD that holds secret values in clear text: in an overlay's output, or in
    /// a file that differs. Never a value.
    pub secrets: Vec<SecretFacts>,
    /// What CODEOWNERS of BASE asks of the change; `None` where the configuration does not ask for
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners: Option<OwnersFacts>,
    /// Every fixture suite that was run.
    pub suites: Vec<SuiteFacts>,
    /// What the forge says; absent where no setting asks for anything that it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forge: Option<ForgeFacts>,
    /// What is wrong with HEAD's configuration, where it is another than BASE's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config_mistakes: Vec<FileMistake>,
    /// Overlays that would be judged less strictly from the next change on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub eased: Vec<EasedFacts>,
    /// Rules for which HEAD's fixtures expect fewer failures than BASE's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fewer_failures: Vec<FewerFailures>,
    /// Policies and rules of HEAD for which BASE's fixtures showed as little.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_uncovered: Vec<RuleName>,
    /// Manifests that the change brings or changes and that no overlay reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadFacts>,
    /// Patterns of the configuration that match no kustomization of either tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<UnmatchedFacts>,
    /// Who has decided that what does not hold the change.
    #[serde(default, skip_serializing_if = "WaiverFacts::is_empty")]
    pub waivers: WaiverFacts,
    /// What is wrong with the files that those come from, and what the change does to them.
    #[serde(default, skip_serializing_if = "WaiverFiles::is_empty")]
    pub waiver_files: WaiverFiles,
    /// What the repository got wrong while the facts were gathered.
    pub problems: Vec<Problem>,
    /// Where the process that reads hostile input ended early.
    pub faults: Vec<WorkerFault>,
}

impl Facts {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 5;

    /// No facts yet.
    pub fn empty(now: u64) -> Self {
        Self {
            version: Self::VERSION,
            now,
            change: Change::default(),
            overlays: Vec::new(),
            base_policies: Vec::new(),
            head_policies: Vec::new(),
            results: Vec::new(),
            passes: Vec::new(),
            preview: Vec::new(),
            schemas: Vec::new(),
            control_plane: Vec::new(),
            lowered: Vec::new(),
            weakened: Vec::new(),
            secrets: Vec::new(),
            owners: None,
            suites: Vec::new(),
            forge: None,
            config_mistakes: Vec::new(),
            eased: Vec::new(),
            fewer_failures: Vec::new(),
            known_uncovered: Vec::new(),
            unread: Vec::new(),
            unmatched: Vec::new(),
            waivers: WaiverFacts::default(),
            waiver_files: WaiverFiles::default(),
            problems: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The facts of a worker that ended early: that, and nothing else.
    pub fn nothing_but(fault: WorkerFault) -> Self {
        Self {
            faults: vec![fault],
            ..Self::empty(0)
        }
    }
}

/// The proposed change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// What it would be merged into.
    pub base: RevisionFacts,
    /// What it proposes.
    pub head: RevisionFacts,
    /// Files that differ, sorted by path.
    pub files: Vec<ChangedFile>,
    /// The pull or merge request that it is; absent where the CI system names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// The commits that it brings, the newest first; not known where the clone does not hold them
    /// all, or where the head is no commit.
    pub commits: Known<Vec<CommitFacts>>,
}

/// One side of the change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RevisionFacts {
    /// As the user named it (`origin/main`, a commit id, `working tree`).
    pub name: String,
    /// Commit id; absent for a working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Tree id; absent for a working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Only HEAD has it.
    Added,
    /// Both have it, with other bytes or another mode.
    Modified,
    /// Only BASE has it.
    Deleted,
}

/// A file that differs between BASE and HEAD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Path relative to the root.
    pub path: String,
    /// How.
    pub edit: Edit,
}

/// What a file of the control plane decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPlane {
    /// Holds policies.
    Policy,
    /// Holds policy exceptions.
    Exception,
    /// Belongs to a fixture suite.
    Fixture,
    /// `tollgate.yaml` and what it names.
    Configuration,
    /// CODEOWNERS.
    Owners,
    /// Workflows that run the gate.
    Ci,
}

/// A file of the control plane that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlPlaneFile {
    /// Path relative to the root.
    pub path: String,
    /// How it differs.
    pub edit: Edit,
    /// What it decides.
    pub class: ControlPlane,
}

/// One overlay, in BASE and in HEAD.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OverlayFacts {
    /// Its folder.
    pub path: String,
    /// The environment that BASE's configuration maps it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What BASE renders; absent where BASE has no such overlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<RenderFacts>,
    /// What HEAD renders; absent where HEAD has no such overlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<RenderFacts>,
    /// Whether a file that the overlay reads, or stands beside one that it reads, differs.
    pub touched: bool,
    /// Where HEAD lacks the overlay: whether files are still in its folder.
    pub leftovers: bool,
}

impl OverlayFacts {
    /// Resources of HEAD that BASE does not render, or renders differently.
    pub fn changed(&self) -> Vec<&ResourceFacts> {
        let Some(RenderFacts::Rendered {
            resources: head, ..
        }) = &self.head
        else {
            return Vec::new();
        };
        let before = self.base_digests();
        head.iter()
            .filter(|it| before.get(&it.key) != Some(&it.digest.as_str()))
            .collect()
    }

    /// Resources of BASE that HEAD does not render any more.
    pub fn removed(&self) -> Vec<&ResourceKey> {
        let Some(RenderFacts::Rendered {
            resources: base, ..
        }) = &self.base
        else {
            return Vec::new();
        };
        let after: Vec<&ResourceKey> = match &self.head {
            Some(RenderFacts::Rendered { resources, .. }) => {
                resources.iter().map(|it| &it.key).collect()
            }
            Some(RenderFacts::Failed { .. }) | None => Vec::new(),
        };
        base.iter()
            .map(|it| &it.key)
            .filter(|it| !after.contains(it))
            .collect()
    }

    /// Whether the environment would receive something else than it does now, as far as both sides
    /// render.
    pub fn differs(&self) -> bool {
        match (&self.base, &self.head) {
            (
                Some(RenderFacts::Rendered { digest: a, .. }),
                Some(RenderFacts::Rendered { digest: b, .. }),
            ) => a != b,
            (Some(RenderFacts::Failed { .. }), Some(RenderFacts::Failed { .. })) => self.touched,
            (None, None) => false,
            _ => true,
        }
    }

    /// The same, apart from rules that the overlay deploys.
    pub fn differs_beyond_rules(&self) -> bool {
        fn others(it: &[ResourceFacts]) -> impl Iterator<Item = &ResourceFacts> {
            it.iter().filter(|it| !it.rule)
        }
        let render = |it: &'_ Option<RenderFacts>| match it {
            Some(RenderFacts::Rendered { resources, .. }) => Some(resources.clone()),
            None => Some(Vec::new()),
            Some(RenderFacts::Failed { .. }) => None,
        };
        match (render(&self.base), render(&self.head)) {
            (Some(base), Some(head)) => self.differs() && !others(&base).eq(others(&head)),
            _ => self.differs(),
        }
    }

    fn base_digests(&self) -> BTreeMap<&ResourceKey, &str> {
        match &self.base {
            Some(RenderFacts::Rendered { resources, .. }) => resources
                .iter()
                .map(|it| (&it.key, it.digest.as_str()))
                .collect(),
            Some(RenderFacts::Failed { .. }) | None => BTreeMap::new(),
        }
    }
}

/// An overlay that would be judged less strictly from the next change on: another environment takes it,
/// or it becomes a part of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EasedFacts {
    /// Its folder.
    pub overlay: String,
    /// What becomes of it, as one clause.
    pub message: String,
}

/// A rule for which HEAD's fixtures expect fewer failures than BASE's did: less is asked of the next
/// change of the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FewerFailures {
    /// Its policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// Rows of BASE's suites that expect a failure.
    pub before: usize,
    /// Those of HEAD's.
    pub after: usize,
}

/// A manifest that the change brings or changes and that no overlay of HEAD reads, so that nothing
/// judged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadFacts {
    /// Its file.
    pub path: String,
    /// What its first document is: `Deployment web`.
    pub what: String,
    /// The environments of the overlays beside which it stands, sorted; empty where it stands beside
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Where its kind stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A pattern under an environment's `overlays` that matches no kustomization of either tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedFacts {
    /// The environment.
    pub environment: String,
    /// Which pattern of its list, from 0.
    pub index: usize,
    /// The pattern.
    pub pattern: String,
}

/// What rendering an overlay gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenderFacts {
    /// Manifests.
    Rendered {
        /// SHA-256 over the printed output; where that holds Secrets, over the resources' names and
        /// digests.
        digest: String,
        /// One entry a resource, in output order.
        resources: Vec<ResourceFacts>,
        /// What kustomize does silently and a person should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<RenderWarning>,
        /// What kustomize refuses unless its load restrictions are lifted, as they were for this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outside: Option<RenderOutside>,
    },
    /// An error.
    Failed {
        /// What is wrong.
        message: String,
        /// What to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        help: Option<String>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// Whether whoever deploys may well render it: it needs what is not in the tree, or code that
        /// is not run here, or exceeds a limit.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        elsewhere: bool,
    },
}

/// A file outside of an overlay's folder that the overlay reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderOutside {
    /// What kustomize refuses by itself.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The entry that names the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Whether a Kustomization of Flux names the overlay: Flux lifts load restrictions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flux: bool,
}

/// One rendered resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceFacts {
    /// What it is called.
    pub key: ResourceKey,
    /// SHA-256 over its JSON. For a Secret: over its JSON without its values, and whether BASE has
    /// the same ones, because a digest of a short value tells the value. It is equal where the
    /// resource is equal in BASE and HEAD of these facts, and says nothing beyond them.
    pub digest: String,
    /// Whether it is a rule itself: a policy, or an exception from one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rule: bool,
}

/// Something that renders, but probably not to what was meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderWarning {
    /// What.
    pub message: String,
    /// Whether it does what was meant, in a way that kustomize is about to drop.
    #[serde(default)]
    pub deprecated: bool,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A policy as it was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFacts {
    /// The engine that owns it.
    pub engine: String,
    /// `ClusterPolicy`, ...
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The rules that its author wrote, without generated ones.
    pub rules: Vec<String>,
    /// SHA-256 over its JSON.
    pub digest: String,
    /// Whether it comes with the program and stands in neither tree.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub builtin: bool,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Something that HEAD's policies decide less of than BASE's, or of which nobody can show that they do
/// not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeakenedFacts {
    /// The policy or exception.
    pub name: String,
    /// One clause.
    pub why: String,
    /// Where it is not so in all of them: the environments whose overlays deploy it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// A resource that shows it, with what became of it: `ConfigMap a was refused and is passed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// How many more show it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// What one rule of one policy said about one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleFacts {
    /// The policy.
    pub policy: String,
    /// The rule, as its author named it.
    pub rule: String,
    /// The overlay that renders the resource.
    pub overlay: String,
    /// The resource.
    pub resource: ResourceKey,
    /// What it said.
    pub outcome: RuleOutcome,
    /// Whether the rule asks for what this program does not evaluate yet: nothing is wrong with it then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsupported: bool,
    /// Whether the policy could not be read, and may be for the resource; it has no rule then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// Whether the rule ended in an error for want of something that only a cluster could tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// Of what was not evaluated, for one of these reasons: whether the policy stands in HEAD as in BASE, and BASE's resource, if there is one, was not judged by the rule either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
    /// Whether it says the same of BASE, of values that are the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// Where it is a warning that the rule may say something else in another namespace than `default`, in
    /// which a resource is judged that gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplaced: Option<Unplaced>,
    /// Where it is about the removal of the resource, which BASE has and HEAD has not: how that comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<RemovalFacts>,
    /// Whether the field is not there at all; `place` then is what lacks it.
    #[serde(default)]
    pub absent: bool,
    /// The line to edit in HEAD; of what is removed, where it stood in BASE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The line of HEAD whose value that one replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Place>,
    /// The rule in its policy file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_place: Option<Place>,
}

/// A resource that gives no namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unplaced {
    /// Its kind has one.
    Namespaced,
    /// No definition says whether its kind has one.
    Undefined,
}

/// How a resource comes to be removed from an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalFacts {
    /// Whether HEAD has no such overlay any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_overlay: bool,
    /// The file of HEAD by which the overlay lost it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Place>,
    /// The overlay of the environment that has it in HEAD, and of which nobody knows that it reaches the
    /// same cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
}

/// What a rule said. Engines speak this; only gates judge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// The resource satisfies the rule.
    Pass,
    /// It does not.
    Fail {
        /// The rule's message.
        message: String,
        /// The field, as people write it (`spec.containers[0].image`); empty for the whole resource.
        field: String,
    },
    /// It does not, and the policy's author wants that reported and not counted.
    Warn {
        /// The rule's message.
        message: String,
        /// As for a failure.
        field: String,
    },
    /// The rule decided not to judge.
    Skip {
        /// Why.
        why: String,
    },
    /// The rule could not be evaluated. Never the same as a pass.
    Error {
        /// Why.
        why: String,
    },
}

/// A manifest with secret values in clear text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFacts {
    /// The overlay that renders it; absent for one that no overlay renders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// What it is called.
    pub resource: ResourceKey,
    /// Its values, in the order of the manifest.
    pub values: Vec<SecretField>,
    /// Whether it could not be read, so that nobody knows its values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

/// A value that is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretField {
    /// `stringData.password`, `literals[0]`.
    pub field: String,
    /// Whether BASE lacks this value there.
    pub new: bool,
    /// The mark of another scanner on its line, by which somebody says that it is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The line that sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Which fixtures were run on which policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteSet {
    /// HEAD's fixtures on HEAD's policies.
    Head,
    /// BASE's fixtures on HEAD's policies.
    BaseOnHead,
}

/// One fixture suite that was run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuiteFacts {
    /// Which fixtures, on which policies.
    pub set: SuiteSet,
    /// The suite's file.
    pub path: String,
    /// Why the suite could not be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where that error is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_place: Option<Place>,
    /// Whether it cannot be run in BASE either, for the same reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error_known: bool,
    /// Rows that held.
    pub held: usize,
    /// Rows that did not.
    pub rows: Vec<SuiteRow>,
    /// How many rows expect a pass of each rule, and how many a failure.
    pub coverage: Vec<RuleCoverage>,
}

/// How many rules a changed resource passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedFacts {
    /// The path of the overlay that renders it.
    pub overlay: String,
    /// The resource.
    pub resource: ResourceKey,
    /// Number of rules; at least one.
    pub rules: usize,
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleName {
    /// The policy.
    pub policy: String,
    /// The rule as its author wrote it.
    pub rule: String,
}

/// A row of a suite that did not hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuiteRow {
    /// `policy/rule on Kind ns/name`.
    pub subject: String,
    /// What is wrong.
    pub why: String,
    /// Whether the row could not be evaluated at all.
    pub error: bool,
    /// Whether BASE's suite of this path has one on BASE's policies that does not hold likewise: of the
    /// same resource, expectation, result, reason and value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// Where the row stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Something in the repository that could not be read as what it claims to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The gate that must weigh it.
    pub gate: String,
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Whether it is the name of a file that is wrong, whatever the file holds.
    #[serde(default)]
    pub name: bool,
    /// Whether BASE has the same one and the change does not touch it.
    #[serde(default)]
    pub before: bool,
    /// Whether policies may stand there that nobody can read, for any resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hides_rules: bool,
    /// Where BASE alone has it, and all that HEAD has in its place can be read: the policy that is mended,
    /// or the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<String>,
}

/// The worker ended before it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFault {
    /// What it was on: overlays, policies or files.
    pub on: Vec<String>,
    /// How it ended.
    pub why: String,
}

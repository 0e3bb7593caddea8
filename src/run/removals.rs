//! What environments lose, and what rules say about that.

use super::{
    identity::Identity,
    moves::{Moves, Moving},
    overlay::{Outcome, Scene},
    policies::{Judged, Loaded},
};
use crate::{
    engines::{self, Cluster, Scopes},
    model::{Manifest, Place, RemovalFacts, RenderFacts, ResourceKey, Side},
    renderers::Rendered,
    repo::discover,
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::Sources;

/// A resource that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Removal {
    /// Its key in BASE.
    key: ResourceKey,
    /// Whether it goes only from the namespaces in which it may have been, as long as nothing gave it one:
    /// HEAD says that it is in `default`.
    placed: bool,
    /// The overlay of the environment that has it in HEAD, and may not reach the same cluster.
    elsewhere: Option<String>,
}

impl Removal {
    /// Whether it is this resource that goes, from wherever it was.
    pub(super) fn is_lost(&self, key: &ResourceKey) -> bool {
        !self.placed && self.key == *key
    }

    /// Whether another overlay of the environment has it in HEAD.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }
}

/// The resources that each overlay loses and no other overlay of its environment takes over, as far as
/// anybody knows, in the order of the overlays. An overlay that does not render loses nothing that anybody knows of.
pub(super) fn removals(outcomes: &[Outcome], scopes: &Scopes) -> Vec<Vec<Removal>> {
    let resources = |render: &'_ Option<RenderFacts>| match render {
        Some(RenderFacts::Rendered { resources, .. }) => {
            Some(resources.iter().map(|it| it.key.clone()).collect())
        }
        Some(RenderFacts::Failed { .. }) => None,
        None => Some(Vec::new()),
    };
    let known: Vec<Option<[Vec<ResourceKey>; 2]>> = outcomes
        .iter()
        .map(|it| {
            let facts = Some(&it.facts).filter(|it| it.differs())?;
            Some([resources(&facts.base)?, resources(&facts.head)?])
        })
        .collect();
    let may_be_anywhere = |it: &ResourceKey| {
        it.namespace.is_none() && !engines::is_cluster_scoped(&it.api_version, &it.kind, scopes)
    };
    let all: Vec<Option<Moving<'_>>> = outcomes
        .iter()
        .zip(&known)
        .map(|(outcome, sides)| {
            let [base, head] = sides.as_ref()?;
            Some(Moving {
                environment: outcome.facts.environment.as_deref(),
                path: &outcome.facts.path,
                base: identities(base, scopes),
                head: identities(head, scopes),
                is_new: outcome.facts.base.is_none(),
                is_gone: outcome.facts.head.is_none(),
            })
        })
        .collect();
    let moves = Moves::of(&all);
    let mut unplaced: BTreeSet<(Option<&str>, Identity<'_>)> = BTreeSet::new();
    for (outcome, sides) in outcomes.iter().zip(&known) {
        let environment = outcome.facts.environment.as_deref();
        let head = sides.iter().flat_map(|it| &it[1]);
        let free = head.filter(|it| may_be_anywhere(it));
        unplaced.extend(free.map(|it| (environment, Identity::of(it, scopes))));
    }
    let lost = |(at, sides): (usize, &Option<[Vec<ResourceKey>; 2]>)| {
        let (Some([base, _]), Some(outcome)) = (sides, outcomes.get(at)) else {
            return Vec::new();
        };
        let environment = outcome.facts.environment.as_deref();
        let removal = |key: &ResourceKey| {
            let it = Identity::of(key, scopes);
            let lost = moves.loses(at, it);
            let placed = may_be_anywhere(key) && !unplaced.contains(&(environment, it));
            (lost || placed).then(|| Removal {
                key: key.clone(),
                placed: !lost,
                elsewhere: moves.elsewhere(at, it).filter(|_| lost).map(str::to_owned),
            })
        };
        base.iter().filter_map(removal).collect()
    };
    known.iter().enumerate().map(lost).collect()
}

fn identities<'a>(keys: &'a [ResourceKey], scopes: &Scopes) -> BTreeSet<Identity<'a>> {
    keys.iter().map(|it| Identity::of(it, scopes)).collect()
}

/// What the policies say about the removal of `removals` from an overlay that BASE renders to `before`, and
/// HEAD to something whose files are `reads`; `None` where it is gone.
pub(super) fn judge(
    scene: &Scene<'_>,
    policies: &Loaded<'_>,
    overlay: &str,
    removals: &[Removal],
    before: &Rendered,
    reads: Option<&BTreeSet<RepoPath>>,
    cluster: &Cluster,
) -> Judged {
    let mut judged = Judged::default();
    if removals.is_empty() || !policies.judge_removals() {
        return judged;
    }
    let wanted: BTreeMap<&ResourceKey, &Removal> =
        removals.iter().map(|it| (&it.key, it)).collect();
    let tree = &scene.base;
    let world = policies.world(
        overlay,
        &before.manifests,
        cluster,
        tree.sources,
        tree.side,
        scene.now,
    );
    for manifest in &before.manifests {
        let Some(removal) = wanted.get(&manifest.key) else {
            continue;
        };
        let by = RemovalFacts {
            with_overlay: reads.is_none(),
            by: reads.and_then(|it| by(scene, manifest, &before.reads, it)),
            elsewhere: removal.elsewhere.clone(),
        };
        judged.extend(world.judge_removal(manifest, &by, removal.placed));
    }
    judged
}

/// The changed file of HEAD by which a manifest went: that in which it stood, or else the only
/// kustomization that differs.
fn by(
    scene: &Scene<'_>,
    manifest: &Manifest,
    before: &BTreeSet<RepoPath>,
    after: &BTreeSet<RepoPath>,
) -> Option<Place> {
    let changed: BTreeSet<RepoPath> = [before, after]
        .into_iter()
        .flat_map(|it| scene.touched.among(it))
        .filter(|it| exists(scene.head.files, it))
        .collect();
    let stood = stood_in(manifest, scene.base.sources).filter(|it| changed.contains(it));
    let kustomizations = || {
        let mut all = changed.iter().filter(|it| discover::is_kustomization(it));
        all.next().filter(|_| all.next().is_none()).cloned()
    };
    let file = stood.or_else(kustomizations)?;
    Some(Place::file(file.to_string(), Side::Head))
}

fn stood_in(manifest: &Manifest, sources: &Sources) -> Option<RepoPath> {
    let file = sources.get(manifest.body.span().file)?;
    RepoPath::new(file.path())
}

fn exists(files: &dyn Files, path: &RepoPath) -> bool {
    matches!(files.kind(path), Ok(Some(_)))
}

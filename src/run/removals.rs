//! What environments lose, and what rules say about that.

use super::{
    overlay::{Outcome, Scene},
    policies::{Judged, Loaded},
};
use crate::{
    engines::Cluster,
    model::{Manifest, Place, RemovalFacts, RenderFacts, ResourceKey, Side},
    renderers::Rendered,
    repo::discover,
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::Sources;

/// By what a cluster tells one resource from another: versions of a kind are the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Identity<'a> {
    fn of(key: &'a ResourceKey) -> Self {
        Self {
            group: key.api_version.rsplit_once('/').map_or("", |it| it.0),
            kind: &key.kind,
            namespace: key.namespace.as_deref().unwrap_or("default"),
            name: &key.name,
        }
    }
}

/// The resources that each overlay loses and no other overlay of its environment takes over, in the order
/// of the overlays. An overlay that does not render loses nothing that anybody knows of.
pub(super) fn removals(outcomes: &[Outcome]) -> Vec<Vec<ResourceKey>> {
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
    let mut gained: BTreeMap<(Option<&str>, Identity<'_>), i64> = BTreeMap::new();
    for (outcome, sides) in outcomes.iter().zip(&known) {
        let environment = outcome.facts.environment.as_deref();
        for (side, by) in sides.iter().flat_map(|it| it.iter().zip([-1, 1])) {
            let identities: BTreeSet<Identity<'_>> = side.iter().map(Identity::of).collect();
            for it in identities {
                *gained.entry((environment, it)).or_default() += by;
            }
        }
    }
    let lost = |(outcome, sides): (&Outcome, &Option<[Vec<ResourceKey>; 2]>)| {
        let Some([base, head]) = sides else {
            return Vec::new();
        };
        let environment = outcome.facts.environment.as_deref();
        let there: BTreeSet<Identity<'_>> = head.iter().map(Identity::of).collect();
        let is_lost = |it: &&ResourceKey| {
            let it = Identity::of(it);
            !there.contains(&it) && gained.get(&(environment, it)).is_some_and(|it| *it < 0)
        };
        base.iter().filter(is_lost).cloned().collect()
    };
    outcomes.iter().zip(&known).map(lost).collect()
}

/// What the policies say about the removal of `keys` from an overlay that BASE renders to `before`, and
/// HEAD to something whose files are `reads`; `None` where it is gone.
pub(super) fn judge(
    scene: &Scene<'_>,
    policies: &Loaded<'_>,
    overlay: &str,
    keys: &[ResourceKey],
    before: &Rendered,
    reads: Option<&BTreeSet<RepoPath>>,
    cluster: &Cluster,
) -> Judged {
    let mut judged = Judged::default();
    if keys.is_empty() || !policies.judge_removals() {
        return judged;
    }
    let wanted: BTreeSet<&ResourceKey> = keys.iter().collect();
    let tree = &scene.base;
    let world = policies.world(
        overlay,
        &before.manifests,
        cluster,
        tree.sources,
        tree.side,
        scene.now,
    );
    let removed = before
        .manifests
        .iter()
        .filter(|it| wanted.contains(&it.key));
    for manifest in removed {
        let by = RemovalFacts {
            with_overlay: reads.is_none(),
            by: reads.and_then(|it| by(scene, manifest, &before.reads, it)),
        };
        judged.extend(world.judge_removal(manifest, &by));
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

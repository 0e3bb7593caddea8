//! Where BASE has the objects that a change brings to an overlay under another key: an object with a
//! namespace written or left out, in another version of its kind or from another overlay of the
//! environment is the same one for a cluster, which is asked about an update.

use super::{
    identity::Identity,
    overlay::{Outcome, Renders, Scene},
    policies::{Earlier, Loaded, World},
};
use crate::{
    engines::{Cluster, Scopes},
    model::{Manifest, RenderFacts, ResourceFacts, ResourceKey},
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_kustomize::RepoPath;

/// A manifest of BASE that is the same object as one of HEAD.
#[derive(Clone)]
struct Place {
    /// The overlay, counted from 0.
    overlay: usize,
    key: ResourceKey,
    /// Whether HEAD has it there too.
    stays: bool,
}

/// Where manifests of BASE are that are the same objects as manifests of HEAD, by overlay and key in HEAD.
#[derive(Default)]
pub(super) struct Plan(Vec<BTreeMap<ResourceKey, Vec<Place>>>);

/// What each changed resource was that its own overlay does not have in BASE under its key.
pub(super) fn plan(outcomes: &[Outcome], scopes: &Scopes) -> Plan {
    let new: Vec<Vec<&ResourceKey>> = outcomes.iter().map(new).collect();
    let environments: BTreeSet<Option<&str>> = outcomes
        .iter()
        .zip(&new)
        .filter(|it| !it.1.is_empty())
        .map(|it| it.0.facts.environment.as_deref())
        .collect();
    let mut there: BTreeMap<(Option<&str>, Identity<'_>), Vec<Place>> = BTreeMap::new();
    for (overlay, outcome) in outcomes.iter().enumerate() {
        let environment = outcome.facts.environment.as_deref();
        if !environments.contains(&environment) {
            continue;
        }
        let base = rendered(&outcome.facts.base).unwrap_or_default();
        let head = rendered(&outcome.facts.head);
        let head: Option<BTreeSet<&ResourceKey>> =
            head.map(|it| it.iter().map(|it| &it.key).collect());
        for it in base.iter().filter(|it| !it.key.name.is_empty()) {
            let key = &it.key;
            let gone = head
                .as_ref()
                .map_or(outcome.facts.head.is_none(), |it| !it.contains(key));
            let places = there.entry((environment, Identity::of(key, scopes)));
            places.or_default().push(Place {
                overlay,
                key: key.clone(),
                stays: !gone,
            });
        }
    }
    let of = |(overlay, (outcome, new)): (usize, (&Outcome, Vec<&ResourceKey>))| {
        let environment = outcome.facts.environment.as_deref();
        let was = |key: &ResourceKey| {
            let places = there.get(&(environment, Identity::of(key, scopes)))?;
            // What the overlay itself has says more than what others have.
            let own = places.iter().any(|it| it.overlay == overlay);
            let places = places.iter().filter(|it| !own || it.overlay == overlay);
            Some((key.clone(), places.cloned().collect()))
        };
        new.into_iter().filter_map(was).collect()
    };
    Plan(outcomes.iter().zip(new).enumerate().map(of).collect())
}

/// The keys that an overlay has in HEAD and lacks in BASE.
fn new(outcome: &Outcome) -> Vec<&ResourceKey> {
    if !outcome.facts.differs() {
        return Vec::new();
    }
    let base = rendered(&outcome.facts.base).unwrap_or_default();
    let base: BTreeSet<&ResourceKey> = base.iter().map(|it| &it.key).collect();
    let head = rendered(&outcome.facts.head).unwrap_or_default();
    let keys = head.iter().map(|it| &it.key);
    keys.filter(|it| !base.contains(it) && !it.name.is_empty())
        .collect()
}

fn rendered(render: &Option<RenderFacts>) -> Option<&[ResourceFacts]> {
    match render {
        Some(RenderFacts::Rendered { resources, .. }) => Some(resources),
        Some(RenderFacts::Failed { .. }) | None => None,
    }
}

/// An overlay as BASE renders it.
struct Origin {
    path: String,
    environment: Option<String>,
    renders: Kept,
    /// The keys that are looked for.
    wanted: BTreeSet<ResourceKey>,
    /// Whether one of them is gone there in HEAD.
    moved: bool,
}

enum Kept {
    /// Kept for its own sake.
    All(Arc<Renders>),
    /// What is wanted, and what policies may look at beside it.
    Some(Vec<Manifest>),
}

/// The overlays from which a plan takes something.
pub(super) struct Origins(BTreeMap<usize, Origin>);

impl Plan {
    /// Get hold of what BASE renders there. `asks` says whether the rules of an environment say something
    /// else of an update than of a creation: otherwise what stays where it is says nothing of what is new.
    pub(super) fn origins(
        &mut self,
        scene: &Scene<'_>,
        outcomes: &[Outcome],
        asks: &dyn Fn(Option<&str>) -> bool,
    ) -> Origins {
        let mut wanted: BTreeMap<usize, (BTreeSet<ResourceKey>, bool)> = BTreeMap::new();
        for (own, outcome) in self.0.iter_mut().zip(outcomes) {
            if own.is_empty() {
                continue;
            }
            let asks = asks(outcome.facts.environment.as_deref());
            for places in own.values_mut() {
                places.retain(|it| asks || !it.stays);
                for it in places {
                    let wanted = wanted.entry(it.overlay).or_default();
                    wanted.0.insert(it.key.clone());
                    wanted.1 |= !it.stays;
                }
            }
        }
        let origin = |(overlay, (wanted, moved)): (usize, (BTreeSet<ResourceKey>, bool))| {
            let outcome = outcomes.get(overlay)?;
            let renders = match &outcome.renders {
                Some(it) => Kept::All(Arc::clone(it)),
                None => {
                    let path = RepoPath::new(&outcome.facts.path)?;
                    let mut manifests = scene.base.session.render(&path).ok()?.manifests;
                    manifests.retain(|it| wanted.contains(&it.key) || it.key.kind == "ConfigMap");
                    Kept::Some(manifests)
                }
            };
            let origin = Origin {
                path: outcome.facts.path.clone(),
                environment: outcome.facts.environment.clone(),
                renders,
                wanted,
                moved,
            };
            Some((overlay, origin))
        };
        Origins(wanted.into_iter().filter_map(origin).collect())
    }
}

impl Origin {
    fn manifests(&self) -> &[Manifest] {
        match &self.renders {
            Kept::All(renders) => renders.before().map_or(&[], |it| &it.manifests),
            Kept::Some(manifests) => manifests,
        }
    }
}

/// The policies of an environment, and its cluster before the change.
type Rules<'f, 'a> = &'f dyn Fn(Option<&str>) -> Option<(&'a Loaded<'a>, &'a Cluster)>;

/// What the objects of HEAD were that their own overlays do not have in BASE under their keys.
pub(super) struct Found<'a> {
    plan: &'a Plan,
    worlds: BTreeMap<usize, Option<World<'a>>>,
    manifests: BTreeMap<(usize, &'a ResourceKey), &'a Manifest>,
}

impl<'a> Found<'a> {
    /// Make the worlds that they were in.
    pub(super) fn new(
        plan: &'a Plan,
        origins: &'a Origins,
        scene: &'a Scene<'_>,
        of: Rules<'_, 'a>,
    ) -> Self {
        let mut found = Self {
            plan,
            worlds: BTreeMap::new(),
            manifests: BTreeMap::new(),
        };
        for (overlay, origin) in &origins.0 {
            let manifests = origin.manifests();
            let wanted = manifests
                .iter()
                .filter(|it| origin.wanted.contains(&it.key));
            let keyed = wanted.map(|it| ((*overlay, &it.key), it));
            found.manifests.extend(keyed);
            let world = of(origin.environment.as_deref()).filter(|_| origin.moved);
            let world = world.map(|(policies, cluster)| {
                let tree = &scene.base;
                let (sources, side) = (tree.sources, tree.side);
                policies.world(&origin.path, manifests, cluster, sources, side, scene.now)
            });
            found.worlds.insert(*overlay, world);
        }
        found
    }

    /// What a resource of an overlay was.
    pub(super) fn of(&self, overlay: usize, key: &ResourceKey) -> Vec<Earlier<'_>> {
        let places = self.plan.0.get(overlay).and_then(|it| it.get(key));
        let mut found = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for it in places.into_iter().flatten() {
            let Some(manifest) = self.manifests.get(&(it.overlay, &it.key)) else {
                continue;
            };
            let world = self.worlds.get(&it.overlay).and_then(Option::as_ref);
            let world = world.filter(|_| !it.stays);
            // What stays is asked about once, however many overlays have it.
            if world.is_some() || told.insert(&manifest.digest) {
                found.push(Earlier { manifest, world });
            }
        }
        found
    }
}

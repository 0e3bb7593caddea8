//! What the overlays of an environment say of the cluster that receives all of them.

use super::overlay::Outcome;
use crate::{
    engines::{self, Cluster, Labels, Scopes},
    model::{OverlayFacts, RenderFacts, ResourceKey},
    renderers::Rendered,
    repo::{self, discover},
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_kustomize::Session;

/// The labels of namespaces.
type Namespaces = BTreeMap<String, Vec<Labels>>;

/// What one overlay says of the cluster.
#[derive(Default)]
pub(super) struct Says {
    /// Its namespaces with their labels, in BASE and in HEAD.
    namespaces: [Vec<(String, Labels)>; 2],
    /// Its definitions, of both sides.
    scopes: Scopes,
}

impl Says {
    pub(super) fn of(before: Option<&Rendered>, after: Option<&Rendered>) -> Self {
        let mut says = Self::default();
        for (side, own) in [before, after].into_iter().zip(&mut says.namespaces) {
            for manifest in side.into_iter().flat_map(|it| &it.manifests) {
                if let Some((name, labels)) = engines::namespace(manifest) {
                    own.push((name.to_owned(), labels));
                }
                says.scopes.extend(engines::scope(&manifest.json));
            }
        }
        says
    }
}

/// What an environment's cluster is, and what the change makes of its namespaces.
#[derive(Default)]
pub(super) struct Receives {
    pub(super) cluster: Cluster,
    /// The same before the change.
    pub(super) before: Cluster,
    /// Before or after: what is removed may go first or last.
    pub(super) either: Cluster,
    /// Namespaces whose labels are not what they were.
    relabelled: BTreeSet<String>,
}

impl Receives {
    /// Whether the labels of the resource's namespace are not what they were.
    pub(super) fn relabels_around(&self, key: &ResourceKey) -> bool {
        let namespace = key.namespace.as_deref().unwrap_or("default");
        self.relabelled.contains(namespace)
    }

    /// The same of any resource that an overlay has in HEAD.
    pub(super) fn relabels(&self, overlay: &OverlayFacts) -> bool {
        match &overlay.head {
            Some(RenderFacts::Rendered { resources, .. }) if !self.relabelled.is_empty() => {
                resources.iter().any(|it| self.relabels_around(&it.key))
            }
            _ => false,
        }
    }
}

/// What each environment receives. A namespace has the labels that the overlays of HEAD give it, or else
/// those of BASE, because a cluster may have it yet; what belongs to no environment speaks where the
/// environment itself says nothing.
pub(super) fn clusters(
    outcomes: &[Outcome],
    definitions: &dyn Fn() -> Vec<((String, String), bool)>,
) -> BTreeMap<Option<String>, Receives> {
    let mut scopes = Scopes::new();
    // Where two definitions contradict each other, the kind is taken for one with a namespace: rules for
    // namespaces then judge it.
    let mut add = |(kind, is_cluster_scoped): ((String, String), bool)| {
        let scope = scopes.entry(kind).or_insert(is_cluster_scoped);
        *scope &= is_cluster_scoped;
    };
    for it in outcomes {
        it.says.scopes.clone().into_iter().for_each(&mut add);
    }
    if asks_of_definitions(outcomes) {
        definitions().into_iter().for_each(add);
    }
    let scopes = Arc::new(scopes);
    let environments: BTreeSet<Option<&str>> = outcomes
        .iter()
        .map(|it| it.facts.environment.as_deref())
        .collect();
    let of = |environment: Option<&str>| {
        let own = |environment: Option<&str>, side: usize| {
            let mut cluster = Cluster::default();
            let overlays = outcomes
                .iter()
                .filter(|it| it.facts.environment.as_deref() == environment);
            for (name, labels) in overlays.flat_map(|it| &it.says.namespaces[side]) {
                cluster.add(name, labels);
            }
            cluster.namespaces
        };
        let (base, head) = (own(environment, 0), own(environment, 1));
        let mut relabelled = BTreeSet::new();
        for (name, labels) in &head {
            let sorted = |it: &[Labels]| it.iter().cloned().collect::<BTreeSet<Labels>>();
            if base.get(name).map(|it| sorted(it)) != Some(sorted(labels)) {
                relabelled.insert(name.clone());
            }
        }
        let first_of = |sources: &[&Namespaces]| {
            let mut namespaces = Namespaces::new();
            for (name, labels) in sources.iter().copied().flatten() {
                namespaces
                    .entry(name.clone())
                    .or_insert_with(|| labels.clone());
            }
            Cluster {
                namespaces,
                scopes: Arc::clone(&scopes),
            }
        };
        let others = [own(None, 0), own(None, 1)];
        let before = first_of(&[&base, &others[0]]);
        let cluster = first_of(&[&head, &base, &others[1], &others[0]]);
        let mut either = cluster.clone();
        for (name, labels) in &before.namespaces {
            labels.iter().for_each(|it| either.add(name, it));
        }
        let receives = Receives {
            cluster,
            before,
            either,
            relabelled,
        };
        (environment.map(str::to_owned), receives)
    };
    environments.into_iter().map(of).collect()
}

/// Whether a resource that may be judged has no namespace, and is of a kind that only a definition knows.
fn asks_of_definitions(outcomes: &[Outcome]) -> bool {
    let differing = outcomes.iter().filter(|it| it.facts.differs());
    let sides = differing.flat_map(|it| [&it.facts.base, &it.facts.head]);
    let resources = sides.flatten().flat_map(|it| match it {
        RenderFacts::Rendered { resources, .. } => resources.as_slice(),
        RenderFacts::Failed { .. } => &[],
    });
    resources.map(|it| &it.key).any(|key| {
        key.namespace.is_none() && !engines::is_of_kubernetes(engines::group(&key.api_version))
    })
}

/// What the definitions in the files of a tree say. What cannot be read there says nothing, so that its
/// kinds are taken for kinds with a namespace.
pub(super) fn defined(
    tree: &dyn repo::Tree,
    session: &Session<'_>,
) -> Vec<((String, String), bool)> {
    let Ok(found) = discover::definitions(tree, session, None) else {
        return Vec::new();
    };
    let documents = found.documents.iter().filter_map(|it| it.to_json().ok());
    documents.filter_map(|it| engines::scope(&it)).collect()
}

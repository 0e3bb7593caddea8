//! The resources of fixtures, on which two sets of policies are compared.

use super::opened::Opened;
use crate::{
    engines::Cluster,
    model::{Manifest, ResourceKey},
    run::{
        lost::{self, Lost},
        rules::Rules,
    },
};
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::{Dialect, Node};

/// Where HEAD's policies say less than BASE's about a resource that a suite of either side names.
pub(super) fn lost(rules: &Rules<'_>, sides: [&Opened<'_>; 2], now: u64) -> Vec<Lost> {
    let mut out: Vec<Lost> = Vec::new();
    if !rules.differ() {
        return out;
    }
    for side in sides {
        for path in resources(side) {
            let manifests = manifests(side, &path);
            for ruled in rules.sets() {
                let Some((old, new)) = &ruled.compared else {
                    continue;
                };
                let (sources, of) = (side.sources, path.as_str());
                let cluster = Cluster::of(&manifests);
                let old = old.world(of, &manifests, &cluster, sources, side.side, now);
                let new = new.world(of, &manifests, &cluster, sources, side.side, now);
                let found = lost::lost(&old, &new, &manifests, of);
                for it in found {
                    if !out.contains(&it) {
                        out.push(it);
                    }
                }
            }
        }
    }
    out
}

/// The files that suites name as resources.
fn resources(side: &Opened<'_>) -> BTreeSet<RepoPath> {
    let mut found = BTreeSet::new();
    for (_, suite) in &side.suites {
        let Ok(documents) = side.session.documents(suite, Dialect::Sigs) else {
            continue;
        };
        let folder = suite.parent().unwrap_or_default();
        let lists = ["resources", "targetResources"];
        let named = documents.iter().flat_map(|it| lists.map(|key| it.get(key)));
        let named = named.flatten().filter_map(Node::as_sequence).flatten();
        found.extend(
            named
                .filter_map(Node::as_str)
                .filter_map(|it| folder.join(it)),
        );
    }
    found
}

/// What cannot be read is for the suite to tell.
fn manifests(side: &Opened<'_>, path: &RepoPath) -> Vec<Manifest> {
    let Ok(documents) = side.session.documents(path, Dialect::Sigs) else {
        return Vec::new();
    };
    let manifest = |body: &Node| {
        Some(Manifest {
            key: ResourceKey::of(body),
            json: body.to_json().ok()?,
            body: body.clone(),
            digest: String::new(),
        })
    };
    documents.iter().filter_map(manifest).collect()
}

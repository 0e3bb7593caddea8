//! Overlays that would be judged less strictly from the next change on.

use super::Opened;
use crate::{
    config::{Config, Enforcement},
    model::EasedFacts,
    repo::discover,
};
use std::collections::BTreeMap;
use tollgate_kustomize::RepoPath;

/// What environments make of the overlays of a tree: the environment and how strictly it judges.
type Judged = BTreeMap<RepoPath, (String, Enforcement)>;

/// The overlays of BASE that HEAD's configuration gives to a milder environment, and those that become
/// a part of others in milder environments only. That an environment itself becomes milder is told of
/// the environment.
pub(super) fn eased(
    (old, base): (&Config, &Opened<'_>),
    (new, head): (&Config, &Opened<'_>),
) -> Vec<EasedFacts> {
    let (before, after) = (judged(old, base), judged(new, head));
    let mut eased = Vec::new();
    for (path, (environment, strict)) in &before {
        let message = match after.get(path) {
            Some((now, mild))
                if mild < strict && (now != environment || old.environments.is_empty()) =>
            {
                if now == environment {
                    format!("enforcement of `{path}` falls from {strict} to {mild}")
                } else {
                    format!("`{environment}` ({strict}) loses it to `{now}` ({mild})")
                }
            }
            Some(_) => continue,
            None => {
                let Some((now, mild)) = only_through(path, head, &after) else {
                    continue;
                };
                if mild >= *strict {
                    continue;
                }
                format!(
                    "it becomes a part of what `{now}` ({mild}) receives and is no overlay of `{environment}` ({strict}) any more"
                )
            }
        };
        eased.push(EasedFacts {
            overlay: path.to_string(),
            message,
        });
    }
    eased
}

fn judged(config: &Config, side: &Opened<'_>) -> Judged {
    let found = &side.kustomizations;
    let config = config.clone().with_inferred_environments(found.overlays());
    let mapped = discover::overlays(found, &config).overlays;
    let mapped = mapped.into_iter().filter_map(|it| {
        let environment = config.environment(it.environment?.as_str())?;
        let judged = (environment.name.to_string(), environment.enforcement);
        Some((it.path, judged))
    });
    mapped.collect()
}

/// The strictest environment that receives a folder through overlays that build on it; `None` where its
/// kustomization is gone, which is told of the overlay.
fn only_through(
    folder: &RepoPath,
    head: &Opened<'_>,
    after: &Judged,
) -> Option<(String, Enforcement)> {
    let there = head.kustomizations.all().any(|(path, _)| path == folder);
    let tops = there.then(|| head.kustomizations.tops_over(folder))?;
    let judged = tops.into_iter().filter_map(|it| after.get(it));
    judged.max_by_key(|it| it.1).cloned()
}

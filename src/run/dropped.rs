//! Policies that an overlay deploys no more while others of its environment still do.
//!
//! Overlays of one environment may reach several clusters, and nobody says which. So the rules of an environment are those
//! of all its overlays together, and what one of them loses of these is lost where it is applied.

use super::overlay::Outcome;
use crate::{
    model::{Place, ResourceKey, Side, WeakenedFacts},
    repo::discover::{self, Class},
};
use std::collections::BTreeMap;
use tollgate_yaml::{Sources, Span};

/// What overlays drop, one entry for each policy of an environment. `sources` are BASE's.
pub(super) fn dropped(outcomes: &[Outcome], sources: &Sources) -> Vec<WeakenedFacts> {
    // By environment and policy: the overlays, and where the policy stands.
    let mut found: BTreeMap<(&str, ResourceKey), Vec<(&str, Span)>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|it| !is_given_up(it)) {
        let environment = outcome.facts.environment.as_deref().unwrap_or_default();
        for policy in &outcome.deployed.base {
            let key = ResourceKey::of(policy);
            let is_policy = discover::classify(policy) == Some(Class::Policy);
            // One that gets another namespace is compared with what it was.
            let stays = outcome.deployed.head.iter().any(|it| {
                let it = ResourceKey::of(it);
                (it.kind, it.name) == (key.kind.clone(), key.name.clone())
            });
            let is_lost = || outcome.removed.iter().any(|it| it.is_lost(&key));
            if is_policy && !stays && is_lost() {
                let overlays = found.entry((environment, key)).or_default();
                overlays.push((&outcome.facts.path, policy.span()));
            }
        }
    }
    let tell = |((environment, key), overlays): ((&str, ResourceKey), Vec<(&str, Span)>)| {
        let (first, span) = overlays.first()?;
        let who = match overlays.len() {
            1 => format!("`{first}` deploys it no more"),
            n => format!("`{first}` and {} more deploy it no more", n - 1),
        };
        let environment = Some(environment.to_owned()).filter(|it| !it.is_empty());
        Some(WeakenedFacts {
            name: key.name,
            why: format!("{who}, though other overlays of the environment do"),
            environments: environment.into_iter().collect(),
            shown: None,
            more: 0,
            place: Place::of(sources, *span, Side::Base),
        })
    };
    found.into_iter().filter_map(tell).collect()
}

/// Those of `dropped` that are not told already, because the whole environment loses the policy.
pub(super) fn untold(dropped: Vec<WeakenedFacts>, told: &[WeakenedFacts]) -> Vec<WeakenedFacts> {
    let is_told = |it: &WeakenedFacts| {
        let mut of_policy = told.iter().filter(|told| told.name == it.name);
        of_policy.any(|told| {
            let everywhere = told.environments.is_empty();
            everywhere
                || it
                    .environments
                    .iter()
                    .all(|it| told.environments.contains(it))
        })
    };
    dropped.into_iter().filter(|it| !is_told(it)).collect()
}

/// Whether the overlay is gone with all that it had: then nothing is left in its cluster that a policy could judge.
fn is_given_up(outcome: &Outcome) -> bool {
    let is_gone = outcome.facts.base.is_some() && outcome.facts.head.is_none();
    is_gone && outcome.removed.iter().all(|it| !it.is_elsewhere())
}

//! What must be asked of the forge.

use super::{
    Gathered,
    snapshot::{self, Snapshot},
};
use crate::{forges::Question, reviews::team_of};
use std::collections::BTreeSet;

/// What BASE's settings need to know of a forge; `None` where they need nothing, or where nothing
/// can be judged anyway.
pub fn question(gathered: &Gathered) -> Option<Question> {
    let (facts, config) = (&gathered.facts, &gathered.settings.config);
    let reviews = config.approvals.is_some() || config.emergency.is_some();
    let protection = config.protection.is_some();
    if !facts.faults.is_empty() || !(reviews || protection) {
        return None;
    }
    let groups = config.groups.values().filter_map(|it| it.team.as_ref());
    let mut teams: BTreeSet<String> = groups.map(|it| it.to_lowercase()).collect();
    if let Some(owners) = &facts.owners {
        let all = owners.demands.iter().flat_map(|it| &it.demand.owners);
        teams.extend(all.filter_map(|it| team_of(it, owners.dialect)));
    }
    Some(Question {
        branch: facts.change.proposal.as_ref().map(|it| it.branch.clone()),
        proposal: facts.change.proposal.clone(),
        reviews,
        protection,
        teams: if reviews { teams } else { BTreeSet::new() },
        now: facts.now,
        budget: None,
        recorded: None,
    })
}

/// Let a snapshot stand in for what the forge did not tell of the branch's protection.
///
/// # Errors
/// Why it stands in for nothing, as a clause.
pub fn stand_in(gathered: &mut Gathered, snapshot: &Snapshot) -> Result<(), String> {
    let Some(protection) = &gathered.settings.config.protection else {
        return Err("BASE's configuration asks for no protection of the branch".to_owned());
    };
    let Some(allowed) = &protection.snapshot else {
        return Err(
            "BASE's configuration does not allow one with `protection: {snapshot: {max_age: 24h}}`"
                .to_owned(),
        );
    };
    let now = gathered.facts.now;
    let Some(forge) = &mut gathered.facts.forge else {
        return Err("no forge was asked".to_owned());
    };
    snapshot::stand_in(snapshot, forge, allowed.max_age.as_seconds(), now)
}

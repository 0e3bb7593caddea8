//! Whether those who answer for the rules agreed to a change of them.

use super::{Bench, Strictness};
use crate::{
    config::{ApprovalRule, Config, When},
    model::Facts,
};

/// What those say who answer for the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// These agreed, and the configuration asks for nobody else.
    Given(Vec<String>),
    /// Not all that the configuration asks for did, as far as anybody can tell.
    Missing,
    /// The configuration does not say whose consent counts.
    NobodyAsked,
}

/// What the approval rules come to that are for every change of the control plane and for no other.
/// Where nobody can tell, or somebody whose word has weight asks for something else, that is no
/// consent.
pub fn consent(facts: &Facts, config: &Config) -> Consent {
    let only = When {
        control_plane: Some(true),
        ..When::default()
    };
    let rules = config.approvals.iter().flat_map(|it| &it.rules);
    let rules: Vec<&ApprovalRule> = rules.filter(|it| it.when == only).collect();
    if rules.is_empty() {
        return Consent::NobodyAsked;
    }
    let Ok(bench) = Bench::convene(facts, config) else {
        return Consent::Missing;
    };
    if bench.objections().next().is_some() {
        return Consent::Missing;
    }
    let strictness = Strictness::of(facts, config);
    let mut people = Vec::new();
    for rule in rules {
        let standing = bench.standing(&rule.require);
        if !standing.outcome.holds(strictness) {
            return Consent::Missing;
        }
        people.extend(standing.counted.iter().map(|it| it.login.clone()));
    }
    people.sort();
    people.dedup();
    Consent::Given(people)
}

//! Emergency overrides: files of the change that ask to let it through, with two approvals of people
//! whom the configuration names.
//!
//! One is in force for the change that brings it, for a few hours, and for nothing else. Where anything
//! about it is wrong or cannot be known, it waives nothing and says why.
//!
//! Source: threat row G17.

use crate::{
    config::{Config, Require, Waivable},
    finding::{Finding, Level, WaivedBy, Waiver},
    model::{Facts, Gap, OverrideFacts, OverrideMistake, OverrideRequest, Place, Side, utc},
    reviews::{Bench, Outcome, environments, score},
};

/// What a file that asks for an override comes to.
pub struct Override<'a> {
    /// The file.
    pub file: &'a OverrideFacts,
    /// Whether it is in force, or why not.
    pub state: State<'a>,
}

/// Whether an override is in force, or why not.
pub enum State<'a> {
    /// It cannot be read as one, or lasts too long.
    Invalid(Vec<OverrideMistake>),
    /// It has ended. It stays a defect of the repository until the file is removed.
    Expired(&'a OverrideRequest),
    /// BASE has the same file: it was for the change that brought it.
    Used(&'a OverrideRequest),
    /// Too few of those who must agree did, or somebody asks for changes.
    Unapproved {
        /// What it asks for.
        asks: &'a OverrideRequest,
        /// Who counts and who does not, as one clause.
        why: String,
        /// Who can mend it.
        help: String,
    },
    /// Nobody can tell whether enough people agreed.
    Unknown(&'a OverrideRequest, Vec<Gap>),
    /// It is in force.
    InForce {
        /// What it asks for.
        asks: &'a OverrideRequest,
        /// The names of those who approved it.
        approvers: Vec<String>,
    },
}

/// Every file of HEAD that asks for an override, judged; none where the configuration lets no change
/// be let through so.
pub fn overrides<'a>(facts: &'a Facts, config: &'a Config) -> Vec<Override<'a>> {
    let files = &facts.waivers.overrides;
    let judge = |file| Override {
        file,
        state: state(file, facts, config),
    };
    files.iter().map(judge).collect()
}

fn state<'a>(file: &'a OverrideFacts, facts: &'a Facts, config: &'a Config) -> State<'a> {
    let Some(allowed) = &config.emergency else {
        return State::Invalid(vec![nobody_allows(file)]);
    };
    let Some(asks) = file.asks.as_ref().filter(|_| file.mistakes.is_empty()) else {
        return State::Invalid(file.mistakes.clone());
    };
    if asks.expires <= facts.now {
        return State::Expired(asks);
    }
    if file.edit.is_none() {
        return State::Used(asks);
    }
    let latest = facts.now.saturating_add(allowed.max_ttl.as_seconds());
    if asks.expires > latest {
        return State::Invalid(vec![OverrideMistake {
            message: format!(
                "it would last until {}, and an override lasts {} at most",
                utc(asks.expires),
                allowed.max_ttl
            ),
            help: Some(format!(
                "write a moment before {}; approvals are for a commit, so they are given again after that",
                utc(latest)
            )),
            place: asks.expires_place.clone(),
        }]);
    }
    // Whatever is configured, one person alone never lets a change through.
    let require = Require {
        count: allowed.require.count.max(2),
        ..allowed.require.clone()
    };
    match Bench::convene_strictly(facts, config) {
        Ok(bench) => approved(asks, &require, &bench),
        Err(gap) => State::Unknown(asks, vec![gap]),
    }
}

/// Whether those agreed who must, and nobody whose word counts asks for changes.
fn approved<'a>(asks: &'a OverrideRequest, require: &Require, bench: &Bench<'a>) -> State<'a> {
    let standing = bench.standing(require);
    let (mut object, mut gaps) = (Vec::new(), Vec::new());
    for objection in bench.objections() {
        let login = &objection.account.login;
        if objection.gaps.is_empty() {
            object.push(login.as_str());
        }
        gaps.extend(objection.gaps.iter().map(|it| Gap {
            why: format!("{login} asks for changes, and {}", it.why),
            needs: it.needs.clone(),
        }));
    }
    let met = match &standing.outcome {
        Outcome::Met { doubted } => {
            if *doubted {
                gaps.extend(bench.unnamed_why.iter().cloned());
            }
            true
        }
        Outcome::Unsure(unsure) => {
            gaps.extend(unsure.iter().cloned());
            true
        }
        Outcome::Missing => false,
    };
    if met && object.is_empty() {
        let approvers = standing.counted.iter().map(|it| it.login.clone());
        return if gaps.is_empty() {
            State::InForce {
                asks,
                approvers: approvers.collect(),
            }
        } else {
            State::Unknown(asks, gaps)
        };
    }
    let mut why = format!("{}: {}", score(require, &standing), bench.who(&standing));
    let mut help = Vec::new();
    if !met {
        help.push(bench.ask(require, &standing));
    }
    if !object.is_empty() {
        let list = object.join(", ");
        if met {
            let verb = if object.len() == 1 { "asks" } else { "ask" };
            why = format!("{list} {verb} for changes");
        }
        help.push(format!(
            "{list} must approve, or somebody must dismiss what asks for changes"
        ));
    }
    State::Unapproved {
        asks,
        why,
        help: help.join("; "),
    }
}

/// Facts can only hold such a file where the configuration asked for it.
fn nobody_allows(file: &OverrideFacts) -> OverrideMistake {
    OverrideMistake {
        message: "the configuration of BASE knows no overrides".to_owned(),
        help: Some("remove the file".to_owned()),
        place: Some(Place::file(&file.path, Side::Head)),
    }
}

/// An override that is in force.
pub(super) struct Emergency<'a> {
    path: &'a str,
    rules: Vec<Waivable>,
    asks: &'a OverrideRequest,
    approvers: Vec<String>,
    /// Whether it names every environment that the change touches.
    everywhere: bool,
    /// Whether the change touches the rules.
    control_plane: bool,
}

/// The overrides that are in force.
pub(super) fn in_force<'a>(facts: &'a Facts, config: &'a Config) -> Vec<Emergency<'a>> {
    let may = config.emergency.iter().flat_map(|it| &it.may_waive);
    let may: Vec<Waivable> = may.copied().collect();
    let of = |it: Override<'a>| match it.state {
        State::InForce { asks, approvers } => Some(Emergency {
            path: &it.file.path,
            rules: may
                .iter()
                .filter(|it| asks.rules.iter().any(|name| name == it.as_str()))
                .copied()
                .collect(),
            everywhere: is_everywhere(asks, facts),
            control_plane: !facts.control_plane.is_empty(),
            asks,
            approvers,
        }),
        _ => None,
    };
    overrides(facts, config)
        .into_iter()
        .filter_map(of)
        .collect()
}

fn is_everywhere(asks: &OverrideRequest, facts: &Facts) -> bool {
    // Nobody can name what belongs to no environment.
    let mut differ = facts.overlays.iter().filter(|it| it.differs());
    let mapped = differ.all(|it| it.environment.is_some());
    mapped
        && environments(facts)
            .iter()
            .all(|it| asks.environments.iter().any(|name| name == it))
}

impl Emergency<'_> {
    /// The waiver of a finding that would hold the change.
    pub(super) fn waiver(&self, finding: &Finding) -> Option<Waiver> {
        let named = match finding.subject.environment() {
            Some(environment) => self.asks.environments.iter().any(|it| it == environment),
            None => self.everywhere,
        };
        let asked = |it: &Waivable| {
            // Those who answer for the rules are asked nevertheless.
            let owners = *it == Waivable::Approvals && self.control_plane;
            it.is_asked_by(&finding.rule) && !owners
        };
        let waives = finding.level == Level::Deny && named && self.rules.iter().any(asked);
        waives.then(|| Waiver {
            by: WaivedBy::Override,
            id: self.asks.ticket.clone(),
            reason: self.asks.reason.clone(),
            owner: Some(self.approvers.join(", ")),
            until: Some(self.asks.expires),
            place: self.place(),
        })
    }

    /// That nothing needed it, if none of the waivers is its own.
    pub(super) fn unneeded<'f>(
        &self,
        given: impl IntoIterator<Item = &'f Waiver>,
    ) -> Option<Finding> {
        let place = self.place();
        let mut given = given.into_iter();
        if given.any(|it| it.by == WaivedBy::Override && it.place == place) {
            return None;
        }
        let message = format!(
            "the override of {} waives nothing: nothing that it names holds the change",
            self.asks.ticket
        );
        let finding = Finding::new(Level::Note, "control-plane/override", self.path, message)
            .label(place.as_ref(), "this override");
        Some(finding.help(format!("remove `{}` from the change", self.path)))
    }

    fn place(&self) -> Option<Place> {
        let place = self.asks.place.clone();
        place.or_else(|| Some(Place::file(self.path, Side::Head)))
    }
}

//! What the present token lets be known, and what the configuration asks beyond that. Pure.

use super::{
    survey::{Branch, Surveyed},
    workflows::Risk,
};
use crate::{
    config::Config,
    forges::Question,
    gates::{Answer, demands},
    model::{
        Account, Change, Contributor, ForgeFacts, Gap, Known, Place, ProtectionFacts, Request,
        RequestState, Review, ReviewState, Stated,
    },
};
use serde::Serialize;
use std::collections::BTreeMap;

/// What can be known, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Version of this format: 1.
    pub version: u32,
    /// The id of the forge that was asked; `offline` for none.
    pub forge: String,
    /// The repository as people name it; empty where no forge was asked.
    pub repository: String,
    /// Whose configuration holds: `tollgate.yaml of main (1a2b3c4d5e)`.
    pub configuration: String,
    /// The branch whose protection is looked at.
    pub branch: Option<Branch>,
    /// One entry for each fact.
    pub facts: Vec<Fact>,
    /// What the configuration asks and nobody can judge with these answers.
    pub unjudged: Vec<Unjudged>,
    /// Where a workflow of GitHub may leave the gate out.
    pub workflows: Vec<Risk>,
    /// What else is to be known about the answers.
    pub notes: Vec<String>,
}

/// One fact, known or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about.
    pub subject: About,
    /// `approvals`, `team acme/platform`.
    pub name: String,
    /// Whether it is known.
    #[serde(flatten)]
    pub state: State,
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// The request and those who reviewed it.
    Request,
    /// People in general.
    Team,
    /// The branch.
    Protection,
}

/// Whether a fact is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// It is.
    Known {
        /// What it says.
        value: String,
        /// The setting of the forge that says so, where one does.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// It is not.
    Unknown(Gap),
    /// There is nothing to know in this run.
    None {
        /// Why.
        why: String,
    },
}

/// Something that the configuration asks and that cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unjudged {
    /// Its path: `protection.require.bypass`.
    pub setting: String,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is missing for it, by name.
    pub missing: Vec<String>,
}

/// Everything that may be known is asked.
pub fn survey_question(surveyed: &Surveyed, branch: Option<&str>, now: u64) -> Question {
    let groups = surveyed.settings.config.groups.values();
    let of_groups = groups
        .filter_map(|it| it.team.as_ref())
        .map(|it| it.to_lowercase());
    let of_owners = surveyed.owners.get().into_iter().flatten().cloned();
    Question {
        proposal: surveyed.proposal.clone(),
        branch: branch.map(str::to_owned),
        reviews: true,
        protection: true,
        teams: of_groups.chain(of_owners).collect(),
        now,
        budget: None,
        recorded: None,
    }
}

impl Diagnosis {
    /// What the forge's answers come to.
    pub fn of(surveyed: &Surveyed, branch: Option<Branch>, forge: &ForgeFacts) -> Self {
        let settings = &surveyed.settings;
        let revision = Change::describe(&surveyed.revision);
        let mut facts = request(surveyed, forge);
        facts.extend(teams(forge));
        if let Err(gap) = surveyed.owners.get() {
            facts.push(Fact {
                subject: About::Team,
                name: "CODEOWNERS".to_owned(),
                state: State::Unknown(gap.clone()),
            });
        }
        facts.extend(protection(forge.protection.as_ref()));
        let mut unjudged = people(surveyed, &facts);
        unjudged.extend(settings_of_branch(surveyed, forge));
        Self {
            version: 1,
            forge: forge.forge.clone(),
            repository: forge.repository.clone(),
            configuration: match &settings.file {
                Some(file) => format!("{} of {revision}", file.path),
                None => format!("none in {revision}"),
            },
            branch,
            facts,
            unjudged,
            workflows: surveyed.workflows.clone(),
            notes: forge.notes.clone(),
        }
    }
}

/// Whether anything of a request can be known: not where a forge was asked about none.
fn without_request(surveyed: &Surveyed, forge: &ForgeFacts) -> bool {
    surveyed.proposal.is_none() && forge.forge != "offline"
}

fn request(surveyed: &Surveyed, forge: &ForgeFacts) -> Vec<Fact> {
    let fact = |name: &str, state: State| Fact {
        subject: About::Request,
        name: name.to_owned(),
        state,
    };
    if without_request(surveyed, forge) {
        let why = "this run is for no pull or merge request".to_owned();
        return vec![fact("request", State::None { why })];
    }
    let mut facts = vec![
        fact("request", state(&forge.request, about_request)),
        fact("reviews", state(&forge.reviews, |it| about_reviews(it))),
        fact("commits", state(&forge.commits, about_commits)),
        fact(
            "last pusher",
            state(&forge.last_pusher, |it| it.login.clone()),
        ),
    ];
    for (account, access) in &forge.permissions {
        let name = format!("permission of {}", login(*account, forge));
        let access = state(access, |it| {
            let text = serde_json::to_value(it).unwrap_or_default();
            text.as_str().unwrap_or_default().to_owned()
        });
        facts.push(fact(&name, access));
    }
    if forge.permissions.is_empty() && forge.reviews.get().is_ok() {
        let why = "nobody has reviewed the request, so nobody's is needed".to_owned();
        facts.push(fact("permissions", State::None { why }));
    }
    facts
}

fn state<T>(fact: &Known<T>, write: impl FnOnce(&T) -> String) -> State {
    match fact.get() {
        Ok(fact) => State::Known {
            value: write(fact),
            by: None,
        },
        Err(gap) => State::Unknown(gap.clone()),
    }
}

fn about_request(it: &Request) -> String {
    let author = it
        .author
        .as_ref()
        .map_or("an account that is gone", |it| it.login.as_str());
    let state = match (it.state, it.draft) {
        (RequestState::Open, false) => "open",
        (RequestState::Open, true) => "a draft",
        (RequestState::Closed, _) => "closed",
        (RequestState::Merged, _) => "merged",
    };
    format!("{} of {author}, {state}, for {}", it.number, it.branch)
}

fn about_reviews(all: &[Review]) -> String {
    let count = |state: ReviewState| all.iter().filter(|it| it.state == state).count();
    match all.len() {
        0 => "none".to_owned(),
        n => format!(
            "{n}, of which {} approve and {} ask for changes",
            count(ReviewState::Approved),
            count(ReviewState::ChangesRequested)
        ),
    }
}

fn about_commits(all: &BTreeMap<String, Vec<Contributor>>) -> String {
    let unmatched = all
        .values()
        .filter(|it| it.iter().any(|it| matches!(it, Contributor::Unmatched(_))))
        .count();
    match unmatched {
        0 => format!("{}, by accounts of the forge", all.len()),
        n => format!(
            "{}, {n} of them with an address that belongs to no account",
            all.len()
        ),
    }
}

/// The name of an account that reviewed; its number where it has none.
fn login(account: u64, forge: &ForgeFacts) -> String {
    let reviews = forge.reviews.get().into_iter().flatten();
    let mut accounts = reviews.filter_map(|it| it.account.as_ref());
    let found: Option<&Account> = accounts.find(|it| it.id == account);
    found.map_or_else(|| format!("account {account}"), |it| it.login.clone())
}

fn teams(forge: &ForgeFacts) -> Vec<Fact> {
    let all = forge.teams.iter();
    all.map(|(path, members)| Fact {
        subject: About::Team,
        name: format!("team {path}"),
        state: state(members, |it| match it.len() {
            1 => "1 member".to_owned(),
            n => format!("{n} members"),
        }),
    })
    .collect()
}

fn protection(told: Option<&ProtectionFacts>) -> Vec<Fact> {
    let told = told.map(ProtectionFacts::told).unwrap_or_default();
    told.into_iter()
        .map(|it| Fact {
            subject: About::Protection,
            name: it.name.to_owned(),
            state: match it.answer {
                Known::Known(Stated { value, by }) => State::Known {
                    value,
                    by: Some(by).filter(|it| !it.is_empty()),
                },
                Known::Unknown(gap) => State::Unknown(gap),
            },
        })
        .collect()
}

/// What approvals need of the request, and groups of their teams.
fn people(surveyed: &Surveyed, facts: &[Fact]) -> Vec<Unjudged> {
    let Config {
        approvals,
        emergency,
        groups,
        ..
    } = &surveyed.settings.config;
    let unknown = |it: &&Fact| matches!(it.state, State::Unknown(_));
    let lacks = |name: &str| facts.iter().filter(unknown).any(|it| it.name == name);
    let mut all = Vec::new();
    let setting = match (approvals, emergency) {
        (Some(_), _) => "approvals",
        (None, Some(_)) => "override",
        (None, None) => return all,
    };
    let of_request = facts.iter().filter(|it| it.subject == About::Request);
    let missing: Vec<String> = of_request
        .filter(unknown)
        .map(|it| it.name.clone())
        .collect();
    if !missing.is_empty() {
        all.push(unjudged(surveyed, setting, missing));
    }
    for (name, group) in groups {
        let Some(team) = &group.team else {
            continue;
        };
        let wanted = format!("team {}", team.to_lowercase());
        if lacks(&wanted) {
            let setting = format!("groups.{name}.team");
            all.push(unjudged(surveyed, &setting, vec![wanted]));
        }
    }
    let of_owners = match surveyed.owners.get() {
        Ok(teams) => teams.iter().map(|it| format!("team {it}")).collect(),
        Err(_) => vec!["CODEOWNERS".to_owned()],
    };
    let missing: Vec<String> = of_owners.into_iter().filter(|it| lacks(it)).collect();
    if !missing.is_empty() {
        all.push(unjudged(surveyed, "approvals.codeowners", missing));
    }
    all
}

fn unjudged(surveyed: &Surveyed, setting: &str, missing: Vec<String>) -> Unjudged {
    Unjudged {
        setting: setting.to_owned(),
        place: surveyed.settings.place(setting).cloned(),
        missing,
    }
}

fn settings_of_branch(surveyed: &Surveyed, forge: &ForgeFacts) -> Vec<Unjudged> {
    let Some(asked) = &surveyed.settings.config.protection else {
        return Vec::new();
    };
    let gap = Gap {
        why: "the forge was not asked about the protection".to_owned(),
        needs: "a run that asks".to_owned(),
    };
    let told = forge.protection.as_ref().ok_or(gap);
    let all = demands(&asked.require, told).into_iter();
    all.filter(|it| matches!(it.answer, Answer::Unknown(_)))
        .map(|it| unjudged(surveyed, &it.setting, vec![it.name]))
        .collect()
}

#[cfg(test)]
mod tests;

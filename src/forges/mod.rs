//! The forges: services that know who proposed a change, who agreed to it, and how the branch is
//! protected.
//!
//! One file (or folder) per forge. To add one: write `my_forge.rs`, then add its two lines below.
//! A forge is asked once in a run, by the process that judges: no worker ever holds a token. It
//! answers every question, if only by saying what it could not establish and what would mend that.

use crate::model::{ForgeFacts, Gap, Known, Proposal, ProtectionFacts};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

mod github;
mod gitlab;
mod http;
mod offline;

/// Every forge. The last one is for runs for which no other is.
pub static FORGES: &[&dyn Forge] = &[&github::Github, &gitlab::Gitlab, &offline::Offline];

/// The time for all questions of one run, unless the user gives another.
const BUDGET: Duration = Duration::from_secs(120);

/// A service that hosts the repository.
pub trait Forge: Sync {
    /// As users write it: the file's own name.
    fn id(&self) -> &'static str;

    /// Whether the variables say that the run is for this forge.
    fn recognises(&self, environment: &Environment) -> bool;

    /// Ask everything in one go. What cannot be established is unknown, and says why.
    fn ask(&self, environment: &Environment, question: &Question) -> ForgeFacts;
}

/// The variables of the process that tell of a forge: those of CI systems, and tokens.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// These variables.
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// A variable that is set to something.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }
}

/// Names only: values may be tokens.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What is asked about one change.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The request; `None` where the CI system names none.
    pub proposal: Option<Proposal>,
    /// The branch that the change would be merged into, where it is known.
    pub branch: Option<String>,
    /// Whether reviews, commits, permissions and teams are asked for.
    pub reviews: bool,
    /// Whether the protection of the branch is asked for.
    pub protection: bool,
    /// Teams whose members are asked for, by their path in small letters (`acme/platform`).
    pub teams: BTreeSet<String>,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// The time for all that a forge is asked together, tries that failed included; `None`: two
    /// minutes.
    pub budget: Option<Duration>,
    /// What an earlier run was told; the offline forge answers with it.
    pub recorded: Option<ForgeFacts>,
}

/// The forge to ask: the one that the user names, or else the one that the run is for.
///
/// # Errors
/// The names that there are, where `name` is none of them.
pub fn choose(
    name: Option<&str>,
    environment: &Environment,
) -> Result<&'static dyn Forge, Vec<&'static str>> {
    let found = match name {
        Some(name) => FORGES.iter().find(|it| it.id() == name),
        None => FORGES.iter().find(|it| it.recognises(environment)),
    };
    found
        .copied()
        .ok_or_else(|| FORGES.iter().map(|it| it.id()).collect())
}

/// Answers in which every fact is missing for one and the same reason.
pub fn nothing_known(forge: &str, repository: &str, question: &Question, gap: &Gap) -> ForgeFacts {
    ForgeFacts {
        forge: forge.to_owned(),
        repository: repository.to_owned(),
        request: Known::Unknown(gap.clone()),
        reviews: Known::Unknown(gap.clone()),
        commits: Known::Unknown(gap.clone()),
        last_pusher: Known::Unknown(gap.clone()),
        permissions: BTreeMap::new(),
        teams: question
            .teams
            .iter()
            .map(|it| (it.clone(), Known::Unknown(gap.clone())))
            .collect(),
        protection: question.protection.then(|| {
            let branch = question.branch.clone().unwrap_or_default();
            ProtectionFacts::unknown(branch, gap)
        }),
        notes: Vec::new(),
    }
}

//! What the repository says before any forge is asked: whose configuration holds, and which branch
//! the run is about.

use super::{
    Stop,
    gather::config_stop,
    owners,
    redact::Texts,
    sides::{repo_stop, sound},
    workflows::{self, Risk},
};
use crate::{
    config::{self, Codeowners},
    model::{ForgeKind, Known, Proposal, RevisionFacts, Side, owners::Owner},
    repo::{Caps, GitTree, Objects, change},
    reviews::team_of,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Which repository to look at.
#[derive(Debug, Serialize, Deserialize)]
pub struct SurveyTask {
    /// A folder of the repository.
    pub directory: PathBuf,
    /// The CI system's variables.
    pub environment: BTreeMap<String, String>,
    /// The forge by whose rules CODEOWNERS is read; that of the CI system where it is not given.
    pub forge: Option<ForgeKind>,
}

/// Where a run stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Surveyed {
    /// The commit whose configuration holds: BASE in a request, what is checked out elsewhere.
    pub revision: RevisionFacts,
    /// That configuration.
    pub settings: config::Loaded,
    /// The request that the run is for.
    pub proposal: Option<Proposal>,
    /// The branch that it is about.
    pub branch: Option<Branch>,
    /// The teams that CODEOWNERS names, as the forge is asked for them; none where owners need not
    /// approve.
    pub owners: Known<BTreeSet<String>>,
    /// Where a workflow of GitHub may leave the gate out.
    pub workflows: Vec<Risk>,
}

/// A branch, and how it was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// How it was chosen, as a clause.
    pub chosen: String,
}

pub(super) fn survey(task: &SurveyTask, read: &Texts) -> Result<Surveyed, Stop> {
    let objects = Arc::new(Objects::open(&task.directory, Caps::default()).map_err(repo_stop)?);
    let found = change::standpoint(&objects, &task.environment).map_err(repo_stop)?;
    let tree = GitTree::read(&objects, &found.revision.tree).map_err(repo_stop)?;
    let settings = config::load(&tree, &read.base).map_err(|it| config_stop(&it, &read.base));
    let settings = sound(&objects, settings)?;
    let head = found.head.map(|it| GitTree::read(&objects, &it.tree));
    let head = head.transpose().map_err(repo_stop)?;
    let forge = task.forge;
    let forge = forge.unwrap_or_else(|| owners::forge(&task.environment));
    let approvals = settings.config.approvals.as_ref();
    let owners = match approvals.map(|it| it.codeowners) {
        Some(Codeowners::Enforce) => teams(&tree, forge),
        Some(Codeowners::Ignore) | None => Known::Known(BTreeSet::new()),
    };
    let workflows = workflows::risks(&tree, head.as_ref(), &read.base);
    let surveyed = Surveyed {
        revision: RevisionFacts {
            name: found.revision.name,
            commit: Some(found.revision.commit),
            tree: Some(found.revision.tree),
        },
        settings,
        proposal: found.proposal,
        branch: (found.branch).map(|(name, chosen)| Branch { name, chosen }),
        owners,
        workflows,
    };
    sound(&objects, Ok(surveyed))
}

/// The teams in CODEOWNERS. What may be a person's name is none.
fn teams(tree: &GitTree, forge: ForgeKind) -> Known<BTreeSet<String>> {
    let needs = "a CODEOWNERS without mistakes (`tollgate explain approvals/owners-unreadable`)";
    match owners::read(tree, Side::Base, forge) {
        Ok(Some(owners)) => {
            let lines = (0..).map_while(|it| owners.line(it));
            let all = lines.flat_map(|it| it.owners);
            let teams = all.filter(|it| matches!(it, Owner::Team { .. } | Owner::Group(_)));
            Known::Known(teams.filter_map(|it| team_of(&it, forge)).collect())
        }
        Ok(None) => Known::unknown("there is no CODEOWNERS", needs),
        Err(unread) => {
            let first = unread.mistakes.into_iter().next();
            let why = first.map_or_else(String::new, |it| format!(": {}", it.message));
            Known::unknown(format!("{} cannot be read{why}", unread.file), needs)
        }
    }
}

//! What the repository says before any forge is asked: whose configuration holds, and which branch
//! the run is about.

use super::{
    Stop,
    gather::config_stop,
    redact::Texts,
    sides::repo_stop,
    workflows::{self, Risk},
};
use crate::{
    config,
    model::{Proposal, RevisionFacts},
    repo::{Caps, GitTree, Objects, change},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which repository to look at.
#[derive(Debug, Serialize, Deserialize)]
pub struct SurveyTask {
    /// A folder of the repository.
    pub directory: PathBuf,
    /// The CI system's variables.
    pub environment: BTreeMap<String, String>,
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
    let settings = config::load(&tree, &read.base).map_err(|it| config_stop(&it, &read.base))?;
    let head = found.head.map(|it| GitTree::read(&objects, &it.tree));
    let head = head.transpose().map_err(repo_stop)?;
    let workflows = workflows::risks(&tree, head.as_ref(), &read.base);
    Ok(Surveyed {
        revision: RevisionFacts {
            name: found.revision.name,
            commit: Some(found.revision.commit),
            tree: Some(found.revision.tree),
        },
        settings,
        proposal: found.proposal,
        branch: (found.branch).map(|(name, chosen)| Branch { name, chosen }),
        workflows,
    })
}

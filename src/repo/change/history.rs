//! The changes that a branch has taken in.

use super::{Revision, commit_facts, revision};
use crate::{
    model::CommitFacts,
    repo::{Objects, RepoError},
};
use git2::{Oid, Repository};

/// A commit of a branch, as a change of its first parent.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What it was merged into.
    pub base: Revision,
    /// What came of it.
    pub head: Revision,
    /// The first line of its message.
    pub title: String,
    /// Who made it.
    pub commit: CommitFacts,
}

/// A branch and its last changes.
#[derive(Clone, Debug)]
pub struct History {
    /// The branch as it is named, and its commit.
    pub tip: Revision,
    /// Changes along first parents, the newest first; fewer than asked for where the branch begins, or
    /// the clone ends.
    pub changes: Vec<Taken>,
    /// Whether the clone ends before the branch begins.
    pub shallow: bool,
    /// Whether no branch was named and none is known to be the base branch, so that it is what is
    /// checked out.
    pub guessed: bool,
}

/// The last changes of a branch; of the base branch where none is named.
///
/// # Errors
/// Where there is no such branch.
pub fn history(objects: &Objects, branch: Option<&str>, last: usize) -> Result<History, RepoError> {
    let (tip, guessed) = match branch {
        Some(name) => (super::commit(objects, name)?, false),
        None => match super::base_branch(objects)? {
            Some(tip) => (tip, false),
            None => (super::commit(objects, "HEAD")?, true),
        },
    };
    let history = objects
        .with(|repository| walk(repository, tip, last))
        .map_err(|error| RepoError::new(error.message()))?;
    Ok(History { guessed, ..history })
}

fn walk(repository: &Repository, tip: Revision, last: usize) -> Result<History, git2::Error> {
    let mut changes = Vec::new();
    let mut shallow = false;
    let mut at = repository.find_commit(Oid::from_str(&tip.commit)?)?;
    while changes.len() < last && at.parent_count() > 0 {
        let Ok(parent) = at.parent(0) else {
            shallow = true;
            break;
        };
        let message = String::from_utf8_lossy(at.message_raw_bytes());
        changes.push(Taken {
            base: revision(&parent.id().to_string(), &parent),
            head: revision(&at.id().to_string(), &at),
            title: message.lines().next().unwrap_or_default().trim().to_owned(),
            commit: commit_facts(&at),
        });
        at = parent;
    }
    // A clone that ends early shows its last commit without a parent.
    shallow |= changes.len() < last && repository.is_shallow();
    Ok(History {
        tip,
        changes,
        shallow,
        guessed: false,
    })
}

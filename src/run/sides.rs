//! Base and head of a change, opened.

use super::Stop;
use crate::{
    exit,
    repo::{
        self, Caps, GitTree, Objects, RepoError, WorkingTree,
        change::{self, Ask, Change},
    },
};
use std::path::Path;
use std::sync::Arc;
use tollgate_kustomize::FileError;

/// Two trees of one repository.
pub(super) struct Sides {
    pub(super) objects: Arc<Objects>,
    /// Which commits they are.
    pub(super) change: Change,
    pub(super) base: GitTree,
    pub(super) head: Box<dyn repo::Tree>,
}

impl Sides {
    /// Find and list both trees of the repository that a folder lies in.
    pub(super) fn open(directory: &Path, ask: &Ask<'_>) -> Result<Self, Stop> {
        let objects = Arc::new(Objects::open(directory, Caps::default()).map_err(repo_stop)?);
        let change = change::resolve(&objects, ask).map_err(repo_stop)?;
        let base = GitTree::read(&objects, &change.base.tree).map_err(repo_stop)?;
        let head: Box<dyn repo::Tree> = match change.head.revision() {
            Some(revision) => Box::new(GitTree::read(&objects, &revision.tree).map_err(repo_stop)?),
            None => Box::new(WorkingTree::read(&objects).map_err(repo_stop)?),
        };
        Ok(Self {
            objects,
            change,
            base,
            head,
        })
    }
}

/// What was found out, unless an object of the clone was missing or damaged on the way: then it may
/// be anything.
pub(super) fn sound<T>(objects: &Objects, found: Result<T, Stop>) -> Result<T, Stop> {
    match objects.fault() {
        Some(fault) => Err(repo_stop(fault)),
        None => found,
    }
}

/// A repository that cannot be read.
pub(super) fn repo_stop(error: RepoError) -> Stop {
    Stop {
        code: if error.nothing {
            exit::NOTHING
        } else {
            exit::UNKNOWN
        },
        messages: vec![error.message],
        help: error.help,
    }
}

/// A tree that cannot be read.
pub(super) fn file_stop(error: &FileError) -> Stop {
    Stop::new(exit::UNKNOWN, error.to_string())
}

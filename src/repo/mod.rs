//! Where files come from: git trees and folders, the change between two of them, and what stands
//! in a tree.
//!
//! [`Objects`] opens a repository, [`change::resolve`] finds base and head, [`GitTree`] and
//! [`WorkingTree`] are their files, [`discover`] finds overlays, policies and suites in one tree,
//! [`changed_files`] tells two trees apart. Nothing is checked out, so no attribute, filter, hook
//! or submodule of the change has any effect.

pub mod change;
mod diff;
pub mod discover;
mod folder;
mod git_tree;
mod links;
mod merge;
mod names;
mod objects;
mod working_tree;

pub use diff::changed_files;
pub use folder::Folder;
pub use git_tree::GitTree;
pub use objects::Objects;
pub use working_tree::WorkingTree;

use std::collections::BTreeMap;
use tollgate_kustomize::{FileError, Files, RepoPath};

/// Files that can be listed as a whole.
pub trait Tree: Files {
    /// Everything that is no folder, by path. Links are leaves and are not followed.
    ///
    /// # Errors
    /// Where the tree cannot be read, or is larger than [`Caps`] allow.
    fn leaves(&self) -> Result<BTreeMap<RepoPath, Leaf>, FileError>;

    /// The regular files in the order of their paths.
    ///
    /// # Errors
    /// As [`Tree::leaves`].
    fn files(&self) -> Result<Vec<RepoPath>, FileError>;

    /// The symbolic links in the order of their paths.
    ///
    /// # Errors
    /// As [`Tree::leaves`].
    fn links(&self) -> Result<Vec<RepoPath>, FileError>;

    /// What stands at `path` itself, as the forges look a path up: no link is followed, neither at
    /// its end nor on the way. `None` where nothing does, or a folder.
    ///
    /// # Errors
    /// Where something is there that git knows no name for.
    fn stands_at(&self, path: &RepoPath) -> Result<Option<LeafKind>, FileError>;

    /// Entries whose names are a danger: no text, control characters, two that differ in case only.
    fn problems(&self) -> &[FileError];

    /// The tree object, if it is one: two of them are told apart without listing both.
    fn as_git(&self) -> Option<&GitTree> {
        None
    }
}

/// What is compared when two trees are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The id that git gives the content.
    pub id: git2::Oid,
    /// What it is.
    pub kind: LeafKind,
}

/// What a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// A file.
    File,
    /// A file that may be run. Nothing here runs it.
    Executable,
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// How much one tree may ask of the reader. Source: threat row B9.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Bytes of one file; as much as one YAML file may have.
    pub file_bytes: u64,
    /// Bytes of all files that are read together.
    pub total_bytes: u64,
    /// Entries of a tree, folders included.
    pub entries: usize,
    /// Bytes of a path.
    pub path_bytes: usize,
    /// Bytes of one name in it.
    pub name_bytes: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            file_bytes: 16 << 20,
            total_bytes: 256 << 20,
            entries: 200_000,
            path_bytes: 4_096,
            name_bytes: 255,
        }
    }
}

/// Why the facts about a change cannot be established.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct RepoError {
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether all is known, and there is nothing in it to judge.
    pub nothing: bool,
}

impl RepoError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            nothing: false,
        }
    }

    /// As [`RepoError::new`], where there is nothing to judge.
    fn nothing(message: impl Into<String>) -> Self {
        Self {
            nothing: true,
            ..Self::new(message)
        }
    }

    #[must_use]
    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

fn file_error(path: &RepoPath, why: impl Into<String>) -> FileError {
    FileError {
        path: path.clone(),
        why: why.into(),
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

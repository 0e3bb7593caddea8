//! Which files differ between two trees.

use super::Tree;
use serde::{Deserialize, Serialize};
use tollgate_kustomize::{FileError, RepoPath};

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// Only the later tree has it.
    Added,
    /// Both have it, with other content or another mode.
    Modified,
    /// Only the earlier tree has it.
    Deleted,
}

/// The files that differ, in the order of their paths. A rename is one deleted and one added: a
/// file cannot leave a protected folder unseen.
///
/// # Errors
/// Where a tree cannot be listed.
pub fn changed_files(base: &dyn Tree, head: &dyn Tree) -> Result<Vec<(RepoPath, Edit)>, FileError> {
    let before = base.leaves()?;
    let after = head.leaves()?;
    let mut changed: Vec<(RepoPath, Edit)> = after
        .iter()
        .filter_map(|(path, leaf)| match before.get(path) {
            None => Some((path.clone(), Edit::Added)),
            Some(old) if old != leaf => Some((path.clone(), Edit::Modified)),
            Some(_) => None,
        })
        .collect();
    let deleted = before.keys().filter(|it| !after.contains_key(it));
    changed.extend(deleted.map(|it| (it.clone(), Edit::Deleted)));
    changed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(changed)
}

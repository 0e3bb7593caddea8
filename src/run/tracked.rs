//! Which files belong to a repository.

use crate::repo::{Caps, Objects};
use std::path::Path;

/// Whether git keeps a file, given by its absolute path without links, in the repository around it.
/// That is in the index, which git itself wrote in this clone: no worker is needed to read it.
pub fn is_tracked(file: &Path) -> bool {
    let tracked = || {
        let objects = Objects::open(file.parent()?, Caps::default()).ok()?;
        let root = objects.work_dir()?.canonicalize().ok()?;
        Some(objects.keeps(file.strip_prefix(root).ok()?))
    };
    tracked().unwrap_or(false)
}

//! A path that a person typed, as a place in a tree.

use super::Stop;
use crate::{
    exit,
    repo::{Caps, Folder},
};
use std::path::{Path, PathBuf};
use tollgate_kustomize::RepoPath;

/// The tree around a path.
pub(super) struct Opened {
    /// The git work tree that the path lies in, or the whole file system where there is none.
    pub(super) files: Folder,
    /// The path in that tree; `None` where nothing stands there.
    pub(super) path: Option<RepoPath>,
}

impl Opened {
    pub(super) fn new(directory: &Path, path: &str) -> Result<Self, Stop> {
        let unreadable = |error: std::io::Error| {
            Stop::new(
                exit::UNKNOWN,
                format!("cannot read the folder `{}`: {error}", directory.display()),
            )
        };
        let start = directory.canonicalize().map_err(unreadable)?;
        let typed = start.join(path);
        let target = typed.canonicalize().ok();
        let root = work_tree(target.as_deref().unwrap_or(&start));
        let path = target
            .as_deref()
            .map(|it| relative(&root, it))
            .transpose()?;
        let files = Folder::open(&root, Caps::default())
            .map_err(|it| Stop::new(exit::UNKNOWN, it.to_string()))?;
        Ok(Self { files, path })
    }
}

/// The nearest folder above that holds `.git`; the root of the file system where none does.
fn work_tree(path: &Path) -> PathBuf {
    let found = path.ancestors().find(|it| it.join(".git").exists());
    let found = found.or_else(|| path.ancestors().last());
    found.unwrap_or(path).to_owned()
}

fn relative(root: &Path, path: &Path) -> Result<RepoPath, Stop> {
    let text = path.strip_prefix(root).ok().and_then(Path::to_str);
    let found = text.and_then(RepoPath::new);
    found.ok_or_else(|| {
        Stop::new(
            exit::USAGE,
            format!("`{}` is not a path that can be read", path.display()),
        )
    })
}

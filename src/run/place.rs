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
    /// Whether the tree is a git work tree.
    pub(super) is_repository: bool,
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
        let found = work_tree(target.as_deref().unwrap_or(&start));
        let is_repository = found.is_some();
        let root = found.unwrap_or_else(|| PathBuf::from("/"));
        let path = target
            .as_deref()
            .map(|it| relative(&root, it))
            .transpose()?;
        let files = Folder::open(&root, Caps::default())
            .map_err(|it| Stop::new(exit::UNKNOWN, it.to_string()))?;
        Ok(Self {
            files,
            path,
            is_repository,
        })
    }
}

/// The nearest folder above that holds `.git`.
fn work_tree(path: &Path) -> Option<PathBuf> {
    let found = path.ancestors().find(|it| it.join(".git").exists());
    found.map(Path::to_owned)
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

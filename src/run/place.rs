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
    /// Where the tree begins.
    root: PathBuf,
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
            root,
        })
    }

    /// The name by which the shell that started the command can open a file of the tree: below its
    /// folder as it is, in the same repository by steps upwards, anywhere else from the root.
    pub(super) fn name(&self, path: &str) -> String {
        let shell = std::env::current_dir().and_then(|it| it.canonicalize());
        let whole = self.root.join(path);
        let from = shell
            .ok()
            .filter(|it| self.is_repository || whole.starts_with(it));
        from.and_then(|it| steps(&it, &whole, &self.root))
            .unwrap_or_else(|| whole.display().to_string())
    }
}

/// The way from a folder to a file, if the folder lies in `root` too.
fn steps(from: &Path, to: &Path, root: &Path) -> Option<String> {
    let from = from.strip_prefix(root).ok()?;
    let to = to.strip_prefix(root).ok()?;
    let common = from.components().zip(to.components());
    let common = common.take_while(|(a, b)| a == b).count();
    let mut way: PathBuf = from.components().skip(common).map(|_| "..").collect();
    way.extend(to.components().skip(common));
    if way.as_os_str().is_empty() {
        way.push(".");
    }
    Some(way.to_str()?.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_file_is_as_short_as_a_person_would_type_it() {
        let way = |from: &str, to: &str| steps(Path::new(from), Path::new(to), Path::new("/r"));
        for (from, to, want) in [
            ("/r", "/r/a/b.yaml", Some("a/b.yaml")),
            ("/r/a", "/r/a/b.yaml", Some("b.yaml")),
            ("/r/a/c", "/r/b/d.yaml", Some("../../b/d.yaml")),
            ("/r/a", "/r/a", Some(".")),
            ("/elsewhere", "/r/a", None),
        ] {
            assert_eq!(way(from, to).as_deref(), want, "{from} to {to}");
        }
    }
}

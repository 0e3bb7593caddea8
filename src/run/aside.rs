//! Files that judge a change and must not come from it.

use super::{Stop, snapshot};
use crate::{exit, repo::Tree};
use git2::{ObjectType, Oid};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use tollgate_kustomize::RepoPath;

/// See to it that a file which the user names belongs to neither tree: not as a file of it, not
/// behind a link of it, not in a submodule, and not as a copy of one of its files. A change could bring
/// its own.
///
/// # Errors
/// Where it does, or nobody can tell.
pub(super) fn refuse_inside(
    file: &Path,
    work_dir: Option<&Path>,
    trees: [&dyn Tree; 2],
) -> Result<(), Stop> {
    let shown = file.strip_prefix(".").unwrap_or(file).display();
    let cannot = |why: String| Stop::new(exit::USAGE, format!("cannot use `{shown}`: {why}"));
    let absolute = std::path::absolute(file).map_err(|it| cannot(it.to_string()))?;
    let real = file.canonicalize().map_err(|it| cannot(it.to_string()))?;
    let elsewhere = "keep it outside of the repository, in an artifact or a cache of a job on the protected branch";
    if is_copy(file, trees).map_err(cannot)? {
        let why = "a file of the repository is the same, and the change could bring its own";
        return Err(cannot(why.to_owned()).help(elsewhere));
    }
    let Some(root) = work_dir else {
        return Ok(());
    };
    let root = root.canonicalize().map_err(|it| cannot(it.to_string()))?;
    let ways = [
        within(&absolute, &root),
        real.strip_prefix(&root).ok().map(Path::to_owned),
    ];
    for way in ways.into_iter().flatten() {
        let part = part_of_tree(&way, trees).map_err(cannot)?;
        if let Some(part) = part {
            let why = if part == way {
                "it is a file of the repository, and the change could bring its own".to_owned()
            } else {
                format!(
                    "it lies behind `{}` of the repository, and the change could bring its own",
                    part.display()
                )
            };
            return Err(cannot(why).help(elsewhere));
        }
    }
    Ok(())
}

/// Whether a tree holds a file with the same bytes, wherever. A pipeline may have a second checkout.
fn is_copy(file: &Path, trees: [&dyn Tree; 2]) -> Result<bool, String> {
    let limit = u64::try_from(snapshot::LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|it| it.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|it| it.to_string())?;
    let id = Oid::hash_object(ObjectType::Blob, &bytes).map_err(|it| it.message().to_owned())?;
    for tree in trees {
        let leaves = tree.leaves().map_err(|it| it.to_string())?;
        if leaves.values().any(|it| it.id == id) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The path below `root` by which a file is named, whatever links are on the way.
fn within(file: &Path, root: &Path) -> Option<PathBuf> {
    // The outermost folder that is the root: what is below it may be named by a tree.
    let mut above: Vec<&Path> = file.ancestors().skip(1).collect();
    above.reverse();
    let folder = above
        .into_iter()
        .find(|it| it.canonicalize().is_ok_and(|it| it == root))?;
    file.strip_prefix(folder).ok().map(Path::to_owned)
}

/// The file, link or submodule of a tree that a path below the root is, or goes through.
fn part_of_tree(path: &Path, trees: [&dyn Tree; 2]) -> Result<Option<PathBuf>, String> {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        let Component::Normal(part) = part else {
            return Err("its path holds `..` below the repository's root".to_owned());
        };
        so_far.push(part);
        let text = so_far.to_str().ok_or("its path is not UTF-8")?;
        // Nothing of a tree can be there.
        if text.eq_ignore_ascii_case(".git") {
            return Ok(None);
        }
        let name = RepoPath::new(text).ok_or("its path is none that can be looked up in git")?;
        for tree in trees {
            let found = tree.stands_at(&name).map_err(|it| it.to_string())?;
            if found.is_some() {
                return Ok(Some(so_far));
            }
        }
    }
    Ok(None)
}

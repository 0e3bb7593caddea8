//! Who owns a path, and the line of CODEOWNERS that says so.

use super::{
    Stop, owners,
    sides::{repo_stop, sound},
};
use crate::{
    exit,
    model::{Change, ForgeKind, RevisionFacts, Side, owners::OwnersMistake},
    owners::{Decision, places},
    repo::{Caps, GitTree, Objects, Tree, change},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tollgate_kustomize::{EntryKind, Files, RepoPath};

/// Which paths to look up.
#[derive(Debug, Serialize, Deserialize)]
pub struct OwnersTask {
    /// A folder of the repository, from which paths are read that do not begin with `/`.
    pub directory: PathBuf,
    /// As the user typed them.
    pub paths: Vec<String>,
    /// The commit whose CODEOWNERS is read.
    pub revision: String,
    /// The CI system's variables.
    pub environment: BTreeMap<String, String>,
    /// The forge by whose rules the file is read; that of the CI system where it is not given.
    pub forge: Option<ForgeKind>,
}

/// Who owns paths.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ownership {
    /// By whose rules.
    pub dialect: ForgeKind,
    /// The commit, for people.
    pub revision: String,
    /// The file that counts; `None` where no place has one.
    pub file: Option<String>,
    /// Where files are looked for, the first one that is there counts.
    pub places: Vec<String>,
    /// Why nobody can say who owns what; then nothing is decided.
    pub mistakes: Vec<OwnersMistake>,
    /// One entry a path, in the order in which they were typed.
    pub paths: Vec<Owned>,
}

/// Who owns one path.
#[derive(Debug, Serialize, Deserialize)]
pub struct Owned {
    /// The path from the root of the repository.
    pub path: String,
    /// Whether the commit has such a file.
    pub exists: bool,
    /// Every section with a line that matches, in their order; none: nobody owns it.
    pub decisions: Vec<Decision>,
}

pub(super) fn look_up(task: &OwnersTask) -> Result<Ownership, Stop> {
    let objects = Objects::open(&task.directory, Caps::default()).map_err(repo_stop)?;
    let objects = std::sync::Arc::new(objects);
    let revision = change::commit(&objects, &task.revision).map_err(repo_stop)?;
    let tree = GitTree::read(&objects, &revision.tree).map_err(repo_stop)?;
    let folder = folder(&objects, &task.directory);
    let typed = task.paths.iter();
    let paths = typed
        .map(|it| path(&tree, &folder, it))
        .collect::<Result<Vec<RepoPath>, Stop>>()?;
    let dialect = task
        .forge
        .unwrap_or_else(|| owners::forge(&task.environment));
    let mut ownership = Ownership {
        dialect,
        revision: Change::describe(&RevisionFacts {
            name: revision.name,
            commit: Some(revision.commit),
            tree: None,
        }),
        file: None,
        places: places(dialect).map(str::to_owned).to_vec(),
        mistakes: Vec::new(),
        paths: Vec::new(),
    };
    let found = match owners::read(&tree, Side::Head, dialect) {
        Ok(found) => found,
        Err(unread) => {
            ownership.file = Some(unread.file);
            ownership.mistakes = unread.mistakes;
            return sound(&objects, Ok(ownership));
        }
    };
    for path in paths {
        let decisions = found.as_ref().map(|it| it.explain(path.as_str()));
        ownership.paths.push(Owned {
            exists: tree.stands_at(&path).is_ok_and(|it| it.is_some()),
            path: path.to_string(),
            decisions: decisions.unwrap_or_default(),
        });
    }
    ownership.file = found.map(|it| it.path().to_owned());
    sound(&objects, Ok(ownership))
}

/// Where the user is in the work tree; its root, where he is not in it.
fn folder(objects: &Objects, directory: &Path) -> RepoPath {
    let inside = || {
        let root = objects.work_dir()?.canonicalize().ok()?;
        let here = directory.canonicalize().ok()?;
        RepoPath::new(here.strip_prefix(root).ok()?.to_str()?)
    };
    inside().unwrap_or_default()
}

/// A path as it was typed: from the folder where the user is or, with `/` before it, from the root, as
/// CODEOWNERS writes it.
fn path(tree: &GitTree, folder: &RepoPath, typed: &str) -> Result<RepoPath, Stop> {
    let wrong = |message: String, help: &str| Stop::new(exit::USAGE, message).help(help);
    let found = match typed.strip_prefix('/') {
        Some(from_root) => RepoPath::new(from_root),
        None => folder.join(typed),
    };
    let found = found.filter(|it| !it.as_str().is_empty()).ok_or_else(|| {
        wrong(
            format!("`{typed}` is no path of a file in the repository"),
            "write it from the folder where you are, or with `/` before it from the root of the repository",
        )
    })?;
    let is_folder = matches!(tree.kind(&found), Ok(Some(EntryKind::Directory)));
    if typed.ends_with('/') || is_folder {
        return Err(wrong(
            format!("`{found}` is a folder, and owners are those of files"),
            "name a file in it; the file need not exist yet",
        ));
    }
    Ok(found)
}

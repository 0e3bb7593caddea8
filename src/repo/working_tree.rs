//! The work tree as the next commit would record it.

use super::{
    Folder, Leaf, LeafKind, Objects, RepoError, Tree, file_error, links, links::Entry, names,
};
use ignore::WalkBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};

/// The folder of a repository as it stands: what is tracked and what is new, without what git
/// ignores. For looking before a commit; nothing is handed off from it, because what is judged is
/// not recorded anywhere.
///
/// Contents are compared as they lie on disk: a file that git would convert when it is added
/// (`autocrlf`, Git LFS) counts as changed.
pub struct WorkingTree {
    folder: Folder,
    /// The entries of each folder that are seen.
    seen: BTreeMap<RepoPath, BTreeSet<String>>,
    submodules: BTreeSet<RepoPath>,
    problems: Vec<FileError>,
}

/// The mode of a submodule in the index. Source: git `Documentation/gitformat-index`.
const SUBMODULE: u32 = 0o160_000;

impl WorkingTree {
    /// List the work tree of a repository.
    ///
    /// # Errors
    /// Where there is none, or it cannot be listed.
    pub fn read(objects: &Objects) -> Result<Self, RepoError> {
        let root = objects.work_dir().ok_or_else(|| {
            RepoError::new("a bare repository has no work tree").help("name a commit with `--head`")
        })?;
        let mut tree = Self {
            folder: Folder::open(root, *objects.caps())?,
            seen: BTreeMap::new(),
            submodules: BTreeSet::new(),
            problems: Vec::new(),
        };
        tree.seen.insert(RepoPath::root(), BTreeSet::new());
        let mut entries = 0;
        tree.tracked(objects, &mut entries)?;
        tree.new_files(&mut entries)?;
        tree.twins();
        Ok(tree)
    }

    /// What the index lists and is still there.
    fn tracked(&mut self, objects: &Objects, entries: &mut usize) -> Result<(), RepoError> {
        let paths = objects
            .with(|repository| {
                Ok(repository
                    .index()?
                    .iter()
                    .map(|it| (it.path, it.mode))
                    .collect::<Vec<_>>())
            })
            .map_err(|error| {
                RepoError::new(format!("cannot read the index: {}", error.message()))
            })?;
        for (path, mode) in paths {
            match std::str::from_utf8(&path).ok().and_then(RepoPath::new) {
                Some(path) => {
                    let there = self
                        .folder
                        .look(&path)
                        .map_err(|error| RepoError::new(error.to_string()))?;
                    if mode == SUBMODULE {
                        self.submodules.insert(path.clone());
                    }
                    if there.is_some() {
                        self.see(&path, entries)?;
                    }
                }
                None => self.refuse(&path),
            }
        }
        Ok(())
    }

    /// What is there and not ignored.
    fn new_files(&mut self, entries: &mut usize) -> Result<(), RepoError> {
        let root = self.folder.root().to_owned();
        let walk = WalkBuilder::new(&root)
            .hidden(false)
            .ignore(false)
            // git looks no higher than its own root.
            .parents(false)
            .follow_links(false)
            .filter_entry(|it| it.file_name() != ".git")
            .build();
        for entry in walk {
            let entry = entry
                .map_err(|error| RepoError::new(format!("cannot list the work tree: {error}")))?;
            if entry.file_type().is_none_or(|it| it.is_dir()) {
                continue;
            }
            let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            match below.to_str().and_then(RepoPath::new) {
                Some(path) => self.see(&path, entries)?,
                None => self.refuse(below.as_os_str().as_encoded_bytes()),
            }
        }
        Ok(())
    }

    fn see(&mut self, path: &RepoPath, entries: &mut usize) -> Result<(), RepoError> {
        if let Some(why) = names::refused(path.name(), self.folder.caps()) {
            self.problems.push(file_error(
                &path.parent().unwrap_or_default(),
                format!(
                    "its entry `{}`: {why}",
                    names::shown(path.name().as_bytes())
                ),
            ));
            return Ok(());
        }
        if self
            .submodules
            .iter()
            .any(|it| it != path && path.is_within(it))
        {
            return Ok(());
        }
        let mut at = path.clone();
        while let Some(parent) = at.parent() {
            let new = self
                .seen
                .entry(parent.clone())
                .or_default()
                .insert(at.name().to_owned());
            if !new {
                break;
            }
            *entries += 1;
            at = parent;
        }
        if *entries > self.folder.caps().entries {
            return Err(RepoError::new(format!(
                "the work tree has more than {} entries",
                self.folder.caps().entries
            )));
        }
        Ok(())
    }

    fn refuse(&mut self, path: &[u8]) {
        let why = format!(
            "its entry `{}` has a name that is no text",
            names::shown(path)
        );
        self.problems.push(file_error(&RepoPath::root(), why));
    }

    fn twins(&mut self) {
        for (folder, entries) in &self.seen {
            for (a, b) in names::twins(entries.iter().map(String::as_str)) {
                let why =
                    format!("its entries `{a}` and `{b}` are one file where case does not count");
                self.problems.push(file_error(folder, why));
            }
        }
    }

    fn look(&self, path: &RepoPath) -> Result<Option<Entry>, FileError> {
        let seen = path.parent().is_none_or(|folder| {
            self.seen
                .get(&folder)
                .is_some_and(|it| it.contains(path.name()))
        });
        if !seen {
            return Ok(None);
        }
        if self.submodules.contains(path) {
            return Ok(Some(Entry::Submodule));
        }
        self.folder.look(path)
    }

    fn of_kind(&self, wanted: impl Fn(&Entry) -> bool) -> Result<Vec<RepoPath>, FileError> {
        let mut paths = Vec::new();
        for path in self.paths() {
            if self.look(&path)?.as_ref().is_some_and(&wanted) {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        Ok(paths)
    }

    fn paths(&self) -> impl Iterator<Item = RepoPath> {
        self.seen
            .iter()
            .flat_map(|(folder, names)| names.iter().filter_map(|it| folder.join(it)))
    }
}

impl Files for WorkingTree {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        match links::follow(path, |it| self.look(it))? {
            Some((at, EntryKind::File)) => self.folder.bytes(&at).map(Some),
            Some((_, EntryKind::Directory)) | None => Ok(None),
        }
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        Ok(links::follow(path, |it| self.look(it))?.map(|(_, kind)| kind))
    }

    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        Ok(links::follow(path, |it| self.look(it))?.map_or_else(|| path.clone(), |(at, _)| at))
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        match links::follow(path, |it| self.look(it))? {
            Some((at, EntryKind::Directory)) => Ok(self
                .seen
                .get(&at)
                .map(|it| it.iter().cloned().collect())
                .unwrap_or_default()),
            Some((_, EntryKind::File)) | None => Ok(Vec::new()),
        }
    }
}

impl Tree for WorkingTree {
    fn leaves(&self) -> Result<BTreeMap<RepoPath, Leaf>, FileError> {
        let mut leaves = BTreeMap::new();
        for path in self.paths().filter(|it| !self.seen.contains_key(it)) {
            let leaf = if self.submodules.contains(&path) {
                // Which commit it is at is not asked: it is shown as changed.
                Some(Leaf {
                    id: git2::Oid::ZERO_SHA1,
                    kind: LeafKind::Submodule,
                })
            } else {
                self.folder.leaf(&path)?
            };
            leaves.extend(leaf.map(|it| (path, it)));
        }
        Ok(leaves)
    }

    fn files(&self) -> Result<Vec<RepoPath>, FileError> {
        self.of_kind(|it| matches!(it, Entry::File))
    }

    fn links(&self) -> Result<Vec<RepoPath>, FileError> {
        self.of_kind(|it| matches!(it, Entry::Link(_)))
    }

    fn stands_at(&self, path: &RepoPath) -> Result<Option<LeafKind>, FileError> {
        links::stands_at(path, |it| self.look(it))
    }

    fn problems(&self) -> &[FileError] {
        &self.problems
    }
}

//! Tiny repositories for tests, written object by object, so that they can be as broken as an
//! attacker makes them.

use super::{Caps, GitTree, Objects};
use git2::{ObjectType, Oid, Repository, RepositoryInitOptions, Signature, Time};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tollgate_kustomize::RepoPath;

pub(super) const FILE: u32 = 0o100_644;
pub(super) const LINK: u32 = 0o120_000;
pub(super) const SUBMODULE: u32 = 0o160_000;
pub(super) const FOLDER: u32 = 0o040_000;

/// A repository in a folder of its own, and the files of its next commit.
pub(super) struct TestRepo {
    folder: TempDir,
    pub(super) git: Repository,
    files: BTreeMap<String, (u32, Oid)>,
}

impl TestRepo {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut options = RepositoryInitOptions::new();
        options.initial_head("main");
        let git = Repository::init_opts(folder.path(), &options).expect("a new repository");
        Self {
            folder,
            git,
            files: BTreeMap::new(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn objects(&self) -> Arc<Objects> {
        self.objects_with(Caps::default())
    }

    pub(super) fn objects_with(&self, caps: Caps) -> Arc<Objects> {
        Arc::new(Objects::open(self.path(), caps).expect("the repository just made"))
    }

    pub(super) fn file(&mut self, path: &str, text: impl AsRef<[u8]>) -> &mut Self {
        self.entry(path, FILE, text)
    }

    pub(super) fn link(&mut self, path: &str, target: impl AsRef<[u8]>) -> &mut Self {
        self.entry(path, LINK, target)
    }

    pub(super) fn entry(&mut self, path: &str, mode: u32, bytes: impl AsRef<[u8]>) -> &mut Self {
        let id = self.blob(bytes);
        self.files.insert(path.to_owned(), (mode, id));
        self
    }

    pub(super) fn remove(&mut self, path: &str) -> &mut Self {
        self.files.remove(path).expect("a file to remove");
        self
    }

    pub(super) fn blob(&self, bytes: impl AsRef<[u8]>) -> Oid {
        self.git.blob(bytes.as_ref()).expect("a blob")
    }

    /// A tree object of exactly these entries.
    pub(super) fn raw_tree(&self, entries: &[(u32, &[u8], Oid)]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend(format!("{mode:o} ").as_bytes());
            bytes.extend(*name);
            bytes.push(0);
            bytes.extend(id.as_bytes());
        }
        let odb = self.git.odb().expect("objects");
        odb.write(ObjectType::Tree, &bytes).expect("a tree")
    }

    /// The tree of the files so far.
    pub(super) fn tree(&self) -> Oid {
        let files: Vec<(&str, u32, Oid)> = self
            .files
            .iter()
            .map(|(path, (mode, id))| (path.as_str(), *mode, *id))
            .collect();
        self.folder_of(&files)
    }

    fn folder_of(&self, files: &[(&str, u32, Oid)]) -> Oid {
        let mut here: Vec<(u32, Vec<u8>, Oid)> = Vec::new();
        let mut below: BTreeMap<&str, Vec<(&str, u32, Oid)>> = BTreeMap::new();
        for (path, mode, id) in files {
            match path.split_once('/') {
                Some((folder, rest)) => below.entry(folder).or_default().push((rest, *mode, *id)),
                None => here.push((*mode, path.as_bytes().to_vec(), *id)),
            }
        }
        for (folder, files) in below {
            here.push((FOLDER, folder.as_bytes().to_vec(), self.folder_of(&files)));
        }
        // git sorts a folder as if its name ended in a slash.
        here.sort_by_key(|(mode, name, _)| {
            let mut key = name.clone();
            if *mode == FOLDER {
                key.push(b'/');
            }
            key
        });
        let entries: Vec<(u32, &[u8], Oid)> = here
            .iter()
            .map(|(mode, name, id)| (*mode, name.as_slice(), *id))
            .collect();
        self.raw_tree(&entries)
    }

    /// Commit the files so far on top of `parents` and let `reference` name the commit.
    pub(super) fn commit(&self, reference: &str, parents: &[Oid]) -> Oid {
        let who = Signature::new("ann", "ann@example.com", &Time::new(1_700_000_000, 0))
            .expect("a signature");
        let tree = self.git.find_tree(self.tree()).expect("the tree just made");
        let parents: Vec<_> = parents
            .iter()
            .map(|it| self.git.find_commit(*it).expect("a parent"))
            .collect();
        let id = self
            .git
            .commit(
                None,
                &who,
                &who,
                "a change",
                &tree,
                &parents.iter().collect::<Vec<_>>(),
            )
            .expect("a commit");
        self.git
            .reference(reference, id, true, "test")
            .expect("a reference");
        id
    }

    /// The files so far, read back.
    pub(super) fn git_tree(&self) -> GitTree {
        GitTree::read(&self.objects(), &self.tree().to_string()).expect("a tree")
    }
}

pub(super) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect(text)
}

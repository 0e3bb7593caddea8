//! A folder of the file system.

use super::{
    Caps, Leaf, LeafKind, RepoError, Tree, file_error, git_tree::is_large_file_pointer, links,
    links::Entry,
};
use git2::{ObjectType, Oid};
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};

/// A folder and all below it, read from disk when asked for. Links lead nowhere outside; `.git` is
/// not there.
pub struct Folder {
    root: PathBuf,
    caps: Caps,
}

impl Folder {
    /// The folder at `root`; links on the way to it are followed.
    ///
    /// # Errors
    /// Where there is no such folder.
    pub fn open(root: &Path, caps: Caps) -> Result<Self, RepoError> {
        let cannot = |why: String| {
            RepoError::new(format!(
                "cannot read the folder `{}`: {why}",
                root.display()
            ))
        };
        let full = root
            .canonicalize()
            .map_err(|error| cannot(error.to_string()))?;
        if !full.is_dir() {
            return Err(cannot("it is no folder".to_owned()));
        }
        Ok(Self { root: full, caps })
    }

    /// Where the folder is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn caps(&self) -> &Caps {
        &self.caps
    }

    pub(super) fn look(&self, path: &RepoPath) -> Result<Option<Entry>, FileError> {
        if path.name().eq_ignore_ascii_case(".git") {
            return Ok(None);
        }
        let full = self.root.join(path.as_str());
        let meta = match fs::symlink_metadata(&full) {
            Ok(meta) => meta,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(file_error(path, error.to_string())),
        };
        let kind = meta.file_type();
        Ok(Some(if kind.is_dir() {
            Entry::Directory
        } else if kind.is_file() {
            Entry::File
        } else if kind.is_symlink() {
            let target =
                fs::read_link(&full).map_err(|error| file_error(path, error.to_string()))?;
            match target.to_str() {
                Some(target) => Entry::Link(target.to_owned()),
                None => {
                    Entry::Unreadable(format!("the target of the link `{path}` is no UTF-8 text"))
                }
            }
        } else {
            Entry::Unreadable("it is a device, pipe or socket".to_owned())
        }))
    }

    /// The bytes of the file at a path that has no links.
    pub(super) fn bytes(&self, path: &RepoPath) -> Result<Arc<[u8]>, FileError> {
        let error = |error: std::io::Error| file_error(path, error.to_string());
        let file = fs::File::open(self.root.join(path.as_str())).map_err(error)?;
        let mut bytes = Vec::new();
        // What the metadata says of the size may be old by now; what is read counts.
        file.take(self.caps.file_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(error)?;
        if bytes.len() as u64 > self.caps.file_bytes {
            return Err(file_error(
                path,
                format!(
                    "it has more than the {} bytes that are read",
                    self.caps.file_bytes
                ),
            ));
        }
        if is_large_file_pointer(&bytes) {
            return Err(file_error(
                path,
                "it is a Git LFS pointer: its content is not here",
            ));
        }
        Ok(Arc::from(bytes))
    }

    /// What git would record of the leaf at a path.
    pub(super) fn leaf(&self, path: &RepoPath) -> Result<Option<Leaf>, FileError> {
        let id = |bytes: &[u8]| {
            Oid::hash_object(ObjectType::Blob, bytes).map_err(|it| file_error(path, it.message()))
        };
        match self.look(path)? {
            Some(Entry::File) => Ok(Some(Leaf {
                id: id(&self.bytes(path)?)?,
                kind: if self.may_be_run(path) {
                    LeafKind::Executable
                } else {
                    LeafKind::File
                },
            })),
            Some(Entry::Link(target)) => Ok(Some(Leaf {
                id: id(target.as_bytes())?,
                kind: LeafKind::Link,
            })),
            Some(Entry::Unreadable(why)) => Err(file_error(path, why)),
            Some(Entry::Submodule) => Err(file_error(path, "it is a submodule")),
            Some(Entry::Directory) | None => Ok(None),
        }
    }

    #[cfg(unix)]
    fn may_be_run(&self, path: &RepoPath) -> bool {
        use std::os::unix::fs::PermissionsExt;
        fs::symlink_metadata(self.root.join(path.as_str()))
            .is_ok_and(|it| it.permissions().mode() & 0o100 != 0)
    }

    #[cfg(not(unix))]
    fn may_be_run(&self, _: &RepoPath) -> bool {
        false
    }

    fn names(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        let error = |error: std::io::Error| file_error(path, error.to_string());
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(path.as_str())).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            match name.to_str() {
                Some(name) if name.eq_ignore_ascii_case(".git") => {}
                Some(name) if name.chars().any(char::is_control) => {
                    return Err(file_error(
                        path,
                        "one of its entries has control characters in its name",
                    ));
                }
                Some(name) => names.push(name.to_owned()),
                None => {
                    return Err(file_error(
                        path,
                        "one of its entries has a name that is no UTF-8 text",
                    ));
                }
            }
            if names.len() > self.caps.entries {
                return Err(file_error(
                    path,
                    format!("it has more than {} entries", self.caps.entries),
                ));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn of_kind(&self, wanted: impl Fn(&Entry) -> bool) -> Result<Vec<RepoPath>, FileError> {
        let found = self.walk()?;
        let wanted = found.into_iter().filter(|(_, entry)| wanted(entry));
        let mut paths: Vec<RepoPath> = wanted.map(|(path, _)| path).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    /// Everything below that is no folder, links not followed.
    fn walk(&self) -> Result<Vec<(RepoPath, Entry)>, FileError> {
        let mut open = vec![RepoPath::root()];
        let mut found = Vec::new();
        let mut entries = 0;
        while let Some(folder) = open.pop() {
            let names = self.names(&folder)?;
            entries += names.len();
            if entries > self.caps.entries {
                return Err(file_error(
                    &folder,
                    format!("the tree has more than {} entries", self.caps.entries),
                ));
            }
            for name in names {
                let Some(path) = folder.join(&name) else {
                    continue;
                };
                match self.look(&path)? {
                    Some(Entry::Directory) => open.push(path),
                    Some(entry) => found.push((path, entry)),
                    None => {}
                }
            }
        }
        Ok(found)
    }
}

impl Files for Folder {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        match links::follow(path, |it| self.look(it))? {
            Some((at, EntryKind::File)) => self.bytes(&at).map(Some),
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
            Some((at, EntryKind::Directory)) => self.names(&at),
            Some((_, EntryKind::File)) | None => Ok(Vec::new()),
        }
    }
}

impl Tree for Folder {
    fn leaves(&self) -> Result<BTreeMap<RepoPath, Leaf>, FileError> {
        let mut leaves = BTreeMap::new();
        for (path, _) in self.walk()? {
            if let Some(leaf) = self.leaf(&path)? {
                leaves.insert(path, leaf);
            }
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
        &[]
    }
}

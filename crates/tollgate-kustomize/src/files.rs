//! What a build may read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A path inside of one tree: relative, normalised, `/`-separated, never leading out. The root is
/// the empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// The root of the tree.
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// A path from text; `None` where it is absolute, leads out of the tree, or holds a NUL or
    /// another control character. Backslashes are ordinary characters, as they are to git.
    pub fn new(text: &str) -> Option<Self> {
        Self::root().join(text)
    }

    /// This path and a relative one (`.` and `..` are resolved); `None` as for [`RepoPath::new`].
    pub fn join(&self, relative: &str) -> Option<Self> {
        if relative.starts_with('/') || relative.chars().any(char::is_control) {
            return None;
        }
        let mut parts: Vec<&str> = self.0.split('/').filter(|it| !it.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                _ => parts.push(part),
            }
        }
        Some(Self(Arc::from(parts.join("/"))))
    }

    /// The folder that holds this path; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.rfind('/').unwrap_or(0);
        Some(Self(Arc::from(&self.0[..end])))
    }

    /// The last part; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether this is `folder` or lies below it.
    pub fn is_within(&self, folder: &Self) -> bool {
        folder.0.is_empty()
            || *self == *folder
            || self
                .0
                .strip_prefix(&*folder.0)
                .is_some_and(|it| it.starts_with('/'))
    }

    /// The text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

/// What stands at a path, links already followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Directory,
}

/// Why a path could not be read although something is there.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot read `{path}`: {why}")]
pub struct FileError {
    /// The path as asked.
    pub path: RepoPath,
    /// What went wrong: a link that leads out of the tree, a file over the size limit, I/O.
    pub why: String,
}

/// A tree of files: a git tree, a folder, or a map in a test. Implementations follow links inside
/// of the tree and refuse those that lead out.
pub trait Files: Sync {
    /// The bytes of a file; `None` where there is no file (nothing, or a folder).
    ///
    /// # Errors
    /// Where something is there that cannot be read.
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError>;

    /// What stands at `path`; `None` where nothing does.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError>;

    /// The path that links on the way to `path` lead to; `path` itself where there are none.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        Ok(path.clone())
    }

    /// Names in a folder, sorted; empty where there is no folder.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError>;
}

/// Files in memory, for tests and for embedded repositories.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<RepoPath, Arc<[u8]>>);

impl MemoryFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same files and one more. Paths that are no [`RepoPath`] are left out.
    #[must_use]
    pub fn with(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        if let Some(path) = RepoPath::new(path) {
            self.0.insert(path, Arc::from(text.as_ref()));
        }
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        Ok(self.0.get(path).cloned())
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        if self.0.contains_key(path) {
            return Ok(Some(EntryKind::File));
        }
        let below = self.0.keys().any(|it| it != path && it.is_within(path));
        Ok(below.then_some(EntryKind::Directory))
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        let skip = if path.as_str().is_empty() {
            0
        } else {
            path.as_str().len() + 1
        };
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter(|it| *it != path && it.is_within(path))
            .filter_map(|it| {
                it.as_str()
                    .get(skip..)?
                    .split('/')
                    .next()
                    .map(str::to_owned)
            })
            .collect();
        names.dedup();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_never_lead_out() {
        let base = RepoPath::new("apps/a/overlays/dev").expect("a path");
        assert_eq!(
            base.join("../../base").expect("inside").as_str(),
            "apps/a/base"
        );
        for bad in ["../../../../../x", "/etc/passwd", "a\0b"] {
            assert_eq!(base.join(bad), None, "{bad}");
        }
        assert_eq!(RepoPath::new("a//./b/").expect("a path").as_str(), "a/b");
        assert!(base.is_within(&RepoPath::root()));
        assert!(
            !RepoPath::new("ab")
                .expect("a path")
                .is_within(&RepoPath::new("a").expect("a path"))
        );
    }

    #[test]
    fn memory_files_have_folders() {
        let files = MemoryFiles::new()
            .with("a/b.yaml", "x")
            .with("a/c/d.yaml", "y");
        let a = RepoPath::new("a").expect("a path");
        assert_eq!(
            files.kind(&a).expect("readable"),
            Some(EntryKind::Directory)
        );
        assert_eq!(files.list(&a).expect("readable"), ["b.yaml", "c"]);
        assert_eq!(files.list(&RepoPath::root()).expect("readable"), ["a"]);
    }
}

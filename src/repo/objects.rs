//! The objects of a repository, read once and shared by all trees of a run.

use super::{Caps, RepoError};
use git2::{ErrorCode, ObjectType, Oid, Repository, RepositoryOpenFlags};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError, RwLock};

/// A repository whose objects are read, never its work tree.
///
/// libgit2 starts no program for what happens here: hooks, filter drivers, `core.fsmonitor`, merge
/// drivers and credential helpers of the repository's configuration stay without effect.
pub struct Objects {
    git_dir: PathBuf,
    work_dir: Option<PathBuf>,
    /// Open handles that no thread is using: one cannot be shared.
    idle: Mutex<Vec<Repository>>,
    blobs: RwLock<Blobs>,
    caps: Caps,
}

/// What has been read.
#[derive(Default)]
struct Blobs {
    by_id: HashMap<Oid, Arc<[u8]>>,
    bytes: u64,
}

impl Objects {
    /// Open the repository that `path` lies in. Variables such as `GIT_DIR` are not consulted.
    ///
    /// # Errors
    /// Where there is no repository, or it belongs to another user.
    pub fn open(path: &Path, caps: Caps) -> Result<Self, RepoError> {
        static ONCE: Once = Once::new();
        // Transfers have checked every object already; hashing all of them again costs a third of
        // the time to read a tree.
        ONCE.call_once(|| git2::opts::strict_hash_verification(false));
        let repository =
            Repository::open_ext(path, RepositoryOpenFlags::empty(), [] as [&OsStr; 0])
                .map_err(|error| cannot_open(path, &error))?;
        Ok(Self {
            git_dir: repository.path().to_owned(),
            work_dir: repository.workdir().map(Path::to_owned),
            idle: Mutex::new(vec![repository]),
            blobs: RwLock::default(),
            caps,
        })
    }

    /// The root of the work tree; `None` for a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.work_dir.as_deref()
    }

    pub(super) fn caps(&self) -> &Caps {
        &self.caps
    }

    /// Run `work` on a handle that no other thread uses meanwhile.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Repository) -> Result<T, git2::Error>,
    ) -> Result<T, git2::Error> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let repository = match idle {
            Some(repository) => repository,
            None => Repository::open_ext(
                &self.git_dir,
                RepositoryOpenFlags::NO_SEARCH,
                [] as [&OsStr; 0],
            )?,
        };
        let result = work(&repository);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(repository);
        result
    }

    /// The bytes of a blob. Its size is looked at before its content.
    pub(super) fn blob(&self, id: Oid) -> Result<Arc<[u8]>, String> {
        let read = self.blobs.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = read.by_id.get(&id) {
            return Ok(bytes.clone());
        }
        drop(read);
        let bytes = self
            .with(|repository| Ok(self.read(repository, id)))
            .map_err(|it| it.message().to_owned())??;
        let mut held = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have read it meanwhile: it is counted once.
        if let Some(bytes) = held.by_id.get(&id) {
            return Ok(bytes.clone());
        }
        let total = held.bytes + bytes.len() as u64;
        if total > self.caps.total_bytes {
            return Err(format!(
                "all files together have more than {} bytes",
                self.caps.total_bytes
            ));
        }
        held.bytes = total;
        held.by_id.insert(id, bytes.clone());
        Ok(bytes)
    }

    fn read(&self, repository: &Repository, id: Oid) -> Result<Arc<[u8]>, String> {
        let odb = repository.odb().map_err(|it| missing(&it))?;
        let (size, kind) = odb.read_header(id).map_err(|it| missing(&it))?;
        if kind != ObjectType::Blob {
            return Err(format!("the tree calls {id} a file, but it is a {kind}"));
        }
        let size = size as u64;
        if size > self.caps.file_bytes {
            return Err(format!(
                "it has {size} bytes, more than the {} that are read",
                self.caps.file_bytes
            ));
        }
        let object = odb.read(id).map_err(|it| missing(&it))?;
        Ok(Arc::from(object.data()))
    }
}

fn missing(error: &git2::Error) -> String {
    if error.code() == ErrorCode::NotFound {
        return "its content is not in this clone: fetch without `--filter`".to_owned();
    }
    error.message().to_owned()
}

fn cannot_open(path: &Path, error: &git2::Error) -> RepoError {
    let shown = path.display();
    match error.code() {
        ErrorCode::NotFound => RepoError::new(format!("`{shown}` is not in a git repository"))
            .help("run this inside of one, or name it with `-C DIR`"),
        ErrorCode::Owner => {
            let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            RepoError::new(format!("the repository at `{shown}` belongs to another user, so its settings are not trusted"))
                .help(format!("run `git config --global --add safe.directory {}` as the user that runs this", full.display()))
        }
        _ => RepoError::new(format!(
            "cannot open the repository at `{shown}`: {}",
            error.message()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::{Error, ErrorClass};

    /// libgit2 looks at the owner itself; making a folder of another user takes more rights than a
    /// test has.
    #[test]
    fn a_repository_of_another_user_is_explained() {
        let error = Error::new(ErrorCode::Owner, ErrorClass::Config, "not owned");
        let error = cannot_open(Path::new("/nowhere"), &error);
        assert!(error.message.contains("belongs to another user"), "{error}");
        let help = error.help.expect("advice");
        assert!(
            help.contains("git config --global --add safe.directory /nowhere"),
            "{help}"
        );
    }
}

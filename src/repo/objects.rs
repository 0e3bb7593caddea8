//! The objects of a repository, read once and shared by all trees of a run.

use super::{Caps, RepoError};
use git2::{ErrorCode, ObjectType, Oid, Repository, RepositoryOpenFlags};
use sha1::{Digest, Sha1};
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
    /// Trees that were made here and are in no repository.
    made: RwLock<HashMap<Oid, Arc<[u8]>>>,
    /// Why what was read cannot be trusted to be all: the first by its text.
    fault: Mutex<Option<RepoError>>,
    caps: Caps,
}

/// One line of a tree object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TreeEntry {
    /// Kind and permission.
    pub(super) mode: u32,
    /// Any bytes but `/` and NUL.
    pub(super) name: Vec<u8>,
    /// What is there.
    pub(super) id: Oid,
}

/// Bytes of one tree object; a folder of a hundred thousand entries is well below.
const LARGEST_TREE: u64 = 32 << 20;

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
        // What is read here is hashed here, with the instructions of the processor for it.
        ONCE.call_once(|| git2::opts::strict_hash_verification(false));
        let repository =
            Repository::open_ext(path, RepositoryOpenFlags::empty(), [] as [&OsStr; 0])
                .map_err(|error| cannot_open(path, &error))?;
        Ok(Self {
            git_dir: repository.path().to_owned(),
            work_dir: repository.workdir().map(Path::to_owned),
            idle: Mutex::new(vec![repository]),
            blobs: RwLock::default(),
            made: RwLock::default(),
            fault: Mutex::default(),
            caps,
        })
    }

    /// Begin with another change. What was wrong with the last one says nothing of it; nor does what was
    /// read of others count, which is forgotten where it fills half of what one may read.
    pub fn begin(&self) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut held = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        if held.bytes > self.caps.total_bytes / 2 {
            *held = Blobs::default();
        }
    }

    /// The root of the work tree; `None` for a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.work_dir.as_deref()
    }

    /// Whether a file of the work tree is known to git.
    pub fn keeps(&self, path: &Path) -> bool {
        let known = self.with(|repository| Ok(repository.index()?.get_path(path, 0).is_some()));
        known.unwrap_or(false)
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
        let bytes = self.read(id, ObjectType::Blob, self.caps.file_bytes)?;
        self.hold(id, Arc::from(bytes))
    }

    fn hold(&self, id: Oid, bytes: Arc<[u8]>) -> Result<Arc<[u8]>, String> {
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

    /// The entries of a tree, as they stand there.
    pub(super) fn tree(&self, id: Oid) -> Result<Vec<TreeEntry>, String> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let made = made.get(&id).cloned();
        let entries = match made {
            Some(bytes) => tree_entries(&bytes),
            None => tree_entries(&self.read(id, ObjectType::Tree, LARGEST_TREE)?),
        };
        entries.ok_or_else(|| format!("the object {id} is no tree that can be read"))
    }

    /// Keep an object that this run makes, without writing it anywhere.
    pub(super) fn keep(&self, kind: ObjectType, bytes: Vec<u8>) -> Result<Oid, String> {
        let id = Oid::hash_object(kind, &bytes).map_err(|it| it.message().to_owned())?;
        if kind == ObjectType::Tree {
            let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
            made.insert(id, Arc::from(bytes));
        } else {
            self.hold(id, Arc::from(bytes))?;
        }
        Ok(id)
    }

    /// See to it that a commit is what its id says.
    pub(super) fn verify_commit(&self, id: Oid) -> Result<(), RepoError> {
        const LARGEST_COMMIT: u64 = 16 << 20;
        let read = self.read(id, ObjectType::Commit, LARGEST_COMMIT);
        read.map(drop).map_err(|why| {
            self.fault()
                .unwrap_or_else(|| RepoError::new(format!("cannot read the commit {id}: {why}")))
        })
    }

    /// Why what was read is not all that there is, or not what it should be: an object that was asked
    /// for is missing or damaged. Whatever was concluded without it is worth nothing.
    pub fn fault(&self) -> Option<RepoError> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.clone()
    }

    /// Read an object and hash it: an object with another content than its id says is refused. Its
    /// size is looked at before its content.
    fn read(&self, id: Oid, kind: ObjectType, most: u64) -> Result<Vec<u8>, String> {
        let read = self.with(|repository| {
            let odb = repository.odb()?;
            let (size, is) = odb.read_header(id)?;
            if is != kind {
                return Ok(Err(format!(
                    "the object {id} should be a {kind}, but it is a {is}"
                )));
            }
            let size = size as u64;
            if size > most {
                return Ok(Err(format!(
                    "it has {size} bytes, more than the {most} that are read"
                )));
            }
            Ok(Ok(odb.read(id)?.data().to_vec()))
        });
        let bytes = match read {
            Ok(read) => read?,
            Err(error) => return Err(self.note(&lacking(id, &error))),
        };
        let mut hash = Sha1::new();
        hash.update(format!("{kind} {}\0", bytes.len()));
        hash.update(&bytes);
        if hash.finalize().as_slice() != id.as_bytes() {
            let fault = RepoError::new(format!(
                "the content of the object {id} is not what its id says"
            ));
            return Err(self.note(&fault.help(DAMAGED)));
        }
        Ok(bytes)
    }

    /// Remember a fault and give its text.
    fn note(&self, fault: &RepoError) -> String {
        let mut noted = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.as_ref().is_none_or(|it| fault.message < it.message) {
            *noted = Some(fault.clone());
        }
        fault.message.clone()
    }
}

const DAMAGED: &str = "the clone is damaged: see what `git fsck` says, and clone anew";

fn lacking(id: Oid, error: &git2::Error) -> RepoError {
    if error.code() == ErrorCode::NotFound {
        return RepoError::new(format!("the object {id} is not in this clone")).help(
            "fetch without `--filter`: `git fetch --refetch --no-filter` mends a partial clone, and `actions/checkout` makes none without its setting `filter`",
        );
    }
    RepoError::new(format!("cannot read the object {id}: {}", error.message())).help(DAMAGED)
}

/// Source: git's `Documentation/gitformat-pack` and `tree.c`: mode in octal, blank, name, NUL, id.
fn tree_entries(mut bytes: &[u8]) -> Option<Vec<TreeEntry>> {
    const ID: usize = 20;
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let blank = bytes.iter().position(|it| *it == b' ')?;
        let mode = std::str::from_utf8(&bytes[..blank]).ok()?;
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let rest = &bytes[blank + 1..];
        let end = rest.iter().position(|it| *it == 0)?;
        let id = rest.get(end + 1..end + 1 + ID)?;
        entries.push(TreeEntry {
            mode,
            name: rest[..end].to_vec(),
            id: Oid::from_bytes(id).ok()?,
        });
        bytes = &rest[end + 1 + ID..];
    }
    Some(entries)
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

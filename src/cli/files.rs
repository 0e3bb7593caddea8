//! Files that a command writes into the repository.

use super::{Common, fail};
use crate::exit;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The root of the repository, as a worker names it. What a worker read was written by others: it does
/// not choose where this process writes.
pub(super) fn root(root: &Path, common: &Common) -> Result<PathBuf, u8> {
    let folder = common.directory.canonicalize().ok();
    let whole = root.canonicalize().ok();
    match (folder, whole) {
        (Some(folder), Some(whole)) if folder.starts_with(&whole) => Ok(whole),
        _ => {
            let message = format!("`{}` is not around this folder", root.display());
            Err(fail(exit::INTERNAL, &message))
        }
    }
}

/// Whether a file may take another one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There must be none yet.
    Free,
    /// It may replace one.
    Taken,
}

/// Write a file of the repository, below its root. It is either as it was or complete, whatever happens
/// meanwhile, and nothing is written through a link.
pub(super) fn write(root: &Path, path: &str, bytes: &[u8], place: Place) -> io::Result<()> {
    let mut folder = root.to_owned();
    let mut steps: Vec<&str> = path.split('/').collect();
    let Some(name) = steps.pop() else {
        return Err(io::Error::other("it has no name"));
    };
    for step in steps {
        folder.push(step);
        match std::fs::symlink_metadata(&folder) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => {
                let message = format!("`{step}` is no folder");
                return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir(&folder)?;
            }
            Err(error) => return Err(error),
        }
    }
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".tollgate-").tempfile_in(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let path = folder.join(name);
    match place {
        Place::Free => file.persist_noclobber(path),
        Place::Taken => file.persist(path),
    }
    .map_err(|it| it.error)?;
    Ok(())
}

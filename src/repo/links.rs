//! Symbolic links, followed inside of a tree only. Source: threat row B1.

use super::{LeafKind, file_error};
use std::collections::VecDeque;
use tollgate_kustomize::{EntryKind, FileError, RepoPath};

/// What stands at a path before links are followed.
pub(super) enum Entry {
    File,
    Directory,
    /// A link and its target as written.
    Link(String),
    /// Something else, and why it cannot be read.
    Unreadable(String),
    /// A commit of another repository.
    Submodule,
}

/// As many links as Linux follows on one path.
const MOST_LINKS: usize = 40;

/// Follow the links on the way to `path`: what stands there, and under which path; `None` where
/// nothing does. `look` is asked only for paths whose folder holds no link.
///
/// # Errors
/// A link that leads out of the tree, nowhere, or round in a circle; and what cannot be read.
pub(super) fn follow(
    path: &RepoPath,
    look: impl Fn(&RepoPath) -> Result<Option<Entry>, FileError>,
) -> Result<Option<(RepoPath, EntryKind)>, FileError> {
    let mut at = RepoPath::root();
    let mut rest: VecDeque<String> = path.as_str().split('/').map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at = at
                    .parent()
                    .ok_or_else(|| file_error(path, "a link on the way leads out of the tree"))?;
                continue;
            }
            _ => {}
        }
        let next = at
            .join(&part)
            .ok_or_else(|| file_error(path, "a link on the way names what is no path"))?;
        match look(&next)? {
            Some(Entry::Directory) => at = next,
            Some(Entry::File) if rest.iter().all(|it| it.is_empty()) => {
                return Ok(Some((next, EntryKind::File)));
            }
            Some(Entry::Link(target)) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(file_error(
                        path,
                        format!("more than {MOST_LINKS} links: they lead round in a circle"),
                    ));
                }
                if target.starts_with('/') || target.is_empty() {
                    return Err(file_error(
                        path,
                        format!("the link `{next}` leads out of the tree"),
                    ));
                }
                for part in target.split('/').rev() {
                    rest.push_front(part.to_owned());
                }
            }
            Some(Entry::Unreadable(why)) => return Err(file_error(path, why)),
            Some(Entry::Submodule) => {
                let why = format!("`{next}` is a submodule, and submodules are not read");
                return Err(file_error(path, why));
            }
            Some(Entry::File) | None if links > 0 => {
                return Err(file_error(
                    path,
                    format!("a link on the way leads to `{next}`, where nothing is"),
                ));
            }
            Some(Entry::File) | None => return Ok(None),
        }
    }
    Ok(Some((at, EntryKind::Directory)))
}

/// What stands at `path` where no link is followed. `look` is asked only for paths whose folder
/// holds no link.
///
/// # Errors
/// What cannot be read.
pub(super) fn stands_at(
    path: &RepoPath,
    look: impl Fn(&RepoPath) -> Result<Option<Entry>, FileError>,
) -> Result<Option<LeafKind>, FileError> {
    let mut at = RepoPath::root();
    let mut parts = path.as_str().split('/').peekable();
    while let Some(part) = parts.next() {
        let Some(next) = at.join(part) else {
            return Ok(None);
        };
        let found = look(&next)?;
        if let Some(Entry::Unreadable(why)) = found {
            return Err(file_error(path, why));
        }
        let last = parts.peek().is_none();
        match found {
            Some(Entry::Directory) if !last => at = next,
            Some(Entry::File) if last => return Ok(Some(LeafKind::File)),
            Some(Entry::Link(_)) if last => return Ok(Some(LeafKind::Link)),
            Some(Entry::Submodule) if last => return Ok(Some(LeafKind::Submodule)),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

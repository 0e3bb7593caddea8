//! What stands in a tree: overlays, policies and fixture suites.
//!
//! Base and head are searched separately, so that what a change adds, hides or takes away shows.

mod definitions;
mod kustomizations;
mod overlays;
mod policies;

pub use definitions::{DefinitionFiles, definitions};
pub use kustomizations::{Kustomizations, kustomizations};
pub use overlays::{Mapped, Overlay, overlays};
pub use policies::{Class, Document, PolicyFiles, is_manifest, policies, suites};

use crate::repo::Tree;
use std::sync::Arc;
use tollgate_kustomize::{RepoPath, Session};
use tollgate_yaml::{Dialect, Node, Span};

/// Something that was found and cannot be what it seems to be.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The file or folder.
    pub path: RepoPath,
    /// Where in it; [`Span::NONE`] where no line can be blamed.
    pub span: Span,
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The documents of a file that holds `mark`; none of any other, which need not be parsed.
fn documents(
    tree: &dyn Tree,
    session: &Session<'_>,
    path: &RepoPath,
    mark: &str,
) -> Result<Option<Arc<Vec<Node>>>, Problem> {
    let problem = |span, message: String, help| Problem {
        path: path.clone(),
        span,
        message,
        help,
    };
    let bytes = tree
        .read(path)
        .map_err(|error| problem(Span::NONE, error.to_string(), None))?;
    if !bytes.is_some_and(|it| String::from_utf8_lossy(&it).contains(mark)) {
        return Ok(None);
    }
    let parsed = session.documents(path, Dialect::Sigs);
    parsed
        .map(Some)
        .map_err(|error| problem(error.span, error.message, error.help))
}

#[cfg(test)]
mod tests;

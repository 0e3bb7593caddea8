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
pub use policies::{Class, Document, PolicyFiles, policies, suites};

use tollgate_kustomize::RepoPath;
use tollgate_yaml::Span;

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

#[cfg(test)]
mod tests;

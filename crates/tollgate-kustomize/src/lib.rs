//! Renders a kustomization to manifests, in process, byte for byte as kustomize 5.8.1 prints them.
//!
//! The crate reads through the [`Files`] trait alone. It has no network code and starts no program:
//! a remote entry is an error that names the entry.

pub mod fieldspec;
mod files;
mod id;
mod resource;

pub use files::{EntryKind, FileError, Files, MemoryFiles, RepoPath};
pub use id::{Gvk, ResourceId};
pub use resource::Resource;

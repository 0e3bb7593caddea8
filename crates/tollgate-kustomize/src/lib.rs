#![doc = include_str!("../README.md")]

mod build;
mod configurations;
mod crds;
mod error;
pub mod fieldspec;
mod files;
mod generators;
mod go_json;
mod growth;
mod id;
mod json_patch;
pub mod kustomization;
mod load;
pub mod merge;
mod nearest;
mod openapi;
mod patches;
mod plugins;
mod provenance;
mod replacements;
mod resource;
mod selector;
mod session;
mod shared;
mod transform;
mod vars;

pub use build::{Build, LoadRestrictor, Options, Order, build};
pub use error::{BuildError, Refusal, Warning, WarningKind};
pub use files::{EntryKind, FileError, Files, MemoryFiles, RepoPath};
pub use id::{Gvk, ResourceId};
pub use kustomization::Kustomization;
pub use resource::Resource;
pub use session::Session;

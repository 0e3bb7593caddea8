//! From files to resources and kustomizations.

mod annotated;
mod inline;
mod kustomization;
mod resources;

pub(crate) use inline::Places;
pub(crate) use kustomization::{NAMES as KUSTOMIZATION_NAMES, load as kustomization};
pub(crate) use resources::parse as resources;

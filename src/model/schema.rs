//! What schemas said about a resource.

use super::{place::Place, resource::ResourceKey};
use serde::{Deserialize, Serialize};

/// What the schema of its kind said about one resource of HEAD that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaFacts {
    /// The overlay that renders it.
    pub overlay: String,
    /// The resource.
    pub resource: ResourceKey,
    /// What is wrong; empty where the resource is valid.
    pub results: Vec<SchemaResult>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaResult {
    /// Which kind of mistake.
    pub rule: SchemaRule,
    /// Whether the same is wrong in BASE.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// One clause; holds no value of the resource, which may be a secret.
    pub message: String,
    /// The field, as people write it; empty for the whole resource.
    pub field: String,
    /// What the field lacks, where that is the mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line to edit in HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The line of HEAD whose value that one replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Place>,
    /// The custom resource definition that was asked, where it stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Place>,
}

/// Which kind of mistake a [`SchemaResult`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaRule {
    /// A field has a value that the schema forbids, or one is missing; or the kind does not exist.
    Invalid,
    /// The schema has no such field.
    UnknownField,
    /// This version of Kubernetes does not serve the API version any more.
    Removed,
    /// A later version of Kubernetes does not.
    Deprecated,
    /// No schema is known.
    UnknownKind,
    /// The schema could not be applied. Never the same as valid.
    Unchecked,
}

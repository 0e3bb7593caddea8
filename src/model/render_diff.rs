//! What two trees render differently. Holds no value of a Secret and no line of a source file.

use super::ResourceKey;
use serde::{Deserialize, Serialize};

/// Two sides, overlay by overlay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderDiff {
    /// What the old side is called.
    pub base: String,
    /// What the new side is called.
    pub head: String,
    /// In the order of their paths, those without differences too.
    pub overlays: Vec<OverlayDiff>,
}

impl RenderDiff {
    /// Whether a side of an overlay does not render.
    pub fn failed(&self) -> bool {
        self.overlays.iter().any(|it| !it.failures.is_empty())
    }
}

/// One overlay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverlayDiff {
    /// Its folder.
    pub path: String,
    /// Its environment, where one is mapped.
    pub environment: Option<String>,
    /// What stands on one side only, or on both.
    pub change: ChangeKind,
    /// Sides that do not render; nothing is compared then.
    pub failures: Vec<SideFailure>,
    /// Resources that differ, in the order of their keys.
    pub resources: Vec<ResourceDiff>,
}

impl OverlayDiff {
    /// How many resources were changed in a way.
    pub fn count(&self, change: ChangeKind) -> usize {
        self.resources
            .iter()
            .filter(|it| it.change == change)
            .count()
    }
}

/// What happened to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    /// Both have it.
    Changed,
    /// Both have it, and it is the same.
    Unchanged,
}

/// Why a side does not render.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideFailure {
    /// `base` or `head`.
    pub side: super::Side,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where.
    pub line: Option<SourceLine>,
}

/// One resource that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceDiff {
    /// What the new side calls it; the old side, where the new one lacks it.
    pub key: ResourceKey,
    /// What happened to it.
    pub change: ChangeKind,
    /// The line that a resource on one side only comes from.
    pub line: Option<SourceLine>,
    /// What differs between both sides of it.
    pub fields: Vec<FieldDiff>,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldDiff {
    /// `spec.containers[name=web].image`.
    pub path: String,
    /// What the old side has.
    pub old: Option<Setting>,
    /// What the new side has.
    pub new: Option<Setting>,
}

/// What a field is set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The value; in JSON `"value": ...` or `"hidden": true`.
    #[serde(flatten)]
    pub value: Shown,
    /// The line that set it; none where the program did.
    pub line: Option<SourceLine>,
}

/// A value that may be shown, or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// The value.
    Value(serde_json::Value),
    /// A value of a Secret, which is not kept; always `true`.
    Hidden(bool),
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLine {
    /// Path relative to the repository's root.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
}

/// `path:line`.
impl std::fmt::Display for SourceLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

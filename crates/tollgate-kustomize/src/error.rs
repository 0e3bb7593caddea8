//! What a build can end in besides manifests.

use crate::fieldspec::FieldError;
use crate::{
    files::{FileError, RepoPath},
    openapi::BuildSchema,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use tollgate_yaml::{Sources, Span, YamlError};

/// Why a kustomization cannot be rendered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// Where; [`Span::NONE`] where no line can be blamed.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// The entries of kustomization files that led here, the outermost first.
    pub chain: Vec<Span>,
    /// Other places that have a part in it, such as the first of two that must not both be.
    pub related: Vec<Span>,
    /// Every file and folder that was read until then; empty until the build has ended.
    pub reads: Arc<BTreeSet<RepoPath>>,
    /// Who else would refuse it.
    pub refusal: Refusal,
}

/// Who refuses a kustomization that cannot be rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// Everybody: what stands in the tree is wrong.
    #[default]
    Mistake,
    /// Everybody who does not lift kustomize's load restrictions: a file stands outside of the
    /// kustomization's folder.
    Restriction,
    /// Perhaps nobody else: it needs what the tree does not hold, or code that is not run here, or it
    /// exceeds a limit of this crate; a deployer may add what it lacks, decrypt it or fill it in first, or
    /// build it with another version.
    Here,
}

impl BuildError {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            help: None,
            chain: Vec::new(),
            related: Vec::new(),
            reads: Arc::default(),
            refusal: Refusal::Mistake,
        }
    }

    /// The same error, that only this crate may have.
    #[must_use]
    pub fn here(mut self) -> Self {
        self.refusal = Refusal::Here;
        self
    }

    /// The same error, that load restrictions make.
    #[must_use]
    pub(crate) fn restriction(mut self) -> Self {
        self.refusal = Refusal::Restriction;
        self
    }

    /// The refusal of a feature that would need something this crate does not have.
    pub fn unsupported(span: Span, feature: &str) -> Self {
        Self::new(span, format!("{feature} is not supported")).here()
    }

    /// The same error with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error with one more place that has a part in it.
    #[must_use]
    pub fn with(mut self, place: Span) -> Self {
        self.related.extend(Some(place).filter(|it| it.is_some()));
        self
    }

    /// The same error, reached through one more entry.
    #[must_use]
    pub fn through(mut self, entry: Span) -> Self {
        self.chain.insert(0, entry);
        self
    }

    /// The same error at `span` if it has no place of its own.
    #[must_use]
    pub fn or_at(mut self, span: Span) -> Self {
        if !self.span.is_some() {
            self.span = span;
        }
        self
    }

    /// The whole story as text, one line a fact: place and message, advice, and the way there.
    pub fn describe(&self, sources: &Sources) -> String {
        let mut out = sources.describe(self.span);
        if !out.is_empty() {
            out.push_str(": ");
        }
        out.push_str(&self.message);
        if let Some(help) = &self.help {
            let _ = write!(out, "\n  help: {help}");
        }
        for place in &self.related {
            let _ = write!(out, "\n  see also {}", sources.describe(*place));
        }
        for entry in self.chain.iter().rev() {
            let _ = write!(out, "\n  reached from {}", sources.describe(*entry));
        }
        out
    }
}

/// A text that is no YAML may be encrypted or a template, of which a deployer makes YAML first.
impl From<YamlError> for BuildError {
    fn from(error: YamlError) -> Self {
        Self {
            help: error.help,
            ..Self::new(error.span, error.message).here()
        }
    }
}

impl From<FieldError> for BuildError {
    fn from(error: FieldError) -> Self {
        Self::new(error.span, error.message)
    }
}

impl From<FileError> for BuildError {
    fn from(error: FileError) -> Self {
        Self::new(Span::NONE, error.to_string()).here()
    }
}

/// Something that kustomize renders without complaint and that is probably not what was meant.
#[derive(Clone, Debug)]
pub struct Warning {
    /// What kind of thing.
    pub kind: WarningKind,
    /// The line to edit.
    pub span: Span,
    /// One lower-case clause, no full stop.
    pub message: String,
}

/// What a [`Warning`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WarningKind {
    /// A field that kustomize will drop.
    Deprecated,
    /// A patch, or a target of a replacement, that selects no resource.
    SelectsNothing,
    /// An `images:` entry whose name stands in no resource.
    ImageNotFound,
    /// A variable that nothing uses.
    UnusedVariable,
    /// A patch file without content.
    EmptyPatch,
    /// Something that is written and has no effect.
    Ignored,
    /// An element of a list that kustomize throws out because it, or another one, lacks a key of its own.
    ElementLost,
}

/// What a build read and what it found odd, collected on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) warnings: Vec<Warning>,
    pub(crate) reads: BTreeSet<RepoPath>,
    pub(crate) schema: BuildSchema,
    /// How often a kustomization was entered.
    pub(crate) entered: usize,
}

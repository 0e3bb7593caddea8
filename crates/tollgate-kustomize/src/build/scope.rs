//! What the steps of a build may use besides resources.

use super::{LoadRestrictor, Options};
use crate::{
    error::{BuildError, Record, Warning, WarningKind},
    files::RepoPath,
    kustomization::{Kustomization, Text},
    resource::Resource,
    session::{Session, SourceText},
};
use std::cell::RefCell;
use std::sync::Arc;
use tollgate_yaml::{Dialect, Node, Span};

/// One kustomization while it is being built: what it says, and what it may read.
pub(crate) struct Scope<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) options: &'a Options,
    /// The folder of the kustomization, links resolved.
    pub(crate) root: RepoPath,
    pub(crate) kustomization: Arc<Kustomization>,
    /// The kustomizations that are being built, the outermost first, this one last.
    pub(crate) stack: Vec<RepoPath>,
    pub(crate) record: &'a RefCell<Record>,
}

impl Scope<'_> {
    /// Remember something odd.
    pub(crate) fn warn(&self, kind: WarningKind, span: Span, message: impl Into<String>) {
        self.record.borrow_mut().warnings.push(Warning {
            kind,
            span,
            message: message.into(),
        });
    }

    /// The file that `entry` names, as bytes.
    pub(crate) fn bytes(&self, entry: &Text) -> Result<Arc<[u8]>, BuildError> {
        let path = self.file(entry)?;
        self.session
            .files()
            .read(&path)
            .map_err(|it| BuildError::from(it).or_at(entry.span))?
            .ok_or_else(|| BuildError::new(entry.span, format!("there is no file `{path}`")))
    }

    /// The file that `entry` names, as text.
    pub(crate) fn text(&self, entry: &Text) -> Result<Arc<SourceText>, BuildError> {
        let path = self.file(entry)?;
        self.session.text(&path).map_err(|it| it.or_at(entry.span))
    }

    /// The YAML documents of the file that `entry` names.
    pub(crate) fn documents(
        &self,
        entry: &Text,
        dialect: Dialect,
    ) -> Result<Arc<Vec<Node>>, BuildError> {
        let path = self.file(entry)?;
        self.session
            .documents(&path, dialect)
            .map_err(|it| it.or_at(entry.span))
    }

    /// The resources of the file that `entry` names.
    pub(crate) fn resources(&self, entry: &Text) -> Result<Arc<Vec<Resource>>, BuildError> {
        let path = self.file(entry)?;
        self.session
            .resources(&path)
            .map_err(|it| it.or_at(entry.span))
    }

    /// The path of the file that `entry` names, if this kustomization may read it.
    pub(crate) fn file(&self, entry: &Text) -> Result<RepoPath, BuildError> {
        let outside = || {
            BuildError::new(
                entry.span,
                format!("`{}` leads out of the tree", entry.value),
            )
        };
        let path = self.root.join(entry).ok_or_else(outside)?;
        self.record.borrow_mut().reads.insert(path.clone());
        let resolved = self
            .session
            .files()
            .resolve(&path)
            .map_err(|it| BuildError::from(it).or_at(entry.span))?;
        let restricted = self.options.load_restrictor == LoadRestrictor::RootOnly;
        if restricted && !resolved.is_within(&self.root) {
            return Err(BuildError::new(
                entry.span,
                format!("`{path}` lies outside of `{}`", self.root),
            )
            .help("move the file below the kustomization, or give it a kustomization of its own"));
        }
        Ok(resolved)
    }
}

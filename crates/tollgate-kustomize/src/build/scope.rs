//! What the steps of a build may use besides resources.

use super::{LoadRestrictor, Options};
use crate::{
    error::{BuildError, Record, Warning, WarningKind},
    files::RepoPath,
    kustomization::{Kustomization, Text},
    load::{self, Places},
    provenance::{self, Provenance},
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
    /// The folder as the kustomizations name it from the outermost one's, where `buildMetadata`
    /// asks for what resources went through.
    pub(crate) origin: Option<String>,
}

impl<'a> Scope<'a> {
    /// The scope of the kustomization that is built.
    pub(super) fn outermost(
        session: &'a Session<'a>,
        root: &RepoPath,
        options: &'a Options,
        record: &'a RefCell<Record>,
    ) -> Result<Self, BuildError> {
        let root = session.files().resolve(root)?;
        let kustomization = read(session, options, &root, record)?;
        let has_metadata = !kustomization.build_metadata.is_empty();
        Ok(Self {
            session,
            options,
            kustomization,
            stack: vec![root.clone()],
            root,
            record,
            origin: has_metadata.then(String::new),
        })
    }

    /// The scope of a kustomization that this one names.
    pub(super) fn enter(&self, root: RepoPath, entry: &Text) -> Result<Self, BuildError> {
        let kustomization = read(self.session, self.options, &root, self.record)?;
        let mut stack = self.stack.clone();
        stack.push(root.clone());
        Ok(Self {
            session: self.session,
            options: self.options,
            kustomization,
            stack,
            root,
            record: self.record,
            origin: self.origin.as_ref().map(|it| provenance::join(it, entry)),
        })
    }

    /// What is told of the resources in a file that this kustomization names.
    pub(crate) fn provenance(&self, entry: &str) -> Option<Arc<Provenance>> {
        let origin = self.origin.as_ref()?;
        Some(Arc::new(Provenance::file(provenance::join(origin, entry))))
    }

    /// What is told of a generator or transformer that this kustomization's own fields ask for.
    pub(crate) fn field_provenance(&self, kind: &str) -> Option<Arc<Provenance>> {
        let origin = self.origin.as_ref()?;
        let file = provenance::join(origin, self.kustomization.path.name());
        Some(Arc::new(Provenance::field(file, kind)))
    }

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
            .ok_or_else(|| self.session.missing(&path).or_at(entry.span))
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

    /// The resources in the text itself.
    pub(crate) fn inline_resources(&self, text: &Text) -> Result<Vec<Resource>, BuildError> {
        let trimmed = text.value.trim();
        let places = Places::of(
            text,
            offset_in(&text.value, trimmed),
            self.session.sources(),
        );
        let mut resources = load::resources(trimmed, text.span.file, self.session.limits())
            .map_err(|it| places.error(it))?;
        for resource in &mut resources {
            places.node(&mut resource.body);
        }
        Ok(resources)
    }

    /// The path of the file that `entry` names, if this kustomization may read it.
    pub(crate) fn file(&self, entry: &Text) -> Result<RepoPath, BuildError> {
        let outside = || {
            BuildError::new(
                entry.span,
                format!("`{}` leads out of the tree", entry.value),
            )
        };
        if is_remote_file(entry) {
            return Err(remote(entry));
        }
        if entry.is_empty() {
            return Err(BuildError::new(entry.span, "an empty path"));
        }
        let path = self.root.join(entry).ok_or_else(outside)?;
        self.record.borrow_mut().reads.insert(path.clone());
        let resolved = self
            .session
            .files()
            .resolve(&path)
            .map_err(|it| BuildError::from(it).or_at(entry.span))?;
        self.record.borrow_mut().reads.insert(resolved.clone());
        let restricted = self.options.load_restrictor == LoadRestrictor::RootOnly;
        if restricted && !resolved.is_within(&self.root) {
            let message = format!("`{path}` lies outside of `{}`", self.root);
            return Err(BuildError::new(entry.span, message).restriction().help(
                "move the file below the kustomization, or give it a kustomization of its own",
            ));
        }
        Ok(resolved)
    }
}

/// Where `part`, a slice of `whole`, begins.
fn offset_in(whole: &str, part: &str) -> usize {
    whole.find(part).unwrap_or(0)
}

/// Whether kustomize would fetch the entry over HTTP.
fn is_remote_file(entry: &str) -> bool {
    ["http://", "https://"].iter().any(|it| {
        entry
            .get(..it.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(it))
    })
}

/// Whether kustomize would clone a repository for the entry.
/// Source of the shapes: `api/internal/git/repospec.go`.
pub(super) fn is_repository(entry: &str) -> bool {
    let lower = entry.to_ascii_lowercase();
    let rest = lower.strip_prefix("git::").unwrap_or(&lower);
    if ["ssh://", "https://", "http://", "file://"]
        .iter()
        .any(|it| rest.starts_with(it))
    {
        return true;
    }
    let after_user = rest.split_once('@').filter(|(user, _)| {
        user.starts_with(|it: char| it.is_ascii_alphabetic())
            && user
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || it == '-')
    });
    let host = after_user.map_or(rest, |it| it.1);
    let delimited = after_user.is_some() && host.contains([':', '/']);
    delimited || host.starts_with("github.com/") || host.starts_with("github.com:")
}

/// The refusal of an entry that stands outside of the tree.
pub(super) fn remote(entry: &Text) -> BuildError {
    BuildError::new(
        entry.span,
        format!(
            "`{}` is a remote entry, and rendering has no network",
            entry.value
        ),
    )
    .here()
    .help("copy what it names into the repository")
}

/// The kustomization in the folder `root`. The load restrictor holds for its file too: one that is
/// a link out of its folder counts as missing.
fn read(
    session: &Session<'_>,
    options: &Options,
    root: &RepoPath,
    record: &RefCell<Record>,
) -> Result<Arc<Kustomization>, BuildError> {
    let mut reads = vec![root.clone()];
    let outcome = session.kustomization(root);
    match &outcome {
        Ok(kustomization) => reads.push(kustomization.path.clone()),
        Err(_) => reads.extend(
            load::KUSTOMIZATION_NAMES
                .iter()
                .filter_map(|it| root.join(it)),
        ),
    }
    record.borrow_mut().reads.extend(reads);
    let kustomization = outcome?;
    let path = &kustomization.path;
    let real = session.files().resolve(path)?;
    record.borrow_mut().reads.insert(real.clone());
    if options.load_restrictor == LoadRestrictor::RootOnly && !real.is_within(root) {
        return Err(BuildError::new(
            Span::NONE,
            format!("`{path}` is a link that leads out of its folder"),
        )
        .restriction()
        .help("put a kustomization file in the folder itself"));
    }
    Ok(kustomization)
}

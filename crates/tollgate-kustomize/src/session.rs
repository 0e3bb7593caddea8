//! What builds of one run share: every file is read and parsed once.

use crate::{
    error::BuildError,
    files::{EntryKind, Files, RepoPath},
    kustomization::Kustomization,
    load,
    merge::Inline,
    nearest::path_help,
    resource::Resource,
};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tollgate_yaml::{Dialect, FileId, Limits, Node, Sources, Span};

type Outcome<T> = Result<T, BuildError>;

/// A tree, and what has been read and parsed of it. Builds of one tree share it between threads.
pub struct Session<'a> {
    files: &'a dyn Files,
    sources: &'a Sources,
    limits: Limits,
    texts: Once<RepoPath, Arc<SourceText>>,
    documents: Once<(RepoPath, Dialect), Arc<Vec<Node>>>,
    resources: Once<RepoPath, Arc<Vec<Resource>>>,
    kustomizations: Once<RepoPath, Arc<Kustomization>>,
    /// Schemas in comments of the texts, which nearly no file has.
    inline: Mutex<Vec<Arc<Inline>>>,
}

/// A file's text and the id under which its places are known.
#[derive(Clone, Debug)]
pub(crate) struct SourceText {
    pub(crate) file: FileId,
    pub(crate) text: Arc<str>,
}

impl<'a> Session<'a> {
    /// A session over a tree. Files that are read are added to `sources`.
    pub fn new(files: &'a dyn Files, sources: &'a Sources) -> Self {
        Self {
            files,
            sources,
            limits: Limits::default(),
            texts: Once::new(),
            documents: Once::new(),
            resources: Once::new(),
            kustomizations: Once::new(),
            inline: Mutex::default(),
        }
    }

    /// The same session with other limits for each file.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The files that have been read.
    pub fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(crate) fn files(&self) -> &'a dyn Files {
        self.files
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A file as text.
    pub(crate) fn text(&self, path: &RepoPath) -> Outcome<Arc<SourceText>> {
        self.texts.get(path, || {
            let Some(bytes) = self.files.read(path)? else {
                return Err(self.missing(path));
            };
            let Ok(text) = std::str::from_utf8(&bytes) else {
                // It may be encrypted.
                return Err(
                    BuildError::new(Span::NONE, format!("`{path}` is not UTF-8 text")).here(),
                );
            };
            // kustomize reads Windows line ends as plain ones.
            let text: Arc<str> = Arc::from(text);
            let file = self.sources.add(path.as_str(), text.clone());
            if let Some(inline) = Inline::of(file, &text) {
                let mut all = self.inline.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Arc::new(inline));
            }
            Ok(Arc::new(SourceText { file, text }))
        })
    }

    /// The schemas in comments of the files that have been read so far.
    pub(crate) fn inline_schemas(&self) -> Vec<Arc<Inline>> {
        let all = self.inline.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    /// The YAML documents of a file, those without content left out.
    ///
    /// # Errors
    /// Where the file is not there, or is no YAML.
    pub fn documents(&self, path: &RepoPath, dialect: Dialect) -> Outcome<Arc<Vec<Node>>> {
        self.documents.get(&(path.clone(), dialect), || {
            let source = self.text(path)?;
            let documents = tollgate_yaml::parse(&source.text, source.file, dialect, &self.limits)?;
            Ok(Arc::new(documents))
        })
    }

    /// The resources that a file holds. What holds none may be encrypted, or a template of some.
    pub(crate) fn resources(&self, path: &RepoPath) -> Outcome<Arc<Vec<Resource>>> {
        self.resources.get(path, || {
            let source = self.text(path)?;
            let read = load::resources(&source.text, source.file, &self.limits);
            read.map(Arc::new).map_err(BuildError::here)
        })
    }

    /// The kustomization file of a folder.
    ///
    /// # Errors
    /// Where the folder has none or several, or it is no kustomization.
    pub fn kustomization(&self, folder: &RepoPath) -> Outcome<Arc<Kustomization>> {
        self.kustomizations
            .get(folder, || load::kustomization(self, folder).map(Arc::new))
    }

    /// The refusal of a path at which there is no file.
    pub(crate) fn missing(&self, path: &RepoPath) -> BuildError {
        match self.files.kind(path) {
            Ok(Some(EntryKind::Directory)) => {
                BuildError::new(Span::NONE, format!("`{path}` is a folder, not a file"))
            }
            _ => BuildError::new(Span::NONE, format!("there is no file `{path}`"))
                .here()
                .help(path_help(self.files, path)),
        }
    }
}

/// Values that are computed once each, by whichever thread asks first.
struct Once<K, V>(Mutex<HashMap<K, Arc<OnceLock<Outcome<V>>>>>);

impl<K: Clone + Eq + Hash, V: Clone> Once<K, V> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn get(&self, key: &K, compute: impl FnOnce() -> Outcome<V>) -> Outcome<V> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cells.entry(key.clone()).or_default().clone()
        };
        cell.get_or_init(compute).clone()
    }
}

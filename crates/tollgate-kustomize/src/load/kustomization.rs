//! Finds and reads the kustomization file of a folder.

use crate::{
    error::BuildError,
    files::{EntryKind, RepoPath},
    kustomization::Kustomization,
    session::Session,
};
use tollgate_yaml::{Dialect, Node, Span};

/// The names that a kustomization file may have.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The kustomization of `folder`.
pub(crate) fn load(session: &Session<'_>, folder: &RepoPath) -> Result<Kustomization, BuildError> {
    let mut found = Vec::new();
    for name in NAMES {
        let Some(path) = folder.join(name) else {
            continue;
        };
        if session.files().kind(&path)? == Some(EntryKind::File) {
            found.push(path);
        }
    }
    let path = match found.as_slice() {
        [path] => path,
        [] => {
            return Err(BuildError::new(
                Span::NONE,
                format!("there is no kustomization file in `{folder}`"),
            )
            .here()
            .help(format!("add one of {}", NAMES.join(", "))));
        }
        [a, b, ..] => {
            return Err(
                BuildError::new(Span::NONE, format!("`{a}` and `{b}` stand side by side"))
                    .help("keep one of them: kustomize does not choose"),
            );
        }
    };
    let documents = session.documents(path, Dialect::Sigs)?;
    let source = session.text(path)?;
    match documents.first() {
        Some(document) => {
            let mut kustomization = Kustomization::parse(path.clone(), document)?;
            let mut others = documents.iter().skip(1).filter(|it| !it.is_null());
            kustomization.second_document = others.next().map(Node::span);
            Ok(kustomization)
        }
        None => Err(BuildError::new(
            Span::new(source.file, 0, 0),
            "the kustomization file is empty",
        )
        .help("list what it renders under `resources`")),
    }
}

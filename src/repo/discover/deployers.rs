//! Where deployers put what gives no namespace itself.

use super::{
    documents,
    policies::{charts, is_manifest, is_template},
};
use crate::repo::Tree;
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{FileError, RepoPath, Session};
use tollgate_yaml::Node;

/// The namespaces of folders that one Application of Argo CD or one Kustomization of Flux deploys, for
/// what gives none. A folder that two put into different ones is left out, and so is what cannot be read.
///
/// # Errors
/// Where the tree cannot be listed.
pub fn homes(
    tree: &dyn Tree,
    session: &Session<'_>,
) -> Result<BTreeMap<RepoPath, String>, FileError> {
    let files = tree.files()?;
    let charts = charts(&files);
    let mut found: BTreeMap<RepoPath, BTreeSet<String>> = BTreeMap::new();
    for path in &files {
        if !is_manifest(path) || is_template(path, &charts) {
            continue;
        }
        for kind in ["Application", "Kustomization"] {
            let Ok(Some(documents)) = documents(tree, session, path, kind) else {
                continue;
            };
            for (folder, namespace) in documents.iter().flat_map(|it| of(it, kind)) {
                found.entry(folder).or_default().insert(namespace);
            }
        }
    }
    let alone = |(folder, namespaces): (RepoPath, BTreeSet<String>)| {
        let mut namespaces = namespaces.into_iter();
        let first = namespaces.next()?;
        namespaces.next().is_none().then_some((folder, first))
    };
    Ok(found.into_iter().filter_map(alone).collect())
}

/// The folders that a document has deployed, with the namespace that it names.
fn of(document: &Node, kind: &str) -> Vec<(RepoPath, String)> {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).unwrap_or_default().to_owned();
    let version = text(document.get("apiVersion"));
    let spec = document.get("spec");
    let in_spec = |key: &str| spec.and_then(|it| it.get(key));
    if document.get("kind").and_then(Node::as_str) != Some(kind) {
        return Vec::new();
    }
    let (paths, namespace) = match version.split('/').next() {
        Some("argoproj.io") => {
            let sources = in_spec("sources").and_then(Node::as_sequence);
            let sources = sources.into_iter().flatten().chain(in_spec("source"));
            let paths: Vec<String> = sources.map(|it| text(it.get("path"))).collect();
            let destination = in_spec("destination").and_then(|it| it.get("namespace"));
            (paths, text(destination))
        }
        Some("kustomize.toolkit.fluxcd.io") => (
            vec![text(in_spec("path"))],
            text(in_spec("targetNamespace")),
        ),
        _ => return Vec::new(),
    };
    let folders = paths.iter().filter(|it| !it.is_empty()).filter_map(|it| {
        let path = it.trim_start_matches("./").trim_matches('/');
        RepoPath::new(path)
    });
    let folders = folders.filter(|_| !namespace.is_empty());
    folders.map(|it| (it, namespace.clone())).collect()
}

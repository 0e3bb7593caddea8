//! Where policies and fixture suites are.

use super::{Problem, documents};
use crate::config::Patterns;
use crate::repo::Tree;
use rayon::prelude::*;
use std::collections::BTreeSet;
use tollgate_kustomize::{FileError, RepoPath, Session};
use tollgate_yaml::{Node, Span};

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Rules.
    Policy,
    /// An exception from rules.
    Exception,
    /// A suite of fixtures, or values for one.
    Fixture,
    /// Another kind of the engine's API group.
    Other,
}

/// One document that an engine may own.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its file.
    pub path: RepoPath,
    /// Which document of the file, from 0.
    pub index: usize,
    /// What it is for.
    pub class: Class,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`; empty where it has none.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// The policies of a tree and what stands beside them.
#[derive(Debug, Default)]
pub struct PolicyFiles {
    /// In the order of path and index.
    pub documents: Vec<Document>,
    /// Files that look like policies and cannot be read.
    pub problems: Vec<Problem>,
}

/// Every API group of Kyverno ends in this. It stands in each of its documents, so that files
/// without it need not be parsed.
const GROUP: &str = "kyverno.io";

/// Find the documents of Kyverno's API groups in the files that `patterns` name, by content.
/// Templates of Helm charts are no YAML and are left out.
///
/// # Errors
/// Where the tree cannot be listed.
pub fn policies(
    tree: &dyn Tree,
    session: &Session<'_>,
    patterns: &Patterns,
) -> Result<PolicyFiles, FileError> {
    let files = tree.files()?;
    let charts = charts(&files);
    let read: Vec<Result<Vec<Document>, Problem>> = files
        .par_iter()
        .filter(|it| is_manifest(it) && patterns.matches(it) && !is_template(it, &charts))
        .map(|path| of_file(tree, session, path))
        .collect();
    let mut found = PolicyFiles::default();
    for file in read {
        match file {
            Ok(documents) => found.documents.extend(documents),
            Err(problem) => found.problems.push(problem),
        }
    }
    Ok(found)
}

/// The files called `name` that `patterns` name.
///
/// # Errors
/// Where the tree cannot be listed.
pub fn suites(
    tree: &dyn Tree,
    patterns: &Patterns,
    name: &str,
) -> Result<Vec<RepoPath>, FileError> {
    let mut files = tree.files()?;
    files.retain(|it| it.name() == name && patterns.matches(it));
    Ok(files)
}

/// Folders of Helm charts.
pub(super) fn charts(files: &[RepoPath]) -> BTreeSet<RepoPath> {
    files
        .iter()
        .filter(|it| it.name() == "Chart.yaml")
        .filter_map(RepoPath::parent)
        .collect()
}

/// Whether a file has the name of one that may hold manifests.
pub fn is_manifest(path: &RepoPath) -> bool {
    let name = path.name();
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|it| name.ends_with(it))
}

pub(super) fn is_template(path: &RepoPath, charts: &BTreeSet<RepoPath>) -> bool {
    if charts.is_empty() {
        return false;
    }
    let mut folder = path.parent();
    while let Some(it) = folder {
        let parent = it.parent();
        if it.name() == "templates" && parent.as_ref().is_some_and(|it| charts.contains(it)) {
            return true;
        }
        folder = parent;
    }
    false
}

fn of_file(
    tree: &dyn Tree,
    session: &Session<'_>,
    path: &RepoPath,
) -> Result<Vec<Document>, Problem> {
    let parsed = documents(tree, session, path, GROUP)?;
    let parsed = parsed.iter().flat_map(|it| it.iter()).enumerate();
    Ok(parsed
        .filter_map(|(index, node)| document(path, index, node))
        .collect())
}

fn document(path: &RepoPath, index: usize, node: &Node) -> Option<Document> {
    let text = |key| node.get(key).and_then(Node::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let name = node
        .get("metadata")
        .and_then(|it| it.get("name"))
        .and_then(Node::as_str);
    Some(Document {
        path: path.clone(),
        index,
        class: class(api_version.split('/').next()?, kind)?,
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: name.unwrap_or_default().to_owned(),
        span: node.span(),
    })
}

/// Source: the API types of Kyverno 1.19, `api/`.
fn class(group: &str, kind: &str) -> Option<Class> {
    match group {
        "cli.kyverno.io" => Some(Class::Fixture),
        "kyverno.io" | "policies.kyverno.io" if kind.ends_with("Policy") => Some(Class::Policy),
        "kyverno.io" | "policies.kyverno.io" if kind == "PolicyException" => Some(Class::Exception),
        _ => (group == "kyverno.io" || group.ends_with(".kyverno.io")).then_some(Class::Other),
    }
}

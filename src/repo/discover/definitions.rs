//! Where custom resource definitions are.

use super::{
    Problem, documents,
    policies::{charts, is_manifest, is_template},
};
use crate::{config::Patterns, repo::Tree};
use tollgate_kustomize::{FileError, RepoPath, Session};
use tollgate_yaml::Node;

/// Stands in each definition, so that files without it need not be parsed.
const KIND: &str = "CustomResourceDefinition";

/// Custom resource definitions of a tree.
#[derive(Debug, Default)]
pub struct DefinitionFiles {
    /// The documents, in the order of path and index.
    pub documents: Vec<Node>,
    /// Files that were named as definitions and cannot be read.
    pub problems: Vec<Problem>,
}

/// Find definitions in the files that `patterns` name; without patterns in every manifest of the
/// tree, where those that cannot be read are left out: nobody said that they are definitions, and
/// their kinds stay unknown. Templates of Helm charts are no YAML and are left out.
///
/// # Errors
/// Where the tree cannot be listed.
pub fn definitions(
    tree: &dyn Tree,
    session: &Session<'_>,
    patterns: Option<&Patterns>,
) -> Result<DefinitionFiles, FileError> {
    let files = tree.files()?;
    let charts = charts(&files);
    let mut found = DefinitionFiles::default();
    for path in &files {
        let named = patterns.is_none_or(|it| it.matches(path));
        if !named || !is_manifest(path) || is_template(path, &charts) {
            continue;
        }
        match of_file(tree, session, path) {
            Ok(documents) => found.documents.extend(documents),
            Err(problem) if patterns.is_some() => found.problems.push(problem),
            Err(_) => {}
        }
    }
    Ok(found)
}

fn of_file(tree: &dyn Tree, session: &Session<'_>, path: &RepoPath) -> Result<Vec<Node>, Problem> {
    let parsed = documents(tree, session, path, KIND)?;
    let wanted = |it: &&Node| it.get("kind").and_then(Node::as_str) == Some(KIND);
    let found = parsed.iter().flat_map(|it| it.iter()).filter(wanted);
    Ok(found.cloned().collect())
}

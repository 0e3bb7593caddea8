//! Where custom resource definitions are.

use super::{
    Problem,
    policies::{charts, is_manifest, is_template},
};
use crate::{config::Patterns, repo::Tree};
use tollgate_kustomize::{FileError, RepoPath, Session};
use tollgate_yaml::{Dialect, Node, Span};

/// Stands in each definition, so that files without it need not be parsed.
const KIND: &[u8] = b"CustomResourceDefinition";

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
        match documents(tree, session, path) {
            Ok(documents) => found.documents.extend(documents),
            Err(problem) if patterns.is_some() => found.problems.push(problem),
            Err(_) => {}
        }
    }
    Ok(found)
}

fn documents(
    tree: &dyn Tree,
    session: &Session<'_>,
    path: &RepoPath,
) -> Result<Vec<Node>, Problem> {
    let problem = |span, message: String, help| Problem {
        path: path.clone(),
        span,
        message,
        help,
    };
    let bytes = tree
        .read(path)
        .map_err(|error| problem(Span::NONE, error.to_string(), None))?;
    if !bytes.is_some_and(|it| it.windows(KIND.len()).any(|it| it == KIND)) {
        return Ok(Vec::new());
    }
    let parsed = session
        .documents(path, Dialect::Sigs)
        .map_err(|error| problem(error.span, error.message, error.help))?;
    let wanted =
        |it: &&Node| it.get("kind").and_then(Node::as_str) == Some("CustomResourceDefinition");
    Ok(parsed.iter().filter(wanted).cloned().collect())
}

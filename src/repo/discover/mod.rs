//! What stands in a tree: overlays, policies and fixture suites.
//!
//! Base and head are searched separately, so that what a change adds, hides or takes away shows.

mod definitions;
mod flux;
mod kustomizations;
mod overlays;
mod policies;

pub use definitions::{DefinitionFiles, definitions};
pub use flux::Flux;
pub use kustomizations::{Kustomizations, is_kustomization, kustomizations};
pub use overlays::{Mapped, Overlay, overlays};
pub use policies::{Class, Document, PolicyFiles, classify, is_manifest, policies, suites};

use crate::repo::Tree;
use std::sync::Arc;
use tollgate_kustomize::{RepoPath, Session};
use tollgate_yaml::{Dialect, Node, Span};

/// Something that was found and cannot be what it seems to be.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The file or folder.
    pub path: RepoPath,
    /// Where in it; [`Span::NONE`] where no line can be blamed.
    pub span: Span,
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The documents of a file that may hold `mark`; none of any other, which need not be parsed.
fn documents(
    tree: &dyn Tree,
    session: &Session<'_>,
    path: &RepoPath,
    mark: &str,
) -> Result<Option<Arc<Vec<Node>>>, Problem> {
    let problem = |span, message: String, help| Problem {
        path: path.clone(),
        span,
        message,
        help,
    };
    let bytes = tree
        .read(path)
        .map_err(|error| problem(Span::NONE, error.to_string(), None))?;
    if !bytes.is_some_and(|it| may_hold(&it, mark)) {
        return Ok(None);
    }
    let parsed = session.documents(path, Dialect::Sigs);
    parsed
        .map(Some)
        .map_err(|error| problem(error.span, error.message, error.help))
}

/// Whether a value of a YAML text may be `mark`, which is plain ASCII without a space. It stands in the
/// text as it is, unless it is written with an escape for a character, goes on in the next line behind
/// a backslash, or is base64; or the text is in another encoding.
fn may_hold(bytes: &[u8], mark: &str) -> bool {
    let hides = |pair: &[u8]| {
        let escaped = |it: u8| {
            matches!(
                it,
                b'x' | b'u' | b'U' | b' ' | b'\t' | b'\r' | b'\n' | 0x80..
            )
        };
        matches!(pair, [b'\\', it] if escaped(*it))
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let plain: Vec<u8> = bytes.iter().copied().filter(|it| *it != 0).collect();
        return plain.windows(mark.len()).any(|it| it == mark.as_bytes());
    }
    let text = String::from_utf8_lossy(bytes);
    // Tags: `!!binary`, `!<tag:yaml.org,2002:binary>`, and what `%TAG` makes of others.
    let tags = ["!!bin", "!<", "%TAG"];
    text.contains(mark)
        || text.contains('\\') && bytes.windows(2).any(hides)
        || tags.into_iter().any(|it| text.contains(it))
}

#[cfg(test)]
mod tests;

//! The documents of files and folders that a person typed, and how messages name those files.

use super::super::{Stop, place::Opened};
use crate::{exit, model::Manifest, model::ResourceKey, model::digest};
use std::path::Path;
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Value, YamlError, parse};

/// Folders deeper than this are not looked into.
const DEPTH: usize = 64;

/// What a person typed, with what stands there.
struct Typed {
    opened: Opened,
    start: RepoPath,
    /// The name by which the shell that started the command can open it.
    name: String,
}

impl Typed {
    fn new(directory: &Path, typed: &str) -> Result<Self, Stop> {
        let opened = Opened::new(directory, typed)?;
        let Some(start) = opened.path.clone() else {
            return Err(Stop::new(exit::USAGE, format!("there is no `{typed}`")));
        };
        let name = match directory.to_str() {
            None | Some("" | ".") => typed.to_owned(),
            Some(_) => directory.join(typed).to_string_lossy().into_owned(),
        };
        Ok(Self {
            opened,
            start,
            name,
        })
    }

    /// The name of a file in it, to open it by.
    fn name_of(&self, path: &RepoPath) -> String {
        let below = if self.start.as_str().is_empty() {
            Some(path.as_str())
        } else {
            let rest = path.as_str().strip_prefix(self.start.as_str());
            rest.and_then(|it| it.strip_prefix('/'))
        };
        match (below, self.name.trim_end_matches('/')) {
            (Some(below), "." | "") if !self.name.starts_with('/') => below.to_owned(),
            (Some(below), name) => format!("{name}/{below}"),
            (None, _) => self.name.clone(),
        }
    }

    fn stop(&self, error: &FileError) -> Stop {
        let name = self.name_of(&error.path);
        Stop::new(
            exit::UNKNOWN,
            format!("cannot read `{name}`: {}", error.why),
        )
    }
}

/// The documents of files and folders; files in folders count by their endings, and items of lists
/// as documents, as kubectl has it.
pub(super) fn read_all(
    directory: &Path,
    typed: &[String],
    sources: &Sources,
) -> Result<Vec<Node>, Stop> {
    let mut documents = Vec::new();
    for typed in typed {
        let typed = Typed::new(directory, typed)?;
        let mut found = Vec::new();
        find(&typed.opened.files, &typed.start, 0, &mut found).map_err(|it| typed.stop(&it))?;
        for path in found {
            let name = typed.name_of(&path);
            let bytes = typed.opened.files.read(&path);
            let bytes = bytes.map_err(|it| typed.stop(&it))?.unwrap_or_default();
            let text = std::str::from_utf8(&bytes).map_err(|it| {
                Stop::new(exit::USAGE, format!("`{name}` is not UTF-8 text: {it}"))
            })?;
            documents.extend(read_text(&name, text, sources)?);
        }
    }
    Ok(documents)
}

fn find(
    files: &dyn Files,
    path: &RepoPath,
    depth: usize,
    found: &mut Vec<RepoPath>,
) -> Result<(), FileError> {
    let is_yaml = || {
        [".yaml", ".yml", ".json"]
            .iter()
            .any(|it| path.name().ends_with(it))
    };
    match files.kind(path)? {
        Some(EntryKind::File) if depth == 0 || is_yaml() => found.push(path.clone()),
        Some(EntryKind::Directory) if depth < DEPTH => {
            for entry in files.list(path)? {
                if let Some(path) = path.join(&entry).filter(|_| entry != ".git") {
                    find(files, &path, depth + 1, found)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The documents of a text.
pub(super) fn read_text(path: &str, text: &str, sources: &Sources) -> Result<Vec<Node>, Stop> {
    let file = sources.add(path, text);
    let documents = parse(text, file, Dialect::Sigs, &Limits::default())
        .map_err(|it| unreadable(&it, sources))?;
    let documents = documents.into_iter().filter(|it| !it.is_null()).collect();
    Ok(taken_apart(documents))
}

/// The documents with the items of lists in place of the lists.
fn taken_apart(documents: Vec<Node>) -> Vec<Node> {
    let mut found = Vec::new();
    let mut open = documents;
    open.reverse();
    while let Some(mut body) = open.pop() {
        let is_list = body
            .get("kind")
            .and_then(Node::as_str)
            .is_some_and(|it| it.ends_with("List"));
        match body.get_mut("items").filter(|_| is_list) {
            None => found.push(body),
            Some(items) => {
                if let Value::Sequence(items) = &mut items.value {
                    open.extend(items.drain(..).rev());
                }
            }
        }
    }
    found
}

fn unreadable(error: &YamlError, sources: &Sources) -> Stop {
    Stop {
        code: exit::USAGE,
        messages: vec![format!(
            "{}: {}",
            sources.describe(error.span),
            error.message
        )],
        help: error.help.clone(),
    }
}

/// One manifest a document.
pub(super) fn manifests(documents: Vec<Node>, sources: &Sources) -> Result<Vec<Manifest>, Stop> {
    let read = |body: Node| {
        let json = body.to_json().map_err(|it| unreadable(&it, sources))?;
        let key = ResourceKey::of(&body);
        if key.kind.is_empty() || key.api_version.is_empty() {
            let error = YamlError::new(body.span(), "a manifest needs `apiVersion` and `kind`")
                .help("name files with manifests, or pipe what a kustomization renders: tollgate render DIR | tollgate apply -p POLICIES");
            return Err(unreadable(&error, sources));
        }
        let digest = digest(json.to_string().as_bytes());
        Ok(Manifest {
            key,
            body,
            json,
            digest,
        })
    };
    documents.into_iter().map(read).collect()
}

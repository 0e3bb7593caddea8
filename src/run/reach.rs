//! Which files a kustomization may depend on when it cannot be rendered to find out.

use std::collections::{BTreeSet, HashSet};
use tollgate_kustomize::{EntryKind, Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Value, parse};

/// Names that a kustomization file may have.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Folders that are followed at the most: a tree without sense must end too.
const FOLDERS: usize = 2_000;

/// Every file and folder that the kustomization in `root` names, directly or through others. Too
/// many rather than too few: any text in a kustomization that names something in the tree counts.
pub(super) fn reach(files: &dyn Files, root: &RepoPath) -> BTreeSet<RepoPath> {
    let mut reached = BTreeSet::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        if !reached.insert(folder.clone()) || reached.len() > FOLDERS {
            continue;
        }
        for text in NAMES
            .iter()
            .filter_map(|it| texts(files, &folder.join(it)?))
            .flatten()
        {
            // `key=path` in generators.
            let path = text.split_once('=').map_or(text.as_str(), |it| it.1);
            let Some(path) = folder.join(path) else {
                continue;
            };
            match files.kind(&path) {
                Ok(Some(EntryKind::Directory)) => folders.push(path),
                // Nothing there: it may have been there on the other side.
                Ok(Some(EntryKind::File) | None) | Err(_) => {
                    reached.insert(path);
                }
            }
        }
    }
    reached
}

/// The files that differ, and the folders in which they stand.
pub(super) struct Touched {
    files: HashSet<RepoPath>,
    folders: HashSet<RepoPath>,
}

impl Touched {
    pub(super) fn new<'a>(files: impl IntoIterator<Item = &'a str>) -> Self {
        let files: HashSet<RepoPath> = files.into_iter().filter_map(RepoPath::new).collect();
        let folders = files.iter().filter_map(RepoPath::parent).collect();
        Self { files, folders }
    }

    /// Whether a file that differs is one of `paths`, stands in one of them, or took the place of a
    /// folder on the way to one. Folders of kustomizations are among `paths`, so that a second
    /// kustomization beside one counts; so are names at which nothing was found.
    pub(super) fn any_of(&self, paths: &BTreeSet<RepoPath>) -> bool {
        paths.iter().any(|path| {
            self.files.contains(path)
                || self.folders.contains(path)
                || ancestors(path).any(|it| self.files.contains(&it))
        })
    }
}

fn ancestors(path: &RepoPath) -> impl Iterator<Item = RepoPath> {
    std::iter::successors(path.parent(), RepoPath::parent)
}

fn texts(files: &dyn Files, path: &RepoPath) -> Option<Vec<String>> {
    let bytes = files.read(path).ok()??;
    let text = std::str::from_utf8(&bytes).ok()?;
    let sources = Sources::new();
    let file = sources.add(path.as_str(), text);
    let documents = parse(text, file, Dialect::Sigs, &Limits::default()).ok()?;
    let mut texts = Vec::new();
    for document in &documents {
        collect(document, &mut texts);
    }
    Some(texts)
}

/// Depth is limited by the reader.
fn collect(node: &Node, texts: &mut Vec<String>) {
    match &node.value {
        Value::Scalar(scalar) => {
            // Patches and literals hold whole documents; a path is one line.
            texts.extend(scalar.text.lines().take(1).map(str::to_owned));
        }
        Value::Sequence(items) => items.iter().for_each(|it| collect(it, texts)),
        Value::Mapping(map) => map.iter().for_each(|it| collect(&it.value, texts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_kustomize::MemoryFiles;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).expect("a path")
    }

    #[test]
    fn what_a_broken_overlay_names_is_found() {
        let files = MemoryFiles::new()
            .with("o/kustomization.yaml", "resources: ['https://example.com/x', ../b, l.yaml]\nconfigMapGenerator: [{files: [k=v.txt]}]\n")
            .with("o/l.yaml", "a: 1")
            .with("o/v.txt", "x")
            .with("b/kustomization.yml", "patchesStrategicMerge: [p.yaml]\n")
            .with("b/p.yaml", "a: 1")
            .with("c/d.yaml", "a: 1");
        let reached = reach(&files, &path("o"));
        for file in ["o/l.yaml", "o/v.txt", "b/p.yaml", "b/kustomization.yml"] {
            assert!(Touched::new([file]).any_of(&reached), "{file}");
        }
        assert!(!Touched::new(["c/d.yaml"]).any_of(&reached));
        assert!(
            Touched::new(["o"]).any_of(&reached),
            "a file in place of the folder"
        );
    }
}

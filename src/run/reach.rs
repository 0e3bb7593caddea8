//! Which files a kustomization may depend on when it cannot be rendered to find out.

use std::collections::{BTreeSet, HashSet};
use tollgate_kustomize::{EntryKind, Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Value, parse};

/// Names that a kustomization file may have.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Files and folders that are followed at the most: a tree without sense must end too.
const MOST: usize = 5_000;

/// Longer texts are no paths.
const LONGEST: usize = 1_024;

/// What a kustomization may read. Too much rather than too little.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Files, those that are not there included: they may have been there on the other side.
    files: BTreeSet<RepoPath>,
    /// Folders, with everything below them but other kustomizations.
    folders: BTreeSet<RepoPath>,
    /// Whether it names more than can be followed.
    everything: bool,
}

/// Every file and folder that the kustomization in `root` names, directly or through others: any
/// text in one of its YAML files that names something in the tree counts, seen from the file and from
/// each kustomization on the way. A folder counts with all that is below it (charts, values, files of a
/// generator), but for folders with a kustomization of their own that nothing names.
pub(super) fn reach(files: &dyn Files, root: &RepoPath) -> Reach {
    let mut search = Search {
        files,
        found: Reach::default(),
        seen: HashSet::new(),
        open: Vec::new(),
    };
    search.folder(root.clone());
    while let Some((file, from)) = search.open.pop() {
        search.file(&file, &from);
        let named = search.found.files.len() + search.found.folders.len();
        if named > MOST || search.seen.len() > MOST {
            search.found.everything = true;
            break;
        }
    }
    search.found
}

struct Search<'a> {
    files: &'a dyn Files,
    found: Reach,
    seen: HashSet<(RepoPath, RepoPath)>,
    /// YAML files that may name others, each with the folder of the kustomization that leads to it.
    open: Vec<(RepoPath, RepoPath)>,
}

impl Search<'_> {
    fn folder(&mut self, folder: RepoPath) {
        if !self.found.folders.insert(folder.clone()) {
            return;
        }
        for name in NAMES {
            if let Some(file) = folder.join(name) {
                self.open.push((file, folder.clone()));
            }
        }
    }

    fn file(&mut self, file: &RepoPath, from: &RepoPath) {
        if !self.seen.insert((file.clone(), from.clone())) {
            return;
        }
        let own = file.parent().unwrap_or_default();
        for text in texts(self.files, file).unwrap_or_default() {
            // `key=path` in generators.
            let name = text.split_once('=').map_or(text.as_str(), |it| it.1);
            for folder in [&own, from] {
                if let Some(path) = folder.join(name) {
                    self.path(path, from);
                }
            }
        }
    }

    fn path(&mut self, path: RepoPath, from: &RepoPath) {
        match self.files.kind(&path) {
            Ok(Some(EntryKind::Directory)) => self.folder(path),
            Ok(Some(EntryKind::File)) => {
                self.found.files.insert(path.clone());
                self.open.push((path, from.clone()));
            }
            Ok(None) | Err(_) => {
                self.found.files.insert(path);
            }
        }
    }
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

    /// Whether a file that differs may be read by what has this reach, in one of the trees.
    pub(super) fn any_within(&self, reach: &Reach, trees: [&dyn Files; 2]) -> bool {
        reach.everything
            || self.any_of(&reach.files)
            || self.any_of(&reach.folders)
            || self.files.iter().any(|it| is_below(it, reach, &trees))
    }

    /// The files that differ and may be read by what has this reach in a tree.
    pub(super) fn within(&self, reach: &Reach, tree: &dyn Files) -> BTreeSet<RepoPath> {
        let within = |it: &&RepoPath| {
            reach.everything || reach.files.contains(it) || is_below(it, reach, &[tree])
        };
        self.files.iter().filter(within).cloned().collect()
    }

    /// The files that differ and stand in a folder that is among `paths`.
    pub(super) fn beside(&self, paths: &BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
        let beside = |it: &&RepoPath| it.parent().is_some_and(|it| paths.contains(&it));
        self.files.iter().filter(beside).cloned().collect()
    }

    /// The files that differ and are among `paths`.
    pub(super) fn among(&self, paths: &BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
        self.files
            .iter()
            .filter(|it| paths.contains(*it))
            .cloned()
            .collect()
    }
}

/// Whether a file is below a folder that counts, and not in another kustomization on the way.
fn is_below(file: &RepoPath, reach: &Reach, trees: &[&dyn Files]) -> bool {
    for folder in ancestors(file) {
        if reach.folders.contains(&folder) {
            return true;
        }
        if trees.iter().any(|it| is_kustomization(*it, &folder)) {
            return false;
        }
    }
    false
}

fn is_kustomization(files: &dyn Files, folder: &RepoPath) -> bool {
    let names = NAMES.iter().filter_map(|it| folder.join(it));
    names
        .into_iter()
        .any(|it| matches!(files.kind(&it), Ok(Some(EntryKind::File))))
}

fn ancestors(path: &RepoPath) -> impl Iterator<Item = RepoPath> {
    std::iter::successors(path.parent(), RepoPath::parent)
}

/// The texts of a YAML file; none of any other.
fn texts(files: &dyn Files, path: &RepoPath) -> Option<Vec<String>> {
    let name = path.name();
    let yaml = [".yaml", ".yml", ".json"];
    if !NAMES.contains(&name) && !yaml.iter().any(|it| name.ends_with(it)) {
        return None;
    }
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
            // Patches and literals hold whole documents; a path is one line, and not a long one.
            let line = scalar.text.lines().next();
            texts.extend(line.filter(|it| it.len() <= LONGEST).map(str::to_owned));
        }
        Value::Sequence(items) => items.iter().for_each(|it| collect(it, texts)),
        Value::Mapping(map) => map.iter().for_each(|it| collect(&it.value, texts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_kustomize::MemoryFiles;

    fn touches(files: &MemoryFiles, root: &str, file: &str) -> bool {
        let reached = reach(files, &RepoPath::new(root).expect("a path"));
        Touched::new([file]).any_within(&reached, [files, files])
    }

    #[test]
    fn what_a_broken_overlay_names_is_found() {
        let files = MemoryFiles::new()
            .with("o/kustomization.yaml", "resources: ['https://example.com/x', ../b, l.yaml]\nconfigMapGenerator: [{files: [k=v.txt]}]\ngenerators: [g.yaml]\n")
            .with("o/l.yaml", "a: 1")
            .with("o/v.txt", "x")
            .with("o/g.yaml", "kind: X\nfiles: [./enc/s.yaml]\nmore: {path: ../d/e.yaml}\n")
            .with("o/enc/s.yaml", "a: 1")
            .with("d/e.yaml", "next: f.txt\nback: ../v.txt\n")
            .with("d/f.txt", "x")
            .with("b/kustomization.yml", "patchesStrategicMerge: [p.yaml]\n")
            .with("b/p.yaml", "a: 1")
            .with("c/d.yaml", "a: 1");
        for (file, want) in [
            ("o/l.yaml", true),
            ("o/v.txt", true),
            ("b/p.yaml", true),
            ("b/kustomization.yml", true),
            ("o/enc/s.yaml", true),
            ("d/e.yaml", true),
            ("d/f.txt", true),
            ("c/d.yaml", false),
            ("d/g.txt", false),
            // A file in the place of the folder, and one that is not there yet.
            ("o", true),
            ("o/kustomization.yml", true),
        ] {
            assert_eq!(touches(&files, "o", file), want, "{file}");
        }
    }

    #[test]
    fn a_folder_counts_with_all_below_it_but_for_other_kustomizations() {
        let files = MemoryFiles::new()
            .with(
                "o/kustomization.yaml",
                "helmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: x, valuesFile: v/v.yaml}]\n",
            )
            .with("o/charts/y/templates/d.yaml", "{{ x }}")
            .with("o/v/v.yaml", "a: 1")
            .with("o/sub/kustomization.yaml", "resources: [d.yaml]\n")
            .with("o/sub/d.yaml", "a: 1")
            .with("o/sub/more/e.yaml", "a: 1")
            .with("charts/x/templates/d.yaml", "{{ x }}");
        for (file, want) in [
            ("charts/x/templates/d.yaml", true),
            ("charts/z/Chart.yaml", true),
            ("o/charts/y/templates/d.yaml", true),
            ("o/charts/new/values.yaml", true),
            ("o/v/v.yaml", true),
            ("o/sub/d.yaml", false),
            ("o/sub/more/e.yaml", false),
        ] {
            assert_eq!(touches(&files, "o", file), want, "{file}");
        }
    }

    #[test]
    fn what_names_more_than_can_be_followed_counts_for_everything() {
        let many = |n: usize| -> String { (0..n).map(|at| format!("- f{at}\n")).collect() };
        let list = format!("resources: [l.yaml]\nx:\n{}", many(MOST));
        let files = MemoryFiles::new()
            .with("o/kustomization.yaml", list)
            .with("o/l.yaml", "a: 1");
        assert!(touches(&files, "o", "elsewhere/x"));
        let list = format!("resources: [l.yaml]\nx:\n{}", many(10));
        let files = MemoryFiles::new()
            .with("o/kustomization.yaml", list)
            .with("o/l.yaml", "a: 1");
        assert!(!touches(&files, "o", "elsewhere/x"));
    }
}

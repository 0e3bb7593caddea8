//! What Flux builds in a tree.
//!
//! A Kustomization of Flux that nobody applies builds nothing: one in an example, or one that a change
//! brings to a place that nobody deploys. So one counts where its file is applied as far as the tree
//! tells: a kustomization lists it, Flux builds the folder in which it stands, or it is where Flux begins.
//! Of those that a change brings only what the Flux of BASE builds counts.

use super::{documents, is_kustomization, is_manifest};
use crate::repo::Tree;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use tollgate_kustomize::{EntryKind, RepoPath, Session};
use tollgate_yaml::Node;

/// The API group of Flux's Kustomizations.
const GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// What else says where Flux begins: the Flux Operator's resource, and the chart that makes one.
const INSTANCES: [&str; 2] = ["FluxInstance", "flux-instance"];

/// The folders that Kustomizations of Flux name. They are looked for when first asked about.
pub struct Flux<'a> {
    tree: &'a dyn Tree,
    session: &'a Session<'a>,
    named: OnceLock<BTreeSet<Named>>,
}

/// What a Kustomization names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// A folder, from the root of the tree.
    Folder(RepoPath),
    /// A folder from the root of an artifact, which may be made of a part of the tree.
    Part(RepoPath),
}

impl Named {
    fn is(&self, folder: &RepoPath) -> bool {
        match self {
            Self::Folder(it) => it == folder,
            Self::Part(part) => {
                let before = folder.as_str().strip_suffix(part.as_str());
                before.is_some_and(|it| it.is_empty() || it.ends_with('/'))
            }
        }
    }

    /// Whether a file stands below what is named.
    fn holds(&self, file: &RepoPath) -> bool {
        let folders = std::iter::successors(file.parent(), RepoPath::parent);
        folders.into_iter().any(|it| self.is(&it))
    }
}

/// A Kustomization in a file, or what stands for one.
#[derive(Debug)]
struct Found {
    file: RepoPath,
    names: Named,
    /// The name of its GitRepository.
    repository: Option<String>,
    /// Whether Flux begins with it.
    begins: bool,
}

/// What the manifests of a tree say of Flux.
#[derive(Debug, Default)]
struct Said {
    found: Vec<Found>,
    lists: Lists,
    /// Names of the GitRepositories that are defined.
    repositories: BTreeSet<String>,
}

/// What kustomizations list, by their folders.
#[derive(Debug, Default)]
struct Lists(BTreeMap<RepoPath, BTreeSet<RepoPath>>);

impl Lists {
    /// Whether a kustomization lists a file; `None` where there is none above it that could.
    fn has(&self, file: &RepoPath) -> Option<bool> {
        let mut folders = std::iter::successors(file.parent(), RepoPath::parent);
        match self.0.values().any(|it| it.contains(file)) {
            true => Some(true),
            false => folders.any(|it| self.0.contains_key(&it)).then_some(false),
        }
    }

    /// Whether what is named builds one of these files.
    fn build(&self, names: &Named, files: &[RepoPath]) -> bool {
        let mut lists = self.0.iter().filter(|it| names.is(it.0));
        files.iter().any(|it| names.holds(it))
            || lists.any(|(_, it)| files.iter().any(|file| it.contains(file)))
    }
}

impl<'a> Flux<'a> {
    /// The Kustomizations in the manifests of a tree.
    pub fn new(tree: &'a dyn Tree, session: &'a Session<'a>) -> Self {
        Self {
            tree,
            session,
            named: OnceLock::new(),
        }
    }

    /// Whether Flux builds the kustomization in a folder: a Kustomization names it, or names a folder above
    /// that has no kustomization, so that Flux makes one which lists every kustomization below.
    /// Source: fluxcd/pkg `kustomize/kustomize_generator.go`.
    pub fn builds(&self, folder: &RepoPath) -> bool {
        self.named_over(folder, self.named.get_or_init(|| self.applied()))
    }

    /// The same in HEAD, where `before` says what Flux builds in BASE.
    pub fn builds_after(&self, before: &Self, folder: &RepoPath) -> bool {
        let named = self.named.get_or_init(|| {
            let before = before.named.get_or_init(|| before.applied());
            self.applied_after(before)
        });
        self.named_over(folder, named)
    }

    fn named_over(&self, folder: &RepoPath, named: &BTreeSet<Named>) -> bool {
        let mut at = folder.clone();
        loop {
            if named.iter().any(|it| it.is(&at)) {
                return true;
            }
            match at.parent() {
                Some(it) if self.kustomization_in(&it).is_none() => at = it,
                _ => return false,
            }
        }
    }

    fn kustomization_in(&self, folder: &RepoPath) -> Option<RepoPath> {
        let files = self.tree.list(folder).unwrap_or_default();
        let mut paths = files.iter().filter_map(|it| folder.join(it));
        let is_file = |it: &RepoPath| matches!(self.tree.kind(it), Ok(Some(EntryKind::File)));
        paths.find(|it| is_kustomization(it) && is_file(it))
    }

    /// What each kustomization lists, by its folder.
    fn lists(&self, files: &[RepoPath]) -> Lists {
        let mut lists = Lists::default();
        for file in files.iter().filter(|it| is_kustomization(it)) {
            let folder = file.parent().unwrap_or_default();
            if let Ok(read) = self.session.kustomization(&folder) {
                let listed = read.resources.iter().filter_map(|it| folder.join(it));
                lists.0.insert(folder.clone(), listed.collect());
            }
        }
        lists
    }

    /// What the Kustomizations that somebody applies name.
    fn applied(&self) -> BTreeSet<Named> {
        let Said {
            mut found,
            lists,
            repositories,
        } = self.search();
        // Flux begins with what builds the files of Kustomizations, its own perhaps.
        let files: BTreeSet<RepoPath> = found.iter().map(|it| it.file.clone()).collect();
        let files: Vec<RepoPath> = files
            .into_iter()
            .filter(|it| lists.has(it) != Some(false))
            .collect();
        for it in &mut found {
            it.begins |= lists.build(&it.names, &files);
        }
        let own: BTreeSet<&String> = found
            .iter()
            .filter(|it| it.begins)
            .filter_map(|it| it.repository.as_ref())
            .collect();
        let elsewhere = |it: &Found| {
            let name = it.repository.as_ref();
            name.is_some_and(|it| !own.is_empty() && !own.contains(it) && repositories.contains(it))
        };
        let mut open: Vec<&Found> = found.iter().filter(|it| !elsewhere(it)).collect();
        let mut named = BTreeSet::new();
        loop {
            let before = open.len();
            open.retain(|it| {
                let listed = lists.has(&it.file);
                let within = || named.iter().any(|named: &Named| named.holds(&it.file));
                let counts = it.begins || listed.unwrap_or_else(within);
                if counts {
                    named.insert(it.names.clone());
                }
                !counts
            });
            if open.len() == before {
                return named;
            }
        }
    }

    /// What Kustomizations of HEAD name: those of BASE that are still there, and new ones where the Flux of
    /// BASE builds.
    fn applied_after(&self, before: &BTreeSet<Named>) -> BTreeSet<Named> {
        let Said { found, lists, .. } = self.search();
        let counts = |it: &Found| {
            before.contains(&it.names)
                || before
                    .iter()
                    .any(|named| lists.build(named, std::slice::from_ref(&it.file)))
                    && lists.has(&it.file) != Some(false)
        };
        found
            .into_iter()
            .filter(counts)
            .map(|it| it.names)
            .collect()
    }

    /// A file that cannot be read names nothing; the search for rules tells it.
    fn search(&self) -> Said {
        let mut said = Said::default();
        let files = self.tree.files().unwrap_or_default();
        said.lists = self.lists(&files);
        for file in files.iter().filter(|it| is_manifest(it)) {
            let marks = [GROUP, INSTANCES[0], INSTANCES[1]];
            let read = marks.into_iter().find_map(|mark| {
                documents(self.tree, self.session, file, mark)
                    .ok()
                    .flatten()
            });
            read.iter()
                .flat_map(|it| it.iter())
                .for_each(|it| said.add(file, it));
            let read = documents(self.tree, self.session, file, "GitRepository");
            for node in read.ok().flatten().iter().flat_map(|it| it.iter()) {
                if text(node, &["kind"]) == Some("GitRepository") {
                    let name = text(node, &["metadata", "name"]).unwrap_or_default();
                    said.repositories.insert(name.to_owned());
                }
            }
        }
        said
    }
}

fn text<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    let found = path.iter().try_fold(node, |node, key| node.get(key));
    found.and_then(Node::as_str)
}

impl Said {
    /// What a Kustomization names that is not suspended, and those in lists and in what a ResourceSet makes.
    /// How deep they may stand the reader limits.
    fn add(&mut self, file: &RepoPath, node: &Node) {
        let group = text(node, &["apiVersion"]).and_then(|it| it.split('/').next());
        let mut take = |path: &[&str], source: &[&str], begins| {
            let path = text(node, path).unwrap_or_default();
            let path = RepoPath::default().join(path.trim_start_matches('/'));
            let kind = text(node, &[source, &["kind"]].concat());
            let names = match (path, kind) {
                (Some(path), Some("GitRepository") | None) => Named::Folder(path),
                // The root of an artifact may be any folder, so it names none.
                (Some(path), Some(_)) if !path.as_str().is_empty() => Named::Part(path),
                _ => return,
            };
            let is_git = matches!(names, Named::Folder(_));
            let name = text(node, &[source, &["name"]].concat());
            self.found.push(Found {
                file: file.clone(),
                names,
                repository: name.filter(|_| is_git).map(str::to_owned),
                begins,
            });
        };
        let items = match (group, text(node, &["kind"]).unwrap_or_default()) {
            (Some(GROUP), "Kustomization") => {
                let suspended = node.get("spec").and_then(|it| it.get("suspend"));
                if !suspended
                    .and_then(Node::as_scalar)
                    .is_some_and(|it| it.is_true())
                {
                    take(&["spec", "path"], &["spec", "sourceRef"], false);
                }
                None
            }
            (_, "FluxInstance") => {
                take(&["spec", "sync", "path"], &["spec", "sync"], true);
                None
            }
            // Values of the chart, in a release or in a file of their own.
            (_, kind @ ("HelmRelease" | "")) => {
                let sync = ["spec", "values", "instance", "sync"];
                let sync = match kind {
                    "" => &sync[2..],
                    _ => &sync,
                };
                let path = [sync, &["path"]].concat();
                if text(node, &path).is_some() {
                    take(&path, sync, true);
                }
                None
            }
            (_, "ResourceSet") => node.get("spec").and_then(|it| it.get("resources")),
            (_, kind) if kind.ends_with("List") => node.get("items"),
            _ => None,
        };
        for item in items.and_then(Node::as_sequence).unwrap_or_default() {
            self.add(file, item);
        }
    }
}

#[cfg(test)]
mod tests;

//! Every kustomization of a tree, and which of them build on which.

use super::Problem;
use crate::{config::inferred, repo::Tree};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath, Session};
use tollgate_yaml::{Dialect, Node, Span};

/// The names of a kustomization file. Source: kustomize `api/konfig`.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a file has the name of a kustomization.
pub fn is_kustomization(file: &RepoPath) -> bool {
    NAMES.contains(&file.name())
}

/// The kustomizations of a tree.
#[derive(Debug, Default)]
pub struct Kustomizations {
    /// Folders with a kustomization file, and whether nothing builds on them. A Component is one like
    /// any other: `kustomize build` renders it by itself.
    roots: BTreeMap<RepoPath, bool>,
    /// Folders that others build on, but that name a stage of delivery which none of those overlays
    /// names: what reaches that stage would be judged by nobody.
    staged: BTreeSet<RepoPath>,
    /// What each of them builds on.
    uses: BTreeMap<RepoPath, BTreeSet<RepoPath>>,
    /// What is wrong with some of them.
    pub problems: Vec<Problem>,
}

impl Kustomizations {
    /// What somebody applies, as far as folders tell: those that no other kustomization builds on,
    /// and those that name a stage of their own (`overlays/prod`, on which only `overlays/dev` builds).
    pub fn overlays(&self) -> impl Iterator<Item = &RepoPath> {
        self.roots
            .iter()
            .filter(|(path, top)| **top || self.staged.contains(*path))
            .map(|(path, _)| path)
    }

    /// The folders on top of all others that build on this one, directly or through others.
    pub fn tops_over(&self, folder: &RepoPath) -> Vec<&RepoPath> {
        let uses = self.uses.iter().collect();
        let tops = self.roots.iter().filter(|(_, top)| **top);
        tops.map(|(path, _)| path)
            .filter(|path| {
                let mut below = BTreeSet::new();
                reach(vec![(*path).clone()], &uses, &mut below);
                *path != folder && below.contains(folder)
            })
            .collect()
    }

    /// All folders that can be rendered by themselves, bases included.
    pub fn all(&self) -> impl Iterator<Item = (&RepoPath, bool)> {
        self.roots.iter().map(|(path, top)| (path, *top))
    }
}

/// Find the kustomizations of a tree. Files that cannot be read as kustomizations count as
/// overlays unless something builds on them: rendering says what is wrong, and a broken file hides
/// nothing. A folder that is
/// also reached through a link counts under both paths, because it can be applied from both.
///
/// # Errors
/// Where the tree cannot be listed.
pub fn kustomizations(tree: &dyn Tree, session: &Session<'_>) -> Result<Kustomizations, FileError> {
    let links = tree.links()?;
    let mut folders: BTreeMap<RepoPath, Vec<RepoPath>> = BTreeMap::new();
    let linked_files = links
        .iter()
        .filter(|it| !matches!(tree.kind(it), Ok(Some(EntryKind::Directory))));
    for file in tree.files()?.iter().chain(linked_files) {
        if is_kustomization(file) {
            folders
                .entry(file.parent().unwrap_or_default())
                .or_default()
                .push(file.clone());
        }
    }
    let mut found = Kustomizations::default();
    for (folder, files) in folders.iter().filter(|(_, files)| files.len() > 1) {
        let mut names: Vec<String> = files.iter().map(|it| format!("`{}`", it.name())).collect();
        names.sort_unstable();
        found.problems.push(Problem {
            path: folder.clone(),
            span: Span::NONE,
            message: format!("{} stand side by side", names.join(" and ")),
            help: Some("keep one of them: kustomize does not choose".to_owned()),
        });
    }
    let mut known: BTreeSet<RepoPath> = folders.into_keys().collect();
    let linked = through_links(tree, &links, &known, &mut found.problems);
    known.extend(linked);
    let read: Vec<(&RepoPath, BTreeSet<RepoPath>)> = known
        .par_iter()
        .map(|folder| {
            let entries = entries(session, folder);
            (folder, builds_on(&entries, folder, tree, &known))
        })
        .collect();
    let used: BTreeSet<&RepoPath> = read.iter().flat_map(|(_, uses)| uses).collect();
    for (path, _) in &read {
        found.roots.insert((*path).clone(), !used.contains(path));
    }
    let uses = read.iter().map(|(path, uses)| (*path, uses)).collect();
    show_circles(&mut found.roots, &uses);
    found.staged = staged(&found.roots, &uses);
    found.uses = uses
        .into_iter()
        .map(|(path, uses)| (path.clone(), uses.clone()))
        .collect();
    Ok(found)
}

/// The paths through links under which known folders can be reached too.
fn through_links(
    tree: &dyn Tree,
    links: &[RepoPath],
    known: &BTreeSet<RepoPath>,
    problems: &mut Vec<Problem>,
) -> BTreeSet<RepoPath> {
    /// More would be a trap, not a layout.
    const MOST: usize = 10_000;
    let mut found = BTreeSet::new();
    for link in links {
        let Ok(target) = tree.resolve(link) else {
            continue;
        };
        // A link to a folder around itself repeats what is there already.
        if link.is_within(&target) {
            continue;
        }
        for folder in known
            .range(target.clone()..)
            .take_while(|it| it.as_str().starts_with(target.as_str()))
        {
            let below = folder.as_str()[target.as_str().len()..].trim_start_matches('/');
            if folder.is_within(&target)
                && let Some(path) = link.join(below)
            {
                found.insert(path);
            }
            if found.len() > MOST {
                problems.push(Problem {
                    path: link.clone(),
                    span: Span::NONE,
                    message: format!("links lead to more than {MOST} kustomizations"),
                    help: Some("remove links between folders".to_owned()),
                });
                return found;
            }
        }
    }
    found
}

/// What the kustomization of a folder may build on, as written. One that is wrong somewhere still
/// says it, as far as it is YAML: its bases are bases, broken or not.
fn entries(session: &Session<'_>, folder: &RepoPath) -> Vec<String> {
    match session.kustomization(folder) {
        Ok(it) => [
            &it.resources,
            &it.components,
            &it.generators,
            &it.transformers,
            &it.validators,
        ]
        .into_iter()
        .flatten()
        .map(|it| it.to_string())
        .collect(),
        Err(_) => NAMES
            .iter()
            .filter_map(|name| folder.join(name))
            .find_map(|path| session.documents(&path, Dialect::Sigs).ok())
            .and_then(|documents| documents.first().map(entries_of))
            .unwrap_or_default(),
    }
}

fn entries_of(document: &Node) -> Vec<String> {
    let lists = [
        "resources",
        "bases",
        "components",
        "generators",
        "transformers",
        "validators",
    ];
    lists
        .iter()
        .filter_map(|it| document.get(it))
        .filter_map(Node::as_sequence)
        .flatten()
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect()
}

/// The folders of other kustomizations that one names, under the path that is written there and
/// under the one that links lead to.
fn builds_on(
    entries: &[String],
    folder: &RepoPath,
    files: &dyn Files,
    known: &BTreeSet<RepoPath>,
) -> BTreeSet<RepoPath> {
    let real = files.resolve(folder).unwrap_or_else(|_| folder.clone());
    entries
        .iter()
        .filter_map(|entry| real.join(entry.trim_end_matches('/')))
        .flat_map(|path| {
            let resolved = files.resolve(&path).ok();
            [Some(path), resolved]
        })
        .flatten()
        .filter(|it| known.contains(it) && it != folder && *it != real)
        .collect()
}

/// Folders that are used, and name a stage that no overlay names which uses them.
fn staged(
    roots: &BTreeMap<RepoPath, bool>,
    uses: &BTreeMap<&RepoPath, &BTreeSet<RepoPath>>,
) -> BTreeSet<RepoPath> {
    let mut staged: BTreeSet<RepoPath> = roots
        .iter()
        .filter(|(path, top)| !**top && inferred::names_a_stage(path.name()))
        .map(|(path, _)| path.clone())
        .collect();
    for (top, _) in roots.iter().filter(|(_, top)| **top) {
        if staged.is_empty() {
            break;
        }
        let stage = inferred::stage_number(top);
        let mut below = BTreeSet::new();
        reach(vec![top.clone()], uses, &mut below);
        staged.retain(|it| !below.contains(it) || inferred::stage_number(it) != stage);
    }
    staged
}

/// Kustomizations that build on one another in a circle are all used and none is on top: without
/// this, a circle would hide what it holds.
fn show_circles(
    roots: &mut BTreeMap<RepoPath, bool>,
    uses: &BTreeMap<&RepoPath, &BTreeSet<RepoPath>>,
) {
    let mut reached: BTreeSet<RepoPath> = BTreeSet::new();
    let tops: Vec<RepoPath> = roots
        .iter()
        .filter(|(_, top)| **top)
        .map(|(it, _)| it.clone())
        .collect();
    reach(tops, uses, &mut reached);
    let all: Vec<RepoPath> = roots.keys().cloned().collect();
    for path in all {
        if !reached.contains(&path) {
            roots.insert(path.clone(), true);
            reach(vec![path], uses, &mut reached);
        }
    }
}

fn reach(
    from: Vec<RepoPath>,
    uses: &BTreeMap<&RepoPath, &BTreeSet<RepoPath>>,
    reached: &mut BTreeSet<RepoPath>,
) {
    let mut open = from;
    while let Some(path) = open.pop() {
        if reached.insert(path.clone()) {
            open.extend(uses.get(&path).into_iter().copied().flatten().cloned());
        }
    }
}

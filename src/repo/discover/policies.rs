//! Where policies and fixture suites are.

use super::{Problem, documents, kustomizations::is_kustomization};
use crate::config::Patterns;
use crate::repo::Tree;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{EntryKind, FileError, RepoPath, Session};
use tollgate_yaml::{Dialect, Node, Tag};

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
    /// Its file, where links lead to.
    pub path: RepoPath,
    /// The path through links under which it was found, where it is another one.
    pub through: Option<RepoPath>,
    /// What it is for.
    pub class: Class,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`; empty where it has none.
    pub name: String,
    /// The document, or the item of a list.
    pub node: Node,
}

/// The policies of a tree and what stands beside them.
#[derive(Debug, Default)]
pub struct PolicyFiles {
    /// In the order of their paths, as they stand there.
    pub documents: Vec<Document>,
    /// Files that look like policies and cannot be read.
    pub problems: Vec<Problem>,
}

/// Every API group of Kyverno ends in this. It stands in each of its documents, but for escapes.
const GROUP: &str = "kyverno.io";

/// Find the documents of Kyverno's API groups in the files that `patterns` name, by content, as
/// `kubectl apply` takes them: items of lists are documents, and links are followed. What a
/// kustomization names as a patch is none, nor are the templates of a Helm chart.
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
    let real: BTreeSet<RepoPath> = charts
        .iter()
        .filter(|it| is_chart(session, it))
        .cloned()
        .collect();
    let patches = patches(&files, tree, session);
    let mut named: BTreeMap<RepoPath, Option<RepoPath>> = files
        .iter()
        .filter(|it| is_manifest(it) && patterns.matches(it))
        .map(|it| (it.clone(), None))
        .collect();
    for (at, target) in through_links(tree, &files, patterns)? {
        named.entry(target).or_insert(Some(at));
    }
    let read: Vec<Result<Vec<Document>, Problem>> = named
        .par_iter()
        .filter(|(path, _)| !patches.contains(path) && !is_template(path, &real))
        .map(|(path, through)| {
            let found = of_file(tree, session, path, through.as_ref());
            // Text with actions beside what is called a chart, and is none.
            found.or_else(|problem| match is_template(path, &charts) {
                true => Ok(Vec::new()),
                false => Err(problem),
            })
        })
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

/// The files that links lead to and that the patterns name through them: path and target. A link
/// that leads nowhere leads to no policy.
fn through_links(
    tree: &dyn Tree,
    files: &[RepoPath],
    patterns: &Patterns,
) -> Result<BTreeMap<RepoPath, RepoPath>, FileError> {
    /// More would be a trap, not a layout.
    const MOST: usize = 10_000;
    let mut found = BTreeMap::new();
    let mut take = |path: RepoPath, target: &RepoPath| {
        if is_manifest(&path) && patterns.matches(&path) && found.len() < MOST {
            found.insert(path, target.clone());
        }
    };
    for link in tree.links()? {
        let (Ok(kind), Ok(target)) = (tree.kind(&link), tree.resolve(&link)) else {
            continue;
        };
        if kind != Some(EntryKind::Directory) {
            take(link, &target);
        } else if !link.is_within(&target) {
            for file in files.iter().filter(|it| it.is_within(&target)) {
                let below = file.as_str()[target.as_str().len()..].trim_start_matches('/');
                if let Some(path) = link.join(below) {
                    take(path, file);
                }
            }
        }
    }
    Ok(found)
}

/// The files that kustomizations name as patches and not as resources: parts of something else.
fn patches(files: &[RepoPath], tree: &dyn Tree, session: &Session<'_>) -> BTreeSet<RepoPath> {
    let (mut patches, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for file in files.iter().filter(|it| is_kustomization(it)) {
        let folder = file.parent().unwrap_or_default();
        let Ok(read) = session.kustomization(&folder) else {
            continue;
        };
        let resolved = |it: &str| tree.resolve(&folder.join(it)?).ok();
        let by_path = read.patches.iter().chain(&read.patches_json6902);
        let by_path = by_path.filter_map(|it| it.path.as_ref());
        let named = by_path.chain(&read.patches_strategic_merge);
        patches.extend(named.filter_map(|it| resolved(it)));
        resources.extend(read.resources.iter().filter_map(|it| resolved(it)));
    }
    patches.difference(&resources).cloned().collect()
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

/// Whether the file beside templates says what chart it is, as Helm asks.
fn is_chart(session: &Session<'_>, folder: &RepoPath) -> bool {
    let file = folder.join("Chart.yaml");
    let documents = file.and_then(|it| session.documents(&it, Dialect::Sigs).ok());
    let chart = documents.as_ref().and_then(|it| it.first());
    let says = |key| {
        let value = chart.and_then(|it| it.get(key)).and_then(Node::as_scalar);
        value.is_some_and(|it| !it.text.is_empty())
    };
    says("name") && says("version")
}

fn of_file(
    tree: &dyn Tree,
    session: &Session<'_>,
    path: &RepoPath,
    through: Option<&RepoPath>,
) -> Result<Vec<Document>, Problem> {
    let parsed = documents(tree, session, path, GROUP)?;
    let mut found = Vec::new();
    for node in parsed.iter().flat_map(|it| it.iter()) {
        in_lists(node.clone(), &mut |node| {
            found.extend(document(path, through, node));
        });
    }
    Ok(found)
}

/// A document, or the items of a list in the place of it: those that say nothing of their kind are
/// of the kind that the list is for, as in `kubectl`. How deep lists stand in lists the reader limits.
fn in_lists(mut node: Node, take: &mut impl FnMut(Node)) {
    for key in ["apiVersion", "kind"] {
        // Base64 says the same to Kubernetes.
        let value = node.get_mut(key);
        let binary = value.filter(|it| it.as_scalar().is_some_and(|it| it.tag == Tag::Binary));
        if let Some(value) = binary
            && let Ok(serde_json::Value::String(plain)) = value.to_json()
        {
            *value = Node::string(plain, value.origin);
        }
    }
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let of = text(&node, "kind").and_then(|it| it.strip_suffix("List").map(str::to_owned));
    let api_version = text(&node, "apiVersion");
    let items = node.get_mut("items").and_then(Node::as_sequence_mut);
    let (Some(of), Some(items)) = (of, items.map(std::mem::take)) else {
        return take(node);
    };
    for mut item in items {
        let origin = item.origin;
        if let Some(map) = item.as_mapping_mut().filter(|it| !it.contains_key("kind"))
            && !of.is_empty()
        {
            map.set("kind", Node::string(of.clone(), origin));
            if let Some(it) = &api_version {
                map.set("apiVersion", Node::string(it.clone(), origin));
            }
        }
        in_lists(item, take);
    }
}

fn document(path: &RepoPath, through: Option<&RepoPath>, node: Node) -> Option<Document> {
    let text = |key| node.get(key).and_then(Node::as_str).unwrap_or_default();
    let kind = text("kind").to_owned();
    let name = node.get("metadata").and_then(|it| it.get("name"));
    Some(Document {
        path: path.clone(),
        through: through.cloned(),
        class: classify(&node)?,
        name: name.and_then(Node::as_str).unwrap_or_default().to_owned(),
        kind,
        node,
    })
}

/// What a document is for; `None` for one that no engine owns, and for a part of a policy: a patch,
/// or what a test expects of its status. Source: the API types of Kyverno 1.19, `api/`.
pub fn classify(node: &Node) -> Option<Class> {
    let text = |key| node.get(key).and_then(Node::as_str).unwrap_or_default();
    let (group, kind) = (text("apiVersion").split('/').next()?, text("kind"));
    let given = |key| {
        let value = node.get("spec").and_then(|it| it.get(key));
        value.is_some_and(|it| !it.is_null())
    };
    let class = match group {
        "cli.kyverno.io" => Class::Fixture,
        "kyverno.io" | "policies.kyverno.io" if kind.ends_with("Policy") => Class::Policy,
        "kyverno.io" | "policies.kyverno.io" if kind == "PolicyException" => Class::Exception,
        _ if group == "kyverno.io" || group.ends_with(".kyverno.io") => Class::Other,
        _ => return None,
    };
    let whole = match (class, group, kind) {
        (Class::Policy, "kyverno.io", "ClusterPolicy" | "Policy") => given("rules"),
        (Class::Policy | Class::Exception, ..) => node.get("spec").is_some(),
        _ => true,
    };
    whole.then_some(class)
}

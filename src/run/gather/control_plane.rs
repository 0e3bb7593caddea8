//! What of a change decides about changes.

use super::opened::Opened;
use crate::{
    config::{self, Config},
    model::{Change, ControlPlane, ControlPlaneFile},
    repo::{LeafKind, discover::Class},
};
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::{Dialect, Node, Value};

/// Files of the control plane that differ, each with what it decides.
pub(super) fn control_plane(
    change: &Change,
    base: &Opened<'_>,
    head: &Opened<'_>,
    config: &Config,
) -> Vec<ControlPlaneFile> {
    let of = |class: Class| -> BTreeSet<&str> {
        let documents = base
            .policies
            .documents
            .iter()
            .chain(&head.policies.documents);
        documents
            .filter(|it| it.class == class)
            .flat_map(|it| std::iter::once(&it.path).chain(&it.through))
            .map(RepoPath::as_str)
            .collect()
    };
    let (policies, exceptions, fixtures) =
        (of(Class::Policy), of(Class::Exception), of(Class::Fixture));
    // A fixture is what stands in the folder of a suite, or below it.
    let suites: Vec<RepoPath> = base
        .suites
        .iter()
        .chain(&head.suites)
        .filter_map(|it| it.1.parent())
        .collect();
    let own = own_files(config, [base, head]);
    let class = |path: &str| {
        if policies.contains(path) {
            return Some(ControlPlane::Policy);
        }
        if exceptions.contains(path) {
            return Some(ControlPlane::Exception);
        }
        let inside = |it: &RepoPath| {
            !it.as_str().is_empty() && RepoPath::new(path).is_some_and(|path| path.is_within(it))
        };
        if fixtures.contains(path) || suites.iter().any(inside) {
            return Some(ControlPlane::Fixture);
        }
        if own.contains(path) {
            return Some(ControlPlane::Configuration);
        }
        by_convention(path)
    };
    let files = change.files.iter();
    files
        .filter_map(|it| {
            Some(ControlPlaneFile {
                path: it.path.clone(),
                edit: it.edit,
                class: class(&it.path)?,
            })
        })
        .collect()
}

/// The files of this program, and what stands behind them where they are links.
fn own_files(config: &Config, sides: [&Opened<'_>; 2]) -> BTreeSet<String> {
    let names = [
        config::FILE_NAME,
        config.exceptions.as_str(),
        config.baseline.as_str(),
    ];
    let mut own: BTreeSet<String> = names.iter().map(|it| (*it).to_owned()).collect();
    for name in names.iter().filter_map(|it| RepoPath::new(it)) {
        let behind = sides.iter().filter_map(|it| it.files.resolve(&name).ok());
        own.extend(behind.map(|it| it.to_string()));
    }
    own
}

/// Whether HEAD's configuration is a link and BASE's is none: whoever changes the file behind it changes
/// the rules.
pub(super) fn becomes_a_link(base: &Opened<'_>, head: &Opened<'_>) -> bool {
    let name = RepoPath::new(config::FILE_NAME).unwrap_or_default();
    let is_link = |it: &Opened<'_>| matches!(it.files.stands_at(&name), Ok(Some(LeafKind::Link)));
    is_link(head) && !is_link(base)
}

/// Files that suites of either side name, wherever they stand. A file that an overlay reads is what an
/// environment receives, and no fixture. In the order of their paths.
pub(super) fn named_fixtures(
    change: &Change,
    [base, head]: [&Opened<'_>; 2],
    is_read: impl Fn(&RepoPath) -> bool,
) -> Vec<ControlPlaneFile> {
    let named: BTreeSet<RepoPath> = [base, head]
        .iter()
        .flat_map(|it| it.suites.iter().flat_map(|suite| named_by(it, &suite.1)))
        .collect();
    let is_named = |path: &RepoPath| {
        let mut above = std::iter::successors(Some(path.clone()), RepoPath::parent);
        above.any(|it| named.contains(&it))
    };
    let mut files = Vec::new();
    for file in &change.files {
        if RepoPath::new(&file.path).is_some_and(|it| is_named(&it) && !is_read(&it)) {
            files.push(ControlPlaneFile {
                path: file.path.clone(),
                edit: file.edit,
                class: ControlPlane::Fixture,
            });
        }
    }
    files
}

/// Every file and folder that a text of a suite names.
fn named_by(side: &Opened<'_>, suite: &RepoPath) -> Vec<RepoPath> {
    let folder = suite.parent().unwrap_or_default();
    // A suite that cannot be read is told by itself.
    let Ok(documents) = side.session.documents(suite, Dialect::Sigs) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    documents.iter().for_each(|it| collect(it, &mut texts));
    let paths = texts.iter().filter_map(|it| folder.join(it));
    let is_there = |it: &RepoPath| matches!(side.files.kind(it), Ok(Some(_)));
    paths
        .filter(|it| *it != folder && !it.as_str().is_empty() && is_there(it))
        .collect()
}

/// Depth is limited by the reader.
fn collect<'a>(node: &'a Node, texts: &mut Vec<&'a str>) {
    match &node.value {
        Value::Scalar(scalar) => texts.push(&scalar.text),
        Value::Sequence(items) => items.iter().for_each(|it| collect(it, texts)),
        Value::Mapping(map) => map.iter().for_each(|it| collect(&it.value, texts)),
    }
}

/// Owners and pipelines stand at places that the forges fix.
fn by_convention(path: &str) -> Option<ControlPlane> {
    match path {
        "CODEOWNERS" | ".github/CODEOWNERS" | ".gitlab/CODEOWNERS" | "docs/CODEOWNERS" => {
            Some(ControlPlane::Owners)
        }
        ".gitlab-ci.yml" | ".pre-commit-config.yaml" => Some(ControlPlane::Ci),
        _ if path.starts_with(".github/workflows/") || path.starts_with(".github/actions/") => {
            Some(ControlPlane::Ci)
        }
        _ if path.starts_with(".gitlab/ci/") => Some(ControlPlane::Ci),
        _ => None,
    }
}

//! What of a change decides about changes.

use super::opened::Opened;
use crate::{
    config::{self, Config},
    model::{Change, ControlPlane, ControlPlaneFile},
    repo::discover::Class,
};
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;

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
        let own = [
            config::FILE_NAME,
            config.exceptions.as_str(),
            config.baseline.as_str(),
        ];
        if own.contains(&path) {
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

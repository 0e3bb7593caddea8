//! What HEAD's configuration demands less of than BASE's: what settings say by themselves, and what
//! they come to for the policies, fixtures and overlays that are there.

use super::Opened;
use crate::{
    config::{self, Config, Enforcement, Loaded, Pattern, Patterns},
    repo::discover::{self, Class},
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::RepoPath;

/// One clause for each demand that is lowered. In `head`, BASE's patterns have been looked for.
pub(super) fn lowered(old: &Loaded, new: &Loaded, head: &Opened<'_>) -> Vec<String> {
    let mut out = config::lowered(old, new);
    if old.file.is_some() && new.file.is_none() {
        return out;
    }
    let policies = head.policies.documents.iter();
    let policies = policies
        .filter(|it| it.class == Class::Policy)
        .map(|it| &it.path);
    let paths = &new.config.policies.paths;
    out.extend(left_out("policies.paths", policies.collect(), paths));
    let suites = head.suites.iter().map(|it| &it.1);
    let fixtures = &new.config.policies.fixtures;
    out.extend(left_out("policies.fixtures", suites.collect(), fixtures));
    if old.config.environments.is_empty() {
        out.extend(eased(&old.config, &new.config, head));
    }
    out
}

/// That the patterns miss some of the files.
fn left_out(setting: &str, files: BTreeSet<&RepoPath>, patterns: &[Pattern]) -> Option<String> {
    let patterns = match Patterns::compile(patterns) {
        Ok(patterns) => patterns,
        Err(why) => return Some(format!("`{setting}` cannot be used: {why}")),
    };
    let mut left = files.into_iter().filter(|it| !patterns.matches(it));
    let first = left.next()?;
    Some(match left.count() {
        0 => format!("`{setting}` leaves out `{first}`"),
        n => format!("`{setting}` leaves out `{first}` and {n} more"),
    })
}

/// Where BASE lists no environment, folder names say how strictly an overlay is judged: that a list
/// judges some of them less strictly.
fn eased(old: &Config, new: &Config, head: &Opened<'_>) -> Option<String> {
    let found = &head.kustomizations;
    let strictness = |config: &Config| -> BTreeMap<RepoPath, Enforcement> {
        let config = config.clone().with_inferred_environments(found.overlays());
        let mapped = discover::overlays(found, &config).overlays;
        let mapped = mapped.into_iter().filter_map(|it| {
            let environment = config.environment(it.environment?.as_str())?;
            Some((it.path, environment.enforcement))
        });
        mapped.collect()
    };
    let (before, after) = (strictness(old), strictness(new));
    let mut falls = before.iter().filter_map(|(path, before)| {
        // An overlay of no environment is held by itself.
        let after = after.get(path)?;
        (after < before).then_some((path, before, after))
    });
    let (path, before, after) = falls.next()?;
    let more = match falls.count() {
        0 => String::new(),
        n => format!(", and that of {n} more overlays"),
    };
    Some(format!(
        "enforcement of `{path}` falls from {before} to {after}{more}"
    ))
}

//! What HEAD's configuration demands less of than BASE's: what settings say by themselves, and what
//! they come to for the policies, fixtures and overlays that are there.

use super::Opened;
use crate::{
    config::{self, Config, Loaded, Pattern, Patterns},
    repo::discover::{self, Class},
};
use std::collections::BTreeSet;
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
    out.extend(fewer_definitions(&old.config, &new.config, head));
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

/// A first list of folders with definitions: that it leaves out some which are found without it.
fn fewer_definitions(old: &Config, new: &Config, head: &Opened<'_>) -> Option<String> {
    let listed = |it: &Config| it.schema.as_ref().is_some_and(|it| !it.crds.is_empty());
    if listed(old) || !listed(new) {
        return None;
    }
    // A tree that cannot be listed is told by itself.
    let known = discover::definitions(head.files, &head.session, None).ok()?;
    let files: BTreeSet<RepoPath> = known
        .documents
        .iter()
        .filter_map(|it| head.sources.get(it.span().file))
        .filter_map(|it| RepoPath::new(it.path()))
        .collect();
    let crds = new.schema.as_ref().map(|it| &it.crds)?;
    left_out("schema.crds", files.iter().collect(), crds)
}

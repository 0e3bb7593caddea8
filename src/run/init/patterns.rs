//! Few patterns for many folders.

use crate::config::{Pattern, inferred};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::RepoPath;

/// Folders deeper than this are listed by themselves: their patterns would be too many to weigh.
const DEEPEST: usize = 12;

/// The pattern of one path.
pub(super) fn exact(path: &RepoPath) -> String {
    Pattern::exactly(path).as_str().to_owned()
}

/// The pattern of everything below a folder.
pub(super) fn below(folder: &RepoPath) -> String {
    format!("{}/**", exact(folder))
}

/// Patterns that match every path of `own` and no other path of `all`. A `*` stands for a folder
/// name of which several were seen, never for one that names a stage of delivery; with `keep_last`
/// never for the last.
pub(super) fn covering(own: &[&RepoPath], all: &[&RepoPath], keep_last: bool) -> Vec<String> {
    let mine: BTreeSet<&RepoPath> = own.iter().copied().collect();
    let mut foreign: BTreeSet<String> = BTreeSet::new();
    for path in all.iter().filter(|it| !mine.contains(*it)) {
        foreign.extend(starred(path, |_, _| true).into_iter().map(|it| it.1));
    }
    let mut covered: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (at, path) in own.iter().enumerate() {
        let free = |folder: &str, last| !(inferred::names_a_stage(folder) || keep_last && last);
        for candidate in starred(path, free) {
            covered.entry(candidate).or_default().push(at);
        }
    }
    covered.retain(|it, paths| paths.len() > 1 && !foreign.contains(&it.1));
    let mut candidates: Vec<((usize, String), Vec<usize>)> = covered.into_iter().collect();
    candidates.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut left: BTreeSet<usize> = (0..own.len()).collect();
    let mut patterns = Vec::new();
    for ((_, pattern), paths) in candidates {
        if paths.iter().filter(|it| left.contains(it)).count() > 1 {
            left.retain(|it| paths.binary_search(it).is_err());
            patterns.push(pattern);
        }
    }
    let alone = left.into_iter().map(|it| {
        let like_it = conventional(own[it], all).filter(|it| !keep_last && !foreign.contains(it));
        like_it.unwrap_or_else(|| exact(own[it]))
    });
    patterns.extend(alone);
    patterns.sort();
    patterns
}

/// Folders that hold what is laid over something, one a stage.
const STAGES_IN: [&str; 4] = ["overlays", "environments", "envs", "env"];

/// The pattern by which the next application would be found, where the folders of a path are called as they are
/// everywhere (`apps/web/overlays/prod`, or `apps/web/prod` beside `apps/web/base`): the one of the application is a star.
fn conventional(path: &RepoPath, all: &[&RepoPath]) -> Option<String> {
    let stage = path.name();
    if !inferred::names_a_stage(stage) || path.as_str().split('/').count() > DEEPEST {
        return None;
    }
    let around = path.parent()?;
    let (application, between) = match STAGES_IN.contains(&around.name()) {
        true => (around.parent()?, Some(around.name())),
        false => {
            let base = around.join("base")?;
            all.iter()
                .any(|it| **it == base)
                .then_some((around.clone(), None))?
        }
    };
    if application == RepoPath::root() || inferred::names_a_stage(application.name()) {
        return None;
    }
    let before = application.parent()?;
    let before = (before != RepoPath::root()).then(|| exact(&before));
    let literal = |it: &str| RepoPath::new(it).map_or_else(String::new, |it| exact(&it));
    let parts = [
        before,
        Some("*".to_owned()),
        between.map(literal),
        Some(literal(stage)),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
}

/// The patterns with one or two stars that match a path, each with its number of stars. `free` says
/// of a folder, and of whether it is the last, that a star may stand for it.
fn starred(path: &RepoPath, free: impl Fn(&str, bool) -> bool) -> Vec<(usize, String)> {
    let folders: Vec<&str> = path.as_str().split('/').collect();
    if folders.len() > DEEPEST {
        return Vec::new();
    }
    let last = folders.len() - 1;
    let free: Vec<usize> = (0..folders.len())
        .filter(|at| free(folders[*at], *at == last))
        .collect();
    let mut patterns = Vec::new();
    for (n, &first) in free.iter().enumerate() {
        for &second in &free[n..] {
            let parts = folders.iter().enumerate().map(|(at, folder)| {
                if at == first || at == second {
                    "*".to_owned()
                } else {
                    RepoPath::new(folder).map_or_else(String::new, |it| exact(&it))
                }
            });
            let stars = 1 + usize::from(first != second);
            // A pattern of nothing but stars says nothing.
            if stars < folders.len() {
                patterns.push((stars, parts.collect::<Vec<_>>().join("/")));
            }
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<RepoPath> {
        let path = |it: &&str| RepoPath::new(it).expect("a path");
        texts.iter().map(path).collect()
    }

    fn cover(own: &[&str], others: &[&str]) -> Vec<String> {
        let (own, others) = (paths(own), paths(others));
        let all: Vec<&RepoPath> = own.iter().chain(&others).collect();
        covering(&own.iter().collect::<Vec<_>>(), &all, false)
    }

    #[test]
    fn folders_that_are_alike_share_a_pattern() {
        assert_eq!(
            cover(
                &["apps/a/overlays/prod", "apps/b/overlays/prod", "infra/prod"],
                &["apps/a/overlays/dev", "apps/a/base"]
            ),
            ["apps/*/overlays/prod", "infra/prod"]
        );
        // One alone, as the next will be called.
        for (own, others, want) in [
            (
                "apps/a/overlays/prod",
                ["apps/a/base", "x"],
                "apps/*/overlays/prod",
            ),
            ("a/envs/prod", ["a/base", "x"], "*/envs/prod"),
            ("apps/a/prod", ["apps/a/base", "apps/a/dev"], "apps/*/prod"),
            ("a/prod", ["a/base", "a/dev"], "*/prod"),
            ("apps/a/prod", ["apps/a/dev", "x"], "apps/a/prod"),
            ("overlays/prod", ["base", "x"], "overlays/prod"),
            ("prod", ["base", "dev"], "prod"),
            ("dev/overlays/prod", ["base", "x"], "dev/overlays/prod"),
            (
                "apps/a/overlays/eu",
                ["apps/a/base", "x"],
                "apps/a/overlays/eu",
            ),
            // Another environment has one of that form.
            (
                "apps/a/overlays/prod",
                ["apps/b/overlays/prod", "x"],
                "apps/a/overlays/prod",
            ),
        ] {
            assert_eq!(cover(&[own], &others), [want], "{own} beside {others:?}");
        }
        assert_eq!(
            cover(
                &["k/ai/x/app", "k/ai/y/app", "k/db/x/app"],
                &["k/dev/x/app"]
            ),
            ["k/ai/*/app", "k/db/x/app"]
        );
        // Never a star for what names the stage, whatever else is there now.
        assert_eq!(
            cover(&["apps/a/prod-eu", "apps/a/prod-us"], &[]),
            ["apps/*/prod-eu", "apps/*/prod-us"].map(|it| it.replace('*', "a"))
        );
    }

    #[test]
    fn a_pattern_never_takes_what_belongs_elsewhere() {
        assert_eq!(
            cover(&["x/a/one", "x/b/one"], &["x/c/one"]),
            ["x/a/one", "x/b/one"]
        );
        assert_eq!(
            cover(&["x[1]/a/{b}", "x[1]/c/{b}"], &[]),
            ["x[[]1[]]/*/[{]b[}]"]
        );
    }
}

//! The text of a first configuration: every choice with its reason.

use super::{Found, owned, patterns};
use crate::config::{Enforcement, Environment, inferred};
use crate::reporters::escape;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use tollgate_kustomize::RepoPath;

/// Folders of policies that are listed; where they stand in more, they are looked for everywhere.
const FOLDERS: usize = 8;

const HEAD: &str = "\
# What a change to this repository must meet before it may reach a cluster. `tollgate init` wrote
# this from what stands in the repository: read it through and commit it. A change is judged by the
# file of the branch that it would be merged into, never by its own.
#
# `tollgate schema` shows every setting; `tollgate schema --help` says how an editor checks them.
version: 1
";

const ENVIRONMENTS: &str = "
# Environments in promotion order, each with the folders of its overlays; `*` stands for one folder
# name. What `enforcement` lets pass:
#   audit    everything; findings are reported
#   enforce  warnings and what cannot be evaluated are reported, failures block
#   strict   nothing: warnings and what cannot be evaluated block too
environments:
";

const INFERRED: &str = "
# Environments are not listed, so folder names show them at every run (dev, staging, prod and their
# synonyms; every other overlay belongs to `unsorted`). To say it exactly, list them in promotion
# order, each with patterns of its overlays' folders:
# environments:
#   dev:  {overlays: [\"apps/*/overlays/dev\"], enforcement: audit}
#   prod: {overlays: [\"apps/*/overlays/prod\"], enforcement: enforce}
";

const COVERAGE: &str = "
  # The share of rules that must have a fixture that passes and one that fails. It asks for nothing
  # yet; raise it to 100% once `tollgate test` lists no rule without fixtures.
  coverage: {min_rules: 0%}
";

const NO_POLICY: &str = "\
# No policy was found. They are looked for in every file, by content. Until there is one, policies
# that are built into Tollgate judge; `tollgate explain policies/built-in` lists them.
";

const BUILTIN: &str = "  \
  # `auto` leaves them with the first policy of your own, `on` keeps both, `off` switches them off.
  builtin: auto
";

/// The file. `listed` are the environments by the name that is written, with their patterns if they
/// have some; none: they are not listed.
pub(super) fn of(
    found: &Found,
    listed: &[(String, Option<Vec<String>>)],
    environments: &[Environment],
) -> String {
    let mut out = HEAD.to_owned();
    if listed.is_empty() {
        out.push_str(INFERRED);
    } else {
        out.push_str(ENVIRONMENTS);
        let overlays: Vec<&RepoPath> = found.kustomizations.overlays().collect();
        let mut before = None;
        for ((name, patterns), environment) in listed.iter().zip(environments) {
            let count = owned(environment, &overlays).len();
            let _ = write!(out, "  {name}:\n{}", reason(name, environment.enforcement));
            let _ = writeln!(out, "    enforcement: {}", environment.enforcement);
            if let (Some(before), true) = (before, name != inferred::UNSORTED) {
                let _ = write!(
                    out,
                    "    # What reaches {name} must have been in {before} first, once this is no comment:\n    # promote_from: {{env: {before}}}\n"
                );
            }
            let count = plural(count, "overlay", "overlays");
            match patterns {
                Some(patterns) => {
                    let _ = writeln!(out, "    # {count}");
                    list(&mut out, "    overlays:", patterns);
                }
                None => {
                    let _ = writeln!(
                        out,
                        "    # {count}: every one that no environment above names\n    overlays: others"
                    );
                }
            }
            before = Some(name);
        }
    }
    policies(&mut out, found);
    out
}

/// What was found, in one line.
pub(super) fn summary(found: &Found, environments: &[Environment]) -> String {
    let names: Vec<&str> = environments.iter().map(|it| it.name.as_str()).collect();
    let overlays = plural(
        found.kustomizations.overlays().count(),
        "overlay",
        "overlays",
    );
    let stages = match names.as_slice() {
        [] => "no environment".to_owned(),
        names => format!(
            "{} ({})",
            plural(names.len(), "environment", "environments"),
            names.join(", ")
        ),
    };
    format!(
        "{overlays} in {stages}, {}, {}",
        plural(
            found.policies.len(),
            "file with policies",
            "files with policies"
        ),
        plural(found.suites.len(), "fixture suite", "fixture suites")
    )
}

fn reason(name: &str, enforcement: Enforcement) -> &'static str {
    match enforcement {
        _ if name == inferred::UNSORTED => {
            "    # Their folders name no stage of delivery. List them in the environment that they belong to.\n"
        }
        Enforcement::Audit => "    # A first stage: let people try things, and tell them.\n",
        Enforcement::Enforce => "    # `strict` is worth it once few findings are left.\n",
        Enforcement::Strict => "",
    }
}

fn policies(out: &mut String, found: &Found) {
    let paths = folders(&found.policies);
    let mut fixtures = folders(&found.suites);
    for folder in &mut fixtures {
        *folder = around(folder, found);
    }
    let below = |it: Vec<RepoPath>| it.iter().map(patterns::below).collect::<Vec<_>>();
    let (paths, fixtures) = (below(paths), below(fixtures));
    let count = plural(
        found.policies.len(),
        "file with policies",
        "files with policies",
    );
    out.push('\n');
    out.push_str(&match (found.policies.len(), paths.is_empty()) {
        (0, _) => NO_POLICY.to_owned(),
        (_, true) => format!(
            "# {count}, in so many folders that policies are looked for in every file, by content.\n"
        ),
        (_, false) => format!("# {count}. Policies outside of these folders judge nothing.\n"),
    });
    out.push_str("policies:\n");
    if found.policies.is_empty() {
        out.push_str(BUILTIN);
    }
    if !paths.is_empty() {
        list(out, "  paths:", &paths);
    }
    if !fixtures.is_empty() {
        let count = plural(found.suites.len(), "fixture suite", "fixture suites");
        let _ = writeln!(out, "  # {count}: tests of policies, run at every check.");
        list(out, "  fixtures:", &fixtures);
    }
    out.push_str(COVERAGE.trim_start_matches('\n'));
}

/// For each folder of the root, what holds all of `files` below it; none where a file stands in the
/// root itself, or they stand in many folders.
fn folders(files: &BTreeSet<RepoPath>) -> Vec<RepoPath> {
    let mut common: BTreeMap<&str, RepoPath> = BTreeMap::new();
    for file in files {
        let Some(folder) = file.parent().filter(|it| !it.as_str().is_empty()) else {
            return Vec::new();
        };
        let top = file.as_str().split('/').next().unwrap_or_default();
        let shared = match common.get(top) {
            Some(other) => shared(other, &folder),
            None => folder,
        };
        common.insert(top, shared);
    }
    if common.len() > FOLDERS {
        return Vec::new();
    }
    common.into_values().collect()
}

/// The folder around that of one suite, where it holds nothing else: the next suite will stand beside
/// the first. Otherwise the folder itself.
fn around(folder: &RepoPath, found: &Found) -> RepoPath {
    let parent = folder.parent().filter(|it| !it.as_str().is_empty());
    let suites = |it: &RepoPath| it.parent().as_ref() == Some(folder);
    let Some(parent) = parent.filter(|_| found.suites.iter().any(suites)) else {
        return folder.clone();
    };
    let is_below = |it: &RepoPath, top: &RepoPath| {
        let rest = it.as_str().strip_prefix(top.as_str());
        rest.is_some_and(|it| it.starts_with('/'))
    };
    let mut inside = found.files.iter().filter(|it| is_below(it, &parent));
    let alone = inside.all(|it| is_below(it, folder))
        && !found.policies.iter().any(|it| is_below(it, &parent));
    if alone { parent } else { folder.clone() }
}

/// The deepest folder around both.
fn shared(a: &RepoPath, b: &RepoPath) -> RepoPath {
    let parts = a.as_str().split('/').zip(b.as_str().split('/'));
    let same: Vec<&str> = parts.take_while(|(a, b)| a == b).map(|it| it.0).collect();
    RepoPath::new(&same.join("/")).unwrap_or_default()
}

fn list(out: &mut String, key: &str, items: &[String]) {
    let indent = key.len() - key.trim_start().len() + 2;
    let _ = writeln!(out, "{key}");
    for item in items {
        // A string of JSON is one of YAML.
        let text = serde_json::Value::from(item.as_str()).to_string();
        let _ = writeln!(out, "{:indent$}- {}", "", escape::json(&text));
    }
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

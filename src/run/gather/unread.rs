//! What stands where an environment may look, and what nobody looks at.

use super::opened::Opened;
use crate::{
    config::{Config, Pattern, Patterns},
    model::{Edit, Facts, Place, Problem, UnmatchedFacts, UnreadFacts},
    repo::{LeafKind, discover},
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::RepoPath;
use tollgate_yaml::{Dialect, Node};

/// Files of HEAD that differ, each with the environments of the overlays that read it (first) or read
/// something beside it (second).
#[derive(Default)]
pub(super) struct Readers {
    read: BTreeSet<RepoPath>,
    beside: BTreeMap<RepoPath, BTreeSet<String>>,
}

impl Readers {
    /// Whether an overlay of HEAD reads a file that differs.
    pub(super) fn reads(&self, path: &RepoPath) -> bool {
        self.read.contains(path)
    }

    /// Add what an overlay reads, and what stands beside that.
    pub(super) fn add(
        &mut self,
        environment: Option<&str>,
        read: BTreeSet<RepoPath>,
        beside: BTreeSet<RepoPath>,
    ) {
        self.read.extend(read);
        for path in beside {
            let environments = self.beside.entry(path).or_default();
            environments.extend(environment.map(str::to_owned));
        }
    }
}

/// The manifests that the change brings or changes and that no overlay reads. What decides about
/// changes is no manifest here: it is read by other gates.
pub(super) fn unread(head: &Opened<'_>, facts: &Facts, readers: &Readers) -> Vec<UnreadFacts> {
    let decides: BTreeSet<&str> = facts
        .control_plane
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    let mut unread = Vec::new();
    for file in &facts.change.files {
        let Some(path) = RepoPath::new(&file.path) else {
            continue;
        };
        if file.edit == Edit::Deleted
            || decides.contains(file.path.as_str())
            || readers.read.contains(&path)
            || !discover::is_manifest(&path)
        {
            continue;
        }
        // What is no YAML is for those to tell who must read it.
        let Ok(documents) = head.session.documents(&path, Dialect::Sigs) else {
            continue;
        };
        let Some((what, kind)) = documents.iter().find_map(manifest) else {
            continue;
        };
        let environments = readers.beside.get(&path);
        unread.push(UnreadFacts {
            path: file.path.clone(),
            what,
            environments: environments.into_iter().flatten().cloned().collect(),
            place: Place::of(head.sources, kind.span(), head.side),
        });
    }
    unread
}

/// What a document is, if it is one for a cluster, with its `kind`.
fn manifest(document: &Node) -> Option<(String, &Node)> {
    let text = |node: &Node, key| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let kind = document.get("kind")?;
    let (api_version, named) = (text(document, "apiVersion")?, kind.as_str()?);
    // Kustomizations are overlays or broken ones, and told as such.
    if named.is_empty()
        || api_version.is_empty()
        || api_version.starts_with("kustomize.config.k8s.io/")
    {
        return None;
    }
    let metadata = document.get("metadata");
    let name = metadata.and_then(|it| text(it, "name")).unwrap_or_default();
    Some((format!("{named} {name}").trim_end().to_owned(), kind))
}

/// The patterns of environments that match no kustomization of either tree.
pub(super) fn unmatched(config: &Config, sides: [&Opened<'_>; 2]) -> Vec<UnmatchedFacts> {
    let mut unmatched = Vec::new();
    for environment in &config.environments {
        for (index, pattern) in environment.overlays.iter().enumerate() {
            // Patterns that cannot be used are told where overlays are looked for.
            let Ok(compiled) = Patterns::compile([pattern]) else {
                continue;
            };
            let mut folders = sides.iter().flat_map(|it| it.kustomizations.all());
            if !folders.any(|(path, _)| compiled.matches(path)) {
                unmatched.push(UnmatchedFacts {
                    environment: environment.name.to_string(),
                    index,
                    pattern: pattern.to_string(),
                });
            }
        }
    }
    unmatched
}

/// Submodules that the change brings or moves to where an environment may look for overlays: what they
/// hold is not in this repository. `config` lists environments; where it lists none, overlays are
/// looked for everywhere.
pub(super) fn submodules(head: &Opened<'_>, facts: &Facts, config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &facts.change.files {
        let path = RepoPath::new(&file.path);
        let Some(path) = path.filter(|_| file.edit != Edit::Deleted) else {
            continue;
        };
        // A path that git knows no name for is told elsewhere.
        let is_submodule = matches!(head.files.stands_at(&path), Ok(Some(LeafKind::Submodule)));
        if !is_submodule || !may_look(config, &path) {
            continue;
        }
        problems.push(Problem {
            gate: "renders".to_owned(),
            subject: file.path.clone(),
            message: "a submodule, and what it holds is in another repository, so nobody can say what an environment would receive from it".to_owned(),
            help: Some("copy the manifests into this repository, or move the submodule to where no environment looks for overlays".to_owned()),
            place: None,
            name: false,
            before: false,
            hides_rules: false,
        mended: None,
        });
    }
    problems
}

/// Whether an overlay of an environment may stand in the folder, or below it.
fn may_look(config: &Config, folder: &RepoPath) -> bool {
    let environments = &config.environments;
    environments.is_empty()
        || environments.iter().any(|it| it.others)
        || environments
            .iter()
            .flat_map(|it| &it.overlays)
            .any(|it| may_match_below(it, folder))
}

/// Whether a pattern can match a folder or something below it. `**` and alternatives with a `/` in them
/// are taken for anything.
fn may_match_below(pattern: &Pattern, folder: &RepoPath) -> bool {
    let mut parts = pattern.as_str().split('/');
    for name in folder.as_str().split('/') {
        let Some(part) = parts.next() else {
            // The folder is below what the pattern names.
            return true;
        };
        if part.contains("**") || part.contains(['{', '}', '[', ']', '\\']) {
            return true;
        }
        let fits = Pattern::parse(part)
            .and_then(|it| Patterns::compile([&it]))
            .is_ok_and(|it| RepoPath::new(name).is_some_and(|name| it.matches(&name)));
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_into_where_a_pattern_leads_into_or_through_it() {
        for (pattern, folder, want) in [
            ("apps/*/overlays/prod", "apps", true),
            ("apps/*/overlays/prod", "apps/a", true),
            ("apps/*/overlays/prod", "apps/a/overlays/prod", true),
            ("apps/*/overlays/prod", "apps/a/overlays/prod/deep", true),
            ("apps/*/overlays/prod", "apps/a/overlays/dev", false),
            ("apps/*/overlays/prod", "vendor/lib", false),
            ("clusters/**", "clusters/a/b/c", true),
            ("clusters/**", "docs", false),
            ("{apps/a,infra}/prod", "docs", true),
            ("prod-*", "prod-eu", true),
            ("prod-*", "dev-eu", false),
        ] {
            let parsed = Pattern::parse(pattern).expect(pattern);
            let folder = RepoPath::new(folder).expect(folder);
            assert_eq!(
                may_match_below(&parsed, &folder),
                want,
                "{pattern} {folder}"
            );
        }
    }
}

//! What Flux builds in a tree.

use super::{documents, is_kustomization, is_manifest};
use crate::repo::Tree;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use tollgate_kustomize::{EntryKind, RepoPath, Session};
use tollgate_yaml::{Node, Value};

/// The API group of Flux's Kustomizations.
const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// The folders that Kustomizations of Flux name. They are looked for when first asked about.
pub struct Flux<'a> {
    tree: &'a dyn Tree,
    session: &'a Session<'a>,
    named: OnceLock<Named>,
}

#[derive(Debug, Default)]
struct Named {
    /// From the root of the tree.
    folders: BTreeSet<RepoPath>,
    /// From the root of an artifact, which may be made of a part of the tree.
    parts: BTreeSet<RepoPath>,
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

    /// Whether Flux builds the kustomization in a folder: one names it, or names a folder above that has
    /// no kustomization, so that Flux makes one which lists every kustomization below.
    /// Source: fluxcd/pkg `kustomize/kustomize_generator.go`.
    pub fn builds(&self, folder: &RepoPath) -> bool {
        let named = self.named.get_or_init(|| self.search());
        let mut at = folder.clone();
        loop {
            if named.has(&at) {
                return true;
            }
            match at.parent() {
                Some(it) if !self.has_kustomization(&it) => at = it,
                _ => return false,
            }
        }
    }

    fn has_kustomization(&self, folder: &RepoPath) -> bool {
        let files = self.tree.list(folder).unwrap_or_default();
        let paths = files.iter().filter_map(|it| folder.join(it));
        let is_file = |it: &RepoPath| matches!(self.tree.kind(it), Ok(Some(EntryKind::File)));
        paths
            .into_iter()
            .any(|it| is_kustomization(&it) && is_file(&it))
    }

    /// A file that cannot be read names nothing; the search for rules tells it.
    fn search(&self) -> Named {
        let mut named = Named::default();
        let files = self.tree.files().unwrap_or_default();
        for file in files.iter().filter(|it| is_manifest(it)) {
            if let Ok(Some(documents)) = documents(self.tree, self.session, file, GROUP) {
                documents.iter().for_each(|it| named.add(it));
            }
        }
        named
    }
}

impl Named {
    fn has(&self, folder: &RepoPath) -> bool {
        let ends_in = |part: &RepoPath| {
            let before = folder.as_str().strip_suffix(part.as_str());
            before.is_some_and(|it| it.is_empty() || it.ends_with('/'))
        };
        self.folders.contains(folder) || self.parts.iter().any(ends_in)
    }

    /// What a Kustomization names, and those in lists and in what a ResourceSet makes. How deep they may
    /// stand the reader limits.
    fn add(&mut self, node: &Node) {
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let group = text(node, "apiVersion");
        let of_flux = group.is_some_and(|it| it.split('/').next() == Some(GROUP));
        if of_flux && text(node, "kind").as_deref() == Some("Kustomization") {
            let spec = node.get("spec");
            let source = spec
                .and_then(|it| it.get("sourceRef"))
                .and_then(|it| text(it, "kind"));
            let path = spec.and_then(|it| text(it, "path")).unwrap_or_default();
            let path = RepoPath::default().join(path.trim_start_matches('/'));
            match (path, source.as_deref()) {
                (Some(path), Some("GitRepository") | None) => {
                    self.folders.insert(path);
                }
                // The root of an artifact may be any folder, so it names none.
                (Some(path), Some(_)) if !path.as_str().is_empty() => {
                    self.parts.insert(path);
                }
                _ => {}
            }
            return;
        }
        match &node.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter().for_each(|it| self.add(it)),
            Value::Mapping(map) => map.iter().for_each(|it| self.add(&it.value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::testing::TestRepo;
    use tollgate_yaml::Sources;

    fn of_flux(path: &str, source: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: a}}\nspec: {{{path}sourceRef: {{kind: {source}, name: s}}}}\n"
        )
    }

    fn builds(manifests: &[String], others: &[&str], folder: &str) -> bool {
        let mut repo = TestRepo::new();
        for (at, manifest) in manifests.iter().enumerate() {
            repo.file(&format!("flux/{at}.yaml"), manifest);
        }
        for other in others {
            repo.file(other, "resources: [a.yaml]\n");
        }
        let tree = repo.git_tree();
        let sources = Sources::new();
        let session = Session::new(&tree, &sources);
        Flux::new(&tree, &session).builds(&RepoPath::new(folder).expect("a path"))
    }

    #[test]
    fn the_folder_that_a_kustomization_names_is_built() {
        for (path, folder, want) in [
            ("path: ./apps/web, ", "apps/web", true),
            ("path: /apps/web/, ", "apps/web", true),
            ("path: apps/web, ", "apps/webs", false),
            ("path: apps/web, ", "apps", false),
            ("path: '${DIR}/web', ", "apps/web", false),
            ("path: ../apps/web, ", "apps/web", false),
            ("path: other, ", "apps/web", false),
        ] {
            let manifests = [of_flux(path, "GitRepository")];
            let others = ["apps/kustomization.yaml", "apps/web/kustomization.yaml"];
            assert_eq!(builds(&manifests, &others, folder), want, "{path} {folder}");
        }
    }

    #[test]
    fn below_a_folder_without_a_kustomization_everything_is_built() {
        let manifests = [of_flux("path: apps, ", "GitRepository")];
        assert!(builds(
            &manifests,
            &["apps/a/b/kustomization.yaml"],
            "apps/a/b"
        ));
        // That one is built as it is, and names what it names.
        let between = ["apps/a/kustomization.yml", "apps/a/b/kustomization.yaml"];
        assert!(!builds(&manifests, &between, "apps/a/b"));
        assert!(builds(&manifests, &between, "apps/a"));
        // Without a path it is the root.
        let root = [of_flux("", "GitRepository")];
        assert!(builds(&root, &["x/kustomization.yaml"], "x"));
        assert!(!builds(
            &root,
            &["Kustomization", "x/kustomization.yaml"],
            "x"
        ));
    }

    #[test]
    fn an_artifact_may_be_made_of_a_part_of_the_tree() {
        let others = ["k8s/apps/web/kustomization.yaml"];
        let built = |path, source| builds(&[of_flux(path, source)], &others, "k8s/apps/web");
        assert!(built("path: ./apps/web, ", "OCIRepository"));
        assert!(!built("path: ./apps/web, ", "GitRepository"));
        assert!(!built("path: ./pps/web, ", "OCIRepository"));
        assert!(!built("", "OCIRepository"));
    }

    #[test]
    fn kustomizations_in_lists_and_in_sets_count_and_those_of_kustomize_do_not() {
        let inner = of_flux("path: a, ", "GitRepository").replace('\n', "\n    ");
        let list = format!("apiVersion: v1\nkind: List\nitems:\n  - {inner}\n");
        let set = format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  resources:\n  - {inner}\n"
        );
        let others = ["a/kustomization.yaml"];
        assert!(builds(&[list], &others, "a"));
        assert!(builds(&[set], &others, "a"));
        let other =
            of_flux("path: a, ", "GitRepository").replace("toolkit.fluxcd.io", "config.k8s.io");
        assert!(!builds(&[other], &others, "a"));
        assert!(!builds(
            &["{{ no yaml }} kustomize.toolkit.fluxcd.io".to_owned()],
            &others,
            "a"
        ));
    }
}

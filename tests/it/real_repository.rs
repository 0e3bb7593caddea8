//! A public repository with 639 kustomizations, some of which have never rendered offline: changes
//! of it are refused at the right line, and a harmless one is admitted. Skipped, with a word, where
//! the data is not at hand.

use crate::support::Repository;
use std::io::Write;
use std::path::{Path, PathBuf};

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: registries
spec:
  rules:
    - name: known
      match:
        any:
          - resources:
              kinds: [Pod]
      validate:
        message: images come from registries that we know
        pattern:
          spec:
            containers:
              - image: \"!evil.example.com/*\"
";

/// The catalog also ships policies for others to deploy; this one is its own. Environments are
/// inferred.
const CONFIG: &str = "version: 1
policies: {paths: [\"policies/**\"], coverage: {min_rules: 0%}}
";

const DEPLOYMENT: &str = "1password-connect/operator/base/deployment.yaml";
const OVERLAY: &str = "apicast/overlays/prod/kustomization.yaml";

fn catalog() -> Option<PathBuf> {
    let data = "../shared/conformance/kustomize/real/redhat-cop+gitops-catalog";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(data);
    if !path.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

fn edit(repository: &Repository, path: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(repository.path().join(path)).expect("the file is there");
    assert!(text.contains(from), "{path} holds {from}");
    repository.write(path, &text.replacen(from, to, 1));
    let head = repository.commit("the change");
    repository.write(path, &text);
    head
}

#[test]
fn changes_of_a_real_repository() {
    let Some(catalog) = catalog() else { return };
    let repository = Repository::new();
    repository
        .copy(&catalog)
        .write("policies/registries.yaml", POLICY)
        .write("tollgate.yaml", CONFIG);
    let base = repository.commit("the repository as it is");
    let holding = |head: &str| -> Vec<String> {
        let lines = repository.check(&base, head).lines();
        lines
            .into_iter()
            .filter(|it| !it.starts_with("warn "))
            .collect()
    };

    let head = edit(
        &repository,
        DEPLOYMENT,
        "onepassword-operator:1.8.0",
        "onepassword-operator:1.8.1",
    );
    assert_eq!(holding(&head), ["admit"]);

    let head = edit(
        &repository,
        DEPLOYMENT,
        "1password/onepassword-operator",
        "evil.example.com/operator",
    );
    assert_eq!(
        holding(&head),
        [
            &*format!("deny policies/registries {DEPLOYMENT}:18"),
            "refuse"
        ]
    );

    let head = edit(&repository, OVERLAY, "- ../../base", "- ../../bases");
    assert_eq!(
        holding(&head),
        [&*format!("deny renders/failed {OVERLAY}:11"), "refuse"]
    );
}

//! A public repository with 639 kustomizations, some of which have never rendered offline: changes
//! of it are refused at the right line, and a harmless one is admitted. Skipped, with a word, where
//! the data is not at hand.

use crate::support::Repository;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use tollgate::model::{Facts, RenderFacts, digest};
use tollgate::run::{Answer, CheckTask, LoadRestrictor, Order, RenderTask, Task, perform};

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

/// The catalog also ships policies for others to deploy, which one of its overlays renders, so that
/// they judge its environment too; this one is its own. Environments are inferred.
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
    let known = format!("waived policies/require-pod-probes {DEPLOYMENT}:17");
    assert_eq!(holding(&head), [&*known, "admit"]);

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
            &*known,
            "refuse"
        ]
    );

    let head = edit(&repository, OVERLAY, "- ../../base", "- ../../bases");
    assert_eq!(
        holding(&head),
        [&*format!("deny renders/failed {OVERLAY}:11"), "refuse"]
    );
}

/// An overlay that no changed file is thought to reach is not rendered again. Take files away, and
/// see that every such overlay renders to what it rendered before.
#[test]
fn what_a_change_does_not_touch_renders_the_same() {
    let Some(catalog) = catalog() else { return };
    let repository = Repository::new();
    repository.copy(&catalog);
    let base = repository.commit("the repository as it is");
    let files = manifests(repository.path());
    let mut untouched = 0;
    // A stride through the sorted files, a prime so that no layout of folders keeps step with it.
    for path in files.iter().step_by(211) {
        let text = std::fs::read_to_string(repository.path().join(path)).expect("readable");
        let head = repository.delete(path).commit("without it");
        let facts = facts(&repository, &base, &head);
        for overlay in facts
            .overlays
            .iter()
            .filter(|it| !it.touched && it.head.is_some())
        {
            let Some(RenderFacts::Rendered {
                digest,
                resources,
                outside: None,
                ..
            }) = &overlay.base
            else {
                continue;
            };
            // A digest leaves the values of Secrets out, so it is none of the output.
            if resources.iter().any(|it| it.key.kind.ends_with("Secret")) {
                continue;
            }
            let now = render(&repository, &overlay.path);
            assert_eq!(
                now.as_ref(),
                Some(digest),
                "{} after {path} is gone",
                overlay.path
            );
            untouched += 1;
        }
        repository.write(path, &text);
    }
    assert!(untouched > 500, "only {untouched} overlays were compared");
}

fn manifests(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|it| it.file_name() != ".git")
        .build()
        .filter_map(|it| it.ok())
        .filter(|it| it.file_type().is_some_and(|it| it.is_file()))
        .filter_map(|it| Some(it.path().strip_prefix(folder).ok()?.to_str()?.to_owned()))
        .filter(|it| it.ends_with(".yaml"))
        .collect();
    files.sort();
    files
}

fn facts(repository: &Repository, base: &str, head: &str) -> Facts {
    let task = Task::Check(CheckTask {
        directory: repository.path().to_owned(),
        base: Some(base.to_owned()),
        head: Some(head.to_owned()),
        working_tree: false,
        environment: BTreeMap::new(),
        forge: None,
        now: 0,
        aside: Vec::new(),
    });
    match perform(task, &|_| {}) {
        Answer::Check(gathered) => gathered.facts,
        other => panic!("no facts: {other:?}"),
    }
}

/// The digest of what an overlay renders to from the folder; `None` where it does not render.
fn render(repository: &Repository, overlay: &str) -> Option<String> {
    let task = Task::Render(RenderTask {
        directory: repository.path().to_owned(),
        target: overlay.to_owned(),
        load_restrictor: LoadRestrictor::RootOnly,
        order: Order::Legacy,
        managed_by_label: false,
    });
    match perform(task, &|_| {}) {
        Answer::Render(printed) => Some(digest(printed.yaml.as_bytes())),
        _ => None,
    }
}

//! How long a check takes, without the start of a process, and `demo` with it: `cargo bench`.

use criterion::{Criterion, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use tollgate::run::{Answer, CheckTask, Task, judge, perform};

/// Applications; each has three overlays.
const APPS: usize = 67;

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).expect("folders are made");
    }
    std::fs::write(path, text).expect("the file is written");
}

fn deployment(app: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app{app}\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n        - name: app\n          image: registry.example.com/app{app}\n          envFrom:\n            - configMapRef: {{name: app{app}}}\n          resources:\n            limits: {{memory: 64Mi}}\n"
    )
}

fn overlay(app: usize, environment: &str, tag: &str) -> String {
    format!(
        "namespace: app{app}-{environment}\nresources: [../../base]\nlabels:\n  - pairs: {{app: app{app}, env: {environment}}}\n    includeSelectors: true\nimages:\n  - {{name: registry.example.com/app{app}, newTag: {tag}}}\nreplicas:\n  - {{name: app{app}, count: 3}}\nconfigMapGenerator:\n  - {{name: app{app}, literals: [A=1, B=2]}}\npatches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {{name: app{app}}}\n      spec: {{template: {{spec: {{terminationGracePeriodSeconds: 5}}}}}}\n"
    )
}

fn policy(number: usize) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: p{number}\nspec:\n  rules:\n    - name: r\n      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n      validate:\n        message: m\n        pattern:\n          spec:\n            containers:\n              - image: \"!*:v{number}\"\n                resources: {{limits: {{memory: \"?*\"}}}}\n"
    )
}

/// 201 overlays over 67 bases and 20 policies; one commit changes one overlay, another one all.
fn repository(folder: &Path) -> (String, String, String) {
    for app in 0..APPS {
        write(
            folder,
            &format!("apps/app{app}/base/deployment.yaml"),
            &deployment(app),
        );
        write(
            folder,
            &format!("apps/app{app}/base/service.yaml"),
            &format!(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: app{app}\nspec:\n  ports: [{{port: 80}}]\n"
            ),
        );
        write(
            folder,
            &format!("apps/app{app}/base/kustomization.yaml"),
            "resources: [deployment.yaml, service.yaml]\n",
        );
        for environment in ["dev", "staging", "prod"] {
            let path = format!("apps/app{app}/overlays/{environment}/kustomization.yaml");
            write(folder, &path, &overlay(app, environment, "1.0.0"));
        }
    }
    for number in 0..20 {
        write(folder, &format!("policies/p{number}.yaml"), &policy(number));
    }
    let mut options = git2::RepositoryInitOptions::new();
    options.initial_head("main");
    let repository = git2::Repository::init_opts(folder, &options).expect("a repository");
    let base = commit(&repository);
    write(
        folder,
        "apps/app0/overlays/prod/kustomization.yaml",
        &overlay(0, "prod", "1.1.0"),
    );
    let one = commit(&repository);
    for app in 0..APPS {
        for environment in ["dev", "staging", "prod"] {
            let path = format!("apps/app{app}/overlays/{environment}/kustomization.yaml");
            write(folder, &path, &overlay(app, environment, "1.2.0"));
        }
    }
    (base, one, commit(&repository))
}

fn commit(repository: &git2::Repository) -> String {
    let mut index = repository.index().expect("an index");
    index
        .add_all(["*"], git2::IndexAddOption::FORCE, None)
        .expect("files are added");
    let tree = repository
        .find_tree(index.write_tree().expect("a tree"))
        .expect("the tree");
    let who = git2::Signature::new("Ann", "ann@example.com", &git2::Time::new(1_700_000_000, 0))
        .expect("a name");
    let parent = repository
        .head()
        .ok()
        .and_then(|it| it.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    let id = repository.commit(Some("HEAD"), &who, &who, "state", &tree, &parents);
    id.expect("a commit").to_string()
}

fn check(folder: &Path, base: &str, head: &str) -> tollgate::verdict::Decision {
    let task = Task::Check(CheckTask {
        directory: PathBuf::from(folder),
        base: Some(base.to_owned()),
        head: Some(head.to_owned()),
        working_tree: false,
        environment: BTreeMap::new(),
        forge: None,
        now: 0,
        aside: Vec::new(),
    });
    match perform(task, &|_| {}) {
        Answer::Check(gathered) => judge(&gathered.facts, &gathered.settings).decision,
        other => panic!("no facts: {other:?}"),
    }
}

fn checks(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (base, one, all) = repository(folder.path());
    let mut group = criterion.benchmark_group("check of 201 overlays with 20 policies");
    group.sample_size(10);
    for (name, head) in [("one changed", &one), ("all changed", &all)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(check(folder.path(), &base, head)))
        });
    }
    group.finish();
}

/// The whole program, as a newcomer starts it: two checks, each with its worker.
fn demo(criterion: &mut Criterion) {
    criterion.bench_function("demo", |bencher| {
        bencher.iter(|| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"))
                .arg("demo")
                .output()
                .expect("the binary runs");
            assert!(output.status.success());
        });
    });
}

criterion_group!(benches, checks, demo);
criterion_main!(benches);

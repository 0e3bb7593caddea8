//! What is different inside of a job of a CI system.

use crate::support::{Repository, command, tollgate};

/// A manifest whose lines a runner would obey.
fn hostile_manifest() -> Repository {
    let repository = Repository::new();
    repository
        .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  script: |\n    echo\n    ::add-mask::REFUSED\n")
        .write("plain/kustomization.yaml", "resources: [map.yaml]\n")
        .write("plain/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"x::y::z\", b: \"::1\"}\n");
    repository.commit("base");
    repository
}

/// Manifests cannot be escaped, so what a runner would obey is not printed into its log.
#[test]
fn render_prints_no_command_into_the_log_of_a_job() {
    let repository = hostile_manifest();
    let output = tollgate(repository.path(), &["render", "prod"]);
    let plain = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(plain.contains("    ::add-mask::REFUSED\n"), "{plain}");
    for (name, value) in [("GITHUB_ACTIONS", "true"), ("TF_BUILD", "True")] {
        let job = |arguments: &[&str]| {
            let mut job = command(repository.path(), arguments);
            job.env(name, value);
            job
        };
        let output = job(&["render", "prod"]).output().expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
        assert!(
            err.contains("line 5 of the output") && err.contains("> FILE"),
            "{err}"
        );
        // A file is no log, and holds what the cluster receives.
        let path = repository.path().join("out.yaml");
        let file = std::fs::File::create(&path).expect("a file");
        let status = job(&["render", "prod"])
            .stdout(file)
            .status()
            .expect("it runs");
        assert_eq!(status.code(), Some(0));
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), plain);
        let output = job(&["render", "plain"]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty());
    }
}

/// Other commands of the same step have written their summaries already.
#[test]
fn the_summary_of_a_job_keeps_what_is_there() {
    let repository = hostile_manifest();
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n";
    repository.branch("topic").write("prod/map.yaml", manifest);
    repository.commit("changed");
    let summary = repository.path().join("summary.md");
    std::fs::write(&summary, "# Tests").expect("written");
    let report = format!("--report=github-summary={}", summary.display());
    let arguments = ["check", "--base", "main", "--head", "topic", &report];
    let check = || {
        let mut check = command(repository.path(), &arguments);
        check.env("GITHUB_STEP_SUMMARY", &summary);
        let output = check.output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        std::fs::read_to_string(&summary).expect("a summary")
    };
    let first = check();
    assert!(first.starts_with("# Tests\n\n## "), "{first}");
    let section = first.strip_prefix("# Tests").expect("the old text");
    assert_eq!(check(), format!("{first}{section}"));
    // Any other file is this run's own.
    tollgate(repository.path(), &arguments);
    let alone = std::fs::read_to_string(&summary).expect("a summary");
    assert_eq!(alone, section.trim_start());
}

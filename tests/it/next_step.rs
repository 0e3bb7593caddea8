//! What a person is told who typed something else, or is not done yet: the next step is right.

use crate::support::{Repository, tollgate};
use std::path::Path;
use tempfile::TempDir;

/// Exit code, standard output, standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = tollgate(folder, arguments);
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn commands_of_other_tools_and_ranges_of_git_get_a_tip() {
    let folder = TempDir::new().expect("a folder");
    for (arguments, tip) in [
        (&["build", "apps"][..], "tollgate render DIR"),
        (&["diff"], "tollgate render --diff BASE"),
        (&["validate"], "tollgate check --config-only"),
        (&["main..HEAD"], "tollgate check --base main --head HEAD"),
        (
            &["check", "main...topic"],
            "tollgate check --base main --head topic",
        ),
        (
            &["check", "--base", "main.."],
            "tollgate check --base main --head HEAD",
        ),
        (
            &["render", "--diff", "v1..v2"],
            "tollgate render --diff v1 --head v2",
        ),
    ] {
        let (code, out, err) = run(folder.path(), arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        let told = err
            .lines()
            .any(|it| (it.starts_with("tip: ") || it.starts_with("help: ")) && it.contains(tip));
        assert!(told, "{arguments:?}: {err}");
    }
}

#[test]
fn every_help_has_examples_and_lists_the_formats() {
    let folder = TempDir::new().expect("a folder");
    let (_, help, _) = run(folder.path(), &["--help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|it| *it != "Commands:")
        .skip(1)
        .take_while(|it| !it.is_empty())
        // Long descriptions go on in the next line, further in.
        .filter(|it| it.starts_with("  ") && !it.starts_with("   "))
        .filter_map(|it| it.split_whitespace().next())
        .filter(|it| *it != "help")
        .collect();
    assert!(commands.len() >= 12, "{commands:?}");
    assert!(help.contains("\nExamples:\n"), "{help}");
    for command in commands {
        let (_, own, _) = run(folder.path(), &[command, "--help"]);
        let examples = own.lines().skip_while(|it| *it != "Examples:");
        let line = format!("  tollgate {command}");
        assert!(
            examples
                .clone()
                .any(|it| it.starts_with(&line) || it.contains("tollgate")),
            "{own}"
        );
    }
    let (_, check, _) = run(folder.path(), &["check", "--help"]);
    for reporter in tollgate::reporters::REPORTERS {
        let listed = check.lines().any(|it| {
            it.trim_start()
                .trim_start_matches("- ")
                .starts_with(&format!("{}:", reporter.name()))
        });
        assert!(listed, "{} in\n{check}", reporter.name());
    }
}

const CONFIGURATION: &str = "version: 1
environments:
  dev: {overlays: [\"apps/*/dev\"], enforcement: audit}
  prod: {overlays: [\"apps/*/prod\"], enforcement: strict}
";

fn overlay(repository: &Repository, folder: &str) {
    let path = format!("{folder}/kustomization.yaml");
    repository.write(&path, "resources: []\n");
}

#[test]
fn a_configuration_is_validated_before_it_is_committed() {
    let repository = Repository::new();
    overlay(&repository, "apps/web/dev");
    overlay(&repository, "apps/api/dev");
    overlay(&repository, "elsewhere");
    repository.commit("no configuration yet");
    repository.write("tollgate.yaml", CONFIGURATION);
    let check = || run(repository.path(), &["check", "--config-only"]);
    let (code, out, err) = check();
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(
        out,
        "tollgate.yaml: no mistake\n  dev: 2 overlays\n  prod: 0 overlays\n  in no environment: 1 overlay\n"
    );
    assert_eq!(err, "warning: the environment `prod` has no overlay\n");
    let wrong = CONFIGURATION.replace("enforcement: strict", "enforcment: strict");
    repository.write("tollgate.yaml", &wrong);
    let (code, out, err) = check();
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.starts_with("error: tollgate.yaml:4:"), "{err}");
    assert!(err.contains("`enforcement`"), "{err}");
    // The files that it names are a part of it.
    repository
        .write("tollgate.yaml", CONFIGURATION)
        .write(".tollgate/exceptions.yaml", "version: 1\nexceptions: [a]\n");
    let (code, _, err) = check();
    assert_eq!(code, Some(2));
    assert!(
        err.starts_with("error: .tollgate/exceptions.yaml:2:"),
        "{err}"
    );
    // Two environments that want one overlay.
    let both = CONFIGURATION.replace("apps/*/prod", "apps/web/*");
    repository
        .delete(".tollgate/exceptions.yaml")
        .write("tollgate.yaml", &both);
    let (code, _, err) = check();
    assert_eq!(code, Some(2));
    assert!(
        err.contains("apps/web/dev: the overlay is in more than one environment"),
        "{err}"
    );
}

#[test]
fn without_a_configuration_the_environments_are_told() {
    let repository = Repository::new();
    overlay(&repository, "apps/web/prod");
    let (code, out, err) = run(repository.path(), &["check", "--config-only"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            Some(0),
            "there is no tollgate.yaml: folder names show the environments\n  prod: 1 overlay\n",
            ""
        )
    );
}

#[test]
fn render_of_an_environment_without_overlays_says_so() {
    let repository = Repository::new();
    overlay(&repository, "apps/web/dev");
    repository.write("tollgate.yaml", CONFIGURATION);
    let (code, out, err) = run(repository.path(), &["render", "prod"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(
        err,
        "warning: tollgate.yaml: the environment `prod` has no overlay here, so there is nothing to render\n"
    );
}

const BROKEN: &str = "resources: [map.yaml]\nimages: {}\n";

#[test]
fn messages_of_render_name_files_as_the_shell_can_open_them() {
    let repository = Repository::new();
    repository.write("apps/web/dev/kustomization.yaml", "resources: [no.yaml]\n");
    let from = |folder: &str, target: &str| {
        let (code, _, err) = run(&repository.path().join(folder), &["render", target]);
        assert_eq!(code, Some(1), "{err}");
        err
    };
    for (folder, target, name) in [
        ("", "apps/web/dev", "apps/web/dev/kustomization.yaml:1:13"),
        ("apps/web", "dev", "dev/kustomization.yaml:1:13"),
        ("apps/web/dev", ".", "kustomization.yaml:1:13"),
    ] {
        let err = from(folder, target);
        assert!(
            err.starts_with(&format!("error: {name}: ")),
            "{folder}: {err}"
        );
    }
    repository.write("apps/api/kustomization.yaml", "resources: []\n");
    let err = from("apps/api", "../web/dev");
    assert!(
        err.starts_with("error: ../web/dev/kustomization.yaml:1:13: "),
        "{err}"
    );
    // Outside of git, seen from elsewhere: from the root.
    let (plain, elsewhere) = (TempDir::new().expect("made"), TempDir::new().expect("made"));
    std::fs::write(
        plain.path().join("kustomization.yaml"),
        "resources: [no.yaml]\n",
    )
    .expect("written");
    let folder = plain.path().canonicalize().expect("there");
    let (_, _, err) = run(
        elsewhere.path(),
        &["render", folder.to_str().expect("UTF-8")],
    );
    let name = folder.join("kustomization.yaml");
    assert!(
        err.starts_with(&format!("error: {}:1:13: ", name.display())),
        "{err}"
    );
    let (_, _, err) = run(&folder, &["render", "."]);
    assert!(err.starts_with("error: kustomization.yaml:1:13: "), "{err}");
}

/// A folder may be called as a value of a Secret is.
#[test]
fn render_leaves_names_of_folders_alone_and_takes_values_out() {
    let repository = Repository::new();
    repository
        .write(
            "apps/monitoring/kustomization.yaml",
            "resources: [secret.yaml, ../monitoring-base/nothing.yaml]\n",
        )
        .write("apps/monitoring-base/kustomization.yaml", "resources: []\n")
        .write(
            "apps/monitoring/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  user: monitoring\n  password: hunter2hunter2\n",
        );
    let (code, _, err) = run(repository.path(), &["render", "apps/monitoring"]);
    assert_eq!(code, Some(1));
    assert!(
        err.starts_with("error: apps/monitoring/kustomization.yaml:1:"),
        "{err}"
    );
    assert!(err.contains("`apps/monitoring-base/nothing.yaml`"), "{err}");
    let folder = repository.path().join("apps/monitoring");
    let (_, _, below) = run(&folder, &["render", "."]);
    assert!(
        below.contains("`../monitoring-base/nothing.yaml`"),
        "{below}"
    );
    assert!(!err.contains("[redacted]"), "{err}");
    repository.write("apps/monitoring/kustomization.yaml", BROKEN);
    repository.write(
        "apps/monitoring/map.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2hunter2}\n---\nhunter2hunter2: [\n",
    );
    let (_, _, err) = run(repository.path(), &["render", "apps/monitoring"]);
    assert!(!err.contains("hunter2"), "{err}");
}

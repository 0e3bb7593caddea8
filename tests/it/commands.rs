//! What each command does, prints and exits with, seen from the shell.

use crate::support::{Repository, Verdict, command, tollgate};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use tempfile::TempDir;

/// The example repository, as `demo` writes it.
fn example() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let output = tollgate(folder.path(), &["demo", "--keep", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    folder
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Run, hold the exit code, give both outputs.
#[track_caller]
fn run(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = tollgate(folder, arguments);
    let (out, err) = (stdout(&output), stderr(&output));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{err}"
    );
    (out, err)
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|it| panic!("{it}: {text}"))
}

fn edit(folder: &Path, path: &str, from: &str, to: &str) {
    let path = folder.join(path);
    let text = std::fs::read_to_string(&path).expect("readable");
    assert!(text.contains(from), "{} holds {from}", path.display());
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
}

#[test]
fn render_prints_a_folder_or_an_environment() {
    let example = example();
    let (folder, err) = run(example.path(), &["render", "apps/web/overlays/prod"], 0);
    assert_eq!(err, "");
    assert!(folder.starts_with("apiVersion: v1\n"), "{folder}");
    assert_eq!(folder.matches("\n---\n").count(), 2);
    assert!(
        folder.contains("image: registry.example.com/web:1.4.2\n"),
        "{folder}"
    );
    let (environment, _) = run(example.path(), &["render", "prod"], 0);
    assert_eq!(environment, folder);
    // Where the folder is, and where the command is run, makes no difference.
    let inside = example.path().join("apps/web/overlays/prod");
    assert_eq!(run(&inside, &["render"], 0).0, folder);
    let path = inside.to_str().expect("UTF-8");
    assert_eq!(
        run(Path::new("/"), &["-C", path, "render", "."], 0).0,
        folder
    );
}

#[test]
fn render_knows_the_flags_of_kustomize() {
    let repository = Repository::new();
    repository
        .write(
            "app/kustomization.yaml",
            "resources: [../shared/map.yaml, namespace.yaml]\n",
        )
        .write(
            "app/namespace.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n",
        )
        .write(
            "shared/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n",
        );
    let (out, err) = run(repository.path(), &["render", "app"], 1);
    assert_eq!(out, "");
    assert!(
        err.starts_with("error: app/kustomization.yaml:1:13: "),
        "{err}"
    );
    let free = "--load-restrictor=LoadRestrictionsNone";
    let (out, _) = run(repository.path(), &["render", "app", free], 0);
    assert!(out.find("Namespace") < out.find("ConfigMap"), "{out}");
    let as_read = ["render", "app", free, "--reorder", "none"];
    let (out, _) = run(repository.path(), &as_read, 0);
    assert!(out.find("ConfigMap") < out.find("Namespace"), "{out}");
    run(
        repository.path(),
        &["render", "app", "--reorder", "random"],
        2,
    );
}

#[test]
fn render_says_on_standard_error_what_does_nothing_and_what_is_wrong() {
    let example = example();
    let overlay = "apps/web/overlays/prod/kustomization.yaml";
    edit(
        example.path(),
        overlay,
        "registry.example.com/web",
        "registry.example.com/wbe",
    );
    let (out, err) = run(example.path(), &["render", "prod"], 0);
    assert!(out.starts_with("apiVersion: v1\n"));
    let place = format!("warning: {overlay}:5:");
    assert!(err.starts_with(&place), "{err}");

    edit(example.path(), overlay, "resources.yaml", "recources.yaml");
    let (out, err) = run(example.path(), &["render", "prod"], 1);
    assert_eq!(out, "", "half an environment is none");
    assert!(err.contains(&format!("error: {overlay}:")), "{err}");
    assert!(err.contains("recources.yaml"), "{err}");

    let (_, err) = run(example.path(), &["render", "porduction"], 2);
    assert!(
        err.contains("`porduction` is neither a folder nor an environment"),
        "{err}"
    );
    assert!(err.contains("dev, staging, prod"), "{err}");
}

#[test]
fn test_runs_every_suite_below_a_folder() {
    let example = example();
    let (out, _) = run(example.path(), &["test"], 0);
    assert!(
        out.ends_with("\nok: 6 of 6 rows hold in 3 suites (exit 0)\n"),
        "{out}"
    );
    let (out, _) = run(
        example.path(),
        &["test", "policies-tests/require-limits"],
        0,
    );
    assert!(out.contains("2 of 2 rows hold in 1 suite"), "{out}");

    let (out, _) = run(
        example.path(),
        &["test", "--format", "json", "policies-tests"],
        0,
    );
    let out = json(&out);
    assert_eq!(
        out["suites"][0]["path"],
        "disallow-latest-tag/kyverno-test.yaml"
    );
    let row = &out["suites"][0]["results"][1];
    let fields = [
        "policy", "rule", "kind", "resource", "expected", "actual", "status",
    ];
    assert_eq!(
        fields.map(|it| row[it].as_str().unwrap_or_default()),
        [
            "disallow-latest-tag",
            "pinned",
            "Pod",
            "bad",
            "fail",
            "fail",
            "ok"
        ]
    );
    assert_eq!(out["summary"]["ok"], 6);
}

#[test]
fn test_tells_a_mismatch_from_nothing_and_from_what_it_cannot_evaluate() {
    let example = example();
    let suite = "policies-tests/require-limits/kyverno-test.yaml";
    edit(example.path(), suite, "result: fail", "result: pass");
    let (out, _) = run(example.path(), &["test"], 1);
    assert!(
        out.contains(&format!("{suite}: 1 of 2 rows do not hold")),
        "{out}"
    );
    assert!(
        out.contains("\nFAILED: 5 of 6 rows hold, 1 do not in 3 suites (exit 1)\n"),
        "{out}"
    );

    let (out, _) = run(example.path(), &["test", "apps"], 4);
    assert!(out.contains("NOTHING WAS TESTED"), "{out}");
    let (_, err) = run(example.path(), &["test", "nowhere"], 2);
    assert!(err.contains("`nowhere`"), "{err}");

    let policy = "policies/require-limits.yaml";
    let text = std::fs::read_to_string(example.path().join(policy)).expect("readable");
    let (head, _) = text.split_once("        pattern:").expect("a pattern");
    let cel =
        format!("{head}        cel:\n          expressions:\n            - expression: \"true\"\n");
    std::fs::write(example.path().join(policy), cel).expect("written");
    let (out, _) = run(
        example.path(),
        &["test", "policies-tests/require-limits"],
        3,
    );
    assert!(out.contains("could not be evaluated"), "{out}");
}

#[test]
fn test_reads_suites_under_another_name_and_as_the_peer_does() {
    let example = example();
    let folder = example.path().join("policies-tests/require-limits");
    std::fs::rename(folder.join("kyverno-test.yaml"), folder.join("cases.yaml")).expect("renamed");
    let (out, _) = run(example.path(), &["test", "--file-name", "cases.yaml"], 0);
    assert!(out.contains("2 of 2 rows hold in 1 suite"), "{out}");

    // A row about a resource that is not there exercises nothing.
    let suite = "policies-tests/require-limits/cases.yaml";
    edit(
        example.path(),
        suite,
        "resources: [good]",
        "resources: [good, ghost]",
    );
    let (out, _) = run(example.path(), &["test", "--file-name", "cases.yaml"], 1);
    assert!(out.contains("ghost"), "{out}");
    let (out, _) = run(
        example.path(),
        &["test", "--file-name", "cases.yaml", "--compat"],
        0,
    );
    assert!(out.contains("1 excluded"), "{out}");
}

const POLICIES: &[&str] = &["apply", "-p", "policies"];

#[test]
fn apply_judges_files_and_folders() {
    let example = example();
    let with = |resources: &[&'static str]| [POLICIES, resources].concat();
    let (out, _) = run(
        example.path(),
        &with(&["-r", "apps/web/base/deployment.yaml"]),
        1,
    );
    assert_eq!(
        out,
        "fail  apps/web/base/deployment.yaml:13:18: Deployment web disallow-latest-tag/pinned: an image needs a tag that does not move\n\n3 policies on 1 resource: 2 pass, 1 fail, 0 warn, 0 error, 0 skip (exit 1)\n"
    );
    edit(
        example.path(),
        "apps/web/base/deployment.yaml",
        "image: registry.example.com/web",
        "image: registry.example.com/web:1",
    );
    let (out, _) = run(
        example.path(),
        &with(&["-r", "apps/web/base/deployment.yaml"]),
        0,
    );
    assert_eq!(
        out,
        "\n3 policies on 1 resource: 3 pass, 0 fail, 0 warn, 0 error, 0 skip (exit 0)\n"
    );
    run(
        example.path(),
        &with(&["-r", "apps/web/base/service.yaml"]),
        4,
    );
    let (_, err) = run(example.path(), &with(&["-r", "nowhere.yaml"]), 2);
    assert!(err.contains("`nowhere.yaml`"), "{err}");
    std::fs::write(example.path().join("broken.yaml"), "a: b\n c: d\n").expect("written");
    let (_, err) = run(example.path(), &with(&["-r", "broken.yaml"]), 2);
    assert!(err.contains("broken.yaml:2:"), "{err}");
    std::fs::write(
        example.path().join("bad-policy.yaml"),
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec: {rules: 1}\n",
    )
    .expect("written");
    let (_, err) = run(
        example.path(),
        &[
            "apply",
            "-p",
            "bad-policy.yaml",
            "-r",
            "apps/web/base/service.yaml",
        ],
        2,
    );
    assert!(err.contains("bad-policy.yaml:"), "{err}");
}

/// Run with something on standard input.
fn piped(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[test]
fn apply_reads_standard_input_and_takes_lists_apart() {
    let example = example();
    let pod = |name: &str, image: &str| {
        format!(
            "  - apiVersion: v1\n    kind: Pod\n    metadata: {{name: {name}}}\n    spec: {{securityContext: {{runAsNonRoot: true}}, containers: [{{name: a, image: \"{image}\", resources: {{requests: {{memory: 1Mi}}, limits: {{memory: 1Mi}}}}}}]}}\n"
        )
    };
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}",
        pod("good", "a:1"),
        pod("bad", "a:latest")
    );
    for resources in [&["-r", "-"][..], &[][..]] {
        let arguments = [POLICIES, resources, &["--format", "json"]].concat();
        let output = piped(example.path(), &arguments, &list);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let out = json(&stdout(&output));
        assert_eq!(out["resources"], 2, "{out}");
        let results = out["results"].as_array().expect("results");
        let failed: Vec<&str> = results
            .iter()
            .filter(|it| it["outcome"]["fail"].is_object())
            .filter_map(|it| it["resource"]["name"].as_str())
            .collect();
        assert_eq!(failed, ["bad"]);
        assert_eq!(results[0]["place"]["path"], "standard input");
    }
    let output = piped(
        example.path(),
        &[POLICIES, &["-r", "-"]].concat(),
        "a: [b\n",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("standard input:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn explain_prints_pages_and_knows_what_was_meant() {
    let folder = TempDir::new().expect("a folder");
    let (index, _) = run(folder.path(), &["explain"], 0);
    for gate in tollgate::gates::GATES.iter().map(|it| it.meta()) {
        assert!(
            index.contains(&format!("{:<14} {}\n", gate.id, gate.title)),
            "{index}"
        );
        assert_eq!(run(folder.path(), &["explain", gate.id], 0).0, gate.page);
    }
    let (rule, _) = run(folder.path(), &["explain", "renders/failed"], 0);
    assert!(rule.starts_with("### renders/failed\n"), "{rule}");
    assert!(!rule.contains("### renders/broken-before"), "{rule}");
    let (rule, _) = run(folder.path(), &["explain", "policies/require-limits"], 0);
    assert!(rule.starts_with("### policies/<policy>\n"), "{rule}");
    for (typed, meant) in [
        ("policy", "policies"),
        ("render/failed", "renders/failed"),
        ("weakend", "control-plane/weakened"),
    ] {
        let (out, err) = run(folder.path(), &["explain", typed], 2);
        assert_eq!(out, "");
        assert!(err.contains(&format!("`{typed}`")), "{err}");
        assert!(err.contains(&format!("did you mean `{meant}`?")), "{err}");
    }
    let (_, err) = run(folder.path(), &["explain", "zzzzzzzz"], 2);
    assert!(err.contains("help: `tollgate explain` lists them"), "{err}");
}

#[test]
fn demo_shows_a_refusal_and_an_admission() {
    let folder = TempDir::new().expect("a folder");
    let (out, err) = run(folder.path(), &["demo"], 0);
    assert_eq!(err, "");
    let verdicts: Vec<&str> = out.lines().filter(|it| it.contains(" (exit ")).collect();
    assert_eq!(
        verdicts,
        [
            "REFUSED: 1 finding holds this change, 1 warning (exit 1)",
            "ADMITTED: every gate passed, 16 checks (exit 0)"
        ]
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("readable").count(),
        0,
        "nothing is left where it ran"
    );
    run(folder.path(), &["demo", "--keep", "kept"], 0);
    let kept = folder.path().join("kept");
    assert!(kept.join("tollgate.yaml").is_file());
    let arguments = ["check", "--base", "main", "--head", "latest-everywhere"];
    let (again, _) = run(&kept, &arguments, 1);
    assert!(
        out.contains(&again),
        "the kept repository gives the verdict that was shown"
    );
    // What is there already is never overwritten.
    let (_, err) = run(folder.path(), &["demo", "--keep", "kept"], 3);
    assert!(err.contains("cannot write the example repository"), "{err}");
}

/// The part of the README between two marks of a code block.
fn readme_block(opening: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("a README");
    let (_, rest) = readme.split_once(opening).expect("the block");
    rest.split_once("\n```").expect("its end").0.to_owned()
}

#[test]
fn the_readme_shows_what_demo_prints() {
    let folder = TempDir::new().expect("a folder");
    let (out, _) = run(folder.path(), &["demo"], 0);
    let shown = readme_block("```text\n");
    assert!(shown.lines().count() > 20, "{shown}");
    // A line of `...` stands for what was left out.
    let mut rest = out.as_str();
    for part in shown.split("\n...\n") {
        let part = part.trim_matches('\n');
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("not printed:\n{part}\n---\n{rest}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn check_judges_the_working_tree_as_it_lies_there() {
    let example = example();
    let arguments = ["check", "--working-tree", "--format", "json"];
    let check = || Verdict::read(&tollgate(example.path(), &arguments));
    let (_, err) = run(example.path(), &arguments, 4);
    assert!(
        err.contains("nothing to judge: the working tree has every file as its base"),
        "{err}"
    );
    edit(
        example.path(),
        "apps/web/overlays/prod/kustomization.yaml",
        "newTag: 1.4.2",
        "newTag: latest",
    );
    let lines = check().lines();
    let held = "deny policies/disallow-latest-tag apps/web/overlays/prod/kustomization.yaml:6";
    assert_eq!(lines, [held, "refuse"]);

    // Files that git does not know yet count as well.
    edit(
        example.path(),
        "apps/web/overlays/prod/kustomization.yaml",
        "newTag: latest",
        "newTag: 1.4.2",
    );
    edit(
        example.path(),
        "apps/web/overlays/prod/kustomization.yaml",
        "resources:\n",
        "resources:\n  - pod.yaml\n",
    );
    assert_eq!(check().decision(), "refuse", "the file is not there");
    std::fs::write(
        example.path().join("apps/web/overlays/prod/pod.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: new\nspec:\n  containers:\n    - name: a\n      image: a:latest\n",
    )
    .expect("written");
    let lines = check().lines();
    let held = "deny policies/disallow-latest-tag apps/web/overlays/prod/pod.yaml:8";
    assert!(lines.contains(&held.to_owned()), "{lines:?}");
}

/// The ids of two revisions of the example.
fn ids(folder: &Path) -> [String; 2] {
    let repository = git2::Repository::open(folder).expect("a repository");
    ["main", "latest-everywhere"].map(|name| {
        let object = repository.revparse_single(name).expect("there");
        object.id().to_string()
    })
}

#[test]
fn check_knows_the_change_from_github() {
    let example = example();
    let [base, head] = ids(example.path());
    let outside = TempDir::new().expect("a folder");
    let event = outside.path().join("event.json");
    let text = format!(
        "{{\"pull_request\": {{\"base\": {{\"sha\": \"{base}\"}}, \"head\": {{\"sha\": \"{head}\"}}}}}}"
    );
    std::fs::write(&event, text).expect("written");
    let output = command(example.path(), &["check", "--format", "json"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_EVENT_NAME", "pull_request")
        .env("GITHUB_EVENT_PATH", &event)
        .env("GITHUB_BASE_REF", "main")
        .output()
        .expect("it runs");
    let verdict = Verdict::read(&output);
    assert_eq!((verdict.decision(), verdict.exit), ("refuse", 1));
    let change = &verdict.json["change"];
    assert_eq!(change["base"], format!("main ({})", &base[..10]));
    assert_eq!(change["head"], format!("pull request ({})", &head[..10]));

    std::fs::write(&event, "{}").expect("written");
    let output = command(example.path(), &["check"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_EVENT_NAME", "schedule")
        .env("GITHUB_EVENT_PATH", &event)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("`--base` and `--head`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn check_knows_the_change_from_gitlab() {
    let example = example();
    let [base, head] = ids(example.path());
    let output = command(example.path(), &["check", "--format", "json"])
        .env("GITLAB_CI", "true")
        .env("CI_COMMIT_SHA", &head)
        .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)
        .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
        .output()
        .expect("it runs");
    let verdict = Verdict::read(&output);
    assert_eq!((verdict.decision(), verdict.exit), ("refuse", 1));
    let name = verdict.json["change"]["head"].as_str().unwrap_or_default();
    assert!(name.starts_with("merge request"), "{name}");

    let output = command(example.path(), &["check"])
        .env("GITLAB_CI", "true")
        .env("CI_COMMIT_SHA", &head)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("merge_request_event"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn check_writes_several_reports_at_once() {
    let example = example();
    let arguments = [
        "check",
        "--base",
        "main",
        "--head",
        "latest-everywhere",
        "--report",
        "json=a.json",
        "--report",
        "junit=b.xml",
        "--report",
        "human=c.txt",
    ];
    let (out, _) = run(example.path(), &arguments, 1);
    let read = |name: &str| std::fs::read_to_string(example.path().join(name)).expect(name);
    assert_eq!(json(&read("a.json"))["decision"], "refuse");
    assert!(roxmltree::Document::parse(&read("b.xml")).is_ok());
    assert_eq!(
        read("c.txt"),
        out,
        "the report for people is what the terminal shows"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(example.path().join("a.json"))
            .expect("there")
            .permissions();
        assert_eq!(mode.mode() & 0o600, 0o600, "its owner can read it");
    }
}

#[test]
fn wrong_calls_are_usage_errors() {
    let folder = TempDir::new().expect("a folder");
    for arguments in [
        &[][..],
        &["chekc"],
        &["check", "--base"],
        &["check", "--format", "pdf"],
        &["check", "--report", "junit"],
        &["check", "--report", "pdf=a"],
        &["check", "--report", "junit="],
        &["check", "--report", "json=-"],
        &["check", "--head", "a", "--working-tree"],
        &["check", "--no-such-flag"],
        &["apply", "-r", "a.yaml"],
        &["test", "--format", "junit"],
        &["render", "a", "b"],
        &["--color", "maybe", "explain"],
    ] {
        let (out, err) = run(folder.path(), arguments, 2);
        assert_eq!(out, "", "{arguments:?}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
    let (_, err) = run(folder.path(), &["check", "--format", "pdf"], 2);
    assert!(err.contains("human, concise, json, junit"), "{err}");
    let (_, err) = run(folder.path(), &["check"], 3);
    assert!(
        err.contains("git"),
        "outside of a repository there is no change: {err}"
    );
}

#[test]
fn every_command_explains_itself() {
    let folder = TempDir::new().expect("a folder");
    let (help, _) = run(folder.path(), &["--help"], 0);
    for name in ["check", "render", "test", "apply", "demo", "explain"] {
        assert!(help.contains(&format!("\n  {name} ")), "{help}");
        let (own, _) = run(folder.path(), &[name, "--help"], 0);
        assert!(own.contains(&format!("Usage: tollgate {name}")), "{own}");
        let widest = own.lines().map(|it| it.chars().count()).max();
        assert!(widest.is_some_and(|it| it <= 100), "{own}");
    }
    assert!(
        !help.contains("worker  "),
        "what is not for people is hidden: {help}"
    );
    let (version, _) = run(folder.path(), &["--version"], 0);
    assert_eq!(version, format!("tollgate {}\n", env!("CARGO_PKG_VERSION")));
}

/// `tollgate ... | head -1`: the reader goes away while there is more to say.
#[test]
fn a_closed_pipe_is_no_panic() {
    let example = example();
    for arguments in [
        &["explain", "policies"][..],
        &["render", "prod"],
        &["demo"],
        &["test"],
        &["check", "--base", "main", "--head", "web-1.5.0"],
        &["--help"],
    ] {
        let mut child = command(example.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let err = stderr(&output);
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
        let code = output.status.code();
        assert!(
            code.is_some_and(|it| it != 70),
            "{arguments:?}: {code:?} {err}"
        );
        // A verdict that nobody read is no admission.
        assert!(arguments[0] != "check" || code == Some(3), "{code:?}");
    }
}

/// An odd name or an unreadable kustomization that BASE has too is no fault of a change elsewhere.
#[test]
fn what_was_wrong_before_does_not_hold_a_change_elsewhere() {
    let example = example();
    let repository = |message: &str| {
        let repository = git2::Repository::open(example.path()).expect("a repository");
        let mut index = repository.index().expect("an index");
        index
            .add_all(["*"], git2::IndexAddOption::FORCE, None)
            .expect("added");
        index.write().expect("kept");
        let tree = repository
            .find_tree(index.write_tree().expect("a tree"))
            .expect("the tree");
        let who = git2::Signature::now("Ann", "ann@example.com").expect("a name");
        let parent = repository
            .head()
            .and_then(|it| it.peel_to_commit())
            .expect("a parent");
        repository
            .commit(Some("HEAD"), &who, &who, message, &tree, &[&parent])
            .expect("a commit")
            .to_string()
    };
    let check = |base: &str, head: &str| {
        Verdict::read(&tollgate(
            example.path(),
            &["check", "--base", base, "--head", head, "--format", "json"],
        ))
    };
    let clean = repository("clean");
    std::fs::create_dir(example.path().join("docs")).expect("made");
    std::fs::write(example.path().join("docs/a\u{202e}b.md"), "odd").expect("written");
    let odd = repository("an odd name");
    let verdict = check(&clean, &odd);
    assert_eq!(
        (verdict.decision(), verdict.exit),
        ("undecided", 3),
        "{}",
        verdict.json
    );

    edit(
        example.path(),
        "apps/web/overlays/dev/kustomization.yaml",
        "newTag: ",
        "newTag: v",
    );
    let elsewhere = repository("a change elsewhere");
    let verdict = check(&odd, &elsewhere);
    assert_eq!(
        verdict.lines(),
        ["warn renders/broken-before", "admit"],
        "{}",
        verdict.json
    );

    std::fs::remove_file(example.path().join("docs/a\u{202e}b.md")).expect("there");
    let repository_path = git2::Repository::open(example.path()).expect("a repository");
    let mut index = repository_path.index().expect("an index");
    index.update_all(["*"], None).expect("noted");
    index.write().expect("kept");
    let mended = repository("mended");
    assert_eq!(check(&elsewhere, &mended).lines(), ["admit"]);
}

#[test]
fn what_a_newcomer_meets_says_what_to_do() {
    let folder = TempDir::new().expect("a folder");
    let (_, err) = run(folder.path(), &["check"], 3);
    assert!(
        err.contains("help: run this inside of one, or name it with `-C DIR`"),
        "{err}"
    );
    let (_, err) = run(folder.path(), &["render", "prod"], 2);
    assert!(
        err.contains("error: there is no folder `prod`\nhelp: "),
        "{err}"
    );
    let (out, _) = run(folder.path(), &["test"], 4);
    assert!(
        out.contains("suites are files called `kyverno-test.yaml`"),
        "{out}"
    );
    let repository = Repository::new();
    let (_, err) = run(repository.path(), &["render"], 1);
    assert!(
        err.contains("help: name a folder with a kustomization, or an environment"),
        "{err}"
    );
    let (_, err) = run(repository.path(), &["check"], 3);
    assert!(
        err.contains("error: the branch has no commit yet\nhelp: "),
        "{err}"
    );
}

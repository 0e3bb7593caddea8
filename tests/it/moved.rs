//! A base that has moved on, as people and CI systems hand it over, and the files that a run writes.

use crate::support::{Repository, Verdict, command};
use std::path::Path;
use std::process::{Output, Stdio};

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: named-team
spec:
  rules:
    - name: team
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: a team is named
        pattern: {metadata: {labels: {team: \"?*\"}}}
";

fn map(team: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels: {{{team}}}\ndata:\n  a: one\n  b: two\n  c: three\n  d: {value}\n"
    )
}

/// A base that moved on in another line of the file that the head changes.
struct Parted {
    repository: Repository,
    fork: String,
    base: String,
    head: String,
}

fn parted(change: &str) -> Parted {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", "version: 1\nenvironments:\n  prod: {overlays: [prod], enforcement: enforce}\npolicies: {coverage: {min_rules: 0%}}\n")
        .write("policies/named-team.yaml", POLICY)
        .write("prod/kustomization.yaml", "resources: [map.yaml]\nnamespace: shop\n")
        .write("prod/map.yaml", &map("team: shop", "four"));
    let fork = repository.commit("the fork");
    repository.branch("feature").write("prod/map.yaml", change);
    let head = repository.commit("the change");
    let git = git2::Repository::open(repository.path()).expect("the repository");
    git.set_head("refs/heads/main").expect("the branch");
    let moved = map("team: shop", "four").replace("a: one", "a: first");
    repository.write("prod/map.yaml", &moved);
    let base = repository.commit("the base moves on");
    git.set_head_detached(git2::Oid::from_str(&head).expect("an id"))
        .expect("the change is checked out");
    Parted {
        repository,
        fork,
        base,
        head,
    }
}

impl Parted {
    fn check(&self, more: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut arguments = vec!["check", "--format", "json"];
        arguments.extend(more);
        command(self.repository.path(), &arguments)
            .envs(environment.iter().copied())
            .output()
            .expect("it runs")
    }

    fn refer(&self, name: &str, commit: &str) {
        let git = git2::Repository::open(self.repository.path()).expect("the repository");
        let id = git2::Oid::from_str(commit).expect("an id");
        git.reference(name, id, true, "test").expect("a reference");
    }

    /// The files of the repository's objects: a check adds none.
    fn objects(&self) -> usize {
        let folder = self.repository.path().join(".git/objects");
        ignore::WalkBuilder::new(folder)
            .standard_filters(false)
            .build()
            .count()
    }
}

fn good() -> Parted {
    parted(&map("team: shop", "fourth"))
}

fn bad() -> Parted {
    parted(&map("owner: shop", "fourth"))
}

fn decided(output: &Output) -> (String, i32) {
    let verdict = Verdict::read(output);
    (verdict.decision().to_owned(), verdict.exit)
}

#[test]
fn sides_that_have_parted_are_judged_as_their_merge() {
    for (parted, want) in [(good(), ("admit", 0)), (bad(), ("refuse", 1))] {
        let before = parted.objects();
        let output = parted.check(&["--base", "main", "--head", "feature"], &[]);
        let verdict = Verdict::read(&output);
        assert_eq!((verdict.decision(), verdict.exit), want, "{}", verdict.json);
        let head = format!("feature, merged ({})", &parted.head[..10]);
        assert_eq!(verdict.json["change"]["head"], head);
        assert_eq!(parted.objects(), before, "something was written");
    }
}

#[test]
fn lines_that_both_changed_are_for_a_person_whatever_attributes_say() {
    let parted = parted(&map("team: shop", "four").replace("a: one", "a: uno"));
    parted
        .repository
        .write(".gitattributes", "*.yaml merge=union\n");
    let output = parted.check(&["--base", "main", "--head", "feature"], &[]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: head does not merge into base: conflict in `prod/map.yaml` (both sides change the same lines)\nhelp: rebase the branch on its base, or merge the base into it, and settle the conflict there\n"
    );
}

fn event(parted: &Parted) -> String {
    let event = parted.repository.path().join(".git/event.json");
    let text = serde_json::json!({"pull_request": {
        "number": 7,
        "base": {"sha": parted.fork, "ref": "main"},
        "head": {"sha": parted.head},
    }});
    std::fs::write(&event, text.to_string()).expect("written");
    event.to_str().expect("UTF-8").to_owned()
}

fn actions<'a>(event: &'a str, commit: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_EVENT_PATH", event),
        ("GITHUB_SHA", commit),
    ]
}

/// `actions/checkout` with the head of the pull request: the merge that GitHub made is not there, and the
/// event's base is older than the branch.
#[test]
fn githubs_checkout_of_the_head_is_merged_into_the_newest_base() {
    for (parted, want) in [
        (good(), ("admit".to_owned(), 0)),
        (bad(), ("refuse".to_owned(), 1)),
    ] {
        parted.refer("refs/remotes/origin/main", &parted.base);
        let event = event(&parted);
        let output = parted.check(&[], &actions(&event, &"e".repeat(40)));
        assert_eq!(decided(&output), want);
        let verdict = Verdict::read(&output);
        let base = format!("main ({})", &parted.base[..10]);
        assert_eq!(verdict.json["change"]["base"], base);
    }
}

/// The merge that `actions/checkout` gives without settings.
#[test]
fn githubs_merge_is_judged_if_it_is_the_merge_of_its_parents() {
    let parted = bad();
    let event = event(&parted);
    let git = git2::Repository::open(parted.repository.path()).expect("the repository");
    let find = |id: &str| {
        let id = git2::Oid::from_str(id).expect("an id");
        git.find_commit(id).expect("a commit")
    };
    let (base, head) = (find(&parted.base), find(&parted.head));
    let mut index = git.merge_commits(&base, &head, None).expect("a merge");
    let merged = index.write_tree_to(&git).expect("a tree");
    let who = base.author();
    let commit = |tree: git2::Oid| {
        let tree = git.find_tree(tree).expect("a tree");
        let parents = [&base, &head];
        let made = git.commit(None, &who, &who, "merge", &tree, &parents);
        made.expect("a commit").to_string()
    };
    let honest = parted.check(&[], &actions(&event, &commit(merged)));
    assert_eq!(decided(&honest), ("refuse".to_owned(), 1));
    // As if nothing had been changed.
    let other = parted.check(&[], &actions(&event, &commit(base.tree_id())));
    let told = String::from_utf8_lossy(&other.stderr);
    assert_eq!(other.status.code(), Some(3), "{told}");
    assert!(told.contains("is not the merge of its parents"), "{told}");
    assert!(told.contains("`prod/map.yaml` differs"), "{told}");
}

#[test]
fn a_merge_request_of_gitlab_whose_target_moved_is_merged_into_it() {
    for (parted, want) in [
        (good(), ("admit".to_owned(), 0)),
        (bad(), ("refuse".to_owned(), 1)),
    ] {
        parted.refer("refs/remotes/origin/main", &parted.base);
        let output = parted.check(
            &[],
            &[
                ("GITLAB_CI", "true"),
                ("CI_COMMIT_SHA", &parted.head),
                ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &parted.fork),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
                ("CI_MERGE_REQUEST_IID", "7"),
            ],
        );
        assert_eq!(decided(&output), want);
    }
}

#[test]
fn sides_that_hold_no_change_are_never_admitted() {
    let parted = good();
    for (base, head, why) in [
        ("feature", "feature", "are one commit"),
        ("feature", "feature~1", "is behind its base"),
    ] {
        let output = parted.check(&["--base", base, "--head", head], &[]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{told}");
        assert!(told.contains(why), "{told}");
        assert!(output.stdout.is_empty());
    }
}

/// An object that stands for another one.
#[test]
fn a_rule_that_is_not_what_its_id_says_judges_nothing() {
    let parted = bad();
    let git = git2::Repository::open(parted.repository.path()).expect("the repository");
    let id = git
        .revparse_single("main:policies/named-team.yaml")
        .expect("there")
        .id();
    let other = git.blob(b"# nothing\n").expect("a blob");
    let file = |id: git2::Oid| {
        let id = id.to_string();
        let folder = parted.repository.path().join(".git/objects");
        folder.join(&id[..2]).join(&id[2..])
    };
    let arguments = ["--base", "main", "--head", "feature"];
    std::fs::remove_file(file(id)).expect("there");
    std::fs::copy(file(other), file(id)).expect("copied");
    let swapped = parted.check(&arguments, &[]);
    let told = String::from_utf8_lossy(&swapped.stderr);
    assert_eq!(swapped.status.code(), Some(3), "{told}");
    assert!(
        told.contains(&format!("the object {id} is not what its id says")),
        "{told}"
    );
    std::fs::remove_file(file(id)).expect("there");
    let missing = parted.check(&arguments, &[]);
    let told = String::from_utf8_lossy(&missing.stderr);
    assert_eq!(missing.status.code(), Some(3), "{told}");
    assert!(
        told.contains("is not in this clone\nhelp: fetch without `--filter`"),
        "{told}"
    );
}

#[test]
fn reports_have_files_of_their_own() {
    let parted = good();
    let sides = ["--base", "main", "--head", "feature"];
    let check = |more: &[&str]| {
        let all: Vec<&str> = sides.iter().chain(more).copied().collect();
        let output = parted.check(&all, &[]);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    for (first, second) in [("json=a", "junit=a"), ("json=a", "junit=./prod/../a")] {
        let (code, told) = check(&["--report", first, "--report", second]);
        assert_eq!(code, Some(2), "{told}");
        assert!(
            told.contains("are one file, and each report needs its own"),
            "{told}"
        );
    }
    let (code, told) = check(&["--report", "json=a", "--facts-out", "a"]);
    assert_eq!(code, Some(2), "{told}");
    let kept = parted.repository.path().join("prod/map.yaml");
    let before = std::fs::read(&kept).expect("there");
    let (code, told) = check(&["--report", "json=prod/map.yaml"]);
    assert_eq!(code, Some(2), "{told}");
    assert_eq!(
        told,
        "error: `prod/map.yaml` is a file of the repository\nhelp: name a file that git does not know\n"
    );
    assert_eq!(std::fs::read(&kept).expect("still there"), before);
}

fn left(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|it| {
            it.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// A report that cannot be written takes the others with it.
#[cfg(target_os = "linux")]
#[test]
fn no_report_says_what_the_exit_code_does_not() {
    let parted = good();
    let out = tempfile::TempDir::new().expect("a folder");
    let at = |name: &str| out.path().join(name).to_str().expect("UTF-8").to_owned();
    let (json, tap) = (format!("json={}", at("a")), format!("tap={}", at("b")));
    let sides = ["--base", "main", "--head", "feature", "--report", &json];
    let full = [
        &sides[..],
        &["--report", "junit=/dev/full", "--report", &tap],
    ]
    .concat();
    let output = parted.check(&full, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert_eq!(left(out.path()), [""; 0]);

    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(crate::support::binary())
        .arg("check")
        .args(sides)
        .current_dir(parted.repository.path())
        .env_clear()
        .env("HOME", parted.repository.path());
    let output = limited.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("cannot write"), "{told}");
    assert_eq!(left(out.path()), [""; 0]);
}

/// Nobody reads: manifests end as a shell expects of a closed pipe, and what nobody read is no admission.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_defect() {
    let parted = good();
    let unread = |arguments: &[&str]| {
        let mut child = command(parted.repository.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        output.status.code()
    };
    assert_eq!(unread(&["render", "prod"]), Some(141));
    let out = tempfile::TempDir::new().expect("a folder");
    let report = format!("json={}", out.path().join("a").display());
    let check = ["check", "--base", "main", "--head", "feature"];
    let arguments = [&check[..], &["--report", &report]].concat();
    assert_eq!(unread(&arguments), Some(3));
    assert_eq!(left(out.path()), [""; 0]);
}

/// A machine that gives the worker no thread.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_cannot_start_a_thread_says_so() {
    let parted = good();
    let sides = ["--base", "main", "--head", "feature", "--memory", "1"];
    let output = parted.check(&sides, &[]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.starts_with("error: cannot start the worker: "),
        "{told}"
    );
}

//! A check that is killed, or whose worker is, never leaves a report that says admitted.

use crate::support::{Repository, command};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A change that is admitted when it is left alone, in a repository that takes a while.
fn repository() -> (Repository, String, String) {
    let repository = Repository::new();
    for app in 0..40 {
        let folder = format!("apps/a{app}/overlays/prod");
        let data: String = (0..200).map(|it| format!("  key{it}: value\n")).collect();
        repository
            .write(
                &format!("{folder}/kustomization.yaml"),
                "resources: [map.yaml]\nnamespace: web\n",
            )
            .write(
                &format!("{folder}/map.yaml"),
                &format!(
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a{app}\ndata:\n{data}"
                ),
            );
    }
    let base = repository.commit("base");
    repository.write(
        "apps/a0/overlays/prod/kustomization.yaml",
        "resources: [map.yaml]\nnamespace: shop\n",
    );
    let head = repository.commit("head");
    (repository, base, head)
}

const REPORTS: [&str; 3] = ["out.json", "out.xml", "out.txt"];

fn start(folder: &Path, base: &str, head: &str) -> Child {
    let arguments = [
        "check",
        "--base",
        base,
        "--head",
        head,
        "--report",
        "json=out.json",
        "--report",
        "junit=out.xml",
        "--report",
        "human=out.txt",
    ];
    command(folder, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// Every report is absent, or complete and of a run that came to its end.
fn no_false_word(folder: &Path, ended_well: bool) {
    for name in REPORTS {
        let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
            assert!(!ended_well, "{name} is missing after a good end");
            continue;
        };
        let complete = match name {
            "out.json" => serde_json::from_str::<serde_json::Value>(&text).is_ok(),
            "out.xml" => roxmltree::Document::parse(&text).is_ok(),
            _ => text.ends_with(")\n"),
        };
        assert!(complete, "{name} is cut short");
    }
}

#[test]
fn killing_the_program_leaves_no_report_or_a_whole_one() {
    let (repository, base, head) = repository();
    let started = Instant::now();
    let mut child = start(repository.path(), &base, &head);
    assert!(
        child.wait().expect("it ends").success(),
        "the change is admitted when left alone"
    );
    let whole = started.elapsed();
    no_false_word(repository.path(), true);
    for moment in 0..30u32 {
        for name in REPORTS {
            let _ = std::fs::remove_file(repository.path().join(name));
        }
        let mut child = start(repository.path(), &base, &head);
        std::thread::park_timeout(whole * moment / 25);
        child.kill().expect("it can be killed");
        let ended_well = child.wait().expect("it ends").success();
        no_false_word(repository.path(), ended_well);
    }
}

#[test]
fn an_old_report_is_gone_whatever_comes_of_the_run() {
    let (repository, base, _) = repository();
    for name in REPORTS {
        std::fs::write(
            repository.path().join(name),
            "an old report that says ADMITTED",
        )
        .expect("written");
    }
    let mut child = start(repository.path(), &base, "no-such-revision");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    for name in REPORTS {
        assert!(
            !repository.path().join(name).exists(),
            "{name} is still there"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn killing_the_worker_is_undecided() {
    let (repository, base, head) = repository();
    let mut killed = 0;
    for moment in 0..20u64 {
        let child = start(repository.path(), &base, &head);
        std::thread::park_timeout(Duration::from_millis(moment * 4));
        let hit = worker_of(child.id()).is_some_and(|worker| {
            rustix::process::Pid::from_raw(worker).is_some_and(|it| {
                rustix::process::kill_process(it, rustix::process::Signal::KILL).is_ok()
            })
        });
        let status = { child }.wait().expect("it ends");
        let text = std::fs::read_to_string(repository.path().join("out.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&text).expect("a whole report");
        match status.code() {
            Some(0) => assert_eq!(report["decision"], "admit"),
            code => {
                assert!(hit, "nobody killed the worker, and it ended with {code:?}");
                killed += 1;
                assert_ne!(report["decision"], "admit");
                assert_eq!(code, Some(5), "{text}");
                assert!(
                    report["faults"][0]["why"]
                        .as_str()
                        .is_some_and(|it| it.contains("killed")),
                    "{text}"
                );
            }
        }
    }
    assert!(killed > 0, "no worker was hit: the test shows nothing");
}

/// The child of a process, by its entry under /proc.
#[cfg(target_os = "linux")]
fn worker_of(parent: u32) -> Option<i32> {
    let children =
        std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// As root, replacing `/dev/stdout` would take it away from every program of the machine.
#[cfg(unix)]
#[test]
fn streams_and_links_are_not_replaced() {
    let (repository, base, head) = repository();
    let target = repository.path().join("target.json");
    // After removing what a link leads to, the link leads nowhere: the file is made anew beside it.
    std::fs::write(&target, "an old report that says ADMITTED".repeat(10_000)).expect("written");
    let link = repository.path().join("link.json");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    let run = |report: &str| {
        let arguments = [
            "check", "--base", &base, "--head", &head, "--report", report,
        ];
        crate::support::tollgate(repository.path(), &arguments)
    };
    assert!(run("json=link.json").status.success());
    let text = std::fs::read_to_string(&link).expect("the report");
    serde_json::from_str::<serde_json::Value>(&text).expect("a whole report and nothing old");

    let output = run("junit=/dev/stdout");
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("<?xml"), "{text}");
    assert!(Path::new("/dev/stdout").is_symlink(), "it is still there");
}

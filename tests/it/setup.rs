//! The commands around `check`: a past verdict again, what shells and editors need, and the first
//! configuration.

use crate::support::{Repository, tollgate};
use std::path::Path;
use tempfile::TempDir;
use tollgate::reporters::REPORTERS;
use tollgate::run::record;

/// Run, hold the exit code, give both outputs.
#[track_caller]
fn run(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = tollgate(folder, arguments);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{err}"
    );
    (out, err)
}

/// The example repository, as `demo` writes it.
fn example() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    run(folder.path(), &["demo", "--keep", "."], 0);
    folder
}

/// The facts of a check, and that judging them again gives the bytes of that check in every format.
#[track_caller]
fn replays(folder: &Path, arguments: &[&str], code: i32) -> String {
    for format in REPORTERS.iter().map(|it| it.name()) {
        let own = format!("{format}=own");
        let mut check = vec!["check", "--facts-out", "facts.json"];
        check.extend(["--format", format, "--report", &own]);
        check.extend(arguments);
        let first = run(folder, &check, code);
        let again = format!("{format}=again");
        // Somewhere else, and without a repository around it.
        let elsewhere = TempDir::new().expect("a temporary folder");
        std::fs::copy(
            folder.join("facts.json"),
            elsewhere.path().join("facts.json"),
        )
        .expect("copied");
        let replay = [
            "replay",
            "facts.json",
            "--format",
            format,
            "--report",
            &again,
        ];
        assert_eq!(run(elsewhere.path(), &replay, code), first, "{format}");
        assert_eq!(
            std::fs::read(elsewhere.path().join("again")).expect("a report"),
            std::fs::read(folder.join("own")).expect("a report"),
            "{format}"
        );
    }
    std::fs::read_to_string(folder.join("facts.json")).expect("the facts")
}

#[test]
fn a_check_is_judged_again_from_its_facts() {
    let example = example();
    let refused = ["--base", "main", "--head", "latest-everywhere"];
    replays(example.path(), &refused, 1);
    replays(
        example.path(),
        &["--base", "main", "--head", "web-1.5.0"],
        0,
    );
    // The worker died: its facts say that and nothing else, now as then.
    let mut died = vec!["--timeout", "0"];
    died.extend(refused);
    replays(example.path(), &died, 5);

    let nothing = Repository::new();
    nothing.write("README.md", "nothing here\n").commit("base");
    nothing.write("README.md", "still nothing\n").commit("head");
    replays(
        nothing.path(),
        &["--base", "HEAD~1", "--head", "HEAD", "-C", "."],
        4,
    );
}

#[test]
fn what_is_no_whole_record_of_a_check_is_never_judged() {
    let example = example();
    let facts = replays(
        example.path(),
        &["--base", "main", "--head", "web-1.5.0"],
        0,
    );
    let newer = facts.replacen(
        "\"version\": 1,\n      \"now\"",
        "\"version\": 2,\n      \"now\"",
        1,
    );
    assert_ne!(newer, facts, "the version of the facts was found");
    let unknown = facts.replacen("\"faults\": []", "\"faults\": [],\n    \"verdict\": 0", 1);
    assert_ne!(unknown, facts, "the last list of the facts was found");
    let audit = facts.replacen("\"strict\"", "\"audit\"", 1);
    assert_ne!(audit, facts, "the enforcement was found");
    for (text, why) in [
        ("", "damaged"),
        ("{}", "format"),
        ("[]", "damaged"),
        ("null", "damaged"),
        (&facts[..facts.len() / 2], "damaged"),
        (&newer, "version 2"),
        (&unknown, "is not as it was written"),
        (&audit, "changed after it was written"),
        (&facts.replacen("tollgate-facts", "facts", 1), "format"),
        (
            &facts.replacen("\"faults\": []", "\"faults\": null", 1),
            "damaged",
        ),
        (&format!("{facts}\n"), "is not as it was written"),
        (&format!("{facts}{facts}"), "damaged"),
        (&"[".repeat(1 << 20), "damaged"),
    ] {
        std::fs::write(example.path().join("facts.json"), text).expect("written");
        std::fs::write(example.path().join("old"), "admitted").expect("written");
        let (out, err) = run(
            example.path(),
            &["replay", "facts.json", "--report", "json=old"],
            2,
        );
        assert_eq!(out, "");
        assert!(
            err.contains("facts.json") && err.contains(why),
            "{why}: {err}"
        );
        assert!(
            !example.path().join("old").exists(),
            "an older report is not taken for this one's"
        );
    }
    let large = std::fs::File::create(example.path().join("facts.json")).expect("made");
    large
        .set_len(record::LIMIT as u64 + 1)
        .expect("a file with a hole");
    let (_, err) = run(example.path(), &["replay", "facts.json"], 2);
    assert!(err.contains("larger than"), "{err}");
    run(example.path(), &["replay", "absent.json"], 2);
    run(example.path(), &["replay", "."], 2);
    run(example.path(), &["replay"], 2);

    // A key that nobody knows is noticed wherever it stands.
    let key = "\"zzz\": 1,";
    for (at, _) in facts.match_indices("{\n") {
        let text = format!("{}{key}{}", &facts[..=at], &facts[at + 1..]);
        assert!(record::read(text.as_bytes()).is_err(), "at byte {at}");
    }
    assert!(record::read(facts.as_bytes()).is_ok());
}

#[test]
fn facts_that_cannot_be_written_leave_no_verdict() {
    let example = example();
    let (out, err) = run(
        example.path(),
        &[
            "check",
            "--base",
            "main",
            "--head",
            "web-1.5.0",
            "--facts-out",
            "absent/facts.json",
        ],
        3,
    );
    assert_eq!(out, "");
    assert!(err.contains("absent/facts.json"), "{err}");
}

/// The commands that `--help` lists.
fn commands(folder: &Path) -> Vec<String> {
    let (help, _) = run(folder, &["--help"], 0);
    let lines = help.lines().skip_while(|it| *it != "Commands:").skip(1);
    let names: Vec<String> = lines
        .take_while(|it| !it.is_empty())
        .filter_map(|it| it.strip_prefix("  ").filter(|it| !it.starts_with(' ')))
        .filter_map(|it| it.split(' ').next().map(str::to_owned))
        .collect();
    assert!(names.len() > 8, "{help}");
    names
}

#[test]
fn shells_complete_every_command() {
    let folder = TempDir::new().expect("a folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (script, _) = run(folder.path(), &["completions", shell], 0);
        for name in commands(folder.path()) {
            assert!(script.contains(&name), "{shell} knows {name}");
        }
        assert!(script.contains("facts-out"), "{shell} knows options");
    }
    run(folder.path(), &["completions", "cmd"], 2);
}

#[test]
fn manual_pages_name_every_command_and_option() {
    let folder = TempDir::new().expect("a folder");
    let (page, _) = run(folder.path(), &["man"], 0);
    assert!(page.contains(".TH tollgate 1"), "{page}");
    for name in commands(folder.path()) {
        assert!(page.contains(&name), "{name}");
        if name != "help" {
            let (own, _) = run(folder.path(), &["man", &name], 0);
            assert!(own.contains(&format!(".TH tollgate-{name} 1")), "{own}");
            assert!(own.contains(".SH OPTIONS"), "{own}");
        }
    }
    let (own, _) = run(folder.path(), &["man", "check"], 0);
    assert!(own.contains("facts\\-out"), "{own}");
    for name in ["chekc", "worker"] {
        let (_, err) = run(folder.path(), &["man", name], 2);
        assert!(err.contains(name), "{err}");
    }
}

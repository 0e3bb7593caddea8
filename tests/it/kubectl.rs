//! What we read and print equals what kubectl reads and prints, wherever we do not refuse. Runs
//! where a `kubectl` is on PATH, and says so where there is none.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::io::Write;
use std::process::Command;
use tollgate_kustomize::{MemoryFiles, Options, RepoPath, Session, build};
use tollgate_yaml::{Sources, emit};

/// Resources in one run of kubectl: starting it takes longer than what it does.
const RESOURCES: usize = 300;

/// Values as people write them, and as they should not.
fn scalar() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "yes",
        "no",
        "on",
        "off",
        "y",
        "N",
        "true",
        "False",
        "~",
        "null",
        "Null",
        "0644",
        "0o17",
        "0888",
        "0x1F",
        "0b11",
        "1_000",
        "1e3",
        "1.0",
        "6.",
        ".5",
        "-0",
        "+1",
        "1e400",
        "12345678901234567890",
        "2001-01-01",
        "12:30",
        "190:20:30",
        "\"0644\"",
        "'yes'",
        "\"a\\tb\"",
        "''",
        "\"\"",
        "a b",
        "a: b",
        "a #b",
        "a # b",
        "- a",
        "*",
        "&",
        "!",
        "%",
        "@",
        "`",
        "{a: 1}",
        "[1, 2]",
        "[]",
        "{}",
        "{a: , b: c}",
        "|\n    a\n    b",
        ">\n    a\n    b",
        "|-\n    a",
        "|+\n    a\n",
        "\"\\u00e9\"",
        "é",
        "日本",
        "😀",
        "a\\b",
        "a'b",
        "\"a\\\"b\"",
        "=",
        "<<",
        "1:2",
        "::",
        ":a",
        "a:",
        "?a",
        "? a",
        "-",
        "--",
    ]);
    prop_oneof![
        4 => known.prop_map(str::to_owned),
        3 => "[-+0-9._exobXOBE]{1,8}",
        2 => "[a-zA-Z0-9 _.:/#'\"-]{1,90}",
        1 => "\\PC{1,20}",
    ]
}

fn manifest(at: usize, values: &[String]) -> String {
    let mut text =
        format!("apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: r{at:04}\nspec:\n");
    for (key, value) in values.iter().enumerate() {
        text.push_str(&format!("  k{key}: {value}\n"));
    }
    text
}

/// What we print for one resource; `None` where we refuse it.
fn ours(text: &str) -> Option<String> {
    let files = MemoryFiles::new()
        .with("kustomization.yaml", "resources: [r.yaml]\n")
        .with("r.yaml", text);
    let sources = Sources::new();
    let built = build(
        &Session::new(&files, &sources),
        &RepoPath::root(),
        &Options::default(),
    )
    .ok()?;
    built
        .resources
        .iter()
        .map(|it| emit(&it.body).ok())
        .collect()
}

#[test]
fn what_we_read_is_what_kubectl_reads() {
    if Command::new("kubectl")
        .arg("version")
        .arg("--client")
        .output()
        .is_err()
    {
        let _ = writeln!(std::io::stderr(), "skipped: there is no kubectl on PATH");
        return;
    }
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let values = prop::collection::vec(scalar(), 1..4);
    let folder = tempfile::tempdir().expect("a folder");
    let (mut entries, mut expected) = (String::from("resources:\n"), Vec::new());
    for at in 0..RESOURCES {
        let values = values.new_tree(&mut runner).expect("values").current();
        let text = manifest(at, &values);
        if let Some(printed) = ours(&text) {
            std::fs::write(folder.path().join(format!("r{at}.yaml")), &text).expect("written");
            entries.push_str(&format!("- r{at}.yaml\n"));
            expected.push((text, printed));
        }
    }
    assert!(
        expected.len() > RESOURCES / 3,
        "only {} of {RESOURCES} are read at all",
        expected.len()
    );
    std::fs::write(folder.path().join("kustomization.yaml"), entries).expect("written");
    let output = Command::new("kubectl")
        .arg("kustomize")
        .arg(folder.path())
        .output()
        .expect("kubectl runs");
    let theirs = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "kubectl refuses what we read: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    for ((text, printed), theirs) in expected.iter().zip(theirs.split("---\n")) {
        assert_eq!(printed, theirs, "read from\n{text}");
    }
}

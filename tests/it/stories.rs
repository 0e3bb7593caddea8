//! Every folder of `tests/repos` is a change of a small repository, and what is said of it: see
//! `tests/repos/README.md`.

use crate::support::{Repository, seconds};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Stories that are told at least.
const TOLD: &[&str] = &[
    "one-approval-of-two",
    "stale-approval",
    "policy-change-needs-platform",
    "owner-missing",
    "override-one-approver",
    "override-approved",
    "override-expired",
];

/// When a story is checked that has no clock of its own.
const NOW: &str = "2026-03-01T03:07:00Z";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repos")
}

#[test]
fn every_story_ends_as_it_is_told() {
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder()).expect("a folder of stories") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let name = path.file_name().and_then(|it| it.to_str());
            let name = name.expect("a name of text").to_owned();
            wrong.extend(tell(&name, &path));
            names.insert(name);
        }
    }
    for name in TOLD {
        assert!(names.contains(*name), "`{name}` is not told");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Why a story ends otherwise, if it does.
fn tell(name: &str, story: &Path) -> Option<String> {
    let text = |file: &str| {
        fs::read_to_string(story.join(file)).unwrap_or_else(|it| panic!("{name}: {file}: {it}"))
    };
    let optional = |file: &str| fs::read_to_string(story.join(file)).ok();
    assert!(text("story.md").starts_with("# "), "{name} has no title");

    let repository = Repository::new();
    repository.copy(&story.join("base")).commit("as it is");
    repository.branch("change").copy(&story.join("head"));
    for file in optional("deleted").unwrap_or_default().lines() {
        repository.delete(file);
    }
    repository.commit("the change");
    let forge = text("forge.json");
    let forge = serde_json::from_str(&forge).unwrap_or_else(|it| panic!("{name}: {it}"));
    let now = optional("clock").unwrap_or_else(|| NOW.to_owned());
    let output = repository.judge_at(seconds(&now), ("main", "change"), &forge, "human");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.is_empty(), "{name}: {errors}");

    if std::env::var_os("INSTA_UPDATE").is_some_and(|it| it == "always") {
        fs::write(story.join("verdict.txt"), &said).expect("written");
    }
    let told = optional("verdict.txt").unwrap_or_default();
    let code = output.status.code().expect("an exit code");
    let last = format!("(exit {code})");
    let ends = said.trim_end().ends_with(&last);
    assert!(ends, "{name} does not end with {last}:\n{said}");
    (said != told).then(|| format!("{name} ends so:\n{said}\nand is told so:\n{told}"))
}

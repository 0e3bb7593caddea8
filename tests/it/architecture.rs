//! The house rule: a room uses rooms on lower floors, never a neighbour, never upstairs.

use std::fs;
use std::path::{Path, PathBuf};

/// The bottom floor first. Rooms on one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["finding", "builtin"],
    &["config"],
    &["reviews"],
    &["waivers"],
    &[
        "repo",
        "renderers",
        "engines",
        "suites",
        "schema",
        "forges",
        "owners",
        "gates",
    ],
    &["verdict"],
    &["reporters", "exit"],
    &["run", "worker"],
    &["cli"],
];

/// Crates that know nothing of the house, and what of the house's own they may use.
const CRATES: &[(&str, &[&str])] = &[
    ("tollgate-yaml", &[]),
    ("tollgate-goregex", &[]),
    ("tollgate-kustomize", &["tollgate-yaml", "tollgate-goregex"]),
    ("tollgate-jmespath", &["tollgate-yaml", "tollgate-goregex"]),
    ("tollgate-kyverno", &["tollgate-yaml", "tollgate-jmespath"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn rooms_use_lower_floors_only() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let path = file
            .strip_prefix(&source)
            .expect("below src")
            .to_string_lossy()
            .replace('\\', "/");
        let room = path.split(['/', '.']).next().unwrap_or_default().to_owned();
        if room == "lib" || room == "main" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("readable source");
        for used in rooms_used(&text) {
            if used != room && floor(&used) >= floor(&room) {
                wrong.push(format!("src/{path} uses `{used}`"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the house rule:\n  {}",
        wrong.join("\n  ")
    );
}

#[test]
fn gates_and_verdict_reach_neither_disk_nor_network_nor_clock() {
    let source = root().join("src");
    let pure = [
        "gates",
        "reviews",
        "verdict.rs",
        "finding",
        "model",
        "owners",
    ];
    let files = pure.iter().flat_map(|it| rust_files(&source.join(it)));
    // Tests may read what is not part of the program, and take the time.
    for file in files.filter(|it| !it.ends_with("tests.rs")) {
        let text = fs::read_to_string(&file).expect("readable source");
        for word in [
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime",
            "Instant",
        ] {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn crates_know_only_what_is_below_them() {
    for (name, allowed) in CRATES {
        let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml"))
            .expect("a manifest");
        let own = manifest
            .lines()
            .filter_map(|it| it.strip_prefix("tollgate-"))
            .filter_map(|it| Some(format!("tollgate-{}", it.split(['.', ' ', '=']).next()?)));
        for used in own {
            assert!(allowed.contains(&used.as_str()), "{name} uses {used}");
        }
    }
    let folders = fs::read_dir(root().join("crates")).expect("crates").count();
    assert_eq!(folders, CRATES.len(), "a crate is missing from this list");
}

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|it| it.contains(&room))
        .unwrap_or_else(|| panic!("`{room}` is on no floor: add it to FLOORS"))
}

/// Rooms named after `crate::`, also inside of `use crate::{a::X, b::Y}`.
fn rooms_used(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .map(|it| it.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => rooms.extend(first_segments(group)),
            None => rooms.extend(segment(rest)),
        }
    }
    rooms
}

/// The first segment of each path in a group, as far as its closing brace.
fn first_segments(group: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    let (mut depth, mut start) = (0usize, 0usize);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                rooms.extend(segment(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                rooms.extend(segment(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    rooms
}

fn segment(path: &str) -> Option<String> {
    let end = path
        .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
        .unwrap_or(path.len());
    (end > 0).then(|| path[..end].to_owned())
}

fn rust_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(place).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn the_reader_of_use_lines_sees_groups() {
    let text = "use crate::{\n    a::X,\n    b::{self, Y},\n    c,\n};\nuse crate::d::Z;\nlet x = crate::e::f();";
    assert_eq!(rooms_used(text), ["a", "b", "c", "d", "e"]);
}

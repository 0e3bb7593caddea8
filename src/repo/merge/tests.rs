//! Merges of small trees: what goes together, and what a person has to settle.

use super::*;
use crate::repo::testing::{LINK, TestRepo};

type Change = fn(&mut TestRepo) -> &mut TestRepo;

/// A list with a line for each number.
fn lines(from: u32, to: u32) -> String {
    (from..to).map(|it| format!("line {it}\n")).collect()
}

/// What two changes of one tree give: each file with its text, then the conflicts.
fn merged(before: Change, ours: Change, theirs: Change) -> Vec<String> {
    let tree = |changes: &[Change]| {
        let mut repo = TestRepo::new();
        for change in changes {
            change(&mut repo);
        }
        repo
    };
    let repos = [
        tree(&[before]),
        tree(&[before, ours]),
        tree(&[before, theirs]),
    ];
    let [base, ours, theirs] = repos.each_ref().map(TestRepo::tree);
    let objects = repos[0].objects();
    // The sides' objects are kept in memory, as the merge's own are.
    for repo in &repos[1..] {
        let odb = repo.git.odb().expect("objects");
        odb.foreach(|id| {
            let object = odb.read(*id).expect("an object");
            objects.keep(object.kind(), object.data().to_vec()).is_ok()
        })
        .expect("all objects");
    }
    let merge = merge(&objects, Trees { base, ours, theirs }).expect("a merge");
    let tree = crate::repo::GitTree::read(&objects, &merge.tree.to_string()).expect("a tree");
    let leaves = crate::repo::Tree::leaves(&tree).expect("leaves");
    let mut told: Vec<String> = leaves
        .iter()
        .map(|(path, leaf)| {
            let text = objects.blob(leaf.id).expect("a blob");
            format!(
                "{path}: {}",
                String::from_utf8_lossy(&text).replace('\n', "|")
            )
        })
        .collect();
    let conflicts = merge.conflicts.iter();
    told.extend(conflicts.map(|it| format!("! {}: {}", it.path, it.why)));
    told
}

/// Conflicts alone.
fn conflicts(before: Change, ours: Change, theirs: Change) -> Vec<String> {
    let mut told = merged(before, ours, theirs);
    told.retain(|it| it.starts_with('!'));
    told
}

#[test]
fn changes_of_different_files_are_both_made() {
    let told = merged(
        |it| it.file("a", "1").file("d/b", "1").file("d/c", "1"),
        |it| it.file("a", "2").remove("d/c"),
        |it| it.file("d/b", "2").file("e/new", "n"),
    );
    assert_eq!(told, ["a: 2", "d/b: 2", "e/new: n"]);
}

#[test]
fn changes_of_different_lines_are_both_made() {
    let told = merged(
        |it| it.file("a", "1\n2\n3\n4\n5\n"),
        |it| it.file("a", "one\n2\n3\n4\n5\n"),
        |it| it.file("a", "1\n2\n3\n4\nfive\n"),
    );
    assert_eq!(told, ["a: one|2|3|4|five|"]);
}

#[test]
fn a_rename_takes_the_other_sides_change_with_it() {
    let told = merged(
        |it| it.file("old", lines(0, 9)).file("k/x", "k"),
        |it| it.remove("old").file("new/name", lines(0, 9)),
        |it| it.file("old", lines(0, 9) + "more\n"),
    );
    assert_eq!(
        told,
        [
            "k/x: k".to_owned(),
            format!("new/name: {}more|", lines(0, 9).replace('\n', "|"))
        ]
    );
}

#[test]
fn a_rename_with_changes_is_found_by_what_is_alike() {
    let told = conflicts(
        |it| it.file("old", lines(0, 20)),
        |it| it.remove("old").file("new", lines(5, 25)),
        |it| it.file("old", "first\n".to_owned() + &lines(0, 20)),
    );
    // Both change the first lines: the question is about the new name.
    assert_eq!(told, ["! new: both sides change the same lines"]);
    let told = conflicts(
        |it| it.file("old", lines(0, 20)),
        |it| it.remove("old").file("new", lines(15, 35)),
        |it| it.file("old", lines(0, 21)),
    );
    assert_eq!(
        told,
        ["! old: one side changes it, and the other one deletes it"]
    );
}

#[test]
fn what_a_person_has_to_settle_is_a_conflict() {
    let text: Change = |it| it.file("a", lines(0, 9));
    for (ours, theirs, want) in [
        (
            (|it| it.file("a", "x")) as Change,
            (|it| it.file("a", "y")) as Change,
            "! a: both sides change the same lines",
        ),
        (
            |it| it.remove("a"),
            |it| it.file("a", "y"),
            "! a: one side changes it, and the other one deletes it",
        ),
        (
            |it| it.file("n", "x"),
            |it| it.file("n", "y"),
            "! n: both sides change the same lines",
        ),
        (
            |it| it.file("n", "x"),
            |it| it.file("n/m", "y"),
            "! n: it is a file on one side and a folder on the other",
        ),
        (
            |it| it.file("a", "\0x"),
            |it| it.file("a", "y"),
            "! a: both sides change it, and it is no text",
        ),
        (
            |it| it.link("a", "x"),
            |it| it.file("a", "y"),
            "! a: it is a file on one side and something else on the other",
        ),
        (
            |it| it.remove("a").file("b", lines(0, 9)),
            |it| it.remove("a").file("c", lines(0, 9)),
            "! a: one side renames it to `b`, the other one to `c`",
        ),
        (
            |it| it.remove("a").file("b", lines(0, 9)),
            |it| it.remove("a"),
            "! b: one side renames `a` to it, and the other one deletes that",
        ),
    ] {
        let mut told = conflicts(text, ours, theirs);
        told.truncate(1);
        assert_eq!(told, [want]);
        let mut turned = conflicts(text, theirs, ours);
        turned.truncate(1);
        assert_eq!(turned.len(), 1, "{want}");
    }
}

#[test]
fn the_same_change_on_both_sides_is_none() {
    let change: Change = |it| {
        it.remove("a").file("b", "1").file("c", "2");
        it.entry("l", LINK, "b")
    };
    let told = merged(|it| it.file("a", "1"), change, change);
    assert_eq!(told, ["b: 1", "c: 2", "l: b"]);
}

#[test]
fn a_file_for_a_folder_that_was_renamed_is_a_question() {
    let folder: Change = |it| it.file("apps/a", lines(0, 9)).file("apps/b", lines(10, 19));
    let renamed: Change = |it| {
        it.remove("apps/a").remove("apps/b");
        it.file("services/a", lines(0, 9))
            .file("services/b", lines(10, 19))
    };
    let added: Change = |it| it.file("apps/c", "c");
    let why = "it is new in the folder `apps`, which the other side renames to `services`";
    assert_eq!(
        conflicts(folder, renamed, added),
        [format!("! apps/c: {why}")]
    );
    assert_eq!(
        conflicts(folder, added, renamed),
        [format!("! apps/c: {why}")]
    );
    // A folder of which something is left was not renamed.
    let partly: Change = |it| it.remove("apps/a").file("services/a", lines(0, 9));
    assert_eq!(conflicts(folder, partly, added), [""; 0]);
}

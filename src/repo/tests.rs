//! Stories about trees: links, names, limits, and what must never run.

use super::testing::{FILE, FOLDER, LINK, SUBMODULE, TestRepo, path};
use super::*;
use crate::model::Edit;
use git2::Oid;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use tollgate_kustomize::EntryKind;

/// What reading a path gives: the text, `-` for nothing, or why not.
fn read(files: &dyn Files, at: &str) -> String {
    match files.read(&path(at)) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => "-".to_owned(),
        Err(error) => format!("! {}", error.why),
    }
}

/// The twelve shapes of links, in a git tree and in a folder alike.
#[test]
fn links_stay_inside_of_the_tree() {
    let links = [
        ("inside/to-file", "../real/a.yaml"),
        ("to-folder", "real"),
        ("chain-1", "chain-2"),
        ("chain-2", "to-folder/a.yaml"),
        ("loop-1", "loop-2"),
        ("loop-2", "loop-1"),
        ("self", "self"),
        ("nowhere", "real/none.yaml"),
        ("absolute", "/etc/hostname"),
        ("proc", "/proc/self/environ"),
        ("out", "../../../../etc/hostname"),
        ("inside/out-and-back", "../../tree/real/a.yaml"),
        ("git", ".git/config"),
        ("through-file", "real/a.yaml/x"),
        ("dots", "./inside/.././real//a.yaml"),
        ("up-from-link", "to-folder/../real/a.yaml"),
        ("to-root", "."),
    ];
    let wants = [
        ("inside/to-file", "a: 1"),
        ("to-folder/a.yaml", "a: 1"),
        ("chain-1", "a: 1"),
        (
            "loop-1",
            "! more than 40 links: they lead round in a circle",
        ),
        ("self", "! more than 40 links: they lead round in a circle"),
        (
            "self/x",
            "! more than 40 links: they lead round in a circle",
        ),
        (
            "nowhere",
            "! a link on the way leads to `real/none.yaml`, where nothing is",
        ),
        ("absolute", "! the link `absolute` leads out of the tree"),
        ("proc", "! the link `proc` leads out of the tree"),
        ("out", "! a link on the way leads out of the tree"),
        (
            "inside/out-and-back",
            "! a link on the way leads out of the tree",
        ),
        (
            "git",
            "! a link on the way leads to `.git`, where nothing is",
        ),
        (
            "through-file",
            "! a link on the way leads to `real/a.yaml`, where nothing is",
        ),
        ("dots", "a: 1"),
        ("up-from-link", "a: 1"),
        ("to-root/to-root/real/a.yaml", "a: 1"),
        ("real/a.yaml/x", "-"),
        ("real", "-"),
        ("none", "-"),
    ];
    let mut repo = TestRepo::new();
    repo.file("real/a.yaml", "a: 1");
    fs::create_dir_all(repo.path().join("real")).expect("a folder");
    fs::create_dir_all(repo.path().join("inside")).expect("a folder");
    fs::write(repo.path().join("real/a.yaml"), "a: 1").expect("a file");
    for (at, target) in links {
        repo.link(at, target);
        symlink(target, repo.path().join(at)).expect("a link");
    }
    let tree = repo.git_tree();
    let folder = Folder::open(repo.path(), Caps::default()).expect("a folder");
    let work = WorkingTree::read(&repo.objects()).expect("a work tree");
    for (name, files) in [
        ("git tree", &tree as &dyn Tree),
        ("folder", &folder),
        ("work tree", &work),
    ] {
        for (at, want) in wants {
            assert_eq!(read(files, at), want, "{name}: {at}");
        }
        assert_eq!(
            files.resolve(&path("chain-1")).expect("resolves"),
            path("real/a.yaml"),
            "{name}"
        );
        assert_eq!(
            files.resolve(&path("none/x")).expect("resolves"),
            path("none/x"),
            "{name}"
        );
        assert_eq!(
            files.kind(&path("to-folder")).expect("a kind"),
            Some(EntryKind::Directory),
            "{name}"
        );
        assert_eq!(
            files.list(&path("to-folder")).expect("lists"),
            ["a.yaml"],
            "{name}"
        );
        assert_eq!(
            files.files().expect("lists"),
            [path("real/a.yaml")],
            "{name}"
        );
        assert_eq!(files.links().expect("lists").len(), links.len(), "{name}");
    }
    // All three give the leaves the ids that git gives them.
    assert_eq!(
        tree.leaves().expect("leaves"),
        folder.leaves().expect("leaves")
    );
    assert_eq!(
        tree.leaves().expect("leaves"),
        work.leaves().expect("leaves")
    );
}

#[test]
fn a_link_whose_target_is_no_path_is_refused() {
    let mut repo = TestRepo::new();
    repo.link("binary", b"\xff\xfe")
        .link("long", "x/".repeat(3_000))
        .link("empty", "")
        .link("control", "a\nb");
    let tree = repo.git_tree();
    for at in ["binary", "long", "empty", "control"] {
        assert!(read(&tree, at).starts_with("! "), "{at}");
    }
}

#[test]
fn names_that_hide_something_are_reported_and_not_read() {
    let repo = TestRepo::new();
    let blob = repo.blob("x: 1");
    let inner = repo.raw_tree(&[(FILE, b"a.yaml", blob), (FILE, b"A.yaml", blob)]);
    let root = repo.raw_tree(&[
        (FILE, b"..", blob),
        (FOLDER, b".GIT", inner),
        (FILE, b"bad\xff", blob),
        (FILE, b"esc\x1b[31m", blob),
        (FILE, "rtl\u{202e}".as_bytes(), blob),
        (FILE, b"same", blob),
        (FILE, b"same", repo.blob("x: 2")),
        (FOLDER, b"twins", inner),
    ]);
    let tree = GitTree::read(&repo.objects(), &root.to_string()).expect("a tree");
    let problems: Vec<String> = tree
        .problems()
        .iter()
        .map(|it| format!("{}: {}", it.path, it.why))
        .collect();
    assert_eq!(
        problems,
        [
            ".: its entry `..`: its name is not a name",
            ".: its entry `.GIT`: a folder `.git` cannot stand inside of a tree",
            ".: its entry `bad\\xff` has a name that is no UTF-8 text",
            ".: its entry `esc\\u{1b}[31m`: its name holds the invisible character U+001B at byte 3",
            ".: its entry `rtl\\u{202e}`: its name holds the invisible character U+202E at byte 3",
            ".: its entry `same` stands there twice",
            "twins: its entries `A.yaml` and `a.yaml` are one file where case does not count",
        ]
    );
    assert!(read(&tree, "same").contains("stands there twice"));
    assert_eq!(read(&tree, "twins/A.yaml"), "x: 1");
}

#[test]
fn what_is_not_in_git_is_never_taken_for_nothing() {
    let mut repo = TestRepo::new();
    repo.file(
        "pointer.yaml",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    );
    let gone = Oid::hash_object(git2::ObjectType::Blob, b"not stored").expect("an id");
    let folder = repo.raw_tree(&[
        (FILE, b"gone.yaml", gone),
        (SUBMODULE, b"sub", gone),
        (0o060_000, b"odd", gone),
    ]);
    let pointer = repo.tree();
    let root = repo.raw_tree(&[(FOLDER, b"a", folder), (FOLDER, b"b", pointer)]);
    let tree = GitTree::read(&repo.objects(), &root.to_string()).expect("a tree");
    assert!(read(&tree, "a/gone.yaml").contains("not in this clone"));
    assert!(read(&tree, "a/sub").contains("submodules are not read"));
    assert!(read(&tree, "a/sub/x.yaml").contains("submodules are not read"));
    assert!(read(&tree, "a/odd").contains("unknown mode"));
    assert!(read(&tree, "b/pointer.yaml").contains("Git LFS"));
    let lost = repo.raw_tree(&[(FOLDER, b"lost", gone)]);
    assert!(
        GitTree::read(&repo.objects(), &lost.to_string()).is_err(),
        "a folder that is missing"
    );
    assert!(
        GitTree::read(&repo.objects(), "main").is_err(),
        "a tree goes by its id"
    );
}

#[test]
fn every_cap_holds_at_its_edge() {
    let mut repo = TestRepo::new();
    repo.file("a/ten", "0123456789")
        .file("a/other", "9876543210")
        .file("b", "x");
    let caps = |file_bytes, total_bytes, entries| Caps {
        file_bytes,
        total_bytes,
        entries,
        ..Caps::default()
    };
    let tree = |caps| GitTree::read(&repo.objects_with(caps), &repo.tree().to_string());
    let enough = tree(caps(10, 20, 4)).expect("four entries");
    assert_eq!(read(&enough, "a/ten"), "0123456789");
    assert_eq!(read(&enough, "a/other"), "9876543210");
    assert_eq!(
        read(&enough, "a/ten"),
        "0123456789",
        "what is read once is not counted again"
    );
    assert!(read(&enough, "b").contains("together have more than 20 bytes"));
    assert!(read(&tree(caps(9, 20, 4)).expect("a tree"), "a/ten").contains("more than the 9"));
    assert!(tree(caps(10, 20, 3)).is_err(), "one entry too many");
    let folder = |caps| {
        fs::write(repo.path().join("ten"), "0123456789").expect("a file");
        read(&Folder::open(repo.path(), caps).expect("a folder"), "ten")
    };
    assert_eq!(folder(caps(10, 20, 4)), "0123456789");
    assert!(folder(caps(9, 20, 4)).contains("more than the 9"));
}

#[test]
fn what_was_read_of_one_change_does_not_count_for_the_next() {
    let mut repo = TestRepo::new();
    repo.file("a", "0123456789").file("b", "9876543210");
    let objects = repo.objects_with(Caps {
        total_bytes: 15,
        ..Caps::default()
    });
    let tree = GitTree::read(&objects, &repo.tree().to_string()).expect("a tree");
    assert_eq!(read(&tree, "a"), "0123456789");
    assert!(read(&tree, "b").contains("together have more than 15 bytes"));
    objects.begin();
    assert_eq!(read(&tree, "b"), "9876543210");
    // Nor does an object that is missing.
    let gone = repo.raw_tree(&[(FILE, b"x", git2::Oid::from_bytes(&[7; 20]).expect("an id"))]);
    let broken = GitTree::read(&objects, &gone.to_string()).expect("a tree");
    read(&broken, "x");
    assert!(objects.fault().is_some());
    objects.begin();
    assert!(objects.fault().is_none());
}

#[test]
fn a_tree_of_trees_that_explodes_is_stopped() {
    let repo = TestRepo::new();
    let mut tree = repo.raw_tree(&[(FILE, b"x", repo.blob("x"))]);
    for _ in 0..40 {
        tree = repo.raw_tree(&[(FOLDER, b"a", tree), (FOLDER, b"b", tree)]);
    }
    let error = GitTree::read(&repo.objects(), &tree.to_string())
        .err()
        .expect("too large");
    assert!(
        error.message.contains("more than 200000 entries"),
        "{error}"
    );
    let mut deep = repo.raw_tree(&[(FILE, b"x", repo.blob("x"))]);
    for _ in 0..5_000 {
        deep = repo.raw_tree(&[(FOLDER, b"a", deep)]);
    }
    let deep = GitTree::read(&repo.objects(), &deep.to_string()).expect("cut, not followed");
    assert!(deep.problems()[0].why.contains("more than 4096 bytes"));
}

/// Threat row A8: attributes, filters, hooks, submodules and programs of the configuration.
#[test]
fn nothing_of_the_repository_runs() {
    let mut repo = TestRepo::new();
    let marker = repo.path().join("marker");
    let touch = format!("touch {}", marker.display());
    let mut config = repo.git.config().expect("a configuration");
    for key in [
        "core.fsmonitor",
        "core.hooksPath",
        "core.sshCommand",
        "core.gitProxy",
        "core.editor",
        "core.pager",
        "filter.evil.smudge",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "merge.evil.driver",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "alias.status",
        "gpg.program",
        "remote.origin.url",
    ] {
        config.set_str(key, &touch).expect("a setting");
    }
    config
        .set_bool("filter.evil.required", true)
        .expect("a setting");
    let attributes = "* filter=evil diff=evil merge=evil text eol=crlf ident working-tree-encoding=UTF-16 export-ignore\n";
    repo.file(".gitattributes", attributes)
        .file(
            ".gitmodules",
            "[submodule \"s\"]\n\tpath = s\n\turl = ext::sh -c touch\n\tupdate = !touch\n",
        )
        .file("a.yaml", "a: 1 # $Id$\n");
    fs::write(repo.path().join(".gitattributes"), attributes).expect("a file");
    fs::write(repo.path().join("a.yaml"), "a: 1 # $Id$\n").expect("a file");
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
        "post-merge",
    ] {
        use std::os::unix::fs::PermissionsExt;
        let at = repo.path().join(".git/hooks").join(hook);
        fs::create_dir_all(repo.path().join(".git/hooks")).expect("a folder");
        fs::write(&at, format!("#!/bin/sh\n{touch}\n")).expect("a hook");
        fs::set_permissions(&at, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    let base = repo.commit("refs/heads/main", &[]);
    repo.file("b.yaml", "b: 1\n");
    repo.commit("refs/heads/feature", &[base]);
    repo.remove("b.yaml").file("a.yaml", "a: 2 # $Id$\n");
    repo.commit("refs/heads/main", &[base]);

    let objects = repo.objects();
    let ask = change::Ask {
        base: Some("main"),
        head: Some("feature"),
        ..change::Ask::default()
    };
    let change = change::resolve(&objects, &ask).expect("a merge");
    let head = change.head.revision().expect("a commit");
    let head = GitTree::read(&objects, &head.tree).expect("a tree");
    let base = GitTree::read(&objects, &change.base.tree).expect("a tree");
    assert_eq!(
        read(&head, "a.yaml"),
        "a: 2 # $Id$\n",
        "bytes as they are in git"
    );
    assert_eq!(
        changed_files(&base, &head).expect("a difference"),
        [(path("b.yaml"), Edit::Added)]
    );
    let work = WorkingTree::read(&objects).expect("a work tree");
    assert_eq!(read(&work, "a.yaml"), "a: 1 # $Id$\n");
    changed_files(&base, &work).expect("a difference");
    assert!(!marker.exists(), "something ran");
}

#[test]
fn the_work_tree_is_what_would_be_committed() {
    let mut repo = TestRepo::new();
    for (at, text) in [
        ("tracked.yaml", "1"),
        ("gone.yaml", "1"),
        ("ignored/forced.yaml", "1"),
        (".gitignore", "ignored/\n*.log\n"),
    ] {
        repo.file(at, text);
        let full = repo.path().join(at);
        fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
        fs::write(&full, text).expect("a file");
    }
    let mut index = repo.git.index().expect("an index");
    for at in [
        "tracked.yaml",
        "gone.yaml",
        "ignored/forced.yaml",
        ".gitignore",
    ] {
        index.add_path(Path::new(at)).expect("added");
    }
    index.write().expect("written");
    fs::remove_file(repo.path().join("gone.yaml")).expect("removed");
    fs::write(repo.path().join("tracked.yaml"), "2").expect("changed");
    for at in ["new.yaml", "ignored/by-git.yaml", "x.log"] {
        fs::write(repo.path().join(at), "n").expect("a file");
    }
    let work = WorkingTree::read(&repo.objects()).expect("a work tree");
    let shown: Vec<String> = work
        .files()
        .expect("lists")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            ".gitignore",
            "ignored/forced.yaml",
            "new.yaml",
            "tracked.yaml"
        ]
    );
    assert_eq!(read(&work, "ignored/by-git.yaml"), "-");
    assert_eq!(read(&work, ".git/config"), "-");
    assert_eq!(work.list(&path("ignored")).expect("lists"), ["forced.yaml"]);
    let changed = changed_files(&repo.git_tree(), &work).expect("a difference");
    assert_eq!(
        changed,
        [
            (path("gone.yaml"), Edit::Deleted),
            (path("new.yaml"), Edit::Added),
            (path("tracked.yaml"), Edit::Modified)
        ]
    );
}

#[test]
fn a_rename_and_a_mode_are_changes() {
    let mut repo = TestRepo::new();
    repo.file("policies/a.yaml", "same")
        .file("run.sh", "x")
        .file("kept", "k");
    let base = repo.git_tree();
    repo.remove("policies/a.yaml")
        .file("docs/a.yaml", "same")
        .entry("run.sh", 0o100_755, "x")
        .entry("kept", LINK, "k");
    let head = repo.git_tree();
    assert_eq!(
        changed_files(&base, &head).expect("a difference"),
        [
            (path("docs/a.yaml"), Edit::Added),
            (path("kept"), Edit::Modified),
            (path("policies/a.yaml"), Edit::Deleted),
            (path("run.sh"), Edit::Modified),
        ]
    );
}

#[test]
fn a_tree_is_read_by_many_threads() {
    let mut repo = TestRepo::new();
    for at in 0..200 {
        repo.file(&format!("d{}/f{at}.yaml", at % 7), format!("v: {at}"));
    }
    let tree = Arc::new(repo.git_tree());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for at in 0..200 {
                    assert_eq!(
                        read(&*tree, &format!("d{}/f{at}.yaml", at % 7)),
                        format!("v: {at}")
                    );
                }
            });
        }
    });
}

#[test]
fn what_is_no_repository_is_said_so() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let error = Objects::open(folder.path(), Caps::default())
        .err()
        .expect("no repository");
    assert!(
        error.message.contains("is not in a git repository"),
        "{error}"
    );
    assert!(Folder::open(&folder.path().join("none"), Caps::default()).is_err());
}

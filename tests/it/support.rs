//! Small git repositories, and the binary run on them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A git repository in a temporary folder. Made with libgit2, so tests need no git.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        git2::Repository::init_opts(folder.path(), &options).expect("a repository");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders are made");
        std::fs::write(path, text).expect("the file is written");
        self
    }

    pub(crate) fn delete(&self, path: &str) -> &Self {
        std::fs::remove_file(self.path().join(path)).expect("the file was there");
        self
    }

    /// Write files by their paths; an empty text deletes one.
    pub(crate) fn edit(&self, files: &[(&str, &str)]) -> &Self {
        for (path, text) in files {
            match *text {
                "" => self.delete(path),
                text => self.write(path, text),
            };
        }
        self
    }

    /// Copy every file of a folder in, over what is there.
    pub(crate) fn copy(&self, from: &Path) -> &Self {
        for entry in ignore::WalkBuilder::new(from)
            .standard_filters(false)
            .build()
        {
            let entry = entry.expect("a readable folder");
            let relative = entry.path().strip_prefix(from).expect("below the folder");
            let to = self.path().join(relative);
            if entry.file_type().is_some_and(|it| it.is_dir()) {
                std::fs::create_dir_all(&to).expect("folders are made");
            } else if entry.file_type().is_some_and(|it| it.is_file()) {
                std::fs::write(&to, std::fs::read(entry.path()).expect("readable"))
                    .expect("written");
            }
        }
        self
    }

    /// Commit everything that lies in the folder; gives the commit's id.
    pub(crate) fn commit(&self, message: &str) -> String {
        let repository = git2::Repository::open(self.path()).expect("the repository");
        let mut index = repository.index().expect("an index");
        index
            .add_all(["*"], git2::IndexAddOption::FORCE, None)
            .expect("files are added");
        index.update_all(["*"], None).expect("deletions are noted");
        let tree = repository
            .find_tree(index.write_tree().expect("a tree"))
            .expect("the tree");
        index.write().expect("the index is kept");
        let who =
            git2::Signature::new("Ann", "ann@example.com", &git2::Time::new(1_700_000_000, 0))
                .expect("a name");
        let parent = repository
            .head()
            .ok()
            .and_then(|it| it.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        repository
            .commit(Some("HEAD"), &who, &who, message, &tree, &parents)
            .expect("a commit")
            .to_string()
    }

    /// Commit what lies in the index, with a commit of another repository at `path`; gives the commit's
    /// id.
    pub(crate) fn submodule(&self, path: &str, message: &str) -> String {
        let repository = git2::Repository::open(self.path()).expect("the repository");
        let mut index = repository.index().expect("an index");
        let link = git2::IndexEntry {
            ctime: git2::IndexTime::new(0, 0),
            mtime: git2::IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: 0o160_000,
            uid: 0,
            gid: 0,
            file_size: 0,
            id: git2::Oid::from_str(&"1".repeat(40)).expect("an id"),
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        index.add(&link).expect("the link is added");
        let tree = repository
            .find_tree(index.write_tree().expect("a tree"))
            .expect("the tree");
        let parent = repository.head().and_then(|it| it.peel_to_commit());
        let parent = parent.expect("a commit");
        let who = parent.author();
        repository
            .commit(Some("HEAD"), &who, &who, message, &tree, &[&parent])
            .expect("a commit")
            .to_string()
    }

    /// Go on from here on a new branch.
    pub(crate) fn branch(&self, name: &str) -> &Self {
        let repository = git2::Repository::open(self.path()).expect("the repository");
        let commit = repository.head().and_then(|it| it.peel_to_commit());
        let commit = commit.expect("a commit");
        let branch = repository.branch(name, &commit, false);
        branch.expect("a new branch");
        let name = format!("refs/heads/{name}");
        repository.set_head(&name).expect("the branch");
        self
    }

    /// The commits that `head` has and `base` lacks: id and message.
    pub(crate) fn commits(&self, base: &str, head: &str) -> Vec<(String, String)> {
        let repository = git2::Repository::open(self.path()).expect("the repository");
        let id = |text: &str| git2::Oid::from_str(text).expect("an id");
        let mut walk = repository.revwalk().expect("a walk");
        walk.push(id(head)).expect("the head");
        walk.hide(id(base)).expect("the base");
        walk.map(|it| {
            let it = it.expect("a commit");
            let commit = repository.find_commit(it).expect("the commit");
            (
                it.to_string(),
                commit.message().unwrap_or_default().to_owned(),
            )
        })
        .collect()
    }

    /// As [`Repository::check`], with what a forge said: see [`crate::forge_record`].
    pub(crate) fn check_with_forge(
        &self,
        base: &str,
        head: &str,
        forge: &serde_json::Value,
    ) -> Verdict {
        let record = crate::forge_record::record(self, base, head, forge);
        let output = tollgate(
            self.path(),
            &[
                "check",
                "--base",
                base,
                "--head",
                head,
                "--format",
                "json",
                "--forge-facts",
                record.to_str().expect("a path of text"),
            ],
        );
        Verdict::read(&output)
    }

    /// The verdict on the two commits at a time, in a format: what `tollgate check` prints then.
    pub(crate) fn judge_at(
        &self,
        now: u64,
        (base, head): (&str, &str),
        forge: &serde_json::Value,
        format: &str,
    ) -> Output {
        let record = crate::forge_record::record_at(self, base, head, forge, Some(now));
        let record = record.to_str().expect("a path of text");
        tollgate(self.path(), &["replay", record, "--format", format])
    }

    /// `tollgate check` of the two commits, as JSON.
    pub(crate) fn check(&self, base: &str, head: &str) -> Verdict {
        let output = tollgate(
            self.path(),
            &["check", "--base", base, "--head", head, "--format", "json"],
        );
        Verdict::read(&output)
    }
}

/// The binary, run in a folder, with nothing of the environment that could tell it about a change.
pub(crate) fn tollgate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments)
        .output()
        .expect("the binary runs")
}

/// As [`tollgate`], not started yet.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(folder).args(arguments).env_clear();
    command.env("HOME", folder);
    command
}

pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tollgate"))
}

/// Seconds since 1970 of `2026-03-01T03:00:00Z`.
pub(crate) fn seconds(moment: &str) -> u64 {
    let moment = chrono::DateTime::parse_from_rfc3339(moment.trim()).expect("RFC 3339");
    u64::try_from(moment.timestamp()).expect("after 1970")
}

/// A JSON report, read back.
pub(crate) struct Verdict {
    pub(crate) exit: i32,
    pub(crate) json: serde_json::Value,
}

impl Verdict {
    pub(crate) fn read(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout);
        let json = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr))
        });
        let verdict = Self {
            exit: output.status.code().expect("an exit code"),
            json,
        };
        // Whatever is found can be looked up.
        for rule in verdict.findings().filter_map(|it| it["rule"].as_str()) {
            assert!(
                tollgate::gates::page(rule).is_some(),
                "`explain {rule}` prints no page"
            );
        }
        verdict
    }

    pub(crate) fn decision(&self) -> &str {
        self.json["decision"].as_str().expect("a decision")
    }

    /// `deny renders/failed path:line` for each finding of at least a warning, `waived` in place of the
    /// level where somebody has waived it; then the decision.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .findings()
            .filter(|it| it["level"] != "note")
            .map(|it| {
                let place = &it["labels"][0]["place"];
                let at = match place["path"].as_str() {
                    Some(path) => format!(" {path}:{}", place["line"]),
                    None => String::new(),
                };
                let level = match it["disposition"].is_null() {
                    true => it["level"].as_str().unwrap_or_default(),
                    false => "waived",
                };
                format!("{level} {}{at}", it["rule"].as_str().unwrap_or_default())
            })
            .collect();
        lines.extend(
            self.unsure()
                .map(|it| format!("undecided {}", it["subject"].as_str().unwrap_or_default())),
        );
        lines.sort();
        lines.dedup();
        lines.push(self.decision().to_owned());
        lines
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = &serde_json::Value> {
        self.gates()
            .flat_map(|it| it["examined"]["findings"].as_array().into_iter().flatten())
    }

    pub(crate) fn unsure(&self) -> impl Iterator<Item = &serde_json::Value> {
        self.gates()
            .flat_map(|it| it["examined"]["unsure"].as_array().into_iter().flatten())
    }

    fn gates(&self) -> impl Iterator<Item = &serde_json::Value> {
        self.json["gates"].as_array().into_iter().flatten()
    }
}

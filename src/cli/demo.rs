//! `tollgate demo`: the example repository, written to a temporary folder, with a change that is
//! refused and one that is admitted.

use super::{
    Common,
    check::{gather, show},
    fail,
};
use crate::{
    exit,
    reporters::{self, Detail, Report},
    run::{self, CheckTask, Task},
    verdict::Decision,
};
use git2::{IndexAddOption, Oid, Repository, RepositoryInitOptions, Signature, Time};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Judge two changes of an embedded example repository
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate demo")]
pub(super) struct Args {
    /// Write the repository to this folder and keep it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// A file's path and text.
type File = (&'static str, &'static str);

macro_rules! embedded {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../demo/", $folder, "/", $path)))),+]
    };
}

const REPOSITORY: &[File] = embedded!["repository":
    "apps/web/base/deployment.yaml",
    "apps/web/base/kustomization.yaml",
    "apps/web/base/service.yaml",
    "apps/web/overlays/dev/kustomization.yaml",
    "apps/web/overlays/prod/kustomization.yaml",
    "apps/web/overlays/prod/resources.yaml",
    "apps/web/overlays/staging/kustomization.yaml",
    "policies/disallow-latest-tag.yaml",
    "policies/require-limits.yaml",
    "policies/require-non-root.yaml",
    "policies-tests/disallow-latest-tag/kyverno-test.yaml",
    "policies-tests/disallow-latest-tag/resources.yaml",
    "policies-tests/require-limits/kyverno-test.yaml",
    "policies-tests/require-limits/resources.yaml",
    "policies-tests/require-non-root/kyverno-test.yaml",
    "policies-tests/require-non-root/resources.yaml",
    "tollgate.yaml",
];

/// Each change: its branch, what it does, what it differs in, and what must come of it.
const CHANGES: &[(&str, &str, &[File], Decision)] = &[
    (
        "latest-everywhere",
        "a pull request that lets the image of dev and prod move",
        embedded!["refused":
            "apps/web/overlays/dev/kustomization.yaml",
            "apps/web/overlays/prod/kustomization.yaml",
        ],
        Decision::Refuse,
    ),
    (
        "web-1.5.0",
        "a pull request that brings web 1.5.0 to dev",
        embedded!["admitted": "apps/web/overlays/dev/kustomization.yaml"],
        Decision::Admit,
    ),
];

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    let temporary;
    let folder = match &args.keep {
        Some(folder) => folder.as_path(),
        None => match tempfile::tempdir() {
            Ok(made) => {
                temporary = made;
                temporary.path()
            }
            Err(error) => {
                return fail(
                    exit::UNKNOWN,
                    &format!("cannot make a temporary folder: {error}"),
                );
            }
        },
    };
    if let Err(error) = write(folder) {
        return fail(
            exit::UNKNOWN,
            &format!("cannot write the example repository: {error}"),
        );
    }
    for (branch, what, _, want) in CHANGES {
        if let Err(code) = judge(folder, branch, what, *want, common) {
            return code;
        }
    }
    exit::ADMITTED
}

/// Judge one change and hold the verdict against what the example is meant to show.
fn judge(
    folder: &Path,
    branch: &str,
    what: &str,
    want: Decision,
    common: &Common,
) -> Result<(), u8> {
    let task = Task::Check(CheckTask {
        directory: folder.to_owned(),
        base: Some("main".to_owned()),
        head: Some(branch.to_owned()),
        working_tree: false,
        environment: BTreeMap::new(),
        forge: None,
        now: 0,
        aside: Vec::new(),
    });
    let gathered = gather(&task, common)?;
    let verdict = run::judge(&gathered.facts, &gathered.settings);
    let _ = writeln!(
        std::io::stdout(),
        "# {what}\n$ tollgate check --base main --head {branch}\n"
    );
    let report = Report {
        verdict: &verdict,
        exit_code: exit::of(&verdict),
        look: common.look(),
        detail: Detail::Usual,
    };
    let reporter = reporters::named("human").ok_or(exit::INTERNAL)?;
    show(reporter, report);
    let _ = writeln!(std::io::stdout());
    if verdict.decision == want {
        Ok(())
    } else {
        Err(fail(
            exit::INTERNAL,
            &format!("the example `{branch}` should come to {want:?}"),
        ))
    }
}

fn write(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").no_reinit(true);
    let repository = Repository::init_opts(folder, &options)?;
    put(folder, REPOSITORY)?;
    commit(&repository, "main", "the repository as it is")?;
    for (branch, what, files, _) in CHANGES {
        put(folder, files)?;
        commit(&repository, branch, what)?;
        put(folder, REPOSITORY)?;
    }
    repository.set_head("refs/heads/main")?;
    stage(&repository)?;
    Ok(())
}

fn put(folder: &Path, files: &[File]) -> std::io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// Put everything in the folder into the index; gives its tree.
fn stage(repository: &Repository) -> Result<Oid, git2::Error> {
    let mut index = repository.index()?;
    index.add_all(["*"], IndexAddOption::FORCE, None)?;
    index.write()?;
    index.write_tree()
}

/// A commit of everything in the folder, on a branch off main. Always the same id.
fn commit(repository: &Repository, branch: &str, message: &str) -> Result<(), git2::Error> {
    let tree = repository.find_tree(stage(repository)?)?;
    let who = Signature::new("Tollgate", "demo@example.com", &Time::new(1_700_000_000, 0))?;
    let main = repository
        .find_reference("refs/heads/main")
        .and_then(|it| it.peel_to_commit())
        .ok();
    let parents: Vec<_> = main.iter().collect();
    let name = format!("refs/heads/{branch}");
    repository.commit(Some(&name), &who, &who, message, &tree, &parents)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_example_is_embedded() {
        let mut embedded: Vec<PathBuf> = REPOSITORY
            .iter()
            .map(|it| Path::new("repository").join(it.0))
            .collect();
        for (folder, change) in ["refused", "admitted"].iter().zip(CHANGES) {
            embedded.extend(change.2.iter().map(|it| Path::new(folder).join(it.0)));
        }
        embedded.sort();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
        let mut there: Vec<PathBuf> = ignore::WalkBuilder::new(&root)
            .standard_filters(false)
            .build()
            .map(|it| it.expect("readable"))
            .filter(|it| it.file_type().is_some_and(|it| it.is_file()))
            .map(|it| {
                it.path()
                    .strip_prefix(&root)
                    .expect("below demo")
                    .to_owned()
            })
            .collect();
        there.sort();
        assert_eq!(embedded, there);
    }
}

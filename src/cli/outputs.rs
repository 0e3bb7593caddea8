//! Files that a command writes for its caller: reports and records.

use super::{Common, check::in_folder, fail, fail_with_help};
use crate::{
    exit,
    reporters::{self, Report, Reporter, Staged, Target},
    run,
};
use std::path::{Path, PathBuf};

/// The summary of a GitHub job belongs to all commands of its step; every other file to this run.
fn target(path: &Path) -> Target<'_> {
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from);
    if summary.is_some_and(|it| it == path) {
        Target::Shared(path)
    } else {
        Target::Whole(path)
    }
}

/// Make way for the files that this run writes: each is another one, none is a file of the repository,
/// and what an earlier run left is removed.
pub(super) fn prepare<'a>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    common: &Common,
) -> Result<(), u8> {
    let paths: Vec<(&Path, PathBuf)> = paths
        .into_iter()
        .map(|it| (it.as_path(), in_folder(common, it)))
        .collect();
    let mut places: Vec<(PathBuf, &Path)> = Vec::new();
    for (given, path) in &paths {
        let Some(place) = reporters::place_of(target(path)) else {
            continue;
        };
        if let Some((_, other)) = places.iter().find(|it| it.0 == place) {
            let message = format!(
                "`{}` and `{}` are one file, and each report needs its own",
                other.display(),
                given.display()
            );
            return Err(fail(exit::USAGE, &message));
        }
        places.push((place, given));
    }
    refuse_tracked(&places)?;
    for (given, path) in &paths {
        reporters::prepare(target(path)).map_err(|error| {
            fail_with_help(
                exit::UNKNOWN,
                &format!("cannot write the report `{}`: {error}", given.display()),
                Some("name a file in a folder that exists and can be written to"),
            )
        })?;
    }
    Ok(())
}

/// Removing a file that git keeps would be a change of the repository.
fn refuse_tracked(places: &[(PathBuf, &Path)]) -> Result<(), u8> {
    let first = places.iter().find(|it| run::is_tracked(&it.0));
    first.map_or(Ok(()), |(_, given)| {
        Err(fail_with_help(
            exit::USAGE,
            &format!("`{}` is a file of the repository", given.display()),
            Some("name a file that git does not know"),
        ))
    })
}

/// Write reports so that none says what the exit code does not: all beside their places, then to
/// streams and, by `show`, to standard output, and at last into their places.
pub(super) fn write(
    reports: &[(&'static str, PathBuf)],
    report: &Report<'_>,
    common: &Common,
    show: impl FnOnce() -> u8,
) -> u8 {
    let code = report.exit_code;
    let cannot = |path: &Path, error: &std::io::Error| {
        let message = format!("cannot write `{}`: {error}", path.display());
        exit::worst([code, fail(exit::UNKNOWN, &message)])
    };
    let mut staged: Vec<Staged> = Vec::new();
    for (name, path) in reports {
        let Some(reporter) = reporters::named(name) else {
            return fail(exit::INTERNAL, "a format that was known is gone");
        };
        match stage(reporter, report, &in_folder(common, path)) {
            Ok(it) => staged.push(it),
            Err(error) => return cannot(path, &error),
        }
    }
    for it in &staged {
        if let Err(error) = it.send() {
            return cannot(it.path(), &error);
        }
    }
    let shown = show();
    if shown != code {
        return shown;
    }
    let mut placed: Vec<PathBuf> = Vec::new();
    for it in staged {
        let path = it.path().to_owned();
        match it.place() {
            Ok(place) => placed.extend(place),
            Err(error) => {
                for path in placed {
                    // What cannot be taken back is told by the exit code.
                    let _ = std::fs::remove_file(path);
                }
                return cannot(&path, &error);
            }
        }
    }
    code
}

fn stage(reporter: &dyn Reporter, report: &Report<'_>, path: &Path) -> std::io::Result<Staged> {
    reporters::stage(reporter, report, target(path))
}

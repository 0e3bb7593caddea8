//! Fixture suites in folders.

use super::{Stop, place::Opened, suites::without_secrets};
use crate::{
    exit,
    model::{Side, Step, SuiteRun, Watch, step},
    suites::{SUITES, SuiteFormat, SuiteOptions},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tollgate_kustomize::{EntryKind, Files, RepoPath};
use tollgate_yaml::Sources;

/// Which suites to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct TestTask {
    /// Where the command was started.
    pub directory: PathBuf,
    /// Folders in which suites are looked for, or suite files.
    pub paths: Vec<String>,
    /// How suite files are called, if not as their format says.
    pub file_name: Option<String>,
    /// Count as excluded what the peer passes without evaluating it.
    pub compat: bool,
    /// The clock of the policies, in seconds since 1970.
    pub now: u64,
}

/// Suites that were run, by path.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tested {
    /// The suites.
    pub suites: Vec<SuiteRun>,
}

pub(super) fn test(task: &TestTask, watch: Watch<'_>) -> Result<Tested, Stop> {
    let mut suites = Vec::new();
    for path in &task.paths {
        suites.extend(in_path(task, path, watch)?);
    }
    suites.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Tested { suites })
}

fn in_path(task: &TestTask, typed: &str, watch: Watch<'_>) -> Result<Vec<SuiteRun>, Stop> {
    let opened = Opened::new(&task.directory, typed)?;
    let Some(start) = opened.path else {
        return Err(Stop::new(exit::USAGE, format!("there is no `{typed}`")));
    };
    let files = &opened.files;
    let mut found = Vec::new();
    for format in SUITES {
        let name = task.file_name.as_deref().unwrap_or(format.file_name());
        let mut paths = Vec::new();
        find(files, &start, name, 0, &mut paths)?;
        found.extend(paths.into_iter().map(|it| (*format, it)));
    }
    watch(Step::Plan(found.len()));
    let options = SuiteOptions {
        compat: task.compat,
        now: task.now,
        side: Side::Head,
    };
    let run = |(format, path): &(&dyn SuiteFormat, RepoPath)| {
        let sources = Sources::new();
        step(watch, path.as_str(), || {
            let runs = format.run(files, &sources, path, &options);
            without_secrets(runs, &sources, Side::Head)
        })
    };
    let mut suites: Vec<SuiteRun> = found.par_iter().flat_map_iter(run).collect();
    for suite in &mut suites {
        suite.path = below(&start, &suite.path);
    }
    Ok(suites)
}

/// Folders are followed no deeper than any real repository is; a loop of links ends here.
const DEPTH: usize = 64;

/// Every file called `name` in or below `path`, hidden folders included.
fn find(
    files: &dyn Files,
    path: &RepoPath,
    name: &str,
    depth: usize,
    found: &mut Vec<RepoPath>,
) -> Result<(), Stop> {
    let unreadable = |it: tollgate_kustomize::FileError| Stop::new(exit::UNKNOWN, it.to_string());
    match files.kind(path).map_err(unreadable)? {
        Some(EntryKind::File) if path.name() == name || depth == 0 => found.push(path.clone()),
        Some(EntryKind::Directory) if depth < DEPTH => {
            for entry in files.list(path).map_err(unreadable)? {
                if entry == ".git" {
                    continue;
                }
                if let Some(path) = path.join(&entry) {
                    find(files, &path, name, depth + 1, found)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The path as seen from the folder that was given.
fn below(start: &RepoPath, path: &str) -> String {
    let inside = path
        .strip_prefix(start.as_str())
        .map(|it| it.trim_start_matches('/'));
    match inside {
        Some("") | None => path.to_owned(),
        Some(inside) => inside.to_owned(),
    }
}

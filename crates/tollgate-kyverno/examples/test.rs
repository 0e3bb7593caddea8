//! Runs the Kyverno test suites below folders and prints one JSON object, as `tollgate test` does.
//!
//! ```text
//! test [--compat] [--format json] [--file-name NAME] DIR...
//! ```
//!
//! Exit codes: 0 every row holds, 1 some do not, 2 usage.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::SystemTime,
};
use tollgate_kyverno::testfile::{
    FILE_NAME, Fetch, Listed, SuiteResult, TestOptions, TestReport, run_suite,
};
use tollgate_yaml::Sources;

/// A folder on disk.
struct Folder(PathBuf);

impl Folder {
    /// The path on disk, if it does not lead out of the folder.
    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        let relative = Path::new(path);
        let inside = relative
            .components()
            .all(|it| matches!(it, Component::Normal(_)));
        inside.then(|| self.0.join(relative))
    }
}

fn found<T>(result: io::Result<T>) -> Result<Option<T>, String> {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | IsADirectory) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

impl Fetch for Folder {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>, String> {
        let Some(path) = self.on_disk(path) else {
            return Ok(None);
        };
        Ok(found(fs::read_to_string(path))?.map(Arc::from))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<Listed>>, String> {
        let Some(path) = self.on_disk(folder) else {
            return Ok(None);
        };
        let Some(entries) = found(fs::read_dir(path))? else {
            return Ok(None);
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|it| it.to_string())?;
            let is_folder = entry.file_type().map_err(|it| it.to_string())?.is_dir();
            let name = entry.file_name().to_string_lossy().into_owned();
            listed.push(Listed { name, is_folder });
        }
        listed.sort();
        Ok(Some(listed))
    }
}

/// Paths of the suites below `folder`, hidden folders included.
fn find(tree: &Folder, folder: &str, name: &str, suites: &mut Vec<String>) -> Result<(), String> {
    for entry in tree.list(folder)?.unwrap_or_default() {
        let path = match folder {
            "" => entry.name.clone(),
            _ => format!("{folder}/{}", entry.name),
        };
        if entry.is_folder {
            find(tree, &path, name, suites)?;
        } else if entry.name == name {
            suites.push(path);
        }
    }
    Ok(())
}

fn run_all(tree: &Folder, suites: &[String], options: &TestOptions) -> Vec<SuiteResult> {
    let sources = Sources::new();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(path) = suites.get(next.fetch_add(1, Ordering::Relaxed)) {
            let results = run_suite(tree, &sources, path, options);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.extend(results.into_iter().map(|mut it| {
                // The JSON form has no field for the place.
                if let Some(error) = &mut it.error {
                    error.message = error.describe(&sources);
                }
                it
            }));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn usage(why: &str) -> ExitCode {
    eprintln!("{why}\nusage: test [--compat] [--format json] [--file-name NAME] DIR...");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let mut compat = false;
    let mut name = FILE_NAME.to_owned();
    let mut folders = Vec::new();
    let mut arguments = std::env::args().skip(1).filter(|it| it != "test");
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--compat" => compat = true,
            "--format" if arguments.next().as_deref() == Some("json") => {}
            "--file-name" => match arguments.next() {
                Some(it) => name = it,
                None => return usage("--file-name wants a name"),
            },
            flag if flag.starts_with("--") => return usage(&format!("unknown: {flag}")),
            _ => folders.push(argument),
        }
    }
    let now = SystemTime::now();
    let options = TestOptions { compat, now };
    let mut all = Vec::new();
    for folder in folders {
        let tree = Folder(PathBuf::from(folder));
        let mut suites = Vec::new();
        if let Err(why) = find(&tree, "", &name, &mut suites) {
            return usage(&why);
        }
        all.extend(run_all(&tree, &suites, &options));
    }
    let report = TestReport::new(all);
    match serde_json::to_string_pretty(&report) {
        Ok(text) => println!("{text}"),
        Err(error) => return usage(&error.to_string()),
    }
    ExitCode::from(u8::from(!report.summary.holds()))
}

//! Renders a folder on disk: `render render [--load-restrictor=NAME] [--reorder=legacy|none] DIR`.
//!
//! A stand-in for the program's own command while the crate is worked on.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tollgate_kustomize::{
    EntryKind, FileError, Files, LoadRestrictor, Options, Order, RepoPath, Session, build,
};
use tollgate_yaml::{Sources, emit_documents};

fn main() -> ExitCode {
    let outcome = run();
    let (code, text) = match &outcome {
        Ok(text) => (ExitCode::SUCCESS, text),
        Err(text) => (ExitCode::from(1), text),
    };
    let written = match outcome.is_ok() {
        true => std::io::stdout().lock().write_all(text.as_bytes()),
        false => writeln!(std::io::stderr(), "error: {text}"),
    };
    if written.is_err() {
        return ExitCode::from(70);
    }
    code
}

fn run() -> Result<String, String> {
    let mut options = Options::default();
    let mut folder = None;
    for argument in std::env::args().skip(1).filter(|it| it != "render") {
        match argument.as_str() {
            "--load-restrictor=LoadRestrictionsNone" => {
                options.load_restrictor = LoadRestrictor::None;
            }
            "--load-restrictor=LoadRestrictionsRootOnly" | "--reorder=legacy" => {}
            "--reorder=none" => options.order = Order::Fifo,
            it if it.starts_with("--") => return Err(format!("unknown flag {it}")),
            _ => folder = Some(argument),
        }
    }
    let folder = fs::canonicalize(folder.ok_or("name a folder")?).map_err(|it| it.to_string())?;
    let root = folder
        .ancestors()
        .find(|it| it.join(".git").exists())
        .unwrap_or(Path::new("/"))
        .to_owned();
    let inside = folder.strip_prefix(&root).map_err(|it| it.to_string())?;
    let path = RepoPath::new(&inside.to_string_lossy()).ok_or("a path with control characters")?;
    let (files, sources) = (Disk { root }, Sources::new());
    let session = Session::new(&files, &sources);
    let rendered = build(&session, &path, &options).map_err(|it| it.describe(&sources))?;
    for warning in &rendered.warnings {
        let place = sources.describe(warning.span);
        let _ = writeln!(std::io::stderr(), "{place}: warning: {}", warning.message);
    }
    emit_documents(rendered.resources.iter().map(|it| &it.body))
        .map_err(|it| format!("{}: {it}", sources.describe(it.span)))
}

/// A folder on disk.
struct Disk {
    root: PathBuf,
}

impl Disk {
    fn real(&self, path: &RepoPath) -> Result<Option<PathBuf>, FileError> {
        let error = |why: String| FileError {
            path: path.clone(),
            why,
        };
        match fs::canonicalize(self.root.join(path.as_str())) {
            Ok(real) if real.starts_with(&self.root) => Ok(Some(real)),
            Ok(_) => Err(error("a link leads out of the tree".to_owned())),
            Err(it)
                if matches!(
                    it.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(it) => Err(error(it.to_string())),
        }
    }
}

impl Files for Disk {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        let Some(real) = self.real(path)?.filter(|it| it.is_file()) else {
            return Ok(None);
        };
        let bytes = fs::read(real).map_err(|it| FileError {
            path: path.clone(),
            why: it.to_string(),
        })?;
        Ok(Some(Arc::from(bytes)))
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        Ok(self.real(path)?.map(|it| match it.is_dir() {
            true => EntryKind::Directory,
            false => EntryKind::File,
        }))
    }

    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        let real = self.real(path)?;
        let inside = real
            .as_deref()
            .and_then(|it| it.strip_prefix(&self.root).ok());
        Ok(inside
            .and_then(|it| RepoPath::new(&it.to_string_lossy()))
            .unwrap_or_else(|| path.clone()))
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        let Some(real) = self.real(path)?.filter(|it| it.is_dir()) else {
            return Ok(Vec::new());
        };
        let entries = fs::read_dir(real).map_err(|it| FileError {
            path: path.clone(),
            why: it.to_string(),
        })?;
        let mut names: Vec<String> = entries
            .filter_map(|it| it.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        Ok(names)
    }
}

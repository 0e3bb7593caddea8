//! The verdict in the formats that people and machines read. A reporter only formats: it decides
//! nothing and reads nothing else. To add a format: write its file and add its two lines below. What two
//! trees render differently has formats of its own in `render_diff`.

use crate::verdict::Verdict;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

pub mod backtest;
mod concise;
pub mod escape;
mod gist;
mod github;
mod github_summary;
mod gitlab;
mod human;
mod json;
mod junit;
mod markdown;
mod openreports;
mod policyreport;
mod prometheus;
pub mod render_diff;
mod sarif;
mod tap;

/// Every format.
pub static REPORTERS: &[&dyn Reporter] = &[
    &human::Human,
    &concise::Concise,
    &json::Json,
    &junit::Junit,
    &sarif::Sarif,
    &github::Github,
    &github_summary::GithubSummary,
    &gitlab::Gitlab,
    &markdown::Markdown,
    &tap::Tap,
    &openreports::OpenReports,
    &policyreport::PolicyReport,
    &prometheus::Prometheus,
];

/// What a reporter may show.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// The code that the process will exit with.
    pub exit_code: u8,
    /// How the output is looked at.
    pub look: Look,
    /// How much of it people want to read.
    pub detail: Detail,
}

/// How much a report for people tells. What holds the change is in each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What holds the change, and the verdict.
    Quiet,
    /// The same and what concerns the change; the rest is counted.
    #[default]
    Usual,
    /// Everything, at its place.
    All,
}

/// How a report is looked at. The content never depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether to colour.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            colour: false,
            width: 120,
        }
    }
}

/// One format.
pub trait Reporter: Sync {
    /// As users write it in `--report NAME=FILE`; the file's own name.
    fn name(&self) -> &'static str;
    /// What it is for, as a clause: help lists it.
    fn purpose(&self) -> &'static str;
    /// Whether people read it as it is. Where they do not, what holds the change is said beside it, in a
    /// line of the log.
    fn is_for_people(&self) -> bool {
        false
    }
    /// Write the whole report.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// The reporter of a name.
pub fn named(name: &str) -> Option<&'static dyn Reporter> {
    REPORTERS.iter().copied().find(|it| it.name() == name)
}

/// What holds the change, in a line for the log of a run whose report is for machines; nothing where
/// nothing does.
pub fn in_a_line(report: &Report<'_>) -> Option<String> {
    gist::in_a_line(report)
}

/// Where a report goes.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A file of its own, replaced as [`write_whole`] does.
    Whole(&'a Path),
    /// A file that others write to as well, such as the summary of a job: what is there stays.
    Shared(&'a Path),
}

/// A report that is written and does not stand in its place yet.
#[derive(Debug)]
pub struct Staged {
    bytes: Vec<u8>,
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A temporary file beside the place of the report.
    File(NamedTempFile),
    /// A device or a pipe, which takes what is written at once.
    Stream,
    /// A file of several commands.
    Shared,
}

/// Write a report where it can still be withdrawn; what goes to a stream is held back.
///
/// # Errors
/// Where the folder cannot be written to.
pub fn stage(
    reporter: &dyn Reporter,
    report: &Report<'_>,
    target: Target<'_>,
) -> io::Result<Staged> {
    let mut bytes = Vec::new();
    reporter.write(report, &mut bytes)?;
    let (path, kind) = match target {
        Target::Shared(path) => (path.to_owned(), Kind::Shared),
        Target::Whole(path) if is_stream(path) => (path.to_owned(), Kind::Stream),
        Target::Whole(path) => {
            let path = followed(path);
            let file = temporary(&bytes, &path)?;
            (path, Kind::File(file))
        }
    };
    Ok(Staged { bytes, path, kind })
}

impl Staged {
    /// Where it goes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Write what cannot be withdrawn and may fail; nothing happens to a file.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn send(&self) -> io::Result<()> {
        match self.kind {
            Kind::Stream => std::fs::OpenOptions::new()
                .append(true)
                .open(&self.path)?
                .write_all(&self.bytes),
            Kind::File(_) | Kind::Shared => Ok(()),
        }
    }

    /// Put a file into its place. Gives the place, where it can be taken back.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn place(self) -> io::Result<Option<PathBuf>> {
        match self.kind {
            Kind::Stream => Ok(None),
            Kind::File(file) => {
                file.persist(&self.path).map_err(|it| it.error)?;
                Ok(Some(self.path))
            }
            Kind::Shared => {
                let mut bytes = self.bytes;
                let mut file = shared(&self.path)?;
                // In one piece, and as a paragraph of its own.
                if file.metadata()?.len() > 0 {
                    bytes.splice(0..0, *b"\n\n");
                }
                file.write_all(&bytes)?;
                Ok(None)
            }
        }
    }
}

fn shared(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).open(path)
}

/// Write a file: into a temporary file beside it, then renamed, so that the file is either absent
/// or complete whatever happens meanwhile. A stream (`/dev/stdout`, a pipe) is written into and
/// never replaced; a link is followed.
///
/// # Errors
/// Where the folder cannot be written to.
pub fn write_whole(bytes: &[u8], path: &Path) -> io::Result<()> {
    if is_stream(path) {
        return std::fs::OpenOptions::new()
            .append(true)
            .open(path)?
            .write_all(bytes);
    }
    let path = followed(path);
    let file = temporary(bytes, &path)?;
    file.persist(path).map_err(|it| it.error)?;
    Ok(())
}

fn temporary(bytes: &[u8], path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any file that a program writes: whoever collects reports may be another user.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".tollgate-").tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Whether `path` is a device, a pipe or a stream of this process. What `/dev/stdout` leads to may
/// be a file, and it is still not ours to replace.
fn is_stream(path: &Path) -> bool {
    path.starts_with("/dev")
        || std::fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir())
}

/// The place where a file is written to, if it is one that this program replaces: two names of one
/// file have one place.
pub fn place_of(target: Target<'_>) -> Option<PathBuf> {
    let (Target::Whole(path) | Target::Shared(path)) = target;
    if is_stream(path) {
        return None;
    }
    if let Ok(whole) = std::fs::canonicalize(path) {
        return Some(whole);
    }
    let folder = std::fs::canonicalize(folder(path)).ok()?;
    Some(folder.join(path.file_name()?))
}

/// Where a link leads, so that its file is replaced and not the link.
fn followed(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Make way for a report, before the work that leads to it: remove what an earlier run left there, so
/// that no old verdict is taken for this run's.
///
/// # Errors
/// Where something is there that cannot be removed, and where no file can be written.
pub fn prepare(target: Target<'_>) -> io::Result<()> {
    let path = match target {
        Target::Whole(path) => path,
        Target::Shared(path) => return shared(path).map(drop),
    };
    if path.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if is_stream(path) {
        return std::fs::OpenOptions::new()
            .append(true)
            .open(path)
            .map(drop);
    }
    let path = followed(path);
    let path = path.as_path();
    let folder = folder(path);
    if !folder.is_dir() {
        let why = format!("there is no folder `{}`", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let probe = tempfile::Builder::new()
        .prefix(".tollgate-")
        .tempfile_in(folder);
    probe.map(drop).map_err(|error| {
        // Only the kind: the name of the temporary file helps nobody.
        let why = io::Error::from(error.kind());
        io::Error::new(
            error.kind(),
            format!("the folder `{}`: {why}", folder.display()),
        )
    })
}

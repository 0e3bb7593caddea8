//! The verdict in the formats that people and machines read. A reporter only formats: it decides
//! nothing and reads nothing else. To add a format: write its file and add its two lines below.

use crate::verdict::Verdict;
use std::io::{self, Write};
use std::path::Path;

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
mod sarif;
mod tap;

/// Every format.
pub static REPORTERS: &[&dyn Reporter] = &[
    &human::Human,
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

/// Write a report to a file: into a temporary file beside it, then renamed, so that the file is
/// either absent or complete whatever happens meanwhile.
///
/// # Errors
/// Where the folder cannot be written to.
pub fn write_file(reporter: &dyn Reporter, report: &Report<'_>, path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    let mut bytes = Vec::new();
    reporter.write(report, &mut bytes)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|it| it.error)?;
    Ok(())
}

/// Remove what an earlier run left at `path`, so that no old verdict is taken for this run's.
///
/// # Errors
/// Where something is there that cannot be removed.
pub fn clear(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! The summary of a GitHub job: `--report github-summary=$GITHUB_STEP_SUMMARY`.

use super::{Report, Reporter, markdown};
use std::io::{self, Write};

pub(super) struct GithubSummary;

/// Bytes: GitHub refuses a summary of more than 1 MiB whole.
const LIMIT: usize = 900 * 1024;

impl Reporter for GithubSummary {
    fn name(&self) -> &'static str {
        "github-summary"
    }

    fn purpose(&self) -> &'static str {
        "the page of a GitHub job"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(markdown::document(report, LIMIT).as_bytes())
    }
}

//! `tollgate replay`.

use super::{
    Common,
    check::{Output, in_folder, judge, tell},
    fail_with_help,
};
use crate::{
    exit,
    run::{Gathered, record},
};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Judge the facts of an earlier check again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate check --facts-out facts.json; tollgate replay facts.json --format markdown

The facts come from `tollgate check --facts-out FILE`. They hold BASE's settings too, so that the
same program gives the same verdict, and prints the same bytes, without the repository.")]
pub(super) struct Args {
    /// The file with the facts
    facts: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    // Read first: a report may go to the file that the facts came from.
    let gathered = read(&in_folder(common, &args.facts));
    if let Err(code) = args.output.prepare(common) {
        return code;
    }
    match gathered {
        Ok(gathered) => tell(&judge(&gathered), &args.output, common),
        Err(why) => fail_with_help(
            exit::USAGE,
            &format!("cannot judge `{}` again: {why}", args.facts.display()),
            Some("give a file as `tollgate check --facts-out FILE` wrote it"),
        ),
    }
}

/// Never more than a record can have, whatever the file is.
pub(super) fn read(path: &Path) -> Result<Gathered, String> {
    let limit = u64::try_from(record::LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|it| it.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|it| it.to_string())?;
    record::read(&bytes)
}

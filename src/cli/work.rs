//! The child's side of the worker.

use crate::{exit, run, worker};

/// Limits, as the parent hands them over.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    memory: u64,
    cpu_seconds: u64,
    files: u64,
}

pub(super) fn run(args: &Args) -> u8 {
    let served = worker::apply(args.memory, args.cpu_seconds, args.files)
        .and_then(|()| worker::serve(run::perform));
    match served {
        Ok(()) => exit::ADMITTED,
        Err(error) => {
            worker::unable(&error);
            exit::UNKNOWN
        }
    }
}

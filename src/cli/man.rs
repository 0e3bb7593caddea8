//! `tollgate man`.

use super::{Tollgate, fail, fail_with_help, print};
use crate::exit;
use clap::CommandFactory;

/// Print a manual page, in the format that `man` reads
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate man\n  tollgate man check | man -l -")]
pub(super) struct Args {
    /// The page of one subcommand, instead of the program's
    command: Option<String>,
}

pub(super) fn run(args: &Args) -> u8 {
    let mut program = Tollgate::command().disable_help_subcommand(true);
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => match program.find_subcommand(name).filter(|it| !it.is_hide_set()) {
            Some(command) => command.clone(),
            None => {
                return fail_with_help(
                    exit::USAGE,
                    &format!("there is no command `{name}`"),
                    Some("`tollgate --help` lists them"),
                );
            }
        },
    };
    let mut page = Vec::new();
    match clap_mangen::Man::new(command).render(&mut page) {
        Ok(()) => print(&String::from_utf8_lossy(&page), exit::ADMITTED),
        Err(error) => fail(exit::INTERNAL, &format!("cannot write the page: {error}")),
    }
}

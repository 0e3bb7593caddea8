//! `tollgate completions`.

use super::{Tollgate, print};
use crate::exit;
use clap::CommandFactory;

/// Print what a shell needs to complete commands and options
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate completions bash

Where it goes:
  bash  tollgate completions bash > ~/.local/share/bash-completion/completions/tollgate
  zsh   tollgate completions zsh > a folder of $fpath, as _tollgate
  fish  tollgate completions fish > ~/.config/fish/completions/tollgate.fish")]
pub(super) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args) -> u8 {
    let mut script = Vec::new();
    let mut command = Tollgate::command();
    clap_complete::generate(args.shell, &mut command, "tollgate", &mut script);
    print(&String::from_utf8_lossy(&script), exit::ADMITTED)
}

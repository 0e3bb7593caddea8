//! `tollgate init`.

use super::{
    Common, ask, fail, fail_with_help,
    files::{self, Place},
    print,
};
use crate::{
    config, exit,
    run::{Answer, InitTask, Proposal, Task},
};
use std::io;

/// Write a configuration that fits the repository
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tollgate init\n  tollgate check --config-only      after it was edited\n\nIt looks at the work tree, and never overwrites a configuration. `tollgate explain init` says what it writes."
)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, common: &Common) -> u8 {
    let task = Task::Init(InitTask {
        directory: common.directory.clone(),
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Init(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(proposal) => keep(&proposal, common),
        Err(code) => code,
    }
}

fn keep(proposal: &Proposal, common: &Common) -> u8 {
    let name = config::FILE_NAME;
    let root = match files::root(&proposal.root, common) {
        Ok(root) => root,
        Err(code) => return code,
    };
    match files::write(&root, name, proposal.text.as_bytes(), Place::Free) {
        Ok(()) => print(
            &format!(
                "wrote {name}: {}\nread it, commit it, then try it: tollgate check --working-tree\nwhat it would have made of the last changes: tollgate backtest\nwhat is there already and would hold a change is written down by: tollgate baseline\n",
                crate::reporters::escape::line(&proposal.found)
            ),
            exit::ADMITTED,
        ),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fail_with_help(
            exit::USAGE,
            &format!("`{name}` exists already"),
            Some("edit it; `tollgate schema` shows every setting"),
        ),
        Err(error) => fail(exit::UNKNOWN, &format!("cannot write `{name}`: {error}")),
    }
}

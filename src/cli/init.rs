//! `tollgate init`.

use super::{Common, ask, fail, fail_with_help, print};
use crate::{
    config, exit,
    run::{Answer, InitTask, Proposal, Task},
};
use std::io::{self, Write};
use std::path::Path;

/// Write a configuration that fits the repository
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It looks at the work tree, and never overwrites a configuration. `tollgate explain init` says what it writes."
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
    // What the worker read was written by others: it does not choose where this process writes.
    let around = |root: &Path| {
        let folder = common.directory.canonicalize().ok();
        let root = root.canonicalize().ok();
        matches!((folder, root), (Some(folder), Some(root)) if folder.starts_with(&root))
    };
    if !around(&proposal.root) {
        let message = format!("`{}` is not around this folder", proposal.root.display());
        return fail(exit::INTERNAL, &message);
    }
    match write_new(&proposal.root.join(name), proposal.text.as_bytes()) {
        Ok(()) => print(
            &format!(
                "wrote {name}: {}\nread it, commit it, then try it: tollgate check --working-tree\n",
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

/// Write a file that is not there yet: it is either absent or complete, whatever happens meanwhile.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = builder.prefix(".tollgate-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|it| it.error)?;
    Ok(())
}

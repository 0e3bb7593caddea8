//! `tollgate render`.

use super::{Common, ask, fail, fail_with_help, print, tips::no_range};
use crate::{
    exit,
    reporters::{
        escape,
        render_diff::{self, Format},
    },
    run::{Answer, DiffTask, LoadRestrictor, Order, RenderTask, Task},
};
use clap::ValueEnum;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

/// Print what an overlay or an environment would receive, values of Secrets included
///
/// The output is what the cluster receives, byte for byte as kustomize prints it. It holds the values
/// of Secrets: think of who can read the log before you print it in a pipeline. Every other command
/// shows them as `[redacted]`.
///
/// In a job of GitHub or Azure it refuses to print manifests with a line that the runner would obey
/// (`::add-mask::`, `##vso[`), unless the output is a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate render apps/web/overlays/prod           as kustomize prints it
  tollgate render prod                             all that an environment receives
  tollgate render --diff main                      what the folder would change, field by field
  tollgate render --diff main --format html > difference.html")]
pub(super) struct Args {
    /// A folder with a kustomization, or the name of an environment
    ///
    /// Without one: this folder, or with `--diff` every overlay.
    target: Option<String>,
    /// Show what this revision renders differently from the folder as it lies there
    #[arg(long, value_name = "BASE")]
    diff: Option<String>,
    /// Compare with this revision instead of the folder
    #[arg(long, value_name = "REVISION", requires = "diff")]
    head: Option<String>,
    /// How the difference is written
    #[arg(long, value_name = "FORMAT", requires = "diff", default_value = "text")]
    format: Format,
    /// Which files a kustomization may name
    #[arg(long, value_name = "RULE", default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: Restrictor,
    /// In which order resources come out
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "legacy",
        conflicts_with = "diff"
    )]
    reorder: Reorder,
    /// Label every resource with what made it
    #[arg(long, conflicts_with = "diff")]
    enable_managedby_label: bool,
}

/// kustomize's names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Restrictor {
    /// Those in or below its own folder
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    /// Any file
    #[value(name = "LoadRestrictionsNone")]
    None,
}

impl From<Restrictor> for LoadRestrictor {
    fn from(it: Restrictor) -> Self {
        match it {
            Restrictor::RootOnly => Self::RootOnly,
            Restrictor::None => Self::None,
        }
    }
}

/// kustomize's names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reorder {
    /// Namespaces and definitions first
    Legacy,
    /// As they were read
    None,
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    if let Some(base) = &args.diff {
        return diff(args, base, common);
    }
    let task = Task::Render(RenderTask {
        directory: common.directory.clone(),
        target: args.target.clone().unwrap_or_else(|| ".".to_owned()),
        load_restrictor: args.load_restrictor.into(),
        order: match args.reorder {
            Reorder::Legacy => Order::Legacy,
            Reorder::None => Order::Fifo,
        },
        managed_by_label: args.enable_managedby_label,
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Render(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(printed) => {
            let mut err = std::io::stderr().lock();
            for warning in &printed.warnings {
                // There is nowhere else to report to.
                let _ = writeln!(err, "warning: {}", escape::line(warning));
            }
            match command_to_the_runner(&printed.yaml) {
                Some(at) => fail_with_help(
                    exit::USAGE,
                    &format!(
                        "line {at} of the output is a command to the runner that reads this log"
                    ),
                    Some("write the output to a file and use that: tollgate render TARGET > FILE"),
                ),
                None => print(&printed.yaml, exit::ADMITTED),
            }
        }
        Err(code) => code,
    }
}

/// The first line of manifests that must not be printed into the log of a pipeline: its runner would
/// obey it. Whoever writes a manifest would then mask the verdict, or set what a later step reads. What
/// cannot be escaped without changing the manifest is not printed at all; a regular file is no log.
fn command_to_the_runner(yaml: &str) -> Option<usize> {
    let watched = std::env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true")
        || std::env::var_os("TF_BUILD").is_some();
    if !watched || is_file(std::io::stdout().as_fd()) {
        return None;
    }
    let lines = yaml.split(['\n', '\r']);
    lines
        .zip(1..)
        .find(|it| escape::is_command(it.0))
        .map(|it| it.1)
}

fn is_file(stream: BorrowedFd<'_>) -> bool {
    let file = stream.try_clone_to_owned().map(std::fs::File::from);
    let about = file.and_then(|it| it.metadata());
    about.is_ok_and(|it| it.is_file())
}

/// The difference is printed whole even where a side does not render; the exit code says so.
fn diff(args: &Args, base: &str, common: &Common) -> u8 {
    if let Err(code) = no_range(Some(base), "--diff", "render --diff") {
        return code;
    }
    let task = Task::Diff(DiffTask {
        directory: common.directory.clone(),
        target: args.target.clone(),
        base: base.to_owned(),
        head: args.head.clone(),
        load_restrictor: args.load_restrictor.into(),
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Diff(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(diff) => {
            let code = if diff.failed() {
                exit::REFUSED
            } else {
                exit::ADMITTED
            };
            match render_diff::write(&diff, args.format, common.look().colour) {
                Ok(text) => print(&text, code),
                Err(error) => fail(exit::INTERNAL, &format!("cannot write JSON: {error}")),
            }
        }
        Err(code) => code,
    }
}

//! `tollgate render`.

use super::{Common, call_failed, check::stopped, fail, print, progress::Bar};
use crate::{
    exit,
    run::{Answer, LoadRestrictor, Order, RenderTask, Task},
    worker,
};
use clap::ValueEnum;
use std::io::Write;

/// Print what an overlay or an environment would receive, values of Secrets included
///
/// The output is what the cluster receives, byte for byte as kustomize prints it. It holds the values
/// of Secrets: think of who can read the log before you print it in a pipeline. Every other command
/// shows them as `[redacted]`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder with a kustomization, or the name of an environment
    #[arg(default_value = ".")]
    target: String,
    /// Which files a kustomization may name
    #[arg(long, value_name = "RULE", default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: Restrictor,
    /// In which order resources come out
    #[arg(long, value_name = "ORDER", default_value = "legacy")]
    reorder: Reorder,
    /// Label every resource with what made it
    #[arg(long)]
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

/// kustomize's names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reorder {
    /// Namespaces and definitions first
    Legacy,
    /// As they were read
    None,
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    let task = Task::Render(RenderTask {
        directory: common.directory.clone(),
        target: args.target.clone(),
        load_restrictor: match args.load_restrictor {
            Restrictor::RootOnly => LoadRestrictor::RootOnly,
            Restrictor::None => LoadRestrictor::None,
        },
        order: match args.reorder {
            Reorder::Legacy => Order::Legacy,
            Reorder::None => Order::Fifo,
        },
        managed_by_label: args.enable_managedby_label,
    });
    let bar = Bar::new();
    let answer = worker::call(&task, &common.limits(), &|step| bar.tell(&step));
    drop(bar);
    match answer {
        Ok(Answer::Render(printed)) => {
            let mut err = std::io::stderr().lock();
            for warning in &printed.warnings {
                // There is nowhere else to report to.
                let _ = writeln!(err, "warning: {}", crate::reporters::escape::line(warning));
            }
            print(&printed.yaml, exit::ADMITTED)
        }
        Ok(Answer::Stopped(stop)) => stopped(&stop),
        Ok(_) => fail(exit::INTERNAL, "the worker answered another task"),
        Err(error) => call_failed(&error),
    }
}

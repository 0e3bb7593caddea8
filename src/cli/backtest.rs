//! `tollgate backtest`.

use super::{Common, answered, call_failed, fail, print, progress};
use crate::{
    exit,
    model::{Backtest, BacktestCommit, BacktestOutcome, Step},
    reporters::backtest::{self, Format},
    run::{Answer, BacktestTask, Backtested, Task},
    worker,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Say what the gate would have made of the last changes of a branch
///
/// Every commit along first parents is judged as a change of its parent, by the policies, fixtures and
/// exceptions of its time, under the `tollgate.yaml` that lies in the folder (else that of the branch, else
/// none). Nothing is written; the exit code says whether everything was judged.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tollgate backtest\n  tollgate backtest --last 50 --branch origin/main\n  tollgate backtest --format html > backtest.html\n\n`tollgate explain backtest` says how to read the table."
)]
pub(super) struct Args {
    /// How many changes to judge
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    last: u32,
    /// The branch whose changes are judged [default: the base branch, `origin/HEAD`, `main` or `master`]
    #[arg(long, value_name = "REVISION")]
    branch: Option<String>,
    /// How the table is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Changes that one worker judges: it may be ended by one of them, and then the others are tried again
/// one by one.
const AT_ONCE: usize = 25;

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    match judged(args, common) {
        Ok(backtest) => tell(&backtest, args.format),
        Err(code) => code,
    }
}

fn tell(backtest: &Backtest, format: Format) -> u8 {
    let missing = backtest.count(|it| matches!(it, BacktestOutcome::NotJudged { .. }));
    let code = match (backtest.commits.len(), missing) {
        (0, _) => exit::NOTHING,
        (_, 0) => exit::ADMITTED,
        (_, _) => exit::UNKNOWN,
    };
    match backtest::write(backtest, format) {
        Ok(text) => print(&text, code),
        Err(error) => fail(exit::INTERNAL, &format!("cannot write JSON: {error}")),
    }
}

fn judged(args: &Args, common: &Common) -> Result<Backtest, u8> {
    let bar = progress::Bar::new(common);
    let task = |skip, take| BacktestTask {
        directory: common.directory.clone(),
        branch: args.branch.clone(),
        last: usize::try_from(args.last).unwrap_or(usize::MAX),
        skip,
        take,
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |it| it.as_secs()),
    };
    let mut backtest = Backtest::default();
    let mut planned = false;
    loop {
        let skip = backtest.commits.len();
        let part = match ask(task(skip, AT_ONCE), common, &bar) {
            Ok(part) => part,
            Err(worker::CallError::Fault(_)) => {
                let Some(part) = one_by_one(&task, skip, common, &bar)? else {
                    return Ok(backtest);
                };
                part
            }
            Err(error) => return Err(call_failed(&error)),
        };
        let part = answered(part, |it| match it {
            Answer::Backtest(it) => Some(*it),
            _ => None,
        })?;
        if !planned {
            bar.tell(&Step::Plan(part.changes));
            planned = true;
        }
        let Backtested {
            branch,
            changes,
            configuration,
            notes,
            commits,
        } = part;
        let done = commits.is_empty();
        backtest.commits.extend(commits);
        (backtest.branch, backtest.configuration, backtest.notes) = (branch, configuration, notes);
        if done || backtest.commits.len() >= changes {
            return Ok(backtest);
        }
    }
}

/// The changes of a part of which one ends the worker; that one is not judged.
fn one_by_one(
    task: &impl Fn(usize, usize) -> BacktestTask,
    skip: usize,
    common: &Common,
    bar: &progress::Bar,
) -> Result<Option<Answer>, u8> {
    // Without a change to judge it tells how many there are.
    let about = ask(task(skip, 0), common, bar).map_err(|it| call_failed(&it))?;
    let mut about = answered(about, |it| match it {
        Answer::Backtest(it) => Some(*it),
        _ => None,
    })?;
    let end = about.changes.min(skip + AT_ONCE);
    for at in skip..end {
        let commits = match ask(task(at, 1), common, bar) {
            Ok(answer) => answered(answer, |it| match it {
                Answer::Backtest(it) => Some(it.commits),
                _ => None,
            })?,
            Err(worker::CallError::Fault(fault)) => vec![BacktestCommit {
                id: format!("{}~{at}", about.branch),
                title: String::new(),
                outcome: BacktestOutcome::NotJudged { why: fault.why },
                findings: Vec::new(),
            }],
            Err(error) => return Err(call_failed(&error)),
        };
        about.commits.extend(commits);
    }
    Ok((end > skip).then(|| Answer::Backtest(Box::new(about))))
}

fn ask(
    task: BacktestTask,
    common: &Common,
    bar: &progress::Bar,
) -> Result<Answer, worker::CallError> {
    let limits = common.limits();
    // The limits are those of one change.
    let times = u32::try_from(task.take.max(1)).unwrap_or(u32::MAX);
    let limits = worker::Limits {
        wall: limits.wall.saturating_mul(times),
        cpu: limits.cpu.saturating_mul(times),
        ..limits
    };
    worker::call(&Task::Backtest(task), &limits, &|step| match step {
        Step::Plan(_) => {}
        step => bar.tell(&step),
    })
}

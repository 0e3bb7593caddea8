//! The command line: one file per subcommand. Data goes to standard output, everything else to
//! standard error.

use crate::{
    exit,
    reporters::escape,
    run::{Answer, Task},
    worker,
};
use clap::{Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

mod apply;
mod backtest;
mod baseline;
mod check;
mod completions;
mod configuration;
mod demo;
mod doctor;
mod explain;
mod files;
mod init;
mod man;
mod outputs;
mod owners;
mod progress;
mod render;
mod replay;
mod schema;
mod test;
mod tips;
mod work;

/// May this change reach that environment?
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about, long_about = None, max_term_width = 100)]
#[command(after_help = "\
Examples:
  tollgate demo
  tollgate check --base origin/main --head HEAD
  tollgate render apps/web/overlays/prod
  tollgate explain

`tollgate COMMAND --help` shows the options of a command. Those with `[env: TOLLGATE_...]` can be set
in the environment too; the command line has the last word.")]
struct Tollgate {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// What every subcommand understands.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Run as if started in this folder
    #[arg(
        short = 'C',
        long,
        global = true,
        value_name = "DIR",
        default_value = "."
    )]
    directory: PathBuf,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "TOLLGATE_COLOR",
        hide_env_values = true,
        default_value = "auto"
    )]
    color: Colour,
    /// Say what holds the change and the verdict, and no more
    #[arg(
        short,
        long,
        global = true,
        env = "TOLLGATE_QUIET",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    quiet: bool,
    /// Say on standard error what is being done, a line for each step
    #[arg(
        short,
        long,
        global = true,
        env = "TOLLGATE_VERBOSE",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    verbose: bool,
    /// Show no progress bar
    #[arg(
        long,
        global = true,
        env = "TOLLGATE_NO_PROGRESS",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    no_progress: bool,
    /// Stop the worker after this many seconds
    #[arg(long, global = true, value_name = "SECONDS", env = "TOLLGATE_TIMEOUT", hide_env_values = true, default_value_t = worker::Limits::default().wall.as_secs())]
    timeout: u64,
    /// Memory that the worker may use, in MiB
    #[arg(long, global = true, value_name = "MIB", env = "TOLLGATE_MEMORY", hide_env_values = true, default_value_t = worker::Limits::default().memory >> 20)]
    memory: u64,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb; elsewhere where FORCE_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every gate on a change and say whether it may go on
    Check(check::Args),
    /// Print what an overlay or an environment would receive, values of Secrets included
    Render(render::Args),
    /// Run policy fixtures
    Test(test::Args),
    /// Run policies on manifests
    Apply(apply::Args),
    /// Judge two changes of an embedded example repository
    Demo(demo::Args),
    /// Say what the token of this run can and cannot establish
    Doctor(doctor::Args),
    /// Print the page of a gate, of a rule or of a command; or tell who owns a path
    Explain(explain::Args),
    /// Write a configuration that fits the repository
    Init(init::Args),
    /// Write down what is there, so that it does not hold changes; later, take out what is gone
    Baseline(baseline::Args),
    /// Say what the gate would have made of the last changes of a branch
    Backtest(backtest::Args),
    /// Judge the facts of an earlier check again
    Replay(replay::Args),
    /// Print the JSON Schema of the configuration or of the file with exceptions, for editors
    Schema(schema::Args),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Args),
    /// Print a manual page, in the format that `man` reads
    Man(man::Args),
    /// The limited child process; not for people
    #[command(name = worker::SUBCOMMAND, hide = true)]
    Worker(work::Args),
}

/// Parse the process's arguments, do what they say, give the exit code.
pub fn main() -> ExitCode {
    told_of_full_files();
    let outcome = std::panic::catch_unwind(|| {
        let parsed = match Tollgate::try_parse() {
            Ok(parsed) => parsed,
            Err(error) => return usage(&error),
        };
        let common = &parsed.common;
        match &parsed.command {
            Command::Check(args) => check::run(args, common),
            Command::Render(args) => render::run(args, common),
            Command::Test(args) => test::run(args, common),
            Command::Apply(args) => apply::run(args, common),
            Command::Demo(args) => demo::run(args, common),
            Command::Doctor(args) => doctor::run(args, common),
            Command::Explain(args) => explain::run(args, common),
            Command::Init(args) => init::run(args, common),
            Command::Baseline(args) => baseline::run(args, common),
            Command::Backtest(args) => backtest::run(args, common),
            Command::Replay(args) => replay::run(args, common),
            Command::Schema(args) => schema::run(args),
            Command::Completions(args) => completions::run(args),
            Command::Man(args) => man::run(args),
            Command::Worker(args) => work::run(args),
        }
    });
    ExitCode::from(outcome.unwrap_or(exit::INTERNAL))
}

/// Have a file that grows over the limit of the process told as an error of the write, which is reported,
/// and not as a signal, which ends the process without a word.
fn told_of_full_files() {
    #[cfg(unix)]
    {
        let noticed = std::sync::Arc::default();
        // Where it cannot be had, the process ends as it would without it.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noticed);
    }
}

/// clap prints help and version to standard output and succeeds; everything else is a usage error.
fn usage(error: &clap::Error) -> u8 {
    // A closed pipe is not worth a second error.
    let _ = error.print();
    if let Some(tip) = tips::tip(error) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "\ntip: {}", escape::line(&tip));
    }
    if error.use_stderr() {
        exit::USAGE
    } else {
        exit::ADMITTED
    }
}

impl Common {
    pub(crate) fn limits(&self) -> worker::Limits {
        let wall = std::time::Duration::from_secs(self.timeout);
        worker::Limits {
            memory: self.memory << 20,
            wall,
            cpu: wall * 2,
            ..worker::Limits::default()
        }
    }

    /// Whether to colour what goes to standard output.
    pub(crate) fn look(&self) -> crate::reporters::Look {
        let terminal = std::io::stdout().is_terminal();
        crate::reporters::Look {
            colour: match self.color {
                Colour::Always => true,
                Colour::Never => false,
                Colour::Auto => wants_colour(&|it| std::env::var(it).ok(), terminal),
            },
            width: if terminal { columns() } else { 120 },
        }
    }
}

/// Whether to colour where nobody said so on the command line. Sources: <https://no-color.org>,
/// <https://force-color.org>; a terminal that calls itself dumb takes no sequences.
fn wants_colour(variable: &dyn Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let set = |name| variable(name).filter(|it| !it.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    match set("FORCE_COLOR").as_deref() {
        Some("0" | "false") => false,
        Some(_) => true,
        None => terminal && set("TERM").as_deref() != Some("dumb"),
    }
}

/// Columns of the terminal, within what excerpts can be shown in.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    let columns = size.map_or(0, |it| usize::from(it.ws_col));
    match columns {
        0 => 120,
        columns => columns.clamp(40, 400),
    }
}

/// Print what went wrong to standard error and give the code back.
pub(crate) fn fail(code: u8, message: &str) -> u8 {
    let mut err = std::io::stderr().lock();
    // There is nowhere left to report to.
    let _ = writeln!(err, "error: {}", crate::reporters::escape::line(message));
    code
}

/// Say on standard error what a person should know of a run that goes on.
pub(crate) fn warn(message: &str) {
    let mut err = std::io::stderr().lock();
    // There is nowhere left to report to.
    let _ = writeln!(err, "warning: {}", crate::reporters::escape::line(message));
}

/// Say on standard error what a report for machines does not tell people.
pub(crate) fn say(message: &str) {
    let mut err = std::io::stderr().lock();
    // There is nowhere left to report to.
    let _ = writeln!(err, "{}", crate::reporters::escape::line(message));
}

/// As [`fail`], with advice.
pub(crate) fn fail_with_help(code: u8, message: &str, help: Option<&str>) -> u8 {
    let code = fail(code, message);
    if let Some(help) = help {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "help: {}", crate::reporters::escape::line(help));
    }
    code
}

/// Have a worker do a task; `take` its answer, or give the code after saying what went wrong.
pub(crate) fn ask<T>(
    task: &Task,
    common: &Common,
    take: impl FnOnce(Answer) -> Option<T>,
) -> Result<T, u8> {
    answered(call(task, common).map_err(|it| call_failed(&it))?, take)
}

/// Have a worker do a task, and show how far it is.
pub(crate) fn call(task: &Task, common: &Common) -> Result<Answer, worker::CallError> {
    let bar = progress::Bar::new(common);
    worker::call(task, &common.limits(), &|step| bar.tell(&step))
}

/// What a worker answered, or the code after saying why it stopped.
pub(crate) fn answered<T>(answer: Answer, take: impl FnOnce(Answer) -> Option<T>) -> Result<T, u8> {
    match answer {
        Answer::Stopped(stop) => Err(check::stopped(&stop)),
        other => {
            take(other).ok_or_else(|| fail(exit::INTERNAL, "the worker answered another task"))
        }
    }
}

/// The code and message for a task that has no answer.
pub(crate) fn call_failed(error: &worker::CallError) -> u8 {
    match error {
        worker::CallError::Start(_) => fail(exit::UNKNOWN, &error.to_string()),
        worker::CallError::Fault(fault) => {
            let on = if fault.on.is_empty() {
                String::new()
            } else {
                format!(", on {}", fault.on.join(", "))
            };
            fail(exit::LIMIT, &format!("{error}{on}"))
        }
        worker::CallError::Defect(_) => fail_with_help(
            exit::INTERNAL,
            &error.to_string(),
            Some("please report this with the input that caused it"),
        ),
    }
}

/// Write to standard output. A reader that went away ends the program as the shell expects of one that
/// a closed pipe has killed.
pub(crate) fn print(text: &str, code: u8) -> u8 {
    /// What a shell says of a process that `SIGPIPE` has ended.
    const PIPE: u8 = 128 + 13;
    match write_out(text) {
        Err(error) if is_gone(&error) && code == exit::ADMITTED => PIPE,
        other => printed(other, code),
    }
}

/// As [`print`], for a verdict: an admission that nobody read is none.
pub(crate) fn print_verdict(text: &str, code: u8) -> u8 {
    match write_out(text) {
        Err(error) if is_gone(&error) && code == exit::ADMITTED => exit::UNKNOWN,
        other => printed(other, code),
    }
}

fn write_out(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

fn printed(written: std::io::Result<()>, code: u8) -> u8 {
    match written {
        Ok(()) => code,
        Err(error) if is_gone(&error) => code,
        Err(error) => exit::worst([
            code,
            fail(exit::UNKNOWN, &format!("cannot write the output: {error}")),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_unless_somebody_says_otherwise() {
        let wants = |variables: &[(&str, &str)], terminal| {
            let value = |name: &str| {
                let found = variables.iter().find(|it| it.0 == name);
                found.map(|it| it.1.to_owned())
            };
            wants_colour(&value, terminal)
        };
        for (variables, piped, terminal) in [
            (&[][..], false, true),
            (&[("NO_COLOR", "1")], false, false),
            (&[("NO_COLOR", "")], false, true),
            (&[("TERM", "dumb")], false, false),
            (&[("FORCE_COLOR", "1")], true, true),
            (&[("FORCE_COLOR", "0")], false, false),
            (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false, false),
            (&[("FORCE_COLOR", "1"), ("TERM", "dumb")], true, true),
        ] {
            assert_eq!(wants(variables, false), piped, "{variables:?}, piped");
            assert_eq!(
                wants(variables, true),
                terminal,
                "{variables:?}, a terminal"
            );
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Tollgate::command().debug_assert();
    }
}

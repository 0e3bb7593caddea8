//! `tollgate check`.

use super::{
    Common, answered, call, call_failed, fail, fail_with_help, outputs, print_verdict,
    tips::no_range, warn,
};
use crate::{
    config::{Config, Loaded},
    exit, forges,
    model::{Facts, ForgeKind, WorkerFault},
    reporters::{self, Detail, REPORTERS, Report, Reporter},
    run::{self, Answer, CheckTask, Gathered, Task, record, snapshot, snapshot::Snapshot},
    verdict::Verdict,
    worker::CallError,
};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Run every gate on a change and say whether it may go on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate check                                   in a job, on the change that it is for
  tollgate check --base origin/main --head HEAD    the commits of a branch
  tollgate check --working-tree                    before a commit
  tollgate check --config-only                     tollgate.yaml, before it is committed
  tollgate check --format concise                  a line for each place
  tollgate check --report junit=tollgate.xml --report github-summary=$GITHUB_STEP_SUMMARY

`tollgate explain RULE` says what a finding means; every code but 0 holds the change.")]
pub(super) struct Args {
    /// What the change would be merged into; from the CI environment or the default branch if not given
    #[arg(
        long,
        value_name = "REVISION",
        env = "TOLLGATE_BASE",
        hide_env_values = true
    )]
    base: Option<String>,
    /// What the change proposes; from the CI environment or HEAD if not given
    #[arg(
        long,
        value_name = "REVISION",
        env = "TOLLGATE_HEAD",
        hide_env_values = true,
        conflicts_with = "working_tree"
    )]
    head: Option<String>,
    /// Judge the files as they lie in the folder, committed or not
    #[arg(long)]
    working_tree: bool,
    /// Judge no change: read the configuration, exceptions and baseline as they lie in the folder, and
    /// say whether they hold together
    #[arg(long)]
    config_only: bool,
    #[command(flatten)]
    output: Output,
    /// The forge to ask about approvals and protection: github, gitlab or offline; the one of the CI
    /// system if not given
    #[arg(long, value_name = "FORGE", env = "TOLLGATE_FORGE", hide_env_values = true, value_parser = forge)]
    forge: Option<&'static str>,
    /// For `--forge offline`: facts of an earlier check, whose answers of the forge stand in
    #[arg(long, value_name = "FILE")]
    forge_facts: Option<PathBuf>,
    /// A snapshot of the branch's protection, as `tollgate doctor --snapshot` wrote it: stands in for
    /// what the token cannot read, where BASE allows it
    #[arg(
        long,
        value_name = "FILE",
        env = "TOLLGATE_PROTECTION_SNAPSHOT",
        hide_env_values = true
    )]
    protection_snapshot: Option<PathBuf>,
    #[command(flatten)]
    patience: Patience,
    /// Also write the facts and BASE's settings to a file, for `tollgate replay`
    #[arg(
        long,
        value_name = "FILE",
        env = "TOLLGATE_FACTS_OUT",
        hide_env_values = true
    )]
    facts_out: Option<PathBuf>,
}

/// How long the forge is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Patience {
    /// Seconds for everything that the forge is asked, tries that failed included
    #[arg(long, value_name = "SECONDS", env = "TOLLGATE_FORGE_TIMEOUT", hide_env_values = true, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    forge_timeout: u64,
}

impl Patience {
    pub(super) fn budget(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.forge_timeout))
    }
}

/// Where the verdict goes.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// What goes to standard output
    #[arg(long, value_name = "FORMAT", env = "TOLLGATE_FORMAT", hide_env_values = true, default_value = "human", value_parser = Formats)]
    format: &'static str,
    /// Also write a report to a file, in one of the same formats; repeatable, and in the variable one a
    /// line
    #[arg(long = "report", value_name = "FORMAT=FILE", env = "TOLLGATE_REPORT", hide_env_values = true, value_delimiter = '\n', value_parser = report)]
    reports: Vec<(&'static str, PathBuf)>,
    /// List what does not concern the change too: notes, what was there before, what is waived
    #[arg(long, env = "TOLLGATE_ALL", hide_env_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    all: bool,
}

impl Output {
    fn detail(&self, common: &Common) -> Detail {
        match (self.all, common.quiet) {
            (true, _) => Detail::All,
            (_, true) => Detail::Quiet,
            _ => Detail::Usual,
        }
    }
}

/// The formats by their names, each with what it is for: help lists them.
#[derive(Clone)]
struct Formats;

impl clap::builder::TypedValueParser for Formats {
    type Value = &'static str;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let names = REPORTERS.iter().map(|it| it.name());
        let known = clap::builder::PossibleValuesParser::new(names);
        let name = known.parse_ref(command, argument, value)?;
        format(&name).map_err(|it| {
            command
                .clone()
                .error(clap::error::ErrorKind::InvalidValue, it)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue>>> {
        let values = REPORTERS.iter();
        let values =
            values.map(|it| clap::builder::PossibleValue::new(it.name()).help(it.purpose()));
        Some(Box::new(values))
    }
}

fn format(text: &str) -> Result<&'static str, String> {
    match reporters::named(text) {
        Some(reporter) => Ok(reporter.name()),
        None => {
            let names: Vec<&str> = REPORTERS.iter().map(|it| it.name()).collect();
            Err(format!("no such format; there are {}", names.join(", ")))
        }
    }
}

fn report(text: &str) -> Result<(&'static str, PathBuf), String> {
    let (name, path) = text
        .split_once('=')
        .ok_or("write FORMAT=FILE, for example junit=tollgate.xml")?;
    if path.is_empty() || path == "-" {
        return Err("name a file; what goes to standard output is chosen by --format".to_owned());
    }
    Ok((format(name)?, PathBuf::from(path)))
}

pub(super) fn forge(text: &str) -> Result<&'static str, String> {
    forges::choose(Some(text), &forges::Environment::default())
        .map(forges::Forge::id)
        .map_err(|names| format!("no such forge; there are {}", names.join(", ")))
}

/// Variables by which CI systems tell which change a run is for. The worker gets these and no others.
const CI_VARIABLES: &[&str] = &["CI", "GITHUB_", "GITLAB_CI", "CI_"];

/// What besides them a forge may need.
const FORGE_VARIABLES: &[&str] = &["TOLLGATE_", "GH_TOKEN", "GITLAB_TOKEN"];

impl Output {
    /// Make way for the reports.
    pub(super) fn prepare(&self, common: &Common) -> Result<(), u8> {
        outputs::prepare(self.paths(), common)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.reports.iter().map(|(_, path)| path)
    }
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    if args.config_only {
        return super::configuration::run(common);
    }
    if let Err(code) = no_range(args.base.as_deref(), "--base", "check --base") {
        return code;
    }
    let files = args.output.paths().chain(&args.facts_out);
    if let Err(code) = outputs::prepare(files, common) {
        return code;
    }
    let task = Task::Check(CheckTask {
        directory: common.directory.clone(),
        base: args.base.clone(),
        head: args.head.clone(),
        working_tree: args.working_tree,
        environment: ci_environment(),
        forge: args.forge.and_then(ForgeKind::named),
        now: now(),
        aside: (args.protection_snapshot.iter())
            .map(|it| in_folder(common, it))
            .collect(),
    });
    let mut gathered = match gather(&task, common) {
        Ok(gathered) => gathered,
        Err(code) => return code,
    };
    if let Err(code) =
        ask_forge(args, common, &mut gathered).and_then(|()| stand_in(args, common, &mut gathered))
    {
        return code;
    }
    if let Some(path) = &args.facts_out
        && let Err(why) = keep(&gathered, &in_folder(common, path))
    {
        let message = format!("cannot write the facts to `{}`: {why}", path.display());
        return fail(exit::UNKNOWN, &message);
    }
    tell(&judge(&gathered), &args.output, common)
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |it| it.as_secs())
}

/// Ask the forge what BASE's settings need to know. It is asked here and not in the worker, which
/// never holds a token.
fn ask_forge(args: &Args, common: &Common, gathered: &mut Gathered) -> Result<(), u8> {
    let Some(mut question) = run::question(gathered) else {
        return Ok(());
    };
    if args.forge_facts.is_some() && args.forge.is_some_and(|it| it != "offline") {
        return Err(fail(
            exit::USAGE,
            "`--forge-facts` stands in for a forge: give no `--forge`, or `--forge offline`",
        ));
    }
    if let Some(path) = &args.forge_facts {
        let earlier = super::replay::read(&in_folder(common, path)).map_err(|why| {
            let message = format!("cannot use `{}`: {why}", path.display());
            fail_with_help(
                exit::USAGE,
                &message,
                Some("give a file as `tollgate check --facts-out FILE` wrote it"),
            )
        })?;
        question.recorded = earlier.facts.forge;
    }
    question.budget = args.patience.budget();
    let environment = forge_environment();
    let name = args
        .forge_facts
        .as_ref()
        .map_or(args.forge, |_| Some("offline"));
    let Ok(forge) = forges::choose(name, &environment) else {
        return Err(fail(exit::INTERNAL, "a forge that was known is gone"));
    };
    gathered.facts.forge = Some(forge.ask(&environment, &question));
    Ok(())
}

/// Let the snapshot that the user names stand in for what the forge did not tell. Where it does not,
/// the check goes on without it and says so.
fn stand_in(args: &Args, common: &Common, gathered: &mut Gathered) -> Result<(), u8> {
    let Some(path) = &args.protection_snapshot else {
        return Ok(());
    };
    let snapshot = read_snapshot(&in_folder(common, path)).map_err(|why| {
        fail_with_help(
            exit::USAGE,
            &format!("cannot use `{}`: {why}", path.display()),
            Some("give a file as `tollgate doctor --snapshot FILE` wrote it"),
        )
    })?;
    if let Err(why) = run::stand_in(gathered, &snapshot) {
        let note = format!("the snapshot of the protection is not used: {why}");
        warn(&note);
        if let Some(forge) = &mut gathered.facts.forge {
            forge.notes.push(note);
        }
    }
    Ok(())
}

/// Never more than a snapshot can have, whatever the file is.
fn read_snapshot(path: &Path) -> Result<Snapshot, String> {
    let limit = u64::try_from(snapshot::LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|it| it.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|it| it.to_string())?;
    snapshot::read(&bytes)
}

pub(super) fn judge(gathered: &Gathered) -> Verdict {
    run::judge(&gathered.facts, &gathered.settings)
}

/// Keep what was gathered, to be judged again.
fn keep(gathered: &Gathered, path: &Path) -> Result<(), String> {
    let bytes = record::write(gathered)?;
    reporters::write_whole(&bytes, path).map_err(|it| it.to_string())
}

/// Facts from a worker. A worker that died leaves facts that say so and nothing else, which no
/// judgement turns into a pass.
pub(super) fn gather(task: &Task, common: &Common) -> Result<Gathered, u8> {
    match call(task, common) {
        Ok(answer) => answered(answer, |it| match it {
            Answer::Check(gathered) => Some(*gathered),
            _ => None,
        }),
        Err(CallError::Fault(fault)) => Ok(died(fault)),
        Err(error) => Err(call_failed(&error)),
    }
}

fn died(fault: WorkerFault) -> Gathered {
    Gathered {
        facts: Facts::nothing_but(fault),
        settings: Loaded {
            config: Config::default(),
            file: None,
        },
    }
}

/// Say why a task cannot be done.
pub(super) fn stopped(stop: &run::Stop) -> u8 {
    let Some((last, others)) = stop.messages.split_last() else {
        return fail(exit::INTERNAL, "the worker stopped and does not say why");
    };
    for message in others {
        fail(stop.code, message);
    }
    fail_with_help(stop.code, last, stop.help.as_deref())
}

/// Write every report, then say the verdict. A report that cannot be written is no verdict.
pub(super) fn tell(verdict: &Verdict, args: &Output, common: &Common) -> u8 {
    let code = exit::of(verdict);
    let plain = Report {
        verdict,
        exit_code: code,
        look: reporters::Look::default(),
        detail: args.detail(common),
    };
    let Some(reporter) = reporters::named(args.format) else {
        return fail(exit::INTERNAL, "a format that was known is gone");
    };
    let shown = Report {
        look: common.look(),
        ..plain
    };
    let code = outputs::write(&args.reports, &plain, common, || show(reporter, shown));
    if !reporter.is_for_people() {
        reporters::in_a_line(&plain)
            .iter()
            .for_each(|it| super::say(it));
    }
    code
}

/// Print a report to standard output.
pub(super) fn show(reporter: &dyn Reporter, report: Report<'_>) -> u8 {
    let mut text = Vec::new();
    match reporter.write(&report, &mut text) {
        Ok(()) => print_verdict(&String::from_utf8_lossy(&text), report.exit_code),
        Err(error) => fail(exit::UNKNOWN, &format!("cannot write the report: {error}")),
    }
}

pub(super) fn in_folder(common: &Common, path: &Path) -> PathBuf {
    common.directory.join(path)
}

pub(super) fn ci_environment() -> BTreeMap<String, String> {
    let known = |name: &str| {
        CI_VARIABLES
            .iter()
            .any(|it| name == *it || (it.ends_with('_') && name.starts_with(it)))
    };
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| known(name) && !secret(name))
        .collect()
}

/// The same with tokens, for the forge alone.
pub(super) fn forge_environment() -> forges::Environment {
    let all = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let known = |name: &str| {
        let ours = CI_VARIABLES.iter().chain(FORGE_VARIABLES);
        ours.into_iter()
            .any(|it| name == *it || (it.ends_with('_') && name.starts_with(it)))
    };
    forges::Environment::new(all.filter(|(name, _)| known(name)).collect())
}

/// A worker has no use for a token, and what it does not have it cannot leak.
fn secret(name: &str) -> bool {
    ["TOKEN", "PASSWORD", "SECRET", "KEY"]
        .iter()
        .any(|it| name.contains(it))
}

//! What the gate would have made of the last changes of a branch.

mod setting;

use super::{
    Stop,
    gather::{self, Gathered, config_stop},
    judge,
    redact::Texts,
    sides::{file_stop, repo_stop},
};
use crate::{
    config::{self, Config},
    exit,
    finding::{Finding, Level},
    gates::Unsure,
    model::{BacktestCommit, BacktestFinding, BacktestOutcome, BacktestWeight, Watch, step},
    repo::{
        Caps, GitTree, Objects,
        change::{self, Taken},
    },
    verdict::{Decision, Verdict},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::Sources;

/// Which changes to judge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BacktestTask {
    /// A folder of the repository.
    pub directory: PathBuf,
    /// The branch; `None`: the base branch.
    pub branch: Option<String>,
    /// How many changes to look back.
    pub last: usize,
    /// How many of them, the newest, to leave out: others judge those.
    pub skip: usize,
    /// How many to judge.
    pub take: usize,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// What came of some of the changes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Backtested {
    /// The branch with its commit.
    pub branch: String,
    /// How many changes there are to judge in all.
    pub changes: usize,
    /// Where the configuration comes from.
    pub configuration: String,
    /// What was not looked at, and why.
    pub notes: Vec<String>,
    /// The changes that were judged, the newest first.
    pub commits: Vec<BacktestCommit>,
}

pub(super) fn backtest(
    task: &BacktestTask,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Backtested, Stop> {
    let objects = Arc::new(Objects::open(&task.directory, Caps::default()).map_err(repo_stop)?);
    let history =
        change::history(&objects, task.branch.as_deref(), task.last).map_err(repo_stop)?;
    let tip = GitTree::read(&objects, &history.tip.tree).map_err(repo_stop)?;
    let settings = settings(&objects, &tip, &history.tip.name, &read.head)?;
    let mut notes = settings.notes;
    if history.guessed {
        notes.push(
            "there is no branch `origin/HEAD`, `main` or `master`, so these are the changes of what is checked out: `--branch` names another"
                .to_owned(),
        );
    }
    if history.shallow {
        notes.push(format!(
            "the clone ends after {} changes: `git fetch --unshallow` brings the others",
            history.changes.len()
        ));
    }
    let changes = history.changes.iter().skip(task.skip).take(task.take);
    let commits = changes
        .map(|it| {
            step(watch, &it.title, || {
                one(&objects, it, settings.loaded.as_ref(), task.now)
            })
        })
        .collect();
    let commit: String = history.tip.commit.chars().take(10).collect();
    Ok(Backtested {
        branch: format!("{} ({commit})", history.tip.name),
        changes: history.changes.len(),
        configuration: settings.configuration,
        notes,
        commits,
    })
}

/// The configuration to judge by.
struct Settings {
    /// `None`: what holds without one.
    loaded: Option<config::Loaded>,
    configuration: String,
    notes: Vec<String>,
}

/// The configuration that lies in the work tree, committed or not, because it is the one to be tried;
/// else that of the branch.
fn settings(
    objects: &Objects,
    tip: &GitTree,
    branch: &str,
    sources: &Sources,
) -> Result<Settings, Stop> {
    let name = config::FILE_NAME;
    let lying = objects
        .work_dir()
        .map(|it| std::fs::read_to_string(it.join(name)));
    let committed = || {
        let path = RepoPath::new(name).unwrap_or_default();
        // A configuration that cannot be read must not look like one that was never written.
        tip.read(&path).map_err(|it| file_stop(&it))
    };
    let (text, whence) = match lying {
        Some(Ok(text)) => (text, format!("{name} as it lies in the folder")),
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("cannot read `{name}`: {error}");
            return Err(Stop::new(exit::UNKNOWN, message));
        }
        _ => match committed()? {
            Some(bytes) => (
                String::from_utf8_lossy(&bytes).into_owned(),
                format!("{name} of {branch}"),
            ),
            None => {
                return Ok(Settings {
                    loaded: None,
                    configuration: "what holds without a configuration".to_owned(),
                    notes: Vec::new(),
                });
            }
        },
    };
    let mut loaded = config::parse(name, &text, sources).map_err(|it| config_stop(&it, sources))?;
    let Config {
        approvals,
        protection,
        ..
    } = &mut loaded.config;
    let mut notes = Vec::new();
    if approvals.take().is_some() | protection.take().is_some() {
        notes.push("approvals and protection are left out: a forge says nothing of what it was asked for years ago".to_owned());
    }
    Ok(Settings {
        loaded: Some(loaded),
        configuration: whence,
        notes,
    })
}

fn one(
    objects: &Arc<Objects>,
    taken: &Taken,
    settings: Option<&config::Loaded>,
    now: u64,
) -> BacktestCommit {
    let read = Texts::default();
    objects.begin();
    let gathered = gather::taken(objects, taken, settings, now, &read, &|_| {});
    let (outcome, findings) = match gathered {
        Ok(Gathered { facts, settings }) => {
            let verdict = judge(&facts, &settings);
            (outcome(&verdict), findings(&verdict))
        }
        Err(stop) => {
            let stop = read.found().into_shield().stop(stop);
            let why = stop.messages.join("; ");
            (BacktestOutcome::NotJudged { why }, Vec::new())
        }
    };
    BacktestCommit {
        id: taken.head.commit.clone(),
        title: taken.title.clone(),
        outcome,
        findings,
    }
}

fn outcome(verdict: &Verdict) -> BacktestOutcome {
    match (verdict.decision, exit::of(verdict)) {
        (Decision::Admit | Decision::Override, _) => BacktestOutcome::Admitted,
        (Decision::Refuse, _) => BacktestOutcome::Refused,
        (Decision::Undecided, exit::NOTHING) => BacktestOutcome::Nothing,
        (Decision::Undecided, _) => BacktestOutcome::Undecided,
    }
}

/// What weighs, by rule and weight.
fn findings(verdict: &Verdict) -> Vec<BacktestFinding> {
    let mut found: BTreeMap<(BacktestWeight, String), BacktestFinding> = BTreeMap::new();
    let mut add = |it: BacktestFinding| {
        let entry = found.entry((it.weight, it.rule.clone())).or_insert(it);
        entry.count += 1;
    };
    for gate in &verdict.gates {
        gate.examined
            .findings
            .iter()
            .filter_map(of_finding)
            .for_each(&mut add);
        let unsure = gate.examined.unsure.iter();
        unsure
            .map(|it| of_unsure(&gate.gate, it))
            .for_each(&mut add);
    }
    found.into_values().collect()
}

fn of_finding(finding: &Finding) -> Option<BacktestFinding> {
    let weight = if finding.holds() {
        BacktestWeight::Held
    } else if finding.level == Level::Deny {
        // Somebody has waived it, or BASE has it too; without that it would have held.
        BacktestWeight::Known
    } else {
        return None;
    };
    let at = finding.labels.first().map(|it| it.place.to_string());
    Some(BacktestFinding {
        rule: finding.rule.clone(),
        weight,
        count: 0,
        message: finding.message.clone(),
        at: at.unwrap_or_else(|| finding.subject.to_string()),
        setting: setting::of_finding(finding),
    })
}

fn of_unsure(gate: &str, unsure: &Unsure) -> BacktestFinding {
    BacktestFinding {
        rule: gate.to_owned(),
        weight: BacktestWeight::WouldNeed,
        count: 0,
        message: format!("{}; needed: {}", unsure.why, unsure.needs),
        at: unsure.subject.to_string(),
        setting: setting::of_gate(gate),
    }
}

//! The whole story: gather facts, ask every gate, weigh the answers.
//!
//! [`perform`] is the part that runs in the worker, because it reads what others wrote. [`judge`]
//! runs in the parent and is pure.

use crate::{
    config::{Config, Loaded},
    gates::{CONTROL_PLANE, Examined, GATES, GateContext},
    model::{Change, Facts, OverlayFacts, RenderDiff, RenderFacts, Watch},
    verdict::{ChangeSummary, EnvironmentSummary, Verdict},
    waivers::Waivers,
};
use redact::Texts;
use serde::{Deserialize, Serialize};

mod apply;
mod aside;
mod backtest;
mod baseline;
mod cluster;
mod compare;
mod configuration;
mod diff;
pub mod doctor;
mod dropped;
mod earlier;
mod forge;
mod gather;
mod identity;
mod init;
mod lost;
mod moves;
mod overlay;
mod overrides;
mod owners;
mod ownership;
mod place;
mod policies;
mod reach;
pub mod record;
mod redact;
mod removals;
mod render;
mod rules;
mod schemas;
mod sealed;
mod secrets;
mod sides;
pub mod snapshot;
mod suites;
mod survey;
mod test;
mod tracked;
mod waivers;
mod workflows;

pub use apply::{Applied, ApplyTask, Weight};
pub use backtest::{BacktestTask, Backtested};
pub use baseline::{BaselineTask, Inventory, Open, Weighed, weigh};
pub use configuration::{ConfigurationTask, Configured};
pub use diff::DiffTask;
pub use doctor::{Diagnosis, survey_question};
pub use forge::{question, stand_in};
pub use gather::{CheckTask, Gathered};
pub use init::{InitTask, Proposal};
pub use ownership::{Owned, OwnersTask, Ownership};
pub use render::{LoadRestrictor, Order, Printed, RenderTask};
pub use survey::{Branch, SurveyTask, Surveyed};
pub use test::{TestTask, Tested};
pub use tracked::is_tracked;
pub use workflows::Risk;

/// What a worker is asked.
#[derive(Debug, Serialize, Deserialize)]
pub enum Task {
    /// The facts of a change.
    Check(CheckTask),
    /// What overlays render to.
    Render(RenderTask),
    /// What two trees render differently.
    Diff(DiffTask),
    /// The rows of fixture suites.
    Test(TestTask),
    /// What policies say about manifests.
    Apply(ApplyTask),
    /// A configuration that fits a repository.
    Init(InitTask),
    /// Whether the configuration holds together.
    Configuration(ConfigurationTask),
    /// Who owns paths.
    Owners(OwnersTask),
    /// Everything in a repository, as if it were new.
    Baseline(BaselineTask),
    /// What would have become of changes that are merged.
    Backtest(BacktestTask),
    /// Where a run stands.
    Survey(SurveyTask),
}

/// What a worker answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Task::Check`].
    Check(Box<Gathered>),
    /// To [`Task::Render`].
    Render(Printed),
    /// To [`Task::Diff`].
    Diff(RenderDiff),
    /// To [`Task::Test`].
    Test(Tested),
    /// To [`Task::Apply`].
    Apply(Applied),
    /// To [`Task::Init`].
    Init(Proposal),
    /// To [`Task::Configuration`].
    Configuration(Configured),
    /// To [`Task::Owners`].
    Owners(Ownership),
    /// To [`Task::Baseline`].
    Baseline(Box<Inventory>),
    /// To [`Task::Backtest`].
    Backtest(Box<Backtested>),
    /// To [`Task::Survey`].
    Survey(Box<Surveyed>),
    /// To any task: it cannot be done.
    Stopped(Stop),
}

/// Why a task cannot be done, and the exit code that says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// See [`crate::exit`].
    pub code: u8,
    /// What is wrong, one entry a mistake; each begins with its place, if it has one.
    pub messages: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Stop {
    /// One message, without advice yet.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            messages: vec![message.into()],
            help: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Do a task. Runs in the worker. Why one stops may quote what it read, so no stop leaves but
/// through the shield.
pub fn perform(task: Task, watch: Watch<'_>) -> Answer {
    let read = Texts::default();
    let answer = match task {
        Task::Check(task) => {
            gather::gather(&task, &read, watch).map(|it| Answer::Check(Box::new(it)))
        }
        Task::Render(task) => render::render(&task, &read, watch),
        Task::Diff(task) => diff::diff(&task, &read, watch).map(Answer::Diff),
        Task::Test(task) => test::test(&task, watch).map(Answer::Test),
        Task::Apply(task) => apply::apply(&task, &read, watch).map(Answer::Apply),
        Task::Init(task) => init::init(&task, &read, watch).map(Answer::Init),
        Task::Configuration(task) => {
            configuration::configuration(&task, &read).map(Answer::Configuration)
        }
        Task::Owners(task) => ownership::look_up(&task).map(Answer::Owners),
        Task::Baseline(task) => {
            baseline::inventory(&task, &read, watch).map(|it| Answer::Baseline(Box::new(it)))
        }
        Task::Backtest(task) => {
            backtest::backtest(&task, &read, watch).map(|it| Answer::Backtest(Box::new(it)))
        }
        Task::Survey(task) => survey::survey(&task, &read).map(|it| Answer::Survey(Box::new(it))),
    };
    answer.unwrap_or_else(|stop| Answer::Stopped(read.found().into_shield().stop(stop)))
}

/// Ask every gate, then weigh. Pure: the same facts and settings give the same verdict.
pub fn judge(facts: &Facts, settings: &Loaded) -> Verdict {
    let cx = GateContext::new(facts, settings);
    // Facts that a worker did not live to finish are none: a gate would take their absence for peace.
    let gates = if facts.faults.is_empty() { GATES } else { &[] };
    let waivers = Waivers::new(facts, &settings.config);
    let mut records: Vec<(String, String, Examined)> = gates
        .iter()
        .map(|gate| {
            let mut examined = gate.check(cx);
            waivers.apply(&mut examined.findings);
            let meta = gate.meta();
            (meta.id.to_owned(), meta.title.to_owned(), examined)
        })
        .collect();
    let unneeded = waivers.unneeded(records.iter().flat_map(|it| &it.2.findings));
    if let Some((.., examined)) = records.iter_mut().find(|it| it.0 == CONTROL_PLANE) {
        examined.findings.extend(unneeded);
    }
    Verdict::weigh(
        records,
        facts.faults.clone(),
        summary(facts, &settings.config),
    )
}

fn summary(facts: &Facts, config: &Config) -> ChangeSummary {
    let environments = config.environments.iter().map(|environment| {
        let name = environment.name.as_str();
        let overlays: Vec<&OverlayFacts> = facts
            .overlays
            .iter()
            .filter(|it| it.environment.as_deref() == Some(name))
            .collect();
        let fails = |it: &&&OverlayFacts| matches!(it.head, Some(RenderFacts::Failed { .. }));
        let rendered = || overlays.iter().filter(|it| !fails(it));
        EnvironmentSummary {
            name: name.to_owned(),
            enforcement: environment.enforcement.as_str().to_owned(),
            overlays: overlays.iter().filter(|it| it.head.is_some()).count(),
            failed_overlays: overlays.iter().filter(fails).count(),
            changed_overlays: rendered().filter(|it| it.differs()).count(),
            changed_resources: rendered().map(|it| it.changed().len()).sum(),
            removed_resources: rendered().map(|it| it.removed().len()).sum(),
        }
    });
    ChangeSummary {
        base: Change::describe(&facts.change.base),
        head: Change::describe(&facts.change.head),
        files: facts.change.files.len(),
        paths: facts
            .change
            .files
            .iter()
            .map(|it| it.path.clone())
            .collect(),
        environments: environments.collect(),
    }
}

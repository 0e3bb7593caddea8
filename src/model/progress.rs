//! What is being worked on, for progress bars and for naming what a worker died on.

use serde::{Deserialize, Serialize};

/// A step of the work. Steps run in parallel; each that starts is done unless the process ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// This many steps are known to come.
    Plan(usize),
    /// Work on this began.
    Start(String),
    /// Work on this ended, whatever came of it.
    Done(String),
}

/// Told of every step; may be called from any thread.
pub type Watch<'a> = &'a (dyn Fn(Step) + Sync);

/// Do `work` as a step with a name.
pub fn step<T>(watch: Watch<'_>, name: &str, work: impl FnOnce() -> T) -> T {
    watch(Step::Start(name.to_owned()));
    let result = work();
    watch(Step::Done(name.to_owned()));
    result
}

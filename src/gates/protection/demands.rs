//! What the configuration asks of a branch's protection, one by one, and how the forge answers each.

use super::advice::Control;
use crate::{
    config::{ProtectionSettings, StatusCheck},
    model::{Bypass, Gap, Known, ProtectionFacts, RequiredCheck, Stated},
};

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// For people: `approvals`, `status check tollgate`.
    pub name: String,
    /// Its path in `tollgate.yaml`: `protection.require.approvals`.
    pub setting: String,
    /// What the forge says of it.
    pub answer: Answer,
    pub(super) control: Control,
}

/// What the forge says of something that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so, or stricter.
    Holds {
        /// The setting of the forge that sees to it.
        by: String,
        /// Whether it is a check that anybody who may write can report.
        open: bool,
    },
    /// It is weaker.
    Weaker {
        /// How, as a clause.
        found: String,
        /// The setting of the forge that says so.
        by: String,
    },
    /// These may go around the protection, and the configuration names none of them.
    Bypassed(Vec<Bypass>),
    /// The forge did not tell.
    Unknown(Gap),
}

/// Everything that is asked for, in the order of the manual. What would be satisfied by anything
/// (`approvals: 0`, `dismiss_stale: false`, `force_push: true`) asks for nothing.
pub fn demands(require: &ProtectionSettings, told: Result<&ProtectionFacts, Gap>) -> Vec<Demand> {
    let ProtectionSettings {
        approvals,
        dismiss_stale,
        code_owners,
        last_push_approval,
        signed_commits,
        linear_history,
        admins,
        force_push,
        deletion,
        direct_push,
        status_checks,
        bypass,
    } = require;
    let told = told.as_ref().copied();
    let mut all = Vec::new();
    if let Some(least) = approvals.filter(|it| *it > 0) {
        let answer = answer(told, |it| &it.approvals, |it| enough(it, least));
        all.push(Demand::new(Control::Approvals, answer));
    }
    // What the configuration has to say for it to be a demand is what the forge has to say, too.
    type Fact = fn(&ProtectionFacts) -> &Known<Stated<bool>>;
    let flags: [(Control, Option<bool>, bool, Fact, &str); 9] = [
        (
            Control::DismissStale,
            *dismiss_stale,
            true,
            |it| &it.dismiss_stale,
            "approvals of older commits stay when something is pushed",
        ),
        (
            Control::CodeOwners,
            *code_owners,
            true,
            |it| &it.code_owners,
            "code owners need not approve",
        ),
        (
            Control::LastPushApproval,
            *last_push_approval,
            true,
            |it| &it.last_push_approval,
            "whoever pushed last may give the approval that decides",
        ),
        (
            Control::SignedCommits,
            *signed_commits,
            true,
            |it| &it.signed_commits,
            "commits need not be signed",
        ),
        (
            Control::LinearHistory,
            *linear_history,
            true,
            |it| &it.linear_history,
            "merge commits are let in",
        ),
        (
            Control::Admins,
            *admins,
            true,
            |it| &it.admins,
            "administrators are not bound",
        ),
        (
            Control::ForcePush,
            *force_push,
            false,
            |it| &it.force_push,
            "somebody may force-push",
        ),
        (
            Control::Deletion,
            *deletion,
            false,
            |it| &it.deletion,
            "somebody may delete the branch",
        ),
        (
            Control::DirectPush,
            *direct_push,
            false,
            |it| &it.direct_push,
            "somebody may push without a request",
        ),
    ];
    for (control, asked, demanded, fact, weak) in flags {
        if asked == Some(demanded) {
            let answer = answer(told, fact, |it| flag(it, demanded, weak));
            all.push(Demand::new(control, answer));
        }
    }
    for (at, asked) in status_checks.iter().enumerate() {
        let answer = answer(told, |it| &it.status_checks, |it| check(it, asked));
        all.push(Demand {
            name: format!("status check {}", asked.context),
            setting: format!("protection.require.status_checks[{at}]"),
            answer,
            control: Control::StatusChecks,
        });
    }
    if let Some(listed) = bypass {
        let answer = answer(told, |it| &it.bypass, |it| around(it, listed));
        all.push(Demand::new(Control::Bypass, answer));
    }
    all
}

impl Demand {
    fn new(control: Control, answer: Answer) -> Self {
        Self {
            name: control.as_str().to_owned(),
            setting: format!("protection.require.{}", control.as_str()),
            answer,
            control,
        }
    }
}

fn answer<T>(
    told: Result<&ProtectionFacts, &Gap>,
    fact: impl FnOnce(&ProtectionFacts) -> &Known<T>,
    judge: impl FnOnce(&T) -> Answer,
) -> Answer {
    match told.and_then(|it| fact(it).get()) {
        Ok(fact) => judge(fact),
        Err(gap) => Answer::Unknown(gap.clone()),
    }
}

fn holds(by: &str) -> Answer {
    Answer::Holds {
        by: by.to_owned(),
        open: false,
    }
}

fn weaker(found: impl Into<String>, by: &str) -> Answer {
    Answer::Weaker {
        found: found.into(),
        by: by.to_owned(),
    }
}

fn enough(told: &Stated<u32>, least: u32) -> Answer {
    match told.value {
        enough if enough >= least => holds(&told.by),
        0 => weaker(format!("a merge takes no approval, not {least}"), &told.by),
        1 => weaker(format!("a merge takes 1 approval, not {least}"), &told.by),
        n => weaker(
            format!("a merge takes {n} approvals, not {least}"),
            &told.by,
        ),
    }
}

fn flag(told: &Stated<bool>, demanded: bool, weak: &str) -> Answer {
    if told.value == demanded {
        holds(&told.by)
    } else {
        weaker(weak, &told.by)
    }
}

/// Where a check is required more than once, every one of them must pass: one from the right source
/// is enough.
fn check(told: &Stated<Vec<RequiredCheck>>, asked: &StatusCheck) -> Answer {
    let name = &asked.context;
    let required = || told.value.iter().filter(|it| it.context == *name);
    if required().next().is_none() {
        return weaker(
            format!("a merge does not take the check `{name}`"),
            &told.by,
        );
    }
    match asked.source {
        None => Answer::Holds {
            by: told.by.clone(),
            open: required().all(|it| it.source.is_none()),
        },
        Some(source) if required().any(|it| it.source == Some(source)) => holds(&told.by),
        Some(source) => {
            let others: Vec<String> = required()
                .filter_map(|it| it.source)
                .map(|it| format!("app {it}"))
                .collect();
            let from = if others.is_empty() {
                "anybody".to_owned()
            } else {
                others.join(" and ")
            };
            weaker(
                format!("a merge takes the check `{name}` from {from}, not from app {source}"),
                &told.by,
            )
        }
    }
}

/// Names of accounts, teams and apps are the same in small and capital letters, on both forges.
fn around(told: &[Bypass], listed: &[String]) -> Answer {
    let allowed = |it: &Bypass| {
        listed
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&it.actor))
    };
    let others: Vec<Bypass> = told.iter().filter(|it| !allowed(it)).cloned().collect();
    if !others.is_empty() {
        return Answer::Bypassed(others);
    }
    match told.len() {
        0 => holds("nobody may go around it"),
        _ => holds("nobody but those listed may go around it"),
    }
}

//! The protection of a branch in words.

use super::forge::{Bypass, Known, ProtectionFacts, RequiredCheck, Stated};

/// One answer about the protection, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// As `protection.require` names it.
    pub name: &'static str,
    /// The answer as text, and the setting that gave it.
    pub answer: Known<Stated<String>>,
}

impl ProtectionFacts {
    /// Every answer as text, in the order of the manual. Equal answers have equal texts.
    pub fn told(&self) -> Vec<Told> {
        let Self {
            branch: _,
            approvals,
            dismiss_stale,
            code_owners,
            last_push_approval,
            status_checks,
            signed_commits,
            linear_history,
            force_push,
            deletion,
            direct_push,
            admins,
            bypass,
        } = self;
        let told = |name, answer| Told { name, answer };
        vec![
            told("approvals", text(approvals, ToString::to_string)),
            told("dismiss_stale", flag(dismiss_stale)),
            told("code_owners", flag(code_owners)),
            told("last_push_approval", flag(last_push_approval)),
            told("signed_commits", flag(signed_commits)),
            told("linear_history", flag(linear_history)),
            told("admins", flag(admins)),
            told("force_push", flag(force_push)),
            told("deletion", flag(deletion)),
            told("direct_push", flag(direct_push)),
            told("status_checks", text(status_checks, |it| checks(it))),
            told("bypass", bypass.clone().map(|it| actors(&it))),
        ]
    }
}

fn text<T>(fact: &Known<Stated<T>>, write: impl FnOnce(&T) -> String) -> Known<Stated<String>> {
    match fact {
        Known::Known(Stated { value, by }) => Known::Known(Stated {
            value: write(value),
            by: by.clone(),
        }),
        Known::Unknown(gap) => Known::Unknown(gap.clone()),
    }
}

fn flag(fact: &Known<Stated<bool>>) -> Known<Stated<String>> {
    text(fact, |it| if *it { "yes" } else { "no" }.to_owned())
}

fn checks(all: &[RequiredCheck]) -> String {
    let one = |it: &RequiredCheck| match it.source {
        Some(source) => format!("{} of app {source}", it.context),
        None => it.context.clone(),
    };
    listed(all.iter().map(one), "none")
}

fn actors(all: &[Bypass]) -> Stated<String> {
    Stated {
        value: listed(
            all.iter().map(|it| format!("{} ({})", it.actor, it.mode)),
            "nobody",
        ),
        by: listed(all.iter().map(|it| it.by.clone()), ""),
    }
}

fn listed(all: impl Iterator<Item = String>, none: &str) -> String {
    let mut all: Vec<String> = all.collect();
    all.sort();
    all.dedup();
    if all.is_empty() {
        none.to_owned()
    } else {
        all.join(", ")
    }
}

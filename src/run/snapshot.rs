//! What a job with more rights saw of a branch's protection, kept in a file for jobs that may not
//! see it.

use super::sealed::Seal;
use crate::model::{Bypass, ForgeFacts, Known, ProtectionFacts, Stated, utc};
use serde::{Deserialize, Serialize};

/// Bytes of the largest snapshot that is written and read.
pub const LIMIT: usize = 1 << 20;

const SEAL: Seal = Seal {
    format: "tollgate-protection",
    version: 1,
    limit: LIMIT,
};

/// Seconds by which the clocks of two jobs may differ.
const SKEW: u64 = 60;

/// How a branch was protected at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The id of the forge that was asked.
    pub forge: String,
    /// The repository as people name it: `github.com/acme/gitops`.
    pub repository: String,
    /// When it was asked, in seconds since 1970.
    pub taken_at: u64,
    /// What it said, with the branch that it is about.
    pub protection: ProtectionFacts,
}

/// The bytes of a snapshot's file.
///
/// # Errors
/// Where it is larger than [`LIMIT`], in words for people.
pub fn write(snapshot: &Snapshot) -> Result<Vec<u8>, String> {
    SEAL.write(snapshot)
}

/// The snapshot that a file holds.
///
/// # Errors
/// Where it is anything else than what [`write()`] gives, in words for people.
pub fn read(bytes: &[u8]) -> Result<Snapshot, String> {
    SEAL.read(bytes)
}

/// Let a snapshot stand in for what the forge did not tell now. What it told holds, whatever the
/// snapshot says; where the two differ, a note says so, and one says what stood in.
///
/// # Errors
/// Why it stands in for nothing, as a clause: it is about something else, or not of the last
/// `max_age` seconds before `now`. Then nothing is changed.
pub fn stand_in(
    snapshot: &Snapshot,
    facts: &mut ForgeFacts,
    max_age: u64,
    now: u64,
) -> Result<(), String> {
    let Some(present) = &mut facts.protection else {
        return Err("the forge was not asked about the protection".to_owned());
    };
    let same = |what: &str, taken: &str, asked: &str| {
        if taken == asked {
            return Ok(());
        }
        let asked = if asked.is_empty() {
            "nothing that is named"
        } else {
            asked
        };
        Err(format!(
            "it is about the {what} {taken}, and this run about {asked}"
        ))
    };
    same("forge", &snapshot.forge, &facts.forge)?;
    same("repository", &snapshot.repository, &facts.repository)?;
    same("branch", &snapshot.protection.branch, &present.branch)?;
    let taken = utc(snapshot.taken_at);
    if snapshot.taken_at > now.saturating_add(SKEW) {
        return Err(format!("it was taken in the future, at {taken}"));
    }
    if now.saturating_sub(snapshot.taken_at) >= max_age {
        return Err(format!(
            "it was taken at {taken}, and `protection.snapshot.max_age` lets it stand in for {}",
            crate::config::Duration::seconds(max_age)
        ));
    }
    let drift = drift(present, &snapshot.protection, &taken);
    let filled = fill(present, &snapshot.protection, &taken);
    facts.notes.extend(drift);
    if !filled.is_empty() {
        facts.notes.push(format!(
            "a snapshot of the protection of `{}`, taken at {taken}, stands in for what the token of this run cannot read: {}",
            snapshot.protection.branch,
            filled.join(", ")
        ));
    }
    Ok(())
}

/// What is now other than it was then. Source: threat row F11.
fn drift(now: &ProtectionFacts, then: &ProtectionFacts, taken: &str) -> Vec<String> {
    let pairs = now.told().into_iter().zip(then.told());
    pairs
        .filter_map(|(now, then)| {
            let (new, old) = (now.answer.get().ok()?, then.answer.get().ok()?);
            (new.value != old.value).then(|| {
                format!(
                    "`{}` was changed since the snapshot of {taken}: it was {} and is {}",
                    now.name,
                    said(old),
                    said(new)
                )
            })
        })
        .collect()
}

fn said(answer: &Stated<String>) -> String {
    match answer.by.as_str() {
        "" => answer.value.clone(),
        by => format!("{} ({by})", answer.value),
    }
}

/// The names of what stood in.
fn fill(now: &mut ProtectionFacts, then: &ProtectionFacts, taken: &str) -> Vec<&'static str> {
    let ProtectionFacts {
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
    } = now;
    let filled = [
        ("approvals", put(approvals, &then.approvals, taken)),
        (
            "dismiss_stale",
            put(dismiss_stale, &then.dismiss_stale, taken),
        ),
        ("code_owners", put(code_owners, &then.code_owners, taken)),
        (
            "last_push_approval",
            put(last_push_approval, &then.last_push_approval, taken),
        ),
        (
            "signed_commits",
            put(signed_commits, &then.signed_commits, taken),
        ),
        (
            "linear_history",
            put(linear_history, &then.linear_history, taken),
        ),
        ("admins", put(admins, &then.admins, taken)),
        ("force_push", put(force_push, &then.force_push, taken)),
        ("deletion", put(deletion, &then.deletion, taken)),
        ("direct_push", put(direct_push, &then.direct_push, taken)),
        (
            "status_checks",
            put(status_checks, &then.status_checks, taken),
        ),
        ("bypass", put(bypass, &then.bypass, taken)),
    ];
    let filled = filled.into_iter().filter(|(_, it)| *it);
    filled.map(|(name, _)| name).collect()
}

/// Whether what was known then is put where nothing is known now.
fn put<T: Witnessed>(now: &mut Known<T>, then: &Known<T>, taken: &str) -> bool {
    match (&now, then) {
        (Known::Unknown(_), Known::Known(fact)) => {
            *now = Known::Known(fact.clone().seen(taken));
            true
        }
        _ => false,
    }
}

/// A fact that says which setting gave it.
trait Witnessed: Clone {
    /// The same, as a snapshot saw it.
    fn seen(self, taken: &str) -> Self;
}

impl<T: Clone> Witnessed for Stated<T> {
    fn seen(self, taken: &str) -> Self {
        Self {
            by: format!("snapshot of {taken}: {}", self.by),
            ..self
        }
    }
}

impl Witnessed for Vec<Bypass> {
    fn seen(self, taken: &str) -> Self {
        let one = |it: Bypass| Bypass {
            by: format!("snapshot of {taken}: {}", it.by),
            ..it
        };
        self.into_iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests;

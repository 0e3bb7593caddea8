//! Who agreed to a change, and whether that is enough.
//!
//! Pure: what the forge said, what git says of the commits, and BASE's configuration give one answer.
//! An account is its number, never its name: names change hands. Three answers are kept apart: enough
//! people agreed, too few did, and nobody can tell; the last one only where it makes a difference.
//!
//! Sources: GitHub's documentation on reviews of pull requests and on protected branches; threat rows
//! F1 to F10 and F15.

mod bench;
mod binding;
mod consent;
mod count;
mod groups;
mod owners;
mod when;
mod words;

pub use bench::{Bench, Objection, Opinion, Reviewer};
pub use consent::{Consent, consent};
pub use count::{Outcome, Standing};
pub use owners::team_of;
pub use when::{Strictness, applies, enforced, environments};
pub use words::{NAMED, approvals, score};

/// The first characters of a commit's id, for people.
fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod owner_tests;
#[cfg(test)]
mod tests;

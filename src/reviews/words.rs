//! Where a demand for approvals stands, in words: who counts, who does not and why, who can mend it.

use super::{Bench, Standing};
use crate::{
    config::{Name, Require},
    model::Account,
};

/// Names that a list shows.
pub const NAMED: usize = 8;

/// `has 1 of 2 approvals of platform`.
pub fn score(require: &Require, standing: &Standing<'_>) -> String {
    let count = require.count;
    let what = approvals(count);
    let of = if require.from.is_empty() {
        String::new()
    } else {
        format!(" of {}", names(&require.from))
    };
    let has = standing.counted.len();
    let nobody = if standing.unrepresented.is_empty() {
        String::new()
    } else {
        format!(", and nobody for {}", standing.unrepresented.join(", "))
    };
    format!("has {has} of {count} {what}{of}{nobody}")
}

/// `approval` or `approvals`.
pub fn approvals(count: u32) -> &'static str {
    if count == 1 { "approval" } else { "approvals" }
}

impl Bench<'_> {
    /// Who counts, and who does not and why.
    pub fn who(&self, standing: &Standing<'_>) -> String {
        let mut parts = Vec::new();
        match standing.counted.as_slice() {
            [] => parts.push("nobody's approval counts".to_owned()),
            [one] => parts.push(format!("{} counts", one.login)),
            many => parts.push(format!("{} count", logins(many))),
        }
        let others = standing.others.iter();
        parts.extend(
            others
                .clone()
                .take(NAMED)
                .map(|(account, why)| format!("{} does not: {why}", account.login)),
        );
        if others.len() > NAMED {
            parts.push(format!("{} more do not", others.len() - NAMED));
        }
        match self.gone {
            0 => {}
            1 => parts.push("an approval of an account that is gone does not".to_owned()),
            n => parts.push(format!("{n} approvals of accounts that are gone do not")),
        }
        parts.join("; ")
    }

    /// Who can mend a demand that is not met.
    pub fn ask(&self, require: &Require, standing: &Standing<'_>) -> String {
        let still = (require.count as usize).saturating_sub(standing.counted.len());
        let still = still.max(standing.unrepresented.len()).max(1);
        let again = if standing.stale {
            "; whoever approved an older commit can approve the newest one"
        } else {
            ""
        };
        if require.from.is_empty() {
            let people = if still == 1 { "person" } else { "people" };
            let least = self.least();
            return format!("{still} more {people} who may `{least}` must approve{again}");
        }
        let missing = standing.unrepresented.join(", ");
        let of = if missing.is_empty() {
            names(&require.from)
        } else {
            missing
        };
        match standing.askable.as_slice() {
            [] => format!(
                "{still} more of {of} must approve, and nobody is known who could: everybody in it has made the change or approved it"
            ),
            [one] => format!("{still} more of {of} must approve: {one}{again}"),
            many => {
                let shown: Vec<&str> = many.iter().take(NAMED).map(String::as_str).collect();
                let more = if many.len() > NAMED { ", ..." } else { "" };
                format!(
                    "{still} more of {of} must approve: ask {}{more}{again}",
                    shown.join(", ")
                )
            }
        }
    }
}

fn names(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    names.join(", ")
}

fn logins(accounts: &[&Account]) -> String {
    let shown = accounts.iter().take(NAMED).map(|it| it.login.as_str());
    let mut shown: Vec<&str> = shown.collect();
    if accounts.len() > NAMED {
        shown.push("...");
    }
    shown.join(", ")
}

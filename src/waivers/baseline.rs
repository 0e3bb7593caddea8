//! The findings that were there when the repository took the gate in.

use crate::{
    finding::{Finding, WaivedBy, Waiver},
    model::BaselineFacts,
};
use std::collections::BTreeSet;

pub(super) fn fingerprints(baseline: &[BaselineFacts]) -> BTreeSet<&str> {
    baseline.iter().map(|it| it.fingerprint.as_str()).collect()
}

/// A finding counts as known where rule, subject and message are the same: a resource that breaks the
/// same rule in another way is news.
pub(super) fn waiver(baseline: &BTreeSet<&str>, finding: &Finding) -> Option<Waiver> {
    let known = !baseline.is_empty() && baseline.contains(finding.fingerprint().as_str());
    known.then(|| Waiver {
        by: WaivedBy::Baseline,
        id: String::new(),
        reason: "known since the repository took the gate in".to_owned(),
        owner: None,
        until: None,
        place: None,
    })
}

//! Where policies say less about a manifest than others did.

use super::policies::World;
use crate::model::{Manifest, ResourceKey, RuleOutcome};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rule that says less about a resource than it did: it no longer judges it, or lets through what it
/// held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) policy: Arc<str>,
    pub(super) rule: Arc<str>,
    pub(super) resource: ResourceKey,
    /// The overlay that renders the resource, or the file in which it stands.
    pub(super) of: String,
    /// What became of the resource: `refused`.
    pub(super) was: &'static str,
    /// What becomes of it now.
    pub(super) is: &'static str,
}

/// What is lost for `manifests`, which come from `of`.
pub(super) fn lost(
    old: &World<'_>,
    new: &World<'_>,
    manifests: &[Manifest],
    of: &str,
) -> Vec<Lost> {
    let mut out = Vec::new();
    for manifest in manifests {
        let before = weights(old, manifest);
        if before.is_empty() {
            continue;
        }
        let after = weights(new, manifest);
        for ((policy, rule), was) in before {
            let key = (policy.clone(), rule.clone());
            let is = after.get(&key).copied().unwrap_or(Some(0));
            if let (Some(was), Some(is)) = (was, is)
                && is < was
            {
                out.push(Lost {
                    policy,
                    rule,
                    resource: manifest.key.clone(),
                    of: of.to_owned(),
                    was: verb(was),
                    is: verb(is),
                });
            }
        }
    }
    out
}

/// What each rule says, the more the higher; of several answers the highest, because that one holds.
/// `None` where it could not be evaluated.
fn weights(world: &World<'_>, manifest: &Manifest) -> BTreeMap<(Arc<str>, Arc<str>), Option<u8>> {
    let mut weights = BTreeMap::new();
    for it in world.answers(manifest) {
        let weight = match it.outcome {
            RuleOutcome::Skip { .. } => Some(0),
            RuleOutcome::Pass => Some(1),
            RuleOutcome::Warn { .. } => Some(2),
            RuleOutcome::Fail { .. } => Some(3),
            RuleOutcome::Error { .. } => None,
        };
        let known = weights.entry((it.policy, it.rule)).or_insert(Some(0));
        *known = known.zip(weight).map(|(a, b): (u8, u8)| a.max(b));
    }
    weights
}

fn verb(weight: u8) -> &'static str {
    match weight {
        0 => "not judged",
        1 => "passed",
        2 => "warned of",
        _ => "refused",
    }
}

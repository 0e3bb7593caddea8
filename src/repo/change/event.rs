//! What GitHub says of the run's occasion.

use crate::model::{ForgeKind, Proposal};
use git2::Commit;
use serde::Deserialize;

/// The parts of GitHub's event that are read. Source: GitHub's webhook payloads.
#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) pull_request: Option<PullRequest>,
    pub(super) merge_group: Option<MergeGroup>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) repository: Option<EventRepository>,
}

#[derive(Deserialize)]
pub(super) struct EventRepository {
    pub(super) default_branch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PullRequest {
    pub(super) number: Option<u64>,
    pub(super) base: Tip,
    pub(super) head: Tip,
}

#[derive(Deserialize)]
pub(super) struct Tip {
    pub(super) sha: String,
    #[serde(default, rename = "ref")]
    pub(super) branch: String,
}

#[derive(Deserialize)]
pub(super) struct MergeGroup {
    pub(super) base_sha: String,
    pub(super) head_sha: String,
    #[serde(default)]
    pub(super) base_ref: String,
    #[serde(default)]
    pub(super) head_ref: String,
}

impl MergeGroup {
    /// The request that the group adds to its base. GitHub names the group's branch after it, in a
    /// place where nobody else can push: `refs/heads/gh-readonly-queue/main/pr-7-BASE`. What the
    /// request proposes is the second parent of the merge that GitHub made; where the queue squashes
    /// or rebases, nothing in git says it.
    pub(super) fn proposal(&self, base: &Commit<'_>, head: &Commit<'_>) -> Option<Proposal> {
        let branch = self.base_ref.strip_prefix("refs/heads/")?;
        let queue = self
            .head_ref
            .strip_prefix("refs/heads/gh-readonly-queue/")?;
        let name = queue.strip_prefix(branch)?.strip_prefix("/pr-")?;
        let (number, onto) = name.split_once('-')?;
        let merges = head.parent_count() == 2 && head.parent_id(0).ok() == Some(base.id());
        if !merges || onto != base.id().to_string() {
            return None;
        }
        Some(Proposal {
            forge: ForgeKind::Github,
            number: number.parse().ok()?,
            head: head.parent_id(1).ok()?.to_string(),
            branch: branch.to_owned(),
        })
    }
}

/// No event is larger: GitHub's own limit is 25 MiB.
pub(super) const LARGEST_EVENT: u64 = 25 << 20;

//! Reviews: who approves, who asks for changes, and of which version.
//!
//! GitLab keeps one approval per account and says when it was given, not of what. What an account
//! saw is the version that was the newest then. On GitLab Free, and on Premium unless it is told
//! otherwise, an approval stays when something else is pushed: then it is for an older version.

use super::super::http::{Failed, timestamp};
use super::api::{Api, Needs};
use super::members::{People, User};
use super::merge_request::{Version, day};
use crate::model::{Gap, Known, Review, ReviewState};
use serde::Deserialize;

/// Source: `API::Entities::MergeRequestApprovals`. Its `approved` is not read: on GitLab Free it
/// says that there is at least one approval.
#[derive(Debug, Deserialize)]
struct Approvals {
    approved_by: Vec<Approval>,
}

impl Approvals {
    /// Whether GitLab is one that tells when they were given.
    fn are_dated(&self) -> bool {
        let mut all = self.approved_by.iter();
        all.any(|it| it.approved_at.is_some())
    }
}

/// Source: `API::Entities::Approvals`.
#[derive(Debug, Deserialize)]
pub(super) struct Approval {
    user: User,
    /// Missing before GitLab 18.4.
    #[serde(default)]
    approved_at: Option<String>,
}

/// Source: `API::Entities::Event`.
#[derive(Debug, Deserialize)]
struct Event {
    id: u64,
    created_at: String,
    #[serde(default)]
    author_id: Option<u64>,
    #[serde(default)]
    target_iid: Option<u64>,
}

/// Somebody who was asked for a review. Source: `API::Entities::MergeRequestReviewer`.
#[derive(Debug, Deserialize)]
pub(super) struct Reviewer {
    user: User,
    /// `unreviewed`, `reviewed`, `requested_changes`, `approved`, `unapproved`, `review_started`.
    #[serde(default)]
    state: Option<String>,
}

/// The reviews of a merge request, the oldest first, and what the report should say of them.
pub(super) fn read(
    api: &Api,
    people: &mut People,
    number: u64,
    head: &str,
    versions: Result<&[Version], &Gap>,
) -> (Known<Vec<Review>>, Option<String>) {
    let what = format!("the approvals of merge request !{number}");
    let path = api.of_project(&format!("/merge_requests/{number}/approvals"));
    let mut approvals: Approvals = match api.get(&what, &path, Needs::Reporter) {
        Ok(approvals) => approvals,
        Err(failed) => return (failed.unknown(), None),
    };
    let versions = match versions {
        Ok(versions) => versions,
        Err(gap) => return (Known::Unknown(gap.clone()), None),
    };
    if let Err(gap) = newest_is(versions, head) {
        return (Known::Unknown(gap), None);
    }
    let (reviewers, note) = match reviewers(api, number) {
        Ok(reviewers) => (reviewers, None),
        // Whoever may see the approvals may see the reviewers, so it is the interface that is not
        // there, and with it no way to ask for changes. A GitLab that tells when approvals were
        // given has it.
        Err(failed) if failed.status == Some(404) && !approvals.are_dated() => (
            Vec::new(),
            Some("this GitLab does not tell what reviewers say (it is older than 15.3): requests for changes are not seen".to_owned()),
        ),
        Err(failed) => return (failed.unknown(), None),
    };
    if approvals
        .approved_by
        .iter()
        .any(|it| it.approved_at.is_none())
        && let Err(failed) = date(api, number, versions, &mut approvals.approved_by)
    {
        return (failed.unknown(), None);
    }
    let account = |it: &User| people.account(api, it);
    let reviews = fold(&approvals.approved_by, &reviewers, versions, head, account);
    (Known::Known(reviews), note)
}

fn reviewers(api: &Api, number: u64) -> Result<Vec<Reviewer>, Failed> {
    let what = format!("the reviewers of merge request !{number}");
    let path = api.of_project(&format!("/merge_requests/{number}/reviewers"));
    // GitLab gives all of them at once and looks at no page: were it cut, a page would repeat.
    api.get(&what, &path, Needs::Reporter)
}

/// Whether the newest version is what the merge request is said to be at.
fn newest_is(versions: &[Version], head: &str) -> Result<(), Gap> {
    let newest = versions.last().and_then(|it| it.head_commit_sha.as_deref());
    if newest == Some(head) {
        return Ok(());
    }
    Err(Gap {
        why: format!(
            "approvals cannot be told from stale ones: the newest version of the merge request is of {}, and it is at {head}",
            newest.unwrap_or("no commit")
        ),
        needs: "another run, when GitLab has read the last push".to_owned(),
    })
}

/// Find out when approvals were given that do not say it. Whoever approves leaves an event, and an
/// approval that stands is from the newest one.
fn date(
    api: &Api,
    number: u64,
    versions: &[Version],
    approvals: &mut [Approval],
) -> Result<(), Failed> {
    let first = versions.first().and_then(|it| timestamp(&it.created_at));
    let after = day(first.unwrap_or(0).saturating_sub(2 * 86_400));
    let path = api.of_project(&format!(
        "/events?action=approved&target_type=merge_request&after={after}"
    ));
    let what = format!("the times of the approvals of merge request !{number}");
    let events: Vec<Event> = api.list(&what, &path, Needs::Reporter, |it: &Event| {
        it.id.to_string()
    })?;
    for approval in approvals.iter_mut().filter(|it| it.approved_at.is_none()) {
        approval.approved_at = newest_approval(&events, number, approval.user.id);
    }
    Ok(())
}

fn newest_approval(events: &[Event], number: u64, account: u64) -> Option<String> {
    let ours = |it: &&Event| it.target_iid == Some(number) && it.author_id == Some(account);
    let newest = events.iter().filter(ours).max_by_key(|it| it.id)?;
    Some(newest.created_at.clone())
}

fn fold(
    approvals: &[Approval],
    reviewers: &[Reviewer],
    versions: &[Version],
    head: &str,
    mut account: impl FnMut(&User) -> Option<crate::model::Account>,
) -> Vec<Review> {
    let mut reviews: Vec<Review> = approvals
        .iter()
        .map(|it| Review {
            id: None,
            account: account(&it.user),
            state: ReviewState::Approved,
            commit: seen(it.approved_at.as_deref(), versions).map(str::to_owned),
            at: it.approved_at.as_deref().and_then(timestamp),
        })
        .collect();
    reviews.sort_by_key(|it| (it.at, it.account.as_ref().map(|it| it.id)));
    // What a reviewer asks for stands until it is taken back, whatever is pushed: it is about what
    // the merge request is now, and it comes after every approval, which it takes away.
    let against = reviewers
        .iter()
        .filter(|it| it.state.as_deref() == Some("requested_changes"));
    reviews.extend(against.map(|it| Review {
        id: None,
        account: account(&it.user),
        state: ReviewState::ChangesRequested,
        commit: Some(head.to_owned()),
        at: None,
    }));
    reviews
}

/// The commit that somebody saw who approved at that time: the one of the version that was the
/// newest before. Nobody has seen a version that came in the same second, and an approval of the
/// same commit on another base is one of another change.
fn seen<'v>(approved_at: Option<&str>, versions: &'v [Version]) -> Option<&'v str> {
    let at = timestamp(approved_at?)?;
    let before = |it: &&Version| timestamp(&it.created_at).is_some_and(|made| made < at);
    let version = versions.iter().rev().find(before)?;
    let commit = version.head_commit_sha.as_deref()?;
    let newest = versions.last()?;
    let same_commit = newest.head_commit_sha.as_deref() == Some(commit);
    let same_base = newest.base_commit_sha == version.base_commit_sha;
    (!same_commit || same_base).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Account, AccountKind};
    use serde_json::json;

    fn version(id: u64, head: &str, base: &str, at: &str) -> Version {
        serde_json::from_value(json!({
            "id": id, "head_commit_sha": head, "base_commit_sha": base, "created_at": at
        }))
        .expect("a version")
    }

    /// Two pushes, and a third version that has the second one's commit on another target.
    fn versions() -> Vec<Version> {
        vec![
            version(1, "a", "0", "2026-11-20T09:00:00.000Z"),
            version(2, "b", "0", "2026-11-20T10:00:00.500Z"),
        ]
    }

    #[test]
    fn an_approval_is_of_what_was_the_newest_version_then() {
        for (at, commit) in [
            (Some("2026-11-20T08:59:59Z"), None),
            (Some("2026-11-20T09:00:00.900Z"), None),
            (Some("2026-11-20T09:00:01Z"), Some("a")),
            (Some("2026-11-20T10:59:59+01:00"), Some("a")),
            (Some("2026-11-20T10:00:00.900Z"), Some("a")),
            (Some("2026-11-20T10:00:01Z"), Some("b")),
            (Some("2026-11-20T11:00:01+01:00"), Some("b")),
            (Some("2026-11-21T00:00:00Z"), Some("b")),
            (Some("yesterday"), None),
            (None, None),
        ] {
            assert_eq!(seen(at, &versions()), commit, "{at:?}");
        }
        assert_eq!(seen(Some("2026-11-20T10:00:01Z"), &[]), None);
    }

    #[test]
    fn the_same_commit_on_another_base_is_another_change() {
        let at = Some("2026-11-20T10:30:00Z");
        let mut all = versions();
        all.push(version(3, "b", "0", "2026-11-20T11:00:00Z"));
        assert_eq!(seen(at, &all), Some("b"));
        all.push(version(4, "b", "9", "2026-11-20T12:00:00Z"));
        assert_eq!(seen(at, &all), None);
        // Pushed back to what was approved: the same difference again.
        let mut back = versions();
        back.push(version(3, "a", "0", "2026-11-20T11:00:00Z"));
        assert_eq!(seen(Some("2026-11-20T09:30:00Z"), &back), Some("a"));
    }

    #[test]
    fn the_newest_version_must_be_the_head() {
        assert!(newest_is(&versions(), "b").is_ok());
        assert!(newest_is(&versions(), "a").is_err());
        assert!(newest_is(&versions(), "c").is_err());
        assert!(newest_is(&[], "a").is_err());
    }

    #[test]
    fn an_approval_without_a_time_has_the_one_of_its_event() {
        let event = |id: u64, at: &str, author: u64, target: u64| -> Event {
            serde_json::from_value(json!({
                "id": id, "created_at": at, "author_id": author, "target_iid": target,
                "action_name": "approved", "target_type": "MergeRequest"
            }))
            .expect("an event")
        };
        let events = [
            event(4, "2026-11-20T12:00:00Z", 1, 8),
            event(3, "2026-11-20T11:00:00Z", 1, 7),
            event(2, "2026-11-20T10:00:00Z", 1, 7),
            event(1, "2026-11-20T09:00:00Z", 2, 7),
        ];
        let at = |account| newest_approval(&events, 7, account);
        assert_eq!(at(1).as_deref(), Some("2026-11-20T11:00:00Z"));
        assert_eq!(at(2).as_deref(), Some("2026-11-20T09:00:00Z"));
        assert_eq!(at(3), None);
    }

    #[test]
    fn a_request_for_changes_comes_last() {
        let user = |id: u64| json!({"id": id, "username": format!("user{id}"), "state": "active"});
        let approvals: Vec<Approval> = serde_json::from_value(json!([
            {"user": user(2), "approved_at": "2026-11-20T10:30:00Z"},
            {"user": user(1), "approved_at": "2026-11-20T09:30:00Z"},
            {"user": user(3)},
        ]))
        .expect("approvals");
        let reviewers: Vec<Reviewer> = serde_json::from_value(json!([
            {"user": user(1), "state": "requested_changes", "created_at": "2026-11-20T09:00:00Z"},
            {"user": user(2), "state": "approved"},
            {"user": user(4), "state": "reviewed"},
            {"user": user(5), "state": "unapproved"},
            {"user": user(6)},
        ]))
        .expect("reviewers");
        let account = |it: &User| {
            Some(Account {
                id: it.id,
                login: it.username.clone(),
                kind: AccountKind::Person,
            })
        };
        let reviews = fold(&approvals, &reviewers, &versions(), "b", account);
        let told: Vec<(u64, ReviewState, Option<&str>)> = reviews
            .iter()
            .map(|it| {
                let id = it.account.as_ref().map_or(0, |it| it.id);
                (id, it.state, it.commit.as_deref())
            })
            .collect();
        assert_eq!(
            told,
            [
                (3, ReviewState::Approved, None),
                (1, ReviewState::Approved, Some("a")),
                (2, ReviewState::Approved, Some("b")),
                (1, ReviewState::ChangesRequested, Some("b")),
            ]
        );
    }
}

//! A pull request: what it is at one reading, its reviews, and who pushed last.

use super::super::http::{Failed, segment, timestamp};
use super::api::{Api, Needs};
use super::people::User;
use crate::model::{Account, Gap, Known, Proposal, Request, RequestState, Review, ReviewState};
use serde::Deserialize;

/// The request as one reading shows it. Source: schema `pull-request`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pull {
    number: u64,
    state: String,
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default)]
    merged_at: Option<String>,
    #[serde(default)]
    draft: Option<bool>,
    user: Option<User>,
    head: Side,
    base: Side,
    /// How many it has.
    #[serde(default)]
    commits: Option<u64>,
}

/// One side of a request.
#[derive(Clone, Debug, Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    /// `None`: the fork is gone.
    repo: Option<Repository>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Repository {
    id: u64,
    full_name: String,
}

/// Read the request with this number.
pub(super) fn read(api: &Api, number: u64) -> Result<Pull, Failed> {
    let what = format!("the pull request {number}");
    let path = api.of_repository(&format!("/pulls/{number}"));
    let found: Pull = api.get(&what, &path, Needs::Requests)?;
    if found.number == number {
        Ok(found)
    } else {
        let why = format!(
            "{what} cannot be read: GitHub answers with {}",
            found.number
        );
        Err(Failed::new(why, "another run"))
    }
}

impl Pull {
    /// Whether it is what the run is for.
    ///
    /// # Errors
    /// What is not.
    pub(super) fn is_as_asked(&self, asked: &Proposal) -> Result<(), Gap> {
        let number = self.number;
        let moved = |why: String| {
            Err(Gap {
                why,
                needs: "a run on the newest commit of the request".to_owned(),
            })
        };
        if self.head.sha != asked.head {
            return moved(format!(
                "pull request {number} is at {}, and this run is for {}",
                self.head.sha, asked.head
            ));
        }
        if self.base.branch != asked.branch {
            return moved(format!(
                "pull request {number} is for `{}`, and this run is for a merge into `{}`",
                self.base.branch, asked.branch
            ));
        }
        Ok(())
    }

    /// The request in the house's words.
    ///
    /// # Errors
    /// What does not fit, or is not told.
    pub(super) fn request(&self, api: &Api) -> Result<Request, Gap> {
        self.is_into(api)?;
        let number = self.number;
        let strange = |what: &str| Gap {
            why: format!("GitHub does not tell whether pull request {number} {what}"),
            needs: "another run; if it stays, a GitHub that tells it".to_owned(),
        };
        let merged = self.merged.unwrap_or(self.merged_at.is_some());
        let state = match (self.state.as_str(), merged) {
            ("open", false) => RequestState::Open,
            ("closed", false) => RequestState::Closed,
            ("closed", true) => RequestState::Merged,
            _ => return Err(strange("can still be merged")),
        };
        Ok(Request {
            number,
            state,
            draft: self.draft.ok_or_else(|| strange("is a draft"))?,
            author: self.user.as_ref().and_then(User::account),
            head: self.head.sha.clone(),
            branch: self.base.branch.clone(),
        })
    }

    /// Whether it would be merged into the repository that the job is for.
    fn is_into(&self, api: &Api) -> Result<(), Gap> {
        let into = self.base.repo.as_ref();
        let same = into.is_some_and(|it| match api.number() {
            Some(number) => it.id == number,
            None => it.full_name.eq_ignore_ascii_case(&api.slug()),
        });
        if same {
            return Ok(());
        }
        let name = into.map_or("no repository", |it| &it.full_name);
        Err(Gap {
            why: format!(
                "pull request {} is for {name}, and this job for {}",
                self.number,
                api.slug()
            ),
            needs: "`GITHUB_REPOSITORY` and `GITHUB_REPOSITORY_ID` as GitHub sets them".to_owned(),
        })
    }

    /// The commit at its tip.
    pub(super) fn head(&self) -> &str {
        &self.head.sha
    }

    /// How many commits REST counts.
    pub(super) fn commits(&self) -> Option<u64> {
        self.commits
    }

    /// The number of the repository that it would be merged into.
    pub(super) fn repository(&self) -> Option<u64> {
        self.base.repo.as_ref().map(|it| it.id)
    }

    /// What is not as it was in an earlier reading.
    pub(super) fn changed_since(&self, earlier: &Self) -> Vec<&'static str> {
        let author = |it: &Self| it.user.as_ref().map(|it| it.id);
        let merged = |it: &Self| (it.merged, it.merged_at.clone());
        let id = |it: &Side| it.repo.as_ref().map(|it| it.id);
        [
            (
                "state",
                self.state != earlier.state || merged(self) != merged(earlier),
            ),
            ("draft mark", self.draft != earlier.draft),
            ("head", self.head.sha != earlier.head.sha),
            ("base branch", self.base.branch != earlier.base.branch),
            ("head branch", self.head.branch != earlier.head.branch),
            (
                "repository",
                (id(&self.head), id(&self.base)) != (id(&earlier.head), id(&earlier.base)),
            ),
            ("author", author(self) != author(earlier)),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// A review. Source: schema `pull-request-review`.
#[derive(Clone, Debug, Deserialize)]
struct Told {
    id: u64,
    user: Option<User>,
    state: String,
    commit_id: Option<String>,
    /// Absent for one that nobody has sent off yet.
    #[serde(default)]
    submitted_at: Option<String>,
}

/// Every review, the oldest first; `counted` is how many GraphQL counts that were sent off, read
/// before these.
pub(super) fn reviews(api: &Api, number: u64, counted: u64) -> Known<Vec<Review>> {
    let what = format!("the reviews of pull request {number}");
    let path = api.of_repository(&format!("/pulls/{number}/reviews"));
    let listed = api.list(&what, &path, Needs::Requests, |it: &Told| it.id.to_string());
    let told: Vec<Told> = match listed {
        Ok(told) => told,
        Err(failed) => return failed.unknown(),
    };
    match sort(told) {
        Err(why) => Known::unknown(
            format!("{what} cannot be read: {why}"),
            "another run; if it stays, a version of Tollgate that knows this GitHub",
        ),
        Ok(reviews) if (reviews.len() as u64) < counted => Known::unknown(
            format!(
                "{what} cannot be read whole: REST lists {} where GraphQL counts {counted}",
                reviews.len()
            ),
            "another run, when nobody reviews it meanwhile",
        ),
        Ok(reviews) => Known::Known(reviews),
    }
}

/// Reviews in the house's words, the oldest first.
fn sort(told: Vec<Told>) -> Result<Vec<Review>, String> {
    let mut reviews = Vec::new();
    for it in told {
        let state = match it.state.as_str() {
            "APPROVED" => ReviewState::Approved,
            "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
            "COMMENTED" => ReviewState::Commented,
            "DISMISSED" => ReviewState::Dismissed,
            "PENDING" => continue,
            other => return Err(format!("the state of review {} is `{other}`", it.id)),
        };
        let at = (it.submitted_at.as_deref()).and_then(timestamp);
        let at = at.ok_or_else(|| format!("nobody says when review {} was given", it.id))?;
        reviews.push(Review {
            id: Some(it.id),
            account: it.user.as_ref().and_then(User::account),
            state,
            commit: it.commit_id.filter(|it| !it.is_empty()),
            at: Some(at),
        });
    }
    reviews.sort_by_key(|it| (it.at, it.id));
    Ok(reviews)
}

/// Something that moved a branch. Source: schema `activity`.
#[derive(Clone, Debug, Deserialize)]
struct Activity {
    id: u64,
    after: String,
    #[serde(rename = "ref")]
    branch: String,
    timestamp: String,
    activity_type: String,
    actor: Option<User>,
}

/// Who pushed to the head branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pushers {
    /// Who pushed the head.
    pub(super) last: Account,
    /// Who alone has pushed to it ever since it was made.
    pub(super) alone: Option<u64>,
}

/// Entries of the log that are read.
const LOG: usize = 100;

/// Who pushed: who moved the head branch, in the log that GitHub's servers keep of the repository
/// that it is in. No commit says it, whatever stands in it.
pub(super) fn pushers(api: &Api, pull: &Pull) -> Known<Pushers> {
    let Some(source) = &pull.head.repo else {
        return Known::unknown(
            "nobody knows who pushed last: the fork that the request comes from is gone",
            "a request from a repository that exists",
        );
    };
    let is_fork = pull.repository() != Some(source.id);
    let (root, needs) = match source.full_name.split_once('/') {
        Some((owner, name)) if is_fork => (
            format!("/repos/{}/{}", segment(owner), segment(name)),
            Needs::Source,
        ),
        _ => (api.of_repository(""), Needs::Contents),
    };
    let branch = format!("refs/heads/{}", pull.head.branch);
    let what = format!("who pushed to `{}` last", pull.head.branch);
    // The newest stand on the first page.
    let path = format!("{root}/activity?ref={}&per_page={LOG}", segment(&branch));
    let log: Vec<Activity> = match api.get(&what, &path, needs) {
        Ok(log) => log,
        Err(failed) => return failed.unknown(),
    };
    let Some(newest) = newest(&log, &branch).filter(|it| it.after == pull.head.sha) else {
        return Known::unknown(
            format!(
                "GitHub's log of `{}` does not end with a push of {}",
                pull.head.branch, pull.head.sha
            ),
            "another run, when GitHub has noted the push; if it stays, one more push to the branch",
        );
    };
    match newest.actor.as_ref().and_then(User::account) {
        Some(last) => Known::Known(Pushers {
            alone: is_alone(&log, &branch, last.id).then_some(last.id),
            last,
        }),
        None => Known::unknown(
            "the account that pushed last is gone",
            "a push by an account that exists",
        ),
    }
}

/// Whether nobody else is in the log, and the log goes back to where the branch was made.
fn is_alone(log: &[Activity], branch: &str, id: u64) -> bool {
    let ours = || log.iter().filter(|it| it.branch == branch);
    log.len() < LOG
        && ours().any(|it| it.activity_type == "branch_creation")
        && ours().all(|it| it.actor.as_ref().is_some_and(|it| it.id == id))
}

fn newest<'l>(log: &'l [Activity], branch: &str) -> Option<&'l Activity> {
    let ours = log.iter().filter(|it| it.branch == branch);
    ours.max_by_key(|it| (timestamp(&it.timestamp), it.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn review(id: u64, state: &str, at: &Value) -> Told {
        serde_json::from_value(json!({
            "id": id, "user": {"id": id, "login": "ann", "type": "User"}, "state": state,
            "commit_id": "a", "submitted_at": at,
        }))
        .expect("a review")
    }

    #[test]
    fn reviews_are_sorted_by_when_they_were_given() {
        let at = |minute: u64| json!(format!("2026-11-20T09:{minute:02}:00Z"));
        let sorted = sort(vec![
            review(3, "APPROVED", &at(1)),
            review(9, "PENDING", &Value::Null),
            review(1, "CHANGES_REQUESTED", &at(5)),
            review(4, "DISMISSED", &at(1)),
        ])
        .unwrap_or_else(|why| panic!("{why}"));
        let ids: Vec<Option<u64>> = sorted.iter().map(|it| it.id).collect();
        assert_eq!(ids, [Some(3), Some(4), Some(1)]);
        for (state, at) in [
            ("APPROVED", Value::Null),
            ("APPROVED", json!("yesterday")),
            ("approved", at(1)),
            ("RESOLVED", at(1)),
        ] {
            assert!(sort(vec![review(1, state, &at)]).is_err(), "{state} {at}");
        }
    }

    #[test]
    fn the_log_is_read_by_time() {
        let entry = |id: u64, branch: &str, at: &str| -> Activity {
            serde_json::from_value(json!({
                "id": id, "after": id.to_string(), "ref": branch, "timestamp": at,
                "activity_type": "push", "actor": null,
            }))
            .expect("an entry")
        };
        let log = [
            entry(1, "refs/heads/a", "2026-11-20T09:00:00Z"),
            entry(2, "refs/heads/a", "2026-11-20T09:00:00Z"),
            entry(3, "refs/heads/a", "2026-11-20T08:00:00Z"),
            entry(4, "refs/heads/b", "2026-11-20T10:00:00Z"),
        ];
        assert_eq!(newest(&log, "refs/heads/a").map(|it| it.id), Some(2));
        assert!(newest(&log, "refs/heads/c").is_none());
    }
    #[test]
    fn somebody_is_alone_who_made_the_branch_and_everything_on_it() {
        let log = |entries: &[(&str, u64)]| -> Vec<Activity> {
            let all = entries.iter().enumerate().map(|(index, (kind, actor))| {
                json!({
                    "id": index, "after": "a", "ref": "x", "timestamp": "2026-11-20T09:00:00Z",
                    "activity_type": kind, "actor": {"id": actor, "login": "it", "type": "Bot"},
                })
            });
            serde_json::from_value(all.collect()).expect("a log")
        };
        for (entries, alone) in [
            (&[("push", 1), ("branch_creation", 1)][..], true),
            (&[("branch_creation", 1)], true),
            (&[("push", 1)], false),
            (&[("push", 1), ("push", 2), ("branch_creation", 1)], false),
            (&[("push", 1), ("branch_creation", 2)], false),
            (&[], false),
        ] {
            assert_eq!(is_alone(&log(entries), "x", 1), alone, "{entries:?}");
            assert!(!is_alone(&log(entries), "y", 1));
        }
        let mut long = vec![("push", 1); LOG - 1];
        long.push(("branch_creation", 1));
        assert!(!is_alone(&log(&long), "x", 1));
    }
}

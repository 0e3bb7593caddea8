//! A merge request: its state, its versions, its commits' authors, and who pushed last.

use super::super::http::{Failed, segment, timestamp};
use super::api::{self, Api, Needs};
use super::members::{People, User};
use crate::model::{Account, Contributor, Gap, Known, Request, RequestState};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The merge request as one reading shows it. Source: `API::Entities::MergeRequest`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct MergeRequest {
    iid: u64,
    state: String,
    #[serde(default)]
    draft: Option<bool>,
    /// What `draft` was called before GitLab 14.
    #[serde(default)]
    work_in_progress: Option<bool>,
    #[serde(default)]
    author: Option<User>,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    diff_refs: Option<DiffRefs>,
    target_branch: String,
    source_branch: String,
    #[serde(default)]
    source_project_id: Option<u64>,
    target_project_id: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct DiffRefs {
    #[serde(default)]
    head_sha: Option<String>,
}

/// What a push, or another target, made of a merge request. Source:
/// `API::Entities::MergeRequestDiff`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Version {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) head_commit_sha: Option<String>,
    #[serde(default)]
    pub(super) base_commit_sha: Option<String>,
    pub(super) created_at: String,
}

/// Read the merge request with this number.
pub(super) fn read(api: &Api, number: u64) -> Result<MergeRequest, Failed> {
    let what = format!("the merge request !{number}");
    let path = api.of_project(&format!("/merge_requests/{number}"));
    let found: MergeRequest = api.get(&what, &path, Needs::Reporter)?;
    if found.iid == number {
        Ok(found)
    } else {
        let why = format!("{what} cannot be read: GitLab answers with !{}", found.iid);
        Err(Failed::new(why, "another run"))
    }
}

/// Every version of the merge request, the oldest first.
pub(super) fn versions(api: &Api, number: u64) -> Result<Vec<Version>, Failed> {
    let what = format!("the versions of merge request !{number}");
    let path = api.of_project(&format!("/merge_requests/{number}/versions"));
    let mut versions: Vec<Version> = api.list(&what, &path, Needs::Reporter, |it: &Version| {
        it.id.to_string()
    })?;
    versions.sort_by_key(|it| it.id);
    Ok(versions)
}

impl MergeRequest {
    /// The merge request in the house's words.
    pub(super) fn request(&self, author: Option<Account>) -> Result<Request, Gap> {
        let state = match self.state.as_str() {
            "opened" => RequestState::Open,
            "closed" => RequestState::Closed,
            "merged" => RequestState::Merged,
            other => {
                return Err(Gap {
                    why: format!("GitLab calls the state of !{} `{other}`", self.iid),
                    needs: "another run, when GitLab has done with it".to_owned(),
                });
            }
        };
        Ok(Request {
            number: self.iid,
            state,
            draft: self.draft.or(self.work_in_progress).unwrap_or(false),
            author,
            head: self.head()?.to_owned(),
            branch: self.target_branch.clone(),
        })
    }

    /// Whether it would be merged into the project with this number.
    pub(super) fn is_into(&self, project: u64) -> bool {
        self.target_project_id == project
    }

    /// Who opened it.
    pub(super) fn author(&self) -> Option<&User> {
        self.author.as_ref()
    }

    /// The commit at its tip, if all that GitLab says of it agrees.
    pub(super) fn head(&self) -> Result<&str, Gap> {
        let gap = |why: String| Gap {
            why,
            needs: "another run, when GitLab has read the last push".to_owned(),
        };
        let head = self.sha.as_deref().filter(|it| !it.is_empty());
        let head = head.ok_or_else(|| gap(format!("GitLab knows no commit of !{}", self.iid)))?;
        let of_diff = self
            .diff_refs
            .as_ref()
            .and_then(|it| it.head_sha.as_deref());
        match of_diff {
            Some(other) if other != head => Err(gap(format!(
                "GitLab says that !{} is at {head} and shows the difference of {other}",
                self.iid
            ))),
            _ => Ok(head),
        }
    }

    /// What is not as it was in an earlier reading.
    pub(super) fn changed_since(&self, earlier: &Self) -> Vec<&'static str> {
        let author = |it: &Self| it.author.as_ref().map(|it| it.id);
        let draft = |it: &Self| it.draft.or(it.work_in_progress);
        [
            ("state", self.state != earlier.state),
            ("draft mark", draft(self) != draft(earlier)),
            ("head", self.sha != earlier.sha),
            ("target branch", self.target_branch != earlier.target_branch),
            ("source branch", self.source_branch != earlier.source_branch),
            (
                "project",
                (self.source_project_id, self.target_project_id)
                    != (earlier.source_project_id, earlier.target_project_id),
            ),
            ("author", author(self) != author(earlier)),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// A commit of the merge request. Source: `API::Entities::Commit`.
#[derive(Clone, Debug, Deserialize)]
struct Commit {
    id: String,
    #[serde(default)]
    parent_ids: Vec<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    author_email: Option<String>,
    #[serde(default)]
    committer_email: Option<String>,
}

impl Commit {
    fn is_merge(&self) -> bool {
        self.parent_ids.len() > 1
    }
}

/// A page of GraphQL's commits. Source: "GraphQL API resources", `MergeRequest`, `Commit`.
#[derive(Debug, Deserialize)]
struct Page {
    project: Option<PageProject>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageProject {
    merge_request: Option<PageRequest>,
}

#[derive(Debug, Deserialize)]
struct PageRequest {
    commits: Connection<Authored>,
    committers: Connection<Person>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection<T> {
    page_info: PageInfo,
    nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Authored {
    sha: String,
    #[serde(default)]
    author: Option<Person>,
}

/// An account in GraphQL.
#[derive(Clone, Debug, Deserialize)]
struct Person {
    /// `gid://gitlab/User/42`
    id: String,
    username: String,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    bot: Option<bool>,
}

impl Person {
    fn user(&self) -> Option<User> {
        Some(User {
            id: self.id.rsplit_once("/User/")?.1.parse().ok()?,
            username: self.username.clone(),
            state: self.state.clone(),
            bot: self.bot,
        })
    }
}

const AUTHORS: &str = "query($path: ID!, $iid: String!, $after: String) {
  project(fullPath: $path) { mergeRequest(iid: $iid) {
    commits(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { sha author { id username state bot } }
    }
    committers(first: 100) { pageInfo { hasNextPage } nodes { id username state bot } }
  } }
}";

/// Pages of commits that are read.
const MOST_PAGES: usize = 100;

/// Whose accounts GitLab knows behind a merge request's commits.
#[derive(Debug, Default)]
struct Accounts {
    /// The account of the author's address, by commit id.
    authors: BTreeMap<String, Option<User>>,
    /// Accounts of the committers' addresses, merge commits left aside. Which address is whose
    /// GitLab does not say.
    committers: Vec<User>,
    /// Whether these are all.
    all_committers: bool,
}

/// Who had a hand in the commits, by commit id. The addresses come from REST; the accounts behind
/// them, which GitLab knows by addresses that people do not show, come from GraphQL.
pub(super) fn commits(
    api: &Api,
    people: &mut People,
    path: Option<&str>,
    number: u64,
) -> Known<BTreeMap<String, Vec<Contributor>>> {
    let what = format!("the commits of merge request !{number}");
    let at = api.of_project(&format!("/merge_requests/{number}/commits"));
    let listed = api.list(&what, &at, Needs::Reporter, |it: &Commit| it.id.clone());
    let commits: Vec<Commit> = match listed {
        Ok(commits) => commits,
        Err(failed) => return failed.unknown(),
    };
    let Some(path) = path else {
        return Known::unknown(
            "the authors of the commits cannot be asked for: the project's path is not known",
            api.lacks(Needs::Reporter),
        );
    };
    match accounts(api, path, number) {
        Ok(accounts) => Known::Known(contributors(&commits, &accounts, people, api.host())),
        Err(failed) => failed.unknown(),
    }
}

fn accounts(api: &Api, path: &str, number: u64) -> Result<Accounts, Failed> {
    let what = format!("the authors of the commits of merge request !{number}");
    let mut found = Accounts::default();
    let mut after: Option<String> = None;
    let broken =
        |why: &str| Failed::new(format!("{what} cannot be read whole: {why}"), "another run");
    for _ in 0..MOST_PAGES {
        let variables = json!({"path": path, "iid": number.to_string(), "after": after});
        let page: Page = api.graphql(&what, AUTHORS, &variables)?;
        let request = (page.project.and_then(|it| it.merge_request)).ok_or_else(|| {
            Failed::new(
                format!("{what} cannot be read: GraphQL shows no such merge request"),
                api.lacks(Needs::Reporter),
            )
        })?;
        found.all_committers = !request.committers.page_info.has_next_page;
        found.committers = (request.committers.nodes.iter())
            .filter_map(Person::user)
            .collect();
        for node in request.commits.nodes {
            let author = node.author.as_ref().and_then(Person::user);
            if found.authors.insert(node.sha, author).is_some() {
                return Err(broken("a page repeats what an earlier one held"));
            }
        }
        if !request.commits.page_info.has_next_page {
            return Ok(found);
        }
        let next = request.commits.page_info.end_cursor;
        if next.is_none() || next == after {
            return Err(broken("its pages do not go on"));
        }
        after = next;
    }
    Err(broken("it has too many commits"))
}

/// Attribute each commit; one whose authors nobody can tell is left out.
///
/// A committer whose address is not that of an author is looked for among the accounts that GitLab
/// names as committers. As it does not say which address is whose, all of them are taken to have had
/// a hand in every such commit, and the addresses stay unmatched, unless there are as many of them
/// as accounts: then each belongs to one. A co-author is known by an address that is also an
/// author's and otherwise stays an address: GitLab itself reads nothing into that line.
fn contributors(
    commits: &[Commit],
    accounts: &Accounts,
    people: &mut People,
    host: &str,
) -> BTreeMap<String, Vec<Contributor>> {
    let mut owners: BTreeMap<String, Account> = BTreeMap::new();
    let mut strangers: BTreeSet<String> = BTreeSet::new();
    for commit in commits {
        let email = commit.author_email.as_deref().unwrap_or_default();
        match accounts.authors.get(&commit.id) {
            Some(Some(author)) => {
                owners.insert(email.to_lowercase(), people.learn(author));
            }
            Some(None) => {
                strangers.insert(email.to_lowercase());
            }
            None => {}
        }
    }
    let authors: BTreeSet<u64> = owners.values().map(|it| it.id).collect();
    let others: Vec<Contributor> = (accounts.committers.iter())
        .filter(|it| !authors.contains(&it.id))
        .map(|it| Contributor::Account(people.learn(it)))
        .collect();
    let known = |email: &str| match owners.get(&email.to_lowercase()) {
        Some(account) => Some(Contributor::Account(account.clone())),
        None => match private_address(email, host) {
            Some(account) => Some(Contributor::Account(account)),
            None if strangers.contains(&email.to_lowercase()) => Some(stranger(email)),
            None => None,
        },
    };
    let unmatched: BTreeSet<String> = commits
        .iter()
        .filter(|it| !it.is_merge())
        .map(|it| it.committer_email.as_deref().unwrap_or_default())
        .filter(|it| known(it).is_none())
        .map(str::to_lowercase)
        .collect();
    let every_one_matched = unmatched.len() == others.len();
    let attribute = |commit: &Commit| -> Option<Vec<Contributor>> {
        // GraphQL is asked after REST: a commit that it does not show has come or gone between.
        accounts.authors.get(&commit.id)?;
        let written = commit.author_email.as_deref().unwrap_or_default();
        let committed = commit.committer_email.as_deref().unwrap_or_default();
        let mut hands: BTreeSet<Contributor> = known(written).into_iter().collect();
        match known(committed) {
            Some(hand) => {
                hands.insert(hand);
            }
            None if accounts.all_committers && unmatched.contains(&committed.to_lowercase()) => {
                hands.extend(others.iter().cloned());
                if !every_one_matched {
                    hands.insert(stranger(committed));
                }
            }
            None => return None,
        }
        let message = commit.message.as_deref().unwrap_or_default();
        let named = co_authors(message).into_iter();
        hands.extend(named.map(|it| known(&it).unwrap_or_else(|| stranger(&it))));
        Some(hands.into_iter().collect())
    };
    commits
        .iter()
        .filter_map(|it| Some((it.id.clone(), attribute(it)?)))
        .collect()
}

fn stranger(email: &str) -> Contributor {
    let email = if email.is_empty() { "nobody" } else { email };
    Contributor::Unmatched(email.to_owned())
}

/// Addresses in `Co-authored-by: Name <address>` lines.
fn co_authors(message: &str) -> Vec<String> {
    const KEY: &str = "co-authored-by:";
    let lines = message.lines().map(str::trim);
    lines
        .filter(|it| {
            it.get(..KEY.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(KEY))
        })
        .map(|it| {
            let rest = it.get(KEY.len()..).unwrap_or_default();
            let address = rest.rsplit_once('<').map_or(rest, |(_, it)| it);
            address.trim().trim_end_matches('>').trim().to_owned()
        })
        .collect()
}

/// The account in an address that GitLab gives to those who hide their own:
/// `42-ann@users.noreply.gitlab.com`. Source: "Change your commit email", private commit email.
fn private_address(email: &str, host: &str) -> Option<Account> {
    let (local, domain) = email.split_once('@')?;
    let ours = domain.strip_prefix("users.noreply.")?;
    let (id, login) = local.split_once('-')?;
    if !ours.eq_ignore_ascii_case(host) || login.is_empty() {
        return None;
    }
    Some(Account {
        id: id.parse().ok()?,
        login: login.to_owned(),
        kind: crate::model::AccountKind::Other,
    })
}

/// A push. Source: `API::Entities::Event`, `PushEventPayload`.
#[derive(Debug, Deserialize)]
struct Event {
    id: u64,
    created_at: String,
    #[serde(default)]
    author: Option<User>,
    #[serde(default)]
    push_data: Option<Push>,
}

#[derive(Debug, Deserialize)]
struct Push {
    #[serde(default)]
    commit_to: Option<String>,
    #[serde(default, rename = "ref")]
    branch: Option<String>,
}

/// Days before the head's version in which its push is looked for; the second where it is not
/// among the first: a branch may have been pushed long before the request was opened.
const DAYS: [u64; 2] = [2, 92];

/// Who pushed the head: the author of the newest push of it to the source branch.
pub(super) fn last_pusher(
    api: &Api,
    people: &mut People,
    request: &MergeRequest,
    versions: &[Version],
) -> Known<Account> {
    let head = match request.head() {
        Ok(head) => head,
        Err(gap) => return Known::Unknown(gap),
    };
    let Some(source) = request.source_project_id else {
        return Known::unknown(
            "nobody knows who pushed last: the project that the merge request comes from is gone",
            "a merge request from a project that exists",
        );
    };
    let since = (versions.iter().rev())
        .find(|it| it.head_commit_sha.as_deref() == Some(head))
        .and_then(|it| timestamp(&it.created_at))
        .unwrap_or(0);
    let source = source.to_string();
    for days in DAYS {
        let after = day(since.saturating_sub(days * 86_400));
        let path = api::of_project(
            &source,
            &format!("/events?action=pushed&after={}", segment(&after)),
        );
        let events = match api.list::<Event>(
            "the pushes to the source project",
            &path,
            Needs::Source,
            |it: &Event| it.id.to_string(),
        ) {
            Ok(events) => events,
            Err(failed) => return failed.unknown(),
        };
        if let Some(event) = newest_push(&events, head, &request.source_branch) {
            let account = (event.author.as_ref()).and_then(|it| people.account(api, it));
            return account.map_or_else(
                || {
                    Known::unknown(
                        "the account that pushed last is gone",
                        "a push by an account that exists",
                    )
                },
                Known::Known,
            );
        }
    }
    Known::unknown(
        format!(
            "GitLab remembers no push of {head} to `{}`",
            request.source_branch
        ),
        "a push of the branch alone: GitLab keeps no commit of a push of many branches, and no push for ever",
    )
}

fn newest_push<'e>(events: &'e [Event], head: &str, branch: &str) -> Option<&'e Event> {
    let ours = |it: &&Event| {
        it.push_data.as_ref().is_some_and(|push| {
            push.commit_to.as_deref() == Some(head) && push.branch.as_deref() == Some(branch)
        })
    };
    let at = |it: &&Event| (timestamp(&it.created_at), it.id);
    events.iter().filter(ours).max_by_key(at)
}

/// A day as GitLab's `after` takes it, from seconds since 1970.
pub(super) fn day(seconds: u64) -> String {
    let days = i64::try_from(seconds / 86_400).unwrap_or_default();
    // Days are counted from the first of March of the year 0, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year_of_era + next)
}

#[cfg(test)]
mod tests;

//! A GitHub that knows one pull request: a scenario in a few lines, answered in GitHub's shapes
//! through REST and GraphQL, and only as far as the token may see.

use super::change::Change;
use super::faults::matches;
use super::graphql;
use super::scenario::{Route, read};
use super::server::{Answer, Seen, Service};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a scenario file says. Everything has a default but the accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitHub {
    #[serde(default = "repository")]
    repository: String,
    #[serde(default)]
    token: Token,
    #[serde(default)]
    request: Request,
    /// Members of the request that are different from the second reading on.
    #[serde(default)]
    then: Option<Value>,
    /// By login.
    #[serde(default)]
    accounts: BTreeMap<String, Account>,
    #[serde(default)]
    reviews: Vec<Review>,
    /// The newest first; those of git unless given.
    #[serde(default)]
    commits: Vec<Commit>,
    /// Logins of those who pushed to the branch, the newest first; the author unless given.
    #[serde(default)]
    pushes: Option<Vec<String>>,
    /// Members by team (`acme/platform`), each with its state (`active`, `pending`).
    #[serde(default)]
    teams: BTreeMap<String, BTreeMap<String, String>>,
    /// As `GET /repos/acme/gitops/rulesets/ID` gives them, with their rules.
    #[serde(default)]
    rulesets: Vec<Value>,
    /// As `GET /repos/acme/gitops/branches/main/protection` gives it; `null`: not protected.
    #[serde(default)]
    classic: Option<Value>,
    /// Answers that come before all others.
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(skip)]
    readings: AtomicUsize,
}

/// What the token is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Token {
    /// That of a job, `GITHUB_TOKEN`.
    #[default]
    Job,
    /// That of a person who may read and write.
    Writer,
    /// One with Administration: read and Members: read.
    Admin,
    /// One that has expired.
    Expired,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    number: u64,
    author: Option<String>,
    state: String,
    draft: bool,
    merged: bool,
    head: String,
    base: String,
    branch: String,
    /// `None`: the fork that it came from is gone.
    from: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            number: 7,
            author: Some("ann".to_owned()),
            state: "open".to_owned(),
            draft: false,
            merged: false,
            head: "${HEAD}".to_owned(),
            base: "${BASE}".to_owned(),
            branch: "main".to_owned(),
            from: Some("acme/gitops".to_owned()),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    id: u64,
    /// `User`, `Bot`, `Organization`, `Mannequin`.
    #[serde(default = "user")]
    kind: String,
    /// `none`, `read`, `triage`, `write`, `maintain`, `admin`, or a role of the organisation's own.
    #[serde(default = "write")]
    role: String,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default = "member")]
    association: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    /// `null`: the account is gone.
    by: Option<String>,
    #[serde(default = "approved")]
    state: String,
    /// The head unless given; `null`: lost.
    #[serde(default = "head")]
    commit: Option<String>,
    #[serde(default = "moment")]
    at: String,
    #[serde(default)]
    body: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) author: String,
    pub(super) committer: String,
    #[serde(default)]
    pub(super) message: String,
    /// Whether GitHub's servers made it.
    #[serde(default)]
    pub(super) signed: bool,
}

fn repository() -> String {
    "acme/gitops".to_owned()
}
fn user() -> String {
    "User".to_owned()
}
fn write() -> String {
    "write".to_owned()
}
fn member() -> String {
    "MEMBER".to_owned()
}
fn approved() -> String {
    "APPROVED".to_owned()
}
#[allow(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn head() -> Option<String> {
    Some("${HEAD}".to_owned())
}
fn moment() -> String {
    "2026-11-20T09:00:00Z".to_owned()
}

/// What the token of a job is told where it may not look.
const NOT_FOR_JOBS: &str = "Resource not accessible by integration";

impl GitHub {
    /// A scenario for a change: `${HEAD}` and `${BASE}` are its commits.
    pub(crate) fn new(scenario: &str, change: &Change) -> Self {
        let defaults = |text: &str| {
            text.replace("${HEAD}", &change.head)
                .replace("${BASE}", &change.base)
        };
        let mut github: Self = read(&defaults(scenario));
        for it in [&mut github.request.head, &mut github.request.base] {
            *it = defaults(it);
        }
        for it in &mut github.reviews {
            it.commit = it.commit.as_deref().map(defaults);
        }
        if github.commits.is_empty() {
            github.commits = super::scenario::commits(change);
        }
        github
    }

    fn route(&self, request: &Seen, url: &str) -> Answer {
        let names: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let under = format!("repos/{}", self.repository);
        let root: Vec<&str> = under.split('/').collect();
        match names.as_slice() {
            ["user"] if self.token == Token::Job => Answer::message(403, NOT_FOR_JOBS),
            ["rate_limit"] => Answer::One(
                200,
                json!({"resources": {}, "rate": {"limit": 5000, "remaining": 4999, "reset": 0, "used": 1}}),
            ),
            ["orgs", org, "teams", slug, rest @ ..] => {
                self.team(&format!("{org}/{slug}"), rest, url)
            }
            ["user", id] => self.found(|_, it| it.id.to_string() == *id, url),
            ["users", login] => self.found(|name, _| name.eq_ignore_ascii_case(login), url),
            all if all.starts_with(&root) => self.in_repository(&all[root.len()..], url),
            ["repos", owner, name, "activity"]
                if self.request.from.as_deref() == Some(&format!("{owner}/{name}")) =>
            {
                Answer::List(self.activity(url))
            }
            _ => Answer::message(404, "Not Found"),
        }
    }

    fn in_repository(&self, names: &[&str], url: &str) -> Answer {
        let number = self.request.number.to_string();
        match names {
            [] => Answer::One(200, self.repository(url)),
            ["pulls", n, rest @ ..] if *n == number => match rest {
                [] => Answer::One(200, self.pull(url)),
                ["reviews"] => Answer::List(self.reviews(url)),
                // GitHub shows no more than 250, the oldest first.
                ["commits"] => Answer::List(
                    self.commits
                        .iter()
                        .rev()
                        .take(250)
                        .map(|it| self.commit(it, url))
                        .collect(),
                ),
                _ => Answer::message(404, "Not Found"),
            },
            ["activity"] => Answer::List(self.activity(url)),
            ["collaborators", login, "permission"] => self.permission(login, url),
            ["rules", "branches", branch] if *branch == self.request.branch => {
                Answer::List(self.rules())
            }
            ["rules", "branches", _] => Answer::List(Vec::new()),
            ["rulesets"] => Answer::List(
                self.rulesets
                    .iter()
                    .map(|it| {
                        without(
                            self.ruleset(it, url),
                            &["rules", "bypass_actors", "conditions"],
                        )
                    })
                    .collect(),
            ),
            ["rulesets", id] => match self
                .rulesets
                .iter()
                .find(|it| it["id"].as_u64() == id.parse().ok())
            {
                Some(it) => Answer::One(200, self.ruleset(it, url)),
                None => Answer::message(404, "Not Found"),
            },
            ["branches", branch] if *branch == self.request.branch => {
                Answer::One(200, self.branch(url))
            }
            ["branches", branch, "protection", rest @ ..] if *branch == self.request.branch => {
                self.protection(rest)
            }
            _ => Answer::message(404, "Not Found"),
        }
    }

    fn protection(&self, rest: &[&str]) -> Answer {
        match (self.token, &self.classic, rest) {
            (Token::Job, ..) => Answer::message(403, NOT_FOR_JOBS),
            (Token::Writer | Token::Expired, ..) => Answer::message(404, "Not Found"),
            (Token::Admin, None, _) => Answer::message(404, "Branch not protected"),
            (Token::Admin, Some(it), []) => Answer::One(200, it.clone()),
            (Token::Admin, Some(it), [name]) => match it.get(*name) {
                Some(it) => Answer::One(200, it.clone()),
                None => Answer::message(404, "Not Found"),
            },
            _ => Answer::message(404, "Not Found"),
        }
    }

    fn team(&self, name: &str, rest: &[&str], url: &str) -> Answer {
        let name = name.to_lowercase();
        if self.token == Token::Job {
            return Answer::message(403, NOT_FOR_JOBS);
        }
        let Some(members) = self.teams.get(&name).filter(|_| self.token == Token::Admin) else {
            return Answer::message(404, "Not Found");
        };
        match rest {
            ["members"] => {
                let active = members.iter().filter(|it| it.1 == "active");
                Answer::List(active.map(|it| self.user(Some(it.0), url)).collect())
            }
            ["memberships", login] => {
                let mut found = members.iter();
                match found.find(|it| it.0.eq_ignore_ascii_case(login)) {
                    Some((login, state)) => Answer::One(
                        200,
                        json!({"url": format!("{url}/orgs/{name}/memberships/{login}"), "role": "member", "state": state}),
                    ),
                    None => Answer::message(404, "Not Found"),
                }
            }
            [] => Answer::One(
                200,
                json!({"id": 1, "name": name, "slug": name.rsplit('/').next()}),
            ),
            _ => Answer::message(404, "Not Found"),
        }
    }

    fn found(&self, is: impl Fn(&str, &Account) -> bool, url: &str) -> Answer {
        match self.accounts.iter().find(|it| is(it.0, it.1)) {
            Some((login, _)) => Answer::One(200, self.user(Some(login), url)),
            None => Answer::message(404, "Not Found"),
        }
    }

    fn account(&self, login: &str) -> Account {
        self.accounts
            .get(login)
            .cloned()
            .unwrap_or_else(|| match login {
                "web-flow" => Account {
                    id: 19_864_447,
                    kind: user(),
                    role: "none".to_owned(),
                    emails: vec!["noreply@github.com".to_owned()],
                    association: "NONE".to_owned(),
                },
                _ => panic!("the scenario names no account `{login}`"),
            })
    }

    fn login_of(&self, email: &str) -> Option<&str> {
        let mut all = self.accounts.iter();
        let own = all.find(|it| it.1.emails.iter().any(|it| it == email));
        own.map(|it| it.0.as_str())
            .or_else(|| (email == "noreply@github.com").then_some("web-flow"))
    }

    fn user(&self, login: Option<&str>, url: &str) -> Value {
        let Some(login) = login else {
            return Value::Null;
        };
        let account = self.account(login);
        let mut user = json!({
            "login": login,
            "id": account.id,
            "node_id": format!("U_{}", account.id),
            "gravatar_id": "",
            "type": account.kind,
            "site_admin": false,
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}", account.id),
            "html_url": format!("https://github.com/{login}"),
            "url": format!("{url}/users/{login}"),
        });
        for name in [
            "events",
            "followers",
            "following",
            "gists",
            "organizations",
            "received_events",
            "repos",
            "starred",
            "subscriptions",
        ] {
            user[format!("{name}_url")] = format!("{url}/users/{login}/{name}").into();
        }
        user
    }

    fn owner(&self, url: &str) -> Value {
        let owner = self.repository.split('/').next().expect("an owner");
        let mut user = json!({
            "login": owner, "id": 1000, "node_id": "O_1000", "gravatar_id": "",
            "type": "Organization", "site_admin": false,
            "avatar_url": "https://avatars.githubusercontent.com/u/1000",
            "html_url": format!("https://github.com/{owner}"), "url": format!("{url}/users/{owner}"),
        });
        for name in [
            "events",
            "followers",
            "following",
            "gists",
            "organizations",
            "received_events",
            "repos",
            "starred",
            "subscriptions",
        ] {
            user[format!("{name}_url")] = format!("{url}/users/{owner}/{name}").into();
        }
        user
    }

    fn repository(&self, url: &str) -> Value {
        let name = self.repository.split('/').nth(1).expect("a name");
        let own = format!("{url}/repos/{}", self.repository);
        let mut it = json!({
            "id": 2000, "node_id": "R_2000", "name": name, "full_name": self.repository,
            "owner": self.owner(url), "private": true, "fork": false, "description": null,
            "html_url": format!("https://github.com/{}", self.repository), "url": own,
            "clone_url": format!("https://github.com/{}.git", self.repository),
            "git_url": format!("git://github.com/{}.git", self.repository),
            "ssh_url": format!("git@github.com:{}.git", self.repository),
            "svn_url": format!("https://github.com/{}", self.repository),
            "mirror_url": null, "homepage": null, "language": null, "license": null,
            "default_branch": "main", "archived": false, "disabled": false, "visibility": "private",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z",
            "pushed_at": "2026-11-20T08:00:00Z",
            "permissions": {"pull": true, "triage": true, "push": true, "maintain": false, "admin": self.token == Token::Admin},
        });
        for name in [
            "archive",
            "assignees",
            "blobs",
            "branches",
            "collaborators",
            "comments",
            "commits",
            "compare",
            "contents",
            "contributors",
            "deployments",
            "downloads",
            "events",
            "forks",
            "git_commits",
            "git_refs",
            "git_tags",
            "hooks",
            "issue_comment",
            "issue_events",
            "issues",
            "keys",
            "labels",
            "languages",
            "merges",
            "milestones",
            "notifications",
            "pulls",
            "releases",
            "stargazers",
            "statuses",
            "subscribers",
            "subscription",
            "tags",
            "teams",
            "trees",
        ] {
            it[format!("{name}_url")] = format!("{own}/{name}").into();
        }
        for name in [
            "forks",
            "forks_count",
            "stargazers_count",
            "watchers",
            "watchers_count",
            "size",
            "open_issues",
            "open_issues_count",
            "network_count",
            "subscribers_count",
        ] {
            it[name] = 0.into();
        }
        for name in [
            "has_issues",
            "has_projects",
            "has_wiki",
            "has_pages",
            "has_downloads",
            "has_discussions",
        ] {
            it[name] = false.into();
        }
        it
    }

    /// The request as it is at this reading.
    fn at_reading(&self) -> Value {
        let it = &self.request;
        let mut now = json!({
            "state": it.state, "draft": it.draft, "merged": it.merged, "head": it.head,
            "branch": it.branch, "author": it.author, "base": it.base, "from": it.from,
        });
        if self.readings.fetch_add(1, Ordering::SeqCst) > 0
            && let Some(Value::Object(then)) = &self.then
        {
            for (name, value) in then {
                now[name] = value.clone();
            }
        }
        now
    }

    fn pull(&self, url: &str) -> Value {
        let now = self.at_reading();
        let n = self.request.number;
        let own = format!("{url}/repos/{}/pulls/{n}", self.repository);
        let issue = format!("{url}/repos/{}/issues/{n}", self.repository);
        let statuses = format!("{url}/repos/{}/statuses", self.repository);
        let author = self.user(now["author"].as_str(), url);
        let side = |name: &str, sha: &Value, repo: Value| {
            json!({
                "label": format!("acme:{name}"), "ref": name, "sha": sha, "repo": repo,
                "user": self.owner(url),
            })
        };
        let source = match now["from"].as_str() {
            None => Value::Null,
            Some(it) if it == self.repository => self.repository(url),
            Some(fork) => {
                let mut it = self.repository(url);
                it["id"] = 2001.into();
                it["full_name"] = fork.into();
                it["fork"] = true.into();
                it
            }
        };
        let merged = now["merged"] == true;
        let mut pull = json!({
            "id": 3000, "node_id": "PR_3000", "number": n, "locked": false,
            "state": if merged { json!("closed") } else { now["state"].clone() },
            "title": "a change", "body": null, "user": author,
            "labels": [], "milestone": null, "assignee": null, "assignees": [], "auto_merge": null,
            "created_at": "2026-11-20T08:00:00Z", "updated_at": "2026-11-20T08:00:00Z",
            "closed_at": null, "merged_at": if merged { json!("2026-11-20T10:00:00Z") } else { Value::Null },
            "merged_by": null, "merge_commit_sha": null, "merged": merged, "mergeable": true,
            "mergeable_state": "clean", "draft": now["draft"], "author_association": "MEMBER",
            "head": side("change", &now["head"], source),
            "base": side(now["branch"].as_str().unwrap_or_default(), &now["base"], self.repository(url)),
            "_links": {},
            "commits": self.commits.len(), "additions": 1, "deletions": 1, "changed_files": 1,
            "comments": 0, "review_comments": 0, "maintainer_can_modify": false,
        });
        for (name, value) in [
            ("url", own.clone()),
            (
                "html_url",
                format!("https://github.com/{}/pull/{n}", self.repository),
            ),
            ("diff_url", format!("{own}.diff")),
            ("patch_url", format!("{own}.patch")),
            ("issue_url", issue.clone()),
            ("commits_url", format!("{own}/commits")),
            ("review_comments_url", format!("{own}/comments")),
            ("review_comment_url", format!("{own}/comments/{{number}}")),
            ("comments_url", format!("{issue}/comments")),
            ("statuses_url", format!("{statuses}/{}", self.request.head)),
        ] {
            if let Some(name) = name
                .strip_suffix("_url")
                .filter(|it| !matches!(*it, "diff" | "patch"))
            {
                pull["_links"][name] = json!({"href": value});
            }
            pull[name] = value.into();
        }
        pull["_links"]["self"] = json!({"href": own});
        pull
    }

    fn reviews(&self, url: &str) -> Vec<Value> {
        let pull = format!(
            "{url}/repos/{}/pulls/{}",
            self.repository, self.request.number
        );
        let reviews = self.reviews.iter().enumerate();
        reviews
            .map(|(at, it)| {
                let association = it.by.as_ref().map_or("NONE".to_owned(), |it| self.account(it).association);
                let mut review = json!({
                    "id": 100 + at, "node_id": format!("PRR_{at}"), "user": self.user(it.by.as_deref(), url),
                    "body": it.body, "state": it.state, "commit_id": it.commit,
                    "html_url": format!("{pull}#review-{at}"), "pull_request_url": pull,
                    "_links": {"html": {"href": pull}, "pull_request": {"href": pull}},
                    "author_association": association,
                });
                if it.state != "PENDING" {
                    review["submitted_at"] = it.at.clone().into();
                }
                review
            })
            .collect()
    }

    fn commit(&self, it: &Commit, url: &str) -> Value {
        let own = format!("{url}/repos/{}/commits/{}", self.repository, it.id);
        let of_git = |email: &str| json!({"name": "somebody", "email": email, "date": "2026-11-20T08:00:00Z"});
        json!({
            "url": own, "sha": it.id, "node_id": format!("C_{}", it.id), "html_url": own,
            "comments_url": format!("{own}/comments"),
            "commit": {
                "url": own, "author": of_git(&it.author), "committer": of_git(&it.committer),
                "message": it.message, "comment_count": 0,
                "tree": {"sha": it.id, "url": own},
                "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
            },
            "author": self.user(self.login_of(&it.author), url),
            "committer": self.user(self.login_of(&it.committer), url),
            "parents": [],
        })
    }

    fn pushes(&self) -> Vec<String> {
        let author = self.request.author.clone();
        self.pushes
            .clone()
            .unwrap_or_else(|| author.into_iter().collect())
    }

    fn activity(&self, url: &str) -> Vec<Value> {
        let pushes = self.pushes();
        let entry = |(at, login): (usize, &String)| {
            let after = match at {
                0 => self.request.head.clone(),
                n => format!("{n:040x}"),
            };
            json!({
                "id": 500 - at, "node_id": format!("A_{at}"), "before": format!("{:040x}", at + 1),
                "after": after, "ref": "refs/heads/change", "timestamp": format!("2026-11-20T08:{:02}:00Z", 59 - at.min(59)),
                "activity_type": if at + 1 == pushes.len() { "branch_creation" } else { "push" }, "actor": self.user(Some(login), url),
            })
        };
        pushes.iter().enumerate().map(entry).collect()
    }

    fn permission(&self, login: &str, url: &str) -> Answer {
        let mut found = self.accounts.iter();
        let Some((login, account)) = found.find(|it| it.0.eq_ignore_ascii_case(login)) else {
            return Answer::message(404, "Not Found");
        };
        let level = ["none", "read", "triage", "write", "maintain", "admin"]
            .iter()
            .position(|it| *it == account.role);
        // A role of the organisation's own is told by what it rests on.
        let level = level.unwrap_or(3);
        let mut user = self.user(Some(login), url);
        user["role_name"] = account.role.clone().into();
        user["permissions"] = json!({
            "pull": level > 0, "triage": level > 1, "push": level > 2, "maintain": level > 3,
            "admin": level > 4,
        });
        let folded = ["none", "read", "read", "write", "write", "admin"][level];
        Answer::One(
            200,
            json!({"permission": folded, "role_name": account.role, "user": user}),
        )
    }

    /// The rules of every ruleset that is in force.
    fn rules(&self) -> Vec<Value> {
        let active = self
            .rulesets
            .iter()
            .filter(|it| it["enforcement"] == "active");
        active
            .flat_map(|set| {
                let rules = set["rules"].as_array().cloned().unwrap_or_default();
                rules.into_iter().map(move |mut rule| {
                    rule["ruleset_source_type"] = set
                        .get("source_type")
                        .cloned()
                        .unwrap_or(json!("Repository"));
                    rule["ruleset_source"] =
                        set.get("source").cloned().unwrap_or(json!("acme/gitops"));
                    rule["ruleset_id"] = set["id"].clone();
                    rule
                })
            })
            .collect()
    }

    fn ruleset(&self, it: &Value, url: &str) -> Value {
        let mut set = json!({
            "target": "branch", "source_type": "Repository", "source": self.repository,
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "node_id": "RRS_1", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "current_user_can_bypass": "never", "bypass_actors": [],
            "_links": {"self": {"href": format!("{url}/repos/{}/rulesets/{}", self.repository, it["id"])}},
        });
        for (name, value) in it.as_object().expect("a ruleset is a map") {
            set[name] = value.clone();
        }
        // Who may go around it is shown to those who may change it.
        if self.token == Token::Admin {
            set
        } else {
            without(set, &["bypass_actors"])
        }
    }

    fn branch(&self, url: &str) -> Value {
        let own = format!(
            "{url}/repos/{}/branches/{}",
            self.repository, self.request.branch
        );
        let base = Commit {
            id: self.request.base.clone(),
            author: String::new(),
            committer: String::new(),
            message: "base".to_owned(),
            signed: false,
        };
        let checks = self
            .classic
            .as_ref()
            .and_then(|it| it.get("required_status_checks"));
        let checks = match checks {
            Some(it) => {
                json!({"enforcement_level": "non_admins", "contexts": it["contexts"], "checks": it["checks"]})
            }
            None => json!({"enforcement_level": "off", "contexts": [], "checks": []}),
        };
        json!({
            "name": self.request.branch, "commit": self.commit(&base, url),
            "_links": {"html": own, "self": own},
            "protected": self.classic.is_some() || !self.rules().is_empty(),
            "protection": {"enabled": self.classic.is_some(), "required_status_checks": checks},
            "protection_url": format!("{own}/protection"),
        })
    }

    /// What GraphQL is asked over.
    fn tree(&self, url: &str) -> Value {
        let actor = |login: Option<&str>| match login {
            None => Value::Null,
            Some(login) => {
                let it = self.account(login);
                // GraphQL shows a bot's login without its ending.
                let name = login.strip_suffix("[bot]").unwrap_or(login);
                json!({"__typename": it.kind, "login": name, "databaseId": it.id, "id": format!("U_{}", it.id), "url": url})
            }
        };
        let reviews: Vec<Value> = self
            .reviews
            .iter()
            .enumerate()
            .map(|(at, it)| {
                let may_push = it.by.as_ref().is_some_and(|it| {
                    !matches!(self.account(it).role.as_str(), "none" | "read" | "triage")
                });
                json!({
                    "__typename": "PullRequestReview", "id": format!("PRR_{at}"), "databaseId": 100 + at,
                    "fullDatabaseId": (100 + at).to_string(), "state": it.state, "submittedAt": it.at,
                    "author": actor(it.by.as_deref()), "authorCanPushToRepository": may_push, "body": it.body,
                    "commit": it.commit.as_ref().map(|it| json!({"oid": it})),
                    "onBehalfOf": {"$list": []},
                })
            })
            .collect();
        // Only people are `User`s.
        let user = |email: &str| {
            self.login_of(email)
                .filter(|it| self.account(it).kind == "User")
        };
        let person = |email: &str| json!({"__typename": "GitActor", "name": "somebody", "email": email, "user": actor(user(email))});
        let commits: Vec<Value> = self
            .commits
            .iter()
            .rev()
            .map(|it| {
                let mut authors = vec![person(&it.author)];
                for line in it.message.lines() {
                    if let Some(rest) = line.strip_prefix("Co-authored-by:")
                        && let Some((_, email)) = rest.trim_end_matches('>').rsplit_once('<')
                    {
                        authors.push(person(email));
                    }
                }
                json!({"__typename": "PullRequestCommit", "commit": {
                    "__typename": "Commit", "oid": it.id, "committedDate": "2026-11-20T08:00:00Z",
                    "message": it.message, "author": person(&it.author), "committer": person(&it.committer),
                    "authors": {"$list": authors},
                    "signature": it.signed.then(|| json!({"__typename": "GpgSignature", "isValid": true, "wasSignedByGitHub": true})),
                    "parents": {"$list": []},
                }})
            })
            .collect();
        let now = self.at_reading();
        let merged = now["merged"] == true;
        let state = match now["state"].as_str() {
            _ if merged => "MERGED",
            Some("open") => "OPEN",
            _ => "CLOSED",
        };
        let reference = self.reference(now["branch"].as_str().unwrap_or_default());
        let pull = json!({
            "__typename": "PullRequest", "number": self.request.number, "state": state,
            "isDraft": now["draft"], "merged": merged, "closed": state != "OPEN",
            "isCrossRepository": now["from"] != self.repository.as_str(), "headRefOid": now["head"], "headRefName": "change",
            "baseRefOid": now["base"], "baseRefName": now["branch"], "baseRef": reference,
            "author": actor(now["author"].as_str()), "reviewDecision": null,
            "reviews": {"$list": reviews}, "commits": {"$list": commits}, "changedFiles": 1,
            "databaseId": 3000, "fullDatabaseId": "3000", "id": "PR_3000",
        });
        let owner = self.repository.split('/').next().unwrap_or_default();
        let mut keys = Map::new();
        keys.insert(self.request.number.to_string(), pull);
        let branch = self.request.branch.clone();
        let teams = self.teams.iter().filter(|_| self.token == Token::Admin).map(|(name, members)| {
            let slug = name.rsplit('/').next().unwrap_or_default().to_owned();
            let active = members.iter().filter(|it| it.1 == "active");
            let members: Vec<Value> = active.map(|it| actor(Some(it.0))).collect();
            (slug.clone(), json!({"__typename": "Team", "slug": slug, "databaseId": 1, "members": {"$list": members}}))
        });
        let mut names = Map::new();
        names.insert(owner.to_owned(), json!({"__typename": "Organization", "login": owner, "team": {"$keys": teams.collect::<Map<_, _>>()}}));
        json!({
            "__typename": "Query",
            "viewer": {"__typename": "Bot", "login": "github-actions"},
            "rateLimit": {"cost": 1, "remaining": 4999, "limit": 5000, "resetAt": "2026-11-20T10:00:00Z"},
            "organization": {"$keys": names},
            "repository": {
                "__typename": "Repository", "databaseId": 2000, "nameWithOwner": self.repository,
                "isPrivate": true, "viewerPermission": "WRITE",
                "pullRequest": {"$keys": keys},
                "defaultBranchRef": self.reference("main"),
                "ref": {"$keys": {
                    format!("refs/heads/{branch}"): self.reference(&branch),
                    (branch.as_str()): self.reference(&branch),
                }},
            },
        })
    }

    fn reference(&self, branch: &str) -> Value {
        let rule = match &self.classic {
            None => Value::Null,
            Some(it) => {
                let reviews = it.get("required_pull_request_reviews");
                let on = |name: &str| it[name]["enabled"] == true;
                json!({
                    "__typename": "RefUpdateRule", "pattern": branch,
                    "requiredApprovingReviewCount": reviews.map(|it| it["required_approving_review_count"].clone()),
                    "requiresCodeOwnerReviews": reviews.is_some_and(|it| it["require_code_owner_reviews"] == true),
                    "requiresSignatures": on("required_signatures"),
                    "requiresLinearHistory": on("required_linear_history"),
                    "requiresConversationResolution": on("required_conversation_resolution"),
                    "allowsForcePushes": on("allow_force_pushes"), "allowsDeletions": on("allow_deletions"),
                    "blocksCreations": false, "viewerAllowedToDismissReviews": true, "viewerCanPush": true,
                    "requiredStatusCheckContexts": it["required_status_checks"]["contexts"].as_array().cloned().unwrap_or_default(),
                })
            }
        };
        let rules: Vec<Value> = self
            .rules()
            .iter()
            .map(|it| {
                let kind = it["type"].as_str().unwrap_or_default().to_uppercase();
                json!({"__typename": "RepositoryRule", "type": kind, "repositoryRuleset": {"databaseId": it["ruleset_id"], "enforcement": "ACTIVE", "name": "ruleset"}})
            })
            .collect();
        json!({
            "__typename": "Ref", "name": branch, "prefix": "refs/heads/", "refUpdateRule": rule,
            "branchProtectionRule": null, "rules": {"$list": rules},
        })
    }
}

impl Service for GitHub {
    fn answer(&self, request: &Seen, url: &str, most: usize) -> Answer {
        if self.token == Token::Expired {
            return Answer::message(401, "Bad credentials");
        }
        for it in &self.routes {
            if it.method == request.method
                && matches(&it.path, request.path.trim_start_matches('/'))
            {
                return it.answer(url);
            }
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/graphql") => {
                Answer::One(200, graphql::answer(&request.json, &self.tree(url), most))
            }
            ("GET", _) => self.route(request, url),
            _ => Answer::message(404, "Not Found"),
        }
    }
}

fn without(mut value: Value, names: &[&str]) -> Value {
    if let Some(map) = value.as_object_mut() {
        for name in names {
            map.remove(*name);
        }
    }
    value
}

//! A GitLab that knows one merge request: a scenario in a few lines, answered in the shapes of
//! GitLab's entities through REST and GraphQL, and only as far as the token may see.

use super::change::Change;
use super::faults::matches;
use super::github::Commit;
use super::scenario::{Route, commits, read};
use super::server::{Answer, Seen, Server, Service};
use crate::support::{Verdict, command};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of `acme/gitops`.
const PROJECT: u64 = 42;

/// What a scenario file says. Everything has a default but the accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitLab {
    #[serde(default)]
    tier: Tier,
    /// What the token may see, whoever brings it.
    #[serde(default)]
    role: Role,
    /// Members of the project's own answer, over the defaults.
    #[serde(default)]
    project: Map<String, Value>,
    #[serde(default)]
    request: Request,
    /// Members of the request that are different from the second reading on.
    #[serde(default)]
    then: Option<Value>,
    /// By username.
    #[serde(default)]
    accounts: BTreeMap<String, Account>,
    #[serde(default)]
    approvals: Vec<Approval>,
    /// The state of each reviewer, by username.
    #[serde(default)]
    reviewers: BTreeMap<String, String>,
    /// The oldest first; one of the head, made at nine, unless given.
    #[serde(default)]
    versions: Vec<Version>,
    /// The newest first; those of git unless given.
    #[serde(default)]
    commits: Vec<Commit>,
    /// The newest first; the author's push of the head unless given.
    #[serde(default)]
    pushes: Option<Vec<Push>>,
    /// Usernames by group.
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    /// As `GET /projects/42/protected_branches` gives them.
    #[serde(default)]
    protected: Vec<Value>,
    /// As Premium gives them.
    #[serde(default)]
    approval_rules: Vec<Value>,
    #[serde(default)]
    approval_settings: Value,
    #[serde(default)]
    approval_state: Value,
    #[serde(default)]
    push_rule: Value,
    #[serde(default)]
    status_checks: Vec<Value>,
    /// Answers that come before all others.
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(skip)]
    readings: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Tier {
    #[default]
    Free,
    Premium,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Role {
    /// Not even the project.
    None,
    Reporter,
    #[default]
    Maintainer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    author: Option<String>,
    state: String,
    draft: bool,
    head: String,
    branch: String,
    /// `None`: the fork that it came from is gone.
    source: Option<u64>,
    target: u64,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            author: Some("ann".to_owned()),
            state: "opened".to_owned(),
            draft: false,
            head: "${HEAD}".to_owned(),
            branch: "main".to_owned(),
            source: Some(PROJECT),
            target: PROJECT,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    id: u64,
    #[serde(default = "active")]
    state: String,
    #[serde(default)]
    bot: bool,
    /// Its access level in the project; 0: it is no member.
    #[serde(default = "developer")]
    level: u64,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    by: String,
    #[serde(default = "ten")]
    at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    #[serde(default = "head")]
    head: String,
    #[serde(default = "base")]
    base: String,
    at: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    by: String,
    #[serde(default = "head")]
    to: String,
    #[serde(default = "source")]
    branch: String,
    #[serde(default = "nine")]
    at: String,
}

fn active() -> String {
    "active".to_owned()
}
fn developer() -> u64 {
    30
}
#[allow(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn ten() -> Option<String> {
    Some("2026-11-20T10:00:00.000Z".to_owned())
}
fn nine() -> String {
    "2026-11-20T09:00:00.000Z".to_owned()
}
fn head() -> String {
    "${HEAD}".to_owned()
}
fn base() -> String {
    "${BASE}".to_owned()
}
fn source() -> String {
    "change".to_owned()
}

/// A refusal in GitLab's words.
fn says(status: u16, message: &str) -> Answer {
    Answer::One(status, json!({"message": message}))
}

/// What a route that does not exist answers.
fn no_route() -> Answer {
    Answer::One(404, json!({"error": "404 Not Found"}))
}

/// What the job's own token reaches. Source: "CI/CD job token".
fn reaches(path: &[&str]) -> bool {
    matches!(
        path,
        ["projects", "42", "merge_requests", "7"] | ["projects", "42", "repository", "branches"]
    )
}

impl GitLab {
    /// A scenario for a change: `${HEAD}` and `${BASE}` are its commits.
    pub(crate) fn new(scenario: &str, change: &Change) -> Self {
        let defaults = |text: &str| {
            text.replace("${HEAD}", &change.head)
                .replace("${BASE}", &change.base)
        };
        let mut gitlab: Self = read(&defaults(scenario));
        gitlab.request.head = defaults(&gitlab.request.head);
        if gitlab.versions.is_empty() {
            gitlab.versions.push(Version {
                head: head(),
                base: base(),
                at: nine(),
            });
        }
        for version in &mut gitlab.versions {
            version.head = defaults(&version.head);
            version.base = defaults(&version.base);
        }
        let author = gitlab.request.author.clone();
        let pushes = gitlab.pushes.get_or_insert_with(|| {
            let by = author.unwrap_or_else(|| "ann".to_owned());
            vec![Push {
                by,
                to: head(),
                branch: source(),
                at: nine(),
            }]
        });
        for push in pushes {
            push.to = defaults(&push.to);
        }
        if gitlab.commits.is_empty() {
            gitlab.commits = commits(change);
        }
        gitlab
    }

    fn route(&self, request: &Seen) -> Answer {
        let Some(path) = request.path.strip_prefix("/api/v4/") else {
            return no_route();
        };
        let names: Vec<&str> = path.split('/').collect();
        let own = request.headers.contains_key("job-token");
        let nobody = !request.has_credentials() || self.role == Role::None;
        if (own && !reaches(&names)) || nobody {
            return match names.as_slice() {
                ["projects", ..] => says(404, "404 Project Not Found"),
                _ => says(401, "401 Unauthorized"),
            };
        }
        match names.as_slice() {
            ["users", id] => match self.with_id(id) {
                Some((name, it)) => {
                    let mut body = user(name, it);
                    body["bot"] = json!(it.bot);
                    Answer::One(200, body)
                }
                None => says(404, "404 User Not Found"),
            },
            ["groups", path, "members", "all"] => {
                match self.groups.get(&path.replace("%2F", "/")) {
                    Some(names) => {
                        Answer::List(names.iter().map(|it| self.member(it, 30)).collect())
                    }
                    None => says(404, "404 Group Not Found"),
                }
            }
            ["groups", "9"] => Answer::One(200, json!({"id": 9, "full_path": "acme/releases"})),
            ["projects", "42" | "acme%2Fgitops", rest @ ..] => self.in_project(rest, request),
            ["projects", ..] => says(404, "404 Project Not Found"),
            _ => no_route(),
        }
    }

    fn in_project(&self, names: &[&str], request: &Seen) -> Answer {
        let maintainer = self.role >= Role::Maintainer;
        let premium = self.tier == Tier::Premium;
        match names {
            [] => Answer::One(200, self.project()),
            ["merge_requests", "7", rest @ ..] => self.in_request(rest),
            ["merge_requests", ..] => says(404, "404 Not found"),
            ["events"] => self.events(request),
            ["members", "all"] => {
                let asked = request.query.get("user_ids");
                let asked = asked.map(|it| it.split(',').collect::<Vec<_>>());
                let members = self.accounts.iter().filter(|(_, it)| {
                    let id = it.id.to_string();
                    it.level > 0 && asked.as_ref().is_none_or(|all| all.contains(&id.as_str()))
                });
                Answer::List(
                    members
                        .map(|(name, it)| self.member(name, it.level))
                        .collect(),
                )
            }
            ["protected_branches"] if maintainer => Answer::List(self.protected.clone()),
            ["approvals"] if premium && maintainer => {
                Answer::One(200, self.approval_settings.clone())
            }
            ["approval_rules"] if premium && maintainer => {
                Answer::List(self.approval_rules.clone())
            }
            ["push_rule"] if premium && maintainer => Answer::One(200, self.push_rule.clone()),
            ["external_status_checks"] if premium && maintainer => {
                Answer::List(self.status_checks.clone())
            }
            ["approvals" | "approval_rules" | "push_rule"] if !premium => no_route(),
            [
                "protected_branches"
                | "approvals"
                | "approval_rules"
                | "push_rule"
                | "external_status_checks",
            ] => says(403, "403 Forbidden"),
            _ => no_route(),
        }
    }

    fn in_request(&self, names: &[&str]) -> Answer {
        match names {
            [] => Answer::One(200, self.request()),
            ["approvals"] => Answer::One(
                200,
                json!({
                    "user_has_approved": false, "user_can_approve": false,
                    "approved": !self.approvals.is_empty(),
                    "approved_by": self.approvals.iter().map(|it| {
                        let mut body = json!({"user": self.user(&it.by)});
                        if let Some(at) = &it.at {
                            body["approved_at"] = json!(at);
                        }
                        body
                    }).collect::<Vec<_>>(),
                }),
            ),
            ["reviewers"] => Answer::One(
                200,
                self.reviewers
                    .iter()
                    .map(|(name, state)| {
                        json!({"user": self.user(name), "state": state, "created_at": nine()})
                    })
                    .collect(),
            ),
            ["versions"] => Answer::List(
                (self.versions.iter().enumerate().rev())
                    .map(|(at, it)| {
                        json!({
                            "id": at + 1, "head_commit_sha": it.head, "base_commit_sha": it.base,
                            "start_commit_sha": it.base, "created_at": it.at,
                            "merge_request_id": 700, "state": "collected", "real_size": "1",
                        })
                    })
                    .collect(),
            ),
            ["commits"] => Answer::List(
                (self.commits.iter())
                    .map(|it| {
                        json!({
                            "id": it.id, "short_id": it.id.get(..8), "parent_ids": [],
                            "title": it.message.lines().next(), "message": it.message,
                            "author_name": "Somebody", "author_email": it.author,
                            "committer_name": "Somebody", "committer_email": it.committer,
                        })
                    })
                    .collect(),
            ),
            ["approval_state"] if self.tier == Tier::Premium => {
                Answer::One(200, self.approval_state.clone())
            }
            _ => no_route(),
        }
    }

    fn project(&self) -> Value {
        let mut body = json!({
            "id": PROJECT, "name": "gitops", "path_with_namespace": "acme/gitops",
            "default_branch": "main", "visibility": "private", "merge_method": "merge",
            "only_allow_merge_if_pipeline_succeeds": true, "allow_merge_on_skipped_pipeline": false,
            "only_allow_merge_if_all_discussions_are_resolved": false, "squash_option": "default_off",
        });
        if self.tier == Tier::Premium {
            body["approvals_before_merge"] = json!(0);
            body["mirror"] = json!(false);
            body["merge_trains_enabled"] = json!(false);
        }
        for (name, value) in &self.project {
            body[name] = value.clone();
        }
        body
    }

    fn request(&self) -> Value {
        let it = &self.request;
        let mut body = json!({
            "id": 700, "iid": 7, "project_id": PROJECT, "title": "web 1.5.0", "state": it.state,
            "draft": it.draft, "work_in_progress": it.draft, "sha": it.head,
            "author": it.author.as_ref().map(|it| self.user(it)),
            "source_branch": "change", "target_branch": it.branch,
            "source_project_id": it.source, "target_project_id": it.target,
            "diff_refs": {"head_sha": it.head},
        });
        let reading = self.readings.fetch_add(1, Ordering::SeqCst);
        if let (Some(Value::Object(then)), true) = (&self.then, reading > 0) {
            for (name, value) in then {
                body[name] = value.clone();
            }
        }
        body
    }

    fn events(&self, request: &Seen) -> Answer {
        let after = request.query.get("after").cloned().unwrap_or_default();
        let later = |at: &str| at.get(..10).is_some_and(|it| it > after.as_str());
        let event = |at: usize, by: &str, made: &str| {
            json!({
                "id": 1_000 - at, "project_id": PROJECT, "created_at": made,
                "author_id": self.accounts.get(by).map(|it| it.id), "author": self.user(by),
                "author_username": by,
            })
        };
        match request.query.get("action").map(String::as_str) {
            Some("pushed") => Answer::List(
                (self.pushes.iter().flatten().enumerate())
                    .filter(|(_, it)| later(&it.at))
                    .map(|(at, it)| {
                        let mut body = event(at, &it.by, &it.at);
                        body["action_name"] = json!("pushed to");
                        body["push_data"] = json!({
                            "commit_count": 1, "action": "pushed", "ref_type": "branch",
                            "commit_from": null, "commit_to": it.to, "ref": it.branch,
                        });
                        body
                    })
                    .collect(),
            ),
            Some("approved") => Answer::List(
                (self.approvals.iter().enumerate())
                    .map(|(at, it)| {
                        let mut body = event(at, &it.by, it.at.as_deref().unwrap_or(&nine()));
                        body["action_name"] = json!("approved");
                        body["target_type"] = json!("MergeRequest");
                        body["target_iid"] = json!(7);
                        body
                    })
                    .collect(),
            ),
            _ => Answer::List(Vec::new()),
        }
    }

    fn graphql(&self, request: &Seen) -> Answer {
        let asked = &request.json["variables"];
        let nobody = !request.headers.contains_key("authorization") || self.role == Role::None;
        if nobody || asked["path"] != "acme/gitops" || asked["iid"] != "7" {
            return Answer::One(200, json!({"data": {"project": null}}));
        }
        let by_email = |email: &str| {
            let own = |it: &Account| it.emails.iter().any(|it| it == email);
            let (name, it) = self.accounts.iter().find(|(_, it)| own(it))?;
            Some(json!({
                "id": format!("gid://gitlab/User/{}", it.id), "username": name,
                "state": it.state, "bot": it.bot,
            }))
        };
        let size = 100;
        let from: usize = asked["after"]
            .as_str()
            .and_then(|it| it.parse().ok())
            .unwrap_or(0);
        let nodes: Vec<Value> = (self.commits.iter().skip(from).take(size))
            .map(|it| json!({"sha": it.id, "author": by_email(&it.author)}))
            .collect();
        let mut committers: Vec<Value> = Vec::new();
        for commit in &self.commits {
            committers.extend(by_email(&commit.committer).filter(|it| !committers.contains(it)));
        }
        let more = from + nodes.len() < self.commits.len();
        Answer::One(
            200,
            json!({"data": {"project": {"mergeRequest": {
                "commits": {
                    "pageInfo": {"hasNextPage": more, "endCursor": (from + nodes.len()).to_string()},
                    "nodes": nodes,
                },
                "committers": {"pageInfo": {"hasNextPage": false}, "nodes": committers},
            }}}}),
        )
    }

    fn with_id(&self, id: &str) -> Option<(&str, &Account)> {
        let found = self
            .accounts
            .iter()
            .find(|(_, it)| it.id.to_string() == id)?;
        Some((found.0, found.1))
    }

    fn user(&self, name: &str) -> Value {
        self.accounts
            .get(name)
            .map_or(Value::Null, |it| user(name, it))
    }

    fn member(&self, name: &str, level: u64) -> Value {
        let mut body = self.user(name);
        body["access_level"] = json!(level);
        body["created_at"] = json!(nine());
        body["expires_at"] = json!(self.accounts.get(name).and_then(|it| it.expires.clone()));
        body
    }
}

/// Source: `API::Entities::UserBasic`.
fn user(name: &str, it: &Account) -> Value {
    json!({
        "id": it.id, "username": name, "name": name, "state": it.state, "locked": false,
        "avatar_url": null, "web_url": format!("https://gitlab.example.com/{name}"),
    })
}

impl Service for GitLab {
    fn answer(&self, request: &Seen, url: &str, _: usize) -> Answer {
        let spelled = self.routes.iter().find(|it| {
            it.method == request.method && matches(&it.path, request.path.trim_start_matches('/'))
        });
        if let Some(route) = spelled {
            return route.answer(url);
        }
        match request.path.as_str() {
            "/graphql" | "/api/graphql" => self.graphql(request),
            _ => self.route(request),
        }
    }
}

/// Stands for a secret: no output, file or request to another host may hold it.
const TOKEN: &str = "glpat-canary0123456789";
/// The job's own.
const JOB_TOKEN: &str = "glcbt-canary0123456789";

/// A job of GitLab CI for a change of `acme/gitops`, !7 into `main`.
pub(crate) struct Job<'a> {
    pub(crate) change: &'a Change,
    pub(crate) forge: &'a Server,
    /// Whether it has a token besides its own.
    pub(crate) token: bool,
}

impl Job<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.change.repository.path(), arguments);
        command.envs(self.environment());
        command
    }

    /// The variables of the job.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let change = self.change;
        let url = format!("{}/api/v4", self.forge.url());
        let mut all = vec![
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_API_V4_URL", &url),
            ("CI_PROJECT_ID", "42"),
            ("CI_PROJECT_PATH", "acme/gitops"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "42"),
            ("CI_MERGE_REQUEST_PROJECT_PATH", "acme/gitops"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", &change.branch),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &change.base),
            ("CI_COMMIT_SHA", &change.head),
            ("CI_JOB_TOKEN", JOB_TOKEN),
        ];
        if self.token {
            all.push(("TOLLGATE_GITLAB_TOKEN", TOKEN));
        }
        all.into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Run the binary with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        output(self.command(arguments))
    }

    /// The same in a pipeline that is for no merge request.
    pub(crate) fn run_on_schedule(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        for name in [
            "CI_MERGE_REQUEST_PROJECT_ID",
            "CI_MERGE_REQUEST_PROJECT_PATH",
            "CI_MERGE_REQUEST_IID",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA",
        ] {
            command.env_remove(name);
        }
        command.env("CI_DEFAULT_BRANCH", "main");
        output(command)
    }

    /// `tollgate check`: what it says, and what the forge told it.
    pub(crate) fn check(&self) -> (Verdict, Value) {
        self.check_with(&[])
    }

    /// The same, with more arguments.
    pub(crate) fn check_with(&self, more: &[&str]) -> (Verdict, Value) {
        let file = self.change.repository.path().join(".git/facts.json");
        let path = file.display().to_string();
        let arguments = ["check", "--format", "json", "--facts-out", &path];
        let arguments = [&arguments[..], more].concat();
        let output = self.command(&arguments).output().expect("the binary runs");
        let facts =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        for text in [
            &String::from_utf8_lossy(&output.stdout),
            &String::from_utf8_lossy(&output.stderr),
            facts.as_str(),
        ] {
            assert!(!text.contains("canary"), "a token was printed: {text}");
        }
        let facts: Value = serde_json::from_str(&facts).expect("JSON");
        let told = facts["content"]["facts"]["forge"].clone();
        assert!(told.is_object(), "the forge was not asked");
        (Verdict::read(&output), told)
    }
}

fn output(mut command: Command) -> Output {
    let output = command.output().expect("the binary runs");
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(stream);
        assert!(!text.contains("canary"), "a token was printed: {text}");
    }
    output
}

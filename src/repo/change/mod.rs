//! Which two trees are compared, and how that is known.
//!
//! The head that is judged is what the base would become: where base and head have both moved on,
//! it is the tree of their merge, so that changes of the base do not look like changes of the head
//! turned round, and rules come from the newest base. Source: threat rows F3 and G13.

mod history;
mod standpoint;

pub use history::{History, Taken, history};
pub use standpoint::{Standpoint, standpoint};

use super::{Objects, RepoError};
use crate::model::{CommitFacts, ForgeKind, Known, Proposal};
use git2::{Commit, ErrorCode, Oid, Repository};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;

/// What the user asked for, and what the CI system says of itself.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// `--base`: a revision.
    pub base: Option<&'a str>,
    /// `--head`: a revision.
    pub head: Option<&'a str>,
    /// `--working-tree`: the head is what lies in the work tree.
    pub working_tree: bool,
    /// The variables of the process. None is read that is not in here.
    pub environment: BTreeMap<String, String>,
}

/// A base and a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What the change would be merged into.
    pub base: Revision,
    /// What it proposes.
    pub head: Head,
    /// How both were found.
    pub source: Source,
    /// The pull or merge request that it is, if the CI system names one.
    pub proposal: Option<Proposal>,
    /// The commits that it brings.
    pub commits: Known<Vec<CommitFacts>>,
}

/// One commit and the tree that is read for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// What people call it.
    pub name: String,
    /// The id of the commit.
    pub commit: String,
    /// The id of the tree.
    pub tree: String,
}

/// The proposed side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A commit with its own tree.
    Commit(Revision),
    /// A commit, and the tree that merging it into the base gives.
    Merged(Revision),
    /// The work tree. Nothing can be handed off from it.
    WorkingTree,
}

/// How base and head were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The user named at least one of them.
    Named,
    /// A pull request of GitHub.
    GitHubPullRequest,
    /// A merge queue of GitHub.
    GitHubMergeGroup,
    /// A push to GitHub.
    GitHubPush,
    /// A merge request of GitLab.
    GitLabMergeRequest,
    /// The current branch and the default branch of the clone.
    Local,
}

impl Change {
    /// Whether what is judged is recorded in git, so that a hand-off can name it.
    pub fn can_be_handed_off(&self) -> bool {
        !matches!(self.head, Head::WorkingTree)
    }
}

impl Head {
    /// The commit and tree; `None` for the work tree.
    pub fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Commit(revision) | Self::Merged(revision) => Some(revision),
            Self::WorkingTree => None,
        }
    }
}

/// Find base and head.
///
/// # Errors
/// Where they are not known or not in the clone; the help says what to fetch.
pub fn resolve(objects: &Objects, ask: &Ask<'_>) -> Result<Change, RepoError> {
    objects
        .with(|repository| Ok(Resolver { repository, ask }.resolve()))
        .map_err(|error| RepoError::new(error.message()))?
}

/// The commit of a name, as [`resolve`] finds one that the user gives.
///
/// # Errors
/// Where it is none of the clone.
pub fn commit(objects: &Objects, name: &str) -> Result<Revision, RepoError> {
    let ask = Ask::default();
    let find = |repository: &Repository| {
        let resolver = Resolver {
            repository,
            ask: &ask,
        };
        resolver.named(name).map(|it| revision(name, &it))
    };
    objects
        .with(|repository| Ok(find(repository)))
        .map_err(|error| RepoError::new(error.message()))?
}

struct Resolver<'a> {
    repository: &'a Repository,
    ask: &'a Ask<'a>,
}

/// Both commits before their trees are looked at.
struct Sides<'r> {
    base: (String, Commit<'r>),
    head: (String, Commit<'r>),
    source: Source,
    proposal: Option<Proposal>,
}

/// The parts of GitHub's event that are read. Source: GitHub's webhook payloads.
#[derive(Deserialize)]
struct Event {
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
    before: Option<String>,
    after: Option<String>,
    repository: Option<EventRepository>,
}

#[derive(Deserialize)]
struct EventRepository {
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct PullRequest {
    number: Option<u64>,
    base: Tip,
    head: Tip,
}

#[derive(Deserialize)]
struct Tip {
    sha: String,
    #[serde(default, rename = "ref")]
    branch: String,
}

#[derive(Deserialize)]
struct MergeGroup {
    base_sha: String,
    head_sha: String,
    #[serde(default)]
    base_ref: String,
    #[serde(default)]
    head_ref: String,
}

impl MergeGroup {
    /// The request that the group adds to its base. GitHub names the group's branch after it, in a
    /// place where nobody else can push: `refs/heads/gh-readonly-queue/main/pr-7-BASE`. What the
    /// request proposes is the second parent of the merge that GitHub made; where the queue squashes
    /// or rebases, nothing in git says it.
    fn proposal(&self, base: &Commit<'_>, head: &Commit<'_>) -> Option<Proposal> {
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
const LARGEST_EVENT: u64 = 25 << 20;

/// Commits of one change that are looked at.
const MOST_COMMITS: usize = 10_000;

impl<'r> Resolver<'r> {
    fn resolve(&self) -> Result<Change, RepoError> {
        if self.ask.working_tree {
            return self.working_tree();
        }
        let sides = match (self.ask.base, self.ask.head) {
            (None, None) if self.is("GITHUB_ACTIONS") => self.github()?,
            (None, None) if self.is("GITLAB_CI") => self.gitlab()?,
            (base, head) => self.local(base, head)?,
        };
        self.change(sides)
    }

    fn working_tree(&self) -> Result<Change, RepoError> {
        if self.ask.head.is_some() {
            return Err(
                RepoError::new("the head cannot be both a revision and the work tree")
                    .help("leave out `--head` or `--working-tree`"),
            );
        }
        let sides = self.local(self.ask.base, None)?;
        Ok(Change {
            base: revision(&sides.base.0, &sides.base.1),
            head: Head::WorkingTree,
            source: sides.source,
            proposal: None,
            commits: Known::unknown(
                "what is judged is a working tree, which is no commit",
                "a run on a commit",
            ),
        })
    }

    fn local(&self, base: Option<&str>, head: Option<&str>) -> Result<Sides<'r>, RepoError> {
        let head_name = head.unwrap_or("HEAD").to_owned();
        let head_commit = self.named(&head_name)?;
        let source = if base.is_some() || head.is_some() {
            Source::Named
        } else {
            Source::Local
        };
        let base = match base {
            Some(name) => (name.to_owned(), self.named(name)?),
            None => {
                let (name, tip) = self.default_branch()?;
                let fork = self.merge_base(&tip, &head_commit)?;
                (format!("fork from {name}"), fork)
            }
        };
        Ok(Sides {
            base,
            head: (head_name, head_commit),
            source,
            proposal: None,
        })
    }

    fn github(&self) -> Result<Sides<'r>, RepoError> {
        let event = self.event()?;
        if let Some(request) = event.pull_request {
            let source = Source::GitHubPullRequest;
            let head = self.known(&request.head.sha, "the head of the pull request")?;
            let proposal = request.number.map(|number| Proposal {
                forge: ForgeKind::Github,
                number,
                head: head.id().to_string(),
                branch: request.base.branch.clone(),
            });
            // GitHub checks a merge of both out. Its first parent is the newest base there is.
            if let Some(merge) = self.variable("GITHUB_SHA").and_then(|it| self.by_id(it))
                && merge.parent_count() == 2
                && merge.parent_id(1).ok() == Some(head.id())
                && let Ok(base) = merge.parent(0)
            {
                return Ok(Sides {
                    base: (self.base_ref(), base),
                    head: ("pull request".to_owned(), merge),
                    source,
                    proposal,
                });
            }
            let base = self.known(&request.base.sha, "the base of the pull request")?;
            return Ok(Sides {
                base: (self.base_ref(), base),
                head: ("pull request".to_owned(), head),
                source,
                proposal,
            });
        }
        if let Some(group) = event.merge_group {
            let base = self.known(&group.base_sha, "the base of the merge group")?;
            let head = self.known(&group.head_sha, "the head of the merge group")?;
            return Ok(Sides {
                proposal: group.proposal(&base, &head),
                base: ("base of the merge queue".to_owned(), base),
                head: ("merge group".to_owned(), head),
                source: Source::GitHubMergeGroup,
            });
        }
        if let (Some(before), Some(after)) = (event.before, event.after)
            && self.variable("GITHUB_EVENT_NAME") == Some("push")
        {
            return Ok(Sides {
                base: (
                    "before the push".to_owned(),
                    self.known(&before, "the commit before the push")?,
                ),
                head: (
                    "after the push".to_owned(),
                    self.known(&after, "the commit after the push")?,
                ),
                source: Source::GitHubPush,
                proposal: None,
            });
        }
        let name = self
            .variable("GITHUB_EVENT_NAME")
            .unwrap_or("unknown")
            .to_owned();
        Err(
            RepoError::new(format!("the event `{name}` of GitHub is no change"))
                .help("name both sides with `--base` and `--head`"),
        )
    }

    fn event(&self) -> Result<Event, RepoError> {
        let Some(path) = self.variable("GITHUB_EVENT_PATH") else {
            return Err(RepoError::new("`GITHUB_EVENT_PATH` is not set")
                .help("name both sides with `--base` and `--head`"));
        };
        let cannot = |why: String| {
            RepoError::new(format!(
                "cannot read the event of GitHub at `{path}`: {why}"
            ))
        };
        let size = fs::metadata(path)
            .map_err(|error| cannot(error.to_string()))?
            .len();
        if size > LARGEST_EVENT {
            return Err(cannot(format!("it has {size} bytes")));
        }
        let text = fs::read(path).map_err(|error| cannot(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| cannot(error.to_string()))
    }

    fn base_ref(&self) -> String {
        self.variable("GITHUB_BASE_REF")
            .unwrap_or("base of the pull request")
            .to_owned()
    }

    /// Source: GitLab's predefined variables for merge request pipelines.
    fn gitlab(&self) -> Result<Sides<'r>, RepoError> {
        let source = Source::GitLabMergeRequest;
        let Some(fork) = self.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA") else {
            return Err(RepoError::new("this pipeline of GitLab is for no merge request")
                .help("run the job with `rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`, or name both sides with `--base` and `--head`"));
        };
        let target = self
            .variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
            .unwrap_or("target branch")
            .to_owned();
        // In a pipeline for merged results the commit is a merge that GitLab made for it.
        let commit = self.variable("CI_COMMIT_SHA").unwrap_or_default();
        let head = self.known(commit, "the commit of the pipeline")?;
        let head_name = "merge request".to_owned();
        // In a pipeline for merged results the tip of the branch is named apart.
        let tip = self.variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA");
        let proposal = self
            .variable("CI_MERGE_REQUEST_IID")
            .and_then(|it| it.parse().ok())
            .map(|number| Proposal {
                forge: ForgeKind::Gitlab,
                number,
                head: tip.map_or_else(|| head.id().to_string(), str::to_owned),
                branch: target.clone(),
            });
        if let Some(tip) = self.variable("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") {
            let base = self.known(tip, "the target of the merge request")?;
            return Ok(Sides {
                base: (target, base),
                head: (head_name, head),
                source,
                proposal,
            });
        }
        let fork = self.known(fork, "the commit where the merge request begins")?;
        // A runner that keeps its clone may hold an old target: then the fork is newer.
        if let Some(tip) = self.branch(&format!("refs/remotes/origin/{target}"))
            && self.descends(&tip, &fork)
        {
            return Ok(Sides {
                base: (target, tip),
                head: (head_name, head),
                source,
                proposal,
            });
        }
        Ok(Sides {
            base: (format!("fork from {target}"), fork),
            head: (head_name, head),
            source,
            proposal,
        })
    }

    /// The trees of both sides.
    fn change(&self, sides: Sides<'r>) -> Result<Change, RepoError> {
        let Sides {
            base: (base_name, base),
            head: (head_name, head),
            source,
            proposal,
        } = sides;
        let tip = match &proposal {
            Some(it) => self.by_id(&it.head),
            None => Some(head.clone()),
        };
        let commits = self.commits(&base, tip.as_ref());
        let one_line =
            base.id() == head.id() || self.descends(&head, &base) || self.descends(&base, &head);
        let mut proposed = revision(&head_name, &head);
        let head = if one_line {
            Head::Commit(proposed)
        } else {
            proposed.tree = self.merged(&base, &head)?.to_string();
            Head::Merged(proposed)
        };
        Ok(Change {
            base: revision(&base_name, &base),
            head,
            source,
            proposal,
            commits,
        })
    }

    /// The commits that are in `head` and not in `base`, the newest first.
    fn commits(&self, base: &Commit<'_>, head: Option<&Commit<'_>>) -> Known<Vec<CommitFacts>> {
        // Where history is cut, a commit that is missing looks like one that was never made.
        if self.repository.is_shallow() {
            return Known::unknown(
                "the clone is shallow, so the commits of the change are not known",
                self.fetch_help(),
            );
        }
        let Some(head) = head else {
            return Known::unknown(
                "the tip of the proposed branch is not in this clone",
                self.fetch_help(),
            );
        };
        let walk = || -> Result<Vec<CommitFacts>, git2::Error> {
            let mut walk = self.repository.revwalk()?;
            walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
            walk.push(head.id())?;
            walk.hide(base.id())?;
            let ids = walk.take(MOST_COMMITS + 1);
            ids.map(|id| Ok(commit_facts(&self.repository.find_commit(id?)?)))
                .collect()
        };
        match walk() {
            Ok(commits) if commits.len() > MOST_COMMITS => Known::unknown(
                format!("the change has more than {MOST_COMMITS} commits"),
                "a change that is made of fewer commits",
            ),
            Ok(commits) => Known::Known(commits),
            Err(error) => Known::unknown(
                format!(
                    "the commits of the change cannot be read: {}",
                    error.message()
                ),
                self.fetch_help(),
            ),
        }
    }

    fn merged(&self, base: &Commit<'_>, head: &Commit<'_>) -> Result<Oid, RepoError> {
        // Where history is cut, a merge would start from the wrong commit.
        self.merge_base(base, head)?;
        let mut index = self
            .repository
            .merge_commits(base, head, None)
            .map_err(|error| {
                RepoError::new(format!("cannot merge head into base: {}", error.message()))
            })?;
        if index.has_conflicts() {
            let path = index
                .conflicts()
                .ok()
                .and_then(|mut it| it.next())
                .and_then(Result::ok)
                .and_then(|it| it.our.or(it.their).or(it.ancestor));
            let path = path.map_or_else(String::new, |it| {
                format!(" in `{}`", super::names::shown(&it.path))
            });
            return Err(
                RepoError::new(format!("head does not merge into base: conflict{path}"))
                    .help("bring the branch up to date with its base"),
            );
        }
        index.write_tree_to(self.repository).map_err(|error| {
            RepoError::new(format!(
                "cannot record the merge of base and head: {}",
                error.message()
            ))
            .help("bring the branch up to date with its base, or make the clone writable")
        })
    }

    fn merge_base(&self, one: &Commit<'_>, two: &Commit<'_>) -> Result<Commit<'r>, RepoError> {
        let related = one.id() == two.id() || self.descends(one, two) || self.descends(two, one);
        if self.repository.is_shallow() && !related {
            return Err(RepoError::new(
                "the clone is shallow, so where base and head part is not known",
            )
            .help(self.fetch_help()));
        }
        let found = self
            .repository
            .merge_base(one.id(), two.id())
            .and_then(|it| self.repository.find_commit(it));
        found.map_err(|error| match error.code() {
            ErrorCode::NotFound => RepoError::new(format!(
                "{} and {} have no history in common",
                one.id(),
                two.id()
            ))
            .help("name the base with `--base`"),
            _ => RepoError::new(error.message()),
        })
    }

    fn default_branch(&self) -> Result<(String, Commit<'r>), RepoError> {
        const CANDIDATES: [(&str, &str); 5] = [
            ("origin/HEAD", "refs/remotes/origin/HEAD"),
            ("origin/main", "refs/remotes/origin/main"),
            ("origin/master", "refs/remotes/origin/master"),
            ("main", "refs/heads/main"),
            ("master", "refs/heads/master"),
        ];
        CANDIDATES
            .iter()
            .find_map(|(name, full)| Some(((*name).to_owned(), self.branch(full)?)))
            .ok_or_else(|| {
                RepoError::new(
                    "there is no branch `origin/HEAD`, `main` or `master` to compare with",
                )
                .help("name the base with `--base`")
            })
    }

    /// A revision in the user's words.
    fn named(&self, name: &str) -> Result<Commit<'r>, RepoError> {
        let unborn = |it: git2::Error| it.code() == git2::ErrorCode::UnbornBranch;
        if name == "HEAD" && self.repository.head().is_err_and(unborn) {
            return Err(RepoError::new("the branch has no commit yet")
                .help("make a first one; a change is what differs from it"));
        }
        let unknown = |why: &str| {
            let help = if self.repository.is_shallow() {
                self.fetch_help()
            } else {
                "run `git fetch origin`, or name a branch, tag or commit that is in this clone"
                    .to_owned()
            };
            RepoError::new(format!(
                "`{}` is no commit of this clone{why}",
                super::names::shown(name.as_bytes())
            ))
            .help(help)
        };
        if name.is_empty() || name.starts_with('-') {
            return Err(unknown(""));
        }
        let object = self
            .repository
            .revparse_single(name)
            .map_err(|error| match error.code() {
                ErrorCode::NotFound | ErrorCode::InvalidSpec => unknown(""),
                ErrorCode::UnbornBranch => RepoError::new("the repository has no commit yet"),
                _ => unknown(&format!(": {}", error.message())),
            })?;
        object
            .peel_to_commit()
            .map_err(|_| unknown(": it names something else"))
    }

    /// A commit that the CI system named by its id. Nothing else is tried: the text may come from
    /// the author of the change.
    fn known(&self, id: &str, what: &str) -> Result<Commit<'r>, RepoError> {
        if id.bytes().all(|it| it == b'0') {
            return Err(
                RepoError::new(format!("{what} is not known to the CI system"))
                    .help("name both sides with `--base` and `--head`"),
            );
        }
        self.by_id(id).ok_or_else(|| {
            let shown: String = super::names::shown(id.as_bytes())
                .chars()
                .take(64)
                .collect();
            RepoError::new(format!("{what} (`{shown}`) is not in this clone"))
                .help(self.fetch_help())
        })
    }

    fn by_id(&self, id: &str) -> Option<Commit<'r>> {
        let whole = id.len() == 40 && id.bytes().all(|it| it.is_ascii_hexdigit());
        let id = Oid::from_str(id).ok().filter(|_| whole)?;
        self.repository.find_commit(id).ok()
    }

    fn branch(&self, full: &str) -> Option<Commit<'r>> {
        self.repository
            .find_reference(full)
            .ok()?
            .peel_to_commit()
            .ok()
    }

    fn descends(&self, commit: &Commit<'_>, ancestor: &Commit<'_>) -> bool {
        commit.id() == ancestor.id()
            || self
                .repository
                .graph_descendant_of(commit.id(), ancestor.id())
                .unwrap_or(false)
    }

    fn fetch_help(&self) -> String {
        if self.is("GITHUB_ACTIONS") {
            "give `actions/checkout` the setting `fetch-depth: 0`".to_owned()
        } else if self.is("GITLAB_CI") {
            "give the job the variable `GIT_DEPTH: \"0\"`".to_owned()
        } else if self.repository.is_shallow() {
            "run `git fetch --unshallow`".to_owned()
        } else {
            "run `git fetch origin`".to_owned()
        }
    }

    /// A variable that is set to something.
    fn variable(&self, name: &str) -> Option<&str> {
        self.ask
            .environment
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    fn is(&self, name: &str) -> bool {
        self.variable(name) == Some("true")
    }
}

/// What a commit says of those who made it. Source for the trailer: GitHub's "Creating a commit with
/// multiple authors"; git's own trailers are the last paragraph, but forges read the whole message.
fn commit_facts(commit: &Commit<'_>) -> CommitFacts {
    let address = |it: &git2::Signature<'_>| String::from_utf8_lossy(it.email_bytes()).into_owned();
    let message = String::from_utf8_lossy(commit.message_raw_bytes());
    let co_authors = message.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(':')?;
        let (_, rest) = value.rsplit_once('<')?;
        key.trim()
            .eq_ignore_ascii_case("co-authored-by")
            .then(|| rest.trim_end_matches('>').trim().to_owned())
    });
    CommitFacts {
        id: commit.id().to_string(),
        author: address(&commit.author()),
        committer: address(&commit.committer()),
        co_authors: co_authors.collect(),
    }
}

fn revision(name: &str, commit: &Commit<'_>) -> Revision {
    Revision {
        name: name.to_owned(),
        commit: commit.id().to_string(),
        tree: commit.tree_id().to_string(),
    }
}

#[cfg(test)]
mod tests;

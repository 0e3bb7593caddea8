//! Which two trees are compared, and how that is known.
//!
//! The head that is judged is what the base would become: where base and head have both moved on,
//! it is the tree of their merge, so that changes of the base do not look like changes of the head
//! turned round, and rules come from the newest base. Source: threat rows F3 and G13.

mod event;
mod forges;
mod history;
mod merging;
mod named;
mod standpoint;

pub use history::{History, Taken, history};
pub use standpoint::{Standpoint, standpoint};

use super::{Objects, RepoError};
use crate::model::{CommitFacts, Known, Proposal};
use event::Event;
use git2::{Commit, Repository};
use named::Side;
use std::collections::BTreeMap;

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
    /// A commit that the base holds already.
    Behind(Revision),
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
    /// Why there is nothing to judge in it, if there is nothing: `same` tells that no file differs. A
    /// verdict on it would read as one on the change that somebody meant.
    pub fn nothing_to_judge(&self, same: bool) -> Option<RepoError> {
        let shown = |it: &Revision| {
            let commit: String = it.commit.chars().take(SHOWN_DIGITS).collect();
            format!("`{}` ({commit})", super::names::shown(it.name.as_bytes()))
        };
        let base = shown(&self.base);
        let why = match &self.head {
            Head::Behind(it) => {
                format!(
                    "the head {} is behind its base {base}, which has it already",
                    shown(it)
                )
            }
            Head::Commit(it) | Head::Merged(it) if it.commit == self.base.commit => {
                format!("the base {base} and the head {} are one commit", shown(it))
            }
            Head::Commit(it) | Head::Merged(it) if same => {
                format!("the head {} changes no file of its base {base}", shown(it))
            }
            Head::WorkingTree if same => {
                format!("the working tree has every file as its base {base}")
            }
            Head::Commit(_) | Head::Merged(_) | Head::WorkingTree => return None,
        };
        let help = match (&self.head, self.source) {
            (Head::WorkingTree, _) => {
                "change a file, or judge the last commit: `--base HEAD~1 --head HEAD`"
            }
            (_, Source::Local) => {
                "judge the last commit (`--base HEAD~1 --head HEAD`), what is not committed (`--working-tree`), or another branch (`--head BRANCH`)"
            }
            (_, Source::Named) => {
                "name the two sides of a change: `--base` is what it would be merged into, `--head` what it proposes"
            }
            (_, Source::GitHubPush) => {
                "name both sides of what was pushed, for example `--base HEAD~1 --head HEAD`"
            }
            (
                _,
                Source::GitHubPullRequest | Source::GitHubMergeGroup | Source::GitLabMergeRequest,
            ) => {
                "the request brings nothing that its target lacks: if it is merged, there is nothing left to gate"
            }
        };
        Some(RepoError::nothing(format!("nothing to judge: {why}")).help(help))
    }

    /// Whether what is judged is recorded in git, so that a hand-off can name it.
    pub fn can_be_handed_off(&self) -> bool {
        !matches!(self.head, Head::WorkingTree)
    }
}

impl Head {
    /// The commit and tree; `None` for the work tree.
    pub fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Commit(revision) | Self::Merged(revision) | Self::Behind(revision) => {
                Some(revision)
            }
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
        .with(|repository| {
            let resolver = Resolver {
                objects,
                repository,
                ask,
            };
            Ok(resolver.resolve())
        })
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
            objects,
            repository,
            ask: &ask,
        };
        let commit = resolver.named(name, Side::Base)?;
        objects.verify_commit(commit.id())?;
        Ok(revision(name, &commit))
    };
    objects
        .with(|repository| Ok(find(repository)))
        .map_err(|error| RepoError::new(error.message()))?
}

/// The branch that changes are merged into, and its commit; `None` where nothing says which one it is.
///
/// # Errors
/// Where its commit is not what its id says.
pub fn base_branch(objects: &Objects) -> Result<Option<Revision>, RepoError> {
    let ask = Ask::default();
    let find = |repository: &Repository| {
        let resolver = Resolver {
            objects,
            repository,
            ask: &ask,
        };
        let Ok((name, commit)) = resolver.default_branch() else {
            return Ok(None);
        };
        objects.verify_commit(commit.id())?;
        Ok(Some(revision(&name, &commit)))
    };
    objects
        .with(|repository| Ok(find(repository)))
        .map_err(|error| RepoError::new(error.message()))?
}

struct Resolver<'a> {
    objects: &'a Objects,
    repository: &'a Repository,
    ask: &'a Ask<'a>,
}

/// Both commits before their trees are looked at.
struct Sides<'r> {
    base: (String, Commit<'r>),
    head: (String, Commit<'r>),
    source: Source,
    proposal: Option<Proposal>,
    /// Whether the head is a merge that the CI system made for the run.
    given: bool,
}

/// Digits of a commit's id that a person needs.
const SHOWN_DIGITS: usize = 12;

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
        self.objects.verify_commit(sides.base.1.id())?;
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
        let head_commit = self.named(&head_name, Side::Head)?;
        let source = if base.is_some() || head.is_some() {
            Source::Named
        } else {
            Source::Local
        };
        let base = match base {
            Some(name) => (name.to_owned(), self.named(name, Side::Base)?),
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
            given: false,
        })
    }

    /// The trees of both sides.
    fn change(&self, sides: Sides<'r>) -> Result<Change, RepoError> {
        let Sides {
            base: (base_name, base),
            head: (head_name, head),
            source,
            proposal,
            given,
        } = sides;
        self.objects.verify_commit(base.id())?;
        self.objects.verify_commit(head.id())?;
        if given {
            self.check_given(&head)?;
        }
        let tip = match &proposal {
            Some(it) => self.by_id(&it.head),
            None => Some(head.clone()),
        };
        let commits = self.commits(&base, tip.as_ref());
        let mut proposed = revision(&head_name, &head);
        let head = if self.descends(&head, &base) {
            Head::Commit(proposed)
        } else if self.descends(&base, &head) {
            Head::Behind(proposed)
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
            ids.map(|id| {
                let commit = self.repository.find_commit(id?)?;
                // A damaged one is remembered and ends the run.
                let _ = self.objects.verify_commit(commit.id());
                Ok(commit_facts(&commit))
            })
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

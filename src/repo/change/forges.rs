//! The change that a CI system's run is for.

use super::{
    RepoError, Resolver, Sides, Source,
    event::{Event, LARGEST_EVENT},
};
use crate::model::{ForgeKind, Proposal};
use git2::Commit;
use std::fs;

impl<'r> Resolver<'r> {
    pub(super) fn github(&self) -> Result<Sides<'r>, RepoError> {
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
                    given: true,
                });
            }
            let base = self.known(&request.base.sha, "the base of the pull request")?;
            let base = self.newest(&request.base.branch, base);
            return Ok(Sides {
                base: (self.base_ref(), base),
                head: ("pull request".to_owned(), head),
                source,
                proposal,
                given: false,
            });
        }
        if let Some(group) = event.merge_group {
            let base = self.known(&group.base_sha, "the base of the merge group")?;
            let head = self.known(&group.head_sha, "the head of the merge group")?;
            let given = head.parent_count() == 2 && head.parent_id(0).ok() == Some(base.id());
            return Ok(Sides {
                proposal: group.proposal(&base, &head),
                base: ("base of the merge queue".to_owned(), base),
                head: ("merge group".to_owned(), head),
                source: Source::GitHubMergeGroup,
                given,
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
                given: false,
            });
        }
        let name = self
            .variable("GITHUB_EVENT_NAME")
            .unwrap_or("unknown")
            .to_owned();
        Err(
            RepoError::new(format!("the event `{name}` of GitHub is no change"))
                .help("name both sides with `--base` and `--head`: `--base HEAD~1 --head HEAD` is the last commit"),
        )
    }

    pub(super) fn event(&self) -> Result<Event, RepoError> {
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
    pub(super) fn gitlab(&self) -> Result<Sides<'r>, RepoError> {
        let source = Source::GitLabMergeRequest;
        let Some(fork) = self.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA") else {
            return Err(RepoError::new("this pipeline of GitLab is for no merge request")
                .help("run the job with `rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`; what a push brings is judged with `--base $CI_COMMIT_BEFORE_SHA --head $CI_COMMIT_SHA`"));
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
        // The merge of a pipeline for merged results is made by GitLab, of the source and the target.
        let given = head.parent_count() == 2
            && tip.is_some_and(|it| head.parent_id(1).is_ok_and(|id| id.to_string() == it));
        if let Some(tip) = self.variable("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") {
            let base = self.known(tip, "the target of the merge request")?;
            return Ok(Sides {
                base: (target, base),
                head: (head_name, head),
                source,
                proposal,
                given,
            });
        }
        let fork = self.known(fork, "the commit where the merge request begins")?;
        let base = self.newest(&target, fork.clone());
        let base_name = if base.id() == fork.id() && !self.is_tip(&target, &fork) {
            format!("fork from {target}")
        } else {
            target
        };
        Ok(Sides {
            base: (base_name, base),
            head: (head_name, head),
            source,
            proposal,
            given,
        })
    }

    /// The tip of a branch on the server as this clone knows it, where that is newer than a commit of
    /// it. A runner that keeps its clone may hold an old one.
    fn newest(&self, branch: &str, known: Commit<'r>) -> Commit<'r> {
        match self.branch(&format!("refs/remotes/origin/{branch}")) {
            Some(tip) if self.descends(&tip, &known) => tip,
            _ => known,
        }
    }

    fn is_tip(&self, branch: &str, commit: &Commit<'_>) -> bool {
        let tip = self.branch(&format!("refs/remotes/origin/{branch}"));
        tip.is_some_and(|it| it.id() == commit.id())
    }
}

//! Where a run stands, be it for a change or not: whose configuration holds, and which branch it is
//! about.

use super::{Ask, Event, Objects, RepoError, Resolver, Revision, Side, revision};
use crate::model::Proposal;
use std::collections::BTreeMap;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standpoint {
    /// The commit whose configuration holds: BASE in a request, what is checked out elsewhere.
    pub revision: Revision,
    /// In a request, what it proposes, merged into BASE where both have moved on.
    pub head: Option<Revision>,
    /// The request that the run is for.
    pub proposal: Option<Proposal>,
    /// The branch that it is about, and how that is known.
    pub branch: Option<(String, String)>,
}

/// Find it.
///
/// # Errors
/// Where the run is for a request of which one side is not in the clone, or nothing is committed.
pub fn standpoint(
    objects: &Objects,
    environment: &BTreeMap<String, String>,
) -> Result<Standpoint, RepoError> {
    let ask = Ask {
        environment: environment.clone(),
        ..Ask::default()
    };
    objects
        .with(|repository| {
            let resolver = Resolver {
                objects,
                repository,
                ask: &ask,
            };
            Ok(resolver.standpoint())
        })
        .map_err(|error| RepoError::new(error.message()))?
}

impl Resolver<'_> {
    fn standpoint(&self) -> Result<Standpoint, RepoError> {
        let event = match self.variable("GITHUB_EVENT_PATH") {
            Some(_) if self.is("GITHUB_ACTIONS") => Some(self.event()?),
            _ => None,
        };
        let of_github = |it: &Event| it.pull_request.is_some() || it.merge_group.is_some();
        let in_request = event.as_ref().is_some_and(of_github)
            || self.is("GITLAB_CI") && self.variable("CI_MERGE_REQUEST_IID").is_some();
        let (revision, head, proposal) = if in_request {
            let change = self.resolve()?;
            let head = change.head.revision().cloned();
            (change.base, head, change.proposal)
        } else {
            (
                revision("HEAD", &self.named("HEAD", Side::Head)?),
                None,
                None,
            )
        };
        let branch = self.branch_of(proposal.as_ref(), event.as_ref());
        Ok(Standpoint {
            revision,
            head,
            proposal,
            branch,
        })
    }

    /// The request's branch, or the default branch of the repository as somebody names it.
    fn branch_of(
        &self,
        proposal: Option<&Proposal>,
        event: Option<&Event>,
    ) -> Option<(String, String)> {
        let of_request = proposal.filter(|it| !it.branch.is_empty()).map(|it| {
            let how = format!("request {} would be merged into it", it.number);
            (it.branch.clone(), how)
        });
        let of_event = || {
            let name = event?.repository.as_ref()?.default_branch.clone()?;
            let how = "the event of GitHub says that it is the default branch";
            Some((name, how.to_owned()))
        };
        let of_gitlab = || {
            let name = self.variable("CI_DEFAULT_BRANCH")?;
            let how = "`CI_DEFAULT_BRANCH` says that it is the default branch";
            Some((name.to_owned(), how.to_owned()))
        };
        let of_run = || {
            let name = self.variable("GITHUB_REF")?.strip_prefix("refs/heads/")?;
            Some((name.to_owned(), "this run is for it".to_owned()))
        };
        of_request
            .or_else(of_event)
            .or_else(of_gitlab)
            .or_else(of_run)
    }
}

//! Whether what the forge says is about what is judged.

use super::short;
use crate::model::{Change, Facts, ForgeFacts, Gap, Request, RequestState};

/// The forge's answers and the request that they are about.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) forge: &'a ForgeFacts,
    pub(super) request: &'a Request,
    /// The commit that reviews must be for.
    pub(super) head: &'a str,
}

/// The request, if it can be merged and proposes what is judged.
///
/// A request that was closed, sent to another branch or pushed to since the run began is not known to
/// have anybody's approval. Source: threat rows F2, F10 and F15.
pub(super) fn bind(facts: &Facts) -> Result<Bound<'_>, Gap> {
    let forge = facts.forge.as_ref().ok_or_else(|| {
        gap(
            "no forge was asked",
            "a run in the pull or merge request's pipeline",
        )
    })?;
    let request = forge.request.get().map_err(Clone::clone)?;
    let head = judged(&facts.change)?;
    if request.head != head {
        return Err(gap(
            format!(
                "the request proposes commit {}, and what is judged is {}",
                short(&request.head),
                short(head)
            ),
            "a run on the newest commit of the request",
        ));
    }
    if let Some(proposal) = &facts.change.proposal {
        if proposal.number != request.number {
            return Err(gap(
                format!(
                    "the forge answered about request {}, and the run is for {}",
                    request.number, proposal.number
                ),
                "answers about the request that is judged",
            ));
        }
        if proposal.branch != request.branch {
            return Err(gap(
                format!(
                    "the request is for branch `{}`, and what is judged is a merge into `{}`",
                    request.branch, proposal.branch
                ),
                "a run that began after the request was sent to another branch",
            ));
        }
    }
    let state = match request.state {
        RequestState::Open => {
            return Ok(Bound {
                forge,
                request,
                head,
            });
        }
        RequestState::Closed => "closed",
        RequestState::Merged => "merged already",
    };
    Err(gap(
        format!("request {} is {state}", request.number),
        "an open request",
    ))
}

/// The tip of the proposed branch; in CI, what is judged may be its merge into BASE.
fn judged(change: &Change) -> Result<&str, Gap> {
    let head = match &change.proposal {
        Some(proposal) => Some(proposal.head.as_str()),
        None => change.head.commit.as_deref(),
    };
    head.ok_or_else(|| {
        gap(
            "what is judged is a working tree, which nobody can have approved",
            "a run on the commit of a request",
        )
    })
}

fn gap(why: impl Into<String>, needs: impl Into<String>) -> Gap {
    Gap {
        why: why.into(),
        needs: needs.into(),
    }
}

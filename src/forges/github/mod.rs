//! GitHub, github.com or one's own GitHub Enterprise Server, by REST and GraphQL.
//!
//! What the token of a job can see is asked first, and what it cannot is asked as well: each answer
//! that is refused becomes an unknown fact that names the permission. Sources: GitHub's OpenAPI
//! description, its GraphQL schema, and "Automatic token authentication".

use super::{Environment, Forge, Question, nothing_known};
use crate::model::{
    ForgeFacts, Gap, Known, Proposal, ProtectionFacts, Request, Review, ReviewState,
};
use api::Api;
use classic::Classic;
use layers::Layers;
use request::Pull;
use std::collections::BTreeMap;

mod api;
mod classic;
mod commits;
mod layers;
mod people;
mod request;
mod rules;

pub(super) struct Github;

impl Forge for Github {
    fn id(&self) -> &'static str {
        "github"
    }

    fn recognises(&self, environment: &Environment) -> bool {
        environment.get("GITHUB_ACTIONS") == Some("true")
    }

    fn ask(&self, environment: &Environment, question: &Question) -> ForgeFacts {
        match Api::connect(environment, question) {
            Ok(api) => gather(&api, question),
            Err(gap) => nothing_known(self.id(), "", question, &gap),
        }
    }
}

fn gather(api: &Api, question: &Question) -> ForgeFacts {
    let gap = Gap {
        why: "this run is for no pull request".to_owned(),
        needs: "a run on the event `pull_request` or `pull_request_review`, or on `merge_group` where the queue makes merge commits".to_owned(),
    };
    let mut facts = nothing_known("github", &api.repository(), question, &gap);
    let mut moved = Ok(());
    if let Some(proposal) = &question.proposal {
        moved = about_request(api, proposal, question.reviews, &mut facts);
    }
    if question.reviews {
        let one = |it: &String| (it.clone(), people::team(api, it));
        facts.teams = question.teams.iter().map(one).collect();
    }
    if question.protection {
        let (told, notes) = match (target(question), moved) {
            (Ok(branch), Ok(())) => protection(api, branch),
            // It may be for another branch by now.
            (Ok(branch), Err(gap)) => (ProtectionFacts::unknown(branch, &gap), Vec::new()),
            (Err(gap), _) => (ProtectionFacts::unknown("", &gap), Vec::new()),
        };
        facts.protection = Some(told);
        facts.notes.extend(notes);
    }
    facts
}

/// The branch whose protection is asked for.
fn target(question: &Question) -> Result<&str, Gap> {
    let proposed = question.proposal.as_ref().map(|it| &it.branch);
    let branch = question.branch.as_ref().or(proposed);
    branch.map(String::as_str).ok_or_else(|| Gap {
        why: "nobody says which branch it is about".to_owned(),
        needs: "a run on the event `pull_request`".to_owned(),
    })
}

/// The request, read before everything else that is about it and once more after it.
///
/// # Errors
/// Where it changed meanwhile.
fn about_request(
    api: &Api,
    proposal: &Proposal,
    reviewed: bool,
    facts: &mut ForgeFacts,
) -> Result<(), Gap> {
    let first = request::read(api, proposal.number).map_err(|it| it.gap);
    let known = first.and_then(|first| Ok((first.request(api)?, first)));
    let (told, first) = match known {
        Ok(known) => known,
        Err(gap) => {
            doubt(facts, &gap);
            return Ok(());
        }
    };
    if let Err(gap) = first.is_as_asked(proposal) {
        // What is judged is not what is proposed: whoever compares them finds it.
        doubt(facts, &gap);
        facts.request = Known::Known(told);
        return Ok(());
    }
    facts.request = Known::Known(told);
    if reviewed {
        reviews(api, proposal.number, &first, facts);
    }
    let again = read_again(api, proposal.number, &first);
    if let Err(gap) = &again {
        doubt(facts, gap);
    }
    again
}

/// Nothing about the request is known.
fn doubt(facts: &mut ForgeFacts, gap: &Gap) {
    facts.request = Known::<Request>::Unknown(gap.clone());
    facts.reviews = Known::Unknown(gap.clone());
    facts.commits = Known::Unknown(gap.clone());
    facts.last_pusher = Known::Unknown(gap.clone());
}

/// Reviews, and what is needed to weigh them.
fn reviews(api: &Api, number: u64, pull: &Pull, facts: &mut ForgeFacts) {
    let pushers = request::pushers(api, pull);
    let alone = pushers.get().ok().and_then(|it| it.alone);
    match commits::read(api, number, pull, alone) {
        Ok(told) => {
            facts.reviews = request::reviews(api, number, told.reviews);
            facts.commits = Known::Known(told.contributors);
        }
        Err(gap) => {
            facts.reviews = Known::Unknown(gap.clone());
            facts.commits = Known::Unknown(gap);
        }
    }
    facts.last_pusher = pushers.map(|it| it.last);
    facts.permissions = people::permissions(api, &reviewers(&facts.reviews));
}

/// Everybody who said yes or no, by number, with the name that is theirs now: what somebody may do
/// who only commented makes no difference.
fn reviewers(reviews: &Known<Vec<Review>>) -> BTreeMap<u64, String> {
    let all = reviews.get().into_iter().flatten();
    all.filter(|it| it.state != ReviewState::Commented)
        .filter_map(|it| it.account.as_ref())
        .map(|it| (it.id, it.login.clone()))
        .collect()
}

/// Read the request once more: what has changed meanwhile makes every answer doubtful.
fn read_again(api: &Api, number: u64, first: &Pull) -> Result<(), Gap> {
    let second = request::read(api, number).map_err(|it| it.gap)?;
    let changed = second.changed_since(first);
    if changed.is_empty() {
        return api.clocks_agree();
    }
    Err(Gap {
        why: format!(
            "the {} of pull request {number} changed while GitHub was asked",
            changed.join(" and the ")
        ),
        needs: "another run".to_owned(),
    })
}

/// How the branch is protected, and what of it deserves a note.
fn protection(api: &Api, branch: &str) -> (ProtectionFacts, Vec<String>) {
    let (mut all, mut unread, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    match rules::layers(api, branch) {
        Ok(layers) => all = layers,
        Err(gap) => unread.push(gap),
    }
    let unseen = all.iter().filter(|it| it.bypass.get().is_err());
    notes.extend(unseen.map(|it| {
        format!(
            "{} holds for everybody but those who may go around it, and who they are cannot be seen with this token",
            it.name
        )
    }));
    match classic::read(api, branch, !all.is_empty()) {
        Classic::None => {}
        Classic::Whole(layer) => all.push(layer),
        Classic::Part(layer) => {
            notes.push(format!(
                "of the {} only a part can be seen with this token (GraphQL's `refUpdateRule`), and not who may go around it",
                layer.name
            ));
            all.push(layer);
        }
        Classic::Hidden(gap) => unread.push(gap),
    }
    (Layers::of(branch, all, unread).facts(), notes)
}

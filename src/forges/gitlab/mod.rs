//! GitLab, gitlab.com or one's own, Free and Premium.
//!
//! What the tiers have in common is asked of every project: the merge request, its approvals and
//! versions, its commits, members and groups, protected branches. Approval rules, code owners and
//! push rules are Premium: on Free their absence is a fact, and the report says so. Sources: "REST
//! API resources", "GraphQL API resources" and the entities in `lib/api/entities`.

use super::{Environment, Forge, Question, nothing_known};
use crate::model::{Account, ForgeFacts, Gap, Known, ProtectionFacts, Review, Stated};
use api::Api;
use branch::Protection;
use members::People;
use merge_request::MergeRequest;
use settings::{Project, Tier};
use std::collections::BTreeSet;

mod api;
mod approvals;
mod branch;
mod members;
mod merge_request;
mod settings;

pub(super) struct Gitlab;

impl Forge for Gitlab {
    fn id(&self) -> &'static str {
        "gitlab"
    }

    fn recognises(&self, environment: &Environment) -> bool {
        environment.get("GITLAB_CI") == Some("true")
    }

    fn ask(&self, environment: &Environment, question: &Question) -> ForgeFacts {
        match Api::connect(environment, question) {
            Ok(api) => gather(&api, question),
            Err(gap) => nothing_known(self.id(), "", question, &gap),
        }
    }
}

/// What a merge request shows at its first reading.
struct Reading {
    number: u64,
    first: Result<MergeRequest, Gap>,
}

fn gather(api: &Api, question: &Question) -> ForgeFacts {
    let project = Project::read(api).map_err(|it| it.gap);
    let path = match &project {
        Ok(project) => project.path().or(api.path()),
        Err(_) => api.path(),
    };
    let repository = format!("{}/{}", api.host(), path.unwrap_or("an unnamed project"));
    let gap = Gap {
        why: "this pipeline is for no merge request".to_owned(),
        needs: "a pipeline of a merge request (`rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`)".to_owned(),
    };
    let mut facts = nothing_known("gitlab", &repository, question, &gap);
    let mut people = People::default();
    let reading = question.proposal.as_ref().map(|it| Reading {
        number: it.number,
        first: merge_request::read(api, it.number).map_err(|it| it.gap),
    });
    let tier = project.as_ref().ok().and_then(Project::tier);
    if let Some(reading) = &reading {
        facts.request = request(api, &mut people, reading, project.as_ref().ok());
        if question.reviews {
            reviews(api, &mut people, reading, path, question, &mut facts);
        }
    }
    if question.reviews {
        facts.teams = (question.teams.iter())
            .map(|it| (it.clone(), members::team(api, &people, it, question.now)))
            .collect();
    }
    facts.notes.push(tier_note(tier, &repository));
    if question.protection {
        let (told, notes) = protection(api, &mut people, question, &facts, &project);
        facts.protection = Some(told);
        facts.notes.extend(notes);
    }
    for login in people.inactive() {
        facts.notes.push(format!(
            "the account of {login} is not active: nothing that it said counts"
        ));
    }
    if let Some(reading) = &reading {
        read_again(api, reading, &mut facts);
    }
    facts
}

fn request(
    api: &Api,
    people: &mut People,
    reading: &Reading,
    project: Option<&Project>,
) -> Known<crate::model::Request> {
    let found = match &reading.first {
        Ok(found) => found,
        Err(gap) => return Known::Unknown(gap.clone()),
    };
    if let Some(id) = project.and_then(Project::id)
        && !found.is_into(id)
    {
        return Known::unknown(
            format!("!{} is for another project", reading.number),
            "`CI_MERGE_REQUEST_PROJECT_ID` as GitLab sets it",
        );
    }
    let author = found.author().and_then(|it| people.account(api, it));
    match found.request(author) {
        Ok(request) => Known::Known(request),
        Err(gap) => Known::Unknown(gap),
    }
}

/// Reviews, and what is needed to weigh them.
fn reviews(
    api: &Api,
    people: &mut People,
    reading: &Reading,
    path: Option<&str>,
    question: &Question,
    facts: &mut ForgeFacts,
) {
    let number = reading.number;
    let head = reading.first.as_ref().map_err(Clone::clone);
    let head = head.and_then(|it| Ok((it, it.head()?)));
    let (first, head) = match head {
        Ok(found) => found,
        Err(gap) => {
            facts.reviews = Known::Unknown(gap.clone());
            facts.commits = Known::Unknown(gap.clone());
            facts.last_pusher = Known::Unknown(gap);
            return;
        }
    };
    let versions = merge_request::versions(api, number).map_err(|it| it.gap);
    let of = versions.as_deref();
    let (told, note) = approvals::read(api, people, number, head, of);
    facts.reviews = told;
    facts.notes.extend(note);
    facts.commits = merge_request::commits(api, people, path, number);
    facts.last_pusher = match &versions {
        Ok(versions) => merge_request::last_pusher(api, people, first, versions),
        Err(gap) => Known::Unknown(gap.clone()),
    };
    let reviewers = reviewers(&facts.reviews);
    facts.permissions = members::permissions(api, people, &reviewers, question.now);
}

fn reviewers(reviews: &Known<Vec<Review>>) -> BTreeSet<u64> {
    let all = reviews.get().into_iter().flatten();
    all.filter_map(|it| it.account.as_ref())
        .map(|it: &Account| it.id)
        .collect()
}

/// Read the merge request once more: what has changed meanwhile makes every answer doubtful.
fn read_again(api: &Api, reading: &Reading, facts: &mut ForgeFacts) {
    let Ok(first) = &reading.first else {
        return;
    };
    let doubt = match merge_request::read(api, reading.number) {
        Err(failed) => Some(failed.gap),
        Ok(second) => {
            let changed = second.changed_since(first);
            (!changed.is_empty()).then(|| Gap {
                why: format!(
                    "the {} of !{} changed while GitLab was asked",
                    changed.join(" and the "),
                    reading.number
                ),
                needs: "another run".to_owned(),
            })
        }
    };
    if let Some(gap) = doubt.or_else(|| api.clocks_agree().err()) {
        facts.request = Known::Unknown(gap.clone());
        facts.reviews = Known::Unknown(gap.clone());
        // It may be for another branch by now.
        if let Some(protection) = &mut facts.protection {
            *protection = ProtectionFacts::unknown(&protection.branch, &gap);
        }
    }
}

/// How the branch is protected.
fn protection(
    api: &Api,
    people: &mut People,
    question: &Question,
    facts: &ForgeFacts,
    project: &Result<Project, Gap>,
) -> (ProtectionFacts, Vec<String>) {
    let of_request = facts.request.get().ok().map(|it| it.branch.clone());
    let Some(name) = question.branch.clone().or(of_request) else {
        let gap = Gap {
            why: "nobody says which branch it is about".to_owned(),
            needs: "a pipeline of a merge request".to_owned(),
        };
        return (ProtectionFacts::unknown("", &gap), Vec::new());
    };
    let default = match project {
        Ok(project) => project.is_default(&name),
        Err(gap) => Known::Unknown(gap.clone()),
    };
    let rules = branch::read(api);
    let unasked = Gap {
        why: "nobody looked".to_owned(),
        needs: "a run that looks".to_owned(),
    };
    let mut told = match &rules {
        Err(gap) => ProtectionFacts::unknown(&name, gap),
        Ok(rules) => {
            let found = Protection::of(&name, default.clone(), rules);
            ProtectionFacts {
                force_push: found.force_push(),
                deletion: found.deletion(),
                direct_push: found.direct_push(),
                admins: found.admins(),
                code_owners: found.code_owners(),
                bypass: found.bypass(api, people),
                ..ProtectionFacts::unknown(&name, &unasked)
            }
        }
    };
    match project {
        Err(gap) => {
            told.linear_history = Known::Unknown(gap.clone());
            told.status_checks = Known::Unknown(gap.clone());
        }
        Ok(project) => {
            told.linear_history = project.linear_history();
            told.status_checks = project.status_checks(api, &name);
        }
    }
    let mut notes = Vec::new();
    match project.as_ref().ok().and_then(Project::tier) {
        Some(Tier::Free) => without_premium(&mut told),
        _ => {
            let protected = rules
                .as_ref()
                .map(|it| Protection::of(&name, default, it).is_protected());
            notes = premium(api, question, protected, &mut told);
        }
    }
    (told, notes)
}

/// What GitLab Free does not have is known to be missing.
fn without_premium(told: &mut ProtectionFacts) {
    let missing = |what: &str| Stated {
        value: false,
        by: format!("GitLab Free has no {what}"),
    };
    told.approvals = Known::Known(Stated {
        value: 0,
        by: "GitLab Free has no approval rules".to_owned(),
    });
    told.dismiss_stale = Known::Known(Stated {
        value: false,
        by: "GitLab Free keeps approvals when commits are added".to_owned(),
    });
    told.code_owners = Known::Known(missing("approval by code owners"));
    told.last_push_approval = Known::Known(missing("approval settings"));
    told.signed_commits = Known::Known(missing("push rules"));
}

/// Approval rules, approval settings and push rules; and what of them deserves a note.
fn premium(
    api: &Api,
    question: &Question,
    protected: Result<bool, &Gap>,
    told: &mut ProtectionFacts,
) -> Vec<String> {
    let settings = settings::approval_settings(api);
    let push = settings::push_rule(api);
    told.signed_commits = match &push {
        Known::Known(rule) => rule.signed_commits(),
        Known::Unknown(gap) => Known::Unknown(gap.clone()),
    };
    match &settings {
        Ok(settings) => {
            told.dismiss_stale = settings.dismiss_stale();
            told.last_push_approval = settings.last_push_approval(&push);
        }
        Err(gap) => {
            told.dismiss_stale = Known::Unknown(gap.clone());
            told.last_push_approval = Known::Unknown(gap.clone());
        }
    }
    told.approvals = match protected {
        Err(gap) => Known::Unknown(gap.clone()),
        Ok(protected) => settings::approvals(
            api,
            &told.branch,
            protected,
            question.proposal.as_ref().map(|it| it.number),
            settings.as_ref(),
        ),
    };
    let own = settings.is_ok_and(|it| it.merge_requests_author_approval == Some(true));
    let note = "GitLab lets authors approve their own merge requests here (approval settings); Tollgate does not count such an approval";
    own.then(|| note.to_owned()).into_iter().collect()
}

fn tier_note(tier: Option<Tier>, repository: &str) -> String {
    match tier {
        Some(Tier::Free) => format!(
            "{repository} is on GitLab Free, which has no approval rules, approval by code owners or push rules and keeps approvals when commits are added: Tollgate counts approvals itself, each for the version of the merge request that it was given for"
        ),
        Some(Tier::Paid) => format!(
            "{repository} is on GitLab Premium or Ultimate: its approval rules, approval settings and push rules are read as well"
        ),
        None => format!(
            "whether {repository} is on GitLab Free or Premium cannot be seen with this token: what is Premium's counts as unknown where GitLab does not show it"
        ),
    }
}

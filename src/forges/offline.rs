//! No forge at all: a hook before a commit, a run on a laptop, or a decision that is looked at
//! again. It answers with what an earlier run has recorded for the same request and the same commit,
//! and with nothing else.

use super::{Environment, Forge, Question, nothing_known};
use crate::model::{ForgeFacts, Gap};

pub(super) struct Offline;

impl Forge for Offline {
    fn id(&self) -> &'static str {
        "offline"
    }

    fn recognises(&self, _: &Environment) -> bool {
        true
    }

    fn ask(&self, _: &Environment, question: &Question) -> ForgeFacts {
        match &question.recorded {
            None => nothing_known(
                self.id(),
                "",
                question,
                &Gap {
                    why: "no forge was asked: this run is in no CI system of GitHub or GitLab"
                        .to_owned(),
                    needs: "a run in the pull or merge request's pipeline".to_owned(),
                },
            ),
            Some(recorded) => replay(recorded, question),
        }
    }
}

/// Recorded answers hold for what they were given for.
fn replay(recorded: &ForgeFacts, question: &Question) -> ForgeFacts {
    let mut facts = recorded.clone();
    facts.notes.push(format!(
        "the answers of `{}` were recorded by an earlier run",
        recorded.forge
    ));
    let gap = |why: String| Gap {
        why,
        needs: "answers recorded for this request and this commit".to_owned(),
    };
    let other = match (&question.proposal, recorded.request.get()) {
        (Some(asked), Ok(told)) if asked.number != told.number => Some(gap(format!(
            "the recorded answers are about request {}, not {}",
            told.number, asked.number
        ))),
        (Some(asked), Ok(told)) if asked.head != told.head => Some(gap(format!(
            "the recorded answers are about commit {}, not {}",
            told.head, asked.head
        ))),
        _ => None,
    };
    match other {
        Some(gap) => nothing_known(&recorded.forge, &recorded.repository, question, &gap),
        None => facts,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;
    use crate::model::{ForgeKind, Known, Proposal, Request, RequestState};

    fn question(number: u64, head: &str) -> Question {
        Question {
            proposal: Some(Proposal {
                forge: ForgeKind::Github,
                number,
                head: head.to_owned(),
                branch: "main".to_owned(),
            }),
            ..Question::default()
        }
    }

    #[test]
    fn recorded_answers_hold_for_their_request_and_commit() {
        let nothing = Offline.ask(&Environment::default(), &question(7, "a"));
        assert!(nothing.request.get().is_err());
        let recorded = ForgeFacts {
            forge: "github".to_owned(),
            request: Known::Known(Request {
                number: 7,
                state: RequestState::Open,
                draft: false,
                author: None,
                head: "a".to_owned(),
                branch: "main".to_owned(),
            }),
            reviews: Known::Known(Vec::new()),
            ..nothing
        };
        for (number, head, holds) in [(7, "a", true), (8, "a", false), (7, "b", false)] {
            let asked = Question {
                recorded: Some(recorded.clone()),
                ..question(number, head)
            };
            let facts = Offline.ask(&Environment::default(), &asked);
            assert_eq!(facts.reviews.get().is_ok(), holds, "{number} {head}");
        }
    }
}

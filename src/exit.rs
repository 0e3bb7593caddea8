//! What the process says to the shell. Documented; never renumbered.

use crate::{
    gates::Cause,
    verdict::{Decision, Verdict},
};

/// Every required gate passed.
pub const ADMITTED: u8 = 0;
/// A gate refused, a fixture does not hold, an overlay does not render.
pub const REFUSED: u8 = 1;
/// Flags or configuration are wrong.
pub const USAGE: u8 = 2;
/// Facts could not be established.
pub const UNKNOWN: u8 = 3;
/// Nothing was evaluated.
pub const NOTHING: u8 = 4;
/// A limit was exceeded, or the worker died.
pub const LIMIT: u8 = 5;
/// A defect of this program.
pub const INTERNAL: u8 = 70;

/// From the most to the least telling: where several apply, the first one is given.
const PRECEDENCE: &[u8] = &[INTERNAL, USAGE, UNKNOWN, LIMIT, NOTHING, REFUSED];

/// The one code to give for all that apply; [`ADMITTED`] where none does.
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    let codes: Vec<u8> = codes.into_iter().filter(|it| *it != ADMITTED).collect();
    let known = PRECEDENCE.iter().copied().find(|it| codes.contains(it));
    known.unwrap_or(if codes.is_empty() { ADMITTED } else { INTERNAL })
}

/// The code of a verdict.
pub fn of(verdict: &Verdict) -> u8 {
    let refused = (verdict.decision == Decision::Refuse).then_some(REFUSED);
    let died = (!verdict.faults.is_empty()).then_some(LIMIT);
    let unsure = verdict.unsure().map(|it| match it.cause {
        Cause::Facts => UNKNOWN,
        Cause::Limit => LIMIT,
        Cause::Nothing => NOTHING,
    });
    let code = worst(refused.into_iter().chain(died).chain(unsure));
    // An undecided verdict that gives no reason must not read as a pass.
    if code == ADMITTED && !verdict.decision.admits() {
        return INTERNAL;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        finding::{Level, WaivedBy},
        model::WorkerFault,
        verdict::tests::{finding, looked, nothing, unsure, waived, weigh},
    };

    #[test]
    fn the_most_telling_code_wins() {
        assert_eq!(worst([]), ADMITTED);
        assert_eq!(worst([REFUSED, NOTHING]), NOTHING);
        assert_eq!(worst([REFUSED, LIMIT, UNKNOWN]), UNKNOWN);
        assert_eq!(worst([USAGE, UNKNOWN]), USAGE);
        assert_eq!(worst([INTERNAL, USAGE]), INTERNAL);
        assert_eq!(
            worst([99]),
            INTERNAL,
            "a code that nobody knows is a defect"
        );
    }

    #[test]
    fn what_gates_found_decides_and_so_does_the_exit_code() {
        use Decision::{Admit, Override, Refuse, Undecided};
        let pass = || looked(Vec::new(), Vec::new());
        let deny = || looked(vec![finding(Level::Deny)], Vec::new());
        let open = |cause| looked(Vec::new(), vec![unsure(cause)]);
        for (what, records, decision, code) in [
            ("a pass", vec![pass()], Admit, ADMITTED),
            (
                "a warning",
                vec![looked(
                    vec![finding(Level::Warn), finding(Level::Note)],
                    Vec::new(),
                )],
                Admit,
                ADMITTED,
            ),
            (
                "nothing, with a reason",
                vec![pass(), nothing(Some("no fixtures"))],
                Admit,
                ADMITTED,
            ),
            ("a refusal", vec![pass(), deny()], Refuse, REFUSED),
            (
                "a question",
                vec![pass(), open(Cause::Facts)],
                Undecided,
                UNKNOWN,
            ),
            (
                "nothing to evaluate",
                vec![open(Cause::Nothing)],
                Undecided,
                NOTHING,
            ),
            ("a limit", vec![open(Cause::Limit)], Undecided, LIMIT),
            (
                "a refusal and a question",
                vec![deny(), open(Cause::Facts)],
                Refuse,
                UNKNOWN,
            ),
            (
                "what an exception waives",
                vec![looked(vec![waived(WaivedBy::Exception)], Vec::new())],
                Admit,
                ADMITTED,
            ),
            (
                "what the baseline knows",
                vec![looked(vec![waived(WaivedBy::Baseline)], Vec::new())],
                Admit,
                ADMITTED,
            ),
            (
                "what an override waives",
                vec![looked(vec![waived(WaivedBy::Override)], Vec::new())],
                Override,
                ADMITTED,
            ),
            (
                "an override and a refusal",
                vec![looked(vec![waived(WaivedBy::Override)], Vec::new()), deny()],
                Refuse,
                REFUSED,
            ),
            (
                "an override and a question",
                vec![
                    looked(vec![waived(WaivedBy::Override)], Vec::new()),
                    open(Cause::Facts),
                ],
                Undecided,
                UNKNOWN,
            ),
        ] {
            let verdict = weigh(records, Vec::new());
            assert_eq!(verdict.decision, decision, "{what}");
            assert_eq!(of(&verdict), code, "{what}");
        }
    }

    #[test]
    fn what_nobody_could_judge_is_told_by_the_code() {
        assert_eq!(of(&weigh(vec![nothing(None)], Vec::new())), NOTHING);
        let fault = WorkerFault {
            on: vec!["prod".to_owned()],
            why: "it died".to_owned(),
        };
        let verdict = weigh(vec![looked(Vec::new(), Vec::new())], vec![fault]);
        assert_eq!(of(&verdict), LIMIT);
        assert_eq!(of(&weigh(Vec::new(), Vec::new())), INTERNAL, "no gate");
    }
}

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
}

//! Files that ask for an emergency override: which are in force, and what is wrong with the others.

use crate::{
    finding::{Finding, Level},
    gates::{Cause, Examined, GateContext, Unsure},
    model::{OverrideRequest, utc},
    waivers::{Override, State, overrides},
};

/// One finding or question a file, and one finding a mistake.
pub(super) fn examine(cx: GateContext<'_>, examined: &mut Examined) {
    for it in overrides(cx.facts, cx.config) {
        examined.examine(&it.file.path, 1);
        judge(cx, it, examined);
    }
}

fn judge(cx: GateContext<'_>, it: Override<'_>, examined: &mut Examined) {
    let path = it.file.path.as_str();
    let found = |level, rule: &str, message: String| {
        Finding::new(level, format!("control-plane/{rule}"), path, message)
    };
    let finding = match it.state {
        State::Invalid(mistakes) => {
            examined.findings.extend(mistakes.into_iter().map(|it| {
                let message = format!("this override waives nothing: {}", it.message);
                let mut finding = found(Level::Deny, "override-invalid", message)
                    .label(it.place.as_ref(), "here");
                finding.help = it.help;
                finding
            }));
            return;
        }
        State::Unknown(asks, gaps) => {
            examined.unsure.extend(gaps.into_iter().map(|gap| Unsure {
                subject: path.into(),
                why: format!(
                    "whether the override of {} is approved: {}",
                    asks.ticket, gap.why
                ),
                needs: gap.needs,
                cause: Cause::Facts,
            }));
            return;
        }
        State::Expired(asks) => {
            let message = format!(
                "the override of {} ended at {}, and every change is held until its file is removed",
                asks.ticket,
                utc(asks.expires)
            );
            found(Level::Deny, "override-expired", message)
                .label(asks.expires_place.as_ref(), "it ended here")
                .help(format!(
                    "remove `{path}`, and see to it that what it let through is mended or reverted"
                ))
        }
        State::Used(asks) => {
            let message = format!(
                "the override of {} was for the change that brought it, and waives nothing in another one",
                asks.ticket
            );
            found(Level::Note, "override", message)
                .label(asks.place.as_ref(), "this override")
                .help(format!(
                    "remove `{path}` before {}: from then on every change is held",
                    utc(asks.expires)
                ))
        }
        State::Unapproved { asks, why, help } => {
            let message = format!("the override of {} is not in force: {why}", asks.ticket);
            found(Level::Deny, "override-unapproved", message)
                .label(asks.place.as_ref(), "it is asked for here")
                .label(cx.place("override.require"), "this is what it takes")
                .help(format!(
                    "{help}; with that, it waives {} for {}",
                    asks.rules.join(", "),
                    asks.environments.join(", ")
                ))
        }
        State::InForce { asks, approvers } => {
            found(Level::Note, "override", in_force(asks, &approvers))
                .label(asks.place.as_ref(), "this override")
                .help(format!(
                    "remove `{path}` after the merge, before {}: from then on every change is held",
                    utc(asks.expires)
                ))
        }
    };
    examined.findings.push(finding);
}

/// `OVERRIDE INC-1234 is in force until ...: approved by bob, cho; may waive policies for prod; to take
/// it back: revert`.
fn in_force(asks: &OverrideRequest, approvers: &[String]) -> String {
    format!(
        "OVERRIDE {} is in force until {}: approved by {}; it may waive {} for {}; to take the change back: {}",
        asks.ticket,
        utc(asks.expires),
        approvers.join(", "),
        asks.rules.join(", "),
        asks.environments.join(", "),
        asks.rollback
    )
}

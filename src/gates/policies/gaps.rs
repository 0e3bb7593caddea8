//! What no policy was asked about that it may be for: it cannot be read, this program does not evaluate
//! it, or it asks what only a cluster knows. Where BASE has the same gap, the change did not make it; it is counted, and is no pass.

use super::{NOT_BUILT_YET, rule_of_policy};
use crate::{
    config::Enforcement,
    finding::{Finding, Level, Subject},
    gates::{Cause, Examined, GateContext, Unsure, known, mended, open_question},
    model::{OverlayFacts, Place, Problem, RenderFacts, ResourceKey, RuleFacts, RuleOutcome},
};
use std::collections::{BTreeMap, BTreeSet};

/// What the resources of a gap have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cleft<'a> {
    environment: Option<&'a str>,
    /// Whether the environment lets it hold the change.
    holds: bool,
    /// The policy; where nobody knows what it is, its file.
    policy: &'a str,
    why: &'a str,
    what: What,
}

/// Why nobody judged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The policy could not be read.
    Unread,
    /// This program does not evaluate it yet.
    Unsupported,
    /// The rule asks what only a cluster knows.
    Outside,
}

/// The changed resources of a gap, and where its policy stands and the first of them.
#[derive(Default)]
struct Untold<'a> {
    resources: BTreeSet<(&'a str, &'a ResourceKey)>,
    policy: Option<&'a Place>,
    resource: Option<&'a Place>,
}

/// Gaps by what their resources have in common.
#[derive(Default)]
pub(super) struct Gaps<'a>(BTreeMap<Cleft<'a>, Untold<'a>>);

/// Whether a result says that nothing was evaluated, and the rule is not to blame for it.
pub(super) fn is_gap(result: &RuleFacts) -> bool {
    (result.unread || result.unsupported || result.outside)
        && matches!(result.outcome, RuleOutcome::Error { .. })
}

/// Whether something that BASE has too, and that was not judged, holds a change there.
fn holds(cx: GateContext<'_>, overlay: &OverlayFacts) -> bool {
    match cx.enforcement(overlay).unwrap_or(Enforcement::Strict) {
        Enforcement::Audit => false,
        Enforcement::Enforce => cx.known(overlay).is_none(),
        Enforcement::Strict => true,
    }
}

impl<'a> Gaps<'a> {
    /// Take in a result for which [`is_gap`] holds; gives back whether it is told here. What is not is an
    /// open question about its resource.
    pub(super) fn add(
        &mut self,
        cx: GateContext<'a>,
        overlay: &'a OverlayFacts,
        result: &'a RuleFacts,
    ) -> bool {
        let RuleOutcome::Error { why } = &result.outcome else {
            return false;
        };
        let audit = cx.enforcement(overlay) == Some(Enforcement::Audit);
        match result {
            // A policy that cannot be read is an open question itself.
            RuleFacts {
                gap: false,
                unread: true,
                ..
            } => return true,
            RuleFacts { gap: false, .. } if !audit => return false,
            _ => {}
        }
        // What asks registries would be judged by nobody here if it could be read.
        let can_be_mended = result.unread && !result.outside;
        let holds = holds(cx, overlay) || can_be_mended && !audit;
        if !result.unread && holds {
            return false;
        }
        let of = Cleft {
            environment: overlay.environment.as_deref(),
            holds,
            policy: &result.policy,
            why,
            what: match (result.unread, result.unsupported) {
                (true, _) => What::Unread,
                (_, true) => What::Unsupported,
                _ => What::Outside,
            },
        };
        let untold = self.0.entry(of).or_default();
        untold.policy = untold.policy.or(result.rule_place.as_ref());
        untold.resource = untold.resource.or(result.place.as_ref());
        untold.resources.insert((&overlay.path, &result.resource));
        true
    }

    /// Take in a file that may hold policies for any resource, and that BASE has too.
    fn add_file(&mut self, cx: GateContext<'a>, file: &'a Problem) {
        for overlay in &cx.facts.overlays {
            let changed = overlay.changed().into_iter().map(|it| &it.key);
            // What goes may be what one of them keeps. Where nothing renders, nobody knows what goes.
            let renders = !matches!(overlay.head, Some(RenderFacts::Failed { .. }));
            let removed = overlay.removed().into_iter().filter(|_| renders);
            let all: Vec<&ResourceKey> = changed.chain(removed).collect();
            if all.is_empty() {
                continue;
            }
            let of = Cleft {
                environment: overlay.environment.as_deref(),
                holds: holds(cx, overlay),
                policy: &file.subject,
                why: &file.message,
                what: What::Unread,
            };
            let untold = self.0.entry(of).or_default();
            untold.policy = file.place.as_ref();
            let all = all.into_iter().map(|it| (overlay.path.as_str(), it));
            untold.resources.extend(all);
        }
    }

    /// Take in what could not be loaded of BASE: what the change makes so is an open question; what it
    /// only finds so is known, and told by what was not judged for it, where that is anything.
    pub(super) fn problems(&mut self, cx: GateContext<'a>, examined: &mut Examined) {
        let mended: Vec<&Problem> = mended(cx).into_iter().map(|it| it.1).collect();
        let problems = cx.facts.problems.iter();
        for it in problems.filter(|it| it.gate == "policies") {
            if !it.before {
                if !mended.contains(&it) {
                    let mut question = open_question(it);
                    if it.mended.is_some() {
                        "mend it in a change that brings nothing else"
                            .clone_into(&mut question.needs);
                    }
                    examined.unsure.push(question);
                }
                continue;
            }
            if it.hides_rules {
                self.add_file(cx, it);
            }
            let told = |(of, untold): (&Cleft<'_>, &Untold<'_>)| {
                of.what == What::Unread
                    && of.why == it.message
                    && untold.policy == it.place.as_ref()
            };
            if !self.0.iter().any(told) {
                let mut finding =
                    Finding::new(Level::Warn, UNREADABLE, &it.subject, it.message.clone())
                        .label(it.place.as_ref(), "this policy");
                finding.help.clone_from(&it.help);
                finding.disposition = known();
                examined.findings.push(finding);
            }
        }
    }

    /// Tell them, one for each.
    pub(super) fn tell(self, examined: &mut Examined) {
        for (of, untold) in self.0 {
            let why = match untold.resources.len() {
                1 => format!("1 changed resource was not judged: {}", of.why),
                n => format!("{n} changed resources were not judged: {}", of.why),
            };
            let subject = Subject::within(of.environment, of.policy);
            let mend = "mend the policy in a change of its own: nothing is judged by it until then";
            if of.holds {
                examined.unsure.push(Unsure {
                    subject,
                    why: match untold.policy {
                        Some(place) => format!("{why} ({place})"),
                        None => why,
                    },
                    needs: mend.to_owned(),
                    cause: Cause::Facts,
                });
                continue;
            }
            let rule = match of.what {
                What::Unread => UNREADABLE.to_owned(),
                What::Unsupported | What::Outside => rule_of_policy(of.policy),
            };
            let help = match of.what {
                What::Unread => mend.to_owned(),
                What::Unsupported => format!("it needs {NOT_BUILT_YET}"),
                What::Outside => "the cluster judges it when it is deployed; nobody can tell before what it will say".to_owned(),
            };
            let finding = Finding::new(Level::Warn, rule, subject, why)
                .label(untold.policy, "this policy")
                .label(
                    untold.resource,
                    "not judged by it, the first if there are more",
                )
                .help(help);
            examined.findings.push(finding);
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const UNREADABLE: &str = "policies/unreadable";

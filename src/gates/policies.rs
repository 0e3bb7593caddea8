mod gaps;

use super::{Cause, Examined, Gate, GateContext, Meta, Unsure, subject, unknown_overlay};
use crate::{
    config::{Builtin, Enforcement},
    finding::{Disposition, Finding, Level, NO_ENVIRONMENT, Subject},
    model::{OverlayFacts, PolicyFacts, RemovalFacts, RuleFacts, RuleOutcome, Unplaced},
};
use gaps::{Gaps, is_gap};
use std::collections::BTreeMap;

pub(super) struct Policies;

/// The rules of this gate that are not policies.
const BUILT_IN: &str = "built-in";
const UNREADABLE: &str = "unreadable";
const PREVIEW: &str = "preview";
const NAMESPACE: &str = "namespace";

/// The rule under which findings of a policy stand: `policies/NAME`. A policy that is called like a rule of this gate
/// stands under `policies/policy:NAME`, because no policy in a cluster can have that name.
pub fn rule_of_policy(name: &str) -> String {
    match name {
        BUILT_IN | UNREADABLE | PREVIEW | NAMESPACE => format!("policies/policy:{name}"),
        _ => format!("policies/{name}"),
    }
}

impl Gate for Policies {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "policies",
            title: "no policy of BASE fails on what the change would send to an environment",
            rules: &["<policy>", BUILT_IN, UNREADABLE, PREVIEW, NAMESPACE],
            page: include_str!("policies.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        let mut gaps = Gaps::default();
        let overlays = cx.overlays();
        let mut checks: BTreeMap<Subject, usize> = BTreeMap::new();
        for it in &cx.facts.passes {
            if let Some(overlay) = overlays.get(it.overlay.as_str()) {
                *checks.entry(subject(overlay, &it.resource)).or_default() += it.rules;
            }
        }
        let mut unplaced = Vec::new();
        for result in &cx.facts.results {
            let Some(overlay) = overlays.get(result.overlay.as_str()) else {
                examined
                    .unsure
                    .push(unknown_overlay("policy", &result.overlay));
                continue;
            };
            let subject = subject(overlay, &result.resource);
            if result.unplaced.is_some() {
                unplaced.push((*overlay, result));
                continue;
            }
            let known = cx.known(overlay);
            if is_gap(result) {
                // What was not evaluated is no check.
                if !(result.known && known.is_some()) && gaps.add(cx, overlay, result) {
                    continue;
                }
            } else {
                *checks.entry(subject.clone()).or_default() += 1;
            }
            let enforcement = cx.enforcement(overlay).unwrap_or(Enforcement::Strict);
            let environment = overlay.environment.as_deref();
            judge(
                cx,
                result,
                (environment, enforcement, known),
                &subject,
                &mut examined,
            );
        }
        examined.findings.extend(namespaces(cx, &unplaced));
        for (name, count) in checks {
            examined.examine(name, count);
        }
        if !examined.subjects.is_empty() {
            examined.findings.extend(built_in(cx));
        }
        preview(cx, &overlays, &mut examined);
        gaps.problems(cx, &mut examined);
        if examined.subjects.is_empty() {
            examined.nothing = Some(match gaps.is_empty() {
                true => why_nothing(cx),
                false => "what may be for it cannot be evaluated".to_owned(),
            });
        }
        gaps.tell(&mut examined);
        examined
    }
}

/// Rules whose answer hangs on namespaces that nothing gives, each once an environment.
fn namespaces(cx: GateContext<'_>, unplaced: &[(&OverlayFacts, &RuleFacts)]) -> Vec<Finding> {
    let mut rules: BTreeMap<_, Vec<(&OverlayFacts, &RuleFacts)>> = BTreeMap::new();
    for (overlay, result) in unplaced {
        let environment = overlay.environment.as_deref();
        let rule = (environment, &*result.policy, &*result.rule);
        rules.entry(rule).or_default().push((*overlay, *result));
    }
    let finding = |((environment, policy, rule), all): ((Option<&str>, &str, &str), Vec<_>)| {
        let new = all
            .iter()
            .find(|(_, it): &&(&OverlayFacts, &RuleFacts)| !it.known);
        let (overlay, first) = *new.or(all.first())?;
        let strict = cx.enforcement(overlay).unwrap_or(Enforcement::Strict) == Enforcement::Strict;
        let level = if strict { Level::Deny } else { Level::Warn };
        let more = match all.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let says = match &first.outcome {
            RuleOutcome::Warn { message, .. } if !message.is_empty() => {
                format!("; in another one it may say: {message}")
            }
            _ => String::new(),
        };
        let kind = match first.unplaced {
            Some(Unplaced::Undefined) => ", whose kind nothing defines",
            _ => "",
        };
        let (gives, goes) = match first.removed {
            None => ("gives", ""),
            Some(_) => ("gave", ", which goes from where it was"),
        };
        let message = format!(
            "`{rule}` looks at namespaces, and nothing {gives} one to {} ({}){kind}{more}{goes}: judged as in `default`{says}",
            first.resource, overlay.path
        );
        let mut finding = Finding::new(
            level,
            "policies/namespace",
            Subject::within(environment, format_args!("{policy}/{rule}")),
            message,
        )
        .label(first.place.as_ref(), "this resource")
        .label(first.rule_place.as_ref(), "this rule")
        .help(match first.unplaced {
            _ if first.removed.is_some() => "look where the deployer has it; if that is in no namespace in which the rule keeps it, an exception can say so (`tollgate explain exceptions`)",
            Some(Unplaced::Undefined) => "say where it goes: `namespace:` in the kustomization, or `metadata.namespace`; if its kind has no namespace, put its definition into the repository",
            _ => "say where it goes: `namespace:` in the kustomization, or `metadata.namespace`",
        });
        finding.disposition = cx
            .known(overlay)
            .filter(|_| new.is_none())
            .unwrap_or_default();
        Some(finding)
    };
    rules.into_iter().filter_map(finding).collect()
}

/// Where nobody chose the rules, the report says whose they are.
fn built_in(cx: GateContext<'_>) -> Option<Finding> {
    let policies = cx.facts.base_policies.iter();
    let count = policies.filter(|it| it.builtin).count();
    if count == 0 || cx.config.policies.builtin != Builtin::Auto {
        return None;
    }
    let message = format!(
        "BASE has no policy of its own that validates, so {count} that are built into Tollgate judge"
    );
    let finding = Finding::new(Level::Note, "policies/built-in", "policies", message);
    Some(finding.help("`tollgate explain policies/built-in` lists them; policies of your own take their place, `policies: {builtin: off}` in tollgate.yaml switches them off"))
}

fn is_built_in(policies: &[PolicyFacts], name: &str) -> bool {
    policies.iter().any(|it| it.builtin && it.name == name)
}

/// What a result weighs where. `audit` reports, `enforce` holds failures, `strict` holds warnings
/// too. What could not be evaluated never counts as a pass: both leave it undecided, so that nothing
/// can waive it.
fn judge(
    cx: GateContext<'_>,
    result: &RuleFacts,
    (environment, enforcement, known): (Option<&str>, Enforcement, Option<Disposition>),
    subject: &Subject,
    examined: &mut Examined,
) {
    let built_in = is_built_in(&cx.facts.base_policies, &result.policy);
    let disposition = known.filter(|_| result.known);
    let of = result
        .removed
        .as_ref()
        .map_or("", |_| " on the removal of this");
    let (message, field, level) = match (&result.outcome, enforcement) {
        (RuleOutcome::Pass | RuleOutcome::Skip { .. }, _) => return,
        (RuleOutcome::Error { why }, Enforcement::Enforce | Enforcement::Strict)
            if result.unsupported && disposition.is_none() =>
        {
            examined.unsure.push(Unsure {
                subject: subject.clone(),
                // A policy of a kind that is not built yet has no rules.
                why: match result.rule.as_str() {
                    "" => format!("{}{of}: {why}", result.policy),
                    rule => format!("{}/{rule}{of}: {why}", result.policy),
                },
                needs: NOT_BUILT_YET.to_owned(),
                cause: Cause::Facts,
            });
            return;
        }
        (RuleOutcome::Error { why }, Enforcement::Enforce | Enforcement::Strict)
            if disposition.is_none() =>
        {
            examined.unsure.push(Unsure {
                subject: subject.clone(),
                why: format!(
                    "{}/{} could not be evaluated{of}: {why}",
                    result.policy, result.rule
                ),
                needs: match &result.rule_place {
                    Some(place) => {
                        format!("mend the policy ({place}), or give it what it asks for")
                    }
                    None if built_in => {
                        "give it what it asks for; if nothing is wrong with the resource, report this: the policy is built in".to_owned()
                    }
                    None => "mend the policy, or give it what it asks for".to_owned(),
                },
                cause: Cause::Facts,
            });
            return;
        }
        (RuleOutcome::Error { why }, _) => {
            (format!("could not be evaluated: {why}"), "", Level::Warn)
        }
        (RuleOutcome::Fail { message, field }, Enforcement::Audit) => {
            (message.clone(), field.as_str(), Level::Warn)
        }
        (RuleOutcome::Fail { message, field }, Enforcement::Enforce | Enforcement::Strict) => {
            (message.clone(), field.as_str(), Level::Deny)
        }
        (RuleOutcome::Warn { message, field }, Enforcement::Audit | Enforcement::Enforce) => {
            (message.clone(), field.as_str(), Level::Warn)
        }
        (RuleOutcome::Warn { message, field }, Enforcement::Strict) => {
            (message.clone(), field.as_str(), Level::Deny)
        }
    };
    let here = if result.removed.is_some() {
        "this is removed".to_owned()
    } else if field.is_empty() {
        "this resource".to_owned()
    } else if result.absent {
        format!("{field} is missing here")
    } else {
        format!("{field} is set here")
    };
    let mut finding = Finding::new(
        level,
        rule_of_policy(&result.policy),
        subject,
        match (result.rule.as_str(), &result.removed) {
            ("", _) => message,
            (rule, None) => format!("{rule}: {message}"),
            (rule, Some(it)) => format!("{rule}: {message} ({})", removal(it)),
        },
    )
    // HEAD's file comes first: there it is to be mended, and what is removed has no line there.
    .label(
        result.removed.as_ref().and_then(|it| it.by.as_ref()),
        "a change of this file removes it",
    )
    .label(result.place.as_ref(), here)
    .label(result.overridden.as_ref(), "in place of this")
    .label(result.rule_place.as_ref(), "the rule that decides");
    // A warning that stays one under `enforce` is not the environment's doing.
    let decided = level == Level::Deny || enforcement == Enforcement::Audit;
    if let Some(environment) = environment.filter(|_| decided && !finding.labels.is_empty()) {
        let place = cx.enforcement_place(environment);
        finding = finding.label(place, format!("how `{environment}` is judged"));
    }
    if result.unsupported {
        finding = finding.help(format!("it needs {NOT_BUILT_YET}"));
    } else if built_in {
        finding = finding.help(format!(
            "this policy is built in: `tollgate explain policies/{}`",
            result.policy
        ));
    } else if let Some(removed) = result.removed.as_ref().filter(|_| level != Level::Note) {
        finding = finding.help(match &removed.elsewhere {
            Some(overlay) => format!(
                "`{overlay}` has it now, but nothing says that it reaches the same cluster: {KEEP}"
            ),
            None => KEEP.to_owned(),
        });
    }
    finding.disposition = disposition.unwrap_or_default();
    examined.findings.push(finding);
}

/// How a resource goes, as a clause.
fn removal(it: &RemovalFacts) -> &'static str {
    if it.with_overlay {
        "it is removed together with its overlay"
    } else {
        "it is removed"
    }
}

/// What to do about a removal that a rule forbids.
const KEEP: &str = "keep the resource; if it is meant to go, have the policy changed before, or ask for an exception";

/// What would mend a rule that is fine.
const NOT_BUILT_YET: &str = "an engine for it, which is not built yet; nothing is wrong with the policy. Until then leave its file out of `policies.paths` in tollgate.yaml, and have the tool that it was written for judge by it";

/// What HEAD's policies would newly hold, counted by policy and environment.
fn preview(cx: GateContext<'_>, overlays: &BTreeMap<&str, &OverlayFacts>, examined: &mut Examined) {
    let mut counts: BTreeMap<(&str, Option<&str>), (usize, &RuleFacts)> = BTreeMap::new();
    for result in &cx.facts.preview {
        let overlay = overlays.get(result.overlay.as_str());
        let environment = overlay.and_then(|it| it.environment.as_deref());
        // What is not evaluated here says nothing that would hold a change.
        if !result.unsupported
            && matches!(
                result.outcome,
                RuleOutcome::Fail { .. } | RuleOutcome::Error { .. }
            )
        {
            counts
                .entry((&result.policy, environment))
                .or_insert((0, result))
                .0 += 1;
        }
    }
    for ((policy, environment), (count, first)) in counts {
        let message = format!(
            "as this change has it, `{policy}` would newly hold {count} results in {}, first {}",
            environment.unwrap_or(NO_ENVIRONMENT),
            first.resource
        );
        let finding = Finding::new(
            Level::Warn,
            "policies/preview",
            Subject::within(environment, policy),
            message,
        );
        examined.findings.push(
            finding
                .label(first.rule_place.as_ref(), "this rule")
                .label(first.place.as_ref(), "fails here"),
        );
    }
}

fn why_nothing(cx: GateContext<'_>) -> String {
    if cx.facts.base_policies.is_empty() {
        "BASE has no policies, and the built-in ones are switched off".to_owned()
    } else if cx.facts.overlays.iter().any(|it| !it.changed().is_empty()) {
        "no policy matches what changed".to_owned()
    } else {
        "no environment would receive anything new".to_owned()
    }
}

use super::{Examined, Gate, GateContext, Meta, problems};
use crate::{
    finding::{Disposition, Finding, Level},
    model::{Place, PolicyFacts, Side, SuiteFacts, SuiteSet},
};
use std::collections::BTreeMap;

pub(super) struct PolicyTests;

impl Gate for PolicyTests {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "policy-tests",
            title: "every policy does what its fixtures say",
            rules: &["fixture", "base-fixture", "unreadable", "coverage"],
            page: include_str!("policy_tests.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        problems(cx, "policy-tests", "policy-tests/unreadable", &mut examined);
        for suite in &cx.facts.suites {
            suite_findings(suite, cx.known_anywhere(), &mut examined);
        }
        coverage(cx, &mut examined);
        if examined.subjects.is_empty() {
            examined.nothing = Some(if cx.facts.head_policies.iter().all(|it| it.builtin) {
                "HEAD has no policies and no fixtures".to_owned()
            } else {
                "there are no fixtures".to_owned()
            });
        }
        examined
    }
}

/// What a suite comes to. `known` is who lets off what BASE has too.
fn suite_findings(suite: &SuiteFacts, known: Option<Disposition>, examined: &mut Examined) {
    let disposition = |old: bool| known.clone().filter(|_| old).unwrap_or_default();
    let (rule, whose) = match suite.set {
        SuiteSet::Head => ("policy-tests/fixture", "fixtures of HEAD"),
        SuiteSet::BaseOnHead => (
            "policy-tests/base-fixture",
            "fixtures of BASE on policies of HEAD",
        ),
    };
    let subject = format!("{} ({whose})", suite.path);
    examined.examine(&subject, (suite.held + suite.rows.len()).max(1));
    if let Some(error) = &suite.error {
        let place = suite
            .error_place
            .clone()
            .unwrap_or_else(|| Place::file(&suite.path, Side::Head));
        // What a suite cannot read may stand in another file.
        let here = match place.path == suite.path {
            true => "this suite",
            false => "here",
        };
        let mut finding = Finding::new(
            Level::Deny,
            "policy-tests/unreadable",
            &subject,
            error.clone(),
        );
        finding.disposition = disposition(suite.error_known);
        examined.findings.push(finding.label(Some(&place), here));
    }
    for row in &suite.rows {
        let message = format!("{}: {}", row.subject, row.why);
        let mut finding = Finding::new(Level::Deny, rule, &subject, message)
            .label(row.place.as_ref(), "this row");
        if row.error {
            finding = finding.cause(&row.why);
        }
        finding.disposition = disposition(row.known);
        examined.findings.push(match suite.set {
            SuiteSet::Head => finding,
            SuiteSet::BaseOnHead => {
                finding.help("a policy may not judge differently from what BASE's fixtures say without its owners' approval")
            }
        });
    }
}

/// Rules of HEAD that no fixture shows passing, or none shows failing.
fn coverage(cx: GateContext<'_>, examined: &mut Examined) {
    let mut seen: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for suite in cx.facts.suites.iter().filter(|it| it.set == SuiteSet::Head) {
        for it in &suite.coverage {
            let counts = seen.entry((&it.policy, &it.rule)).or_default();
            counts.0 += it.passing;
            counts.1 += it.failing;
        }
    }
    let mut rules = 0;
    let mut uncovered = Vec::new();
    // The fixtures of what is built in are run where it is built.
    for policy in cx.facts.head_policies.iter().filter(|it| !it.builtin) {
        rules += policy.rules.len();
        for rule in &policy.rules {
            let counts = seen
                .get(&(policy.name.as_str(), rule.as_str()))
                .copied()
                .unwrap_or_default();
            if let Some(lacks) = lacks(counts) {
                uncovered.push((policy, rule, lacks));
            }
        }
    }
    let enough = cx
        .config
        .policies
        .coverage
        .min_rules
        .is_reached_by(rules - uncovered.len(), rules);
    for (policy, rule, lacks) in uncovered {
        let level = if enough {
            Level::Note
        } else {
            level(cx, policy, rule)
        };
        let subject = format!("{}/{rule}", policy.name);
        let mut finding = Finding::new(
            level,
            "policy-tests/coverage",
            subject,
            format!("the rule has {lacks}"),
        )
        .label(policy.place.as_ref(), "this policy")
        .help("add a resource that passes and one that fails to its kyverno-test.yaml");
        let mut known = cx.facts.known_uncovered.iter();
        let old =
            level == Level::Warn && known.any(|it| it.policy == policy.name && it.rule == *rule);
        finding.disposition = cx.known_anywhere().filter(|_| old).unwrap_or_default();
        examined.findings.push(finding);
    }
}

fn lacks((passing, failing): (usize, usize)) -> Option<&'static str> {
    match (passing, failing) {
        (0, 0) => Some("no fixture"),
        (0, _) => Some("no fixture that passes"),
        (_, 0) => Some("no fixture that fails"),
        _ => None,
    }
}

/// Where coverage is too low, a policy that is new or changed must come with fixtures, and a rule must
/// keep those that fail; an old one is not this change's fault.
fn level(cx: GateContext<'_>, policy: &PolicyFacts, rule: &str) -> Level {
    let mut fewer = cx.facts.fewer_failures.iter();
    if fewer.any(|it| it.policy == policy.name && it.rule == rule) {
        return Level::Deny;
    }
    let before =
        cx.facts.base_policies.iter().any(|it| {
            (&it.name, &it.kind, &it.digest) == (&policy.name, &policy.kind, &policy.digest)
        });
    if before { Level::Warn } else { Level::Deny }
}

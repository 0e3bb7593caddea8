//! Kyverno's policies.

use super::{
    Before, Less, LoadProblem, Loaded, LoadedPolicy, PolicyEngine, PolicySet, RuleResult,
    Surroundings,
};
use crate::model::{Manifest, RuleOutcome, within_calendar};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use tollgate_kyverno::{
    Changed, Exceptions, Fixtures, Operation, Outcome, Policy, PolicyResponse, Request, Rule,
    RuleType, Unread,
};
use tollgate_yaml::{FieldPath, Node, Span};

pub(super) struct Kyverno;

/// API groups of Kyverno's own kinds.
const GROUPS: [&str; 2] = ["kyverno.io", "policies.kyverno.io"];

/// Kinds of those groups that judge or change resources; others (reports, clean-up) do neither.
const KINDS: &[&str] = &[
    "ClusterPolicy",
    "Policy",
    "PolicyException",
    "ValidatingPolicy",
    "NamespacedValidatingPolicy",
    "MutatingPolicy",
    "NamespacedMutatingPolicy",
    "ImageValidatingPolicy",
    "NamespacedImageValidatingPolicy",
];

impl PolicyEngine for Kyverno {
    fn name(&self) -> &'static str {
        "kyverno"
    }

    fn recognises(&self, document: &Node) -> bool {
        let text = |key: &str| document.get(key).and_then(Node::as_str).unwrap_or_default();
        let group = text("apiVersion").split('/').next().unwrap_or_default();
        GROUPS.contains(&group) && KINDS.contains(&text("kind"))
    }

    fn judges(&self, document: &Node) -> bool {
        let kind = document.get("kind").and_then(Node::as_str);
        match kind.unwrap_or_default() {
            "PolicyException" | "MutatingPolicy" | "NamespacedMutatingPolicy" => false,
            "ClusterPolicy" | "Policy" => {
                let rules = document.get("spec").and_then(|it| it.get("rules"));
                let refuses =
                    |it: &Node| it.get("validate").is_some() || it.get("verifyImages").is_some();
                match rules.and_then(Node::as_sequence) {
                    Some(rules) => rules.iter().any(refuses),
                    None => true,
                }
            }
            _ => true,
        }
    }

    fn less(&self, old: &[&Node], new: &[&Node]) -> Vec<Less> {
        let less = tollgate_kyverno::less(old.iter().copied(), new.iter().copied());
        let less = less.into_iter().map(|it| Less {
            exception: it.kind == "PolicyException",
            name: it.name,
            rule: it.rule,
            why: it.why,
            at: it.at,
            gone: it.gone,
        });
        less.collect()
    }

    fn essence(&self, document: &Node) -> Option<serde_json::Value> {
        tollgate_kyverno::essence(document)
    }

    fn load(&self, documents: &[&Node]) -> Loaded {
        let loaded = tollgate_kyverno::load(documents.iter().copied());
        let policies = loaded
            .policies
            .policies()
            .iter()
            .map(|policy| LoadedPolicy {
                kind: format!("{:?}", policy.kind),
                name: policy.name.to_string(),
                rules: authored(&policy.rules),
                span: policy.span,
            });
        Loaded {
            policies: policies.collect(),
            problems: loaded
                .problems
                .iter()
                .map(|it| LoadProblem {
                    name: it.name.as_deref().unwrap_or_default().to_owned(),
                    document: it.document,
                    at: it.span,
                    message: it.message.clone(),
                })
                .collect(),
            set: Box::new(Set {
                policies: loaded.policies,
                exceptions: loaded.exceptions.into_iter().collect(),
                unread: loaded
                    .problems
                    .into_iter()
                    .filter_map(|it| Some((it.document, it.unread?)))
                    .collect(),
            }),
        }
    }
}

/// The names of the rules that the policy's author wrote.
fn authored(rules: &[tollgate_kyverno::Rule]) -> Vec<String> {
    let names: BTreeSet<&str> = rules.iter().map(|it| &*it.written).collect();
    names.into_iter().map(str::to_owned).collect()
}

struct Set {
    policies: tollgate_kyverno::PolicySet,
    exceptions: Exceptions,
    /// What could not be loaded, by the places at which it begins.
    unread: Vec<(Span, Unread)>,
}

/// The namespaces and ConfigMaps that the same overlay would create stand in for the cluster's.
struct Around {
    fixtures: Fixtures,
    now: SystemTime,
}

impl Surroundings for Around {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl PolicySet for Set {
    fn surroundings(&self, manifests: &[Manifest], now: u64) -> Box<dyn Surroundings> {
        let mut fixtures = Fixtures {
            exceptions: self.exceptions.clone(),
            as_admission: true,
            ..Fixtures::default()
        };
        let mut config_maps = BTreeMap::new();
        for manifest in manifests {
            let key = &manifest.key;
            match (key.api_version.as_str(), key.kind.as_str()) {
                ("v1", "Namespace") => {
                    fixtures
                        .namespace_labels
                        .insert(key.name.clone(), labels(manifest));
                }
                ("v1", "ConfigMap") => {
                    let namespace = key
                        .namespace
                        .clone()
                        .unwrap_or_else(|| "default".to_owned());
                    config_maps.insert((namespace, key.name.clone()), manifest.json.clone());
                }
                _ => {}
            }
        }
        fixtures.config_maps = Some(config_maps);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(within_calendar(now));
        Box::new(Around { fixtures, now })
    }

    fn evaluate(
        &self,
        manifest: &Manifest,
        around: &dyn Surroundings,
        before: Option<Before<'_>>,
    ) -> Vec<RuleResult> {
        let mut responses = self.responses(Asked::Creation(&manifest.json), around);
        if let Some(it) = before {
            // The cluster may have it, or may not have it yet.
            let asked = Asked::Update(&it.manifest.json, &manifest.json);
            take_worse(&mut responses, self.responses(asked, around));
        }
        let mut rules = responses.iter().flat_map(|it| &it.1.rules);
        let worth = rules.any(|it| judged(&it.outcome));
        let old = before.filter(|_| worth).map(|it| {
            let responses = self.responses(Asked::Creation(&it.manifest.json), it.around);
            (&it.manifest.json, responses)
        });
        let is_gap = |policy: &Policy, rule: &str| match &old {
            None => true,
            Some((_, old)) => result_of(old, policy, rule).is_some_and(is_not_asked),
        };
        let is_known = |policy: &Policy, result: &tollgate_kyverno::RuleResult| {
            let (before, old) = old.as_ref()?;
            let rule = rule_of(policy, &result.rule)?;
            let old = said(old, policy, &rule.name)?;
            if !is_same_kind(old, &result.outcome) {
                return None;
            }
            let failed = matches!(old, Outcome::Fail { .. });
            match rule.changed(before, &manifest.json) {
                Changed::Nothing => Some(text(old) == text(&result.outcome)),
                Changed::Elements(new) if failed => {
                    let responses = self.responses(Asked::Creation(&new), around);
                    let new = said(&responses, policy, &rule.name);
                    Some(new == Some(&Outcome::Pass))
                }
                Changed::Elements(_) | Changed::Something => Some(false),
            }
        };
        results(&responses, &is_known, &is_gap)
    }

    fn judges_removals(&self) -> bool {
        let mut policies = self.policies.policies().iter();
        policies.any(Policy::judges_deletions)
            || self.unread.iter().any(|it| it.1.judges_deletions())
    }

    fn evaluate_removal(&self, manifest: &Manifest, around: &dyn Surroundings) -> Vec<RuleResult> {
        let object = &manifest.json;
        let mut responses = self.responses(Asked::Deletion(object), around);
        responses.retain(|(policy, _)| policy.judges_deletions());
        for (policy, response) in &mut responses {
            let judges = |it: &str| rule_of(policy, it).is_some_and(Rule::judges_deletions);
            response.rules.retain(|it| judges(&it.rule));
        }
        let mut rules = responses.iter().flat_map(|it| &it.1.rules);
        if !rules.any(|it| judged(&it.outcome)) {
            return results(&responses, &|_, _| None, &|_, _| false);
        }
        // What a rule says whatever happens to the object, it says in BASE too.
        let there = self.responses(Asked::Creation(object), around);
        let is_known = |policy: &Policy, result: &tollgate_kyverno::RuleResult| {
            let rule = rule_of(policy, &result.rule).filter(|it| !it.is_about_deletions())?;
            let old = said(&there, policy, &rule.name)?;
            Some(is_same_kind(old, &result.outcome) && text(old) == text(&result.outcome))
        };
        // Nobody asked about the deletion before.
        results(&responses, &is_known, &|_, _| true)
    }

    fn unread(&self, manifest: &Manifest, around: &dyn Surroundings, removed: bool) -> Vec<Span> {
        let object = &manifest.json;
        // The cluster may have it, or may not have it yet.
        let happens = match removed {
            true => vec![Asked::Deletion(object)],
            false => vec![Asked::Creation(object), Asked::Update(object, object)],
        };
        let is_for = |unread: &Unread| {
            let mut happens = happens.iter();
            happens.any(|it| ask(*it, around, |request| unread.is_for(request)))
        };
        let unread = self.unread.iter().filter(|it| is_for(&it.1));
        unread.map(|it| it.0).collect()
    }
}

fn rule_of<'p>(policy: &'p Policy, name: &str) -> Option<&'p Rule> {
    policy.rules.iter().find(|it| &*it.name == name)
}

fn judged(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Pass | Outcome::Skip { .. })
}

fn is_same_kind(a: &Outcome, b: &Outcome) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Whether BASE has the same result.
type IsKnown<'f> = &'f dyn Fn(&Policy, &tollgate_kyverno::RuleResult) -> Option<bool>;

/// Whether a rule that was not asked was not asked before either.
type IsGap<'f> = &'f dyn Fn(&Policy, &str) -> bool;

fn results(
    responses: &[(&Policy, PolicyResponse)],
    is_known: IsKnown<'_>,
    is_gap: IsGap<'_>,
) -> Vec<RuleResult> {
    let mut results = Vec::new();
    for (policy, response) in responses {
        for rule in &response.rules {
            let known = judged(&rule.outcome) && is_known(policy, rule).unwrap_or(false);
            // A rule that generates is not missed.
            let unsupported = matches!(rule.outcome, Outcome::Unsupported { .. })
                && rule.kind != RuleType::Generate;
            let outside = rule.outside && matches!(rule.outcome, Outcome::Error { .. });
            let gap = (unsupported || outside) && is_gap(policy, &rule.rule);
            let said = rule.outcome.clone();
            let (outcome, field) = outcome(said, &rule.rule, policy.scored, rule.kind);
            results.push(RuleResult {
                policy: response.policy.clone(),
                rule: rule.written.clone(),
                rule_span: rule.at,
                policy_span: policy.span,
                outcome,
                unsupported,
                outside,
                known,
                gap,
                field,
            });
        }
        results.extend(response.doubts.iter().map(|doubt| RuleResult {
            policy: response.policy.clone(),
            rule: doubt.rule.clone(),
            rule_span: doubt.at,
            policy_span: policy.span,
            outcome: RuleOutcome::Warn {
                message: doubt.message.clone(),
                field: String::new(),
            },
            unsupported: false,
            outside: false,
            known: false,
            gap: false,
            field: FieldPath::root(),
        }));
    }
    results
}

/// What happens to an object.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Creation(&'a serde_json::Value),
    /// From the first to the second.
    Update(&'a serde_json::Value, &'a serde_json::Value),
    Deletion(&'a serde_json::Value),
}

/// Bring what rules say of an update into what they say of a creation: the worse result of each counts,
/// and rules that are for updates alone come in.
fn take_worse<'p>(
    responses: &mut Vec<(&'p Policy, PolicyResponse)>,
    update: Vec<(&'p Policy, PolicyResponse)>,
) {
    let weight = |it: &Outcome| match it {
        Outcome::Pass | Outcome::Skip { .. } => 0,
        Outcome::Unsupported { .. } => 1,
        Outcome::Error { .. } => 2,
        Outcome::Fail { .. } => 3,
    };
    for (policy, response) in update {
        let own = responses.iter_mut().find(|it| it.0.span == policy.span);
        let Some((_, own)) = own else {
            responses.push((policy, response));
            continue;
        };
        for rule in response.rules {
            match own.rules.iter_mut().find(|it| it.rule == rule.rule) {
                Some(it) if weight(&rule.outcome) > weight(&it.outcome) => *it = rule,
                Some(_) => {}
                None => own.rules.push(rule),
            }
        }
        for doubt in response.doubts {
            if !own.doubts.contains(&doubt) {
                own.doubts.push(doubt);
            }
        }
    }
}

impl Set {
    /// What the policies say of what happens to an object.
    fn responses(
        &self,
        asked: Asked<'_>,
        around: &dyn Surroundings,
    ) -> Vec<(&Policy, PolicyResponse)> {
        let responses: Vec<PolicyResponse> = ask(asked, around, |it| {
            let responses = self.policies.evaluate(it).into_iter();
            responses.map(|it| it.1).collect()
        });
        let policies = self.policies.policies();
        let own = |it: &PolicyResponse| policies.iter().find(|policy| policy.span == it.at);
        let found = responses.into_iter().filter_map(|it| Some((own(&it)?, it)));
        found.collect()
    }
}

/// An answer to the request about what happens to an object.
fn ask<'a, T>(
    asked: Asked<'a>,
    around: &'a dyn Surroundings,
    answer: impl FnOnce(&Request<'_>) -> T,
) -> T {
    // No results would read as nothing to complain about; a defect must not.
    let around = around
        .as_any()
        .downcast_ref::<Around>()
        .expect("surroundings come from the set that is asked");
    let (values, rule_values) = (BTreeMap::new(), BTreeMap::new());
    let (operation, object, old_object) = match asked {
        Asked::Creation(object) => (Operation::Create, Some(object), None),
        Asked::Update(old, object) => (Operation::Update, Some(object), Some(old)),
        Asked::Deletion(old) => (Operation::Delete, None, Some(old)),
    };
    answer(&Request {
        object,
        old_object,
        operation,
        user_info: None,
        values: &values,
        rule_values: &rule_values,
        fixtures: &around.fixtures,
        now: around.now,
    })
}

/// What a rule of a policy said.
fn said<'r>(
    responses: &'r [(&Policy, PolicyResponse)],
    policy: &Policy,
    rule: &str,
) -> Option<&'r Outcome> {
    Some(&result_of(responses, policy, rule)?.outcome)
}

fn result_of<'r>(
    responses: &'r [(&Policy, PolicyResponse)],
    policy: &Policy,
    rule: &str,
) -> Option<&'r tollgate_kyverno::RuleResult> {
    let (_, response) = responses.iter().find(|it| it.0.span == policy.span)?;
    response.rules.iter().find(|it| &*it.rule == rule)
}

/// Whether a rule gave no answer for want of what is not here: it is not evaluated yet, or asks what only
/// a cluster knows.
fn is_not_asked(result: &tollgate_kyverno::RuleResult) -> bool {
    match result.outcome {
        Outcome::Unsupported { .. } => true,
        Outcome::Error { .. } => result.outside,
        _ => false,
    }
}

fn text(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Pass => "",
        Outcome::Fail { message, .. } => message,
        Outcome::Skip { why } | Outcome::Error { why } => why,
        Outcome::Unsupported { feature } => feature,
    }
}

/// What a rule's author wants to say, without what Kyverno wraps around it: its own name for the
/// failure before, the rule and the path after. Reports show both elsewhere, the path as people
/// write it.
fn clause(message: &str, rule: &str) -> String {
    let execution = format!("rule {rule} execution error: ");
    let mut text = message.trim();
    for opening in ["validation failure: ", "validation error: "] {
        text = text.strip_prefix(opening).unwrap_or(text);
    }
    if let Some(standard) =
        text.strip_prefix(&format!("Validation rule '{rule}' failed. It violates"))
    {
        return format!(
            "it violates{}",
            standard.replace(")(Forbidden", "), (Forbidden")
        );
    }
    if let Some((own, why)) = text.split_once(&execution) {
        return format!("{own}{why}");
    }
    while let Some((before, path)) = text.rsplit_once(" failed at path ")
        && !path.trim().contains(char::is_whitespace)
        && let Some(start) = own_mention(before, rule)
    {
        text = text.get(..start).unwrap_or_default().trim_end();
    }
    let text = match text.strip_suffix('.') {
        Some(clause) if !clause.ends_with('.') => clause,
        _ => text,
    };
    if text.is_empty() || text == format!("rule {rule} failed") {
        return "the resource does not satisfy the rule".to_owned();
    }
    text.to_owned()
}

/// Where `rule NAME` or `rule NAME[2]` begins, if the text ends in it.
fn own_mention(text: &str, rule: &str) -> Option<usize> {
    let start = text.rfind(&format!("rule {rule}"))?;
    let rest = text.get(start + "rule ".len() + rule.len()..)?;
    let index = rest.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_index = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    (rest.is_empty() || index.is_some_and(is_index)).then_some(start)
}

fn labels(manifest: &Manifest) -> BTreeMap<String, String> {
    let labels = manifest
        .json
        .pointer("/metadata/labels")
        .and_then(|it| it.as_object());
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// A failure of a policy that is not scored is a warning. A rule that generates never refuses what
/// it is triggered by, so it is no gap that it was not evaluated; a rule that mutates changes what
/// the others see, so it is one.
fn outcome(outcome: Outcome, rule: &str, scored: bool, kind: RuleType) -> (RuleOutcome, FieldPath) {
    let root = FieldPath::root();
    if kind == RuleType::Generate {
        let why = "the rule generates; it judges nothing".to_owned();
        return (RuleOutcome::Skip { why }, root);
    }
    match outcome {
        Outcome::Pass => (RuleOutcome::Pass, root),
        Outcome::Fail { message, at } => {
            let field = at.to_string();
            let message = clause(&message, rule);
            let outcome = if scored {
                RuleOutcome::Fail { message, field }
            } else {
                RuleOutcome::Warn { message, field }
            };
            (outcome, at)
        }
        Outcome::Skip { why } => (RuleOutcome::Skip { why }, root),
        Outcome::Unsupported { feature } => (RuleOutcome::Error { why: feature }, root),
        Outcome::Error { why } => {
            let why = clause(&why, rule);
            (RuleOutcome::Error { why }, root)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_its_author_says() {
        for (message, want) in [
            (
                "validation error: an image needs a tag. rule autogen-a failed at path /spec/containers/0/image/",
                "an image needs a tag",
            ),
            (
                "validation error: rule autogen-a failed at path /spec/",
                "the resource does not satisfy the rule",
            ),
            (
                "validation error: one of both. rule autogen-a[0] failed at path /a/ rule autogen-a[1] failed at path /b/",
                "one of both",
            ),
            (
                "validation failure: validation error: no. rule autogen-a failed at path /spec/",
                "no",
            ),
            (
                "deny: rule b failed at path /x",
                "deny: rule b failed at path /x",
            ),
            (
                "rule autogen-a failed at path or so",
                "rule autogen-a failed at path or so",
            ),
            (
                "validation error: rule autogen-a execution error: no such key",
                "no such key",
            ),
            ("wait...", "wait..."),
            (
                "Validation rule 'autogen-a' failed. It violates PodSecurity \"baseline:latest\": (Forbidden reason: privileged, field error list: [a])(Forbidden reason: hostPorts, field error list: [b])",
                "it violates PodSecurity \"baseline:latest\": (Forbidden reason: privileged, field error list: [a]), (Forbidden reason: hostPorts, field error list: [b])",
            ),
        ] {
            assert_eq!(clause(message, "autogen-a"), want, "{message}");
        }
    }
}

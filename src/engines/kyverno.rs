//! Kyverno's policies.

use super::{
    Before, Cluster, Happens, Less, LoadProblem, Loaded, LoadedPolicy, PolicyEngine, PolicySet,
    RuleResult, Scopes, Surroundings, group, is_cluster_scoped, is_of_kubernetes,
};
use crate::model::{Manifest, RuleOutcome, Unplaced, within_calendar};
use std::any::Any;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tollgate_kyverno::{
    Changed, Exceptions, Fixtures, Operation, Outcome, Policy, PolicyResponse, Request, Rule,
    RuleType, Unread, as_stored, fill_in, is_filled_in, leave_out_shared,
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
        let (old, new) = (all_stored(old), all_stored(new));
        let less = tollgate_kyverno::less(old.iter().map(|it| &**it), new.iter().map(|it| &**it));
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
        tollgate_kyverno::essence(&as_stored(document))
    }

    fn load(&self, documents: &[&Node]) -> Loaded {
        let documents = all_stored(documents);
        let loaded = tollgate_kyverno::load(documents.iter().map(|it| &**it));
        let policies = described(&loaded);
        evaluated(loaded, policies)
    }

    fn load_to_compare(&self, old: &[&Node], new: &[&Node]) -> [Loaded; 2] {
        let (old, new) = (all_stored(old), all_stored(new));
        let old: Vec<&Node> = old.iter().map(|it| &**it).collect();
        let new: Vec<&Node> = new.iter().map(|it| &**it).collect();
        let load = |it: &[&Node]| tollgate_kyverno::load(it.iter().copied());
        let (mut was, mut is) = (load(&old), load(&new));
        // What they are is told with every rule.
        let policies = [described(&was), described(&is)];
        leave_out_shared((&old, &mut was), (&new, &mut is));
        let [old, new] = policies;
        [evaluated(was, old), evaluated(is, new)]
    }
}

/// What policies are.
fn described(loaded: &tollgate_kyverno::Loaded) -> Vec<LoadedPolicy> {
    let policies = loaded.policies.policies().iter();
    let described = policies.map(|policy| LoadedPolicy {
        kind: format!("{:?}", policy.kind),
        name: policy.name.to_string(),
        rules: authored(&policy.rules),
        span: policy.span,
        document: policy.document,
    });
    described.collect()
}

fn evaluated(loaded: tollgate_kyverno::Loaded, policies: Vec<LoadedPolicy>) -> Loaded {
    Loaded {
        policies,
        problems: loaded
            .problems
            .iter()
            .map(|it| LoadProblem {
                name: it.name.as_deref().unwrap_or_default().to_owned(),
                document: it.document,
                at: it.span,
                message: it.message.clone(),
                outside: it.unread.as_ref().is_some_and(Unread::only_verifies_images),
            })
            .collect(),
        set: Box::new(Set {
            read_config_maps: {
                let policies = loaded.policies.policies().iter();
                let mut rules = policies.flat_map(|it| &it.rules);
                rules.any(Rule::reads_config_maps)
            },
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

fn all_stored<'a>(documents: &[&'a Node]) -> Vec<Cow<'a, Node>> {
    documents.iter().map(|it| as_stored(it)).collect()
}

/// The names of the rules that the policy's author wrote.
fn authored(rules: &[tollgate_kyverno::Rule]) -> Vec<String> {
    let names: BTreeSet<&str> = rules.iter().map(|it| &*it.written).collect();
    names.into_iter().map(str::to_owned).collect()
}

struct Set {
    policies: tollgate_kyverno::PolicySet,
    exceptions: Exceptions,
    /// Whether a rule reads ConfigMaps.
    read_config_maps: bool,
    /// What could not be loaded, by the places at which it begins.
    unread: Vec<(Span, Unread)>,
}

/// By namespace and name.
type ConfigMaps = BTreeMap<(String, String), serde_json::Value>;

/// The namespace of what gives none.
const DEFAULT: &str = "default";

/// The ConfigMaps that the same overlay would create, and the namespaces that all of them would, stand in
/// for the cluster's.
struct Around {
    fixtures: Fixtures,
    /// The same with other labels of a namespace, by the namespace that has several.
    others: BTreeMap<String, Vec<Fixtures>>,
    scopes: Arc<Scopes>,
    now: SystemTime,
}

/// A manifest as the cluster would have it.
struct Stored<'a> {
    json: Cow<'a, serde_json::Value>,
    /// Where nothing says in which namespace it is.
    unplaced: Option<Unplaced>,
}

impl Around {
    /// What is known of the cluster, with each set of labels that the namespace may have.
    fn fixtures(&self, namespace: &str) -> impl Iterator<Item = &Fixtures> {
        let others = self.others.get(namespace).into_iter().flatten();
        [&self.fixtures].into_iter().chain(others)
    }

    /// The labels that the namespace may have.
    fn labels(&self, namespace: &str) -> BTreeSet<Option<&BTreeMap<String, String>>> {
        let fixtures = self.fixtures(namespace);
        fixtures
            .map(|it| it.namespace_labels.get(namespace))
            .collect()
    }

    fn config_maps(&self) -> &ConfigMaps {
        static NONE: ConfigMaps = ConfigMaps::new();
        self.fixtures.config_maps.as_ref().unwrap_or(&NONE)
    }

    fn stored<'a>(&self, manifest: &'a Manifest) -> Stored<'a> {
        let key = &manifest.key;
        let group = group(&key.api_version);
        let is_defined = || {
            self.scopes
                .contains_key(&(group.to_owned(), key.kind.clone()))
        };
        let cluster_scoped = is_cluster_scoped(&key.api_version, &key.kind, &self.scopes);
        let mut json = Cow::Borrowed(&manifest.json);
        let filled = !is_filled_in(&json, cluster_scoped) && fill_in(json.to_mut(), cluster_scoped);
        let unplaced = match is_of_kubernetes(group) || is_defined() {
            true => Unplaced::Namespaced,
            false => Unplaced::Undefined,
        };
        let unplaced = filled.then_some(unplaced);
        Stored { json, unplaced }
    }
}

fn own(around: &dyn Surroundings) -> &Around {
    // No results would read as nothing to complain about; a defect must not.
    around
        .as_any()
        .downcast_ref::<Around>()
        .expect("surroundings come from the set that is asked")
}

impl Surroundings for Around {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl PolicySet for Set {
    fn asks_of_namespaces(&self) -> bool {
        self.policies.asks_of_namespaces()
            || self.exceptions.ask_of_namespaces()
            || self.unread.iter().any(|it| it.1.selects_by_namespace())
    }

    fn surroundings(
        &self,
        manifests: &[Manifest],
        cluster: &Cluster,
        now: u64,
    ) -> Box<dyn Surroundings> {
        let mut fixtures = Fixtures {
            exceptions: self.exceptions.clone(),
            as_admission: true,
            ..Fixtures::default()
        };
        let mut config_maps = BTreeMap::new();
        let mut used = BTreeSet::from([DEFAULT]);
        for manifest in manifests {
            let key = &manifest.key;
            used.extend(key.namespace.as_deref());
            if (key.api_version.as_str(), key.kind.as_str()) == ("v1", "ConfigMap") {
                let namespace = key.namespace.as_deref().unwrap_or(DEFAULT).to_owned();
                config_maps.insert((namespace, key.name.clone()), manifest.json.clone());
            }
        }
        fixtures.config_maps = Some(config_maps);
        let labels = |name: &str| cluster.namespaces.get(name).and_then(|it| it.split_first());
        for name in &used {
            if let Some((first, _)) = labels(name) {
                let known = &mut fixtures.namespace_labels;
                known.insert((*name).to_owned(), first.clone());
            }
        }
        let mut others: BTreeMap<String, Vec<Fixtures>> = BTreeMap::new();
        for name in used {
            for it in labels(name).into_iter().flat_map(|it| it.1) {
                let mut other = fixtures.clone();
                other.namespace_labels.insert(name.to_owned(), it.clone());
                others.entry(name.to_owned()).or_default().push(other);
            }
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(within_calendar(now));
        Box::new(Around {
            fixtures,
            others,
            scopes: Arc::clone(&cluster.scopes),
            now,
        })
    }

    fn evaluate(
        &self,
        manifest: &Manifest,
        around: &dyn Surroundings,
        before: Option<&Before<'_>>,
    ) -> Vec<RuleResult> {
        let around = own(around);
        let object = around.stored(manifest);
        let past = before.map(|it| own(it.around));
        let same: Vec<(Stored<'_>, Option<&Around>)> = before
            .iter()
            .flat_map(|it| it.same)
            .map(|it| (around.stored(it.manifest), it.around.map(own)))
            .collect();
        let responses_in = |around: &Around| {
            let mut responses = self.responses(Asked::Creation(&object.json), around);
            for (old, _) in &same {
                // The cluster may have it, or may not have it yet.
                let asked = Asked::Update(&old.json, &object.json);
                take_worse(&mut responses, self.responses(asked, around));
            }
            responses
        };
        let mut responses = responses_in(around);
        let there = OnceCell::new();
        let there = || there.get_or_init(|| past.map(&responses_in).unwrap_or_default());
        let reads = |policy: &Policy, rule: &str| {
            self.read_config_maps && rule_of(policy, rule).is_some_and(Rule::reads_config_maps)
        };
        let by_base = judged_by_base(&mut responses, &reads, &there);
        let mut rules = responses.iter().flat_map(|it| &it.1.rules);
        let worth = rules.any(|it| judged(&it.outcome));
        let replaced: Vec<(&Stored<'_>, &Around, Responses<'_>)> = same
            .iter()
            .filter(|_| worth)
            .filter_map(|(old, around)| {
                let around = (*around)?;
                let said = self.responses(Asked::Creation(&old.json), around);
                Some((old, around, said))
            })
            .collect();
        let is_gap = |policy: &Policy, rule: &str| {
            let in_vain = |it: &_| result_of(it, policy, rule).map(is_not_asked);
            match (replaced.as_slice(), past) {
                ([], None) => true,
                // What the change itself takes away or chooses is no gap that BASE has.
                ([], Some(past)) => {
                    let chooses = |it: &Rule| it.chooses_among(past.config_maps());
                    in_vain(there()) == Some(true) && !rule_of(policy, rule).is_some_and(chooses)
                }
                (all, _) => all.iter().all(|(old, around, said)| {
                    let updated = || {
                        let asked = Asked::Update(&old.json, &old.json);
                        in_vain(&self.responses(asked, around))
                    };
                    in_vain(said).or_else(updated) == Some(true)
                }),
            }
        };
        let is_known_of = |(before, past, old): &(&Stored<'_>, &Around, Responses<'_>),
                           policy: &Policy,
                           result: &tollgate_kyverno::RuleResult| {
            let rule = rule_of(policy, &result.rule)?;
            let old = said(old, policy, &rule.name)?;
            if !is_same_kind(old, &result.outcome) {
                return None;
            }
            // Nobody can say whether it was for the object before.
            let asked = Asked::Creation(&object.json);
            let namespace = asked.namespace();
            if policy.may_select_by_labels() && past.labels(namespace) != around.labels(namespace) {
                return Some(false);
            }
            let failed = matches!(old, Outcome::Fail { .. });
            match rule.changed(&before.json, &object.json) {
                Changed::Nothing => Some(clause(old) == clause(&result.outcome)),
                Changed::Elements(new) if failed => {
                    let responses = self.responses(Asked::Creation(&new), around);
                    let new = said(&responses, policy, &rule.name);
                    Some(new == Some(&Outcome::Pass))
                }
                Changed::Elements(_) | Changed::Something => Some(false),
            }
        };
        let is_known = |policy: &Policy, result: &tollgate_kyverno::RuleResult| {
            let mut all = replaced.iter();
            let all = all.all(|it| is_known_of(it, policy, result) == Some(true));
            Some(!replaced.is_empty() && all)
        };
        let mut results = results(&responses, &is_known, &is_gap, &by_base);
        if let Some(how) = object.unplaced {
            let unplaced_before = same.iter().filter(|it| it.0.unplaced.is_some());
            let old: Vec<&Stored<'_>> = unplaced_before.map(|it| &it.0).collect();
            let mut anywhere = self.anywhere(Asked::Creation(&object.json), around);
            for old in &old {
                let asked = Asked::Update(&old.json, &object.json);
                take_worse(&mut anywhere, self.anywhere(asked, around));
            }
            let is_known = |rule: &Rule| {
                let mut all = old.iter();
                !old.is_empty()
                    && all.all(|it| rule.changed(&it.json, &object.json) == Changed::Nothing)
            };
            results.extend(unplaced(how, &responses, &anywhere, &is_known));
        }
        results
    }

    fn asks_of_updates(&self) -> bool {
        self.policies.asks_of_updates() || self.exceptions.ask_of_updates()
    }

    fn judges_removals(&self) -> bool {
        let mut policies = self.policies.policies().iter();
        policies.any(Policy::judges_deletions)
            || self.unread.iter().any(|it| it.1.judges_deletions())
    }

    fn evaluate_removal(&self, manifest: &Manifest, around: &dyn Surroundings) -> Vec<RuleResult> {
        let around = own(around);
        let object = around.stored(manifest);
        let mut responses = self.responses(Asked::Deletion(&object.json), around);
        only_of_deletions(&mut responses);
        let mut found = Vec::new();
        if let Some(how) = object.unplaced {
            let mut anywhere = self.anywhere(Asked::Deletion(&object.json), around);
            only_of_deletions(&mut anywhere);
            found = unplaced(how, &responses, &anywhere, &|_| false);
        }
        let mut rules = responses.iter().flat_map(|it| &it.1.rules);
        if !rules.any(|it| judged(&it.outcome)) {
            let results = results(&responses, &|_, _| None, &|_, _| false, &NONE_BY_BASE);
            found.splice(..0, results);
            return found;
        }
        // What a rule says whatever happens to the object, it says in BASE too.
        let there = self.responses(Asked::Creation(&object.json), around);
        let is_known = |policy: &Policy, result: &tollgate_kyverno::RuleResult| {
            let rule = rule_of(policy, &result.rule).filter(|it| !it.names_deletions())?;
            let old = said(&there, policy, &rule.name).filter(|it| judged(it))?;
            let fails = |it: &Outcome| matches!(it, Outcome::Fail { .. });
            Some(match (fails(old), fails(&result.outcome)) {
                (true, true) => !rule.is_about_deletions(),
                (was, is) => !was && !is,
            })
        };
        // Nobody asked about the deletion before, but its author wants to be asked.
        let is_gap = |policy: &Policy, rule: &str| {
            rule_of(policy, rule).is_none_or(|it| !it.names_deletions())
        };
        found.splice(..0, results(&responses, &is_known, &is_gap, &NONE_BY_BASE));
        found
    }

    fn unread(
        &self,
        manifest: &Manifest,
        around: &dyn Surroundings,
        happens: Happens,
    ) -> Vec<Span> {
        let around = own(around);
        let object = &*around.stored(manifest).json;
        // The cluster may have it, or may not have it yet.
        let asked = match happens {
            Happens::Removal => vec![Asked::Deletion(object)],
            Happens::Change | Happens::Relabelling => {
                vec![Asked::Creation(object), Asked::Update(object, object)]
            }
        };
        let is_for = |unread: &Unread| {
            let is_for = |request: &Request<'_>| unread.is_for(request);
            let mut asked = asked.iter();
            asked.any(|it| {
                let mut fixtures = around.fixtures(it.namespace());
                fixtures.any(|fixtures| it.of(fixtures, around.now, &is_for))
            })
        };
        let may_be =
            |unread: &Unread| happens != Happens::Relabelling || unread.selects_by_namespace();
        let unread = self.unread.iter();
        let unread = unread.filter(|it| may_be(&it.1) && is_for(&it.1));
        unread.map(|it| it.0).collect()
    }
}

/// What policies say.
type Responses<'p> = Vec<(&'p Policy, PolicyResponse)>;

/// Rules, by the document of their policy and their names.
type ByBase = BTreeSet<(usize, Arc<str>)>;

static NONE_BY_BASE: ByBase = ByBase::new();

/// Of rules that read ConfigMaps, take what they refuse by those of BASE: a change that brings what it is
/// judged by is judged by nobody. Gives back which ones say something else by those of HEAD.
fn judged_by_base<'p>(
    responses: &mut [(&'p Policy, PolicyResponse)],
    reads: &dyn Fn(&Policy, &str) -> bool,
    there: &dyn Fn() -> &'p Responses<'p>,
) -> ByBase {
    let mut by_base = ByBase::new();
    for (policy, response) in responses {
        for it in &mut response.rules {
            if matches!(it.outcome, Outcome::Fail { .. }) || !reads(policy, &it.rule) {
                continue;
            }
            let old = result_of(there(), policy, &it.rule);
            if let Some(old) = old.filter(|it| matches!(it.outcome, Outcome::Fail { .. })) {
                *it = old.clone();
                by_base.insert((policy.document, it.rule.clone()));
            }
        }
    }
    by_base
}

fn only_of_deletions(responses: &mut Vec<(&Policy, PolicyResponse)>) {
    responses.retain(|(policy, _)| policy.judges_deletions());
    for (policy, response) in responses {
        let judges = |it: &str| rule_of(policy, it).is_some_and(Rule::judges_deletions);
        response.rules.retain(|it| judges(&it.rule));
    }
}

/// The rules that may say something else, of an object that may be `anywhere`, than they say of it in
/// `default`.
fn unplaced(
    how: Unplaced,
    responses: &[(&Policy, PolicyResponse)],
    anywhere: &[(&Policy, PolicyResponse)],
    is_known: &dyn Fn(&Rule) -> bool,
) -> Vec<RuleResult> {
    let mut results = Vec::new();
    for (policy, response) in anywhere {
        for it in &response.rules {
            let Some(rule) = rule_of(policy, &it.rule) else {
                continue;
            };
            let own = said(responses, policy, &rule.name);
            let message = match own {
                Some(own) if judged(own) => continue,
                _ if it.kind != RuleType::Validate && it.kind != RuleType::VerifyImages => continue,
                _ if judged(&it.outcome) => {
                    let says = clause(&it.outcome);
                    match own.and_then(excepted) {
                        Some(names) => format!("{says} (in `default` it is let off by {names})"),
                        None => says,
                    }
                }
                Some(_) if rule.looks_at_namespace() => String::new(),
                _ => continue,
            };
            results.push(RuleResult {
                policy: response.policy.clone(),
                rule: rule.written.clone(),
                rule_span: rule.span,
                policy_span: policy.span,
                outcome: RuleOutcome::Warn {
                    message,
                    field: String::new(),
                },
                unsupported: false,
                outside: false,
                known: is_known(rule),
                gap: false,
                unplaced: Some(how),
                field: FieldPath::root(),
            });
        }
    }
    results
}

/// The exceptions by which a rule was skipped.
fn excepted(outcome: &Outcome) -> Option<String> {
    let Outcome::Skip { why } = outcome else {
        return None;
    };
    let names = why.strip_prefix("rule is skipped due to policy exceptions ")?;
    let names: Vec<String> = names.split(", ").map(|it| format!("`{it}`")).collect();
    Some(names.join(", "))
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
    by_base: &ByBase,
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
            let (mut outcome, field) = outcome(said, policy.scored, rule.kind);
            if by_base.contains(&(policy.document, rule.rule.clone()))
                && let RuleOutcome::Fail { message, .. } | RuleOutcome::Warn { message, .. } =
                    &mut outcome
            {
                message.push_str(" (by a ConfigMap as BASE has it)");
            }
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
                unplaced: None,
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
            unplaced: None,
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

impl Asked<'_> {
    fn object(&self) -> &serde_json::Value {
        let (Self::Creation(it) | Self::Update(_, it) | Self::Deletion(it)) = self;
        it
    }

    fn namespace(&self) -> &str {
        let namespace = self.object().pointer("/metadata/namespace");
        namespace.and_then(|it| it.as_str()).unwrap_or_default()
    }

    fn of<R>(
        &self,
        fixtures: &Fixtures,
        now: SystemTime,
        evaluate: &dyn Fn(&Request<'_>) -> R,
    ) -> R {
        let (values, rule_values) = (BTreeMap::new(), BTreeMap::new());
        let (operation, object, old_object) = match *self {
            Self::Creation(object) => (Operation::Create, Some(object), None),
            Self::Update(old, object) => (Operation::Update, Some(object), Some(old)),
            Self::Deletion(old) => (Operation::Delete, None, Some(old)),
        };
        evaluate(&Request {
            object,
            old_object,
            operation,
            user_info: None,
            values: &values,
            rule_values: &rule_values,
            fixtures,
            now,
        })
    }
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
        let own = responses.iter_mut().find(|it| is_same(it.0, policy));
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
    /// What the policies say of what happens to an object. Where its namespace has several sets of labels,
    /// the worse result counts.
    fn responses(&self, asked: Asked<'_>, around: &Around) -> Vec<(&Policy, PolicyResponse)> {
        let evaluate = |it: &Request<'_>| self.policies.evaluate(it);
        let mut responses = asked.of(&around.fixtures, around.now, &evaluate);
        let others = around.others.get(asked.namespace());
        for fixtures in others.into_iter().flatten() {
            take_worse(&mut responses, asked.of(fixtures, around.now, &evaluate));
        }
        responses.retain(|it| it.0.may_be_for(asked.object()));
        responses
    }

    /// The same where the object may be in any namespace.
    fn anywhere(&self, asked: Asked<'_>, around: &Around) -> Vec<(&Policy, PolicyResponse)> {
        let evaluate = |it: &Request<'_>| self.policies.evaluate_anywhere(it);
        let mut responses = asked.of(&around.fixtures, around.now, &evaluate);
        responses.retain(|it| it.0.may_be_for(asked.object()));
        responses
    }
}

/// Whether two policies of one set are the same one. Places and names do not tell: overlays make variants of
/// one file.
fn is_same(a: &Policy, b: &Policy) -> bool {
    a.document == b.document
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
    let (_, response) = responses.iter().find(|it| is_same(it.0, policy))?;
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

/// What a rule says of an object, for people.
fn clause(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass => String::new(),
        Outcome::Fail { says, .. } | Outcome::Error { says } => says.clause(),
        Outcome::Skip { why } => why.clone(),
        Outcome::Unsupported { feature } => feature.clone(),
    }
}

/// A failure of a policy that is not scored is a warning. A rule that generates never refuses what
/// it is triggered by, so it is no gap that it was not evaluated; a rule that mutates changes what
/// the others see, so it is one.
fn outcome(outcome: Outcome, scored: bool, kind: RuleType) -> (RuleOutcome, FieldPath) {
    let root = FieldPath::root();
    if kind == RuleType::Generate {
        let why = "the rule generates; it judges nothing".to_owned();
        return (RuleOutcome::Skip { why }, root);
    }
    match outcome {
        Outcome::Pass => (RuleOutcome::Pass, root),
        Outcome::Fail { says, at } => {
            let field = at.to_string();
            let message = says.clause();
            let outcome = if scored {
                RuleOutcome::Fail { message, field }
            } else {
                RuleOutcome::Warn { message, field }
            };
            (outcome, at)
        }
        Outcome::Skip { why } => (RuleOutcome::Skip { why }, root),
        Outcome::Unsupported { feature } => (RuleOutcome::Error { why: feature }, root),
        Outcome::Error { says } => (RuleOutcome::Error { why: says.clause() }, root),
    }
}

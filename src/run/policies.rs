//! Policies of one tree, and what they say about rendered manifests.

use crate::{
    builtin::BUILTINS,
    config,
    engines::{ENGINES, PolicySet, RuleResult},
    model::{
        Manifest, Place, PolicyFacts, Problem, ResourceKey, RuleFacts, RuleOutcome, Side, digest,
    },
};
use std::collections::BTreeSet;
use tollgate_yaml::{Dialect, Limits, Node, Sources};

/// Every policy of one tree, by engine.
pub(super) struct Loaded<'a> {
    pub(super) sets: Vec<Box<dyn PolicySet>>,
    pub(super) policies: Vec<PolicyFacts>,
    /// What could not be loaded.
    pub(super) problems: Vec<(Option<Place>, String)>,
    /// Names of the built-in ones.
    builtin: BTreeSet<String>,
    side: Side,
    sources: &'a Sources,
}

/// Results that a report lists, and how many rules each resource passed.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) results: Vec<RuleFacts>,
    pub(super) passes: Vec<(String, ResourceKey, usize)>,
}

/// The built-in policies that judge beside those of the names `own`, with their names. `judged` says
/// whether some of those judge.
pub(super) fn builtin(
    setting: config::Builtin,
    judged: bool,
    own: &BTreeSet<String>,
    sources: &Sources,
) -> Vec<(&'static str, Node)> {
    let judges = match setting {
        config::Builtin::Off => false,
        config::Builtin::Auto => !judged,
        config::Builtin::On => true,
    };
    let wanted = BUILTINS
        .iter()
        .filter(|it| judges && !own.contains(it.name));
    let read = wanted.map(|it| {
        let file = sources.add(format!("built-in policy {}", it.name), it.policy);
        let parsed = tollgate_yaml::parse(it.policy, file, Dialect::Sigs, &Limits::default());
        let document = parsed.ok().and_then(|it| it.into_iter().next());
        // Without the policy nobody could say whether what it asks is met.
        (it.name, document.expect("a built-in policy is a document"))
    });
    read.collect()
}

/// Load the documents that engines recognise, and built-in ones with their names. `sources` are the
/// files that they came from.
pub(super) fn load<'a>(
    documents: &[Node],
    builtin: &[(&str, Node)],
    sources: &'a Sources,
    side: Side,
) -> Loaded<'a> {
    let mut loaded = Loaded {
        sets: Vec::new(),
        policies: Vec::new(),
        problems: Vec::new(),
        builtin: builtin.iter().map(|it| it.0.to_owned()).collect(),
        side,
        sources,
    };
    for engine in ENGINES {
        let owned: Vec<Node> = documents
            .iter()
            .chain(builtin.iter().map(|it| &it.1))
            .filter(|it| engine.recognises(it))
            .cloned()
            .collect();
        if owned.is_empty() {
            continue;
        }
        let engine_loaded = engine.load(&owned);
        for policy in engine_loaded.policies {
            let document = owned.iter().find(|it| it.span() == policy.span);
            let builtin = loaded.builtin.contains(&policy.name);
            let place = Place::of(sources, policy.span, side).filter(|_| !builtin);
            loaded.policies.push(PolicyFacts {
                engine: engine.name().to_owned(),
                builtin,
                kind: policy.kind,
                name: policy.name,
                rules: policy.rules,
                digest: document.map_or_else(String::new, document_digest),
                place,
            });
        }
        for (span, message) in engine_loaded.problems {
            loaded
                .problems
                .push((Place::of(sources, span, side), message));
        }
        loaded.sets.push(engine_loaded.set);
    }
    loaded
        .policies
        .sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    loaded
}

impl Loaded<'_> {
    /// What could not be loaded, for a gate to weigh.
    pub(super) fn as_problems(&self, gate: &str) -> Vec<Problem> {
        let problem = |(place, message): &(Option<Place>, String)| Problem {
            gate: gate.to_owned(),
            subject: "policies".to_owned(),
            message: message.clone(),
            help: None,
            place: place.clone(),
            name: false,
            before: false,
        };
        self.problems.iter().map(problem).collect()
    }
}

/// Documents that JSON cannot hold are never equal to another.
fn document_digest(document: &Node) -> String {
    let json = document.to_json().map(|it| it.to_string());
    digest(json.unwrap_or_else(|it| format!("{it:?}")).as_bytes())
}

/// What the policies say about `subjects`, which are some of `manifests`: those came from
/// `sources` on `side`.
pub(super) fn evaluate(
    policies: &Loaded<'_>,
    overlay: &str,
    manifests: &[Manifest],
    subjects: &[&Manifest],
    sources: &Sources,
    side: Side,
    now: u64,
) -> Judged {
    let mut judged = Judged::default();
    if subjects.is_empty() {
        return judged;
    }
    for set in &policies.sets {
        let around = set.surroundings(manifests, now);
        for manifest in subjects {
            let mut passed = 0;
            for result in set.evaluate(manifest, &*around) {
                if result.outcome == RuleOutcome::Pass {
                    passed += 1;
                } else {
                    judged
                        .results
                        .push(facts(policies, overlay, manifest, result, sources, side));
                }
            }
            if passed > 0 {
                judged
                    .passes
                    .push((overlay.to_owned(), manifest.key.clone(), passed));
            }
        }
    }
    judged
}

fn facts(
    policies: &Loaded<'_>,
    overlay: &str,
    manifest: &Manifest,
    result: RuleResult,
    sources: &Sources,
    side: Side,
) -> RuleFacts {
    let origin = manifest.body.blame(&result.field);
    // What is built in stands in no file of the repository.
    let in_a_file = !policies.builtin.contains(&*result.policy);
    RuleFacts {
        policy: result.policy.to_string(),
        rule: result.rule.to_string(),
        overlay: overlay.to_owned(),
        resource: manifest.key.clone(),
        outcome: result.outcome,
        absent: manifest.body.at(&result.field).is_none(),
        place: Place::of(sources, origin.edit_here(), side),
        overridden: origin
            .overridden()
            .and_then(|it| Place::of(sources, it, side)),
        rule_place: Place::of(policies.sources, result.rule_span, policies.side)
            .filter(|_| in_a_file),
    }
}

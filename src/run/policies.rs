//! Policies of one tree, and what they say about rendered manifests.

use crate::{
    builtin::BUILTINS,
    config,
    engines::{
        self, Before, Cluster, ENGINES, Happens, Old, PolicyEngine, PolicySet, RuleResult,
        Surroundings,
    },
    model::{
        Manifest, PassedFacts, Place, PolicyFacts, Problem, RemovalFacts, ResourceKey, RuleFacts,
        RuleOutcome, Side, digest,
    },
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Span};

/// Every policy of one tree, by engine.
pub(super) struct Loaded<'a> {
    pub(super) sets: Vec<Box<dyn PolicySet>>,
    pub(super) policies: Vec<PolicyFacts>,
    /// What could not be loaded.
    pub(super) problems: Vec<Unloaded>,
    /// Whether a document, by the place at which it begins, is not in HEAD as it is here.
    touched: BTreeSet<Span>,
    /// Names of the built-in ones.
    builtin: BTreeSet<String>,
    side: Side,
    sources: &'a Sources,
}

/// A document that could not be loaded.
pub(super) struct Unloaded {
    name: String,
    document: Span,
    pub(super) place: Option<Place>,
    pub(super) message: String,
    /// Whether nothing would be judged by it here if it could be read.
    outside: bool,
}

/// Results that a report lists, and how many rules each resource passed.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) results: Vec<RuleFacts>,
    pub(super) passes: Vec<PassedFacts>,
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

/// Documents to load.
pub(super) struct Documents<'d, 'a> {
    pub(super) nodes: &'d [&'d Node],
    /// Built-in ones, with their names.
    pub(super) builtin: &'d [(&'d str, Node)],
    /// The files that they came from.
    pub(super) sources: &'a Sources,
    pub(super) side: Side,
}

impl<'d, 'a> Documents<'d, 'a> {
    /// Those that an engine recognises.
    fn of(&self, engine: &dyn PolicyEngine) -> Vec<&'d Node> {
        let nodes = self.nodes.iter().copied();
        let all = nodes.chain(self.builtin.iter().map(|it| &it.1));
        all.filter(|it| engine.recognises(it)).collect()
    }

    fn loaded(&self) -> Loaded<'a> {
        Loaded {
            sets: Vec::new(),
            policies: Vec::new(),
            problems: Vec::new(),
            touched: BTreeSet::new(),
            builtin: self.builtin.iter().map(|it| it.0.to_owned()).collect(),
            side: self.side,
            sources: self.sources,
        }
    }
}

/// Load the documents that engines recognise.
pub(super) fn load<'a>(documents: &Documents<'_, 'a>) -> Loaded<'a> {
    let mut loaded = documents.loaded();
    for engine in ENGINES {
        let owned = documents.of(*engine);
        if !owned.is_empty() {
            loaded.add(*engine, &owned, engine.load(&owned));
        }
    }
    loaded.sort();
    loaded
}

/// Load two sets with the same exceptions to see where their answers differ: what answers the same in both
/// is not asked.
pub(super) fn load_to_compare<'a>(
    old: &Documents<'_, 'a>,
    new: &Documents<'_, 'a>,
) -> (Loaded<'a>, Loaded<'a>) {
    let (mut was, mut is) = (old.loaded(), new.loaded());
    for engine in ENGINES {
        let (old, new) = (old.of(*engine), new.of(*engine));
        let [of_old, of_new] = engine.load_to_compare(&old, &new);
        for (loaded, owned, made) in [(&mut was, old, of_old), (&mut is, new, of_new)] {
            if !owned.is_empty() {
                loaded.add(*engine, &owned, made);
            }
        }
    }
    was.sort();
    is.sort();
    (was, is)
}

impl Loaded<'_> {
    /// Take in what an engine made of documents.
    fn add(&mut self, engine: &dyn PolicyEngine, owned: &[&Node], made: engines::Loaded) {
        for policy in made.policies {
            let builtin = self.builtin.contains(&policy.name);
            let place = Place::of(self.sources, policy.span, self.side).filter(|_| !builtin);
            self.policies.push(PolicyFacts {
                engine: engine.name().to_owned(),
                builtin,
                kind: policy.kind,
                name: policy.name,
                rules: policy.rules,
                digest: owned
                    .get(policy.document)
                    .map_or_else(String::new, |it| document_digest(it)),
                place,
            });
        }
        for it in made.problems {
            self.problems.push(Unloaded {
                place: Place::of(self.sources, it.at, self.side),
                name: it.name,
                document: it.document,
                outside: it.outside,
                message: it.message,
            });
        }
        self.sets.push(made.set);
    }

    fn sort(&mut self) {
        self.policies
            .sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    }
}

impl Loaded<'_> {
    /// What could not be loaded, for a gate to weigh.
    pub(super) fn as_problems(&self, gate: &str) -> Vec<Problem> {
        let problem = |it: &Unloaded| Problem {
            gate: gate.to_owned(),
            subject: "policies".to_owned(),
            message: it.message.clone(),
            help: None,
            place: it.place.clone(),
            name: false,
            before: self.stays(it.document),
            hides_rules: false,
            mended: None,
        };
        self.problems.iter().map(problem).collect()
    }

    /// The same of BASE, where the other side can read whatever it has otherwise.
    pub(super) fn as_mended(&self, gate: &str) -> Vec<Problem> {
        let names = self.problems.iter().map(|it| it.name.clone());
        let mended = |(it, name): (Problem, String)| Problem {
            mended: (!it.before).then_some(name),
            ..it
        };
        self.as_problems(gate)
            .into_iter()
            .zip(names)
            .map(mended)
            .collect()
    }

    /// Say which documents the other side has not, or has otherwise.
    pub(super) fn touch(&mut self, documents: impl IntoIterator<Item = Span>) {
        self.touched.extend(documents);
    }

    /// Whether the other side has a document too. A built-in one stands in no tree.
    fn stays(&self, document: Span) -> bool {
        !self.touched.contains(&document)
    }
}

/// Documents that JSON cannot hold are never equal to another.
pub(super) fn document_digest(document: &Node) -> String {
    let json = document.to_json().map(|it| it.to_string());
    digest(json.unwrap_or_else(|it| format!("{it:?}")).as_bytes())
}

/// A resource as BASE has it.
pub(super) struct Earlier<'a> {
    pub(super) manifest: &'a Manifest,
    /// The world that it was in; `None` where it stays there beside the new one.
    pub(super) world: Option<&'a World<'a>>,
}

/// BASE, for one overlay.
pub(super) struct Past<'a, 'e> {
    /// The overlay's world there.
    pub(super) world: &'a World<'a>,
    /// What the overlay rendered.
    pub(super) manifests: &'a [Manifest],
    /// What a resource was that is not among them under its key.
    pub(super) elsewhere: Elsewhere<'a, 'e>,
}

/// What a resource was that its overlay does not have in BASE under its key.
pub(super) type Elsewhere<'f, 'e> = &'f dyn Fn(&ResourceKey) -> Vec<Earlier<'e>>;

/// What the policies of a world say about `subjects`. The past tells old from new.
pub(super) fn evaluate(world: &World<'_>, past: &Past<'_, '_>, subjects: &[&Manifest]) -> Judged {
    let mut judged = Judged::default();
    let of: BTreeMap<&ResourceKey, &Manifest> =
        past.manifests.iter().map(|it| (&it.key, it)).collect();
    for manifest in subjects {
        let before = match of.get(&manifest.key) {
            Some(own) => vec![Earlier {
                manifest: own,
                world: Some(past.world),
            }],
            None => (past.elsewhere)(&manifest.key),
        };
        judged.extend(world.judge(manifest, Some((past.world, &before))));
    }
    judged
}

/// What policies see of an overlay beside the manifest that they judge.
pub(super) struct World<'a> {
    policies: &'a Loaded<'a>,
    around: Vec<Box<dyn Surroundings>>,
    overlay: &'a str,
    sources: &'a Sources,
    side: Side,
}

impl Loaded<'_> {
    /// The world of `manifests`, which came from `sources` on `side` and arrive in `cluster`: made once, for
    /// all that are judged in it.
    pub(super) fn world<'a>(
        &'a self,
        overlay: &'a str,
        manifests: &[Manifest],
        cluster: &Cluster,
        sources: &'a Sources,
        side: Side,
        now: u64,
    ) -> World<'a> {
        let around = self
            .sets
            .iter()
            .map(|it| it.surroundings(manifests, cluster, now));
        World {
            policies: self,
            around: around.collect(),
            overlay,
            sources,
            side,
        }
    }
}

impl World<'_> {
    /// What the policies say about one of the manifests, passes included, without places.
    pub(super) fn answers(&self, manifest: &Manifest) -> Vec<RuleResult> {
        let sets = self.policies.sets.iter().zip(&self.around);
        sets.flat_map(|(set, around)| set.evaluate(manifest, &**around, None))
            .filter(|it| it.unplaced.is_none())
            .collect()
    }

    /// What the policies say about one of the manifests; `before` is the world of its overlay in BASE, and
    /// what it was there.
    pub(super) fn judge(
        &self,
        manifest: &Manifest,
        before: Option<(&World<'_>, &[Earlier<'_>])>,
    ) -> Judged {
        let mut judged = Judged::default();
        for (at, (set, around)) in self.policies.sets.iter().zip(&self.around).enumerate() {
            let same: Vec<Old<'_>> = before
                .iter()
                .flat_map(|it| it.1)
                .map(|it| Old {
                    manifest: it.manifest,
                    around: it.world.and_then(|it| Some(&**it.around.get(at)?)),
                })
                .collect();
            let before = before.and_then(|(world, _)| {
                let around = &**world.around.get(at)?;
                Some(Before {
                    around,
                    same: &same,
                })
            });
            let mut passed = 0;
            for result in set.evaluate(manifest, &**around, before.as_ref()) {
                if result.outcome == RuleOutcome::Pass {
                    passed += 1;
                } else {
                    judged.results.push(facts(self, manifest, result));
                }
            }
            let stays = !same.is_empty() && same.iter().all(|it| it.manifest.json == manifest.json);
            let happens = match stays {
                true => Happens::Relabelling,
                false => Happens::Change,
            };
            let unread = set.unread(manifest, &**around, happens);
            judged.results.extend(self.unread(manifest, &unread));
            if passed > 0 {
                judged.passes.push(self.passed(manifest, passed));
            }
        }
        judged
    }
}

impl Loaded<'_> {
    /// Whether what a rule says may hang on the namespace of a resource.
    pub(super) fn ask_of_namespaces(&self) -> bool {
        self.sets.iter().any(|it| it.asks_of_namespaces())
    }

    /// Whether what a rule says of a resource may hang on what BASE has in its place.
    pub(super) fn ask_of_updates(&self) -> bool {
        self.sets.iter().any(|it| it.asks_of_updates())
    }

    /// Whether a rule may refuse that something is removed.
    pub(super) fn judge_removals(&self) -> bool {
        self.sets.iter().any(|it| it.judges_removals())
    }
}

impl World<'_> {
    /// What the policies say about the removal of one of the manifests, which `by` says how it comes;
    /// where it is `placed`, about its removal from namespaces in which it only may have been.
    pub(super) fn judge_removal(
        &self,
        manifest: &Manifest,
        by: &RemovalFacts,
        placed: bool,
    ) -> Judged {
        let mut judged = Judged::default();
        let mut passed = 0;
        for (set, around) in self.policies.sets.iter().zip(&self.around) {
            for result in set.evaluate_removal(manifest, &**around) {
                if placed && result.unplaced.is_none() {
                    continue;
                }
                if result.outcome == RuleOutcome::Pass {
                    passed += 1;
                    continue;
                }
                judged.results.push(RuleFacts {
                    removed: Some(by.clone()),
                    absent: false,
                    ..facts(self, manifest, result)
                });
            }
            if placed {
                continue;
            }
            let unread = set.unread(manifest, &**around, Happens::Removal);
            let unread = self.unread(manifest, &unread).into_iter();
            judged.results.extend(unread.map(|it| RuleFacts {
                removed: Some(by.clone()),
                ..it
            }));
        }
        if passed > 0 {
            judged.passes.push(self.passed(manifest, passed));
        }
        judged
    }
}

impl Judged {
    pub(super) fn extend(&mut self, other: Self) {
        self.results.extend(other.results);
        self.passes.extend(other.passes);
    }
}

impl World<'_> {
    /// That policies which cannot be read may be for a manifest.
    fn passed(&self, manifest: &Manifest, rules: usize) -> PassedFacts {
        PassedFacts {
            overlay: self.overlay.to_owned(),
            resource: manifest.key.clone(),
            rules,
        }
    }

    fn unread(&self, manifest: &Manifest, documents: &[Span]) -> Vec<RuleFacts> {
        let problems = self.policies.problems.iter();
        problems
            .filter(|it| documents.contains(&it.document))
            .map(|it| unread(self, manifest, it))
            .collect()
    }
}

fn facts(world: &World<'_>, manifest: &Manifest, result: RuleResult) -> RuleFacts {
    let World {
        policies,
        overlay,
        sources,
        side,
        ..
    } = *world;
    let origin = manifest.body.blame(&result.field);
    // What is built in stands in no file of the repository.
    let in_a_file = !policies.builtin.contains(&*result.policy);
    RuleFacts {
        policy: result.policy.to_string(),
        rule: result.rule.to_string(),
        overlay: overlay.to_owned(),
        resource: manifest.key.clone(),
        outcome: result.outcome,
        unsupported: result.unsupported,
        unread: false,
        outside: result.outside,
        known: result.known,
        unplaced: result.unplaced,
        removed: None,
        gap: result.gap && policies.stays(result.policy_span),
        absent: manifest.body.at(&result.field).is_none(),
        place: Place::of(sources, origin.edit_here(), side),
        overridden: origin
            .overridden()
            .and_then(|it| Place::of(sources, it, side)),
        rule_place: Place::of(policies.sources, result.rule_span, policies.side)
            .filter(|_| in_a_file),
    }
}

/// That a policy which cannot be read may be for a manifest.
fn unread(world: &World<'_>, manifest: &Manifest, policy: &Unloaded) -> RuleFacts {
    let origin = &manifest.body.origin;
    RuleFacts {
        policy: policy.name.clone(),
        rule: String::new(),
        overlay: world.overlay.to_owned(),
        resource: manifest.key.clone(),
        outcome: RuleOutcome::Error {
            why: policy.message.clone(),
        },
        unsupported: false,
        unread: true,
        unplaced: None,
        outside: policy.outside,
        known: false,
        gap: world.policies.stays(policy.document),
        removed: None,
        absent: false,
        place: Place::of(world.sources, origin.edit_here(), world.side),
        overridden: None,
        rule_place: policy.place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::any::Any;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often its surroundings are made.
    struct Counting(Arc<AtomicUsize>);

    struct Nothing;

    impl Surroundings for Nothing {
        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    impl PolicySet for Counting {
        fn evaluate(
            &self,
            _: &Manifest,
            _: &dyn Surroundings,
            _: Option<&Before<'_>>,
        ) -> Vec<RuleResult> {
            Vec::new()
        }

        fn asks_of_updates(&self) -> bool {
            false
        }

        fn judges_removals(&self) -> bool {
            false
        }

        fn evaluate_removal(&self, _: &Manifest, _: &dyn Surroundings) -> Vec<RuleResult> {
            Vec::new()
        }

        fn unread(&self, _: &Manifest, _: &dyn Surroundings, _: Happens) -> Vec<Span> {
            Vec::new()
        }

        fn asks_of_namespaces(&self) -> bool {
            false
        }

        fn surroundings(&self, _: &[Manifest], _: &Cluster, _: u64) -> Box<dyn Surroundings> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::new(Nothing)
        }
    }

    #[test]
    fn what_is_around_is_looked_at_once_for_all_manifests() {
        let sources = Sources::new();
        let made = Arc::new(AtomicUsize::new(0));
        let policies = Loaded {
            sets: vec![Box::new(Counting(made.clone()))],
            policies: Vec::new(),
            problems: Vec::new(),
            touched: BTreeSet::new(),
            builtin: BTreeSet::new(),
            side: Side::Head,
            sources: &sources,
        };
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        let file = sources.add("a.yaml", text);
        let documents = tollgate_yaml::parse(text, file, Dialect::Sigs, &Limits::default());
        let body = documents.expect("YAML").remove(0);
        let manifest = Manifest {
            key: ResourceKey::of(&body),
            json: body.to_json().expect("JSON"),
            body,
            digest: String::new(),
        };
        let manifests = vec![manifest; 3];
        let world = policies.world("", &manifests, &Cluster::default(), &sources, Side::Head, 0);
        for manifest in &manifests {
            assert!(world.judge(manifest, None).results.is_empty());
        }
        let subjects: Vec<&Manifest> = manifests.iter().collect();
        assert_eq!(made.load(Ordering::Relaxed), 1);
        let past = Past {
            world: &world,
            manifests: &manifests,
            elsewhere: &|_| Vec::new(),
        };
        evaluate(&world, &past, &subjects);
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}

//! One overlay, on both sides: [`examine`] renders and compares it, and [`decide`] asks the policies,
//! which are known only when all overlays are rendered: some of them deploy policies. Manifests are
//! dropped as soon as they can be, so that memory does not grow with the number of overlays.

use super::{
    cluster::{Receives, Says},
    lost::{self, Lost},
    policies::{Elsewhere, Judged, Loaded, Past, evaluate},
    reach::{Touched, reach},
    redact::Found,
    removals,
    rules::{Deployed, Ruled},
    schemas::Validation,
    secrets,
};
use crate::{
    engines::Cluster,
    model::{
        Manifest, OverlayFacts, PassedFacts, RenderFacts, RenderOutside, ResourceFacts,
        ResourceKey, RuleFacts, SchemaFacts, SecretFacts, Side, digest, secret,
    },
    renderers::{RenderError, RenderSession, Rendered},
    repo::discover::{self, Class, Flux},
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::{Node, Sources};

/// One tree, as overlays are rendered from it.
pub(super) struct Tree<'a> {
    pub(super) side: Side,
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a Sources,
    pub(super) session: Box<dyn RenderSession + 'a>,
    /// Folders of its overlays.
    pub(super) overlays: BTreeSet<RepoPath>,
    /// What Flux builds in it.
    pub(super) flux: Flux<'a>,
}

/// What all overlays of a change share.
pub(super) struct Scene<'a> {
    pub(super) base: Tree<'a>,
    pub(super) head: Tree<'a>,
    pub(super) touched: Touched,
    /// Schemas, where those that the configuration names can be had.
    pub(super) schemas: Option<&'a Validation<'a>>,
    pub(super) now: u64,
    /// What BASE takes for placeholders of secret values.
    pub(super) placeholders: secrets::Placeholders,
    /// Where the values of rendered Secrets are noted, for redaction.
    pub(super) values: Mutex<Found>,
    /// Number of manifests that are kept until the policies are known.
    pub(super) kept: AtomicUsize,
}

/// As many manifests are kept until then; overlays beyond that are rendered again.
const KEPT: usize = 5_000;

/// What came of one overlay.
pub(super) struct Outcome {
    pub(super) facts: OverlayFacts,
    pub(super) results: Vec<RuleFacts>,
    pub(super) passes: Vec<PassedFacts>,
    pub(super) preview: Vec<RuleFacts>,
    pub(super) secrets: Vec<SecretFacts>,
    pub(super) schemas: Vec<SchemaFacts>,
    /// Files of HEAD that differ and that it reads, or may read where it does not render.
    pub(super) read: BTreeSet<RepoPath>,
    /// Files of HEAD that differ and stand in a folder of one of its kustomizations.
    pub(super) beside: BTreeSet<RepoPath>,
    /// The policies and exceptions that it deploys.
    pub(super) deployed: Deployed,
    /// What it says of the cluster.
    pub(super) says: Says,
    /// Where HEAD's policies decide less than BASE's.
    pub(super) lost: Vec<Lost>,
    /// What the environment loses by it.
    pub(super) removed: Vec<removals::Removal>,
    /// What it renders to, where that is kept.
    pub(super) renders: Option<Arc<Renders>>,
}

type Render = Result<Rendered, Box<RenderError>>;

/// An overlay as both sides render it.
pub(super) struct Renders {
    base: Option<Render>,
    /// `None` also where it is as in BASE.
    head: Option<Render>,
    touched: bool,
    unchanged: bool,
}

impl Renders {
    fn new(scene: &Scene<'_>, path: &RepoPath) -> Self {
        let base = scene
            .base
            .overlays
            .contains(path)
            .then(|| scene.base.session.render(path));
        let touched = touched(scene, path, base.as_ref());
        // What no changed file can have reached renders in HEAD as it does in BASE.
        let unchanged = !touched && base.as_ref().is_some_and(Result::is_ok);
        let head = (scene.head.overlays.contains(path) && !unchanged)
            .then(|| scene.head.session.render(path));
        Self {
            base,
            head,
            touched,
            unchanged,
        }
    }

    /// What BASE renders to.
    pub(super) fn before(&self) -> Option<&Rendered> {
        self.base.as_ref().and_then(|it| it.as_ref().ok())
    }

    /// What HEAD renders to, with the tree that its places are in.
    fn after<'a>(&'a self, scene: &'a Scene<'a>) -> Option<(&'a Rendered, &'a Tree<'a>)> {
        match (&self.head, &self.base) {
            (Some(Ok(rendered)), _) => Some((rendered, &scene.head)),
            (None, Some(Ok(rendered))) if self.unchanged => Some((rendered, &scene.base)),
            _ => None,
        }
    }

    /// The policies and exceptions in what both sides render, and the files that they came from.
    fn deployed(&self, scene: &Scene<'_>, path: &RepoPath) -> Deployed {
        let mut deployed = Deployed::default();
        let rules = |rendered: &Rendered| -> Vec<Node> {
            let rules = rendered.manifests.iter().filter(|it| is_rule(&it.body));
            rules.map(|it| it.body.clone()).collect()
        };
        if let Some(before) = self.before() {
            deployed.base = rules(before);
            deployed.base_reads.clone_from(&before.reads);
        }
        deployed.head = match (&self.head, self.unchanged && !deployed.base.is_empty()) {
            // For places in HEAD.
            (_, true) => scene
                .head
                .session
                .render(path)
                .map_or_else(|_| deployed.base.clone(), |it| rules(&it)),
            (Some(Ok(rendered)), _) => {
                deployed.head_reads.clone_from(&rendered.reads);
                rules(rendered)
            }
            _ => Vec::new(),
        };
        let failed = |it: &Option<Render>| matches!(it, Some(Err(_)));
        deployed.unknown = failed(&self.base) || failed(&self.head);
        if deployed.base.is_empty() && deployed.head.is_empty() {
            return Deployed::default();
        }
        deployed
    }
}

pub(super) fn examine(scene: &Scene<'_>, path: &RepoPath, environment: Option<String>) -> Outcome {
    let renders = Renders::new(scene, path);
    let (base, head) = (&renders.base, &renders.head);
    let (touched, unchanged, before) = (renders.touched, renders.unchanged, renders.before());
    let deployed = renders.deployed(scene, path);
    let base_facts = base
        .as_ref()
        .map(|it| facts(it, None, &|| scene.base.flux.builds(path)));
    let built = || scene.head.flux.builds_after(&scene.base.flux, path);
    let head_facts = match (unchanged, &base_facts) {
        (true, Some(facts)) => Some(built_in_head(facts.clone(), &built)),
        _ => head.as_ref().map(|it| facts(it, before, &built)),
    };
    note_values(scene, before, &scene.base);
    note_values(
        scene,
        head.as_ref().and_then(|it| it.as_ref().ok()),
        &scene.head,
    );
    let mut outcome = Outcome {
        facts: OverlayFacts {
            path: path.to_string(),
            environment,
            base: base_facts,
            head: head_facts,
            touched,
            leftovers: leftovers(&scene.head, path),
        },
        results: Vec::new(),
        passes: Vec::new(),
        preview: Vec::new(),
        secrets: Vec::new(),
        schemas: Vec::new(),
        read: BTreeSet::new(),
        beside: BTreeSet::new(),
        deployed,
        says: Says::of(renders.before(), renders.after(scene).map(|it| it.0)),
        lost: Vec::new(),
        removed: Vec::new(),
        renders: None,
    };
    (outcome.read, outcome.beside) = readings(scene, path, head.as_ref());
    if let Some((rendered, tree)) = renders.after(scene) {
        if let Some(schemas) = scene.schemas {
            let subjects = subjects(&outcome.facts, rendered);
            let (path, manifests) = (&outcome.facts.path, &rendered.manifests);
            let old = renders.before().map_or(&[][..], |it| &it.manifests);
            outcome.schemas =
                schemas.validate(path, [old, manifests], &subjects, tree.sources, tree.side);
            unless_defined_anew(scene, &subjects, &mut outcome.schemas);
        }
        outcome.secrets = secrets::rendered(
            path,
            rendered,
            before,
            &scene.placeholders,
            tree.sources,
            tree.side,
        );
    }
    if outcome.facts.differs() {
        let sides = [renders.before(), renders.after(scene).map(|it| it.0)];
        let count = sides.iter().flatten().map(|it| it.manifests.len()).sum();
        if scene.kept.fetch_add(count, Ordering::Relaxed) < KEPT {
            outcome.renders = Some(Arc::new(renders));
        }
    }
    outcome
}

/// Whether a resource is a rule itself: a policy, or an exception from one.
fn is_rule(body: &Node) -> bool {
    matches!(
        discover::classify(body),
        Some(Class::Policy | Class::Exception)
    )
}

/// The manifests of HEAD that are not as in BASE.
fn subjects<'a>(facts: &OverlayFacts, rendered: &'a Rendered) -> Vec<&'a Manifest> {
    let changed: BTreeSet<&ResourceKey> = facts.changed().into_iter().map(|it| &it.key).collect();
    let manifests = rendered.manifests.iter();
    manifests.filter(|it| changed.contains(&it.key)).collect()
}

/// The files of HEAD that differ and that the overlay reads, and those that stand beside them.
fn readings(
    scene: &Scene<'_>,
    path: &RepoPath,
    head: Option<&Render>,
) -> (BTreeSet<RepoPath>, BTreeSet<RepoPath>) {
    match head {
        // What it read in BASE does not differ.
        None => Default::default(),
        Some(Ok(rendered)) => (
            scene.touched.among(&rendered.reads),
            scene.touched.beside(&rendered.reads),
        ),
        Some(Err(error)) => {
            let files = scene.head.files;
            let mut read = scene.touched.within(&reach(files, path), files);
            read.extend(scene.touched.among(&error.reads));
            (read, scene.touched.beside(&error.reads))
        }
    }
}

fn note_values(scene: &Scene<'_>, rendered: Option<&Rendered>, tree: &Tree<'_>) {
    let manifests = rendered.into_iter().flat_map(|it| &it.manifests);
    for manifest in manifests.filter(|it| secret::is_secret_kind(&it.key.kind)) {
        let mut values = scene.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.add_manifest(&manifest.body, tree.sources, tree.side);
    }
}

fn touched(scene: &Scene<'_>, path: &RepoPath, base: Option<&Render>) -> bool {
    let both = scene.base.overlays.contains(path) && scene.head.overlays.contains(path);
    match base {
        Some(Ok(rendered)) if both => scene.touched.any_of(&rendered.reads),
        Some(Err(error)) if both => {
            let trees = [scene.base.files, scene.head.files];
            let within = |files| scene.touched.any_within(&reach(files, path), trees);
            scene.touched.any_of(&error.reads) || trees.into_iter().any(within)
        }
        _ => true,
    }
}

/// Whether files are in the folder of an overlay that HEAD lacks.
fn leftovers(head: &Tree<'_>, path: &RepoPath) -> bool {
    // A folder that cannot be listed is not known to be gone.
    !head.overlays.contains(path) && head.files.list(path).map_or(true, |it| !it.is_empty())
}

/// The same facts, with what Flux builds in HEAD.
fn built_in_head(mut facts: RenderFacts, flux: &dyn Fn() -> bool) -> RenderFacts {
    if let RenderFacts::Rendered {
        outside: Some(outside),
        ..
    } = &mut facts
    {
        outside.flux = flux();
    }
    facts
}

fn facts(render: &Render, before: Option<&Rendered>, flux: &dyn Fn() -> bool) -> RenderFacts {
    match render {
        Ok(rendered) => {
            let resources = resources(rendered, before);
            RenderFacts::Rendered {
                digest: output_digest(rendered, &resources),
                resources,
                warnings: rendered.warnings.clone(),
                outside: rendered.outside.as_ref().map(|it| RenderOutside {
                    message: it.message.clone(),
                    help: it.help.clone(),
                    place: it.place.clone(),
                    flux: flux(),
                }),
            }
        }
        Err(error) => RenderFacts::Failed {
            message: error.message.clone(),
            help: error.help.clone(),
            place: error.place.clone(),
            elsewhere: error.elsewhere,
        },
    }
}

fn resources(rendered: &Rendered, before: Option<&Rendered>) -> Vec<ResourceFacts> {
    let before: BTreeMap<&ResourceKey, &Manifest> = before
        .into_iter()
        .flat_map(|it| &it.manifests)
        .filter(|it| secret::is_secret_kind(&it.key.kind))
        .map(|it| (&it.key, it))
        .collect();
    let resource = |manifest: &Manifest| ResourceFacts {
        key: manifest.key.clone(),
        rule: is_rule(&manifest.body),
        digest: secret_digest(manifest, before.get(&manifest.key).copied())
            .unwrap_or_else(|| manifest.digest.clone()),
    };
    rendered.manifests.iter().map(resource).collect()
}

/// A digest over a short value tells the value to whoever tries them all, so values are compared
/// here and left out of it; `None` for what is no Secret.
fn secret_digest(manifest: &Manifest, before: Option<&Manifest>) -> Option<String> {
    let json = secret::without_values(&manifest.json)?;
    let differs = before.is_some_and(|it| it.digest != manifest.digest);
    let mark = if differs { "differs from BASE" } else { "" };
    Some(digest(format!("{json}{mark}").as_bytes()))
}

fn output_digest(rendered: &Rendered, resources: &[ResourceFacts]) -> String {
    let pairs = || rendered.manifests.iter().zip(resources);
    if pairs().all(|(manifest, facts)| manifest.digest == facts.digest) {
        return digest(rendered.yaml.as_bytes());
    }
    let mut text = String::new();
    for it in resources {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {} {}", it.key.api_version, it.key, it.digest);
    }
    digest(text.as_bytes())
}

/// Whether the policies have anything to say: on what changed, or on everything where they changed.
pub(super) fn is_judged(outcome: &Outcome, rules: &Ruled<'_>, receives: &Receives) -> bool {
    rules.compared.is_some()
        || outcome.facts.differs()
        || rules.policies.ask_of_namespaces() && receives.relabels(&outcome.facts)
}

/// BASE's policies on what changed, and both sides' on everything where they differ.
pub(super) fn decide(
    scene: &Scene<'_>,
    rules: &Ruled<'_>,
    receives: &Receives,
    earlier: Elsewhere<'_, '_>,
    outcome: &mut Outcome,
) {
    let cluster = &receives.cluster;
    let Some(path) = RepoPath::new(&outcome.facts.path) else {
        return;
    };
    let kept = outcome.renders.take();
    let renders = kept.unwrap_or_else(|| Arc::new(Renders::new(scene, &path)));
    if let Some((rendered, tree)) = renders.after(scene) {
        let old = renders.before().map_or(&[][..], |it| &it.manifests);
        let judge = |policies: &Loaded<'_>, subjects: &[&Manifest], old, earlier| {
            ask(
                scene,
                policies,
                (old, earlier),
                (rendered, tree),
                path.as_str(),
                subjects,
                receives,
            )
        };
        let changed = outcome.facts.changed();
        let changed: BTreeSet<&ResourceKey> = changed.into_iter().map(|it| &it.key).collect();
        // A namespace's labels decide which policies match everything in it.
        let is_subject =
            |it: &&Manifest| changed.contains(&it.key) || receives.relabels_around(&it.key);
        let subjects: Vec<&Manifest> = rendered.manifests.iter().filter(is_subject).collect();
        let judged = judge(&rules.policies, &subjects, old, earlier);
        outcome.results = judged.results;
        outcome.passes = judged.passes;
        if let Some((old, new)) = &rules.compared {
            let all: Vec<&Manifest> = rendered.manifests.iter().collect();
            outcome.lost = compare(scene, (old, new), (rendered, tree), path.as_str(), cluster);
            let judge = |policies| judge(policies, &all, &[], &|_: &ResourceKey| Vec::new());
            let (old, new) = (judge(old), judge(new));
            outcome.preview = new.results;
            outcome
                .preview
                .retain(|it| !it.unread && !old.results.iter().any(|old| same(old, it)));
        }
    }
    if let Some(before) = renders.before() {
        let reads = match &renders.head {
            Some(Ok(it)) => Some(&it.reads),
            Some(Err(_)) | None => None,
        };
        let removed = std::mem::take(&mut outcome.removed);
        let judged = removals::judge(
            scene,
            &rules.policies,
            path.as_str(),
            &removed,
            before,
            reads,
            &receives.either,
        );
        outcome.results.extend(judged.results);
        outcome.passes.extend(judged.passes);
    }
    if let (Some((old, new)), Some(before), false) =
        (&rules.compared, renders.before(), renders.unchanged)
    {
        let before = (before, &scene.base);
        let lost = compare(scene, (old, new), before, path.as_str(), cluster);
        outcome.lost.extend(lost);
    }
}

/// Where HEAD's policies say less than BASE's about what is rendered.
fn compare(
    scene: &Scene<'_>,
    (old, new): (&Loaded<'_>, &Loaded<'_>),
    (rendered, tree): (&Rendered, &Tree<'_>),
    path: &str,
    cluster: &Cluster,
) -> Vec<Lost> {
    let manifests = &rendered.manifests;
    let world = |it| {
        Loaded::world(
            it,
            path,
            manifests,
            cluster,
            tree.sources,
            tree.side,
            scene.now,
        )
    };
    lost::lost(&world(old), &world(new), manifests, path)
}

fn ask(
    scene: &Scene<'_>,
    policies: &Loaded<'_>,
    (old, earlier): (&[Manifest], Elsewhere<'_, '_>),
    (rendered, tree): (&Rendered, &Tree<'_>),
    path: &str,
    subjects: &[&Manifest],
    receives: &Receives,
) -> Judged {
    if subjects.is_empty() {
        return Judged::default();
    }
    let world = |it, cluster| policies.world(path, it, cluster, tree.sources, tree.side, scene.now);
    let past = Past {
        world: &world(old, &receives.before),
        manifests: old,
        elsewhere: earlier,
    };
    let now = world(&rendered.manifests, &receives.cluster);
    evaluate(&now, &past, subjects)
}

/// Where the change touches a definition, what it says of BASE's resources is not what it said.
fn unless_defined_anew(scene: &Scene<'_>, changed: &[&Manifest], schemas: &mut [SchemaFacts]) {
    let renders = changed
        .iter()
        .any(|it| it.key.kind == "CustomResourceDefinition");
    for result in schemas.iter_mut().flat_map(|it| &mut it.results) {
        let Some(place) = &result.definition else {
            continue;
        };
        let touched =
            RepoPath::new(&place.path).is_none_or(|it| scene.touched.any_of(&BTreeSet::from([it])));
        result.known &= !renders && !touched;
    }
}

fn same(a: &RuleFacts, b: &RuleFacts) -> bool {
    (&a.policy, &a.rule, &a.resource) == (&b.policy, &b.rule, &b.resource)
        && std::mem::discriminant(&a.outcome) == std::mem::discriminant(&b.outcome)
}

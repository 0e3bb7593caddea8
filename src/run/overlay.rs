//! One overlay, on both sides: render, compare, evaluate. Its manifests are dropped afterwards, so
//! that memory does not grow with the number of overlays.

use super::{
    policies::{Loaded, evaluate},
    reach::{Touched, reach},
    redact::Found,
    schemas::Validation,
    secrets,
};
use crate::{
    model::{
        Manifest, OverlayFacts, RenderFacts, ResourceFacts, ResourceKey, RuleFacts, SchemaFacts,
        SecretFacts, Side, digest, secret,
    },
    renderers::{RenderError, RenderSession, Rendered},
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::Sources;

/// One tree, as overlays are rendered from it.
pub(super) struct Tree<'a> {
    pub(super) side: Side,
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a Sources,
    pub(super) session: Box<dyn RenderSession + 'a>,
    /// Folders of its overlays.
    pub(super) overlays: BTreeSet<RepoPath>,
}

/// What all overlays of a change share.
pub(super) struct Scene<'a> {
    pub(super) base: Tree<'a>,
    pub(super) head: Tree<'a>,
    pub(super) touched: Touched,
    /// BASE's policies, which judge.
    pub(super) policies: &'a Loaded<'a>,
    /// HEAD's policies where they differ from BASE's.
    pub(super) preview: Option<&'a Loaded<'a>>,
    /// Schemas, where those that the configuration names can be had.
    pub(super) schemas: Option<&'a Validation<'a>>,
    pub(super) now: u64,
    /// What BASE takes for placeholders of secret values.
    pub(super) placeholders: secrets::Placeholders,
    /// Where the values of rendered Secrets are noted, for redaction.
    pub(super) values: Mutex<Found>,
}

/// What came of one overlay.
pub(super) struct Outcome {
    pub(super) facts: OverlayFacts,
    pub(super) results: Vec<RuleFacts>,
    pub(super) passes: Vec<(String, ResourceKey, usize)>,
    pub(super) preview: Vec<RuleFacts>,
    pub(super) secrets: Vec<SecretFacts>,
    pub(super) schemas: Vec<SchemaFacts>,
    /// Files of HEAD that differ and that it reads, or may read where it does not render.
    pub(super) read: BTreeSet<RepoPath>,
    /// Files of HEAD that differ and stand in a folder of one of its kustomizations.
    pub(super) beside: BTreeSet<RepoPath>,
}

type Render = Result<Rendered, Box<RenderError>>;

pub(super) fn examine(scene: &Scene<'_>, path: &RepoPath, environment: Option<String>) -> Outcome {
    let base = scene
        .base
        .overlays
        .contains(path)
        .then(|| scene.base.session.render(path));
    let touched = touched(scene, path, base.as_ref());
    // What no changed file can have reached renders in HEAD as it does in BASE.
    let unchanged = !touched && base.as_ref().is_some_and(Result::is_ok);
    let head =
        (scene.head.overlays.contains(path) && !unchanged).then(|| scene.head.session.render(path));
    let before = base.as_ref().and_then(|it| it.as_ref().ok());
    let base_facts = base.as_ref().map(|it| facts(it, None));
    let head_facts = if unchanged {
        base_facts.clone()
    } else {
        head.as_ref().map(|it| facts(it, before))
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
    };
    (outcome.read, outcome.beside) = readings(scene, path, head.as_ref());
    let (rendered, tree) = match (&head, &base) {
        (Some(Ok(rendered)), _) => (rendered, &scene.head),
        (None, Some(Ok(rendered))) if unchanged => (rendered, &scene.base),
        _ => return outcome,
    };
    judge(scene, rendered, tree, &mut outcome);
    outcome.secrets = secrets::rendered(
        path,
        rendered,
        before,
        &scene.placeholders,
        tree.sources,
        tree.side,
    );
    outcome
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

fn facts(render: &Render, before: Option<&Rendered>) -> RenderFacts {
    match render {
        Ok(rendered) => {
            let resources = resources(rendered, before);
            RenderFacts::Rendered {
                digest: output_digest(rendered, &resources),
                resources,
                warnings: rendered.warnings.clone(),
            }
        }
        Err(error) => RenderFacts::Failed {
            message: error.message.clone(),
            help: error.help.clone(),
            place: error.place.clone(),
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

/// BASE's policies on what changed, and HEAD's on everything where they differ.
fn judge(scene: &Scene<'_>, rendered: &Rendered, tree: &Tree<'_>, outcome: &mut Outcome) {
    let changed: BTreeSet<&ResourceKey> = outcome
        .facts
        .changed()
        .into_iter()
        .map(|it| &it.key)
        .collect();
    let mut subjects: Vec<&Manifest> = rendered
        .manifests
        .iter()
        .filter(|it| changed.contains(&it.key))
        .collect();
    if let Some(schemas) = scene.schemas {
        outcome.schemas = schemas.validate(
            &outcome.facts.path,
            &rendered.manifests,
            &subjects,
            tree.sources,
            tree.side,
        );
    }
    // A namespace's labels decide which policies match everything in it.
    if subjects
        .iter()
        .any(|it| it.key.kind == "Namespace" && it.key.api_version == "v1")
    {
        subjects = rendered.manifests.iter().collect();
    }
    let path = outcome.facts.path.clone();
    let judge = |policies: &Loaded<'_>, subjects: &[&Manifest]| {
        let (sources, side) = (tree.sources, tree.side);
        evaluate(
            policies,
            &path,
            &rendered.manifests,
            subjects,
            sources,
            side,
            scene.now,
        )
    };
    let judged = judge(scene.policies, &subjects);
    if let Some(preview) = scene.preview {
        let all: Vec<&Manifest> = rendered.manifests.iter().collect();
        let (new, old) = (judge(preview, &all), judge(scene.policies, &all));
        outcome.preview = new.results;
        outcome
            .preview
            .retain(|it| !old.results.iter().any(|old| same(old, it)));
    }
    outcome.results = judged.results;
    outcome.passes = judged.passes;
}

fn same(a: &RuleFacts, b: &RuleFacts) -> bool {
    (&a.policy, &a.rule, &a.resource) == (&b.policy, &b.rule, &b.resource)
        && std::mem::discriminant(&a.outcome) == std::mem::discriminant(&b.outcome)
}

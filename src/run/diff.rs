//! What two trees render differently, overlay by overlay.

use super::{
    LoadRestrictor, Stop,
    compare::{self, fields, line},
    gather::config_stop,
    redact::Texts,
    sides::{Sides, file_stop, sound},
};
use crate::{
    config, exit,
    model::{
        Change, ChangeKind, Manifest, OverlayDiff, RenderDiff, ResourceDiff, RevisionFacts, Side,
        SideFailure, SourceLine, Watch, step,
    },
    renderers::{Kustomize, RenderError, RenderSession, Rendered},
    repo::{
        Tree,
        change::{Ask, Head, Revision},
        discover::{self, Kustomizations},
    },
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tollgate_kustomize::{Files, Options, RepoPath, Session};
use tollgate_yaml::Sources;

/// What to compare.
#[derive(Debug, Serialize, Deserialize)]
pub struct DiffTask {
    /// Where the command was started.
    pub directory: PathBuf,
    /// A folder with a kustomization, or the name of an environment; all overlays where it is none.
    pub target: Option<String>,
    /// The old side, a revision.
    pub base: String,
    /// The new side, a revision; the folder as it lies there where it is none.
    pub head: Option<String>,
    /// Which files a kustomization may name.
    pub load_restrictor: LoadRestrictor,
}

/// Overlays to compare, each with its environment.
type Overlays = BTreeMap<RepoPath, Option<String>>;

pub(super) fn diff(task: &DiffTask, read: &Texts, watch: Watch<'_>) -> Result<RenderDiff, Stop> {
    let ask = Ask {
        base: Some(&task.base),
        head: task.head.as_deref(),
        working_tree: task.head.is_none(),
        environment: BTreeMap::new(),
    };
    let sides = Sides::open(&task.directory, &ask)?;
    let base_files: &dyn Files = &sides.base;
    let head_files: &dyn Files = &*sides.head;
    let base_session = Session::new(base_files, &read.base);
    let head_session = Session::new(head_files, &read.head);
    let base = One::new(&sides.base, &base_session, Side::Base, task)?;
    let head = One::new(&*sides.head, &head_session, Side::Head, task)?;
    let overlays = overlays(&base, &head, &sides, task)?;
    let mut compared: Vec<OverlayDiff> = overlays
        .par_iter()
        .map(|(path, environment)| {
            step(watch, &path.to_string(), || {
                overlay(&base, &head, path, environment.clone())
            })
        })
        .collect();
    // A message may quote a line of a file, and that a value of a Secret; so may a name be one.
    let shield = read.found().into_shield_of(&compared);
    let failures = compared.iter_mut().flat_map(|it| &mut it.failures);
    failures.for_each(|it| shield.failure(it));
    shield.names(&mut compared);
    let name = |it: &Revision| {
        Change::describe(&RevisionFacts {
            name: it.name.clone(),
            commit: Some(it.commit.clone()),
            tree: Some(it.tree.clone()),
        })
    };
    let diff = RenderDiff {
        base: name(&sides.change.base),
        head: match &sides.change.head {
            Head::Commit(it) | Head::Behind(it) => name(it),
            Head::Merged(it) => format!("{}, merged", name(it)),
            Head::WorkingTree => "working tree".to_owned(),
        },
        overlays: compared,
    };
    sound(&sides.objects, Ok(diff))
}

/// One side.
struct One<'a> {
    files: &'a dyn Tree,
    sources: &'a Sources,
    kustomizations: Kustomizations,
    session: Box<dyn RenderSession + 'a>,
}

impl<'a> One<'a> {
    fn new(
        files: &'a dyn Tree,
        parsed: &'a Session<'a>,
        side: Side,
        task: &DiffTask,
    ) -> Result<Self, Stop> {
        let options = Options {
            load_restrictor: task.load_restrictor.into(),
            ..Options::default()
        };
        Ok(Self {
            files,
            sources: parsed.sources(),
            kustomizations: discover::kustomizations(files, parsed).map_err(|it| file_stop(&it))?,
            session: Box::new(Kustomize::open_with(parsed, side, options)),
        })
    }

    fn has(&self, path: &RepoPath) -> bool {
        self.kustomizations.all().any(|(it, _)| it == path)
    }

    fn render(&self, path: &RepoPath) -> Option<Result<Rendered, Box<RenderError>>> {
        self.has(path).then(|| self.session.render(path))
    }
}

/// The overlays that the task asks for, of either side.
fn overlays(
    base: &One<'_>,
    head: &One<'_>,
    sides: &Sides,
    task: &DiffTask,
) -> Result<Overlays, Stop> {
    let loaded =
        config::load(base.files, base.sources).map_err(|it| config_stop(&it, base.sources))?;
    let both = [base, head];
    let all = both.iter().flat_map(|it| it.kustomizations.overlays());
    let config = loaded.config.with_inferred_environments(all);
    let mut overlays = Overlays::new();
    for side in both {
        for it in discover::overlays(&side.kustomizations, &config).overlays {
            overlays.insert(it.path, it.environment.map(|it| it.to_string()));
        }
    }
    let Some(target) = &task.target else {
        return Ok(overlays);
    };
    let folder = in_repository(&task.directory, target, sides);
    if let Some(path) = folder.filter(|it| base.has(it) || head.has(it)) {
        let environment = overlays.remove(&path).flatten();
        return Ok(Overlays::from([(path, environment)]));
    }
    if config.environment(target).is_none() {
        let names: Vec<&str> = config
            .environments
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let message = format!(
            "`{target}` is neither a folder with a kustomization on either side nor an environment"
        );
        return Err(Stop::new(exit::USAGE, message)
            .help(format!("the environments are {}", names.join(", "))));
    }
    overlays.retain(|_, it| it.as_deref() == Some(target));
    Ok(overlays)
}

/// A folder that a person typed, which one side may lack.
fn in_repository(directory: &Path, target: &str, sides: &Sides) -> Option<RepoPath> {
    let start = directory.canonicalize().ok()?;
    let root = match sides.objects.work_dir() {
        Some(root) => root.canonicalize().ok()?,
        None => return RepoPath::new(target),
    };
    let typed = Path::new(target);
    if typed.is_absolute() {
        let typed = typed.canonicalize().ok()?;
        return RepoPath::new(typed.strip_prefix(&root).ok()?.to_str()?);
    }
    RepoPath::new(start.strip_prefix(&root).ok()?.to_str()?)?.join(target)
}

fn overlay(
    base: &One<'_>,
    head: &One<'_>,
    path: &RepoPath,
    environment: Option<String>,
) -> OverlayDiff {
    let (old, new) = (base.render(path), head.render(path));
    let mut overlay = OverlayDiff {
        path: path.to_string(),
        environment,
        change: match (&old, &new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        },
        failures: Vec::new(),
        resources: Vec::new(),
    };
    for (side, render) in [(Side::Base, &old), (Side::Head, &new)] {
        if let Some(Err(error)) = render {
            overlay.failures.push(failure(side, error));
        }
    }
    // What one side would receive is not known, so nothing is said to be added or removed.
    if overlay.failures.is_empty() {
        let manifests = |it: Option<Result<Rendered, _>>| {
            it.and_then(Result::ok)
                .map_or_else(Vec::new, |it| it.manifests)
        };
        let (old, new) = (manifests(old), manifests(new));
        overlay.resources = resources((&old, base.sources), (&new, head.sources));
        if overlay.change == ChangeKind::Changed && overlay.resources.is_empty() {
            overlay.change = ChangeKind::Unchanged;
        }
    }
    overlay
}

fn failure(side: Side, error: &RenderError) -> SideFailure {
    SideFailure {
        side,
        message: error.message.clone(),
        help: error.help.clone(),
        line: error.place.as_ref().map(|it| SourceLine {
            path: it.path.clone(),
            line: it.line,
        }),
    }
}

fn resources(
    (old, old_sources): (&[Manifest], &Sources),
    (new, new_sources): (&[Manifest], &Sources),
) -> Vec<ResourceDiff> {
    let mut pairs = Pairs::new(old, new);
    pairs.by(|it| Some(it.key.clone()));
    pairs.by(|it| {
        let key = &it.key;
        let group = key.api_version.split_once('/').map_or("", |it| it.0);
        Some((
            group.to_owned(),
            key.kind.clone(),
            key.namespace.clone(),
            key.name.clone(),
        ))
    });
    pairs.by(|it| {
        let name = without_hash(it)?;
        Some((it.key.kind.clone(), it.key.namespace.clone(), name))
    });
    let one_sided = |it: &Manifest, sources, change| ResourceDiff {
        key: it.key.clone(),
        change,
        line: line(sources, it.body.span()),
        fields: Vec::new(),
    };
    let mut out: Vec<ResourceDiff> = Vec::new();
    for (a, b) in &pairs.found {
        if a.json == b.json {
            continue;
        }
        out.push(ResourceDiff {
            key: b.key.clone(),
            change: ChangeKind::Changed,
            line: None,
            fields: fields(
                compare::Side {
                    manifest: a,
                    sources: old_sources,
                },
                compare::Side {
                    manifest: b,
                    sources: new_sources,
                },
            ),
        });
    }
    let removed = pairs.old.iter();
    out.extend(removed.map(|it| one_sided(it, old_sources, ChangeKind::Removed)));
    let added = pairs.new.iter();
    out.extend(added.map(|it| one_sided(it, new_sources, ChangeKind::Added)));
    out.sort_by(|a, b| a.key.cmp(&b.key));
    out
}

/// Which resource of one side is which of the other.
struct Pairs<'a> {
    found: Vec<(&'a Manifest, &'a Manifest)>,
    old: Vec<&'a Manifest>,
    new: Vec<&'a Manifest>,
}

impl<'a> Pairs<'a> {
    fn new(old: &'a [Manifest], new: &'a [Manifest]) -> Self {
        Self {
            found: Vec::new(),
            old: old.iter().collect(),
            new: new.iter().collect(),
        }
    }

    /// Pair those that are alone with their key on both sides.
    fn by<K: Ord>(&mut self, key: impl Fn(&Manifest) -> Option<K>) {
        type Same<'a> = (Vec<&'a Manifest>, Vec<&'a Manifest>);
        let mut groups: BTreeMap<K, Same<'a>> = BTreeMap::new();
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for it in self.old.drain(..) {
            match key(it) {
                Some(key) => groups.entry(key).or_default().0.push(it),
                None => old.push(it),
            }
        }
        for it in self.new.drain(..) {
            match key(it) {
                Some(key) => groups.entry(key).or_default().1.push(it),
                None => new.push(it),
            }
        }
        for (one, two) in groups.into_values() {
            if let ([a], [b]) = (&one[..], &two[..]) {
                self.found.push((a, b));
            } else {
                old.extend(one);
                new.extend(two);
            }
        }
        self.old = old;
        self.new = new;
    }
}

/// The name of a generated ConfigMap or Secret without the hash of its content. Source: kustomize's
/// `hasher.encode`: ten of these characters after a dash.
fn without_hash(manifest: &Manifest) -> Option<String> {
    let key = &manifest.key;
    if key.api_version != "v1" || !matches!(key.kind.as_str(), "ConfigMap" | "Secret") {
        return None;
    }
    let (name, hash) = key.name.rsplit_once('-')?;
    let is_hash = hash.len() == 10 && hash.bytes().all(|it| b"2456789bcdfghkmt".contains(&it));
    is_hash.then(|| name.to_owned())
}

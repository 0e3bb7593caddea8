//! The facts of a change: the only part that looks at the world.

mod lowered;
mod whole;

pub(super) use whole::whole;

use super::{
    Stop, aside,
    overlay::{Outcome, Scene, Tree, examine},
    overrides, owners,
    policies::{self, Loaded},
    reach::Touched,
    redact::Texts,
    schemas::Validation,
    secrets,
    sides::{Sides, file_stop},
    suites, waivers,
};
use crate::{
    config::{self, Codeowners, Config, Patterns},
    engines::ENGINES,
    exit,
    model::{
        Change, ChangedFile, ControlPlane, ControlPlaneFile, Facts, ForgeKind, Place, Problem,
        RevisionFacts, Side, Step, Watch, step,
    },
    renderers::RENDERERS,
    repo::{
        self,
        change::{self, Head, Revision},
        discover::{self, Class, Document, Kustomizations, PolicyFiles},
    },
    suites::SUITES,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tollgate_kustomize::{FileError, Files, MemoryFiles, RepoPath, Session};
use tollgate_yaml::{Node, Sources, YamlError};

/// Which change to look at.
#[derive(Debug, Serialize, Deserialize)]
pub struct CheckTask {
    /// A folder of the repository.
    pub directory: PathBuf,
    /// BASE as the user named it.
    pub base: Option<String>,
    /// HEAD as the user named it.
    pub head: Option<String>,
    /// Whether HEAD is the folder as it lies there.
    pub working_tree: bool,
    /// The CI system's variables.
    pub environment: BTreeMap<String, String>,
    /// The forge by whose rules CODEOWNERS is read; that of the CI system where it is not given.
    pub forge: Option<ForgeKind>,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// Files that judge the change and must belong to neither tree.
    #[serde(default)]
    pub aside: Vec<PathBuf>,
}

/// Facts, and BASE's configuration to judge them by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gathered {
    /// What was established.
    pub facts: Facts,
    /// What BASE asks.
    pub settings: config::Loaded,
}

/// Gather everything.
pub(super) fn gather(task: &CheckTask, read: &Texts, watch: Watch<'_>) -> Result<Gathered, Stop> {
    let ask = change::Ask {
        base: task.base.as_deref(),
        head: task.head.as_deref(),
        working_tree: task.working_tree,
        environment: task.environment.clone(),
    };
    let Sides {
        objects,
        change: sides,
        base,
        head,
    } = Sides::open(&task.directory, &ask)?;
    for file in &task.aside {
        aside::refuse_inside(file, objects.work_dir(), [&base, &*head])?;
    }
    let changed = repo::changed_files(&base, &*head).map_err(|it| file_stop(&it))?;
    let change = Change {
        base: revision(&sides.base),
        head: match &sides.head {
            Head::Commit(it) => revision(it),
            Head::Merged(it) => RevisionFacts {
                name: format!("{}, merged", it.name),
                ..revision(it)
            },
            Head::WorkingTree => RevisionFacts {
                name: "working tree".to_owned(),
                ..RevisionFacts::default()
            },
        },
        files: changed
            .into_iter()
            .map(|(path, edit)| ChangedFile {
                path: path.as_str().to_owned(),
                edit,
            })
            .collect(),
        proposal: sides.proposal.clone(),
        commits: sides.commits.clone(),
    };
    let forge = task
        .forge
        .unwrap_or_else(|| owners::forge(&task.environment));
    let lens = Lens {
        forge,
        now: task.now,
        whole: false,
    };
    facts_of(&base, &*head, change, &lens, read, watch)
}

/// How two trees are looked at.
struct Lens {
    forge: ForgeKind,
    now: u64,
    /// Whether BASE gives the rules and nothing else, so that all of HEAD is new.
    whole: bool,
}

/// Everything about two trees and what differs between them.
fn facts_of(
    base: &dyn repo::Tree,
    head: &dyn repo::Tree,
    change: Change,
    lens: &Lens,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Gathered, Stop> {
    let Lens { forge, now, whole } = *lens;
    let loaded = config::load(base, &read.base).map_err(|it| config_stop(&it, &read.base))?;
    let base = Opened::new(base, &read.base, Side::Base, &loaded.config, watch)?;
    let head = Opened::new(head, &read.head, Side::Head, &loaded.config, watch)?;
    let all = base
        .kustomizations
        .overlays()
        .chain(head.kustomizations.overlays());
    let config = loaded.config.clone().with_inferred_environments(all);

    let mut facts = Facts::empty(now);
    facts.control_plane = control_plane(&change, &base, &head, &config);
    facts.waivers.overrides = overrides::facts(head.files, head.sources, &config, &change.files)?;
    overrides::ride_along(&mut facts.control_plane, &facts.waivers.overrides);
    let asked = |it: &config::Approvals| it.codeowners == Codeowners::Enforce;
    if !whole && config.approvals.as_ref().is_some_and(asked) {
        let owners = || owners::facts(base.files, forge, &change.files);
        facts.owners = Some(step(watch, "the owners of BASE", owners));
    }
    facts.change = change;
    let changed = |class| facts.control_plane.iter().any(|it| it.class == class);
    let new_config =
        changed(ControlPlane::Configuration).then(|| config::load(head.files, head.sources));
    facts.lowered = lowered(&loaded, new_config.as_ref(), &head);

    let builtin = loaded.config.policies.builtin;
    let new_builtin = match &new_config {
        Some(Ok(new)) => new.config.policies.builtin,
        Some(Err(_)) | None => builtin,
    };
    let policies = step(watch, "policies of BASE", || base.load_policies(builtin));
    let policies_changed = changed(ControlPlane::Policy) || changed(ControlPlane::Exception);
    let preview = (!whole && (policies_changed || new_builtin != builtin)).then(|| {
        step(watch, "policies of HEAD", || {
            head.load_policies(new_builtin)
        })
    });
    let new = preview.as_ref().unwrap_or(&policies);
    facts.problems.extend(policies.as_problems("policies"));
    facts
        .problems
        .extend(preview.iter().flat_map(|it| it.as_problems("policy-tests")));
    if !whole {
        facts.base_policies.clone_from(&policies.policies);
    }
    facts.head_policies.clone_from(&new.policies);

    let mut problems = [base.problems(), head.problems()];
    let environments = environments(&config, &base, &head, &mut problems);
    facts
        .problems
        .extend(of_both(problems, &facts.change.files));
    let validation = Validation::new(&config, head.files, &head.session, head.sources);
    let schemas = match &validation {
        Ok(it) => Some(it),
        Err(problem) => {
            facts.problems.push((**problem).clone());
            None
        }
    };
    let mut before = base.tree(&config);
    if whole {
        before.overlays.clear();
    }
    let scene = Scene {
        touched: Touched::new(facts.change.files.iter().map(|it| it.path.as_str())),
        base: before,
        head: head.tree(&config),
        policies: &policies,
        preview: preview.as_ref(),
        schemas,
        now,
        values: Mutex::default(),
    };
    let outcomes = examine_all(&scene, &environments, watch);
    for outcome in outcomes {
        facts.overlays.push(outcome.facts);
        facts.results.extend(outcome.results);
        facts.passes.extend(outcome.passes);
        facts.preview.extend(outcome.preview);
        facts.schemas.extend(outcome.schemas);
        facts.secrets.extend(outcome.secrets);
    }
    facts
        .problems
        .extend(schemas.iter().flat_map(|it| it.problems()));
    let mut values = scene
        .values
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    // Fixtures that a later change of policies is held against have to hold now.
    let twice = policies_changed || whole;
    facts.suites = suites::run(&base.suites(), &head.suites(), twice, now, watch);
    let nothing = MemoryFiles::new();
    let before = if whole {
        secrets::Tree {
            files: &nothing,
            ..base.side()
        }
    } else {
        base.side()
    };
    let in_git = secrets::in_git(&before, &head.side(), &facts);
    facts.secrets.extend(in_git);
    let new = new_config.as_ref().and_then(|it| it.as_ref().ok());
    let configs = (&loaded.config, new.map(|it| &it.config));
    waivers::gather(base.waivers(), head.waivers(), configs, &mut facts);
    values.extend(read.found());
    values.into_shield().facts(&mut facts);
    let settings = config::Loaded { config, ..loaded };
    Ok(Gathered { facts, settings })
}

/// Overlays in parallel, in the order of their paths.
fn examine_all(
    scene: &Scene<'_>,
    environments: &BTreeMap<RepoPath, Option<String>>,
    watch: Watch<'_>,
) -> Vec<Outcome> {
    watch(Step::Plan(environments.len()));
    environments
        .par_iter()
        .map(|(path, environment)| {
            step(watch, &path.to_string(), || {
                examine(scene, path, environment.clone())
            })
        })
        .collect()
}

/// Every overlay of either tree with its environment.
fn environments(
    config: &Config,
    base: &Opened<'_>,
    head: &Opened<'_>,
    problems: &mut [Vec<Problem>; 2],
) -> BTreeMap<RepoPath, Option<String>> {
    let mut environments = BTreeMap::new();
    for (side, problems) in [base, head].into_iter().zip(problems) {
        let mapped = discover::overlays(&side.kustomizations, config);
        problems.extend(mapped.problems.iter().map(|it| side.problem("renders", it)));
        for overlay in mapped.overlays {
            environments.insert(overlay.path, overlay.environment.map(|it| it.to_string()));
        }
    }
    environments
}

/// The problems to weigh. What stands in HEAD as it stands in BASE, in a file that the change does
/// not touch, is not this change's doing. What stands in BASE alone is mended by the change; only
/// policies of BASE are needed nevertheless, because they judge.
fn of_both([base, head]: [Vec<Problem>; 2], changed: &[ChangedFile]) -> Vec<Problem> {
    let what = |it: &Problem| (it.subject.clone(), it.message.clone());
    let before: BTreeSet<_> = base.iter().map(what).collect();
    let touched = |subject: &str| {
        let folder = RepoPath::new(subject).unwrap_or_default();
        let inside = |it: &ChangedFile| {
            RepoPath::new(&it.path).is_none_or(|it| it == folder || it.is_within(&folder))
        };
        changed.iter().any(inside)
    };
    let mut problems: Vec<Problem> = base
        .into_iter()
        .filter(|it| it.gate == "policies")
        .collect();
    problems.extend(head.into_iter().map(|it| Problem {
        before: before.contains(&what(&it)) && (it.name || !touched(&it.subject)),
        ..it
    }));
    problems
}

/// One side of the change, searched through.
struct Opened<'a> {
    side: Side,
    files: &'a dyn repo::Tree,
    sources: &'a Sources,
    session: Session<'a>,
    kustomizations: Kustomizations,
    policies: PolicyFiles,
    suites: Vec<(&'static str, RepoPath)>,
}

impl<'a> Opened<'a> {
    fn new(
        files: &'a dyn repo::Tree,
        sources: &'a Sources,
        side: Side,
        config: &Config,
        watch: Watch<'_>,
    ) -> Result<Self, Stop> {
        let files_as: &'a dyn Files = files;
        let session = Session::new(files_as, sources);
        let stop = |it: FileError| file_stop(&it);
        let name = match side {
            Side::Base => "the files of BASE",
            Side::Head => "the files of HEAD",
        };
        step(watch, name, || {
            let pattern = |it: String| {
                Stop::new(
                    exit::USAGE,
                    format!("the patterns of policies cannot be used: {it}"),
                )
            };
            let policy_paths = Patterns::compile(&config.policies.paths).map_err(pattern)?;
            let fixture_paths = Patterns::compile(&config.policies.fixtures).map_err(pattern)?;
            let mut suites = Vec::new();
            for format in SUITES {
                let found =
                    discover::suites(files, &fixture_paths, format.file_name()).map_err(stop)?;
                suites.extend(found.into_iter().map(|it| (format.name(), it)));
            }
            Ok(Self {
                side,
                files,
                sources,
                kustomizations: discover::kustomizations(files, &session).map_err(stop)?,
                policies: discover::policies(files, &session, &policy_paths).map_err(stop)?,
                suites,
                session,
            })
        })
    }

    /// The documents with rules and exceptions, and the built-in policies where those judge, loaded.
    fn load_policies(&self, builtin: config::Builtin) -> Loaded<'_> {
        let wanted = |it: &&Document| matches!(it.class, Class::Policy | Class::Exception);
        let mut documents = Vec::new();
        let mut lost = Vec::new();
        let (mut own, mut judged) = (BTreeSet::new(), false);
        for it in self.policies.documents.iter().filter(wanted) {
            // It was read when it was found, so this comes from the session's memory. A policy that
            // is not there any more must not look like one that was never written.
            let file = self
                .session
                .documents(&it.path, tollgate_yaml::Dialect::Sigs);
            let document = file.ok().and_then(|file| file.get(it.index).cloned());
            let judges = |it: &Node| {
                let mut engines = ENGINES.iter();
                engines.any(|engine| engine.recognises(it) && engine.judges(it))
            };
            if it.class == Class::Policy {
                own.insert(it.name.clone());
                judged |= document.as_ref().is_none_or(judges);
            }
            match document {
                Some(document) => documents.push(document),
                None => lost.push((None, format!("`{}` cannot be read again", it.path))),
            }
        }
        let builtin = policies::builtin(builtin, judged, &own, self.sources);
        let mut loaded = policies::load(&documents, &builtin, self.sources, self.side);
        loaded.problems.extend(lost);
        loaded
    }

    fn side(&self) -> secrets::Tree<'_> {
        secrets::Tree {
            side: self.side,
            files: self.files,
            sources: self.sources,
        }
    }

    fn waivers(&self) -> waivers::Tree<'_> {
        waivers::Tree {
            side: self.side,
            files: self.files,
            sources: self.sources,
        }
    }

    fn tree(&self, config: &Config) -> Tree<'_> {
        let overlays = discover::overlays(&self.kustomizations, config).overlays;
        Tree {
            side: self.side,
            files: self.files,
            sources: self.sources,
            session: RENDERERS[0].open(&self.session, self.side),
            overlays: overlays.into_iter().map(|it| it.path).collect(),
        }
    }

    fn suites(&self) -> suites::Suites<'_> {
        let policies = self
            .policies
            .documents
            .iter()
            .filter(|it| it.class == Class::Policy);
        suites::Suites {
            files: self.files,
            suites: &self.suites,
            policies: policies.map(|it| it.path.clone()).collect(),
        }
    }

    /// What stands in the tree and cannot be what it seems to be.
    fn problems(&self) -> Vec<Problem> {
        let of = |gate: &'static str, list: &[discover::Problem]| {
            list.iter()
                .map(|it| self.problem(gate, it))
                .collect::<Vec<_>>()
        };
        let gate = match self.side {
            Side::Base => "policies",
            Side::Head => "policy-tests",
        };
        let mut problems = of("renders", &self.kustomizations.problems);
        problems.extend(of(gate, &self.policies.problems));
        problems.extend(self.files.problems().iter().map(|it| Problem {
            gate: "renders".to_owned(),
            subject: if it.path.as_str().is_empty() {
                "the root folder".to_owned()
            } else {
                it.path.to_string()
            },
            message: it.why.clone(),
            help: Some("rename it".to_owned()),
            place: None,
            name: true,
            before: false,
        }));
        problems
    }

    fn problem(&self, gate: &str, problem: &discover::Problem) -> Problem {
        Problem {
            gate: gate.to_owned(),
            subject: problem.path.to_string(),
            message: problem.message.clone(),
            help: problem.help.clone(),
            place: Place::of(self.sources, problem.span, self.side),
            name: false,
            before: false,
        }
    }
}

/// Files of the control plane that differ, each with what it decides.
fn control_plane(
    change: &Change,
    base: &Opened<'_>,
    head: &Opened<'_>,
    config: &Config,
) -> Vec<ControlPlaneFile> {
    let of = |class: Class| -> BTreeSet<&str> {
        let documents = base
            .policies
            .documents
            .iter()
            .chain(&head.policies.documents);
        documents
            .filter(|it| it.class == class)
            .map(|it| it.path.as_str())
            .collect()
    };
    let (policies, exceptions, fixtures) =
        (of(Class::Policy), of(Class::Exception), of(Class::Fixture));
    // A fixture is what stands in the folder of a suite, or below it.
    let suites: Vec<RepoPath> = base
        .suites
        .iter()
        .chain(&head.suites)
        .filter_map(|it| it.1.parent())
        .collect();
    let class = |path: &str| {
        if policies.contains(path) {
            return Some(ControlPlane::Policy);
        }
        if exceptions.contains(path) {
            return Some(ControlPlane::Exception);
        }
        let inside = |it: &RepoPath| {
            !it.as_str().is_empty() && RepoPath::new(path).is_some_and(|path| path.is_within(it))
        };
        if fixtures.contains(path) || suites.iter().any(inside) {
            return Some(ControlPlane::Fixture);
        }
        let own = [
            config::FILE_NAME,
            config.exceptions.as_str(),
            config.baseline.as_str(),
        ];
        if own.contains(&path) {
            return Some(ControlPlane::Configuration);
        }
        by_convention(path)
    };
    let files = change.files.iter();
    files
        .filter_map(|it| {
            Some(ControlPlaneFile {
                path: it.path.clone(),
                edit: it.edit,
                class: class(&it.path)?,
            })
        })
        .collect()
}

/// Owners and pipelines stand at places that the forges fix.
fn by_convention(path: &str) -> Option<ControlPlane> {
    match path {
        "CODEOWNERS" | ".github/CODEOWNERS" | ".gitlab/CODEOWNERS" | "docs/CODEOWNERS" => {
            Some(ControlPlane::Owners)
        }
        ".gitlab-ci.yml" | ".pre-commit-config.yaml" => Some(ControlPlane::Ci),
        _ if path.starts_with(".github/workflows/") || path.starts_with(".github/actions/") => {
            Some(ControlPlane::Ci)
        }
        _ if path.starts_with(".gitlab/ci/") => Some(ControlPlane::Ci),
        _ => None,
    }
}

/// What HEAD's configuration, where it differs, demands less of than BASE's.
fn lowered(
    old: &config::Loaded,
    new: Option<&Result<config::Loaded, Vec<YamlError>>>,
    head: &Opened<'_>,
) -> Vec<String> {
    match new {
        None => Vec::new(),
        Some(Ok(new)) => lowered::lowered(old, new, head),
        Some(Err(errors)) => {
            let first = errors
                .first()
                .map_or_else(String::new, |it| describe(it, head.sources));
            vec![format!("HEAD's configuration cannot be read: {first}")]
        }
    }
}

pub(super) fn revision(revision: &Revision) -> RevisionFacts {
    RevisionFacts {
        name: revision.name.clone(),
        commit: Some(revision.commit.clone()),
        tree: Some(revision.tree.clone()),
    }
}

/// A configuration with mistakes is no configuration: all of them, and exit code 2.
pub(super) fn config_stop(errors: &[YamlError], sources: &Sources) -> Stop {
    Stop {
        code: exit::USAGE,
        messages: errors.iter().map(|it| describe(it, sources)).collect(),
        help: errors.last().and_then(|it| it.help.clone()),
    }
}

fn describe(error: &YamlError, sources: &Sources) -> String {
    let at = sources.describe(error.span);
    if at.is_empty() {
        return error.message.clone();
    }
    format!("{at}: {}", error.message)
}

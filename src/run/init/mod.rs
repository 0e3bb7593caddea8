//! A first configuration, fitted to a repository as it lies in its work tree.

mod patterns;
mod text;

use super::{
    Stop,
    gather::config_stop,
    redact::Texts,
    sides::{file_stop, repo_stop},
};
use crate::{
    config::{self, Config, Environment, Pattern, Patterns, inferred},
    exit,
    model::{Watch, step},
    repo::{
        Caps, Objects, Tree, WorkingTree,
        discover::{self, Class, Kustomizations},
    },
    suites::SUITES,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use tollgate_kustomize::{Files, RepoPath, Session};
use tollgate_yaml::Sources;

/// Which repository to look at.
#[derive(Debug, Serialize, Deserialize)]
pub struct InitTask {
    /// A folder of the repository.
    pub directory: PathBuf,
}

/// The configuration to write.
#[derive(Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// The root of the work tree.
    pub root: PathBuf,
    /// The text of `tollgate.yaml`.
    pub text: String,
    /// What was found, in one line for people.
    pub found: String,
}

/// What stands in the repository.
struct Found {
    kustomizations: Kustomizations,
    policies: BTreeSet<RepoPath>,
    suites: BTreeSet<RepoPath>,
    files: Vec<RepoPath>,
}

/// How the environments are written down. The first that is read back as what was found is taken.
#[derive(Clone, Copy, Debug)]
enum Style {
    /// Patterns, where folders are alike.
    Patterns,
    /// Every overlay by itself.
    Listed,
    /// Not at all: folder names go on to show them.
    Inferred,
}

/// Patterns of overlays without a stage that are listed; more say no more than `others`.
const LISTED: usize = 12;

pub(super) fn init(task: &InitTask, read: &Texts, watch: Watch<'_>) -> Result<Proposal, Stop> {
    let objects = Objects::open(&task.directory, Caps::default()).map_err(repo_stop)?;
    let tree = WorkingTree::read(&objects).map_err(repo_stop)?;
    let root = objects.work_dir().map(PathBuf::from).unwrap_or_default();
    let name = RepoPath::new(config::FILE_NAME).unwrap_or_default();
    if tree.read(&name).map_err(|it| file_stop(&it))?.is_some() {
        return Err(exists());
    }
    let sources = &read.head;
    config::load(&tree, sources).map_err(|it| config_stop(&it, sources))?;
    let found = step(watch, "the files", || look(&tree, sources))?;
    let overlays: Vec<&RepoPath> = found.kustomizations.overlays().collect();
    let environments = inferred::environments(overlays.iter().copied());
    let styles = [Style::Patterns, Style::Listed, Style::Inferred];
    for style in styles {
        let text = text::of(&found, &named(&environments, &found, style), &environments);
        if holds(&text, &found, &environments) {
            return Ok(Proposal {
                root,
                text,
                found: text::summary(&found, &environments),
            });
        }
    }
    Err(Stop::new(
        exit::INTERNAL,
        "no configuration that could be written says what was found",
    ))
}

/// Why nothing is written.
fn exists() -> Stop {
    let message = format!("`{}` exists already", config::FILE_NAME);
    Stop::new(exit::USAGE, message).help("edit it; `tollgate schema` shows every setting")
}

fn look(tree: &WorkingTree, sources: &Sources) -> Result<Found, Stop> {
    let session = Session::new(tree, sources);
    let everywhere = Config::default().policies;
    let compiled = |patterns: &[Pattern]| {
        Patterns::compile(patterns).map_err(|it| Stop::new(exit::INTERNAL, it))
    };
    let stop = |it| file_stop(&it);
    let policies = discover::policies(tree, &session, &compiled(&everywhere.paths)?);
    let documents = policies.map_err(stop)?.documents;
    let judging = documents.iter().filter(|it| it.class != Class::Fixture);
    let fixtures = compiled(&everywhere.fixtures)?;
    let mut suites = BTreeSet::new();
    for format in SUITES {
        suites.extend(discover::suites(tree, &fixtures, format.file_name()).map_err(stop)?);
    }
    Ok(Found {
        kustomizations: discover::kustomizations(tree, &session).map_err(stop)?,
        policies: judging.map(|it| it.path.clone()).collect(),
        suites,
        files: tree.files().map_err(stop)?,
    })
}

/// The environments as the file names them, with their patterns; without patterns it is that of all
/// other overlays.
fn named(
    environments: &[Environment],
    found: &Found,
    style: Style,
) -> Vec<(String, Option<Vec<String>>)> {
    let unnamed_only = environments.iter().all(is_unnamed);
    if matches!(style, Style::Inferred) || unnamed_only {
        return Vec::new();
    }
    let all: Vec<&RepoPath> = found.kustomizations.all().map(|it| it.0).collect();
    let overlays: Vec<&RepoPath> = found.kustomizations.overlays().collect();
    let list = |environment: &Environment| {
        let own = owned(environment, &overlays);
        match style {
            Style::Patterns => patterns::covering(&own, &all, is_unnamed(environment)),
            Style::Listed | Style::Inferred => own.iter().map(|it| patterns::exact(it)).collect(),
        }
    };
    let short = |environment: &Environment| {
        let list = list(environment);
        (!is_unnamed(environment) || list.len() <= LISTED).then_some(list)
    };
    environments
        .iter()
        .map(|it| (it.name.to_string(), short(it)))
        .collect()
}

fn is_unnamed(environment: &Environment) -> bool {
    environment.name.as_str() == inferred::UNSORTED
}

/// The overlays of an environment that was inferred: its patterns name them exactly.
fn owned<'a>(environment: &Environment, overlays: &[&'a RepoPath]) -> Vec<&'a RepoPath> {
    let exact: BTreeSet<&Pattern> = environment.overlays.iter().collect();
    let mut own = overlays.to_vec();
    own.retain(|it| exact.contains(&Pattern::exactly(it)));
    own
}

/// Whether the text is read without a mistake, and maps every overlay as inference does.
fn holds(text: &str, found: &Found, environments: &[Environment]) -> bool {
    let Ok(loaded) = config::parse(config::FILE_NAME, text, &Sources::new()) else {
        return false;
    };
    let overlays = found.kustomizations.overlays();
    let config = loaded.config.with_inferred_environments(overlays);
    let inferred = Config {
        environments: environments.to_vec(),
        ..Config::default()
    };
    let mapped = discover::overlays(&found.kustomizations, &config);
    let wanted = discover::overlays(&found.kustomizations, &inferred);
    let mapping = |mapped: discover::Mapped| -> Vec<(RepoPath, Option<String>)> {
        let overlays = mapped.overlays.into_iter();
        overlays
            .map(|it| (it.path, it.environment.map(|it| it.to_string())))
            .collect()
    };
    let sound = mapped.problems.len() == wanted.problems.len();
    sound && mapping(mapped) == mapping(wanted)
}

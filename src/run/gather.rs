//! The facts of a change: the only part that looks at the world.

mod control_plane;
mod eased;
mod fixtures;
mod lowered;
mod opened;
mod taken;
mod unread;
mod whole;

pub(super) use taken::taken;
pub(super) use whole::whole;

use control_plane::{becomes_a_link, control_plane, named_fixtures};
use eased::eased;
use opened::Opened;
use unread::Readers;

use super::{
    Stop, aside,
    cluster::{self, Receives},
    dropped, earlier,
    overlay::{Outcome, Scene, decide, examine, is_judged},
    overrides, owners,
    reach::Touched,
    redact::Texts,
    removals,
    rules::{self, Deployed, Ruled, Rules},
    schemas::Validation,
    secrets,
    sides::{Sides, file_stop, repo_stop, sound},
    suites, waivers,
};
use crate::{
    config::{self, Codeowners, Config},
    engines::Scopes,
    exit,
    model::{
        Change, ChangedFile, ControlPlane, ControlPlaneFile, Facts, FileMistake, ForgeKind, Place,
        Problem, RevisionFacts, Side, Step, Watch, step,
    },
    repo::{
        self,
        change::{self, Head, Revision},
        discover,
    },
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError};
use tollgate_kustomize::{MemoryFiles, RepoPath};
use tollgate_yaml::{Sources, YamlError};

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
    let sides = Sides::open(&task.directory, &ask)?;
    let objects = sides.objects.clone();
    sound(&objects, of_sides(sides, task, read, watch))
}

fn of_sides(
    sides: Sides,
    task: &CheckTask,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Gathered, Stop> {
    let Sides {
        objects,
        change: sides,
        base,
        head,
    } = sides;
    for file in &task.aside {
        aside::refuse_inside(file, objects.work_dir(), [&base, &*head])?;
    }
    let changed = repo::changed_files(&base, &*head).map_err(|it| file_stop(&it))?;
    // Names that cannot be read are in no list of changes.
    let same = match sides.head.revision() {
        Some(head) => head.tree == sides.base.tree,
        None => changed.is_empty() && head.problems().is_empty(),
    };
    if let Some(why) = sides.nothing_to_judge(same) {
        return Err(repo_stop(why));
    }
    let change = Change {
        base: revision(&sides.base),
        head: match &sides.head {
            Head::Commit(it) | Head::Behind(it) => revision(it),
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
        settings: None,
    };
    facts_of(&base, &*head, change, &lens, read, watch)
}

/// How two trees are looked at.
struct Lens<'a> {
    forge: ForgeKind,
    now: u64,
    /// Whether BASE gives the rules and nothing else, so that all of HEAD is new.
    whole: bool,
    /// A configuration in the place of the one that BASE has.
    settings: Option<&'a config::Loaded>,
}

/// Everything about two trees and what differs between them.
fn facts_of(
    base: &dyn repo::Tree,
    head: &dyn repo::Tree,
    change: Change,
    lens: &Lens<'_>,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Gathered, Stop> {
    let Lens {
        forge,
        now,
        whole,
        settings,
    } = *lens;
    let loaded = match settings {
        Some(it) => it.clone(),
        None => config::load(base, &read.base).map_err(|it| config_stop(&it, &read.base))?,
    };
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
    if becomes_a_link(&base, &head) {
        let message =
            "it becomes a link, so that whoever changes the file behind it changes the rules";
        facts.lowered.push(message.to_owned());
    }
    if let Some(Err(mistakes)) = &new_config {
        let mistakes = mistakes.iter().map(|it| file_mistake(it, head.sources));
        facts.config_mistakes = mistakes.collect();
    }
    if !whole {
        let new = match &new_config {
            Some(Ok(it)) => &it.config,
            Some(Err(_)) | None => &loaded.config,
        };
        facts.eased = eased((&loaded.config, &base), (new, &head));
    }

    let builtin = loaded.config.policies.builtin;
    let new_builtin = match &new_config {
        Some(Ok(new)) => new.config.policies.builtin,
        Some(Err(_)) | None => builtin,
    };
    let mut problems = [base.problems(), head.problems()];
    let environments = environments(&config, &base, &head, &mut problems);
    facts
        .problems
        .extend(of_both(problems, &facts.change.files, whole));
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
        schemas,
        now,
        placeholders: secrets::Placeholders::of(&config.secrets),
        values: Mutex::default(),
        kept: AtomicUsize::new(0),
    };
    let mut outcomes = examine_all(&scene, &environments, watch);
    let rules = step(watch, "policies", || {
        let overlays = outcomes.iter();
        let deployed: Vec<(Option<&str>, &Deployed)> = overlays
            .map(|it| (it.facts.environment.as_deref(), &it.deployed))
            .collect();
        // What is looked at alone is judged by its own rules, as it stands.
        let old = if whole { &head } else { &base };
        Rules::new(
            old.rules(builtin),
            head.rules(new_builtin),
            &deployed,
            whole,
        )
    });
    let asks = rules.sets().any(|it| it.policies.ask_of_namespaces());
    let definitions = || {
        let sides = [&base, &head].into_iter().filter(|_| asks);
        let found = sides.flat_map(|it| cluster::defined(it.files, &it.session));
        found.collect()
    };
    let clusters = cluster::clusters(&outcomes, &definitions);
    let scopes = clusters.values().next().map(|it| &*it.cluster.scopes);
    let none = Scopes::new();
    let scopes = scopes.unwrap_or(&none);
    let removed = removals::removals(&outcomes, scopes);
    for (outcome, removed) in outcomes.iter_mut().zip(removed) {
        outcome.removed = removed;
    }
    let dropped = dropped::dropped(&outcomes, base.sources);
    let mut plan = earlier::plan(&outcomes, scopes);
    let origins = plan.origins(&scene, &outcomes, &|environment| {
        let ruled = rules.of(environment);
        ruled.is_some_and(|it| it.policies.ask_of_updates())
    });
    let found = earlier::Found::new(&plan, &origins, &scene, &|environment| {
        let receives = clusters.get(&environment.map(str::to_owned))?;
        Some((&rules.of(environment)?.policies, &receives.before))
    });
    decide_all(&scene, &rules, &clusters, &found, &mut outcomes, watch);
    facts.problems.extend(rules.problems());
    [facts.base_policies, facts.head_policies] = rules.facts();
    if whole {
        facts.base_policies.clear();
    } else {
        let deployed = outcomes.iter().map(|it| &it.deployed);
        let sources = [base.sources, head.sources];
        let deciding = rules::deciding(deployed, &facts.change.files, sources);
        for it in deciding {
            if !facts.control_plane.iter().any(|own| own.path == it.path) {
                facts.control_plane.push(it);
            }
        }
        facts.control_plane.sort_by(|a, b| a.path.cmp(&b.path));
        let lost = fixtures::lost(&rules, [&base, &head], now);
        let rendered = outcomes.iter().flat_map(|it| {
            let environment = it.facts.environment.as_deref();
            it.lost.iter().map(move |lost| (Some(environment), lost))
        });
        let shown: Vec<_> = lost.iter().map(|it| (None, it)).chain(rendered).collect();
        facts.weakened = rules.weakened(&shown);
        let untold = dropped::untold(dropped, &facts.weakened);
        facts.weakened.extend(untold);
    }
    let mut readers = Readers::default();
    for outcome in outcomes {
        readers.add(
            outcome.facts.environment.as_deref(),
            outcome.read,
            outcome.beside,
        );
        facts.overlays.push(outcome.facts);
        facts.results.extend(outcome.results);
        facts.passes.extend(outcome.passes);
        facts.preview.extend(outcome.preview);
        facts.schemas.extend(outcome.schemas);
        facts.secrets.extend(outcome.secrets);
    }
    if !whole {
        let named = named_fixtures(&facts.change, [&base, &head], |it| readers.reads(it));
        let known =
            |it: &ControlPlaneFile| facts.control_plane.iter().any(|old| old.path == it.path);
        let new: Vec<ControlPlaneFile> = named.into_iter().filter(|it| !known(it)).collect();
        facts.control_plane.extend(new);
        facts.control_plane.sort_by(|a, b| a.path.cmp(&b.path));
        facts.unread = unread::unread(&head, &facts, &readers);
        let submodules = unread::submodules(&head, &facts, &loaded.config);
        facts.problems.extend(submodules);
    }
    facts.unmatched = unread::unmatched(&loaded.config, [&base, &head]);
    facts
        .problems
        .extend(schemas.iter().flat_map(|it| it.problems()));
    let mut values = scene
        .values
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    // Fixtures that a later change of policies is held against have to hold now.
    let rules_changed = changed_rules(&facts) || rules.differ();
    let twice = rules_changed || whole;
    let plan = suites::Plan {
        twice,
        changed: (!whole).then_some(facts.change.files.as_slice()),
        policies: &facts.head_policies,
    };
    let shown = suites::run(&base.suites(), &head.suites(), &plan, now, watch);
    (facts.suites, facts.known_uncovered) = (shown.suites, shown.known_uncovered);
    let fixtures = |it: &ControlPlaneFile| it.class == ControlPlane::Fixture;
    if !whole && facts.control_plane.iter().any(fixtures) {
        let base = base.suites();
        facts.fewer_failures = suites::fewer_failures(&base, &facts.suites, now, watch);
    }
    let nothing = MemoryFiles::new();
    let before = if whole {
        secrets::Tree {
            files: &nothing,
            ..base.side()
        }
    } else {
        base.side()
    };
    let placeholders = secrets::Placeholders::of(&config.secrets);
    let in_git = secrets::in_git(&before, &head.side(), &placeholders, &facts);
    facts.secrets.extend(in_git);
    let new = new_config.as_ref().and_then(|it| it.as_ref().ok());
    let configs = (&loaded.config, new.map(|it| &it.config));
    waivers::gather(base.waivers(), head.waivers(), configs, &mut facts);
    values.extend(read.found());
    let shield = values.into_shield_of(&facts);
    shield.facts(&mut facts);
    shield.names(&mut facts);
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

/// Ask the policies, where they have anything to say.
fn decide_all(
    scene: &Scene<'_>,
    rules: &Rules<'_>,
    clusters: &BTreeMap<Option<String>, Receives>,
    found: &earlier::Found<'_>,
    outcomes: &mut [Outcome],
    watch: Watch<'_>,
) {
    let judged: Vec<(usize, &mut Outcome, &Ruled<'_>, &Receives)> = outcomes
        .iter_mut()
        .enumerate()
        .filter_map(|(at, it)| {
            let ruled = rules.of(it.facts.environment.as_deref())?;
            let receives = clusters.get(&it.facts.environment)?;
            is_judged(it, ruled, receives).then_some((at, it, ruled, receives))
        })
        .collect();
    watch(Step::Plan(judged.len()));
    judged
        .into_par_iter()
        .for_each(|(at, outcome, ruled, receives)| {
            let name = outcome.facts.path.clone();
            let earlier = |key: &_| found.of(at, key);
            step(watch, &name, || {
                decide(scene, ruled, receives, &earlier, outcome);
            });
        });
}

/// Whether a file of policies or exceptions differs.
fn changed_rules(facts: &Facts) -> bool {
    let mut files = facts.control_plane.iter();
    files.any(|it| matches!(it.class, ControlPlane::Policy | ControlPlane::Exception))
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
/// policies of BASE are needed nevertheless, because they judge. What is wrong with them on both sides
/// is told once.
fn of_both([base, head]: [Vec<Problem>; 2], changed: &[ChangedFile], whole: bool) -> Vec<Problem> {
    let what = |it: &Problem| (it.subject.clone(), it.message.clone());
    let told = |it: &[Problem]| -> BTreeSet<_> { it.iter().map(what).collect() };
    let (was, is) = (told(&base), told(&head));
    let touched = |subject: &str| {
        let folder = RepoPath::new(subject).unwrap_or_default();
        let inside = |it: &ChangedFile| {
            RepoPath::new(&it.path).is_none_or(|it| it == folder || it.is_within(&folder))
        };
        changed.iter().any(inside)
    };
    let with = |other: &BTreeSet<_>, it: Problem| Problem {
        before: other.contains(&what(&it))
            && (it.name || whole && it.hides_rules || !touched(&it.subject)),
        ..it
    };
    let wrong: BTreeSet<String> = head.iter().map(|it| it.subject.clone()).collect();
    let mut problems: Vec<Problem> = base
        .into_iter()
        .filter(|it| it.gate == "policies")
        .map(|it| with(&is, it))
        .map(|it| Problem {
            mended: (!it.before && !wrong.contains(&it.subject)).then(|| it.subject.clone()),
            ..it
        })
        .collect();
    let head = head.into_iter().map(|it| with(&was, it));
    problems.extend(head.filter(|it| !(it.hides_rules && it.before)));
    problems
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
        // Its mistakes hold the change by themselves.
        Some(Err(_)) => Vec::new(),
    }
}

fn file_mistake(error: &YamlError, sources: &Sources) -> FileMistake {
    FileMistake {
        message: error.message.clone(),
        help: error.help.clone(),
        place: Place::of(sources, error.span, Side::Head),
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

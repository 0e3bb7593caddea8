//! Policies and schemas on any manifests.

mod files;

use super::{
    Stop,
    policies::{self, Documents, Loaded},
    redact::Texts,
    schemas,
};
use crate::{
    engines::{Cluster, ENGINES},
    exit,
    model::{
        Manifest, Place, RuleFacts, RuleOutcome, SchemaFacts, SchemaRule, Side, Step, Watch, step,
    },
    schema::{Definitions, Schemas},
};
use files::{manifests, read_all, read_text};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tollgate_yaml::{Node, Sources};

/// What to judge by what.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyTask {
    /// Where the command was started.
    pub directory: PathBuf,
    /// Files and folders with policies and exceptions. Where there are none, policies among `files`
    /// are taken for them.
    pub policies: Vec<String>,
    /// Files and folders with whole manifests, for the schemas of their kinds and for policies.
    pub files: Vec<String>,
    /// Files and folders with manifests for policies alone.
    pub resources: Vec<String>,
    /// Manifests that came through standard input, and whether they are whole.
    pub input: Option<(String, bool)>,
    /// The version of Kubernetes whose schemas count; the newest that is known where none is given.
    pub kubernetes: Option<String>,
    /// The clock of the policies, in seconds since 1970.
    pub now: u64,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Applied {
    /// Every result but passes, by file and resource.
    pub results: Vec<RuleFacts>,
    /// How many rules passed.
    pub passed: usize,
    /// Number of policies.
    pub policies: usize,
    /// Number of manifests.
    pub resources: usize,
    /// What is not as its kind asks, by file and resource.
    pub schemas: Vec<SchemaFacts>,
    /// How many whole manifests are valid for their kinds; `None` where there are none.
    pub valid: Option<usize>,
}

pub(super) fn apply(task: &ApplyTask, read: &Texts, watch: Watch<'_>) -> Result<Applied, Stop> {
    let mut applied = judge_all(task, &read.head, watch)?;
    let shield = read.found().into_shield_of(&applied);
    applied.results.iter_mut().for_each(|it| shield.rule(it));
    applied.schemas.iter_mut().for_each(|it| shield.schema(it));
    Ok(applied)
}

fn judge_all(task: &ApplyTask, sources: &Sources, watch: Watch<'_>) -> Result<Applied, Stop> {
    let mut rules = read_all(&task.directory, &task.policies, sources)?;
    let mut whole = read_all(&task.directory, &task.files, sources)?;
    let mut parts = read_all(&task.directory, &task.resources, sources)?;
    if let Some((text, is_whole)) = &task.input {
        let read = read_text("standard input", text, sources)?;
        if *is_whole { &mut whole } else { &mut parts }.extend(read);
    }
    if task.policies.is_empty() {
        (rules, whole) = whole.into_iter().partition(is_policy);
    }
    let nodes: Vec<&Node> = rules.iter().collect();
    let policies = policies::load(&Documents {
        nodes: &nodes,
        builtin: &[],
        sources,
        side: Side::Head,
    });
    drop(rules);
    refuse_problems(&policies)?;
    if policies.policies.is_empty() && (!task.policies.is_empty() || whole.is_empty()) {
        let where_to = match task.policies.as_slice() {
            [] => String::new(),
            named => format!(" in `{}`", named.join("`, `")),
        };
        let code = if task.policies.is_empty() {
            exit::USAGE
        } else {
            exit::NOTHING
        };
        return Err(
            Stop::new(code, format!("there is no policy{where_to}"))
                .help("name files or folders with policies by -p; manifests that are named without -r are held against the schemas of their kinds even so"),
        );
    }
    let (whole, parts) = (manifests(whole, sources)?, manifests(parts, sources)?);
    let schemas = (!whole.is_empty())
        .then(|| Schemas::new(task.kubernetes.as_deref()))
        .transpose()
        .map_err(|it| Stop::new(exit::USAGE, it))?;
    let checked = whole.len();
    let mut manifests = whole;
    manifests.extend(parts);
    watch(Step::Plan(manifests.len()));
    let cluster = Cluster::of(&manifests);
    let world = policies.world("", &manifests, &cluster, sources, Side::Head, task.now);
    let beside = schemas.as_ref().map(|it| it.definitions(&manifests));
    let nowhere = Definitions::new();
    let judge = |(at, manifest): (usize, &Manifest)| {
        let name = manifest.key.to_string();
        step(watch, &name, || {
            let schemas = schemas.as_ref().filter(|_| at < checked);
            let checked = schemas.zip(beside.as_ref()).map(|(it, beside)| {
                let mistakes = it.judge(manifest, beside, || &nowhere);
                schemas::facts("", manifest, mistakes, sources, Side::Head)
            });
            (world.judge(manifest, None), checked)
        })
    };
    let judged: Vec<_> = manifests.par_iter().enumerate().map(judge).collect();
    let mut applied = Applied {
        results: Vec::new(),
        passed: 0,
        policies: policies.policies.len(),
        resources: manifests.len(),
        schemas: Vec::new(),
        valid: schemas.is_some().then_some(0),
    };
    let mut unplaced: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (mut ruled, checked) in judged {
        // Of what hangs on namespaces that nothing gives, the first resource stands for all.
        ruled.results.retain(|it| {
            if it.unplaced.is_none() {
                return true;
            }
            let rule = (it.policy.clone(), it.rule.clone());
            let count = unplaced.entry(rule).or_default();
            *count += 1;
            *count == 1
        });
        applied.passed += ruled.passes.iter().map(|it| it.rules).sum::<usize>();
        applied.results.extend(ruled.results);
        match checked {
            Some(it) if it.results.is_empty() => {
                applied.valid = applied.valid.map(|it| it + 1);
            }
            checked => applied.schemas.extend(checked),
        }
    }
    for it in applied
        .results
        .iter_mut()
        .filter(|it| it.unplaced.is_some())
    {
        let count = unplaced.get(&(it.policy.clone(), it.rule.clone()));
        let more = match count.copied().unwrap_or(1) {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        if let RuleOutcome::Warn { message, .. } = &mut it.outcome {
            let says = match message.as_str() {
                "" => String::new(),
                message => format!("; in another one it may say: {message}"),
            };
            *message = format!(
                "the rule looks at namespaces, and nothing gives one to this{more}: judged as in `default`{says}"
            );
        }
    }
    Ok(applied)
}

fn is_policy(document: &Node) -> bool {
    ENGINES.iter().any(|it| it.recognises(document))
}

/// A policy that does not load must not look like one that passes.
fn refuse_problems(policies: &Loaded<'_>) -> Result<(), Stop> {
    if policies.problems.is_empty() {
        return Ok(());
    }
    let messages = policies
        .problems
        .iter()
        .map(|it| at(it.place.as_ref(), &it.message));
    Err(Stop {
        code: exit::USAGE,
        messages: messages.collect(),
        help: Some("mend the policies, or leave their files out".to_owned()),
    })
}

fn at(place: Option<&Place>, message: &str) -> String {
    place.map_or_else(|| message.to_owned(), |it| format!("{it}: {message}"))
}

impl Applied {
    /// What the results come to: the exit code.
    pub fn code(&self) -> u8 {
        let ruled =
            |what: fn(&RuleOutcome) -> bool| self.results.iter().any(|it| what(&it.outcome));
        let checked = |what: fn(SchemaRule) -> bool| {
            let mut all = self.schemas.iter().flat_map(|it| &it.results);
            all.any(|it| what(it.rule))
        };
        let unknown = ruled(|it| matches!(it, RuleOutcome::Error { .. }))
            || checked(|it| it == SchemaRule::Unchecked);
        let refused = ruled(|it| matches!(it, RuleOutcome::Fail { .. }))
            || checked(|it| Weight::of(it) == Weight::Refused);
        let nothing = if self.policies > 0 || self.valid.is_none() {
            self.passed == 0 && self.results.is_empty()
        } else {
            // A kind that nobody knows is not examined.
            self.valid == Some(0) && !checked(|it| it != SchemaRule::UnknownKind)
        };
        let codes = [
            (unknown, exit::UNKNOWN),
            (refused, exit::REFUSED),
            (nothing, exit::NOTHING),
        ];
        exit::worst(codes.into_iter().filter(|it| it.0).map(|it| it.1))
    }
}

/// What becomes of a manifest with a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A cluster refuses it, or drops a part of it.
    Refused,
    /// It works for now.
    Warned,
    /// Nobody knows.
    Unknown,
}

impl Weight {
    /// Of a mistake of this kind.
    pub fn of(rule: SchemaRule) -> Self {
        match rule {
            SchemaRule::Invalid | SchemaRule::UnknownField | SchemaRule::Removed => Self::Refused,
            SchemaRule::Deprecated => Self::Warned,
            SchemaRule::Unchecked | SchemaRule::UnknownKind => Self::Unknown,
        }
    }
}

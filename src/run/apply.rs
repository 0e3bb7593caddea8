//! Policies on any manifests.

use super::{
    Stop,
    place::Opened,
    policies::{self, Loaded},
    redact::Texts,
};
use crate::{
    exit,
    model::{
        Manifest, Place, ResourceKey, RuleFacts, RuleOutcome, Side, Step, Watch, digest, step,
    },
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Value, YamlError, parse};

/// What to judge by which policies.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyTask {
    /// Where the command was started.
    pub directory: PathBuf,
    /// Files and folders with policies and exceptions.
    pub policies: Vec<String>,
    /// Files and folders with manifests.
    pub resources: Vec<String>,
    /// Manifests that came through standard input.
    pub input: Option<String>,
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
}

pub(super) fn apply(task: &ApplyTask, read: &Texts, watch: Watch<'_>) -> Result<Applied, Stop> {
    let mut applied = judge_all(task, &read.head, watch)?;
    let shield = read.found().into_shield();
    applied.results.iter_mut().for_each(|it| shield.rule(it));
    Ok(applied)
}

fn judge_all(task: &ApplyTask, sources: &Sources, watch: Watch<'_>) -> Result<Applied, Stop> {
    let documents = read_all(task, &task.policies, sources)?;
    let policies = policies::load(&documents, &[], sources, Side::Head);
    refuse_problems(&policies)?;
    let mut documents = read_all(task, &task.resources, sources)?;
    if let Some(text) = &task.input {
        documents.extend(read_text("standard input", text, sources)?);
    }
    let manifests = manifests(documents, sources)?;
    watch(Step::Plan(manifests.len()));
    let judge = |manifest: &Manifest| {
        let name = manifest.key.to_string();
        step(watch, &name, || {
            policies::evaluate(
                &policies,
                "",
                &manifests,
                &[manifest],
                sources,
                Side::Head,
                task.now,
            )
        })
    };
    let judged: Vec<policies::Judged> = manifests.par_iter().map(judge).collect();
    let mut applied = Applied {
        results: Vec::new(),
        passed: 0,
        policies: policies.policies.len(),
        resources: manifests.len(),
    };
    for it in judged {
        applied.passed += it.passes.iter().map(|it| it.2).sum::<usize>();
        applied.results.extend(it.results);
    }
    Ok(applied)
}

/// A policy that does not load must not look like one that passes.
fn refuse_problems(policies: &Loaded<'_>) -> Result<(), Stop> {
    if policies.problems.is_empty() {
        return Ok(());
    }
    let messages = policies
        .problems
        .iter()
        .map(|(place, message)| at(place.as_ref(), message));
    Err(Stop {
        code: exit::USAGE,
        messages: messages.collect(),
        help: Some("mend the policies, or leave their files out".to_owned()),
    })
}

fn at(place: Option<&Place>, message: &str) -> String {
    place.map_or_else(|| message.to_owned(), |it| format!("{it}: {message}"))
}

/// The documents of files and folders; files in folders count by their endings.
fn read_all(task: &ApplyTask, typed: &[String], sources: &Sources) -> Result<Vec<Node>, Stop> {
    let mut documents = Vec::new();
    for path in typed {
        let opened = Opened::new(&task.directory, path)?;
        let Some(start) = opened.path else {
            return Err(Stop::new(exit::USAGE, format!("there is no `{path}`")));
        };
        let mut found = Vec::new();
        find(&opened.files, &start, 0, &mut found)
            .map_err(|it| Stop::new(exit::UNKNOWN, it.to_string()))?;
        for path in found {
            let bytes = opened
                .files
                .read(&path)
                .map_err(|it| Stop::new(exit::UNKNOWN, it.to_string()))?;
            let bytes = bytes.unwrap_or_default();
            let text = std::str::from_utf8(&bytes).map_err(|it| {
                Stop::new(exit::USAGE, format!("`{path}` is not UTF-8 text: {it}"))
            })?;
            documents.extend(read_text(path.as_str(), text, sources)?);
        }
    }
    Ok(documents)
}

const DEPTH: usize = 64;

fn find(
    files: &dyn Files,
    path: &RepoPath,
    depth: usize,
    found: &mut Vec<RepoPath>,
) -> Result<(), FileError> {
    let is_yaml = || {
        [".yaml", ".yml", ".json"]
            .iter()
            .any(|it| path.name().ends_with(it))
    };
    match files.kind(path)? {
        Some(EntryKind::File) if depth == 0 || is_yaml() => found.push(path.clone()),
        Some(EntryKind::Directory) if depth < DEPTH => {
            for entry in files.list(path)? {
                if let Some(path) = path.join(&entry).filter(|_| entry != ".git") {
                    find(files, &path, depth + 1, found)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn read_text(path: &str, text: &str, sources: &Sources) -> Result<Vec<Node>, Stop> {
    let file = sources.add(path, text);
    let documents = parse(text, file, Dialect::Sigs, &Limits::default())
        .map_err(|it| unreadable(&it, sources))?;
    Ok(documents.into_iter().filter(|it| !it.is_null()).collect())
}

fn unreadable(error: &YamlError, sources: &Sources) -> Stop {
    Stop {
        code: exit::USAGE,
        messages: vec![format!(
            "{}: {}",
            sources.describe(error.span),
            error.message
        )],
        help: error.help.clone(),
    }
}

/// One manifest a document; lists are taken apart, as kubectl does.
fn manifests(documents: Vec<Node>, sources: &Sources) -> Result<Vec<Manifest>, Stop> {
    let mut manifests = Vec::new();
    let mut open = documents;
    open.reverse();
    while let Some(mut body) = open.pop() {
        let is_list = body
            .get("kind")
            .and_then(Node::as_str)
            .is_some_and(|it| it.ends_with("List"));
        if let Some(items) = body.get_mut("items").filter(|_| is_list) {
            if let Value::Sequence(items) = &mut items.value {
                open.extend(items.drain(..).rev());
            }
            continue;
        }
        let json = body.to_json().map_err(|it| unreadable(&it, sources))?;
        let key = ResourceKey::of(&body);
        if key.kind.is_empty() || key.api_version.is_empty() {
            let error = YamlError::new(body.span(), "a manifest needs `apiVersion` and `kind`")
                .help("name files with manifests, or pipe what a kustomization renders: tollgate render DIR | tollgate apply -p POLICIES");
            return Err(unreadable(&error, sources));
        }
        let digest = digest(json.to_string().as_bytes());
        manifests.push(Manifest {
            key,
            body,
            json,
            digest,
        });
    }
    Ok(manifests)
}

impl Applied {
    /// What the results come to: the exit code.
    pub fn code(&self) -> u8 {
        let any = |what: fn(&RuleOutcome) -> bool| self.results.iter().any(|it| what(&it.outcome));
        let nothing = self.passed == 0 && self.results.is_empty();
        exit::worst([
            if any(|it| matches!(it, RuleOutcome::Error { .. })) {
                exit::UNKNOWN
            } else {
                exit::ADMITTED
            },
            if any(|it| matches!(it, RuleOutcome::Fail { .. })) {
                exit::REFUSED
            } else {
                exit::ADMITTED
            },
            if nothing {
                exit::NOTHING
            } else {
                exit::ADMITTED
            },
        ])
    }
}

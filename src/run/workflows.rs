//! Workflows of GitHub in which the gate can be skipped. A required check whose job was skipped
//! counts as passed. Source: "Troubleshooting required status checks"; threat rows A3 and A4.

use crate::repo::{GitTree, Tree};
use serde::{Deserialize, Serialize};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Span};

/// A way around the gate, or one that cannot be excluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// Where: `path:line:column`.
    pub place: String,
    /// What is wrong, as a clause.
    pub why: String,
    /// What to do.
    pub help: String,
}

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 64,
    nodes: 100_000,
    documents: 1,
    keys: 10_000,
};

/// Events that bring a change.
const EVENTS: &[&str] = &["pull_request", "pull_request_target", "merge_group"];

/// What is found in the workflows of `base` that run the gate; with `head`, also which of them the
/// change brings in another version.
pub(super) fn risks(base: &GitTree, head: Option<&GitTree>, sources: &Sources) -> Vec<Risk> {
    let mut all = Vec::new();
    let files = base.files().unwrap_or_default();
    for path in files.iter().filter(|it| is_workflow(it)) {
        let file = |why: String, help: &str| Risk {
            place: format!("{path}:1:1"),
            why,
            help: help.to_owned(),
        };
        let unread = || {
            file(
                "nobody can say how it runs the gate: it cannot be read".to_owned(),
                "mend the workflow",
            )
        };
        let bytes = match base.read(path) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(_) => {
                all.push(unread());
                continue;
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        let id = sources.add(path.as_str(), &*text);
        let Ok(documents) = tollgate_yaml::parse(&text, id, Dialect::Kyaml, &LIMITS) else {
            if text.to_lowercase().contains("tollgate") {
                all.push(unread());
            }
            continue;
        };
        let found = documents.first().map(|it| Workflow { sources, root: it });
        let Some(found) = found.filter(|it| it.gates().next().is_some()) else {
            continue;
        };
        all.extend(found.risks());
        if head.is_some_and(|it| it.read(path).ok().flatten().is_none_or(|it| it != bytes)) {
            all.push(file(
                "the change brings another version of it or removes it, and GitHub runs what the change brings".to_owned(),
                "let a ruleset require the workflow from another repository, or have its owners approve changes of it (`tollgate explain control-plane`)",
            ));
        }
    }
    all
}

fn is_workflow(path: &RepoPath) -> bool {
    let name = path.as_str().strip_prefix(".github/workflows/");
    name.is_some_and(|it| !it.contains('/') && (it.ends_with(".yaml") || it.ends_with(".yml")))
}

struct Workflow<'a> {
    sources: &'a Sources,
    root: &'a Node,
}

impl<'a> Workflow<'a> {
    /// The jobs that run the gate.
    fn gates(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let jobs = self.root.get("jobs").and_then(Node::as_mapping);
        let jobs = jobs.into_iter().flat_map(|it| it.iter());
        jobs.map(|it| (it.key.text.as_ref(), &it.value))
            .filter(|(_, it)| is_gate(it) || steps(it).any(is_gate))
    }

    fn risks(&self) -> Vec<Risk> {
        let mut all = Vec::new();
        for event in EVENTS {
            let event = self.root.get("on").and_then(|it| it.get(event));
            for filter in ["paths", "paths-ignore"] {
                all.extend(event.and_then(|it| it.get(filter)).map(|it| {
                    self.risk(
                        it.span(),
                        format!("`{filter}` keeps changes of other files from being judged"),
                        "remove the filter: which environments a change reaches is seen by rendering, not by paths",
                    )
                }));
            }
        }
        for (name, job) in self.gates() {
            self.job(name, job, &mut all);
        }
        all
    }

    fn job(&self, name: &str, job: &Node, all: &mut Vec<Risk>) {
        let condition = job.get("if");
        let always = condition.is_some_and(runs_always);
        if let Some(condition) = condition.filter(|_| !always) {
            all.push(self.risk(
                condition.span(),
                format!("the job `{name}` has an `if`: where it does not hold, the job is skipped, and a required check that was skipped counts as passed"),
                "remove the `if`",
            ));
        }
        if let Some(needs) = job.get("needs").filter(|_| !always) {
            all.push(self.risk(
                needs.span(),
                format!("the job `{name}` waits for others: where one fails, it is skipped, and a required check that was skipped counts as passed"),
                "let it wait for none, or give it `if: always()`",
            ));
        }
        self.lenient(job, &format!("the job `{name}`"), all);
        for step in steps(job).filter(|it| is_gate(it)) {
            let whose = format!("the gate's step in the job `{name}`");
            if let Some(condition) = step.get("if").filter(|it| !runs_always(it)) {
                all.push(self.risk(
                    condition.span(),
                    format!(
                        "{whose} has an `if`: where it does not hold, the job passes without it"
                    ),
                    "remove the `if`",
                ));
            }
            self.lenient(step, &whose, all);
            let script = step.get("run").and_then(Node::as_str).unwrap_or_default();
            let forgiven = |it: &str| {
                runs_gate(it)
                    && ["|| true", "||true", "|| :"]
                        .iter()
                        .any(|end| it.contains(end))
            };
            if let Some(run) = step.get("run").filter(|_| script.lines().any(forgiven)) {
                all.push(self.risk(
                    run.span(),
                    format!("{whose} passes whatever the gate says"),
                    "remove `|| true`",
                ));
            }
        }
    }

    fn lenient(&self, node: &Node, whose: &str, all: &mut Vec<Risk>) {
        let setting = node.get("continue-on-error");
        if let Some(it) = setting.filter(|it| !matches!(text(it), "false" | "") && !it.is_null()) {
            all.push(self.risk(
                it.span(),
                format!("{whose} has `continue-on-error`: it passes where the gate does not"),
                "remove it",
            ));
        }
    }

    fn risk(&self, span: Span, why: String, help: &str) -> Risk {
        let file = self.sources.get(span.file);
        let place = file.map(|file| {
            let at = file.position(span.start);
            format!("{}:{}:{}", file.path(), at.line, at.column)
        });
        Risk {
            place: place.unwrap_or_default(),
            why,
            help: help.to_owned(),
        }
    }
}

fn steps(job: &Node) -> impl Iterator<Item = &Node> {
    let steps = job.get("steps").and_then(Node::as_sequence);
    steps.unwrap_or_default().iter()
}

/// Whether a step, or a job as a whole, runs the gate: by a command, or by an action or a workflow
/// of that name.
fn is_gate(node: &Node) -> bool {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    text("uses").is_some_and(|it| it.to_lowercase().contains("tollgate"))
        || text("run").is_some_and(|it| it.lines().any(runs_gate))
}

/// `tollgate check`, with whatever between them.
fn runs_gate(line: &str) -> bool {
    let after = line.split_once("tollgate").map(|it| it.1);
    after.is_some_and(|it| it.split_whitespace().any(|it| it == "check"))
}

/// The text of a scalar of any kind.
fn text(node: &Node) -> &str {
    node.as_scalar().map_or("", |it| &it.text)
}

/// Whether a condition holds whatever came before.
fn runs_always(condition: &Node) -> bool {
    let text = text(condition).trim();
    let inner = text
        .strip_prefix("${{")
        .and_then(|it| it.strip_suffix("}}"));
    let text: String = (inner.unwrap_or(text).chars())
        .filter(|it| !it.is_whitespace())
        .collect();
    matches!(text.as_str(), "always()" | "!cancelled()" | "true")
}

//! Everything that is in a repository, judged as if it were new, so that the findings of the day on
//! which it takes the gate in can be written down.

use super::{
    Stop,
    gather::{self, Gathered},
    redact::Texts,
    sides::{self, Sides},
    summary, waivers,
};
use crate::{
    config::{Config, When},
    exit,
    finding::{Finding, Level},
    gates::{GATES, GateContext, rule_of_policy},
    model::{
        BASELINED, BaselineFacts, Facts, FileMistake, RenderFacts, ResourceKey, RevisionFacts,
        RuleOutcome, Side, Watch,
    },
    repo::{WorkingTree, change},
    verdict::Verdict,
    waivers::Waivers,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Which repository to look at.
#[derive(Debug, Serialize, Deserialize)]
pub struct BaselineTask {
    /// A folder of the repository.
    pub directory: PathBuf,
    /// Whether to judge the folder as it lies there, and not what is committed.
    pub working_tree: bool,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Inventory {
    /// The facts, and the settings to judge them by.
    pub gathered: Gathered,
    /// The root of the work tree.
    pub root: PathBuf,
    /// The baseline that lies in the work tree, as it stands in its file; `None` where there is none.
    pub known: Option<Vec<BaselineFacts>>,
}

pub(super) fn inventory(
    task: &BaselineTask,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Inventory, Stop> {
    let ask = change::Ask {
        base: Some("HEAD"),
        head: (!task.working_tree).then_some("HEAD"),
        working_tree: task.working_tree,
        environment: BTreeMap::new(),
    };
    let sides = Sides::open(&task.directory, &ask)?;
    let lying = WorkingTree::read(&sides.objects).map_err(sides::repo_stop)?;
    let revision = match sides.change.head.revision() {
        Some(_) => gather::revision(&sides.change.base),
        None => RevisionFacts {
            name: "working tree".to_owned(),
            ..RevisionFacts::default()
        },
    };
    let gathered = gather::whole(&*sides.head, revision, task.now, read, watch);
    let gathered = sides::sound(&sides.objects, gathered)?;
    // What they except would be written down for good.
    let wrong = &gathered.facts.waiver_files.exceptions.mistakes;
    if !wrong.is_empty() {
        return Err(Stop {
            code: exit::USAGE,
            messages: wrong.iter().map(told).collect(),
            help: Some(
                "mend the file with exceptions first: what they cover is not written down"
                    .to_owned(),
            ),
        });
    }
    let tree = waivers::Tree {
        side: Side::Head,
        files: &lying,
        sources: &read.head,
    };
    let known = tree
        .known(&gathered.settings.config.baseline)
        .map_err(|mistakes| Stop {
            code: exit::USAGE,
            messages: mistakes.iter().map(told).collect(),
            help: Some("mend it, or delete it to begin anew".to_owned()),
        })?;
    let root = sides.objects.work_dir().map(PathBuf::from);
    Ok(Inventory {
        gathered,
        root: root.unwrap_or_default(),
        known,
    })
}

/// `path:line:column: what is wrong`.
fn told(mistake: &FileMistake) -> String {
    match &mistake.place {
        Some(place) => format!("{place}: {}", mistake.message),
        None => mistake.message.clone(),
    }
}

/// What the baseline comes to.
#[derive(Debug)]
pub struct Weighed {
    /// What the gates say that look at content, with the new baseline.
    pub verdict: Verdict,
    /// What the file is to hold.
    pub baseline: Vec<BaselineFacts>,
    /// Findings that were known and are gone, by rule.
    pub gone: BTreeMap<String, usize>,
    /// Known findings that nobody can tell whether they are gone: their overlays do not render, or their
    /// policies judge nothing.
    pub unseen: usize,
    /// What no policy could say of what is there.
    pub open: Vec<Open>,
    /// Whether some of that leaves a change undecided that touches it.
    pub holds: bool,
    /// The rule of `approvals` that says whose consent a first baseline takes.
    pub consent: Option<String>,
}

/// Something by which nobody judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// The policy with its rule, or a file that may hold some.
    pub of: String,
    /// Why.
    pub why: String,
    /// Resources that it would judge; `None` where that may be all of them.
    pub resources: Option<usize>,
}

/// Judge what was found, and say what the baseline is to hold: every finding that holds where there
/// was none, and of an older one what is found still. Pure.
pub fn weigh(inventory: Inventory) -> Weighed {
    let Inventory {
        gathered, known, ..
    } = inventory;
    let Gathered {
        mut facts,
        settings,
    } = gathered;
    let (mut records, mut baseline, mut holds) = (Vec::new(), Vec::new(), false);
    let (mut found, mut gone, mut unseen) = (BTreeSet::new(), BTreeMap::new(), 0);
    let cx = GateContext::new(&facts, &settings);
    // Facts that a worker did not live to finish are none.
    let gates = if facts.faults.is_empty() { GATES } else { &[] };
    for gate in gates {
        let meta = gate.meta();
        if BASELINED.contains(&meta.id) || meta.id == "renders" {
            let mut examined = gate.check(cx);
            // One policy that nobody can judge by is no reason to leave out what the others say.
            if meta.id == POLICIES {
                holds = !examined.unsure.is_empty();
                examined.unsure.clear();
            }
            records.push((meta.id.to_owned(), meta.title.to_owned(), examined));
        }
    }
    facts.waivers.baseline.clear();
    // An emergency is one change's.
    facts.waivers.overrides.clear();
    let exceptions = Waivers::new(&facts, &settings.config);
    for (gate, _, examined) in &records {
        if !BASELINED.contains(&gate.as_str()) {
            continue;
        }
        let mut findings = examined.findings.clone();
        exceptions.apply(&mut findings);
        for it in findings.iter().filter(|it| it.level > Level::Note) {
            found.insert(it.fingerprint());
            // A finding that is excepted has an end; one that is known would have none.
            if known.is_none() && it.holds() {
                baseline.push(entry(it));
            }
        }
    }
    if let Some(known) = known {
        let dark = unrendered(&facts);
        let silent = Silent::of(&facts);
        for it in known {
            if found.contains(&it.fingerprint) {
                baseline.push(it);
            } else if dark.iter().any(|place| it.subject.starts_with(place)) || silent.may_hide(&it)
            {
                unseen += 1;
                baseline.push(it);
            } else {
                *gone.entry(it.rule).or_default() += 1;
            }
        }
    }
    baseline.sort();
    baseline.dedup();
    facts.waivers.baseline.clone_from(&baseline);
    let waivers = Waivers::new(&facts, &settings.config);
    for (_, _, examined) in &mut records {
        waivers.apply(&mut examined.findings);
    }
    let verdict = Verdict::weigh(
        records,
        facts.faults.clone(),
        summary(&facts, &settings.config),
    );
    Weighed {
        verdict,
        baseline,
        gone,
        unseen,
        open: open(&facts),
        holds,
        consent: consent(&settings.config),
    }
}

/// The gate whose open questions do not keep a baseline from being written.
const POLICIES: &str = "policies";

/// What no policy could say, each with the number of resources.
fn open(facts: &Facts) -> Vec<Open> {
    let mut found: BTreeMap<(String, &str), BTreeSet<(&str, &ResourceKey)>> = BTreeMap::new();
    for it in &facts.results {
        if let RuleOutcome::Error { why } = &it.outcome {
            let of = match it.rule.as_str() {
                "" => it.policy.clone(),
                rule => format!("{}/{rule}", it.policy),
            };
            let resources = found.entry((of, why)).or_default();
            resources.insert((&it.overlay, &it.resource));
        }
    }
    let of_rules = found.into_iter().map(|((of, why), resources)| Open {
        of,
        why: why.to_owned(),
        resources: Some(resources.len()),
    });
    let files = facts.problems.iter().filter(|it| it.hides_rules);
    let of_files = files.map(|it| Open {
        of: it.subject.clone(),
        why: it.message.clone(),
        resources: None,
    });
    of_rules.chain(of_files).collect()
}

/// The policies that had nothing to say where they should have.
struct Silent {
    policies: BTreeSet<String>,
    /// Whether others may stand in files that cannot be read.
    any: bool,
}

impl Silent {
    fn of(facts: &Facts) -> Self {
        let errors = facts.results.iter();
        let errors = errors.filter(|it| matches!(it.outcome, RuleOutcome::Error { .. }));
        Self {
            policies: errors.map(|it| rule_of_policy(&it.policy)).collect(),
            any: facts.problems.iter().any(|it| it.hides_rules),
        }
    }

    /// Whether a known finding that was not found may be there even so.
    fn may_hide(&self, known: &BaselineFacts) -> bool {
        let is_policy = known
            .rule
            .split_once('/')
            .is_some_and(|it| it.0 == POLICIES);
        self.policies.contains(&known.rule) || self.any && is_policy
    }
}

/// Whose consent what lowers the rules takes.
fn consent(config: &Config) -> Option<String> {
    let only = When {
        control_plane: Some(true),
        ..When::default()
    };
    let mut rules = config.approvals.iter().flat_map(|it| &it.rules);
    let rule = rules.find(|it| it.when == only)?;
    Some(rule.name.to_string())
}

fn entry(finding: &Finding) -> BaselineFacts {
    BaselineFacts {
        fingerprint: finding.fingerprint(),
        rule: finding.rule.clone(),
        subject: finding.subject.to_string(),
        message: finding.message.clone(),
    }
}

/// How subjects begin that belong where an overlay does not render.
fn unrendered(facts: &Facts) -> BTreeSet<String> {
    let failed = facts
        .overlays
        .iter()
        .filter(|it| matches!(it.head, Some(RenderFacts::Failed { .. })));
    failed
        .map(|it| {
            let place = it.environment.as_deref().unwrap_or("no environment");
            format!("{place}: ")
        })
        .collect()
}

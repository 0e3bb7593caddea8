//! Fixture suites of both sides.

mod before;

use super::redact::Found;
use crate::{
    model::{
        ChangedFile, FewerFailures, PolicyFacts, RowRun, RowStatus, RuleName, Side, SuiteFacts,
        SuiteRow, SuiteRun, SuiteSet, Watch, step,
    },
    suites::{SUITES, SuiteOptions},
};
use before::{Before, Marks, Recording, coverage};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};
use tollgate_yaml::Sources;

/// The suites of one tree.
pub(super) struct Suites<'a> {
    pub(super) files: &'a dyn Files,
    /// Format and file.
    pub(super) suites: &'a [(&'static str, RepoPath)],
    /// Files with policies.
    pub(super) policies: BTreeSet<RepoPath>,
}

/// What fixtures show.
pub(super) struct Shown {
    pub(super) suites: Vec<SuiteFacts>,
    /// Policies and rules of HEAD of which BASE's fixtures show as little.
    pub(super) known_uncovered: Vec<RuleName>,
}

/// What is run, and compared with what.
pub(super) struct Plan<'a> {
    /// Whether BASE's suites are run on HEAD's policies too, because those differ.
    pub(super) twice: bool,
    /// The files that differ; `None` where nothing is to be compared with BASE.
    pub(super) changed: Option<&'a [ChangedFile]>,
    /// HEAD's policies.
    pub(super) policies: &'a [PolicyFacts],
}

/// HEAD's suites on HEAD's policies; where policies differ, BASE's suites on HEAD's policies too.
pub(super) fn run(
    base: &Suites<'_>,
    head: &Suites<'_>,
    plan: &Plan<'_>,
    now: u64,
    watch: Watch<'_>,
) -> Shown {
    let mut own = run_all(
        head.files,
        head.suites,
        SuiteSet::Head,
        Side::Head,
        now,
        watch,
    );
    let mut mixed = Vec::new();
    if plan.twice {
        let files = Mixed {
            fixtures: base.files,
            head: head.files,
            policies: base.policies.union(&head.policies).cloned().collect(),
        };
        let set = SuiteSet::BaseOnHead;
        mixed = run_all(&files, base.suites, set, Side::Base, now, watch);
    }
    let mut known_uncovered = Vec::new();
    if let Some(changed) = plan.changed {
        let uncovered = uncovered(&own, plan.policies);
        let all = !uncovered.is_empty();
        let before = Before::new(base, [&own, &mixed], changed, all, now, watch);
        before.mark(&mut own);
        before.mark(&mut mixed);
        let was = before.coverage();
        let as_little = |(policy, rule, lacks): (&str, &str, [bool; 2])| {
            let was = was.get(&(policy, rule)).copied().unwrap_or_default();
            (lacks == lacking(was)).then(|| RuleName {
                policy: policy.to_owned(),
                rule: rule.to_owned(),
            })
        };
        known_uncovered.extend(uncovered.into_iter().filter_map(as_little));
    }
    own.append(&mut mixed);
    Shown {
        suites: own.into_iter().flat_map(|it| it.facts).collect(),
        known_uncovered,
    }
}

/// Rules of policies that are not shown passing, or not failing.
fn uncovered<'a>(
    ran: &'_ [Ran],
    policies: &'a [PolicyFacts],
) -> BTreeSet<(&'a str, &'a str, [bool; 2])> {
    let shown = coverage(ran.iter().flat_map(|it| &it.facts));
    let own = policies.iter().filter(|it| !it.builtin);
    let rules = own.flat_map(|it| {
        it.rules
            .iter()
            .map(|rule| (it.name.as_str(), rule.as_str()))
    });
    rules
        .map(|(policy, rule)| {
            let shown = shown.get(&(policy, rule)).copied().unwrap_or_default();
            (policy, rule, lacking(shown))
        })
        .filter(|it| it.2 != [false, false])
        .collect()
}

fn lacking((passing, failing): (usize, usize)) -> [bool; 2] {
    [passing == 0, failing == 0]
}

/// Rules for which HEAD's suites expect fewer failures than BASE's on BASE's policies. `head` are the
/// facts of HEAD's suites.
pub(super) fn fewer_failures(
    base: &Suites<'_>,
    head: &[SuiteFacts],
    now: u64,
    watch: Watch<'_>,
) -> Vec<FewerFailures> {
    let before = run_all(
        base.files,
        base.suites,
        SuiteSet::Head,
        Side::Base,
        now,
        watch,
    );
    let before = before.iter().flat_map(|it| &it.facts);
    let head = head.iter().filter(|it| it.set == SuiteSet::Head);
    let (before, after) = (failures(before), failures(head));
    let fewer = before.into_iter().filter_map(|((policy, rule), before)| {
        let after = after.get(&(policy, rule)).copied().unwrap_or_default();
        (after < before).then(|| FewerFailures {
            policy: policy.to_owned(),
            rule: rule.to_owned(),
            before,
            after,
        })
    });
    fewer.collect()
}

/// How many rows expect a failure, by policy and rule.
fn failures<'a>(
    suites: impl Iterator<Item = &'a SuiteFacts>,
) -> BTreeMap<(&'a str, &'a str), usize> {
    let mut failures = BTreeMap::new();
    for it in suites.flat_map(|it| &it.coverage) {
        let rule = (it.policy.as_str(), it.rule.as_str());
        *failures.entry(rule).or_default() += it.failing;
    }
    failures
}

/// The tests of one file, run.
#[derive(Clone)]
struct Ran {
    path: RepoPath,
    facts: Vec<SuiteFacts>,
    /// Of each of those.
    marks: Vec<Marks>,
    /// What was asked of the tree.
    reads: BTreeSet<RepoPath>,
}

fn run_all(
    files: &dyn Files,
    suites: &[(&'static str, RepoPath)],
    set: SuiteSet,
    side: Side,
    now: u64,
    watch: Watch<'_>,
) -> Vec<Ran> {
    let options = SuiteOptions {
        compat: false,
        now,
        side,
    };
    let one = |(format, path): &(&'static str, RepoPath)| {
        let sources = Sources::new();
        let format = SUITES.iter().find(|it| it.name() == *format);
        let files = Recording::new(files);
        let (runs, marks) = step(watch, path.as_str(), || {
            let run = format.map(|it| it.run(&files, &sources, path, &options));
            let runs = run.unwrap_or_default();
            let marks = runs.iter().map(Marks::of).collect();
            (without_secrets(runs, &sources, side), marks)
        });
        Ran {
            path: path.clone(),
            facts: runs.into_iter().map(|it| facts(it, set)).collect(),
            marks,
            reads: files.asked(),
        }
    };
    suites.par_iter().map(one).collect()
}

/// What suites say without the values of the Secrets among their resources.
pub(super) fn without_secrets(
    mut runs: Vec<SuiteRun>,
    sources: &Sources,
    side: Side,
) -> Vec<SuiteRun> {
    let shield = Found::in_sources(sources, side).into_shield_of(&runs);
    runs.iter_mut().for_each(|it| shield.suite(it));
    runs
}

fn held(row: &RowRun) -> bool {
    matches!(row.status, RowStatus::Ok | RowStatus::Excluded)
}

fn is_error(row: &RowRun) -> bool {
    row.status == RowStatus::Error
}

fn facts(run: SuiteRun, set: SuiteSet) -> SuiteFacts {
    SuiteFacts {
        set,
        held: run.results.iter().filter(|it| held(it)).count(),
        rows: run.results.iter().filter(|it| !held(it)).map(row).collect(),
        coverage: run.coverage,
        path: run.path,
        error: run.error,
        error_place: run.error_place,
        error_known: false,
    }
}

fn row(row: &RowRun) -> SuiteRow {
    SuiteRow {
        subject: row.subject(),
        why: row.complaint(),
        error: is_error(row),
        known: false,
        place: row.place.clone(),
    }
}

/// BASE's fixtures beside HEAD's policies: a file that holds policies on either side is HEAD's.
struct Mixed<'a> {
    fixtures: &'a dyn Files,
    head: &'a dyn Files,
    policies: BTreeSet<RepoPath>,
}

impl Mixed<'_> {
    fn of(&self, path: &RepoPath) -> &dyn Files {
        if self.policies.contains(path) {
            self.head
        } else {
            self.fixtures
        }
    }
}

impl Files for Mixed<'_> {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        self.of(path).read(path)
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        self.of(path).kind(path)
    }

    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        self.of(path).resolve(path)
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        // A suite may name a folder of policies: new ones in it count, deleted ones do not.
        let mut names = self.fixtures.list(path)?;
        names.extend(
            self.head
                .list(path)?
                .into_iter()
                .filter(|it| path.join(it).is_some_and(|it| self.policies.contains(&it))),
        );
        names.retain(|it| {
            path.join(it)
                .is_none_or(|it| !matches!(self.kind(&it), Ok(None)))
        });
        names.sort();
        names.dedup();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_kustomize::MemoryFiles;

    const POLICY: &str = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: [Pod]}}]}\n    validate: {message: never, deny: {}}\n";
    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";

    fn files(expected: &str, pod: &str) -> MemoryFiles {
        let suite = format!(
            "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {{name: t}}\npolicies: [policy.yaml]\nresources: [pod.yaml]\nresults:\n- {{policy: p, rule: r, kind: Pod, resources: [a], result: {expected}}}\n"
        );
        MemoryFiles::new()
            .with("t/kyverno-test.yaml", suite)
            .with("t/policy.yaml", POLICY)
            .with("t/pod.yaml", pod)
    }

    /// How often suites were run, and how many rows are known.
    fn ran(base: &MemoryFiles, head: &MemoryFiles, changed: &[&str]) -> (usize, usize) {
        let path = RepoPath::new("t/kyverno-test.yaml").expect("a path");
        let suites = [("kyverno-test", path)];
        let of = |files| Suites {
            files,
            suites: &suites,
            policies: BTreeSet::new(),
        };
        let changed: Vec<ChangedFile> = changed
            .iter()
            .map(|it| ChangedFile {
                path: (*it).to_owned(),
                edit: crate::model::Edit::Modified,
            })
            .collect();
        let plan = Plan {
            twice: false,
            changed: Some(&changed),
            policies: &[],
        };
        let steps = std::sync::Mutex::new(0);
        let watch = |it: crate::model::Step| {
            if matches!(it, crate::model::Step::Start(_)) {
                *steps.lock().expect("one thread") += 1;
            }
        };
        let shown = run(&of(base), &of(head), &plan, 0, &watch);
        let rows = shown.suites.iter().flat_map(|it| &it.rows);
        let known = rows.filter(|it| it.known).count();
        (steps.into_inner().expect("one thread"), known)
    }

    #[test]
    fn suites_of_base_are_run_only_where_something_does_not_hold_and_reads_what_differs() {
        let fails = files("pass", POD);
        let holds = files("fail", POD);
        let other = files("pass", &format!("{POD}spec: {{}}\n"));
        // It holds, whatever it reads.
        assert_eq!(ran(&holds, &holds, &["t/pod.yaml"]), (1, 0));
        // The same input, the same result.
        assert_eq!(ran(&fails, &fails, &["u/pod.yaml"]), (1, 1));
        // It reads what differs, or what a folder or link in its place may be.
        assert_eq!(ran(&fails, &fails, &["t/pod.yaml"]), (2, 1));
        assert_eq!(ran(&fails, &fails, &["t"]), (2, 1));
        assert_eq!(ran(&other, &fails, &["t/pod.yaml"]), (2, 0));
        assert_eq!(ran(&holds, &fails, &["t/kyverno-test.yaml"]), (2, 0));
    }
}

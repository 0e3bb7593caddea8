//! Fixture suites of both sides.

use super::redact::Found;
use crate::{
    model::{
        FewerFailures, RowRun, RowStatus, Side, SuiteFacts, SuiteRow, SuiteRun, SuiteSet, Watch,
        step,
    },
    suites::{SUITES, SuiteOptions},
};
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

/// HEAD's suites on HEAD's policies; where policies differ, BASE's suites on HEAD's policies too.
pub(super) fn run(
    base: &Suites<'_>,
    head: &Suites<'_>,
    policies_changed: bool,
    now: u64,
    watch: Watch<'_>,
) -> Vec<SuiteFacts> {
    let mut facts = run_all(
        head.files,
        head.suites,
        SuiteSet::Head,
        Side::Head,
        now,
        watch,
    );
    if policies_changed {
        let mixed = Mixed {
            fixtures: base.files,
            head: head.files,
            policies: base.policies.union(&head.policies).cloned().collect(),
        };
        facts.extend(run_all(
            &mixed,
            base.suites,
            SuiteSet::BaseOnHead,
            Side::Base,
            now,
            watch,
        ));
    }
    facts
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
    let head = head.iter().filter(|it| it.set == SuiteSet::Head);
    let (before, after) = (failures(before.iter()), failures(head));
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
    for (policy, rule, _, failing) in suites.flat_map(|it| &it.coverage) {
        *failures
            .entry((policy.as_str(), rule.as_str()))
            .or_default() += failing;
    }
    failures
}

fn run_all(
    files: &dyn Files,
    suites: &[(&'static str, RepoPath)],
    set: SuiteSet,
    side: Side,
    now: u64,
    watch: Watch<'_>,
) -> Vec<SuiteFacts> {
    let options = SuiteOptions {
        compat: false,
        now,
        side,
    };
    let one = |(format, path): &(&'static str, RepoPath)| {
        let sources = Sources::new();
        let format = SUITES.iter().find(|it| it.name() == *format);
        let run =
            |format: &&dyn crate::suites::SuiteFormat| format.run(files, &sources, path, &options);
        step(watch, path.as_str(), || {
            let runs = format.map(run).unwrap_or_default();
            without_secrets(runs, &sources, side)
        })
    };
    let runs: Vec<SuiteRun> = suites.par_iter().flat_map_iter(one).collect();
    runs.into_iter().map(|it| facts(it, set)).collect()
}

/// What suites say without the values of the Secrets among their resources.
pub(super) fn without_secrets(
    mut runs: Vec<SuiteRun>,
    sources: &Sources,
    side: Side,
) -> Vec<SuiteRun> {
    let shield = Found::in_sources(sources, side).into_shield();
    runs.iter_mut().for_each(|it| shield.suite(it));
    runs
}

fn facts(run: SuiteRun, set: SuiteSet) -> SuiteFacts {
    let held = |it: &RowRun| matches!(it.status, RowStatus::Ok | RowStatus::Excluded);
    SuiteFacts {
        set,
        held: run.results.iter().filter(|it| held(it)).count(),
        rows: run.results.iter().filter(|it| !held(it)).map(row).collect(),
        coverage: run
            .coverage
            .into_iter()
            .map(|it| (it.policy, it.rule, it.passing, it.failing))
            .collect(),
        path: run.path,
        error: run.error,
        error_place: run.error_place,
    }
}

fn row(row: &RowRun) -> SuiteRow {
    SuiteRow {
        subject: row.subject(),
        why: row.complaint(),
        error: row.status == RowStatus::Error,
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

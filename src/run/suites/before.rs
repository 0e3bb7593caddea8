//! What of the results of fixtures BASE has too.

use super::{Ran, Suites, run_all};
use crate::model::{ChangedFile, Side, SuiteFacts, SuiteRun, SuiteSet, Watch};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};

/// A row that does not hold, or a suite that cannot be run, as it is told apart from others. Holds what
/// may be secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    test: String,
    /// What a row is about; nothing for the suite as a whole.
    subject: Option<String>,
    expected: String,
    actual: Option<String>,
    /// Whether it could not be evaluated.
    error: bool,
    why: Option<String>,
    rests_on: Option<String>,
}

/// The marks of one test.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    error: Option<Mark>,
    /// Of the rows that do not hold, in their order.
    rows: Vec<Mark>,
}

impl Marks {
    pub(super) fn of(run: &SuiteRun) -> Self {
        let error = run.error.as_ref().map(|why| Mark {
            test: run.name.clone(),
            subject: None,
            expected: String::new(),
            actual: None,
            error: true,
            why: Some(why.clone()),
            rests_on: None,
        });
        let rows = run.results.iter().filter(|it| !super::held(it));
        let rows = rows.map(|it| Mark {
            test: run.name.clone(),
            subject: Some(it.subject()),
            expected: it.expected.clone(),
            actual: it.actual.clone(),
            error: super::is_error(it),
            why: it.why.clone(),
            rests_on: it.rests_on.clone(),
        });
        Self {
            error,
            rows: rows.collect(),
        }
    }
}

/// The results of BASE's suites on BASE's policies: of those that are needed, and none twice.
pub(super) struct Before {
    by_path: BTreeMap<RepoPath, Ran>,
}

impl Before {
    /// `head` are HEAD's suites and `mixed` BASE's on HEAD's policies, as they came out. Where `all` is
    /// set, BASE's are needed although they hold.
    pub(super) fn new(
        base: &Suites<'_>,
        [head, mixed]: [&[Ran]; 2],
        changed: &[ChangedFile],
        all: bool,
        now: u64,
        watch: Watch<'_>,
    ) -> Self {
        let changed: Vec<RepoPath> = changed
            .iter()
            .map(|it| RepoPath::new(&it.path).unwrap_or_default())
            .collect();
        let fails = |it: &&Ran| {
            it.facts
                .iter()
                .any(|it| it.error.is_some() || !it.rows.is_empty())
        };
        let fail: BTreeSet<&RepoPath> = head
            .iter()
            .chain(mixed)
            .filter(fails)
            .map(|it| &it.path)
            .collect();
        let mut by_path = BTreeMap::new();
        let mut needed = Vec::new();
        for suite in base.suites {
            if !all && !fail.contains(&suite.1) {
                continue;
            }
            let own = head.iter().find(|it| it.path == suite.1);
            match own.filter(|it| it.reads_none_of(&changed)) {
                // The same input gives the same result.
                Some(it) => {
                    by_path.insert(suite.1.clone(), it.clone());
                }
                None => needed.push(suite.clone()),
            }
        }
        let ran = run_all(base.files, &needed, SuiteSet::Head, Side::Base, now, watch);
        by_path.extend(ran.into_iter().map(|it| (it.path.clone(), it)));
        Self { by_path }
    }

    /// Mark what BASE has too. Of rows that are alike, as many are old as BASE has.
    pub(super) fn mark(&self, ran: &mut [Ran]) {
        for it in ran {
            let Some(before) = self.by_path.get(&it.path) else {
                continue;
            };
            let mut left: BTreeMap<&Mark, usize> = BTreeMap::new();
            for mark in before
                .marks
                .iter()
                .flat_map(|it| it.error.iter().chain(&it.rows))
            {
                *left.entry(mark).or_default() += 1;
            }
            let mut is_old = |mark: &Mark| match left.get_mut(mark) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            };
            for (facts, marks) in it.facts.iter_mut().zip(&it.marks) {
                facts.error_known = marks.error.as_ref().is_some_and(&mut is_old);
                for (row, mark) in facts.rows.iter_mut().zip(&marks.rows) {
                    row.known = is_old(mark);
                }
            }
        }
    }

    /// How much BASE's fixtures show of each rule.
    pub(super) fn coverage(&self) -> BTreeMap<(&str, &str), (usize, usize)> {
        coverage(self.by_path.values().flat_map(|it| &it.facts))
    }
}

/// How many rows show each rule passing, and failing.
pub(super) fn coverage<'a>(
    suites: impl Iterator<Item = &'a SuiteFacts>,
) -> BTreeMap<(&'a str, &'a str), (usize, usize)> {
    let mut found: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for it in suites.flat_map(|it| &it.coverage) {
        let counts = found.entry((&it.policy, &it.rule)).or_default();
        counts.0 += it.passing;
        counts.1 += it.failing;
    }
    found
}

impl Ran {
    /// Whether none of the files that differ was asked for, stands where one was asked for, or is a link
    /// or folder on the way.
    fn reads_none_of(&self, changed: &[RepoPath]) -> bool {
        let near = |a: &RepoPath, b: &RepoPath| a == b || a.is_within(b) || b.is_within(a);
        let asked = |it: &RepoPath| self.reads.iter().any(|read| near(it, read));
        !changed.iter().any(asked)
    }
}

/// A tree that remembers what was asked of it.
pub(super) struct Recording<'a> {
    files: &'a dyn Files,
    asked: Mutex<BTreeSet<RepoPath>>,
}

impl<'a> Recording<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            asked: Mutex::default(),
        }
    }

    pub(super) fn asked(self) -> BTreeSet<RepoPath> {
        self.asked
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, path: &RepoPath) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.insert(path.clone())
            && let Ok(target) = self.files.resolve(path)
        {
            asked.insert(target);
        }
    }
}

impl Files for Recording<'_> {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        self.note(path);
        self.files.read(path)
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        self.note(path);
        self.files.kind(path)
    }

    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        self.note(path);
        self.files.resolve(path)
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        self.note(path);
        self.files.list(path)
    }
}

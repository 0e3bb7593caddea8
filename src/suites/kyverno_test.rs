//! `kyverno-test.yaml`.

use super::{SuiteFormat, SuiteOptions};
use crate::model::{Place, RowRun, RowStatus, RuleCoverage, SuiteRun, within_calendar};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tollgate_kustomize::{EntryKind, Files, RepoPath};
use tollgate_kyverno::testfile::{self, Fetch, Listed, RowResult, SuiteResult, TestOptions};
use tollgate_yaml::Sources;

pub(super) struct KyvernoTest;

impl SuiteFormat for KyvernoTest {
    fn name(&self) -> &'static str {
        "kyverno-test"
    }

    fn file_name(&self) -> &'static str {
        testfile::FILE_NAME
    }

    fn run(
        &self,
        files: &dyn Files,
        sources: &Sources,
        path: &RepoPath,
        options: &SuiteOptions,
    ) -> Vec<SuiteRun> {
        let test = TestOptions {
            compat: options.compat,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(within_calendar(options.now)),
        };
        testfile::run_suite(&Tree(files), sources, path.as_str(), &test)
            .into_iter()
            .map(|it| suite(it, sources, options))
            .collect()
    }
}

fn suite(suite: SuiteResult, sources: &Sources, options: &SuiteOptions) -> SuiteRun {
    let place = |span| Place::of(sources, span, options.side);
    SuiteRun {
        path: suite.path,
        name: suite.name,
        error_place: suite.error.as_ref().and_then(|it| place(it.span)),
        error: suite.error.map(|it| it.message.to_string()),
        results: suite
            .results
            .into_iter()
            .map(|it| row(it, sources, options))
            .collect(),
        coverage: suite
            .coverage
            .into_iter()
            .map(|it| RuleCoverage {
                policy: it.policy,
                rule: it.rule,
                passing: it.passing,
                failing: it.failing,
            })
            .collect(),
    }
}

fn row(row: RowResult, sources: &Sources, options: &SuiteOptions) -> RowRun {
    RowRun {
        policy: row.policy,
        rule: row.rule,
        kind: row.kind,
        namespace: row.namespace,
        resource: row.resource,
        expected: row.expected,
        actual: row.actual.map(str::to_owned),
        status: match row.status {
            testfile::RowStatus::Ok => RowStatus::Ok,
            testfile::RowStatus::Mismatch => RowStatus::Mismatch,
            testfile::RowStatus::Error => RowStatus::Error,
            testfile::RowStatus::Excluded => RowStatus::Excluded,
        },
        why: row.why,
        rests_on: row.rests_on,
        place: Place::of(sources, row.span, options.side),
    }
}

/// The trees of this program, as suites read them.
struct Tree<'a>(&'a dyn Files);

impl Fetch for Tree<'_> {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>, String> {
        let Some(bytes) = self.0.read(&at(path)?).map_err(|it| it.to_string())? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|it| format!("`{path}` is not UTF-8 text: {it}"))?;
        Ok(Some(Arc::from(text)))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<Listed>>, String> {
        let folder = at(folder)?;
        let kind = |path: &RepoPath| self.0.kind(path).map_err(|it| it.to_string());
        if kind(&folder)? != Some(EntryKind::Directory) {
            return Ok(None);
        }
        let names = self.0.list(&folder).map_err(|it| it.to_string())?;
        let listed = names.into_iter().map(|name| {
            let is_folder = match folder.join(&name) {
                Some(path) => kind(&path)? == Some(EntryKind::Directory),
                None => false,
            };
            Ok(Listed { name, is_folder })
        });
        listed.collect::<Result<_, String>>().map(Some)
    }
}

fn at(path: &str) -> Result<RepoPath, String> {
    RepoPath::new(path).ok_or_else(|| format!("`{path}` is not a path of this tree"))
}

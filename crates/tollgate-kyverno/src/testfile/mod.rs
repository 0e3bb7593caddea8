//! `kyverno-test.yaml`: what a suite expects of policies, and whether they do it.
//!
//! [`run_suite`] reads a test file and everything that it names through a [`Fetch`], asks the
//! policies, and judges the rows as Kyverno's command line does (release 1.19), except that rows
//! which it passes without evaluating them are not passed here: by default they are mismatches, in
//! [compat mode](TestOptions::compat) they are [`RowStatus::Excluded`].

mod compare;
mod document;
mod fault;
mod fetch;
mod fields;
mod judge;
mod mocks;
mod nearest;
mod object;
mod result;
mod suite;
mod values;

pub use fault::SuiteError;
pub use fetch::{Fetch, Listed};
pub use result::{Coverage, RowResult, RowStatus, SuiteResult, Summary, TestReport};

#[cfg(test)]
mod tests;

use document::TestDocument;
use std::time::SystemTime;
use suite::{Reader, Suite};
use tollgate_yaml::{Node, Sources, Span};

/// The file name under which Kyverno looks for suites.
pub const FILE_NAME: &str = "kyverno-test.yaml";

/// How suites are judged.
#[derive(Clone, Copy, Debug)]
pub struct TestOptions {
    /// Count as [`RowStatus::Excluded`] what Kyverno passes without evaluating it, and select
    /// resources as it does: by name alone, all of them where no name is found. Contexts that
    /// nobody can ask and for which the test has no value stay unset, as they do there.
    pub compat: bool,
    /// The clock of the policies.
    pub now: SystemTime,
}

/// Run the tests of one file: one result for each document that is a test.
///
/// `path` is the file's path in the tree of `fetch`. What is read is remembered in `sources`, to
/// which the spans of the results point. A test that cannot be read has an error and no rows; the
/// other documents of the file are still run.
pub fn run_suite(
    fetch: &dyn Fetch,
    sources: &Sources,
    path: &str,
    options: &TestOptions,
) -> Vec<SuiteResult> {
    let reader = Reader::new(fetch, sources, path);
    let documents = match reader.tree_file(path, Span::NONE) {
        Ok(documents) => documents,
        Err(error) => return vec![failed(path, String::new(), error)],
    };
    if documents.is_empty() {
        let error = SuiteError::new(Span::NONE, format!("`{path}` holds no test"));
        return vec![failed(path, String::new(), error)];
    }
    let tests = documents.iter();
    tests.map(|it| run(it, &reader, path, options)).collect()
}

fn run(document: &Node, reader: &Reader<'_>, path: &str, options: &TestOptions) -> SuiteResult {
    let test = match TestDocument::read(document) {
        Ok(test) => test,
        Err(error) => return failed(path, String::new(), error),
    };
    let name = test.name.clone();
    let judged = Suite::load(test, reader, options.compat).and_then(|suite| {
        if let Some(problem) = suite.unnoticed_problem()
            && !options.compat
        {
            return Err(SuiteError::new(problem.span, &*problem.message));
        }
        let mut judge = judge::Judge::new(&suite, reader, options);
        Ok((judge.rows()?, judge.into_coverage()))
    });
    match judged {
        Ok((results, coverage)) => SuiteResult {
            path: path.to_owned(),
            name,
            error: None,
            results,
            coverage,
        },
        Err(error) => failed(path, name, error),
    }
}

fn failed(path: &str, name: String, error: SuiteError) -> SuiteResult {
    SuiteResult {
        path: path.to_owned(),
        name,
        error: Some(error),
        results: Vec::new(),
        coverage: Vec::new(),
    }
}

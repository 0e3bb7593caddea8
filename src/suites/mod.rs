//! Formats of policy fixtures. To add a format: write its file and add its two lines below.

use crate::model::{Side, SuiteRun};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::Sources;

mod kyverno_test;

/// Every format.
pub static SUITES: &[&dyn SuiteFormat] = &[&kyverno_test::KyvernoTest];

/// How suites are judged.
#[derive(Clone, Copy, Debug)]
pub struct SuiteOptions {
    /// Count as excluded what the peer passes without evaluating it.
    pub compat: bool,
    /// The clock of the policies, in seconds since 1970.
    pub now: u64,
    /// The tree that places are given in.
    pub side: Side,
}

/// One format.
pub trait SuiteFormat: Sync {
    /// The file's own name.
    fn name(&self) -> &'static str;
    /// How its files are called.
    fn file_name(&self) -> &'static str;
    /// Run every test of a suite file.
    fn run(
        &self,
        files: &dyn Files,
        sources: &Sources,
        path: &RepoPath,
        options: &SuiteOptions,
    ) -> Vec<SuiteRun>;
}

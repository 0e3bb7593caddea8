//! `tollgate.yaml`: what the repository asks of a change.
//!
//! [`load`] reads the file out of a tree (callers pass the base: a change is never judged by its
//! own settings). Every mistake in it is reported at its place, and a file with a mistake is no
//! configuration at all. Without a file, [`Config::default`] and
//! [`Config::with_inferred_environments`] say what holds; [`inferred`] keeps those conventions.
//! Settings of gates that are not configured are `None`.

mod baseline;
mod check;
mod compare;
mod emergency;
mod environment;
mod exceptions;
pub mod inferred;
mod places;
mod read;
mod review;
mod schema;
mod settings;
mod value;

pub use baseline::{baseline, baseline_text};
pub use compare::lowered;
pub use emergency::read_override;
pub use environment::{
    Argocd, Enforcement, Environment, Feature, Freeze, Identity, Images, KnownFindings, Pin,
    PromoteFrom, Rule, TargetRevision, Window,
};
pub use exceptions::{exceptions, exceptions_schema};
pub use places::Places;
pub use review::{
    ApprovalBind, ApprovalDefaults, ApprovalRule, Approvals, ChangesRequested, Codeowners, Group,
    OnUnknown, Permission, Protection, ProtectionSettings, Require, Snapshot, StatusCheck, Unknown,
    When,
};
pub use settings::{
    Audit, Builtin, Coverage, Eased, Handoff, HandoffBind, Override, Plain, Policies, PullRequest,
    Rollback, Schema, Secrets, Waivable,
};
pub use value::{
    Cron, Duration, FilePath, ImagePattern, KubernetesVersion, Name, Pattern, Patterns, Percent,
    Placeholder, Pointer, RefName, TimeZone, User,
};

use crate::model::Place;
pub(crate) use read::nearest;
use read::{Read, Reader, section};
pub use schema::schema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Sources, Span, YamlError};

/// The name of the file, at the root of the repository.
pub const FILE_NAME: &str = "tollgate.yaml";

/// Names that people might take for [`FILE_NAME`]. A file of such a name is an error, because
/// ignoring it would drop every demand that it makes.
const NEAR_MISSES: [&str; 4] = [
    "tollgate.yml",
    ".tollgate.yaml",
    ".tollgate.yml",
    "Tollgate.yaml",
];

/// The one version of the format.
const VERSION: u32 = 1;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 32,
    nodes: 100_000,
    documents: 2,
    keys: 10_000,
};

section! {
    /// What the repository asks of a change.
    pub struct Config {
        /// The version of the format: 1.
        version: u32,
        /// The environments in promotion order; where none is listed, folder names show them.
        environments: Vec<Environment> = Vec::new(),
        /// Policies and their fixtures.
        policies: Policies = Policies::default(),
        /// Validation of resources.
        schema: Option<Schema> = None,
        /// Secrets in git.
        secrets: Secrets = Secrets::default(),
        /// What one change may do.
        pull_request: Option<PullRequest> = None,
        /// Groups of people, by name.
        groups: BTreeMap<String, Group> = BTreeMap::new(),
        /// Approvals of the change.
        approvals: Option<Approvals> = None,
        /// Protection of the branch.
        protection: Option<Protection> = None,
        /// Return to an earlier state.
        rollback: Option<Rollback> = None,
        /// Emergency changes.
        emergency ["override"]: Option<Override> = None,
        /// The file with exceptions.
        exceptions: FilePath = FilePath::known(".tollgate/exceptions.yaml"),
        /// The file with findings known at adoption.
        baseline: FilePath = FilePath::known(".tollgate/baseline.json"),
        /// The hand-off.
        handoff: Option<Handoff> = None,
        /// The audit chain.
        audit: Option<Audit> = None,
    }
}

/// A configuration and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// The file; `None` where there is none and conventions hold.
    pub file: Option<ConfigFile>,
}

/// The file that a configuration was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// Its path in the tree.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Where each setting stands.
    pub places: Places,
}

/// The configuration of a tree.
///
/// # Errors
/// Every mistake in the file; [`Span::NONE`] where the file cannot be read at all.
pub fn load(files: &dyn Files, sources: &Sources) -> Result<Loaded, Vec<YamlError>> {
    let nowhere = |message: String| vec![YamlError::new(Span::NONE, message)];
    let read = |name: &str| {
        let path = RepoPath::new(name).unwrap_or_default();
        files.read(&path).map_err(|it| nowhere(it.to_string()))
    };
    if let Some(bytes) = read(FILE_NAME)? {
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| nowhere(format!("`{FILE_NAME}` is not UTF-8: {error}")))?;
        return parse(FILE_NAME, text, sources);
    }
    for name in NEAR_MISSES {
        if read(name)?.is_some() {
            return Err(vec![
                YamlError::new(Span::NONE, format!("`{name}` is not read"))
                    .help(format!("rename it to `{FILE_NAME}`")),
            ]);
        }
    }
    Ok(Loaded {
        config: Config::default(),
        file: None,
    })
}

/// Read a configuration from its text.
///
/// # Errors
/// Every mistake in the file.
pub fn parse(path: &str, text: &str, sources: &Sources) -> Result<Loaded, Vec<YamlError>> {
    let file = sources.add(path, text);
    let start = Span::new(file, 0, 0);
    let documents =
        tollgate_yaml::parse(text, file, Dialect::Kyaml, &LIMITS).map_err(|error| vec![error])?;
    let document = match documents.as_slice() {
        [document] if !document.is_null() => document,
        [] | [_] => {
            let empty = YamlError::new(start, "the configuration is empty");
            return Err(vec![
                empty.help("it begins with `version: 1`; `tollgate init` writes one"),
            ]);
        }
        [_, second, ..] => {
            let many = YamlError::new(second.span(), "the configuration is one document");
            return Err(vec![many.help("remove everything after `---`")]);
        }
    };
    let mut reader = Reader::default();
    if let Some(config) = Config::read(document, &mut reader) {
        check::check(&config, document, &mut reader);
        let problems = reader.finish();
        if !problems.is_empty() {
            return Err(problems);
        }
        return Ok(Loaded {
            config,
            file: Some(ConfigFile {
                path: path.to_owned(),
                sha256: format!("{:x}", Sha256::digest(text)),
                places: Places::of(document, sources),
            }),
        });
    }
    Err(reader.finish())
}

/// What holds without a file, but for environments.
impl Default for Config {
    fn default() -> Self {
        Self {
            version: VERSION,
            environments: Vec::new(),
            policies: Policies {
                coverage: Coverage {
                    min_rules: inferred::COVERAGE,
                },
                ..Policies::default()
            },
            schema: None,
            secrets: Secrets::default(),
            pull_request: None,
            groups: BTreeMap::new(),
            approvals: None,
            protection: None,
            rollback: None,
            emergency: None,
            exceptions: FilePath::known(".tollgate/exceptions.yaml"),
            baseline: FilePath::known(".tollgate/baseline.json"),
            handoff: None,
            audit: None,
        }
    }
}

impl Config {
    /// The same settings; where no environment is listed, with those that folder names show.
    /// `overlays` are the overlays of base and head together.
    #[must_use]
    pub fn with_inferred_environments<'a>(
        mut self,
        overlays: impl IntoIterator<Item = &'a RepoPath>,
    ) -> Self {
        if self.environments.is_empty() {
            self.environments = inferred::environments(overlays);
        }
        self
    }

    /// The environment of that name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|it| it.name.as_str() == name)
    }
}

impl Loaded {
    /// Where a setting stands (`environments.prod.enforcement`), or the nearest setting around it;
    /// `None` without a file.
    pub fn place(&self, setting: &str) -> Option<&Place> {
        self.file.as_ref().and_then(|it| it.places.nearest(setting))
    }
}

#[cfg(test)]
mod tests;

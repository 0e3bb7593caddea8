//! One side of a change, searched through.

use crate::{
    config::{self, Config, Patterns},
    exit,
    model::{Place, Problem, Side, Watch, step},
    renderers::RENDERERS,
    repo::{
        self,
        discover::{self, Class, Flux, Kustomizations, PolicyFiles},
    },
    run::{Stop, overlay::Tree, rules::InFiles, secrets, sides::file_stop, suites, waivers},
    suites::SUITES,
};
use tollgate_kustomize::{FileError, Files, RepoPath, Session};
use tollgate_yaml::Sources;

/// One side of the change, searched through.
pub(in crate::run) struct Opened<'a> {
    pub(super) side: Side,
    pub(super) files: &'a dyn repo::Tree,
    pub(super) sources: &'a Sources,
    pub(super) session: Session<'a>,
    pub(super) kustomizations: Kustomizations,
    pub(super) policies: PolicyFiles,
    pub(super) suites: Vec<(&'static str, RepoPath)>,
}

impl<'a> Opened<'a> {
    pub(super) fn new(
        files: &'a dyn repo::Tree,
        sources: &'a Sources,
        side: Side,
        config: &Config,
        watch: Watch<'_>,
    ) -> Result<Self, Stop> {
        let files_as: &'a dyn Files = files;
        let session = Session::new(files_as, sources);
        let stop = |it: FileError| file_stop(&it);
        let name = match side {
            Side::Base => "the files of BASE",
            Side::Head => "the files of HEAD",
        };
        step(watch, name, || {
            let pattern = |it: String| {
                Stop::new(
                    exit::USAGE,
                    format!("the patterns of policies cannot be used: {it}"),
                )
            };
            let policy_paths = Patterns::compile(&config.policies.paths).map_err(pattern)?;
            let fixture_paths = Patterns::compile(&config.policies.fixtures).map_err(pattern)?;
            let mut suites = Vec::new();
            for format in SUITES {
                let found =
                    discover::suites(files, &fixture_paths, format.file_name()).map_err(stop)?;
                suites.extend(found.into_iter().map(|it| (format.name(), it)));
            }
            Ok(Self {
                side,
                files,
                sources,
                kustomizations: discover::kustomizations(files, &session).map_err(stop)?,
                policies: discover::policies(files, &session, &policy_paths).map_err(stop)?,
                suites,
                session,
            })
        })
    }

    /// The rules in its files.
    pub(super) fn rules(&self, builtin: config::Builtin) -> InFiles<'_> {
        InFiles {
            documents: &self.policies.documents,
            sources: self.sources,
            side: self.side,
            builtin,
        }
    }

    pub(super) fn side(&self) -> secrets::Tree<'_> {
        secrets::Tree {
            side: self.side,
            files: self.files,
            sources: self.sources,
        }
    }

    pub(super) fn waivers(&self) -> waivers::Tree<'_> {
        waivers::Tree {
            side: self.side,
            files: self.files,
            sources: self.sources,
        }
    }

    pub(super) fn tree(&self, config: &Config) -> Tree<'_> {
        let overlays = discover::overlays(&self.kustomizations, config).overlays;
        Tree {
            side: self.side,
            files: self.files,
            sources: self.sources,
            session: RENDERERS[0].open(&self.session, self.side),
            overlays: overlays.into_iter().map(|it| it.path).collect(),
            flux: Flux::new(self.files, &self.session),
        }
    }

    pub(super) fn suites(&self) -> suites::Suites<'_> {
        let policies = self
            .policies
            .documents
            .iter()
            .filter(|it| it.class == Class::Policy);
        suites::Suites {
            files: self.files,
            suites: &self.suites,
            policies: policies
                .flat_map(|it| [Some(it.path.clone()), it.through.clone()])
                .flatten()
                .collect(),
        }
    }

    /// What stands in the tree and cannot be what it seems to be.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let of = |gate: &'static str, list: &[discover::Problem]| {
            list.iter()
                .map(|it| self.problem(gate, it))
                .collect::<Vec<_>>()
        };
        let gate = match self.side {
            Side::Base => "policies",
            Side::Head => "policy-tests",
        };
        let mut problems = of("renders", &self.kustomizations.problems);
        let hides_rules = |it| Problem {
            hides_rules: true,
            ..it
        };
        problems.extend(
            of(gate, &self.policies.problems)
                .into_iter()
                .map(hides_rules),
        );
        problems.extend(self.files.problems().iter().map(|it| Problem {
            gate: "renders".to_owned(),
            subject: if it.path.as_str().is_empty() {
                "the root folder".to_owned()
            } else {
                it.path.to_string()
            },
            message: it.why.clone(),
            help: Some("rename it".to_owned()),
            place: None,
            name: true,
            before: false,
            hides_rules: false,
            mended: None,
        }));
        problems
    }

    /// One of those problems, for a gate.
    pub(super) fn problem(&self, gate: &str, problem: &discover::Problem) -> Problem {
        Problem {
            gate: gate.to_owned(),
            subject: problem.path.to_string(),
            message: problem.message.clone(),
            help: problem.help.clone(),
            place: Place::of(self.sources, problem.span, self.side),
            name: false,
            before: false,
            hides_rules: false,
            mended: None,
        }
    }
}

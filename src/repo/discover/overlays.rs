//! Which overlay belongs to which environment.

use super::{Kustomizations, Problem};
use crate::config::{Config, Name, Pattern, Patterns};
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::Span;

/// A kustomization that somebody applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Its folder.
    pub path: RepoPath,
    /// Its environment; `None` where no environment of the configuration, or more than one,
    /// speaks of it.
    pub environment: Option<Name>,
}

/// The overlays of a tree with their environments.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    /// In the order of their paths.
    pub overlays: Vec<Overlay>,
    /// What is wrong with the mapping.
    pub problems: Vec<Problem>,
}

/// The overlays of a tree: the kustomizations that nothing builds on, and those that the
/// configuration names. `config` is that of the base for both trees.
pub fn overlays(found: &Kustomizations, config: &Config) -> Mapped {
    let owned: Vec<(&Name, &Pattern)> = config
        .environments
        .iter()
        .flat_map(|it| it.overlays.iter().map(|pattern| (&it.name, pattern)))
        .collect();
    let mut mapped = Mapped::default();
    let patterns = match Patterns::compile(owned.iter().map(|(_, pattern)| *pattern)) {
        Ok(patterns) => Some(patterns),
        Err(why) => {
            mapped.problems.push(Problem {
                path: RepoPath::root(),
                span: Span::NONE,
                message: format!("the patterns of overlays cannot be used together: {why}"),
                help: Some("give fewer or shorter patterns".to_owned()),
            });
            None
        }
    };
    let others = config.environments.iter().find(|it| it.others);
    for (path, top) in found.all() {
        let matching = patterns
            .as_ref()
            .map(|it| it.matching(path))
            .unwrap_or_default();
        let names: BTreeSet<&Name> = matching.iter().map(|at| owned[*at].0).collect();
        let environment = match names.iter().collect::<Vec<_>>().as_slice() {
            [] if !top => continue,
            [] => others.map(|it| it.name.clone()),
            [name] => Some((**name).clone()),
            [..] => {
                let names: Vec<String> = names.iter().map(|it| format!("`{it}`")).collect();
                mapped.problems.push(Problem {
                    path: path.clone(),
                    span: Span::NONE,
                    message: format!(
                        "the overlay is in more than one environment: {}",
                        names.join(", ")
                    ),
                    help: Some(
                        "make the `overlays` patterns of the environments narrower".to_owned(),
                    ),
                });
                None
            }
        };
        mapped.overlays.push(Overlay {
            path: path.clone(),
            environment,
        });
    }
    mapped
}

//! Whether the configuration of a work tree holds together, before it is committed.

use super::{
    Stop,
    gather::config_stop,
    redact::Texts,
    sides::{file_stop, repo_stop},
    waivers::Tree,
};
use crate::{
    config::{self, Config},
    exit,
    model::{FileMistake, Side},
    repo::{Caps, Objects, WorkingTree, discover},
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tollgate_kustomize::Session;

/// Which work tree to look at.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfigurationTask {
    /// A folder of the repository.
    pub directory: PathBuf,
}

/// A configuration without a mistake.
#[derive(Debug, Serialize, Deserialize)]
pub struct Configured {
    /// The file; `None` where there is none and folder names show the environments.
    pub file: Option<String>,
    /// The environments in promotion order, each with the number of its overlays.
    pub environments: Vec<(String, usize)>,
    /// Overlays that are in no environment.
    pub elsewhere: usize,
    /// Exceptions; `None` where there is no file with them.
    pub exceptions: Option<usize>,
    /// Findings known at adoption; `None` where there is no baseline.
    pub baseline: Option<usize>,
}

pub(super) fn configuration(task: &ConfigurationTask, read: &Texts) -> Result<Configured, Stop> {
    let objects = Objects::open(&task.directory, Caps::default()).map_err(repo_stop)?;
    let files = WorkingTree::read(&objects).map_err(repo_stop)?;
    let sources = &read.head;
    let loaded = config::load(&files, sources).map_err(|it| config_stop(&it, sources))?;
    let tree = Tree {
        side: Side::Head,
        files: &files,
        sources,
    };
    let (exceptions, baseline) = waivers(tree, &loaded.config).map_err(|it| mistaken(&it))?;
    let session = Session::new(&files, sources);
    let kustomizations = discover::kustomizations(&files, &session).map_err(|it| file_stop(&it))?;
    let config = loaded
        .config
        .with_inferred_environments(kustomizations.overlays());
    let mapped = discover::overlays(&kustomizations, &config);
    if !mapped.problems.is_empty() {
        let messages = mapped.problems.iter();
        return Err(Stop {
            code: exit::USAGE,
            messages: messages
                .map(|it| format!("{}: {}", it.path, it.message))
                .collect(),
            help: mapped.problems.iter().find_map(|it| it.help.clone()),
        });
    }
    let within = |name: Option<&str>| {
        let overlays = mapped.overlays.iter();
        overlays
            .filter(|it| it.environment.as_ref().map(|it| it.as_str()) == name)
            .count()
    };
    let environments = config.environments.iter().map(|it| it.name.as_str());
    Ok(Configured {
        file: loaded.file.map(|it| it.path),
        environments: environments
            .map(|it| (it.to_owned(), within(Some(it))))
            .collect(),
        elsewhere: within(None),
        exceptions,
        baseline,
    })
}

/// How much the files with exceptions and the baseline hold, where they are.
fn waivers(
    tree: Tree<'_>,
    config: &Config,
) -> Result<(Option<usize>, Option<usize>), Vec<FileMistake>> {
    let (sources, side) = (tree.sources, tree.side);
    let exceptions = tree.text(&config.exceptions)?.map(|it| {
        let read = config::exceptions(config.exceptions.as_str(), &it, sources, side);
        read.map(|it| it.len()).map_err(|it| tree.mistakes(&it))
    });
    let baseline = tree.text(&config.baseline)?.map(|it| {
        let read = config::baseline(config.baseline.as_str(), &it, sources);
        read.map(|it| it.len()).map_err(|it| tree.mistakes(&it))
    });
    Ok((exceptions.transpose()?, baseline.transpose()?))
}

fn mistaken(mistakes: &[FileMistake]) -> Stop {
    let message = |it: &FileMistake| match &it.place {
        Some(place) => format!("{place}: {}", it.message),
        None => it.message.clone(),
    };
    Stop {
        code: exit::USAGE,
        messages: mistakes.iter().map(message).collect(),
        help: mistakes.iter().find_map(|it| it.help.clone()),
    }
}

//! What an overlay or an environment would receive, from the files as they lie in a folder.

use super::{Stop, gather::config_stop, place::Opened, redact::Texts};
use crate::{
    config, exit,
    model::{Side, Watch, step},
    renderers::{Kustomize, RenderError, RenderSession},
    repo::{Tree, discover},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tollgate_kustomize::{FileError, Files, Options, RepoPath, Session};
use tollgate_yaml::Sources;

/// What to render.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenderTask {
    /// Where the command was started.
    pub directory: PathBuf,
    /// A folder with a kustomization, or the name of an environment.
    pub target: String,
    /// Which files a kustomization may name.
    pub load_restrictor: LoadRestrictor,
    /// In which order resources come out.
    pub order: Order,
    /// Whether every resource gets the label that says what made it.
    pub managed_by_label: bool,
}

/// Which files a kustomization may name.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum LoadRestrictor {
    /// Those in or below its own folder.
    RootOnly,
    /// Any file.
    None,
}

impl From<LoadRestrictor> for tollgate_kustomize::LoadRestrictor {
    fn from(it: LoadRestrictor) -> Self {
        match it {
            LoadRestrictor::RootOnly => Self::RootOnly,
            LoadRestrictor::None => Self::None,
        }
    }
}

/// In which order resources come out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Namespaces and definitions first.
    Legacy,
    /// As they were read.
    Fifo,
}

/// Rendered output.
#[derive(Debug, Serialize, Deserialize)]
pub struct Printed {
    /// As kustomize prints it.
    pub yaml: String,
    /// What renders, but probably not to what was meant; each begins with its place.
    pub warnings: Vec<String>,
}

/// The output holds every value, as the cluster receives it; warnings and errors hold none.
pub(super) fn render(task: &RenderTask, read: &Texts, watch: Watch<'_>) -> Result<Printed, Stop> {
    let mut printed = print(task, &read.head, watch)?;
    if !printed.warnings.is_empty() {
        let shield = read.found().into_shield();
        printed.warnings.iter_mut().for_each(|it| shield.text(it));
    }
    Ok(printed)
}

fn print(task: &RenderTask, sources: &Sources, watch: Watch<'_>) -> Result<Printed, Stop> {
    let opened = Opened::new(&task.directory, &task.target)?;
    let options = Options {
        load_restrictor: task.load_restrictor.into(),
        order: match task.order {
            Order::Legacy => tollgate_kustomize::Order::Legacy,
            Order::Fifo => tollgate_kustomize::Order::Fifo,
        },
        managed_by_label: task.managed_by_label,
    };
    let overlays = match &opened.path {
        Some(path) => vec![path.clone()],
        None if opened.is_repository => overlays_of(&opened.files, sources, &task.target)?,
        // Environments are those of a repository.
        None => {
            let message = format!("there is no folder `{}`", task.target);
            return Err(Stop::new(exit::USAGE, message).help(
                "name a folder with a kustomization; in a git repository also an environment",
            ));
        }
    };
    let parsed = Session::new(&opened.files, sources);
    let session = Kustomize::open_with(&parsed, Side::Head, options);
    let rendered: Vec<_> = overlays
        .par_iter()
        .map(|it| step(watch, &it.to_string(), || session.render(it)))
        .collect();
    let mut printed = Printed {
        yaml: String::new(),
        warnings: Vec::new(),
    };
    for (path, result) in overlays.iter().zip(rendered) {
        let rendered = result.map_err(|it| {
            let stop = failed(path, &it);
            if is_kustomization(&opened.files, path) {
                return stop;
            }
            stop.help(
                "name a folder with a kustomization, or an environment: `tollgate render prod`",
            )
        })?;
        if !printed.yaml.is_empty() && !rendered.yaml.is_empty() {
            printed.yaml.push_str("---\n");
        }
        printed.yaml.push_str(&rendered.yaml);
        let warnings = rendered.warnings.into_iter();
        printed.warnings.extend(warnings.map(|it| match it.place {
            Some(place) => format!("{place}: {}", it.message),
            None => it.message,
        }));
    }
    Ok(printed)
}

/// Whether a person who named the folder could mean what stands in it.
fn is_kustomization(files: &dyn Files, path: &RepoPath) -> bool {
    let known = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let names = files.list(path).unwrap_or_default();
    names.iter().any(|it| known.contains(&it.as_str()))
}

fn failed(path: &RepoPath, error: &RenderError) -> Stop {
    let message = match &error.place {
        Some(place) => format!("{place}: {}", error.message),
        None => format!("{path}: {}", error.message),
    };
    Stop {
        code: exit::REFUSED,
        messages: vec![message],
        help: error.help.clone(),
    }
}

/// The overlays of an environment, as the configuration in the same tree maps them.
fn overlays_of(
    tree: &dyn Tree,
    sources: &Sources,
    environment: &str,
) -> Result<Vec<RepoPath>, Stop> {
    let loaded = config::load(tree, sources).map_err(|it| config_stop(&it, sources))?;
    let session = Session::new(tree, sources);
    let unreadable = |it: FileError| Stop::new(exit::UNKNOWN, it.to_string());
    let kustomizations = discover::kustomizations(tree, &session).map_err(unreadable)?;
    let config = loaded
        .config
        .with_inferred_environments(kustomizations.overlays());
    if config.environment(environment).is_none() {
        let names: Vec<&str> = config
            .environments
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let message = format!("`{environment}` is neither a folder nor an environment");
        return Err(Stop::new(exit::USAGE, message)
            .help(format!("the environments are {}", names.join(", "))));
    }
    let mapped = discover::overlays(&kustomizations, &config).overlays;
    let own = mapped.into_iter().filter(|it| {
        it.environment
            .as_ref()
            .is_some_and(|it| it.as_str() == environment)
    });
    Ok(own.map(|it| it.path).collect())
}

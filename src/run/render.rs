//! What an overlay or an environment would receive, from the files as they lie in a folder.

use super::{
    Answer, Stop,
    gather::config_stop,
    place::Opened,
    redact::{Shield, Texts},
};
use crate::{
    config, exit,
    model::{Place, Side, SideFailure, SourceLine, Watch, step},
    renderers::{Kustomize, RenderSession},
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

/// The output holds every value, as the cluster receives it; warnings and errors hold none. Names of
/// files and folders are left alone in them, whatever a Secret holds.
pub(super) fn render(task: &RenderTask, read: &Texts, watch: Watch<'_>) -> Result<Answer, Stop> {
    let opened = Opened::new(&task.directory, &task.target)?;
    let told = |it: Said| {
        let shield = read.found().into_shield();
        it.told(&opened, &shield)
    };
    Ok(match print(task, &opened, &read.head, watch)? {
        Ok((yaml, warnings)) => Answer::Render(Printed {
            yaml,
            warnings: warnings.into_iter().map(|it| told(it).0).collect(),
        }),
        Err(failure) => {
            let (message, help) = told(failure);
            Answer::Stopped(Stop {
                code: exit::REFUSED,
                messages: vec![message],
                help,
            })
        }
    })
}

/// What is to be said of a file, as it was read.
struct Said {
    /// The line, or the folder where no line is known.
    path: String,
    at: Option<(u32, u32)>,
    message: String,
    help: Option<String>,
}

impl Said {
    fn new(
        overlay: &RepoPath,
        place: Option<&Place>,
        message: &str,
        help: Option<&String>,
    ) -> Self {
        Self {
            path: place.map_or_else(|| overlay.to_string(), |it| it.path.clone()),
            at: place.map(|it| (it.line, it.column)),
            message: message.to_owned(),
            help: help.cloned(),
        }
    }

    /// The message without any value, behind a place that can be opened, and its advice.
    fn told(self, opened: &Opened, shield: &Shield) -> (String, Option<String>) {
        let mut place = opened.name(&self.path);
        if let Some((line, column)) = self.at {
            place.push_str(&format!(":{line}:{column}"));
        }
        let (text, names) = without_names(&self.message, &self.path, opened);
        let mut failure = SideFailure {
            side: Side::Head,
            message: text,
            help: self.help,
            line: Some(SourceLine {
                path: self.path,
                line: self.at.map_or(1, |it| it.0),
            }),
        };
        shield.failure(&mut failure);
        let mut message = failure.message;
        for (at, name) in names.iter().enumerate() {
            message = message.replace(&mark(at), name);
        }
        (format!("{place}: {message}"), failure.help)
    }
}

/// What stands for a name while values are taken out: no text that was read has it.
fn mark(at: usize) -> String {
    format!("\u{1}{at}\u{1}")
}

/// A message with marks in place of the paths that it quotes, and these paths: what is there, or would
/// be in a folder that is there.
/// Those from the root of the tree are given as they can be opened.
fn without_names(message: &str, about: &str, opened: &Opened) -> (String, Vec<String>) {
    let mut names = Vec::new();
    if message.contains('\u{1}') {
        return (message.to_owned(), names);
    }
    let files = &opened.files;
    let folder = RepoPath::new(about);
    let near: Vec<RepoPath> = folder
        .iter()
        .flat_map(|it| [Some(it.clone()), it.parent()])
        .flatten()
        .collect();
    let is_there = |it: &RepoPath| files.kind(it).is_ok_and(|it| it.is_some());
    let stands = |path: Option<RepoPath>| {
        let Some(path) = path else { return false };
        let parent = path.parent().filter(|it| !it.as_str().is_empty());
        is_there(&path) || parent.is_some_and(|it| is_there(&it))
    };
    let mut keep = |name: String| {
        names.push(name);
        mark(names.len() - 1)
    };
    let parts = message.split('`').enumerate().map(|(at, part)| {
        if at % 2 == 0 || !part.contains('/') {
            part.to_owned()
        } else if stands(RepoPath::new(part)) {
            keep(opened.name(part))
        } else if near.iter().any(|it| stands(it.join(part))) {
            keep(part.to_owned())
        } else {
            part.to_owned()
        }
    });
    let text = parts.collect::<Vec<_>>().join("`");
    (text, names)
}

/// What a task prints, with what is to be said beside it.
type Output = (String, Vec<Said>);

fn print(
    task: &RenderTask,
    opened: &Opened,
    sources: &Sources,
    watch: Watch<'_>,
) -> Result<Result<Output, Said>, Stop> {
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
    let mut yaml = String::new();
    let mut said = Vec::new();
    if overlays.is_empty() {
        said.push(Said {
            path: config::FILE_NAME.to_owned(),
            at: None,
            message: format!(
                "the environment `{}` has no overlay here, so there is nothing to render",
                task.target
            ),
            help: None,
        });
    }
    for (path, result) in overlays.iter().zip(rendered) {
        let rendered = match result {
            Ok(rendered) => rendered,
            Err(it) => {
                let mut failure = Said::new(path, it.place.as_ref(), &it.message, it.help.as_ref());
                if !is_kustomization(&opened.files, path) {
                    let help = "name a folder with a kustomization, or an environment: `tollgate render prod`";
                    failure.help = Some(help.to_owned());
                }
                return Ok(Err(failure));
            }
        };
        if !yaml.is_empty() && !rendered.yaml.is_empty() {
            yaml.push_str("---\n");
        }
        yaml.push_str(&rendered.yaml);
        let warnings = rendered.warnings.iter();
        said.extend(warnings.map(|it| Said::new(path, it.place.as_ref(), &it.message, None)));
    }
    Ok(Ok((yaml, said)))
}

/// Whether a person who named the folder could mean what stands in it.
fn is_kustomization(files: &dyn Files, path: &RepoPath) -> bool {
    let known = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let names = files.list(path).unwrap_or_default();
    names.iter().any(|it| known.contains(&it.as_str()))
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

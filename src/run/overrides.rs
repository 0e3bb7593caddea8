//! Files of HEAD that ask for an emergency override.

use super::{Stop, sides::file_stop};
use crate::{
    config::{Config, Patterns, read_override},
    exit,
    model::{
        ChangedFile, ControlPlane, ControlPlaneFile, Edit, OverrideFacts, OverrideMistake, Place,
        Side,
    },
    repo::Tree,
};
use std::collections::BTreeMap;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::Sources;

/// Every file at the place where BASE's configuration looks for them, sorted by path.
pub(super) fn facts(
    head: &dyn Tree,
    sources: &Sources,
    config: &Config,
    changed: &[ChangedFile],
) -> Result<Vec<OverrideFacts>, Stop> {
    let Some(allowed) = &config.emergency else {
        return Ok(Vec::new());
    };
    let patterns = Patterns::compile([&allowed.path]).map_err(|it| {
        let message = format!("the pattern of overrides cannot be used: {it}");
        Stop::new(exit::USAGE, message)
    })?;
    let stop = |it| file_stop(&it);
    let files = head.files().map_err(stop)?.into_iter();
    let links = head.links().map_err(stop)?.into_iter();
    let all: BTreeMap<RepoPath, bool> = files
        .map(|it| (it, false))
        .chain(links.map(|it| (it, true)))
        .collect();
    let found = all.iter().filter(|it| patterns.matches(it.0));
    let read = found.map(|(path, is_link)| {
        let text = text(head, path, *is_link);
        let asks = text.and_then(|it| read_override(path.as_str(), &it, sources, config, allowed));
        let edit = changed.iter().find(|it| it.path == path.as_str());
        let (asks, mistakes) = match asks {
            Ok(asks) => (Some(asks), Vec::new()),
            Err(mistakes) => (None, mistakes),
        };
        OverrideFacts {
            path: path.to_string(),
            edit: edit.map(|it| it.edit),
            asks,
            mistakes,
        }
    });
    Ok(read.collect())
}

/// The file's text, or why it has none.
fn text(head: &dyn Tree, path: &RepoPath, is_link: bool) -> Result<String, Vec<OverrideMistake>> {
    let mistake = |message: String, help: &str| {
        vec![OverrideMistake {
            message,
            help: Some(help.to_owned()),
            place: Some(Place::file(path.as_str(), Side::Head)),
        }]
    };
    if is_link {
        let message = "it is a link, and only a file is read".to_owned();
        return Err(mistake(message, "put the file itself there"));
    }
    let bytes = head
        .read(path)
        .map_err(|it| mistake(it.why, "make it a file of text"))?;
    let bytes = bytes.unwrap_or_default();
    let text = std::str::from_utf8(&bytes);
    text.map(str::to_owned)
        .map_err(|it| mistake(format!("it is not UTF-8: {it}"), "save it as UTF-8"))
}

/// Overrides ride with the change that they are for. A file that the change brings and that reads as
/// one decides about no other change, whatever folder it stands in; but where one stands in place of
/// something else, or where owners and settings are looked for, that is a change of the rules.
pub(super) fn ride_along(files: &mut Vec<ControlPlaneFile>, overrides: &[OverrideFacts]) {
    files.retain(|file| {
        let rules = matches!(
            file.class,
            ControlPlane::Owners | ControlPlane::Configuration
        );
        let mut overrides = overrides.iter();
        let is_one = overrides.any(|it| it.asks.is_some() && it.path == file.path);
        rules || file.edit != Edit::Added || !is_one
    });
}

//! A change that a branch has taken in.

use super::{Gathered, Lens, facts_of, owners, revision};
use crate::{
    config,
    model::{Change, ChangedFile, Known, Watch},
    repo::{self, GitTree, Objects, change::Taken},
    run::{
        Stop,
        redact::Texts,
        sides::{file_stop, repo_stop, sound},
    },
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The facts of a change that a branch has taken in, under a configuration of today; under that of its
/// time where none is given.
pub(in crate::run) fn taken(
    objects: &Arc<Objects>,
    taken: &Taken,
    settings: Option<&config::Loaded>,
    now: u64,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Gathered, Stop> {
    let base = GitTree::read(objects, &taken.base.tree).map_err(repo_stop)?;
    let head = GitTree::read(objects, &taken.head.tree).map_err(repo_stop)?;
    let changed = repo::changed_files(&base, &head).map_err(|it| file_stop(&it))?;
    let change = Change {
        base: revision(&taken.base),
        head: revision(&taken.head),
        files: changed
            .into_iter()
            .map(|(path, edit)| ChangedFile {
                path: path.as_str().to_owned(),
                edit,
            })
            .collect(),
        proposal: None,
        commits: Known::Known(vec![taken.commit.clone()]),
    };
    let lens = Lens {
        forge: owners::forge(&BTreeMap::new()),
        now,
        whole: false,
        settings,
    };
    sound(objects, facts_of(&base, &head, change, &lens, read, watch))
}

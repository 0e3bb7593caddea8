//! One tree by itself.

use super::{Gathered, Lens, facts_of, owners};
use crate::{
    model::{Change, ChangedFile, Edit, RevisionFacts, Watch},
    repo,
    run::{Stop, redact::Texts, sides::file_stop},
};
use std::collections::BTreeMap;

/// Everything about one tree, by its own rules, as if all of it were new. Such facts say nothing
/// about a change: who agreed to it, and what it does to the rules.
pub(in crate::run) fn whole(
    tree: &dyn repo::Tree,
    head: RevisionFacts,
    now: u64,
    read: &Texts,
    watch: Watch<'_>,
) -> Result<Gathered, Stop> {
    let files = tree.leaves().map_err(|it| file_stop(&it))?.into_keys();
    let change = Change {
        base: RevisionFacts {
            name: "nothing".to_owned(),
            ..RevisionFacts::default()
        },
        head,
        files: files
            .map(|path| ChangedFile {
                path: path.to_string(),
                edit: Edit::Added,
            })
            .collect(),
        ..Change::default()
    };
    let lens = Lens {
        forge: owners::forge(&BTreeMap::new()),
        now,
        whole: true,
        settings: None,
    };
    facts_of(tree, tree, change, &lens, read, watch)
}

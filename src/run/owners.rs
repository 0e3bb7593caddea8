//! CODEOWNERS of a tree: which file counts, and what it asks of a change.

use crate::{
    model::{
        ChangedFile, ForgeKind, Place, Side,
        owners::{DemandFacts, OwnersFacts, OwnersMistake},
    },
    owners::{self, Owners},
    repo::{LeafKind, Tree},
};
use rayon::prelude::*;
use std::collections::BTreeMap;
use tollgate_kustomize::RepoPath;

/// A file that is there and cannot be read, and why.
pub(super) struct Unread {
    pub(super) file: String,
    pub(super) mistakes: Vec<OwnersMistake>,
}

/// The forge that a CI system belongs to.
pub(super) fn forge(environment: &BTreeMap<String, String>) -> ForgeKind {
    let gitlab = environment.get("GITLAB_CI").is_some_and(|it| it == "true");
    if gitlab {
        ForgeKind::Gitlab
    } else {
        ForgeKind::Github
    }
}

/// The file that counts; `None` where no place has one.
pub(super) fn read(
    tree: &dyn Tree,
    side: Side,
    dialect: ForgeKind,
) -> Result<Option<Owners>, Unread> {
    for place in owners::places(dialect) {
        let Some(path) = RepoPath::new(place) else {
            continue;
        };
        let unread = |message: String, help: &str| Unread {
            file: place.to_owned(),
            mistakes: vec![OwnersMistake {
                message,
                help: Some(help.to_owned()),
                place: Some(Place::file(place, side)),
            }],
        };
        let found = tree.stands_at(&path);
        let what = match found.map_err(|it| unread(it.why, "make it a file"))? {
            None => continue,
            Some(LeafKind::Link) => Some("a link"),
            Some(LeafKind::Submodule) => Some("a submodule"),
            Some(LeafKind::File | LeafKind::Executable) => None,
        };
        if let Some(what) = what {
            let message = format!("it is {what}, and {dialect} reads a file only");
            return Err(unread(message, "put the file itself there"));
        }
        let bytes = tree
            .read(&path)
            .map_err(|it| unread(it.why, "make it a file of text"))?;
        let bytes = bytes.unwrap_or_default();
        return match owners::read(place, side, &bytes, dialect) {
            Ok(owners) => Ok(Some(owners)),
            Err(mistakes) => Err(Unread {
                file: place.to_owned(),
                mistakes,
            }),
        };
    }
    Ok(None)
}

/// What BASE's owners ask of a change.
pub(super) fn facts(base: &dyn Tree, dialect: ForgeKind, files: &[ChangedFile]) -> OwnersFacts {
    let mut facts = OwnersFacts {
        dialect,
        file: None,
        mistakes: Vec::new(),
        demands: Vec::new(),
        unowned: Vec::new(),
    };
    match read(base, Side::Base, dialect) {
        Ok(Some(owners)) => {
            facts.file = Some(owners.path().to_owned());
            ask(&mut facts, &owners, files);
        }
        Ok(None) => facts.mistakes.push(OwnersMistake {
            message: "the configuration asks for the approval of owners, and BASE has no \
                      CODEOWNERS"
                .to_owned(),
            help: Some(format!(
                "add `{}`, or remove `codeowners: enforce`",
                owners::places(dialect)[0]
            )),
            place: None,
        }),
        Err(unread) => {
            facts.file = Some(unread.file);
            facts.mistakes = unread.mistakes;
        }
    }
    facts
}

fn ask(facts: &mut OwnersFacts, owners: &Owners, files: &[ChangedFile]) {
    let decided: Vec<Vec<usize>> = files.par_iter().map(|it| owners.lines(&it.path)).collect();
    let mut by_line: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (file, lines) in files.iter().zip(decided) {
        if lines.is_empty() {
            facts.unowned.push(file.path.clone());
        }
        for line in lines {
            by_line.entry(line).or_default().push(file.path.clone());
        }
    }
    let demands = by_line.into_iter().filter_map(|(line, files)| {
        let demand = owners.line(line)?;
        Some(DemandFacts { demand, files })
    });
    facts.demands.extend(demands);
}

//! The merge of two commits, in memory: nothing is written to the repository.
//!
//! It answers as `git merge` does without settings and attributes, renamed files and folders
//! included, because that is what a forge will do with the change. Where git asks a person, there is
//! no merge. Source: git's `merge-ort`.

mod lines;
mod renames;
mod text;

use super::{Objects, RepoError, names};
use git2::{ObjectType, Oid};
use renames::Moves;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// A path as git has it: any bytes.
type Path = Vec<u8>;

/// A leaf of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    mode: u32,
    id: Oid,
}

/// What merging gives.
#[derive(Debug)]
pub(super) struct Merge {
    /// The tree; what is in conflict stands in it as it may.
    pub(super) tree: Oid,
    /// Where git would ask a person, in the order of paths.
    pub(super) conflicts: Vec<Conflict>,
}

/// A place where the sides do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// What both changed, as it can be shown.
    pub(super) path: String,
    /// In which way: a clause.
    pub(super) why: String,
    /// Of which kind it is.
    pub(super) kind: Kind,
}

/// What a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What lines should be.
    Lines,
    /// To which folder a file belongs. A forge may answer that by leaving it where it is.
    Location,
    /// Whether something is to stay, and as what.
    Presence,
}

/// The trees of a merge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trees {
    /// What both come from.
    pub(super) base: Oid,
    /// What is merged into.
    pub(super) ours: Oid,
    /// What is merged.
    pub(super) theirs: Oid,
}

/// Merge two trees.
///
/// # Errors
/// Where an object that is needed cannot be read.
pub(super) fn merge(objects: &Objects, trees: Trees) -> Result<Merge, RepoError> {
    merge_as(objects, trees, false)
}

/// Merge two merge bases to one: texts in conflict keep their marks, as git has it.
///
/// # Errors
/// As [`merge`].
pub(super) fn merge_bases(objects: &Objects, trees: Trees) -> Result<Merge, RepoError> {
    merge_as(objects, trees, true)
}

fn merge_as(objects: &Objects, trees: Trees, of_bases: bool) -> Result<Merge, RepoError> {
    let read = Read::new(objects);
    let sides = Sides::new(&read, trees)?;
    let moves = renames::moves(&sides, &read, !of_bases)?;
    let mut merging = Merging {
        read,
        of_bases,
        conflicts: Vec::new(),
    };
    merging.locations(&sides, &moves);
    let mut paths = sides.paths;
    merging.follow(&mut paths, &moves)?;
    let mut edits = BTreeMap::new();
    for (path, stages) in paths {
        let merged = merging.entry(&path, &stages)?;
        edits.insert(path, merged);
    }
    let edits: Vec<Edit<'_>> = edits
        .iter()
        .map(|(path, it)| (path.as_slice(), *it))
        .collect();
    let tree = merging.folder(Some(trees.ours), b"", &edits)?;
    let tree = match tree {
        Some(tree) => tree,
        None => merging.read.keep(ObjectType::Tree, Vec::new())?,
    };
    let mut conflicts = merging.conflicts;
    conflicts.sort_by(|a, b| (&a.path, &a.why).cmp(&(&b.path, &b.why)));
    conflicts.dedup();
    Ok(Merge { tree, conflicts })
}

/// The first path in which two trees differ, as it can be shown.
///
/// # Errors
/// As [`merge`].
pub(super) fn first_difference(
    objects: &Objects,
    one: Oid,
    two: Oid,
) -> Result<Option<String>, RepoError> {
    let changes = Read::new(objects).changes(one, two)?;
    Ok(changes.keys().next().map(|it| names::shown(it)))
}

/// A path in the base and on both sides.
#[derive(Clone, Copy, Debug, Default)]
struct Stages {
    base: Option<Entry>,
    side: [Option<Entry>; 2],
    /// A rename of it is in conflict, whatever its content is.
    disputed: bool,
}

/// Both sides of a merge.
struct Sides {
    base: Oid,
    trees: [Oid; 2],
    /// Every path that a side has otherwise than the base.
    paths: BTreeMap<Path, Stages>,
}

impl Sides {
    fn new(read: &Read<'_>, trees: Trees) -> Result<Self, RepoError> {
        let changes = [
            read.changes(trees.base, trees.ours)?,
            read.changes(trees.base, trees.theirs)?,
        ];
        let mut paths: BTreeMap<Path, Stages> = BTreeMap::new();
        for (at, changes) in changes.into_iter().enumerate() {
            for (path, (base, side)) in changes {
                let unchanged = Stages {
                    base,
                    side: [base; 2],
                    disputed: false,
                };
                paths.entry(path).or_insert(unchanged).side[at] = side;
            }
        }
        Ok(Self {
            base: trees.base,
            trees: [trees.ours, trees.theirs],
            paths,
        })
    }
}

fn is_folder(mode: u32) -> bool {
    mode >> 12 == 0o04
}

fn is_file(mode: u32) -> bool {
    mode >> 12 == 0o10
}

fn parent_of(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|it| *it == b'/');
    &path[..end.unwrap_or(0)]
}

fn name_of(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|it| *it == b'/');
    &path[end.map_or(0, |it| it + 1)..]
}

fn join(folder: &[u8], name: &[u8]) -> Path {
    let mut path = folder.to_vec();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Objects, with the place that they are wanted for in what goes wrong.
struct Read<'a> {
    objects: &'a Objects,
    /// Folders that have been read.
    folders: RefCell<HashMap<Oid, Rc<Folder>>>,
}

type Folder = BTreeMap<Path, Entry>;

/// Leaves of the base and of a side that differ.
type Changes = BTreeMap<Path, (Option<Entry>, Option<Entry>)>;

impl<'a> Read<'a> {
    fn new(objects: &'a Objects) -> Self {
        Self {
            objects,
            folders: RefCell::default(),
        }
    }

    fn tree(&self, path: &[u8], id: Oid) -> Result<Rc<Folder>, RepoError> {
        if let Some(folder) = self.folders.borrow().get(&id) {
            return Ok(folder.clone());
        }
        let cannot = |why: String| {
            RepoError::new(format!(
                "cannot merge the folder `{}`: {why}",
                names::shown(path)
            ))
        };
        let entries = self.objects.tree(id).map_err(cannot)?;
        let count = entries.len();
        let folder: Folder = entries
            .into_iter()
            .map(|it| {
                let entry = Entry {
                    mode: it.mode,
                    id: it.id,
                };
                (it.name, entry)
            })
            .collect();
        if folder.len() < count {
            return Err(cannot("one of its names stands there twice".to_owned()));
        }
        let folder = Rc::new(folder);
        self.folders.borrow_mut().insert(id, folder.clone());
        Ok(folder)
    }

    fn blob(&self, path: &[u8], id: Oid) -> Result<Arc<[u8]>, RepoError> {
        self.objects
            .blob(id)
            .map_err(|why| RepoError::new(format!("cannot merge `{}`: {why}", names::shown(path))))
    }

    fn keep(&self, kind: ObjectType, bytes: Vec<u8>) -> Result<Oid, RepoError> {
        self.objects.keep(kind, bytes).map_err(RepoError::new)
    }

    /// What stands at a path: leaf or folder.
    fn at(&self, root: Oid, path: &[u8]) -> Result<Option<Entry>, RepoError> {
        let mut here = Entry {
            mode: 0o040_000,
            id: root,
        };
        let mut so_far = Vec::new();
        for name in path.split(|it| *it == b'/') {
            if !is_folder(here.mode) {
                return Ok(None);
            }
            match self.tree(&so_far, here.id)?.get(name) {
                Some(entry) => here = *entry,
                None => return Ok(None),
            }
            so_far = join(&so_far, name);
        }
        Ok(Some(here))
    }

    fn is_folder(&self, root: Oid, path: &[u8]) -> Result<bool, RepoError> {
        Ok(self.at(root, path)?.is_some_and(|it| is_folder(it.mode)))
    }

    /// Every leaf that a side has otherwise than the base; folders that are the same object are not
    /// looked into.
    fn changes(&self, base: Oid, side: Oid) -> Result<Changes, RepoError> {
        let mut changes = Changes::new();
        let mut open = vec![(Path::new(), Some(base), Some(side))];
        while let Some((folder, base, side)) = open.pop() {
            let list =
                |id: Option<Oid>| id.map_or_else(|| Ok(Rc::default()), |it| self.tree(&folder, it));
            let (before, after) = (list(base)?, list(side)?);
            let names: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
            for name in names {
                let (old, new) = (before.get(name).copied(), after.get(name).copied());
                if old == new {
                    continue;
                }
                let path = join(&folder, name);
                let inside = |it: Option<Entry>| it.filter(|it| is_folder(it.mode)).map(|it| it.id);
                let leaf = |it: Option<Entry>| it.filter(|it| !is_folder(it.mode));
                if inside(old) != inside(new) {
                    open.push((path.clone(), inside(old), inside(new)));
                }
                if leaf(old) != leaf(new) {
                    changes.insert(path, (leaf(old), leaf(new)));
                }
            }
        }
        Ok(changes)
    }
}

/// What is to stand at a path; nothing, where it goes.
type Edit<'a> = (&'a [u8], Option<Entry>);

struct Merging<'a> {
    read: Read<'a>,
    of_bases: bool,
    conflicts: Vec<Conflict>,
}

impl Merging<'_> {
    fn conflict(&mut self, path: &[u8], why: impl Into<String>) {
        self.conflicts.push(Conflict {
            path: names::shown(path),
            why: why.into(),
            kind: Kind::Presence,
        });
    }

    /// Files that one side brings to a folder that the other one renamed.
    fn locations(&mut self, sides: &Sides, moves: &[Moves; 2]) {
        for at in [0, 1] {
            let folders = &moves[at].folders;
            for (folder, to) in folders {
                if to.is_none() {
                    self.location(
                        folder,
                        "one side splits the folder up, and the other one adds a file to it",
                    );
                }
            }
            let other = 1 - at;
            for (path, stages) in &sides.paths {
                let came = stages.base.is_none() && stages.side[other].is_some();
                let mut above = parent_of(path);
                while came && !above.is_empty() {
                    if let Some(to) = folders.get(above) {
                        let elsewhere =
                            |to: &Path| !matches!(moves[other].folders.get(to), Some(Some(_)));
                        if let Some(to) = to.as_ref().filter(|it| elsewhere(it)) {
                            let why = format!(
                                "it is new in the folder `{}`, which the other side renames to `{}`",
                                names::shown(above),
                                names::shown(to)
                            );
                            self.location(path, &why);
                        }
                        break;
                    }
                    above = parent_of(above);
                }
            }
        }
    }

    fn location(&mut self, path: &[u8], why: &str) {
        self.conflicts.push(Conflict {
            path: names::shown(path),
            why: why.to_owned(),
            kind: Kind::Location,
        });
    }

    /// Bring what was renamed on one side together with what the other side did to it.
    fn follow(
        &mut self,
        paths: &mut BTreeMap<Path, Stages>,
        moves: &[Moves; 2],
    ) -> Result<(), RepoError> {
        let mut sources: Vec<&Path> = moves.iter().flat_map(|it| it.files.keys()).collect();
        sources.sort_unstable();
        sources.dedup();
        for old in sources {
            let was = paths.get(old).copied().unwrap_or_default();
            match [moves[0].files.get(old), moves[1].files.get(old)] {
                [Some(ours), Some(theirs)] if ours == theirs => {
                    if let Some(it) = paths.get_mut(ours) {
                        it.base = was.base;
                    }
                    paths.remove(old);
                }
                [Some(ours), Some(theirs)] => {
                    let why = format!(
                        "one side renames it to `{}`, the other one to `{}`",
                        names::shown(ours),
                        names::shown(theirs)
                    );
                    self.conflict(old, why);
                }
                [Some(new), None] => self.follow_one(paths, (old, was), new, 0)?,
                [None, Some(new)] => self.follow_one(paths, (old, was), new, 1)?,
                [None, None] => {}
            }
        }
        Ok(())
    }

    fn follow_one(
        &mut self,
        paths: &mut BTreeMap<Path, Stages>,
        (old, was): (&Path, Stages),
        new: &Path,
        at: usize,
    ) -> Result<(), RepoError> {
        let other = 1 - at;
        let Some(now) = paths.get(new).copied() else {
            return Ok(());
        };
        let mut merged = now;
        let regular = |it: Option<Entry>| it.is_some_and(|it| is_file(it.mode));
        let changed_kind =
            was.side[other].is_some() && regular(was.side[other]) != regular(now.side[at]);
        let taken = now.side[other].is_some() && !changed_kind;
        match (was.side[other], taken) {
            (Some(theirs), true) => {
                let mut stages = Stages {
                    base: was.base,
                    ..Stages::default()
                };
                stages.side[at] = now.side[at];
                stages.side[other] = Some(theirs);
                merged.side[at] = self.entry(new, &stages)?;
            }
            (None, _) => {
                merged.disputed = true;
                let why = format!(
                    "one side renames `{}` to it, and the other one deletes that",
                    names::shown(old)
                );
                self.conflict(new, why);
            }
            (Some(_), false) if changed_kind => {}
            (Some(theirs), false) => {
                merged.base = was.base;
                merged.side[other] = Some(theirs);
            }
        }
        paths.insert(new.clone(), merged);
        if changed_kind {
            if let Some(it) = paths.get_mut(old) {
                it.base = None;
            }
        } else {
            paths.remove(old);
            paths.insert(old.clone(), Stages::default());
        }
        Ok(())
    }

    /// What stands at a path in the end.
    fn entry(&mut self, path: &[u8], stages: &Stages) -> Result<Option<Entry>, RepoError> {
        let [ours, theirs] = stages.side;
        let base = stages.base;
        if ours == theirs || theirs == base {
            return Ok(ours);
        }
        if ours == base {
            return Ok(theirs);
        }
        let (Some(a), Some(b)) = (ours, theirs) else {
            if !stages.disputed {
                self.conflict(path, "one side changes it, and the other one deletes it");
            }
            // Where two bases are merged, git goes on with what they come from.
            return Ok(if self.of_bases { base } else { ours.or(theirs) });
        };
        if a.mode >> 12 != b.mode >> 12 {
            self.conflict(
                path,
                "it is a file on one side and something else on the other",
            );
            return Ok(Some(a));
        }
        let base = base.filter(|it| it.mode >> 12 == a.mode >> 12);
        let mode = match base {
            _ if a.mode == b.mode => a.mode,
            Some(it) if a.mode == it.mode => b.mode,
            Some(it) if b.mode == it.mode => a.mode,
            _ => {
                self.conflict(path, "the sides give it different modes");
                a.mode
            }
        };
        let id = match base {
            _ if a.id == b.id => a.id,
            Some(it) if a.id == it.id => b.id,
            Some(it) if b.id == it.id => a.id,
            _ if is_file(a.mode) => self.content(path, base, a, b)?,
            _ => {
                let what = if a.mode >> 12 == 0o16 {
                    "submodule"
                } else {
                    "link"
                };
                self.conflict(path, format!("both sides change the {what}"));
                base.filter(|_| self.of_bases).unwrap_or(a).id
            }
        };
        Ok(Some(Entry { mode, id }))
    }

    fn content(
        &mut self,
        path: &[u8],
        base: Option<Entry>,
        ours: Entry,
        theirs: Entry,
    ) -> Result<Oid, RepoError> {
        let before = match base {
            Some(it) => self.read.blob(path, it.id)?,
            None => Arc::from([]),
        };
        let (a, b) = (
            self.read.blob(path, ours.id)?,
            self.read.blob(path, theirs.id)?,
        );
        let text = match text::merge(&before, &a, &b) {
            text::Merged::Clean(text) => text,
            text::Merged::Conflict(text) => {
                self.conflicts.push(Conflict {
                    path: names::shown(path),
                    why: "both sides change the same lines".to_owned(),
                    kind: Kind::Lines,
                });
                text
            }
            text::Merged::Binary => {
                self.conflict(path, "both sides change it, and it is no text");
                return Ok(base.filter(|_| self.of_bases).unwrap_or(ours).id);
            }
        };
        self.read.keep(ObjectType::Blob, text)
    }

    /// A folder of ours with its new entries; `None` where nothing is left in it. The edits are sorted
    /// and their paths begin in this folder.
    fn folder(
        &mut self,
        id: Option<Oid>,
        path: &[u8],
        edits: &[Edit<'_>],
    ) -> Result<Option<Oid>, RepoError> {
        // Depth is the author's choice: no stack of this program grows with it.
        const DEEPEST: usize = 1_000;
        if path.iter().filter(|it| **it == b'/').count() > DEEPEST {
            return Err(RepoError::new(format!(
                "cannot merge: more than {DEEPEST} folders in each other"
            )));
        }
        let mut entries = match id {
            Some(id) => (*self.read.tree(path, id)?).clone(),
            None => Folder::new(),
        };
        let mut leaves: BTreeMap<&[u8], Option<Entry>> = BTreeMap::new();
        let mut below: BTreeMap<&[u8], Vec<Edit<'_>>> = BTreeMap::new();
        for (rest, entry) in edits {
            match rest.iter().position(|it| *it == b'/') {
                None => {
                    leaves.insert(rest, *entry);
                }
                Some(end) => {
                    let inner = below.entry(&rest[..end]).or_default();
                    inner.push((&rest[end + 1..], *entry));
                }
            }
        }
        for (name, edits) in &below {
            let was = entries.get(*name).copied().filter(|it| is_folder(it.mode));
            let inner = self.folder(was.map(|it| it.id), &join(path, name), edits)?;
            // A file that stays where a folder comes to be is in the way; one that goes is not.
            let leaf = match leaves.remove(name) {
                Some(edit) => edit,
                None => entries.get(*name).copied().filter(|it| !is_folder(it.mode)),
            };
            if inner.is_some() && leaf.is_some() {
                self.conflict(
                    &join(path, name),
                    "it is a file on one side and a folder on the other",
                );
            }
            let folder = inner.map(|id| Entry {
                mode: 0o040_000,
                id,
            });
            match folder.or(leaf) {
                Some(entry) => entries.insert(name.to_vec(), entry),
                None => entries.remove(*name),
            };
        }
        for (name, entry) in leaves {
            let stays = entries.get(name).is_some_and(|it| is_folder(it.mode));
            match entry {
                Some(_) if stays => {
                    self.conflict(
                        &join(path, name),
                        "it is a file on one side and a folder on the other",
                    );
                }
                Some(entry) => {
                    entries.insert(name.to_vec(), entry);
                }
                None if stays => {}
                None => {
                    entries.remove(name);
                }
            }
        }
        if entries.is_empty() {
            return Ok(None);
        }
        self.read
            .keep(ObjectType::Tree, tree_object(&entries))
            .map(Some)
    }
}

/// git sorts a folder as if its name ended in a slash.
fn tree_object(entries: &Folder) -> Vec<u8> {
    let mut sorted: Vec<(Path, &Path, &Entry)> = entries
        .iter()
        .map(|(name, entry)| {
            let mut key = name.clone();
            if is_folder(entry.mode) {
                key.push(b'/');
            }
            (key, name, entry)
        })
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut bytes = Vec::new();
    for (_, name, entry) in sorted {
        bytes.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(entry.id.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;

//! Which deleted file went where, and which folder, as git's merge tells it. Source: git's
//! `diffcore-rename` and `merge-ort`, and its page on the detection of directory renames.

use super::{Entry, Path, Read, Sides, is_file, name_of, parent_of};
use crate::repo::{RepoError, merge::text::is_binary};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How alike two files are, from nothing to the same.
const SAME: u64 = 60_000;

/// The least at which one is the other renamed.
const ALIKE: u64 = SAME / 2;

/// The least for two of the same name that are looked at before all others.
const ALIKE_OF_ONE_NAME: u64 = ALIKE + ALIKE / 2;

/// How many sources are kept in mind for each destination.
const BEST_SOURCES: usize = 4;

/// git's own limit of files on each side that are compared with all others.
const MOST_COMPARED: usize = 7_000;

/// Files of one side that are in its base, or in it, and not in the other.
pub(super) struct Moves {
    /// From the old path to the new one.
    pub(super) files: BTreeMap<Path, Path>,
    /// From folders that went to where most of their files went; `None` where that is not clear.
    pub(super) folders: BTreeMap<Path, Option<Path>>,
}

/// Files of the same content that are looked at for one with the right name.
const MOST_OF_ONE_CONTENT: usize = 101;

/// What one side deleted and added.
struct Side<'a> {
    deleted: Vec<(&'a Path, Entry)>,
    added: Vec<(&'a Path, Entry)>,
    /// Of what was deleted, that whose way matters: the other side changed it, or added a file to a
    /// folder that may have been renamed.
    relevant: BTreeSet<&'a Path>,
    /// Folders that went, to which the other side added a file.
    asked: BTreeSet<&'a [u8]>,
}

/// What each side renamed. In the merge of two merge bases no folder is followed.
pub(super) fn moves(
    sides: &Sides,
    read: &Read<'_>,
    folders: bool,
) -> Result<[Moves; 2], RepoError> {
    let asked = if folders {
        [asked(sides, read, 0)?, asked(sides, read, 1)?]
    } else {
        Default::default()
    };
    let below_asked = |path: &[u8]| asked.iter().any(|it| is_below(path, it));
    let side = |at: usize| {
        let mut side = Side {
            deleted: Vec::new(),
            added: Vec::new(),
            relevant: BTreeSet::new(),
            asked: asked[at].clone(),
        };
        for (path, stages) in &sides.paths {
            match (stages.base, stages.side[at]) {
                (Some(old), None) => {
                    side.deleted.push((path, old));
                    if stages.side[1 - at] != Some(old) || below_asked(path) {
                        side.relevant.insert(path);
                    }
                }
                (None, Some(new)) => side.added.push((path, new)),
                _ => {}
            }
        }
        side
    };
    Ok([
        Finder::new(side(0), sides, read, 0).find()?,
        Finder::new(side(1), sides, read, 1).find()?,
    ])
}

/// Folders that a side no longer has and the other one added a file to.
fn asked<'a>(
    sides: &'a Sides,
    read: &Read<'_>,
    at: usize,
) -> Result<BTreeSet<&'a [u8]>, RepoError> {
    let mut asked = BTreeSet::new();
    for (path, stages) in &sides.paths {
        let folder = parent_of(path);
        let added =
            stages.base.is_none() && stages.side[at].is_none() && stages.side[1 - at].is_some();
        if added && !folder.is_empty() && !asked.contains(folder) {
            let mut above = Some(folder);
            while let Some(it) = above.filter(|it| !it.is_empty()) {
                if is_gone(sides, read, at, it)? && read.is_folder(sides.trees[1 - at], it)? {
                    asked.insert(folder);
                    break;
                }
                above = Some(parent_of(it));
            }
        }
    }
    Ok(asked)
}

/// Whether the base has a folder and a side does not.
fn is_gone(sides: &Sides, read: &Read<'_>, at: usize, folder: &[u8]) -> Result<bool, RepoError> {
    Ok(read.is_folder(sides.base, folder)? && !read.is_folder(sides.trees[at], folder)?)
}

/// Whether one of the folders is around a path.
fn is_below(path: &[u8], folders: &BTreeSet<&[u8]>) -> bool {
    let mut above = parent_of(path);
    while !above.is_empty() {
        if folders.contains(above) {
            return true;
        }
        above = parent_of(above);
    }
    false
}

struct Finder<'a> {
    side: Side<'a>,
    sides: &'a Sides,
    read: &'a Read<'a>,
    at: usize,
    /// By index of what was added: the index of what was deleted.
    source: Vec<Option<usize>>,
    used: Vec<bool>,
    /// How many files went from a folder to another one.
    counts: BTreeMap<Path, BTreeMap<Path, usize>>,
    contents: HashMap<git2::Oid, Content>,
}

impl<'a> Finder<'a> {
    fn new(side: Side<'a>, sides: &'a Sides, read: &'a Read<'a>, at: usize) -> Self {
        Self {
            source: vec![None; side.added.len()],
            used: vec![false; side.deleted.len()],
            side,
            sides,
            read,
            at,
            counts: BTreeMap::new(),
            contents: HashMap::new(),
        }
    }

    fn find(mut self) -> Result<Moves, RepoError> {
        if !self.side.relevant.is_empty() && !self.side.added.is_empty() {
            self.same_content();
            for at in 0..self.source.len() {
                if let Some(from) = self.source[at] {
                    self.count(from, at)?;
                }
            }
            self.same_name()?;
            self.alike()?;
        }
        let files = self.source.iter().enumerate().filter_map(|(to, from)| {
            let from = self.side.deleted[(*from)?].0;
            Some((from.clone(), self.side.added[to].0.clone()))
        });
        let files = files.collect();
        let folders = self
            .counts
            .iter()
            .filter(|(folder, _)| self.side.asked.contains(folder.as_slice()))
            .filter_map(|(folder, counts)| {
                let most = counts.values().max()?;
                let mut best = counts.iter().filter(|it| it.1 == most);
                let target = best.next()?.0.clone();
                let clear = best.next().is_none();
                Some((folder.clone(), clear.then_some(target)))
            });
        Ok(Moves {
            files,
            folders: folders.collect(),
        })
    }

    fn same_content(&mut self) {
        let empty = git2::Oid::hash_object(git2::ObjectType::Blob, b"").ok();
        let mut by_id: HashMap<git2::Oid, Vec<usize>> = HashMap::new();
        for (at, (_, entry)) in self.side.deleted.iter().enumerate() {
            if Some(entry.id) != empty {
                by_id.entry(entry.id).or_default().push(at);
            }
        }
        for (to, (path, entry)) in self.side.added.iter().enumerate() {
            let mut best: Option<(bool, usize)> = None;
            let mut looked_at = 0;
            for from in by_id.get(&entry.id).into_iter().flatten() {
                let (old, was) = self.side.deleted[*from];
                let regular = is_file(was.mode) && is_file(entry.mode);
                if self.used[*from] || !regular && was.mode != entry.mode {
                    continue;
                }
                let named = name_of(old) == name_of(path);
                if best.is_none_or(|it| named && !it.0) {
                    best = Some((named, *from));
                }
                looked_at += 1;
                if named || looked_at > MOST_OF_ONE_CONTENT {
                    break;
                }
            }
            if let Some((_, from)) = best {
                self.source[to] = Some(from);
                self.used[from] = true;
            }
        }
    }

    /// What is left to be compared by content.
    fn left(&self) -> (Vec<usize>, Vec<usize>) {
        let sources = (0..self.side.deleted.len())
            .filter(|it| !self.used[*it] && self.side.relevant.contains(self.side.deleted[*it].0));
        let targets = (0..self.side.added.len()).filter(|it| self.source[*it].is_none());
        (sources.collect(), targets.collect())
    }

    /// Files whose name is the only one of its kind, or that went where the others of their folder
    /// did.
    fn same_name(&mut self) -> Result<(), RepoError> {
        let (sources, targets) = self.left();
        let unique = |all: &[usize], entries: &[(&'a Path, Entry)]| {
            let mut by_name: HashMap<&'a [u8], Option<usize>> = HashMap::new();
            for at in all {
                let name = name_of(entries[*at].0);
                by_name
                    .entry(name)
                    .and_modify(|it| *it = None)
                    .or_insert(Some(*at));
            }
            by_name
        };
        let old = unique(&sources, &self.side.deleted);
        let new = unique(&targets, &self.side.added);
        let by_path: HashMap<&[u8], usize> = targets
            .iter()
            .map(|it| (self.side.added[*it].0.as_slice(), *it))
            .collect();
        let guesses: BTreeMap<Path, Path> = self
            .counts
            .iter()
            .filter_map(|(folder, counts)| {
                let most = counts.values().max()?;
                let first = counts.iter().find(|it| it.1 == most)?;
                Some((folder.clone(), first.0.clone()))
            })
            .collect();
        for from in sources {
            let path = self.side.deleted[from].0;
            let name = name_of(path);
            let Some(only) = new.get(name) else {
                continue;
            };
            let to = match (old.get(name).copied().flatten(), only) {
                (Some(_), Some(to)) => Some(*to),
                _ => guesses.get(parent_of(path)).and_then(|folder| {
                    let mut guess = folder.clone();
                    if !guess.is_empty() {
                        guess.push(b'/');
                    }
                    guess.extend_from_slice(name);
                    by_path.get(guess.as_slice()).copied()
                }),
            };
            if let Some(to) = to
                && self.source[to].is_none()
                && self.likeness(from, to, ALIKE_OF_ONE_NAME)? >= ALIKE_OF_ONE_NAME
            {
                self.take(from, to)?;
            }
        }
        Ok(())
    }

    /// Every file that is left with every other, the most alike first.
    fn alike(&mut self) -> Result<(), RepoError> {
        let (sources, targets) = self.left();
        if sources.len().saturating_mul(targets.len()) > MOST_COMPARED * MOST_COMPARED {
            return Ok(());
        }
        let mut pairs = Vec::new();
        for to in targets {
            let mut best: Vec<(u64, bool, usize)> = Vec::new();
            for from in &sources {
                let named = name_of(self.side.deleted[*from].0) == name_of(self.side.added[to].0);
                let pair = (self.likeness(*from, to, ALIKE)?, named, *from);
                if best.len() < BEST_SOURCES {
                    best.push(pair);
                    continue;
                }
                // The worst makes way, the first of those that are equally bad.
                let worst = (0..best.len()).min_by_key(|it| (best[*it].0, best[*it].1));
                if let Some(worst) = worst
                    && (best[worst].0, best[worst].1) < (pair.0, pair.1)
                {
                    best[worst] = pair;
                }
            }
            pairs.extend(
                best.into_iter()
                    .map(|(likeness, named, from)| (likeness, named, from, to)),
            );
        }
        pairs.sort_by_key(|it| std::cmp::Reverse((it.0, it.1)));
        for (likeness, _, from, to) in pairs {
            if likeness >= ALIKE && !self.used[from] && self.source[to].is_none() {
                self.take(from, to)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, from: usize, to: usize) -> Result<(), RepoError> {
        self.source[to] = Some(from);
        self.used[from] = true;
        self.count(from, to)
    }

    /// Note that a file went from its folder, and from those above as long as the rest of the way is
    /// the same, to another.
    fn count(&mut self, from: usize, to: usize) -> Result<(), RepoError> {
        let mut old = parent_of(self.side.deleted[from].0);
        let mut new = parent_of(self.side.added[to].0);
        let mut first = true;
        loop {
            let gone = !old.is_empty() && is_gone(self.sides, self.read, self.at, old)?;
            let asked = gone && self.side.asked.contains(old);
            if !gone {
                return Ok(());
            }
            if asked || first {
                let counts = self.counts.entry(old.to_vec()).or_default();
                *counts.entry(new.to_vec()).or_default() += 1;
            }
            let below = is_below(old, &self.side.asked);
            if !asked && !below || new.is_empty() || name_of(old) != name_of(new) {
                return Ok(());
            }
            old = parent_of(old);
            new = parent_of(new);
            first = false;
        }
    }

    /// What part of the larger of two files the other one has as well, where that may reach `least`.
    fn likeness(&mut self, from: usize, to: usize, least: u64) -> Result<u64, RepoError> {
        let (old, new) = (self.side.deleted[from].1, self.side.added[to].1);
        if !is_file(old.mode) || !is_file(new.mode) {
            return Ok(0);
        }
        for (path, entry) in [self.side.deleted[from], self.side.added[to]] {
            if !self.contents.contains_key(&entry.id) {
                let text = self.read.blob(path, entry.id)?;
                self.contents.insert(entry.id, Content::new(&text));
            }
        }
        let (Some(old), Some(new)) = (self.contents.get(&old.id), self.contents.get(&new.id))
        else {
            return Ok(0);
        };
        let (larger, smaller) = (old.size.max(new.size), old.size.min(new.size));
        if smaller == 0 || larger * (SAME - least) < (larger - smaller) * SAME {
            return Ok(0);
        }
        Ok(old.shared(new) * SAME / larger)
    }
}

/// A file as the sum of its lines, long ones in pieces.
struct Content {
    size: u64,
    pieces: HashMap<Vec<u8>, u64>,
}

/// Bytes of a piece at most.
const LONGEST_PIECE: usize = 64;

impl Content {
    fn new(text: &[u8]) -> Self {
        let is_text = !is_binary(text);
        let mut pieces: HashMap<Vec<u8>, u64> = HashMap::new();
        let mut piece = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            if is_text && *byte == b'\r' && text.get(at + 1) == Some(&b'\n') {
                continue;
            }
            piece.push(*byte);
            if piece.len() == LONGEST_PIECE || *byte == b'\n' {
                let piece = std::mem::take(&mut piece);
                let size = piece.len() as u64;
                *pieces.entry(piece).or_default() += size;
            }
        }
        if !piece.is_empty() {
            let size = piece.len() as u64;
            *pieces.entry(piece).or_default() += size;
        }
        Self {
            size: text.len() as u64,
            pieces,
        }
    }

    /// Bytes of pieces that the other one has too.
    fn shared(&self, other: &Self) -> u64 {
        let (few, many) = if self.pieces.len() <= other.pieces.len() {
            (self, other)
        } else {
            (other, self)
        };
        let shared = few
            .pieces
            .iter()
            .filter_map(|(piece, bytes)| Some(bytes.min(many.pieces.get(piece)?)));
        // A sum does not depend on the order.
        shared.sum()
    }
}

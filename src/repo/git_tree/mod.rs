//! The files of a git tree, without a checkout.

mod changes;

use super::{
    Caps, Leaf, LeafKind, Objects, RepoError, Tree, file_error, links, links::Entry, names,
    objects::TreeEntry,
};
use git2::Oid;
use std::collections::BTreeMap;
use std::sync::Arc;
use tollgate_kustomize::{EntryKind, FileError, Files, RepoPath};

/// A tree object as [`Files`]: listed once, contents read when they are asked for.
pub struct GitTree {
    objects: Arc<Objects>,
    id: Oid,
    folders: Vec<Listing>,
    /// The ids of the folders.
    ids: Vec<Oid>,
    problems: Vec<FileError>,
}

/// The entries of one folder, sorted by name.
type Listing = Vec<(Box<str>, Node)>;

/// What an entry is.
enum Node {
    /// An index into the folders.
    Folder(usize),
    Leaf(Leaf),
    /// An entry that would have to be trusted blindly, and why.
    Unreadable(String),
}

/// The folder at the root.
const ROOT: usize = 0;

/// What a link's target may have at most: Linux' own limit of a path.
const LONGEST_TARGET: usize = 4_096;

impl GitTree {
    /// List a tree.
    ///
    /// # Errors
    /// Where an object of the listing is missing, or the tree is larger than the caps.
    pub fn read(objects: &Arc<Objects>, id: &str) -> Result<Self, RepoError> {
        let id = Oid::from_str(id)
            .map_err(|_| RepoError::new(format!("`{id}` is not the id of a tree")))?;
        let mut lister = Lister {
            caps: objects.caps(),
            folders: Vec::new(),
            ids: Vec::new(),
            problems: Vec::new(),
            entries: 0,
        };
        lister.tree(objects, id)?;
        let Lister {
            folders,
            ids,
            mut problems,
            ..
        } = lister;
        problems.sort_by(|a, b| (&a.path, &a.why).cmp(&(&b.path, &b.why)));
        Ok(Self {
            objects: objects.clone(),
            id,
            folders,
            ids,
            problems,
        })
    }

    /// The id of the tree.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// The entry at `path`, and whether it was reached without meeting a link. A path below
    /// something that is no folder has no entry.
    fn entry(&self, path: &RepoPath) -> (Option<&Node>, bool) {
        const TOP: &Node = &Node::Folder(ROOT);
        let mut node = TOP;
        for part in path.as_str().split('/').filter(|it| !it.is_empty()) {
            match node {
                Node::Folder(folder) => {
                    let entries = &self.folders[*folder];
                    match entries.binary_search_by(|(name, _)| (**name).cmp(part)) {
                        Ok(at) => node = &entries[at].1,
                        Err(_) => return (None, true),
                    }
                }
                Node::Leaf(Leaf {
                    kind: LeafKind::File | LeafKind::Executable,
                    ..
                }) => return (None, true),
                Node::Leaf(_) | Node::Unreadable(_) => return (None, false),
            }
        }
        let plain = !matches!(
            node,
            Node::Leaf(Leaf {
                kind: LeafKind::Link | LeafKind::Submodule,
                ..
            }) | Node::Unreadable(_)
        );
        (Some(node), plain)
    }

    /// What stands at `path` once links are followed.
    fn find(&self, path: &RepoPath) -> Result<Option<(RepoPath, &Node)>, FileError> {
        if let (node, true) = self.entry(path) {
            return Ok(node.map(|it| (path.clone(), it)));
        }
        let found = links::follow(path, |path| self.look(path))?;
        Ok(found.and_then(|(at, _)| {
            let node = self.entry(&at).0?;
            Some((at, node))
        }))
    }

    fn look(&self, path: &RepoPath) -> Result<Option<Entry>, FileError> {
        let Some(node) = self.entry(path).0 else {
            return Ok(None);
        };
        Ok(Some(match node {
            Node::Folder(_) => Entry::Directory,
            Node::Unreadable(why) => Entry::Unreadable(why.clone()),
            Node::Leaf(leaf) => match leaf.kind {
                LeafKind::File | LeafKind::Executable => Entry::File,
                LeafKind::Submodule => Entry::Submodule,
                LeafKind::Link => {
                    let target = self
                        .objects
                        .blob(leaf.id)
                        .map_err(|why| file_error(path, why))?;
                    match std::str::from_utf8(&target) {
                        Ok(target) if target.len() <= LONGEST_TARGET => {
                            Entry::Link(target.to_owned())
                        }
                        _ => {
                            Entry::Unreadable(format!("the target of the link `{path}` is no path"))
                        }
                    }
                }
            },
        }))
    }

    fn of_kind(&self, wanted: impl Fn(LeafKind) -> bool) -> Vec<RepoPath> {
        let mut paths = Vec::new();
        self.visit(RepoPath::root(), ROOT, |path, leaf| {
            if wanted(leaf.kind) {
                paths.push(path);
            }
        });
        paths.sort_unstable();
        paths
    }

    /// Show every leaf below a folder.
    fn visit(&self, folder: RepoPath, index: usize, mut leaf: impl FnMut(RepoPath, Leaf)) {
        let mut open = vec![(folder, index)];
        while let Some((folder, index)) = open.pop() {
            for (name, node) in &self.folders[index] {
                let Some(path) = folder.join(name) else {
                    continue;
                };
                match node {
                    Node::Folder(index) => open.push((path, *index)),
                    Node::Leaf(it) => leaf(path, *it),
                    Node::Unreadable(_) => {}
                }
            }
        }
    }
}

impl Files for GitTree {
    fn read(&self, path: &RepoPath) -> Result<Option<Arc<[u8]>>, FileError> {
        match self.find(path)? {
            Some((_, Node::Leaf(leaf))) => {
                let bytes = self
                    .objects
                    .blob(leaf.id)
                    .map_err(|why| file_error(path, why))?;
                if is_large_file_pointer(&bytes) {
                    return Err(file_error(
                        path,
                        "it is a Git LFS pointer: its content is not in git",
                    ));
                }
                Ok(Some(bytes))
            }
            Some((_, Node::Unreadable(why))) => Err(file_error(path, why.as_str())),
            Some((_, Node::Folder(_))) | None => Ok(None),
        }
    }

    fn kind(&self, path: &RepoPath) -> Result<Option<EntryKind>, FileError> {
        match self.find(path)? {
            Some((_, Node::Folder(_))) => Ok(Some(EntryKind::Directory)),
            Some((_, Node::Leaf(_))) => Ok(Some(EntryKind::File)),
            Some((_, Node::Unreadable(why))) => Err(file_error(path, why.as_str())),
            None => Ok(None),
        }
    }

    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        Ok(self.find(path)?.map_or_else(|| path.clone(), |(at, _)| at))
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<String>, FileError> {
        match self.find(path)? {
            Some((_, Node::Folder(folder))) => Ok(self.folders[*folder]
                .iter()
                .map(|(name, _)| name.to_string())
                .collect()),
            Some(_) | None => Ok(Vec::new()),
        }
    }
}

impl Tree for GitTree {
    fn leaves(&self) -> Result<BTreeMap<RepoPath, Leaf>, FileError> {
        let mut leaves = BTreeMap::new();
        self.visit(RepoPath::root(), ROOT, |path, leaf| {
            leaves.insert(path, leaf);
        });
        Ok(leaves)
    }

    fn files(&self) -> Result<Vec<RepoPath>, FileError> {
        Ok(self.of_kind(|it| matches!(it, LeafKind::File | LeafKind::Executable)))
    }

    fn links(&self) -> Result<Vec<RepoPath>, FileError> {
        Ok(self.of_kind(|it| it == LeafKind::Link))
    }

    fn stands_at(&self, path: &RepoPath) -> Result<Option<LeafKind>, FileError> {
        links::stands_at(path, |it| self.look(it))
    }

    fn problems(&self) -> &[FileError] {
        &self.problems
    }

    fn as_git(&self) -> Option<&GitTree> {
        Some(self)
    }
}

/// Source: the Git LFS specification, `docs/spec.md`: a pointer begins with its version.
pub(super) fn is_large_file_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1_024 && bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// Lists folder by folder, without recursion: depth is the attacker's choice.
struct Lister<'a> {
    caps: &'a Caps,
    folders: Vec<Listing>,
    ids: Vec<Oid>,
    problems: Vec<FileError>,
    entries: usize,
}

impl Lister<'_> {
    fn tree(&mut self, objects: &Objects, root: Oid) -> Result<(), RepoError> {
        let mut open = vec![(RepoPath::root(), root, ROOT)];
        self.folders.push(Vec::new());
        self.ids.push(root);
        while let Some((path, id, index)) = open.pop() {
            let listing = self.folder(objects, &path, id, &mut open)?;
            self.folders[index] = listing;
        }
        Ok(())
    }

    fn folder(
        &mut self,
        objects: &Objects,
        path: &RepoPath,
        id: Oid,
        open: &mut Vec<(RepoPath, Oid, usize)>,
    ) -> Result<Listing, RepoError> {
        let tree = objects.tree(id).map_err(|why| {
            let help = objects.fault().and_then(|it| it.help);
            RepoError {
                message: format!("cannot list the folder `{path}`: {why}"),
                help,
                nothing: false,
            }
        })?;
        self.entries += tree.len();
        if self.entries > self.caps.entries {
            return Err(RepoError::new(format!(
                "the tree has more than {} entries",
                self.caps.entries
            )));
        }
        let mut listing: Listing = Vec::with_capacity(tree.len());
        for entry in &tree {
            let bytes = entry.name.as_slice();
            let Ok(name) = std::str::from_utf8(bytes) else {
                self.problem(
                    path,
                    format!(
                        "its entry `{}` has a name that is no UTF-8 text",
                        names::shown(bytes)
                    ),
                );
                continue;
            };
            if let Some(why) = names::refused(name, self.caps) {
                self.problem(path, format!("its entry `{}`: {why}", names::shown(bytes)));
                continue;
            }
            let Some(full) = path.join(name) else {
                continue;
            };
            if full.as_str().len() > self.caps.path_bytes {
                self.problem(
                    path,
                    format!(
                        "an entry has a path of more than {} bytes",
                        self.caps.path_bytes
                    ),
                );
                continue;
            }
            listing.push((Box::from(name), self.node(entry, full, open)));
        }
        listing.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self.twins(path, &mut listing);
        Ok(listing)
    }

    fn node(
        &mut self,
        entry: &TreeEntry,
        path: RepoPath,
        open: &mut Vec<(RepoPath, Oid, usize)>,
    ) -> Node {
        let leaf = |kind| Node::Leaf(Leaf { id: entry.id, kind });
        // The upper four bits are the type. Source: git `Documentation/gitformat-index`.
        match entry.mode >> 12 {
            0o04 => {
                let index = self.folders.len();
                self.folders.push(Vec::new());
                self.ids.push(entry.id);
                open.push((path, entry.id, index));
                Node::Folder(index)
            }
            0o10 if entry.mode & 0o100 != 0 => leaf(LeafKind::Executable),
            0o10 => leaf(LeafKind::File),
            0o12 => leaf(LeafKind::Link),
            0o16 => leaf(LeafKind::Submodule),
            _ => Node::Unreadable(format!("git gives it the unknown mode {:o}", entry.mode)),
        }
    }

    /// The same name twice is ambiguous and read by nobody; names that differ in case are read,
    /// and reported.
    fn twins(&mut self, path: &RepoPath, listing: &mut Listing) {
        for at in 1..listing.len() {
            if listing[at].0 == listing[at - 1].0 {
                let why = format!("its entry `{}` stands there twice", listing[at].0);
                self.problem(path, why.clone());
                listing[at - 1].1 = Node::Unreadable(why.clone());
                listing[at].1 = Node::Unreadable(why);
            }
        }
        let twins = names::twins(listing.iter().map(|(name, _)| &**name));
        let messages: Vec<String> = twins
            .into_iter()
            .filter(|(a, b)| a != b)
            .map(|(a, b)| {
                format!("its entries `{a}` and `{b}` are one file where case does not count")
            })
            .collect();
        for message in messages {
            self.problem(path, message);
        }
    }

    fn problem(&mut self, path: &RepoPath, why: String) {
        const ENOUGH: usize = 1_000;
        if self.problems.len() < ENOUGH {
            self.problems.push(file_error(path, why));
        }
    }
}

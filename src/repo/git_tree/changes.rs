//! What differs between two git trees, without looking into folders that are the same object.

use super::{GitTree, Listing, Node, ROOT};
use crate::model::Edit;
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;

impl GitTree {
    /// The leaves that differ between this tree and a later one, in the order of their paths.
    pub(in crate::repo) fn changes_to(&self, later: &Self) -> Vec<(RepoPath, Edit)> {
        let mut changes = Vec::new();
        let mut open = vec![(RepoPath::root(), ROOT, ROOT)];
        while let Some((folder, before, after)) = open.pop() {
            if self.ids[before] == later.ids[after] {
                continue;
            }
            let (before, after) = (&self.folders[before], &later.folders[after]);
            let names: BTreeSet<&str> = before
                .iter()
                .chain(after)
                .map(|(name, _)| &**name)
                .collect();
            for name in names {
                let Some(path) = folder.join(name) else {
                    continue;
                };
                match (find(before, name), find(after, name)) {
                    (Some(Node::Folder(a)), Some(Node::Folder(b))) => open.push((path, *a, *b)),
                    (Some(Node::Leaf(a)), Some(Node::Leaf(b))) if a == b => {}
                    (Some(Node::Leaf(_)), Some(Node::Leaf(_))) => {
                        changes.push((path, Edit::Modified))
                    }
                    (a, b) => {
                        changes.extend(self.below(&path, a).map(|it| (it, Edit::Deleted)));
                        changes.extend(later.below(&path, b).map(|it| (it, Edit::Added)));
                    }
                }
            }
        }
        changes.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        changes
    }

    /// The paths of the leaves at and below an entry.
    fn below(&self, path: &RepoPath, node: Option<&Node>) -> std::vec::IntoIter<RepoPath> {
        let mut paths = Vec::new();
        match node {
            Some(Node::Folder(folder)) => {
                self.visit(path.clone(), *folder, |path, _| paths.push(path));
            }
            Some(Node::Leaf(_)) => paths.push(path.clone()),
            Some(Node::Unreadable(_)) | None => {}
        }
        paths.into_iter()
    }
}

fn find<'a>(listing: &'a Listing, name: &str) -> Option<&'a Node> {
    let at = listing.binary_search_by(|(it, _)| (**it).cmp(name)).ok()?;
    Some(&listing[at].1)
}

//! Which files differ between two trees.

use super::Tree;
use crate::model::Edit;
use tollgate_kustomize::{FileError, RepoPath};

/// The files that differ, in the order of their paths. A rename is one deleted and one added: a
/// file cannot leave a protected folder unseen.
///
/// # Errors
/// Where a tree cannot be listed.
pub fn changed_files(base: &dyn Tree, head: &dyn Tree) -> Result<Vec<(RepoPath, Edit)>, FileError> {
    if let (Some(base), Some(head)) = (base.as_git(), head.as_git()) {
        return Ok(base.changes_to(head));
    }
    by_leaves(base, head)
}

/// The same for trees of any kind.
fn by_leaves(base: &dyn Tree, head: &dyn Tree) -> Result<Vec<(RepoPath, Edit)>, FileError> {
    let before = base.leaves()?;
    let after = head.leaves()?;
    let mut changed: Vec<(RepoPath, Edit)> = after
        .iter()
        .filter_map(|(path, leaf)| match before.get(path) {
            None => Some((path.clone(), Edit::Added)),
            Some(old) if old != leaf => Some((path.clone(), Edit::Modified)),
            Some(_) => None,
        })
        .collect();
    let deleted = before.keys().filter(|it| !after.contains_key(it));
    changed.extend(deleted.map(|it| (it.clone(), Edit::Deleted)));
    changed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::testing::{LINK, TestRepo};
    use proptest::prelude::*;

    /// Few names, so that files, links and folders take each other's place.
    fn files() -> impl Strategy<Value = Vec<(String, bool, u8)>> {
        let path = prop::collection::vec(0..4_u8, 1..4).prop_map(|parts| {
            parts
                .iter()
                .map(|it| format!("n{it}"))
                .collect::<Vec<_>>()
                .join("/")
        });
        prop::collection::vec((path, any::<bool>(), 0..3_u8), 0..12)
    }

    fn repo(files: &[(String, bool, u8)]) -> TestRepo {
        let mut repo = TestRepo::new();
        let mut taken: Vec<&str> = Vec::new();
        for (path, link, content) in files {
            let clash = |it: &&str| {
                *it == path
                    || it.starts_with(&format!("{path}/"))
                    || path.starts_with(&format!("{it}/"))
            };
            if !taken.iter().any(clash) {
                taken.push(path);
                repo.entry(path, if *link { LINK } else { 0o100_644 }, [*content]);
            }
        }
        repo
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_tell_the_same(a in files(), b in files()) {
            let (a, b) = (repo(&a).git_tree(), repo(&b).git_tree());
            prop_assert_eq!(a.changes_to(&b), by_leaves(&a, &b).expect("leaves"));
            prop_assert_eq!(a.changes_to(&a), []);
        }
    }
}

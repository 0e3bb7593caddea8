//! What merging a change into its base gives.

use super::{RepoError, Resolver};
use crate::repo::merge::{self, Kind, Merge, Trees};
use git2::{Commit, ErrorCode, Oid};

/// Merge bases of merge bases that are followed: histories that cross more often are not merged here.
const MOST_CROSSINGS: usize = 16;

impl<'r> Resolver<'r> {
    /// The tree of the merge of `head` into `base`.
    pub(super) fn merged(&self, base: &Commit<'_>, head: &Commit<'_>) -> Result<Oid, RepoError> {
        // Where history is cut, a merge would start from the wrong commit.
        self.merge_base(base, head)?;
        let merge = self.merge(base, head)?;
        let Some(first) = merge.conflicts.first() else {
            return Ok(merge.tree);
        };
        let more = match merge.conflicts.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Err(RepoError::new(format!(
            "head does not merge into base: conflict in `{}` ({}){more}",
            first.path, first.why
        ))
        .help("rebase the branch on its base, or merge the base into it, and settle the conflict there"))
    }

    /// See to it that a merge which the CI system made is the merge of its parents. What was put into
    /// it besides stands in no commit that anybody has seen.
    pub(super) fn check_given(&self, given: &Commit<'_>) -> Result<(), RepoError> {
        let (Ok(base), Ok(head)) = (given.parent(0), given.parent(1)) else {
            return Err(RepoError::new(format!(
                "the parents of the merge {} are not in this clone",
                given.id()
            ))
            .help(self.fetch_help()));
        };
        self.merge_base(&base, &head)?;
        let merge = self.merge(&base, &head)?;
        let differs = |what: String| {
            RepoError::new(format!(
                "the merge {} that the CI system hands over is not the merge of its parents {} and {}: {what}",
                given.id(),
                base.id(),
                head.id()
            ))
            .help("run the job again on a new merge, or name both sides with `--base` and `--head`")
        };
        if merge.tree == given.tree_id() {
            // A forge may leave a file where it is when its folder was renamed.
            let other = merge.conflicts.iter().find(|it| it.kind != Kind::Location);
            return match other {
                None => Ok(()),
                Some(it) => Err(differs(format!(
                    "`{}` is in conflict ({})",
                    it.path, it.why
                ))),
            };
        }
        let path = merge::first_difference(self.objects, merge.tree, given.tree_id())?;
        Err(differs(match path {
            Some(path) => format!("`{path}` differs"),
            None => "their trees differ".to_owned(),
        }))
    }

    fn merge(&self, base: &Commit<'_>, head: &Commit<'_>) -> Result<Merge, RepoError> {
        let trees = Trees {
            base: self.common_tree(base.id(), head.id(), MOST_CROSSINGS)?,
            ours: base.tree_id(),
            theirs: head.tree_id(),
        };
        merge::merge(self.objects, trees)
    }

    /// The tree that two commits come from. Where they have several best common ancestors, git merges
    /// those first.
    fn common_tree(&self, one: Oid, two: Oid, left: usize) -> Result<Oid, RepoError> {
        let broken = |error: git2::Error| RepoError::new(error.message());
        let bases = self.repository.merge_bases(one, two).map_err(broken)?;
        let tree = |id: Oid| {
            self.objects.verify_commit(id)?;
            let commit = self.repository.find_commit(id).map_err(broken)?;
            Ok::<Oid, RepoError>(commit.tree_id())
        };
        let crossed = |why: String| {
            RepoError::new(format!(
                "head does not merge into base: their histories cross, {why}"
            ))
            .help("rebase the branch on its base")
        };
        match &*bases {
            [only] => tree(*only),
            &[newer, older] if left > 0 => {
                let trees = Trees {
                    base: self.common_tree(older, newer, left - 1)?,
                    ours: tree(older)?,
                    theirs: tree(newer)?,
                };
                let merge = merge::merge_bases(self.objects, trees)?;
                match merge.conflicts.iter().find(|it| it.kind != Kind::Lines) {
                    Some(it) => Err(crossed(format!(
                        "and `{}` was settled there: {}",
                        it.path, it.why
                    ))),
                    None => Ok(merge.tree),
                }
            }
            [] => Err(
                RepoError::new(format!("{one} and {two} have no history in common"))
                    .help("name the base with `--base`"),
            ),
            _ => Err(crossed("more than can be followed".to_owned())),
        }
    }

    /// The newest commit that both have.
    pub(super) fn merge_base(
        &self,
        one: &Commit<'_>,
        two: &Commit<'_>,
    ) -> Result<Commit<'r>, RepoError> {
        let related = one.id() == two.id() || self.descends(one, two) || self.descends(two, one);
        if self.repository.is_shallow() && !related {
            return Err(RepoError::new(
                "the clone is shallow, so where base and head part is not known",
            )
            .help(self.fetch_help()));
        }
        let found = self
            .repository
            .merge_base(one.id(), two.id())
            .and_then(|it| self.repository.find_commit(it));
        found.map_err(|error| match error.code() {
            ErrorCode::NotFound => RepoError::new(format!(
                "{} and {} have no history in common",
                one.id(),
                two.id()
            ))
            .help("name the base with `--base`"),
            _ => RepoError::new(error.message()),
        })
    }
}

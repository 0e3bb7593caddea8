//! Commits by the names that people and CI systems give them.

use super::{RepoError, Resolver};
use crate::repo::names;
use git2::{Commit, ErrorCode, ObjectType, Oid};

/// Digits that an abbreviated id has at least.
const SHORTEST_ID: usize = 4;

/// Which side a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What the change would be merged into: what is on the server counts before what is only here.
    Base,
    /// What it proposes.
    Head,
}

impl<'r> Resolver<'r> {
    pub(super) fn default_branch(&self) -> Result<(String, Commit<'r>), RepoError> {
        const CANDIDATES: [(&str, &str); 5] = [
            ("origin/HEAD", "refs/remotes/origin/HEAD"),
            ("origin/main", "refs/remotes/origin/main"),
            ("origin/master", "refs/remotes/origin/master"),
            ("main", "refs/heads/main"),
            ("master", "refs/heads/master"),
        ];
        CANDIDATES
            .iter()
            .find_map(|(name, full)| Some(((*name).to_owned(), self.branch(full)?)))
            .ok_or_else(|| {
                RepoError::new(
                    "there is no branch `origin/HEAD`, `main` or `master` to compare with",
                )
                .help("name the base with `--base`")
            })
    }

    /// A revision in the user's words.
    pub(super) fn named(&self, name: &str, side: Side) -> Result<Commit<'r>, RepoError> {
        let unborn = |it: git2::Error| it.code() == git2::ErrorCode::UnbornBranch;
        if name == "HEAD" && self.repository.head().is_err_and(unborn) {
            return Err(RepoError::new("the branch has no commit yet")
                .help("make a first one; a change is what differs from it"));
        }
        let unknown = |why: &str| {
            let help = if self.repository.is_shallow() {
                self.fetch_help()
            } else {
                "run `git fetch origin`, or name a branch, tag or commit that is in this clone"
                    .to_owned()
            };
            RepoError::new(format!(
                "`{}` is no commit of this clone{why}",
                names::shown(name.as_bytes())
            ))
            .help(help)
        };
        if name.is_empty() || name.starts_with('-') {
            return Err(unknown(""));
        }
        let whole = self.whole_name(name, side)?;
        let object =
            self.repository
                .revparse_single(&whole)
                .map_err(|error| match error.code() {
                    ErrorCode::NotFound | ErrorCode::InvalidSpec => unknown(""),
                    ErrorCode::UnbornBranch => RepoError::new("the repository has no commit yet"),
                    _ => unknown(&format!(": {}", error.message())),
                })?;
        object
            .peel_to_commit()
            .map_err(|_| unknown(": it names something else"))
    }

    /// A revision whose reference is written out (`main~1` is `refs/heads/main~1`), so that a tag
    /// which somebody pushed does not take the place of a branch. Source: git's `gitrevisions`, which
    /// takes the tag and warns.
    fn whole_name(&self, name: &str, side: Side) -> Result<String, RepoError> {
        let end = name
            .find(['~', '^', ':'])
            .into_iter()
            .chain(name.find("@{"))
            .min()
            .unwrap_or(name.len());
        let (short, rest) = name.split_at(end);
        let is_hex = short.bytes().all(|it| it.is_ascii_hexdigit());
        if matches!(short, "" | "@" | "HEAD") || is_hex && short.len() == 40 {
            return Ok(name.to_owned());
        }
        let exists = |full: &String| self.repository.find_reference(full).is_ok();
        let tags = format!("refs/tags/{short}");
        let local = format!("refs/heads/{short}");
        let remote = format!("refs/remotes/{short}");
        let remote_head = format!("refs/remotes/{short}/HEAD");
        let branches = match side {
            Side::Base => [remote, local, remote_head],
            Side::Head => [local, remote, remote_head],
        };
        let mut branches = branches.into_iter().filter(exists);
        let (first, second) = (branches.next(), branches.next());
        let mut all: Vec<String> = std::iter::once(tags).filter(exists).collect();
        all.extend(first);
        // Of two branches BASE takes the one on the server; what HEAD is must be said.
        all.extend(second.filter(|_| side == Side::Head));
        let outside = [short.to_owned(), format!("refs/{short}")];
        let outside = outside
            .into_iter()
            .filter(|it| it.starts_with("refs/") && exists(it));
        all.extend(outside);
        if is_hex && short.len() >= SHORTEST_ID && !all.is_empty() {
            all.extend(self.by_short_id(short));
        }
        match all.as_slice() {
            [] => Ok(name.to_owned()),
            [only] => Ok(format!("{only}{rest}")),
            _ => {
                let shown: Vec<String> = all
                    .iter()
                    .map(|it| {
                        format!(
                            "`{}{}`",
                            names::shown(it.as_bytes()),
                            names::shown(rest.as_bytes())
                        )
                    })
                    .collect();
                Err(RepoError::new(format!(
                    "`{}` is the name of {} things",
                    names::shown(name.as_bytes()),
                    all.len()
                ))
                .help(format!("name one of them in full: {}", shown.join(", "))))
            }
        }
    }

    /// The whole id of the commit or tag that an abbreviated one means.
    fn by_short_id(&self, short: &str) -> Option<String> {
        let odb = self.repository.odb().ok()?;
        let id = Oid::from_str(short).ok()?;
        let id = odb.exists_prefix(id, short.len()).ok()?;
        let (_, kind) = odb.read_header(id).ok()?;
        matches!(kind, ObjectType::Commit | ObjectType::Tag).then(|| id.to_string())
    }

    /// A commit that the CI system named by its id. Nothing else is tried: the text may come from
    /// the author of the change.
    pub(super) fn known(&self, id: &str, what: &str) -> Result<Commit<'r>, RepoError> {
        if id.bytes().all(|it| it == b'0') {
            return Err(
                RepoError::new(format!("{what} is not known to the CI system"))
                    .help("name both sides with `--base` and `--head`"),
            );
        }
        self.by_id(id).ok_or_else(|| {
            let shown: String = names::shown(id.as_bytes()).chars().take(64).collect();
            RepoError::new(format!("{what} (`{shown}`) is not in this clone"))
                .help(self.fetch_help())
        })
    }

    pub(super) fn by_id(&self, id: &str) -> Option<Commit<'r>> {
        let whole = id.len() == 40 && id.bytes().all(|it| it.is_ascii_hexdigit());
        let id = Oid::from_str(id).ok().filter(|_| whole)?;
        self.repository.find_commit(id).ok()
    }

    pub(super) fn branch(&self, full: &str) -> Option<Commit<'r>> {
        self.repository
            .find_reference(full)
            .ok()?
            .peel_to_commit()
            .ok()
    }

    pub(super) fn descends(&self, commit: &Commit<'_>, ancestor: &Commit<'_>) -> bool {
        commit.id() == ancestor.id()
            || self
                .repository
                .graph_descendant_of(commit.id(), ancestor.id())
                .unwrap_or(false)
    }

    pub(super) fn fetch_help(&self) -> String {
        if self.is("GITHUB_ACTIONS") {
            "give `actions/checkout` the setting `fetch-depth: 0`".to_owned()
        } else if self.is("GITLAB_CI") {
            "give the job the variable `GIT_DEPTH: \"0\"`".to_owned()
        } else if self.repository.is_shallow() {
            "run `git fetch --unshallow`".to_owned()
        } else {
            "run `git fetch origin`".to_owned()
        }
    }
}

//! What a forge (GitHub, GitLab) says of a change and of the branch that it would be merged into.
//!
//! A forge that does not answer, or does not let its answer be seen, is not a forge that answers
//! "none": every fact that comes from one is [`Known`] or says why it is not and what would mend
//! that.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact that somebody else holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known<T> {
    /// It was established.
    Known(T),
    /// It was not.
    Unknown(Gap),
}

/// Why a fact is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// What stood in the way, as one clause.
    pub why: String,
    /// The permission, setting or action that would mend it.
    pub needs: String,
}

impl<T> Known<T> {
    /// A fact that could not be established.
    pub fn unknown(why: impl Into<String>, needs: impl Into<String>) -> Self {
        Self::Unknown(Gap {
            why: why.into(),
            needs: needs.into(),
        })
    }

    /// The fact, or why it is not known.
    ///
    /// # Errors
    /// The gap.
    pub fn get(&self) -> Result<&T, &Gap> {
        match self {
            Self::Known(fact) => Ok(fact),
            Self::Unknown(gap) => Err(gap),
        }
    }

    /// The fact that `change` makes of this one; a gap stays.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(fact) => Known::Known(change(fact)),
            Self::Unknown(gap) => Known::Unknown(gap),
        }
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self::unknown("nobody looked", "a run that looks")
    }
}

/// A service that hosts repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForgeKind {
    /// GitHub, or GitHub Enterprise Server.
    Github,
    /// gitlab.com, or a GitLab of one's own.
    Gitlab,
}

impl ForgeKind {
    /// The forge of an id: `github` or `gitlab`.
    pub fn named(id: &str) -> Option<Self> {
        match id {
            "github" => Some(Self::Github),
            "gitlab" => Some(Self::Gitlab),
            _ => None,
        }
    }
}

/// As the forge writes its name.
impl std::fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
        })
    }
}

/// The pull or merge request that a change is, as the CI system names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Where it is.
    pub forge: ForgeKind,
    /// Its number within the repository (GitLab: `iid`).
    pub number: u64,
    /// The commit at the tip of the proposed branch. What is judged is this, or its merge into BASE.
    pub head: String,
    /// The branch that it would be merged into.
    pub branch: String,
}

/// A commit that the change brings, as git records it. Names and addresses in it are claims of
/// whoever made the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitFacts {
    /// Its id.
    pub id: String,
    /// The author's e-mail address.
    pub author: String,
    /// The committer's e-mail address.
    pub committer: String,
    /// Addresses in `Co-authored-by:` lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub co_authors: Vec<String>,
}

/// Everything that a forge was asked about one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgeFacts {
    /// The id of the forge that was asked: `github`, `gitlab` or `offline`.
    pub forge: String,
    /// The repository as people name it: `github.com/acme/gitops`.
    pub repository: String,
    /// The request, read before everything else and once more after it: whatever differs between
    /// the two readings makes it unknown.
    pub request: Known<Request>,
    /// Every review, the oldest first.
    pub reviews: Known<Vec<Review>>,
    /// Whose accounts the forge attributes the request's commits to, by commit id. A commit of git
    /// that is not here has authors that nobody knows.
    pub commits: Known<BTreeMap<String, Vec<Contributor>>>,
    /// Who pushed the head.
    pub last_pusher: Known<Account>,
    /// What each account that reviewed may do in the repository, by account id.
    pub permissions: BTreeMap<u64, Known<Access>>,
    /// The members of each team that the configuration or CODEOWNERS names, by its path as it is
    /// written there, in small letters (`acme/platform`).
    pub teams: BTreeMap<String, Known<Vec<Account>>>,
    /// How the branch is protected; absent where nobody asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<ProtectionFacts>,
    /// What a reader of the report should know about these answers: the forge's tier, a snapshot
    /// that stood in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An account of the forge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// The number that stays when the account is renamed. It alone says who somebody is.
    pub id: u64,
    /// The name it has now.
    pub login: String,
    /// What it belongs to.
    pub kind: AccountKind,
}

/// What an account belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A person.
    Person,
    /// An app, a bot, a service account, an access token's own account.
    Bot,
    /// Anything else, or something that the forge does not say.
    Other,
}

/// Somebody who had a hand in a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contributor {
    /// Somebody with an account.
    Account(Account),
    /// An address or name that belongs to no account of the forge.
    Unmatched(String),
}

/// A pull or merge request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub number: u64,
    /// Whether it can still be merged.
    pub state: RequestState,
    /// Whether its author says that it is not ready.
    pub draft: bool,
    /// Who opened it; `None` for an account that is gone.
    pub author: Option<Account>,
    /// The commit at its tip.
    pub head: String,
    /// The branch that it would be merged into.
    pub branch: String,
}

/// Whether a request can still be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// It can.
    Open,
    /// It was closed without a merge.
    Closed,
    /// It has been merged.
    Merged,
}

/// One review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its id, for reports; absent where the forge gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Whose it is; `None` for an account that is gone.
    pub account: Option<Account>,
    /// What it says.
    pub state: ReviewState,
    /// The commit that was reviewed; `None` where the forge has lost it.
    pub commit: Option<String>,
    /// When it was given, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// Not like this.
    ChangesRequested,
    /// Neither yes nor no.
    Commented,
    /// It was taken back, or somebody took it away: it says nothing, and nothing that the same
    /// account said before it says anything either.
    Dismissed,
}

/// What an account may do in the repository, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Nothing.
    None,
    /// Read (GitLab: guest, planner, reporter).
    Read,
    /// Sort issues.
    Triage,
    /// Push (GitLab: developer).
    Write,
    /// Change settings (GitLab: maintainer).
    Maintain,
    /// Everything (GitLab: owner).
    Admin,
}

/// How a branch is protected. Each answer says which setting of the forge gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionFacts {
    /// The branch.
    pub branch: String,
    /// Approvals that a merge takes.
    pub approvals: Known<Stated<u32>>,
    /// Whether a push dismisses approvals of what stood there before.
    pub dismiss_stale: Known<Stated<bool>>,
    /// Whether code owners must approve.
    pub code_owners: Known<Stated<bool>>,
    /// Whether somebody else than the last pusher must approve.
    pub last_push_approval: Known<Stated<bool>>,
    /// Checks that a merge takes.
    pub status_checks: Known<Stated<Vec<RequiredCheck>>>,
    /// Whether commits must be signed.
    pub signed_commits: Known<Stated<bool>>,
    /// Whether merge commits are kept out.
    pub linear_history: Known<Stated<bool>>,
    /// Whether somebody may force-push. `true` is the weak answer.
    pub force_push: Known<Stated<bool>>,
    /// Whether somebody may delete the branch. `true` is the weak answer.
    pub deletion: Known<Stated<bool>>,
    /// Whether somebody may push without a request. `true` is the weak answer.
    pub direct_push: Known<Stated<bool>>,
    /// Whether all this holds for administrators as well.
    pub admins: Known<Stated<bool>>,
    /// Who may go around it.
    pub bypass: Known<Vec<Bypass>>,
}

impl ProtectionFacts {
    /// Nothing is known, for one reason.
    pub fn unknown(branch: impl Into<String>, gap: &Gap) -> Self {
        Self {
            branch: branch.into(),
            approvals: Known::Unknown(gap.clone()),
            dismiss_stale: Known::Unknown(gap.clone()),
            code_owners: Known::Unknown(gap.clone()),
            last_push_approval: Known::Unknown(gap.clone()),
            status_checks: Known::Unknown(gap.clone()),
            signed_commits: Known::Unknown(gap.clone()),
            linear_history: Known::Unknown(gap.clone()),
            force_push: Known::Unknown(gap.clone()),
            deletion: Known::Unknown(gap.clone()),
            direct_push: Known::Unknown(gap.clone()),
            admins: Known::Unknown(gap.clone()),
            bypass: Known::Unknown(gap.clone()),
        }
    }
}

/// An answer, and the setting of the forge that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated<T> {
    /// The answer.
    pub value: T,
    /// `ruleset "prod" (42)`, `classic protection of main`.
    pub by: String,
}

/// A check that a merge takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequiredCheck {
    /// Its name.
    pub context: String,
    /// The app that must have reported it, by its number; `None`: anybody who may write can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<u64>,
}

/// Somebody who may go around the protection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bypass {
    /// `User:ann`, `Team:platform`, `App:renovate`, `Role:admin`, `DeployKey`; a number where the
    /// forge gives no name (`App:1234`).
    pub actor: String,
    /// When: `always`, `pull_request`, `exempt`.
    pub mode: String,
    /// The setting that allows it.
    pub by: String,
}

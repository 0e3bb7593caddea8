//! Who must agree, and how the forge must be set up.

use super::read::{Read, Reader, choice, section};
use super::schema::Definitions;
use super::value::{Duration, Name, Pattern, User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_yaml::Node;

section! {
    /// People who can be asked for approval.
    pub default struct Group {
        /// Accounts, as `login` or, so that it stays the same account when it is renamed and no other
        /// account when the name is given to somebody else, as `login#id`.
        users: Vec<User> = Vec::new(),
        /// A team of the forge, as `organisation/team`; needs a token that may read members.
        team: Option<String> = None,
    }
}

section! {
    /// Whose approval a change needs.
    pub default struct Approvals {
        /// What holds for every rule.
        defaults: ApprovalDefaults = ApprovalDefaults::default(),
        /// Every rule that applies must be met; a change to which none applies is refused.
        rules: Vec<ApprovalRule> = Vec::new(),
        /// Whether CODEOWNERS of the base must approve.
        codeowners: Codeowners = Codeowners::Ignore,
    }
}

section! {
    /// What makes an approval count.
    pub default struct ApprovalDefaults {
        /// What an approval is for.
        bind: ApprovalBind = ApprovalBind::Head,
        /// Whether accounts that are no people count, where a group lists them by name.
        bots: bool = false,
        /// The least permission of an approver.
        min_permission: Permission = Permission::Write,
        /// What a request for changes does.
        changes_requested: ChangesRequested = ChangesRequested::Block,
    }
}

choice! {
    /// What an approval is for.
    pub enum ApprovalBind {
        /// The commit that was reviewed: a push makes it void.
        Head = "head",
        /// The pull request, whatever is pushed later.
        PullRequest = "pull_request",
    }
}

choice! {
    /// Permissions of the forge, the weakest first.
    pub enum Permission {
        /// May read.
        Read = "read",
        /// May sort issues.
        Triage = "triage",
        /// May push.
        Write = "write",
        /// May change settings.
        Maintain = "maintain",
        /// May do everything.
        Admin = "admin",
    }
}

choice! {
    /// What a request for changes does.
    pub enum ChangesRequested {
        /// It blocks until it is taken back.
        Block = "block",
        /// It is reported.
        Ignore = "ignore",
    }
}

choice! {
    /// What CODEOWNERS means to the gate.
    pub enum Codeowners {
        /// The owners of every changed path must approve.
        Enforce = "enforce",
        /// Nothing.
        Ignore = "ignore",
    }
}

section! {
    /// One approval rule.
    pub struct ApprovalRule {
        /// Its name in the report.
        name: Name,
        /// Which changes it is for.
        when: When,
        /// What it asks.
        require: Require,
    }
}

section! {
    /// Which changes a rule is for: all conditions that are given hold together.
    pub default struct When {
        /// One of these environments would receive something else.
        touches: Vec<Name> = Vec::new(),
        /// The change touches policies, fixtures, exceptions, configuration, owners or CI.
        control_plane: Option<bool> = None,
        /// It touches one of these files; a renamed file is touched at both places.
        paths: Vec<Pattern> = Vec::new(),
        /// What is rendered differs in a resource of one of these kinds (`ClusterRole`,
        /// `apps/Deployment`).
        changes_kind: Vec<String> = Vec::new(),
        /// Every change.
        any: Option<bool> = None,
    }
}

section! {
    /// How many approvals, and by whom.
    pub struct Require {
        /// How many different people.
        count: u32,
        /// The groups of which they must be; empty: anybody with the permission.
        from: Vec<Name> = Vec::new(),
        /// Whether each of `from` must be represented by somebody else.
        distinct_groups: bool = false,
    }
}

section! {
    /// How the forge must protect the branch.
    pub default struct Protection {
        /// The settings that are asked for.
        require: ProtectionSettings = ProtectionSettings::default(),
        /// What a setting does that the token cannot read.
        on_unknown: OnUnknown = OnUnknown::default(),
        /// Whether a snapshot that a job with more rights has taken may stand in for what the token
        /// cannot read.
        snapshot: Option<Snapshot> = None,
    }
}

section! {
    /// Settings of a protected branch; what is not given is not asked for.
    pub default struct ProtectionSettings {
        /// Approvals needed to merge, at least.
        approvals: Option<u32> = None,
        /// Approvals of older commits are dismissed.
        dismiss_stale: Option<bool> = None,
        /// Code owners must approve.
        code_owners: Option<bool> = None,
        /// Somebody else than the last pusher must approve.
        last_push_approval: Option<bool> = None,
        /// Commits must be signed.
        signed_commits: Option<bool> = None,
        /// Merge commits are kept out.
        linear_history: Option<bool> = None,
        /// The protection holds for administrators as well.
        admins: Option<bool> = None,
        /// Whether anybody may force-push.
        force_push: Option<bool> = None,
        /// Whether the branch may be deleted.
        deletion: Option<bool> = None,
        /// Whether anybody may push without a pull or merge request.
        direct_push: Option<bool> = None,
        /// Checks that must pass to merge.
        status_checks: Vec<StatusCheck> = Vec::new(),
        /// Who may go around the protection: nobody else.
        bypass: Option<Vec<String>> = None,
    }
}

/// A check that must pass to merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCheck {
    /// Its name.
    pub context: String,
    /// The number of the app that must report it; `None`: anything may.
    pub source: Option<u64>,
}

section! {
    /// A check, and who must report it.
    struct SourcedCheck {
        /// Its name.
        context: String,
        /// The number of the app that must report it.
        source: u32,
    }
}

/// A name, or a map of name and source.
impl Read for StatusCheck {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_mapping().is_some() {
            return SourcedCheck::read(node, reader).map(|it| Self {
                context: it.context,
                source: Some(u64::from(it.source)),
            });
        }
        let context = String::read(node, reader)?;
        Some(Self {
            context,
            source: None,
        })
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"anyOf": [String::schema(definitions), SourcedCheck::schema(definitions)]})
    }
}

section! {
    /// A snapshot of the protection, taken by a job with more rights.
    pub struct Snapshot {
        /// The age from which on it counts for nothing.
        max_age: Duration,
    }
}

section! {
    /// What an unknown setting does: the strictest answer of the environments that a change touches.
    pub default struct OnUnknown {
        /// Where no other line applies.
        default: Unknown = Unknown::Warn,
        /// For `audit` environments.
        audit: Option<Unknown> = None,
        /// For `enforce` environments.
        enforce: Option<Unknown> = None,
        /// For `strict` environments.
        strict: Option<Unknown> = Some(Unknown::Fail),
    }
}

choice! {
    /// What an unknown does.
    pub enum Unknown {
        /// It is reported.
        Warn = "warn",
        /// It leaves the verdict undecided.
        Fail = "fail",
    }
}

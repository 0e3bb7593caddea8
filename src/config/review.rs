//! Who must agree, and how the forge must be set up.

use super::read::{choice, section};
use super::value::Name;

section! {
    /// People who can be asked for approval.
    pub default struct Group {
        /// Accounts.
        users: Vec<String> = Vec::new(),
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
        /// Whether accounts that are no people count.
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
    }
}

section! {
    /// How the forge must protect the branch.
    pub default struct Protection {
        /// The settings that are asked for.
        require: ProtectionSettings = ProtectionSettings::default(),
        /// What a setting does that the token cannot read.
        on_unknown: OnUnknown = OnUnknown::default(),
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
        /// Whether anybody may force-push.
        force_push: Option<bool> = None,
        /// Whether the branch may be deleted.
        deletion: Option<bool> = None,
        /// Checks that must pass to merge.
        status_checks: Vec<String> = Vec::new(),
        /// Who may go around the protection: nobody else.
        bypass: Option<Vec<String>> = None,
    }
}

section! {
    /// What an unknown setting does, by the strictest environment that a change touches.
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

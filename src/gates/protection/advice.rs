//! What to change where, in the words of the forges' own settings.

use crate::model::ForgeKind;

/// A part of a branch's protection, as the configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Approvals,
    DismissStale,
    CodeOwners,
    LastPushApproval,
    SignedCommits,
    LinearHistory,
    Admins,
    ForcePush,
    Deletion,
    DirectPush,
    StatusChecks,
    Bypass,
}

impl Control {
    /// As `protection.require` has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Approvals => "approvals",
            Self::DismissStale => "dismiss_stale",
            Self::CodeOwners => "code_owners",
            Self::LastPushApproval => "last_push_approval",
            Self::SignedCommits => "signed_commits",
            Self::LinearHistory => "linear_history",
            Self::Admins => "admins",
            Self::ForcePush => "force_push",
            Self::Deletion => "deletion",
            Self::DirectPush => "direct_push",
            Self::StatusChecks => "status_checks",
            Self::Bypass => "bypass",
        }
    }
}

/// What to change; on both forges where it is not known which one it is.
pub(super) fn on(control: Control, forge: Option<ForgeKind>) -> String {
    match forge {
        Some(ForgeKind::Github) => on_github(control).to_owned(),
        Some(ForgeKind::Gitlab) => on_gitlab(control).to_owned(),
        None => format!("{}; {}", on_github(control), on_gitlab(control)),
    }
}

/// Source: "Available rules for rulesets", "About protected branches".
fn on_github(control: Control) -> &'static str {
    match control {
        Control::Approvals => {
            "on GitHub, raise `Required approvals` under `Require a pull request before merging` in the branch's ruleset"
        }
        Control::DismissStale => {
            "on GitHub, switch on `Dismiss stale pull request approvals when new commits are pushed` in the branch's ruleset"
        }
        Control::CodeOwners => {
            "on GitHub, switch on `Require review from Code Owners` in the branch's ruleset"
        }
        Control::LastPushApproval => {
            "on GitHub, switch on `Require approval of the most recent reviewable push` in the branch's ruleset"
        }
        Control::SignedCommits => {
            "on GitHub, switch on `Require signed commits` in the branch's ruleset"
        }
        Control::LinearHistory => {
            "on GitHub, switch on `Require linear history` in the branch's ruleset"
        }
        Control::Admins => {
            "on GitHub, take administrators off the ruleset's `Bypass list`, or switch on `Do not allow bypassing the above settings` in the branch protection rule"
        }
        Control::ForcePush => {
            "on GitHub, switch on `Block force pushes` in the branch's ruleset, or `Allow force pushes` off in the branch protection rule"
        }
        Control::Deletion => {
            "on GitHub, switch on `Restrict deletions` in the branch's ruleset, or `Allow deletions` off in the branch protection rule"
        }
        Control::DirectPush => {
            "on GitHub, switch on `Require a pull request before merging` in the branch's ruleset"
        }
        Control::StatusChecks => {
            "on GitHub, add the check, with the app that reports it, to `Require status checks to pass` in the branch's ruleset"
        }
        Control::Bypass => {
            "on GitHub, remove it from the ruleset's `Bypass list`, or from who may bypass in the branch protection rule"
        }
    }
}

/// Source: "Merge request approvals", "Protected branches", "Push rules", "Auto-merge".
fn on_gitlab(control: Control) -> &'static str {
    match control {
        Control::Approvals => {
            "on GitLab, raise the number of approvals of a rule under Settings > Merge requests > `Approval rules` (Premium)"
        }
        Control::DismissStale => {
            "on GitLab, choose `Remove all approvals` for `When a commit is added` under Settings > Merge requests > `Approval settings` (Premium)"
        }
        Control::CodeOwners => {
            "on GitLab, switch on `Code owner approval` of the branch under Settings > Repository > `Protected branches` (Premium)"
        }
        Control::LastPushApproval => {
            "on GitLab, switch on `Prevent approvals by users who add commits` under Settings > Merge requests > `Approval settings` and `Reject unverified users` under Settings > Repository > `Push rules` (Premium)"
        }
        Control::SignedCommits => {
            "on GitLab, switch on `Reject unsigned commits` under Settings > Repository > `Push rules` (Premium)"
        }
        Control::LinearHistory => {
            "on GitLab, choose `Fast-forward merge` under Settings > Merge requests > `Merge method`"
        }
        Control::Admins | Control::DirectPush => {
            "on GitLab, let `No one` be `Allowed to push and merge` under Settings > Repository > `Protected branches`, in every rule that matches the branch"
        }
        Control::ForcePush => {
            "on GitLab, switch off `Allowed to force push` under Settings > Repository > `Protected branches`, in every rule that matches the branch"
        }
        Control::Deletion => {
            "on GitLab, only the default branch is safe from maintainers: make it that one, or do not ask for this"
        }
        Control::StatusChecks => {
            "on GitLab, the check `pipeline` takes `Pipelines must succeed` on and `Skipped pipelines are considered successful` off under Settings > Merge requests, and any other an external status check with `Status checks must succeed` (Ultimate); which app reports a check cannot be chosen"
        }
        Control::Bypass => {
            "on GitLab, remove it from `Allowed to push and merge` under Settings > Repository > `Protected branches`"
        }
    }
}

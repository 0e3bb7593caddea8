//! What holds for the whole repository.

use super::read::{choice, section};
use super::review::Require;
use super::value::{Duration, KubernetesVersion, Pattern, Percent, Placeholder, RefName};

section! {
    /// Where rules are, and how well they must be tested.
    pub default struct Policies {
        /// Files in which policies are looked for, by their content; everywhere unless given.
        paths: Vec<Pattern> = everywhere(),
        /// Files in which fixtures are looked for, by their content; everywhere unless given.
        fixtures: Vec<Pattern> = everywhere(),
        /// What fixtures must reach.
        coverage: Coverage = Coverage::default(),
        /// When Tollgate's built-in policies judge.
        builtin: Builtin = Builtin::Auto,
    }
}

choice! {
    /// When Tollgate's built-in policies judge.
    pub enum Builtin {
        /// Never.
        Off = "off",
        /// As long as no policy of the repository's own validates.
        Auto = "auto",
        /// Always, beside the repository's own; of two with one name, its own.
        On = "on",
    }
    // Tools that rewrite YAML 1.1 make these of `off` and `on`.
    false = Off, true = On
}

fn everywhere() -> Vec<Pattern> {
    Pattern::parse("**").into_iter().collect()
}

section! {
    /// What fixtures must reach.
    pub default struct Coverage {
        /// The share of rules with a fixture that passes and one that fails.
        min_rules: Percent = Percent::ALL,
    }
}

section! {
    /// What rendered resources are validated against.
    pub struct Schema {
        /// The version of Kubernetes.
        kubernetes: KubernetesVersion,
        /// Files with custom resource definitions.
        crds: Vec<Pattern> = Vec::new(),
    }
}

section! {
    /// How secrets may stand in git.
    pub default struct Secrets {
        /// Kinds whose values are encrypted or kept elsewhere.
        allow_kinds: Vec<String> = vec!["SealedSecret".to_owned(), "ExternalSecret".to_owned()],
        /// Values that something replaces later, beside those that
        /// are known (`${VAR}`, `<path:...>`, `vault:...`, `ref+...`, `op://...`, `{{ ... }}`).
        placeholders: Vec<Placeholder> = Vec::new(),
        /// Values in clear text.
        plain: Plain = Plain::Forbidden,
    }
}

choice! {
    /// Whether something may be.
    pub enum Plain {
        /// It may.
        Allowed = "allowed",
        /// It may not.
        Forbidden = "forbidden",
    }
}

section! {
    /// What one change may do.
    pub struct PullRequest {
        /// Of how many environments that enforce it may change the outcome.
        max_protected_environments: u32,
    }
}

choice! {
    /// A demand that a rollback can waive.
    pub enum Eased {
        /// That a version was in the environment before.
        Promotion = "promotion",
        /// That it was there long enough.
        Soak = "soak",
        /// That no freeze is on.
        Freeze = "freeze",
        /// That a change touches few environments.
        OneEnvironment = "one_environment",
    }
}

choice! {
    /// A demand that an override can waive. What is not here can never be waived: that every overlay
    /// renders, that no secret is shown, that the rules are changed by their owners, the approvals of
    /// the override itself, the hand-off.
    pub enum Waivable {
        /// That a version was in the environment before (`promotion/not-promoted`).
        Promotion = "promotion",
        /// That it was there long enough (`promotion/soak`).
        Soak = "soak",
        /// That no freeze is on (`promotion/freeze`).
        Freeze = "freeze",
        /// That a change touches few environments (`promotion/one-environment`).
        OneEnvironment = "one_environment",
        /// That resources are valid for their Kubernetes version.
        Schemas = "schemas",
        /// That policies hold.
        Policies = "policies",
        /// That fixtures hold.
        PolicyTests = "policy-tests",
        /// The approvals that the change would need without the override: not that a request for
        /// changes is answered, and none where the change touches the rules.
        Approvals = "approvals",
        /// That the forge protects the branch.
        Protection = "protection",
        /// What is asked of Argo CD Applications.
        Argocd = "argocd",
        /// What is asked of images.
        Images = "images",
    }
}

impl Waivable {
    /// Whether a finding under `rule` (`gate/rule`) says that this demand is not met.
    pub fn is_asked_by(self, rule: &str) -> bool {
        let gate = |gate: &str| rule.split_once('/').is_some_and(|it| it.0 == gate);
        match self {
            Self::Promotion => rule == "promotion/not-promoted",
            Self::Soak => rule == "promotion/soak",
            Self::Freeze => rule == "promotion/freeze",
            Self::OneEnvironment => rule == "promotion/one-environment",
            Self::Approvals => {
                let missing = ["approvals/missing", "approvals/owners", "approvals/no-rule"];
                missing.contains(&rule)
            }
            Self::Schemas => gate("schemas"),
            Self::Policies => gate("policies"),
            Self::PolicyTests => gate("policy-tests"),
            Self::Protection => gate("protection"),
            Self::Argocd => gate("argocd"),
            Self::Images => gate("images"),
        }
    }
}

section! {
    /// How a return to an earlier state is eased.
    pub struct Rollback {
        /// Whether it is.
        allow: bool,
        /// How many commits back the earlier state may be.
        within: u32 = 20,
        /// What it need not meet.
        waives: Vec<Eased> = vec![Eased::Promotion, Eased::Soak, Eased::Freeze],
    }
}

section! {
    /// How an emergency change is let through.
    pub struct Override {
        /// Where the files that ask for it are.
        path: Pattern,
        /// Who must agree.
        require: Require,
        /// How long one may last.
        max_ttl: Duration = Duration::seconds(4 * 3_600),
        /// What it can waive.
        may_waive: Vec<Waivable>,
    }
}

section! {
    /// What a hand-off says.
    pub default struct Handoff {
        /// What of the commit it is bound to.
        bind: HandoffBind = HandoffBind::Tree,
        /// How long it can be used.
        valid_for: Duration = Duration::seconds(3_600),
    }
}

choice! {
    /// What a hand-off is bound to.
    pub enum HandoffBind {
        /// The tree: merge, squash and rebase give the same.
        Tree = "tree",
        /// The commit.
        Commit = "commit",
    }
}

section! {
    /// Where the audit chain is kept.
    pub struct Audit {
        /// The git reference.
        reference ["ref"]: RefName,
    }
}

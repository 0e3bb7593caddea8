//! The forges of the matrix, and what of it needs a word.

const REVIEWED: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
groups:
  platform: {team: acme/platform}
approvals:
  rules:
    - {name: prod, when: {touches: [prod]}, require: {count: 2, from: [platform]}}
";

/// All that these rulesets ask for.
const RULESETS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
protection:
  require: {approvals: 2, dismiss_stale: true, code_owners: true, last_push_approval: true, admins: true, force_push: false, deletion: false, direct_push: false, bypass: ['User:bob']}
";

/// All that the classic protection asks for.
const CLASSIC: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
protection:
  require: {approvals: 2, dismiss_stale: true, code_owners: true, last_push_approval: true, signed_commits: true, linear_history: true, admins: true, force_push: false, deletion: false, direct_push: false, status_checks: [{context: tollgate, source: 15368}], bypass: []}
";

/// All that GitLab's settings ask for.
const SETTINGS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
protection:
  require: {approvals: 2, dismiss_stale: true, code_owners: true, last_push_approval: true, signed_commits: true, admins: true, force_push: false, deletion: false, direct_push: false, status_checks: [pipeline], bypass: []}
";

/// A forge, what it knows, and what the repository asks of it.
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) settings: &'static str,
    pub(super) github: bool,
    pub(super) scenario: &'static str,
    /// The path of the request.
    pub(super) request: &'static str,
    /// Whether what is asked is how the branch is protected.
    pub(super) protection: bool,
    /// Whether the token sees enough for the change to be admitted.
    pub(super) is_enough: bool,
}

const GITHUB_REQUEST: &str = "repos/acme/gitops/pulls/7";
const GITLAB_REQUEST: &str = "api/v4/projects/42/merge_requests/7";

pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "GitHub, reviews",
        settings: REVIEWED,
        github: true,
        scenario: "
token: admin
accounts:
  ann: {id: 11, emails: [ann@example.com]}
  bob: {id: 12, role: maintain}
  cho: {id: 13}
teams: {acme/platform: {bob: active, cho: active}}
reviews: [{by: bob}, {by: cho}]
pushes: [ann, ann]
commits:
  - {id: '${HEAD}', author: ann@example.com, committer: ann@example.com}
  - {id: '0123456789012345678901234567890123456789', author: ann@example.com, committer: ann@example.com}
",
        request: GITHUB_REQUEST,
        protection: false,
        is_enough: true,
    },
    Stage {
        name: "GitHub, rulesets",
        settings: RULESETS,
        github: true,
        scenario: "
token: admin
accounts: {ann: {id: 11, emails: [ann@example.com]}, bob: {id: 12}}
rulesets:
  - id: 42
    name: prod
    enforcement: active
    bypass_actors: [{actor_id: 12, actor_type: User, bypass_mode: pull_request}]
    rules:
      - type: pull_request
        parameters: {required_approving_review_count: 2, dismiss_stale_reviews_on_push: true, require_code_owner_review: true, require_last_push_approval: true, required_review_thread_resolution: false}
      - {type: non_fast_forward}
      - {type: deletion}
",
        request: GITHUB_REQUEST,
        protection: true,
        is_enough: true,
    },
    Stage {
        name: "GitHub, classic protection",
        settings: CLASSIC,
        github: true,
        scenario: "
token: admin
accounts: {ann: {id: 11, emails: [ann@example.com]}}
classic:
  enforce_admins: {enabled: true}
  required_pull_request_reviews: {dismiss_stale_reviews: true, require_code_owner_reviews: true, required_approving_review_count: 2, require_last_push_approval: true}
  required_status_checks: {strict: true, contexts: [tollgate], checks: [{context: tollgate, app_id: 15368}]}
  required_signatures: {enabled: true}
  required_linear_history: {enabled: true}
  allow_force_pushes: {enabled: false}
  allow_deletions: {enabled: false}
",
        request: GITHUB_REQUEST,
        protection: true,
        is_enough: true,
    },
    Stage {
        name: "GitHub, classic protection, the job's own token",
        settings: CLASSIC,
        github: true,
        scenario: "
token: job
accounts: {ann: {id: 11, emails: [ann@example.com]}}
classic:
  enforce_admins: {enabled: true}
  required_pull_request_reviews: {dismiss_stale_reviews: true, require_code_owner_reviews: true, required_approving_review_count: 2, require_last_push_approval: true}
  required_status_checks: {strict: true, contexts: [tollgate], checks: [{context: tollgate, app_id: 15368}]}
  required_signatures: {enabled: true}
  required_linear_history: {enabled: true}
  allow_force_pushes: {enabled: false}
  allow_deletions: {enabled: false}
",
        request: GITHUB_REQUEST,
        protection: true,
        is_enough: false,
    },
    Stage {
        name: "GitLab, reviews",
        settings: REVIEWED,
        github: false,
        scenario: GITLAB,
        request: GITLAB_REQUEST,
        protection: false,
        is_enough: true,
    },
    Stage {
        name: "GitLab, Premium's protection",
        settings: SETTINGS,
        github: false,
        scenario: GITLAB,
        request: GITLAB_REQUEST,
        protection: true,
        is_enough: true,
    },
];

const GITLAB: &str = "
tier: premium
accounts:
  ann: {id: 1, emails: [ann@example.com]}
  bob: {id: 2, level: 40}
  cho: {id: 3}
groups: {acme/platform: [bob, cho]}
approvals: [{by: bob}, {by: cho, at: \"2026-11-20T11:00:00+01:00\"}]
protected:
  - id: 1
    name: main
    push_access_levels: [{id: 1, access_level: 0}]
    merge_access_levels: [{id: 2, access_level: 40}]
    unprotect_access_levels: [{id: 3, access_level: 40}]
    allow_force_push: false
    code_owner_approval_required: true
    inherited: false
approval_rules:
  - {id: 1, name: All Members, rule_type: any_approver, eligible_approvers: [], approvals_required: 2}
  - {id: 2, name: platform, rule_type: regular, eligible_approvers: [{id: 2}], approvals_required: 1}
approval_settings:
  reset_approvals_on_push: true
  merge_requests_author_approval: false
  merge_requests_disable_committers_approval: true
  disable_overriding_approvers_per_merge_request: true
push_rule: {id: 1, reject_unsigned_commits: true, commit_committer_check: true}
";

/// Why a request that cannot be read changes nothing where only protection is asked for.
const NO_REVIEWS: &str = "the job says which branch it is about, and nobody asks for approvals";

/// Stage, path, what the fault says (nothing: any), and why it changes nothing.
pub(super) type Excuse = (&'static str, &'static str, &'static str, &'static str);

/// Faults that change nothing.
pub(super) const EXCUSED: &[Excuse] = &[
    (
        "GitHub, rulesets",
        "repos/acme/gitops/branches/main/protection",
        "",
        "the branch's own flag and GraphQL's refUpdateRule say that there is no classic protection",
    ),
    (
        "GitHub, rulesets",
        "user/12",
        "",
        "who may go around a ruleset is told by number, which no list of names allows",
    ),
    (
        "GitHub, classic protection, the job's own token",
        "repos/acme/gitops/branches/main/protection",
        "",
        "it is refused to this token anyhow",
    ),
    ("GitHub, rulesets", GITHUB_REQUEST, "", NO_REVIEWS),
    ("GitHub, classic protection", GITHUB_REQUEST, "", NO_REVIEWS),
    (
        "GitHub, classic protection, the job's own token",
        GITHUB_REQUEST,
        "",
        NO_REVIEWS,
    ),
    (
        "GitLab, Premium's protection",
        "api/v4/users/1",
        "",
        "who opened the request does not matter to the protection",
    ),
    (
        "GitLab, Premium's protection",
        GITLAB_REQUEST,
        "",
        NO_REVIEWS,
    ),
    (
        "GitLab, reviews",
        "api/v4/projects/42",
        "",
        "the job's variables name the project, and nothing else of it is needed for reviews",
    ),
    (
        "GitLab, reviews",
        "api/v4/users/1",
        "",
        "whether the author is a person does not matter: it made the change",
    ),
];

/// Answers that are none of a fault: the forge says that there is no such setting.
pub(super) const ANSWERS: &[(&str, &str)] = &[
    (
        "repos/acme/gitops/branches/main/protection",
        "Branch not protected",
    ),
    ("repos/acme/gitops/branches/main/protection", "Upgrade to"),
    ("repos/acme/gitops/rules/branches/main", "Upgrade to"),
];

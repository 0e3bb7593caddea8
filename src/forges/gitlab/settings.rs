//! The project's settings: merge method, pipelines, and what only some tiers of GitLab have, which
//! are approval rules, approval settings and push rules.

use super::super::http::Failed;
use super::api::{Api, Needs};
use super::branch::matches;
use crate::model::{Gap, Known, RequiredCheck, Stated};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What the project's group, or the instance, pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// The Community Edition, or Free: there are no approval rules, code owners and push rules.
    Free,
    /// Premium or Ultimate.
    Paid,
}

/// The project as the token sees it. Source: `API::Entities::Project` and its extension in the
/// Enterprise Edition.
#[derive(Debug, Default)]
pub(super) struct Project(Map<String, Value>);

/// Fields that GitLab leaves out where the project's tier does not have the feature. The first one
/// is shown exactly where there are approval rules.
const PAID: &[&str] = &[
    "approvals_before_merge",
    "merge_pipelines_enabled",
    "merge_trains_enabled",
    "mirror",
    "allow_pipeline_trigger_approve_deployment",
    "only_allow_merge_if_all_status_checks_passed",
];

impl Project {
    /// Read it.
    pub(super) fn read(api: &Api) -> Result<Self, Failed> {
        let path = api.of_project("");
        api.get::<Map<String, Value>>("the project", &path, Needs::Reporter)
            .map(Self)
    }

    /// `acme/gitops`
    pub(super) fn path(&self) -> Option<&str> {
        self.0.get("path_with_namespace")?.as_str()
    }

    /// Its number.
    pub(super) fn id(&self) -> Option<u64> {
        self.0.get("id")?.as_u64()
    }

    /// Whether this is its default branch.
    pub(super) fn is_default(&self, branch: &str) -> Known<bool> {
        match self.text("default_branch") {
            Known::Known(name) => Known::Known(name == branch),
            Known::Unknown(gap) => Known::Unknown(gap),
        }
    }

    /// What the project's fields show of its tier; nothing where they contradict each other or are
    /// those that a passer-by sees.
    pub(super) fn tier(&self) -> Option<Tier> {
        let [approvals, others @ ..] = PAID else {
            return None;
        };
        if self.0.contains_key(*approvals) {
            return Some(Tier::Paid);
        }
        let whole = ["merge_method", "only_allow_merge_if_pipeline_succeeds"]
            .iter()
            .all(|it| self.0.contains_key(*it));
        let paid = others.iter().any(|it| self.0.contains_key(*it));
        (whole && !paid).then_some(Tier::Free)
    }

    fn field(&self, name: &str) -> Result<&Value, Gap> {
        self.0.get(name).ok_or_else(|| Gap {
            why: format!("GitLab does not show the project's `{name}` to this token"),
            needs: "the role Reporter in the project for the token, and the scope `read_api`"
                .to_owned(),
        })
    }

    fn text(&self, name: &str) -> Known<String> {
        match self.field(name) {
            Ok(Value::String(text)) => Known::Known(text.clone()),
            Ok(_) => Known::Unknown(strange(name)),
            Err(gap) => Known::Unknown(gap),
        }
    }

    /// A flag; one that was never set is `null` and off.
    fn flag(&self, name: &str) -> Result<bool, Gap> {
        match self.field(name)? {
            Value::Bool(it) => Ok(*it),
            Value::Null => Ok(false),
            _ => Err(strange(name)),
        }
    }

    /// Whether merge commits are kept out: only a fast-forward makes none. The semi-linear method
    /// (`rebase_merge`) makes one for each merge.
    pub(super) fn linear_history(&self) -> Known<Stated<bool>> {
        self.text("merge_method").map(|method| Stated {
            value: method == "ff",
            by: format!("merge method `{method}`"),
        })
    }

    /// Checks that a merge takes: the pipeline as a whole, by the name `pipeline`, unless one that
    /// was skipped will do.
    fn pipeline(&self) -> Result<(Vec<RequiredCheck>, String), Gap> {
        if !self.flag("only_allow_merge_if_pipeline_succeeds")? {
            return Ok((Vec::new(), "`Pipelines must succeed` is off".to_owned()));
        }
        if self.flag("allow_merge_on_skipped_pipeline")? {
            return Ok((
                Vec::new(),
                "`Pipelines must succeed` is on, but a pipeline that was skipped is enough"
                    .to_owned(),
            ));
        }
        let pipeline = RequiredCheck {
            context: "pipeline".to_owned(),
            source: None,
        };
        Ok((vec![pipeline], "`Pipelines must succeed`".to_owned()))
    }

    /// As [`Project::pipeline`], and the external status checks of this branch where they block.
    pub(super) fn status_checks(
        &self,
        api: &Api,
        branch: &str,
    ) -> Known<Stated<Vec<RequiredCheck>>> {
        let (mut checks, mut by) = match self.pipeline() {
            Ok(found) => found,
            Err(gap) => return Known::Unknown(gap),
        };
        let external = self.0.get("only_allow_merge_if_all_status_checks_passed");
        if external == Some(&Value::Bool(true)) {
            match external_checks(api, branch) {
                Ok(mut more) => {
                    checks.append(&mut more);
                    by.push_str("; `Status checks must succeed`");
                }
                // What is asked for may be among them.
                Err(failed) => return failed.unknown(),
            }
        }
        checks.sort();
        checks.dedup();
        Known::Known(Stated { value: checks, by })
    }
}

fn strange(name: &str) -> Gap {
    Gap {
        why: format!("GitLab says something unexpected of the project's `{name}`"),
        needs: "a version of Tollgate that knows this GitLab".to_owned(),
    }
}

/// A branch that something holds for.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// Source: `API::Entities::ExternalStatusCheck`.
#[derive(Debug, Deserialize)]
struct ExternalCheck {
    id: u64,
    name: String,
    /// Empty: every branch.
    #[serde(default)]
    protected_branches: Vec<Named>,
}

fn external_checks(api: &Api, branch: &str) -> Result<Vec<RequiredCheck>, Failed> {
    let path = api.of_project("/external_status_checks");
    let all: Vec<ExternalCheck> = api.list(
        "the external status checks of the project",
        &path,
        Needs::Maintainer,
        |it: &ExternalCheck| it.id.to_string(),
    )?;
    let ours = all.into_iter().filter(|it| {
        let branches = &it.protected_branches;
        branches.is_empty() || branches.iter().any(|it| matches(&it.name, branch))
    });
    Ok(ours
        .map(|it| RequiredCheck {
            context: it.name,
            source: None,
        })
        .collect())
}

/// How approvals are given. Source: `API::Entities::ApprovalSettings`; a setting that the tier does
/// not have reads as off.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ApprovalSettings {
    #[serde(default)]
    reset_approvals_on_push: Option<bool>,
    #[serde(default)]
    pub(super) disable_overriding_approvers_per_merge_request: Option<bool>,
    /// Whether authors may approve what they propose.
    #[serde(default)]
    pub(super) merge_requests_author_approval: Option<bool>,
    #[serde(default)]
    merge_requests_disable_committers_approval: Option<bool>,
}

/// Read them.
pub(super) fn approval_settings(api: &Api) -> Result<ApprovalSettings, Gap> {
    let path = api.of_project("/approvals");
    api.get(
        "the approval settings of the project",
        &path,
        Needs::Maintainer,
    )
    .map_err(|it| it.gap)
}

impl ApprovalSettings {
    /// Whether a push dismisses approvals.
    pub(super) fn dismiss_stale(&self) -> Known<Stated<bool>> {
        told(self.reset_approvals_on_push, "reset_approvals_on_push").map(|value| Stated {
            value,
            by: "approval settings: remove all approvals when commits are added".to_owned(),
        })
    }

    /// Whether somebody else than who pushed last must approve. GitLab keeps committers out, by the
    /// address in the commit: that binds who pushes only where a push rule holds the address against
    /// the account.
    pub(super) fn last_push_approval(&self, push: &Known<PushRule>) -> Known<Stated<bool>> {
        let committers = told(
            self.merge_requests_disable_committers_approval,
            "merge_requests_disable_committers_approval",
        );
        match committers {
            Known::Unknown(gap) => Known::Unknown(gap),
            Known::Known(false) => Known::Known(Stated {
                value: false,
                by: "approval settings: those who add commits may approve".to_owned(),
            }),
            Known::Known(true) => match push {
                Known::Unknown(gap) => Known::Unknown(gap.clone()),
                Known::Known(rule) => rule.committers().map(|value| Stated {
                    value,
                    by: if value {
                        "approval settings: prevent approvals by users who add commits; push rule: reject unverified users".to_owned()
                    } else {
                        "approval settings keep those who add commits from approving, but no push rule (reject unverified users) keeps them from committing under another's address".to_owned()
                    },
                }),
            },
        }
    }
}

fn told(value: Option<bool>, field: &str) -> Known<bool> {
    match value {
        Some(value) => Known::Known(value),
        None => Known::unknown(
            format!("GitLab does not tell `{field}`"),
            "a GitLab that has this setting",
        ),
    }
}

/// What a push must be like. Source: `API::Entities::ProjectPushRule`; fields that the token, or the
/// tier, does not show are left out.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PushRule {
    /// Whether there is any rule.
    #[serde(skip)]
    none: bool,
    #[serde(default)]
    reject_unsigned_commits: Option<bool>,
    #[serde(default)]
    commit_committer_check: Option<bool>,
}

/// Read it; a project without a push rule has `null`.
pub(super) fn push_rule(api: &Api) -> Known<PushRule> {
    let path = api.of_project("/push_rule");
    let what = "the push rules of the project";
    match api.get::<Option<PushRule>>(what, &path, Needs::Maintainer) {
        Ok(Some(rule)) => Known::Known(rule),
        Ok(None) => Known::Known(PushRule {
            none: true,
            ..PushRule::default()
        }),
        Err(failed) => failed.unknown(),
    }
}

impl PushRule {
    fn flag(&self, value: Option<bool>, field: &str) -> Known<bool> {
        if self.none {
            Known::Known(false)
        } else {
            told(value, field)
        }
    }

    fn committers(&self) -> Known<bool> {
        self.flag(self.commit_committer_check, "commit_committer_check")
    }

    /// Whether commits must be signed.
    pub(super) fn signed_commits(&self) -> Known<Stated<bool>> {
        let value = self.flag(self.reject_unsigned_commits, "reject_unsigned_commits");
        value.map(|value| Stated {
            value,
            by: if self.none {
                "the project has no push rules".to_owned()
            } else {
                "push rule: reject unsigned commits".to_owned()
            },
        })
    }
}

/// Who must approve. Source: `API::Entities::ProjectApprovalRule`, `MergeRequestApprovalStateRule`.
#[derive(Debug, Deserialize)]
pub(super) struct ApprovalRule {
    id: u64,
    name: String,
    rule_type: String,
    approvals_required: u32,
    /// Absent: unknown.
    #[serde(default)]
    eligible_approvers: Option<Vec<Value>>,
    /// Whether some approvers are not shown.
    #[serde(default)]
    contains_hidden_groups: Option<bool>,
    #[serde(default)]
    applies_to_all_protected_branches: Option<bool>,
    /// Empty: every branch.
    #[serde(default)]
    protected_branches: Vec<Named>,
}

/// The rules of a merge request. Source: `API::Entities::MergeRequestApprovalState`.
#[derive(Debug, Deserialize)]
struct ApprovalState {
    #[serde(default)]
    approval_rules_overwritten: Option<bool>,
    rules: Vec<ApprovalRule>,
}

impl ApprovalRule {
    fn is_about(&self, branch: &str, protected: bool) -> bool {
        if self.applies_to_all_protected_branches == Some(true) {
            return protected;
        }
        let branches = &self.protected_branches;
        branches.is_empty() || branches.iter().any(|it| matches(&it.name, branch))
    }

    /// Approvals that this rule takes of every merge request. One that too few people could meet
    /// takes none: GitLab counts it as approved. One about findings of a scan, or about owners of
    /// some files, is not about every merge request. Source: "Merge request approval rules", invalid
    /// rules.
    fn approvals(&self) -> u32 {
        match self.rule_type.as_str() {
            "any_approver" => self.approvals_required,
            "regular" if self.can_be_met() => self.approvals_required,
            _ => 0,
        }
    }

    fn can_be_met(&self) -> bool {
        if self.contains_hidden_groups == Some(true) {
            return true;
        }
        let people = self.eligible_approvers.as_ref().map(Vec::len);
        let needed = usize::try_from(self.approvals_required).unwrap_or(usize::MAX);
        people.is_some_and(|it| it >= needed)
    }
}

/// Approvals that a merge into a branch takes: as many as the rule that takes the most. Each rule
/// must be met, but one approval may count for several of them. Source:
/// `Project#min_fallback_approvals`.
fn required(rules: &[ApprovalRule], branch: &str, protected: bool) -> Stated<u32> {
    let ours = rules.iter().filter(|it| it.is_about(branch, protected));
    let most = ours
        .filter(|it| it.approvals() > 0)
        .max_by(|a, b| (a.approvals(), &b.name).cmp(&(b.approvals(), &a.name)));
    match most {
        Some(rule) => Stated {
            value: rule.approvals(),
            by: format!("approval rule `{}`", rule.name),
        },
        None => Stated {
            value: 0,
            by: format!("no approval rule for `{branch}` takes an approval"),
        },
    }
}

/// Approvals that a merge takes, by the project's rules, and by those of the merge request where
/// somebody has changed them in it.
pub(super) fn approvals(
    api: &Api,
    branch: &str,
    protected: bool,
    number: Option<u64>,
    settings: Result<&ApprovalSettings, &Gap>,
) -> Known<Stated<u32>> {
    let path = api.of_project("/approval_rules");
    let rules = api.list(
        "the approval rules of the project",
        &path,
        Needs::Maintainer,
        |it: &ApprovalRule| it.id.to_string(),
    );
    let of_project = match rules {
        Ok(rules) => required(&rules, branch, protected),
        Err(failed) => return failed.unknown(),
    };
    let fixed =
        settings.is_ok_and(|it| it.disable_overriding_approvers_per_merge_request == Some(true));
    let Some(number) = number.filter(|_| !fixed) else {
        return Known::Known(of_project);
    };
    let path = api.of_project(&format!("/merge_requests/{number}/approval_state"));
    let what = format!("the approval rules of merge request !{number}");
    match api.get::<ApprovalState>(&what, &path, Needs::Reporter) {
        Err(failed) => failed.unknown(),
        Ok(state) if state.approval_rules_overwritten == Some(true) => {
            let own = required(&state.rules, branch, protected);
            Known::Known(if own.value < of_project.value {
                Stated {
                    by: format!("{}, as changed in the merge request itself", own.by),
                    ..own
                }
            } else {
                of_project
            })
        }
        Ok(_) => Known::Known(of_project),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn project(more: &Value) -> Project {
        let mut body = json!({
            "id": 42, "path_with_namespace": "acme/gitops", "default_branch": "main",
            "merge_method": "merge", "only_allow_merge_if_pipeline_succeeds": true,
            "allow_merge_on_skipped_pipeline": null
        });
        let body = body.as_object_mut().expect("an object");
        for (field, value) in more.as_object().into_iter().flatten() {
            body.insert(field.clone(), value.clone());
        }
        Project(body.clone())
    }

    #[test]
    fn the_tier_shows_in_the_fields_that_are_there() {
        for (more, tier) in [
            (json!({}), Some(Tier::Free)),
            (json!({"approvals_before_merge": 0}), Some(Tier::Paid)),
            (json!({"approvals_before_merge": null}), Some(Tier::Paid)),
            (json!({"mirror": false}), None),
            (json!({"merge_trains_enabled": false}), None),
        ] {
            assert_eq!(project(&more).tier(), tier, "{more}");
        }
        // What a passer-by sees shows nothing.
        assert_eq!(Project::default().tier(), None);
    }

    #[test]
    fn merge_methods() {
        for (method, linear) in [
            (json!("ff"), Some(true)),
            (json!("merge"), Some(false)),
            (json!("rebase_merge"), Some(false)),
            (json!("another"), Some(false)),
            (json!(null), None),
        ] {
            let fact = project(&json!({"merge_method": method})).linear_history();
            assert_eq!(fact.get().ok().map(|it| it.value), linear, "{method}");
        }
        assert!(Project::default().linear_history().get().is_err());
    }

    #[test]
    fn a_skipped_pipeline_that_is_enough_requires_nothing() {
        for (succeeds, skipped, names) in [
            (json!(true), json!(false), Some(vec!["pipeline"])),
            (json!(true), json!(null), Some(vec!["pipeline"])),
            (json!(true), json!(true), Some(vec![])),
            (json!(false), json!(false), Some(vec![])),
            (json!("yes"), json!(false), None),
        ] {
            let project = project(&json!({
                "only_allow_merge_if_pipeline_succeeds": succeeds,
                "allow_merge_on_skipped_pipeline": skipped
            }));
            let found = project.pipeline().ok();
            let found = found.map(|(it, _)| it.into_iter().map(|it| it.context).collect());
            let names = names.map(|it| it.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(found, names, "{succeeds} {skipped}");
        }
    }

    fn rule(more: &Value) -> ApprovalRule {
        let mut body = json!({
            "id": 1, "name": "platform", "rule_type": "regular", "approvals_required": 2,
            "eligible_approvers": [{"id": 1}, {"id": 2}], "contains_hidden_groups": false,
            "applies_to_all_protected_branches": false, "protected_branches": []
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        serde_json::from_value(body).expect("an approval rule")
    }

    #[test]
    fn a_rule_takes_what_can_be_given_to_it() {
        for (more, takes) in [
            (json!({}), 2),
            (json!({"eligible_approvers": [{"id": 1}]}), 0),
            (json!({"eligible_approvers": []}), 0),
            (json!({"eligible_approvers": null}), 0),
            (
                json!({"eligible_approvers": [], "contains_hidden_groups": true}),
                2,
            ),
            (
                json!({"rule_type": "any_approver", "eligible_approvers": []}),
                2,
            ),
            (json!({"rule_type": "report_approver"}), 0),
            (json!({"rule_type": "code_owner"}), 0),
            (json!({"rule_type": "new"}), 0),
            (json!({"approvals_required": 0}), 0),
            (json!({"protected_branches": [{"name": "main"}]}), 2),
            (json!({"protected_branches": [{"name": "m*"}]}), 2),
            (json!({"protected_branches": [{"name": "release/*"}]}), 0),
            (json!({"applies_to_all_protected_branches": true}), 2),
        ] {
            assert_eq!(
                required(&[rule(&more)], "main", true).value,
                takes,
                "{more}"
            );
        }
        let all = rule(&json!({"applies_to_all_protected_branches": true}));
        assert_eq!(required(&[all], "main", false).value, 0);
    }

    #[test]
    fn the_rule_that_takes_the_most_decides() {
        let rules = [
            rule(&json!({"name": "b", "approvals_required": 1})),
            rule(&json!({"name": "any", "rule_type": "any_approver", "approvals_required": 3})),
            rule(&json!({"name": "a"})),
        ];
        let found = required(&rules, "main", true);
        assert_eq!((found.value, found.by.as_str()), (3, "approval rule `any`"));
        assert_eq!(required(&[], "main", true).value, 0);
    }

    #[test]
    fn committers_are_bound_where_their_address_is() {
        let settings = |committers: Value| -> ApprovalSettings {
            serde_json::from_value(
                json!({"merge_requests_disable_committers_approval": committers}),
            )
            .expect("settings")
        };
        let push = |check: Value| -> Known<PushRule> {
            let rule = json!({"commit_committer_check": check});
            Known::Known(serde_json::from_value(rule).expect("a push rule"))
        };
        let none = Known::Known(PushRule {
            none: true,
            ..PushRule::default()
        });
        for (committers, push, bound) in [
            (json!(true), push(json!(true)), Some(true)),
            (json!(true), push(json!(false)), Some(false)),
            (json!(true), none, Some(false)),
            (json!(true), push(json!(null)), None),
            (json!(true), Known::default(), None),
            (json!(false), push(json!(true)), Some(false)),
            (json!(false), Known::default(), Some(false)),
            (json!(null), push(json!(true)), None),
        ] {
            let fact = settings(committers.clone()).last_push_approval(&push);
            assert_eq!(
                fact.get().ok().map(|it| it.value),
                bound,
                "{committers} {push:?}"
            );
        }
    }

    #[test]
    fn unsigned_commits() {
        for (body, signed) in [
            (json!({"reject_unsigned_commits": true}), Some(true)),
            (json!({"reject_unsigned_commits": false}), Some(false)),
            (json!({"id": 1}), None),
        ] {
            let rule: PushRule = serde_json::from_value(body.clone()).expect("a push rule");
            assert_eq!(
                rule.signed_commits().get().ok().map(|it| it.value),
                signed,
                "{body}"
            );
        }
    }
}

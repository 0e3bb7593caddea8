//! The classic protection of a branch, which only those see who may change settings, and what
//! everybody else sees of it.

use super::super::http::segment;
use super::api::{Api, Needs};
use super::layers::{Flag, Layer};
use super::rules::{not_on_this_plan, source};
use crate::model::{Bypass, Gap, Known, RequiredCheck};
use serde::Deserialize;
use serde_json::json;

/// What can be seen of it.
#[derive(Debug)]
pub(super) enum Classic {
    /// There is none.
    None,
    /// All of it.
    Whole(Layer),
    /// What everybody may see, and why the rest is missing.
    Part(Layer, Gap),
    /// Nothing.
    Hidden(Gap),
}

/// Source: schema `branch-protection`. What is not there is off only where GitHub leaves it out for
/// that reason: `required_pull_request_reviews`, `required_status_checks`.
#[derive(Debug, Deserialize)]
struct Protection {
    #[serde(default)]
    enforce_admins: Option<Switch>,
    #[serde(default)]
    required_pull_request_reviews: Option<Reviews>,
    #[serde(default)]
    required_status_checks: Option<Checks>,
    #[serde(default)]
    required_signatures: Option<Switch>,
    #[serde(default)]
    required_linear_history: Option<Switch>,
    #[serde(default)]
    allow_force_pushes: Option<Switch>,
    #[serde(default)]
    allow_deletions: Option<Switch>,
    #[serde(default)]
    lock_branch: Option<Switch>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Switch {
    enabled: bool,
}

#[derive(Debug, Deserialize)]
struct Reviews {
    #[serde(default)]
    dismiss_stale_reviews: Option<bool>,
    #[serde(default)]
    require_code_owner_reviews: Option<bool>,
    #[serde(default)]
    required_approving_review_count: Option<u32>,
    #[serde(default)]
    require_last_push_approval: Option<bool>,
    /// Absent: nobody.
    #[serde(default)]
    bypass_pull_request_allowances: Option<Allowances>,
}

#[derive(Debug, Deserialize)]
struct Allowances {
    users: Vec<Login>,
    teams: Vec<Slug>,
    #[serde(default)]
    apps: Vec<Slug>,
}

#[derive(Debug, Deserialize)]
struct Login {
    login: String,
}

#[derive(Debug, Deserialize)]
struct Slug {
    slug: String,
}

#[derive(Debug, Default, Deserialize)]
struct Checks {
    /// What older servers have.
    #[serde(default)]
    contexts: Option<Vec<String>>,
    #[serde(default)]
    checks: Option<Vec<Check>>,
}

#[derive(Debug, Deserialize)]
struct Check {
    context: String,
    #[serde(default)]
    app_id: Option<i64>,
}

/// What everybody who may read sees. Source: schema `branch-with-protection`.
#[derive(Debug, Deserialize)]
struct Branch {
    name: String,
    protected: bool,
    #[serde(default)]
    protection: Option<Reduced>,
}

#[derive(Debug, Deserialize)]
struct Reduced {
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    required_status_checks: Option<Checks>,
}

/// Source: GraphQL's `RefUpdateRule`: "branch protection rules that are viewable by non-admins".
const BRANCH: &str = "query Branch($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) { ref(qualifiedName: $branch) { refUpdateRule {
    requiredApprovingReviewCount requiresCodeOwnerReviews requiresSignatures
    requiresLinearHistory allowsForcePushes allowsDeletions
  } } }
}";

#[derive(Debug, Deserialize)]
struct Answer {
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    #[serde(rename = "ref")]
    branch: Option<Ref>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ref {
    ref_update_rule: Option<UpdateRule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateRule {
    required_approving_review_count: Option<u32>,
    requires_code_owner_reviews: bool,
    requires_signatures: bool,
    requires_linear_history: bool,
    allows_force_pushes: bool,
    allows_deletions: bool,
}

/// Read it, or else what can be seen of it; `rules`: whether rulesets protect the branch.
pub(super) fn read(api: &Api, branch: &str, rules: bool) -> Classic {
    let what = format!("the classic protection of `{branch}`");
    let path = api.of_repository(&format!("/branches/{}/protection", segment(branch)));
    let name = format!("classic protection of {branch}");
    let failed = match api.get::<Protection>(&what, &path, Needs::Administration) {
        Ok(protection) => return Classic::Whole(protection.layer(name)),
        Err(failed) => failed,
    };
    // Another 404 says that the token may not see it.
    if failed.says(404, "Branch not protected") || not_on_this_plan(&failed) {
        return Classic::None;
    }
    let hidden = failed.gap;
    let seen = match seen(api, branch) {
        Ok(seen) => seen,
        Err(gap) => {
            // One reason, and the one permission that would mend all.
            return Classic::Hidden(Gap {
                why: format!("{}; {}", hidden.why, gap.why),
                ..hidden
            });
        }
    };
    match seen {
        // GraphQL may show by this rule what rulesets ask for.
        (reduced, rule) if reduced.is_off() && (rule.is_none() || rules) => Classic::None,
        (reduced, Some(rule)) => Classic::Part(rule.layer(name, reduced, &hidden), hidden),
        (_, None) => Classic::Hidden(Gap {
            why: format!("{}, and GraphQL shows no rule for updates of it", hidden.why),
            ..hidden
        }),
    }
}

/// What everybody sees, by REST and by GraphQL.
fn seen(api: &Api, branch: &str) -> Result<(Branch, Option<UpdateRule>), Gap> {
    let what = format!("the branch `{branch}`");
    let path = api.of_repository(&format!("/branches/{}", segment(branch)));
    let reduced: Branch = api
        .get(&what, &path, Needs::Contents)
        .map_err(|failed| failed.gap)?;
    if reduced.name != branch {
        return Err(Gap {
            why: format!("{what} cannot be read: GitHub answers about `{}`", reduced.name),
            needs: "another run".to_owned(),
        });
    }
    let what = format!("the rule for updates of `{branch}`");
    let (owner, name) = api.names();
    let variables =
        json!({"owner": owner, "name": name, "branch": format!("refs/heads/{branch}")});
    let answer: Answer = api
        .graphql(&what, BRANCH, &variables, Needs::Contents)
        .map_err(|failed| failed.gap)?;
    let found = answer.repository.and_then(|it| it.branch);
    let found = found.ok_or_else(|| Gap {
        why: format!("{what} cannot be read: GraphQL shows no such branch"),
        needs: api.lacks(Needs::Contents),
    })?;
    Ok((reduced, found.ref_update_rule))
}

impl Branch {
    /// Whether there is no classic protection.
    fn is_off(&self) -> bool {
        !self.protected || self.protection.as_ref().and_then(|it| it.enabled) == Some(false)
    }
}

fn told<T>(value: Option<T>, field: &str) -> Known<T> {
    match value {
        Some(value) => Known::Known(value),
        None => Known::unknown(
            format!("GitHub does not tell `{field}` of the classic protection"),
            "another run; if it stays, a GitHub that tells it",
        ),
    }
}

fn switch(value: Option<Switch>, field: &str) -> Known<bool> {
    told(value.map(|it| it.enabled), field)
}

fn not(value: Known<bool>) -> Known<bool> {
    value.map(|it| !it)
}

impl Checks {
    fn list(self) -> Known<Vec<RequiredCheck>> {
        let any = |context: String| RequiredCheck {
            context,
            source: None,
        };
        let sourced = |it: Check| RequiredCheck {
            context: it.context,
            source: source(it.app_id),
        };
        let list = match (self.checks, self.contexts) {
            (Some(checks), _) => Some(checks.into_iter().map(sourced).collect()),
            (None, Some(contexts)) => Some(contexts.into_iter().map(any).collect()),
            (None, None) => None,
        };
        told(list, "required_status_checks.checks")
    }
}

impl Protection {
    fn layer(self, name: String) -> Layer {
        let admins = switch(self.enforce_admins, "enforce_admins");
        let bypass = self.bypass(&admins, &name);
        let mut layer = Layer::new(name, bypass, admins);
        for (flag, value) in [
            (
                Flag::Signed,
                switch(self.required_signatures, "required_signatures"),
            ),
            (
                Flag::Linear,
                switch(self.required_linear_history, "required_linear_history"),
            ),
            (
                Flag::NoForcePush,
                not(switch(self.allow_force_pushes, "allow_force_pushes")),
            ),
            (
                Flag::NoDeletion,
                not(switch(self.allow_deletions, "allow_deletions")),
            ),
        ] {
            layer.set(flag, value);
        }
        if let Some(reviews) = &self.required_pull_request_reviews {
            layer.set(Flag::Request, Known::Known(true));
            for (flag, value, field) in [
                (
                    Flag::DismissStale,
                    reviews.dismiss_stale_reviews,
                    "dismiss_stale_reviews",
                ),
                (
                    Flag::CodeOwners,
                    reviews.require_code_owner_reviews,
                    "require_code_owner_reviews",
                ),
                (
                    Flag::LastPush,
                    reviews.require_last_push_approval,
                    "require_last_push_approval",
                ),
            ] {
                layer.set(flag, told(value, field));
            }
            let count = reviews.required_approving_review_count;
            layer.approvals = told(count, "required_approving_review_count");
        }
        if self.lock_branch.is_some_and(|it| it.enabled) {
            // Nobody may push at all.
            layer.set(Flag::Request, Known::Known(true));
        }
        if let Some(checks) = self.required_status_checks {
            layer.checks = checks.list();
        }
        layer
    }

    /// Administrators where they are not bound, and whoever needs no request.
    fn bypass(&self, admins: &Known<bool>, by: &str) -> Known<Vec<Bypass>> {
        let always = |actor: String| Bypass {
            actor,
            mode: "always".to_owned(),
            by: by.to_owned(),
        };
        let mut all = Vec::new();
        match admins {
            Known::Unknown(gap) => return Known::Unknown(gap.clone()),
            Known::Known(true) => {}
            Known::Known(false) => all.push(always("Role:admin".to_owned())),
        }
        let reviews = self.required_pull_request_reviews.as_ref();
        if let Some(allowed) = reviews.and_then(|it| it.bypass_pull_request_allowances.as_ref()) {
            let users = allowed.users.iter().map(|it| format!("User:{}", it.login));
            let teams = allowed.teams.iter().map(|it| format!("Team:{}", it.slug));
            let apps = allowed.apps.iter().map(|it| format!("App:{}", it.slug));
            all.extend(users.chain(teams).chain(apps).map(always));
        }
        Known::Known(all)
    }
}

impl UpdateRule {
    /// What everybody may see of it. A count that is not there may mean that none is asked for, or
    /// that it is not shown.
    fn layer(self, name: String, reduced: Branch, hidden: &Gap) -> Layer {
        let unknown = || Known::Unknown(hidden.clone());
        let mut layer = Layer::new(name, Known::Unknown(hidden.clone()), unknown());
        for (flag, value) in [
            (Flag::CodeOwners, self.requires_code_owner_reviews),
            (Flag::Signed, self.requires_signatures),
            (Flag::Linear, self.requires_linear_history),
            (Flag::NoForcePush, !self.allows_force_pushes),
            (Flag::NoDeletion, !self.allows_deletions),
        ] {
            layer.set(flag, Known::Known(value));
        }
        layer.set(Flag::DismissStale, unknown());
        layer.set(Flag::LastPush, unknown());
        match self.required_approving_review_count {
            Some(count) if count > 0 => {
                layer.set(Flag::Request, Known::Known(true));
                layer.approvals = Known::Known(count);
            }
            _ => {
                layer.set(Flag::Request, unknown());
                layer.approvals = Known::Unknown(hidden.clone());
            }
        }
        let checks = reduced.protection.and_then(|it| it.required_status_checks);
        layer.checks = match checks.map(Checks::list) {
            Some(Known::Known(checks)) => Known::Known(checks),
            _ => Known::Unknown(hidden.clone()),
        };
        layer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn layer(more: &Value) -> Layer {
        let mut body = json!({
            "enforce_admins": {"enabled": true},
            "required_pull_request_reviews": {
                "dismiss_stale_reviews": true, "require_code_owner_reviews": false,
                "required_approving_review_count": 2, "require_last_push_approval": true,
            },
            "required_signatures": {"enabled": false}, "required_linear_history": {"enabled": true},
            "allow_force_pushes": {"enabled": false}, "allow_deletions": {"enabled": true},
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        let read: Protection = serde_json::from_value(body).expect("protection");
        read.layer("classic".to_owned())
    }

    fn is(layer: &Layer, flag: Flag) -> Option<bool> {
        let value = layer.flags.get(&flag);
        value.map_or(Some(false), |it| it.get().ok().copied())
    }

    #[test]
    fn controls_of_the_classic_protection() {
        let whole = layer(&json!({}));
        let on: Vec<Option<bool>> = Flag::ALL.iter().map(|it| is(&whole, *it)).collect();
        let expected = [true, true, false, true, false, true, true, false];
        assert_eq!(on, expected.map(Some));
        assert_eq!(whole.approvals, Known::Known(2));
        // Absent reviews are a fact, and a count that is missing among them is none.
        let none = layer(&json!({"required_pull_request_reviews": null}));
        assert_eq!(none.approvals, Known::Known(0));
        assert_eq!(is(&none, Flag::Request), Some(false));
        let silent = layer(&json!({"required_pull_request_reviews": {}}));
        assert!(silent.approvals.get().is_err());
        assert_eq!(is(&silent, Flag::Request), Some(true));
        assert_eq!(is(&silent, Flag::DismissStale), None);
        let unsaid = layer(&json!({"allow_force_pushes": null, "required_signatures": null}));
        assert_eq!(is(&unsaid, Flag::NoForcePush), None);
        assert_eq!(is(&unsaid, Flag::Signed), None);
        let locked = layer(&json!({
            "required_pull_request_reviews": null, "lock_branch": {"enabled": true}
        }));
        assert_eq!(is(&locked, Flag::Request), Some(true));
    }

    #[test]
    fn who_goes_around_the_classic_protection() {
        let who = |more: Value| {
            let bypass = layer(&more).bypass;
            let all = bypass.get().ok().cloned();
            all.map(|all| all.into_iter().map(|it| it.actor).collect::<Vec<_>>())
        };
        assert_eq!(who(json!({})), Some(Vec::new()));
        let free = who(json!({"enforce_admins": {"enabled": false}}));
        assert_eq!(free, Some(vec!["Role:admin".to_owned()]));
        assert_eq!(who(json!({"enforce_admins": null})), None);
        let allowed = who(json!({"required_pull_request_reviews": {
            "bypass_pull_request_allowances": {
                "users": [{"login": "ann"}], "teams": [{"slug": "ops"}], "apps": [{"slug": "bot"}],
            },
        }}));
        let names = ["User:ann", "Team:ops", "App:bot"].map(str::to_owned);
        assert_eq!(allowed, Some(names.to_vec()));
    }

    #[test]
    fn checks_of_old_and_new_servers() {
        let checks = |value: Value| layer(&json!({"required_status_checks": value})).checks;
        let list = |value: Value| {
            let all = checks(value).get().ok().cloned();
            all.map(|all| all.iter().map(|it| it.source).collect::<Vec<_>>())
        };
        assert_eq!(list(Value::Null), Some(Vec::new()));
        assert_eq!(list(json!({"contexts": ["a"]})), Some(vec![None]));
        let both = json!({"contexts": ["a", "b"], "checks": [
            {"context": "a", "app_id": 7}, {"context": "b", "app_id": -1}, {"context": "c", "app_id": null},
        ]});
        assert_eq!(list(both), Some(vec![Some(7), None, None]));
        assert_eq!(list(json!({"strict": true})), None);
    }

    #[test]
    fn what_everybody_sees() {
        let branch = |protected: bool, enabled: Value| -> Branch {
            serde_json::from_value(json!({
                "name": "main", "protected": protected, "protection": {
                    "enabled": enabled, "required_status_checks": {"checks": [{"context": "a", "app_id": 7}]},
                },
            }))
            .expect("a branch")
        };
        for (protected, enabled, off) in [
            (false, json!(true), true),
            (true, json!(false), true),
            (true, json!(true), false),
            (true, Value::Null, false),
        ] {
            assert_eq!(branch(protected, enabled.clone()).is_off(), off, "{protected} {enabled}");
        }
        let hidden = Gap {
            why: "hidden".to_owned(),
            needs: "a token".to_owned(),
        };
        let part = |count: Value| {
            let rule: UpdateRule = serde_json::from_value(json!({
                "requiredApprovingReviewCount": count, "requiresCodeOwnerReviews": true,
                "requiresSignatures": false, "requiresLinearHistory": false,
                "allowsForcePushes": false, "allowsDeletions": true,
            }))
            .expect("a rule");
            rule.layer("classic".to_owned(), branch(true, json!(true)), &hidden)
        };
        let two = part(json!(2));
        let seen: Vec<Option<bool>> = Flag::ALL.iter().map(|it| is(&two, *it)).collect();
        let (on, off) = (Some(true), Some(false));
        assert_eq!(seen, [on, None, on, None, off, off, on, off]);
        assert_eq!(two.approvals, Known::Known(2));
        assert_eq!(two.checks.get().expect("known")[0].source, Some(7));
        assert!(two.bypass.get().is_err() && two.admins.get().is_err());
        for count in [json!(0), Value::Null] {
            let none = part(count.clone());
            assert!(none.approvals.get().is_err(), "{count}");
            assert_eq!(is(&none, Flag::Request), None, "{count}");
        }
    }
}

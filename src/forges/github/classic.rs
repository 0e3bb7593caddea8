//! The classic protection of a branch, which only those see who may change settings, and what
//! everybody else sees of it.

use super::super::http::segment;
use super::api::{Api, Needs};
use super::layers::{Flag, Layer};
use super::rules::{not_on_this_plan, source};
use crate::model::{Bypass, Gap, Known, RequiredCheck};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What can be seen of it.
#[derive(Debug)]
pub(super) enum Classic {
    /// There is none.
    None,
    /// All of it.
    Whole(Layer),
    /// What everybody may see.
    Part(Layer),
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

/// A map, and not the list that would do for one of which no member is needed.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
struct Shown(Protection);

impl TryFrom<Map<String, Value>> for Shown {
    type Error = serde_json::Error;

    fn try_from(map: Map<String, Value>) -> Result<Self, Self::Error> {
        serde_json::from_value(Value::Object(map)).map(Self)
    }
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
    let failed = match api.get::<Shown>(&what, &path, Needs::Administration) {
        Ok(Shown(protection)) => return Classic::Whole(protection.layer(name)),
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
        (reduced, Some(rule)) => Classic::Part(rule.layer(name, reduced, &hidden)),
        (_, None) => Classic::Hidden(Gap {
            why: format!(
                "{}, and GraphQL shows no rule for updates of it",
                hidden.why
            ),
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
            why: format!(
                "{what} cannot be read: GitHub answers about `{}`",
                reduced.name
            ),
            needs: "another run".to_owned(),
        });
    }
    let what = format!("the rule for updates of `{branch}`");
    let (owner, name) = api.names();
    let variables = json!({"owner": owner, "name": name, "branch": format!("refs/heads/{branch}")});
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
mod tests;

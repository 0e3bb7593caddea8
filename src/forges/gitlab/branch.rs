//! Protected branches: who may push, force-push and delete.
//!
//! A branch may match several protected branches. Then the most permissive one decides who may push
//! and whether by force, and the strictest one whether code owners must approve; a rule with the
//! branch's own name does not go before one with a wildcard. Source: "Protection rules and
//! permissions", rule behavior; `ProtectedRef`, `ProtectedBranch`.

use super::api::{Api, Needs};
use super::members::People;
use crate::model::{Bypass, Gap, Known, Stated};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;

/// Source: `API::Entities::ProtectedBranch`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ProtectedBranch {
    #[serde(default)]
    id: Option<u64>,
    /// A name or a pattern.
    pub(super) name: String,
    #[serde(default)]
    push_access_levels: Option<Vec<Level>>,
    #[serde(default)]
    allow_force_push: Option<bool>,
    /// Not on the Community Edition. `false` where the project's tier has no code owners.
    #[serde(default, deserialize_with = "flag")]
    code_owner_approval_required: Option<bool>,
    /// Whether it is the group's.
    #[serde(default)]
    inherited: Option<bool>,
}

/// Somebody who may do something. Source: `API::Entities::ProtectedRefAccess`.
#[derive(Clone, Debug, Deserialize)]
struct Level {
    #[serde(default)]
    access_level: Option<u64>,
    #[serde(default)]
    user_id: Option<u64>,
    #[serde(default)]
    group_id: Option<u64>,
    #[serde(default)]
    deploy_key_id: Option<u64>,
}

/// A flag; the interface has also been seen to write it as a text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Text(String),
    }
    Ok(match Option::<Flag>::deserialize(deserializer)? {
        Some(Flag::Bool(it)) => Some(it),
        Some(Flag::Text(it)) => it.parse().ok(),
        None => None,
    })
}

/// Every protected branch of the project, those of its group included.
pub(super) fn read(api: &Api) -> Result<Vec<ProtectedBranch>, Gap> {
    let path = api.of_project("/protected_branches");
    let identity = |it: &ProtectedBranch| match it.id {
        Some(id) => id.to_string(),
        None => format!("{} {:?}", it.name, it.inherited),
    };
    let what = "the protected branches of the project";
    let listed = api.list(what, &path, Needs::Maintainer, identity);
    listed.map_err(|failed| failed.gap)
}

/// Whether a branch has this name or matches this pattern, in which `*` stands for anything, `/`
/// included. Source: `RefMatcher`.
pub(super) fn matches(pattern: &str, branch: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = branch.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.find(part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => rest.is_empty(),
    }
}

/// What protects one branch.
#[derive(Debug)]
pub(super) struct Protection<'b> {
    branch: &'b str,
    /// Whether it is the project's default branch, which nobody can delete.
    default: Known<bool>,
    rules: Vec<&'b ProtectedBranch>,
}

fn stated<T>(value: T, by: impl Into<String>) -> Known<Stated<T>> {
    Known::Known(Stated {
        value,
        by: by.into(),
    })
}

fn name(rule: &ProtectedBranch) -> String {
    let whose = if rule.inherited == Some(true) {
        " of the group"
    } else {
        ""
    };
    format!("protected branch `{}`{whose}", rule.name)
}

impl<'b> Protection<'b> {
    /// What of these rules is about this branch.
    pub(super) fn of(branch: &'b str, default: Known<bool>, all: &'b [ProtectedBranch]) -> Self {
        let rules = all.iter().filter(|it| matches(&it.name, branch)).collect();
        Self {
            branch,
            default,
            rules,
        }
    }

    /// Whether any rule is about it.
    pub(super) fn is_protected(&self) -> bool {
        !self.rules.is_empty()
    }

    fn nothing(&self) -> String {
        format!("no protected branch matches `{}`", self.branch)
    }

    fn silent<T>(&self, field: &str) -> Known<T> {
        Known::unknown(
            format!("GitLab does not tell `{field}` of the protected branches"),
            "a GitLab that tells it (13.11 or later)",
        )
    }

    /// Who may push, under which rule; none of the entries is "no one".
    fn pushers(&self) -> Option<Vec<(&'b Level, String)>> {
        let mut all = Vec::new();
        for rule in &self.rules {
            let levels = rule.push_access_levels.as_ref()?;
            let somebody = levels.iter().filter(|it| !it.is_nobody());
            all.extend(somebody.map(|it| (it, name(rule))));
        }
        Some(all)
    }

    /// Whether somebody may push without a merge request.
    pub(super) fn direct_push(&self) -> Known<Stated<bool>> {
        if !self.is_protected() {
            return stated(true, self.nothing());
        }
        match self.pushers() {
            None => self.silent("push_access_levels"),
            Some(pushers) => match pushers.first() {
                Some((_, by)) => stated(true, by.clone()),
                None => stated(false, self.names()),
            },
        }
    }

    /// Whether administrators are bound: whoever lets a role push lets them push, too.
    pub(super) fn admins(&self) -> Known<Stated<bool>> {
        self.direct_push().map(|it| Stated {
            value: !it.value,
            by: it.by,
        })
    }

    /// Whether somebody may force-push. Rules of the group go before those of the project. Source:
    /// `ProtectedBranch.allow_force_push?`.
    pub(super) fn force_push(&self) -> Known<Stated<bool>> {
        if !self.is_protected() {
            return stated(true, self.nothing());
        }
        let of_group = (self.rules.iter()).any(|it| it.inherited == Some(true));
        let mut deciding = (self.rules.iter()).filter(|it| !of_group || it.inherited == Some(true));
        let allowing = deciding
            .clone()
            .find(|it| it.allow_force_push == Some(true));
        if let Some(rule) = allowing {
            return stated(true, name(rule));
        }
        if deciding.any(|it| it.allow_force_push.is_none()) {
            return self.silent("allow_force_push");
        }
        stated(false, self.names())
    }

    /// Whether somebody may delete the branch. No push deletes a protected branch, but in the web
    /// interface and the API a maintainer can, unless it is the default branch. Source: "Protection
    /// rules and permissions"; `UserAccess#can_delete_branch?`, `Gitlab::Checks::BranchCheck`.
    pub(super) fn deletion(&self) -> Known<Stated<bool>> {
        if let Ok(true) = self.default.get() {
            return stated(false, format!("default branch `{}`", self.branch));
        }
        if !self.is_protected() {
            return stated(true, self.nothing());
        }
        match &self.default {
            Known::Unknown(gap) => Known::Unknown(gap.clone()),
            Known::Known(_) => stated(
                true,
                format!(
                    "{}, which maintainers may delete in the web interface: of the default branch alone they cannot",
                    self.names()
                ),
            ),
        }
    }

    /// Whether code owners must approve; any matching rule is enough.
    pub(super) fn code_owners(&self) -> Known<Stated<bool>> {
        if !self.is_protected() {
            return stated(false, self.nothing());
        }
        let asking = (self.rules.iter()).find(|it| it.code_owner_approval_required == Some(true));
        if let Some(rule) = asking {
            return stated(true, name(rule));
        }
        let told = (self.rules.iter()).all(|it| it.code_owner_approval_required.is_some());
        if told {
            stated(false, self.names())
        } else {
            self.silent("code_owner_approval_required")
        }
    }

    /// Who may go around merge requests, by pushing.
    pub(super) fn bypass(&self, api: &Api, people: &mut People) -> Known<Vec<Bypass>> {
        if !self.is_protected() {
            return Known::Known(vec![Bypass {
                actor: "Role:developer".to_owned(),
                mode: "always".to_owned(),
                by: self.nothing(),
            }]);
        }
        let Some(pushers) = self.pushers() else {
            return self.silent("push_access_levels");
        };
        let found: BTreeSet<Bypass> = pushers
            .into_iter()
            .map(|(level, by)| Bypass {
                actor: level.actor(api, people),
                mode: "always".to_owned(),
                by,
            })
            .collect();
        Known::Known(found.into_iter().collect())
    }

    fn names(&self) -> String {
        let all: Vec<String> = self.rules.iter().map(|it| name(it)).collect();
        all.join(", ")
    }
}

impl Level {
    fn is_nobody(&self) -> bool {
        let named = [self.user_id, self.group_id, self.deploy_key_id];
        self.access_level == Some(0) && named.iter().all(Option::is_none)
    }

    /// A key, person or group also carries a level; it says nothing then.
    fn actor(&self, api: &Api, people: &mut People) -> String {
        match (self.deploy_key_id, self.user_id, self.group_id) {
            (Some(key), _, _) => format!("DeployKey:{key}"),
            (_, Some(user), _) => {
                let login = people.by_number(api, user).map(|it| it.login);
                format!("User:{}", login.unwrap_or_else(|| user.to_string()))
            }
            (_, _, Some(group)) => format!("Team:{}", group_path(api, group)),
            _ => match self.access_level {
                Some(30) => "Role:developer".to_owned(),
                Some(40) => "Role:maintainer".to_owned(),
                Some(60) => "Role:admin".to_owned(),
                Some(level) => format!("Role:{level}"),
                None => "Role:unknown".to_owned(),
            },
        }
    }
}

fn group_path(api: &Api, id: u64) -> String {
    #[derive(Deserialize)]
    struct Group {
        id: u64,
        full_path: String,
    }
    let found = api.get::<Group>(
        &format!("the group {id}"),
        &format!("/groups/{id}?with_projects=false"),
        Needs::Group,
    );
    match found {
        Ok(group) if group.id == id => group.full_path,
        _ => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, branch, expected) in [
            ("main", "main", true),
            ("main", "Main", false),
            ("main", "main2", false),
            ("main", "amain", false),
            ("*", "release/1.x", true),
            ("release/*", "release/1/2", true),
            ("release/*", "release/", true),
            ("release/*", "release", false),
            ("*-stable", "1-stable", true),
            ("*-stable", "1-stable-2", false),
            ("production-*-eu*", "production-a-eu", true),
            ("production-*-eu*", "production-eu", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*a", "a", false),
            ("m.in", "main", false),
            ("m[a]in", "main", false),
            ("ma?n", "main", false),
            ("**", "main", true),
            ("", "main", false),
            ("a*b*b", "ab", false),
        ] {
            assert_eq!(matches(pattern, branch), expected, "{pattern} {branch}");
        }
    }

    fn rule(name: &str, more: &Value) -> ProtectedBranch {
        let mut body = json!({
            "name": name,
            "push_access_levels": [{"access_level": 0}],
            "merge_access_levels": [{"access_level": 40}],
            "allow_force_push": false,
            "unprotect_access_levels": [],
            "code_owner_approval_required": false,
            "inherited": false
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        serde_json::from_value(body).expect("a protected branch")
    }

    fn value(fact: &Known<Stated<bool>>) -> Option<bool> {
        fact.get().ok().map(|it| it.value)
    }

    fn of<'b>(
        rules: &'b [ProtectedBranch],
        ask: impl Fn(&Protection<'b>) -> Known<Stated<bool>>,
    ) -> Option<bool> {
        value(&ask(&Protection::of("main", Known::Known(false), rules)))
    }

    #[test]
    fn anybody_who_may_push_goes_around_requests() {
        let push = |levels: Value| [rule("main", &json!({"push_access_levels": levels}))];
        for (levels, may) in [
            (json!([{"access_level": 0}]), Some(false)),
            (json!([]), Some(false)),
            (json!([{"access_level": 40}]), Some(true)),
            (
                json!([{"access_level": 0}, {"access_level": 30}]),
                Some(true),
            ),
            (json!([{"access_level": null, "user_id": 7}]), Some(true)),
            (json!([{"access_level": 0, "group_id": 7}]), Some(true)),
            (
                json!([{"access_level": 40, "deploy_key_id": 7}]),
                Some(true),
            ),
            (json!([{"access_level": 60}]), Some(true)),
            (json!([{}]), Some(true)),
            (Value::Null, None),
        ] {
            let rules = push(levels.clone());
            assert_eq!(of(&rules, Protection::direct_push), may, "{levels}");
            let bound = of(&rules, Protection::admins);
            assert_eq!(bound, may.map(|it| !it), "{levels}");
        }
    }

    #[test]
    fn of_several_rules_the_weakest_holds() {
        let strict = || rule("main", &json!({}));
        let weak = |more: Value| [strict(), rule("m*", &more)];
        let may_push = weak(json!({"push_access_levels": [{"access_level": 30}]}));
        assert_eq!(of(&may_push, Protection::direct_push), Some(true));
        let by_force = weak(json!({"allow_force_push": true}));
        assert_eq!(of(&by_force, Protection::force_push), Some(true));
        let silent = weak(json!({"allow_force_push": null}));
        assert_eq!(of(&silent, Protection::force_push), None);
        // But for code owners it is the strictest.
        let owned = weak(json!({"code_owner_approval_required": "true"}));
        assert_eq!(of(&owned, Protection::code_owners), Some(true));
        let unsaid = weak(json!({"code_owner_approval_required": null}));
        assert_eq!(of(&unsaid, Protection::code_owners), None);
        // What is about other branches says nothing.
        let other = [
            strict(),
            rule("release/*", &json!({"allow_force_push": true})),
        ];
        assert_eq!(of(&other, Protection::force_push), Some(false));
    }

    #[test]
    fn a_group_decides_about_force() {
        let group = |force: bool| {
            rule(
                "main",
                &json!({"inherited": true, "allow_force_push": force}),
            )
        };
        let project = |force: bool| rule("main", &json!({"allow_force_push": force}));
        for (of_group, of_project, may) in [
            (true, false, true),
            (false, true, false),
            (false, false, false),
        ] {
            let rules = [group(of_group), project(of_project)];
            assert_eq!(of(&rules, Protection::force_push), Some(may));
        }
    }

    #[test]
    fn an_unprotected_branch_is_open() {
        let rules = [rule("release/*", &json!({}))];
        assert_eq!(of(&rules, Protection::direct_push), Some(true));
        assert_eq!(of(&rules, Protection::force_push), Some(true));
        assert_eq!(of(&rules, Protection::deletion), Some(true));
        assert_eq!(of(&rules, Protection::admins), Some(false));
        assert_eq!(of(&rules, Protection::code_owners), Some(false));
    }

    #[test]
    fn only_the_default_branch_cannot_be_deleted() {
        let rules = [rule("main", &json!({}))];
        let deletion = |default: Known<bool>, rules: &[ProtectedBranch]| {
            value(&Protection::of("main", default, rules).deletion())
        };
        assert_eq!(deletion(Known::Known(true), &rules), Some(false));
        assert_eq!(deletion(Known::Known(true), &[]), Some(false));
        assert_eq!(deletion(Known::Known(false), &rules), Some(true));
        assert_eq!(deletion(Known::default(), &rules), None);
        assert_eq!(deletion(Known::default(), &[]), Some(true));
    }
}

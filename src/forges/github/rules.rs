//! Rulesets: what is in force for a branch, and who may go around it.

use super::super::http::{Failed, segment};
use super::api::{Api, Needs};
use super::layers::{Flag, Layer};
use super::people::User;
use crate::model::{Bypass, Gap, Known, RequiredCheck};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A rule that is in force for the branch, of the repository or its organisation: rulesets that are
/// switched off, or only tried out (`evaluate`), have none here. Source: schema
/// `repository-rule-detailed`.
#[derive(Clone, Debug, Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Option<Value>,
    #[serde(default)]
    ruleset_source_type: Option<String>,
    #[serde(default)]
    ruleset_source: Option<String>,
    ruleset_id: u64,
}

/// Source: schema `repository-ruleset`.
#[derive(Debug, Deserialize)]
struct Ruleset {
    id: u64,
    name: String,
    enforcement: String,
    /// Absent, or null: the token may not see it.
    #[serde(default)]
    bypass_actors: Option<Vec<Actor>>,
}

/// Source: schema `repository-ruleset-bypass-actor`.
#[derive(Debug, Deserialize)]
struct Actor {
    #[serde(default)]
    actor_id: Option<u64>,
    actor_type: String,
    #[serde(default)]
    bypass_mode: Option<String>,
}

/// The rulesets of a branch, one layer each. A plan without rulesets has none.
pub(super) fn layers(api: &Api, branch: &str) -> Result<Vec<Layer>, Gap> {
    let what = format!("the rules of `{branch}`");
    let path = api.of_repository(&format!("/rules/branches/{}", segment(branch)));
    // A rule has no number of its own.
    let identity = |it: &Rule| format!("{} {} {:?}", it.ruleset_id, it.kind, it.parameters);
    let rules = match api.list(&what, &path, Needs::Metadata, identity) {
        Ok(rules) => rules,
        Err(failed) if not_on_this_plan(&failed) => Vec::new(),
        Err(failed) => return Err(failed.gap),
    };
    let mut sets: BTreeMap<u64, Vec<Rule>> = BTreeMap::new();
    for rule in rules {
        sets.entry(rule.ruleset_id).or_default().push(rule);
    }
    let layers = sets.iter().filter_map(|(id, rules)| layer(api, *id, rules));
    Ok(layers.collect())
}

/// Whether GitHub says that the repository's plan does not have what was asked for.
pub(super) fn not_on_this_plan(failed: &Failed) -> bool {
    failed.says(403, "Upgrade to ")
}

/// One ruleset; `None` where it is not in force after all.
fn layer(api: &Api, id: u64, rules: &[Rule]) -> Option<Layer> {
    let what = format!("who may go around ruleset {id}");
    let path = api.of_repository(&format!("/rulesets/{id}"));
    let told = api
        .get::<Ruleset>(&what, &path, Needs::Bypass)
        .map_err(|failed| failed.gap);
    let told = told.and_then(|it| {
        if it.id == id {
            return Ok(it);
        }
        Err(Gap {
            why: format!(
                "{what} cannot be told: GitHub answers about ruleset {}",
                it.id
            ),
            needs: "another run".to_owned(),
        })
    });
    let name = name(id, told.as_ref().ok().map(|it| it.name.as_str()), rules);
    let mut layer = match &told {
        Ok(set) if matches!(set.enforcement.as_str(), "disabled" | "evaluate") => return None,
        Ok(set) => {
            let bypass = set.bypass(api, &name);
            let admins = set.admins(&bypass);
            Layer::new(name, bypass, admins)
        }
        Err(gap) => Layer::new(
            name,
            Known::Unknown(gap.clone()),
            Known::Unknown(gap.clone()),
        ),
    };
    let enforced = told.as_ref().map_or(Ok(()), Ruleset::enforced);
    for rule in rules {
        rule.add_to(&mut layer);
    }
    if let Err(gap) = enforced {
        doubt(&mut layer, &gap);
    }
    Some(layer)
}

/// `ruleset "prod" (42)`, `ruleset "prod" (42) of acme`.
fn name(id: u64, name: Option<&str>, rules: &[Rule]) -> String {
    let of = rules.first().and_then(|it| {
        let source = it.ruleset_source.as_deref()?;
        (it.ruleset_source_type.as_deref() != Some("Repository")).then(|| format!(" of {source}"))
    });
    let of = of.unwrap_or_default();
    match name {
        Some(name) => format!("ruleset \"{name}\" ({id}){of}"),
        None => format!("ruleset {id}{of}"),
    }
}

/// Nobody knows whether what the layer asks for is asked for.
fn doubt(layer: &mut Layer, gap: &Gap) {
    for flag in layer.flags.values_mut() {
        *flag = Known::Unknown(gap.clone());
    }
    layer.approvals = Known::Unknown(gap.clone());
    layer.checks = Known::Unknown(gap.clone());
}

impl Ruleset {
    /// Whether it is in force.
    fn enforced(&self) -> Result<(), Gap> {
        if self.enforcement == "active" {
            return Ok(());
        }
        Err(Gap {
            why: format!(
                "whether ruleset \"{}\" ({}) is in force cannot be told: GitHub calls it `{}`",
                self.name, self.id, self.enforcement
            ),
            needs: "a version of Tollgate that knows this GitHub".to_owned(),
        })
    }

    /// Who may go around it.
    fn bypass(&self, api: &Api, by: &str) -> Known<Vec<Bypass>> {
        let Some(actors) = &self.bypass_actors else {
            return Known::unknown(
                format!("GitHub does not show this token who may go around {by}"),
                api.lacks(Needs::Bypass),
            );
        };
        let bypass = actors.iter().map(|it| Bypass {
            actor: it.actor(api),
            mode: it
                .bypass_mode
                .clone()
                .unwrap_or_else(|| "always".to_owned()),
            by: by.to_owned(),
        });
        Known::Known(bypass.collect())
    }

    /// Whether administrators are bound: a way around for a role is one for them.
    fn admins(&self, bypass: &Known<Vec<Bypass>>) -> Known<bool> {
        match bypass {
            Known::Unknown(gap) => Known::Unknown(gap.clone()),
            Known::Known(_) => {
                let mut actors = self.bypass_actors.iter().flatten();
                Known::Known(!actors.any(|it| {
                    // One that is not known may be theirs.
                    !matches!(
                        it.actor_type.as_str(),
                        "Integration" | "Team" | "DeployKey" | "User"
                    )
                }))
            }
        }
    }
}

impl Actor {
    /// The roles' numbers are those that GitHub's own interface uses; its description has none.
    fn actor(&self, api: &Api) -> String {
        let id = self.actor_id.map_or("?".to_owned(), |it| it.to_string());
        match (self.actor_type.as_str(), self.actor_id) {
            ("OrganizationAdmin", _) => "Role:organization-admin".to_owned(),
            ("EnterpriseOwner", _) => "Role:enterprise-owner".to_owned(),
            ("DeployKey", _) => "DeployKey".to_owned(),
            ("RepositoryRole", Some(2)) => "Role:maintain".to_owned(),
            ("RepositoryRole", Some(4)) => "Role:write".to_owned(),
            ("RepositoryRole", Some(5)) => "Role:admin".to_owned(),
            ("RepositoryRole", _) => format!("Role:{id}"),
            ("Integration", _) => format!("App:{id}"),
            ("User", Some(number)) => format!("User:{}", login(api, number).unwrap_or(id)),
            (other, _) => format!("{other}:{id}"),
        }
    }
}

/// The name that an account has now.
fn login(api: &Api, id: u64) -> Option<String> {
    let what = format!("the account {id}");
    let user: User = (api.get(&what, &format!("/user/{id}"), Needs::Metadata)).ok()?;
    (user.id == id).then_some(user.login)
}

impl Rule {
    fn silent<T>(&self, field: &str) -> Known<T> {
        Known::unknown(
            format!(
                "GitHub does not tell `{field}` of the rule `{}` in ruleset {}",
                self.kind, self.ruleset_id
            ),
            "another run; if it stays, a version of Tollgate that knows this GitHub",
        )
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.parameters.as_ref()?.get(name)
    }

    fn flag(&self, name: &str) -> Known<bool> {
        match self.field(name).and_then(Value::as_bool) {
            Some(it) => Known::Known(it),
            None => self.silent(name),
        }
    }

    /// What it asks for. A rule that Tollgate does not know asks for something more.
    fn add_to(&self, layer: &mut Layer) {
        let on = || Known::Known(true);
        match self.kind.as_str() {
            "pull_request" => {
                layer.set(Flag::Request, on());
                for (flag, field) in [
                    (Flag::DismissStale, "dismiss_stale_reviews_on_push"),
                    (Flag::CodeOwners, "require_code_owner_review"),
                    (Flag::LastPush, "require_last_push_approval"),
                ] {
                    layer.set(flag, self.flag(field));
                }
                const COUNT: &str = "required_approving_review_count";
                let count = self.field(COUNT).and_then(Value::as_u64);
                let count = count.and_then(|it| u32::try_from(it).ok());
                layer.approvals = match (count, &layer.approvals) {
                    (None, _) => self.silent(COUNT),
                    (Some(count), Known::Known(more)) if *more > count => Known::Known(*more),
                    (Some(count), _) => Known::Known(count),
                };
            }
            "required_status_checks" => layer.checks = self.checks(&layer.checks),
            "required_signatures" => layer.set(Flag::Signed, on()),
            "required_linear_history" => layer.set(Flag::Linear, on()),
            "non_fast_forward" => layer.set(Flag::NoForcePush, on()),
            "deletion" => layer.set(Flag::NoDeletion, on()),
            // Nobody may change the branch but those who may go around the ruleset.
            "update" => layer.set(Flag::Request, on()),
            _ => {}
        }
    }

    fn checks(&self, already: &Known<Vec<RequiredCheck>>) -> Known<Vec<RequiredCheck>> {
        #[derive(Deserialize)]
        struct Check {
            context: String,
            #[serde(default)]
            integration_id: Option<i64>,
        }
        const FIELD: &str = "required_status_checks";
        let told = self.field(FIELD).cloned().unwrap_or_default();
        let Ok(checks) = serde_json::from_value::<Vec<Check>>(told) else {
            return self.silent(FIELD);
        };
        let checks = checks.into_iter().map(|it| RequiredCheck {
            context: it.context,
            source: source(it.integration_id),
        });
        already.clone().map(|mut all| {
            all.extend(checks);
            all
        })
    }
}

/// The app that must report a check. Where GitHub says none, or less than one, any may.
pub(super) fn source(app: Option<i64>) -> Option<u64> {
    app.and_then(|it| u64::try_from(it).ok())
        .filter(|it| *it > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(kind: &str, parameters: &Value) -> Rule {
        serde_json::from_value(json!({
            "type": kind, "parameters": parameters, "ruleset_source_type": "Repository",
            "ruleset_source": "acme/gitops", "ruleset_id": 42,
        }))
        .expect("a rule")
    }

    fn set(rules: &[Rule]) -> Layer {
        let mut layer = Layer::new("x".to_owned(), Known::Known(Vec::new()), Known::Known(true));
        for rule in rules {
            rule.add_to(&mut layer);
        }
        layer
    }

    #[test]
    fn a_rule_that_lacks_a_parameter_is_unknown_there() {
        let whole = json!({
            "required_approving_review_count": 2, "dismiss_stale_reviews_on_push": true,
            "require_code_owner_review": false, "require_last_push_approval": true,
        });
        let layer = set(&[rule("pull_request", &whole)]);
        assert_eq!(layer.approvals, Known::Known(2));
        assert_eq!(layer.flags[&Flag::DismissStale], Known::Known(true));
        assert!(!layer.flags.contains_key(&Flag::CodeOwners));
        for missing in [
            "required_approving_review_count",
            "require_last_push_approval",
        ] {
            let mut parameters = whole.clone();
            parameters[missing] = Value::Null;
            let layer = set(&[rule("pull_request", &parameters)]);
            let count = layer.approvals.get().is_ok();
            let last = layer.flags[&Flag::LastPush].get().is_ok();
            assert_eq!(count, missing != "required_approving_review_count");
            assert_eq!(last, missing != "require_last_push_approval");
            assert_eq!(layer.flags[&Flag::Request], Known::Known(true));
        }
        let twice = set(&[
            rule("pull_request", &whole),
            rule(
                "pull_request",
                &json!({"required_approving_review_count": 1}),
            ),
        ]);
        assert_eq!(twice.approvals, Known::Known(2));
        assert_eq!(twice.flags[&Flag::DismissStale], Known::Known(true));
        assert!(twice.flags[&Flag::CodeOwners].get().is_err());
    }

    #[test]
    fn checks_and_who_reports_them() {
        let checks = |parameters: Value| set(&[rule("required_status_checks", &parameters)]).checks;
        let told = checks(json!({"required_status_checks": [
            {"context": "gate", "integration_id": 123}, {"context": "a"},
            {"context": "b", "integration_id": null}, {"context": "c", "integration_id": -1},
        ]}));
        let told: Vec<Option<u64>> = told
            .get()
            .expect("known")
            .iter()
            .map(|it| it.source)
            .collect();
        assert_eq!(told, [Some(123), None, None, None]);
        for strange in [
            json!({}),
            json!({"required_status_checks": [{}]}),
            json!(null),
        ] {
            assert!(checks(strange.clone()).get().is_err(), "{strange}");
        }
    }
}

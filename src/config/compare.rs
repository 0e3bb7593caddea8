//! What a new configuration demands less of than the old one.

use super::{Config, Enforcement, Environment, Group, KnownFindings, Loaded, Policies};
use serde::Serialize;
use std::collections::BTreeMap;

/// One clause for each demand of `old` that `new` lowers, or changes in a way of which that cannot
/// be excluded. A demand that is only added is none.
pub fn lowered(old: &Loaded, new: &Loaded) -> Vec<String> {
    if old.file.is_some() && new.file.is_none() {
        return vec!["the configuration is gone".to_owned()];
    }
    let (old, new) = (&old.config, &new.config);
    let mut out = Vec::new();
    // Before, nothing judged an overlay that no environment names, and that held the change.
    let others = |it: &Config| it.environments.iter().any(|it| it.others);
    if !old.environments.is_empty() && !others(old) && others(new) {
        out.push("overlays that no environment names are let in".to_owned());
    }
    for before in &old.environments {
        match new.environment(before.name.as_str()) {
            Some(after) => environment(before, after, &mut out),
            None => out.push(format!("environment `{}` is gone", before.name)),
        }
    }
    sections(old, new, &mut out);
    out
}

fn strictness(enforcement: Enforcement) -> u8 {
    match enforcement {
        Enforcement::Audit => 0,
        Enforcement::Enforce => 1,
        Enforcement::Strict => 2,
    }
}

fn environment(old: &Environment, new: &Environment, out: &mut Vec<String>) {
    let name = &old.name;
    if strictness(new.enforcement) < strictness(old.enforcement) {
        let (old, new) = (old.enforcement.as_str(), new.enforcement.as_str());
        out.push(format!("enforcement of `{name}` falls from {old} to {new}"));
    }
    if old.known == KnownFindings::Hold && new.known != old.known {
        out.push(format!("`known` of `{name}` falls from hold to report"));
    }
    let fewer = old.overlays.iter().any(|it| !new.overlays.contains(it));
    if fewer || old.others && !new.others {
        out.push(format!("`{name}` lists fewer or other overlays"));
    }
    changed(
        &format!("`promote_from` of `{name}`"),
        old.promote_from.as_ref(),
        new.promote_from.as_ref(),
        out,
    );
    changed(
        &format!("`images` of `{name}`"),
        old.images.as_ref(),
        new.images.as_ref(),
        out,
    );
    changed(
        &format!("`argocd` of `{name}`"),
        old.argocd.as_ref(),
        new.argocd.as_ref(),
        out,
    );
    changed(
        &format!("`freeze` of `{name}`"),
        old.freeze.as_ref(),
        new.freeze.as_ref(),
        out,
    );
}

fn sections(old: &Config, new: &Config, out: &mut Vec<String>) {
    policies(&old.policies, &new.policies, out);
    changed("`schema`", old.schema.as_ref(), new.schema.as_ref(), out);
    changed("`secrets`", Some(&old.secrets), Some(&new.secrets), out);
    changed(
        "`pull_request`",
        old.pull_request.as_ref(),
        new.pull_request.as_ref(),
        out,
    );
    changed(
        "`groups`",
        Some(&asked(old, old)),
        Some(&asked(old, new)),
        out,
    );
    changed(
        "`approvals`",
        old.approvals.as_ref(),
        new.approvals.as_ref(),
        out,
    );
    changed(
        "`protection`",
        old.protection.as_ref(),
        new.protection.as_ref(),
        out,
    );
    changed(
        "`exceptions`",
        Some(&old.exceptions),
        Some(&new.exceptions),
        out,
    );
    changed("`baseline`", Some(&old.baseline), Some(&new.baseline), out);
    changed("`handoff`", old.handoff.as_ref(), new.handoff.as_ref(), out);
    changed("`audit`", old.audit.as_ref(), new.audit.as_ref(), out);
    // These two permit; having one at all is less than having none.
    for (section, old, new) in [
        ("`rollback`", json(&old.rollback), json(&new.rollback)),
        ("`override`", json(&old.emergency), json(&new.emergency)),
    ] {
        if old != new && new != serde_json::Value::Null {
            out.push(format!("{section} permits something else"));
        }
    }
}

/// The groups of `of` that rules of `old` ask. Whom no rule asks decides nothing yet.
fn asked<'a>(old: &'a Config, of: &'a Config) -> BTreeMap<&'a str, &'a Group> {
    let rules = old.approvals.iter().flat_map(|it| &it.rules);
    let rules = rules.map(|it| &it.require);
    let names = rules
        .chain(old.emergency.iter().map(|it| &it.require))
        .flat_map(|it| &it.from);
    let groups = names.filter_map(|it| of.groups.get_key_value(it.as_str()));
    groups.map(|(name, it)| (name.as_str(), it)).collect()
}

/// Of coverage and of the built-in policies more is no less. What other paths come to is for those to
/// say who know the files.
fn policies(old: &Policies, new: &Policies, out: &mut Vec<String>) {
    let Policies {
        paths: _,
        fixtures: _,
        coverage,
        builtin,
    } = old;
    let (before, after) = (coverage.min_rules, new.coverage.min_rules);
    if after < before {
        let (before, after) = (before.get(), after.get());
        out.push(format!(
            "`policies.coverage.min_rules` falls from {before}% to {after}%"
        ));
    }
    let (before, after) = (*builtin, new.builtin);
    if after < before {
        out.push(format!("`policies.builtin` falls from {before} to {after}"));
    }
}

fn changed<T: PartialEq>(section: &str, old: Option<&T>, new: Option<&T>, out: &mut Vec<String>) {
    match (old, new) {
        (None, _) => {}
        (Some(_), None) => out.push(format!("{section} is gone")),
        (Some(old), Some(new)) if old != new => out.push(format!("{section} is changed")),
        (Some(_), Some(_)) => {}
    }
}

fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use tollgate_yaml::Sources;

    fn loaded(text: &str) -> Loaded {
        parse("tollgate.yaml", text, &Sources::new()).unwrap_or_else(|it| panic!("{text}: {it:?}"))
    }

    const OLD: &str = "version: 1
environments:
  dev: {overlays: [\"a/dev\"], enforcement: audit}
  prod: {overlays: [\"a/prod\", \"b/prod\"], enforcement: strict}
groups: {platform: {users: [ann, bob]}}
approvals: {rules: [{name: all, when: {any: true}, require: {count: 2, from: [platform]}}]}
";

    #[test]
    fn less_is_named_and_more_is_not() {
        for (from, to, want) in [
            (
                "strict",
                "enforce",
                "enforcement of `prod` falls from strict to enforce",
            ),
            ("audit", "enforce", ""),
            (
                "[\"a/dev\"]",
                "others",
                "overlays that no environment names are let in|`dev` lists fewer or other overlays",
            ),
            (
                "\ngroups",
                "\n  rest: {overlays: others}\ngroups",
                "overlays that no environment names are let in",
            ),
            (", \"b/prod\"", "", "`prod` lists fewer or other overlays"),
            ("\"b/prod\"]", "\"b/prod\", \"c/prod\"]", ""),
            ("count: 2", "count: 1", "`approvals` is changed"),
            (
                "  dev: {overlays: [\"a/dev\"], enforcement: audit}\n",
                "",
                "environment `dev` is gone",
            ),
            (
                "groups:",
                "policies: {builtin: off}\ngroups:",
                "`policies.builtin` falls from auto to off",
            ),
            ("groups:", "policies: {builtin: on}\ngroups:", ""),
        ] {
            let new = OLD.replacen(from, to, 1);
            assert_ne!(new, OLD, "{from}");
            let want: Vec<&str> = want.split('|').filter(|it| !it.is_empty()).collect();
            assert_eq!(lowered(&loaded(OLD), &loaded(&new)), want, "{from} -> {to}");
        }
    }

    #[test]
    fn a_group_counts_where_a_rule_of_the_old_configuration_asks_it() {
        let rule = "approvals: {rules: [{name: all, when: {any: true}, require: {count: 1, from: [a]}}]}\n";
        let emergency = "override: {path: \"o/*.yaml\", require: {count: 2, from: [a]}, may_waive: [policies]}\n";
        let groups = "groups: {a: {users: [ann, bob]}, b: {users: [cho]}}\n";
        let changed: &[&str] = &["`groups` is changed"];
        for (old, new, want) in [
            ("", format!("{groups}{rule}"), &[][..]),
            (
                groups,
                format!("{rule}{}", groups.replace("bob", "eve")),
                &[],
            ),
            (groups, String::new(), &[]),
            (
                &format!("{rule}{groups}"),
                format!("{rule}{}", groups.replace("cho", "eve")),
                &[],
            ),
            (
                &format!("{rule}{groups}"),
                format!("{rule}{}", groups.replace("bob", "eve")),
                changed,
            ),
            (
                &format!("{emergency}{groups}"),
                format!("{emergency}{}", groups.replace("bob", "eve")),
                changed,
            ),
        ] {
            let [old, new] = [old, &new].map(|it| loaded(&format!("version: 1\n{it}")));
            assert_eq!(lowered(&old, &new), want, "{old:?} -> {new:?}");
        }
    }

    #[test]
    fn a_configuration_that_goes_lowers_everything() {
        let none = Loaded {
            config: Config::default(),
            file: None,
        };
        assert_eq!(lowered(&loaded(OLD), &none), ["the configuration is gone"]);
        assert!(
            lowered(
                &none,
                &loaded("version: 1\nenvironments: {prod: {overlays: [x]}}\n")
            )
            .is_empty()
        );
        assert_eq!(
            lowered(&none, &loaded("version: 1\npolicies: {builtin: off}\n")),
            ["`policies.builtin` falls from auto to off"]
        );
    }
}

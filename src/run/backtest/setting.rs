//! The setting of `tollgate.yaml` that would change what a rule does.

use crate::{builtin, finding::Finding};

/// For a finding.
pub(super) fn of_finding(finding: &Finding) -> String {
    let (gate, rule) = finding.rule.split_once('/').unwrap_or((&finding.rule, ""));
    let environment = finding.subject.environment();
    match (gate, rule) {
        ("policies", name) if builtin::named(name).is_some() => {
            "policies: {builtin: off}".to_owned()
        }
        ("renders", "unmapped") => "environments.NAME.overlays: others".to_owned(),
        ("renders", "unread") => enforcement(environment, "enforce"),
        ("policies" | "schemas", _) if environment.is_some() => enforcement(environment, "audit"),
        _ => of_gate(gate),
    }
}

/// For everything that a gate says.
pub(super) fn of_gate(gate: &str) -> String {
    match gate {
        "renders" => {
            "environments.NAME.overlays, without what is not deployed from there".to_owned()
        }
        "schemas" => "schema: {kubernetes: VERSION, crds: [...]}".to_owned(),
        "policies" => {
            "policies: {paths: [...]}, or environments.NAME.enforcement: audit".to_owned()
        }
        "policy-tests" => "policies: {fixtures: [...]}".to_owned(),
        "secrets" => "secrets: {placeholders: [...], allow_kinds: [...]}".to_owned(),
        "control-plane" => {
            "approvals: {rules: [{name: rules, when: {control_plane: true}, require: {count: 1}}]}"
                .to_owned()
        }
        "approvals" => "approvals: {rules: [...]}".to_owned(),
        "protection" => "protection: {on_unknown: {default: warn}}".to_owned(),
        other => format!("see `tollgate explain {other}`"),
    }
}

fn enforcement(environment: Option<&str>, weight: &str) -> String {
    format!(
        "environments.{}.enforcement: {weight}",
        environment.unwrap_or("NAME")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{finding::Level, gates::GATES};

    #[test]
    fn every_gate_has_a_setting() {
        for gate in GATES.iter().map(|it| it.meta().id) {
            assert!(!of_gate(gate).contains("tollgate explain"), "{gate}");
        }
    }

    #[test]
    fn what_decides_is_named() {
        let finding = |rule: &str, environment: Option<&str>| {
            let mut finding = Finding::new(Level::Deny, rule, "s", "m");
            finding.subject = finding.subject.of_environment(environment);
            of_finding(&finding)
        };
        assert_eq!(
            finding("policies/disallow-latest-tag", Some("prod")),
            "policies: {builtin: off}"
        );
        assert_eq!(
            finding("policies/team", Some("prod")),
            "environments.prod.enforcement: audit"
        );
        assert_eq!(
            finding("schemas/invalid", Some("dev")),
            "environments.dev.enforcement: audit"
        );
        assert_eq!(
            finding("renders/unmapped", None),
            "environments.NAME.overlays: others"
        );
    }
}

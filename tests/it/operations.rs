//! A changed resource is judged as an update of what BASE has, and as a creation; the worse counts.

use crate::support::Repository;

const CONFIG: &str = "version: 1
environments: {prod: {overlays: [prod], enforcement: enforce}}
policies: {coverage: {min_rules: 0%}}
";

fn policy(operations: &str, check: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: rule}}
spec:
  rules:
  - name: r
    match: {{any: [{{resources: {{kinds: [ConfigMap], operations: [{operations}]}}}}]}}
    validate:
      message: refused
      {check}
"
    )
}

fn map(owner: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: web\n  labels: {{owner: {owner}}}\ndata: {{a: {data}}}\n"
    )
}

/// The lines of the verdict on a change of a ConfigMap; without a BASE it is new.
fn verdict(policy: &str, base: Option<&str>, head: &str) -> Vec<String> {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", CONFIG)
        .write("policies/rule.yaml", policy)
        .write("prod/kustomization.yaml", "resources: [other.yaml]\n")
        .write("prod/other.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n");
    if let Some(text) = base {
        repository
            .write(
                "prod/kustomization.yaml",
                "resources: [other.yaml, map.yaml]\n",
            )
            .write("prod/map.yaml", text);
    }
    let before = repository.commit("base");
    repository
        .write(
            "prod/kustomization.yaml",
            "resources: [other.yaml, map.yaml]\n",
        )
        .write("prod/map.yaml", head);
    let after = repository.commit("head");
    repository.check(&before, &after).lines()
}

#[test]
fn rules_are_asked_for_the_operations_that_a_change_may_be() {
    let pattern = "pattern: {data: {a: \"!bad\"}}";
    for (operations, new, changed) in [
        ("CREATE", true, true),
        ("UPDATE", false, true),
        ("\"CREATE\", \"UPDATE\"", true, true),
        ("DELETE", false, false),
    ] {
        let policy = policy(operations, pattern);
        let held = |lines: Vec<String>| lines.last().is_some_and(|it| it == "refuse");
        assert_eq!(
            held(verdict(&policy, None, &map("ann", "bad"))),
            new,
            "{operations}, new"
        );
        let base = map("ann", "good");
        assert_eq!(
            held(verdict(&policy, Some(&base), &map("ann", "bad"))),
            changed,
            "{operations}, changed"
        );
    }
}

#[test]
fn a_rule_about_what_may_not_change_sees_what_was_there() {
    let check = "deny: {conditions: {all: [{key: \"{{ request.object.metadata.labels.owner }}\", operator: NotEquals, value: \"{{ request.oldObject.metadata.labels.owner }}\"}]}}";
    let policy = policy("UPDATE", check);
    let base = map("ann", "x");
    let refused = verdict(&policy, Some(&base), &map("bob", "x"));
    assert_eq!(
        refused.last().map(String::as_str),
        Some("refuse"),
        "{refused:?}"
    );
    assert_eq!(verdict(&policy, Some(&base), &map("ann", "y")), ["admit"]);
}

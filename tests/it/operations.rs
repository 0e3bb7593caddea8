//! A changed resource is judged as an update of what BASE has, and as a creation; the worse counts.

use crate::support::{Repository, Verdict};
use serde_json::json;

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

/// Files of a tree, and what is left out of it.
type Files<'a> = &'a [(&'a str, &'a str)];

const LISTED: &str = "resources: [other.yaml, map.yaml]\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: web\n  labels: {owner: ann}\ndata: {a: x}\n";
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n";

/// The verdict on a change from a tree with a ConfigMap in it: with these rules, files that it writes, and
/// files that it deletes.
fn judged(rules: Files<'_>, write: Files<'_>, delete: &[&str]) -> Verdict {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", CONFIG)
        .write("prod/kustomization.yaml", LISTED)
        .write("prod/map.yaml", MAP)
        .write("prod/other.yaml", SERVICE);
    for (path, text) in rules {
        repository.write(path, text);
    }
    let before = repository.commit("base");
    for (path, text) in write {
        repository.write(path, text);
    }
    for path in delete {
        repository.delete(path);
    }
    let after = repository.commit("head");
    repository.check(&before, &after)
}

/// The verdict on the removal of the ConfigMap, with these rules.
fn removed(rules: Files<'_>) -> Verdict {
    let write = [("prod/kustomization.yaml", "resources: [other.yaml]\n")];
    judged(rules, &write, &["prod/map.yaml"])
}

const RULE: &str = "policies/rule.yaml";

#[test]
fn what_vanishes_from_an_environment_is_judged_as_a_deletion() {
    let policy = policy("DELETE", "deny: {}");
    for (case, by, write, delete) in [
        (
            "its file goes",
            Some("prod/kustomization.yaml"),
            &[("prod/kustomization.yaml", "resources: [other.yaml]\n")],
            &["prod/map.yaml"],
        ),
        (
            "it is no longer listed",
            Some("prod/kustomization.yaml"),
            &[("prod/kustomization.yaml", "resources: [other.yaml]\n")],
            &[],
        ),
        (
            "its document goes",
            Some("prod/map.yaml"),
            &[(
                "prod/map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: web}\n",
            )],
            &[],
        ),
        (
            "a patch deletes it",
            Some("prod/kustomization.yaml"),
            &[(
                "prod/kustomization.yaml",
                "resources: [other.yaml, map.yaml]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: web}, $patch: delete}'}]\n",
            )],
            &[],
        ),
        (
            "it has another name",
            Some("prod/kustomization.yaml"),
            &[(
                "prod/kustomization.yaml",
                "namePrefix: new-\nresources: [other.yaml, map.yaml]\n",
            )],
            &[],
        ),
        (
            "it moves to another namespace",
            Some("prod/kustomization.yaml"),
            &[(
                "prod/kustomization.yaml",
                "namespace: other\nresources: [other.yaml, map.yaml]\n",
            )],
            &[],
        ),
        (
            "its overlay goes",
            None,
            &[],
            &[
                "prod/kustomization.yaml",
                "prod/map.yaml",
                "prod/other.yaml",
            ],
        ),
    ] as [(&str, Option<&str>, Files<'_>, &[&str]); 7]
    {
        let verdict = judged(&[(RULE, &policy)], write, delete);
        assert_eq!(verdict.decision(), "refuse", "{case}");
        let finding = verdict.findings().find(|it| it["rule"] == "policies/rule");
        let finding = finding.unwrap_or_else(|| panic!("{case}: {:?}", verdict.lines()));
        let message = match by {
            Some(_) => "r: refused (it is removed)",
            None => "r: refused (it is removed together with its overlay)",
        };
        assert_eq!(finding["message"], message, "{case}");
        assert_eq!(
            finding["subject"], "prod: ConfigMap web/web (prod)",
            "{case}"
        );
        // What HEAD's file does comes first, in every format; then what is removed.
        let place = |at: usize| &finding["labels"][at]["place"];
        let removed = usize::from(by.is_some());
        assert_eq!(
            (
                &place(removed)["path"],
                &place(removed)["line"],
                &place(removed)["side"]
            ),
            (&json!("prod/map.yaml"), &json!(1), &json!("base")),
            "{case}"
        );
        if let Some(by) = by {
            assert_eq!(place(0)["path"], by, "{case}");
            assert_eq!(place(0)["side"], "head", "{case}");
            let text = &finding["labels"][0]["text"];
            assert_eq!(text, "a change of this file removes it", "{case}");
        }
        assert_eq!(place(removed + 1)["path"], RULE, "{case}");
        assert_eq!(
            finding["help"],
            "keep the resource; if it is meant to go, have the policy changed before, or ask for an exception",
            "{case}"
        );
    }
}

#[test]
fn what_an_environment_keeps_is_no_deletion() {
    let config = CONFIG.replace("overlays: [prod]", "overlays: [prod, more/prod]");
    let rule = policy("DELETE", "deny: {}");
    let space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    let rules = [
        (RULE, rule.as_str()),
        ("tollgate.yaml", &config),
        ("more/prod/kustomization.yaml", "resources: [space.yaml]\n"),
        ("more/prod/space.yaml", space),
    ];
    let without = ("prod/kustomization.yaml", "resources: [other.yaml]\n");
    for (case, write, delete) in [
        (
            "another overlay of the environment takes it over",
            &[
                without,
                (
                    "more/prod/kustomization.yaml",
                    "resources: [space.yaml, map.yaml]\n",
                ),
                ("more/prod/map.yaml", MAP),
            ],
            &["prod/map.yaml"],
        ),
        (
            "another file has it",
            &[
                (
                    "prod/kustomization.yaml",
                    "resources: [other.yaml, moved.yaml]\n",
                ),
                ("prod/moved.yaml", MAP),
            ],
            &["prod/map.yaml"],
        ),
        (
            "it changes",
            &[(
                "prod/map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n",
            )],
            &[],
        ),
        (
            "something else goes",
            &[("prod/kustomization.yaml", "resources: [map.yaml]\n")],
            &[],
        ),
    ] as [(&str, Files<'_>, &[&str]); 4]
    {
        let verdict = judged(&rules, write, delete);
        assert_eq!(verdict.decision(), "admit", "{case}: {:?}", verdict.lines());
    }
    // Another environment, or an overlay that had it before, takes nothing over.
    let other = ("other/prod/kustomization.yaml", "resources: [map.yaml]\n");
    let map = ("other/prod/map.yaml", MAP);
    let verdict = judged(&rules, &[without, other, map], &["prod/map.yaml"]);
    assert_eq!(verdict.decision(), "refuse", "{:?}", verdict.lines());
    let twice = [
        rules[0],
        rules[1],
        ("more/prod/kustomization.yaml", "resources: [map.yaml]\n"),
        ("more/prod/map.yaml", MAP),
    ];
    let verdict = judged(&twice, &[without], &["prod/map.yaml"]);
    assert_eq!(verdict.decision(), "refuse", "{:?}", verdict.lines());
}

#[test]
fn an_overlay_that_may_reach_another_cluster_takes_nothing_over() {
    let config = CONFIG.replace("overlays: [prod]", "overlays: [prod, us/prod]");
    let rule = policy("DELETE", "deny: {}");
    let without = ("prod/kustomization.yaml", "resources: [other.yaml]\n");
    let us = |list| ("us/prod/kustomization.yaml", list);
    let [map, other] = [("us/prod/map.yaml", MAP), ("us/prod/other.yaml", SERVICE)];
    let everything = [
        "prod/kustomization.yaml",
        "prod/map.yaml",
        "prod/other.yaml",
    ];
    let both = us("resources: [other.yaml, map.yaml]\n");
    let one = us("resources: [map.yaml]\n");
    for (case, base, write, delete, want) in [
        (
            "a new one beside it",
            &[][..],
            &[without, one, map][..],
            &everything[1..2],
            "refuse",
        ),
        (
            "one with which it has a resource in common",
            &[us("resources: [other.yaml]\n"), other],
            &[without, both, map],
            &everything[1..2],
            "refuse",
        ),
        (
            "a new one in its place",
            &[],
            &[both, map, other],
            &everything[..],
            "admit",
        ),
        (
            "a new one that holds a part of it",
            &[],
            &[one, map],
            &everything[..],
            "refuse",
        ),
    ]
        as [(&str, Files<'_>, Files<'_>, &[&str], &str); 4]
    {
        let rules = [&[(RULE, rule.as_str()), ("tollgate.yaml", &config)], base].concat();
        let verdict = judged(&rules, write, delete);
        let finding = verdict.findings().find(|it| it["rule"] == "policies/rule");
        assert_eq!(verdict.decision(), want, "{case}: {:?}", verdict.lines());
        assert_eq!(
            finding.map(|it| it["help"].clone()),
            (want == "refuse").then(|| json!("`us/prod` has it now, but nothing says that it reaches the same cluster: keep the resource; if it is meant to go, have the policy changed before, or ask for an exception")),
            "{case}"
        );
    }
}

/// A policy on ConfigMaps with what stands beside `kinds`, and what stands in the rule.
fn on_maps(beside: &str, rest: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: rule}}\nspec:\n  background: false\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [ConfigMap]{beside}}}}}]}}\n    {rest}\n"
    )
}

fn denied_if(key: &str, value: &str) -> String {
    format!(
        "validate: {{message: refused, deny: {{conditions: {{all: [{{key: \"{{{{ {key} }}}}\", operator: Equals, value: {value}}}]}}}}}}"
    )
}

#[test]
fn rules_see_a_deletion_as_kyverno_does() {
    let delete = ", operations: [DELETE]";
    let deny = "validate: {message: refused, deny: {}}";
    let owner = "metadata.labels.owner";
    for (case, policy, want) in [
        ("it is named", on_maps(delete, deny), "refuse"),
        ("another one is named", on_maps(", operations: [CREATE, UPDATE]", deny), "admit"),
        (
            "no operation is named, and the rule asks which one it is",
            on_maps("", &denied_if("request.operation", "DELETE")),
            "refuse",
        ),
        (
            "the rule leaves deletions out",
            on_maps("", &format!("preconditions: {{all: [{{key: \"{{{{ request.operation }}}}\", operator: NotEquals, value: DELETE}}]}}\n    {deny}")),
            "admit",
        ),
        (
            "the rule asks what was there",
            on_maps("", &denied_if(&format!("request.oldObject.{owner} || ''"), "ann")),
            "refuse",
        ),
        (
            "`request.object` is what was there",
            on_maps(delete, &denied_if(&format!("request.object.{owner}"), "ann")),
            "refuse",
        ),
        (
            "in a context it is nothing",
            on_maps(delete, &format!(
                "context: [{{name: owner, variable: {{jmesPath: \"request.object.{owner} || 'nobody'\"}}}}]\n    {}",
                denied_if("owner", "nobody")
            )),
            "refuse",
        ),
        (
            "the namespace is known",
            on_maps(delete, &denied_if("request.namespace", "web")),
            "refuse",
        ),
        ("and the name", on_maps(delete, &denied_if("request.name", "web")), "refuse"),
        (
            "patterns say nothing of it",
            on_maps(delete, "validate: {message: refused, pattern: {data: {a: never}}}"),
            "admit",
        ),
        (
            "loops over what was there do",
            on_maps(delete, "validate: {message: refused, foreach: [{list: \"request.oldObject.data.a\", deny: {}}]}"),
            "refuse",
        ),
        (
            "loops over what is there do not",
            on_maps(delete, "validate: {message: refused, foreach: [{list: \"request.object.data.a\", deny: {}}]}"),
            "admit",
        ),
        (
            "a rule that says the same of the object in BASE is known",
            on_maps("", &denied_if(&format!("request.object.{owner}"), "ann")),
            "admit",
        ),
        (
            "background scans see none",
            on_maps("", &denied_if(&format!("request.object.{owner}"), "ann"))
                .replace("background: false", "admission: false"),
            "admit",
        ),
        (
            "nobody can ask",
            on_maps(delete, &format!(
                "context: [{{name: it, apiCall: {{urlPath: /api/v1/namespaces}}}}]\n    {}",
                denied_if("it", "x")
            )),
            "undecided",
        ),
        (
            "nobody can evaluate it yet",
            "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: rule}\nspec: {matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], resources: [configmaps], operations: [DELETE]}]}, validations: [{expression: 'false'}]}\n".to_owned(),
            "undecided",
        ),
        (
            "labels of its namespace that nobody knows",
            on_maps(", operations: [DELETE], namespaceSelector: {matchLabels: {tier: gold}}", deny),
            "undecided",
        ),
    ] {
        let verdict = removed(&[(RULE, &policy)]);
        assert_eq!(verdict.decision(), want, "{case}: {:?}", verdict.lines());
    }
}

#[test]
fn what_else_decides_about_changes_decides_about_deletions() {
    let rule = on_maps(
        ", operations: [DELETE]",
        "validate: {message: refused, deny: {}}",
    );
    let exception = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: web, namespace: web}\nspec: {exceptions: [{policyName: rule, ruleNames: [r]}], match: {any: [{resources: {kinds: [ConfigMap], names: [web]}}]}}\n";
    let audited = CONFIG.replace("enforce}", "audit}");
    let there = on_maps("", &denied_if("request.object.data.a", "x"));
    let held = CONFIG.replace("enforce}", "enforce, known: hold}");
    let listed = "resources: [other.yaml, map.yaml, rule.yaml]\n";
    let unscored = rule.replace(
        "{name: rule}",
        "{name: rule, annotations: {policies.kyverno.io/scored: \"false\"}}",
    );
    for (case, rules, want) in [
        (
            "an exception",
            &[(RULE, &*rule), ("policies/exception.yaml", exception)],
            "admit",
        ),
        (
            "an environment that is audited",
            &[(RULE, &*rule), ("tollgate.yaml", &*audited)],
            "admit",
        ),
        (
            "a policy that is not scored",
            &[(RULE, &*unscored)],
            "admit",
        ),
        (
            "what is known holds",
            &[(RULE, &*there), ("tollgate.yaml", &*held)],
            "refuse",
        ),
        (
            "an overlay deploys the rule",
            &[
                ("prod/rule.yaml", &*rule),
                ("prod/kustomization.yaml", listed),
            ],
            "refuse",
        ),
    ] as [(&str, Files<'_>, &str); 5]
    {
        let config = "version: 1\nenvironments:\n  prod: {overlays: [prod], enforcement: enforce}\n  more: {overlays: [more], enforcement: enforce}\npolicies: {coverage: {min_rules: 0%}}\n";
        let mut all = vec![("tollgate.yaml", config)];
        all.extend(rules);
        let write = match case {
            "an overlay deploys the rule" => "resources: [other.yaml, rule.yaml]\n",
            _ => "resources: [other.yaml]\n",
        };
        let verdict = judged(
            &all,
            &[("prod/kustomization.yaml", write)],
            &["prod/map.yaml"],
        );
        assert_eq!(verdict.decision(), want, "{case}: {:?}", verdict.lines());
    }
}

#[test]
fn people_read_which_file_removes_what_a_rule_keeps() {
    let repository = Repository::new();
    let rule = policy("DELETE", "deny: {}");
    repository
        .write("tollgate.yaml", CONFIG)
        .write(RULE, &rule)
        .write(
            "prod/kustomization.yaml",
            "resources: [other.yaml, map.yaml]\n",
        )
        .write("prod/map.yaml", MAP)
        .write("prod/other.yaml", &MAP.replace("web", "other"));
    let base = repository.commit("base");
    repository.write("prod/kustomization.yaml", "resources: [other.yaml]\n");
    repository.delete("prod/map.yaml");
    let head = repository.commit("head");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["check", "--base", &base, "--head", &head])
        .current_dir(repository.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = "--> prod/kustomization.yaml: a change of this file removes it\n";
    let second = "::: prod/map.yaml:1:1\n";
    let at = |it: &str| {
        text.find(it)
            .unwrap_or_else(|| panic!("no `{it}` in {text}"))
    };
    assert!(at(first) < at(second), "{text}");
}

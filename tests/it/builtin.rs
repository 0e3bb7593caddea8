//! The policies that come with the program: their fixtures prove every rule for every kind of
//! workload, and they judge where a repository has none of its own.

use crate::support::{Repository, Verdict, tollgate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tollgate::builtin::BUILTINS;
use tollgate_yaml::{Dialect, Limits, Sources};

/// Every kind for which Kyverno makes rules out of a rule for Pods, and Pods.
const KINDS: [&str; 6] = [
    "Pod",
    "DaemonSet",
    "Deployment",
    "Job",
    "StatefulSet",
    "CronJob",
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/policies-tests"))
}

fn documents(text: &str) -> Vec<Value> {
    let file = Sources::new().add("a.yaml", text);
    let parsed = tollgate_yaml::parse(text, file, Dialect::Sigs, &Limits::default());
    parsed
        .expect("YAML")
        .iter()
        .map(|it| it.to_json().expect("JSON"))
        .collect()
}

/// The rows of every suite under `policies-tests`, by the suite's path.
fn rows() -> BTreeMap<String, Vec<Value>> {
    let output = tollgate(folder(), &["test", "--format", "json", "."]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{json:#}");
    let suites = json["suites"].as_array().expect("suites").iter();
    suites
        .map(|it| {
            let path = it["path"].as_str().expect("a path").to_owned();
            (path, it["results"].as_array().expect("rows").clone())
        })
        .collect()
}

#[test]
fn every_folder_is_built_in_and_every_suite_holds() {
    let engine = folder().join("kyverno");
    let folders: BTreeSet<String> = std::fs::read_dir(engine)
        .expect("a folder")
        .map(|it| {
            it.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let names: BTreeSet<String> = BUILTINS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(folders, names);
    let rows = rows();
    let suites: BTreeSet<String> = names
        .iter()
        .map(|it| format!("kyverno/{it}/kyverno-test.yaml"))
        .collect();
    assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), suites);
    for row in rows.values().flatten() {
        assert_eq!(row["status"], "ok", "{row:#}");
    }
}

#[test]
fn every_rule_is_shown_passing_and_failing_for_every_kind() {
    let rows = rows();
    for builtin in BUILTINS {
        let policy = &documents(builtin.policy)[0];
        let rows = &rows[&format!("kyverno/{}/kyverno-test.yaml", builtin.name)];
        let kinds: Vec<&str> =
            match policy["metadata"]["annotations"]["pod-policies.kyverno.io/autogen-controllers"]
                .as_str()
            {
                Some(list) => list.split(',').chain(["Pod"]).collect(),
                None => KINDS.to_vec(),
            };
        assert!(kinds.iter().all(|it| KINDS.contains(it)), "{kinds:?}");
        for rule in policy["spec"]["rules"].as_array().expect("rules") {
            let name = rule["name"].as_str().expect("a name");
            let said: BTreeSet<(String, &str, bool)> = rows
                .iter()
                .map(|row| {
                    let text = |key: &str| row[key].as_str().unwrap_or_default();
                    let rule = text("rule").trim_start_matches("autogen-");
                    let rule = rule.trim_start_matches("cronjob-").to_owned();
                    (rule, text("kind"), text("actual"))
                })
                .filter(|it| it.2 != "skip")
                .map(|(rule, kind, actual)| (rule, kind, actual == "pass"))
                .collect();
            for kind in &kinds {
                for pass in [true, false] {
                    assert!(
                        said.contains(&(name.to_owned(), kind, pass)),
                        "{}/{name} has no {kind} with pass = {pass}",
                        builtin.name
                    );
                }
            }
        }
    }
}

/// Where a policy speaks of these containers at all, a Pod fails whose others are in order.
#[test]
fn init_and_ephemeral_containers_fail_alone() {
    for builtin in BUILTINS {
        let bad = folder().join(format!("kyverno/{}/bad.yaml", builtin.name));
        let bad = documents(&std::fs::read_to_string(bad).expect("readable"));
        let good = folder().join(format!("kyverno/{}/good.yaml", builtin.name));
        let good = documents(&std::fs::read_to_string(good).expect("readable"));
        for list in ["initContainers", "ephemeralContainers"] {
            let speaks = builtin.policy.contains(list) || builtin.policy.contains("podSecurity");
            if !speaks {
                continue;
            }
            let alone = |pod: &Value| {
                let mut rest = pod["spec"].clone();
                let taken = rest.as_object_mut().and_then(|it| it.remove(list));
                let passes = |it: &Value| {
                    let mut spec = it["spec"].clone();
                    for list in ["initContainers", "ephemeralContainers"] {
                        spec.as_object_mut().map(|it| it.remove(list));
                    }
                    let listed = |it: &Value| it["containers"].as_array().cloned();
                    let (own, others) = (listed(&rest), listed(&spec));
                    own.zip(others)
                        .is_some_and(|(own, others)| own.iter().all(|it| others.contains(it)))
                };
                pod["kind"] == "Pod" && taken.is_some() && good.iter().any(passes)
            };
            assert!(
                bad.iter().any(alone),
                "{}: no Pod of which only the {list} fail",
                builtin.name
            );
        }
    }
}

#[test]
fn the_page_of_the_gate_lists_them_and_each_has_a_page() {
    let explain = |id: &str| {
        let output = tollgate(folder(), &["explain", id]);
        assert_eq!(output.status.code(), Some(0), "{id}");
        String::from_utf8(output.stdout).expect("text")
    };
    let output = tollgate(folder(), &["explain", "require-probes"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("did you mean `policies/require-probes`?"),
        "{message}"
    );
    let list = explain("policies/built-in");
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("readable");
    for it in BUILTINS {
        let scored = !it.policy.contains("policies.kyverno.io/scored: \"false\"");
        let name = format!("| `{}` |", it.name);
        let line = list.lines().find(|it| it.starts_with(&name));
        let line = line.unwrap_or_else(|| panic!("{} is not listed", it.name));
        assert_eq!(line.ends_with("| |"), scored, "{line}");
        let name = format!("| [{}]", it.name);
        let line = readme.lines().find(|it| it.starts_with(&name));
        let line = line.unwrap_or_else(|| panic!("{} is not in the README", it.name));
        assert_eq!(line.ends_with("| holds |"), scored, "{line}");
        let page = explain(&format!("policies/{}", it.name));
        for part in ["## What it asks", "## Why", "## How to meet it", it.policy] {
            assert!(page.contains(part), "{} lacks {part}", it.name);
        }
        let held = page.contains("A failure holds a change in `enforce` and `strict`.");
        assert_eq!(held, scored, "{}: what a failure weighs", it.name);
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.4.2
";

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-team
spec:
  rules:
    - name: label
      match:
        any:
          - resources:
              kinds: [ConfigMap]
      validate:
        message: who owns it must be said
        pattern:
          metadata:
            labels:
              team: \"?*\"
";

/// A repository without policies and without configuration.
fn repository() -> Repository {
    let repository = Repository::new();
    for environment in ["dev", "prod"] {
        repository
            .write(
                &format!("{environment}/kustomization.yaml"),
                "resources: [web.yaml]\n",
            )
            .write(&format!("{environment}/web.yaml"), DEPLOYMENT);
    }
    repository
}

fn of_policies(verdict: &Verdict) -> Vec<String> {
    let mut lines = verdict.lines();
    lines.retain(|it| it.contains(" policies/"));
    lines
}

fn untagged(repository: &Repository, environment: &str) -> String {
    repository.write(
        &format!("{environment}/web.yaml"),
        &DEPLOYMENT.replace(":1.4.2", ""),
    );
    repository.commit("an image without a tag")
}

#[test]
fn a_first_change_of_a_repository_without_policies() {
    let repository = repository();
    let base = repository.commit("base");
    let head = untagged(&repository, "prod");
    let verdict = repository.check(&base, &head);
    assert_eq!(
        verdict.lines(),
        [
            "deny policies/disallow-latest-tag prod/web.yaml:14",
            "waived policies/pod-security-restricted prod/web.yaml:13",
            "waived policies/require-probes prod/web.yaml:13",
            "waived policies/require-requests-limits prod/web.yaml:13",
            "refuse",
        ]
    );
    // Whose rules these are, and how to see them: and no place in a file that is not there.
    let note = verdict
        .findings()
        .find(|it| it["rule"] == "policies/built-in")
        .expect("a note");
    assert!(
        note["help"]
            .as_str()
            .is_some_and(|it| it.contains("builtin: off"))
    );
    for finding in verdict.findings().filter(|it| it["level"] != "note") {
        let help = finding["help"].as_str().expect("help");
        assert!(help.contains("`tollgate explain policies/"), "{help}");
        for label in finding["labels"].as_array().expect("labels") {
            assert_eq!(label["place"]["path"], "prod/web.yaml");
        }
    }
    // Nobody asks for fixtures of what is built in.
    let tests = verdict.json["gates"]
        .as_array()
        .and_then(|it| it.iter().find(|it| it["gate"] == "policy-tests"))
        .expect("the gate");
    assert_eq!(tests["state"], "nothing");
    assert_eq!(
        tests["examined"]["nothing"],
        "HEAD has no policies and no fixtures"
    );

    // In an environment that is only audited, everything is a warning.
    let audited = untagged(&repository, "dev");
    let verdict = repository.check(&head, &audited);
    assert_eq!(verdict.decision(), "admit");
    assert!(
        verdict
            .lines()
            .contains(&"warn policies/disallow-latest-tag dev/web.yaml:14".to_owned())
    );

    // A change of something else is no occasion to judge what was there before.
    repository.write("README.md", "a repository\n");
    let elsewhere = repository.commit("elsewhere");
    let verdict = repository.check(&audited, &elsewhere);
    assert_eq!(verdict.findings().count(), 0);
}

#[test]
fn the_first_policy_of_a_repository_is_judged_by_the_built_in_ones() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write("policies/require-team.yaml", POLICY);
    let own = repository.commit("an own policy");
    let verdict = repository.check(&base, &own);
    assert!(
        verdict
            .lines()
            .contains(&"warn control-plane/built-in".to_owned())
    );
    assert_eq!(verdict.decision(), "admit");

    // With the policy in BASE, it alone judges.
    let head = untagged(&repository, "prod");
    assert!(of_policies(&repository.check(&own, &head)).is_empty());
    // From a BASE without it, the built-in ones do, whatever HEAD brings.
    let both = repository.check(&base, &head);
    assert!(
        of_policies(&both)
            .contains(&"deny policies/disallow-latest-tag prod/web.yaml:14".to_owned())
    );

    // When it goes, the built-in ones come back, and the report says what they would hold.
    repository.delete("policies/require-team.yaml");
    let gone = repository.commit("no policy");
    let verdict = repository.check(&head, &gone);
    assert_eq!(
        verdict.lines(),
        [
            "deny control-plane/weakened policies/require-team.yaml:1",
            "warn control-plane/changed policies/require-team.yaml:1",
            "warn policies/preview prod/web.yaml:14",
            "refuse"
        ]
    );
}

#[test]
fn one_line_switches_them_off_and_another_keeps_them() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write("tollgate.yaml", "version: 1\npolicies: {builtin: off}\n");
    let off = repository.commit("off");
    let verdict = repository.check(&base, &off);
    assert_eq!(
        verdict.lines(),
        [
            "deny control-plane/weakened tollgate.yaml:1",
            "warn control-plane/changed tollgate.yaml:1",
            "refuse"
        ]
    );
    let head = untagged(&repository, "prod");
    let verdict = repository.check(&off, &head);
    assert_eq!(verdict.lines(), ["admit"]);

    // On: beside own policies, but not beside one of the same name.
    repository
        .write(
            "tollgate.yaml",
            "version: 1\npolicies: {builtin: on, coverage: {min_rules: 0%}}\n",
        )
        .write("policies/require-team.yaml", POLICY);
    let on = repository.commit("on");
    let verdict = repository.check(&head, &on);
    assert!(
        verdict
            .lines()
            .contains(&"warn policies/preview prod/web.yaml:14".to_owned())
    );
    let dev = untagged(&repository, "dev");
    assert!(
        of_policies(&repository.check(&on, &dev))
            .contains(&"warn policies/disallow-latest-tag dev/web.yaml:14".to_owned())
    );
    repository.write(
        "policies/own.yaml",
        &POLICY.replace("require-team", "disallow-latest-tag"),
    );
    let own = repository.commit("an own policy of the same name");
    let verdict = repository.check(&dev, &own);
    assert!(
        verdict
            .lines()
            .contains(&"warn control-plane/built-in".to_owned())
    );
    repository.write("prod/web.yaml", &DEPLOYMENT.replace("web:1.4.2", "other"));
    let other = repository.commit("another image");
    let said = of_policies(&repository.check(&own, &other));
    assert!(said.contains(&"waived policies/require-probes prod/web.yaml:13".to_owned()));
    assert!(
        !said.iter().any(|it| it.contains("disallow-latest-tag")),
        "{said:?}"
    );
}

#[test]
fn own_policies_that_refuse_nothing_leave_the_built_in_ones_in_force() {
    let repository = repository();
    let generate = "generate: {apiVersion: v1, kind: ConfigMap, name: x, data: {}}";
    repository
        .write(
            "policies/tidy.yaml",
            "apiVersion: kyverno.io/v2\nkind: ClusterCleanupPolicy\nmetadata: {name: tidy}\nspec: {schedule: '0 3 * * *'}\n",
        )
        .write(
            "policies/make.yaml",
            &format!("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: make}}\nspec:\n  rules:\n    - name: make\n      match: {{any: [{{resources: {{kinds: [Namespace]}}}}]}}\n      {generate}\n"),
        );
    let base = repository.commit("base");
    let head = untagged(&repository, "prod");
    let said = of_policies(&repository.check(&base, &head));
    assert!(
        said.contains(&"deny policies/disallow-latest-tag prod/web.yaml:14".to_owned()),
        "{said:?}"
    );
}

/// How an environment is judged is told where it decides: not of what only warns anyhow.
#[test]
fn a_warning_of_its_own_does_not_blame_the_environment() {
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            "version: 1\nenvironments:\n  prod: {overlays: [prod], enforcement: enforce}\n",
        )
        .write("prod/kustomization.yaml", "resources: [pod.yaml]\n")
        .write(
            "prod/pod.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        );
    let base = repository.commit("base");
    repository.write(
        "prod/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: a}\n",
    );
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let blames = |level: &str| -> Vec<bool> {
        let of = |it: &serde_json::Value| {
            let labels = it["labels"].as_array().expect("labels");
            let how = |it: &serde_json::Value| it["text"] == "how `prod` is judged";
            labels.iter().any(how)
        };
        verdict
            .findings()
            .filter(|it| it["level"] == level && it["labels"].is_array())
            .map(of)
            .collect()
    };
    let (deny, warn) = (blames("deny"), blames("warn"));
    assert!(!deny.is_empty() && deny.iter().all(|it| *it), "{deny:?}");
    assert!(!warn.is_empty() && !warn.contains(&true), "{warn:?}");
}

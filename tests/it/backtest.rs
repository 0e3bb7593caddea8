//! What the gate would have made of the changes that a branch has taken in.

use crate::support::{Repository, tollgate};
use serde_json::Value;

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: team}
spec:
  rules:
  - name: label
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate:
      message: who owns it must be said
      pattern: {metadata: {labels: {team: \"?*\"}}}
";

fn map(labels: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n{labels}")
}

/// Three changes: a label goes, a README comes, the label comes back.
fn repository() -> Repository {
    let repository = Repository::new();
    repository
        .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map.yaml", &map("  labels: {team: web}\n"))
        .write("policies/team.yaml", POLICY)
        .commit("the beginning");
    repository.write("prod/map.yaml", &map(""));
    repository.commit("the label goes\n\nMore about it.");
    repository.write("README.md", "words");
    repository.commit("words");
    repository.write("prod/map.yaml", &map("  labels: {team: shop}\n"));
    repository.commit("the label comes back");
    repository
}

fn backtest(repository: &Repository, arguments: &[&str]) -> (i32, String) {
    let mut all = vec!["backtest"];
    all.extend(arguments);
    let output = tollgate(repository.path(), &all);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().expect("a code"), text + &err)
}

fn json(repository: &Repository, arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    let (code, text) = backtest(repository, &all);
    assert_eq!(code, 0, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn outcomes(json: &Value) -> Vec<(&str, &str)> {
    let commits = json["commits"].as_array().expect("a list");
    commits
        .iter()
        .filter_map(|it| Some((it["title"].as_str()?, it["outcome"].as_str()?)))
        .collect()
}

#[test]
fn each_change_is_judged_by_itself_the_newest_first() {
    let repository = repository();
    let json = json(&repository, &[]);
    assert_eq!(
        outcomes(&json),
        [
            ("the label comes back", "admitted"),
            ("words", "admitted"),
            ("the label goes", "refused"),
        ]
    );
    let rule = &json["rules"][0];
    assert_eq!(rule["rule"], "policies/team");
    assert_eq!((&rule["held"], &rule["known"]), (&1.into(), &0.into()));
    assert_eq!(rule["examples"][0]["at"], "prod/map.yaml:3:1");
    assert_eq!(json["configuration"], "what holds without a configuration");
}

#[test]
fn fewer_changes_are_judged_where_fewer_are_asked_for_and_a_branch_can_be_named() {
    let repository = repository();
    let json = json(&repository, &["--last", "1", "--branch", "HEAD~2"]);
    assert_eq!(outcomes(&json), [("the label goes", "refused")]);
}

#[test]
fn the_configuration_that_lies_in_the_folder_judges_all_of_them() {
    let repository = repository();
    repository.write(
        "tollgate.yaml",
        "version: 1\nenvironments: {prod: {overlays: [prod], enforcement: audit}}\napprovals: {rules: [{name: all, when: {any: true}, require: {count: 1}}]}\n",
    );
    let json = json(&repository, &[]);
    assert_eq!(
        json["configuration"],
        "tollgate.yaml as it lies in the folder"
    );
    assert_eq!(
        outcomes(&json).iter().map(|it| it.1).collect::<Vec<_>>(),
        ["admitted"; 3]
    );
    assert_eq!(json["notes"].as_array().map(Vec::len), Some(1));
    repository.write("tollgate.yaml", "version: 1\nenvironmints: {}\n");
    let (code, text) = backtest(&repository, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("tollgate.yaml:2:1"), "{text}");
}

#[test]
fn a_limit_that_ends_every_worker_is_told() {
    let repository = repository();
    let (code, text) = backtest(&repository, &["--timeout", "0"]);
    assert_eq!(code, 5, "{text}");
}

#[test]
fn a_branch_without_a_change_has_nothing_to_judge() {
    let repository = Repository::new();
    repository.write("a", "b").commit("the beginning");
    let (code, text) = backtest(&repository, &[]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("no change to judge"), "{text}");
    let (code, text) = backtest(&repository, &["--branch", "nowhere"]);
    assert_eq!(code, 3, "{text}");
}

#[test]
fn the_base_branch_is_judged_whatever_is_checked_out() {
    let repository = repository();
    repository.branch("topic").write("README.md", "other words");
    repository.commit("not merged yet");
    let of = |arguments: &[&str]| json(&repository, arguments);
    let base = of(&["--last", "1"]);
    assert_eq!(outcomes(&base), [("the label comes back", "admitted")]);
    let branch = base["branch"].as_str().expect("a name");
    assert!(branch.starts_with("main ("), "{branch}");
    assert_eq!(base["notes"], Value::Null);
    let topic = of(&["--last", "1", "--branch", "topic"]);
    assert_eq!(outcomes(&topic), [("not merged yet", "admitted")]);
    let git = git2::Repository::open(repository.path()).expect("a repository");
    let mut main = git.find_reference("refs/heads/main").expect("a branch");
    main.delete().expect("it is gone");
    let guessed = of(&["--last", "1"]);
    assert_eq!(outcomes(&guessed), [("not merged yet", "admitted")]);
    let note = guessed["notes"][0].as_str().expect("a note");
    assert!(note.contains("what is checked out"), "{note}");
}

/// Changes of many kinds: overlays that change, appear, break and stay broken, policies that change,
/// definitions, Secrets, a base that two overlays share.
fn history() -> (Repository, Vec<String>) {
    let repository = Repository::new();
    let definition = |kind: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: toys.example.com}}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {{kind: Toy, plural: toys}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties: {{spec: {{type: object, properties: {{size: {{type: {kind}}}}}}}}}\n"
        )
    };
    let toy = "apiVersion: example.com/v1\nkind: Toy\nmetadata: {name: toy}\nspec: {size: 3}\n";
    repository
        .write("base/kustomization.yaml", "resources: [map.yaml]\n")
        .write("base/map.yaml", &map("  labels: {team: web}\n"))
        .write("prod/kustomization.yaml", "resources: [../base]\n")
        .write(
            "dev/kustomization.yaml",
            "resources: [../base]\nnamePrefix: dev-\n",
        )
        .write("crds/crd.yaml", &definition("integer"))
        .write("policies/team.yaml", POLICY);
    let mut ids = vec![repository.commit("the beginning")];
    let mut then = |files: &[(&str, &str)]| {
        for (path, text) in files {
            repository.write(path, text);
        }
        ids.push(repository.commit("a change"));
    };
    then(&[("base/map.yaml", &map(""))]);
    then(&[
        (
            "prod/kustomization.yaml",
            "resources: [../base, toy.yaml]\n",
        ),
        ("prod/toy.yaml", toy),
    ]);
    then(&[("crds/crd.yaml", &definition("string"))]);
    then(&[("prod/toy.yaml", &toy.replace('3', "4"))]);
    then(&[("policies/team.yaml", &POLICY.replace("ConfigMap", "Secret"))]);
    then(&[(
        "dev/kustomization.yaml",
        "resources: [../base]\nnamePrefix: []\n",
    )]);
    then(&[("base/map.yaml", &map("  labels: {team: shop}\n"))]);
    then(&[
        ("test/kustomization.yaml", "resources: [secret.yaml]\n"),
        (
            "test/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: fj4kd93jfk2}\n",
        ),
    ]);
    then(&[("README.md", "words")]);
    (repository, ids)
}

/// What a check of one change says: its decision, and how many findings of a rule hold it or are known.
fn checked(
    repository: &Repository,
    base: &str,
    head: &str,
) -> (String, Vec<(String, String, u64)>) {
    let arguments = ["check", "--base", base, "--head", head, "--format", "json"];
    let output = tollgate(repository.path(), &arguments);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut counts = std::collections::BTreeMap::new();
    for gate in json["gates"].as_array().expect("gates") {
        for it in gate["examined"]["findings"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if it["level"] == "deny" {
                let stands = it["disposition"].is_null() || it["disposition"] == "stands";
                let weight = if stands { "held" } else { "known" };
                *counts.entry((it["rule"].to_string(), weight)).or_insert(0) += 1;
            }
        }
        for _ in gate["examined"]["unsure"].as_array().into_iter().flatten() {
            *counts
                .entry((gate["gate"].to_string(), "would-need"))
                .or_insert(0) += 1;
        }
    }
    let mut found: Vec<(String, String, u64)> = counts
        .into_iter()
        .map(|((rule, weight), n)| (rule.trim_matches('"').to_owned(), weight.to_owned(), n))
        .collect();
    found.sort();
    (
        json["decision"].as_str().unwrap_or_default().to_owned(),
        found,
    )
}

#[test]
fn a_change_among_others_is_judged_as_it_is_alone() {
    let (repository, ids) = history();
    let json = json(&repository, &[]);
    let commits = json["commits"].as_array().expect("a list");
    assert_eq!(commits.len(), ids.len() - 1);
    for (commit, sides) in commits.iter().rev().zip(ids.windows(2)) {
        assert_eq!(commit["id"], sides[1]);
        let findings = commit["findings"].as_array().into_iter().flatten();
        let mut found: Vec<(String, String, u64)> = findings
            .filter_map(|it| {
                let text = |key: &str| Some(it[key].as_str()?.to_owned());
                Some((text("rule")?, text("weight")?, it["count"].as_u64()?))
            })
            .collect();
        found.sort();
        let decision = match commit["outcome"].as_str() {
            Some("admitted") => "admit",
            Some("refused") => "refuse",
            _ => "undecided",
        };
        let alone = checked(&repository, &sides[0], &sides[1]);
        assert_eq!((decision.to_owned(), found), alone, "{}", sides[1]);
    }
    // Each kind of change weighs on its own.
    let outcome = |at: usize| commits[commits.len() - at]["outcome"].as_str();
    let outcomes: Vec<_> = (1..=commits.len())
        .map(|at| outcome(at).unwrap_or(""))
        .collect();
    assert!(
        outcomes.contains(&"admitted") && outcomes.contains(&"refused"),
        "{outcomes:?}"
    );
}

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

//! `tollgate doctor`: what a token lets be known.

use crate::{
    forge::{Change, GitLab, Job, Server},
    support::{Repository, tollgate},
};
use serde_json::Value;
use std::process::Output;

const SETTINGS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
groups:
  platform: {team: acme/platform}
approvals:
  rules:
    - {name: all, when: {any: true}, require: {count: 1, from: [platform]}}
protection:
  require: {approvals: 2, force_push: false, signed_commits: true, bypass: []}
  snapshot: {max_age: 24h}
";

const PREMIUM: &str = "
tier: premium
accounts:
  ann: {id: 1, emails: [ann@example.com]}
  bob: {id: 2, level: 40}
groups: {acme/platform: [bob]}
approvals: [{by: bob}]
protected:
  - id: 1
    name: main
    push_access_levels: [{id: 1, access_level: 0}]
    merge_access_levels: [{id: 2, access_level: 40}]
    unprotect_access_levels: [{id: 3, access_level: 40}]
    allow_force_push: false
    code_owner_approval_required: true
    inherited: false
approval_rules:
  - {id: 1, name: All Members, rule_type: any_approver, eligible_approvers: [], approvals_required: 2}
approval_settings:
  reset_approvals_on_push: true
  merge_requests_author_approval: false
  merge_requests_disable_committers_approval: true
  disable_overriding_approvers_per_merge_request: true
push_rule: {id: 1, reject_unsigned_commits: true, commit_committer_check: true}
";

fn text(output: &Output) -> String {
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn with_job<T>(scenario: &str, token: bool, work: impl FnOnce(&Job<'_>) -> T) -> T {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitLab::new(scenario, &change));
    work(&Job {
        change: &change,
        forge: &forge,
        token,
    })
}

#[test]
fn a_token_that_may_see_everything() {
    let output = with_job(PREMIUM, true, |it| it.run(&["doctor"]));
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("doctor-maintainer", text(&output));
}

#[test]
fn the_jobs_own_token() {
    let output = with_job(PREMIUM, false, |it| it.run(&["doctor"]));
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!("doctor-job-token", text(&output));
}

#[test]
fn for_programs() {
    let scenario = format!("{PREMIUM}role: reporter\n");
    let output = with_job(&scenario, true, |it| {
        it.run(&["doctor", "--format", "json"])
    });
    assert_eq!(output.status.code(), Some(3));
    let json: Value = serde_json::from_str(&text(&output)).expect("JSON");
    let fact = |name: &str| {
        let facts = json["facts"].as_array().into_iter().flatten();
        let mut found = facts.filter(|it| it["name"] == name);
        found
            .next()
            .unwrap_or_else(|| panic!("{name}: {json}"))
            .clone()
    };
    assert_eq!(fact("reviews")["state"], "known");
    assert_eq!(fact("linear_history")["value"], "no");
    assert_eq!(fact("bypass")["state"], "unknown");
    assert!(
        fact("bypass")["needs"]
            .as_str()
            .is_some_and(|it| it.contains("Maintainer"))
    );
    let unjudged: Vec<&str> = (json["unjudged"].as_array().into_iter().flatten())
        .filter_map(|it| it["setting"].as_str())
        .collect();
    assert_eq!(
        unjudged,
        [
            "protection.require.approvals",
            "protection.require.signed_commits",
            "protection.require.force_push",
            "protection.require.bypass"
        ]
    );
    assert_eq!(json["unjudged"][0]["place"]["line"], 11);
}

/// The way of a snapshot: a job with rights takes it, a check without them uses it.
#[test]
fn a_scheduled_job_takes_a_snapshot_for_later_checks() {
    with_job(PREMIUM, true, |job| {
        let folder = job.change.repository.path();
        let file = folder.join(".git/protection.json").display().to_string();
        let output = job.run_on_schedule(&["doctor", "--snapshot", &file]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains("branch: main (`CI_DEFAULT_BRANCH` says"),
            "{said}"
        );
        assert!(
            said.contains("--  request: this run is for no pull or merge request"),
            "{said}"
        );
        let poor = Job {
            token: false,
            ..*job
        };
        let rules = |arguments: &[&str]| -> Vec<String> {
            let all = [&["check", "--format", "json"], arguments].concat();
            let output = poor.run(&all);
            let verdict = crate::support::Verdict::read(&output);
            verdict
                .lines()
                .into_iter()
                .filter(|it| it.contains("branch `main`"))
                .collect()
        };
        assert_eq!(rules(&[]).len(), 2, "{:?}", rules(&[]));
        assert_eq!(rules(&["--protection-snapshot", &file]), [""; 0]);
    });
}

#[test]
fn nothing_is_kept_where_nothing_is_known() {
    with_job(PREMIUM, false, |job| {
        let file = job.change.repository.path().join(".git/protection.json");
        std::fs::write(&file, "an old one").expect("written");
        let path = file.display().to_string();
        let output = job.run_on_schedule(&["doctor", "--snapshot", &path]);
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("nothing is known of the branch's protection"),
            "{said}"
        );
        assert!(!file.exists(), "an old one must not be taken for a new one");
    });
}

#[test]
fn in_no_ci_system_it_says_what_to_set() {
    let repository = Repository::new();
    repository.write("tollgate.yaml", SETTINGS);
    repository.commit("base");
    let output = tollgate(
        repository.path(),
        &["doctor", "--branch", "main\u{202e}\n::error::x"],
    );
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!("doctor-no-ci", text(&output));
    // Where nothing is asked, nothing is missing.
    repository.write("tollgate.yaml", "version: 1\n");
    repository.commit("asks for nothing");
    let output = tollgate(repository.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    // What is wrong with the configuration is said as everywhere.
    repository.write("tollgate.yaml", "version: 1\nprotektion: {}\n");
    repository.commit("a mistake");
    let output = tollgate(repository.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(2));
}

/// In a request the configuration is BASE's: a change does not say what is asked of it.
#[test]
fn the_configuration_is_that_of_the_base() {
    let mut change = Change::of_production(SETTINGS);
    change.repository.write("tollgate.yaml", "version: 1\n");
    change.head = change.repository.commit("asks for nothing");
    let forge = Server::start(GitLab::new(PREMIUM, &change));
    let job = Job {
        change: &change,
        forge: &forge,
        token: false,
    };
    let output = job.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let output = job.run_on_schedule(&["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

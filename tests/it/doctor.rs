//! `tollgate doctor`: what a token lets be known.

use crate::{
    forge::{Change, GitHub, GitLab, Job, Server},
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

/// A branch that a ruleset protects, looked at with nothing but what GitHub gives to every job.
const RULESET: &str = "
token: job
accounts:
  ann: {id: 11, emails: [ann@example.com]}
  bob: {id: 12}
teams: {acme/platform: {bob: active}}
reviews: [{by: bob}]
rulesets:
  - id: 42
    name: prod
    source_type: Repository
    source: acme/gitops
    enforcement: active
    bypass_actors: []
    rules:
      - type: pull_request
        parameters:
          required_approving_review_count: 2
          dismiss_stale_reviews_on_push: true
          require_code_owner_review: false
          require_last_push_approval: true
          required_review_thread_resolution: false
      - type: non_fast_forward
      - type: deletion
";

#[test]
fn the_jobs_own_token_on_github() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(RULESET, &change));
    let output = change.run(&forge, &["doctor"]);
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!("doctor-github-job", text(&output));
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

/// Threat rows A3 and A4.
#[test]
fn a_workflow_that_may_leave_the_gate_out_is_named() {
    let job = |settings: &str| {
        format!(
            "on: [pull_request]\njobs:\n  gate:\n    runs-on: x\n{settings}    steps:\n      - run: tollgate check\n"
        )
    };
    for (text, want) in [
        (job(""), &[][..]),
        (
            job("    if: github.actor != 'renovate[bot]'\n"),
            &["5:9 the job `gate` has an `if`"],
        ),
        (job("    if: ${{ always() }}\n    needs: [build]\n"), &[]),
        (
            job("    needs: [build]\n"),
            &["5:12 the job `gate` waits for others"],
        ),
        (
            job("    continue-on-error: true\n"),
            &["5:24 the job `gate` has `continue-on-error`"],
        ),
        (job("    continue-on-error: false\n"), &[]),
        (
            job("").replace("tollgate check", "tollgate -C x check || true"),
            &["6:14 the gate's step in the job `gate` passes whatever"],
        ),
        (
            job("").replace(
                "- run",
                "- if: success()\n        continue-on-error: ${{ matrix.x }}\n        run",
            ),
            &[
                "6:13 the gate's step in the job `gate` has an `if`",
                "7:28 the gate's step",
            ],
        ),
        (
            job("").replace(
                "[pull_request]",
                "{pull_request: {paths: [\"apps/**\"]}, push: {paths: [x]}}",
            ),
            &["1:28 `paths` keeps changes"],
        ),
        (
            job("    if: x\n").replace("run: tollgate check", "uses: acme/tollgate-action@v1"),
            &["5:9 the job `gate` has an `if`"],
        ),
        // What does not run the gate is free to do anything.
        (
            job("    if: x\n").replace("check", "doctor --snapshot x"),
            &[],
        ),
        (job("    if: x\n").replace("tollgate", "make"), &[]),
        (
            "on: [push\n# tollgate check".to_owned(),
            &["1:1 nobody can say how it runs the gate"],
        ),
    ] {
        let repository = Repository::new();
        repository.write(".github/workflows/gate.yml", &text);
        repository.commit("base");
        let output = tollgate(repository.path(), &["doctor", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0));
        let json: Value = serde_json::from_str(&self::text(&output)).expect("JSON");
        let risks: Vec<String> = (json["workflows"].as_array().into_iter().flatten())
            .map(|it| {
                let place = it["place"].as_str().unwrap_or_default();
                let place = place.trim_start_matches(".github/workflows/gate.yml:");
                format!("{place} {}", it["why"].as_str().unwrap_or_default())
            })
            .collect();
        let as_wanted = risks.len() == want.len()
            && risks
                .iter()
                .zip(want)
                .all(|(risk, want)| risk.starts_with(want));
        assert!(as_wanted, "{text}\n{risks:#?}\n{want:#?}");
    }
}

/// Threat row A3.
#[test]
fn a_request_that_brings_another_gate_is_named() {
    let mut change = Change::of_production(
        "version: 1\nenvironments: {prod: {overlays: [prod]}, dev: {overlays: [dev]}}\n",
    );
    let workflow = "on: [pull_request]\njobs: {gate: {steps: [{run: tollgate check}]}}\n";
    change
        .repository
        .write(".github/workflows/gate.yml", workflow);
    change.base = change.repository.commit("a gate");
    change.repository.write(
        ".github/workflows/gate.yml",
        &workflow.replace("tollgate check", "true"),
    );
    change.head = change.repository.commit("none");
    let forge = Server::start(GitLab::new(PREMIUM, &change));
    let job = Job {
        change: &change,
        forge: &forge,
        token: true,
    };
    let said = text(&job.run(&["doctor"]));
    assert!(
        said.contains(
            "!!  .github/workflows/gate.yml:1:1: the change brings another version of it"
        ),
        "{said}"
    );
}

#[test]
fn the_branch_is_the_requests_or_the_default_one() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new("{accounts: {}}", &change));
    let event = change.repository.path().join(".git/other.json");
    let branch = |event_of: Option<&str>, variables: &[(&str, &str)], arguments: &[&str]| {
        let all = [&["doctor", "--format", "json"], arguments].concat();
        let mut command = change.command(&forge, &all);
        if let Some(text) = event_of {
            std::fs::write(&event, text).expect("written");
            command
                .env("GITHUB_EVENT_NAME", "schedule")
                .env("GITHUB_EVENT_PATH", &event);
        }
        command.envs(variables.iter().copied());
        let output = command.output().expect("the binary runs");
        let json: Value = serde_json::from_str(&text(&output)).expect("JSON");
        let of = |key: &str| json["branch"][key].as_str().unwrap_or("-").to_owned();
        format!("{}: {}", of("name"), of("chosen"))
    };
    let own = r#"{"repository": {"default_branch": "trunk"}}"#;
    let on = |it| [("GITHUB_REF", it)];
    for (event, variables, arguments, want) in [
        (
            None,
            &[][..],
            &[][..],
            "main: request 7 would be merged into it",
        ),
        (None, &[], &["--branch", "x"], "x: `--branch` names it"),
        (
            Some(own),
            &[],
            &[],
            "trunk: the event of GitHub says that it is the default branch",
        ),
        (
            Some("{}"),
            &on("refs/heads/x"),
            &[],
            "x: this run is for it",
        ),
        (Some("{}"), &on("refs/tags/x"), &[], "-: -"),
    ] {
        assert_eq!(branch(event, variables, arguments), want);
    }
}

#[test]
fn teams_that_own_files_are_asked_for() {
    let settings = SETTINGS.replace("approvals:\n", "approvals:\n  codeowners: enforce\n");
    let mut change = Change::of_production(&settings);
    let repository = &change.repository;
    repository.write(
        "CODEOWNERS",
        "* @bob @acme/platform\n/prod/ @acme/Releases\n",
    );
    change.base = repository.commit("owned");
    repository.write("prod/map.yaml", "x");
    change.head = repository.commit("head");
    let scenario = PREMIUM.replace(
        "{acme/platform: [bob]}",
        "{acme/platform: [bob], acme/releases: [ann, bob]}",
    );
    let forge = Server::start(GitLab::new(&scenario, &change));
    let job = Job {
        change: &change,
        forge: &forge,
        token: true,
    };
    let said = text(&job.run(&["doctor"]));
    assert!(said.contains("ok  team acme/releases: 2 members"), "{said}");
    assert!(said.contains("(exit 0)"), "{said}");
    let poor = Job {
        token: false,
        ..job
    };
    let said = text(&poor.run(&["doctor"]));
    assert!(
        said.contains(
            "approvals.codeowners (tollgate.yaml:8:15): team acme/platform, team acme/releases"
        ),
        "{said}"
    );
    // Owners must approve, and nobody can say who they are.
    change.repository.delete("CODEOWNERS");
    change.base = change.repository.commit("nobody");
    let job = Job {
        change: &change,
        forge: &forge,
        token: true,
    };
    let said = text(&job.run_on_schedule(&["doctor"]));
    assert!(
        said.contains("??  CODEOWNERS: there is no CODEOWNERS"),
        "{said}"
    );
    assert!(said.contains("(exit 3)"), "{said}");
}

//! What GitLab is asked, and what is made of its answers, through HTTP.

use crate::forge::{Change, Fault, GitLab, Job, Server};
use serde_json::{Value, json};

const SETTINGS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
groups:
  platform: {team: acme/platform}
approvals:
  rules:
    - {name: prod, when: {touches: [prod]}, require: {count: 2, from: [platform]}}
protection:
  require: {approvals: 2, dismiss_stale: true, force_push: false, deletion: false}
";

const ACCOUNTS: &str = "
accounts:
  ann: {id: 1, emails: [ann@example.com]}
  bob: {id: 2, level: 40}
  cho: {id: 3}
groups: {acme/platform: [bob, cho]}
approvals: [{by: bob}, {by: cho, at: \"2026-11-20T11:00:00+01:00\"}]
";

const PROTECTED: &str = "
protected:
  - id: 1
    name: main
    push_access_levels: [{id: 1, access_level: 0, access_level_description: No one}]
    merge_access_levels: [{id: 2, access_level: 40}]
    allow_force_push: false
";

const PREMIUM: &str = "
tier: premium
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
  - {id: 2, name: platform, rule_type: regular, eligible_approvers: [{id: 2}], approvals_required: 1}
approval_settings:
  reset_approvals_on_push: true
  merge_requests_author_approval: false
  merge_requests_disable_committers_approval: true
  disable_overriding_approvers_per_merge_request: true
push_rule: {id: 1, reject_unsigned_commits: true, commit_committer_check: true}
";

/// What is known of a change whose GitLab is this scenario.
fn facts(scenario: &str) -> Value {
    ask(scenario, true)
}

fn ask(scenario: &str, token: bool) -> Value {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitLab::new(scenario, &change));
    let job = Job {
        change: &change,
        forge: &forge,
        token,
    };
    job.check().1
}

fn scenario(parts: &[&str]) -> String {
    parts.concat()
}

/// The value and the setting of each control of the protection; `?` and the reason where unknown.
fn controls(facts: &Value) -> Vec<String> {
    let all = facts["protection"].as_object().expect("protection");
    all.iter()
        .filter(|(name, _)| *name != "branch")
        .map(|(name, fact)| match &fact["known"] {
            Value::Null => {
                let why = fact["unknown"]["why"].as_str().unwrap_or_default();
                format!("{name}: ? {why}")
            }
            Value::Array(list) => format!("{name}: {}", Value::Array(list.clone())),
            known => format!(
                "{name}: {} by {}",
                known["value"],
                known["by"].as_str().unwrap_or_default()
            ),
        })
        .collect()
}

/// `bob approved HEAD` for each review.
fn reviews(facts: &Value, names: &[(&str, &str)]) -> Vec<String> {
    let all = facts["reviews"]["known"]
        .as_array()
        .expect("reviews are known");
    all.iter()
        .map(|it| {
            let login = it["account"]["login"].as_str().unwrap_or("nobody");
            let commit = it["commit"].as_str().unwrap_or("?");
            let commit = names.iter().find(|(id, _)| *id == commit);
            format!(
                "{login} {} {}",
                it["state"].as_str().unwrap_or_default(),
                commit.map_or("?", |it| it.1)
            )
        })
        .collect()
}

fn note(facts: &Value, part: &str) -> bool {
    let notes = facts["notes"].as_array().into_iter().flatten();
    notes.filter_map(Value::as_str).any(|it| it.contains(part))
}

#[test]
fn a_project_on_free_is_read_and_what_it_lacks_is_known() {
    let facts = facts(&scenario(&[ACCOUNTS, PROTECTED]));
    assert_eq!(facts["repository"], "127.0.0.1/acme/gitops");
    let request = &facts["request"]["known"];
    assert_eq!(
        request["author"],
        json!({"id": 1, "login": "ann", "kind": "person"})
    );
    assert_eq!(
        (&request["state"], &request["branch"]),
        (&json!("open"), &json!("main"))
    );
    let head = request["head"].as_str().expect("a head").to_owned();
    assert_eq!(
        reviews(&facts, &[(&head, "HEAD")]),
        ["bob approved HEAD", "cho approved HEAD"]
    );
    assert_eq!(
        facts["commits"]["known"][&head],
        json!([{"account": {"id": 1, "login": "ann", "kind": "person"}}])
    );
    assert_eq!(facts["last_pusher"]["known"]["login"], "ann");
    assert_eq!(
        facts["permissions"],
        json!({"2": {"known": "maintain"}, "3": {"known": "write"}})
    );
    let team = facts["teams"]["acme/platform"]["known"]
        .as_array()
        .expect("a team");
    assert_eq!(team.len(), 2);
    assert_eq!(
        controls(&facts),
        [
            "admins: true by protected branch `main`",
            "approvals: 0 by GitLab Free has no approval rules",
            "bypass: []",
            "code_owners: false by GitLab Free has no approval by code owners",
            "deletion: false by default branch `main`",
            "direct_push: false by protected branch `main`",
            "dismiss_stale: false by GitLab Free keeps approvals when commits are added",
            "force_push: false by protected branch `main`",
            "last_push_approval: false by GitLab Free has no approval settings",
            "linear_history: false by merge method `merge`",
            "signed_commits: false by GitLab Free has no push rules",
            r#"status_checks: [{"context":"pipeline"}] by `Pipelines must succeed`"#,
        ]
    );
    assert!(note(&facts, "is on GitLab Free"), "{}", facts["notes"]);
}

#[test]
fn a_project_on_premium_says_more() {
    let facts = facts(&scenario(&[ACCOUNTS, PREMIUM]));
    assert_eq!(
        controls(&facts),
        [
            "admins: true by protected branch `main`",
            "approvals: 2 by approval rule `All Members`",
            "bypass: []",
            "code_owners: true by protected branch `main`",
            "deletion: false by default branch `main`",
            "direct_push: false by protected branch `main`",
            "dismiss_stale: true by approval settings: remove all approvals when commits are added",
            "force_push: false by protected branch `main`",
            "last_push_approval: true by approval settings: prevent approvals by users who add commits; push rule: reject unverified users",
            "linear_history: false by merge method `merge`",
            "signed_commits: true by push rule: reject unsigned commits",
            r#"status_checks: [{"context":"pipeline"}] by `Pipelines must succeed`"#,
        ]
    );
    assert!(note(&facts, "is on GitLab Premium"), "{}", facts["notes"]);
}

/// What people read: on Free Tollgate counts approvals itself and says what the tier lacks, on Premium
/// its settings are held against the configuration as well.
#[test]
fn the_report_says_which_tier_it_is_and_what_that_means() {
    let change = Change::of_production(SETTINGS);
    let report = |scenario: &str| {
        let forge = Server::start(GitLab::new(scenario, &change));
        let job = Job {
            change: &change,
            forge: &forge,
            token: true,
        };
        let output = job.run(&["check"]);
        let text = String::from_utf8(output.stdout).expect("text");
        (output.status.code(), text)
    };
    let (code, free) = report(&scenario(&[ACCOUNTS, PROTECTED]));
    assert_eq!(code, Some(1), "{free}");
    for part in [
        "has 2 of 2 approvals of platform",
        "127.0.0.1/acme/gitops is on GitLab Free, which has no approval rules",
        "a merge takes no approval, not 2 (GitLab Free has no approval rules)",
        "approvals of older commits stay when something is pushed (GitLab Free keeps approvals when commits are added)",
        "(Premium)",
    ] {
        assert!(free.contains(part), "{part}: {free}");
    }
    let (code, premium) = report(&scenario(&[ACCOUNTS, PREMIUM]));
    assert_eq!(code, Some(0), "{premium}");
    for part in [
        "has 2 of 2 approvals of platform",
        "127.0.0.1/acme/gitops is on GitLab Premium or Ultimate",
        "all 4 settings that are asked for hold",
    ] {
        assert!(premium.contains(part), "{part}: {premium}");
    }
}

#[test]
fn rules_that_the_merge_request_weakens_count_as_it_has_them() {
    let own = "
approval_settings: {disable_overriding_approvers_per_merge_request: false, reset_approvals_on_push: true}
approval_state:
  approval_rules_overwritten: true
  rules: [{id: 9, name: All Members, rule_type: any_approver, approvals_required: 0, eligible_approvers: []}]
";
    let premium = PREMIUM
        .split("approval_settings:")
        .next()
        .expect("before the settings");
    let facts = facts(&scenario(&[ACCOUNTS, premium, own]));
    let told = &facts["protection"]["approvals"]["known"];
    assert_eq!(told["value"], 0);
    assert!(
        told["by"]
            .as_str()
            .is_some_and(|it| it.contains("the merge request itself")),
        "{told}"
    );
}

#[test]
fn the_jobs_own_token_reaches_the_request_and_the_rest_is_unknown() {
    let facts = ask(&scenario(&[ACCOUNTS, PROTECTED]), false);
    assert_eq!(facts["request"]["known"]["state"], "open");
    for fact in ["reviews", "commits", "last_pusher"] {
        let needs = facts[fact]["unknown"]["needs"].as_str().unwrap_or_default();
        assert!(
            needs.contains("read_api") && needs.contains("TOLLGATE_GITLAB_TOKEN"),
            "{fact}: {}",
            facts[fact]
        );
    }
    assert!(
        controls(&facts).iter().all(|it| it.contains(": ?")),
        "{:?}",
        controls(&facts)
    );
    let needs = facts["protection"]["force_push"]["unknown"]["needs"].as_str();
    assert!(
        needs.is_some_and(|it| it.contains("Maintainer")),
        "{needs:?}"
    );
}

#[test]
fn a_reporters_token_reads_reviews_and_no_settings() {
    let all = [ACCOUNTS, PREMIUM, "role: reporter\n"];
    let facts = facts(&scenario(&all));
    assert!(facts["reviews"]["known"].is_array(), "{}", facts["reviews"]);
    let told = controls(&facts);
    let known: Vec<&String> = told.iter().filter(|it| !it.contains(": ?")).collect();
    assert_eq!(
        known,
        [
            "linear_history: false by merge method `merge`",
            r#"status_checks: [{"context":"pipeline"}] by `Pipelines must succeed`"#,
        ]
    );
}

#[test]
fn an_approval_that_a_push_has_overtaken_is_for_the_version_before() {
    let stale = "
versions:
  - {head: \"0123456789012345678901234567890123456789\", at: \"2026-11-20T09:00:00.000Z\"}
  - {at: \"2026-11-20T10:30:00.000Z\"}
";
    let facts = facts(&scenario(&[
        ACCOUNTS
            .replace("2026-11-20T11:00:00+01:00", "2026-11-20T11:00:00Z")
            .as_str(),
        PROTECTED,
        stale,
    ]));
    let head = facts["request"]["known"]["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    let names = [
        (head.as_str(), "HEAD"),
        ("0123456789012345678901234567890123456789", "OLD"),
    ];
    assert_eq!(
        reviews(&facts, &names),
        ["bob approved OLD", "cho approved HEAD"]
    );
}

#[test]
fn a_gitlab_that_gives_no_times_is_asked_for_its_events() {
    let old = ACCOUNTS.replace("[{by: bob}, ", "[{by: bob, at: null}, ");
    let facts = facts(&scenario(&[&old, PROTECTED]));
    let head = facts["request"]["known"]["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    // The event is from nine, when the version was made: nobody has seen it before.
    assert_eq!(
        reviews(&facts, &[(&head, "HEAD")]),
        ["bob approved ?", "cho approved HEAD"]
    );
}

#[test]
fn whoever_asks_for_changes_is_heard() {
    let against = "reviewers: {bob: requested_changes, cho: approved, ann: unreviewed}\n";
    let facts = facts(&scenario(&[ACCOUNTS, PROTECTED, against]));
    let head = facts["request"]["known"]["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    assert_eq!(
        reviews(&facts, &[(&head, "HEAD")]),
        [
            "bob approved HEAD",
            "cho approved HEAD",
            "bob changes-requested HEAD"
        ]
    );
}

#[test]
fn accounts_are_what_gitlab_says_of_them_now() {
    let accounts = "
accounts:
  ann: {id: 1, emails: [ann@example.com]}
  bob: {id: 2, state: blocked}
  cho: {id: 3, level: 0}
  dan: {id: 4, level: 20}
  eve: {id: 5, expires: \"2020-01-01\"}
  project_42_bot_0a: {id: 6}
  renovate: {id: 7, bot: true}
  ghost: {id: 8}
approvals: [{by: bob}, {by: cho}, {by: dan}, {by: eve}, {by: project_42_bot_0a}, {by: renovate}, {by: ghost}]
groups: {acme/platform: [bob, eve, dan]}
";
    let facts = facts(&scenario(&[accounts, PROTECTED]));
    assert_eq!(
        facts["permissions"],
        json!({
            "2": {"known": "none"}, "3": {"known": "none"}, "4": {"known": "read"},
            "5": {"known": "none"}, "6": {"known": "write"}, "7": {"known": "write"},
        })
    );
    let kinds: Vec<String> = (facts["reviews"]["known"]
        .as_array()
        .expect("reviews")
        .iter())
    .map(|it| format!("{} {}", it["account"]["login"], it["account"]["kind"]))
    .collect();
    assert_eq!(
        kinds,
        [
            "null null",
            "\"bob\" \"person\"",
            "\"cho\" \"person\"",
            "\"dan\" \"person\"",
            "\"eve\" \"person\"",
            "\"project_42_bot_0a\" \"bot\"",
            "\"renovate\" \"bot\"",
        ]
    );
    let team = facts["teams"]["acme/platform"]["known"]
        .as_array()
        .expect("a team");
    assert_eq!(
        team.iter().map(|it| &it["login"]).collect::<Vec<_>>(),
        ["dan"]
    );
    assert!(note(&facts, "bob is not active"), "{}", facts["notes"]);
}

#[test]
fn a_request_that_moves_while_it_is_read_is_unknown() {
    for (then, what) in [
        ("{state: closed}", "state"),
        ("{state: merged}", "state"),
        ("{draft: true}", "draft mark"),
        ("{target_branch: release}", "target branch"),
        ("{source_project_id: null}", "project"),
        ("{author: null}", "author"),
        (
            "{sha: \"0123456789012345678901234567890123456789\"}",
            "head",
        ),
    ] {
        let moving = format!("then: {then}\n");
        let facts = facts(&scenario(&[ACCOUNTS, PROTECTED, &moving]));
        for fact in ["request", "reviews"] {
            let why = facts[fact]["unknown"]["why"].as_str().unwrap_or_default();
            assert!(why.contains(what), "{then}: {}", facts[fact]);
        }
        // It may be for another branch by now.
        let told = controls(&facts);
        assert!(told.iter().all(|it| it.contains(": ?")), "{then}: {told:?}");
    }
}

#[test]
fn an_unprotected_branch_is_known_to_be_open() {
    let other = PROTECTED.replace("name: main", "name: \"release/*\"");
    let facts = facts(&scenario(&[ACCOUNTS, &other]));
    let told = controls(&facts);
    for expected in [
        "force_push: true by no protected branch matches `main`",
        "direct_push: true by no protected branch matches `main`",
        "admins: false by no protected branch matches `main`",
    ] {
        assert!(told.iter().any(|it| it == expected), "{expected}: {told:?}");
    }
    assert_eq!(
        facts["protection"]["bypass"]["known"][0]["actor"],
        "Role:developer"
    );
}

#[test]
fn whoever_may_push_is_named() {
    let several = PROTECTED.replace(
        "[{id: 1, access_level: 0, access_level_description: No one}]",
        "[{id: 1, access_level: 40}, {id: 2, access_level: null, user_id: 3}, {id: 3, group_id: 9}, {id: 4, access_level: 40, deploy_key_id: 5}]",
    );
    let facts = facts(&scenario(&[ACCOUNTS, &several]));
    let known = facts["protection"]["bypass"]["known"]
        .as_array()
        .expect("a list");
    let actors: Vec<&str> = known.iter().filter_map(|it| it["actor"].as_str()).collect();
    assert_eq!(
        actors,
        [
            "DeployKey:5",
            "Role:maintainer",
            "Team:acme/releases",
            "User:cho"
        ]
    );
}

#[test]
fn external_status_checks_are_required_where_they_block() {
    let external = "
project: {only_allow_merge_if_all_status_checks_passed: true, merge_method: ff}
status_checks:
  - {id: 1, name: scanner, protected_branches: []}
  - {id: 2, name: other, protected_branches: [{name: \"release/*\"}]}
";
    let facts = facts(&scenario(&[ACCOUNTS, PREMIUM, external]));
    let checks = &facts["protection"]["status_checks"]["known"]["value"];
    assert_eq!(
        *checks,
        json!([{"context": "pipeline"}, {"context": "scanner"}])
    );
    assert_eq!(
        facts["protection"]["linear_history"]["known"]["value"],
        true
    );
}

/// Only a GitLab that is too old to say what reviewers ask for is believed to have nobody who does.
#[test]
fn reviewers_that_cannot_be_seen_may_ask_for_changes() {
    let change = Change::of_production(SETTINGS);
    for (at, known) in [("", false), (", at: null", true)] {
        let old = ACCOUNTS.replace(
            "[{by: bob}, {by: cho, at: \"2026-11-20T11:00:00+01:00\"}]",
            &format!("[{{by: bob{at}}}, {{by: cho{at}}}]"),
        );
        assert_ne!(old, ACCOUNTS);
        let forge = Server::start(GitLab::new(&scenario(&[&old, PROTECTED]), &change));
        forge.fault(
            "api/v4/projects/42/merge_requests/7/reviewers",
            Fault::Says(404, "404 Not Found"),
        );
        let job = Job {
            change: &change,
            forge: &forge,
            token: true,
        };
        let facts = job.check().1;
        assert_eq!(facts["reviews"]["known"].is_array(), known, "{facts}");
        assert_eq!(note(&facts, "older than 15.3"), known, "{}", facts["notes"]);
    }
}

/// Threat row F8.
#[test]
fn lists_are_read_to_their_end() {
    let change = Change::of_production(SETTINGS);
    let mut people: String = (10..40)
        .map(|it| format!("  p{it}: {{id: {it}}}\n"))
        .collect();
    people.insert_str(
        0,
        &ACCOUNTS.replace("groups: {acme/platform: [bob, cho]}\n", ""),
    );
    let names: Vec<String> = (10..40).map(|it| format!("p{it}")).collect();
    let accounts = people.split("approvals:").next().expect("accounts");
    let rest: String = (10..40)
        .map(|it| format!("  p{it}: {{id: {it}}}\n"))
        .collect();
    let text = format!(
        "{accounts}{rest}groups: {{acme/platform: [{}]}}\n{PROTECTED}",
        names.join(", ")
    );
    let forge = Server::paged(7, GitLab::new(&text, &change));
    let job = Job {
        change: &change,
        forge: &forge,
        token: true,
    };
    let team = |facts: &Value| facts["teams"]["acme/platform"].clone();
    let whole = team(&job.check().1);
    assert_eq!(whole["known"].as_array().map(Vec::len), Some(30), "{whole}");
    for fault in [Fault::DropPage, Fault::RepeatPage, Fault::EndlessPages] {
        forge.calm();
        let name = format!("{fault:?}");
        forge.fault("api/v4/groups/acme%2Fplatform/members/all", fault);
        let cut = team(&job.check().1);
        assert!(cut["unknown"].is_object(), "{name}: {cut}");
    }
}

/// Threat row F14.
#[test]
fn a_forge_in_another_time_is_not_believed() {
    let change = Change::of_production(SETTINGS);
    let text = scenario(&[ACCOUNTS, PROTECTED]);
    let forge = Server::start(GitLab::new(&text, &change));
    forge.fault("**", Fault::Clock(300));
    let job = Job {
        change: &change,
        forge: &forge,
        token: true,
    };
    let (_, facts) = job.check();
    let why = facts["reviews"]["unknown"]["why"]
        .as_str()
        .unwrap_or_default();
    assert!(why.contains("clock"), "{}", facts["reviews"]);
}

/// The token goes to GitLab in a header and nowhere else.
#[test]
fn every_request_carries_the_token_in_its_header() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitLab::new(&scenario(&[ACCOUNTS, PREMIUM]), &change));
    for token in [true, false] {
        forge.calm();
        let job = Job {
            change: &change,
            forge: &forge,
            token,
        };
        job.check();
        let seen = forge.seen();
        assert!(!seen.is_empty());
        for request in seen {
            let header = if token { "authorization" } else { "job-token" };
            assert!(request.headers.contains_key(header), "{}", request.line());
            assert!(!request.line().contains("canary") && !request.body.contains("canary"));
        }
    }
}

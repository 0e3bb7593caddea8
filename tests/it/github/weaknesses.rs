//! Threat row F12: protection that somebody goes around, or that is less than it looks.

use super::protection::{ADMIN, ANN, CLASSIC, SETTINGS, STRICT, controls, facts, values};
use crate::forge::{Change, Fault, GitHub, Server};
use serde_json::{Value, json};

#[test]
fn rulesets_that_are_not_in_force_do_not_count() {
    for enforcement in ["disabled", "evaluate"] {
        let off = STRICT.replace(
            "enforcement: active",
            &format!("enforcement: {enforcement}"),
        );
        let told = facts(&[ADMIN, &off]);
        assert_eq!(
            values(
                &told,
                &["approvals", "direct_push", "force_push", "admins", "bypass"]
            ),
            [
                json!(0),
                json!(true),
                json!(true),
                json!(false),
                json!(["Role:write"])
            ],
            "{enforcement}"
        );
    }
    // Even where the list of rules still has its rules, or somebody invents a word.
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(&format!("{ANN}{ADMIN}{STRICT}"), &change));
    for (word, approvals) in [("evaluate", json!(0)), ("enabled", Value::Null)] {
        forge.calm();
        forge.fault(
            "repos/acme/gitops/rulesets/42",
            Fault::Put("/enforcement", json!(word)),
        );
        let told = change.ask(&forge, &[]).1;
        assert_eq!(values(&told, &["approvals"]), [approvals], "{word}");
    }
}

#[test]
fn whoever_may_go_around_is_named() {
    let actors = "[{actor_id: 5, actor_type: RepositoryRole, bypass_mode: pull_request}, {actor_id: 1, actor_type: OrganizationAdmin, bypass_mode: always}, {actor_id: 9, actor_type: Team, bypass_mode: exempt}, {actor_id: 12, actor_type: User}, {actor_id: 77, actor_type: Integration, bypass_mode: always}, {actor_id: null, actor_type: DeployKey, bypass_mode: always}, {actor_id: 3, actor_type: Robot, bypass_mode: sometimes}]";
    let open = STRICT.replace("bypass_actors: []", &format!("bypass_actors: {actors}"));
    let told = facts(&[ADMIN, &open]);
    let by = r#"by ruleset "prod" (42)"#;
    let bypass = controls(&told)
        .into_iter()
        .find(|it| it.starts_with("bypass"));
    let expected = [
        "App:77 always",
        "DeployKey always",
        "Robot:3 sometimes",
        "Role:admin pull_request",
        "Role:organization-admin always",
        "Team:9 exempt",
        "User:bob always",
    ];
    let expected: Vec<String> = expected.iter().map(|it| format!("{it} {by}")).collect();
    assert_eq!(bypass, Some(format!("bypass: [{}]", expected.join(", "))));
    assert_eq!(values(&told, &["admins"]), [json!(false)]);
    // A way around for an app is none for administrators.
    let app = STRICT.replace(
        "bypass_actors: []",
        "bypass_actors: [{actor_id: 77, actor_type: Integration, bypass_mode: always}]",
    );
    assert_eq!(values(&facts(&[ADMIN, &app]), &["admins"]), [json!(true)]);
    // A list that is not shown is not an empty one.
    let null = STRICT.replace("bypass_actors: []", "bypass_actors: null");
    assert_eq!(
        values(&facts(&[ADMIN, &null]), &["admins", "bypass"]),
        [Value::Null, Value::Null]
    );
    // In the classic protection: those who need no request.
    let allowed = CLASSIC.replace(
        "require_last_push_approval: true}",
        "require_last_push_approval: true, bypass_pull_request_allowances: {users: [{login: eve}], teams: [{slug: ops}], apps: [{slug: renovate}]}}",
    );
    assert_eq!(
        values(&facts(&[ADMIN, &allowed]), &["bypass"]),
        [json!(["App:renovate", "Team:ops", "User:eve"])]
    );
}

/// A request that was sent to another branch meanwhile is not protected by this one.
#[test]
fn protection_is_that_of_the_branch_which_the_request_is_for() {
    let then = |what: &str| facts(&[ADMIN, STRICT, &format!("then: {{{what}}}\n")]);
    let told = then("branch: release");
    assert!(
        controls(&told)
            .iter()
            .all(|it| it.contains(": ? the base branch of pull request 7 changed"))
    );
    let told = facts(&[ADMIN, STRICT, "request: {state: closed}\n"]);
    assert_eq!(values(&told, &["approvals"]), [json!(2)]);
}

#[test]
fn weak_settings_are_seen() {
    for (from, to, name, value) in [
        (
            "allow_force_pushes: {enabled: false}",
            "allow_force_pushes: {enabled: true}",
            "force_push",
            json!(true),
        ),
        (
            "allow_deletions: {enabled: false}",
            "allow_deletions: {enabled: true}",
            "deletion",
            json!(true),
        ),
        (
            "enforce_admins: {enabled: true}",
            "enforce_admins: {enabled: false}",
            "admins",
            json!(false),
        ),
        (
            "dismiss_stale_reviews: true",
            "dismiss_stale_reviews: false",
            "dismiss_stale",
            json!(false),
        ),
        (
            "require_last_push_approval: true",
            "require_last_push_approval: false",
            "last_push_approval",
            json!(false),
        ),
        (
            "required_approving_review_count: 2, ",
            "",
            "approvals",
            Value::Null,
        ),
        (
            "allow_force_pushes: {enabled: false}",
            "x: 1",
            "force_push",
            Value::Null,
        ),
        (
            "enforce_admins: {enabled: true}",
            "x: 1",
            "admins",
            Value::Null,
        ),
    ] {
        let weak = CLASSIC.replace(from, to);
        assert_ne!(weak, CLASSIC, "{from}");
        assert_eq!(values(&facts(&[ADMIN, &weak]), &[name]), [value], "{to}");
    }
}

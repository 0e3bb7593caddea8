//! Whether the scenarios speak as GitHub does: every body that the server gives is held against
//! GitHub's own description of its interface, where that is at hand, and against what a plain
//! client of HTTP sees.

use super::{Change, Fault, GitHub, Server};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

const SETTINGS: &str = "version: 1\n";

const SCENARIO: &str = "
token: admin
accounts:
  ann: {id: 11, emails: [ann@example.com]}
  Bob: {id: 12, role: maintain}
  cho: {id: 13, role: reviewer}
  renovate[bot]: {id: 14, kind: Bot, association: NONE}
reviews:
  - {by: Bob}
  - {by: cho, state: CHANGES_REQUESTED}
  - {by: null, commit: null}
  - {by: 'renovate[bot]', state: COMMENTED}
  - {by: cho, state: PENDING}
teams:
  acme/platform: {Bob: active, cho: pending}
classic:
  enforce_admins: {url: 'https://api.github.com/x', enabled: true}
  required_pull_request_reviews:
    dismiss_stale_reviews: true
    require_code_owner_reviews: false
    required_approving_review_count: 2
    require_last_push_approval: true
    bypass_pull_request_allowances: {users: [], teams: [], apps: []}
  required_status_checks: {strict: true, contexts: [gate], checks: [{context: gate, app_id: null}]}
  required_signatures: {url: 'https://api.github.com/x', enabled: true}
  required_linear_history: {enabled: true}
  allow_force_pushes: {enabled: false}
  allow_deletions: {enabled: false}
rulesets:
  - id: 42
    name: prod
    enforcement: active
    bypass_actors: [{actor_id: 5, actor_type: RepositoryRole, bypass_mode: pull_request}]
    rules:
      - type: pull_request
        parameters: {required_approving_review_count: 2, dismiss_stale_reviews_on_push: true, require_code_owner_review: true, require_last_push_approval: true, required_review_thread_resolution: false}
      - type: required_status_checks
        parameters: {strict_required_status_checks_policy: true, required_status_checks: [{context: gate, integration_id: 123}]}
      - {type: non_fast_forward}
      - {type: deletion}
";

/// Paths of the description, and an instance of each that the scenario answers.
const SERVED: &[(&str, &str)] = &[
    ("/repos/{owner}/{repo}", "/repos/acme/gitops"),
    (
        "/repos/{owner}/{repo}/branches/{branch}",
        "/repos/acme/gitops/branches/main",
    ),
    (
        "/repos/{owner}/{repo}/branches/{branch}/protection",
        "/repos/acme/gitops/branches/main/protection",
    ),
    (
        "/repos/{owner}/{repo}/rules/branches/{branch}",
        "/repos/acme/gitops/rules/branches/main",
    ),
    (
        "/repos/{owner}/{repo}/rulesets",
        "/repos/acme/gitops/rulesets",
    ),
    (
        "/repos/{owner}/{repo}/rulesets/{ruleset_id}",
        "/repos/acme/gitops/rulesets/42",
    ),
    (
        "/repos/{owner}/{repo}/pulls/{pull_number}",
        "/repos/acme/gitops/pulls/7",
    ),
    (
        "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
        "/repos/acme/gitops/pulls/7/reviews",
    ),
    (
        "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
        "/repos/acme/gitops/pulls/7/commits",
    ),
    (
        "/repos/{owner}/{repo}/collaborators/{username}/permission",
        "/repos/acme/gitops/collaborators/bob/permission",
    ),
    (
        "/orgs/{org}/teams/{team_slug}/memberships/{username}",
        "/orgs/acme/teams/platform/memberships/cho",
    ),
    (
        "/repos/{owner}/{repo}/activity",
        "/repos/acme/gitops/activity",
    ),
];

/// GitHub's description, where it is at hand.
fn description() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../shared/conformance/forge/github-openapi-slice.json");
    let other = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/conformance/forge/github-openapi-slice.json");
    let text = std::fs::read_to_string(path).or_else(|_| std::fs::read_to_string(other));
    let Ok(text) = text else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: GitHub's description is not here"
        );
        return None;
    };
    let mut description = serde_json::from_str(&text).expect("JSON");
    nullable(&mut description);
    // GitHub says null here, and its description does not.
    let pull = &mut description["components"]["schemas"]["pull-request"]["properties"];
    pull["head"]["properties"]["repo"] = json!({"anyOf": [
        pull["head"]["properties"]["repo"].clone(), {"type": "null"},
    ]});
    Some(description)
}

/// OpenAPI 3.0's `nullable` in the words of JSON Schema.
fn nullable(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(nullable);
            if map.remove("nullable") == Some(Value::Bool(true)) {
                let inner = Value::Object(std::mem::take(map));
                map.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(nullable),
        _ => {}
    }
}

fn get(server: &Server, target: &str) -> (u16, String, Value) {
    let address = server.url();
    let address = address.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.get(9..12).and_then(|it| it.parse().ok());
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status.expect("a status"), head.to_owned(), body)
}

#[test]
fn every_body_is_what_github_says_it_is() {
    let Some(description) = description() else {
        return;
    };
    let change = Change::of_production(SETTINGS);
    let server = Server::start(GitHub::new(SCENARIO, &change));
    for (path, instance) in SERVED {
        let (status, _, body) = get(&server, instance);
        assert_eq!(status, 200, "{instance}");
        let operation = &description["paths"][*path]["get"]["responses"]["200"];
        let schema = json!({
            "allOf": [operation["content"]["application/json"]["schema"]],
            "components": description["components"],
        });
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .build(&schema)
            .expect("a schema");
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|it| format!("{}: {it:.300}", it.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{instance}: {errors:#?}");
        assert!(
            body != json!([]) && body != json!({}),
            "{instance} says nothing"
        );
    }
}

#[test]
fn lists_come_in_pages_and_the_pages_add_up() {
    let change = Change::of_production(SETTINGS);
    let server = Server::paged(2, GitHub::new(SCENARIO, &change));
    let mut target = "/repos/acme/gitops/pulls/7/reviews?per_page=100".to_owned();
    let mut ids = Vec::new();
    loop {
        let (_, head, body) = get(&server, &target);
        ids.extend(
            body.as_array()
                .expect("a list")
                .iter()
                .map(|it| it["id"].clone()),
        );
        let next = head
            .split(['<', '\n'])
            .find(|it| it.contains("rel=\"next\""));
        let Some(next) = next else { break };
        let (address, _) = next.split_once('>').expect("an address");
        target = address
            .strip_prefix(&server.url())
            .expect("here")
            .to_owned();
    }
    assert_eq!(json!(ids), json!([100, 101, 102, 103, 104]));
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn what_a_token_may_not_see_is_refused_in_githubs_words() {
    let change = Change::of_production(SETTINGS);
    let protection = "/repos/acme/gitops/branches/main/protection";
    for (token, protected, status, message) in [
        ("job", true, 403, "Resource not accessible by integration"),
        ("writer", true, 404, "Not Found"),
        ("admin", false, 404, "Branch not protected"),
        ("expired", true, 401, "Bad credentials"),
    ] {
        let mut scenario = SCENARIO.replace("token: admin", &format!("token: {token}"));
        if !protected {
            scenario = scenario.replace("classic:", "classic: null\nrequest: {draft: true}\nthen:");
        }
        let server = Server::start(GitHub::new(&scenario, &change));
        let (got, _, body) = get(&server, protection);
        assert_eq!((got, body["message"].as_str()), (status, Some(message)));
        let (_, _, ruleset) = get(&server, "/repos/acme/gitops/rulesets/42");
        let shown = ruleset.get("bypass_actors").is_some();
        assert_eq!(shown, token == "admin", "{token}: {ruleset}");
    }
}

#[test]
fn faults_happen_where_and_as_often_as_they_are_asked_for() {
    let change = Change::of_production(SETTINGS);
    let server = Server::paged(2, GitHub::new(SCENARIO, &change));
    let reviews = "/repos/acme/gitops/pulls/7/reviews";
    let count = |target: &str| get(&server, target).2.as_array().map(Vec::len);
    server.fault_times("repos/*/*/pulls/7", Fault::Says(503, "down"), 1);
    assert_eq!(get(&server, "/repos/acme/gitops/pulls/7").0, 503);
    assert_eq!(get(&server, "/repos/acme/gitops/pulls/7").0, 200);
    server.fault("repos/**", Fault::DropPage);
    assert_eq!(count(reviews), Some(2));
    assert_eq!(count(&format!("{reviews}?page=2")), Some(0));
    server.calm();
    server.fault("repos/**", Fault::RepeatPage);
    let first = get(&server, reviews).2;
    assert_eq!(get(&server, &format!("{reviews}?page=2")).2, first);
    server.calm();
    server.fault("repos/**", Fault::Put("/*/user/id", json!("eleven")));
    assert_eq!(get(&server, reviews).2[0]["user"]["id"], "eleven");
    server.calm();
    server.fault("repos/**", Fault::Html);
    assert_eq!(get(&server, reviews).2, Value::Null);
    assert_eq!(get(&server, "/elsewhere").0, 404);
    assert!(!server.seen().iter().any(super::Seen::has_credentials));
}

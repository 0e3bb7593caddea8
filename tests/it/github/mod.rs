//! What GitHub is asked, and what is made of its answers, through HTTP.

mod identities;
mod protection;
mod threats;
mod weaknesses;

use crate::forge::{Change, Fault, GitHub, Server, TOKEN};
use crate::support::Verdict;
use serde_json::{Value, json};

/// Two approvals of a team for production.
const SETTINGS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
groups:
  platform: {team: acme/platform}
approvals:
  rules:
    - {name: prod, when: {touches: [prod]}, require: {count: 2, from: [platform]}}
";

/// A request of Ann's that Bob and Cho have approved.
const APPROVED: &str = "
token: admin
accounts:
  ann: {id: 11, emails: [ann@example.com]}
  bob: {id: 12, role: maintain, emails: [bob@example.com]}
  cho: {id: 13}
  eve: {id: 15}
teams: {acme/platform: {bob: active, cho: active, eve: pending}}
reviews: [{by: bob}, {by: cho}]
";

/// What is said of a change whose GitHub is this scenario, and what GitHub told.
fn ask(scenario: &str) -> (Verdict, Value) {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(scenario, &change));
    change.ask(&forge, &[])
}

/// Everything that the verdict holds against the change, and what would mend it, in one text.
fn said(verdict: &Verdict) -> String {
    let findings = verdict.findings().filter(|it| it["level"] != "note");
    let findings =
        findings.map(|it| format!("{} {} ({})\n", it["rule"], it["message"], it["help"]));
    let unsure = verdict
        .unsure()
        .map(|it| format!("{}: {} ({})\n", it["subject"], it["why"], it["needs"]));
    findings.chain(unsure).collect()
}

fn needs(fact: &Value) -> &str {
    fact["unknown"]["needs"].as_str().unwrap_or_default()
}

fn why(fact: &Value) -> &str {
    fact["unknown"]["why"].as_str().unwrap_or_default()
}

#[test]
fn a_request_with_its_approvals_is_admitted() {
    let (verdict, facts) = ask(APPROVED);
    assert_eq!(verdict.lines(), ["admit"]);
    assert_eq!(facts["forge"], "github");
    assert_eq!(facts["repository"], "github.com/acme/gitops");
    let ann = json!({"id": 11, "login": "ann", "kind": "person"});
    let request = &facts["request"]["known"];
    assert_eq!(request["author"], ann);
    assert_eq!(
        (&request["state"], &request["draft"], &request["branch"]),
        (&json!("open"), &json!(false), &json!("main"))
    );
    let head = request["head"].as_str().expect("a head");
    let reviews = facts["reviews"]["known"].as_array().expect("reviews");
    let first = json!({
        "id": 100, "account": {"id": 12, "login": "bob", "kind": "person"}, "state": "approved",
        "commit": head, "at": 1_795_165_200_u64,
    });
    assert_eq!((reviews.len(), &reviews[0]), (2, &first));
    assert_eq!(facts["commits"]["known"][head], json!([{"account": ann}]));
    assert_eq!(facts["last_pusher"]["known"], ann);
    assert_eq!(
        facts["permissions"],
        json!({"12": {"known": "maintain"}, "13": {"known": "write"}})
    );
    let team = facts["teams"]["acme/platform"]["known"].as_array();
    let team: Vec<&Value> = team.expect("a team").iter().map(|it| &it["id"]).collect();
    assert_eq!(team, [&json!(12), &json!(13)]);
}

/// The token of a job sees the request, reviews, commits, pushes and permissions, and no team.
#[test]
fn tokens_see_what_they_may_and_the_rest_is_unknown() {
    let with = |token: &str| ask(&APPROVED.replace("token: admin", &format!("token: {token}")));
    for token in ["job", "writer"] {
        let (verdict, facts) = with(token);
        for fact in ["request", "reviews", "commits", "last_pusher"] {
            assert!(!facts[fact]["known"].is_null(), "{token} {}", facts[fact]);
        }
        let team = &facts["teams"]["acme/platform"];
        for part in [
            "`Members: read`",
            "`TOLLGATE_GITHUB_TOKEN`",
            "no key under `permissions:`",
        ] {
            assert!(needs(team).contains(part), "{token} {team}");
        }
        assert_eq!(verdict.exit, 3, "{token} {:?}", verdict.lines());
        assert!(
            said(&verdict).contains("Members: read"),
            "{}",
            said(&verdict)
        );
    }
    let (verdict, facts) = with("expired");
    assert_eq!(verdict.exit, 3);
    assert!(
        why(&facts["request"]).contains("401"),
        "{}",
        facts["request"]
    );
    assert!(needs(&facts["request"]).contains("a token that 127.0.0.1 accepts"));
}

/// In a merge queue the request is the one that the group merges, approved at the commit that it
/// proposes.
#[test]
fn a_merge_queue_asks_for_the_same_approvals() {
    let change = Change::of_production(SETTINGS);
    let says = |scenario: &str| {
        let forge = Server::start(GitHub::new(scenario, &change));
        change.ask_in_queue(&forge)
    };
    let verdict = says(APPROVED);
    assert_eq!(verdict.lines(), ["admit"]);
    let one = APPROVED.replace(", {by: cho}]", "]");
    assert_eq!(says(&one).decision(), "refuse");
    let pushed = format!("{APPROVED}request: {{head: \"{}\"}}\n", "1".repeat(40));
    let verdict = says(&pushed);
    assert_eq!(verdict.decision(), "undecided", "{:?}", verdict.lines());
}

/// Groups that name people need no token that sees teams.
#[test]
fn the_jobs_own_token_is_enough_where_groups_name_people() {
    let settings = SETTINGS.replace("{team: acme/platform}", "{users: [bob, 'cho#13']}");
    let change = Change::of_production(&settings);
    let scenario = APPROVED.replace("token: admin", "token: job");
    let forge = Server::start(GitHub::new(&scenario, &change));
    let (verdict, _) = change.ask(&forge, &[]);
    assert_eq!(verdict.lines(), ["admit"]);
}

/// What somebody reads whose job has its own token only.
#[test]
fn what_a_job_with_its_own_token_prints() {
    let change = Change::of_production(SETTINGS);
    let scenario = APPROVED.replace("token: admin", "token: job");
    let forge = Server::start(GitHub::new(&scenario, &change));
    let output = change.run(&forge, &["check"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let (text, _) = text.split_once("\n\nchange: ").expect("findings first");
    insta::assert_snapshot!(text, @r"
    undecided[approvals]: the members of the team acme/platform cannot be read: 127.0.0.1 answers 403 `Resource not accessible by integration`
      = in: approval rule `prod`
      = needed: the organisation's permission `Members: read` for a GitHub App's or a fine-grained token in `TOLLGATE_GITHUB_TOKEN` (no key under `permissions:` gives it to the job's own); or the people themselves under `users:`
    ");
}

#[test]
fn without_a_token_github_is_asked_as_anybody_may() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(APPROVED, &change));
    let mut command = change.command(&forge, &["check", "--format", "json"]);
    let output = command
        .env_remove("GITHUB_TOKEN")
        .output()
        .expect("it runs");
    assert_eq!(Verdict::read(&output).decision(), "admit");
    assert!(!forge.seen().iter().any(crate::forge::Seen::has_credentials));
    forge.fault("repos/acme/gitops/pulls/7", Fault::Says(404, "Not Found"));
    let mut command = change.command(&forge, &["check", "--format", "json"]);
    let output = command
        .env_remove("GITHUB_TOKEN")
        .output()
        .expect("it runs");
    let verdict = Verdict::read(&output);
    let said = said(&verdict);
    assert!(
        said.contains("${{ github.token }}") && said.contains("pull-requests: read"),
        "{said}"
    );
}

#[test]
fn the_token_made_for_tollgate_goes_before_the_jobs_own() {
    let change = Change::of_production(SETTINGS);
    for (variables, expected) in [
        (&["GH_TOKEN"][..], "GH_TOKEN"),
        (&["GH_TOKEN", "GITHUB_TOKEN"], "GITHUB_TOKEN"),
        (
            &["GH_TOKEN", "GITHUB_TOKEN", "TOLLGATE_GITHUB_TOKEN"],
            "TOLLGATE_GITHUB_TOKEN",
        ),
    ] {
        let forge = Server::start(GitHub::new(APPROVED, &change));
        let mut command = change.command(&forge, &["check"]);
        command.env_remove("GITHUB_TOKEN");
        for it in variables {
            command.env(it, format!("canary-{it}"));
        }
        let output = command.output().expect("it runs");
        for stream in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(stream).contains("canary"));
        }
        let seen = forge.seen();
        assert!(!seen.is_empty());
        for it in seen {
            let header = it.headers.get("authorization").map(String::as_str);
            let expected = format!("Bearer canary-{expected}");
            assert_eq!(header, Some(expected.as_str()), "{}", it.line());
            assert_eq!(it.headers["x-github-api-version"], "2022-11-28");
            assert!(!it.line().contains("canary") && !it.body.contains("canary"));
        }
    }
}

#[test]
fn github_enterprise_server_is_asked_at_its_own_paths() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(APPROVED, &change));
    let facts_file = change.repository.path().join(".git/facts.json");
    let path = facts_file.display().to_string();
    let run = |graphql: &str| {
        let arguments = ["check", "--format", "json", "--facts-out", &path];
        let mut command = change.command(&forge, &arguments);
        command
            .env("GITHUB_SERVER_URL", "https://ghe.example.com")
            .env("GITHUB_API_URL", format!("{}/api/v3", forge.url()))
            .env("GITHUB_GRAPHQL_URL", graphql);
        let verdict = Verdict::read(&command.output().expect("it runs"));
        let facts = std::fs::read_to_string(&facts_file).expect("facts");
        (verdict, facts)
    };
    let (verdict, facts) = run(&format!("{}/api/graphql", forge.url()));
    assert_eq!(verdict.lines(), ["admit"]);
    assert!(facts.contains("\"ghe.example.com/acme/gitops\""));
    let asked: Vec<String> = forge.seen().iter().map(|it| it.target.clone()).collect();
    assert!(
        asked
            .iter()
            .all(|it| it == "/api/graphql" || it.starts_with("/api/v3/")),
        "{asked:?}"
    );
    // Both interfaces are at one place, or no token goes anywhere.
    forge.calm();
    let other = Server::at("localhost", 100, GitHub::new(APPROVED, &change));
    let (verdict, _) = run(&format!("{}/api/graphql", other.url()));
    assert_eq!(verdict.exit, 3);
    assert!(
        said(&verdict).contains("GITHUB_GRAPHQL_URL"),
        "{}",
        said(&verdict)
    );
    assert!(forge.seen().is_empty() && other.seen().is_empty());
}

/// Neither a redirect nor a link takes the token to another host.
#[test]
fn the_token_stays_with_its_host() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::paged(1, GitHub::new(APPROVED, &change));
    let other = Server::at("localhost", 100, GitHub::new(APPROVED, &change));
    for fault in [
        Fault::Redirect(format!("{}/repos/acme/gitops/pulls/7", other.url())),
        Fault::LinkTo(format!("{}/repos?page=2", other.url())),
        Fault::LinkTo(format!("http://{TOKEN}@localhost/repos?page=2")),
    ] {
        forge.calm();
        forge.fault("**", fault);
        let (verdict, _) = change.ask(&forge, &[]);
        assert_eq!(verdict.exit, 3, "{:?}", verdict.lines());
    }
    assert!(other.seen().is_empty(), "{:?}", other.lines());
}

/// The worker that reads the repository never learns the token, and no file holds it.
#[test]
fn a_forge_that_repeats_the_token_is_not_quoted() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(APPROVED, &change));
    forge.fault("repos/acme/gitops/pulls/7/reviews", Fault::Says(403, TOKEN));
    let (verdict, facts) = change.ask(&forge, &[]);
    assert_eq!(verdict.exit, 3);
    assert!(
        why(&facts["reviews"]).contains("[token]"),
        "{}",
        facts["reviews"]
    );
}

#[test]
fn a_fork_is_read_where_it_can_be() {
    let fork = |more: &str| ask(&format!("{APPROVED}{more}"));
    let (verdict, facts) = fork("request: {from: eve/gitops}\n");
    assert_eq!(facts["last_pusher"]["known"]["login"], "ann");
    assert_eq!(verdict.decision(), "admit");
    let private = "request: {from: eve/gitops}\nroutes:\n  - {path: /repos/eve/gitops/activity, status: 404, body: {message: Not Found}}\n";
    let (verdict, facts) = fork(private);
    let pusher = &facts["last_pusher"];
    for part in [
        "the repository that the request comes from",
        "pushed to this repository",
    ] {
        assert!(needs(pusher).contains(part), "{pusher}");
    }
    // One of the two who approved may have pushed: one more would do.
    assert_eq!(verdict.exit, 3);
    let more = private.to_owned();
    let third = APPROVED
        .replace("eve: pending", "eve: active")
        .replace("{by: cho}]", "{by: cho}, {by: eve}]");
    let (verdict, _) = ask(&format!("{third}{more}"));
    assert_eq!(verdict.decision(), "admit", "{}", said(&verdict));
    let (_, facts) = fork("request: {from: null}\n");
    assert!(why(&facts["last_pusher"]).contains("gone"), "{facts}");
}

#[test]
fn a_push_that_brought_another_commit_tells_nothing() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(APPROVED, &change));
    let other = "0123456789012345678901234567890123456789";
    for (pointer, value) in [
        ("/0/after", json!(other)),
        ("/0/ref", json!("refs/heads/other")),
        ("/0/actor", Value::Null),
        ("/0/actor/login", json!("ghost")),
    ] {
        forge.calm();
        forge.fault("repos/acme/gitops/activity", Fault::Put(pointer, value));
        let (verdict, facts) = change.ask(&forge, &[]);
        assert!(
            !needs(&facts["last_pusher"]).is_empty(),
            "{pointer} {facts}"
        );
        assert_eq!(verdict.exit, 3, "{pointer}");
    }
}

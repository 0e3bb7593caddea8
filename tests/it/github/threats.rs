//! Threat rows F1 to F15, each through the whole program.

use super::{APPROVED, SETTINGS, ask, needs, said, why};
use crate::forge::{Change, Fault, GitHub, Server, Who};
use crate::support::{Repository, Verdict};
use serde_json::{Value, json};

const OLD: &str = "0123456789012345678901234567890123456789";

fn plus(more: &str) -> String {
    format!("{APPROVED}{more}")
}

fn reviews(list: &str) -> String {
    APPROVED.replace("[{by: bob}, {by: cho}]", list)
}

/// What is said where this goes wrong with this path.
fn faulty(path: &str, fault: Fault) -> (Verdict, Value) {
    let change = Change::of_production(SETTINGS);
    let forge = Server::paged(2, GitHub::new(APPROVED, &change));
    forge.fault(path, fault);
    change.ask(&forge, &["--forge-timeout", "5"])
}

#[test]
fn f1_approvals_of_an_older_head_count_for_nothing() {
    let stale = reviews(&format!(
        "[{{by: bob, commit: '{OLD}'}}, {{by: cho, commit: '{OLD}'}}]"
    ));
    let (verdict, _) = ask(&stale);
    assert_eq!(verdict.decision(), "refuse");
    let said = said(&verdict);
    assert!(said.contains("has 0 of 2 approvals"), "{said}");
    assert!(
        said.contains("bob does not: approved the older commit 0123456789"),
        "{said}"
    );
    assert!(
        said.contains("whoever approved an older commit can approve the newest one"),
        "{said}"
    );
}

#[test]
fn f2_a_head_that_was_pushed_since_the_run_began_is_not_judged() {
    let (verdict, facts) = ask(&plus(&format!("request: {{head: '{OLD}'}}\n")));
    assert_eq!(verdict.exit, 3);
    assert_eq!(facts["request"]["known"]["head"], OLD);
    assert!(why(&facts["reviews"]).contains(OLD), "{}", facts["reviews"]);
    assert!(said(&verdict).contains("a run on the newest commit of the request"));
    // Nor one that is pushed while GitHub is asked.
    let (verdict, facts) = ask(&plus(&format!("then: {{head: '{OLD}'}}\n")));
    assert_eq!(verdict.exit, 3);
    assert!(why(&facts["request"]).contains("the head of pull request 7 changed"));
}

/// A base that moves does not make another request; what is judged is the merge that the job has.
#[test]
fn f3_a_base_that_moves_is_no_other_request() {
    let (verdict, facts) = ask(&plus(&format!("then: {{base: '{OLD}'}}\n")));
    assert_eq!(verdict.decision(), "admit");
    assert_eq!(facts["request"]["known"]["branch"], "main");
}

/// F4 is the matrix in `identities.rs`; here are the commits as git has them.
#[test]
fn f5_addresses_in_commits_are_claims() {
    let by = |author: &str, message: &str, scenario: &str| {
        let author = Who(
            "Somebody",
            match author {
                "bob" => "bob@example.com",
                "bot" => "49699333+dependabot[bot]@users.noreply.github.com",
                _ => "root@localhost",
            },
        );
        let change = Change::by(SETTINGS, author, Who("Ann", "ann@example.com"), message);
        let forge = Server::start(GitHub::new(scenario, &change));
        let (verdict, facts) = change.ask(&forge, &[]);
        let hands = facts["commits"]["known"][change.head.as_str()].clone();
        (verdict, hands.to_string())
    };
    let (verdict, hands) = by("bob", "x", APPROVED);
    assert!(hands.contains("\"bob\""), "{hands}");
    assert_eq!(verdict.decision(), "refuse");
    for who in ["bot", "root"] {
        let (verdict, hands) = by(who, "x", APPROVED);
        assert!(hands.contains("unmatched"), "{hands}");
        assert_eq!(verdict.exit, 3, "{who}");
        assert!(
            said(&verdict).contains("one more approval"),
            "{}",
            said(&verdict)
        );
    }
    let (_, hands) = by(
        "bob",
        "x\n\nCo-authored-by: E <eve@elsewhere.example>",
        APPROVED,
    );
    assert!(hands.contains("eve@elsewhere.example"), "{hands}");
    // One more approval than is asked for, and it does not matter who it was.
    let three = reviews("[{by: bob}, {by: cho}, {by: eve}]").replace("pending", "active");
    assert_eq!(by("root", "x", &three).0.decision(), "admit");
}

#[test]
fn f6_comments_are_no_approvals_and_are_not_read() {
    let change = Change::of_production(SETTINGS);
    let words = reviews(
        "[{by: bob, state: COMMENTED, body: LGTM}, {by: cho, state: COMMENTED, body: approved}]",
    );
    let forge = Server::start(GitHub::new(&words, &change));
    let (verdict, _) = change.ask(&forge, &[]);
    assert_eq!(verdict.decision(), "refuse");
    assert!(said(&verdict).contains("bob does not: only commented"));
    assert!(
        !forge.lines().iter().any(|it| it.contains("comments")),
        "{:?}",
        forge.lines()
    );
}

#[test]
fn f7_accounts_are_what_they_are_now() {
    // Renamed: the number counts, for the team as well.
    let renamed = APPROVED.replace("bob", "robert");
    assert_eq!(ask(&renamed).0.decision(), "admit");
    // Removed from the team.
    let removed = APPROVED.replace("bob: active, ", "");
    let (verdict, _) = ask(&removed);
    assert!(said(&verdict).contains("bob does not: is not in `platform`"));
    // The name is somebody else's by now.
    let taken = plus(
        "routes:\n  - path: /repos/acme/gitops/collaborators/bob/permission\n    body: {permission: admin, role_name: admin, user: {id: 999, login: bob}}\n",
    );
    let (verdict, facts) = ask(&taken);
    assert!(why(&facts["permissions"]["12"]).contains("999"), "{facts}");
    assert_eq!(verdict.exit, 3);
    // The account is nobody's any more.
    let (verdict, _) = ask(&plus(
        "routes:\n  - {path: /repos/acme/gitops/collaborators/bob/permission, status: 404, body: {message: Not Found}}\n",
    ));
    assert_eq!(verdict.exit, 3);
}

#[test]
fn f8_lists_are_whole_or_unknown() {
    let many: Vec<String> = (0..130).map(|it| format!("{{by: p{it}}}")).collect();
    let people: String = (0..130)
        .map(|it| format!("  p{it}: {{id: {}}}\n", 1000 + it))
        .collect();
    let commits: Vec<String> = (0..300)
        .map(|it| match it {
            0 => "{id: '${HEAD}', author: ann@example.com, committer: ann@example.com}".to_owned(),
            _ => {
                format!("{{id: '{it:040x}', author: ann@example.com, committer: ann@example.com}}")
            }
        })
        .collect();
    let scenario = reviews(&format!("[{}, {{by: bob}}, {{by: cho}}]", many.join(", ")))
        .replace("teams:", &format!("{people}teams:"));
    let scenario = format!("{scenario}commits: [{}]\n", commits.join(", "));
    let change = Change::of_production(SETTINGS);
    for most in [100, 40] {
        let forge = Server::paged(most, GitHub::new(&scenario, &change));
        let (verdict, facts) = change.ask(&forge, &[]);
        assert_eq!(
            facts["reviews"]["known"].as_array().map(Vec::len),
            Some(132),
            "{facts:.300}"
        );
        assert_eq!(
            facts["commits"]["known"]
                .as_object()
                .map(serde_json::Map::len),
            Some(300)
        );
        assert_eq!(verdict.decision(), "admit");
    }
    let forge = Server::paged(100, GitHub::new(&scenario, &change));
    for (path, fault, fact) in [
        (
            "repos/acme/gitops/pulls/7/reviews",
            Fault::DropPage,
            "reviews",
        ),
        (
            "repos/acme/gitops/pulls/7/reviews",
            Fault::RepeatPage,
            "reviews",
        ),
        (
            "repos/acme/gitops/pulls/7/reviews",
            Fault::EndlessPages,
            "reviews",
        ),
        ("graphql#Commits", Fault::DropPage, "commits"),
        ("graphql#Commits", Fault::RepeatPage, "commits"),
        ("graphql#Commits", Fault::EndlessPages, "commits"),
        ("graphql#Commits", Fault::NoLink, "commits"),
        (
            "repos/acme/gitops/pulls/7",
            Fault::Put("/commits", json!(301)),
            "commits",
        ),
    ] {
        forge.calm();
        let name = format!("{path} {fault:?}");
        forge.fault(path, fault);
        let (verdict, facts) = change.ask(&forge, &["--forge-timeout", "5"]);
        assert!(facts[fact]["unknown"].is_object(), "{name}");
        assert_eq!(verdict.exit, 3, "{name}");
    }
    // A full page whose links were lost is followed by another; where less is served, the total
    // that GraphQL counts says that something is missing.
    forge.calm();
    forge.fault("repos/acme/gitops/pulls/7/reviews", Fault::NoLink);
    assert_eq!(change.ask(&forge, &[]).0.decision(), "admit");
    let forge = Server::paged(40, GitHub::new(&scenario, &change));
    forge.fault("repos/acme/gitops/pulls/7/reviews", Fault::NoLink);
    let (_, facts) = change.ask(&forge, &[]);
    assert!(
        why(&facts["reviews"]).contains("lists 40 where GraphQL counts 132"),
        "{}",
        why(&facts["reviews"])
    );
}

#[test]
fn f9_trouble_that_passes_is_waited_for_and_other_trouble_is_said() {
    for fault in [
        Fault::Says(503, "down"),
        Fault::Says(429, "slow down"),
        Fault::SaysWith(
            403,
            "You have exceeded a secondary rate limit",
            &[("Retry-After", "0")],
        ),
        Fault::Reset,
        Fault::Cut,
    ] {
        let change = Change::of_production(SETTINGS);
        let forge = Server::start(GitHub::new(APPROVED, &change));
        let name = format!("{fault:?}");
        forge.fault_times("**", fault, 2);
        let (verdict, _) = change.ask(&forge, &["--forge-timeout", "5"]);
        assert_eq!(verdict.decision(), "admit", "{name}: {}", said(&verdict));
    }
    let limit: &[(&str, &str)] = &[("Retry-After", "3600")];
    let (verdict, facts) = faulty("**", Fault::SaysWith(429, "slow down", limit));
    assert_eq!(verdict.exit, 3);
    assert!(
        needs(&facts["request"]).contains("3600 s or later"),
        "{}",
        facts["request"]
    );
}

/// What GitHub always tells and does not tell now, or tells at such length that nobody reads it.
#[test]
fn f9_an_answer_without_what_is_asked_for_is_none() {
    const REVIEWS: &str = "repos/acme/gitops/pulls/7/reviews";
    const PUSHES: &str = "repos/acme/gitops/activity";
    const CALL: &str = "graphql#Commits";
    const TOTAL: &str = "/data/repository/pullRequest/commits/totalCount";
    const AUTHORS: &str = "/data/repository/pullRequest/commits/nodes/0/commit/authors";
    for (path, fault, fact) in [
        (REVIEWS, Fault::Large(17 << 20), "reviews"),
        (REVIEWS, Fault::Drop("/0/submitted_at"), "reviews"),
        (REVIEWS, Fault::Drop("/0/state"), "reviews"),
        (REVIEWS, Fault::Drop("/0/id"), "reviews"),
        (REVIEWS, Fault::Drop("/0/user/id"), "reviews"),
        (REVIEWS, Fault::Put("/0/state", json!("BLESSED")), "reviews"),
        (PUSHES, Fault::Drop("/0/after"), "last_pusher"),
        (PUSHES, Fault::Drop("/0/actor/id"), "last_pusher"),
        (CALL, Fault::Drop(TOTAL), "commits"),
        (CALL, Fault::Drop(AUTHORS), "commits"),
        (
            "repos/acme/gitops/pulls/7",
            Fault::Drop("/draft"),
            "request",
        ),
        (
            "repos/acme/gitops/pulls/7",
            Fault::Drop("/head/sha"),
            "request",
        ),
    ] {
        let name = format!("{path} {fault:?}");
        let (verdict, facts) = faulty(path, fault);
        assert_eq!(verdict.exit, 3, "{name}");
        assert!(needs(&facts[fact]).len() > 8, "{name}: {}", facts[fact]);
    }
}

#[test]
fn f10_nothing_is_taken_from_a_cache() {
    for fault in [Fault::NotModified, Fault::NoContent, Fault::Empty] {
        let (verdict, facts) = faulty("repos/acme/gitops/pulls/7", fault);
        assert_eq!(verdict.exit, 3);
        assert!(!needs(&facts["request"]).is_empty());
    }
    let stale = Fault::Put("/data/repository/pullRequest/headRefOid", json!(OLD));
    let (verdict, facts) = faulty("graphql#Commits", stale);
    assert_eq!(verdict.exit, 3);
    assert!(
        why(&facts["commits"]).contains("GraphQL at 0123456789"),
        "{}",
        facts["commits"]
    );
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(APPROVED, &change));
    change.ask(&forge, &[]);
    let seen = forge.seen();
    assert!(
        seen.iter()
            .all(|it| !it.headers.contains_key("if-none-match"))
    );
}

// F11 is in `protection.rs`, F12 in `weaknesses.rs`.

/// Owners are those of BASE, whatever the change makes of them.
#[test]
fn f13_owners_are_those_of_the_base() {
    let settings = "version: 1
environments: {prod: {overlays: [prod], enforcement: strict}}
groups: {platform: {users: [bob, cho]}}
approvals:
  codeowners: enforce
  rules: [{name: all, when: {any: true}, require: {count: 1, from: [platform]}}]
";
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: ";
    let judged = |base: &str, head: &str, scenario: &str| {
        let repository = Repository::new();
        repository
            .write("tollgate.yaml", settings)
            .write("CODEOWNERS", base)
            .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
            .write("prod/map.yaml", &format!("{map}one}}\n"));
        let before = repository.commit("base");
        repository
            .write("CODEOWNERS", head)
            .write("prod/map.yaml", &format!("{map}two}}\n"));
        let after = repository.commit("head");
        let change = Change::new(repository, before, after);
        let forge = Server::start(GitHub::new(scenario, &change));
        let (verdict, _) = change.ask(&forge, &[]);
        (verdict.decision().to_owned(), said(&verdict))
    };
    let bob = reviews("[{by: bob}]");
    let (decision, text) = judged("* @bob\n/prod/ @cho\n", "* @bob\n", &bob);
    assert_eq!(decision, "refuse");
    assert!(text.contains("approvals/owners"), "{text}");
    let both = reviews("[{by: bob}, {by: cho}]");
    let (_, text) = judged("* @bob\n/prod/ @cho\n", "* @bob\n", &both);
    assert!(!text.contains("approvals/owners"), "{text}");
    // Teams among the owners are asked for, and one that cannot be seen is no owner.
    let job = bob.replace("token: admin", "token: job");
    let (decision, text) = judged("* @acme/platform\n", "* @acme/platform\n", &job);
    assert_ne!(decision, "admit");
    assert!(text.contains("Members: read"), "{text}");
    let (decision, text) = judged("/prod/[x] @cho\n", "* @bob\n", &bob);
    assert_eq!(decision, "refuse");
    assert!(text.contains("approvals/owners-unreadable"), "{text}");
}

#[test]
fn f14_a_forge_in_another_time_is_not_believed() {
    for (seconds, believed) in [(300, false), (-300, false), (20, true), (-20, true)] {
        let (verdict, facts) = faulty("**", Fault::Clock(seconds));
        assert_eq!(verdict.decision() == "admit", believed, "{seconds}");
        if !believed {
            assert!(
                why(&facts["request"]).contains("clock"),
                "{}",
                facts["request"]
            );
            assert!(
                needs(&facts["request"]).contains("NTP"),
                "{}",
                facts["request"]
            );
        }
    }
}

#[test]
fn f15_a_request_that_changes_while_it_is_read_is_unknown() {
    for (then, what) in [
        ("{state: closed}", "state"),
        ("{merged: true}", "state"),
        ("{draft: true}", "draft mark"),
        ("{branch: release}", "base branch"),
        ("{from: null}", "repository"),
        ("{from: eve/gitops}", "repository"),
        ("{author: null}", "author"),
        ("{author: eve}", "author"),
    ] {
        let (verdict, facts) = ask(&plus(&format!("then: {then}\n")));
        let request = &facts["request"];
        assert!(
            why(request).contains(&format!("the {what}")),
            "{then}: {request}"
        );
        assert_eq!(needs(request), "another run", "{then}");
        assert_eq!(verdict.exit, 3, "{then}");
    }
    // And what it is from the beginning is said.
    for (from, what) in [
        ("{state: closed}", "request 7 is closed"),
        (
            "{state: closed, merged: true}",
            "request 7 is merged already",
        ),
        ("{draft: true}", "the request is a draft"),
        ("{branch: release}", "what is judged is a merge into `main`"),
    ] {
        let (verdict, _) = ask(&plus(&format!("request: {from}\n")));
        assert_ne!(verdict.decision(), "admit", "{from}");
        assert!(said(&verdict).contains(what), "{from}: {}", said(&verdict));
    }
}

#[test]
fn a_request_of_another_repository_is_not_the_one() {
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(APPROVED, &change));
    let run = |number: &str| {
        let mut command = change.command(&forge, &["check", "--format", "json"]);
        let output = command.env("GITHUB_REPOSITORY_ID", number).output();
        Verdict::read(&output.expect("it runs"))
    };
    assert_eq!(run("2000").decision(), "admit");
    let verdict = run("2002");
    assert_eq!(verdict.exit, 3);
    assert!(
        said(&verdict).contains("is for acme/gitops, and this job for"),
        "{}",
        said(&verdict)
    );
    for (pointer, value) in [
        ("/base/repo/full_name", json!("evil/gitops")),
        ("/base/repo", Value::Null),
        ("/number", json!(8)),
        ("/state", json!("locked")),
        ("/draft", Value::Null),
    ] {
        forge.calm();
        forge.fault("repos/acme/gitops/pulls/7", Fault::Put(pointer, value));
        let (verdict, facts) = change.ask(&forge, &[]);
        assert_eq!(verdict.exit, 3, "{pointer}");
        assert!(!needs(&facts["request"]).is_empty(), "{pointer}");
    }
    forge.calm();
    forge.fault(
        "graphql#Commits",
        Fault::Put("/data/repository/databaseId", json!(2002)),
    );
    assert_eq!(change.ask(&forge, &[]).0.exit, 3);
}

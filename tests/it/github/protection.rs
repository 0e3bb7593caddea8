//! How a branch is protected, by everything that GitHub has for it: threat row F11.

use super::{needs, why};
use crate::forge::{Change, Fault, GitHub, Server};
use serde_json::{Value, json};

pub(super) const SETTINGS: &str = "version: 1
environments: {prod: {overlays: [prod], enforcement: strict}}
protection:
  require: {approvals: 2, dismiss_stale: true, force_push: false, deletion: false}
";

pub(super) const ANN: &str =
    "accounts:\n  ann: {id: 11, emails: [ann@example.com]}\n  bob: {id: 12}\n";

/// A ruleset that asks for all that there is.
pub(super) const STRICT: &str = "
rulesets:
  - id: 42
    name: prod
    enforcement: active
    bypass_actors: []
    rules:
      - type: pull_request
        parameters: {required_approving_review_count: 2, dismiss_stale_reviews_on_push: true, require_code_owner_review: true, require_last_push_approval: true, required_review_thread_resolution: false}
      - type: required_status_checks
        parameters: {strict_required_status_checks_policy: true, required_status_checks: [{context: tollgate, integration_id: 15368}, {context: lint}]}
      - {type: required_signatures}
      - {type: required_linear_history}
      - {type: non_fast_forward}
      - {type: deletion}
";

pub(super) const CLASSIC: &str = "
classic:
  enforce_admins: {enabled: true}
  required_pull_request_reviews: {dismiss_stale_reviews: true, require_code_owner_reviews: false, required_approving_review_count: 2, require_last_push_approval: true}
  required_status_checks: {strict: true, contexts: [tollgate], checks: [{context: tollgate, app_id: 15368}]}
  required_signatures: {enabled: false}
  required_linear_history: {enabled: false}
  allow_force_pushes: {enabled: false}
  allow_deletions: {enabled: false}
";

pub(super) fn facts(parts: &[&str]) -> Value {
    let change = Change::of_production(SETTINGS);
    let scenario = format!("{ANN}{}", parts.concat());
    let forge = Server::start(GitHub::new(&scenario, &change));
    change.ask(&forge, &[]).1
}

/// The value and the setting of each control; `?` and the reason where unknown.
pub(super) fn controls(facts: &Value) -> Vec<String> {
    let all = facts["protection"].as_object().expect("protection");
    all.iter()
        .filter(|(name, _)| *name != "branch")
        .map(|(name, fact)| match &fact["known"] {
            Value::Null => format!("{name}: ? {}", why(fact)),
            Value::Array(list) => {
                let who = list.iter().map(|it| {
                    let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
                    format!("{} {} by {}", text("actor"), text("mode"), text("by"))
                });
                format!("{name}: [{}]", who.collect::<Vec<_>>().join(", "))
            }
            known => format!(
                "{name}: {} by {}",
                known["value"],
                known["by"].as_str().unwrap_or_default()
            ),
        })
        .collect()
}

/// The values alone; `null` where unknown.
pub(super) fn values(facts: &Value, names: &[&str]) -> Vec<Value> {
    let one = |name: &&str| match &facts["protection"][*name]["known"] {
        Value::Array(list) => list.iter().map(|it| it["actor"].clone()).collect(),
        known => known["value"].clone(),
    };
    names.iter().map(one).collect()
}

pub(super) const ADMIN: &str = "token: admin\n";
const JOB: &str = "token: job\n";

#[test]
fn rulesets_with_a_token_that_sees_everything() {
    assert_eq!(
        controls(&facts(&[ADMIN, STRICT])),
        [
            r#"admins: true by ruleset "prod" (42)"#,
            r#"approvals: 2 by ruleset "prod" (42)"#,
            "bypass: []",
            r#"code_owners: true by ruleset "prod" (42)"#,
            r#"deletion: false by ruleset "prod" (42)"#,
            r#"direct_push: false by ruleset "prod" (42)"#,
            r#"dismiss_stale: true by ruleset "prod" (42)"#,
            r#"force_push: false by ruleset "prod" (42)"#,
            r#"last_push_approval: true by ruleset "prod" (42)"#,
            r#"linear_history: true by ruleset "prod" (42)"#,
            r#"signed_commits: true by ruleset "prod" (42)"#,
            r#"status_checks: [{"context":"lint"},{"context":"tollgate","source":15368}] by ruleset "prod" (42)"#,
        ]
    );
}

#[test]
fn a_ruleset_of_the_organisation_says_so() {
    let organisation = STRICT.replace(
        "name: prod",
        "name: prod\n    source_type: Organization\n    source: acme",
    );
    let told = facts(&[ADMIN, &organisation]);
    let by = &told["protection"]["approvals"]["known"]["by"];
    assert_eq!(by, r#"ruleset "prod" (42) of acme"#);
}

/// Everything but who may go around it, and with that whether administrators are bound.
#[test]
fn rulesets_with_the_jobs_own_token() {
    let facts = facts(&[JOB, STRICT]);
    let told = controls(&facts);
    let unknown: Vec<&String> = told.iter().filter(|it| it.contains(": ?")).collect();
    let reason = r#"GitHub does not show this token who may go around ruleset "prod" (42)"#;
    assert_eq!(
        unknown,
        [
            &format!("admins: ? {reason}"),
            &format!("bypass: ? {reason}")
        ]
    );
    let needs = needs(&facts["protection"]["bypass"]);
    for part in ["`Administration: write`", "no key under `permissions:`"] {
        assert!(needs.contains(part), "{needs}");
    }
    let notes = facts["notes"].to_string();
    assert!(
        notes.contains("holds for everybody but those who may go around it"),
        "{notes}"
    );
}

#[test]
fn classic_protection_with_a_token_that_sees_everything() {
    assert_eq!(
        controls(&facts(&[ADMIN, CLASSIC])),
        [
            "admins: true by classic protection of main",
            "approvals: 2 by classic protection of main",
            "bypass: []",
            "code_owners: false by no ruleset and no classic protection of `main` asks for it",
            "deletion: false by classic protection of main",
            "direct_push: false by classic protection of main",
            "dismiss_stale: true by classic protection of main",
            "force_push: false by classic protection of main",
            "last_push_approval: true by classic protection of main",
            "linear_history: false by no ruleset and no classic protection of `main` asks for it",
            "signed_commits: false by no ruleset and no classic protection of `main` asks for it",
            r#"status_checks: [{"context":"tollgate","source":15368}] by classic protection of main"#,
        ]
    );
}

/// What everybody may see of it is known; the rest names the permission.
#[test]
fn classic_protection_with_the_jobs_own_token() {
    for token in [JOB, "token: writer\n"] {
        let facts = facts(&[token, CLASSIC]);
        let names = [
            "approvals",
            "code_owners",
            "deletion",
            "direct_push",
            "force_push",
            "linear_history",
            "signed_commits",
        ];
        assert_eq!(
            values(&facts, &names),
            [
                json!(2),
                json!(false),
                json!(false),
                json!(false),
                json!(false),
                json!(false),
                json!(false)
            ]
        );
        assert_eq!(
            facts["protection"]["status_checks"]["known"]["value"],
            json!([{"context": "tollgate", "source": 15368}])
        );
        for name in ["admins", "bypass", "dismiss_stale", "last_push_approval"] {
            let fact = &facts["protection"][name];
            assert!(
                needs(fact).contains("`Administration: read`"),
                "{name}: {fact}"
            );
            assert!(
                needs(fact).contains("no key under `permissions:`"),
                "{name}: {fact}"
            );
        }
        assert!(
            facts["notes"].to_string().contains("refUpdateRule"),
            "{facts}"
        );
    }
}

#[test]
fn of_both_kinds_the_strictest_holds() {
    let weak = CLASSIC
        .replace(
            "required_approving_review_count: 2",
            "required_approving_review_count: 1",
        )
        .replace(
            "contexts: [tollgate], checks: [{context: tollgate, app_id: 15368}]",
            "contexts: [e2e], checks: [{context: e2e, app_id: null}]",
        )
        .replace(
            "enforce_admins: {enabled: true}",
            "enforce_admins: {enabled: false}",
        );
    let told = facts(&[ADMIN, STRICT, &weak]);
    assert_eq!(
        values(&told, &["approvals", "code_owners"]),
        [json!(2), json!(true)]
    );
    let checks = &told["protection"]["status_checks"]["known"];
    let contexts: Vec<&Value> = (checks["value"].as_array().expect("checks").iter())
        .map(|it| &it["context"])
        .collect();
    assert_eq!(contexts, ["e2e", "lint", "tollgate"]);
    // Administrators may only go around the check that the ruleset does not ask for as well.
    assert_eq!(
        values(&told, &["admins", "bypass"]),
        [json!(false), json!(["Role:admin"])]
    );
    let bare = weak.replace(
        "  required_status_checks: {strict: true, contexts: [e2e], checks: [{context: e2e, app_id: null}]}\n",
        "",
    );
    let told = facts(&[ADMIN, STRICT, &bare]);
    assert_eq!(
        values(&told, &["admins", "bypass"]),
        [json!(true), json!([])]
    );
    // Three, by the classic one.
    let strict = CLASSIC.replace(
        "required_approving_review_count: 2",
        "required_approving_review_count: 3",
    );
    let told = facts(&[ADMIN, STRICT, &strict]);
    assert_eq!(
        told["protection"]["approvals"]["known"]["by"],
        "classic protection of main"
    );
    // What cannot be seen can only add.
    let told = facts(&[
        JOB,
        STRICT,
        "routes:\n  - {method: POST, path: /graphql, status: 403, body: {message: Resource not accessible by integration}}\n",
    ]);
    let approvals = &told["protection"]["approvals"]["known"];
    assert_eq!(approvals["value"], 2);
    assert!(
        approvals["by"]
            .as_str()
            .is_some_and(|it| it.contains("at least")),
        "{approvals}"
    );
    assert!(needs(&told["protection"]["status_checks"]).contains("Administration: read"));
}

/// F11: only one of the four answers says that there is no protection.
#[test]
fn a_refusal_is_not_the_absence_of_protection() {
    let upgrade = "Upgrade to GitHub Pro or make this repository public to enable this feature.";
    for (status, message, known) in [
        (404, "Branch not protected", true),
        (404, "Not Found", false),
        (403, "Resource not accessible by integration", false),
        (
            403,
            "Resource not accessible by personal access token",
            false,
        ),
        (403, upgrade, true),
        (401, "Bad credentials", false),
    ] {
        let route = format!(
            "routes:\n  - {{path: /repos/acme/gitops/branches/main/protection, status: {status}, body: {{message: \"{message}\"}}}}\n"
        );
        let told = facts(&[ADMIN, CLASSIC, &route]);
        let stale = &told["protection"]["dismiss_stale"];
        assert_eq!(stale["known"].is_object(), known, "{message}: {stale}");
        if !known {
            assert!(
                needs(stale).contains("`TOLLGATE_GITHUB_TOKEN`"),
                "{message}: {stale}"
            );
        }
    }
    // A plan without rulesets has none, and any other refusal hides them.
    for (message, known) in [
        (upgrade, true),
        ("Resource not accessible by integration", false),
    ] {
        let route = format!(
            "routes:\n  - {{path: /repos/acme/gitops/rules/branches/main, status: 403, body: {{message: \"{message}\"}}}}\n"
        );
        let told = facts(&[ADMIN, STRICT, &route]);
        assert_eq!(
            told["protection"]["approvals"]["known"]["value"] == 0,
            known,
            "{message}"
        );
    }
}

/// Nothing at all is known to be nothing, where both interfaces say so.
#[test]
fn an_unprotected_branch_is_known_to_be_open() {
    for token in [ADMIN, JOB] {
        let told = facts(&[token]);
        assert!(
            controls(&told)
                .iter()
                .all(|it| it.ends_with("nothing protects `main`")
                    || it.contains("nothing protects `main`]")),
            "{:?}",
            controls(&told)
        );
    }
    let change = Change::of_production(SETTINGS);
    let forge = Server::start(GitHub::new(&format!("{ANN}{JOB}"), &change));
    for (path, fault) in [
        (
            "repos/acme/gitops/branches/main",
            Fault::Put("/protected", json!(true)),
        ),
        (
            "repos/acme/gitops/branches/main",
            Fault::Says(404, "Not Found"),
        ),
        (
            "repos/acme/gitops/branches/main",
            Fault::Put("/name", json!("other")),
        ),
        (
            "graphql#Branch",
            Fault::Says(403, "Resource not accessible by integration"),
        ),
        (
            "graphql#Branch",
            Fault::Put("/data/repository/ref", Value::Null),
        ),
    ] {
        forge.calm();
        let name = format!("{path} {fault:?}");
        forge.fault(path, fault);
        if name.contains("protected") {
            forge.fault("graphql#Branch", Fault::Says(404, "Not Found"));
        }
        let told = change.ask(&forge, &[]).1;
        let open = controls(&told);
        assert!(open.iter().all(|it| it.contains(": ?")), "{name}: {open:?}");
        assert!(
            needs(&told["protection"]["approvals"]).contains("Administration: read"),
            "{name}"
        );
    }
}

#[test]
fn a_branch_with_a_slash_is_one_name() {
    let mut change = Change::of_production(SETTINGS);
    change.branch = "release/1.x".to_owned();
    let scenario = format!("{ANN}{ADMIN}{CLASSIC}request: {{branch: release%2F1.x}}\n");
    let forge = Server::start(GitHub::new(&scenario, &change));
    let told = change.ask(&forge, &[]).1;
    assert_eq!(
        told["protection"]["approvals"]["known"]["by"],
        "classic protection of release/1.x"
    );
    let asked: Vec<String> = forge.seen().iter().map(|it| it.target.clone()).collect();
    assert!(
        asked
            .iter()
            .any(|it| it.ends_with("/rules/branches/release%2F1.x")),
        "{asked:?}"
    );
}

/// With the token that every job has: what it shows is judged, what it does not show does what
/// `on_unknown` says for the environment that is touched, and what a job with more rights saw can stand
/// in.
#[test]
fn what_a_jobs_own_token_leaves_open_does_what_the_configuration_says() {
    let settings = |enforcement: &str, more: &str| {
        format!(
            "version: 1
environments: {{prod: {{overlays: [prod], enforcement: {enforcement}}}, dev: {{overlays: [dev]}}}}
protection:
  require: {{approvals: 2, dismiss_stale: true, force_push: false, bypass: []}}
  snapshot: {{max_age: 24h}}
{more}"
        )
    };
    let fails = "  on_unknown: {default: fail}\n";
    for (enforcement, more, decision) in [
        ("strict", "", "undecided"),
        ("enforce", "", "admit"),
        ("enforce", fails, "undecided"),
        ("audit", "", "admit"),
    ] {
        let change = Change::of_production(&settings(enforcement, more));
        let start = |token: &str| {
            let scenario = format!("{ANN}{token}{STRICT}");
            Server::start(GitHub::new(&scenario, &change))
        };
        let forge = start(JOB);
        let (verdict, _) = change.ask(&forge, &[]);
        let name = format!("{enforcement} {more}");
        assert_eq!(
            verdict.decision(),
            decision,
            "{name}: {:?}",
            verdict.lines()
        );
        let text = verdict.json.to_string();
        // Both what is known, by the setting that says so, and what is missing and would mend it.
        for part in [
            "3 of 4 settings that are asked for hold",
            "ruleset \\\"prod\\\" (42)",
            "Administration: write",
            "TOLLGATE_GITHUB_TOKEN",
        ] {
            assert!(text.contains(part), "{name}: {part}: {text}");
        }
        let rules: Vec<&Value> = verdict.findings().map(|it| &it["rule"]).collect();
        let warned = rules.contains(&&json!("protection/unknown"));
        assert_eq!(warned, decision == "admit", "{name}: {rules:?}");

        // What it cannot see, a job with more rights has seen.
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("protection.json");
        let file = file.to_str().expect("a path of text");
        let taken = change.run(&start(ADMIN), &["doctor", "--snapshot", file]);
        assert_eq!(taken.status.code(), Some(0), "{taken:?}");
        let (verdict, _) = change.ask(&start(JOB), &["--protection-snapshot", file]);
        assert_eq!(verdict.lines(), ["admit"], "{name}");
        // It does not stand in for what is weaker now.
        let weaker = STRICT.replace(
            "required_approving_review_count: 2",
            "required_approving_review_count: 1",
        );
        let forge = Server::start(GitHub::new(&format!("{ANN}{JOB}{weaker}"), &change));
        let (verdict, _) = change.ask(&forge, &["--protection-snapshot", file]);
        assert_eq!(
            verdict.decision(),
            "refuse",
            "{name}: {:?}",
            verdict.lines()
        );
    }
}

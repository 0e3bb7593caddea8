//! Emergency overrides: what they let through, and everything that keeps one out of force. Threat row
//! G17.

use crate::support::{Repository, Verdict, seconds, tollgate};
use serde_json::{Value, json};

const NOW: &str = "2026-03-01T03:00:00Z";

const FILE: &str = ".tollgate/overrides/INC-1234.yaml";

const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [dev], enforcement: enforce, known: hold}
  prod: {overlays: [prod], enforcement: enforce, known: hold}
policies: {coverage: {min_rules: 0%}}
groups:
  oncall: {users: [bob, cho, dee]}
approvals:
  rules:
    - {name: prod, when: {touches: [prod]}, require: {count: 3, from: [oncall]}}
    - {name: others, when: {any: true}, require: {count: 1}}
override:
  path: \".tollgate/overrides/*.yaml\"
  require: {count: 2, from: [oncall]}
  may_waive: [policies, approvals]
";

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-team
spec:
  rules:
    - name: label
      match:
        any:
          - resources:
              kinds: [ConfigMap]
      validate:
        message: who owns it must be said
        pattern:
          metadata:
            labels:
              team: \"?*\"
";

const OVERRIDE: &str = "version: 1
ticket: INC-1234
reason: the shop answers 500 to everybody
rules: [policies]
environments: [prod]
expires_at: 2026-03-01T05:00:00Z
rollback_plan: revert this pull request
";

fn config_map(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: {data}\n")
}

/// A change that breaks a policy in prod, with files of its own.
struct Change {
    repository: Repository,
    base: String,
    head: String,
}

/// `file` is the override, if there is one; `more` are other files of the change.
fn change(config: &str, file: Option<&str>, more: &[(&str, &str)]) -> Change {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", config)
        .write("policies/require-team.yaml", POLICY);
    for name in ["dev", "prod"] {
        repository
            .write(
                &format!("{name}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(&format!("{name}/map.yaml"), &config_map("old"));
    }
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &config_map("new"));
    if let Some(text) = file {
        repository.write(FILE, text);
    }
    for (path, text) in more {
        repository.write(path, text);
    }
    let head = repository.commit("head");
    Change {
        repository,
        base,
        head,
    }
}

impl Change {
    fn at(&self, now: &str, forge: &Value) -> Verdict {
        let sides = (&*self.base, &*self.head);
        let output = self.repository.judge_at(seconds(now), sides, forge, "json");
        Verdict::read(&output)
    }
}

fn approved_by(who: &[&str]) -> Value {
    let reviews: Vec<Value> = who
        .iter()
        .map(|it| json!({"by": it, "says": "approved"}))
        .collect();
    json!({"author": "ann", "reviews": reviews})
}

/// The messages of the findings under a rule.
fn messages(verdict: &Verdict, rule: &str) -> Vec<String> {
    let found = verdict.findings().filter(|it| it["rule"] == rule);
    found
        .map(|it| it["message"].as_str().expect("a message").to_owned())
        .collect()
}

const HELD: &str = "deny policies/require-team prod/map.yaml:3";
const WAIVED: &str = "waived policies/require-team prod/map.yaml:3";
/// What the rule for prod asks in these repositories, which nobody meets.
const MISSING: &str = "deny approvals/missing tollgate.yaml:10";

fn both(rules: &str) -> String {
    OVERRIDE.replace("[policies]", rules)
}

#[test]
fn with_two_approvals_it_waives_what_it_names_and_nothing_else() {
    let verdict = change(CONFIG, Some(OVERRIDE), &[]).at(NOW, &approved_by(&["bob", "cho"]));
    assert_eq!(verdict.lines(), [MISSING, WAIVED, "refuse"]);
    let waived: Vec<&Value> = verdict
        .findings()
        .filter(|it| !it["disposition"].is_null())
        .collect();
    assert_eq!(waived.len(), 1, "{waived:#?}");
    assert_eq!(waived[0]["rule"], "policies/require-team");
    let waiver = &waived[0]["disposition"]["waived"];
    assert_eq!(waiver["by"], "override");
    assert_eq!(waiver["id"], "INC-1234");
    assert_eq!(waiver["owner"], "bob, cho");
    assert_eq!(waiver["until"], seconds("2026-03-01T05:00:00Z"));
    assert_eq!(waiver["place"]["path"], FILE);

    let all = both("[policies, approvals]");
    let verdict = change(CONFIG, Some(&all), &[]).at(NOW, &approved_by(&["bob", "cho"]));
    assert_eq!(
        verdict.lines(),
        [
            "waived approvals/missing tollgate.yaml:10",
            WAIVED,
            "override"
        ]
    );
    assert_eq!(verdict.exit, 0);
    let notes = messages(&verdict, "control-plane/override");
    assert_eq!(
        notes,
        [
            "OVERRIDE INC-1234 is in force until 2026-03-01T05:00:00Z: approved by bob, cho; it may waive policies, approvals for prod; to take the change back: revert this pull request"
        ]
    );
}

#[test]
fn what_belongs_to_no_environment_can_be_named_by_no_override() {
    let all = both("[policies, approvals]");
    let more = [
        ("other/kustomization.yaml", "resources: [map.yaml]\n"),
        ("other/map.yaml", &*config_map("new")),
    ];
    let verdict = change(CONFIG, Some(&all), &more).at(NOW, &approved_by(&["bob", "cho"]));
    let held: Vec<String> = verdict.lines();
    assert!(held.contains(&MISSING.to_owned()), "{held:?}");
    assert!(held.contains(&WAIVED.to_owned()), "{held:?}");
    assert_eq!(verdict.decision(), "refuse");
}

#[test]
fn what_base_has_too_needs_no_override() {
    let (before, _) = CONFIG.split_once("approvals:").expect("approvals");
    let (_, after) = CONFIG.split_once("override:").expect("an override");
    let config = format!("{before}override:{after}").replace("known: hold", "known: report");
    let verdict = change(&config, Some(OVERRIDE), &[]).at(NOW, &approved_by(&["bob", "cho"]));
    assert_eq!(verdict.lines(), [WAIVED, "admit"]);
    let notes = messages(&verdict, "control-plane/override");
    assert!(
        notes.iter().any(|it| it.contains("waives nothing")),
        "{notes:?}"
    );
}

/// Everything about approvals that keeps it out of force.
#[test]
fn approvals_that_do_not_count_leave_it_out_of_force() {
    let all = both("[policies, approvals]");
    let change = change(CONFIG, Some(&all), &[]);
    let why = |forge: Value| {
        let verdict = change.at(NOW, &forge);
        assert_eq!(verdict.decision(), "refuse", "{forge}");
        let [message] = messages(&verdict, "control-plane/override-unapproved")
            .try_into()
            .unwrap_or_else(|it| panic!("{forge}: {it:?}"));
        let prefix = "the override of INC-1234 is not in force: ";
        message.strip_prefix(prefix).expect("a reason").to_owned()
    };
    assert_eq!(
        why(approved_by(&["bob"])),
        "has 1 of 2 approvals of oncall: bob counts"
    );
    assert_eq!(
        why(approved_by(&["bob", "bob#12"])),
        "has 1 of 2 approvals of oncall: bob counts",
        "one account twice"
    );
    assert_eq!(
        why(approved_by(&["bob", "eve"])),
        "has 1 of 2 approvals of oncall: bob counts; eve does not: is not in `oncall`"
    );
    assert_eq!(
        why(
            json!({"author": "bob", "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}]})
        ),
        "has 1 of 2 approvals of oncall: cho counts; bob does not: opened the request"
    );
    assert_eq!(
        why(
            json!({"author": "ann", "last_pusher": "cho", "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}]})
        ),
        "has 1 of 2 approvals of oncall: bob counts; cho does not: pushed the newest commit"
    );
    assert_eq!(
        why(
            json!({"author": "ann", "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved", "of": "0123456789abcdef"}]})
        ),
        "has 1 of 2 approvals of oncall: bob counts; cho does not: approved the older commit 0123456789"
    );
    assert_eq!(
        why(json!({"author": "ann", "reviews": [
            {"by": "bob", "says": "approved"},
            {"by": "cho", "says": "approved"},
            {"by": "eve", "says": "changes-requested"}
        ]})),
        "eve asks for changes"
    );
    assert_eq!(
        why(json!({"author": "ann", "reviews": [
            {"by": "bob", "says": "approved"},
            {"by": "dee", "says": "changes-requested"},
            {"by": "eve", "says": "changes-requested"}
        ]})),
        "has 1 of 2 approvals of oncall: bob counts; dee does not: asks for changes; eve does not: asks for changes"
    );
}

/// Whatever other approvals may be.
#[test]
fn approvals_of_an_override_are_always_of_people_and_of_the_commit() {
    let config = CONFIG
        .replace(
            "approvals:\n",
            "approvals:\n  defaults: {bind: pull_request, bots: true, changes_requested: ignore}\n",
        )
        .replace("dee]", "\"renovate[bot]\"]")
        .replace("count: 3", "count: 2");
    let change = change(&config, Some(OVERRIDE), &[]);
    let unapproved = |forge: Value| {
        let verdict = change.at(NOW, &forge);
        assert_eq!(verdict.decision(), "refuse");
        assert!(
            messages(&verdict, "approvals/missing").is_empty(),
            "the rule itself is met"
        );
        messages(&verdict, "control-plane/override-unapproved")
    };
    for (forge, why) in [
        (
            json!({"author": "ann", "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved", "of": "0123456789abcdef"}]}),
            "has 1 of 2 approvals of oncall: bob counts; cho does not: approved the older commit 0123456789",
        ),
        (
            approved_by(&["bob", "renovate[bot]"]),
            "has 1 of 2 approvals of oncall: bob counts; renovate[bot] does not: is no person",
        ),
        (
            json!({"author": "ann", "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}, {"by": "eve", "says": "changes-requested"}]}),
            "eve asks for changes",
        ),
    ] {
        let want = format!("the override of INC-1234 is not in force: {why}");
        assert_eq!(unapproved(forge), [want]);
    }
}

#[test]
fn what_nobody_can_tell_leaves_it_out_of_force_and_the_verdict_undecided() {
    let all = both("[policies, approvals]");
    let change = change(CONFIG, Some(&all), &[]);
    for forge in [
        json!({"author": "ann", "reviews": "unknown"}),
        json!({"author": "ann", "request": "unknown"}),
        // An approver may have written the commits.
        json!({"author": "ann", "commits": "unknown", "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}]}),
        json!({"author": "ann", "contributors": ["x@example.com"], "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}]}),
        json!({"author": "ann", "permissions": {"cho": "unknown"}, "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}]}),
        json!({"author": "ann", "permissions": {"eve": "unknown"}, "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}, {"by": "eve", "says": "changes-requested"}]}),
    ] {
        let verdict = change.at(NOW, &forge);
        let unsure: Vec<&Value> = verdict
            .unsure()
            .filter(|it| it["subject"] == FILE)
            .collect();
        assert!(!unsure.is_empty(), "{forge}: {:?}", verdict.lines());
        let why = unsure[0]["why"].as_str().expect("a reason");
        assert!(
            why.starts_with("whether the override of INC-1234 is approved: "),
            "{why}"
        );
        assert!(
            verdict.findings().all(|it| it["disposition"].is_null()),
            "{forge}"
        );
        assert_ne!(verdict.exit, 0);
    }
}

#[test]
fn it_is_for_one_change_and_for_a_few_hours() {
    let all = both("[policies, approvals]");
    let forge = approved_by(&["bob", "cho"]);
    let first = change(CONFIG, Some(&all), &[]);
    // Until the second in which it ends, and not in that one.
    assert_eq!(
        first.at("2026-03-01T04:59:59Z", &forge).decision(),
        "override"
    );
    for moment in ["2026-03-01T05:00:00Z", "2026-03-09T00:00:00Z"] {
        let verdict = first.at(moment, &forge);
        assert_eq!(
            verdict.lines(),
            [
                MISSING,
                &format!("deny control-plane/override-expired {FILE}:6"),
                HELD,
                "refuse"
            ]
        );
    }
    // Nor more than `max_ttl` before it ends.
    assert_eq!(
        first.at("2026-03-01T01:00:00Z", &forge).decision(),
        "override"
    );
    let early = first.at("2026-03-01T00:59:59Z", &forge);
    assert_eq!(
        messages(&early, "control-plane/override-invalid"),
        [
            "this override waives nothing: it would last until 2026-03-01T05:00:00Z, and an override lasts 4h at most"
        ]
    );

    // The next change: BASE has the file.
    let repository = first.repository;
    let map = config_map("newer");
    repository.write("prod/map.yaml", &map);
    let second = Change {
        base: first.head,
        head: repository.commit("second use"),
        repository,
    };
    let verdict = second.at(NOW, &forge);
    assert_eq!(verdict.lines(), [MISSING, HELD, "refuse"]);
    assert!(verdict.findings().all(|it| it["disposition"].is_null()));
    assert_eq!(
        messages(&verdict, "control-plane/override"),
        [
            "the override of INC-1234 was for the change that brought it, and waives nothing in another one"
        ]
    );
    // Every change is held when it has ended, also one that has nothing to do with it.
    let repository = second.repository;
    let harmless = Change {
        base: second.head,
        head: repository.write("README.md", "hello\n").commit("harmless"),
        repository,
    };
    let lines = harmless.at("2026-03-02T00:00:00Z", &forge).lines();
    assert_eq!(
        lines,
        [
            &format!("deny control-plane/override-expired {FILE}:6"),
            "refuse"
        ]
    );
    // Until it is removed.
    let repository = harmless.repository;
    let removed = Change {
        base: harmless.head,
        head: repository.delete(FILE).commit("removed"),
        repository,
    };
    assert_eq!(
        removed.at("2026-03-02T00:00:00Z", &forge).lines(),
        ["admit"]
    );
}

#[test]
fn every_environment_that_it_is_to_let_through_is_named() {
    let forge = approved_by(&["bob", "cho"]);
    // Approvals are of the change as a whole, and it reaches dev as well.
    let dev = [("dev/map.yaml", config_map("new"))];
    let dev: Vec<(&str, &str)> = dev.iter().map(|it| (it.0, it.1.as_str())).collect();
    let all = both("[policies, approvals]");
    let waived = |verdict: &Verdict| -> Vec<String> {
        let found = verdict.findings().filter(|it| !it["disposition"].is_null());
        let mut subjects: Vec<String> = found
            .map(|it| it["subject"].as_str().expect("a subject").to_owned())
            .collect();
        subjects.sort();
        subjects
    };
    let verdict = change(CONFIG, Some(&all), &dev).at(NOW, &forge);
    assert_eq!(verdict.decision(), "refuse");
    assert_eq!(waived(&verdict), ["prod: ConfigMap web (prod)"]);
    let named = all.replace("[prod]", "[dev, prod]");
    let verdict = change(CONFIG, Some(&named), &dev).at(NOW, &forge);
    assert_eq!(verdict.decision(), "override");
    assert_eq!(
        waived(&verdict),
        [
            "approval rule `prod`",
            "dev: ConfigMap web (dev)",
            "prod: ConfigMap web (prod)"
        ]
    );
}

#[test]
fn the_rules_are_changed_by_their_owners_in_an_emergency_too() {
    let all = both("[policies, approvals]");
    let policy = POLICY.replace("who owns", "who runs");
    let more = [("policies/require-team.yaml", policy.as_str())];
    let verdict = change(CONFIG, Some(&all), &more).at(NOW, &approved_by(&["bob", "cho"]));
    assert_eq!(
        verdict.lines(),
        [
            MISSING,
            "deny control-plane/rides-along policies/require-team.yaml:1",
            WAIVED,
            "refuse"
        ]
    );
    let missing = verdict
        .findings()
        .find(|it| it["rule"] == "approvals/missing");
    assert!(missing.expect("it stands")["disposition"].is_null());
}

/// The file itself is none of the rules, wherever the configuration wants it.
#[test]
fn an_override_rides_with_its_change() {
    let config = CONFIG.replace(
        ".tollgate/overrides/*.yaml",
        ".github/workflows/override-*.yaml",
    );
    let all = both("[policies, approvals]");
    let at = ".github/workflows/override-1.yaml";
    let forge = approved_by(&["bob", "cho"]);
    let verdict = change(&config, None, &[(at, &all)]).at(NOW, &forge);
    assert_eq!(
        verdict.lines(),
        [
            "waived approvals/missing tollgate.yaml:10",
            WAIVED,
            "override"
        ]
    );
    // What is no override is what it is.
    let verdict = change(&config, None, &[(at, "on: push\n")]).at(NOW, &forge);
    let lines = verdict.lines();
    assert!(
        lines.contains(&format!("deny control-plane/rides-along {at}:1")),
        "{lines:?}"
    );
    assert!(
        lines.contains(&format!("deny control-plane/override-invalid {at}:1")),
        "{lines:?}"
    );
}

/// In place of a file that decides it is a change of the rules.
#[test]
fn an_override_takes_the_place_of_no_rule() {
    let config = CONFIG.replace(".tollgate/overrides/*.yaml", "{.github/**,CODEOWNERS}");
    let all = both("[policies, approvals]");
    let forge = approved_by(&["bob", "cho"]);
    for (path, there) in [
        ("CODEOWNERS", true),
        (".github/CODEOWNERS", false),
        (".github/workflows/gate.yaml", true),
    ] {
        let repository = Repository::new();
        repository
            .write("tollgate.yaml", &config)
            .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
            .write("prod/map.yaml", &config_map("old"))
            .write("CODEOWNERS", "* @bob\n");
        if there {
            repository.write(path, "on: push\n");
        }
        let base = repository.commit("base");
        repository.write("prod/map.yaml", &config_map("new"));
        let head = repository.write(path, &all).commit("head");
        let it = Change {
            repository,
            base,
            head,
        };
        let lines = it.at(NOW, &forge).lines();
        let rides = format!("deny control-plane/rides-along {path}:1");
        assert!(lines.contains(&rides), "{path}: {lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("refuse"));
    }
}

#[test]
fn with_a_mistake_it_asks_for_nothing() {
    let forge = approved_by(&["bob", "cho", "dee"]);
    for (from, to) in [
        ("[policies]", "[policies, renders]"),
        ("[policies]", "[images]"),
        ("[prod]", "[production]"),
        ("rollback_plan", "rollback"),
        ("the shop answers 500 to everybody", "it is broken"),
    ] {
        let text = OVERRIDE.replace(from, to);
        let verdict = change(CONFIG, Some(&text), &[]).at(NOW, &forge);
        let invalid = messages(&verdict, "control-plane/override-invalid");
        assert!(!invalid.is_empty(), "{to}");
        assert_eq!(verdict.decision(), "refuse", "{to}");
        assert!(
            verdict.findings().all(|it| it["disposition"].is_null()),
            "{to}"
        );
    }
    let linked = change(CONFIG, None, &[("elsewhere.yaml", OVERRIDE)]);
    let folder = linked.repository.path().join(".tollgate/overrides");
    std::fs::create_dir_all(&folder).expect("folders");
    std::os::unix::fs::symlink("../../elsewhere.yaml", folder.join("INC-1234.yaml"))
        .expect("a link");
    let linked = Change {
        head: linked.repository.commit("a link"),
        ..linked
    };
    assert_eq!(
        messages(&linked.at(NOW, &forge), "control-plane/override-invalid"),
        ["this override waives nothing: it is a link, and only a file is read"]
    );
}

#[test]
fn one_that_was_not_needed_says_so() {
    let forge = approved_by(&["bob", "cho", "dee"]);
    let config = CONFIG.replace("enforce,", "audit,");
    let verdict = change(&config, Some(OVERRIDE), &[]).at(NOW, &forge);
    assert_eq!(
        verdict.lines(),
        ["warn policies/require-team prod/map.yaml:3", "admit"]
    );
    let notes = messages(&verdict, "control-plane/override");
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes.contains(
            &"the override of INC-1234 waives nothing: nothing that it names holds the change"
                .to_owned()
        )
    );
}

/// What is no configuration for overrides makes no file one.
#[test]
fn without_a_configuration_there_is_none() {
    let (config, _) = CONFIG.split_once("override:").expect("a section");
    let verdict = change(config, Some(OVERRIDE), &[]).at(NOW, &approved_by(&["bob", "cho", "dee"]));
    assert_eq!(verdict.lines(), [HELD, "refuse"]);
}

/// The clock of `check` is that of the machine.
#[test]
fn check_judges_by_its_own_clock() {
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let until = |hours: i64| {
        let seconds = i64::try_from(now.as_secs()).expect("a time") + hours * 3_600;
        let moment = chrono::DateTime::from_timestamp(seconds, 0).expect("a moment");
        both("[policies, approvals]").replace("2026-03-01T05:00:00Z", &moment.to_rfc3339())
    };
    for (hours, decision) in [(2, "override"), (-2, "refuse"), (9, "refuse")] {
        let it = change(CONFIG, Some(&until(hours)), &[]);
        let forge = approved_by(&["bob", "cho"]);
        let verdict = it.repository.check_with_forge(&it.base, &it.head, &forge);
        assert_eq!(
            verdict.decision(),
            decision,
            "{hours} h: {:?}",
            verdict.lines()
        );
    }
    // Without a forge nobody can have approved it.
    let it = change(CONFIG, Some(&until(2)), &[]);
    let verdict = it.repository.check(&it.base, &it.head);
    assert!(verdict.lines().contains(&format!("undecided {FILE}")));
    let output = tollgate(
        it.repository.path(),
        &["check", "--base", &it.base, "--working-tree"],
    );
    assert_ne!(output.status.code(), Some(0));
}

/// Whoever reads any report sees that no gate admitted the change, by whom it was let through, and
/// until when.
#[test]
fn every_report_says_override() {
    let all = both("[policies, approvals]");
    let it = change(CONFIG, Some(&all), &[]);
    let forge = approved_by(&["bob", "cho"]);
    for reporter in tollgate::reporters::REPORTERS {
        let format = reporter.name();
        let sides = (&*it.base, &*it.head);
        let output = it.repository.judge_at(seconds(NOW), sides, &forge, format);
        assert_eq!(output.status.code(), Some(0), "{format}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // YAML folds lines, and Markdown shows what others wrote as code.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.replace('`', "");
        if format == "prometheus" {
            assert!(
                text.contains("tollgate_decision{decision=\"override\"} 1"),
                "{text}"
            );
            continue;
        }
        if format == "json" {
            let value: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(value["decision"], "override");
            assert_eq!(value["counts"]["waived"], 2);
            continue;
        }
        let by = "INC-1234, approved by bob, cho, until 2026-03-01T05:00:00Z: the shop answers";
        let verdict = "OVERRIDE: admitted by an emergency override, not by its gates (INC-1234, ";
        assert!(text.contains(by), "{format}: {text}");
        assert!(
            text.contains(verdict) || format == "json",
            "{format}: {text}"
        );
    }
}

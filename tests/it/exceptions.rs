//! Exceptions of BASE, through the binary: what they waive, and what changes them.

use crate::support::{Repository, Verdict, tollgate};
use chrono::{Days, Utc};
use serde_json::json;

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-team
spec:
  rules:
    - name: label
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: who owns it must be said
        pattern: {metadata: {labels: {team: \"?*\"}}}
";

const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [dev], enforcement: enforce, known: hold}
  prod: {overlays: [prod], enforcement: strict, known: hold}
policies: {coverage: {min_rules: 0%}}
";

/// Whose consent it takes to change the rules.
const CONSENT: &str = "groups: {platform: {users: [bob, cho]}}
approvals:
  rules:
    - {name: rules, when: {control_plane: true}, require: {count: 1, from: [platform]}}
    - {name: others, when: {any: true}, require: {count: 1}}
";

/// A day from today on, as people write it.
pub(crate) fn day(ahead: u64) -> String {
    let day = Utc::now().date_naive() + Days::new(ahead);
    day.format("%Y-%m-%d").to_string()
}

fn map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: {value}}}\n")
}

/// Two environments with a map that breaks the policy of BASE.
fn repository() -> Repository {
    let repository = Repository::new();
    for environment in ["dev", "prod"] {
        repository
            .write(
                &format!("{environment}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(&format!("{environment}/map.yaml"), &map("web", "b"));
    }
    repository
        .write("policies/require-team.yaml", POLICY)
        .write("tollgate.yaml", CONFIG);
    repository
}

/// One entry of the file.
fn exception(id: &str, subject: &str, expires: &str) -> String {
    format!(
        "  - id: {id}
    rule: policies/require-team
    subject: {subject}
    reason: moves out in winter
    owner: platform
    expires: {expires}
"
    )
}

fn file(entries: &[String]) -> String {
    format!("version: 1\nexceptions:\n{}", entries.concat())
}

const PATH: &str = ".tollgate/exceptions.yaml";

/// Change both maps and judge.
fn change_both(repository: &Repository, base: &str) -> (String, Verdict) {
    for environment in ["dev", "prod"] {
        repository.write(&format!("{environment}/map.yaml"), &map("web", "other"));
    }
    let head = repository.commit("head");
    let verdict = repository.check(base, &head);
    (head, verdict)
}

/// Subject and whose exception waives it, for each finding of the policy.
fn waived(verdict: &Verdict) -> Vec<(String, Option<String>)> {
    let text = |it: &serde_json::Value| it.as_str().map(str::to_owned);
    let findings = verdict.findings();
    let mut waived: Vec<_> = findings
        .filter(|it| it["rule"] == "policies/require-team")
        .map(|it| {
            let id = text(&it["disposition"]["waived"]["id"]);
            (text(&it["subject"]).expect("a subject"), id)
        })
        .collect();
    waived.sort();
    waived
}

#[test]
fn an_exception_of_base_waives_what_it_covers_and_stays_visible() {
    let repository = repository();
    let prod = exception(
        "legacy",
        "{environment: prod, kind: ConfigMap, name: web}",
        &day(10),
    );
    repository.write(PATH, &file(&[prod]));
    let base = repository.commit("base");
    let (head, verdict) = change_both(&repository, &base);
    let id = Some("legacy".to_owned());
    assert_eq!(
        waived(&verdict),
        [
            ("dev: ConfigMap web (dev)".to_owned(), None),
            ("prod: ConfigMap web (prod)".to_owned(), id.clone()),
        ]
    );
    assert_eq!((verdict.exit, verdict.decision()), (1, "refuse"));

    // The other finding to the letter, under another name.
    let other = exception("dev-too", "\"dev: ConfigMap web (dev)\"", &day(1));
    repository.write(
        PATH,
        &std::fs::read_to_string(repository.path().join(PATH))
            .map(|it| it + &other)
            .expect("a file"),
    );
    for environment in ["dev", "prod"] {
        repository.write(&format!("{environment}/map.yaml"), &map("web", "b"));
    }
    let base = repository.commit("base");
    let (again, verdict) = change_both(&repository, &base);
    assert_ne!(head, again);
    assert_eq!(
        (verdict.exit, verdict.decision()),
        (0, "admit"),
        "{:?}",
        verdict.lines()
    );
    assert_eq!(waived(&verdict)[1].1, id);

    let arguments = ["check", "--base", &base, "--head", &again];
    let mut outputs = Vec::new();
    for (format, shown) in [
        ("human", "exception legacy of platform until"),
        ("markdown", "exception legacy of platform until"),
        ("github", "legacy"),
        ("sarif", "moves out in winter"),
        ("junit", "moves out in winter"),
        ("tap", "moves out in winter"),
        ("openreports", "legacy"),
        ("gitlab", "moves out in winter"),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--format", format, "--facts-out", "facts.json"]);
        let checked = tollgate(repository.path(), &arguments);
        let text = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(text.contains(shown), "{format}: {text}");
        let replay = ["replay", "facts.json", "--format", format];
        let replayed = tollgate(repository.path(), &replay);
        assert_eq!(replayed.stdout, checked.stdout, "{format}");
        assert_eq!(replayed.status, checked.status);
        outputs.push(text);
    }
    assert!(outputs[0].contains("2 findings waived"), "{}", outputs[0]);
    assert!(outputs[0].contains("moves out in winter"), "{}", outputs[0]);
}

#[test]
fn a_change_cannot_except_itself() {
    let repository = repository();
    let base = repository.commit("base");
    let any = exception("mine", "{kind: ConfigMap, name: web}", &day(30));
    repository.write(PATH, &file(&[any]));
    let (_, verdict) = change_both(&repository, &base);
    assert!(waived(&verdict).iter().all(|it| it.1.is_none()));
    assert_eq!(verdict.decision(), "refuse");
    let lines = verdict.lines();
    for line in [
        "deny control-plane/weakened .tollgate/exceptions.yaml:3",
        "deny control-plane/rides-along .tollgate/exceptions.yaml:1",
        "deny policies/require-team prod/map.yaml:3",
    ] {
        assert!(lines.iter().any(|it| it == line), "{line}: {lines:?}");
    }
}

#[test]
fn to_except_takes_the_consent_of_those_who_answer_for_the_rules() {
    let repository = repository();
    repository.write("tollgate.yaml", &format!("{CONFIG}{CONSENT}"));
    let subject = "{kind: ConfigMap, name: web-*}";
    let old = exception("old", subject, &day(30));
    repository.write(PATH, &file(&[old]));
    let base = repository.commit("base");
    let asks = |entries: &[String]| {
        repository.write(PATH, &file(entries));
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        let mut weakened: Vec<String> = verdict
            .findings()
            .filter(|it| it["rule"] == "control-plane/weakened")
            .map(|it| it["message"].as_str().expect("a message").to_owned())
            .collect();
        weakened.sort();
        (head, weakened)
    };
    let until = |ahead: u64| format!("until {}T00:00:00Z", day(ahead + 1));
    for (entries, want) in [
        (
            vec![exception("old", "{kind: ConfigMap, name: web-1}", &day(30))],
            None,
        ),
        (
            vec![exception(
                "renamed",
                "{environment: dev, kind: ConfigMap, namespace: x, name: web-*}",
                &day(3),
            )],
            None,
        ),
        (
            vec![exception("old", subject, &day(31))],
            Some(format!(
                "exception `old` holds longer: it would waive `policies/require-team` for ConfigMap web-* in every environment {}",
                until(31)
            )),
        ),
        (
            vec![exception("old", "{kind: ConfigMap, name: web*}", &day(30))],
            Some(format!(
                "exception `old` is for something else: it would waive `policies/require-team` for ConfigMap web* in every environment {}",
                until(30)
            )),
        ),
        (
            vec![
                exception("old", subject, &day(30)),
                exception("new", "\"prod: ConfigMap web (prod)\"", &day(2)),
            ],
            Some(format!(
                "exception `new` is added: it would waive `policies/require-team` for `prod: ConfigMap web (prod)` {}",
                until(2)
            )),
        ),
    ] {
        let (_, weakened) = asks(&entries);
        assert_eq!(weakened, Vec::from_iter(want), "{entries:?}");
    }
    let (head, _) = asks(&[exception("old", subject, &day(60))]);
    let agreed = json!({"author": "ann", "reviews": [{"by": "bob", "says": "approved"}]});
    let verdict = repository.check_with_forge(&base, &head, &agreed);
    assert_eq!(
        verdict.lines(),
        [
            "warn control-plane/changed .tollgate/exceptions.yaml:1",
            "warn control-plane/weakened .tollgate/exceptions.yaml:3",
            "admit"
        ]
    );
    repository.delete(PATH);
    let head = repository.commit("none left");
    let verdict = repository.check_with_forge(&base, &head, &agreed);
    assert_eq!(
        verdict.lines(),
        [
            "warn control-plane/changed .tollgate/exceptions.yaml:1",
            "admit"
        ]
    );
}

#[test]
fn an_exception_ends_and_whoever_relied_on_it_is_told() {
    let repository = repository();
    let of = |id: &str, expires: &str| exception(id, "{kind: ConfigMap, name: web}", expires);
    repository.write(
        PATH,
        &file(&[of("gone", "2025-06-30"), of("far", &day(91))]),
    );
    let base = repository.commit("base");
    let (_, verdict) = change_both(&repository, &base);
    assert!(waived(&verdict).iter().all(|it| it.1.is_none()));
    let told: Vec<&str> = verdict
        .findings()
        .filter(|it| it["rule"] == "policies/require-team")
        .filter_map(|it| it["help"].as_str())
        .collect();
    let gone = "exception `gone` of platform ran out on 2025-07-01T00:00:00Z";
    assert_eq!(told, [gone, gone]);
    let lines = verdict.lines();
    for line in [
        "warn control-plane/exception-expired .tollgate/exceptions.yaml:3",
        "warn control-plane/exception-too-long .tollgate/exceptions.yaml:9",
    ] {
        assert!(lines.iter().any(|it| it == line), "{line}: {lines:?}");
    }
    // The longest one that can be.
    let repository = self::repository();
    repository.write(PATH, &file(&[of("near", &day(90))]));
    let base = repository.commit("base");
    let (_, verdict) = change_both(&repository, &base);
    assert_eq!(verdict.decision(), "admit", "{:?}", verdict.lines());
}

#[test]
fn a_file_with_a_mistake_waives_nothing_and_holds_only_who_touches_it() {
    let repository = repository();
    let good = file(&[exception(
        "legacy",
        "{kind: ConfigMap, name: web}",
        &day(10),
    )]);
    let broken = good.replace("owner: platform", "owners: platform");
    repository.write(PATH, &broken);
    let base = repository.commit("base");
    let levels = |verdict: &Verdict| -> Vec<String> {
        let lines = verdict.lines().into_iter();
        lines.filter(|it| it.contains("waiver-file")).collect()
    };
    let at = |level: &str, line: u32| {
        format!("{level} control-plane/waiver-file .tollgate/exceptions.yaml:{line}")
    };
    let (_, verdict) = change_both(&repository, &base);
    assert!(waived(&verdict).iter().all(|it| it.1.is_none()));
    assert_eq!(levels(&verdict), [at("warn", 3), at("warn", 7)]);

    let repository = self::repository();
    repository.write(PATH, &broken);
    let base = repository.commit("base");
    repository.write("README.md", "x");
    let head = repository.commit("elsewhere");
    let verdict = repository.check(&base, &head);
    assert_eq!(verdict.decision(), "admit", "{:?}", verdict.lines());
    repository.write(PATH, &format!("{broken}# touched\n"));
    let head = repository.commit("touched");
    let verdict = repository.check(&base, &head);
    assert_eq!(levels(&verdict), [at("deny", 3), at("deny", 7)]);
    assert_eq!(verdict.decision(), "refuse");

    // Mended: everything in it is new.
    let repository = self::repository();
    repository
        .write(PATH, &broken)
        .write("tollgate.yaml", &format!("{CONFIG}{CONSENT}"));
    let base = repository.commit("base");
    repository.write(PATH, &good);
    let head = repository.commit("mended");
    let agreed = json!({"author": "ann", "reviews": [{"by": "bob", "says": "approved"}]});
    let verdict = repository.check_with_forge(&base, &head, &agreed);
    assert_eq!(verdict.decision(), "admit", "{:?}", verdict.lines());
    assert_eq!(levels(&verdict), [at("warn", 3), at("warn", 7)]);
    assert!(
        verdict
            .lines()
            .iter()
            .any(|it| it.contains("control-plane/weakened"))
    );
}

#[cfg(unix)]
#[test]
fn a_link_is_no_file_with_exceptions() {
    let repository = repository();
    let good = file(&[exception(
        "legacy",
        "{kind: ConfigMap, name: web}",
        &day(10),
    )]);
    repository.write("docs/notes.yaml", &good);
    std::fs::create_dir(repository.path().join(".tollgate")).expect("a folder");
    std::os::unix::fs::symlink("../docs/notes.yaml", repository.path().join(PATH)).expect("a link");
    let base = repository.commit("base");
    let (_, verdict) = change_both(&repository, &base);
    assert!(waived(&verdict).iter().all(|it| it.1.is_none()));
    let lines = verdict.lines();
    let line = "warn control-plane/waiver-file .tollgate/exceptions.yaml:1";
    assert!(lines.iter().any(|it| it == line), "{lines:?}");
}

#[test]
fn two_exceptions_never_add_up_and_generated_names_are_met() {
    let repository = Repository::new();
    let made =
        |value: &str| format!("configMapGenerator: [{{name: web, literals: [a={value}]}}]\n");
    repository
        .write("prod/kustomization.yaml", &made("b"))
        .write("policies/require-team.yaml", POLICY)
        .write("tollgate.yaml", CONFIG);
    let judged = |entries: &[String]| {
        repository.write("prod/kustomization.yaml", &made("b"));
        repository.write(PATH, &file(entries));
        let base = repository.commit("base");
        repository.write("prod/kustomization.yaml", &made("other"));
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        waived(&verdict).pop().expect("a finding").1
    };
    // Environment by one, name by the other: neither covers the finding.
    let none = judged(&[
        exception(
            "place",
            "{environment: prod, kind: ConfigMap, name: other}",
            &day(9),
        ),
        exception(
            "name",
            "{environment: dev, kind: ConfigMap, name: web-*}",
            &day(9),
        ),
    ]);
    assert_eq!(none, None);
    let star = judged(&[exception(
        "generated",
        "{environment: prod, kind: ConfigMap, name: web-*}",
        &day(9),
    )]);
    assert_eq!(star, Some("generated".to_owned()));
    assert_eq!(
        judged(&[exception("exact", "{kind: ConfigMap, name: web}", &day(9))]),
        None
    );
}

#[test]
fn editors_get_a_schema_of_the_file() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let printed = tollgate(folder.path(), &["schema", "exceptions"]);
    let schema: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(schema["title"], "exceptions.yaml");
    let required = &schema["$defs"]["Exception"]["required"];
    assert_eq!(
        *required,
        json!(["id", "rule", "subject", "reason", "owner", "expires"])
    );
    let same = tollgate(folder.path(), &["schema", "configuration"]);
    assert_eq!(same.stdout, tollgate(folder.path(), &["schema"]).stdout);
}

/// Threat row A2, and the rule that what could not be evaluated never passes.
#[test]
fn what_could_not_be_evaluated_is_waived_by_nothing() {
    let repository = repository();
    let policy = POLICY.replace(
        "\"?*\"",
        "\"{{ request.object.metadata.annotations.nothing }}\"",
    );
    assert_ne!(policy, POLICY);
    let every = exception("every", "{kind: ConfigMap, name: web}", &day(10));
    repository
        .write("policies/require-team.yaml", &policy)
        .write(PATH, &file(&[every]));
    let base = repository.commit("base");
    let (_, verdict) = change_both(&repository, &base);
    assert_eq!((verdict.exit, verdict.decision()), (3, "undecided"));
    let open: Vec<&str> = verdict
        .unsure()
        .filter_map(|it| it["subject"].as_str())
        .collect();
    assert_eq!(
        open,
        ["dev: ConfigMap web (dev)", "prod: ConfigMap web (prod)"],
        "under enforce as under strict"
    );
    assert_eq!(waived(&verdict), []);
}

#[test]
fn a_policy_that_is_called_like_a_rule_of_ours_is_told_and_excepted_under_a_name_of_its_own() {
    for name in ["preview", "built-in", "unreadable", "namespace"] {
        let of = |rule: &str| {
            let repository = repository();
            repository.write(
                "policies/require-team.yaml",
                &POLICY.replace("require-team", name),
            );
            let entry = exception("legacy", "\"prod: ConfigMap web (prod)\"", &day(10));
            let entry = entry.replace("policies/require-team", rule);
            repository.write(PATH, &file(&[entry]));
            let base = repository.commit("base");
            let (_, verdict) = change_both(&repository, &base);
            let told: Vec<(String, bool)> = verdict
                .findings()
                .filter(|it| it["gate"] == "policies" || it["level"] == "deny")
                .map(|it| {
                    let rule = it["rule"].as_str().unwrap_or_default().to_owned();
                    (rule, it["disposition"]["waived"]["id"] == "legacy")
                })
                .collect();
            told
        };
        let own = format!("policies/policy:{name}");
        assert_eq!(
            of(&format!("policies/{name}")),
            [(own.clone(), false), (own.clone(), false)],
            "{name}"
        );
        assert_eq!(
            of(&own),
            [(own.clone(), false), (own.clone(), true)],
            "{name}"
        );
    }
    let repository = repository();
    let page = |id: &str| {
        let output = tollgate(repository.path(), &["explain", id]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(page("policies/policy:preview"), "### policies/<policy>");
    assert_eq!(page("policies/preview"), "### policies/preview");
}

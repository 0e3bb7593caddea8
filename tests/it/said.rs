//! What a report tells whom: much of what holds the change, little of the rest.

use crate::support::{Repository, command, tollgate};
use tollgate::{
    exit,
    finding::{Disposition, Finding, Level, WaivedBy, Waiver},
    gates::{Cause, Checked, Examined, Unsure},
    model::{Place, Side},
    reporters::{Detail, Look, Report, named},
    verdict::{ChangeSummary, EnvironmentSummary, Verdict},
};

fn written(format: &str, verdict: &Verdict, detail: Detail) -> String {
    let report = Report {
        verdict,
        exit_code: exit::of(verdict),
        look: Look::default(),
        detail,
    };
    let mut out = Vec::new();
    let reporter = named(format).expect("a format");
    reporter.write(&report, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn verdict(mut examined: Examined, change: ChangeSummary) -> Verdict {
    examined.subjects.push(Checked {
        subject: "prod: Pod web".into(),
        checks: 1,
    });
    let records = vec![("policies".to_owned(), "t".to_owned(), examined)];
    Verdict::weigh(records, Vec::new(), change)
}

fn place(path: &str, line: u32) -> Place {
    Place {
        line,
        end_line: line,
        text: "image: web".to_owned(),
        end_column: 6,
        ..Place::file(path, Side::Head)
    }
}

fn finding(level: Level, rule: &str, subject: &str, at: &Place) -> Finding {
    let message = format!("{rule} is not kept");
    Finding::new(level, format!("policies/{rule}"), subject, message).label(Some(at), "set here")
}

#[test]
fn findings_at_one_place_are_one_block() {
    let at = place("base/web.yaml", 7);
    let mut examined = Examined::default();
    for rule in ["limits", "tag"] {
        let subject = "prod: Pod web (apps/web)";
        examined
            .findings
            .push(finding(Level::Deny, rule, subject, &at));
    }
    let elsewhere = "prod: Pod api (apps/api)";
    examined
        .findings
        .push(finding(Level::Deny, "probes", elsewhere, &at));
    let text = written(
        "human",
        &verdict(examined, ChangeSummary::default()),
        Detail::Quiet,
    );
    assert_eq!(
        text,
        "error[policies/limits]: limits is not kept
error[policies/tag]: tag is not kept
 --> base/web.yaml:7:1
  |
7 | image: web
  | ^^^^^ set here
  |
  = in: prod: Pod web (apps/web)

error[policies/probes]: probes is not kept
 --> base/web.yaml:7:1
  |
7 | image: web
  | ^^^^^ set here
  |
  = in: prod: Pod api (apps/api)

REFUSED: 3 findings hold this change (exit 1)
"
    );
}

#[test]
fn questions_that_one_thing_would_answer_are_one_block_with_a_count() {
    let mut examined = Examined::default();
    for n in 0..2_740 {
        examined.unsure.push(Unsure {
            subject: format!("prod: Pod web-{n:04}").into(),
            why: format!("row {n:04} is not evaluated"),
            needs: "an engine for it".to_owned(),
            cause: Cause::Facts,
        });
    }
    let text = written(
        "human",
        &verdict(examined, ChangeSummary::default()),
        Detail::Quiet,
    );
    assert_eq!(
        text,
        "undecided[policies]: row 0000 is not evaluated
  = in: prod: Pod web-0000
  = also: row 0001 is not evaluated, in prod: Pod web-0001
  = also: row 0002 is not evaluated, in prod: Pod web-0002
  = also: row 0003 is not evaluated, in prod: Pod web-0003
  = also: 2736 more questions
  = needed: an engine for it

UNDECIDED: 2740 questions could not be decided, which holds this change (exit 3)
"
    );
}

#[test]
fn rows_that_are_not_evaluated_for_one_cause_are_one_with_a_count() {
    let mut examined = Examined::default();
    for n in 0..2_740 {
        let message = format!("p/r on Pod w{n:04}: nothing evaluates it");
        let at = place("tests/kyverno-test.yaml", 3 + n);
        let one = Finding::new(Level::Deny, "policies/row", "tests", message);
        examined.findings.push(
            one.label(Some(&at), "this row")
                .cause("nothing evaluates it"),
        );
    }
    let verdict = verdict(examined, ChangeSummary::default());
    let head = "nothing evaluates it: 2740 in all, first p/r on Pod w0000";
    let human = written("human", &verdict, Detail::Quiet);
    assert_eq!(
        human,
        format!(
            "error[policies/row]: {head}
 --> tests/kyverno-test.yaml:3:1
  |
3 | image: web
  | ^^^^^ this row
  |
  = in: tests
  = also: tests/kyverno-test.yaml:4:1 in tests
  = also: tests/kyverno-test.yaml:5:1 in tests
  = also: tests/kyverno-test.yaml:6:1 in tests
  = also: 2736 more

REFUSED: 2740 findings hold this change (exit 1)
"
        )
    );
    let markdown = written("markdown", &verdict, Detail::Usual);
    assert_eq!(
        markdown.matches("nothing evaluates it").count(),
        1,
        "{markdown}"
    );
    // Machines have each of them.
    let concise = written("concise", &verdict, Detail::Usual);
    assert_eq!(concise.lines().count(), 2741);
}

const VALIDATING: &str = "apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: team}
spec:
  validations: [{expression: \"true\"}]
";

/// The suite of a policy that this program does not evaluate yet: one block, and nothing in it blames the
/// policy.
#[test]
fn a_suite_of_a_kind_that_is_not_built_yet_is_one_block() {
    let repository = Repository::new();
    let suite = "apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: team}
policies: [policy.yaml]
resources: [pods.yaml]
results:
- {policy: team, isValidatingPolicy: true, kind: Pod, result: pass, resources: [a, b, c, d]}
- {policy: team, isValidatingPolicy: true, kind: Pod, result: fail, resources: [e, f, g, h]}
";
    let pod = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n");
    let pods = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .map(pod)
        .join("---\n");
    repository
        .write("apps/prod/kustomization.yaml", "resources: []\n")
        .write("tests/policy.yaml", VALIDATING);
    let base = repository.commit("base");
    repository
        .write("tests/kyverno-test.yaml", suite)
        .write("tests/pods.yaml", &pods);
    let head = repository.commit("head");
    let output = tollgate(
        repository.path(),
        &["check", "--base", &base, "--head", &head, "-q"],
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let rows = text
        .lines()
        .filter(|it| it.starts_with("error[policy-tests/fixture]"));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 1, "{text}");
    assert!(
        rows[0].contains("not evaluated yet: 8 in all, first "),
        "{text}"
    );
    assert!(!text.contains("mend the policy"), "{text}");
}

/// Where no engine evaluates a policy, each environment is told what that means for it, and nobody is told to
/// mend the policy.
#[test]
fn a_policy_that_is_not_built_yet_is_told_as_such() {
    let repository = Repository::new();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
    repository.write("policies/team.yaml", VALIDATING);
    for environment in ["dev", "prod"] {
        let folder = format!("apps/web/{environment}");
        repository
            .write(
                &format!("{folder}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(&format!("{folder}/map.yaml"), map);
    }
    let base = repository.commit("base");
    for environment in ["dev", "prod"] {
        let path = format!("apps/web/{environment}/map.yaml");
        repository.write(&path, &format!("{map}data: {{a: b}}\n"));
    }
    let head = repository.commit("head");
    let check = [
        "check", "--base", &base, "--head", &head, "--format", "concise",
    ];
    let output = tollgate(repository.path(), &check);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let why = "policies of kind ValidatingPolicy are not evaluated yet";
    for environment in ["dev", "prod"] {
        let warning = format!(
            "apps/web/{environment}/map.yaml:1:1: warning policies/team 1 changed resource was not judged: {why} [{environment}: team]"
        );
        assert!(text.contains(&warning), "{text}");
    }
    assert!(!text.contains("mend the policy"), "{text}");

    // A policy that the change brings along was not there to judge before.
    repository.write("policies/team.yaml", &VALIDATING.replace("team", "crew"));
    let path = "apps/web/prod/map.yaml";
    repository.write(path, &format!("{map}data: {{a: c}}\n"));
    let changed = repository.commit("changed");
    let check = [
        "check", "--base", &head, "--head", &changed, "--format", "concise",
    ];
    let output = tollgate(repository.path(), &check);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let question = format!(
        "-: error undecided/policies team: {why} [prod: ConfigMap web (apps/web/prod)]; needed: an engine for it, which is not built yet; nothing is wrong with the policy."
    );
    assert!(text.contains(&question), "{text}");
}

/// A change of one overlay, and much that was there before.
fn crowded() -> Verdict {
    let mut examined = Examined::default();
    let at = |n: u32| place(&format!("apps/a{n:03}/web.yaml"), 3);
    for n in 0..200 {
        let subject = format!("dev: Pod a{n:03}");
        examined
            .findings
            .push(finding(Level::Warn, &format!("w{n:03}"), &subject, &at(n)));
        examined
            .findings
            .push(finding(Level::Note, &format!("n{n:03}"), &subject, &at(n)));
        examined.findings.push(Finding {
            disposition: Disposition::Waived(Waiver {
                by: WaivedBy::Baseline,
                id: String::new(),
                reason: String::new(),
                owner: None,
                until: None,
                place: None,
            }),
            ..finding(Level::Deny, &format!("b{n:03}"), &subject, &at(n))
        });
        examined.subjects.push(Checked {
            subject: subject.into(),
            checks: 1,
        });
    }
    let one = finding(Level::Deny, "tag", "prod: Pod web", &at(0));
    examined.findings.push(one);
    let environment = |n: usize| EnvironmentSummary {
        name: format!("env-{n}"),
        enforcement: "enforce".to_owned(),
        overlays: 20,
        changed_overlays: usize::from(n == 0),
        changed_resources: usize::from(n == 0),
        ..EnvironmentSummary::default()
    };
    let change = ChangeSummary {
        environments: (0..30).map(environment).collect(),
        ..ChangeSummary::default()
    };
    verdict(examined, change)
}

#[test]
fn what_does_not_concern_the_change_is_counted() {
    let crowded = crowded();
    let text = written("human", &crowded, Detail::Usual);
    assert!(text.lines().count() < 40, "{text}");
    for line in [
        "200 notes: policies/n000 (1), policies/n001 (1), policies/n002 (1), policies/n003 (1), policies/n004 (1), policies/n005 (1), 194 more rules; --all lists them",
        "200 waived by the baseline: policies/b000 (1), policies/b001 (1), policies/b002 (1), policies/b003 (1), policies/b004 (1), policies/b005 (1), 194 more rules; --all lists them",
        "warning[policies/w000]: w000 is not kept (apps/a000/web.yaml:3:1)",
        "... and 195 more warnings: policies/w005 (1), policies/w006 (1), policies/w007 (1), policies/w008 (1), policies/w009 (1), policies/w010 (1), 189 more rules; --all lists them",
        "error[policies/tag]: tag is not kept",
        "  29 environments unchanged; --all lists them",
        "REFUSED: 1 finding holds this change, 200 warnings, 200 findings waived (exit 1)",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
    // The last one is the verdict.
    assert!(text.ends_with("(exit 1)\n"), "{text}");
}

#[test]
fn all_lists_everything_and_quiet_only_what_holds_the_change() {
    let crowded = crowded();
    for (format, place) in [("human", " --> "), ("concise", ".yaml:3:1: ")] {
        let all = written(format, &crowded, Detail::All);
        assert_eq!(all.matches(place).count(), 601, "{format}");
        assert!(!all.contains("--all"), "{format}: {all}");
        let quiet = written(format, &crowded, Detail::Quiet);
        assert_eq!(quiet.matches(place).count(), 1, "{format}: {quiet}");
        assert!(quiet.ends_with("200 findings waived (exit 1)\n"), "{quiet}");
    }
}

/// What BASE has too is counted everywhere, listed on request, and holds nothing.
#[test]
fn what_base_has_too_is_known_in_every_format() {
    let mut examined = Examined::default();
    for n in 0..30 {
        let at = place(&format!("apps/a{n:02}.yaml"), 1);
        let subject = format!("prod: Pod a{n:02}");
        examined.findings.push(Finding {
            disposition: Disposition::Waived(Waiver {
                by: WaivedBy::Known,
                id: String::new(),
                reason: "it is there already".to_owned(),
                owner: None,
                until: None,
                place: None,
            }),
            ..finding(Level::Deny, "tag", &subject, &at)
        });
    }
    let verdict = verdict(examined, ChangeSummary::default());
    let sentence = "ADMITTED: every gate passed, 1 check, 30 known (exit 0)";
    for (format, detail, listed, seen) in [
        (
            "human",
            Detail::Usual,
            0,
            "30 known: policies/tag (30); --all lists them\n",
        ),
        (
            "human",
            Detail::Usual,
            0,
            "pass  policies  1 check, 30 known\n",
        ),
        (
            "human",
            Detail::All,
            1,
            "known[policies/tag]: tag is not kept\n",
        ),
        ("concise", Detail::Usual, 0, "30 known; --all lists them\n"),
        (
            "concise",
            Detail::All,
            30,
            "apps/a29.yaml:1:1: note policies/tag tag is not kept",
        ),
        (
            "github",
            Detail::Usual,
            0,
            "::notice title=Tollgate::ADMITTED",
        ),
        (
            "markdown",
            Detail::Usual,
            1,
            "<details><summary>1 known</summary>",
        ),
        (
            "markdown",
            Detail::Usual,
            1,
            "| `policies` | pass | 1 | 30 |",
        ),
        (
            "sarif",
            Detail::Usual,
            30,
            "\"baselineState\": \"unchanged\"",
        ),
        ("json", Detail::Usual, 30, "\"known\": 30"),
        (
            "prometheus",
            Detail::Usual,
            0,
            "tollgate_gate_known{gate=\"policies\"} 30\n",
        ),
        ("openreports", Detail::Usual, 30, "skip: 30"),
        ("junit", Detail::Usual, 30, "failures=\"0\""),
    ] {
        let text = written(format, &verdict, detail);
        assert!(text.contains(seen), "{format}: {seen} in\n{text}");
        assert_eq!(
            text.matches("tag is not kept").count(),
            listed,
            "{format}: {text}"
        );
        let told = ["human", "concise", "github", "markdown"].contains(&format);
        assert!(!told || text.contains(sentence), "{format}: {text}");
    }
}

#[test]
fn a_line_of_the_concise_format_is_what_editors_read() {
    let mut examined = Examined::default();
    let at = place("apps/a:1/web.yaml", 3);
    for subject in ["prod: Pod a", "prod: Pod b"] {
        examined
            .findings
            .push(finding(Level::Deny, "no tag", subject, &at));
    }
    examined.unsure.push(Unsure {
        subject: "prod: Pod c".into(),
        why: "nobody knows".to_owned(),
        needs: "somebody".to_owned(),
        cause: Cause::Facts,
    });
    let text = written(
        "concise",
        &verdict(examined, ChangeSummary::default()),
        Detail::Usual,
    );
    assert_eq!(
        text,
        "apps/a\\u{3a}1/web.yaml:3:1: error policies/no\\u{20}tag no tag is not kept [prod: Pod a, and 1 more]
-: error undecided/policies nobody knows [prod: Pod c]; needed: somebody
REFUSED: 2 findings hold this change, 1 question could not be decided (exit 3)
"
    );
}

#[test]
fn annotations_stand_first_in_files_of_the_request() {
    let mut examined = Examined::default();
    for n in 0..20 {
        let at = place(&format!("apps/a{n:02}.yaml"), 1);
        let subject = format!("prod: Pod a{n:02}");
        examined
            .findings
            .push(finding(Level::Deny, &format!("r{n:02}"), &subject, &at));
    }
    let change = ChangeSummary {
        paths: ["apps/a17.yaml".to_owned(), "apps/a19.yaml".to_owned()].into(),
        ..ChangeSummary::default()
    };
    let text = written("github", &verdict(examined, change), Detail::Usual);
    let first: Vec<&str> = text
        .lines()
        .filter_map(|it| it.strip_prefix("::error file=")?.split_once(','))
        .map(|it| it.0)
        .take(3)
        .collect();
    assert_eq!(first, ["apps/a17.yaml", "apps/a19.yaml", "apps/a00.yaml"]);
}

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: NAME}
spec:
  rules:
    - name: label
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: NAME must be said
        pattern: {metadata: {labels: {NAME: \"?*\"}}}
";

/// 600 overlays in five environments; each breaks two policies, and one of them is changed.
#[test]
fn a_check_of_600_overlays_that_changes_one_prints_less_than_60_lines() {
    let repository = Repository::new();
    for name in ["team", "cost"] {
        let path = format!("policies/{name}.yaml");
        repository.write(&path, &POLICY.replace("NAME", name));
    }
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
    let odd = "apiVersion: example.com/v1\nkind: Odd\nmetadata: {name: web}\n";
    for app in 0..120 {
        for environment in ["dev", "test", "staging", "preprod", "prod"] {
            let folder = format!("apps/app-{app}/{environment}");
            repository
                .write(
                    &format!("{folder}/kustomization.yaml"),
                    "resources: [map.yaml, odd.yaml]\n",
                )
                .write(&format!("{folder}/map.yaml"), map)
                .write(&format!("{folder}/odd.yaml"), odd);
        }
    }
    let base = repository.commit("base");
    repository.write(
        "apps/app-7/prod/map.yaml",
        &format!("{map}data: {{a: b}}\n"),
    );
    let head = repository.commit("head");
    let output = tollgate(
        repository.path(),
        &["check", "--base", &base, "--head", &head],
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().count();
    assert!((5..60).contains(&lines), "{lines} lines:\n{text}");
    assert!(text.contains("1 resource changed in 1 overlay"), "{text}");
}

#[test]
fn options_stand_in_the_environment_too() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = command(folder.path(), arguments);
        command.envs(variables.iter().copied());
        let output = command.output().expect("it runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, err) = run(&[("TOLLGATE_FORMAT", "pdf")], &["check"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("'pdf'") && err.contains("concise"), "{err}");
    let (code, err) = run(&[("TOLLGATE_REPORT", "json=a/b.json\npdf=c")], &["check"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("'pdf=c'"), "{err}");
    let (code, err) = run(&[("TOLLGATE_QUIET", "perhaps")], &["check"]);
    assert_eq!(code, Some(2), "{err}");
    // The command line has the last word.
    let (_, err) = run(&[("TOLLGATE_FORMAT", "pdf")], &["check", "--format", "doc"]);
    assert!(err.contains("'doc'"), "{err}");
}

#[test]
fn where_the_report_is_for_machines_the_log_says_what_holds_the_change() {
    let repository = Repository::new();
    let map =
        |text: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\n{text}");
    repository
        .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map.yaml", &map("data: {a: b}\n"));
    let base = repository.commit("base");
    repository.write("prod/map.yaml", &map("data: {a: 1}\n"));
    let wrong = repository.commit("wrong");
    repository.write("prod/map.yaml", &map("data: {a: c}\n"));
    let right = repository.commit("right");
    let said = |head: &str, format: &str| {
        let arguments = ["check", "--base", &base, "--head", head, "--format", format];
        let output = tollgate(repository.path(), &arguments);
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let line = "REFUSED: 1 finding holds this change (exit 1): schemas/invalid prod: ConfigMap web (prod)\n";
    for format in ["json", "junit", "sarif", "tap", "gitlab", "prometheus"] {
        assert_eq!(said(&wrong, format), line, "{format}");
        assert_eq!(said(&right, format), "", "{format}");
    }
    for format in ["human", "concise", "github", "markdown"] {
        assert_eq!(said(&wrong, format), "", "{format}");
    }
}

#[test]
fn a_line_for_the_log_names_the_first_things_and_counts_the_rest() {
    let at = place("prod/pod.yaml", 3);
    let mut examined = Examined::default();
    for subject in ["a", "b", "c", "d", "e"] {
        let found = finding(Level::Deny, "x", subject, &at);
        examined.findings.push(found);
    }
    let verdict = verdict(examined, ChangeSummary::default());
    let report = Report {
        verdict: &verdict,
        exit_code: exit::of(&verdict),
        look: Look::default(),
        detail: Detail::Usual,
    };
    assert_eq!(
        tollgate::reporters::in_a_line(&report).as_deref(),
        Some(
            "REFUSED: 5 findings hold this change (exit 1): policies/x a; policies/x b; policies/x c; and 2 more"
        )
    );
}

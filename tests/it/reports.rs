//! Reports, read back by parsers that are not ours, and as people read them.

use crate::support::{Repository, tollgate};
use std::collections::BTreeSet;

use tollgate::{
    exit,
    finding::{Finding, Label, Level, Subject},
    gates::{Cause, Checked, Examined, Unsure},
    model::{Place, ResourceKey, Side, WorkerFault},
    reporters::{Detail, Look, REPORTERS, Report, named},
    verdict::{ChangeSummary, EnvironmentSummary, Verdict},
};

/// Formats of this file; `formats.rs` reads the others.
pub(crate) const FORMATS: &[&str] = &["human", "json", "junit"];

pub(crate) const PLAIN: Look = Look {
    colour: false,
    width: 120,
};
pub(crate) fn render(format: &str, verdict: &Verdict, look: Look) -> String {
    let mut bytes = Vec::new();
    let report = Report {
        verdict,
        exit_code: exit::of(verdict),
        look,
        detail: Detail::Usual,
    };
    let reporter = named(format).expect("a registered format");
    reporter
        .write(&report, &mut bytes)
        .expect("written to memory");
    String::from_utf8(bytes).expect("UTF-8")
}

/// One finding of each kind, with known counts.
fn known() -> Verdict {
    let finding =
        |level, subject: &str, message: &str| Finding::new(level, "policies/p", subject, message);
    let subject = |name: &str| Checked {
        subject: name.into(),
        checks: 3,
    };
    let policies = Examined {
        subjects: ["a", "b", "c"].map(subject).to_vec(),
        findings: vec![
            finding(Level::Deny, "a", "one"),
            finding(Level::Deny, "a", "two"),
            finding(Level::Warn, "b", "three"),
            finding(Level::Deny, "elsewhere", "four"),
        ],
        unsure: vec![Unsure {
            subject: "a".into(),
            why: "nobody knows".to_owned(),
            needs: "somebody".to_owned(),
            cause: Cause::Facts,
        }],
        nothing: None,
    };
    let empty = Examined {
        nothing: Some("there is nothing".to_owned()),
        ..Examined::default()
    };
    let record = |id: &str, it| (id.to_owned(), "a promise".to_owned(), it);
    Verdict::weigh(
        vec![record("policies", policies), record("control-plane", empty)],
        Vec::new(),
        ChangeSummary::default(),
    )
}

/// What `junit-10.xsd` of Jenkins' xunit-plugin allows: attributes and children of each element.
const JUNIT: &[(&str, &[&str], &[&str])] = &[
    (
        "testsuites",
        &["name", "time", "tests", "failures", "errors"],
        &["testsuite"],
    ),
    (
        "testsuite",
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        ],
        &[
            "testsuite",
            "properties",
            "testcase",
            "system-out",
            "system-err",
        ],
    ),
    ("properties", &[], &["property"]),
    ("property", &["name", "value"], &[]),
    (
        "testcase",
        &["name", "time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &["type", "message"], &[]),
    ("error", &["type", "message"], &[]),
    ("skipped", &["type", "message"], &[]),
    ("system-out", &[], &[]),
];

#[test]
fn junit_holds_nothing_but_what_its_schema_knows() {
    let text = render("junit", &known(), PLAIN);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let mut seen = std::collections::BTreeSet::new();
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        let name = element.tag_name().name();
        let (_, attributes, children) = JUNIT
            .iter()
            .find(|it| it.0 == name)
            .unwrap_or_else(|| panic!("<{name}> is unknown"));
        for it in element.attributes() {
            assert!(attributes.contains(&it.name()), "{} of <{name}>", it.name());
        }
        for child in element.children().filter(roxmltree::Node::is_element) {
            let child = child.tag_name().name();
            assert!(children.contains(&child), "<{child}> in <{name}>");
        }
        seen.insert(name);
    }
    assert_eq!(seen.len(), JUNIT.len(), "{seen:?}");
}

#[test]
fn junit_is_a_suite_for_each_gate_with_right_counts() {
    let text = render("junit", &known(), PLAIN);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let of = |tag: &'static str| {
        document
            .descendants()
            .filter(move |it| it.has_tag_name(tag))
    };
    let root = document.root_element();
    let counts = |it: roxmltree::Node<'_, '_>| {
        ["tests", "failures", "errors"].map(|name| it.attribute(name).unwrap_or("-").to_owned())
    };
    assert_eq!(counts(root), ["6", "2", "1"]);
    let suites: Vec<_> = of("testsuite")
        .map(|it| {
            let skipped = it.attribute("disabled").or(it.attribute("skipped"));
            (it.attribute("name"), counts(it), skipped)
        })
        .collect();
    let texts = |it: [&str; 3]| it.map(str::to_owned);
    assert_eq!(
        suites,
        [
            (Some("policies"), texts(["5", "2", "1"]), Some("0")),
            (Some("control-plane"), texts(["1", "0", "0"]), Some("1")),
        ]
    );
    let cases: Vec<String> = of("testcase")
        .map(|it| {
            let outcome = it.first_element_child();
            let outcome = outcome.map_or("pass", |it| it.tag_name().name());
            let name = |key| it.attribute(key).unwrap_or_default();
            format!("{} {}: {outcome}", name("classname"), name("name"))
        })
        .collect();
    assert_eq!(
        cases,
        [
            "policies a: failure",
            "policies b: system-out",
            "policies c: pass",
            "policies elsewhere: failure",
            "policies a (undecided): error",
            "control-plane nothing to examine: skipped",
        ]
    );
    let failure = of("failure").next().expect("a failure");
    assert_eq!(failure.attribute("message"), Some("one"));
    assert_eq!(
        failure.text().map(str::trim),
        Some("policies/p: one\npolicies/p: two")
    );
    let decision = of("property").find(|it| it.attribute("name") == Some("decision"));
    assert_eq!(
        decision.and_then(|it| it.attribute("value")),
        Some("refuse")
    );
}

#[test]
fn names_of_cases_are_unique_whatever_subjects_are_called() {
    let names = [
        "a",
        "a",
        "a (2)",
        "a\u{200b}",
        "a\\u{200b}",
        "a (undecided)",
    ];
    let mut examined = Examined::default();
    for name in names {
        examined.subjects.push(Checked {
            subject: name.into(),
            checks: 1,
        });
        examined.unsure.push(Unsure {
            subject: name.into(),
            why: "why".to_owned(),
            needs: "that".to_owned(),
            cause: Cause::Facts,
        });
    }
    let records = vec![("g".to_owned(), "t".to_owned(), examined)];
    let verdict = Verdict::weigh(records, Vec::new(), ChangeSummary::default());
    let text = render("junit", &verdict, PLAIN);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let cases: Vec<_> = document
        .descendants()
        .filter(|it| it.has_tag_name("testcase"))
        .map(|it| (it.attribute("classname"), it.attribute("name")))
        .collect();
    // Two subjects of one name are one case.
    assert_eq!(cases.len(), 11);
    assert_eq!(cases.iter().collect::<BTreeSet<_>>().len(), cases.len());
}

#[test]
fn json_is_versioned_and_findings_can_be_followed() {
    let verdict = known();
    let text = render("json", &verdict, PLAIN);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["version"], 1);
    assert_eq!(value["tool"], "tollgate");
    assert_eq!(value["decision"], "refuse");
    assert_eq!(value["exit_code"], 3);
    assert_eq!(
        value["counts"],
        serde_json::json!({"checks": 9, "deny": 3, "warn": 1, "note": 0, "waived": 0, "known": 0, "undecided": 1})
    );
    let findings = value["gates"][0]["examined"]["findings"]
        .as_array()
        .expect("findings");
    let prints: BTreeSet<&str> = findings
        .iter()
        .filter_map(|it| it["fingerprint"].as_str())
        .collect();
    assert_eq!(prints.len(), 4, "each finding has its own");
    assert!(prints.iter().all(|it| it.len() == 64));
    // The same finding some lines further down is the same finding.
    let mut moved = verdict.clone();
    for finding in &mut moved.gates[0].examined.findings {
        finding.labels.push(Label {
            place: Place::file("a.yaml", Side::Head),
            text: "here".to_owned(),
        });
    }
    let moved: serde_json::Value =
        serde_json::from_str(&render("json", &moved, PLAIN)).expect("JSON");
    let again = moved["gates"][0]["examined"]["findings"]
        .as_array()
        .expect("findings");
    let again: BTreeSet<&str> = again
        .iter()
        .filter_map(|it| it["fingerprint"].as_str())
        .collect();
    assert_eq!(again, prints);
}

/// Threat rows E8, E9.
#[test]
fn a_flood_of_findings_hides_neither_verdict_nor_counts() {
    let long = "y".repeat(3_000);
    let examined = Examined {
        findings: (0..10_000)
            .map(|n| {
                let rule = format!("policies/p{}", n % 3);
                let message = format!("finding {n} {long}");
                Finding::new(Level::Deny, rule, format!("subject {n} {long}"), message)
                    .help(long.as_str())
            })
            .collect(),
        unsure: (0..1_000)
            .map(|n| Unsure {
                subject: long.clone().into(),
                why: format!("{n} {long}"),
                needs: long.clone(),
                cause: Cause::Facts,
            })
            .collect(),
        ..Examined::default()
    };
    let records = vec![("policies".to_owned(), "t".to_owned(), examined)];
    let fault = |n| WorkerFault {
        on: vec![long.clone(); 8],
        why: format!("{n}"),
    };
    let faults = (0..1_000).map(fault).collect();
    let verdict = Verdict::weigh(records, faults, ChangeSummary::default());
    for name in FORMATS {
        let out = render(name, &verdict, PLAIN);
        assert!(out.len() < 24 << 20, "{}: {}", name, out.len());
        match *name {
            "human" => {
                assert!(out.len() < 2 << 20, "{}", out.len());
                assert_eq!(
                    out.lines().last(),
                    Some(
                        "REFUSED: 10000 findings hold this change, 2000 questions could not be decided (exit 3)"
                    )
                );
                assert!(out.contains("9968 more findings that hold the change: "));
                assert!(out.contains("FAIL  policies  0 checks, 10000 failures, 1000 undecided"));
            }
            "json" => {
                let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
                assert_eq!(value["counts"]["deny"], 10_000);
                assert_eq!(value["decision"], "refuse");
            }
            _ => {
                let document = roxmltree::Document::parse(&out).expect("XML");
                assert_eq!(document.root_element().attribute("failures"), Some("10000"));
            }
        }
    }
}

#[test]
fn reports_do_not_depend_on_the_order_in_which_things_were_found() {
    let mut state = 7u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    };
    let make = |turn: usize| {
        let place = |n: u32| Place {
            line: n,
            text: "a: b".to_owned(),
            end_column: 2,
            ..Place::file(format!("f{}.yaml", n % 3), Side::Head)
        };
        let mut examined = Examined::default();
        for n in 0..60u32 {
            let level = [Level::Deny, Level::Warn, Level::Note][n as usize % 3];
            let finding = Finding::new(level, "g/r", format!("s{}", n % 7), format!("m{}", n % 5));
            examined
                .findings
                .push(finding.label(Some(&place(n % 11)), "here"));
            examined.subjects.push(Checked {
                subject: format!("s{}", n % 7).into(),
                checks: n as usize,
            });
            examined.unsure.push(Unsure {
                subject: format!("u{}", n % 4).into(),
                why: format!("w{}", n % 3),
                needs: "n".to_owned(),
                cause: Cause::Facts,
            });
        }
        examined.findings.rotate_left(turn);
        examined.subjects.rotate_left(turn);
        examined.unsure.rotate_left(turn);
        let mut faults: Vec<WorkerFault> = (0..5)
            .map(|n| WorkerFault {
                on: vec![format!("o{n}")],
                why: format!("w{}", n % 2),
            })
            .collect();
        faults.rotate_left(turn % 5);
        let records = vec![("g".to_owned(), "t".to_owned(), examined)];
        Verdict::weigh(records, faults, ChangeSummary::default())
    };
    let first = make(0);
    for _ in 0..20 {
        let turn = usize::try_from(random() % 60).expect("small");
        let other = make(turn);
        for reporter in REPORTERS {
            let name = reporter.name();
            assert_eq!(
                render(name, &first, PLAIN),
                render(name, &other, PLAIN),
                "{name} {turn}"
            );
        }
    }
}

#[test]
fn the_same_thing_in_many_overlays_is_said_once() {
    let place = |n: u32| Place {
        text: "newTag: latest".to_owned(),
        end_column: 7,
        ..Place::file(format!("apps/a{n}/kustomization.yaml"), Side::Head)
    };
    let examined = Examined {
        findings: (0..9)
            .map(|n| {
                Finding::new(Level::Deny, "policies/p", format!("prod: a{n}"), "no tag")
                    .label(Some(&place(n / 2)), "set here")
            })
            .collect(),
        subjects: vec![Checked {
            subject: "prod: a0".into(),
            checks: 9,
        }],
        ..Examined::default()
    };
    let records = vec![("policies".to_owned(), "t".to_owned(), examined)];
    let verdict = Verdict::weigh(records, Vec::new(), ChangeSummary::default());
    let out = render("human", &verdict, PLAIN);
    assert_eq!(out.matches("no tag").count(), 1, "{out}");
    let notes: Vec<&str> = out
        .lines()
        .filter_map(|it| it.trim_start().strip_prefix("= "))
        .collect();
    assert_eq!(
        notes,
        [
            "in: prod: a0",
            "in: prod: a1",
            "also: apps/a1/kustomization.yaml:1:1 in prod: a2, and 1 more",
            "also: apps/a2/kustomization.yaml:1:1 in prod: a4, and 1 more",
            "also: apps/a3/kustomization.yaml:1:1 in prod: a6, and 1 more",
            "also: apps/a4/kustomization.yaml:1:1 in prod: a8",
        ]
    );
}

fn pod() -> ResourceKey {
    ResourceKey {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: None,
        name: "web".to_owned(),
    }
}

/// Names of environments that other subjects begin with too.
#[test]
fn what_concerns_the_whole_change_stands_in_no_environments_report_object() {
    let environments = ["policies", "git", "worker"];
    let of = |name: &str| EnvironmentSummary {
        name: name.to_owned(),
        enforcement: "enforce".to_owned(),
        ..EnvironmentSummary::default()
    };
    let note = |subject: Subject| Finding::new(Level::Note, "policies/p", subject, "a note");
    let examined = Examined {
        findings: vec![
            note("policies".into()),
            note(Subject::in_git(&pod())),
            note("worker: something".into()),
            note(Subject::within(Some("git"), "a policy")),
        ],
        subjects: vec![Checked {
            subject: "policies (all)".into(),
            checks: 1,
        }],
        ..Examined::default()
    };
    let records = vec![("policies".to_owned(), "t".to_owned(), examined)];
    let summary = ChangeSummary {
        environments: environments.iter().map(|it| of(it)).collect(),
        ..ChangeSummary::default()
    };
    let verdict = Verdict::weigh(records, Vec::new(), summary);
    let out = render("openreports", &verdict, PLAIN);
    let mut told = Vec::new();
    for object in out.split("---\n") {
        let name = object.lines().find_map(|it| it.strip_prefix("  name: "));
        let subjects = object
            .lines()
            .filter_map(|it| it.trim().strip_prefix("subject: "))
            .map(|it| it.trim_matches('\''));
        told.push((name.unwrap_or_default(), subjects.collect::<Vec<_>>()));
    }
    assert_eq!(
        told,
        [
            (
                "tollgate",
                vec![
                    "git: Pod web",
                    "policies",
                    "worker: something",
                    "policies (all)"
                ]
            ),
            ("tollgate-policies", vec![]),
            ("tollgate-git", vec!["git: a policy"]),
            ("tollgate-worker", vec![]),
        ]
    );
}

/// One line of a base, rendered by overlays of an audited and of an enforced environment.
#[test]
fn one_line_of_a_base_is_one_entry() {
    let place = Place {
        text: "image: web".to_owned(),
        end_column: 6,
        ..Place::file("base/web.yaml".to_owned(), Side::Head)
    };
    let mut examined = Examined::default();
    for n in 0..9 {
        for (environment, level) in [("dev", Level::Warn), ("prod", Level::Deny)] {
            let overlay = format!("apps/a{n}/{environment}");
            let subject = Subject::rendered(Some(environment), &overlay, &pod());
            examined.subjects.push(Checked {
                subject: subject.clone(),
                checks: 1,
            });
            examined.findings.push(
                Finding::new(level, "policies/p", subject, "no tag").label(Some(&place), "here"),
            );
        }
    }
    let records = vec![("policies".to_owned(), "t".to_owned(), examined)];
    let verdict = Verdict::weigh(records, Vec::new(), ChangeSummary::default());
    let human = render("human", &verdict, PLAIN);
    assert_eq!(human.matches("no tag").count(), 1, "{human}");
    let notes: Vec<&str> = human
        .lines()
        .filter_map(|it| it.trim_start().strip_prefix("= "))
        .collect();
    assert_eq!(
        notes,
        [
            "in: prod: Pod web (apps/a0/prod)",
            "in: prod: Pod web (apps/a1/prod)",
            "in: prod: Pod web (apps/a2/prod)",
            "in: 6 more overlays",
            "only reported in: dev: Pod web (apps/a0/dev)",
            "only reported in: dev: Pod web (apps/a1/dev)",
            "only reported in: dev: Pod web (apps/a2/dev)",
            "only reported in: 6 more overlays",
        ]
    );
    let markdown = render("markdown", &verdict, PLAIN);
    assert_eq!(markdown.matches("no tag").count(), 1, "{markdown}");
    for line in [
        "  - in `prod: Pod web (apps/a0/prod)`, `prod: Pod web (apps/a1/prod)`, `prod: Pod web (apps/a2/prod)`, 6 more overlays\n",
        "  - only reported in `dev: Pod web (apps/a0/dev)`, `dev: Pod web (apps/a1/dev)`, `dev: Pod web (apps/a2/dev)`, 6 more overlays\n",
    ] {
        assert!(markdown.contains(line), "{line} in {markdown}");
    }
    assert!(!markdown.contains("### Warnings"), "{markdown}");
    let github = render("github", &verdict, PLAIN);
    assert_eq!(github.matches("base/web.yaml,line=").count(), 1, "{github}");
    // The counts stay those of the findings.
    for text in [human, markdown, github] {
        assert!(
            text.contains("9 findings hold this change, 9 warnings"),
            "{text}"
        );
    }
}

/// The same mistake at several lines is one entry too.
#[test]
fn one_mistake_at_many_lines_is_one_entry() {
    let mut examined = Examined::default();
    for n in 0..9 {
        let place = Place {
            text: "image: web".to_owned(),
            end_column: 6,
            ..Place::file(format!("apps/a{n}/web.yaml"), Side::Head)
        };
        let subject = Subject::rendered(Some("prod"), &format!("apps/a{n}"), &pod());
        examined.subjects.push(Checked {
            subject: subject.clone(),
            checks: 1,
        });
        let finding = Finding::new(Level::Deny, "policies/p", subject, "no tag");
        examined.findings.push(finding.label(Some(&place), "here"));
    }
    let records = vec![("policies".to_owned(), "t".to_owned(), examined)];
    let verdict = Verdict::weigh(records, Vec::new(), ChangeSummary::default());
    let markdown = render("markdown", &verdict, PLAIN);
    let entry = "- `policies/p`: no tag
  - `apps/a0/web.yaml:1:1`: here
  - in `prod: Pod web (apps/a0)`
  - also `apps/a1/web.yaml:1:1` in `prod: Pod web (apps/a1)`
  - also `apps/a2/web.yaml:1:1` in `prod: Pod web (apps/a2)`
  - also `apps/a3/web.yaml:1:1` in `prod: Pod web (apps/a3)`
  - and 5 more
";
    assert!(markdown.contains(entry), "{markdown}");
    // GitHub shows each at its line.
    let github = render("github", &verdict, PLAIN);
    assert_eq!(github.matches("::error file=apps/a").count(), 9, "{github}");
}

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

/// An environment, a policy, and a change that takes the label away.
fn refused() -> (Repository, String, String) {
    let repository = Repository::new();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";
    repository
        .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map.yaml", &format!("{map}  labels: {{team: web}}\n"))
        .write("policies/require-team.yaml", POLICY)
        .write(
            "tollgate.yaml",
            "version: 1\nenvironments:\n  prod: {overlays: [prod], enforcement: enforce}\npolicies: {coverage: {min_rules: 0%}}\n",
        );
    let base = repository.commit("base");
    repository.write("prod/map.yaml", map);
    let head = repository.commit("head");
    (repository, base, head)
}

/// What `check` prints, with commit ids in place of which stands `(..)`.
fn check(repository: &Repository, base: &str, head: &str) -> String {
    let output = tollgate(
        repository.path(),
        &["check", "--base", base, "--head", head],
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.replace(base, "BASE").replace(head, "HEAD")
}

#[test]
fn a_refusal_shows_the_line_to_edit_and_what_decided() {
    let (repository, base, head) = refused();
    insta::assert_snapshot!(check(&repository, &base, &head), @r##"
    note[policy-tests/coverage]: the rule has no fixture (policies/require-team.yaml:1:1)

    error[policies/require-team]: label: who owns it must be said
     --> prod/map.yaml:3:1
      |
    3 | metadata:
      | ^^^^^^^^ metadata.labels is missing here
      |
     ::: policies/require-team.yaml:7:7
      |
    7 |     - name: label
      |       ---- the rule that decides
      |
     ::: tollgate.yaml:3:41
      |
    3 |   prod: {overlays: [prod], enforcement: enforce}
      |                                         ------- how `prod` is judged
      |
      = in: prod: ConfigMap web (prod)

    change: BASE <- HEAD, 1 changed file
      prod  enforce  1 resource changed in 1 overlay

    pass  renders        1 check
    pass  schemas        1 check
    FAIL  policies       1 check, 1 failure
    pass  secrets        1 check
    none  policy-tests   nothing to examine: there are no fixtures
    none  control-plane  nothing to examine: the change touches no rule
    none  approvals      nothing to examine: the configuration asks for no approvals
    none  protection     nothing to examine: the configuration asks for no protection of the branch

    REFUSED: 1 finding holds this change (exit 1)
    "##);
}

#[test]
fn an_admission_says_what_was_looked_at() {
    let (repository, _, head) = refused();
    repository.write(
        "prod/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels: {team: web}\n",
    );
    let mended = repository.commit("mended");
    insta::assert_snapshot!(check(&repository, &head, &mended), @r##"
    note[policy-tests/coverage]: the rule has no fixture (policies/require-team.yaml:1:1)

    change: BASE <- HEAD, 1 changed file
      prod  enforce  1 resource changed in 1 overlay

    pass  renders        1 check
    pass  schemas        1 check
    pass  policies       1 check
    pass  secrets        1 check
    none  policy-tests   nothing to examine: there are no fixtures
    none  control-plane  nothing to examine: the change touches no rule
    none  approvals      nothing to examine: the configuration asks for no approvals
    none  protection     nothing to examine: the configuration asks for no protection of the branch

    ADMITTED: every gate passed, 4 checks (exit 0)
    "##);
}

#[test]
fn an_undecided_change_says_what_would_mend_it() {
    let (repository, _, _) = refused();
    let cel = POLICY.replace(
        "        pattern:\n          metadata:\n            labels:\n              team: \"?*\"\n",
        "        cel:\n          expressions:\n            - expression: \"true\"\n",
    );
    repository.write("policies/require-team.yaml", &cel);
    repository.write(
        "tollgate.yaml",
        "version: 1\nenvironments:\n  prod: {overlays: [prod], enforcement: enforce, known: hold}\npolicies: {coverage: {min_rules: 0%}}\n",
    );
    let base = repository.commit("base");
    repository.write(
        "prod/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels: {team: shop}\n",
    );
    let head = repository.commit("head");
    insta::assert_snapshot!(check(&repository, &base, &head), @r##"
    note[policy-tests/coverage]: the rule has no fixture (policies/require-team.yaml:1:1)

    undecided[policies]: require-team/label: `validate.cel` is not evaluated yet
      = in: prod: ConfigMap web (prod)
      = needed: an engine for it, which is not built yet; nothing is wrong with the policy. Until then leave its file out of `policies.paths` in tollgate.yaml, and have the tool that it was written for judge by it

    change: BASE <- HEAD, 1 changed file
      prod  enforce  1 resource changed in 1 overlay

    pass  renders        1 check
    pass  schemas        1 check
    ????  policies       0 checks, 1 undecided
    pass  secrets        1 check
    none  policy-tests   nothing to examine: there are no fixtures
    none  control-plane  nothing to examine: the change touches no rule
    none  approvals      nothing to examine: the configuration asks for no approvals
    none  protection     nothing to examine: the configuration asks for no protection of the branch

    UNDECIDED: 1 question could not be decided, which holds this change (exit 3)
    "##);
}

#[test]
fn an_overlay_that_does_not_render_loses_nothing_and_says_so() {
    let (repository, _, head) = refused();
    repository.write("prod/kustomization.yaml", "resources: [no.yaml]\n");
    let broken = repository.commit("broken");
    let out = check(&repository, &head, &broken);
    assert!(
        out.contains("\n  prod  enforce  1 overlay does not render\n"),
        "{out}"
    );
}

#[test]
fn two_runs_print_the_same_bytes() {
    let (repository, base, head) = refused();
    for format in REPORTERS.iter().map(|it| it.name()) {
        let run = || {
            let arguments = [
                "check", "--base", &base, "--head", &head, "--format", format,
            ];
            tollgate(repository.path(), &arguments).stdout
        };
        assert_eq!(run(), run(), "{format}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_before_the_work() {
    let (repository, base, head) = refused();
    repository.write("folder/file", "");
    let mut unwritable = repository.path().join("closed");
    std::fs::create_dir(&unwritable).expect("made");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let closed = std::fs::Permissions::from_mode(0o555);
        std::fs::set_permissions(&unwritable, closed).expect("closed");
        // To an administrator no folder is closed, but for the kernel's own.
        if tempfile::tempfile_in(&unwritable).is_ok() {
            unwritable = "/proc".into();
        }
    }
    let unwritable = unwritable.join("r.json");
    let unwritable = unwritable.to_str().expect("UTF-8");
    for (path, why) in [
        ("nowhere/r.json", "there is no folder"),
        ("folder", "it is a folder"),
        (unwritable, "the folder `"),
    ] {
        let report = format!("json={path}");
        let arguments = [
            "check", "--base", &base, "--head", &head, "--report", &report,
        ];
        let output = tollgate(repository.path(), &arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{path}: {message}");
        assert!(
            message.contains(why) && message.contains(path),
            "{path}: {message}"
        );
        assert!(output.stdout.is_empty(), "no verdict without its report");
    }
    let left: Vec<_> = std::fs::read_dir(repository.path().join("folder"))
        .expect("readable")
        .collect();
    assert_eq!(left.len(), 1, "nothing was left behind");
    assert!(!repository.path().join("nowhere").exists());
}

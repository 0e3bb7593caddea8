//! The formats: what a reader of each makes of them, with parsers that are not the writer's, and
//! what becomes of hostile text.

mod difference;
mod hostile;
mod outside;
mod readers;

use crate::support::{Repository, tollgate};
use readers::Shape;
use tollgate::{
    finding::{Disposition, Finding, Level, Subject, WaivedBy, Waiver},
    gates::{Cause, Checked, Examined, Unsure},
    model::{Place, ResourceKey, Side, WorkerFault},
    reporters::{self, Detail, Look, Report},
    verdict::{ChangeSummary, Decision, EnvironmentSummary, Verdict},
};

/// Formats of this file; `human`, `json` and `junit` have their own tests.
const FORMATS: &[&str] = &[
    "concise",
    "sarif",
    "github",
    "github-summary",
    "gitlab",
    "markdown",
    "tap",
    "openreports",
    "policyreport",
    "prometheus",
];

fn written(format: &str, verdict: &Verdict) -> String {
    let report = Report {
        verdict,
        exit_code: tollgate::exit::of(verdict),
        look: Look::default(),
        detail: Detail::Usual,
    };
    let mut out = Vec::new();
    reporters::named(format)
        .expect("a format")
        .write(&report, &mut out)
        .expect("it is written");
    String::from_utf8(out).expect("UTF-8")
}

fn place(path: &str, text: &str, side: Side, line: u32) -> Place {
    Place {
        side,
        path: path.to_owned(),
        line,
        column: 3,
        end_line: line,
        end_column: 9,
        text: text.to_owned(),
    }
}

/// A verdict in which every text that a repository can choose is `text`, of every kind that there is.
fn verdict_of(text: &str) -> Verdict {
    let resource = ResourceKey {
        api_version: text.to_owned(),
        kind: text.to_owned(),
        namespace: Some(text.to_owned()),
        name: text.to_owned(),
    };
    let of_prod = Subject::rendered(Some("prod"), text, &resource);
    let finding = |level, rule: &str, subject: Subject| {
        Finding::new(level, rule, subject, text)
            .label(Some(&place(text, text, Side::Head, 4)), text)
            .label(Some(&place("base.yaml", text, Side::Head, 2)), text)
            .label(Some(&place(text, text, Side::Base, 9)), text)
            .help(text)
    };
    let waived = |by| Finding {
        disposition: Disposition::Waived(Waiver {
            by,
            id: text.to_owned(),
            reason: text.to_owned(),
            owner: Some(text.to_owned()),
            until: Some(1_798_740_000),
            place: Some(place(text, text, Side::Base, 5)),
        }),
        ..finding(Level::Deny, "policies/waived", text.into())
    };
    let policies = Examined {
        subjects: vec![
            Checked {
                subject: of_prod.clone(),
                checks: 3,
            },
            Checked {
                subject: text.into(),
                checks: 1,
            },
        ],
        findings: vec![
            finding(Level::Note, "policies/noted", Subject::in_git(&resource)),
            waived(WaivedBy::Exception),
            waived(WaivedBy::Override),
            waived(WaivedBy::Known),
            finding(Level::Warn, "policies/warned", of_prod.clone()),
            finding(Level::Deny, &format!("policies/{text}"), of_prod.clone()),
        ],
        unsure: vec![Unsure {
            subject: text.into(),
            why: text.to_owned(),
            needs: text.to_owned(),
            cause: Cause::Facts,
        }],
        nothing: None,
    };
    let nothing = Examined {
        nothing: Some(text.to_owned()),
        ..Examined::default()
    };
    let environment = |name: &str| EnvironmentSummary {
        name: name.to_owned(),
        enforcement: "strict".to_owned(),
        overlays: 2,
        failed_overlays: 1,
        changed_overlays: 1,
        changed_resources: 3,
        removed_resources: 1,
    };
    Verdict::weigh(
        vec![
            (
                "policies".to_owned(),
                "no policy fails".to_owned(),
                policies,
            ),
            (
                "control-plane".to_owned(),
                "it is approved".to_owned(),
                nothing,
            ),
        ],
        vec![WorkerFault {
            on: vec![text.to_owned()],
            why: text.to_owned(),
        }],
        ChangeSummary {
            base: text.to_owned(),
            head: text.to_owned(),
            files: 2,
            environments: vec![environment("prod"), environment(text)],
            ..ChangeSummary::default()
        },
    )
}

/// The same with what an override waives and nothing else: the verdict names who let it through.
fn override_of(text: &str) -> Verdict {
    let mut verdict = verdict_of(text);
    let examined = &mut verdict.gates[0].examined;
    examined.unsure.clear();
    examined
        .findings
        .retain(|it| it.waiver().is_some_and(|it| it.by == WaivedBy::Override));
    // One subject, so that no text decides about an order.
    let subject = examined.findings[0].subject.clone();
    for finding in &mut examined.findings {
        finding.subject.clone_from(&subject);
    }
    examined.subjects.retain(|it| it.subject == subject);
    let records = verdict.gates.into_iter();
    let records = records.map(|it| (it.gate, it.title, it.examined));
    let verdict = Verdict::weigh(records.collect(), Vec::new(), verdict.change);
    assert_eq!(verdict.decision, Decision::Override);
    verdict
}

/// What a reader of the format sees, texts apart.
fn shape(format: &str, output: &str) -> Shape {
    match format {
        "concise" => readers::concise(output),
        "sarif" => readers::sarif(output),
        "github" => readers::workflow_commands(output),
        "github-summary" => readers::markdown(output, false),
        "gitlab" => readers::gitlab(output),
        "markdown" => readers::markdown(output, true),
        "tap" => readers::tap(output),
        "openreports" => readers::policy_report(output, "openreports.io/v1alpha1", "Report"),
        "policyreport" => readers::policy_report(output, "wgpolicyk8s.io/v1alpha2", "PolicyReport"),
        "prometheus" => readers::prometheus(output),
        _ => panic!("{format} has no reader"),
    }
}

#[test]
fn hostile_text_is_text_in_every_format() {
    let texts = hostile::texts();
    assert!(texts.len() >= 600, "{} hostile texts", texts.len());
    for verdict_of in [verdict_of, override_of] {
        hold(&texts, verdict_of);
    }
}

fn hold(texts: &[String], verdict_of: fn(&str) -> Verdict) {
    let verdicts: Vec<_> = texts.iter().map(|it| verdict_of(it)).collect();
    let plain = verdict_of("plain");
    std::thread::scope(|scope| {
        for format in FORMATS {
            let (verdicts, plain) = (&verdicts, &plain);
            scope.spawn(move || {
                let want = shape(format, &written(format, plain));
                for (text, verdict) in texts.iter().zip(verdicts) {
                    let output = written(format, verdict);
                    readers::no_foreign_controls(&output, *format == "github");
                    let got = shape(format, &output);
                    assert_eq!(
                        got, want,
                        "{format}: {text:?} changes the structure of\n{output}"
                    );
                }
            });
        }
    });
}

/// A line of source may hold what nobody should read in a log: places are named, not quoted.
#[test]
fn no_format_quotes_the_source() {
    let mut verdict = verdict_of("plain");
    let examined = verdict.gates.iter_mut().map(|it| &mut it.examined);
    for label in examined
        .flat_map(|it| &mut it.findings)
        .flat_map(|it| &mut it.labels)
    {
        label.place.text = "password: canary".to_owned();
    }
    for format in FORMATS {
        assert!(!written(format, &verdict).contains("canary"), "{format}");
    }
}

#[test]
fn a_fingerprint_knows_no_lines() {
    let fingerprints = |lines: u32| {
        let mut verdict = verdict_of("plain");
        let examined = &mut verdict.gates[0].examined;
        for label in examined.findings.iter_mut().flat_map(|it| &mut it.labels) {
            label.place.line += lines;
        }
        examined.unsure[0].why = format!("unreadable (a.yaml:{lines}:1)");
        let mut again = examined.unsure[0].clone();
        again.why.push_str(", twice");
        examined.unsure.push(again);
        ["sarif", "gitlab"].map(|it| readers::fingerprints(&written(it, &verdict)))
    };
    let [sarif, gitlab] = fingerprints(0);
    assert_eq!(
        [&sarif, &gitlab],
        [&fingerprints(7)[0], &fingerprints(7)[1]]
    );
    assert_eq!(sarif.len(), 9);
    // GitLab has one more, for the verdict.
    assert_eq!(gitlab.difference(&sarif).count(), 1);
}

/// Many findings: what holds the change is written before a flood of warnings.
fn flood(message: &str) -> Verdict {
    let mut policies = Examined::default();
    for n in 0..10_000 {
        let subject = format!("prod: ConfigMap web-{n}");
        let level = if n % 10 == 0 {
            Level::Deny
        } else {
            Level::Warn
        };
        let path = format!("apps/web-{n}/map.yaml");
        policies.findings.push(
            Finding::new(level, "policies/flood", &subject, message)
                .label(Some(&place(&path, "data: {}", Side::Head, 1)), "here"),
        );
        policies.subjects.push(Checked {
            subject: subject.into(),
            checks: 1,
        });
    }
    Verdict::weigh(
        vec![(
            "policies".to_owned(),
            "no policy fails".to_owned(),
            policies,
        )],
        Vec::new(),
        ChangeSummary::default(),
    )
}

#[test]
fn a_flood_hides_neither_the_verdict_nor_its_own_size() {
    let sentence = "1000 findings hold this change, 9000 warnings (exit 1)";
    for message in ["short".to_owned(), "too many of these ".repeat(110)] {
        let verdict = flood(&message);
        for (format, limit) in [
            ("sarif", 10 << 20),
            ("github", 64 << 10),
            ("github-summary", 900 << 10),
            ("gitlab", 10 << 20),
            ("markdown", 65_536),
            ("tap", 10 << 20),
            ("openreports", 1_500_000),
            ("policyreport", 1_500_000),
        ] {
            let output = written(format, &verdict);
            shape(format, &output);
            assert!(output.contains(sentence), "{format} hides the verdict");
            assert!(output.len() <= limit, "{format}: {} bytes", output.len());
            let complete = output.matches(&message).count() >= 10_000;
            assert!(
                complete || output.contains(" more"),
                "{format} does not count the rest"
            );
        }
    }
}

#[test]
fn a_flood_stays_within_the_counts_of_its_place() {
    let verdict = flood("short");
    let github = written("github", &verdict);
    let count = |kind: &str| github.lines().filter(|it| it.starts_with(kind)).count();
    // Warnings at no file of the change are three of a rule, and the one that counts the others.
    assert_eq!((count("::error "), count("::warning ")), (10, 4));
    assert!(
        github.contains("991 more that hold this change"),
        "{github}"
    );
    assert!(github.contains("8997 more warnings"), "{github}");
    let sarif = written("sarif", &verdict);
    assert!(
        sarif.contains("\"5001 more: see"),
        "5,000 results are shown"
    );
    let metrics = written("prometheus", &verdict);
    assert!(metrics.contains("tollgate_gate_findings{gate=\"policies\",level=\"deny\"} 1000\n"));
    assert!(metrics.contains("tollgate_decision{decision=\"refuse\"} 1\n"));
}

#[test]
fn a_verdict_without_a_finding_is_readable_everywhere() {
    let mut examined = Examined::default();
    examined.subjects.push(Checked {
        subject: Subject::overlay_of(Some("prod"), "apps/web"),
        checks: 1,
    });
    let verdict = Verdict::weigh(
        vec![("renders".to_owned(), "it renders".to_owned(), examined)],
        Vec::new(),
        ChangeSummary::default(),
    );
    for format in FORMATS {
        let output = written(format, &verdict);
        shape(format, &output);
        let seen = match *format {
            "gitlab" => "[]\n",
            "prometheus" => "tollgate_decision{decision=\"admit\"} 1\n",
            _ => "ADMITTED: every gate passed, 1 check (exit 0)",
        };
        assert!(output.contains(seen), "{format}: {output}");
    }
}

#[test]
fn an_undecided_change_never_looks_admitted() {
    let verdict = Verdict::weigh(
        Vec::new(),
        vec![WorkerFault {
            on: vec!["apps/web".to_owned()],
            why: "it ran out of memory".to_owned(),
        }],
        ChangeSummary::default(),
    );
    for format in FORMATS {
        let output = written(format, &verdict);
        shape(format, &output);
        let seen = match *format {
            "prometheus" => "tollgate_decision{decision=\"undecided\"} 1\n",
            _ => "UNDECIDED: 1 question could not be decided",
        };
        assert!(output.contains(seen), "{format}: {output}");
        assert!(!output.contains("ADMITTED"), "{format}: {output}");
    }
}

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: disallow-latest-tag
spec:
  rules:
    - name: pinned
      match:
        any:
          - resources:
              kinds: [Pod]
      validate:
        message: an image needs a tag that does not move
        pattern:
          spec:
            containers:
              - image: \"!*:latest\"
";

const POD: &str = "apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web
";

fn kustomization(tag: &str) -> String {
    format!(
        "resources: [pod.yaml]\nimages:\n  - name: registry.example.com/web\n    newTag: {tag}\n"
    )
}

/// One refused change, once through the binary, with a report of each format.
#[test]
fn snapshots_of_one_refused_change() {
    let repository = Repository::new();
    for environment in ["dev", "prod"] {
        repository
            .write(
                &format!("apps/web/overlays/{environment}/kustomization.yaml"),
                &kustomization("1.4.2"),
            )
            .write(&format!("apps/web/overlays/{environment}/pod.yaml"), POD);
    }
    repository
        .write("policies/disallow-latest-tag.yaml", POLICY)
        .write(
            "tollgate.yaml",
            "version: 1
environments:
  dev: {overlays: [\"apps/*/overlays/dev\"], enforcement: audit}
  prod: {overlays: [\"apps/*/overlays/prod\"], enforcement: strict}
policies: {coverage: {min_rules: 0%}}
",
        );
    let base = repository.commit("base");
    for environment in ["dev", "prod"] {
        repository.write(
            &format!("apps/web/overlays/{environment}/kustomization.yaml"),
            &kustomization("latest"),
        );
    }
    let head = repository.commit("head");
    let others = ["human", "json", "junit"];
    let all = || FORMATS.iter().chain(&others);
    let reports: Vec<String> = all().map(|it| format!("--report={it}={it}.txt")).collect();
    let mut arguments = vec!["check", "--base", &base, "--head", &head];
    arguments.extend(reports.iter().map(String::as_str));
    let output = tollgate(repository.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for format in all() {
        let path = repository.path().join(format!("{format}.txt"));
        let text = std::fs::read_to_string(path).expect("a report");
        if !others.contains(format) {
            shape(format, &text);
        }
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(*format, text);
    }
}

//! `tollgate baseline` and what it changes for later checks.

use crate::support::{Repository, Verdict, tollgate};
use serde_json::{Value, json};

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
    - name: small
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: it is too large
        pattern: {data: {a: \"!huge\"}}
";

const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [dev], enforcement: audit}
  prod: {overlays: [prod, shop], enforcement: enforce, known: hold}
groups: {platform: {users: [bob, cho]}}
approvals:
  rules:
    - {name: rules, when: {control_plane: true}, require: {count: 1, from: [platform]}}
    - {name: others, when: {any: true}, require: {count: 1}}
";

const PATH: &str = ".tollgate/baseline.json";

fn map(value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{a: {value}}}\n")
}

fn secret(value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: key}}\nstringData: {{password: {value}}}\n"
    )
}

/// Three overlays that break a policy, one with a Secret, and a policy without fixtures.
fn repository() -> Repository {
    let repository = Repository::new();
    for overlay in ["dev", "prod", "shop"] {
        repository
            .write(
                &format!("{overlay}/kustomization.yaml"),
                "resources: [map.yaml]\n",
            )
            .write(&format!("{overlay}/map.yaml"), &map("b"));
    }
    repository
        .write(
            "prod/kustomization.yaml",
            "resources: [map.yaml, secret.yaml]\n",
        )
        .write("prod/secret.yaml", &secret("hunter2222"))
        .write("policies/require-team.yaml", POLICY)
        .write("tollgate.yaml", CONFIG);
    repository
}

/// `tollgate baseline`: what it prints, after its exit code.
#[track_caller]
fn baseline(repository: &Repository, arguments: &[&str], code: i32) -> String {
    let all: Vec<&str> = ["baseline"].iter().chain(arguments).copied().collect();
    let output = tollgate(repository.path(), &all);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    format!("{}{err}", String::from_utf8_lossy(&output.stdout))
}

fn file(repository: &Repository) -> Option<String> {
    std::fs::read_to_string(repository.path().join(PATH)).ok()
}

/// Rule and subject of each entry.
fn known(repository: &Repository) -> Vec<String> {
    let text = file(repository).expect("a baseline");
    let read: Value = serde_json::from_str(&text).expect("JSON");
    let entries = read["findings"].as_array().expect("a list").iter();
    entries
        .map(|it| {
            format!(
                "{}: {}",
                it["rule"].as_str().unwrap_or_default(),
                it["subject"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

fn agreed() -> Value {
    json!({"author": "ann", "reviews": [{"by": "bob", "says": "approved"}]})
}

/// As [`Repository::check_with_forge`], with everybody's consent.
fn check(repository: &Repository, base: &str, head: &str) -> Verdict {
    repository.check_with_forge(base, head, &agreed())
}

#[track_caller]
fn says(verdict: &Verdict, line: &str) {
    let lines = verdict.lines();
    assert!(lines.iter().any(|it| it == line), "{line}: {lines:?}");
}

/// How many findings the baseline waives.
fn waived(verdict: &Verdict) -> usize {
    let findings = verdict.findings();
    findings
        .filter(|it| it["disposition"]["waived"]["by"] == "baseline")
        .count()
}

/// A repository whose BASE holds its baseline: the repository and BASE.
fn adopted() -> (Repository, String) {
    let repository = repository();
    repository.commit("as it was");
    baseline(&repository, &[], 0);
    let base = repository.commit("a baseline");
    (repository, base)
}

#[test]
fn what_is_there_is_written_down_and_takes_consent() {
    let repository = repository();
    let before = repository.commit("as it was");
    let told = baseline(&repository, &[], 0);
    assert_eq!(
        told,
        "wrote .tollgate/baseline.json: 4 findings are known from now on
  2 findings of policies/require-team
  2 findings of policy-tests/coverage
read it, then commit it in a change of its own, which takes the approvals of rule `rules`: it waives from the next change on
"
    );
    assert_eq!(
        known(&repository),
        [
            "policies/require-team: prod: ConfigMap web (prod)",
            "policies/require-team: prod: ConfigMap web (shop)",
            "policy-tests/coverage: require-team/label",
            "policy-tests/coverage: require-team/small",
        ],
        "dev is audited, so nothing holds there"
    );
    let text = file(&repository).expect("a baseline");
    assert!(!text.contains("hunter"), "{text}");
    // Again, from the committed file and from scratch: the same bytes.
    let told = baseline(&repository, &[], 0);
    assert!(
        told.starts_with(".tollgate/baseline.json stays as it is: 4 findings are known\n"),
        "{told}"
    );
    repository.delete(PATH);
    baseline(&repository, &[], 0);
    assert_eq!(file(&repository), Some(text));

    let head = repository.commit("a baseline");
    let alone = repository.check_with_forge(&before, &head, &json!({"author": "ann"}));
    says(
        &alone,
        "deny control-plane/weakened .tollgate/baseline.json:1",
    );
    let message = alone
        .findings()
        .find(|it| it["rule"] == "control-plane/weakened")
        .and_then(|it| it["message"].as_str())
        .expect("a message");
    assert_eq!(
        message,
        "a first baseline would waive 4 findings for good: 2 of policies/require-team, 2 of policy-tests/coverage"
    );
    let verdict = check(&repository, &before, &head);
    says(
        &verdict,
        "warn control-plane/weakened .tollgate/baseline.json:1",
    );
    assert_eq!(verdict.decision(), "admit", "{:?}", verdict.lines());
}

#[test]
fn a_known_finding_holds_nobody_and_a_new_one_does() {
    let (repository, base) = adopted();
    for overlay in ["prod", "shop"] {
        repository.write(&format!("{overlay}/map.yaml"), &map("other"));
    }
    repository.write(
        "policies/require-team.yaml",
        &format!("{POLICY}# a comment\n"),
    );
    let head = repository.commit("touched");
    let verdict = check(&repository, &base, &head);
    // The two of the policy; what has no fixture is a warning and known too.
    assert_eq!(waived(&verdict), 4, "{:?}", verdict.lines());
    let holds: Vec<&Value> = verdict
        .findings()
        .filter(|it| it["level"] == "deny" && it["disposition"].is_null())
        .map(|it| &it["rule"])
        .collect();
    assert!(
        holds.iter().all(|it| *it == "control-plane/rides-along"),
        "{holds:?}"
    );

    repository.write("policies/require-team.yaml", POLICY);
    let head = repository.commit("touched");
    let verdict = check(&repository, &base, &head);
    assert_eq!(verdict.decision(), "admit", "{:?}", verdict.lines());
    assert_eq!(waived(&verdict), 4);

    // The same resource, another rule.
    repository.write("prod/map.yaml", &map("huge"));
    let head = repository.commit("worse");
    let verdict = check(&repository, &base, &head);
    assert_eq!(verdict.decision(), "refuse");
    assert_eq!(waived(&verdict), 4, "{:?}", verdict.lines());
    // A Secret that was there may stay as it is; another value of it is held.
    repository
        .write("prod/map.yaml", &map("b"))
        .write("prod/secret.yaml", &secret("hunter3333"));
    let head = repository.commit("more secrets");
    says(
        &check(&repository, &base, &head),
        "deny secrets/plain prod/secret.yaml:4",
    );
}

#[test]
fn a_record_with_waived_findings_gives_the_same_bytes_again() {
    let (repository, base) = adopted();
    repository.write("shop/map.yaml", &map("other"));
    let head = repository.commit("touched");
    for format in ["json", "human", "sarif", "junit", "openreports"] {
        let arguments = [
            "check",
            "--base",
            &base,
            "--head",
            &head,
            "--format",
            format,
            "--facts-out",
            "facts.json",
        ];
        let checked = tollgate(repository.path(), &arguments);
        let text = String::from_utf8_lossy(&checked.stdout);
        assert!(
            text.contains("known since the repository took the gate in"),
            "{format}: {text}"
        );
        let replayed = tollgate(
            repository.path(),
            &["replay", "facts.json", "--format", format],
        );
        assert_eq!(replayed.stdout, checked.stdout, "{format}");
    }
}

#[test]
fn a_baseline_only_shrinks() {
    let (repository, _) = adopted();
    // One is mended, one is new.
    repository.write(
        "shop/map.yaml",
        &map("huge").replace("{name: web}", "{name: web, labels: {team: a}}"),
    );
    repository.commit("one mended, one new");
    let told = baseline(&repository, &[], 1);
    assert_eq!(
        told,
        "wrote .tollgate/baseline.json: 1 of 4 findings gone, 3 left
gone:
  1 finding of policies/require-team
left:
  1 finding of policies/require-team
  2 findings of policy-tests/coverage
not known and not added, because a baseline only shrinks; each holds a change that touches it:
  1 finding of policies/require-team
"
    );
    assert_eq!(known(&repository).len(), 3);

    // In a change of its own, that is nobody's business.
    let smaller = file(&repository).expect("a baseline");
    let repository_of = |text: &str| {
        let (repository, base) = adopted();
        repository.write(PATH, text);
        let head = repository.commit("another baseline");
        check(&repository, &base, &head)
    };
    let verdict = repository_of(&smaller);
    says(
        &verdict,
        "warn control-plane/changed .tollgate/baseline.json:1",
    );
    assert_eq!(verdict.decision(), "admit", "{:?}", verdict.lines());
    assert!(!verdict.lines().iter().any(|it| it.contains("weakened")));

    // To add is refused, whoever agrees; so is a file that cannot be read.
    repository.delete(PATH);
    baseline(&repository, &[], 0);
    let other = file(&repository).expect("a baseline");
    let verdict = repository_of(&other);
    says(
        &verdict,
        "deny control-plane/baseline-grows .tollgate/baseline.json:10",
    );
    assert_eq!(verdict.decision(), "refuse");
    let verdict = repository_of(&smaller.replace("must be said", "may be said"));
    says(
        &verdict,
        "deny control-plane/waiver-file .tollgate/baseline.json:4",
    );
    // It can go as a whole.
    let repository = self::repository();
    repository.write(PATH, &smaller);
    let with = repository.commit("with");
    repository.delete(PATH);
    let without = repository.commit("without");
    assert_eq!(check(&repository, &with, &without).decision(), "admit");
}

#[test]
fn a_baseline_that_was_edited_waives_nothing() {
    let (repository, _) = adopted();
    let text = file(&repository).expect("a baseline");
    repository.write(PATH, &text.replace("must be said", "may be said"));
    let base = repository.commit("edited");
    let told = baseline(&repository, &[], 2);
    assert!(told.contains("error: .tollgate/baseline.json:4:5: the fingerprint is not that of this finding of `policies/require-team`"), "{told}");
    assert!(
        told.contains("help: mend it, or delete it to begin anew"),
        "{told}"
    );
    repository.write("shop/map.yaml", &map("other"));
    let head = repository.commit("touched");
    let verdict = check(&repository, &base, &head);
    says(
        &verdict,
        "warn control-plane/waiver-file .tollgate/baseline.json:4",
    );
    says(&verdict, "deny policies/require-team shop/map.yaml:3");
    assert_eq!(waived(&verdict), 0);
}

#[test]
fn what_was_not_looked_at_is_neither_written_nor_gone() {
    let (repository, _) = adopted();
    let whole = file(&repository).expect("a baseline");
    // An overlay that does not render: its findings are kept, and it is told.
    repository.write("shop/kustomization.yaml", "resources: [nothing.yaml]\n");
    repository.commit("broken");
    let told = baseline(&repository, &[], 1);
    assert!(told.contains("1 finding is kept unseen"), "{told}");
    assert!(told.contains("\n  prod (shop): "), "{told}");
    assert_eq!(file(&repository).as_deref(), Some(&*whole));
    repository.delete(PATH);
    let told = baseline(&repository, &[], 1);
    assert!(
        told.starts_with("wrote .tollgate/baseline.json: 3 findings"),
        "{told}"
    );
    assert!(
        told.contains(
            "what does not render, or renders to nothing, holds a change that touches it"
        ),
        "{told}"
    );

    // A rule that nobody can evaluate is told, and what its policy said before is kept.
    let policy = POLICY.replace(
        "\"!huge\"",
        "\"{{ request.object.metadata.annotations.nothing }}\"",
    );
    repository
        .write(PATH, &whole)
        .write("shop/kustomization.yaml", "resources: [map.yaml]\n")
        .write("policies/require-team.yaml", &policy)
        .write(
            "shop/map.yaml",
            &map("b").replace("{name: web}", "{name: web, labels: {team: a}}"),
        );
    repository.commit("cannot be evaluated");
    let told = baseline(&repository, &[], 1);
    assert!(
        told.contains("1 finding is kept unseen, because overlays do not render where they belong, or nobody can judge by their policies"),
        "{told}"
    );
    assert!(
        told.contains(
            "a change that touches it is not decided:\n  3 resources by require-team/small: "
        ),
        "{told}"
    );
    assert_eq!(file(&repository).as_deref(), Some(&*whole));
    repository.delete(PATH);
    let told = baseline(&repository, &[], 1);
    assert!(
        told.starts_with("wrote .tollgate/baseline.json: 3 findings"),
        "{told}"
    );
    // A file that may hold policies, and that nobody can read.
    repository.write(PATH, &whole).write(
        "policies/require-team.yaml",
        "apiVersion: kyverno.io/v1\nkind: [\n",
    );
    repository.commit("cannot be read");
    let told = baseline(&repository, &[], 1);
    assert!(
        told.contains("is not decided:\n  every resource by policies/require-team.yaml: "),
        "{told}"
    );
    let kept = known(&repository);
    assert_eq!(
        kept,
        [
            "policies/require-team: prod: ConfigMap web (prod)",
            "policies/require-team: prod: ConfigMap web (shop)",
        ],
        "what had no fixture is no rule any more"
    );
}

/// The steps that the program prints and `tollgate explain baseline` lists, followed to the letter on one
/// machine, in a repository in which much is wrong and one policy cannot be evaluated.
#[test]
fn its_steps_end_in_an_admission_although_a_policy_cannot_be_evaluated() {
    for (policy, why) in [
        (
            "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: cel}\nspec: {validations: [{expression: \"true\"}]}\n",
            "12 resources by cel: policies of kind ValidatingPolicy are not evaluated yet",
        ),
        (
            "apiVersion: kyverno.io/v1\nkind: [\n",
            "every resource by policies/cel.yaml: ",
        ),
        (
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: cel}\nspec: {rules: [{name: r, match: {any: [{resources: {kinds: [ConfigMap]}}]}, context: [{name: found, apiCall: {urlPath: /api}}], validate: {message: never, deny: {conditions: {all: [{key: \"{{ found }}\", operator: Equals, value: 1}]}}}}]}\n",
            "12 resources by cel/r: ",
        ),
    ] {
        let repository = Repository::new();
        for n in 0..12 {
            let folder = format!("apps/a{n}/prod");
            repository
                .write(
                    &format!("{folder}/kustomization.yaml"),
                    "resources: [map.yaml]\n",
                )
                .write(&format!("{folder}/map.yaml"), &map("huge"));
        }
        let suite = "apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: [../policies/require-team.yaml]
resources: [map.yaml]
results:
  - {policy: require-team, rule: label, kind: ConfigMap, resources: [web], result: pass}
  - {policy: require-team, rule: gone, kind: ConfigMap, resources: [web], result: pass}
";
        repository
            .write("policies/require-team.yaml", POLICY)
            .write("policies/cel.yaml", policy)
            .write("tests/kyverno-test.yaml", suite)
            .write("tests/map.yaml", &map("b"));
        repository.commit("as it was");

        let told = baseline(&repository, &[], 0);
        assert!(
            told.starts_with("wrote .tollgate/baseline.json: "),
            "{told}"
        );
        assert!(told.contains(&format!("\n  {why}")), "{told}");
        assert!(
            told.contains("\nread it, then commit it to the branch that changes are merged into, before the gate guards it: it waives from the next change on. "),
            "{told}"
        );
        let base = repository.commit("a baseline");
        // The next change touches what is written down, and the value on which the failure rests.
        let touched = map("huge").replace("{name: web}", "{name: web, labels: {team: \"\"}}");
        repository
            .branch("change")
            .write("apps/a3/prod/map.yaml", &touched);
        let head = repository.commit("touched");
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.exit, 0, "{why}: {:?}", verdict.lines());
        assert_eq!(verdict.decision(), "admit", "{why}");
        assert!(waived(&verdict) > 0, "{why}: {:?}", verdict.lines());
        let output = tollgate(
            repository.path(),
            &["check", "--base", "main", "--head", "change"],
        );
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        // Without the file it would have been held.
        repository
            .delete(PATH)
            .write("apps/a3/prod/map.yaml", &map("huge"));
        let before = repository.commit("without the file");
        repository.write("apps/a3/prod/map.yaml", &touched);
        let after = repository.commit("touched again");
        let verdict = repository.check(&before, &after);
        assert_eq!(verdict.decision(), "refuse", "{why}: {:?}", verdict.lines());
        // A new mistake is held.
        repository.write(
            "apps/a4/prod/map.yaml",
            &map("b").replace("\ndata:", "\ndota:"),
        );
        let worse = repository.commit("worse");
        assert_eq!(
            repository.check(&after, &worse).decision(),
            "refuse",
            "{why}"
        );
    }
}

#[test]
fn where_nothing_holds_no_file_is_written() {
    let repository = Repository::new();
    repository
        .write("dev/kustomization.yaml", "resources: [map.yaml]\n")
        .write("dev/map.yaml", &map("b"));
    repository.commit("fine");
    let told = baseline(&repository, &[], 0);
    assert_eq!(
        told,
        "nothing that holds a change can be written down, so no baseline is needed\n"
    );
    assert_eq!(file(&repository), None);
    // What is committed counts, unless the folder is asked for.
    let bad = map("b").replace("\ndata:", "\ndota:");
    repository
        .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map.yaml", &bad);
    baseline(&repository, &[], 0);
    assert_eq!(file(&repository), None);
    baseline(&repository, &["--working-tree"], 0);
    assert_eq!(
        known(&repository),
        ["schemas/unknown-field: prod: ConfigMap web (prod)"]
    );
    // Outside of a repository, and in one without overlays.
    let empty = Repository::new();
    empty.write("README.md", "x").commit("nothing");
    let told = baseline(&empty, &[], 4);
    assert!(
        told.contains("neither BASE nor HEAD holds a kustomization"),
        "{told}"
    );
}

#[test]
fn what_is_excepted_has_an_end_and_is_not_written_down() {
    let repository = repository();
    repository.write(
        ".tollgate/exceptions.yaml",
        &format!(
            "version: 1
exceptions:
  - id: web
    rule: policies/require-team
    subject: {{kind: ConfigMap, name: web}}
    reason: moves out in winter
    owner: platform
    expires: {}
",
            crate::exceptions::day(5)
        ),
    );
    repository.commit("as it was");
    let told = baseline(&repository, &[], 0);
    assert!(told.contains(": 2 findings are known"), "{told}");
    assert!(!told.contains("policies/require-team"), "{told}");
    // With a mistake in the file nothing is excepted, and all of it would be known for good.
    repository.write(
        ".tollgate/exceptions.yaml",
        "version: 1\nexceptions: [{id: web}]\n",
    );
    repository.delete(PATH);
    repository.commit("a mistake");
    let told = baseline(&repository, &[], 2);
    assert!(
        told.contains("error: .tollgate/exceptions.yaml:2:14: key `rule` is missing"),
        "{told}"
    );
    assert!(
        told.contains("help: mend the file with exceptions first"),
        "{told}"
    );
    assert_eq!(file(&repository), None);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let repository = repository();
    let outside = tempfile::TempDir::new().expect("a folder");
    std::os::unix::fs::symlink(outside.path(), repository.path().join(".tollgate"))
        .expect("a link");
    repository.commit("a trap");
    let output = tollgate(repository.path(), &["baseline"]);
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    let left = std::fs::read_dir(outside.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 0, "{output:?}");
    let inside = self::repository();
    inside.write("elsewhere/x", "");
    std::os::unix::fs::symlink("elsewhere", inside.path().join(".tollgate")).expect("a link");
    inside.commit("a trap");
    let output = tollgate(inside.path(), &["baseline"]);
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    assert!(
        !inside.path().join("elsewhere/baseline.json").exists(),
        "{output:?}"
    );
}

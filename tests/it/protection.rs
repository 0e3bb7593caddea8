//! A snapshot of a branch's protection, and the checks that it stands in for.

use crate::{
    forge_record,
    support::{Repository, Verdict, tollgate},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use tollgate::run::snapshot::{self, Snapshot};

const SETTINGS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
protection:
  require: {approvals: 2, bypass: [\"App:renovate\"]}
  snapshot: {max_age: 24h}
";

/// A change of production, and what the forge says of the branch.
struct Case {
    repository: Repository,
    base: String,
    head: String,
    record: PathBuf,
}

impl Case {
    fn new(settings: &str, protection: &Value) -> Self {
        Self::with(settings, protection, |_| {})
    }

    /// With more files in the head.
    fn with(settings: &str, protection: &Value, more: impl FnOnce(&Repository)) -> Self {
        let repository = Repository::new();
        let map = |value: &str| {
            format!("configMapGenerator:\n  - name: web\n    literals: [a={value}]\n")
        };
        repository
            .write("tollgate.yaml", settings)
            .write("prod/kustomization.yaml", &map("b"));
        let base = repository.commit("base");
        repository.write("prod/kustomization.yaml", &map("c"));
        more(&repository);
        let head = repository.commit("head");
        let forge = json!({"protection": protection});
        let record = forge_record::record(&repository, &base, &head, &forge);
        Self {
            repository,
            base,
            head,
            record,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.repository.path().join(name)
    }

    fn check(&self, snapshot: &Path) -> Output {
        self.check_with(snapshot, &["--base", &self.base, "--head", &self.head])
    }

    fn check_with(&self, snapshot: &Path, sides: &[&str]) -> Output {
        let record = self.record.to_str().expect("a path of text");
        let snapshot = snapshot.to_str().expect("a path of text");
        let rest = [
            "--format",
            "json",
            "--forge-facts",
            record,
            "--protection-snapshot",
            snapshot,
        ];
        tollgate(self.repository.path(), &[&["check"], sides, &rest].concat())
    }

    fn decides(&self, snapshot: &Path) -> String {
        Verdict::read(&self.check(snapshot)).decision().to_owned()
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

fn taken(protection: &Value) -> Snapshot {
    Snapshot {
        forge: "github".to_owned(),
        repository: "github.com/acme/gitops".to_owned(),
        taken_at: now(),
        protection: forge_record::protection(protection, "main"),
    }
}

fn keep(snapshot: &Snapshot, path: &Path) {
    std::fs::write(path, snapshot::write(snapshot).expect("small")).expect("written");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_snapshot_stands_in_for_what_the_token_cannot_read() {
    let case = Case::new(SETTINGS, &json!({"approvals": 2, "bypass": "unknown"}));
    let file = case.path(".git/protection.json");
    let renovate = json!([{"actor": "App:renovate"}]);
    keep(&taken(&json!({"bypass": renovate})), &file);
    let verdict = Verdict::read(&case.check(&file));
    assert_eq!(verdict.decision(), "admit", "{}", verdict.json);
    let notes: Vec<&str> = (verdict.findings())
        .filter(|it| it["rule"] == "protection/forge")
        .filter_map(|it| it["message"].as_str())
        .collect();
    let has = |part: &str| notes.iter().any(|it| it.contains(part));
    assert!(
        has("stands in for what the token of this run cannot read: bypass"),
        "{notes:?}"
    );
    assert!(
        has("`approvals` was changed since the snapshot"),
        "{notes:?}"
    );
    // Whom it names is judged as if the forge had named him.
    let ann = json!([{"actor": "User:ann"}]);
    keep(&taken(&json!({"bypass": ann})), &file);
    let verdict = Verdict::read(&case.check(&file));
    assert_eq!(verdict.decision(), "refuse");
    let bypass = verdict
        .findings()
        .find(|it| it["rule"] == "protection/bypass");
    let message = bypass.expect("a finding")["message"]
        .as_str()
        .unwrap_or_default();
    assert!(
        message.contains("snapshot of 20") && message.contains("ruleset \"prod\""),
        "{message}"
    );
}

/// Threat row F11.
#[test]
fn what_is_weaker_now_is_judged_as_it_is_now() {
    let case = Case::new(SETTINGS, &json!({"approvals": 1}));
    let file = case.path(".git/protection.json");
    keep(&taken(&json!({"approvals": 2})), &file);
    let verdict = Verdict::read(&case.check(&file));
    assert_eq!(
        verdict.lines(),
        ["deny protection/weaker tollgate.yaml:5", "refuse"]
    );
}

#[test]
fn what_cannot_stand_in_is_told_and_does_not() {
    let unknown = json!({"bypass": "unknown"});
    let case = Case::new(SETTINGS, &unknown);
    let forbidding = SETTINGS.replace("  snapshot: {max_age: 24h}\n", "");
    let forbidding = Case::new(&forbidding, &unknown);
    let file = case.path(".git/protection.json");
    let good = taken(&json!({}));
    type Change = fn(&mut Snapshot);
    let rows: [(&Case, Change, Option<&str>); 6] = [
        (&case, |_| {}, None),
        (&forbidding, |_| {}, Some("does not allow one")),
        (
            &case,
            |it| it.taken_at -= 86_400,
            Some("lets it stand in for 1d"),
        ),
        (
            &case,
            |it| it.taken_at += 3_600,
            Some("taken in the future"),
        ),
        (
            &case,
            |it| "github.com/acme/other".clone_into(&mut it.repository),
            Some("repository"),
        ),
        (
            &case,
            |it| "release".clone_into(&mut it.protection.branch),
            Some("branch release"),
        ),
    ];
    for (case, change, why) in rows {
        let mut snapshot = good.clone();
        change(&mut snapshot);
        keep(&snapshot, &file);
        let output = case.check(&file);
        let verdict = Verdict::read(&output);
        let Some(why) = why else {
            assert_eq!(verdict.decision(), "admit");
            assert_eq!(said(&output), "");
            continue;
        };
        assert_eq!(verdict.decision(), "undecided", "{why}");
        assert!(
            said(&output).starts_with("warning: ") && said(&output).contains(why),
            "{}",
            said(&output)
        );
        let noted = |it: &Value| it["message"].as_str().is_some_and(|it| it.contains(why));
        assert!(verdict.findings().any(noted), "{why}: {}", verdict.json);
    }
}

#[test]
fn what_is_no_snapshot_is_an_error() {
    let case = Case::new(SETTINGS, &json!({"bypass": "unknown"}));
    let file = case.path(".git/protection.json");
    let whole = snapshot::write(&taken(&json!({}))).expect("small");
    let text = String::from_utf8(whole).expect("text");
    for (text, why) in [
        (None, "No such file"),
        (Some(String::new()), "damaged"),
        (
            Some(text.replacen("\"value\": 6", "\"value\": 7", 1)),
            "changed after it was written",
        ),
        (
            Some(text.replacen("  \"version\": 1", "  \"version\": 2", 1)),
            "version 2",
        ),
        (Some(format!("{text}\n")), "not as it was written"),
    ] {
        let _ = std::fs::remove_file(&file);
        if let Some(text) = text {
            std::fs::write(&file, text).expect("written");
        }
        let output = case.check(&file);
        assert_eq!(output.status.code(), Some(2), "{why}");
        assert!(output.stdout.is_empty());
        assert!(said(&output).contains(why), "{why}: {}", said(&output));
    }
}

/// A change cannot bring the snapshot that it is judged by.
#[test]
fn a_file_of_the_change_is_no_snapshot() {
    let good = snapshot::write(&taken(&json!({}))).expect("small");
    let good = String::from_utf8(good).expect("text");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let outside = elsewhere.path().join("protection.json");
    std::fs::write(&outside, &good).expect("written");
    let brought = snapshot::write(&taken(&json!({"approvals": 5}))).expect("small");
    let brought = String::from_utf8(brought).expect("text");
    let copy = elsewhere.path().join("copy.json");
    std::fs::write(&copy, &brought).expect("written");
    let case = Case::with(SETTINGS, &json!({"bypass": "unknown"}), |repository| {
        let link = |target: &Path, name: &str| {
            let made = std::os::unix::fs::symlink(target, repository.path().join(name));
            made.expect("a link");
        };
        repository.write("brought/protection.json", &brought);
        link(&outside, "link.json");
        link(elsewhere.path(), "folder");
        link(Path::new("brought"), "inside");
    });
    // Whatever the file holds now, its place is one that the change fills.
    case.repository.write("brought/protection.json", &good);
    // What lies outside may be used, whatever the change holds.
    assert_eq!(case.decides(&outside), "admit");
    let in_git = case.path(".git/protection.json");
    std::fs::write(&in_git, &good).expect("written");
    assert_eq!(case.decides(&in_git), "admit");
    let to_brought = elsewhere.path().join("to-brought.json");
    std::os::unix::fs::symlink(case.path("brought/protection.json"), &to_brought).expect("a link");
    for file in [
        case.path("brought/protection.json"),
        case.path("link.json"),
        case.path("folder/protection.json"),
        case.path("inside/protection.json"),
        case.path("prod/../brought/protection.json"),
        to_brought,
        copy,
    ] {
        let output = case.check(&file);
        let shown = file.display();
        assert_eq!(output.status.code(), Some(2), "{shown}: {}", said(&output));
        assert!(
            said(&output).contains("the repository"),
            "{shown}: {}",
            said(&output)
        );
    }
    // A file that nobody committed is none of the change, but of a work tree that is judged as it
    // lies there.
    let own = case.path("own.json");
    std::fs::write(&own, &good).expect("written");
    assert_eq!(case.decides(&own), "admit");
    let sides = ["--base", case.base.as_str(), "--working-tree"];
    let output = case.check_with(&own, &sides);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

/// What a person sees of a branch that is protected less than asked for.
#[test]
fn a_refusal_says_what_to_change() {
    let settings = SETTINGS.replace(
        "require: {approvals: 2,",
        "require: {approvals: 2, deletion: false, code_owners: true, admins: true, status_checks: [ci],",
    );
    let told = json!({
        "approvals": 1,
        "code_owners": "unknown",
        "admins": "unknown",
        "bypass": [{"actor": "Team:acme/ops", "mode": "exempt"}, {"actor": "App:renovate"}],
        "status_checks": ["ci"],
    });
    let case = Case::new(&settings, &told);
    let record = case.record.to_str().expect("a path of text");
    let sides = ["check", "--base", &case.base, "--head", &case.head];
    let output = tollgate(
        case.repository.path(),
        &[&sides[..], &["--forge-facts", record]].concat(),
    );
    let text = String::from_utf8(output.stdout).expect("text");
    let findings = text.split("change: ").next().unwrap_or_default();
    insta::assert_snapshot!("protection-human", findings);
}

//! No output holds a secret value: canaries in every place where values stand, every command but
//! `render`, every format, admitted and refused.

use crate::support::{Repository, command, tollgate};
use data_encoding::BASE64;
use std::io::Write;
use std::process::{Output, Stdio};
use tollgate::reporters::REPORTERS;

/// A value that is nowhere else. Different lengths, so that base64 pads differently.
fn canary(n: usize) -> String {
    format!("canary-{n:02}-{}", "q7Zx9".repeat(2 + n % 3))
}

const CANARIES: usize = 24;

fn base64(n: usize) -> String {
    BASE64.encode(canary(n).as_bytes())
}

#[track_caller]
fn is_clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for n in 0..CANARIES {
        for form in [canary(n), base64(n)] {
            // What only its end differs in is found too.
            let core = form.trim_end_matches('=');
            assert!(
                !text.contains(&core[..core.len() - 2]),
                "{what} shows {form}:\n{text}"
            );
        }
    }
}

#[track_caller]
fn output_is_clean(what: &str, output: &Output) {
    is_clean(what, &output.stdout);
    is_clean(what, &output.stderr);
    let code = output.status.code();
    assert!(code.is_some_and(|it| it < 70), "{what} ended with {code:?}");
}

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: quotes
spec:
  rules:
    - name: value
      match: {any: [{resources: {kinds: [Secret]}}]}
      validate:
        message: \"data is {{ request.object.data }} and {{ request.object.stringData || '' }} of {{ request.object.metadata.annotations || '' }}\"
        pattern: {metadata: {labels: {team: \"?*\"}}}
    - name: deny
      match: {any: [{resources: {kinds: [Secret]}}]}
      validate:
        message: \"{{ request.object.data.password || '' }} {{ base64_decode(request.object.data.password || '') }}\"
        deny: {conditions: {any: [{key: \"{{ request.object.data.password || '' }}\", operator: NotEquals, value: x}]}}
    - name: fails
      match: {any: [{resources: {kinds: [Secret]}}]}
      validate:
        message: x
        deny: {conditions: {any: [{key: \"{{ to_number(request.object.stringData.password) }}\", operator: GreaterThan, value: \"{{ parse_json(base64_decode(request.object.data.password)) }}\"}]}}
";

/// Secrets of every form; `n` says which values.
fn secret(n: usize) -> String {
    format!(
        "apiVersion: v1
kind: Secret
metadata:
  name: plain
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{\"kind\":\"Secret\",\"stringData\":{{\"x\":\"{}\"}}}}'
data:
  password: {}
  wrapped: |
    {}
stringData:
  password: {}
  folded: >-
    {}
  config: |
    user: admin
    password: {}
  'quoted': \"{}\"
  nested: {{deep: [{}]}}
",
        canary(n),
        base64(n + 1),
        base64(n + 2),
        canary(n + 3),
        canary(n + 4),
        canary(n + 5),
        canary(n + 6),
        canary(n + 7),
    )
}

fn kustomization() -> String {
    format!(
        "resources: [secret.yaml]
secretGenerator:
- name: made
  literals:
  - password={}
  - 'quoted=\"{}\"'
  files: [file.txt, other=nested/token]
  envs: [secret.env]
patches:
- target: {{kind: Secret, name: plain}}
  patch: |-
    - op: add
      path: /stringData/patched
      value: {}
- patch: |-
    apiVersion: v1
    kind: Secret
    metadata:
      name: plain
    stringData:
      merged: {}
",
        canary(8),
        canary(9),
        canary(10),
        canary(11),
    )
}

/// Overlays that render, that do not render, and that cannot be read.
fn fill(repository: &Repository, environment: &str) {
    let write = |path: &str, text: &str| {
        repository.write(&format!("{environment}/{path}"), text);
    };
    // `nested` is no string, which no render minds.
    write("good/kustomization.yaml", &kustomization());
    write("good/secret.yaml", &secret(0));
    write("good/file.txt", &format!("{}\n", canary(12)));
    write("good/nested/token", &canary(13));
    write(
        "good/secret.env",
        &format!("# {}\nA={}\nB={}\n", "no value", canary(14), canary(15)),
    );
    // A patch that finds nothing, a literal without `=`, a broken document, a key set twice.
    write(
        "lost/kustomization.yaml",
        &format!(
            "resources: [secret.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: Secret\n    metadata: {{name: other}}\n    stringData: {{a: {}}}\n",
            canary(16)
        ),
    );
    write("lost/secret.yaml", &secret(0));
    write(
        "literal/kustomization.yaml",
        &format!(
            "secretGenerator:\n- name: a\n  literals: ['{}']\n",
            canary(17)
        ),
    );
    write(
        "envs/kustomization.yaml",
        "secretGenerator:\n- name: a\n  envs: [bad.env]\n",
    );
    write("envs/bad.env", &format!("A B={}\n", canary(18)));
    write("broken/kustomization.yaml", "resources: [secret.yaml]\n");
    write(
        "broken/secret.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: \"{}\n  b: *{}\n",
            canary(19),
            canary(20)
        ),
    );
    write("twice/kustomization.yaml", "resources: [secret.yaml]\n");
    write(
        "twice/secret.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: {}\n  a: {}\n b: {}\n",
            canary(21),
            canary(22),
            canary(23)
        ),
    );
    write(
        "merge/kustomization.yaml",
        &format!(
            "resources: [secret.yaml]\npatchesJson6902:\n- target: {{version: v1, kind: Secret, name: plain}}\n  patch: '[{{\"op\": \"test\", \"path\": \"/stringData/password\", \"value\": \"{}\"}}]'\n",
            canary(10)
        ),
    );
    write("merge/secret.yaml", &secret(0));
}

fn repository(enforcement: &str) -> (Repository, String, String) {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", &format!(
            "version: 1\nenvironments:\n  prod: {{overlays: [\"prod/*\"], enforcement: {enforcement}}}\npolicies: {{coverage: {{min_rules: 0%}}}}\n"
        ))
        .write("policies/quotes.yaml", POLICY)
        .write("prod/map/kustomization.yaml", "resources: [map.yaml]\n")
        .write("prod/map/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let base = repository.commit("base");
    (repository, base, String::new())
}

#[track_caller]
fn check_is_clean(repository: &Repository, base: &str, head: &str, want: &str) {
    let verdict = repository.check(base, head);
    assert_eq!(verdict.decision(), want, "{:?}", verdict.lines());
    assert!(
        verdict.json.to_string().contains("[redacted]"),
        "nothing was redacted, so nothing is shown by this test"
    );
    let facts = repository.path().join("facts.json");
    let out = facts.display().to_string();
    let arguments = ["check", "--base", base, "--head", head, "--facts-out", &out];
    tollgate(repository.path(), &arguments);
    is_clean("the facts", &std::fs::read(&facts).expect("facts"));
    output_is_clean("replay", &tollgate(repository.path(), &["replay", &out]));
    std::fs::remove_file(&facts).expect("the facts were there");
    for reporter in REPORTERS {
        let name = reporter.name();
        let file = repository.path().join(format!("report.{name}"));
        let report = format!("{name}={}", file.display());
        let arguments = [
            "check", "--base", base, "--head", head, "--format", name, "--report", &report,
            "--color", "always",
        ];
        output_is_clean(name, &tollgate(repository.path(), &arguments));
        is_clean(name, &std::fs::read(&file).expect("a report"));
        std::fs::remove_file(&file).expect("the report was there");
    }
}

#[test]
fn a_refusal_shows_no_value() {
    let (repository, base, _) = repository("enforce");
    fill(&repository, "prod");
    let head = repository.commit("head");
    check_is_clean(&repository, &base, &head, "refuse");
    // From Secrets to Secrets with other values: both sides are hidden.
    repository.write("prod/good/secret.yaml", &secret(8));
    let changed = repository.commit("changed");
    check_is_clean(&repository, &head, &changed, "refuse");
}

#[test]
fn an_admission_shows_no_value() {
    let (repository, base, _) = repository("audit");
    fill(&repository, "prod");
    for broken in ["lost", "literal", "envs", "broken", "twice", "merge"] {
        std::fs::remove_dir_all(repository.path().join("prod").join(broken)).expect("a folder");
    }
    let head = repository.commit("head");
    check_is_clean(&repository, &base, &head, "admit");
}

#[test]
fn every_broken_overlay_hides_its_values_by_itself() {
    for name in ["lost", "literal", "envs", "broken", "twice", "merge"] {
        let (repository, base, _) = repository("enforce");
        fill(&repository, "prod");
        for other in [
            "good", "lost", "literal", "envs", "broken", "twice", "merge",
        ] {
            if other != name {
                std::fs::remove_dir_all(repository.path().join("prod").join(other))
                    .expect("a folder");
            }
        }
        let head = repository.commit("head");
        for reporter in REPORTERS {
            let arguments = [
                "check",
                "--base",
                &base,
                "--head",
                &head,
                "--format",
                reporter.name(),
            ];
            output_is_clean(name, &tollgate(repository.path(), &arguments));
        }
        let folder = format!("prod/{name}");
        let rendered = tollgate(repository.path(), &["render", &folder]);
        is_clean(name, &rendered.stderr);
    }
}

#[test]
fn apply_and_test_show_no_value() {
    let (repository, _, _) = repository("audit");
    fill(&repository, "prod");
    repository
        .write("suite/kyverno-test.yaml", "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\npolicies: [../policies/quotes.yaml]\nresources: [../prod/good/secret.yaml]\nresults:\n- {policy: quotes, rule: value, kind: Secret, resources: [plain], result: pass}\n- {policy: quotes, rule: deny, kind: Secret, resources: [plain], result: pass}\n- {policy: quotes, rule: fails, kind: Secret, resources: [plain], result: pass}\n")
        .write("broken-suite/kyverno-test.yaml", "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\npolicies: [../policies/quotes.yaml]\nresources: [../prod/broken/secret.yaml]\nresults:\n- {policy: quotes, rule: value, kind: Secret, resources: [plain], result: pass}\n");
    for format in ["human", "json"] {
        for file in [
            "good/secret.yaml",
            "broken/secret.yaml",
            "twice/secret.yaml",
        ] {
            let path = format!("prod/{file}");
            let arguments = ["apply", "-p", "policies", "-r", &path, "--format", format];
            output_is_clean(&path, &tollgate(repository.path(), &arguments));
        }
        let mut child = command(
            repository.path(),
            &["apply", "-p", "policies", "--format", format],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(secret(0).as_bytes()).expect("it reads");
        drop(stdin);
        output_is_clean(
            "standard input",
            &child.wait_with_output().expect("it ends"),
        );
        for suite in ["suite", "broken-suite"] {
            output_is_clean(
                suite,
                &tollgate(repository.path(), &["test", suite, "--format", format]),
            );
        }
    }
    let output = tollgate(
        repository.path(),
        &["apply", "-p", "policies", "-r", "prod/good/secret.yaml"],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("[redacted]"), "{text}");
}

#[test]
fn render_prints_what_the_cluster_receives() {
    let (repository, _, _) = repository("audit");
    fill(&repository, "prod");
    let output = tollgate(repository.path(), &["render", "prod/good"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains(&canary(3)),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What a value says about itself by its digest is not in the facts either.
#[test]
fn what_holds_a_value_already_does_not_hold_the_next_change() {
    let (repository, _, _) = repository("enforce");
    repository.delete("policies/quotes.yaml");
    repository.write("prod/good/kustomization.yaml", "resources: [secret.yaml]\n");
    repository.write(
        "prod/good/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: one-value\n",
    );
    let base = repository.commit("with a Secret");
    repository.write("prod/good/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {b: c}}\nstringData:\n  a: one-value\n");
    let labelled = repository.commit("labelled");
    assert_eq!(
        repository.check(&base, &labelled).lines(),
        ["warn secrets/known prod/good/secret.yaml:5", "admit"]
    );
    repository.write("prod/good/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {b: c}}\nstringData:\n  a: two-value\n");
    let changed = repository.commit("changed");
    let verdict = repository.check(&labelled, &changed);
    assert_eq!(
        verdict.lines(),
        ["deny secrets/plain prod/good/secret.yaml:5", "refuse"]
    );
    assert_eq!(
        verdict.json["change"]["environments"][0]["changed_resources"],
        1
    );
}

#[test]
fn what_no_overlay_renders_counts_too() {
    let (repository, base, _) = repository("enforce");
    let enc = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
    repository
        .write("loose/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  a: b25lLXZhbHVl\n")
        .write("loose/sops.yaml", &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: b}}\nstringData:\n  a: {enc}\nsops:\n  mac: {enc}\n"))
        .write("loose/part/kustomization.yaml", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nsecretGenerator:\n- name: c\n  envs: [c.env]\n")
        .write("loose/part/c.env", "A=one-value\n")
        .write("loose/broken.yaml", "kind: Secret\nstringData: [\n")
        .write("loose/template.yaml", "kind: Secret\nstringData: {{ .Values.x }}\n");
    let head = repository.commit("head");
    assert_eq!(
        repository.check(&base, &head).lines(),
        [
            // A Component that nobody uses is an overlay.
            "deny policies/quotes loose/part/kustomization.yaml:4",
            "deny renders/unmapped",
            "deny secrets/plain loose/part/c.env:1",
            "deny secrets/plain loose/part/kustomization.yaml:5",
            "deny secrets/plain loose/secret.yaml:5",
            "undecided git: Secret loose/broken.yaml",
            // Below no chart's `templates`, so nobody knows what it will be.
            "undecided git: Secret loose/template.yaml",
            "undecided no environment: Secret c-6d558cck4c (loose/part)",
            "warn renders/unread loose/secret.yaml:2",
            "warn renders/unread loose/sops.yaml:2",
            "refuse",
        ]
    );
}

#[test]
fn the_configuration_decides() {
    let (repository, _, _) = repository("strict");
    let config = |secrets: &str| {
        format!(
            "version: 1\nenvironments:\n  prod: {{overlays: [\"prod/*\"], enforcement: strict}}\npolicies: {{coverage: {{min_rules: 0%}}}}\nsecrets: {{{secrets}}}\n"
        )
    };
    repository.delete("policies/quotes.yaml");
    // A kind that nobody defines would hold in a strict environment, whatever it says.
    repository.write(
        "crds/vault.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: vaultsecrets.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: VaultSecret, plural: vaultsecrets}\n  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n",
    );
    let manifest = "apiVersion: example.com/v1\nkind: VaultSecret\nmetadata: {name: a}\ndata:\n  path: a/b/c\n";
    for (secrets, want) in [
        ("plain: allowed", "admit"),
        ("allow_kinds: [VaultSecret]", "admit"),
        ("plain: forbidden", "refuse"),
    ] {
        repository.write("tollgate.yaml", &config(secrets));
        repository.write(
            "prod/map/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        );
        let base = repository.commit("base");
        repository.write("prod/map/map.yaml", manifest);
        let head = repository.commit("head");
        let verdict = repository.check(&base, &head);
        assert_eq!(verdict.decision(), want, "{secrets}: {:?}", verdict.lines());
    }
}

#[test]
fn the_demo_and_pages_are_clean_as_well() {
    let (repository, _, _) = repository("audit");
    for arguments in [&["demo"][..], &["explain", "secrets"][..], &["--help"][..]] {
        output_is_clean(arguments[0], &tollgate(repository.path(), arguments));
    }
}

/// Secrets hold words that our own messages and other files are full of.
#[test]
fn a_common_word_in_a_secret_leaves_messages_readable() {
    let (repository, base, _) = repository("enforce");
    repository.write("prod/words/kustomization.yaml", "resources: [secret.yaml]\n").write(
        "prod/words/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: file\n  b: https\n  c: folder\n  d: name\n  e: repository\n  f: neither\n  g: entry\n  h: work\n",
    );
    // A script that mentions Secrets is no YAML: its words are guesses.
    repository.write("prod/script/kustomization.yaml", "resources: [map.yaml]\n").write(
        "prod/script/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a.py: |\n    # a Secret: {\n    there = rendering or copy or names\n    data: {capabilities: [drop], image: example.com/web:1.2.3, -controller: x}\n      } nothing : : [\n",
    );
    repository.write(
        "prod/remote/kustomization.yaml",
        "resources: [\"https://example.com/work/file.yaml\"]\n",
    );
    repository.write("prod/lost/kustomization.yaml", "resources: [file.yaml]\n");
    repository.write(
        "prod/tag/kustomization.yaml",
        "resources: [\"example.com/web:1.2.3/flow-controller capabilities:\"]\n",
    );
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let seen: Vec<(&str, &str, &str)> = verdict
        .findings()
        .filter(|it| it["rule"] == "renders/failed")
        .map(|it| {
            (
                it["message"].as_str().unwrap_or_default(),
                it["help"].as_str().unwrap_or_default(),
                it["labels"][0]["place"]["text"]
                    .as_str()
                    .unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (
                "`https://example.com/work/file.yaml` is a remote entry, and rendering has no network",
                "copy what it names into the repository",
                "resources: [\"https://example.com/work/file.yaml\"]",
            ),
            (
                "there is neither a file nor a folder `prod/lost/file.yaml`",
                "add it, or remove the entry",
                "resources: [file.yaml]",
            ),
            (
                "there is neither a file nor a folder `prod/tag/example.com/web:1.2.3/flow-controller capabilities:`",
                "add it, or remove the entry",
                "resources: [\"example.com/web:1.2.3/flow-controller capabilities:\"]",
            ),
        ]
    );
}

/// Nor are words of a Secret shown where they can only come from it.
#[test]
fn a_common_word_is_hidden_where_its_own_file_is_quoted() {
    let (repository, base, _) = repository("enforce");
    repository
        .write(
            "prod/words/kustomization.yaml",
            "resources: [secret.yaml]\n",
        )
        .write(
            "prod/words/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: swordfish\n",
        );
    let head = repository.commit("head");
    let text = repository.check(&base, &head).json.to_string();
    assert!(
        text.contains("quotes") && text.contains("[redacted]"),
        "{text}"
    );
    assert!(!text.contains("swordfish"), "{text}");
}

const DIFF_FORMATS: [&str; 4] = ["text", "json", "markdown", "html"];

#[test]
fn a_difference_shows_no_value() {
    let (repository, base, _) = repository("enforce");
    fill(&repository, "prod");
    let head = repository.commit("head");
    repository.write("prod/good/secret.yaml", &secret(8));
    repository.write("prod/merge/secret.yaml", &secret(8));
    for format in DIFF_FORMATS {
        // Added, changed, and with sides that do not render.
        for from in [&base, &head] {
            for target in [
                "prod",
                "prod/good",
                "prod/lost",
                "prod/literal",
                "prod/envs",
                "prod/broken",
                "prod/twice",
                "prod/merge",
            ] {
                let arguments = ["render", target, "--diff", from, "--format", format];
                let what = format!("{format} of {target}");
                output_is_clean(&what, &tollgate(repository.path(), &arguments));
            }
        }
    }
    let arguments = ["render", "prod/good", "--diff", &head];
    let output = tollgate(repository.path(), &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("(hidden)"), "{text}");
}

#[test]
fn init_and_schema_show_no_value() {
    let (repository, _, _) = repository("enforce");
    fill(&repository, "prod");
    repository.delete("tollgate.yaml");
    repository.commit("head");
    output_is_clean("init", &tollgate(repository.path(), &["init"]));
    let written = std::fs::read(repository.path().join("tollgate.yaml")).expect("it is written");
    is_clean("tollgate.yaml", &written);
    output_is_clean("init again", &tollgate(repository.path(), &["init"]));
    output_is_clean("schema", &tollgate(repository.path(), &["schema"]));
    let explained = tollgate(repository.path(), &["explain", &canary(0)]);
    assert_eq!(explained.status.code(), Some(2));
}

/// A baseline holds what was found, and nothing of what it was found in.
#[test]
fn a_baseline_shows_no_value() {
    let (repository, _, _) = repository("strict");
    fill(&repository, "prod");
    repository.commit("head");
    // What cannot be read at all leaves questions, and they are told.
    output_is_clean("undecided", &tollgate(repository.path(), &["baseline"]));
    for broken in ["lost", "literal", "envs", "broken", "twice", "merge"] {
        std::fs::remove_dir_all(repository.path().join("prod").join(broken)).expect("a folder");
    }
    let evaluable = POLICY.split("    - name: fails").next();
    repository.write("policies/quotes.yaml", evaluable.expect("rules before it"));
    let base = repository.commit("head");
    output_is_clean("baseline", &tollgate(repository.path(), &["baseline"]));
    let path = repository.path().join(".tollgate/baseline.json");
    let text = std::fs::read_to_string(&path).expect("it is written");
    is_clean("baseline.json", text.as_bytes());
    assert!(text.contains("[redacted]"), "nothing was redacted: {text}");
    assert!(!text.contains("secrets/"), "{text}");
    output_is_clean(
        "baseline again",
        &tollgate(repository.path(), &["baseline"]),
    );
    let head = repository.commit("known");
    check_is_clean(&repository, &base, &head, "refuse");
    // From the next change on all of it is waived, with the same fingerprints, and the new values are
    // held: every value of the Secret is another one.
    let patched = kustomization()
        .replace(&canary(10), &canary(16))
        .replace(&canary(11), &canary(17));
    repository
        .write("prod/good/secret.yaml", &secret(8))
        .write("prod/good/kustomization.yaml", &patched);
    let changed = repository.commit("changed");
    let verdict = repository.check(&head, &changed);
    let holds: Vec<_> = verdict
        .findings()
        .filter(|it| it["level"] == "deny" && it["disposition"].is_null())
        .map(|it| it["rule"].to_string())
        .collect();
    assert!(!holds.is_empty(), "the new values hold");
    assert!(
        holds.iter().all(|it| it == "\"secrets/plain\""),
        "{holds:?}"
    );
    let waived = |it: &serde_json::Value| it["disposition"]["waived"]["by"] == "baseline";
    assert!(verdict.findings().any(waived));
    is_clean(
        "a change of what is known",
        verdict.json.to_string().as_bytes(),
    );
}

/// A configuration that somebody mistook for a Secret: the message about it quotes it.
#[test]
fn why_a_task_stops_shows_no_value() {
    let (repository, _, _) = repository("enforce");
    fill(&repository, "prod");
    let text = format!(
        "kind: Secret\nstringData:\n  password: {0}\nversion: {0}\nenvironments: {0}\n",
        canary(3)
    );
    repository.write("tollgate.yaml", &text);
    let broken = repository.commit("broken");
    repository.write("notes.txt", "a change\n");
    let head = repository.commit("head");
    let commands: [&[&str]; 5] = [
        &["check", "--base", &broken, "--head", &head],
        &["render", "nowhere"],
        &["render", "prod", "--diff", &broken],
        &["init"],
        &[
            "apply",
            "-p",
            "tollgate.yaml",
            "-r",
            "prod/good/secret.yaml",
        ],
    ];
    let mut redacted = 0;
    for arguments in commands {
        let output = tollgate(repository.path(), arguments);
        let what = arguments.join(" ");
        assert_ne!(output.status.code(), Some(0), "{what}");
        output_is_clean(&what, &output);
        redacted += usize::from(String::from_utf8_lossy(&output.stderr).contains("[redacted]"));
    }
    assert_eq!(redacted, 3, "messages that quote it");
}

/// A word that a replacement copies out of a Secret, and that a policy quotes where it arrives.
#[test]
fn a_common_word_is_hidden_where_it_was_copied_to() {
    let (repository, _, _) = repository("enforce");
    repository.write("policies/quotes.yaml", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: quotes}\nspec:\n  rules:\n    - name: value\n      match: {any: [{resources: {kinds: [ConfigMap]}}]}\n      validate:\n        message: \"it is {{ request.object.data.copy || '' }}\"\n        pattern: {data: {copy: nothing}}\n");
    let base = repository.commit("a policy");
    repository
        .write("prod/words/kustomization.yaml", "resources: [secret.yaml, map.yaml]\nreplacements:\n- source: {kind: Secret, name: a, fieldPath: stringData.a}\n  targets: [{select: {kind: ConfigMap, name: b}, fieldPaths: [data.copy]}]\n")
        .write("prod/words/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: swordfish\n")
        .write("prod/words/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {copy: x}\n");
    let head = repository.commit("head");
    let verdict = repository.check(&base, &head);
    let quoted = verdict
        .findings()
        .any(|it| it["message"] == "value: it is [redacted]");
    assert!(quoted, "{:?}", verdict.json);
    assert!(!verdict.json.to_string().contains("swordfish"));
}

/// The lines of `secrets` on a change that adds these files, and the decision.
fn added(files: &[(&str, &[u8])], settings: &str) -> Vec<String> {
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            &format!("version: 1\nenvironments: {{prod: {{overlays: [prod]}}}}\npolicies: {{builtin: off}}\nsecrets: {{{settings}}}\n"),
        )
        .write("prod/kustomization.yaml", "namePrefix: a-\n");
    let base = repository.commit("base");
    for (path, bytes) in files {
        repository.write(path, "");
        std::fs::write(repository.path().join(path), bytes).expect("written");
    }
    let head = repository.commit("head");
    let lines = repository.check(&base, &head).lines().into_iter();
    lines
        .filter(|it| !it.contains("renders/unread"))
        .map(|it| it.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";

#[test]
fn secrets_are_found_however_they_are_written() {
    let item = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: one-value}}";
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\n";
    let enc = |data: &str| format!("ENC[AES256_GCM,data:{data},iv:YQ==,tag:YQ==,type:str]");
    let sops = |data: &str| {
        format!(
            "{SECRET}stringData: {{a: '{}'}}\nsops: {{mac: '{}'}}\n",
            enc(data),
            enc("YQ==")
        )
    };
    let held = vec!["deny secrets/plain", "refuse"];
    let undecided = vec!["undecided git:", "undecided"];
    let admitted = vec!["admit"];
    for (what, text, want) in [
        ("a kind with an escape", SECRET.replace("Secret", "\"\\x53ecret\"") + "stringData: {a: one-value}\n", &held),
        ("a list in a list", format!("kind: List\nitems: [{{kind: List, items: [{item}]}}]\n"), &held),
        ("an item without a kind", "apiVersion: v1\nkind: SecretList\nitems: [{metadata: {name: s}, stringData: {a: one-value}}]\n".to_owned(), &held),
        ("clear text in a SealedSecret's template", format!("{sealed}spec: {{template: {{data: {{a: one-value}}}}}}\n"), &held),
        ("a template in a SealedSecret's template", format!("{sealed}spec: {{template: {{data: {{a: 'x={{{{ .x }}}}'}}}}}}\n"), &admitted),
        ("data at the root of a SealedSecret", format!("{sealed}data: {{a: b25lLXZhbHVl}}\n"), &held),
        ("what SOPS encrypted", sops("YWJj"), &admitted),
        ("what only looks like it", sops("one-value"), &held),
        ("a template that belongs to no chart", format!("{SECRET}stringData: {{{{ .Values.x }}}}\n"), &undecided),
        ("a placeholder", format!("{SECRET}stringData: {{a: '${{A}}', b: '<path:a/b#c>', c: '{{{{ .x }}}}'}}\n"), &admitted),
        ("a placeholder beside a value", format!("{SECRET}stringData: {{a: '${{A}}', b: 'x${{A}}'}}\n"), &held),
        ("where a repository is", format!("{}stringData: {{type: git, url: 'https://git.example.com/x', name: x}}\n", SECRET.replace("{name: s}", "{name: s, labels: {argocd.argoproj.io/secret-type: repository}}")), &admitted),
        ("how to get into a repository", format!("{}stringData: {{type: git, url: 'https://git.example.com/x', password: x}}\n", SECRET.replace("{name: s}", "{name: s, labels: {argocd.argoproj.io/secret-type: repository}}")), &held),
        ("a password in a repository's address", format!("{}stringData: {{url: 'https://a:one-value@git.example.com/x'}}\n", SECRET.replace("{name: s}", "{name: s, labels: {argocd.argoproj.io/secret-type: repository}}")), &held),
        ("a list that is not called one", format!("kind: Items\nitems: [{item}]\n"), &held),
        ("a SealedSecret's template that names nothing", format!("{sealed}spec: {{template: {{data: {{a: 'one-value{{{{/* .x */}}}}'}}}}}}\n"), &held),
        ("a template with a value of its own", format!("{SECRET}stringData: {{a: '{{{{ .x | default \"one-value\" }}}}'}}\n"), &held),
        ("a token in a repository's address", format!("{}stringData: {{url: 'https://one-value@git.example.com/x'}}\n", SECRET.replace("{name: s}", "{name: s, labels: {argocd.argoproj.io/secret-type: repository}}")), &held),
        ("a mark inside of a value", format!("{SECRET}stringData: {{a: 'one-value # gitleaks:allow'}}\n"), &held),
        ("a mark inside of a block", format!("{SECRET}stringData:\n  a: |\n    one-value # gitleaks:allow\n"), &held),
        ("a mark behind a block", format!("{SECRET}stringData:\n  a: |\n    one-value\n  b: '${{B}}' # gitleaks:allow\n"), &held),
        ("a value that is marked", format!("{SECRET}stringData:\n  a: one-value # gitleaks:allow\n"), &vec!["warn secrets/marked", "admit"]),
        ("a value beside one that is marked", format!("{SECRET}stringData:\n  a: one-value # gitleaks:allow\n  b: two-value\n"), &held),
    ] {
        assert_eq!(added(&[("s.yaml", text.as_bytes())], ""), **want, "{what}");
    }
    let bytes = [SECRET.as_bytes(), b"stringData: {a: one-value}\n# \xff\n"].concat();
    assert_eq!(
        added(&[("s.yaml", &bytes)], ""),
        undecided,
        "what is not UTF-8"
    );
    assert_eq!(
        added(
            &[(
                "s.yaml",
                &SECRET
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect::<Vec<u8>>()
            )],
            ""
        ),
        undecided,
        "UTF-16"
    );
    assert_eq!(
        added(&[("s.yaml", b"# \xff\n")], ""),
        admitted,
        "what is not UTF-8 and no Secret"
    );
}

#[test]
fn templates_are_what_stands_below_the_templates_of_a_chart() {
    let template = format!("{SECRET}stringData: {{{{ .Values.x }}}}\n");
    let chart: (&str, &[u8]) = ("c/Chart.yaml", b"name: c\n");
    let at = |path| added(&[chart, (path, template.as_bytes())], "");
    assert_eq!(at("c/templates/deep/s.yaml"), ["admit"]);
    assert_eq!(at("c/s.yaml"), ["undecided git:", "undecided"]);
    assert_eq!(
        at("other/templates/s.yaml"),
        ["undecided git:", "undecided"]
    );
}

#[test]
fn the_configuration_adds_placeholders_of_the_whole_value() {
    let text = |value: &str| format!("{SECRET}stringData: {{a: '{value}'}}\n");
    let of = |value: &str| {
        added(
            &[("s.yaml", text(value).as_bytes())],
            "placeholders: ['<*>', CHANGE_ME]",
        )
    };
    assert_eq!(of("<password>"), ["admit"]);
    assert_eq!(of("CHANGE_ME"), ["admit"]);
    assert_eq!(of("CHANGE_ME2"), ["deny secrets/plain", "refuse"]);
}

#[test]
fn a_second_secret_on_the_line_of_a_known_one_is_found() {
    let item = |name: &str| {
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"{name}\"}},\"stringData\":{{\"p\":\"value-{name}\"}}}}"
        )
    };
    let list =
        |items: &str| format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{items}]}}");
    let repository = Repository::new();
    repository
        .write(
            "tollgate.yaml",
            "version: 1\nenvironments: {prod: {overlays: [prod]}}\npolicies: {builtin: off}\n",
        )
        .write("prod/kustomization.yaml", "resources: [s.json]\n")
        .write("prod/s.json", &list(&item("a")));
    let base = repository.commit("base");
    let delete = "patches: [{patch: \"{$patch: delete, apiVersion: v1, kind: Secret, metadata: {name: b}}\"}]\n";
    repository
        .write(
            "prod/kustomization.yaml",
            &format!("resources: [s.json]\n{delete}"),
        )
        .write(
            "prod/s.json",
            &list(&format!("{},{}", item("a"), item("b"))),
        );
    let head = repository.commit("head");
    let lines = repository.check(&base, &head).lines();
    assert_eq!(
        lines,
        [
            "deny secrets/plain prod/s.json:1",
            "warn secrets/known prod/s.json:1",
            "refuse"
        ]
    );
}

/// A file that is no YAML, with these lines in it.
fn broken(lines: &str) -> Vec<String> {
    added(
        &[("s.yaml", format!("{lines}\n---\na: [\n").as_bytes())],
        "",
    )
}

#[test]
fn a_file_that_is_no_yaml_may_hold_a_secret_however_it_says_so() {
    for lines in [
        "kind: Secret",
        "? kind\n: Secret",
        "? kind # of what\n: Secret",
        "? \"kind\"\n# of what\n: Secret",
        "- ? kind # of what\n  : Secret",
        "{a: b, ? &k kind # of what\n : Secret}",
        "x: &k kind\ny: {*k : Secret}",
        "x: &k kind\n*k : Secret",
        "x: &s Secret\n? kind\n: *s",
        "? !!str kind\n: Secret",
        "!!binary a2luZA==: U2VjcmV0",
        "\"ki\\\n  nd\": \"Sec\\\r\n  ret\"",
        "kind: \"Sec\\\n  ret\"",
        "kind: {{ .kind }}",
    ] {
        let said = broken(lines);
        assert!(
            said.contains(&"undecided git:".to_owned()),
            "{lines}: {said:?}"
        );
    }
    for lines in [
        "kind: ConfigMap\n# of a Secret",
        "secretName: a\nkind: Deployment",
        "a: is this a Secret? *no*\nb: c",
        "run: |\n  kubectl get \\\n    Secret",
        "* Secret: in a list of words",
        "x: &k kind\n*k : ConfigMap",
    ] {
        // Where a policy may be, another gate says so.
        let said = broken(lines);
        assert!(
            !said.contains(&"undecided git:".to_owned()),
            "{lines}: {said:?}"
        );
    }
}

#[test]
fn what_stands_in_clear_text_in_a_file_that_sops_encrypted_is_held() {
    let enc = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
    let generated = |name: &str, text: &str| {
        let files = format!("secretGenerator: [{{name: s, files: [{name}]}}]\n");
        let of = |overlay: &str| {
            added(
                &[
                    (&format!("{overlay}/kustomization.yaml"), files.as_bytes()),
                    (&format!("{overlay}/{name}"), text.as_bytes()),
                ],
                "",
            )
        };
        let mut rendered = of("prod");
        // By the generator's entry in git, and by the Secret that it makes.
        rendered.dedup();
        // In git, below a kustomization that stands in no environment.
        let lines = of("other");
        let in_git: Vec<&String> = lines.iter().filter(|it| it.contains("secrets/")).collect();
        assert_eq!(in_git.is_empty(), rendered == ["admit"], "{lines:?}");
        rendered
    };
    let held = ["deny secrets/plain", "refuse"];
    let env = format!("A={enc}\nsops_mac={enc}\nsops_version=3.13.0\n");
    assert_eq!(generated("a.env", &env), ["admit"]);
    for own in ["sops_password=one-value", "#PASSWORD=one-value"] {
        assert_eq!(generated("a.env", &format!("{env}{own}\n")), held, "{own}");
    }
    let ini = format!("[a]\nb = {enc}\n[sops]\nmac = {enc}\nversion = 3.13.0\n");
    assert_eq!(generated("a.ini", &ini), ["admit"]);
    for own in ["password = one-value", "; password = one-value"] {
        assert_eq!(generated("a.ini", &format!("{ini}{own}\n")), held, "{own}");
    }
}

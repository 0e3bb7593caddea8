//! Hostile input ends in a message with a place, within limits, and never in a dead process.
//!
//! The rows are those of the threat table: YAML that hides something, or is just past our own limits, links and paths
//! that lead out, entries that would reach the network or run code, policies past the limits of an evaluation.

use crate::support::{Repository, tollgate};
use std::process::Output;

/// Exit codes that a hostile input may end in: a refusal, never a limit that was hit, never a defect.
fn refused(output: &Output, what: &str) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(matches!(code, Some(1..=3)), "{what}: {code:?} {message}");
    assert!(output.stdout.is_empty(), "{what} printed something");
    assert!(message.starts_with("error: "), "{what}: {message}");
    assert!(
        message.len() < 16 * 1024,
        "{what}: a message of {} bytes",
        message.len()
    );
    let strange = |c: char| {
        c != '\n'
            && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}'))
    };
    assert!(
        !message.contains(strange),
        "{what}: raw characters in {message:?}"
    );
    message
}

/// Render a kustomization whose one resource is `text`, with half a gigabyte of memory.
fn render(text: &[u8]) -> Output {
    let repository = Repository::new();
    repository.write("kustomization.yaml", "resources: [r.yaml]\n");
    std::fs::write(repository.path().join("r.yaml"), text).expect("written");
    tollgate(
        repository.path(),
        &["render", ".", "--memory", "512", "--timeout", "60"],
    )
}

fn manifest(spec: &str) -> String {
    format!("apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: a\nspec:\n{spec}")
}

#[test]
fn yaml_just_past_our_limits_is_refused() {
    let keys: String = (0..100_001).map(|it| format!("  k{it}: 1\n")).collect();
    let levels: String = (0..129)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    // Aliases count as often as they are used: two million values and a few.
    let aliases = format!(
        "  part: &part [{}]\n  all: [{}]\n",
        "x, ".repeat(1_000),
        "*part, ".repeat(2_000)
    );
    for (what, text) in [
        ("aliases", manifest(&aliases)),
        ("an alias of itself", manifest("  a: &a [*a]\n")),
        (
            "brackets",
            format!("{}1{}", "[".repeat(129), "]".repeat(129)),
        ),
        (
            "braces",
            format!("{}1{}", "{a: ".repeat(129), "}".repeat(129)),
        ),
        ("dashes", "- ".repeat(129) + "1\n"),
        ("levels", levels),
        ("keys", manifest(&keys)),
        ("documents", "---\n".repeat(10_001) + "a: 1\n"),
        (
            "bytes",
            manifest(&format!("  a: {}\n", "x".repeat(16 << 20))),
        ),
    ] {
        let message = refused(&render(text.as_bytes()), what);
        assert!(
            message.contains("r.yaml"),
            "{what} is not located: {message}"
        );
    }
}

#[test]
fn characters_that_hide_something_are_refused_at_their_place() {
    for (what, spec) in [
        ("a next-line character", "  a: b\u{85}c\n"),
        ("a line separator", "  a: b\u{2028}c\n"),
        ("a paragraph separator", "  a: b\u{2029}c\n"),
        ("a bidirectional override", "  a: b # \u{202e}x\n"),
        ("an isolate", "  a: \"b\u{2066}c\"\n"),
        ("an escape character", "  a: \u{1b}x\n"),
        ("a NUL", "  a: \u{0}\n"),
        ("a backspace", "  a: b\u{8}\n"),
        ("a byte order mark inside", "  a: 1\n\u{feff}  b: 2\n"),
        ("a key that stands twice", "  a: 1\n  a: 2\n"),
        ("a number and its text as keys", "  1: a\n  \"1\": b\n"),
        ("an unknown tag", "  a: !Foo x\n"),
        ("not a number", "  a: .nan\n"),
        ("a map as key", "  {{ x }}: a\n"),
    ] {
        let message = refused(&render(manifest(spec).as_bytes()), what);
        assert!(
            message.contains("r.yaml:"),
            "{what} is not located: {message}"
        );
    }
    let message = refused(
        &render(b"apiVersion: v1\nkind: \xff\xfe\n"),
        "bytes that are no text",
    );
    assert!(message.contains("r.yaml"), "{message}");
}

#[test]
fn nothing_leads_out_of_the_tree_or_to_the_network() {
    for entry in [
        "https://example.com/base",
        "http://127.0.0.1:9/x.yaml",
        "github.com/acme/base?ref=main",
        "git@github.com:acme/base.git",
        "git::https://example.com/base.git//sub",
        "ssh://git@example.com/base",
        "file:///etc/passwd",
        "/etc/passwd",
        "../../../../../../../../etc/hostname",
        "--option",
        "~/secrets.yaml",
    ] {
        let repository = Repository::new();
        repository.write("kustomization.yaml", &format!("resources: [{entry:?}]\n"));
        let message = refused(&tollgate(repository.path(), &["render", "."]), entry);
        assert!(
            message.contains("kustomization.yaml:1:"),
            "{entry}: {message}"
        );
    }
}

#[test]
fn what_would_run_code_is_refused_by_name() {
    for (text, name) in [
        (
            "helmCharts: [{name: x, repo: 'https://example.com'}]\n",
            "helm",
        ),
        ("generators: [plugin.yaml]\n", "plugin.yaml"),
        ("transformers: [plugin.yaml]\n", "plugin.yaml"),
        ("validators: [plugin.yaml]\n", "plugin.yaml"),
        ("unknownField: 1\n", "unknownField"),
    ] {
        let repository = Repository::new();
        repository.write("kustomization.yaml", text).write(
            "plugin.yaml",
            "apiVersion: v1\nkind: Exec\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n",
        );
        let message = refused(&tollgate(repository.path(), &["render", "."]), text);
        assert!(
            message.to_lowercase().contains(&name.to_lowercase()),
            "{text}: {message}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("kustomization.yaml"), "namePrefix: x\n").expect("written");
    for (link, target) in [
        ("r.yaml", "/etc/hostname".to_owned()),
        ("base", outside.path().to_string_lossy().into_owned()),
        ("loop", "loop".to_owned()),
        ("up", "../..".to_owned()),
    ] {
        let repository = Repository::new();
        repository.write("kustomization.yaml", &format!("resources: [{link}]\n"));
        std::os::unix::fs::symlink(target, repository.path().join(link)).expect("a link");
        refused(&tollgate(repository.path(), &["render", "."]), link);
    }
}

#[test]
fn policies_past_the_limits_of_an_evaluation_hold_nothing_up() {
    let deep = format!("{}a{}", "(".repeat(129), ")".repeat(129));
    let long = format!("'{}'", "x".repeat(64 << 10));
    // Each step makes twice as many entries: past the budget of one evaluation after 20.
    let doubling = format!("`[1]` {}", "| [@, @][] ".repeat(21));
    let nested = (0..257).fold("a".to_owned(), |text, _| format!("{{{{ {text} }}}}"));
    for (what, key, says) in [
        ("deep brackets", format!("{{{{ {deep} }}}}"), "policy.yaml:"),
        ("a long query", format!("{{{{ {long} }}}}"), "policy.yaml:"),
        (
            "doubling",
            format!("{{{{ {doubling} }}}}"),
            "it takes too many steps",
        ),
        ("variables in variables", nested, "policy.yaml:"),
        (
            "a repetition of a repetition",
            "{{ regex_match('(a{100}){11}', 'a') }}".to_owned(),
            "multiply to more than 1000",
        ),
    ] {
        let repository = Repository::new();
        repository
            .write(
                "policy.yaml",
                &format!(
                    "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: p\nspec:\n  rules:\n    - name: r\n      match: {{any: [{{resources: {{kinds: [ConfigMap]}}}}]}}\n      validate:\n        message: m\n        deny:\n          conditions:\n            any:\n              - {{key: {key:?}, operator: Equals, value: true}}\n"
                ),
            )
            .write("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
        let output = tollgate(
            repository.path(),
            &[
                "apply",
                "-p",
                "policy.yaml",
                "-r",
                "map.yaml",
                "--memory",
                "512",
                "--timeout",
                "60",
            ],
        );
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        // It is an error of the policy or of the rule, and no limit of the process.
        assert!(
            matches!(output.status.code(), Some(2..=3)),
            "{what}: {:?} {text}",
            output.status
        );
        assert!(text.contains(says), "{what}: {text}");
    }
}

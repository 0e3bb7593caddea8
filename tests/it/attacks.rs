//! Hostile input ends in a message with a place, within limits, and never in a dead process.
//!
//! The rows are those of the threat table: YAML that hides, explodes or nests, links and paths that
//! lead out, entries that would reach the network or run code, policies that run away.

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
fn yaml_that_explodes_or_nests_is_refused() {
    let bomb: String = (0..26)
        .map(|level| {
            let inner = if level == 0 {
                "x".to_owned()
            } else {
                format!("*a{}", level - 1)
            };
            format!("  k{level}: &a{level} [{inner}, {inner}, {inner}, {inner}]\n")
        })
        .collect();
    let merges: String = (1..26)
        .map(|level| {
            format!(
                "  k{level}: &m{level}\n    <<: [*m{0}, *m{0}]\n    x{level}: [*m{0}, *m{0}]\n",
                level - 1
            )
        })
        .collect();
    let quadratic = format!(
        "  big: &big {}\n  all: [{}]\n",
        "x".repeat(200_000),
        "*big, ".repeat(20_000)
    );
    for (what, text) in [
        ("an alias bomb", manifest(&bomb)),
        (
            "a bomb of merges",
            manifest(&format!("  k0: &m0 {{a: b}}\n{merges}")),
        ),
        ("aliases of a long text", manifest(&quadratic)),
        ("an alias of itself", manifest("  a: &a [*a]\n")),
        ("open brackets", "[".repeat(100_000)),
        ("open braces", "{a: ".repeat(50_000)),
        ("question marks", "? ".repeat(50_000)),
        ("dashes", "- ".repeat(50_000)),
        (
            "a deep map",
            (0..5_000)
                .map(|level| format!("{}a:\n", " ".repeat(level)))
                .collect(),
        ),
        (
            "many keys",
            manifest(
                &(0..300_000)
                    .map(|it| format!("  k{it}: 1\n"))
                    .collect::<String>(),
            ),
        ),
        ("many documents", "---\n".repeat(200_000) + "a: 1\n"),
        (
            "a scalar of 20 MB",
            manifest(&format!("  a: {}\n", "x".repeat(20_000_000))),
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
fn yaml_that_shows_something_else_than_it_says_is_refused() {
    for (what, spec) in [
        (
            "a next-line character",
            "  hostPID: false # ok\u{85}  hostNetwork: true\n",
        ),
        (
            "a line separator",
            "  hostPID: false # ok\u{2028}  hostNetwork: true\n",
        ),
        (
            "a paragraph separator",
            "  hostPID: false # ok\u{2029}  hostNetwork: true\n",
        ),
        ("a bidirectional override", "  a: b # \u{202e}x\n"),
        ("an isolate", "  a: \"b\u{2066}c\"\n"),
        ("an escape character", "  a: \u{1b}[31m\n"),
        ("a NUL", "  a: \u{0}\n"),
        ("a backspace", "  a: b\u{8}\n"),
        ("a byte order mark inside", "  a: 1\n\u{feff}  b: 2\n"),
        ("a key that stands twice", "  a: 1\n  a: 2\n"),
        ("a number and its text as keys", "  1: a\n  \"1\": b\n"),
        (
            "a tag of another language",
            "  a: !!python/object:os.system x\n",
        ),
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
        "--upload-pack=touch /tmp/x",
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
fn policies_that_run_away_end() {
    let deep = format!("{}a{}", "(".repeat(20_000), ")".repeat(20_000));
    let wide = format!("[{}]", vec!["@"; 50_000].join(","));
    let doubling = vec!["[@,@]"; 60].join(" | ");
    let nested = (0..400).fold("a".to_owned(), |text, _| format!("{{{{ {text} }}}}"));
    for (what, key) in [
        ("deep brackets", format!("{{{{ {deep} }}}}")),
        ("a wide list", format!("{{{{ {wide} }}}}")),
        ("doubling", format!("{{{{ {doubling} }}}}")),
        ("variables in variables", nested),
        (
            "a large regular expression",
            "{{ regex_match('(a{1000}){1000}', 'a') }}".to_owned(),
        ),
        (
            "a hungry wildcard",
            format!(
                "{{{{ pattern_match('{}b', '{}') }}}}",
                "*a".repeat(200),
                "a".repeat(5_000)
            ),
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
        // It may be evaluated or be an error; it may not hit a limit of the process.
        assert!(
            matches!(output.status.code(), Some(0..=3)),
            "{what}: {:?} {text}",
            output.status
        );
    }
}

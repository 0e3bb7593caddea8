//! `render --diff`: what a person sees of two sides.

use crate::support::{Repository, tollgate};
use std::process::Output;

const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [dev]}
  prod: {overlays: [prod]}
";

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: web
          image: web:1
          args: [a, b]
";

const SECRET: &str = "apiVersion: v1
kind: Secret
metadata:
  name: key
stringData:
  token: CANARY-OLD
";

fn map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n")
}

/// A base, two environments on it, and a patch in one of them.
fn repository() -> Repository {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", CONFIG)
        .write(
            "base/kustomization.yaml",
            "resources: [web.yaml, key.yaml, old.yaml]\n",
        )
        .write("base/web.yaml", DEPLOYMENT)
        .write("base/key.yaml", SECRET)
        .write("base/old.yaml", &map("old"))
        .write("dev/kustomization.yaml", "resources: [own.yaml]\n")
        .write("dev/own.yaml", &map("own"))
        .write("prod/kustomization.yaml", "resources: [../base]\n");
    repository
}

/// Edits of every kind, in the folder only.
fn edit(repository: &Repository) {
    repository
        .write(
            "base/kustomization.yaml",
            "resources: [web.yaml, key.yaml, new.yaml]\n",
        )
        .write("base/new.yaml", &map("new"))
        .write(
            "base/web.yaml",
            &DEPLOYMENT
                .replace("args: [a, b]", "args: [a, c]")
                .replace("name: web\nspec", "name: web\n  labels: {a/b: x}\nspec"),
        )
        .write("base/key.yaml", &SECRET.replace("OLD", "NEW"))
        .write(
            "prod/kustomization.yaml",
            "resources: [../base]\nimages: [{name: web, newTag: \"2\"}]\nreplicas:\n  - {name: web, count: 5}\n",
        );
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn diff(repository: &Repository, more: &[&str]) -> Output {
    let mut arguments = vec!["render"];
    arguments.extend(more);
    tollgate(repository.path(), &arguments)
}

const TEXT: &str = r#"
prod, prod: 1 added, 1 removed, 2 changed
  ~ Deployment web
      metadata.labels
        - (nothing)
        + {  (base/web.yaml:5)
        +   "a/b": "x"
        + }
      spec.replicas
        - 2  (base/web.yaml:6)
        + 5  (prod/kustomization.yaml:4)
      spec.template.spec.containers[name=web].args[1]
        - "b"  (base/web.yaml:12)
        + "c"  (base/web.yaml:13)
      spec.template.spec.containers[name=web].image
        - "web:1"  (base/web.yaml:11)
        + "web:2"  (prod/kustomization.yaml:2)
  + ConfigMap new  (base/new.yaml:1)
  - ConfigMap old  (base/old.yaml:1)
  ~ Secret key
      stringData.token
        - (hidden)  (base/key.yaml:6)
        + (hidden)  (base/key.yaml:6)

1 of 2 overlays differs
"#;

#[test]
fn the_folder_against_a_commit() {
    let repository = repository();
    let base = repository.commit("base");
    edit(&repository);
    let output = diff(&repository, &["--diff", &base]);
    let text = out(&output);
    let (head, rest) = text.split_at(text.find("\nprod").expect("prod"));
    assert_eq!(head, format!("old: {base}\nnew: working tree\n"));
    assert_eq!(rest, TEXT);
    assert_eq!(
        (output.status.code(), err(&output)),
        (Some(0), String::new())
    );
}

#[test]
fn two_commits_one_target_and_nothing() {
    let repository = repository();
    let base = repository.commit("base");
    edit(&repository);
    let head = repository.commit("head");
    repository.write("prod/kustomization.yaml", "resources: [none.yaml]\n");
    for target in ["prod", "./prod/", "base/../prod"] {
        let output = diff(&repository, &[target, "--diff", &base, "--head", &head]);
        let text = out(&output).replace("1 of 1", "1 of 2");
        assert!(text.ends_with(TEXT), "{target}: {text}");
        assert_eq!(output.status.code(), Some(0));
    }
    let output = diff(&repository, &["dev", "--diff", &base, "--head", &head]);
    assert!(
        out(&output).ends_with("\n\n0 of 1 overlays differ\n"),
        "{}",
        out(&output)
    );
    assert_eq!(output.status.code(), Some(0));
    // A folder that is a base is a target too.
    let output = diff(&repository, &["base", "--diff", &base, "--head", &head]);
    assert!(out(&output).contains("\nbase: 1 added, 1 removed, 2 changed\n"));
}

#[test]
fn a_generated_name_is_followed_and_a_new_overlay_is_told() {
    let repository = repository();
    let generator = |value: &str| {
        format!("secretGenerator:\n  - name: gen\n    literals: [token=CANARY-{value}]\n")
    };
    repository.write("dev/kustomization.yaml", &generator("OLD"));
    let base = repository.commit("base");
    repository
        .write("dev/kustomization.yaml", &generator("NEW"))
        .write("stage/kustomization.yaml", "resources: [own.yaml]\n")
        .write("stage/own.yaml", &map("stage"));
    let text = out(&diff(&repository, &["--diff", &base]));
    assert!(
        text.contains("dev, dev: 0 added, 0 removed, 1 changed\n"),
        "{text}"
    );
    assert!(
        text.contains("data.token\n        - (hidden)  (dev/kustomization.yaml:3)\n"),
        "{text}"
    );
    assert!(text.contains("metadata.name\n        - \"gen-"), "{text}");
    assert!(
        text.contains("\nstage: new overlay, 1 added, 0 removed, 0 changed\n  + ConfigMap stage  (stage/own.yaml:1)\n"),
        "{text}"
    );
    assert!(text.ends_with("\n2 of 3 overlays differ\n"), "{text}");
}

#[test]
fn exit_codes_say_what_could_not_be_compared() {
    let repository = repository();
    let base = repository.commit("base");
    repository.write("prod/kustomization.yaml", "resources: [none.yaml]\n");
    for format in ["text", "json", "markdown", "html"] {
        let output = diff(&repository, &["--diff", &base, "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        let text = out(&output);
        assert!(text.contains("prod/kustomization.yaml"), "{format}: {text}");
        if format != "json" {
            assert!(
                text.contains("the new side does not render"),
                "{format}: {text}"
            );
            assert!(
                text.contains("0 of 3 overlays differ, 1 cannot be compared"),
                "{format}: {text}"
            );
        }
    }
    // What is wrong with both sides is said once.
    let broken = repository.commit("broken");
    for format in ["text", "markdown", "html"] {
        let text = out(&diff(
            &repository,
            &["prod", "--diff", &broken, "--format", format],
        ));
        assert!(text.contains("neither side renders"), "{format}: {text}");
        assert_eq!(
            text.matches("neither a file nor a folder").count(),
            1,
            "{format}: {text}"
        );
    }
    let codes = |more: &[&str]| diff(&repository, more).status.code();
    assert_eq!(codes(&["nowhere", "--diff", &base]), Some(2));
    assert_eq!(codes(&["--diff", "no-such-commit"]), Some(3));
    assert_eq!(codes(&["--head", "main"]), Some(2));
    assert_eq!(codes(&["--diff", &base, "--reorder", "none"]), Some(2));
}

#[test]
fn no_format_holds_a_secret_and_each_is_the_same_twice() {
    let repository = repository();
    let base = repository.commit("base");
    edit(&repository);
    let json = out(&diff(&repository, &["--diff", &base, "--format", "json"]));
    assert!(json.contains("\"hidden\": true"), "{json}");
    for format in ["text", "json", "markdown", "html"] {
        let run = || diff(&repository, &["--diff", &base, "--format", format]);
        let first = out(&run());
        assert!(first.contains("stringData.token"), "{format}");
        assert!(!first.contains("CANARY"), "{format}: {first}");
        assert_eq!(first, out(&run()), "{format}");
    }
}

/// One difference as each format tells it.
#[test]
fn snapshots_of_one_difference() {
    let repository = repository();
    let base = repository.commit("base");
    edit(&repository);
    for format in ["text", "json", "markdown", "html"] {
        let text = out(&diff(&repository, &["--diff", &base, "--format", format]));
        insta::assert_snapshot!(format!("difference-{format}"), text.replace(&base, "BASE"));
    }
}

/// From the repository to the page: nothing on the way undoes what a format escapes.
#[test]
fn foreign_text_of_a_repository_stays_text() {
    let repository = repository();
    let own = |value: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"own\"}}, \"data\": {{\"</pre><script>alert(1)</script>\": \"`` [x](http://evil.example) \\u001b[31m {value}\"}}}}"
        )
    };
    repository.write("dev/own.yaml", &own("old"));
    let base = repository.commit("base");
    repository.write("dev/own.yaml", &own("new"));
    for format in ["text", "json", "markdown", "html"] {
        let output = diff(&repository, &["dev", "--diff", &base, "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let text = out(&output);
        assert!(!text.contains('\u{1b}'), "{format}");
        assert_eq!(
            format == "html",
            !text.contains("<script>"),
            "{format}: {text}"
        );
        assert!(text.contains("evil.example"), "{format}");
    }
}

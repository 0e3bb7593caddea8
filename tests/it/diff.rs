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

const HOSTILE: &[&str] = &[
    "</pre></td><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example) @everyone",
    "````\n# heading\n````",
    "` `` ``` [x](http://evil.example)",
    "::error::x\n::set-output name=a::b",
    "##[add-mask]x",
    "\u{1b}[2J\u{1b}[31mred",
    "a\u{202e}b\u{200b}c\u{2028}d",
    "--> ]]> &lt; &amp;",
];

#[test]
fn foreign_text_stays_text_in_every_format() {
    let repository = repository();
    let documents = |side: &str| {
        let mut map = serde_json::Map::new();
        for (at, text) in HOSTILE.iter().enumerate() {
            map.insert(format!("{text} {at}"), format!("{text} {side}").into());
        }
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own"}, "data": map})
            .to_string()
            .chars()
            .map(|it| if it.is_ascii() { it.to_string() } else { format!("\\u{:04x}", u32::from(it)) })
            .collect::<String>()
    };
    repository.write("dev/own.yaml", &documents("old"));
    let base = repository.commit("base");
    repository.write("dev/own.yaml", &documents("new"));
    let of = |format: &str| {
        let output = diff(&repository, &["dev", "--diff", &base, "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        out(&output)
    };
    let deceives =
        |c: char| c != '\n' && c.is_control() || matches!(c, '\u{200b}' | '\u{2028}' | '\u{202e}');
    for format in ["text", "json", "markdown", "html"] {
        let text = of(format);
        assert!(!text.contains(deceives), "{format}");
        if format != "json" {
            assert!(!text.contains("##["), "{format}");
        }
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{format}: {line}");
        }
    }
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    let setting = &json["overlays"][0]["resources"][0]["fields"][0]["old"];
    assert!(
        setting["value"].is_string() && setting["line"]["line"] == 1,
        "{setting}"
    );
    let fields = json["overlays"][0]["resources"][0]["fields"].as_array();
    assert_eq!(fields.expect("fields").len(), HOSTILE.len());
    html_is_text(&of("html"));
    markdown_is_code(&of("markdown"));
}

/// Every tag is one of ours with our attributes, tags match, and nothing is fetched.
fn html_is_text(page: &str) {
    assert!(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    let body = page.split_once("<body>").expect("a body").1;
    let body = body.replace("<br>", "").replace("</html>", "");
    let document = format!("<body>{body}");
    let document = document.replace("<details open>", "<details>");
    let parsed = roxmltree::Document::parse(&document).expect("well-formed");
    for node in parsed.descendants().filter(roxmltree::Node::is_element) {
        let known = [
            "body", "h1", "p", "code", "strong", "nav", "ul", "li", "a", "section", "h2", "div",
            "pre", "span", "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
        ];
        assert!(known.contains(&node.tag_name().name()), "{node:?}");
        for it in node.attributes() {
            assert!(
                ["class", "id", "href", "scope"].contains(&it.name()),
                "{it:?}"
            );
            if it.name() == "href" {
                assert!(it.value().starts_with("#overlay-"), "{it:?}");
            }
        }
    }
    let rows = parsed.descendants().filter(|it| it.has_tag_name("tr"));
    assert_eq!(rows.count(), HOSTILE.len() + 1);
    assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

/// Outside of code spans and fenced blocks there are words of ours only.
fn markdown_is_code(text: &str) {
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let ticks: String = trimmed.chars().take_while(|it| *it == '`').collect();
        if let Some(open) = &fence {
            let closes = ticks.len() >= open.len() && trimmed.trim_end().len() == ticks.len();
            if closes {
                fence = None;
            } else {
                assert!(
                    line.starts_with("    - ") || line.starts_with("    + "),
                    "{line}"
                );
            }
            continue;
        }
        if ticks.len() >= 3 && trimmed.strip_prefix(&ticks) == Some("diff") {
            fence = Some(ticks);
            continue;
        }
        let outside = without_spans(line);
        let known = |it: char| it.is_ascii_alphanumeric() || " #*-,:".contains(it);
        assert!(outside.chars().all(known), "{outside:?} of {line:?}");
        assert!(!outside.contains("evil"), "{line}");
    }
    assert_eq!(fence, None, "a block is left open");
}

/// A line without its code spans, as CommonMark 6.1 finds them.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let after = rest[at..].trim_start_matches('`');
        let ticks = rest.len() - at - after.len();
        let mut end = None;
        let mut from = 0;
        while let Some(found) = after[from..].find('`') {
            let start = from + found;
            let run = after[start..].len() - after[start..].trim_start_matches('`').len();
            if run == ticks {
                end = Some(start + run);
                break;
            }
            from = start + run;
        }
        rest = &after[end.unwrap_or_else(|| panic!("an open span: {line}"))..];
    }
    out + rest
}

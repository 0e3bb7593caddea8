//! CODEOWNERS of BASE in the facts of a change, and on the command line.

use crate::support::{Repository, command, tollgate};
use serde_json::{Value, json};

const CONFIGURATION: &str = "\
version: 1
environments:
  prod: {overlays: [\"apps/*\"], enforcement: enforce}
approvals:
  codeowners: enforce
";

/// A repository with an overlay, and a configuration that asks for owners.
fn repository() -> Repository {
    let repository = Repository::new();
    repository
        .write("tollgate.yaml", CONFIGURATION)
        .write("apps/web/kustomization.yaml", "resources: [map.yaml]\n")
        .write(
            "apps/web/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n",
        );
    repository
}

/// The owners in the facts of the change from the first commit to the second.
fn facts(repository: &Repository, base: &str, head: &str) -> Value {
    facts_in(repository, base, head, &[])
}

/// As [`facts`], with variables of a CI system.
fn facts_in(repository: &Repository, base: &str, head: &str, ci: &[(&str, &str)]) -> Value {
    let out = tempfile::tempdir().expect("a folder");
    let file = out.path().join("facts.json");
    let path = file.to_str().expect("UTF-8");
    let arguments = ["check", "--base", base, "--head", head, "--facts-out", path];
    let mut command = command(repository.path(), &arguments);
    let output = command.envs(ci.iter().copied()).output();
    let output = output.expect("the binary runs");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|it| panic!("{it}: {}", String::from_utf8_lossy(&output.stderr)));
    let record: Value = serde_json::from_str(&text).expect("JSON");
    let facts = &record["content"]["facts"];
    assert_eq!(facts["version"], tollgate::model::Facts::VERSION);
    facts["owners"].clone()
}

/// `pattern owners: files` of each demand.
fn demands(owners: &Value) -> Vec<String> {
    let list = |it: &Value| -> Vec<String> {
        let items = it.as_array().expect("a list").iter();
        items
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect()
    };
    let show = |it: &Value| {
        let names = list(&it["demand"]["owners"]).join(" ");
        let pattern = it["demand"]["pattern"].as_str().expect("a pattern");
        format!("{pattern} {names}: {}", list(&it["files"]).join(" "))
    };
    let demands = owners["demands"].as_array().expect("demands");
    demands.iter().map(show).collect()
}

/// The one mistake.
fn mistake(owners: &Value) -> String {
    let [mistake] = owners["mistakes"].as_array().expect("a list").as_slice() else {
        panic!("{owners:#}");
    };
    assert!(mistake["help"].is_string(), "{mistake:#}");
    assert_eq!(owners["demands"], json!([]));
    assert_eq!(owners["unowned"], json!([]));
    let at = mistake["place"]["path"].as_str().unwrap_or("nowhere");
    format!("{at} {}", mistake["message"].as_str().expect("a message"))
}

#[test]
fn owners_come_from_base_and_both_names_of_a_renamed_file_count() {
    let repository = repository();
    let base = repository
        .write(
            ".github/CODEOWNERS",
            "/apps/ @acme/web\n/apps/web/old.yaml @ann\n/free/\n/tollgate.yaml a@example.com\n",
        )
        .write("CODEOWNERS", "* @nobody\n")
        .write("apps/web/old.yaml", "a: 1\n")
        .write("free/a", "1\n")
        .commit("base");
    let head = repository
        .write(".github/CODEOWNERS", "* @eve\n")
        .write("tollgate.yaml", &format!("{CONFIGURATION}\n"))
        .write("free/a", "2\n")
        .delete("apps/web/old.yaml")
        .write("apps/web/new.yaml", "a: 1\n")
        .commit("a change that names its own owners");
    let owners = facts(&repository, &base, &head);
    assert_eq!(owners["file"], ".github/CODEOWNERS");
    assert_eq!(owners["dialect"], "github");
    assert_eq!(
        demands(&owners),
        [
            r#"/apps/ {"team":{"organisation":"acme","team":"web"}}: apps/web/new.yaml"#,
            r#"/apps/web/old.yaml {"user":"ann"}: apps/web/old.yaml"#,
            "/free/ : free/a",
            r#"/tollgate.yaml {"email":"a@example.com"}: tollgate.yaml"#,
        ]
    );
    assert_eq!(owners["unowned"], json!([".github/CODEOWNERS"]));
    assert_eq!(owners["mistakes"], json!([]));
}

#[test]
fn the_forge_decides_how_the_file_is_read() {
    let repository = repository();
    let base = repository
        .write("CODEOWNERS", "[Web][2] @web\n/apps/web/*\n")
        .commit("base");
    let head = repository
        .write("apps/web/new.yaml", "a: 1\n")
        .commit("head");
    let owners = facts_in(&repository, &base, &head, &[("GITLAB_CI", "true")]);
    assert_eq!(
        demands(&owners),
        [r#"/apps/web/* {"user":"web"}: apps/web/new.yaml"#]
    );
    assert_eq!(owners["demands"][0]["demand"]["count"], 2);
    assert_eq!(owners["demands"][0]["demand"]["section"], "Web");
    let owners = facts(&repository, &base, &head);
    let messages = owners["mistakes"].as_array().expect("a list");
    assert_eq!(messages[0]["place"]["text"], "[Web][2] @web");
}

#[test]
fn nobody_is_asked_about_owners_unless_the_configuration_does() {
    let repository = repository();
    let base = repository
        .write(
            "tollgate.yaml",
            &CONFIGURATION.replace("enforce\n", "ignore\n"),
        )
        .write("CODEOWNERS", "!!!\n")
        .commit("base");
    let head = repository.write("a", "1\n").commit("head");
    assert_eq!(facts(&repository, &base, &head), Value::Null);
}

#[test]
fn a_file_that_cannot_be_read_is_never_no_owners() {
    let repository = repository();
    let base = repository.commit("no owners");
    let head = repository.write("a", "1\n").commit("head");
    let owners = facts(&repository, &base, &head);
    assert_eq!(
        mistake(&owners),
        "nowhere the configuration asks for the approval of owners, and BASE has no CODEOWNERS"
    );

    std::os::unix::fs::symlink("other", repository.path().join("CODEOWNERS")).expect("a link");
    let base = repository.write("other", "* @ann\n").commit("a link");
    let head = repository.write("a", "2\n").commit("head");
    assert_eq!(
        mistake(&facts(&repository, &base, &head)),
        "CODEOWNERS it is a link, and GitHub reads a file only"
    );

    // The forges follow no link of a folder either: nothing is in `docs` to them.
    repository.delete("CODEOWNERS");
    std::fs::create_dir(repository.path().join("documents")).expect("a folder");
    std::os::unix::fs::symlink("documents", repository.path().join("docs")).expect("a link");
    let base = repository
        .write("documents/CODEOWNERS", "* @ann\n")
        .commit("docs");
    let head = repository.write("a", "3\n").commit("head");
    let message = mistake(&facts(&repository, &base, &head));
    assert!(message.starts_with("nowhere "), "{message}");

    for (text, want) in [
        (
            b"* @ann\n\xff\n".to_vec(),
            "CODEOWNERS line 2 of the file is no UTF-8 text",
        ),
        (
            vec![b'#'; 3_000_000],
            "CODEOWNERS the file has 3000000 bytes, and it must have fewer than 3000000",
        ),
        (
            vec![b'#'; 17 << 20],
            "CODEOWNERS it has 17825792 bytes, more than the 16777216 that are read",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".to_vec(),
            "CODEOWNERS it is a Git LFS pointer: its content is not in git",
        ),
    ] {
        std::fs::write(repository.path().join("CODEOWNERS"), text).expect("written");
        let base = repository.commit("base");
        let head = repository.write("a", want).commit("head");
        assert_eq!(mistake(&facts(&repository, &base, &head)), want);
    }
}

/// What `explain` prints to both outputs, and its code.
fn explained(folder: &std::path::Path, arguments: &[&str]) -> (String, i32) {
    let output = tollgate(folder, &[&["explain", "--owners"], arguments].concat());
    let text = [output.stdout, output.stderr].map(|it| String::from_utf8(it).expect("UTF-8"));
    (text.concat(), output.status.code().expect("a code"))
}

#[test]
fn explain_shows_the_line_that_decides() {
    let repository = repository();
    let file = "* @ann\n/apps/ @acme/web a@example.com\n/apps/web/free.yaml\n";
    repository.write(".github/CODEOWNERS", file);
    let commit = repository.commit("base");
    let short = &commit[..10];
    let paths = ["apps/web/map.yaml", "apps/web/free.yaml", "/README.md"];
    let want = format!(
        "by .github/CODEOWNERS of HEAD ({short}), as GitHub reads it\n
apps/web/map.yaml
  .github/CODEOWNERS:2:1: `/apps/` asks for one of @acme/web, a@example.com, over line 1\n
apps/web/free.yaml (not there yet)
  .github/CODEOWNERS:3:1: `/apps/web/free.yaml` says that nobody owns it, over lines 2, 1\n
README.md (not there yet)
  .github/CODEOWNERS:1:1: `*` asks for @ann\n"
    );
    assert_eq!(explained(repository.path(), &paths), (want, 0));
    // From the folder where one is.
    let (text, code) = explained(
        &repository.path().join("apps/web"),
        &["map.yaml", "../x", "/x"],
    );
    assert_eq!(code, 0);
    let named: Vec<&str> = text
        .lines()
        .filter(|it| it.starts_with(['a', 'x']))
        .collect();
    assert_eq!(
        named,
        [
            "apps/web/map.yaml",
            "apps/x (not there yet)",
            "x (not there yet)"
        ]
    );
    // As it was, whatever is committed since.
    repository
        .write(".github/CODEOWNERS", "/docs/ @bob\n")
        .commit("later");
    let (text, _) = explained(repository.path(), &["apps/web/map.yaml"]);
    assert!(
        text.ends_with("\napps/web/map.yaml\n  nobody owns it: no line matches\n"),
        "{text}"
    );
    let (text, _) = explained(repository.path(), &["apps/web/map.yaml", "--at", &commit]);
    assert!(
        text.starts_with("by .github/CODEOWNERS of ") && text.contains(":2:1: "),
        "{text}"
    );
}

#[test]
fn explain_shows_one_line_a_section_of_gitlab() {
    let repository = repository();
    let file = "* @ann\n[Web][2] @web\n/apps/web/*\n!/apps/web/free.yaml\n^[Docs]\n*.yaml @doc\n";
    repository.write("CODEOWNERS", file).commit("base");
    let arguments = [
        "apps/web/map.yaml",
        "apps/web/free.yaml",
        "--forge",
        "gitlab",
    ];
    let (text, code) = explained(repository.path(), &arguments);
    assert_eq!(code, 0, "{text}");
    let (_, text) = text
        .split_once("as GitLab reads it\n")
        .expect("the first line");
    assert_eq!(
        text,
        "
apps/web/map.yaml
  CODEOWNERS:1:1: `*` asks for @ann
  CODEOWNERS:3:1: in section Web, `/apps/web/*` asks for 2 of @web
  CODEOWNERS:6:1: in section Docs, optional, `*.yaml` asks for @doc

apps/web/free.yaml (not there yet)
  CODEOWNERS:1:1: `*` asks for @ann
  CODEOWNERS:4:1: in section Web, `!/apps/web/free.yaml` takes it out: nobody is asked, over line 3
  CODEOWNERS:6:1: in section Docs, optional, `*.yaml` asks for @doc
"
    );
}

#[test]
fn explain_answers_nothing_by_a_file_with_mistakes() {
    let repository = repository();
    repository.commit("no owners");
    let (text, code) = explained(repository.path(), &["x"]);
    assert_eq!(code, 0);
    assert!(text.starts_with("nobody owns anything at HEAD ("), "{text}");
    assert!(
        text.ends_with(
            "): there is no CODEOWNERS, and GitHub looks for .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS\n"
        ),
        "{text}"
    );
    repository
        .write("CODEOWNERS", "* @ann\n!x @bob\n/y [z] @bob\n")
        .commit("mistakes");
    let (text, code) = explained(repository.path(), &["x"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.starts_with("error: CODEOWNERS:2:1: "), "{text}");
    assert!(
        text.contains("\nerror: CODEOWNERS:3:") && text.contains("\nhelp: "),
        "{text}"
    );
    assert!(!text.contains("@ann"), "{text}");

    for (arguments, code, want) in [
        (
            &["../x"][..],
            2,
            "`../x` is no path of a file in the repository",
        ),
        (
            &["apps/web"],
            2,
            "`apps/web` is a folder, and owners are those of files",
        ),
        (&["new/"], 2, "`new` is a folder"),
        (
            &["x", "--at", "nowhere"],
            3,
            "`nowhere` is no commit of this clone",
        ),
        (
            &["x", "--forge", "offline"],
            2,
            "CODEOWNERS is read as github or gitlab does",
        ),
        (&[], 2, "a value is required"),
    ] {
        let (text, is) = explained(repository.path(), arguments);
        assert_eq!(is, code, "{arguments:?}: {text}");
        assert!(text.contains(want), "{arguments:?}: {text}");
    }
    let nowhere = tempfile::tempdir().expect("a folder");
    let (text, code) = explained(nowhere.path(), &["x"]);
    assert_eq!(code, 3, "{text}");
}

/// What a repository is called by is text, and no line of a log.
#[test]
fn explain_shows_foreign_text_as_text() {
    let repository = repository();
    let file = "[::error::\u{202e}]\n*\u{202e} @ann\n##[x]* @ann\n";
    repository.write("CODEOWNERS", file).commit("::error::base");
    let path = "::error::x\u{202e}";
    for forge in ["github", "gitlab"] {
        let (text, _) = explained(repository.path(), &[path, "--forge", forge]);
        assert!(!text.contains('\u{202e}'), "{text}");
        let commands: Vec<&str> = text
            .lines()
            .filter(|it| it.trim_start().starts_with("::") || it.contains("##["))
            .collect();
        assert!(commands.is_empty(), "{commands:?}");
    }
}

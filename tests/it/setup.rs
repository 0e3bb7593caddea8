//! The commands around `check`: a past verdict again, what shells and editors need, and the first
//! configuration.

use crate::support::{Repository, tollgate};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;
use tollgate::config;
use tollgate::reporters::REPORTERS;
use tollgate::run::{Answer, CheckTask, Task, perform, record};
use tollgate_yaml::Sources;

/// Run, hold the exit code, give both outputs.
#[track_caller]
fn run(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = tollgate(folder, arguments);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{err}"
    );
    (out, err)
}

/// The example repository, as `demo` writes it.
fn example() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    run(folder.path(), &["demo", "--keep", "."], 0);
    folder
}

/// The facts of a check, and that judging them again gives the bytes of that check in every format.
#[track_caller]
fn replays(folder: &Path, arguments: &[&str], code: i32) -> String {
    for format in REPORTERS.iter().map(|it| it.name()) {
        let own = format!("{format}=own");
        let mut check = vec!["check", "--facts-out", "facts.json"];
        check.extend(["--format", format, "--report", &own]);
        check.extend(arguments);
        let first = run(folder, &check, code);
        let again = format!("{format}=again");
        // Somewhere else, and without a repository around it.
        let elsewhere = TempDir::new().expect("a temporary folder");
        std::fs::copy(
            folder.join("facts.json"),
            elsewhere.path().join("facts.json"),
        )
        .expect("copied");
        let replay = [
            "replay",
            "facts.json",
            "--format",
            format,
            "--report",
            &again,
        ];
        assert_eq!(run(elsewhere.path(), &replay, code), first, "{format}");
        assert_eq!(
            std::fs::read(elsewhere.path().join("again")).expect("a report"),
            std::fs::read(folder.join("own")).expect("a report"),
            "{format}"
        );
    }
    std::fs::read_to_string(folder.join("facts.json")).expect("the facts")
}

#[test]
fn a_check_is_judged_again_from_its_facts() {
    let example = example();
    let refused = ["--base", "main", "--head", "latest-everywhere"];
    replays(example.path(), &refused, 1);
    replays(
        example.path(),
        &["--base", "main", "--head", "web-1.5.0"],
        0,
    );
    // The worker died: its facts say that and nothing else, now as then.
    let mut died = vec!["--timeout", "0"];
    died.extend(refused);
    replays(example.path(), &died, 5);

    let nothing = Repository::new();
    nothing.write("README.md", "nothing here\n").commit("base");
    nothing.write("README.md", "still nothing\n").commit("head");
    replays(
        nothing.path(),
        &["--base", "HEAD~1", "--head", "HEAD", "-C", "."],
        4,
    );
}

#[test]
fn what_is_no_whole_record_of_a_check_is_never_judged() {
    let example = example();
    let facts = replays(
        example.path(),
        &["--base", "main", "--head", "web-1.5.0"],
        0,
    );
    let version = |number: u32| format!("\"version\": {number},\n  \"sha256\"");
    let next = tollgate::model::Facts::VERSION + 1;
    let newer = facts.replacen(&version(next - 1), &version(next), 1);
    assert_ne!(newer, facts, "the version of the facts was found");
    let unknown = facts.replacen("\"faults\": []", "\"faults\": [],\n    \"verdict\": 0", 1);
    assert_ne!(unknown, facts, "the last list of the facts was found");
    let audit = facts.replacen("\"strict\"", "\"audit\"", 1);
    assert_ne!(audit, facts, "the enforcement was found");
    for (text, why) in [
        ("", "damaged"),
        ("{}", "format"),
        ("[]", "damaged"),
        ("null", "damaged"),
        (&facts[..facts.len() / 2], "damaged"),
        (&newer, &format!("version {next}")),
        (&unknown, "is not as it was written"),
        (&audit, "changed after it was written"),
        (&facts.replacen("tollgate-facts", "facts", 1), "format"),
        (
            &facts.replacen("\"faults\": []", "\"faults\": null", 1),
            "damaged",
        ),
        (&format!("{facts}\n"), "is not as it was written"),
        (&format!("{facts}{facts}"), "damaged"),
        (&"[".repeat(1 << 20), "damaged"),
    ] {
        std::fs::write(example.path().join("facts.json"), text).expect("written");
        std::fs::write(example.path().join("old"), "admitted").expect("written");
        let (out, err) = run(
            example.path(),
            &["replay", "facts.json", "--report", "json=old"],
            2,
        );
        assert_eq!(out, "");
        assert!(
            err.contains("facts.json") && err.contains(why),
            "{why}: {err}"
        );
        assert!(
            !example.path().join("old").exists(),
            "an older report is not taken for this one's"
        );
    }
    let large = std::fs::File::create(example.path().join("facts.json")).expect("made");
    large
        .set_len(record::LIMIT as u64 + 1)
        .expect("a file with a hole");
    let (_, err) = run(example.path(), &["replay", "facts.json"], 2);
    assert!(err.contains("larger than"), "{err}");
    run(example.path(), &["replay", "absent.json"], 2);
    run(example.path(), &["replay", "."], 2);
    run(example.path(), &["replay"], 2);

    // A key that nobody knows is noticed wherever it stands.
    let key = "\"zzz\": 1,";
    for (at, _) in facts.match_indices("{\n") {
        let text = format!("{}{key}{}", &facts[..=at], &facts[at + 1..]);
        assert!(record::read(text.as_bytes()).is_err(), "at byte {at}");
    }
    assert!(record::read(facts.as_bytes()).is_ok());
}

#[test]
fn facts_that_cannot_be_written_leave_no_verdict() {
    let example = example();
    let (out, err) = run(
        example.path(),
        &[
            "check",
            "--base",
            "main",
            "--head",
            "web-1.5.0",
            "--facts-out",
            "absent/facts.json",
        ],
        3,
    );
    assert_eq!(out, "");
    assert!(err.contains("absent/facts.json"), "{err}");
}

/// The commands that `--help` lists.
fn commands(folder: &Path) -> Vec<String> {
    let (help, _) = run(folder, &["--help"], 0);
    let lines = help.lines().skip_while(|it| *it != "Commands:").skip(1);
    let names: Vec<String> = lines
        .take_while(|it| !it.is_empty())
        .filter_map(|it| it.strip_prefix("  ").filter(|it| !it.starts_with(' ')))
        .filter_map(|it| it.split(' ').next().map(str::to_owned))
        .collect();
    assert!(names.len() > 8, "{help}");
    names
}

#[test]
fn shells_complete_every_command() {
    let folder = TempDir::new().expect("a folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (script, _) = run(folder.path(), &["completions", shell], 0);
        for name in commands(folder.path()) {
            assert!(script.contains(&name), "{shell} knows {name}");
        }
        assert!(script.contains("facts-out"), "{shell} knows options");
    }
    run(folder.path(), &["completions", "cmd"], 2);
}

#[test]
fn manual_pages_name_every_command_and_option() {
    let folder = TempDir::new().expect("a folder");
    let (page, _) = run(folder.path(), &["man"], 0);
    assert!(page.contains(".TH tollgate 1"), "{page}");
    for name in commands(folder.path()) {
        assert!(page.contains(&name), "{name}");
        if name != "help" {
            let (own, _) = run(folder.path(), &["man", &name], 0);
            assert!(own.contains(&format!(".TH tollgate-{name} 1")), "{own}");
            assert!(own.contains(".SH OPTIONS"), "{own}");
        }
    }
    let (own, _) = run(folder.path(), &["man", "check"], 0);
    assert!(own.contains("facts\\-out"), "{own}");
    for name in ["chekc", "worker"] {
        let (_, err) = run(folder.path(), &["man", name], 2);
        assert!(err.contains(name), "{err}");
    }
}

/// Why a document is not what a schema takes; only with the keywords that ours has.
fn complaint(schema: &Value, root: &Value, document: &Value) -> Option<String> {
    let known = [
        "$ref",
        "$schema",
        "$defs",
        "title",
        "description",
        "default",
        "type",
        "enum",
        "const",
        "pattern",
        "minLength",
        "minimum",
        "maximum",
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "items",
        "anyOf",
    ];
    let keywords = schema.as_object().expect("a schema is a map");
    for (keyword, value) in keywords {
        assert!(known.contains(&keyword.as_str()), "{keyword} is checked");
        let holds = match keyword.as_str() {
            "$ref" => {
                let name = value.as_str().and_then(|it| it.strip_prefix("#/$defs/"));
                let definition = &root["$defs"][name.expect("a local reference")];
                if let Some(why) = complaint(definition, root, document) {
                    return Some(why);
                }
                true
            }
            "type" => match value.as_str().expect("one type") {
                "object" => document.is_object(),
                "array" => document.is_array(),
                "string" => document.is_string(),
                "boolean" => document.is_boolean(),
                "integer" => document.is_u64(),
                other => panic!("type {other}"),
            },
            "enum" => value.as_array().expect("words").contains(document),
            "const" => value == document,
            "anyOf" => value
                .as_array()
                .expect("choices")
                .iter()
                .any(|it| complaint(it, root, document).is_none()),
            "pattern" => {
                let form = regex::Regex::new(value.as_str().expect("a form")).expect("a form");
                document.as_str().is_none_or(|it| form.is_match(it))
            }
            "minLength" => document.as_str().is_none_or(|it| !it.is_empty()),
            "minProperties" => document.as_object().is_none_or(|it| !it.is_empty()),
            "required" => value.as_array().expect("keys").iter().all(|it| {
                document.get(it.as_str().expect("a key")).is_some() || !document.is_object()
            }),
            _ => true,
        };
        if !holds {
            return Some(format!("{keyword} {value} does not hold for {document}"));
        }
    }
    let entries = document.as_object().into_iter().flatten();
    for (key, value) in entries {
        if let Some(names) = keywords.get("propertyNames")
            && let Some(why) = complaint(names, root, &Value::from(key.as_str()))
        {
            return Some(why);
        }
        let own = keywords.get("properties").and_then(|it| it.get(key));
        match own.or(keywords.get("additionalProperties")) {
            Some(Value::Bool(false)) => return Some(format!("unknown key {key}")),
            Some(Value::Bool(true)) | None => {}
            Some(schema) => {
                if let Some(why) = complaint(schema, root, value) {
                    return Some(why);
                }
            }
        }
    }
    let items = keywords.get("items");
    let mut listed = document.as_array().into_iter().flatten();
    listed.find_map(|it| items.and_then(|schema| complaint(schema, root, it)))
}

/// What an editor makes of a configuration.
fn as_json(text: &str) -> Value {
    use tollgate_yaml::{Dialect, Limits, Sources, parse};
    let file = Sources::new().add("tollgate.yaml", text);
    let documents = parse(text, file, Dialect::Kyaml, &Limits::default()).expect("YAML");
    let document = documents.first().expect("a document");
    document.to_json().expect("JSON")
}

/// Every section, most settings.
const EVERYTHING: &str = r#"
version: 1
environments:
  dev: {overlays: ["apps/*/overlays/dev"], enforcement: audit, argocd: {automated: required, prune: allowed}}
  prod:
    overlays: ["apps/*/overlays/prod-*"]
    enforcement: strict
    promote_from: {env: dev, soak: 1h30m, identity: [images, charts], may_differ: ["/spec/replicas"]}
    waves: [[prod-canary], [prod-eu, prod-us]]
    images: {require: digest, registries: ["registry.example.com/*"], signed_by: [release-key]}
    argocd: {require: [canary], target_revision: pinned}
    freeze: {timezone: Europe/Berlin, deny: [{cron: "0 0 24 12 *", for: 72h, reason: holidays}]}
policies: {paths: ["policies/**"], fixtures: ["policies-tests/**"], coverage: {min_rules: 100%}}
schema: {kubernetes: "1.34", crds: ["crds/**"]}
secrets: {allow_kinds: [SealedSecret], plain: forbidden}
pull_request: {max_protected_environments: 1}
groups: {platform: {users: [ann, "bob#1234"], team: acme/platform}}
approvals:
  defaults: {bind: head, bots: false, min_permission: write, changes_requested: block}
  rules:
    - {name: prod, when: {touches: [prod]}, require: {count: 2, from: [platform]}}
    - {name: others, when: {any: true}, require: {count: 1}}
  codeowners: enforce
protection:
  require: {approvals: 2, force_push: false, status_checks: [tollgate, {context: build, source: 15368}], bypass: []}
  snapshot: {max_age: 24h}
  on_unknown: {default: warn, strict: fail}
rollback: {allow: true, within: 20, waives: [promotion, soak]}
override: {path: ".tollgate/overrides/*.yaml", require: {count: 2, from: [platform]}, max_ttl: 4h, may_waive: [soak]}
exceptions: ".tollgate/exceptions.yaml"
baseline: ".tollgate/baseline.json"
handoff: {bind: tree, valid_for: 60m}
audit: {ref: refs/tollgate/audit}
"#;

/// Every path to a map of a document, as JSON pointers.
fn maps(document: &Value, at: String, found: &mut Vec<String>) {
    match document {
        Value::Object(entries) => {
            for (key, value) in entries {
                maps(value, format!("{at}/{key}"), found);
            }
            found.push(at);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                maps(item, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_schema_takes_what_is_read_and_refuses_what_is_not() {
    let folder = TempDir::new().expect("a folder");
    let (text, _) = run(folder.path(), &["schema"], 0);
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let about = schema["description"].as_str().expect("a description");
    assert!(
        about.contains("# yaml-language-server: $schema="),
        "{about}"
    );
    let read = |text: &str| config::parse("tollgate.yaml", text, &Sources::new());
    let demo = include_str!("../../demo/repository/tollgate.yaml");
    let switched = "version: 1\npolicies: {builtin: false}\n";
    for text in [EVERYTHING, demo, switched, "version: 1\n"] {
        assert!(read(text).is_ok(), "{text}");
        assert_eq!(complaint(&schema, &schema, &as_json(text)), None);
    }
    // A mistake that a person makes while typing is one for the reader and one for the editor.
    for (from, to) in [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("enforcement: strict", "enforcement: strickt"),
        ("enforcement: strict", "enforcment: strict"),
        ("    overlays: [\"apps/*/overlays/prod-*\"]\n", ""),
        ("count: 1", "count: some"),
        ("count: 1", "count: \"1\""),
        ("allow: true", "allow: 1"),
        ("soak: 1h30m", "soak: 1 hour"),
        ("min_rules: 100%", "min_rules: all"),
        ("coverage: {", "builtin: of, coverage: {"),
        ("\"1.34\"", "1.34"),
        ("  dev:", "  DEV:"),
        ("[prod-canary]", "prod-canary"),
        ("audit: {ref", "audit: {branch"),
    ] {
        assert!(EVERYTHING.contains(from), "{from}");
        let text = EVERYTHING.replacen(from, to, 1);
        assert!(read(&text).is_err(), "the reader refuses {to}");
        let why = complaint(&schema, &schema, &as_json(&text));
        assert!(why.is_some(), "the schema refuses {to}");
    }
    // Unknown keys, wherever keys are fixed.
    let document = as_json(EVERYTHING);
    let mut places = Vec::new();
    maps(&document, String::new(), &mut places);
    let free = ["/environments", "/groups"];
    for place in places.iter().filter(|it| !free.contains(&it.as_str())) {
        let mut document = document.clone();
        document.pointer_mut(place).expect("a map")["zzz"] = Value::from(1);
        let why = complaint(&schema, &schema, &document);
        let why = why.unwrap_or_else(|| panic!("nothing is wrong at {place}"));
        // Where there is a choice of forms, none of them takes the key.
        let refused = why == "unknown key zzz" || why.starts_with("anyOf ");
        assert!(refused, "at {place}: {why}");
    }
    assert!(places.len() > 25, "{places:?}");
}

/// The overlays of a repository with their environments, as a check establishes them.
fn mapping(folder: &Path) -> Vec<(String, Option<String>)> {
    // Two sides that are the same are no change.
    let extra = folder.join("extra");
    std::fs::write(&extra, "new").expect("written");
    let task = Task::Check(CheckTask {
        directory: folder.to_owned(),
        base: Some("HEAD".to_owned()),
        head: None,
        working_tree: true,
        environment: BTreeMap::new(),
        forge: None,
        now: 0,
        aside: Vec::new(),
    });
    let answer = perform(task, &|_| {});
    std::fs::remove_file(&extra).expect("there");
    match answer {
        Answer::Check(gathered) => {
            let overlays = gathered.facts.overlays.into_iter();
            overlays.map(|it| (it.path, it.environment)).collect()
        }
        other => panic!("no facts: {other:?}"),
    }
}

/// What `init` writes is read without a mistake, and maps overlays as they were without it.
#[track_caller]
fn fits(repository: &Repository) -> String {
    let before = mapping(repository.path());
    let (out, err) = run(repository.path(), &["init"], 0);
    assert_eq!(err, "");
    assert!(out.starts_with("wrote tollgate.yaml: "), "{out}");
    let path = repository.path().join("tollgate.yaml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    if let Err(mistakes) = config::parse("tollgate.yaml", &text, &Sources::new()) {
        panic!("{mistakes:?} in\n{text}");
    }
    repository.commit("a configuration");
    assert_eq!(mapping(repository.path()), before, "{text}");

    let (_, err) = run(repository.path(), &["init"], 2);
    assert!(
        err.contains("exists already") && err.contains("help: "),
        "{err}"
    );
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), text);
    text
}

/// A suite of fixtures without rows.
const SUITE: &str = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\npolicies: []\nresources: []\nresults: []\n";

#[test]
fn init_leaves_room_for_a_second_suite_where_the_folder_around_the_first_holds_nothing_else() {
    let overlay = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    for (suites, beside, written) in [
        (&["checks/team"] as &[&str], None, "checks/**"),
        (&["a/checks/team"], None, "a/checks/**"),
        (&["checks/team", "checks/keep"], None, "checks/**"),
        (
            &["checks/team"],
            Some("checks/notes.yaml"),
            "checks/team/**",
        ),
        (
            &["checks/team"],
            Some("checks/teams/a.txt"),
            "checks/team/**",
        ),
        (&["checks"], None, "checks/**"),
        (&["checks/a/one", "checks/a/two"], None, "checks/a/**"),
    ] {
        let repository = Repository::new();
        repository.write("apps/web/overlays/prod/kustomization.yaml", overlay);
        for folder in suites {
            repository.write(&format!("{folder}/kyverno-test.yaml"), SUITE);
        }
        if let Some(path) = beside {
            repository.write(path, "a: 1\n");
        }
        repository.commit("base");
        run(repository.path(), &["init"], 0);
        let text = std::fs::read_to_string(repository.path().join("tollgate.yaml"));
        let text = text.expect("a configuration");
        let fixtures = text
            .split("  fixtures:\n")
            .nth(1)
            .and_then(|it| it.lines().next());
        assert_eq!(
            fixtures,
            Some(format!("    - \"{written}\"").as_str()),
            "{text}"
        );
    }
}

#[test]
fn init_fits_the_example() {
    let repository = Repository::new();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/repository");
    repository.copy(&demo).delete("tollgate.yaml");
    // A second application shows what the folders have in common.
    for environment in ["dev", "staging", "prod"] {
        let path = format!("apps/shop/overlays/{environment}/kustomization.yaml");
        repository.write(&path, "resources: [../../../web/base]\n");
    }
    repository.commit("the example");
    let text = fits(&repository);
    for line in [
        "  dev:\n",
        "    enforcement: audit\n",
        "      - \"apps/*/overlays/dev\"\n",
        "      - \"apps/*/overlays/prod\"\n",
        "    # promote_from: {env: staging}\n",
        "    - \"policies/**\"\n",
        "    - \"policies-tests/**\"\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(!text.contains("unsorted"), "{text}");
}

#[test]
fn init_writes_what_folder_names_leave_open() {
    let mixed = Repository::new();
    for path in [
        "clusters/prod",
        "clusters/dev",
        "tools/a",
        "tools/b",
        "odd [1] {x}",
    ] {
        mixed.write(&format!("{path}/kustomization.yaml"), "namePrefix: x-\n");
    }
    mixed.commit("overlays");
    let text = fits(&mixed);
    assert!(text.contains("  unsorted:\n"), "{text}");
    assert!(text.contains("- \"odd [[]1[]] [{]x[}]\"\n"), "{text}");

    // The root has no name that a pattern could match: environments stay inferred.
    mixed
        .delete("tollgate.yaml")
        .write("kustomization.yaml", "namePrefix: x-\n");
    mixed.commit("an overlay in the root");
    let text = fits(&mixed);
    assert!(!text.contains("\nenvironments:"), "{text}");

    let empty = Repository::new();
    empty.write("README.md", "nothing yet\n").commit("nothing");
    let text = fits(&empty);
    assert!(text.contains("\n  builtin: auto\n"), "{text}");
}

/// Where many folders have nothing in common, a list of them would say nothing.
#[test]
fn init_is_short_for_an_irregular_repository() {
    let repository = Repository::new();
    for n in 0..60 {
        // No two have more than the first folder in common with any other.
        let path = format!("catalog/op{n}/v{n}/flavour-{n}/kustomization.yaml");
        repository.write(&path, "namePrefix: x-\n");
    }
    for path in [
        "clusters/dev",
        "clusters/prod",
        "catalog/op1/v1/flavour-1/production",
    ] {
        let path = format!("{path}/kustomization.yaml");
        repository.write(&path, "namePrefix: x-\n");
    }
    repository.commit("overlays");
    let text = fits(&repository);
    assert!(text.contains("    overlays: others\n"), "{text}");
    assert!(
        text.contains("# 60 overlays: every one that no environment above names"),
        "{text}"
    );
    assert!(text.lines().count() < 50, "{text}");
    assert!(text.lines().all(|it| it.chars().count() <= 110), "{text}");
}

/// What the word means, from a check's view: a new folder is judged, a base is still none.
#[test]
fn other_overlays_belong_to_the_environment_that_says_so() {
    let repository = Repository::new();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    repository
        .write(
            "tollgate.yaml",
            "version: 1\nenvironments:\n  prod: {overlays: [prod]}\n  rest: {overlays: others, enforcement: audit}\n",
        )
        .write("base/kustomization.yaml", "resources: [map.yaml]\n")
        .write("base/map.yaml", map)
        .write("prod/kustomization.yaml", "resources: [../base]\n")
        .commit("base");
    repository.write("new/kustomization.yaml", "resources: [../base]\n");
    repository.commit("a new overlay");
    let of = |it: &str| Some(it.to_owned());
    assert_eq!(
        mapping(repository.path()),
        [
            ("new".to_owned(), of("rest")),
            ("prod".to_owned(), of("prod"))
        ]
    );
}

#[test]
fn init_never_overwrites_and_needs_a_repository() {
    for name in ["tollgate.yaml", "tollgate.yml"] {
        let repository = Repository::new();
        repository
            .write(name, "not: a configuration\n")
            .commit("a file");
        let (out, err) = run(repository.path(), &["init"], 2);
        assert_eq!(out, "");
        assert!(err.contains(name) && err.contains("help: "), "{err}");
        let text = std::fs::read_to_string(repository.path().join(name)).expect("there");
        assert_eq!(text, "not: a configuration\n");
    }
    // A file that git is told to ignore, and so is no part of the tree.
    let repository = Repository::new();
    repository
        .write(".gitignore", "tollgate.yaml\n")
        .commit("ignored");
    repository.write("tollgate.yaml", "mine\n");
    run(repository.path(), &["init"], 2);
    let text = std::fs::read_to_string(repository.path().join("tollgate.yaml")).expect("there");
    assert_eq!(text, "mine\n");

    let folder = TempDir::new().expect("a folder");
    run(folder.path(), &["init"], 3);
}

#[test]
fn init_fits_real_repositories() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/kustomize/real");
    let Ok(folders) = std::fs::read_dir(&data) else {
        let _ = writeln!(std::io::stderr(), "skipped: {} is not here", data.display());
        return;
    };
    for folder in folders
        .map(|it| it.expect("readable").path())
        .filter(|it| it.is_dir())
    {
        let repository = Repository::new();
        repository.copy(&folder);
        repository.commit("as it is");
        let _ = writeln!(std::io::stderr(), "{}", folder.display());
        fits(&repository);
    }
}

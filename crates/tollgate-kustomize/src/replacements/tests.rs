use crate::{MemoryFiles, Options, RepoPath, Session, WarningKind, build};
use tollgate_yaml::{Sources, emit};

const OBJECTS: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: source}
data: {host: "web.example:80", port: "8080", word: hello}
list: [a, b]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  image: registry/web:v1
  text: "5"
  containers:
  - {name: web, image: i1, args: [-a, -b]}
  - {name: web-log, image: i2}
  json: '{"b": {"port": 1, "<": null}, "a": [1.0]}'
  yaml: |
    # what it is
    list:
      - name: "x" # why
        port: 1
    flow: [1, {a: 'b'}]
"#;

/// The second object after the replacements, or the error.
fn run(replacements: &str) -> Result<tollgate_yaml::Node, String> {
    let sources = Sources::new();
    let files = MemoryFiles::new()
        .with("objects.yaml", OBJECTS)
        .with(
            "one.yaml",
            "sourceValue: a\nunknown: 1\ntargets: [{select: {kind: Deployment}}]\n",
        )
        .with(
            "kustomization.yaml",
            format!("resources: [objects.yaml]\nreplacements:\n{replacements}"),
        );
    let session = Session::new(&files, &sources);
    let mut built = build(&session, &RepoPath::root(), &Options::default())
        .map_err(|it| it.describe(&sources))?;
    Ok(built.resources.remove(1).body)
}

/// The `spec` with the value of `source` put into `field`.
fn put(source: &str, field: &str, options: &str) -> String {
    let entry = format!(
        "- source: {{kind: ConfigMap, fieldPath: \"{source}\"}}\n  targets:\n  - select: {{kind: Deployment}}\n    fieldPaths: ['{field}']\n    options: {options}\n"
    );
    match run(&entry) {
        Ok(body) => emit(body.get("spec").expect("a spec")).expect("printable"),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn values_take_the_type_of_their_field() {
    assert!(put("data.port", "spec.replicas", "{}").contains("replicas: 8080\n"));
    assert!(put("data.port", "spec.text", "{}").contains("text: \"8080\"\n"));
    assert!(put("data.word", "spec.replicas", "{}").starts_with("error: kustomization.yaml:"));
    assert!(put("data.port", "spec.new.field", "{create: true}").contains("new:\n  field: 8080\n"));
    assert!(put("data.port", "spec.new", "{}").contains("cannot find `spec.new`"));
    assert!(put("list", "spec.containers", "{}").contains("containers:\n- a\n- b\n"));
}

#[test]
fn elements_are_found_by_place_and_by_a_pattern_somewhere_in_a_field() {
    let images = |field: &str| {
        let out = put("data.word", field, "{}");
        let at = |name: &str| out.contains(&format!("image: hello\n  name: {name}\n"));
        (at("web"), at("web-log"))
    };
    assert_eq!(images("spec.containers.1.image"), (false, true));
    assert_eq!(images("spec.containers.*.image"), (true, true));
    assert_eq!(images("spec.containers.[name=web].image"), (true, true));
    assert_eq!(images("spec.containers.[name=^web$].image"), (true, false));
    assert!(put("data.word", "spec.containers.0.args.[=-b]", "{}").contains("- -a\n  - hello\n"));
    assert!(put("data.word", "spec.containers.2.image", "{}").starts_with("error: "));
    let made = put(
        "data.word",
        "spec.containers.[name=new].image",
        "{create: true}",
    );
    assert!(made.contains("- image: hello\n  name: new\n"), "{made}");
    let appended = put("data.word", "spec.containers.0.args.2", "{create: true}");
    assert!(appended.contains("- -b\n  - hello\n"), "{appended}");
}

#[test]
fn delimiters_cut_and_join() {
    assert!(
        put("data.word", "spec.image", "{delimiter: \":\", index: 1}")
            .contains("registry/web:hello\n")
    );
    assert!(
        put("data.word", "spec.image", "{delimiter: \":\", index: 9}").contains("web:v1:hello\n")
    );
    assert!(
        put("data.word", "spec.image", "{delimiter: /, index: -1}").contains("hello/registry/")
    );
    assert!(put("data.word", "spec.containers", "{delimiter: /}").starts_with("error: "));
    let part = "- source: {kind: ConfigMap, fieldPath: data.host, options: {delimiter: \":\", index: INDEX}}\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]\n";
    let body = run(&part.replace("INDEX", "1")).expect("renders");
    assert!(emit(&body).expect("printable").contains("replicas: 80\n"));
    assert!(run(&part.replace("INDEX", "2")).is_err());
}

#[test]
fn text_that_holds_json_or_yaml_is_written_anew() {
    let json = put("data.port", "spec.json.b.port", "{}");
    assert!(
        json.contains(r#"json: '{"a":[1],"b":{"\u003c":null,"port":8080}}'"#),
        "{json}"
    );
    let yaml = put("data.port", "spec.yaml.list.[name=x].port", "{}");
    let expected = "yaml: |-\n  # what it is\n  list:\n  - name: \"x\" # why\n    port: 8080\n  flow: [1, {a: 'b'}]\n";
    assert!(yaml.contains(expected), "{yaml}");
}

#[test]
fn entries_that_say_too_little_or_too_much_are_refused() {
    for entry in [
        "- targets: [{select: {kind: Deployment}}]\n",
        "- sourceValue: a\n",
        "- {sourceValue: a, source: {kind: ConfigMap}, targets: [{select: {kind: Deployment}}]}\n",
        "- {sourceValue: a, targets: [{fieldPaths: [spec.image]}]}\n",
        "- {source: {kind: Nothing}, targets: [{select: {kind: Deployment}}]}\n",
        "- {source: {name: \"\"}, targets: [{select: {kind: Deployment}}]}\n",
        "- {path: one.yaml, source: {kind: ConfigMap}}\n",
        "- {path: objects.yaml}\n",
    ] {
        assert!(run(entry).is_err(), "{entry}");
    }
    let body = run("- path: one.yaml\n").expect("renders");
    assert!(emit(&body).expect("printable").contains("  name: a\n"));
}

#[test]
fn rejections_by_label_and_by_id_count_alone() {
    for (reject, hit) in [
        ("[{kind: Deployment}]", false),
        ("[{kind: Other}]", true),
        ("[{}]", true),
        ("[{kind: Other, labelSelector: \"!x\"}]", false),
        ("[{kind: Deployment, labelSelector: \"x\"}]", false),
    ] {
        let entry = format!(
            "- sourceValue: hit\n  targets:\n  - {{select: {{name: web}}, reject: {reject}, fieldPaths: [spec.image]}}\n"
        );
        let body = run(&entry).expect("renders");
        let image = body.get("spec").and_then(|it| it.get("image"));
        assert_eq!(
            image.and_then(|it| it.as_str()) == Some("hit"),
            hit,
            "{reject}"
        );
    }
}

#[test]
fn the_field_knows_the_entry_that_set_it() {
    let sources = Sources::new();
    let kustomization = "resources: [objects.yaml]\nreplacements:\n- sourceValue: v2\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths:\n    - spec.image\n  - select: {kind: Nothing}\n";
    let files = MemoryFiles::new()
        .with("objects.yaml", OBJECTS)
        .with("kustomization.yaml", kustomization);
    let session = Session::new(&files, &sources);
    let built = build(&session, &RepoPath::root(), &Options::default()).expect("renders");
    let image = built.resources[1]
        .body
        .get("spec")
        .and_then(|it| it.get("image"));
    let origin = image.expect("an image").origin;
    assert_eq!(
        sources.describe(origin.edit_here()),
        "kustomization.yaml:7:7"
    );
    assert_eq!(
        sources.describe(origin.overridden().expect("over")),
        "objects.yaml:13:10"
    );
    let kinds: Vec<_> = built.warnings.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [WarningKind::SelectsNothing]);
}

#[test]
fn paths_split_at_dots() {
    for (path, expected) in [
        ("spec.a", vec!["spec", "a"]),
        (r"data.a\.b.c", vec!["data", "a.b", "c"]),
        ("a.[b.c/d]", vec!["a", "b.c/d"]),
        ("a.[n=x.y].z", vec!["a", "[n=x.y]", "z"]),
        (".a.b", vec!["a", "b"]),
        ("", vec![""]),
        ("a.[n=x.y", vec!["a", "[n=x.y"]),
    ] {
        assert_eq!(super::path::split(path), expected, "{path}");
    }
}

#[test]
fn replacements_cannot_grow_without_end() {
    let double = "- source: {kind: Deployment, fieldPath: spec}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.copyN]\n    options: {create: true}\n";
    let entries: String = (0..40)
        .map(|it| double.replace('N', &it.to_string()))
        .collect();
    let error = run(&entries).expect_err("it doubles forty times");
    assert!(error.contains("grows too large"), "{error}");
    let longer = "- source: {kind: Deployment, fieldPath: spec.image}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.image]\n    options: {delimiter: \"-\", index: -1}\n";
    let error = run(&longer.repeat(40)).expect_err("it doubles forty times");
    assert!(error.contains("grows too long"), "{error}");
    let path = "a.".repeat(100_000);
    let entry = format!(
        "- sourceValue: x\n  targets: [{{select: {{kind: Deployment}}, fieldPaths: [{path}a], options: {{create: true}}}}]\n"
    );
    assert!(
        run(&entry)
            .expect_err("too long")
            .contains("more than 200 parts")
    );
}

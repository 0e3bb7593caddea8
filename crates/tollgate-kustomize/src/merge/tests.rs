use super::*;
use tollgate_yaml::{Dialect, FileId, Limits, Sources, emit, parse};

fn read(text: &str, file: FileId) -> Node {
    parse(text, file, Dialect::Kyaml, &Limits::default())
        .expect("valid YAML")
        .remove(0)
}

fn node(text: &str) -> Node {
    read(text, Sources::new().add("a.yaml", text))
}

fn merged(target: &str, patch: &str) -> String {
    let mut target = node(target);
    match strategic_merge(&mut target, &node(patch), MergeSchema::kubernetes()) {
        Ok(Merged::Changed) => emit(&target).expect("printable"),
        Ok(Merged::Deleted) => "deleted".to_owned(),
        Err(error) => format!("error: {}", error.message),
    }
}

fn pod(containers: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nspec:\n  containers: {containers}\n")
}

fn containers(target: &str, patch: &str) -> String {
    let mut target = node(&pod(target));
    strategic_merge(&mut target, &node(&pod(patch)), MergeSchema::kubernetes()).expect("mergeable");
    let list = target.get("spec").and_then(|it| it.get("containers"));
    list.map_or_else(
        || "none".to_owned(),
        |it| it.to_json().expect("printable").to_string(),
    )
}

#[test]
fn maps_merge_and_null_takes_away() {
    let target = "a: {x: 1, y: 2}\nb: [1, 2]\nc: keep\n";
    let patch = "a: {y: null, z: {n: null, k: 3}}\nb: [3]\nnew: null\n";
    assert_eq!(
        merged(target, patch),
        "a:\n  x: 1\n  z:\n    k: 3\nb:\n- 3\nc: keep\n"
    );
}

#[test]
fn nulls_of_the_target_stay_if_they_are_written_out() {
    assert_eq!(
        merged("a: null\nb:\nc: ~\nd: {e: }\n", "f: 1\n"),
        "a: null\nc: null\nd: {}\nf: 1\n"
    );
}

#[test]
fn a_number_over_quoted_text_is_text() {
    assert_eq!(
        merged("a: \"1\"\nb: 1\n", "a: 2\nb: \"2\"\n"),
        "a: \"2\"\nb: \"2\"\n"
    );
}

#[test]
fn new_elements_come_first_and_named_ones_move_up() {
    let merged = containers(
        "[{name: a, image: x}, {name: b}, {name: c}]",
        "[{name: new}, {name: b, tty: true}, {name: a, $patch: delete}]",
    );
    assert_eq!(
        merged,
        r#"[{"name":"new"},{"name":"b","tty":true},{"name":"c"}]"#
    );
}

#[test]
fn replace_in_an_element_changes_nothing_in_a_list_everything() {
    let target = "[{name: a, image: x}, {name: b}]";
    assert_eq!(
        containers(target, "[{name: a, $patch: replace, tty: true}]"),
        r#"[{"image":"x","name":"a"},{"name":"b"}]"#
    );
    assert_eq!(
        containers(target, "[{$patch: replace}, {name: c}]"),
        r#"[{"name":"c"}]"#
    );
    assert_eq!(containers(target, "[{$patch: delete}]"), "none");
    assert_eq!(
        containers(target, "[{$patch: merge}, {name: c}]"),
        r#"[{"name":"c"},{"image":"x","name":"a"},{"name":"b"}]"#
    );
}

#[test]
fn elements_without_a_key_throw_others_out() {
    assert_eq!(
        containers("[{name: a}, {image: x}]", "[]"),
        r#"[{"image":"x"}]"#
    );
    assert_eq!(
        containers("[{name: a, image: x}, {name: a, image: y}]", "[]"),
        r#"[{"image":"y","name":"a"}]"#
    );
}

#[test]
fn lists_with_two_keys_treat_a_missing_one_as_any() {
    let service = |ports: &str| format!("apiVersion: v1\nkind: Service\nspec:\n  ports: {ports}\n");
    let run = |patch: &str| {
        let mut target = node(&service(
            "[{port: 80, targetPort: 1}, {port: 81, protocol: UDP}]",
        ));
        strategic_merge(
            &mut target,
            &node(&service(patch)),
            MergeSchema::kubernetes(),
        )
        .expect("mergeable");
        let ports = target
            .get("spec")
            .and_then(|it| it.get("ports"))
            .expect("ports");
        ports.to_json().expect("printable").to_string()
    };
    assert_eq!(
        run("[{port: 81, protocol: TCP, name: t}]"),
        r#"[{"name":"t","port":81,"protocol":"TCP"},{"port":80,"targetPort":1},{"port":81,"protocol":"UDP"}]"#
    );
    assert_eq!(
        run("[{port: 80, protocol: TCP, name: t}]"),
        r#"[{"port":80,"targetPort":1},{"port":81,"protocol":"UDP"}]"#
    );
}

#[test]
fn scalars_form_a_set_and_unknown_kinds_have_no_keys() {
    let object = |kind: &str, list: &str| {
        format!(
            "apiVersion: v1\nkind: {kind}\nmetadata:\n  finalizers: {list}\nspec: {{containers: [{{name: {kind}}}]}}\n"
        )
    };
    assert!(
        merged(&object("Pod", "[a, b]"), &object("Pod", "[c, b]")).contains("- c\n  - b\n  - a\n")
    );
    assert!(
        merged(&object("Thing", "[a, b]"), &object("Thing", "[c, b]")).contains("- c\n  - b\nspec")
    );
}

#[test]
fn directives_of_maps() {
    assert_eq!(merged("a: {b: 1}\n", "a: {$patch: delete}\n"), "{}\n");
    assert_eq!(
        merged("a: {b: 1}\n", "a: {$patch: replace, c: 2}\n"),
        "a:\n  c: 2\n"
    );
    assert_eq!(
        merged("a: {b: 1}\n", "a: {$patch: merge, c: 2}\n"),
        "a:\n  b: 1\n  c: 2\n"
    );
    assert_eq!(merged("a: {b: 1}\n", "$patch: delete\n"), "deleted");
    assert!(merged("a: {b: 1}\n", "a: {$patch: drop}\n").starts_with("error: unknown directive"));
    assert!(merged("a: {b: 1}\n", "a: [1]\n").starts_with("error: the patch has a list"));
}

#[test]
fn values_know_the_line_that_set_them_and_the_one_they_override() {
    let sources = Sources::new();
    let mut target = read(
        "a: 1\nb: {c: 2}\n",
        sources.add("base.yaml", "a: 1\nb: {c: 2}\n"),
    );
    let text = "x: 0\na: 3\nb:\n  d: {e: 4}\n";
    let patch = read(text, sources.add("patch.yaml", text));
    strategic_merge(&mut target, &patch, MergeSchema::kubernetes()).expect("mergeable");
    let at = |node: &Node| sources.describe(node.origin.edit_here());
    let a = target.get("a").expect("a");
    assert_eq!(at(a), "patch.yaml:2:4");
    assert_eq!(
        sources.describe(a.origin.overridden().expect("over")),
        "base.yaml:1:4"
    );
    let b = target.get("b").expect("b");
    assert_eq!(at(b), "base.yaml:2:4");
    assert_eq!(at(b.get("c").expect("c")), "base.yaml:2:8");
    let e = b.get("d").and_then(|it| it.get("e")).expect("e");
    assert_eq!(at(e), "patch.yaml:4:10");
    assert_eq!(e.origin.overridden(), None);
}

#[test]
fn a_schema_of_ones_own_makes_lists_of_custom_resources_mergeable() {
    let schema = MergeSchema::from_openapi(&node(
        r##"
definitions:
  Thing:
    x-kubernetes-group-version-kind: [{group: example.com, kind: Thing, version: v1}]
    properties:
      parts:
        type: array
        x-kubernetes-patch-strategy: merge
        x-kubernetes-patch-merge-key: id
        items: {$ref: "#/definitions/Part"}
  Part: {properties: {id: {type: string}}}
"##,
    ));
    let head = "apiVersion: example.com/v1\nkind: Thing\n";
    let mut target = node(&format!("{head}parts: [{{id: a, x: 1}}, {{id: b}}]\n"));
    let patch = node(&format!("{head}parts: [{{id: b, y: 2}}]\n"));
    strategic_merge(&mut target, &patch, &schema).expect("mergeable");
    assert!(
        emit(&target)
            .expect("printable")
            .ends_with("- id: b\n  \"y\": 2\n- id: a\n  x: 1\n")
    );
}

#[test]
fn long_lists_stay_fast() {
    let list = |from: usize| {
        let items: Vec<String> = (from..from + 20_000)
            .map(|it| format!("{{name: c{it}}}"))
            .collect();
        format!("[{}]", items.join(", "))
    };
    let merged = containers(&list(0), &list(10_000));
    assert_eq!(merged.matches("name").count(), 30_000);
}

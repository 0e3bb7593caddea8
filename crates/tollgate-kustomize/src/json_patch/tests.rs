use super::*;
use tollgate_yaml::{Sources, emit, parse};

fn read(text: &str) -> Node {
    let file = Sources::new().add("a.yaml", text);
    parse(text, file, Dialect::Kyaml, &Limits::default())
        .expect("valid YAML")
        .remove(0)
}

fn patch(text: &str) -> Result<JsonPatch, BuildError> {
    let file = Sources::new().add("patch.yaml", text);
    JsonPatch::parse(text, file, &Limits::default())
}

fn patched(target: &str, text: &str) -> String {
    let mut target = read(target);
    match patch(text).and_then(|it| it.apply(&mut target)) {
        Ok(()) => emit(&target).expect("printable"),
        Err(error) => format!("error: {}", error.message),
    }
}

#[test]
fn operations() {
    let target = "a: {b: 1}\nl: [1, 2]\n";
    let cases = [
        (
            "{op: add, path: /a/c, value: yes}",
            "a:\n  b: 1\n  c: true\nl:\n- 1\n- 2\n",
        ),
        (
            "{op: add, path: /l/0, value: x}",
            "a:\n  b: 1\nl:\n- x\n- 1\n- 2\n",
        ),
        (
            "{op: add, path: /l/-, value: x}",
            "a:\n  b: 1\nl:\n- 1\n- 2\n- x\n",
        ),
        (
            "{op: add, path: /l/-2, value: x}",
            "a:\n  b: 1\nl:\n- 1\n- x\n- 2\n",
        ),
        (
            "{op: replace, path: /new, value: 1}",
            "a:\n  b: 1\nl:\n- 1\n- 2\nnew: 1\n",
        ),
        (
            "{op: replace, path: /l/-1, value: x}",
            "a:\n  b: 1\nl:\n- 1\n- x\n",
        ),
        ("{op: remove, path: /a}", "l:\n- 1\n- 2\n"),
        (
            "{op: move, from: /a/b, path: /l/-}",
            "a: {}\nl:\n- 1\n- 2\n- 1\n",
        ),
        (
            "{op: copy, from: /a, path: /c}",
            "a:\n  b: 1\nc:\n  b: 1\nl:\n- 1\n- 2\n",
        ),
        (
            "{op: copy, from: /none, path: /c}",
            "a:\n  b: 1\nc: null\nl:\n- 1\n- 2\n",
        ),
        (
            "{op: test, path: /a, value: {b: 1}}",
            "a:\n  b: 1\nl:\n- 1\n- 2\n",
        ),
        (
            "{op: add, path: /a~1b~01, value: 1}",
            "a:\n  b: 1\na/b~1: 1\nl:\n- 1\n- 2\n",
        ),
    ];
    for (operation, expected) in cases {
        assert_eq!(
            patched(target, &format!("- {operation}\n")),
            expected,
            "{operation}"
        );
    }
}

#[test]
fn what_cannot_be_applied_is_an_error() {
    for operation in [
        "{op: add, path: /none/x, value: 1}",
        "{op: add, path: /a/b/x, value: 1}",
        "{op: add, path: \"\", value: {}}",
        "{op: add, path: /l/4, value: 1}",
        "{op: replace, path: /l/2, value: 1}",
        "{op: remove, path: /none}",
        "{op: remove, path: /l/-}",
        "{op: move, from: /none, path: /x}",
        "{op: test, path: /a/b, value: \"1\"}",
        "{op: test, path: /none, value: 1}",
        "{op: frobnicate, path: /a}",
        "{path: /a}",
        "{op: add, value: 1}",
        "{op: add, path: 1, value: 1}",
    ] {
        let out = patched("a: {b: 1}\nl: [1, 2]\n", &format!("- {operation}\n"));
        assert!(out.starts_with("error: "), "{operation}: {out}");
    }
}

#[test]
fn numbers_become_doubles() {
    let out = patched(
        "a: 9007199254740993\nb: 1000000\nc: 0x10\nd: 1.50\n",
        "- {op: add, path: /e, value: 0777}\n",
    );
    assert_eq!(
        out,
        "a: 9007199254740992\nb: 1000000\nc: 16\nd: 1.5\ne: 511\n"
    );
    // What another field takes over from here is the text that Go prints.
    let mut target = read("b: 1000000\n");
    patch("[]")
        .and_then(|it| it.apply(&mut target))
        .expect("applies");
    let text = target
        .get("b")
        .and_then(Node::as_scalar)
        .map(|it| it.text.to_string());
    assert_eq!(text.as_deref(), Some("1e+06"));
}

#[test]
fn text_that_looks_like_json_must_be_json() {
    assert!(patch("[{op: add}]").is_err());
    assert!(patch("- a\n").is_err());
    assert!(patch("a: 1\n").is_err());
    assert!(patch("# nothing\n").expect("no operations").is_empty());
    assert!(!patch(" [{op: add}]").expect("YAML").is_empty());
    let twice = r#"[{"op": "add", "path": "/x", "value": 1, "value": 2}]"#;
    assert_eq!(patched("a: 1\n", twice), "a: 1\nx: 2\n");
}

#[test]
fn values_come_from_the_patch() {
    let sources = Sources::new();
    let text = "- op: replace\n  path: /a/b\n  value: 2\n";
    let patch = JsonPatch::parse(text, sources.add("patch.yaml", text), &Limits::default())
        .expect("a patch");
    let mut target = read("a: {b: 1, c: 1}\n");
    patch.apply(&mut target).expect("applies");
    let a = target.get("a").expect("a");
    let origin = a.get("b").expect("b").origin;
    assert_eq!(sources.describe(origin.edit_here()), "patch.yaml:3:10");
    assert!(origin.overridden().is_some());
    assert!(matches!(a.get("c").expect("c").origin, Origin::Authored(_)));
}

#[test]
fn folded_text_gains_the_lines_that_printing_it_gains() {
    let target = "a: >\n  one\n\n  two\n    three\n\n  four\n";
    let before = read(target);
    let text = |node: &Node| {
        node.get("a")
            .and_then(Node::as_scalar)
            .map(|it| it.text.to_string())
    };
    let mut after = before.clone();
    patch("[]")
        .and_then(|it| it.apply(&mut after))
        .expect("applies");
    let printed = text(&before).map(|it| tollgate_yaml::through_folded(&it).into_owned());
    assert_eq!(text(&after), printed);
    assert_ne!(text(&after), text(&before));
}

#[test]
fn tests_of_a_json_patch_compare_spellings() {
    for (value, equal) in [("\"<\"", false), ("\"\\u003c\"", true), ("\"é\"", true)] {
        let target = "a: <\nb: é\n".to_owned();
        let path = if value.contains('é') { "/b" } else { "/a" };
        let text = format!(r#"[{{"op": "test", "path": "{path}", "value": {value}}}]"#);
        assert_eq!(
            !patched(&target, &text).starts_with("error: "),
            equal,
            "{value}"
        );
    }
    assert!(
        patched("a: 1\n", r#"[{"op": "test", "path": "/a", "value": 1.0}]"#).starts_with("error")
    );
    assert_eq!(
        patched("a: 1\n", "- {op: test, path: /a, value: 1.0}\n"),
        "a: 1\n"
    );
}

#[test]
fn a_patch_cannot_grow_without_end() {
    let copies =
        "- {op: copy, from: /a, path: /a/b}\n- {op: copy, from: /a, path: /a/c}\n".repeat(40);
    let out = patched("a: {x: 1}\n", &copies);
    assert!(
        out.starts_with("error: the resource grows too large"),
        "{out}"
    );
    let deep: String = (0..300)
        .map(|it| {
            format!(
                "- {{op: add, path: {}/a, value: {{a: {{}}}}}}\n",
                "/a/a".repeat(it)
            )
        })
        .collect();
    let out = patched("b: 1\n", &deep);
    assert!(
        out.starts_with("error: the resource grows too large"),
        "{out}"
    );
}

use super::emit;
use crate::{Dialect, Limits, Sources, parse};

/// What the only document of `text` prints as, read as kustomize reads it.
fn printed(text: &str) -> Result<String, String> {
    let file = Sources::new().add("a.yaml", text);
    let nodes =
        parse(text, file, Dialect::Kyaml, &Limits::default()).map_err(|it| it.to_string())?;
    emit(&nodes[0]).map_err(|it| it.to_string())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(printed(text).as_deref(), Ok(expected), "{text}");
}

#[test]
fn layout_of_maps_and_lists() {
    check(
        "b: {y: [1, [2, [], {}]], x: ~}\na:\n- - 1\n  - 2\n- k: v\n  l:\n    - m\n-\n  - {}\n",
        "a:\n- - 1\n  - 2\n- k: v\n  l:\n  - m\n- - {}\nb:\n  x: null\n  \"y\":\n  - 1\n  - - 2\n    - []\n    - {}\n",
    );
    check("{}", "{}\n");
    check("[]", "[]\n");
    check("- a\n- b: c\n", "- a\n- b: c\n");
    check("text", "text\n");
}

#[test]
fn strings_that_would_be_something_else_are_double_quoted() {
    for text in [
        "yes",
        "NO",
        "on",
        "y",
        "true",
        "~",
        "null",
        "",
        "1",
        "1.0",
        "0x1F",
        "014",
        "1_000",
        "+1",
        "-0",
        ".5",
        "1e3",
        "12:30:45",
        "2001-01-01",
        ".inf",
    ] {
        check(&format!("a: '{text}'"), &format!("a: \"{text}\"\n"));
    }
    for text in [
        "yEs", "<<", "=", "1e", "e1", "0x", "a#b", "a:b", "-a", "?a", ":a", "::a", "a'b",
    ] {
        check(&format!("a: \"{text}\""), &format!("a: {text}\n"));
    }
}

#[test]
fn strings_that_plain_yaml_cannot_hold_are_quoted() {
    for text in [
        "- a", "a: b", "a #b", "#a", "? a", "@a", "`a", "%a", "!a", "&a", "*a", "{a", "]a", ",a",
        "|a", ">a", " a", "a ", "a:", "---", "--- a", "... a",
    ] {
        check(&format!("a: \"{text}\""), &format!("a: '{text}'\n"));
    }
    check(r#"a: "'b""#, "a: '''b'\n");
    check(r#"a: "b\tc""#, "a: \"b\\tc\"\n");
    check(
        r#"a: "\e[0m\x01\U0001F600\r""#,
        "a: \"\\e[0m\\x01\\U0001F600\\r\"\n",
    );
    check(r#"a: "\uFEFFb c""#, "a: \"\\uFEFF\\x62\\x20\\x63\"\n");
    check(r#"a: "b\u0085c""#, "a: b c\n");
    check(r#"a: "b\u0085 \u0085\u0085 c""#, "a: |-\n  b\n\n  c\n");
}

#[test]
fn lines_become_literal_blocks() {
    check(r#"a: "b\nc""#, "a: |-\n  b\n  c\n");
    check(r#"a: "b\nc\n""#, "a: |\n  b\n  c\n");
    check(r#"a: "b\n\n\n""#, "a: |+\n  b\n\n\n");
    check(r#"a: ["b\n\nc"]"#, "a:\n- |-\n  b\n\n  c\n");
    check(r#"a: "\n""#, "a: |2+\n\n");
    check(r#"a: " b\nc""#, "a: |2-\n   b\n  c\n");
    check(r#"a: "b \nc""#, "a: \"b \\nc\"\n");
    check(r#"a: "b\n\tc""#, "a: \"b\\n\\tc\"\n");
    check(r#"a: "b\n ""#, "a: \"b\\n \"\n");
}

#[test]
fn scalars_fold_at_the_first_space_after_column_80() {
    let words = "word ".repeat(20);
    let words = words.trim_end();
    let (first, second) = words.split_at(79);
    check(
        &format!("k: \"{words}\""),
        &format!("k: {first}\n  {}\n", second.trim_start()),
    );
    check(
        &format!("k: \"#{words}\""),
        &format!("k: '#{first}\n  {}'\n", second.trim_start()),
    );
    check(
        &format!("k: \"\\t{words}\""),
        "k: \"\\tword word word word word word word word word word word word word word word word\n  word word word word\"\n",
    );
    // Two spaces can only be folded between double quotes.
    let wide = "x".repeat(90);
    check(&format!("k: \"{wide}  y\""), &format!("k: {wide}  y\n"));
    check(
        &format!("k: \"\\t{wide}  y\""),
        &format!("k: \"\\t{wide}\n  \\ y\"\n"),
    );
}

#[test]
fn long_keys_stand_after_a_question_mark() {
    let key = "k".repeat(128);
    check(&format!("? {key}\n: 1\n"), &format!("{key}: 1\n"));
    check(&format!("? {key}k\n: 1\n"), &format!("? {key}k\n: 1\n"));
    check(
        &format!("? {key}k\n: [1, {{a: b}}]\n"),
        &format!("? {key}k\n: - 1\n  - a: b\n"),
    );
    check("\"a\\nb\": {c: d}", "? |-\n  a\n  b\n: c: d\n");
}

#[test]
fn numbers_go_through_json() {
    for (text, expected) in [
        ("1.0", "1"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("123456.789e3", "123456789"),
        ("1234567.5", "1.2345675e+06"),
        ("123456.5", "123456.5"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("1e20", "1e+20"),
        ("1e21", "1e+21"),
        ("0777", "511"),
        ("0888", "888"),
        ("12345678901234567890", "12345678901234567890"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),
        ("1234567890123456789.0", "1234567890123456800"),
        ("1e400", "1e400"),
    ] {
        check(&format!("a: {text}"), &format!("a: {expected}\n"));
    }
    for text in [".inf", "-.INF", ".nan"] {
        let error = printed(&format!("a: {text}")).expect_err("JSON has no such number");
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn what_is_missing_between_brackets_is_empty_text() {
    check("{a: , b: ~, c: !!null ''}", "a: \"\"\nb: null\nc: null\n");
    check("a:\nb:\n-\n", "a: null\nb:\n- null\n");
}

#[test]
fn times_are_printed_in_full() {
    check("a: 2001-1-2", "a: \"2001-01-02T00:00:00Z\"\n");
    check("a: '2001-1-2'", "a: \"2001-1-2\"\n");
}

#[test]
fn keys_must_be_strings_below_the_top() {
    check("0x10: a\ntrue: b\n", "\"0x10\": a\n\"true\": b\n");
    for text in [
        "a: {1: b}",
        "a: {true: b}",
        "a: {1.5: b}",
        "a: {2001-1-1: b}",
    ] {
        let error = printed(text).expect_err("kustomize refuses it");
        assert!(error.contains("is not a string"), "{error}");
    }
}

#[test]
fn characters_that_yaml_refuses() {
    let error = printed(r#"a: "b\x7F""#).expect_err("kustomize refuses it");
    assert!(error.contains("U+007F"), "{error}");
}

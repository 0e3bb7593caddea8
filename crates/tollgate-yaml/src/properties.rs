//! What holds for every text and every tree.

use crate::{
    Dialect, Limits, Node, Origin, Sources, Tag, YamlError, emit, parse,
    resolve::{is_sexagesimal, resolve},
};
use proptest::{collection, prelude::*, sample::select};
use serde_json::{Map, Value};

const DIALECTS: [Dialect; 2] = [Dialect::Kyaml, Dialect::Sigs];

fn read(text: &str, dialect: Dialect) -> Result<Vec<Node>, YamlError> {
    let file = Sources::new().add("a.yaml", text);
    parse(text, file, dialect, &Limits::default())
}

/// Pieces of text that mean something to YAML.
fn piece() -> impl Strategy<Value = &'static str> {
    select(vec![
        " ",
        "  ",
        "\n",
        "\n  ",
        "\t",
        "a",
        "b",
        "word ",
        "- ",
        "-",
        ": ",
        ":",
        "? ",
        "?",
        "#",
        " #",
        "[",
        "]",
        "{",
        "}",
        ",",
        "|",
        "|+",
        ">",
        ">-",
        "'",
        "\"",
        "\\",
        "\\n",
        "\\u00e9",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "%",
        "@",
        "`",
        "---",
        "\n---\n",
        "...",
        "<<",
        "<<: ",
        "=",
        "~",
        "null",
        "yes",
        "true",
        "1",
        "0x1f",
        "1_0",
        ".5",
        "1e3",
        ".inf",
        "12:30",
        "2001-01-01",
        "é",
        "中",
        "\u{1f600}",
        "\u{a0}",
        "\r\n",
        "0",
        "_",
        "+",
        "!!binary aGk=",
        "k: v\n",
        "  k: v\n",
    ])
}

fn text() -> impl Strategy<Value = String> {
    collection::vec(piece(), 0..24).prop_map(|it| it.concat())
}

/// Text that kustomize does not print so that it reads as something else: it leaves `<<` and the
/// numbers that only go-yaml v3 knows (`0o-7`) without quotes.
fn stable_text() -> impl Strategy<Value = String> {
    text().prop_filter("kustomize prints it without quotes", |it| {
        let is_quoted = resolve(it, Dialect::Sigs) != Tag::Str || is_sexagesimal(it);
        it != "<<" && (is_quoted || resolve(it, Dialect::Kyaml) == Tag::Str)
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        stable_text().prop_map(Value::String),
        // Long enough to fold.
        (stable_text(), stable_text())
            .prop_map(|(a, b)| Value::String(format!("{a} {} {b}", "word ".repeat(18)))),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            collection::btree_map(stable_text(), inner, 0..5)
                .prop_map(|it| Value::Object(it.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Numbers as JSON holds them after Go has printed them.
fn settled(value: &Value) -> Value {
    Node::from_json(value, Origin::Builtin)
        .to_json()
        .expect("made from JSON")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn reading_never_panics(text in prop_oneof![text(), any::<String>()]) {
        for dialect in DIALECTS {
            let Ok(documents) = read(&text, dialect) else { continue };
            for node in &documents {
                prop_assert!(node.span().end as usize <= text.len());
                let _ = (emit(node), node.to_json());
            }
        }
    }

    #[test]
    fn bytes_never_panic(bytes in collection::vec(any::<u8>(), 0..64)) {
        let sources = Sources::new();
        if let Ok(file) = sources.add_bytes("a.yaml", bytes) {
            let text = sources.get(file).expect("just added").text().clone();
            for dialect in DIALECTS {
                let _ = parse(&text, file, dialect, &Limits::default());
            }
        }
    }

    #[test]
    fn what_is_printed_reads_as_the_same_tree(value in tree()) {
        let node = Node::from_json(&value, Origin::Builtin);
        let printed = emit(&node).expect("JSON can be printed");
        for dialect in DIALECTS {
            let again = read(&printed, dialect)
                .map_err(|error| TestCaseError::fail(format!("{error}:\n{printed}")))?;
            prop_assert_eq!(again.len(), 1, "{}", printed);
            prop_assert_eq!(again[0].to_json().expect("finite"), settled(&value), "{}", printed);
            prop_assert_eq!(emit(&again[0]).expect("printed before"), printed.clone());
        }
    }

    #[test]
    fn what_is_read_stays_the_same_when_printed(text in text()) {
        let Ok(documents) = read(&text, Dialect::Kyaml) else { return Ok(()) };
        let Some(Ok(printed)) = documents.first().map(emit) else { return Ok(()) };
        // A key or text `<<`, and numbers of go-yaml v3 only, lose their quotes in kustomize too.
        prop_assume!(!text.contains("<<"));
        let again = read(&printed, Dialect::Kyaml)
            .map_err(|error| TestCaseError::fail(format!("{error}:\n{printed}")))?;
        prop_assert_eq!(emit(&again[0]).expect("printed before"), printed);
    }
}

/// Lines as most manifests are made of, with now and then something unusual.
fn manifest() -> impl Strategy<Value = String> {
    let line = (
        0_usize..5,
        select(vec!["", "", "", "- ", "- ", "- - ", "-  "]),
        select(vec![
            "a:",
            "b:",
            "c:",
            "'d e':",
            "\"f\":",
            "1:",
            "yes:",
            "g.h/i-j:",
            "~:",
            "a b:",
            "",
            "k: v:",
            "=(x):",
            "(a b):",
            "+(a):",
            "k8s:io/x:",
            "<<:",
            "^(y):",
            "<(z):",
            "a::",
            ":",
        ]),
        select(vec![
            "",
            "",
            "",
            " ",
            " v",
            " v # c",
            " 1",
            " 'q'",
            " \"q\" # c",
            " 'it''s'",
            " \"\\n\"",
            " {}",
            " []",
            " {x: y}",
            " |",
            " |-",
            " |+",
            " >",
            " | # c",
            " |2",
            " -1",
            " - x",
            " yes",
            " v#w",
            " é 中",
            "  v  ",
            " # c",
            " http://x:1/y",
            " x: y",
            " x:",
            " &n v",
            " *n",
            " !!str 1",
            "v",
        ]),
    );
    let line = line.prop_map(|(indent, dash, key, value)| {
        format!("{}{dash}{key}{value}", "  ".repeat(indent))
    });
    let line = prop_oneof![
        20 => line,
        2 => select(vec!["", " ", "    ", "# c", "  # c", "---", "--- # c", "...", "\ta", "      text", "        text # x", "  a text: x"])
            .prop_map(str::to_string),
    ];
    (collection::vec(line, 0..12), any::<bool>())
        .prop_map(|(lines, ends)| lines.join("\n") + if ends { "\n" } else { "" })
}

/// The file by the thorough way only.
fn thoroughly(text: &str, dialect: Dialect) -> Result<Vec<Node>, YamlError> {
    crate::parse::thoroughly(
        text,
        Sources::new().add("a.yaml", text),
        dialect,
        &Limits::default(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_fast_reader_reads_what_the_thorough_one_does(text in manifest()) {
        for dialect in DIALECTS {
            // Where they begin to differ is for granit to say, and it is shown one document only.
            let fast = read(&text, dialect).map_err(|_| "refused");
            let thorough = thoroughly(&text, dialect).map_err(|_| "refused");
            prop_assert_eq!(format!("{fast:#?}"), format!("{thorough:#?}"), "{}", text);
        }
    }
}

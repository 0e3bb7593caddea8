use super::parse;
use crate::{Dialect, Limits, Node, Sources, YamlError};

fn read(text: &str, dialect: Dialect) -> Result<Vec<Node>, YamlError> {
    let file = Sources::new().add("a.yaml", text);
    parse(text, file, dialect, &Limits::default())
}

/// What the documents of `text` are as JSON, or what is wrong and the text that is blamed.
fn json(text: &str, dialect: Dialect) -> Result<String, String> {
    let blame = |it: YamlError| {
        let place = &text[it.span.start as usize..it.span.end as usize];
        format!("{} [{}]", it.message, place.escape_default())
    };
    let documents = read(text, dialect).map_err(blame)?;
    let values = documents.iter().map(|it| it.to_json().map_err(blame));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    Ok(values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" "))
}

#[track_caller]
fn both(text: &str, expected: &str) {
    assert_eq!(
        json(text, Dialect::Kyaml).as_deref(),
        Ok(expected),
        "{text}"
    );
    assert_eq!(json(text, Dialect::Sigs).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn differs(text: &str, kyaml: &str, sigs: &str) {
    assert_eq!(json(text, Dialect::Kyaml).as_deref(), Ok(kyaml), "{text}");
    assert_eq!(json(text, Dialect::Sigs).as_deref(), Ok(sigs), "{text}");
}

/// Both dialects refuse `text` with a message that holds `part`.
#[track_caller]
fn refused(text: &str, part: &str) {
    for dialect in [Dialect::Kyaml, Dialect::Sigs] {
        let message = json(text, dialect).expect_err(text);
        assert!(message.contains(part), "{text:?}: {message}");
    }
}

#[test]
fn plain_scalars() {
    both(
        "[1.0, 1e3, 0x1F, 0644, 0o14, 0888, 1_000]",
        "[1,1000,31,420,12,888,1000]",
    );
    both(
        "[1e400, 12:30, <<, =, ~, '', null]",
        r#"["1e400","12:30","<<","=",null,"",null]"#,
    );
    differs(
        "[yes, Off, y, oN]",
        r#"["yes","Off","y","oN"]"#,
        r#"[true,false,true,"oN"]"#,
    );
    differs("2001-1-2", r#""2001-01-02T00:00:00Z""#, r#""2001-1-2""#);
    both("a: |\n  text", r#"{"a":"text"}"#);
    both("a:\nb: !!str\n", r#"{"a":null,"b":""}"#);
    both("a: |+\n\nb: >+\n\n\n", r#"{"a":"\n","b":"\n\n"}"#);
    both(
        "a: |1\n \tb\nc: |\n  d\n  \te\n",
        r#"{"a":"\tb\n","c":"d\n\te\n"}"#,
    );
    refused("a: |\n  \tb\n", "a tab stands in the indentation");
    refused("a: .inf", "not a number that JSON can hold [.inf]");
}

#[test]
fn folded_text() {
    both("a: >\n  b\n  c\n\n  d\n", r#"{"a":"b c\nd\n"}"#);
    differs(
        "a: >-\n  b\n    c\n",
        r#"{"a":"b\n\n  c"}"#,
        r#"{"a":"b\n  c"}"#,
    );
}

#[test]
fn tags() {
    both(
        "[!!str 1, !!int '0x10', !!float 1, !!null '', !!bool \"true\"]",
        r#"["1",16,1,null,true]"#,
    );
    both(
        "[!!binary aGk=, !<tag:yaml.org,2002:str> ~, !!seq [], !!map {}]",
        r#"["hi","~",[],{}]"#,
    );
    differs(
        "!!timestamp 2001-1-2",
        r#""2001-01-02T00:00:00Z""#,
        r#""2001-1-2""#,
    );
    assert_eq!(json("!!bool yes", Dialect::Sigs).as_deref(), Ok("true"));
    assert!(json("!!bool yes", Dialect::Kyaml).is_err());
    for text in [
        "!!int a",
        "!!float 18446744073709551615",
        "!!null x",
        "!!timestamp 2001",
        "!!binary a",
    ] {
        refused(text, "cannot be a `!!");
    }
    for text in [
        "!Foo a",
        "! a",
        "!!set {a}",
        "!!map []",
        "!!seq a",
        "!!str {}",
        "!!python/object:os x",
        "!!merge a",
    ] {
        refused(text, "has no meaning here");
    }
    refused("%YAML 1.2\n---\na", "YAML 1.1 only");
    refused("%YAML 9.9\n---\na", "YAML 1.1 only");
    both("%YAML 1.1\n---\na", "\"a\"");
}

#[test]
fn merge_keys() {
    let base = "- &x {a: 1, b: 2}\n- &y {b: 3, c: 4}\n";
    let list = |last: &str| format!(r#"[{{"a":1,"b":2}},{{"b":3,"c":4}},{last}]"#);
    both(
        &format!("{base}- {{<<: [*x, *y], c: 5}}"),
        &list(r#"{"a":1,"b":2,"c":5}"#),
    );
    differs(
        &format!("{base}- {{a: 9, <<: *x}}"),
        &list(r#"{"a":9,"b":2}"#),
        &list(r#"{"a":1,"b":2}"#),
    );
    assert_eq!(
        json(&format!("{base}- {{<<: *x, <<: *y}}"), Dialect::Sigs),
        Ok(list(r#"{"a":1,"b":3,"c":4}"#))
    );
    assert!(json(&format!("{base}- {{<<: *x, <<: *y}}"), Dialect::Kyaml).is_err());
    refused("{<<: null}", "merges maps only");
    refused("- &x [{a: 1}]\n- {<<: *x}", "merges maps only");
    assert_eq!(
        json("{'<<': 1}", Dialect::Sigs).as_deref(),
        Ok(r#"{"<<":1}"#)
    );
    assert!(json("{'<<': 1}", Dialect::Kyaml).is_err());
}

#[test]
fn keys() {
    refused(
        "a: 1\nb: 2\n\"a\": 3\n",
        "`a` stands on line 1 already [\\\"a\\\"]",
    );
    assert_eq!(
        json("{a: b, 'a': b}", Dialect::Sigs).as_deref(),
        Ok(r#"{"a":"b"}"#)
    );
    assert!(json("{a: b, 'a': b}", Dialect::Kyaml).is_err());
    assert!(json("{a: 1, a: '1'}", Dialect::Sigs).is_err());
    refused("1: 1\n'1': 2\n", "stands on line 1 already");
    assert!(json("{0x1: 1, 1: 2}", Dialect::Sigs).is_err());
    assert!(json("{yes: 1, on: 2}", Dialect::Sigs).is_err());
    differs("{on: 1}", r#"{"on":1}"#, r#"{"true":1}"#);
    differs("{1.50: 1}", r#"{"1.50":1}"#, r#"{"1.5":1}"#);
    refused("{~: 1}", "a key cannot be null");
    refused("a: 1\n: 2\n", "a key cannot be null");
    refused("[a]: 1", "a key cannot be a list");
    refused("a: {{ x }}", "a key cannot be a map [{]");
    let many: String = (0..40).map(|it| format!("k{it}: 1\n")).collect();
    refused(&format!("{many}k3: 2"), "`k3` stands on line 4 already");
}

#[test]
fn brackets_as_go_reads_them() {
    both(
        "{\"a\":b, c: d:e, f: [g, h:i]}",
        r#"{"a":"b","c":"d:e","f":["g","h:i"]}"#,
    );
    refused("{a:, b: c}", "takes this `:` for a part of the text [a]");
    for text in [
        "[?x]",
        "{?x: y}",
        "[a?b]",
        "[http://x/?y=z]",
        "[:x]",
        "{x: :x}",
    ] {
        refused(text, "between brackets");
    }
    refused("{\"a\"\n: b}", "on the same line");
    refused("{a\n  b: c}", "on the same line");
    both("{? a\n  b : c}", r#"{"a b":"c"}"#);
    // On its way to JSON kustomize makes an empty text of what is missing.
    differs(
        "{a: , b: {c}, d: ~}",
        r#"{"a":"","b":{"c":""},"d":null}"#,
        r#"{"a":null,"b":{"c":null},"d":null}"#,
    );
}

#[test]
fn tabs() {
    both("a:\tb\t# c\nd: [e,\tf]\n", r#"{"a":"b","d":["e","f"]}"#);
    both(
        "a: |\n  b\n  \tc\nd: 'e\n  \tf'\n",
        r#"{"a":"b\n\tc\n","d":"e f"}"#,
    );
    both("a: [\n  b, # c\n  c\t\n]\t# d\n", r#"{"a":["b","c"]}"#);
    for text in [
        "a: b\n\t\n",
        "a:\n  \t\n  b: c\n",
        "\t\na: b",
        "a: b\n \t# c\nd: e",
    ] {
        refused(text, "a tab stands where only spaces may");
    }
    for text in [
        "-\ta",
        "-\t- a",
        "- -\ta",
        "?\ta",
        "\t[a]",
        "a:\n \tb",
        "a:\n\t- b",
    ] {
        refused(text, "a tab stands where only spaces may");
    }
}

#[test]
fn messages_help() {
    for (text, message, help) in [
        ("a:\n\tb: 1\n", "a tab stands where", "indent with spaces"),
        (
            "a: {{ x }}\n",
            "a key cannot be a map",
            "`{{ name }}` must stand in quotes",
        ),
        ("a: {{ x }}-b\n", "", "`{{ name }}` must stand in quotes"),
        (
            "a: b: c\n",
            "a `:` that would begin",
            "put the text in quotes",
        ),
        ("a: 'b\n", "never closed", ""),
        ("a: *b\n", "no anchor of this name", "in quotes"),
        ("a: @b\n", "no value can begin with", "in quotes"),
        ("a: 1\n b: 2\n", "", ""),
        (
            "a: \"\\ud83d\\ude00\"\n",
            "half of a character",
            "the character itself",
        ),
        ("a: 1\na: 2\n", "on line 1 already", "remove one of the two"),
        ("a: \"b\\/c\"\n", "does not know this escape", "as it is"),
        ("a: &b:c d\n", "the name of an anchor", ""),
        ("%FOO bar\n---\na\n", "does not know this directive", ""),
    ] {
        let error = read(text, Dialect::Kyaml).expect_err(text);
        assert!(error.message.contains(message), "{text}: {error}");
        assert!(
            error.help.unwrap_or_default().contains(help),
            "{text}: {}",
            error.message
        );
    }
}

#[test]
fn documents() {
    both("", "");
    both("# nothing\n", "");
    both("---\n---\na: 1\n--- # second\nb\n", r#"null {"a":1} "b""#);
    both("a: 1\n...\n---\nb: 2\n", r#"{"a":1} {"b":2}"#);
    refused("a: 1\n...\nb: 2\n", "text follows `...`");
    assert!(json("a: 1\n--- b\n", Dialect::Kyaml).is_err());
    assert!(json("a: 1\n---b: 2\n", Dialect::Kyaml).is_err());
    refused("--- |\na\n", "must be indented");
    refused("---\n  >-\na\n", "must be indented");
    both("---\n|\n a\n", "\"a\\n\"");
    refused("  a: 1\nb: 2\n", "indented less than the first line");
    refused("- &a 1\n---\n- *a\n", "no anchor of this name");
}

#[test]
fn characters_that_hide_something() {
    for (c, code) in [
        ('\0', "U+0000"),
        ('\u{8}', "U+0008"),
        ('\u{1b}', "U+001B"),
        ('\r', "U+000D"),
        ('\u{7f}', "U+007F"),
        ('\u{85}', "U+0085"),
        ('\u{9f}', "U+009F"),
        ('\u{2028}', "U+2028"),
        ('\u{2029}', "U+2029"),
        ('\u{feff}', "U+FEFF"),
        ('\u{202e}', "U+202E"),
        ('\u{2066}', "U+2066"),
        ('\u{200f}', "U+200F"),
        ('\u{61c}', "U+061C"),
        ('\u{200b}', "U+200B"),
        ('\u{200d}', "U+200D"),
        ('\u{ad}', "U+00AD"),
        ('\u{e0041}', "U+E0041"),
        ('\u{ffff}', "U+FFFF"),
    ] {
        for text in [
            format!("a: b{c}c"),
            format!("a: 'b{c}c'"),
            format!("a: 1 # {c}c"),
        ] {
            refused(&text, code);
            let error = read(&text, Dialect::Kyaml).expect_err("refused above");
            assert!(
                !error.message.contains(c),
                "the character itself is never printed"
            );
            assert_eq!(
                text[error.span.start as usize..error.span.end as usize],
                c.to_string()
            );
        }
    }
    both(
        "\u{feff}a: b\r\nc: \"\\u202E\\x07\\N\"\r\n",
        "{\"a\":\"b\",\"c\":\"\u{202e}\\u0007\u{85}\"}",
    );
    // Family emoji and Persian need their joiners.
    both(
        "a: '\u{1f469}\u{200d}\u{1f4bb}'",
        "{\"a\":\"\u{1f469}\u{200d}\u{1f4bb}\"}",
    );
    both(
        "a: 'é\u{a0}中\u{1f600}\t'",
        "{\"a\":\"é\u{a0}中\u{1f600}\\t\"}",
    );
}

#[test]
fn one_more_than_a_default_limit_is_refused() {
    let limits = Limits::default();
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{}1{}", open.repeat(levels), close.repeat(levels))
    };
    let indented = |levels: usize| {
        let line = |it: usize| format!("{}a:\n", " ".repeat(it));
        (0..levels).map(line).collect::<String>() + &" ".repeat(levels) + "a"
    };
    let keys = |count: usize| {
        (0..count)
            .map(|it| format!("k{it}: v\n"))
            .collect::<String>()
    };
    let depth = limits.depth;
    for (what, fits, beyond) in [
        (
            "lists",
            nested("[", "]", depth),
            nested("[", "]", depth + 1),
        ),
        (
            "maps",
            nested("{a: ", "}", depth),
            nested("{a: ", "}", depth + 1),
        ),
        (
            "dashes",
            nested("- ", "", depth),
            nested("- ", "", depth + 1),
        ),
        ("indentation", indented(depth), indented(depth + 1)),
        ("keys", keys(limits.keys), keys(limits.keys + 1)),
        (
            "documents",
            "---\na\n".repeat(limits.documents),
            "---\na\n".repeat(limits.documents + 1),
        ),
    ] {
        for dialect in [Dialect::Kyaml, Dialect::Sigs] {
            assert!(read(&fits, dialect).is_ok(), "{what} that fit");
            assert!(read(&beyond, dialect).is_err(), "{what} beyond the limit");
        }
    }
}

#[test]
fn an_alias_cannot_hold_itself() {
    refused("&a [*a]", "");
}

#[test]
fn long_files_of_one_shape_are_read() {
    for (what, text) in [
        (
            "maps in a list",
            format!("[{}1]", "{\"a\": \"b\"}, ".repeat(20_000)),
        ),
        (
            "texts in a list",
            format!("[{}1]", "\"b\", ".repeat(20_000)),
        ),
        (
            "lines of plain text",
            format!("a: b\n{}", " c\n".repeat(20_000)),
        ),
        (
            "lines in quotes",
            format!("a: 'b\n{} '", " c\n".repeat(20_000)),
        ),
        (
            "escapes",
            format!("a: \"b\n{} \"", " \\nc\n".repeat(20_000)),
        ),
        (
            "lines of a block",
            format!("a: |\n{}", "  c\n".repeat(20_000)),
        ),
        ("quotes", format!("a: '{}'", "''".repeat(20_000))),
        ("entries", format!("a:\n{}", "- b: c\n".repeat(20_000))),
        ("empty lines", format!("a:{}b: c", "\n".repeat(20_000))),
        ("documents", "a: b\n---\n".repeat(5_000)),
    ] {
        for dialect in [Dialect::Kyaml, Dialect::Sigs] {
            assert!(read(&text, dialect).is_ok(), "{what}");
        }
    }
}

#[test]
fn limits_hold_exactly() {
    let limits = Limits {
        bytes: 1000,
        depth: 3,
        nodes: 9,
        documents: 2,
        keys: 2,
    };
    let file = Sources::new().add("a.yaml", "");
    let is_fine = |text: &str| parse(text, file, Dialect::Sigs, &limits).is_ok();
    assert!(is_fine("[[[1]]]") && !is_fine("[[[[1]]]]"));
    assert!(is_fine("a:\n  b:\n    c: 1") && !is_fine("a:\n  b:\n    c:\n      d: 1"));
    assert!(is_fine("[1,2,3,4,5,6,7,8]") && !is_fine("[1,2,3,4,5,6,7,8,9]"));
    assert!(is_fine("1\n---\n2") && !is_fine("1\n---\n2\n---\n3"));
    assert!(is_fine("{a: 1, b: 2}") && !is_fine("{a: 1, b: 2, c: 3}"));
    // The list, its two anchored values, their copies, and the alias.
    assert!(is_fine("[&a [1], *a, x, y]") && !is_fine("[&a [1], *a, x, y, z]"));
    assert!(
        is_fine(&format!("a{}", " ".repeat(999))) && !is_fine(&format!("a{}", " ".repeat(1000)))
    );
    let limits = Limits {
        nodes: 100,
        ..Limits::default()
    };
    let uses = |what: &str, times: usize| {
        let text = format!(
            "- &a {{k: v, l: w, m: x}}\n{}",
            format!("- {what}\n").repeat(times)
        );
        parse(&text, file, Dialect::Sigs, &limits).is_ok()
    };
    // Each alias counts as the map does, and so does each merge.
    let most = |what: &str| (0..100).take_while(|it| uses(what, *it)).last();
    assert_eq!((most("*a"), most("{<<: *a}")), (Some(12), Some(9)));
    // Depth is that of the expanded tree.
    let limits = Limits {
        depth: 3,
        ..Limits::default()
    };
    let is_fine = |text: &str| parse(text, file, Dialect::Sigs, &limits).is_ok();
    assert!(is_fine("[&a [1], [*a]]") && !is_fine("[&a [1], [[*a]]]"));
}

#[test]
fn places() {
    let text = "a:  # c\n- 'b'\n- {c: \"d\"}\n- e: |\n    f\n\n  g: &h x\n- *h\n";
    let node = read(text, Dialect::Kyaml).expect("valid").remove(0);
    let of = |node: &Node| &text[node.span().start as usize..node.span().end as usize];
    assert_eq!(of(&node), "a");
    let list = node.get("a").expect("a");
    assert_eq!(of(list), "'b'");
    let items = list.as_sequence().expect("a list");
    let places: Vec<&str> = items.iter().map(of).collect();
    assert_eq!(places, ["'b'", "{", "e", "x"]);
    assert_eq!(of(items[1].get("c").expect("c")), "\"d\"");
    assert_eq!(of(items[2].get("e").expect("e")), "f");
    let empty = read("a:\nb: 1\n", Dialect::Kyaml).expect("valid").remove(0);
    assert_eq!(
        empty.get("a").map(|it| (it.span().start, it.span().end)),
        Some((1, 1))
    );
}

//! Hostile expressions end in an error, quickly and without much memory. The shapes are those of Kyverno's published
//! vulnerabilities (amplification by doubling, unbounded recursion) and their relatives.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tollgate_jmespath::{EvalError, Expression, Runtime};

fn runtime() -> Runtime {
    Runtime::new("2024-05-06T07:08:09Z".parse().expect("a time"))
}

/// The promise is 2 s; a build without optimization on a busy machine gets more.
const QUICK: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });

fn quickly<T>(name: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let it = run();
    let took = start.elapsed();
    assert!(took < QUICK, "{name} took {took:?}");
    it
}

fn chained(first: &str, step: &str, times: usize) -> String {
    let mut text = first.to_owned();
    for _ in 0..times {
        text.push_str(" | ");
        text.push_str(step);
    }
    text
}

#[test]
fn amplification_runs_out_of_budget() {
    let data = json!({
        "s": "a".repeat(200_000),
        "n": (0..2_000).collect::<Vec<_>>(),
        "o": (0..500).map(|it| (format!("k{it}"), json!(it))).collect::<serde_json::Map<_, _>>(),
    });
    let numbers: Vec<u32> = (0..300).collect();
    let literal = format!("`{}`", json!(numbers));
    let mut unlimited = Vec::new();
    for (name, text) in [
        ("lists", chained("@", "[@, @]", 60)),
        ("objects", chained("@", "{a: @, b: @}", 60)),
        ("flattened lists", chained("n", "[@, @][]", 60)),
        ("joined text", chained("s", "join('', [@, @])", 60)),
        ("printed text", chained("s", "to_string([@, @])", 60)),
        (
            "replaced text",
            chained("s", "replace_all(@, 'a', 'aaaaaaaa')", 60),
        ),
        ("text put between", chained("s", "replace_all(@, '', @)", 3)),
        (
            "templates",
            chained("s", "regex_replace_all('a', @, '$0$0$0')", 60),
        ),
        (
            "compared lists",
            format!("{} | @ == [@[0], @[1]]", chained("n", "[@, @]", 60)),
        ),
        ("items", chained("o", "items(@, 'a', 'b')[] | [@, @]", 60)),
        ("merged", chained("{a: o}", "merge(@, {b: @, c: @})", 60)),
        (
            "nested maps",
            format!("map(&map(&map(&abs(@), {literal}), {literal}), {literal})"),
        ),
        (
            "hashes of one text",
            format!("map(&sha256(`\"{}\"`), n)", "x".repeat(60_000)),
        ),
        (
            "stars",
            format!("pattern_match('{}b', s)", "*a".repeat(2_000)),
        ),
        (
            "compiled again and again",
            "map(&regex_match(join('', ['(\\pL|x){900}', to_string(@)]), 'x'), n)".to_owned(),
        ),
        (
            "long random",
            chained("s", "join('', [@, random('(x{900}){1}(y{900}){1}')])", 9_00),
        ),
    ] {
        let expression = Expression::parse(&text).expect(name);
        let got = quickly(name, || expression.search(&data, &runtime()));
        let limited = match &got {
            Err(EvalError::Limit { .. }) => true,
            Err(EvalError::Function { message, .. }) => message.contains("too"),
            _ => false,
        };
        if !limited {
            unlimited.push((name, got.map(|it| it.to_string().len())));
        }
    }
    assert!(unlimited.is_empty(), "{unlimited:?}");
}

#[test]
fn an_exhausted_budget_is_not_swallowed() {
    let data = json!({"n": (0..2_000).collect::<Vec<_>>()});
    let bomb = chained("n", "[@, @][]", 40);
    for text in [
        format!("({bomb}) || 'pass'"),
        format!("({bomb})[?@]"),
        format!("({bomb})[] | length(@)"),
        format!("!({bomb})"),
        format!("not_null(({bomb}), 'pass')"),
        format!("({bomb}).*"),
    ] {
        let got = quickly("bomb", || {
            Expression::parse(&text)
                .expect("valid")
                .search(&data, &runtime())
        });
        assert!(matches!(got, Err(EvalError::Limit { .. })), "{got:?}");
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("&", ""),
        ("{a: ", "}"),
        ("a[?", "]"),
        ("length(", ")"),
        ("a.*.", ""),
        ("a[*].", ""),
        ("a[].[", "]"),
        ("a || (", ")"),
        ("a == ", ""),
        ("a[] | ", ""),
        ("a.", ""),
        ("a[0].", ""),
        ("[][][][]", ""),
        ("a[].", ""),
    ] {
        for times in [20, 60, 100, 127, 200, 5_000] {
            let text = format!("{}a{}", open.repeat(times), close.repeat(times));
            quickly(open, || {
                if let Ok(expression) = Expression::parse(&text) {
                    let _ = expression.search(&json!({"a": {"a": [1, [2]]}}), &runtime());
                }
            });
        }
    }
    assert!(Expression::parse(&"(".repeat(5_000)).is_err());
    assert!(Expression::parse(&"a.".repeat(40_000)).is_err());
    let deep = chained("@", "[@]", 1_000);
    let got = Expression::parse(&deep)
        .expect("flat")
        .search(&json!(1), &runtime());
    assert!(matches!(got, Err(EvalError::Limit { .. })));
}

/// The shape of CVE-2025-47281: a pipe into a function that does not exist has to be an error, not null.
#[test]
fn an_unknown_function_is_an_error() {
    for text in [
        "@ | nope(@)",
        "@ | nope(@) | [0]",
        "nope() || 'x'",
        "[nope()]",
    ] {
        let got = Expression::parse(text)
            .expect("valid")
            .search(&json!({}), &runtime());
        assert!(
            matches!(got, Err(EvalError::UnknownFunction { .. })),
            "{text}: {got:?}"
        );
    }
}

#[test]
fn the_largest_fitting_expression_is_quick() {
    let text = format!("a{}", " || a".repeat(12_000));
    let data = json!({});
    let got = quickly("or", || {
        Expression::parse(&text)
            .expect("fits")
            .search(&data, &runtime())
    });
    assert_eq!(got, Ok(Value::Null));
}

fn data() -> Value {
    json!({"a": [1, "x", null, {"b": [2, [3]]}], "b": {"c": "1Gi", "d": "2h"}, "s": "text"})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,60}") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn any_expression_is_evaluated_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "b", "c", "s", ".", "[", "]", "(", ")", "{", "}", "|", "||", "&&", "!", "==", "<", "@", "*", "`1`", "'x'",
            "0", "-1", ":", ",", "&", "[?", "[]", "length", "sort_by", "items", "add", "keys", "to_string", "`[1,[2]]`",
            "time_add", "regex_match", "truncate", "split", "lookup", "\"a\"", "'1h'", "semver_compare", "time_parse",
        ]), 0..14)
    ) {
        if let Ok(expression) = Expression::parse(&words.concat()) {
            let _ = expression.search(&data(), &runtime());
        }
    }

    #[test]
    fn functions_take_any_text(text in "\\PC{0,20}", other in "[-+.0-9a-zA-Z:/@*?(){}\\[\\] |<>=x]{0,20}") {
        for name in [
            "compare", "equal_fold", "trim", "trim_prefix", "split", "regex_match", "pattern_match", "add", "divide",
            "modulo", "multiply", "subtract", "semver_compare", "time_parse", "time_diff", "time_add", "time_truncate",
            "x509_decode", "image_normalize", "is_external_url", "parse_yaml", "parse_json", "base64_decode", "random",
            "path_canonicalize", "time_to_cron", "to_number", "to_upper",
        ] {
            let data = json!({"x": text, "y": other});
            for call in [format!("{name}(x, y)"), format!("{name}(y, x)"), format!("{name}(y)"), format!("{name}(x)"), format!("{name}(y, `2.5`)")] {
                let _ = Expression::parse(&call).expect("valid").search(&data, &runtime());
            }
        }
    }

    #[test]
    fn a_damaged_certificate_is_refused_or_read(at in 0usize..1_400, byte in any::<u8>(), cut in 0usize..1_500) {
        let pem = include_str!("fixtures/certificate.pem");
        let body: String = pem.lines().filter(|it| !it.starts_with('-')).collect();
        let mut bytes = data_encoding::BASE64.decode(body.as_bytes()).expect("base64");
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(cut.max(1));
        let damaged = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            data_encoding::BASE64.encode(&bytes)
        );
        let _ = Expression::parse("x509_decode(@)").expect("valid").search(&json!(damaged), &runtime());
    }
}

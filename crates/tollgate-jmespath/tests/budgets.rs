//! Whatever an expression says, it ends: what it may take is counted, and one step or byte more than that is an error.

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate_jmespath::{EvalError, Expression, Limits, Runtime};

fn runtime() -> Runtime {
    Runtime::new("2024-05-06T07:08:09Z".parse().expect("a time"))
}

/// The answer, with a budget of one's own.
fn within(text: &str, data: &Value, limits: Limits) -> Result<Value, EvalError> {
    let runtime = Runtime {
        limits,
        ..runtime()
    };
    Expression::parse(text)
        .expect("an expression")
        .search(data, &runtime)
}

fn is_limit(got: &Result<Value, EvalError>) -> bool {
    match got {
        Err(EvalError::Limit { .. }) => true,
        Err(EvalError::Function { message, .. }) => message.contains("too"),
        _ => false,
    }
}

/// The fewest steps and the fewest bytes with which there is an answer. With one fewer the budget is exceeded.
fn cost(text: &str, data: &Value) -> (usize, usize) {
    let all = Limits::default();
    let answers = |limits: Limits| {
        let got = within(text, data, limits);
        assert!(got.is_ok() || is_limit(&got), "{text}: {got:?}");
        got.is_ok()
    };
    let least = |most: usize, answers: &dyn Fn(usize) -> bool| {
        let (mut low, mut high) = (0, most);
        while low < high {
            let middle = (low + high) / 2;
            if answers(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    (
        least(all.steps, &|steps| answers(Limits { steps, ..all })),
        least(all.bytes, &|bytes| answers(Limits { bytes, ..all })),
    )
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
fn what_grows_is_counted_as_often_as_it_is_made() {
    let data = json!({
        "s": "aaaaaaaa",
        "n": [0, 1, 2, 3],
        "o": {"k0": 0, "k1": 1},
    });
    for (name, first, step, three, four) in [
        ("lists", "@", "[@, @]", (106, 120), (205, 240)),
        ("objects", "@", "{a: @, b: @}", (106, 134), (205, 270)),
        ("flattened lists", "n", "[@, @][]", (168, 0), (335, 0)),
        ("joined text", "s", "join('', [@, @])", (24, 176), (31, 368)),
        (
            "printed text",
            "s",
            "to_string([@, @])",
            (24, 606),
            (31, 1801),
        ),
        (
            "replaced text",
            "s",
            "replace_all(@, 'a', 'aa')",
            (18, 232),
            (27, 488),
        ),
        (
            "text put between",
            "s",
            "replace_all(@, '', 'b')",
            (18, 194),
            (27, 409),
        ),
        (
            "templates",
            "s",
            "regex_replace_all('a', @, '$0$0')",
            (239, 176),
            (500, 368),
        ),
        (
            "items",
            "o",
            "items(@, 'a', 'b')[] | [@, @]",
            (152, 88),
            (269, 184),
        ),
        (
            "merged",
            "{a: o}",
            "merge(@, {b: @, c: @})",
            (106, 89),
            (196, 185),
        ),
        (
            "random text",
            "s",
            "join('', [@, random('x{9}y{9}')])",
            (3411, 248),
            (4547, 364),
        ),
    ] {
        let costs = (
            cost(&chained(first, step, 3), &data),
            cost(&chained(first, step, 4), &data),
        );
        assert_eq!(costs, (three, four), "{name}");
    }
    for (name, text, want) in [
        (
            "compared lists",
            "[n, n] | [@, @] | @ == [@[0], @[1]]",
            (40, 0),
        ),
        (
            "nested maps",
            "map(&map(&abs(@), `[1, 2, 3]`), `[4, 5, 6]`)",
            (43, 0),
        ),
        (
            "hashes of one text",
            "map(&sha256(`\"xxxxxxxx\"`), n)",
            (17, 512),
        ),
        (
            "stars",
            "pattern_match('*a*a*a*a*a*a*a*a*a*a*b', join('', [s, s, s, s, s, s, s, s]))",
            (30, 64),
        ),
        (
            "expressions compiled again",
            "map(&regex_match(join('', ['x{9}', to_string(@)]), 'x'), n)",
            (4373, 24),
        ),
    ] {
        assert_eq!(cost(text, &data), want, "{name}");
    }
}

#[test]
fn twenty_one_doublings_are_more_than_the_budget_of_a_search() {
    let doubled = |times: usize| {
        let text = chained("`[1]`", "[@, @][]", times);
        within(&text, &Value::Null, Limits::default())
    };
    assert_eq!(
        doubled(10).map(|it| it.as_array().map(Vec::len)),
        Ok(Some(1024))
    );
    let what = "it takes too many steps";
    assert_eq!(doubled(21), Err(EvalError::Limit { what }));
}

#[test]
fn an_exhausted_budget_is_not_swallowed() {
    let data = json!({"n": [0, 1, 2, 3]});
    let doubled = chained("n", "[@, @][]", 2);
    let limits = Limits {
        steps: cost(&doubled, &data).0 / 2,
        ..Limits::default()
    };
    for text in [
        format!("({doubled}) || 'pass'"),
        format!("({doubled})[?@]"),
        format!("({doubled})[] | length(@)"),
        format!("!({doubled})"),
        format!("not_null(({doubled}), 'pass')"),
        format!("({doubled}).*"),
    ] {
        let got = within(&text, &data, limits);
        assert!(
            matches!(got, Err(EvalError::Limit { .. })),
            "{text}: {got:?}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    const LEVELS: &str = "nested deeper than 128 levels";
    const HEIGHT: &str = "more than 256 operations are nested in each other";
    for (open, close, most, why) in [
        ("(", ")", 127, LEVELS),
        ("[", "]", 127, LEVELS),
        ("!", "", 127, LEVELS),
        ("{a: ", "}", 127, LEVELS),
        ("a[?", "]", 127, LEVELS),
        ("length(", ")", 127, LEVELS),
        ("a.*.", "", 255, HEIGHT),
        ("a[*].", "", 127, LEVELS),
        ("a[].[", "]", 127, LEVELS),
        ("a || (", ")", 63, LEVELS),
        ("a == ", "", 255, HEIGHT),
    ] {
        let parse = |times: usize| {
            let text = format!("{}a{}", open.repeat(times), close.repeat(times));
            Expression::parse(&text)
        };
        let fits = (1..300).take_while(|it| parse(*it).is_ok()).last();
        assert_eq!(fits, Some(most), "{open}");
        let error = parse(most + 1).expect_err(open);
        assert_eq!(error.message, why, "{open}");
        let deepest = parse(most).expect("as above");
        let _ = deepest.search(&json!({"a": {"a": [1, [2]]}}), &runtime());
    }
}

#[test]
fn values_nest_no_deeper_than_a_limit() {
    let nested = |levels: usize| {
        let text = chained("@", "[@]", levels);
        within(&text, &json!(1), Limits::default())
    };
    assert!(nested(192).is_ok());
    let what = "a value is nested too deeply";
    assert_eq!(nested(193), Err(EvalError::Limit { what }));
}

#[test]
fn an_expression_as_long_as_may_be_is_answered() {
    let text = format!("a{}", " || a".repeat(13_107));
    assert_eq!(text.len(), 64 << 10);
    assert_eq!(
        within(&text, &json!({}), Limits::default()),
        Ok(Value::Null)
    );
    let error = Expression::parse(&format!("{text} ")).expect_err("a byte more");
    assert_eq!(error.message, "the expression is longer than 65536 bytes");
}

/// A pipe into a function that does not exist is an error, never null.
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

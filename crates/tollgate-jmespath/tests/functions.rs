//! What each of Kyverno's functions gives, as Kyverno 1.19.0 itself was seen to give it. `error` stands for any error.

use serde_json::{Value, json};
use tollgate_jmespath::{Expression, Runtime};

fn data() -> Value {
    json!({"s": "Hello, Wörld", "nums": [3, 1, 2], "strs": ["b", "a"], "mixed": [1, "a", null, true], "objs": [{"k": "x", "v": 2}, {"k": "y", "v": 1}, {"v": 3}], "labels": {"team": "a", "tier": "b"}, "many": 1000000})
}

fn runtime() -> Runtime {
    Runtime::new("2024-05-06T07:08:09.5Z".parse().expect("a time"))
}

fn search(text: &str, data: &Value) -> Result<Value, String> {
    Expression::parse(text)
        .map_err(|it| it.to_string())?
        .search(data, &runtime())
        .map_err(|it| it.to_string())
}

fn check(cases: &[(&str, &str)]) {
    let data = data();
    let mut wrong = Vec::new();
    for (text, want) in cases {
        let got = search(text, &data);
        let same = match (&got, *want) {
            (Err(_), want) => want == "error",
            (Ok(_), "error") => false,
            (Ok(got), want) => {
                let want: Value = serde_json::from_str(want).expect("JSON");
                same(got, &want)
            }
        };
        if !same {
            wrong.push(format!("{text}\n  want {want}\n  got  {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Equality with numbers by value.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, a)| right.get(key).is_some_and(|b| same(a, b)))
        }
        _ => left == right,
    }
}

#[test]
fn text() {
    check(&[
        ("compare('a', 'b')", "-1"),
        ("compare('b', 'a')", "1"),
        ("compare('a', 'a') == `0`", "false"),
        ("compare('a', 'b') < `0`", "null"),
        ("to_string(compare('a', 'b'))", r#""-1""#),
        ("abs(compare('a', 'b'))", "error"),
        ("compare('a')", "error"),
        ("equal_fold('Go', 'GO')", "true"),
        ("equal_fold('straße', 'STRASSE')", "false"),
        ("equal_fold('K', 'k')", "true"),
        ("equal_fold('ς', 'Σ')", "true"),
        ("replace('aXbXc', 'X', '-', `1`)", r#""a-bXc""#),
        ("replace('aXbXc', 'X', '-', `-1`)", r#""a-b-c""#),
        ("replace('aXbXc', 'X', '-', `0`)", r#""aXbXc""#),
        ("replace('abc', '', '.', `2`)", r#"".a.bc""#),
        ("replace_all('aXbXc', 'X', '')", r#""abc""#),
        ("replace_all('abc', '', '.')", r#"".a.b.c.""#),
        ("replace_all('abc', `1`, '')", "error"),
        ("to_upper('straße')", r#""STRAßE""#),
        ("to_lower('ÀÉ')", r#""àé""#),
        ("trim('xxaxx', 'x')", r#""a""#),
        ("trim('éaé', 'é')", r#""a""#),
        ("trim('  a ', ' ')", r#""a""#),
        ("trim_prefix('abc', 'ab')", r#""c""#),
        ("trim_prefix('abc', 'bc')", r#""abc""#),
        ("split('a.b.c', '.')", r#"["a", "b", "c"]"#),
        ("split('', '.')", r#"[""]"#),
        ("split('éa', '')", r#"["é", "a"]"#),
        ("split('abc', '.')", r#"["abc"]"#),
        ("join('-', split('a.b', '.'))", r#""a-b""#),
        ("truncate('Wörld', `2`)", r#""Wö""#),
        ("truncate('Wörld', `-1`)", r#""""#),
        ("truncate('Wörld', `99`)", r#""Wörld""#),
        ("truncate('Wörld', '2')", "error"),
        ("to_boolean('TrUe')", "true"),
        ("to_boolean('false')", "false"),
        ("to_boolean('yes')", "error"),
        ("path_canonicalize('/a/../b//c/.')", r#""/b/c""#),
        ("path_canonicalize('../a/./b')", r#""../a/b""#),
        ("path_canonicalize('')", r#""""#),
        ("path_canonicalize('/..')", r#""/""#),
        ("path_canonicalize('a/..')", r#"".""#),
    ]);
}

#[test]
fn patterns() {
    check(&[
        ("regex_match('^[1-7]$', '3')", "true"),
        ("regex_match('^[1-7]$', `3`)", "true"),
        ("regex_match('^1.5$', `1.5`)", "true"),
        ("regex_match('^1000000$', many)", "true"),
        ("regex_match('(', 'a')", "error"),
        ("regex_match('a', nope)", "error"),
        (
            r"regex_replace_all('([a-z])(\d)', 'a1b2', '$2$1')",
            r#""1a2b""#,
        ),
        (
            "regex_replace_all('(?P<x>l+)', s, '<$x>')",
            r#""He<ll>o, Wör<l>d""#,
        ),
        ("regex_replace_all('l', s, '$1x')", r#""Heo, Wörd""#),
        ("regex_replace_all('x*', 'ab', '-')", r#""-a-b-""#),
        ("regex_replace_all('1', `111`, `2`)", r#""222""#),
        (
            "regex_replace_all_literal('l', s, '$0')",
            r#""He$0$0o, Wör$0d""#,
        ),
        ("regex_replace_all_literal('[', s, '')", "error"),
        ("pattern_match('prod-*', 'prod-eu')", "true"),
        ("pattern_match('pro?-*', 'prod-')", "true"),
        ("pattern_match('10*', `1000`)", "true"),
        ("pattern_match('*', '')", "true"),
        ("pattern_match('?', '')", "false"),
        (r#"label_match(`{"team": "a"}`, labels)"#, "true"),
        (r#"label_match(`{"team": "b"}`, labels)"#, "false"),
        ("label_match(`{}`, labels)", "true"),
        (r#"label_match(`{"x": null}`, labels)"#, "false"),
        ("label_match('a', labels)", "error"),
    ]);
}

#[test]
fn arithmetic() {
    check(&[
        ("add(`1`, `2`)", "3"),
        ("add('1Gi', '512Mi')", r#""1536Mi""#),
        ("add('100m', '1')", r#""1100m""#),
        ("add('1h', '30m')", "error"),
        ("add('1', `1`)", "error"),
        ("add('1Gi', '1h')", "error"),
        ("add(`1`, nope)", "error"),
        ("add('x', '1')", "error"),
        ("add('0', '1Ki')", r#""1Ki""#),
        ("add('1Ki', '1k')", r#""2024""#),
        ("add('0.1Ki', '0')", r#""102400m""#),
        ("sum(nums)", "6"),
        ("sum(['1Gi', '1Mi'])", r#""1025Mi""#),
        ("sum(['1h', '1m', '1s'])", "error"),
        ("sum(`[]`)", "error"),
        ("sum(['only'])", r#""only""#),
        ("sum([`1`, '1'])", "error"),
        ("subtract(`1`, `3`)", "-2"),
        ("subtract('1Gi', '1Mi')", r#""1023Mi""#),
        ("subtract('100m', '1')", r#""-900m""#),
        ("subtract('30m', '1h')", "error"),
        ("multiply(`3`, `0.5`)", "1.5"),
        ("multiply('100Mi', `2`)", r#""200Mi""#),
        ("multiply(`0.5`, '1Gi')", r#""512Mi""#),
        ("multiply('1.5', `3`)", r#""4500m""#),
        ("multiply('1h', `1.5`)", r#""1h30m0s""#),
        ("multiply('1Gi', '2')", "error"),
        ("multiply('1e3', `3`)", r#""3e3""#),
        ("divide(`7`, `2`)", "3.5"),
        ("divide(`7`, `0`)", "error"),
        ("divide('1Gi', '512Mi')", "2"),
        ("divide('1Gi', `3`)", r#""357913941""#),
        ("divide('10', `3`)", r#""3""#),
        ("divide('10.0', `3`)", r#""3300m""#),
        ("divide('7Ei', `3`)", r#""2690150177415976277333333333n""#),
        ("divide('1h', '15m')", "error"),
        ("divide('1h', `7`)", r#""8m34.285714285s""#),
        ("divide(`1`, '1Gi')", "error"),
        ("divide('1Gi', '0')", "error"),
        ("divide('1h', '0s')", "error"),
        ("modulo(`7`, `4`)", "3"),
        ("modulo(`-7`, `4`)", "-3"),
        ("modulo(`7.5`, `4`)", "error"),
        ("modulo(`7`, `0`)", "error"),
        ("modulo('10Gi', '3Gi')", r#""1Gi""#),
        ("modulo('1.5', '1')", "error"),
        ("modulo('1.5Gi', '1Gi')", r#""512Mi""#),
        ("modulo('100m', '1')", "error"),
        ("modulo('1h', '25m')", "error"),
        ("modulo('1h', '25Mi')", "error"),
        ("round(`2.345`, `2`)", "2.35"),
        ("round(`-2.5`, `0`)", "-3"),
        ("round(`2.5`, `-1`)", "error"),
        ("round(`2.5`, `0.5`)", "error"),
    ]);
}

#[test]
fn times() {
    check(&[
        (
            "time_since('', '2023-01-01T00:00:00Z', '2023-01-02T01:00:00.5Z')",
            r#""25h0m0.5s""#,
        ),
        (
            "time_since('2006-01-02', '2023-01-03', '2023-01-01')",
            r#""-48h0m0s""#,
        ),
        ("time_since('', 'x', '')", "error"),
        (
            "time_to_cron('2023-07-10T12:34:56+02:00')",
            r#""34 12 10 7 1""#,
        ),
        (
            "time_add('2023-07-10T12:34:56+02:00', '36h')",
            r#""2023-07-12T00:34:56+02:00""#,
        ),
        (
            "time_add('2023-07-10T12:34:56Z', '-1ns')",
            r#""2023-07-10T12:34:55Z""#,
        ),
        ("time_add('2023-07-10T12:34:56Z', '1d')", "error"),
        (
            "time_parse('2006-01-02', '2023-07-10')",
            r#""2023-07-10T00:00:00Z""#,
        ),
        (
            "time_parse('Mon, 02 Jan 2006 15:04:05 MST', 'Mon, 10 Jul 2023 12:00:00 UTC')",
            r#""2023-07-10T12:00:00Z""#,
        ),
        (
            "time_parse('Jan 2, 2006 at 3:04pm (MST)', 'Feb 3, 2013 at 7:54pm (PST)')",
            r#""2013-02-03T19:54:00Z""#,
        ),
        ("time_parse('1', '1689000000')", r#""2023-07-10T14:40:00Z""#),
        ("time_parse('1', 'x')", "error"),
        ("time_parse('2006-01-02', '2023-02-30')", "error"),
        (
            "time_utc('2023-07-10T12:34:56+02:00')",
            r#""2023-07-10T10:34:56Z""#,
        ),
        (
            "time_diff('2023-01-01T00:00:00Z', '2023-01-01T01:00:00+01:00')",
            r#""0s""#,
        ),
        (
            "time_diff('0001-01-01T00:00:00Z', '9999-01-01T00:00:00Z')",
            r#""2562047h47m16.854775807s""#,
        ),
        (
            "time_before('2023-01-01T00:00:00Z', '2023-01-02T00:00:00Z')",
            "true",
        ),
        (
            "time_after('2023-01-01T00:00:00Z', '2023-01-02T00:00:00Z')",
            "false",
        ),
        (
            "time_between('2023-01-01T12:00:00Z', '2023-01-01T00:00:00Z', '2023-01-02T00:00:00Z')",
            "true",
        ),
        (
            "time_between('2023-01-01T00:00:00Z', '2023-01-01T00:00:00Z', '2023-01-02T00:00:00Z')",
            "false",
        ),
        (
            "time_truncate('2023-07-10T12:34:56Z', '24h')",
            r#""2023-07-10T00:00:00Z""#,
        ),
        (
            "time_truncate('2023-07-10T12:34:56+05:30', '24h')",
            r#""2023-07-10T05:30:00+05:30""#,
        ),
        (
            "time_truncate('2023-07-10T12:34:56Z', '-1h')",
            r#""2023-07-10T12:34:56Z""#,
        ),
    ]);
}

#[test]
fn collections() {
    check(&[
        ("lookup(labels, 'team')", r#""a""#),
        ("lookup(labels, 'x')", "null"),
        ("lookup(nums, `1`)", "1"),
        ("lookup(nums, `9`)", "null"),
        ("lookup(nums, `-1`)", "null"),
        ("lookup(nums, `0.5`)", "error"),
        ("lookup(nums, 'a')", "error"),
        ("lookup('a', 'b')", "error"),
        (
            "items(labels, 'k', 'v')",
            r#"[{"k": "team", "v": "a"}, {"k": "tier", "v": "b"}]"#,
        ),
        (
            "items(nums, 'i', 'n')",
            r#"[{"i": 0, "n": 3}, {"i": 1, "n": 1}, {"i": 2, "n": 2}]"#,
        ),
        ("items(labels, 'k', 'k')", r#"[{"k": "a"}, {"k": "b"}]"#),
        ("items(labels, `1`, 'v')", "error"),
        ("items(labels, 'k', 'v')[?k == 'team'].v", r#"["a"]"#),
        ("items(labels, 'k', 'v')[0].k", r#""team""#),
        ("length(items(labels, 'k', 'v'))", "2"),
        ("type(items(labels, 'k', 'v'))", "error"),
        ("type(items(labels, 'k', 'v')[])", r#""array""#),
        ("sort_by(items(labels, 'k', 'v'), &v)", "error"),
        (
            "sort_by(items(labels, 'k', 'v')[], &v)",
            r#"[{"k": "team", "v": "a"}, {"k": "tier", "v": "b"}]"#,
        ),
        ("contains(items(labels, 'k', 'v'), 'x')", "error"),
        ("to_array(items(labels, 'k', 'v')) | length(@)", "1"),
        ("items(labels, 'k', 'v') == items(labels, 'k', 'v')", "true"),
        (
            "items(labels, 'k', 'v') == items(labels, 'k', 'v')[]",
            "false",
        ),
        ("lookup(items(labels, 'k', 'v'), `0`)", "error"),
        ("object_from_lists(strs, nums)", r#"{"a": 1, "b": 3}"#),
        ("object_from_lists(strs, `[1]`)", r#"{"a": null, "b": 1}"#),
        (
            "object_from_lists(`[1, 1.5, true]`, `[1, 2, 3]`)",
            r#"{"1": 1, "1.5": 2, "true": 3}"#,
        ),
        ("object_from_lists(`[null]`, nums)", "error"),
        ("object_from_lists(`[[]]`, nums)", "error"),
    ]);
}

#[test]
fn encodings() {
    check(&[
        ("base64_encode('Hellö')", r#""SGVsbMO2""#),
        ("base64_decode('SGVsbMO2')", r#""Hellö""#),
        ("base64_decode('SGVsbG8')", "error"),
        ("base64_decode('SGVsbG9=')", r#""Hello""#),
        ("base64_decode('x y')", "error"),
        (
            r#"parse_json('{"a": [1, 2.50, null]}')"#,
            r#"{"a": [1, 2.5, null]}"#,
        ),
        ("parse_json('[1,')", "error"),
        ("parse_json('12345678901234567890')", "12345678901234567000"),
        ("parse_yaml('a: 1')", r#"{"a": 1}"#),
        (
            "parse_yaml('- x\n- yes\n- 0x1F\n- 012')",
            r#"["x", true, 31, 10]"#,
        ),
        ("parse_yaml('a: b: c')", "error"),
        ("parse_yaml('')", "null"),
        (
            "sha256('a')",
            r#""ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb""#,
        ),
        ("sha1('a')", r#""86f7e437faa5a7fce15d1ddcb9eaeaea377667b8""#),
        ("md5('a')", r#""0cc175b9c0f1b6a831c399e269772661""#),
        ("sha256(`1`)", "error"),
        (
            r#"to_string(`{"b": "<&>", "a": [1.0, 1e21, 1e-7]}`)"#,
            r#""{\"a\":[1,1e+21,1e-7],\"b\":\"\\u003c\\u0026\\u003e\"}""#,
        ),
        ("to_string(many)", r#""1000000""#),
        ("to_number('1e3')", "1000"),
        ("to_number('1_000')", "1000"),
        ("to_number('_1')", "null"),
        ("to_number('x')", "null"),
        ("to_number('0x10')", "null"),
        ("to_number(labels)", "null"),
    ]);
}

#[test]
fn versions_and_images() {
    check(&[
        ("semver_compare('4.1.3', '>=4.1.x')", "true"),
        ("semver_compare('4.1.3', '<4.1.0 || >4.1.2')", "true"),
        ("semver_compare('4.1.3', '!4.1.3')", "false"),
        ("semver_compare('1.0.0-rc.1', '<1.0.0')", "true"),
        ("semver_compare('not a version', '<0.0.1')", "true"),
        ("semver_compare('1.0.0', '^1.0.0')", "error"),
        ("semver_compare('1.0.0', '')", "error"),
        ("image_normalize('nginx')", r#""docker.io/nginx:latest""#),
        ("image_normalize('nginx:1.25')", r#""docker.io/nginx:1.25""#),
        (
            "image_normalize('ghcr.io/team/app')",
            r#""ghcr.io/team/app:latest""#,
        ),
        (
            "image_normalize('localhost:5000/app:1')",
            r#""localhost:5000/app:1""#,
        ),
        (
            "image_normalize('team/app@sha256:0000000000000000000000000000000000000000000000000000000000000000')",
            r#""docker.io/team/app@sha256:0000000000000000000000000000000000000000000000000000000000000000""#,
        ),
        (
            "image_normalize('app:1@sha256:0000000000000000000000000000000000000000000000000000000000000000')",
            r#""docker.io/app@sha256:0000000000000000000000000000000000000000000000000000000000000000""#,
        ),
        ("image_normalize('UPPER')", "error"),
        ("image_normalize('')", "error"),
        ("is_external_url('http://127.0.0.1:80/x')", "false"),
        ("is_external_url('https://8.8.8.8')", "true"),
        ("is_external_url('http://user:pw@10.1.1.1/')", "false"),
        ("is_external_url('http://[::1]')", "false"),
        ("is_external_url('http://[fd00::1]:80')", "false"),
        ("random('')", "error"),
        (r"random('\d')", "error"),
        ("random('abc')", r#""abc""#),
        ("length(random('[0-9a-f]{12}'))", "12"),
    ]);
}

#[test]
fn standard_functions_as_kyverno_has_them() {
    check(&[
        ("contains(mixed, `null`)", "true"),
        (r#"contains(objs, `{"v": 3}`)"#, "error"),
        ("contains(objs, `[]`)", "false"),
        ("contains(s, 'Wör')", "true"),
        ("contains(s, `1`)", "false"),
        ("contains(nope, 'a')", "error"),
        ("length('Wörld')", "5"),
        ("length(nope)", "error"),
        ("type(nope)", r#""null""#),
        ("not_null(nope, labels.x, 'd')", r#""d""#),
        ("not_null()", "error"),
        ("max_by(objs, &v)", r#"{"v": 3}"#),
        ("min_by(objs, &v).k", r#""y""#),
        ("max_by(objs, &k)", "error"),
        ("sort_by(objs, &v)[].v", "[1, 2, 3]"),
        ("sort_by(objs, &k)", "error"),
        ("sort(mixed)", "error"),
        ("map(&k, objs)", r#"["x", "y", null]"#),
        ("avg(`[]`)", "error"),
        ("reverse('añb')", r#""bña""#),
        ("to_array(s)", r#"["Hello, Wörld"]"#),
        (
            r#"merge(labels, `{"team": "z"}`)"#,
            r#"{"team": "z", "tier": "b"}"#,
        ),
        ("merge(labels, nope)", "error"),
        ("keys(labels)", r#"["team", "tier"]"#),
        ("labels.*.to_string(@)", r#"["null", "null", "a", "b"]"#),
        (
            "labels.*.type(@)",
            r#"["null", "null", "string", "string"]"#,
        ),
        ("nope.*.type(@)", "null"),
        ("time_now('ignored') && 'x'", r#""x""#),
        ("upper('a')", "error"),
        ("abs('x')[]", "null"),
        ("abs('x')[?a]", "null"),
        ("abs('x').*", "null"),
        ("abs('x')[*]", "error"),
        ("abs('x') || 'y'", "error"),
    ]);
}

/// What depends on the runtime and on nothing else.
#[test]
fn the_runtime_is_the_only_clock_and_the_only_dice() {
    let data = data();
    for (text, want) in [
        ("time_now()", json!("2024-05-06T07:08:09Z")),
        ("time_now_utc()", json!("2024-05-06T07:08:09Z")),
        ("time_since('', '2024-05-06T07:08:09Z', '')", json!("500ms")),
    ] {
        assert_eq!(search(text, &data), Ok(want), "{text}");
    }
    let expression =
        Expression::parse("[random('[a-z]{10}'), random('[a-z]{10}')]").expect("valid");
    let draw = |seed| {
        let runtime = Runtime { seed, ..runtime() };
        expression.search(&data, &runtime).expect("two texts")
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_ne!(draw(1)[0], draw(1)[1]);
}

/// What would need the network says so, and nothing swallows it.
#[test]
fn names_are_not_looked_up() {
    for text in [
        "is_external_url('https://example.com')",
        "is_external_url('https://example.com')[] || 'x'",
    ] {
        let error = search(text, &data()).expect_err("needs DNS");
        assert!(
            error.contains("is_external_url") && error.contains("DNS"),
            "{error}"
        );
    }
}

/// Where Kyverno crashes there is no answer, and no operator may make null of that.
#[test]
fn a_crash_is_not_swallowed() {
    for text in [
        "contains(objs, `{\"v\": 3}`)",
        "merge(labels, nope)",
        "reverse(items(labels, 'k', 'v'))",
        "map(&k, items(labels, 'k', 'v'))",
    ] {
        for text in [text.to_owned(), format!("{text}[]"), format!("{text}.*")] {
            let error = search(&text, &data()).expect_err(&text);
            assert!(error.contains("Kyverno crashes"), "{error}");
        }
    }
}

/// Our stricter answers: Kyverno gives a value here, and it is a wrong one.
#[test]
fn refused_on_purpose() {
    for text in [
        "&labels",
        "to_string(&labels)",
        "multiply('1h', `1e21`)",
        "base64_decode('//79')",
        "parse_yaml('a: 1\na: 2')",
        "avg(`[]`)",
    ] {
        assert!(search(text, &data()).is_err(), "{text}");
    }
    assert_eq!(search("add('1000E', '0')", &data()), Ok(json!("1e21")));
    assert_eq!(
        search("multiply('1n', `0.5`)", &data()),
        Ok(json!("500e-12"))
    );
}

#[test]
fn certificates() {
    let data = json!({
        "certificate": include_str!("fixtures/certificate.pem"),
        "request": include_str!("fixtures/request.pem"),
        "elliptic": include_str!("fixtures/elliptic.pem"),
    });
    for (text, want) in CERTIFICATES {
        let want: Value = serde_json::from_str(want).expect("JSON");
        let got = search(text, &data).expect(text);
        assert!(same(&got, &want), "{text}\n  want {want}\n  got  {got}");
    }
    for text in [
        "x509_decode(elliptic)",
        "x509_decode('')",
        "x509_decode('-----BEGIN CERTIFICATE-----')",
        "x509_decode(replace_all(certificate, 'CERTIFICATE', 'PRIVATE KEY'))",
        "x509_decode(replace(certificate, 'M', 'N', `3`))",
    ] {
        assert!(search(text, &data).is_err(), "{text}");
    }
}

const CERTIFICATES: &[(&str, &str)] = &[
    (
        "x509_decode(certificate).PublicKey",
        r#"{"E": 65537, "N": "21612879789280377000348601050929648676371282939839075015241715247217444009218505492950311738542555415761625018230444228501825609179214218264065077954450265829320463270916841776053789353520053770501164894078157582470714746348777194422002846605378384424846552201437825294970352759536482026997778370101437704468670573960879316987533425828598994242907758398529844115482226746678784967473793143807164047566594848185724258769895706722852703560007413209926023735859477540842333876062065840040833081286112320172793535385899624814225656634883807450998473726590607828820208205915781070076808127614449306518794231678500962372839"}"#,
    ),
    (
        "x509_decode(certificate).Issuer",
        r#"{"CommonName": "Wörld", "Country": ["DE"], "ExtraNames": null, "Locality": ["Ort"], "Names": [{"Type": [2, 5, 4, 6], "Value": "DE"}, {"Type": [2, 5, 4, 8], "Value": "Bayern"}, {"Type": [2, 5, 4, 7], "Value": "Ort"}, {"Type": [2, 5, 4, 9], "Value": "Weg 1"}, {"Type": [2, 5, 4, 17], "Value": "80000"}, {"Type": [2, 5, 4, 10], "Value": "Ex & Co"}, {"Type": [2, 5, 4, 10], "Value": "Zweite"}, {"Type": [2, 5, 4, 11], "Value": "Dep"}, {"Type": [2, 5, 4, 3], "Value": "Wörld"}, {"Type": [2, 5, 4, 5], "Value": "77"}, {"Type": [1, 2, 840, 113549, 1, 9, 1], "Value": "a@b.c"}], "Organization": ["Ex & Co", "Zweite"], "OrganizationalUnit": ["Dep"], "PostalCode": ["80000"], "Province": ["Bayern"], "SerialNumber": "77", "StreetAddress": ["Weg 1"]}"#,
    ),
    ("x509_decode(certificate).Subject.CommonName", r#""Wörld""#),
    (
        "x509_decode(certificate).SerialNumber",
        "8.596805827263855e+22",
    ),
    ("x509_decode(certificate).Version", "3"),
    ("x509_decode(certificate).SignatureAlgorithm", "4"),
    ("x509_decode(certificate).PublicKeyAlgorithm", "1"),
    (
        "x509_decode(certificate).NotBefore",
        r#""2026-11-23T06:42:53Z""#,
    ),
    (
        "x509_decode(certificate).NotAfter",
        r#""2036-11-20T06:42:53Z""#,
    ),
    ("x509_decode(certificate).KeyUsage", "353"),
    ("x509_decode(certificate).ExtKeyUsage", "[1, 2, 9]"),
    (
        "x509_decode(certificate).UnknownExtKeyUsage",
        "[[1, 2, 3, 4]]",
    ),
    ("x509_decode(certificate).IsCA", "true"),
    ("x509_decode(certificate).MaxPathLen", "2"),
    ("x509_decode(certificate).BasicConstraintsValid", "true"),
    (
        "x509_decode(certificate).DNSNames",
        r#"["a.example.com", "*.b.example.com"]"#,
    ),
    (
        "x509_decode(certificate).EmailAddresses",
        r#"["x@example.com"]"#,
    ),
    (
        "x509_decode(certificate).IPAddresses",
        r#"["10.0.0.1", "2001:db8::1"]"#,
    ),
    (
        "x509_decode(certificate).URIs",
        r#"[{"ForceQuery": false, "Fragment": "", "Host": "example.com:8443", "OmitHost": false, "Opaque": "", "Path": "/p/q", "RawFragment": "", "RawPath": "", "RawQuery": "z=1", "Scheme": "https", "User": {}}]"#,
    ),
    (
        "x509_decode(certificate).PermittedDNSDomains",
        r#"[".example.com"]"#,
    ),
    (
        "x509_decode(certificate).PermittedIPRanges",
        r#"[{"IP": "10.0.0.0", "Mask": "/wAAAA=="}]"#,
    ),
    (
        "x509_decode(certificate).ExcludedEmailAddresses",
        r#"["evil.com"]"#,
    ),
    (
        "x509_decode(certificate).PermittedURIDomains",
        r#"[".example.org"]"#,
    ),
    (
        "x509_decode(certificate).CRLDistributionPoints",
        r#"["http://crl.example.com/a.crl", "http://crl.example.com/b.crl"]"#,
    ),
    (
        "x509_decode(certificate).OCSPServer",
        r#"["http://ocsp.example.com"]"#,
    ),
    (
        "x509_decode(certificate).IssuingCertificateURL",
        r#"["http://ca.example.com/ca.der"]"#,
    ),
    (
        "x509_decode(certificate).Policies",
        r#"["1.3.6.1.4.1.99.1", "2.23.140.1.2.1"]"#,
    ),
    (
        "x509_decode(certificate).PolicyIdentifiers",
        "[[1, 3, 6, 1, 4, 1, 99, 1], [2, 23, 140, 1, 2, 1]]",
    ),
    (
        "x509_decode(certificate).PolicyMappings",
        r#"[{"IssuerDomainPolicy": "1.3.6.1.4.1.99.1", "SubjectDomainPolicy": "1.3.6.1.4.1.99.2"}]"#,
    ),
    ("x509_decode(certificate).RequireExplicitPolicyZero", "true"),
    ("x509_decode(certificate).InhibitPolicyMapping", "3"),
    (
        "x509_decode(certificate).UnhandledCriticalExtensions",
        "[[1, 2, 3, 4, 5]]",
    ),
    (
        "x509_decode(certificate).SubjectKeyId",
        r#""jsecMaH7T3VQB+Wd1h0hVocoadw=""#,
    ),
    ("x509_decode(certificate).AuthorityKeyId", "null"),
    ("x509_decode(certificate).ExtraExtensions", "null"),
    (
        "x509_decode(certificate).Extensions[1]",
        r#"{"Critical": true, "Id": [2, 5, 29, 15], "Value": "AwMHhoA="}"#,
    ),
    (
        "keys(x509_decode(certificate)) | sort(@)",
        r#"["AuthorityKeyId", "BasicConstraintsValid", "CRLDistributionPoints", "DNSNames", "EmailAddresses", "ExcludedDNSDomains", "ExcludedEmailAddresses", "ExcludedIPRanges", "ExcludedURIDomains", "ExtKeyUsage", "Extensions", "ExtraExtensions", "IPAddresses", "InhibitAnyPolicy", "InhibitAnyPolicyZero", "InhibitPolicyMapping", "InhibitPolicyMappingZero", "IsCA", "Issuer", "IssuingCertificateURL", "KeyUsage", "MaxPathLen", "MaxPathLenZero", "NotAfter", "NotBefore", "OCSPServer", "PermittedDNSDomains", "PermittedDNSDomainsCritical", "PermittedEmailAddresses", "PermittedIPRanges", "PermittedURIDomains", "Policies", "PolicyIdentifiers", "PolicyMappings", "PublicKey", "PublicKeyAlgorithm", "Raw", "RawIssuer", "RawSubject", "RawSubjectPublicKeyInfo", "RawTBSCertificate", "RequireExplicitPolicy", "RequireExplicitPolicyZero", "SerialNumber", "Signature", "SignatureAlgorithm", "Subject", "SubjectKeyId", "URIs", "UnhandledCriticalExtensions", "UnknownExtKeyUsage", "Version"]"#,
    ),
    (
        "sha256(x509_decode(certificate).Raw)",
        r#""56e7511457bc4e188af3162418856be8c61972780ba4877d71f90f89954e4756""#,
    ),
    (
        "sha256(x509_decode(certificate).RawTBSCertificate)",
        r#""bf9110b2fe65d5b571d449eb98e3017735a3d354ef89a625e0c16b7c229f48ad""#,
    ),
    (
        "sha256(x509_decode(certificate).RawSubjectPublicKeyInfo)",
        r#""af60cf40e62c1c0be51160d94b85bf30422a00fb3dceba258fb767f571f31538""#,
    ),
    (
        "sha256(x509_decode(certificate).Signature)",
        r#""147ed5be423f4577d16a063eb1a7c41f8e0acae2f494d92b40b7c42c6457b7dc""#,
    ),
    ("x509_decode(request).Subject.Country", r#"["US"]"#),
    ("x509_decode(request).DNSNames", r#"["c.example.com"]"#),
    ("x509_decode(request).IPAddresses", r#"["10.1.1.1"]"#),
    (
        "x509_decode(request).Attributes",
        r#"[{"Type": [1, 2, 840, 113549, 1, 9, 14], "Value": [[{"Type": [2, 5, 29, 17], "Value": "MBWCDWMuZXhhbXBsZS5jb22HBAoBAQE="}, {"Type": [2, 5, 29, 15], "Value": "AwIHgA=="}]]}]"#,
    ),
    (
        "x509_decode(request).Extensions",
        r#"[{"Critical": false, "Id": [2, 5, 29, 17], "Value": "MBWCDWMuZXhhbXBsZS5jb22HBAoBAQE="}, {"Critical": false, "Id": [2, 5, 29, 15], "Value": "AwIHgA=="}]"#,
    ),
    ("x509_decode(request).Version", "0"),
    (
        "keys(x509_decode(request)) | sort(@)",
        r#"["Attributes", "DNSNames", "EmailAddresses", "Extensions", "ExtraExtensions", "IPAddresses", "PublicKey", "PublicKeyAlgorithm", "Raw", "RawSubject", "RawSubjectPublicKeyInfo", "RawTBSCertificateRequest", "Signature", "SignatureAlgorithm", "Subject", "URIs", "Version"]"#,
    ),
    (
        "sha256(x509_decode(request).RawTBSCertificateRequest)",
        r#""17e1701c161a8eba9946751648c623b9fee5b469b707950e9cb58bad4c1c5b4b""#,
    ),
];

#[test]
fn what_is_no_version_is_doubted_whatever_comes_of_it() {
    let doubts = |text: &str| {
        let mut doubts = std::collections::BTreeSet::new();
        let runtime = Runtime::new(std::time::SystemTime::UNIX_EPOCH.into());
        let expression = Expression::parse(text).expect("an expression");
        let _ = expression.search_doubting(&serde_json::Value::Null, &runtime, &mut doubts);
        doubts.into_iter().collect::<Vec<_>>()
    };
    let doubt = |text: &str| {
        format!(
            "semver_compare was asked about `{text}`, which is no version such as 1.2.3: Kyverno takes it for 0.0.0"
        )
    };
    assert_eq!(doubts("semver_compare('1.2.3', '>1.0.0')"), [""; 0]);
    assert_eq!(
        doubts("semver_compare('latest', '<1.0.0')"),
        [doubt("latest")]
    );
    assert_eq!(
        doubts("semver_compare('1.2', '>1.0.0') || semver_compare('v1.2.3', '>1.0.0')"),
        [doubt("1.2"), doubt("v1.2.3")]
    );
    assert_eq!(
        doubts("semver_compare('latest', 'nonsense')"),
        [doubt("latest")]
    );
}

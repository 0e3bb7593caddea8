//! Where Kyverno's dialect differs from the specification, and what both have in common.

use serde_json::{Value, json};
use tollgate_jmespath::{Dialect, EvalError, Expression, Runtime};

fn runtime() -> Runtime {
    Runtime::new("2024-05-06T07:08:09Z".parse().expect("a time"))
}

fn search(text: &str, data: &Value, dialect: Dialect) -> Result<Value, EvalError> {
    Expression::parse_as(text, dialect)
        .expect(text)
        .search(data, &runtime())
}

fn pod() -> Value {
    json!({
        "spec": {
            "containers": [
                {"name": "app", "image": "app:1", "ports": [{"p": 80}, {"p": 81}]},
                {"name": "side", "image": "side:2", "limits": {"cpu": 2}},
            ],
            "volumes": null,
        },
        "labels": {"team": "a", "tier": "b"},
    })
}

/// What raises a missing key in Kyverno's dialect and is null in the specification.
#[test]
fn a_missing_key_is_an_error_unless_swallowed() {
    for (text, kyverno) in [
        ("nope", None),
        ("spec.nope", None),
        ("spec.nope.deeper", None),
        ("labels.team && nope", None),
        ("spec.volumes.nope", Some(json!(null))),
        ("spec.containers.nope", Some(json!(null))),
        ("spec.containers[9].nope", Some(json!(null))),
        ("nope || 'x'", Some(json!("x"))),
        ("nope || also", Some(json!(null))),
        ("nope && 'x'", Some(json!(null))),
        ("!nope", Some(json!(true))),
        ("nope == 'x'", Some(json!(false))),
        ("nope == `null`", Some(json!(true))),
        ("nope > `1`", Some(json!(null))),
        ("nope | @", Some(json!(null))),
        ("@ | nope", Some(json!(null))),
        ("nope[*].x", Some(json!(null))),
        ("nope[]", Some(json!(null))),
        ("nope[?x]", Some(json!(null))),
        ("nope.*", Some(json!(null))),
        ("spec.containers[].limits.cpu", Some(json!([2]))),
        ("spec.containers[?limits].name", Some(json!(["side"]))),
        ("[nope, labels.team]", Some(json!([null, "a"]))),
        ("{a: nope}", Some(json!({"a": null}))),
        ("not_null(nope, 'x')", Some(json!("x"))),
        ("to_string(nope)", Some(json!("null"))),
        ("map(&limits.cpu, spec.containers)", Some(json!([null, 2]))),
    ] {
        let got = search(text, &pod(), Dialect::Kyverno);
        match kyverno {
            Some(want) => assert_eq!(got, Ok(want), "{text}"),
            None => assert!(got.is_err_and(|it| it.is_unknown_key()), "{text}"),
        }
        assert!(search(text, &pod(), Dialect::Standard).is_ok(), "{text}");
    }
}

#[test]
fn operators() {
    for (text, want) in [
        ("spec.containers[0].ports[1].p", json!(81)),
        ("spec.containers[-1].name", json!("side")),
        ("spec.containers[*].name", json!(["app", "side"])),
        ("spec.containers[].ports[].p", json!([80, 81])),
        (
            "spec.containers[?name == 'app'].image | [0]",
            json!("app:1"),
        ),
        (
            "spec.containers[0].{n: name, i: image}",
            json!({"n": "app", "i": "app:1"}),
        ),
        ("spec.containers[0].[name, image]", json!(["app", "app:1"])),
        ("labels.*", json!(["a", "b"])),
        ("labels.\"team\"", json!("a")),
        ("`[1, 2, 3, 4]`[1:3]", json!([2, 3])),
        ("`[1, 2, 3, 4]`[::-2]", json!([4, 2])),
        ("`[1, 2, 3, 4]`[:-1]", json!([1, 2, 3])),
        ("`[1, 2, 3, 4]`[10:]", json!([])),
        ("`1` == `1.0`", json!(true)),
        ("`1` < `2` && 'b' > 'a'", json!(null)),
        ("!(`1` < `2`) || `[]`", json!([])),
        ("length(spec.containers) > `1`", json!(true)),
        ("@ | labels | team", json!("a")),
        ("'it''s'", json!(null)),
        (r"'it\'s'", json!("it's")),
        (r"'a\nb'", json!(r"a\nb")),
        ("`\"a\\`b\"`", json!("a`b")),
    ] {
        if text == "'it''s'" {
            assert!(Expression::parse(text).is_err());
            continue;
        }
        for dialect in [Dialect::Kyverno, Dialect::Standard] {
            assert_eq!(search(text, &pod(), dialect), Ok(want.clone()), "{text}");
        }
    }
}

#[test]
fn syntax_errors_say_where() {
    for (text, offset) in [
        ("", 0),
        ("a.", 2),
        ("a b", 2),
        ("a[", 2),
        ("a = b", 2),
        ("'open", 0),
        ("`{`", 0),
        ("a.#", 2),
        ("a[0, 1]", 3),
        ("\"a\"(b)", 3),
        ("a[?b", 4),
        ("-", 0),
    ] {
        let error = Expression::parse(text).expect_err(text);
        assert_eq!(error.offset, offset, "{text}: {error}");
    }
}

#[test]
fn only_kyverno_forgives_commas() {
    let text = "length('a' ,)";
    assert!(Expression::parse_as(text, Dialect::Standard).is_err());
    assert_eq!(search(text, &json!({}), Dialect::Kyverno), Ok(json!(1)));
}

//! JMESPath and Go's regular expressions.

use super::{holds, part};
use serde_json::{Value, json};
use tollgate_goregex::{Limit, Regex, to_rust};
use tollgate_jmespath::{Dialect, Expression, Runtime};

pub(super) const JMESPATH: &[&str] = &[
    "a",
    "b",
    "s",
    "l",
    ".",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    " | ",
    " || ",
    " && ",
    "!",
    "==",
    "<",
    ">=",
    "@",
    "*",
    "`1`",
    "`[1,[2]]`",
    "'x'",
    "\"a\"",
    "0",
    "-1",
    ":",
    ",",
    "&",
    "[?",
    "[]",
    "[::2]",
    "[::-1]",
    "{k: @}",
    "length(",
    "sort_by(l, &",
    "items(@, 'a', 'b')",
    "add(",
    "to_string(",
    "time_add('2024-01-01T00:00:00Z', '1h')",
    "regex_match('^a+', s)",
    "truncate(s, `2`)",
    "split(s, 'x')",
    "lookup(a, 'b')",
    "semver_compare('1.2.3', '>1')",
    "time_parse(",
    "map(&",
    "max(",
    "regex_replace_all('(a)', s, '$1$1')",
    "pattern_match('a*', s)",
    "divide(`1`, `0`)",
    "modulo('10', '3')",
    "'1Gi'",
    "'1.5h'",
    "`-0`",
    "`1e308`",
    "to_number(s)",
    "parse_yaml(s)",
    "parse_json(s)",
    "base64_decode(s)",
    "random('[a-z]{5}')",
    "x509_decode(s)",
    "image_normalize(s)",
    "path_canonicalize(s)",
    "time_to_cron(",
    "sum(n)",
    "avg(n)",
    "reverse(l)",
    "round(`1.25`, `1`)",
    "zip(l, n)",
    "merge(a, b)",
    "not_null(a, b)",
    "type(@)",
    "contains(s, 'a')",
    "join('-', l)",
    "time_diff(",
    "time_since(",
    "time_truncate(",
    "sha256(s)",
    "let $x = a in ",
    "$x",
    "multiply('1Ki', `3`)",
];

fn data() -> Value {
    json!({
        "a": [1, "x", null, {"b": [2, [3]]}], "b": {"c": "1Gi", "d": "2h"}, "s": "aa b", "n": [3, 1.5, -2],
        "l": ["p", "q"], "k": {"a": {"b": {"c": true}}},
    })
}

/// Expressions, each on its own.
pub(super) fn jmespath(parts: &[String]) -> Result<(), String> {
    let data = data();
    let Ok(now) = "2024-05-06T07:08:09Z".parse() else {
        return Err("no time".to_owned());
    };
    let runtime = Runtime::new(now);
    for text in parts {
        for dialect in [Dialect::Kyverno, Dialect::Standard] {
            let expression = match Expression::parse_as(text, dialect) {
                Ok(expression) => expression,
                Err(error) => {
                    holds(error.offset <= text.len(), || {
                        format!("beyond the end: {error}")
                    })?;
                    continue;
                }
            };
            let (first, second) = (
                expression.search(&data, &runtime),
                expression.search(&data, &runtime),
            );
            holds(first == second, || format!("{first:?} and then {second:?}"))?;
        }
    }
    Ok(())
}

pub(super) const GOREGEX: &[&str] = &[
    "a",
    "b",
    ".",
    "^",
    "$",
    "*",
    "+",
    "?",
    "*?",
    "+?",
    "??",
    "|",
    "(",
    ")",
    "(?:",
    "(?i)",
    "(?i:",
    "(?s-m)",
    "(?U)",
    "(?P<n>",
    "(?<n>",
    "[",
    "]",
    "[^",
    "-",
    "a-z",
    "[[:alpha:]]",
    "[[:^space:]]",
    "\\d",
    "\\W",
    "\\s",
    "\\b",
    "\\B",
    "\\A",
    "\\z",
    "\\pL",
    "\\p{Greek}",
    "\\P{^Lu}",
    "\\Q",
    "\\E",
    "\\x41",
    "\\x{1F600}",
    "\\x{D800}",
    "\\07",
    "\\n",
    "\\.",
    "\\-",
    "\\C",
    "\\Z",
    "{2}",
    "{2,}",
    "{0,3}",
    "{,2}",
    "{1000}",
    "{1001}",
    "{",
    "}",
    "&&",
    "~~",
    "#",
    " ",
    "é",
    "ſ",
    "K",
    "\u{1f600}",
    "\u{130}",
    "(?",
    "[]a]",
    "[^]a]",
    "[a-",
    "[\\d-z]",
    "/",
    "\\",
    "(?#",
    "(?=",
    "\\1",
    "\\k",
];

/// An expression, and a text.
pub(super) fn goregex(parts: &[String]) -> Result<(), String> {
    const TOO_LARGE: &str = "it is too large when compiled";
    let (pattern, text) = (part(parts, 0), part(parts, 1));
    let (checked, translated) = (Regex::check(pattern), to_rust(pattern));
    holds(checked.is_ok() == translated.is_ok(), || {
        format!("{checked:?} and {translated:?}")
    })?;
    let compiled = Regex::new(pattern);
    let regex = match (&checked, compiled) {
        (Ok(()), Ok(regex)) => regex,
        (Ok(()), Err(error)) => {
            return holds(error.why == TOO_LARGE, || {
                format!("{error} in {translated:?}")
            });
        }
        (Err(_), compiled) => {
            return holds(compiled.is_err(), || "compiles what Go refuses".to_owned());
        }
    };
    let found = regex.find(text);
    holds(regex.is_match(text) == found.is_some(), || {
        format!("matches, and finds {found:?}")
    })?;
    let all = regex.groups(text);
    holds(all.is_empty() == found.is_none(), || {
        format!("{found:?} and {all:?}")
    })?;
    let limit = Limit {
        bytes: 1 << 16,
        matches: 1 << 10,
    };
    for template in ["$0", "${n}-$1$$", text] {
        let _ = regex.replace_all(text, template, limit);
    }
    if let Ok(replaced) = regex.replace_all(text, "${0}", limit) {
        holds(replaced.text == text, || {
            format!("replaced by itself: {:?}", replaced.text)
        })?;
    }
    Ok(())
}

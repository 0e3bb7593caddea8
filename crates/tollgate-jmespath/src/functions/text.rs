//! Kyverno's functions on strings, patterns and regular expressions.

use super::{Arguments, Function, NUMBER, OBJECT, TEXT, Type, function};
use crate::{EvalError, context::Context, eval::Outcome, gofmt, value::Val, wildcard};
use std::borrow::Cow;
use std::cmp::Ordering;
use tollgate_goregex::{Limit, Regex, Replaced};

/// What replacing one match of a regular expression costs, in steps.
const MATCH_COST: usize = 4;
const TEXT_OR_NUMBER: &[Type] = &[Type::Text, Type::Number];

pub(super) const TABLE: &[Function] = &[
    function("compare", &[TEXT, TEXT], |_, a| {
        Ok(Val::Int(match a.text(0)?.cmp(a.text(1)?) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    }),
    function("equal_fold", &[TEXT, TEXT], |_, a| {
        let (left, right) = (a.text(0)?, a.text(1)?);
        Ok(Val::Bool(
            left.chars().map(fold).eq(right.chars().map(fold)),
        ))
    }),
    function("replace", &[TEXT, TEXT, TEXT, NUMBER], |cx, a| {
        let count = a.number(3)?;
        let count = if count <= -1.0 {
            usize::MAX
        } else {
            count as usize
        };
        replace(cx, a, count)
    }),
    function("replace_all", &[TEXT, TEXT, TEXT], |cx, a| {
        replace(cx, a, usize::MAX)
    }),
    function("to_upper", &[TEXT], |cx, a| {
        made(cx, a.text(0)?.chars().map(upper).collect())
    }),
    function("to_lower", &[TEXT], |cx, a| {
        made(cx, a.text(0)?.chars().map(lower).collect())
    }),
    function("trim", &[TEXT, TEXT], |cx, a| {
        let cut: Vec<char> = a.text(1)?.chars().collect();
        cx.steps(cut.len() / 8 * a.text(0)?.len() / 8)?;
        made(cx, a.text(0)?.trim_matches(&cut[..]).to_owned())
    }),
    function("trim_prefix", &[TEXT, TEXT], |cx, a| {
        let text = a.text(0)?;
        made(cx, text.strip_prefix(a.text(1)?).unwrap_or(text).to_owned())
    }),
    function("split", &[TEXT, TEXT], split),
    function("truncate", &[TEXT, NUMBER], |cx, a| {
        let length = a.number(1)?.max(0.0) as usize;
        made(cx, a.text(0)?.chars().take(length).collect())
    }),
    function("regex_match", &[TEXT, TEXT_OR_NUMBER], |cx, a| {
        let text = plain(a, 1)?;
        Ok(Val::Bool(regex(cx, a)?.is_match(&text)))
    }),
    function(
        "regex_replace_all",
        &[TEXT, TEXT_OR_NUMBER, TEXT_OR_NUMBER],
        |cx, a| {
            let (text, template) = (plain(a, 1)?, plain(a, 2)?);
            let replaced = regex(cx, a)?.replace_all(&text, &template, limit(cx));
            paid(cx, replaced)
        },
    ),
    function(
        "regex_replace_all_literal",
        &[TEXT, TEXT_OR_NUMBER, TEXT_OR_NUMBER],
        |cx, a| {
            let (text, with) = (plain(a, 1)?, plain(a, 2)?);
            let replaced = regex(cx, a)?.replace_all_literal(&text, &with, limit(cx));
            paid(cx, replaced)
        },
    ),
    function("pattern_match", &[TEXT, TEXT_OR_NUMBER], |cx, a| {
        let (pattern, text) = (a.text(0)?, plain(a, 1)?);
        if wildcard::has_wildcard(pattern) {
            cx.steps(pattern.len().saturating_mul(text.len()) / 256)?;
        }
        Ok(Val::Bool(wildcard::matches(pattern, &text)))
    }),
    function("label_match", &[OBJECT, OBJECT], label_match),
    function("to_boolean", &[TEXT], |_, a| {
        match a.text(0)?.to_ascii_lowercase().as_str() {
            "true" => Ok(Val::Bool(true)),
            "false" => Ok(Val::Bool(false)),
            _ => Err(a.fail("the argument is neither `true` nor `false`")),
        }
    }),
    function("path_canonicalize", &[TEXT], |cx, a| {
        made(cx, clean_path(a.text(0)?))
    }),
];

/// A text that was just made, paid for.
pub(super) fn made<'a>(cx: &Context<'a>, text: String) -> Outcome<'a> {
    cx.bytes(text.len())?;
    Ok(Val::text(text))
}

fn limit(cx: &Context<'_>) -> Limit {
    Limit {
        bytes: cx.bytes_left(),
        matches: cx.steps_left() / MATCH_COST,
    }
}

fn paid<'a>(cx: &Context<'a>, replaced: Result<Replaced, Limit>) -> Outcome<'a> {
    let it = replaced.map_err(|_| EvalError::Limit {
        what: "a replacement makes too much text",
    })?;
    cx.steps(it.matches * MATCH_COST)?;
    made(cx, it.text)
}

/// A string, or a number as Kyverno turns it into one.
fn plain<'v>(a: &Arguments<'v, '_>, index: usize) -> Result<Cow<'v, str>, EvalError> {
    match a.get(index) {
        Val::Number(it) => Ok(Cow::Owned(gofmt::plain_float32(*it))),
        _ => a.text(index).map(Cow::Borrowed),
    }
}

/// The first argument as a regular expression, compiled already if it was a literal.
fn regex<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Result<Cow<'a, Regex>, EvalError> {
    if let Some(regex) = a.regex {
        return Ok(Cow::Borrowed(regex));
    }
    // Compiling is worth many steps.
    cx.steps(1_000 + a.text(0)?.len() * 16)?;
    Regex::new(a.text(0)?)
        .map(Cow::Owned)
        .map_err(|it| a.fail(it.to_string()))
}

fn replace<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>, most: usize) -> Outcome<'a> {
    let (text, old, new) = (a.text(0)?, a.text(1)?, a.text(2)?);
    // More than what the budget can pay for need not be counted.
    let payable = cx.bytes_left() / new.len().max(1) + 1;
    let count = text.matches(old).take(most.min(payable)).count();
    cx.steps(count / 16)?;
    cx.bytes(text.len().saturating_add(count.saturating_mul(new.len())))?;
    Ok(Val::text(text.replacen(old, new, most)))
}

fn split<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let (text, separator) = (a.text(0)?, a.text(1)?);
    cx.bytes(text.len())?;
    let parts: Vec<Val<'a>> = if separator.is_empty() {
        text.chars().map(|it| Val::text(it.to_string())).collect()
    } else {
        text.split(separator).map(Val::text).collect()
    };
    cx.steps(parts.len())?;
    Val::list(parts)
}

/// Whether every entry of the first object is in the second.
fn label_match<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let (wanted, labels) = (a.object(0)?, a.object(1)?);
    for (key, value) in wanted.sorted() {
        let found = key.as_str().and_then(|key| labels.get(key));
        if !found.map_or(Ok(false), |it| it.equals(&value, cx))? {
            return Ok(Val::Bool(false));
        }
    }
    Ok(Val::Bool(true))
}

/// Unicode's simple mappings, which are one character long, as Go uses them.
fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (c, mapped.next(), mapped.next()) {
        ('\u{130}', ..) => 'i',
        (_, Some(one), None) => one,
        _ => c,
    }
}

fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The same for characters that differ in case only; the dotted and dotless i fold to themselves.
fn fold(c: char) -> char {
    match c {
        '\u{130}' | '\u{131}' => c,
        _ => lower(upper(c)),
    }
}

/// Go's `filepath.Join` of one path: no doubled slashes, no `.`, `..` resolved; an empty path stays empty.
fn clean_path(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, it) => format!("/{it}"),
        (false, it) if it.is_empty() => ".".to_owned(),
        (false, it) => it,
    }
}

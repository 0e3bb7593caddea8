//! The functions of the JMESPath specification (`functions.go` of kyverno/go-jmespath).

use super::{ANY, ARRAY, Arguments, Function, NUMBER, OBJECT, TEXT, Type, function};
use crate::{Dialect, EvalError, context::Context, eval::Outcome, gofmt, value::Val};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

const NUMBERS: &[Type] = &[Type::Numbers];
const TEXTS: &[Type] = &[Type::Texts];
const NUMBERS_OR_TEXTS: &[Type] = &[Type::Numbers, Type::Texts];
const REFERENCE: &[Type] = &[Type::Reference];

pub(super) const TABLE: &[Function] = &[
    function("abs", &[NUMBER], |_, a| Ok(Val::Number(a.number(0)?.abs()))),
    function("avg", &[NUMBERS], average),
    function("ceil", &[NUMBER], |_, a| {
        Ok(Val::Number(a.number(0)?.ceil()))
    }),
    function("contains", &[&[Type::Array, Type::Text], ANY], contains),
    function("ends_with", &[TEXT, TEXT], |_, a| {
        Ok(Val::Bool(a.text(0)?.ends_with(a.text(1)?)))
    }),
    function("floor", &[NUMBER], |_, a| {
        Ok(Val::Number(a.number(0)?.floor()))
    }),
    function("join", &[TEXT, TEXTS], join),
    function("keys", &[OBJECT], |cx, a| {
        let entries = a.object(0)?;
        cx.steps(entries.len())?;
        Val::list(entries.sorted().into_iter().map(|(key, _)| key).collect())
    }),
    function(
        "length",
        &[&[Type::Text, Type::Array, Type::Object]],
        length,
    ),
    function("map", &[REFERENCE, ARRAY], map),
    function("max", &[NUMBERS_OR_TEXTS], |_, a| {
        extreme(a, Ordering::Greater)
    }),
    function("max_by", &[ARRAY, REFERENCE], |cx, a| {
        extreme_by(cx, a, Ordering::Greater)
    }),
    Function {
        name: "merge",
        parameters: &[OBJECT],
        variadic: true,
        run: merge,
    },
    function("min", &[NUMBERS_OR_TEXTS], |_, a| {
        extreme(a, Ordering::Less)
    }),
    function("min_by", &[ARRAY, REFERENCE], |cx, a| {
        extreme_by(cx, a, Ordering::Less)
    }),
    Function {
        name: "not_null",
        parameters: &[ANY],
        variadic: true,
        run: |_, a| {
            let found = a.values.iter().find(|it| !matches!(it, Val::Null));
            Ok(found.cloned().unwrap_or(Val::Null))
        },
    },
    function("reverse", &[&[Type::Array, Type::Text]], reverse),
    function("sort", &[NUMBERS_OR_TEXTS], sort),
    function("sort_by", &[ARRAY, REFERENCE], sort_by),
    function("starts_with", &[TEXT, TEXT], |_, a| {
        Ok(Val::Bool(a.text(0)?.starts_with(a.text(1)?)))
    }),
    function("sum", &[NUMBERS], |cx, a| {
        let items = a.plain_array(0)?;
        cx.steps(items.len())?;
        Ok(Val::Number(
            items.iter().filter_map(|it| it.as_number()).sum(),
        ))
    }),
    function("to_array", &[ANY], |_, a| match a.get(0) {
        it @ Val::Typed(_) => Val::list(vec![it.clone()]),
        it if it.items().is_some() => Ok(it.clone()),
        it => Val::list(vec![it.clone()]),
    }),
    function("to_number", &[ANY], to_number),
    function("to_string", &[ANY], to_string),
    function("type", &[ANY], |_, a| match a.get(0) {
        Val::Int(_) | Val::Typed(_) | Val::Reference(_) => Err(a.wrong(0, "a JSON value")),
        it => Ok(Val::Str(it.type_name())),
    }),
    function("values", &[OBJECT], |cx, a| {
        let entries = a.object(0)?;
        cx.steps(entries.len())?;
        Val::list(
            entries
                .sorted()
                .into_iter()
                .map(|(_, value)| value)
                .collect(),
        )
    }),
];

fn average<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let items = a.plain_array(0)?;
    if items.len() == 0 && cx.dialect == Dialect::Standard {
        return Ok(Val::Null);
    }
    let sum: f64 = items.iter().filter_map(|it| it.as_number()).sum();
    Ok(Val::Number(sum / items.len() as f64))
}

/// The fork compares with Go's `==`, which crashes on two objects or two arrays.
fn contains<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let wanted = a.get(1);
    if let Some(text) = a.get(0).as_str() {
        let found = wanted.as_str().is_some_and(|it| text.contains(it));
        return Ok(Val::Bool(found));
    }
    for item in a.plain_array(0)?.iter() {
        let comparable = item.items().is_none() && item.entries().is_none();
        let same = item.type_name() == wanted.type_name();
        if cx.dialect == Dialect::Kyverno && same && !comparable {
            return Err(a.crash(
                "Kyverno crashes on looking for an object or array in an array; compare a field of it",
            ));
        }
        if item.equals(wanted, cx)? {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

fn join<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let separator = a.text(0)?;
    let items = a.plain_array(1)?;
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        let part = item.as_str().unwrap_or_default();
        let before = if index > 0 { separator } else { "" };
        cx.step()?;
        cx.bytes(before.len() + part.len())?;
        out.push_str(before);
        out.push_str(part);
    }
    Ok(Val::text(out))
}

fn length<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let value = a.get(0);
    let length = if let Some(text) = value.as_str() {
        text.chars().count()
    } else if let Some(items) = value.items() {
        items.len()
    } else {
        a.object(0)?.len()
    };
    Ok(Val::Number(length as f64))
}

/// The value of the referenced expression for an item; a missing key is null.
fn by<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>, index: usize, item: &Val<'a>) -> Outcome<'a> {
    let Val::Reference(node) = a.get(index) else {
        return Err(a.wrong(index, Type::Reference.name()));
    };
    match cx.eval(node, item) {
        Err(it) if it.is_unknown_key() => Ok(Val::Null),
        it => it,
    }
}

fn map<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let mapped = a.plain_array(1)?.iter().map(|item| by(cx, a, 0, &item));
    Val::list(mapped.collect::<Result<_, _>>()?)
}

fn merge<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let mut out = BTreeMap::new();
    for index in 0..a.values.len() {
        for (key, value) in a.object(index)?.sorted() {
            cx.step()?;
            let key: Rc<str> = match key {
                Val::Text(key) => key,
                key => Rc::from(key.as_str().unwrap_or_default()),
            };
            out.insert(key, value);
        }
    }
    Val::map(out)
}

/// The order of two numbers or two strings, not-a-number last; `None` for anything else.
fn order(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Some(left.cmp(right));
    }
    let (left, right) = (left.as_number()?, right.as_number()?);
    let nan_last = || left.is_nan().cmp(&right.is_nan());
    Some(left.partial_cmp(&right).unwrap_or_else(nan_last))
}

fn extreme<'a>(a: &Arguments<'_, 'a>, wanted: Ordering) -> Outcome<'a> {
    let mut items = a.plain_array(0)?.iter();
    let Some(mut best) = items.next() else {
        return Ok(Val::Null);
    };
    for item in items {
        if order(&item, &best) == Some(wanted) {
            best = item;
        }
    }
    Ok(best)
}

fn unsortable(a: &Arguments<'_, '_>) -> EvalError {
    EvalError::Type {
        function: a.function,
        argument: if a.function == "map" { 1 } else { 2 },
        expected: "an expression that gives only numbers or only strings".to_owned(),
        got: "one that gives something else",
    }
}

fn extreme_by<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>, wanted: Ordering) -> Outcome<'a> {
    let items = a.plain_array(0)?;
    let Some(mut best) = items.get(0) else {
        return Ok(Val::Null);
    };
    if items.len() == 1 {
        return Ok(best);
    }
    let mut best_key = by(cx, a, 1, &best)?;
    if order(&best_key, &best_key).is_none() {
        return Err(unsortable(a));
    }
    for item in items.iter().skip(1) {
        let key = by(cx, a, 1, &item)?;
        if order(&key, &best_key).ok_or_else(|| unsortable(a))? == wanted {
            best_key = key;
            best = item;
        }
    }
    Ok(best)
}

fn reverse<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    if let Some(text) = a.get(0).as_str() {
        cx.bytes(text.len())?;
        return Ok(Val::text(text.chars().rev().collect::<String>()));
    }
    let items = a.plain_array(0)?;
    cx.steps(items.len())?;
    Val::list(items.iter().rev().collect())
}

fn sort<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let mut items: Vec<_> = a.plain_array(0)?.iter().collect();
    cx.steps(items.len())?;
    items.sort_by(|left, right| order(left, right).unwrap_or(Ordering::Equal));
    Val::list(items)
}

fn sort_by<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let items = a.plain_array(0)?;
    if items.len() < 2 {
        return Ok(a.get(0).clone());
    }
    let mut keyed = Vec::with_capacity(items.len());
    for item in items.iter() {
        keyed.push((by(cx, a, 1, &item)?, item));
    }
    let first = keyed[0].0.clone();
    if keyed.iter().any(|(key, _)| order(key, &first).is_none()) {
        return Err(unsortable(a));
    }
    keyed.sort_by(|(left, _), (right, _)| order(left, right).unwrap_or(Ordering::Equal));
    Val::list(keyed.into_iter().map(|(_, item)| item).collect())
}

fn to_number<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    match a.get(0) {
        it @ Val::Number(_) => Ok(it.clone()),
        Val::Int(_) | Val::Typed(_) | Val::Reference(_) => Err(a.wrong(0, "a JSON value")),
        it => {
            let text = it.as_str().unwrap_or_default();
            let digits = text.trim_start_matches(['+', '-']);
            if digits.starts_with(['0', 'x', 'X']) && digits.contains(['p', 'P']) {
                return Err(a.fail("hexadecimal floats are not read here"));
            }
            Ok(parse_float(text).map_or(Val::Null, Val::Number))
        }
    }
}

/// `strconv.ParseFloat` for decimal notations. Underscores may stand between digits.
fn parse_float(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split('_').collect();
    let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    let between =
        |pair: &[&str]| digit(pair[0].chars().next_back()) && digit(pair[1].chars().next());
    if !parts.windows(2).all(between) {
        return None;
    }
    let number: f64 = parts.concat().parse().ok()?;
    let named = text.contains(['i', 'I', 'n', 'N']);
    (number.is_finite() || named).then_some(number)
}

fn to_string<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let value = a.get(0);
    if value.as_str().is_some() {
        return Ok(value.clone());
    }
    let text = gofmt::json(&value.to_value(cx)?);
    cx.bytes(text.len())?;
    Ok(Val::text(text))
}

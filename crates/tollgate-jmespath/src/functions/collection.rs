//! Kyverno's functions on objects and arrays.

use super::{ARRAY, Arguments, Function, TEXT, Type, function};
use crate::{EvalError, context::Context, eval::Outcome, gofmt, value::Val};
use std::collections::BTreeMap;
use std::rc::Rc;

const OBJECT_OR_ARRAY: &[Type] = &[Type::Object, Type::Array];

pub(super) const TABLE: &[Function] = &[
    function(
        "lookup",
        &[OBJECT_OR_ARRAY, &[Type::Text, Type::Number]],
        lookup,
    ),
    function("items", &[OBJECT_OR_ARRAY, TEXT, TEXT], items),
    function("object_from_lists", &[ARRAY, ARRAY], object_from_lists),
];

/// A missing key or index is null, not an error.
fn lookup<'a>(_: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    if let Some(entries) = a.get(0).entries() {
        return Ok(entries.get(a.text(1)?).unwrap_or(Val::Null));
    }
    let list = a.array(0)?;
    let index = a.number(1)?;
    if index.fract() != 0.0 || !index.is_finite() {
        return Err(a.fail("the index is not a whole number"));
    }
    if index < 0.0 {
        return Ok(Val::Null);
    }
    Ok(list.get(index as usize).unwrap_or(Val::Null))
}

fn items<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let key_name: Rc<str> = a.text(1)?.into();
    let value_name: Rc<str> = a.text(2)?.into();
    let pairs: Vec<(Val<'a>, Val<'a>)> = match a.get(0).entries() {
        Some(entries) => entries.sorted(),
        None => {
            let list = a.array(0)?.iter().enumerate();
            list.map(|(index, it)| (Val::Number(index as f64), it))
                .collect()
        }
    };
    let mut out = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        cx.steps(4)?;
        // With one name for both, the value stays.
        let entries = [(key_name.clone(), key), (value_name.clone(), value)];
        out.push(Val::map(BTreeMap::from(entries))?);
    }
    Val::typed_list(out)
}

fn object_from_lists<'a>(cx: &Context<'a>, a: &Arguments<'_, 'a>) -> Outcome<'a> {
    let (keys, values) = (a.array(0)?, a.array(1)?);
    let mut out = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        cx.step()?;
        let key = key_text(a, &key)?;
        out.insert(key, values.get(index).unwrap_or(Val::Null));
    }
    Val::map(out)
}

fn key_text(a: &Arguments<'_, '_>, key: &Val<'_>) -> Result<Rc<str>, EvalError> {
    match key {
        Val::Number(it) => Ok(gofmt::plain_float32(*it).into()),
        Val::Int(it) => Ok(it.to_string().into()),
        Val::Bool(it) => Ok(it.to_string().into()),
        it => it
            .as_str()
            .map(Rc::from)
            .ok_or_else(|| a.fail(format!("a key is {}, expected a string", it.type_name()))),
    }
}

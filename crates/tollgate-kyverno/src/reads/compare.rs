//! Two states of an object, as far as a rule reads it.

use super::{Changed, Keys, Reads};
use serde_json::{Map, Value};

pub(super) fn compare(reads: &Reads, before: &Value, now: &Value) -> Changed {
    let mut kept = 0;
    match value(
        &reads.keys,
        Some(before),
        Some(now),
        reads.one_by_one,
        &mut kept,
    ) {
        Err(Differs) => Changed::Something,
        Ok(_) if kept == 0 => Changed::Nothing,
        Ok(it) => Changed::Elements(it.unwrap_or_default()),
    }
}

/// Something differs that is no element of its own.
struct Differs;

/// The value that is there now, without the elements that were there before. `kept` counts those
/// that were not.
fn value(
    keys: &Keys,
    before: Option<&Value>,
    now: Option<&Value>,
    one_by_one: bool,
    kept: &mut usize,
) -> Result<Option<Value>, Differs> {
    if before == now {
        // Elements that were there before go too.
        return Ok(match now {
            Some(Value::Object(map)) if one_by_one && !keys.whole => {
                Some(Value::Object(object(keys, map, map, one_by_one, kept)?))
            }
            Some(Value::Array(items)) if one_by_one && elements(items) => {
                Some(Value::Array(Vec::new()))
            }
            it => it.cloned(),
        });
    }
    match (before, now) {
        (None | Some(Value::Array(_)), Some(Value::Array(now))) if one_by_one && elements(now) => {
            let before = before
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            let mut left: Vec<&Value> = before.iter().collect();
            let mut new = Vec::new();
            for it in now {
                match left.iter().position(|old| same_element(keys, old, it)) {
                    Some(at) => drop(left.swap_remove(at)),
                    None => new.push(it.clone()),
                }
            }
            *kept += new.len();
            Ok(Some(Value::Array(new)))
        }
        (Some(Value::Array(before)), None) if one_by_one && elements(before) => Ok(None),
        (Some(Value::Array(before)), Some(Value::Array(now))) if !keys.whole => {
            let pairs = before.iter().zip(now);
            if before.len() != now.len() || !pairs.into_iter().all(|(a, b)| same(keys, a, b)) {
                return Err(Differs);
            }
            Ok(Some(Value::Array(now.clone())))
        }
        (Some(Value::Object(before)), Some(Value::Object(now))) if !keys.whole => {
            let all = object(keys, before, now, one_by_one, kept)?;
            Ok(Some(Value::Object(all)))
        }
        _ => Err(Differs),
    }
}

fn object(
    keys: &Keys,
    before: &Map<String, Value>,
    now: &Map<String, Value>,
    one_by_one: bool,
    kept: &mut usize,
) -> Result<Map<String, Value>, Differs> {
    let mut out = now.clone();
    let gone = before.keys().filter(|it| !now.contains_key(*it));
    for key in now.keys().chain(gone) {
        for below in keys.of(key) {
            let new = value(below, before.get(key), now.get(key), one_by_one, kept)?;
            if let Some(new) = new {
                out.insert(key.clone(), new);
            }
        }
    }
    Ok(out)
}

fn elements(items: &[Value]) -> bool {
    items.iter().all(Value::is_object)
}

fn same(keys: &Keys, before: &Value, now: &Value) -> bool {
    value(keys, Some(before), Some(now), false, &mut 0).is_ok()
}

/// An element is told by its name, where it has one.
fn same_element(keys: &Keys, before: &Value, now: &Value) -> bool {
    before.get("name") == now.get("name") && same(keys, before, now)
}

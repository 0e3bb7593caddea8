//! Changes a JSON value here and there, so that it stays one.

use fastrand::Rng;
use serde_json::{Value, json};

/// The text with a few of its values changed; a text that is no JSON stays as it is.
pub(crate) fn changed(rng: &mut Rng, text: &str, other: &str, words: &[&str]) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    let other: Value = serde_json::from_str(other).unwrap_or_default();
    for _ in 0..rng.usize(1..5) {
        let new = match rng.u8(..3) {
            0 => picked(rng, &other).clone(),
            1 => Value::from(rng.choice(words).copied().unwrap_or_default()),
            _ => scalar(rng),
        };
        change(rng, &mut value, new);
    }
    value.to_string()
}

fn scalar(rng: &mut Rng) -> Value {
    match rng.u8(..12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(0),
        4 => json!(-1),
        5 => json!(u64::MAX),
        6 => json!(i64::MIN),
        7 => json!(1.5),
        8 => json!(""),
        9 => json!([]),
        10 => json!({}),
        _ => json!(rng.u32(..1_000)),
    }
}

/// A value somewhere in this one.
fn picked<'a>(rng: &mut Rng, value: &'a Value) -> &'a Value {
    let below: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => return value,
    };
    match rng.choice(below) {
        Some(below) if rng.u8(..5) > 0 => picked(rng, below),
        _ => value,
    }
}

fn change(rng: &mut Rng, value: &mut Value, new: Value) {
    let here = rng.u8(..6) == 0;
    match value {
        Value::Array(items) if !items.is_empty() => {
            let at = rng.usize(..items.len());
            match rng.u8(..3) {
                0 if here => drop(items.remove(at)),
                1 if here => items.insert(at, items[at].clone()),
                _ if here => items.push(new),
                _ => change(rng, &mut items[at], new),
            }
        }
        Value::Object(map) if !map.is_empty() => {
            let at = rng.usize(..map.len());
            let Some(key) = map.keys().nth(at).cloned() else {
                return;
            };
            match map.get_mut(&key) {
                Some(below) if !here => change(rng, below, new),
                _ if rng.bool() => drop(map.remove(&key)),
                _ => drop(map.insert(key, new)),
            }
        }
        value => *value = new,
    }
}

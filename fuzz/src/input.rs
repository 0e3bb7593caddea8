//! Inputs: a few texts each, made by changing what the corpus holds and by putting pieces together, because random
//! bytes would never get past the first reader.

use crate::{json, targets::Target};
use fastrand::Rng;
use std::path::PathBuf;

/// Between the texts of one file of a corpus.
const BORDER: &str = "=====\n";

/// How a text is made and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Of lines.
    Lines,
    /// Of words, one after the other.
    Words,
    /// A JSON value, which stays one.
    Json,
}

/// The inputs in the folder `corpus/TARGET`, by their files' names.
pub(crate) fn corpus(target: &Target) -> Vec<Vec<String>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name);
    let mut files: Vec<PathBuf> = (std::fs::read_dir(folder).into_iter().flatten())
        .filter_map(|it| Some(it.ok()?.path()))
        .collect();
    files.sort();
    let texts = files
        .iter()
        .filter_map(|it| std::fs::read_to_string(it).ok());
    texts
        .map(|it| it.split(BORDER).map(str::to_owned).collect())
        .collect()
}

/// The input of a case: always the same one.
pub(crate) fn of_case(
    target: &Target,
    corpus: &[Vec<String>],
    seed: u64,
    case: u64,
) -> Vec<String> {
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ case);
    let Some(mut parts) = rng.choice(corpus).cloned() else {
        return vec![assembled(&mut rng, target)];
    };
    // Often one text alone is changed, so that the others are sound.
    let only = rng.bool().then(|| rng.usize(..parts.len()));
    for (at, part) in parts.iter_mut().enumerate() {
        if only.is_some_and(|it| it != at) {
            continue;
        }
        let other = rng
            .choice(corpus)
            .and_then(|it| it.get(at))
            .cloned()
            .unwrap_or_default();
        *part = match target.form {
            Form::Json => json::changed(&mut rng, part, &other, target.pieces),
            _ if rng.u8(..4) == 0 => assembled(&mut rng, target),
            _ => changed(&mut rng, target, part, &other),
        };
    }
    parts
}

fn joined(form: Form, pieces: &[String]) -> String {
    pieces.join(if form == Form::Words { "" } else { "\n" })
}

/// A text of pieces alone.
fn assembled(rng: &mut Rng, target: &Target) -> String {
    let pieces: Vec<String> = (0..rng.usize(..14))
        .filter_map(|_| rng.choice(target.pieces))
        .map(|it| (*it).to_owned())
        .collect();
    joined(target.form, &pieces)
}

/// The pieces of which a text consists.
fn split(form: Form, text: &str) -> Vec<String> {
    if form != Form::Words {
        return text.split('\n').map(str::to_owned).collect();
    }
    let mut out: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let is_word = c.is_alphanumeric() || c == '_';
        match out.last_mut() {
            Some(last) if is_word && in_word => last.push(c),
            _ => out.push(c.to_string()),
        }
        in_word = is_word;
    }
    out
}

fn changed(rng: &mut Rng, target: &Target, text: &str, other: &str) -> String {
    let mut pieces = split(target.form, text);
    let others = split(target.form, other);
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=pieces.len());
        let end = (at + rng.usize(..4)).min(pieces.len());
        match rng.u8(..9) {
            0 => drop(pieces.drain(at..end)),
            1 => {
                let copied = pieces[at..end].to_vec();
                pieces.splice(at..at, copied);
            }
            2 if at < pieces.len() => {
                let to = rng.usize(..pieces.len());
                pieces.swap(at, to);
            }
            3 | 4 => {
                let piece = rng.choice(target.pieces).map(|it| (*it).to_owned());
                pieces.splice(at..at, piece);
            }
            5 => {
                let from = rng.usize(..=others.len());
                let to = (from + rng.usize(..6)).min(others.len());
                pieces.splice(at..at, others[from..to].iter().cloned());
            }
            6 if at < pieces.len() => pieces[at] = value_replaced(rng, &pieces[at], target.pieces),
            7 if at < pieces.len() => {
                // Deeper or less deep.
                pieces[at] = match pieces[at].strip_prefix("  ") {
                    Some(rest) if rng.bool() => rest.to_owned(),
                    _ => format!("  {}", pieces[at]),
                };
            }
            _ if at < pieces.len() => pieces[at] = character_changed(rng, &pieces[at]),
            _ => {}
        }
    }
    joined(target.form, &pieces)
}

/// The line with another value, or without one.
fn value_replaced(rng: &mut Rng, line: &str, pieces: &[&str]) -> String {
    const VALUES: [&str; 16] = [
        "",
        "null",
        "~",
        "0",
        "-1",
        "1",
        "true",
        "'yes'",
        "[]",
        "{}",
        "''",
        "1e400",
        "9223372036854775808",
        "a",
        "'*'",
        "\"\\u00e9\"",
    ];
    let value = match rng.u8(..4) {
        0 => rng.choice(pieces).copied().unwrap_or_default(),
        _ => rng.choice(&VALUES[..]).copied().unwrap_or_default(),
    };
    match line.rsplit_once(": ") {
        Some((key, _)) => format!("{key}: {value}"),
        None => value.to_owned(),
    }
}

fn character_changed(rng: &mut Rng, text: &str) -> String {
    const CHARACTERS: &str = " -:,[]{}'\"#&*!|>%@`?$(){}/\\.0aé\t\u{1f600}\u{202e}\r=~^+<_;";
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.usize(..=chars.len());
    let new = rng.choice(CHARACTERS.chars().collect::<Vec<char>>());
    match rng.u8(..3) {
        0 if at < chars.len() => drop(chars.remove(at)),
        1 if at < chars.len() => chars[at] = new.unwrap_or(' '),
        _ => chars.insert(at, new.unwrap_or(' ')),
    }
    chars.into_iter().collect()
}

/// An input as a file: a list of texts, in which no character stands that a terminal would obey.
pub(crate) fn print(parts: &[String]) -> String {
    let text = serde_json::to_string_pretty(parts).unwrap_or_default();
    format!("{}\n", tollgate::reporters::escape::json(&text))
}

/// What [`print()`] wrote; any other text is an input of one text.
pub(crate) fn read(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| vec![text.to_owned()])
}

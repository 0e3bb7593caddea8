//! The record of a check: what was established and what BASE asks, in a file that can be judged
//! again. A record is only ever read back whole: one that says more, less or something else than
//! what was written is no record, and nothing is judged by a part of one.

use super::Gathered;
use crate::model::{self, Facts};
use crate::reporters::escape;
use serde::{Deserialize, Serialize};

/// Bytes of the largest record that is written and read.
pub const LIMIT: usize = 128 << 20;

/// What the file calls itself.
const FORMAT: &str = "tollgate-facts";

/// The file; what was gathered is owned or borrowed.
#[derive(Serialize, Deserialize)]
struct Record<G> {
    format: String,
    /// [`model::digest`] of what was gathered as compact JSON: a file that lost or changed a
    /// character on its way is noticed. It is no signature.
    sha256: String,
    gathered: G,
}

/// What is looked at first, because everything else depends on it.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    gathered: Option<GatheredHeader>,
}

#[derive(Deserialize)]
struct GatheredHeader {
    facts: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: Option<u64>,
}

/// The bytes of a record.
///
/// # Errors
/// Where it is larger than [`LIMIT`], in words for people.
pub fn write(gathered: &Gathered) -> Result<Vec<u8>, String> {
    let text = printed(gathered)?;
    if text.len() > LIMIT {
        return Err(too_large());
    }
    Ok(text.into_bytes())
}

/// What a record holds.
///
/// # Errors
/// Where it is anything else than what [`write`] gives, in words for people.
pub fn read(bytes: &[u8]) -> Result<Gathered, String> {
    if bytes.len() > LIMIT {
        return Err(too_large());
    }
    let text = std::str::from_utf8(bytes).map_err(|it| format!("it is not UTF-8: {it}"))?;
    let header: Header = serde_json::from_str(text).map_err(|it| damaged(&it))?;
    if header.format.as_deref() != Some(FORMAT) {
        return Err(format!("it does not say `\"format\": \"{FORMAT}\"`"));
    }
    let facts = header.gathered.and_then(|it| it.facts);
    match facts.and_then(|it| it.version) {
        Some(version) if version == u64::from(Facts::VERSION) => {}
        Some(version) => {
            let own = Facts::VERSION;
            return Err(format!(
                "its facts are of version {version}, and this program reads version {own}"
            ));
        }
        None => return Err("its facts have no version".to_owned()),
    }
    let record: Record<Gathered> = serde_json::from_str(text).map_err(|it| damaged(&it))?;
    if record.sha256 != sum(&record.gathered)? {
        return Err("it was changed after it was written: its `sha256` is another".to_owned());
    }
    if let Some(line) = first_difference(text, &printed(&record.gathered)?) {
        return Err(format!(
            "line {line} is not as it was written: an unknown key, a missing one, or another layout"
        ));
    }
    Ok(record.gathered)
}

/// The line, from 1, in which two texts begin to differ.
pub(super) fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| a == b);
    Some(same.count() + 1)
}

fn printed(gathered: &Gathered) -> Result<String, String> {
    let record = Record {
        format: FORMAT.to_owned(),
        sha256: sum(gathered)?,
        gathered,
    };
    let text = serde_json::to_string_pretty(&record).map_err(|it| it.to_string())?;
    Ok(format!("{}\n", escape::json(&text)))
}

fn sum(gathered: &Gathered) -> Result<String, String> {
    let text = serde_json::to_vec(gathered).map_err(|it| it.to_string())?;
    Ok(model::digest(&text))
}

pub(super) fn damaged(error: &serde_json::Error) -> String {
    format!("it is damaged: {error}")
}

fn too_large() -> String {
    format!("it is larger than {} MiB", LIMIT >> 20)
}

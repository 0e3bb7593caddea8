//! Files that are only ever read back whole: one that says more, less or something else than what was
//! written is none. The checksum in them finds damage; it is no signature, so where a file comes from
//! is for the pipeline to see to.

use crate::model;
use crate::reporters::escape;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A kind of such files.
pub(super) struct Seal {
    /// What they call themselves.
    pub(super) format: &'static str,
    /// The version of what they hold that this program writes and reads.
    pub(super) version: u32,
    /// Bytes of the largest one that is written and read.
    pub(super) limit: usize,
}

/// The file; its content is owned or borrowed.
#[derive(Serialize, Deserialize)]
struct File<C> {
    format: String,
    version: u32,
    /// [`model::digest`] of the content as compact JSON.
    sha256: String,
    content: C,
}

/// What is looked at first, because everything else depends on it.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u64>,
}

impl Seal {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Where it is too large, in words for people.
    pub(super) fn write<C: Serialize>(&self, content: &C) -> Result<Vec<u8>, String> {
        let text = self.printed(content)?;
        if text.len() > self.limit {
            return Err(self.too_large());
        }
        Ok(text.into_bytes())
    }

    /// What a file holds.
    ///
    /// # Errors
    /// Where it is anything else than what [`Seal::write`] gives, in words for people.
    pub(super) fn read<C: Serialize + DeserializeOwned>(&self, bytes: &[u8]) -> Result<C, String> {
        if bytes.len() > self.limit {
            return Err(self.too_large());
        }
        let text = std::str::from_utf8(bytes).map_err(|it| format!("it is not UTF-8: {it}"))?;
        let header: Header = serde_json::from_str(text).map_err(|it| damaged(&it))?;
        if header.format.as_deref() != Some(self.format) {
            return Err(format!("it does not say `\"format\": \"{}\"`", self.format));
        }
        match header.version {
            Some(version) if version == u64::from(self.version) => {}
            Some(other) => {
                return Err(format!(
                    "it is of version {other}, and this program reads version {}",
                    self.version
                ));
            }
            None => return Err("it has no version".to_owned()),
        }
        let file: File<C> = serde_json::from_str(text).map_err(|it| damaged(&it))?;
        if file.sha256 != sum(&file.content)? {
            return Err("it was changed after it was written: its `sha256` is another".to_owned());
        }
        if let Some(line) = first_difference(text, &self.printed(&file.content)?) {
            return Err(format!(
                "line {line} is not as it was written: an unknown key, a missing one, or another layout"
            ));
        }
        Ok(file.content)
    }

    fn printed<C: Serialize>(&self, content: &C) -> Result<String, String> {
        let file = File {
            format: self.format.to_owned(),
            version: self.version,
            sha256: sum(content)?,
            content,
        };
        let text = serde_json::to_string_pretty(&file).map_err(|it| it.to_string())?;
        Ok(format!("{}\n", escape::json(&text)))
    }

    fn too_large(&self) -> String {
        format!("it is larger than {} MiB", self.limit >> 20)
    }
}

fn sum<C: Serialize>(content: &C) -> Result<String, String> {
    let text = serde_json::to_vec(content).map_err(|it| it.to_string())?;
    Ok(model::digest(&text))
}

fn damaged(error: &serde_json::Error) -> String {
    format!("it is damaged: {error}")
}

/// The line, from 1, in which two texts begin to differ.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| a == b);
    Some(same.count() + 1)
}

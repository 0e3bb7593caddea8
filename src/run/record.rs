//! The record of a check: what was established and what BASE asks, in a file that can be judged
//! again. Nothing is judged by a part of one.

use super::{Gathered, sealed::Seal};
use crate::model::Facts;

/// Bytes of the largest record that is written and read.
pub const LIMIT: usize = 128 << 20;

const SEAL: Seal = Seal {
    format: "tollgate-facts",
    version: Facts::VERSION,
    limit: LIMIT,
};

/// The bytes of a record.
///
/// # Errors
/// Where it is larger than [`LIMIT`], in words for people.
pub fn write(gathered: &Gathered) -> Result<Vec<u8>, String> {
    SEAL.write(gathered)
}

/// What a record holds.
///
/// # Errors
/// Where it is anything else than what [`write()`] gives, in words for people.
pub fn read(bytes: &[u8]) -> Result<Gathered, String> {
    SEAL.read(bytes)
}

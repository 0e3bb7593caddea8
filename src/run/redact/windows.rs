//! Long values, which nobody quotes as a whole: they are known by parts of them, in time and memory in
//! proportion to their length.

use std::collections::HashSet;
use std::ops::Range;

/// Bytes of a part.
const PART: usize = 32;

/// Values longer than this are long: of a quotation of them, a part is inside wherever it begins.
pub(super) const LONG: usize = 256;

/// Parts of long values: each begins where the one before it ends, so that every piece of two parts less
/// one byte holds a whole one.
#[derive(Default)]
pub(super) struct Windows(HashSet<[u8; PART]>);

impl Windows {
    /// The parts of a value that may be quoted.
    pub(super) fn add(&mut self, value: &str, may_be_quoted: impl Fn(&[u8]) -> bool) {
        let parts = parts(value).filter(|it| may_be_quoted(it));
        self.0
            .extend(parts.filter_map(|it| <[u8; PART]>::try_from(it).ok()));
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where pieces of values stand in a text, with the rest of the words around them.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let bytes = text.as_bytes();
        let parts = bytes.windows(PART).enumerate();
        let found = parts.filter(|(_, it)| self.0.contains(*it));
        found.map(|(at, _)| around(text, at..at + PART)).collect()
    }
}

/// What a long value is known by.
pub(super) fn parts(value: &str) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().chunks_exact(PART)
}

/// A part with what stands before and behind it without a space, as far as it may belong to the value.
fn around(text: &str, part: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let word = |it: &u8| !it.is_ascii_whitespace();
    let before = bytes[..part.start]
        .iter()
        .rev()
        .take(PART)
        .take_while(|it| word(it));
    let after = bytes[part.end..]
        .iter()
        .take(PART)
        .take_while(|it| word(it));
    let (mut start, mut end) = (part.start - before.count(), part.end + after.count());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_long_value_is_found_wherever_it_begins() {
        let value: String = (0..200).map(|it| format!("{it:03}-")).collect();
        let mut windows = Windows::default();
        windows.add(&value, |_| true);
        for start in 0..40 {
            let piece = &value[start..start + 2 * PART - 1];
            let text = format!("it says {piece} here");
            let found = windows.find(&text);
            assert!(!found.is_empty(), "{start}");
            let covered = |at: usize| found.iter().any(|it| it.contains(&at));
            assert!((8..8 + piece.len()).all(covered), "{start}");
            assert!(!covered(3) && !covered(text.len() - 2), "{start}");
        }
        assert!(windows.find("nothing of it").is_empty());
    }

    #[test]
    fn what_repeats_takes_one_part() {
        let mut windows = Windows::default();
        windows.add(&"QUJD".repeat(100_000), |_| true);
        assert_eq!(windows.0.len(), 1);
        windows.add(&"0123456789".repeat(1_000), |_| true);
        assert!(windows.0.len() <= 1 + 10);
    }
}

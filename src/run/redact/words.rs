//! Short values, found in texts as a whole. Values may be many and texts are few, so that nothing is built
//! but their order: of those that begin as a text goes on, each is a beginning of the next longer one.

use std::ops::Range;
use std::sync::Arc;

/// Bytes of which each value has at least as many.
const BEGINNING: usize = 4;

/// Values in their order.
#[derive(Default)]
pub(super) struct Words {
    sorted: Vec<Arc<str>>,
    /// Which beginnings there are, by a hash: most places of a text are no beginning of any.
    beginnings: Vec<bool>,
}

impl Words {
    /// Of `values`, those that have a beginning.
    pub(super) fn new(values: Vec<Arc<str>>) -> Self {
        // The first bytes decide as a rule, and stand beside each other.
        let mut keyed: Vec<(u64, Arc<str>)> = values
            .into_iter()
            .map(|it| (first_bytes(&it), it))
            .collect();
        keyed.sort_unstable();
        let mut sorted: Vec<Arc<str>> = keyed.into_iter().map(|it| it.1).collect();
        sorted.dedup();
        let room = (sorted.len() * 8).next_power_of_two();
        let mut beginnings = vec![false; room];
        for it in &sorted {
            if let Some(it) = hash(it.as_bytes(), room).and_then(|it| beginnings.get_mut(it)) {
                *it = true;
            }
        }
        Self { sorted, beginnings }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Where values stand in a text, shorter ones inside of longer ones too.
    pub(super) fn find(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        for (at, _) in text.char_indices() {
            let rest = text.get(at..).unwrap_or_default();
            let may = hash(rest.as_bytes(), self.beginnings.len())
                .is_some_and(|it| self.beginnings.get(it) == Some(&true));
            if may {
                let here = self.beginning(rest).into_iter();
                found.extend(here.map(|it| (at..at + it.len(), it)));
            }
        }
        found
    }

    /// The values that a text begins with.
    fn beginning(&self, text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut text = text;
        let mut upto = self.sorted.len();
        loop {
            let before = self.sorted.get(..upto).unwrap_or_default();
            upto = before.partition_point(|it| **it <= *text);
            let Some(last) = upto.checked_sub(1).and_then(|it| before.get(it)) else {
                return found;
            };
            let same = same_bytes(last, text);
            if same == last.len() {
                found.push(&**last);
                upto -= 1;
            }
            // What is a beginning of the text and comes before this one is one of what both share.
            let mut end = same.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            if end < BEGINNING {
                return found;
            }
            text = text.get(..end).unwrap_or_default();
        }
    }
}

/// In the order of the texts, as far as they go.
fn first_bytes(text: &str) -> u64 {
    let bytes = text.bytes().chain(std::iter::repeat(0)).take(8);
    bytes.fold(0, |key, it| key << 8 | u64::from(it))
}

fn same_bytes(a: &str, b: &str) -> usize {
    let pairs = a.bytes().zip(b.bytes());
    pairs.take_while(|(a, b)| a == b).count()
}

/// Of the first bytes of a text; `room` is a power of two.
fn hash(text: &[u8], room: usize) -> Option<usize> {
    let first = text.first_chunk::<BEGINNING>()?;
    let mixed = u64::from(u32::from_le_bytes(*first)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 24).ok().map(|it| it & (room - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(values: &[&str]) -> Words {
        Words::new(values.iter().map(|it| Arc::from(*it)).collect())
    }

    fn found<'a>(words: &'a Words, text: &str) -> Vec<(usize, &'a str)> {
        let found = words.find(text).into_iter();
        found.map(|(range, it)| (range.start, it)).collect()
    }

    #[test]
    fn every_value_is_found_where_it_stands_and_those_inside_of_it_too() {
        let words = words(&["abcd", "abcde", "abcdefgh", "abcx", "bcde", "zzzz", "äöü"]);
        assert_eq!(
            found(&words, "abcdefgh"),
            [(0, "abcdefgh"), (0, "abcde"), (0, "abcd"), (1, "bcde")]
        );
        assert_eq!(found(&words, "-abcd!"), [(1, "abcd")]);
        assert_eq!(
            found(&words, "abcdefg"),
            [(0, "abcde"), (0, "abcd"), (1, "bcde")]
        );
        assert_eq!(found(&words, "abc äöü zzz"), [(4, "äöü")]);
        assert_eq!(found(&words, ""), []);
        assert_eq!(found(&Words::default(), "abcd"), []);
    }

    #[test]
    fn the_answer_is_that_of_looking_for_each() {
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let mut text = |length: u32| -> String {
            (0..length)
                .map(|_| ['a', 'b', 'é'][next(3) as usize])
                .collect()
        };
        for round in 0..200 {
            let values: Vec<Arc<str>> = (0..20).map(|it| Arc::from(text(4 + it % 9))).collect();
            let text = text(40);
            let mut want = Vec::new();
            for value in &values {
                let at = text.char_indices().map(|it| it.0);
                want.extend(
                    at.filter(|at| text[*at..].starts_with(&**value))
                        .map(|at| (at, &**value)),
                );
            }
            want.sort_by_key(|it| (it.0, std::cmp::Reverse(it.1.len())));
            want.dedup();
            let words = Words::new(values.clone());
            assert_eq!(found(&words, &text), want, "round {round}");
        }
    }
}

//! What an answer says. Values may be many and long, and an answer quotes few of them: of what nothing in it
//! begins and ends like, nothing has to be kept.

use serde::Serialize;
use std::io::{self, Write};

/// Bytes by which longer forms of values are told from each other.
const BEGINNING: usize = 8;

/// Bytes by which those are that are shorter than that.
const SHORT: usize = 4;

/// Bits of a table: more than most answers have bytes.
const BITS: u32 = 23;

/// Every text of an answer, by the beginnings of all that stands in it.
pub(super) struct Said(Option<Box<Beginnings>>);

impl Said {
    /// Texts that nobody knows yet.
    pub(super) fn anything() -> Self {
        Self(None)
    }

    /// The texts of an answer.
    pub(super) fn by<T: Serialize>(answer: &T) -> Self {
        let mut texts = Beginnings::default();
        match serde_json::to_writer(&mut texts, answer) {
            Ok(()) => Self(Some(Box::new(texts))),
            Err(_) => Self::anything(),
        }
    }

    /// Whether this may stand in a text: something there begins like it, and something ends so.
    pub(super) fn may_quote(&self, form: &[u8]) -> bool {
        let Some(texts) = &self.0 else {
            return true;
        };
        let ends = [form.first_chunk::<BEGINNING>(), form.last_chunk()];
        if let [Some(first), Some(last)] = ends {
            let mut ends = [first, last].into_iter();
            return ends.all(|it| texts.long.has(u64::from_be_bytes(*it)));
        }
        let short = form.first_chunk::<SHORT>();
        short.is_none_or(|it| texts.short.has(u64::from(u32::from_be_bytes(*it))))
    }
}

/// Beginnings by a hash.
struct Table(Vec<u64>);

impl Default for Table {
    fn default() -> Self {
        Self(vec![0; 1 << (BITS - 6)])
    }
}

impl Table {
    fn place(beginning: u64) -> (usize, u64) {
        let mixed = beginning.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS);
        let bit = 1 << (mixed & 63);
        (usize::try_from(mixed >> 6).unwrap_or_default(), bit)
    }

    fn add(&mut self, beginning: u64) {
        let (at, bit) = Self::place(beginning);
        if let Some(it) = self.0.get_mut(at) {
            *it |= bit;
        }
    }

    fn has(&self, beginning: u64) -> bool {
        let (at, bit) = Self::place(beginning);
        self.0.get(at).is_none_or(|it| it & bit != 0)
    }
}

/// Reads an answer as JSON, and its texts as they were before that.
#[derive(Default)]
struct Beginnings {
    long: Table,
    short: Table,
    /// The last bytes.
    last: u64,
    escape: Escape,
}

#[derive(Clone, Copy, Default)]
enum Escape {
    #[default]
    None,
    Begun,
    /// Digits that are to come, and what those before them say.
    Digits(u8, u32),
}

impl Beginnings {
    fn byte(&mut self, byte: u8) {
        self.last = self.last << 8 | u64::from(byte);
        self.long.add(self.last);
        self.short.add(self.last & u64::from(u32::MAX));
    }

    fn written(&mut self, byte: u8) {
        self.escape = match (self.escape, byte) {
            (Escape::None, b'\\') => Escape::Begun,
            (Escape::None, _) => {
                self.byte(byte);
                Escape::None
            }
            (Escape::Begun, b'u') => Escape::Digits(4, 0),
            (Escape::Begun, _) => {
                self.byte(match byte {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'f' => 12,
                    other => other,
                });
                Escape::None
            }
            (Escape::Digits(left, value), _) => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let value = value << 4 | digit;
                if left > 1 {
                    Escape::Digits(left - 1, value)
                } else {
                    let mut room = [0; 4];
                    let it = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
                    it.encode_utf8(&mut room)
                        .bytes()
                        .for_each(|it| self.byte(it));
                    Escape::None
                }
            }
        };
    }
}

impl Write for Beginnings {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes.iter().for_each(|it| self.written(*it));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_anywhere_in_an_answer_may_be_quoted() {
        let text = "is \"hunter2\"\\\n\u{1}\u{7f}é\ttoo, and ends in hunter3";
        let said = Said::by(&serde_json::json!({"a": [{"b": text}], "key-of-it": 1}));
        for at in (0..text.len()).filter(|it| text.is_char_boundary(*it)) {
            let rest = &text.as_bytes()[at..];
            assert!(rest.len() < SHORT || said.may_quote(rest), "{at}");
            let short = &rest[..rest.len().min(5)];
            assert!(short.len() < SHORT || said.may_quote(short), "{at}");
        }
        assert!(said.may_quote(b"key-of-it"));
        assert!(!said.may_quote(b"hunter4 and more"));
        assert!(!said.may_quote(b"abcd"));
    }

    #[test]
    fn of_texts_that_nobody_knows_anything_may_be_quoted() {
        assert!(Said::anything().may_quote(b"hunter2"));
        let not_json = std::collections::BTreeMap::from([((1, 2), "x")]);
        assert!(Said::by(&not_json).may_quote(b"hunter2 and more"));
    }
}

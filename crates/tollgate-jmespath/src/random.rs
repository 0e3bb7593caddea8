//! Text that matches a regular expression, for Kyverno's `random`.
//!
//! The text follows from the pattern, the runtime's seed and the number of calls before it, so that an evaluation can be
//! repeated. It is no secret: nothing may use it as a password that is meant to hold.

use regex_syntax::hir::{Class, Hir, HirKind};
use tollgate_goregex::to_rust;

/// What an unbounded repetition adds to its minimum at most.
const UNBOUNDED: u32 = 32;
/// Parts of the pattern gone through for one text.
const MAX_STEPS: usize = 200_000;

/// A text that matches the pattern.
pub(crate) fn generate(
    pattern: &str,
    seed: u64,
    draw: u64,
    limit: usize,
) -> Result<String, String> {
    if pattern.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    refuse_perl(pattern)?;
    let translated = to_rust(pattern).map_err(|it| it.to_string())?;
    let hir =
        regex_syntax::parse(&translated).map_err(|_| "the pattern can't be read".to_owned())?;
    let mut state = seed ^ draw.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for byte in pattern.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    let mut generator = Generator {
        state,
        out: String::new(),
        limit,
        steps: MAX_STEPS,
    };
    generator.emit(&hir)?;
    Ok(generator.out)
}

/// Kyverno's library reads POSIX patterns: no `\d`, no `(?..)`.
fn refuse_perl(pattern: &str) -> Result<(), String> {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let refused = match (c, chars.peek()) {
            ('\\', Some(next)) => {
                next.is_ascii_alphanumeric()
                    && !matches!(next, 'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' | '0'..='7')
            }
            ('(', Some('?')) => true,
            _ => false,
        };
        if refused {
            return Err(
                "the pattern may use neither classes such as `\\d` nor `(?..)`, write `[0-9]`"
                    .to_owned(),
            );
        }
        if c == '\\' {
            chars.next();
        }
    }
    Ok(())
}

struct Generator {
    state: u64,
    out: String,
    limit: usize,
    /// Parts of the pattern that may still be gone through: some give no text.
    steps: usize,
}

impl Generator {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.state;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        it ^ (it >> 31)
    }

    /// A number below the bound, which is not 0.
    fn below(&mut self, bound: u32) -> u32 {
        // The remainder is below a 32-bit bound.
        (self.next() % u64::from(bound.max(1))) as u32
    }

    fn emit(&mut self, hir: &Hir) -> Result<(), String> {
        if self.out.len() > self.limit || self.steps == 0 {
            return Err("the text becomes too long".to_owned());
        }
        self.steps -= 1;
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(it) => self.out.push_str(&String::from_utf8_lossy(&it.0)),
            HirKind::Class(Class::Unicode(class)) => {
                let ranges: Vec<_> = class
                    .ranges()
                    .iter()
                    .map(|it| (it.start(), it.end()))
                    .collect();
                let c = self.pick(&ranges).ok_or("a class matches nothing")?;
                self.out.push(c);
            }
            HirKind::Class(Class::Bytes(class)) => {
                let ranges: Vec<_> = class
                    .ranges()
                    .iter()
                    .map(|it| (char::from(it.start()), char::from(it.end())))
                    .collect();
                let c = self.pick(&ranges).ok_or("a class matches nothing")?;
                self.out.push(c);
            }
            HirKind::Repetition(it) => {
                let most = it.max.unwrap_or(it.min.saturating_add(UNBOUNDED));
                let times = it.min + self.below(most.saturating_sub(it.min).saturating_add(1));
                for _ in 0..times {
                    self.emit(&it.sub)?;
                }
            }
            HirKind::Capture(it) => self.emit(&it.sub)?,
            HirKind::Concat(parts) => {
                for part in parts {
                    self.emit(part)?;
                }
            }
            HirKind::Alternation(parts) => {
                let index = self.below(u32::try_from(parts.len()).unwrap_or(u32::MAX));
                self.emit(&parts[index as usize])?;
            }
        }
        Ok(())
    }

    /// One character of a class, a printable ASCII one if there is any.
    fn pick(&mut self, ranges: &[(char, char)]) -> Option<char> {
        let printable: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(start, end)| (u32::from(*start).max(0x20), u32::from(*end).min(0x7e)))
            .filter(|(start, end)| start <= end)
            .collect();
        let all = || {
            let range = |(start, end): &(char, char)| (u32::from(*start), u32::from(*end));
            ranges.iter().map(range).collect()
        };
        let ranges: Vec<(u32, u32)> = if printable.is_empty() {
            all()
        } else {
            printable
        };
        let total: u32 = ranges.iter().map(|(start, end)| end - start + 1).sum();
        let mut at = self.below(total);
        for (start, end) in &ranges {
            let size = end - start + 1;
            if at < size {
                // Surrogates lie inside of the large ranges only; the start is a character.
                return char::from_u32(start + at).or_else(|| char::from_u32(*start));
            }
            at -= size;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_its_pattern_and_can_be_repeated() {
        for pattern in [
            "[0-9a-z]{8}",
            "(a|bc)+-?",
            "x{3,5}.*",
            "[^a-z]{20}",
            "^a$",
            "é",
        ] {
            let regex = tollgate_goregex::Regex::new(&format!("^(?s:{pattern})$")).expect("valid");
            for draw in 0..50 {
                let text = generate(pattern, 7, draw, 10_000).expect("short");
                assert!(regex.is_match(&text), "{pattern} gave {text:?}");
                assert_eq!(generate(pattern, 7, draw, 10_000), Ok(text));
            }
        }
        let draws: std::collections::BTreeSet<_> = (0..20)
            .map(|draw| generate("[0-9a-z]{8}", 0, draw, 100))
            .collect();
        assert_eq!(draws.len(), 20);
        for pattern in ["", r"\d", "(?:a)", r"[\w]"] {
            assert!(generate(pattern, 0, 0, 100).is_err());
        }
        assert!(generate("(a{30}){30}", 0, 0, 100).is_err());
        let nested = (0..20).map(|draw| generate("((((((a?)*)*)*)*)*)*", 0, draw, usize::MAX));
        assert!(nested.filter(Result::is_err).count() > 0);
    }
}

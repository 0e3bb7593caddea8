//! Three texts to one, line by line.

use super::lines::{self, Hunk};
use std::collections::HashMap;
use std::ops::Range;

/// What two changes of one text give.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// Both changes.
    Clean(Vec<u8>),
    /// They meet: the text with both sides of each conflict between marks.
    Conflict(Vec<u8>),
    /// They cannot be told apart by lines.
    Binary,
}

/// As git's own merge without attributes.
pub(super) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    if [base, ours, theirs].into_iter().any(is_binary) {
        return Merged::Binary;
    }
    let mut kinds = HashMap::new();
    let [base, ours, theirs] = [base, ours, theirs].map(|it| Lines::new(it, &mut kinds));
    let mine = lines::hunks(&base.ids, &ours.ids, kinds.len());
    let other = lines::hunks(&base.ids, &theirs.ids, kinds.len());
    let sides = Sides {
        ours: &ours,
        theirs: &theirs,
    };
    sides.put_together(&sides.chunks(&mine, &other))
}

/// Source: git's `buffer_is_binary`.
pub(super) fn is_binary(text: &[u8]) -> bool {
    text[..text.len().min(8_000)].contains(&0)
}

/// A text in lines, each with its end, and a number for each that equal lines share.
struct Lines<'a> {
    text: Vec<&'a [u8]>,
    ids: Vec<u32>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8], kinds: &mut HashMap<&'a [u8], u32>) -> Self {
        let text: Vec<&[u8]> = text.split_inclusive(|it| *it == b'\n').collect();
        let ids = text.iter().map(|line| {
            let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
            *kinds.entry(line).or_insert(next)
        });
        let ids = ids.collect();
        Self { text, ids }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Ours,
    Theirs,
    Both,
}

/// A stretch that is not as in the base.
struct Chunk {
    which: Which,
    ours: Range<usize>,
    theirs: Range<usize>,
}

struct Sides<'a> {
    ours: &'a Lines<'a>,
    theirs: &'a Lines<'a>,
}

impl Sides<'_> {
    /// What each side changed. Changes that touch are one, unless both made the same.
    fn chunks(&self, ours: &[Hunk], theirs: &[Hunk]) -> Vec<Chunk> {
        let mut chunks = Chunks::default();
        let (mut mine, mut other) = (ours.iter().peekable(), theirs.iter().peekable());
        // How far a line of the base has moved on a side, behind the hunks that are done.
        let (mut shift_ours, mut shift_theirs) = (0_isize, 0_isize);
        let moved = |range: &Range<usize>, by: isize| {
            range.start.saturating_add_signed(by)..range.end.saturating_add_signed(by)
        };
        let grown = |it: &Hunk| it.new.len().cast_signed() - it.old.len().cast_signed();
        loop {
            let (a, b) = match (mine.peek().copied(), other.peek().copied()) {
                (None, None) => break,
                (Some(a), b) if b.is_none_or(|b| a.old.end < b.old.start) => {
                    let theirs = moved(&a.old, shift_theirs);
                    chunks.add(Which::Ours, a.new.clone(), theirs);
                    shift_ours += grown(a);
                    mine.next();
                    continue;
                }
                (a, Some(b)) if a.is_none_or(|a| b.old.end < a.old.start) => {
                    let ours = moved(&b.old, shift_ours);
                    chunks.add(Which::Theirs, ours, b.new.clone());
                    shift_theirs += grown(b);
                    other.next();
                    continue;
                }
                (Some(a), Some(b)) => (a, b),
                (_, None) | (None, _) => break,
            };
            if a.old != b.old || self.ours.ids[a.new.clone()] != self.theirs.ids[b.new.clone()] {
                let start = a.old.start.min(b.old.start);
                let end = a.old.end.max(b.old.end);
                // Where another hunk of the same side is meant as well, the ends are put right by it.
                let around = |it: &Hunk| {
                    let before = it.old.start - start;
                    it.new.start.saturating_sub(before)..it.new.end + (end - it.old.end)
                };
                chunks.add(Which::Both, around(a), around(b));
            }
            if a.old.end >= b.old.end {
                shift_theirs += grown(b);
                other.next();
            }
            if b.old.end >= a.old.end {
                shift_ours += grown(a);
                mine.next();
            }
        }
        chunks.0
    }

    fn put_together(&self, chunks: &[Chunk]) -> Merged {
        let mut text = Vec::new();
        let mut conflict = false;
        let mut at = 0;
        for chunk in chunks {
            let ours = &self.ours.ids[chunk.ours.clone()];
            let theirs = &self.theirs.ids[chunk.theirs.clone()];
            // Both sides may have come to the same by different ways.
            if chunk.which == Which::Both && !ours.is_empty() && ours == theirs {
                continue;
            }
            let ours = &self.ours.text[chunk.ours.clone()];
            let theirs = &self.theirs.text[chunk.theirs.clone()];
            push(&mut text, &self.ours.text[at..chunk.ours.start]);
            match chunk.which {
                Which::Ours => push(&mut text, ours),
                Which::Theirs => push(&mut text, theirs),
                Which::Both => {
                    conflict = true;
                    text.extend_from_slice(b"<<<<<<<<<\n");
                    push(&mut text, ours);
                    text.extend_from_slice(b"=========\n");
                    push(&mut text, theirs);
                    text.extend_from_slice(b">>>>>>>>>\n");
                }
            }
            at = chunk.ours.end;
        }
        push(&mut text, &self.ours.text[at..]);
        if conflict {
            Merged::Conflict(text)
        } else {
            Merged::Clean(text)
        }
    }
}

fn push(text: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        text.extend_from_slice(line);
    }
}

#[derive(Default)]
struct Chunks(Vec<Chunk>);

impl Chunks {
    /// One more; what touches the one before becomes part of it.
    fn add(&mut self, which: Which, ours: Range<usize>, theirs: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if ours.start <= last.ours.end || theirs.start <= last.theirs.end => {
                if last.which != which {
                    last.which = Which::Both;
                }
                last.ours.end = ours.end;
                last.theirs.end = theirs.end;
            }
            _ => self.0.push(Chunk {
                which,
                ours,
                theirs,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a line; what came out, with marks around a conflict.
    fn merged(base: &str, ours: &str, theirs: &str) -> String {
        let lines = |text: &str| text.chars().map(|it| format!("{it}\n")).collect::<String>();
        let [base, ours, theirs] = [base, ours, theirs].map(lines);
        match merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()) {
            Merged::Clean(text) => String::from_utf8_lossy(&text).replace('\n', ""),
            Merged::Conflict(text) => {
                let text = String::from_utf8_lossy(&text).replace('\n', "");
                let text = text.replace("<<<<<<<<<", "<").replace("=========", "|");
                text.replace(">>>>>>>>>", ">")
            }
            Merged::Binary => "binary".to_owned(),
        }
    }

    #[test]
    fn changes_apart_are_both_made() {
        assert_eq!(merged("abcde", "Abcde", "abcdE"), "AbcdE");
        assert_eq!(merged("abcde", "bcde", "abcdef"), "bcdef");
        assert_eq!(merged("abc", "abc", "xyz"), "xyz");
        assert_eq!(merged("abc", "xyz", "abc"), "xyz");
    }

    #[test]
    fn the_same_change_is_made_once() {
        assert_eq!(merged("abc", "axc", "axc"), "axc");
        assert_eq!(merged("abcde", "axcde", "axcdE"), "axcdE");
        // By different ways: the one replaces a line, the other replaces two with the same outcome.
        assert_eq!(merged("", "ab", "ab"), "ab");
    }

    #[test]
    fn changes_that_meet_are_a_conflict() {
        assert_eq!(merged("abc", "axc", "ayc"), "a<x|y>c");
        assert_eq!(merged("abcd", "axcd", "abyd"), "a<xc|by>d");
        assert_eq!(merged("abc", "abxc", "abyc"), "ab<x|y>c");
        assert_eq!(merged("abc", "ac", "axc"), "a<|x>c");
        assert_eq!(merged("", "a", "b"), "<a|b>");
    }

    #[test]
    fn a_last_line_without_an_end_is_another_line() {
        assert_eq!(
            merge(b"a\nb\nc", b"A\nb\nc", b"a\nb\nc\n"),
            Merged::Clean(b"A\nb\nc\n".to_vec())
        );
    }

    #[test]
    fn what_is_no_text_is_not_merged() {
        assert_eq!(merge(b"a\0", b"b\0", b"c\0"), Merged::Binary);
    }
}

//! Which lines differ, as git's merge sees it: a histogram difference whose groups are moved
//! together afterwards. Source: git's `xdiff`, whose answers decide what merges cleanly.

use std::ops::Range;

/// Lines that one text has in place of those of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The lines that went, by their number in the old text.
    pub(super) old: Range<usize>,
    /// The lines that came, by their number in the new text.
    pub(super) new: Range<usize>,
}

/// Lines that stand in a stretch more often than this are no anchor for it.
const MOST_OCCURRENCES: u32 = 64;

/// The differences between two texts whose lines are numbers below `kinds`, in their order. Between
/// two of them there is at least one line that both texts have.
pub(super) fn hunks(old: &[u32], new: &[u32], kinds: usize) -> Vec<Hunk> {
    let mut marks = Marks {
        removed: vec![false; old.len()],
        added: vec![false; new.len()],
    };
    Histogram::new(old, new, kinds).mark(&mut marks);
    compact(old, &mut marks.removed, &marks.added);
    compact(new, &mut marks.added, &marks.removed);
    marks.hunks()
}

struct Marks {
    removed: Vec<bool>,
    added: Vec<bool>,
}

impl Marks {
    fn hunks(&self) -> Vec<Hunk> {
        let mut hunks = Vec::new();
        let (mut old, mut new) = (0, 0);
        loop {
            let hunk = Hunk {
                old: old..run(&self.removed, old),
                new: new..run(&self.added, new),
            };
            (old, new) = (hunk.old.end + 1, hunk.new.end + 1);
            let done = hunk.old.end >= self.removed.len();
            if !hunk.old.is_empty() || !hunk.new.is_empty() {
                hunks.push(hunk);
            }
            if done {
                return hunks;
            }
        }
    }
}

/// Where the marked lines that begin at `from` end.
fn run(marks: &[bool], from: usize) -> usize {
    let marked = marks.iter().skip(from).take_while(|it| **it).count();
    from + marked
}

const NOWHERE: usize = usize::MAX;

/// Splits both texts at the longest stretch that they share among the rarest lines, then goes on
/// with what is before and behind it.
struct Histogram<'a> {
    old: &'a [u32],
    new: &'a [u32],
    /// By line: the first place in the stretch of the old text, and how many there are.
    first: Vec<usize>,
    count: Vec<u32>,
    /// By place in the old text: the next one of the same line.
    next: Vec<usize>,
}

/// A stretch that both texts have.
struct Shared {
    old: Range<usize>,
    new: Range<usize>,
}

enum Split {
    /// No line is in both.
    Nothing,
    At(Shared),
    /// Whatever is in both stands there too often.
    Repetitive,
}

impl<'a> Histogram<'a> {
    fn new(old: &'a [u32], new: &'a [u32], kinds: usize) -> Self {
        Self {
            old,
            new,
            first: vec![NOWHERE; kinds],
            count: vec![0; kinds],
            next: vec![NOWHERE; old.len()],
        }
    }

    fn mark(&mut self, marks: &mut Marks) {
        let mut open = vec![(0..self.old.len(), 0..self.new.len())];
        while let Some((old, new)) = open.pop() {
            let split = if old.is_empty() || new.is_empty() {
                Split::Nothing
            } else {
                self.split(&old, &new)
            };
            match split {
                Split::At(shared) => {
                    open.push((old.start..shared.old.start, new.start..shared.new.start));
                    open.push((shared.old.end..old.end, shared.new.end..new.end));
                }
                Split::Nothing => {
                    marks.removed[old].fill(true);
                    marks.added[new].fill(true);
                }
                // git tries another algorithm here. To take all between the common ends for changed
                // merges less and never other than it does.
                Split::Repetitive => {
                    let (old, new) = self.without_ends(old, new);
                    marks.removed[old].fill(true);
                    marks.added[new].fill(true);
                }
            }
        }
    }

    fn without_ends(
        &self,
        mut old: Range<usize>,
        mut new: Range<usize>,
    ) -> (Range<usize>, Range<usize>) {
        let left = |old: &Range<usize>, new: &Range<usize>| !old.is_empty() && !new.is_empty();
        while left(&old, &new) && self.old[old.start] == self.new[new.start] {
            old.start += 1;
            new.start += 1;
        }
        while left(&old, &new) && self.old[old.end - 1] == self.new[new.end - 1] {
            old.end -= 1;
            new.end -= 1;
        }
        (old, new)
    }

    fn split(&mut self, old: &Range<usize>, new: &Range<usize>) -> Split {
        for at in old.clone().rev() {
            let line = self.old[at] as usize;
            self.next[at] = self.first[line];
            self.first[line] = at;
            self.count[line] += 1;
        }
        let split = self.longest_of_rarest(old, new);
        for at in old.clone() {
            let line = self.old[at] as usize;
            self.first[line] = NOWHERE;
            self.count[line] = 0;
        }
        split
    }

    fn longest_of_rarest(&self, old: &Range<usize>, new: &Range<usize>) -> Split {
        let mut rarest = MOST_OCCURRENCES + 1;
        let mut best: Option<Shared> = None;
        let mut any = false;
        let mut at = new.start;
        while at < new.end {
            let line = self.new[at] as usize;
            let mut after = at + 1;
            any |= self.count[line] > 0;
            let mut place = if self.count[line] <= rarest {
                self.first[line]
            } else {
                NOWHERE
            };
            while place != NOWHERE {
                let mut behind = self.next[place];
                let (shared, rarity) = self.around(place, at, old, new);
                after = after.max(shared.new.end);
                let length = best.as_ref().map_or(1, |it| it.old.len());
                let end = shared.old.end;
                if length < shared.old.len() || rarity < rarest {
                    rarest = rarity;
                    best = Some(shared);
                }
                while behind != NOWHERE && behind < end {
                    behind = self.next[behind];
                }
                place = behind;
            }
            at = after;
        }
        if any && rarest > MOST_OCCURRENCES {
            return Split::Repetitive;
        }
        best.map_or(Split::Nothing, Split::At)
    }

    /// The stretch that both share around two places, and how often the rarest of its lines stands
    /// in the old text.
    fn around(
        &self,
        place: usize,
        at: usize,
        old: &Range<usize>,
        new: &Range<usize>,
    ) -> (Shared, u32) {
        let mut rarity = self.count[self.old[place] as usize];
        let (mut a, mut b) = (place, at);
        while a > old.start && b > new.start && self.old[a - 1] == self.new[b - 1] {
            a -= 1;
            b -= 1;
            rarity = rarity.min(self.count[self.old[a] as usize]);
        }
        let (mut c, mut d) = (place + 1, at + 1);
        while c < old.end && d < new.end && self.old[c] == self.new[d] {
            rarity = rarity.min(self.count[self.old[c] as usize]);
            c += 1;
            d += 1;
        }
        let shared = Shared {
            old: a..c,
            new: b..d,
        };
        (shared, rarity)
    }
}

/// Consecutive lines of one text that are marked; empty between two that are not.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

impl Group {
    fn first(marks: &[bool]) -> Self {
        Self {
            start: 0,
            end: run(marks, 0),
        }
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Go to the group behind the next line that is not marked.
    fn forward(&mut self, marks: &[bool]) -> bool {
        if self.end >= marks.len() {
            return false;
        }
        self.start = self.end + 1;
        self.end = run(marks, self.start);
        true
    }

    fn backward(&mut self, marks: &[bool]) {
        if self.start > 0 {
            self.end = self.start - 1;
            self.start = self.end - marks[..self.end].iter().rev().take_while(|it| **it).count();
        }
    }

    /// Move the marks one line down where that means the same, and swallow the group that they meet.
    fn slide_down(&mut self, lines: &[u32], marks: &mut [bool]) -> bool {
        if self.end >= lines.len() || lines[self.start] != lines[self.end] {
            return false;
        }
        marks[self.start] = false;
        marks[self.end] = true;
        self.start += 1;
        self.end = run(marks, self.end);
        true
    }

    fn slide_up(&mut self, lines: &[u32], marks: &mut [bool]) -> bool {
        if self.start == 0 || lines[self.start - 1] != lines[self.end - 1] {
            return false;
        }
        self.start -= 1;
        self.end -= 1;
        marks[self.start] = true;
        marks[self.end] = false;
        self.start -= marks[..self.start]
            .iter()
            .rev()
            .take_while(|it| **it)
            .count();
        true
    }
}

/// Move each group of marked lines as far down as it can go, or to where it meets a group of the
/// other text; groups that meet become one.
fn compact(lines: &[u32], marks: &mut [bool], other: &[bool]) {
    let mut group = Group::first(marks);
    let mut opposite = Group::first(other);
    loop {
        if !group.is_empty() {
            settle(lines, marks, other, &mut group, &mut opposite);
        }
        if !group.forward(marks) {
            return;
        }
        opposite.forward(other);
    }
}

fn settle(
    lines: &[u32],
    marks: &mut [bool],
    other: &[bool],
    group: &mut Group,
    opposite: &mut Group,
) {
    let (mut highest, mut meets);
    loop {
        let size = group.end - group.start;
        while group.slide_up(lines, marks) {
            opposite.backward(other);
        }
        highest = group.end;
        meets = !opposite.is_empty();
        while group.slide_down(lines, marks) {
            opposite.forward(other);
            meets |= !opposite.is_empty();
        }
        if size == group.end - group.start {
            break;
        }
    }
    if group.end != highest && meets {
        while opposite.is_empty() && group.slide_up(lines, marks) {
            opposite.backward(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(old: &str, new: &str) -> String {
        let lines = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
        let hunks = hunks(&lines(old), &lines(new), 256);
        let shown = hunks.iter().map(|it| format!("{:?} {:?}", it.old, it.new));
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_differs_is_found_around_the_rarest_lines() {
        for (old, new, want) in [
            ("", "", ""),
            ("abc", "abc", ""),
            ("", "ab", "0..0 0..2"),
            ("ab", "", "0..2 0..0"),
            ("ab", "cd", "0..2 0..2"),
            ("abc", "axc", "1..2 1..2"),
            // What is added among equal lines is said to stand behind them.
            ("aab", "aaab", "2..2 2..3"),
            // `u` is rarer than `x`, so that it stays.
            ("xxuxx", "uxx", "0..2 0..0"),
            ("uxxx", "xxxu", "0..0 0..3, 1..4 4..4"),
        ] {
            assert_eq!(shown(old, new), want, "{old} {new}");
        }
    }

    #[test]
    fn lines_that_stand_everywhere_are_no_anchor() {
        let many = "x".repeat(200);
        assert_eq!(
            shown(&format!("a{many}b"), &format!("a{many}{many}b")),
            "201..201 201..401"
        );
        let old = format!("a{many}b");
        assert_eq!(shown(&old, &many), "0..202 0..200");
    }

    proptest! {
        /// The hunks turn the one text into the other, and a line stands between two of them.
        #[test]
        fn hunks_make_the_new_text(
            old in prop::collection::vec(0..5_u32, 0..40),
            new in prop::collection::vec(0..5_u32, 0..40),
        ) {
            let mut made = Vec::new();
            let (mut at, mut end) = (0, None);
            for hunk in hunks(&old, &new, 5) {
                prop_assert!(end.is_none_or(|it| it < hunk.old.start));
                made.extend_from_slice(&old[at..hunk.old.start]);
                prop_assert_eq!(made.len(), hunk.new.start);
                made.extend_from_slice(&new[hunk.new.clone()]);
                at = hunk.old.end;
                end = Some(at);
            }
            made.extend_from_slice(&old[at..]);
            prop_assert_eq!(made, new);
        }
    }
}

//! The text of a file, line by line, and the mistakes found in it.

use crate::model::{Place, Side, owners::OwnersMistake};

/// How many mistakes are told one by one.
const MOST_MISTAKES: usize = 50;

/// A line, without its line break.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: u32,
    pub(super) text: &'a str,
    /// Where it begins in the file.
    pub(super) start: usize,
}

/// A piece of a line: bytes of the file and of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) line: u32,
    start: usize,
    from: usize,
    to: usize,
}

impl<'a> Line<'a> {
    /// A part of this line, by its place in memory.
    pub(super) fn spot(&self, part: &str) -> Spot {
        let from = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let from = from.min(self.text.len());
        Spot {
            line: self.number,
            start: self.start,
            from,
            to: (from + part.len()).min(self.text.len()),
        }
    }
}

/// A file that is being read.
pub(super) struct Reader<'a> {
    path: &'a str,
    side: Side,
    text: &'a str,
    mistakes: Vec<OwnersMistake>,
    more: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a str, side: Side, text: &'a str) -> Self {
        Self {
            path,
            side,
            text,
            mistakes: Vec::new(),
            more: 0,
        }
    }

    /// The lines, but for those that hold what no editor shows as it is: a carriage return in the
    /// middle or a NUL would hide a part of a line, or all of the file, from a reader or the forge.
    pub(super) fn lines(&mut self) -> Vec<Line<'a>> {
        let mut lines = Vec::new();
        let mut start = 0;
        for (number, whole) in (1u32..).zip(self.text.split('\n')) {
            let text = whole.strip_suffix('\r').unwrap_or(whole);
            let line = Line {
                number,
                text,
                start,
            };
            start += whole.len() + 1;
            let control = text
                .char_indices()
                .find(|(_, c)| c.is_control() && *c != '\t');
            match control {
                None => lines.push(line),
                Some((at, c)) => {
                    let message = format!(
                        "the line holds the control character U+{:04X}",
                        u32::from(c)
                    );
                    let part = &text[at..at + c.len_utf8()];
                    self.mistake(line.spot(part), message, "remove it");
                }
            }
        }
        lines
    }

    /// Whether a part of a line can be read as what it looks like.
    pub(super) fn is_plain(&mut self, line: &Line<'a>, part: &'a str) -> bool {
        let Some((at, c)) = part.char_indices().find(|(_, c)| is_invisible(*c)) else {
            return true;
        };
        let message = format!(
            "the line holds the invisible character U+{:04X}",
            u32::from(c)
        );
        self.mistake(
            line.spot(&part[at..at + c.len_utf8()]),
            message,
            "remove it",
        );
        false
    }

    pub(super) fn mistake(&mut self, spot: Spot, message: impl Into<String>, help: &str) {
        if self.mistakes.len() == MOST_MISTAKES {
            self.more += 1;
            return;
        }
        self.mistakes.push(OwnersMistake {
            message: message.into(),
            help: Some(help.to_owned()),
            place: Some(place(self.path, self.side, self.text, spot)),
        });
    }

    /// What was wrong.
    pub(super) fn into_mistakes(mut self) -> Vec<OwnersMistake> {
        if self.more > 0 {
            self.mistakes.push(OwnersMistake {
                message: format!("{} more lines have mistakes", self.more),
                help: None,
                place: Some(Place::file(self.path, self.side)),
            });
        }
        self.mistakes
    }
}

/// A piece of a line, ready to be shown.
pub(super) fn place(path: &str, side: Side, text: &str, spot: Spot) -> Place {
    let rest = text.get(spot.start..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    let column = |at: usize| {
        let before = line.get(..at).unwrap_or(line).chars().count();
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    };
    let (from, to) = (column(spot.from), column(spot.to));
    Place {
        side,
        path: path.to_owned(),
        line: spot.line,
        column: from,
        end_line: spot.line,
        end_column: to.max(from.saturating_add(1)),
        text: line.chars().take(Place::LINE_LIMIT).collect(),
    }
}

/// Whether a character takes no room, or changes how its neighbours are shown: two patterns that
/// look the same would not be. Source: Unicode's `Default_Ignorable_Code_Point` and
/// `Bidi_Control`, without the variation selectors that emoji need.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

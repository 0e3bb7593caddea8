//! Characters that may not stand in a file as they are: readers differ on them, or people cannot
//! see them. Sources: YAML 1.1 section 5.1, Unicode Technical Report 36 (bidirectional and
//! invisible characters), go-yaml's `readerc.go`.

use crate::{
    error::YamlError,
    source::{FileId, Span},
};

/// Every character of `text` is one that all readers and people see alike.
pub(super) fn check(text: &str, file: FileId) -> Result<(), YamlError> {
    let mut from = 0;
    while let Some(found) = text.as_bytes()[from..]
        .iter()
        .position(|it| !is_harmless(*it))
    {
        let at = from + found;
        let Some(c) = text[at..].chars().next() else {
            break;
        };
        let end = at + c.len_utf8();
        if let Some((what, help)) = fault(text, at, c) {
            let error = YamlError::new(
                Span::new(file, at, end),
                format!("U+{:04X} stands here: {what}", u32::from(c)),
            );
            return Err(match help {
                Some(help) => error.help(help),
                None => error,
            });
        }
        from = end;
    }
    Ok(())
}

fn is_harmless(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b' '..=b'~')
}

const ESCAPE: Option<&str> = Some("write it as an escape between double quotes, or delete it");

fn fault(text: &str, at: usize, c: char) -> Option<(&'static str, Option<&'static str>)> {
    match c {
        '\r' if text.as_bytes().get(at + 1) == Some(&b'\n') => None,
        '\r' => Some((
            "a carriage return without a line feed, which is a line break to some readers only",
            Some("end lines with LF or CRLF"),
        )),
        '\0'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => {
            Some(("a control character, which YAML does not allow", ESCAPE))
        }
        '\u{85}' | '\u{2028}' | '\u{2029}' => {
            Some(("a line break to some readers and text to others", ESCAPE))
        }
        '\u{feff}' if at == 0 => None,
        '\u{feff}' => Some((
            "a byte order mark, which belongs at the start of a file only",
            ESCAPE,
        )),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some((
                "it changes the direction of writing, so that people see another text than programs",
                ESCAPE,
            ))
        }
        '\u{200c}' | '\u{200d}' if joins(text, at, c) => None,
        '\u{ad}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2064}'
        | '\u{e0000}'..='\u{e007f}' => Some(("people cannot see it", ESCAPE)),
        '\u{fffe}' | '\u{ffff}' => Some(("it is not a character", None)),
        _ => None,
    }
}

/// Emoji and some scripts need joiners between their letters; next to ASCII they only hide.
fn joins(text: &str, at: usize, c: char) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at + c.len_utf8()..].chars().next();
    let is_letter = |it: char| !it.is_ascii() && !matches!(it, '\u{200b}'..='\u{200f}');
    before.is_some_and(is_letter) && after.is_some_and(is_letter)
}

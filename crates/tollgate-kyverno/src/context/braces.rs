//! Finds `{{ variables }}` in text. Source: the expressions in `pkg/engine/variables/regex`.

use std::ops::Range;

/// A variable in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The braces and what is between them.
    pub(crate) braces: Range<usize>,
    /// Where the match begins: at the character before the braces, if that was needed to see that
    /// they are not escaped.
    pub(crate) start: usize,
}

/// All variables that do not overlap, from left to right. Of nested ones, the innermost.
///
/// As upstream's expression takes the character before the braces with it, of two variables that
/// touch only the first is found; the caller looks again.
pub(crate) fn find_all(text: &str) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(offset) = text.get(at..).and_then(|it| it.find("{{")) {
        let open = at + offset;
        // A run of braces is tried from each of them.
        at = open + 1;
        let start = if open == 0 {
            0
        } else if open == from || bytes[open - 1] == b'\\' {
            continue;
        } else {
            text[..open].char_indices().next_back().map_or(0, |it| it.0)
        };
        if start < from {
            continue;
        }
        if let Some(end) = close(bytes, open) {
            found.push(Found {
                braces: open..end,
                start,
            });
            from = end;
            at = end;
        }
    }
    found
}

/// The end of the variable that opens at `open`: `{{`, then anything without braces or with one
/// pair of them around something without, then `}}`.
fn close(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 2;
    loop {
        match bytes.get(at)? {
            b'{' => {
                let inner = bytes[at + 1..]
                    .iter()
                    .position(|it| matches!(it, b'{' | b'}'))?;
                at += 1 + inner;
                if bytes[at] == b'{' {
                    return None;
                }
                at += 1;
            }
            b'}' => return (bytes.get(at + 1) == Some(&b'}')).then_some(at + 2),
            _ => at += 1,
        }
    }
}

/// The text with something else in place of its variables. Source: `ReplaceAllVars`.
pub(crate) fn fill(text: &str, with: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for it in find_all(text) {
        filled += &text[from..it.braces.start];
        filled += with;
        from = it.braces.end;
    }
    filled + &text[from..]
}

/// The query between braces, and whether its result is not to be scanned again (`{{- x }}`).
pub(crate) fn query_of(braces: &str) -> (String, bool) {
    let bare = braces.replace("{{", "").replace("}}", "");
    let bare = bare.trim();
    match bare.strip_prefix('-') {
        Some(rest) => (rest.trim().to_owned(), true),
        None => (bare.to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        find_all(text)
            .into_iter()
            .map(|it| &text[it.braces])
            .collect()
    }

    #[test]
    fn innermost_and_unescaped() {
        assert_eq!(texts("a {{ b }} {{c}}"), ["{{ b }}", "{{c}}"]);
        assert_eq!(texts("{{ a.{{b}} }}"), ["{{b}}"]);
        assert_eq!(texts("\\{{ a }}"), Vec::<&str>::new());
        assert_eq!(texts("{{ {a: b} }}"), ["{{ {a: b} }}"]);
        assert_eq!(texts("{{ {a: b}}}"), ["{{ {a: b}}}"]);
        assert_eq!(texts("{{ a }"), Vec::<&str>::new());
        assert_eq!(texts("ä{{a}}"), ["{{a}}"]);
        // Touching ones are found one by one.
        assert_eq!(texts("{{a}}{{b}}"), ["{{a}}"]);
    }

    #[test]
    fn queries() {
        assert_eq!(query_of("{{ a }}"), ("a".to_owned(), false));
        assert_eq!(query_of("{{- a }}"), ("a".to_owned(), true));
    }
}

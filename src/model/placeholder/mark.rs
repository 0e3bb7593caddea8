//! Marks of other scanners: somebody has looked at the line and says that it holds no secret.

const MARKS: [&str; 5] = [
    "gitleaks:allow",
    "pragma: allowlist secret",
    "trufflehog:ignore",
    "ggignore",
    "nosec",
];

/// The mark of another scanner in the comment of a line; `rest` is what follows a value on it. A mark
/// counts for everything on its line, as it does for those scanners.
pub fn mark(rest: &str) -> Option<&'static str> {
    let comment = comment(rest)?;
    let is_end = |it: Option<char>| it.is_none_or(|it| !it.is_alphanumeric());
    MARKS.into_iter().find(|mark| {
        comment.split_once(*mark).is_some_and(|(before, after)| {
            is_end(before.chars().next_back()) && is_end(after.chars().next())
        })
    })
}

/// The comment of a line, from the end of a value on: it has a space before it, and a quoted text may
/// hold anything.
fn comment(rest: &str) -> Option<&str> {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    // A quote opens a text where one begins; inside of a word it is a letter.
    let mut before = 'x';
    for (at, it) in rest.char_indices() {
        if let Some(end) = quote {
            match it {
                _ if escaped => escaped = false,
                '\\' if end == '"' => escaped = true,
                _ if it == end => quote = None,
                _ => {}
            }
        } else if it == '#' && matches!(before, ' ' | '\t') {
            return rest.get(at + 1..);
        } else if matches!(it, '"' | '\'') && !before.is_alphanumeric() {
            quote = Some(it);
        }
        before = it;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_in_comments() {
        for (line, want) in [
            (" # gitleaks:allow", Some("gitleaks:allow")),
            (", b: c} # a test, gitleaks:allow", Some("gitleaks:allow")),
            (
                ", b: 'c', d: \"e\"} # gitleaks:allow",
                Some("gitleaks:allow"),
            ),
            (", b: it's} # gitleaks:allow", Some("gitleaks:allow")),
            (
                " # pragma: allowlist secret",
                Some("pragma: allowlist secret"),
            ),
            (" # nosec", Some("nosec")),
            (" # nosecret", None),
            ("# gitleaks:allow", None),
            (", b: 'c # gitleaks:allow '}", None),
            (", b: \"c\\\" # gitleaks:allow \"}", None),
            (", b: 'c''s # gitleaks:allow '}", None),
            (" gitleaks:allow", None),
            (" # words", None),
        ] {
            assert_eq!(mark(line), want, "{line}");
        }
    }
}

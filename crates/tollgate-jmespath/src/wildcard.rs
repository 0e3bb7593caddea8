//! Kyverno's wildcards: `*` is any run of characters (also none, also slashes), `?` is exactly one character.
//!
//! Source: `ext/wildcard` in kyverno 1.19.0, which is go-wildcard 1.0.3. There is no escape character.

/// Whether `text` as a whole matches `pattern`.
///
/// Takes time in proportion to the product of both lengths in the worst case and never recurses: only the last star is
/// ever retried, because an earlier star can't gain from taking more.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut text = text.chars();
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = pattern.clone();
        let mut rest = text.clone();
        let matched = match (ahead.next(), rest.next()) {
            (Some('*'), _) => {
                pattern = ahead.clone();
                retry = Some((ahead, text.clone()));
                continue;
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => true,
            (Some(want), Some(got)) => want == got,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if matched {
            pattern = ahead;
            text = rest;
            continue;
        }
        let Some((after_star, from)) = &mut retry else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = from.clone();
    }
}

/// Whether the text has a wildcard character.
pub fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, exponential and obvious.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                naive(&pattern[1..], text) || (!text.is_empty() && naive(pattern, &text[1..]))
            }
            (Some('?'), Some(_)) => naive(&pattern[1..], &text[1..]),
            (Some(a), Some(b)) if a == b => naive(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, want) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("*/app:*", "registry/team/app:1", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("**", "x", true),
            ("a?", "a", false),
            ("*a", "aab", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} on {text}");
        }
    }

    #[test]
    fn many_stars_match_what_they_say() {
        let pattern = "*a".repeat(8) + "b";
        let text = "a".repeat(16);
        assert!(!matches(&pattern, &text));
        assert!(matches(&pattern, &(text + "b")));
    }

    proptest! {
        #[test]
        fn equals_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), naive(&p, &t));
        }
    }
}

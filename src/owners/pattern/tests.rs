use super::*;
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

fn github(pattern: &str, path: &str) -> bool {
    let names: Vec<&str> = path.split('/').collect();
    let pattern = Pattern::github(pattern).unwrap_or_else(|it| panic!("{pattern}: {it:?}"));
    pattern.matches(&names)
}

fn gitlab(pattern: &str, path: &str) -> bool {
    let names: Vec<&str> = path.split('/').collect();
    let pattern = Pattern::gitlab(pattern).unwrap_or_else(|it| panic!("{pattern}: {it:?}"));
    pattern.matches(&names)
}

/// The paths of a list that a pattern matches.
fn matched<'a>(matches: fn(&str, &str) -> bool, pattern: &str, paths: &[&'a str]) -> Vec<&'a str> {
    let matches = |it: &&str| matches(pattern, it);
    paths.iter().copied().filter(matches).collect()
}

const PATHS: &[&str] = &[
    "README.md",
    "a",
    "a/b",
    "a/b/c",
    "a/b/c.md",
    "x/a",
    "x/a/b",
    "x/y/a/b",
    ".a/b",
    "A/b",
];

#[test]
fn table_of_github() {
    let all = PATHS;
    for (pattern, want) in [
        ("*", all),
        ("**", all),
        ("**/*", all),
        ("/**", all),
        ("/*", &["README.md", "a"]),
        ("*.md", &["README.md", "a/b/c.md"]),
        ("/*.md", &["README.md"]),
        (
            "a",
            &["a", "a/b", "a/b/c", "a/b/c.md", "x/a", "x/a/b", "x/y/a/b"],
        ),
        ("/a", &["a", "a/b", "a/b/c", "a/b/c.md"]),
        ("a/", &["a/b", "a/b/c", "a/b/c.md", "x/a/b", "x/y/a/b"]),
        ("/a/", &["a/b", "a/b/c", "a/b/c.md"]),
        ("a/b", &["a/b", "a/b/c", "a/b/c.md"]),
        ("a/b/", &["a/b/c", "a/b/c.md"]),
        ("a/*", &["a/b"]),
        ("a/**", &["a/b", "a/b/c", "a/b/c.md"]),
        ("a/**/", &["a/b", "a/b/c", "a/b/c.md"]),
        ("a/**/*", &["a/b", "a/b/c", "a/b/c.md"]),
        ("a/**/c", &["a/b/c"]),
        (
            "**/a",
            &["a", "a/b", "a/b/c", "a/b/c.md", "x/a", "x/a/b", "x/y/a/b"],
        ),
        ("x/**/b", &["x/a/b", "x/y/a/b"]),
        ("*/b", &["a/b", "a/b/c", "a/b/c.md", ".a/b", "A/b"]),
        ("*/*", &["a/b", "x/a", ".a/b", "A/b"]),
        ("?/b", &["a/b", "a/b/c", "a/b/c.md", "A/b"]),
        ("**/**/**", all),
        ("c.*", &["a/b/c.md"]),
        ("/A", &["A/b"]),
        ("nothing", &[]),
    ] {
        assert_eq!(matched(github, pattern, PATHS), want, "{pattern}");
    }
}

#[test]
fn table_of_gitlab() {
    let all = PATHS;
    for (pattern, want) in [
        ("*", all),
        ("**", all),
        ("**/*", all),
        // `**` as the last name is one name.
        ("/**", &["README.md", "a"]),
        ("/*", &["README.md", "a"]),
        ("*.md", &["README.md", "a/b/c.md"]),
        // A file, and no folder.
        ("a", &["a", "x/a"]),
        ("/a", &["a"]),
        ("a/", &["a/b", "a/b/c", "a/b/c.md", "x/a/b", "x/y/a/b"]),
        ("/a/", &["a/b", "a/b/c", "a/b/c.md"]),
        // It floats.
        ("a/b", &["a/b", "x/a/b", "x/y/a/b"]),
        ("a/*", &["a/b", "x/a/b", "x/y/a/b"]),
        ("/a/**", &["a/b"]),
        ("/a/**/*", &["a/b", "a/b/c", "a/b/c.md"]),
        ("/a/**/c", &["a/b/c"]),
        ("/x/**/b", &["x/a/b", "x/y/a/b"]),
        ("/*/b", &["a/b", ".a/b", "A/b"]),
        ("/[ab]/b", &["a/b"]),
        ("/[!x]/b", &["a/b", "A/b"]),
        ("/[^x]/b", &["a/b", "A/b"]),
        ("/[A-Z]/b", &["A/b"]),
        // `A` is a folder.
        ("[A-C]", &[]),
        ("README.[a-z]d", &["README.md"]),
        ("nothing", &[]),
    ] {
        assert_eq!(matched(gitlab, pattern, PATHS), want, "{pattern}");
    }
}

#[test]
fn backslashes_take_the_meaning_away() {
    for matches in [github, gitlab] {
        assert!(matches("a\\ b", "a b"));
        assert!(matches("a\\*", "a*") && !matches("a\\*", "ab"));
        assert!(matches("a\\?", "a?") && !matches("a\\?", "ab"));
        assert!(matches("a\\\\b", "a\\b"));
        assert!(matches("/\\**/b", "*x/b") && !matches("/\\**/b", "x/b"));
        assert!(matches("größe?", "größeß"));
    }
    assert!(gitlab("\\#a", "#a") && gitlab("a\\[b]", "a[b]"));
    assert!(
        gitlab("a\\\\ b", "a b"),
        "as GitLab: one backslash goes, one escapes the space"
    );
    assert!(gitlab("[\\]]x", "]x") && gitlab("[a-]x", "-x") && gitlab("[z-a]x", "ax"));
    assert!(
        gitlab("[!]x", "ax"),
        "an empty set, negated, is any character"
    );
    assert!(github("a[b", "a[b") && github("{a,b}", "{a,b}") && gitlab("{a,b}", "{a,b}"));
}

#[test]
fn what_can_match_nothing_is_told() {
    for (pattern, both, lab) in [
        ("/", Some(MATCHES_NOTHING), Some(MATCHES_NOTHING)),
        ("", Some(EMPTY), Some(EMPTY)),
        ("//", Some(NO_NAME), Some(NO_NAME)),
        ("a//b", Some(NO_NAME), Some(NO_NAME)),
        ("//a", Some(NO_NAME), Some(NO_NAME)),
        ("./a", Some(DOTS), Some(DOTS)),
        ("a/../b", Some(DOTS), Some(DOTS)),
        ("a\\", Some(ESCAPES_NOTHING), Some(ESCAPES_NOTHING)),
        ("a\\/b", Some(ESCAPED_SLASH), Some(ESCAPED_SLASH)),
        ("a/***/b", Some(STARS), None),
        ("a[b", None, Some(OPEN_SET)),
        ("a[]", None, Some(EMPTY_SET)),
        ("a[!", None, Some(OPEN_SET)),
        ("a[b-", None, Some(OPEN_SET)),
        ("a[b/c]", None, Some(SLASH_IN_SET)),
    ] {
        assert_eq!(Pattern::github(pattern).err(), both, "{pattern}");
        assert_eq!(Pattern::gitlab(pattern).err(), lab, "{pattern}");
    }
}

#[derive(Deserialize)]
struct Case {
    pattern: String,
    paths: BTreeMap<String, bool>,
}

/// Verdicts collected by another implementation; they are not part of this repository.
#[test]
fn the_corpus_holds_where_it_is_present() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "shared/conformance/forge/codeowners-patterns.hmarr.json";
    let found = ["..", "../.."].iter().map(|it| root.join(it).join(file));
    let Some(text) = found
        .into_iter()
        .find_map(|it| std::fs::read_to_string(it).ok())
    else {
        let _ = writeln!(std::io::stderr(), "skipped: {file} is not here");
        return;
    };
    let cases: Vec<Case> = serde_json::from_str(&text).expect("a list of cases");
    let mut verdicts = 0;
    for case in &cases {
        for (path, want) in &case.paths {
            assert_eq!(
                github(&case.pattern, path),
                *want,
                "{} {path}",
                case.pattern
            );
            verdicts += 1;
        }
    }
    assert_eq!((cases.len(), verdicts), (30, 153));
}

#[test]
fn many_wildcards_match_what_they_say() {
    let long = "a".repeat(16);
    let deep = vec!["a"; 16].join("/");
    let ending = |text: &str, end: &str| format!("{text}{end}");
    let (long_b, deep_b) = (ending(&long, "b"), ending(&deep, "/b"));
    for (pattern, no, yes) in [
        ("a*".repeat(8) + "b", &long, &long_b),
        ("?".repeat(17), &long, &long_b),
        ("**/a/".repeat(8) + "b", &deep, &deep_b),
        ("**/*/".repeat(8) + "b", &deep, &deep_b),
        (format!("/{}b", "**/".repeat(8)), &deep, &deep_b),
    ] {
        for matches in [github, gitlab] {
            assert!(!matches(&pattern, no), "{pattern} {no}");
            assert!(matches(&pattern, yes), "{pattern} {yes}");
        }
    }
    let sets = "[!b]*".repeat(8) + "b";
    assert!(!gitlab(&sets, &long) && gitlab(&sets, &long_b));
}

/// The same meaning, written as a search through all ways to match: slow and plain.
mod reference {
    /// GitHub's reading, on names.
    pub(super) fn github(pattern: &str, path: &[&str]) -> bool {
        let mut names: Vec<&str> = pattern.split('/').collect();
        let anchored = names.len() > 1 && names[0].is_empty();
        if anchored {
            names.remove(0);
        }
        let folder = names.last() == Some(&"");
        if folder {
            names.pop();
        }
        if !anchored && names.len() == 1 {
            names.insert(0, "**");
        }
        if folder {
            names.push("**");
        }
        below(&names, path)
    }

    fn below(names: &[&str], path: &[&str]) -> bool {
        match names {
            ["**"] => !path.is_empty(),
            ["**", rest @ ..] => (0..=path.len()).any(|skip| below(rest, &path[skip..])),
            ["*"] => path.len() == 1,
            [last] => !path.is_empty() && name(last, path[0]),
            [first, rest @ ..] => {
                !path.is_empty() && name(first, path[0]) && below(rest, &path[1..])
            }
            [] => path.is_empty(),
        }
    }

    /// Ruby's reading of a form that begins with `/`, on names.
    pub(super) fn gitlab(form: &str, path: &[&str]) -> bool {
        let names: Vec<&str> = form.split('/').skip(1).collect();
        exactly(&names, path)
    }

    fn exactly(names: &[&str], path: &[&str]) -> bool {
        match names {
            ["**", rest @ ..] if !rest.is_empty() => {
                (0..=path.len()).any(|skip| exactly(rest, &path[skip..]))
            }
            [first, rest @ ..] => {
                !path.is_empty() && name(first, path[0]) && exactly(rest, &path[1..])
            }
            [] => path.is_empty(),
        }
    }

    fn name(pattern: &str, text: &str) -> bool {
        let mut rest = pattern.chars();
        match rest.next() {
            None => text.is_empty(),
            Some('*') => (0..=text.len()).any(|skip| name(rest.as_str(), &text[skip..])),
            Some('?') => !text.is_empty() && name(rest.as_str(), &text[1..]),
            Some('\\') => {
                let c = rest.next().expect("an escaped character");
                text.starts_with(c) && name(rest.as_str(), &text[1..])
            }
            Some(c) => text.starts_with(c) && name(rest.as_str(), &text[1..]),
        }
    }
}

fn pattern() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        3 => "[ab.]{1,3}",
        2 => "(a|b|\\*|\\?|\\\\\\*){1,4}",
        1 => Just("*".to_owned()),
        2 => Just("**".to_owned()),
    ];
    let names = proptest::collection::vec(name, 1..5);
    (any::<bool>(), names, any::<bool>()).prop_map(|(anchored, names, folder)| {
        let (start, end) = (
            if anchored { "/" } else { "" },
            if folder { "/" } else { "" },
        );
        format!("{start}{}{end}", names.join("/"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_agree_with_a_slow_reading(
        pattern in pattern(),
        path in proptest::collection::vec("[ab.*]{1,3}", 1..5),
    ) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Ok(read) = Pattern::github(&pattern) {
            prop_assert_eq!(read.matches(&path), reference::github(&pattern, &path));
        }
        if let Ok(read) = Pattern::gitlab(&pattern) {
            let form = gitlab_form(&pattern);
            prop_assert_eq!(read.matches(&path), reference::gitlab(&form, &path));
        }
    }

    #[test]
    fn no_text_is_a_panic(pattern in "[ab/*?\\[\\]!^\\-\\\\ #.\u{e9}]{0,12}", path in "[ab/.\u{e9}]{0,12}") {
        let names: Vec<&str> = path.split('/').collect();
        for read in [Pattern::github(&pattern), Pattern::gitlab(&pattern)].into_iter().flatten() {
            read.matches(&names);
        }
    }
}

//! Which names may stand in a tree. Source: threat rows B2, B3 and B4.

use super::Caps;
use std::collections::BTreeMap;

/// Why an entry of this name is refused; `None` where it may be.
pub(super) fn refused(name: &str, caps: &Caps) -> Option<String> {
    if name.len() > caps.name_bytes {
        return Some(format!("its name is longer than {} bytes", caps.name_bytes));
    }
    if matches!(name, "" | "." | "..") || name.contains('/') {
        return Some("its name is not a name".to_owned());
    }
    if name.eq_ignore_ascii_case(".git") {
        return Some("a folder `.git` cannot stand inside of a tree".to_owned());
    }
    let hidden = name.chars().find(|it| is_hidden(*it))?;
    let at = name.find(hidden).unwrap_or_default();
    Some(format!(
        "its name holds the invisible character U+{:04X} at byte {at}",
        u32::from(hidden)
    ))
}

/// Characters that a person does not see, or that change how the ones around them look.
fn is_hidden(it: char) -> bool {
    it.is_control()
        || matches!(it,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A name as it can be shown: what is refused is escaped.
pub(super) fn shown(name: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in name.utf8_chunks() {
        for it in chunk.valid().chars() {
            if is_hidden(it) {
                shown.extend(it.escape_unicode());
            } else {
                shown.push(it);
            }
        }
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// Pairs of names of one folder that are one name where case does not count.
pub(super) fn twins<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    let mut twins = Vec::new();
    for name in names {
        if let Some(first) = folded.insert(name.to_lowercase(), name) {
            twins.push((first, name));
        }
    }
    twins
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_kustomize::RepoPath;

    /// What may not be a path of a tree at all, and what may not be a name in one.
    #[test]
    fn table_of_paths() {
        let caps = Caps::default();
        let long = "n".repeat(256);
        for path in [
            "..",
            "../x",
            "a/../../x",
            "/etc/passwd",
            "/",
            "a/b/../../..",
            "a\0b",
            "a\nb",
            "a\tb",
            "a\u{85}b",
            "a/\u{9b}31m",
            "../../outside",
            "./..",
            "a/./../..",
        ] {
            assert_eq!(RepoPath::new(path), None, "{path:?}");
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            ".git",
            ".GIT",
            ".Git",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200b}",
            "\u{feff}a",
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{85}b",
            "a\u{1b}[31m",
            "a\rb",
            "a\u{7f}",
            "a\u{e0041}",
            "a\u{ad}b",
            "a\u{200d}b",
            "a\u{206a}",
            long.as_str(),
        ] {
            assert!(refused(name, &caps).is_some(), "{name:?}");
        }
        for name in [
            "a",
            "a b",
            "~",
            "~root",
            "a\\b",
            "con",
            "aux.txt",
            "a.",
            "-rf",
            "--upload-pack=x",
            ".gitignore",
            "..a",
            "...",
            "%2e%2e",
            "Ä",
            "日本",
            "prоd",
            "$HOME",
            "`x`",
            "a;b",
            "*",
            "C:",
            "a:b",
            "#",
            "'",
            "\"",
            &long[..255],
        ] {
            assert_eq!(refused(name, &caps), None, "{name:?}");
            assert!(RepoPath::new(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn twins_differ_in_case_only() {
        let names = ["README", "a", "Readme", "b", "ä", "Ä"];
        assert_eq!(twins(names.into_iter()), [("README", "Readme"), ("ä", "Ä")]);
    }

    #[test]
    fn names_are_shown_without_what_hides() {
        assert_eq!(shown(b"a\xffb"), "a\\xffb");
        assert_eq!(shown("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }
}

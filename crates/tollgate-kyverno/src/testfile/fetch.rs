//! Where a suite's files come from, and which paths a suite may name.

use std::sync::Arc;

/// The tree that suites stand in. Paths are relative to its root, `/`-separated and normalised;
/// the root is the empty path. What links are followed is the implementer's decision.
pub trait Fetch: Sync {
    /// The text of a file; `None` where no file stands.
    ///
    /// # Errors
    /// Why the file cannot be read (not UTF-8, a link out of the tree), as a lower-case clause.
    fn read(&self, path: &str) -> Result<Option<Arc<str>>, String>;

    /// The names in a folder, sorted by name; `None` where no folder stands.
    ///
    /// # Errors
    /// Why the folder cannot be listed.
    fn list(&self, folder: &str) -> Result<Option<Vec<Listed>>, String>;
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name, without a path.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// The tree path of `named` as it is written in a file of `folder`.
pub(super) fn resolve(folder: &str, named: &str) -> Result<String, String> {
    if named.contains("://") {
        return Err(format!(
            "`{named}` is on the network, where nothing is read from: keep a copy in the repository"
        ));
    }
    if named.starts_with('/') {
        return Err(format!(
            "`{named}` is an absolute path: name it relative to this file"
        ));
    }
    if named.chars().any(char::is_control) {
        return Err(format!("{named:?} holds a control character"));
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(format!("`{named}` leads out of the tree"));
                }
            }
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The folder that a file stands in; empty for the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |it| it.0)
}

/// A path below a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Whether Kyverno reads a file of this name as YAML.
pub(super) fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_of_the_tree() {
        assert_eq!(
            resolve("a/.kyverno-test", "../policy.yaml").as_deref(),
            Ok("a/policy.yaml")
        );
        assert_eq!(resolve("", "./x//y.yaml").as_deref(), Ok("x/y.yaml"));
        assert_eq!(resolve("a", "..").as_deref(), Ok(""));
        for bad in ["../../x", "/etc/passwd", "https://x.test/p.yaml", "a\u{0}b"] {
            assert!(resolve("a", bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn folders_of_paths() {
        assert_eq!(folder_of("a/b.yaml"), "a");
        assert_eq!(folder_of("b.yaml"), "");
        assert_eq!(below("", "x"), "x");
        assert_eq!(below("a", "x"), "a/x");
    }
}

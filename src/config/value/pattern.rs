//! Which paths a setting speaks of.

use crate::config::read::{Read, Reader, quoted};
use crate::config::schema::Definitions;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::Node;

/// A glob over paths of the repository. `*` and `?` stay inside of one folder, `**` crosses
/// folders, `[a-z]` and `{a,b}` choose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Check a glob. A `/` at its end says nothing and is dropped.
    ///
    /// # Errors
    /// A message for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let glob = text.trim_end_matches('/');
        if glob.is_empty() || glob.len() > 1_024 {
            return Err(format!(
                "{} is not a pattern of a path in the repository",
                quoted(text)
            ));
        }
        if glob.starts_with('/') || glob.split('/').any(|it| matches!(it, "." | ".." | "")) {
            return Err(format!(
                "pattern {} must be a path from the root of the repository, without a leading `/`, `.`, `..` or `//`",
                quoted(text)
            ));
        }
        compile(glob)
            .map_err(|error| format!("pattern {} is invalid: {}", quoted(text), error.kind()))?;
        Ok(Self(glob.to_owned()))
    }

    /// The pattern that matches exactly this path.
    pub fn exactly(path: &RepoPath) -> Self {
        // `escape` knows nothing of the backslash.
        Self(globset::escape(&path.as_str().replace('\\', "\\\\")))
    }

    /// The text of the glob.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn compile(glob: &str) -> Result<globset::Glob, globset::Error> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
}

/// Several patterns, compiled to be asked often.
#[derive(Clone, Debug)]
pub struct Patterns(GlobSet);

impl Patterns {
    /// Compile patterns.
    ///
    /// # Errors
    /// Where the patterns together are larger than the matcher allows.
    pub fn compile<'a>(patterns: impl IntoIterator<Item = &'a Pattern>) -> Result<Self, String> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            builder.add(compile(&pattern.0).map_err(|it| it.to_string())?);
        }
        builder.build().map(Self).map_err(|it| it.to_string())
    }

    /// Whether one of the patterns matches.
    pub fn matches(&self, path: &RepoPath) -> bool {
        self.0.is_match(path.as_str())
    }

    /// Which of the patterns match, by their position in the list that was compiled.
    pub fn matching(&self, path: &RepoPath) -> Vec<usize> {
        self.0.matches(path.as_str())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pattern> for String {
    fn from(value: Pattern) -> Self {
        value.0
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Read for Pattern {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        reader.parsed(node, Self::parse)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let about = "A glob over paths of the repository. `*` and `?` stay inside of one folder, `**` crosses folders, `[a-z]` and `{a,b}` choose.";
        definitions.text("Pattern", about, "^[^/]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).expect(text)
    }

    fn matches(pattern: &str, text: &str) -> bool {
        let pattern = Pattern::parse(pattern).expect(pattern);
        Patterns::compile([&pattern])
            .expect("compiles")
            .matches(&path(text))
    }

    #[test]
    fn stars_stay_inside_of_a_folder() {
        assert!(matches(
            "apps/*/overlays/prod-*",
            "apps/web/overlays/prod-eu"
        ));
        assert!(!matches(
            "apps/*/overlays/prod-*",
            "apps/a/b/overlays/prod-eu"
        ));
        assert!(!matches(
            "apps/*/overlays/prod-*",
            "apps/web/overlays/prod-eu/sub"
        ));
        assert!(matches("policies/**", "policies/a/b.yaml"));
        assert!(matches("**", "a/b"));
        assert!(matches("apps/{a,b}/", "apps/b"));
    }

    #[test]
    fn what_leads_out_or_does_not_compile_is_refused() {
        for bad in [
            "", "/", "/abs", "../x", "a/../b", "a//b", "./a", "a[", "a{b", "a\\",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn exact_patterns_mean_themselves() {
        let odd = path("apps/[x]/{y,!z}/*?/a\\b\\*");
        let patterns = Patterns::compile([&Pattern::exactly(&odd)]).expect("compiles");
        assert!(patterns.matches(&odd));
        assert!(!patterns.matches(&path("apps/x/y/z")));
    }
}

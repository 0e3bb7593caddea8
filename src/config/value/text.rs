//! Small texts with a form: names, versions, pointers, paths.

use crate::config::read::{Read, Reader, quoted};
use crate::config::schema::Definitions;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::{Node, Tag};

/// A text type: parse, print, serialise and read from a document.
macro_rules! text {
    ($(#[doc = $about:literal])* $name:ident = $form:literal, $check:expr) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Check the form.
            ///
            /// # Errors
            /// A message for people.
            pub fn parse(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text)
            }
        }

        impl Read for $name {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                reader.parsed(node, Self::parse)
            }

            fn schema(definitions: &mut Definitions) -> Value {
                definitions.text(stringify!($name), concat!($($about),*), $form)
            }
        }
    };
}

text! {
    /// The name of an environment, group, rule or key: small ASCII letters, digits, `-`, `_` and
    /// `.`, at most 63 characters. Letters that merely look like others cannot hide in it.
    Name = "^[a-z0-9][a-z0-9._-]{0,62}$", |text| {
        let first = text.starts_with(|it: char| it.is_ascii_lowercase() || it.is_ascii_digit());
        let rest = text.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_.".contains(it));
        if first && rest && text.len() <= 63 {
            return Ok(());
        }
        Err(format!(
            "{} is not a name: small letters, digits, `-`, `_` and `.`, at most 63 characters",
            quoted(text)
        ))
    }
}

text! {
    /// An account of the forge: `login`, or `login#id`, where the number alone decides.
    User = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(\\[bot\\])?(#[1-9][0-9]{0,18})?$", |text| {
        let (login, id) = text.split_once('#').map_or((text, None), |(login, id)| (login, Some(id)));
        let name = login.strip_suffix("[bot]").unwrap_or(login);
        let letters = name.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
        let first = name.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_');
        let number = id.is_none_or(|it| it.parse().is_ok_and(|it: u64| it > 0) && !it.starts_with(['0', '+']));
        if letters && first && name.len() <= 255 && number {
            return Ok(());
        }
        Err(format!(
            "{} is not an account: write its name as the forge does, without `@`, or name and number like `ann#1234`",
            quoted(text)
        ))
    }
}

impl User {
    /// The name, without the number.
    pub fn login(&self) -> &str {
        self.0.split_once('#').map_or(&*self.0, |(login, _)| login)
    }

    /// The number of the account, if it is given.
    pub fn id(&self) -> Option<u64> {
        self.0.split_once('#').and_then(|(_, id)| id.parse().ok())
    }

    /// What two spellings of one account have in common: the number, or the name in small letters,
    /// as forges compare names.
    pub fn key(&self) -> String {
        self.id()
            .map_or_else(|| self.login().to_ascii_lowercase(), |it| format!("#{it}"))
    }
}

text! {
    /// A Kubernetes minor version such as `1.34`.
    KubernetesVersion = "^1\\.[0-9]{1,3}$", |text| {
        let minor = text.strip_prefix("1.").filter(|it| !it.is_empty() && it.len() <= 3);
        if minor.is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()) && (it == "0" || !it.starts_with('0'))) {
            return Ok(());
        }
        Err(format!("{} is not a Kubernetes version: write it like `\"1.34\"`", quoted(text)))
    }
}

text! {
    /// A JSON pointer; `*` as a step means every item or every key.
    Pointer = "^/.", |text| {
        let escapes = text.split('~').skip(1).all(|it| it.starts_with(['0', '1']));
        if text.starts_with('/') && text.len() > 1 && escapes {
            return Ok(());
        }
        Err(format!("{} is not a JSON pointer: write it like `/spec/replicas`", quoted(text)))
    }
}

text! {
    /// The path of one file in the repository.
    FilePath = "^[^/]", |text| {
        let inside = RepoPath::new(text).is_some_and(|it| it.as_str() == text);
        if inside && !text.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{} is not the path of a file in the repository: write it from the root, without `.` and `..`",
            quoted(text)
        ))
    }
}

text! {
    /// What a value looks like that something replaces later; `*` stands for any characters.
    Placeholder = "[^*\\s]", |text| {
        if text.chars().any(|it| it != '*' && !it.is_whitespace()) && text.len() <= 1_024 {
            return Ok(());
        }
        Err(format!(
            "{} says nothing about a placeholder: write what it looks like, with `*` for any characters, such as `<*>`",
            quoted(text)
        ))
    }
}

text! {
    /// A full name of a git reference, such as `refs/tollgate/audit`.
    RefName = "^refs/", |text| {
        // git's rules: `git help check-ref-format`.
        let part = |it: &str| !it.is_empty() && !it.starts_with('.') && !it.ends_with(".lock");
        let odd = |it: char| !it.is_ascii_graphic() || "~^:?*[\\".contains(it);
        let whole = !text.contains("..") && !text.contains("@{") && !text.ends_with('.');
        if text.starts_with("refs/") && whole && !text.contains(odd) && text.split('/').all(part) {
            return Ok(());
        }
        Err(format!("{} is not the full name of a git reference: write it like `refs/tollgate/audit`", quoted(text)))
    }
}

text! {
    /// An image name without tag or digest; `*` stands for any run of characters.
    ImagePattern = "^[^ ]+$", |text| {
        let allowed = |it: char| it.is_ascii_alphanumeric() || "-_./:*[]".contains(it);
        if text.chars().all(allowed) && !text.contains("://") {
            return Ok(());
        }
        Err(format!(
            "{} is not a pattern of an image: write it like `registry.example.com/team/*`",
            quoted(text)
        ))
    }
}

text! {
    /// An IANA time zone: `UTC` or `Area/City`. Whether the zone exists is known where times are
    /// computed; an unknown one is an error there, never UTC.
    TimeZone = "^(UTC|.+/.+)$", |text| {
        let part = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || "-_+".contains(it));
        if text == "UTC" || (text.contains('/') && text.len() <= 64 && text.split('/').all(part)) {
            return Ok(());
        }
        Err(format!("{} is not a time zone: write it like `Europe/Berlin` or `UTC`", quoted(text)))
    }
}

impl FilePath {
    /// A path that the program itself knows to be one.
    pub(in crate::config) fn known(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

/// A share in whole percent, 0 to 100; written `80%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(u8);

impl Percent {
    /// Nothing is asked for.
    pub const ZERO: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(100);

    /// The number before the sign.
    pub fn get(self) -> u8 {
        self.0
    }

    /// Whether `part` of `whole` is at least this share; of nothing, every share holds.
    pub fn is_reached_by(self, part: usize, whole: usize) -> bool {
        part.saturating_mul(100) >= whole.saturating_mul(usize::from(self.0))
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.strip_suffix('%')
            .filter(|it| it.bytes().all(|it| it.is_ascii_digit()))
            .and_then(|it| it.parse().ok())
            .filter(|it| *it <= 100)
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "{} is not a share: write it like `80%`, at most `100%`",
                    quoted(text)
                )
            })
    }
}

impl From<Percent> for String {
    fn from(value: Percent) -> Self {
        format!("{}%", value.0)
    }
}

impl TryFrom<String> for Percent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Read for Percent {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_scalar() {
            Some(scalar) if scalar.tag == Tag::Int => {
                reader.expected("a share like `80%`", node);
                None
            }
            _ => reader.parsed(node, Self::parse),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let about = "A share in whole percent, 0 to 100; written `80%`.";
        definitions.text("Percent", about, "^[0-9]+%$")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_hold() {
        type Row = (
            &'static str,
            fn(&str) -> bool,
            &'static [&'static str],
            &'static [&'static str],
        );
        let table: [Row; 7] = [
            (
                "name",
                |it| Name::parse(it).is_ok(),
                &["prod", "prod-eu.1", "1a"],
                &[
                    "",
                    "Prod",
                    "pr\u{43e}d",
                    "-a",
                    "a b",
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                ],
            ),
            (
                "version",
                |it| KubernetesVersion::parse(it).is_ok(),
                &["1.34", "1.9"],
                &["1", "v1.34", "1.34.2", "2.0", "1.", "1.034"],
            ),
            (
                "pointer",
                |it| Pointer::parse(it).is_ok(),
                &["/spec/*/x", "/a~1b/~0"],
                &["spec", "/", "/a~2"],
            ),
            (
                "file",
                |it| FilePath::parse(it).is_ok(),
                &[".tollgate/x.yaml"],
                &["", "/x", "../x", "a/./b", "a/"],
            ),
            (
                "ref",
                |it| RefName::parse(it).is_ok(),
                &["refs/tollgate/audit"],
                &[
                    "main",
                    "refs/a..b",
                    "refs/a b",
                    "refs/-/../x",
                    "--upload-pack",
                ],
            ),
            (
                "image",
                |it| ImagePattern::parse(it).is_ok(),
                &["registry.example.com/*", "localhost:5000/x"],
                &["https://x/y", "a b"],
            ),
            (
                "zone",
                |it| TimeZone::parse(it).is_ok(),
                &["UTC", "Europe/Berlin", "America/Port-au-Prince"],
                &["Berlin", "Europe/", "../etc"],
            ),
        ];
        for (what, accepts, good, bad) in table {
            for it in good {
                assert!(accepts(it), "{what} {it}");
            }
            for it in bad {
                assert!(!accepts(it), "{what} {it}");
            }
        }
    }

    #[test]
    fn shares_are_compared_exactly() {
        let two_thirds = Percent::parse("67%").expect("a share");
        assert!(!two_thirds.is_reached_by(2, 3));
        assert!(Percent::ALL.is_reached_by(0, 0));
        assert!(!Percent::ALL.is_reached_by(99, 100));
        for bad in ["101%", "%", "1.5%", "-1%", "+1%", "80"] {
            assert!(Percent::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Image references as Kyverno takes them apart.
//!
//! Source: `pkg/utils/image/infos.go` of kyverno 1.19.0 and distribution/reference, with Kyverno's defaults: registry
//! `docker.io`, tag `latest`, registry mutation on.

use regex::Regex;
use std::sync::LazyLock;

/// The registry of images that name none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The longest path that distribution/reference accepts, in bytes.
const MAX_PATH: usize = 255;

/// The parts of an image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The registry with its port, `docker.io` if the reference names none.
    pub registry: String,
    /// The repository below the registry, as written: `nginx` stays without `library/`.
    pub path: String,
    /// The last segment of the path.
    pub name: String,
    /// The tag; `latest` if there is neither a tag nor a digest; empty if there is only a digest.
    pub tag: String,
    /// The digest with its algorithm, or empty.
    pub digest: String,
}

/// Not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an image reference such as `registry.example.com/team/app:1.2`")]
pub struct ImageError(String);

static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let segment = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let path = format!("{segment}(?:/{segment})*");
    let tag = "[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}";
    let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}";
    Regex::new(&format!(
        "^(?:({host})/)?({path})(?::({tag}))?(?:@({digest}))?$"
    ))
    .ok()
});

impl Image {
    /// Take a reference apart.
    ///
    /// # Errors
    /// Text that is no reference by the grammar of distribution/reference.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let error = || ImageError(text.chars().take(300).collect());
        // Kyverno decides by the first segment whether a registry is named.
        let named = text.split_once('/').is_some_and(|(first, _)| {
            first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase)
        });
        let full = if named {
            text.to_owned()
        } else {
            format!("{DEFAULT_REGISTRY}/{text}")
        };
        let found = REFERENCE
            .as_ref()
            .and_then(|it| it.captures(&full))
            .ok_or_else(error)?;
        let part = |index| found.get(index).map_or("", |it| it.as_str()).to_owned();
        let (path, mut tag, digest) = (part(2), part(3), part(4));
        if path.len() > MAX_PATH || !digest.is_empty() && !is_digest(&digest) {
            return Err(error());
        }
        if tag.is_empty() && digest.is_empty() {
            tag = "latest".to_owned();
        }
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let (registry, path) = match path.split_once('/') {
            // What looks like a registry but has an underscore is none by the grammar; Kyverno takes it for one.
            Some((first, rest)) if found.get(1).is_none() && first.contains('_') => {
                (first.to_owned(), rest.to_owned())
            }
            _ => (part(1), path),
        };
        Ok(Self {
            registry,
            name,
            path,
            tag,
            digest,
        })
    }

    /// The full reference: with the digest if there is one, else with the tag.
    pub fn reference(&self) -> String {
        if self.digest.is_empty() {
            return self.reference_with_tag();
        }
        format!("{}@{}", self.repository(), self.digest)
    }

    fn repository(&self) -> String {
        if self.registry.is_empty() {
            return self.path.clone();
        }
        format!("{}/{}", self.registry, self.path)
    }

    /// The full reference with the tag, which is empty if there is only a digest.
    pub fn reference_with_tag(&self) -> String {
        format!("{}:{}", self.repository(), self.tag)
    }
}

/// The algorithms of go-digest that are linked in, with lower-case digits of the right number.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, digits)) = text.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    digits.len() == length
        && digits
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let digest = "a".repeat(64);
        for (text, want) in [
            ("nginx".to_owned(), "docker.io/nginx:latest".to_owned()),
            ("nginx:1".to_owned(), "docker.io/nginx:1".to_owned()),
            (
                "team/app".to_owned(),
                "docker.io/team/app:latest".to_owned(),
            ),
            ("ghcr.io/a/b:v1".to_owned(), "ghcr.io/a/b:v1".to_owned()),
            ("localhost/a".to_owned(), "localhost/a:latest".to_owned()),
            (
                "localhost:5000/a".to_owned(),
                "localhost:5000/a:latest".to_owned(),
            ),
            ("Team/app".to_owned(), "Team/app:latest".to_owned()),
            ("[::1]:5000/a".to_owned(), "[::1]:5000/a:latest".to_owned()),
            (
                format!("a@sha256:{digest}"),
                format!("docker.io/a@sha256:{digest}"),
            ),
            (
                format!("a:1@sha256:{digest}"),
                format!("docker.io/a@sha256:{digest}"),
            ),
            ("a@sha256:abc".to_owned(), String::new()),
            ("a:".to_owned(), String::new()),
            ("APP".to_owned(), String::new()),
            (String::new(), String::new()),
            ("a b".to_owned(), String::new()),
            ("a__b---c.d/e".to_owned(), "a__b---c.d/e:latest".to_owned()),
            ("a___b".to_owned(), String::new()),
        ] {
            let got = Image::parse(&text).map_or(String::new(), |it| it.reference());
            assert_eq!(got, want, "{text}");
        }
        let image = Image::parse("registry.example.com:5000/team/app@sha256:")
            .expect_err("an empty digest");
        assert!(image.to_string().contains("team/app"));
    }
}

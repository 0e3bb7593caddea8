//! Where a forge is, and whether another address is the same place.

use std::net::IpAddr;
use ureq::http::Uri;

/// The address below which a forge answers: `https://api.github.com`,
/// `https://gitlab.example.com/api/v4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::forges) struct Base {
    scheme: String,
    /// Host and port, in small letters.
    authority: String,
    host: String,
    /// Without a slash at its end.
    path: String,
}

impl Base {
    /// Read an address. A token goes there, so it must be `https`; on this machine itself `http`
    /// will do.
    ///
    /// # Errors
    /// What is wrong with it, as a clause. The text is not repeated: it may hold a password.
    pub(in crate::forges) fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.trim().parse().map_err(|_| "is no URL".to_owned())?;
        let authority = uri.authority().ok_or("names no host")?;
        if authority.as_str().contains('@') {
            return Err("holds a user name or password".to_owned());
        }
        if uri.query().is_some() {
            return Err("holds a query".to_owned());
        }
        let (scheme, host) = (uri.scheme_str().unwrap_or_default(), authority.host());
        match scheme {
            "https" => {}
            "http" if is_loopback(host) => {}
            _ => {
                return Err(format!(
                    "is not `https`, and a token is not sent to `{host}` in the clear"
                ));
            }
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            authority: authority.as_str().to_lowercase(),
            host: host.to_lowercase(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The host, for messages.
    pub(in crate::forges) fn host(&self) -> &str {
        &self.host
    }

    /// The path below which the forge answers.
    pub(in crate::forges) fn path(&self) -> &str {
        &self.path
    }

    /// The same place with another path.
    pub(in crate::forges) fn with_path(&self, path: &str) -> Self {
        Self {
            path: path.trim_end_matches('/').to_owned(),
            ..self.clone()
        }
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The URL of a path with query at this place.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }

    /// The path with query of an address that the forge gave, if it is at the same place: same
    /// scheme, same host, same port.
    ///
    /// # Errors
    /// The other host.
    pub(super) fn local(&self, address: &str) -> Result<String, String> {
        let elsewhere = || "an address that cannot be read".to_owned();
        let uri: Uri = address.parse().map_err(|_| elsewhere())?;
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let Some(authority) = uri.authority() else {
            // Two slashes begin a host. Source: RFC 3986, 4.2.
            return if path.starts_with('/') && !address.starts_with("//") {
                Ok(path.to_owned())
            } else {
                Err(elsewhere())
            };
        };
        let same_scheme = uri.scheme_str() == Some(self.scheme.as_str());
        let default = if self.scheme == "https" {
            ":443"
        } else {
            ":80"
        };
        let bare = |it: &str| it.strip_suffix(default).unwrap_or(it).to_owned();
        let same_place = bare(&authority.as_str().to_lowercase()) == bare(&self.authority);
        if same_scheme && same_place {
            Ok(path.to_owned())
        } else {
            Err(format!(
                "`{}://{}`",
                uri.scheme_str().unwrap_or_default(),
                authority.host()
            ))
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
}

/// One segment of a path, or one value of a query: everything is encoded but letters, digits and
/// `-._~`. Source: RFC 3986, 2.3.
pub(in crate::forges) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_https_or_nowhere() {
        for (text, good) in [
            ("https://api.github.com", true),
            ("https://ghe.example.com:8443/api/v3/", true),
            ("http://127.0.0.1:8080/api/v4", true),
            ("http://[::1]:8080", true),
            ("http://localhost:1", true),
            ("http://api.github.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("https://ann:secret@api.github.com", false),
            ("https://api.github.com/?x=1", false),
            ("ftp://127.0.0.1", false),
            ("api.github.com", false),
            ("", false),
        ] {
            let read = Base::parse(text);
            assert_eq!(read.is_ok(), good, "{text}");
            assert!(!read.err().unwrap_or_default().contains("secret"));
        }
    }

    #[test]
    fn the_same_place_is_scheme_host_and_port() {
        let base = Base::parse("https://API.github.com/x").expect("an address");
        for (address, local) in [
            ("https://api.github.com/a?b=1", Some("/a?b=1")),
            ("https://api.github.com:443/a", Some("/a")),
            ("/repositories/1", Some("/repositories/1")),
            ("http://api.github.com/a", None),
            ("https://api.github.com:8443/a", None),
            ("https://api.github.com@evil.example/a", None),
            ("https://api.github.com.evil.example/a", None),
            ("//evil.example/a", None),
            ("https://evil.example/", None),
            ("a b", None),
        ] {
            assert_eq!(base.local(address).ok().as_deref(), local, "{address}");
        }
    }

    #[test]
    fn a_branch_is_one_segment() {
        assert_eq!(segment("release/1.x ä?#"), "release%2F1.x%20%C3%A4%3F%23");
        assert_eq!(segment(".."), "..");
    }
}

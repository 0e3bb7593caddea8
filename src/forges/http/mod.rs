//! The client with which forges are asked: blocking, and stubborn about what counts as an answer.
//!
//! What comes back is the whole JSON that was asked for, or a [`Failed`] that says in words why not.
//! The token goes to the one place that it was given for, over https, and appears in no text that
//! leaves this room. Sources: threat rows F8 to F10, F14 and E7.

mod address;
mod failed;
mod pages;
mod send;
mod time;

pub(super) use address::{Base, segment};
pub(super) use failed::Failed;
pub(super) use time::timestamp;

use crate::model::Gap;
use pages::Links;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// Seconds by which the clock of a forge and ours may differ. Source: threat row F14.
const LARGEST_SKEW: i64 = 60;

/// A secret that opens a forge. It can be put into a header and into nothing else.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// A token, without the line break that a file or a copied secret ends with.
    ///
    /// # Errors
    /// Where it has characters that no header can hold; it is not repeated.
    pub(super) fn parse(text: &str) -> Result<Self, Gap> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|it| it.is_ascii_graphic()) {
            return Err(Gap {
                why: "the token holds characters that no token has".to_owned(),
                needs: "the token alone in its variable, without spaces and line breaks".to_owned(),
            });
        }
        Ok(Self(text.to_owned()))
    }

    fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// How a client begins.
pub(super) struct Settings {
    /// Where the forge is.
    pub(super) base: Base,
    /// The header that carries the token, what stands before it there (`Bearer `), and the token.
    pub(super) credential: Option<(&'static str, &'static str, Token)>,
    /// Headers of every request.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// The time for all requests together.
    pub(super) budget: Duration,
}

/// One thing that is asked.
pub(super) struct Ask<'a> {
    /// In words, for messages: `the reviews of pull request 7`.
    pub(super) what: &'a str,
    /// Path and query below the base, encoded.
    pub(super) path: String,
    /// The permission that reading it takes, for messages.
    pub(super) needs: &'a str,
}

/// A client of one forge. Threads can share it.
pub(super) struct Client {
    base: Base,
    agent: ureq::Agent,
    credential: Option<(&'static str, &'static str, Token)>,
    headers: &'static [(&'static str, &'static str)],
    budget: Duration,
    deadline: Instant,
    /// The largest difference between the forge's clock and ours so far: theirs minus ours.
    skew: AtomicI64,
}

/// A whole answer with a good status.
struct Raw {
    /// Where it came from in the end: path and query.
    path: String,
    links: Links,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    fn number(&self, header: &str) -> Option<u64> {
        self.headers.get(header)?.to_str().ok()?.parse().ok()
    }
}

impl Client {
    /// A client, which has not asked anything yet.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            agent: send::agent(&settings.base),
            base: settings.base,
            credential: settings.credential,
            headers: settings.headers,
            budget: settings.budget,
            deadline: Instant::now() + settings.budget,
            skew: AtomicI64::new(0),
        }
    }

    /// The host that is asked.
    pub(super) fn host(&self) -> &str {
        self.base.host()
    }

    /// What the forge answers.
    ///
    /// # Errors
    /// Where it answers something else than what was asked for.
    pub(super) fn get<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, Failed> {
        let raw = self.fetch(ask, &self.absolute(&ask.path))?;
        self.parse(ask, &raw)
    }

    /// The `data` of a GraphQL query; an answer with errors is none, whatever data it also holds.
    ///
    /// # Errors
    /// As [`Client::get`]. The status of an error that the query met is given as the one of REST:
    /// 403 for `FORBIDDEN` and `INSUFFICIENT_SCOPES`, 404 for `NOT_FOUND`.
    pub(super) fn graphql<T: DeserializeOwned>(
        &self,
        ask: &Ask<'_>,
        query: &str,
        variables: &Value,
    ) -> Result<T, Failed> {
        let body = json!({"query": query, "variables": variables}).to_string();
        let raw = self.post(ask, &self.absolute(&ask.path), &body)?;
        let mut answer: Value = self.parse(ask, &raw)?;
        if let Some(error) = answer["errors"].get(0) {
            let text = error["message"].as_str().unwrap_or_default();
            let status = match error["type"].as_str() {
                Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => Some(403),
                Some("NOT_FOUND") => Some(404),
                _ => None,
            };
            return Err(self.refused(ask, status, text));
        }
        serde_json::from_value(answer.get_mut("data").map(Value::take).unwrap_or_default())
            .map_err(|error| self.unusable(ask, &format!("is not what was asked for ({error})")))
    }

    /// By how much the clocks differ, where that is too much: then no time that the forge states
    /// means here what it means there.
    ///
    /// # Errors
    /// The gap.
    pub(super) fn clocks_agree(&self) -> Result<(), Gap> {
        let skew = self.skew.load(Ordering::Relaxed);
        if skew.abs() <= LARGEST_SKEW {
            return Ok(());
        }
        let direction = if skew > 0 { "ahead of" } else { "behind" };
        Err(Gap {
            why: format!(
                "the clock of {} is {} s {direction} the one of this machine",
                self.host(),
                skew.abs()
            ),
            needs: "a runner whose clock is set (NTP), and no cache between it and the forge"
                .to_owned(),
        })
    }

    /// Note what time it is there.
    fn note_date(&self, headers: &ureq::http::HeaderMap) {
        let theirs = headers
            .get("date")
            .and_then(|it| it.to_str().ok())
            .and_then(time::http_date);
        let (Some(theirs), Some(ours)) = (theirs, send::now()) else {
            return;
        };
        let skew = theirs - ours;
        // Errors cannot occur: the closure always gives a value.
        let _ = self
            .skew
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| {
                Some(if skew.abs() > known.abs() {
                    skew
                } else {
                    known
                })
            });
    }

    /// A path below the base as a path of the host.
    fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base.path())
    }

    fn parse<T: DeserializeOwned>(&self, ask: &Ask<'_>, raw: &Raw) -> Result<T, Failed> {
        serde_json::from_slice(&raw.body).map_err(|error| {
            let how = match error.classify() {
                serde_json::error::Category::Eof => "ends before it is whole".to_owned(),
                serde_json::error::Category::Data => {
                    format!("is not what was asked for ({error})")
                }
                _ => "is no JSON".to_owned(),
            };
            self.unusable(ask, &how)
        })
    }

    fn token(&self) -> Option<&Token> {
        self.credential.as_ref().map(|(_, _, token)| token)
    }

    /// An answer that says yes and is none.
    fn unusable(&self, ask: &Ask<'_>, how: &str) -> Failed {
        Failed::new(
            failed::shown(
                &format!(
                    "{} cannot be read: the answer of {} {how}",
                    ask.what,
                    self.host()
                ),
                self.token(),
            ),
            format!(
                "another run; if it stays, look at what answers at {} instead of the forge's API (a proxy, a login page, another version)",
                self.host()
            ),
        )
    }

    /// An answer that says no.
    fn refused(&self, ask: &Ask<'_>, status: Option<u16>, message: &str) -> Failed {
        let message = failed::shown(message, self.token());
        let said = match (status, message.as_str()) {
            (None, text) => format!("an error: `{text}`"),
            (Some(status), "") => status.to_string(),
            (Some(status), text) => format!("{status} `{text}`"),
        };
        let needs = match status {
            Some(401) => format!("a token that {} accepts: {}", self.host(), ask.needs),
            _ => ask.needs.to_owned(),
        };
        Failed {
            status,
            message,
            gap: Gap {
                why: format!(
                    "{} cannot be read: {} answers {said}",
                    ask.what,
                    self.host()
                ),
                needs,
            },
        }
    }
}

#[cfg(test)]
mod tests;

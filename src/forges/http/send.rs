//! Requests, tries and pauses.

use super::pages::Links;
use super::{Ask, Base, Client, Failed, Raw, failed, time};
use serde_json::Value;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::{RootCerts, TlsConfig};

/// The time that one request may take, the budget permitting.
const ONE_REQUEST: Duration = Duration::from_secs(20);
/// Tries of one request.
const MOST_TRIES: u32 = 5;
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that a forge can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// No pause of our own is longer than this part of the budget.
const PART_OF_BUDGET: u32 = 60;
/// Redirects, within the same host, that are followed.
const MOST_REDIRECTS: usize = 3;
/// Bytes of the largest answer that is read.
const LARGEST_ANSWER: u64 = 16 << 20;

/// What speaks HTTP. Nothing is connected, and no certificate is read, before the first request.
pub(super) fn agent(base: &Base) -> ureq::Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("tollgate/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls);
    if base.is_loopback() {
        // Without TLS a proxy would see the token.
        config = config.proxy(None);
    } else {
        config = config.https_only(true);
    }
    config.build().new_agent()
}

/// Seconds since 1970.
pub(super) fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// What came of one try.
enum Try {
    /// A whole answer, good or not.
    Answered(u16, HeaderMap, Vec<u8>),
    /// No answer; another try may do better.
    Lost(String),
    /// No answer, and no try will do better.
    Hopeless(Failed),
}

impl Client {
    /// A GET of a path with query of the host.
    pub(super) fn fetch(&self, ask: &Ask<'_>, path: &str) -> Result<Raw, Failed> {
        let mut path = path.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let (status, headers, body) = self.insist(ask, &path, None)?;
            if !matches!(status, 301 | 302 | 307 | 308) {
                return self.whole(ask, path, status, headers, body);
            }
            let to = headers.get("location").and_then(|it| it.to_str().ok());
            let Some(to) = to else {
                return Err(self.unusable(ask, "is a redirect to nowhere"));
            };
            path = self.base.local(to).map_err(|other| {
                Failed::new(
                    failed::shown(&format!("{} cannot be read: {} sends the request on to another host ({other}), which is not asked", ask.what, self.host()), self.token()),
                    "the address of the forge's API itself, without anything before it that redirects",
                )
            })?;
        }
        Err(self.unusable(ask, "is one redirect after another"))
    }

    /// A POST of JSON.
    pub(super) fn post(&self, ask: &Ask<'_>, path: &str, body: &str) -> Result<Raw, Failed> {
        let (status, headers, answer) = self.insist(ask, path, Some(body))?;
        self.whole(ask, path.to_owned(), status, headers, answer)
    }

    /// Whether an answer is the JSON that was asked for.
    fn whole(
        &self,
        ask: &Ask<'_>,
        path: String,
        status: u16,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Raw, Failed> {
        let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        if status >= 400 {
            return Err(self.refused(ask, Some(status), &message(&body)));
        }
        if status != 200 {
            let how = format!("has the status {status}, with which no answer comes");
            return Err(self.unusable(ask, &how));
        }
        let kind = text("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_json = kind.eq_ignore_ascii_case("application/json")
            || (kind.to_ascii_lowercase().starts_with("application/") && kind.ends_with("+json"));
        if !is_json {
            let kind = if kind.is_empty() {
                "nothing said"
            } else {
                kind
            };
            return Err(self.unusable(ask, &format!("is no JSON (its type: {kind})")));
        }
        if body.is_empty() {
            return Err(self.unusable(ask, "is empty"));
        }
        if let Some(token) = self.token()
            && let bytes = token.expose().as_bytes()
            && body.windows(bytes.len()).any(|it| it == bytes)
        {
            return Err(self.unusable(ask, "repeats the token, so nothing of it is used"));
        }
        Ok(Raw {
            links: text("link").map(Links::parse).unwrap_or_default(),
            path,
            headers,
            body,
        })
    }

    /// Ask until there is an answer that another try would not better.
    fn insist(
        &self,
        ask: &Ask<'_>,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, HeaderMap, Vec<u8>), Failed> {
        let mut trouble = Failed::new("", "");
        for attempt in 0..MOST_TRIES {
            let asked_for = match self.once(ask, path, body) {
                Try::Hopeless(failed) => return Err(failed),
                Try::Lost(how) => {
                    trouble = self.lost(ask, &how);
                    None
                }
                Try::Answered(status, headers, body) => {
                    self.note_date(&headers);
                    let limited = is_limited(status, &headers, &body);
                    if !limited && status < 500 {
                        return Ok((status, headers, body));
                    }
                    let wait = limited.then(|| stated_pause(&headers)).flatten();
                    trouble = self.busy(ask, status, &body, limited, wait);
                    wait
                }
            };
            let pause = asked_for.unwrap_or_else(|| self.own_pause(attempt));
            let last = attempt + 1 == MOST_TRIES;
            if last || pause > LONGEST_PAUSE || pause >= self.left() {
                break;
            }
            std::thread::sleep(pause);
        }
        Err(trouble)
    }

    fn once(&self, ask: &Ask<'_>, path: &str, body: Option<&str>) -> Try {
        let left = self.left();
        if left.is_zero() {
            return Try::Hopeless(Failed::new(
                format!(
                    "{} cannot be read: the {} s for asking {} are used up",
                    ask.what,
                    self.budget.as_secs(),
                    self.host()
                ),
                "another run, or more time by `--forge-timeout`",
            ));
        }
        let limit = left.min(ONE_REQUEST);
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = Request::builder().method(method).uri(self.base.url(path));
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        if let Some((name, scheme, token)) = &self.credential {
            request = request.header(*name, format!("{scheme}{}", token.expose()));
        }
        let answer = match body {
            None => request
                .body(())
                .map_err(ureq::Error::from)
                .and_then(|it| self.timed(it, limit)),
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_owned())
                .map_err(ureq::Error::from)
                .and_then(|it| self.timed(it, limit)),
        };
        let read = answer.and_then(|mut answer| {
            let body = (answer.body_mut().with_config())
                .limit(LARGEST_ANSWER)
                .read_to_vec()?;
            Ok((answer.status().as_u16(), answer.headers().clone(), body))
        });
        match read {
            Ok((status, headers, body)) => Try::Answered(status, headers, body),
            Err(error) => self.broken(ask, &error, limit),
        }
    }

    fn timed<B: ureq::AsSendBody>(
        &self,
        request: Request<B>,
        limit: Duration,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let request = (self.agent.configure_request(request))
            .timeout_global(Some(limit))
            .build();
        self.agent.run(request)
    }

    /// What an error of the connection means.
    fn broken(&self, ask: &Ask<'_>, error: &ureq::Error, limit: Duration) -> Try {
        let trust = "the forge's certificate in the trust store of this machine (or its file in `SSL_CERT_FILE`)";
        let hopeless = |how: String, needs: &str| {
            let why = format!("{} cannot be read: {how}", ask.what);
            Try::Hopeless(Failed::new(failed::shown(&why, self.token()), needs))
        };
        match error {
            ureq::Error::Timeout(_) => Try::Lost(format!(
                "it does not answer within {} s",
                limit.as_secs_f32().ceil()
            )),
            ureq::Error::HostNotFound => Try::Lost("its name leads nowhere".to_owned()),
            ureq::Error::ConnectionFailed => Try::Lost("it cannot be reached".to_owned()),
            ureq::Error::ConnectProxyFailed(_) => {
                Try::Lost("the proxy does not reach it".to_owned())
            }
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Try::Lost("its answer ends before it is whole".to_owned())
            }
            // What rustls says of a certificate comes wrapped as invalid data.
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => hopeless(
                format!("no connection to {} is safe: {error}", self.host()),
                trust,
            ),
            ureq::Error::Io(error) => Try::Lost(format!("the connection fails: {error}")),
            ureq::Error::Rustls(error) => hopeless(
                format!("no connection to {} is safe: {error}", self.host()),
                trust,
            ),
            ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
                hopeless(format!("no connection to {} is safe", self.host()), trust)
            }
            ureq::Error::BodyExceedsLimit(_) => Try::Hopeless(
                self.unusable(ask, &format!("has more than {} MiB", LARGEST_ANSWER >> 20)),
            ),
            _ => Try::Hopeless(self.unusable(ask, "is no answer of an HTTP server")),
        }
    }

    fn lost(&self, ask: &Ask<'_>, how: &str) -> Failed {
        let why = format!("{} cannot be read from {}: {how}", ask.what, self.host());
        Failed::new(
            failed::shown(&why, self.token()),
            format!(
                "a way from this runner to {} (name, firewall, proxy), and another run",
                self.host()
            ),
        )
    }

    /// The forge has no time for us.
    fn busy(
        &self,
        ask: &Ask<'_>,
        status: u16,
        body: &[u8],
        limited: bool,
        wait: Option<Duration>,
    ) -> Failed {
        let mut failed = self.refused(ask, Some(status), &message(body));
        // No caller may take this for an answer about what was asked.
        failed.status = None;
        failed.gap.needs = match (limited, wait) {
            (true, Some(wait)) => format!(
                "a run in {} s or later, when the rate limit has ended, or a token with a limit of its own",
                wait.as_secs()
            ),
            (true, None) => {
                "a later run, when the rate limit has ended, or a token with a limit of its own"
                    .to_owned()
            }
            (false, _) => format!("another run, when {} has recovered", self.host()),
        };
        failed
    }

    /// What is left of the budget.
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The pause after a try (from 0) to which the forge has no wish: doubled each time, and up to
    /// half as long again, so that runs that failed together do not come back together.
    fn own_pause(&self, attempt: u32) -> Duration {
        let pause = (FIRST_PAUSE * 2u32.pow(attempt)).min(self.budget / PART_OF_BUDGET);
        let random = RandomState::new().build_hasher().finish() % 512;
        pause + pause.mul_f64(random as f64 / 1_024.0)
    }
}

/// Whether the answer says that too much was asked. Sources: GitHub's "Rate limits for the REST
/// API", "exceeding the rate limit"; GitLab's "Rate limits", response headers.
fn is_limited(status: u16, headers: &HeaderMap, body: &[u8]) -> bool {
    let used_up = |name: &str| headers.get(name).is_some_and(|it| it == "0");
    match status {
        429 => true,
        403 => {
            let text = message(body).to_ascii_lowercase();
            headers.contains_key("retry-after")
                || used_up("x-ratelimit-remaining")
                || text.contains("secondary rate limit")
                || text.contains("rate limit exceeded")
                || text.contains("abuse detection")
        }
        _ => false,
    }
}

/// The pause that the forge asks for.
fn stated_pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let until = |at: i64| {
        let here = text("date").and_then(time::http_date).or_else(now)?;
        Some(Duration::from_secs(
            u64::try_from(at.saturating_sub(here)).unwrap_or(0),
        ))
    };
    if let Some(after) = text("retry-after") {
        let seconds = after.trim().parse().ok().map(Duration::from_secs);
        return seconds.or_else(|| time::http_date(after).and_then(until));
    }
    let used_up = text("x-ratelimit-remaining") == Some("0");
    let reset = text("x-ratelimit-reset").and_then(|it| it.parse().ok());
    reset.filter(|_| used_up).and_then(until)
}

/// What the forge says in an answer that says no.
fn message(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    let texts = ["message", "error_description", "error"];
    texts
        .iter()
        .find_map(|it| match &value[*it] {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        })
        .unwrap_or_default()
}

//! HTTP/1.1 on a port of this machine: threads, the standard library, and a memory of every request.

use super::faults::{Fault, Faults};
use super::page;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A request, as it came in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// The path as it was sent.
    pub(crate) target: String,
    /// Decoded, without the query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// Names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// The body of a GraphQL call, read.
    pub(crate) json: Value,
}

impl Seen {
    /// Whether it carries anything that could be a token.
    pub(crate) fn has_credentials(&self) -> bool {
        ["authorization", "private-token", "job-token", "cookie"]
            .iter()
            .any(|it| self.headers.contains_key(*it))
    }

    /// `GET /repos/acme/gitops/pulls/7/reviews?page=2`
    pub(crate) fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        match query.as_slice() {
            [] => format!("{} {}", self.method, self.path),
            some => format!("{} {}?{}", self.method, self.path, some.join("&")),
        }
    }
}

/// What a forge says, before it is cut into pages and bytes.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// One document.
    One(u16, Value),
    /// A list, to be served in pages.
    List(Vec<Value>),
    /// Bytes with headers of their own, as a scenario spells them out.
    Raw(u16, BTreeMap<String, String>, String),
}

impl Answer {
    /// A refusal in GitHub's words.
    pub(crate) fn message(status: u16, message: &str) -> Self {
        Self::One(
            status,
            serde_json::json!({
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": status.to_string(),
            }),
        )
    }
}

/// Who answers.
pub(crate) trait Service: Send + Sync + 'static {
    /// `url` is the server's own address, `most` the size of a page that it never exceeds.
    fn answer(&self, request: &Seen, url: &str, most: usize) -> Answer;
}

/// What goes over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

/// How a reply ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// Whole.
    #[default]
    Whole,
    /// The connection is closed before the promised length is reached.
    Short,
    /// The connection is closed before anything is said.
    Reset,
    /// Nothing is said for as long as the client cares to wait.
    Stall,
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    port: u16,
    host: &'static str,
    state: Arc<State>,
}

struct State {
    service: Box<dyn Service>,
    faults: Mutex<Faults>,
    seen: Mutex<Vec<Seen>>,
    most: usize,
    done: AtomicBool,
    url: String,
}

impl Server {
    /// At `127.0.0.1`, with pages of at most a hundred entries.
    pub(crate) fn start(service: impl Service) -> Self {
        Self::at("127.0.0.1", 100, service)
    }

    /// As [`Server::start`], with pages of at most `most` entries, whatever is asked for.
    pub(crate) fn paged(most: usize, service: impl Service) -> Self {
        Self::at("127.0.0.1", most, service)
    }

    /// At another name of this machine (`localhost`): another host, for a client.
    pub(crate) fn at(host: &'static str, most: usize, service: impl Service) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            service: Box::new(service),
            faults: Mutex::new(Faults::default()),
            seen: Mutex::new(Vec::new()),
            most,
            done: AtomicBool::new(false),
            url: format!("http://{host}:{port}"),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.done.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.talk(&stream));
            }
        });
        Self { port, host, state }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Let this fault happen on requests whose path matches (`*` stands for anything but `/`, `**`
    /// for anything; `graphql` for GraphQL calls).
    pub(crate) fn fault(&self, path: &str, fault: Fault) -> &Self {
        self.lock_faults().add(path, fault, None);
        self
    }

    /// The same, for the first `times` such requests only.
    pub(crate) fn fault_times(&self, path: &str, fault: Fault, times: usize) -> &Self {
        self.lock_faults().add(path, fault, Some(times));
        self
    }

    /// No faults from now on, and nothing seen yet.
    pub(crate) fn calm(&self) {
        *self.lock_faults() = Faults::default();
        self.state
            .seen
            .lock()
            .expect("no panic while it is held")
            .clear();
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state
            .seen
            .lock()
            .expect("no panic while it is held")
            .clone()
    }

    /// Every request so far as a line.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    fn lock_faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.state.faults.lock().expect("no panic while it is held")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.done.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// How long a connection may be idle, and the longest stall.
const PATIENCE: Duration = Duration::from_secs(20);

impl State {
    fn talk(&self, stream: &TcpStream) {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            let close = request
                .headers
                .get("connection")
                .is_some_and(|it| it == "close");
            let reply = self.reply(&request);
            match reply.end {
                End::Reset => break,
                End::Stall => {
                    let until = Instant::now() + PATIENCE;
                    while Instant::now() < until && !self.done.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    break;
                }
                End::Whole | End::Short => {}
            }
            if write(stream, &reply).is_err() || close || reply.end == End::Short {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn reply(&self, request: &Seen) -> Reply {
        self.seen
            .lock()
            .expect("no panic while it is held")
            .push(request.clone());
        let fault = self
            .faults
            .lock()
            .expect("no panic while it is held")
            .take(request);
        let asked = match &fault {
            Some(it) => it.request(request),
            None => request.clone(),
        };
        let answer = self.service.answer(&asked, &self.url, self.most);
        let mut reply = page::reply(answer, &asked, &self.url, self.most);
        reply
            .headers
            .entry("Date".to_owned())
            .or_insert_with(|| http_date(now()));
        match fault {
            Some(fault) => fault.reply(request, reply),
            None => reply,
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.map_or(0, |it| it.as_secs())).expect("a time of this age")
}

/// The time that many seconds from now, as HTTP writes it.
pub(crate) fn http_date_in(seconds: i64) -> String {
    http_date(now() + seconds)
}

/// Days are counted as in the proleptic Gregorian calendar.
fn http_date(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        [usize::try_from(days.rem_euclid(7)).expect("below seven")];
    let (mut year, mut day) = (1970, days);
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let february = 28 + i64::from(leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut month = 0;
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    format!(
        "{weekday}, {:02} {} {year} {:02}:{:02}:{:02} GMT",
        day + 1,
        names[month],
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}

fn read(reader: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|it| it.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter(|it| !it.is_empty()).map(|it| {
        let (name, value) = it.split_once('=').unwrap_or((it, ""));
        (decode(name), decode(&value.replace('+', " ")))
    });
    // GitHub Enterprise Server has its interfaces below a folder; they are the same.
    let path = decode_path(path);
    let path = path
        .strip_prefix("/api/v3")
        .or_else(|| path.strip_prefix("/api").filter(|it| *it == "/graphql"))
        .unwrap_or(&path)
        .to_owned();
    Some(Seen {
        method,
        target: target.split('?').next().unwrap_or_default().to_owned(),
        path,
        query: query.collect(),
        headers,
        json: serde_json::from_str(&body).unwrap_or(Value::Null),
        body,
    })
}

/// A `/` that was written as `%2F` belongs to a name: it stays as it was written.
fn decode_path(path: &str) -> String {
    let parts = path.split('/').map(|it| decode(it).replace('/', "%2F"));
    parts.collect::<Vec<_>>().join("/")
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|it| std::str::from_utf8(it).ok())
            .and_then(|it| u8::from_str_radix(it, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write(mut stream: &TcpStream, reply: &Reply) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Said\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let promised = reply.body.len() + if reply.end == End::Short { 64 } else { 0 };
    head.push_str(&format!("Content-Length: {promised}\r\n\r\n"));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply.body)?;
    stream.flush()
}

#[test]
fn dates_are_written_as_http_wants_them() {
    assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(http_date(1_709_210_096), "Thu, 29 Feb 2024 12:34:56 GMT");
}

//! Answers that are none, over real connections.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const SECRET: &str = "ghs_canary0123456789";

/// A server that answers the n-th request with what the function gives, byte for byte.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answer: impl Fn(&str, usize) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = head(&stream) else {
                    continue;
                };
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let count = {
                    let mut log = log.lock().expect("no panic");
                    log.push(request);
                    log.len()
                };
                // The client may have gone.
                let _ = (&stream).write_all(&answer(&path, count));
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    fn client(&self) -> Client {
        self.client_with(Duration::from_secs(2))
    }

    fn client_with(&self, budget: Duration) -> Client {
        let token = Token::parse(&format!("{SECRET}\n")).expect("a token");
        Client::new(Settings {
            base: Base::parse(&format!("{}/api", self.address)).expect("an address"),
            credential: Some(("authorization", "Bearer ", token)),
            headers: &[("accept", "application/json")],
            budget,
        })
    }
}

fn head(mut stream: &TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while !bytes.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn ask(path: &str) -> Ask<'static> {
    Ask {
        what: "the thing",
        path: path.to_owned(),
        needs: "the permission `thing: read`",
    }
}

/// What goes wrong; the token is in none of it.
#[track_caller]
fn failed(client: &Client, path: &str) -> Failed {
    let failed = client.get::<Value>(&ask(path)).expect_err("no answer");
    let text = format!("{failed:?}");
    assert!(!text.contains("canary"), "{text}");
    assert!(!failed.gap.why.is_empty() && !failed.gap.needs.is_empty());
    failed
}

#[test]
fn an_answer_is_read_and_the_token_goes_into_its_header() {
    let server = Server::new(|_, _| answer(200, "", r#"{"a": 1}"#));
    let client = server.client();
    let value: Value = client.get(&ask("/x?y=1")).expect("an answer");
    assert_eq!(value["a"], 1);
    let request = &server.requests()[0];
    assert!(
        request.starts_with("GET /api/x?y=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains(&format!("Bearer {SECRET}\r\n")));
    assert!(!format!("{:?}", client.token()).contains("canary"));
    assert!(Token::parse("a\r\nb: c").is_err() && Token::parse(" ").is_err());
}

#[test]
fn what_is_no_json_is_no_answer() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let echo = format!(r#"{{"a": "{SECRET}"}}"#);
    let raw = |text: &str| text.as_bytes().to_vec();
    let html = raw("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>");
    for (bytes, says) in [
        (html, "is no JSON (its type: text/html)"),
        (
            raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"),
            "nothing said",
        ),
        (answer(200, "", ""), "is empty"),
        (answer(200, "", r#"{"a": ["#), "ends before it is whole"),
        (answer(200, "", "a"), "is no JSON"),
        (answer(200, "", &deep), "is no JSON"),
        (answer(200, "", &echo), "repeats the token"),
        (raw("HTTP/1.1 204 No Content\r\n\r\n"), "status 204"),
        (raw("HTTP/1.1 304 Not Modified\r\n\r\n"), "status 304"),
        (answer(202, "", "{}"), "status 202"),
        (
            raw("SSH-2.0-OpenSSH\r\n\r\n"),
            "no answer of an HTTP server",
        ),
    ] {
        let server = Server::new(move |_, _| bytes.clone());
        let failed = failed(&server.client(), "/x");
        assert!(failed.gap.why.contains(says), "{says}: {failed:?}");
        assert_eq!(failed.status, None);
        assert_eq!(server.requests().len(), 1, "{says}");
    }
}

#[test]
fn a_no_keeps_its_status_and_message() {
    let body = format!(r#"{{"message": "Not\nFound {SECRET}", "status": "404"}}"#);
    let server = Server::new(move |_, _| answer(404, "", &body));
    let failed = failed(&server.client(), "/x");
    assert_eq!(failed.status, Some(404));
    assert_eq!(failed.message, "Not Found [token]");
    assert!(failed.says(404, "not found") && !failed.says(403, "not found"));
    assert_eq!(failed.gap.needs, "the permission `thing: read`");
    let server = Server::new(|_, _| answer(401, "", "<html>"));
    let refused = super::tests::failed(&server.client(), "/x");
    assert!(
        refused
            .gap
            .needs
            .starts_with("a token that 127.0.0.1 accepts")
    );
}

#[test]
fn trouble_that_passes_is_waited_for() {
    let limit = r#"{"message": "You have exceeded a secondary rate limit"}"#;
    let cut =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[".to_vec();
    for bytes in [
        answer(500, "", "{}"),
        answer(502, "", "<html>"),
        answer(429, "retry-after: 0\r\n", "{}"),
        answer(403, "", limit),
        answer(
            403,
            "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1\r\n",
            "{}",
        ),
        Vec::new(),
        cut,
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let once = bytes.clone();
        let server = Server::new(move |_, n| {
            if n < 3 {
                once.clone()
            } else {
                answer(200, "", "[]")
            }
        });
        let value = server.client().get::<Value>(&ask("/x"));
        assert!(value.is_ok(), "{shown}: {value:?}");
        assert_eq!(server.requests().len(), 3, "{shown}");
        let server = Server::new(move |_, _| bytes.clone());
        let failed = failed(&server.client(), "/x");
        assert_eq!(
            (failed.status, server.requests().len()),
            (None, 5),
            "{shown}"
        );
    }
}

#[test]
fn a_wait_that_is_too_long_is_not_begun() {
    for headers in [
        "retry-after: 61\r\n",
        "retry-after: 30\r\n",
        "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 9999999999\r\n",
    ] {
        let server = Server::new(move |_, _| answer(403, headers, "{}"));
        let failed = failed(&server.client(), "/x");
        assert!(failed.gap.needs.contains("rate limit"), "{failed:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn silence_ends_with_the_budget() {
    let server = Server::new(|_, _| {
        std::thread::sleep(Duration::from_secs(3));
        Vec::new()
    });
    let client = server.client_with(Duration::from_millis(400));
    let first = failed(&client, "/x");
    assert!(
        first.gap.why.contains("does not answer within"),
        "{first:?}"
    );
    let second = failed(&client, "/y");
    assert!(second.gap.why.contains("are used up"), "{second:?}");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let nobody = Server {
        address,
        requests: Arc::default(),
    };
    let refused = failed(&nobody.client(), "/x");
    assert!(
        refused.gap.why.contains("the connection fails"),
        "{refused:?}"
    );
}

#[test]
fn redirects_stay_within_the_host() {
    let server = Server::new(|path, _| match path {
        "/api/old" => answer(301, "location: /api/new\r\n", "{}"),
        "/api/new" => answer(200, "", "[]"),
        _ => answer(302, "location: /api/round\r\n", "{}"),
    });
    assert!(server.client().get::<Value>(&ask("/old")).is_ok());
    assert!(server.requests()[1].contains(SECRET));
    let round = failed(&server.client(), "/round");
    assert!(
        round.gap.why.contains("one redirect after another"),
        "{round:?}"
    );
    assert_eq!(server.requests().len(), 6);

    let other = Server::new(|_, _| answer(200, "", "[]"));
    let to = format!("location: {}/api/x\r\n", other.address);
    let server = Server::new(move |_, _| answer(302, &to, "{}"));
    let failed = failed(&server.client(), "/x");
    assert!(failed.gap.why.contains("another host"), "{failed:?}");
    assert!(other.requests().is_empty());
}

/// A list of so many items as GitHub pages it, with one thing wrong.
fn list(items: usize, fault: &'static str) -> Server {
    let address = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&address);
    let server = Server::new(move |path, _| {
        let number = |name: &str| {
            let value = path.split(['?', '&']).find_map(|it| it.strip_prefix(name));
            value.and_then(|it| it.parse::<usize>().ok())
        };
        let (page, size) = (
            number("page=").unwrap_or(1),
            number("per_page=").unwrap_or(30),
        );
        let last = items.div_ceil(size).max(1);
        let from = match fault {
            "repeated" if page > 1 => (page - 2) * size,
            _ => (page - 1) * size,
        };
        let ids = (from..items.min(from + size)).filter(|it| !(fault == "shorter" && *it == 3));
        let ids = match fault {
            "empty" if page == 1 => Vec::new(),
            "emptied" if page == 2 => Vec::new(),
            _ => ids.collect(),
        };
        let body = Value::from(ids).to_string();
        let host = match fault {
            "elsewhere" => "https://evil.example".to_owned(),
            _ => own.lock().expect("no panic").clone(),
        };
        let step = if fault == "skipped" { 2 } else { 1 };
        let folder = if fault == "moved" {
            "others"
        } else {
            "repositories/1/things"
        };
        let link = |to: usize, rel: &str| {
            format!("<{host}/api/{folder}?per_page={size}&page={to}>; rel=\"{rel}\"")
        };
        let mut headers = match page {
            _ if fault == "unlinked" || last == 1 => String::new(),
            page if page < last && !(matches!(fault, "cut" | "emptied") && page == 2) => {
                format!(
                    "link: {}, {}\r\n",
                    link(page + step, "next"),
                    link(last, "last")
                )
            }
            page => format!("link: {}\r\n", link(page - 1, "prev")),
        };
        if matches!(fault, "counted" | "shorter") {
            headers.push_str(&format!("x-total: {items}\r\n"));
        }
        answer(200, &headers, &body)
    });
    *address.lock().expect("no panic") = server.address.clone();
    server
}

#[test]
fn a_list_is_whole_or_unknown() {
    let read = |server: &Server| {
        (server.client()).pages::<u64>(&ask("/repos/acme/gitops/things"), u64::to_string)
    };
    for (items, fault, requests) in [
        (0, "", 1),
        (99, "", 1),
        (100, "", 2),
        (250, "", 3),
        (250, "counted", 3),
        (250, "unlinked", 3),
        (200, "unlinked", 3),
    ] {
        let server = list(items, fault);
        let found = read(&server).map(|it| it.len());
        assert_eq!(found, Ok(items), "{items} {fault}");
        assert_eq!(server.requests().len(), requests, "{items} {fault}");
    }
    for (fault, says) in [
        ("repeated", "repeats what an earlier one held"),
        ("skipped", "page 1 is not followed by page 2"),
        ("cut", "it ends at page 2 of 4"),
        ("shorter", "it has 349 entries where the forge counts 350"),
        ("empty", "an empty page is followed by another"),
        ("emptied", "a page that the one before leads to is empty"),
        ("moved", "at another path"),
        ("elsewhere", "on another host (`https://evil.example`)"),
    ] {
        let failed = read(&list(350, fault)).expect_err(fault);
        assert!(failed.gap.why.contains(says), "{fault}: {failed:?}");
    }
    let endless = list(20_000, "");
    let failed = read(&endless).expect_err("too many");
    assert!(failed.gap.why.contains("more than 100 pages"), "{failed:?}");
}

#[test]
fn a_graphql_answer_with_errors_is_none() {
    for (body, status) in [
        (r#"{"data": {"a": 1}}"#, Ok(())),
        (r#"{"data": {"a": 1}, "errors": []}"#, Ok(())),
        (
            r#"{"data": {"a": 1}, "errors": [{"type": "FORBIDDEN", "message": "no"}]}"#,
            Err(Some(403)),
        ),
        (
            r#"{"data": null, "errors": [{"type": "NOT_FOUND", "message": "no"}]}"#,
            Err(Some(404)),
        ),
        (r#"{"errors": [{"message": "no"}]}"#, Err(None)),
        (r#"{"data": null}"#, Err(None)),
        ("{}", Err(None)),
    ] {
        #[derive(serde::Deserialize)]
        struct Data {
            a: u64,
        }
        let server = Server::new(move |_, _| answer(200, "", body));
        let told = server
            .client()
            .graphql::<Data>(&ask("/graphql"), "{a}", &json!({}));
        assert_eq!(
            told.map(|it| assert_eq!(it.a, 1)).map_err(|it| it.status),
            status,
            "{body}"
        );
        let request = &server.requests()[0];
        assert!(request.starts_with("POST /api/graphql "), "{request}");
    }
}

#[test]
fn clocks_that_differ_are_noticed() {
    for (date, agree) in [
        ("date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", false),
        ("date: Fri, 31 Dec 9999 00:00:00 GMT\r\n", false),
        ("date: yesterday\r\n", true),
        ("", true),
    ] {
        let server = Server::new(move |_, _| answer(200, date, "[]"));
        let client = server.client();
        assert!(client.get::<Value>(&ask("/x")).is_ok());
        let gap = client.clocks_agree();
        assert_eq!(gap.is_ok(), agree, "{date}: {gap:?}");
    }
}

//! Answers of GitHub and GitLab: a server on this machine gives those of an input, and the house asks it.

use super::{holds, part};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tollgate::forges::{Environment, Question, choose};
use tollgate::model::{ForgeFacts, ForgeKind, Proposal};

pub(super) const WORDS: &[&str] = &[
    "",
    "ann",
    "bob",
    "APPROVED",
    "approved",
    "CHANGES_REQUESTED",
    "DISMISSED",
    "open",
    "closed",
    "merged",
    "main",
    "admin",
    "write",
    "active",
    "pending",
    "User",
    "Bot",
    "2026-11-20T11:00:00Z",
    "2026-11-20T11:00:00.5+01:00",
    "9999-12-31T23:59:59Z",
    "0000-00-00T00:00:00Z",
    "a\u{202e}b",
    "::error::x",
    "refs/heads/main",
    "~ALL",
    "**",
    "all",
    "pull_request",
    "required_status_checks",
    "0123456789abcdef0123456789abcdef01234567",
    "any_approver",
    "code_owner",
    "never",
    "premium",
    "ghp_own",
];

/// The token that is sent; no fact may repeat it.
const TOKEN: &str = "token-of-this-run";
const HEAD: &str = "2222222222222222222222222222222222222222";
const NOW: u64 = 1_795_900_000;

/// What GitHub answers: a map from path to body.
pub(super) fn github(parts: &[String]) -> Result<(), String> {
    let server = &*SERVER;
    let address = format!("http://{}", server.address);
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", &address),
        ("GITHUB_GRAPHQL_URL", &format!("{address}/graphql")),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/gitops"),
        ("GITHUB_REPOSITORY_OWNER", "acme"),
        ("TOLLGATE_GITHUB_TOKEN", TOKEN),
    ];
    ask(server, part(parts, 0), &variables, ForgeKind::Github)
}

/// What GitLab answers: a map from path to body.
pub(super) fn gitlab(parts: &[String]) -> Result<(), String> {
    let server = &*SERVER;
    let variables = [
        ("GITLAB_CI", "true"),
        (
            "CI_API_V4_URL",
            &*format!("http://{}/api/v4", server.address),
        ),
        ("CI_PROJECT_ID", "42"),
        ("CI_PROJECT_PATH", "acme/gitops"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "42"),
        ("CI_MERGE_REQUEST_PROJECT_PATH", "acme/gitops"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("TOLLGATE_GITLAB_TOKEN", TOKEN),
    ];
    ask(server, part(parts, 0), &variables, ForgeKind::Gitlab)
}

fn ask(
    server: &Server,
    answers: &str,
    variables: &[(&str, &str)],
    forge: ForgeKind,
) -> Result<(), String> {
    let Ok(answers) = serde_json::from_str::<BTreeMap<String, Value>>(answers) else {
        return Ok(());
    };
    server.lock().answers = answers;
    let variables = variables
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    let environment = Environment::new(variables.collect());
    let question = Question {
        proposal: Some(Proposal {
            forge,
            number: 7,
            head: HEAD.to_owned(),
            branch: "main".to_owned(),
        }),
        branch: Some("main".to_owned()),
        reviews: true,
        protection: true,
        teams: BTreeSet::from(["acme/platform".to_owned()]),
        now: NOW,
        // Pauses are a part of it.
        budget: Some(Duration::from_secs(2)),
        recorded: None,
    };
    let asked = choose(None, &environment).map_err(|it| format!("no forge of {it:?}"))?;
    let facts = asked.ask(&environment, &question);
    let text = serde_json::to_string(&facts).map_err(|it| it.to_string())?;
    holds(!text.contains(TOKEN), || format!("the token shows: {text}"))?;
    let again: ForgeFacts = serde_json::from_str(&text).map_err(|it| format!("{it}: {text}"))?;
    holds(again == facts, || {
        format!("another when read again: {text}")
    })?;
    holds(facts.protection.is_some(), || {
        "says nothing of the protection".to_owned()
    })?;
    let told = facts.teams.contains_key("acme/platform");
    holds(told, || "says nothing of the team".to_owned())
}

/// A server on this machine.
struct Server {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, Value>,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let state = Arc::new(Mutex::new(State::default()));
    let Ok(listener) = TcpListener::bind(("127.0.0.1", 0)) else {
        return Server {
            address: "127.0.0.1:9".to_owned(),
            state,
        };
    };
    let port = listener.local_addr().map_or(0, |it| it.port());
    let shared = Arc::clone(&state);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || talk(&stream, &shared));
        }
    });
    Server {
        address: format!("127.0.0.1:{port}"),
        state,
    }
});

impl Server {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answer the requests of one connection, until it is closed.
fn talk(stream: &TcpStream, state: &Mutex<State>) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Some(key) = read(&mut reader) {
        let answer = lock(state).answers.get(&key).cloned();
        let (status, body) = match answer {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", serde_json::json!({"message": "Not Found"})),
        };
        let count = body.as_array().map_or(0, Vec::len);
        let body = body.to_string();
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Total: {count}\r\nX-Page: 1\r\nX-Total-Pages: 1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut out = stream;
        if out.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

/// The key of a request's answer: its path, and the name of a query of GraphQL.
fn read(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = target.split('?').next()?.to_owned();
    if length == 0 {
        return Some(path);
    }
    let body: Value = serde_json::from_slice(&body).ok()?;
    let query = body["query"].as_str().unwrap_or_default();
    let name = query.split([' ', '(']).nth(1);
    Some(format!("{path} {}", name.unwrap_or_default()))
}

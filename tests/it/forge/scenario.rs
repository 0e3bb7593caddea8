//! Scenario files: YAML, read into what a forge knows.

use super::change::Change;
use super::github::Commit;
use super::server::Answer;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use tollgate_yaml::{Dialect, Limits, Sources, parse};

/// One answer, spelled out. `${URL}` in it is the server's address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    #[serde(default = "get")]
    pub(super) method: String,
    /// `*` stands for one name.
    pub(super) path: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A document; a list is served in pages unless it has `headers` of its own.
    #[serde(default)]
    body: Value,
    /// Text instead of a document.
    #[serde(default)]
    text: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

impl Route {
    pub(super) fn answer(&self, url: &str) -> Answer {
        let fill = |text: &str| text.replace("${URL}", url);
        if let Some(text) = &self.text {
            let headers = self.headers.iter().map(|(k, v)| (k.clone(), fill(v)));
            return Answer::Raw(self.status, headers.collect(), fill(text));
        }
        let body = fill(&self.body.to_string());
        match serde_json::from_str(&body).expect("still JSON") {
            Value::Array(list) if self.headers.is_empty() && self.status == 200 => {
                Answer::List(list)
            }
            other if self.headers.is_empty() => Answer::One(self.status, other),
            _ => {
                let headers = self.headers.iter().map(|(k, v)| (k.clone(), fill(v)));
                Answer::Raw(self.status, headers.collect(), body)
            }
        }
    }
}

/// A scenario's text as data.
///
/// # Panics
/// On mistakes in it: they are the test's.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> T {
    let sources = Sources::new();
    let file = sources.add("scenario.yaml", text);
    let documents = parse(text, file, Dialect::Kyaml, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    let json = match documents.first() {
        Some(it) => it.to_json().expect("JSON"),
        None => Value::Object(serde_json::Map::new()),
    };
    serde_json::from_value(json).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The commits that a change brings, the newest first.
pub(super) fn commits(change: &Change) -> Vec<Commit> {
    let repository = git2::Repository::open(change.repository.path()).expect("the repository");
    let mut walk = repository.revwalk().expect("a walk");
    walk.set_sorting(git2::Sort::TOPOLOGICAL).expect("sorted");
    let id = |it: &str| git2::Oid::from_str(it).expect("an id");
    walk.push(id(&change.head)).expect("the head");
    walk.hide(id(&change.base)).expect("the base");
    walk.map(|id| {
        let commit = repository
            .find_commit(id.expect("an id"))
            .expect("a commit");
        Commit {
            id: commit.id().to_string(),
            author: String::from_utf8_lossy(commit.author().email_bytes()).into_owned(),
            committer: String::from_utf8_lossy(commit.committer().email_bytes()).into_owned(),
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
            signed: false,
        }
    })
    .collect()
}

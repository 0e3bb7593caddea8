//! What can go wrong between a forge and its client, as scripts that a server plays.

use super::server::{End, Reply, Seen, http_date_in};
use serde_json::Value;

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// This status, with a message in GitHub's form.
    Says(u16, &'static str),
    /// This status and message, with these headers.
    SaysWith(u16, &'static str, &'static [(&'static str, &'static str)]),
    /// Nothing comes.
    Stall,
    /// The connection is closed without a word.
    Reset,
    /// The connection ends in the middle of the body.
    Cut,
    /// Half of the JSON, and the length fits.
    HalfJson,
    /// 200 with a page for people.
    Html,
    /// 200 with nothing.
    Empty,
    /// 304, to somebody who never had a body.
    NotModified,
    /// 304-like silence that is none: 204.
    NoContent,
    /// The second page is empty and the last.
    DropPage,
    /// The second page is the first once more.
    RepeatPage,
    /// Every page is the first, for ever.
    EndlessPages,
    /// No page says that there is another.
    NoLink,
    /// The next page is at this address.
    LinkTo(String),
    /// 302 to this address.
    Redirect(String),
    /// 302 to itself.
    Loop,
    /// The right body, and spaces behind it until it has so many bytes.
    Large(usize),
    /// The value at this pointer (`/0/user/id`; `*` is every member) is another.
    Put(&'static str, Value),
    /// The member at this pointer is gone.
    Drop(&'static str),
    /// `[]` instead of a map, `{}` instead of a list.
    OtherShape,
    /// The forge's clock is off by so many seconds.
    Clock(i64),
}

/// What goes wrong, where, and how often.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(String, Fault, Option<usize>)>);

impl Faults {
    pub(super) fn add(&mut self, path: &str, fault: Fault, times: Option<usize>) {
        self.0.push((path.to_owned(), fault, times));
    }

    /// What goes wrong with this request.
    pub(super) fn take(&mut self, request: &Seen) -> Option<Fault> {
        let at = self.0.iter().position(|(path, _, times)| {
            let (path, query) = path.split_once('#').unwrap_or((path, ""));
            *times != Some(0)
                && matches(path, request.path.trim_start_matches('/'))
                && (query.is_empty() || request.body.contains(&format!("query {query}(")))
        })?;
        let (_, fault, times) = &mut self.0[at];
        if let Some(times) = times {
            *times -= 1;
        }
        Some(fault.clone())
    }
}

/// `*` stands for one name of a path, `**` at the end for any.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let mut names = path.split('/');
    for want in pattern.trim_start_matches('/').split('/') {
        if want == "**" {
            return true;
        }
        match names.next() {
            Some(name) if want == "*" || want == name => {}
            _ => return false,
        }
    }
    names.next().is_none()
}

/// Where a page of GraphQL begins.
const CURSORS: [&str; 2] = ["after", "cursor"];

impl Fault {
    /// The request that is answered instead of the one that was made.
    pub(super) fn request(&self, request: &Seen) -> Seen {
        let mut asked = request.clone();
        if matches!(self, Self::RepeatPage | Self::EndlessPages) {
            asked.query.insert("page".to_owned(), "1".to_owned());
            for it in asked.json["variables"]
                .as_object_mut()
                .into_iter()
                .flatten()
            {
                if CURSORS
                    .iter()
                    .any(|name| it.0.to_lowercase().contains(name))
                {
                    *it.1 = Value::Null;
                }
            }
        }
        asked
    }

    /// What is said instead of what should be.
    pub(super) fn reply(&self, request: &Seen, mut reply: Reply) -> Reply {
        match self {
            Self::Says(status, message) => says(&mut reply, *status, message),
            Self::SaysWith(status, message, headers) => {
                says(&mut reply, *status, message);
                for (name, value) in *headers {
                    reply
                        .headers
                        .insert((*name).to_owned(), (*value).to_owned());
                }
            }
            Self::Stall => reply.end = End::Stall,
            Self::Reset => reply.end = End::Reset,
            Self::Cut => {
                reply.body.truncate(reply.body.len() / 2);
                reply.end = End::Short;
            }
            Self::HalfJson => reply.body.truncate(reply.body.len() / 2),
            Self::Html => {
                let html = "text/html; charset=utf-8";
                reply
                    .headers
                    .insert("Content-Type".to_owned(), html.to_owned());
                reply.body = b"<!DOCTYPE html><title>Unicorn!</title>".to_vec();
            }
            Self::Empty => reply.body.clear(),
            Self::NotModified => {
                reply.status = 304;
                reply.body.clear();
            }
            Self::NoContent => {
                reply.status = 204;
                reply.body.clear();
            }
            Self::DropPage => {
                if is_second(request) {
                    reply.headers.remove("Link");
                    reply.headers.remove("X-Next-Page");
                    change_json(&mut reply, empty_page);
                }
            }
            // A page that is repeated names the page behind it as the honest one would.
            Self::RepeatPage => {
                if is_second(request) {
                    reply.headers.remove("Link");
                    reply.headers.remove("X-Next-Page");
                    change_json(&mut reply, last_page);
                }
            }
            Self::EndlessPages => {}
            Self::NoLink => {
                reply.headers.remove("Link");
                reply.headers.remove("X-Next-Page");
                change_json(&mut reply, last_page);
            }
            Self::LinkTo(address) => {
                if reply.headers.contains_key("Link") {
                    let link = format!("<{address}>; rel=\"next\"");
                    reply.headers.insert("Link".to_owned(), link);
                }
            }
            Self::Redirect(address) => redirect(&mut reply, address),
            Self::Loop => redirect(&mut reply, &request.path),
            Self::Large(size) => reply.body.resize(*size, b' '),
            Self::Put(pointer, value) => change_json(&mut reply, |it| {
                each(it, pointer, &mut |member| *member = value.clone());
            }),
            Self::Drop(pointer) => change_json(&mut reply, |it| {
                let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
                each(it, parent, &mut |member| {
                    if let Some(map) = member.as_object_mut() {
                        map.remove(name);
                    }
                });
            }),
            Self::OtherShape => change_json(&mut reply, |it| {
                *it = if it.is_array() {
                    Value::Object(serde_json::Map::new())
                } else {
                    Value::Array(Vec::new())
                };
            }),
            Self::Clock(seconds) => {
                reply
                    .headers
                    .insert("Date".to_owned(), http_date_in(*seconds));
            }
        }
        reply
    }
}

fn says(reply: &mut Reply, status: u16, message: &str) {
    reply.status = status;
    reply.headers.remove("Link");
    let body = serde_json::json!({"message": message, "status": status.to_string()});
    reply.body = body.to_string().into_bytes();
}

fn redirect(reply: &mut Reply, address: &str) {
    reply.status = 302;
    reply
        .headers
        .insert("Location".to_owned(), address.to_owned());
    reply.body.clear();
}

/// Whether anything but the first page is asked for.
fn is_second(request: &Seen) -> bool {
    let number: Option<usize> = request.query.get("page").and_then(|it| it.parse().ok());
    let mut variables = request.json["variables"].as_object().into_iter().flatten();
    number.is_some_and(|it| it > 1)
        || variables.any(|(name, value)| {
            CURSORS.iter().any(|it| name.to_lowercase().contains(it)) && !value.is_null()
        })
}

fn change_json(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) {
        change(&mut value);
        reply.body = value.to_string().into_bytes();
    }
}

/// A list or GraphQL's connections without entries, and with no page behind them.
fn empty_page(value: &mut Value) {
    if let Some(list) = value.as_array_mut() {
        list.clear();
    }
    last_page(value);
    connections(value, &mut |it| {
        for name in ["nodes", "edges"] {
            if let Some(list) = it.get_mut(name).and_then(Value::as_array_mut) {
                list.clear();
            }
        }
    });
}

fn last_page(value: &mut Value) {
    connections(value, &mut |it| {
        it["pageInfo"]["hasNextPage"] = Value::Bool(false);
    });
}

fn connections(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    if value.get("pageInfo").is_some() {
        change(value);
    }
    match value {
        Value::Array(list) => list.iter_mut().for_each(|it| connections(it, change)),
        Value::Object(map) => map.values_mut().for_each(|it| connections(it, change)),
        _ => {}
    }
}

/// Every value at a pointer.
pub(super) fn each(value: &mut Value, pointer: &str, change: &mut impl FnMut(&mut Value)) {
    let Some(rest) = pointer.strip_prefix('/') else {
        return change(value);
    };
    let (name, rest) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    match value {
        Value::Array(list) if name == "*" => {
            list.iter_mut().for_each(|it| each(it, rest, change));
        }
        Value::Array(list) => {
            if let Some(it) = name.parse().ok().and_then(|at: usize| list.get_mut(at)) {
                each(it, rest, change);
            }
        }
        Value::Object(map) if name == "*" => {
            map.values_mut().for_each(|it| each(it, rest, change));
        }
        Value::Object(map) => {
            let it = map.entry(name.to_owned()).or_insert(Value::Null);
            each(it, rest, change);
        }
        _ => {}
    }
}

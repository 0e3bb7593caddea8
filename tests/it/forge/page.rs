//! Lists cut into pages, as REST interfaces do it.

use super::server::{Answer, Reply, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The bytes of an answer: a list becomes the page that is asked for, with GitHub's `Link` and
/// GitLab's `X-` headers.
pub(super) fn reply(answer: Answer, request: &Seen, url: &str, most: usize) -> Reply {
    let mut headers: BTreeMap<String, String> = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-GitHub-Request-Id", "0001:0002"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    match answer {
        Answer::One(status, body) => Reply {
            status,
            headers,
            body: body.to_string().into_bytes(),
            ..Reply::default()
        },
        Answer::Raw(status, own, body) => {
            headers.extend(own);
            Reply {
                status,
                headers,
                body: body.into_bytes(),
                ..Reply::default()
            }
        }
        Answer::List(list) => {
            let number = |name: &str| request.query.get(name).and_then(|it| it.parse().ok());
            let page = number("page").unwrap_or(1).max(1);
            let asked = number("per_page").unwrap_or(30);
            let size = asked.clamp(1, 100).min(most);
            let last = list.len().div_ceil(size).max(1);
            let shown: Vec<&Value> = list.iter().skip((page - 1) * size).take(size).collect();
            let address = |page: usize| {
                let mut query = request.query.clone();
                query.insert("page".to_owned(), page.to_string());
                query.insert("per_page".to_owned(), asked.to_string());
                let query: Vec<String> = query
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.replace('/', "%2F")))
                    .collect();
                format!("{url}{}?{}", request.path, query.join("&"))
            };
            let mut links = Vec::new();
            if page > 1 {
                links.push(format!("<{}>; rel=\"prev\"", address(page - 1)));
                links.push(format!("<{}>; rel=\"first\"", address(1)));
            }
            if page < last {
                links.push(format!("<{}>; rel=\"next\"", address(page + 1)));
                links.push(format!("<{}>; rel=\"last\"", address(last)));
                if request.path.starts_with("/api/v4/") {
                    headers.insert("X-Next-Page".to_owned(), (page + 1).to_string());
                }
            }
            if !links.is_empty() {
                headers.insert("Link".to_owned(), links.join(", "));
            }
            if request.path.starts_with("/api/v4/") {
                for (name, value) in [
                    ("X-Total", list.len()),
                    ("X-Total-Pages", last),
                    ("X-Page", page),
                    ("X-Per-Page", size),
                ] {
                    headers.insert(name.to_owned(), value.to_string());
                }
            }
            Reply {
                status: 200,
                headers,
                body: json!(shown).to_string().into_bytes(),
                ..Reply::default()
            }
        }
    }
}

//! What can go wrong with an answer.

use crate::forge::{Fault, Server};
use serde_json::json;

/// What goes wrong with any answer.
pub(super) fn faults(other: &Server, github: bool) -> Vec<Fault> {
    const HOUR: &[(&str, &str)] = &[("Retry-After", "3600")];
    const UPGRADE: &str =
        "Upgrade to GitHub Pro or make this repository public to enable this feature.";
    let mut all = vec![
        Fault::Says(401, "Bad credentials"),
        Fault::Says(404, "Not Found"),
        Fault::Says(429, "slow down"),
        Fault::SaysWith(429, "slow down", HOUR),
        Fault::Says(500, "oops"),
        Fault::Says(502, "Bad gateway"),
        Fault::Says(503, "down"),
        Fault::Stall,
        Fault::Reset,
        Fault::Cut,
        Fault::HalfJson,
        Fault::Html,
        Fault::Empty,
        Fault::NoContent,
        Fault::NotModified,
        Fault::OtherShape,
        Fault::Redirect(other.url()),
        Fault::Loop,
    ];
    all.extend(if github {
        vec![
            Fault::Says(403, "Resource not accessible by integration"),
            Fault::SaysWith(403, "You have exceeded a secondary rate limit", HOUR),
            Fault::Says(403, UPGRADE),
            Fault::Says(404, "Branch not protected"),
        ]
    } else {
        vec![
            Fault::Says(403, "403 Forbidden"),
            Fault::Says(403, "insufficient_scope"),
            Fault::Says(404, "404 Project Not Found"),
        ]
    });
    all
}

/// What goes wrong with the pages of a list.
pub(super) fn page_faults(other: &Server, github: bool, graphql: bool) -> Vec<Fault> {
    let mut all = vec![Fault::DropPage, Fault::RepeatPage, Fault::EndlessPages];
    if github && !graphql {
        all.push(Fault::LinkTo(format!("{}/x?page=2", other.url())));
    }
    all
}

/// What makes another request of it.
pub(super) fn moved(github: bool) -> Vec<Fault> {
    let old = json!("0123456789012345678901234567890123456789");
    if github {
        vec![
            Fault::Put("/head/sha", old),
            Fault::Put("/base/ref", json!("release")),
            Fault::Put("/base/repo/full_name", json!("evil/gitops")),
            Fault::Put("/state", json!("closed")),
            Fault::Put("/draft", json!(true)),
            Fault::Put("/user/id", json!(12)),
        ]
    } else {
        vec![
            Fault::Put("/sha", old),
            Fault::Put("/target_branch", json!("release")),
            Fault::Put("/target_project_id", json!(43)),
            Fault::Put("/state", json!("closed")),
            Fault::Put("/draft", json!(true)),
            Fault::Put("/author/id", json!(2)),
        ]
    }
}

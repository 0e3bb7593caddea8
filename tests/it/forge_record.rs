//! What a forge says of a request, in a short form for tests and pages, made into the record that
//! `check --forge-facts` reads.
//!
//! ```json
//! {
//!   "author": "ann",
//!   "reviews": [{"by": "bob", "says": "approved", "of": "older"}],
//!   "permissions": {"eve": "read"},
//!   "teams": {"acme/platform": ["bob"]},
//!   "protection": {"approvals": 2, "force_push": true, "bypass": [{"actor": "App:renovate"}]},
//!   "notes": ["the tier"]
//! }
//! ```
//!
//! - An account is its name; its number comes from [`PEOPLE`], or `"ann#11"` gives one, and a name with
//!   `[bot]` is no person. `null` is an account that is gone.
//! - A review `says` approved, changes-requested, commented or dismissed, `of` the head unless it names
//!   another commit.
//! - `draft`, `state`, `branch`, `number` and `head` are those of the request; open, for `main`, 7 and
//!   what is judged unless given.
//! - `last_pusher` and `contributors` of every commit are the author unless given; what holds an `@` is
//!   an address without an account. `commits` says it of single ones, by their message.
//! - `permissions` are `write` for everybody who reviewed unless given; `"unknown"` stands for any fact
//!   that the forge does not tell.
//! - `protection` is that of the request's branch unless it names another `branch`. What it does not
//!   give is as strict as can be, with six approvals and no checks; `by` is `ruleset "prod" (42)`.
//!   A check is its name, or a map with `context` and `source`; an actor's `mode` is `always` unless
//!   given. Without it the forge was not asked.

use crate::support::{Repository, tollgate};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tollgate::model::{
    Access, Account, AccountKind, Bypass, Contributor, ForgeFacts, Known, ProtectionFacts, Request,
    RequestState, RequiredCheck, Review, ReviewState, Stated,
};
use tollgate::run::record;

/// Accounts and their numbers.
const PEOPLE: &[(&str, u64)] = &[
    ("ann", 11),
    ("bob", 12),
    ("cho", 13),
    ("dee", 14),
    ("eve", 15),
    ("fay", 16),
    ("gus", 17),
    ("renovate[bot]", 90),
    ("github-actions[bot]", 91),
];

/// The record of a check of the two commits, with the forge's answers in it.
pub(crate) fn record(repository: &Repository, base: &str, head: &str, forge: &Value) -> PathBuf {
    record_at(repository, base, head, forge, None)
}

/// As [`record`], of a check that was made at another time: `tollgate replay` judges by the clock of
/// the record.
pub(crate) fn record_at(
    repository: &Repository,
    base: &str,
    head: &str,
    forge: &Value,
    now: Option<u64>,
) -> PathBuf {
    // Inside of `.git` it is no part of what is judged.
    let path = repository.path().join(".git/tollgate-facts.json");
    let name = path.to_str().expect("a path of text");
    let output = tollgate(
        repository.path(),
        &["check", "--base", base, "--head", head, "--facts-out", name],
    );
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    let mut gathered = record::read(&bytes).expect("a record");
    // Both may be names of branches.
    let change = &gathered.facts.change;
    let ids = [&change.base, &change.head].map(|it| it.commit.clone().expect("a commit"));
    gathered.facts.forge = Some(facts(repository, &ids[0], &ids[1], forge));
    gathered.facts.now = now.unwrap_or(gathered.facts.now);
    let bytes = record::write(&gathered).expect("a record");
    std::fs::write(&path, bytes).expect("written");
    path
}

fn facts(repository: &Repository, base: &str, head: &str, forge: &Value) -> ForgeFacts {
    let author = forge
        .get("author")
        .map_or_else(|| account(&json!("ann")), account);
    let text = |key: &str, default: &str| {
        let text = forge.get(key).and_then(Value::as_str);
        text.unwrap_or(default).to_owned()
    };
    let reviews: Vec<Review> = list(forge, "reviews")
        .iter()
        .map(|it| review(it, head))
        .collect();
    let mut permissions = BTreeMap::new();
    for account in reviews.iter().filter_map(|it| it.account.as_ref()) {
        let given = forge
            .get("permissions")
            .and_then(|it| it.get(&account.login));
        let given = given.and_then(Value::as_str).unwrap_or("write");
        permissions.insert(account.id, known(given, access));
    }
    ForgeFacts {
        forge: "github".to_owned(),
        repository: "github.com/acme/gitops".to_owned(),
        request: known(&text("request", ""), |_| Request {
            number: forge.get("number").and_then(Value::as_u64).unwrap_or(7),
            state: match text("state", "open").as_str() {
                "open" => RequestState::Open,
                "closed" => RequestState::Closed,
                "merged" => RequestState::Merged,
                other => panic!("no state of a request: {other}"),
            },
            draft: forge.get("draft") == Some(&Value::Bool(true)),
            author: author.clone(),
            head: text("head", head),
            branch: text("branch", "main"),
        }),
        reviews: match forge.get("reviews") {
            Some(Value::String(it)) => known(it, |_| Vec::new()),
            _ => Known::Known(reviews),
        },
        commits: commits(repository, base, head, forge, author.as_ref()),
        last_pusher: match forge.get("last_pusher") {
            Some(it) if it == "unknown" => unknown(),
            Some(it) => Known::Known(account(it).expect("an account")),
            None => author.clone().map_or_else(unknown, Known::Known),
        },
        permissions,
        teams: teams(forge),
        protection: forge
            .get("protection")
            .map(|it| protection(it, &text("branch", "main"))),
        notes: list(forge, "notes")
            .iter()
            .map(|it| it.as_str().expect("a note").to_owned())
            .collect(),
    }
}

/// The setting that gives every answer about the protection.
const RULESET: &str = "ruleset \"prod\" (42)";

pub(crate) fn protection(short: &Value, branch: &str) -> ProtectionFacts {
    fn given<T>(value: Option<&Value>, strict: T, read: impl FnOnce(&Value) -> T) -> Known<T> {
        match value {
            None => Known::Known(strict),
            Some(it) if it == "unknown" => unknown(),
            Some(it) => Known::Known(read(it)),
        }
    }
    if short == "unknown" {
        let gap = unknown::<()>();
        return ProtectionFacts::unknown(branch, gap.get().expect_err("a gap"));
    }
    let all = short.as_object().expect("a map of settings");
    let of = |key: &str| all.get(key);
    let stated = |value: bool| Stated {
        value,
        by: RULESET.to_owned(),
    };
    let flag = |key: &str, strict: bool| {
        given(of(key), stated(strict), |it| {
            stated(it.as_bool().expect("true or false"))
        })
    };
    let approvals = |value: u64| Stated {
        value: u32::try_from(value).expect("a small number"),
        by: RULESET.to_owned(),
    };
    let checks = |value: Vec<RequiredCheck>| Stated {
        value,
        by: RULESET.to_owned(),
    };
    let facts = ProtectionFacts {
        branch: (of("branch").and_then(Value::as_str).unwrap_or(branch)).to_owned(),
        approvals: given(of("approvals"), approvals(6), |it| {
            approvals(it.as_u64().expect("a number"))
        }),
        dismiss_stale: flag("dismiss_stale", true),
        code_owners: flag("code_owners", true),
        last_push_approval: flag("last_push_approval", true),
        status_checks: given(of("status_checks"), checks(Vec::new()), |it| {
            let all = it.as_array().expect("a list of checks");
            checks(all.iter().map(check).collect())
        }),
        signed_commits: flag("signed_commits", true),
        linear_history: flag("linear_history", true),
        force_push: flag("force_push", false),
        deletion: flag("deletion", false),
        direct_push: flag("direct_push", false),
        admins: flag("admins", true),
        bypass: given(of("bypass"), Vec::new(), |it| {
            let all = it.as_array().expect("a list of actors");
            all.iter().map(bypass).collect()
        }),
    };
    // A mistake in a test must not read as a strict setting.
    let known = serde_json::to_value(&facts).expect("facts serialise");
    for key in all.keys() {
        assert!(known.get(key).is_some(), "no setting of a branch: {key}");
    }
    facts
}

fn check(value: &Value) -> RequiredCheck {
    match value.as_str() {
        Some(name) => RequiredCheck {
            context: name.to_owned(),
            source: None,
        },
        None => serde_json::from_value(value.clone()).expect("a check"),
    }
}

fn bypass(value: &Value) -> Bypass {
    let mode = value.get("mode").and_then(Value::as_str);
    Bypass {
        actor: value["actor"].as_str().expect("an actor").to_owned(),
        mode: mode.unwrap_or("always").to_owned(),
        by: RULESET.to_owned(),
    }
}

fn commits(
    repository: &Repository,
    base: &str,
    head: &str,
    forge: &Value,
    author: Option<&Account>,
) -> Known<BTreeMap<String, Vec<Contributor>>> {
    if forge.get("commits").is_some_and(|it| it == "unknown") {
        return unknown();
    }
    let by_author = || {
        author
            .cloned()
            .map(Contributor::Account)
            .into_iter()
            .collect()
    };
    let all = forge
        .get("contributors")
        .map_or_else(by_author, contributors);
    let of_commit = |(id, message): (String, String)| {
        let own = forge.get("commits").and_then(|it| it.get(message.trim()));
        let who = own.map_or_else(|| all.clone(), contributors);
        (id, who)
    };
    Known::Known(
        repository
            .commits(base, head)
            .into_iter()
            .map(of_commit)
            .collect(),
    )
}

fn contributors(value: &Value) -> Vec<Contributor> {
    let list = value.as_array().expect("a list of contributors");
    list.iter()
        .map(|it| match it.as_str() {
            Some(address) if address.contains('@') => Contributor::Unmatched(address.to_owned()),
            _ => Contributor::Account(account(it).expect("an account")),
        })
        .collect()
}

fn teams(forge: &Value) -> BTreeMap<String, Known<Vec<Account>>> {
    let teams = forge
        .get("teams")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    teams
        .map(|(name, members)| {
            let members = match members.as_array() {
                Some(list) => Known::Known(list.iter().filter_map(account).collect()),
                None => unknown(),
            };
            (name.clone(), members)
        })
        .collect()
}

fn review(value: &Value, head: &str) -> Review {
    let of = value.get("of").map_or(Some(head), Value::as_str);
    Review {
        id: None,
        account: account(&value["by"]),
        state: match value["says"].as_str() {
            Some("approved") => ReviewState::Approved,
            Some("changes-requested") => ReviewState::ChangesRequested,
            Some("commented") => ReviewState::Commented,
            Some("dismissed") => ReviewState::Dismissed,
            other => panic!("a review says {other:?}"),
        },
        commit: of.map(str::to_owned),
        at: None,
    }
}

/// `ann`, `ann#11`, `renovate[bot]`; `None` for `null`.
pub(crate) fn account(value: &Value) -> Option<Account> {
    let text = value.as_str()?;
    let (login, id) = match text.split_once('#') {
        Some((login, id)) => (login, id.parse().expect("a number")),
        None => {
            let known = PEOPLE.iter().find(|it| it.0 == text);
            let known = known.unwrap_or_else(|| panic!("nobody knows the number of `{text}`"));
            (text, known.1)
        }
    };
    Some(Account {
        id,
        login: login.to_owned(),
        kind: if login.ends_with("[bot]") {
            AccountKind::Bot
        } else {
            AccountKind::Person
        },
    })
}

fn access(text: &str) -> Access {
    serde_json::from_value(json!(text)).expect("an access")
}

fn known<T>(text: &str, read: impl FnOnce(&str) -> T) -> Known<T> {
    if text == "unknown" {
        unknown()
    } else {
        Known::Known(read(text))
    }
}

fn unknown<T>() -> Known<T> {
    Known::unknown("the forge did not tell", "a token that may read it")
}

fn list<'a>(forge: &'a Value, key: &str) -> &'a [Value] {
    let list = forge.get(key).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

use super::*;
use crate::model::AccountKind;
use serde_json::{Value, json};

fn request(more: &Value) -> MergeRequest {
    let mut body = json!({
        "iid": 7, "state": "opened", "draft": false, "sha": "b",
        "author": {"id": 1, "username": "ann", "state": "active"},
        "diff_refs": {"base_sha": "0", "head_sha": "b", "start_sha": "0"},
        "target_branch": "main", "source_branch": "web",
        "source_project_id": 5, "target_project_id": 5
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    serde_json::from_value(body).expect("a merge request")
}

#[test]
fn states_are_named_or_unknown() {
    for (more, state) in [
        (json!({}), Some(RequestState::Open)),
        (json!({"state": "closed"}), Some(RequestState::Closed)),
        (json!({"state": "merged"}), Some(RequestState::Merged)),
        (json!({"state": "locked"}), None),
        (json!({"sha": null}), None),
        (json!({"sha": ""}), None),
        (json!({"diff_refs": null}), Some(RequestState::Open)),
        (json!({"diff_refs": {"head_sha": "a"}}), None),
    ] {
        let told = request(&more).request(None);
        assert_eq!(told.ok().map(|it| it.state), state, "{more}");
    }
    assert!(
        request(&json!({"draft": true}))
            .request(None)
            .is_ok_and(|it| it.draft)
    );
    let old = json!({"draft": null, "work_in_progress": true});
    assert!(request(&old).request(None).is_ok_and(|it| it.draft));
}

#[test]
fn every_field_that_decides_is_compared() {
    let first = request(&json!({}));
    assert!(request(&json!({})).changed_since(&first).is_empty());
    for (more, name) in [
        (json!({"state": "closed"}), "state"),
        (json!({"draft": true}), "draft mark"),
        (json!({"sha": "c"}), "head"),
        (json!({"target_branch": "release"}), "target branch"),
        (json!({"source_branch": "other"}), "source branch"),
        (json!({"source_project_id": null}), "project"),
        (json!({"author": null}), "author"),
    ] {
        assert_eq!(request(&more).changed_since(&first), [name], "{more}");
    }
}

fn user(id: u64, name: &str) -> User {
    let body = json!({"id": id, "username": name, "state": "active", "bot": false});
    serde_json::from_value(body).expect("a user")
}

/// A commit with the addresses of its author and its committer, and the author's account.
struct Made(&'static str, &'static str, &'static str, Option<User>);

fn hands(
    made: &[Made],
    committers: &[User],
    all_committers: bool,
) -> BTreeMap<String, Vec<String>> {
    let commits: Vec<Commit> = made
        .iter()
        .map(|Made(id, author, committer, _)| commit(id, author, committer))
        .collect();
    let authors = made.iter().map(|it| (it.0.to_owned(), it.3.clone()));
    let accounts = Accounts {
        authors: authors.collect(),
        committers: committers.to_vec(),
        all_committers,
    };
    names(&commits, &accounts)
}

fn commit(id: &str, author: &str, committer: &str) -> Commit {
    serde_json::from_value(json!({
        "id": id, "message": "web 1.5.0", "parent_ids": ["0"], "author_email": author,
        "committer_email": committer
    }))
    .expect("a commit")
}

fn names(commits: &[Commit], accounts: &Accounts) -> BTreeMap<String, Vec<String>> {
    let found = contributors(commits, accounts, &mut People::default(), "gitlab.com");
    let name = |it: Contributor| match it {
        Contributor::Account(it) => it.login,
        Contributor::Unmatched(it) => format!("?{it}"),
    };
    found
        .into_iter()
        .map(|(sha, all)| (sha, all.into_iter().map(name).collect()))
        .collect()
}

#[test]
fn a_committer_is_found_where_the_forge_leaves_no_choice() {
    let (ann, bob) = (user(1, "ann"), user(2, "bob"));
    let by_ann = || Some(user(1, "ann"));
    let same = [Made("a", "ann@x", "Ann@x", by_ann())];
    assert_eq!(hands(&same, std::slice::from_ref(&ann), true)["a"], ["ann"]);

    // Bob rebased what Ann wrote: one address, one account.
    let rebased = [Made("a", "ann@x", "bob@x", by_ann())];
    let both = [ann, bob];
    assert_eq!(hands(&rebased, &both, true)["a"], ["ann", "bob"]);
    // Nobody known has the address.
    assert_eq!(hands(&rebased, &[], true)["a"], ["ann", "?bob@x"]);
    // The list has more pages: the address may be anybody's.
    assert!(hands(&rebased, &both, false).is_empty());

    // Two addresses, one account: which one is whose is not said, so Bob had a hand in both.
    let two = [
        Made("a", "ann@x", "bob@x", by_ann()),
        Made("b", "ann@x", "eve@x", by_ann()),
    ];
    let found = hands(&two, &both, true);
    assert_eq!(found["a"], ["ann", "bob", "?bob@x"]);
    assert_eq!(found["b"], ["ann", "bob", "?eve@x"]);

    // An address that GitLab looked up for an author, and found nobody, is not Bob's.
    let stranger = [
        Made("a", "ann@x", "bob@x", by_ann()),
        Made("b", "eve@x", "eve@x", None),
    ];
    let found = hands(&stranger, &both, true);
    assert_eq!(found["a"], ["ann", "bob"]);
    assert_eq!(found["b"], ["?eve@x"]);
}

#[test]
fn what_nobody_can_attribute_is_left_out() {
    let author = |name: &str| Some(user(1, name));
    // GitLab names no committers of merge commits.
    let mut merge = commit("a", "ann@x", "bob@x");
    merge.parent_ids.push("1".to_owned());
    let accounts = |ids: &[&str]| Accounts {
        authors: ids
            .iter()
            .map(|it| ((*it).to_owned(), author("ann")))
            .collect(),
        committers: Vec::new(),
        all_committers: true,
    };
    assert!(names(&[merge.clone()], &accounts(&["a"])).is_empty());
    // A commit that GraphQL does not know came while it was asked.
    let plain = commit("b", "ann@x", "ann@x");
    let found = names(&[merge, plain], &accounts(&["b"]));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn names_in_a_commit_are_claims() {
    let of = |address: &'static str| hands(&[Made("a", address, address, None)], &[], true);
    assert_eq!(of("nobody@x")["a"], ["?nobody@x"]);
    assert_eq!(of("")["a"], ["?nobody"]);
    assert_eq!(of("9-eve@users.noreply.gitlab.com")["a"], ["eve"]);
    let elsewhere = "9-eve@users.noreply.evil.example";
    assert_eq!(of(elsewhere)["a"], [format!("?{elsewhere}")]);
}

#[test]
fn co_authors_have_a_hand_in_it() {
    let message = "x\n\nCo-authored-by: Bob <bob@x>\n  CO-AUTHORED-BY: Eve <eve@x>\nco-authored-by: cho@x\nNot-co-authored-by: a <a@x>\nä";
    assert_eq!(co_authors(message), ["bob@x", "eve@x", "cho@x"]);
    let mut with = commit("a", "ann@x", "ann@x");
    with.message = Some("x\n\nCo-authored-by: Bob <bob@x>\nCo-authored-by: Eve <eve@x>".to_owned());
    let accounts = Accounts {
        authors: [("a", user(1, "ann")), ("b", user(2, "bob"))]
            .map(|(id, it)| (id.to_owned(), Some(it)))
            .into(),
        ..Accounts::default()
    };
    let found = names(&[with, commit("b", "bob@x", "bob@x")], &accounts);
    assert_eq!(found["a"], ["ann", "bob", "?eve@x"]);
}

#[test]
fn accounts_have_numbers() {
    for (id, number) in [
        ("gid://gitlab/User/42", Some(42)),
        ("gid://gitlab/User/", None),
        ("gid://gitlab/Group/42", None),
        ("42", None),
    ] {
        let body = json!({"id": id, "username": "ann", "state": "active", "bot": false});
        let person: Person = serde_json::from_value(body).expect("a person");
        assert_eq!(person.user().map(|it| it.id), number, "{id}");
    }
    let account = private_address("42-ann-b@users.noreply.gitlab.com", "gitlab.com");
    assert_eq!(
        account.map(|it| (it.id, it.login, it.kind)),
        Some((42, "ann-b".to_owned(), AccountKind::Other))
    );
}

#[test]
fn the_last_push_is_the_newest_of_the_head_to_the_branch() {
    let push = |id: u64, at: &str, to: Value, branch: &str| -> Event {
        serde_json::from_value(json!({
            "id": id, "created_at": at,
            "push_data": {"commit_to": to, "ref": branch, "action": "pushed"}
        }))
        .expect("an event")
    };
    let events = [
        push(9, "2026-11-20T10:00:00Z", json!("c"), "web"),
        push(8, "2026-11-20T09:00:00Z", json!("b"), "web"),
        push(7, "2026-11-20T09:30:00Z", json!("b"), "other"),
        push(6, "2026-11-20T08:00:00Z", json!("b"), "web"),
        push(5, "2026-11-20T11:00:00Z", Value::Null, "web"),
    ];
    let found = newest_push(&events, "b", "web");
    assert_eq!(found.map(|it| it.id), Some(8));
    assert!(newest_push(&events, "x", "web").is_none());
}

#[test]
fn days() {
    for (seconds, text) in [
        (0, "1970-01-01"),
        (1_709_251_199, "2024-02-29"),
        (1_709_251_200, "2024-03-01"),
        (4_107_542_400, "2100-03-01"),
        (1_767_225_599, "2025-12-31"),
    ] {
        assert_eq!(day(seconds), text);
    }
}

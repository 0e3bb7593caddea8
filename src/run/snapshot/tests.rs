use super::*;
use crate::model::{Gap, RequiredCheck};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NOW: u64 = 1_763_632_800;
const TAKEN: &str = "2025-11-20T10:00:00Z";
const DAY: u64 = 86_400;

fn gap() -> Gap {
    Gap {
        why: "the token may not see it".to_owned(),
        needs: "Administration: read".to_owned(),
    }
}

fn stated<T>(value: T, by: &str) -> Known<Stated<T>> {
    Known::Known(Stated {
        value,
        by: by.to_owned(),
    })
}

/// Every control is known.
fn whole(by: &str) -> ProtectionFacts {
    let flag = || stated(true, by);
    ProtectionFacts {
        branch: "main".to_owned(),
        approvals: stated(2, by),
        dismiss_stale: flag(),
        code_owners: flag(),
        last_push_approval: flag(),
        status_checks: stated(
            vec![RequiredCheck {
                context: "ci".to_owned(),
                source: Some(15_368),
            }],
            by,
        ),
        signed_commits: flag(),
        linear_history: flag(),
        force_push: stated(false, by),
        deletion: stated(false, by),
        direct_push: stated(false, by),
        admins: flag(),
        bypass: Known::Known(vec![Bypass {
            actor: "App:renovate".to_owned(),
            mode: "always".to_owned(),
            by: by.to_owned(),
        }]),
    }
}

fn snapshot(protection: ProtectionFacts) -> Snapshot {
    Snapshot {
        forge: "github".to_owned(),
        repository: "github.com/acme/gitops".to_owned(),
        taken_at: NOW,
        protection,
    }
}

fn present(protection: ProtectionFacts) -> ForgeFacts {
    ForgeFacts {
        forge: "github".to_owned(),
        repository: "github.com/acme/gitops".to_owned(),
        request: Known::default(),
        reviews: Known::default(),
        commits: Known::default(),
        last_pusher: Known::default(),
        permissions: BTreeMap::new(),
        teams: BTreeMap::new(),
        protection: Some(protection),
        notes: Vec::new(),
    }
}

/// The facts with one control taken from others.
fn with(of: &ProtectionFacts, control: &str, from: &ProtectionFacts) -> ProtectionFacts {
    let mut all = serde_json::to_value(of).expect("facts");
    let other = serde_json::to_value(from).expect("facts");
    all[control] = other[control].clone();
    serde_json::from_value(all).expect("facts")
}

const CONTROLS: [&str; 12] = [
    "approvals",
    "dismiss_stale",
    "code_owners",
    "last_push_approval",
    "signed_commits",
    "linear_history",
    "admins",
    "force_push",
    "deletion",
    "direct_push",
    "status_checks",
    "bypass",
];

/// Each control, known or not now, known or not then.
#[test]
fn what_is_known_now_holds_and_what_is_not_is_taken_from_the_snapshot() {
    let (now, then) = (whole("now"), whole("then"));
    let unknown = ProtectionFacts::unknown("main", &gap());
    let by = |facts: &ProtectionFacts, control: &str| {
        let told = facts.told().into_iter().find(|it| it.name == control);
        told.expect("a control")
            .answer
            .get()
            .ok()
            .map(|it| it.by.clone())
    };
    for control in CONTROLS {
        for (known_now, known_then, want) in [
            (true, true, Some("now".to_owned())),
            (true, false, Some("now".to_owned())),
            (false, true, Some(format!("snapshot of {TAKEN}: then"))),
            (false, false, None),
        ] {
            let case = format!("{control} {known_now} {known_then}");
            let before = if known_now {
                now.clone()
            } else {
                with(&now, control, &unknown)
            };
            let taken = if known_then {
                then.clone()
            } else {
                with(&then, control, &unknown)
            };
            let mut facts = present(before.clone());
            stand_in(&snapshot(taken), &mut facts, DAY, NOW).expect("it is usable");
            let after = facts.protection.expect("protection");
            assert_eq!(by(&after, control), want, "{case}");
            // The others stay as they are.
            assert_eq!(with(&after, control, &before), before, "{case}");
            let notes = usize::from(!known_now && known_then);
            assert_eq!(facts.notes.len(), notes, "{case}: {:?}", facts.notes);
            assert!(facts.notes.iter().all(|it| it.ends_with(control)), "{case}");
        }
    }
}

/// Threat row F11.
#[test]
fn a_difference_is_noted_and_the_present_holds() {
    let mut now = whole("now");
    now.approvals = stated(1, "now");
    now.bypass = Known::Known(Vec::new());
    let mut facts = present(now.clone());
    stand_in(&snapshot(whole("then")), &mut facts, DAY, NOW).expect("it is usable");
    assert_eq!(facts.protection, Some(now));
    assert_eq!(
        facts.notes,
        [
            format!(
                "`approvals` was changed since the snapshot of {TAKEN}: it was 2 (then) and is 1 (now)"
            ),
            format!(
                "`bypass` was changed since the snapshot of {TAKEN}: it was App:renovate (always) (then) and is nobody"
            ),
        ]
    );
}

#[test]
fn a_snapshot_of_something_else_or_of_another_time_stands_in_for_nothing() {
    type Change = fn(&mut Snapshot);
    let rows: [(Change, Option<&str>); 9] = [
        (|_| {}, None),
        (|it| it.taken_at -= DAY - 1, None),
        (|it| it.taken_at -= DAY, Some("max_age")),
        (|it| it.taken_at = 0, Some("max_age")),
        (|it| it.taken_at += 60, None),
        (|it| it.taken_at += 61, Some("future")),
        (
            |it| "gitlab".clone_into(&mut it.forge),
            Some("forge gitlab"),
        ),
        (
            |it| "github.com/acme/other".clone_into(&mut it.repository),
            Some("repository github.com/acme/other"),
        ),
        (
            |it| "release".clone_into(&mut it.protection.branch),
            Some("branch release"),
        ),
    ];
    for (change, why) in rows {
        let mut taken = snapshot(whole("then"));
        change(&mut taken);
        let before = present(ProtectionFacts::unknown("main", &gap()));
        let mut facts = before.clone();
        let outcome = stand_in(&taken, &mut facts, DAY, NOW);
        match why {
            None => outcome.expect("it is usable"),
            Some(part) => {
                let said = outcome.expect_err("it is not usable");
                assert!(said.contains(part), "{said}");
                assert_eq!(facts, before);
            }
        }
    }
}

#[test]
fn a_file_comes_back_as_it_was_written() {
    let snapshot = snapshot(whole("ruleset \"\u{202e}prod\" (42)"));
    let bytes = write(&snapshot).expect("small");
    assert!(bytes.is_ascii());
    assert_eq!(read(&bytes), Ok(snapshot));
}

/// Every value, every key and every layout that is not as it was written.
#[test]
fn a_file_that_is_not_as_it_was_written_is_refused() {
    let bytes = write(&snapshot(whole("then"))).expect("small");
    let text = String::from_utf8(bytes).expect("text");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let pretty = |it: &Value| format!("{}\n", serde_json::to_string_pretty(it).expect("JSON"));
    let mut damaged = vec![
        ("nothing", String::new()),
        ("half", text[..text.len() / 2].to_owned()),
        ("more", format!("{text} ")),
        ("compact", serde_json::to_string(&file).expect("JSON")),
        (
            "another value",
            text.replacen("\"value\": 2", "\"value\": 3", 1),
        ),
        (
            "another time",
            text.replacen(&NOW.to_string(), &(NOW + 1).to_string(), 1),
        ),
        ("a list", "[]".to_owned()),
    ];
    for (name, path, value) in [
        ("format", "/format", json!("tollgate-facts")),
        ("version", "/version", json!(2)),
        ("sum", "/sha256", json!("0".repeat(64))),
    ] {
        let mut other = file.clone();
        *other.pointer_mut(path).expect("it is there") = value;
        damaged.push((name, pretty(&other)));
    }
    for path in [
        "",
        "/content",
        "/content/protection",
        "/content/protection/approvals",
    ] {
        let mut other = file.clone();
        let at = other.pointer_mut(path).and_then(Value::as_object_mut);
        at.expect("a map")
            .insert("unknown key".to_owned(), json!(1));
        damaged.push(("an unknown key", pretty(&other)));
    }
    for (name, text) in damaged {
        assert!(read(text.as_bytes()).is_err(), "{name}: {text}");
    }
    assert!(read(&vec![b' '; LIMIT + 1]).is_err());
    assert!(read(&[0xff]).is_err());
}

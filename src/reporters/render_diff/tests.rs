use super::*;
use serde_json::json;

fn setting(value: Value) -> Setting {
    Setting {
        value: Shown::Value(value),
        line: None,
    }
}

fn shown(old: Value, new: Value) -> (String, String) {
    let (old, new) = both(Some(&setting(old)), Some(&setting(new)));
    (old.join("/"), new.join("/"))
}

#[test]
fn what_differs_is_in_what_is_shown() {
    assert_eq!(shown(json!(1), json!("1")), ("1".into(), "\"1\"".into()));
    assert_eq!(
        shown(json!("a\n"), json!("a")),
        ("|/a/".into(), "\"a\"".into())
    );
    let text = |middle: &str| {
        let lines: Vec<String> = (0..20).map(|it| it.to_string()).collect();
        json!(format!(
            "{}\n{middle}\n{}",
            lines.join("\n"),
            lines.join("\n")
        ))
    };
    let (old, new) = shown(text("x"), text("y\nz"));
    assert_eq!(
        old,
        "|/[18 lines not shown]/18/19/x/0/1/[18 lines not shown]"
    );
    assert_eq!(
        new,
        "|/[18 lines not shown]/18/19/y/z/0/1/[18 lines not shown]"
    );
    let long = "x".repeat(3_000);
    let (old, new) = shown(json!(format!("{long}a")), json!(format!("{long}b")));
    assert!(
        old.ends_with("xxxa\"") && new.ends_with("xxxb\"") && old.len() < 100,
        "{old}"
    );
}

#[test]
fn one_value_does_not_flood() {
    let (old, _) = both(Some(&setting(json!((0..999).collect::<Vec<_>>()))), None);
    assert_eq!(old.len(), LINES + 1);
    assert_eq!(old[LINES], "[801 lines not shown]");
}

#[test]
fn repeated_lines_are_no_trap() {
    let (old, new) = shown(
        json!("a\na\na\na\na\na\na\na"),
        json!("a\na\na\na\na\na\na"),
    );
    assert_ne!(old, new);
}

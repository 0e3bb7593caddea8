use super::*;
use crate::model::{BacktestCommit, BacktestFinding};

/// A change that a rule held, in words that try to be something else.
fn backtest(words: &str) -> Backtest {
    Backtest {
        branch: "main (1a2b3c4d5e)".to_owned(),
        configuration: "tollgate.yaml of main".to_owned(),
        notes: vec!["a note".to_owned()],
        commits: vec![
            BacktestCommit {
                id: "1a2b3c4d5e6f".to_owned(),
                title: words.to_owned(),
                outcome: BacktestOutcome::Refused,
                findings: vec![BacktestFinding {
                    rule: "policies/team".to_owned(),
                    weight: BacktestWeight::Held,
                    count: 2,
                    message: words.to_owned(),
                    at: "a.yaml:1:2".to_owned(),
                    setting: "environments.prod.enforcement: audit".to_owned(),
                }],
            },
            BacktestCommit {
                id: "2b3c4d5e6f7a".to_owned(),
                title: "fine".to_owned(),
                outcome: BacktestOutcome::Admitted,
                findings: Vec::new(),
            },
        ],
    }
}

#[test]
fn the_text_is_a_table_with_settings_and_examples() {
    let text = write(&backtest("no team"), Format::Text).expect("a text");
    assert_eq!(
        text,
        "the last 2 changes of main (1a2b3c4d5e), judged by tollgate.yaml of main
1 admitted, 1 refused
note: a note

rule            held  known  would need
policies/team      1      -           -
  setting: environments.prod.enforcement: audit
  1a2b3c4d5e no team
    held a.yaml:1:2: no team
"
    );
}

#[test]
fn json_holds_the_table_and_the_changes() {
    let text = write(&backtest("no team"), Format::Json).expect("a text");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["rules"][0]["held"], 1);
    assert_eq!(json["rules"][0]["examples"][0]["at"], "a.yaml:1:2");
    assert_eq!(json["commits"][1]["outcome"], "admitted");
}

#[test]
fn foreign_text_stays_text_in_every_format() {
    let words = "a|b`c`<script>\n::error::x</code> \u{1b}[31m";
    let plain = write(&backtest("x"), Format::Text).expect("a text");
    let text = write(&backtest(words), Format::Text).expect("a text");
    assert_eq!(text.lines().count(), plain.lines().count());
    assert!(!text.contains('\u{1b}'));
    let plain = write(&backtest("x"), Format::Markdown).expect("a text");
    let text = write(&backtest(words), Format::Markdown).expect("a text");
    assert_eq!(text.lines().count(), plain.lines().count());
    let page = write(&backtest(words), Format::Html).expect("a text");
    let page = page.trim_start_matches("<!DOCTYPE html>");
    let read = roxmltree::Document::parse(page).expect("XML");
    let elements =
        |it: &roxmltree::Document<'_>| it.descendants().filter(|it| it.is_element()).count();
    let plain = write(&backtest("x"), Format::Html).expect("a text");
    let plain = roxmltree::Document::parse(plain.trim_start_matches("<!DOCTYPE html>"))
        .map(|it| elements(&it));
    assert_eq!(elements(&read), plain.expect("XML"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn a_branch_without_findings_says_so() {
    let nothing = Backtest {
        branch: "main".to_owned(),
        configuration: "what holds without a configuration".to_owned(),
        ..Backtest::default()
    };
    let text = write(&nothing, Format::Text).expect("a text");
    assert_eq!(
        text,
        "the last 0 changes of main, judged by what holds without a configuration\nno change to judge\n\nnothing would have held a change\n"
    );
}

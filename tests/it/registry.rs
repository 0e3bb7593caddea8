//! The shelves keep the promises that make their members findable.

use std::collections::BTreeSet;
use std::fs;
use tollgate::{
    engines::ENGINES, forges::FORGES, gates::GATES, renderers::RENDERERS, reporters::REPORTERS,
    suites::SUITES,
};

/// Files and folders of a shelf that are no members.
const HELPERS: &[&str] = &["mod", "backtest", "escape", "gist", "http", "render_diff"];

#[test]
fn every_file_on_a_shelf_is_registered_under_its_own_name() {
    check("gates", GATES.iter().map(|it| it.meta().id));
    check("engines", ENGINES.iter().map(|it| it.name()));
    check("forges", FORGES.iter().map(|it| it.id()));
    check("renderers", RENDERERS.iter().map(|it| it.name()));
    check("reporters", REPORTERS.iter().map(|it| it.name()));
    check("suites", SUITES.iter().map(|it| it.name()));
}

#[track_caller]
fn check<'a>(room: &str, registered: impl Iterator<Item = &'a str>) {
    let names: Vec<String> = registered.map(|it| it.replace('-', "_")).collect();
    let unique: BTreeSet<String> = names.iter().cloned().collect();
    assert_eq!(
        names.len(),
        unique.len(),
        "src/{room}: two members of one name"
    );
    let files: BTreeSet<String> =
        fs::read_dir(format!("{}/src/{room}", env!("CARGO_MANIFEST_DIR")))
            .expect("a room")
            .map(|it| it.expect("an entry").path())
            .filter(|it| it.extension().is_some_and(|it| it == "rs") || it.join("mod.rs").exists())
            .filter_map(|it| Some(it.file_stem()?.to_str()?.to_owned()))
            .filter(|it| !HELPERS.contains(&it.as_str()))
            .collect();
    assert_eq!(files, unique, "src/{room}: files and registry disagree");
}

#[test]
fn a_gate_has_its_page_beside_it() {
    for meta in GATES.iter().map(|it| it.meta()) {
        let page = format!(
            "{}/src/gates/{}.md",
            env!("CARGO_MANIFEST_DIR"),
            meta.id.replace('-', "_")
        );
        assert_eq!(
            fs::read_to_string(&page).expect("a page"),
            meta.page,
            "{page}"
        );
        assert!(
            meta.page.starts_with(&format!("# {}\n", meta.id)),
            "{page} begins with its id"
        );
    }
}

/// Rules as the gates' sources write them: each has a page.
#[test]
fn every_rule_that_stands_in_a_gate_is_listed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gates");
    let files = ignore::WalkBuilder::new(folder).build();
    let files = files.map(|it| it.expect("readable").into_path());
    let mut found = BTreeSet::new();
    for file in files.filter(|it| it.extension().is_some_and(|it| it == "rs")) {
        let text = fs::read_to_string(&file).expect("a source");
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        for literal in code.split('"').skip(1).step_by(2) {
            let (gate, rule) = literal.split_once('/').unwrap_or_default();
            let is_gate = GATES.iter().any(|it| it.meta().id == gate);
            let word = |it: u8| it.is_ascii_lowercase() || it == b'-';
            if is_gate && !rule.is_empty() && rule.bytes().all(word) {
                let page = tollgate::gates::page(literal);
                assert!(page.is_some(), "{}: {literal}", file.display());
                found.insert(literal.to_owned());
            }
        }
    }
    assert!(found.len() > 30, "{found:?}");
}

//! The examples on a gate's page are small repositories with the verdict that they get. They are run.
//!
//! A code block opened by `yaml base PATH` is a file of BASE and HEAD, `yaml head PATH` a file of
//! HEAD, `text deleted PATH` a file that HEAD lacks, `json forge` what a forge says of the request (in
//! the short form of `forge_record.rs`), `text now` the time of the check, and `text verdict` what comes
//! of it: a line
//! `LEVEL RULE [PATH:LINE]` for each finding from a warning up (`waived` in place of the level where
//! somebody has waived it), and the decision. On the page of `init`,
//! `yaml file PATH` is a file of the work tree and `yaml written` a part of what is written.

use crate::support::{Repository, Verdict, seconds, tollgate};
use tollgate::gates::GATES;

struct Example {
    title: String,
    blocks: Vec<(String, String)>,
}

#[test]
fn every_example_gets_the_verdict_that_its_page_shows() {
    for meta in GATES.iter().map(|it| it.meta()) {
        let examples = examples(meta.page);
        assert!(!examples.is_empty(), "{} shows no example", meta.id);
        for example in &examples {
            run(meta.id, example);
        }
    }
}

#[test]
fn pages_answer_the_three_questions() {
    for meta in GATES.iter().map(|it| it.meta()) {
        for heading in ["## What it checks", "## Why", "## Examples"] {
            assert!(
                meta.page.contains(heading),
                "{}.md lacks `{heading}`",
                meta.id
            );
        }
    }
}

/// The page of `init`: the files of an example, and what is written for them.
#[test]
fn init_writes_what_its_page_shows() {
    let page = include_str!("../../src/cli/init.md");
    let printed = tollgate(std::path::Path::new("."), &["explain", "init"]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), page);
    let examples = examples(page);
    assert!(!examples.is_empty());
    for example in examples {
        let repository = Repository::new();
        let (files, written): (Vec<_>, Vec<_>) = example
            .blocks
            .iter()
            .partition(|it| it.0.starts_with("yaml file "));
        for (info, text) in files {
            repository.write(info.trim_start_matches("yaml file "), text);
        }
        repository.commit("as it is");
        let output = tollgate(repository.path(), &["init"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let path = repository.path().join("tollgate.yaml");
        let text = std::fs::read_to_string(path).expect("it is written");
        assert!(!written.is_empty(), "{}", example.title);
        for (info, want) in written {
            assert_eq!(info, "yaml written");
            assert!(text.contains(want), "{want}\nis not in\n{text}");
        }
    }
}

/// The page of overrides: the file and the configuration that it shows fit each other.
#[test]
fn the_override_of_its_page_is_in_force() {
    let page = include_str!("../../src/cli/override.md");
    let printed = tollgate(std::path::Path::new("."), &["explain", "override"]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), page);
    let mut blocks = page.split("```yaml\n").skip(1);
    let mut block = || blocks.next().and_then(|it| it.split("```").next());
    let (file, settings) = (block().expect("a file"), block().expect("settings"));
    let environments = "version: 1\nenvironments:\n  prod: {overlays: [prod]}\n";
    let repository = Repository::new();
    let base = repository
        .write("tollgate.yaml", &format!("{environments}{settings}"))
        .write("prod/kustomization.yaml", "namePrefix: a-\n")
        .commit("base");
    let (first, _) = file.split_once('\n').expect("a line");
    let head = repository
        .write(first.trim_start_matches("# "), file)
        .commit("head");
    let forge = serde_json::json!({
        "author": "ann",
        "reviews": [{"by": "bob", "says": "approved"}, {"by": "cho", "says": "approved"}],
    });
    let now = seconds("2026-03-01T03:00:00Z");
    let verdict = Verdict::read(&repository.judge_at(now, (&base, &head), &forge, "json"));
    assert_eq!(verdict.lines(), ["admit"]);
    let mut found = verdict.findings().filter_map(|it| it["message"].as_str());
    assert!(found.any(|it| it.starts_with("OVERRIDE INC-1234 is in force until")));
}

fn run(gate: &str, example: &Example) {
    let repository = Repository::new();
    let mut want = None;
    let of = |what: &'static str| {
        example
            .blocks
            .iter()
            .filter(move |it| it.0.starts_with(what))
    };
    for (info, text) in of("yaml base ") {
        repository.write(info.trim_start_matches("yaml base "), text);
    }
    let base = repository.commit("base");
    for (info, text) in of("yaml head ") {
        repository.write(info.trim_start_matches("yaml head "), text);
    }
    for (info, _) in of("text deleted ") {
        repository.delete(info.trim_start_matches("text deleted "));
    }
    let head = repository.commit("head");
    for (_, text) in of("text verdict") {
        want = Some(text.lines().map(str::to_owned).collect::<Vec<_>>());
    }
    let want = want.unwrap_or_else(|| panic!("{gate}: `{}` shows no verdict", example.title));
    let forge = of("json forge").next().map(|(_, text)| {
        serde_json::from_str(text).unwrap_or_else(|it| panic!("{gate}: the forge: {it}"))
    });
    let now = of("text now").next().map(|it| seconds(&it.1));
    let verdict = match (forge, now) {
        (Some(forge), Some(now)) => {
            Verdict::read(&repository.judge_at(now, (&base, &head), &forge, "json"))
        }
        (Some(forge), None) => repository.check_with_forge(&base, &head, &forge),
        (None, None) => repository.check(&base, &head),
        (None, Some(_)) => panic!("{gate}: `{}` has a clock and no forge", example.title),
    };
    assert_eq!(verdict.lines(), want, "{gate}: {}", example.title);
}

fn examples(page: &str) -> Vec<Example> {
    let (_, text) = page
        .split_once("## Examples")
        .expect("a section of examples");
    let mut examples: Vec<Example> = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some("")) => {
                let block = open.take().expect("an open block");
                examples
                    .last_mut()
                    .expect("a heading before the block")
                    .blocks
                    .push(block);
            }
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("### ") {
                    examples.push(Example {
                        title: title.to_owned(),
                        blocks: Vec::new(),
                    });
                }
            }
        }
    }
    examples
}

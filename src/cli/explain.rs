//! `tollgate explain`.

use super::{fail_with_help, print};
use crate::{exit, gates::GATES};

/// Print the page of a gate or of a rule
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A gate (`policies`) or a rule as findings name it (`renders/failed`); without it, all gates
    id: Option<String>,
}

pub(super) fn run(args: &Args) -> u8 {
    match args.id.as_deref() {
        None => print(&index(), exit::ADMITTED),
        Some(id) => match page(id) {
            Some(text) => print(&text, exit::ADMITTED),
            None => fail_with_help(
                exit::USAGE,
                &format!("no gate and no rule is called `{id}`"),
                Some("`tollgate explain` lists them"),
            ),
        },
    }
}

fn index() -> String {
    let mut text = String::new();
    for meta in GATES.iter().map(|it| it.meta()) {
        text.push_str(&format!("{:<14} {}\n", meta.id, meta.title));
        for rule in meta.rules {
            text.push_str(&format!("  {}/{rule}\n", meta.id));
        }
    }
    text
}

/// A gate's whole page, or the section of one of its rules. A gate whose rules are the
/// repository's own policies answers for every name with the section on them.
fn page(id: &str) -> Option<String> {
    let (gate, rule) = id
        .split_once('/')
        .map_or((id, None), |(gate, rule)| (gate, Some(rule)));
    let meta = GATES.iter().map(|it| it.meta()).find(|it| it.id == gate)?;
    let Some(rule) = rule else {
        return Some(meta.page.to_owned());
    };
    let heading = meta
        .rules
        .iter()
        .find(|it| **it == rule)
        .or_else(|| meta.rules.iter().find(|it| it.starts_with('<')))?;
    section(meta.page, &format!("### {gate}/{heading}")).map(str::to_owned)
}

fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let start = page.lines().scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let mut from = None;
    for (at, line) in start {
        match from {
            None if line == heading => from = Some(at),
            Some(from) if line.starts_with("### ") || line.starts_with("## ") => {
                return page.get(from..at);
            }
            _ => {}
        }
    }
    page.get(from?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_a_finding_can_carry_has_a_page() {
        for meta in GATES.iter().map(|it| it.meta()) {
            for rule in meta.rules {
                let id = format!("{}/{rule}", meta.id);
                let text = page(&id).unwrap_or_else(|| panic!("{id} has no section"));
                assert!(text.lines().count() > 2, "{id} says nothing");
            }
        }
        assert!(
            page("policies/disallow-latest-tag").is_some(),
            "a repository's own policy"
        );
        assert!(page("renders/no-such-rule").is_none());
    }
}

//! GitHub's dialect. Source: GitHub's documentation, "About code owners".
//!
//! GitHub skips a line that it cannot read, and tells on a page of its own only; the owners of that
//! line are then not asked. Here such a line is a mistake.

use super::{
    Draft, Rule,
    pattern::{Pattern, is_blank},
    text::{Line, Reader},
};
use crate::model::owners::Owner;

pub(super) fn read<'a>(reader: &mut Reader<'a>, draft: &mut Draft) {
    draft.section(None);
    for line in reader.lines() {
        if draft.is_full(reader, &line) {
            return;
        }
        if let Some(rule) = rule(reader, &line) {
            draft.rules.push(rule);
        }
    }
}

fn rule<'a>(reader: &mut Reader<'a>, line: &Line<'a>) -> Option<Rule> {
    let content = line.text.trim_matches(is_blank);
    if content.is_empty() || content.starts_with('#') {
        return None;
    }
    let (text, rest) = content.split_at(pattern_end(content));
    if !reader.is_plain(line, text) || !is_known(reader, line, text) {
        return None;
    }
    let owners = owners(reader, line, rest)?;
    match Pattern::github(text) {
        Ok(pattern) => Some(Rule {
            pattern,
            text: text.to_owned(),
            owners,
            section: 0,
            count: 1,
            optional: false,
            excludes: false,
            spot: line.spot(content),
        }),
        Err(flaw) => {
            reader.mistake(line.spot(text), flaw.message, flaw.help);
            None
        }
    }
}

/// Where the pattern ends: at white space without a backslash before it.
fn pattern_end(content: &str) -> usize {
    let mut escaped = false;
    for (at, c) in content.char_indices() {
        if is_blank(c) && !escaped {
            return at;
        }
        escaped = c == '\\' && !escaped;
    }
    content.len()
}

/// Whether a pattern keeps to what GitHub reads. What it shares with `.gitignore` and does not read
/// is listed under "Syntax exceptions".
fn is_known<'a>(reader: &mut Reader<'a>, line: &Line<'a>, text: &'a str) -> bool {
    let spot = line.spot(text);
    if text.starts_with('[') || text.starts_with("^[") {
        let message = "GitHub knows no sections, and skips the line";
        let help = "remove it; if the file is meant for GitLab, say `--forge gitlab`";
        reader.mistake(spot, message, help);
    } else if text.starts_with('!') {
        let message = "GitHub knows no exclusions, and skips the line";
        let help = "name the path on a later line, without owners";
        reader.mistake(spot, message, help);
    } else if text.starts_with("\\#") {
        let message = "GitHub takes the line for no pattern: a `#` at the start cannot be escaped";
        reader.mistake(spot, message, "write `?` in the place of `\\#`");
    } else if let Some(at) = bare_bracket(text) {
        let message = "GitHub knows no sets of characters, and skips the line";
        let help = "write a backslash before each bracket that belongs to a name, or one line for each name";
        reader.mistake(line.spot(&text[at..=at]), message, help);
    } else if let Some(at) = text.find('#') {
        let message = "whether a `#` inside of a pattern begins a comment is not defined";
        let help = "write white space before a comment, and `?` in the place of the character";
        reader.mistake(line.spot(&text[at..=at]), message, help);
    } else {
        return true;
    }
    false
}

/// Where the first bracket without a backslash before it stands.
fn bare_bracket(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if matches!(c, '[' | ']') && !escaped {
            return Some(at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// What follows the pattern; `None` where some of it is no owner.
fn owners<'a>(reader: &mut Reader<'a>, line: &Line<'a>, rest: &'a str) -> Option<Vec<Owner>> {
    let mut owners = Vec::new();
    for word in rest.split(is_blank).filter(|it| !it.is_empty()) {
        if word.starts_with('#') {
            break;
        }
        if !reader.is_plain(line, word) {
            return None;
        }
        match owner(word) {
            Some(owner) => owners.push(owner),
            None => {
                let message = format!("`{word}` is no owner, and GitHub skips the line");
                let help = "write `@user`, `@organisation/team` or an email address";
                reader.mistake(line.spot(word), message, help);
                return None;
            }
        }
    }
    Some(owners)
}

/// Accounts that an enterprise manages have a `_` before its short name.
fn owner(word: &str) -> Option<Owner> {
    let is = |text: &str, more: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        !text.is_empty() && text.chars().all(known)
    };
    if let Some(name) = word.strip_prefix('@') {
        return match name.split_once('/') {
            None => is(name, "-_").then(|| Owner::User(name.to_owned())),
            Some((organisation, team)) => {
                (is(organisation, "-_") && is(team, "-_.")).then(|| Owner::Team {
                    organisation: organisation.to_owned(),
                    team: team.to_owned(),
                })
            }
        };
    }
    super::email(word)
}

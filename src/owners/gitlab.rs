//! GitLab's dialect. Sources: GitLab's documentation, "Syntax of CODEOWNERS file" and "Advanced
//! CODEOWNERS configuration"; behaviour of `Gitlab::CodeOwners::File` in GitLab 18.
//!
//! GitLab reads a header that it does not understand as a path, leaves out owners that it does not
//! understand, and takes an entry without owners for approved. Here these are mistakes.

use super::{
    Draft, Rule,
    pattern::{Pattern, gitlab_form, is_blank},
    text::{Line, Reader},
};
use crate::model::owners::{Owner, Role};
use std::collections::BTreeMap;

/// What GitLab calls the lines before the first section.
const DEFAULT: &str = "codeowners";

/// The header that lines stand under.
#[derive(Default)]
struct Header {
    section: usize,
    count: u32,
    optional: bool,
    owners: Vec<Owner>,
}

pub(super) fn read<'a>(reader: &mut Reader<'a>, draft: &mut Draft) {
    let mut header = Header {
        section: draft.section(None),
        count: 1,
        ..Header::default()
    };
    let mut sections = Sections::default();
    // By section and form. A pattern that stands there twice keeps the place of the first line and
    // says what the last one says: GitLab keeps them in a hash.
    let mut seen: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for line in reader.lines() {
        if draft.is_full(reader, &line) {
            return;
        }
        let content = line.text.trim_matches(is_blank);
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if content.starts_with('[') || content.starts_with("^[") {
            if let Some(read) = read_header(reader, &line, content) {
                header = Header {
                    section: sections.number(read.name, draft),
                    count: read.count,
                    optional: read.optional,
                    owners: read.owners,
                };
            }
            continue;
        }
        let Some(rule) = entry(reader, &line, content, &header) else {
            continue;
        };
        let key = (rule.section, gitlab_form(&rule.text));
        match seen.get(&key) {
            Some(at) => draft.rules[*at] = rule,
            None => {
                seen.insert(key, draft.rules.len());
                draft.rules.push(rule);
            }
        }
    }
}

/// The numbers of sections by their names.
#[derive(Default)]
struct Sections(BTreeMap<String, usize>);

impl Sections {
    /// Headers of one name in any case are one section. The lines before the first header have a
    /// name too; the first header is not compared with it unless it is written the same.
    fn number(&mut self, name: &str, draft: &mut Draft) -> usize {
        let first = self.0.is_empty();
        let folded = name.to_uppercase().to_lowercase();
        if name == DEFAULT || (!first && folded == DEFAULT) {
            return 0;
        }
        *self
            .0
            .entry(folded)
            .or_insert_with(|| draft.section(Some(name.to_owned())))
    }
}

/// A header, taken apart.
struct ReadHeader<'a> {
    name: &'a str,
    count: u32,
    optional: bool,
    owners: Vec<Owner>,
}

/// `^[name][count] owners`.
fn read_header<'a>(
    reader: &mut Reader<'a>,
    line: &Line<'a>,
    content: &'a str,
) -> Option<ReadHeader<'a>> {
    if !reader.is_plain(line, content) {
        return None;
    }
    let (optional, rest) = match content.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, content),
    };
    let Some((name, rest)) = rest.strip_prefix('[').and_then(|it| it.split_once(']')) else {
        let message = "the section header has no `]`, and GitLab takes it for a path";
        let help = "close it, or write `\\[` if a path begins with the character";
        reader.mistake(line.spot(content), message, help);
        return None;
    };
    if name.trim().is_empty() {
        let message = "the section has no name";
        reader.mistake(line.spot(content), message, "write one between `[` and `]`");
        return None;
    }
    let (count, rest) = match rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
        None => (1, rest),
        Some((count, rest)) => (read_count(reader, line, count, optional)?, rest),
    };
    if !rest.is_empty() && !rest.starts_with(is_blank) {
        let message = "GitLab does not read this part of the section header";
        let help = "write `[name]`, `[name][2]` or `^[name]`, then white space and owners; \
                    write `\\[` if a path begins with the character";
        reader.mistake(line.spot(rest), message, help);
        return None;
    }
    Some(ReadHeader {
        name,
        count,
        optional,
        owners: owners(reader, line, rest)?,
    })
}

fn read_count<'a>(
    reader: &mut Reader<'a>,
    line: &Line<'a>,
    text: &'a str,
    optional: bool,
) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let count = text.parse().ok().filter(|it| digits && *it >= 1);
    match count {
        Some(_) if optional => {
            let message = "a section that is optional cannot ask for a number of approvals";
            reader.mistake(line.spot(text), message, "remove the number or the `^`");
            None
        }
        Some(count) => Some(count),
        None => {
            let message = format!("`{text}` is no number of approvals, and GitLab takes it for 1");
            reader.mistake(line.spot(text), message, "write a number from 1");
            None
        }
    }
}

fn entry<'a>(
    reader: &mut Reader<'a>,
    line: &Line<'a>,
    content: &'a str,
    header: &Header,
) -> Option<Rule> {
    let (whole, rest) = content.split_at(pattern_end(content));
    if !reader.is_plain(line, whole) {
        return None;
    }
    let (excludes, text) = match whole.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, whole),
    };
    let owners = if excludes {
        no_owners(reader, line, rest)?;
        Vec::new()
    } else {
        let own = owners(reader, line, rest)?;
        let owners = if own.is_empty() {
            header.owners.clone()
        } else {
            own
        };
        if owners.is_empty() {
            let message = "the entry has no owners, and GitLab takes it for approved";
            let help = "name owners, here or in the section's header; to exclude a path, write `!` \
                        before it";
            reader.mistake(line.spot(whole), message, help);
            return None;
        }
        owners
    };
    match Pattern::gitlab(text) {
        Ok(pattern) => Some(Rule {
            pattern,
            text: text.to_owned(),
            owners,
            section: header.section,
            count: header.count,
            optional: header.optional,
            excludes,
            spot: line.spot(content),
        }),
        Err(flaw) => {
            reader.mistake(line.spot(whole), flaw.message, flaw.help);
            None
        }
    }
}

/// Where the pattern ends: at white space without a backslash right before it.
fn pattern_end(content: &str) -> usize {
    let mut before = ' ';
    for (at, c) in content.char_indices() {
        if is_blank(c) && before != '\\' {
            return at;
        }
        before = c;
    }
    content.len()
}

/// What follows a pattern or a header; `None` where some of it is no owner.
fn owners<'a>(reader: &mut Reader<'a>, line: &Line<'a>, rest: &'a str) -> Option<Vec<Owner>> {
    let mut owners = Vec::new();
    for word in rest.split(is_blank).filter(|it| !it.is_empty()) {
        if !reader.is_plain(line, word) {
            return None;
        }
        let Some(owner) = owner(word) else {
            let (message, help) = if word.starts_with('#') {
                (
                    "GitLab knows no comment behind an entry: names in it would be owners"
                        .to_owned(),
                    "put the comment on a line of its own",
                )
            } else if word.starts_with("@@") {
                (
                    format!("`{word}` is no role that can own"),
                    "write `@@developer`, `@@maintainer` or `@@owner`",
                )
            } else {
                (
                    format!("`{word}` is no owner, and GitLab leaves it out"),
                    "write `@user`, `@group`, `@group/subgroup`, `@@role` or an email address; \
                     write a backslash before white space in a path",
                )
            };
            reader.mistake(line.spot(word), message, help);
            return None;
        };
        owners.push(owner);
    }
    Some(owners)
}

/// An exclusion may be followed by a remark and by nothing else: GitLab does not look at it.
fn no_owners<'a>(reader: &mut Reader<'a>, line: &Line<'a>, rest: &'a str) -> Option<()> {
    let rest = rest.trim_matches(is_blank);
    if rest.is_empty() || rest.starts_with('#') {
        return Some(());
    }
    let message = "an exclusion has no owners, and GitLab does not read them";
    let help = "remove them, or remove the `!`";
    reader.mistake(line.spot(rest), message, help);
    None
}

/// Roles may stand in the plural.
fn owner(word: &str) -> Option<Owner> {
    if let Some(role) = word.strip_prefix("@@") {
        let role = role.to_ascii_lowercase();
        return match role.strip_suffix('s').unwrap_or(&role) {
            "developer" => Some(Owner::Role(Role::Developer)),
            "maintainer" => Some(Owner::Role(Role::Maintainer)),
            "owner" => Some(Owner::Role(Role::Owner)),
            _ => None,
        };
    }
    let Some(path) = word.strip_prefix('@') else {
        return super::email(word);
    };
    let is_name = |it: &str| {
        !it.is_empty()
            && it
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    if !path.split('/').all(is_name) {
        return None;
    }
    Some(if path.contains('/') {
        Owner::Group(path.to_owned())
    } else {
        Owner::User(path.to_owned())
    })
}

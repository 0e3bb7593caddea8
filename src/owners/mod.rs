//! CODEOWNERS: who must be asked about a path, as GitHub and as GitLab read the file.
//!
//! Both forges pass over what they cannot read, so that a slip of the pen takes an owner away
//! without a word. Here a file is read whole or not at all: every line that a forge would skip,
//! or read as something else than it looks like, is a mistake with its place.

mod github;
mod gitlab;
mod index;
mod pattern;
mod text;

use crate::model::{
    ForgeKind, Place, Side,
    owners::{Demand, Owner, OwnersMistake},
};
use index::Index;
use pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use text::{Line, Reader, Spot};

/// Bytes that a file must stay below. Source: GitHub's documentation, "About code owners": a file
/// of 3 MB or more is not loaded. GitLab names no limit.
pub const LIMIT: usize = 3_000_000;

/// How many patterns one file may have: far more than any has that people read.
const MOST_RULES: usize = 250_000;

/// Where a forge looks for the file, in its order; the first one that is there counts.
///
/// Sources: GitHub's documentation, "About code owners"; `Gitlab::CodeOwners::FILE_PATHS`.
pub fn places(dialect: ForgeKind) -> [&'static str; 3] {
    match dialect {
        ForgeKind::Github => [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"],
        ForgeKind::Gitlab => ["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"],
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Owners {
    path: String,
    side: Side,
    text: String,
    sections: Vec<Section>,
    rules: Vec<Rule>,
    index: Index,
}

#[derive(Clone, Debug)]
struct Section {
    name: Option<String>,
    /// Whether none of its lines stands under a header that requires.
    optional: bool,
}

/// A line with a pattern.
#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    /// The pattern as written.
    text: String,
    owners: Vec<Owner>,
    section: usize,
    count: u32,
    optional: bool,
    /// Whether it takes paths out of its section, whatever other lines say.
    excludes: bool,
    spot: Spot,
}

/// Which line of a section decided for a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What that line asks.
    pub demand: Demand,
    /// Whether it takes the path out of its section: then nothing is asked.
    pub excluded: bool,
    /// The other lines that match, the last one first.
    pub overrides: Vec<Place>,
}

/// Read a file. `path` and `side` are for the places of what it says.
///
/// # Errors
/// Everything that makes it unclear who owns what, at least one mistake.
pub fn read(
    path: &str,
    side: Side,
    bytes: &[u8],
    dialect: ForgeKind,
) -> Result<Owners, Vec<OwnersMistake>> {
    let whole = |message: String, help: &str| {
        vec![OwnersMistake {
            message,
            help: Some(help.to_owned()),
            place: Some(Place::file(path, side)),
        }]
    };
    if bytes.len() >= LIMIT {
        let message = format!(
            "the file has {} bytes, and it must have fewer than {LIMIT}",
            bytes.len()
        );
        return Err(whole(
            message,
            "join lines with patterns, as `*.md` or `/docs/`",
        ));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|it| **it == b'\n').count() + 1;
            let message = format!("line {line} of the file is no UTF-8 text");
            return Err(whole(message, "save it as UTF-8"));
        }
    };
    if text.starts_with('\u{FEFF}') {
        let message =
            "the file begins with a byte order mark, which becomes a part of its first line";
        return Err(whole(message.to_owned(), "save it as UTF-8 without one"));
    }
    let mut reader = Reader::new(path, side, text);
    let mut draft = Draft::default();
    match dialect {
        ForgeKind::Github => github::read(&mut reader, &mut draft),
        ForgeKind::Gitlab => gitlab::read(&mut reader, &mut draft),
    }
    let mistakes = reader.into_mistakes();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    if draft.rules.is_empty() {
        let message = "no line of the file names a path, so nobody owns anything";
        return Err(whole(message.to_owned(), "write one, as `* @user`"));
    }
    Ok(draft.finish(path, side, text))
}

/// What has been read of a file.
#[derive(Default)]
struct Draft {
    sections: Vec<Section>,
    rules: Vec<Rule>,
}

impl Draft {
    /// A new section; gives its number.
    fn section(&mut self, name: Option<String>) -> usize {
        self.sections.push(Section {
            name,
            optional: true,
        });
        self.sections.len() - 1
    }

    /// Whether there is no room for another line that says something.
    fn is_full<'a>(&self, reader: &mut Reader<'a>, line: &Line<'a>) -> bool {
        let says = line.text.trim_matches(pattern::is_blank);
        if says.is_empty() || says.starts_with('#') {
            return false;
        }
        let full = self.rules.len() >= MOST_RULES || self.sections.len() > MOST_RULES;
        if full {
            let message = format!("the file has more than {MOST_RULES} patterns or sections");
            let help = "join lines with patterns, as `*.md` or `/docs/`";
            reader.mistake(line.spot(line.text), message, help);
        }
        full
    }

    fn finish(mut self, path: &str, side: Side, text: &str) -> Owners {
        for rule in self.rules.iter().filter(|it| !it.optional) {
            self.sections[rule.section].optional = false;
        }
        Owners {
            path: path.to_owned(),
            side,
            text: text.to_owned(),
            index: Index::new(self.rules.iter().map(|it| &it.pattern)),
            sections: self.sections,
            rules: self.rules,
        }
    }
}

impl Owners {
    /// The file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is asked for a path, in the order of sections: at most one demand on GitHub, one a
    /// section on GitLab. A demand without owners is GitHub's "nobody".
    pub fn of(&self, path: &str) -> Vec<Demand> {
        let rules = self.lines(path).into_iter();
        rules.map(|it| self.demand(&self.rules[it])).collect()
    }

    /// The numbers of the lines that decide for a path: what [`Owners::of`] tells in full.
    pub fn lines(&self, path: &str) -> Vec<usize> {
        let names: Vec<&str> = path.split('/').collect();
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        let mut excluded: BTreeSet<usize> = BTreeSet::new();
        for at in self.index.candidates(&names) {
            let rule = &self.rules[at];
            // An exclusion counts wherever it stands.
            let late = !rule.excludes && last.get(&rule.section).is_some_and(|it| *it > at);
            if late || excluded.contains(&rule.section) || !rule.pattern.matches(&names) {
                continue;
            }
            if rule.excludes {
                excluded.insert(rule.section);
            } else {
                last.insert(rule.section, at);
            }
        }
        last.retain(|section, _| !excluded.contains(section));
        last.into_values().collect()
    }

    /// One of [`Owners::lines`].
    pub fn line(&self, number: usize) -> Option<Demand> {
        self.rules.get(number).map(|it| self.demand(it))
    }

    /// Every section with a line that matches a path, in the order of sections.
    pub fn explain(&self, path: &str) -> Vec<Decision> {
        let names: Vec<&str> = path.split('/').collect();
        let mut sections: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in self.index.candidates(&names) {
            let rule = &self.rules[at];
            if rule.pattern.matches(&names) {
                sections.entry(rule.section).or_default().push(at);
            }
        }
        let decide = |mut lines: Vec<usize>| {
            lines.sort_unstable_by(|a, b| b.cmp(a));
            let excludes = lines.iter().position(|it| self.rules[*it].excludes);
            let decided = lines.remove(excludes.unwrap_or_default());
            Decision {
                demand: self.demand(&self.rules[decided]),
                excluded: excludes.is_some(),
                overrides: lines
                    .iter()
                    .map(|it| self.place(&self.rules[*it]))
                    .collect(),
            }
        };
        sections.into_values().map(decide).collect()
    }

    fn demand(&self, rule: &Rule) -> Demand {
        let section = &self.sections[rule.section];
        Demand {
            section: section.name.clone(),
            owners: rule.owners.clone(),
            count: rule.count,
            optional: section.optional,
            pattern: rule.text.clone(),
            place: self.place(rule),
        }
    }

    fn place(&self, rule: &Rule) -> Place {
        text::place(&self.path, self.side, &self.text, rule.spot)
    }
}

/// An email address, as far as forges look at it.
fn email(word: &str) -> Option<Owner> {
    let (name, host) = word.split_once('@')?;
    let is = |text: &str, more: &str| {
        let known = |c: char| c.is_alphanumeric() || more.contains(c);
        !text.is_empty() && text.chars().all(known)
    };
    let parts = host.split('.');
    let host = host.contains('.') && parts.into_iter().all(|it| is(it, "-"));
    (host && is(name, "._%+-'")).then(|| Owner::Email(word.to_owned()))
}

#[cfg(test)]
mod tests;

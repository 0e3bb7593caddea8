//! Secret values are taken out of everything that the worker says, before it says it.
//!
//! [`Found`] collects: every value of every Secret in the files that were read and in what
//! overlays render, and the lines on which they stand. [`Shield`] then goes over an answer
//! (`answer.rs`): a line with a value is shown without it, and what quotes a value shows
//! [`REDACTED`]. Only texts are changed, never names, paths or digests, so that a value cannot
//! change what is judged.
//!
//! Not covered: a policy that computes with a value (its first letters, its upper case) and puts
//! the result into its message; and kustomize's name suffix, 40 bits of a digest over the values,
//! which is part of the resource's name in the cluster too.

use crate::model::{Place, Side};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_yaml::{Node, Sources, Span};

mod answer;
mod found;

/// What stands in place of a value.
const REDACTED: &str = "[redacted]";

/// Characters that a value needs to be taken out of messages: shorter ones are in every text.
const SHORTEST: usize = 4;

/// Characters that a value needs to be taken out of what policies say about other resources:
/// `root` and `true` are in their authors' own words.
const DISTINCT: usize = 8;

/// Secret values and where they stand.
#[derive(Default)]
pub(super) struct Found {
    values: BTreeSet<String>,
    lines: BTreeMap<(Side, String), BTreeSet<u32>>,
}

impl Found {
    /// What the files that were read hold.
    pub(super) fn in_sources(sources: &Sources, side: Side) -> Self {
        let mut found = Self::default();
        found.add_sources(sources, side);
        found
    }

    /// A rendered manifest, if it is a Secret.
    pub(super) fn add_manifest(&mut self, body: &Node, sources: &Sources, side: Side) {
        for value in crate::model::secret::values(body) {
            self.value(value.text());
            self.hide(value.entry.value.origin.edit_here(), sources, side);
            if let Some(before) = value.entry.value.origin.overridden() {
                self.hide(before, sources, side);
            }
        }
    }

    /// All that another found.
    pub(super) fn extend(&mut self, other: Self) {
        self.values.extend(other.values);
        for (file, lines) in other.lines {
            self.lines.entry(file).or_default().extend(lines);
        }
    }

    /// The lines of a span show no value.
    fn hide(&mut self, span: Span, sources: &Sources, side: Side) {
        let Some(file) = sources.get(span.file) else {
            return;
        };
        let (start, end) = (file.position(span.start).line, file.position(span.end).line);
        let lines = self
            .lines
            .entry((side, file.path().to_owned()))
            .or_default();
        lines.extend(start..=end);
    }

    /// Every form in which a value may be quoted.
    fn value(&mut self, text: &str) {
        self.forms(text);
        let packed: String = text.split_whitespace().collect();
        if let Ok(bytes) = data_encoding::BASE64.decode(packed.as_bytes())
            && let Ok(plain) = String::from_utf8(bytes)
        {
            self.forms(&plain);
        }
    }

    fn forms(&mut self, text: &str) {
        for text in [text, text.trim()] {
            self.form(text);
            self.form(&data_encoding::BASE64.encode(text.as_bytes()));
        }
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().filter(|_| lines.len() > 1) {
            let after = line.split_once(['=', ':']).map_or("", |it| it.1);
            for part in [line.trim(), after.trim().trim_matches(['"', '\''])] {
                if part.chars().count() >= DISTINCT {
                    self.form(part);
                    self.form(&data_encoding::BASE64.encode(part.as_bytes()));
                }
            }
        }
    }

    fn form(&mut self, text: &str) {
        if text.chars().count() < SHORTEST {
            return;
        }
        self.values.insert(text.to_owned());
        // As messages quote it.
        let quoted = format!("{text:?}");
        let quoted = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        if quoted != text {
            self.values.insert(quoted.to_owned());
        }
    }

    /// Ready to take values out.
    pub(super) fn into_shield(self) -> Shield {
        let distinct = self
            .values
            .iter()
            .filter(|it| it.chars().count() >= DISTINCT);
        Shield {
            distinct: searcher(distinct),
            every: searcher(self.values.iter()),
            lines: self.lines,
        }
    }
}

/// `Err` where values cannot be searched for, which is not to be taken for there being none.
type Searcher = Result<Option<AhoCorasick>, ()>;

fn searcher<'a>(values: impl Iterator<Item = &'a String>) -> Searcher {
    let mut values = values.peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(values);
    built.map(Some).map_err(|_| ())
}

/// Takes secret values out of texts.
pub(super) struct Shield {
    every: Searcher,
    distinct: Searcher,
    lines: BTreeMap<(Side, String), BTreeSet<u32>>,
}

impl Shield {
    /// A text without any value.
    pub(super) fn text(&self, text: &mut String) {
        clean(&self.every, text);
    }

    /// A text without values that are no common words.
    fn distinct_text(&self, text: &mut String) {
        clean(&self.distinct, text);
    }

    fn place(&self, place: &mut Place) {
        let file = (place.side, place.path.clone());
        let hidden = self
            .lines
            .get(&file)
            .is_some_and(|it| it.contains(&place.line));
        if hidden {
            place.text = without_value(&place.text);
        }
        let before = place.text.len();
        self.text(&mut place.text);
        if hidden || place.text.len() != before {
            // The end of the range would tell how long the value is.
            let width = u32::try_from(place.text.chars().count()).unwrap_or(u32::MAX);
            place.column = place.column.min(width.max(1));
            place.end_column = width.saturating_add(1).max(place.column + 1);
        }
    }
}

fn clean(searcher: &Searcher, text: &mut String) {
    match searcher {
        Ok(None) => {}
        Ok(Some(searcher)) => {
            if searcher.is_match(text.as_str()) {
                let mut out = String::with_capacity(text.len());
                searcher.replace_all_with(text, &mut out, |_, _, out| {
                    out.push_str(REDACTED);
                    true
                });
                *text = out;
            }
        }
        Err(()) => REDACTED.clone_into(text),
    }
}

/// `  password: hunter2` becomes `  password: [redacted]`. Where a line has no plain key it shows
/// nothing.
fn without_value(line: &str) -> String {
    let indent: String = line.chars().take_while(|it| *it == ' ').collect();
    let rest = line.trim_start();
    let key = rest.split_once(": ").map(|it| it.0).filter(|it| {
        !it.is_empty()
            && it
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it))
    });
    match key {
        Some(key) => format!("{indent}{key}: {REDACTED}"),
        None => format!("{indent}{REDACTED}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shield(text: &str) -> Shield {
        let sources = Sources::new();
        sources.add("s.yaml", text);
        Found::in_sources(&sources, Side::Head).into_shield()
    }

    fn cleaned(shield: &Shield, text: &str) -> String {
        let mut text = text.to_owned();
        shield.text(&mut text);
        text
    }

    #[test]
    fn a_value_is_taken_out_in_every_form() {
        // `hunter22` in base64 is `aHVudGVyMjI=`.
        for source in [
            "kind: Secret\nstringData: {a: hunter22}\n",
            "kind: Secret\ndata: {a: aHVudGVyMjI=}\n",
            "secretGenerator:\n- name: a\n  literals: [a=hunter22]\n",
            "patches:\n- patch: |-\n    kind: Secret\n    stringData:\n      a: hunter22\n",
            "kind: Secret\nstringData:\n  a: [hunter22\n",
        ] {
            let shield = shield(source);
            let text = "is hunter22, aHVudGVyMjI=";
            assert_eq!(
                cleaned(&shield, text),
                "is [redacted], [redacted]",
                "{source}"
            );
        }
    }

    #[test]
    fn a_line_with_a_value_shows_its_key_only() {
        let sources = Sources::new();
        let text = "kind: Secret\nstringData:\n  pin: '12'\n";
        let file = sources.add("s.yaml", text);
        let shield = Found::in_sources(&sources, Side::Head).into_shield();
        let at = text.find("pin").expect("a key");
        let mut place =
            Place::of(&sources, Span::new(file, at, at + 3), Side::Head).expect("a place");
        shield.place(&mut place);
        assert_eq!(place.text, "  pin: [redacted]");
    }

    #[test]
    fn what_holds_no_secret_is_left_alone() {
        let shield = shield("kind: ConfigMap\ndata: {a: hunter22}\n");
        assert_eq!(cleaned(&shield, "hunter22"), "hunter22");
    }
}

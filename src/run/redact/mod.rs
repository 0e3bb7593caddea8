//! Secret values are taken out of everything that the worker says, before it says it.
//!
//! [`Found`] collects: every value of every Secret in the files that were read and in what
//! overlays render, and the lines on which they stand. [`Shield`] then goes over an answer
//! (`answer.rs`): a line with a value is shown without it, and what quotes a value shows
//! [`REDACTED`]. Only texts are changed, never paths or digests, so that a value cannot change what is
//! judged; of names those alone that a value was copied into (`names.rs`).
//!
//! A message has to stay readable where a Secret holds `http` or `kubernetes`. So what is long and
//! no plain word is taken out of every text, wherever it stands in it. A long plain word is taken out
//! of messages, as a whole word. What is short is taken out, as a whole word, of texts that can quote
//! it: those about its own file and those that name no file. So are words of a text that nobody can
//! read, of which some may be values.
//!
//! Not covered: a policy that computes with a value (its first letters, its upper case) and puts
//! the result into its message; and kustomize's name suffix, 40 bits of a digest over the values,
//! which is part of the resource's name in the cluster too.

use crate::model::{Place, Side};
use said::Said;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;
use tollgate_jmespath::gofmt;
use tollgate_yaml::{Entry, Node, Sources, Span};
use windows::{LONG, Windows};
use words::Words;

mod answer;
mod found;
mod names;
mod said;
mod windows;
mod words;

/// What stands in place of a value.
const REDACTED: &str = "[redacted]";

/// Characters that a value needs to be taken out of messages: shorter ones are in every text.
const SHORTEST: usize = 4;

/// Characters that a value needs to be taken out of texts that are not about its file: `root` and
/// `true` are in their authors' own words.
const DISTINCT: usize = 8;

/// Whether a value is nowhere but where somebody quotes it.
fn is_distinct(value: &str) -> bool {
    let inner = value.trim_matches(|it: char| !it.is_alphanumeric());
    has_characters(inner, DISTINCT) && !is_plain(inner)
}

fn has_characters(text: &str, count: usize) -> bool {
    text.chars().take(count).count() == count
}

/// Letters as a word has them: base64 without a digit has more capitals.
fn is_plain(word: &str) -> bool {
    if !word.bytes().all(|it| it.is_ascii_alphabetic()) {
        return false;
    }
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    capitals == word.len() || capitals * 3 <= word.len()
}

/// Whether a word looks as if nobody had made it up: no path, no name, no version does.
fn is_random(word: &str) -> bool {
    let any = |is: fn(char) -> bool| word.chars().any(is);
    let one_word = !word.contains(|it: char| it.is_whitespace() || it == '/');
    let cases = any(|it| it.is_ascii_lowercase()) && any(|it| it.is_ascii_uppercase());
    let letters = word.trim_matches(|it: char| !it.is_alphanumeric());
    let unlike_a_name =
        any(|it| it.is_ascii_digit()) || letters.bytes().all(|it| it.is_ascii_alphabetic());
    is_distinct(word) && one_word && cases && unlike_a_name
}

/// The files that a task read, by the side that they are of.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) base: Sources,
    pub(super) head: Sources,
}

impl Texts {
    /// What they hold.
    pub(super) fn found(&self) -> Found {
        let mut found = Found::in_sources(&self.base, Side::Base);
        found.extend(Found::in_sources(&self.head, Side::Head));
        found
    }
}

/// A file of one side.
type File = (Side, String);

/// Secret values and where they stand.
#[derive(Default)]
pub(super) struct Found {
    /// By the file that they stand in.
    values: BTreeMap<File, Values>,
    lines: BTreeMap<File, BTreeSet<u32>>,
    /// Whose lines those are: a text may hold many values.
    hidden: HashSet<(Side, Span)>,
    /// Keys that no Secret can have, of which each may be a value in the wrong place.
    keys: HashSet<Arc<str>>,
    /// Whether a replacement copies a value into a name.
    copies: bool,
}

/// The values of one file, as they stand there.
#[derive(Default)]
struct Values {
    known: HashSet<Arc<str>>,
    /// What may be a value.
    guessed: HashSet<Arc<str>>,
    /// Texts that nobody can read: some of their words may be values.
    unreadable: HashSet<Arc<str>>,
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
            let origin = &value.entry.value.origin;
            let spans = [Some(origin.edit_here()), origin.overridden()];
            for span in spans.into_iter().flatten() {
                self.hide(span, sources, side);
                let path = sources.get(span.file).map(|it| it.path().to_owned());
                let path = path.unwrap_or_default();
                self.key(value.entry, side, &path);
                if let Some(it) = value.entry.value.as_scalar() {
                    let values = self.values.entry((side, path)).or_default();
                    values.known(&it.text);
                }
            }
        }
    }

    /// All that another found.
    pub(super) fn extend(&mut self, other: Self) {
        for (file, values) in other.values {
            self.keep(file, values);
        }
        for (file, lines) in other.lines {
            self.lines.entry(file).or_default().extend(lines);
        }
        self.keys.extend(other.keys);
        self.copies |= other.copies;
    }

    /// A key that no Secret can have.
    fn key(&mut self, entry: &Entry, side: Side, path: &str) {
        let known = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
        let key = &entry.key.text;
        if !key.chars().all(known) && is_distinct(key) {
            let values = self.values.entry((side, path.to_owned())).or_default();
            values.known(key);
            self.keys.insert(Arc::clone(key));
        }
    }

    fn keep(&mut self, file: File, values: Values) {
        let mine = self.values.entry(file).or_default();
        if mine.known.is_empty() {
            mine.known = values.known;
        } else {
            mine.known.extend(values.known);
        }
        mine.guessed.extend(values.guessed);
        mine.unreadable.extend(values.unreadable);
    }

    /// The lines of a span show no value.
    fn hide(&mut self, span: Span, sources: &Sources, side: Side) {
        let Some(file) = sources.get(span.file) else {
            return;
        };
        if !self.hidden.insert((side, span)) {
            return;
        }
        let (start, end) = (file.position(span.start).line, file.position(span.end).line);
        let lines = self
            .lines
            .entry((side, file.path().to_owned()))
            .or_default();
        lines.extend(start..=end);
    }

    /// Ready to take values out of any text.
    pub(super) fn into_shield(self) -> Shield {
        self.shield(&Said::anything())
    }

    /// Ready to take values out of the texts of an answer.
    pub(super) fn into_shield_of<T: Serialize>(self, answer: &T) -> Shield {
        self.shield(&Said::by(answer))
    }

    fn shield(self, said: &Said) -> Shield {
        let kept = || Kept::new(said);
        let (mut distinct, mut known, mut long) = (kept(), kept(), kept());
        let (mut guesses, mut names) = (kept(), kept());
        let mut files = BTreeMap::new();
        for (file, values) in self.values {
            let mut words = kept();
            let mut value = |form: &str| {
                if is_distinct(form) {
                    return distinct.add(form);
                }
                if has_characters(form, DISTINCT) {
                    long.add(form);
                }
                known.add(form);
                words.add(form);
            };
            // The searchers sort what comes of them.
            let all = values.known.iter();
            all.for_each(|it| forms(it, said, &mut value));
            let mut guess = |form: &str| {
                if is_random(form) {
                    distinct.add(form);
                }
                if is_distinct(form) {
                    guesses.add(form);
                }
                words.add(form);
            };
            let all = values.guessed.iter();
            all.for_each(|it| forms(it, said, &mut guess));
            let all = values.unreadable.iter();
            all.for_each(|it| found::unreadable(it, &mut |it| forms(it, said, &mut guess)));
            let words = words.searcher();
            if !words.is_empty() {
                files.insert(file, words);
            }
        }
        let keys = self.keys.iter();
        keys.for_each(|it| form(it, said, &mut |it| names.add(it)));
        if self.copies {
            names.extend(&distinct);
        }
        Shield {
            names: names.searcher(),
            distinct: distinct.searcher(),
            known: known.searcher(),
            long: long.searcher(),
            guessed: guesses.searcher(),
            files,
            lines: self.lines,
        }
    }
}

impl Values {
    fn known(&mut self, text: &Arc<str>) {
        self.known.insert(Arc::clone(text));
    }

    /// What may be a value.
    fn guess(&mut self, text: &str) {
        self.guessed.insert(Arc::from(text));
    }
}

/// Every form in which a value may be quoted, of those that an answer may hold.
fn forms(text: &str, said: &Said, out: &mut dyn FnMut(&str)) {
    plain_forms(text, said, out);
    if let Some(plain) = decoded(text) {
        plain_forms(&plain, said, out);
    }
}

/// The text that stands in base64.
fn decoded(text: &str) -> Option<String> {
    // As a rule the first bytes tell that there is none.
    let may = |it: u8| {
        it.is_ascii_alphanumeric() || b"+/=".contains(&it) || it.is_ascii_whitespace() || it == 0x0b
    };
    if !text.bytes().all(|it| may(it) || !it.is_ascii()) {
        return None;
    }
    let packed: String = text.split_whitespace().collect();
    let bytes = data_encoding::BASE64.decode(packed.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

fn plain_forms(text: &str, said: &Said, out: &mut dyn FnMut(&str)) {
    let mut room = String::new();
    let mut both = |text: &str| {
        form(text, said, out);
        room.clear();
        data_encoding::BASE64.encode_append(text.as_bytes(), &mut room);
        form(&room, said, out);
    };
    both(text);
    if text.trim() != text {
        both(text.trim());
    }
    let end = text.find('\n').map(|it| text.get(it + 1..));
    let lines = end
        .flatten()
        .filter(|it| !it.is_empty())
        .map(|_| text.lines());
    for line in lines.into_iter().flatten() {
        let after = line.split_once(['=', ':']).map_or("", |it| it.1);
        for part in [line.trim(), after.trim().trim_matches(['"', '\''])] {
            if has_characters(part, DISTINCT) {
                both(part);
            }
        }
    }
}

fn form(text: &str, said: &Said, out: &mut dyn FnMut(&str)) {
    if !has_characters(text, SHORTEST) {
        return;
    }
    if may_be_quoted(text, said) {
        out(text);
    }
    // As messages quote it.
    let is_plain = |it: u8| {
        matches!(it, b' '..=b'~') && !matches!(it, b'"' | b'\\' | b'\'' | b'<' | b'>' | b'&')
    };
    if text.bytes().all(is_plain) {
        return;
    }
    // As a policy's functions print an object, and messages that again.
    let printed = gofmt::json(&serde_json::Value::from(text));
    let printed = inside(&printed);
    let (quoted, both) = (format!("{text:?}"), format!("{printed:?}"));
    for form in [inside(&quoted), printed, inside(&both)] {
        if form != text && may_be_quoted(form, said) {
            out(form);
        }
    }
}

/// What stands in quotes.
fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len() - 1).unwrap_or_default()
}

/// Whether an answer may hold a form of a value, or a part of a long one.
fn may_be_quoted(form: &str, said: &Said) -> bool {
    match form.len() > LONG {
        true => windows::parts(form).any(|it| said.may_quote(it)),
        false => said.may_quote(form.as_bytes()),
    }
}

/// Forms of values that an answer may hold.
struct Kept<'s> {
    said: &'s Said,
    short: HashSet<Arc<str>>,
    long: Windows,
}

impl<'s> Kept<'s> {
    fn new(said: &'s Said) -> Self {
        Self {
            said,
            short: HashSet::new(),
            long: Windows::default(),
        }
    }

    fn add(&mut self, form: &str) {
        if form.len() > LONG {
            self.long.add(form, |it| self.said.may_quote(it));
        } else if !self.short.contains(form) {
            self.short.insert(Arc::from(form));
        }
    }

    fn extend(&mut self, other: &Self) {
        self.short.extend(other.short.iter().cloned());
        self.long.extend(&other.long);
    }

    fn searcher(self) -> Searcher {
        Searcher {
            short: Words::new(self.short.into_iter().collect()),
            long: self.long,
        }
    }
}

/// Looks for values in texts.
#[derive(Default)]
struct Searcher {
    short: Words,
    /// Parts of long ones.
    long: Windows,
}

impl Searcher {
    fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }

    /// Where values stand in a text, joined where they touch.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        // A word that does not count must not hide one inside of it that does.
        let words = self.short.find(text).into_iter();
        let words = words.filter(|(range, it)| is_distinct(it) || is_whole(text, range.clone()));
        let mut found: Vec<Range<usize>> =
            words.map(|it| it.0).chain(self.long.find(text)).collect();
        found.sort_by_key(|it| (it.start, it.end));
        found.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        found
    }

    fn clean(&self, text: &mut String) {
        for range in self.find(text).into_iter().rev() {
            text.replace_range(range, REDACTED);
        }
    }
}

/// Whether no word goes on at either end of a part of a text.
fn is_whole(text: &str, part: Range<usize>) -> bool {
    let inside = text.get(part.clone()).unwrap_or_default();
    let word = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    let before = text.get(..part.start).and_then(|it| it.chars().next_back());
    let after = text.get(part.end..).and_then(|it| it.chars().next());
    let goes_on = |outside, edge| word(outside) && word(edge);
    !goes_on(before, inside.chars().next()) && !goes_on(after, inside.chars().next_back())
}

/// Takes secret values out of texts.
pub(super) struct Shield {
    /// Values that may be in names.
    names: Searcher,
    /// Values that are nowhere but where somebody quotes them.
    distinct: Searcher,
    /// The others that are known to be values.
    known: Searcher,
    /// Those that are long, plain words.
    long: Searcher,
    /// What may be a value and is no plain word.
    guessed: Searcher,
    /// Values of a file that are common words.
    files: BTreeMap<File, Searcher>,
    lines: BTreeMap<File, BTreeSet<u32>>,
}

impl Shield {
    /// A text without any value: what it is about is not known, or is a Secret.
    pub(super) fn text(&self, text: &mut String) {
        self.distinct.clean(text);
        self.known.clean(text);
        self.guessed.clean(text);
        self.named_files(text);
    }

    /// What a text may quote of the files that it names.
    fn named_files(&self, text: &mut String) {
        for ((_, path), words) in &self.files {
            if !path.is_empty() && text.contains(path.as_str()) {
                words.clean(text);
            }
        }
    }

    /// A text about something that is no Secret, which may hold a copy of a value.
    fn other_text(&self, text: &mut String) {
        self.distinct.clean(text);
        self.long.clean(text);
    }

    /// A text about a file.
    fn text_about(&self, file: Option<(Side, &str)>, text: &mut String) {
        self.advice_about(file, text);
        self.long.clean(text);
    }

    /// A text about a file in our own words: it quotes names, and nothing that another file holds.
    fn advice_about(&self, file: Option<(Side, &str)>, text: &mut String) {
        let Some(file) = file else {
            return self.text(text);
        };
        self.distinct.clean(text);
        self.own_words(file, text);
        self.named_files(text);
    }

    /// What a text may quote of the file that it is about.
    fn own_words(&self, (side, path): (Side, &str), text: &mut String) {
        if let Some(words) = self.files.get(&(side, path.to_owned())) {
            words.clean(text);
        }
    }

    fn place(&self, place: &mut Place) {
        let file = (place.side, place.path.clone());
        let hidden = self
            .lines
            .get(&file)
            .is_some_and(|it| it.contains(&place.line));
        if hidden {
            place.text = without_value(&place.text, place.path.ends_with(".env"));
        }
        let before = place.text.len();
        // A line says what its own file says.
        self.distinct.clean(&mut place.text);
        self.own_words((place.side, &place.path), &mut place.text);
        if hidden || place.text.len() != before {
            // The end of the range would tell how long the value is.
            let width = u32::try_from(place.text.chars().count()).unwrap_or(u32::MAX);
            place.column = place.column.min(width.max(1));
            place.end_column = width.saturating_add(1).max(place.column + 1);
        }
    }
}

/// `  password: hunter2` becomes `  password: [redacted]`, and a literal of a generator
/// `  - password=[redacted]`; so does a line of a file with variables. Where a line has no plain key it
/// shows nothing.
fn without_value(line: &str, variables: bool) -> String {
    let indent: String = line.chars().take_while(|it| *it == ' ').collect();
    let rest = line.trim_start();
    let (item, rest) = match rest.strip_prefix("- ") {
        Some(rest) => ("- ", rest.trim_start()),
        None => ("", rest),
    };
    let plain = |key: &&str| {
        let known = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
        !key.is_empty() && key.chars().all(known)
    };
    let key = rest.split_once(": ").map(|it| it.0).filter(plain);
    // base64 ends in `=`.
    let literal = rest
        .split_once('=')
        .filter(|it| variables || !item.is_empty() && !it.1.trim_start_matches('=').is_empty())
        .map(|it| it.0)
        .filter(plain);
    match (key, literal) {
        (Some(key), _) => format!("{indent}{item}{key}: {REDACTED}"),
        (None, Some(key)) => format!("{indent}{item}{key}={REDACTED}"),
        (None, None) => format!("{indent}{item}{REDACTED}"),
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
            // Slips of the pen.
            "kind: Secret\nmetadata: {name: a}\nStringData: {a: hunter22}\n",
            "kind: Secret\nmetadata: {name: a}\ndat: {a: hunter22}\n",
            "secretGenerator:\n- name: a\n  literals: {a: hunter22}\n",
            "secretGenerator:\n- name: a\n  literals: a=hunter22\n",
            "secretGenerator:\n- name: a\n  literal: [a=hunter22]\n",
            "secretGenerator:\n- name: a\n  stringData: {a: hunter22}\n",
            "secretGenerator:\n- name: a\n  files: [a: hunter22]\n",
            "patches:\n- target: {kind: Secret}\n  patch: '[{\"op\": \"add\", \"path\": \"/stringDat/a\", \"value\": \"hunter22\"}]'\n",
            "patches:\n- target: {kind: Secret}\n  patch: |\n    - op: add\n      path: stringData/a\n      value: hunter22\n",
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
    fn a_value_is_taken_out_as_a_policys_functions_print_it() {
        let value = "a<b>&\"c\\d'e22";
        let source = format!(
            "kind: Secret\nstringData: {{a: {}}}\n",
            serde_json::Value::from(value)
        );
        let printed = gofmt::json(&serde_json::json!({ "a": value }));
        assert!(printed.contains("\\u003c"), "{printed}");
        for text in [
            printed.clone(),
            format!("{printed:?}"),
            format!("{value:?}"),
        ] {
            let cleaned = cleaned(&shield(&source), &text);
            assert!(cleaned.contains(REDACTED), "{text}");
            assert!(!cleaned.contains("e22"), "{cleaned}");
        }
    }

    #[test]
    fn of_many_values_those_are_kept_that_an_answer_may_quote() {
        let lines: String = (0..3_000)
            .map(|it| format!("    value-{it:05}-x\n"))
            .collect();
        let long = format!("kind: Secret\nstringData:\n  a: |\n{lines}");
        let sources = Sources::new();
        sources.add("s.yaml", &*long);
        sources.add("t.yaml", "kind: Secret\nstringData: {a: [value-99999-x\n");
        for (answer, want) in [
            (
                "is value-02999-x or dmFsdWUtMDE1MDAteA==",
                "is [redacted] or [redacted]",
            ),
            (
                "is value-99999-x, value-03000-x",
                "is [redacted], value-03000-x",
            ),
            ("is nothing of it", "is nothing of it"),
        ] {
            let found = Found::in_sources(&sources, Side::Head);
            let shield = found.into_shield_of(&[answer]);
            assert_eq!(cleaned(&shield, answer), want);
            // The text as a whole is long; of its lines nearly none is quoted.
            assert!(
                shield.distinct.short.len() < 100,
                "{}",
                shield.distinct.short.len()
            );
            assert!(
                shield.distinct.long.len() < 100,
                "{}",
                shield.distinct.long.len()
            );
        }
    }

    proptest::proptest! {
        /// What an answer cannot quote is not kept, and nothing else: the answer loses the same with everything kept.
        #[test]
        fn an_answer_loses_what_it_would_lose_with_everything_kept(
            values in proptest::collection::vec(
                proptest::collection::vec("[ab1 =:\"'é\n-]{1,9}|secret|hunter2-|0123456789abcdef", 1..40),
                1..4,
            ),
            pieces in proptest::collection::vec((0usize..4, 0usize..400, 1usize..120, 0usize..4), 1..6),
            broken in proptest::bool::ANY,
        ) {
            let values: Vec<String> = values.iter().map(|it| it.concat()).collect();
            let entries: String = values
                .iter()
                .enumerate()
                .map(|(at, it)| format!("  k{at}: {}\n", serde_json::to_string(it).expect("a text")))
                .collect();
            let end = if broken { "  [\n" } else { "" };
            let text = format!("kind: Secret\nstringData:\n{entries}{end}");
            let piece = |(of, from, length, how): &(usize, usize, usize, usize)| {
                let value = &values[of % values.len()];
                let piece: String = value.chars().skip(from % 300).take(*length).collect();
                match how {
                    0 => piece,
                    1 => data_encoding::BASE64.encode(value.as_bytes()),
                    2 => format!("{value:?}"),
                    _ => value.clone(),
                }
            };
            let answer = pieces.iter().map(piece).collect::<Vec<_>>().join(" says ");
            let sources = Sources::new();
            sources.add("s.yaml", &*text);
            let found = || Found::in_sources(&sources, Side::Head);
            let all = cleaned(&found().into_shield(), &answer);
            let some = cleaned(&found().into_shield_of(&[&answer]), &answer);
            proptest::prop_assert_eq!(some, all);
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
    fn a_text_with_many_values_is_hidden_once() {
        let sources = Sources::new();
        let values: String = (0..50)
            .map(|it| format!("    k{it}: value-{it}\n"))
            .collect();
        let text = format!(
            "kind: Secret\nstringData:\n  a: |\n    kind: Secret\n    data:\n{}",
            values.replace("    k", "      k")
        );
        sources.add("s.yaml", &*text);
        let found = Found::in_sources(&sources, Side::Head);
        assert_eq!(found.hidden.len(), 1);
        let lines = found.lines.values().map(BTreeSet::len).sum::<usize>();
        assert!((50..=60).contains(&lines), "{lines}");
        assert_eq!(
            cleaned(&found.into_shield(), "is value-49"),
            "is [redacted]"
        );
    }

    #[test]
    fn what_is_left_of_a_line_is_its_key() {
        for (line, variables, want) in [
            ("  pin: '12'", false, "  pin: [redacted]"),
            ("  - a.b=c", false, "  - a.b=[redacted]"),
            ("A=b=c", true, "A=[redacted]"),
            // Of a block, where anything may be the value.
            ("A=b", false, "[redacted]"),
            ("  - aHVudGVy==", false, "  - [redacted]"),
            ("  hunter 2: x", false, "  [redacted]"),
        ] {
            assert_eq!(without_value(line, variables), want, "{line}");
        }
    }

    #[test]
    fn what_holds_no_secret_is_left_alone() {
        let shield = shield("kind: ConfigMap\ndata: {a: hunter22}\n");
        assert_eq!(cleaned(&shield, "hunter22"), "hunter22");
    }
}

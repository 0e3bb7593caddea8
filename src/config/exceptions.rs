//! The file with exceptions: which rule does not hold for which subject, why, by whom and until when.

use super::read::{Read, Reader, nearest, quoted, section};
use super::schema::Definitions;
use super::value::{Name, User};
use crate::model::{EXCEPTABLE, ExceptionFacts, ExceptionSubject, Place, Side};
use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tollgate_yaml::{Dialect, Node, Sources, Span, Tag, YamlError};

/// The one version of the format.
const VERSION: u32 = 1;

/// Characters that a reason has at least.
const SHORTEST_REASON: usize = 10;

section! {
    /// Exceptions from rules.
    struct ExceptionsFile {
        /// The version of the format: 1.
        version: u32,
        /// The exceptions.
        exceptions: Vec<Exception>,
    }
}

section! {
    /// One rule does not hold for one subject until a day.
    struct Exception {
        /// Its name, unique in the file.
        id: Name,
        /// The rule as findings name it: `policies/require-probes`.
        rule: String,
        /// What it is for: the subject of a finding to the letter, or a resource.
        subject: Subject,
        /// Why, in at least 10 characters.
        reason: String,
        /// Who answers for it: a group of tollgate.yaml, or an account.
        owner: User,
        /// The last day on which it holds (`2026-12-31`, in UTC), or the moment at which it ends
        /// (RFC 3339); at most 90 days from now.
        expires: Expiry,
    }
}

section! {
    /// Resources.
    struct Resource {
        /// The environment that would receive them; any unless given.
        environment: Option<Name> = None,
        /// Their kind.
        kind: String,
        /// Their namespace; any unless given.
        namespace: Option<String> = None,
        /// Their name, in which `*` stands for any characters.
        name: String,
    }
}

/// What an exception is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Subject {
    Exactly(String),
    Resource(Resource),
}

impl Read for Subject {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_mapping().is_some() {
            return Resource::read(node, reader).map(Self::Resource);
        }
        if node.as_str().is_none() {
            reader.expected("a map like `{kind: Deployment, name: web}`, or the subject of a finding in quotes,", node);
            return None;
        }
        reader.text(node).map(|it| Self::Exactly(it.to_owned()))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"anyOf": [String::schema(definitions), Resource::schema(definitions)]})
    }
}

/// The first second, since 1970, in which something does not hold any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Expiry(u64);

impl Read for Expiry {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        // Without quotes it is a date of YAML's own.
        let date = node.as_scalar().filter(|it| it.tag == Tag::Timestamp);
        let text = match date {
            Some(date) => &*date.text,
            None => reader.text(node)?,
        };
        let expiry = expiry(text);
        if expiry.is_none() {
            let message = format!("{} is not a day and not a moment", quoted(text));
            let help = "write the last day on which it holds, like `2026-12-31`, or a moment, like `2026-12-31T18:00:00Z`";
            reader.report(YamlError::new(node.span(), message).help(help));
        }
        // With a mistake reported nothing comes of the file; the other keys are looked at as well.
        Some(Self(expiry.unwrap_or_default()))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let about = "A day like `2026-12-31`, or a moment like `2026-12-31T18:00:00Z`.";
        definitions.text("Expiry", about, "^[0-9]{4}-[0-9]{2}-[0-9]{2}")
    }
}

/// A day holds to its end, in UTC.
fn expiry(text: &str) -> Option<u64> {
    let seconds = if text.len() == "2026-12-31".len() {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        let next = day.succ_opt()?.and_time(NaiveTime::MIN);
        next.and_utc().timestamp()
    } else {
        DateTime::parse_from_rfc3339(text).ok()?.timestamp()
    };
    u64::try_from(seconds).ok()
}

/// The exceptions in a file.
///
/// # Errors
/// Every mistake in it.
pub fn exceptions(
    path: &str,
    text: &str,
    sources: &Sources,
    side: Side,
) -> Result<Vec<ExceptionFacts>, Vec<YamlError>> {
    let file = sources.add(path, text);
    let documents = tollgate_yaml::parse(text, file, Dialect::Kyaml, &super::LIMITS)
        .map_err(|error| vec![error])?;
    let document = match documents.as_slice() {
        [document] if !document.is_null() => document,
        [] | [_] => {
            let empty = YamlError::new(Span::new(file, 0, 0), "the file with exceptions is empty");
            return Err(vec![empty.help(
                "write `version: 1` and `exceptions: []`, or delete the file",
            )]);
        }
        [_, second, ..] => {
            let many = YamlError::new(second.span(), "the file with exceptions is one document");
            return Err(vec![many.help("remove everything after `---`")]);
        }
    };
    let mut reader = Reader::default();
    let read = ExceptionsFile::read(document, &mut reader);
    let nodes = document.get("exceptions").and_then(Node::as_sequence);
    let mut facts = Vec::new();
    if let Some(read) = &read {
        version(read.version, document, &mut reader);
        let mut seen = BTreeSet::new();
        for (exception, node) in read.exceptions.iter().zip(nodes.unwrap_or_default()) {
            check(exception, node, &mut reader);
            if !seen.insert(&exception.id) {
                let message = format!("a second exception is called `{}`", exception.id);
                let span = at(node, "id");
                reader.report(YamlError::new(span, message).help("give each a name of its own"));
            }
            let place = Place::of(sources, at(node, "id"), side);
            facts.push(exception.facts(place));
        }
    }
    let mistakes = reader.finish();
    if mistakes.is_empty() && read.is_some() {
        Ok(facts)
    } else {
        Err(mistakes)
    }
}

fn version(version: u32, document: &Node, reader: &mut Reader) {
    if version != VERSION {
        let message = format!("version {version} of the file with exceptions is not known");
        let problem = YamlError::new(at(document, "version"), message);
        reader.report(problem.help(format!("this build reads `version: {VERSION}`")));
    }
}

impl Exception {
    fn facts(&self, place: Option<Place>) -> ExceptionFacts {
        let text = |it: &Option<Name>| it.as_ref().map(|it| it.as_str().to_owned());
        ExceptionFacts {
            id: self.id.as_str().to_owned(),
            rule: self.rule.clone(),
            subject: match &self.subject {
                Subject::Exactly(subject) => ExceptionSubject::Exactly(subject.clone()),
                Subject::Resource(it) => ExceptionSubject::Resource {
                    environment: text(&it.environment),
                    kind: it.kind.clone(),
                    namespace: it.namespace.clone(),
                    name: it.name.clone(),
                },
            },
            reason: self.reason.clone(),
            owner: self.owner.as_str().to_owned(),
            expires: self.expires.0,
            place,
        }
    }
}

/// Report what is wrong with an exception whose parts have the right types.
fn check(exception: &Exception, node: &Node, reader: &mut Reader) {
    let mut report = |span: Span, message: String, help: String| {
        reader.report(YamlError::new(span, message).help(help));
    };
    let rule = &exception.rule;
    let known = EXCEPTABLE.join(", ");
    match rule.split_once('/') {
        Some((gate, name)) if !name.is_empty() && EXCEPTABLE.contains(&gate) => {
            if rule.contains('*') {
                report(
                    at(node, "rule"),
                    format!("{} names more than one rule", quoted(rule)),
                    "an exception is for one rule".to_owned(),
                );
            }
        }
        Some((gate, name)) if !name.is_empty() => report(
            at(node, "rule"),
            format!("nothing can be excepted from {}", quoted(gate)),
            match nearest(gate, EXCEPTABLE) {
                Some(near) => {
                    format!("did you mean `{near}`? exceptions are for rules of {known}")
                }
                None => format!("exceptions are for rules of {known}"),
            },
        ),
        _ => report(
            at(node, "rule"),
            format!("{} is not the name of a rule", quoted(rule)),
            format!(
                "write it as findings do, like `policies/require-probes`; exceptions are for rules of {known}"
            ),
        ),
    }
    if exception.reason.trim().chars().count() < SHORTEST_REASON {
        report(
            at(node, "reason"),
            format!("{} is no reason", quoted(&exception.reason)),
            format!("say why in at least {SHORTEST_REASON} characters: others will want to know"),
        );
    }
    if let (Subject::Resource(it), Some(node)) = (&exception.subject, node.get("subject")) {
        for (key, text) in [
            ("kind", Some(&it.kind)),
            ("namespace", it.namespace.as_ref()),
        ] {
            if text.is_some_and(|it| it.contains('*')) {
                report(
                    at(node, key),
                    format!("`*` cannot stand in `{key}`"),
                    match key {
                        "kind" => "write an exception for each kind".to_owned(),
                        _ => "leave the namespace out: then it is any".to_owned(),
                    },
                );
            }
        }
        if it.name.chars().all(|it| it == '*') {
            report(
                at(node, "name"),
                format!("{} means every name", quoted(&it.name)),
                "an exception names what it is for; `*` stands for a part of a name, like `web-*`"
                    .to_owned(),
            );
        }
    }
}

/// Where the value of a key stands.
fn at(node: &Node, key: &str) -> Span {
    node.get(key).unwrap_or(node).span()
}

/// The JSON Schema of the file, for editors.
pub fn exceptions_schema() -> Value {
    let mut definitions = Definitions::default();
    ExceptionsFile::schema(&mut definitions);
    let about = "Exceptions from rules, for Tollgate.";
    definitions.into_schema("ExceptionsFile", "exceptions.yaml", about, VERSION)
}

#[cfg(test)]
mod tests;

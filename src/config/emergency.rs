//! A file that asks for an emergency override. It comes from the change that it is for, so it is read
//! as strictly as the configuration: with one mistake in it, it asks for nothing.

use super::read::{Read, Reader, quoted, section, suggestion};
use super::schema::Definitions;
use super::{Config, LIMITS, Override, VERSION};
use crate::model::{OverrideMistake, OverrideRequest, Place, Side};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_yaml::{Dialect, FieldPath, Node, Sources, Span, Step, Tag, YamlError};

/// Characters that a reason has at least: fewer say that nobody wanted to give one.
const REASON: usize = 20;

/// Characters that a reason has at most: every report shows it.
const LONGEST_REASON: usize = 500;

/// Characters of a rollback plan.
const PLAN: usize = 1_000;

/// Characters of a ticket: a name or an address, not a report.
const TICKET: usize = 200;

section! {
    /// What an override asks for.
    struct Request {
        /// The version of the format: 1.
        version: u32,
        /// The incident, by the name or address that it has where incidents are kept.
        ticket: String,
        /// Why it cannot wait.
        reason: Prose,
        /// The demands to waive.
        rules: Vec<String>,
        /// The environments for which to waive them.
        environments: Vec<String>,
        /// When it ends.
        expires_at: Moment,
        /// How the change is taken back.
        rollback_plan: Prose,
    }
}

/// Sentences, which may stand on several lines; here on one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Prose(String);

impl Read for Prose {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.as_str() else {
            reader.expected("a string", node);
            return None;
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        if line.is_empty() {
            reader.report(YamlError::new(node.span(), "an empty string says nothing"));
            return None;
        }
        if let Some(hidden) = line.chars().find(|it| it.is_control()) {
            let message = format!("control character U+{:04X}", u32::from(hidden));
            reader.report(YamlError::new(node.span(), message));
            return None;
        }
        Some(Self(line))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        String::schema(definitions)
    }
}

/// A moment, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Moment(u64);

impl Read for Moment {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        // Without quotes it is a date to YAML.
        let scalar = node.as_scalar();
        let text = scalar.filter(|it| matches!(it.tag, Tag::Str | Tag::Timestamp));
        let moment = text
            .and_then(|it| DateTime::parse_from_rfc3339(&it.text).ok())
            .and_then(|it| u64::try_from(it.timestamp()).ok());
        if moment.is_none() {
            reader.expected(
                "a moment like `2026-03-01T05:00:00Z` or `2026-03-01T06:00:00+01:00`",
                node,
            );
        }
        // With a mistake reported nothing comes of the file; the other keys are looked at as well.
        Some(Self(moment.unwrap_or_default()))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        String::schema(definitions)
    }
}

/// Read what a file of HEAD asks for, by the configuration of BASE.
///
/// # Errors
/// Every mistake in it.
pub fn read_override(
    path: &str,
    text: &str,
    sources: &Sources,
    config: &Config,
    allowed: &Override,
) -> Result<OverrideRequest, Vec<OverrideMistake>> {
    let file = sources.add(path, text);
    let mistakes = |errors: Vec<YamlError>| -> Vec<OverrideMistake> {
        let of = |it: YamlError| OverrideMistake {
            place: Place::of(sources, it.span, Side::Head)
                .or_else(|| Some(Place::file(path, Side::Head))),
            message: it.message,
            help: it.help,
        };
        errors.into_iter().map(of).collect()
    };
    let documents = tollgate_yaml::parse(text, file, Dialect::Kyaml, &LIMITS)
        .map_err(|it| mistakes(vec![it]))?;
    let document = match documents.as_slice() {
        [document] if !document.is_null() => document,
        [] | [_] => {
            let empty = YamlError::new(Span::new(file, 0, 0), "the file is empty");
            return Err(mistakes(vec![empty.help(
                "remove it, or write what it asks for: `tollgate explain override` shows how",
            )]));
        }
        [_, second, ..] => {
            let many = YamlError::new(second.span(), "an override is one document");
            return Err(mistakes(vec![many.help("remove everything after `---`")]));
        }
    };
    let mut reader = Reader::default();
    let request = Request::read(document, &mut reader);
    if let Some(request) = &request {
        check(request, document, config, allowed, &mut reader);
    }
    let problems = reader.finish();
    let place = |key: &str| Place::of(sources, document.nearest(&at(key)).span(), Side::Head);
    match request {
        Some(it) if problems.is_empty() => Ok(OverrideRequest {
            place: place("ticket"),
            expires_place: place("expires_at"),
            rules: it.rules,
            environments: it.environments,
            ticket: it.ticket,
            reason: it.reason.0,
            rollback: it.rollback_plan.0,
            expires: it.expires_at.0,
        }),
        _ => Err(mistakes(problems)),
    }
}

fn check(
    request: &Request,
    document: &Node,
    config: &Config,
    allowed: &Override,
    reader: &mut Reader,
) {
    let mut report = |path: &FieldPath, message: String, help: String| {
        let span = document.nearest(path).span();
        reader.report(YamlError::new(span, message).help(help));
    };
    if request.version != VERSION {
        let message = format!("version {} of an override is not known", request.version);
        let help = format!("this build reads `version: {VERSION}`");
        report(&at("version"), message, help);
    }
    if request.ticket.trim().is_empty() || request.ticket.chars().count() > TICKET {
        let message = format!("a ticket is a name or an address, at most {TICKET} characters");
        let help = "give the incident's, as `INC-1234`";
        report(&at("ticket"), message, help.to_owned());
    }
    let length = request.reason.0.chars().count();
    if length < REASON {
        let message = format!("the reason has {length} of at least {REASON} characters");
        let help = "say what is broken, for whom, and why it cannot wait for the usual way";
        report(&at("reason"), message, help.to_owned());
    }
    let plan = request.rollback_plan.0.chars().count();
    for (key, length, most) in [
        ("reason", length, LONGEST_REASON),
        ("rollback_plan", plan, PLAN),
    ] {
        if length > most {
            let message = format!("`{key}` has {length} of at most {most} characters");
            let help = "keep the long story where the ticket is kept";
            report(&at(key), message, help.to_owned());
        }
    }
    let may: Vec<&str> = allowed.may_waive.iter().map(|it| it.as_str()).collect();
    let names: Vec<&str> = config
        .environments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    for (key, list) in [
        ("rules", &request.rules),
        ("environments", &request.environments),
    ] {
        if list.is_empty() {
            let message = format!("an override without {key} waives nothing");
            report(&at(key), message, "name at least one".to_owned());
        }
    }
    for (index, rule) in request.rules.iter().enumerate() {
        if !may.contains(&rule.as_str()) {
            report(
                &at("rules").index(index),
                format!("{} cannot be waived here", quoted(rule)),
                format!("`override.may_waive` of BASE lists {}", may.join(", ")),
            );
        }
    }
    for (index, name) in request.environments.iter().enumerate() {
        if !names.contains(&name.as_str()) {
            report(
                &at("environments").index(index),
                format!("environment {} is not known", quoted(name)),
                suggestion(name, &names),
            );
        }
    }
}

fn at(key: &str) -> FieldPath {
    FieldPath(vec![Step::Key(key.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const CONFIG: &str = "version: 1
environments:
  dev: {overlays: [dev]}
  prod: {overlays: [prod]}
groups: {oncall: {users: [ann, bob]}}
override:
  path: \".tollgate/overrides/*.yaml\"
  require: {count: 2, from: [oncall]}
  may_waive: [policies, images]
";

    const GOOD: &str = "version: 1
ticket: INC-1234
reason: the shop answers 500 to everybody
rules: [policies]
environments: [prod]
expires_at: 2026-03-01T05:00:00Z
rollback_plan: revert this pull request
";

    fn read(text: &str) -> Result<OverrideRequest, Vec<String>> {
        let sources = Sources::new();
        let config = parse("tollgate.yaml", CONFIG, &sources)
            .expect("right")
            .config;
        let allowed = config.emergency.clone().expect("given");
        read_override("o.yaml", text, &sources, &config, &allowed).map_err(|mistakes| {
            let show = |it: &OverrideMistake| {
                let place = it.place.as_ref().expect("a place");
                let help = it.help.as_deref().unwrap_or_default();
                format!("{place}: {} [{help}]", it.message)
            };
            mistakes.iter().map(show).collect()
        })
    }

    #[test]
    fn a_right_file_is_read() {
        let request = read(GOOD).expect("right");
        assert_eq!(request.ticket, "INC-1234");
        assert_eq!(request.rules, ["policies"]);
        assert_eq!(request.expires, 1_772_341_200);
        let place = request.place.expect("a place");
        assert_eq!((place.line, place.side), (2, Side::Head));
        for (from, to) in [
            ("2026-03-01T05:00:00Z", "\"2026-03-01T06:00:00+01:00\""),
            (
                "revert this pull request",
                "|\n  revert this pull request\n",
            ),
            ("the shop", ">\n  the shop\n "),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let other = read(&text).unwrap_or_else(|it| panic!("{text}: {it:?}"));
            assert_eq!(other.expires, request.expires);
            assert_eq!(other.rollback, request.rollback);
            assert_eq!(other.reason, request.reason);
        }
    }

    /// Whoever writes one in a hurry mends it once.
    #[test]
    fn one_reading_tells_all_mistakes() {
        let text = GOOD
            .replacen("the shop answers 500 to everybody", "short", 1)
            .replacen("[policies]", "[renders]", 1)
            .replacen("[prod]", "[prd]", 1)
            .replacen("2026-03-01T05:00:00Z", "tomorrow", 1);
        let mistakes = read(&text).expect_err("four mistakes");
        let places: Vec<&str> = mistakes
            .iter()
            .filter_map(|it| it.split_once(": ").map(|it| it.0))
            .collect();
        let expected = ["o.yaml:3:9", "o.yaml:4:9", "o.yaml:5:16", "o.yaml:6:13"];
        assert_eq!(places, expected);
    }

    #[test]
    fn every_mistake_is_told_at_its_place() {
        for (from, to, want) in [
            (
                "version: 1",
                "version: 2",
                "o.yaml:1:10: version 2 of an override is not known [this build reads `version: 1`]",
            ),
            (
                "version: 1\n",
                "",
                "o.yaml:1:1: key `version` is missing [add `version:`, the version of the format: 1]",
            ),
            (
                "ticket: INC-1234\n",
                "",
                "o.yaml:1:1: key `ticket` is missing [add `ticket:`, the incident, by the name or address that it has where incidents are kept]",
            ),
            (
                "ticket: INC-1234",
                "ticket: 1234",
                "o.yaml:2:9: a string was expected here, but this is a number (`1234`) [put the value in quotes]",
            ),
            (
                "INC-1234",
                "\" \"",
                "o.yaml:2:9: a ticket is a name or an address, at most 200 characters [give the incident's, as `INC-1234`]",
            ),
            (
                "the shop answers 500 to everybody",
                "\"broken     in     prod\"",
                "o.yaml:3:9: the reason has 14 of at least 20 characters [say what is broken, for whom, and why it cannot wait for the usual way]",
            ),
            (
                "rules: [policies]",
                "rules: []",
                "o.yaml:4:8: an override without rules waives nothing [name at least one]",
            ),
            (
                "[policies]",
                "[policies, renders]",
                "o.yaml:4:19: `renders` cannot be waived here [`override.may_waive` of BASE lists policies, images]",
            ),
            (
                "[policies]",
                "[approvals]",
                "o.yaml:4:9: `approvals` cannot be waived here [`override.may_waive` of BASE lists policies, images]",
            ),
            (
                "[prod]",
                "[]",
                "o.yaml:5:15: an override without environments waives nothing [name at least one]",
            ),
            (
                "[prod]",
                "[prd]",
                "o.yaml:5:16: environment `prd` is not known [did you mean `prod`?]",
            ),
            (
                "[prod]",
                "prod",
                "o.yaml:5:15: a list was expected here, but this is a string (`prod`) [put the value in square brackets]",
            ),
            (
                "2026-03-01T05:00:00Z",
                "2026-03-01",
                "o.yaml:6:13: a moment like `2026-03-01T05:00:00Z` or `2026-03-01T06:00:00+01:00` was expected here, but this is a string (`2026-03-01`) []",
            ),
            (
                "2026-03-01T05:00:00Z",
                "4h",
                "o.yaml:6:13: a moment like `2026-03-01T05:00:00Z` or `2026-03-01T06:00:00+01:00` was expected here, but this is a string (`4h`) []",
            ),
            (
                "rollback_plan: revert this pull request\n",
                "rollback_plan:\n",
                "o.yaml:7:14: a string was expected here, but this is null [give the key a value, or remove it]",
            ),
            (
                "rollback_plan:",
                "rollback:",
                "o.yaml:1:1: key `rollback_plan` is missing [add `rollback_plan:`, how the change is taken back]",
            ),
            (
                "ticket:",
                "by: eve\nticket:",
                "o.yaml:2:1: unknown key `by` [known here: version, ticket, reason, rules, environments, expires_at, rollback_plan]",
            ),
            (
                "rules:",
                "ticket: INC-2\nrules:",
                "o.yaml:4:1: the key `ticket` stands on line 2 already [remove one of the two: readers disagree on which counts]",
            ),
            (
                "version: 1\n",
                "version: 1\n---\n",
                "o.yaml:3:1: an override is one document [remove everything after `---`]",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let mistakes = read(&text).expect_err(&text);
            assert_eq!(mistakes[0], want, "{text}\n{mistakes:#?}");
        }
        let long = GOOD.replacen("the shop", &"the shop ".repeat(60), 1);
        let mistakes = read(&long).expect_err("too long");
        assert!(
            mistakes[0].starts_with("o.yaml:3:9: `reason` has 564 of at most 500 characters"),
            "{mistakes:?}"
        );
        let mistakes = read("").expect_err("empty");
        assert!(mistakes[0].contains("the file is empty"), "{mistakes:?}");
    }
}

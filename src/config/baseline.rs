//! The file with the findings that were there when the repository took the gate in.

use super::read::quoted;
use crate::{
    finding::{Finding, Level},
    model::{BASELINED, BaselineFacts},
};
use serde::{Deserialize, Serialize};
use tollgate_yaml::{FileId, Sources, Span, YamlError};

/// The one version of the format.
const VERSION: u32 = 1;

/// Bytes of the largest file that is read.
const LIMIT: usize = 8 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    rule: String,
    subject: String,
    message: String,
}

impl Entry {
    /// The file is sorted by this: what people read first.
    fn key(&self) -> (&str, &str, &str) {
        (&self.rule, &self.subject, &self.message)
    }
}

/// What to do about a file that was not left as it was written.
const REWRITE: &str = "take whole entries out and change nothing else; `tollgate baseline` does it";

/// The findings in a file, in its order, each with its place.
///
/// # Errors
/// Every mistake in it.
pub fn baseline(
    path: &str,
    text: &str,
    sources: &Sources,
) -> Result<Vec<(BaselineFacts, Span)>, Vec<YamlError>> {
    let file = sources.add(path, text);
    let start = Span::new(file, 0, 0);
    if text.len() > LIMIT {
        let message = format!("the baseline is larger than {} MiB", LIMIT >> 20);
        return Err(vec![YamlError::new(start, message)]);
    }
    let read: File = serde_json::from_str(text).map_err(|it| vec![damaged(&it, text, file)])?;
    if read.version != VERSION {
        let message = format!("version {} of the baseline is not known", read.version);
        let problem = YamlError::new(start, message);
        return Err(vec![
            problem.help(format!("this build reads `\"version\": {VERSION}`")),
        ]);
    }
    let spans = entries(text, file);
    let spans = spans.into_iter().chain(std::iter::repeat(start));
    let mut mistakes = Vec::new();
    let mut before: Option<&Entry> = None;
    for (entry, span) in read.findings.iter().zip(spans.clone()) {
        if let Some(message) = mistake(entry) {
            mistakes.push(YamlError::new(span, message).help(REWRITE));
        }
        if before.is_some_and(|it| it.key() >= entry.key()) {
            let message = "this finding stands here for the second time, or out of order";
            mistakes.push(YamlError::new(span, message).help(REWRITE));
        }
        before = Some(entry);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let facts = |it: Entry| BaselineFacts {
        fingerprint: it.fingerprint,
        rule: it.rule,
        subject: it.subject,
        message: it.message,
    };
    Ok(read.findings.into_iter().map(facts).zip(spans).collect())
}

/// What is wrong with an entry.
fn mistake(entry: &Entry) -> Option<String> {
    let rule = quoted(&entry.rule);
    match entry.rule.split_once('/') {
        Some((gate, name)) if !name.is_empty() && BASELINED.contains(&gate) => {}
        _ => {
            let known = BASELINED.join(", ");
            return Some(format!(
                "a finding of {rule} cannot be known: a baseline is for rules of {known}"
            ));
        }
    }
    let finding = Finding::new(Level::Deny, &entry.rule, &entry.subject, &entry.message);
    (finding.fingerprint() != entry.fingerprint)
        .then(|| format!("the fingerprint is not that of this finding of {rule}"))
}

fn damaged(error: &serde_json::Error, text: &str, file: FileId) -> YamlError {
    let line = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let at = line.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    // Its own words end with the place.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let problem = YamlError::new(
        Span::new(file, at, at),
        format!("the baseline is damaged: {message}"),
    );
    problem.help(REWRITE)
}

/// Where the entries of a file stand that has been read already: the maps in its one list.
fn entries(text: &str, file: FileId) -> Vec<Span> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    let mut spans = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                if depth == 2 {
                    spans.push(Span::new(file, at, at + 1));
                }
                depth += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    spans
}

/// The text of a file: the same findings, in whatever order, give the same bytes. Foreign text in it
/// is not yet safe to be shown.
pub fn baseline_text(findings: &[BaselineFacts]) -> String {
    let mut findings: Vec<Entry> = findings
        .iter()
        .map(|it| Entry {
            fingerprint: it.fingerprint.clone(),
            rule: it.rule.clone(),
            subject: it.subject.clone(),
            message: it.message.clone(),
        })
        .collect();
    findings.sort_by(|a, b| a.key().cmp(&b.key()));
    findings.dedup();
    let file = File {
        version: VERSION,
        findings,
    };
    // Texts and numbers: there is nothing that JSON has no form for.
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(rule: &str, subject: &str, message: &str) -> BaselineFacts {
        BaselineFacts {
            fingerprint: Finding::new(Level::Deny, rule, subject, message).fingerprint(),
            rule: rule.to_owned(),
            subject: subject.to_owned(),
            message: message.to_owned(),
        }
    }

    fn two() -> [BaselineFacts; 2] {
        [
            known("policies/b", "prod: Job \"{x\\\"}\"", "it is"),
            known("policies/a", "prod: Job y", "it is\nnot"),
        ]
    }

    /// The findings, or each mistake with its place.
    fn read(text: &str) -> Result<Vec<BaselineFacts>, Vec<String>> {
        let sources = Sources::new();
        match baseline("b.json", text, &sources) {
            Ok(read) => Ok(read.into_iter().map(|it| it.0).collect()),
            Err(mistakes) => Err(mistakes
                .iter()
                .map(|it| format!("{}: {}", sources.describe(it.span), it.message))
                .collect()),
        }
    }

    #[test]
    fn what_is_written_is_read_back_whatever_its_order() {
        let [b, a] = two();
        let text = baseline_text(&[b.clone(), a.clone(), b.clone()]);
        assert_eq!(text, baseline_text(&[a.clone(), b.clone()]));
        assert_eq!(read(&text), Ok(vec![a, b]));
        assert_eq!(
            baseline_text(&[]),
            "{\n  \"version\": 1,\n  \"findings\": []\n}\n"
        );
    }

    #[test]
    fn every_entry_knows_its_line() {
        let text = baseline_text(&two());
        let sources = Sources::new();
        let read = baseline("b.json", &text, &sources).expect("as it was written");
        let lines: Vec<String> = read.iter().map(|it| sources.describe(it.1)).collect();
        assert_eq!(lines, ["b.json:4:5", "b.json:10:5"]);
    }

    #[test]
    fn a_baseline_that_was_not_written_by_the_program_is_none() {
        let text = baseline_text(&two());
        let [b, a] = two();
        let digest = &a.fingerprint;
        let other = digest.replace(|it: char| it.is_ascii_hexdigit(), "0");
        let control = known("control-plane/weakened", "x", "y");
        for (from, to, want) in [
            (
                "\"version\": 1",
                "\"version\": 2",
                "b.json:1:1: version 2 of the baseline is not known",
            ),
            (
                "\"version\": 1,",
                "\"version\": 1, \"note\": 1,",
                "b.json:2:22: the baseline is damaged: unknown field `note`, expected `version` or `findings`",
            ),
            (
                "\"version\": 1,",
                "\"version\": 1, \"version\": 1,",
                "b.json:2:25: the baseline is damaged: duplicate field `version`",
            ),
            (
                "prod: Job y",
                "prod: Job z",
                "b.json:4:5: the fingerprint is not that of this finding of `policies/a`",
            ),
            (
                digest,
                &other,
                "b.json:4:5: the fingerprint is not that of this finding of `policies/a`",
            ),
            (
                "it is\"\n    }\n",
                "it is\"\n    },\n",
                "b.json:16:3: the baseline is damaged: trailing comma",
            ),
            (
                "\"message\": \"it is\"",
                "\"message\": \"it is\", \"x\": 1",
                "b.json:14:29: the baseline is damaged: unknown field `x`, expected one of `fingerprint`, `rule`, `subject`, `message`",
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert_eq!(read(&changed), Err(vec![want.to_owned()]), "{to}");
        }
        let backwards =
            serde_json::to_string(&serde_json::json!({"version": 1, "findings": [b, a]}));
        let wrong = read(&backwards.expect("JSON")).expect_err("out of order");
        assert!(
            wrong[0].ends_with("for the second time, or out of order"),
            "{wrong:?}"
        );
        let wrong = read(&baseline_text(&[control])).expect_err("no gate of that kind");
        assert!(
            wrong[0].contains("a finding of `control-plane/weakened` cannot be known"),
            "{wrong:?}"
        );
        assert!(read("").is_err() && read("[]").is_err());
        let large = format!("{}{text}", " ".repeat(LIMIT));
        assert_eq!(
            read(&large),
            Err(vec![
                "b.json:1:1: the baseline is larger than 8 MiB".to_owned()
            ])
        );
    }
}

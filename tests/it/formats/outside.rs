//! Readers that are not ours: what others made to read a format reads what is written in it, and
//! sees in it what the verdict holds.

use super::{hostile, verdict_of, written};
use junit_parser::TestStatus;
use prometheus_parse::{Scrape, Value as Sample};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use serde_sarif::sarif::Sarif;
use tap_parser::{TapParser, TapStatement};
use tollgate::verdict::Verdict;

/// Verdicts about plain text and about hostile text.
fn verdicts() -> Vec<Verdict> {
    verdicts_of(|_| true)
}

/// Those about texts that a reader can be asked to read.
fn verdicts_of(readable: impl Fn(&str) -> bool) -> Vec<Verdict> {
    let texts = hostile::texts();
    let texts = ["plain"]
        .into_iter()
        .chain(texts.iter().map(String::as_str));
    let verdicts: Vec<Verdict> = texts.filter(|it| readable(it)).map(verdict_of).collect();
    assert!(verdicts.len() > 100, "{} texts", verdicts.len());
    verdicts
}

/// Types that are made from OASIS' schema of SARIF 2.1.0 and refuse what it does not know: nothing is
/// lost or turned into something else on the way through them.
#[test]
fn sarif_is_as_its_schema_says() {
    for verdict in verdicts() {
        let text = written("sarif", &verdict);
        let read: Sarif = serde_json::from_str(&text).unwrap_or_else(|it| panic!("{it}: {text}"));
        let results = read.runs.first().and_then(|it| it.results.as_ref());
        let waived = results
            .into_iter()
            .flatten()
            .filter(|it| it.suppressions.is_some());
        assert_eq!(waived.count(), 3);
        let own: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), own);
    }
}

#[test]
fn junit_is_read_by_others() {
    for verdict in verdicts() {
        let text = written("junit", &verdict);
        let read =
            junit_parser::from_reader(text.as_bytes()).unwrap_or_else(|it| panic!("{it}: {text}"));
        assert_eq!(
            read.suites.len(),
            verdict.gates.len() + verdict.faults.len()
        );
        let cases = || read.suites.iter().flat_map(|it| &it.cases);
        let of = |is: fn(&TestStatus) -> bool| cases().filter(|it| is(&it.status)).count();
        let errors = verdict.unsure().count() + verdict.faults.len();
        assert_eq!(of(TestStatus::is_failure), 1, "{text}");
        assert_eq!(of(TestStatus::is_error), errors);
        assert_eq!(of(TestStatus::is_skipped), 1);
        assert_eq!(cases().count() as u64, read.tests);
        assert_eq!((read.failures, read.errors), (1, errors as u64));
    }
}

#[test]
fn tap_is_read_by_others() {
    for verdict in verdicts() {
        let text = written("tap", &verdict);
        let mut parser = TapParser::new();
        let read = parser
            .parse(&text)
            .unwrap_or_else(|it| panic!("{it}: {text}"));
        let mut points = 0;
        let mut plan = None;
        for statement in read {
            match statement {
                TapStatement::Plan(it) => plan = Some(it.count),
                TapStatement::TestPoint(it) => {
                    points += 1;
                    assert_eq!(it.number, Some(points), "{text}");
                }
                other => panic!("{other:?} in\n{text}"),
            }
        }
        assert_eq!(plan, Some(points));
    }
}

/// This reader takes a label for ended at the first `}`, `,` or `=` in its value, and braces stand in
/// whatever is shown by its number.
#[test]
fn metrics_are_read_by_others() {
    let plain = |it: char| (' '..='~').contains(&it) && !"},=".contains(it);
    for verdict in verdicts_of(|it| it.chars().all(plain)) {
        let text = written("prometheus", &verdict);
        let lines = text.lines().map(|it| Ok(it.to_owned()));
        let read = Scrape::parse(lines).unwrap_or_else(|it| panic!("{it}: {text}"));
        let samples = text.lines().filter(|it| !it.starts_with('#'));
        assert_eq!(read.samples.len(), samples.count(), "{text}");
        let decided: Vec<Option<&str>> = read
            .samples
            .iter()
            .filter(|it| it.metric == "tollgate_decision" && it.value == Sample::Gauge(1.0))
            .map(|it| it.labels.get("decision"))
            .collect();
        assert_eq!(decided, [Some("refuse")]);
    }
}

/// A YAML 1.2 reader sees the documents that ours sees.
#[test]
fn report_objects_are_read_by_others() {
    for verdict in verdicts() {
        for format in ["openreports", "policyreport"] {
            let text = written(format, &verdict);
            let read = Yaml::load_from_str(&text).unwrap_or_else(|it| panic!("{it}: {text}"));
            let read: Vec<Value> = read.iter().map(json).collect();
            assert_eq!(read, super::readers::yaml(&text), "{format}");
        }
    }
}

fn json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Mapping(map) => {
            let entries = map.iter().map(|(key, value)| {
                let key = key.as_str().unwrap_or_else(|| panic!("a key: {key:?}"));
                (key.to_owned(), json(value))
            });
            Value::Object(entries.collect())
        }
        Yaml::Sequence(list) => list.iter().map(json).collect(),
        other => {
            if let Some(text) = other.as_str() {
                Value::from(text)
            } else if let Some(number) = other.as_integer() {
                Value::from(number)
            } else if let Some(flag) = other.as_bool() {
                Value::from(flag)
            } else {
                panic!("{other:?}")
            }
        }
    }
}

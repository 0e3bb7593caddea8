//! A reader of each format: what it understands, with the texts left out. Two reports of the same
//! verdict in other words have the same shape. A reader panics where a report is not of its format.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use std::collections::BTreeSet;
use tollgate_yaml::{Dialect, Limits, Sources};

/// What was understood, one entry a thing.
pub(super) type Shape = Vec<String>;

/// No character that deceives, and no line that a runner would take for a command of its own.
pub(super) fn no_foreign_controls(output: &str, commands: bool) {
    for c in output.chars() {
        let deceives = (c.is_control() && c != '\n')
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{fe0f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        assert!(!deceives, "U+{:04X} in\n{output}", u32::from(c));
    }
    for line in output.lines() {
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "a runner obeys: {line}"
        );
        assert!(
            commands || !line.trim_start().starts_with("::"),
            "a runner obeys: {line}"
        );
    }
}

/// What GitHub's runner makes of the lines: `ActionCommand.TryParseV2`, then `TryParse`, in
/// `src/Runner.Common/ActionCommand.cs`. All commands that it registers are known here.
pub(super) fn workflow_commands(output: &str) -> Shape {
    output
        .split(['\n', '\r'])
        .filter(|it| !it.is_empty())
        .map(
            |line| match second_form(line).or_else(|| first_form(line)) {
                Some(command) => {
                    assert!(
                        ["error", "warning", "notice"].contains(&command.name.as_str()),
                        "{line}"
                    );
                    for (key, value) in &command.properties {
                        let number =
                            ["line", "endLine", "col", "endColumn"].contains(&key.as_str());
                        assert!(
                            number == value.parse::<u32>().is_ok()
                                || key == "title"
                                || key == "file",
                            "{line}"
                        );
                    }
                    let keys: Vec<&str> =
                        command.properties.iter().map(|it| it.0.as_str()).collect();
                    let lines = command.data.split('\n').count();
                    format!("{} {} {lines}", command.name, keys.join(","))
                }
                None => panic!("not a command: {line}"),
            },
        )
        .collect()
}

struct Command {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

const REGISTERED: &[&str] = &[
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "token",
    "warning",
];

fn second_form(line: &str) -> Option<Command> {
    let line = line.trim_start();
    let rest = line.strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    if !REGISTERED.contains(&name) {
        return None;
    }
    let properties = properties
        .trim()
        .split(',')
        .filter_map(|it| it.split_once('='))
        .map(|(key, value)| (key.to_owned(), unescape(value, true)))
        .collect();
    Some(Command {
        name: name.to_owned(),
        properties,
        data: unescape(data, false),
    })
}

fn first_form(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (info, data) = rest.split_once(']')?;
    let (name, _) = info.split_once(' ').unwrap_or((info, ""));
    REGISTERED.contains(&name).then(|| Command {
        name: name.to_owned(),
        properties: Vec::new(),
        data: unescape(data, false),
    })
}

/// In the runner's order.
fn unescape(text: &str, property: bool) -> String {
    let text = text.replace("%0D", "\r").replace("%0A", "\n");
    let text = if property {
        text.replace("%3A", ":").replace("%2C", ",")
    } else {
        text
    };
    text.replace("%25", "%")
}

/// `path:line:column: level rule message` as an editor takes it apart, and the verdict last.
pub(super) fn concise(output: &str) -> Shape {
    let lines: Vec<&str> = output.split('\n').collect();
    let Some((findings, ["", verdict])) = lines
        .split_last_chunk::<2>()
        .map(|(findings, [verdict, end])| (findings, [*end, *verdict]))
    else {
        panic!("no verdict in {output}");
    };
    let word = verdict.split(':').next().expect("a word");
    let words = ["ADMITTED", "OVERRIDE", "REFUSED", "UNDECIDED"];
    assert!(words.contains(&word), "{verdict}");
    let line =
        regex::Regex::new(r"^(?:(-)|([^:]+):(\d+):(\d+)): (error|warning|note) ([^\s]+) (.*)$")
            .expect("an expression");
    let mut shape: Shape = findings
        .iter()
        .map(|it| {
            if let Some(count) = it.strip_suffix("; --all lists them") {
                return count.to_owned();
            }
            let found = line
                .captures(it)
                .unwrap_or_else(|| panic!("not a finding: {it}"));
            let place = found.get(2).map_or("nowhere", |_| "a place");
            format!("{} at {place}", &found[5])
        })
        .collect();
    shape.push(word.to_owned());
    shape
}

/// Words that a forge reads as text: nothing that it would link, mention or show as a picture.
fn plain(text: &str) {
    let speaks = |it: char| "@#`<&!/_*[]|~$%^\\{}=".contains(it);
    assert!(!text.contains(speaks), "{text:?} is more than words");
    for word in text.split(|it: char| !(it.is_alphanumeric() || it == '-' || it == '.')) {
        let inner = word.trim_matches('.');
        assert!(!inner.contains('.'), "{word:?} may be an address");
        let reference = inner
            .split_once('-')
            .is_some_and(|it| it.1.starts_with(|it: char| it.is_ascii_digit()));
        assert!(!reference, "{word:?} may be a reference");
        let commit = inner.len() > 6 && inner.bytes().all(|it| it.is_ascii_hexdigit());
        assert!(!commit, "{word:?} may be a commit");
    }
}

/// CommonMark with every extension that a forge could have switched on: foreign text is in code, or
/// plain words. What does not hold the change is folded, which takes two tags of HTML.
pub(super) fn markdown(output: &str, comment: bool) -> Shape {
    let body = if comment {
        output
            .strip_prefix("<!-- tollgate:report -->\n")
            .expect("the marker")
    } else {
        output
    };
    assert!(body.starts_with("## "), "the verdict comes first: {body}");
    let fold = regex::Regex::new(r"^<details><summary>\d+ [a-z]+</summary>\n$|^</details>\n$")
        .expect("an expression");
    let mut shape = Shape::new();
    let mut folded = 0;
    for event in Parser::new_ext(body, Options::all()) {
        match event {
            // A sentence is words and code.
            Event::Code(_) | Event::Text(_) => {
                if let Event::Text(text) = &event {
                    plain(text);
                }
                if shape.last().is_none_or(|it| it != "words") {
                    shape.push("words".to_owned());
                }
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            Event::Html(text) => {
                assert!(fold.is_match(&text), "HTML {text:?} in\n{output}");
                folded += if text.starts_with("</") { -1 } else { 1 };
                assert!([0, 1].contains(&folded), "{output}");
                shape.push(text.into_string());
            }
            Event::InlineHtml(text) => panic!("HTML {text:?} in\n{output}"),
            Event::Start(tag) => {
                let tag = format!("{tag:?}");
                let safe = ["Heading", "Paragraph", "List", "Item", "Strong", "Table"];
                assert!(
                    safe.iter().any(|it| tag.starts_with(it)),
                    "{tag} in\n{output}"
                );
                shape.push(tag);
            }
            other => shape.push(format!("{other:?}")),
        }
    }
    assert_eq!(folded, 0, "what is opened is closed");
    shape
}

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap_or_else(|it| panic!("{it}: {output}"))
}

/// The kinds of values at each path; keys are never foreign.
fn kinds(value: &Value, path: &str, shape: &mut Shape) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                kinds(value, &format!("{path}/{key}"), shape);
            }
        }
        Value::Array(items) => {
            for value in items {
                kinds(value, &format!("{path}/-"), shape);
            }
        }
        Value::String(_) => shape.push(format!("{path} text")),
        other => shape.push(format!("{path} {other}")),
    }
}

/// Every fingerprint of a JSON report.
pub(super) fn fingerprints(output: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![json(output)];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(map) => {
                for (key, value) in map {
                    match value.as_str() {
                        Some(text)
                            if ["fingerprint", "primaryLocationLineHash"]
                                .contains(&key.as_str()) =>
                        {
                            found.insert(text.to_owned());
                        }
                        _ => open.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// What the schema of SARIF 2.1.0 and GitHub's reader ask for.
pub(super) fn sarif(output: &str) -> Shape {
    let value = json(output);
    assert_eq!(value["version"], "2.1.0");
    let runs = value["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1, "one run");
    let run = &runs[0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let ids: Vec<&str> = rules
        .iter()
        .map(|it| it["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "rules are unique"
    );
    for rule in rules {
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!(
                rule[key]["text"].as_str().is_some_and(|it| it.len() > 9),
                "{rule}"
            );
        }
        let tags = rule["properties"]["tags"].as_array();
        assert!(tags.is_none_or(|it| it.len() <= 20), "{rule}");
    }
    let invocation = &run["invocations"][0];
    assert!(invocation["executionSuccessful"].is_boolean());
    assert!(invocation["exitCodeDescription"].is_string());
    let results = run["results"].as_array().expect("results");
    assert!(results.len() <= 5_000, "{} results", results.len());
    let mut fingerprints = BTreeSet::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(result["ruleId"], ids[index]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        let hash = &result["partialFingerprints"]["primaryLocationLineHash"];
        assert!(
            fingerprints.insert(hash.as_str().expect("a hash").to_owned()),
            "twice: {hash}"
        );
        let related = result["relatedLocations"].as_array();
        let related = related.map_or(&[][..], Vec::as_slice);
        let locations = result["locations"].as_array().expect("locations");
        assert_eq!(locations.len(), 1);
        for location in locations.iter().chain(related) {
            physical(&location["physicalLocation"]);
        }
        links(
            result["message"]["text"].as_str().expect("a text"),
            related.len(),
        );
    }
    let mut shape = Vec::new();
    // An unusable path is replaced by the configuration's, which has no columns.
    kinds(&value, "", &mut shape);
    shape.retain(|it| !it.contains("/region/"));
    shape
}

fn physical(location: &Value) {
    let artifact = &location["artifactLocation"];
    assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
    let uri = artifact["uri"].as_str().expect("a URI");
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
    assert!(uri.chars().all(safe), "not a relative reference: {uri}");
    assert!(
        uri.split('/').all(|it| !["", ".", ".."].contains(&it)),
        "leaves the root: {uri}"
    );
    let region = &location["region"];
    let start = region["startColumn"].as_u64().unwrap_or(1);
    assert!(region["startLine"].as_u64().is_some_and(|it| it >= 1));
    assert!(region["endColumn"].as_u64().is_none_or(|it| it > start));
}

/// Embedded links (3.11.6) are ours alone: `[here](N)` at the start of a line, N a related location.
/// Placeholders (3.11.5) do not occur.
fn links(text: &str, related: usize) {
    let mut expected = 1;
    for line in text.lines() {
        let rest = match line.strip_prefix(&format!("[here]({expected})")) {
            Some(rest) => {
                expected += 1;
                rest
            }
            None => line,
        };
        for (at, _) in rest.match_indices("](") {
            let backslashes = rest[..at]
                .bytes()
                .rev()
                .take_while(|it| *it == b'\\')
                .count();
            assert!(backslashes % 2 == 1, "a link: {line}");
        }
    }
    assert_eq!(
        expected - 1,
        related,
        "each related location is linked: {text}"
    );
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let end = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        assert!(
            end.len() == rest.len() || !end.starts_with('}'),
            "a placeholder: {text}"
        );
    }
}

/// GitLab's documentation of the format.
pub(super) fn gitlab(output: &str) -> Shape {
    let value = json(output);
    let mut fingerprints = BTreeSet::new();
    for entry in value.as_array().expect("an array") {
        for key in ["description", "check_name", "fingerprint", "severity"] {
            assert!(
                entry[key].as_str().is_some_and(|it| !it.is_empty()),
                "{entry}"
            );
        }
        let severity = entry["severity"].as_str().unwrap_or_default();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        let print = entry["fingerprint"].as_str().unwrap_or_default();
        assert!(fingerprints.insert(print.to_owned()), "twice: {print}");
        let path = entry["location"]["path"].as_str().expect("a path");
        assert!(
            path.split('/').all(|it| !["", ".", ".."].contains(&it)),
            "{path}"
        );
        assert!(
            entry["location"]["lines"]["begin"]
                .as_u64()
                .is_some_and(|it| it >= 1)
        );
    }
    let mut shape = Vec::new();
    kinds(&value, "", &mut shape);
    // An unusable path is replaced by the configuration's first line at most.
    shape.retain(|it| !it.contains("/lines/begin"));
    shape
}

/// The documents of a YAML file, as Kubernetes reads them.
pub(super) fn yaml(text: &str) -> Vec<Value> {
    let file = Sources::new().add("report.yaml", text);
    let documents = tollgate_yaml::parse(text, file, Dialect::Sigs, &Limits::default());
    let documents = documents.unwrap_or_else(|it| panic!("{it}: {text}"));
    let values = documents.iter().map(|it| it.to_json().expect("JSON"));
    values.collect()
}

/// TAP 14: version, plan, test points with directives, YAML blocks. Nothing else may occur.
pub(super) fn tap(output: &str) -> Shape {
    let mut lines = output.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan = lines
        .next()
        .and_then(|it| it.strip_prefix("1.."))
        .expect("a plan");
    let plan: usize = plan.parse().expect("a number");
    let mut shape = Vec::new();
    let mut points = 0;
    let mut block: Option<String> = None;
    for line in lines {
        if let Some(text) = &mut block {
            if line == "  ..." {
                let documents = yaml(text);
                assert_eq!(documents.len(), 1);
                kinds(&documents[0], "", &mut shape);
                block = None;
            } else {
                text.push_str(line.strip_prefix("  ").expect("it is indented"));
                text.push('\n');
            }
        } else if line == "  ---" {
            block = Some(String::new());
        } else {
            points += 1;
            shape.push(point(line, points));
        }
    }
    assert_eq!((plan, block), (points, None), "plan and last block");
    shape
}

fn point(line: &str, number: usize) -> String {
    let (ok, rest) = match line.strip_prefix("not ") {
        Some(rest) => ("not ok", rest),
        None => ("ok", line),
    };
    let description = rest
        .strip_prefix(&format!("ok {number} - "))
        .unwrap_or_else(|| panic!("not a test point: {line}"));
    // A directive begins at the first `#` that no backslash escapes.
    let mut escaped = false;
    for (at, c) in description.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '#' if !escaped => {
                let directive = description[at + 1..].trim_start();
                let word = directive.split(' ').next().unwrap_or_default();
                return format!("{ok} {word}");
            }
            _ => escaped = false,
        }
    }
    ok.to_owned()
}

/// The fields that both custom resource definitions have in common.
pub(super) fn policy_report(output: &str, api_version: &str, kind: &str) -> Shape {
    let mut shape = Vec::new();
    let mut names = BTreeSet::new();
    for value in yaml(output) {
        assert_eq!(value["apiVersion"], api_version);
        assert_eq!(value["kind"], kind);
        let name = value["metadata"]["name"].as_str().expect("a name");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            name.len() <= 63 && name.chars().all(plain) && !name.ends_with('-'),
            "not a DNS-1123 name: {name}"
        );
        assert!(names.insert(name.to_owned()), "twice: {name}");
        assert!(output.len() < 4 << 20);
        let allowed = [
            "apiVersion",
            "kind",
            "metadata",
            "results",
            "source",
            "summary",
        ];
        for key in value.as_object().expect("an object").keys() {
            assert!(allowed.contains(&key.as_str()), "{key}");
        }
        for result in value["results"].as_array().expect("results") {
            policy_result(result);
        }
        assert_eq!(
            value["results"][0]["policy"], "verdict",
            "the verdict comes first"
        );
        kinds(&value, "", &mut shape);
    }
    shape
}

fn policy_result(result: &Value) {
    let object = result.as_object().expect("an object");
    for (key, value) in object {
        match key.as_str() {
            "source" | "policy" | "category" | "message" => {
                assert!(value.is_string(), "{key}: {value}");
            }
            "result" => assert!(
                ["pass", "fail", "warn", "error", "skip"].contains(&value.as_str().unwrap_or("")),
                "{value}"
            ),
            "severity" => assert!(
                ["critical", "high", "medium", "low", "info"]
                    .contains(&value.as_str().unwrap_or("")),
                "{value}"
            ),
            "scored" => assert!(value.is_boolean()),
            "properties" => assert!(
                value
                    .as_object()
                    .is_some_and(|it| it.values().all(Value::is_string)),
                "{value}"
            ),
            "resources" => {
                for (key, value) in value[0].as_object().expect("a reference") {
                    assert!(["apiVersion", "kind", "namespace", "name"].contains(&key.as_str()));
                    assert!(value.is_string(), "{key}: {value}");
                }
            }
            other => panic!("{other} is no field of a result"),
        }
    }
    assert!(object.contains_key("policy"));
}

/// Text format 0.0.4, line by line; each family once, each series once.
pub(super) fn prometheus(output: &str) -> Shape {
    assert!(output.ends_with('\n'));
    let mut shape = Vec::new();
    let mut families = BTreeSet::new();
    let mut series = BTreeSet::new();
    let mut family = String::new();
    for line in output.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().unwrap_or_default().to_owned();
            assert!(families.insert(family.clone()), "twice: {line}");
            assert!(family.starts_with("tollgate_"), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!(rest, format!("{family} gauge"));
        } else {
            let (name, labels, value) = sample(line);
            assert_eq!(name, family, "{line}");
            assert!(series.insert(format!("{name}{labels:?}")), "twice: {line}");
            let keys: Vec<&str> = labels.iter().map(|it| it.0.as_str()).collect();
            shape.push(format!("{name} {} {value}", keys.join(",")));
        }
    }
    // The order of environments is that of their names.
    shape.sort();
    shape
}

type Labels = Vec<(String, String)>;

fn sample(line: &str) -> (String, Labels, u64) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = line.find(|c| !plain(c)).expect("a name ends");
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (key, from) = rest.split_once("=\"").expect("a label");
            assert!(!key.is_empty() && key.chars().all(plain), "{line}");
            let mut value = String::new();
            let mut characters = from.char_indices();
            let end = loop {
                match characters.next().expect("the value ends") {
                    (at, '"') => break at,
                    (_, '\\') => match characters.next().expect("an escape").1 {
                        'n' => value.push('\n'),
                        c @ ('\\' | '"') => value.push(c),
                        c => panic!("\\{c} is no escape: {line}"),
                    },
                    (_, c) => value.push(c),
                }
            };
            labels.push((key.to_owned(), value));
            rest = &from[end + 1..];
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').expect("labels end");
    }
    let value = rest.strip_prefix(' ').expect("one space");
    (name.to_owned(), labels, value.parse().expect("a number"))
}

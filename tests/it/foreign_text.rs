//! Whatever text the repository holds, it stays text: in every report, with and without colour. The
//! judge is a port of what CI runners look for in a log, and parsers that are not ours.

use crate::reports::{FORMATS, PLAIN, render};
use std::collections::BTreeSet;
use tollgate::{
    finding::{Disposition, Finding, Label, Level, Subject, WaivedBy, Waiver},
    gates::{Cause, Checked, Examined, Unsure},
    model::{Place, ResourceKey, Side, WorkerFault},
    reporters::Look,
    verdict::{ChangeSummary, EnvironmentSummary, Verdict},
};

const COLOURED: Look = Look {
    colour: true,
    width: 120,
};

/// A verdict in which every text that can come from outside is `text`.
fn verdict_of(text: &str) -> Verdict {
    // Behind the text, so that the order stays what it is.
    let own = |what: &str| format!("{text}{what}");
    let place = |line| Place {
        side: Side::Head,
        path: text.to_owned(),
        line,
        column: 1,
        end_line: line,
        end_column: 3,
        text: text.chars().take(Place::LINE_LIMIT).collect(),
    };
    let resource = ResourceKey {
        api_version: text.to_owned(),
        kind: text.to_owned(),
        namespace: Some(text.to_owned()),
        name: text.to_owned(),
    };
    let subject = Subject::rendered(Some(text), text, &resource);
    let finding = |level, line| Finding {
        rule: text.to_owned(),
        level,
        message: text.to_owned(),
        subject: subject.clone(),
        labels: (line..line + 3)
            .map(|line| Label {
                place: place(line),
                text: text.to_owned(),
            })
            .collect(),
        help: Some(text.to_owned()),
        disposition: Disposition::Stands,
        cause: None,
    };
    let waived = Finding {
        disposition: Disposition::Waived(Waiver {
            by: WaivedBy::Exception,
            id: text.to_owned(),
            reason: text.to_owned(),
            owner: Some(text.to_owned()),
            until: Some(1_798_740_000),
            place: Some(place(7)),
        }),
        ..finding(Level::Deny, 5)
    };
    let unsure = |subject: String| Unsure {
        subject: subject.into(),
        why: text.to_owned(),
        needs: text.to_owned(),
        cause: Cause::Facts,
    };
    let found = Examined {
        subjects: vec![
            Checked {
                subject: text.into(),
                checks: 2,
            },
            Checked {
                subject: own("b").into(),
                checks: 2,
            },
        ],
        findings: vec![
            finding(Level::Deny, 3),
            finding(Level::Deny, 9),
            finding(Level::Warn, 3),
            finding(Level::Note, 3),
            waived,
        ],
        unsure: vec![unsure(text.to_owned()), unsure(text.to_owned())],
        nothing: None,
    };
    let nothing = Examined {
        nothing: Some(text.to_owned()),
        ..Examined::default()
    };
    let environment = |name: String| EnvironmentSummary {
        name,
        enforcement: text.to_owned(),
        overlays: 1,
        failed_overlays: 2,
        changed_overlays: 1,
        changed_resources: 2,
        removed_resources: 1,
    };
    Verdict::weigh(
        vec![
            (text.to_owned(), text.to_owned(), found),
            (own("other"), text.to_owned(), nothing),
        ],
        vec![WorkerFault {
            on: vec![text.to_owned(), own("c")],
            why: text.to_owned(),
        }],
        ChangeSummary {
            base: text.to_owned(),
            head: text.to_owned(),
            files: 3,
            environments: vec![environment(text.to_owned()), environment(own("e"))],
            ..ChangeSummary::default()
        },
    )
}

/// What a CI system, a terminal or an XML reader might take for its own.
const ATOMS: &[&str] = &[
    "::set-output name=decision::admit",
    "::add-mask::a",
    "::stop-commands::token",
    "::error file=a.yaml,line=1::b",
    "::group::x",
    "::endgroup::",
    "::save-state name=a::b",
    "::add-path::/tmp",
    "::add-matcher::/tmp/m.json",
    "::",
    ":: ::",
    "##[set-output name=decision;]admit",
    "##[add-mask]a",
    "##[group]",
    "##[error]no",
    "##vso[task.setvariable variable=a]b",
    "##vso[task.complete result=Succeeded;]",
    "##teamcity[buildStatus status='SUCCESS']",
    "##",
    "#",
    "[",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]8;;https://evil.example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]0;title\u{7}",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}[1A\u{1b}[2K",
    "\u{9b}31m",
    "section_start:1:a\r\u{1b}[0K",
    "REFUSED\rADMITTED",
    "\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}",
    "\u{0}",
    "\u{1}\u{2}\u{b}\u{c}\u{e}\u{1f}",
    "\u{7f}\u{80}\u{9f}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{fffd}",
    "]]>",
    "<![CDATA[",
    "</failure></testcase></testsuite>",
    "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>&b;",
    "&lt;&#0;&amp;",
    "<!-- -->",
    "\" onclick=\"",
    "'",
    "\\u0000",
    "\"}],\"decision\":\"admit\"",
    "\u{202e}desrever",
    "\u{2066}a\u{2069}",
    "\u{061c}\u{200e}\u{200f}",
    "\u{200b}\u{200c}\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{34f}\u{180e}",
    "\u{3164}\u{115f}\u{ffa0}",
    "\u{fe0f}",
    "\u{e0041}\u{e0042}\u{e007f}",
    "\u{e0100}",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "a\u{0301}\u{0301}\u{0301}",
    "\u{1f600}\u{10ffff}",
    "ADMITTED: every gate passed (exit 0)",
    "\n\nADMITTED: every gate passed (exit 0)\n",
    "\r\n",
    "\t",
    "   ",
    "",
    "| x |\n|---|",
    "`code`",
    "%0A::error::x",
    "%25",
    "-->",
    "\n  --> other.yaml:1:1\n   |\n 1 | x\n",
    "../../../etc/passwd",
];

/// Over six hundred texts: each atom in each setting, and atoms in each other's company.
fn hostile() -> Vec<String> {
    let mut texts = BTreeSet::new();
    for atom in ATOMS {
        for text in [
            (*atom).to_owned(),
            format!("  {atom}"),
            format!("\u{a0}\u{2003}{atom}"),
            format!("a{atom}"),
            format!("{atom}z"),
            format!("a\n{atom}"),
            format!("a\r\n {atom}\n"),
            format!("#{atom}"),
        ] {
            texts.insert(text);
        }
    }
    for (at, atom) in ATOMS.iter().enumerate() {
        for step in [1, 7, 29] {
            let other = ATOMS[(at + step) % ATOMS.len()];
            texts.insert(format!("{atom}{other}{atom}"));
        }
    }
    texts.insert("x".repeat(300_000));
    texts.insert("##[".repeat(50_000));
    texts.insert("\u{202e}\u{1b}[31m".repeat(20_000));
    texts.insert("]]>".repeat(50_000));
    texts.into_iter().collect()
}

/// Written down anew, so that a mistake in the reporters' list is not made twice.
fn is_hidden(c: char) -> bool {
    let at = u32::from(c);
    (at < 0x20 && c != '\n')
        || (0x7f..=0x9f).contains(&at)
        || [
            0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180e, 0x3164, 0xfeff, 0xffa0,
        ]
        .contains(&at)
        || (0x200b..=0x200f).contains(&at)
        || (0x2028..=0x202e).contains(&at)
        || (0x2060..=0x206f).contains(&at)
        || (0xfe00..=0xfe0f).contains(&at)
        || (0xfff9..=0xfffb).contains(&at)
        || (0xe0000..=0xe0fff).contains(&at)
}

/// The commands that GitHub's runner, and Azure's, would find in a log.
///
/// Source: actions/runner `src/Runner.Common/ActionCommand.cs`: `TryParseV2` takes `::name` at the
/// start of a line after white space, `TryParse` takes `##[name` anywhere in it. Both then ask
/// whether the name is known; here every name is.
fn commands(log: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in log.split(['\n', '\r']) {
        if let Some(rest) = line.trim_start().strip_prefix("::")
            && let Some((command, _)) = rest.split_once("::")
        {
            found.push(command.to_owned());
        }
        for opening in ["##[", "##vso[", "##teamcity["] {
            if let Some(at) = line.find(opening) {
                found.push(line[at..].to_owned());
            }
        }
    }
    found
}

#[test]
fn the_port_of_the_runner_finds_commands() {
    for line in [
        "::set-output name=a::b",
        " \t::add-mask::x",
        "text ##[add-mask]x",
        "##vso[task]",
    ] {
        assert_eq!(commands(line).len(), 1, "{line}");
    }
    assert_eq!(commands("a ::set-output name=a::b"), [""; 0]);
}

/// The text without the colours that we paint with, or why it holds something else.
fn without_colour(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_digit() || "[;".contains(c)));
        match end.map(|end| (after.get(..1), after.get(end..=end), after.get(end + 1..))) {
            Some((Some("["), Some("m"), Some(after))) => rest = after,
            _ => return Err(format!("{:?}", after.chars().take(20).collect::<String>())),
        }
    }
    Ok(out + rest)
}

/// The nesting of an XML document and the names in it.
fn xml_shape(text: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|it| panic!("{it}: {text}"));
    let elements = document.descendants().filter(roxmltree::Node::is_element);
    elements
        .map(|it| {
            let attributes: Vec<&str> = it.attributes().map(|it| it.name()).collect();
            let depth = it.ancestors().count();
            format!("{depth} {} {attributes:?}", it.tag_name().name())
        })
        .collect()
}

/// The nesting of a JSON document, its keys and the kinds of its values.
fn json_shape(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(items) => {
            let shapes: Vec<String> = items.iter().map(json_shape).collect();
            format!("[{}]", shapes.join(","))
        }
        Value::Object(fields) => {
            let shapes: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key}:{}", json_shape(value)))
                .collect();
            format!("{{{}}}", shapes.join(","))
        }
        Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    }
}

/// Threat rows E1, E2, E4: in every format, with and without colour.
#[test]
fn foreign_text_never_becomes_structure_command_or_colour() {
    let texts = hostile();
    assert!(texts.len() >= 600, "{}", texts.len());
    let plain = verdict_of("x");
    let lines = render("human", &plain, PLAIN).lines().count();
    let xml = xml_shape(&render("junit", &plain, PLAIN));
    let json = json_shape(&serde_json::from_str(&render("json", &plain, PLAIN)).expect("JSON"));
    for text in &texts {
        let verdict = verdict_of(text);
        let shown: String = text.chars().take(60).collect();
        for name in FORMATS {
            let out = render(name, &verdict, PLAIN);
            assert_eq!(
                out.chars().find(|it| is_hidden(*it)),
                None,
                "{name} {shown:?}"
            );
            assert_eq!(commands(&out), [""; 0], "{name} {shown:?}");
            let coloured = without_colour(&render(name, &verdict, COLOURED));
            let coloured = coloured.unwrap_or_else(|it| panic!("{name} {shown:?}: {it}"));
            assert!(coloured == out, "{name} {shown:?}: colour changes the text");
            match *name {
                "human" => {
                    // A text of nothing is a label without a line, and a place without an excerpt.
                    let blank = text.is_empty();
                    assert!(blank || out.lines().count() == lines, "{shown:?}:\n{out}");
                    let verdicts = out
                        .lines()
                        .filter(|it| it.starts_with("REFUSED: ") || it.starts_with("ADMITTED: "));
                    assert_eq!(verdicts.count(), 1, "{shown:?}:\n{out}");
                    let last = out.lines().last().expect("a last line");
                    assert!(last.starts_with("REFUSED: 2 findings hold"), "{last}");
                }
                "junit" => assert_eq!(xml_shape(&out), xml, "{shown:?}"),
                "json" => {
                    let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
                    assert_eq!(json_shape(&value), json, "{shown:?}");
                    let message = &value["gates"][0]["examined"]["findings"][0]["message"];
                    let short = text.len() < 8_000;
                    assert!(
                        !short || message.as_str() == Some(text.as_str()),
                        "{shown:?}"
                    );
                }
                other => panic!("`{other}` has no reader here"),
            }
        }
    }
}

/// The author of a change writes the ticket and the reason that the verdict shows.
#[test]
fn an_override_is_one_line_whatever_its_author_wrote() {
    let overridden = |text: &str| {
        let verdict = verdict_of(text);
        let records = verdict.gates.into_iter().map(|mut it| {
            it.examined.unsure.clear();
            it.examined.findings.retain(|it| it.waiver().is_some());
            for finding in &mut it.examined.findings {
                if let Disposition::Waived(waiver) = &mut finding.disposition {
                    waiver.by = WaivedBy::Override;
                }
            }
            (it.gate, it.title, it.examined)
        });
        Verdict::weigh(records.collect(), Vec::new(), verdict.change)
    };
    let plain = overridden("x");
    let xml = xml_shape(&render("junit", &plain, PLAIN));
    for text in &hostile() {
        let verdict = overridden(text);
        assert!(verdict.decision.admits());
        let out = render("human", &verdict, PLAIN);
        let last = out.lines().last().expect("a last line");
        let says = "OVERRIDE: admitted by an emergency override, not by its gates (";
        assert!(last.starts_with(says), "{text:?}: {last}");
        assert!(last.ends_with(" waived (exit 0)"), "{text:?}: {last}");
        assert_eq!(commands(&out), [""; 0], "{text:?}");
        assert_eq!(out.chars().find(|it| is_hidden(*it)), None, "{text:?}");
        let out = render("junit", &verdict, PLAIN);
        assert_eq!(xml_shape(&out), xml, "{text:?}");
    }
}

//! The reader of YAML against the printer.

use super::{holds, part};
use tollgate_yaml::{Dialect, Limits, Node, Sources, YamlError, emit, parse};

pub(super) const PIECES: &[&str] = &[
    "a: b",
    "a:",
    "  b: c",
    "  - d",
    "- e",
    "- - f",
    "-",
    "'g h': 1",
    "\"i\\u00e9\": ''",
    "k: |",
    "k: |+",
    "k: >-",
    "k: |2",
    "    text",
    "      more",
    "",
    " ",
    "# comment",
    "k: v # comment",
    "---",
    "--- # x",
    "...",
    "? l",
    ": m",
    "k: {n: o, p: [q, 1.0]}",
    "k: &x [1, 0x1f]",
    "l: *x",
    "<<: *x",
    "k: !!str 1",
    "k: !!binary aGk=",
    "k: ~",
    "k: yes",
    "k: 2001-01-01",
    "k: 12:30",
    "k: .5",
    "k: 1_0",
    "k: -0",
    "k: 1e3",
    "k: 0o7",
    "k: 'it''s'",
    "k: \"a\\nb\\tc\"",
    "k: a",
    " b",
    "\tc",
    "k: é 中",
    "=(x): y",
    "\"<<\": z",
    "k: 0777",
    "k: +1",
    "k: 1.",
    "k: '<<'",
];

pub(super) const WORDS: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "\r\n",
    "a",
    "- ",
    "-",
    ": ",
    ":",
    "? ",
    "#",
    " #",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|",
    "|+",
    "|-",
    ">",
    ">-",
    "'",
    "\"",
    "\\",
    "\\n",
    "\\x41",
    "\\u00e9",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "%",
    "@",
    "`",
    "---",
    "\n---\n",
    "...",
    "<<: ",
    "~",
    "yes",
    "0x1f",
    "1_0",
    ".5",
    "1e3",
    "12:30",
    "é",
    "\u{1f600}",
    "\u{a0}",
    "k: v\n",
    "  k: v\n",
];

fn read(text: &str, dialect: Dialect) -> Result<Vec<Node>, YamlError> {
    let file = Sources::new().add("a.yaml", text);
    parse(text, file, dialect, &Limits::default())
}

pub(super) fn check(parts: &[String]) -> Result<(), String> {
    let text = part(parts, 0);
    for dialect in [Dialect::Kyaml, Dialect::Sigs] {
        let documents = match read(text, dialect) {
            Ok(documents) => documents,
            Err(error) => {
                holds(error.span.end as usize <= text.len(), || {
                    format!("the error is outside of the text: {error}")
                })?;
                continue;
            }
        };
        for node in &documents {
            holds(node.span().end as usize <= text.len(), || {
                format!("a place is outside of the text: {:?}", node.span())
            })?;
            // kustomize prints these without quotes, and then they mean something else.
            if text.contains("<<") || text.contains("0o") {
                continue;
            }
            let Ok(printed) = emit(node) else { continue };
            let again = read(&printed, dialect)
                .map_err(|error| format!("cannot be read again: {error}:\n{printed}"))?;
            let [again] = again.as_slice() else {
                return Err(format!("is {} documents:\n{printed}", again.len()));
            };
            let same = emit(again).is_ok_and(|it| it == printed);
            holds(same, || {
                format!("prints otherwise the second time:\n{printed}")
            })?;
            // Go takes a number for what it prints as; text stays the same text.
            let (first, second) = (node.to_json().ok(), again.to_json().ok());
            holds(first == second || first.is_none(), || {
                format!("means something else: {first:?} and {second:?}")
            })?;
        }
    }
    Ok(())
}

//! The formats of `render --diff`, each with its outside reader and the same hostile texts.

use super::{hostile, readers};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};
use tollgate::{
    model::{
        ChangeKind, FieldDiff, OverlayDiff, RenderDiff, ResourceDiff, ResourceKey, Setting, Shown,
        Side, SideFailure, SourceLine,
    },
    reporters::render_diff::{self, Format},
};

/// A difference in which every text that a repository can choose is `text`.
fn difference(text: &str) -> RenderDiff {
    let line = || {
        Some(SourceLine {
            path: text.to_owned(),
            line: 7,
        })
    };
    let setting = |value: Value| {
        Some(Setting {
            value: Shown::Value(value),
            line: line(),
        })
    };
    let field = |path: &str, old: Value, new: Value| FieldDiff {
        path: path.to_owned(),
        old: setting(old),
        new: setting(new),
    };
    let resource = |change, fields: Vec<FieldDiff>| ResourceDiff {
        key: ResourceKey {
            api_version: text.to_owned(),
            kind: text.to_owned(),
            namespace: Some(text.to_owned()),
            name: text.to_owned(),
        },
        change,
        line: line(),
        fields,
    };
    let failure = |side| SideFailure {
        side,
        message: format!("{text} {side:?}"),
        help: Some(text.to_owned()),
        line: line(),
    };
    let overlay = |change, failures: Vec<SideFailure>, resources: Vec<ResourceDiff>| OverlayDiff {
        path: text.to_owned(),
        environment: Some(text.to_owned()),
        change,
        failures,
        resources,
    };
    let mut hidden = field("data.b", Value::Null, Value::Null);
    hidden.old = Some(Setting {
        value: Shown::Hidden(true),
        line: line(),
    });
    hidden.new = None;
    RenderDiff {
        base: text.to_owned(),
        head: text.to_owned(),
        overlays: vec![
            overlay(
                ChangeKind::Changed,
                Vec::new(),
                vec![
                    resource(
                        ChangeKind::Changed,
                        vec![
                            // A list is printed as JSON, on as many lines whatever it holds.
                            field(text, json!([text, {text: text}]), json!([text])),
                            field("data.a", json!(text), json!(format!("{text}\n{text}"))),
                            hidden,
                        ],
                    ),
                    resource(ChangeKind::Added, Vec::new()),
                    resource(ChangeKind::Removed, Vec::new()),
                ],
            ),
            overlay(
                ChangeKind::Changed,
                vec![failure(Side::Base), failure(Side::Head)],
                Vec::new(),
            ),
            overlay(ChangeKind::Added, Vec::new(), Vec::new()),
            overlay(ChangeKind::Removed, Vec::new(), Vec::new()),
        ],
    }
}

fn written(diff: &RenderDiff, format: Format) -> String {
    render_diff::write(diff, format, false).expect("it is written")
}

/// What a reader of the format sees, texts apart.
fn shape(diff: &RenderDiff, format: Format, output: &str) -> Vec<String> {
    match format {
        Format::Text => lines(output),
        Format::Json => {
            let read: Value = serde_json::from_str(output).expect("JSON");
            let want = serde_json::to_value(diff).expect("JSON");
            assert!(read == want, "JSON loses something: {output}");
            Vec::new()
        }
        Format::Markdown => markdown(output),
        Format::Html => html(output),
    }
}

/// How many lines there are; values, which stand deepest, may have several.
fn lines(output: &str) -> Vec<String> {
    let mut shape: Vec<String> = Vec::new();
    for line in output.lines() {
        let deep = |sign: &str| line.starts_with(&format!("        {sign} "));
        let entry = match (deep("-"), deep("+")) {
            (true, _) => "old",
            (_, true) => "new",
            _ => "",
        };
        if entry.is_empty() || shape.last().is_none_or(|it| it != entry) {
            shape.push(entry.to_owned());
        }
    }
    shape
}

/// CommonMark with every extension that a forge could have switched on: foreign text is in code.
fn markdown(output: &str) -> Vec<String> {
    assert!(output.starts_with("### Rendered difference\n"), "{output}");
    let mut shape = Vec::new();
    let mut block = false;
    for event in Parser::new_ext(output, Options::all()) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                assert_eq!(&*info, "diff", "{output}");
                block = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                block = false;
                shape.push("block".to_owned());
            }
            Event::Text(text) if block => {
                for line in text.lines() {
                    assert!(line.starts_with("- ") || line.starts_with("+ "), "{line}");
                }
            }
            Event::Code(_) => shape.push("code".to_owned()),
            Event::Start(tag) => {
                let tag = format!("{tag:?}");
                let safe = ["Heading", "Paragraph", "List", "Item", "Strong"];
                assert!(
                    safe.iter().any(|it| tag.starts_with(it)),
                    "{tag} in\n{output}"
                );
                shape.push(tag);
            }
            Event::Html(text) | Event::InlineHtml(text) => panic!("HTML {text:?} in\n{output}"),
            other => shape.push(format!("{other:?}")),
        }
    }
    shape
}

/// The page is XML as well, so its structure is beyond doubt: every element and attribute, and every
/// text outside of the elements that hold foreign text.
fn html(page: &str) -> Vec<String> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let document = roxmltree::Document::parse_with_options(page, options)
        .unwrap_or_else(|it| panic!("{it}: {page}"));
    let mut shape = Vec::new();
    for node in document.descendants() {
        if node.is_element() {
            let name = node.tag_name().name();
            let known = [
                "html", "head", "meta", "title", "style", "body", "h1", "p", "code", "strong",
                "nav", "ul", "li", "a", "section", "h2", "div", "pre", "span", "details",
                "summary", "table", "thead", "tbody", "tr", "th", "td",
            ];
            assert!(known.contains(&name), "<{name}> in\n{page}");
            let attributes: Vec<String> = node
                .attributes()
                .map(|it| format!("{}={}", it.name(), it.value()))
                .collect();
            shape.push(format!("{name} {}", attributes.join(" ")));
        } else if node.is_text() {
            let around = node.parent().expect("an element");
            let foreign = ["code", "pre"].contains(&around.tag_name().name())
                || around.attribute("class") == Some("at");
            if !foreign {
                shape.push(node.text().unwrap_or_default().trim().to_owned());
            }
        } else {
            assert!(node.is_root(), "{node:?} in\n{page}");
        }
    }
    shape
}

const FORMATS: [Format; 4] = [Format::Text, Format::Json, Format::Markdown, Format::Html];

#[test]
fn hostile_text_is_text_in_every_format_of_a_difference() {
    let texts = hostile::texts();
    assert!(texts.len() >= 600, "{} hostile texts", texts.len());
    let plain = difference("plain");
    std::thread::scope(|scope| {
        for format in FORMATS {
            let (texts, plain) = (&texts, &plain);
            scope.spawn(move || {
                let want = shape(plain, format, &written(plain, format));
                for text in texts {
                    let diff = difference(text);
                    let output = written(&diff, format);
                    readers::no_foreign_controls(&output, false);
                    let got = shape(&diff, format, &output);
                    assert_eq!(
                        got, want,
                        "{format:?}: {text:?} changes the structure of\n{output}"
                    );
                }
            });
        }
    });
}

/// Colour is ours alone: without it the text is the same.
#[test]
fn colour_changes_no_text_of_a_difference() {
    let sequence = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    for text in hostile::texts() {
        let diff = difference(&text);
        let coloured = render_diff::write(&diff, Format::Text, true).expect("written");
        assert_eq!(
            sequence.replace_all(&coloured, ""),
            written(&diff, Format::Text)
        );
    }
}

#[test]
fn a_page_fetches_and_runs_nothing() {
    let page = written(&difference("plain"), Format::Html);
    let policy = "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"";
    assert!(page.contains(policy), "{page}");
    for word in [
        "<script", "<link", "<img", "<iframe", "src=", "url(", "@import", "http:", "https:",
    ] {
        assert!(!page.contains(word), "{word}");
    }
}

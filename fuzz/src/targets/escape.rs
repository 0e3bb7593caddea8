//! The one room in which foreign text becomes safe.

use super::holds;
use pulldown_cmark::{Event, Parser, Tag};
use tollgate::reporters::escape;

pub(super) const PIECES: &[&str] = &[
    "a",
    "word ",
    " ",
    "\n",
    "\r",
    "\t",
    "::",
    ":",
    "::error::",
    "##[",
    "##",
    "#",
    "vso[",
    "]",
    "[",
    "](",
    "(http://x)",
    "![a](b)",
    "`",
    "``",
    "```",
    "<b>",
    "&amp;",
    "&",
    "'",
    "\"",
    "\\",
    "%",
    "%0A",
    "{0}",
    "{{",
    "}",
    "|",
    "@ann",
    "#12",
    "GH-1",
    "abcdef0",
    "www.x.y",
    "http://x",
    "~~~",
    "*",
    "**",
    "_",
    "- ",
    "1. ",
    "> ",
    "---",
    "\u{1b}[31m",
    "\u{0}",
    "\u{7f}",
    "\u{9b}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{ad}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{fdd0}",
    "\u{e0001}",
    "\u{1f600}",
    "é",
    "\u{a0}",
    "\u{3000}",
    "../",
    "/",
    "./",
    ",",
    ".",
    "!",
    "-",
    "(",
    ")",
    "ok # SKIP",
    "</td>",
    "<!--",
    "]]>",
    "<details>",
    "\u{301}",
];

/// Characters that no output may hold for themselves.
fn shows_something_else(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Texts, each in every way.
pub(super) fn check(parts: &[String]) -> Result<(), String> {
    for text in parts {
        one_line(text)?;
        markup(text)?;
        data(text)?;
    }
    Ok(())
}

/// One line, and none that a runner obeys.
fn is_a_line(name: &str, text: &str) -> Result<(), String> {
    holds(!text.contains(shows_something_else), || {
        format!("{name} deceives: {text:?}")
    })?;
    holds(!escape::is_command(text), || {
        format!("{name} commands: {text:?}")
    })?;
    holds(!text.contains("##["), || {
        format!("{name} opens a group: {text:?}")
    })
}

fn one_line(text: &str) -> Result<(), String> {
    for (name, got) in [
        ("line", escape::line(text)),
        ("path", escape::path(text)),
        ("word", escape::word(text)),
        ("named_place", escape::named_place(text, 1, 2)),
        ("html", escape::html(text)),
        ("xml", escape::xml(text, 1_000)),
        ("code", escape::code(text)),
        ("prose", escape::prose(text)),
        ("sarif", escape::sarif(text)),
        ("yaml", escape::yaml(text)),
        ("tap", escape::tap(text)),
        ("prometheus_label", escape::prometheus_label(text)),
        ("command_data", escape::command_data([text, text])),
        ("command_property", escape::command_property(text)),
    ] {
        is_a_line(name, &got)?;
    }
    let path = escape::path(text);
    holds(!format!("{path}:1").contains("::"), || {
        format!("path: {path:?}")
    })?;
    let word = escape::word(text);
    let is_word = !word.is_empty() && !word.contains(char::is_whitespace);
    holds(is_word, || format!("word: {word:?}"))?;
    let place = escape::named_place(text, 1, 2);
    holds(place.matches(':').count() == 2, || {
        format!("named_place: {place:?}")
    })?;
    let property = escape::command_property(text);
    holds(!property.contains([':', ',']), || {
        format!("command_property: {property:?}")
    })?;
    let data = escape::command_data([text, text]);
    let (all, own) = (data.matches('%').count(), data.matches("%25").count() + 1);
    holds(all == own, || format!("command_data: {data:?}"))
}

/// What readers of mark-up see.
fn markup(text: &str) -> Result<(), String> {
    let line = escape::line(text);
    let html = escape::html(text);
    let back = html
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    holds(!html.contains(['<', '>', '"', '\'']), || {
        format!("html: {html:?}")
    })?;
    let same = back == line || line.contains(['\u{fffe}', '\u{ffff}']);
    holds(same, || format!("html: {html:?} is {back:?}"))?;
    let code = escape::code(text);
    let before = format!("a {code} b");
    let events: Vec<Event<'_>> = Parser::new(&before).collect();
    let is_code = matches!(
        events.as_slice(),
        [Event::Start(Tag::Paragraph), Event::Text(a), Event::Code(inner), Event::Text(b), Event::End(_)]
            if &**a == "a " && &**b == " b" && (line.is_empty() || **inner == *line)
    );
    holds(is_code, || format!("code: {code:?} is {events:?}"))?;
    let prose = escape::prose(text);
    let sentence = format!("It says {prose}");
    let foreign = Parser::new(&sentence).find(|it| {
        !matches!(
            it,
            Event::Text(_) | Event::Code(_) | Event::Start(Tag::Paragraph) | Event::End(_)
        )
    });
    holds(foreign.is_none(), || {
        format!("prose: {prose:?} holds {foreign:?}")
    })?;
    let source = escape::source(text);
    holds(source.chars().count() == text.chars().count(), || {
        format!("source: {source:?}")
    })?;
    let is_safe = !source.contains("##[") && !source.contains(shows_something_else);
    holds(is_safe, || format!("source: {source:?}"))
}

/// What readers of data see.
fn data(text: &str) -> Result<(), String> {
    let value = serde_json::Value::from(text);
    let json = escape::json(&value.to_string());
    let back: Option<serde_json::Value> = serde_json::from_str(&json).ok();
    holds(back.as_ref() == Some(&value), || format!("json: {json:?}"))?;
    is_a_line("json", &json)?;
    if let Some(uri) = escape::relative_uri(text) {
        let is_below =
            !uri.starts_with('/') && !uri.split('/').any(|it| matches!(it, "" | "." | ".."));
        let is_plain = uri
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"%/-._~".contains(&it));
        holds(is_below && is_plain, || format!("relative_uri: {uri:?}"))?;
    }
    for (name, got, sign) in [
        ("tap", escape::tap(text), '#'),
        ("prometheus_label", escape::prometheus_label(text), '"'),
    ] {
        let mut escaped = false;
        let mut bare = false;
        for c in got.chars() {
            bare |= c == sign && !escaped;
            escaped = c == '\\' && !escaped;
        }
        holds(!bare && !escaped, || format!("{name}: {got:?}"))?;
    }
    let cut = escape::cut(text, 3);
    holds(cut.chars().count() <= 3 + 6, || format!("cut: {cut:?}"))
}

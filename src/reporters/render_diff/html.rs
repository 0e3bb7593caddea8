//! A page with both sides: one file, no script, nothing from elsewhere. It is HTML that an XML parser reads
//! alike, so that what a browser makes of it can be held by a test.

use super::{both, failures, result, summary, telling, title};
use crate::{
    model::{ChangeKind, FieldDiff, OverlayDiff, RenderDiff, ResourceDiff, Setting},
    reporters::escape::html as text,
};
use std::fmt::Write;

/// Nothing is fetched, run, framed or sent, whatever the text below says.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --old: #ffebe9; --new: #dafbe1; --faint: #59636e; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --old: #4a1d1f; --new: #12361f; --faint: #9198a1; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: 0; white-space: pre-wrap; }
nav { border: 1px solid var(--line); border-radius: 6px; padding: .5rem 1rem; }
nav ul { margin: 0; padding-left: 1rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; overflow: hidden; }
summary, .one { background: var(--soft); padding: .4rem .8rem; }
.one { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .35rem .8rem; text-align: left; vertical-align: top; }
th { font-weight: 600; } thead th { color: var(--faint); font-size: .8rem; }
th:first-child { width: 28%; } tbody th { font-weight: 400; }
.old { background: var(--old); } .new { background: var(--new); }
.at { color: var(--faint); font-size: .8rem; }
.sign { display: inline-block; font-weight: 600; min-width: 5.5rem; }
.failed { background: var(--old); padding: .5rem .8rem; border-radius: 6px; margin: .6rem 0; }
";

pub(super) fn write(diff: &RenderDiff) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>Rendered difference</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Rendered difference</h1>\n<p>From {} to {}: <strong>{}</strong></p>\n",
        code(&diff.base),
        code(&diff.head),
        result(diff)
    );
    if telling(diff).next().is_some() {
        out += "<nav><ul>\n";
        for (at, it) in telling(diff).enumerate() {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(
                out,
                "<li><a href=\"#overlay-{at}\">{}</a>: {}</li>",
                name(it),
                summary(it)
            );
        }
        out += "</ul></nav>\n";
    }
    for (at, it) in telling(diff).enumerate() {
        overlay(at, it, &mut out);
    }
    out + "</body>\n</html>\n"
}

fn overlay(at: usize, overlay: &OverlayDiff, out: &mut String) {
    let (name, summary) = (name(overlay), summary(overlay));
    let _ = writeln!(
        out,
        "<section>\n<h2 id=\"overlay-{at}\">{name}: {summary}</h2>"
    );
    for (who, why) in failures(overlay) {
        let _ = writeln!(out, "<div class=\"failed\">{who}");
        for it in why {
            let _ = writeln!(out, "<pre>{}</pre>", text(&it));
        }
        *out += "</div>\n";
    }
    for it in &overlay.resources {
        resource(it, out);
    }
    *out += "</section>\n";
}

/// The environment and the folder.
fn name(overlay: &OverlayDiff) -> String {
    let path = code(&overlay.path);
    match &overlay.environment {
        Some(environment) => format!("{}, {path}", code(environment)),
        None => path,
    }
}

fn resource(resource: &ResourceDiff, out: &mut String) {
    let title = code(&title(resource));
    let one_sided = |class, what, out: &mut String| {
        let place = resource.line.as_ref();
        let place = place.map_or_else(String::new, |it| at(&it.to_string()));
        let _ = writeln!(
            out,
            "<div class=\"one {class}\"><span class=\"sign\">{what}</span>{title} {place}</div>"
        );
    };
    match resource.change {
        ChangeKind::Added => one_sided("new", "added", out),
        ChangeKind::Removed => one_sided("old", "removed", out),
        ChangeKind::Changed | ChangeKind::Unchanged => {
            let _ = writeln!(
                out,
                "<details open=\"open\">\n<summary><span class=\"sign\">changed</span>{title}</summary>\n<table>\n\
                 <thead><tr><th scope=\"col\">field</th><th scope=\"col\">old</th><th scope=\"col\">new</th></tr></thead>\n<tbody>"
            );
            for it in &resource.fields {
                row(it, out);
            }
            *out += "</tbody>\n</table>\n</details>\n";
        }
    }
}

fn row(field: &FieldDiff, out: &mut String) {
    let (old, new) = both(field.old.as_ref(), field.new.as_ref());
    let _ = write!(out, "<tr><th scope=\"row\">{}</th>", code(&field.path));
    cell("old", &old, field.old.as_ref(), out);
    cell("new", &new, field.new.as_ref(), out);
    *out += "</tr>\n";
}

fn cell(class: &str, lines: &[String], setting: Option<&Setting>, out: &mut String) {
    let shown: Vec<String> = lines.iter().map(|it| text(it)).collect();
    let place = setting.and_then(|it| it.line.as_ref());
    let place = place.map_or_else(String::new, |it| at(&it.to_string()));
    let _ = write!(
        out,
        "<td class=\"{class}\"><pre>{}</pre>{place}</td>",
        shown.join("\n")
    );
}

fn at(place: &str) -> String {
    format!("<span class=\"at\">{}</span>", text(place))
}

fn code(foreign: &str) -> String {
    format!("<code>{}</code>", text(foreign))
}

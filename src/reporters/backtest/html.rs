//! A page: one file, no script, nothing from elsewhere. It is HTML that an XML parser reads alike, so that
//! what a browser makes of it can be held by a test.

use super::{not_judged, number, result, short, title, weight};
use crate::{
    model::{Backtest, BacktestRule},
    reporters::escape::html as text,
};
use std::fmt::Write;

/// Nothing is fetched, run, framed or sent, whatever the text below says.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --held: #ffebe9; --faint: #59636e; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --held: #4a1d1f; --faint: #9198a1; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
code { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .35rem .8rem; text-align: left; vertical-align: top; }
thead th { color: var(--faint); font-size: .8rem; }
td.n { text-align: right; } td.held { background: var(--held); font-weight: 600; }
td.examples { border-top: none; padding-top: 0; }
ul { margin: 0; padding-left: 1.2rem; }
.weight { color: var(--faint); font-size: .8rem; }
";

pub(super) fn write(backtest: &Backtest) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>Backtest</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Backtest</h1>\n<p>{}: <strong>{}</strong></p>\n",
        text(&title(backtest)),
        result(backtest)
    );
    for note in &backtest.notes {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "<p>{}</p>", text(note));
    }
    for (commit, why) in not_judged(backtest) {
        let _ = writeln!(
            out,
            "<p>not judged: <code>{}</code>: {}</p>",
            text(commit),
            text(why)
        );
    }
    let rules = backtest.rules();
    if rules.is_empty() {
        out += "<p>Nothing would have held a change.</p>\n";
    } else {
        out += "<table>\n<thead><tr><th scope=\"col\">rule</th><th scope=\"col\">held</th><th scope=\"col\">known</th><th scope=\"col\">would need</th><th scope=\"col\">setting that would change it</th></tr></thead>\n<tbody>\n";
        for it in &rules {
            row(it, &mut out);
        }
        out += "</tbody>\n</table>\n";
    }
    out + "</body>\n</html>\n"
}

fn row(rule: &BacktestRule, out: &mut String) {
    let held = if rule.held > 0 { "n held" } else { "n" };
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\"><code>{}</code></th><td class=\"{held}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td><code>{}</code></td></tr>",
        text(&rule.rule),
        number(rule.held),
        number(rule.known),
        number(rule.would_need),
        text(&rule.setting)
    );
    *out += "<tr><td class=\"examples\" colspan=\"5\"><ul>\n";
    for it in &rule.examples {
        let _ = writeln!(
            out,
            "<li><code>{}</code> {}<br/><span class=\"weight\">{}</span> <code>{}</code>: {}</li>",
            text(short(&it.commit)),
            text(&it.title),
            weight(it),
            text(&it.at),
            text(&it.message)
        );
    }
    *out += "</ul></td></tr>\n";
}

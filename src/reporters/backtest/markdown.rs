//! For a comment or a wiki: CommonMark with tables, in which foreign text stands in code spans only.

use super::{not_judged, number, result, short, title, weight};
use crate::{model::Backtest, reporters::escape::code};
use std::fmt::Write;

pub(super) fn write(backtest: &Backtest) -> String {
    let mut out = format!(
        "### Backtest\n\n{}: **{}**\n",
        code(&title(backtest)),
        result(backtest)
    );
    for note in &backtest.notes {
        // Writing to a string cannot fail, here and below.
        let _ = write!(out, "\n{}\n", code(note));
    }
    let mut list = String::new();
    for (commit, why) in not_judged(backtest) {
        let _ = writeln!(list, "- not judged: {}: {}", code(commit), code(why));
    }
    if !list.is_empty() {
        let _ = write!(out, "\n{list}");
    }
    let rules = backtest.rules();
    if rules.is_empty() {
        return out + "\nNothing would have held a change.\n";
    }
    out += "\n| rule | held | known | would need | setting that would change it |\n";
    out += "| --- | ---: | ---: | ---: | --- |\n";
    for it in &rules {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            cell(&it.rule),
            number(it.held),
            number(it.known),
            number(it.would_need),
            cell(&it.setting)
        );
    }
    out += "\n<details><summary>Examples</summary>\n";
    for rule in &rules {
        let _ = write!(out, "\n{}\n\n", code(&rule.rule));
        for it in &rule.examples {
            let _ = writeln!(
                out,
                "- {} {}: {} {}: {}",
                code(short(&it.commit)),
                code(&it.title),
                weight(it),
                code(&it.at),
                code(&it.message)
            );
        }
    }
    out + "\n</details>\n"
}

/// In a table a bar ends the cell, in a code span too.
fn cell(foreign: &str) -> String {
    code(foreign).replace('|', "\\|")
}

//! For a terminal.

use super::{not_judged, number, result, short, title, weight};
use crate::{
    model::{Backtest, BacktestRule},
    reporters::escape::line,
};
use std::fmt::Write;

pub(super) fn write(backtest: &Backtest) -> String {
    let mut out = format!("{}\n{}\n", line(&title(backtest)), result(backtest));
    for note in &backtest.notes {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "note: {}", line(note));
    }
    for (commit, why) in not_judged(backtest) {
        let _ = writeln!(out, "not judged: {commit}: {}", line(why));
    }
    let rules = backtest.rules();
    if rules.is_empty() {
        return out + "\nnothing would have held a change\n";
    }
    let names = rules.iter().map(|it| line(&it.rule).chars().count());
    let width = names.max().unwrap_or_default().clamp(4, 60);
    let _ = writeln!(
        out,
        "\n{:width$}  {:>5}  {:>5}  {:>10}",
        "rule", "held", "known", "would need"
    );
    for it in &rules {
        rule(it, width, &mut out);
    }
    out
}

fn rule(rule: &BacktestRule, width: usize, out: &mut String) {
    let _ = writeln!(
        out,
        "{:width$}  {:>5}  {:>5}  {:>10}",
        line(&rule.rule),
        number(rule.held),
        number(rule.known),
        number(rule.would_need)
    );
    let _ = writeln!(out, "  setting: {}", line(&rule.setting));
    for it in &rule.examples {
        let _ = writeln!(
            out,
            "  {} {}\n    {} {}: {}",
            short(&it.commit),
            line(&it.title),
            weight(it),
            line(&it.at),
            line(&it.message)
        );
    }
}

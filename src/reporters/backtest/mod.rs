//! `tollgate backtest` in the formats that people and machines read. Pure: what was judged and a format
//! give a text.

mod html;
mod markdown;
mod text;

use super::escape;
use crate::model::{Backtest, BacktestExample, BacktestOutcome, BacktestRule, BacktestWeight};
use clap::ValueEnum;
use serde::Serialize;

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    #[default]
    Text,
    /// For programs
    Json,
    /// For a comment or a wiki
    Markdown,
    /// A page
    Html,
}

/// A backtest as a text.
///
/// # Errors
/// Those of JSON.
pub fn write(backtest: &Backtest, format: Format) -> Result<String, serde_json::Error> {
    Ok(match format {
        Format::Text => text::write(backtest),
        Format::Json => json(backtest)?,
        Format::Markdown => markdown::write(backtest),
        Format::Html => html::write(backtest),
    })
}

/// Everything, with the table.
#[derive(Serialize)]
struct Json<'a> {
    tool: &'static str,
    tool_version: &'static str,
    version: u32,
    rules: Vec<BacktestRule>,
    #[serde(flatten)]
    backtest: &'a Backtest,
}

fn json(backtest: &Backtest) -> Result<String, serde_json::Error> {
    let json = Json {
        tool: "tollgate",
        tool_version: env!("CARGO_PKG_VERSION"),
        version: 1,
        rules: backtest.rules(),
        backtest,
    };
    Ok(escape::json(&serde_json::to_string_pretty(&json)?) + "\n")
}

/// `the last 20 changes of main (1a2b3c), judged by tollgate.yaml of main`; foreign text.
fn title(backtest: &Backtest) -> String {
    let changes = match backtest.commits.len() {
        1 => "the last change".to_owned(),
        n => format!("the last {n} changes"),
    };
    format!(
        "{changes} of {}, judged by {}",
        backtest.branch, backtest.configuration
    )
}

/// `17 admitted, 2 refused, 1 undecided`.
fn result(backtest: &Backtest) -> String {
    let count = |is: fn(&BacktestOutcome) -> bool| backtest.count(is);
    let parts = [
        (count(|it| *it == BacktestOutcome::Admitted), "admitted"),
        (count(|it| *it == BacktestOutcome::Refused), "refused"),
        (count(|it| *it == BacktestOutcome::Undecided), "undecided"),
        (
            count(|it| *it == BacktestOutcome::Nothing),
            "held because there was nothing to evaluate",
        ),
        (
            count(|it| matches!(it, BacktestOutcome::NotJudged { .. })),
            "not judged",
        ),
    ];
    let told = parts.iter().filter(|it| it.0 > 0);
    let told: Vec<String> = told.map(|(n, what)| format!("{n} {what}")).collect();
    if told.is_empty() {
        return "no change to judge".to_owned();
    }
    told.join(", ")
}

/// A number of the table; nothing is a dash.
fn number(n: usize) -> String {
    match n {
        0 => "-".to_owned(),
        n => n.to_string(),
    }
}

/// The first digits of a commit's id.
fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// What a rule would have done in an example.
fn weight(example: &BacktestExample) -> &'static str {
    match example.weight {
        BacktestWeight::Held => "held",
        BacktestWeight::Known => "known",
        BacktestWeight::WouldNeed => "would need",
    }
}

/// Changes that could not be judged, each with its reason.
fn not_judged(backtest: &Backtest) -> impl Iterator<Item = (&str, &str)> {
    backtest.commits.iter().filter_map(|it| match &it.outcome {
        BacktestOutcome::NotJudged { why } => Some((short(&it.id), why.as_str())),
        _ => None,
    })
}

#[cfg(test)]
mod tests;

//! `tollgate apply`.

use super::{Common, ask, fail, print};
use crate::{
    exit,
    model::{RuleFacts, RuleOutcome},
    reporters::escape,
    run::{Answer, Applied, ApplyTask, Task},
};
use clap::ValueEnum;
use std::fmt::Write;
use std::io::{IsTerminal, Read};
use std::time::{SystemTime, UNIX_EPOCH};

/// Run policies on manifests
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders with policies and exceptions; repeatable
    #[arg(short, long = "policy", value_name = "PATH", required = true)]
    policies: Vec<String>,
    /// Files or folders with manifests, `-` for standard input; repeatable
    #[arg(short, long = "resource", value_name = "PATH")]
    resources: Vec<String>,
    /// What goes to standard output
    #[arg(long, default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// Every result but passes, as JSON
    Json,
}

/// Bytes of standard input that are read.
const INPUT_LIMIT: u64 = 64 << 20;

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    let piped = args.resources.is_empty() && !std::io::stdin().is_terminal();
    let wanted = piped || args.resources.iter().any(|it| it == "-");
    let input = match wanted.then(standard_input).transpose() {
        Ok(input) => input,
        Err(error) => {
            return fail(
                exit::UNKNOWN,
                &format!("cannot read standard input: {error}"),
            );
        }
    };
    if input.is_none() && args.resources.is_empty() {
        return fail(
            exit::USAGE,
            "there is nothing to judge: name manifests by `-r`, or pipe them in",
        );
    }
    let task = Task::Apply(ApplyTask {
        directory: common.directory.clone(),
        policies: args.policies.clone(),
        resources: args
            .resources
            .iter()
            .filter(|it| *it != "-")
            .cloned()
            .collect(),
        input,
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |it| it.as_secs()),
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Apply(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(applied) => tell(&applied, args.format),
        Err(code) => code,
    }
}

fn standard_input() -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(INPUT_LIMIT + 1)
        .read_to_string(&mut text)?;
    if read as u64 > INPUT_LIMIT {
        return Err(std::io::Error::other("it is larger than 64 MiB"));
    }
    Ok(text)
}

fn tell(applied: &Applied, format: Format) -> u8 {
    let code = applied.code();
    match format {
        Format::Human => print(&human(applied, code), code),
        Format::Json => match serde_json::to_string_pretty(applied) {
            Ok(text) => print(&format!("{}\n", escape::json(&text)), code),
            Err(error) => fail(exit::INTERNAL, &format!("cannot write JSON: {error}")),
        },
    }
}

fn human(applied: &Applied, code: u8) -> String {
    let mut out = String::new();
    let (mut fail, mut warn, mut error, mut skip) = (0, 0, 0, 0);
    for result in &applied.results {
        let (count, word, text) = match &result.outcome {
            RuleOutcome::Pass => continue,
            RuleOutcome::Fail { message, .. } => (&mut fail, "fail", message),
            RuleOutcome::Warn { message, .. } => (&mut warn, "warn", message),
            RuleOutcome::Error { why } => (&mut error, "error", why),
            RuleOutcome::Skip { why } => (&mut skip, "skip", why),
        };
        *count += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{word:<5} {}: {}", subject(result), escape::line(text));
    }
    let _ = writeln!(
        out,
        "\n{} on {}: {} pass, {fail} fail, {warn} warn, {error} error, {skip} skip (exit {code})",
        plural(applied.policies, "policy", "policies"),
        plural(applied.resources, "resource", "resources"),
        applied.passed
    );
    out
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn subject(result: &RuleFacts) -> String {
    let at = result
        .place
        .as_ref()
        .map_or_else(String::new, |it| format!("{it}: "));
    escape::line(&format!(
        "{at}{} {}/{}",
        result.resource, result.policy, result.rule
    ))
}

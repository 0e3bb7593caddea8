//! `tollgate apply`.

use super::{Common, ask, fail, print};
use crate::{
    exit,
    model::{Place, RuleFacts, RuleOutcome, SchemaResult, SchemaRule},
    reporters::escape,
    run::{Answer, Applied, ApplyTask, Task, Weight},
};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{IsTerminal, Read};
use std::time::{SystemTime, UNIX_EPOCH};

/// Run policies and schemas on manifests
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate apply deployment.yaml                   against the schemas of Kubernetes
  tollgate apply -p policies deployment.yaml       and against policies
  tollgate render prod | tollgate apply -p policies -")]
pub(super) struct Args {
    /// Files or folders with whole manifests, `-` for standard input: they are held against the
    /// schemas of their kinds, and judged by the policies. Without -p, policies among them judge
    /// the others
    #[arg(value_name = "PATH")]
    files: Vec<String>,
    /// Files or folders with policies and exceptions; repeatable
    #[arg(short, long = "policy", value_name = "PATH")]
    policies: Vec<String>,
    /// Files or folders with manifests for the policies alone, such as the base of an overlay; `-`
    /// for standard input; repeatable
    #[arg(short, long = "resource", value_name = "PATH")]
    resources: Vec<String>,
    /// The version of Kubernetes whose schemas count, such as 1.34
    #[arg(long, value_name = "VERSION")]
    kubernetes: Option<String>,
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
    let piped = |all: &[String]| all.iter().any(|it| it == "-");
    let nothing_named = args.files.is_empty() && args.resources.is_empty();
    let whole = piped(&args.files) || nothing_named && !std::io::stdin().is_terminal();
    let wanted = whole || piped(&args.resources);
    let input = match wanted.then(standard_input).transpose() {
        Ok(input) => input,
        Err(error) => {
            return fail(
                exit::UNKNOWN,
                &format!("cannot read standard input: {error}"),
            );
        }
    };
    if input.is_none() && nothing_named {
        return fail(
            exit::USAGE,
            "there is nothing to judge: name files with manifests, or pipe them in",
        );
    }
    let named = |all: &[String]| all.iter().filter(|it| *it != "-").cloned().collect();
    let task = Task::Apply(ApplyTask {
        directory: common.directory.clone(),
        policies: args.policies.clone(),
        files: named(&args.files),
        resources: named(&args.resources),
        input: input.map(|it| (it, whole)),
        kubernetes: args.kubernetes.clone(),
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
    let checked = checked(applied, &mut out);
    let on = plural(applied.resources, "resource", "resources");
    let policies = plural(applied.policies, "policy", "policies");
    let ruled = format!(
        "{policies} on {on}: {} pass, {fail} fail, {warn} warn, {error} error, {skip} skip",
        applied.passed
    );
    let _ = match (checked, applied.policies) {
        (Some(checked), 0) => writeln!(out, "\nschemas on {on}: {checked} (exit {code})"),
        (Some(checked), _) if !applied.schemas.is_empty() => {
            writeln!(out, "\nschemas on {on}: {checked}\n{ruled} (exit {code})")
        }
        _ => writeln!(out, "\n{ruled} (exit {code})"),
    };
    out
}

/// A line for each mistake, and one for each kind that nobody knows; how many manifests are what, if
/// schemas were asked.
fn checked(applied: &Applied, out: &mut String) -> Option<String> {
    let (mut invalid, mut deprecated, mut unchecked) = (0, 0, 0);
    let mut unknown: BTreeMap<(&str, &str), Vec<&SchemaResult>> = BTreeMap::new();
    for facts in &applied.schemas {
        let worst = |rule| Weight::of(rule) == Weight::Refused;
        let any = |is: &dyn Fn(SchemaRule) -> bool| facts.results.iter().any(|it| is(it.rule));
        if any(&worst) {
            invalid += 1;
        } else if any(&|it| it == SchemaRule::Unchecked) {
            unchecked += 1;
        } else if any(&|it| it == SchemaRule::Deprecated) {
            deprecated += 1;
        }
        for result in &facts.results {
            let key = &facts.resource;
            if result.rule == SchemaRule::UnknownKind {
                let kind = (key.api_version.as_str(), key.kind.as_str());
                unknown.entry(kind).or_default().push(result);
                continue;
            }
            let word = match Weight::of(result.rule) {
                Weight::Refused => "invalid",
                Weight::Warned => "warn",
                Weight::Unknown => "error",
            };
            let rule = rule_name(result.rule);
            let subject = escape::line(&format!("{}{key} {rule}", at(result.place.as_ref())));
            let _ = writeln!(
                out,
                "{word:<5} {subject}: {}",
                escape::line(&result.message)
            );
        }
    }
    for ((api_version, kind), results) in &unknown {
        let place = results.first().and_then(|it| it.place.as_ref());
        let line = format!(
            "note  {}{kind} of {api_version}: no schema is known for it; {} not checked: give the file with its CustomResourceDefinition too",
            at(place),
            plural(results.len(), "resource is", "resources are"),
        );
        let _ = writeln!(out, "{}", escape::line(&line));
    }
    let unknown: usize = unknown.values().map(Vec::len).sum();
    let mut counts = format!("{} valid, {invalid} invalid", applied.valid?);
    for (count, what) in [
        (deprecated, "deprecated"),
        (unchecked, "not checked"),
        (unknown, "of unknown kind"),
    ] {
        if count > 0 {
            let _ = write!(counts, ", {count} {what}");
        }
    }
    Some(counts)
}

fn rule_name(rule: SchemaRule) -> &'static str {
    match rule {
        SchemaRule::Invalid | SchemaRule::Unchecked => "schemas/invalid",
        SchemaRule::UnknownField => "schemas/unknown-field",
        SchemaRule::Removed => "schemas/removed",
        SchemaRule::Deprecated => "schemas/deprecated",
        SchemaRule::UnknownKind => "schemas/unknown-kind",
    }
}

fn at(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |it| format!("{it}: "))
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn subject(result: &RuleFacts) -> String {
    escape::line(&format!(
        "{}{} {}/{}",
        at(result.place.as_ref()),
        result.resource,
        result.policy,
        result.rule
    ))
}

//! `tollgate test`.

use super::{Common, ask, fail, print};
use crate::{
    exit,
    model::{RowStatus, SuiteRun},
    reporters::{Look, escape},
    run::{Answer, Task, TestTask, Tested},
    suites::SUITES,
};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// Run policy fixtures
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate test                                    every suite below this folder
  tollgate test policies-tests/require-labels      those of a policy
  tollgate test --format json")]
pub(super) struct Args {
    /// Folders in which suites are looked for, or suite files
    #[arg(default_value = ".")]
    paths: Vec<String>,
    /// What goes to standard output
    #[arg(long, default_value = "human")]
    format: Format,
    /// How suite files are called
    #[arg(long, value_name = "NAME")]
    file_name: Option<String>,
    /// Count as excluded, not as a mismatch, a row that the peer passes without evaluating it
    #[arg(long)]
    compat: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// Every row, as JSON
    Json,
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    let task = Task::Test(TestTask {
        directory: common.directory.clone(),
        paths: args.paths.clone(),
        file_name: args.file_name.clone(),
        compat: args.compat,
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |it| it.as_secs()),
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Test(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(tested) => tell(&tested, args, common),
        Err(code) => code,
    }
}

/// Rows and suites, counted.
#[derive(Debug, Default, Serialize)]
struct Summary {
    suites: usize,
    suite_errors: usize,
    ok: usize,
    mismatch: usize,
    error: usize,
    excluded: usize,
}

impl Summary {
    fn of(suites: &[SuiteRun]) -> Self {
        let mut summary = Self {
            suites: suites.len(),
            ..Self::default()
        };
        for suite in suites {
            summary.suite_errors += usize::from(suite.error.is_some());
            for row in &suite.results {
                *match row.status {
                    RowStatus::Ok => &mut summary.ok,
                    RowStatus::Mismatch => &mut summary.mismatch,
                    RowStatus::Error => &mut summary.error,
                    RowStatus::Excluded => &mut summary.excluded,
                } += 1;
            }
        }
        summary
    }

    /// A suite without rows, like no suite at all, shows nothing.
    fn code(&self) -> u8 {
        let nothing = self.ok + self.mismatch + self.error == 0;
        let unknown = self.error > 0;
        let refused = self.mismatch + self.suite_errors > 0;
        exit::worst([
            if unknown {
                exit::UNKNOWN
            } else {
                exit::ADMITTED
            },
            if refused {
                exit::REFUSED
            } else {
                exit::ADMITTED
            },
            if nothing && !refused {
                exit::NOTHING
            } else {
                exit::ADMITTED
            },
        ])
    }
}

fn tell(tested: &Tested, args: &Args, common: &Common) -> u8 {
    let summary = Summary::of(&tested.suites);
    let code = summary.code();
    match args.format {
        Format::Human => print(&human(tested, &summary, common.look(), code), code),
        Format::Json => match json(tested, &summary) {
            Ok(text) => print(&text, code),
            Err(error) => fail(exit::INTERNAL, &format!("cannot write JSON: {error}")),
        },
    }
}

fn json(tested: &Tested, summary: &Summary) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        suites: &'a [SuiteRun],
        summary: &'a Summary,
    }
    let document = Document {
        suites: &tested.suites,
        summary,
    };
    let text = serde_json::to_string(&document)?;
    Ok(format!("{}\n", escape::json(&text)))
}

fn human(tested: &Tested, summary: &Summary, look: Look, code: u8) -> String {
    let mut out = String::new();
    if tested.suites.is_empty() {
        let names = SUITES.iter().map(|it| format!("`{}`", it.file_name()));
        let names: Vec<String> = names.collect();
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            out,
            "no suite stands in or below what was named: suites are files called {} (or as `--file-name` says)",
            names.join(", ")
        );
    }
    for suite in &tested.suites {
        let _ = suite_lines(suite, look, &mut out);
    }
    let uncovered = uncovered(tested);
    if !uncovered.is_empty() {
        out.push_str("\nrules without a fixture that passes and one that fails:\n");
        for it in &uncovered {
            let _ = writeln!(out, "  {}", escape::line(it));
        }
    }
    let (word, colour) = match code {
        exit::ADMITTED => ("ok", AnsiColor::Green),
        exit::NOTHING => ("NOTHING WAS TESTED", AnsiColor::Yellow),
        _ => ("FAILED", AnsiColor::Red),
    };
    let mut counts = vec![format!(
        "{} of {} rows hold",
        summary.ok,
        summary.ok + summary.mismatch + summary.error
    )];
    for (n, what) in [
        (summary.mismatch, "do not"),
        (summary.error, "could not be evaluated"),
        (summary.excluded, "excluded"),
        (summary.suite_errors, "suites could not be run"),
    ] {
        if n > 0 {
            counts.push(format!("{n} {what}"));
        }
    }
    let _ = writeln!(
        out,
        "\n{}: {} in {} {} (exit {code})",
        paint(look, colour, word),
        counts.join(", "),
        summary.suites,
        if summary.suites == 1 {
            "suite"
        } else {
            "suites"
        }
    );
    out
}

fn suite_lines(suite: &SuiteRun, look: Look, out: &mut String) -> std::fmt::Result {
    let bad: Vec<_> = suite
        .results
        .iter()
        .filter(|it| matches!(it.status, RowStatus::Mismatch | RowStatus::Error))
        .collect();
    let path = escape::line(&suite.path);
    if let Some(error) = &suite.error {
        let at = suite
            .error_place
            .as_ref()
            .map_or(path, |it| escape::line(&it.to_string()));
        return writeln!(
            out,
            "{}  {at}: {}",
            paint(look, AnsiColor::Red, "ERROR"),
            escape::line(error)
        );
    }
    if bad.is_empty() {
        return writeln!(
            out,
            "{}     {path}: {} rows",
            paint(look, AnsiColor::Green, "ok"),
            suite.results.len()
        );
    }
    writeln!(
        out,
        "{}   {path}: {} of {} rows do not hold",
        paint(look, AnsiColor::Red, "FAIL"),
        bad.len(),
        suite.results.len()
    )?;
    for row in bad {
        let at = row.place.as_ref().map_or_else(String::new, |it| {
            format!("{}: ", escape::line(&it.to_string()))
        });
        writeln!(
            out,
            "         {at}{}: {}",
            escape::line(&row.subject()),
            escape::line(&row.complaint())
        )?;
    }
    Ok(())
}

fn uncovered(tested: &Tested) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::<(&str, &str), (usize, usize)>::new();
    for it in tested.suites.iter().flat_map(|it| &it.coverage) {
        let counts = seen.entry((&it.policy, &it.rule)).or_default();
        counts.0 += it.passing;
        counts.1 += it.failing;
    }
    let lacking = seen
        .into_iter()
        .filter(|(_, (passing, failing))| *passing == 0 || *failing == 0);
    lacking
        .map(|((policy, rule), (passing, failing))| {
            format!("{policy}/{rule}: {passing} pass, {failing} fail")
        })
        .collect()
}

fn paint(look: Look, colour: AnsiColor, text: &str) -> String {
    if !look.colour {
        return text.to_owned();
    }
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

//! `tollgate doctor`.

use super::{
    Common, ask,
    check::{Patience, ci_environment, forge, forge_environment, in_folder, now},
    fail, fail_with_help, outputs, print,
};
use crate::{
    exit, forges,
    model::{ForgeFacts, ForgeKind},
    reporters::{self, escape},
    run::{
        self, Answer, Branch, Diagnosis, SurveyTask, Surveyed, Task,
        doctor::{About, Fact, State},
        snapshot::{self, Snapshot},
    },
};
use clap::ValueEnum;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Say what the token of this run can and cannot establish
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate doctor
  tollgate doctor --snapshot protection.json

Everything that any setting could need is asked of the forge: the request, the teams that groups and
CODEOWNERS name, the protection of the branch. The configuration is that of BASE in a run for a
request, and of the commit that is checked out elsewhere. Workflows of GitHub in which the gate may
be skipped are named.

  ok  it is known
  ??  it is not, and why
  --  there is nothing to know in this run
  !!  a way around the gate

Exit code 0 says that everything that the configuration asks can be judged with these answers, 3 that
something cannot.")]
pub(super) struct Args {
    /// The forge to ask: github, gitlab or offline; the one of the CI system if not given
    #[arg(long, value_name = "FORGE", value_parser = forge)]
    forge: Option<&'static str>,
    /// The branch whose protection is looked at; the one that the request would be merged into, or
    /// the default branch, if not given
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Also keep what the forge says of the branch's protection in a file, for
    /// `tollgate check --protection-snapshot`
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    #[command(flatten)]
    patience: Patience,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    if let Err(code) = outputs::prepare(&args.snapshot, common) {
        return code;
    }
    let task = Task::Survey(SurveyTask {
        directory: common.directory.clone(),
        environment: ci_environment(),
        forge: args.forge.and_then(ForgeKind::named),
    });
    let surveyed = ask(&task, common, |it| match it {
        Answer::Survey(it) => Some(*it),
        _ => None,
    });
    match surveyed {
        Ok(surveyed) => diagnose(args, common, &surveyed),
        Err(code) => code,
    }
}

fn diagnose(args: &Args, common: &Common, surveyed: &Surveyed) -> u8 {
    let given = args.branch.as_ref().map(|name| Branch {
        name: name.clone(),
        chosen: "`--branch` names it".to_owned(),
    });
    let branch = given.or_else(|| surveyed.branch.clone());
    let environment = forge_environment();
    let Ok(forge) = forges::choose(args.forge, &environment) else {
        return fail(exit::INTERNAL, "a forge that was known is gone");
    };
    let now = now();
    let name = branch.as_ref().map(|it| it.name.as_str());
    let question = forges::Question {
        budget: args.patience.budget(),
        ..run::survey_question(surveyed, name, now)
    };
    let told = forge.ask(&environment, &question);
    let diagnosis = Diagnosis::of(surveyed, branch, &told);
    let code = if diagnosis.unjudged.is_empty() {
        exit::ADMITTED
    } else {
        exit::UNKNOWN
    };
    if let Some(path) = &args.snapshot
        && let Err(code) = keep(told, now, path, common)
    {
        return code;
    }
    let text = match args.format {
        Format::Human => human(&diagnosis, args.snapshot.as_deref()),
        Format::Json => match serde_json::to_string_pretty(&diagnosis) {
            Ok(text) => format!("{}\n", escape::json(&text)),
            Err(error) => return fail(exit::INTERNAL, &format!("cannot print it: {error}")),
        },
    };
    print(&text, code)
}

/// Keep what is known of the protection. Where nothing is, there is nothing to keep.
fn keep(told: ForgeFacts, now: u64, path: &Path, common: &Common) -> Result<(), u8> {
    let shown = path.display();
    let facts = told.protection.filter(|it| {
        let mut all = it.told().into_iter();
        !it.branch.is_empty() && all.any(|it| it.answer.get().is_ok())
    });
    let Some(protection) = facts else {
        return Err(fail_with_help(
            exit::UNKNOWN,
            &format!("`{shown}` is not written: nothing is known of the branch's protection"),
            Some("run `tollgate doctor` without `--snapshot`: it says what is missing"),
        ));
    };
    let snapshot = Snapshot {
        forge: told.forge,
        repository: told.repository,
        taken_at: now,
        protection,
    };
    let written = snapshot::write(&snapshot).and_then(|bytes| {
        reporters::write_whole(&bytes, &in_folder(common, path)).map_err(|it| it.to_string())
    });
    written.map_err(|why| {
        let message = format!("cannot write the snapshot to `{shown}`: {why}");
        fail(exit::UNKNOWN, &message)
    })
}

/// What somebody sets who wants a forge to be asked.
const IN_NO_CI: &str = "\
No forge was asked: this run is in no CI system of GitHub or GitLab. Run it in a job, or set what
such a job sets and name the forge:
  GitHub: --forge github with GITHUB_REPOSITORY=OWNER/NAME and a token in GITHUB_TOKEN
  GitLab: --forge gitlab with CI_PROJECT_PATH=GROUP/NAME, CI_API_V4_URL (unless it is gitlab.com) and a
          token in TOLLGATE_GITLAB_TOKEN
";

fn human(diagnosis: &Diagnosis, snapshot: Option<&Path>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let mut line = |text: &str| {
        let _ = writeln!(out, "{text}");
    };
    if diagnosis.forge == "offline" {
        line(IN_NO_CI);
    } else {
        line(&format!(
            "{}: {}",
            escape::line(&diagnosis.forge),
            escape::line(&diagnosis.repository)
        ));
    }
    line(&format!(
        "configuration: {}",
        escape::line(&diagnosis.configuration)
    ));
    line(&match &diagnosis.branch {
        Some(it) => format!(
            "branch: {} ({})",
            escape::line(&it.name),
            escape::line(&it.chosen)
        ),
        None => "branch: not known; name it with `--branch`".to_owned(),
    });
    for (about, heading) in [
        (About::Request, "the request"),
        (About::Team, "teams"),
        (About::Protection, "the protection of the branch"),
    ] {
        let facts: Vec<&Fact> = diagnosis
            .facts
            .iter()
            .filter(|it| it.subject == about)
            .collect();
        if !facts.is_empty() {
            line(&format!("\n{heading}"));
            told(&facts).iter().for_each(|it| line(it));
        }
    }
    if !diagnosis.workflows.is_empty() {
        line("\nworkflows that may leave the gate out");
        for it in &diagnosis.workflows {
            let place = escape::line(&it.place);
            line(&format!("  !!  {place}: {}", escape::line(&it.why)));
            line(&format!("      help: {}", escape::line(&it.help)));
        }
    }
    if !diagnosis.notes.is_empty() {
        line("\nnotes");
        for note in &diagnosis.notes {
            line(&format!("  {}", escape::line(note)));
        }
    }
    line("");
    if diagnosis.unjudged.is_empty() {
        line("Everything that the configuration asks can be judged (exit 0)");
    } else {
        line("The configuration asks what cannot be judged with these answers (exit 3):");
        for it in &diagnosis.unjudged {
            let at = match &it.place {
                Some(place) => format!(" ({})", escape::line(&place.to_string())),
                None => String::new(),
            };
            let missing = match it.missing.as_slice() {
                [one] if it.setting.ends_with(one.as_str()) => String::new(),
                all => format!(": {}", escape::line(&all.join(", "))),
            };
            line(&format!("  {}{at}{missing}", escape::line(&it.setting)));
        }
    }
    if let Some(path) = snapshot {
        let path = escape::line(&path.display().to_string());
        line(&format!(
            "wrote {path}: what is known of the protection, for `tollgate check --protection-snapshot`"
        ));
    }
    out
}

/// One line a fact, then what would mend those that are missing, each way once.
fn told(facts: &[&Fact]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut said = None;
    let mut mends: Vec<(&str, Vec<&str>)> = Vec::new();
    for fact in facts {
        let name = escape::line(&fact.name);
        let (mark, text) = match &fact.state {
            State::Known { value, by: None } => ("ok", value.clone()),
            State::Known {
                value,
                by: Some(by),
            } => ("ok", format!("{value} ({by})")),
            State::None { why } => ("--", why.clone()),
            State::Unknown(gap) => {
                match mends.iter_mut().find(|it| it.0 == gap.needs) {
                    Some((_, names)) => names.push(&fact.name),
                    None => mends.push((&gap.needs, vec![&fact.name])),
                }
                let again = said == Some(&gap.why);
                let why = if again { "as above" } else { &gap.why };
                ("??", why.to_owned())
            }
        };
        said = match &fact.state {
            State::Unknown(gap) => Some(&gap.why),
            _ => None,
        };
        lines.push(format!("  {mark}  {name}: {}", escape::line(&text)));
    }
    for (needs, names) in mends {
        let names = escape::line(&names.join(", "));
        lines.push(format!("  to know {names}: {}", escape::line(needs)));
    }
    lines
}

//! `tollgate baseline`.

use super::{
    Common, ask, fail, fail_with_help,
    files::{self, Place},
    print,
};
use crate::{
    config, exit,
    finding::Finding,
    model::BaselineFacts,
    reporters::escape,
    run::{self, Answer, BaselineTask, Inventory, Open, Task, Weighed},
    verdict::Verdict,
};
use std::collections::BTreeMap;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// Write down what is there, so that it does not hold changes; later, take out what is gone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tollgate baseline\n\nIt judges what is committed, by its own rules. `tollgate explain baseline` says what a baseline is."
)]
pub(super) struct Args {
    /// Judge the files as they lie in the folder, committed or not
    #[arg(long)]
    working_tree: bool,
}

/// Things that are told one by one; the others are counted.
const NAMED: usize = 10;

pub(super) fn run(args: &Args, common: &Common) -> u8 {
    let task = Task::Baseline(BaselineTask {
        directory: common.directory.clone(),
        working_tree: args.working_tree,
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |it| it.as_secs()),
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Baseline(it) => Some(*it),
        _ => None,
    });
    match answer {
        Ok(inventory) => keep(inventory, common),
        Err(code) => code,
    }
}

fn keep(inventory: Inventory, common: &Common) -> u8 {
    let root = match files::root(&inventory.root, common) {
        Ok(root) => root,
        Err(code) => return code,
    };
    let path = inventory.gathered.settings.config.baseline.to_string();
    let known = inventory.known.clone();
    let weighed = run::weigh(inventory);
    let open = weighed.holds.then_some(exit::REFUSED);
    let code = exit::worst([exit::of(&weighed.verdict)].into_iter().chain(open));
    if weighed.verdict.unsure().next().is_some() || !weighed.verdict.faults.is_empty() {
        return undecided(&weighed.verdict, &path, code);
    }
    let place = match &known {
        None if weighed.baseline.is_empty() => None,
        None => Some(Place::Free),
        Some(_) if weighed.gone.is_empty() => None,
        Some(_) => Some(Place::Taken),
    };
    if let Some(place) = place {
        let text = escape::json(&config::baseline_text(&weighed.baseline));
        if let Err(error) = files::write(&root, &path, text.as_bytes(), place) {
            return cannot_write(&path, &error);
        }
    }
    print(&told(&weighed, known.as_deref(), &path), code)
}

fn cannot_write(path: &str, error: &io::Error) -> u8 {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return fail_with_help(
            exit::USAGE,
            &format!("`{path}` exists already, and git ignores it"),
            Some("take it out of .gitignore: a baseline is reviewed and committed"),
        );
    }
    fail(exit::UNKNOWN, &format!("cannot write `{path}`: {error}"))
}

/// What nobody could decide may hide findings, and what is not in a baseline from the beginning never
/// gets in; what nobody looked at may not be gone.
fn undecided(verdict: &Verdict, path: &str, code: u8) -> u8 {
    for fault in &verdict.faults {
        fail(code, &format!("{}: {}", fault.on.join(", "), fault.why));
    }
    let unsure: Vec<_> = verdict.unsure().collect();
    for it in unsure.iter().take(NAMED) {
        let message = format!("{}: {}", it.subject, it.why);
        fail_with_help(code, &message, Some(&it.needs));
    }
    if unsure.len() > NAMED {
        fail(code, &format!("{} more questions", unsure.len() - NAMED));
    }
    let message = format!("`{path}` is left as it is: what is asked above could not be decided");
    fail_with_help(
        code,
        &message,
        Some("a baseline is written when everything was judged"),
    )
}

fn told(weighed: &Weighed, known: Option<&[BaselineFacts]>, path: &str) -> String {
    let holds = by_rule(&weighed.baseline);
    let (left, gone) = (weighed.baseline.len(), weighed.gone.values().sum());
    let mut text = match (known, left, gone) {
        (None, 0, _) => {
            "nothing that holds a change can be written down, so no baseline is needed\n".to_owned()
        }
        (None, n, _) => format!(
            "wrote {path}: {} known from now on\n{}",
            are(n),
            listed(&holds)
        ),
        (Some(_), n, 0) => format!(
            "{path} stays as it is: {} known\n{}",
            are(n),
            listed(&holds)
        ),
        (Some(_), n, gone) => format!(
            "wrote {path}: {gone} of {} gone, {n} left\ngone:\n{}left:\n{}",
            findings(gone + n),
            listed(&weighed.gone),
            listed(&holds)
        ),
    };
    if weighed.unseen > 0 {
        text.push_str(&format!(
            "{} kept unseen, because overlays do not render where they belong, or nobody can judge by their policies\n",
            are(weighed.unseen)
        ));
    }
    text.push_str(&others(&weighed.verdict, known.is_some()));
    text.push_str(&open(&weighed.open, weighed.holds));
    if known.is_none() && left > 0 {
        text.push_str(&next(weighed.consent.as_deref()));
    }
    text
}

/// What to do with the first file.
fn next(consent: Option<&str>) -> String {
    match consent {
        Some(rule) => format!(
            "read it, then commit it in a change of its own, which takes the approvals of rule `{}`: it waives from the next change on\n",
            escape::line(rule)
        ),
        None => "read it, then commit it to the branch that changes are merged into, before the gate guards it: it waives from the next change on. A change that brings it is refused as long as no rule of `approvals` in tollgate.yaml says with `when: {control_plane: true}` whose consent that takes\n".to_owned(),
    }
}

/// What nobody could judge, so that nothing of it is written down.
fn open(open: &[Open], holds: bool) -> String {
    let Some(more) = open.len().checked_sub(1) else {
        return String::new();
    };
    let mut text = "not judged, and so not written down; a change that touches it is told so, and not held for it:\n".to_owned();
    if holds {
        text = "not judged, and so not written down; a change that touches it is not decided:\n"
            .to_owned();
    }
    for it in open.iter().take(NAMED) {
        let resources = match it.resources {
            None => "every resource".to_owned(),
            Some(1) => "1 resource".to_owned(),
            Some(n) => format!("{n} resources"),
        };
        let line = format!("{resources} by {}: {}", it.of, it.why);
        text.push_str(&format!("  {}\n", escape::line(&line)));
    }
    if more >= NAMED {
        text.push_str(&format!("  and {} more\n", open.len() - NAMED));
    }
    text
}

/// What holds a change that touches it, whatever the baseline knows.
fn others(verdict: &Verdict, shrinks: bool) -> String {
    let holds: Vec<&Finding> = verdict.findings().filter(|it| it.holds()).collect();
    let (broken, new): (Vec<&Finding>, Vec<&Finding>) = holds
        .into_iter()
        .partition(|it| it.rule.starts_with("renders/"));
    let mut text = String::new();
    if !new.is_empty() && shrinks {
        let mut rules: BTreeMap<String, usize> = BTreeMap::new();
        for it in &new {
            *rules.entry(it.rule.clone()).or_default() += 1;
        }
        text.push_str(&format!(
            "not known and not added, because a baseline only shrinks; each holds a change that touches it:\n{}",
            listed(&rules)
        ));
    }
    if !broken.is_empty() {
        text.push_str("what does not render, or renders to nothing, holds a change that touches it, and nobody can say what belongs there; mend it first:\n");
        for it in broken.iter().take(NAMED) {
            let place = it.labels.first().map(|it| format!(" ({})", it.place));
            let line = format!(
                "{}: {}{}",
                it.subject,
                it.message,
                place.unwrap_or_default()
            );
            text.push_str(&format!("  {}\n", escape::line(&line)));
        }
        if broken.len() > NAMED {
            text.push_str(&format!("  and {} more\n", broken.len() - NAMED));
        }
    }
    text
}

fn by_rule(findings: &[BaselineFacts]) -> BTreeMap<String, usize> {
    let mut rules = BTreeMap::new();
    for it in findings {
        *rules.entry(it.rule.clone()).or_default() += 1;
    }
    rules
}

fn listed(rules: &BTreeMap<String, usize>) -> String {
    let lines = rules
        .iter()
        .map(|(rule, n)| format!("  {} of {}\n", findings(*n), escape::line(rule)));
    lines.collect()
}

fn findings(n: usize) -> String {
    match n {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    }
}

fn are(n: usize) -> String {
    let verb = if n == 1 { "is" } else { "are" };
    format!("{} {verb}", findings(n))
}

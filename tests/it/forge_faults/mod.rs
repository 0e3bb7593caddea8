//! Threat row F9: everything that a forge is asked, with everything that can go wrong with an answer.
//!
//! What is asked is taken from what was asked when nothing went wrong, so nothing is left out. The
//! rule: a change that is admitted without faults is not admitted with one, what is told afterwards
//! is what was told before or less, and every gap says what would mend it. Where a fault changes
//! nothing, [`EXCUSED`] says why, and the facts must be as whole as they were.

mod faults;
mod stages;

use crate::forge::{Change, Fault, GitHub, GitLab, Job, Server, TOKEN, github_environment};
use faults::{faults, moved, page_faults};
use serde_json::{Value, json};
use stages::{ANSWERS, EXCUSED, Excuse, STAGES, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tollgate::forges::{self, Environment, Question};
use tollgate::model::ForgeFacts;
use tollgate::run::{self, Gathered, record};

impl Stage {
    fn server(&self, change: &Change, host: &'static str) -> Server {
        // One entry in each page: every list of more is read in several.
        if self.github {
            Server::at(host, 1, GitHub::new(self.scenario, change))
        } else {
            Server::at(host, 1, GitLab::new(self.scenario, change))
        }
    }

    fn environment(&self, change: &Change, forge: &Server) -> Environment {
        if self.github {
            let all = github_environment(forge).into_iter();
            return Environment::new(all.map(|(name, value)| (name.to_owned(), value)).collect());
        }
        let job = Job {
            change,
            forge,
            token: true,
        };
        Environment::new(job.environment())
    }

    /// What a run without faults gathered, and what it asked.
    fn rehearse(&self, change: &Change) -> (Gathered, Vec<Endpoint>) {
        let forge = self.server(change, "127.0.0.1");
        if self.github {
            change.ask(&forge, &[]);
        } else {
            let job = Job {
                change,
                forge: &forge,
                token: true,
            };
            job.check();
        }
        let record = std::fs::read(change.repository.path().join(".git/facts.json"));
        let gathered = record::read(&record.expect("a record")).expect("readable");
        let mut endpoints: BTreeMap<String, bool> = BTreeMap::new();
        for it in forge.seen() {
            let path = it.path.trim_start_matches('/').to_owned();
            let name = it
                .body
                .split("query ")
                .nth(1)
                .and_then(|it| it.split('(').next());
            let path = match name {
                Some(name) if self.github => format!("{path}#{name}"),
                _ => path,
            };
            let cursor = !it.json["variables"]["after"].is_null();
            let paged = cursor || it.query.get("page").is_some_and(|it| it != "1");
            *endpoints.entry(path).or_default() |= paged;
        }
        let endpoints = endpoints.into_iter();
        (
            gathered,
            endpoints
                .map(|(path, paged)| Endpoint { path, paged })
                .collect(),
        )
    }
}

/// Something that a forge is asked.
struct Endpoint {
    path: String,
    /// Whether it is a list of several pages.
    paged: bool,
}

/// One line of the matrix.
struct Line {
    path: String,
    fault: Fault,
    /// How often; always unless given.
    times: Option<usize>,
}

impl Line {
    fn name(&self, stage: &Stage) -> String {
        let often = self
            .times
            .map_or(String::new(), |it| format!(" {it} time(s)"));
        let mut fault = format!("{:?}", self.fault);
        fault.truncate(80);
        format!("{}: {}: {fault}{often}", stage.name, self.path)
    }
}

/// What came of a line.
struct Told {
    decision: String,
    facts: Value,
    /// What the verdict says is missing, and what would mend it.
    unsure: Vec<(String, String)>,
}

/// Ask the forge, and judge by what it tells.
fn play(stage: &Stage, change: &Change, gathered: &Gathered, line: &Line) -> Told {
    let forge = stage.server(change, "127.0.0.1");
    match line.times {
        Some(times) => forge.fault_times(&line.path, line.fault.clone(), times),
        None => forge.fault(&line.path, line.fault.clone()),
    };
    let environment = stage.environment(change, &forge);
    let id = if stage.github { "github" } else { "gitlab" };
    let mut question: Question = run::question(gathered).expect("there is something to ask");
    let seconds = match line.fault {
        Fault::Stall => 1,
        _ => 2,
    };
    question.budget = Some(Duration::from_secs(seconds));
    let service = forges::choose(Some(id), &environment).expect("a forge");
    let told: ForgeFacts = service.ask(&environment, &question);
    let text = serde_json::to_string(&told).expect("JSON");
    assert!(
        !text.contains(TOKEN),
        "{}: the token is in the facts",
        line.name(stage)
    );
    let mut facts = gathered.facts.clone();
    facts.forge = Some(told);
    let verdict = run::judge(&facts, &gathered.settings);
    let verdict = serde_json::to_value(&verdict).expect("JSON");
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let gates = verdict["gates"].as_array().expect("gates");
    let unsure = gates
        .iter()
        .filter_map(|it| it["examined"]["unsure"].as_array());
    Told {
        decision: text(&verdict, "decision"),
        facts: serde_json::from_str(&serde_json::to_string(&facts.forge).expect("JSON"))
            .expect("JSON"),
        unsure: unsure
            .flatten()
            .map(|it| (text(it, "why"), text(it, "needs")))
            .collect(),
    }
}

/// Facts without reasons, notes and the names of settings.
fn shape(fact: &Value) -> Value {
    match fact {
        Value::Object(map) if map.contains_key("unknown") => json!("unknown"),
        Value::Object(map) => map
            .iter()
            .filter(|(name, _)| !["by", "notes"].contains(&name.as_str()))
            .map(|(name, it)| (name.clone(), shape(it)))
            .collect(),
        Value::Array(list) => list.iter().map(shape).collect(),
        other => other.clone(),
    }
}

/// Whether `worse` says nothing that `calm` does not say.
fn says_no_more(calm: &Value, worse: &Value) -> bool {
    match (calm, worse) {
        // Nobody says that an account is a person's, or its name, where it cannot be looked at.
        (_, Value::String(it)) if it == "unknown" || it == "other" || it == "User:12" => true,
        (Value::Array(calm), Value::Array(worse)) => {
            calm.len() == worse.len()
                && (calm.iter().zip(worse)).all(|(calm, it)| says_no_more(calm, it))
        }
        (Value::Object(calm), Value::Object(worse)) => worse
            .iter()
            .all(|(name, it)| calm.get(name).is_some_and(|calm| says_no_more(calm, it))),
        (calm, worse) => calm == worse,
    }
}

/// Every gap in some facts.
fn gaps(fact: &Value, found: &mut Vec<(String, String)>) {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    match fact {
        Value::Object(map) => match map.get("unknown") {
            Some(gap) => found.push((text(gap, "why"), text(gap, "needs"))),
            None => map.values().for_each(|it| gaps(it, found)),
        },
        Value::Array(list) => list.iter().for_each(|it| gaps(it, found)),
        _ => {}
    }
}

/// Silence uses the time up that there is for all questions, so it is felt everywhere.
fn excuse(stage: &Stage, line: &Line) -> Option<&'static Excuse> {
    if matches!(line.fault, Fault::Stall) {
        return None;
    }
    let fault = format!("{:?}", line.fault);
    EXCUSED.iter().find(|(name, path, says, _)| {
        *name == stage.name && *path == line.path && fault.contains(says)
    })
}

/// What is wrong with what came of a line.
fn complaint(stage: &Stage, line: &Line, calm: &Told, told: &Told) -> Option<String> {
    let mut all = told.unsure.clone();
    gaps(&told.facts, &mut all);
    if let Some((why, _)) = all
        .iter()
        .find(|(_, needs)| needs.len() < 8 || needs == "a run that looks")
    {
        return Some(format!("nobody says what to do about: {why}"));
    }
    // Of what is told, what is needed.
    let part = |it: &Value| {
        shape(if stage.protection {
            &it["protection"]
        } else {
            it
        })
    };
    let (before, after) = (part(&calm.facts), part(&told.facts));
    if let Some((_, _, _, why)) = excuse(stage, line) {
        let count = |it: &Value| it.to_string().matches("\"unknown\"").count();
        let whole = says_no_more(&before, &after)
            && count(&before) == count(&after)
            && (told.decision == calm.decision || told.decision != "admit");
        return (!whole).then(|| format!("it changes something, although {why}: {after}"));
    }
    if told.decision == "admit" {
        return Some("the change is admitted".to_owned());
    }
    if matches!(line.fault, Fault::Put(..)) {
        // What is told is another request, and rightly so.
        return None;
    }
    if !says_no_more(&before, &after) {
        return Some(format!("something else is told than before: {after}"));
    }
    (before == after).then(|| "nothing is missing from what is told".to_owned())
}

/// Do the lines of a stage in several threads; gives what is wrong with them.
fn perform(
    stage: &Stage,
    gathered: &Gathered,
    change: &Change,
    lines: &[Line],
    calm: &Told,
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::SeqCst)) {
            let told = play(stage, change, gathered, line);
            if let Some(why) = complaint(stage, line, calm, &told) {
                wrong.push(format!("{}: {why}", line.name(stage)));
            }
        }
        wrong
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(work)).collect();
        let all = threads.into_iter();
        all.flat_map(|it| it.join().expect("no thread panics"))
            .collect()
    })
}

#[test]
fn whatever_goes_wrong_nothing_is_admitted() {
    let (mut count, mut wrong, mut excused) = (0, Vec::new(), BTreeSet::new());
    for stage in STAGES {
        let change = Change::of_production(stage.settings);
        let (gathered, endpoints) = stage.rehearse(&change);
        let calm = play(stage, &change, &gathered, &nothing());
        if stage.is_enough {
            assert_eq!(calm.decision, "admit", "{}: {:?}", stage.name, calm.unsure);
        }
        let other = stage.server(&change, "localhost");
        let mut lines = Vec::new();
        for endpoint in &endpoints {
            let mut all = faults(&other, stage.github);
            if endpoint.paged {
                all.extend(page_faults(
                    &other,
                    stage.github,
                    endpoint.path.contains("graphql"),
                ));
            }
            lines.extend(all.into_iter().map(|fault| Line {
                path: endpoint.path.clone(),
                fault,
                times: None,
            }));
        }
        lines.retain(|line| !is_answer(line));
        if !stage.protection {
            for times in [None, Some(1)] {
                lines.extend(moved(stage.github).into_iter().map(|fault| Line {
                    path: stage.request.to_owned(),
                    fault,
                    times,
                }));
            }
        }
        count += lines.len();
        let found = lines.iter().filter_map(|it| excuse(stage, it));
        excused.extend(found.map(|it| (it.0, it.1)));
        wrong.extend(perform(stage, &gathered, &change, &lines, &calm));
        assert!(
            other.seen().is_empty(),
            "{}: {:?}",
            stage.name,
            other.lines()
        );
    }
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 200, "{count}");
    assert_eq!(excused.len(), EXCUSED.len(), "an excuse that nothing needs");
}

fn nothing() -> Line {
    Line {
        path: "nowhere".to_owned(),
        fault: Fault::Empty,
        times: None,
    }
}

fn is_answer(line: &Line) -> bool {
    let fault = format!("{:?}", line.fault);
    ANSWERS
        .iter()
        .any(|(path, says)| *path == line.path && fault.contains(says))
}

/// What passes by itself is waited for, at each endpoint.
#[test]
fn trouble_that_passes_changes_nothing() {
    for stage in STAGES {
        let change = Change::of_production(stage.settings);
        let (gathered, endpoints) = stage.rehearse(&change);
        let calm = play(stage, &change, &gathered, &nothing());
        for fault in [
            Fault::Says(503, "down"),
            Fault::Says(429, "slow down"),
            Fault::Cut,
        ] {
            for endpoint in &endpoints {
                let line = Line {
                    path: endpoint.path.clone(),
                    fault: fault.clone(),
                    times: Some(1),
                };
                let told = play(stage, &change, &gathered, &line);
                let name = line.name(stage);
                assert_eq!(told.decision, calm.decision, "{name}: {:?}", told.unsure);
                assert_eq!(told.facts, calm.facts, "{name}");
            }
        }
    }
}

/// The same through the binary: one line for each fault.
#[test]
fn the_binary_says_what_went_wrong() {
    for stage in STAGES.iter().filter(|it| !it.protection) {
        let change = Change::of_production(stage.settings);
        let other = stage.server(&change, "localhost");
        let path = if stage.github {
            "repos/acme/gitops/pulls/7/reviews"
        } else {
            "api/v4/projects/42/merge_requests/7/approvals"
        };
        for fault in faults(&other, stage.github) {
            let forge = stage.server(&change, "127.0.0.1");
            let name = format!("{}: {fault:?}", stage.name);
            forge.fault(path, fault);
            let arguments = ["--forge-timeout", "2"];
            let (verdict, facts) = if stage.github {
                change.ask(&forge, &arguments)
            } else {
                let job = Job {
                    change: &change,
                    forge: &forge,
                    token: true,
                };
                job.check_with(&arguments)
            };
            assert_eq!(verdict.exit, 3, "{name}: {:?}", verdict.lines());
            assert!(facts["reviews"]["unknown"].is_object(), "{name}");
            let mut unsure = verdict.unsure();
            assert!(
                unsure.all(|it| it["needs"].as_str().is_some_and(|it| it.len() > 8)),
                "{name}"
            );
        }
        assert!(other.seen().is_empty(), "{:?}", other.lines());
    }
}

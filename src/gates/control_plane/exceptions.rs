//! The files with exceptions and with the baseline: what is wrong with them, what has run out, and
//! what a change adds to them.

use super::super::{GATES, GateContext};
use crate::{
    config::Config,
    finding::{Finding, Level},
    model::{
        AddedFindings, BaselineBefore, ExceptionFacts, ExceptionSubject, FileMistake, HeadBaseline,
        Place, Side, utc,
    },
    waivers::{LONGEST_DAYS, is_within, latest_expiry},
};

/// Subject, clause and place, as the gate tells what is weakened.
type Weakened = (String, String, Option<Place>);

/// Everything but what takes consent.
pub(super) fn findings(cx: GateContext<'_>) -> Vec<Finding> {
    let files = &cx.facts.waiver_files;
    let mut out = Vec::new();
    let head = files.exceptions.head.as_ref();
    out.extend(mistakes(
        &cx.config.exceptions.to_string(),
        &files.exceptions.mistakes,
        head.map(|it| (it.path.as_str(), it.mistakes.as_slice())),
    ));
    let before = &cx.facts.waivers.exceptions;
    out.extend(before.iter().filter_map(|it| in_base(cx, it)));
    let added = head.iter().flat_map(|it| &it.exceptions);
    out.extend(added.filter_map(|it| too_long(cx, it, Level::Deny)));
    let now = head.map_or(before, |it| &it.exceptions);
    out.extend(now.iter().flat_map(|it| unknown_names(cx.config, it)));

    let head = files.baseline.head.as_ref();
    out.extend(mistakes(
        &cx.config.baseline.to_string(),
        &files.baseline.mistakes,
        head.map(|it| (it.path.as_str(), it.mistakes.as_slice())),
    ));
    out.extend(head.iter().flat_map(|it| grows(it)));
    out
}

/// A file with a mistake waives nothing, which is the strict side: it holds nobody but the change
/// that touches it and leaves one in.
fn mistakes(
    path: &str,
    base: &[FileMistake],
    head: Option<(&str, &[FileMistake])>,
) -> Vec<Finding> {
    let rule = "control-plane/waiver-file";
    let told = |level, path: &str, message: String, it: &FileMistake| {
        let mut finding = Finding::new(level, rule, path, message).label(it.place.as_ref(), "here");
        finding.help.clone_from(&it.help);
        finding
    };
    if let Some((path, mistakes)) = head.filter(|it| !it.1.is_empty()) {
        let mistakes = mistakes.iter();
        return mistakes
            .map(|it| told(Level::Deny, path, it.message.clone(), it))
            .collect();
    }
    let then = match head {
        Some(_) => "this change mends that, and until then BASE's file waives nothing",
        None => "until that is mended, the file waives nothing",
    };
    let warn = |it: &FileMistake| {
        let message = format!("{}; {then}", it.message);
        told(Level::Warn, path, message, it)
    };
    base.iter().map(warn).collect()
}

/// What BASE's exceptions do not do any more, or not yet.
fn in_base(cx: GateContext<'_>, exception: &ExceptionFacts) -> Option<Finding> {
    let now = cx.facts.now;
    let head = cx.facts.waiver_files.exceptions.head.as_ref();
    if exception.expires > now {
        return too_long(cx, exception, Level::Warn).filter(|_| head.is_none());
    }
    let stays = |it: &ExceptionFacts| it.id == exception.id && it.expires <= now;
    if head.is_some_and(|it| !it.exceptions.iter().any(stays)) {
        return None;
    }
    let message = format!(
        "the exception of {} from `{}` ran out on {}",
        exception.owner,
        exception.rule,
        utc(exception.expires)
    );
    let finding = Finding::new(
        Level::Warn,
        "control-plane/exception-expired",
        subject(exception),
        message,
    );
    Some(
        finding
            .label(exception.place.as_ref(), "this exception")
            .help("remove it, or give it another expiry in a change of its own"),
    )
}

fn too_long(cx: GateContext<'_>, exception: &ExceptionFacts, level: Level) -> Option<Finding> {
    let latest = latest_expiry(cx.facts.now);
    if exception.expires <= latest {
        return None;
    }
    let message = format!(
        "it would hold until {}, which is more than {LONGEST_DAYS} days ahead, so it does not hold at all",
        utc(exception.expires)
    );
    let finding = Finding::new(
        level,
        "control-plane/exception-too-long",
        subject(exception),
        message,
    );
    Some(
        finding
            .label(exception.place.as_ref(), "this exception")
            .help(format!("let it end by {}; it can be renewed", utc(latest))),
    )
}

/// What an exception names that nobody knows: it covers nothing, or nobody answers for it.
fn unknown_names(config: &Config, exception: &ExceptionFacts) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut told = |message: String, help: String| {
        let rule = "control-plane/exception-names";
        let finding = Finding::new(Level::Warn, rule, subject(exception), message);
        out.push(
            finding
                .label(exception.place.as_ref(), "this exception")
                .help(help),
        );
    };
    if let Some((gate, rule)) = exception.rule.split_once('/') {
        let meta = GATES.iter().map(|it| it.meta()).find(|it| it.id == gate);
        let open = |rules: &[&str]| rules.iter().any(|it| it.starts_with('<'));
        if let Some(meta) = meta.filter(|it| !open(it.rules) && !it.rules.contains(&rule)) {
            told(
                format!("`{gate}` has no rule `{rule}`, so it waives nothing"),
                format!("its rules are {}", meta.rules.join(", ")),
            );
        }
    }
    if let ExceptionSubject::Resource {
        environment: Some(name),
        ..
    } = &exception.subject
        && config.environment(name).is_none()
    {
        let known: Vec<&str> = config
            .environments
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        told(
            format!("there is no environment `{name}`, so it waives nothing"),
            match known.as_slice() {
                [] => "leave it out: none is known".to_owned(),
                known => format!("there are {}", known.join(", ")),
            },
        );
    }
    if !answers(config, &exception.owner) {
        told(
            format!(
                "its owner `{}` is no group of tollgate.yaml and in none",
                exception.owner
            ),
            "name a group, or an account that is in one".to_owned(),
        );
    }
    out
}

/// Whether somebody is a group or in one, as far as the configuration can tell: who is in a team is
/// known to the forge alone.
fn answers(config: &Config, owner: &str) -> bool {
    let groups = &config.groups;
    let listed = || groups.values().flat_map(|it| &it.users);
    let is_owner = |login: &str| login.eq_ignore_ascii_case(owner);
    groups.is_empty()
        || groups.contains_key(owner)
        || groups.values().any(|it| it.team.is_some())
        || listed().any(|it| is_owner(it.login()) || is_owner(it.as_str()))
}

/// A baseline only shrinks, whoever agrees.
fn grows(head: &HeadBaseline) -> Vec<Finding> {
    if head.before != BaselineBefore::Known {
        return Vec::new();
    }
    let one = |it: &AddedFindings| {
        let more = match it.count {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let message = format!(
            "the baseline gets findings that BASE's does not know: {}{more}",
            it.first
        );
        Finding::new(Level::Deny, "control-plane/baseline-grows", &it.rule, message)
            .label(it.place.as_ref(), "this one")
            .help("a baseline only shrinks: mend what was found, or write an exception with an owner and an expiry (`tollgate explain exceptions`)")
    };
    head.added.iter().map(one).collect()
}

/// What takes the consent of those who answer for the rules.
pub(super) fn weakened(cx: GateContext<'_>) -> Vec<Weakened> {
    let files = &cx.facts.waiver_files;
    let mut out = Vec::new();
    for it in files.exceptions.head.iter().flat_map(|it| &it.exceptions) {
        if let Some(message) = widened(it, &cx.facts.waivers.exceptions, cx.facts.now) {
            out.push((subject(it), message, it.place.clone()));
        }
    }
    if let Some(head) = &files.baseline.head {
        out.extend(adopted(head));
    }
    out
}

/// What an exception of HEAD waives that none of BASE does.
fn widened(new: &ExceptionFacts, base: &[ExceptionFacts], now: u64) -> Option<String> {
    // One that lasts too long does not hold, so a shorter one is more.
    let latest = latest_expiry(now);
    let mut before = base.iter().filter(|it| it.expires <= latest);
    if new.expires <= now || before.any(|it| is_within(new, it)) {
        return None;
    }
    let verb = match base.iter().find(|it| it.id == new.id) {
        None => "is added",
        Some(old) if old.rule != new.rule || old.subject != new.subject => "is for something else",
        Some(_) => "holds longer",
    };
    Some(format!(
        "exception `{}` {verb}: it would waive `{}` for {} until {}",
        new.id,
        new.rule,
        covered(&new.subject),
        utc(new.expires)
    ))
}

/// `Deployment web/api-* in prod`.
fn covered(subject: &ExceptionSubject) -> String {
    match subject {
        ExceptionSubject::Exactly(subject) => format!("`{subject}`"),
        ExceptionSubject::Resource {
            environment,
            kind,
            namespace,
            name,
        } => {
            let namespace = namespace.as_ref().map(|it| format!("{it}/"));
            let namespace = namespace.unwrap_or_default();
            let place = match environment {
                Some(environment) => format!("in {environment}"),
                None => "in every environment".to_owned(),
            };
            format!("{kind} {namespace}{name} {place}")
        }
    }
}

/// The first baseline, or one in place of another that nobody can read.
fn adopted(head: &HeadBaseline) -> Option<Weakened> {
    let what = match head.before {
        BaselineBefore::Known => return None,
        BaselineBefore::None => "a first baseline",
        BaselineBefore::Unreadable => "another baseline, in place of one that cannot be read,",
    };
    let total: usize = head.added.iter().map(|it| it.count).sum();
    if total == 0 {
        return None;
    }
    let by_rule: Vec<String> = head
        .added
        .iter()
        .map(|it| format!("{} of {}", it.count, it.rule))
        .collect();
    let message = format!(
        "{what} would waive {} for good: {}",
        match total {
            1 => "1 finding".to_owned(),
            n => format!("{n} findings"),
        },
        by_rule.join(", ")
    );
    let place = Place::file(&head.path, Side::Head);
    Some((head.path.clone(), message, Some(place)))
}

fn subject(exception: &ExceptionFacts) -> String {
    format!("exception {}", exception.id)
}

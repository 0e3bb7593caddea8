use super::{CONTROL_PLANE, Cause, Examined, GATES, Gate, GateContext, Meta, Unsure, mended};
use crate::{
    config::{Config, Environment},
    finding::{Finding, Level},
    model::{
        ControlPlane as Class, ControlPlaneFile, Edit, FileMistake, Place, PolicyFacts, Side,
        WeakenedFacts,
    },
    reviews::{Consent, consent},
};

mod exceptions;
mod overrides;

pub(super) struct ControlPlane;

impl Gate for ControlPlane {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CONTROL_PLANE,
            title: "a change to the rules rides alone and is judged by the old ones",
            rules: &[
                "changed",
                "rides-along",
                "weakened",
                "configuration",
                "built-in",
                "override",
                "override-unapproved",
                "override-invalid",
                "override-expired",
                "waiver-file",
                "exception-expired",
                "exception-too-long",
                "exception-names",
                "baseline-grows",
            ],
            page: include_str!("control_plane.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        let environments = environments_that_differ(cx);
        for file in &cx.facts.control_plane {
            examined.examine(&file.path, 1);
            examined.findings.push(changed(file, &environments));
        }
        let mut weakened = weakened(cx);
        weakened.extend(exceptions::weakened(cx));
        if !weakened.is_empty() {
            let consent = consent(cx.facts, cx.config);
            for (subject, message, place) in weakened {
                examined.examine(&subject, 1);
                let finding = lowered(subject, message, &consent);
                examined
                    .findings
                    .push(finding.label(place.as_ref(), "here"));
            }
        }
        for finding in exceptions::findings(cx)
            .into_iter()
            .chain(leaves_built_in(cx))
            .chain(configuration(cx))
        {
            examined.examine(&finding.subject, 1);
            examined.findings.push(finding);
        }
        overrides::examine(cx, &mut examined);
        if examined.subjects.is_empty() {
            examined.nothing = Some("the change touches no rule".to_owned());
        }
        examined.unsure.extend(not_evaluated(cx));
        examined
    }
}

/// Settings of the configuration for which there is no gate. A demand that nobody looks at must not read
/// as one that is met. Both structs are taken apart by all of their fields, so that a new setting does not
/// compile until somebody has said here who reads it.
fn not_evaluated(cx: GateContext<'_>) -> Vec<Unsure> {
    let mut demands = Vec::new();
    let mut demand = |setting: String, gate: &'static str, is_made: bool| {
        if is_made && !GATES.iter().any(|it| it.meta().id == gate) {
            demands.push(setting);
        }
    };
    let Config {
        // Read by more than one gate, or by what comes before and after them.
        version: _,
        policies: _,
        groups: _,
        emergency: _,
        exceptions: _,
        baseline: _,
        environments,
        schema,
        secrets: _,
        pull_request,
        approvals,
        protection,
        rollback,
        handoff,
        audit,
    } = cx.config;
    for (setting, gate, is_made) in [
        ("approvals", "approvals", approvals.is_some()),
        ("protection", "protection", protection.is_some()),
        ("pull_request", "promotion", pull_request.is_some()),
        ("schema", "schemas", schema.is_some()),
        ("rollback", "promotion", rollback.is_some()),
        ("handoff", "handoff", handoff.is_some()),
        ("audit", "audit", audit.is_some()),
    ] {
        demand(setting.to_owned(), gate, is_made);
    }
    for environment in environments {
        let Environment {
            name,
            overlays: _,
            others: _,
            known: _,
            enforcement: _,
            promote_from,
            waves,
            images,
            argocd,
            freeze,
        } = environment;
        for (setting, gate, is_made) in [
            ("promote_from", "promotion", promote_from.is_some()),
            ("waves", "promotion", !waves.is_empty()),
            ("freeze", "promotion", freeze.is_some()),
            ("images", "images", images.is_some()),
            ("argocd", "argocd", argocd.is_some()),
        ] {
            demand(format!("environments.{name}.{setting}"), gate, is_made);
        }
    }
    let unsure = |setting: String| {
        let at = cx
            .settings
            .place(&setting)
            .map_or_else(String::new, |it| format!(" ({it})"));
        Unsure {
            why: format!("the configuration asks for `{setting}`{at}, which is not built yet"),
            needs: "remove the setting until a version of Tollgate evaluates it".to_owned(),
            subject: setting.into(),
            cause: Cause::Facts,
        }
    };
    demands.into_iter().map(unsure).collect()
}

/// Mistakes in HEAD's configuration: from the next change on it would be no configuration at all.
fn configuration(cx: GateContext<'_>) -> Vec<Finding> {
    let told = |it: &FileMistake| {
        let mut finding = Finding::new(
            Level::Deny,
            "control-plane/configuration",
            crate::config::FILE_NAME,
            it.message.clone(),
        )
        .label(it.place.as_ref(), "here");
        finding.help.clone_from(&it.help);
        finding
    };
    cx.facts.config_mistakes.iter().map(told).collect()
}

fn lowered(subject: String, message: String, consent: &Consent) -> Finding {
    let rule = "control-plane/weakened";
    match consent {
        Consent::Given(people) => Finding::new(
            Level::Warn,
            rule,
            subject,
            format!("{message}, approved by {}", people.join(", ")),
        ),
        Consent::Missing => Finding::new(Level::Deny, rule, subject, message).help(
            "this change is judged by BASE's rules; to lower them takes the approvals that the rule with `when: {control_plane: true}` asks for",
        ),
        Consent::NobodyAsked => Finding::new(Level::Deny, rule, subject, message).help(
            "this change is judged by BASE's rules; say in `approvals.rules` whose approval it takes to lower them: `{name: rules, when: {control_plane: true}, require: {count: 2, from: [GROUP]}}`",
        ),
    }
}

fn environments_that_differ(cx: GateContext<'_>) -> Vec<&str> {
    let mut names: Vec<&str> = cx
        .facts
        .overlays
        .iter()
        .filter(|it| it.differs_beyond_rules())
        .map(|it| it.environment.as_deref().unwrap_or("no environment"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn changed(file: &ControlPlaneFile, environments: &[&str]) -> Finding {
    let what = match file.class {
        Class::Policy => "a policy",
        Class::Exception => "a policy exception",
        Class::Fixture => "a fixture",
        Class::Configuration => "the gate's configuration",
        Class::Owners => "the owners",
        Class::Ci => "the pipeline that runs the gate",
    };
    let (verb, side) = match file.edit {
        Edit::Added => ("adds", Side::Head),
        Edit::Modified => ("changes", Side::Head),
        Edit::Deleted => ("deletes", Side::Base),
    };
    let place = Place::file(&file.path, side);
    if environments.is_empty() {
        return Finding::new(
            Level::Warn,
            "control-plane/changed",
            &file.path,
            format!("{verb} {what}"),
        )
        .label(Some(&place), "this file")
        .help("this change is judged by BASE's rules; the new ones hold from the next change on");
    }
    let list = environments.join(", ");
    Finding::new(
        Level::Deny,
        "control-plane/rides-along",
        &file.path,
        format!("{verb} {what} together with what {list} receives"),
    )
    .label(Some(&place), "this file")
    .help("put the rules and the deployment in two changes, the rules first")
}

/// Built-in policies of which the repository's own take the place. That they are switched off is for
/// the configuration to tell.
fn leaves_built_in(cx: GateContext<'_>) -> Option<Finding> {
    let (base, head) = (&cx.facts.base_policies, &cx.facts.head_policies);
    let has_own = head.iter().any(|it| !it.builtin);
    let stays = |old: &PolicyFacts| head.iter().any(|it| it.builtin && it.name == old.name);
    let gone: Vec<&str> = base
        .iter()
        .filter(|it| it.builtin && has_own && !stays(it))
        .map(|it| it.name.as_str())
        .collect();
    if gone.is_empty() {
        return None;
    }
    let message = format!(
        "from the next change on, policies of the repository's own judge in place of {} that are built in: {}",
        gone.len(),
        gone.join(", ")
    );
    let finding = Finding::new(
        Level::Warn,
        "control-plane/built-in",
        "built-in policies",
        message,
    );
    Some(finding.help("where the own policies do not ask for the same, `policies: {builtin: on}` in tollgate.yaml keeps both"))
}

/// What is weakened where, with a resource that shows it.
fn clause(it: &WeakenedFacts) -> String {
    let mut clause = it.why.clone();
    if !it.environments.is_empty() {
        clause = format!("{clause} in {}", it.environments.join(", "));
    }
    let more = match it.more {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    match &it.shown {
        Some(shown) => format!("{clause}: {shown}{more}"),
        None => clause,
    }
}

/// What HEAD demands less of than BASE: subject, clause and place.
fn weakened(cx: GateContext<'_>) -> Vec<(String, String, Option<Place>)> {
    let facts = cx.facts;
    let mut out = Vec::new();
    let mended = mended(cx);
    for (name, it) in &mended {
        let message = format!(
            "nobody can say whether it decides as much as it did, because it could not be read: {}",
            it.message
        );
        out.push(((*name).to_owned(), message, it.place.clone()));
    }
    // What it seems to have asked for is a part of that.
    let is_part =
        |it: &WeakenedFacts| it.shown.is_none() && mended.iter().any(|(name, _)| *name == it.name);
    // What stands in a file that nobody can read in HEAD is no loss that anybody could agree to: `policy-tests`
    // asks for the file to be mended.
    let is_hidden = |it: &WeakenedFacts| {
        let mut problems = facts.problems.iter();
        problems.any(|problem| {
            (&*problem.gate, problem.hides_rules, problem.before) == ("policy-tests", true, false)
                && it
                    .place
                    .as_ref()
                    .is_some_and(|it| it.path == problem.subject)
        })
    };
    let told = |it: &&WeakenedFacts| !is_part(it) && !is_hidden(it);
    for it in facts.weakened.iter().filter(told) {
        out.push((it.name.clone(), clause(it), it.place.clone()));
    }
    for file in &facts.control_plane {
        if (file.class, file.edit) == (Class::Fixture, Edit::Deleted) {
            out.push((
                file.path.clone(),
                "a fixture is gone".to_owned(),
                Some(Place::file(&file.path, Side::Base)),
            ));
        }
    }
    let name = crate::config::FILE_NAME;
    for it in &facts.fewer_failures {
        let message = format!(
            "fixtures expect {} of rule `{}`, where {} did before",
            failures(it.after),
            it.rule,
            it.before
        );
        out.push((it.policy.clone(), message, None));
    }
    out.extend(
        facts
            .eased
            .iter()
            .map(|it| (it.overlay.clone(), it.message.clone(), None)),
    );
    out.extend(facts.lowered.iter().map(|it| {
        let place = Place::file(name, Side::Head);
        (name.to_owned(), it.clone(), Some(place))
    }));
    out
}

fn failures(n: usize) -> String {
    match n {
        0 => "no failure".to_owned(),
        1 => "1 failure".to_owned(),
        n => format!("{n} failures"),
    }
}

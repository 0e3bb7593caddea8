use super::{Cause, Examined, Gate, GateContext, Meta, Unsure, problems, subject, unknown_overlay};
use crate::{
    config::Enforcement,
    finding::{Disposition, Finding, Level, Subject},
    model::{SchemaFacts, SchemaResult, SchemaRule},
};
use std::collections::BTreeMap;

pub(super) struct Schemas;

impl Gate for Schemas {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "schemas",
            title: "every resource that the change would send is valid for its kind",
            rules: &[
                "invalid",
                "unknown-field",
                "removed",
                "deprecated",
                "unknown-kind",
            ],
            page: include_str!("schemas.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        problems(cx, "schemas", "schemas/invalid", &mut examined);
        let overlays = cx.overlays();
        let mut unknown = Unknown::new();
        for facts in &cx.facts.schemas {
            let Some(&overlay) = overlays.get(facts.overlay.as_str()) else {
                examined
                    .unsure
                    .push(unknown_overlay("schema", &facts.overlay));
                continue;
            };
            let subject = subject(overlay, &facts.resource);
            let enforcement = cx.enforcement(overlay).unwrap_or(Enforcement::Strict);
            for result in &facts.results {
                if result.rule == SchemaRule::UnknownKind {
                    let key = &facts.resource;
                    let kind = (
                        overlay.environment.as_deref(),
                        &*key.api_version,
                        &*key.kind,
                    );
                    let (_, results) = unknown.entry(kind).or_insert((enforcement, Vec::new()));
                    results.push((result, cx.known(overlay).filter(|_| result.known)));
                } else {
                    judge(
                        result,
                        (enforcement, cx.known(overlay).filter(|_| result.known)),
                        &subject,
                        &mut examined,
                    );
                }
            }
            examined.examine(subject, 1);
        }
        examined.findings.extend(unknown_kinds(&unknown));
        if examined.subjects.is_empty() {
            examined.nothing = Some("no environment would receive anything new".to_owned());
        }
        unvalidated(cx, &mut examined);
        examined
    }
}

/// What no schema is known for, by environment, API version and kind.
type Unknown<'a> = BTreeMap<
    (Option<&'a str>, &'a str, &'a str),
    (Enforcement, Vec<(&'a SchemaResult, Option<Disposition>)>),
>;

/// One finding a kind and environment: a repository full of custom resources is not told of each.
fn unknown_kinds(unknown: &Unknown<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((environment, api_version, kind), (enforcement, results)) in unknown {
        // One that is new is told first, and the kind is old where every resource is.
        let new = results.iter().find(|it| it.1.is_none());
        let Some((first, disposition)) = new.or(results.first()) else {
            continue;
        };
        let here = match results.len() {
            1 => "this resource".to_owned(),
            n => format!("the first of {n} resources"),
        };
        let level = weight(Level::Note, *enforcement);
        let subject = Subject::within(*environment, format_args!("{kind} of {api_version}"));
        let mut finding = Finding::new(
            level,
            "schemas/unknown-kind",
            subject,
            first.message.clone(),
        )
        .label(first.place.as_ref(), here);
        finding.help.clone_from(&first.help);
        finding.disposition = disposition.clone().unwrap_or_default();
        findings.push(finding);
    }
    findings
}

fn weight(mistake: Level, enforcement: Enforcement) -> Level {
    match enforcement {
        Enforcement::Audit => mistake.min(Level::Warn),
        Enforcement::Enforce => mistake,
        Enforcement::Strict => Level::Deny,
    }
}

/// What a result weighs where. `audit` reports, `enforce` holds what a cluster would refuse or
/// drop, `strict` holds warnings and kinds that nobody knows too. What could not be judged leaves both
/// undecided, so that nothing can waive it.
fn judge(
    result: &SchemaResult,
    (enforcement, known): (Enforcement, Option<Disposition>),
    subject: &Subject,
    examined: &mut Examined,
) {
    let (rule, mistake) = match result.rule {
        SchemaRule::Invalid => ("schemas/invalid", Level::Deny),
        SchemaRule::UnknownField => ("schemas/unknown-field", Level::Deny),
        SchemaRule::Removed => ("schemas/removed", Level::Deny),
        SchemaRule::Deprecated => ("schemas/deprecated", Level::Warn),
        SchemaRule::Unchecked => ("schemas/invalid", Level::Deny),
        // Told by kind.
        SchemaRule::UnknownKind => return,
    };
    if result.rule == SchemaRule::Unchecked && enforcement != Enforcement::Audit && known.is_none()
    {
        examined.unsure.push(Unsure {
            subject: subject.clone(),
            why: result.message.clone(),
            needs: result
                .help
                .clone()
                .unwrap_or_else(|| "mend the custom resource definition".to_owned()),
            cause: Cause::Facts,
        });
        return;
    }
    let level = weight(mistake, enforcement);
    let here = match &result.missing {
        Some(missing) => format!("{missing} is missing here"),
        None if result.field.is_empty() => "this resource".to_owned(),
        None => format!("{} is set here", result.field),
    };
    let mut finding = Finding::new(level, rule, subject, result.message.clone())
        .label(result.place.as_ref(), here)
        .label(result.overridden.as_ref(), "and overrides this")
        .label(result.definition.as_ref(), "the definition that decides");
    finding.help.clone_from(&result.help);
    finding.disposition = known.unwrap_or_default();
    examined.findings.push(finding);
}

/// Facts must speak of every resource that changed: one they are silent about is not valid.
fn unvalidated(cx: GateContext<'_>, examined: &mut Examined) {
    let mut known: BTreeMap<&str, Vec<&SchemaFacts>> = BTreeMap::new();
    for facts in &cx.facts.schemas {
        known.entry(&facts.overlay).or_default().push(facts);
    }
    for overlay in &cx.facts.overlays {
        let changed = overlay.changed();
        let judged = known.get(overlay.path.as_str()).map_or(0, Vec::len);
        if judged < changed.len() {
            examined.unsure.push(Unsure {
                subject: overlay.subject(),
                why: format!(
                    "{judged} of {} changed resources were validated",
                    changed.len()
                ),
                needs: "mend what is named above, or gather the facts again".to_owned(),
                cause: Cause::Facts,
            });
        }
    }
}

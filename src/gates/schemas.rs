use super::{Cause, Examined, Gate, GateContext, Meta, Unsure, policies::subject, problems};
use crate::{
    config::Enforcement,
    finding::{Finding, Level},
    model::{OverlayFacts, SchemaFacts, SchemaResult, SchemaRule},
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
        let overlays: BTreeMap<&str, &OverlayFacts> = cx
            .facts
            .overlays
            .iter()
            .map(|it| (it.path.as_str(), it))
            .collect();
        for facts in &cx.facts.schemas {
            // Facts about an overlay that the facts do not list can only be damaged.
            let Some(overlay) = overlays.get(facts.overlay.as_str()) else {
                examined.unsure.push(unknown_overlay(facts));
                continue;
            };
            let subject = subject(overlay, &facts.resource.to_string());
            let enforcement = cx.enforcement(overlay).unwrap_or(Enforcement::Strict);
            for result in &facts.results {
                judge(result, enforcement, &subject, &mut examined);
            }
            examined.examine(subject, 1);
        }
        if examined.subjects.is_empty() {
            examined.nothing = Some("no environment would receive anything new".to_owned());
        }
        unvalidated(cx, &mut examined);
        examined
    }
}

/// What a result weighs where. `audit` reports, `enforce` holds what a cluster would refuse or
/// drop, `strict` holds warnings and what could not be judged too.
fn judge(result: &SchemaResult, enforcement: Enforcement, subject: &str, examined: &mut Examined) {
    let (rule, mistake) = match result.rule {
        SchemaRule::Invalid => ("schemas/invalid", Level::Deny),
        SchemaRule::UnknownField => ("schemas/unknown-field", Level::Deny),
        SchemaRule::Removed => ("schemas/removed", Level::Deny),
        SchemaRule::Deprecated => ("schemas/deprecated", Level::Warn),
        SchemaRule::UnknownKind => ("schemas/unknown-kind", Level::Note),
        SchemaRule::Unchecked => ("schemas/invalid", Level::Deny),
    };
    if result.rule == SchemaRule::Unchecked && enforcement == Enforcement::Enforce {
        examined.unsure.push(Unsure {
            subject: subject.to_owned(),
            why: result.message.clone(),
            needs: result
                .help
                .clone()
                .unwrap_or_else(|| "mend the custom resource definition".to_owned()),
            cause: Cause::Facts,
        });
        return;
    }
    let level = match enforcement {
        Enforcement::Audit => mistake.min(Level::Warn),
        Enforcement::Enforce => mistake,
        Enforcement::Strict => Level::Deny,
    };
    let here = if result.field.is_empty() {
        "this resource".to_owned()
    } else {
        format!("{} is set here", result.field)
    };
    let mut finding = Finding::new(level, rule, subject, result.message.clone())
        .label(result.place.as_ref(), here)
        .label(result.overridden.as_ref(), "and overrides this")
        .label(result.definition.as_ref(), "the definition that decides");
    finding.help.clone_from(&result.help);
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

fn unknown_overlay(facts: &SchemaFacts) -> Unsure {
    Unsure {
        subject: facts.overlay.clone(),
        why: "a schema result names an overlay that the facts do not list".to_owned(),
        needs: "gather the facts again".to_owned(),
        cause: Cause::Facts,
    }
}

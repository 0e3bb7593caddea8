//! What CODEOWNERS of BASE asks.

use super::{Judge, unsure};
use crate::{
    finding::{Finding, Level},
    gates::{Cause, Examined, GateContext, Unsure},
    model::{
        ControlPlane, Edit,
        owners::{DemandFacts, OwnersFacts, OwnersMistake},
    },
    reviews::{Consent, NAMED, Outcome, Standing, approvals, consent},
};

impl Judge<'_> {
    /// Every line of CODEOWNERS that decided for a changed file.
    pub(super) fn owners(&self, owners: &OwnersFacts, examined: &mut Examined) -> bool {
        let mut doubted = false;
        for asked in &owners.demands {
            if asked.demand.owners.is_empty() {
                continue;
            }
            let standing = self.bench.owners(&asked.demand, owners.dialect);
            // An optional section holds nothing, so it need not be certain either.
            doubted |= !asked.demand.optional && standing.outcome == Outcome::Met { doubted: true };
            self.owned(asked, owners, &standing, examined);
        }
        doubted
    }

    fn owned(
        &self,
        asked: &DemandFacts,
        owners: &OwnersFacts,
        standing: &Standing<'_>,
        examined: &mut Examined,
    ) {
        let demand = &asked.demand;
        let subject = subject(asked);
        let place = Some(&demand.place);
        let list: Vec<String> = demand.owners.iter().map(ToString::to_string).collect();
        let message = format!(
            "{} of {} {} of {} for {}: {}",
            standing.counted.len(),
            demand.count,
            approvals(demand.count),
            either(&list),
            files(&asked.files),
            self.bench.who(standing)
        );
        let level = match &standing.outcome {
            Outcome::Met { .. } => {
                let finding = Finding::new(Level::Note, "approvals/counted", subject, message);
                examined
                    .findings
                    .push(finding.label(place, "this line decides"));
                return;
            }
            Outcome::Unsure(gaps) if !demand.optional => {
                let gaps = gaps.iter().map(|it| unsure(&subject, it));
                examined.unsure.extend(gaps);
                return;
            }
            Outcome::Unsure(_) | Outcome::Missing if demand.optional => Level::Warn,
            Outcome::Unsure(_) | Outcome::Missing => Level::Deny,
        };
        let help = if self.bench.only_makers_own(demand, owners.dialect) {
            let only = if demand.owners.len() == 1 {
                "the only owner has"
            } else {
                "all owners have"
            };
            format!(
                "{only} made this change, and nobody can approve his own: name somebody else in {}",
                demand.place.path
            )
        } else if standing.askable.is_empty() {
            format!("one of {} must approve", either(&list))
        } else {
            let shown: Vec<&str> = standing.askable.iter().map(String::as_str).collect();
            let more = if shown.len() > NAMED { ", ..." } else { "" };
            let shown = shown.get(..NAMED).unwrap_or(&shown);
            format!("ask {}{more}", shown.join(", "))
        };
        let finding = Finding::new(level, "approvals/owners", subject, message);
        examined
            .findings
            .push(finding.label(place, "this line decides").help(help));
    }
}

/// Owners that cannot be read own everything: nobody can tell whose approval is missing. A change that
/// mends the file, with the consent of those who answer for the rules, is let through.
pub(super) fn unreadable(
    cx: GateContext<'_>,
    owners: Option<&OwnersFacts>,
    examined: &mut Examined,
) {
    let Some(owners) = owners else {
        examined.unsure.push(Unsure {
            subject: "owners of the changed files".into(),
            why: "nobody looked for CODEOWNERS".to_owned(),
            needs: "facts of a run that does".to_owned(),
            cause: Cause::Facts,
        });
        return;
    };
    if owners.mistakes.is_empty() {
        return;
    }
    let mends = cx
        .facts
        .control_plane
        .iter()
        .any(|it| it.class == ControlPlane::Owners && it.edit != Edit::Deleted);
    let agreed = mends && matches!(consent(cx.facts, cx.config), Consent::Given(_));
    let level = if agreed { Level::Warn } else { Level::Deny };
    let findings = owners.mistakes.iter().map(|it| mistake(it, level));
    examined.findings.extend(findings);
}

fn mistake(mistake: &OwnersMistake, level: Level) -> Finding {
    let finding = Finding::new(
        level,
        "approvals/owners-unreadable",
        "CODEOWNERS of BASE",
        format!("nobody can say who owns what: {}", mistake.message),
    );
    let help = mistake.help.as_deref().unwrap_or("mend the file");
    finding.label(mistake.place.as_ref(), "here").help(format!(
        "{help}; a change that mends it passes where a rule with `when: {{control_plane: true}}` is met"
    ))
}

pub(super) fn subject(asked: &DemandFacts) -> String {
    match &asked.demand.section {
        Some(section) => format!("owners of `{}` in section {section}", asked.demand.pattern),
        None => format!("owners of `{}`", asked.demand.pattern),
    }
}

/// `a.yaml`, `a.yaml and 3 more`.
fn files(files: &[String]) -> String {
    match files {
        [] => "no file".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn either(names: &[String]) -> String {
    if names.len() > NAMED {
        let shown = names.get(..NAMED).unwrap_or(names);
        return format!("{} or {} more", shown.join(", "), names.len() - NAMED);
    }
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

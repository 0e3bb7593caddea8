use super::{Cause, Examined, Gate, GateContext, Meta, Unsure, forge_notes};
use crate::{
    config::{self, Enforcement},
    finding::{Finding, Level},
    model::{Bypass, ForgeKind, Gap, Place, ProtectionFacts},
    reviews,
};
use std::collections::BTreeMap;

mod advice;
mod demands;

pub use demands::{Answer, Demand, demands};

pub(super) struct Protection;

/// Names that a list shows.
const NAMED: usize = 8;

impl Gate for Protection {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "protection",
            title: "the forge protects the branch as configured",
            rules: &[
                "weaker",
                "bypass",
                "unknown",
                "open-check",
                "holds",
                "forge",
            ],
            page: include_str!("protection.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        let Some(protection) = &cx.config.protection else {
            examined.nothing =
                Some("the configuration asks for no protection of the branch".to_owned());
            return examined;
        };
        let told = told(cx);
        let branch = told.as_ref().map_or("", |it| it.branch.as_str());
        let stray = told.as_ref().ok().and_then(|it| stray(cx, it));
        let demands = match &stray {
            Some(gap) => demands(&protection.require, Err(gap.clone())),
            None => demands(&protection.require, told),
        };
        if demands.is_empty() {
            examined.nothing = Some("`protection.require` asks for nothing".to_owned());
            return examined;
        }
        let judge = Judge { cx, branch };
        for demand in &demands {
            examined.examine(judge.subject(&demand.name), 1);
        }
        match stray {
            Some(gap) => {
                let all: Vec<&Demand> = demands.iter().collect();
                examined.unsure.push(judge.unsure(&gap, &all));
            }
            None => judge.judge(&demands, &protection.on_unknown, &mut examined),
        }
        // One gate tells them; that of the approvals, where there is one.
        if cx.config.approvals.is_none() {
            let notes = forge_notes(cx, "protection/forge");
            examined.findings.extend(notes);
        }
        examined
    }
}

/// What the forge says of the branch, or why it says nothing of it.
fn told<'a>(cx: GateContext<'a>) -> Result<&'a ProtectionFacts, Gap> {
    let gap = |why: String, needs: &str| Gap {
        why,
        needs: needs.to_owned(),
    };
    let in_request = "a run in the pipeline of the pull or merge request";
    let Some(forge) = &cx.facts.forge else {
        return Err(gap("no forge was asked".to_owned(), in_request));
    };
    let Some(told) = &forge.protection else {
        let why = format!("{} was not asked about the protection", forge.forge);
        return Err(gap(why, "facts of a run that asks"));
    };
    // Where nothing is said of any branch, each control says why.
    if !told.branch.is_empty() && targets(cx).next().is_none() {
        let why = format!(
            "nobody says which branch the change is for; what is known is about `{}`",
            told.branch
        );
        return Err(gap(why, in_request));
    }
    Ok(told)
}

/// The branches that the change is for, as the CI system and as the forge names it.
fn targets<'a>(cx: GateContext<'a>) -> impl Iterator<Item = &'a str> {
    let proposal = cx.facts.change.proposal.as_ref().map(|it| &it.branch);
    let request = cx.facts.forge.as_ref();
    let request = request
        .and_then(|it| it.request.get().ok())
        .map(|it| &it.branch);
    let both = proposal.into_iter().chain(request).map(String::as_str);
    both.filter(|it| !it.is_empty())
}

/// Answers about another branch are no answers, however lenient the change is judged.
fn stray(cx: GateContext<'_>, told: &ProtectionFacts) -> Option<Gap> {
    if told.branch.is_empty() {
        let known = told.told().iter().any(|it| it.answer.get().is_ok());
        return known.then(|| Gap {
            why: "the answers do not say which branch they are about".to_owned(),
            needs: "facts that name it".to_owned(),
        });
    }
    let other = targets(cx).find(|it| *it != told.branch)?;
    Some(Gap {
        why: format!(
            "the change is for `{other}`, and the answers are about `{}`",
            told.branch
        ),
        needs: "answers about the branch that the change is for".to_owned(),
    })
}

/// The gate at work.
struct Judge<'a> {
    cx: GateContext<'a>,
    /// The branch that the answers are about; empty where there are none.
    branch: &'a str,
}

impl Judge<'_> {
    fn judge(&self, demands: &[Demand], rule: &config::OnUnknown, examined: &mut Examined) {
        let mut holding = Vec::new();
        let mut gaps: BTreeMap<&Gap, Vec<&Demand>> = BTreeMap::new();
        for demand in demands {
            match &demand.answer {
                Answer::Holds { by, open } => {
                    holding.push((demand, by));
                    if *open && self.forge() != Some(ForgeKind::Gitlab) {
                        examined.findings.push(self.open(demand));
                    }
                }
                Answer::Weaker { found, by } => {
                    examined.findings.push(self.weaker(demand, found, by));
                }
                Answer::Bypassed(all) => {
                    let all = all.iter().map(|it| self.bypass(demand, it));
                    examined.findings.extend(all);
                }
                Answer::Unknown(gap) => gaps.entry(gap).or_default().push(demand),
            }
        }
        let holds = self.on_unknown(rule);
        for (gap, demands) in gaps {
            if holds == config::Unknown::Fail {
                examined.unsure.push(self.unsure(gap, &demands));
            } else {
                examined.findings.push(self.unknown(gap, &demands));
            }
        }
        examined
            .findings
            .extend(self.holds(&holding, demands.len()));
    }

    /// What an unknown does: the strictest answer of the environments that the change touches.
    fn on_unknown(&self, rule: &config::OnUnknown) -> config::Unknown {
        let of = |enforcement: Enforcement| {
            let own = match enforcement {
                Enforcement::Audit => rule.audit,
                Enforcement::Enforce => rule.enforce,
                Enforcement::Strict => rule.strict,
            };
            own.unwrap_or(rule.default)
        };
        let touched = reviews::enforced(self.cx.facts, self.cx.config);
        let fails = |it: config::Unknown| it == config::Unknown::Fail;
        let held = if touched.is_empty() {
            fails(rule.default)
        } else {
            touched.into_iter().map(of).any(fails)
        };
        if held {
            config::Unknown::Fail
        } else {
            config::Unknown::Warn
        }
    }

    /// The forge whose words advice is given in; `None` where nobody knows it.
    fn forge(&self) -> Option<ForgeKind> {
        let forge = self.cx.facts.forge.as_ref()?;
        ForgeKind::named(&forge.forge)
    }

    fn branch(&self) -> String {
        match self.branch {
            "" => "the branch".to_owned(),
            name => format!("branch `{name}`"),
        }
    }

    fn subject(&self, setting: &str) -> String {
        format!("{}: {setting}", self.branch())
    }

    fn place(&self, demand: &Demand) -> Option<&Place> {
        self.cx.place(&demand.setting)
    }

    fn weaker(&self, demand: &Demand, found: &str, by: &str) -> Finding {
        let message = format!("{found} ({by})");
        let subject = self.subject(&demand.name);
        Finding::new(Level::Deny, "protection/weaker", subject, message)
            .label(self.place(demand), "this setting asks for it")
            .help(advice::on(demand.control, self.forge()))
    }

    fn bypass(&self, demand: &Demand, bypass: &Bypass) -> Finding {
        let Bypass { actor, mode, by } = bypass;
        let when = match mode.as_str() {
            "always" => "at any time".to_owned(),
            "pull_request" => "in a pull request".to_owned(),
            "exempt" => "at any time and without a trace".to_owned(),
            other => format!("in the mode `{other}`"),
        };
        let message = format!("`{actor}` may go around the protection {when} ({by})");
        let subject = format!("{} for {actor}", self.subject(&demand.name));
        let advice = advice::on(demand.control, self.forge());
        Finding::new(Level::Deny, "protection/bypass", subject, message)
            .label(self.place(demand), "this list does not name it")
            .help(format!(
                "{advice}; or, where it is meant to, list `{actor}` in `protection.require.bypass`"
            ))
    }

    /// Who reports the check is open.
    fn open(&self, demand: &Demand) -> Finding {
        let message = "anybody who may write to the repository can report this check: neither the configuration nor the forge says which app must";
        let subject = self.subject(&demand.name);
        Finding::new(Level::Note, "protection/open-check", subject, message)
            .label(self.place(demand), "here it has no source")
            .help("name the app: `{context: NAME, source: NUMBER}`, and choose it in the rule on GitHub as well; GitHub Actions is 15368")
    }

    fn unknown(&self, gap: &Gap, demands: &[&Demand]) -> Finding {
        let message = format!("not known: {}", gap.why);
        let subject = self.subject(&list(demands));
        let finding = Finding::new(Level::Warn, "protection/unknown", subject, message);
        let finding = match demands {
            [one] => finding.label(self.place(one), "this setting asks for it"),
            _ => {
                let all = self.cx.place("protection.require");
                finding.label(all, "these settings ask for it")
            }
        };
        finding.help(&gap.needs)
    }

    fn unsure(&self, gap: &Gap, demands: &[&Demand]) -> Unsure {
        Unsure {
            subject: self.subject(&list(demands)).into(),
            why: gap.why.clone(),
            needs: gap.needs.clone(),
            cause: Cause::Facts,
        }
    }

    /// One note for all settings that hold, by what the forge answered them with.
    fn holds(&self, holding: &[(&Demand, &String)], of: usize) -> Option<Finding> {
        let mut by_answer: BTreeMap<&str, Vec<&Demand>> = BTreeMap::new();
        for (demand, by) in holding {
            by_answer.entry(by).or_default().push(demand);
        }
        let parts: Vec<String> = by_answer
            .iter()
            .map(|(by, demands)| format!("{} ({by})", list(demands)))
            .collect();
        let message = match (holding.len(), of) {
            (0, _) => return None,
            (1, 1) => format!("the setting that is asked for holds: {}", parts.join("; ")),
            (some, all) if some == all => {
                format!(
                    "all {all} settings that are asked for hold: {}",
                    parts.join("; ")
                )
            }
            (some, all) => format!(
                "{some} of {all} settings that are asked for hold: {}",
                parts.join("; ")
            ),
        };
        let place = self.cx.place("protection.require");
        let finding = Finding::new(Level::Note, "protection/holds", self.branch(), message);
        Some(finding.label(place, "these are asked for"))
    }
}

/// `approvals, deletion and 3 more`.
fn list(demands: &[&Demand]) -> String {
    let shown: Vec<&str> = (demands.iter().take(NAMED))
        .map(|it| it.name.as_str())
        .collect();
    match demands.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests;

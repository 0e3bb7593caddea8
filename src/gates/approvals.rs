use super::{Cause, Examined, Gate, GateContext, Meta, Unsure, forge_notes};
use crate::{
    config::{ApprovalRule, ChangesRequested, Codeowners},
    finding::{Finding, Level},
    model::{Gap, owners::OwnersFacts},
    reviews::{self, Bench, Objection, Outcome, Standing, Strictness, score},
};

mod owners;

pub(super) struct Approvals;

impl Gate for Approvals {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "approvals",
            title: "everybody whose approval the change needs has approved what is judged",
            rules: &[
                "missing",
                "no-rule",
                "owners",
                "owners-unreadable",
                "changes-requested",
                "draft",
                "unknown-contributor",
                "counted",
                "forge",
            ],
            page: include_str!("approvals.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        let Some(approvals) = &cx.config.approvals else {
            examined.nothing = Some("the configuration asks for no approvals".to_owned());
            return examined;
        };
        let rules: Vec<(usize, &ApprovalRule)> = approvals
            .rules
            .iter()
            .enumerate()
            .filter(|(_, it)| reviews::applies(&it.when, cx.facts))
            .collect();
        for (_, rule) in &rules {
            examined.examine(subject(rule), 1);
        }
        let owners =
            (approvals.codeowners == Codeowners::Enforce).then_some(cx.facts.owners.as_ref());
        if let Some(owners) = owners {
            let demands = owners.iter().flat_map(|it| &it.demands);
            for asked in demands.filter(|it| !it.demand.owners.is_empty()) {
                examined.examine(owners::subject(asked), 1);
            }
            owners::unreadable(cx, owners, &mut examined);
        }
        if rules.is_empty() {
            examined.examine("rules for the change", 1);
            examined.findings.extend(no_rule(cx, owners.flatten()));
        }
        match Bench::convene(cx.facts, cx.config) {
            Ok(bench) => Judge { cx, bench }.judge(&rules, owners.flatten(), &mut examined),
            Err(gap) => examined.unsure.push(unsure("reviews of the change", &gap)),
        }
        examined.findings.extend(forge_notes(cx, "approvals/forge"));
        examined
    }
}

/// The gate at work.
struct Judge<'a> {
    cx: GateContext<'a>,
    bench: Bench<'a>,
}

impl Judge<'_> {
    fn judge(
        &self,
        rules: &[(usize, &ApprovalRule)],
        owners: Option<&OwnersFacts>,
        examined: &mut Examined,
    ) {
        if self.bench.request().draft {
            examined.findings.push(self.draft());
        }
        self.objections(examined);
        let mut doubted = false;
        for (index, rule) in rules {
            let standing = self.bench.standing(&rule.require);
            doubted |= standing.outcome == Outcome::Met { doubted: true };
            self.rule(*index, rule, &standing, examined);
        }
        doubted |= owners.is_some_and(|it| self.owners(it, examined));
        if doubted {
            self.doubt(examined);
        }
    }

    fn rule(
        &self,
        index: usize,
        rule: &ApprovalRule,
        standing: &Standing<'_>,
        examined: &mut Examined,
    ) {
        let subject = subject(rule);
        let setting = format!("approvals.rules[{index}]");
        let place = self.cx.place(&format!("{setting}.require"));
        let message = format!(
            "{}: {}",
            score(&rule.require, standing),
            self.bench.who(standing)
        );
        match &standing.outcome {
            Outcome::Met { .. } => {
                let finding = Finding::new(Level::Note, "approvals/counted", subject, message);
                examined
                    .findings
                    .push(finding.label(place, "this rule asks for it"));
            }
            Outcome::Unsure(gaps) => {
                examined
                    .unsure
                    .extend(gaps.iter().map(|it| unsure(&subject, it)));
            }
            Outcome::Missing => {
                let finding = Finding::new(Level::Deny, "approvals/missing", subject, message);
                examined.findings.push(
                    finding
                        .label(place, "this rule asks for it")
                        .help(self.bench.ask(&rule.require, standing)),
                );
            }
        }
    }

    fn objections(&self, examined: &mut Examined) {
        let defaults = self.cx.config.approvals.as_ref().map(|it| &it.defaults);
        let blocks = defaults.is_none_or(|it| it.changes_requested == ChangesRequested::Block);
        for Objection { account, gaps } in self.bench.objections() {
            let subject = format!("review of {}", account.login);
            if blocks && !gaps.is_empty() {
                let gaps = gaps.iter().map(|it| {
                    let why = format!("{} asks for changes, and {}", account.login, it.why);
                    unsure(&subject, &Gap { why, ..it.clone() })
                });
                examined.unsure.extend(gaps);
                continue;
            }
            let level = if blocks { Level::Deny } else { Level::Warn };
            let finding = Finding::new(
                level,
                "approvals/changes-requested",
                subject,
                format!("{} asks for changes", account.login),
            );
            let place = self.cx.place("approvals.defaults.changes_requested");
            examined.findings.push(
                finding
                    .label(place, "this setting says what that does")
                    .help(format!(
                        "it stands until {} approves or somebody dismisses the review, whatever is pushed",
                        account.login
                    )),
            );
        }
    }

    fn draft(&self) -> Finding {
        Finding::new(
            Level::Deny,
            "approvals/draft",
            format!("request {}", self.bench.request().number),
            "the request is a draft: its author says that it is not ready",
        )
        .help("mark it as ready for review, then run the check again")
    }

    /// An approver may have made the change himself.
    fn doubt(&self, examined: &mut Examined) {
        let subject = "makers of the change";
        let gaps = self.bench.unnamed_why.iter();
        match Strictness::of(self.cx.facts, self.cx.config) {
            Strictness::Strict => examined.unsure.extend(gaps.map(|it| unsure(subject, it))),
            Strictness::Lenient => examined.findings.extend(gaps.map(|it| {
                let rule = "approvals/unknown-contributor";
                Finding::new(Level::Warn, rule, subject, &it.why).help(&it.needs)
            })),
        }
    }
}

fn subject(rule: &ApprovalRule) -> String {
    format!("approval rule `{}`", rule.name)
}

/// Nothing that the configuration asks is for the change. Where it has no rules at all and asks for
/// owners, these must own every file that differs.
fn no_rule(cx: GateContext<'_>, owners: Option<&OwnersFacts>) -> Option<Finding> {
    let (rule, subject) = ("approvals/no-rule", "rules for the change");
    let no_rules = cx.config.approvals.iter().all(|it| it.rules.is_empty());
    if let Some(owners) = owners.filter(|it| no_rules && it.mistakes.is_empty()) {
        let (first, rest) = owners.unowned.split_first()?;
        let more = match rest.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let message = format!("nobody owns {first}{more}, and there is no approval rule");
        let finding = Finding::new(Level::Deny, rule, subject, message);
        return Some(
            finding.help(
                "give it owners, or add a rule with `when: {any: true}` to `approvals.rules`",
            ),
        );
    }
    let touched: Vec<&str> = reviews::environments(cx.facts).into_iter().collect();
    let what = match touched.as_slice() {
        [] => "it changes what no environment receives".to_owned(),
        list => format!("it changes what {} receives", list.join(", ")),
    };
    let message = format!("no approval rule is for this change: {what}");
    Some(
        Finding::new(Level::Deny, rule, subject, message)
            .label(cx.place("approvals.rules"), "none of these applies")
            .help("add a rule with `when: {any: true}` for changes that no other rule is for"),
    )
}

fn unsure(subject: &str, gap: &Gap) -> Unsure {
    Unsure {
        subject: subject.into(),
        why: gap.why.clone(),
        needs: gap.needs.clone(),
        cause: Cause::Facts,
    }
}

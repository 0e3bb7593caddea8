//! What every format tells in the same words and the same order: the verdict as one sentence, and
//! everything that was found, what holds the change first.

use super::{Detail, Report, escape};
use crate::{
    finding::{Finding, Level, Subject, WaivedBy, Waiver},
    gates::Examined,
    model::{Place, Side, WorkerFault, digest, utc},
    verdict::{Decision, EnvironmentSummary, GateRecord, GateState, Verdict},
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What an entry means for the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It holds the change.
    Refuses,
    /// It could not be decided, which holds the change.
    Undecided,
    /// It should be mended.
    Warns,
    /// Somebody has decided that it does not hold the change.
    Waived,
    /// BASE has it too.
    Known,
    /// It is worth knowing.
    Notes,
}

impl Weight {
    /// Whether it holds the change.
    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Refuses | Self::Undecided)
    }
}

/// One entry of a report.
pub(super) struct Item<'a> {
    pub(super) weight: Weight,
    /// The gate's id; `worker` for faults of the worker.
    pub(super) gate: &'a str,
    /// What was found. What could not be decided has the rule `undecided/GATE`, which no gate's
    /// finding can carry, and says in `help` what is needed.
    pub(super) finding: Cow<'a, Finding>,
}

impl Item<'_> {
    /// The line of HEAD to edit: the first place that HEAD has.
    pub(super) fn place(&self) -> Option<&Place> {
        place(&self.finding)
    }

    /// By which tools follow it from run to run; no line number takes part. Why something could not
    /// be decided names lines, so there the subject alone counts.
    pub(super) fn fingerprint(&self) -> String {
        match self.weight {
            Weight::Undecided => {
                digest(format!("{}\0{}", self.finding.rule, self.finding.subject).as_bytes())
            }
            Weight::Refuses | Weight::Warns | Weight::Waived | Weight::Known | Weight::Notes => {
                self.finding.fingerprint()
            }
        }
    }
}

/// The line of HEAD to edit: the first place that HEAD has.
pub(super) fn place(finding: &Finding) -> Option<&Place> {
    let places = finding.labels.iter().map(|it| &it.place);
    places.into_iter().find(|it| it.side == Side::Head)
}

/// Everything that was found, what holds the change first; otherwise in the gates' order.
pub(super) fn items(verdict: &Verdict) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = verdict.faults.iter().map(fault).collect();
    for record in &verdict.gates {
        items.extend(found(record));
    }
    items.sort_by_key(|it| it.weight);
    items
}

fn found(record: &GateRecord) -> impl Iterator<Item = Item<'_>> {
    let findings = record.examined.findings.iter().map(|it| Item {
        weight: match (it.waiver(), it.level) {
            (Some(_), _) if it.is_known() => Weight::Known,
            (Some(_), _) => Weight::Waived,
            (None, Level::Deny) => Weight::Refuses,
            (None, Level::Warn) => Weight::Warns,
            (None, Level::Note) => Weight::Notes,
        },
        gate: &record.gate,
        finding: Cow::Borrowed(it),
    });
    let unsure = record.examined.unsure.iter().map(|it| {
        let rule = format!("undecided/{}", record.gate);
        let finding = Finding::new(Level::Deny, rule, &it.subject, &it.why).help(&it.needs);
        Item {
            weight: Weight::Undecided,
            gate: &record.gate,
            finding: Cow::Owned(finding),
        }
    });
    findings.chain(unsure)
}

fn fault(fault: &WorkerFault) -> Item<'_> {
    let subject = if fault.on.is_empty() {
        "worker".to_owned()
    } else {
        fault.on.join(", ")
    };
    Item {
        weight: Weight::Undecided,
        gate: "worker",
        finding: Cow::Owned(Finding::new(
            Level::Deny,
            "undecided/worker",
            subject,
            &fault.why,
        )),
    }
}

/// A fingerprint for each item, all different: the same finding told twice is counted.
pub(super) fn fingerprints(items: &[Item<'_>]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let first = item.fingerprint();
        let count = seen.entry(first.clone()).or_default();
        *count += 1;
        out.push(match *count {
            1 => first,
            n => digest(format!("{first}\0{n}").as_bytes()),
        });
    }
    out
}

/// The same thing said of many overlays at one place.
pub(super) struct Group<'a> {
    /// The weight where it weighs most.
    pub(super) weight: Weight,
    /// The first of them.
    pub(super) finding: &'a Finding,
    /// What they are about, each once.
    subjects: Vec<&'a Subject>,
    /// What it weighs less for, each once: an environment that is only audited.
    lighter: Vec<&'a Subject>,
}

/// How many of `n` things are named under one entry; the others are counted.
pub(super) fn shown(n: usize) -> usize {
    // A count of one takes the room of its name.
    if n <= 4 { n } else { 3 }
}

impl<'a> Group<'a> {
    /// What it is about: the first few, and how many more.
    pub(super) fn subjects(&self) -> Few<'a> {
        Few::of(&self.subjects)
    }

    /// Number of subjects.
    pub(super) fn len(&self) -> usize {
        self.subjects.len() + self.lighter.len()
    }

    /// What it is reported for without holding it, if that differs.
    pub(super) fn lighter(&self) -> Option<Few<'a>> {
        (!self.lighter.is_empty()).then(|| Few::of(&self.lighter))
    }
}

/// The first few of many subjects.
pub(super) struct Few<'a> {
    /// To be named.
    pub(super) named: Vec<&'a str>,
    /// `2 more overlays`.
    pub(super) more: Option<String>,
}

impl<'a> Few<'a> {
    fn of(all: &[&'a Subject]) -> Self {
        let (named, rest) = all.split_at(shown(all.len()));
        let overlays: Option<BTreeSet<&str>> = rest.iter().map(|it| it.overlay()).collect();
        let more = match (rest.len(), overlays) {
            (0, _) => None,
            (n, Some(overlays)) if overlays.len() == n => Some(plural(n, "more overlay")),
            (n, _) => Some(format!("{n} more")),
        };
        Self {
            named: named.iter().map(|it| it.name()).collect(),
            more,
        }
    }

    /// Each name as `show` writes it, then the number of others.
    pub(super) fn texts(&self, show: impl Fn(&str) -> String) -> Vec<String> {
        let named = self.named.iter().map(|it| show(it));
        named.chain(self.more.clone()).collect()
    }
}

/// Items that say the same at the same place, as one; in the items' order.
pub(super) fn groups<'a>(items: &'a [Item<'_>]) -> Vec<Group<'a>> {
    let mut at = BTreeMap::new();
    let mut groups: Vec<Group<'a>> = Vec::new();
    for item in items {
        let finding = &*item.finding;
        let what = (&finding.rule, &finding.message, &finding.help);
        // Who waived it is a part of what is said.
        let key = (what, item.place(), finding.waiver());
        let index = *at.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) if group.weight == item.weight => group.subjects.push(&finding.subject),
            Some(group) => group.lighter.push(&finding.subject),
            None => groups.push(Group {
                weight: item.weight,
                finding,
                subjects: vec![&finding.subject],
                lighter: Vec::new(),
            }),
        }
    }
    for group in &mut groups {
        for subjects in [&mut group.subjects, &mut group.lighter] {
            subjects.sort_unstable();
            subjects.dedup();
        }
    }
    groups
}

/// The same thing said at several places: the first group in full, and the others.
pub(super) type Entry<'a, 'b> = (&'b Group<'a>, &'b [Group<'a>]);

/// How many findings of one rule are listed where they hold nothing and concern no file of the change.
pub(super) const APART: usize = 3;

/// Which of these are only counted: beyond the first few of a rule that hold nothing, at no file of the
/// change. Unless everything is asked for.
pub(super) fn counted<'a>(
    groups: impl Iterator<Item = &'a Group<'a>>,
    report: &Report<'_>,
) -> Vec<bool> {
    let changed = &report.verdict.change.paths;
    let mut seen: BTreeMap<(Weight, &str), usize> = BTreeMap::new();
    let is_counted = |group: &'a Group<'a>| {
        let apart = !group.weight.holds()
            && group.weight != Weight::Waived
            && place(group.finding).is_none_or(|it| !changed.contains(&it.path));
        if !apart || report.detail == Detail::All {
            return false;
        }
        let seen = seen.entry((group.weight, &group.finding.rule)).or_default();
        *seen += 1;
        *seen > APART
    };
    groups.map(is_counted).collect()
}

/// Groups that say the same, side by side; in the order of the first of each.
pub(super) fn entries<'a, 'b>(groups: &'b mut [Group<'a>]) -> Vec<Entry<'a, 'b>> {
    let mut first = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        first.entry(said(group)).or_insert(at);
    }
    groups.sort_by_cached_key(|it| first.get(&said(it)).copied());
    let chunks = groups.chunk_by(|a, b| said(a) == said(b));
    chunks.filter_map(<[Group<'a>]>::split_first).collect()
}

/// What is shown together: findings at one place about the same things, and questions that one thing
/// would answer.
pub(super) type Block<'a, 'b> = Vec<Entry<'a, 'b>>;

/// The entries as blocks, in the order of the first of each.
pub(super) fn blocks<'a, 'b>(entries: &[Entry<'a, 'b>]) -> Vec<Block<'a, 'b>> {
    let mut at = BTreeMap::new();
    let mut blocks: Vec<Block<'a, 'b>> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let group = entry.0;
        let finding = group.finding;
        let key = match (group.weight, finding.labels.first()) {
            (Weight::Undecided, _) => match finding.help.as_deref() {
                Some(help) => Together::Answer(&finding.rule, help),
                None => Together::Nothing(index),
            },
            (_, None) => Together::Nothing(index),
            (weight, Some(first)) => Together::Place {
                weight,
                waiver: finding.waiver(),
                places: std::iter::once(&first.place)
                    .chain(entry.1.iter().filter_map(|it| place(it.finding)))
                    .collect(),
                subjects: std::iter::once(group)
                    .chain(entry.1)
                    .flat_map(|it| it.subjects.iter().chain(&it.lighter).copied())
                    .collect(),
            },
        };
        let index = *at.entry(key).or_insert(blocks.len());
        match blocks.get_mut(index) {
            Some(block) => block.push(*entry),
            None => blocks.push(vec![*entry]),
        }
    }
    blocks
}

/// Why entries are one block.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Together<'a> {
    Answer(&'a str, &'a str),
    Place {
        weight: Weight,
        waiver: Option<&'a Waiver>,
        places: Vec<&'a Place>,
        subjects: Vec<&'a Subject>,
    },
    Nothing(usize),
}

type Said<'a> = (
    Weight,
    &'a str,
    &'a str,
    Option<&'a str>,
    Option<&'a Waiver>,
);

fn said<'a>(group: &Group<'a>) -> Said<'a> {
    let finding = group.finding;
    let help = finding.help.as_deref();
    let waiver = finding.waiver();
    let what = finding.cause.as_deref().unwrap_or(&finding.message);
    (group.weight, &finding.rule, what, help, waiver)
}

/// What an entry says: the message of its first finding, or the cause of many and their number.
pub(super) fn message<'a>((group, also): &Entry<'a, '_>) -> Cow<'a, str> {
    let finding = group.finding;
    match &finding.cause {
        Some(cause) if !also.is_empty() => {
            let all = group.len() + also.iter().map(Group::len).sum::<usize>();
            let first = finding.message.strip_suffix(cause.as_str());
            let first = first.map_or(&*finding.message, |it| it.trim_end_matches([' ', ':']));
            Cow::Owned(format!("{cause}: {all} in all, first {first}"))
        }
        _ => Cow::Borrowed(&finding.message),
    }
}

/// Who waived a finding, why and until when: `exception legacy of ann until 2026-12-31T00:00:00Z:
/// moves out in winter`. Foreign text, not yet safe.
pub(super) fn waived_by(waiver: &Waiver) -> String {
    let mut text = match waiver.by {
        WaivedBy::Baseline => "the baseline".to_owned(),
        WaivedBy::Known => "what BASE has".to_owned(),
        WaivedBy::Exception => format!("exception {}", waiver.id),
        WaivedBy::Override => return format!("OVERRIDE {}", emergency(waiver)),
    };
    if let Some(owner) = &waiver.owner {
        text.push_str(&format!(" of {owner}"));
    }
    if let Some(until) = waiver.until {
        text.push_str(&format!(" until {}", utc(until)));
    }
    if !waiver.reason.is_empty() {
        text.push_str(&format!(": {}", waiver.reason));
    }
    text
}

/// `INC-1234, approved by bob, cho, until 2026-03-01T05:00:00Z: the shop is down`. Foreign text, not
/// yet safe.
fn emergency(waiver: &Waiver) -> String {
    let owner = waiver.owner.as_deref().unwrap_or("nobody");
    let until = waiver.until.map_or_else(String::new, utc);
    format!(
        "{}, approved by {owner}, until {until}: {}",
        waiver.id, waiver.reason
    )
}

/// Whether an environment would receive nothing new.
pub(super) fn is_unchanged(it: &EnvironmentSummary) -> bool {
    it.changed_overlays == 0
        && it.changed_resources == 0
        && it.removed_resources == 0
        && it.failed_overlays == 0
}

/// What an environment would receive: `3 resources changed and 1 removed in 2 overlays`.
pub(super) fn receives(it: &EnvironmentSummary) -> String {
    let mut what = Vec::new();
    let overlays = plural(it.changed_overlays, "overlay");
    match (it.changed_resources, it.removed_resources) {
        (0, 0) if it.changed_overlays > 0 => what.push(format!("{overlays} changed")),
        (0, 0) => {}
        (0, lost) => what.push(format!(
            "{} removed in {overlays}",
            plural(lost, "resource")
        )),
        (n, 0) => what.push(format!("{} changed in {overlays}", plural(n, "resource"))),
        (n, lost) => what.push(format!(
            "{} changed and {lost} removed in {overlays}",
            plural(n, "resource")
        )),
    }
    match it.failed_overlays {
        0 => {}
        1 => what.push("1 overlay does not render".to_owned()),
        n => what.push(format!("{n} overlays do not render")),
    }
    if what.is_empty() {
        what.push("unchanged".to_owned());
    }
    what.join(", ")
}

/// The verdict in one word.
pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Admit => "ADMITTED",
        Decision::Override => "OVERRIDE",
        Decision::Refuse => "REFUSED",
        Decision::Undecided => "UNDECIDED",
    }
}

/// The decision as programs read it.
pub(super) fn id(decision: Decision) -> &'static str {
    match decision {
        Decision::Admit => "admit",
        Decision::Override => "override",
        Decision::Refuse => "refuse",
        Decision::Undecided => "undecided",
    }
}

/// A gate's state in one word.
pub(super) fn state(state: GateState) -> &'static str {
    match state {
        GateState::Pass => "pass",
        GateState::Nothing => "nothing",
        GateState::Fail => "fail",
        GateState::Unsure => "undecided",
    }
}

/// The verdict as one sentence: `REFUSED: 2 findings hold this change, 1 warning (exit 1)`.
pub(super) fn sentence(report: &Report<'_>) -> String {
    sentence_with(report, escape::line)
}

/// The same; `show` makes the words of those who asked for an override safe.
pub(super) fn sentence_with(report: &Report<'_>, show: impl Fn(&str) -> String) -> String {
    let verdict = report.verdict;
    let gates = || verdict.gates.iter().map(|it| &it.examined);
    let count = |level| gates().map(|it| it.standing(level)).sum::<usize>();
    let open = verdict.unsure().count() + verdict.faults.len();
    let mut parts = Vec::new();
    match verdict.decision {
        Decision::Admit => {
            parts.push("every gate passed".to_owned());
            parts.push(plural(verdict.checks(), "check"));
        }
        Decision::Override => {
            let by = verdict.overrides();
            let by: Vec<String> = by.into_iter().map(|it| show(&emergency(it))).collect();
            parts.push(format!(
                "admitted by an emergency override, not by its gates ({})",
                by.join("; ")
            ));
            parts.push(plural(verdict.checks(), "check"));
        }
        Decision::Refuse => {
            let deny = count(Level::Deny);
            let verb = if deny == 1 { "holds" } else { "hold" };
            parts.push(format!("{} {verb} this change", plural(deny, "finding")));
            if open > 0 {
                parts.push(format!("{} could not be decided", plural(open, "question")));
            }
        }
        Decision::Undecided => parts.push(format!(
            "{} could not be decided, which holds this change",
            plural(open, "question")
        )),
    }
    match count(Level::Warn) {
        0 => {}
        n => parts.push(plural(n, "warning")),
    }
    match gates().map(Examined::waived).sum::<usize>() {
        0 => {}
        n => parts.push(format!("{} waived", plural(n, "finding"))),
    }
    match gates().map(Examined::known).sum::<usize>() {
        0 => {}
        n => parts.push(format!("{n} known")),
    }
    let word = word(verdict.decision);
    format!("{word}: {} (exit {})", parts.join(", "), report.exit_code)
}

/// The sentence, with the first things that hold the change and how many more there are.
pub(super) fn in_a_line(report: &Report<'_>) -> Option<String> {
    if report.verdict.decision.admits() {
        return None;
    }
    let items = items(report.verdict);
    let holding = items.iter().filter(|it| it.weight.holds());
    let mut named: Vec<String> = Vec::new();
    for item in holding {
        let it = &item.finding;
        let name = match item.weight {
            Weight::Undecided => format!("{} {}: {}", it.rule, it.subject, it.message),
            _ => format!("{} {}", it.rule, it.subject),
        };
        if !named.contains(&name) {
            named.push(name);
        }
    }
    let more = match named.len().saturating_sub(LINED) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    named.truncate(LINED);
    Some(format!("{}: {}{more}", sentence(report), named.join("; ")))
}

/// Things that a line of the log names.
const LINED: usize = 3;

/// `1 check`, `2 checks`.
pub(super) fn plural(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

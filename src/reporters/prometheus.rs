//! Prometheus text format 0.0.4, for node_exporter's textfile collector: no timestamps. Labels come
//! from the program and from the configuration; a label from a change would be a series without end.

use super::{Report, Reporter, escape::prometheus_label as label, gist};
use crate::{
    finding::Level,
    verdict::{Decision, EnvironmentSummary, GateRecord, GateState},
};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) struct Prometheus;

const DECISIONS: &[Decision] = &[
    Decision::Admit,
    Decision::Override,
    Decision::Refuse,
    Decision::Undecided,
];
const STATES: &[GateState] = &[
    GateState::Pass,
    GateState::Nothing,
    GateState::Fail,
    GateState::Unsure,
];
const LEVELS: &[(Level, &str)] = &[
    (Level::Deny, "deny"),
    (Level::Warn, "warn"),
    (Level::Note, "note"),
];

impl Reporter for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn purpose(&self) -> &'static str {
        "node_exporter's textfile collector"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let verdict = report.verdict;
        let version = format!("version=\"{}\"", label(env!("CARGO_PKG_VERSION")));
        metric(
            out,
            "info",
            "Version of the program that wrote this.",
            [(version, 1)],
        )?;
        let decisions = DECISIONS.iter().map(|it| {
            let value = usize::from(*it == verdict.decision);
            (format!("decision=\"{}\"", gist::id(*it)), value)
        });
        metric(
            out,
            "decision",
            "1 for the verdict on the last change.",
            decisions,
        )?;
        let numbers = [
            (
                "exit_code",
                "Exit code of the last check.",
                usize::from(report.exit_code),
            ),
            (
                "changed_files",
                "Files that the change touches.",
                verdict.change.files,
            ),
            (
                "worker_faults",
                "Times that the worker ended early.",
                verdict.faults.len(),
            ),
        ];
        for (name, help, value) in numbers {
            metric(out, name, help, [(String::new(), value)])?;
        }
        gates(&verdict.gates, out)?;
        environments(&verdict.change.environments, out)
    }
}

fn gates(records: &[GateRecord], out: &mut dyn Write) -> io::Result<()> {
    let gate = |it: &GateRecord| format!("gate=\"{}\"", label(&it.gate));
    let states = records.iter().flat_map(|it| {
        STATES.iter().map(move |state| {
            let name = gist::state(*state);
            let value = usize::from(*state == it.state);
            (format!("{},state=\"{name}\"", gate(it)), value)
        })
    });
    metric(out, "gate_state", "1 for what the gate comes to.", states)?;
    let checks = records.iter().map(|it| {
        let subjects = it.examined.subjects.iter();
        (gate(it), subjects.map(|it| it.checks).sum())
    });
    metric(out, "gate_checks", "Checks that the gate made.", checks)?;
    let findings = records.iter().flat_map(|it| {
        LEVELS.iter().map(move |(level, name)| {
            let count = it.examined.standing(*level);
            (format!("{},level=\"{name}\"", gate(it)), count)
        })
    });
    metric(out, "gate_findings", "Findings of the gate.", findings)?;
    let waived = records.iter().map(|it| (gate(it), it.examined.waived()));
    metric(
        out,
        "gate_waived",
        "Findings of the gate that somebody has waived.",
        waived,
    )?;
    let known = records.iter().map(|it| (gate(it), it.examined.known()));
    metric(
        out,
        "gate_known",
        "Findings of the gate that the base has too.",
        known,
    )?;
    let unsure = records
        .iter()
        .map(|it| (gate(it), it.examined.unsure.len()));
    metric(
        out,
        "gate_undecided",
        "Questions that the gate could not decide.",
        unsure,
    )
}

fn environments(environments: &[EnvironmentSummary], out: &mut dyn Write) -> io::Result<()> {
    type Field = fn(&EnvironmentSummary) -> usize;
    let fields: [(&str, &str, Field); 5] = [
        ("overlays", "Overlays of the environment.", |it| it.overlays),
        ("failed_overlays", "Overlays that do not render.", |it| {
            it.failed_overlays
        }),
        ("changed_overlays", "Overlays whose output differs.", |it| {
            it.changed_overlays
        }),
        (
            "changed_resources",
            "Resources that are new or differ.",
            |it| it.changed_resources,
        ),
        ("removed_resources", "Resources that are gone.", |it| {
            it.removed_resources
        }),
    ];
    for (name, help, field) in fields {
        // A series that stands twice would make the collector refuse the whole file.
        let mut series: BTreeMap<String, usize> = BTreeMap::new();
        for it in environments {
            let labels = format!("environment=\"{}\"", label(&it.name));
            *series.entry(labels).or_default() += field(it);
        }
        metric(out, &format!("environment_{name}"), help, series)?;
    }
    Ok(())
}

/// One family; nothing where it has no series.
fn metric(
    out: &mut dyn Write,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (String, usize)>,
) -> io::Result<()> {
    let mut series = series.into_iter().peekable();
    if series.peek().is_none() {
        return Ok(());
    }
    writeln!(
        out,
        "# HELP tollgate_{name} {help}\n# TYPE tollgate_{name} gauge"
    )?;
    for (labels, value) in series {
        if labels.is_empty() {
            writeln!(out, "tollgate_{name} {value}")?;
        } else {
            writeln!(out, "tollgate_{name}{{{labels}}} {value}")?;
        }
    }
    Ok(())
}

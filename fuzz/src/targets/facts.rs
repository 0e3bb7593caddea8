//! The record of a check, as `tollgate replay` reads it: judged, and reported in every format.

use super::{holds, part};
use tollgate::exit;
use tollgate::reporters::{Detail, Look, REPORTERS, Report};
use tollgate::run::{Gathered, judge, record};

pub(super) const WORDS: &[&str] = &[
    "",
    "prod",
    "dev",
    "policies/p/r",
    "Deployment",
    "a\nb",
    "a\u{202e}b",
    "::error::x",
    "##[group]",
    "[a](http://b)",
    "known",
    "unknown",
    "apps/web/base/deployment.yaml",
    "9223372036854775807",
    "0123456789abcdef0123456789abcdef01234567",
    "../x",
    "<b>",
    "`",
    "fail",
    "pass",
    "approved",
    "2026-01-01",
];

/// Facts and settings, as JSON.
pub(super) fn check(parts: &[String]) -> Result<(), String> {
    let text = part(parts, 0);
    // What is no record is refused, in words.
    holds(record::read(text.as_bytes()).is_err(), || {
        "facts without a seal are read".to_owned()
    })?;
    let Ok(gathered) = serde_json::from_str::<Gathered>(text) else {
        return Ok(());
    };
    let bytes = record::write(&gathered)?;
    let again =
        record::read(&bytes).map_err(|it| format!("what was written cannot be read: {it}"))?;
    let verdict = judge(&gathered.facts, &gathered.settings);
    let same = judge(&again.facts, &again.settings);
    for reporter in REPORTERS {
        let write = |verdict, detail| {
            let mut bytes = Vec::new();
            let report = Report {
                verdict,
                exit_code: exit::of(verdict),
                look: Look::default(),
                detail,
            };
            reporter
                .write(&report, &mut bytes)
                .map_err(|it| it.to_string())?;
            String::from_utf8(bytes).map_err(|it| it.to_string())
        };
        let (first, second) = (write(&verdict, Detail::All)?, write(&same, Detail::All)?);
        holds(first == second, || {
            format!("{}:\n{first}---- and\n{second}", reporter.name())
        })?;
        for detail in [Detail::Quiet, Detail::Usual] {
            write(&verdict, detail)?;
        }
        let deceives = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        holds(!first.contains(deceives), || {
            format!("{} deceives:\n{first:?}", reporter.name())
        })?;
    }
    Ok(())
}

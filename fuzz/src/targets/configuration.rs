//! Files by which a repository says what it asks of a change.

use super::{holds, part};
use tollgate::config;
use tollgate::finding::{Finding, Level};
use tollgate::model::{BaselineFacts, ForgeKind, Side};
use tollgate::owners;
use tollgate_yaml::{Sources, YamlError};

pub(super) const CODEOWNERS: &[&str] = &[
    "* @ann",
    "*.yaml @acme/platform @bob",
    "/apps/ @ann bob@example.com",
    "apps/**/prod @cho",
    "apps/* @@maintainers",
    "/apps/web/",
    "!/apps/web/base @ann",
    "[Web]",
    "[Web] @ann",
    "[Web][2] @ann @bob",
    "^[Optional] @ann",
    "[Web",
    "[][1]",
    "[Web][0] @ann",
    "a\\ b/ @ann",
    "a\\#b @ann",
    "# comment",
    "  * @ann # trailing",
    "\t/a\t@ann",
    "",
    "** @ann",
    "/**/ @ann",
    "*** @ann",
    "a[bc]d @ann",
    "a[!b-d]?* @ann",
    "[^x]y @ann",
    "a\\",
    "/ @ann",
    "// @ann",
    "../a @ann",
    "a/./b @ann",
    "é/*.é @ann",
    "docs/* @acme",
    "* @acme/",
    "* @-a",
    "* ann",
    "*.yaml @group/sub/team",
    "\u{feff}* @ann",
    "apps/?eb @ann",
    "* @ann,@bob",
];

/// Paths of changed files.
const PATHS: &[&str] = &[
    "apps/web/overlays/prod/kustomization.yaml",
    "apps/web/base/a b.yaml",
    "README.md",
    "docs/a/b/c.yaml",
    "a",
    "é/x.é",
    "apps/web",
    "a#b",
    ".github/CODEOWNERS",
];

/// CODEOWNERS, in both dialects.
pub(super) fn codeowners(parts: &[String]) -> Result<(), String> {
    let text = part(parts, 0);
    for dialect in [ForgeKind::Github, ForgeKind::Gitlab] {
        let owners = match owners::read("CODEOWNERS", Side::Base, text.as_bytes(), dialect) {
            Ok(owners) => owners,
            Err(mistakes) => {
                holds(!mistakes.is_empty(), || "refused for nothing".to_owned())?;
                continue;
            }
        };
        for path in PATHS {
            let asked = owners.of(path);
            let explained: Vec<_> = (owners.explain(path).into_iter())
                .filter(|it| !it.excluded)
                .map(|it| it.demand)
                .collect();
            let (mut one, mut other): (Vec<_>, Vec<_>) = (
                asked.iter().map(|it| it.place.line).collect(),
                explained.iter().map(|it| it.place.line).collect(),
            );
            one.sort_unstable();
            other.sort_unstable();
            holds(one == other, || {
                format!("{path}: {asked:?} and {explained:?}")
            })?;
            let lines = owners.lines(path).into_iter();
            let numbered: Vec<_> = lines.filter_map(|it| owners.line(it)).collect();
            holds(numbered == asked, || {
                format!("{path}: {asked:?} and {numbered:?}")
            })?;
        }
    }
    Ok(())
}

pub(super) const PIECES: &[&str] = &[
    "version: 1",
    "version: 2",
    "environments:",
    "  dev: {overlays: [dev], enforcement: audit}",
    "  prod: {overlays: ['apps/*/prod'], enforcement: strict, promote_from: {env: dev, soak: 1h}}",
    "    overlays: [prod]",
    "    enforcement: enforce",
    "    freeze: {timezone: UTC, deny: [{cron: '0 0 24 12 *', for: 72h, reason: x}]}",
    "policies: {paths: ['policies/**'], coverage: {min_rules: 100%}}",
    "policies: {builtin: off}",
    "known: hold",
    "schema: {kubernetes: '1.34', crds: ['crds/**']}",
    "secrets: {allow_kinds: [SealedSecret], plain: forbidden}",
    "groups: {platform: {users: [ann, bob], team: acme/platform}}",
    "approvals:",
    "  rules:",
    "  codeowners: enforce",
    "  defaults: {bind: head, bots: false}",
    "  - {name: a, when: {touches: [prod]}, require: {count: 2, from: [platform]}}",
    "  - {name: b, when: {any: true}, require: {count: 0}}",
    "  - {name: c, when: {control_plane: true}, require: {count: 1}}",
    "protection:",
    "  require: {approvals: 2, force_push: false, status_checks: [tollgate], bypass: []}",
    "  on_unknown: {default: warn, strict: fail}",
    "  snapshot: {path: x.json, max_age: 24h}",
    "override: {path: '.tollgate/*.yaml', require: {count: 2}, max_ttl: 4h, may_waive: [promotion, soak]}",
    "exceptions: .tollgate/exceptions.yaml",
    "exceptions:",
    "- id: a",
    "  id: ''",
    "  rule: policies/p/r",
    "  rule: schemas/*",
    "  subject: 'prod: Deployment ns/web'",
    "  subject: '*'",
    "  environment: prod",
    "  reason: moved next month",
    "  owner: ann",
    "  expires: 2030-01-31",
    "  expires: '2030-01-31T12:00:00Z'",
    "  expires: 2030-13-01",
    "  expires: never",
    "waive: [soak]",
    "until: 2h",
    "reason: x",
    "ticket: ABC-1",
    "kind: override",
    "x: &a [*a]",
    "---",
    "a: b",
    "- c",
    "null",
];

/// `tollgate.yaml`, exceptions, and a request for an override.
pub(super) fn settings(parts: &[String]) -> Result<(), String> {
    let sources = Sources::new();
    let placed = |mistakes: &[YamlError]| -> Result<(), String> {
        holds(!mistakes.is_empty(), || "refused for nothing".to_owned())?;
        let lost = mistakes
            .iter()
            .find(|it| sources.describe(it.span).is_empty());
        holds(lost.is_none(), || format!("no place: {lost:?}"))
    };
    let loaded = match config::parse("tollgate.yaml", part(parts, 0), &sources) {
        Ok(loaded) => Some(loaded),
        Err(mistakes) => {
            placed(&mistakes)?;
            None
        }
    };
    if let Err(mistakes) =
        config::exceptions("exceptions.yaml", part(parts, 1), &sources, Side::Base)
    {
        placed(&mistakes)?;
    }
    let Some(loaded) = loaded else { return Ok(()) };
    let less = config::lowered(&loaded, &loaded);
    holds(less.is_empty(), || {
        format!("asks less than itself: {less:?}")
    })?;
    // Facts hold it as JSON.
    let json = serde_json::to_string(&loaded).map_err(|it| it.to_string())?;
    let again: config::Loaded =
        serde_json::from_str(&json).map_err(|it| format!("{it}: {json}"))?;
    holds(again == loaded, || format!("is another as JSON: {json}"))?;
    if let Some(allowed) = &loaded.config.emergency {
        let _ = config::read_override("o.yaml", part(parts, 2), &sources, &loaded.config, allowed);
    }
    Ok(())
}

pub(super) const WORDS: &[&str] = &[
    "policies/p/r",
    "schemas/invalid",
    "prod: Deployment ns/web",
    "",
    "a\u{202e}b",
    "a\nb",
    "prod",
    "2030-01-31",
];

/// Findings, without their fingerprints: with another one a baseline is refused at once.
pub(super) fn baseline(parts: &[String]) -> Result<(), String> {
    let sources = Sources::new();
    let read = |text: &str| {
        config::baseline("baseline.json", text, &sources).map_err(|mistakes| {
            let lost = mistakes
                .iter()
                .find(|it| sources.describe(it.span).is_empty());
            (
                mistakes.is_empty() || lost.is_some(),
                format!("{mistakes:?}"),
            )
        })
    };
    let text = part(parts, 0);
    if let Err((true, why)) = read(text) {
        return Err(format!("refused without a place: {why}"));
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let entries = value["findings"].as_array().into_iter().flatten();
    let known: Vec<BaselineFacts> = entries
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            let (rule, subject, message) = (text("rule"), text("subject"), text("message"));
            let finding = Finding::new(Level::Deny, &*rule, &*subject, &*message);
            BaselineFacts {
                fingerprint: finding.fingerprint(),
                rule,
                subject,
                message,
            }
        })
        .collect();
    let written = config::baseline_text(&known);
    match read(&written) {
        Ok(found) => {
            let found: Vec<BaselineFacts> = found.into_iter().map(|(it, _)| it).collect();
            let again = config::baseline_text(&found);
            holds(again == written, || format!("{written}---- and\n{again}"))
        }
        Err((lost, why)) => holds(!lost, || format!("refused without a place: {why}")),
    }
}

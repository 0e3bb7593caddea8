use super::{Cause, Examined, Gate, GateContext, Meta, Unsure};
use crate::{
    config::{Enforcement, Plain},
    finding::{Finding, Level, Subject},
    model::{ControlPlane, OverlayFacts, RenderFacts, SecretFacts, SecretField},
};

pub(super) struct Secrets;

/// Values that a message or a list of places names.
const NAMED: usize = 5;

impl Gate for Secrets {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "secrets",
            title: "the change brings no secret value in clear text into git or an environment",
            rules: &["plain", "known", "marked", "unreadable"],
            page: include_str!("secrets.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        if cx.config.secrets.plain == Plain::Allowed {
            examined.nothing = Some("the configuration allows secrets in clear text".to_owned());
            return examined;
        }
        let overlays = cx.overlays();
        let rendered = |it: &&&OverlayFacts| matches!(it.head, Some(RenderFacts::Rendered { .. }));
        for overlay in overlays.values().filter(rendered) {
            examined.examine(overlay.subject(), 1);
        }
        let (mut known, mut marked) = (Vec::new(), Vec::new());
        for secret in judged(cx) {
            let overlay = secret
                .overlay
                .as_deref()
                .and_then(|it| overlays.get(it).copied());
            if overlay.is_none() {
                examined.examine(secret.resource.to_string(), 1);
            }
            if secret.unreadable {
                unreadable(cx, secret, &mut examined);
            } else if secret.values.iter().any(is_held) {
                examined.findings.push(plain(cx, secret, overlay));
            } else if secret.values.iter().any(|it| it.new) {
                marked.push(secret);
            } else {
                known.push(secret);
            }
        }
        examined.findings.extend(already_there(&known));
        examined.findings.extend(looked_at(&marked));
        if examined.subjects.is_empty() {
            let why = "no environment renders anything, and no file that differs holds a Secret";
            examined.nothing = Some(why.to_owned());
        }
        examined
    }
}

/// Secrets of kinds that the configuration does not allow.
fn judged(cx: GateContext<'_>) -> impl Iterator<Item = &SecretFacts> {
    let allowed = &cx.config.secrets.allow_kinds;
    let secrets = cx.facts.secrets.iter();
    secrets.filter(move |it| !allowed.contains(&it.resource.kind) || carries_values(it))
}

/// Kinds that are allowed because what they hold is encrypted or kept elsewhere: a value at the root of
/// one, or in its template, is neither.
fn carries_values(secret: &SecretFacts) -> bool {
    let kinds = ["SealedSecret", "ExternalSecret"];
    kinds.contains(&secret.resource.kind.as_str())
}

/// Whether a value is new and nobody has marked it as none.
fn is_held(field: &SecretField) -> bool {
    field.new && field.mark.is_none()
}

/// New values that somebody has marked as no secrets for another scanner: named and counted, so that
/// a reviewer sees them.
fn looked_at(marked: &[&SecretFacts]) -> Option<Finding> {
    let first = marked.first()?;
    let field = first.values.iter().find(|it| it.mark.is_some())?;
    let mark = field.mark.as_deref().unwrap_or_default();
    let message = match marked.len() {
        1 => format!(
            "{} holds values in clear text that `{mark}` marks as known",
            first.resource
        ),
        n => format!(
            "{n} Secrets hold values in clear text that are marked as known, first {} (`{mark}`)",
            first.resource
        ),
    };
    let finding = Finding::new(Level::Warn, "secrets/marked", "marked Secrets", message);
    Some(
        finding
            .label(field.place.as_ref(), "marked here")
            .help("see for yourself that none of them lets anybody in"),
    )
}

fn plain(cx: GateContext<'_>, secret: &SecretFacts, overlay: Option<&OverlayFacts>) -> Finding {
    let new: Vec<&SecretField> = secret.values.iter().filter(|it| is_held(it)).collect();
    let mut names: Vec<String> = new
        .iter()
        .take(NAMED)
        .map(|it| format!("`{}`", it.field))
        .collect();
    if new.len() > NAMED {
        names.push(format!("{} more", new.len() - NAMED));
    }
    let verb = if new.len() == 1 {
        "holds a value"
    } else {
        "hold values"
    };
    let subject = match overlay {
        Some(overlay) => super::subject(overlay, &secret.resource),
        None => Subject::in_git(&secret.resource),
    };
    let mut finding = Finding::new(
        level(cx, secret, overlay),
        "secrets/plain",
        subject,
        format!("{} {verb} in clear text", names.join(", ")),
    );
    for it in new.iter().take(NAMED) {
        finding = finding.label(it.place.as_ref(), format!("{} is set here", it.field));
    }
    finding.help("encrypt it (SealedSecret, SOPS) or keep it elsewhere (ExternalSecret); once pushed it stays in git's history, so replace the value where it is used")
}

/// What an overlay renders weighs as its environment says. What only git holds weighs as the
/// strictest environment does; a fixture's value is made up.
fn level(cx: GateContext<'_>, secret: &SecretFacts, overlay: Option<&OverlayFacts>) -> Level {
    let audited = match overlay {
        Some(overlay) => cx.enforcement(overlay) == Some(Enforcement::Audit),
        None => {
            let all = &cx.config.environments;
            let audited =
                !all.is_empty() && all.iter().all(|it| it.enforcement == Enforcement::Audit);
            audited || is_fixture(cx, secret)
        }
    };
    if audited { Level::Warn } else { Level::Deny }
}

fn is_fixture(cx: GateContext<'_>, secret: &SecretFacts) -> bool {
    let fixture = |path: &str| {
        let mut files = cx.facts.control_plane.iter();
        files.any(|it| it.class == ControlPlane::Fixture && it.path == path)
    };
    secret
        .values
        .iter()
        .all(|it| it.place.as_ref().is_some_and(|it| fixture(&it.path)))
}

fn already_there(known: &[&SecretFacts]) -> Option<Finding> {
    let first = known.first()?;
    let message = match known.len() {
        1 => format!(
            "{} holds values in clear text, as it did before",
            first.resource
        ),
        n => format!(
            "{n} Secrets hold values in clear text, as they did before, first {}",
            first.resource
        ),
    };
    let place = first.values.first().and_then(|it| it.place.as_ref());
    let finding = Finding::new(Level::Warn, "secrets/known", "Secrets of BASE", message);
    Some(
        finding
            .label(place, "set here")
            .help("they do not hold this change; encrypt them and replace their values"),
    )
}

/// The change touches a file that says it is a Secret. What nobody can read may hold any value.
fn unreadable(cx: GateContext<'_>, secret: &SecretFacts, examined: &mut Examined) {
    let place = secret.values.first().and_then(|it| it.place.as_ref());
    let subject = Subject::in_git(&secret.resource);
    let message = "may be a Secret and cannot be read, so nobody knows whether it holds values";
    let help = "mend its YAML, and save it as UTF-8";
    match level(cx, secret, None) {
        Level::Deny => examined.unsure.push(Unsure {
            subject,
            why: message.to_owned(),
            needs: help.to_owned(),
            cause: Cause::Facts,
        }),
        level => {
            let finding = Finding::new(level, "secrets/unreadable", subject, message);
            examined
                .findings
                .push(finding.label(place, "this file").help(help));
        }
    }
}

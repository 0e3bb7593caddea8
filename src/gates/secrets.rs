use super::{Cause, Examined, Gate, GateContext, Meta, Unsure};
use crate::{
    config::{Enforcement, Plain},
    finding::{Finding, Level},
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
            rules: &["plain", "known", "unreadable"],
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
        let mut known = Vec::new();
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
            } else if secret.values.iter().any(|it| it.new) {
                examined.findings.push(plain(cx, secret, overlay));
            } else {
                known.push(secret);
            }
        }
        examined.findings.extend(already_there(&known));
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
    secrets.filter(move |it| !allowed.contains(&it.resource.kind))
}

fn plain(cx: GateContext<'_>, secret: &SecretFacts, overlay: Option<&OverlayFacts>) -> Finding {
    let new: Vec<&SecretField> = secret.values.iter().filter(|it| it.new).collect();
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
        None => format!("git: {}", secret.resource),
    };
    let mut finding = Finding::new(
        level(cx, secret, overlay),
        "secrets/plain",
        subject,
        format!("{} {verb} in clear text", names.join(", ")),
    )
    .resource(&secret.resource)
    .environment(overlay.and_then(|it| it.environment.as_deref()));
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
    let subject = format!("git: {}", secret.resource);
    let message =
        "says that it is a Secret and cannot be read, so nobody knows whether it holds values";
    let help = "mend its YAML";
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

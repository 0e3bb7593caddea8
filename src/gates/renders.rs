use super::{Cause, Examined, Gate, GateContext, Meta, Unsure, problems};
use crate::{
    config::Enforcement,
    finding::{Disposition, Finding, Level, Subject},
    model::{OverlayFacts, Place, RenderFacts, UnmatchedFacts, UnreadFacts},
};

pub(super) struct Renders;

impl Gate for Renders {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: "renders",
            title: "every overlay renders and belongs to an environment",
            rules: &[
                "failed",
                "outside",
                "broken-before",
                "unmapped",
                "removed",
                "empty",
                "unread",
                "unmatched",
                "no-effect",
                "deprecated",
            ],
            page: include_str!("renders.md"),
        }
    }

    fn check(&self, cx: GateContext<'_>) -> Examined {
        let mut examined = Examined::default();
        problems(cx, "renders", "renders/broken-before", &mut examined);
        for overlay in &cx.facts.overlays {
            let subject = overlay.subject();
            examined.examine(&subject, 1);
            overlay_findings(cx, overlay, &subject, &mut examined);
        }
        examined.findings.extend(not_judged(&examined.findings));
        unread(cx, &mut examined);
        unmatched(cx, &mut examined);
        if cx.facts.overlays.is_empty() {
            examined.unsure.push(Unsure {
                subject: "overlays".into(),
                why: "neither BASE nor HEAD holds a kustomization".to_owned(),
                needs: "run it at the root of a GitOps repository, or name its overlays in tollgate.yaml".to_owned(),
                cause: Cause::Nothing,
            });
        }
        examined
    }
}

fn overlay_findings(
    cx: GateContext<'_>,
    overlay: &OverlayFacts,
    subject: &Subject,
    examined: &mut Examined,
) {
    match (&overlay.base, &overlay.head) {
        (_, Some(RenderFacts::Failed { .. })) => failed(cx, overlay, subject, examined),
        (_, Some(RenderFacts::Rendered { .. })) => {
            examined.findings.extend(outside(cx, overlay, subject));
            rendered(overlay, subject, examined);
        }
        (Some(_), None) => removed(cx, overlay, subject, examined),
        (None, None) => {}
    }
    if overlay.environment.is_none() && overlay.head.is_some() {
        examined.findings.push(unmapped(overlay, subject));
    }
}

/// A manifest that no overlay reads was judged by nobody. Who deploys it is not known; `strict` holds
/// what is not known, and where it stands beside no overlay it may be meant for any environment.
fn unread(cx: GateContext<'_>, examined: &mut Examined) {
    let strict = |name: &str| {
        let environment = cx.config.environment(name);
        environment.is_some_and(|it| it.enforcement == Enforcement::Strict)
    };
    for UnreadFacts {
        path,
        what,
        environments,
        place,
    } in &cx.facts.unread
    {
        let mut names: Vec<&str> = environments.iter().map(String::as_str).collect();
        if names.is_empty() {
            names = cx
                .config
                .environments
                .iter()
                .map(|it| it.name.as_str())
                .collect();
        }
        let level = match names.iter().any(|it| strict(it)) {
            true => Level::Deny,
            false => Level::Warn,
        };
        let message = format!("no overlay reads this manifest ({what}), so nothing judges it");
        let only = match environments.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        let subject = Subject::from(path).of_environment(only);
        let finding = Finding::new(level, "renders/unread", subject, message)
            .label(place.as_ref(), "this manifest")
            .help(unread_help(what));
        examined.findings.push(finding);
    }
}

/// What to do with a manifest that no overlay reads, by its kind: policies and their tests are read
/// without one.
fn unread_help(what: &str) -> &'static str {
    match what.split(' ').next().unwrap_or_default() {
        "Test" | "Values" | "UserInfo" => {
            "if it tests policies, add its folder to `policies.fixtures` in tollgate.yaml; otherwise list it in a kustomization that an environment receives, or delete it"
        }
        "ClusterPolicy"
        | "Policy"
        | "PolicyException"
        | "ValidatingPolicy"
        | "NamespacedValidatingPolicy"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding" => {
            "if it is to judge changes, add its folder to `policies.paths` in tollgate.yaml; if it is to be deployed, list it in a kustomization that an environment receives"
        }
        _ => "list it in a kustomization that an environment receives, or delete it",
    }
}

/// A pattern that matches nothing is a typing error, or left over.
fn unmatched(cx: GateContext<'_>, examined: &mut Examined) {
    for UnmatchedFacts {
        environment,
        index,
        pattern,
    } in &cx.facts.unmatched
    {
        let setting = format!("environments.{environment}.overlays[{index}]");
        let message = format!(
            "the pattern `{pattern}` matches no kustomization, neither in BASE nor in HEAD"
        );
        let subject = Subject::environment_of(environment);
        let finding = Finding::new(Level::Warn, "renders/unmatched", subject, message)
            .label(cx.place(&setting), "this pattern")
            .help("correct it, or remove it");
        examined.findings.push(finding);
    }
}

/// An overlay that was broken in BASE and that this change does not touch is not this change's
/// fault. One that it touches cannot be compared, and that holds the change, unless kustomize stops
/// before and after it at one place for one reason, so that nothing of it reaches anybody.
fn failed(cx: GateContext<'_>, overlay: &OverlayFacts, subject: &Subject, examined: &mut Examined) {
    let Some(RenderFacts::Failed {
        message,
        help,
        place,
        ..
    }) = &overlay.head
    else {
        return;
    };
    let broken_before = matches!(&overlay.base, Some(RenderFacts::Failed { .. }));
    let known = cx
        .known_unless_strict(overlay)
        .filter(|_| stops_as_before(cx, overlay));
    let (level, rule, message) = match (broken_before, overlay.touched) {
        (true, false) => (
            Level::Warn,
            "renders/broken-before",
            format!("does not render, before and after this change: {message}"),
        ),
        (true, true) if known.is_some() => (
            Level::Deny,
            "renders/broken-before",
            format!(
                "does not render, before and after this change, so what it would bring is not judged: {message}"
            ),
        ),
        (true, true) => (
            Level::Deny,
            "renders/failed",
            format!("does not render, and this change touches it: {message}"),
        ),
        (false, _) => (Level::Deny, "renders/failed", message.clone()),
    };
    let mut finding =
        Finding::new(level, rule, subject, message).label(place.as_ref(), "rendering stops here");
    finding.help.clone_from(help);
    if level == Level::Deny {
        finding.disposition = known.unwrap_or_default();
    }
    examined.findings.push(finding);
}

/// What is known is told on request only; that a part of the change was judged by nobody is told always.
fn not_judged(findings: &[Finding]) -> Option<Finding> {
    let is_broken = |it: &&Finding| it.rule == "renders/broken-before" && it.is_known();
    let message = match findings.iter().filter(is_broken).count() {
        0 => return None,
        1 => "an overlay that this change touches does not render, before and after it, so what the change would bring there is not judged".to_owned(),
        n => format!("{n} overlays that this change touches do not render, before and after it, so what the change would bring there is not judged"),
    };
    let finding = Finding::new(Level::Warn, "renders/broken-before", "overlays", message);
    Some(finding.help("mend them, or delete them if nobody deploys them; `known: hold` of an environment holds such changes"))
}

/// Whether kustomize itself refuses the overlay on both sides, for the same reason, at the same place
/// of a file that is the same.
fn stops_as_before(cx: GateContext<'_>, overlay: &OverlayFacts) -> bool {
    let (
        Some(RenderFacts::Failed {
            message: before,
            place: Some(was),
            elsewhere: false,
            ..
        }),
        Some(RenderFacts::Failed {
            message: now,
            place: Some(is),
            elsewhere: false,
            ..
        }),
    ) = (&overlay.base, &overlay.head)
    else {
        return false;
    };
    let at = |it: &Place| (it.path.clone(), it.line, it.column);
    let changed = cx.facts.change.files.iter().any(|it| it.path == is.path);
    before == now && at(was) == at(is) && !changed
}

/// An overlay that needs a file outside of its folder renders only where load restrictions are lifted.
/// Flux lifts them; whoever else deploys has to be told. What it renders to is judged in either case.
fn outside(cx: GateContext<'_>, overlay: &OverlayFacts, subject: &Subject) -> Option<Finding> {
    let of = |it: &'_ Option<RenderFacts>| match it {
        Some(RenderFacts::Rendered { outside, .. }) => outside.clone(),
        _ => None,
    };
    let it = of(&overlay.head).filter(|it| !it.flux)?;
    let before = of(&overlay.base).is_some_and(|it| !it.flux);
    let level = match before && !overlay.touched {
        true => Level::Warn,
        false => Level::Deny,
    };
    let message = format!(
        "{}, so kustomize refuses it unless load restrictions are lifted",
        it.message
    );
    let mut finding = Finding::new(level, "renders/outside", subject, message)
        .label(it.place.as_ref(), "this entry");
    finding.help = it.help;
    let known = cx
        .known_unless_strict(overlay)
        .filter(|_| before && level == Level::Deny);
    finding.disposition = known.unwrap_or_default();
    Some(finding)
}

fn rendered(overlay: &OverlayFacts, subject: &Subject, examined: &mut Examined) {
    let Some(RenderFacts::Rendered {
        resources,
        warnings,
        ..
    }) = &overlay.head
    else {
        return;
    };
    let before = match &overlay.base {
        Some(RenderFacts::Rendered { resources, .. }) => Some(resources.len()),
        Some(RenderFacts::Failed { .. }) | None => None,
    };
    if resources.is_empty() {
        let (level, message) = match before {
            Some(0) => (
                Level::Note,
                "renders to nothing, as it did before".to_owned(),
            ),
            Some(n) => (
                Level::Deny,
                format!("renders to nothing; it rendered {n} resources before"),
            ),
            None => (Level::Deny, "renders to nothing".to_owned()),
        };
        let finding = Finding::new(level, "renders/empty", subject, message);
        examined.findings.push(finding.help("list the resources that the environment should receive, or delete the overlay's folder"));
    }
    if !overlay.touched {
        return;
    }
    for warning in warnings {
        let (level, rule) = if warning.deprecated {
            (Level::Note, "renders/deprecated")
        } else {
            (Level::Warn, "renders/no-effect")
        };
        let finding = Finding::new(level, rule, subject, warning.message.clone());
        examined
            .findings
            .push(finding.label(warning.place.as_ref(), "this entry"));
    }
}

/// Deleting an overlay's whole folder is a plain statement. A kustomization that vanishes while its
/// files stay is how an overlay escapes the gate.
fn removed(
    cx: GateContext<'_>,
    overlay: &OverlayFacts,
    subject: &Subject,
    examined: &mut Examined,
) {
    let lost = overlay.removed().len();
    let strict = cx.enforcement(overlay) == Some(Enforcement::Strict);
    let loses = match &overlay.base {
        Some(RenderFacts::Failed { .. }) => {
            "nobody can tell what the environment would lose, because BASE's does not render"
                .to_owned()
        }
        _ => format!("the environment would lose {lost} resources"),
    };
    let gone = format!("the overlay is removed; {loses}");
    let (level, message, help) = if overlay.leftovers {
        (
            Level::Deny,
            format!(
                "HEAD has no overlay there any more, and its folder still: its kustomization is gone, or another one lists it now; {loses}"
            ),
            "to remove an overlay, delete its whole folder; where another kustomization builds on it now, that one has to be in the environment's `overlays`",
        )
    } else if strict {
        (
            Level::Deny,
            gone,
            "if that is meant, take it out of the environment's `overlays` first, in a change to tollgate.yaml alone",
        )
    } else {
        (
            Level::Warn,
            gone,
            "if that is meant, there is nothing to do",
        )
    };
    let finding = Finding::new(level, "renders/removed", subject, message);
    examined.findings.push(finding.help(help));
}

fn unmapped(overlay: &OverlayFacts, subject: &Subject) -> Finding {
    let known_and_untouched = overlay.base.is_some() && !overlay.differs();
    let level = if known_and_untouched {
        Level::Warn
    } else {
        Level::Deny
    };
    Finding::new(
        level,
        "renders/unmapped",
        subject,
        "belongs to no environment, so nothing says how strictly it is judged",
    )
    .help("add its folder to an environment's `overlays` in tollgate.yaml, in a change of its own before this one")
}

impl OverlayFacts {
    /// The overlay as what something is said about.
    pub(super) fn subject(&self) -> Subject {
        Subject::overlay_of(self.environment.as_deref(), &self.path)
    }
}

impl GateContext<'_> {
    /// Who says that what BASE has too does not hold; nobody in a strict environment, which holds what
    /// is not known.
    fn known_unless_strict(&self, overlay: &OverlayFacts) -> Option<Disposition> {
        let strict = self.enforcement(overlay) == Some(Enforcement::Strict);
        self.known(overlay).filter(|_| !strict)
    }

    /// How strictly the overlay's environment is judged; `None` where it has none.
    pub(super) fn enforcement(&self, overlay: &OverlayFacts) -> Option<Enforcement> {
        let name = overlay.environment.as_deref()?;
        self.config.environment(name).map(|it| it.enforcement)
    }
}

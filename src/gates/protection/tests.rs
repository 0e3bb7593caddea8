use super::*;
use crate::{
    config::Loaded,
    model::{
        ControlPlane, ControlPlaneFile, Edit, Facts, ForgeFacts, Known, OverlayFacts, Proposal,
        RenderFacts, RequiredCheck, Stated,
    },
};
use std::collections::BTreeMap;
use tollgate_yaml::Sources;

const ENVIRONMENTS: &str = "version: 1
environments:
  dev: {overlays: [dev], enforcement: audit}
  staging: {overlays: [staging], enforcement: enforce}
  prod: {overlays: [prod], enforcement: strict}
";

fn stated<T>(value: T) -> Known<Stated<T>> {
    Known::Known(Stated {
        value,
        by: "ruleset \"prod\" (42)".to_owned(),
    })
}

/// As strict as can be.
fn strict() -> ProtectionFacts {
    ProtectionFacts {
        branch: "main".to_owned(),
        approvals: stated(6),
        dismiss_stale: stated(true),
        code_owners: stated(true),
        last_push_approval: stated(true),
        status_checks: stated(vec![RequiredCheck {
            context: "ci".to_owned(),
            source: Some(15_368),
        }]),
        signed_commits: stated(true),
        linear_history: stated(true),
        force_push: stated(false),
        deletion: stated(false),
        direct_push: stated(false),
        admins: stated(true),
        bypass: Known::Known(Vec::new()),
    }
}

fn gap() -> Gap {
    Gap {
        why: "the token may not see it".to_owned(),
        needs: "Administration: read".to_owned(),
    }
}

struct Case {
    facts: Facts,
    settings: Loaded,
}

impl Case {
    fn new(protection: &str) -> Self {
        let text = format!("{ENVIRONMENTS}protection: {protection}\n");
        let settings = config::parse("tollgate.yaml", &text, &Sources::new());
        let mut facts = Facts::empty(1_700_000_000);
        facts.change.proposal = Some(Proposal {
            forge: ForgeKind::Github,
            number: 7,
            head: "a".repeat(40),
            branch: "main".to_owned(),
        });
        facts.forge = Some(ForgeFacts {
            forge: "github".to_owned(),
            repository: "github.com/acme/gitops".to_owned(),
            request: Known::default(),
            reviews: Known::default(),
            commits: Known::default(),
            last_pusher: Known::default(),
            permissions: BTreeMap::new(),
            teams: BTreeMap::new(),
            protection: Some(strict()),
            notes: Vec::new(),
        });
        Self {
            facts,
            settings: settings.unwrap_or_else(|it| panic!("{text}: {it:?}")),
        }
    }

    fn touching(mut self, environments: &[&str]) -> Self {
        let rendered = |digest: &str| {
            Some(RenderFacts::Rendered {
                digest: digest.to_owned(),
                resources: Vec::new(),
                warnings: Vec::new(),
                outside: None,
            })
        };
        let overlays = environments.iter().map(|it| OverlayFacts {
            path: (*it).to_owned(),
            environment: Some((*it).to_owned()),
            base: rendered("a"),
            head: rendered("b"),
            touched: true,
            leftovers: false,
        });
        self.facts.overlays.extend(overlays);
        self
    }

    fn told(mut self, change: impl FnOnce(&mut ProtectionFacts)) -> Self {
        let forge = self.facts.forge.as_mut().expect("a forge");
        change(forge.protection.as_mut().expect("protection"));
        self
    }

    fn forge(mut self, change: impl FnOnce(&mut Option<ForgeFacts>)) -> Self {
        change(&mut self.facts.forge);
        self
    }

    fn examined(&self) -> Examined {
        Protection.check(GateContext::new(&self.facts, &self.settings))
    }

    /// `deny weaker branch `main`: approvals` for each finding that is no note about what holds.
    fn lines(&self) -> Vec<String> {
        let examined = self.examined();
        let findings = examined.findings.iter();
        let mut lines: Vec<String> = findings
            .filter(|it| it.rule != "protection/holds")
            .map(|it| {
                let level = format!("{:?}", it.level).to_lowercase();
                let rule = it.rule.trim_start_matches("protection/");
                format!("{level} {rule} {}", it.subject)
            })
            .collect();
        let unsure = examined.unsure.iter();
        lines.extend(unsure.map(|it| format!("unsure {}", it.subject)));
        lines
    }
}

/// Threat row F12: each setting, asked for, with a weak, a strict and an unknown answer.
#[test]
fn every_setting_is_a_check_of_its_own() {
    type Change = fn(&mut ProtectionFacts);
    let rows: [(&str, &str, Change, Change); 12] = [
        (
            "approvals: 2",
            "approvals",
            |it| it.approvals = stated(1),
            |it| it.approvals = Known::Unknown(gap()),
        ),
        (
            "dismiss_stale: true",
            "dismiss_stale",
            |it| it.dismiss_stale = stated(false),
            |it| it.dismiss_stale = Known::Unknown(gap()),
        ),
        (
            "code_owners: true",
            "code_owners",
            |it| it.code_owners = stated(false),
            |it| it.code_owners = Known::Unknown(gap()),
        ),
        (
            "last_push_approval: true",
            "last_push_approval",
            |it| it.last_push_approval = stated(false),
            |it| it.last_push_approval = Known::Unknown(gap()),
        ),
        (
            "signed_commits: true",
            "signed_commits",
            |it| it.signed_commits = stated(false),
            |it| it.signed_commits = Known::Unknown(gap()),
        ),
        (
            "linear_history: true",
            "linear_history",
            |it| it.linear_history = stated(false),
            |it| it.linear_history = Known::Unknown(gap()),
        ),
        (
            "admins: true",
            "admins",
            |it| it.admins = stated(false),
            |it| it.admins = Known::Unknown(gap()),
        ),
        (
            "force_push: false",
            "force_push",
            |it| it.force_push = stated(true),
            |it| it.force_push = Known::Unknown(gap()),
        ),
        (
            "deletion: false",
            "deletion",
            |it| it.deletion = stated(true),
            |it| it.deletion = Known::Unknown(gap()),
        ),
        (
            "direct_push: false",
            "direct_push",
            |it| it.direct_push = stated(true),
            |it| it.direct_push = Known::Unknown(gap()),
        ),
        (
            "status_checks: [ci]",
            "status check ci",
            |it| it.status_checks = stated(Vec::new()),
            |it| it.status_checks = Known::Unknown(gap()),
        ),
        (
            "bypass: []",
            "bypass",
            |it| it.bypass = Known::Known(vec![actor("Role:admin")]),
            |it| it.bypass = Known::Unknown(gap()),
        ),
    ];
    for (asked, name, weak, unknown) in rows {
        let case = || Case::new(&format!("{{require: {{{asked}}}}}")).touching(&["prod"]);
        assert_eq!(case().lines(), [""; 0], "{asked}");
        assert_eq!(case().examined().subjects.len(), 1, "{asked}");
        let want = match name {
            "bypass" => "deny bypass branch `main`: bypass for Role:admin".to_owned(),
            name => format!("deny weaker branch `main`: {name}"),
        };
        let weak = case().told(weak);
        assert_eq!(weak.lines(), [want], "{asked}");
        let examined = weak.examined();
        let finding = examined.findings.first().expect("a finding");
        let label = finding.labels.first().expect("the setting's line");
        assert_eq!(
            (label.place.line, finding.help.is_some()),
            (6, true),
            "{asked}"
        );
        let unknown = case().told(unknown);
        assert_eq!(
            unknown.lines(),
            [format!("unsure branch `main`: {name}")],
            "{asked}"
        );
        // What is not asked for is not looked at.
        let other = if name == "approvals" {
            "admins: true"
        } else {
            "approvals: 1"
        };
        let mut case = Case::new(&format!("{{require: {{{other}}}}}"));
        case.facts.forge.clone_from(&weak.facts.forge);
        assert_eq!(case.lines(), [""; 0], "{asked}");
    }
}

fn actor(name: &str) -> Bypass {
    Bypass {
        actor: name.to_owned(),
        mode: "always".to_owned(),
        by: "ruleset \"prod\" (42)".to_owned(),
    }
}

#[test]
fn what_anything_would_satisfy_asks_for_nothing() {
    let weak = "{require: {approvals: 0, dismiss_stale: false, code_owners: false, last_push_approval: false, signed_commits: false, linear_history: false, admins: false, force_push: true, deletion: true, direct_push: true, status_checks: []}}";
    for protection in [weak, "{}"] {
        let case = Case::new(protection).told(|it| *it = ProtectionFacts::unknown("main", &gap()));
        let examined = case.examined();
        assert!(examined.subjects.is_empty() && examined.unsure.is_empty());
        assert!(examined.nothing.is_some());
    }
}

#[test]
fn what_is_unknown_does_what_the_environments_say() {
    let fails = |on_unknown: &str, environments: &[&str]| {
        let case = Case::new(&format!("{{require: {{approvals: 2}}{on_unknown}}}"))
            .touching(environments)
            .told(|it| it.approvals = Known::Unknown(gap()));
        match case.lines().as_slice() {
            [line] if line.starts_with("unsure ") => true,
            [line] if line.starts_with("warn unknown ") => false,
            lines => panic!("{lines:?}"),
        }
    };
    for (on_unknown, environments, want) in [
        ("", &["dev"][..], false),
        ("", &["staging"], false),
        ("", &["prod"], true),
        ("", &["dev", "prod"], true),
        ("", &[], false),
        (", on_unknown: {default: fail}", &[], true),
        (", on_unknown: {default: fail}", &["dev"], true),
        (
            ", on_unknown: {default: fail, audit: warn}",
            &["dev"],
            false,
        ),
        (
            ", on_unknown: {default: fail, audit: warn}",
            &["dev", "staging"],
            true,
        ),
        (", on_unknown: {enforce: fail}", &["dev"], false),
        (", on_unknown: {enforce: fail}", &["staging"], true),
        (", on_unknown: {strict: warn}", &["prod"], false),
        // To touch a strict environment as well makes nothing milder.
        (
            ", on_unknown: {enforce: fail, strict: warn}",
            &["staging", "prod"],
            true,
        ),
    ] {
        assert_eq!(
            fails(on_unknown, environments),
            want,
            "{on_unknown} {environments:?}"
        );
    }
}

#[test]
fn a_change_of_the_rules_alone_is_judged_as_the_strictest_environment() {
    let mut case =
        Case::new("{require: {approvals: 2}}").told(|it| it.approvals = Known::Unknown(gap()));
    case.facts.control_plane.push(ControlPlaneFile {
        path: "tollgate.yaml".to_owned(),
        edit: Edit::Modified,
        class: ControlPlane::Configuration,
    });
    assert_eq!(case.lines(), ["unsure branch `main`: approvals"]);
}

#[test]
fn what_is_unknown_for_one_reason_is_told_once() {
    let case = Case::new("{require: {approvals: 2, deletion: false, bypass: [], admins: true}}")
        .touching(&["dev"])
        .told(|it| {
            it.approvals = Known::Unknown(gap());
            it.deletion = Known::Unknown(gap());
            it.bypass = Known::unknown("another reason", "something else");
        });
    assert_eq!(
        case.lines(),
        [
            "warn unknown branch `main`: bypass",
            "warn unknown branch `main`: approvals, deletion",
        ]
    );
    assert_eq!(case.examined().subjects.len(), 4);
}

#[test]
fn checks_are_held_against_their_source() {
    let required = |source: &[Option<u64>]| {
        let checks = source.iter().map(|it| RequiredCheck {
            context: "ci".to_owned(),
            source: *it,
        });
        stated(checks.collect::<Vec<_>>())
    };
    let named = "{require: {status_checks: [{context: ci, source: 15368}]}}";
    let open = "{require: {status_checks: [ci]}}";
    for (asked, sources, want) in [
        (
            open,
            &[None][..],
            "note open-check branch `main`: status check ci",
        ),
        (open, &[Some(15_368)], ""),
        (open, &[None, Some(1)], ""),
        (open, &[], "deny weaker branch `main`: status check ci"),
        (named, &[Some(15_368)], ""),
        (named, &[None, Some(15_368)], ""),
        (named, &[None], "deny weaker branch `main`: status check ci"),
        (
            named,
            &[Some(1)],
            "deny weaker branch `main`: status check ci",
        ),
    ] {
        let case = Case::new(asked).told(|it| it.status_checks = required(sources));
        let want: Vec<&str> = Some(want).into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(case.lines(), want, "{asked} {sources:?}");
    }
    // GitLab knows no sources, and the pipeline cannot be reported by a passer-by.
    let on_gitlab = Case::new(open)
        .told(|it| it.status_checks = required(&[None]))
        .forge(|it| "gitlab".clone_into(&mut it.as_mut().expect("a forge").forge));
    assert_eq!(on_gitlab.lines(), [""; 0]);
}

#[test]
fn whoever_is_listed_may_go_around() {
    for (listed, actor_name, allowed) in [
        ("[]", "App:renovate", false),
        ("[\"App:renovate\"]", "App:renovate", true),
        ("[\"app:Renovate\"]", "App:renovate", true),
        ("[renovate]", "App:renovate", false),
        ("[\"App:renovate\"]", "User:renovate", false),
        ("[\"App:renovate\"]", "App:renovate-2", false),
        ("[DeployKey]", "DeployKey:5", false),
        ("[\"Role:admin\"]", "User:ann", false),
    ] {
        let case = Case::new(&format!("{{require: {{bypass: {listed}}}}}"))
            .told(|it| it.bypass = Known::Known(vec![actor(actor_name)]));
        assert_eq!(case.lines().is_empty(), allowed, "{listed} {actor_name}");
    }
}

#[test]
fn answers_about_another_branch_are_none() {
    let case = || Case::new("{require: {approvals: 2}}").touching(&["dev"]);
    let other = case().told(|it| "release".clone_into(&mut it.branch));
    assert_eq!(other.lines(), ["unsure branch `release`: approvals"]);
    let nameless = case().told(|it| it.branch.clear());
    assert_eq!(nameless.lines(), ["unsure the branch: approvals"]);
    // Where nobody says what the change is for, nobody can say that it is this one.
    let mut nobody = case();
    nobody.facts.change.proposal = None;
    assert_eq!(nobody.lines(), ["warn unknown the branch: approvals"]);
}

#[test]
fn no_answers_are_no_pass() {
    let case = || Case::new("{require: {approvals: 2, bypass: []}}");
    let without = |forge: fn(&mut Option<ForgeFacts>)| {
        let lenient = case().touching(&["dev"]).forge(forge).lines();
        let strict = case().touching(&["prod"]).forge(forge).lines();
        [lenient, strict].concat()
    };
    let want = [
        "warn unknown the branch: approvals, bypass",
        "unsure the branch: approvals, bypass",
    ];
    assert_eq!(without(|it| *it = None), want);
    let unasked = |it: &mut Option<ForgeFacts>| it.as_mut().expect("a forge").protection = None;
    assert_eq!(without(unasked), want);
}

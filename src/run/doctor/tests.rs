use super::*;
use crate::{
    config, forges,
    model::{ForgeKind, Proposal, RevisionFacts},
};
use std::collections::BTreeSet;
use tollgate_yaml::Sources;

fn surveyed(settings: &str, in_request: bool) -> Surveyed {
    let text = format!("version: 1\nenvironments: {{prod: {{overlays: [prod]}}}}\n{settings}");
    let settings = config::parse("tollgate.yaml", &text, &Sources::new());
    Surveyed {
        revision: RevisionFacts::default(),
        settings: settings.unwrap_or_else(|it| panic!("{text}: {it:?}")),
        proposal: in_request.then(|| Proposal {
            forge: ForgeKind::Gitlab,
            number: 7,
            head: "a".repeat(40),
            branch: "main".to_owned(),
        }),
        branch: None,
        owners: Known::Known(BTreeSet::new()),
        workflows: Vec::new(),
    }
}

/// The settings that cannot be judged where nothing at all is known.
fn unjudged(settings: &str, in_request: bool, forge: &str) -> Vec<String> {
    let surveyed = surveyed(settings, in_request);
    let question = survey_question(&surveyed, Some("main"), 0);
    let gap = Gap {
        why: "it does not say".to_owned(),
        needs: "a token".to_owned(),
    };
    let told = forges::nothing_known(forge, "gitlab.com/acme/gitops", &question, &gap);
    let diagnosis = Diagnosis::of(&surveyed, None, &told);
    diagnosis
        .unjudged
        .into_iter()
        .map(|it| it.setting)
        .collect()
}

#[test]
fn only_what_is_asked_can_be_missing() {
    let approvals = "groups: {a: {team: acme/A}, b: {users: [ann]}}\napprovals: {rules: [{name: all, when: {any: true}, require: {count: 1, from: [a]}}]}\n";
    let protection = "protection: {require: {admins: true, deletion: true, status_checks: [ci]}}\n";
    for (settings, in_request, forge, want) in [
        ("", true, "gitlab", &[][..]),
        ("", false, "offline", &[]),
        (approvals, true, "gitlab", &["approvals", "groups.a.team"]),
        // A scheduled run has no request, and is asked for none.
        (approvals, false, "gitlab", &["groups.a.team"]),
        (approvals, false, "offline", &["approvals", "groups.a.team"]),
        (
            protection,
            false,
            "gitlab",
            &[
                "protection.require.admins",
                "protection.require.status_checks[0]",
            ],
        ),
    ] {
        assert_eq!(
            unjudged(settings, in_request, forge),
            want,
            "{settings} {in_request} {forge}"
        );
    }
}

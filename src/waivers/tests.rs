use super::*;
use crate::{
    finding::{Subject, WaivedBy},
    model::{BaselineFacts, ExceptionFacts, ExceptionSubject, ResourceKey},
};

fn deployment(name: &str) -> ResourceKey {
    ResourceKey {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("web".to_owned()),
        name: name.to_owned(),
    }
}

fn finding(rule: &str, environment: &str, name: &str) -> Finding {
    let resource = deployment(name);
    let subject = Subject::rendered(Some(environment), environment, &resource);
    Finding::new(Level::Deny, rule, subject, "runs as root")
}

fn exception(subject: ExceptionSubject) -> ExceptionFacts {
    ExceptionFacts {
        id: "legacy".to_owned(),
        rule: "policies/non-root".to_owned(),
        subject,
        reason: "moves out in winter".to_owned(),
        owner: "ann".to_owned(),
        expires: 100,
        place: None,
    }
}

fn resource(environment: Option<&str>, namespace: Option<&str>, name: &str) -> ExceptionSubject {
    ExceptionSubject::Resource {
        environment: environment.map(str::to_owned),
        kind: "Deployment".to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

/// Who waives a finding at a time.
fn by(waivers: WaiverFacts, now: u64, finding: Finding) -> Option<WaivedBy> {
    let facts = Facts {
        waivers,
        ..Facts::empty(now)
    };
    let mut findings = [finding];
    Waivers::new(&facts, &Config::default()).apply(&mut findings);
    let holds = findings[0].level == Level::Deny && findings[0].waiver().is_none();
    assert_eq!(findings[0].holds(), holds);
    findings[0].waiver().map(|it| it.by)
}

#[test]
fn an_exception_covers_what_it_names_and_nothing_else() {
    for (subject, waived) in [
        (resource(Some("prod"), Some("web"), "api"), true),
        (resource(None, None, "api"), true),
        (resource(None, None, "a*"), true),
        (resource(Some("dev"), None, "api"), false),
        (resource(None, Some("other"), "api"), false),
        (resource(None, None, "ap"), false),
        (
            ExceptionSubject::Exactly("prod: Deployment web/api (prod)".to_owned()),
            true,
        ),
        (
            ExceptionSubject::Exactly("prod: Deployment web/api".to_owned()),
            false,
        ),
    ] {
        let facts = WaiverFacts {
            exceptions: vec![exception(subject.clone())],
            ..WaiverFacts::default()
        };
        let of = |rule, now| by(facts.clone(), now, finding(rule, "prod", "api"));
        let expected = waived.then_some(WaivedBy::Exception);
        assert_eq!(of("policies/non-root", 99), expected, "{subject:?}");
        assert_eq!(of("policies/non-root", 100), None, "it has run out");
        assert_eq!(of("policies/other", 99), None, "another rule");
    }
}

#[test]
fn an_exception_is_for_one_kind() {
    let ExceptionSubject::Resource {
        namespace, name, ..
    } = resource(None, None, "api")
    else {
        unreachable!("a resource");
    };
    let stateful = ExceptionSubject::Resource {
        environment: None,
        kind: "StatefulSet".to_owned(),
        namespace,
        name,
    };
    let facts = WaiverFacts {
        exceptions: vec![exception(stateful)],
        ..WaiverFacts::default()
    };
    assert_eq!(
        by(facts, 1, finding("policies/non-root", "prod", "api")),
        None
    );
}

#[test]
fn an_exception_that_lasts_too_long_waives_nothing() {
    for (expires, waived) in [
        (latest_expiry(1), Some(WaivedBy::Exception)),
        (latest_expiry(1) + 1, None),
    ] {
        let mut exception = exception(resource(None, None, "api"));
        exception.expires = expires;
        let facts = WaiverFacts {
            exceptions: vec![exception],
            ..WaiverFacts::default()
        };
        let found = finding("policies/non-root", "prod", "api");
        assert_eq!(by(facts, 1, found), waived, "{expires}");
    }
}

#[test]
fn a_warning_is_waived_like_a_refusal_and_an_exception_that_ran_out_is_told() {
    let warning = Finding {
        level: Level::Warn,
        ..finding("policies/non-root", "prod", "api")
    };
    let of = |now| {
        let facts = Facts {
            waivers: WaiverFacts {
                exceptions: vec![exception(resource(None, None, "api"))],
                ..WaiverFacts::default()
            },
            ..Facts::empty(now)
        };
        let mut findings = [warning.clone()];
        Waivers::new(&facts, &Config::default()).apply(&mut findings);
        let [found] = findings;
        (found.waiver().map(|it| it.by), found.help)
    };
    assert_eq!(of(99), (Some(WaivedBy::Exception), None));
    let told = "exception `legacy` of ann ran out on 1970-01-01T00:01:40Z";
    assert_eq!(of(100), (None, Some(told.to_owned())), "in its last second");
}

#[test]
fn only_findings_about_content_can_be_excepted() {
    for rule in [
        "renders/failed",
        "approvals/missing",
        "protection/weaker",
        "control-plane/weakened",
        "promotion/soak",
    ] {
        let mut excepted = exception(resource(None, None, "api"));
        excepted.rule = rule.to_owned();
        let found = finding(rule, "prod", "api");
        let facts = WaiverFacts {
            exceptions: vec![excepted],
            baseline: vec![BaselineFacts {
                fingerprint: found.fingerprint(),
                rule: rule.to_owned(),
                subject: found.subject.to_string(),
                message: found.message.clone(),
            }],
            overrides: Vec::new(),
        };
        assert_eq!(by(facts, 1, found), None, "{rule}");
    }
}

#[test]
fn the_baseline_knows_findings_by_what_they_say() {
    let known = finding("policies/non-root", "prod", "api");
    let facts = WaiverFacts {
        baseline: vec![BaselineFacts {
            fingerprint: known.fingerprint(),
            rule: known.rule.clone(),
            subject: known.subject.to_string(),
            message: known.message.clone(),
        }],
        ..WaiverFacts::default()
    };
    let of = |finding| by(facts.clone(), 1, finding);
    assert_eq!(of(known.clone()), Some(WaivedBy::Baseline));
    let other = finding("policies/non-root", "prod", "web");
    assert_eq!(of(other), None);
    let worse = Finding {
        message: "runs as root, and privileged".to_owned(),
        ..known.clone()
    };
    assert_eq!(of(worse), None);
    let note = Finding {
        level: Level::Note,
        ..known
    };
    assert_eq!(of(note), None, "a note holds nothing");
    let value = finding("secrets/plain", "prod", "key");
    let facts = WaiverFacts {
        baseline: vec![BaselineFacts {
            fingerprint: value.fingerprint(),
            rule: value.rule.clone(),
            subject: value.subject.to_string(),
            message: value.message.clone(),
        }],
        ..WaiverFacts::default()
    };
    assert_eq!(
        by(facts, 1, value),
        None,
        "a value holds whenever it is new"
    );
}

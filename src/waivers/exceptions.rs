//! Exceptions of BASE.

use crate::{
    finding::{Finding, WaivedBy, Waiver},
    model::{ExceptionFacts, ExceptionSubject},
};

/// Days that an exception may last from now on, counted in whole days of UTC. Source: threat row A2.
pub const LONGEST_DAYS: u64 = 90;

const DAY: u64 = 86_400;

/// The latest expiry that an exception can have, in seconds since 1970: the end of the day that is
/// [`LONGEST_DAYS`] after today.
pub fn latest_expiry(now: u64) -> u64 {
    (now / DAY)
        .saturating_add(LONGEST_DAYS + 1)
        .saturating_mul(DAY)
}

/// The first exception that covers a finding and has not run out. One of them must cover it whole:
/// two never add up.
pub(super) fn waiver(exceptions: &[ExceptionFacts], finding: &Finding, now: u64) -> Option<Waiver> {
    let latest = latest_expiry(now);
    let mut live = exceptions
        .iter()
        .filter(|it| now < it.expires && it.expires <= latest);
    let exception = live.find(|it| covers(it, finding))?;
    Some(Waiver {
        by: WaivedBy::Exception,
        id: exception.id.clone(),
        reason: exception.reason.clone(),
        owner: Some(exception.owner.clone()),
        until: Some(exception.expires),
        place: exception.place.clone(),
    })
}

/// The exception that covers a finding and has run out; of several, the one that did so last.
pub(super) fn ran_out<'a>(
    exceptions: &'a [ExceptionFacts],
    finding: &Finding,
    now: u64,
) -> Option<&'a ExceptionFacts> {
    let gone = exceptions.iter().filter(|it| it.expires <= now);
    gone.filter(|it| covers(it, finding))
        .max_by_key(|it| it.expires)
}

/// Whether an exception waives nothing that another does not waive as well, and no longer.
pub fn is_within(narrow: &ExceptionFacts, wide: &ExceptionFacts) -> bool {
    if narrow.rule != wide.rule || narrow.expires > wide.expires {
        return false;
    }
    match (&narrow.subject, &wide.subject) {
        (ExceptionSubject::Exactly(narrow), ExceptionSubject::Exactly(wide)) => narrow == wide,
        (
            ExceptionSubject::Resource {
                environment,
                kind,
                namespace,
                name,
            },
            ExceptionSubject::Resource {
                environment: wide_environment,
                kind: wide_kind,
                namespace: wide_namespace,
                name: wide_name,
            },
        ) => {
            let within =
                |narrow: &Option<String>, wide: &Option<String>| wide.is_none() || narrow == wide;
            within(environment, wide_environment)
                && kind == wide_kind
                && within(namespace, wide_namespace)
                // A star of the narrow one can only be met by a star of the wide one.
                && is_like(wide_name, name)
        }
        // The two speak of different things; nobody can tell.
        _ => false,
    }
}

/// Whether an exception is for a finding, whenever it runs out.
pub fn covers(exception: &ExceptionFacts, finding: &Finding) -> bool {
    if exception.rule != finding.rule {
        return false;
    }
    match &exception.subject {
        ExceptionSubject::Exactly(subject) => subject == finding.subject.name(),
        ExceptionSubject::Resource {
            environment,
            kind,
            namespace,
            name,
        } => {
            let Some(resource) = finding.subject.resource() else {
                return false;
            };
            let same = |asked: &Option<String>, is: &Option<String>| {
                asked.as_ref().is_none_or(|it| Some(it) == is.as_ref())
            };
            environment
                .as_deref()
                .is_none_or(|it| Some(it) == finding.subject.environment())
                && *kind == resource.kind
                && same(namespace, &resource.namespace)
                && is_like(name, &resource.name)
        }
    }
}

/// Whether a name is as a pattern says, in which `*` stands for any characters.
pub fn is_like(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{is_like, is_within, latest_expiry};
    use crate::model::{ExceptionFacts, ExceptionSubject};

    #[test]
    fn ninety_days_are_counted_in_whole_days() {
        // 1970-01-02 10:00, whose ninetieth day after ends with 1970-04-02.
        assert_eq!(latest_expiry(86_400 + 36_000), 92 * 86_400);
    }

    fn exception(subject: ExceptionSubject, expires: u64) -> ExceptionFacts {
        ExceptionFacts {
            id: "x".to_owned(),
            rule: "policies/a".to_owned(),
            subject,
            reason: "it has to be".to_owned(),
            owner: "ann".to_owned(),
            expires,
            place: None,
        }
    }

    fn resource(
        environment: Option<&str>,
        namespace: Option<&str>,
        name: &str,
    ) -> ExceptionSubject {
        ExceptionSubject::Resource {
            environment: environment.map(str::to_owned),
            kind: "Job".to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    #[test]
    fn what_is_narrower_is_told_from_what_is_not() {
        let any = resource(None, None, "web-*");
        for (narrow, wide, within) in [
            (any.clone(), any.clone(), true),
            (resource(Some("prod"), None, "web-*"), any.clone(), true),
            (resource(None, Some("a"), "web-1"), any.clone(), true),
            (resource(None, None, "web-a*b"), any.clone(), true),
            (resource(None, None, "web*"), any.clone(), false),
            (any.clone(), resource(Some("prod"), None, "web-*"), false),
            (any.clone(), resource(None, Some("a"), "web-*"), false),
            (any.clone(), resource(None, None, "web-1"), false),
            (
                ExceptionSubject::Exactly("web-1".to_owned()),
                any.clone(),
                false,
            ),
            (any, ExceptionSubject::Exactly("web-*".to_owned()), false),
        ] {
            let of = |narrow_until, wide_until| {
                let narrow = exception(narrow.clone(), narrow_until);
                is_within(&narrow, &exception(wide.clone(), wide_until))
            };
            assert_eq!(of(5, 5), within, "{narrow:?} in {wide:?}");
            assert_eq!(of(4, 5), within, "shorter");
            assert!(!of(6, 5), "longer");
        }
    }

    #[test]
    fn an_exception_for_another_kind_or_rule_is_not_within() {
        let of_kind = |name: &str| match resource(None, None, "web-*") {
            ExceptionSubject::Resource {
                environment,
                namespace,
                name: pattern,
                ..
            } => ExceptionSubject::Resource {
                environment,
                kind: name.to_owned(),
                namespace,
                name: pattern,
            },
            other => other,
        };
        let (job, pod) = (exception(of_kind("Job"), 5), exception(of_kind("Pod"), 5));
        assert!(is_within(&job, &job));
        assert!(!is_within(&pod, &job));
        let other = ExceptionFacts {
            rule: "policies/b".to_owned(),
            ..job.clone()
        };
        assert!(!is_within(&other, &job));
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, like) in [
            ("web", "web", true),
            ("web", "web-1", false),
            ("web-*", "web-1f2a", true),
            ("web-*", "web", false),
            ("*-web", "a-web", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*a*", "bab", true),
        ] {
            assert_eq!(is_like(pattern, name), like, "{pattern} {name}");
        }
    }
}

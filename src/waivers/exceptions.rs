//! Exceptions of BASE.

use crate::{
    finding::{Finding, WaivedBy, Waiver},
    model::{ExceptionFacts, ExceptionSubject},
};

/// The first exception that covers a finding and has not run out. One of them must cover it whole:
/// two never add up.
pub(super) fn waiver(exceptions: &[ExceptionFacts], finding: &Finding, now: u64) -> Option<Waiver> {
    let mut live = exceptions.iter().filter(|it| now < it.expires);
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

/// Whether an exception is for a finding, whenever it runs out.
pub fn covers(exception: &ExceptionFacts, finding: &Finding) -> bool {
    if exception.rule != finding.rule {
        return false;
    }
    match &exception.subject {
        ExceptionSubject::Exactly(subject) => *subject == finding.subject,
        ExceptionSubject::Resource {
            environment,
            kind,
            namespace,
            name,
        } => {
            let Some(resource) = &finding.resource else {
                return false;
            };
            let same = |asked: &Option<String>, is: &Option<String>| {
                asked.as_ref().is_none_or(|it| Some(it) == is.as_ref())
            };
            same(environment, &finding.environment)
                && *kind == resource.kind
                && same(namespace, &resource.namespace)
                && is_like(name, &resource.name)
        }
    }
}

/// Whether a name is as a pattern says, in which `*` stands for any characters.
fn is_like(pattern: &str, name: &str) -> bool {
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
    use super::is_like;

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

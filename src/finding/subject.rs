//! What something is said about.

use crate::model::ResourceKey;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How what belongs to no environment is named in an environment's place.
pub const NO_ENVIRONMENT: &str = "no environment";

/// What a finding, a check or an open question is about: a resource that an overlay renders, an overlay, something of an
/// environment, or something else that has a name (a setting, a file of the repository).
///
/// Reports print the name; nothing reads it again, because the parts are here too. Subjects sort by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// How people are told of it. Within one gate, no two subjects have the same name.
    #[serde(rename = "subject")]
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<ResourceKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overlay: Option<String>,
}

impl Subject {
    /// A resource that an overlay renders: `prod: Deployment web/api (apps/web/overlays/prod)`.
    pub fn rendered(environment: Option<&str>, overlay: &str, resource: &ResourceKey) -> Self {
        let place = environment.unwrap_or(NO_ENVIRONMENT);
        Self {
            name: format!("{place}: {resource} ({overlay})"),
            resource: Some(resource.clone()),
            environment: environment.map(str::to_owned),
            overlay: Some(overlay.to_owned()),
        }
    }

    /// An overlay: `prod (apps/web/overlays/prod)`.
    pub fn overlay_of(environment: Option<&str>, overlay: &str) -> Self {
        let place = environment.unwrap_or(NO_ENVIRONMENT);
        Self {
            name: format!("{place} ({overlay})"),
            resource: None,
            environment: environment.map(str::to_owned),
            overlay: Some(overlay.to_owned()),
        }
    }

    /// Something of an environment, or of what belongs to none: `prod: require-labels`.
    pub fn within(environment: Option<&str>, what: impl fmt::Display) -> Self {
        let place = environment.unwrap_or(NO_ENVIRONMENT);
        Self {
            name: format!("{place}: {what}"),
            environment: environment.map(str::to_owned),
            ..Self::default()
        }
    }

    /// An environment as a whole: `prod`.
    pub fn environment_of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            environment: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// A resource that stands in a file of the repository: `git: Secret web/api`.
    pub fn in_git(resource: &ResourceKey) -> Self {
        Self {
            name: format!("git: {resource}"),
            resource: Some(resource.clone()),
            ..Self::default()
        }
    }

    /// The same, whose name does not say to which environment it belongs.
    #[must_use]
    pub fn of_environment(mut self, environment: Option<&str>) -> Self {
        self.environment = environment.map(str::to_owned);
        self
    }

    /// How people are told of it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The environment that it belongs to; `None` where it concerns no single one.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// The path of the overlay that it is, or that renders it.
    pub fn overlay(&self) -> Option<&str> {
        self.overlay.as_deref()
    }

    /// The resource that it is.
    pub fn resource(&self) -> Option<&ResourceKey> {
        self.resource.as_ref()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What has a name and belongs to no environment.
impl From<String> for Subject {
    fn from(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }
}

impl From<&str> for Subject {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

impl From<&String> for Subject {
    fn from(name: &String) -> Self {
        name.clone().into()
    }
}

impl From<&Self> for Subject {
    fn from(it: &Self) -> Self {
        it.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_people_and_parts_for_programs() {
        let key = ResourceKey {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("web".to_owned()),
            name: "api".to_owned(),
        };
        for (subject, name, environment, overlay, resource) in [
            (
                Subject::rendered(Some("prod"), "apps/prod", &key),
                "prod: Deployment web/api (apps/prod)",
                Some("prod"),
                Some("apps/prod"),
                Some(&key),
            ),
            (
                Subject::rendered(None, "apps/x", &key),
                "no environment: Deployment web/api (apps/x)",
                None,
                Some("apps/x"),
                Some(&key),
            ),
            (
                Subject::overlay_of(Some("prod"), "apps/prod"),
                "prod (apps/prod)",
                Some("prod"),
                Some("apps/prod"),
                None,
            ),
            (
                Subject::within(Some("prod"), "labels"),
                "prod: labels",
                Some("prod"),
                None,
                None,
            ),
            (
                Subject::environment_of("prod"),
                "prod",
                Some("prod"),
                None,
                None,
            ),
            (
                Subject::in_git(&key),
                "git: Deployment web/api",
                None,
                None,
                Some(&key),
            ),
            (
                Subject::from("prod: not what it looks like"),
                "prod: not what it looks like",
                None,
                None,
                None,
            ),
            (
                Subject::from("a.yaml").of_environment(Some("prod")),
                "a.yaml",
                Some("prod"),
                None,
                None,
            ),
        ] {
            assert_eq!(subject.to_string(), name);
            assert_eq!(subject.environment(), environment, "{name}");
            assert_eq!(subject.overlay(), overlay, "{name}");
            assert_eq!(subject.resource(), resource, "{name}");
        }
    }
}

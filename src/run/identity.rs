//! By what a cluster tells one object from another.

use crate::{
    engines::{self, Scopes},
    model::ResourceKey,
};

/// Versions of a kind are one kind, and what gives no namespace is in `default`, unless objects of its
/// kind have none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Identity<'a> {
    pub(super) fn of(key: &'a ResourceKey, scopes: &Scopes) -> Self {
        let namespace = match engines::is_cluster_scoped(&key.api_version, &key.kind, scopes) {
            true => "",
            false => key.namespace.as_deref().unwrap_or("default"),
        };
        Self {
            group: engines::group(&key.api_version),
            kind: &key.kind,
            namespace,
            name: &key.name,
        }
    }
}

impl Identity<'_> {
    /// Whether it is a Namespace.
    pub(super) fn is_namespace(&self) -> bool {
        (self.group, self.kind) == ("", "Namespace")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(api_version: &str, kind: &str, namespace: Option<&str>) -> ResourceKey {
        ResourceKey {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: "a".to_owned(),
        }
    }

    #[test]
    fn versions_of_a_kind_are_one_and_default_is_the_namespace_of_what_gives_none() {
        let defined = |kind: &str| ("example.com".to_owned(), kind.to_owned());
        let scopes = Scopes::from([(defined("Wide"), true), (defined("Narrow"), false)]);
        let plain = key("apps/v1", "Deployment", None);
        let wide = key("example.com/v1", "Wide", None);
        let narrow = key("example.com/v1", "Narrow", None);
        let role = key("rbac.authorization.k8s.io/v1", "ClusterRole", Some("b"));
        for (a, b, same) in [
            (&plain, key("apps/v1", "Deployment", Some("default")), true),
            (&plain, key("apps/v1beta1", "Deployment", None), true),
            (&plain, key("apps/v1", "Deployment", Some("web")), false),
            (&plain, key("apps/v1", "StatefulSet", None), false),
            (&plain, key("v1", "Deployment", None), false),
            (&wide, key("example.com/v2", "Wide", Some("web")), true),
            (&narrow, key("example.com/v2", "Narrow", Some("web")), false),
            (
                &role,
                key("rbac.authorization.k8s.io/v1", "ClusterRole", None),
                true,
            ),
        ] {
            let is_same = Identity::of(a, &scopes) == Identity::of(&b, &scopes);
            assert_eq!(is_same, same, "{a} {b}");
        }
        let other = ResourceKey {
            name: "b".to_owned(),
            ..plain.clone()
        };
        assert!(Identity::of(&plain, &scopes) != Identity::of(&other, &scopes));
    }
}

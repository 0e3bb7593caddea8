//! Kinds as policies select them. Source: `pkg/utils/kube/kind.go` and `pkg/utils/match/kind.go`.

use serde_json::Value;
use tollgate_jmespath::wildcard;

/// Group, version and kind of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gvk {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Gvk {
    pub(crate) fn of(resource: &Value) -> Self {
        let text = |key: &str| {
            resource
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let api = text("apiVersion");
        let (group, version) = match api.split_once('/') {
            // Two slashes are no group and version at all.
            Some((_, version)) if version.contains('/') => ("", ""),
            Some(parts) => parts,
            None => ("", api),
        };
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text("kind").to_owned(),
        }
    }
}

/// `Kind`, `version/Kind` or `group/version/Kind`, each with a subresource or without; each part may
/// have wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindSelector {
    /// As it is written.
    pub(crate) text: String,
    group: String,
    version: String,
    kind: String,
    subresource: String,
    /// Whether it is for kinds too that it may mean: in other letters, or in the plural.
    loose: bool,
}

impl KindSelector {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split('/').collect();
        if let Some(last) = parts.pop() {
            // `Pod.status` is an old way to write `Pod/status`.
            parts.extend(last.split('.'));
        }
        let (group, version, kind, subresource) = match parts.as_slice() {
            [kind] => ("*", "*", *kind, ""),
            ["*", "*"] => ("*", "*", "*", "*"),
            ["*", sub] if sub.to_lowercase() == *sub => ("*", "*", "*", *sub),
            [version, kind] if is_version(version) => ("*", *version, *kind, ""),
            [kind, sub] => ("*", "*", *kind, *sub),
            [version, kind, sub] if is_version(version) => ("*", *version, *kind, *sub),
            [group, version, kind] => (*group, *version, *kind, ""),
            [group, version, kind, sub] => (*group, *version, *kind, *sub),
            _ => ("", "", "", ""),
        };
        Self {
            text: text.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            subresource: subresource.to_owned(),
            loose: false,
        }
    }

    /// The same for all that it may mean. `group/Kind` reads as a subresource, which no capitals are in.
    pub(crate) fn loosely(&self) -> Self {
        let mut loose = Self {
            loose: true,
            ..self.clone()
        };
        if loose
            .subresource
            .contains(|it: char| it.is_ascii_uppercase())
        {
            loose.kind = std::mem::take(&mut loose.subresource);
            loose.group = "*".to_owned();
            loose.version = "*".to_owned();
        }
        loose
    }

    pub(crate) fn matches(&self, gvk: &Gvk, subresource: &str) -> bool {
        let is_pod = gvk.group.is_empty() && gvk.version == "v1" && gvk.kind == "Pod";
        wildcard::matches(&self.group, &gvk.group)
            && wildcard::matches(&self.version, &gvk.version)
            && (wildcard::matches(&self.kind, &gvk.kind)
                || self.loose && is_named(&self.kind, &gvk.kind))
            && (wildcard::matches(&self.subresource, subresource)
                || is_pod && subresource == "ephemeralcontainers")
    }
}

/// Whether a kind may be meant by a text: in any letters, in the singular or the plural.
pub(crate) fn is_named(text: &str, kind: &str) -> bool {
    let (text, kind) = (text.to_lowercase(), kind.to_lowercase());
    let ies = kind.strip_suffix('y').map(|it| format!("{it}ies"));
    let plurals = [kind.clone(), format!("{kind}s"), format!("{kind}es")];
    plurals.contains(&text) || ies.is_some_and(|it| it == text)
}

/// Upstream's `^(v\d((alpha|beta)\d)?|\*)$`.
fn is_version(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let digit = |it: Option<u8>| it.is_some_and(|it| it.is_ascii_digit());
    let Some(rest) = text.strip_prefix('v') else {
        return false;
    };
    if !digit(rest.bytes().next()) {
        return false;
    }
    let rest = &rest[1..];
    rest.is_empty()
        || ["alpha", "beta"].iter().any(|stage| {
            rest.strip_prefix(stage)
                .is_some_and(|it| it.len() == 1 && digit(it.bytes().next()))
        })
}

/// The kind of a selector without version and subresource. Source: `GetKindFromGVK` and
/// `SplitSubresource`.
pub(crate) fn bare_kind(selector: &str) -> &str {
    let parts: Vec<&str> = selector.split('/').collect();
    let kind = match parts.as_slice() {
        [kind] => kind,
        ["*", "*"] => "*",
        [version, kind] if is_version(version) => kind,
        [kind, _] => return kind,
        [version, kind, _] if is_version(version) => return kind,
        [_, _, kind] => kind,
        [_, _, kind, _] => return kind,
        _ => "",
    };
    kind.split_once('.').map_or(kind, |it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(selector: &str, api: &str, kind: &str, subresource: &str) -> bool {
        let gvk = Gvk::of(&json!({"apiVersion": api, "kind": kind}));
        KindSelector::parse(selector).matches(&gvk, subresource)
    }

    #[test]
    fn forms() {
        assert!(matches("Pod", "v1", "Pod", ""));
        assert!(matches("v1/Pod", "v1", "Pod", ""));
        assert!(!matches("v2/Pod", "v1", "Pod", ""));
        assert!(matches("apps/v1/Deployment", "apps/v1", "Deployment", ""));
        assert!(matches("apps/*/Deploy*", "apps/v1", "Deployment", ""));
        assert!(matches("*", "apps/v1", "Deployment", ""));
        assert!(!matches("*", "v1", "Pod", "exec"));
        assert!(matches("*/*", "v1", "Pod", "exec"));
        assert!(matches("Pod/exec", "v1", "Pod", "exec"));
        assert!(!matches("Pod/exec", "v1", "Pod", ""));
        assert!(matches("Pod.status", "v1", "Pod", "status"));
        assert!(matches("*/scale", "apps/v1", "Deployment", "scale"));
        assert!(matches("Pod", "v1", "Pod", "ephemeralcontainers"));
        assert!(!matches("Pod", "v2", "Pod", "ephemeralcontainers"));
        assert!(!matches("Pod", "e.com/v1", "Pod", "ephemeralcontainers"));
        assert!(!matches("Thing", "v1", "Thing", "ephemeralcontainers"));
    }

    #[test]
    fn kinds_without_the_rest() {
        for text in [
            "Pod",
            "v1/Pod",
            "*/Pod",
            "Pod/exec",
            "/v1/Pod",
            "v1/Pod/exec",
            "Pod.exec",
        ] {
            assert_eq!(bare_kind(text), "Pod", "{text}");
        }
    }
}

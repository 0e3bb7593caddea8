//! Fields of Secrets that are known to let nobody in: where a repository or a cluster of Argo CD is, and
//! the credentials of registries of which every secret part is a placeholder.

use super::{
    credential::is_credential_name,
    placeholder::{Placeholders, decoded},
    secret::documents,
};
use tollgate_yaml::Node;

/// Where an Argo CD Secret says what it names.
const ARGO_TYPE: &str = "argocd.argoproj.io/secret-type";

/// Fields of a repository that say where it is, and nothing about how to get in.
const REPOSITORY: [&str; 9] = [
    "type",
    "url",
    "name",
    "project",
    "enableOCI",
    "enableLfs",
    "insecure",
    "insecureIgnoreHostKey",
    "forceHttpBasicAuth",
];

/// The same of a cluster; `config` is looked into.
const CLUSTER: [&str; 6] = [
    "name",
    "server",
    "namespaces",
    "clusterResources",
    "project",
    "shard",
];

/// Whether a field of a Secret is public. `base64` says that it stands in `data`.
pub(super) fn is_public(
    body: &Node,
    key: &str,
    text: &str,
    base64: bool,
    placeholders: Placeholders,
) -> bool {
    let labels = body.get("metadata").and_then(|it| it.get("labels"));
    let kind = labels
        .and_then(|it| it.get(ARGO_TYPE))
        .and_then(Node::as_str);
    let plain = decoded(text).filter(|_| base64);
    let plain = plain.as_deref().unwrap_or(text);
    let json = || json(plain);
    match (kind, key) {
        (_, ".dockerconfigjson") => json().is_some_and(|it| is_docker_config(&it, placeholders)),
        (_, ".dockercfg") => json().is_some_and(|it| are_registries(&it, placeholders)),
        (Some("cluster"), "config") => json().is_some_and(|it| is_cluster(&it, placeholders)),
        (Some("cluster"), _) => CLUSTER.contains(&key) && !tells(plain),
        (Some("repository" | "repo-creds" | "repository-write" | "repo-write-creds"), _) => {
            REPOSITORY.contains(&key) && !tells(text) && !tells(plain)
        }
        _ => false,
    }
}

/// Whether an address lets somebody in: `git@host:path` and `ssh://git@host` name a user; `token@host` of
/// a web address and `user:password@host` let him in, and so may a query.
fn tells(text: &str) -> bool {
    let (scheme, address) = text.split_once("://").unwrap_or(("", text));
    let host = address.split('/').next().unwrap_or_default();
    let open = matches!(scheme, "" | "ssh" | "git+ssh");
    let user = host.rsplit_once('@').map(|it| it.0);
    user.is_some_and(|it| !open || it.contains(':')) || text.contains('?')
}

/// A text that is JSON, with every entry of its maps: of two entries of one name JSON keeps the last.
fn json(text: &str) -> Option<Node> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut documents = documents(text)?.into_iter();
    documents.next().filter(|_| documents.next().is_none())
}

/// The entries of a map, of which each is public by its name and value.
fn all(node: &Node, is_public: impl Fn(&str, &Node) -> bool) -> bool {
    node.as_mapping()
        .is_some_and(|map| map.iter().all(|it| is_public(&it.key.text, &it.value)))
}

/// `.dockerconfigjson`. Source: `docker/cli`, `cli/config/configfile/file.go`.
fn is_docker_config(node: &Node, placeholders: Placeholders) -> bool {
    all(node, |name, value| match name {
        "auths" => are_registries(value, placeholders),
        "credsStore" => value.as_scalar().is_some(),
        "credHelpers" => all(value, |_, it| it.as_scalar().is_some()),
        _ => false,
    })
}

/// Registries, each with what lets somebody in.
fn are_registries(node: &Node, placeholders: Placeholders) -> bool {
    all(node, |host, entry| {
        !tells(host)
            && all(entry, |name, value| {
                name == "email" && value.as_scalar().is_some()
                    || is_filled_in(value, name == "auth", placeholders)
            })
    })
}

/// Nothing, or nothing but placeholders; `base64` says that they may be encoded.
fn is_filled_in(node: &Node, base64: bool, placeholders: Placeholders) -> bool {
    node.is_null()
        || node
            .as_scalar()
            .is_some_and(|it| it.text.is_empty() || placeholders.are(&it.text, base64))
}

/// How to get into a cluster. Source: Argo CD, "Declarative Setup", "Clusters".
fn is_cluster(node: &Node, placeholders: Placeholders) -> bool {
    let filled_in = |it: &Node| is_filled_in(it, false, placeholders);
    let told = |it: &Node| it.as_scalar().is_some_and(|it| !tells(&it.text));
    all(node, |name, value| match name {
        "disableCompression" | "proxyUrl" => told(value),
        // Certificates are public, keys are not.
        "tlsClientConfig" => all(value, |name, value| match name {
            "insecure" | "serverName" | "caData" | "certData" => value.as_scalar().is_some(),
            _ => filled_in(value),
        }),
        "awsAuthConfig" => all(value, |name, value| match name {
            "clusterName" | "roleARN" | "profile" => told(value),
            _ => filled_in(value),
        }),
        "execProviderConfig" => all(value, |name, value| match name {
            "command" | "apiVersion" | "installHint" => told(value),
            "args" => value.as_sequence().unwrap_or_default().iter().all(|it| {
                let text = it.as_scalar().map_or("", |it| &it.text);
                filled_in(it) || !is_credential_name(text.split('=').next().unwrap_or_default())
            }),
            "env" => all(value, |name, value| {
                filled_in(value) || !is_credential_name(name) && told(value)
            }),
            _ => filled_in(value),
        }),
        _ => filled_in(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, key: &str, rows: &[(&str, bool)]) {
        let text = format!("metadata: {{labels: {{{ARGO_TYPE}: {kind}}}}}\n");
        let body = documents(&text).expect("YAML").remove(0);
        for (text, want) in rows {
            let encoded = data_encoding::BASE64.encode(text.as_bytes());
            let of =
                |text: &str, base64| is_public(&body, key, text, base64, Placeholders::default());
            assert_eq!(of(text, false), *want, "{text}");
            assert_eq!(of(&encoded, true), *want, "{text} in base64");
        }
    }

    #[test]
    fn an_address_of_a_repository_is_public_and_a_user_in_it_is_not() {
        check(
            "repository",
            "url",
            &[
                ("https://example.org/a.git", true),
                ("git@example.org:a.git", true),
                ("https://hunter2@example.org/a.git", false),
                ("https://example.org/a?token=hunter2", false),
            ],
        );
        check("repository", "password", &[("hunter2", false)]);
        check("other", "url", &[("https://example.org", false)]);
    }

    #[test]
    fn a_cluster_is_public_where_its_credentials_are_placeholders() {
        check("cluster", "server", &[("https://example.org", true)]);
        check("cluster", "name", &[("prod", true)]);
        check("cluster", "password", &[("hunter2", false)]);
        check(
            "cluster",
            "config",
            &[
                (r#"{"bearerToken": "${TOKEN}"}"#, true),
                (
                    r#"{"bearerToken": "<path:a/b#token>", "tlsClientConfig": {"insecure": false, "caData": "Y2E="}}"#,
                    true,
                ),
                (r#"{"tlsClientConfig": {"insecure": true}}"#, true),
                (
                    r#"{"awsAuthConfig": {"clusterName": "prod", "roleARN": "arn:aws:iam::1:role/a"}}"#,
                    true,
                ),
                (
                    r#"{"execProviderConfig": {"command": "argocd-k8s-auth", "args": ["azure"], "env": {"AAD_LOGIN_METHOD": "workloadidentity"}}}"#,
                    true,
                ),
                (
                    r#"{"execProviderConfig": {"env": {"AAD_CLIENT_SECRET": "hunter2"}}}"#,
                    false,
                ),
                (
                    r#"{"execProviderConfig": {"args": ["--token=hunter2"]}}"#,
                    false,
                ),
                (r#"{"bearerToken": "hunter2"}"#, false),
                (
                    r#"{"bearerToken": "hunter2", "bearerToken": "${TOKEN}"}"#,
                    false,
                ),
                (r#"{"tlsClientConfig": {"keyData": "hunter2"}}"#, false),
                (r#"{"username": "${USER}", "password": "hunter2"}"#, false),
                ("hunter2", false),
                (r#"{"new": "hunter2"}"#, false),
            ],
        );
    }

    #[test]
    fn credentials_of_registries_are_public_where_they_are_placeholders() {
        let encoded = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        let auth = |text: &str| format!(r#"{{"auths": {{"ghcr.io": {{"auth": "{text}"}}}}}}"#);
        check(
            "",
            ".dockerconfigjson",
            &[
                (&auth("${AUTH}"), true),
                (&auth(&encoded("${USER}:${PASSWORD}")), true),
                (&auth(&encoded("robot:hunter2")), false),
                (&auth(&encoded("robot:${PASSWORD}")), false),
                (&auth("hunter2"), false),
                (
                    r#"{"auths": {"a.b": {"username": "${U}", "password": "{{ .p }}", "email": "a@b"}}}"#,
                    true,
                ),
                (
                    r#"{"auths": {"a.b": {"username": "${U}", "password": "hunter2"}}}"#,
                    false,
                ),
                (r#"{"auths": {"a:hunter2@b": {}}}"#, false),
                (r#"{"auths": {}, "credsStore": "pass"}"#, true),
                (r#"{"auths": {}, "other": "hunter2"}"#, false),
                (r#"{"auths": "hunter2"}"#, false),
                ("{\"auths\": {} # hunter2\n}", false),
            ],
        );
        check(
            "",
            ".dockercfg",
            &[
                (r#"{"ghcr.io": {"auth": "${AUTH}"}}"#, true),
                (r#"{"ghcr.io": {"auth": "hunter2"}}"#, false),
            ],
        );
    }
}

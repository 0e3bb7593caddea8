//! References to a store, each as the tool that follows it reads it.

use super::is_variable;

/// What the Argo CD Vault Plugin can do to what it finds. Source: its how-to, "Modifiers".
const MODIFIERS: [&str; 7] = [
    "base64encode",
    "base64decode",
    "jsonPath",
    "jsonParse",
    "yamlParse",
    "indent",
    "sha256sum",
];

/// Where vals finds values. Source: `vals.go` of vals 0.43.
const BACKENDS: [&str; 36] = [
    "awskms",
    "awssecrets",
    "awsssm",
    "azurekeyvault",
    "bw",
    "conjur",
    "doppler",
    "envsubst",
    "file",
    "gcpsecrets",
    "gcs",
    "gitlab",
    "gkms",
    "googlesheets",
    "hcpvaultsecrets",
    "httpjson",
    "infisical",
    "k8s",
    "keychain",
    "oci",
    "onepasswordconnect",
    "op",
    "openbao",
    "pulumistateapi",
    "s3",
    "scw",
    "servercore",
    "sops",
    "tfstate",
    "tfstateazurerm",
    "tfstategs",
    "tfstateremote",
    "tfstates3",
    "tss",
    "vault",
    "yclockbox",
];

/// Parameters of a reference of vals that let somebody in by themselves.
const CREDENTIALS: [&str; 7] = [
    "token",
    "private_token",
    "secret_id",
    "password",
    "secret",
    "apikey",
    "api_key",
];

/// `<path:path#key>` or `<path:path#key#version>`, with modifiers behind `|`; where `keys`, `<key>` too.
/// Without a path and a key the plugin takes it for text. Source: `pkg/kube/util.go`.
pub(super) fn vault_plugin(text: &str, keys: bool) -> Option<&str> {
    let (inner, rest) = text.strip_prefix('<')?.split_once('>')?;
    let mut parts = inner.split('|');
    let name = parts.next()?.trim();
    let modifies = |it: &str| {
        let (name, argument) = match it.trim().split_once(char::is_whitespace) {
            Some((name, argument)) => (name, argument.trim()),
            None => (it.trim(), ""),
        };
        MODIFIERS.contains(&name)
            && match name {
                "jsonPath" => is_json_path(argument),
                "indent" => argument.parse::<u32>().is_ok(),
                _ => argument.is_empty(),
            }
    };
    let is_one = match name.strip_prefix("path:") {
        Some(it) => {
            let parts: Vec<&str> = it.split('#').collect();
            let told = |it: &&str| !it.trim().is_empty();
            (2..=3).contains(&parts.len()) && parts.iter().all(told)
        }
        None => {
            let known = |it: char| it.is_ascii_alphanumeric() || "-_. ".contains(it);
            keys && !name.is_empty() && name.chars().all(known)
        }
    };
    (is_one && !inner.contains(['<', '\n']) && parts.all(modifies)).then_some(rest)
}

/// Whether a JSONPath of Kubernetes finds all that it gives: text outside of braces, and in quotes as all
/// of what stands in them, is given as it is.
fn is_json_path(text: &str) -> bool {
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('{') {
        let Some((path, after)) = inner.split_once('}') else {
            return false;
        };
        if !path.starts_with(['.', '$', '@', '[']) {
            return false;
        }
        rest = after;
    }
    rest.is_empty() && !text.is_empty()
}

/// `vault:path#key`, which has no end of its own; `>>` writes it first.
pub(super) fn bank_vaults(text: &str) -> Option<&str> {
    let reference = text.strip_prefix(">>").unwrap_or(text);
    let (path, key) = reference.strip_prefix("vault:")?.split_once('#')?;
    let (engine, name) = path.split_once('/')?;
    let told = [engine, name, key].iter().all(|it| !it.is_empty());
    (told && !text.contains(char::is_whitespace)).then_some("")
}

/// `ref+backend://path?parameters#fragment`, which `+`, `"`, `,` and a space end. Source:
/// `pkg/expansion/expand_match.go` of vals. What its backend `echo` finds is the path itself, a
/// backend that it does not have finds nothing, and `envsubst` fills in variables and leaves the rest.
pub(super) fn vals(text: &str) -> Option<&str> {
    let text = text.strip_prefix("secret").unwrap_or(text);
    let (backend, rest) = text.strip_prefix("ref+")?.split_once("://")?;
    let end = rest
        .find(|it: char| it.is_whitespace() || "+\",".contains(it))
        .unwrap_or(rest.len());
    let (address, rest) = rest.split_at_checked(end)?;
    let finds = match backend {
        "envsubst" => {
            let name = address.strip_prefix('$').unwrap_or_default();
            let inner = name.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            is_variable(inner.unwrap_or(name))
        }
        _ => BACKENDS.contains(&backend) && !address.is_empty(),
    };
    let query = address.split_once('?').map_or("", |it| it.1);
    let query = query.split('#').next().unwrap_or_default();
    let opens = query.split('&').any(|it| {
        let (name, value) = it.split_once('=').unwrap_or((it, ""));
        CREDENTIALS.contains(&name) && !value.is_empty()
    });
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    let opens = opens || host.split_once('@').is_some_and(|it| it.0.contains(':'));
    (finds && !opens).then(|| rest.strip_prefix('+').unwrap_or(rest))
}

/// `op://vault/item/field` or `op://vault/item/section/field`. A vault or an item may have spaces in its
/// name; a field ends at one, as `op inject` has it. Source: 1Password CLI, "Secret reference syntax" and
/// "Template syntax".
pub(super) fn one_password(text: &str) -> Option<&str> {
    let (vault, rest) = text.strip_prefix("op://")?.split_once('/')?;
    let (item, rest) = rest.split_once('/')?;
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.${}".contains(it);
    let is_name = |it: &str| !it.trim().is_empty() && it.chars().all(|it| plain(it) || it == ' ');
    if !is_name(vault) || !is_name(item) {
        return None;
    }
    let word = |text: &'_ str| text.find(|it| !plain(it)).unwrap_or(text.len());
    let (field, mut rest) = rest.split_at_checked(word(rest))?;
    if field.is_empty() {
        return None;
    }
    if let Some(more) = rest.strip_prefix('/') {
        let (field, after) = more.split_at_checked(word(more))?;
        if field.is_empty() {
            return None;
        }
        rest = after;
    }
    for query in ["?attribute=", "?attr=", "?ssh-format="] {
        if let Some(value) = rest.strip_prefix(query) {
            let (value, after) = value.split_at_checked(word(value))?;
            return (!value.is_empty()).then_some(after);
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::{Placeholders, is_placeholder};

    #[track_caller]
    fn check(rows: &[(&str, bool)]) {
        for (text, want) in rows {
            assert_eq!(is_placeholder(text, false), *want, "{text}");
        }
    }

    #[test]
    fn the_vault_plugin_finds_a_key_at_a_path() {
        check(&[
            ("<path:secret/data/web#password>", true),
            ("<path:secret/data/web#password#3>", true),
            ("<path:secret/data/web#password | base64encode>", true),
            ("<path:a#b | jsonPath {.c.d} | base64encode>", true),
            ("<path:a#b>:<path:a#c>", true),
            ("<path:secret/data/web>", false),
            ("<path:hunter2>", false),
            ("<path:a#>", false),
            ("<path:#b>", false),
            ("<path:a#b#1#hunter2>", false),
            ("<path:a#b | hunter2>", false),
            ("<path:a#b | base64encode hunter2>", false),
            ("<path:a#b> hunter2", false),
            ("<path:a#b | jsonPath {.c}{.d[0]['e f']}>", true),
            ("<path:a#b | jsonPath {[0].c} | indent 4>", true),
            ("<path:a#b | jsonPath hunter2>", false),
            ("<path:a#b | jsonPath {.c}hunter2>", false),
            ("<path:a#b | jsonPath {.c} hunter2>", false),
            ("<path:a#b | jsonPath {'hunter2'}>", false),
            ("<path:a#b | jsonPath>", false),
            ("<path:a#b | indent hunter2>", false),
            ("<password>", false),
        ]);
    }

    #[test]
    fn a_key_alone_is_one_where_an_annotation_says_in_which_secret() {
        let of = |annotations: &str| {
            let text = format!("metadata: {{annotations: {{{annotations}}}}}\n");
            let documents = crate::model::secret::documents(&text).expect("YAML");
            Placeholders::of(
                documents[0]
                    .get("metadata")
                    .and_then(|it| it.get("annotations")),
            )
        };
        let told = of("avp.kubernetes.io/path: secret/data/web");
        assert!(told.are("<password>", false));
        assert!(told.are("<a-key | base64encode>", false));
        assert!(!told.are("<password>hunter2", false));
        assert!(!told.are("hunter2", false));
        let ignored = of("avp.kubernetes.io/path: a, avp.kubernetes.io/ignore: 'true'");
        assert!(!ignored.are("<password>", false));
        assert!(!of("a: b").are("<password>", false));
    }

    #[test]
    fn a_reference_of_vals_ends_where_vals_ends_it() {
        check(&[
            ("ref+vault://secret/web#/password", true),
            ("secretref+awssecrets://a/b?region=eu", true),
            ("ref+vault://a#/b+:ref+vault://a#/c", true),
            ("ref+envsubst://$VAR", true),
            ("ref+envsubst://${VAR}", true),
            ("ref+envsubst://hunter2", false),
            ("ref+echo://hunter2", false),
            ("ref+pw://hunter2", false),
            ("ref+vaults://a#/b", false),
            ("ref+sops://secrets.yaml#/a", true),
            ("ref+op://vault/item/field", true),
            ("hunter2 ref+vault://a#/b", false),
            ("ref+vault://a#/b hunter2", false),
            ("ref+vault://a#/b+hunter2", false),
            ("ref+vault://a?secret_id=hunter2#/b", false),
            ("ref+gitlab://a?private_token=hunter2#/b", false),
            ("ref+vault://user:hunter2@host/a#/b", false),
            ("ref+vault://user@host/a#/b", true),
            ("ref+vault://a?token_env=TOKEN#/b", true),
            ("ref+://a", false),
            ("ref+vault://", false),
            ("ref+hunter2", false),
        ]);
    }

    #[test]
    fn a_reference_of_1password_ends_at_a_space_in_its_field() {
        check(&[
            ("op://vault/item/field", true),
            ("op://vault/item/section/field", true),
            ("op://A Vault/An Item/field", true),
            ("op://vault/item/field?attribute=otp", true),
            ("op://$ENVIRONMENT/item/field", true),
            ("{{ op://vault/item/field }}", true),
            ("op://vault/item/field hunter2", false),
            ("op://vault/item/field#hunter2", false),
            ("op://vault/item/field?hunter2", false),
            ("op://x/y text", false),
            ("op://x/y", false),
            ("op://hunter2", false),
            ("{{ op://x/y }}", false),
        ]);
    }

    #[test]
    fn a_reference_of_bank_vaults_names_a_path_and_a_key() {
        check(&[
            ("vault:secret/data/web#password", true),
            ("vault:secret/data/web#password#3", true),
            (">>vault:secret/data/web#password", true),
            ("${vault:secret/data/web#password}", true),
            ("vault:secret/data/web#password hunter2", false),
            ("vault:hunter2", false),
            ("vault:v1:hunter2", false),
            ("${vault:hunter2}", false),
        ]);
    }
}

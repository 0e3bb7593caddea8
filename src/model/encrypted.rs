//! What is encrypted in git: values and files by SOPS, files by Ansible Vault.

use super::{credential::holds_a_credential, secret::documents};
use tollgate_yaml::{Node, Value};

/// What SOPS says of a file beside its keys. Source: `stores/stores.go` of SOPS 3.13, as is all of its
/// metadata here; what stands beside it SOPS drops, and git keeps.
const TEXTS: [&str; 11] = [
    "shamir_threshold",
    "lastmodified",
    "mac",
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
    "mac_only_encrypted",
    "version",
];
/// Its lists of keys.
const KEYS: [&str; 7] = [
    "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "age", "pgp",
];
/// What it says of one key; a `context` has names of its own.
const OF_A_KEY: [&str; 15] = [
    "arn",
    "role",
    "created_at",
    "enc",
    "aws_profile",
    "resource_id",
    "key_id",
    "vault_address",
    "engine_path",
    "key_name",
    "vault_url",
    "name",
    "version",
    "recipient",
    "fp",
];

/// Whether a document carries the message authentication code that SOPS writes.
pub(super) fn has_sops_mac(document: &Node) -> bool {
    document
        .get("sops")
        .and_then(|it| it.get("mac"))
        .and_then(Node::as_str)
        .is_some_and(is_sops_value)
}

/// `ENC[AES256_GCM,data:...,iv:...,tag:...,type:str]`.
pub(super) fn is_sops_value(text: &str) -> bool {
    let inner = text
        .strip_prefix("ENC[AES256_GCM,data:")
        .and_then(|it| it.strip_suffix(']'));
    let Some(inner) = inner else {
        return false;
    };
    let base64 = |it: &str| data_encoding::BASE64.decode(it.as_bytes()).is_ok();
    let is_type = |it: &str| {
        let types = ["str", "int", "float", "bytes", "bool", "time", "comment"];
        it.strip_prefix("type:")
            .is_some_and(|it| types.contains(&it))
    };
    let mut parts = inner.split(',');
    // The value itself stands first, without its name here; of an empty text nothing is left.
    parts.next().is_some_and(base64)
        && ["iv:", "tag:"].into_iter().all(|name| {
            let part = parts.next().and_then(|it| it.strip_prefix(name));
            part.is_some_and(|it| !it.is_empty() && base64(it))
        })
        && parts.next().is_some_and(is_type)
        && parts.next().is_none()
}

/// Whether a file is encrypted as a whole, by SOPS or by Ansible Vault.
pub fn is_encrypted_file(text: &str) -> bool {
    is_ansible_vault(text) || text.contains("ENC[AES256_GCM,") && is_sops_file(text)
}

/// By SOPS: YAML or JSON in which each value is, or lines of `KEY=value`, in sections or not. What SOPS
/// does not write itself must not stand beside it: no other metadata, no comment with a value.
fn is_sops_file(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    if lines.clone().any(|it| it.starts_with("sops_mac=ENC[")) {
        return are_encrypted(lines, "#", Some("sops_"));
    }
    if lines.clone().any(|it| it == "[sops]") {
        let own = lines.by_ref().take_while(|it| *it != "[sops]");
        let encrypted = are_encrypted(own.filter(|it| !is_section(it)), "#;", None);
        let mac = |it: &str| {
            let value = it.strip_prefix("mac").map(str::trim_start);
            value.is_some_and(|it| it.starts_with('='))
        };
        // What stands behind the last section of SOPS is encrypted too, or nobody says so.
        return encrypted
            && lines.clone().any(mac)
            && !lines.clone().any(is_section)
            && are_encrypted(lines, "#;", Some(""));
    }
    let comments = text.lines().filter_map(|it| {
        let it = it.trim_start();
        it.strip_prefix('#')
            .or_else(|| Some(it.split_once(" #")?.1))
    });
    !comments.into_iter().any(tells_a_value)
        && documents(text).is_some_and(|it| {
            !it.is_empty()
                && it.iter().all(|document| {
                    let mut entries = document.as_mapping().into_iter().flatten();
                    has_sops_mac(document)
                        && entries.all(|it| match &*it.key.text {
                            "sops" => is_metadata(&mut Vec::new(), &it.value),
                            _ => leaves_are_encrypted(&it.value),
                        })
                })
        })
}

fn is_section(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']')
}

/// Whether lines of `KEY=value` have no value that is not encrypted, but for metadata, whose keys begin
/// as `metadata` says, and no comment that tells one.
fn are_encrypted<'a>(
    lines: impl Iterator<Item = &'a str>,
    comments: &str,
    metadata: Option<&str>,
) -> bool {
    lines.filter(|it| !it.is_empty()).all(|line| {
        if line.starts_with(|it| comments.contains(it)) {
            return !tells_a_value(line);
        }
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        let (key, value) = (key.trim(), value.trim());
        match metadata.and_then(|it| key.strip_prefix(it)) {
            Some(key) => {
                let names: Vec<&str> = key
                    .split("__")
                    .enumerate()
                    .filter_map(|(at, part)| match at {
                        0 => Some(part),
                        _ => match part.strip_prefix("map_") {
                            None if part.starts_with("list_") => None,
                            named => Some(named.unwrap_or(part)),
                        },
                    })
                    .collect();
                is_metadata_text(&names, value)
            }
            None => value.is_empty() || is_sops_value(value),
        }
    })
}

/// Whether a comment says `NAME=value`, or lets somebody in. SOPS encrypts comments too.
fn tells_a_value(comment: &str) -> bool {
    let text = comment.trim_start_matches(['#', ';', ' ', '\t']).trim_end();
    let is_word = |it: &str| {
        let known = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
        !it.is_empty() && it.chars().all(known)
    };
    let is_set = text.split_once('=').is_some_and(|(name, value)| {
        let value = value.trim();
        is_word(name.trim()) && !value.is_empty() && !is_sops_value(value)
    });
    is_set || holds_a_credential("", text)
}

/// Whether all below a document's `sops` is what SOPS writes there.
fn is_metadata<'a>(names: &mut Vec<&'a str>, node: &'a Node) -> bool {
    match &node.value {
        Value::Scalar(_) if node.is_null() => true,
        Value::Scalar(scalar) => is_metadata_text(names, &scalar.text),
        Value::Sequence(items) => items.iter().all(|it| is_metadata(names, it)),
        Value::Mapping(map) => map.iter().all(|it| {
            names.push(&it.key.text);
            let is_one = is_metadata(names, &it.value);
            names.pop();
            is_one
        }),
    }
}

fn is_metadata_text(names: &[&str], text: &str) -> bool {
    let only = |known: &str| {
        let known = |it: char| it.is_ascii_digit() || known.contains(it);
        text.chars().all(known)
    };
    let own = match names {
        ["key_groups", own @ ..] => own,
        all => all,
    };
    match own {
        _ if text.is_empty() => true,
        ["mac"] => is_sops_value(text),
        ["lastmodified"] | [_, "created_at"] => only("TZ:+-."),
        ["shamir_threshold"] => only(""),
        ["mac_only_encrypted"] => matches!(text, "true" | "false"),
        ["version"] => text.starts_with(|it: char| it.is_ascii_digit()),
        [name] => TEXTS.contains(name),
        ["kms", "context", _] => true,
        [keys, name] => KEYS.contains(keys) && OF_A_KEY.contains(name),
        _ => false,
    }
}

/// Depth is limited by the reader.
fn leaves_are_encrypted(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(scalar) => {
            scalar.text.is_empty() || node.is_null() || is_sops_value(&scalar.text)
        }
        Value::Sequence(items) => items.iter().all(leaves_are_encrypted),
        Value::Mapping(map) => map.iter().all(|it| leaves_are_encrypted(&it.value)),
    }
}

/// `$ANSIBLE_VAULT;1.1;AES256`, and below it in hex, twice, what salts, proves and is encrypted.
fn is_ansible_vault(text: &str) -> bool {
    let mut lines = text.trim().lines();
    let header = lines.next().unwrap_or_default();
    let mut header = header.split(';');
    let known = header.next() == Some("$ANSIBLE_VAULT")
        && header.next().is_some_and(|it| it.starts_with("1."))
        && header.next() == Some("AES256");
    let body: String = lines.map(str::trim).collect();
    let hex = |text: &[u8]| data_encoding::HEXLOWER_PERMISSIVE.decode(text).ok();
    let parts = hex(body.as_bytes()).filter(|_| known);
    parts.is_some_and(|it| {
        let parts: Vec<&[u8]> = it.split(|it| *it == b'\n').collect();
        parts.len() == 3
            && parts
                .iter()
                .all(|it| hex(it).is_some_and(|it| !it.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENC: &str = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";

    #[test]
    fn only_what_sops_encrypted_counts_as_encrypted() {
        let enc = ENC;
        for (file, want) in [
            (format!("A={enc}\nsops_mac={enc}\n"), true),
            (format!("A={enc}\nB=x\nsops_mac={enc}\n"), false),
            (
                format!("data: '{enc}'\nsops: {{mac: '{enc}', version: 3}}\n"),
                true,
            ),
            (
                format!("{{\"a\": \"{enc}\", \"sops\": {{\"mac\": \"{enc}\"}}}}"),
                true,
            ),
            (
                format!("{{\"a\": \"x\", \"sops\": {{\"mac\": \"{enc}\"}}}}"),
                false,
            ),
            (format!("[a]\nb = {enc}\n\n[sops]\nmac = {enc}\n"), true),
            (format!("[a]\nb = hunter2\n\n[sops]\nmac = {enc}\n"), false),
            (format!("[a]\nb = {enc}\n\n[sops]\nversion = 3\n"), false),
            (format!("[sops]\nmac = {enc}\n[b]\nc = hunter2\n"), false),
        ] {
            assert_eq!(is_encrypted_file(&file), want, "{file}");
        }
        assert!(!is_sops_value(&enc.replace("type:str", "type:hunter2")));
    }

    /// Files in which `line` stands in the place that SOPS has for it.
    fn with(dotenv: &str, ini: &str, yaml: &str) -> [String; 3] {
        [
            format!("A={ENC}\n{dotenv}\nsops_mac={ENC}\n"),
            format!("[a]\nb = {ENC}\n[sops]\nmac = {ENC}\n{ini}\n"),
            format!("a: {ENC}\nsops:\n  mac: {ENC}\n{yaml}\n"),
        ]
    }

    #[test]
    fn metadata_is_what_sops_writes_and_nothing_else() {
        for (name, value, want) in [
            ("version", "3.9.4", true),
            ("version", "hunter2", false),
            ("lastmodified", "2026-01-01T00:00:00Z", true),
            ("lastmodified", "hunter2", false),
            ("unencrypted_suffix", "_unencrypted", true),
            ("mac_only_encrypted", "true", true),
            ("mac_only_encrypted", "hunter2", false),
            ("shamir_threshold", "2", true),
            ("shamir_threshold", "hunter2", false),
            ("password", "hunter2", false),
            ("age", "hunter2", false),
        ] {
            let files = with(
                &format!("sops_{name}={value}"),
                &format!("{name} = {value}"),
                &format!("  {name}: '{value}'"),
            );
            for file in files {
                assert_eq!(is_encrypted_file(&file), want, "{file}");
            }
        }
        for (keys, field, value, want) in [
            ("age", "recipient", "age1xyz", true),
            ("age", "enc", "-----BEGIN AGE ENCRYPTED FILE-----", true),
            ("pgp", "created_at", "2026-01-01T00:00:00Z", true),
            ("pgp", "created_at", "hunter2", false),
            ("azure_kv", "vault_url", "https://example.com", true),
            ("age", "password", "hunter2", false),
            ("users", "name", "hunter2", false),
        ] {
            let files = with(
                &format!("sops_{keys}__list_0__map_{field}={value}"),
                &format!("{keys}__list_0__map_{field} = {value}"),
                &format!("  {keys}: [{{{field}: '{value}'}}]"),
            );
            for file in files {
                assert_eq!(is_encrypted_file(&file), want, "{file}");
            }
            let grouped = with(
                &format!("sops_key_groups__list_0__map_{keys}__list_0__map_{field}={value}"),
                &format!("key_groups__list_0__map_{keys}__list_0__map_{field} = {value}"),
                &format!("  key_groups: [{{{keys}: [{{{field}: '{value}'}}]}}]"),
            );
            for file in grouped {
                assert_eq!(is_encrypted_file(&file), want, "{file}");
            }
        }
        let [dotenv, ini, yaml] = with(
            "sops_kms__list_0__map_context__map_app=web",
            "kms__list_0__map_context__map_app = web",
            "  kms: [{context: {app: web}}]\n  pgp: null\n  gcp_kms: []",
        );
        for file in [dotenv, ini, yaml] {
            assert!(is_encrypted_file(&file), "{file}");
        }
    }

    #[test]
    fn a_comment_with_a_value_is_clear_text() {
        let encrypted = ENC.replace("type:str", "type:comment");
        for (comment, want) in [
            ("what the web server needs", true),
            (&*encrypted, true),
            ("written with --age=x", true),
            ("PASSWORD=", true),
            ("PASSWORD=hunter2", false),
            ("password = hunter2", false),
            ("password: hunter2", false),
            ("see postgres://app:hunter2@db", false),
        ] {
            for file in [
                format!("#{comment}\nA={ENC}\nsops_mac={ENC}\n"),
                format!("; {comment}\n[a]\nb = {ENC}\n[sops]\nmac = {ENC}\n"),
                format!("[a]\nb = {ENC}\n[sops]\n# {comment}\nmac = {ENC}\n"),
                format!("# {comment}\na: {ENC}\nsops: {{mac: '{ENC}'}}\n"),
                format!("a: {ENC} # {comment}\nsops: {{mac: '{ENC}'}}\n"),
            ] {
                assert_eq!(is_encrypted_file(&file), want, "{file}");
            }
        }
        // No comment in a file of lines.
        assert!(!is_encrypted_file(&format!(
            "; a = hunter2\nA={ENC}\nsops_mac={ENC}\n"
        )));
    }

    #[test]
    fn only_what_ansible_vault_encrypted_counts_as_encrypted() {
        let hex = |text: &str| data_encoding::HEXLOWER.encode(text.as_bytes());
        let inner = format!("{}\n{}\n{}", hex("salt"), hex("proof"), hex("sealed"));
        let of = |header: &str, body: &str| is_encrypted_file(&format!("{header}\n{body}\n"));
        let header = "$ANSIBLE_VAULT;1.1;AES256";
        assert!(of(header, &hex(&inner)));
        assert!(of("$ANSIBLE_VAULT;1.2;AES256;prod", &hex(&inner)));
        assert!(!of(header, "hunter2"));
        assert!(!of(header, &hex("hunter2")));
        assert!(!of(header, ""));
        assert!(!of("hunter2", &hex(&inner)));
    }
}

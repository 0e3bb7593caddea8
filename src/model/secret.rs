//! What of a manifest is a secret value.
//!
//! A Secret's values stand in `data` and `stringData` (Kubernetes' API, core/v1 Secret), and in the
//! copy of the whole manifest that `kubectl apply` leaves in an annotation. Custom kinds that are
//! called something-Secret and have those maps hold values in the same way.

use super::placeholder;
use tollgate_yaml::{Dialect, Entry, Limits, Node, Sources, Value, parse};

/// Maps that hold values.
pub const MAPS: [&str; 2] = ["data", "stringData"];

/// Where `kubectl apply` keeps a copy of what it was given.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One value of a Secret.
pub struct SecretValue<'a> {
    /// `stringData.password`.
    pub field: String,
    /// The key and its value.
    pub entry: &'a Entry,
    /// Whether the value is encrypted, or a placeholder, so that it is none.
    pub encrypted: bool,
}

impl SecretValue<'_> {
    /// The value as it is written; empty for what is no scalar.
    pub fn text(&self) -> &str {
        self.entry.value.as_scalar().map_or("", |it| &it.text)
    }
}

/// Whether manifests of a kind hold secret values where they have such maps.
pub fn is_secret_kind(kind: &str) -> bool {
    kind.ends_with("Secret")
}

/// Every value of a manifest that is a Secret, empty ones left out; nothing for other manifests.
pub fn values(body: &Node) -> Vec<SecretValue<'_>> {
    let kind = body.get("kind").and_then(Node::as_str);
    values_of(kind.unwrap_or_default(), body)
}

/// As [`values`], of a manifest whose kind is known from elsewhere: an item of a `SecretList` needs not
/// say it.
pub fn values_of<'a>(kind: &str, body: &'a Node) -> Vec<SecretValue<'a>> {
    if !is_secret_kind(kind) {
        return Vec::new();
    }
    let sealed = has_sops_mac(body);
    let mut values = Vec::new();
    for map in MAPS {
        for entry in body
            .get(map)
            .and_then(Node::as_mapping)
            .into_iter()
            .flatten()
        {
            let Some(scalar) = entry.value.as_scalar() else {
                // A list or a map where a string belongs: the cluster refuses it; it is a value all the same.
                values.push(value(map, entry, false));
                continue;
            };
            if entry.value.is_null() || scalar.text.is_empty() {
                continue;
            }
            let encrypted = (sealed && is_sops_value(&scalar.text))
                || is_sops_text(map, &scalar.text)
                || placeholder::is_placeholder(&scalar.text, map == "data")
                || placeholder::is_repository_field(body, &entry.key.text, &scalar.text);
            values.push(value(map, entry, encrypted));
        }
    }
    values.extend(sealed_template(kind, body));
    let annotations = body.get("metadata").and_then(|it| it.get("annotations"));
    let copy = annotations
        .and_then(Node::as_mapping)
        .and_then(|it| it.entry(LAST_APPLIED));
    values.extend(
        copy.filter(|it| holds_values(&it.value))
            .map(|entry| SecretValue {
                field: format!("metadata.annotations[{LAST_APPLIED}]"),
                entry,
                encrypted: false,
            }),
    );
    values
}

/// What the template of a SealedSecret adds to what is encrypted: a template that names an encrypted
/// value is none, all other text stands in git as it is.
fn sealed_template<'a>(kind: &str, body: &'a Node) -> Vec<SecretValue<'a>> {
    let template = body.get("spec").and_then(|it| it.get("template"));
    let Some(template) = template.filter(|_| kind == "SealedSecret") else {
        return Vec::new();
    };
    let mut values = Vec::new();
    for map in MAPS {
        for entry in template
            .get(map)
            .and_then(Node::as_mapping)
            .into_iter()
            .flatten()
        {
            let text = entry.value.as_scalar().map_or("", |it| &it.text);
            if !entry.value.is_null() && !placeholder::names_a_field(text) {
                values.push(value(
                    &format!("spec.template.{map}"),
                    entry,
                    text.is_empty(),
                ));
            }
        }
    }
    values
}

fn value<'a>(map: &str, entry: &'a Entry, encrypted: bool) -> SecretValue<'a> {
    // What no Secret can have for a key may be a value in the wrong place.
    let known = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    let key = &entry.key.text;
    SecretValue {
        field: match key.chars().all(known) {
            true => format!("{map}.{key}"),
            false => format!("{map}.[redacted]"),
        },
        entry,
        encrypted,
    }
}

/// Whether an annotation's text is a manifest with values. What cannot be read may be one.
fn holds_values(annotation: &Node) -> bool {
    let text = annotation.as_scalar().map_or("", |it| &it.text);
    !text.trim().is_empty()
        && documents(text).is_none_or(|it| {
            let map = |name: &str| {
                let map = |it: &Node| {
                    it.get(name)
                        .and_then(Node::as_mapping)
                        .is_some_and(|it| !it.is_empty())
                };
                it.iter().any(map)
            };
            MAPS.into_iter().any(map)
        })
}

/// The documents of a text inside of a document; `None` where it is no YAML.
pub fn documents(text: &str) -> Option<Vec<Node>> {
    let file = Sources::new().add("", "");
    let limits = Limits {
        bytes: 4 << 20,
        nodes: 200_000,
        ..Limits::default()
    };
    parse(text, file, Dialect::Kyaml, &limits).ok()
}

/// Whether a document carries the message authentication code that SOPS writes.
fn has_sops_mac(document: &Node) -> bool {
    document
        .get("sops")
        .and_then(|it| it.get("mac"))
        .and_then(Node::as_str)
        .is_some_and(is_sops_value)
}

/// `ENC[AES256_GCM,data:...,iv:...,tag:...,type:str]`.
fn is_sops_value(text: &str) -> bool {
    let inner = text
        .strip_prefix("ENC[AES256_GCM,data:")
        .and_then(|it| it.strip_suffix(']'));
    let Some(inner) = inner else {
        return false;
    };
    let base64 = |it: &str| data_encoding::BASE64.decode(it.as_bytes()).is_ok();
    let mut parts = inner.split(',');
    // The value itself stands first, without its name here; of an empty text nothing is left.
    parts.next().is_some_and(base64)
        && ["iv:", "tag:"].into_iter().all(|name| {
            let part = parts.next().and_then(|it| it.strip_prefix(name));
            part.is_some_and(|it| !it.is_empty() && base64(it))
        })
        && parts.next().is_some_and(|it| it.starts_with("type:"))
        && parts.next().is_none()
}

/// Whether a value is a whole file that SOPS encrypted, as a generator reads it. `data` holds it in
/// base64.
fn is_sops_text(map: &str, text: &str) -> bool {
    if map == "data" {
        let packed: String = text.split_whitespace().collect();
        return data_encoding::BASE64
            .decode(packed.as_bytes())
            .ok()
            .and_then(|it| String::from_utf8(it).ok())
            .is_some_and(|it| is_sops_file(&it));
    }
    is_sops_file(text)
}

/// Whether a file is encrypted by SOPS as a whole: YAML or JSON in which each value is, or lines of
/// `KEY=value`.
pub fn is_sops_file(text: &str) -> bool {
    if !text.contains("ENC[AES256_GCM,") {
        return false;
    }
    if text.lines().any(|it| it.starts_with("sops_mac=ENC[")) {
        let lines = text
            .lines()
            .filter(|it| !it.trim().is_empty() && !it.starts_with('#') && !it.starts_with("sops_"));
        return lines.into_iter().all(|it| {
            it.split_once('=')
                .is_some_and(|it| it.1.is_empty() || is_sops_value(it.1))
        });
    }
    documents(text).is_some_and(|it| {
        !it.is_empty()
            && it.iter().all(|document| {
                let entries = document.as_mapping().into_iter().flatten();
                has_sops_mac(document)
                    && entries
                        .filter(|it| &*it.key.text != "sops")
                        .all(|it| leaves_are_encrypted(&it.value))
            })
    })
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

/// The JSON of a Secret without its values; `None` for what is no Secret. What differs in nothing
/// but values gives the same.
pub fn without_values(json: &serde_json::Value) -> Option<serde_json::Value> {
    if !json.get("kind")?.as_str().is_some_and(is_secret_kind) {
        return None;
    }
    let mut json = json.clone();
    let mut found = false;
    for map in MAPS {
        match json.get_mut(map) {
            None | Some(serde_json::Value::Null) => {}
            Some(serde_json::Value::Object(map)) => {
                found = true;
                map.values_mut()
                    .for_each(|it| *it = serde_json::Value::Null);
            }
            Some(other) => {
                found = true;
                *other = serde_json::Value::Null;
            }
        }
    }
    let annotations = json.pointer_mut("/metadata/annotations");
    if let Some(copy) = annotations.and_then(|it| it.get_mut(LAST_APPLIED)) {
        found = true;
        *copy = serde_json::Value::Null;
    }
    found.then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clear(text: &str) -> Vec<String> {
        let documents = documents(text).expect("YAML");
        let values = documents.iter().flat_map(values);
        values
            .filter(|it| !it.encrypted)
            .map(|it| it.field)
            .collect()
    }

    #[test]
    fn values_in_clear_text_are_found() {
        let text = "kind: Secret\ndata: {a: eA==, b: ''}\nstringData: {c: x, d: null}\n";
        assert_eq!(clear(text), ["data.a", "stringData.c"]);
        assert_eq!(
            clear("kind: ConfigMap\ndata: {a: x}\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            clear("kind: SealedSecret\nspec: {encryptedData: {a: x}}\n"),
            Vec::<String>::new()
        );
        let copy = format!(
            "kind: Secret\nmetadata: {{annotations: {{{LAST_APPLIED}: '{{\"data\":{{\"a\":\"eA==\"}}}}'}}}}\n"
        );
        assert_eq!(clear(&copy).len(), 1);
    }

    #[test]
    fn only_what_sops_encrypted_counts_as_encrypted() {
        let enc = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
        let sealed = format!("kind: Secret\nstringData: {{a: '{enc}'}}\nsops: {{mac: '{enc}'}}\n");
        assert_eq!(clear(&sealed), Vec::<String>::new());
        let half = sealed.replace("stringData: {", "stringData: {b: x, ");
        assert_eq!(clear(&half), ["stringData.b"]);
        let no_mac = format!("kind: Secret\nstringData: {{a: '{enc}'}}\n");
        assert_eq!(clear(&no_mac), ["stringData.a"]);
        assert!(is_sops_file(&format!("A={enc}\nsops_mac={enc}\n")));
        assert!(!is_sops_file(&format!("A={enc}\nB=x\nsops_mac={enc}\n")));
        assert!(is_sops_file(&format!(
            "data: '{enc}'\nsops: {{mac: '{enc}', version: 3}}\n"
        )));
    }

    #[test]
    fn a_secret_without_its_values_says_nothing_of_them() {
        let of = |value: &str| {
            without_values(&serde_json::json!({"kind": "Secret", "data": {"a": value}}))
        };
        assert_eq!(of("x"), of("y"));
        assert_eq!(
            without_values(&serde_json::json!({"kind": "ConfigMap", "data": {}})),
            None
        );
    }
}

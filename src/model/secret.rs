//! What of a manifest is a secret value.
//!
//! A Secret's values stand in `data` and `stringData` (Kubernetes' API, core/v1 Secret), and in the
//! copy of the whole manifest that `kubectl apply` leaves in an annotation. Custom kinds that are
//! called something-Secret and have those maps hold values in the same way.

use super::{
    credential::holds_a_credential,
    encrypted::{has_sops_mac, is_encrypted_file, is_sops_value},
    placeholder::{Placeholders, decoded, names_a_field},
    public_field::is_public,
};
use tollgate_yaml::{Dialect, Entry, Limits, Node, Sources, parse};

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
    let sealed_file = is_of_an_encrypted_file(body);
    let annotations = body.get("metadata").and_then(|it| it.get("annotations"));
    let placeholders = Placeholders::of(annotations);
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
            let (key, text, base64) = (&entry.key.text, &scalar.text, map == "data");
            let encrypted = (sealed && is_sops_value(text))
                || is_encrypted_text(map, text)
                || sealed_file && base64
                || placeholders.are(text, base64)
                || is_public(body, key, text, base64, placeholders);
            values.push(value(map, entry, encrypted));
        }
    }
    values.extend(template_values(kind, body));
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

/// Whether a Secret holds, entry by entry, a file of variables that SOPS encrypted: what a generator makes of it until
/// somebody decrypts the file.
fn is_of_an_encrypted_file(body: &Node) -> bool {
    let Some(data) = body.get("data").and_then(Node::as_mapping) else {
        return false;
    };
    if !data.contains_key("sops_mac") {
        return false;
    }
    let lines: Option<Vec<String>> = data
        .iter()
        .map(|it| {
            let value = decoded(&it.value.as_scalar()?.text)?;
            Some(format!("{}={}\n", it.key.text, value.replace('\n', "\\n")))
        })
        .collect();
    lines.is_some_and(|it| is_encrypted_file(&it.concat()))
}

/// Where kinds that put Secrets together hold a template of one.
fn template_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "SealedSecret" | "PushSecret" => &["spec", "template"],
        "ExternalSecret" => &["spec", "target", "template"],
        "ClusterExternalSecret" => &["spec", "externalSecretSpec", "target", "template"],
        _ => &[],
    }
}

/// What a template of a Secret adds to values that are encrypted or kept elsewhere. Of a SealedSecret a
/// text counts unless it names an encrypted value; where values come from a store it is their shape,
/// host names and flags as a rule, so that only what lets somebody in counts.
fn template_values<'a>(kind: &str, body: &'a Node) -> Vec<SecretValue<'a>> {
    let path = template_of(kind);
    let template = path.iter().try_fold(body, |node, key| node.get(key));
    let Some(template) = template.filter(|_| !path.is_empty()) else {
        return Vec::new();
    };
    let at = path.join(".");
    let is_sealed = kind == "SealedSecret";
    let mut values = Vec::new();
    for map in MAPS {
        let entries = template.get(map).and_then(Node::as_mapping);
        for entry in entries.into_iter().flatten() {
            let text = entry.value.as_scalar().map_or("", |it| &it.text);
            let own = is_sealed && !names_a_field(text);
            let is_value = own || holds_a_credential(&entry.key.text, text);
            if !entry.value.is_null() && is_value {
                values.push(value(&format!("{at}.{map}"), entry, text.is_empty()));
            }
        }
    }
    let from = template.get("templateFrom").and_then(Node::as_sequence);
    for (index, it) in from.unwrap_or_default().iter().enumerate() {
        let literal = it.as_mapping().and_then(|it| it.entry("literal"));
        let text = |it: &Entry| {
            it.value
                .as_scalar()
                .map_or_else(String::new, |it| it.text.to_string())
        };
        if let Some(entry) = literal.filter(|it| holds_a_credential("", &text(it))) {
            values.push(value(&format!("{at}.templateFrom[{index}]"), entry, false));
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

/// Whether a value is a whole encrypted file, as a generator reads it. `data` holds it in base64.
fn is_encrypted_text(map: &str, text: &str) -> bool {
    if map == "data" {
        return decoded(text).is_some_and(|it| is_encrypted_file(&it));
    }
    is_encrypted_file(text)
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
    }

    #[test]
    fn a_file_of_variables_that_sops_encrypted_is_encrypted_entry_by_entry() {
        let enc = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
        let secret = |entries: &[(&str, &str)]| {
            let entry = |it: &(&str, &str)| {
                let value = data_encoding::BASE64.encode(it.1.as_bytes());
                format!("{}: {value}", it.0)
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            clear(&format!("kind: Secret\ndata: {{{}}}\n", entries.join(", ")))
        };
        let sealed = [("A", enc), ("sops_mac", enc), ("sops_version", "3.9.4")];
        assert_eq!(secret(&sealed), Vec::<String>::new());
        let half = [("A", enc), ("B", "hunter2"), ("sops_mac", enc)];
        assert_eq!(secret(&half).len(), 3);
        let unsealed = [("A", enc), ("sops_version", "3.9.4")];
        assert_eq!(secret(&unsealed).len(), 2);
    }

    #[test]
    fn what_a_template_of_a_secret_holds_of_its_own_counts() {
        let external = |data: &str| {
            clear(&format!(
                "kind: ExternalSecret\nspec: {{target: {{template: {{data: {{{data}}}}}}}}}\n"
            ))
        };
        assert_eq!(
            external("host: db, password: '{{ .p }}'"),
            Vec::<String>::new()
        );
        assert_eq!(
            external("user: '{{ .u }}', password: hunter2"),
            ["spec.target.template.data.password"]
        );
        assert_eq!(
            clear(
                "kind: ClusterExternalSecret\nspec: {externalSecretSpec: {target: {template: {data: {token: hunter2}}}}}\n"
            ),
            ["spec.externalSecretSpec.target.template.data.token"]
        );
        assert_eq!(
            clear(
                "kind: ExternalSecret\nspec: {target: {template: {templateFrom: [{literal: 'password: hunter2'}, {literal: 'a: {{ .b }}'}]}}}\n"
            ),
            ["spec.target.template.templateFrom[0].literal"]
        );
        let sealed = |data: &str| {
            clear(&format!(
                "kind: SealedSecret\nspec: {{template: {{data: {{{data}}}}}}}\n"
            ))
        };
        assert_eq!(sealed("host: db"), ["spec.template.data.host"]);
        assert_eq!(sealed("a: 'host={{ .h }}'"), Vec::<String>::new());
        assert_eq!(
            sealed("password: 'hunter2{{ .p }}'"),
            ["spec.template.data.password"]
        );
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

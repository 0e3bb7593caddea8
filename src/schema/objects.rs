//! What holds for objects and that no schema says: names, labels, annotations, and what the pods,
//! services and maps of Kubernetes must be.
//!
//! Sources: apimachinery's `util/validation` and `api/validation`, and the validation of Kubernetes'
//! own kinds.

mod kinds;
pub(super) mod names;
mod pods;

use super::{Mistake, later::Later, say, walk::At};
use crate::model::SchemaRule;
use names::Form;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tollgate_yaml::FieldPath;

/// Bytes of all annotations of an object, and of the values of a ConfigMap or Secret.
const ANNOTATIONS: usize = 256 << 10;
const DATA: usize = 1 << 20;

/// An API version or kind that no cluster can have.
pub(super) fn type_mistake(api_version: &str, kind: &str, later: Later) -> Option<Mistake> {
    let field = |name: &str| FieldPath::root().key(name);
    if later.text(api_version) || later.text(kind) {
        return None;
    }
    let wrong = |why: &str| {
        let message = format!(
            "no cluster has an API version `{}`: {why}",
            say::shown(api_version)
        );
        Some(Mistake::new(
            SchemaRule::Invalid,
            field("apiVersion"),
            message,
        ))
    };
    let (group, version) = match api_version.split_once('/') {
        Some((group, version)) => (Some(group), version),
        None => (None, api_version),
    };
    if group.is_some_and(|it| !names::SUBDOMAIN.takes(it)) {
        return wrong("a group is written in lowercase letters, digits, `-` and `.`");
    }
    if !names::LABEL_1035.takes(version) {
        return wrong("a version is written like `v1` or `v1beta1`");
    }
    if !names::LABEL_1035.takes(&kind.to_lowercase()) {
        let message = format!("no cluster has a kind `{}`", say::shown(kind));
        return Some(Mistake::new(SchemaRule::Invalid, field("kind"), message));
    }
    None
}

/// A kind of Kubernetes, in one of its minor versions.
struct Own<'a> {
    api_version: &'a str,
    kind: &'a str,
    minor: u32,
}

impl Own<'_> {
    fn names(&self) -> &'static Form {
        names::of_kind(self.api_version, self.kind, self.minor)
    }

    fn is_named(&self) -> bool {
        names::is_named(self.api_version, self.kind)
    }

    fn asks_domains(&self) -> bool {
        names::asks_domains(self.api_version)
    }

    fn is_cluster_wide(&self) -> bool {
        names::is_cluster_wide(self.api_version, self.kind)
    }
}

/// Collects what is wrong.
struct Rules {
    later: Later,
    mistakes: Vec<Mistake>,
}

impl Rules {
    fn wrong(&mut self, at: &At<'_>, why: &str) {
        let message = format!("{} {why}", say::subject(&at.path()));
        self.mistakes
            .push(Mistake::invalid(at.path(), message, None));
    }

    fn lacks(&mut self, field: &str, at: &At<'_>) {
        let message = format!("{} lacks `{field}`", say::subject(&at.path()));
        let mut mistake = Mistake::invalid(at.path(), message, None);
        mistake.missing = Some(field.to_owned());
        self.mistakes.push(mistake);
    }

    /// A text of this form. What is no text the schema tells.
    fn form(&mut self, value: Option<&Value>, form: &Form, at: &At<'_>) {
        if let Some(text) = value.and_then(Value::as_str)
            && !self.later.text(text)
            && !form.takes(text)
        {
            self.wrong(at, &format!("is not {}", form.words));
        }
    }

    /// Keys of this form.
    fn keys(&mut self, map: &Map<String, Value>, form: &Form, at: &At<'_>) {
        for key in map.keys() {
            if !self.later.text(key) && !form.takes(key) {
                self.wrong(
                    &At::Key(at, key),
                    &format!("has a key that is not {}", form.words),
                );
            }
        }
    }

    fn labels(&mut self, labels: Option<&Value>, at: &At<'_>) {
        let Some(labels) = labels.and_then(Value::as_object) else {
            return;
        };
        self.keys(labels, &names::QUALIFIED, at);
        for (key, value) in labels {
            self.form(Some(value), &names::LABEL_VALUE, &At::Key(at, key));
        }
    }

    fn annotations(&mut self, annotations: Option<&Value>, at: &At<'_>) {
        let Some(annotations) = annotations.and_then(Value::as_object) else {
            return;
        };
        let mut size = 0;
        for (key, value) in annotations {
            size += key.len() + value.as_str().map_or(0, str::len);
            if !self.later.text(key) && !names::QUALIFIED.takes(&key.to_lowercase()) {
                let why = format!("has a key that is not {}", names::QUALIFIED.words);
                self.wrong(&At::Key(at, key), &why);
            }
        }
        if size > ANNOTATIONS {
            self.wrong(at, "is larger than 256 KiB");
        }
    }

    fn metadata(&mut self, metadata: &Value, own: Option<&Own<'_>>, at: &At<'_>) {
        let name = own.map_or(&names::SUBDOMAIN, Own::names);
        let given = |field: &str| metadata.get(field).filter(|it| !it.is_null() && *it != "");
        match (given("name"), given("generateName")) {
            (Some(_), _) => self.form(metadata.get("name"), name, &At::Key(at, "name")),
            (None, Some(prefix)) => {
                // The server adds five letters and digits.
                let named = prefix.as_str().map(|it| Value::from(format!("{it}a")));
                self.form(named.as_ref(), name, &At::Key(at, "generateName"));
            }
            (None, None) if own.is_some_and(Own::is_named) => {
                let open = metadata.as_object().is_some_and(|it| self.later.key(it));
                if !open {
                    self.lacks("name", at);
                }
            }
            (None, None) => {}
        }
        if !own.is_some_and(Own::is_cluster_wide) {
            let namespace = At::Key(at, "namespace");
            self.form(given("namespace"), &names::LABEL, &namespace);
        }
        self.labels(metadata.get("labels"), &At::Key(at, "labels"));
        let domains = own.is_some_and(Own::asks_domains);
        self.finalizers(metadata.get("finalizers"), domains, at);
        self.annotations(metadata.get("annotations"), &At::Key(at, "annotations"));
    }

    /// Names of whom a removal waits for; of most own kinds each has a domain or is known.
    fn finalizers(&mut self, names: Option<&Value>, domains: bool, at: &At<'_>) {
        const KNOWN: [&str; 3] = ["foregroundDeletion", "kubernetes", "orphan"];
        let at = At::Key(at, "finalizers");
        let names = names.and_then(Value::as_array);
        for (index, name) in names.into_iter().flatten().enumerate() {
            let at = At::Index(&at, index);
            self.form(Some(name), &names::QUALIFIED, &at);
            if let Some(text) = name.as_str()
                && domains
                && names::QUALIFIED.takes(text)
                && !text.contains('/')
                && !KNOWN.contains(&text)
            {
                self.wrong(&at, "lacks a domain, such as `example.com/` in front");
            }
        }
    }

    /// A definition is called after what it defines.
    fn definition(&mut self, object: &Value) {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str);
        if let (Some(name), Some(plural), Some(group)) = (
            text("/metadata/name"),
            text("/spec/names/plural"),
            text("/spec/group"),
        ) && ![name, plural, group].iter().any(|it| self.later.text(it))
            && name != format!("{plural}.{group}")
        {
            let at = At::Key(&At::Root, "metadata");
            self.wrong(
                &At::Key(&at, "name"),
                "is not `spec.names.plural`, a dot and `spec.group`",
            );
        }
    }

    /// Entries of a ConfigMap or Secret.
    fn entries(&mut self, object: &Value, fields: [&str; 2]) {
        let (mut seen, mut size) = (BTreeSet::new(), 0);
        for field in fields {
            let Some(entries) = object.get(field).and_then(Value::as_object) else {
                continue;
            };
            let at = At::Key(&At::Root, field);
            self.keys(entries, &names::CONFIG_KEY, &at);
            for (key, value) in entries {
                let bytes = value.as_str().map_or(0, str::len);
                size += if matches!(field, "data") && fields[1] == "stringData"
                    || field == "binaryData"
                {
                    bytes / 4 * 3
                } else {
                    bytes
                };
                // Of a Secret the text takes the place of what is encoded.
                if !seen.insert(key) && fields[1] == "binaryData" {
                    self.wrong(&At::Key(&at, key), "is a key of `data` already");
                }
            }
        }
        if size > DATA {
            self.wrong(&At::Root, "holds more than 1 MiB");
        }
    }
}

/// What is wrong with an object, whatever its schema says; `minor` where it is of Kubernetes' own kinds.
pub(super) fn mistakes(object: &Value, later: Later, minor: Option<u32>) -> Vec<Mistake> {
    let mut rules = Rules {
        later,
        mistakes: Vec::new(),
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let own = minor.map(|minor| Own {
        api_version,
        kind,
        minor,
    });
    let own = own.as_ref();
    match object.get("metadata") {
        Some(metadata @ Value::Object(_)) => {
            rules.metadata(metadata, own, &At::Key(&At::Root, "metadata"));
        }
        // What is no map the schema tells.
        None | Some(Value::Null) if own.is_some_and(Own::is_named) => {
            rules.lacks("metadata", &At::Root)
        }
        _ => {}
    }
    if let Some(minor) = minor {
        match (api_version, kind) {
            ("v1", "ConfigMap") => rules.entries(object, ["data", "binaryData"]),
            ("v1", "Secret") => rules.entries(object, ["data", "stringData"]),
            ("v1", "Service") => rules.service(object),
            ("v1", "PersistentVolumeClaim") => {
                if let Some(spec) = object.get("spec") {
                    rules.claim(spec, &At::Key(&At::Root, "spec"));
                }
            }
            ("networking.k8s.io/v1", "Ingress") => rules.ingress(object),
            ("rbac.authorization.k8s.io/v1", "Role") => rules.role(object, false),
            ("rbac.authorization.k8s.io/v1", "ClusterRole") => rules.role(object, true),
            ("rbac.authorization.k8s.io/v1", "RoleBinding") => rules.binding(object, false),
            ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => rules.binding(object, true),
            (
                "admissionregistration.k8s.io/v1",
                "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
            ) => rules.webhooks(object),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => rules.definition(object),
            _ => rules.workload(object, kind, minor),
        }
    }
    rules.mistakes
}

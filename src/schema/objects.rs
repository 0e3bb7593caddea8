//! What holds for objects and that no schema says: names, labels, annotations, and what the pods,
//! services and maps of Kubernetes must be.
//!
//! Sources: apimachinery's `util/validation` and `api/validation`, and the validation of Kubernetes'
//! own kinds.

mod names;
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

    fn metadata(&mut self, metadata: &Value, name: &Form, at: &At<'_>) {
        self.form(metadata.get("name"), name, &At::Key(at, "name"));
        let namespace = At::Key(at, "namespace");
        if metadata.get("namespace").is_some_and(|it| it != "") {
            self.form(metadata.get("namespace"), &names::LABEL, &namespace);
        }
        self.labels(metadata.get("labels"), &At::Key(at, "labels"));
        self.annotations(metadata.get("annotations"), &At::Key(at, "annotations"));
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
    let name = match minor {
        Some(minor) => names::of_kind(api_version, kind, minor),
        None => &names::SUBDOMAIN,
    };
    if let Some(metadata) = object.get("metadata") {
        rules.metadata(metadata, name, &At::Key(&At::Root, "metadata"));
    }
    if let Some(minor) = minor {
        match (api_version, kind) {
            ("v1", "ConfigMap") => rules.entries(object, ["data", "binaryData"]),
            ("v1", "Secret") => rules.entries(object, ["data", "stringData"]),
            ("v1", "Service") => rules.service(object),
            _ => rules.workload(object, kind, minor),
        }
    }
    rules.mistakes
}

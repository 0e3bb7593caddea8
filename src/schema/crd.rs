//! Custom resource definitions, as hostile as the repository that holds them.
//!
//! Their structural schemas become JSON Schemas. Source of the semantics:
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>
//! (structural schemas, pruning, nullable), and `apiextensions-apiserver`'s `schema/structural.go`.

use super::{
    checker::Checker,
    kubernetes::{Kubernetes, reference, stability},
};
use crate::model::{Place, digest};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Schemas inside of each other.
const DEPTH: usize = 100;

/// Schemas of one version of a definition.
const SCHEMAS: usize = 200_000;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Keywords that mean the same in both worlds.
const SAME: &[&str] = &[
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "pattern",
    "required",
];

/// Keywords that an API server refuses in a definition, and that could lead out of it.
const FORBIDDEN: &[&str] = &[
    "$ref",
    "$id",
    "id",
    "$dynamicRef",
    "$recursiveRef",
    "definitions",
    "dependencies",
    "patternProperties",
    "additionalItems",
];

/// Formats that are read as API servers read them; others say nothing here.
const FORMATS: &[&str] = &["byte", "date", "date-time", "ipv4", "ipv6"];

/// Custom resource definitions by group and kind.
#[derive(Default)]
pub struct Definitions {
    by_kind: BTreeMap<(String, String), Vec<Arc<Definition>>>,
}

impl Definitions {
    /// No definitions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add what a document defines, if it is a definition. The same content twice is one.
    pub fn add(&mut self, document: &Value, place: Option<Place>) {
        if let Some(definition) = Definition::read(document, place) {
            self.insert(Arc::new(definition));
        }
    }

    pub(super) fn insert(&mut self, definition: Arc<Definition>) {
        let key = (definition.group.clone(), definition.kind.clone());
        let same = self.by_kind.entry(key).or_default();
        if same.iter().all(|it| it.digest != definition.digest) {
            same.push(definition);
        }
    }

    pub(super) fn of(&self, group: &str, kind: &str) -> &[Arc<Definition>] {
        self.by_kind
            .get(&(group.to_owned(), kind.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// Kinds of a group.
    pub(super) fn kinds_of(&self, group: &str) -> Vec<&str> {
        let keys = self.by_kind.keys().filter(|it| it.0 == group);
        keys.map(|it| it.1.as_str()).collect()
    }
}

/// One custom resource definition.
pub(super) struct Definition {
    group: String,
    kind: String,
    digest: String,
    pub(super) place: Option<Place>,
    /// Every field is kept, known or not: `spec.preserveUnknownFields` of old definitions.
    preserve: bool,
    versions: BTreeMap<String, Version>,
}

struct Version {
    served: bool,
    deprecated: bool,
    schema: Option<Value>,
    checker: OnceLock<Result<Checker, String>>,
}

/// What a definition says of a version.
pub(super) enum Serves<'a> {
    Yes {
        checker: &'a Result<Checker, String>,
        deprecated: bool,
    },
    /// The versions that it serves instead.
    No(Vec<&'a str>),
}

impl Definition {
    /// `None` for documents of another kind. What the document lacks is empty: such a definition
    /// serves nothing.
    pub(super) fn read(document: &Value, place: Option<Place>) -> Option<Self> {
        let text = |it: &Value, pointer: &str| {
            it.pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let api_version = text(document, "/apiVersion")?;
        if text(document, "/kind")? != "CustomResourceDefinition"
            || !api_version.starts_with("apiextensions.k8s.io/")
        {
            return None;
        }
        let spec = document.get("spec")?;
        let shared = spec.pointer("/validation/openAPIV3Schema");
        let mut versions = BTreeMap::new();
        let mut add = |name: String, it: &Value| {
            let flag = |key: &str| it.get(key).and_then(Value::as_bool);
            let own = it.pointer("/schema/openAPIV3Schema");
            versions.insert(
                name,
                Version {
                    served: flag("served").unwrap_or(true),
                    deprecated: flag("deprecated").unwrap_or(false),
                    schema: own.or(shared).cloned(),
                    checker: OnceLock::new(),
                },
            );
        };
        if let Some(name) = text(spec, "/version") {
            add(name, &Value::Null);
        }
        for it in spec
            .get("versions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if let Some(name) = text(it, "/name") {
                add(name, it);
            }
        }
        let flag = spec.get("preserveUnknownFields").and_then(Value::as_bool);
        Some(Self {
            group: text(spec, "/group")?,
            kind: text(spec, "/names/kind")?,
            digest: digest(spec.to_string().as_bytes()),
            place,
            preserve: flag.unwrap_or(api_version == "apiextensions.k8s.io/v1beta1"),
            versions,
        })
    }

    pub(super) fn version(&self, name: &str, kubernetes: &Kubernetes) -> Serves<'_> {
        match self.versions.get(name) {
            Some(it) if it.served => Serves::Yes {
                checker: it.checker.get_or_init(|| {
                    let schema = self.schema(it.schema.as_ref())?;
                    kubernetes.checker(schema)
                }),
                deprecated: it.deprecated,
            },
            _ => Serves::No(self.served()),
        }
    }

    /// Served versions, the most stable first.
    pub(super) fn served(&self) -> Vec<&str> {
        let served = self.versions.iter().filter(|it| it.1.served);
        let mut names: Vec<&str> = served.map(|it| it.0.as_str()).collect();
        names.sort_by_key(|it| std::cmp::Reverse(stability(it)));
        names
    }

    fn schema(&self, schema: Option<&Value>) -> Result<Value, String> {
        let Some(schema) = schema else {
            return if self.preserve {
                Ok(json!({ "type": "object" }))
            } else {
                Err("its definition has no schema".to_owned())
            };
        };
        let mut translation = Translation {
            left: SCHEMAS,
            prune: !self.preserve,
        };
        let mut root = translation.schema(schema, 0, true)?;
        if let Some(root) = root.as_object_mut() {
            add_object_fields(root);
        }
        Ok(root)
    }
}

/// Every object has these, whatever its schema lists.
fn add_object_fields(schema: &mut Map<String, Value>) {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else {
        return;
    };
    // What the definition says of metadata holds in addition: it may ask for a form of names.
    let mut metadata = json!({ "$ref": reference(OBJECT_META) });
    if let Some(own) = properties.remove("metadata") {
        metadata["allOf"] = json!([without_additional(own)]);
    }
    properties.insert("metadata".to_owned(), metadata);
    for name in ["apiVersion", "kind"] {
        properties
            .entry(name)
            .or_insert_with(|| json!({ "type": "string" }));
    }
}

fn without_additional(mut schema: Value) -> Value {
    if let Some(it) = schema.as_object_mut() {
        it.remove("additionalProperties");
    }
    schema
}

struct Translation {
    /// Schemas that may still come.
    left: usize,
    /// Whether unknown fields are dropped by the API server.
    prune: bool,
}

impl Translation {
    /// One schema. `structural` is false inside of `allOf`, `anyOf`, `oneOf` and `not`, which only
    /// narrow what the schema around them lists.
    fn schema(&mut self, schema: &Value, depth: usize, structural: bool) -> Result<Value, String> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or("its schema is larger than the gate reads")?;
        if depth > DEPTH {
            return Err("its schema is deeper than the gate reads".to_owned());
        }
        let Some(from) = schema.as_object() else {
            return Err("its schema holds something else where a schema must be".to_owned());
        };
        if let Some(word) = FORBIDDEN.iter().find(|it| from.contains_key(**it)) {
            return Err(format!(
                "its schema uses `{word}`, which a definition may not"
            ));
        }
        let flag = |key: &str| from.get(key).and_then(Value::as_bool) == Some(true);
        let mut to = Map::new();
        for key in SAME {
            if let Some(value) = from.get(*key) {
                to.insert((*key).to_owned(), value.clone());
            }
        }
        let format = from.get("format").and_then(Value::as_str);
        if let Some(format) = format.filter(|it| FORMATS.contains(it)) {
            to.insert("format".to_owned(), json!(format));
        }
        exclusive(
            &mut to,
            flag("exclusiveMinimum"),
            "minimum",
            "exclusiveMinimum",
        );
        exclusive(
            &mut to,
            flag("exclusiveMaximum"),
            "maximum",
            "exclusiveMaximum",
        );
        types(from, &mut to);
        self.children(from, &mut to, depth, structural)?;
        if structural {
            if flag("x-kubernetes-embedded-resource") {
                add_object_fields(&mut to);
            }
            self.close(from, &mut to);
        }
        Ok(Value::Object(to))
    }

    fn children(
        &mut self,
        from: &Map<String, Value>,
        to: &mut Map<String, Value>,
        depth: usize,
        structural: bool,
    ) -> Result<(), String> {
        if let Some(properties) = from.get("properties").and_then(Value::as_object) {
            let mut out = Map::new();
            for (name, it) in properties {
                out.insert(name.clone(), self.schema(it, depth + 1, structural)?);
            }
            to.insert("properties".to_owned(), Value::Object(out));
        }
        if let Some(items) = from.get("items") {
            to.insert(
                "items".to_owned(),
                self.schema(items, depth + 1, structural)?,
            );
        }
        match from.get("additionalProperties") {
            Some(Value::Bool(allowed)) => {
                to.insert("additionalProperties".to_owned(), json!(allowed));
            }
            Some(it) => {
                let it = self.schema(it, depth + 1, structural)?;
                to.insert("additionalProperties".to_owned(), it);
            }
            None => {}
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            if let Some(list) = from.get(key).and_then(Value::as_array) {
                let list: Result<Vec<Value>, String> = list
                    .iter()
                    .map(|it| self.schema(it, depth + 1, false))
                    .collect();
                to.insert(key.to_owned(), Value::Array(list?));
            }
        }
        if let Some(it) = from.get("not") {
            to.insert("not".to_owned(), self.schema(it, depth + 1, false)?);
        }
        Ok(())
    }

    /// Fields that a map does not list are dropped, unless it keeps them.
    fn close(&self, from: &Map<String, Value>, to: &mut Map<String, Value>) {
        let keeps = from
            .get("x-kubernetes-preserve-unknown-fields")
            .and_then(Value::as_bool)
            == Some(true);
        let is_map = from.get("type").and_then(Value::as_str) == Some("object")
            || from.contains_key("properties");
        if self.prune && is_map && !keeps {
            to.entry("additionalProperties").or_insert(json!(false));
        }
    }
}

/// OpenAPI 3.0 has a flag where JSON Schema has a number.
fn exclusive(to: &mut Map<String, Value>, is: bool, inclusive: &str, name: &str) {
    if is && let Some(limit) = to.remove(inclusive) {
        to.insert(name.to_owned(), limit);
    }
}

fn types(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let flag = |key: &str| from.get(key).and_then(Value::as_bool) == Some(true);
    let nullable = flag("nullable");
    let mut types: Vec<Value> = if flag("x-kubernetes-int-or-string") {
        vec![json!("integer"), json!("string")]
    } else {
        from.get("type").cloned().into_iter().collect()
    };
    if nullable && !types.is_empty() {
        types.push(json!("null"));
    }
    match types.len() {
        0 => {}
        1 => {
            to.insert("type".to_owned(), types.remove(0));
        }
        _ => {
            to.insert("type".to_owned(), Value::Array(types));
        }
    }
    if let Some(options) = from.get("enum") {
        let mut options = options.clone();
        if let Some(list) = options.as_array_mut().filter(|_| nullable) {
            list.push(Value::Null);
        }
        to.insert("enum".to_owned(), options);
    }
}

//! Custom resource definitions, as hostile as the repository that holds them.
//!
//! Source of the semantics:
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>
//! (structural schemas, pruning, nullable), and `apiextensions-apiserver`'s `schema/structural.go`.

use super::{
    checker::Checker,
    kubernetes::{Kubernetes, stability},
    node::{Node, Ref, Types},
    read::Reader,
};
use crate::model::{Place, digest};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

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
    /// Only the server writes `status`.
    status: bool,
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
        let all_status = spec.pointer("/subresources/status").is_some();
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
                    status: all_status || it.pointer("/subresources/status").is_some(),
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
                checker: it.checker.get_or_init(|| self.checker(it, kubernetes)),
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

    fn checker(&self, version: &Version, kubernetes: &Kubernetes) -> Result<Checker, String> {
        let mut reader = Reader::of_definition(kubernetes.minor, kubernetes.metadata());
        let mut root = match &version.schema {
            Some(schema) => reader.node(schema, 0, true)?,
            None if self.preserve => Node {
                types: Types::OBJECT,
                keeps: true,
                ..Node::default()
            },
            None => return Err("its definition has no schema".to_owned()),
        };
        reader.whole(&mut root);
        Ok(Checker {
            root: Ref::Own(Box::new(root)),
            own: false,
            prunes: !self.preserve,
            status: version.status,
        })
    }
}

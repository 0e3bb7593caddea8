//! Which lists are merged, and by which keys.

use crate::id::Gvk;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tollgate_yaml::Node;

/// The lists of Kubernetes 1.21.2, the only schema that is built into kustomize 5.8.1.
const KUBERNETES: &str = include_str!("kubernetes-1.21.txt");

/// What is known of one type: fields, elements, and how a list of it is merged.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    fields: BTreeMap<Arc<str>, Shape>,
    /// The type of every field that is not in `fields`.
    additional: Option<Box<Shape>>,
    /// The type of a list's elements.
    items: Option<Box<Shape>>,
    /// Merge keys of a list that is merged; empty for a set of scalars.
    merge_keys: Option<Arc<[Arc<str>]>>,
    /// The name of the type that this one stands for.
    reference: Option<Arc<str>>,
}

/// Which lists of which kinds are merged by key, after the OpenAPI extensions
/// `x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key` and `x-kubernetes-list-map-keys`.
/// Source: kustomize `kyaml/openapi`.
#[derive(Clone, Debug, Default)]
pub struct MergeSchema {
    types: BTreeMap<Arc<str>, Shape>,
    resources: BTreeMap<(Arc<str>, Arc<str>), Arc<str>>,
}

/// One type of a [`MergeSchema`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeRef<'a> {
    schema: &'a MergeSchema,
    shape: &'a Shape,
}

impl MergeSchema {
    /// The schema of Kubernetes' own kinds.
    pub fn kubernetes() -> &'static Self {
        static SCHEMA: OnceLock<MergeSchema> = OnceLock::new();
        SCHEMA.get_or_init(|| Self::from_table(KUBERNETES))
    }

    fn from_table(table: &str) -> Self {
        let mut schema = Self::default();
        for line in table.lines().filter(|it| !it.starts_with('#')) {
            let mut words = line.split(' ');
            let Some(name) = words.next() else { continue };
            if name == "=" {
                if let (Some(version), Some(kind), Some(of)) =
                    (words.next(), words.next(), words.next())
                {
                    let resource = (Arc::from(version), Arc::from(kind));
                    schema.resources.insert(resource, Arc::from(of));
                }
                continue;
            }
            let fields = words
                .filter_map(|it| it.split_once(':'))
                .map(|(field, of)| (Arc::from(field), Shape::from_word(of)))
                .collect();
            let shape = Shape {
                fields,
                ..Shape::default()
            };
            schema.types.insert(Arc::from(name), shape);
        }
        schema
    }

    /// A schema from an OpenAPI document with `definitions`, as `openapi.path` names one. Its types
    /// stand alone: kustomize does not mix them with the built-in ones.
    pub fn from_openapi(document: &Node) -> Self {
        let mut schema = Self::default();
        let definitions = document.get("definitions").and_then(Node::as_mapping);
        for entry in definitions.into_iter().flatten() {
            let name: Arc<str> = Arc::from(short_name(&entry.key.text));
            schema
                .types
                .insert(name.clone(), Shape::from_openapi(&entry.value, 0));
            let kinds = entry.value.get("x-kubernetes-group-version-kind");
            for kind in kinds.and_then(Node::as_sequence).unwrap_or_default() {
                let text = |key| kind.get(key).and_then(Node::as_str).unwrap_or_default();
                let version = match text("group") {
                    "" => Arc::from(text("version")),
                    group => Arc::from(format!("{group}/{}", text("version"))),
                };
                let resource = (version, Arc::from(text("kind")));
                schema.resources.insert(resource, name.clone());
            }
        }
        schema
    }

    /// This schema, and of `base` what it does not know.
    #[must_use]
    pub(crate) fn over(mut self, base: &Self) -> Self {
        for (name, shape) in &base.types {
            if !self.types.contains_key(name) {
                self.types.insert(name.clone(), shape.clone());
            }
        }
        for (kind, name) in &base.resources {
            if !self.resources.contains_key(kind) {
                self.resources.insert(kind.clone(), name.clone());
            }
        }
        self
    }

    /// Whether the schema knows resources of this kind.
    pub(crate) fn has(&self, gvk: &Gvk) -> bool {
        let kind = (Arc::from(gvk.api_version()), gvk.kind.clone());
        self.resources.contains_key(&kind)
    }

    /// A type that stands outside of the schema and may refer to types in it.
    pub(super) fn of_shape<'a>(&'a self, shape: &'a Shape) -> Option<TypeRef<'a>> {
        TypeRef {
            schema: self,
            shape,
        }
        .resolved(shape)
    }

    /// The type of a resource by its own `apiVersion` and `kind`.
    pub(crate) fn of_resource(&self, node: &Node) -> Option<TypeRef<'_>> {
        let text = |key| Some(node.get(key)?.as_scalar()?.text.clone());
        let name = self.resources.get(&(text("apiVersion")?, text("kind")?))?;
        let shape = self.types.get(name)?;
        Some(TypeRef {
            schema: self,
            shape,
        })
    }
}

impl<'a> TypeRef<'a> {
    /// The type of a field.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        let shape = self.shape.fields.get(name);
        shape
            .or(self.shape.additional.as_deref())
            .and_then(|it| self.resolved(it))
    }

    /// The type of a list's elements.
    pub(crate) fn items(self) -> Option<Self> {
        let shape = self.shape.items.as_deref()?;
        self.resolved(shape)
    }

    /// The keys of a list that is merged (empty: a set of scalars); `None` for everything else.
    pub(crate) fn merge_keys(self) -> Option<&'a [Arc<str>]> {
        self.shape.merge_keys.as_deref()
    }

    fn resolved(self, mut shape: &'a Shape) -> Option<Self> {
        // A reference may lead to another one; a loop of them leads nowhere.
        for _ in 0..16 {
            let Some(name) = &shape.reference else {
                return Some(Self {
                    schema: self.schema,
                    shape,
                });
            };
            shape = self.schema.types.get(name)?;
        }
        None
    }
}

impl Shape {
    fn reference(name: &str) -> Self {
        Self {
            reference: Some(Arc::from(name)),
            ..Self::default()
        }
    }

    /// `Type`, `[key]Type`, `[a+b]Type`, `[*]` or `[-]Type`.
    fn from_word(word: &str) -> Self {
        let Some((keys, of)) = word.strip_prefix('[').and_then(|it| it.split_once(']')) else {
            return Self::reference(word);
        };
        Self {
            items: (!of.is_empty()).then(|| Box::new(Self::reference(of))),
            merge_keys: match keys {
                "-" => None,
                "*" => Some(Arc::from([])),
                _ => Some(keys.split('+').map(Arc::from).collect()),
            },
            ..Self::default()
        }
    }

    pub(super) fn from_openapi(node: &Node, depth: usize) -> Self {
        let mut shape = Self::default();
        // Documents are nested less than this; deeper types are unknown rather than a risk.
        if depth > 100 {
            return shape;
        }
        let text = |key| node.get(key).and_then(Node::as_str);
        if let Some(name) = text("$ref") {
            let name = name.strip_prefix("#/definitions/").unwrap_or(name);
            return Self::reference(short_name(name));
        }
        let child = |it: &Node| Box::new(Self::from_openapi(it, depth + 1));
        let properties = node.get("properties").and_then(Node::as_mapping);
        for entry in properties.into_iter().flatten() {
            let field = Self::from_openapi(&entry.value, depth + 1);
            shape.fields.insert(entry.key.text.clone(), field);
        }
        shape.additional = node
            .get("additionalProperties")
            .filter(|it| it.as_mapping().is_some())
            .map(child);
        if text("type") == Some("array") {
            shape.items = node.get("items").map(child);
        }
        let strategy = text("x-kubernetes-patch-strategy").unwrap_or_default();
        if strategy.split(',').any(|it| it == "merge") {
            let list = node
                .get("x-kubernetes-list-map-keys")
                .and_then(Node::as_sequence);
            let keys = match (list, text("x-kubernetes-patch-merge-key")) {
                (Some(list), _) => list
                    .iter()
                    .filter_map(|it| it.as_str().map(Arc::from))
                    .collect(),
                (None, Some(key)) => Arc::from([Arc::from(key)]),
                (None, None) => Arc::from([]),
            };
            shape.merge_keys = Some(keys);
        }
        shape
    }
}

/// The name of a type without the packages of Kubernetes' own.
fn short_name(name: &str) -> &str {
    const PACKAGES: [&str; 4] = [
        "io.k8s.api.",
        "io.k8s.apimachinery.pkg.apis.",
        "io.k8s.apiextensions-apiserver.pkg.apis.",
        "io.k8s.kube-aggregator.pkg.apis.",
    ];
    PACKAGES
        .iter()
        .find_map(|it| name.strip_prefix(it))
        .unwrap_or(name)
}

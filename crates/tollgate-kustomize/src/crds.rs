//! Field specs from `crds`: OpenAPI definitions, as Go programs publish them, whose extensions say
//! which fields hold labels, annotations and names.
//! Semantics: kustomize `api/internal/accumulator/loadconfigfromcrds.go`.

use crate::{
    build::Scope,
    error::BuildError,
    fieldspec::{FieldSpec, NameReference, SpecPath, TransformerConfig, merge_specs},
    id::Gvk,
    kustomization::Text,
};
use std::sync::Arc;
use tollgate_yaml::{Dialect, Node, Origin};

/// Definitions refer to definitions at most this deep; deeper ones go in circles.
const MAX_DEPTH: usize = 64;
/// As many fields may be looked at: few definitions that refer to each other can describe very many.
const MAX_FIELDS: usize = 200_000;

/// The field specs that the OpenAPI extensions in the named files ask for.
///
/// # Errors
/// Files that cannot be read, files that are not maps of definitions (such as the manifest of a
/// CustomResourceDefinition), and definitions that refer to themselves.
pub(crate) fn load(entries: &[Text], scope: &Scope<'_>) -> Result<TransformerConfig, BuildError> {
    let mut all = TransformerConfig::default();
    for entry in entries {
        let definitions = read(entry, scope)?;
        let specs = Definitions::of(&definitions, entry)?.specs()?;
        all.absorb(&specs)
            .map_err(|it| BuildError::new(entry.span, it.to_string()))?;
    }
    Ok(all)
}

fn read(entry: &Text, scope: &Scope<'_>) -> Result<Node, BuildError> {
    let text = scope.text(entry)?.text.clone();
    if text.starts_with('{') {
        let value = serde_json::from_str(&text).map_err(|it| {
            BuildError::new(entry.span, format!("`{}` is not JSON: {it}", &**entry))
        })?;
        return Ok(Node::from_json(&value, Origin::Authored(entry.span)));
    }
    let documents = scope.documents(entry, Dialect::Sigs)?;
    documents
        .first()
        .cloned()
        .ok_or_else(|| BuildError::new(entry.span, format!("`{}` holds no definitions", &**entry)))
}

/// The definitions of one file, by the names of their Go types.
struct Definitions<'a> {
    by_name: Vec<(&'a str, &'a Node)>,
    entry: &'a Text,
}

impl<'a> Definitions<'a> {
    fn of(document: &'a Node, entry: &'a Text) -> Result<Self, BuildError> {
        let refuse = |node: &Node| {
            BuildError::new(
                node.span(),
                format!("`{}` is no map of OpenAPI definitions", &**entry),
            )
            .help("`crds` wants the definitions of Go types; list manifests under `resources`")
        };
        let Some(map) = document.as_mapping() else {
            return Err(refuse(document));
        };
        let mut by_name = Vec::with_capacity(map.len());
        for definition in map {
            if definition.value.as_mapping().is_none() && !definition.value.is_null() {
                return Err(refuse(&definition.value));
            }
            by_name.push((&*definition.key.text, &definition.value));
        }
        Ok(Self { by_name, entry })
    }

    fn specs(&self) -> Result<TransformerConfig, BuildError> {
        let mut all = TransformerConfig::default();
        for (name, definition) in &self.by_name {
            let Some(properties) = properties_of(definition) else {
                continue;
            };
            if !["kind", "apiVersion", "metadata"]
                .iter()
                .all(|it| properties.get(it).is_some())
            {
                continue;
            }
            let kind = Gvk {
                kind: Arc::from(name.rsplit('.').next().unwrap_or_default()),
                ..Gvk::default()
            };
            let mut budget = MAX_FIELDS;
            self.collect(&mut all, &kind, properties, &mut Vec::new(), &mut budget)?;
        }
        Ok(all)
    }

    /// Add what the extensions of `properties` ask for, and those of the types that they name.
    fn collect(
        &self,
        all: &mut TransformerConfig,
        kind: &Gvk,
        properties: &'a Node,
        path: &mut Vec<&'a str>,
        budget: &mut usize,
    ) -> Result<(), BuildError> {
        if path.len() > MAX_DEPTH {
            let message = format!("definitions in `{}` refer to themselves", &**self.entry);
            return Err(BuildError::new(self.entry.span, message).here());
        }
        for property in properties.as_mapping().into_iter().flatten() {
            let Some(left) = budget.checked_sub(1) else {
                let message = format!(
                    "a definition in `{}` describes more than {MAX_FIELDS} fields",
                    &**self.entry
                );
                return Err(BuildError::new(self.entry.span, message).here());
            };
            *budget = left;
            path.push(&property.key.text);
            let schema = &property.value;
            let spec = |end: Option<&str>| {
                let parts: Vec<&str> = path.iter().copied().chain(end).collect();
                FieldSpec {
                    selector: kind.clone(),
                    path: SpecPath::new(&parts.join("/")),
                    create: false,
                }
            };
            // Specs that create nothing never contradict each other.
            let add = |specs: &mut Vec<FieldSpec>| {
                merge_specs(specs, &[spec(None)])
                    .map_err(|it| BuildError::new(self.entry.span, it.to_string()))
            };
            if extension(schema, "x-kubernetes-annotation").is_some() {
                add(&mut all.common_annotations)?;
            }
            if extension(schema, "x-kubernetes-label-selector").is_some() {
                add(&mut all.common_labels)?;
            }
            if extension(schema, "x-kubernetes-identity").is_some() {
                add(&mut all.name_prefix)?;
            }
            if let Some(reference) = reference(schema, spec) {
                let one = TransformerConfig {
                    name_reference: vec![reference],
                    ..TransformerConfig::default()
                };
                all.absorb(&one)
                    .map_err(|it| BuildError::new(self.entry.span, it.to_string()))?;
            }
            let target = field(schema, "$ref").and_then(Node::as_str);
            let target = self.by_name.iter().find(|(name, _)| Some(*name) == target);
            if let Some(properties) = target.and_then(|(_, it)| properties_of(it)) {
                self.collect(all, kind, properties, path, budget)?;
            }
            path.pop();
        }
        Ok(())
    }
}

/// The reference that a property is, if its extensions name the kind of the resource it names.
fn reference<'a>(
    schema: &'a Node,
    spec: impl Fn(Option<&'a str>) -> FieldSpec,
) -> Option<NameReference> {
    let version = extension(schema, "x-kubernetes-object-ref-api-version")?;
    let kind = extension(schema, "x-kubernetes-object-ref-kind")?;
    let key = extension(schema, "x-kubernetes-object-ref-name-key").unwrap_or("name");
    Some(NameReference {
        target: Gvk {
            group: Arc::from(""),
            version: Arc::from(version),
            kind: Arc::from(kind),
        },
        referrers: vec![spec(Some(key))],
    })
}

fn properties_of(definition: &Node) -> Option<&Node> {
    field(field(definition, "schema")?, "properties")
}

fn extension<'a>(schema: &'a Node, name: &str) -> Option<&'a str> {
    field(schema, name).and_then(Node::as_str)
}

/// A field of a Go structure, whose name may be written in any case.
fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let mut entries = node.as_mapping()?.iter();
    let found = entries.find(|it| it.key.text.eq_ignore_ascii_case(name))?;
    Some(&found.value)
}

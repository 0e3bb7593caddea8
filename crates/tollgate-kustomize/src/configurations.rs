//! Field specs from `configurations`. Source of the format: kustomize
//! `api/internal/plugins/builtinconfig/transformerconfig.go`.

use crate::{
    build::Scope,
    error::BuildError,
    fieldspec::{FieldSpec, NameReference, TransformerConfig},
    id::Gvk,
    kustomization::{FieldSpecEntry, Fields, Text},
};
use std::sync::Arc;
use tollgate_yaml::{Dialect, Node};

/// The field specs in the named files, merged in order.
///
/// # Errors
/// Files that cannot be read, unknown fields, and specs that contradict each other.
pub(crate) fn load(entries: &[Text], scope: &Scope<'_>) -> Result<TransformerConfig, BuildError> {
    let mut all = TransformerConfig::default();
    for entry in entries {
        let documents = scope.documents(entry, Dialect::Sigs)?;
        // Only the first document of the file counts.
        let Some(document) = documents.first() else {
            continue;
        };
        let specs = decode(document)?;
        all.absorb(&specs)
            .map_err(|it| BuildError::new(entry.span, it.to_string()))?;
    }
    Ok(all)
}

fn decode(document: &Node) -> Result<TransformerConfig, BuildError> {
    let mut fields = Fields::of(document, "a transformer configuration")?;
    let mut specs = |name| fields.list(name, field_spec);
    let mut config = TransformerConfig {
        name_prefix: specs("namePrefix")?,
        name_suffix: specs("nameSuffix")?,
        namespace: specs("namespace")?,
        common_labels: specs("commonLabels")?,
        labels: specs("labels")?,
        template_labels: specs("templateLabels")?,
        common_annotations: specs("commonAnnotations")?,
        var_reference: specs("varReference")?,
        images: specs("images")?,
        replicas: specs("replicas")?,
        name_reference: fields.list("nameReference", name_reference)?,
    };
    fields.finish_settled()?;
    config.sort();
    Ok(config)
}

/// A field spec as it is written in files.
pub(crate) fn field_spec(node: &Node) -> Result<FieldSpec, BuildError> {
    FieldSpecEntry::decode(node).map(|it| FieldSpec::from(&it))
}

fn name_reference(node: &Node) -> Result<NameReference, BuildError> {
    let mut fields = Fields::of(node, "a name reference")?;
    let mut text = |name| {
        let text = fields.text(name)?;
        Ok::<Arc<str>, BuildError>(text.map_or_else(|| Arc::from(""), |it| it.value))
    };
    let target = Gvk {
        group: text("group")?,
        version: text("version")?,
        kind: text("kind")?,
    };
    let referrers = fields.list("fieldSpecs", field_spec)?;
    fields.finish_settled()?;
    Ok(NameReference { target, referrers })
}

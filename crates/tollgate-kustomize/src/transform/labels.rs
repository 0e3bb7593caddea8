//! `labels` and `commonLabels`.

use super::pairs;
use crate::{
    error::BuildError,
    fieldspec::{FieldSpec, TransformerConfig, merge_specs},
    kustomization::{LabelEntry, TextPair},
    resource::Resource,
};

/// The fields that an entry of `labels` writes to: its own, those that configurations add for all
/// entries, and then either those of `commonLabels`, or those of templates and the metadata.
/// Source: kustomize `kusttarget_configplugin.go`.
///
/// # Errors
/// Specs that contradict each other.
pub(crate) fn specs(
    entry: &LabelEntry,
    all: &TransformerConfig,
) -> Result<Vec<FieldSpec>, BuildError> {
    // Entries of one list are not compared with each other.
    let mut specs: Vec<FieldSpec> = entry.fields.iter().map(FieldSpec::from).collect();
    let conflict = |it: crate::fieldspec::ConflictingSpecs| {
        BuildError::new(entry.span, it.to_string())
            .help("give the field the same `create` as the field spec that is known already")
    };
    merge_specs(&mut specs, &all.labels).map_err(conflict)?;
    if entry.include_selectors {
        merge_specs(&mut specs, &all.common_labels).map_err(conflict)?;
        return Ok(specs);
    }
    if entry.include_templates {
        merge_specs(&mut specs, &all.template_labels).map_err(conflict)?;
    }
    merge_specs(&mut specs, &[FieldSpec::any("metadata/labels", true)]).map_err(conflict)?;
    Ok(specs)
}

/// Set labels in the fields that `specs` name.
///
/// # Errors
/// A field that is no map.
pub(crate) fn apply(
    resources: &mut [Resource],
    labels: &[TextPair],
    specs: &[FieldSpec],
) -> Result<(), BuildError> {
    pairs::apply(resources, labels, specs)
}

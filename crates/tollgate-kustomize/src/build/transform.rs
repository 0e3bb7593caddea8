//! The transformers of one kustomization, in kustomize's order.
//! Source of the order: `api/internal/target/kusttarget_configplugin.go`.

use super::{Accumulator, Scope};
use crate::{
    error::BuildError,
    fieldspec::TransformerConfig,
    patches, provenance, replacements,
    resource::Resource,
    transform::{
        self,
        affix::{self, End},
        namespace::NamespaceOptions,
    },
};

/// Apply what the kustomization asks for to everything accumulated so far.
pub(super) fn run(all: &mut Accumulator, scope: &Scope<'_>) -> Result<(), BuildError> {
    let kustomization = scope.kustomization.clone();
    let specs: &TransformerConfig = &all.specs;
    let resources: &mut Vec<Resource> = &mut all.resources;

    // Each is told of in the resources' annotations, if the kustomization asks for that.
    let ran = |resources: &mut [Resource], kind: &str| {
        if let Some(provenance) = scope.field_provenance(kind) {
            provenance::changed_by(resources, &provenance);
        }
    };
    if !kustomization.patches_strategic_merge.is_empty() {
        let entries = &kustomization.patches_strategic_merge;
        patches::strategic_merge(resources, entries, scope)?;
        ran(resources, "PatchStrategicMergeTransformer");
    }
    for patch in &kustomization.patches {
        patches::apply(resources, patch, scope)?;
        ran(resources, "PatchTransformer");
    }
    if let Some(namespace) = &kustomization.namespace {
        let options = NamespaceOptions::default();
        transform::namespace::apply(resources, namespace, &specs.namespace, options)?;
        ran(resources, "NamespaceTransformer");
    }
    if let Some(prefix) = &kustomization.name_prefix {
        affix::apply(resources, prefix, End::Front, &specs.name_prefix)?;
        ran(resources, "PrefixTransformer");
    }
    if let Some(suffix) = &kustomization.name_suffix {
        affix::apply(resources, suffix, End::Back, &specs.name_suffix)?;
        ran(resources, "SuffixTransformer");
    }
    for entry in &kustomization.labels {
        let specs = transform::labels::specs(entry, specs)?;
        transform::labels::apply(resources, &entry.pairs, &specs)?;
        ran(resources, "LabelTransformer");
    }
    let common_labels = &kustomization.common_labels;
    if !common_labels.is_empty() || !kustomization.labels.is_empty() {
        transform::labels::apply(resources, common_labels, &specs.common_labels)?;
        ran(resources, "LabelTransformer");
    }
    if !kustomization.common_annotations.is_empty() {
        let pairs = &kustomization.common_annotations;
        transform::annotations::apply(resources, pairs, &specs.common_annotations)?;
        ran(resources, "AnnotationsTransformer");
    }
    for patch in &kustomization.patches_json6902 {
        patches::json6902(resources, patch, scope)?;
        ran(resources, "PatchJson6902Transformer");
    }
    for entry in &kustomization.replicas {
        transform::replicas::apply(resources, entry, &specs.replicas)?;
        ran(resources, "ReplicaCountTransformer");
    }
    for entry in &kustomization.images {
        transform::images::apply(resources, entry, &specs.images, scope)?;
        ran(resources, "ImageTagTransformer");
    }
    if !kustomization.replacements.is_empty() {
        replacements::apply(resources, &kustomization.replacements, scope)?;
        ran(resources, "ReplacementTransformer");
    }
    Ok(())
}

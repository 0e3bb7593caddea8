//! The transformers of one kustomization, in kustomize's order.
//! Source of the order: `api/internal/target/kusttarget_configplugin.go`.

use super::{Accumulator, Scope};
use crate::{
    error::BuildError,
    fieldspec::TransformerConfig,
    patches, replacements,
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

    patches::strategic_merge(resources, &kustomization.patches_strategic_merge, scope)?;
    for patch in &kustomization.patches {
        patches::apply(resources, patch, scope)?;
    }
    if let Some(namespace) = &kustomization.namespace {
        let options = NamespaceOptions::default();
        transform::namespace::apply(resources, namespace, &specs.namespace, options)?;
    }
    if let Some(prefix) = &kustomization.name_prefix {
        affix::apply(resources, prefix, End::Front, &specs.name_prefix)?;
    }
    if let Some(suffix) = &kustomization.name_suffix {
        affix::apply(resources, suffix, End::Back, &specs.name_suffix)?;
    }
    for entry in &kustomization.labels {
        let specs = transform::labels::specs(entry, specs)?;
        transform::labels::apply(resources, &entry.pairs, &specs)?;
    }
    transform::labels::apply(
        resources,
        &kustomization.common_labels,
        &specs.common_labels,
    )?;
    if !kustomization.common_annotations.is_empty() {
        let pairs = &kustomization.common_annotations;
        transform::annotations::apply(resources, pairs, &specs.common_annotations)?;
    }
    for patch in &kustomization.patches_json6902 {
        patches::json6902(resources, patch, scope)?;
    }
    for entry in &kustomization.replicas {
        transform::replicas::apply(resources, entry, &specs.replicas)?;
    }
    for entry in &kustomization.images {
        transform::images::apply(resources, entry, &specs.images, scope)?;
    }
    if !kustomization.replacements.is_empty() {
        replacements::apply(resources, &kustomization.replacements, scope)?;
    }
    Ok(())
}

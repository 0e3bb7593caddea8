//! `namePrefix` and `nameSuffix`. Source: `PrefixTransformer.go`, `SuffixTransformer.go`.

use super::leaf;
use crate::{
    error::BuildError,
    fieldspec::{FieldError, FieldSpec, Missing},
    id::Gvk,
    kustomization::Text,
    resource::{Resource, rewritten},
};
use tollgate_yaml::{Node, Value};

/// Which end of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `namePrefix`.
    Front,
    /// `nameSuffix`.
    Back,
}

/// Add `affix` to the names of all resources but those whose name means something.
pub(crate) fn apply(
    resources: &mut [Resource],
    affix: &Text,
    end: End,
    specs: &[FieldSpec],
) -> Result<(), BuildError> {
    for resource in resources {
        let original = resource.original_id().gvk;
        if keeps_its_name(&original) {
            continue;
        }
        for spec in specs.iter().filter(|it| it.applies_to(&original)) {
            if spec.path.as_str() == "metadata/name" && !affix.is_empty() {
                let list = match end {
                    End::Front => &mut resource.prefixes,
                    End::Back => &mut resource.suffixes,
                };
                list.push(affix.value.clone());
                resource.store_previous_id();
            }
            if !spec.applies_to(&resource.gvk()) {
                continue;
            }
            spec.visit(
                &mut resource.body,
                Missing::Scalar,
                affix.span,
                &mut |node, _| extend(node, affix, end),
            )?;
        }
    }
    Ok(())
}

fn extend(node: &mut Node, affix: &Text, end: End) -> Result<(), FieldError> {
    leaf::check(node)?;
    // A null that is spelled out counts as text, as it does to kustomize.
    let Some(old) = node.as_scalar() else {
        return Ok(());
    };
    let text = match end {
        End::Front => format!("{}{}", affix.value, old.text),
        End::Back => format!("{}{}", old.text, affix.value),
    };
    let scalar = rewritten(old, text.into());
    let origin = node.origin.replaced_by(affix.span);
    *node = Node::new(Value::Scalar(scalar), origin);
    Ok(())
}

/// Kinds whose names are part of an API.
fn keeps_its_name(gvk: &Gvk) -> bool {
    match &*gvk.kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => &*gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

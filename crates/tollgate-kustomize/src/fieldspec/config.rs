//! The field specs of all transformers: the built-in ones and those a repository adds.

use super::{FieldSpec, builtin};
use crate::id::Gvk;
use std::sync::{Arc, OnceLock};

/// The field specs of every transformer. Those of a child flow up to its parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransformerConfig {
    /// Where `namePrefix` goes.
    pub name_prefix: Vec<FieldSpec>,
    /// Where `nameSuffix` goes.
    pub name_suffix: Vec<FieldSpec>,
    /// Where `namespace` goes, besides of `metadata/namespace` and the subjects of role bindings.
    pub namespace: Vec<FieldSpec>,
    /// Where `commonLabels` go, and `labels` that include selectors.
    pub common_labels: Vec<FieldSpec>,
    /// Where every entry of `labels` goes in addition.
    pub labels: Vec<FieldSpec>,
    /// Where `labels` that include templates go.
    pub template_labels: Vec<FieldSpec>,
    /// Where `commonAnnotations` go.
    pub common_annotations: Vec<FieldSpec>,
    /// Which fields hold the name of another resource.
    pub name_reference: Vec<NameReference>,
    /// Where `$(NAME)` is replaced.
    pub var_reference: Vec<FieldSpec>,
    /// Where images stand, besides of every `containers` and `initContainers`.
    pub images: Vec<FieldSpec>,
    /// Where the number of replicas stands.
    pub replicas: Vec<FieldSpec>,
}

/// The fields that hold the name of a resource of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameReference {
    /// The resource that is named. Empty parts match anything.
    pub target: Gvk,
    /// The fields that name it.
    pub referrers: Vec<FieldSpec>,
}

/// Two specs for one field, one of which creates it while the other does not.
#[derive(Clone, Debug, thiserror::Error)]
#[error("conflicting field specs: `{path}` of {kind} is given both with and without `create`")]
pub struct ConflictingSpecs {
    /// The field.
    pub path: String,
    /// The kind; `every kind` where there is none.
    pub kind: String,
}

impl TransformerConfig {
    /// What kustomize 5.8.1 brings along.
    pub fn builtin() -> Arc<Self> {
        static CONFIG: OnceLock<Arc<TransformerConfig>> = OnceLock::new();
        CONFIG
            .get_or_init(|| {
                let mut config = builtin::config();
                config.sort();
                Arc::new(config)
            })
            .clone()
    }

    /// These specs and those of `other` that are new.
    ///
    /// # Errors
    /// Where the two disagree on whether a field is to be made.
    pub fn merge(self: &Arc<Self>, other: &Arc<Self>) -> Result<Arc<Self>, ConflictingSpecs> {
        // Nearly every kustomization has the built-in specs alone. Others are merged spec by spec even
        // into nothing, because a spec for every kind gives way to those for single kinds before it.
        let builtin = Self::builtin();
        let empty = Self::default();
        if **other == empty || (Arc::ptr_eq(self, other) && Arc::ptr_eq(self, &builtin)) {
            return Ok(self.clone());
        }
        if **self == empty && Arc::ptr_eq(other, &builtin) {
            return Ok(builtin);
        }
        let mut merged = Self::clone(self);
        merged.absorb(other)?;
        Ok(Arc::new(merged))
    }

    /// As [`TransformerConfig::merge`], in place.
    ///
    /// # Errors
    /// As [`TransformerConfig::merge`].
    pub fn absorb(&mut self, other: &Self) -> Result<(), ConflictingSpecs> {
        merge_specs(&mut self.name_prefix, &other.name_prefix)?;
        merge_specs(&mut self.name_suffix, &other.name_suffix)?;
        merge_specs(&mut self.namespace, &other.namespace)?;
        merge_specs(&mut self.common_labels, &other.common_labels)?;
        merge_specs(&mut self.labels, &other.labels)?;
        merge_specs(&mut self.template_labels, &other.template_labels)?;
        merge_specs(&mut self.common_annotations, &other.common_annotations)?;
        merge_specs(&mut self.var_reference, &other.var_reference)?;
        merge_specs(&mut self.images, &other.images)?;
        merge_specs(&mut self.replicas, &other.replicas)?;
        for reference in &other.name_reference {
            let same = |it: &&mut NameReference| it.target == reference.target;
            match self.name_reference.iter_mut().find(same) {
                Some(known) => merge_specs(&mut known.referrers, &reference.referrers)?,
                None => self.name_reference.push(reference.clone()),
            }
        }
        self.sort();
        Ok(())
    }

    /// Into kustomize's order of kinds, which decides what is visited first.
    pub(crate) fn sort(&mut self) {
        for specs in [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ] {
            specs.sort_by(|a, b| a.selector.install_order(&b.selector));
        }
        self.name_reference
            .sort_by(|a, b| a.target.install_order(&b.target));
    }
}

/// Add the specs of `incoming` that `specs` lacks.
///
/// # Errors
/// Where the two disagree on whether a field is to be made.
pub(crate) fn merge_specs(
    specs: &mut Vec<FieldSpec>,
    incoming: &[FieldSpec],
) -> Result<(), ConflictingSpecs> {
    for spec in incoming {
        let same = |it: &&FieldSpec| it.path == spec.path && spec_covers(spec, it);
        match specs.iter().find(same) {
            Some(known) if known.create != spec.create => {
                let kind = &spec.selector.kind;
                return Err(ConflictingSpecs {
                    path: spec.path.as_str().to_owned(),
                    kind: if kind.is_empty() { "every kind" } else { kind }.to_owned(),
                });
            }
            Some(_) => {}
            None => specs.push(spec.clone()),
        }
    }
    Ok(())
}

/// Whether the kind of `known` is one that `incoming` selects.
fn spec_covers(incoming: &FieldSpec, known: &FieldSpec) -> bool {
    known.selector.is_selected_by(&incoming.selector)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: &str, path: &str, create: bool) -> FieldSpec {
        let selector = Gvk {
            kind: Arc::from(kind),
            ..Gvk::default()
        };
        FieldSpec {
            selector,
            ..FieldSpec::any(path, create)
        }
    }

    #[test]
    fn merging_ignores_what_is_known_and_refuses_contradictions() {
        let mut specs = vec![spec("Deployment", "spec/a", true)];
        merge_specs(&mut specs, &[spec("Deployment", "spec/a", true)]).expect("the same");
        assert_eq!(specs.len(), 1);
        // A spec for every kind covers the one that is known.
        merge_specs(&mut specs, &[spec("", "spec/a", true)]).expect("the same");
        assert_eq!(specs.len(), 1);
        merge_specs(&mut specs, &[spec("Job", "spec/a", false)]).expect("another kind");
        assert_eq!(specs.len(), 2);
        let error = merge_specs(&mut specs, &[spec("Job", "spec/a", true)]);
        assert!(
            error
                .expect_err("a contradiction")
                .to_string()
                .contains("spec/a")
        );
    }

    #[test]
    fn the_builtin_specs_know_where_names_stand() {
        let config = TransformerConfig::builtin();
        let places = |kind: &str, referrer: &str| -> Vec<String> {
            let named = config
                .name_reference
                .iter()
                .filter(|it| &*it.target.kind == kind);
            named
                .flat_map(|it| &it.referrers)
                .filter(|it| &*it.selector.kind == referrer)
                .map(|it| it.path.as_str().to_owned())
                .collect()
        };
        assert!(
            places("Secret", "CronJob").contains(
                &"spec/jobTemplate/spec/template/spec/volumes/secret/secretName".to_owned()
            )
        );
        assert_eq!(
            places("ServiceAccount", "RoleBinding"),
            ["subjects".to_owned()]
        );
        let count: usize = config
            .name_reference
            .iter()
            .map(|it| it.referrers.len())
            .sum();
        assert_eq!(count, 166);
    }
}

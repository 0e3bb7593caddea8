//! Selects resources by regular expressions and label selectors.
//! Source of the semantics: kustomize `api/types/selector.go`, `Select` in `resmap/reswrangler.go`.

mod labels;

use crate::{
    error::BuildError,
    id::{Gvk, ResourceId},
    kustomization::{SelectorEntry, Text},
    resource::Resource,
};
use labels::Requirements;
use tollgate_goregex::Regex;
use tollgate_yaml::Node;

/// A selector, ready to use.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    id: IdPattern,
    labels: Option<MapPattern>,
    annotations: Option<MapPattern>,
}

/// Regular expressions for the parts of an id; each must fit the whole part, an absent one fits any.
#[derive(Clone, Debug)]
struct IdPattern {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
}

/// A label selector. What is wrong with it is an error only once a resource gets that far.
#[derive(Clone, Debug)]
struct MapPattern(Result<Requirements, BuildError>);

impl Selector {
    /// Prepare a selector.
    pub(crate) fn new(entry: &SelectorEntry) -> Result<Self, BuildError> {
        let map = |text: &Option<Text>| {
            text.as_ref().map(|it| {
                let parsed = Requirements::parse(it);
                MapPattern(parsed.map_err(|why| BuildError::new(it.span, why)))
            })
        };
        Ok(Self {
            id: IdPattern {
                group: anchored(&entry.group)?,
                version: anchored(&entry.version)?,
                kind: anchored(&entry.kind)?,
                name: anchored(&entry.name)?,
                namespace: anchored(&entry.namespace)?,
            },
            labels: map(&entry.label_selector),
            annotations: map(&entry.annotation_selector),
        })
    }

    /// Whether `resource` is meant as the target of a patch: name and namespace may be those that it
    /// had first or has now, the kind is the present one.
    pub(crate) fn selects(&self, resource: &Resource) -> Result<bool, BuildError> {
        let now = resource.id();
        let first = resource.original_id();
        let either = |fits: &dyn Fn(&ResourceId) -> bool| fits(&first) || fits(&now);
        Ok(
            either(&|it| fits(&self.id.namespace, it.effective_namespace()))
                && either(&|it| fits(&self.id.name, &it.name))
                && self.id.fits_kind(&now.gvk)
                && self.fits_labels(resource)?,
        )
    }

    /// Whether labels and annotations of a resource are as wanted.
    pub(crate) fn fits_labels(&self, resource: &Resource) -> Result<bool, BuildError> {
        let metadata = resource.body.get("metadata");
        let fits = |pattern: &Option<MapPattern>, key| match pattern {
            Some(it) => it.fits(metadata.and_then(|it| it.get(key))),
            None => Ok(true),
        };
        Ok(fits(&self.labels, "labels")? && fits(&self.annotations, "annotations")?)
    }

    /// Whether one id is as wanted, namespace as written.
    pub(crate) fn fits_id(&self, id: &ResourceId) -> bool {
        self.id.fits_kind(&id.gvk)
            && fits(&self.id.name, &id.name)
            && fits(&self.id.namespace, &id.namespace)
    }

    /// Whether it says anything about ids.
    pub(crate) fn has_id(&self) -> bool {
        let id = &self.id;
        [&id.group, &id.version, &id.kind, &id.name, &id.namespace]
            .iter()
            .any(|it| it.is_some())
    }

    /// Whether it says anything about labels or annotations.
    pub(crate) fn has_labels(&self) -> bool {
        self.labels.is_some() || self.annotations.is_some()
    }
}

impl IdPattern {
    fn fits_kind(&self, gvk: &Gvk) -> bool {
        fits(&self.group, &gvk.group)
            && fits(&self.version, &gvk.version)
            && fits(&self.kind, &gvk.kind)
    }
}

impl MapPattern {
    fn fits(&self, map: Option<&Node>) -> Result<bool, BuildError> {
        let requirements = self.0.as_ref().map_err(Clone::clone)?;
        let map = map.and_then(Node::as_mapping);
        let get = |key: &str| {
            let value = map?.get(key)?;
            Some(value.as_scalar().map_or("", |it| &it.text))
        };
        Ok(requirements.fit(get))
    }
}

fn fits(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|it| it.is_match(text))
}

fn anchored(text: &Option<Text>) -> Result<Option<Regex>, BuildError> {
    let Some(text) = text else { return Ok(None) };
    match Regex::new(&format!("^(?:{})$", &**text)) {
        Ok(regex) => Ok(Some(regex)),
        Err(it) => Err(BuildError::new(
            text.span,
            format!("`{}` is not a regular expression: {}", text.value, it.why),
        )),
    }
}

#[cfg(test)]
mod tests;

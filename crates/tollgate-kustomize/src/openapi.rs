//! `openapi`: which schema says how lists are merged. One schema serves a whole build: that of the
//! outermost kustomization, else that of the first one read that has any.
//! Semantics: kyaml `openapi.SetSchema`, `openapi.initSchema`.

use crate::{
    build::Scope,
    error::BuildError,
    id::Gvk,
    kustomization::{Text, TextPair},
    merge::MergeSchema,
    resource::Resource,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use tollgate_yaml::{Dialect, Node, Origin};

/// The version of the schema that kustomize brings along.
const BUILTIN: &str = "v1.21.2";

/// The schema of a build, as far as it is settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct BuildSchema {
    /// Whether a kustomization has chosen.
    chosen: bool,
    /// The schema chosen; kustomize's own where there is none.
    custom: Option<Arc<MergeSchema>>,
    /// How kustomize's own schema was asked before another one was chosen: then both count.
    builtin: Builtin,
    /// Kinds outside of namespaces that only the chosen schema knows.
    cluster_scoped: BTreeSet<Gvk>,
}

/// What kustomize's own schema was needed for while no other was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Builtin {
    /// Nothing.
    #[default]
    Unused,
    /// Whether a kind that it does not know stands outside of namespaces. kustomize reads it after
    /// the chosen one, and so its types win.
    Asked,
    /// A merge. The types of the one chosen later win.
    Merged,
}

/// Settle the schema, if this kustomization names one and no other did before.
///
/// # Errors
/// A version that kustomize does not bring along, a file that cannot be read, and both at once.
pub(crate) fn choose(scope: &Scope<'_>) -> Result<(), BuildError> {
    let entries = &scope.kustomization.openapi;
    let entry = |name: &str| entries.iter().find(|it| &*it.key == name);
    let (path, version) = (entry("path"), entry("version"));
    // A file is read even where its schema does not count.
    let document = path.map(|it| read(&it.value, scope)).transpose()?;
    if scope.record.borrow().schema.chosen {
        return Ok(());
    }
    match (document, path, version) {
        (Some(_), _, Some(version)) => {
            let message = "`openapi` takes either `path` or `version`";
            Err(BuildError::new(version.key.span, message))
        }
        (Some(document), Some(path), None) => {
            let schema = &mut scope.record.borrow_mut().schema;
            schema.take(&document, &path.value)
        }
        (_, _, Some(version)) => choose_version(version, scope),
        _ => Ok(()),
    }
}

fn choose_version(version: &TextPair, scope: &Scope<'_>) -> Result<(), BuildError> {
    match &*version.value {
        "" => Ok(()),
        BUILTIN => {
            scope.record.borrow_mut().schema.chosen = true;
            Ok(())
        }
        other => {
            let message = format!("kustomize has no schema of version `{other}`");
            Err(BuildError::new(version.value.span, message).help(format!(
                "the only one is {BUILTIN}; others are named by `path`"
            )))
        }
    }
}

fn read(path: &Text, scope: &Scope<'_>) -> Result<Node, BuildError> {
    let text = scope.text(path)?.text.clone();
    if text.starts_with('{') {
        let value = serde_json::from_str(&text)
            .map_err(|it| BuildError::new(path.span, format!("`{}` is not JSON: {it}", &**path)))?;
        return Ok(Node::from_json(&value, Origin::Authored(path.span)));
    }
    let documents = scope.documents(path, Dialect::Sigs)?;
    documents
        .first()
        .filter(|it| it.as_mapping().is_some())
        .cloned()
        .ok_or_else(|| {
            let message = format!("`{}` is no OpenAPI document", &**path);
            BuildError::new(path.span, message)
        })
}

impl BuildSchema {
    fn take(&mut self, document: &Node, path: &Text) -> Result<(), BuildError> {
        if document.as_mapping().is_none() {
            let message = format!("`{}` is no OpenAPI document", &**path);
            return Err(BuildError::new(path.span, message));
        }
        let custom = MergeSchema::from_openapi(document);
        self.chosen = true;
        self.custom = Some(Arc::new(match self.builtin {
            Builtin::Unused => custom,
            Builtin::Asked => MergeSchema::kubernetes().clone().over(&custom),
            Builtin::Merged => custom.over(MergeSchema::kubernetes()),
        }));
        self.cluster_scoped = cluster_scoped(document);
        Ok(())
    }

    /// The schema for a merge; `None` for kustomize's own.
    pub(crate) fn for_merge(&mut self) -> Option<Arc<MergeSchema>> {
        if self.custom.is_none() {
            self.builtin = Builtin::Merged;
        }
        self.custom.clone()
    }

    /// Take note of a resource that was read.
    ///
    /// # Errors
    /// A kind that stands outside of namespaces by the chosen schema alone.
    pub(crate) fn saw(&mut self, resource: &Resource) -> Result<(), BuildError> {
        let gvk = resource.gvk();
        if self.cluster_scoped.contains(&gvk) {
            let message = format!(
                "`openapi` says that a {} stands outside of namespaces",
                gvk.kind
            );
            return Err(BuildError::unsupported(resource.body.span(), &message));
        }
        if self.builtin == Builtin::Unused && !MergeSchema::kubernetes().has(&gvk) {
            self.builtin = Builtin::Asked;
        }
        Ok(())
    }
}

/// The kinds that a document's paths know outside of namespaces only, those left out that
/// kustomize knows by itself.
fn cluster_scoped(document: &Node) -> BTreeSet<Gvk> {
    let mut namespaced = BTreeSet::new();
    let mut others = BTreeSet::new();
    let paths = document.get("paths").and_then(Node::as_mapping);
    for entry in paths.into_iter().flatten() {
        let kind = entry
            .value
            .get("get")
            .and_then(|it| it.get("x-kubernetes-group-version-kind"));
        let Some(kind) = kind else { continue };
        let text = |key| Arc::from(kind.get(key).and_then(Node::as_str).unwrap_or_default());
        let gvk = Gvk {
            group: text("group"),
            version: text("version"),
            kind: text("kind"),
        };
        if entry.key.text.contains("namespaces/{namespace}") {
            namespaced.insert(gvk);
        } else if !MergeSchema::kubernetes().has(&gvk) {
            others.insert(gvk);
        }
    }
    others.difference(&namespaced).cloned().collect()
}

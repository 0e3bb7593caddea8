//! Collects the resources of a kustomization and of everything that it names.
//! Source of the steps: `api/internal/target/kusttarget.go`.

use super::{Options, Scope, transform};
use crate::{
    configurations, crds,
    error::{BuildError, Record},
    fieldspec::{ConflictingSpecs, TransformerConfig},
    files::RepoPath,
    resource::Resource,
    session::Session,
    vars::VarSet,
};
use std::cell::RefCell;
use std::sync::Arc;

/// Resources, and what the kustomizations that they came through add to the field specs and
/// variables of the one that collects them.
#[derive(Clone, Debug)]
pub(crate) struct Accumulator {
    pub(crate) resources: Vec<Resource>,
    pub(crate) specs: Arc<TransformerConfig>,
    pub(crate) vars: VarSet,
}

/// Build the outermost kustomization.
pub(super) fn root(
    session: &Session<'_>,
    root: &RepoPath,
    options: &Options,
    record: &RefCell<Record>,
) -> Result<Vec<Resource>, BuildError> {
    let root = session.files().resolve(root)?;
    let scope = Scope {
        session,
        options,
        kustomization: session.kustomization(&root)?,
        stack: vec![root.clone()],
        root,
        record,
    };
    let mut all = Accumulator {
        resources: Vec::new(),
        specs: TransformerConfig::builtin(),
        vars: VarSet::default(),
    };
    accumulate(&mut all, &scope)?;
    Ok(all.resources)
}

/// Everything that one kustomization adds to `all` and changes in it.
fn accumulate(all: &mut Accumulator, scope: &Scope<'_>) -> Result<(), BuildError> {
    let kustomization = &scope.kustomization;
    for entry in &kustomization.resources {
        all.resources
            .extend(scope.resources(entry)?.iter().cloned());
    }
    if !kustomization.configurations.is_empty() {
        let specs = configurations::load(&kustomization.configurations, scope)?;
        all.specs = all
            .specs
            .merge(&Arc::new(specs))
            .map_err(|it| conflict(it, scope))?;
    }
    if !kustomization.crds.is_empty() {
        let specs = crds::load(&kustomization.crds, scope)?;
        all.specs = all
            .specs
            .merge(&Arc::new(specs))
            .map_err(|it| conflict(it, scope))?;
    }
    transform::run(all, scope)?;
    all.vars.register(&kustomization.vars, &mut all.resources)
}

/// Where contradicting field specs came together.
fn conflict(error: ConflictingSpecs, scope: &Scope<'_>) -> BuildError {
    let entries = &scope.kustomization;
    let entry = entries.configurations.first().or(entries.crds.first());
    let span = entry.map_or(entries.span, |it| it.span);
    BuildError::new(span, error.to_string())
}

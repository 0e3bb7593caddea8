//! Renders one kustomization.

mod absorb;
mod accumulate;
mod finish;
pub(crate) mod hash;
mod name_reference;
mod order;
mod scope;
mod transform;

#[cfg(test)]
mod tests;

pub(crate) use accumulate::Accumulator;
pub(crate) use scope::Scope;

use crate::{
    error::{BuildError, Record, Warning},
    files::RepoPath,
    kustomization::{Kind, Kustomization},
    provenance,
    resource::Resource,
    session::Session,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How to build.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Which files a kustomization may name.
    pub load_restrictor: LoadRestrictor,
    /// In which order resources come out where the kustomization itself does not say.
    pub order: Order,
    /// Whether every resource gets the label that says what made it, as `buildMetadata:
    /// [managedByLabel]` asks.
    pub managed_by_label: bool,
}

/// Which files a kustomization may name. Folders are free in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// Those in or below its own folder.
    #[default]
    RootOnly,
    /// Any file of the tree.
    None,
}

/// In which order resources come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By kind, namespaces and definitions first.
    #[default]
    Legacy,
    /// As they were read.
    Fifo,
}

/// A rendered kustomization.
#[derive(Clone, Debug)]
pub struct Build {
    /// The resources in the order in which kustomize prints them.
    pub resources: Vec<Resource>,
    /// What is odd but no error to kustomize.
    pub warnings: Vec<Warning>,
    /// Every file and folder that the result depends on.
    pub reads: BTreeSet<RepoPath>,
}

/// Render the kustomization in the folder `root`.
///
/// # Errors
/// What kustomize refuses, and what would need the network or foreign code.
pub fn build(
    session: &Session<'_>,
    root: &RepoPath,
    options: &Options,
) -> Result<Build, BuildError> {
    let record = RefCell::new(Record::default());
    let outcome = run(session, root, options, &record);
    let mut record = record.into_inner();
    let resources = match outcome {
        Ok(resources) => resources,
        Err(mut error) => {
            error.reads = Arc::new(record.reads);
            let component = |it: &Arc<Kustomization>| it.kind == Kind::Component;
            if session.kustomization(root).as_ref().is_ok_and(component) {
                let help = format!("`{root}` is a Component: build a kustomization that lists it");
                error.help.get_or_insert(help);
                error = error.here();
            }
            return Err(error);
        }
    };
    // A base that is named twice is odd twice.
    let mut seen = BTreeSet::new();
    record
        .warnings
        .retain(|it| seen.insert((it.span, it.kind, it.message.clone())));
    Ok(Build {
        resources,
        warnings: record.warnings,
        reads: record.reads,
    })
}

/// The steps of a whole build. Source: `api/krusty/kustomizer.go`, `kusttarget.go`.
fn run(
    session: &Session<'_>,
    root: &RepoPath,
    options: &Options,
    record: &RefCell<Record>,
) -> Result<Vec<Resource>, BuildError> {
    let scope = Scope::outermost(session, root, options, record)?;
    let mut all = Accumulator::default();
    accumulate::accumulate(&mut all, &scope)?;
    let resources = &mut all.resources;
    hash::add_to_names(resources)?;
    name_reference::fix(resources, &all.specs.name_reference)?;
    all.vars
        .resolve(resources, &all.specs.var_reference, &scope)?;
    finish::drop_local(resources)?;
    order::sort(resources, &scope)?;
    finish::clean(resources)?;
    let managed_by = scope.options.managed_by_label;
    provenance::annotate(resources, &scope.kustomization.build_metadata, managed_by)?;
    Ok(all.resources)
}

//! Collects the resources of a kustomization and of everything that it names.
//! Source of the steps: `api/internal/target/kusttarget.go`.

use super::{Scope, absorb, scope, transform};
use crate::{
    configurations, crds,
    error::{BuildError, WarningKind},
    fieldspec::{ConflictingSpecs, TransformerConfig},
    files::EntryKind,
    generators,
    id::ResourceId,
    kustomization::{Kind, Text},
    nearest::path_help,
    openapi, plugins,
    provenance::{self, Provenance},
    resource::Resource,
    vars::VarSet,
};
use std::collections::HashSet;
use std::sync::Arc;

/// How deep kustomizations may name each other.
const MAX_DEPTH: usize = 64;

/// How many kustomizations one build may go through, each counted as often as it is named: bases
/// that name others twice double the work at every level.
const MAX_ENTERED: usize = 10_000;

/// How many resources one build may collect.
const MAX_RESOURCES: usize = 100_000;

/// Resources, and what the kustomizations that they came through add to the field specs and
/// variables of the one that collects them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accumulator {
    pub(crate) resources: Vec<Resource>,
    pub(crate) specs: Arc<TransformerConfig>,
    pub(crate) vars: VarSet,
}

/// Add everything that a kustomization names to `all`, and change `all` as it says.
pub(super) fn accumulate(all: &mut Accumulator, scope: &Scope<'_>) -> Result<(), BuildError> {
    let kustomization = scope.kustomization.clone();
    warn(scope);
    if let Some(helm) = kustomization.helm {
        return Err(BuildError::unsupported(helm, "a Helm chart")
            .help("render the chart with `helm template` and commit the result"));
    }
    openapi::choose(scope)?;
    collect(all, &kustomization.resources, scope)?;
    field_specs(all, scope)?;
    for mut generated in generators::run(scope)? {
        let kind = format!("{}Generator", generated.resource.gvk().kind);
        generated.resource.history.origin = scope.field_provenance(&kind);
        absorb::absorb(&mut all.resources, generated)?;
    }
    for config in plugin_configs(&kustomization.generators, scope)? {
        let provenance = Provenance::plugin(&config);
        for mut generated in plugins::generate(&config, scope)? {
            generated.resource.history.origin.clone_from(&provenance);
            absorb::absorb(&mut all.resources, generated)?;
        }
    }
    for entry in &kustomization.components {
        component(all, entry, scope).map_err(|it| it.through(entry.span))?;
    }
    transform::run(all, scope)?;
    for config in plugin_configs(&kustomization.transformers, scope)? {
        plugins::transform(&config, &mut all.resources, scope)?;
        if let Some(provenance) = Provenance::plugin(&config) {
            provenance::changed_by(&mut all.resources, &provenance);
        }
    }
    for config in plugin_configs(&kustomization.validators, scope)? {
        plugins::validate(&config, &mut all.resources, scope)?;
    }
    all.vars.register(&kustomization.vars, &mut all.resources)
}

/// Tell what the kustomization says in an old way or in vain.
fn warn(scope: &Scope<'_>) {
    let kustomization = &scope.kustomization;
    for deprecated in &kustomization.deprecated {
        let message = format!("`{}` is deprecated", deprecated.value);
        scope.warn(WarningKind::Deprecated, deprecated.span, message);
    }
    let ignored = |span, message: &str| scope.warn(WarningKind::Ignored, span, message);
    if let Some(span) = kustomization.second_document {
        ignored(
            span,
            "only the first document of a kustomization file counts",
        );
    }
    if let (Some(options), true) = (&kustomization.sort_options, scope.stack.len() > 1) {
        let message = "`sortOptions` counts only in the kustomization that is built";
        ignored(options.span, message);
    }
    let generators = kustomization
        .config_maps
        .iter()
        .chain(&kustomization.secrets);
    for behavior in generators.filter_map(|it| it.behavior.as_ref()) {
        if !matches!(&**behavior, "create" | "merge" | "replace") {
            ignored(
                behavior.span,
                "`behavior` is none of create, merge and replace",
            );
        }
    }
}

/// Add what the entries name: each a file of resources or the folder of another kustomization.
fn collect(all: &mut Accumulator, entries: &[Text], scope: &Scope<'_>) -> Result<(), BuildError> {
    let mut ids = Ids::of(&all.resources);
    for entry in entries {
        if names_folder(entry, scope)? {
            let base = base(entry, scope).map_err(|it| it.through(entry.span))?;
            ids.append(&mut all.resources, base.resources, entry)?;
            merge_specs(all, &base.specs, scope)?;
            all.vars.merge(base.vars)?;
        } else {
            let resources = scope.resources(entry)?;
            for resource in resources.iter() {
                scope.record.borrow_mut().schema.saw(resource)?;
            }
            let provenance = scope.provenance(entry);
            let resources = resources.iter().cloned().map(|mut it| {
                it.history.origin.clone_from(&provenance);
                it
            });
            ids.append(&mut all.resources, resources, entry)?;
        }
    }
    Ok(())
}

/// Whether an entry names a folder of this tree rather than a file.
fn names_folder(entry: &Text, scope: &Scope<'_>) -> Result<bool, BuildError> {
    let files = scope.session.files();
    let path = scope.root.join(entry);
    let kind = match &path {
        Some(path) if !entry.is_empty() => files
            .kind(path)
            .map_err(|it| BuildError::from(it).or_at(entry.span))?,
        _ => None,
    };
    if kind == Some(EntryKind::File) {
        return Ok(false);
    }
    if scope::is_repository(entry) {
        return Err(scope::remote(entry));
    }
    match (kind, path) {
        (Some(_), _) => Ok(true),
        (None, Some(path)) if !entry.is_empty() => {
            scope.record.borrow_mut().reads.insert(path.clone());
            Err(BuildError::new(
                entry.span,
                format!("there is neither a file nor a folder `{path}`"),
            )
            .here()
            .help(path_help(files, &path)))
        }
        _ => Err(BuildError::new(
            entry.span,
            format!("`{}` is not a path inside of the tree", entry.value),
        )),
    }
}

/// Build the kustomization in the folder that `entry` names, by itself.
fn base(entry: &Text, scope: &Scope<'_>) -> Result<Accumulator, BuildError> {
    let inner = enter(entry, scope)?;
    if inner.kustomization.kind == Kind::Component {
        return Err(BuildError::new(
            entry.span,
            format!(
                "`{}` is a Component, which only `components` can name",
                inner.root
            ),
        ));
    }
    let mut all = Accumulator::default();
    accumulate(&mut all, &inner)?;
    Ok(all)
}

/// Apply the component in the folder that `entry` names to everything collected so far.
fn component(all: &mut Accumulator, entry: &Text, scope: &Scope<'_>) -> Result<(), BuildError> {
    if scope::is_repository(entry) {
        return Err(scope::remote(entry));
    }
    let inner = enter(entry, scope)?;
    if inner.kustomization.kind != Kind::Component {
        return Err(
            BuildError::new(entry.span, format!("`{}` is not a Component", inner.root))
                .help("name it under `resources`, or write `kind: Component` in it"),
        );
    }
    accumulate(all, &inner)?;
    // kustomize pours everything into a new accumulator afterwards.
    let specs = std::mem::take(&mut all.specs);
    merge_specs(all, &specs, scope)?;
    let resources = std::mem::take(&mut all.resources);
    Ids::default().append(&mut all.resources, resources, entry)
}

/// The scope of the kustomization in the folder that `entry` names.
fn enter<'a>(entry: &Text, scope: &Scope<'a>) -> Result<Scope<'a>, BuildError> {
    let files = scope.session.files();
    let at = |it: BuildError| it.or_at(entry.span);
    let Some(path) = scope.root.join(entry).filter(|_| !entry.is_empty()) else {
        return Err(BuildError::new(
            entry.span,
            format!("`{}` is not a path inside of the tree", entry.value),
        ));
    };
    if files.kind(&path).map_err(|it| at(it.into()))? != Some(EntryKind::Directory) {
        scope.record.borrow_mut().reads.insert(path.clone());
        return Err(
            BuildError::new(entry.span, format!("there is no folder `{path}`"))
                .here()
                .help(path_help(files, &path)),
        );
    }
    scope.record.borrow_mut().reads.insert(path.clone());
    let root = files.resolve(&path).map_err(|it| at(it.into()))?;
    if let Some(open) = scope.stack.iter().rev().find(|it| it.is_within(&root)) {
        return Err(BuildError::new(
            entry.span,
            format!("`{root}` holds `{open}`, which is being built already"),
        )
        .help("a kustomization cannot name itself or a folder above it"));
    }
    if scope.stack.len() >= MAX_DEPTH {
        return Err(BuildError::new(
            entry.span,
            format!("more than {MAX_DEPTH} kustomizations inside of each other"),
        )
        .here());
    }
    let entered = {
        let mut record = scope.record.borrow_mut();
        record.entered += 1;
        record.entered
    };
    if entered > MAX_ENTERED {
        return Err(BuildError::new(
            entry.span,
            format!("more than {MAX_ENTERED} kustomizations in one build"),
        )
        .here());
    }
    scope.enter(root, entry).map_err(at)
}

/// The field specs of this kustomization: kustomize's own and what its files add.
fn field_specs(all: &mut Accumulator, scope: &Scope<'_>) -> Result<(), BuildError> {
    let kustomization = &scope.kustomization;
    let mut own = TransformerConfig::builtin();
    if !kustomization.configurations.is_empty() {
        let more = configurations::load(&kustomization.configurations, scope)?;
        own = own
            .merge(&Arc::new(more))
            .map_err(|it| conflict(&it, scope))?;
    }
    merge_specs(all, &own, scope)?;
    if !kustomization.crds.is_empty() {
        let more = crds::load(&kustomization.crds, scope)?;
        merge_specs(all, &Arc::new(more), scope)?;
    }
    Ok(())
}

fn merge_specs(
    all: &mut Accumulator,
    specs: &Arc<TransformerConfig>,
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    all.specs = all.specs.merge(specs).map_err(|it| conflict(&it, scope))?;
    Ok(())
}

/// Where contradicting field specs came together.
fn conflict(error: &ConflictingSpecs, scope: &Scope<'_>) -> BuildError {
    let entries = &scope.kustomization;
    let entry = entries.configurations.first().or(entries.crds.first());
    let span = entry.map_or(entries.span, |it| it.span);
    BuildError::new(span, error.to_string())
}

/// The resources that configure plugins: those written into the kustomization first, then those
/// of the files and folders that it names.
fn plugin_configs(entries: &[Text], scope: &Scope<'_>) -> Result<Vec<Resource>, BuildError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Accumulator::default();
    let mut paths = Vec::new();
    for entry in entries {
        match scope.inline_resources(entry) {
            Ok(mut configs) => {
                let provenance = scope.provenance(scope.kustomization.path.name());
                for config in &mut configs {
                    config.history.origin.clone_from(&provenance);
                }
                Ids::of(&all.resources).append(&mut all.resources, configs, entry)?;
            }
            // Text of several lines is no path.
            Err(error) if entry.contains('\n') => return Err(error),
            Err(_) => paths.push(entry.clone()),
        }
    }
    collect(&mut all, &paths, scope)?;
    Ok(all.resources)
}

/// The ids of the resources collected so far, so that none comes twice.
#[derive(Default)]
pub(super) struct Ids(HashSet<ResourceId>);

impl Ids {
    pub(super) fn of(resources: &[Resource]) -> Self {
        Self(resources.iter().map(|it| it.id().effective()).collect())
    }

    /// Add resources whose ids are new.
    pub(super) fn append(
        &mut self,
        all: &mut Vec<Resource>,
        more: impl IntoIterator<Item = Resource>,
        entry: &Text,
    ) -> Result<(), BuildError> {
        for resource in more {
            let id = resource.id();
            if !self.0.insert(id.clone().effective()) {
                return Err(duplicate(&id, resource.body.span(), all).through(entry.span));
            }
            if all.len() == MAX_RESOURCES {
                return Err(BuildError::new(
                    entry.span,
                    format!("more than {MAX_RESOURCES} resources in one build"),
                )
                .here());
            }
            all.push(resource);
        }
        Ok(())
    }
}

/// The refusal of a second resource with the same id as one of `all`.
pub(super) fn duplicate(id: &ResourceId, at: tollgate_yaml::Span, all: &[Resource]) -> BuildError {
    let first = all.iter().find(|it| it.is_or_was(id));
    BuildError::new(at, format!("a second {id}"))
        .help("give one of the two another name or namespace, or remove it")
        .with(first.map_or(tollgate_yaml::Span::NONE, |it| it.body.span()))
}

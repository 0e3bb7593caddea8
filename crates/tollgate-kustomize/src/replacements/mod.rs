//! `replacements`: copies values between fields.
//!
//! Source of the semantics: kustomize `api/filters/replacement/replacement.go`,
//! `api/internal/builtins/ReplacementTransformer.go`.

mod path;
mod print;
mod structured;
mod write;

use crate::{
    build::Scope,
    error::{BuildError, WarningKind},
    growth,
    id::{Gvk, ResourceId},
    kustomization::{FieldOptions, ReplacementEntry, ReplacementSource, ReplacementTarget, Text},
    resource::Resource,
    selector::Selector,
};
use path::{Found, Kind};
use std::collections::HashSet;
use tollgate_yaml::{Dialect, Node, Origin, Span, Step};
use write::Replacement;

/// The field that is meant where none is named.
const DEFAULT_FIELD: &str = "metadata.name";

/// Longer paths are refused.
const MAX_PARTS: usize = 200;

type Done = Result<(), BuildError>;

/// Scalars that replacements have made, by resource and way: they have no type of their own, but mean
/// what the text says that was put there last.
type Made = HashSet<(usize, Vec<Step>)>;

/// Apply the entries in order. `path` entries are loaded through `scope`.
pub(crate) fn apply(
    resources: &mut [Resource],
    entries: &[ReplacementEntry],
    scope: &Scope<'_>,
) -> Done {
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        match &entry.path {
            None => all.push(entry.clone()),
            Some(path) if entry.source.is_some() || !entry.targets.is_empty() => {
                return Err(BuildError::new(
                    path.span,
                    "`path` and an inline replacement exclude each other",
                )
                .help("make two entries of them"));
            }
            Some(path) => load(path, scope, &mut all)?,
        }
    }
    let mut made = Made::new();
    for entry in &all {
        replace(resources, entry, &mut made, scope)?;
    }
    Ok(())
}

/// Read a file that holds a replacement or a list of them. Fields that replacements do not have are
/// passed over there, unlike in the kustomization file.
fn load(path: &Text, scope: &Scope<'_>, into: &mut Vec<ReplacementEntry>) -> Done {
    let documents = scope.documents(path, Dialect::Sigs)?;
    let document = documents.first().filter(|it| !it.is_null());
    let Some(document) = document else {
        return Err(BuildError::new(path.span, "the file holds no replacement"));
    };
    let items = match document.as_sequence() {
        Some(items) => items,
        None if document.as_mapping().is_some() => std::slice::from_ref(document),
        None => {
            return Err(BuildError::new(
                document.span(),
                format!("a replacement is a map, not {}", document.type_name()),
            ));
        }
    };
    for item in items {
        let mut entry = ReplacementEntry::decode(&known_fields(item))?;
        // Only entries of the kustomization file itself name files.
        entry.path = None;
        into.push(entry);
    }
    Ok(())
}

/// The same map with the fields that a replacement has.
fn known_fields(node: &Node) -> Node {
    const SELECTOR: &[&str] = &[
        "group",
        "version",
        "kind",
        "name",
        "namespace",
        "labelselector",
        "annotationselector",
    ];
    const OPTIONS: &[&str] = &["delimiter", "index", "encoding", "create"];
    fn keep(node: &mut Node, names: &[&[&str]]) {
        if let Some(map) = node.as_mapping_mut() {
            map.retain(|it| {
                let name = it.key.text.to_ascii_lowercase();
                names.iter().any(|names| names.contains(&&*name))
            });
        }
    }
    fn each(node: &mut Node, name: &str, change: &dyn Fn(&mut Node)) {
        for entry in node
            .as_mapping_mut()
            .into_iter()
            .flat_map(|it| it.iter_mut())
        {
            if entry.key.text.eq_ignore_ascii_case(name) {
                match &mut entry.value.value {
                    tollgate_yaml::Value::Sequence(items) => items.iter_mut().for_each(change),
                    _ => change(&mut entry.value),
                }
            }
        }
    }
    let mut node = node.clone();
    keep(&mut node, &[&["source", "targets", "sourcevalue"]]);
    each(&mut node, "source", &|it| {
        keep(it, &[&SELECTOR[..5], &["fieldpath", "options"]]);
        each(it, "options", &|it| keep(it, &[OPTIONS]));
    });
    each(&mut node, "targets", &|it| {
        keep(it, &[&["select", "reject", "fieldpaths", "options"]]);
        each(it, "select", &|it| keep(it, &[SELECTOR]));
        each(it, "reject", &|it| keep(it, &[SELECTOR]));
        each(it, "options", &|it| keep(it, &[OPTIONS]));
    });
    node
}

fn replace(
    resources: &mut [Resource],
    entry: &ReplacementEntry,
    made: &mut Made,
    scope: &Scope<'_>,
) -> Done {
    if entry.targets.is_empty() {
        return Err(BuildError::new(entry.span, "the replacement has no target")
            .help("say under `targets` where the value goes"));
    }
    let value = match (&entry.source, &entry.source_value) {
        (Some(_), Some(value)) => {
            return Err(BuildError::new(
                value.span,
                "`source` and `sourceValue` exclude each other",
            ));
        }
        (None, None) => {
            return Err(BuildError::new(entry.span, "the replacement has no source")
                .help("say under `source` where the value comes from"));
        }
        (None, Some(value)) => {
            let origin = Origin::Authored(value.span);
            Replacement::literal(Node::string(value.value.clone(), origin))
        }
        (Some(source), None) => {
            let (resource, node) = read(resources, source)?;
            let field = source.field_path.as_deref().unwrap_or(DEFAULT_FIELD);
            let notes = holds_notes(&path::split(field)).then(|| resource.notes());
            Replacement::of(node, notes)
        }
    };
    for target in &entry.targets {
        fill(resources, target, &value, made, scope)?;
    }
    Ok(())
}

/// Whether a field is, or holds, the annotations as a whole, in which kustomize keeps its notes.
fn holds_notes(parts: &[String]) -> bool {
    match parts {
        [metadata] => metadata == "metadata",
        [metadata, annotations] => metadata == "metadata" && annotations == "annotations",
        _ => false,
    }
}

/// The resource and the value that a source names.
fn read<'a>(
    resources: &'a [Resource],
    source: &ReplacementSource,
) -> Result<(&'a Resource, Node), BuildError> {
    let span = source.resource.span;
    let wanted = SourceId::of(source);
    let mut found = resources
        .iter()
        .filter(|it| it.has_id(|id| wanted.selects(id)));
    let resource = match (found.next(), found.next()) {
        (Some(resource), None) => resource,
        (None, _) => {
            return Err(
                // Here as for patches: what a deployer adds may bring it.
                BuildError::new(span, "the source of the replacement selects nothing")
                    .here()
                    .help("sources are exact names, not regular expressions"),
            );
        }
        (Some(_), Some(_)) => {
            return Err(BuildError::new(
                span,
                "the source of the replacement selects several resources",
            )
            .help("add kind, name or namespace"));
        }
    };
    let (field, at) = match &source.field_path {
        Some(field) => (&*field.value, field.span),
        None => (DEFAULT_FIELD, span),
    };
    let parts = path::split(field);
    let node = path::lookup(&resource.body, &parts)
        .map_err(|why| BuildError::new(at, format!("cannot read `{field}`: {why}")))?
        .map(|it| it.1)
        .filter(|it| !path::is_empty(it))
        .ok_or_else(|| {
            let id = resource.id();
            BuildError::new(at, format!("there is no `{field}` in {id}, or it is empty"))
        })?;
    let value = match &source.options {
        Some(options) => part(node, options)?,
        None => node.clone(),
    };
    Ok((resource, value))
}

/// Exact names; empty means any.
struct SourceId {
    gvk: Gvk,
    name: std::sync::Arc<str>,
    namespace: std::sync::Arc<str>,
}

impl SourceId {
    fn of(source: &ReplacementSource) -> Self {
        let text = |it: &Option<Text>| it.as_ref().map_or_else(|| "".into(), |it| it.value.clone());
        let of = &source.resource;
        Self {
            gvk: Gvk {
                group: text(&of.group),
                version: text(&of.version),
                kind: text(&of.kind),
            },
            name: text(&of.name),
            namespace: text(&of.namespace),
        }
    }

    /// No namespace means `default` here, for cluster-scoped resources too.
    fn selects(&self, id: &ResourceId) -> bool {
        let effective = |it: &str| match it {
            "" => "default".to_owned(),
            other => other.to_owned(),
        };
        (self.name.is_empty() || self.name == id.name)
            && (self.namespace.is_empty() || *self.namespace == *effective(&id.namespace))
            && id.gvk.is_selected_by(&self.gvk)
    }
}

/// The part of a source that `options` name.
fn part(node: &Node, options: &FieldOptions) -> Result<Node, BuildError> {
    let Some(delimiter) = write::delimiter(options) else {
        return Ok(node.clone());
    };
    let Some(scalar) = node.as_scalar() else {
        return Err(BuildError::new(
            options.span,
            format!(
                "`delimiter` splits text, and the source is {}",
                node.type_name()
            ),
        ));
    };
    let index = usize::try_from(options.index).ok();
    let part = index.and_then(|it| scalar.text.split(delimiter).nth(it));
    let Some(part) = part else {
        return Err(BuildError::new(
            options.span,
            format!("`{}` has no part {}", scalar.text, options.index),
        ));
    };
    let mut node = node.clone();
    if let tollgate_yaml::Value::Scalar(scalar) = &mut node.value {
        scalar.text = part.into();
    }
    Ok(node)
}

/// Put the value into every field that a target names.
fn fill(
    resources: &mut [Resource],
    target: &ReplacementTarget,
    value: &Replacement,
    made: &mut Made,
    scope: &Scope<'_>,
) -> Done {
    let Some(select) = &target.select else {
        return Err(BuildError::new(target.span, "the target lacks `select`"));
    };
    let selector = Selector::new(select)?;
    let rejects = target
        .reject
        .iter()
        .map(Selector::new)
        .collect::<Result<Vec<_>, _>>()?;
    let mut selected = false;
    for (at, resource) in resources.iter_mut().enumerate() {
        if !is_target(resource, &selector, &rejects)? {
            continue;
        }
        selected = true;
        let default = [(DEFAULT_FIELD, target.span)];
        let named = target.field_paths.iter().map(|it| (&**it, it.span));
        let fields: Vec<(&str, Span)> = match target.field_paths.is_empty() {
            true => default.to_vec(),
            false => named.collect(),
        };
        for (field, span) in fields {
            for way in put(resource, field, span, target, value, |way| {
                made.contains(&(at, way.to_vec()))
            })? {
                made.insert((at, way));
            }
        }
    }
    if !selected {
        let message = "the target of the replacement selects nothing";
        scope.warn(WarningKind::SelectsNothing, select.span, message);
    }
    Ok(())
}

fn is_target(
    resource: &Resource,
    selector: &Selector,
    rejects: &[Selector],
) -> Result<bool, BuildError> {
    if !selector.fits_labels(resource)? {
        return Ok(false);
    }
    // A rejection by labels and one by id each count alone, also where they stand in one entry.
    for reject in rejects {
        if reject.has_labels() && reject.fits_labels(resource)? {
            return Ok(false);
        }
    }
    let rejected = |id: &ResourceId| rejects.iter().any(|it| it.has_id() && it.fits_id(id));
    Ok(!resource.has_id(rejected) && resource.has_id(|it| selector.fits_id(it)))
}

/// Put the value into one field path of a resource. Gives back the ways to scalars that were made.
fn put(
    resource: &mut Resource,
    field: &str,
    at: Span,
    target: &ReplacementTarget,
    value: &Replacement,
    was_made: impl Fn(&[Step]) -> bool,
) -> Result<Vec<Vec<Step>>, BuildError> {
    let options = target.options.as_ref();
    let create = options
        .is_some_and(|it| it.create)
        .then(|| Kind::of(value.node()));
    let parts = path::split(field);
    if parts.len() > MAX_PARTS {
        return Err(BuildError::new(at, format!("a path of more than {MAX_PARTS} parts")).here());
    }
    // Where that leads nowhere, the path is read as one of fields only.
    if structured::put(&mut resource.body, &parts, value, create, at) {
        resource.sync_shared();
        return Ok(Vec::new());
    }
    let id = resource.id();
    let missing = |why: &str| {
        let verb = if create.is_some() {
            "find or create"
        } else {
            "find"
        };
        let colon = if why.is_empty() { "" } else { ": " };
        BuildError::new(at, format!("cannot {verb} `{field}` in {id}{colon}{why}"))
    };
    let mut found = Vec::new();
    let searched = path::find(&mut resource.body, &parts, create, &mut found);
    if let Err(why) = searched {
        return Err(missing(&why));
    }
    if found.is_empty() {
        let error = missing("");
        return Err(match create {
            None => error.help("`options: {create: true}` makes it where it is missing"),
            Some(_) => error,
        });
    }
    let mut made = Vec::new();
    for place in found {
        match place {
            Found::At { steps, fresh } => {
                let Some(node) = path::at_mut(&mut resource.body, &steps) else {
                    continue;
                };
                let fresh = fresh || was_made(&steps);
                value.write(node, fresh, options, at)?;
                if fresh {
                    made.push(steps);
                }
            }
            Found::Lost(node) => value.try_write(&node, options)?,
        }
    }
    // The notes of the source came along with its annotations; whatever else is put there holds none.
    if holds_notes(&parts) && value.node().as_scalar().is_none() {
        resource.set_notes(value.notes().cloned().unwrap_or_default());
    }
    resource.sync_shared();
    if create.is_some() || value.node().as_scalar().is_none() {
        growth::check(&resource.body, at)?;
    }
    Ok(made)
}

#[cfg(test)]
mod tests;

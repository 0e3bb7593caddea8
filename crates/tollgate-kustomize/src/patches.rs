//! `patches`, `patchesStrategicMerge`, `patchesJson6902`: which patch goes to which resources.
//! Source: `PatchTransformer.go`, `PatchStrategicMergeTransformer.go`,
//! `PatchJson6902Transformer.go`.

use crate::{
    build::Scope,
    error::{BuildError, WarningKind},
    json_patch::JsonPatch,
    kustomization::{Patch, PatchOptions, SelectorEntry, Text},
    merge::{self, Merged},
    resource::Resource,
    selector::Selector,
};
use std::collections::HashSet;
use tollgate_yaml::{Dialect, Node, Scalar, Span, Value};

/// A patch, read.
enum Content {
    /// Parts of resources.
    Merge(Vec<Resource>),
    /// Operations.
    Json(JsonPatch),
    /// Nothing.
    Empty,
}

/// Apply `patchesStrategicMerge`: each entry holds patches or names a file that does.
pub(crate) fn strategic_merge(
    resources: &mut Vec<Resource>,
    entries: &[Text],
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    let mut patches = Vec::new();
    for entry in entries {
        match scope.inline_resources(entry) {
            Ok(inline) => patches.extend(inline),
            Err(error) if entry.contains('\n') => return Err(error),
            Err(_) => {
                let file = scope
                    .resources(entry)
                    .map_err(|it| it.through(entry.span))?;
                patches.extend(file.iter().cloned());
            }
        }
    }
    if let (Some(entry), true) = (entries.first(), patches.is_empty()) {
        return Err(BuildError::new(entry.span, "the patches are empty"));
    }
    for patch in &patches {
        by_id(resources, patch, PatchOptions::default())?;
        refuse_duplicates(resources, patch.body.span())?;
    }
    Ok(())
}

/// Apply an entry of `patches`.
pub(crate) fn apply(
    resources: &mut Vec<Resource>,
    patch: &Patch,
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    match (read(patch, scope)?, &patch.target) {
        (Content::Empty, _) => {
            scope.warn(WarningKind::EmptyPatch, patch.span, "the patch is empty");
            Ok(())
        }
        (Content::Json(_), None) => {
            Err(BuildError::new(patch.span, "a JSON patch without `target`")
                .help("say under `target` which resources it is for"))
        }
        (Content::Json(operations), Some(target)) => {
            for at in selected(resources, target, scope)? {
                resources[at].store_previous_id();
                operations.apply(&mut resources[at].body)?;
                resources[at].unshare();
            }
            Ok(())
        }
        (Content::Merge(parts), None) => parts
            .iter()
            .try_for_each(|part| by_id(resources, part, patch.options)),
        (Content::Merge(parts), Some(target)) => {
            let [part] = parts.as_slice() else {
                return Err(BuildError::new(
                    patch.span,
                    "a patch of several documents cannot have a `target`",
                )
                .help("write one entry for each, or leave `target` out"));
            };
            by_selector(resources, part, target, patch, scope)
        }
    }
}

/// Apply an entry of `patchesJson6902`.
pub(crate) fn json6902(
    resources: &mut [Resource],
    patch: &Patch,
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    let error = |message: &str| Err(BuildError::new(patch.span, message));
    let Some(target) = &patch.target else {
        return error("a JSON patch without `target`");
    };
    if target.name.is_none() {
        return error("the target of a JSON patch without `name`");
    }
    let document = match (&patch.path, &patch.patch) {
        (Some(_), Some(_)) => return error("a patch with both `path` and `patch`"),
        (None, None) => return error("a patch with neither `path` nor `patch`"),
        (Some(path), None) => json_file(path, scope)?,
        (None, Some(text)) => json_inline(text, scope)?,
    };
    let operations = JsonPatch::parse(&document)?;
    if document.as_sequence().is_none_or(<[Node]>::is_empty) {
        return error("the patch is empty");
    }
    for at in selected(resources, target, scope)? {
        operations.apply(&mut resources[at].body)?;
        resources[at].unshare();
    }
    Ok(())
}

/// Read an entry: what reads as resources is a merge patch, what reads as a list is a JSON patch.
fn read(patch: &Patch, scope: &Scope<'_>) -> Result<Content, BuildError> {
    let inline = patch.patch.as_ref().filter(|it| !it.trim().is_empty());
    let (merge, json) = match (&patch.path, inline) {
        (Some(_), Some(_)) => {
            return Err(BuildError::new(
                patch.span,
                "a patch with both `path` and `patch`",
            ));
        }
        (None, None) => {
            return Err(BuildError::new(
                patch.span,
                "a patch with neither `path` nor `patch`",
            ));
        }
        (Some(path), None) => {
            scope.bytes(path)?;
            let merge = scope.resources(path).map(|it| it.to_vec());
            (merge, json_file(path, scope))
        }
        (None, Some(text)) => (scope.inline_resources(text), json_inline(text, scope)),
    };
    match (merge, json) {
        (Ok(parts), _) if !parts.is_empty() => Ok(Content::Merge(parts)),
        (Ok(_), _) => Ok(Content::Empty),
        // What is a list was meant to be a JSON patch, what is not was not.
        (Err(_), Ok(document)) if document.as_sequence().is_some() => {
            Ok(Content::Json(JsonPatch::parse(&document)?))
        }
        (Err(error), _) => {
            let at = patch
                .path
                .as_ref()
                .or(inline)
                .map_or(patch.span, |it| it.span);
            Err(error.through(at))
        }
    }
}

fn json_file(path: &Text, scope: &Scope<'_>) -> Result<Node, BuildError> {
    let source = scope.text(path)?;
    check_json(&source.text, Span::new(source.file, 0, source.text.len()))?;
    let documents = scope.documents(path, Dialect::Sigs)?;
    first(&documents, path.span)
}

fn json_inline(text: &Text, scope: &Scope<'_>) -> Result<Node, BuildError> {
    check_json(text.value.trim(), text.span)?;
    let documents = scope.inline_documents(text, Dialect::Sigs)?;
    first(&documents, text.span)
}

fn first(documents: &[Node], at: Span) -> Result<Node, BuildError> {
    documents
        .first()
        .cloned()
        .ok_or_else(|| BuildError::new(at, "the patch is empty"))
}

/// kustomize takes text that begins with a bracket for JSON.
fn check_json(text: &str, at: Span) -> Result<(), BuildError> {
    if !text.starts_with('[') {
        return Ok(());
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|it| {
            BuildError::new(at, format!("the patch begins like JSON and is none: {it}"))
                .help("put strings and keys in double quotes, or write it as a YAML list")
        })
}

/// The resources that `target` selects; a warning where there are none.
fn selected(
    resources: &[Resource],
    target: &SelectorEntry,
    scope: &Scope<'_>,
) -> Result<Vec<usize>, BuildError> {
    let selector = Selector::new(target)?;
    let found: Vec<usize> = resources
        .iter()
        .enumerate()
        .filter(|(_, it)| selector.selects(it))
        .map(|(at, _)| at)
        .collect();
    if found.is_empty() {
        let message = "the target of the patch selects no resource";
        scope.warn(WarningKind::SelectsNothing, target.span, message);
    }
    Ok(found)
}

/// Merge a patch into the one resource whose id it names.
fn by_id(
    resources: &mut Vec<Resource>,
    part: &Resource,
    options: PatchOptions,
) -> Result<(), BuildError> {
    let wanted = part.original_id();
    let mut found = resources
        .iter()
        .enumerate()
        .filter(|(_, it)| it.has_id(|id| id.means_same(&wanted)))
        .map(|(at, _)| at);
    let at = match (found.next(), found.next()) {
        (Some(at), None) => at,
        (None, _) => {
            return Err(BuildError::new(
                part.body.span(),
                format!("no resource matches the patch: there is no {wanted}"),
            )
            .help("a patch names the kind, name and namespace of what it is for"));
        }
        (Some(_), Some(_)) => {
            return Err(BuildError::new(
                part.body.span(),
                format!("more than one resource is or was {wanted}"),
            ));
        }
    };
    if merge_into(&mut resources[at], &part.body, options)? == Merged::Deleted {
        resources.remove(at);
    }
    Ok(())
}

/// Merge a patch into all resources that its target selects.
fn by_selector(
    resources: &mut Vec<Resource>,
    part: &Resource,
    target: &SelectorEntry,
    patch: &Patch,
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    let mut deleted = HashSet::new();
    for at in selected(resources, target, scope)? {
        let mut body = part.body.clone();
        let version = resources[at].body.get("apiVersion").cloned();
        if let (Some(version), Some(map)) = (version, body.as_mapping_mut()) {
            map.set("apiVersion", version);
        }
        if merge_into(&mut resources[at], &body, patch.options)? == Merged::Deleted {
            deleted.insert(at);
        }
    }
    let mut at = 0;
    resources.retain(|_| {
        at += 1;
        !deleted.contains(&(at - 1))
    });
    refuse_duplicates(resources, patch.span)
}

/// Merge, and put back what a patch may not change. Source: `api/resource/resource.go`
/// (`ApplySmPatch`).
fn merge_into(
    resource: &mut Resource,
    patch: &Node,
    options: PatchOptions,
) -> Result<Merged, BuildError> {
    let metadata =
        |body: &Node, key: &str| body.get("metadata").and_then(|it| it.get(key)).cloned();
    let kind = resource.body.get("kind").cloned();
    let name = metadata(&resource.body, "name");
    let namespace =
        metadata(&resource.body, "namespace").filter(|_| !resource.namespace().is_empty());
    if options.allow_name_change || options.allow_kind_change {
        resource.store_previous_id();
    }
    if merge::strategic_merge(&mut resource.body, patch)? == Merged::Deleted {
        return Ok(Merged::Deleted);
    }
    resource.sync_shared();
    let is_empty = resource
        .body
        .as_mapping()
        .is_none_or(tollgate_yaml::Mapping::is_empty);
    if is_empty {
        return Ok(Merged::Deleted);
    }
    let Some(map) = resource.body.as_mapping_mut() else {
        return Ok(Merged::Deleted);
    };
    if let (Some(kind), false) = (kind, options.allow_kind_change) {
        map.set("kind", kind);
    }
    if map.get("metadata").and_then(Node::as_mapping).is_none() {
        let origin = patch.origin;
        map.set(
            "metadata",
            Node::mapping(tollgate_yaml::Mapping::new(), origin),
        );
    }
    let Some(metadata) = map.get_mut("metadata").and_then(Node::as_mapping_mut) else {
        return Ok(Merged::Changed);
    };
    if !options.allow_name_change {
        let empty = || Node::new(Value::Scalar(Scalar::string("")), patch.origin);
        metadata.set("name", name.unwrap_or_else(empty));
    }
    match namespace {
        Some(namespace) => {
            metadata.set("namespace", namespace);
        }
        None => {
            metadata.remove("namespace");
        }
    }
    Ok(Merged::Changed)
}

fn refuse_duplicates(resources: &[Resource], at: Span) -> Result<(), BuildError> {
    let mut ids = HashSet::with_capacity(resources.len());
    for resource in resources {
        let id = resource.id();
        if !ids.insert(id.clone().effective()) {
            return Err(BuildError::new(
                at,
                format!("the patch makes a second {id}"),
            ));
        }
    }
    Ok(())
}

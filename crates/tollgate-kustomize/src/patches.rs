//! `patches`, `patchesStrategicMerge`, `patchesJson6902`: which patch goes to which resources.
//!
//! Source of the semantics: kustomize `api/internal/builtins/Patch*Transformer.go`, and
//! `ApplySmPatch` in `api/resource/resource.go` and `api/resmap/reswrangler.go`.

use crate::{
    build::Scope,
    error::{BuildError, WarningKind},
    json_patch::JsonPatch,
    kustomization::{Patch, PatchOptions, Text},
    load::Places,
    merge::{self, Inline, MergeSchema, Merged},
    provenance::{ORIGIN, TRANSFORMATIONS},
    resource::{Notes, Resource},
    selector::Selector,
};
use std::collections::HashSet;
use std::sync::Arc;
use tollgate_yaml::{Dialect, Entry, Key, Mapping, Node, Origin, Style, Tag, Value, resolve};

type Done = Result<(), BuildError>;

/// The annotation that stands for what kustomize keeps in annotations while it builds.
const BOOKKEEPING: &str = "internal.config.kubernetes.io/previousNames";

/// How patches are merged into resources.
struct Merging<'a> {
    options: PatchOptions,
    schema: &'a MergeSchema,
    /// Schemas in comments of files that have been read.
    inline: Vec<Arc<Inline>>,
    scope: &'a Scope<'a>,
}

impl<'a> Merging<'a> {
    fn of(options: PatchOptions, custom: Option<&'a MergeSchema>, scope: &'a Scope<'a>) -> Self {
        Self {
            options,
            schema: custom.unwrap_or_else(|| MergeSchema::kubernetes()),
            inline: scope.session.inline_schemas(),
            scope,
        }
    }

    fn merge(&self, target: &mut Node, patch: &Node) -> Result<Merged, BuildError> {
        let (merged, warnings) = merge::merge_and_tell(target, patch, self.schema, &self.inline)?;
        for it in warnings {
            self.scope.warn(it.kind, it.span, it.message);
        }
        Ok(merged)
    }
}

/// Apply `patchesStrategicMerge`.
pub(crate) fn strategic_merge(
    resources: &mut Vec<Resource>,
    entries: &[Text],
    scope: &Scope<'_>,
) -> Done {
    let Some(first) = entries.first() else {
        return Ok(());
    };
    let mut patches = Vec::new();
    for entry in entries {
        // An entry that can be read as resources is the patch itself.
        match scope.inline_resources(entry) {
            Ok(inline) => patches.extend(inline),
            Err(error) if entry.contains('\n') => return Err(error),
            Err(_) => patches.extend(scope.resources(entry)?.iter().cloned()),
        }
    }
    if patches.is_empty() {
        return Err(BuildError::new(first.span, "the patches are empty")
            .help("remove the entries from `patchesStrategicMerge`"));
    }
    let custom = scope.record.borrow_mut().schema.for_merge();
    let how = Merging::of(PatchOptions::default(), custom.as_deref(), scope);
    for patch in patches {
        let at = only_match(resources, &patch)?;
        let chosen = HashSet::from([at]);
        merge_into(resources, &chosen, patch, &how)?;
    }
    Ok(())
}

/// Apply an entry of `patches`.
pub(crate) fn apply(resources: &mut Vec<Resource>, entry: &Patch, scope: &Scope<'_>) -> Done {
    let content = Content::read(entry, scope)?;
    let custom = scope.record.borrow_mut().schema.for_merge();
    let how = Merging::of(entry.options, custom.as_deref(), scope);
    match content {
        Content::Empty => {
            let message = "the patch is empty and changes nothing";
            scope.warn(WarningKind::EmptyPatch, entry.span, message);
            Ok(())
        }
        Content::Merge(patches) => match &entry.target {
            None => {
                for mut patch in patches {
                    let options = entry.options;
                    if options.allow_name_change || options.allow_kind_change {
                        // kustomize notes the options in the patch's annotations.
                        metadata_as_text(&mut patch.body, "annotations");
                    }
                    let at = only_match(resources, &patch)?;
                    merge_one(resources, at, &patch.body, &how)?;
                }
                Ok(())
            }
            Some(target) => {
                let mut patches = patches.into_iter();
                let (Some(patch), None) = (patches.next(), patches.next()) else {
                    return Err(BuildError::new(
                        target.span,
                        "several patches cannot share one `target`",
                    )
                    .help("give each its own entry, or remove `target`"));
                };
                let chosen = selected(resources, entry, scope)?;
                let chosen = chosen.into_iter().collect();
                merge_into(resources, &chosen, patch, &how)
            }
        },
        Content::Json(patch) => {
            if entry.target.is_none() {
                return Err(BuildError::new(entry.span, "a JSON patch needs a `target`")
                    .help("add `target` with the kind and name of the resource"));
            }
            for at in selected(resources, entry, scope)? {
                let resource = &mut resources[at];
                resource.store_previous_id();
                apply_json(&patch, resource)?;
            }
            Ok(())
        }
    }
}

/// Apply an entry of `patchesJson6902`.
pub(crate) fn json6902(resources: &mut [Resource], entry: &Patch, scope: &Scope<'_>) -> Done {
    let named = entry.target.as_ref().is_some_and(|it| it.name.is_some());
    if !named {
        return Err(
            BuildError::new(entry.span, "the patch must name its target").help("add `target.name`"),
        );
    }
    let (patch, at) = match (&entry.path, &entry.patch) {
        (Some(_), Some(patch)) => return Err(both_given(patch)),
        (None, None) => return Err(none_given(entry)),
        (Some(path), None) => {
            let source = scope.text(path)?;
            let limits = scope.session.limits();
            (
                JsonPatch::parse(&source.text, source.file, limits)?,
                path.span,
            )
        }
        (None, Some(patch)) => (inline_json(patch, patch, 0, scope)?, patch.span),
    };
    if patch.is_empty() {
        return Err(BuildError::new(at, "the patch holds no operation"));
    }
    for at in selected(resources, entry, scope)? {
        apply_json(&patch, &mut resources[at])?;
    }
    Ok(())
}

/// What an entry of `patches` holds.
enum Content {
    Empty,
    Merge(Vec<Resource>),
    Json(JsonPatch),
}

impl Content {
    fn read(entry: &Patch, scope: &Scope<'_>) -> Result<Self, BuildError> {
        let inline = entry.patch.as_ref().filter(|it| !it.trim().is_empty());
        let (merge, json) = match (&entry.path, inline) {
            (Some(_), Some(patch)) => return Err(both_given(patch)),
            (None, None) => return Err(none_given(entry)),
            (Some(path), None) => {
                let source = scope.text(path)?;
                let limits = scope.session.limits();
                let json = || JsonPatch::parse(&source.text, source.file, limits);
                let merge = scope.resources(path).map(|it| it.to_vec());
                (merge, Self::json(&source.text, json))
            }
            (None, Some(patch)) => {
                let skipped = patch.len() - patch.trim_start().len();
                let json = || inline_json(patch, patch.trim(), skipped, scope);
                let merge = scope.inline_resources(patch);
                (merge, Self::json(patch.trim(), json))
            }
        };
        match (merge, json) {
            (Ok(merge), Some(Ok(json))) if !merge.is_empty() && !json.is_empty() => {
                Err(BuildError::new(
                    entry.span,
                    "the patch reads as both a merge patch and a JSON patch",
                ))
            }
            (Ok(merge), _) if merge.is_empty() => Ok(Self::Empty),
            (Ok(merge), _) => Ok(Self::Merge(merge)),
            (Err(_), Some(Ok(json))) if json.is_empty() => Ok(Self::Empty),
            (Err(_), Some(Ok(json))) => Ok(Self::Json(json)),
            // The reading that fits what the text looks like has the better error.
            (Err(_), Some(Err(json))) => Err(json),
            (Err(merge), None) => Err(merge),
        }
    }

    /// The text as a JSON patch; `None` where it is a map, and so no list of operations.
    fn json(
        text: &str,
        parse: impl Fn() -> Result<JsonPatch, BuildError>,
    ) -> Option<Result<JsonPatch, BuildError>> {
        let first = text
            .lines()
            .map(str::trim_start)
            .find(|it| !it.is_empty() && !it.starts_with('#') && !it.starts_with("---"));
        match first {
            Some(line) if !line.starts_with(['-', '[', '!', '&', '%']) => None,
            _ => Some(parse()),
        }
    }
}

fn both_given(patch: &Text) -> BuildError {
    BuildError::new(patch.span, "`patch` and `path` exclude each other").help("remove one of them")
}

fn none_given(entry: &Patch) -> BuildError {
    BuildError::new(entry.span, "the entry has neither `patch` nor `path`")
        .help("add `path` with the file that holds the patch")
}

/// The operations in a text, of which the first bytes are not looked at.
fn inline_json(
    text: &Text,
    inside: &str,
    skipped: usize,
    scope: &Scope<'_>,
) -> Result<JsonPatch, BuildError> {
    let places = Places::of(text, skipped, scope.session.sources());
    let mut patch = JsonPatch::parse(inside, text.span.file, scope.session.limits())
        .map_err(|it| places.error(it))?;
    patch.place(|it| places.node(it));
    Ok(patch)
}

/// The one resource that a patch without target is for.
fn only_match(resources: &[Resource], patch: &Resource) -> Result<usize, BuildError> {
    let id = patch.id();
    let mut found = resources
        .iter()
        .enumerate()
        .filter(|(_, it)| it.is_or_was(&id))
        .map(|(at, _)| at);
    let span = patch.body.span();
    let Some(at) = found.next() else {
        let near = resources
            .iter()
            .map(Resource::id)
            .filter(|it| it.name == id.name || it.gvk == id.gvk)
            .take(5)
            .map(|it| format!("{} {it}", it.gvk.api_version()))
            .collect::<Vec<_>>()
            .join(", ");
        let error = BuildError::new(
            span,
            format!(
                "no resource is {} {id}, which the patch is for",
                id.gvk.api_version()
            ),
        )
        // Components that a deployer adds may bring it.
        .here();
        return Err(if near.is_empty() {
            error
        } else {
            error.help(format!("there is: {near}"))
        });
    };
    if found.next().is_some() {
        return Err(BuildError::new(
            span,
            format!("several resources are {} {id}", id.gvk.api_version()),
        )
        .help("add a `target` that tells them apart"));
    }
    Ok(at)
}

/// The resources that an entry's target selects.
fn selected(
    resources: &[Resource],
    entry: &Patch,
    scope: &Scope<'_>,
) -> Result<Vec<usize>, BuildError> {
    let Some(target) = &entry.target else {
        return Ok(Vec::new());
    };
    let selector = Selector::new(target)?;
    let mut chosen = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        if selector.selects(resource)? {
            chosen.push(at);
        }
    }
    if chosen.is_empty() {
        let message = "the target of the patch selects nothing";
        scope.warn(WarningKind::SelectsNothing, target.span, message);
    }
    Ok(chosen)
}

/// Merge a patch into the chosen resources, whatever its own kind and name are.
fn merge_into(
    resources: &mut Vec<Resource>,
    chosen: &HashSet<usize>,
    patch: Resource,
    how: &Merging<'_>,
) -> Done {
    let mut patch = patch.body;
    metadata_as_text(&mut patch, "labels");
    metadata_as_text(&mut patch, "annotations");
    // From the back, since deleted resources are taken out.
    for at in (0..resources.len()).rev().filter(|at| chosen.contains(at)) {
        // A resource without a version empties the patch's, and is given the empty one.
        let version = resources[at].body.get("apiVersion").cloned();
        let version = version.unwrap_or_else(|| Node::null(patch.origin));
        let mut patch = std::borrow::Cow::Borrowed(&patch);
        let same = |it: &Node| it.as_scalar() == version.as_scalar();
        if !patch.get("apiVersion").is_some_and(same) {
            let map = patch.to_mut().as_mapping_mut();
            map.map(|it| it.set("apiVersion", version.clone()));
        }
        let merged = merge_one(resources, at, &patch, how)?;
        if merged == Merged::Changed
            && let Some(map) = resources[at].body.as_mapping_mut()
        {
            map.set("apiVersion", version);
        }
    }
    distinct(resources)
}

/// Merge a patch into one resource; kind, name and namespace stay unless the options say otherwise.
fn merge_one(
    resources: &mut Vec<Resource>,
    at: usize,
    patch: &Node,
    how: &Merging<'_>,
) -> Result<Merged, BuildError> {
    let options = how.options;
    let resource = &mut resources[at];
    if options.allow_name_change || options.allow_kind_change {
        resource.store_previous_id();
    }
    let kept = |path: &[&str]| {
        let mut node = &resource.body;
        for key in path {
            node = node.get(key)?;
        }
        Some(node.clone())
    };
    let kind = kept(&["kind"]);
    let name = kept(&["metadata", "name"]);
    let namespace = kept(&["metadata", "namespace"]).filter(|it| !it.is_null());
    resource.unshare_replaced(patch);
    let merged = how.merge(&mut resource.body, patch)?;
    let empty = resource.body.as_mapping().is_none_or(Mapping::is_empty);
    if merged == Merged::Deleted || empty {
        resources.remove(at);
        return Ok(Merged::Deleted);
    }
    resource.sync_shared();
    if forgets_annotations(patch) {
        resource.set_notes(Notes::default());
    }
    if let (Some(kind), false) = (kind, options.allow_kind_change)
        && let Some(map) = resource.body.as_mapping_mut()
    {
        map.set("kind", kind);
    }
    let name = name.filter(|_| !options.allow_name_change);
    if name.is_none() && namespace.is_none() && resource.body.get("metadata").is_none() {
        return Ok(merged);
    }
    let Some(metadata) = metadata_of(&mut resource.body) else {
        return Ok(merged);
    };
    if let Some(name) = name {
        metadata.set("name", name);
    }
    match namespace {
        Some(namespace) => {
            metadata.set("namespace", namespace);
        }
        None => {
            metadata.remove("namespace");
        }
    }
    Ok(merged)
}

/// Whether the patch throws the annotations out, and with them what kustomize remembers there.
fn forgets_annotations(patch: &Node) -> bool {
    let replaces = |it: &Node| {
        it.is_null()
            || it
                .get("$patch")
                .and_then(Node::as_str)
                .is_some_and(|it| it == "replace" || it == "delete")
    };
    let metadata = patch.get("metadata");
    let annotations = metadata.and_then(|it| it.get("annotations"));
    metadata.is_some_and(replaces) || annotations.is_some_and(replaces)
}

/// Refuse two resources that mean the same object.
fn distinct(resources: &[Resource]) -> Done {
    // Few builds have two resources of one kind and name, so namespaces are rarely looked at.
    let mut names = HashSet::with_capacity(resources.len());
    let text = |it: &'_ Resource, key| {
        it.body
            .get(key)
            .and_then(Node::as_scalar)
            .map(|it| it.text.clone())
    };
    let named = |it: &Resource| {
        (
            text(it, "apiVersion"),
            text(it, "kind"),
            it.name().to_owned(),
        )
    };
    if resources.iter().all(|it| names.insert(named(it))) {
        return Ok(());
    }
    let mut seen = HashSet::with_capacity(resources.len());
    for resource in resources {
        let id = resource.id().effective();
        if seen.contains(&id) {
            let version = id.gvk.api_version();
            return Err(BuildError::new(
                resource.body.span(),
                format!("two resources are {version} {id} after the patch"),
            ));
        }
        seen.insert(id);
    }
    Ok(())
}

/// Apply a JSON patch to a resource, with the annotations that kustomize keeps its notes in. Afterwards
/// it puts most of them back; where the resource came from is lost with the annotations.
fn apply_json(patch: &JsonPatch, resource: &mut Resource) -> Done {
    let noted = !resource.previous.is_empty()
        || !resource.prefixes.is_empty()
        || !resource.suffixes.is_empty()
        || resource.needs_hash;
    let notes = [
        (BOOKKEEPING, noted),
        (ORIGIN, resource.history.origin.is_some()),
        (TRANSFORMATIONS, !resource.history.changes.is_empty()),
    ];
    let mut there = notes.iter().filter(|it| it.1).peekable();
    if there.peek().is_some()
        && let Some(metadata) = metadata_of(&mut resource.body)
    {
        let missing = metadata
            .get("annotations")
            .is_none_or(|it| it.as_mapping().is_none());
        if missing {
            metadata.set(
                "annotations",
                Node::mapping(Mapping::new(), Origin::Builtin),
            );
        }
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Node::as_mapping_mut)
        {
            for (name, _) in there {
                annotations.push(Entry {
                    key: Key::new(*name, Origin::Builtin),
                    value: Node::string("", Origin::Builtin),
                });
            }
        }
    }
    patch.apply(&mut resource.body)?;
    let mut annotations = resource
        .body
        .get_mut("metadata")
        .and_then(|it| it.get_mut("annotations"))
        .and_then(Node::as_mapping_mut);
    let mut take = |name: &str| {
        let map = annotations.as_mut();
        map.is_some_and(|it| it.remove(name).is_some())
    };
    take(BOOKKEEPING);
    if !take(ORIGIN) {
        resource.history.origin = None;
    }
    if !take(TRANSFORMATIONS) {
        resource.history.changes.clear();
    }
    metadata_as_text(&mut resource.body, "annotations");
    resource.unshare();
    Ok(())
}

/// `metadata` of an object, made if it is missing.
fn metadata_of(body: &mut Node) -> Option<&mut Mapping> {
    let origin = body.origin;
    let map = body.as_mapping_mut()?;
    if map.get("metadata").is_none_or(Node::is_null) {
        map.set("metadata", Node::mapping(Mapping::new(), origin));
    }
    map.get_mut("metadata")?.as_mapping_mut()
}

/// Labels or annotations as kustomize writes them: every value is text (null is the text `null`), and
/// a map without entries is not there.
fn metadata_as_text(body: &mut Node, key: &str) {
    let Some(metadata) = body.get_mut("metadata").and_then(Node::as_mapping_mut) else {
        return;
    };
    let Some(node) = metadata.get_mut(key) else {
        return;
    };
    match &mut node.value {
        Value::Mapping(map) if !map.is_empty() => {
            for entry in map.iter_mut() {
                as_text(&mut entry.value);
                entry.key.tag = Tag::Str;
            }
        }
        _ => {
            metadata.remove(key);
        }
    }
}

fn as_text(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) => {
            scalar.tag = Tag::Str;
            // What would not read as text is put into quotes, and later merges keep those.
            scalar.style = match resolve(&scalar.text, Dialect::Sigs) {
                Tag::Str => Style::Plain,
                _ if scalar.text.is_empty() => Style::Plain,
                _ => Style::DoubleQuoted,
            };
        }
        Value::Sequence(_) | Value::Mapping(_) => *node = Node::string("", node.origin),
    }
}

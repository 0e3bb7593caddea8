//! Where resources came from and what changed them, as annotations that `buildMetadata` asks for.
//! Semantics: kustomize `api/resource/origin.go`, `api/resmap/reswrangler.go`.

use crate::{
    error::BuildError,
    kustomization::Text,
    resource::{Resource, forget_folding},
};
use std::sync::Arc;
use tollgate_yaml::{Key, Mapping, Node, Origin, Span, emit};

/// What the label says that `managedByLabel` asks for.
const MANAGER: &str = "kustomize-v5.8.1";
const MANAGER_LABEL: &str = "app.kubernetes.io/managed-by";
/// The annotation that says where a resource came from.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation that says what changed it.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// Where a resource came from, or what changed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Provenance {
    /// The file of a resource, as the kustomizations name it from the outermost one's folder.
    path: String,
    /// The file that configures a generator or transformer.
    configured_in: String,
    /// The generator or transformer.
    configured_by: Option<Configuration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Configuration {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

/// What is known of a resource's way through the build.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) origin: Option<Arc<Provenance>>,
    pub(crate) changes: Vec<Arc<Provenance>>,
}

impl Provenance {
    /// A resource from a file.
    pub(crate) fn file(path: String) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// A generator or transformer that the kustomization `file` asks for by a field of its own.
    pub(crate) fn field(file: String, kind: &str) -> Self {
        Self {
            configured_in: file,
            configured_by: Some(Configuration {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                name: String::new(),
                namespace: String::new(),
            }),
            ..Self::default()
        }
    }

    /// A generator or transformer that a configuration object describes.
    pub(crate) fn plugin(config: &Resource) -> Option<Arc<Self>> {
        let origin = config.history.origin.as_ref()?;
        let id = config.id();
        Some(Arc::new(Self {
            configured_in: origin.path.clone(),
            configured_by: Some(Configuration {
                api_version: id.gvk.api_version(),
                kind: id.gvk.kind.to_string(),
                name: id.name.to_string(),
                namespace: id.namespace.to_string(),
            }),
            ..Self::default()
        }))
    }

    /// As YAML, a field a line.
    fn lines(&self) -> Result<Vec<String>, BuildError> {
        let mut lines = Vec::new();
        line(&mut lines, "path", &self.path)?;
        line(&mut lines, "configuredIn", &self.configured_in)?;
        if let Some(by) = &self.configured_by {
            lines.push("configuredBy:".to_owned());
            line(&mut lines, "  apiVersion", &by.api_version)?;
            line(&mut lines, "  kind", &by.kind)?;
            line(&mut lines, "  name", &by.name)?;
            line(&mut lines, "  namespace", &by.namespace)?;
        }
        Ok(lines)
    }
}

fn line(lines: &mut Vec<String>, key: &str, text: &str) -> Result<(), BuildError> {
    if !text.is_empty() {
        let text = emit(&Node::string(text, Origin::Builtin))?;
        lines.push(format!("{key}: {}", text.trim_end()));
    }
    Ok(())
}

/// Remember that a transformer has run over all resources. Those that came from nowhere are taken
/// for its work.
pub(crate) fn changed_by(resources: &mut [Resource], who: &Arc<Provenance>) {
    for resource in resources {
        match resource.history.origin {
            Some(_) => resource.history.changes.push(who.clone()),
            None => resource.history.origin = Some(who.clone()),
        }
        // kustomize writes the annotations anew at this point.
        resource.unshare_annotations();
        let metadata = resource.body.get_mut("metadata");
        if let Some(annotations) = metadata.and_then(|it| it.get_mut("annotations")) {
            forget_folding(annotations);
        }
    }
}

/// Write what `options` ask for into resources that are otherwise finished. `managed_by` asks for
/// the label whatever the kustomization says.
///
/// # Errors
/// Names that YAML cannot hold.
pub(crate) fn annotate(
    resources: &mut [Resource],
    options: &[Text],
    managed_by: bool,
) -> Result<(), BuildError> {
    let option = |name: &str| options.iter().find(|it| &***it == name).map(|it| it.span);
    let origins = option("originAnnotations");
    let changes = option("transformerAnnotations");
    let label = option("managedByLabel").or(managed_by.then_some(Span::NONE));
    for resource in resources {
        let history = std::mem::take(&mut resource.history);
        if let (Some(by), Some(origin)) = (origins, &history.origin) {
            let mut text = origin.lines()?.join("\n");
            text.push('\n');
            set(&mut resource.body, "annotations", ORIGIN, text, by);
        }
        if let (Some(by), false) = (changes, history.changes.is_empty()) {
            let mut text = String::new();
            for change in &history.changes {
                for (at, line) in change.lines()?.iter().enumerate() {
                    text.push_str(if at == 0 { "- " } else { "  " });
                    text.push_str(line);
                    text.push('\n');
                }
            }
            set(&mut resource.body, "annotations", TRANSFORMATIONS, text, by);
        }
        if let Some(by) = label {
            set(
                &mut resource.body,
                "labels",
                MANAGER_LABEL,
                MANAGER.to_owned(),
                by,
            );
        }
    }
    Ok(())
}

/// Set an entry of a map in the metadata.
fn set(body: &mut Node, map: &str, key: &str, text: String, by: Span) {
    let made = Origin::Derived { by, over: None };
    let metadata = body.get_mut("metadata").and_then(Node::as_mapping_mut);
    let Some(metadata) = metadata else { return };
    if metadata.get(map).is_none_or(Node::is_null) {
        metadata.set(map, Node::mapping(Mapping::new(), made));
    }
    if let Some(map) = metadata.get_mut(map).and_then(Node::as_mapping_mut) {
        map.insert(Key::new(key, made), Node::string(text, made));
    }
}

/// A path and one that it names, `.` and `..` taken out where they can be.
pub(crate) fn join(folder: &str, path: &str) -> String {
    clean(&format!("{folder}/{path}"), folder.starts_with('/'))
}

/// A path without empty parts, `.`, and `..` behind a name. Semantics: Go `filepath.Clean`.
pub(crate) fn clean(path: &str, absolute: bool) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|it| *it != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_outermost_folder() {
        for (folder, path, expected) in [
            ("", "a.yaml", "a.yaml"),
            ("", "../base", "../base"),
            ("../base", "../x/./y.yaml", "../x/y.yaml"),
            ("../base", "../../x", "../../x"),
        ] {
            assert_eq!(join(folder, path), expected);
        }
    }
}

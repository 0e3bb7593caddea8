//! `images`. Semantics: kustomize `api/filters/imagetag` and `api/internal/image`.

use super::leaf;
use crate::{
    build::Scope,
    error::{BuildError, WarningKind},
    fieldspec::{FieldError, FieldSpec, Missing},
    kustomization::{ImageEntry, Text},
    resource::{Resource, rewritten},
};
use std::sync::Arc;
use tollgate_goregex::Regex;
use tollgate_yaml::{Node, Tag, Value};

/// Change the images whose name is the entry's; warns where there is none.
///
/// # Errors
/// A name that is no regular expression, or an image that is no single value.
pub(crate) fn apply(
    resources: &mut [Resource],
    image: &ImageEntry,
    specs: &[FieldSpec],
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    let mut change = Change::new(image)?;
    // kustomize goes through all resources twice, first by the names of fields and then by the
    // specs, and so puts a suffix on a container's tag twice.
    for resource in resources.iter_mut() {
        if !is_definition(resource) {
            change.containers(&mut resource.body)?;
        }
    }
    for resource in resources.iter_mut() {
        if is_definition(resource) {
            continue;
        }
        let gvk = resource.gvk();
        for spec in specs.iter().filter(|it| it.applies_to(&gvk)) {
            let visit = &mut |node: &mut Node, _: &[_]| change.image(node);
            spec.visit(&mut resource.body, Missing::Skip, image.span, visit)?;
        }
        resource.sync_shared();
    }
    if !change.found {
        let name = image.name.as_deref().unwrap_or_default();
        let span = image.name.as_ref().map_or(image.span, |it| it.span);
        scope.warn(
            WarningKind::ImageNotFound,
            span,
            format!("no resource uses the image `{name}`"),
        );
    }
    Ok(())
}

/// CustomResourceDefinitions describe fields of the same names.
fn is_definition(resource: &Resource) -> bool {
    resource
        .body
        .get("kind")
        .and_then(Node::as_scalar)
        .is_some_and(|it| &*it.text == "CustomResourceDefinition")
}

struct Change<'a> {
    image: &'a ImageEntry,
    pattern: Regex,
    found: bool,
}

impl<'a> Change<'a> {
    fn new(image: &'a ImageEntry) -> Result<Self, BuildError> {
        let name = image.name.as_deref().unwrap_or_default();
        let text = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        let pattern = Regex::new(&text).map_err(|it| {
            let span = image.name.as_ref().map_or(image.span, |it| it.span);
            BuildError::new(
                span,
                format!("`{name}` is not a regular expression: {}", it.why),
            )
            .help("kustomize reads the name of an image as one: put `\\` before special characters")
        })?;
        Ok(Self {
            image,
            pattern,
            found: false,
        })
    }

    /// The images in every list named `containers` or `initContainers`, however deep.
    fn containers(&mut self, node: &mut Node) -> Result<(), FieldError> {
        match &mut node.value {
            Value::Mapping(map) => {
                for entry in map.iter_mut() {
                    self.containers(&mut entry.value)?;
                    if matches!(&*entry.key.text, "containers" | "initContainers") {
                        self.list(&mut entry.value)?;
                    }
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    self.containers(item)?;
                }
            }
            Value::Scalar(_) => {}
        }
        Ok(())
    }

    fn list(&mut self, node: &mut Node) -> Result<(), FieldError> {
        let Some(containers) = node.as_sequence_mut() else {
            return Ok(());
        };
        for container in containers.iter_mut().filter(|it| !it.is_null()) {
            let (span, type_name) = (container.span(), container.type_name());
            let Some(map) = container.as_mapping_mut() else {
                let message = format!("a container must be a map, not {type_name}");
                return Err(FieldError::new(span, message));
            };
            if let Some(image) = map.get_mut("image") {
                self.image(image)?;
            }
        }
        Ok(())
    }

    fn image(&mut self, node: &mut Node) -> Result<(), FieldError> {
        leaf::check(node)?;
        let Some(old) = node.as_scalar() else {
            return Ok(());
        };
        let text = if old.tag == Tag::Null { "" } else { &old.text };
        if !self.pattern.is_match(text) {
            return Ok(());
        }
        self.found = true;
        let new: Arc<str> = Arc::from(self.changed(text));
        let scalar = rewritten(old, new);
        let by = self.changed_by().map_or(self.image.span, |it| it.span);
        *node = Node::new(Value::Scalar(scalar), node.origin.replaced_by(by));
        Ok(())
    }

    fn changed(&self, old: &str) -> String {
        let text = |it: &'a Option<Text>| it.as_deref().unwrap_or_default();
        let (new_tag, new_digest) = (text(&self.image.new_tag), text(&self.image.digest));
        let suffix = text(&self.image.tag_suffix);
        let parts = ImageName::split(old);
        let name = match text(&self.image.new_name) {
            "" => parts.name,
            new => new,
        };
        let (tag, digest) = match (new_tag, new_digest) {
            ("", "") if suffix.is_empty() => (parts.tag.to_owned(), parts.digest),
            ("", "") => (format!("{}{suffix}", parts.tag), ""),
            // Either replaces both; given both, the image gets both.
            (tag, digest) => (tag.to_owned(), digest),
        };
        let mut out = name.to_owned();
        for (mark, part) in [(':', &*tag), ('@', digest)] {
            if !part.is_empty() {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }

    /// The line to edit for another image.
    fn changed_by(&self) -> Option<&Text> {
        let image = self.image;
        image
            .new_tag
            .as_ref()
            .or(image.digest.as_ref())
            .or(image.tag_suffix.as_ref())
            .or(image.new_name.as_ref())
    }
}

/// An image's name, tag and digest; what is absent is empty.
#[derive(Debug, PartialEq, Eq)]
struct ImageName<'a> {
    name: &'a str,
    tag: &'a str,
    digest: &'a str,
}

impl<'a> ImageName<'a> {
    /// A colon before the first slash is a port of the registry.
    fn split(image: &'a str) -> Self {
        let path = image.find('/').unwrap_or(0);
        let find = |mark| image[path..].find(mark).map(|at| at + path);
        let (name, tag, digest) = match (find(':'), find('@')) {
            (None, None) => (image, "", ""),
            (Some(colon), None) => (&image[..colon], &image[colon + 1..], ""),
            (Some(colon), Some(at)) if colon < at => {
                (&image[..colon], &image[colon + 1..at], &image[at + 1..])
            }
            (_, Some(at)) => (&image[..at], "", &image[at + 1..]),
        };
        Self { name, tag, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::ImageName;

    #[test]
    fn images_split_into_name_tag_and_digest() {
        let split = |image| {
            let ImageName { name, tag, digest } = ImageName::split(image);
            (name, tag, digest)
        };
        assert_eq!(split("web"), ("web", "", ""));
        assert_eq!(split("web:1"), ("web", "1", ""));
        assert_eq!(split("web@sha256:ab"), ("web", "", "sha256:ab"));
        assert_eq!(split("web:1@sha256:ab"), ("web", "1", "sha256:ab"));
        assert_eq!(split("host:5000/web"), ("host:5000/web", "", ""));
        assert_eq!(split("host:5000/web:1"), ("host:5000/web", "1", ""));
        assert_eq!(split("/web:1"), ("/web", "1", ""));
    }
}

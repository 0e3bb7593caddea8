//! The images of a resource. Source: `pkg/utils/api/image.go` and `pkg/utils/image/infos.go`, with
//! the grammar of `distribution/reference`.

use super::VariableError;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tollgate_jmespath::{Expression, Runtime};

/// An image reference taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageInfo {
    pub(crate) registry: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) reference: String,
    pub(crate) reference_with_tag: String,
    /// Where it stands in the resource: `/spec/containers/0/image`.
    pub(crate) pointer: String,
}

static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const LABEL: &str = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    const PART: &str = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
    const DIGEST: &str = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
    Regex::new(&format!(
        "^(?:((?:{LABEL}(?:\\.{LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?)/)?({PART}(?:/{PART})*)(?::([0-9A-Za-z_][0-9A-Za-z_.-]{{0,127}}))?(?:@({DIGEST}))?$"
    ))
    .ok()
});

impl ImageInfo {
    /// Take a reference apart, with `docker.io` as the registry and `latest` as the tag where none
    /// is written.
    pub(crate) fn parse(image: &str) -> Option<Self> {
        let full = with_registry(image);
        let found = REFERENCE.as_ref()?.captures(&full)?;
        let part = |index: usize| found.get(index).map_or("", |it| it.as_str());
        let (registry, path, digest) = (part(1), part(2), part(4));
        if registry.len() + path.len() + 1 > 255 || !valid_digest(digest) {
            return None;
        }
        let tag = if part(3).is_empty() && digest.is_empty() {
            "latest"
        } else {
            part(3)
        };
        let place = format!("{registry}/{path}");
        Some(Self {
            registry: registry.to_owned(),
            path: path.to_owned(),
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            tag: tag.to_owned(),
            digest: digest.to_owned(),
            reference: if digest.is_empty() {
                format!("{place}:{tag}")
            } else {
                format!("{place}@{digest}")
            },
            reference_with_tag: format!("{place}:{tag}"),
            pointer: String::new(),
        })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        for (key, text) in [
            ("registry", &self.registry),
            ("tag", &self.tag),
            ("digest", &self.digest),
            ("reference", &self.reference),
            ("referenceWithTag", &self.reference_with_tag),
        ] {
            if !text.is_empty() {
                map.insert(key.to_owned(), text.as_str().into());
            }
        }
        map.insert("name".to_owned(), self.name.as_str().into());
        map.insert("path".to_owned(), self.path.as_str().into());
        map.insert("jsonPointer".to_owned(), self.pointer.as_str().into());
        Value::Object(map)
    }
}

/// What is before the first slash is a registry if it looks like a host.
fn with_registry(image: &str) -> String {
    let is_host = image.split_once('/').is_some_and(|(first, _)| {
        first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first
    });
    if is_host {
        image.to_owned()
    } else {
        format!("docker.io/{image}")
    }
}

fn valid_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return digest.is_empty();
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length
        && hex
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where the images of a kind stand.
#[derive(Clone, Debug)]
pub(crate) struct ImageExtractor {
    /// The group of the found images: `containers`, `custom`, ...
    pub(crate) name: String,
    /// Keys down to the maps that hold an image; `*` is every element or value.
    pub(crate) fields: Vec<String>,
    /// The key of the image in such a map.
    pub(crate) value: String,
    /// The key whose value names the image; the pointer does where it is empty.
    pub(crate) key: String,
    /// Applied to the image's text.
    pub(crate) jmes_path: Option<String>,
}

/// Custom extractors by kind, which stand in for the built-in ones.
pub(crate) type ImageExtractors = BTreeMap<String, Vec<ImageExtractor>>;

/// Images by group and key.
pub(crate) type Images = BTreeMap<String, BTreeMap<String, ImageInfo>>;

/// All images of a resource.
///
/// # Errors
/// What is no reference, or does not have the form that an extractor expects.
pub(crate) fn extract_images(
    resource: &Value,
    custom: &ImageExtractors,
    runtime: &Runtime,
) -> Result<Images, VariableError> {
    let kind = resource
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let built_in;
    let extractors = match custom.get(kind) {
        Some(custom) => custom,
        None => {
            built_in = standard(kind);
            &built_in
        }
    };
    let mut images = Images::new();
    for extractor in extractors {
        let mut found = BTreeMap::new();
        let mut path = Vec::new();
        extractor.walk(
            runtime,
            Some(resource),
            &extractor.fields,
            &mut path,
            &mut found,
        )?;
        if !found.is_empty() {
            images.insert(extractor.name.clone(), found);
        }
    }
    Ok(images)
}

fn standard(kind: &str) -> Vec<ImageExtractor> {
    let below: &[&str] = match kind {
        "Pod" => &["spec"],
        "DaemonSet"
        | "Deployment"
        | "ReplicaSet"
        | "ReplicationController"
        | "StatefulSet"
        | "Job" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return Vec::new(),
    };
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .map(|name| ImageExtractor {
            name: name.to_owned(),
            fields: below
                .iter()
                .copied()
                .chain([name, "*"])
                .map(str::to_owned)
                .collect(),
            value: "image".to_owned(),
            key: "name".to_owned(),
            jmes_path: None,
        })
        .collect()
}

impl ImageExtractor {
    fn walk(
        &self,
        runtime: &Runtime,
        value: Option<&Value>,
        fields: &[String],
        path: &mut Vec<String>,
        found: &mut BTreeMap<String, ImageInfo>,
    ) -> Result<(), VariableError> {
        let value = match value {
            None | Some(Value::Null) => return Ok(()),
            Some(value) => value,
        };
        let Some((field, below)) = fields.split_first() else {
            return self.take(runtime, value, path, found);
        };
        match (field.as_str(), value) {
            ("*", Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(at.to_string());
                    self.walk(runtime, Some(item), below, path, found)?;
                    path.pop();
                }
                Ok(())
            }
            ("*", Value::Object(map)) => {
                for (key, item) in map {
                    path.push(key.clone());
                    self.walk(runtime, Some(item), below, path, found)?;
                    path.pop();
                }
                Ok(())
            }
            (field, Value::Object(map)) => {
                path.push(field.to_owned());
                self.walk(runtime, map.get(field), below, path, found)?;
                path.pop();
                Ok(())
            }
            _ => Err(VariableError::new(format!(
                "no images can be read at /{}",
                path.join("/")
            ))),
        }
    }

    fn take(
        &self,
        runtime: &Runtime,
        value: &Value,
        path: &[String],
        found: &mut BTreeMap<String, ImageInfo>,
    ) -> Result<(), VariableError> {
        let pointer = format!("/{}/{}", path.join("/"), self.value);
        let at = |why: &str| VariableError::new(format!("{why} at {pointer}"));
        let Value::Object(map) = value else {
            return Err(at("no image can be read"));
        };
        let key = if self.key.is_empty() {
            pointer.clone()
        } else {
            map.get(&self.key)
                .and_then(Value::as_str)
                .ok_or_else(|| at(&format!("`{}` does not name the image", self.key)))?
                .to_owned()
        };
        let image = match map.get(&self.value) {
            Some(Value::String(image)) if !image.trim().is_empty() => image,
            _ => return Ok(()),
        };
        let image = match &self.jmes_path {
            None => image.clone(),
            Some(path) => {
                let answer = Expression::parse(path)
                    .map_err(|it| at(&it.to_string()))?
                    .search(&Value::String(image.clone()), runtime)
                    .map_err(|it| at(&it.to_string()))?;
                match answer {
                    Value::String(image) => image,
                    _ => return Err(at("the image extractor's jmesPath gives no text")),
                }
            }
        };
        let mut info =
            ImageInfo::parse(&image).ok_or_else(|| at(&format!("invalid image '{image}'")))?;
        info.pointer = pointer;
        found.insert(key, info);
        Ok(())
    }
}

/// The variable `images`; `None` where there are none.
pub(super) fn as_variable(
    resource: Option<&Value>,
    runtime: &Runtime,
) -> Result<Option<Value>, VariableError> {
    let Some(resource) = resource else {
        return Ok(None);
    };
    let images = extract_images(resource, &ImageExtractors::new(), runtime)?;
    if images.is_empty() {
        return Ok(None);
    }
    let groups = images
        .iter()
        .map(|(group, images)| {
            let images: Map<String, Value> = images
                .iter()
                .map(|(name, info)| (name.clone(), info.to_value()))
                .collect();
            (group.clone(), Value::Object(images))
        })
        .collect::<Map<_, _>>();
    Ok(Some(json!(groups)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Runtime {
        Runtime::new(std::time::SystemTime::UNIX_EPOCH.into())
    }

    #[test]
    fn parts_of_references() {
        let parse = |image: &str| {
            ImageInfo::parse(image).map(|it| {
                format!(
                    "{} {} {} {} {}",
                    it.registry, it.path, it.name, it.tag, it.digest
                )
            })
        };
        assert_eq!(
            parse("nginx").as_deref(),
            Some("docker.io nginx nginx latest ")
        );
        assert_eq!(
            parse("ghcr.io/a/b:1.2").as_deref(),
            Some("ghcr.io a/b b 1.2 ")
        );
        assert_eq!(
            parse("localhost:5000/b").as_deref(),
            Some("localhost:5000 b b latest ")
        );
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(
            parse(&format!("a/b@{digest}")),
            Some(format!("docker.io a/b b  {digest}"))
        );
        assert_eq!(parse("Nginx"), None);
        assert_eq!(parse("nginx@sha256:abc"), None);
    }

    #[test]
    fn images_of_a_deployment() {
        let resource = json!({"kind": "Deployment", "spec": {"template": {"spec": {
            "containers": [{"name": "a", "image": "nginx"}, {"name": "b"}]}}}});
        let images = as_variable(Some(&resource), &now()).expect("valid images");
        assert_eq!(
            images
                .as_ref()
                .and_then(|it| it.pointer("/containers/a/jsonPointer")),
            Some(&json!("/spec/template/spec/containers/0/image"))
        );
        assert_eq!(
            as_variable(Some(&json!({"kind": "Service"})), &now()),
            Ok(None)
        );
    }
}

//! Reads the fields of a Pod that the standards look at.

use serde_json::Value;
use tollgate_yaml::{FieldPath, Step};

/// A field has a type that no Pod can have; the standards are then not judged at all.
pub(super) type Misfit = String;

/// A value of the Pod, which may be absent, and where it stands below the Pod.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    value: Option<&'a Value>,
    pub(super) path: FieldPath,
}

impl<'a> At<'a> {
    pub(super) fn new(value: Option<&'a Value>, path: FieldPath) -> Self {
        Self {
            value: value.filter(|it| !it.is_null()),
            path,
        }
    }

    pub(super) fn exists(&self) -> bool {
        self.value.is_some()
    }

    fn misfit(&self, expected: &str) -> Misfit {
        format!("`{}` must be {expected}", self.path)
    }

    /// The field of a map.
    pub(super) fn get(&self, key: &str) -> Result<Self, Misfit> {
        let value = match self.value {
            None => None,
            Some(Value::Object(map)) => map.get(key),
            Some(_) => return Err(self.misfit("a map")),
        };
        Ok(Self::new(value, self.path.key(key)))
    }

    /// A field below a field.
    pub(super) fn down(&self, keys: &[&str]) -> Result<Self, Misfit> {
        keys.iter().try_fold(self.clone(), |at, key| at.get(key))
    }

    pub(super) fn boolean(&self) -> Result<Option<bool>, Misfit> {
        match self.value {
            None => Ok(None),
            Some(Value::Bool(it)) => Ok(Some(*it)),
            Some(_) => Err(self.misfit("true or false")),
        }
    }

    pub(super) fn text(&self) -> Result<Option<&'a str>, Misfit> {
        match self.value {
            None => Ok(None),
            Some(Value::String(it)) => Ok(Some(it)),
            Some(_) => Err(self.misfit("a string")),
        }
    }

    pub(super) fn integer(&self) -> Result<Option<i64>, Misfit> {
        match self.value {
            None => Ok(None),
            Some(Value::Number(it)) => it
                .as_i64()
                .map(Some)
                .ok_or_else(|| self.misfit("a whole number")),
            Some(_) => Err(self.misfit("a whole number")),
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Self>, Misfit> {
        match self.value {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items
                .iter()
                .enumerate()
                .map(|(at, it)| Self::new(Some(it), self.path.index(at)))
                .collect()),
            Some(_) => Err(self.misfit("a list")),
        }
    }

    pub(super) fn texts(&self) -> Result<Vec<&'a str>, Misfit> {
        self.list()?
            .iter()
            .map(|it| Ok(it.text()?.unwrap_or_default()))
            .collect()
    }

    /// The entries of a map of strings, sorted by key.
    pub(super) fn strings(&self) -> Result<Vec<(&'a str, &'a str)>, Misfit> {
        match self.value {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => {
                let mut all = map
                    .iter()
                    .map(|(key, value)| match value {
                        Value::String(text) => Ok((key.as_str(), text.as_str())),
                        Value::Null => Ok((key.as_str(), "")),
                        _ => Err(self.misfit("a map of strings")),
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                all.sort_unstable();
                Ok(all)
            }
            Some(_) => Err(self.misfit("a map")),
        }
    }
}

/// A container and what the checks ask of it.
#[derive(Clone, Debug)]
pub(super) struct Container<'a> {
    pub(super) at: At<'a>,
    pub(super) name: &'a str,
    pub(super) image: &'a str,
}

/// The parts of a Pod that are checked.
#[derive(Clone, Debug)]
pub(super) struct Pod<'a> {
    /// `metadata.annotations`.
    pub(super) annotations: At<'a>,
    pub(super) spec: At<'a>,
    /// Init containers, containers, ephemeral containers.
    pub(super) containers: Vec<Container<'a>>,
}

impl<'a> Pod<'a> {
    /// The Pod in a resource, and where it stands there. Source: `getSpec` in
    /// `pkg/engine/handlers/validation/validate_pss.go`; of a CronJob, upstream takes the job
    /// template's metadata.
    pub(super) fn of(resource: &'a Value) -> Result<(Self, FieldPath), Misfit> {
        let kind = resource.get("kind").and_then(Value::as_str);
        let (metadata, pod): (&[&str], &[&str]) = match kind {
            Some("Pod") => (&["metadata"], &[]),
            Some(
                "DaemonSet"
                | "Deployment"
                | "Job"
                | "StatefulSet"
                | "ReplicaSet"
                | "ReplicationController",
            ) => (&["spec", "template", "metadata"], &["spec", "template"]),
            Some("CronJob") => (
                &["spec", "jobTemplate", "metadata"],
                &["spec", "jobTemplate", "spec", "template"],
            ),
            _ => return Err("could not find correct resource type".to_owned()),
        };
        let root = At::new(Some(resource), FieldPath::root());
        let metadata = root.down(metadata)?;
        let template = root.down(pod)?;
        let base = template.path.clone();
        // From here on, places are those of a Pod.
        let below = |at: At<'a>, path: FieldPath| At::new(at.value, path);
        let spec = below(template.get("spec")?, FieldPath::root().key("spec"));
        let annotations = below(
            metadata.get("annotations")?,
            FieldPath::root().key("metadata").key("annotations"),
        );
        let mut containers = Vec::new();
        for group in ["initContainers", "containers", "ephemeralContainers"] {
            for at in spec.get(group)?.list()? {
                containers.push(Container {
                    name: at.get("name")?.text()?.unwrap_or_default(),
                    image: at.get("image")?.text()?.unwrap_or_default(),
                    at,
                });
            }
        }
        Ok((
            Self {
                annotations,
                spec,
                containers,
            },
            base,
        ))
    }

    /// The Pod with one container that sets nothing. Source: `GetPodWithMatchingContainers`.
    pub(super) fn without_containers(&self) -> Self {
        let path = FieldPath::root().key("spec").key("containers").index(0);
        Self {
            containers: vec![Container {
                at: At::new(None, path),
                name: "fake",
                image: "",
            }],
            ..self.clone()
        }
    }

    /// A Pod of nothing but some of the containers, which keep their places.
    pub(super) fn of_containers(&self, keep: impl Fn(&Container<'a>) -> bool) -> Self {
        Self {
            annotations: At::new(None, self.annotations.path.clone()),
            spec: At::new(None, self.spec.path.clone()),
            containers: self
                .containers
                .iter()
                .filter(|it| keep(it))
                .cloned()
                .collect(),
        }
    }

    /// The container that a path leads into.
    pub(super) fn container_at(&self, path: &FieldPath) -> Option<&Container<'a>> {
        self.containers
            .iter()
            .find(|it| path.0.starts_with(&it.at.path.0))
    }
}

/// The path as Kubernetes prints it, with every number replaced by a star.
pub(super) fn starred(path: &FieldPath) -> String {
    let mut text = String::new();
    for step in &path.0 {
        match step {
            Step::Index(_) => text.push_str("[*]"),
            Step::Key(key) if key.contains(['.', '/']) => {
                text.push('[');
                text.push_str(key);
                text.push(']');
            }
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    // Upstream replaces runs of digits anywhere, in the keys of annotations too.
    let mut out = String::new();
    let mut in_digits = false;
    for it in text.chars() {
        if it.is_ascii_digit() {
            if !in_digits {
                out.push('*');
            }
            in_digits = true;
        } else {
            in_digits = false;
            out.push(it);
        }
    }
    out
}

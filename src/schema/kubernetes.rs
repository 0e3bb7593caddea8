//! Kubernetes' own kinds, from the embedded asset.

use super::{checker::Checker, removed};
use flate2::read::GzDecoder;
use jsonschema::Registry;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

/// See `make-asset.py`: a definition a line, with the versions that have it.
static ASSET: &[u8] = include_bytes!("kubernetes.txt.gz");

/// The embedded minor versions, first and last.
pub(super) const MINORS: (u32, u32) = (25, 37);

/// Where the definitions stand for references.
const URI: &str = "urn:kubernetes";

const KINDS: &str = "x-kubernetes-group-version-kind";

/// One version of Kubernetes.
pub(super) struct Kubernetes {
    minor: u32,
    /// `$defs` by name.
    definitions: Value,
    registry: Registry<'static>,
    /// By group, kind and version.
    kinds: BTreeMap<(String, String, String), Kind>,
}

/// One kind in one version of its group.
struct Kind {
    /// Minor versions of Kubernetes that serve it, as ranges.
    served: Vec<(u32, u32)>,
    /// Its definition in the chosen version of Kubernetes.
    definition: Option<String>,
    checker: OnceLock<Result<Checker, String>>,
}

/// What Kubernetes says of an API version and kind.
pub(super) enum Standing<'a> {
    /// It serves it; `until` is the first later version that does not.
    Served {
        checker: &'a Result<Checker, String>,
        until: Option<u32>,
    },
    /// It did before that minor version.
    Gone { minor: u32 },
    /// It does from that minor version on.
    Later { minor: u32 },
    /// It has the group, and no such kind in any version.
    NoSuchKind,
    /// The group is another's.
    Foreign,
}

impl Kubernetes {
    /// Read the definitions of `1.minor`.
    pub(super) fn new(minor: u32) -> Result<Self, String> {
        let mut text = String::new();
        GzDecoder::new(ASSET)
            .read_to_string(&mut text)
            .map_err(|error| format!("the embedded schemas cannot be read: {error}"))?;
        let mut definitions = Map::new();
        let mut kinds: BTreeMap<(String, String, String), Kind> = BTreeMap::new();
        for line in text.lines() {
            let mut parts = line.splitn(3, '\t');
            let (Some(name), Some(ranges), Some(body)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err("the embedded schemas are damaged".to_owned());
            };
            let ranges = ranges_of(ranges).ok_or("the embedded schemas are damaged")?;
            let chosen = ranges.iter().any(|it| it.0 <= minor && minor <= it.1);
            if !chosen && !body.contains(KINDS) {
                continue;
            }
            let body: Value = serde_json::from_str(body)
                .map_err(|error| format!("the embedded schemas are damaged: {error}"))?;
            for key in keys(&body) {
                let kind = kinds.entry(key).or_insert_with(|| Kind {
                    served: Vec::new(),
                    definition: None,
                    checker: OnceLock::new(),
                });
                kind.served.extend(&ranges);
                if chosen {
                    kind.definition = Some(name.to_owned());
                }
            }
            if chosen {
                definitions.insert(name.to_owned(), body);
            }
        }
        let definitions = json!({ "$defs": definitions });
        let registry = Registry::new()
            .add(URI, definitions.clone())
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| format!("the embedded schemas cannot be used: {error}"))?;
        Ok(Self {
            minor,
            definitions,
            registry,
            kinds,
        })
    }

    /// `Kubernetes 1.34`.
    pub(super) fn name(&self) -> String {
        format!("Kubernetes 1.{}", self.minor)
    }

    /// What this version says of a kind.
    pub(super) fn standing(&self, group: &str, version: &str, kind: &str) -> Standing<'_> {
        let key = (group.to_owned(), kind.to_owned(), version.to_owned());
        let Some(found) = self.kinds.get(&key) else {
            let ours = self.kinds.keys().any(|it| it.0 == group);
            return match removed::removed(&api_version(group, version), kind) {
                Some(removed) => Standing::Gone {
                    minor: removed.minor,
                },
                None if ours => Standing::NoSuchKind,
                None => Standing::Foreign,
            };
        };
        let serves = |minor| found.served.iter().any(|it| it.0 <= minor && minor <= it.1);
        match &found.definition {
            Some(name) => Standing::Served {
                checker: found
                    .checker
                    .get_or_init(|| self.checker(json!({ "$ref": reference(name) }))),
                until: (self.minor..=MINORS.1).find(|it| !serves(*it)),
            },
            None => match (MINORS.0..self.minor).rev().find(|it| serves(*it)) {
                Some(last) => Standing::Gone { minor: last + 1 },
                None => Standing::Later {
                    minor: found.served.iter().map(|it| it.0).min().unwrap_or(MINORS.1),
                },
            },
        }
    }

    /// Compile a schema that may refer to the definitions of this version.
    pub(super) fn checker(&self, schema: Value) -> Result<Checker, String> {
        Checker::new(schema, &self.registry)
    }

    /// The most stable version of a group that serves a kind, other than `version`.
    pub(super) fn instead(&self, group: &str, version: &str, kind: &str) -> Option<String> {
        self.kinds
            .iter()
            .filter(|(key, it)| {
                key.0 == group && key.1 == kind && key.2 != version && it.definition.is_some()
            })
            .max_by_key(|(key, _)| stability(&key.2))
            .map(|(key, _)| api_version(group, &key.2))
    }

    /// Kinds of an API version.
    pub(super) fn kinds_of(&self, group: &str, version: &str) -> Vec<&str> {
        self.kinds
            .iter()
            .filter(|(key, it)| key.0 == group && key.2 == version && it.definition.is_some())
            .map(|(key, _)| key.1.as_str())
            .collect()
    }

    /// The definition that a reference names.
    pub(super) fn follow(&self, reference: &str) -> Option<&Value> {
        let name = reference.rsplit_once("#/$defs/")?.1;
        self.definitions.get("$defs")?.get(name)
    }
}

/// The reference to a definition, from anywhere.
pub(super) fn reference(name: &str) -> String {
    format!("{URI}#/$defs/{name}")
}

/// `apps/v1`, or `v1` in the core group.
pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// Order of API versions: `v2` over `v1` over `v1beta2` over `v1alpha1`.
pub(super) fn stability(version: &str) -> (u32, u32, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    let rest = version.strip_prefix('v').unwrap_or(version);
    if let Some((major, minor)) = rest.split_once("beta") {
        (1, number(major), number(minor))
    } else if let Some((major, minor)) = rest.split_once("alpha") {
        (0, number(major), number(minor))
    } else {
        (2, number(rest), 0)
    }
}

fn ranges_of(text: &str) -> Option<Vec<(u32, u32)>> {
    text.split(',')
        .map(|it| {
            let (first, last) = it.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect()
}

/// Group, kind and version of every kind that a definition is of.
fn keys(body: &Value) -> Vec<(String, String, String)> {
    let text = |it: &Value, key: &str| Some(it.get(key)?.as_str()?.to_owned());
    let listed = body.get(KINDS).and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(|it| Some((text(it, "group")?, text(it, "kind")?, text(it, "version")?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_version_compiles_every_kind() {
        for minor in MINORS.0..=MINORS.1 {
            let kubernetes = Kubernetes::new(minor).expect("embedded");
            let mut count = 0;
            for (group, kind, version) in kubernetes.kinds.keys() {
                if let Standing::Served { checker, .. } = kubernetes.standing(group, version, kind)
                {
                    assert!(checker.is_ok(), "1.{minor} {group} {kind}");
                    count += 1;
                }
            }
            assert!(count > 100, "1.{minor} has {count} kinds");
        }
    }

    #[test]
    fn stable_versions_come_first() {
        let mut versions = vec!["v1beta2", "v2", "v1alpha1", "v1", "v2beta1"];
        versions.sort_by_key(|it| stability(it));
        assert_eq!(versions, ["v1alpha1", "v1beta2", "v2beta1", "v1", "v2"]);
    }

    #[test]
    fn a_kind_is_gone_or_not_there_yet() {
        let old = Kubernetes::new(25).expect("embedded");
        let new = Kubernetes::new(37).expect("embedded");
        let flow = ("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema");
        assert!(matches!(
            new.standing(flow.0, flow.1, flow.2),
            Standing::Gone { minor: 26 }
        ));
        assert!(matches!(
            old.standing(flow.0, flow.1, flow.2),
            Standing::Served {
                until: Some(26),
                ..
            }
        ));
        assert!(matches!(
            old.standing("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema"),
            Standing::Later { minor: 29 }
        ));
        assert!(matches!(
            new.standing("extensions", "v1beta1", "Ingress"),
            Standing::Gone { minor: 22 }
        ));
        assert!(matches!(
            new.standing("apps", "v1", "Deploymnet"),
            Standing::NoSuchKind
        ));
        assert!(matches!(
            new.standing("example.com", "v1", "Shop"),
            Standing::Foreign
        ));
    }
}

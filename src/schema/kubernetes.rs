//! Kubernetes' own kinds, from the embedded asset.

use super::{
    checker::Checker,
    node::{Node, Ref},
    read::Reader,
    removed,
};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

/// See `make-asset.py`: a definition a line, with the versions that have it.
static ASSET: &[u8] = include_bytes!("kubernetes.txt.gz");

/// The embedded minor versions, first and last.
pub(super) const MINORS: (u32, u32) = (25, 37);

const KINDS: &str = "x-kubernetes-group-version-kind";

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

const DAMAGED: &str = "the embedded schemas are damaged";

/// One version of Kubernetes.
pub(super) struct Kubernetes {
    pub(super) minor: u32,
    text: String,
    definitions: Vec<Entry>,
    names: BTreeMap<String, usize>,
    /// By group, kind and version.
    kinds: BTreeMap<(String, String, String), Kind>,
}

/// A definition, read when the first resource asks.
struct Entry {
    body: Range<usize>,
    node: OnceLock<Node>,
}

/// One kind in one version of its group.
struct Kind {
    /// Minor versions of Kubernetes that serve it, as ranges.
    served: Vec<(u32, u32)>,
    /// Its definition in the chosen version of Kubernetes.
    checker: Option<Checker>,
}

/// What Kubernetes says of an API version and kind.
pub(super) enum Standing<'a> {
    /// It serves it; `until` is the first later version that does not.
    Served {
        checker: &'a Checker,
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

/// The embedded versions that this process has read, from the first one on.
static READ: [OnceLock<Result<Kubernetes, String>>; (MINORS.1 - MINORS.0 + 1) as usize] =
    [const { OnceLock::new() }; (MINORS.1 - MINORS.0 + 1) as usize];

impl Kubernetes {
    /// The definitions of `1.minor`, read once a process: a run may judge many changes.
    pub(super) fn of(minor: u32) -> Result<&'static Self, &'static String> {
        static NONE: OnceLock<Result<Kubernetes, String>> = OnceLock::new();
        let at = minor.checked_sub(MINORS.0).map(|it| it as usize);
        let read = at.and_then(|it| READ.get(it)).unwrap_or(&NONE);
        read.get_or_init(|| Self::new(minor)).as_ref()
    }

    /// Read the definitions of `1.minor`.
    pub(super) fn new(minor: u32) -> Result<Self, String> {
        let mut text = String::new();
        GzDecoder::new(ASSET)
            .read_to_string(&mut text)
            .map_err(|error| format!("the embedded schemas cannot be read: {error}"))?;
        let mut definitions = Vec::new();
        let mut names = BTreeMap::new();
        let mut kinds: BTreeMap<(String, String, String), Kind> = BTreeMap::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end().len();
            let mut parts = line.trim_end().splitn(3, '\t');
            let (Some(name), Some(ranges), Some(body)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(DAMAGED.to_owned());
            };
            let ranges = ranges_of(ranges).ok_or(DAMAGED)?;
            let chosen = ranges.iter().any(|it| it.0 <= minor && minor <= it.1);
            for key in keys(body)? {
                let kind = kinds.entry(key).or_insert_with(|| Kind {
                    served: Vec::new(),
                    checker: None,
                });
                kind.served.extend(&ranges);
                if chosen {
                    kind.checker = Some(Checker {
                        root: Ref::Named(definitions.len()),
                        own: true,
                        prunes: true,
                        status: false,
                    });
                }
            }
            if chosen {
                names.insert(name.to_owned(), definitions.len());
                definitions.push(Entry {
                    body: end - body.len()..end,
                    node: OnceLock::new(),
                });
            }
            start += line.len();
        }
        Ok(Self {
            minor,
            text,
            definitions,
            names,
            kinds,
        })
    }

    /// The schema of a definition. One that could not be read would take nothing; a test reads each.
    pub(super) fn node(&self, index: usize) -> &Node {
        static NOTHING: OnceLock<Node> = OnceLock::new();
        match self.definitions.get(index) {
            Some(it) => it
                .node
                .get_or_init(|| self.read(&it.body).unwrap_or_default()),
            None => NOTHING.get_or_init(Node::default),
        }
    }

    fn read(&self, body: &Range<usize>) -> Result<Node, String> {
        let body = self.text.get(body.clone()).ok_or(DAMAGED)?;
        let body: Value = serde_json::from_str(body).map_err(|it| format!("{DAMAGED}: {it}"))?;
        let find = |name: &str| self.names.get(name).copied();
        Reader::of_kubernetes(&find).node(&body, 0, true)
    }

    /// The definition of what every object has.
    pub(super) fn metadata(&self) -> Option<usize> {
        self.names.get(OBJECT_META).copied()
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
        match &found.checker {
            Some(checker) => Standing::Served {
                checker,
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

    /// The most stable version of a group that serves a kind, other than `version`.
    pub(super) fn instead(&self, group: &str, version: &str, kind: &str) -> Option<String> {
        self.kinds
            .iter()
            .filter(|(key, it)| {
                key.0 == group && key.1 == kind && key.2 != version && it.checker.is_some()
            })
            .max_by_key(|(key, _)| stability(&key.2))
            .map(|(key, _)| api_version(group, &key.2))
    }

    /// Kinds of an API version.
    pub(super) fn kinds_of(&self, group: &str, version: &str) -> Vec<&str> {
        self.kinds
            .iter()
            .filter(|(key, it)| key.0 == group && key.2 == version && it.checker.is_some())
            .map(|(key, _)| key.1.as_str())
            .collect()
    }
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

/// Group, kind and version of every kind that a definition is of. Most are of none, and not read.
fn keys(body: &str) -> Result<Vec<(String, String, String)>, String> {
    let Some((_, rest)) = body.split_once(KINDS) else {
        return Ok(Vec::new());
    };
    let list = rest.trim_start_matches(['"', ':']);
    let end = list.find(']').ok_or(DAMAGED)? + 1;
    let listed: Vec<Value> =
        serde_json::from_str(&list[..end]).map_err(|it| format!("{DAMAGED}: {it}"))?;
    let text = |it: &Value, key: &str| Some(it.get(key)?.as_str()?.to_owned());
    Ok(listed
        .iter()
        .filter_map(|it| Some((text(it, "group")?, text(it, "kind")?, text(it, "version")?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_of_every_embedded_version_is_read() {
        for minor in MINORS.0..=MINORS.1 {
            let kubernetes = Kubernetes::new(minor).expect("embedded");
            for (name, index) in &kubernetes.names {
                let body = &kubernetes.definitions[*index].body;
                assert!(kubernetes.read(body).is_ok(), "1.{minor} {name}");
            }
            let served = kubernetes.kinds.values().filter(|it| it.checker.is_some());
            assert!(served.count() > 100, "1.{minor}");
            assert!(kubernetes.metadata().is_some(), "1.{minor}");
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

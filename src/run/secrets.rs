//! Manifests that hold secret values in clear text. Facts name them by key and line; values are
//! compared here and never leave.

use crate::{
    model::{Edit, Facts, Place, ResourceKey, SecretFacts, SecretField, Side, secret},
    renderers::Rendered,
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Value, parse};

/// One tree.
pub(super) struct Tree<'a> {
    pub(super) side: Side,
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a Sources,
}

/// Secrets in what an overlay renders in HEAD; `before` is what it renders in BASE.
pub(super) fn rendered(
    overlay: &RepoPath,
    rendered: &Rendered,
    before: Option<&Rendered>,
    sources: &Sources,
    side: Side,
) -> Vec<SecretFacts> {
    let old: BTreeMap<&ResourceKey, &Node> = before
        .into_iter()
        .flat_map(|it| &it.manifests)
        .filter(|it| secret::is_secret_kind(&it.key.kind))
        .map(|it| (&it.key, &it.body))
        .collect();
    let mut secrets = Vec::new();
    for manifest in &rendered.manifests {
        let old = old.get(&manifest.key).copied();
        secrets.extend(
            facts(&manifest.body, old, sources, side).map(|it| SecretFacts {
                overlay: Some(overlay.to_string()),
                ..it
            }),
        );
    }
    secrets
}

/// One manifest; `None` where it holds nothing in clear text.
fn facts(body: &Node, old: Option<&Node>, sources: &Sources, side: Side) -> Option<SecretFacts> {
    let old: BTreeMap<String, &Node> = old
        .map(secret::values)
        .into_iter()
        .flatten()
        .filter(|it| !it.encrypted)
        .map(|it| (it.field, &it.entry.value))
        .collect();
    let values: Vec<SecretField> = secret::values(body)
        .into_iter()
        .filter(|it| !it.encrypted)
        .map(|it| SecretField {
            new: old
                .get(&it.field)
                .is_none_or(|old| !same(old, &it.entry.value)),
            place: place(it.entry, sources, side),
            field: it.field,
        })
        .collect();
    (!values.is_empty()).then(|| SecretFacts {
        overlay: None,
        resource: ResourceKey::of(body),
        values,
        unreadable: false,
    })
}

/// The key's line: the value may begin on the next one. A patch sets the value and leaves the key.
fn place(entry: &tollgate_yaml::Entry, sources: &Sources, side: Side) -> Option<Place> {
    let (key, value) = (entry.key.origin.edit_here(), entry.value.origin.edit_here());
    let key = Place::of(sources, key, side);
    let value = Place::of(sources, value, side);
    match (key, value) {
        // Below its key, in the same file: a block that begins on the next line.
        (Some(key), Some(value))
            if key.path == value.path && key.line + 1 >= value.line && key.line <= value.line =>
        {
            Some(key)
        }
        (key, None) => key,
        (_, value) => value,
    }
}

fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Scalar(a), Value::Scalar(b)) => a.text == b.text && a.tag == b.tag,
        // No value of a Secret is a list or a map: unlike anything.
        _ => false,
    }
}

/// Secrets, and generators of Secrets, in files of HEAD that differ and whose values no overlay
/// renders.
pub(super) fn in_git(base: &Tree<'_>, head: &Tree<'_>, known: &Facts) -> Vec<SecretFacts> {
    let rendered: BTreeSet<(&str, u32)> = known
        .secrets
        .iter()
        .flat_map(|it| &it.values)
        .filter_map(|it| it.place.as_ref())
        .map(|it| (it.path.as_str(), it.line))
        .collect();
    let mut secrets = Vec::new();
    let files = known.change.files.iter();
    for file in files.filter(|it| it.edit != Edit::Deleted && is_manifest_file(&it.path)) {
        let found = in_file(base, head, &file.path);
        secrets.extend(found.into_iter().filter_map(|mut it| {
            let seen = |it: &SecretField| {
                let place = it.place.as_ref();
                place.is_some_and(|it| rendered.contains(&(it.path.as_str(), it.line)))
            };
            it.values.retain(|it| !seen(it));
            (!it.values.is_empty()).then_some(it)
        }));
    }
    secrets
}

fn is_manifest_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "Kustomization"
        || [".yaml", ".yml", ".json"]
            .iter()
            .any(|it| name.ends_with(it))
}

fn text(tree: &Tree<'_>, path: &str) -> Option<String> {
    let bytes = tree.files.read(&RepoPath::new(path)?).ok()??;
    let text = std::str::from_utf8(&bytes).ok()?;
    let marked = text.contains("Secret") || text.contains("secretGenerator");
    marked.then(|| text.to_owned())
}

fn in_file(base: &Tree<'_>, head: &Tree<'_>, path: &str) -> Vec<SecretFacts> {
    let Some(new) = text(head, path) else {
        return Vec::new();
    };
    let file = head.sources.add(path, new.as_str());
    let Ok(documents) = parse(&new, file, Dialect::Sigs, &Limits::default()) else {
        return unreadable(&new, path, head.side);
    };
    let old = text(base, path).map_or_else(Vec::new, |old| {
        let file = base.sources.add(path, old.as_str());
        parse(&old, file, Dialect::Sigs, &Limits::default()).unwrap_or_default()
    });
    let (new, old) = (manifests(&documents), manifests(&old));
    let mut secrets = Vec::new();
    for manifest in new {
        let key = ResourceKey::of(manifest);
        let before = old.iter().find(|it| ResourceKey::of(it) == key).copied();
        secrets.extend(facts(manifest, before, head.sources, head.side));
        let before = Generators { tree: base, path }.all(before);
        let after = Generators { tree: head, path }.all(Some(manifest));
        for (name, values) in after {
            let known = before.get(&name);
            let values: Vec<SecretField> = values
                .into_iter()
                .map(|it| SecretField {
                    new: known.is_none_or(|known| {
                        !known
                            .iter()
                            .any(|old| old.source == it.source && old.content == it.content)
                    }),
                    field: it.field,
                    place: it.place,
                })
                .collect();
            if !values.is_empty() {
                secrets.push(SecretFacts {
                    overlay: None,
                    resource: ResourceKey {
                        api_version: "v1".to_owned(),
                        kind: "Secret".to_owned(),
                        namespace: None,
                        name,
                    },
                    values,
                    unreadable: false,
                });
            }
        }
    }
    secrets
}

/// A file that says it is a Secret and is no YAML. A template of a Helm chart holds no value yet.
fn unreadable(text: &str, path: &str, side: Side) -> Vec<SecretFacts> {
    let says_so = text.lines().any(|it| {
        let value = it.trim_start_matches(['-', ' ']).strip_prefix("kind:");
        value.is_some_and(|it| secret::is_secret_kind(it.trim().trim_matches(['"', '\''])))
    });
    if !says_so || text.contains("{{") {
        return Vec::new();
    }
    vec![SecretFacts {
        overlay: None,
        resource: ResourceKey {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            namespace: None,
            name: path.to_owned(),
        },
        values: vec![SecretField {
            field: String::new(),
            new: true,
            place: Some(Place::file(path, side)),
        }],
        unreadable: true,
    }]
}

/// Documents, and the items of lists among them.
fn manifests(documents: &[Node]) -> Vec<&Node> {
    let mut found = Vec::new();
    for document in documents {
        let is_list = document
            .get("kind")
            .and_then(Node::as_str)
            .is_some_and(|it| it.ends_with("List"));
        match document
            .get("items")
            .and_then(Node::as_sequence)
            .filter(|_| is_list)
        {
            Some(items) => found.extend(items),
            None => found.push(document),
        }
    }
    found
}

/// The generators of one document.
struct Generators<'a> {
    tree: &'a Tree<'a>,
    path: &'a str,
}

/// What a generator takes values from.
struct Generated {
    field: String,
    source: String,
    content: String,
    place: Option<Place>,
}

impl Generators<'_> {
    fn all(&self, document: Option<&Node>) -> BTreeMap<String, Vec<Generated>> {
        let mut all = BTreeMap::<String, Vec<Generated>>::new();
        let Some(document) = document else {
            return all;
        };
        let listed = document.get("secretGenerator").and_then(Node::as_sequence);
        let own = document.get("kind").and_then(Node::as_str) == Some("SecretGenerator");
        for generator in listed
            .unwrap_or_default()
            .iter()
            .chain(own.then_some(document))
        {
            let name = generator
                .get("name")
                .or_else(|| document.get("metadata")?.get("name"));
            let name = name.and_then(Node::as_str).unwrap_or_default().to_owned();
            all.entry(name).or_default().extend(self.values(generator));
        }
        all
    }

    fn values(&self, generator: &Node) -> Vec<Generated> {
        let mut values = Vec::new();
        for list in ["literals", "files", "envs", "env"] {
            let entry = generator.get(list);
            let entries = entry
                .and_then(Node::as_sequence)
                .or_else(|| entry.map(std::slice::from_ref));
            for (index, node) in entries.unwrap_or_default().iter().enumerate() {
                let text = node.as_scalar().map_or("", |it| &it.text);
                let Some(content) = self.content(list, text) else {
                    continue;
                };
                values.push(Generated {
                    field: format!("{list}[{index}]"),
                    place: Place::of(self.tree.sources, node.span(), self.tree.side),
                    source: text.split('=').next().unwrap_or_default().to_owned(),
                    content,
                });
            }
        }
        values
    }

    /// What an entry would put into the Secret; `None` for nothing, and for what is encrypted.
    fn content(&self, list: &str, text: &str) -> Option<String> {
        if list == "literals" {
            let value = text.split_once('=')?.1.trim_matches(['"', '\'']);
            return (!value.is_empty()).then(|| value.to_owned());
        }
        let file = if list == "files" {
            text.split_once('=').map_or(text, |it| it.1)
        } else {
            text
        };
        let folder = RepoPath::new(self.path)?.parent().unwrap_or_default();
        let bytes = self.tree.files.read(&folder.join(file)?).ok()??;
        let content = String::from_utf8_lossy(&bytes).into_owned();
        let empty = if list == "files" {
            content.is_empty()
        } else {
            content.lines().all(|it| {
                it.split_once('=')
                    .is_none_or(|it| it.1.is_empty() || it.0.starts_with('#'))
            })
        };
        (!empty && !secret::is_sops_file(&content)).then_some(content)
    }
}

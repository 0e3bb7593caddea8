//! Manifests that hold secret values in clear text. Facts name them by key and line; values are
//! compared here and never leave.

use crate::{
    config,
    model::{
        Edit, Facts, Place, ResourceKey, SecretFacts, SecretField, Side, is_encrypted_file,
        placeholder::{self, Placeholders as Known},
        secret,
    },
    renderers::Rendered,
    waivers::is_like,
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{EntryKind, Files, RepoPath};
use tollgate_yaml::{Dialect, Limits, Node, Sources, Value, parse};

/// One tree.
pub(super) struct Tree<'a> {
    pub(super) side: Side,
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a Sources,
}

/// Values that BASE's configuration takes for placeholders, beside those that are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Placeholders(Vec<config::Placeholder>);

impl Placeholders {
    pub(super) fn of(secrets: &config::Secrets) -> Self {
        Self(secrets.placeholders.clone())
    }

    fn are(&self, text: &str) -> bool {
        self.0.iter().any(|it| is_like(it.as_str(), text.trim()))
    }
}

/// A manifest and its kind, which a list may say for it.
#[derive(Clone, Copy)]
struct Found<'a> {
    kind: &'a str,
    body: &'a Node,
}

/// Secrets in what an overlay renders in HEAD; `before` is what it renders in BASE.
pub(super) fn rendered(
    overlay: &RepoPath,
    rendered: &Rendered,
    before: Option<&Rendered>,
    placeholders: &Placeholders,
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
        let found = |body| Found {
            kind: &manifest.key.kind,
            body,
        };
        let old = old.get(&manifest.key).copied().map(found);
        secrets.extend(
            facts(found(&manifest.body), old, placeholders, sources, side).map(|it| SecretFacts {
                overlay: Some(overlay.to_string()),
                ..it
            }),
        );
    }
    secrets
}

/// One manifest; `None` where it holds nothing in clear text.
fn facts(
    body: Found<'_>,
    old: Option<Found<'_>>,
    placeholders: &Placeholders,
    sources: &Sources,
    side: Side,
) -> Option<SecretFacts> {
    let old: BTreeMap<String, &Node> = old
        .map(|it| secret::values_of(it.kind, it.body))
        .into_iter()
        .flatten()
        .filter(|it| !it.encrypted)
        .map(|it| (it.field, &it.entry.value))
        .collect();
    let values: Vec<SecretField> = secret::values_of(body.kind, body.body)
        .into_iter()
        .filter(|it| !it.encrypted && !placeholders.are(it.text()))
        .map(|it| SecretField {
            new: old
                .get(&it.field)
                .is_none_or(|old| !same(old, &it.entry.value)),
            place: place(it.entry, sources, side),
            mark: mark(&it.entry.value, sources),
            field: it.field,
        })
        .collect();
    (!values.is_empty()).then(|| SecretFacts {
        overlay: None,
        resource: ResourceKey {
            kind: body.kind.to_owned(),
            ..ResourceKey::of(body.body)
        },
        values,
        unreadable: false,
    })
}

/// The mark of another scanner behind a value of one line; nothing marks a block.
fn mark(node: &Node, sources: &Sources) -> Option<String> {
    let span = node.origin.edit_here();
    let file = sources.get(span.file)?;
    let text = file.text();
    let value = text.get(span.start as usize..span.end as usize)?;
    if value.contains('\n') {
        return None;
    }
    let rest = text.get(span.end as usize..)?.lines().next()?;
    placeholder::mark(rest).map(str::to_owned)
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
pub(super) fn in_git(
    base: &Tree<'_>,
    head: &Tree<'_>,
    placeholders: &Placeholders,
    known: &Facts,
) -> Vec<SecretFacts> {
    let rendered: BTreeSet<(&str, u32, u32)> = known
        .secrets
        .iter()
        .flat_map(|it| &it.values)
        .filter_map(|it| it.place.as_ref())
        .map(|it| (it.path.as_str(), it.line, it.column))
        .collect();
    let mut secrets = Vec::new();
    let files = known.change.files.iter();
    for file in files.filter(|it| it.edit != Edit::Deleted && is_manifest_file(&it.path)) {
        let found = in_file(base, head, placeholders, &file.path);
        secrets.extend(found.into_iter().filter_map(|mut it| {
            let seen = |it: &SecretField| {
                let place = it.place.as_ref();
                place.is_some_and(|it| rendered.contains(&(it.path.as_str(), it.line, it.column)))
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

/// The text of a file, and whether it is UTF-8; what is not is read as well as can be.
fn text(tree: &Tree<'_>, path: &str) -> Option<(String, bool)> {
    let bytes = tree.files.read(&RepoPath::new(path)?).ok()??;
    Some(match std::str::from_utf8(&bytes) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (String::from_utf8_lossy(&bytes).into_owned(), false),
    })
}

fn in_file(
    base: &Tree<'_>,
    head: &Tree<'_>,
    placeholders: &Placeholders,
    path: &str,
) -> Vec<SecretFacts> {
    let Some((new, is_text)) = text(head, path) else {
        return Vec::new();
    };
    let file = head.sources.add(path, new.as_str());
    let parsed = parse(&new, file, Dialect::Sigs, &Limits::default());
    let documents = match parsed {
        Ok(documents) if is_text => documents,
        _ => return unreadable(head, &new, path),
    };
    let old = text(base, path).map_or_else(Vec::new, |(old, _)| {
        let file = base.sources.add(path, old.as_str());
        parse(&old, file, Dialect::Sigs, &Limits::default()).unwrap_or_default()
    });
    let (new, old) = (manifests(&documents), manifests(&old));
    let mut secrets = Vec::new();
    for manifest in new {
        let key = ResourceKey::of(manifest.body);
        let is_same = |it: &&Found<'_>| it.kind == manifest.kind && ResourceKey::of(it.body) == key;
        let before = old.iter().find(is_same).copied();
        secrets.extend(facts(
            manifest,
            before,
            placeholders,
            head.sources,
            head.side,
        ));
        let before = Generators { tree: base, path }.all(before.map(|it| it.body));
        let after = Generators { tree: head, path }.all(Some(manifest.body));
        for (name, values) in after {
            let known = before.get(&name);
            let values: Vec<SecretField> = values
                .into_iter()
                .filter(|it| !placeholders.are(&it.content))
                .map(|it| SecretField {
                    mark: it.mark,
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

/// Maps and generators of Secrets, which nothing else has.
const OWN: [&str; 2] = ["stringData", "secretGenerator"];
/// Characters written by their number, or in base64.
const ESCAPES: [&str; 5] = ["\\x", "\\u", "\\U", "!!binary", "2002:binary"];

/// Whether a text that cannot be read may be a Secret: one that mentions secrets and has no such kind is
/// none for any cluster.
fn may_be_a_secret(text: &str) -> bool {
    let text = &joined(text);
    let any = |of: &[&str]| of.iter().any(|it| text.contains(it));
    any(&OWN)
        || any(&ESCAPES)
        || text.split("kind").skip(1).any(is_kind_of_secret)
        || any(&["Secret", "List"]) && has_keys_elsewhere(text)
}

/// The text with words in quotes that go on in the next line as one.
fn joined(text: &str) -> String {
    let mut parts = text.replace('\r', "");
    if parts.contains("\\\n") {
        let lines = parts.split("\\\n").enumerate();
        let line = |(at, it): (usize, &'_ str)| match at {
            0 => it.to_owned(),
            _ => it.trim_start_matches([' ', '\t']).to_owned(),
        };
        parts = lines.map(line).collect();
    }
    parts
}

/// Whether what follows a `kind` says that it is one of a Secret or a list, or says it elsewhere.
fn is_kind_of_secret(rest: &str) -> bool {
    let mut rest = rest.trim_start_matches(['"', '\'']).trim_start();
    while let Some(comment) = rest.strip_prefix('#') {
        rest = comment.split_once('\n').map_or("", |it| it.1).trim_start();
    }
    let Some(value) = rest.strip_prefix(':') else {
        return false;
    };
    let value = value
        .split(['\n', ',', '}'])
        .next()
        .unwrap_or_default()
        .trim();
    let elsewhere =
        value.is_empty() || value.starts_with(['*', '&', '!', '|', '>', '{', '?', '$', '#']);
    elsewhere || value.contains("Secret") || value.contains("List")
}

/// Whether keys stand behind a `?`, are aliases, or have a tag: each may be a `kind`.
fn has_keys_elsewhere(text: &str) -> bool {
    let is_property = |it: &str| {
        let name = it.strip_prefix(['*', '!', '&']);
        name.is_some_and(|it| it.starts_with(|it: char| !it.is_whitespace()))
    };
    let begins_key = |line: &str| {
        let item = line.trim_start_matches(['-', ' ', '\t']);
        [line.trim_start(), item].iter().any(|it| {
            let explicit = it.strip_prefix('?');
            explicit.is_some_and(|it| it.is_empty() || it.starts_with(char::is_whitespace))
                || is_property(it) && it.contains(':')
        })
    };
    // In braces several begin on one line.
    text.split(['\n', '{', ',', '[']).any(begins_key)
}

/// A file that cannot be read and may hold a Secret. A template of a Helm chart holds no value yet.
fn unreadable(tree: &Tree<'_>, text: &str, path: &str) -> Vec<SecretFacts> {
    let side = tree.side;
    // Every second byte of UTF-16.
    let text = text.replace('\0', "");
    let may = may_be_a_secret(&text) && !is_encrypted_file(&text);
    if !may || is_chart_template(tree.files, path) {
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
            mark: None,
            place: Some(Place::file(path, side)),
        }],
        unreadable: true,
    }]
}

/// Whether a file stands below the `templates` of a Helm chart.
fn is_chart_template(files: &dyn Files, path: &str) -> bool {
    let mut folder = RepoPath::new(path).and_then(|it| it.parent());
    while let Some(it) = folder {
        let parent = it.parent();
        let chart = parent.as_ref().and_then(|it| it.join("Chart.yaml"));
        let is_file = |it: &RepoPath| matches!(files.kind(it), Ok(Some(EntryKind::File)));
        if it.name() == "templates" && chart.is_some_and(|it| is_file(&it)) {
            return true;
        }
        folder = parent;
    }
    false
}

/// Documents, and the items of lists among them, in lists too. What an item does not say is what its
/// list is of.
fn manifests(documents: &[Node]) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    for document in documents {
        collect("", document, &mut found);
    }
    found
}

/// Depth is limited by the reader. What has items is a list for `kubectl`, whatever its kind is called.
fn collect<'a>(of: &'a str, document: &'a Node, found: &mut Vec<Found<'a>>) {
    let kind = document.get("kind").and_then(Node::as_str).unwrap_or(of);
    let items = document.get("items").and_then(Node::as_sequence);
    let of = kind.strip_suffix("List");
    if items.is_none() || of.is_none() {
        found.push(Found {
            kind,
            body: document,
        });
    }
    for item in items.unwrap_or_default() {
        collect(of.unwrap_or_default(), item, found);
    }
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
    mark: Option<String>,
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
            let options = [generator.get("options"), document.get("generatorOptions")];
            let annotations = options
                .into_iter()
                .flatten()
                .find_map(|it| it.get("annotations"));
            let values = self.values(generator, Known::of(annotations));
            all.entry(name).or_default().extend(values);
        }
        all
    }

    fn values(&self, generator: &Node, known: Known) -> Vec<Generated> {
        let mut values = Vec::new();
        for list in ["literals", "files", "envs", "env"] {
            let entry = generator.get(list);
            let entries = entry
                .and_then(Node::as_sequence)
                .or_else(|| entry.map(std::slice::from_ref));
            for (index, node) in entries.unwrap_or_default().iter().enumerate() {
                let text = node.as_scalar().map_or("", |it| &it.text);
                let Some(content) = self.content(list, text, known) else {
                    continue;
                };
                values.push(Generated {
                    field: format!("{list}[{index}]"),
                    mark: mark(node, self.tree.sources),
                    place: Place::of(self.tree.sources, node.span(), self.tree.side),
                    source: text.split('=').next().unwrap_or_default().to_owned(),
                    content,
                });
            }
        }
        values
    }

    /// What an entry would put into the Secret; `None` for nothing, and for what is encrypted.
    fn content(&self, list: &str, text: &str, known: Known) -> Option<String> {
        if list == "literals" {
            let value = text.split_once('=')?.1.trim_matches(['"', '\'']);
            let none = value.is_empty() || known.are(value, false);
            return (!none).then(|| value.to_owned());
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
            // A line without `=` takes its value from who builds, but is more likely a value itself.
            content.lines().all(|it| match it.trim().split_once('=') {
                _ if it.trim().is_empty() || it.trim().starts_with('#') => true,
                Some((_, value)) => value.is_empty() || known.are(value, false),
                None => false,
            })
        };
        (!empty && !is_encrypted_file(&content)).then_some(content)
    }
}

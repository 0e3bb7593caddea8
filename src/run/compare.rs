//! Two manifests, field by field. Values of Secrets end here: what is told apart by them leaves as
//! [`Shown::Hidden`].

use crate::model::{FieldDiff, Manifest, Setting, Shown, SourceLine};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tollgate_yaml::{Node, Origin, Sources, Span};

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) sources: &'a Sources,
}

/// The fields that differ, in the order of their paths.
pub(super) fn fields(old: Side<'_>, new: Side<'_>) -> Vec<FieldDiff> {
    let mut comparison = Comparison {
        old: old.sources,
        new: new.sources,
        fields: Vec::new(),
    };
    let (one, two) = (At::whole(old.manifest), At::whole(new.manifest));
    comparison.compare("", Some(one), Some(two), false);
    comparison.fields
}

/// The line of a span.
pub(super) fn line(sources: &Sources, span: Span) -> Option<SourceLine> {
    let file = sources.get(span.file)?;
    Some(SourceLine {
        path: file.path().to_owned(),
        line: file.position(span.start).line,
    })
}

/// A value in a manifest.
#[derive(Clone, Copy)]
struct At<'a> {
    value: &'a Value,
    /// The same value with its origins.
    node: Option<&'a Node>,
    /// Who set it: of a map or list that is its key, as for blame.
    origin: Origin,
}

impl<'a> At<'a> {
    fn whole(manifest: &'a Manifest) -> Self {
        Self {
            value: &manifest.json,
            node: Some(&manifest.body),
            origin: manifest.body.origin,
        }
    }

    fn key(self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        let entry = self
            .node
            .and_then(Node::as_mapping)
            .and_then(|it| it.entry(key));
        let origin = match entry {
            Some(entry) if entry.value.as_scalar().is_none() => entry.key.origin,
            Some(entry) => entry.value.origin,
            None => self.origin,
        };
        Some(Self {
            value,
            node: entry.map(|it| &it.value),
            origin,
        })
    }

    fn items(self) -> Vec<Self> {
        let values = self.value.as_array().map_or(&[][..], Vec::as_slice);
        let nodes = self.node.and_then(Node::as_sequence);
        let item = |(at, value): (usize, &'a Value)| {
            let node = nodes.and_then(|it| it.get(at));
            Self {
                value,
                node,
                origin: node.map_or(self.origin, |it| it.origin),
            }
        };
        values.iter().enumerate().map(item).collect()
    }

    /// Whether it is an object whose data is secret.
    fn is_secret(self) -> bool {
        self.value.get("kind").and_then(Value::as_str) == Some("Secret")
    }
}

/// Fields of a Secret that hold its values.
const SECRET_FIELDS: [&str; 2] = ["data", "stringData"];
/// What `kubectl apply` leaves behind: a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

struct Comparison<'a> {
    old: &'a Sources,
    new: &'a Sources,
    fields: Vec<FieldDiff>,
}

impl Comparison<'_> {
    fn compare(&mut self, path: &str, old: Option<At<'_>>, new: Option<At<'_>>, hidden: bool) {
        if let (Some(one), Some(two)) = (old, new) {
            match (one.value, two.value) {
                (a, b) if a == b => return,
                (Value::Object(_), Value::Object(_)) => return self.maps(path, one, two, hidden),
                (Value::Array(_), Value::Array(_)) => return self.lists(path, one, two, hidden),
                _ => {}
            }
        }
        let setting = |at: At<'_>, sources| Setting {
            value: if hidden {
                Shown::Hidden(true)
            } else {
                Shown::Value(without_secrets(at.value))
            },
            line: line(sources, at.origin.edit_here()),
        };
        let field = FieldDiff {
            path: path.to_owned(),
            old: old.map(|it| setting(it, self.old)),
            new: new.map(|it| setting(it, self.new)),
        };
        self.fields.push(field);
    }

    fn maps(&mut self, path: &str, old: At<'_>, new: At<'_>, hidden: bool) {
        let secret = old.is_secret() || new.is_secret();
        let keys: BTreeSet<&String> = [old, new]
            .iter()
            .filter_map(|it| it.value.as_object())
            .flat_map(|it| it.keys())
            .collect();
        for key in keys {
            let hidden = hidden || key == LAST_APPLIED || secret && is_secret_field(key);
            self.compare(&step(path, key), old.key(key), new.key(key), hidden);
        }
    }

    fn lists(&mut self, path: &str, old: At<'_>, new: At<'_>, hidden: bool) {
        let (one, two) = (old.items(), new.items());
        let (Some(old_names), Some(new_names)) = (names(&one), names(&two)) else {
            for at in 0..one.len().max(two.len()) {
                let (a, b) = (one.get(at).copied(), two.get(at).copied());
                self.compare(&format!("{path}[{at}]"), a, b, hidden);
            }
            return;
        };
        let all: BTreeSet<&str> = old_names.keys().chain(new_names.keys()).copied().collect();
        for name in all {
            let a = old_names.get(name).and_then(|at| one.get(*at)).copied();
            let b = new_names.get(name).and_then(|at| two.get(*at)).copied();
            let path = format!("{path}[name={}]", word(name));
            self.compare(&path, a, b, hidden);
        }
        self.order(path, (old, &old_names), (new, &new_names));
    }

    /// Elements that both sides have, in another order: later ones win, or refer to earlier ones.
    fn order(
        &mut self,
        path: &str,
        (old, old_names): (At<'_>, &BTreeMap<&str, usize>),
        (new, new_names): (At<'_>, &BTreeMap<&str, usize>),
    ) {
        let common = |own: &BTreeMap<&str, usize>, other: &BTreeMap<&str, usize>| {
            let mut names: Vec<(usize, String)> = own
                .iter()
                .filter(|(name, _)| other.contains_key(*name))
                .map(|(name, at)| (*at, (*name).to_owned()))
                .collect();
            names.sort();
            names.into_iter().map(|it| it.1).collect::<Vec<_>>()
        };
        let (one, two) = (common(old_names, new_names), common(new_names, old_names));
        if one == two {
            return;
        }
        let setting = |names: Vec<String>, at: At<'_>, sources| Setting {
            value: Shown::Value(Value::from(names)),
            line: line(sources, at.origin.edit_here()),
        };
        let field = FieldDiff {
            path: format!("{path}[order of names]"),
            old: Some(setting(one, old, self.old)),
            new: Some(setting(two, new, self.new)),
        };
        self.fields.push(field);
    }
}

fn is_secret_field(key: &str) -> bool {
    SECRET_FIELDS.contains(&key)
}

/// Where each element of a list stands by its `name`; `None` where one has none, or two share it.
fn names<'a>(items: &[At<'a>]) -> Option<BTreeMap<&'a str, usize>> {
    let mut names = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        let name = item.value.get("name")?.as_str()?;
        if names.insert(name, at).is_some() {
            return None;
        }
    }
    Some(names)
}

/// A value as it may be shown: a Secret inside of it (in a template, in a list) loses its data.
fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let secret = map.get("kind").and_then(Value::as_str) == Some("Secret");
            let entry = |(key, value): (&String, &Value)| {
                let hidden = key == LAST_APPLIED || secret && is_secret_field(key);
                let shown = if hidden {
                    Value::from("(hidden)")
                } else {
                    without_secrets(value)
                };
                (key.clone(), shown)
            };
            Value::Object(map.iter().map(entry).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_secrets).collect()),
        leaf => leaf.clone(),
    }
}

fn step(path: &str, key: &str) -> String {
    if !is_word(key) {
        return format!("{path}[{}]", Value::from(key));
    }
    if path.is_empty() {
        return key.to_owned();
    }
    format!("{path}.{key}")
}

/// A name, in quotes where it could be taken for something else.
fn word(name: &str) -> String {
    if is_word(name) {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ResourceKey, digest};
    use tollgate_yaml::{Dialect, Limits, parse};

    /// `path: old -> new` for each field that differs.
    fn diff(old: &str, new: &str) -> Vec<String> {
        let (old_sources, new_sources) = (Sources::new(), Sources::new());
        let (old, new) = (manifest(&old_sources, old), manifest(&new_sources, new));
        let side = |setting: &Option<Setting>| match setting {
            None => "nothing".to_owned(),
            Some(it) => {
                let value = match &it.value {
                    Shown::Hidden(_) => "hidden".to_owned(),
                    Shown::Value(value) => value.to_string(),
                };
                let line = it.line.as_ref().map_or(0, |it| it.line);
                format!("{value}@{line}")
            }
        };
        let one = Side {
            manifest: &old,
            sources: &old_sources,
        };
        let two = Side {
            manifest: &new,
            sources: &new_sources,
        };
        fields(one, two)
            .iter()
            .map(|it| format!("{}: {} -> {}", it.path, side(&it.old), side(&it.new)))
            .collect()
    }

    fn manifest(sources: &Sources, text: &str) -> Manifest {
        let file = sources.add("a.yaml", text);
        let documents = parse(text, file, Dialect::Sigs, &Limits::default()).expect("YAML");
        let body = documents.into_iter().next().expect("a document");
        let json = body.to_json().expect("JSON");
        Manifest {
            key: ResourceKey::of(&body),
            digest: digest(json.to_string().as_bytes()),
            body,
            json,
        }
    }

    #[test]
    fn lists_are_matched_by_name_or_by_place() {
        assert_eq!(
            diff(
                "a:\n- {name: x, v: 1}\n- {name: k, v: 1}\nb: [1, 2]\n",
                "a:\n- {name: k, v: 2}\n- {name: x, v: 1}\n- {name: z.z, v: 3}\nb: [1]\n",
            ),
            [
                "a[name=k].v: 1@3 -> 2@2",
                "a[name=\"z.z\"]: nothing -> {\"name\":\"z.z\",\"v\":3}@4",
                "a[order of names]: [\"x\",\"k\"]@1 -> [\"k\",\"x\"]@1",
                "b[1]: 2@4 -> nothing",
            ]
        );
        assert_eq!(
            diff("a: [{name: x}, {name: x}]\n", "a: [{name: x}]\n"),
            ["a[1]: {\"name\":\"x\"}@1 -> nothing"]
        );
    }

    #[test]
    fn types_differ_where_texts_do_not() {
        assert_eq!(
            diff("a: 1\nb: {}\n\"c/d\": null\n", "a: \"1\"\nb: []\n"),
            [
                "a: 1@1 -> \"1\"@1",
                "b: {}@2 -> []@2",
                "[\"c/d\"]: null@3 -> nothing",
            ]
        );
    }

    #[test]
    fn values_of_secrets_do_not_leave() {
        let old = "kind: Secret\ndata: {a: S1}\nmetadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: S2}}\n";
        let new = "kind: Secret\ndata: {a: S3, b: S4}\nstringData: {c: S5}\nmetadata: {annotations: {}}\n";
        let got = diff(old, new);
        assert_eq!(
            got,
            [
                "data.a: hidden@2 -> hidden@2",
                "data.b: nothing -> hidden@2",
                "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]: hidden@3 -> nothing",
                "stringData: nothing -> hidden@3",
            ]
        );
        let inside = "objects:\n- kind: Secret\n  stringData: {a: S1}\n";
        let got = diff(inside, "objects: 1\n");
        assert_eq!(
            got,
            ["objects: [{\"kind\":\"Secret\",\"stringData\":\"(hidden)\"}]@1 -> 1@1"]
        );
        let got = diff(inside, &inside.replace("S1", "S2"));
        assert_eq!(got, ["objects[0].stringData.a: hidden@3 -> hidden@3"]);
    }
}

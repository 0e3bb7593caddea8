//! Secret values in source files: in Secrets, in generators of Secrets, in patches of both.

use super::{Found, Side, Values, is_random};
use crate::model::secret;
use std::sync::Arc;
use tollgate_yaml::{Dialect, Limits, Node, Sources, Span, Value, parse};

/// Texts inside of texts that are followed.
const NESTING: usize = 4;

/// One of these is in every file that may hold a value.
const MARKS: [&str; 8] = [
    "Secret",
    "stringData",
    "secretGenerator",
    "/data",
    "\"op\"",
    "op: ",
    "\\x",
    "\\u",
];

/// Keys whose values are secret wherever the file cannot be read.
const BLOCKS: [&str; 4] = ["data", "stringData", "secretGenerator", "literals"];

fn is_marked(text: &str) -> bool {
    MARKS.iter().any(|it| text.contains(it))
}

impl Found {
    pub(super) fn add_sources(&mut self, sources: &Sources, side: Side) {
        for (id, file) in sources.all() {
            let text = file.text();
            if !is_marked(text) {
                continue;
            }
            let whole = Span::new(id, 0, text.len());
            match parse(text, id, Dialect::Kyaml, &Limits::default()) {
                Ok(documents) => {
                    for document in &documents {
                        let at = Where {
                            sources,
                            side,
                            path: file.path(),
                            within: None,
                            root: true,
                        };
                        self.walk(document, at, 0);
                    }
                }
                // No kind says what the file is: what looks like a Secret is one.
                Err(_) => {
                    self.hide(whole, sources, side);
                    self.values_of(side, file.path())
                        .unreadable
                        .insert(Arc::clone(text));
                }
            }
        }
    }

    /// Depth is limited by the reader.
    fn walk(&mut self, node: &Node, at: Where<'_>, nesting: usize) {
        match &node.value {
            Value::Mapping(map) => {
                // A rule about Secrets, or a schema of them, has neither place.
                let is_manifest = at.root || node.get("metadata").is_some();
                for value in secret::values(node).iter().filter(|_| is_manifest) {
                    self.take(&value.entry.value, at, nesting);
                    self.key(value.entry, at.side, at.path);
                }
                if copies_into_a_name(node) {
                    self.copies = true;
                }
                for value in items_of_a_list(node) {
                    self.take(&value.entry.value, at, nesting);
                }
                let is_generator =
                    node.get("kind").and_then(Node::as_str) == Some("SecretGenerator");
                if is_generator {
                    self.generator(node, at);
                }
                if let Some(value) = patch_value(node) {
                    self.take(value, at, nesting);
                }
                let kind = node.get("kind").and_then(Node::as_str);
                let is_secret = is_manifest && kind.is_some_and(secret::is_secret_kind);
                for entry in map {
                    match &*entry.key.text {
                        // A slip of the pen.
                        key if is_secret && is_like_a_map(key) => {
                            self.take(&entry.value, at, nesting)
                        }
                        "secretGenerator" => {
                            for it in entry.value.as_sequence().unwrap_or_default() {
                                self.generator(it, at);
                            }
                        }
                        // A patch may leave its kind to its target.
                        "stringData" if at.root => self.take(&entry.value, at, nesting),
                        _ => {}
                    }
                    self.walk(&entry.value, Where { root: false, ..at }, nesting);
                }
            }
            Value::Sequence(items) => items.iter().for_each(|it| self.walk(it, at, nesting)),
            Value::Scalar(scalar) if nesting < NESTING && is_marked(&scalar.text) => {
                let within = at.within.or(Some(node.span()));
                let inner = Where {
                    within,
                    root: true,
                    ..at
                };
                // A sentence that mentions Secrets is no manifest.
                match secret::documents(&scalar.text) {
                    Some(documents) => {
                        for document in documents.iter().filter(|it| it.as_scalar().is_none()) {
                            self.walk(document, inner, nesting + 1);
                        }
                    }
                    None if scalar.text.contains('\n') => {
                        self.hide_at(node, at);
                        self.values_of(at.side, at.path)
                            .unreadable
                            .insert(Arc::clone(&scalar.text));
                    }
                    None => {}
                }
            }
            Value::Scalar(_) => {}
        }
    }

    /// A value: every scalar in it.
    fn take(&mut self, node: &Node, at: Where<'_>, nesting: usize) {
        match &node.value {
            Value::Scalar(scalar) => {
                self.values_of(at.side, at.path).known(&scalar.text);
                self.hide_at(node, at);
                self.walk(node, at, nesting);
            }
            Value::Sequence(items) => items.iter().for_each(|it| self.take(it, at, nesting)),
            Value::Mapping(map) => map.iter().for_each(|it| self.take(&it.value, at, nesting)),
        }
    }

    /// The literals of a generator; its files are read when it is rendered. The name of a file that is
    /// not there may be a value that somebody put into the wrong list.
    fn generator(&mut self, node: &Node, at: Where<'_>) {
        for list in ["files", "envs", "env"] {
            let entry = node.get(list);
            let entries = entry
                .and_then(Node::as_sequence)
                .or_else(|| entry.map(std::slice::from_ref));
            for it in entries.unwrap_or_default() {
                let text = it.as_scalar().map_or("", |it| &it.text);
                let name = text.split_once('=').map_or(text, |it| it.1);
                let is_read = |name: &str| {
                    let end = format!("/{name}");
                    let files = at.sources.all();
                    files
                        .iter()
                        .any(|(_, it)| it.path().ends_with(&end) || it.path() == name)
                };
                if is_random(name) && !is_read(name) {
                    self.values_of(at.side, at.path).guess(name);
                }
            }
        }
        for entry in node.as_mapping().into_iter().flatten() {
            match &*entry.key.text {
                "apiVersion" | "kind" | "metadata" | "name" | "namespace" | "behavior" | "type"
                | "options" => {}
                // What is no text here is a value in the wrong place.
                "files" | "envs" | "env" => {
                    let items = entry.value.as_sequence().unwrap_or_default().iter();
                    let wrong = items.filter(|it| it.as_scalar().is_none());
                    wrong.for_each(|it| self.literals(it, at));
                    if entry.value.as_mapping().is_some() {
                        self.literals(&entry.value, at);
                    }
                }
                // Literals, also under a key that is misspelt.
                _ => self.literals(&entry.value, at),
            }
        }
    }

    /// `password=hunter2`, in whatever it stands.
    fn literals(&mut self, node: &Node, at: Where<'_>) {
        match &node.value {
            Value::Sequence(items) => items.iter().for_each(|it| self.literals(it, at)),
            Value::Mapping(map) => map.iter().for_each(|it| self.literals(&it.value, at)),
            Value::Scalar(scalar) => {
                let text = &scalar.text;
                let value = text.split_once('=').map_or(&**text, |it| it.1);
                let values = self.values_of(at.side, at.path);
                values.known(&Arc::from(value));
                values.known(&Arc::from(value.trim_matches(['"', '\''])));
                self.hide_at(node, at);
            }
        }
    }

    fn hide_at(&mut self, node: &Node, at: Where<'_>) {
        self.hide(
            at.within.unwrap_or_else(|| node.span()),
            at.sources,
            at.side,
        );
    }

    fn values_of(&mut self, side: Side, path: &str) -> &mut Values {
        self.values.entry((side, path.to_owned())).or_default()
    }
}

/// What may be a value in a text that is no YAML: everything in or below a key of [`BLOCKS`], or
/// all of it where no such key is.
pub(super) fn unreadable(text: &str, guess: &mut dyn FnMut(&str)) {
    let mut any = false;
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let inner = line.trim_start().trim_start_matches("- ");
        let starts = BLOCKS.iter().any(|it| {
            let quoted = inner.trim_start_matches(['{', ' ', '"', '\'']);
            quoted.strip_prefix(it).is_some_and(|it| {
                it.trim_start_matches(['"', '\''])
                    .trim_start()
                    .starts_with(':')
            })
        });
        let flow = BLOCKS
            .iter()
            .any(|it| line.contains(&format!("\"{it}\"")) || line.contains(&format!("{{{it}:")));
        if starts || flow {
            block = block.or(Some(indent));
            any = true;
        } else if block
            .is_some_and(|it| indent < it || (indent == it && !line.trim_start().starts_with('-')))
            && !line.trim().is_empty()
        {
            block = None;
        }
        if block.is_some() {
            tokens(line, guess);
        }
    }
    if !any {
        text.lines().for_each(|it| tokens(it, guess));
    }
}

fn tokens(line: &str, guess: &mut dyn FnMut(&str)) {
    let after = line.split_once([':', '=']).map_or("", |it| it.1);
    for part in [after, line.trim_start_matches(['-', ' '])] {
        guess(part.trim());
        guess(
            part.trim()
                .trim_matches(['"', '\'', ',', '{', '}', '[', ']']),
        );
    }
    let edges = |it: char| it.is_whitespace() || "{}[],\"':=".contains(it);
    for token in line.split(edges).filter(|it| !BLOCKS.contains(it)) {
        guess(token);
    }
    // base64 ends in `=`.
    for token in line.split(|it: char| edges(it) && it != '=') {
        guess(token);
    }
}

/// The values of the items of a `SecretList`, which need not say their kind.
fn items_of_a_list(node: &Node) -> Vec<secret::SecretValue<'_>> {
    let kind = node.get("kind").and_then(Node::as_str);
    let of = kind.and_then(|it| it.strip_suffix("List"));
    let items = node.get("items").and_then(Node::as_sequence);
    match of.filter(|it| secret::is_secret_kind(it)) {
        Some(of) => {
            let items = items.unwrap_or_default().iter();
            items.flat_map(|it| secret::values_of(of, it)).collect()
        }
        None => Vec::new(),
    }
}

/// Whether a replacement copies a value of a Secret into the name or the namespace of something.
fn copies_into_a_name(node: &Node) -> bool {
    let text = |key| node.get("source")?.get(key)?.as_str();
    if text("kind").is_some_and(|it| !secret::is_secret_kind(it)) {
        return false;
    }
    let source = text("fieldPath").unwrap_or_default();
    let from = secret::MAPS.iter().any(|it| {
        let rest = source.strip_prefix(it);
        rest.is_some_and(|it| it.is_empty() || it.starts_with(['.', '[']))
    });
    let targets = node.get("targets").and_then(Node::as_sequence);
    let names = |target: &Node| match target.get("fieldPaths").and_then(Node::as_sequence) {
        Some(paths) => paths.iter().any(|it| {
            let path = it.as_str().unwrap_or_default();
            path.starts_with("metadata.name")
        }),
        None => true,
    };
    from && targets.is_some_and(|it| it.iter().any(names))
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Where<'a> {
    sources: &'a Sources,
    side: Side,
    path: &'a str,
    /// The scalar around a text inside of a text, which has no lines of its own.
    within: Option<Span>,
    /// Whether it is a whole document.
    root: bool,
}

/// The value of a JSON patch operation on a Secret's maps. Its target may be a ConfigMap; then the
/// line is hidden for nothing.
fn patch_value(node: &Node) -> Option<&Node> {
    let path = node.get("path").and_then(Node::as_str)?;
    node.get("op")?;
    let path = path.strip_prefix('/').unwrap_or(path);
    let first = path.split('/').next().unwrap_or_default();
    node.get("value").filter(|_| is_like_a_map(first))
}

/// Whether a name is one of a Secret's maps, or nearly so.
fn is_like_a_map(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut maps = secret::MAPS.iter();
    maps.any(|it| strsim::osa_distance(&it.to_ascii_lowercase(), &name) <= it.len() / 4)
}

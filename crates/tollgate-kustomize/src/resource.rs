//! A resource while it is being rendered.

use crate::{
    id::{Gvk, ResourceId},
    provenance::History,
    shared::SharedLeaf,
};
use std::sync::Arc;
use tollgate_yaml::{Dialect, Node, Scalar, Style, Tag, Value, resolve};

/// A resource and what kustomize must remember of it until names are fixed up.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The object as it stands now. Every field knows which line set it.
    pub body: Node,
    /// The ids that it had before each rename, the oldest first, with namespaces as they count
    /// ([`ResourceId::effective`]). Read them through [`Resource::previous_ids`].
    pub previous: Vec<ResourceId>,
    /// Prefixes that were put before its name, in order.
    pub prefixes: Vec<Arc<str>>,
    /// Suffixes that were put behind its name, in order.
    pub suffixes: Vec<Arc<str>>,
    /// Whether its name gets a content hash at the end of the build.
    pub needs_hash: bool,
    /// Names of the `vars` that read a field of it.
    pub read_by: Vec<Arc<str>>,
    /// Leaves that several of its fields have in common.
    pub(crate) shared: Vec<SharedLeaf>,
    /// Its way through the build, where `buildMetadata` asks for it.
    pub(crate) history: History,
}

/// What kustomize remembers of a resource in its annotations. Whoever replaces those as a whole
/// replaces it too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    previous: Vec<ResourceId>,
    prefixes: Vec<Arc<str>>,
    suffixes: Vec<Arc<str>>,
    needs_hash: bool,
    read_by: Vec<Arc<str>>,
    history: History,
}

impl Resource {
    /// A resource that no transformer has touched yet.
    pub fn new(body: Node) -> Self {
        Self {
            body,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            needs_hash: false,
            read_by: Vec::new(),
            shared: Vec::new(),
            history: History::default(),
        }
    }

    /// Group, version and kind as they stand now.
    pub fn gvk(&self) -> Gvk {
        let text = |key| {
            self.body
                .get(key)
                .and_then(Node::as_scalar)
                .filter(|it| it.tag != Tag::Null)
                .map_or("", |it| &it.text)
        };
        Gvk::from_api_version(text("apiVersion"), text("kind"))
    }

    /// `metadata.name`; empty where there is none.
    pub fn name(&self) -> &str {
        self.metadata("name").map_or("", |it| &it.text)
    }

    /// `metadata.namespace` as written; empty where there is none.
    pub fn namespace(&self) -> &str {
        self.metadata("namespace").map_or("", |it| &it.text)
    }

    fn metadata(&self, key: &str) -> Option<&Scalar> {
        let scalar = self.body.get("metadata")?.get(key)?.as_scalar()?;
        Some(scalar).filter(|it| it.tag != Tag::Null)
    }

    /// The id as it stands now.
    pub fn id(&self) -> ResourceId {
        let text = |key| {
            self.metadata(key)
                .map_or_else(|| Arc::from(""), |it| it.text.clone())
        };
        ResourceId {
            gvk: self.gvk(),
            name: text("name"),
            namespace: text("namespace"),
        }
    }

    /// Remember the id as it stands now, because it is about to change.
    pub fn store_previous_id(&mut self) {
        self.previous.push(self.id().effective());
    }

    /// What kustomize keeps in annotations of the resource.
    pub(crate) fn notes(&self) -> Notes {
        Notes {
            previous: self.previous.clone(),
            prefixes: self.prefixes.clone(),
            suffixes: self.suffixes.clone(),
            needs_hash: self.needs_hash,
            read_by: self.read_by.clone(),
            history: self.history.clone(),
        }
    }

    /// Put `notes` in the place of its own, because the annotations that hold them were replaced as a
    /// whole.
    pub(crate) fn set_notes(&mut self, notes: Notes) {
        let Notes {
            previous,
            prefixes,
            suffixes,
            needs_hash,
            read_by,
            history,
        } = notes;
        self.previous = previous;
        self.prefixes = prefixes;
        self.suffixes = suffixes;
        self.needs_hash = needs_hash;
        self.read_by = read_by;
        self.history = history;
    }

    /// The ids that it had before, the oldest first. kustomize remembers kinds, names and
    /// namespaces, and reads group and version from the object as it stands now.
    pub fn previous_ids(&self) -> impl Iterator<Item = ResourceId> + '_ {
        let now = self.gvk();
        self.previous.iter().map(move |it| ResourceId {
            gvk: Gvk {
                kind: it.gvk.kind.clone(),
                ..now.clone()
            },
            ..it.clone()
        })
    }

    /// Whether any id that it has or had satisfies `wanted`.
    pub fn has_id(&self, wanted: impl Fn(&ResourceId) -> bool) -> bool {
        self.previous_ids().any(|it| wanted(&it)) || wanted(&self.id())
    }

    /// Whether this is or was the object that `wanted` means.
    pub fn is_or_was(&self, wanted: &ResourceId) -> bool {
        // Names alone tell nearly all others apart, without making their ids.
        let named =
            &*wanted.name == self.name() || self.previous.iter().any(|it| it.name == wanted.name);
        named && self.has_id(|it| it.means_same(wanted))
    }

    /// The id that it had first.
    pub fn original_id(&self) -> ResourceId {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }
}

/// Text as kustomize writes it over a leaf: in the quotes that were there, so that without quotes
/// `1` becomes a number.
pub(crate) fn rewritten(old: &Scalar, text: Arc<str>) -> Scalar {
    // A string that needs quotes and was made by a transformer counts as quoted.
    let quoted = old.style != Style::Plain
        || (old.tag == Tag::Str && resolve(&old.text, Dialect::Kyaml) != Tag::Str);
    let tag = match quoted {
        true => Tag::Str,
        false => resolve(&text, Dialect::Kyaml),
    };
    let style = match (quoted, old.style) {
        (true, Style::Plain) => Style::DoubleQuoted,
        (_, style) => style,
    };
    Scalar { text, tag, style }
}

/// Text that was written after `>` and is written anew is no longer printed so.
pub(crate) fn forget_folding(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) if scalar.style == Style::Folded => scalar.style = Style::Literal,
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter_mut().for_each(forget_folding),
        Value::Mapping(map) => map.iter_mut().for_each(|it| forget_folding(&mut it.value)),
    }
}

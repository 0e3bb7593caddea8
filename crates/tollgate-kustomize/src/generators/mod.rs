//! `configMapGenerator` and `secretGenerator`. Source: `api/internal/generators`, `api/kv`.

mod sources;

use crate::{
    build::Scope,
    error::BuildError,
    kustomization::{GeneratorArgs, GeneratorOptions, Text, TextPair},
    resource::Resource,
};
use sources::Pair;
use std::collections::BTreeMap;
use std::sync::Arc;
use tollgate_yaml::{Dialect, Key, Mapping, Node, Origin, Scalar, Span, Style, Tag, Value};

/// Base64 is broken into lines of this length.
const BASE64_LINE: usize = 70;

/// A generated resource, and how it joins those that are there.
#[derive(Clone, Debug)]
pub(crate) struct Generated {
    pub(crate) resource: Resource,
    pub(crate) behavior: Behavior,
    /// The entry that asked for it.
    pub(crate) span: Span,
}

/// How a generated resource joins those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// It must be new.
    Create,
    /// Its data is added to that of one that is there.
    Merge,
    /// It takes the place of one that is there.
    Replace,
}

/// Which kind of resource is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneratorKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl Behavior {
    /// From text; what kustomize does not know counts as `create`.
    pub(crate) fn new(text: Option<&str>) -> Self {
        match text {
            Some("merge") => Self::Merge,
            Some("replace") => Self::Replace,
            _ => Self::Create,
        }
    }
}

/// Generate what the kustomization asks for: ConfigMaps, then Secrets.
pub(crate) fn run(scope: &Scope<'_>) -> Result<Vec<Generated>, BuildError> {
    let kustomization = &scope.kustomization;
    let common = kustomization.generator_options.as_ref();
    let config_maps = kustomization.config_maps.iter();
    let secrets = kustomization.secrets.iter();
    config_maps
        .map(|it| (it, GeneratorKind::ConfigMap))
        .chain(secrets.map(|it| (it, GeneratorKind::Secret)))
        .map(|(args, kind)| generate(args, kind, common, scope))
        .collect()
}

/// Generate one resource. Options that `common` gives fill the gaps of the entry's own.
pub(crate) fn generate(
    args: &GeneratorArgs,
    kind: GeneratorKind,
    common: Option<&GeneratorOptions>,
    scope: &Scope<'_>,
) -> Result<Generated, BuildError> {
    let Some(name) = &args.name else {
        return Err(BuildError::new(args.span, "a generator without `name`"));
    };
    let here = Origin::Derived {
        by: args.span,
        over: None,
    };
    let mut body = Mapping::new();
    let mut set = |key: &str, node: Node| {
        body.set(key, node);
    };
    set("apiVersion", Node::string("v1", here));
    let kind_name = match kind {
        GeneratorKind::ConfigMap => "ConfigMap",
        GeneratorKind::Secret => "Secret",
    };
    set("kind", Node::string(kind_name, here));
    set("metadata", metadata(args, name, common, here));
    let pairs = distinct(sources::load(args, scope)?, args)?;
    match kind {
        GeneratorKind::ConfigMap => {
            let (text, binary): (Vec<Pair>, Vec<Pair>) = pairs
                .into_iter()
                .partition(|it| std::str::from_utf8(&it.value).is_ok());
            if !text.is_empty() {
                set(
                    "data",
                    map(text, here, |value| {
                        Arc::from(String::from_utf8_lossy(value))
                    }),
                );
            }
            if !binary.is_empty() {
                set("binaryData", map(binary, here, base64));
            }
        }
        GeneratorKind::Secret => {
            let secret_type = args.secret_type.as_ref();
            let text = secret_type.map_or("Opaque", |it| &it.value);
            let by = secret_type.map_or(args.span, |it| it.span);
            set(
                "type",
                Node::string(text, Origin::Derived { by, over: None }),
            );
            set("data", map(pairs, here, base64));
        }
    }
    let own = args.options.as_ref();
    if let Some(options) = [own, common].into_iter().flatten().find(|it| it.immutable) {
        let scalar = Scalar {
            text: Arc::from("true"),
            tag: Tag::Bool,
            style: Style::Plain,
        };
        let origin = Origin::Derived {
            by: options.span,
            over: None,
        };
        set("immutable", Node::new(Value::Scalar(scalar), origin));
    }
    let mut resource = Resource::new(Node::mapping(body, here));
    resource.needs_hash = ![own, common]
        .into_iter()
        .flatten()
        .any(|it| it.disable_name_suffix_hash);
    Ok(Generated {
        resource,
        behavior: Behavior::new(args.behavior.as_deref()),
        span: args.span,
    })
}

fn metadata(
    args: &GeneratorArgs,
    name: &Text,
    common: Option<&GeneratorOptions>,
    here: Origin,
) -> Node {
    let mut metadata = Mapping::new();
    metadata.set("name", text(name));
    if let Some(namespace) = &args.namespace {
        metadata.set("namespace", text(namespace));
    }
    let own = args.options.as_ref();
    let labels = own.map(|it| &it.labels).into_iter();
    let labels = both(labels.chain(common.map(|it| &it.labels)));
    let annotations = own.map(|it| &it.annotations).into_iter();
    let annotations = both(annotations.chain(common.map(|it| &it.annotations)));
    for (key, pairs) in [("labels", labels), ("annotations", annotations)] {
        if !pairs.is_empty() {
            metadata.set(key, Node::mapping(pairs, here));
        }
    }
    Node::mapping(metadata, here)
}

/// The pairs of all lists; where a key stands in several, the first counts.
fn both<'a>(lists: impl Iterator<Item = &'a Vec<TextPair>>) -> Mapping {
    let mut map = Mapping::new();
    for pair in lists.flatten() {
        if !map.contains_key(&pair.key) {
            let origin = derived(pair.key.span);
            let key = Key::plain(pair.key.value.clone(), Dialect::Kyaml, origin);
            map.insert(key, text(&pair.value));
        }
    }
    map
}

fn derived(by: Span) -> Origin {
    Origin::Derived { by, over: None }
}

fn text(text: &Text) -> Node {
    Node::string(text.value.clone(), derived(text.span))
}

/// Refuse keys that come twice; sorted by key.
fn distinct(pairs: Vec<Pair>, args: &GeneratorArgs) -> Result<Vec<Pair>, BuildError> {
    let mut known: BTreeMap<Arc<str>, Pair> = BTreeMap::new();
    for pair in pairs {
        let span = pair.origin.edit_here();
        let key = pair.key.clone();
        if known.insert(pair.key.clone(), pair).is_some() {
            let name = args.name.as_deref().unwrap_or_default();
            return Err(BuildError::new(
                if span.is_some() { span } else { args.span },
                format!("`{name}` gets the key `{key}` twice"),
            ));
        }
    }
    Ok(known.into_values().collect())
}

fn map(pairs: Vec<Pair>, origin: Origin, encode: impl Fn(&[u8]) -> Arc<str>) -> Node {
    let entries = pairs.into_iter().map(|pair| tollgate_yaml::Entry {
        key: Key::plain(pair.key, Dialect::Kyaml, pair.origin),
        value: Node::string(encode(&pair.value), pair.origin),
    });
    Node::mapping(entries.collect(), origin)
}

/// Base64, in lines where it is long. Source: kyaml `yaml/datamap.go`.
fn base64(bytes: &[u8]) -> Arc<str> {
    let plain = data_encoding::BASE64.encode(bytes);
    if plain.len() < BASE64_LINE {
        return Arc::from(plain);
    }
    let mut out = String::with_capacity(plain.len() + plain.len() / BASE64_LINE + 1);
    let mut rest = &*plain;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(BASE64_LINE));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    Arc::from(out)
}

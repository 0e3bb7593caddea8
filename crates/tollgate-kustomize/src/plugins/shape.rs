//! What configuration objects of transformers hold. Their reader ignores fields that it does not
//! know, and takes numbers and booleans for text where text is wanted.
//! Source: `sigs.k8s.io/yaml`, `convertToJSONableObject`.

use tollgate_yaml::{Entry, Mapping, Node, Scalar, Tag, Value};

/// What a field holds.
pub(super) enum Shape {
    /// Text, as which numbers and booleans count.
    Text,
    /// What its own reader checks. Fields of structures that Go embeds are among these: the reader
    /// does not look into them for the type that is wanted.
    Strict,
    /// A map of texts.
    Texts,
    /// A list.
    List(&'static Shape),
    /// A map of known fields.
    Map(&'static [(&'static str, Shape)]),
}

use Shape::{List, Map, Strict, Text, Texts};

/// The fields of all transformers, which nowhere mean two things.
pub(super) const TRANSFORMER: Shape = Map(&[
    ("annotations", Texts),
    ("fieldSpecs", List(&FIELD_SPEC)),
    (
        "imageTag",
        Map(&[
            ("digest", Text),
            ("name", Text),
            ("newName", Text),
            ("newTag", Text),
            ("tagSuffix", Text),
        ]),
    ),
    ("jsonOp", Text),
    ("labels", Texts),
    (
        "metadata",
        Map(&[
            ("annotations", Texts),
            ("labels", Texts),
            ("name", Text),
            ("namespace", Text),
        ]),
    ),
    (
        "options",
        Map(&[("allowKindChange", Strict), ("allowNameChange", Strict)]),
    ),
    ("patch", Text),
    ("patches", Text),
    ("path", Text),
    ("paths", List(&Text)),
    ("prefix", Text),
    ("replacements", List(&REPLACEMENT)),
    ("replica", Map(&[("count", Strict), ("name", Text)])),
    ("setRoleBindingSubjects", Text),
    ("suffix", Text),
    ("target", SELECTOR),
    ("targetFilePath", Text),
    ("targets", List(&TARGET)),
    ("unsetOnly", Strict),
    ("value", Text),
]);

/// A file of targets for a `ValueAddTransformer`.
pub(super) const TARGETS: Shape = Map(&[("targets", List(&TARGET))]);

const TARGET: Shape = Map(&[
    ("fieldPath", Text),
    ("filePathPosition", Strict),
    ("selector", SELECTOR),
]);

const FIELD_SPEC: Shape = Map(&[
    ("create", Strict),
    ("group", Strict),
    ("kind", Strict),
    ("path", Text),
    ("version", Strict),
]);

const SELECTOR: Shape = Map(&[
    ("annotationSelector", Text),
    ("group", Strict),
    ("kind", Strict),
    ("labelSelector", Text),
    ("name", Strict),
    ("namespace", Strict),
    ("version", Strict),
]);

const FIELD_OPTIONS: Shape = Map(&[
    ("create", Strict),
    ("delimiter", Strict),
    ("encoding", Strict),
    ("index", Strict),
]);

const REPLACEMENT: Shape = Map(&[
    ("path", Text),
    (
        "source",
        Map(&[
            ("fieldPath", Strict),
            ("group", Strict),
            ("kind", Strict),
            ("name", Strict),
            ("namespace", Strict),
            ("options", FIELD_OPTIONS),
            ("version", Strict),
        ]),
    ),
    ("sourceValue", Strict),
    (
        "targets",
        List(&Map(&[
            ("fieldPaths", Strict),
            ("options", FIELD_OPTIONS),
            ("reject", List(&SELECTOR)),
            ("select", SELECTOR),
        ])),
    ),
]);

impl Shape {
    /// The node without fields that are not known, and with texts where texts are wanted.
    pub(super) fn fit(&self, node: &Node) -> Node {
        let value = match (self, &node.value) {
            (Text, Value::Scalar(scalar)) => Value::Scalar(text(scalar)),
            (Texts, Value::Mapping(map)) => Value::Mapping(fields(map, |_| Some(&Text))),
            (List(item), Value::Sequence(items)) => {
                Value::Sequence(items.iter().map(|it| item.fit(it)).collect())
            }
            (Map(known), Value::Mapping(map)) => Value::Mapping(fields(map, |key| {
                let same = |it: &&(&str, Self)| it.0.eq_ignore_ascii_case(key);
                known.iter().find(same).map(|it| &it.1)
            })),
            _ => return node.clone(),
        };
        Node::new(value, node.origin)
    }
}

/// The fields of a map that have a shape.
fn fields<'a>(map: &Mapping, shape: impl Fn(&str) -> Option<&'a Shape>) -> Mapping {
    let fit = |entry: &Entry| {
        Some(Entry {
            key: entry.key.clone(),
            value: shape(&entry.key.text)?.fit(&entry.value),
        })
    };
    map.iter().filter_map(fit).collect()
}

fn text(scalar: &Scalar) -> Scalar {
    let text = match scalar.tag {
        Tag::Bool => Some(scalar.is_true().to_string()),
        Tag::Int | Tag::Float => scalar.number().map(|it| it.to_string()),
        Tag::Null | Tag::Str | Tag::Timestamp | Tag::Binary => None,
    };
    text.map_or_else(|| scalar.clone(), Scalar::string)
}

//! Strict reading of maps the way Kyverno's decoder reads them.
//!
//! Source: `sigs.k8s.io/yaml` `UnmarshalStrict` over Go's `encoding/json`: unknown keys are errors,
//! keys match without regard to case, null leaves a field unset, and numbers and booleans become
//! text where text is wanted.

use super::fault::SuiteError;
use std::collections::BTreeMap;
use tollgate_yaml::{Entry, Node, Span, Tag, Value};

/// A map whose keys are all known.
pub(super) struct Fields<'a> {
    entries: Vec<&'a Entry>,
    span: Span,
}

impl<'a> Fields<'a> {
    /// Read `node` as `what`, whose keys are `known`.
    pub(super) fn of(node: &'a Node, what: &str, known: &[&str]) -> Result<Self, SuiteError> {
        let span = node.span();
        if node.is_null() {
            let entries = Vec::new();
            return Ok(Self { entries, span });
        }
        let Some(map) = node.as_mapping() else {
            let found = node.type_name();
            return Err(SuiteError::new(
                span,
                format!("{what} is a map, but here stands {found}"),
            ));
        };
        let mut seen = BTreeMap::new();
        for entry in map {
            let key = &*entry.key.text;
            let at = entry.key.origin.edit_here();
            if !known.iter().any(|it| it.eq_ignore_ascii_case(key)) {
                return Err(SuiteError::new(at, unknown(key, what, known)));
            }
            if let Some(first) = seen.insert(key.to_ascii_lowercase(), key) {
                return Err(SuiteError::new(
                    at,
                    format!("`{first}` and `{key}` are the same field of {what}: remove one"),
                ));
            }
        }
        Ok(Self {
            entries: map.iter().collect(),
            span,
        })
    }

    /// Where the map stands.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The value of a field; `None` where it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|it| it.key.text.eq_ignore_ascii_case(key))
            .map(|it| &it.value)
            .filter(|it| !it.is_null())
    }

    /// A field that holds text; empty where it is absent.
    pub(super) fn text(&self, key: &str) -> Result<String, SuiteError> {
        self.get(key).map_or_else(|| Ok(String::new()), text)
    }

    /// A field that holds a boolean; false where it is absent.
    pub(super) fn flag(&self, key: &str) -> Result<bool, SuiteError> {
        let Some(node) = self.get(key) else {
            return Ok(false);
        };
        match node.as_scalar() {
            Some(scalar) if scalar.tag == Tag::Bool => Ok(scalar.is_true()),
            _ => Err(wants(node, "true or false")),
        }
    }

    /// A field that holds a list; empty where it is absent.
    pub(super) fn list(&self, key: &str) -> Result<&'a [Node], SuiteError> {
        let Some(node) = self.get(key) else {
            return Ok(&[]);
        };
        node.as_sequence().ok_or_else(|| wants(node, "a list"))
    }

    /// A field that holds a list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<Named>, SuiteError> {
        self.list(key)?.iter().map(Named::of).collect()
    }

    /// A field that holds one text, with its place; `None` where it is absent or empty.
    pub(super) fn named(&self, key: &str) -> Result<Option<Named>, SuiteError> {
        let named = self.get(key).map(Named::of).transpose()?;
        Ok(named.filter(|it| !it.text.is_empty()))
    }
}

/// A text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) text: String,
    pub(super) span: Span,
}

impl Named {
    fn of(node: &Node) -> Result<Self, SuiteError> {
        Ok(Self {
            text: text(node)?,
            span: node.span(),
        })
    }
}

/// A scalar as text. Null is the empty text.
pub(super) fn text(node: &Node) -> Result<String, SuiteError> {
    let Some(scalar) = node.as_scalar() else {
        return Err(wants(node, "text"));
    };
    Ok(match scalar.tag {
        Tag::Null => String::new(),
        Tag::Bool => scalar.is_true().to_string(),
        Tag::Int | Tag::Float => scalar
            .number()
            .map_or_else(|| scalar.text.to_string(), |it| it.to_string()),
        Tag::Str | Tag::Timestamp | Tag::Binary => scalar.text.to_string(),
    })
}

/// A map of texts; empty for null.
pub(super) fn text_map(node: Option<&Node>) -> Result<BTreeMap<String, String>, SuiteError> {
    let entries = entries(node)?;
    entries
        .map(|it| Ok((it.key.text.to_string(), text(&it.value)?)))
        .collect()
}

/// A map of any JSON; empty for null.
pub(super) fn json_map(
    node: Option<&Node>,
) -> Result<BTreeMap<String, serde_json::Value>, SuiteError> {
    let entries = entries(node)?;
    entries
        .map(|it| Ok((it.key.text.to_string(), it.value.to_json()?)))
        .collect()
}

/// The entries of a map; none for null.
pub(super) fn entries(node: Option<&Node>) -> Result<impl Iterator<Item = &Entry>, SuiteError> {
    let map = match node.map(|it| (it, &it.value)) {
        None => None,
        Some((_, Value::Mapping(map))) => Some(map),
        Some((node, _)) if node.is_null() => None,
        Some((node, _)) => return Err(wants(node, "a map")),
    };
    Ok(map.into_iter().flatten())
}

fn wants(node: &Node, wanted: &str) -> SuiteError {
    SuiteError::new(
        node.span(),
        format!(
            "{wanted} is wanted here, but here stands {}",
            node.type_name()
        ),
    )
}

fn unknown(key: &str, what: &str, known: &[&str]) -> String {
    let renamed = match key {
        "resource" => Some("write `resources: [...]`"),
        "patchedResource" => Some("write `patchedResources`"),
        "status" => Some("write `result`"),
        "namespace" => Some("write the namespace into `resources`, as `namespace/name`"),
        _ => None,
    };
    let advice = match (renamed, super::nearest::nearest(key, known.iter().copied())) {
        (Some(advice), _) => advice.to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("it has {}", known.join(", ")),
    };
    format!("{what} has no field `{key}`: {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::{Dialect, Limits, Sources, parse};

    fn node(text: &str) -> Node {
        let file = Sources::new().add("t.yaml", text);
        let documents = parse(text, file, Dialect::Sigs, &Limits::default());
        documents.expect("valid YAML").remove(0)
    }

    #[test]
    fn keys_match_without_regard_to_case_and_must_be_known() {
        let tree = node("isMUtatingPolicy: true\nrule: 12\nlist: [a, 1, yes]\nnone:\n");
        let known = ["isMutatingPolicy", "rule", "list", "none"];
        let fields = Fields::of(&tree, "a row", &known).expect("all keys are known");
        assert_eq!(fields.flag("isMutatingPolicy"), Ok(true));
        assert_eq!(fields.text("rule").as_deref(), Ok("12"));
        assert_eq!(fields.text("none").as_deref(), Ok(""));
        let texts = fields.texts("list").expect("a list");
        let texts: Vec<&str> = texts.iter().map(|it| &*it.text).collect();
        assert_eq!(texts, ["a", "1", "true"]);

        let slip = node("polici: 1");
        let error = Fields::of(&slip, "a row", &["policy"]);
        let message = error.err().expect("unknown key").message;
        assert_eq!(
            message,
            "a row has no field `polici`: did you mean `policy`?"
        );
        let twice = node("a: 1\nA: 2");
        let error = Fields::of(&twice, "a row", &["a"]);
        assert!(error.is_err(), "two spellings of one field");
        assert!(Fields::of(&node("[a]"), "a row", &[]).is_err());
        assert!(fields.flag("rule").is_err());
        assert!(fields.list("rule").is_err());
        assert!(text_map(tree.get("list")).is_err());
    }
}

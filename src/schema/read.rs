//! Schemas as text, read into nodes: those of a definition strictly, as they come from the repository.

use super::{
    formats,
    node::{Limits, List, Node, Pattern, Ref, Rest, Types},
};
use serde_json::{Map, Value};

/// Schemas inside of each other.
const DEPTH: usize = 100;

/// Schemas of one version of a definition.
const SCHEMAS: usize = 200_000;

/// Keywords that an API server refuses in a definition, and that could lead out of it.
const FORBIDDEN: &[&str] = &[
    "$ref",
    "$id",
    "id",
    "$dynamicRef",
    "$recursiveRef",
    "definitions",
    "dependencies",
    "patternProperties",
    "additionalItems",
];

/// Where a definition of Kubernetes stands, by its name.
type Find<'a> = &'a dyn Fn(&str) -> Option<usize>;

/// Reads the schemas of one version of a definition, or one of Kubernetes' own.
pub(super) struct Reader<'a> {
    /// Where Kubernetes' definitions stand, by name; `None` for a definition of the repository.
    own: Option<Find<'a>>,
    minor: u32,
    /// The definition of what every object has.
    metadata: Option<usize>,
    /// Schemas that may still come.
    left: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn of_kubernetes(find: Find<'a>) -> Self {
        Self {
            own: Some(find),
            minor: 0,
            metadata: None,
            left: SCHEMAS,
        }
    }

    pub(super) fn of_definition(minor: u32, metadata: Option<usize>) -> Self {
        Self {
            own: None,
            minor,
            metadata,
            left: SCHEMAS,
        }
    }

    /// A reference, or a schema of its own.
    pub(super) fn child(
        &mut self,
        schema: &Value,
        depth: usize,
        structural: bool,
    ) -> Result<Ref, String> {
        if let (Some(find), Some(name)) = (self.own, schema.get("$ref").and_then(Value::as_str)) {
            let name = name.rsplit('/').next().unwrap_or(name);
            return find(name)
                .map(Ref::Named)
                .ok_or_else(|| format!("`{name}` is not defined"));
        }
        Ok(Ref::Own(Box::new(self.node(schema, depth, structural)?)))
    }

    /// One schema. `structural` is false inside of `allOf`, `anyOf`, `oneOf` and `not`, which only
    /// narrow what the schema around them lists.
    pub(super) fn node(
        &mut self,
        schema: &Value,
        depth: usize,
        structural: bool,
    ) -> Result<Node, String> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or("its schema is larger than the gate reads")?;
        if depth > DEPTH {
            return Err("its schema is deeper than the gate reads".to_owned());
        }
        let Some(from) = schema.as_object() else {
            return Err("its schema holds something else where a schema must be".to_owned());
        };
        if let Some(word) = FORBIDDEN.iter().find(|it| from.contains_key(**it))
            && self.own.is_none()
        {
            return Err(format!(
                "its schema uses `{word}`, which a definition may not"
            ));
        }
        let keyword = Keywords(from);
        let mut node = Node {
            types: keyword.types()?,
            nullable: keyword.flag("nullable")?,
            required: keyword.texts("required")?,
            options: keyword.list("enum")?.to_vec(),
            limits: keyword.limits()?,
            keeps: keyword.flag("x-kubernetes-preserve-unknown-fields")?,
            default: from.get("default").filter(|it| !it.is_null()).cloned(),
            list: keyword.set_apart(self.own.is_some())?,
            ..Node::default()
        };
        if let Some(text) = keyword.text("pattern")?.filter(|it| !it.is_empty()) {
            node.pattern = Some(Pattern::new(text)?);
        }
        self.format(&keyword, &mut node)?;
        self.children(&keyword, &mut node, depth, structural)?;
        if structural && keyword.flag("x-kubernetes-embedded-resource")? {
            node.required
                .extend(["apiVersion".to_owned(), "kind".to_owned()]);
            self.whole(&mut node);
        }
        Ok(node)
    }

    fn format(&self, keyword: &Keywords<'_>, node: &mut Node) -> Result<(), String> {
        let Some(name) = keyword.text("format")? else {
            return Ok(());
        };
        if self.own.is_some() {
            node.format = formats::of_kubernetes(name);
            return Ok(());
        }
        match node.types {
            Types::INTEGER => node.limits.narrow = name == "int32",
            Types::NUMBER => node.limits.single = name == "float",
            it if it.is_empty() || it == Types::STRING => {
                node.format = formats::of(name, self.minor);
            }
            _ => {}
        }
        Ok(())
    }

    fn children(
        &mut self,
        keyword: &Keywords<'_>,
        node: &mut Node,
        depth: usize,
        structural: bool,
    ) -> Result<(), String> {
        if let Some(properties) = keyword.map("properties")? {
            for (name, it) in properties {
                let child = self.child(it, depth + 1, structural)?;
                node.properties.insert(name.clone(), child);
            }
        }
        if let Some(items) = keyword.0.get("items") {
            node.items = Some(self.child(items, depth + 1, structural)?);
        }
        if let Some(of_keys) = keyword.map("propertyNames")?
            && self.own.is_some()
        {
            let format = of_keys.get("format").and_then(Value::as_str);
            node.keys = format.and_then(formats::of_kubernetes);
        }
        node.rest = match keyword.0.get("additionalProperties") {
            Some(Value::Bool(true)) => Rest::Anything,
            Some(Value::Bool(false)) => Rest::Nothing,
            Some(it) => Rest::Fitting(self.child(it, depth + 1, structural)?),
            None => {
                // OpenAPI of Kubernetes says of every closed map that it is one.
                node.keeps |= self.own.is_some() && node.items.is_none();
                Rest::Nothing
            }
        };
        for (name, into) in [
            ("allOf", &mut node.all),
            ("anyOf", &mut node.any),
            ("oneOf", &mut node.one),
        ] {
            for it in keyword.list(name)? {
                into.push(self.node(it, depth + 1, false)?);
            }
        }
        if let Some(it) = keyword.0.get("not") {
            node.not = Some(Box::new(self.node(it, depth + 1, false)?));
        }
        Ok(())
    }

    /// Every object has these, whatever its schema lists. What the definition says of metadata holds in
    /// addition: it may ask for a form of names.
    pub(super) fn whole(&self, node: &mut Node) {
        node.embedded = true;
        let own = node.properties.remove("metadata");
        if let Some(metadata) = self.metadata {
            node.properties
                .insert("metadata".to_owned(), Ref::Named(metadata));
        }
        if let Some(own) = own {
            let mut narrows = Node::default();
            narrows.properties.insert("metadata".to_owned(), own);
            node.all.push(narrows);
        }
        for name in ["apiVersion", "kind"] {
            node.properties.entry(name.to_owned()).or_insert_with(|| {
                Ref::Own(Box::new(Node {
                    types: Types::STRING,
                    ..Node::default()
                }))
            });
        }
    }
}

/// A schema's keywords, each of the type that it must have.
struct Keywords<'a>(&'a Map<String, Value>);

impl<'a> Keywords<'a> {
    fn get<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(it) => read(it)
                .map(Some)
                .ok_or_else(|| format!("its schema cannot be used: `{name}` has a wrong type")),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        Ok(self.get(name, Value::as_bool)?.unwrap_or(false))
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        self.get(name, Value::as_str)
    }

    fn map(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, String> {
        self.get(name, Value::as_object)
    }

    fn list(&self, name: &str) -> Result<&'a [Value], String> {
        let list = self.get(name, |it| it.as_array().map(Vec::as_slice))?;
        Ok(list.unwrap_or_default())
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        self.list(name)?
            .iter()
            .map(|it| it.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| format!("its schema cannot be used: `{name}` lists what is no text"))
    }

    fn types(&self) -> Result<Types, String> {
        if self.flag("x-kubernetes-int-or-string")? {
            return Ok(Types::INT_OR_STRING);
        }
        let names: Vec<&Value> = match self.0.get("type") {
            None => Vec::new(),
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
        };
        names
            .into_iter()
            .try_fold(Types::default(), |types, name| match name.as_str() {
                Some("") => Ok(types),
                name => name
                    .and_then(Types::named)
                    .map(|it| types.and(it))
                    .ok_or_else(|| {
                        "its schema cannot be used: it names an unknown type".to_owned()
                    }),
            })
    }

    fn limits(&self) -> Result<Limits, String> {
        let number = |name| self.get(name, Value::as_f64);
        let count = |name| self.get(name, Value::as_u64);
        Ok(Limits {
            minimum: number("minimum")?,
            maximum: number("maximum")?,
            above: self.flag("exclusiveMinimum")?,
            below: self.flag("exclusiveMaximum")?,
            multiple: number("multipleOf")?,
            length: (count("minLength")?, count("maxLength")?),
            items: (count("minItems")?, count("maxItems")?),
            properties: (count("minProperties")?, count("maxProperties")?),
            unique: self.flag("uniqueItems")?,
            narrow: false,
            single: false,
        })
    }

    /// Ports of Kubernetes are those of TCP where they do not say.
    fn set_apart(&self, own: bool) -> Result<List, String> {
        Ok(match self.text("x-kubernetes-list-type")? {
            Some("set") => List::Set,
            Some("map") => {
                let keys = self.texts("x-kubernetes-list-map-keys")?;
                let key = |name: String| {
                    let default = (own && name == "protocol").then(|| Value::from("TCP"));
                    (name, default)
                };
                List::Map(keys.into_iter().map(key).collect())
            }
            _ => List::Atomic,
        })
    }
}

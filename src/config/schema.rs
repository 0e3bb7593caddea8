//! The JSON Schema of `tollgate.yaml`, for editors. What stands in it is said where settings are
//! read, by the same lines; this file only puts the parts together.

use super::{Config, VERSION, read::Read};
use serde::Serialize;
use serde_json::{Map, Value, json};

const ABOUT: &str = "The configuration of Tollgate. Editors with the YAML language server find this \
    schema by the first line of the file: `# yaml-language-server: $schema=tollgate.schema.json`, \
    with the path of the file that `tollgate schema` was written to.";

/// The schema, in the 2020-12 dialect of JSON Schema. It takes every configuration that is read
/// without a mistake, and of those with mistakes refuses unknown keys, missing keys, values of
/// another type and unknown words.
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    Config::schema(&mut definitions);
    definitions.into_schema("Config", super::FILE_NAME, ABOUT, VERSION)
}

/// The named parts, each written once.
#[derive(Default)]
pub(super) struct Definitions(Map<String, Value>);

impl Definitions {
    /// The schema of a file whose whole is one of the definitions, a map with a `version`.
    pub(super) fn into_schema(
        mut self,
        root: &str,
        title: &str,
        about: &str,
        version: u32,
    ) -> Value {
        let mut root = self.0.remove(root).unwrap_or_default();
        root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        root["title"] = json!(title);
        root["description"] = json!(about);
        root["properties"]["version"]["const"] = json!(version);
        root["$defs"] = Value::Object(self.0);
        root
    }

    /// A map with fixed keys, which `add` adds.
    pub(super) fn map(
        &mut self,
        name: &str,
        about: &str,
        add: impl FnOnce(&mut Keys<'_>),
    ) -> Value {
        self.named(name, |definitions| {
            let mut keys = Keys {
                definitions,
                properties: Map::new(),
                required: Vec::new(),
            };
            add(&mut keys);
            json!({
                "type": "object",
                "description": about.trim(),
                "properties": keys.properties,
                "required": keys.required,
                "additionalProperties": false,
            })
        })
    }

    /// One word out of a fixed set; each word with what it means. With `switch`, a boolean can stand
    /// for one of them.
    pub(super) fn words(
        &mut self,
        name: &str,
        about: &str,
        words: &[(&str, &str)],
        switch: bool,
    ) -> Value {
        self.named(name, |_| {
            let lines = words
                .iter()
                .map(|(word, about)| format!("\n- `{word}`: {}", about.trim()));
            let mut all: Vec<Value> = words.iter().map(|(word, _)| json!(word)).collect();
            if switch {
                all.extend([json!(false), json!(true)]);
            }
            json!({
                "description": format!("{}{}", about.trim(), lines.collect::<String>()),
                "enum": all,
            })
        })
    }

    /// A text; `form` is a regular expression, or empty.
    pub(super) fn text(&mut self, name: &str, about: &str, form: &str) -> Value {
        self.named(name, |_| {
            let mut text = json!({
                "type": "string",
                "minLength": 1,
                "description": about.trim(),
            });
            if !form.is_empty() {
                text["pattern"] = json!(form);
            }
            text
        })
    }

    /// A reference to a definition, which is made when it is first asked for.
    fn named(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            let definition = make(self);
            self.0.insert(name.to_owned(), definition);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }
}

/// The keys of one map.
pub(super) struct Keys<'a> {
    definitions: &'a mut Definitions,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Keys<'_> {
    /// A key; one without a default must be there.
    pub(super) fn add<T: Read + Serialize>(
        &mut self,
        key: &'static str,
        about: &str,
        default: Option<T>,
    ) {
        let mut schema = T::schema(self.definitions);
        schema["description"] = json!(about.trim());
        match default.map(|it| json!(it)) {
            None => self.required.push(key),
            // An absent section is not the same as an empty one: there is nothing to show.
            Some(Value::Null | Value::Object(_)) => {}
            Some(Value::Array(items)) if items.is_empty() => {}
            Some(default) => schema["default"] = default,
        }
        self.properties.insert(key.to_owned(), schema);
    }
}

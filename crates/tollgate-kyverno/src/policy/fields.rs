//! Reads fields of JSON maps and says what is wrong with them.

use serde_json::{Map, Value};

/// What is wrong: one lower-case clause that names the field.
pub(crate) type Fault = String;

/// A map and how a person would name it.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    name: String,
}

impl<'a> Fields<'a> {
    /// A value that must be a map or absent; absent reads as empty.
    pub(crate) fn new(value: Option<&'a Value>, name: &str) -> Result<Self, Fault> {
        let map = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => return Err(format!("`{name}` must be a map")),
        };
        Ok(Self {
            map,
            name: name.to_owned(),
        })
    }

    /// Kyverno refuses fields it does not know; so does this, as a misspelt field is a rule that
    /// does not do what it says.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self
            .map
            .into_iter()
            .flat_map(Map::keys)
            .find(|it| !known.contains(&it.as_str()))
        {
            None => Ok(()),
            Some(key) => Err(format!("`{}` has no field `{key}`", self.name)),
        }
    }

    pub(crate) fn name_of(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    /// The value, if it is there and not null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map?.get(key).filter(|it| !it.is_null())
    }

    pub(crate) fn fields(&self, key: &str) -> Result<Fields<'a>, Fault> {
        Fields::new(self.get(key), &self.name_of(key))
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{}` must be a string", self.name_of(key))),
        }
    }

    pub(crate) fn owned_text(&self, key: &str) -> Result<String, Fault> {
        Ok(self.text(key)?.unwrap_or_default().to_owned())
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(it)) => Ok(Some(*it)),
            Some(_) => Err(format!("`{}` must be true or false", self.name_of(key))),
        }
    }

    pub(crate) fn list(&self, key: &str) -> Result<&'a [Value], Fault> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(format!("`{}` must be a list", self.name_of(key))),
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, Fault> {
        self.list(key)?
            .iter()
            .map(|it| match it {
                Value::String(text) => Ok(text.clone()),
                _ => Err(format!("`{}` must be a list of strings", self.name_of(key))),
            })
            .collect()
    }

    /// A map of strings, sorted by key.
    pub(crate) fn text_map(&self, key: &str) -> Result<Vec<(String, String)>, Fault> {
        let fields = self.fields(key)?;
        fields
            .map
            .into_iter()
            .flatten()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key.clone(), text.clone())),
                _ => Err(format!("`{}` must be a string", fields.name_of(key))),
            })
            .collect()
    }

    /// The maps of a list.
    pub(crate) fn each(&self, key: &str) -> Result<Vec<Fields<'a>>, Fault> {
        self.list(key)?
            .iter()
            .enumerate()
            .map(|(at, it)| Fields::new(Some(it), &format!("{}[{at}]", self.name_of(key))))
            .collect()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.into_iter().flatten()
    }
}

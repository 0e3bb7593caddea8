//! Reads fields of JSON maps and says what is wrong with them.

use serde_json::{Map, Value};
use tollgate_yaml::FieldPath;

/// What is wrong with a policy or an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// One lower-case clause that names the field.
    pub(crate) message: String,
    /// The field in its document.
    pub(crate) at: FieldPath,
    /// Whether Kyverno itself, asked about the policy, says so.
    pub(crate) refused: bool,
}

impl Fault {
    pub(crate) fn new(at: &FieldPath, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: at.clone(),
            refused: false,
        }
    }
}

impl Fault {
    /// The same, said by Kyverno.
    pub(crate) fn of_kyverno(self) -> Self {
        Self {
            refused: true,
            ..self
        }
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::new(&FieldPath::root(), message)
    }
}

/// A map and how a person would name it.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    name: String,
    path: FieldPath,
}

impl<'a> Fields<'a> {
    /// A value that must be a map or absent; absent reads as empty. `name` is how a person calls it.
    pub(crate) fn new(
        value: Option<&'a Value>,
        name: &str,
        path: FieldPath,
    ) -> Result<Self, Fault> {
        let map = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => return Err(Fault::new(&path, format!("`{name}` must be a map"))),
        };
        Ok(Self {
            map,
            name: name.to_owned(),
            path,
        })
    }

    /// What is wrong with a field of it.
    pub(crate) fn fault(&self, key: &str, message: impl Into<String>) -> Fault {
        Fault::new(&self.path.key(key), message)
    }

    /// The place of a field.
    pub(crate) fn path_of(&self, key: &str) -> FieldPath {
        self.path.key(key)
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
            Some(key) => Err(self.fault(key, format!("`{}` has no field `{key}`", self.name))),
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
        Fields::new(self.get(key), &self.name_of(key), self.path_of(key))
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.fault(key, format!("`{}` must be a string", self.name_of(key)))),
        }
    }

    pub(crate) fn owned_text(&self, key: &str) -> Result<String, Fault> {
        Ok(self.text(key)?.unwrap_or_default().to_owned())
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(it)) => Ok(Some(*it)),
            Some(_) => Err(self.fault(
                key,
                format!("`{}` must be true or false", self.name_of(key)),
            )),
        }
    }

    pub(crate) fn list(&self, key: &str) -> Result<&'a [Value], Fault> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.fault(key, format!("`{}` must be a list", self.name_of(key)))),
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, Fault> {
        self.list(key)?
            .iter()
            .map(|it| match it {
                Value::String(text) => Ok(text.clone()),
                _ => Err(self.fault(
                    key,
                    format!("`{}` must be a list of strings", self.name_of(key)),
                )),
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
                _ => Err(fields.fault(key, format!("`{}` must be a string", fields.name_of(key)))),
            })
            .collect()
    }

    /// The maps of a list.
    pub(crate) fn each(&self, key: &str) -> Result<Vec<Fields<'a>>, Fault> {
        self.list(key)?
            .iter()
            .enumerate()
            .map(|(at, it)| {
                let name = format!("{}[{at}]", self.name_of(key));
                Fields::new(Some(it), &name, self.path_of(key).index(at))
            })
            .collect()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.into_iter().flatten()
    }
}

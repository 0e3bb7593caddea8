//! Fills variables in. Source: `pkg/engine/variables/vars.go` and
//! `pkg/engine/jsonutils/traverse.go`.

use super::{Context, VariableError, braces, reference};
use crate::{pattern, request::Operation};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use tollgate_jmespath::gofmt;

/// Levels of a document together with the values filled in.
const MAX_DEPTH: usize = 256;
/// Variables resolved for one document: text can bring variables in that bring variables in.
const MAX_VARIABLES: usize = 100_000;
/// Bytes of one text.
const MAX_TEXT: usize = 2 << 20;
/// Bytes of text that are looked through for one document, each time counted.
const MAX_WORK: usize = 64 << 20;

/// A value with variables in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    value: Value,
    dynamic: bool,
    /// The query, if the value is a text of one variable and nothing else.
    whole: Option<String>,
}

impl Template {
    pub(crate) fn new(value: Value) -> Self {
        let whole = value.as_str().and_then(|text| {
            let found = braces::find_all(text);
            let is_whole = found.len() == 1 && found[0].braces == (0..text.len());
            let (query, _) = is_whole.then(|| braces::query_of(text))?;
            (query != "@" && !text.contains("$(")).then_some(query)
        });
        Self {
            dynamic: is_dynamic(&value),
            value,
            whole,
        }
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// Whether filling variables in would change nothing.
    pub(crate) fn is_static(&self) -> bool {
        !self.dynamic
    }

    /// The queries that are known without filling anything in.
    pub(crate) fn queries(&self, found: &mut dyn FnMut(&str)) {
        if self.dynamic {
            queries(&self.value, found);
        }
    }
}

fn is_dynamic(value: &Value) -> bool {
    let marked = |text: &str| text.contains("{{") || text.contains("$(");
    match value {
        Value::String(text) => marked(text),
        Value::Array(items) => items.iter().any(is_dynamic),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| marked(key) || is_dynamic(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn queries(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => queries_in_text(text, found),
        Value::Array(items) => items.iter().for_each(|it| queries(it, found)),
        Value::Object(map) => {
            for (key, value) in map {
                queries_in_text(key, found);
                queries(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn queries_in_text(text: &str, found: &mut dyn FnMut(&str)) {
    let mut rest = text;
    // Touching variables show one by one; of a long row of them the last are parsed when needed.
    for _ in 0..8 {
        let all = braces::find_all(rest);
        let Some(last) = all.last() else {
            break;
        };
        for it in &all {
            found(&braces::query_of(&rest[it.braces.clone()]).0);
        }
        rest = &rest[last.braces.end..];
    }
}

/// The document with references, then variables filled in, in values and keys.
///
/// # Errors
/// What cannot be resolved.
pub(crate) fn all(context: &mut Context<'_>, document: &Value) -> Result<Value, VariableError> {
    let mut place = Vec::new();
    let document = references(document, document, &mut place)?;
    let mut filler = Filler {
        context,
        path: Vec::new(),
        resolved: 0,
        work: 0,
    };
    filler.value(document)
}

fn references(
    value: &Value,
    document: &Value,
    path: &mut Vec<String>,
) -> Result<Value, VariableError> {
    Ok(match value {
        Value::String(text) => Value::String(reference::resolve(text, document, path)?),
        Value::Array(items) => {
            let mut out = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                out.push(references(item, document, path)?);
                path.pop();
            }
            Value::Array(out)
        }
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, value) in map {
                let new = reference::resolve(key, document, path)?;
                path.push(key.clone());
                out.insert(new, references(value, document, path)?);
                path.pop();
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

/// What the template's one variable gives; `None` if it is no such template.
pub(super) fn whole(
    context: &mut Context<'_>,
    template: &Template,
) -> Option<Result<Value, VariableError>> {
    let query = template.whole.as_ref()?;
    if context.operation() == Operation::Delete {
        return None;
    }
    let value = match context.query(query) {
        Ok(value) => value,
        Err(error) => return Some(Err(error.within(&format!("failed to resolve {query}")))),
    };
    let mut filler = Filler {
        context,
        path: Vec::new(),
        resolved: 1,
        work: 0,
    };
    Some(match value {
        Value::Number(_) => Ok(pattern::with_floats(value)),
        Value::Array(items) if items.iter().any(is_dynamic) => filler.list(items),
        Value::Object(map)
            if map
                .iter()
                .any(|(key, it)| key.contains("{{") || is_dynamic(it)) =>
        {
            filler.map(map)
        }
        other => Ok(other),
    })
}

struct Filler<'c, 'a> {
    context: &'c mut Context<'a>,
    path: Vec<String>,
    resolved: usize,
    work: usize,
}

impl Filler<'_, '_> {
    fn value(&mut self, value: Value) -> Result<Value, VariableError> {
        if self.path.len() > MAX_DEPTH {
            return Err(VariableError::new(format!(
                "filling variables in leads more than {MAX_DEPTH} levels deep"
            )));
        }
        match value {
            // What a variable brings in is looked at again, if it is a map or a list.
            Value::String(text) => match self.text(text)? {
                Value::Array(items) => self.list(items),
                Value::Object(map) => self.map(map),
                other => Ok(other),
            },
            Value::Array(items) => self.list(items),
            Value::Object(map) => self.map(map),
            other => Ok(other),
        }
    }

    fn list(&mut self, items: Vec<Value>) -> Result<Value, VariableError> {
        let mut out = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            self.path.push(at.to_string());
            out.push(self.value(item)?);
            self.path.pop();
        }
        Ok(Value::Array(out))
    }

    fn map(&mut self, map: Map<String, Value>) -> Result<Value, VariableError> {
        let mut out = Map::new();
        for (key, value) in map {
            let new = if key.contains("{{") {
                match self.text(key.clone())? {
                    Value::String(new) => new,
                    Value::Null => key.clone(),
                    _ => {
                        return Err(VariableError::new(format!(
                            "expected string after substituting variables in key \"{key}\""
                        )));
                    }
                }
            } else {
                key.clone()
            };
            self.path.push(key);
            out.insert(new, self.value(value)?);
            self.path.pop();
        }
        Ok(Value::Object(out))
    }

    fn text(&mut self, mut text: String) -> Result<Value, VariableError> {
        loop {
            self.spend(text.len())?;
            let found = braces::find_all(&text);
            if found.is_empty() {
                break;
            }
            let original = text.clone();
            let mut shallow = false;
            for it in found {
                let braces = &original[it.braces.clone()];
                let (query, is_shallow) = braces::query_of(braces);
                shallow = is_shallow;
                let value = self.resolve(query)?;
                if braces == original {
                    return Ok(match value {
                        // What a query gives is a float to upstream.
                        Value::Number(_) => pattern::with_floats(value),
                        other => other,
                    });
                }
                let mut new = match value {
                    Value::String(text) => text,
                    other => gofmt::json(&other),
                };
                if shallow {
                    new = new.replace("{{", "\\{{");
                }
                // With the character before, so that an escaped twin is left alone.
                let prefix = &original[it.start..it.braces.start];
                text = text.replacen(
                    &original[it.start..it.braces.end],
                    &format!("{prefix}{new}"),
                    1,
                );
                self.spend(text.len())?;
                if text.len() > MAX_TEXT {
                    return Err(VariableError::new(format!(
                        "filling variables in makes a text of more than {MAX_TEXT} bytes"
                    )));
                }
            }
            if shallow {
                break;
            }
        }
        Ok(Value::String(text.replace("\\{{", "{{")))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), VariableError> {
        self.work += bytes;
        if self.work > MAX_WORK {
            return Err(VariableError::new(
                "filling variables in takes too long: texts bring ever more variables in",
            ));
        }
        Ok(())
    }

    fn resolve(&mut self, mut query: String) -> Result<Value, VariableError> {
        self.resolved += 1;
        if self.resolved > MAX_VARIABLES {
            return Err(VariableError::new(format!(
                "filling variables in needs more than {MAX_VARIABLES} of them"
            )));
        }
        if query == "@" {
            query = self.here();
        }
        if self.context.operation() == Operation::Delete {
            query = query.replace("request.object", "request.oldObject");
        }
        self.context.query(&query).map_err(|it| {
            let path: String = self.path.iter().fold(String::new(), |mut all, step| {
                let _ = write!(all, "/{step}");
                all
            });
            it.within(&format!("failed to resolve {query} at path {path}"))
        })
    }

    /// The query for the value of the object (or of a mutation's target) at the place of the
    /// variable; as upstream, without the first two steps. Source: `pkg/utils/jsonpointer`.
    fn here(&mut self) -> String {
        let root = match self.context.query("target") {
            Ok(_) => "target",
            Err(_) => "request.object",
        };
        let from = self
            .path
            .iter()
            .position(|it| it == "foreach")
            .map_or(0, |it| it + 1);
        let steps = &self.path[from..];
        // A path of two steps or fewer is lost as a whole.
        let steps = if steps.len() > 2 { &steps[2..] } else { &[] };
        let mut query = root.to_owned();
        for step in steps {
            if step.parse::<u64>().is_ok() {
                let _ = write!(query, "[{step}]");
            } else if is_identifier(step) {
                let _ = write!(query, ".{step}");
            } else {
                let _ = write!(query, ".{}", Value::String(step.clone()));
            }
        }
        query
    }
}

fn is_identifier(step: &str) -> bool {
    step.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && step
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_')
}

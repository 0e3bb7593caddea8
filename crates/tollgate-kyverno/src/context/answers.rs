//! Answers that fixtures give in place of an API server, a web service or a cluster's global
//! context. Source: `cmd/cli/kubectl-kyverno/store` and
//! `pkg/engine/context/loaders/globalcontext.go`.

use super::{Context, Template, VariableError};
use crate::request::{ApiAnswer, GlobalEntry};
use serde_json::{Map, Value};

impl Context<'_> {
    /// Load an `apiCall` from the fixtures; false where they do not answer it.
    pub(super) fn answer_call(
        &mut self,
        name: &str,
        call: &Template,
    ) -> Result<bool, VariableError> {
        if self.fixtures.api_answers.is_empty() {
            return Ok(false);
        }
        let call = self.substitute(call).map_err(|it| {
            it.within(&format!(
                "failed to substitute variables in apiCall context entry \"{name}\""
            ))
        })?;
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let url = match call.get("service").filter(|it| !it.is_null()) {
            Some(service) => text(service.get("url")),
            None => text(call.get("urlPath")),
        };
        let method = match text(call.get("method")) {
            method if method.is_empty() => "GET".to_owned(),
            method => method,
        };
        let Some(answer) = find(&self.fixtures.api_answers, &method, &url) else {
            return Ok(false);
        };
        if !(200..300).contains(&answer.status) {
            return Err(VariableError::new(format!(
                "HTTP {} for context entry \"{name}\"",
                answer.status
            )));
        }
        let path = text(call.get("jmesPath"));
        let value = self.extract(name, &path, answer.body.clone())?;
        self.add(name, value)?;
        Ok(true)
    }

    /// Load a `globalReference` from the fixtures; false where there is no global context at all.
    pub(super) fn global_entry(
        &mut self,
        name: &str,
        reference: &Template,
    ) -> Result<bool, VariableError> {
        if self.fixtures.global_context.is_empty() {
            return Ok(false);
        }
        let reference = self.substitute(reference)?;
        let text = |key: &str| {
            reference
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let mut parts = text("name").split('.');
        let entry = parts.next().unwrap_or_default();
        let projection = parts.next().unwrap_or_default();
        let found = self
            .fixtures
            .global_context
            .get(entry)
            .ok_or_else(|| VariableError::new(format!("failed to fetch entry key={entry}")))?;
        let value = self.project(entry, found, projection)?;
        let value = self.extract(name, text("jmesPath"), value)?;
        self.add(name, value)?;
        Ok(true)
    }

    fn project(
        &self,
        name: &str,
        entry: &GlobalEntry,
        projection: &str,
    ) -> Result<Value, VariableError> {
        let root = self.extract(name, &entry.field_path, entry.data.clone())?;
        if entry.projections.is_empty() && projection.is_empty() {
            return Ok(root);
        }
        let mut all = Map::new();
        for (key, path) in &entry.projections {
            all.insert(key.clone(), self.query_value(path, &root)?);
        }
        let all = if entry.projections.is_empty() {
            root
        } else {
            Value::Object(all)
        };
        if projection.is_empty() {
            return Ok(all);
        }
        all.get(projection).cloned().ok_or_else(|| {
            VariableError::new(format!(
                "global context entry {name} has no projection \"{projection}\""
            ))
        })
    }

    fn extract(&self, name: &str, path: &str, value: Value) -> Result<Value, VariableError> {
        if path.is_empty() {
            return Ok(value);
        }
        self.query_value(path, &value).map_err(|it| {
            it.within(&format!(
                "failed to apply JMESPath for context entry {name}"
            ))
        })
    }
}

/// An answer for this very method is better than one for any.
fn find<'f>(answers: &'f [ApiAnswer], method: &str, url: &str) -> Option<&'f ApiAnswer> {
    let with = |wanted: &str| {
        answers
            .iter()
            .find(|it| it.url == url && it.method == wanted)
    };
    with(method)
        .or_else(|| with(""))
        .filter(|_| !url.is_empty())
}

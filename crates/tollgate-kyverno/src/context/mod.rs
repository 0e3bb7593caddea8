//! What variables see: the request, the element of a loop, and what context entries load. Source:
//! `pkg/engine/context`.

mod answers;
mod braces;
mod entry;
mod images;
mod query;
mod reference;
mod substitute;

pub(crate) use braces::{fill as fill_variables, find_all as find_variables, query_of};
pub(crate) use entry::{ContextEntry, Source};
pub(crate) use images::{ImageExtractor, ImageExtractors, ImageInfo, Images, extract_images};
pub(crate) use query::Queries;
pub(crate) use reference::found_in as reference_in;
pub(crate) use substitute::Template;

use crate::matching::{Gvk, metadata};
use crate::request::{Fixtures, Operation, Request, RuleValues};
use entry::Deferred;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use tollgate_jmespath::Runtime;

/// How much the entries of a context may weigh together. Source: `DefaultMaxContextSize`.
const MAX_BYTES: usize = 2 << 20;

/// How many elements the loops of a rule may go through.
const MAX_ELEMENTS: usize = 100_000;

/// Why a variable has no value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VariableError {
    pub(crate) message: String,
    pub(crate) kind: ErrorKind,
}

/// What other rooms may make of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Plain,
    /// A key of a map is not there; some places take that for an answer.
    UnknownKey,
    /// The key is not there because the value would come from where nobody asks. Kyverno without a
    /// cluster errs as well, but a place that would take the error for an answer must not.
    Unavailable,
    /// As before, and Kyverno without a cluster would go on with something else.
    Unsupported,
}

impl VariableError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: ErrorKind::Plain,
        }
    }

    /// The same error, saying what was being done.
    pub(crate) fn within(mut self, doing: &str) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// The same error at a place that takes errors for an answer; `None` where it may.
    pub(crate) fn unless_ignored(mut self) -> Option<Self> {
        match self.kind {
            ErrorKind::Plain | ErrorKind::UnknownKey => None,
            ErrorKind::Unavailable | ErrorKind::Unsupported => {
                self.kind = ErrorKind::Unsupported;
                Some(self)
            }
        }
    }
}

/// The variables of one request, with checkpoints to go back to.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    raw: Value,
    /// What the top-level keys were before they were set, since the first checkpoint.
    journal: Vec<(String, Option<Value>)>,
    checkpoints: Vec<usize>,
    deferred: Vec<Deferred<'a>>,
    /// While an entry loads: it sees only entries up to this level, and before this index.
    loading: Option<(usize, usize)>,
    size: usize,
    elements: usize,
    operation: Operation,
    queries: Option<&'a Queries>,
    fixtures: &'a Fixtures,
    policy_namespace: &'a str,
    runtime: Runtime,
    /// What queries took for something that it is not.
    doubts: RefCell<BTreeSet<String>>,
    /// Whether something was missed that only a cluster could tell.
    outside: bool,
}

impl<'a> Context<'a> {
    /// The context of a request before any policy has touched it. Source: `NewPolicyContext` in
    /// `pkg/engine/policycontext` and `makePolicyContext` in the CLI's policy processor.
    ///
    /// # Errors
    /// A key in the request's values that is not a path.
    pub(crate) fn new(request: &Request<'a>) -> Result<Self, VariableError> {
        let mut fields = Map::new();
        if let Some(object) = request.object {
            fields.insert("object".to_owned(), object.clone());
        }
        if let Some(old) = request.old_object {
            fields.insert("oldObject".to_owned(), old.clone());
        }
        // Of a deleted object, upstream knows neither the namespace nor the images.
        let resource = request
            .object
            .filter(|_| request.operation != Operation::Delete);
        let as_admission = request.fixtures.as_admission;
        let subject = request.old_object.filter(|_| as_admission);
        let subject = resource.or(subject).unwrap_or(&Value::Null);
        fields.insert(
            "namespace".to_owned(),
            metadata(subject, "namespace").into(),
        );
        if as_admission {
            for key in ["object", "oldObject"] {
                fields.entry(key).or_insert(Value::Null);
            }
            let Gvk {
                group,
                version,
                kind,
            } = Gvk::of(subject);
            fields.insert("name".to_owned(), metadata(subject, "name").into());
            fields.insert(
                "kind".to_owned(),
                json!({"group": group, "version": version, "kind": kind}),
            );
        }
        fields.insert("operation".to_owned(), request.operation.as_str().into());
        let mut root = Map::new();
        if let Some(info) = request.user_info {
            // Empty lists are left out: a query of them fails.
            for (key, roles) in [
                ("roles", &info.roles),
                ("clusterRoles", &info.cluster_roles),
            ] {
                if !roles.is_empty() {
                    fields.insert(key.to_owned(), json!(roles));
                }
            }
            fields.insert("userInfo".to_owned(), info.user.clone());
            let (namespace, name) = service_account(info.username());
            root.insert("serviceAccountName".to_owned(), name.into());
            root.insert("serviceAccountNamespace".to_owned(), namespace.into());
        }
        root.insert("request".to_owned(), Value::Object(fields));
        let mut context = Self {
            raw: Value::Object(root),
            journal: Vec::new(),
            checkpoints: Vec::new(),
            deferred: vec![Deferred::images(resource)],
            loading: None,
            size: 0,
            elements: 0,
            operation: request.operation,
            queries: None,
            fixtures: request.fixtures,
            policy_namespace: "",
            runtime: query::runtime(request.now),
            doubts: RefCell::default(),
            outside: false,
        };
        for (key, value) in request.values {
            context.add_variable(key, value.clone())?;
        }
        Ok(context)
    }

    /// From here on, queries are looked up in the policy's own.
    pub(crate) fn enter(&mut self, queries: &'a Queries, policy_namespace: &'a str) {
        self.queries = Some(queries);
        self.policy_namespace = policy_namespace;
        self.size = 0;
        self.elements = 0;
    }

    /// What queries depend on besides the context.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What queries, since this was asked last, took for something that it is not.
    pub(crate) fn take_doubts(&self) -> BTreeSet<String> {
        self.doubts.take()
    }

    /// Whether, since this was asked last, something was missed that only a cluster could tell.
    pub(crate) fn take_outside(&mut self) -> bool {
        std::mem::take(&mut self.outside)
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }

    /// The object or old object as the context has it, with what the values changed.
    pub(crate) fn object(&self, key: &str) -> Option<&Value> {
        self.raw
            .get("request")?
            .get(key)
            .filter(|it| it.is_object())
    }

    /// Judge the old object as if it were being created.
    pub(crate) fn pretend_created(&mut self, old: Value) {
        self.set(&["request"], |request| {
            if let Value::Object(request) = request {
                request.insert("object".to_owned(), old);
                request.insert("oldObject".to_owned(), json!({}));
                request.insert("operation".to_owned(), "CREATE".into());
            }
        });
        self.operation = Operation::Create;
    }

    /// Back to the operation of the request; the values go back with the checkpoint.
    pub(crate) fn pretend_no_more(&mut self, operation: Operation) {
        self.operation = operation;
    }

    /// Merge a value in at a dotted path, whose parts may be quoted as in CSV.
    ///
    /// # Errors
    /// A path with an open quote.
    pub(crate) fn add_variable(&mut self, path: &str, value: Value) -> Result<(), VariableError> {
        let parts = split_path(path)
            .ok_or_else(|| VariableError::new(format!("`{path}` is not a path of a variable")))?;
        let Some((last, before)) = parts.split_last() else {
            return Ok(());
        };
        let mut whole = value;
        for part in std::iter::once(last).chain(before.iter().skip(1).rev()) {
            if before.is_empty() {
                break;
            }
            whole = Value::Object(Map::from_iter([(part.clone(), whole)]));
        }
        let top = before.first().unwrap_or(last).clone();
        self.set(&[&top], |slot| merge(slot, whole));
        Ok(())
    }

    /// The stand-ins of a rule. Of the values for elements, Kyverno 1.19 only ever uses the first
    /// (`SetForEachElement` in `cmd/cli/kubectl-kyverno/store` is never called).
    pub(crate) fn add_rule_values(&mut self, values: &RuleValues) -> Result<(), VariableError> {
        for (path, value) in &values.values {
            self.add_variable(path, value.clone())?;
        }
        for (path, list) in &values.foreach_values {
            let value = list.first().ok_or_else(|| {
                VariableError::new(format!("the foreach values of `{path}` are empty"))
            })?;
            self.add_variable(path, value.clone())?;
        }
        Ok(())
    }

    /// The element of a loop; `nesting` counts from 0.
    ///
    /// # Errors
    /// More elements than any rule should go through.
    pub(crate) fn add_element(
        &mut self,
        element: &Value,
        index: usize,
        nesting: usize,
    ) -> Result<(), VariableError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(VariableError::new(format!(
                "the loops of the rule go through more than {MAX_ELEMENTS} elements"
            )));
        }
        for (key, value) in [
            ("element".to_owned(), element.clone()),
            (format!("element{nesting}"), element.clone()),
            ("elementIndex".to_owned(), index.into()),
            (format!("elementIndex{nesting}"), index.into()),
        ] {
            self.set(&[&key], |slot| *slot = value);
        }
        Ok(())
    }

    /// Put what an entry loaded in place of what had its name.
    fn replace(&mut self, name: &str, value: Value) -> Result<(), VariableError> {
        self.grow(&value)?;
        self.set(&[name], |slot| *slot = value);
        Ok(())
    }

    /// Merge what an entry loaded with what has its name.
    fn add(&mut self, name: &str, value: Value) -> Result<(), VariableError> {
        self.grow(&value)?;
        self.set(&[name], |slot| merge(slot, value));
        Ok(())
    }

    fn grow(&mut self, value: &Value) -> Result<(), VariableError> {
        self.size += weight(value);
        if self.size > MAX_BYTES {
            return Err(VariableError::new(format!(
                "the context of the rule grows beyond {MAX_BYTES} bytes"
            )));
        }
        Ok(())
    }

    fn set(&mut self, top: &[&str; 1], change: impl FnOnce(&mut Value)) {
        let Value::Object(root) = &mut self.raw else {
            return;
        };
        if !self.checkpoints.is_empty() {
            self.journal
                .push((top[0].to_owned(), root.get(top[0]).cloned()));
        }
        change(root.entry(top[0]).or_insert(Value::Null));
    }

    /// Remember the state.
    pub(crate) fn checkpoint(&mut self) {
        self.checkpoints.push(self.journal.len());
    }

    /// Back to the last checkpoint, which is forgotten.
    pub(crate) fn restore(&mut self) {
        if let Some(mark) = self.checkpoints.pop() {
            self.undo(mark);
            self.reset_deferred(true);
        }
    }

    /// Back to the last checkpoint, which stays.
    pub(crate) fn reset(&mut self) {
        if let Some(&mark) = self.checkpoints.last() {
            self.undo(mark);
            self.reset_deferred(false);
        }
    }

    fn undo(&mut self, mark: usize) {
        let Value::Object(root) = &mut self.raw else {
            return;
        };
        while self.journal.len() > mark {
            match self.journal.pop() {
                Some((key, Some(value))) => {
                    root.insert(key, value);
                }
                Some((key, None)) => {
                    root.remove(&key);
                }
                None => break,
            }
        }
    }

    /// Fill the variables of a template in.
    ///
    /// # Errors
    /// A variable or reference that cannot be resolved, or a result beyond all measure.
    pub(crate) fn substitute<'t>(
        &mut self,
        template: &'t Template,
    ) -> Result<Cow<'t, Value>, VariableError> {
        if template.is_static() {
            return Ok(Cow::Borrowed(template.value()));
        }
        let filled = match substitute::whole(self, template) {
            Some(filled) => filled,
            None => substitute::all(self, template.value()),
        };
        filled.map(Cow::Owned)
    }
}

/// Namespace and name of `system:serviceaccount:NAMESPACE:NAME`; upstream does not look at what
/// the first 22 characters are.
fn service_account(username: &str) -> (&str, &str) {
    let rest = username
        .get("system:serviceaccount:".len()..)
        .unwrap_or_default();
    let mut parts = rest.split(':');
    match (parts.next(), parts.next()) {
        (Some(namespace), Some(name)) => (namespace, name),
        _ => ("", ""),
    }
}

/// A dotted path as Go's CSV reader splits it: parts may stand in double quotes, in which a doubled
/// quote means one. A quote inside of an unquoted part is an error there.
fn split_path(path: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = path;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut part = String::new();
            let mut after = quoted;
            loop {
                let end = after.find('"')?;
                part.push_str(&after[..end]);
                after = &after[end + 1..];
                match after.strip_prefix('"') {
                    Some(more) => {
                        part.push('"');
                        after = more;
                    }
                    None => break,
                }
            }
            parts.push(part);
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => return Some(parts),
                None => return None,
            }
        } else {
            let (part, more) = match rest.split_once('.') {
                Some((part, more)) => (part, Some(more)),
                None => (rest, None),
            };
            if part.contains('"') {
                return None;
            }
            parts.push(part.to_owned());
            match more {
                Some(more) => rest = more,
                None => return Some(parts),
            }
        }
    }
}

/// Maps are merged key by key; everything else replaces what was there.
fn merge(slot: &mut Value, value: Value) {
    match (slot, value) {
        (Value::Object(there), Value::Object(new)) => {
            for (key, value) in new {
                match there.get_mut(&key) {
                    Some(slot) => merge(slot, value),
                    None => {
                        there.insert(key, value);
                    }
                }
            }
        }
        (slot, value) => *slot = value,
    }
}

/// About as many bytes as the value would have as JSON text.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|it| 1 + weight(it)).sum::<usize>(),
        Value::Object(map) => {
            2 + map
                .iter()
                .map(|(key, value)| 4 + key.len() + weight(value))
                .sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_as_csv() {
        let split = |text: &str| split_path(text).map(|it| it.join("|"));
        assert_eq!(split("a.b.c").as_deref(), Some("a|b|c"));
        assert_eq!(split("a.\"b.c\".d").as_deref(), Some("a|b.c|d"));
        assert_eq!(split("\"a\"\"b\"").as_deref(), Some("a\"b"));
        assert_eq!(split("a.\"b"), None);
        assert_eq!(split("a.b\"c"), None);
    }

    #[test]
    fn service_accounts() {
        assert_eq!(service_account("system:serviceaccount:ns:sa"), ("ns", "sa"));
        assert_eq!(service_account("alice"), ("", ""));
    }
}

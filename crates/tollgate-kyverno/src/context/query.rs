//! JMESPath queries on the context.

use super::{Context, ErrorKind, VariableError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use tollgate_jmespath::{Expression, Runtime};

/// The queries of a policy that are known beforehand, parsed once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queries(BTreeMap<Box<str>, Arc<Expression>>);

impl Queries {
    /// Parse a query and keep it. One that is not a query is found out when it is asked.
    pub(crate) fn prepare(&mut self, query: &str) {
        let query = query.trim();
        if !self.0.contains_key(query)
            && let Ok(parsed) = parse(query)
        {
            self.0.insert(query.into(), parsed);
        }
    }

    fn get(&self, query: &str) -> Option<Arc<Expression>> {
        self.0.get(query).cloned()
    }
}

fn parse(query: &str) -> Result<Arc<Expression>, VariableError> {
    Expression::parse(query)
        .map(Arc::new)
        .map_err(|it| VariableError::new(format!("incorrect query {query}: {it}")))
}

/// What queries depend on besides the context.
pub(super) fn runtime(now: SystemTime) -> Runtime {
    Runtime::new(now.into())
}

impl Context<'_> {
    /// Ask the context.
    ///
    /// # Errors
    /// Text that is not a query, a query that fails, and entries that it needs and that fail to load.
    pub(crate) fn query(&mut self, query: &str) -> Result<Value, VariableError> {
        let unavailable = self.load_for(query)?;
        let answer = self.query_loaded(query);
        let Some(needs) = unavailable else {
            return answer;
        };
        Err(match answer {
            Ok(_) => VariableError {
                message: needs,
                kind: ErrorKind::Unsupported,
            },
            Err(error) => VariableError {
                message: format!("{needs}: {}", error.message),
                kind: ErrorKind::Unavailable,
            },
        })
    }

    fn query_loaded(&self, query: &str) -> Result<Value, VariableError> {
        let query = query.trim();
        if query.is_empty() {
            return Err(VariableError::new("invalid query (nil)"));
        }
        let parsed = match self.queries.and_then(|it| it.get(query)) {
            Some(parsed) => parsed,
            None => parse(query)?,
        };
        self.search(&parsed, &self.raw)
    }

    /// Ask a value instead of the context.
    ///
    /// # Errors
    /// Text that is not a query, and a query that fails.
    pub(crate) fn query_value(&self, query: &str, data: &Value) -> Result<Value, VariableError> {
        let parsed = match self.queries.and_then(|it| it.get(query)) {
            Some(parsed) => parsed,
            None => parse(query)?,
        };
        self.search(&parsed, data)
    }

    fn search(&self, query: &Expression, data: &Value) -> Result<Value, VariableError> {
        query
            .search_doubting(data, &self.runtime, &mut self.doubts.borrow_mut())
            .map_err(|it| VariableError {
                kind: if it.is_unknown_key() {
                    ErrorKind::UnknownKey
                } else {
                    ErrorKind::Plain
                },
                message: format!("JMESPath query failed: {it}"),
            })
    }
}

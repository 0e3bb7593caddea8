//! What can be wrong with a document.

use crate::source::Span;

/// Why a text is not a document that Kubernetes would read the same way.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// Where.
    pub span: Span,
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl YamlError {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    /// The same error with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

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
    /// Whether a limit of the reader is exceeded: another reader may have no such limit.
    pub limit: bool,
}

impl YamlError {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
            limit: false,
        }
    }

    /// A limit of the reader that is exceeded.
    pub fn over(span: Span, message: impl Into<String>) -> Self {
        Self {
            limit: true,
            ..Self::new(span, message)
        }
    }

    /// The same error with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
